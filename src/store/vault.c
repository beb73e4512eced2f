#include "vault.h"

#include <errno.h>
#include <sodium.h>

#include "core/box.h"
#include "epoch.h"


/* What is authenticated beside a field: the record's id and its name. */
static shian_str_t
field_ad(const shian_vault_t *v, const char *field, uint8_t out[80])
{
    size_t  n;

    n = strlen(field);
    n = n > 64 ? 64 : n;
    memcpy(out, v->id, SHIAN_ID_SIZE);
    memcpy(out + SHIAN_ID_SIZE, field, n);

    return shian_slice(out, SHIAN_ID_SIZE + n);
}


/* The first byte, the bucket, is random, and the rest sorts by time. */
void
shian_vault_new(shian_vault_t *v, uint64_t ms)
{
    shian_time_id(v->id, ms);
    shian_random(v->id, 1);
    shian_random(v->key, sizeof(v->key));
}


static shian_rowkey_t
row_key(shian_str_t id)
{
    shian_rowkey_t  k;

    k.n = 0;
    shian_rowkey_bytes(&k, id.p, id.n);

    return k;
}


void
shian_vault_put(shian_txn_t *t, const shian_keys_t *keys,
    const shian_vault_t *v)
{
    uint8_t         key[SHIAN_BOX_KEY], row[SHIAN_WRAPPED];
    uint32_t        number;
    shian_str_t     id = shian_slice(v->id, sizeof(v->id));
    shian_rowkey_t  k = row_key(id);

    if (!shian_epoch_in_force(t, keys, v->id[0], &number, key)) {
        t->err = t->err != 0 ? t->err : errno;
        return;
    }

    shian_epoch_wrap(key, number, id, v->key, row);
    sodium_memzero(key, sizeof(key));
    shian_row_put(t, SHIAN_T_VAULT, &k, shian_slice(row, sizeof(row)));
}


/* False: errno is 0 where there is no such row. */
static bool
open_row(shian_vault_t *v, const shian_keys_t *keys, shian_txn_t *t,
    shian_str_t id)
{
    bool            ok;
    uint8_t         key[SHIAN_BOX_KEY];
    shian_str_t     row;
    shian_rowkey_t  k = row_key(id);

    errno = 0;

    if (!shian_row_get(t, SHIAN_T_VAULT, &k, &row)) {
        errno = t->err;
        return false;
    }

    if (!shian_epoch_key(t->store, keys, id.p[0], shian_epoch_of(row), key)) {
        return false;
    }

    memcpy(v->id, id.p, sizeof(v->id));
    ok = shian_epoch_unwrap(key, id, row, v->key);
    sodium_memzero(key, sizeof(key));
    errno = EKEYREJECTED;

    return ok;
}


/* The store as it is now, where a key has gone since t began. */
static bool
open_again(shian_vault_t *v, const shian_keys_t *keys, shian_txn_t *t,
    shian_str_t id)
{
    int          rc;
    bool         ok;
    shian_txn_t  now;

    rc = shian_txn_begin(t->store, t->arena, false, &now);

    if (rc != 0) {
        errno = rc;
        return false;
    }

    ok = open_row(v, keys, &now, id);
    rc = errno;
    shian_txn_abort(&now);
    errno = rc;

    return ok;
}


bool
shian_vault_get(shian_vault_t *v, const shian_keys_t *keys, shian_txn_t *t,
    shian_str_t id)
{
    if (id.n != SHIAN_ID_SIZE) {
        return false;
    }

    if (open_row(v, keys, t, id)
        || (errno == ENOENT && open_again(v, keys, t, id)))
    {
        return true;
    }

    shian_vault_wipe(v);

    if (errno != 0 && t->err == 0) {
        t->err = errno;
    }

    return false;
}


void
shian_vault_del(shian_txn_t *t, shian_str_t id, uint64_t ms)
{
    shian_str_t     row;
    shian_rowkey_t  k = row_key(id);

    if (id.n == SHIAN_ID_SIZE && shian_row_get(t, SHIAN_T_VAULT, &k, &row)) {
        shian_row_del(t, SHIAN_T_VAULT, &k);
        shian_epoch_erased(t, id.p, ms);
    }
}


shian_str_t
shian_vault_seal(const shian_vault_t *v, const char *field, shian_str_t text,
    shian_arena_t *a)
{
    uint8_t  *box, ad[80];

    box = text.n > SIZE_MAX / 2 ? NULL
          : shian_alloc(a, text.n + SHIAN_BOX_OVER);

    if (box == NULL) {
        return SHIAN_NONE;
    }

    shian_box(v->key, field_ad(v, field, ad), text, box);

    return shian_slice(box, text.n + SHIAN_BOX_OVER);
}


bool
shian_vault_open(const shian_vault_t *v, const char *field, shian_str_t box,
    shian_arena_t *a, shian_str_t *text)
{
    size_t    n;
    uint8_t  *p, ad[80];

    if (box.n < SHIAN_BOX_OVER) {
        return false;
    }

    n = box.n - SHIAN_BOX_OVER;
    p = shian_alloc(a, n + 1);

    if (p == NULL || !shian_unbox(v->key, field_ad(v, field, ad), box, p)) {
        return false;
    }

    p[n] = '\0';
    *text = shian_slice(p, n);

    return true;
}


void
shian_vault_wipe(shian_vault_t *v)
{
    sodium_memzero(v, sizeof(*v));
}
