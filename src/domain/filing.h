/*
 * A filing: one record, or two that are linked, and all that were merged into
 * any of them.  It counts once for the grade, and has one case.
 */

#ifndef SHIAN_FILING_H
#define SHIAN_FILING_H

#include "complaint_parts.h"

#define SHIAN_FILING_MOST  64

/*
 * The records of the filing that c belongs to, c itself first and as it is in
 * memory; the others in the arena.  Returns how many, at most
 * SHIAN_FILING_MOST.  The transaction's thread.
 */
size_t shian_filing(shian_txn_t *t, Shian__Complaint *c,
    Shian__Complaint *records[SHIAN_FILING_MOST]);

/*
 * Which of the filing's records it counts by: the one that was decided
 * substantiated first, of the decisions that stand.  c is written before and
 * written again where that changes it.  Into the tally of their venue; true:
 * something changed.  Apply only.
 */
bool shian_filing_count(shian_op_t *o, Shian__Tally *tally,
    Shian__Complaint *c);

/* The case that the filing has, whatever its state; 0: none. */
uint64_t shian_filing_case(shian_txn_t *t, Shian__Complaint *c);

#endif /* SHIAN_FILING_H */
