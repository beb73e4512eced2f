/*
 * The first byte chooses what the rest is: a whole token as it comes in, the
 * claims inside one made with our own key, inside one of an outside issuer,
 * or a footer.  Past the first, everything behind the cryptography is reached.
 */

#include <stdlib.h>

#include <sodium.h>

#include "core/paseto.h"
#include "core/token.h"

#define SITE  SHIAN_STR("https://a.example")
#define NOW   UINT64_C(1795420800000)

static shian_keys_t  keys;
static uint8_t       secret[64];


static void
need(bool good)
{
    if (!good) {
        abort();
    }
}


static void
make_keys(void)
{
    uint8_t  seed[32] = { 1 };

    need(sodium_init() >= 0);
    keys.n = 2;
    keys.key[0].kind = SHIAN_KEY_TOKEN;
    memcpy(keys.key[0].kid, "a", 2);
    keys.key[1].kind = SHIAN_KEY_ISSUER;
    memcpy(keys.key[1].kid, "g", 2);
    need(crypto_sign_seed_keypair(keys.key[1].key, secret, seed) == 0);
}


/* What is accepted makes sense, and what is ours can be issued again. */
static void
check(shian_arena_t *a, shian_str_t token, shian_use_t use)
{
    shian_str_t    again;
    shian_token_t  t, back;

    if (shian_token_verify(a, &keys, SITE, use, NOW, token, &t)
        != SHIAN_TOKEN_OK)
    {
        return;
    }

    need(t.use == use && t.exp_ms > NOW && token.n <= SHIAN_MAX_TOKEN);

    if (t.kind == SHIAN_SUBJECT_LOGIN) {
        need(t.login.n != 0 && use <= SHIAN_USE_SESSION);
        return;
    }

    need(shian_token_issue(a, &keys, SITE, &t, &again));
    need(shian_token_verify(a, &keys, SITE, use, NOW, again, &back)
         == SHIAN_TOKEN_OK);
    need(back.id == t.id && back.exp_ms == t.exp_ms
         && memcmp(back.jti, t.jti, sizeof(t.jti)) == 0);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool           made;
    shian_use_t    use;
    shian_str_t    in, token;
    shian_arena_t  a;

    if (keys.n == 0) {
        make_keys();
    }

    if (size == 0) {
        return 0;
    }

    in = shian_slice(data + 1, size - 1);
    use = (shian_use_t) (data[0] / 4 % 5);
    shian_arena_init(&a, NULL, NULL);

    switch (data[0] % 4) {
    case 0:
        made = shian_paseto_encrypt(&a, keys.key[0].key, NULL, in,
                                    SHIAN_STR("{\"kid\":\"a\"}"), SHIAN_NONE,
                                    &token);
        break;
    case 1:
        made = shian_paseto_sign(&a, secret, in,
                                 SHIAN_STR("{\"kid\":\"g\"}"), SHIAN_NONE,
                                 &token);
        break;
    case 2:
        made = shian_paseto_encrypt(&a, keys.key[0].key, NULL,
                                    SHIAN_STR("{}"), in, SHIAN_NONE, &token);
        break;
    default:
        made = true;
        token = in;
    }

    need(made);
    check(&a, token, use);
    shian_arena_free(&a);

    return 0;
}
