/*
 * The first byte says how the rest is cut; the parser must give the same
 * events for every cut, never break a limit, and end each part it began.
 */

#include <stdlib.h>

#include "core/multipart.h"

typedef struct {
    uint64_t  hash;
    size_t    open;
    size_t    parts;
    size_t    bytes;
} seen_t;

static const shian_multipart_limits_t  limits = { 8, 2, 256, 64, 128 };


static void
mix(seen_t *s, const uint8_t *p, size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        s->hash = (s->hash ^ p[i]) * 0x100000001b3;
    }
}


static bool
begin(void *ctx, const shian_part_t *part)
{
    seen_t  *s = ctx;

    if (s->open++ != 0 || ++s->parts > limits.parts) {
        abort();
    }

    s->bytes = part->file ? limits.file_bytes : limits.field_bytes;
    mix(s, part->name.p, part->name.n);
    mix(s, part->type.p, part->type.n);
    mix(s, (const uint8_t *) "\1", 1);

    return true;
}


static bool
data(void *ctx, const uint8_t *p, size_t n)
{
    seen_t  *s = ctx;

    if (s->open != 1 || n > s->bytes) {
        abort();
    }

    s->bytes -= n;
    mix(s, p, n);

    return true;
}


static bool
end(void *ctx)
{
    seen_t  *s = ctx;

    if (s->open-- != 1) {
        abort();
    }

    mix(s, (const uint8_t *) "\2", 1);

    return true;
}


static bool
run(const uint8_t *p, size_t n, size_t step, seen_t *s)
{
    size_t                     i, piece;
    shian_report_t             report;
    shian_multipart_t          mp;
    shian_multipart_handler_t  handler = { begin, data, end, s };

    memset(s, 0, sizeof(*s));
    shian_report_init(&report);
    shian_multipart_init(&mp, SHIAN_STR("b0"), &limits, &handler, &report);

    for (i = 0; i < n; i += piece) {
        piece = step < n - i ? step : n - i;

        if (!shian_multipart_feed(&mp, p + i, piece)) {
            break;
        }
    }

    return shian_multipart_finish(&mp);
}


int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    bool         ok;
    seen_t       whole, cut;
    shian_str_t  boundary;

    if (n == 0) {
        return 0;
    }

    (void) shian_multipart_boundary(shian_slice(p, n), &boundary);

    ok = run(p + 1, n - 1, n, &whole);

    if (ok != run(p + 1, n - 1, 1 + (size_t) p[0] % 16, &cut)
        || (ok && (whole.hash != cut.hash || whole.open != 0)))
    {
        abort();
    }

    return 0;
}
