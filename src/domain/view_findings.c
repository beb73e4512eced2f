#include "view_findings.h"

#include <errno.h>
#include <stdlib.h>

#include "checkin.h"
#include "finding.h"
#include "safeguard.h"
#include "view_parts.h"

#define STATE(name)    SHIAN__FINDING__STATE__##name
#define MOST_OPEN      512      /* findings of a venue, as a grade takes */


static bool
reaches(shian_txn_t *t, const shian_desk_t *desk, uint64_t venue)
{
    Shian__Venue  *v;

    if (desk->reach == NULL) {
        return true;
    }

    v = shian_venue_get(t, venue);

    return v != NULL && desk->reach(desk->ctx, v);
}


/* ---- findings of the city -------------------------------------------------*/

static shian_rowkey_t
prefix_of(shian_findings_t which)
{
    return shian_finding_prefix(which == SHIAN_FINDINGS_SUBMITTED ? 's' : 'd',
                                0, 0);
}


/* The next id of the index that is meant, or 0 at its end. */
static uint64_t
next_id(shian_scan_t *scan, shian_findings_t which, const shian_desk_t *desk)
{
    if (!shian_scan_next(scan)) {
        return 0;
    }

    if (which == SHIAN_FINDINGS_SUBMITTED) {
        return scan->key.n == 17 ? shian_be(scan->key.p + 9, 8) : 0;
    }

    if (scan->key.n != 13
        || (which == SHIAN_FINDINGS_OVERDUE
            && (int32_t) shian_be(scan->key.p + 1, 4) >= desk->day))
    {
        return 0;
    }

    return shian_be(scan->key.p + 5, 8);
}


Shian__FindingList *
shian_view_findings(shian_txn_t *t, shian_findings_t which,
    const shian_desk_t *desk, shian_str_t *next)
{
    uint64_t             id;
    shian_str_t          after;
    shian_scan_t         scan;
    Shian__Finding      *f;
    shian_rowkey_t       prefix;
    Shian__FindingList  *view;

    *next = SHIAN_NONE;
    NEW(view, finding_list);
    view->items = shian_array(t->arena, desk->limit, sizeof(*view->items));

    if (view->items == NULL) {
        return NULL;
    }

    after = desk->after;
    prefix = prefix_of(which);
    shian_view_open(&scan, t, SHIAN_T_FINDING_BY, &prefix, after);

    while ((id = next_id(&scan, which, desk)) != 0) {
        f = shian_finding_get(t, id);

        if (f == NULL || !reaches(t, desk, f->venue)) {
            continue;
        }

        if (view->n_items == desk->limit) {
            *next = after;
            break;
        }

        view->items[view->n_items] = shian_view_finding(t, f, desk->eye,
                                                        desk->day);

        if (view->items[view->n_items] == NULL) {
            view = NULL;
            break;
        }

        view->n_items++;
        after = shian_view_keep(t, scan.key);
    }

    shian_scan_close(&scan);

    return view;
}


uint64_t
shian_findings_count(shian_txn_t *t, shian_findings_t which,
    const shian_desk_t *desk)
{
    uint64_t         id, n;
    shian_scan_t     scan;
    Shian__Finding  *f;
    shian_rowkey_t   prefix = prefix_of(which);

    n = 0;
    shian_scan_open(&scan, t, SHIAN_T_FINDING_BY, &prefix, NULL);

    while ((id = next_id(&scan, which, desk)) != 0) {
        f = desk->reach == NULL ? NULL : shian_finding_get(t, id);
        n += desk->reach == NULL
             || (f != NULL && reaches(t, desk, f->venue));
    }

    shian_scan_close(&scan);

    return n;
}


/* ---- findings of a venue --------------------------------------------------*/

typedef struct {
    int32_t   deadline;
    uint64_t  id;
} open_t;


static int
by_deadline(const void *one, const void *two)
{
    const open_t  *a = one, *b = two;

    return a->deadline != b->deadline ? (a->deadline > b->deadline ? 1 : -1)
           : a->id != b->id ? (a->id > b->id ? 1 : -1) : 0;
}


static size_t
open_of(shian_txn_t *t, uint64_t venue, open_t *list)
{
    size_t          n;
    shian_scan_t    scan;
    shian_rowkey_t  prefix = shian_finding_prefix('o', venue, 8);

    n = 0;
    shian_scan_open(&scan, t, SHIAN_T_FINDING_BY, &prefix, NULL);

    while (n < MOST_OPEN && shian_scan_next(&scan) && scan.key.n == 17
           && scan.value.n > 5)
    {
        list[n].id = shian_be(scan.key.p + 9, 8);
        list[n++].deadline = (int32_t) shian_be(scan.value.p + 1, 4);
    }

    shian_scan_close(&scan);
    qsort(list, n, sizeof(*list), by_deadline);

    return n;
}


/* False where the list is full, or without memory; then err tells. */
static bool
add_finding(shian_txn_t *t, Shian__FindingList *view, uint64_t id,
    const shian_desk_t *desk)
{
    Shian__Finding  *f;

    if (view->n_items == desk->limit) {
        return false;
    }

    f = shian_finding_get(t, id);

    if (f == NULL) {
        return true;
    }

    view->items[view->n_items] = shian_view_finding(t, f, desk->eye,
                                                        desk->day);

    if (view->items[view->n_items] == NULL) {
        t->err = ENOMEM;
        return false;
    }

    view->n_items++;

    return true;
}


/* Where an open one stands in the list; sorts before any of index 'p'. */
static shian_rowkey_t
open_key(const open_t *o)
{
    shian_rowkey_t  k;

    k.n = 0;
    shian_rowkey_be(&k, 'o', 1);
    shian_rowkey_be(&k, (uint32_t) o->deadline, 4);
    shian_rowkey_be(&k, o->id, 8);

    return k;
}


static bool
add_open(shian_txn_t *t, uint64_t venue, const shian_desk_t *desk,
    Shian__FindingList *view, shian_str_t *last)
{
    open_t          *list, from;
    size_t           i, n;
    shian_rowkey_t   k;

    list = shian_array(t->arena, MOST_OPEN, sizeof(*list));

    if (list == NULL) {
        t->err = ENOMEM;
        return false;
    }

    n = open_of(t, venue, list);
    from.deadline = desk->after.n == 13
                    ? (int32_t) shian_be(desk->after.p + 1, 4) : INT32_MIN;
    from.id = desk->after.n == 13 ? shian_be(desk->after.p + 5, 8) : 0;

    for (i = 0; i < n; i++) {
        if (by_deadline(&list[i], &from) <= 0) {
            continue;
        }

        if (!add_finding(t, view, list[i].id, desk)) {
            return false;
        }

        k = open_key(&list[i]);
        *last = shian_view_keep(t, shian_slice(k.b, k.n));
    }

    return true;
}


Shian__FindingList *
shian_view_venue_findings(shian_txn_t *t, uint64_t venue,
    const shian_desk_t *desk, shian_str_t *next)
{
    bool                 open, full;
    shian_str_t          last;
    shian_scan_t         scan;
    shian_rowkey_t       prefix;
    Shian__FindingList  *view;

    *next = SHIAN_NONE;
    NEW(view, finding_list);
    view->items = shian_array(t->arena, desk->limit, sizeof(*view->items));

    if (view->items == NULL) {
        return NULL;
    }

    last = desk->after;
    open = desk->after.n == 0 || desk->after.p[0] == 'o';
    full = open && !add_open(t, venue, desk, view, &last);
    prefix = shian_finding_prefix('p', venue, 8);

    if (!full) {
        shian_view_open(&scan, t, SHIAN_T_FINDING_BY, &prefix,
                        open ? SHIAN_NONE : desk->after);

        while (!full && shian_scan_next(&scan) && scan.key.n == 21) {
            full = !add_finding(t, view, shian_be(scan.key.p + 13, 8), desk);
            last = full ? last : shian_view_keep(t, scan.key);
        }

        shian_scan_close(&scan);
    }

    *next = full ? last : SHIAN_NONE;

    return t->err == 0 ? view : NULL;
}


/* ---- inspections to look at -----------------------------------------------*/

static bool
next_flagged(shian_scan_t *scan, uint64_t *venue, uint64_t *id)
{
    if (!shian_scan_next(scan) || scan->key.n != 17 || scan->value.n != 12) {
        return false;
    }

    *id = shian_be(scan->key.p + 9, 8);
    *venue = shian_be(scan->value.p, 8);

    return true;
}


Shian__InspectionList *
shian_view_flagged(shian_txn_t *t, const shian_desk_t *desk,
    shian_str_t *next)
{
    uint64_t                id, venue;
    shian_str_t             after;
    shian_scan_t            scan;
    shian_rowkey_t          prefix;
    Shian__Inspection      *in;
    Shian__InspectionList  *view;

    *next = SHIAN_NONE;
    NEW(view, inspection_list);
    view->items = shian_array(t->arena, desk->limit, sizeof(*view->items));

    if (view->items == NULL) {
        return NULL;
    }

    after = desk->after;
    prefix = shian_finding_prefix('w', 0, 0);
    shian_view_open(&scan, t, SHIAN_T_INSPECTION_BY, &prefix, after);

    while (next_flagged(&scan, &venue, &id)) {
        in = reaches(t, desk, venue) ? shian_inspection_get(t, venue, id)
                                     : NULL;
        if (in == NULL) {
            continue;
        }

        if (view->n_items == desk->limit) {
            *next = after;
            break;
        }

        view->items[view->n_items] = shian_view_inspection(t, in,
                                                           SHIAN_EYE_STAFF);
        if (view->items[view->n_items] == NULL) {
            view = NULL;
            break;
        }

        view->n_items++;
        after = shian_view_keep(t, scan.key);
    }

    shian_scan_close(&scan);

    return view;
}


uint64_t
shian_flagged_count(shian_txn_t *t, const shian_desk_t *desk)
{
    uint64_t        id, venue, n;
    shian_scan_t    scan;
    shian_rowkey_t  prefix = shian_finding_prefix('w', 0, 0);

    n = 0;
    shian_scan_open(&scan, t, SHIAN_T_INSPECTION_BY, &prefix, NULL);

    while (next_flagged(&scan, &venue, &id)) {
        n += reaches(t, desk, venue);
    }

    shian_scan_close(&scan);

    return n;
}


/* ---- appeals --------------------------------------------------------------*/

Shian__AppealView *
shian_view_appeal_on(shian_txn_t *t, const Shian__Appeal *a, shian_eye_t eye,
    int32_t day)
{
    Shian__AppealView  *view;

    view = shian_view_appeal(t, a, eye);

    if (view == NULL || a->state != SHIAN__APPEAL__STATE__filed) {
        return view;
    }

    if (day > a->due_on) {
        SET(view, overdue_days, (uint32_t) (day - a->due_on));
    } else {
        SET(view, days_left, (uint32_t) (a->due_on - day));
    }

    return view;
}


/* The next one that is meant; NULL at the end. */
static Shian__Appeal *
next_appeal(shian_txn_t *t, shian_scan_t *scan, uint64_t venue,
    const shian_desk_t *desk)
{
    Shian__Appeal  *a;

    while (shian_scan_next(scan)) {
        a = shian__appeal__unpack(&t->arena->pb, scan->value.n,
                                  scan->value.p);

        if (a == NULL) {
            t->err = ENOMEM;
            return NULL;
        }

        if (venue != 0 ? a->venue == venue
            : a->state == SHIAN__APPEAL__STATE__filed
              && reaches(t, desk, a->venue))
        {
            return a;
        }
    }

    return NULL;
}


Shian__AppealList *
shian_view_appeals(shian_txn_t *t, uint64_t venue, const shian_desk_t *desk,
    shian_str_t *next)
{
    shian_str_t         after;
    shian_scan_t        scan;
    Shian__Appeal      *a;
    shian_rowkey_t      none;
    Shian__AppealList  *view;

    *next = SHIAN_NONE;
    none.n = 0;
    NEW(view, appeal_list);
    view->items = shian_array(t->arena, desk->limit, sizeof(*view->items));

    if (view->items == NULL) {
        return NULL;
    }

    after = desk->after;
    shian_view_open(&scan, t, SHIAN_T_APPEAL, &none, after);

    while ((a = next_appeal(t, &scan, venue, desk)) != NULL) {

        if (view->n_items == desk->limit) {
            *next = after;
            break;
        }

        view->items[view->n_items] = shian_view_appeal_on(t, a, desk->eye,
                                                          desk->day);

        if (view->items[view->n_items] == NULL) {
            t->err = ENOMEM;
            break;
        }

        view->n_items++;
        after = shian_view_keep(t, scan.key);
    }

    shian_scan_close(&scan);

    return t->err == 0 ? view : NULL;
}


uint64_t
shian_appeals_count(shian_txn_t *t, const shian_desk_t *desk)
{
    uint64_t        n;
    shian_scan_t    scan;
    shian_rowkey_t  none;

    n = 0;
    none.n = 0;
    shian_scan_open(&scan, t, SHIAN_T_APPEAL, &none, NULL);

    while (next_appeal(t, &scan, 0, desk) != NULL) {
        n++;
    }

    shian_scan_close(&scan);

    return n;
}
