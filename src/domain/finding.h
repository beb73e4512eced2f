/*
 * Findings: what an inspection found failing, until it is put right.
 *
 * finding_by: 'o' venue id → severity(1) deadline(4) code: not yet verified;
 * 'p' venue inverted-day id → severity(1): verified on that local day;
 * 'd' deadline(4) id: not yet verified, of all venues; 's' ms(8) id: says
 * that it is put right and waits for somebody to look; 'i' venue item NUL id:
 * every one that the item ever had.
 *
 * What was found and put right is derived from the item's marks (mark.h).
 */

#ifndef SHIAN_FINDING_H
#define SHIAN_FINDING_H

#include "domain.h"

/* Days from the visit to the deadline: minor 15, major 7, critical 1. */
int32_t shian_finding_days(Shian__Severity__Kind severity);

Shian__Finding *shian_finding_get(shian_txn_t *t, uint64_t id);

/*
 * The finding of the item that this mark found or, of a visit, verified; NULL:
 * none that stands.  In the arena.
 */
Shian__Finding *shian_finding_found(shian_txn_t *t, uint64_t venue,
    const char *item, Shian__Mark__Source source, uint64_t id);

/*
 * Brings the item's records to what its marks give: opens, verifies, opens
 * again, voids.  A finding stays the same record as long as any mark that
 * found it counts; what the venue said of it stays with it.  Keeps indexes and
 * the tally's counts in step; regrading and writing the tally are the
 * caller's.  Apply only.
 */
void shian_finding_derive(shian_op_t *o, Shian__Tally *tally, uint64_t venue,
    const char *item);

/*
 * Writes the record, and moves its index entries and its evidence from what
 * the store has (NULL: it is new).  For what is not the marks' to say; the
 * tally and grading are the caller's.  Apply only.
 */
void shian_finding_change(shian_op_t *o, const Shian__Finding *was,
    const Shian__Finding *is);

/* Sets deadline_on by the first one and the extension. */
void shian_finding_deadline(Shian__Finding *f);

/* Keys of finding_by, for lists. */
shian_rowkey_t shian_finding_prefix(char field, uint64_t value,
    unsigned width);

#endif /* SHIAN_FINDING_H */
