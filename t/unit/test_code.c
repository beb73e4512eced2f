#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "core/code.h"
#include "core/ids.h"

static shian_keys_t  keys;


static int
setup(void **state)
{
    size_t  i;

    (void) state;
    memset(&keys, 0, sizeof(keys));
    keys.n = 2;

    for (i = 0; i < SHIAN_KEY_SIZE; i++) {
        keys.key[0].key[i] = (uint8_t) i;
        keys.key[1].key[i] = (uint8_t) i;
    }

    keys.key[0].kind = SHIAN_KEY_PLAQUE;
    keys.key[0].no = 7;
    keys.key[1].kind = SHIAN_KEY_PLAQUE;
    keys.key[1].no = 31;

    return 0;
}


static void
assert_reads(const char *text, uint64_t id, uint32_t no)
{
    uint64_t  got;
    uint32_t  got_no;

    assert_true(shian_code_read(&keys, shian_str(text), &got, &got_no));
    assert_int_equal(got, id);
    assert_int_equal(got_no, no);
}


/* Worked out apart from this code with Python's hashlib.blake2b. */
static void
known_codes(void **state)
{
    char  out[SHIAN_CODE_LEN + 1];

    (void) state;
    assert_true(shian_code_make(&keys, 7, UINT64_C(0x123456789a), out));
    assert_string_equal(out, "728T5CY4TPSVTHZZQ");
    assert_true(shian_code_make(&keys, 31, SHIAN_CODE_MAX_ID, out));
    assert_string_equal(out, "ZZZZZZZZZYGH5HEK7");

    assert_false(shian_code_make(&keys, 31, SHIAN_CODE_MAX_ID + 1, out));
    assert_false(shian_code_make(&keys, 8, 1, out));

    assert_reads("728T5CY4TPSVTHZZQ", UINT64_C(0x123456789a), 7);
    assert_reads("ZZZZZZZZZYGH5HEK7", SHIAN_CODE_MAX_ID, 31);
}


static void
people_type_freely(void **state)
{
    char  code[SHIAN_CODE_LEN + 1], group[SHIAN_CODE_GROUP_LEN + 1];

    (void) state;
    shian_code_group("728T5CY4TPSVTHZZQ", group);
    assert_string_equal(group, "7-28T5-CY4T-PSVT-HZZQ");
    assert_reads(group, UINT64_C(0x123456789a), 7);
    assert_reads("728t5cy4tpsvthzzq", UINT64_C(0x123456789a), 7);
    assert_reads("-728T-5CY4TPSVTHZZQ--", UINT64_C(0x123456789a), 7);

    /* id 0x21: 0000 0011; O and o for 0, I, i, L and l for 1. */
    assert_true(shian_code_make(&keys, 7, 0x21, code));
    assert_memory_equal(code, "700000011", 9);
    memcpy(code + 1, "OoOo0oIl", 8);
    assert_reads(code, 0x21, 7);
    memcpy(code + 1, "000000Li", 8);
    assert_reads(code, 0x21, 7);
}


static void
bad_texts_are_refused(void **state)
{
    size_t                    i;
    uint32_t                  no;
    uint64_t                  id;
    static const char *const  bad[] = {
        "", "7", "728T5CY4TPSVTHZZ", "728T5CY4TPSVTHZZQQ",
        "728T5CY4TPSVTHZZ-", "728T5CY4TPSVTHZZU", "728T5CY4TPSVTHZZ*",
        "728T5CY4TPSVTHZZ ", " 728T5CY4TPSVTHZZQ", "-----------------",
        "728T5CY4TPSVTHZZQ------------------------",
        "828T5CY4TPSVTHZZQ",        /* no such key */
        "Z28T5CY4TPSVTHZZQ",        /* the same key by another number */
        "728T5CY4TPSVTHZZ\xc3\xa9",
    };

    (void) state;

    for (i = 0; i < SHIAN_COUNT(bad); i++) {
        assert_false(shian_code_read(&keys, shian_str(bad[i]), &id, &no));
    }

    assert_false(shian_code_read(&keys, SHIAN_NONE, &id, &no));
    assert_false(shian_code_read(&keys,
                                 shian_slice("728T5CY4TPSVTHZ\0Q", 17), &id,
                                 &no));
}


/* No code but the right one is accepted one character away. */
static void
every_wrong_character_is_refused(void **state)
{
    char               code[SHIAN_CODE_LEN + 1], copy[SHIAN_CODE_LEN + 1];
    size_t             i, j, k;
    uint8_t            random[5];
    uint32_t           no;
    uint64_t           id, got;
    static const char  alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    (void) state;

    for (k = 0; k < 50; k++) {
        shian_random(random, sizeof(random));

        for (i = 0, id = 0; i < sizeof(random); i++) {
            id = id << 8 | random[i];
        }

        assert_true(shian_code_make(&keys, 31, id, code));
        assert_reads(code, id, 31);

        for (i = 0; i < SHIAN_CODE_LEN; i++) {
            for (j = 0; j < 32; j++) {
                memcpy(copy, code, sizeof(copy));
                copy[i] = alphabet[j];
                assert_int_equal(shian_code_read(&keys, shian_str(copy),
                                                 &got, &no),
                                 alphabet[j] == code[i]);
            }
        }
    }
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_codes),
        cmocka_unit_test(people_type_freely),
        cmocka_unit_test(bad_texts_are_refused),
        cmocka_unit_test(every_wrong_character_is_refused),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, setup, NULL);
}
