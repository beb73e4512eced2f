#include "demo_photo.h"

#include <png.h>
#include <stdlib.h>

#include "store/ingest.h"

#define WIDTH     320
#define HEIGHT    240
#define PLATES    4
#define STAINS    24
#define COLOURS   8
#define BOUNDARY  "----shian-demo"

enum { WALL = 0, TILE, TABLE, EDGE, PLATE, RIM, FOOD, STAIN };

typedef struct {
    uint8_t  pixels[HEIGHT][WIDTH];
} picture_t;


static void
disc(picture_t *p, int x0, int y0, int r, uint8_t colour)
{
    int  x, y;

    for (y = y0 - r; y <= y0 + r; y++) {
        for (x = x0 - r; x <= x0 + r; x++) {
            if (x >= 0 && x < WIDTH && y >= 0 && y < HEIGHT
                && (x - x0) * (x - x0) + (y - y0) * (y - y0) <= r * r)
            {
                p->pixels[y][x] = colour;
            }
        }
    }
}


static int
between(shian_dice_t *d, int low, int high)
{
    return low + (int) shian_dice(d, (uint64_t) (high - low + 1));
}


static void
draw(picture_t *p, shian_dice_t *d, bool clean)
{
    int  i, x, y, r, horizon;

    horizon = between(d, 60, 110);

    for (y = 0; y < HEIGHT; y++) {
        for (x = 0; x < WIDTH; x++) {
            p->pixels[y][x] = y > horizon + 6 ? TABLE : y > horizon ? EDGE
                              : x % 40 == 0 || y % 30 == 0 ? TILE : WALL;
        }
    }

    for (i = 0; i < PLATES; i++) {
        x = 40 + i * 80 + between(d, -15, 15);
        y = between(d, horizon + 45, HEIGHT - 30);
        r = between(d, 22, 34);
        disc(p, x, y, r, RIM);
        disc(p, x, y, r - 3, PLATE);
        disc(p, x, y, r / 2, FOOD);
    }

    for (i = 0; !clean && i < STAINS; i++) {
        disc(p, between(d, 0, WIDTH - 1), between(d, 20, HEIGHT - 1),
             between(d, 1, 5), STAIN);
    }
}


static void
choose(shian_dice_t *d, png_color palette[COLOURS])
{
    int        i;
    png_color  base[COLOURS] = {
        { 226, 228, 222 }, { 200, 203, 198 }, { 172, 132, 92 },
        { 128, 94, 62 }, { 250, 250, 247 }, { 196, 208, 220 },
        { 190, 92, 44 }, { 74, 58, 34 }
    };

    for (i = 0; i < COLOURS; i++) {
        palette[i].red = (png_byte) (base[i].red - between(d, 0, 30));
        palette[i].green = (png_byte) (base[i].green - between(d, 0, 30));
        palette[i].blue = (png_byte) (base[i].blue - between(d, 0, 30));
    }
}


/* A body as a browser would send it; NONE: no memory. */
static shian_str_t
compose(shian_arena_t *a, shian_dice_t *d, bool clean)
{
    png_image           image;
    png_alloc_size_t    size;
    png_color           palette[COLOURS];
    uint8_t             map[COLOURS][3];
    int                 i;
    uint8_t            *png;
    picture_t          *p;
    shian_buf_t         body;

    p = shian_alloc(a, sizeof(*p));
    if (p == NULL) {
        return SHIAN_NONE;
    }

    draw(p, d, clean);
    choose(d, palette);

    for (i = 0; i < COLOURS; i++) {
        map[i][0] = palette[i].red;
        map[i][1] = palette[i].green;
        map[i][2] = palette[i].blue;
    }

    memset(&image, 0, sizeof(image));
    image.version = PNG_IMAGE_VERSION;
    image.width = WIDTH;
    image.height = HEIGHT;
    image.format = PNG_FORMAT_RGB_COLORMAP;
    image.colormap_entries = COLOURS;

    size = PNG_IMAGE_PNG_SIZE_MAX(image);
    png = shian_alloc(a, size);

    if (png == NULL
        || !png_image_write_to_memory(&image, png, &size, 0, p->pixels, 0,
                                      map))
    {
        return SHIAN_NONE;
    }

    shian_buf_init(&body, a);
    shian_putz(&body.sink, "--" BOUNDARY "\r\n"
               "Content-Disposition: form-data; name=\"photo\"; "
               "filename=\"photo.png\"\r\nContent-Type: image/png\r\n\r\n");
    shian_put(&body.sink, png, size);
    shian_putz(&body.sink, "\r\n--" BOUNDARY "--\r\n");

    return body.sink.failed ? SHIAN_NONE : shian_buf_str(&body);
}


bool
shian_demo_photo(shian_ctl_t *c, shian_arena_t *a, shian_dice_t *dice,
    bool clean, uint64_t now_ms, Shian__Photo *out)
{
    bool             ok;
    uint8_t         *hash;
    shian_str_t      body;
    shian_arena_t    scratch;
    shian_ingest_t   in;

    shian_arena_init(&scratch, NULL, NULL);
    body = compose(&scratch, dice, clean);

    memset(&in, 0, sizeof(in));
    shian_arena_init(&in.arena, NULL, NULL);
    shian_report_init(&in.report);
    in.pieces = &body;
    in.npieces = 1;
    in.fd = -1;
    in.boundary = SHIAN_STR(BOUNDARY);
    in.dir = c->store_dir;
    in.keys = &c->keys;
    in.aud = shian_str(c->base_url);
    in.now_ms = now_ms;
    in.max_photos = 1;

    hash = shian_alloc(a, SHIAN_HASH_SIZE);
    ok = body.n != 0 && hash != NULL;

    if (ok) {
        shian_ingest(&in);
        ok = in.report.status == 200 && in.nphotos == 1;
    }

    if (ok) {
        *out = *in.photos[0];
        memcpy(hash, out->hash.data, SHIAN_HASH_SIZE);
        out->hash.data = hash;
    } else {
        (void) shian_ctl_fail(c, "a photo: %s",
                              shian_ctl_refusal(&c->arena, &in.report));
    }

    shian_arena_free(&in.arena);
    shian_arena_free(&scratch);

    return ok;
}
