/*
 * The code on a plaque: 17 characters of Crockford's base32
 * (crockford.com/base32.html), 1 for the number of the key, 8 for the
 * plaque's 40-bit id and 8 for 40 bits of MAC over both, the first 5 bytes of
 * a keyed 32-byte BLAKE2b (RFC 7693) of number (1 byte) ‖ id (5, big-endian).
 */

#ifndef SHIAN_CODE_H
#define SHIAN_CODE_H

#include "keys.h"

#define SHIAN_CODE_LEN        17
#define SHIAN_CODE_GROUP_LEN  21
#define SHIAN_CODE_MAX_ID     ((UINT64_C(1) << 40) - 1)

/*
 * Writes the code of plaque id under the plaque key key_no, NUL-terminated.
 * False when there is no such key or the id has more than 40 bits.  Any
 * thread.
 */
bool shian_code_make(const shian_keys_t *keys, uint32_t key_no, uint64_t id,
    char out[SHIAN_CODE_LEN + 1]);

/*
 * Reads a code as people type it: either case, I and L for 1, O for 0,
 * hyphens anywhere.  False when it is no code or its MAC is wrong, which is
 * compared in constant time.  Any thread.
 */
bool shian_code_read(const shian_keys_t *keys, shian_str_t text,
    uint64_t *id, uint32_t *key_no);

/*
 * Writes a code of shian_code_make() in groups for people, NUL-terminated:
 * K-XXXX-XXXX-YYYY-YYYY.  Any thread.
 */
void shian_code_group(const char code[SHIAN_CODE_LEN + 1],
    char out[SHIAN_CODE_GROUP_LEN + 1]);

#endif /* SHIAN_CODE_H */
