#include "batch.h"

#include <errno.h>
#include <sodium.h>


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
        memcpy(head->hash, v.p, SHIAN_HASH_SIZE);
    }
}


void
shian_log_append(shian_txn_t *t, shian_head_t *head,
    const Shian__Operation *op)
{
    size_t                    n;
    uint8_t                  *row;
    shian_rowkey_t               k;
    Shian__Entry              e = SHIAN__ENTRY__INIT;
    crypto_generichash_state  h;

    head->seq++;

    e.has_seq = 1;
    e.seq = head->seq;
    e.operation = (Shian__Operation *) op;

    n = shian__entry__get_packed_size(&e);
    row = shian_alloc(t->arena, SHIAN_HASH_SIZE + n);

    if (row == NULL) {
        t->err = ENOMEM;
        return;
    }

    shian__entry__pack(&e, row + SHIAN_HASH_SIZE);

    crypto_generichash_init(&h, NULL, 0, SHIAN_HASH_SIZE);
    crypto_generichash_update(&h, head->hash, SHIAN_HASH_SIZE);
    crypto_generichash_update(&h, row + SHIAN_HASH_SIZE, n);
    crypto_generichash_final(&h, row, SHIAN_HASH_SIZE);

    memcpy(head->hash, row, SHIAN_HASH_SIZE);

    k = shian_rowkey_id(head->seq);
    shian_row_put(t, SHIAN_T_LOG, &k,
                  shian_slice(row, SHIAN_HASH_SIZE + n));
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

    if (e == NULL || e->operation == NULL) {
        t->err = MDB_CORRUPTED;
        return NULL;
    }

    return e;
}
