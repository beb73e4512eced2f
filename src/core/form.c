#include "form.h"
#include "text.h"


static int
hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    c |= 0x20;

    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}


/* Decodes into *dst, which has room for s.n bytes, and moves it on. */
static bool
decode(shian_str_t s, uint8_t **dst, shian_str_t *out)
{
    int      hi, lo;
    size_t   i;
    uint8_t  *p;

    p = *dst;

    for (i = 0; i < s.n; i++) {
        if (s.p[i] == '+') {
            *p++ = ' ';
            continue;
        }

        if (s.p[i] != '%') {
            *p++ = s.p[i];
            continue;
        }

        if (s.n - i < 3) {
            return false;
        }

        hi = hex_digit(s.p[i + 1]);
        lo = hex_digit(s.p[i + 2]);

        if (hi < 0 || lo < 0) {
            return false;
        }

        *p++ = (uint8_t) (hi << 4 | lo);
        i += 2;
    }

    *out = shian_slice(*dst, (size_t) (p - *dst));
    *dst = p;

    return shian_utf8_valid(*out);
}


/* The piece of s before the first c, or all of it; s becomes what follows. */
static shian_str_t
cut(shian_str_t *s, uint8_t c)
{
    shian_str_t     piece;
    const uint8_t  *at;

    at = s->n == 0 ? NULL : memchr(s->p, c, s->n);

    if (at == NULL) {
        piece = *s;
        *s = SHIAN_NONE;
        return piece;
    }

    piece = shian_slice(s->p, (size_t) (at - s->p));
    *s = shian_slice(at + 1, s->n - piece.n - 1);

    return piece;
}


bool
shian_form_parse(shian_arena_t *a, shian_str_t body, size_t max_pairs,
    shian_pair_t **pairs, size_t *n, shian_report_t *report)
{
    size_t        i, room;
    uint8_t      *dst;
    shian_str_t   rest, pair, name;

    *pairs = NULL;
    *n = 0;

    if (body.n == 0) {
        return true;
    }

    if (max_pairs == 0) {
        max_pairs = SHIAN_MAX_PAIRS;
    }

    for (room = 1, i = 0; i < body.n && room < max_pairs; i++) {
        room += body.p[i] == '&';
    }

    *pairs = shian_array(a, room, sizeof(shian_pair_t));
    dst = shian_alloc(a, body.n);

    if (*pairs == NULL || dst == NULL) {
        return shian_fail(report, 500, "server", "Out of memory.");
    }

    rest = body;

    while (rest.n != 0) {
        pair = cut(&rest, '&');

        if (pair.n == 0) {
            continue;
        }

        if (*n == room) {
            return shian_fail(report, 413, "too_many", "Too many fields.");
        }

        name = cut(&pair, '=');

        if (!decode(name, &dst, &(*pairs)[*n].name)
            || !decode(pair, &dst, &(*pairs)[*n].value))
        {
            return shian_fail(report, 400, "malformed",
                              "A field is not percent-encoded UTF-8.");
        }

        (*n)++;
    }

    return true;
}


shian_str_t
shian_form_get(const shian_pair_t *pairs, size_t n, const char *name)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (shian_str_is(pairs[i].name, name)) {
            return pairs[i].value;
        }
    }

    return SHIAN_NONE;
}


void
shian_percent_encode(shian_sink_t *s, shian_str_t v)
{
    char     escape[3];
    size_t   i;
    uint8_t  c;

    static const char  digits[] = "0123456789ABCDEF";

    for (i = 0; i < v.n; i++) {
        c = v.p[i];

        if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z')
            || (c >= 'a' && c <= 'z') || (c != '\0' && strchr("-._~", c)))
        {
            shian_putc(s, (char) c);
            continue;
        }

        escape[0] = '%';
        escape[1] = digits[c >> 4];
        escape[2] = digits[c & 15];
        shian_put(s, escape, sizeof(escape));
    }
}
