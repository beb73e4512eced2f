#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>

#include <sodium.h>

#include "core/paseto.h"
#include "core/token.h"

#define NOW   UINT64_C(1795420800123)       /* 2026-11-23T08:00:00.123Z */
#define HOUR  UINT64_C(3600000)

#define GENERATION  UINT64_C(0x0102030405060708)

#define SITE  SHIAN_STR("https://fsc.example.gov.cn")

static shian_keys_t   keys;
static shian_arena_t  arena;
static uint8_t        issuer_secret[64];

/* What our tokens are bound to: the site, all zero, and the generation. */
static const uint8_t  bound[24] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8
};


static void
add_key(shian_key_kind_t kind, const char *kid, const uint8_t key[32])
{
    shian_key_t  *k = &keys.key[keys.n++];

    k->kind = kind;
    memcpy(k->kid, kid, strlen(kid) + 1);
    memcpy(k->key, key, sizeof(k->key));
}


static int
setup(void **state)
{
    uint8_t  seed[32] = { 3 }, key[32] = { 1 }, pk[32];

    (void) state;

    if (sodium_init() < 0
        || crypto_sign_seed_keypair(pk, issuer_secret, seed) != 0)
    {
        return 1;
    }

    shian_arena_init(&arena, NULL, NULL);
    memset(&keys, 0, sizeof(keys));
    add_key(SHIAN_KEY_TOKEN, "old", key);
    key[0] = 2;
    add_key(SHIAN_KEY_TOKEN, "new", key);
    add_key(SHIAN_KEY_ISSUER, "gov", pk);


    return 0;
}


static int
teardown(void **state)
{
    (void) state;
    shian_arena_free(&arena);

    return 0;
}


static shian_token_t
session(void)
{
    shian_token_t  t = {
        .use = SHIAN_USE_SESSION, .kind = SHIAN_SUBJECT_USER,
        .handle = 7,
        .iat_ms = NOW, .exp_ms = NOW + HOUR,
    };

    shian_session_id(t.jti, t.exp_ms);

    return t;
}


static shian_str_t
issue(const shian_token_t *t)
{
    shian_str_t  token;

    assert_true(shian_token_issue(&arena, &keys, SITE, GENERATION, t, &token));
    assert_true(token.n < SHIAN_MAX_TOKEN);

    return token;
}


static shian_token_result_t
verify(shian_str_t token, shian_use_t use, uint64_t now, shian_token_t *out)
{
    memset(out, 0xee, sizeof(*out));

    return shian_token_verify(&arena, &keys, SITE, GENERATION, use, now,
                              token, out);
}


static void
assert_result(shian_str_t token, shian_token_result_t want)
{
    shian_token_t  out, before;

    memset(&before, 0xee, sizeof(before));
    assert_int_equal(verify(token, SHIAN_USE_SESSION, NOW, &out), want);

    if (want != SHIAN_TOKEN_OK) {
        assert_memory_equal(&out, &before, sizeof(out));
    }
}


static void
assert_same(const shian_token_t *a, const shian_token_t *b)
{
    assert_int_equal(a->use, b->use);
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->handle, b->handle);
    assert_int_equal(a->iat_ms, b->iat_ms);
    assert_int_equal(a->exp_ms, b->exp_ms);
    assert_memory_equal(a->jti, b->jti, sizeof(a->jti));
    assert_int_equal(a->has_photo, b->has_photo);
    assert_memory_equal(a->photo, b->photo, sizeof(a->photo));
    assert_int_equal(a->login.n, b->login.n);
}


static void
what_goes_in_comes_out(void **state)
{
    unsigned        i;
    shian_token_t   t, out;
    static const struct {
        shian_use_t      use;
        shian_subject_t  kind;
        uint64_t         handle, iat, exp;
    } v[] = {
        { SHIAN_USE_SESSION, SHIAN_SUBJECT_USER, 1, 0, NOW + 1 },
        { SHIAN_USE_SESSION, SHIAN_SUBJECT_USER, UINT64_MAX, NOW, NOW + 1 },
        { SHIAN_USE_SESSION, SHIAN_SUBJECT_USER, 10,
          951782400000, /* 29 Feb */ UINT64_C(7258118399999) },
        { SHIAN_USE_PHOTO, SHIAN_SUBJECT_PHOTO, 0, 1709164799999,
          UINT64_C(4107542399999) },
    };

    (void) state;

    for (i = 0; i < 2 * SHIAN_COUNT(v); i++) {
        memset(&t, 0, sizeof(t));
        t.use = v[i / 2].use;
        t.kind = v[i / 2].kind;
        t.handle = v[i / 2].handle;
        t.iat_ms = v[i / 2].iat;
        t.exp_ms = v[i / 2].exp;
        shian_session_id(t.jti, t.exp_ms);
        t.has_photo = (i & 1) != 0 || t.kind == SHIAN_SUBJECT_PHOTO;

        if (t.has_photo) {
            shian_random(t.photo, sizeof(t.photo));
        }

        assert_int_equal(verify(issue(&t), t.use, NOW, &out),
                         SHIAN_TOKEN_OK);
        assert_same(&t, &out);
    }
}


/* The claims in words, so that another implementation can read them. */
static void
claims_are_as_written(void **state)
{
    shian_str_t         message;
    shian_token_t       t = session();
    shian_paseto_t      parts;
    static const char   want[] =
        "{\"sub\":\"user:0000000000007\","
        "\"aud\":\"https://fsc.example.gov.cn\","
        "\"use\":\"session\",\"iat\":\"2026-11-23T08:00:00.123Z\","
        "\"exp\":\"2026-11-23T09:00:00.123Z\","
        "\"jti\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}";

    (void) state;
    memset(t.jti, 0, sizeof(t.jti));
    assert_true(shian_paseto_parse(&arena, issue(&t), &parts));
    assert_true(shian_str_is(parts.footer, "{\"kid\":\"new\"}"));
    assert_true(shian_paseto_decrypt(&arena, keys.key[1].key, &parts,
                                     shian_slice(bound, sizeof(bound)),
                                     &message));
    assert_int_equal(message.n, strlen(want));
    assert_memory_equal(message.p, want, message.n);
}


static void
every_flipped_bit_fails(void **state)
{
    char           copy[SHIAN_MAX_TOKEN];
    size_t         i;
    shian_str_t    token;
    shian_token_t  t = session(), out;

    (void) state;
    token = issue(&t);
    memcpy(copy, token.p, token.n);

    for (i = 0; i < token.n * 8; i++) {
        copy[i / 8] = (char) (copy[i / 8] ^ 1 << i % 8);
        assert_int_not_equal(verify(shian_slice(copy, token.n), t.use, NOW,
                                    &out), SHIAN_TOKEN_OK);
        copy[i / 8] = (char) (copy[i / 8] ^ 1 << i % 8);
    }

    /* Cut short anywhere, or longer, it fails as well. */
    for (i = 0; i < token.n; i++) {
        assert_int_not_equal(verify(shian_slice(copy, i), t.use, NOW, &out),
                             SHIAN_TOKEN_OK);
    }

    copy[token.n] = 'A';
    assert_int_not_equal(verify(shian_slice(copy, token.n + 1), t.use, NOW,
                                &out), SHIAN_TOKEN_OK);
    assert_int_equal(verify(shian_slice(copy, token.n), t.use, NOW, &out),
                     SHIAN_TOKEN_OK);
}


static void
other_use_site_or_time_fails(void **state)
{
    int            use, other;
    shian_str_t    token;
    shian_token_t  t = session(), out;

    (void) state;

    for (use = SHIAN_USE_SESSION; use <= SHIAN_USE_PHOTO; use++) {
        t.use = (shian_use_t) use;
        token = issue(&t);

        for (other = SHIAN_USE_LOGIN; other <= SHIAN_USE_PHOTO; other++) {
            assert_int_equal(verify(token, (shian_use_t) other, NOW, &out),
                             other == use ? SHIAN_TOKEN_OK
                                          : SHIAN_TOKEN_WRONG_USE);
        }

        assert_int_equal(verify(token, t.use, t.exp_ms - 1, &out),
                         SHIAN_TOKEN_OK);
        assert_int_equal(verify(token, t.use, t.exp_ms, &out),
                         SHIAN_TOKEN_EXPIRED);
        assert_int_equal(verify(token, t.use, UINT64_MAX, &out),
                         SHIAN_TOKEN_EXPIRED);
        assert_int_equal(verify(token, t.use, 0, &out), SHIAN_TOKEN_OK);

        assert_int_equal(
            shian_token_verify(&arena, &keys,
                               SHIAN_STR("https://fsc.example.gov.cm"),
                               GENERATION, t.use, NOW, token, &out),
            SHIAN_TOKEN_WRONG_SITE);

        /* faults B1: a restored store knows none of what was issued. */
        assert_int_equal(
            shian_token_verify(&arena, &keys, SITE, GENERATION + 1, t.use,
                               NOW, token, &out),
            SHIAN_TOKEN_FORGED);
        keys.site[3] ^= 1;
        assert_int_equal(verify(token, t.use, NOW, &out),
                         SHIAN_TOKEN_FORGED);
        keys.site[3] ^= 1;
    }
}


static void
keys_rotate_without_a_break(void **state)
{
    uint8_t        key[32] = { 9 };
    shian_str_t    token;
    shian_token_t  t = session(), out;

    (void) state;
    token = issue(&t);
    add_key(SHIAN_KEY_TOKEN, "next", key);
    assert_int_equal(verify(token, t.use, NOW, &out), SHIAN_TOKEN_OK);

    /* Its id on another key: somebody guesses. */
    memcpy(keys.key[1].key, key, sizeof(key));
    assert_int_equal(verify(token, t.use, NOW, &out), SHIAN_TOKEN_FORGED);

    memcpy(keys.key[1].kid, "gone", 5);
    assert_int_equal(verify(token, t.use, NOW, &out),
                     SHIAN_TOKEN_UNKNOWN_KEY);
    assert_int_equal(verify(issue(&t), t.use, NOW, &out), SHIAN_TOKEN_OK);
}


static void
senseless_tokens_are_not_issued(void **state)
{
    char           aud[SHIAN_MAX_AUD + 1];
    shian_str_t    out;
    shian_token_t  t;

    (void) state;

#define REFUSES(change)                                                      \
    t = session();                                                           \
    change;                                                                  \
    assert_false(shian_token_issue(&arena, &keys, SITE, GENERATION, &t, &out))

    REFUSES(t.handle = 0);
    REFUSES(t.use = SHIAN_USE_LOGIN);
    REFUSES(t.use = (shian_use_t) 5);
    REFUSES(t.kind = (shian_subject_t) 5);
    REFUSES(t.kind = SHIAN_SUBJECT_LOGIN);
    REFUSES(t.kind = SHIAN_SUBJECT_PHOTO);
    REFUSES((t.kind = SHIAN_SUBJECT_PHOTO, t.handle = 0));
    REFUSES(t.exp_ms = UINT64_C(7258118400000));
    REFUSES(t.iat_ms = UINT64_MAX);

    t = session();
    memset(aud, 'a', sizeof(aud));
    assert_true(shian_token_issue(&arena, &keys,
                                  shian_slice(aud, SHIAN_MAX_AUD),
                                  GENERATION, &t, &out));
    assert_true(out.n < SHIAN_MAX_TOKEN);
    assert_false(shian_token_issue(&arena, &keys,
                                   shian_slice(aud, sizeof(aud)),
                                   GENERATION, &t, &out));
    assert_false(shian_token_issue(&arena, &keys, SHIAN_NONE, GENERATION, &t,
                                   &out));
    assert_false(shian_token_issue(&arena, &keys, SHIAN_STR("a\"b"),
                                   GENERATION, &t,
                                   &out));
    assert_false(shian_token_issue(&arena, &keys, SHIAN_STR("a\\b"),
                                   GENERATION, &t,
                                   &out));
    assert_false(shian_token_issue(&arena, &keys, SHIAN_STR("a\nb"),
                                   GENERATION, &t,
                                   &out));

    keys.n = 0;
    assert_false(shian_token_issue(&arena, &keys, SITE, GENERATION, &t, &out));
}


static void
junk_is_malformed(void **state)
{
    size_t                    i;
    uint8_t                   key[32] = { 2 };
    shian_str_t               token;
    static const char *const  footers[] = {
        "", "{}", "{\"kid\":7}", "{\"kid\":\"\"}", "[\"new\"]", "new",
        "{\"kid\":\"new\",\"kid\":\"new\"}", "{\"kid\":\"new\"",
        "{\"kid\":\"new\\u0000\"}", "{\"kid\":\"\xff\"}",
    };

    (void) state;
    assert_result(SHIAN_NONE, SHIAN_TOKEN_MALFORMED);
    assert_result(SHIAN_STR("v4.local."), SHIAN_TOKEN_MALFORMED);
    assert_result(SHIAN_STR("v4.local.AAAA"), SHIAN_TOKEN_MALFORMED);

    for (i = 0; i < SHIAN_COUNT(footers); i++) {
        assert_true(shian_paseto_encrypt(&arena, key, NULL, SHIAN_STR("{}"),
                                         shian_str(footers[i]), SHIAN_NONE,
                                         &token));
        assert_result(token, SHIAN_TOKEN_MALFORMED);
    }
}


#define IAT  "\"iat\":\"2026-11-23T08:00:00Z\","
#define EXP  "\"exp\":\"2026-11-23T09:00:00Z\","
#define AUD  "\"aud\":\"https://fsc.example.gov.cn\","
#define JTI  "\"jti\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\","
#define USE  "\"use\":\"session\","
#define SUB  "\"sub\":\"user:0000000000007\""


/* Even with our own key, nothing is taken that we would not write. */
static void
own_claims_are_strict(void **state)
{
    size_t        i;
    shian_str_t   token;
    static const struct {
        const char            *claims;
        shian_token_result_t   result;
    } v[] = {
        { "{" IAT EXP AUD JTI USE SUB "}", SHIAN_TOKEN_OK },
        { "{" IAT EXP AUD JTI USE "\"reuse\":false," SUB "}",
          SHIAN_TOKEN_MALFORMED },
        { "{" IAT EXP AUD JTI "\"use\":\"login\"," SUB "}",
          SHIAN_TOKEN_MALFORMED },
        { "{" EXP AUD JTI USE SUB "}", SHIAN_TOKEN_MALFORMED },
        { "{" IAT AUD JTI USE SUB "}", SHIAN_TOKEN_MALFORMED },
        { "{" IAT EXP JTI USE SUB "}", SHIAN_TOKEN_MALFORMED },
        { "{" IAT EXP AUD USE SUB "}", SHIAN_TOKEN_MALFORMED },
        { "{" IAT EXP AUD JTI SUB "}", SHIAN_TOKEN_MALFORMED },
        { "{" IAT EXP AUD JTI USE "\"x\":\"\"}", SHIAN_TOKEN_MALFORMED },
        { "{" IAT EXP AUD JTI USE "\"x\":1," SUB "}",
          SHIAN_TOKEN_MALFORMED },
        { "{" IAT EXP AUD JTI USE SUB "}x", SHIAN_TOKEN_MALFORMED },
        { "{" IAT EXP AUD JTI USE USE SUB "}", SHIAN_TOKEN_MALFORMED },
        { "{" IAT EXP AUD JTI USE "\"sub\":\"user:7\"}",
          SHIAN_TOKEN_MALFORMED },
        { "{" IAT EXP AUD JTI USE "\"sub\":\"user:\"}",
          SHIAN_TOKEN_MALFORMED },
        { "{" IAT EXP AUD JTI USE "\"sub\":\"user\"}",
          SHIAN_TOKEN_MALFORMED },
        { "{" IAT EXP AUD JTI USE "\"sub\":\"user:0000000000007 \"}",
          SHIAN_TOKEN_MALFORMED },
        { "{" IAT EXP AUD JTI USE "\"sub\":\"user:FZZZZZZZZZZZZ\"}",
          SHIAN_TOKEN_OK },
        { "{" IAT EXP AUD JTI USE "\"sub\":\"user:G000000000000\"}",
          SHIAN_TOKEN_MALFORMED },
        { "{" IAT EXP AUD JTI USE "\"sub\":\"photo\"}",
          SHIAN_TOKEN_MALFORMED },
        { "{" IAT EXP AUD JTI USE "\"sub\":\"login:boss\"}",
          SHIAN_TOKEN_MALFORMED },
        { "{" IAT EXP AUD JTI USE "\"reuse\":1," SUB "}",
          SHIAN_TOKEN_MALFORMED },
        { "{" IAT EXP AUD JTI USE "\"dev\":\"AAAA\"," SUB "}",
          SHIAN_TOKEN_MALFORMED },
        { "{" IAT EXP AUD JTI USE "\"photo\":\"AAAA\"," SUB "}",
          SHIAN_TOKEN_MALFORMED },
        { "{" IAT EXP AUD "\"jti\":\"AAAA\"," USE SUB "}",
          SHIAN_TOKEN_MALFORMED },
        { "{" IAT EXP AUD JTI "\"use\":\"sessions\"," SUB "}",
          SHIAN_TOKEN_MALFORMED },
        { "{" IAT EXP AUD JTI "\"use\":1," SUB "}", SHIAN_TOKEN_MALFORMED },
        { "{" IAT EXP "\"aud\":[]," JTI USE SUB "}", SHIAN_TOKEN_MALFORMED },
        { "", SHIAN_TOKEN_MALFORMED },
        { "7", SHIAN_TOKEN_MALFORMED },
        { "[]", SHIAN_TOKEN_MALFORMED },
    };

    (void) state;

    for (i = 0; i < SHIAN_COUNT(v); i++) {
        assert_true(shian_paseto_encrypt(&arena, keys.key[1].key, NULL,
                                         shian_str(v[i].claims),
                                         SHIAN_STR("{\"kid\":\"new\"}"),
                                         shian_slice(bound, sizeof(bound)),
                                         &token));
        assert_result(token, v[i].result);
    }
}


/* Spaces after the claims, which JSON allows, make a token as long as asked. */
static void
long_tokens_are_refused_unread(void **state)
{
    char               text[2000];
    size_t             n, size;
    bool               fits;
    shian_str_t        token;
    static const char  claims[] = "{" IAT EXP AUD JTI USE SUB "}";

    (void) state;
    size = 0;
    memset(text, ' ', sizeof(text));
    memcpy(text, claims, sizeof(claims) - 1);

    for (n = sizeof(claims) - 1; n < sizeof(text); n++) {
        assert_true(shian_paseto_encrypt(&arena, keys.key[1].key, NULL,
                                         shian_slice(text, n),
                                         SHIAN_STR("{\"kid\":\"new\"}"),
                                         shian_slice(bound, sizeof(bound)),
                                         &token));
        fits = token.n <= SHIAN_MAX_TOKEN;
        size = fits ? token.n : size;
        assert_result(token, fits ? SHIAN_TOKEN_OK : SHIAN_TOKEN_MALFORMED);
    }

    assert_true(size > SHIAN_MAX_TOKEN - 3);
}


static void
times_are_read_as_rfc_3339(void **state)
{
    char          *claims;
    size_t         i;
    shian_str_t    token;
    shian_token_t  out;
    static const struct {
        const char  *text;
        uint64_t     ms;        /* 0: refused */
    } v[] = {
        { "2026-11-23T09:00:00Z", 1795424400000 },
        { "2026-11-23T09:00:00.1Z", 1795424400100 },
        { "2026-11-23T09:00:00.123456789Z", 1795424400123 },
        { "2026-11-23T17:00:00+08:00", 1795424400000 },
        { "2026-11-23T05:30:00-03:30", 1795424400000 },
        { "2026-11-23T09:00:00+00:00", 1795424400000 },
        { "2028-02-29T23:59:59.999Z", 1835481599999 },
        { "2199-12-31T23:59:59Z", 7258118399000 },
        { "2200-01-01T00:00:00Z", 0 },
        { "1969-12-31T23:59:59Z", 0 },
        { "2026-11-23T09:00:00", 0 },
        { "2026-11-23T09:00:00.Z", 0 },
        { "2027-02-29T09:00:00Z", 0 },
        { "2026-13-23T09:00:00Z", 0 },
        { "2026-00-23T09:00:00Z", 0 },
        { "2026-11-00T09:00:00Z", 0 },
        { "2026-11-32T09:00:00Z", 0 },
        { "2026-11-23T24:00:00Z", 0 },
        { "2026-11-23T09:60:00Z", 0 },
        { "2026-11-23T09:00:61Z", 0 },
        { "2026-11-23T09:00:00+0800", 0 },
        { "2026-11-23T09:00:00+24:00", 0 },
        { "2026-11-23T09:00:00+08:60", 0 },
        { "2026-11-23T09:00:00ZZ", 0 },
        { "+026-11-23T09:00:00Z", 0 },
        { "1795424400", 0 },
        { "", 0 },
    };

    (void) state;

    for (i = 0; i < SHIAN_COUNT(v); i++) {
        claims = shian_printf(&arena, "{" IAT "\"exp\":\"%s\"," AUD JTI USE
                              SUB "}", v[i].text);
        assert_non_null(claims);
        assert_true(shian_paseto_encrypt(&arena, keys.key[1].key, NULL,
                                         shian_str(claims),
                                         SHIAN_STR("{\"kid\":\"new\"}"),
                                         shian_slice(bound, sizeof(bound)),
                                         &token));
        assert_int_equal(verify(token, SHIAN_USE_SESSION, NOW, &out),
                         v[i].ms == 0 ? SHIAN_TOKEN_MALFORMED
                                      : SHIAN_TOKEN_OK);

        if (v[i].ms != 0) {
            assert_int_equal(out.exp_ms, v[i].ms);
        }
    }
}


static shian_str_t
sign(const char *claims, const char *footer)
{
    shian_str_t  token;

    assert_true(shian_paseto_sign(&arena, issuer_secret, shian_str(claims),
                                  shian_str(footer), SHIAN_NONE, &token));

    return token;
}


#define LOGIN   "\"sub\":\"login:li.wei\"}"
#define OUTJTI  "\"jti\":\"one\","
#define GOV     "{\"kid\":\"gov\"}"


static void
an_outside_issuer_signs_people_in(void **state)
{
    shian_str_t           token;
    shian_token_t         out, other;
    static const uint8_t  exp[] = { 0, 0, 0x01, 0xa2, 0x07, 0xa2, 0x32,
                                    0x80 };

    (void) state;
    token = sign("{\"iss\":\"x\",\"more\":[1]," IAT EXP AUD OUTJTI USE LOGIN,
                 "{\"kid\":\"gov\",\"wpk\":\"x\"}");
    assert_int_equal(verify(token, SHIAN_USE_SESSION, NOW, &out),
                     SHIAN_TOKEN_OK);
    assert_int_equal(out.kind, SHIAN_SUBJECT_LOGIN);
    assert_int_equal(out.handle, 0);
    assert_true(shian_str_is(out.login, "li.wei"));
    assert_int_equal(out.exp_ms, 1795424400000);
    assert_memory_equal(out.jti, exp, 8);

    /* The same id gives the same jti, another one another. */
    token = sign("{" IAT EXP AUD OUTJTI USE LOGIN, GOV);
    assert_int_equal(verify(token, SHIAN_USE_SESSION, NOW, &other),
                     SHIAN_TOKEN_OK);
    assert_memory_equal(out.jti, other.jti, sizeof(out.jti));
    token = sign("{" IAT EXP AUD "\"jti\":\"two\"," USE LOGIN, GOV);
    assert_int_equal(verify(token, SHIAN_USE_SESSION, NOW, &other),
                     SHIAN_TOKEN_OK);
    assert_memory_not_equal(out.jti, other.jti, sizeof(out.jti));

    assert_int_equal(verify(token, SHIAN_USE_LOGIN, NOW, &out),
                     SHIAN_TOKEN_WRONG_USE);
    assert_int_equal(verify(token, SHIAN_USE_SESSION, NOW + HOUR, &out),
                     SHIAN_TOKEN_EXPIRED);
}


static void
an_outside_issuer_may_do_no_more(void **state)
{
    size_t        i;
    shian_str_t   token;
    static const struct {
        const char            *claims;
        shian_token_result_t   result;
    } v[] = {
        { "{" IAT EXP AUD OUTJTI USE LOGIN, SHIAN_TOKEN_OK },
        { "{" IAT EXP AUD OUTJTI USE SUB "}", SHIAN_TOKEN_MALFORMED },
        { "{" IAT EXP AUD OUTJTI USE "\"sub\":\"venue:7\"}",
          SHIAN_TOKEN_MALFORMED },
        { "{" IAT EXP AUD OUTJTI USE "\"sub\":\"login:\"}",
          SHIAN_TOKEN_MALFORMED },
        { "{" IAT EXP AUD OUTJTI USE "\"sub\":\"login:a b\"}",
          SHIAN_TOKEN_MALFORMED },
        { "{" IAT EXP AUD OUTJTI "\"use\":\"scan\"," LOGIN,
          SHIAN_TOKEN_MALFORMED },
        { "{" IAT EXP AUD OUTJTI "\"use\":\"session \"," LOGIN,
          SHIAN_TOKEN_MALFORMED },
        { "{" IAT EXP AUD OUTJTI "\"use\":\"photo\"," LOGIN,
          SHIAN_TOKEN_MALFORMED },
        { "{" IAT EXP AUD USE LOGIN, SHIAN_TOKEN_MALFORMED },
        { "{" EXP AUD OUTJTI USE LOGIN, SHIAN_TOKEN_MALFORMED },
        { "{" IAT AUD OUTJTI USE LOGIN, SHIAN_TOKEN_MALFORMED },
        { "{" IAT EXP "\"aud\":\"https://other.example\"," OUTJTI USE LOGIN,
          SHIAN_TOKEN_WRONG_SITE },
        { "{" IAT EXP AUD OUTJTI USE "\"nbf\":\"2026-11-23T08:30:00Z\","
          LOGIN, SHIAN_TOKEN_EXPIRED },
        { "{" IAT EXP AUD OUTJTI USE "\"nbf\":7," LOGIN,
          SHIAN_TOKEN_MALFORMED },
        { "{\"iat\":\"2026-11-23T08:01:01Z\"," EXP AUD OUTJTI USE LOGIN,
          SHIAN_TOKEN_EXPIRED },
        { "{\"iat\":\"2026-11-23T08:00:59Z\"," EXP AUD OUTJTI USE LOGIN,
          SHIAN_TOKEN_OK },
    };

    (void) state;

    for (i = 0; i < SHIAN_COUNT(v); i++) {
        assert_result(sign(v[i].claims, GOV), v[i].result);
    }

    assert_result(sign(v[0].claims, "{\"kid\":\"new\"}"),
                  SHIAN_TOKEN_UNKNOWN_KEY);
    issuer_secret[0] ^= 1;
    issuer_secret[40] ^= 1;
    assert_result(sign(v[0].claims, GOV), SHIAN_TOKEN_FORGED);

    /* The public key is public: as a v4.local key it must open nothing. */
    assert_true(shian_paseto_encrypt(&arena, keys.key[2].key, NULL,
                                     SHIAN_STR("{" IAT EXP AUD JTI USE SUB
                                               "}"),
                                     SHIAN_STR(GOV), SHIAN_NONE, &token));
    assert_result(token, SHIAN_TOKEN_UNKNOWN_KEY);
}


#define TEST(f)  cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_goes_in_comes_out),
        TEST(claims_are_as_written),
        TEST(every_flipped_bit_fails),
        TEST(other_use_site_or_time_fails),
        TEST(keys_rotate_without_a_break),
        TEST(senseless_tokens_are_not_issued),
        TEST(junk_is_malformed),
        TEST(own_claims_are_strict),
        TEST(long_tokens_are_refused_unread),
        TEST(times_are_read_as_rfc_3339),
        TEST(an_outside_issuer_signs_people_in),
        TEST(an_outside_issuer_may_do_no_more),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
