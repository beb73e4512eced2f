/*
 * Settling a venue: what its evidence and the days that have passed make of
 * its grade, with history, counts and lists in step.
 */

#ifndef SHIAN_SETTLE_H
#define SHIAN_SETTLE_H

#include "walk.h"

/*
 * Begins a walk of the venue and takes it to at_ms, past or to come.  False
 * without memory, or t->err; else shian_walk_free follows.  Reads only.
 */
bool shian_walk_as_of(shian_walk_t *w, shian_txn_t *t, uint64_t venue,
    const Shian__Tally *tally, uint64_t at_ms);

/*
 * The grade of a venue at at_ms with its components, in t's arena, and the
 * colour it stands at in its tally.  p: as if that policy were set at at_ms;
 * NULL: under those in force.  Reads only; false without memory, or t->err.
 */
bool shian_grade_venue(shian_txn_t *t, uint64_t venue,
    const shian_policy_t *p, uint64_t at_ms, shian_grade_t *out,
    Shian__Colour__Kind *stands);

/* ---- the city (day.c) -----------------------------------------------------*/

/*
 * Venues that have a slice of day.pass before them: *first is where it goes
 * on.  False: that of `day` is done.  Any thread, reads only.
 */
bool shian_day_next(shian_txn_t *t, int32_t day, uint64_t *first);

/* The last day that all venues were taken over.  False: none yet. */
bool shian_day_passed(shian_txn_t *t, int32_t *day);

/* The last change for the whole city: its operation's number, 0 for none. */
uint64_t shian_city_cause(shian_txn_t *t);

/* The same of city.regrade, for the last such change. */
bool shian_regrade_next(shian_txn_t *t, uint64_t *cause, uint64_t *first);

/*
 * Have all venues been walked up to the operation's day?  A change for the
 * whole city is not taken before: false fills the report with 409.
 */
bool shian_city_walked(shian_op_t *o);

/* Called by apply after a change for the whole city: an empty one has it. */
void shian_city_changed(shian_op_t *o);

/* Venues in one slice: what keeps the writer for a few milliseconds. */
#define SHIAN_DAY_SLICE  128

/* The id that a slice of venues from `first` on ends with.  Reads only. */
uint64_t shian_slice_last(shian_txn_t *t, uint64_t first);

/* Sets *op (with room for its body in *body) to the next slice; false: done. */
typedef union {
    Shian__DayPass      pass;
    Shian__CityRegrade  regrade;
} shian_city_step_t;

bool shian_city_step(shian_txn_t *t, uint64_t now_ms, shian_city_step_t *body,
    Shian__Operation *op);

#endif /* SHIAN_SETTLE_H */
