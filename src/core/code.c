#include "code.h"

#include <sodium.h>

/* Longer than any code with a hyphen between every two characters. */
#define MAX_TEXT   40
#define MAC_CHARS  8
#define BASE       32

static const char  alphabet[BASE + 1] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";


/* 40 bits of MAC as a number, so that it is written like the id. */
static uint64_t
code_mac(const shian_key_t *key, uint64_t id)
{
    size_t    i;
    uint8_t   in[6], out[crypto_generichash_BYTES];
    uint64_t  mac;

    in[0] = (uint8_t) key->no;

    for (i = 0; i < 5; i++) {
        in[1 + i] = (uint8_t) (id >> (32 - 8 * i));
    }

    /* Fails on wrong sizes only, and all of them are constants. */
    (void) crypto_generichash(out, sizeof(out), in, sizeof(in), key->key,
                              sizeof(key->key));

    mac = 0;

    for (i = 0; i < 5; i++) {
        mac = mac << 8 | out[i];
    }

    return mac;
}


static void
put_40_bits(char out[MAC_CHARS], uint64_t v)
{
    size_t  i;

    for (i = MAC_CHARS; i-- != 0; v /= BASE) {
        out[i] = alphabet[v % BASE];
    }
}


bool
shian_code_make(const shian_keys_t *keys, uint32_t key_no, uint64_t id,
    char out[SHIAN_CODE_LEN + 1])
{
    const shian_key_t  *key;

    key = shian_key_plaque(keys, key_no);

    if (key == NULL || id > SHIAN_CODE_MAX_ID) {
        return false;
    }

    out[0] = alphabet[key_no];
    put_40_bits(out + 1, id);
    put_40_bits(out + 1 + MAC_CHARS, code_mac(key, id));
    out[SHIAN_CODE_LEN] = '\0';

    return true;
}


/* The value of a character, or BASE when it is none. */
static uint32_t
code_value(uint8_t c)
{
    static const char  letters[] = {
        10, 11, 12, 13, 14, 15, 16, 17, 1, 18, 19, 1, 20, 21, 0, 22, 23, 24,
        25, 26, BASE, 27, 28, 29, 30, 31
    };

    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    c |= 0x20;

    return c >= 'a' && c <= 'z' ? (uint32_t) letters[c - 'a'] : BASE;
}


bool
shian_code_read(const shian_keys_t *keys, shian_str_t text, uint64_t *id,
    uint32_t *key_no)
{
    size_t              i, n;
    uint32_t            value[SHIAN_CODE_LEN];
    uint64_t            number, mac, right;
    const shian_key_t  *key;

    if (text.n < SHIAN_CODE_LEN || text.n > MAX_TEXT) {
        return false;
    }

    n = 0;

    for (i = 0; i < text.n; i++) {
        if (text.p[i] == '-') {
            continue;
        }

        if (n == SHIAN_CODE_LEN) {
            return false;
        }

        value[n] = code_value(text.p[i]);
        if (value[n++] == BASE) {
            return false;
        }
    }

    if (n != SHIAN_CODE_LEN) {
        return false;
    }

    number = 0;
    mac = 0;

    for (i = 1; i <= MAC_CHARS; i++) {
        number = number * BASE + value[i];
        mac = mac * BASE + value[i + MAC_CHARS];
    }

    key = shian_key_plaque(keys, value[0]);
    if (key == NULL) {
        return false;
    }

    right = code_mac(key, number);

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
