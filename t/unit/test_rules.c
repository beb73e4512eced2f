#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <sodium.h>

#include "trial.h"
#include "city.h"
#include "domain/policy.h"
#include "domain/rules.h"

/* faults B10: what an entry means stands in the log, and verify looks. */


static shian_txn_t *
look(city_t *c)
{
    static shian_txn_t  t;

    assert_int_equal(shian_txn_begin(c->store, &c->arena, false, &t), 0);

    return &t;
}


static void
an_entry_holds_its_rules_and_what_it_made(void **state)
{
    city_t         c;
    shian_txn_t   *t;
    Shian__Entry  *e;

    (void) state;
    city_open(&c, 1, CITY_MAP);
    assert_int_equal(city_do(&c, city_venue(&c, "Noodles")), 200);
    assert_int_equal(city_do(&c, city_review(&c, 1, 5, "soup", 1, 1)), 200);

    t = look(&c);
    e = shian_log_get(t, 2);
    assert_non_null(e);
    assert_int_equal(e->rules, 1);
    assert_int_equal(e->result->id, 1);
    assert_int_equal(e->result->venue, 1);
    assert_false(e->result->has_seq);
    assert_false(e->result->has_repeated_request);
    shian_txn_abort(t);

    city_close(&c);
}


/* ---- forgeries whose chain is right ---------------------------------------*/

/* Writes the last entry anew, with a hash that fits. */
static void
forge(city_t *c, void (*change)(Shian__Entry *e))
{
    size_t                     n;
    uint8_t                   *row;
    shian_txn_t                t;
    shian_str_t                before;
    Shian__Entry              *e;
    shian_head_t               head;
    shian_rowkey_t             k;
    crypto_generichash_state   h;

    assert_int_equal(shian_txn_begin(c->store, &c->arena, true, &t), 0);
    shian_log_head(&t, &head);
    e = shian_log_get(&t, head.seq);
    assert_non_null(e);
    change(e);

    k = shian_rowkey_id(head.seq - 1);
    assert_true(shian_row_get(&t, SHIAN_T_LOG, &k, &before));

    n = shian__entry__get_packed_size(e);
    row = shian_alloc(&c->arena, SHIAN_HASH_SIZE + n);
    shian__entry__pack(e, row + SHIAN_HASH_SIZE);
    crypto_generichash_init(&h, NULL, 0, SHIAN_HASH_SIZE);
    crypto_generichash_update(&h, before.p, SHIAN_HASH_SIZE);
    crypto_generichash_update(&h, row + SHIAN_HASH_SIZE, n);
    crypto_generichash_final(&h, row, SHIAN_HASH_SIZE);

    k = shian_rowkey_id(head.seq);
    shian_row_put(&t, SHIAN_T_LOG, &k, shian_slice(row, SHIAN_HASH_SIZE + n));
    assert_int_equal(shian_txn_commit(&t), 0);
}


static void
another_result(Shian__Entry *e)
{
    e->result->id++;
}


static void
other_rules(Shian__Entry *e)
{
    e->rules = 2;
}


static void
not_allowed(Shian__Entry *e)
{
    e->operation->actor->role = SHIAN__ROLE__KIND__bank;
}


static void
nothing_new(Shian__Entry *e)
{
    e->operation->body_case = SHIAN__OPERATION__BODY_VENUE_UPSERT;
    e->operation->venue_upsert->venue->name = "Noodles";
}


static void
verify_checks_what_each_entry_says(void **state)
{
    size_t  i;
    city_t  c;
    char    err[256];

    static const struct {
        void        (*change)(Shian__Entry *e);
        const char   *err;
    } forgeries[] = {
        { another_result, "log entry 2: applying it gives another result" },
        { other_rules, "log entry 2: it is under other rules" },
        { not_allowed, "log entry 2: Your role may not do this." },
        { nothing_new, "log entry 2: it changes nothing" },
    };

    (void) state;

    for (i = 0; i < SHIAN_COUNT(forgeries); i++) {
        city_open(&c, 1, CITY_MAP);
        assert_int_equal(city_do(&c, city_venue(&c, "Noodles")), 200);
        assert_int_equal(city_do(&c, city_venue(&c, "Rice")), 200);
        assert_true(city_verify(&c, err, sizeof(err)));

        forge(&c, forgeries[i].change);
        assert_false(city_verify(&c, err, sizeof(err)));

        if (strncmp(err, forgeries[i].err, strlen(forgeries[i].err)) != 0) {
            fail_msg("%s", err);
        }

        city_close(&c);
    }
}


/* ---- numbers --------------------------------------------------------------*/

static void
put_in_force(city_t *c, uint32_t number)
{
    shian_op_t   o;
    shian_txn_t  t;

    assert_int_equal(shian_txn_begin(c->store, &c->arena, true, &t), 0);
    memset(&o, 0, sizeof(o));
    o.txn = &t;
    shian_rules_put(&o, number);
    assert_int_equal(shian_txn_commit(&t), 0);
}


static void
a_program_that_knows_less_reads_and_does_not_write(void **state)
{
    city_t        c;
    shian_txn_t  *t;

    (void) state;
    city_open(&c, 1, CITY_MAP);
    assert_int_equal(city_do(&c, city_venue(&c, "Noodles")), 200);

    put_in_force(&c, shian_rules_newest() + 1);
    assert_int_equal(city_do(&c, city_venue(&c, "Rice")), 503);
    assert_string_equal(c.item[0].report.code, "rules_newer");

    t = look(&c);
    assert_non_null(shian_venue_get(t, 1));
    assert_null(shian_venue_get(t, 2));
    shian_txn_abort(t);

    city_close(&c);
}


static void
what_was_prepared_under_other_rules_is_refused(void **state)
{
    city_t  c;

    (void) state;
    city_open(&c, 1, CITY_MAP);

    city_add(&c, city_venue(&c, "Noodles"));
    c.item[0].rules = 1;
    assert_int_equal(city_run(&c), 0);
    assert_int_equal(c.item[0].report.status, 200);

    city_add(&c, city_venue(&c, "Rice"));
    c.item[0].rules = 2;
    assert_int_equal(city_run(&c), 0);
    assert_int_equal(c.item[0].report.status, 503);
    assert_string_equal(c.item[0].report.code, "rules_changed");
    c.item[0].rules = 0;

    city_close(&c);
}


static void
rules_are_in_order(void **state)
{
    uint32_t  i;

    (void) state;

    for (i = 1; i <= shian_nrules; i++) {
        assert_non_null(shian_rules(i));
        assert_int_equal(shian_rules(i)->number, i);
        assert_non_null(shian_rules(i)->says);
        assert_non_null(shian_rules(i)->policy);
        assert_int_equal(shian_rules(i)->tz_minutes, SHIAN_TZ_MINUTES);
    }

    assert_int_equal(shian_rules_newest(), shian_nrules);
    assert_false(shian_rules_known(0));
    assert_false(shian_rules_known(i));
}


/* ---- the beginning --------------------------------------------------------*/

static Shian__StoreInit *
init(city_t *c, Shian__Operation **op)
{
    Shian__StoreInit  *init;

    *op = city_operation(c, SHIAN__ROLE__KIND__admin, 0);
    init = CITY_BODY(c, *op, STORE_INIT, store_init, Shian__StoreInit,
                     shian__store_init__init);
    init->has_site = init->has_rules = init->has_tz_minutes = 1;
    init->site = shian_binary(SHIAN_STR("0123456789abcdef"));
    init->rules = 1;
    init->tz_minutes = SHIAN_TZ_MINUTES;
    init->policy = shian_policy_document(&c->arena, &shian_policy_default,
                                         "default-1");
    assert_non_null(init->policy);

    return init;
}


static void
a_log_begins_with_rules_and_policy(void **state)
{
    city_t                c;
    char                  err[256];
    uint64_t              seq;
    shian_txn_t          *t;
    Shian__Operation     *op;
    Shian__PolicyRecord  *p;

    (void) state;
    city_open(&c, 1, CITY_MAP);

    init(&c, &op)->tz_minutes = 0;
    assert_int_equal(city_do(&c, op), 422);
    init(&c, &op)->rules = shian_rules_newest() + 1;
    assert_int_equal(city_do(&c, op), 503);
    init(&c, &op)->policy->colour->yellow = 99;
    assert_int_equal(city_do(&c, op), 422);

    (void) init(&c, &op);
    assert_int_equal(city_do(&c, op), 200);
    assert_int_equal(city_do(&c, op), 200);
    assert_false(c.item[0].result.has_seq);

    t = look(&c);
    assert_int_equal(shian_rules_in_force(t, &seq), 1);
    assert_int_equal(seq, 1);
    p = shian_policy_record(t);
    assert_non_null(p);
    assert_string_equal(p->policy->version, "default-1");
    assert_int_equal(p->policy->stale_days, 730);
    shian_txn_abort(t);
    assert_true(city_verify(&c, err, sizeof(err)));

    city_close(&c);
}


/* ---- adopting others ------------------------------------------------------*/

static Shian__Operation *
adopt(city_t *c, uint32_t number)
{
    Shian__Operation  *op;

    op = city_operation(c, SHIAN__ROLE__KIND__admin, 0);
    CITY_BODY(c, op, RULES_ADOPT, rules_adopt, Shian__RulesAdopt,
              shian__rules_adopt__init)->number = number;
    op->rules_adopt->has_number = 1;

    return op;
}


static void
graded_red(city_t *c, const char *name)
{
    uint64_t              id;
    Shian__Operation     *op;
    Shian__Inspection    *in;
    Shian__VenueStatus   *status;

    assert_int_equal(city_do(c, city_venue(c, name)), 200);
    id = c->item[0].result.id;

    op = city_operation(c, SHIAN__ROLE__KIND__admin, 0);
    in = shian_zalloc(&c->arena, sizeof(*in));
    shian__inspection__init(in);
    in->has_venue = in->has_on = in->has_score = 1;
    in->venue = id;
    in->on = shian_local_day(c->now, SHIAN_TZ_MINUTES) - 1;
    in->score = 100;
    CITY_BODY(c, op, INSPECTION_IMPORT, inspection_import,
              Shian__InspectionImport,
              shian__inspection_import__init)->inspection = in;
    assert_int_equal(city_do(c, op), 200);

    op = city_operation(c, SHIAN__ROLE__KIND__chief, 0);
    status = CITY_BODY(c, op, VENUE_STATUS, venue_status, Shian__VenueStatus,
                       shian__venue_status__init);
    status->has_venue = status->has_status = 1;
    status->venue = id;
    status->status = SHIAN__VENUE__STATUS__suspended;
    assert_int_equal(city_do(c, op), 200);
}


/* Files an appeal and gives the day that it is due on; 0: refused. */
static int32_t
appeal(city_t *c, uint64_t venue)
{
    int32_t             due;
    shian_txn_t        *t;
    Shian__Appeal      *a;
    Shian__Operation   *op;
    Shian__AppealFile  *body;

    op = city_operation(c, SHIAN__ROLE__KIND__venue, venue);
    body = CITY_BODY(c, op, APPEAL_FILE, appeal_file, Shian__AppealFile,
                     shian__appeal_file__init);
    body->has_venue = 1;
    body->venue = venue;
    body->text = "no";

    if (city_do(c, op) != 200) {
        return 0;
    }

    t = look(c);
    a = shian_get(t, SHIAN_T_APPEAL, c->item[0].result.id,
                  &shian__appeal__descriptor);
    assert_non_null(a);
    due = a->due_on - shian_local_day(c->now, SHIAN_TZ_MINUTES);
    shian_txn_abort(t);

    return due;
}


/* What was done before keeps its meaning, and a replay follows both. */
static void
a_correction_counts_from_its_adoption_on(void **state)
{
    char           err[256];
    city_t         c;
    uint64_t       seq;
    shian_txn_t   *t;
    Shian__Entry  *e;

    (void) state;
    city_open(&c, 1, CITY_MAP);
    graded_red(&c, "Noodles");
    graded_red(&c, "Rice");
    assert_int_equal(appeal(&c, 1), 21);

    assert_int_equal(city_do(&c, adopt(&c, 3)), 422);
    assert_int_equal(city_do(&c, adopt(&c, 1)), 200);
    assert_false(c.item[0].result.has_seq);

    /* Not before all venues have been taken over midnight. */
    assert_int_equal(city_do(&c, adopt(&c, 2)), 409);
    city_pass_day(&c);
    assert_int_equal(city_do(&c, adopt(&c, 2)), 200);
    assert_int_equal(city_do(&c, adopt(&c, 1)), 409);
    assert_int_equal(appeal(&c, 2), 10);

    t = look(&c);
    assert_int_equal(shian_rules_in_force(t, &seq), 2);
    e = shian_log_get(t, seq);
    assert_non_null(e);
    assert_int_equal(e->operation->body_case,
                     SHIAN__OPERATION__BODY_RULES_ADOPT);
    assert_int_equal(e->rules, 1);
    assert_int_equal(shian_log_get(t, seq + 1)->rules, 2);
    shian_txn_abort(t);

    if (!city_verify(&c, err, sizeof(err))) {
        fail_msg("%s", err);
    }

    city_close(&c);
}


/* An adoption in the middle of a batch. */
static void
each_operation_is_under_the_rules_at_its_place(void **state)
{
    city_t         c;
    shian_txn_t   *t;

    (void) state;
    city_open(&c, 1, CITY_MAP);
    city_add(&c, city_venue(&c, "Noodles"));
    city_add(&c, city_day(&c, 1, 1));
    city_add(&c, adopt(&c, 2));
    city_add(&c, city_venue(&c, "Rice"));
    c.item[3].rules = 1;
    city_add(&c, city_venue(&c, "Tea"));
    assert_int_equal(city_run(&c), 0);
    assert_int_equal(c.item[3].report.status, 503);

    t = look(&c);
    assert_int_equal(shian_log_get(t, 1)->rules, 1);
    assert_int_equal(shian_log_get(t, 2)->rules, 1);
    assert_int_equal(shian_log_get(t, 3)->rules, 1);
    assert_int_equal(shian_log_get(t, 4)->rules, 2);
    shian_txn_abort(t);

    c.item[3].rules = 0;
    city_close(&c);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_entry_holds_its_rules_and_what_it_made),
        cmocka_unit_test(verify_checks_what_each_entry_says),
        cmocka_unit_test(a_program_that_knows_less_reads_and_does_not_write),
        cmocka_unit_test(what_was_prepared_under_other_rules_is_refused),
        cmocka_unit_test(rules_are_in_order),
        cmocka_unit_test(a_log_begins_with_rules_and_policy),
        cmocka_unit_test(a_correction_counts_from_its_adoption_on),
        cmocka_unit_test(each_operation_is_under_the_rules_at_its_place),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
