#include "qr.h"

#include <setjmp.h>
#include <stdlib.h>

#include <png.h>
#include <qrencode.h>

#define MAX_QUIET   64
#define MAX_WIDTH   177                 /* version 40 */
#define MAX_ROW     ((MAX_WIDTH + 2 * SHIAN_QR_QUIET) * SHIAN_QR_MAX_SCALE)


/* The symbol of text, or NULL.  libqrencode picks the modes itself. */
static QRcode *
encode(const char *text)
{
    size_t  i;

    for (i = 0; text[i] != '\0'; i++) {
        if (i == SHIAN_QR_MAX_TEXT || text[i] < ' ' || text[i] > '~') {
            return NULL;
        }
    }

    if (i == 0) {
        return NULL;
    }

    return QRcode_encodeString(text, 0, QR_ECLEVEL_Q, QR_MODE_8, 1);
}


static bool
dark(const QRcode *qr, unsigned x, unsigned y)
{
    return (qr->data[y * (unsigned) qr->width + x] & 1) != 0;
}


static void
put_escaped(shian_sink_t *s, const char *text)
{
    for ( /* void */ ; *text != '\0'; text++) {
        switch (*text) {
        case '&':
            shian_putz(s, "&amp;");
            break;
        case '<':
            shian_putz(s, "&lt;");
            break;
        case '>':
            shian_putz(s, "&gt;");
            break;
        case '"':
            shian_putz(s, "&quot;");
            break;
        default:
            shian_putc(s, *text);
        }
    }
}


/*
 * A line one module thick along the middle of the row, with a gap for each
 * run of light modules: half the size of outlines.
 */
static void
put_row(shian_sink_t *s, const QRcode *qr, unsigned y, unsigned quiet)
{
    unsigned  x, start, width;

    width = (unsigned) qr->width;
    shian_putf(s, "M%u %u.5", quiet, y + quiet);

    for (x = 0; x < width; /* void */ ) {
        for (start = x; x < width && !dark(qr, x, y); x++) { /* void */ }

        /* Where the rest of the row is light nothing is drawn. */
        if (x == width) {
            return;
        }

        if (x != start) {
            shian_putf(s, "m%u 0", x - start);
        }

        for (start = x; x < width && dark(qr, x, y); x++) { /* void */ }

        shian_putf(s, "h%u", x - start);
    }
}


bool
shian_qr_svg(shian_sink_t *s, const char *text, unsigned quiet)
{
    QRcode    *qr;
    unsigned   y, size;

    if (quiet > MAX_QUIET) {
        return false;
    }

    qr = encode(text);
    if (qr == NULL) {
        return false;
    }

    size = (unsigned) qr->width + 2 * quiet;

    shian_putf(s, "<svg xmlns=\"http://www.w3.org/2000/svg\" "
               "viewBox=\"0 0 %u %u\" shape-rendering=\"crispEdges\" "
               "role=\"img\" aria-label=\"", size, size);
    put_escaped(s, text);
    shian_putf(s, "\"><rect width=\"%u\" height=\"%u\" fill=\"#fff\"/>"
               "<path stroke=\"#000\" d=\"", size, size);

    for (y = 0; y < (unsigned) qr->width; y++) {
        put_row(s, qr, y, quiet);
    }

    shian_putz(s, "\"/></svg>");
    QRcode_free(qr);

    return !s->failed;
}


static void
png_out(png_structp png, png_bytep p, size_t n)
{
    shian_put(png_get_io_ptr(png), p, n);
}


static void
png_flushed(png_structp png)
{
    (void) png;
}


static void
png_failed(png_structp png, png_const_charp why)
{
    (void) why;
    png_longjmp(png, 1);
}


static void
png_warned(png_structp png, png_const_charp why)
{
    (void) png;
    (void) why;
}


/* Row y of the picture, in modules, as bits: 1 is white. */
static void
draw_row(uint8_t row[MAX_ROW / 8], const QRcode *qr, unsigned y,
    unsigned scale)
{
    unsigned  x, at, end, width;

    width = (unsigned) qr->width;
    memset(row, 0xff, MAX_ROW / 8);

    if (y < SHIAN_QR_QUIET || y >= SHIAN_QR_QUIET + width) {
        return;
    }

    for (x = 0; x < width; x++) {
        if (dark(qr, x, y - SHIAN_QR_QUIET)) {
            at = (x + SHIAN_QR_QUIET) * scale;

            for (end = at + scale; at < end; at++) {
                row[at / 8] &= (uint8_t) ~(0x80 >> at % 8);
            }
        }
    }
}


/* Apart from its caller, so that no variable lives across the longjmp. */
static bool
write_png(png_structp png, png_infop info, const QRcode *qr, unsigned scale)
{
    uint8_t   row[MAX_ROW / 8];
    unsigned  y, i, modules;

    if (setjmp(png_jmpbuf(png)) != 0) {
        return false;
    }

    modules = (unsigned) qr->width + 2 * SHIAN_QR_QUIET;

    png_set_IHDR(png, info, modules * scale, modules * scale, 1,
                 PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_FILTER_NONE);
    png_write_info(png, info);

    for (y = 0; y < modules; y++) {
        draw_row(row, qr, y, scale);

        for (i = 0; i < scale; i++) {
            png_write_row(png, row);
        }
    }

    png_write_end(png, info);

    return true;
}


bool
shian_qr_png(shian_sink_t *s, const char *text, unsigned scale)
{
    bool         good;
    QRcode      *qr;
    png_infop    info;
    png_structp  png;

    if (scale == 0 || scale > SHIAN_QR_MAX_SCALE) {
        return false;
    }

    qr = encode(text);
    if (qr == NULL) {
        return false;
    }

    good = false;
    info = NULL;
    png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, png_failed,
                                  png_warned);

    if (png != NULL) {
        info = png_create_info_struct(png);
    }

    if (info != NULL) {
        png_set_write_fn(png, s, png_out, png_flushed);
        good = write_png(png, info, qr, scale);
    }

    png_destroy_write_struct(&png, &info);
    QRcode_free(qr);

    return good && !s->failed;
}
