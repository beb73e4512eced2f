/*
 * The vocabulary of everything below src/http: slices, arenas, sinks and
 * error reports.  Nothing here knows LMDB or nginx.
 */

#ifndef SHIAN_BASE_H
#define SHIAN_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <protobuf-c/protobuf-c.h>

/* Of module, command line and pages (html/version) alike. */
#define SHIAN_VERSION   "0.1.0"

/* A slice of bytes that somebody else owns; never NUL-terminated by promise. */
typedef struct {
    const uint8_t  *p;
    size_t          n;
} shian_str_t;

#define SHIAN_STR(lit)  ((shian_str_t) { (const uint8_t *) (lit),            \
                                         sizeof(lit) - 1 })
#define SHIAN_NONE      ((shian_str_t) { NULL, 0 })
#define SHIAN_COUNT(a)  (sizeof(a) / sizeof((a)[0]))

/* For printf's "%.*s". */
#define SHIAN_FMT(s)    (int) (s).n, (const char *) (s).p

static inline shian_str_t
shian_str(const char *z)
{
    return (shian_str_t) { (const uint8_t *) z, z == NULL ? 0 : strlen(z) };
}

static inline shian_str_t
shian_slice(const void *p, size_t n)
{
    return (shian_str_t) { p, n };
}

static inline bool
shian_str_eq(shian_str_t a, shian_str_t b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool
shian_str_is(shian_str_t a, const char *z)
{
    return shian_str_eq(a, shian_str(z));
}


/*
 * An arena: everything allocated from it is freed at once.  One thread at a
 * time.  Chunks come from malloc, or from `chunk` where one is given (nginx
 * gives its pool); `chunk` memory is never freed by the arena.
 */

typedef struct shian_chunk_s  shian_chunk_t;

typedef struct {
    uint8_t         *pos;
    uint8_t         *end;
    shian_chunk_t   *chunks;
    void          *(*chunk)(void *ctx, size_t size);
    void            *ctx;
    ProtobufCAllocator  pb;     /* hand this to protobuf-c's unpack */
} shian_arena_t;

/* Prepares *a; chunk NULL means malloc.  Allocates nothing. */
void shian_arena_init(shian_arena_t *a, void *(*chunk)(void *, size_t),
    void *ctx);

/*
 * Gives an arena that has allocated nothing yet its first size bytes, which
 * are and stay the caller's.  Any thread.
 */
void shian_arena_first(shian_arena_t *a, void *p, size_t size);

/* Frees all chunks (malloc only); *a may be used again at once. */
void shian_arena_free(shian_arena_t *a);

/* size bytes aligned for any type, or NULL when memory has run out. */
void *shian_alloc(shian_arena_t *a, size_t size);
void *shian_zalloc(shian_arena_t *a, size_t size);

/* n * size bytes, NULL on overflow as well. */
void *shian_array(shian_arena_t *a, size_t n, size_t size);

/* A NUL-terminated copy, or NULL. */
char *shian_strdup(shian_arena_t *a, shian_str_t s);

/* printf into the arena, NUL-terminated, or NULL. */
char *shian_printf(shian_arena_t *a, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));


/*
 * A sink takes bytes.  Writers call shian_put* without looking at results;
 * the first failure sticks in `failed` and the caller asks once at the end.
 */

typedef struct shian_sink_s  shian_sink_t;

struct shian_sink_s {
    bool   (*write)(shian_sink_t *s, const void *p, size_t n);
    bool     failed;
};

static inline void
shian_put(shian_sink_t *s, const void *p, size_t n)
{
    if (!s->failed && n != 0 && !s->write(s, p, n)) {
        s->failed = true;
    }
}

static inline void
shian_puts(shian_sink_t *s, shian_str_t v)
{
    shian_put(s, v.p, v.n);
}

static inline void
shian_putz(shian_sink_t *s, const char *z)
{
    shian_put(s, z, strlen(z));
}

static inline void
shian_putc(shian_sink_t *s, char c)
{
    shian_put(s, &c, 1);
}

void shian_putf(shian_sink_t *s, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* A sink that grows a contiguous buffer in an arena. */
typedef struct {
    shian_sink_t    sink;       /* first: a shian_buf_t is a shian_sink_t */
    shian_arena_t  *arena;
    uint8_t        *p;
    size_t          n;
    size_t          size;
    size_t          max;        /* refuse to grow past; 0: no bound */
} shian_buf_t;

void shian_buf_init(shian_buf_t *b, shian_arena_t *a);

static inline shian_str_t
shian_buf_str(const shian_buf_t *b)
{
    return (shian_str_t) { b->p, b->n };
}


/*
 * What went wrong.  `status` is an HTTP status (200 = nothing wrong): it is
 * the contract's own vocabulary for refusals and the command line maps it to
 * exit codes.  `code` names a text in html/lang ("error.<code>"); `detail` is
 * an English sentence for logs and machines.  Strings live in the arena of
 * whoever filled the report, or are static.
 */

#define SHIAN_MAX_FIELD_ERRORS  64

typedef struct {
    const char     *field;
    const char     *code;       /* required too_long too_short pattern range
                                   unknown duplicate */
    const char     *detail;     /* may be NULL */
} shian_field_error_t;

typedef struct {
    int                    status;
    const char            *code;
    const char            *detail;
    size_t                 nfields;
    shian_field_error_t    fields[SHIAN_MAX_FIELD_ERRORS];
} shian_report_t;

/* Resets *r to "nothing wrong". */
void shian_report_init(shian_report_t *r);

/* Sets status, code and detail; returns false so callers can return it. */
bool shian_fail(shian_report_t *r, int status, const char *code,
    const char *detail);

/* Adds a wrong field (status becomes 422); past the bound it is dropped. */
void shian_fail_field(shian_report_t *r, const char *field, const char *code,
    const char *detail);

#endif /* SHIAN_BASE_H */
