/*
 * What an inspection looks at: a document of the bureau, kept by version in
 * the store.  While the store has none, conf/checklist.json as it was built
 * in is in force.
 */

#ifndef SHIAN_CHECKLIST_H
#define SHIAN_CHECKLIST_H

#include "domain.h"

#define SHIAN_CHECKLIST_LEAST  4        /* items under each head */

/*
 * The record in force now, and at ms since 1970, to be read only: it is in
 * the transaction's arena, the checklist built in is everybody's.  checklist
 * and its version are always there.  The one built in has neither id nor
 * since.  NULL: no memory, or t->err.  The transaction's thread.
 */
Shian__ChecklistRecord *shian_checklist_now(shian_txn_t *t);
Shian__ChecklistRecord *shian_checklist_at(shian_txn_t *t, uint64_t ms);

/*
 * The checklist that has, or had, this version, to be read only as well;
 * NULL when none ever had it, or t->err.  The transaction's thread.
 */
Shian__Checklist *shian_checklist_version(shian_txn_t *t,
    const char *version);

/*
 * The item with this code, NULL: none (or no list, or no code).  near: where it
 * is likely to stand, for answers come in the order of their checklist.
 * _coded takes a slice.  Any thread.
 */
const Shian__Checklist__Item *shian_checklist_item(
    const Shian__Checklist *list, const char *code, size_t near);
const Shian__Checklist__Item *shian_checklist_coded(
    const Shian__Checklist *list, shian_str_t code, size_t near);

/*
 * Reads a JSON document into the arena.  False: wrong fields are in the
 * report, by path ("items[3].code"), and so are heads with too few items
 * and codes given twice.  Any thread.
 */
bool shian_checklist_parse(shian_arena_t *a, shian_str_t json,
    Shian__Checklist **out, shian_report_t *report);

/* The checklist in force, head by head; NULL as shian_checklist_now. */
Shian__ChecklistView *shian_checklist_view(shian_txn_t *t);

/* The same of another one; NULL: no memory.  Any thread. */
Shian__ChecklistView *shian_checklist_view_of(shian_arena_t *a,
    const Shian__Checklist *list);

#endif /* SHIAN_CHECKLIST_H */
