#include "webhook.h"

#include <stdio.h>

#include <sodium.h>

#define PREFIX  "whsec_"


bool
shian_webhook_key(shian_str_t text, shian_webhook_key_t *key)
{
    size_t  n = sizeof(PREFIX) - 1;

    key->n = 0;

    if (text.n < n || memcmp(text.p, PREFIX, n) != 0) {
        return false;
    }

    if (sodium_base642bin(key->b, sizeof(key->b), (const char *) text.p + n,
                          text.n - n, NULL, &key->n, NULL,
                          sodium_base64_VARIANT_ORIGINAL)
        != 0
        || key->n < SHIAN_WEBHOOK_KEY_MIN)
    {
        sodium_memzero(key, sizeof(*key));
        return false;
    }

    return true;
}


void
shian_webhook_sign(const shian_webhook_key_t *key, shian_str_t id,
    uint64_t seconds, shian_str_t body, char out[SHIAN_WEBHOOK_SIGNATURE])
{
    int                              n;
    char                             at[24];
    uint8_t                          mac[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_state     h;

    n = snprintf(at, sizeof(at), ".%llu.", (unsigned long long) seconds);

    crypto_auth_hmacsha256_init(&h, key->b, key->n);
    crypto_auth_hmacsha256_update(&h, id.p, id.n);
    crypto_auth_hmacsha256_update(&h, (const uint8_t *) at,
                                  (unsigned long long) n);
    crypto_auth_hmacsha256_update(&h, body.p, body.n);
    crypto_auth_hmacsha256_final(&h, mac);

    memcpy(out, "v1,", 3);
    (void) sodium_bin2base64(out + 3, SHIAN_WEBHOOK_SIGNATURE - 3, mac,
                             sizeof(mac), sodium_base64_VARIANT_ORIGINAL);
    sodium_memzero(&h, sizeof(h));
}
