/*
 * Signed codes: what is short enough for paper, an SMS and a cookie.  Text is
 * Crockford's base32 (crockford.com/base32.html); each ends in a MAC, the
 * first bytes of a keyed 32-byte BLAKE2b (RFC 7693) of
 *
 *     "shian" ‖ use (1) ‖ kind (1) ‖ key number (1) ‖ site (16)
 *     ‖ generation (8, or zero) ‖ payload
 *
 * big-endian and of fixed widths.  The generation is the store's, new at each
 * restore; plaques are printed and private links are kept, so theirs is zero:
 * what they name is in the store or opens nothing.
 */

#ifndef SHIAN_CODE_H
#define SHIAN_CODE_H

#include "ids.h"
#include "keys.h"

#define SHIAN_CODE_LEN        17
#define SHIAN_CODE_GROUP_LEN  21
#define SHIAN_CODE_MAX_ID     ((UINT64_C(1) << 40) - 1)
#define SHIAN_LINK_LEN        31
#define SHIAN_HANDLE_LEN      13
#define SHIAN_SCAN_RANDOM     8
#define SHIAN_SCAN_LEN        62

/*
 * Writes the code of plaque id under the plaque key key_no, NUL-terminated:
 * 1 character for the key's number, 8 for the 40-bit id, 8 for 40 bits of
 * MAC.  False when there is no such key or the id has more than 40 bits.  Any
 * thread.
 */
bool shian_code_make(const shian_keys_t *keys, uint32_t key_no, uint64_t id,
    char out[SHIAN_CODE_LEN + 1]);

/*
 * Reads a code as people type and paste it: either case, I and L for 1, O for
 * 0, hyphens anywhere, punctuation behind it.  False when it is no code or
 * its MAC is wrong, which is compared in constant time.  Any thread.
 */
bool shian_code_read(const shian_keys_t *keys, shian_str_t text,
    uint64_t *id, uint32_t *key_no);

/*
 * Writes a code of shian_code_make() in groups for people, NUL-terminated:
 * K-XXXX-XXXX-YYYY-YYYY.  Any thread.
 */
void shian_code_group(const char code[SHIAN_CODE_LEN + 1],
    char out[SHIAN_CODE_GROUP_LEN + 1]);


/* What a link is for; the number stands in its code for ever. */
typedef enum {
    SHIAN_LINK_SIGNIN = 1,      /* /s/ */
    SHIAN_LINK_TRACK = 2        /* /t/ */
} shian_link_kind_t;

/*
 * Writes the code of a link under the newest link key, NUL-terminated: 2
 * characters for kind and key number, 13 for the random 64-bit handle of what
 * it opens, 16 for 80 bits of MAC.  generation is the store's.  False when
 * there is no key.  Any thread.
 */
bool shian_link_make(const shian_keys_t *keys, shian_link_kind_t kind,
    uint64_t generation, uint64_t handle, char out[SHIAN_LINK_LEN + 1]);

/* Reads one of that kind, as shian_code_read() does.  Any thread. */
bool shian_link_read(const shian_keys_t *keys, shian_link_kind_t kind,
    uint64_t generation, shian_str_t text, uint64_t *handle);

/* A random handle, never 0.  Any thread. */
uint64_t shian_new_handle(void);

/* A handle as text: 13 characters, NUL-terminated.  Any thread. */
void shian_handle_text(uint64_t handle, char out[SHIAN_HANDLE_LEN + 1]);

/* Exactly what shian_handle_text() writes, or false.  Any thread. */
bool shian_handle_read(shian_str_t text, uint64_t *handle);


/* That a device stood before a plaque at an instant (ms since 1970). */
typedef struct {
    uint64_t  plaque;
    uint64_t  at_ms;
    uint8_t   random[SHIAN_SCAN_RANDOM];
    uint8_t   device[SHIAN_ID_SIZE];
} shian_scan_mark_t;

/*
 * Writes the scan's cookie under the newest scan key, SHIAN_SCAN_LEN
 * characters of base64url and a NUL: key number (1), plaque (5), instant (6),
 * random (8), device (16), 80 bits of MAC.  False when there is no key or a
 * number does not fit.  Any thread.
 */
bool shian_scan_make(const shian_keys_t *keys, uint64_t generation,
    const shian_scan_mark_t *mark, char out[SHIAN_SCAN_LEN + 1]);

/* The opposite; false when anything of it was changed.  Any thread. */
bool shian_scan_read(const shian_keys_t *keys, uint64_t generation,
    shian_str_t text, shian_scan_mark_t *mark);

#endif /* SHIAN_CODE_H */
