/*
 * PASETO version 4 (github.com/paseto-standard/paseto-spec, 01-Protocol-
 * Versions/Version4.md): v4.local encrypts with XChaCha20 and authenticates
 * with BLAKE2b, v4.public signs with Ed25519.  What the message says is none
 * of this file's business; see token.h.
 */

#ifndef SHIAN_PASETO_H
#define SHIAN_PASETO_H

#include "base.h"

#define SHIAN_PASETO_KEY     32     /* v4.local key, v4.public public key */
#define SHIAN_PASETO_SECRET  64     /* Ed25519 seed and public key */
#define SHIAN_PASETO_NONCE   32

typedef enum {
    SHIAN_PASETO_LOCAL = 0,
    SHIAN_PASETO_PUBLIC
} shian_paseto_purpose_t;

/* A token taken apart.  Nothing of it is to be believed yet. */
typedef struct {
    shian_paseto_purpose_t  purpose;
    shian_str_t             body;       /* decoded */
    shian_str_t             footer;     /* decoded; empty when absent */
} shian_paseto_t;

/*
 * Encrypts message under key into a v4.local token.  The footer travels in
 * clear, the implicit assertion not at all; both are authenticated.  nonce is
 * NULL but for test vectors: 32 random bytes are taken.  *token is in the
 * arena.  False when memory has run out.  Any thread.
 */
bool shian_paseto_encrypt(shian_arena_t *a,
    const uint8_t key[SHIAN_PASETO_KEY], const uint8_t *nonce,
    shian_str_t message, shian_str_t footer, shian_str_t implicit,
    shian_str_t *token);

/*
 * Signs message with an Ed25519 secret key (libsodium's 64 bytes) into a
 * v4.public token; otherwise as above.
 */
bool shian_paseto_sign(shian_arena_t *a,
    const uint8_t secret[SHIAN_PASETO_SECRET], shian_str_t message,
    shian_str_t footer, shian_str_t implicit, shian_str_t *token);

/*
 * Takes a v4 token apart into the arena, so that the footer can name the key
 * to open it with.  False when it is not a well-formed v4.local or v4.public
 * token or memory has run out.  The caller bounds its length.  Any thread.
 */
bool shian_paseto_parse(shian_arena_t *a, shian_str_t token,
    shian_paseto_t *out);

/*
 * Authenticates, then decrypts a v4.local token.  *message is in the arena.
 * False when it is of another purpose, the tag is wrong or memory has run
 * out; nothing is decrypted then.  Any thread.
 */
bool shian_paseto_decrypt(shian_arena_t *a,
    const uint8_t key[SHIAN_PASETO_KEY], const shian_paseto_t *t,
    shian_str_t implicit, shian_str_t *message);

/*
 * Checks the signature of a v4.public token; *message is a slice of t->body.
 * False when it is of another purpose, the signature is wrong or memory has
 * run out.  Any thread.
 */
bool shian_paseto_verify(shian_arena_t *a,
    const uint8_t key[SHIAN_PASETO_KEY], const shian_paseto_t *t,
    shian_str_t implicit, shian_str_t *message);

#endif /* SHIAN_PASETO_H */
