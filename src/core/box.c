#include "box.h"

#include <sodium.h>

#include "ids.h"

#define NONCE  crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG    crypto_aead_xchacha20poly1305_ietf_ABYTES

_Static_assert(NONCE + TAG == SHIAN_BOX_OVER, "what a box is larger by");


void
shian_box(const uint8_t key[SHIAN_BOX_KEY], shian_str_t ad, shian_str_t text,
    uint8_t *out)
{
    shian_random(out, NONCE);
    crypto_aead_xchacha20poly1305_ietf_encrypt(out + NONCE, NULL, text.p,
                                               text.n, ad.p, ad.n, NULL, out,
                                               key);
}


bool
shian_unbox(const uint8_t key[SHIAN_BOX_KEY], shian_str_t ad,
    shian_str_t box, uint8_t *out)
{
    return box.n >= SHIAN_BOX_OVER
           && crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL,
                  box.p + NONCE, box.n - NONCE, ad.p, ad.n, box.p, key) == 0;
}
