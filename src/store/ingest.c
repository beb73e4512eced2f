#include "ingest.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/photo.h"
#include "core/text.h"
#include "core/token.h"
#include "photos.h"

#define READ_SIZE  65536

/* The part being read. */
typedef struct {
    shian_ingest_t  *in;
    shian_str_t      name;
    bool             file;
    bool             chosen;
    bool             photo;
    shian_str_t      code;          /* before the name of a photo */
    bool             too_large;
    uint8_t         *p;         /* malloc */
    size_t           n;
    size_t           size;
} part_t;


/* Whether name is base, or ends in it behind a code and "_". */
static bool
named(shian_str_t name, const char *base, shian_str_t *code)
{
    size_t  n = strlen(base);

    *code = SHIAN_NONE;

    if (name.n < n || memcmp(name.p + name.n - n, base, n) != 0) {
        return false;
    }

    if (name.n == n) {
        return true;
    }

    if (name.n < n + 2 || name.p[name.n - n - 1] != '_') {
        return false;
    }

    *code = shian_slice(name.p, name.n - n - 1);

    return true;
}


/* Which field a photo came in is told by its hash under that name. */
static void
add_pair(shian_ingest_t *in, shian_str_t code, const uint8_t hash[32])
{
    char  hex[65], *name, *value;

    if (code.n == 0) {
        return;
    }

    sodium_bin2hex(hex, sizeof(hex), hash, 32);
    name = shian_printf(&in->arena, "%.*s_photo", SHIAN_FMT(code));
    value = shian_strdup(&in->arena, shian_str(hex));

    if (name == NULL || value == NULL) {
        (void) shian_fail(&in->report, 500, "server", "Out of memory.");
        return;
    }

    in->pairs[in->npairs].name = shian_str(name);
    in->pairs[in->npairs++].value = shian_str(value);
}


static void
add_photo(shian_ingest_t *in, shian_str_t code, const uint8_t hash[32],
    const shian_photo_info_t *info, size_t size)
{
    uint8_t       *h;
    Shian__Photo  *p;

    p = shian_alloc(&in->arena, sizeof(*p));
    h = shian_alloc(&in->arena, 32);

    if (p == NULL || h == NULL) {
        (void) shian_fail(&in->report, 500, "server", "Out of memory.");
        return;
    }

    memcpy(h, hash, 32);
    shian__photo__init(p);
    p->has_hash = p->has_type = p->has_width = p->has_height = 1;
    p->hash.data = h;
    p->hash.len = 32;
    p->type = (Shian__Photo__Type) info->type;
    p->width = info->width;
    p->height = info->height;
    p->has_size = 1;
    p->size = size;

    in->photos[in->nphotos++] = p;
    add_pair(in, code, hash);
}


/* One photo's fault is told beside the field, under its own status. */
static void
bad_photo(shian_ingest_t *in, int status, const char *code)
{
    bool  first;

    first = in->report.status == 200;
    shian_fail_field(&in->report, "photo", code, NULL);

    if (first) {
        in->report.status = status;
    }
}


static bool
room_for_photo(shian_ingest_t *in)
{
    if (in->nphotos < in->max_photos) {
        return true;
    }

    bad_photo(in, 413, "too_many");

    return false;
}


static void
take_photo(part_t *part)
{
    uint8_t               hash[32];
    shian_buf_t           out;
    shian_ingest_t       *in = part->in;
    shian_arena_t         arena;
    shian_photo_info_t    info;
    shian_photo_result_t  rc;

    if (part->too_large) {
        bad_photo(in, 413, "too_large");
        return;
    }

    if (part->n == 0) {
        bad_photo(in, 422, "empty");
        return;
    }

    if (!room_for_photo(in)) {
        return;
    }

    shian_arena_init(&arena, NULL, NULL);
    shian_buf_init(&out, &arena);
    rc = shian_photo_clean(part->p, part->n, &info, &out.sink);

    if (rc == SHIAN_PHOTO_OK && !out.sink.failed) {
        crypto_generichash(hash, sizeof(hash), out.p, out.n, NULL, 0);

        if (shian_photo_save(&in->arena, in->dir, hash,
                             shian_buf_str(&out)))
        {
            add_photo(in, part->code, hash, &info, out.n);
        } else {
            (void) shian_fail(&in->report, errno == ENOSPC ? 507 : 500,
                              errno == ENOSPC ? "no_room" : "server",
                              "The photo could not be written.");
        }

    } else if (rc == SHIAN_PHOTO_TOO_MANY_PIXELS) {
        bad_photo(in, 413, "too_many_pixels");

    } else if (rc == SHIAN_PHOTO_BROKEN) {
        bad_photo(in, 422, "interrupted");

    } else {
        bad_photo(in, 415, "wrong_type");
    }

    shian_arena_free(&arena);
}


/* A photo of the attempt before: its token says which file, the file what. */
static void
take_kept(shian_ingest_t *in, shian_str_t code, shian_str_t text)
{
    int                   fd;
    char                 *path;
    uint8_t              *p;
    ssize_t               n;
    struct stat           st;
    shian_buf_t           out;
    shian_token_t         token;
    shian_arena_t         arena;
    shian_photo_info_t    info;

    if (shian_token_verify(&in->arena, in->keys, in->aud, in->generation,
                           SHIAN_USE_PHOTO,
                           in->now_ms, text, &token) != SHIAN_TOKEN_OK
        || !token.has_photo)
    {
        bad_photo(in, 422, "interrupted");
        return;
    }

    if (!room_for_photo(in)) {
        return;
    }

    shian_arena_init(&arena, NULL, NULL);
    path = shian_photo_path(&arena, in->dir, token.photo);
    fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    p = NULL;
    n = -1;

    /* It counts as sent just now: the sweep leaves it alone. */
    if (fd >= 0 && futimens(fd, NULL) != 0) {
        close(fd);
        fd = -1;
    }

    if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size > 0
        && st.st_size <= SHIAN_PHOTO_BYTES + 64
        && (p = shian_alloc(&arena, (size_t) st.st_size)) != NULL)
    {
        n = pread(fd, p, (size_t) st.st_size, 0);
    }

    shian_buf_init(&out, &arena);

    if (n > 0 && shian_photo_clean(p, (size_t) n, &info, &out.sink)
                 == SHIAN_PHOTO_OK)
    {
        add_photo(in, code, token.photo, &info, (size_t) n);
    } else {
        bad_photo(in, 422, "interrupted");
    }

    if (fd >= 0) {
        close(fd);
    }

    shian_arena_free(&arena);
}


/* ---- parts ----------------------------------------------------------------*/

static bool
part_begin(void *ctx, const shian_part_t *p)
{
    char    *name;
    part_t  *part = ctx;

    name = shian_strdup(&part->in->arena, p->name);
    if (name == NULL) {
        return false;
    }

    part->name = shian_str(name);
    part->file = p->file;
    part->chosen = p->chosen;
    part->photo = p->file && (named(part->name, "photo", &part->code)
                              || named(part->name, "media", &part->code));
    part->too_large = false;
    part->n = 0;

    return true;
}


static bool
part_data(void *ctx, const uint8_t *p, size_t n)
{
    size_t    size, max;
    uint8_t  *grown;
    part_t   *part = ctx;

    max = part->photo ? SHIAN_PHOTO_BYTES : SHIAN_FIELD_BYTES;

    if ((part->file && !part->photo) || part->too_large
        || n > max - part->n)
    {
        part->too_large = true;
        return true;
    }

    if (part->n + n > part->size) {
        size = part->size == 0 ? 16384 : part->size;

        while (size < part->n + n) {
            size *= 2;
        }

        grown = realloc(part->p, size);
        if (grown == NULL) {
            return false;
        }

        part->p = grown;
        part->size = size;
    }

    memcpy(part->p + part->n, p, n);
    part->n += n;

    return true;
}


static bool
part_end(void *ctx)
{
    char            *value;
    part_t          *part = ctx;
    shian_ingest_t  *in = part->in;

    if (part->photo) {
        if (part->chosen) {
            take_photo(part);
        }
        return true;
    }

    if (part->file) {
        shian_fail_field(&in->report, (const char *) part->name.p,
                         "unknown", NULL);
        return true;
    }

    if (named(part->name, "kept_photo", &part->code)) {
        take_kept(in, part->code, shian_slice(part->p, part->n));
        return true;
    }

    if (!shian_utf8_valid(part->name)
        || !shian_utf8_valid(shian_slice(part->p, part->n)))
    {
        return shian_fail(&in->report, 400, "malformed",
                          "The form is not valid UTF-8.");
    }

    value = shian_strdup(&in->arena, shian_slice(part->p, part->n));
    if (value == NULL) {
        return false;
    }

    in->pairs[in->npairs].name = part->name;
    in->pairs[in->npairs++].value = shian_slice(value, part->n);

    return true;
}


/* ---- the body -------------------------------------------------------------*/

typedef bool (*feed_pt)(void *ctx, const void *p, size_t n);


static bool
feed_body(shian_ingest_t *in, feed_pt feed, void *ctx)
{
    off_t     at;
    size_t    i;
    ssize_t   n;
    uint8_t   buf[READ_SIZE];

    for (i = 0; i < in->npieces; i++) {
        if (!feed(ctx, in->pieces[i].p, in->pieces[i].n)) {
            return false;
        }
    }

    for (at = 0; in->fd >= 0 && (size_t) at < in->file_size; at += n) {
        n = pread(in->fd, buf, sizeof(buf), at);

        if (n <= 0) {
            return shian_fail(&in->report, 500, "server",
                              "The request could not be read back.");
        }

        if (!feed(ctx, buf, (size_t) n)) {
            return false;
        }
    }

    return true;
}


static bool
feed_multipart(void *ctx, const void *p, size_t n)
{
    return shian_multipart_feed(ctx, p, n);
}


static bool
feed_raw(void *ctx, const void *p, size_t n)
{
    shian_buf_t  *b = ctx;

    shian_put(&b->sink, p, n);

    return !b->sink.failed;
}


static void
ingest_multipart(shian_ingest_t *in)
{
    part_t                       part;
    shian_multipart_t            mp;
    shian_multipart_limits_t     limits;
    shian_multipart_handler_t    handler;

    memset(&part, 0, sizeof(part));
    part.in = in;

    limits.parts = SHIAN_MAX_PAIRS;
    limits.files = 32;
    limits.head_bytes = SHIAN_MAX_PART_HEAD;
    limits.field_bytes = SHIAN_FIELD_BYTES;
    limits.file_bytes = SIZE_MAX / 2;   /* bounded by the body's limit */

    handler.begin = part_begin;
    handler.data = part_data;
    handler.end = part_end;
    handler.ctx = &part;

    in->pairs = shian_array(&in->arena, SHIAN_MAX_PAIRS, sizeof(*in->pairs));
    in->photos = shian_array(&in->arena, SHIAN_MAX_PHOTOS,
                             sizeof(*in->photos));

    if (in->pairs == NULL || in->photos == NULL) {
        (void) shian_fail(&in->report, 500, "server", "Out of memory.");
        return;
    }

    shian_multipart_init(&mp, in->boundary, &limits, &handler, &in->report);

    if (feed_body(in, feed_multipart, &mp)) {
        (void) shian_multipart_finish(&mp);
    }

    free(part.p);
}


void
shian_ingest(shian_ingest_t *in)
{
    shian_buf_t  raw;

    if (in->boundary.n != 0) {
        ingest_multipart(in);
        return;
    }

    shian_buf_init(&raw, &in->arena);

    if (!feed_body(in, feed_raw, &raw) && in->report.status == 200) {
        (void) shian_fail(&in->report, 500, "server", "Out of memory.");
    }

    in->raw = shian_buf_str(&raw);
}
