/*
 * Views: what a page, a JSON answer or a row of CSV shows, built from the
 * tables in one read transaction.  Everything is in its arena, so it outlives
 * nothing but that.  NULL means no such thing (or txn->err is set).
 */

#ifndef SHIAN_VIEW_H
#define SHIAN_VIEW_H

#include "domain.h"
#include "find.h"

#define SHIAN_LATEST          5         /* inspections, reviews on a page */

Shian__VenueView *shian_view_venue(shian_txn_t *t, const shian_keys_t *keys,
    uint64_t id, uint64_t now_ms);

/* The line of a list; distance is in metres, below 0 for none. */
Shian__VenueItem *shian_view_item(shian_txn_t *t, const Shian__Venue *v,
    const Shian__Tally *tally, double distance);

/*
 * Lists after a raw cursor (NONE for the first page); *next as in shian_find.
 * venue 0 in reviews: the moderators' queue of `state` (held or
 * SHIAN_FLAGGED) as far as `reach` allows, NULL for all.  Inspections that
 * do not count are listed with `all`.
 */
Shian__GradeList *shian_view_grades(shian_txn_t *t, uint64_t venue,
    shian_str_t after, size_t limit, shian_str_t *next);
Shian__InspectionList *shian_view_inspections(shian_txn_t *t,
    uint64_t venue, shian_str_t after, size_t limit, bool all,
    shian_str_t *next);
Shian__ReviewList *shian_view_reviews(shian_txn_t *t,
    const shian_keys_t *keys, uint64_t venue, shian_str_t after,
    size_t limit, shian_str_t *next);

/*
 * What the venue itself may do about its reviews, and its flag while that
 * waits.  False without memory.
 */
bool shian_view_own_reviews(shian_txn_t *t, Shian__ReviewView **items,
    size_t n);

/* Who looks: what is shown of one record grows from left to right. */
typedef enum {
    SHIAN_EYE_PUBLIC = 0,
    SHIAN_EYE_VENUE,
    SHIAN_EYE_STAFF
} shian_eye_t;

/* One inspection with its items by head. */
Shian__InspectionView *shian_view_inspection(shian_txn_t *t,
    const Shian__Inspection *in, shian_eye_t eye);

/* For a venue or the staff; days are counted from local day `day`. */
Shian__FindingView *shian_view_finding(shian_txn_t *t,
    const Shian__Finding *f, shian_eye_t eye, int32_t day);

Shian__AppealView *shian_view_appeal(shian_txn_t *t, const Shian__Appeal *a,
    shian_eye_t eye);

/* The last `max` changes of the grade, oldest first. */
bool shian_view_points(shian_txn_t *t, uint64_t venue, size_t max,
    Shian__GradePoint ***points, size_t *n);

/* What would lift the venue's colour, as of now_ms. */
Shian__Better *shian_view_better(shian_txn_t *t, uint64_t venue,
    uint64_t now_ms);

typedef bool (*shian_reach_pt)(void *ctx, const Shian__Venue *v);

Shian__ReviewList *shian_view_queue(shian_txn_t *t, const shian_keys_t *keys,
    bool removed,
    shian_reach_pt reach, void *ctx, shian_str_t after, size_t limit,
    shian_str_t *next);

/* How many of the queue's reviews of `state` are within reach. */
uint64_t shian_queue_count(shian_txn_t *t, uint64_t state,
    shian_reach_pt reach, void *ctx);

/* One review; moderators (`all`) see held and removed ones as well. */
Shian__ReviewView *shian_view_review(shian_txn_t *t,
    const shian_keys_t *keys, uint64_t id, bool all);

/* Accounts within the reach of `user`. */
Shian__UserList *shian_view_users(shian_txn_t *t, const Shian__User *user,
    shian_str_t after, size_t limit, shian_str_t *next);

/* Venues by colour, all colours, in the order people read them. */
bool shian_view_colours(shian_txn_t *t, Shian__ColourCount ***colours,
    size_t *n, uint64_t *venues);

/* Names of districts ('d') or categories ('k') with venues, at most max. */
size_t shian_view_names(shian_txn_t *t, char kind, shian_str_t *names,
    size_t max);

Shian__Rating *shian_view_rating(shian_arena_t *a,
    const Shian__Tally *tally);

#endif /* SHIAN_VIEW_H */
