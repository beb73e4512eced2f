#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "core/form.h"


static shian_arena_t   arena;
static shian_report_t  report;
static shian_pair_t   *pairs;
static size_t          npairs;


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


static bool
parse(shian_str_t body, size_t max)
{
    shian_report_init(&report);
    return shian_form_parse(&arena, body, max, &pairs, &npairs, &report);
}


static void
pairs_keep_order_and_are_decoded_once(void **state)
{
    (void) state;

    assert_true(parse(SHIAN_STR("a=1&b=x+y%20z&&a=%2526%3D&c&=v&d=e=f&"), 0));
    assert_int_equal(npairs, 6);
    assert_true(shian_str_is(pairs[0].name, "a"));
    assert_true(shian_str_is(pairs[1].value, "x y z"));
    assert_true(shian_str_is(pairs[2].value, "%26="));
    assert_true(shian_str_is(pairs[3].name, "c"));
    assert_int_equal(pairs[3].value.n, 0);
    assert_int_equal(pairs[4].name.n, 0);
    assert_true(shian_str_is(pairs[5].value, "e=f"));

    assert_true(parse(SHIAN_STR("%E9%A3%9f=+%e5%AE%89"), 0));
    assert_true(shian_str_is(pairs[0].name, "食"));
    assert_true(shian_str_is(shian_form_get(pairs, npairs, "食"), " 安"));
    assert_null(shian_form_get(pairs, npairs, "x").p);

    assert_true(parse(SHIAN_NONE, 0));
    assert_int_equal(npairs, 0);
    assert_true(parse(SHIAN_STR("&&&"), 0));
    assert_int_equal(npairs, 0);
}


static void
malformed_bodies_are_refused(void **state)
{
    size_t  i;
    char   *end;

    static const char *const  bad[] = {
        "a=%", "a=%1", "a=%g0", "a=%0g", "%=1", "a=%00", "a%00=1", "a=%ff",
        "a=%ed%a0%80", "a=\xff", "a=%e9%a3", "ok=1&a=%e9", "a=%c0%af"
    };

    (void) state;

    for (i = 0; i < SHIAN_COUNT(bad); i++) {
        assert_false(parse(shian_str(bad[i]), 0));
        assert_int_equal(report.status, 400);
        assert_string_equal(report.code, "malformed");
    }

    assert_false(parse(SHIAN_STR("a=\0"), 0));

    /* Nothing is read past the end, where the rest of an escape stands. */
    end = shian_strdup(&arena, SHIAN_STR("a=%41"));
    assert_false(parse(shian_slice(end, 3), 0));
    assert_false(parse(shian_slice(end, 4), 0));
    assert_true(parse(shian_slice(end, 5), 0));
}


static void
pairs_are_counted(void **state)
{
    size_t   i;
    uint8_t  body[4 * (SHIAN_MAX_PAIRS + 1)];

    (void) state;

    for (i = 0; i < sizeof(body); i += 4) {
        memcpy(body + i, "a=1&", 4);
    }

    assert_true(parse(shian_slice(body, sizeof(body) - 4), 0));
    assert_int_equal(npairs, SHIAN_MAX_PAIRS);
    assert_false(parse(shian_slice(body, sizeof(body)), 0));
    assert_int_equal(report.status, 413);
    assert_string_equal(report.code, "too_many");

    assert_true(parse(SHIAN_STR("a=1&b=2"), 2));
    assert_false(parse(SHIAN_STR("a=1&b=2&c=3"), 2));
}


static void
encoding_is_undone_by_parsing(void **state)
{
    size_t       i;
    uint8_t      all[127];
    shian_buf_t  b;

    (void) state;

    shian_buf_init(&b, &arena);
    shian_percent_encode(&b.sink, SHIAN_STR("a b/食&=%+~"));
    assert_true(shian_str_is(shian_buf_str(&b),
                             "a%20b%2F%E9%A3%9F%26%3D%25%2B~"));

    for (i = 0; i < sizeof(all); i++) {
        all[i] = (uint8_t) (i + 1);
    }

    shian_buf_init(&b, &arena);
    shian_percent_encode(&b.sink, shian_slice(all, sizeof(all)));
    assert_true(parse(shian_buf_str(&b), 0));
    assert_int_equal(npairs, 1);
    assert_true(shian_str_eq(pairs[0].name, shian_slice(all, sizeof(all))));

    shian_buf_init(&b, &arena);
    shian_percent_encode(&b.sink, SHIAN_STR("\0\xff"));
    assert_true(shian_str_is(shian_buf_str(&b), "%00%FF"));
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(pairs_keep_order_and_are_decoded_once,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(malformed_bodies_are_refused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(pairs_are_counted, setup, teardown),
        cmocka_unit_test_setup_teardown(encoding_is_undone_by_parsing, setup,
                                        teardown),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
