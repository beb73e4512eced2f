/*
 * Random bytes, the ids made of them, and the two ways they are written.
 */

#ifndef SHIAN_IDS_H
#define SHIAN_IDS_H

#include "base.h"

#define SHIAN_ID_SIZE          16
#define SHIAN_SESSION_ID_SIZE  24

/* Characters that n bytes take, without a terminating NUL. */
#define SHIAN_HEX_LEN(n)        ((n) * 2)
#define SHIAN_BASE64URL_LEN(n)  (((n) * 4 + 2) / 3)

/*
 * Fills out with n unpredictable bytes from the kernel's generator.  Small
 * requests are served from a pool of the calling thread, whose bytes are
 * wiped as they are handed out and which a fork drops.  Cannot fail: without
 * a generator the process aborts.  Any thread.
 */
void shian_random(void *out, size_t n);

/*
 * An id that sorts by the time it was made: 6 bytes of big-endian
 * milliseconds since 1970 and 10 random ones (the order of a UUIDv7, RFC
 * 9562, without its marker bits).  Any thread.
 */
void shian_time_id(uint8_t out[SHIAN_ID_SIZE], uint64_t ms);

/*
 * The id of a token: 8 bytes of big-endian milliseconds since 1970, the
 * instant it EXPIRES, and 16 random ones, so what is over can be swept as one
 * range of keys.  Any thread.
 */
void shian_session_id(uint8_t out[SHIAN_SESSION_ID_SIZE], uint64_t ms);

/*
 * Writes n bytes as SHIAN_HEX_LEN(n) lower-case hex digits; no NUL is added.
 * Any thread.
 */
void shian_hex(char *out, const void *p, size_t n);

/*
 * Reads exactly n bytes from 2n hex digits of either case.  False, with out
 * undefined, when text is anything else.  Any thread.
 */
bool shian_unhex(void *out, size_t n, shian_str_t text);

/*
 * Writes n bytes in base64url without padding (RFC 4648, 5), that is
 * SHIAN_BASE64URL_LEN(n) characters; no NUL is added.  Returns their number.
 * Any thread.
 */
size_t shian_base64url(char *out, const void *p, size_t n);

/*
 * Decodes base64url strictly: no padding, no space, no other alphabet, and
 * the unused bits at the end must be zero, so every byte string has exactly
 * one spelling.  *n is the room in out before and the bytes written after.
 * False, with out undefined, when the text is wrong or does not fit.  Any
 * thread.
 */
bool shian_base64url_decode(void *out, size_t *n, shian_str_t text);

#endif /* SHIAN_IDS_H */
