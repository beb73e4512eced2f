/*
 * A venue's safeguards: reply, appeal, request to be inspected again.
 */

#ifndef SHIAN_SAFEGUARD_H
#define SHIAN_SAFEGUARD_H

#include "domain.h"

/* Why something is not open to a venue: a word for pages, and in full. */
typedef struct {
    const char  *code;
    const char  *detail;
} shian_bar_t;

Shian__Appeal *shian_appeal_get(shian_txn_t *t, uint64_t id);

/*
 * What bars the venue from an appeal on local day `day`; NULL: nothing, and
 * *until is the last day to file one.  The transaction's thread.
 */
const shian_bar_t *shian_appeal_bar(shian_txn_t *t, uint64_t venue,
    int32_t day, int32_t *until);

/* What bars it from asking for another visit; NULL: nothing. */
const shian_bar_t *shian_reinspection_bar(shian_txn_t *t, uint64_t venue);

/* Had this user part in the grade that the appeal is about? */
bool shian_took_part(const Shian__Appeal *a, uint64_t user);

#endif /* SHIAN_SAFEGUARD_H */
