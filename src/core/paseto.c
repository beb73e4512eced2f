#include "paseto.h"

#include <sodium.h>

#include "ids.h"

#define LOCAL_HEADER   "v4.local."
#define PUBLIC_HEADER  "v4.public."

#define NONCE_SIZE     SHIAN_PASETO_NONCE
#define TAG_SIZE       32
#define SIG_SIZE       crypto_sign_BYTES

/* What libsodium encrypts at once: 256 bytes are faster than 230. */
#define WIDE           256

_Static_assert(SHIAN_PASETO_SECRET == crypto_sign_SECRETKEYBYTES
               && SHIAN_PASETO_KEY == crypto_sign_PUBLICKEYBYTES
               && SHIAN_PASETO_KEY == crypto_stream_xchacha20_KEYBYTES,
               "libsodium's sizes");

typedef struct {
    uint8_t  cipher[crypto_stream_xchacha20_KEYBYTES];
    uint8_t  nonce[crypto_stream_xchacha20_NONCEBYTES];
    uint8_t  auth[32];
} shian_paseto_keys_t;


/* LE64() of the specification, whose top bit no length here reaches. */
static void
put_le64(uint8_t out[8], uint64_t v)
{
    size_t  i;

    for (i = 0; i < 8; i++) {
        out[i] = (uint8_t) (v >> (8 * i));
    }
}


/* One key each for cipher and tag, both bound to the nonce. */
static void
derive(const uint8_t key[SHIAN_PASETO_KEY], const uint8_t *nonce,
    shian_paseto_keys_t *out)
{
    uint8_t  both[sizeof(out->cipher) + sizeof(out->nonce)];
    uint8_t  cipher[21 + NONCE_SIZE], auth[24 + NONCE_SIZE];

    memcpy(cipher, "paseto-encryption-key", 21);
    memcpy(cipher + 21, nonce, NONCE_SIZE);
    memcpy(auth, "paseto-auth-key-for-aead", 24);
    memcpy(auth + 24, nonce, NONCE_SIZE);

    /* These fail on wrong sizes only, and all of them are constants. */
    (void) crypto_generichash(both, sizeof(both), cipher, sizeof(cipher),
                              key, SHIAN_PASETO_KEY);
    (void) crypto_generichash(out->auth, sizeof(out->auth), auth,
                              sizeof(auth), key, SHIAN_PASETO_KEY);

    memcpy(out->cipher, both, sizeof(out->cipher));
    memcpy(out->nonce, both + sizeof(out->cipher), sizeof(out->nonce));
    sodium_memzero(both, sizeof(both));
}


/* The tag over PAE(pieces), hashed piece by piece instead of joined. */
static void
authenticate(const uint8_t key[32], const shian_str_t *pieces, size_t n,
    uint8_t tag[TAG_SIZE])
{
    size_t                    i;
    uint8_t                   le[8];
    crypto_generichash_state  st;

    (void) crypto_generichash_init(&st, key, 32, TAG_SIZE);
    put_le64(le, n);
    (void) crypto_generichash_update(&st, le, 8);

    for (i = 0; i < n; i++) {
        put_le64(le, pieces[i].n);
        (void) crypto_generichash_update(&st, le, 8);
        (void) crypto_generichash_update(&st, pieces[i].p, pieces[i].n);
    }

    (void) crypto_generichash_final(&st, tag, TAG_SIZE);
    sodium_memzero(&st, sizeof(st));
}


/* PAE(pieces) as one string in the arena, since Ed25519 reads it twice. */
static bool
encode_pieces(shian_arena_t *a, const shian_str_t *pieces, size_t n,
    shian_str_t *out)
{
    size_t    i, size;
    uint8_t  *p;

    size = 8;

    for (i = 0; i < n; i++) {
        if (pieces[i].n > SIZE_MAX / 8 - size) {
            return false;
        }

        size += 8 + pieces[i].n;
    }

    p = shian_alloc(a, size);
    if (p == NULL) {
        return false;
    }

    *out = shian_slice(p, size);
    put_le64(p, n);
    p += 8;

    for (i = 0; i < n; i++) {
        put_le64(p, pieces[i].n);
        p += 8;

        if (pieces[i].n != 0) {
            memcpy(p, pieces[i].p, pieces[i].n);
            p += pieces[i].n;
        }
    }

    return true;
}


/* header ‖ base64url(body) [ ‖ "." ‖ base64url(footer) ] */
static bool
write_token(shian_arena_t *a, shian_str_t header, shian_str_t body,
    shian_str_t footer, shian_str_t *token)
{
    char    *z, *p;
    size_t   size;

    if (body.n > SIZE_MAX / 16 || footer.n > SIZE_MAX / 16) {
        return false;
    }

    size = header.n + SHIAN_BASE64URL_LEN(body.n)
           + 1 + SHIAN_BASE64URL_LEN(footer.n);

    z = shian_alloc(a, size);
    if (z == NULL) {
        return false;
    }

    memcpy(z, header.p, header.n);
    p = z + header.n;
    p += shian_base64url(p, body.p, body.n);

    if (footer.n != 0) {
        *p++ = '.';
        p += shian_base64url(p, footer.p, footer.n);
    }

    *token = shian_slice(z, (size_t) (p - z));

    return true;
}


bool
shian_paseto_encrypt(shian_arena_t *a, const uint8_t key[SHIAN_PASETO_KEY],
    const uint8_t *nonce, shian_str_t message, shian_str_t footer,
    shian_str_t implicit, shian_str_t *token)
{
    size_t                padded;
    uint8_t              *body, *text;
    shian_str_t           pieces[5];
    shian_paseto_keys_t   keys;

    if (message.n > SIZE_MAX / 16) {
        return false;
    }

    padded = (message.n + WIDE - 1) / WIDE * WIDE;
    body = shian_alloc(a, NONCE_SIZE + padded + TAG_SIZE);
    if (body == NULL) {
        return false;
    }

    if (nonce != NULL) {
        memcpy(body, nonce, NONCE_SIZE);
    } else {
        shian_random(body, NONCE_SIZE);
    }

    text = body + NONCE_SIZE;
    memset(text, 0, padded);

    if (message.n != 0) {
        memcpy(text, message.p, message.n);
    }

    /* The tag goes over what stands behind the message. */
    derive(key, body, &keys);
    (void) crypto_stream_xchacha20_xor(text, text, padded, keys.nonce,
                                       keys.cipher);

    pieces[0] = SHIAN_STR(LOCAL_HEADER);
    pieces[1] = shian_slice(body, NONCE_SIZE);
    pieces[2] = shian_slice(text, message.n);
    pieces[3] = footer;
    pieces[4] = implicit;

    authenticate(keys.auth, pieces, 5, text + message.n);
    sodium_memzero(&keys, sizeof(keys));

    return write_token(a, pieces[0],
                       shian_slice(body, NONCE_SIZE + message.n + TAG_SIZE),
                       footer, token);
}


bool
shian_paseto_sign(shian_arena_t *a,
    const uint8_t secret[SHIAN_PASETO_SECRET], shian_str_t message,
    shian_str_t footer, shian_str_t implicit, shian_str_t *token)
{
    uint8_t      *body;
    shian_str_t   all;
    shian_str_t   pieces[] = { SHIAN_STR(PUBLIC_HEADER), message, footer,
                               implicit };

    if (!encode_pieces(a, pieces, SHIAN_COUNT(pieces), &all)) {
        return false;
    }

    body = shian_alloc(a, message.n + SIG_SIZE);
    if (body == NULL) {
        return false;
    }

    if (message.n != 0) {
        memcpy(body, message.p, message.n);
    }

    if (crypto_sign_detached(body + message.n, NULL, all.p, all.n, secret)
        != 0)
    {
        return false;
    }

    return write_token(a, pieces[0], shian_slice(body, message.n + SIG_SIZE),
                       footer, token);
}


static bool
decode(shian_arena_t *a, shian_str_t text, shian_str_t *out)
{
    size_t    n;
    uint8_t  *p;

    n = text.n;
    p = shian_alloc(a, n);

    if (p == NULL || !shian_base64url_decode(p, &n, text)) {
        return false;
    }

    *out = shian_slice(p, n);

    return true;
}


static bool
starts(shian_str_t *s, shian_str_t prefix)
{
    if (s->n < prefix.n || memcmp(s->p, prefix.p, prefix.n) != 0) {
        return false;
    }

    s->p += prefix.n;
    s->n -= prefix.n;

    return true;
}


bool
shian_paseto_parse(shian_arena_t *a, shian_str_t token, shian_paseto_t *out)
{
    shian_str_t     footer;
    const uint8_t  *dot;

    if (token.n == 0) {
        return false;
    }

    if (starts(&token, SHIAN_STR(LOCAL_HEADER))) {
        out->purpose = SHIAN_PASETO_LOCAL;

    } else if (starts(&token, SHIAN_STR(PUBLIC_HEADER))) {
        out->purpose = SHIAN_PASETO_PUBLIC;

    } else {
        return false;
    }

    out->footer = SHIAN_NONE;
    dot = memchr(token.p, '.', token.n);

    if (dot != NULL) {
        footer.p = dot + 1;
        footer.n = token.n - (size_t) (footer.p - token.p);
        token.n = (size_t) (dot - token.p);

        /* A bare dot would be a second spelling of the same token. */
        if (footer.n == 0 || !decode(a, footer, &out->footer)) {
            return false;
        }
    }

    return decode(a, token, &out->body);
}


bool
shian_paseto_decrypt(shian_arena_t *a, const uint8_t key[SHIAN_PASETO_KEY],
    const shian_paseto_t *t, shian_str_t implicit, shian_str_t *message)
{
    bool                  good;
    size_t                n;
    uint8_t               tag[TAG_SIZE], *text;
    shian_str_t           pieces[5];
    shian_paseto_keys_t   keys;

    if (t->purpose != SHIAN_PASETO_LOCAL || t->body.n < NONCE_SIZE + TAG_SIZE)
    {
        return false;
    }

    n = t->body.n - NONCE_SIZE - TAG_SIZE;
    text = shian_alloc(a, n + 1);       /* + 1: the arena may refuse 0 */
    if (text == NULL) {
        return false;
    }

    pieces[0] = SHIAN_STR(LOCAL_HEADER);
    pieces[1] = shian_slice(t->body.p, NONCE_SIZE);
    pieces[2] = shian_slice(t->body.p + NONCE_SIZE, n);
    pieces[3] = t->footer;
    pieces[4] = implicit;

    derive(key, t->body.p, &keys);
    authenticate(keys.auth, pieces, 5, tag);

    good = sodium_memcmp(tag, pieces[2].p + n, TAG_SIZE) == 0;

    if (good) {
        (void) crypto_stream_xchacha20_xor(text, pieces[2].p, n, keys.nonce,
                                           keys.cipher);
        *message = shian_slice(text, n);
    }

    sodium_memzero(&keys, sizeof(keys));

    return good;
}


bool
shian_paseto_verify(shian_arena_t *a, const uint8_t key[SHIAN_PASETO_KEY],
    const shian_paseto_t *t, shian_str_t implicit, shian_str_t *message)
{
    size_t       n;
    shian_str_t  all, pieces[4];

    if (t->purpose != SHIAN_PASETO_PUBLIC || t->body.n < SIG_SIZE) {
        return false;
    }

    n = t->body.n - SIG_SIZE;

    pieces[0] = SHIAN_STR(PUBLIC_HEADER);
    pieces[1] = shian_slice(t->body.p, n);
    pieces[2] = t->footer;
    pieces[3] = implicit;

    if (!encode_pieces(a, pieces, SHIAN_COUNT(pieces), &all)
        || crypto_sign_verify_detached(t->body.p + n, all.p, all.n, key) != 0)
    {
        return false;
    }

    *message = pieces[1];

    return true;
}
