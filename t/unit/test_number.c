#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "core/number.h"

typedef shian_number_t (*check_t)(shian_str_t);


/* Every other character of `alphabet` in every place from `from` on. */
static void
every_change_is_seen(check_t check, const char *number, size_t from,
    const char *alphabet)
{
    char         copy[32];
    size_t       i, n;
    const char  *c;

    n = strlen(number);
    assert_true(n < sizeof(copy));
    assert_int_equal(check(shian_str(number)), SHIAN_NUMBER_OK);

    for (i = from; i < n; i++) {
        for (c = alphabet; *c != '\0'; c++) {
            if (*c != number[i]) {
                memcpy(copy, number, n);
                copy[i] = *c;
                assert_int_not_equal(check(shian_slice(copy, n)),
                                     SHIAN_NUMBER_OK);
            }
        }
    }
}


static void
assert_patterns(check_t check, const char *const *bad, size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        assert_int_equal(check(shian_str(bad[i])), SHIAN_NUMBER_BAD_PATTERN);
    }

    assert_int_equal(check(SHIAN_NONE), SHIAN_NUMBER_BAD_PATTERN);
}


static void
uscc(void **state)
{
    static const char *const  bad[] = {
        "91350100M000100Y4", "91350100M000100Y433", "91350100m000100y43",
        "9135O100M000100Y43", "91350100M000100I43", "91350100M000100S43",
        "913501A0M000100Y43", "91350100M000100Y4-", " 91350100M000100Y4",
    };

    (void) state;

    /* The first is the example of the standard. */
    every_change_is_seen(shian_uscc_check, "91350100M000100Y43", 0,
                         "0123456789ABCDEFGHJKLMNPQRTUWXY");
    every_change_is_seen(shian_uscc_check, "91330200144058539N", 0,
                         "0123456789ABCDEFGHJKLMNPQRTUWXY");
    assert_int_equal(shian_uscc_check(SHIAN_STR("91350100M000100Y44")),
                     SHIAN_NUMBER_BAD_CHECK_DIGIT);
    assert_patterns(shian_uscc_check, bad, SHIAN_COUNT(bad));
    assert_int_equal(shian_uscc_check(
                         shian_slice("91350100M\0" "00100Y43", 18)),
                     SHIAN_NUMBER_BAD_PATTERN);
}


static void
licence(void **state)
{
    static const char *const  bad[] = {
        "JY1330283000123", "JY133028300012344", "jy13302830001234",
        "SC13302830001234", "JY1330283000123X", "13302830001234",
    };

    (void) state;

    /*
     * By hand, sum mod 10 (0: 10) then doubled mod 11, from 10: 1-2, 5-10,
     * 3-6, 6-1, 3-6, 4-8, 1-2, 2-4, 4-8, 8-5, 6-1, 3-6, 9-7, so 7 + 4 = 1.
     */
    every_change_is_seen(shian_licence_check, "JY13302830001234", 2,
                         "0123456789");
    every_change_is_seen(shian_licence_check, "JY00000000007946", 2,
                         "0123456789");
    assert_int_equal(shian_licence_check(SHIAN_STR("JY13302830001235")),
                     SHIAN_NUMBER_BAD_CHECK_DIGIT);
    assert_patterns(shian_licence_check, bad, SHIAN_COUNT(bad));
}


static void
mobile(void **state)
{
    static const char *const  bad[] = {
        "1380013800", "138001380000", "12800138000", "11800138000",
        "23800138000", "1380013800a", "+8613800138000", "138 0013800",
    };

    (void) state;
    assert_int_equal(shian_mobile_check(SHIAN_STR("13800138000")),
                     SHIAN_NUMBER_OK);
    assert_int_equal(shian_mobile_check(SHIAN_STR("19912345678")),
                     SHIAN_NUMBER_OK);
    assert_patterns(shian_mobile_check, bad, SHIAN_COUNT(bad));
}


static void
idcard(void **state)
{
    static const char *const  bad[] = {
        "11010519491231002", "11010519491231002XX", "1101051949123100XX",
        "11010519491231002Y", "110105-9491231002X", "110105491231002",
    };

    (void) state;

    /* The first two are the examples of the standard. */
    every_change_is_seen(shian_idcard_check, "11010519491231002X", 0,
                         "0123456789");
    every_change_is_seen(shian_idcard_check, "440524188001010014", 0,
                         "0123456789X");
    assert_int_equal(shian_idcard_check(SHIAN_STR("11010519491231002x")),
                     SHIAN_NUMBER_OK);
    assert_int_equal(shian_idcard_check(SHIAN_STR("110105194912310021")),
                     SHIAN_NUMBER_BAD_CHECK_DIGIT);
    assert_patterns(shian_idcard_check, bad, SHIAN_COUNT(bad));
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uscc),
        cmocka_unit_test(licence),
        cmocka_unit_test(mobile),
        cmocka_unit_test(idcard),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
