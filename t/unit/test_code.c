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
    keys.n = 4;

    for (i = 0; i < SHIAN_KEY_SIZE; i++) {
        keys.key[0].key[i] = (uint8_t) i;
        keys.key[1].key[i] = (uint8_t) i;
        keys.key[2].key[i] = (uint8_t) i;
        keys.key[3].key[i] = (uint8_t) i;
        keys.site[i % SHIAN_SITE_SIZE] = (uint8_t) (i % SHIAN_SITE_SIZE);
    }

    keys.key[2].kind = SHIAN_KEY_LINK;
    keys.key[2].no = 3;
    keys.key[3].kind = SHIAN_KEY_SCAN;
    keys.key[3].no = 4;

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
    assert_string_equal(out, "728T5CY4TZ0W29TSV");
    assert_true(shian_code_make(&keys, 31, SHIAN_CODE_MAX_ID, out));
    assert_string_equal(out, "ZZZZZZZZZHBXY149C");

    assert_false(shian_code_make(&keys, 31, SHIAN_CODE_MAX_ID + 1, out));
    assert_false(shian_code_make(&keys, 8, 1, out));

    assert_reads("728T5CY4TZ0W29TSV", UINT64_C(0x123456789a), 7);
    assert_reads("ZZZZZZZZZHBXY149C", SHIAN_CODE_MAX_ID, 31);
}


static void
people_type_freely(void **state)
{
    char  code[SHIAN_CODE_LEN + 1], group[SHIAN_CODE_GROUP_LEN + 1];

    (void) state;
    shian_code_group("728T5CY4TZ0W29TSV", group);
    assert_string_equal(group, "7-28T5-CY4T-Z0W2-9TSV");
    assert_reads(group, UINT64_C(0x123456789a), 7);
    assert_reads("728t5cy4tz0w29tsv", UINT64_C(0x123456789a), 7);
    assert_reads("-728T-5CY4TZ0W29TSV--", UINT64_C(0x123456789a), 7);

    /* id 0x21: 0000 0011; O and o for 0, I, i, L and l for 1. */
    assert_true(shian_code_make(&keys, 7, 0x21, code));
    assert_memory_equal(code, "700000011", 9);
    memcpy(code + 1, "OoOo0oIl", 8);
    assert_reads(code, 0x21, 7);
    memcpy(code + 1, "000000Li", 8);
    assert_reads(code, 0x21, 7);

    /* What chat programs take along: 。 and ) and a full-width ! */
    assert_reads("728T5CY4TZ0W29TSV\xe3\x80\x82", UINT64_C(0x123456789a), 7);
    assert_reads("728T5CY4TZ0W29TSV).", UINT64_C(0x123456789a), 7);
    assert_reads("728T5CY4TZ0W29TSV\xef\xbc\x81", UINT64_C(0x123456789a), 7);
}


static void
bad_texts_are_refused(void **state)
{
    size_t                    i;
    uint32_t                  no;
    uint64_t                  id;
    static const char *const  bad[] = {
        "", "7", "728T5CY4TZ0W29TS", "728T5CY4TZ0W29TSVQ",
        "728T5CY4TZ0W29TS-", "728T5CY4TZ0W29TSU", "728T5CY4TZ0W29TS*",
        "728T5CY4TZ0W29TS ", " 728T5CY4TZ0W29TSV", "-----------------",
        "728T5CY4TZ0W29TSV-----------------------------------------",
        "828T5CY4TZ0W29TSV",        /* no such key */
        "Z28T5CY4TZ0W29TSV",        /* the same key by another number */
        "728T5CY4TZ0W29TS\xc3\xa9", "728T5CY4TZ0W29TSV x",
    };

    (void) state;

    for (i = 0; i < SHIAN_COUNT(bad); i++) {
        assert_false(shian_code_read(&keys, shian_str(bad[i]), &id, &no));
    }

    assert_false(shian_code_read(&keys, SHIAN_NONE, &id, &no));
    assert_false(shian_code_read(&keys,
                                 shian_slice("728T5CY4TZ0W29T\0Q", 17), &id,
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


#define GENERATION  UINT64_C(0x1122334455667788)
#define HANDLE      UINT64_C(0xfedcba9876543210)

/* Worked out as the plaques' codes were. */
static const char *const  links[] = {
    "13FXQ5TK1V58CGG29NEN6PE44B24X9X",
    "23FXQ5TK1V58CGG4EYNW2SFH3S8E0ZK"
};
static const char  scan_text[] =
    "BBI0VniaAaIHa0R7qqqqqqqqqqq7u7u7u7u7u7u7u7u7u7u7coxnN--Mdb_EnQ";


static void
known_links(void **state)
{
    int       kind;
    char      out[SHIAN_LINK_LEN + 1], low[SHIAN_LINK_LEN + 4];
    size_t    i;
    uint64_t  handle;

    (void) state;

    for (kind = SHIAN_LINK_SIGNIN; kind <= SHIAN_LINK_TRACK; kind++) {
        assert_true(shian_link_make(&keys, kind, GENERATION, HANDLE, out));
        assert_string_equal(out, links[kind - 1]);

        for (i = 0; i < SHIAN_LINK_LEN; i++) {
            low[i] = (char) (out[i] >= 'A' ? out[i] | 0x20 : out[i]);
        }

        memcpy(low + i, ").\0", 4);
        assert_true(shian_link_read(&keys, kind, GENERATION, shian_str(low),
                                    &handle));
        assert_int_equal(handle, HANDLE);

        /* For another use it is nothing. */
        assert_false(shian_link_read(&keys, 3 - kind, GENERATION,
                                     shian_str(out), &handle));

        /* faults B1: of another generation a way in is nothing either. */
        assert_int_equal(shian_link_read(&keys, kind, GENERATION + 1,
                                         shian_str(out), &handle),
                         kind == SHIAN_LINK_TRACK);
    }

    keys.n = 2;
    assert_false(shian_link_make(&keys, SHIAN_LINK_TRACK, 0, 1, out));
    keys.n = 4;
}


static void
every_wrong_character_of_a_link_is_refused(void **state)
{
    char               copy[SHIAN_LINK_LEN + 1];
    size_t             i, j;
    uint64_t           handle;
    static const char  alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    (void) state;

    for (i = 0; i < SHIAN_LINK_LEN; i++) {
        for (j = 0; j < 32; j++) {
            memcpy(copy, links[0], sizeof(copy));
            copy[i] = alphabet[j];
            assert_int_equal(shian_link_read(&keys, SHIAN_LINK_SIGNIN,
                                             GENERATION, shian_str(copy),
                                             &handle),
                             alphabet[j] == links[0][i]);
        }

        assert_false(shian_link_read(&keys, SHIAN_LINK_SIGNIN, GENERATION,
                                     shian_slice(links[0], i), &handle));
    }

    /* A site of its own has links of its own. */
    keys.site[0] ^= 1;
    assert_false(shian_link_read(&keys, SHIAN_LINK_SIGNIN, GENERATION,
                                 shian_str(links[0]), &handle));
    keys.site[0] ^= 1;
}


static void
handles_have_one_spelling(void **state)
{
    char      text[SHIAN_HANDLE_LEN + 1];
    uint64_t  handle;

    (void) state;
    shian_handle_text(HANDLE, text);
    assert_true(shian_handle_read(shian_str(text), &handle));
    assert_int_equal(handle, HANDLE);
    text[0] = 'G';
    assert_false(shian_handle_read(shian_str(text), &handle));
    assert_false(shian_handle_read(SHIAN_STR("000000000000a"), &handle));
    assert_false(shian_handle_read(SHIAN_STR("00000000000-0"), &handle));
    assert_false(shian_handle_read(SHIAN_STR("000000000000"), &handle));
    assert_false(shian_handle_read(SHIAN_NONE, &handle));
    assert_true(shian_new_handle() != shian_new_handle());
}


static void
a_scan_is_what_was_scanned(void **state)
{
    char               out[SHIAN_SCAN_LEN + 1];
    size_t             i;
    shian_scan_mark_t  mark, got;

    (void) state;
    mark.plaque = UINT64_C(0x123456789a);
    mark.at_ms = UINT64_C(1795420800123);
    memset(mark.random, 0xaa, sizeof(mark.random));
    memset(mark.device, 0xbb, sizeof(mark.device));

    assert_true(shian_scan_make(&keys, GENERATION, &mark, out));
    assert_string_equal(out, scan_text);
    assert_true(strlen(out) < 80);
    assert_true(shian_scan_read(&keys, GENERATION, shian_str(out), &got));
    assert_int_equal(got.plaque, mark.plaque);
    assert_int_equal(got.at_ms, mark.at_ms);
    assert_memory_equal(got.random, mark.random, sizeof(got.random));
    assert_memory_equal(got.device, mark.device, sizeof(got.device));
    assert_false(shian_scan_read(&keys, GENERATION + 1, shian_str(out),
                                 &got));

    for (i = 0; i < SHIAN_SCAN_LEN; i++) {
        out[i] = out[i] == 'A' ? 'B' : 'A';
        assert_false(shian_scan_read(&keys, GENERATION, shian_str(out),
                                     &got));
        out[i] = scan_text[i];
    }

    assert_false(shian_scan_read(&keys, GENERATION, SHIAN_NONE, &got));
    mark.at_ms = UINT64_C(1) << 48;
    assert_false(shian_scan_make(&keys, GENERATION, &mark, out));
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_codes),
        cmocka_unit_test(people_type_freely),
        cmocka_unit_test(bad_texts_are_refused),
        cmocka_unit_test(every_wrong_character_is_refused),
        cmocka_unit_test(known_links),
        cmocka_unit_test(every_wrong_character_of_a_link_is_refused),
        cmocka_unit_test(handles_have_one_spelling),
        cmocka_unit_test(a_scan_is_what_was_scanned),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, setup, NULL);
}
