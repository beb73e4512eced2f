/*
 * Answers to a checklist, before they become an operation: what is looked up
 * in the checklist is put into the operation here, for apply must not depend
 * on what the checklist of another day says.
 */

#ifndef SHIAN_ANSWERS_H
#define SHIAN_ANSWERS_H

#include "domain.h"

#define SHIAN_MOST_PHOTOS  60           /* of one inspection */

/*
 * Completes an inspection by the checklist that was in force when it was
 * begun: severity and deadline of each failed item.  False with every wrong
 * field in the report: another version, unknown, missing or repeated items, a
 * fail without note or photo, photos that nobody sent, a deadline that the
 * role may not set.  at_ms: now.  The transaction's thread.
 */
bool shian_inspection_prepare(shian_txn_t *t, Shian__InspectionPost *op,
    Shian__Role__Kind role, uint64_t at_ms, shian_report_t *report);

/*
 * The same for a venue's self-check, by the checklist in force now; a fail
 * needs no photo, for it is the venue's own.
 */
bool shian_self_check_prepare(shian_txn_t *t, Shian__SelfCheckPost *op,
    shian_report_t *report);

#endif /* SHIAN_ANSWERS_H */
