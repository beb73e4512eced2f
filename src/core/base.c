#include "base.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define CHUNK_SIZE  8192
#define ALIGN       (_Alignof(max_align_t))

struct shian_chunk_s {
    shian_chunk_t  *next;
    max_align_t     data[];
};


static void *
pb_alloc(void *ctx, size_t size)
{
    return shian_alloc(ctx, size);
}


static void
pb_free(void *ctx, void *p)
{
    (void) ctx;
    (void) p;
}


void
shian_arena_init(shian_arena_t *a, void *(*chunk)(void *, size_t), void *ctx)
{
    memset(a, 0, sizeof(*a));
    a->chunk = chunk;
    a->ctx = ctx;
    a->pb.alloc = pb_alloc;
    a->pb.free = pb_free;
    a->pb.allocator_data = a;
}


void
shian_arena_first(shian_arena_t *a, void *p, size_t size)
{
    size_t  skip;

    skip = (ALIGN - (uintptr_t) p % ALIGN) % ALIGN;

    if (size >= skip) {
        a->pos = (uint8_t *) p + skip;
        a->end = a->pos + (size - skip) / ALIGN * ALIGN;
    }
}


void
shian_arena_free(shian_arena_t *a)
{
    shian_chunk_t  *c, *next;

    for (c = a->chunks; c != NULL; c = next) {
        next = c->next;
        free(c);
    }

    a->chunks = NULL;
    a->pos = NULL;
    a->end = NULL;
}


static uint8_t *
new_chunk(shian_arena_t *a, size_t size)
{
    shian_chunk_t  *c;

    if (a->chunk != NULL) {
        return a->chunk(a->ctx, size);
    }

    c = malloc(sizeof(*c) + size);
    if (c == NULL) {
        return NULL;
    }

    c->next = a->chunks;
    a->chunks = c;

    return (uint8_t *) c->data;
}


void *
shian_alloc(shian_arena_t *a, size_t size)
{
    uint8_t  *p;

    if (size > SIZE_MAX / 2) {
        return NULL;
    }

    /* Nothing still gets an address of its own, as with malloc. */
    size = size == 0 ? ALIGN : (size + ALIGN - 1) & ~(ALIGN - 1);

    if (size <= (size_t) (a->end - a->pos)) {
        p = a->pos;
        a->pos += size;
        return p;
    }

    /* A large piece gets a chunk of its own; the current one goes on. */
    if (size > CHUNK_SIZE / 4) {
        return new_chunk(a, size);
    }

    p = new_chunk(a, CHUNK_SIZE);
    if (p == NULL) {
        return NULL;
    }

    a->pos = p + size;
    a->end = p + CHUNK_SIZE;

    return p;
}


void *
shian_zalloc(shian_arena_t *a, size_t size)
{
    void  *p;

    p = shian_alloc(a, size);
    if (p != NULL) {
        memset(p, 0, size);
    }

    return p;
}


void *
shian_array(shian_arena_t *a, size_t n, size_t size)
{
    if (size != 0 && n > SIZE_MAX / 2 / size) {
        return NULL;
    }

    return shian_zalloc(a, n * size);
}


char *
shian_strdup(shian_arena_t *a, shian_str_t s)
{
    char  *z;

    z = shian_alloc(a, s.n + 1);
    if (z != NULL) {
        if (s.n != 0) {
            memcpy(z, s.p, s.n);
        }
        z[s.n] = '\0';
    }

    return z;
}


char *
shian_printf(shian_arena_t *a, const char *fmt, ...)
{
    int      n;
    char    *z;
    size_t   room;
    va_list  args;

    /* It mostly fits where the next allocation will be. */
    room = (size_t) (a->end - a->pos);

    va_start(args, fmt);
    n = vsnprintf((char *) a->pos, room, fmt, args);
    va_end(args);

    if (n < 0) {
        return NULL;
    }

    z = shian_alloc(a, (size_t) n + 1);
    if (z != NULL && (size_t) n >= room) {
        va_start(args, fmt);
        vsnprintf(z, (size_t) n + 1, fmt, args);
        va_end(args);
    }

    return z;
}


void
shian_putf(shian_sink_t *s, const char *fmt, ...)
{
    int      n;
    char     small[512], *z;
    va_list  args;

    va_start(args, fmt);
    n = vsnprintf(small, sizeof(small), fmt, args);
    va_end(args);

    if (n < 0) {
        s->failed = true;
        return;
    }

    if ((size_t) n < sizeof(small)) {
        shian_put(s, small, (size_t) n);
        return;
    }

    z = malloc((size_t) n + 1);
    if (z == NULL) {
        s->failed = true;
        return;
    }

    va_start(args, fmt);
    vsnprintf(z, (size_t) n + 1, fmt, args);
    va_end(args);

    shian_put(s, z, (size_t) n);
    free(z);
}


static bool
buf_write(shian_sink_t *s, const void *p, size_t n)
{
    size_t        size;
    uint8_t      *grown;
    shian_buf_t  *b = (shian_buf_t *) s;

    if (n > SIZE_MAX / 4 - b->n || (b->max != 0 && n > b->max - b->n)) {
        return false;
    }

    if (b->n + n > b->size) {
        size = b->size == 0 ? 1024 : b->size * 2;

        while (size < b->n + n) {
            size *= 2;
        }

        grown = shian_alloc(b->arena, size);
        if (grown == NULL) {
            return false;
        }

        if (b->n != 0) {
            memcpy(grown, b->p, b->n);
        }

        b->p = grown;
        b->size = size;
    }

    memcpy(b->p + b->n, p, n);
    b->n += n;

    return true;
}


void
shian_buf_init(shian_buf_t *b, shian_arena_t *a)
{
    memset(b, 0, sizeof(*b));
    b->sink.write = buf_write;
    b->arena = a;
}


void
shian_report_init(shian_report_t *r)
{
    r->status = 200;
    r->code = NULL;
    r->detail = NULL;
    r->nfields = 0;
}


bool
shian_fail(shian_report_t *r, int status, const char *code,
    const char *detail)
{
    r->status = status;
    r->code = code;
    r->detail = detail;

    return false;
}


void
shian_fail_field(shian_report_t *r, const char *field, const char *code,
    const char *detail)
{
    if (r->status == 200) {
        r->status = 422;
        r->code = "invalid";
        r->detail = "Some fields are wrong.";
    }

    if (r->nfields < SHIAN_MAX_FIELD_ERRORS) {
        r->fields[r->nfields++] = (shian_field_error_t) { field, code,
                                                          detail };
    }
}
