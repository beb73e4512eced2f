#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "domain/operations.h"
#include "store/store.h"


/* The number of fields of Operation that are in its oneof. */
static size_t
bodies(void)
{
    size_t                           n;
    unsigned                         i;
    const ProtobufCFieldDescriptor  *f;

    n = 0;

    for (i = 0; i < shian__operation__descriptor.n_fields; i++) {
        f = &shian__operation__descriptor.fields[i];
        n += (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
    }

    return n;
}


static void
operations_are_in_order_and_all_there(void **state)
{
    size_t                           i;
    const shian_operation_row_t     *row;
    const ProtobufCFieldDescriptor  *f;

    assert_int_equal(shian_noperations, bodies());

    for (i = 0; i < shian_noperations; i++) {
        row = &shian_operations[i];

        assert_true(i == 0 || row->body > shian_operations[i - 1].body);

        f = protobuf_c_message_descriptor_get_field(
                &shian__operation__descriptor, (unsigned) row->body);
        assert_non_null(f);
        assert_ptr_equal(f->descriptor, row->message);

        assert_non_null(row->check);
        assert_non_null(row->apply);
        assert_true(row->roles != 0);
        assert_int_equal(row->roles & ~SHIAN_ANYBODY, 0);
        assert_ptr_equal(shian_operation(row->body), row);
    }

    assert_null(shian_operation(SHIAN__OPERATION__BODY__NOT_SET));
    assert_null(shian_operation(shian_operations[0].body - 1));
    assert_null(shian_operation(shian_operations[shian_noperations - 1].body
                                + 1));
}


/* "review.post" is ReviewPost, so that log and schema tell the same story. */
static void
operations_are_named_as_their_messages(void **state)
{
    char         name[64];
    size_t       i, n;
    const char  *p;

    for (i = 0; i < shian_noperations; i++) {
        n = 0;

        for (p = shian_operations[i].message->short_name; *p; p++) {
            if (*p >= 'A' && *p <= 'Z' && n != 0) {
                name[n++] = '.';
            }
            assert_true(n < sizeof(name) - 2);
            name[n++] = *p >= 'A' && *p <= 'Z' ? (char) (*p + 'a' - 'A')
                                               : *p;
        }

        name[n] = '\0';
        assert_string_equal(shian_operations[i].name, name);
        assert_ptr_equal(shian_operation_named(name), &shian_operations[i]);
    }

    assert_null(shian_operation_named("review"));
    assert_null(shian_operation_named(""));
}


/* Who is nobody may do only what is checked by more than a role. */
static void
few_operations_are_open_to_anybody(void **state)
{
    size_t  i, j;
    bool    expected;

    static const char *const  open[] = {
        "review.post", "photo.put", "session.start", "session.end",
        "complaint.post", "complaint.follow"
    };

    for (i = 0; i < shian_noperations; i++) {
        expected = false;

        for (j = 0; j < SHIAN_COUNT(open); j++) {
            expected |= strcmp(open[j], shian_operations[i].name) == 0;
        }

        assert_int_equal(
            (shian_operations[i].roles & SHIAN_ROLE(public)) != 0, expected);
    }
}


static void
field_rules_fit_the_schema(void **state)
{
    size_t  i, j, bad;

    bad = SIZE_MAX;

    if (!shian_bind_check(shian_field_rules, shian_nfield_rules, &bad)) {
        fail_msg("row %zu: %s", bad, shian_field_rules[bad].field);
    }

    for (i = 0; i < shian_nfield_rules; i++) {
        for (j = 0; j < i; j++) {
            if (shian_field_rules[i].message != shian_field_rules[j].message)
            {
                continue;
            }

            assert_string_not_equal(shian_field_rules[i].field,
                                    shian_field_rules[j].field);

            /* Rows of one message stand together. */
            assert_ptr_equal(shian_field_rules[i - 1].message,
                             shian_field_rules[i].message);
        }
    }
}


/* Nobody outside sets what an operation rests on. */
static void
what_is_ours_has_no_rule(void **state)
{
    size_t  i, j;

    static const char *const  ours[] = {
        "id", "at", "actor", "vault", "hold", "masked", "scan", "device",
        "session", "link", "state", "decided_by", "uscc_doubtful"
    };

    for (i = 0; i < shian_nfield_rules; i++) {
        for (j = 0; j < SHIAN_COUNT(ours); j++) {
            assert_string_not_equal(shian_field_rules[i].field, ours[j]);
        }
    }
}


static void
tables_are_complete_and_their_names_unique(void **state)
{
    size_t  i, j;

    for (i = 0; i < SHIAN_T_MAX; i++) {
        assert_non_null(shian_tables[i].name);
        assert_non_null(shian_tables[i].key);
        assert_true(shian_tables[i].name[0] != '\0');

        for (j = 0; j < i; j++) {
            assert_string_not_equal(shian_tables[i].name,
                                    shian_tables[j].name);
        }

        /* What a replay does not give back: keys, and this machine's. */
        assert_int_equal(shian_tables[i].kind != SHIAN_REPLAYED,
                         i == SHIAN_T_VAULT || i == SHIAN_T_EPOCH
                         || i == SHIAN_T_ERASED || i == SHIAN_T_CLOCK);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(operations_are_in_order_and_all_there),
        cmocka_unit_test(operations_are_named_as_their_messages),
        cmocka_unit_test(few_operations_are_open_to_anybody),
        cmocka_unit_test(field_rules_fit_the_schema),
        cmocka_unit_test(what_is_ours_has_no_rule),
        cmocka_unit_test(tables_are_complete_and_their_names_unique),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, NULL, NULL);
}
