/*
 * The vault: what people wrote is stored only as ciphertext, under a key of
 * its record; that key is stored only wrapped by the key of an epoch, in one
 * row here.  Deleting the row and ending the epoch (epoch.h) erases the words
 * from store, log and every copy of them without the epoch's key.
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

/* A key for a new record at instant ms; the row comes with put.  Any thread. */
void shian_vault_new(shian_vault_t *v, uint64_t ms);

/*
 * Wraps the record's key under the epoch in force, which is read here, in a
 * writing transaction.  What goes wrong sticks in t->err.
 */
void shian_vault_put(shian_txn_t *t, const shian_keys_t *keys,
    const shian_vault_t *v);

/*
 * The key of record id.  False when it was erased, and when the row or the key
 * of its epoch cannot be opened: that is an error, in t->err.  Any thread;
 * reads a file.
 */
bool shian_vault_get(shian_vault_t *v, const shian_keys_t *keys,
    shian_txn_t *t, shian_str_t id);

/*
 * Erases record id at instant ms: its words cannot be read any more, and are
 * gone for good when the bucket is turned.
 */
void shian_vault_del(shian_txn_t *t, shian_str_t id, uint64_t ms);

/* nonce || ciphertext of text, bound to the field's name; NONE on failure. */
shian_str_t shian_vault_seal(const shian_vault_t *v, const char *field,
    shian_str_t text, shian_arena_t *a);

/* The opposite; false when anything was changed. */
bool shian_vault_open(const shian_vault_t *v, const char *field,
    shian_str_t box, shian_arena_t *a, shian_str_t *text);

void shian_vault_wipe(shian_vault_t *v);

#endif /* SHIAN_VAULT_H */
