#include "overview.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "view_parts.h"

#define DAY_MS    INT64_C(86400000)
#define NORMAL95  1.96

#define STATE(name)  SHIAN__INSPECTION__STATE__##name

/* One inspector while visits are being counted. */
typedef struct {
    Shian__Supervisor  *view;
    shian_sample_t      shares;
    uint64_t            on_site;
    uint64_t            failed;
    double              drift;
} row_t;

typedef struct {
    row_t           *rows;
    size_t           n;
    shian_sample_t   all;
    uint64_t         visits;
    uint64_t         since_ms;

    const Shian__User  *for_user;       /* whose reach limits it */
} work_t;


/* ---- statistics -----------------------------------------------------------*/

void
shian_sample_add(shian_sample_t *s, double percent)
{
    s->n++;
    s->sum += percent;
    s->squares += percent * percent;
}


void
shian_drift(const shian_sample_t *own, const shian_sample_t *all,
    shian_drift_t *out)
{
    double  n, variance, half;

    n = (double) own->n;
    out->mean = own->sum / n;
    out->drift = out->mean - all->sum / (double) all->n;
    out->low = out->high = 0;
    out->few = own->n < SHIAN_DRIFT_LEAST;

    if (out->few) {
        return;
    }

    /* Rounding may leave a little below nothing. */
    variance = (own->squares - own->sum * out->mean) / (n - 1);
    half = variance > 0 ? NORMAL95 * sqrt(variance / n) : 0;
    out->low = out->drift - half;
    out->high = out->drift + half;
}


static int32_t
centi(double v)
{
    return (int32_t) lround(v * 100);
}


/* ---- counting -------------------------------------------------------------*/

static void
count_visit(work_t *w, row_t *row, const shian_checkin_t *visit)
{
    double              share;
    Shian__Supervisor  *v = row->view;

    w->visits++;
    v->visits++;
    row->on_site += visit->on_site;
    v->waiting += visit->state == STATE(waiting)
                  || visit->state == STATE(flagged);
    v->flag_distance += (visit->flags & SHIAN_FLAG_BIT(distance)) != 0;
    v->flag_speed += (visit->flags & SHIAN_FLAG_BIT(speed)) != 0;
    v->flag_photo += (visit->flags & SHIAN_FLAG_BIT(photo)) != 0;
    v->flag_fast += (visit->flags & SHIAN_FLAG_BIT(fast)) != 0;
    v->flag_clock += (visit->flags & SHIAN_FLAG_BIT(clock)) != 0;

    if (visit->state == STATE(waiting) || visit->state == STATE(rejected)) {
        return;
    }

    v->counted++;
    row->failed += visit->failed;

    /* All that was asked may have been "not applicable". */
    if (visit->passed + visit->failed != 0) {
        share = 100.0 * visit->failed / (visit->passed + visit->failed);
        shian_sample_add(&row->shares, share);
        shian_sample_add(&w->all, share);
    }
}


/* Is it at a venue within the user's reach? */
static bool
sees(shian_txn_t *t, const Shian__User *user, const shian_checkin_t *visit)
{
    Shian__Venue  *v;

    if (shian_has_city(user)) {
        return true;
    }

    v = shian_venue_get(t, visit->venue);

    return v != NULL && shian_in_reach(user->role, user, 0, v);
}


static void
count_visits(shian_txn_t *t, work_t *w, row_t *row)
{
    shian_scan_t     scan;
    shian_rowkey_t   prefix;
    shian_checkin_t  visit;

    prefix = shian_checkin_prefix('u', row->view->id);
    shian_scan_open(&scan, t, SHIAN_T_INSPECTION_BY, &prefix, NULL);

    while (shian_scan_next(&scan)
           && shian_checkin_read(scan.key, scan.value, &visit)
           && visit.began_ms >= w->since_ms)
    {
        if (sees(t, w->for_user, &visit)) {
            count_visit(w, row, &visit);
        }
    }

    shian_scan_close(&scan);
}


static Shian__Supervisor *
new_row(shian_txn_t *t, const Shian__User *u)
{
    Shian__Supervisor  *v;

    NEW(v, supervisor);
    SET(v, id, u->id);
    v->name = u->name;
    v->has_visits = v->has_counted = v->has_waiting = 1;
    v->has_flag_distance = v->has_flag_speed = v->has_flag_photo = 1;
    v->has_flag_fast = v->has_flag_clock = 1;
    v->href = shian_printf(t->arena, "/desk/supervisors/%" PRIu64, u->id);

    return v->href == NULL ? NULL : v;
}


static bool
may_inspect(const Shian__User *u)
{
    return u->role == SHIAN__ROLE__KIND__inspector
           || u->role == SHIAN__ROLE__KIND__officer
           || u->role == SHIAN__ROLE__KIND__chief
           || u->role == SHIAN__ROLE__KIND__admin;
}


static bool
grow(shian_arena_t *a, work_t *w)
{
    row_t  *rows;

    /* Doubled whenever it is full. */
    if ((w->n & (w->n - 1)) != 0) {
        return true;
    }

    rows = shian_array(a, w->n == 0 ? 1 : 2 * w->n, sizeof(*rows));
    if (rows == NULL) {
        return false;
    }

    if (w->n != 0) {
        memcpy(rows, w->rows, w->n * sizeof(*rows));
    }

    w->rows = rows;

    return true;
}


/* Who inspects for a living is listed without a visit as well. */
static bool
count_users(shian_txn_t *t, work_t *w)
{
    row_t           *row;
    Shian__User     *u;
    shian_scan_t     scan;
    shian_rowkey_t   none;

    none.n = 0;
    shian_scan_open(&scan, t, SHIAN_T_USER, &none, NULL);

    while (shian_scan_next(&scan)) {
        u = shian__user__unpack(&t->arena->pb, scan.value.n, scan.value.p);

        if (u == NULL || !grow(t->arena, w)) {
            t->err = ENOMEM;
            break;
        }

        if (!may_inspect(u)) {
            continue;
        }

        row = &w->rows[w->n];
        memset(row, 0, sizeof(*row));
        row->view = new_row(t, u);

        if (row->view == NULL) {
            t->err = ENOMEM;
            break;
        }

        count_visits(t, w, row);

        if (row->view->visits != 0
            || (u->role == SHIAN__ROLE__KIND__inspector && !u->disabled
                && shian_account_in_reach(t, w->for_user, u)))
        {
            w->n++;
        }
    }

    shian_scan_close(&scan);

    return t->err == 0;
}


/* ---- what is shown --------------------------------------------------------*/

static void
finish(const work_t *w, row_t *row)
{
    shian_drift_t       d;
    Shian__Supervisor  *v = row->view;

    if (v->visits != 0) {
        SET(v, on_site_percent, (int32_t) (10000 * row->on_site / v->visits));
    }

    if (v->counted != 0) {
        SET(v, findings_per_visit, (int32_t) (100 * row->failed
                                              / v->counted));
    }

    SET(v, few, row->shares.n < SHIAN_DRIFT_LEAST);

    if (row->shares.n == 0) {
        return;
    }

    shian_drift(&row->shares, &w->all, &d);
    SET(v, failed_percent, centi(d.mean));

    if (!d.few) {
        row->drift = d.drift;
        SET(v, drift, centi(d.drift));
        SET(v, drift_low, centi(d.low));
        SET(v, drift_high, centi(d.high));
    }
}


static int
by_drift(const void *a, const void *b)
{
    double        dx, dy;
    const row_t  *x = a, *y = b;

    if (x->view->few != y->view->few) {
        return x->view->few ? 1 : -1;
    }

    dx = fabs(x->drift);
    dy = fabs(y->drift);

    if (dx != dy) {
        return dx > dy ? -1 : 1;
    }

    return x->view->id < y->view->id ? -1 : x->view->id > y->view->id;
}


Shian__SupervisorList *
shian_view_supervisors(shian_txn_t *t, const Shian__User *user,
    int32_t today, uint32_t days)
{
    size_t                  i;
    int32_t                 from;
    work_t                  w;
    Shian__SupervisorList  *view;

    memset(&w, 0, sizeof(w));
    w.for_user = user;
    from = today - (int32_t) days + 1;
    w.since_ms = (uint64_t) (from * DAY_MS - SHIAN_TZ_MINUTES * 60000);

    if (!count_users(t, &w)) {
        return NULL;
    }

    NEW(view, supervisor_list);
    SET(view, days, days);
    SET(view, from, from);
    SET(view, to, today);
    SET(view, visits, w.visits);

    if (w.all.n != 0) {
        SET(view, failed_percent, centi(w.all.sum / (double) w.all.n));
    }

    view->items = shian_array(t->arena, w.n, sizeof(*view->items));

    if (w.n != 0 && view->items == NULL) {
        return NULL;
    }

    for (i = 0; i < w.n; i++) {
        finish(&w, &w.rows[i]);
    }

    if (w.n != 0) {
        qsort(w.rows, w.n, sizeof(*w.rows), by_drift);
    }

    for (i = 0; i < w.n; i++) {
        view->items[view->n_items++] = w.rows[i].view;
    }

    return view;
}


/* ---- one inspector --------------------------------------------------------*/

static bool
add_flags(shian_txn_t *t, uint32_t bits, Shian__SupervisorVisit *view)
{
    unsigned  flag;

    view->flags = shian_array(t->arena, SHIAN__INSPECTION__FLAG__clock,
                              sizeof(*view->flags));
    if (view->flags == NULL) {
        return false;
    }

    for (flag = 1; flag <= SHIAN__INSPECTION__FLAG__clock; flag++) {
        if ((bits & 1u << flag) != 0) {
            view->flags[view->n_flags++] = (Shian__Inspection__Flag) flag;
        }
    }

    return true;
}


static Shian__SupervisorVisit *
visit_view(shian_txn_t *t, const shian_checkin_t *visit)
{
    Shian__Venue            *v;
    Shian__SupervisorVisit  *view;

    NEW(view, supervisor_visit);
    SET(view, id, visit->id);
    SET(view, venue, visit->venue);
    SET(view, started_at, visit->began_ms);
    SET(view, minutes, (uint32_t) ((visit->ended_ms - visit->began_ms)
                                   / 60000));
    SET(view, passed, visit->passed);
    SET(view, failed, visit->failed);
    SET(view, on_site, visit->on_site);
    SET(view, state, visit->state);
    v = shian_venue_get(t, visit->venue);
    view->venue_name = v == NULL ? NULL : v->name;
    view->href = shian_printf(t->arena, "/v/%" PRIu64 "/inspections/%" PRIu64,
                              visit->venue, visit->id);

    return view->href != NULL && add_flags(t, visit->flags, view) ? view
                                                                  : NULL;
}


Shian__SupervisorVisits *
shian_view_supervisor(shian_txn_t *t, const Shian__User *user, uint64_t id,
    shian_str_t after, size_t limit, shian_str_t *next)
{
    Shian__User              *u;
    shian_scan_t              scan;
    shian_rowkey_t            prefix;
    shian_checkin_t           visit;
    Shian__SupervisorVisits  *view;

    *next = SHIAN_NONE;
    u = shian_user_get(t, id);

    if (u == NULL || !may_inspect(u)) {
        return NULL;
    }

    NEW(view, supervisor_visits);
    SET(view, id, u->id);
    view->name = u->name;
    view->items = shian_array(t->arena, limit, sizeof(*view->items));

    if (view->items == NULL) {
        return NULL;
    }

    prefix = shian_checkin_prefix('u', id);
    shian_view_open(&scan, t, SHIAN_T_INSPECTION_BY, &prefix, after);

    while (shian_scan_next(&scan)
           && shian_checkin_read(scan.key, scan.value, &visit))
    {
        if (!sees(t, user, &visit)) {
            continue;
        }

        if (view->n_items == limit) {
            *next = after;
            break;
        }

        view->items[view->n_items] = visit_view(t, &visit);

        if (view->items[view->n_items] == NULL) {
            t->err = ENOMEM;
            break;
        }

        view->n_items++;
        after = shian_view_keep(t, scan.key);
    }

    shian_scan_close(&scan);

    /* Who is of another district and never came to these is nobody here. */
    return t->err == 0
           && (view->n_items != 0 || shian_account_in_reach(t, user, u))
           ? view : NULL;
}
