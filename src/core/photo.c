#include "photo.h"
#include "shian.pb-c.h"

#include <zlib.h>

/* A file of many scans costs a viewer their product with the pixels. */
#define MAX_SCANS  32

_Static_assert((int) SHIAN_PHOTO_JPEG == (int) SHIAN__PHOTO__TYPE__jpeg
               && (int) SHIAN_PHOTO_PNG == (int) SHIAN__PHOTO__TYPE__png
               && (int) SHIAN_PHOTO_WEBP == (int) SHIAN__PHOTO__TYPE__webp,
               "the schema's numbers");

/*
 * Each format is walked twice by the same function: with out NULL it checks
 * and learns, with a sink it writes.  Nothing is written of what is not whole.
 */
typedef struct {
    const uint8_t  *p;
    size_t          n;
    size_t          at;
    shian_sink_t   *out;
    uint32_t        width;
    uint32_t        height;

    /* JPEG */
    size_t          scans;
    unsigned        orientation;    /* 1-8; 0: not said */
    int             adobe;          /* colour transform; -1: not said */
    bool            jfif;

    /* WebP */
    bool            lossless;
    shian_str_t     picture;
    shian_str_t     alpha;
} photo_t;


static uint32_t
be16(const uint8_t *p)
{
    return (uint32_t) p[0] << 8 | p[1];
}


static uint32_t
be32(const uint8_t *p)
{
    return be16(p) << 16 | be16(p + 2);
}


static uint32_t
le16(const uint8_t *p)
{
    return (uint32_t) p[1] << 8 | p[0];
}


static uint32_t
le24(const uint8_t *p)
{
    return (uint32_t) p[2] << 16 | le16(p);
}


static uint32_t
le32(const uint8_t *p)
{
    return le16(p + 2) << 16 | le16(p);
}


static void
emit(photo_t *f, const void *p, size_t n)
{
    if (f->out != NULL) {
        shian_put(f->out, p, n);
    }
}


static shian_photo_result_t
set_size(photo_t *f, uint32_t width, uint32_t height)
{
    f->width = width;
    f->height = height;

    if (width == 0 || height == 0) {
        return SHIAN_PHOTO_BROKEN;
    }

    if (width > SHIAN_MAX_PHOTO_SIDE || height > SHIAN_MAX_PHOTO_SIDE
        || width * height > SHIAN_MAX_PHOTO_PIXELS)
    {
        return SHIAN_PHOTO_TOO_MANY_PIXELS;
    }

    return SHIAN_PHOTO_OK;
}


/* ---- JPEG (ITU-T T.81, annex B) ---- */

/*
 * The Orientation tag of the first directory of a TIFF block (Exif 3.0,
 * section 4.6.5), 1 when it does not say.
 */
static unsigned
tiff_orientation(shian_str_t t)
{
    bool      big;
    size_t    at, i, n;
    uint32_t  value;

    if (t.n < 8 || (memcmp(t.p, "MM\0\x2a", 4) != 0
                    && memcmp(t.p, "II\x2a\0", 4) != 0))
    {
        return 1;
    }

    big = t.p[0] == 'M';
    at = big ? be32(t.p + 4) : le32(t.p + 4);

    if (at > t.n - 2) {
        return 1;
    }

    n = big ? be16(t.p + at) : le16(t.p + at);

    for (i = 0, at += 2; i < n && t.n - at >= 12; i++, at += 12) {
        if (memcmp(t.p + at, big ? "\x01\x12\0\x03\0\0\0\x01"
                                 : "\x12\x01\x03\0\x01\0\0\0", 8) == 0)
        {
            value = big ? be16(t.p + at + 8) : le16(t.p + at + 8);
            return value >= 1 && value <= 8 ? value : 1;
        }
    }

    return 1;
}


/* What an APPn segment says about how the samples are to be shown. */
static void
jpeg_application(photo_t *f, unsigned marker, shian_str_t s)
{
    if (marker == 0xe0 && s.n >= 14 && memcmp(s.p, "JFIF", 5) == 0) {
        f->jfif = true;

    } else if (marker == 0xe1 && s.n > 6 && f->orientation == 0
               && memcmp(s.p, "Exif\0", 6) == 0)
    {
        f->orientation = tiff_orientation(shian_slice(s.p + 6, s.n - 6));

    } else if (marker == 0xee && s.n >= 12 && memcmp(s.p, "Adobe", 5) == 0) {
        f->adobe = s.p[11] <= 2 ? s.p[11] : 0;
    }
}


static shian_photo_result_t
jpeg_frame(photo_t *f, shian_str_t s)
{
    size_t          i;
    const uint8_t  *c;

    if (f->width != 0 || s.n < 6 || s.n != 6 + 3 * (size_t) s.p[5]
        || s.p[0] != 8 || s.p[5] == 0 || s.p[5] == 2 || s.p[5] > 4)
    {
        return SHIAN_PHOTO_BROKEN;
    }

    for (i = 0; i < s.p[5]; i++) {
        c = s.p + 6 + 3 * i;

        if (c[1] >> 4 == 0 || c[1] >> 4 > 4 || (c[1] & 15) == 0
            || (c[1] & 15) > 4 || c[2] > 3)
        {
            return SHIAN_PHOTO_BROKEN;
        }
    }

    return set_size(f, be16(s.p + 3), be16(s.p + 1));
}


static bool
jpeg_quantisation(shian_str_t s)
{
    size_t  at;

    for (at = 0; at < s.n; at += 1 + ((size_t) 64 << (s.p[at] >> 4))) {
        if (s.p[at] >> 4 > 1 || (s.p[at] & 15) > 3) {
            return false;
        }
    }

    return at == s.n;
}


static bool
jpeg_huffman(shian_str_t s)
{
    size_t  at, i, n;

    for (at = 0; at < s.n; at += 17 + n) {
        if (s.n - at < 17 || s.p[at] >> 4 > 1 || (s.p[at] & 15) > 3) {
            return false;
        }

        for (i = 1, n = 0; i <= 16; i++) {
            n += s.p[at + i];
        }

        if (n > 256) {
            return false;
        }
    }

    return at == s.n;
}


/* Moves past the coded samples of a scan to the marker that ends them. */
static bool
jpeg_samples(photo_t *f)
{
    size_t          start;
    const uint8_t  *p;

    for (start = f->at; f->at < f->n; f->at += 2) {
        p = memchr(f->p + f->at, 0xff, f->n - f->at);

        if (p == NULL) {
            return false;
        }

        f->at = (size_t) (p - f->p);

        if (f->n - f->at < 2) {
            return false;
        }

        /* A stuffed zero and restart markers belong to the samples. */
        if (p[1] != 0 && (p[1] < 0xd0 || p[1] > 0xd7)) {
            emit(f, f->p + start, f->at - start);
            return true;
        }
    }

    return false;
}


static bool
jpeg_scan(photo_t *f, shian_str_t s)
{
    return f->width != 0 && f->scans++ < MAX_SCANS && s.n >= 1
           && s.p[0] >= 1 && s.p[0] <= 4 && s.n == 4 + 2 * (size_t) s.p[0];
}


/* Checks a segment; *keep says whether it is part of the picture. */
static shian_photo_result_t
jpeg_segment(photo_t *f, unsigned marker, shian_str_t s, bool *keep)
{
    bool  ok;

    *keep = true;

    switch (marker) {

    case 0xc0:
    case 0xc1:
    case 0xc2:
        return jpeg_frame(f, s);

    case 0xc4:
        ok = jpeg_huffman(s);
        break;

    case 0xda:
        ok = jpeg_scan(f, s);
        break;

    case 0xdb:
        ok = jpeg_quantisation(s);
        break;

    case 0xdd:
        ok = s.n == 2;
        break;

    default:
        /* Lossless and arithmetic coding are shown by no browser. */
        *keep = false;
        ok = (marker >= 0xe0 && marker <= 0xef) || marker == 0xfe;
        jpeg_application(f, marker, s);
    }

    return ok ? SHIAN_PHOTO_OK : SHIAN_PHOTO_BROKEN;
}


/* The next marker, or 0. */
static unsigned
jpeg_marker(photo_t *f)
{
    if (f->at == f->n || f->p[f->at] != 0xff) {
        return 0;
    }

    while (f->at < f->n && f->p[f->at] == 0xff) {
        f->at++;
    }

    return f->at < f->n ? f->p[f->at++] : 0;
}


static shian_photo_result_t
jpeg_walk(photo_t *f)
{
    bool                   keep;
    size_t                 n;
    uint8_t                mark[2];
    unsigned               marker;
    shian_photo_result_t   rc;

    f->at = 2;
    f->width = 0;
    f->scans = 0;

    for ( ;; ) {
        marker = jpeg_marker(f);
        mark[0] = 0xff;
        mark[1] = (uint8_t) marker;

        if (marker == 0xd9) {
            emit(f, mark, 2);
            return f->scans != 0 ? SHIAN_PHOTO_OK : SHIAN_PHOTO_BROKEN;
        }

        if (marker < 0xc0 || f->n - f->at < 2) {
            return SHIAN_PHOTO_BROKEN;
        }

        n = be16(f->p + f->at);
        if (n < 2 || n > f->n - f->at) {
            return SHIAN_PHOTO_BROKEN;
        }

        rc = jpeg_segment(f, marker, shian_slice(f->p + f->at + 2, n - 2),
                          &keep);
        if (rc != SHIAN_PHOTO_OK) {
            return rc;
        }

        if (keep) {
            emit(f, mark, 2);
            emit(f, f->p + f->at, n);
        }

        f->at += n;

        if (marker == 0xda && !jpeg_samples(f)) {
            return SHIAN_PHOTO_BROKEN;
        }
    }
}


static shian_photo_result_t
jpeg_clean(photo_t *f, shian_sink_t *out)
{
    uint32_t               side;
    shian_photo_result_t   rc;

    uint8_t  jfif[] = "\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0";
    uint8_t  exif[] = "\xff\xe1\0\x22" "Exif\0\0MM\0\x2a\0\0\0\x08\0\1"
                      "\1\x12\0\3\0\0\0\1\0\1\0\0\0\0\0";
    uint8_t  adobe[] = "\xff\xee\0\x0e" "Adobe\0\x64\0\0\0\0";

    f->adobe = -1;

    rc = jpeg_walk(f);
    if (rc != SHIAN_PHOTO_OK) {
        return rc;
    }

    f->out = out;
    emit(f, f->p, 2);

    if (f->jfif) {
        emit(f, jfif, sizeof(jfif));
    }

    if (f->orientation > 1) {
        exif[29] = (uint8_t) f->orientation;
        emit(f, exif, sizeof(exif));
    }

    if (f->adobe >= 0) {
        adobe[15] = (uint8_t) f->adobe;
        emit(f, adobe, sizeof(adobe));
    }

    rc = jpeg_walk(f);

    /* From 5 on the picture is shown lying on its side. */
    if (f->orientation >= 5) {
        side = f->width;
        f->width = f->height;
        f->height = side;
    }

    return rc;
}


/* ---- PNG (W3C PNG 3rd edition, section 11) ---- */

static const struct {
    char      type[5];
    uint16_t  min;
    uint16_t  max;
} png_kept[] = {
    { "PLTE", 3, 768 }, { "tRNS", 1, 256 }, { "gAMA", 4, 4 },
    { "cHRM", 32, 32 }, { "sRGB", 1, 1 }, { "sBIT", 1, 4 }
};


static shian_photo_result_t
png_header(photo_t *f, const uint8_t *h)
{
    /* Bit depths that each colour type allows, as a mask. */
    static const uint32_t  depths[] = {
        1 << 1 | 1 << 2 | 1 << 4 | 1 << 8 | 1 << 16, 0, 1 << 8 | 1 << 16,
        1 << 1 | 1 << 2 | 1 << 4 | 1 << 8, 1 << 8 | 1 << 16, 0,
        1 << 8 | 1 << 16
    };

    if (h[8] > 16 || h[9] >= SHIAN_COUNT(depths)
        || (depths[h[9]] & 1u << h[8]) == 0 || h[10] != 0 || h[11] != 0
        || h[12] > 1 || be32(h) > INT32_MAX || be32(h + 4) > INT32_MAX)
    {
        return SHIAN_PHOTO_BROKEN;
    }

    return set_size(f, be32(h), be32(h + 4));
}


/*
 * Whether a chunk that is neither IDAT nor IEND is as it must be.  *keep: it
 * is copied; *seen: a bit for each kind that may come but once.
 */
static bool
png_chunk(const uint8_t *type, size_t len, unsigned *seen, bool *keep)
{
    size_t  i;

    for (i = 0; i < SHIAN_COUNT(png_kept); i++) {
        if (memcmp(type, png_kept[i].type, 4) == 0) {
            *keep = true;

            if ((*seen & 1u << i) != 0) {
                return false;
            }

            *seen |= 1u << i;

            return len >= png_kept[i].min && len <= png_kept[i].max
                   && (i != 0 || len % 3 == 0);
        }
    }

    *keep = false;

    /* A capital letter: a decoder that skips this chunk is wrong. */
    return (type[0] & 0x20) != 0;
}


static shian_photo_result_t
png_walk(photo_t *f)
{
    bool            ok, keep, data, after;
    size_t          len;
    unsigned        seen;
    const uint8_t  *type;

    /* IHDR, which png_clean has checked, and the signature. */
    emit(f, f->p, 33);
    seen = 0;
    data = false;
    after = false;

    for (f->at = 33; f->n - f->at >= 12; f->at += len + 12) {
        len = be32(f->p + f->at);
        type = f->p + f->at + 4;
        keep = true;

        if (len > f->n - f->at - 12) {
            return SHIAN_PHOTO_BROKEN;
        }

        if (memcmp(type, "IDAT", 4) == 0) {
            ok = !after;
            data = true;

        } else if (memcmp(type, "IEND", 4) == 0) {
            ok = data && len == 0;

        } else {
            ok = png_chunk(type, len, &seen, &keep) && !(keep && data);
            after = data;
        }

        if (ok && keep && f->out == NULL) {
            ok = crc32(0, type, (uInt) len + 4) == be32(type + 4 + len);
        }

        if (!ok) {
            return SHIAN_PHOTO_BROKEN;
        }

        if (keep) {
            emit(f, f->p + f->at, len + 12);
        }

        if (memcmp(type, "IEND", 4) == 0) {
            return SHIAN_PHOTO_OK;
        }
    }

    return SHIAN_PHOTO_BROKEN;
}


static shian_photo_result_t
png_clean(photo_t *f, shian_sink_t *out)
{
    shian_photo_result_t  rc;

    if (f->n < 33 || memcmp(f->p + 8, "\0\0\0\x0dIHDR", 8) != 0
        || crc32(0, f->p + 12, 17) != be32(f->p + 29))
    {
        return SHIAN_PHOTO_BROKEN;
    }

    rc = png_header(f, f->p + 16);
    if (rc == SHIAN_PHOTO_OK) {
        rc = png_walk(f);
    }

    if (rc != SHIAN_PHOTO_OK) {
        return rc;
    }

    f->out = out;

    return png_walk(f);
}


/* ---- WebP (RFC 9649, section 2; frame headers: RFC 6386, section 9.1) ---- */

static shian_photo_result_t
webp_picture(photo_t *f, shian_str_t s)
{
    uint32_t  v;

    if (f->picture.p != NULL) {
        return SHIAN_PHOTO_BROKEN;
    }

    f->picture = s;

    if (f->lossless) {
        if (s.n < 5 || s.p[0] != 0x2f || s.p[4] >> 5 != 0) {
            return SHIAN_PHOTO_BROKEN;
        }

        v = le32(s.p + 1);
        return set_size(f, (v & 0x3fff) + 1, (v >> 14 & 0x3fff) + 1);
    }

    if (s.n < 10 || (s.p[0] & 1) != 0 || le24(s.p) >> 5 > s.n - 10
        || memcmp(s.p + 3, "\x9d\x01\x2a", 3) != 0)
    {
        return SHIAN_PHOTO_BROKEN;
    }

    return set_size(f, le16(s.p + 6) & 0x3fff, le16(s.p + 8) & 0x3fff);
}


/* Finds the picture and its alpha; all else is left where it is. */
static shian_photo_result_t
webp_walk(photo_t *f, size_t end)
{
    size_t                 len;
    shian_str_t            s, canvas;
    const uint8_t         *type;
    shian_photo_result_t   rc;

    canvas = SHIAN_NONE;

    for (f->at = 12; f->at < end; f->at += 8 + len + len % 2) {
        if (end - f->at < 8) {
            return SHIAN_PHOTO_BROKEN;
        }

        type = f->p + f->at;
        len = le32(type + 4);

        if (len > end - f->at - 8 || len % 2 > end - f->at - 8 - len) {
            return SHIAN_PHOTO_BROKEN;
        }

        s = shian_slice(type + 8, len);
        rc = SHIAN_PHOTO_OK;

        if (memcmp(type, "VP8X", 4) == 0) {
            if (f->at != 12 || len != 10) {
                return SHIAN_PHOTO_BROKEN;
            }
            canvas = s;

        } else if (memcmp(type, "ANIM", 4) == 0
                   || memcmp(type, "ANMF", 4) == 0)
        {
            return SHIAN_PHOTO_NOT_A_PHOTO;

        } else if (memcmp(type, "ALPH", 4) == 0) {
            if (canvas.p == NULL || f->alpha.p != NULL
                || f->picture.p != NULL || len < 2)
            {
                return SHIAN_PHOTO_BROKEN;
            }
            f->alpha = s;

        } else if (memcmp(type, "VP8", 3) == 0
                   && (type[3] == ' ' || type[3] == 'L'))
        {
            f->lossless = type[3] == 'L';
            rc = webp_picture(f, s);
        }

        if (rc != SHIAN_PHOTO_OK) {
            return rc;
        }
    }

    if (f->picture.p == NULL
        || (canvas.p != NULL && (le24(canvas.p + 4) + 1 != f->width
                                 || le24(canvas.p + 7) + 1 != f->height)))
    {
        return SHIAN_PHOTO_BROKEN;
    }

    return SHIAN_PHOTO_OK;
}


static void
webp_chunk(photo_t *f, const char *type, shian_str_t s)
{
    uint8_t  len[4] = { (uint8_t) s.n, (uint8_t) (s.n >> 8),
                        (uint8_t) (s.n >> 16), (uint8_t) (s.n >> 24) };

    emit(f, type, 4);
    emit(f, len, 4);
    emit(f, s.p, s.n);
    emit(f, "", s.n % 2);
}


static shian_photo_result_t
webp_clean(photo_t *f, shian_sink_t *out)
{
    size_t                 size;
    uint32_t               w, h;
    shian_photo_result_t   rc;

    uint8_t  riff[12] = "RIFF....WEBP";
    uint8_t  canvas[10] = { 0x10 };         /* alpha, and nothing else */

    size = le32(f->p + 4);
    if (size < 4 || size > f->n - 8) {
        return SHIAN_PHOTO_BROKEN;
    }

    rc = webp_walk(f, size + 8);
    if (rc != SHIAN_PHOTO_OK) {
        return rc;
    }

    f->out = out;

    if (f->lossless) {
        f->alpha = SHIAN_NONE;              /* has its own */
    }

    size = 4 + 8 + f->picture.n + f->picture.n % 2;

    if (f->alpha.p != NULL) {
        size += 8 + sizeof(canvas) + 8 + f->alpha.n + f->alpha.n % 2;
    }

    riff[4] = (uint8_t) size;
    riff[5] = (uint8_t) (size >> 8);
    riff[6] = (uint8_t) (size >> 16);
    riff[7] = (uint8_t) (size >> 24);
    emit(f, riff, sizeof(riff));

    if (f->alpha.p != NULL) {
        w = f->width - 1;
        h = f->height - 1;
        canvas[4] = (uint8_t) w;
        canvas[5] = (uint8_t) (w >> 8);
        canvas[7] = (uint8_t) h;
        canvas[8] = (uint8_t) (h >> 8);
        webp_chunk(f, "VP8X", shian_slice(canvas, sizeof(canvas)));
        webp_chunk(f, "ALPH", f->alpha);
    }

    webp_chunk(f, f->lossless ? "VP8L" : "VP8 ", f->picture);

    return SHIAN_PHOTO_OK;
}


shian_photo_result_t
shian_photo_clean(const uint8_t *data, size_t n, shian_photo_info_t *info,
    shian_sink_t *out)
{
    photo_t                f = { .p = data, .n = n };
    shian_photo_type_t     type;
    shian_photo_result_t   rc;

    if (n >= 3 && memcmp(data, "\xff\xd8\xff", 3) == 0) {
        type = SHIAN_PHOTO_JPEG;
        rc = jpeg_clean(&f, out);

    } else if (n >= 8 && memcmp(data, "\x89PNG\r\n\x1a\n", 8) == 0) {
        type = SHIAN_PHOTO_PNG;
        rc = png_clean(&f, out);

    } else if (n >= 12 && memcmp(data, "RIFF", 4) == 0
               && memcmp(data + 8, "WEBP", 4) == 0)
    {
        type = SHIAN_PHOTO_WEBP;
        rc = webp_clean(&f, out);

    } else {
        return SHIAN_PHOTO_NOT_A_PHOTO;
    }

    if (rc == SHIAN_PHOTO_OK) {
        *info = (shian_photo_info_t) { type, f.width, f.height };
    }

    return rc;
}


const char *
shian_photo_mime(shian_photo_type_t type)
{
    switch (type) {

    case SHIAN_PHOTO_PNG:
        return "image/png";

    case SHIAN_PHOTO_WEBP:
        return "image/webp";

    default:
        return "image/jpeg";
    }
}
