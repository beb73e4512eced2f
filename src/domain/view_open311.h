/*
 * Complaints and reports as Open311 (GeoReport v2) shows them to everybody:
 * a day, a state and a category.  What somebody wrote never comes back, and a
 * place is named only where it was substantiated about a venue.
 */

#ifndef SHIAN_VIEW_OPEN311_H
#define SHIAN_VIEW_OPEN311_H

#include "domain.h"

#define SHIAN_OPEN311_MAX  1000             /* requests an answer */

typedef struct {
    const uint64_t     *ids;        /* with these nothing else counts */
    size_t              nids;
    const shian_str_t  *codes;      /* none: any category */
    size_t              ncodes;
    uint64_t            from_ms;    /* of requested_datetime, inclusive */
    uint64_t            to_ms;
    bool                open;
    bool                closed;
    uint64_t            now_ms;     /* what is not public yet is left out */
    size_t              skip;       /* those of pages before */
    size_t              max;        /* at most SHIAN_OPEN311_MAX */
} shian_open311_query_t;

/*
 * What fits the query: by id in the order asked for, else newest first.  Each
 * status_notes is the name of its state.  Names of services are Chinese with
 * `zh`.  In the transaction's arena; NULL without memory.
 */
Shian__Open311__Requests *shian_view_requests(shian_txn_t *t, bool zh,
    const shian_open311_query_t *q);

/* Every category as a service; NULL without memory. */
Shian__Open311__Services *shian_view_services(shian_arena_t *a, bool zh);

#endif /* SHIAN_VIEW_OPEN311_H */
