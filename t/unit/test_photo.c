#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#include "core/photo.h"
#include "left_out.h"

#define PHOTOS  "../shared/data/photos/"

/* What must not come out, put wherever metadata can stand. */
#define SECRET  "SECRET<script>alert(1)</script>"

#define LIT(s)  s, sizeof(s) - 1


static shian_arena_t       arena;
static shian_buf_t         out;
static shian_photo_info_t  info;

/* A grey picture of 5 x 3: tables, frame, scan; all its samples are one. */
#define DQT      "\xff\xdb\0\x43\0"                                          \
                 "\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1" \
                 "\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1" \
                 "\1\1\1\1\1\1\1\1"
#define FRAME    "\0\x0b\x08\0\3\0\5\1\1\x11\0"
#define SOF      "\xff\xc0" FRAME
#define DHT      "\xff\xc4\0\x26\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"        \
                 "\x10\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define SOS      "\xff\xda\0\x08\1\1\0\0\x3f\0"
#define SCAN     SOS "\x3f\xff\0\xff\xd0\x3f"
#define EOI      "\xff\xd9"
#define PICTURE  DQT SOF DHT SCAN
#define JFIF     "\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0"

static const uint8_t  lossy[] = {
    0x52, 0x49, 0x46, 0x46, 0x32, 0x00, 0x00, 0x00, 0x57, 0x45, 0x42, 0x50,
    0x56, 0x50, 0x38, 0x20, 0x26, 0x00, 0x00, 0x00, 0xb0, 0x01, 0x00, 0x9d,
    0x01, 0x2a, 0x03, 0x00, 0x02, 0x00, 0x0c, 0xc0, 0xce, 0x25, 0xa8, 0x02,
    0x74, 0x01, 0x0e, 0xfe, 0x02, 0xec, 0x00, 0xfe, 0x3f, 0x16, 0x0f, 0x0b,
    0x58, 0x93, 0x32, 0x5b, 0x30, 0x99, 0x8b, 0x00, 0x00, 0x00
};

static const uint8_t  lossless[] = {
    0x52, 0x49, 0x46, 0x46, 0x36, 0x00, 0x00, 0x00, 0x57, 0x45, 0x42, 0x50,
    0x56, 0x50, 0x38, 0x4c, 0x29, 0x00, 0x00, 0x00, 0x2f, 0x02, 0x40, 0x00,
    0x10, 0x2f, 0x20, 0x10, 0x48, 0xe2, 0x1c, 0x70, 0xe6, 0x81, 0x1a, 0x14,
    0x81, 0x40, 0x92, 0x3f, 0xc3, 0xae, 0x07, 0x0f, 0x6a, 0xa8, 0x00, 0x85,
    0x6c, 0x23, 0xc0, 0xa1, 0x7b, 0x41, 0xce, 0xe0, 0x22, 0xfa, 0x1f, 0xcf,
    0x0a, 0x00
};

static const uint8_t  alpha[] = {
    0x52, 0x49, 0x46, 0x46, 0x54, 0x00, 0x00, 0x00, 0x57, 0x45, 0x42, 0x50,
    0x56, 0x50, 0x38, 0x58, 0x0a, 0x00, 0x00, 0x00, 0x10, 0x00, 0x00, 0x00,
    0x02, 0x00, 0x00, 0x01, 0x00, 0x00, 0x41, 0x4c, 0x50, 0x48, 0x07, 0x00,
    0x00, 0x00, 0x10, 0xff, 0x37, 0x37, 0xff, 0x37, 0x37, 0x00, 0x56, 0x50,
    0x38, 0x20, 0x26, 0x00, 0x00, 0x00, 0xb0, 0x01, 0x00, 0x9d, 0x01, 0x2a,
    0x03, 0x00, 0x02, 0x00, 0x0c, 0xc0, 0xce, 0x25, 0xa8, 0x02, 0x74, 0x01,
    0x0e, 0xfe, 0x02, 0xec, 0x00, 0xfe, 0x3f, 0x16, 0x0f, 0x0b, 0x58, 0x93,
    0x32, 0x5b, 0x30, 0x99, 0x84, 0xa0, 0x00, 0x00
};


static int
setup(void **state)
{
    (void) state;
    shian_arena_init(&arena, NULL, NULL);
    return 0;
}


static int
teardown(void **state)
{
    (void) state;
    shian_arena_free(&arena);
    return 0;
}


/* Cleans, and asks of every result what must hold for all of them. */
static shian_photo_result_t
clean(const void *p, size_t n)
{
    shian_buf_t            again;
    shian_photo_info_t     same;
    shian_photo_result_t   rc;

    shian_buf_init(&out, &arena);
    memset(&info, 0, sizeof(info));
    rc = shian_photo_clean(p, n, &info, &out.sink);

    if (rc != SHIAN_PHOTO_OK) {
        assert_int_equal(out.n, 0);
        return rc;
    }

    assert_in_range(out.n, 1, n + 64);
    assert_null(memmem(out.p, out.n, "SECRET", 6));

    shian_buf_init(&again, &arena);
    assert_int_equal(shian_photo_clean(out.p, out.n, &same, &again.sink),
                     SHIAN_PHOTO_OK);
    assert_true(shian_str_eq(shian_buf_str(&again), shian_buf_str(&out)));
    assert_memory_equal(&same, &info, sizeof(info));

    return rc;
}


static void
cleans_to(const void *p, size_t n, const void *want, size_t nwant)
{
    assert_int_equal(clean(p, n), SHIAN_PHOTO_OK);
    assert_int_equal(out.n, nwant);
    assert_memory_equal(out.p, want, nwant);
}


/* Every beginning of a file is refused, and read in bounds (heap copy). */
static void
refused_when_cut(const void *p, size_t n)
{
    size_t    i;
    uint8_t  *copy;

    for (i = 0; i < n; i++) {
        copy = malloc(i + 1);
        assert_non_null(copy);
        memcpy(copy, p, i);
        assert_int_not_equal(clean(copy, i), SHIAN_PHOTO_OK);
        free(copy);
    }
}


static void
other_things_are_not_photos(void **state)
{
    size_t  i;

    static const char *const  others[] = {
        "", "GIF89a\1\0\1\0", "PK\3\4", "<svg xmlns='...'>", "<html>",
        "%PDF-1.7", "\xff\xd8", " \xff\xd8\xff", "RIFF\4\0\0\0WAVE", "BM",
        "\x89PNG\n", "II*\0", "....ftypheic"
    };

    (void) state;

    for (i = 0; i < SHIAN_COUNT(others); i++) {
        assert_int_equal(clean(others[i], strlen(others[i])),
                         SHIAN_PHOTO_NOT_A_PHOTO);
    }

    assert_string_equal(shian_photo_mime(SHIAN_PHOTO_JPEG), "image/jpeg");
    assert_string_equal(shian_photo_mime(SHIAN_PHOTO_PNG), "image/png");
    assert_string_equal(shian_photo_mime(SHIAN_PHOTO_WEBP), "image/webp");
}


/* ---- JPEG ---- */

/* A marker segment, its length counted. */
static void
segment(shian_buf_t *b, unsigned marker, const void *p, size_t n)
{
    uint8_t  head[4] = { 0xff, (uint8_t) marker, (uint8_t) ((n + 2) >> 8),
                         (uint8_t) (n + 2) };

    shian_put(&b->sink, head, 4);
    shian_put(&b->sink, p, n);
}


static void
jpeg_keeps_the_picture_only(void **state)
{
    unsigned     m;
    shian_buf_t  b;

    (void) state;

    cleans_to(LIT("\xff\xd8" PICTURE EOI), LIT("\xff\xd8" PICTURE EOI));
    assert_int_equal(info.type, SHIAN_PHOTO_JPEG);
    assert_int_equal(info.width, 5);
    assert_int_equal(info.height, 3);
    cleans_to(LIT("\xff\xd8" JFIF PICTURE EOI),
              LIT("\xff\xd8" JFIF PICTURE EOI));

    /* Comments and every APPn, before, between and after; fill bytes. */
    shian_buf_init(&b, &arena);
    shian_put(&b.sink, LIT("\xff\xd8"));
    segment(&b, 0xfe, LIT(SECRET));
    segment(&b, 0xe0, LIT("JFIF\0\1\2\1\0\x48\0\x48\1\1" SECRET));

    for (m = 0xe0; m <= 0xef; m++) {
        segment(&b, m, LIT(SECRET));
        segment(&b, m, "", 0);
        segment(&b, m, LIT("http://ns.adobe.com/xap/1.0/\0" SECRET));
        segment(&b, m, LIT("MPF\0" SECRET));
        segment(&b, m, LIT("ICC_PROFILE\0\1\1" SECRET));
    }

    shian_put(&b.sink, LIT("\xff\xff" DQT "\xff\xff\xff" SOF DHT SCAN));
    segment(&b, 0xe1, LIT("Exif\0\0" SECRET));
    segment(&b, 0xfe, LIT(SECRET));
    shian_put(&b.sink, LIT(SCAN EOI SECRET "\xff\xd8" PICTURE EOI));
    cleans_to(b.p, b.n, LIT("\xff\xd8" JFIF PICTURE SCAN EOI));
}


static void
jpeg_says_how_colours_are_kept(void **state)
{
    shian_buf_t  b;

    (void) state;

    shian_buf_init(&b, &arena);
    shian_put(&b.sink, LIT("\xff\xd8"));
    segment(&b, 0xee, LIT("Adobe\0\x65\1\2\3\4\2" SECRET));
    shian_put(&b.sink, LIT(PICTURE EOI));
    cleans_to(b.p, b.n, LIT("\xff\xd8\xff\xee\0\x0e" "Adobe\0\x64\0\0\0\0\2"
                            PICTURE EOI));
}


static void
jpeg_orientation_survives(void **state)
{
    size_t       i;
    shian_buf_t  b, exif;

    static const struct {
        const char  *exif;
        size_t       n;
        unsigned     want;
    } cases[] = {
        { LIT("MM\0\x2a\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0" SECRET), 6 },
        { LIT("II\x2a\0\x0a\0\0\0xx\2\0\x0f\1\2\0\4\0\0\0mak\0"
              "\x12\1\3\0\1\0\0\0\3\0\0\0" SECRET), 3 },
        { LIT("MM\0\x2a\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\1\0\0"), 0 },
        { LIT("MM\0\x2a\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\x09\0\0"), 0 },
        { LIT("MM\0\x2a\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\0\0\0"), 0 },
        { LIT("MM\0\x2a\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0"), 0 },
        { LIT("MM\0\x2a\0\0\0\x08\xff\xff"), 0 },
        { LIT("MM\0\x2a\xff\xff\xff\xff"), 0 },
        { LIT("MM\0\x2a\0\0\0\7"), 0 },
        { LIT("XX\0\x2a\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0"), 0 },
        { LIT("MM\0"), 0 }
    };

    (void) state;

    for (i = 0; i < SHIAN_COUNT(cases); i++) {
        shian_buf_init(&exif, &arena);
        shian_put(&exif.sink, "Exif\0", 6);
        shian_put(&exif.sink, cases[i].exif, cases[i].n);

        shian_buf_init(&b, &arena);
        shian_put(&b.sink, LIT("\xff\xd8"));
        segment(&b, 0xe1, exif.p, exif.n);
        shian_put(&b.sink, LIT(PICTURE EOI));

        assert_int_equal(clean(b.p, b.n), SHIAN_PHOTO_OK);
        assert_int_equal(info.width, cases[i].want == 6 ? 3 : 5);
        assert_int_equal(info.height, cases[i].want == 6 ? 5 : 3);

        if (cases[i].want == 0) {
            assert_null(memmem(out.p, out.n, "Exif", 4));
            continue;
        }

        assert_int_equal(out.n, sizeof("\xff\xd8" PICTURE EOI) - 1 + 36);
        assert_memory_equal(out.p, "\xff\xd8\xff\xe1\0\x22" "Exif\0\0MM\0\x2a"
                            "\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0", 31);
        assert_int_equal(out.p[31], cases[i].want);
    }
}


static void
jpeg_progressive_is_kept_and_bounded(void **state)
{
    size_t       i;
    shian_buf_t  b;

    (void) state;

    cleans_to(LIT("\xff\xd8" DQT "\xff\xc2" FRAME DHT SCAN DHT SCAN EOI),
              LIT("\xff\xd8" DQT "\xff\xc2" FRAME DHT SCAN DHT SCAN EOI));

    shian_buf_init(&b, &arena);
    shian_put(&b.sink, LIT("\xff\xd8" DQT "\xff\xc2" FRAME DHT));

    for (i = 0; i < 32; i++) {
        shian_put(&b.sink, LIT(SCAN));
    }

    shian_put(&b.sink, LIT(EOI));
    assert_int_equal(clean(b.p, b.n), SHIAN_PHOTO_OK);
    b.n -= 2;
    shian_put(&b.sink, LIT(SCAN EOI));
    assert_int_equal(clean(b.p, b.n), SHIAN_PHOTO_BROKEN);
}


static void
jpeg_broken_is_refused(void **state)
{
    size_t  i;

    static const struct {
        const char  *p;
        size_t       n;
    } bad[] = {
        /* A second frame, no frame, no scan, nothing. */
        { LIT("\xff\xd8" DQT SOF SOF DHT SCAN EOI) },
        { LIT("\xff\xd8" DQT DHT SCAN EOI) },
        { LIT("\xff\xd8" DQT SOF DHT EOI) }, { LIT("\xff\xd8" EOI) },
        /* Lossless, arithmetic, DNL, a stray restart, a picture inside. */
        { LIT("\xff\xd8" DQT "\xff\xc3" FRAME DHT SCAN EOI) },
        { LIT("\xff\xd8" DQT "\xff\xc9" FRAME DHT SCAN EOI) },
        { LIT("\xff\xd8" PICTURE "\xff\xdc\0\4\0\1" EOI) },
        { LIT("\xff\xd8\xff\xd0" PICTURE EOI) },
        { LIT("\xff\xd8\xff\xd8" PICTURE EOI) },
        /* Zero sides, two components, twelve bits, slack in a header. */
        { LIT("\xff\xd8\xff\xc0\0\x0b\x08\0\0\0\5\1\1\x11\0" SCAN EOI) },
        { LIT("\xff\xd8\xff\xc0\0\x0b\x08\0\3\0\0\1\1\x11\0" SCAN EOI) },
        { LIT("\xff\xd8\xff\xc0\0\x0e\x08\0\3\0\5\2\1\x11\0\2\x11\0" SCAN
              EOI) },
        { LIT("\xff\xd8\xff\xc0\0\x0b\x0c\0\3\0\5\1\1\x11\0" SCAN EOI) },
        { LIT("\xff\xd8\xff\xc0\0\x0c\x08\0\3\0\5\1\1\x11\0x" SCAN EOI) },
        { LIT("\xff\xd8" SOF DHT "\xff\xda\0\x09\1\1\0\0\x3f\0x" EOI) },
        { LIT("\xff\xd8\xff\xdd\0\5abc" PICTURE EOI) },
        /* Tables with something behind them. */
        { LIT("\xff\xd8\xff\xdb\0\3\0" SOF DHT SCAN EOI) },
        { LIT("\xff\xd8\xff\xdb\0\6html" SOF DHT SCAN EOI) },
        { LIT("\xff\xd8\xff\xc4\0\6html" SOF DHT SCAN EOI) },
        /* Lengths that lie. */
        { LIT("\xff\xd8\xff\xfe\0\1" PICTURE EOI) },
        { LIT("\xff\xd8\xff\xfe\0\0" PICTURE EOI) },
        { LIT("\xff\xd8" PICTURE "\xff\xfe\xff\xff" EOI) },
        /* HTML where a marker must be. */
        { LIT("\xff\xd8\xff<html>" PICTURE EOI) },
        { LIT("\xff\xd8" DQT "<html>" SOF DHT SCAN EOI) }
    };

    (void) state;

    for (i = 0; i < SHIAN_COUNT(bad); i++) {
        assert_int_equal(clean(bad[i].p, bad[i].n), SHIAN_PHOTO_BROKEN);
    }

    refused_when_cut(LIT("\xff\xd8" JFIF PICTURE EOI));
}


static void
pixels_are_bounded(void **state)
{
    (void) state;

    assert_int_equal(clean(LIT("\xff\xd8\xff\xc0\0\x0b\x08\x2e\xe1\0\5\1\1"
                               "\x11\0" SCAN EOI)),
                     SHIAN_PHOTO_TOO_MANY_PIXELS);
    assert_int_equal(clean(LIT("\xff\xd8\xff\xc0\0\x0b\x08\x2e\xe0\0\5\1\1"
                               "\x11\0" SCAN EOI)), SHIAN_PHOTO_OK);
    assert_int_equal(clean(LIT("\xff\xd8\xff\xc0\0\x0b\x08\x2e\xe0\x2e\xe0"
                               "\1\1\x11\0" SCAN EOI)),
                     SHIAN_PHOTO_TOO_MANY_PIXELS);
    assert_int_equal(clean(LIT("\xff\xd8\xff\xc0\0\x0b\x08\xff\xff\xff\xff"
                               "\1\1\x11\0" SCAN EOI)),
                     SHIAN_PHOTO_TOO_MANY_PIXELS);
}


/* ---- PNG ---- */

static void
chunk(shian_buf_t *b, const char *type, const void *p, size_t n)
{
    uint8_t   word[4] = { 0, 0, (uint8_t) (n >> 8), (uint8_t) n };
    uint32_t  crc;

    shian_put(&b->sink, word, 4);
    shian_put(&b->sink, type, 4);
    shian_put(&b->sink, p, n);

    crc = (uint32_t) crc32(crc32(0, (const uint8_t *) type, 4), p, (uInt) n);
    word[0] = (uint8_t) (crc >> 24);
    word[1] = (uint8_t) (crc >> 16);
    word[2] = (uint8_t) (crc >> 8);
    word[3] = (uint8_t) crc;
    shian_put(&b->sink, word, 4);
}


/* A palette picture of 3 x 2 pixels, with what is said between its chunks. */
static void
png(shian_buf_t *b, bool junk)
{
    uint8_t  rows[] = { 0, 0, 1, 2, 0, 2, 1, 0 }, packed[64];
    uLongf   n = sizeof(packed);
    size_t   i;

    static const char *const  dropped[] = {
        "tEXt", "zTXt", "iTXt", "tIME", "eXIf", "iCCP", "pHYs", "acTL",
        "fcTL", "fdAT", "caBX", "prVt"
    };

    assert_int_equal(compress(packed, &n, rows, sizeof(rows)), Z_OK);

    shian_buf_init(b, &arena);
    shian_put(&b->sink, "\x89PNG\r\n\x1a\n", 8);
    chunk(b, "IHDR", "\0\0\0\3\0\0\0\2\x08\3\0\0\0", 13);
    chunk(b, "gAMA", "\0\0\xb1\x8f", 4);

    for (i = 0; junk && i < SHIAN_COUNT(dropped); i++) {
        chunk(b, dropped[i], LIT(SECRET));
    }

    chunk(b, "PLTE", "\xff\0\0\0\xff\0\0\0\xff", 9);
    chunk(b, "tRNS", "\x80", 1);
    chunk(b, "IDAT", packed, 5);
    chunk(b, "IDAT", packed + 5, n - 5);

    for (i = 0; junk && i < SHIAN_COUNT(dropped); i++) {
        chunk(b, dropped[i], LIT(SECRET));
    }

    chunk(b, "IEND", "", 0);

    if (junk) {
        shian_put(&b->sink, LIT(SECRET));
    }
}


static void
pixels(const shian_buf_t *b, uint8_t rgba[24])
{
    png_image  image = { .version = PNG_IMAGE_VERSION };

    assert_true(png_image_begin_read_from_memory(&image, b->p, b->n));
    image.format = PNG_FORMAT_RGBA;
    assert_int_equal(PNG_IMAGE_SIZE(image), 24);
    assert_true(png_image_finish_read(&image, NULL, rgba, 0, NULL));
}


static void
png_keeps_the_picture_only(void **state)
{
    uint8_t      before[24], after[24];
    shian_buf_t  plain, dirty;

    (void) state;

    png(&plain, false);
    png(&dirty, true);
    cleans_to(plain.p, plain.n, plain.p, plain.n);
    cleans_to(dirty.p, dirty.n, plain.p, plain.n);
    assert_int_equal(info.type, SHIAN_PHOTO_PNG);
    assert_int_equal(info.width, 3);
    assert_int_equal(info.height, 2);

    pixels(&dirty, before);
    pixels(&out, after);
    assert_memory_equal(before, after, sizeof(after));

    refused_when_cut(plain.p, plain.n);
}


static void
png_broken_is_refused(void **state)
{
    size_t       i;
    shian_buf_t  b;

    (void) state;

    /*
     * Any byte changed shows, by signature or CRC; or, where it was in the
     * name of a chunk that may be missing, that chunk is gone.
     */
    png(&b, false);

    for (i = 0; i < b.n; i++) {
        b.p[i] ^= 0x10;
        assert_true(clean(b.p, b.n) != SHIAN_PHOTO_OK || out.n < b.n - 12);
        b.p[i] ^= 0x10;
    }

    /* No picture, an unknown critical chunk, one twice, one out of place. */
    static const struct {
        const char  *type[4];
    } bad[] = {
        { { "IEND" } }, { { "ABCD", "IDAT", "IEND" } },
        { { "gAMA", "gAMA", "IDAT", "IEND" } },
        { { "IDAT", "gAMA", "IEND" } }, { { "IDAT", "tEXt", "IDAT", "IEND" } },
        { { "IDAT", "IHDR", "IEND" } }
    };

    for (i = 0; i < SHIAN_COUNT(bad) * 4; i++) {
        if (i % 4 == 0) {
            shian_buf_init(&b, &arena);
            shian_put(&b.sink, "\x89PNG\r\n\x1a\n", 8);
            chunk(&b, "IHDR", "\0\0\0\3\0\0\0\2\x08\3\0\0\0", 13);
        }

        if (bad[i / 4].type[i % 4] != NULL) {
            chunk(&b, bad[i / 4].type[i % 4], "abcd",
                  strcmp(bad[i / 4].type[i % 4], "IEND") == 0 ? 0 : 4);
        }

        if (i % 4 == 3) {
            assert_int_equal(clean(b.p, b.n), SHIAN_PHOTO_BROKEN);
        }
    }

    shian_buf_init(&b, &arena);
    shian_put(&b.sink, "\x89PNG\r\n\x1a\n", 8);
    chunk(&b, "IHDR", "\0\0\x2e\xe1\0\0\0\2\x08\3\0\0\0", 13);
    assert_int_equal(clean(b.p, b.n), SHIAN_PHOTO_TOO_MANY_PIXELS);
}


/* ---- WebP ---- */

/* A WebP file of the extended form, with these chunks of metadata. */
static void
webp(shian_buf_t *b, const uint8_t *file, size_t n, bool junk)
{
    static const uint8_t  canvas[] = "VP8X\x0a\0\0\0\x2c\0\0\0\2\0\0\1\0";
    static const char     noise[] = "\x1f\0\0\0" SECRET;

    shian_buf_init(b, &arena);
    shian_put(&b->sink, "RIFF....WEBP", 12);
    shian_put(&b->sink, canvas, 18);

    if (junk) {
        shian_putf(&b->sink, "ICCP%c%c%c%c" SECRET "%c", 31, 0, 0, 0, 0);
    }

    shian_put(&b->sink, file + 12, n - 12);

    if (junk) {
        shian_put(&b->sink, "EXIF", 4);
        shian_put(&b->sink, noise, sizeof(noise));
        shian_put(&b->sink, "XMP ", 4);
        shian_put(&b->sink, noise, sizeof(noise));
    }

    b->p[4] = (uint8_t) (b->n - 8);
    b->p[5] = (uint8_t) ((b->n - 8) >> 8);
    b->p[6] = 0;
    b->p[7] = 0;
    shian_put(&b->sink, LIT(SECRET));
}


static void
webp_keeps_the_picture_only(void **state)
{
    shian_buf_t  b;

    (void) state;
    assert_int_equal(sizeof(SECRET) - 1, 31);

    cleans_to(lossy, sizeof(lossy), lossy, sizeof(lossy));
    assert_int_equal(info.type, SHIAN_PHOTO_WEBP);
    assert_int_equal(info.width, 3);
    assert_int_equal(info.height, 2);
    cleans_to(lossless, sizeof(lossless), lossless, sizeof(lossless));
    assert_int_equal(info.width, 3);
    assert_int_equal(info.height, 2);
    cleans_to(alpha, sizeof(alpha), alpha, sizeof(alpha));

    webp(&b, lossy, sizeof(lossy), true);
    cleans_to(b.p, b.n, lossy, sizeof(lossy));
    webp(&b, lossless, sizeof(lossless), true);
    cleans_to(b.p, b.n, lossless, sizeof(lossless));
    webp(&b, alpha + 18, sizeof(alpha) - 18, true);
    cleans_to(b.p, b.n, alpha, sizeof(alpha));

    /* A lossless picture has its own alpha; another beside it is noise. */
    shian_buf_init(&b, &arena);
    shian_put(&b.sink, alpha, 46);
    shian_put(&b.sink, lossless + 12, sizeof(lossless) - 12);
    b.p[4] = (uint8_t) (b.n - 8);
    cleans_to(b.p, b.n, lossless, sizeof(lossless));

    refused_when_cut(lossy, sizeof(lossy));
    refused_when_cut(lossless, sizeof(lossless));
    refused_when_cut(alpha, sizeof(alpha));
}


static void
webp_broken_is_refused(void **state)
{
    uint8_t      file[sizeof(alpha)];
    shian_buf_t  b;

    (void) state;

    /* An animation is none of ours. */
    memcpy(file, alpha, sizeof(alpha));
    memcpy(file + 30, "ANIM", 4);
    assert_int_equal(clean(file, sizeof(file)), SHIAN_PHOTO_NOT_A_PHOTO);

    /* A canvas of another size, no start code, not a key frame. */
    memcpy(file, alpha, sizeof(alpha));
    file[24]++;
    assert_int_equal(clean(file, sizeof(file)), SHIAN_PHOTO_BROKEN);
    file[24]--;
    file[57]++;
    assert_int_equal(clean(file, sizeof(file)), SHIAN_PHOTO_BROKEN);
    file[57]--;
    file[54] |= 1;
    assert_int_equal(clean(file, sizeof(file)), SHIAN_PHOTO_BROKEN);

    /* Two pictures, none, and one over the bound. */
    shian_buf_init(&b, &arena);
    shian_put(&b.sink, lossy, sizeof(lossy));
    shian_put(&b.sink, lossy + 12, sizeof(lossy) - 12);
    b.p[4] = (uint8_t) (b.n - 8);
    assert_int_equal(clean(b.p, b.n), SHIAN_PHOTO_BROKEN);

    assert_int_equal(clean(LIT("RIFF\4\0\0\0WEBP")), SHIAN_PHOTO_BROKEN);

    memcpy(file, lossless, sizeof(lossless));
    memset(file + 21, 0xff, 3);
    assert_int_equal(clean(file, sizeof(lossless)),
                     SHIAN_PHOTO_TOO_MANY_PIXELS);
}


/* ---- real photos, and a tool that knows every tag ---- */

static shian_str_t
read_file(const char *path)
{
    long      n;
    FILE     *f;
    uint8_t  *p;

    f = fopen(path, "rb");
    assert_non_null(f);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    n = ftell(f);
    assert_true(n > 0);
    rewind(f);
    p = shian_alloc(&arena, (size_t) n);
    assert_non_null(p);
    assert_int_equal(fread(p, 1, (size_t) n, f), n);
    fclose(f);

    return shian_slice(p, (size_t) n);
}


/* What exiftool says of the files in dir, but for what any file has. */
static const char *
exiftool(const char *dir)
{
    char         line[512];
    FILE        *f;
    shian_buf_t  b;

    shian_buf_init(&b, &arena);
    f = popen(shian_printf(&arena, "exiftool -q -a -u -U -s -G1 -ee "
                           "-fileOrder FileName %s", dir), "r");
    assert_non_null(f);

    while (fgets(line, sizeof(line), f) != NULL) {
        if (strncmp(line, "[ExifTool]", 10) != 0
            && strncmp(line, "[System]", 8) != 0
            && strncmp(line, "[File]", 6) != 0
            && strncmp(line, "[JFIF]", 6) != 0
            && strncmp(line, "[Adobe]", 7) != 0
            && strncmp(line, "========", 8) != 0
            && strstr(line, "ImageSize") == NULL
            && strstr(line, "Megapixels") == NULL)
        {
            shian_putz(&b.sink, line);
        }
    }

    assert_int_equal(pclose(f), 0);

    return shian_strdup(&arena, shian_buf_str(&b));
}


static void
real_photos_lose_all_but_orientation(void **state)
{
    char          dir[] = "/tmp/shian-photo-XXXXXX";
    FILE         *f;
    size_t        i, n;
    uint8_t      *scan;
    const char   *said;
    shian_str_t   in;

    static const char *const  names[] = {
        "DSCN0010.jpg", "DSCN0021.jpg", "portrait_1.jpg", "portrait_3.jpg",
        "portrait_6.jpg", "portrait_8.jpg"
    };

    (void) state;

    if (access(PHOTOS, R_OK) != 0) {
        left_out(PHOTOS);
        return;
    }

    assert_non_null(mkdtemp(dir));

    for (i = 0; i < SHIAN_COUNT(names); i++) {
        in = read_file(shian_printf(&arena, PHOTOS "%s", names[i]));
        assert_int_equal(clean(in.p, in.n), SHIAN_PHOTO_OK);

        f = fopen(shian_printf(&arena, "%s/%zu.jpg", dir, i), "wb");
        assert_non_null(f);
        assert_int_equal(fwrite(out.p, 1, out.n, f), out.n);
        assert_int_equal(fclose(f), 0);

        /* The scan is the same byte for byte, and goes to the very end. */
        scan = memmem(out.p, out.n, "\xff\xda\0\x0c", 4);
        assert_non_null(scan);
        n = (size_t) (out.p + out.n - scan);
        assert_true(n > in.n / 2);
        assert_memory_equal(scan, in.p + in.n - n, n);

        /* Portrait pictures stand upright, whichever way they are stored. */
        assert_int_equal(info.width < info.height, i >= 2);
    }

    said = exiftool(dir);
    assert_int_equal(system(shian_printf(&arena, "rm -r %s", dir)), 0);
    assert_string_equal(said,
        "[IFD0]          Orientation                     : Rotate 180\n"
        "[IFD0]          Orientation                     : Rotate 90 CW\n"
        "[IFD0]          Orientation                     : Rotate 270 CW\n");
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(other_things_are_not_photos, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(jpeg_keeps_the_picture_only, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(jpeg_says_how_colours_are_kept, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(jpeg_orientation_survives, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(jpeg_progressive_is_kept_and_bounded,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(jpeg_broken_is_refused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(pixels_are_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(png_keeps_the_picture_only, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(png_broken_is_refused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(webp_keeps_the_picture_only, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(webp_broken_is_refused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(real_photos_lose_all_but_orientation,
                                        setup, teardown),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
