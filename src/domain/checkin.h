/*
 * Inspections on site: what an inspector sends, and whether it counts.
 *
 * inspection_by: 'i' id → venue(8) day(4); 'u' user inverted-began-ms id → a
 * shian_checkin_t: an inspector's visits, latest first; 'k' user venue
 * started-ms → id(8): the same visit sent once more; 'v' venue
 * inverted-ended-ms id → counted(8) day(4): those that are evidence; 'w'
 * inverted-ms id → venue(8) day(4): those that an officer should look at.
 */

#ifndef SHIAN_CHECKIN_H
#define SHIAN_CHECKIN_H

#include "domain.h"

#define SHIAN_FLAG_BIT(name)  (1u << SHIAN__INSPECTION__FLAG__##name)

/* One of an inspector's visits, from the index alone. */
typedef struct {
    uint64_t                   id;
    uint64_t                   began_ms;    /* by the server's clock */
    uint64_t                   ended_ms;
    uint64_t                   venue;
    uint64_t                   place;       /* shian_geo_key; 0: unknown */
    uint32_t                   passed;
    uint32_t                   failed;
    uint32_t                   flags;       /* SHIAN_FLAG_BIT */
    Shian__Inspection__State   state;
    bool                       on_site;
} shian_checkin_t;

/* The inspection of a venue, or of any for venue 0; NULL: none. */
Shian__Inspection *shian_inspection_get(shian_txn_t *t, uint64_t venue,
    uint64_t id);

/* Has it taken effect?  A rejected or waiting one has not. */
bool shian_inspection_counts(const Shian__Inspection *in);

/* The same, and was it on site, by its position or by an officer's word? */
bool shian_inspection_is_evidence(const Shian__Inspection *in);

/* An index entry of field 'u' read back; false: not one. */
bool shian_checkin_read(shian_str_t key, shian_str_t value,
    shian_checkin_t *out);

/*
 * The visit of this user that began last before, or at, began_ms; the one
 * that began first after it.  False: there is none.
 */
bool shian_checkin_before(shian_txn_t *t, uint64_t user, uint64_t began_ms,
    shian_checkin_t *out);
bool shian_checkin_after(shian_txn_t *t, uint64_t user, uint64_t began_ms,
    shian_checkin_t *out);

/*
 * The id of the visit that this user made there and that began, by the
 * device's clock, at started_ms; 0: none.
 */
uint64_t shian_checkin_same(shian_txn_t *t, uint64_t user, uint64_t venue,
    uint64_t started_ms);

/*
 * When a visit was made, by the server's clock: the device's instants less
 * what its clock was ahead of at_ms, when it arrived; never after that.
 */
void shian_visit_times(const Shian__InspectionPost *op, uint64_t at_ms,
    uint64_t *began, uint64_t *ended);

/*
 * From now on it counts, or counts no longer: marks and findings, the last
 * visit, public photos, into the tally.  The record is written already.
 * Apply only.
 */
void shian_visit_count(shian_op_t *o, Shian__Tally *tally,
    const Shian__Inspection *in, bool counts);

/*
 * When the last visit that is evidence ended, and its day.  False: none.
 */
bool shian_visit_last(shian_txn_t *t, uint64_t venue, uint64_t *ended,
    int32_t *on);

/* The same into the tally, and whether it meets a request.  Apply only. */
void shian_visit_note_last(shian_op_t *o, Shian__Tally *tally,
    uint64_t venue);

/*
 * Did one with answers that ended later count already when this one, which
 * ended then, began to count with operation `counted`?
 */
bool shian_visit_is_late(shian_txn_t *t, uint64_t venue, uint64_t ended,
    uint64_t counted);

/* Its year's evaluation, the grade, the tally, the result.  Apply only. */
void shian_visit_settle(shian_op_t *o, Shian__Tally *tally,
    const Shian__Inspection *in);

/* Writes it with its entries in inspection_by as it stands.  Apply only. */
void shian_inspection_put(shian_op_t *o, const Shian__Inspection *in);

/* Keys of inspection_by, for lists. */
shian_rowkey_t shian_checkin_prefix(char field, uint64_t value);

/*
 * Works out the level of the year that `on` is in, if it is over on the
 * operation's day, by the visits that count; with none there is no level.  A
 * recorded one stays.  Into the tally.  Apply only.
 */
void shian_evaluate_again(shian_op_t *o, Shian__Tally *tally, uint64_t venue,
    int32_t on);

/* Is there a year that is over and not evaluated?  0: none.  Cheap. */
uint32_t shian_evaluation_due(shian_txn_t *t, uint64_t venue, int32_t day);

#endif /* SHIAN_CHECKIN_H */
