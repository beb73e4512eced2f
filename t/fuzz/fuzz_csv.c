/*
 * Any bytes at all through charset and rows, whole and in pieces: the same
 * rows come out, within the bounds that the header promises.
 */

#include <stdlib.h>

#include "core/charset.h"
#include "core/csv.h"

/* FNV-1a over all that is reported. */
typedef struct {
    uint64_t  hash;
    uint64_t  next;
} seen_t;


static void
mix(seen_t *s, const void *data, size_t n)
{
    size_t          i;
    const uint8_t  *p = data;

    for (i = 0; i < n; i++) {
        s->hash = (s->hash ^ p[i]) * 0x100000001b3;
    }
}


static bool
row(void *ctx, const shian_row_t *r)
{
    size_t   i;
    seen_t  *s = ctx;

    if (r->n > SHIAN_ROWS_COLUMNS || r->row < s->next || r->line == 0) {
        abort();
    }

    s->next = r->row + 1;
    mix(s, &r->row, sizeof(r->row));
    mix(s, &r->line, sizeof(r->line));

    for (i = 0; i < r->n; i++) {
        if (r->value[i].n > SHIAN_ROWS_FIELD) {
            abort();
        }

        mix(s, r->name[i].p, r->name[i].n);
        mix(s, r->value[i].p, r->value[i].n);
    }

    if (r->error != NULL) {
        mix(s, r->error, strlen(r->error));
    }

    return true;
}


static uint64_t
run(const uint8_t *p, size_t n, size_t step)
{
    size_t            i, take;
    seen_t            s = { 0xcbf29ce484222325, 0 };
    shian_rows_t     *r;
    shian_charset_t   cs;

    r = shian_rows_open(0, row, &s);

    if (r == NULL || !shian_charset_open(&cs, NULL, shian_rows_sink(r))) {
        abort();
    }

    for (i = 0; i < n; i += take) {
        take = n - i < step ? n - i : step;
        shian_put(&cs.sink, p + i, take);
    }

    (void) shian_charset_close(&cs);
    (void) shian_rows_end(r);
    shian_rows_free(r);

    return s.hash;
}


int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (run(p, n, n + 1) != run(p, n, 3)) {
        abort();
    }

    return 0;
}
