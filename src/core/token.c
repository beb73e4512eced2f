#include "token.h"

#include <jansson.h>
#include <sodium.h>

#include "calendar.h"
#include "paseto.h"

#define MAX_MS     UINT64_C(7258118400000)  /* 2200: later is not read back */
#define MAX_SKEW   60000
#define TIME_LEN   (sizeof("2026-11-23T08:00:00Z") - 1)

/* All claims but aud, at their longest, and the quotes around them. */
#define MAX_CLAIMS  384

typedef struct {
    const char  *name;
    bool         handle;    /* "name:HANDLE", or just "name" */
} shian_subject_form_t;

/* In the order of shian_subject_t, without SHIAN_SUBJECT_LOGIN. */
static const shian_subject_form_t  subjects[] = {
    { "user", true },
    { "photo", false },
};

/* In the order of shian_use_t. */
static const char *const  uses[] = {
    "login", "session", "photo"
};


/* ---- writing ---- */

static char *
add(char *p, const char *z)
{
    size_t  n = strlen(z);

    memcpy(p, z, n);

    return p + n;
}


static char *
add_digits(char *p, uint64_t v, size_t width)
{
    size_t  i;

    for (i = width; i-- != 0; v /= 10) {
        p[i] = (char) ('0' + v % 10);
    }

    return p + width;
}


/* RFC 3339 with milliseconds: a session must not seem older than it is. */
static char *
add_time(char *p, uint64_t ms)
{
    shian_time_format(ms, p);
    p[TIME_LEN - 1] = '.';

    p = add_digits(p + TIME_LEN, ms % 1000, 3);
    *p++ = 'Z';

    return p;
}


static char *
add_claims(char *p, shian_str_t aud, const shian_token_t *t)
{
    p = add(p, "{\"sub\":\"");
    p = add(p, subjects[t->kind].name);

    if (subjects[t->kind].handle) {
        *p++ = ':';
        shian_handle_text(t->handle, p);
        p += SHIAN_HANDLE_LEN;
    }

    p = add(p, "\",\"aud\":\"");
    memcpy(p, aud.p, aud.n);
    p += aud.n;
    p = add(p, "\",\"use\":\"");
    p = add(p, uses[t->use]);
    p = add(p, "\",\"iat\":\"");
    p = add_time(p, t->iat_ms);
    p = add(p, "\",\"exp\":\"");
    p = add_time(p, t->exp_ms);
    p = add(p, "\",\"jti\":\"");
    p += shian_base64url(p, t->jti, sizeof(t->jti));

    if (t->has_photo) {
        p = add(p, "\",\"photo\":\"");
        p += shian_base64url(p, t->photo, sizeof(t->photo));
    }

    return add(p, "\"}");
}


/* A base URL that needs no escaping in JSON. */
static bool
plain(shian_str_t s)
{
    size_t  i;

    if (s.n == 0 || s.n > SHIAN_MAX_AUD) {
        return false;
    }

    for (i = 0; i < s.n; i++) {
        if (s.p[i] <= ' ' || s.p[i] > '~' || s.p[i] == '"'
            || s.p[i] == '\\')
        {
            return false;
        }
    }

    return true;
}


/* What a token of ours is bound to without saying it. */
static shian_str_t
implicit(const shian_keys_t *keys, uint64_t generation,
    uint8_t out[SHIAN_SITE_SIZE + 8])
{
    size_t  i;

    memcpy(out, keys->site, SHIAN_SITE_SIZE);

    for (i = 0; i < 8; i++) {
        out[SHIAN_SITE_SIZE + i] = (uint8_t) (generation >> (56 - 8 * i));
    }

    return shian_slice(out, SHIAN_SITE_SIZE + 8);
}


bool
shian_token_issue(shian_arena_t *a, const shian_keys_t *keys,
    shian_str_t aud, uint64_t generation, const shian_token_t *t,
    shian_str_t *out)
{
    uint8_t             bound[SHIAN_SITE_SIZE + 8];
    char                claims[SHIAN_MAX_AUD + MAX_CLAIMS];
    char                footer[SHIAN_MAX_KID + 16], *p, *f;
    const shian_key_t  *key;

    if ((size_t) t->use >= SHIAN_COUNT(uses) || t->use == SHIAN_USE_LOGIN
        || (size_t) t->kind >= SHIAN_COUNT(subjects)
        || subjects[t->kind].handle != (t->handle != 0)
        || (t->kind == SHIAN_SUBJECT_PHOTO && !t->has_photo)
        || t->iat_ms >= MAX_MS || t->exp_ms >= MAX_MS || !plain(aud))
    {
        return false;
    }

    key = shian_key_issuing(keys, SHIAN_KEY_TOKEN);
    if (key == NULL) {
        return false;
    }

    p = add_claims(claims, aud, t);
    f = add(footer, "{\"kid\":\"");
    f = add(f, key->kid);
    f = add(f, "\"}");

    return shian_paseto_encrypt(a, key->key, NULL,
                                shian_slice(claims, (size_t) (p - claims)),
                                shian_slice(footer, (size_t) (f - footer)),
                                implicit(keys, generation, bound), out);
}


/* ---- reading: nothing here runs before the token is authentic ---- */

/* The text of a claim, or a slice without bytes. */
static shian_str_t
claim(const json_t *claims, const char *name)
{
    const json_t  *v = json_object_get(claims, name);

    return json_is_string(v)
           ? shian_slice(json_string_value(v), json_string_length(v))
           : SHIAN_NONE;
}


static bool
claim_bytes(const json_t *claims, const char *name, uint8_t *out, size_t size)
{
    size_t  n = size;

    return shian_base64url_decode(out, &n, claim(claims, name)) && n == size;
}


static bool
claim_time(const json_t *claims, const char *name, uint64_t *ms)
{
    return shian_time_parse(claim(claims, name), ms);
}


static bool
read_subject(shian_str_t s, shian_token_t *t)
{
    size_t                       i, n;
    const shian_subject_form_t  *f;

    for (i = 0; i < SHIAN_COUNT(subjects); i++) {
        f = &subjects[i];
        n = strlen(f->name);

        if (s.n < n || memcmp(s.p, f->name, n) != 0) {
            continue;
        }

        t->kind = (shian_subject_t) i;

        if (!f->handle) {
            return s.n == n;
        }

        return s.n > n && s.p[n] == ':'
               && shian_handle_read(shian_slice(s.p + n + 1, s.n - n - 1),
                                    &t->handle);
    }

    return false;
}


/* "login:NAME" of an outside issuer; jansson has checked its UTF-8. */
static bool
read_login(shian_arena_t *a, shian_str_t s, shian_token_t *t)
{
    size_t  i;
    char   *login;

    if (s.n <= 6 || s.n > 6 + SHIAN_MAX_LOGIN || memcmp(s.p, "login:", 6) != 0)
    {
        return false;
    }

    s = shian_slice(s.p + 6, s.n - 6);

    for (i = 0; i < s.n; i++) {
        if (s.p[i] <= ' ' || s.p[i] == 0x7f) {
            return false;
        }
    }

    login = shian_strdup(a, s);
    t->kind = SHIAN_SUBJECT_LOGIN;
    t->login = shian_slice(login, s.n);

    return login != NULL;
}


static bool
read_use(shian_str_t s, shian_token_t *t)
{
    size_t  i;

    for (i = 0; i < SHIAN_COUNT(uses); i++) {
        if (shian_str_is(s, uses[i])) {
            t->use = (shian_use_t) i;
            return true;
        }
    }

    return false;
}


/* The claims of a token of ours, which has nothing that we do not write. */
static bool
read_own(const json_t *claims, shian_token_t *t)
{
    size_t  known;

    known = 6;          /* with use, iat and exp, read by the caller */

    t->has_photo = json_object_get(claims, "photo") != NULL;
    known += t->has_photo;

    return json_object_size(claims) == known && t->use != SHIAN_USE_LOGIN
           && read_subject(claim(claims, "sub"), t)
           && claim_bytes(claims, "jti", t->jti, sizeof(t->jti))
           && (!t->has_photo
               || claim_bytes(claims, "photo", t->photo, sizeof(t->photo)))
           && (t->kind != SHIAN_SUBJECT_PHOTO || t->has_photo);
}


/* The claims of an outside issuer's token; it may say more than we ask. */
static bool
read_outside(shian_arena_t *a, const json_t *claims, const shian_key_t *key,
    shian_token_t *t)
{
    size_t                    i;
    shian_str_t               jti = claim(claims, "jti");
    crypto_generichash_state  st;

    if ((t->use != SHIAN_USE_LOGIN && t->use != SHIAN_USE_SESSION)
        || jti.n == 0 || !read_login(a, claim(claims, "sub"), t))
    {
        return false;
    }

    /* Ours in form, so that it is remembered and swept as ours are. */
    for (i = 0; i < 8; i++) {
        t->jti[i] = (uint8_t) (t->exp_ms >> (56 - 8 * i));
    }

    return crypto_generichash_init(&st, NULL, 0, 16) == 0
           && crypto_generichash_update(&st, (const uint8_t *) key->kid,
                                        sizeof(key->kid)) == 0
           && crypto_generichash_update(&st, jti.p, jti.n) == 0
           && crypto_generichash_final(&st, t->jti + 8, 16) == 0;
}


static shian_token_result_t
read_claims(shian_arena_t *a, const json_t *claims, const shian_key_t *key,
    shian_str_t aud, shian_use_t use, uint64_t now_ms, shian_token_t *t)
{
    bool         outside;
    uint64_t     from;
    shian_str_t  site;

    outside = key->kind == SHIAN_KEY_ISSUER;
    site = claim(claims, "aud");

    if (site.n == 0 || !read_use(claim(claims, "use"), t)
        || !claim_time(claims, "iat", &t->iat_ms)
        || !claim_time(claims, "exp", &t->exp_ms)
        || !(outside ? read_outside(a, claims, key, t)
                     : read_own(claims, t)))
    {
        return SHIAN_TOKEN_MALFORMED;
    }

    from = 0;

    /* Our own clock needs no proof; another's may run ahead a little. */
    if (outside) {
        if (json_object_get(claims, "nbf") != NULL
            && !claim_time(claims, "nbf", &from))
        {
            return SHIAN_TOKEN_MALFORMED;
        }

        from = from > t->iat_ms ? from : t->iat_ms;
        from = from > MAX_SKEW ? from - MAX_SKEW : 0;
    }

    if (!shian_str_eq(site, aud)) {
        return SHIAN_TOKEN_WRONG_SITE;
    }

    if (t->use != use) {
        return SHIAN_TOKEN_WRONG_USE;
    }

    return now_ms < from || now_ms >= t->exp_ms ? SHIAN_TOKEN_EXPIRED
                                                : SHIAN_TOKEN_OK;
}


/* The key that the footer names, of the kind the purpose allows. */
static shian_token_result_t
find_key(const shian_keys_t *keys, const shian_paseto_t *t,
    const shian_key_t **key)
{
    json_t       *footer;
    shian_str_t   kid;

    footer = json_loadb((const char *) t->footer.p, t->footer.n,
                        JSON_REJECT_DUPLICATES, NULL);
    kid = claim(footer, "kid");

    *key = shian_key_find(keys, t->purpose == SHIAN_PASETO_LOCAL
                                ? SHIAN_KEY_TOKEN : SHIAN_KEY_ISSUER, kid);
    json_decref(footer);

    return kid.n == 0 ? SHIAN_TOKEN_MALFORMED
           : *key == NULL ? SHIAN_TOKEN_UNKNOWN_KEY : SHIAN_TOKEN_OK;
}


shian_token_result_t
shian_token_verify(shian_arena_t *a, const shian_keys_t *keys,
    shian_str_t aud, uint64_t generation, shian_use_t use, uint64_t now_ms,
    shian_str_t token, shian_token_t *out)
{
    uint8_t                bound[SHIAN_SITE_SIZE + 8];
    json_t                *claims;
    shian_str_t            message;
    shian_token_t          t;
    shian_paseto_t         parts;
    const shian_key_t     *key;
    shian_token_result_t   result;

    if (token.n > SHIAN_MAX_TOKEN || !shian_paseto_parse(a, token, &parts)) {
        return SHIAN_TOKEN_MALFORMED;
    }

    result = find_key(keys, &parts, &key);
    if (result != SHIAN_TOKEN_OK) {
        return result;
    }

    if (!(parts.purpose == SHIAN_PASETO_LOCAL
          ? shian_paseto_decrypt(a, key->key, &parts,
                                 implicit(keys, generation, bound), &message)
          : shian_paseto_verify(a, key->key, &parts, SHIAN_NONE, &message)))
    {
        return SHIAN_TOKEN_FORGED;
    }

    claims = json_loadb((const char *) message.p, message.n,
                        JSON_REJECT_DUPLICATES, NULL);

    memset(&t, 0, sizeof(t));
    result = read_claims(a, claims, key, aud, use, now_ms, &t);
    json_decref(claims);

    if (result == SHIAN_TOKEN_OK) {
        *out = t;
    }

    return result;
}
