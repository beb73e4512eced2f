/*
 * Finding venues: by words, by place, by what they are; page by page.
 */

#ifndef SHIAN_FIND_H
#define SHIAN_FIND_H

#include "core/geo.h"
#include "domain.h"

#define SHIAN_FIND_MAX        100
#define SHIAN_FIND_RADIUS     2000.0    /* metres, where none is given */
#define SHIAN_FIND_MAX_RADIUS 50000.0

typedef enum {
    SHIAN_SORT_DEFAULT = 0,     /* name matches first; nearest; by id */
    SHIAN_SORT_SCORE
} shian_find_sort_t;

/* All filters hold together; absent ones are NULL, empty or false. */
typedef struct {
    shian_str_t           q;
    const char           *district;
    const char           *category;
    bool                  has_colour;
    Shian__Colour__Kind   colour;
    bool                  near;
    shian_point_t         at;
    double                radius;       /* metres */
    bool                  has_box;
    shian_bbox_t          box;
    shian_find_sort_t     sort;
    size_t                limit;        /* 1 to SHIAN_FIND_MAX */
    shian_str_t           after;        /* where the page before ended */
} shian_find_t;

typedef struct {
    Shian__Venue  *venue;
    Shian__Tally  *tally;
    double         distance;            /* metres, where near */
} shian_found_t;

/*
 * Fills items (room for find->limit + 1) in the transaction's arena and *n.
 * *next is where the following page begins, NONE at the end; a page may be
 * short of its limit before the end, since the work of one call is bounded
 * (some thousand candidates).  False with 400 or 500 in the report: `after`
 * does not fit the search, or memory has run out.  Event loop or any thread.
 */
bool shian_find(shian_txn_t *t, const shian_find_t *find,
    shian_found_t *items, size_t *n, shian_str_t *next,
    shian_report_t *report);

#endif /* SHIAN_FIND_H */
