/*
 * application/x-www-form-urlencoded, as bodies and as query strings (WHATWG
 * URL, section 5), and percent-encoding (RFC 3986, section 2).
 */

#ifndef SHIAN_FORM_H
#define SHIAN_FORM_H

#include "base.h"

/* A checklist of 200 items with five fields each fits in one form. */
#define SHIAN_MAX_PAIRS  1024

typedef struct {
    shian_str_t  name;
    shian_str_t  value;
} shian_pair_t;

/*
 * Splits body into name=value pairs, in their order.  '+' is a space, percent
 * escapes are decoded exactly once, a name without '=' has an empty value and
 * empty pairs ("a=1&&b=2") are skipped.  At most max_pairs (0 stands for
 * SHIAN_MAX_PAIRS) are taken.  Pairs and their bytes are copies in a.
 * false: 400 `malformed` (an escape cut short, bytes that are not UTF-8, a
 * NUL), 413 `too_many`, 500 `server`.  Any thread.
 */
bool shian_form_parse(shian_arena_t *a, shian_str_t body, size_t max_pairs,
    shian_pair_t **pairs, size_t *n, shian_report_t *report);

/* The first value of that name, SHIAN_NONE where there is none.  Any thread. */
shian_str_t shian_form_get(const shian_pair_t *pairs, size_t n,
    const char *name);

/*
 * Writes v with everything outside RFC 3986's unreserved characters escaped,
 * a space as %20: fit for a path segment and for a query value.  Any thread.
 */
void shian_percent_encode(shian_sink_t *s, shian_str_t v);

#endif /* SHIAN_FORM_H */
