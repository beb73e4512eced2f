#include "patrol.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <sodium.h>
#include <stdlib.h>

#include "finding.h"
#include "policy.h"
#include "tally.h"
#include "view.h"
#include "view_parts.h"

#define COLOURS     4
#define TAG         4
#define VALUE       (8 + TAG)
#define DUE_KEY     (1 + 1 + 4 + 8)
#define CURSOR      (1 + 1 + 4 + 8 + 8)
#define MAX_TAGS    32
#define NOWHERE     UINT64_MAX

#define LOOK_AT     1000         /* findings, in one list */
#define NEAR_DAYS   3            /* before a deadline */

#define TASK(name)  SHIAN__PATROL_TASK__TASK__##name

/* The order in which colours are visited; who is closed is not. */
static const Shian__Colour__Kind  order[COLOURS] = {
    SHIAN__COLOUR__KIND__red, SHIAN__COLOUR__KIND__yellow,
    SHIAN__COLOUR__KIND__ungraded, SHIAN__COLOUR__KIND__green
};

/* Where a venue stands in the list, by its members in their order. */
typedef struct {
    uint8_t   coming;               /* 1: not due yet */
    uint8_t   colour;               /* of order[] */
    uint32_t  last;                 /* day of the last visit; 0: never */
    uint64_t  far;                  /* millimetres; NOWHERE: unknown */
    uint64_t  venue;
} place_t;

/* One list being read. */
typedef struct {
    shian_txn_t            *txn;
    const shian_patrol_t   *p;
    shian_policy_t          policy;
    int32_t                 today;
    uint8_t                 tag[MAX_TAGS][TAG];
    size_t                  ntags;
    place_t                 after;
    place_t                *items;  /* in order; room for limit + 1 */
    size_t                  n;
} list_t;


/* ---- the table ------------------------------------------------------------*/

static void
district_tag(const char *district, uint8_t tag[TAG])
{
    uint8_t      hash[16];
    shian_str_t  s = shian_str(district);

    crypto_generichash(hash, sizeof(hash), s.p, s.n, NULL, 0);
    memcpy(tag, hash, TAG);
}


/* False for who is not visited: closed. */
static bool
due_key(uint64_t venue, const Shian__Tally *tally, shian_rowkey_t *k)
{
    uint8_t  i;

    for (i = 0; i < COLOURS && order[i] != shian_tally_colour(tally); i++) {
        /* void */
    }

    k->n = 0;
    shian_rowkey_be(k, 'd', 1);
    shian_rowkey_be(k, i, 1);
    shian_rowkey_be(k, tally->has_last_inspected_on
                       ? (uint32_t) tally->last_inspected_on : 0, 4);
    shian_rowkey_be(k, venue, 8);

    return i < COLOURS;
}


/* False where nobody asked, or somebody has been there since. */
static bool
again_key(uint64_t venue, const Shian__Tally *tally, shian_rowkey_t *k)
{
    k->n = 0;
    shian_rowkey_be(k, 'r', 1);
    shian_rowkey_be(k, (uint32_t) tally->reinspection_due_on, 4);
    shian_rowkey_be(k, venue, 8);

    return tally->has_reinspection_due_on
           && shian_tally_colour(tally) != SHIAN__COLOUR__KIND__closed;
}


static void
move(shian_txn_t *t, bool was, const shian_rowkey_t *old, bool is,
    const shian_rowkey_t *new, shian_str_t value)
{
    if (was && !(is && memcmp(old->b, new->b, new->n) == 0)) {
        shian_row_del(t, SHIAN_T_PATROL, old);
    }

    if (is) {
        shian_row_put(t, SHIAN_T_PATROL, new, value);
    }
}


void
shian_patrol_keep(shian_txn_t *t, uint64_t venue, const Shian__Tally *is)
{
    bool             due, again;
    uint8_t          bytes[VALUE];
    shian_str_t      value, held;
    Shian__Venue    *v;
    Shian__Tally    *was;
    shian_rowkey_t   k, old, new, old_again, new_again;

    v = shian_venue_get(t, venue);
    was = v == NULL ? NULL : shian_tally_get(t, venue);

    if (was == NULL) {
        return;
    }

    k = shian_rowkey_id(!v->has_lat || !v->has_lng ? 0
            : shian_geo_key((shian_point_t) { v->lat, v->lng }));
    memcpy(bytes, k.b, 8);
    district_tag(v->district, bytes + 8);
    value = shian_slice(bytes, sizeof(bytes));

    due = due_key(venue, is, &new);
    again = again_key(venue, is, &new_again);

    /* Most changes of a tally leave it where it stands. */
    if (due && !again && !was->has_reinspection_due_on
        && shian_row_get(t, SHIAN_T_PATROL, &new, &held)
        && shian_str_eq(held, value))
    {
        return;
    }

    move(t, was->has_rev && due_key(venue, was, &old), &old, due, &new,
         value);
    move(t, was->has_rev && again_key(venue, was, &old_again), &old_again,
         again, &new_again, value);
}


/* ---- one venue ------------------------------------------------------------*/

static int32_t
every(const shian_policy_t *p, Shian__Colour__Kind colour)
{
    switch (colour) {
    case SHIAN__COLOUR__KIND__green:
        return p->every_green;
    case SHIAN__COLOUR__KIND__yellow:
        return p->every_yellow;
    case SHIAN__COLOUR__KIND__red:
        return p->every_red;
    default:
        return p->every_ungraded;
    }
}


static Shian__PatrolItem *
item_at(shian_txn_t *t, const Shian__Venue *v, const Shian__Tally *tally,
    const shian_policy_t *policy, int32_t today, double distance)
{
    Shian__PatrolItem  *item;

    NEW(item, patrol_item);
    COPY(item, v, id);
    item->name = v->name;
    item->name_en = v->name_en;
    item->category = v->category;
    item->district = v->district;
    item->address = v->address;
    COPY(item, v, lng);
    COPY(item, v, lat);
    COPY(item, v, status);
    SET(item, colour, shian_tally_colour(tally));
    item->href = shian_printf(t->arena, "/patrol/v/%" PRIu64, v->id);

    if (tally->grade != NULL && tally->grade->has_score) {
        SET(item, score, (uint32_t) tally->grade->score / 100);
    }

    if (tally->has_last_inspected_on) {
        COPY(item, tally, last_inspected_on);
        SET(item, due_on, tally->last_inspected_on
                          + every(policy, item->colour));

        if (item->due_on <= today) {
            SET(item, overdue_days, (uint32_t) (today - item->due_on));
        }
    }

    if (tally->findings_open != 0) {
        SET(item, findings_open, tally->findings_open);
    }

    if (distance >= 0) {
        SET(item, distance_m, (uint32_t) lround(distance));
    }

    return item->href == NULL ? NULL : item;
}


Shian__PatrolItem *
shian_patrol_item(shian_txn_t *t, const Shian__Venue *v,
    const Shian__Tally *tally, uint64_t now_ms, double distance)
{
    shian_policy_t  policy;

    shian_policy_now(t, &policy);

    return item_at(t, v, tally, &policy,
                   shian_local_day(now_ms, policy.tz_minutes), distance);
}


/* ---- the list -------------------------------------------------------------*/

#define DIFFERS(member)                                                      \
    if (a->member != b->member) {                                            \
        return a->member < b->member ? -1 : 1;                               \
    }

static int
compare(const place_t *a, const place_t *b)
{
    DIFFERS(coming);
    DIFFERS(colour);
    DIFFERS(last);
    DIFFERS(far);
    DIFFERS(venue);

    return 0;
}


static shian_str_t
cursor_of(shian_txn_t *t, const place_t *place)
{
    shian_rowkey_t  k;

    k.n = 0;
    shian_rowkey_be(&k, place->coming, 1);
    shian_rowkey_be(&k, place->colour, 1);
    shian_rowkey_be(&k, place->last, 4);
    shian_rowkey_be(&k, place->far, 8);
    shian_rowkey_be(&k, place->venue, 8);

    return shian_view_keep(t, shian_slice(k.b, k.n));
}


/* Without a cursor, a place before all venues: theirs are above 0. */
static place_t
place_of(shian_str_t cursor)
{
    place_t  place;

    memset(&place, 0, sizeof(place));

    if (cursor.n == CURSOR) {
        place.coming = cursor.p[0];
        place.colour = cursor.p[1];
        place.last = (uint32_t) shian_be(cursor.p + 2, 4);
        place.far = shian_be(cursor.p + 6, 8);
        place.venue = shian_be(cursor.p + 14, 8);
    }

    return place;
}


static bool
list_begin(list_t *l, shian_txn_t *t, const shian_patrol_t *p)
{
    size_t  i;

    memset(l, 0, sizeof(*l));
    l->txn = t;
    l->p = p;
    l->after = place_of(p->after);
    shian_policy_now(t, &l->policy);
    l->today = shian_local_day(p->now_ms, l->policy.tz_minutes);

    for (i = 0; p->user != NULL && i < p->user->n_districts; i++) {
        if (l->ntags < MAX_TAGS) {
            district_tag(p->user->districts[i], l->tag[l->ntags++]);
        }
    }

    l->items = shian_array(t->arena, p->limit + 1, sizeof(*l->items));

    return l->items != NULL;
}


/* By the tag: two districts may share one, so the record decides later. */
static bool
may_reach(const list_t *l, shian_str_t value)
{
    size_t  i;

    for (i = 0; i < l->ntags; i++) {
        if (memcmp(value.p + 8, l->tag[i], TAG) == 0) {
            return true;
        }
    }

    return l->ntags == 0;
}


static uint64_t
how_far(const list_t *l, shian_str_t value)
{
    uint64_t  key;

    key = shian_be(value.p, 8);

    if (!l->p->near || key == 0) {
        return l->p->near ? NOWHERE : 0;
    }

    return (uint64_t) (1000 * shian_geo_distance(l->p->at,
                                                 shian_geo_point(key)));
}


/* Keeps the first limit + 1 of all places offered. */
static void
offer(list_t *l, const place_t *place)
{
    size_t  i;

    if (l->n > l->p->limit) {
        if (compare(place, &l->items[l->n - 1]) >= 0) {
            return;
        }
        l->n--;
    }

    for (i = l->n; i > 0 && compare(place, &l->items[i - 1]) < 0; i--) {
        l->items[i] = l->items[i - 1];
    }

    l->items[i] = *place;
    l->n++;
}


/* Venues of one colour last visited on days [from, to]. */
static void
walk(list_t *l, uint8_t coming, uint8_t colour, uint32_t from, uint32_t to)
{
    place_t         place;
    shian_scan_t    scan;
    shian_rowkey_t  prefix, start;

    if (coming == l->after.coming && colour == l->after.colour
        && from < l->after.last)
    {
        from = l->after.last;
    }

    prefix.n = 0;
    shian_rowkey_be(&prefix, 'd', 1);
    shian_rowkey_be(&prefix, colour, 1);
    start = prefix;
    shian_rowkey_be(&start, from, 4);

    shian_scan_open(&scan, l->txn, SHIAN_T_PATROL, &prefix, &start);

    while (shian_scan_next(&scan) && scan.key.n == DUE_KEY
           && scan.value.n == VALUE)
    {
        place.coming = coming;
        place.colour = colour;
        place.last = (uint32_t) shian_be(scan.key.p + 2, 4);

        /* Whoever comes now comes after all that were kept. */
        if (place.last > to
            || (l->n > l->p->limit
                && (!l->p->near || place.last > l->items[l->n - 1].last)))
        {
            break;
        }

        if (!may_reach(l, scan.value)) {
            continue;
        }

        place.far = how_far(l, scan.value);
        place.venue = shian_be(scan.key.p + 6, 8);

        if (compare(&place, &l->after) > 0) {
            offer(l, &place);
        }
    }

    shian_scan_close(&scan);
}


static void
walk_all(list_t *l)
{
    int32_t  due;
    uint8_t  coming, colour;

    for (coming = 0; coming < 2; coming++) {
        for (colour = 0; colour < COLOURS; colour++) {

            if (l->n > l->p->limit) {
                return;
            }

            if (coming < l->after.coming || (coming == l->after.coming
                                             && colour < l->after.colour))
            {
                continue;
            }

            due = l->today - every(&l->policy, order[colour]);

            if (due < 0) {
                due = 0;        /* only who was never visited */
            }

            if (coming) {
                walk(l, 1, colour, (uint32_t) due + 1,
                     (uint32_t) due + SHIAN_PATROL_COMING);
            } else {
                walk(l, 0, colour, 0, (uint32_t) due);
            }
        }
    }
}


Shian__PatrolList *
shian_patrol_list(shian_txn_t *t, const shian_patrol_t *p, shian_str_t *next)
{
    size_t              i;
    list_t              l;
    place_t            *place;
    Shian__Venue       *v;
    Shian__Tally       *tally;
    Shian__PatrolItem  *item;
    Shian__PatrolList  *list;

    *next = SHIAN_NONE;
    NEW(list, patrol_list);

    if (!list_begin(&l, t, p)) {
        return NULL;
    }

    walk_all(&l);

    if (l.n > p->limit) {
        l.n = p->limit;
        *next = cursor_of(t, &l.items[l.n - 1]);
    }

    list->items = shian_array(t->arena, l.n + 1, sizeof(*list->items));

    for (i = 0; list->items != NULL && i < l.n; i++) {
        place = &l.items[i];
        v = shian_venue_get(t, place->venue);
        tally = v == NULL ? NULL : shian_tally_get(t, place->venue);

        if (tally == NULL || !shian_in_reach(p->role, p->user, 0, v)) {
            continue;
        }

        item = item_at(t, v, tally, &l.policy, l.today,
                       !p->near || place->far == NOWHERE ? -1
                       : (double) place->far / 1000);
        if (item == NULL) {
            return NULL;
        }

        list->items[list->n_items++] = item;
    }

    return list->items == NULL || t->err != 0 ? NULL : list;
}


/* ---- what waits -----------------------------------------------------------*/

/* The venue's task of that kind, for it has but one of each; or NULL. */
static Shian__PatrolTask *
task_of(const Shian__PatrolList *list, Shian__PatrolTask__Task kind,
    uint64_t venue)
{
    size_t  i;

    for (i = 0; i < list->n_tasks; i++) {
        if (list->tasks[i]->task == kind && list->tasks[i]->venue == venue) {
            return list->tasks[i];
        }
    }

    return NULL;
}


/* NULL where it is out of reach as well. */
static Shian__PatrolTask *
new_task(const list_t *l, Shian__PatrolTask__Task kind, uint64_t venue,
    int32_t due_on)
{
    shian_txn_t        *t = l->txn;
    Shian__Venue       *v;
    Shian__Tally       *tally;
    Shian__PatrolTask  *it;

    v = shian_venue_get(t, venue);
    tally = v == NULL ? NULL : shian_tally_get(t, venue);

    if (tally == NULL || v->status == SHIAN__VENUE__STATUS__closed
        || !shian_in_reach(l->p->role, l->p->user, 0, v))
    {
        return NULL;
    }

    NEW(it, patrol_task);
    SET(it, task, kind);
    SET(it, venue, venue);
    it->name = v->name;
    it->address = v->address;
    SET(it, colour, shian_tally_colour(tally));
    SET(it, due_on, due_on);
    it->href = shian_printf(t->arena, "/patrol/v/%" PRIu64 "%s", venue,
                            kind == TASK(reinspection) ? "?kind=follow_up"
                                                       : "?kind=recheck");

    if (due_on < l->today) {
        SET(it, overdue_days, (uint32_t) (l->today - due_on));
    }

    return it;
}


static void
add_reinspections(const list_t *l, Shian__PatrolList *list)
{
    shian_scan_t        scan;
    shian_rowkey_t      prefix;
    Shian__PatrolTask  *it;

    prefix.n = 0;
    shian_rowkey_be(&prefix, 'r', 1);
    shian_scan_open(&scan, l->txn, SHIAN_T_PATROL, &prefix, NULL);

    while (list->n_tasks < SHIAN_PATROL_TASKS && shian_scan_next(&scan)
           && scan.key.n == 13 && scan.value.n == VALUE)
    {
        it = !may_reach(l, scan.value) ? NULL
             : new_task(l, TASK(reinspection), shian_be(scan.key.p + 5, 8),
                        (int32_t) shian_be(scan.key.p + 1, 4));

        if (it != NULL) {
            list->tasks[list->n_tasks++] = it;
        }
    }

    shian_scan_close(&scan);
}


static bool
add_finding(const list_t *l, Shian__PatrolTask__Task kind,
    const Shian__Finding *f, Shian__PatrolList *list)
{
    Shian__FindingView  *view;
    Shian__PatrolTask   *it;

    it = task_of(list, kind, f->venue);

    if (it != NULL) {
        it->findings++;
        return true;
    }

    it = new_task(l, kind, f->venue, f->deadline_on);

    if (it == NULL) {
        return l->txn->err == 0;
    }

    view = shian_view_finding(l->txn, f, SHIAN_EYE_STAFF, l->today);

    if (view == NULL) {
        return false;
    }

    SET(it, findings, 1);
    it->item = f->item;
    it->text = view->text;
    it->text_en = view->text_en;
    COPY(it, f, severity);
    list->tasks[list->n_tasks++] = it;

    return true;
}


/*
 * Of finding_by: 's' in the order in which venues said so, 'd' by deadlines,
 * as far as they are near; without those of which the venue has said so.
 */
static bool
add_findings(const list_t *l, char field, Shian__PatrolTask__Task kind,
    size_t room, Shian__PatrolList *list)
{
    bool             ok;
    size_t           looked;
    shian_scan_t     scan;
    Shian__Finding  *f;
    shian_rowkey_t   prefix;

    ok = true;
    room += list->n_tasks;
    prefix = shian_finding_prefix(field, 0, 0);
    shian_scan_open(&scan, l->txn, SHIAN_T_FINDING_BY, &prefix, NULL);

    for (looked = 0; ok && looked < LOOK_AT && list->n_tasks < room
                     && shian_scan_next(&scan); looked++)
    {
        f = shian_finding_get(l->txn, shian_be(scan.key.p + scan.key.n - 8,
                                               8));

        if (f == NULL || (field == 'd'
                          && f->state == SHIAN__FINDING__STATE__submitted))
        {
            continue;
        }

        if (field == 'd' && f->deadline_on > l->today + NEAR_DAYS) {
            break;
        }

        ok = add_finding(l, kind, f, list);
    }

    shian_scan_close(&scan);

    return ok;
}


static int
compare_tasks(const void *a, const void *b)
{
    const Shian__PatrolTask  *x = *(Shian__PatrolTask *const *) a;
    const Shian__PatrolTask  *y = *(Shian__PatrolTask *const *) b;

    if (x->due_on != y->due_on) {
        return x->due_on < y->due_on ? -1 : 1;
    }

    if (x->task != y->task) {
        return x->task < y->task ? -1 : 1;
    }

    return x->venue < y->venue ? -1 : x->venue > y->venue;
}


bool
shian_patrol_tasks(shian_txn_t *t, const shian_patrol_t *p,
    Shian__PatrolList *list)
{
    list_t  l;

    list->tasks = shian_array(t->arena, 3 * SHIAN_PATROL_TASKS,
                              sizeof(*list->tasks));

    if (list->tasks == NULL || !list_begin(&l, t, p)) {
        return false;
    }

    add_reinspections(&l, list);

    if (!add_findings(&l, 's', TASK(submitted), SHIAN_PATROL_TASKS, list)
        || !add_findings(&l, 'd', TASK(recheck), SHIAN_PATROL_TASKS, list))
    {
        return false;
    }

    qsort(list->tasks, list->n_tasks, sizeof(*list->tasks), compare_tasks);

    if (list->n_tasks > SHIAN_PATROL_TASKS) {
        list->n_tasks = SHIAN_PATROL_TASKS;
    }

    return t->err == 0;
}
