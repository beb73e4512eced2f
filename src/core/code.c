#include "code.h"

#include <sodium.h>

#define BASE         32
#define MAX_TAIL     16     /* bytes of punctuation hung on behind */
#define MAC_SIZE     10     /* of links and scans: 80 bits */
#define MAX_PAYLOAD  64
#define SCAN_SIZE    (1 + 5 + 6 + SHIAN_SCAN_RANDOM + SHIAN_ID_SIZE)

static const char  alphabet[BASE + 1] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";


static uint8_t *
put_be(uint8_t *p, uint64_t v, unsigned width)
{
    while (width-- != 0) {
        *p++ = (uint8_t) (v >> (8 * width));
    }

    return p;
}


static uint64_t
get_be(const uint8_t *p, unsigned width)
{
    uint64_t  v;

    for (v = 0; width != 0; width--) {
        v = v << 8 | *p++;
    }

    return v;
}


/* The MAC that ends a code; see code.h for what goes into it. */
static void
code_mac(const shian_keys_t *keys, const shian_key_t *key, char use,
    uint8_t kind, uint64_t generation, const uint8_t *payload, size_t n,
    uint8_t out[crypto_generichash_BYTES])
{
    uint8_t  in[5 + 3 + SHIAN_SITE_SIZE + 8 + MAX_PAYLOAD], *p;

    memcpy(in, "shian", 5);
    in[5] = (uint8_t) use;
    in[6] = kind;
    in[7] = (uint8_t) key->no;
    memcpy(in + 8, keys->site, SHIAN_SITE_SIZE);
    p = put_be(in + 8 + SHIAN_SITE_SIZE, generation, 8);
    memcpy(p, payload, n);

    /* Fails on wrong sizes only, and all of them are constants. */
    (void) crypto_generichash(out, crypto_generichash_BYTES, in,
                              (size_t) (p - in) + n, key->key,
                              sizeof(key->key));
}


static void
put_digits(char *out, uint64_t v, size_t n)
{
    while (n-- != 0) {
        out[n] = alphabet[v % BASE];
        v /= BASE;
    }
}


static uint64_t
get_digits(const uint8_t *value, size_t n)
{
    uint64_t  v;

    for (v = 0; n != 0; n--) {
        v = v * BASE + *value++;
    }

    return v;
}


/* The value of a character, or BASE when it is none. */
static uint8_t
code_value(uint8_t c)
{
    static const uint8_t  letters[] = {
        10, 11, 12, 13, 14, 15, 16, 17, 1, 18, 19, 1, 20, 21, 0, 22, 23, 24,
        25, 26, BASE, 27, 28, 29, 30, 31
    };

    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    c |= 0x20;

    return c >= 'a' && c <= 'z' ? letters[c - 'a'] : BASE;
}


/*
 * Exactly want characters' values; hyphens anywhere, and behind them what a
 * chat program takes along: spaces and punctuation, in ASCII or beyond it.
 */
static bool
read_values(shian_str_t text, uint8_t *value, size_t want)
{
    size_t   i, n;
    uint8_t  c;

    for (i = 0, n = 0; i < text.n && n < want; i++) {
        c = text.p[i];

        if (c == '-') {
            continue;
        }

        value[n] = code_value(c);
        if (value[n++] == BASE) {
            return false;
        }
    }

    if (n != want || text.n - i > MAX_TAIL) {
        return false;
    }

    for ( /* void */ ; i < text.n; i++) {
        c = text.p[i];

        if (c == '\0' || c == 0x7f || (c >= '0' && c <= '9')
            || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z'))
        {
            return false;
        }
    }

    return true;
}


/* ---- plaques --------------------------------------------------------------*/

/* 40 bits of MAC as a number, so that it is written like the id. */
static uint64_t
plaque_mac(const shian_keys_t *keys, const shian_key_t *key, uint64_t id)
{
    uint8_t  payload[5], out[crypto_generichash_BYTES];

    (void) put_be(payload, id, 5);
    code_mac(keys, key, 'q', 0, 0, payload, sizeof(payload), out);

    return get_be(out, 5);
}


bool
shian_code_make(const shian_keys_t *keys, uint32_t key_no, uint64_t id,
    char out[SHIAN_CODE_LEN + 1])
{
    const shian_key_t  *key;

    key = shian_key_numbered(keys, SHIAN_KEY_PLAQUE, key_no);

    if (key == NULL || id > SHIAN_CODE_MAX_ID) {
        return false;
    }

    put_digits(out, key_no, 1);
    put_digits(out + 1, id, 8);
    put_digits(out + 9, plaque_mac(keys, key, id), 8);
    out[SHIAN_CODE_LEN] = '\0';

    return true;
}


bool
shian_code_read(const shian_keys_t *keys, shian_str_t text, uint64_t *id,
    uint32_t *key_no)
{
    uint8_t             value[SHIAN_CODE_LEN];
    uint64_t            number, mac, right;
    const shian_key_t  *key;

    if (!read_values(text, value, SHIAN_CODE_LEN)) {
        return false;
    }

    key = shian_key_numbered(keys, SHIAN_KEY_PLAQUE, value[0]);
    if (key == NULL) {
        return false;
    }

    number = get_digits(value + 1, 8);
    mac = get_digits(value + 9, 8);
    right = plaque_mac(keys, key, number);

    if (sodium_memcmp(&right, &mac, sizeof(mac)) != 0) {
        return false;
    }

    *id = number;
    *key_no = value[0];

    return true;
}


void
shian_code_group(const char code[SHIAN_CODE_LEN + 1],
    char out[SHIAN_CODE_GROUP_LEN + 1])
{
    size_t  i;

    for (i = 0; i < SHIAN_CODE_LEN; i++) {
        if (i % 4 == 1) {
            *out++ = '-';
        }

        *out++ = code[i];
    }

    *out = '\0';
}


/* ---- links ----------------------------------------------------------------*/

/* A sign-in link ends with the store's generation; a private link does not. */
static void
link_mac(const shian_keys_t *keys, const shian_key_t *key,
    shian_link_kind_t kind, uint64_t generation, uint64_t handle,
    uint8_t out[crypto_generichash_BYTES])
{
    uint8_t  payload[8];

    (void) put_be(payload, handle, 8);
    code_mac(keys, key, 'l', (uint8_t) kind,
             kind == SHIAN_LINK_SIGNIN ? generation : 0, payload,
             sizeof(payload), out);
}


bool
shian_link_make(const shian_keys_t *keys, shian_link_kind_t kind,
    uint64_t generation, uint64_t handle, char out[SHIAN_LINK_LEN + 1])
{
    uint8_t             mac[crypto_generichash_BYTES];
    const shian_key_t  *key;

    key = shian_key_issuing(keys, SHIAN_KEY_LINK);
    if (key == NULL) {
        return false;
    }

    link_mac(keys, key, kind, generation, handle, mac);

    put_digits(out, (uint64_t) kind, 1);
    put_digits(out + 1, key->no, 1);
    put_digits(out + 2, handle, SHIAN_HANDLE_LEN);
    put_digits(out + 15, get_be(mac, 5), 8);
    put_digits(out + 23, get_be(mac + 5, 5), 8);
    out[SHIAN_LINK_LEN] = '\0';

    return true;
}


bool
shian_link_read(const shian_keys_t *keys, shian_link_kind_t kind,
    uint64_t generation, shian_str_t text, uint64_t *handle)
{
    uint8_t             value[SHIAN_LINK_LEN], mac[MAC_SIZE];
    uint8_t             right[crypto_generichash_BYTES];
    uint64_t            h;
    const shian_key_t  *key;

    /* 13 characters hold 65 bits: the first is below 16. */
    if (!read_values(text, value, SHIAN_LINK_LEN) || value[0] != kind
        || value[2] >= BASE / 2)
    {
        return false;
    }

    key = shian_key_numbered(keys, SHIAN_KEY_LINK, value[1]);
    if (key == NULL) {
        return false;
    }

    h = get_digits(value + 2, SHIAN_HANDLE_LEN);
    (void) put_be(mac, get_digits(value + 15, 8), 5);
    (void) put_be(mac + 5, get_digits(value + 23, 8), 5);
    link_mac(keys, key, kind, generation, h, right);

    if (sodium_memcmp(right, mac, sizeof(mac)) != 0) {
        return false;
    }

    *handle = h;

    return true;
}


uint64_t
shian_new_handle(void)
{
    uint64_t  handle;

    do {
        shian_random(&handle, sizeof(handle));
    } while (handle == 0);

    return handle;
}


void
shian_handle_text(uint64_t handle, char out[SHIAN_HANDLE_LEN + 1])
{
    put_digits(out, handle, SHIAN_HANDLE_LEN);
    out[SHIAN_HANDLE_LEN] = '\0';
}


bool
shian_handle_read(shian_str_t text, uint64_t *handle)
{
    char      again[SHIAN_HANDLE_LEN + 1];
    uint8_t   value[SHIAN_HANDLE_LEN];
    uint64_t  h;

    if (text.n != SHIAN_HANDLE_LEN
        || !read_values(text, value, SHIAN_HANDLE_LEN)
        || value[0] >= BASE / 2)
    {
        return false;
    }

    h = get_digits(value, SHIAN_HANDLE_LEN);
    shian_handle_text(h, again);

    if (!shian_str_is(text, again)) {
        return false;
    }

    *handle = h;

    return true;
}


/* ---- scans ----------------------------------------------------------------*/

bool
shian_scan_make(const shian_keys_t *keys, uint64_t generation,
    const shian_scan_mark_t *mark, char out[SHIAN_SCAN_LEN + 1])
{
    uint8_t             raw[SCAN_SIZE + MAC_SIZE], *p;
    uint8_t             mac[crypto_generichash_BYTES];
    const shian_key_t  *key;

    key = shian_key_issuing(keys, SHIAN_KEY_SCAN);

    if (key == NULL || mark->plaque > SHIAN_CODE_MAX_ID
        || mark->at_ms >> 48 != 0)
    {
        return false;
    }

    raw[0] = (uint8_t) key->no;
    p = put_be(raw + 1, mark->plaque, 5);
    p = put_be(p, mark->at_ms, 6);
    memcpy(p, mark->random, SHIAN_SCAN_RANDOM);
    memcpy(p + SHIAN_SCAN_RANDOM, mark->device, SHIAN_ID_SIZE);
    code_mac(keys, key, 'c', 0, generation, raw, SCAN_SIZE, mac);
    memcpy(raw + SCAN_SIZE, mac, MAC_SIZE);

    out[shian_base64url(out, raw, sizeof(raw))] = '\0';

    return true;
}


bool
shian_scan_read(const shian_keys_t *keys, uint64_t generation,
    shian_str_t text, shian_scan_mark_t *mark)
{
    size_t              n;
    uint8_t             raw[SCAN_SIZE + MAC_SIZE];
    uint8_t             mac[crypto_generichash_BYTES];
    const shian_key_t  *key;

    n = sizeof(raw);

    if (text.n != SHIAN_SCAN_LEN || !shian_base64url_decode(raw, &n, text)
        || n != sizeof(raw))
    {
        return false;
    }

    key = shian_key_numbered(keys, SHIAN_KEY_SCAN, raw[0]);
    if (key == NULL) {
        return false;
    }

    code_mac(keys, key, 'c', 0, generation, raw, SCAN_SIZE, mac);

    if (sodium_memcmp(mac, raw + SCAN_SIZE, MAC_SIZE) != 0) {
        return false;
    }

    mark->plaque = get_be(raw + 1, 5);
    mark->at_ms = get_be(raw + 6, 6);
    memcpy(mark->random, raw + 12, SHIAN_SCAN_RANDOM);
    memcpy(mark->device, raw + 12 + SHIAN_SCAN_RANDOM, SHIAN_ID_SIZE);

    return true;
}
