#include "view.h"

#include "better.h"
#include "policy.h"
#include "settle.h"
#include "view_parts.h"


static Shian__Reason *
view_reason(shian_txn_t *t, const Shian__Component *c)
{
    Shian__Reason  *reason;

    NEW(reason, reason);
    COPY(reason, c, code);
    COPY(reason, c, points);
    COPY(reason, c, on);
    reason->ref = c->ref;

    return reason;
}


/* All components as reasons; false without memory. */
static bool
view_reasons(shian_txn_t *t, Shian__Component **components, size_t n,
    Shian__Reason ***reasons, size_t *nreasons)
{
    uint32_t        seen, bit;
    Shian__Reason  *reason;

    *nreasons = 0;
    *reasons = shian_array(t->arena, n, sizeof(**reasons));

    for (seen = 0; *reasons != NULL && *nreasons < n; seen |= bit) {
        reason = view_reason(t, components[*nreasons]);
        if (reason == NULL) {
            return false;
        }

        bit = 1u << reason->code;

        if ((seen & bit) != 0) {
            SET(reason, again, 1);
        }

        (*reasons)[(*nreasons)++] = reason;
    }

    return *nreasons == n;
}


Shian__GradeView *
shian_view_grade(shian_txn_t *t, const Shian__Grade *g)
{
    Shian__GradeView  *view;

    NEW(view, grade_view);
    SET(view, colour, g == NULL ? SHIAN__COLOUR__KIND__ungraded : g->colour);

    if (g == NULL) {
        return view;
    }

    COPY(view, g, since);
    COPY(view, g, held);
    COPY(view, g, before);

    if (g->has_score) {
        SET(view, score, (uint32_t) g->score / 100);
    }

    return view_reasons(t, g->components, g->n_components, &view->reasons,
                        &view->n_reasons) ? view : NULL;
}


static Shian__GradeChange *
view_change(shian_txn_t *t, const Shian__Grade *g)
{
    Shian__GradeChange  *view;

    NEW(view, grade_change);
    COPY(view, g, since);
    COPY(view, g, colour);
    COPY(view, g, score);
    COPY(view, g, held);
    COPY(view, g, before);
    COPY(view, g, score_before);
    COPY(view, g, cause);
    COPY(view, g, cause_day);
    COPY(view, g, overtaken_by);

    if (g->has_overtaken_by) {
        SET(view, overtaken, 1);
    }

    return view_reasons(t, g->components, g->n_components, &view->reasons,
                        &view->n_reasons) ? view : NULL;
}


bool
shian_view_points(shian_txn_t *t, uint64_t venue, size_t max,
    Shian__GradePoint ***points, size_t *n)
{
    size_t               i;
    Shian__Grade        *g;
    shian_scan_t         scan;
    shian_rowkey_t       prefix;
    Shian__GradePoint   *p, **list;

    *n = 0;
    *points = list = shian_array(t->arena, max, sizeof(*list));
    if (list == NULL) {
        return false;
    }

    prefix = shian_rowkey_id(venue);
    shian_scan_open(&scan, t, SHIAN_T_GRADE, &prefix, NULL);

    while (*n < max && shian_scan_next(&scan)) {
        g = shian__grade__unpack(&t->arena->pb, scan.value.n, scan.value.p);
        p = g == NULL ? NULL : shian_alloc(t->arena, sizeof(*p));

        if (p == NULL) {
            break;
        }

        shian__grade_point__init(p);
        SET(p, at, g->since);
        COPY(p, g, colour);
        COPY(p, g, score);
        list[(*n)++] = p;
    }

    shian_scan_close(&scan);

    for (i = 0; i < *n / 2; i++) {
        p = list[i];
        list[i] = list[*n - 1 - i];
        list[*n - 1 - i] = p;
    }

    return true;
}


Shian__GradeList *
shian_view_grades(shian_txn_t *t, uint64_t venue, shian_str_t after,
    size_t limit, shian_str_t *next)
{
    Shian__Venue        *v;
    Shian__Tally        *tally;
    Shian__Grade        *g;
    shian_scan_t         scan;
    shian_policy_t       policy;
    shian_rowkey_t       prefix;
    Shian__GradeList    *view;
    Shian__GradeChange  *change;

    *next = SHIAN_NONE;
    v = shian_venue_get(t, venue);
    tally = v == NULL ? NULL : shian_tally_get(t, venue);

    if (tally == NULL) {
        return NULL;
    }

    NEW(view, grade_list);
    SET(view, venue, venue);
    view->venue_name = v->name;
    view->grade = shian_view_grade(t, tally->grade);
    shian_policy_now(t, &policy);
    NEW(view->bounds, policy__bounds);
    SET(view->bounds, green, (uint32_t) policy.green);
    SET(view->bounds, yellow, (uint32_t) policy.yellow);
    view->items = shian_array(t->arena, limit, sizeof(*view->items));

    if (view->items == NULL) {
        return NULL;
    }

    prefix = shian_rowkey_id(venue);
    shian_view_open(&scan, t, SHIAN_T_GRADE, &prefix, after);

    while (shian_scan_next(&scan)) {

        if (view->n_items == limit) {
            *next = after;
            break;
        }

        g = shian__grade__unpack(&t->arena->pb, scan.value.n, scan.value.p);
        change = g == NULL ? NULL : view_change(t, g);
        if (change == NULL) {
            break;
        }

        view->items[view->n_items++] = change;
        after = shian_view_keep(t, scan.key);
    }

    shian_scan_close(&scan);

    return view;
}


Shian__Better *
shian_view_better(shian_txn_t *t, uint64_t venue, uint64_t now_ms)
{
    bool                 ok;
    size_t               i;
    shian_walk_t         walk;
    Shian__Tally        *tally;
    shian_grade_t        grade;
    shian_better_t       better;
    Shian__Better       *view;
    Shian__Component   **remove;

    tally = shian_venue_get(t, venue) == NULL ? NULL
            : shian_tally_get(t, venue);

    if (tally == NULL || !shian_walk_as_of(&walk, t, venue, tally, now_ms)) {
        return NULL;
    }

    ok = shian_walk_grade(&walk, t->arena, &grade)
         && shian_better(&walk.policy, &walk.in, &grade, t->arena, &better);
    shian_walk_free(&walk);

    if (!ok) {
        return NULL;
    }

    NEW(view, better);
    SET(view, visit, better.visit);
    SET(view, only_time, better.only_time);

    if (better.to != grade.colour) {
        SET(view, to, better.to);
    }

    if (better.missing != 0) {
        SET(view, missing, better.missing);
    }

    remove = shian_array(t->arena, better.n, sizeof(*remove));
    for (i = 0; remove != NULL && i < better.n; i++) {
        remove[i] = grade.components[better.remove[i]];
    }

    return remove != NULL && view_reasons(t, remove, better.n, &view->remove,
                                          &view->n_remove) ? view : NULL;
}
