#include "vault.h"

#include <sodium.h>

#define NONCE  crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG    crypto_aead_xchacha20poly1305_ietf_ABYTES


static shian_str_t
seal(const uint8_t key[32], shian_str_t ad, shian_str_t text,
    shian_arena_t *a)
{
    uint8_t  *box;

    if (text.n > SIZE_MAX / 2) {
        return SHIAN_NONE;
    }

    box = shian_alloc(a, NONCE + text.n + TAG);
    if (box == NULL) {
        return SHIAN_NONE;
    }

    shian_random(box, NONCE);
    crypto_aead_xchacha20poly1305_ietf_encrypt(box + NONCE, NULL, text.p,
                                               text.n, ad.p, ad.n, NULL, box,
                                               key);

    return shian_slice(box, NONCE + text.n + TAG);
}


static bool
unseal(const uint8_t key[32], shian_str_t ad, shian_str_t box,
    uint8_t *text, size_t room)
{
    if (box.n < NONCE + TAG || room < box.n - NONCE - TAG) {
        return false;
    }

    return crypto_aead_xchacha20poly1305_ietf_decrypt(text, NULL, NULL,
               box.p + NONCE, box.n - NONCE, ad.p, ad.n, box.p, key) == 0;
}


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


bool
shian_vault_new(shian_vault_t *v, const shian_keys_t *keys, uint64_t ms,
    shian_arena_t *a, shian_str_t *row)
{
    size_t              n;
    uint8_t            *p;
    shian_str_t         box;
    const shian_key_t  *site;

    site = shian_key_issuing(keys, SHIAN_KEY_VAULT);
    if (site == NULL) {
        return false;
    }

    shian_time_id(v->id, ms);
    shian_random(v->key, sizeof(v->key));

    box = seal(site->key, shian_slice(v->id, sizeof(v->id)),
               shian_slice(v->key, sizeof(v->key)), a);

    n = strlen(site->kid);
    p = shian_alloc(a, 1 + n + box.n);

    if (box.p == NULL || p == NULL) {
        return false;
    }

    p[0] = (uint8_t) n;
    memcpy(p + 1, site->kid, n);
    memcpy(p + 1 + n, box.p, box.n);
    *row = shian_slice(p, 1 + n + box.n);

    return true;
}


bool
shian_vault_get(shian_vault_t *v, const shian_keys_t *keys, shian_txn_t *t,
    shian_str_t id)
{
    shian_str_t         row, kid;
    shian_rowkey_t      k;
    const shian_key_t  *site;

    if (id.n != SHIAN_ID_SIZE) {
        return false;
    }

    k.n = 0;
    shian_rowkey_bytes(&k, id.p, id.n);

    if (!shian_row_get(t, SHIAN_T_VAULT, &k, &row)
        || row.n < 1 || row.n < 1u + row.p[0])
    {
        return false;
    }

    kid = shian_slice(row.p + 1, row.p[0]);
    site = shian_key_find(keys, SHIAN_KEY_VAULT, kid);

    if (site == NULL) {
        return false;
    }

    memcpy(v->id, id.p, sizeof(v->id));

    return unseal(site->key, id,
                  shian_slice(row.p + 1 + kid.n, row.n - 1 - kid.n),
                  v->key, sizeof(v->key));
}


void
shian_vault_del(shian_txn_t *t, shian_str_t id)
{
    shian_rowkey_t  k;

    k.n = 0;
    shian_rowkey_bytes(&k, id.p, id.n);
    shian_row_del(t, SHIAN_T_VAULT, &k);
}


shian_str_t
shian_vault_seal(const shian_vault_t *v, const char *field, shian_str_t text,
    shian_arena_t *a)
{
    uint8_t  ad[80];

    return seal(v->key, field_ad(v, field, ad), text, a);
}


bool
shian_vault_open(const shian_vault_t *v, const char *field, shian_str_t box,
    shian_arena_t *a, shian_str_t *text)
{
    size_t    n;
    uint8_t  *p, ad[80];

    if (box.n < NONCE + TAG) {
        return false;
    }

    n = box.n - NONCE - TAG;
    p = shian_alloc(a, n + 1);

    if (p == NULL || !unseal(v->key, field_ad(v, field, ad), box, p, n)) {
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
