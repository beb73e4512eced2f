#include "ids.h"

#include <endian.h>
#include <pthread.h>
#include <stdlib.h>

#include <sodium.h>

#define POOL_SIZE  4096
#define NO_VALUE   0xff

/* Bytes below `left` are fresh; those above were handed out and wiped. */
typedef struct {
    size_t   left;
    uint8_t  bytes[POOL_SIZE];
} shian_pool_t;

static _Thread_local shian_pool_t  pool;
static pthread_once_t              once = PTHREAD_ONCE_INIT;

static const char  base64url[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static char                        pairs[4096][2];
static uint8_t                     values[256];
static pthread_once_t              tables_once = PTHREAD_ONCE_INIT;


/* A child would otherwise hand out its parent's bytes once more. */
static void
forget(void)
{
    pool.left = 0;
}


static void
prepare(void)
{
    if (sodium_init() < 0 || pthread_atfork(NULL, NULL, forget) != 0) {
        abort();
    }
}


/* Stretched from one seed, since the system takes its time for 4096 bytes. */
static void
refill(void)
{
    uint8_t  seed[randombytes_SEEDBYTES];

    (void) pthread_once(&once, prepare);

    randombytes_buf(seed, sizeof(seed));
    randombytes_buf_deterministic(pool.bytes, POOL_SIZE, seed);
    sodium_memzero(seed, sizeof(seed));
    pool.left = POOL_SIZE;
}


void
shian_random(void *out, size_t n)
{
    if (n > POOL_SIZE / 4) {
        randombytes_buf(out, n);
        return;
    }

    if (pool.left < n) {
        refill();
    }

    if (n != 0) {
        pool.left -= n;
        memcpy(out, pool.bytes + pool.left, n);
        sodium_memzero(pool.bytes + pool.left, n);
    }
}


static void
put_be(uint8_t *out, size_t n, uint64_t v)
{
    while (n-- != 0) {
        out[n] = (uint8_t) v;
        v >>= 8;
    }
}


void
shian_time_id(uint8_t out[SHIAN_ID_SIZE], uint64_t ms)
{
    put_be(out, 6, ms);
    shian_random(out + 6, SHIAN_ID_SIZE - 6);
}


void
shian_session_id(uint8_t out[SHIAN_SESSION_ID_SIZE], uint64_t ms)
{
    put_be(out, 8, ms);
    shian_random(out + 8, SHIAN_SESSION_ID_SIZE - 8);
}


void
shian_hex(char *out, const void *p, size_t n)
{
    size_t             i;
    const uint8_t     *b = p;
    static const char  digits[] = "0123456789abcdef";

    for (i = 0; i < n; i++) {
        out[2 * i] = digits[b[i] >> 4];
        out[2 * i + 1] = digits[b[i] & 15];
    }
}


static unsigned
hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    c |= 0x20;

    return c >= 'a' && c <= 'f' ? c - 'a' + 10U : NO_VALUE;
}


bool
shian_unhex(void *out, size_t n, shian_str_t text)
{
    size_t    i;
    uint8_t  *b = out;
    unsigned  high, low;

    if (text.n % 2 != 0 || text.n / 2 != n) {
        return false;
    }

    for (i = 0; i < n; i++) {
        high = hex_value(text.p[2 * i]);
        low = hex_value(text.p[2 * i + 1]);

        if (high == NO_VALUE || low == NO_VALUE) {
            return false;
        }

        b[i] = (uint8_t) (high << 4 | low);
    }

    return true;
}


static void
fill_tables(void)
{
    size_t  i;

    memset(values, NO_VALUE, sizeof(values));

    for (i = 0; i < 64; i++) {
        values[(uint8_t) base64url[i]] = (uint8_t) i;
    }

    for (i = 0; i < SHIAN_COUNT(pairs); i++) {
        pairs[i][0] = base64url[i >> 6];
        pairs[i][1] = base64url[i & 63];
    }
}


size_t
shian_base64url(char *out, const void *p, size_t n)
{
    char           *o = out;
    uint32_t        v;
    uint64_t        w;
    const uint8_t  *b = p;

    (void) pthread_once(&tables_once, fill_tables);

    /* Two characters a step: most of the bytes of a scan's answer are these. */
    for ( /* void */ ; n >= 8; n -= 6, b += 6, o += 8) {
        memcpy(&w, b, 8);
        w = be64toh(w);
        memcpy(o, pairs[w >> 52], 2);
        memcpy(o + 2, pairs[w >> 40 & 4095], 2);
        memcpy(o + 4, pairs[w >> 28 & 4095], 2);
        memcpy(o + 6, pairs[w >> 16 & 4095], 2);
    }

    for ( /* void */ ; n >= 3; n -= 3, b += 3) {
        v = (uint32_t) b[0] << 16 | (uint32_t) b[1] << 8 | b[2];
        *o++ = base64url[v >> 18];
        *o++ = base64url[v >> 12 & 63];
        *o++ = base64url[v >> 6 & 63];
        *o++ = base64url[v & 63];
    }

    if (n != 0) {
        v = (uint32_t) b[0] << 16 | (n == 2 ? (uint32_t) b[1] << 8 : 0);
        *o++ = base64url[v >> 18];
        *o++ = base64url[v >> 12 & 63];

        if (n == 2) {
            *o++ = base64url[v >> 6 & 63];
        }
    }

    return (size_t) (o - out);
}


bool
shian_base64url_decode(void *out, size_t *n, shian_str_t text)
{
    size_t    i, done;
    uint8_t  *b = out;
    uint32_t  acc;
    unsigned  v, bits;

    /* One character alone over a multiple of four carries no byte. */
    if (text.n % 4 == 1 || text.n / 4 * 3 + text.n % 4 * 3 / 4 > *n) {
        return false;
    }

    (void) pthread_once(&tables_once, fill_tables);
    acc = 0;
    bits = 0;
    done = 0;

    for (i = 0; i < text.n; i++) {
        v = values[text.p[i]];
        if (v == NO_VALUE) {
            return false;
        }

        acc = (acc << 6 | v) & 0xffff;
        bits += 6;

        if (bits >= 8) {
            bits -= 8;
            b[done++] = (uint8_t) (acc >> bits);
        }
    }

    if ((acc & ((1U << bits) - 1)) != 0) {
        return false;
    }

    *n = done;

    return true;
}
