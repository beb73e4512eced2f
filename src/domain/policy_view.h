/*
 * The chief's policy page: the document as a form, its versions, and what
 * another document would do to the city.
 */

#ifndef SHIAN_POLICY_VIEW_H
#define SHIAN_POLICY_VIEW_H

#include "core/form.h"
#include "policy.h"

#define SHIAN_POLICY_VERSIONS    20     /* on the page, newest first */
#define SHIAN_PREVIEW_VENUES     100    /* named */
#define SHIAN_PREVIEW_DISTRICTS  64     /* told apart */
#define SHIAN_PREVIEW_BARS       12

/*
 * Reads a document from a form, whose fields are paths ("colour.green").
 * Unlike in JSON all numbers must be there.  Wrong fields are in the report,
 * by path.  Any thread.
 */
bool shian_policy_parse_form(shian_arena_t *a, const shian_pair_t *pairs,
    size_t n, Shian__Policy **out, shian_report_t *report);

/*
 * The form, in a: values of p, or with pairs what was typed into it, and the
 * report's fields as errors.  p is a whole document.  NULL: no memory.  Any
 * thread.
 */
Shian__PolicyForm *shian_policy_form(shian_arena_t *a,
    const Shian__Policy *p, const shian_pair_t *pairs, size_t n,
    const shian_report_t *report);

/*
 * The policy in force and its last versions, in the transaction's arena; the
 * form and the grading's progress are the caller's to add.  NULL: no memory,
 * or t->err is set.
 */
Shian__PolicyDesk *shian_view_policy_desk(shian_txn_t *t);


/* What a preview gathers; zeroed, but for the arena, before it begins. */
typedef struct {
    const char  *name;                  /* NULL: venues of no district */
    bool         others;
    uint64_t     changed;
    uint64_t     from_to[5][5];
} shian_policy_district_t;

typedef struct {
    shian_arena_t            *arena;
    shian_policy_preview_t    counts;
    shian_policy_district_t   districts[SHIAN_PREVIEW_DISTRICTS + 1];
    size_t                    ndistricts;
    Shian__PolicyVenue       *venues[SHIAN_PREVIEW_VENUES];
    size_t                    nvenues;
    bool                      failed;   /* no memory */
} shian_policy_effect_t;

/* A shian_policy_change_pt whose ctx is a shian_policy_effect_t. */
void shian_policy_effect_add(void *ctx, const Shian__Venue *v,
    Shian__Colour__Kind from, Shian__Colour__Kind to);

/*
 * What was gathered of the effect of policy, in a; names stay the effect's,
 * whose districts are sorted.  NULL: no memory.  Any thread.
 */
Shian__PolicyPreview *shian_view_policy_effect(shian_arena_t *a,
    shian_policy_effect_t *e, Shian__Policy *policy);

#endif /* SHIAN_POLICY_VIEW_H */
