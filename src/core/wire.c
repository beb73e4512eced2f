#include "wire.h"

enum {
    VARINT = 0,
    FIXED64 = 1,
    MEASURED = 2,
    FIXED32 = 5
};


/*
 * Little end first, seven bits a byte, ten bytes at most.  The first byte
 * after it, or NULL: malformed.
 */
static const uint8_t *
long_varint(const uint8_t *p, const uint8_t *end, uint64_t *v)
{
    unsigned  shift;

    *v = 0;

    for (shift = 0; p != end && shift < 70; shift += 7) {
        *v |= (uint64_t) (*p & 0x7f) << shift;

        if (*p++ < 0x80) {
            return p;
        }
    }

    return NULL;
}


/* Nearly all are of one byte. */
static inline const uint8_t *
varint(const uint8_t *p, const uint8_t *end, uint64_t *v)
{
    if (p != end && *p < 0x80) {
        *v = *p;
        return p + 1;
    }

    return long_varint(p, end, v);
}


/* Little end first as well. */
static uint64_t
fixed(const uint8_t *p, unsigned n)
{
    uint64_t  v;

    for (v = 0; n > 0; n--) {
        v = v << 8 | p[n - 1];
    }

    return v;
}


bool
shian_wire_next(shian_str_t *rest, shian_wire_t *f)
{
    uint64_t        tag, n;
    const uint8_t  *p, *end;

    end = rest->p + rest->n;
    p = varint(rest->p, end, &tag);

    if (p == NULL || tag < 8) {
        return false;
    }

    f->id = tag >> 3;
    f->number = 0;
    f->bytes = SHIAN_NONE;

    switch (tag & 7) {

    case VARINT:
        p = varint(p, end, &f->number);
        n = 0;
        break;

    case MEASURED:
        p = varint(p, end, &n);
        f->bytes.p = p;
        f->bytes.n = (size_t) n;
        break;

    case FIXED64:
        n = 8;
        f->number = p == NULL || end - p < 8 ? 0 : fixed(p, 8);
        break;

    case FIXED32:
        n = 4;
        f->number = p == NULL || end - p < 4 ? 0 : fixed(p, 4);
        break;

    default:
        return false;
    }

    if (p == NULL || n > (size_t) (end - p)) {
        return false;
    }

    rest->p = p + n;
    rest->n = (size_t) (end - rest->p);

    return true;
}
