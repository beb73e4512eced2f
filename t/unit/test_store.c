#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>

#include "city.h"
#include "domain/rules.h"


/* ---- opening --------------------------------------------------------------*/

static void
what_is_no_store_is_refused_in_one_line(void **state)
{
    char   dir[256], file[300], err[512];
    FILE  *f;

    (void) state;
    city_temporary(dir);

    assert_null(shian_store_open(dir, 0, 0, false, err, sizeof(err)));
    assert_non_null(strstr(err, "shianctl init"));
    assert_null(strchr(err, '\n'));
    assert_false(shian_store_test(dir, 0, err, sizeof(err)));

    snprintf(file, sizeof(file), "%s/data.mdb", dir);
    f = fopen(file, "w");
    assert_non_null(f);
    assert_true(fputs("this is not a store, and long enough to be read as "
                      "one if nobody looks at it", f) >= 0);
    assert_int_equal(fclose(f), 0);

    assert_null(shian_store_open(dir, 0, 0, false, err, sizeof(err)));
    assert_non_null(strstr(err, dir));
    assert_null(strchr(err, '\n'));

    city_remove(dir);
}


/* Makes a store with what an older program knew: all tables but the last. */
static void
make_older(const char *dir, int tables)
{
    int       i;
    uint8_t   format = SHIAN_STORE_FORMAT;
    MDB_env  *env;
    MDB_txn  *txn;
    MDB_dbi   dbi;
    MDB_val   k = { 6, (void *) "format" }, v = { 1, &format };

    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_set_maxdbs(env, 64), 0);
    assert_int_equal(mdb_env_open(env, dir, MDB_NOTLS, 0640), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);

    for (i = 0; i < tables; i++) {
        assert_int_equal(mdb_dbi_open(txn, shian_tables[i].name, MDB_CREATE,
                                      &dbi), 0);
        if (i == SHIAN_T_META) {
            assert_int_equal(mdb_put(txn, dbi, &k, &v, 0), 0);
        }
    }

    assert_int_equal(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
}


static void
an_older_store_says_which_table_it_lacks(void **state)
{
    char            dir[256], err[512], want[64];
    shian_store_t  *s;

    (void) state;
    city_temporary(dir);
    make_older(dir, SHIAN_T_MAX - 2);

    assert_null(shian_store_open(dir, CITY_MAP, 0, false, err, sizeof(err)));
    snprintf(want, sizeof(want), "table \"%s\" is missing",
             shian_tables[SHIAN_T_MAX - 2].name);
    assert_non_null(strstr(err, want));
    assert_non_null(strstr(err, "shianctl init"));
    assert_null(strchr(err, '\n'));

    /* What the line says does mend it. */
    s = shian_store_open(dir, CITY_MAP, 0, true, err, sizeof(err));
    assert_non_null(s);
    shian_store_close(s);
    s = shian_store_open(dir, CITY_MAP, 0, false, err, sizeof(err));
    assert_non_null(s);
    shian_store_close(s);

    city_remove(dir);
}


static void
another_format_is_refused_and_left_alone(void **state)
{
    city_t          c;
    char            err[512];
    shian_txn_t     t;
    shian_rowkey_t  k = { 0 };

    (void) state;
    city_open(&c, 1, CITY_MAP);
    shian_rowkey_bytes(&k, "format", 6);

    assert_int_equal(shian_txn_begin(c.store, &c.arena, true, &t), 0);
    shian_index_put(&t, SHIAN_T_META, &k, SHIAN_STORE_FORMAT + 1);
    assert_int_equal(shian_txn_commit(&t), 0);
    shian_store_close(c.store);

    assert_null(shian_store_open(c.dir, CITY_MAP, 0, true, err,
                                 sizeof(err)));
    assert_non_null(strstr(err, "another version"));
    assert_null(shian_store_open(c.dir, CITY_MAP, 0, false, err,
                                 sizeof(err)));

    c.store = NULL;
    city_close(&c);
}


/* ---- rows -----------------------------------------------------------------*/

static void
keys_are_cut_never_overrun(void **state)
{
    uint8_t         long_one[600];
    shian_rowkey_t  k;

    (void) state;
    memset(long_one, 'x', sizeof(long_one));
    k.n = 0;
    shian_rowkey_be(&k, 7, 8);
    shian_rowkey_bytes(&k, long_one, sizeof(long_one));
    shian_rowkey_be(&k, 7, 8);

    assert_int_equal(k.n, SHIAN_ROWKEY_MAX);
    assert_int_equal(shian_be(k.b, 8), 7);
}


static void
the_first_error_sticks_and_undoes_everything(void **state)
{
    city_t          c;
    shian_str_t     v;
    shian_txn_t     t;
    shian_rowkey_t  empty = { 0 }, k = shian_rowkey_id(9);

    (void) state;
    city_open(&c, 1, CITY_MAP);

    assert_int_equal(shian_txn_begin(c.store, &c.arena, true, &t), 0);
    shian_index_put(&t, SHIAN_T_USER, &k, 1);
    shian_index_put(&t, SHIAN_T_USER, &empty, 1);
    assert_int_equal(t.err, MDB_BAD_VALSIZE);
    shian_index_put(&t, SHIAN_T_USER, &k, 2);
    assert_int_equal(shian_txn_commit(&t), MDB_BAD_VALSIZE);

    assert_int_equal(shian_txn_begin(c.store, &c.arena, false, &t), 0);
    assert_false(shian_row_get(&t, SHIAN_T_USER, &k, &v));
    shian_txn_abort(&t);

    city_close(&c);
}


static void
scans_keep_to_prefix_and_start(void **state)
{
    city_t          c;
    size_t          n;
    uint64_t        i;
    shian_txn_t     t;
    shian_scan_t    s;
    shian_rowkey_t  k, prefix = { 0 };

    (void) state;
    city_open(&c, 1, CITY_MAP);
    assert_int_equal(shian_txn_begin(c.store, &c.arena, true, &t), 0);

    for (i = 0; i < 300; i++) {
        k.n = 0;
        shian_rowkey_be(&k, i / 100, 1);
        shian_rowkey_be(&k, i, 8);
        shian_index_put(&t, SHIAN_T_GEO, &k, 1);
    }

    shian_rowkey_be(&prefix, 1, 1);
    shian_scan_open(&s, &t, SHIAN_T_GEO, &prefix, NULL);
    for (n = 0; shian_scan_next(&s); n++) {
        assert_int_equal(shian_be(s.key.p + 1, 8), 100 + n);
    }
    shian_scan_close(&s);
    assert_int_equal(n, 100);

    k = prefix;
    shian_rowkey_be(&k, 150, 8);
    shian_scan_open(&s, &t, SHIAN_T_GEO, &prefix, &k);
    s.after = true;
    for (n = 0; shian_scan_next(&s); n++) {
        assert_int_equal(shian_be(s.key.p + 1, 8), 151 + n);
    }
    shian_scan_close(&s);
    assert_int_equal(n, 49);

    prefix.b[0] = 3;
    shian_scan_open(&s, &t, SHIAN_T_GEO, &prefix, NULL);
    assert_false(shian_scan_next(&s));
    shian_scan_close(&s);

    shian_txn_abort(&t);
    city_close(&c);
}


static void
counters_vanish_at_nought(void **state)
{
    city_t        c;
    char          name[300];
    shian_str_t   k, v;
    shian_txn_t   t;

    (void) state;
    city_open(&c, 1, CITY_MAP);
    assert_int_equal(shian_txn_begin(c.store, &c.arena, true, &t), 0);

    memset(name, 'n', sizeof(name));
    shian_count_add(&t, 'd', shian_slice(name, sizeof(name)), 3, 2);
    shian_count_add(&t, 'd', shian_slice(name, 200), 3, 1);
    assert_int_equal(shian_count_get(&t, 'd',
                                     shian_slice(name, sizeof(name)), 3), 3);
    assert_int_equal(shian_count_get(&t, 'd', shian_slice(name, 200), 2), 0);

    shian_count_add(&t, 'd', shian_slice(name, 250), 3, -3);
    assert_false(shian_row_last(&t, SHIAN_T_COUNT, &k, &v));

    shian_txn_abort(&t);
    city_close(&c);
}


/* ---- batches --------------------------------------------------------------*/

static uint64_t
log_length(city_t *c)
{
    shian_txn_t   t;
    shian_head_t  head;

    assert_int_equal(shian_txn_begin(c->store, &c->arena, false, &t), 0);
    shian_log_head(&t, &head);
    assert_int_equal(t.err, 0);
    shian_txn_abort(&t);

    return head.seq;
}


static void
a_full_store_says_so_and_keeps_what_it_has(void **state)
{
    city_t        c;
    char          name[64];
    uint64_t      n;
    shian_txn_t   t;

    (void) state;
    city_open(&c, 1, 256 * 1024);

    for (n = 0; n < 2000; n++) {
        snprintf(name, sizeof(name), "Number %d Noodle House",  (int) n);
        if (city_do(&c, city_venue(&c, name)) != 200) {
            break;
        }
        assert_int_equal(c.item[0].result.id, n + 1);
        shian_arena_free(&c.arena);
    }

    assert_in_range(n, 1, 1999);
    assert_int_equal(c.item[0].report.status, 507);
    assert_int_equal(log_length(&c), n);

    /* Reads go on, small writes may; and a larger map is all it takes. */
    assert_int_equal(shian_txn_begin(c.store, &c.arena, false, &t), 0);
    assert_non_null(shian_venue_get(&t, n));
    assert_null(shian_venue_get(&t, n + 1));
    shian_txn_abort(&t);

    shian_store_close(c.store);
    c.store = city_store(c.dir, CITY_MAP);
    assert_int_equal(city_do(&c, city_venue(&c, name)), 200);
    assert_int_equal(c.item[0].result.id, n + 1);
    assert_true(city_verify(&c, name, sizeof(name)));

    city_close(&c);
}


static bool
poisoned_check(shian_op_t *o)
{
    if (o->op->venue_upsert->venue->name[0] == '!') {
        return shian_fail(o->report, 409, "wrong_state", "refused");
    }

    return true;
}


static void
poisoned_apply(shian_op_t *o)
{
    if (o->op->venue_upsert->venue->name[0] == '?') {
        o->txn->err = EIO;
    }
}


static void
a_batch_that_fails_leaves_nothing_and_nobody_happy(void **state)
{
    size_t         i;
    city_t         c;
    shian_item_t  *items[4];

    static const shian_machine_t  poisoned = { poisoned_check,
                                               poisoned_apply,
                                               shian_rules_known };

    (void) state;
    city_open(&c, 1, CITY_MAP);
    city_add(&c, city_venue(&c, "fine"));
    city_add(&c, city_venue(&c, "! refused, because of what went before"));
    city_add(&c, city_venue(&c, "? the disk gives up here"));
    city_add(&c, city_venue(&c, "never looked at"));

    for (i = 0; i < 4; i++) {
        items[i] = &c.item[i];
    }

    assert_int_equal(shian_batch_run(c.store, &poisoned, items, 4), EIO);

    for (i = 0; i < 4; i++) {
        assert_int_equal(c.item[i].report.status, 500);
        assert_int_equal(c.item[i].result.has_seq, 0);
    }

    assert_int_equal(log_length(&c), 0);

    /* Without the poison the same batch goes through. */
    c.n = 4;
    assert_int_equal(city_run(&c), 0);
    assert_int_equal(log_length(&c), 4);

    city_close(&c);
}


static void
a_repeat_gets_the_first_answer(void **state)
{
    city_t             c;
    uint8_t            hash[32] = { 1 };
    Shian__Operation  *op;

    (void) state;
    city_open(&c, 1, CITY_MAP);

    op = city_venue(&c, "The Only One");
    op->idempotency_key = "key";
    op->has_body_hash = 1;
    op->body_hash = shian_binary(shian_slice(hash, sizeof(hash)));

    assert_int_equal(city_do(&c, op), 200);
    assert_false(c.item[0].result.repeated_request);
    assert_int_equal(c.item[0].result.seq, 1);

    /* In one batch, in the next, on the next day: never twice. */
    city_add(&c, op);
    op->at += 86400000;
    city_add(&c, op);
    assert_int_equal(city_run(&c), 0);
    assert_true(c.item[0].result.repeated_request);
    assert_true(c.item[1].result.repeated_request);
    assert_int_equal(c.item[1].result.id, 1);
    assert_int_equal(c.item[1].result.seq, 1);

    hash[0] = 2;
    assert_int_equal(city_do(&c, op), 422);
    op->has_body_hash = 0;
    assert_int_equal(city_do(&c, op), 422);
    assert_int_equal(log_length(&c), 1);

    /* Another's key is another key. */
    op->actor->has_device = 1;
    op->actor->device = shian_binary(SHIAN_STR("somebody else"));
    assert_int_equal(city_do(&c, op), 200);
    assert_false(c.item[0].result.repeated_request);

    city_close(&c);
}


static void
a_sweep_drops_what_is_over_and_no_more(void **state)
{
    city_t             c;
    char               err[256];
    size_t             i;
    uint8_t            id[24];
    shian_txn_t        t;
    Shian__Operation  *op;

    (void) state;
    city_open(&c, 1, CITY_MAP);

    for (i = 0; i < 50; i++) {
        shian_session_id(id, c.now + i * 1000);
        id[23] = (uint8_t) i;
        op = city_operation(&c, SHIAN__ROLE__KIND__public, 0);
        CITY_BODY(&c, op, SESSION_END, session_end, Shian__SessionEnd,
                  shian__session_end__init)->session =
            (ProtobufCBinaryData) { 24, id };
        op->session_end->has_session = 1;
        assert_int_equal(city_do(&c, op), 200);
    }

    op = city_operation(&c, SHIAN__ROLE__KIND__admin, 0);
    op->at = c.now + 20 * 1000;
    (void) CITY_BODY(&c, op, SWEEP, sweep, Shian__Sweep,
                     shian__sweep__init);
    assert_int_equal(city_do(&c, op), 200);

    assert_int_equal(shian_txn_begin(c.store, &c.arena, false, &t), 0);
    assert_true(shian_spent(&t, shian_slice(id, 24)));
    {
        MDB_stat  st;

        assert_int_equal(mdb_stat(t.mdb, c.store->dbi[SHIAN_T_SPENT], &st),
                         0);
        assert_int_equal(st.ms_entries, 30);
    }
    shian_txn_abort(&t);
    assert_true(city_verify(&c, err, sizeof(err)));

    city_close(&c);
}


/* An operation that could break its whole batch must not reach apply. */
static void
malformed_operations_harm_only_themselves(void **state)
{
    city_t             c;
    Shian__Photo       photo = SHIAN__PHOTO__INIT, *photos = &photo;
    Shian__Operation  *op;

    (void) state;
    city_open(&c, 1, CITY_MAP);
    assert_int_equal(city_do(&c, city_venue(&c, "Corner")), 200);

    op = city_review(&c, 1, 5, NULL, 1, 1);
    op->review_post->n_photo = 1;
    op->review_post->photo = &photos;
    city_add(&c, op);

    city_add(&c, city_review(&c, 1, 6, NULL, 2, 2));
    city_add(&c, city_review(&c, 1, 0, NULL, 3, 3));

    op = city_operation(&c, SHIAN__ROLE__KIND__public, 0);
    CITY_BODY(&c, op, SESSION_START, session_start, Shian__SessionStart,
              shian__session_start__init)->has_link = 1;
    city_add(&c, op);

    city_add(&c, city_review(&c, 1, 4, "fine", 4, 4));
    assert_int_equal(city_run(&c), 0);

    assert_int_equal(c.item[0].report.status, 400);
    assert_int_equal(c.item[1].report.status, 400);
    assert_int_equal(c.item[2].report.status, 400);
    assert_int_equal(c.item[3].report.status, 400);
    assert_int_equal(c.item[4].report.status, 200);

    city_close(&c);
}


/* ---- the log --------------------------------------------------------------*/

static void
verify_needs_a_store_to_replay_into(void **state)
{
    int             i;
    city_t          c;
    char            dir[256], err[256];
    MDB_txn        *reader[2];
    shian_store_t  *to;

    (void) state;
    city_open(&c, 1, CITY_MAP);
    city_temporary(dir);
    to = shian_store_open(dir, CITY_MAP, 2, true, err, sizeof(err));
    assert_non_null(to);

    for (i = 0; i < 2; i++) {
        assert_int_equal(mdb_txn_begin(to->env, NULL, MDB_RDONLY,
                                       &reader[i]), 0);
    }

    /* No reader left: nothing was compared, so nothing is proved. */
    assert_false(shian_verify(c.store, to, &shian_machine, NULL, NULL, err,
                              sizeof(err)));

    mdb_txn_abort(reader[0]);
    mdb_txn_abort(reader[1]);
    assert_true(shian_verify(c.store, to, &shian_machine, NULL, NULL, err,
                             sizeof(err)));

    shian_store_close(to);
    city_remove(dir);
    city_close(&c);
}


static void
tables_have_names_and_layouts(void **state)
{
    size_t  i, j;

    (void) state;

    for (i = 0; i < SHIAN_T_MAX; i++) {
        assert_non_null(shian_tables[i].name);
        assert_non_null(shian_tables[i].key);
        assert_int_equal(shian_tables[i].kind,
                         i == SHIAN_T_VAULT || i == SHIAN_T_EPOCH
                         || i == SHIAN_T_ERASED || i == SHIAN_T_CLOCK
                         ? SHIAN_KEPT : SHIAN_REPLAYED);
        for (j = 0; j < i; j++) {
            assert_string_not_equal(shian_tables[i].name,
                                    shian_tables[j].name);
        }
    }
}


static void
operations_run_on_in_the_schemas_order(void **state)
{
    size_t  i;

    const ProtobufCFieldDescriptor  *f;

    (void) state;

    for (i = 0; i < shian_noperations; i++) {
        assert_true(i == 0 || shian_operations[i].body
                              > shian_operations[i - 1].body);
        assert_ptr_equal(shian_operation(shian_operations[i].body),
                         &shian_operations[i]);
        assert_ptr_equal(shian_operation_named(shian_operations[i].name),
                         &shian_operations[i]);
        assert_true(shian_operations[i].roles != 0);

        f = protobuf_c_message_descriptor_get_field(
                &shian__operation__descriptor,
                (unsigned) shian_operations[i].body);
        assert_non_null(f);
        assert_ptr_equal(f->descriptor, shian_operations[i].message);
    }

    assert_null(shian_operation(SHIAN__OPERATION__BODY__NOT_SET));
    assert_null(shian_operation_named("no.such"));
    assert_null(protobuf_c_message_descriptor_get_field(
                    &shian__operation__descriptor,
                    (unsigned) shian_operations[i - 1].body + 1));
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_store_is_refused_in_one_line),
        cmocka_unit_test(an_older_store_says_which_table_it_lacks),
        cmocka_unit_test(another_format_is_refused_and_left_alone),
        cmocka_unit_test(keys_are_cut_never_overrun),
        cmocka_unit_test(the_first_error_sticks_and_undoes_everything),
        cmocka_unit_test(scans_keep_to_prefix_and_start),
        cmocka_unit_test(counters_vanish_at_nought),
        cmocka_unit_test(a_full_store_says_so_and_keeps_what_it_has),
        cmocka_unit_test(a_batch_that_fails_leaves_nothing_and_nobody_happy),
        cmocka_unit_test(a_repeat_gets_the_first_answer),
        cmocka_unit_test(a_sweep_drops_what_is_over_and_no_more),
        cmocka_unit_test(malformed_operations_harm_only_themselves),
        cmocka_unit_test(verify_needs_a_store_to_replay_into),
        cmocka_unit_test(tables_have_names_and_layouts),
        cmocka_unit_test(operations_run_on_in_the_schemas_order),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
