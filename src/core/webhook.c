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

    if (sodium_base642bin(key->b, SHIAN_WEBHOOK_KEY_MAX,
                          (const char *) text.p + n, text.n - n, NULL,
                          &key->n, NULL, sodium_base64_VARIANT_ORIGINAL)
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


bool
shian_dingtalk_key(shian_str_t text, shian_webhook_key_t *key)
{
    size_t  i;

    key->n = 0;

    if (text.n < SHIAN_WEBHOOK_KEY_MIN || text.n > sizeof(key->b)
        || memcmp(text.p, "SEC", 3) != 0)
    {
        return false;
    }

    for (i = 0; i < text.n; i++) {
        if (text.p[i] <= ' ' || text.p[i] > '~') {
            return false;
        }
    }

    memcpy(key->b, text.p, text.n);
    key->n = text.n;

    return true;
}


void
shian_dingtalk_sign(const shian_webhook_key_t *key, uint64_t ms,
    char out[SHIAN_DINGTALK_QUERY])
{
    int                              n;
    char                             at[24], sign[64];
    size_t                           i, size;
    uint8_t                          mac[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_state     h;

    n = snprintf(at, sizeof(at), "%llu\n", (unsigned long long) ms);

    crypto_auth_hmacsha256_init(&h, key->b, key->n);
    crypto_auth_hmacsha256_update(&h, (const uint8_t *) at,
                                  (unsigned long long) n);
    crypto_auth_hmacsha256_update(&h, key->b, key->n);
    crypto_auth_hmacsha256_final(&h, mac);
    (void) sodium_bin2base64(sign, sizeof(sign), mac, sizeof(mac),
                             sodium_base64_VARIANT_ORIGINAL);
    sodium_memzero(&h, sizeof(h));

    size = (size_t) snprintf(out, SHIAN_DINGTALK_QUERY, "timestamp=%llu&sign=",
                             (unsigned long long) ms);

    for (i = 0; sign[i] != '\0'; i++) {
        size += (size_t) snprintf(out + size, SHIAN_DINGTALK_QUERY - size,
                                  strchr("+/=", sign[i]) == NULL ? "%c"
                                  : "%%%02X", sign[i]);
    }
}
