/*
 * What the files of complaints share.  Apply only, unless it says otherwise.
 */

#ifndef SHIAN_COMPLAINT_PARTS_H
#define SHIAN_COMPLAINT_PARTS_H

#include "complaint.h"

/* No step follows, unless the complainant reopens it.  Any thread. */
bool shian_complaint_ended(Shian__Complaint__State state);

/* Was it decided so the last time?  Any thread. */
static inline bool
shian_is_substantiated(const Shian__Complaint *c)
{
    return c->has_outcome
           && c->outcome == SHIAN__OUTCOME__KIND__substantiated;
}

/*
 * Writes the record and moves its index entries; was is NULL for a new one,
 * else what the store has.
 */
void shian_complaint_put(shian_op_t *o, const Shian__Complaint *was,
    const Shian__Complaint *is);

/*
 * Adds an entry to its timeline and counts it in c, which is written
 * afterwards.  The rest of *e is the caller's; at, state, user and role are
 * set here.
 */
void shian_complaint_tell(shian_op_t *o, Shian__Complaint *c,
    const char *action, Shian__ComplaintEvent *e);

/* Takes it into another state: times, clocks and durations with it. */
void shian_complaint_move(shian_op_t *o, Shian__Complaint *c,
    Shian__Complaint__State to);

/*
 * Keeps what the operation decides beside the decisions before; it stands from
 * now on.  take_back: the one that stands was wrong, what stood before it
 * stands again.  Both change the record only.
 */
void shian_complaint_decided(shian_op_t *o, Shian__Complaint *c);
void shian_complaint_take_back(Shian__Complaint *c);

/*
 * Writes the record, and brings to what is decided and merged now what rests
 * on it: findings, how its filing counts, the venue's grade.
 */
void shian_complaint_settle(shian_op_t *o, const Shian__Complaint *was,
    Shian__Complaint *is);

/* Counts one more, in the month of the operation. */
void shian_figure(shian_op_t *o, const Shian__Complaint *c, uint8_t sub);

/* Counts what a step took, since from_ms. */
void shian_figure_took(shian_op_t *o, const Shian__Complaint *c,
    shian_took_t step, uint64_t from_ms);

/*
 * It goes on after an end, or its decision is taken back or made again: then
 * neither is counted, until it ends and is decided once more.
 */
void shian_figure_back(shian_op_t *o, const Shian__Complaint *c);

/* Photos have a hash and are not too many.  False fills the report. */
bool shian_complaint_photos_named(shian_op_t *o, Shian__Photo **photos,
    size_t n);

/* A field is missing: 422; false.  Any thread. */
bool shian_lacks(shian_report_t *report, const char *field);

/* Keys and photos of it and its other half go; records stay. */
void shian_complaint_erase(shian_op_t *o, uint64_t id);

/* The day from which on it is to be erased.  Any thread. */
int32_t shian_complaint_expiry(int32_t ended_on, uint32_t years);

#endif /* SHIAN_COMPLAINT_PARTS_H */
