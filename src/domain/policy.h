/*
 * The policy in force: a document of the bureau, kept by version in the store.
 */

#ifndef SHIAN_POLICY_H
#define SHIAN_POLICY_H

#include "domain.h"

/* The record in force, or NULL while the default is. */
Shian__PolicyRecord *shian_policy_record(shian_txn_t *t);

/* Its number: 0 for the default.  Cheap: nothing is unpacked. */
uint64_t shian_policy_id(shian_txn_t *t);

/* The numbers that grading uses, the default's where a document is silent. */
void shian_policy_numbers(const Shian__Policy *p, shian_policy_t *out);

/* The policy in force as numbers. */
void shian_policy_now(shian_txn_t *t, shian_policy_t *out);

/* What the policy says of complaints; grading has no use for it. */
typedef struct {
    uint32_t  first_look_minutes;
    uint32_t  retention_years;
} shian_complaint_rules_t;

/* The rules in force, the default's where a document is silent. */
void shian_complaint_rules(shian_txn_t *t, shian_complaint_rules_t *out);

/* The numbers as a whole document, in the arena; NULL: no memory. */
Shian__Policy *shian_policy_document(shian_arena_t *a,
    const shian_policy_t *p, const char *version);

/*
 * The policy in force as a whole document with its version, in the
 * transaction's arena; NULL: no memory.
 */
Shian__Policy *shian_policy_whole(shian_txn_t *t);

/*
 * Reads a JSON document; wrong fields are in the report, by path.  Numbers
 * that contradict each other (yellow above green) are refused as well.
 */
bool shian_policy_parse(shian_arena_t *a, shian_str_t json,
    Shian__Policy **out, shian_report_t *report);

/*
 * May p follow the policy in force?  *unchanged: it is the one in force.
 * False with fields in the report.
 */
bool shian_policy_check(shian_txn_t *t, const Shian__Policy *p,
    bool *unchanged, shian_report_t *report);

/* Puts p in force from the operation's instant on; its id.  Apply only. */
uint64_t shian_policy_put(shian_op_t *o, Shian__Policy *p);

/* What would change: how many venues go from which colour to which. */
typedef struct {
    uint64_t  venues;
    uint64_t  changed;
    uint64_t  from_to[5][5];        /* by Colour.Kind */
    uint64_t  next;                 /* the venue to go on with */
} shian_policy_preview_t;

/* Called for each venue whose colour would be another one. */
typedef void (*shian_policy_change_pt)(void *ctx, const Shian__Venue *v,
    Shian__Colour__Kind from, Shian__Colour__Kind to);

/*
 * Grades up to max venues under p at at_ms, reading only: from out->next on,
 * so *out is zero before the first call.  *more: there are others.  False:
 * the store cannot be read, or no memory.  Any thread.
 */
bool shian_policy_preview_some(shian_txn_t *t, const shian_policy_t *p,
    uint64_t at_ms, size_t max, shian_policy_preview_t *out,
    shian_policy_change_pt change, void *ctx, bool *more);

/* The same for the whole city. */
bool shian_policy_preview(shian_txn_t *t, const shian_policy_t *p,
    uint64_t at_ms, shian_policy_preview_t *out,
    shian_policy_change_pt change, void *ctx);

#endif /* SHIAN_POLICY_H */
