/*
 * The chief's checklist page: the document in force, its versions, and what
 * another one would change.
 */

#ifndef SHIAN_CHECKLIST_VIEW_H
#define SHIAN_CHECKLIST_VIEW_H

#include "checklist.h"

#define SHIAN_CHECKLIST_VERSIONS  20    /* on the page, newest first */

/*
 * The checklist in force and its last versions, in the transaction's arena;
 * the form is the caller's to add.  NULL: no memory, or t->err is set.
 */
Shian__ChecklistDesk *shian_view_checklist_desk(shian_txn_t *t);

/*
 * What list, which shian_checklist_parse has read, would change: items that
 * are new, gone, or not as they are in force, in the order of list, those
 * gone last.  In the transaction's arena.  NULL: its version is taken by
 * another checklist (in the report), no memory, or t->err.
 */
Shian__ChecklistPreview *shian_view_checklist_preview(shian_txn_t *t,
    const Shian__Checklist *list, shian_report_t *report);

#endif /* SHIAN_CHECKLIST_VIEW_H */
