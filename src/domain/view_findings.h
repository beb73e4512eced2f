/*
 * Lists of what waits to be put right or decided: findings, inspections that
 * were flagged, appeals.  As in view.h all is in the transaction's arena, NULL
 * means no memory or txn->err, and cursors are raw keys.  Reach, NULL for
 * all, says which venues the caller may see.
 */

#ifndef SHIAN_VIEW_FINDINGS_H
#define SHIAN_VIEW_FINDINGS_H

#include "view.h"

typedef enum {
    SHIAN_FINDINGS_OPEN = 0,    /* not verified, the first deadline first */
    SHIAN_FINDINGS_OVERDUE,     /* of these, past it */
    SHIAN_FINDINGS_SUBMITTED    /* wait for a look, the longest first */
} shian_findings_t;

typedef struct {
    shian_reach_pt  reach;
    void           *ctx;
    shian_eye_t     eye;        /* a venue's, or the staff's */
    int32_t         day;        /* local day that deadlines count from */
    shian_str_t     after;
    size_t          limit;
} shian_desk_t;

/* The city's findings, as far as the desk reaches. */
Shian__FindingList *shian_view_findings(shian_txn_t *t,
    shian_findings_t which, const shian_desk_t *desk, shian_str_t *next);

/* How many there are of them. */
uint64_t shian_findings_count(shian_txn_t *t, shian_findings_t which,
    const shian_desk_t *desk);

/*
 * One venue's: the first deadline first, then those that were verified, the
 * latest first.
 */
Shian__FindingList *shian_view_venue_findings(shian_txn_t *t, uint64_t venue,
    const shian_desk_t *desk, shian_str_t *next);

/* Inspections that an officer has to look at, the latest first; in full. */
Shian__InspectionList *shian_view_flagged(shian_txn_t *t,
    const shian_desk_t *desk, shian_str_t *next);
uint64_t shian_flagged_count(shian_txn_t *t, const shian_desk_t *desk);

/*
 * Appeals in the order they were filed: one venue's, or for venue 0 those
 * within reach that run.
 */
Shian__AppealList *shian_view_appeals(shian_txn_t *t, uint64_t venue,
    const shian_desk_t *desk, shian_str_t *next);
uint64_t shian_appeals_count(shian_txn_t *t, const shian_desk_t *desk);

/* One appeal as the venue or the bureau sees it, days counted. */
Shian__AppealView *shian_view_appeal_on(shian_txn_t *t,
    const Shian__Appeal *a, shian_eye_t eye, int32_t day);

#endif /* SHIAN_VIEW_FINDINGS_H */
