#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "core/screen.h"
#include "left_out.h"

#define DATA  "../shared/data/"
#define BIG   200000


static shian_arena_t          arena;
static shian_screen_t        *screen;
static shian_screen_stats_t   stats;
static shian_screened_t       out;


static int
setup(void **state)
{
    (void) state;
    shian_arena_init(&arena, NULL, NULL);
    screen = NULL;
    return 0;
}


static int
teardown(void **state)
{
    (void) state;
    shian_screen_free(screen);
    shian_arena_free(&arena);
    return 0;
}


static void
load(shian_str_t words)
{
    shian_screen_free(screen);
    screen = shian_screen_load(words, &stats);
    assert_non_null(screen);
}


static const char *
masked(const char *z)
{
    assert_true(shian_screen(screen, &arena, shian_str(z), &out));
    assert_true(out.text.n <= strlen(z));
    assert_int_equal(out.masked, !shian_str_is(out.text, z));

    return shian_strdup(&arena, out.text);
}


static bool
held(const char *z)
{
    assert_true(shian_screen(screen, &arena, shian_str(z), &out));

    return out.hold;
}


static void
phone_numbers_are_masked(void **state)
{
    size_t  i;

    static const char *const  numbers[] = {
        "13812345678", "138 1234 5678", "138-1234-5678", "1381 234 5678",
        "138 12345678", "１３８１２３４５６７８", "１３８－１２３４－５６７８",
        "①③⑧①②③④⑤⑥⑦⑧", "1 3 8 1 2 3 4 5 6 7 8",
        "1-3-8-1-2-3-4-5-6-7-8", "138 - 1234 - 5678", "138.1234.5678",
        "138·1234·5678",
        "+8613812345678", "+86 138 1234 5678", "0086-13812345678",
        "8613812345678", "1\xe2\x80\x8b\063812345678", "𝟏𝟑𝟖𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖",
        "0571-88001234", "0574 8800123", "(0571)88001234", "（０５７１）88001234",
        "021—62345678"
    };

    (void) state;
    load(SHIAN_NONE);

    for (i = 0; i < SHIAN_COUNT(numbers); i++) {
        assert_string_equal(masked(shian_printf(&arena, "电话%s找我",
                                                numbers[i])),
                            "电话***找我");
        assert_string_equal(masked(numbers[i]), "***");
    }

    assert_string_equal(masked("a 13812345678,13912345678。"), "a ***,***。");
}


static void
other_numbers_stay(void **state)
{
    size_t  i;

    static const char *const  numbers[] = {
        "12812345678", "1381234567", "138123456789", "213812345678",
        "订单号 20261123138123456780", "15.5 20.3 18.8 16", "2026-11-23 18:30",
        "人均138元", "400-800-1234", "88001234", "057188001234",
        "1.5 3.5 6.5 7.5 8.5 9.5", "No. 0571", "满分100，服务95 环境98 87"
    };

    (void) state;
    load(SHIAN_NONE);

    for (i = 0; i < SHIAN_COUNT(numbers); i++) {
        assert_string_equal(masked(numbers[i]), numbers[i]);
    }
}


static void
identity_numbers_are_masked_by_check_digit(void **state)
{
    (void) state;
    load(SHIAN_NONE);

    /* Made up from GB 11643's own example. */
    assert_string_equal(masked("号11010519491231002X。"), "号***。");
    assert_string_equal(masked("11010519491231002x"), "***");
    assert_string_equal(masked("１１０１０５１９４９１２３１００２Ｘ"), "***");
    assert_string_equal(masked("110105 19491231 002X"), "***");
    assert_string_equal(masked("440524188001010014"), "***");

    assert_string_equal(masked("110105194912310021"), "110105194912310021");
    assert_string_equal(masked("110105194913310023"), "110105194913310023");
    assert_string_equal(masked("1440524188001010014"), "1440524188001010014");
    assert_string_equal(masked("440524188001010014a"), "440524188001010014a");
}


static void
mail_addresses_are_masked(void **state)
{
    (void) state;
    load(SHIAN_NONE);

    assert_string_equal(masked("写信a.b+c@mail.example.com吧"), "写信***吧");
    assert_string_equal(masked("Foo＠QQ．com"), "***");
    assert_string_equal(masked("foo @ qq.com"), "***");
    assert_string_equal(masked("12345@qq.com"), "***");
    assert_string_equal(masked("评分@前台"), "评分@前台");
    assert_string_equal(masked("a@b"), "a@b");
    assert_string_equal(masked("@qq.com"), "@qq.com");
}


static void
words_hold_a_text(void **state)
{
    (void) state;

    load(SHIAN_STR("\xef\xbb\xbf# the city's list\r\n加微信,\r广告，\n\n"
                   " ＳＭ \r\nsmart ass,,\n的\nx\n广告\na.b*\n#no\n"
                   "Straße"));
    assert_int_equal(stats.words, 6);
    assert_int_equal(stats.ignored, 2);
    assert_int_equal(stats.repeated, 1);

    assert_true(held("请加微信"));
    assert_true(held("加\xe2\x80\x8b微信"));
    assert_true(held("sm"));
    assert_true(held("玩Sm的"));
    assert_true(held("ＳＭ店"));
    assert_true(held("a SMART ASS!"));
    assert_true(held("A.B*"));
    assert_true(held("STRASSE"));
    assert_true(held("打广告"));

    assert_false(held("smart"));
    assert_false(held("asm"));
    assert_false(held("sm1"));
    assert_false(held("加微"));
    assert_false(held("aXb*"));
    assert_false(held("的 x # no"));
    assert_false(held("很难吃，再也不来"));
    assert_false(held(""));

    /* Held and masked at once; a word is looked for in what was written. */
    assert_string_equal(masked("加微信13812345678"), "加微信***");
    assert_true(out.hold);
}


static void
hostile_input_is_bounded(void **state)
{
    size_t    i;
    uint8_t  *p;

    (void) state;

    assert_null(shian_screen_load(SHIAN_STR("ok\n\xff\xfe\n"), NULL));
    load(SHIAN_STR("ab\nabc\n广告"));
    assert_false(shian_screen(screen, &arena, SHIAN_STR("a\xff"), &out));

    p = shian_alloc(&arena, BIG);

    for (i = 0; i < BIG; i++) {
        p[i] = (uint8_t) "1 3.a@"[i % 6];
    }

    assert_true(shian_screen(screen, &arena, shian_slice(p, BIG),
                             &out));
    memset(p, 'a', BIG);
    assert_true(shian_screen(screen, &arena, shian_slice(p, BIG),
                             &out));
    memset(p, '1', BIG);
    assert_true(shian_screen(screen, &arena, shian_slice(p, BIG),
                             &out));
    assert_false(out.masked);
}


static void *
in_a_thread(void *arg)
{
    int                i;
    size_t            *wrong = arg;
    shian_arena_t      a;
    shian_screened_t   s;

    shian_arena_init(&a, NULL, NULL);

    for (i = 0; i < 200; i++) {
        *wrong += !shian_screen(screen, &a, SHIAN_STR("广告13812345678"), &s)
                  || !s.hold || !shian_str_is(s.text, "广告***");
    }

    shian_arena_free(&a);

    return NULL;
}


static void
threads_share_a_screen(void **state)
{
    size_t     i, wrong[4] = { 0 };
    pthread_t  threads[4];

    (void) state;
    load(SHIAN_STR("广告"));

    for (i = 0; i < SHIAN_COUNT(threads); i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, in_a_thread,
                                        &wrong[i]), 0);
    }

    for (i = 0; i < SHIAN_COUNT(threads); i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(wrong[i], 0);
    }
}


static shian_str_t
read_file(const char *path)
{
    FILE     *f;
    size_t    n;
    uint8_t  *p;

    f = fopen(path, "rb");
    assert_non_null(f);
    p = shian_alloc(&arena, 1 << 20);
    assert_non_null(p);
    n = fread(p, 1, 1 << 20, f);
    fclose(f);

    return shian_slice(p, n);
}


static void
real_lists_and_reviews(void **state)
{
    char    line[8192];
    FILE   *f;
    size_t  n, masks, holds;

    (void) state;

    if (access(DATA "words", R_OK) != 0) {
        left_out(DATA "words");
        return;
    }

    load(read_file(DATA "words/ldnoobw_zh.txt"));
    assert_in_range(stats.words, 250, 350);
    load(read_file(DATA "words/ldnoobw_en.txt"));
    assert_in_range(stats.words, 350, 450);
    load(read_file(DATA "words/fwwdn_ads.txt"));
    assert_in_range(stats.words, 80, 250);

    f = fopen(DATA "reviews/asap.csv", "r");
    assert_non_null(f);

    for (n = 0, masks = 0, holds = 0; fgets(line, sizeof(line), f) != NULL;
         n++)
    {
        assert_true(shian_screen(screen, &arena, shian_str(line), &out));
        masks += out.masked;
        holds += out.hold;
    }

    fclose(f);

    /* Honest reviews hold no phone numbers, and few of the words. */
    assert_in_range(n, 300, 400);
    assert_int_equal(masks, 0);
    assert_in_range(holds, 0, n / 4);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(phone_numbers_are_masked, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(other_numbers_stay, setup, teardown),
        cmocka_unit_test_setup_teardown(
            identity_numbers_are_masked_by_check_digit, setup, teardown),
        cmocka_unit_test_setup_teardown(mail_addresses_are_masked, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(words_hold_a_text, setup, teardown),
        cmocka_unit_test_setup_teardown(hostile_input_is_bounded, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(threads_share_a_screen, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(real_lists_and_reviews, setup,
                                        teardown),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
