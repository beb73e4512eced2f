/*
 * Findings: what an inspection found failing, until it is put right.
 *
 * finding_by: 'o' venue id → severity(1) deadline(4) code: not yet verified;
 * 'p' venue inverted-day id → severity(1): verified on that local day;
 * 'd' deadline(4) id: not yet verified, of all venues; 's' ms(8) id: says
 * that it is put right and waits for somebody to look.
 */

#ifndef SHIAN_FINDING_H
#define SHIAN_FINDING_H

#include "domain.h"

/* Days from the visit to the deadline: minor 15, major 7, critical 1. */
int32_t shian_finding_days(Shian__Severity__Kind severity);

Shian__Finding *shian_finding_get(shian_txn_t *t, uint64_t id);

/* The finding on that item that is not yet verified, or 0. */
uint64_t shian_finding_on(shian_txn_t *t, uint64_t venue, const char *item);

/*
 * Apply only; each keeps the indexes and the tally's counts in step, and
 * leaves regrading and writing the tally to the caller.  open sets id, state
 * and repeats of *f; verify and reopen change *f and write it.
 */
void shian_finding_open(shian_op_t *o, Shian__Tally *tally,
    Shian__Finding *f);
void shian_finding_verify(shian_op_t *o, Shian__Tally *tally,
    Shian__Finding *f, uint64_t inspection);
void shian_finding_reopen(shian_op_t *o, Shian__Tally *tally,
    Shian__Finding *f);
void shian_finding_void(shian_op_t *o, Shian__Tally *tally,
    Shian__Finding *f);
void shian_finding_put(shian_op_t *o, const Shian__Finding *f);

/*
 * What had lowered the venue's colour was taken back by an officer: that lifts
 * a hold as a rectification does, for there is nothing to rectify.
 */
void shian_finding_taken_back(shian_op_t *o, Shian__Tally *tally);

/*
 * What a grade at local day `day` takes of the venue's findings: those not
 * verified, and those verified fewer than `days` days ago.  In the arena.
 */
void shian_finding_inputs(shian_txn_t *t, const Shian__Tally *tally,
    uint64_t venue, int32_t day, int32_t days, shian_grade_inputs_t *in);

/* Keys of finding_by, for lists. */
shian_rowkey_t shian_finding_prefix(char field, uint64_t value,
    unsigned width);

#endif /* SHIAN_FINDING_H */
