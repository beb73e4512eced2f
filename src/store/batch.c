#include "batch.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>

#include "clock.h"

#define MS_A_DAY  86400000u


static shian_rowkey_t
done_key(const Shian__Operation *op, uint64_t day)
{
    size_t                    n;
    uint8_t                   hash[16], actor[256];
    shian_rowkey_t               k;
    crypto_generichash_state  h;

    crypto_generichash_init(&h, NULL, 0, sizeof(hash));

    if (op->actor != NULL) {
        n = shian__actor__get_packed_size(op->actor);
        if (n <= sizeof(actor)) {
            shian__actor__pack(op->actor, actor);
            crypto_generichash_update(&h, actor, n);
        }
    }

    crypto_generichash_update(&h, (const uint8_t *) op->idempotency_key,
                              strlen(op->idempotency_key));
    crypto_generichash_final(&h, hash, sizeof(hash));

    k.n = 0;
    shian_rowkey_be(&k, day, 4);
    shian_rowkey_bytes(&k, hash, sizeof(hash));

    return k;
}


/* A request that was answered before: its answer again, or a refusal. */
static bool
done_before(shian_op_t *o)
{
    uint64_t      day;
    shian_rowkey_t   k;
    Shian__Done  *done;

    day = o->op->at / MS_A_DAY;

    k = done_key(o->op, day);
    done = shian_row_message(o->txn, SHIAN_T_DONE, &k,
                             &shian__done__descriptor);
    if (done == NULL) {
        k = done_key(o->op, day - 1);
        done = shian_row_message(o->txn, SHIAN_T_DONE, &k,
                                 &shian__done__descriptor);
    }

    if (done == NULL || done->result == NULL) {
        return false;
    }

    if (!shian_str_eq(shian_slice(done->body_hash.data, done->body_hash.len),
                      shian_slice(o->op->body_hash.data,
                                  o->op->body_hash.len)))
    {
        (void) shian_fail(o->report, 422, "conflict_key", "This idempotency "
                          "key was used for another request.");
        return true;
    }

    o->result = *done->result;
    o->result.has_repeated_request = 1;
    o->result.repeated_request = 1;

    return true;
}


static void
remember(shian_op_t *o)
{
    shian_rowkey_t  k;
    Shian__Done  done = SHIAN__DONE__INIT;

    k = done_key(o->op, o->op->at / MS_A_DAY);

    done.has_body_hash = o->op->has_body_hash;
    done.body_hash = o->op->body_hash;
    done.result = &o->result;

    shian_row_put_message(o->txn, SHIAN_T_DONE, &k, &done);
}


/* Log, tables, remembered answer: the same for a batch and for a replay. */
static void
apply(shian_op_t *o, const shian_machine_t *m, shian_head_t *head)
{
    /* What check left here is not in the log, so a replay has not got it. */
    shian__result__init(&o->result);

    o->seq = head->seq + 1;
    o->result.has_seq = 1;
    o->result.seq = o->seq;

    m->apply(o);
    shian_log_append(o, head);

    if (o->op->idempotency_key != NULL) {
        remember(o);
    }
}


/* Refusals, and what needs no entry, end here. */
static bool
may_apply(shian_op_t *o, const shian_machine_t *m)
{
    return (o->op->idempotency_key == NULL || !done_before(o))
           && m->check(o) && !o->unchanged;
}


static bool
rules_fit(shian_op_t *o, const shian_machine_t *m, uint32_t prepared)
{
    o->rules = shian_rules_in_force(o->txn, NULL);

    if (!m->knows(o->rules)) {
        return shian_fail(o->report, 503, "rules_newer", "The store goes on "
                          "under rules that this program does not know.");
    }

    return prepared == 0 || prepared == o->rules
           || shian_fail(o->report, 503, "rules_changed", "Other rules have "
                         "just been adopted; try again.");
}


/* The order of entries is that of their instants, unless a clock was wrong. */
static bool
in_order(const Shian__Operation *op, const shian_head_t *head)
{
    return op->at >= head->at
           || op->body_case == SHIAN__OPERATION__BODY_CLOCK_CONFIRM;
}


static void
run_item(shian_txn_t *t, const shian_machine_t *m, shian_head_t *head,
    shian_item_t *item)
{
    shian_op_t         o;
    shian_instant_t    now;
    Shian__Operation  *op;

    memset(&o, 0, sizeof(o));
    o.txn = t;
    o.arena = t->arena;
    o.report = &item->report;
    shian__result__init(&o.result);

    op = shian__operation__unpack(&t->arena->pb, item->operation.n,
                                  item->operation.p);
    if (op == NULL) {
        (void) shian_fail(&item->report, 500, "server", "An operation does "
                          "not unpack.");
        return;
    }

    if (!in_order(op, head)) {
        op->has_at = 1;
        op->at = head->at;
    }

    o.op = op;

    if (!rules_fit(&o, m, item->rules) || !may_apply(&o, m)) {
        item->result = o.result;
        return;
    }

    if (item->sealed) {
        shian_vault_put(t, item->keys, &item->vault);
    }

    apply(&o, m, head);
    item->result = o.result;

    if (op->body_case == SHIAN__OPERATION__BODY_CLOCK_CONFIRM) {
        shian_instant(&now);
        shian_clock_note(t, &now, true);
    }
}


static void
fail_all(shian_item_t **items, size_t n, int rc)
{
    size_t  i;

    for (i = 0; i < n; i++) {

        /* Refusals too: what they rest on may have been undone as well. */
        shian_report_init(&items[i]->report);
        shian__result__init(&items[i]->result);

        if (rc == MDB_MAP_FULL || rc == ENOSPC || rc == EDQUOT) {
            (void) shian_fail(&items[i]->report, 507, "no_room",
                              "The store is full; nothing was changed.");
        } else if (rc == MDB_MAP_RESIZED) {
            (void) shian_fail(&items[i]->report, 503, "busy",
                              "The store has just grown; try again.");
        } else {
            (void) shian_fail(&items[i]->report, 500, "server",
                              "The store could not write; nothing was "
                              "changed.");
        }
    }
}


int
shian_batch_run(shian_store_t *s, const shian_machine_t *m,
    shian_item_t **items, size_t n)
{
    int              rc;
    size_t           i;
    shian_txn_t      txn;
    shian_head_t     head;
    shian_arena_t    arena;
    shian_instant_t  now;

    for (i = 0; i < n; i++) {
        shian_report_init(&items[i]->report);
        shian__result__init(&items[i]->result);
    }

    shian_arena_init(&arena, NULL, NULL);

    rc = shian_txn_begin(s, &arena, true, &txn);

    if (rc == 0) {
        shian_log_head(&txn, &head);

        /* Before the first of them: their instants prove nothing. */
        shian_instant(&now);
        shian_clock_note(&txn, &now, false);

        for (i = 0; i < n && txn.err == 0; i++) {
            run_item(&txn, m, &head, items[i]);
        }

        rc = shian_txn_commit(&txn);
    }

    shian_arena_free(&arena);

    for (i = 0; i < n; i++) {
        shian_vault_wipe(&items[i]->vault);
    }

    if (rc != 0) {
        fail_all(items, n, rc);
    }

    return rc;
}


/* Collects first, deletes afterwards: a cursor does not like it otherwise. */
static void
drop_before(shian_txn_t *t, shian_table_t table, uint64_t bound,
    unsigned width, size_t max)
{
    size_t          i, n;
    shian_rowkey_t  none, *keys;
    shian_scan_t    scan;

    none.n = 0;
    keys = shian_array(t->arena, max, sizeof(*keys));
    if (keys == NULL) {
        t->err = ENOMEM;
        return;
    }

    n = 0;
    shian_scan_open(&scan, t, table, &none, NULL);

    while (n < max && shian_scan_next(&scan)
           && scan.key.n >= width && shian_be(scan.key.p, width) < bound)
    {
        shian_rowkey_bytes(&keys[n++], scan.key.p, scan.key.n);
    }

    shian_scan_close(&scan);

    for (i = 0; i < n; i++) {
        shian_row_del(t, table, &keys[i]);
    }
}


/* From when on a day's requests need to be remembered. */
static uint64_t
first_day(uint64_t now_ms)
{
    return now_ms < MS_A_DAY ? 0 : now_ms / MS_A_DAY - 1;
}


void
shian_sweep(shian_txn_t *t, uint64_t now_ms, size_t max)
{
    drop_before(t, SHIAN_T_SPENT, now_ms, 8, max);
    drop_before(t, SHIAN_T_DONE, first_day(now_ms), 4, max);
}


static bool
begins_before(shian_txn_t *t, shian_table_t table, uint64_t first,
    unsigned width)
{
    bool            before;
    shian_scan_t    scan;
    shian_rowkey_t  all;

    all.n = 0;
    shian_scan_open(&scan, t, table, &all, NULL);
    before = shian_scan_next(&scan) && scan.key.n >= width
             && shian_be(scan.key.p, width) < first;
    shian_scan_close(&scan);

    return before;
}


bool
shian_sweep_due(shian_txn_t *t, uint64_t now_ms)
{
    return begins_before(t, SHIAN_T_SPENT, now_ms, 8)
           || begins_before(t, SHIAN_T_DONE, first_day(now_ms), 4);
}


/* ---- verify ---------------------------------------------------------------*/

#define SLICE  500


/* Of entry e after *head: does it mean what it says?  One line in err. */
static bool
replay_entry(shian_txn_t *from, shian_txn_t *to, const shian_machine_t *m,
    shian_head_t *head, const Shian__Entry *e, char *err, size_t errsize)
{
    shian_op_t           o;
    shian_str_t          was, is;
    const char          *what;
    shian_report_t       report;
    shian_rowkey_t       k = shian_rowkey_id(e->seq);

    memset(&o, 0, sizeof(o));
    shian_report_init(&report);
    shian__result__init(&o.result);
    o.txn = to;
    o.arena = to->arena;
    o.op = e->operation;
    o.report = &report;
    o.rules = shian_rules_in_force(to, NULL);

    what = NULL;

    if (!in_order(e->operation, head)) {
        what = "its instant is before that of the entry before it";

    } else if (o.rules != e->rules) {
        what = "it is under other rules than those in force";

    } else if (!m->knows(o.rules)) {
        what = "it is under rules that this program does not know";

    } else if (!may_apply(&o, m)) {
        what = report.status == 200 ? "it changes nothing"
               : report.detail != NULL ? report.detail : "it is refused";

    } else {
        apply(&o, m, head);
        o.result.has_seq = 0;

        if (!shian_str_eq(shian_pack(to->arena, &o.result),
                          shian_pack(to->arena, e->result)))
        {
            what = "applying it gives another result";

        } else if (to->err != 0
                   || !shian_row_get(from, SHIAN_T_LOG, &k, &was)
                   || !shian_row_get(to, SHIAN_T_LOG, &k, &is)
                   || !shian_str_eq(was, is))
        {
            what = "the hash chain is broken";
        }
    }

    if (what != NULL) {
        snprintf(err, errsize, "log entry %llu: %s",
                 (unsigned long long) e->seq, what);
    }

    return what == NULL;
}


static bool
replay_slice(shian_txn_t *from, shian_txn_t *to, const shian_machine_t *m,
    shian_head_t *head, uint64_t last, char *err, size_t errsize)
{
    size_t         i;
    Shian__Entry  *e;

    for (i = 0; i < SLICE && head->seq < last; i++) {

        e = shian_log_get(from, head->seq + 1);

        if (e == NULL || e->seq != head->seq + 1) {
            snprintf(err, errsize, "log entry %llu is missing or damaged",
                     (unsigned long long) head->seq + 1);
            return false;
        }

        if (!replay_entry(from, to, m, head, e, err, errsize)) {
            return false;
        }
    }

    return true;
}


static bool
compare_table(shian_txn_t *a, shian_txn_t *b, shian_table_t table, char *err,
    size_t errsize)
{
    bool          same, more_a, more_b;
    char          hex[65];
    size_t        n;
    shian_rowkey_t   none;
    shian_scan_t  sa, sb;

    none.n = 0;
    shian_scan_open(&sa, a, table, &none, NULL);
    shian_scan_open(&sb, b, table, &none, NULL);

    do {
        more_a = shian_scan_next(&sa);
        more_b = shian_scan_next(&sb);
        same = more_a == more_b
               && (!more_a || (shian_str_eq(sa.key, sb.key)
                               && shian_str_eq(sa.value, sb.value)));
    } while (same && more_a);

    if (!same) {
        n = more_a ? sa.key.n : sb.key.n;
        n = n > 32 ? 32 : n;
        sodium_bin2hex(hex, sizeof(hex), more_a ? sa.key.p : sb.key.p, n);
        snprintf(err, errsize, "table %s differs from its log at key %s",
                 shian_tables[table].name, hex);
    }

    shian_scan_close(&sa);
    shian_scan_close(&sb);

    return same && a->err == 0 && b->err == 0;
}


static bool
compare_stores(shian_txn_t *a, shian_store_t *to, shian_arena_t *arena,
    char *err, size_t errsize)
{
    int          i;
    bool         same;
    shian_txn_t  b;

    if (shian_txn_begin(to, arena, false, &b) != 0) {
        return false;
    }

    for (same = true, i = 0; same && i < SHIAN_T_MAX; i++) {
        if (shian_tables[i].kind == SHIAN_REPLAYED) {
            same = compare_table(a, &b, i, err, errsize);
        }
    }

    shian_txn_abort(&b);

    return same;
}


/*
 * The last entry that is no later than until_ms.  From the end: a clock that
 * was ahead for a while is put back further on.  The making of the store
 * comes first, whenever that was.
 */
static uint64_t
last_until(shian_txn_t *t, uint64_t until_ms)
{
    uint64_t      seq;
    shian_head_t  end;

    shian_log_head(t, &end);

    for (seq = end.seq; seq > 1 && shian_log_instant(t, seq) > until_ms; ) {
        seq--;
    }

    return seq;
}


/* Entries of `read` into `to`, until the last one that is no later. */
static bool
replay(shian_txn_t *read, shian_store_t *to, const shian_machine_t *m,
    uint64_t until_ms, shian_progress_pt progress, void *ctx, char *err,
    size_t errsize)
{
    bool           ok;
    uint64_t       last;
    shian_txn_t    write;
    shian_head_t   head;
    shian_arena_t  arena;

    shian_arena_init(&arena, NULL, NULL);
    memset(&head, 0, sizeof(head));
    last = last_until(read, until_ms);
    ok = read->err == 0;

    while (ok && head.seq < last) {

        if (shian_txn_begin(to, &arena, true, &write) != 0) {
            return false;
        }

        ok = replay_slice(read, &write, m, &head, last, err, errsize);

        if (shian_txn_commit(&write) != 0) {
            ok = false;
        }

        shian_arena_free(read->arena);
        shian_arena_free(&arena);

        if (progress != NULL) {
            progress(ctx, head.seq, last);
        }
    }

    return ok;
}


bool
shian_replay(shian_store_t *from, shian_store_t *to,
    const shian_machine_t *m, uint64_t until_ms, shian_progress_pt progress,
    void *ctx, char *err, size_t errsize)
{
    bool           ok;
    shian_txn_t    read;
    shian_arena_t  arena;

    shian_arena_init(&arena, NULL, NULL);
    snprintf(err, errsize, "the store could not be read");

    if (shian_txn_begin(from, &arena, false, &read) != 0) {
        return false;
    }

    ok = replay(&read, to, m, until_ms, progress, ctx, err, errsize);
    shian_txn_abort(&read);
    shian_arena_free(&arena);

    return ok;
}


bool
shian_verify(shian_store_t *from, shian_store_t *to,
    const shian_machine_t *m, shian_progress_pt progress, void *ctx,
    char *err, size_t errsize)
{
    bool           ok;
    shian_txn_t    read;
    shian_arena_t  arena;

    shian_arena_init(&arena, NULL, NULL);
    snprintf(err, errsize, "the store could not be read");

    if (shian_txn_begin(from, &arena, false, &read) != 0) {
        return false;
    }

    /* One snapshot for both, or a write meanwhile would look like a fault. */
    ok = replay(&read, to, m, UINT64_MAX, progress, ctx, err, errsize)
         && compare_stores(&read, to, &arena, err, errsize);

    shian_txn_abort(&read);
    shian_arena_free(&arena);

    return ok;
}
