/*
 * Where an inspector goes next: visits that are due, by the policy's days
 * between visits, and what waits at venues for somebody to look at it.
 *
 * The table `patrol` orders venues so that a list is read off it:
 *
 *   'd' colour(1) last visit(4) venue(8)   what a visit is due by
 *   'r' due(4) venue(8)                    asked to be visited again
 *
 * each → Z-order key of its position(8, 0 for none) ‖ district tag(4), so
 * that neither distance nor district needs the record.  The day a visit is
 * due is the last one's and as many days as the policy in force says: a
 * changed policy changes no row.
 */

#ifndef SHIAN_PATROL_H
#define SHIAN_PATROL_H

#include "core/geo.h"
#include "domain.h"

#define SHIAN_PATROL_MAX     100
#define SHIAN_PATROL_TASKS   50         /* shown at once */
#define SHIAN_PATROL_COMING  14         /* days before a visit is due */

typedef struct {
    Shian__Role__Kind    role;
    const Shian__User   *user;          /* whose districts limit it */
    bool                 near;
    shian_point_t        at;
    uint64_t             now_ms;
    size_t               limit;         /* 1 to SHIAN_PATROL_MAX */
    shian_str_t          after;         /* where the page before ended */
} shian_patrol_t;

/*
 * Puts the venue where its tally `is` says, and takes it from where it was.
 * Called with the venue's record as it will stand, while the tally's row is
 * still the old one.  Apply only.
 */
void shian_patrol_keep(shian_txn_t *t, uint64_t venue,
    const Shian__Tally *is);

/*
 * Visits due now, then those coming up: each by colour (red, yellow,
 * ungraded, green), then the longest due, then the nearest if p->near.  In
 * the transaction's arena; *next as in shian_find.  NULL: no memory, or
 * t->err.  Event loop or any thread.
 */
Shian__PatrolList *shian_patrol_list(shian_txn_t *t,
    const shian_patrol_t *p, shian_str_t *next);

/* Fills list->tasks with what waits, the earliest due first. */
bool shian_patrol_tasks(shian_txn_t *t, const shian_patrol_t *p,
    Shian__PatrolList *list);

/*
 * One venue as the list shows it at now_ms; distance in metres, below 0 for
 * none.  NULL: no memory.
 */
Shian__PatrolItem *shian_patrol_item(shian_txn_t *t, const Shian__Venue *v,
    const Shian__Tally *tally, uint64_t now_ms, double distance);

/*
 * What to look at in a visit: the checklist of that version, where it is NULL
 * or there is none the one in force, and what is open at the venue.  NULL: no
 * such venue, or no memory.
 */
Shian__CheckIn *shian_patrol_check_in(shian_txn_t *t, uint64_t venue,
    const char *version, uint64_t now_ms);

#endif /* SHIAN_PATROL_H */
