/*
 * The vault: what people wrote is stored only as ciphertext, under a key of
 * its record; that key is stored only wrapped by the site's, in one row here.
 * Deleting the row erases the words from store, log and every backup of them
 * made without the vault.  XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha) both
 * times; the vault id is authenticated, so rows cannot be swapped.
 */

#ifndef SHIAN_VAULT_H
#define SHIAN_VAULT_H

#include "core/ids.h"
#include "core/keys.h"
#include "store.h"

/* A record's key in the clear: wipe it with shian_vault_wipe. */
typedef struct {
    uint8_t  id[SHIAN_ID_SIZE];
    uint8_t  key[32];
} shian_vault_t;

/*
 * Makes a key for a new record at instant ms and its wrapped row (in the
 * arena) to be committed with the operation.  False without a vault key or
 * memory.  Any thread.
 */
bool shian_vault_new(shian_vault_t *v, const shian_keys_t *keys, uint64_t ms,
    shian_arena_t *a, shian_str_t *row);

/* The key of record id; false when erased or its site key is gone. */
bool shian_vault_get(shian_vault_t *v, const shian_keys_t *keys,
    shian_txn_t *t, shian_str_t id);

void shian_vault_del(shian_txn_t *t, shian_str_t id);

/* nonce || ciphertext of text, bound to the field's name; NONE on failure. */
shian_str_t shian_vault_seal(const shian_vault_t *v, const char *field,
    shian_str_t text, shian_arena_t *a);

/* The opposite; false when anything was changed. */
bool shian_vault_open(const shian_vault_t *v, const char *field,
    shian_str_t box, shian_arena_t *a, shian_str_t *text);

void shian_vault_wipe(shian_vault_t *v);

#endif /* SHIAN_VAULT_H */
