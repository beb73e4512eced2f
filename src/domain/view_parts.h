/*
 * What the files that build views share, and nobody else needs.
 */

#ifndef SHIAN_VIEW_PARTS_H
#define SHIAN_VIEW_PARTS_H

#include "domain.h"

/* A zeroed and initialised message in the arena, or return NULL. */
#define NEW(var, type)                                                       \
    do {                                                                     \
        var = shian_alloc(t->arena, sizeof(*var));                           \
        if (var == NULL) {                                                   \
            return NULL;                                                     \
        }                                                                    \
        shian__##type##__init(var);                                          \
    } while (0)

#define SET(message, field, value)                                           \
    ((message)->has_##field = 1, (message)->field = (value))

#define COPY(dst, src, field)                                                \
    ((dst)->has_##field = (src)->has_##field, (dst)->field = (src)->field)

/* A grade with its reasons, ungraded for NULL; NULL without memory. */
Shian__GradeView *shian_view_grade(shian_txn_t *t, const Shian__Grade *g);

/* Opens a scan of prefix behind a raw cursor; NONE: at its beginning. */
void shian_view_open(shian_scan_t *scan, shian_txn_t *t, shian_table_t table,
    const shian_rowkey_t *prefix, shian_str_t after);

/* Keeps a scan's key for the next page; NONE without memory. */
shian_str_t shian_view_keep(shian_txn_t *t, shian_str_t key);

/*
 * At most limit visits of a venue behind after, newest first; those that do
 * not count only with all.  How many.  next may be NULL; else it is left as it
 * is where nothing follows.
 */
size_t shian_view_visits(shian_txn_t *t, uint64_t venue, shian_str_t after,
    size_t limit, bool all, Shian__InspectionView **views,
    shian_str_t *next);

/* How the last self-check differs from the last visit; false: no memory. */
bool shian_view_differs(shian_txn_t *t, uint64_t venue,
    Shian__SelfCheck *view);

#endif /* SHIAN_VIEW_PARTS_H */
