/*
 * A closed box: bytes that only the holder of a key can read or make, as
 * nonce || ciphertext || tag of XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha).
 */

#ifndef SHIAN_BOX_H
#define SHIAN_BOX_H

#include "base.h"

#define SHIAN_BOX_KEY   32
#define SHIAN_BOX_OVER  40      /* bytes that a box is larger by */

/*
 * Closes text into out, which has room for text.n + SHIAN_BOX_OVER bytes.  ad
 * is not in the box and must be the same when it is opened.  Any thread.
 */
void shian_box(const uint8_t key[SHIAN_BOX_KEY], shian_str_t ad,
    shian_str_t text, uint8_t *out);

/*
 * Opens a box into out, which has room for box.n - SHIAN_BOX_OVER bytes.
 * False when it is of another key or ad, or not whole; out is then undefined.
 * Any thread.
 */
bool shian_unbox(const uint8_t key[SHIAN_BOX_KEY], shian_str_t ad,
    shian_str_t box, uint8_t *out);

#endif /* SHIAN_BOX_H */
