/*
 * Sessions and bearers, and the proof of a photo that was uploaded: PASETOs
 * whose claims are JSON.
 *
 *     sub    "user:HANDLE", 13 characters of code.h; "photo"; "login:NAME"
 *     aud    the site's base URL
 *     use    session, photo; login of an outside issuer only
 *     iat    RFC 3339, when it was issued
 *     exp    RFC 3339, from when on it is over
 *     jti    base64url of 24 bytes, see shian_session_id()
 *     photo  base64url of 32 bytes, the hash of a photo
 *
 * The footer {"kid":"..."} names the key.  The implicit assertion of what we
 * issue is the site's 16 bytes and the generation of its store, 8 bytes
 * big-endian: a store that was restored knows none of what was issued before.
 */

#ifndef SHIAN_TOKEN_H
#define SHIAN_TOKEN_H

#include "code.h"

#define SHIAN_MAX_TOKEN  2048
#define SHIAN_MAX_AUD    512
#define SHIAN_MAX_LOGIN  128

typedef enum {
    SHIAN_USE_LOGIN = 0,        /* from an outside issuer only */
    SHIAN_USE_SESSION,
    SHIAN_USE_PHOTO
} shian_use_t;

typedef enum {
    SHIAN_SUBJECT_USER = 0,
    SHIAN_SUBJECT_PHOTO,        /* the photo it names; no handle */
    SHIAN_SUBJECT_LOGIN         /* a login, from an outside issuer only */
} shian_subject_t;

typedef struct {
    shian_use_t      use;
    shian_subject_t  kind;
    uint64_t         handle;    /* of a user */
    uint64_t         iat_ms;    /* since 1970 UTC */
    uint64_t         exp_ms;
    uint8_t          jti[SHIAN_SESSION_ID_SIZE];
    bool             has_photo;
    uint8_t          photo[32];
    shian_str_t      login;     /* of SHIAN_SUBJECT_LOGIN; else empty */
} shian_token_t;

typedef enum {
    SHIAN_TOKEN_OK = 0,
    SHIAN_TOKEN_MALFORMED,      /* not a token, or one that makes no sense */
    SHIAN_TOKEN_UNKNOWN_KEY,    /* its key is not, or no more, in the file */
    SHIAN_TOKEN_FORGED,         /* not made with the key it names, or for
                                   another site or generation */
    SHIAN_TOKEN_WRONG_SITE,     /* made for another base URL */
    SHIAN_TOKEN_WRONG_USE,      /* made for something else here */
    SHIAN_TOKEN_EXPIRED         /* over, or from an issuer not yet begun */
} shian_token_result_t;

/*
 * Issues *t for the site aud and the store's generation under the newest
 * token key; *out is in the arena, under SHIAN_MAX_TOKEN bytes.  Every id and
 * time is the caller's, only the nonce is random. False when t is senseless
 * (no valid use or subject, a photo subject without a photo,
 * SHIAN_SUBJECT_LOGIN, a time past the year 2199), aud is too long or not
 * plain text, there is no key, or memory has run out. Any thread.
 */
bool shian_token_issue(shian_arena_t *a, const shian_keys_t *keys,
    shian_str_t aud, uint64_t generation, const shian_token_t *t,
    shian_str_t *out);

/*
 * Checks a token against the site, the generation, the one use it may have
 * here and the time (ms since 1970), in the order of shian_token_result_t.
 * Only on SHIAN_TOKEN_OK is *out filled; out->login is in the arena.
 *
 * v4.public tokens are accepted from the issuers in the key file, for login
 * and session only, with a subject "login:NAME"; their jti may be any string:
 * out->jti is then exp followed by a hash of the issuer's kid and that string.
 * Any thread.
 */
shian_token_result_t shian_token_verify(shian_arena_t *a,
    const shian_keys_t *keys, shian_str_t aud, uint64_t generation,
    shian_use_t use, uint64_t now_ms, shian_str_t token,
    shian_token_t *out);

#endif /* SHIAN_TOKEN_H */
