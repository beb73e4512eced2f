#include "batch.h"

#include <errno.h>
#include <sodium.h>

#include "core/wire.h"

/* Numbers of fields, as the schema has them. */
#define OPERATION  2            /* of an entry */
#define AT         1            /* of an operation */


/* Operation.at of a packed entry. */
static uint64_t
instant(shian_str_t entry)
{
    shian_str_t   op;
    shian_wire_t  f;

    op = SHIAN_NONE;

    while (op.n == 0 && shian_wire_next(&entry, &f)) {
        op = f.id == OPERATION ? f.bytes : SHIAN_NONE;
    }

    while (op.n != 0 && shian_wire_next(&op, &f)) {
        if (f.id == AT) {
            return f.number;
        }
    }

    return 0;
}


void
shian_log_head(shian_txn_t *t, shian_head_t *head)
{
    shian_str_t  k, v;

    memset(head, 0, sizeof(*head));

    if (shian_row_last(t, SHIAN_T_LOG, &k, &v)) {

        if (k.n != 8 || v.n < SHIAN_HASH_SIZE) {
            t->err = MDB_CORRUPTED;
            return;
        }

        head->seq = shian_be(k.p, 8);
        head->at = instant(shian_slice(v.p + SHIAN_HASH_SIZE,
                                       v.n - SHIAN_HASH_SIZE));
        memcpy(head->hash, v.p, SHIAN_HASH_SIZE);
    }
}


void
shian_log_append(shian_op_t *o, shian_head_t *head)
{
    size_t                     n;
    uint8_t                   *row;
    shian_rowkey_t             k;
    Shian__Entry               e = SHIAN__ENTRY__INIT;
    Shian__Result              result = o->result;
    crypto_generichash_state   h;

    head->seq++;
    head->at = o->op->at;
    result.has_seq = 0;

    e.has_seq = e.has_rules = 1;
    e.seq = head->seq;
    e.operation = (Shian__Operation *) o->op;
    e.rules = o->rules;
    e.result = &result;

    n = shian__entry__get_packed_size(&e);
    row = shian_alloc(o->txn->arena, SHIAN_HASH_SIZE + n);

    if (row == NULL) {
        o->txn->err = ENOMEM;
        return;
    }

    shian__entry__pack(&e, row + SHIAN_HASH_SIZE);

    crypto_generichash_init(&h, NULL, 0, SHIAN_HASH_SIZE);
    crypto_generichash_update(&h, head->hash, SHIAN_HASH_SIZE);
    crypto_generichash_update(&h, row + SHIAN_HASH_SIZE, n);
    crypto_generichash_final(&h, row, SHIAN_HASH_SIZE);

    memcpy(head->hash, row, SHIAN_HASH_SIZE);

    k = shian_rowkey_id(head->seq);
    shian_row_put(o->txn, SHIAN_T_LOG, &k,
                  shian_slice(row, SHIAN_HASH_SIZE + n));
}


uint64_t
shian_log_instant(shian_txn_t *t, uint64_t seq)
{
    shian_str_t     v;
    shian_rowkey_t  k = shian_rowkey_id(seq);

    return !shian_row_get(t, SHIAN_T_LOG, &k, &v) || v.n < SHIAN_HASH_SIZE
           ? 0 : instant(shian_slice(v.p + SHIAN_HASH_SIZE,
                                     v.n - SHIAN_HASH_SIZE));
}


Shian__Entry *
shian_log_get(shian_txn_t *t, uint64_t seq)
{
    shian_rowkey_t    k = shian_rowkey_id(seq);
    shian_str_t    v;
    Shian__Entry  *e;

    if (!shian_row_get(t, SHIAN_T_LOG, &k, &v) || v.n < SHIAN_HASH_SIZE) {
        return NULL;
    }

    e = shian__entry__unpack(&t->arena->pb, v.n - SHIAN_HASH_SIZE,
                             v.p + SHIAN_HASH_SIZE);

    if (e == NULL || e->operation == NULL || e->result == NULL) {
        t->err = MDB_CORRUPTED;
        return NULL;
    }

    return e;
}


static shian_rowkey_t
rules_key(void)
{
    shian_rowkey_t  k;

    k.n = 0;
    shian_rowkey_bytes(&k, "rules", 5);

    return k;
}


uint32_t
shian_rules_in_force(shian_txn_t *t, uint64_t *seq)
{
    bool            named;
    shian_str_t     v;
    shian_rowkey_t  k = rules_key();

    named = shian_row_get(t, SHIAN_T_META, &k, &v) && v.n == 12;

    if (seq != NULL) {
        *seq = named ? shian_be(v.p + 4, 8) : 0;
    }

    return named ? (uint32_t) shian_be(v.p, 4) : 1;
}


void
shian_rules_put(shian_op_t *o, uint32_t number)
{
    shian_rowkey_t  k = rules_key(), v;

    v.n = 0;
    shian_rowkey_be(&v, number, 4);
    shian_rowkey_be(&v, o->seq, 8);
    shian_row_put(o->txn, SHIAN_T_META, &k, shian_slice(v.b, v.n));
}


void
shian_log_head_at(shian_txn_t *t, uint64_t ms, shian_head_t *head)
{
    uint64_t        low, high, middle;
    shian_str_t     v;
    Shian__Entry   *e;
    shian_rowkey_t  k;

    shian_log_head(t, head);
    low = 0;
    high = head->seq;

    /* The last one that is earlier is in [low, high], 0 for none. */
    while (low < high) {
        middle = high - (high - low) / 2;
        e = shian_log_get(t, middle);

        if (e != NULL && e->operation->at < ms) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }

    memset(head, 0, sizeof(*head));
    k = shian_rowkey_id(low);

    if (low != 0 && shian_row_get(t, SHIAN_T_LOG, &k, &v)
        && v.n >= SHIAN_HASH_SIZE)
    {
        head->seq = low;
        memcpy(head->hash, v.p, SHIAN_HASH_SIZE);
    }
}
