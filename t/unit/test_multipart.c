#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "core/multipart.h"

#define HEAD(name)  "Content-Disposition: form-data; name=\"" name "\"\r\n\r\n"
#define FILE(name)  "Content-Disposition: form-data; name=\"photo\"; "       \
                    "filename=\"" name "\"\r\nContent-Type: Image/JPEG\r\n\r\n"


static shian_arena_t     arena;
static shian_report_t    report;
static shian_multipart_t mp;
static shian_buf_t       trace;

static const shian_multipart_limits_t  limits = { 4, 2, 200, 20, 40 };


static int
setup(void **state)
{
    (void) state;
    shian_arena_init(&arena, NULL, NULL);
    return 0;
}


static int
teardown(void **state)
{
    (void) state;
    shian_arena_free(&arena);
    return 0;
}


/* A trace as "name:value;" or "name(type):value;". */
static bool
begin(void *ctx, const shian_part_t *part)
{
    shian_puts(&trace.sink, part->name);

    if (part->file) {
        shian_putf(&trace.sink, part->chosen ? "(%.*s)" : "(-)",
                   SHIAN_FMT(part->type));
    }

    shian_putc(&trace.sink, ':');
    return true;
}


static bool
data(void *ctx, const uint8_t *p, size_t n)
{
    assert_int_not_equal(n, 0);
    shian_put(&trace.sink, p, n);
    return true;
}


static bool
end(void *ctx)
{
    shian_putc(&trace.sink, ';');
    return true;
}


static const shian_multipart_handler_t  handler = { begin, data, end, NULL };


/* Feeds body in pieces of step bytes after a first one of `first`. */
static bool
run(shian_str_t body, size_t first, size_t step)
{
    size_t  i, n;

    shian_report_init(&report);
    shian_buf_init(&trace, &arena);
    shian_multipart_init(&mp, SHIAN_STR("b0"), &limits, &handler, &report);

    for (i = 0; i < body.n; i += n) {
        n = i == 0 && first != 0 ? first : step;
        n = n < body.n - i ? n : body.n - i;

        if (!shian_multipart_feed(&mp, body.p + i, n)) {
            assert_false(shian_multipart_feed(&mp, "x", 1));
            assert_false(shian_multipart_finish(&mp));
            return false;
        }
    }

    return shian_multipart_finish(&mp);
}


/* However the network cuts it, the same comes out; NULL: status 400. */
static void
check(shian_str_t body, const char *want)
{
    size_t  i;

    for (i = 0; i <= body.n; i++) {
        /* i == body.n stands for one byte at a time. */
        assert_int_equal(run(body, i, i == body.n ? 1 : body.n),
                         want != NULL);

        if (want == NULL) {
            assert_int_equal(report.status, 400);
            assert_string_equal(report.code, "malformed");

        } else {
            assert_string_equal(shian_strdup(&arena, shian_buf_str(&trace)),
                                want);
        }
    }
}


static void
parts_come_out_whole_however_cut(void **state)
{
    (void) state;

    check(SHIAN_STR("--b0--"), "");
    check(SHIAN_STR("--b0--\r\n"), "");
    check(SHIAN_STR("--b0\r\n" HEAD("a") "1\r\n--b0--\r\n"), "a:1;");
    check(SHIAN_STR("--b0\r\n" HEAD("a") "\r\n--b0--"), "a:;");
    check(SHIAN_STR("preamble\r\n--b0 \t\r\n" HEAD("a") "1\r\n--b0\r\n"
                    HEAD("b") "2\r\n--b0--\r\nepilogue\r\n--b0\r\n"),
          "a:1;b:2;");
    check(SHIAN_STR("--b0\r\n" FILE("C:\\x\\\"y.jpg") "\xff\xd8\r\n--b0--"),
          "photo(image/jpeg):\xff\xd8;");
    check(SHIAN_STR("--b0\r\n" FILE("") "\r\n--b0--"), "photo(-):;");
    check(SHIAN_STR("--b0\r\ncontent-disposition:form-data;name=a\r\n"
                    "X-Other: \"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
                    "1\r\n--b0--"), "a:1;");
    check(SHIAN_STR("--b0\r\n" HEAD("菜") "好\r\n--b0--"), "菜:好;");
}


static void
data_that_looks_like_a_delimiter_is_data(void **state)
{
    (void) state;

    check(SHIAN_STR("--b0\r\n" HEAD("a") "\r\r\n\r\n-\r\n--b\r\n--b1\r"
                    "\r\n--b0--"), "a:\r\r\n\r\n-\r\n--b\r\n--b1\r;");
    check(SHIAN_STR("--b0\r\n" HEAD("a") "--b0\n--b0\r\n--b0--"),
          "a:--b0\n--b0;");
}


static void
malformed_bodies_are_refused(void **state)
{
    size_t  i;

    static const char *const  bad[] = {
        "--b0x\r\n", "--b0\rx", "--b0-x", "--b0\r\n\r\n",
        "--b0\r\nno colon\r\n\r\n",
        "--b0\r\nContent-Type: text/plain\r\n\r\n",
        "--b0\r\nContent-Disposition: attachment; name=a\r\n\r\n",
        "--b0\r\nContent-Disposition: form-data\r\n\r\n",
        "--b0\r\nContent-Disposition: form-data; name=\"a\r\n\r\n",
        "--b0\r\nContent-Disposition: form-data; name=\"a\\\"\r\n\r\n",
        "--b0\r\nContent-Disposition: form-data; name=a; name=b\r\n\r\n",
        "--b0\r\nContent-Disposition: form-data; name=a b\r\n\r\n",
        "--b0\r\nContent-Disposition: form-data; name=\r\n\r\n",
        "--b0\r\nContent-Disposition: form-data; =a\r\n\r\n",
        "--b0\r\nContent-Disposition: form-data;\r\n\r\n",
        "--b0\r\nContent-Disposition: form-data; name=\"\xff\"\r\n\r\n",
        "--b0\r\nContent-Disposition: form-data; name=a\r\n"
        "Content-Disposition: form-data; name=a\r\n\r\n",
        "--b0\r\nContent-Disposition: form-data; name=a\r\n folded\r\n\r\n",
        "--b0\r\nContent-Disposition: form-data; name=a\nX: y\r\n\r\n",
        "--b0\r\nContent-Disposition: form-data; name=a\rX: y\r\n\r\n",
        "--b0\r\nContent-Disposition: form-data; name=a\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\n"
    };

    (void) state;

    for (i = 0; i < SHIAN_COUNT(bad); i++) {
        check(shian_str(bad[i]), NULL);
    }
}


static void
bodies_cut_short_are_told_apart(void **state)
{
    size_t  i;

    static const char  body[] = "--b0\r\n" FILE("x") "abc\r\n--b0--";

    (void) state;

    for (i = 0; i < sizeof(body) - 1; i++) {
        assert_false(run(shian_slice(body, i), 0, sizeof(body)));
        assert_int_equal(report.status, 400);
        assert_string_equal(report.code, "interrupted");
    }

    assert_true(run(shian_slice(body, i), 0, sizeof(body)));
}


static void
refused(const char *body, const char *code)
{
    assert_false(run(shian_str(body), 0, 1));
    assert_int_equal(report.status, 413);
    assert_string_equal(report.code, code);
    assert_false(run(shian_str(body), 0, 1000));
    assert_string_equal(report.code, code);
}


static void
everything_is_bounded(void **state)
{
    shian_buf_t  head;

    (void) state;

    check(SHIAN_STR("--b0\r\n" HEAD("a") "12345678901234567890\r\n--b0--"),
          "a:12345678901234567890;");
    refused("--b0\r\n" HEAD("a") "123456789012345678901", "too_large");
    check(SHIAN_STR("--b0\r\n" FILE("x")
                    "1234567890123456789012345678901234567890\r\n--b0--"),
          "photo(image/jpeg):1234567890123456789012345678901234567890;");
    refused("--b0\r\n" FILE("x") "12345678901234567890123456789012345678901",
            "too_large");

    refused("--b0\r\n" HEAD("a") "\r\n--b0\r\n" HEAD("a") "\r\n--b0\r\n"
            HEAD("a") "\r\n--b0\r\n" HEAD("a") "\r\n--b0\r\n" HEAD("a"),
            "too_many");
    refused("--b0\r\n" FILE("a") "\r\n--b0\r\n" FILE("a") "\r\n--b0\r\n"
            FILE("a"), "too_many");
    check(SHIAN_STR("--b0\r\n" FILE("") "\r\n--b0\r\n" FILE("") "\r\n--b0\r\n"
                    FILE("") "\r\n--b0--"), "photo(-):;photo(-):;photo(-):;");

    shian_buf_init(&head, &arena);
    shian_putz(&head.sink, "--b0\r\nX: ");

    while (head.n < 230) {
        shian_putc(&head.sink, 'x');
    }

    refused(shian_strdup(&arena, shian_buf_str(&head)), "too_large");
}


static bool
refuse_data(void *ctx, const uint8_t *p, size_t n)
{
    return false;
}


static bool
refuse_begin(void *ctx, const shian_part_t *part)
{
    return shian_fail(&report, 422, "no", NULL);
}


static void
a_handler_can_stop(void **state)
{
    shian_multipart_handler_t  h;

    static const char  body[] = "--b0\r\n" HEAD("a") "1\r\n--b0--";

    (void) state;

    h = handler;
    h.data = refuse_data;
    shian_report_init(&report);
    shian_buf_init(&trace, &arena);
    shian_multipart_init(&mp, SHIAN_STR("b0"), &limits, &h, &report);
    assert_false(shian_multipart_feed(&mp, body, sizeof(body) - 1));
    assert_int_equal(report.status, 500);

    h.begin = refuse_begin;
    shian_report_init(&report);
    shian_multipart_init(&mp, SHIAN_STR("b0"), &limits, &h, &report);
    assert_false(shian_multipart_feed(&mp, body, sizeof(body) - 1));
    assert_int_equal(report.status, 422);
    assert_false(shian_multipart_finish(&mp));
}


static void
boundaries_are_read_from_the_content_type(void **state)
{
    size_t       i;
    shian_str_t  b;

    static const struct {
        const char  *type;
        const char  *boundary;
    } cases[] = {
        { "multipart/form-data; boundary=b0", "b0" },
        { "Multipart/Form-Data;charset=utf-8; Boundary=\"a b:1\" ", "a b:1" },
        { "multipart/form-data; boundary=----WebKitFormBoundaryAaZz09",
          "----WebKitFormBoundaryAaZz09" },
        { "multipart/form-data; boundary=1234567890123456789012345678901234"
          "567890123456789012345678901234567890",
          "1234567890123456789012345678901234567890123456789012345678901234"
          "567890" },
        { "multipart/form-data; boundary=1234567890123456789012345678901234"
          "5678901234567890123456789012345678901", NULL },
        { "", NULL }, { "multipart/form-data", NULL },
        { "multipart/form-data; boundary=", NULL },
        { "multipart/form-data; boundary=\"\"", NULL },
        { "multipart/form-data; boundary=\"a ", NULL },
        { "multipart/form-data; boundary=\"a \"", NULL },
        { "multipart/form-data; boundary=a; boundary=b", NULL },
        { "multipart/form-data; boundary=a{b", NULL },
        { "multipart/form-data; boundary=\"a\r\nb\"", NULL },
        { "multipart/form-data, boundary=a", NULL },
        { "multipart/mixed; boundary=a", NULL },
        { "multipart/form-dataX; boundary=a", NULL },
        { "application/json", NULL }
    };

    (void) state;

    for (i = 0; i < SHIAN_COUNT(cases); i++) {
        assert_int_equal(shian_multipart_boundary(shian_str(cases[i].type),
                                                  &b),
                         cases[i].boundary != NULL);

        if (cases[i].boundary != NULL) {
            assert_true(shian_str_is(b, cases[i].boundary));
        }
    }

    shian_report_init(&report);
    shian_multipart_init(&mp, SHIAN_NONE, &limits, &handler, &report);
    assert_false(shian_multipart_feed(&mp, "--", 2));
    assert_int_equal(report.status, 400);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(parts_come_out_whole_however_cut,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(
            data_that_looks_like_a_delimiter_is_data, setup, teardown),
        cmocka_unit_test_setup_teardown(malformed_bodies_are_refused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(bodies_cut_short_are_told_apart,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(everything_is_bounded, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_handler_can_stop, setup, teardown),
        cmocka_unit_test_setup_teardown(
            boundaries_are_read_from_the_content_type, setup, teardown),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
