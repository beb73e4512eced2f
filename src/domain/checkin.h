/*
 * Inspections on site: what an inspector sends, and whether it counts.
 *
 * inspection_by: 'i' id → venue(8) day(4); 'u' user inverted-start-ms id → a
 * shian_checkin_t: an inspector's visits, latest first; 'w' inverted-ms id →
 * venue(8) day(4): those that an officer should look at.
 */

#ifndef SHIAN_CHECKIN_H
#define SHIAN_CHECKIN_H

#include "domain.h"

#define SHIAN_FLAG_BIT(name)  (1u << SHIAN__INSPECTION__FLAG__##name)

/* One of an inspector's visits, from the index alone. */
typedef struct {
    uint64_t                   id;
    uint64_t                   started_ms;
    uint64_t                   finished_ms;
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

/* An index entry of field 'u' read back; false: not one. */
bool shian_checkin_read(shian_str_t key, shian_str_t value,
    shian_checkin_t *out);

/*
 * The visit of this user that began last before, or at, started_ms.  False:
 * there is none.
 */
bool shian_checkin_before(shian_txn_t *t, uint64_t user, uint64_t started_ms,
    shian_checkin_t *out);

/* Writes it with its entries in inspection_by as it stands.  Apply only. */
void shian_inspection_put(shian_op_t *o, const Shian__Inspection *in);

/* Keys of inspection_by, for lists. */
shian_rowkey_t shian_checkin_prefix(char field, uint64_t value);

/*
 * The level of a finished year by its inspections that count, newly worked
 * out into the tally.  A recorded one stays.  False: there is none to tell.
 */
bool shian_evaluate(shian_txn_t *t, Shian__Tally *tally, uint64_t venue,
    uint32_t year);

/* Is there a year that is over and not evaluated?  0: none.  Cheap. */
uint32_t shian_evaluation_due(shian_txn_t *t, uint64_t venue, int32_t day);

#endif /* SHIAN_CHECKIN_H */
