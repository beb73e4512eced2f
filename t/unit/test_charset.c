#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>

#include "core/charset.h"

#define S(z)  shian_slice((z), sizeof(z) - 1)

/* "名称,地址\n阿强面馆,中山路1号\n" */
#define GB    "\xc3\xfb\xb3\xc6,\xb5\xd8\xd6\xb7\n\xb0\xa2\xc7\xbf\xc3\xe6"   \
              "\xb9\xdd,\xd6\xd0\xc9\xbd\xc2\xb7" "1\xba\xc5\n"
#define UTF   "名称,地址\n阿强面馆,中山路1号\n"


/* Converts in pieces of `step` bytes; the result ends with a NUL. */
static shian_str_t
convert(shian_arena_t *a, const char *name, shian_str_t in, size_t step,
    uint64_t *bad)
{
    size_t           i, n;
    shian_buf_t      b;
    shian_charset_t  c;

    shian_buf_init(&b, a);
    assert_true(shian_charset_open(&c, name, &b.sink));

    for (i = 0; i < in.n; i += n) {
        n = in.n - i < step ? in.n - i : step;
        shian_put(&c.sink, in.p + i, n);
    }

    assert_true(shian_charset_close(&c));
    *bad = c.bad;
    shian_putc(&b.sink, '\0');

    return shian_buf_str(&b);
}


static void
detects(void **state)
{
    size_t  i;
    char    cut[] = UTF;

    const struct {
        shian_str_t  text;
        const char  *name;
    } cases[] = {
        { S(""), "UTF-8" },
        { S("name,address\n"), "UTF-8" },
        { S(UTF), "UTF-8" },
        { S("\xef\xbb\xbf" "a,\xff\n"), "UTF-8" },
        { S(GB), "GB18030" },
        { S("\xff\xfe" "a\0"), "UTF-16LE" },
        { S("\xfe\xff\0a"), "UTF-16BE" },
        { S("CAF\xc9 NO\xcbL\nFr\xe9" "d\xe9ric's \x92\n"), "WINDOWS-1252" },
        { S("caf\xe9\n"), "WINDOWS-1252" },
        { S("\xff\xff\xff\xff"), "WINDOWS-1252" },
        /* Four-byte GB18030 among Han. */
        { S(GB GB "\x82\x35\x8f\x33\n"), "GB18030" },
        /* Traditional Han, of which GB 2312 has few; accents among quotes. */
        { S("1,\xfd\x88\xf8P\x98\xc7\xb2\xcd\x8f" "d,"
            "\xb7\xee\xbb\xaf\xe5\x5c\xc6\xc1"), "GB18030" },
        { S("na\xefvet\xe9, \x93\xc9t\xe9\x94 Stra\xdf" "e, \xd8re\n"),
          "WINDOWS-1252" },
        /* One bad byte in a list of some length. */
        { S(UTF UTF UTF UTF "\xa0,x\n"), "UTF-8" },
    };

    (void) state;

    for (i = 0; i < SHIAN_COUNT(cases); i++) {
        assert_string_equal(shian_charset_detect(cases[i].text),
                            cases[i].name);
    }

    /* A sample may end inside a character. */
    for (i = 0; i < sizeof(cut); i++) {
        assert_string_equal(shian_charset_detect(shian_slice(cut, i)),
                            "UTF-8");
    }
}


static void
converts_in_pieces_of_any_size(void **state)
{
    size_t         step;
    uint64_t       bad;
    shian_str_t    s;
    shian_arena_t  a;

    (void) state;
    shian_arena_init(&a, NULL, NULL);

    for (step = 1; step < 40; step++) {
        s = convert(&a, "GB18030", S(GB), step, &bad);
        assert_string_equal(s.p, UTF);
        assert_int_equal(bad, 0);

        s = convert(&a, "gbk", S(GB), step, &bad);
        assert_string_equal(s.p, UTF);

        s = convert(&a, "UTF-8", S(UTF "𠮷"), step, &bad);
        assert_string_equal(s.p, UTF "𠮷");

        /* U+20005, four bytes. */
        s = convert(&a, "GB18030", S("\x95\x32\x83\x31,"), step, &bad);
        assert_string_equal(s.p, "\xf0\xa0\x80\x85,");

        s = convert(&a, "WINDOWS-1252", S("caf\xe9 \x80"), step, &bad);
        assert_string_equal(s.p, "café €");

        s = convert(&a, "UTF-16LE", S("\x0d\x54\n\0"), step, &bad);
        assert_string_equal(s.p, "名\n");
    }

    shian_arena_free(&a);
}


/* The first byte that tells may come late; a piece may end anywhere. */
static void
finds_out_while_converting(void **state)
{
    char           *in;
    size_t          i, step, n;
    uint64_t        bad;
    shian_str_t     s;
    shian_arena_t   a;

    static const char  latin[] = "\nCAF\xc9,x\nNO\xcbL\n";
    static const char  utf[] = "\nCAFÉ,x\nNOËL\n";

    (void) state;
    shian_arena_init(&a, NULL, NULL);

    n = 3 * SHIAN_CHARSET_SAMPLE;
    in = shian_alloc(&a, n + sizeof(latin));
    assert_non_null(in);
    memset(in, 'a', n);
    memcpy(in + n, latin, sizeof(latin));

    for (step = 1; step < 70000; step = step * 7 + 1) {
        s = convert(&a, NULL, shian_slice(in, n + sizeof(latin) - 1), step,
                    &bad);
        assert_int_equal(s.n, n + sizeof(utf));
        assert_string_equal(s.p + n, utf);

        s = convert(&a, NULL, S(GB), step, &bad);
        assert_string_equal(s.p, UTF);

        s = convert(&a, NULL, S(""), step, &bad);
        assert_string_equal(s.p, "");
    }

    /* Longer than the sample. */
    for (i = 0; i + 6 <= n; i += 6) {
        memcpy(in + i, "\xb0\xa2\xc7\xbf\xc3\xe6", 6);
    }

    s = convert(&a, NULL, shian_slice(in, n), 1000, &bad);
    assert_int_equal(s.n, n / 2 * 3 + 1);
    assert_string_equal(s.p + s.n - 10, "阿强面");
    assert_int_equal(bad, 0);
    shian_arena_free(&a);
}


static void
bad_bytes_cost_one_character(void **state)
{
    size_t         step;
    uint64_t       bad;
    shian_str_t    s;
    shian_arena_t  a;

    (void) state;
    shian_arena_init(&a, NULL, NULL);

    for (step = 1; step < 12; step++) {
        s = convert(&a, "UTF-8", S("a\xff" "b\xe5\x90\nc\xed\xa0\x80" "d"),
                    step, &bad);
        assert_non_null(strstr((const char *) s.p, "a\xef\xbf\xbd" "b"));
        assert_non_null(strchr((const char *) s.p, '\n'));
        assert_int_equal(s.p[s.n - 2], 'd');
        assert_true(bad >= 3);

        /* The line break after a lone lead byte is kept. */
        s = convert(&a, "GB18030", S("\xc3\xfb\xc3\n\xc3\xfb"), step, &bad);
        assert_string_equal(s.p, "名\xef\xbf\xbd\n名");
        assert_int_equal(bad, 1);

        /* Cut off by the end of the file. */
        s = convert(&a, "UTF-8", S("a\xe5\x90"), step, &bad);
        assert_int_equal(s.p[0], 'a');
        assert_true(bad >= 1);
    }

    shian_arena_free(&a);
}


static void
unknown_names_are_refused(void **state)
{
    shian_buf_t      b;
    shian_arena_t    a;
    shian_charset_t  c;

    (void) state;
    shian_arena_init(&a, NULL, NULL);
    shian_buf_init(&b, &a);
    assert_false(shian_charset_open(&c, "klingon", &b.sink));

    /* What comes after has no room: the conversion says so. */
    b.max = 2;
    assert_true(shian_charset_open(&c, "UTF-8", &b.sink));
    shian_putz(&c.sink, "abc");
    assert_true(c.sink.failed);
    assert_false(shian_charset_close(&c));
    shian_arena_free(&a);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(detects),
        cmocka_unit_test(converts_in_pieces_of_any_size),
        cmocka_unit_test(finds_out_while_converting),
        cmocka_unit_test(bad_bytes_cost_one_character),
        cmocka_unit_test(unknown_names_are_refused),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
