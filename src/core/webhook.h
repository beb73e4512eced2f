/*
 * Signatures of Standard Webhooks (https://www.standardwebhooks.com, version
 * 1.0.0): HMAC-SHA256 over "id.timestamp.body", in the form "v1,<base64>".
 * And of DingTalk's robots with the security setting "sign" (加签, open.
 * dingtalk.com, custom robots): HMAC-SHA256 over "milliseconds LF secret", in
 * the URL.
 */

#ifndef SHIAN_WEBHOOK_H
#define SHIAN_WEBHOOK_H

#include "base.h"

#define SHIAN_WEBHOOK_KEY_MIN    24
#define SHIAN_WEBHOOK_KEY_MAX    64
#define SHIAN_DINGTALK_KEY_MAX   128
#define SHIAN_WEBHOOK_SIGNATURE  48     /* "v1,", 44 of base64, NUL */
#define SHIAN_DINGTALK_QUERY     192    /* with its NUL */

typedef struct {
    size_t   n;
    uint8_t  b[SHIAN_DINGTALK_KEY_MAX];
} shian_webhook_key_t;

/*
 * Reads "whsec_" and the base64 (RFC 4648, 4, padded) of 24 to 64 bytes into
 * *key.  False, with nothing of the secret kept, when it is anything else.
 * Any thread.
 */
bool shian_webhook_key(shian_str_t text, shian_webhook_key_t *key);

/*
 * Writes the webhook-signature of body, sent as message id at `seconds` since
 * 1970, with its NUL.  Any thread.
 */
void shian_webhook_sign(const shian_webhook_key_t *key, shian_str_t id,
    uint64_t seconds, shian_str_t body, char out[SHIAN_WEBHOOK_SIGNATURE]);

/* Takes "SEC" and what follows, as the robot's settings show it.  As above. */
bool shian_dingtalk_key(shian_str_t text, shian_webhook_key_t *key);

/*
 * Writes "timestamp=…&sign=…" for the URL of a robot that is posted to at ms
 * since 1970, with its NUL.  Any thread.
 */
void shian_dingtalk_sign(const shian_webhook_key_t *key, uint64_t ms,
    char out[SHIAN_DINGTALK_QUERY]);

#endif /* SHIAN_WEBHOOK_H */
