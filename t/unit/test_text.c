#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "core/text.h"


static shian_arena_t  arena;


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


static const char *
clean(const char *z, bool multiline)
{
    shian_str_t  out;

    assert_true(shian_text_clean(&arena, shian_str(z), multiline, &out));
    assert_true(shian_utf8_valid(out));

    return shian_strdup(&arena, out);
}


static const char *
key(const char *z)
{
    shian_str_t  out;

    assert_true(shian_text_key(&arena, shian_str(z), &out));

    return shian_strdup(&arena, out);
}


/* The terms with a space after each. */
static const char *
terms(const char *z, bool query)
{
    size_t        i, n;
    shian_buf_t   b;
    shian_str_t  *t;

    assert_true(query ? shian_text_query_terms(&arena, shian_str(z), &t, &n)
                      : shian_text_terms(&arena, shian_str(z), &t, &n));
    shian_buf_init(&b, &arena);

    for (i = 0; i < n; i++) {
        assert_in_range(t[i].n, 1, SHIAN_MAX_TERM);
        shian_puts(&b.sink, t[i]);
        shian_putc(&b.sink, ' ');
    }

    return shian_strdup(&arena, shian_buf_str(&b));
}


static void
utf8_is_strict(void **state)
{
    size_t  i;

    static const struct {
        const char  *s;
        size_t       n;
        bool         valid;
    } cases[] = {
        { "", 0, true }, { "a", 1, true }, { "食安", 6, true },
        { "\xf0\xa0\x80\x80", 4, true }, { "\xef\xbf\xbd", 3, true },
        { "a\0b", 3, false }, { "\xc0\x80", 2, false },
        { "\xc1\xbf", 2, false }, { "\xe0\x80\xaf", 3, false },
        { "\xed\xa0\x80", 3, false }, { "\xed\xbf\xbf", 3, false },
        { "\xf4\x90\x80\x80", 4, false }, { "\xf8\x88\x80\x80\x80", 5, false },
        { "\x80", 1, false }, { "\xe9\xa3", 2, false }, { "\xff", 1, false },
        { "a\xe9", 2, false }
    };

    (void) state;

    for (i = 0; i < SHIAN_COUNT(cases); i++) {
        assert_int_equal(shian_utf8_valid(shian_slice(cases[i].s,
                                                      cases[i].n)),
                         cases[i].valid);
    }

    assert_int_equal(shian_text_length(SHIAN_STR("a食é\xf0\xa0\x80\x80")), 4);
}


static void
clean_text_is_composed_and_trimmed(void **state)
{
    (void) state;

    assert_string_equal(clean("", false), "");
    assert_string_equal(clean(" \t\n ", true), "");
    assert_string_equal(clean("e\xcc\x81t\xc3\xa9", false), "été");
    assert_string_equal(clean("\xe3\x80\x80 a \xc2\xa0\n b\t", false), "a b");
    assert_string_equal(clean("外\xe3\x80\x80婆家", false), "外 婆家");
    assert_string_equal(clean("\r\na\r\nb\rc\xe2\x80\xa8" "d  \n", true),
                        "a\nb\nc\nd");
    assert_string_equal(clean("a\n\n\nb\n\n\n\n \n\nc", true),
                        "a\n\n\nb\n\n\nc");
    assert_string_equal(clean("a\n\xe3\x80\x80\xe3\x80\x80" "b  c", true),
                        "a\n\xe3\x80\x80\xe3\x80\x80" "b  c");
    assert_string_equal(clean("a\nb", false), "a b");
}


static void
clean_text_hides_nothing(void **state)
{
    (void) state;

    assert_string_equal(clean("a\x01" "b\x7f\xc2\x9b" "c", true), "abc");
    /* Bidi override and isolate, zero-width space, BOM, soft hyphen. */
    assert_string_equal(clean("\xef\xbb\xbfgood\xe2\x80\xae" "\xe2\x81\xa6"
                              "\xe2\x80\x8b\xc2\xad!", false), "good!");
    assert_string_equal(clean("\xe3\x85\xa4\xe2\xa0\x80", false), "");
    assert_string_equal(clean("\xef\xbf\xbe" "a", false), "a");

    /* ZWJ stays in a family and between a skin tone and a tool only. */
    assert_string_equal(clean("👩‍👧", false), "👩‍👧");
    assert_string_equal(clean("👩🏽‍🍳", false), "👩🏽‍🍳");
    assert_string_equal(clean("❤️‍🔥", false), "❤️‍🔥");
    assert_string_equal(clean("a\xe2\x80\x8d" "b👩\xe2\x80\x8d", false),
                        "ab👩");
}


static void
heaps_of_marks_are_cut_and_cheap(void **state)
{
    size_t       i;
    uint8_t     *p;
    shian_str_t  out;

    (void) state;

    /* Alternating classes, the worst case of sorting them. */
    p = shian_alloc(&arena, 400001);
    p[0] = 'a';

    for (i = 1; i < 400001; i += 4) {
        memcpy(p + i, "\xcc\x81\xcc\xa3", 4);
    }

    assert_true(shian_text_clean(&arena, shian_slice(p, 400001), true, &out));
    assert_in_range(out.n, 10, 20);

    assert_false(shian_text_clean(&arena, shian_slice(p, SHIAN_TEXT_MAX + 1),
                                  true, &out));
    assert_false(shian_text_clean(&arena, SHIAN_STR("a\xff"), true, &out));
    assert_false(shian_text_key(&arena, SHIAN_STR("a\0"), &out));
}


static void
keys_match_what_people_hold_equal(void **state)
{
    (void) state;

    assert_string_equal(key("ＫＦＣ（文一路店）"), "kfc文一路店");
    assert_string_equal(key("K.F.C. (文一路店)"), "kfc文一路店");
    assert_string_equal(key("外婆家·西湖 １号"), "外婆家西湖1号");
    assert_string_equal(key("Straße"), key("STRASSE"));
    assert_string_equal(key("ｶﾞｽﾄ"), "ガスト");
    assert_string_equal(key("⑨号 ☆"), "9号");
    assert_string_equal(key("?! ……"), "");
    assert_string_not_equal(key("一品"), key("二品"));
}


static void
terms_are_pairs_and_words(void **state)
{
    (void) state;

    assert_string_equal(terms("烤鱼", false), "烤鱼 鱼 ");
    assert_string_equal(terms("鱼", false), "鱼 ");
    assert_string_equal(terms("Café ＫＦＣ kfc", false), "cafe kfc ");
    assert_string_equal(terms("7天酒店", false), "7 天酒 店 酒店 ");
    assert_string_equal(terms("新白鹿，店", false), "店 新白 白鹿 鹿 ");
    assert_string_equal(terms("…!", false), "");
    assert_string_equal(terms("\xcc\x81", false), "");
    assert_string_equal(terms("abcdefghijklmnopqrstuvwxyz0123456789", false),
                        "abcdefghijklmnopqrstuvwxyz012345 ");
    assert_string_equal(terms("abcdefghijklmnopqrstuvwxyz01234鱼é", false),
                        "abcdefghijklmnopqrstuvwxyz01234 e 鱼 ");

    assert_string_equal(terms("烤鱼", true), "烤鱼 ");
    assert_string_equal(terms("鱼", true), "鱼 ");
    assert_string_equal(terms("Star 新白鹿", true), "star 新白 白鹿 ");
}


/* What the header promises of an index that looks terms up by prefix. */
static bool
finds(const char *query, const char *text)
{
    bool          hit;
    size_t        i, j, nq, nt;
    shian_str_t  *q, *t;

    assert_true(shian_text_query_terms(&arena, shian_str(query), &q, &nq));
    assert_true(shian_text_terms(&arena, shian_str(text), &t, &nt));

    for (i = 0; i < nq; i++) {
        for (hit = false, j = 0; j < nt; j++) {
            hit = hit || (t[j].n >= q[i].n
                          && memcmp(t[j].p, q[i].p, q[i].n) == 0);
        }

        if (!hit) {
            return false;
        }
    }

    return nq != 0;
}


static void
queries_find_by_prefix(void **state)
{
    (void) state;

    assert_true(finds("鱼", "鱼头馆"));
    assert_true(finds("鱼", "江边烤鱼"));
    assert_true(finds("烤鱼", "江边烤鱼馆"));
    assert_true(finds("star", "Starbucks 星巴克"));
    assert_true(finds("CAFÉ", "cafe"));
    assert_true(finds("７天", "7天酒店"));
    assert_false(finds("鱼烤", "江边烤鱼"));
    assert_false(finds("bucks", "Starbucks"));
}


static void
terms_are_bounded_unique_and_sorted(void **state)
{
    size_t        i, n;
    shian_buf_t   b;
    shian_str_t  *t;

    (void) state;
    shian_buf_init(&b, &arena);

    for (i = 0; i < 1000; i++) {
        shian_putf(&b.sink, "w%d ", (int) (i * 7919 % 1000));
        shian_putf(&b.sink, "w%d ", (int) (i / 2));
    }

    assert_true(shian_text_terms(&arena, shian_buf_str(&b), &t, &n));
    assert_int_equal(n, SHIAN_MAX_TERMS);

    for (i = 1; i < n; i++) {
        assert_true(strcmp(shian_strdup(&arena, t[i - 1]),
                           shian_strdup(&arena, t[i])) < 0);
    }
}


static void
folding_keeps_the_way_back(void **state)
{
    shian_folded_t  f;

    (void) state;

    assert_true(shian_text_fold(&arena, SHIAN_STR("食Ａ\xe2\x80\x8b㎏1"), &f));
    assert_true(shian_str_is(f.text, "食akg1"));
    assert_int_equal(f.from[0], 0);
    assert_int_equal(f.to[2], 3);
    assert_int_equal(f.from[3], 3);
    assert_int_equal(f.to[3], 6);
    assert_int_equal(f.from[4], 9);
    assert_int_equal(f.from[5], 9);
    assert_int_equal(f.to[5], 12);
    assert_int_equal(f.from[6], 12);

    assert_true(shian_text_fold(&arena, SHIAN_NONE, &f));
    assert_int_equal(f.text.n, 0);
    assert_false(shian_text_fold(&arena, SHIAN_STR("\xc3"), &f));
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(utf8_is_strict, setup, teardown),
        cmocka_unit_test_setup_teardown(clean_text_is_composed_and_trimmed,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(clean_text_hides_nothing, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(heaps_of_marks_are_cut_and_cheap,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(keys_match_what_people_hold_equal,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(terms_are_pairs_and_words, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(queries_find_by_prefix, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(terms_are_bounded_unique_and_sorted,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(folding_keeps_the_way_back, setup,
                                        teardown),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
