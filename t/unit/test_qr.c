#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/qr.h"
#include "left_out.h"

#define URL  "HTTPS://FSC.EXAMPLE.GOV.CN/Q/728T5CY4TPSVTHZZQ"

static shian_arena_t  arena;
static char           dir[] = "/tmp/shian-qr-XXXXXX";


static int
setup(void **state)
{
    (void) state;
    shian_arena_init(&arena, NULL, NULL);

    return mkdtemp(dir) == NULL;
}


static int
teardown(void **state)
{
    (void) state;
    shian_arena_free(&arena);

    return rmdir(dir);
}


static bool
have(const char *tools)
{
    bool   there;
    char  *line;

    line = shian_printf(&arena, "command -v %s >/dev/null", tools);
    there = line != NULL && system(line) == 0;

    if (!there) {
        left_out(tools);
    }

    return there;
}


/* What zbarimg reads from these bytes, after the filter if there is one. */
static void
assert_decodes(shian_str_t picture, const char *name, const char *filter,
    const char *want)
{
    char    *path, *line, got[1024];
    FILE    *f;
    size_t   n;

    path = shian_printf(&arena, "%s/%s", dir, name);
    assert_non_null(path);
    f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(picture.p, 1, picture.n, f), picture.n);
    assert_int_equal(fclose(f), 0);

    line = shian_printf(&arena, "%s %s%szbarimg -q --raw %s 2>/dev/null",
                        filter == NULL ? "" : filter,
                        filter == NULL ? "" : path,
                        filter == NULL ? "" : " | ",
                        filter == NULL ? path : "-");
    assert_non_null(line);
    f = popen(line, "r");
    assert_non_null(f);
    n = fread(got, 1, sizeof(got) - 1, f);
    got[n] = '\0';
    assert_int_equal(pclose(f), 0);
    assert_int_equal(unlink(path), 0);

    assert_int_equal(n, strlen(want) + 1);
    assert_memory_equal(got, want, n - 1);
}


static shian_str_t
svg(const char *text, unsigned quiet)
{
    shian_buf_t  b;

    shian_buf_init(&b, &arena);
    assert_true(shian_qr_svg(&b.sink, text, quiet));
    shian_putc(&b.sink, '\0');

    return shian_slice(b.p, b.n - 1);
}


static shian_str_t
png(const char *text, unsigned scale)
{
    shian_buf_t  b;

    shian_buf_init(&b, &arena);
    assert_true(shian_qr_png(&b.sink, text, scale));

    return shian_buf_str(&b);
}


static void
a_png_decodes(void **state)
{
    shian_str_t  p;

    (void) state;
    p = png(URL, 3);

    /* 29 modules (version 3) and 2 * 4 of margin, times 3; 1 bit of grey. */
    assert_memory_equal(p.p, "\x89PNG\r\n\x1a\n", 8);
    assert_memory_equal(p.p + 16, "\0\0\0\x6f\0\0\0\x6f\1\0\0\0\0", 13);

    if (!have("zbarimg")) {
        return;
    }

    assert_decodes(p, "a.png", NULL, URL);
    assert_decodes(png("https://example.org/q/1?a=b&c=<d>\"'", 2), "b.png",
                   NULL, "https://example.org/q/1?a=b&c=<d>\"'");
    assert_decodes(png("1", SHIAN_QR_MAX_SCALE), "c.png", NULL, "1");
}


static void
an_svg_decodes(void **state)
{
    (void) state;

    if (!have("zbarimg") || !have("rsvg-convert")) {
        return;
    }

    assert_decodes(svg(URL, SHIAN_QR_QUIET), "a.svg", "rsvg-convert -w 300",
                   URL);
    assert_decodes(svg("a<b>&\"c\"", SHIAN_QR_QUIET), "b.svg",
                   "rsvg-convert -w 300", "a<b>&\"c\"");
}


static void
the_svg_is_small_and_named(void **state)
{
    const char   *z;
    shian_str_t   s;

    (void) state;
    s = svg(URL, 4);
    z = (const char *) s.p;
    assert_non_null(strstr(z, "viewBox=\"0 0 37 37\""));
    assert_non_null(strstr(z, "role=\"img\""));
    assert_non_null(strstr(z, "aria-label=\"" URL "\""));
    assert_non_null(strstr(z, "shape-rendering=\"crispEdges\""));
    assert_non_null(strstr(z, "fill=\"#fff\""));
    assert_true(s.n < 5000);

    /* The finder pattern's first row, after the margin. */
    assert_non_null(strstr(z, "d=\"M4 4.5h7"));

    /* Lower case needs bytes, so the same text takes a larger symbol. */
    z = (const char *) svg("https://fsc.example.gov.cn/q/728t5cy4tpsvthzzq",
                           0).p;
    assert_non_null(strstr(z, "viewBox=\"0 0 33 33\""));
    z = (const char *) svg(URL, 0).p;
    assert_non_null(strstr(z, "viewBox=\"0 0 29 29\""));

    z = (const char *) svg("a<b>&\"c\"", 0).p;
    assert_non_null(strstr(z, "aria-label=\"a&lt;b&gt;&amp;&quot;c&quot;\""));
}


static void
limits(void **state)
{
    char         text[SHIAN_QR_MAX_TEXT + 2];
    shian_buf_t  b;

    (void) state;
    shian_buf_init(&b, &arena);
    memset(text, 'a', sizeof(text));
    text[sizeof(text) - 1] = '\0';

    assert_false(shian_qr_svg(&b.sink, text, 4));
    assert_false(shian_qr_png(&b.sink, text, 4));
    assert_false(shian_qr_svg(&b.sink, "", 4));
    assert_false(shian_qr_svg(&b.sink, "a\nb", 4));
    assert_false(shian_qr_svg(&b.sink, "\xe9\xa3\x9f", 4));
    assert_false(shian_qr_svg(&b.sink, "a", 65));
    assert_false(shian_qr_png(&b.sink, "a", 0));
    assert_false(shian_qr_png(&b.sink, "a", SHIAN_QR_MAX_SCALE + 1));
    assert_int_equal(b.n, 0);

    text[SHIAN_QR_MAX_TEXT] = '\0';
    assert_true(shian_qr_svg(&b.sink, text, 4));
    assert_true(shian_qr_png(&b.sink, text, 1));
}


static void
a_full_sink_is_told(void **state)
{
    size_t       max, size;
    shian_buf_t  b;

    (void) state;
    size = png(URL, 1).n;

    for (max = 1; max < size; max += 7) {
        shian_buf_init(&b, &arena);
        b.max = max;
        assert_false(shian_qr_png(&b.sink, URL, 1));
        shian_buf_init(&b, &arena);
        b.max = max;
        assert_false(shian_qr_svg(&b.sink, URL, 4));
    }
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_png_decodes),
        cmocka_unit_test(an_svg_decodes),
        cmocka_unit_test(the_svg_is_small_and_named),
        cmocka_unit_test(limits),
        cmocka_unit_test(a_full_sink_is_told),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, setup, teardown);
}
