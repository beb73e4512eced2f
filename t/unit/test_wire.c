#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "core/wire.h"
#include "shian.pb-c.h"


static void
reads_what_was_packed(void **state)
{
    size_t          n, fields;
    uint8_t         row[256];
    shian_str_t     rest;
    shian_wire_t    f;
    Shian__Venue    v = SHIAN__VENUE__INIT;

    (void) state;
    fields = 0;
    v.has_id = 1;
    v.id = UINT64_MAX;
    v.name = "\xe9\xa3\x9f\xe5\xae\x89";
    v.has_lng = 1;
    v.lng = 121.4;
    v.has_opened_on = 1;
    v.opened_on = -5;
    assert_true(shian__venue__get_packed_size(&v) <= sizeof(row));
    n = shian__venue__pack(&v, row);

    for (rest = shian_slice(row, n); shian_wire_next(&rest, &f); fields++) {
        if (f.id == 1) {
            assert_int_equal(f.number, UINT64_MAX);
            assert_null(f.bytes.p);
        } else if (f.bytes.p != NULL) {
            assert_true(shian_str_is(f.bytes, v.name));
            assert_int_equal(f.number, 0);
        }
    }

    assert_int_equal(rest.n, 0);
    assert_int_equal(fields, 4);
}


static void
takes_nothing_malformed(void **state)
{
    size_t        i;
    shian_str_t   rest;
    shian_wire_t  f;

    static const shian_str_t  wrong[] = {
        { (const uint8_t *) "\x08", 1 },            /* no number */
        { (const uint8_t *) "\x08\x80", 2 },        /* one without an end */
        { (const uint8_t *) "\x0a\x02z", 3 },       /* too few bytes */
        { (const uint8_t *) "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01z",
          12 },
        { (const uint8_t *) "\x09zzzzzzz", 8 },
        { (const uint8_t *) "\x0dzzz", 4 },
        { (const uint8_t *) "\x0b\x0c", 2 },        /* a group */
        { (const uint8_t *) "\x0f", 1 },
        { (const uint8_t *) "\x02\x00", 2 },        /* field 0 */
        { (const uint8_t *) "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
          11 },
        { (const uint8_t *) "\xfa\xff\xff\xff\xff\xff\x01z", 8 },
    };

    (void) state;

    for (i = 0; i < SHIAN_COUNT(wrong); i++) {
        rest = wrong[i];
        assert_false(shian_wire_next(&rest, &f));
        assert_int_equal(rest.n, wrong[i].n);
    }

    rest = SHIAN_NONE;
    assert_false(shian_wire_next(&rest, &f));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(reads_what_was_packed),
        cmocka_unit_test(takes_nothing_malformed),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
