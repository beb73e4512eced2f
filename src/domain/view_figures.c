/*
 * Twelve months of complaints and reports, added up from the counters that
 * operations keep: see complaint.h.  Durations are counted in buckets, so a
 * median is as exact as its bucket is narrow.
 */

#include <stdlib.h>

#include "complaint_parts.h"
#include "view_board.h"
#include "view_parts.h"

#define MONTHS     12
#define MAX_ROWS   600
#define MAX_STEPS  (SHIAN_TOOK_ALL + 1)
#define BUCKETS    16

#define PART(name)  SHIAN__FIGURE_ROW__PART__##name

/* How often each step of all took how long. */
typedef struct {
    uint64_t  n[BUCKETS];       /* the last one is minutes, not a count */
} took_t;

typedef struct {
    Shian__Figures        *view;
    Shian__FigureRow      *all;
    took_t                 took[MAX_STEPS];
    /* Of districts and categories, by the place of their row. */
    took_t                *took_of[MAX_ROWS];
    char *const           *districts;
    size_t                 ndistricts;
    char                   first[8];        /* "2026-11" */
    char                   last[8];
} work_t;

/* A counter's name, cut: 2026-11/c/category/district. */
typedef struct {
    shian_str_t  month;
    shian_str_t  category;
    shian_str_t  district;
    uint8_t      sub;
} name_t;

static const char *const  step_names[MAX_STEPS] = {
    "", "look", "accept", "dispatch", "visit", "report", "decide", "all"
};


/* ---- names ----------------------------------------------------------------*/

static bool
cut(shian_str_t key, name_t *name)
{
    const uint8_t  *p, *end, *slash;

    /* f 2026-11/c/…/… NUL sub */
    if (key.n < 14 || key.p[8] != '/' || key.p[10] != '/') {
        return false;
    }

    p = key.p + 11;
    end = key.p + key.n - 2;
    slash = p < end ? memchr(p, '/', (size_t) (end - p)) : NULL;

    if (slash == NULL) {
        return false;
    }

    name->month = shian_slice(key.p + 1, 7);
    name->category = shian_slice(p, (size_t) (slash - p));
    name->district = shian_slice(slash + 1, (size_t) (end - slash - 1));
    name->sub = key.p[key.n - 1];

    return true;
}


static bool
is_within(const work_t *w, const name_t *name)
{
    size_t  i;

    if (memcmp(name->month.p, w->last, 7) > 0) {
        return false;
    }

    for (i = 0; i < w->ndistricts; i++) {
        if (shian_str_is(name->district, w->districts[i])) {
            return true;
        }
    }

    return w->ndistricts == 0;
}


static void
month_name(int32_t y, int32_t m, char out[8])
{
    out[0] = (char) ('0' + y / 1000 % 10);
    out[1] = (char) ('0' + y / 100 % 10);
    out[2] = (char) ('0' + y / 10 % 10);
    out[3] = (char) ('0' + y % 10);
    out[4] = '-';
    out[5] = (char) ('0' + m / 10);
    out[6] = (char) ('0' + m % 10);
    out[7] = '\0';
}


/* ---- rows -----------------------------------------------------------------*/

static Shian__FigureRow *
new_row(shian_txn_t *t, work_t *w, Shian__FigureRow__Part part,
    shian_str_t name)
{
    Shian__FigureRow  *row;

    if (w->view->n_items == MAX_ROWS) {
        return NULL;
    }

    NEW(row, figure_row);
    SET(row, part, part);
    row->name = name.n == 0 ? NULL : shian_strdup(t->arena, name);
    w->view->items[w->view->n_items++] = row;

    return row;
}


/* The row of a month, a district or a category, made when first needed. */
static Shian__FigureRow *
row_of(shian_txn_t *t, work_t *w, Shian__FigureRow__Part part,
    shian_str_t name)
{
    size_t             i;
    Shian__FigureRow  *row;

    for (i = 0; i < w->view->n_items; i++) {
        row = w->view->items[i];

        if (row->part == part
            && (row->name == NULL ? name.n == 0
                                  : shian_str_is(name, row->name)))
        {
            return row;
        }
    }

    return new_row(t, w, part, name);
}


static void
add(Shian__FigureRow *row, uint8_t sub, uint64_t n)
{
    if (row == NULL) {
        return;
    }

    switch (sub) {
    case SHIAN_FIGURE_RECEIVED:
        row->received += n;
        break;
    case SHIAN_FIGURE_ENDED:
        row->ended += n;
        break;
    case SHIAN_FIGURE_ON_TIME:
        row->on_time += n;
        break;
    case SHIAN_FIGURE_LATE:
        row->late += n;
        break;
    case SHIAN_FIGURE_LOOK_ON_TIME:
        row->look_on_time += n;
        break;
    case SHIAN_FIGURE_LOOK_LATE:
        row->look_late += n;
        break;
    case SHIAN_FIGURE_SUBSTANTIATED:
        row->substantiated += n;
        break;
    case SHIAN_FIGURE_UNSUBSTANTIATED:
        row->unsubstantiated += n;
        break;
    default:
        break;
    }
}


static void
add_took(shian_txn_t *t, work_t *w, const Shian__FigureRow *row, uint8_t sub,
    uint64_t n)
{
    size_t  i;

    for (i = 0; i < w->view->n_items && w->view->items[i] != row; i++) {
        /* void */
    }

    if (i == w->view->n_items) {
        return;
    }

    if (w->took_of[i] == NULL) {
        w->took_of[i] = shian_zalloc(t->arena, MAX_STEPS * sizeof(took_t));
    }

    if (w->took_of[i] != NULL) {
        w->took_of[i][sub / 16].n[sub % 16] += n;
    }
}


static void
count(shian_txn_t *t, work_t *w, const name_t *name, uint64_t n)
{
    if (name->sub >= 16) {
        if (name->sub / 16 < MAX_STEPS) {
            w->took[name->sub / 16].n[name->sub % 16] += n;
            add_took(t, w, row_of(t, w, PART(district), name->district),
                     name->sub, n);
            add_took(t, w, row_of(t, w, PART(category), name->category),
                     name->sub, n);
        }

        return;
    }

    add(w->all, name->sub, n);
    add(row_of(t, w, PART(month), name->month), name->sub, n);
    add(row_of(t, w, PART(district), name->district), name->sub, n);
    add(row_of(t, w, PART(category), name->category), name->sub, n);
}


static void
show_counts(Shian__FigureRow *row)
{
    row->has_received = row->has_ended = row->has_on_time = 1;
    row->has_late = row->has_look_on_time = row->has_look_late = 1;
    row->has_substantiated = row->has_unsubstantiated = 1;

    if (row->on_time + row->late != 0) {
        SET(row, on_time_percent,
            (int32_t) (10000 * row->on_time / (row->on_time + row->late)));
    }
}


/* ---- durations ------------------------------------------------------------*/

/* Where the middle one lies, evenly within its bucket. */
static uint32_t
median(const took_t *took, uint64_t n)
{
    size_t    i;
    uint32_t  from, until;
    uint64_t  before;

    for (before = 0, i = 0; i < SHIAN_BUCKETS - 1; i++) {
        if (2 * (before + took->n[i]) >= n && took->n[i] != 0) {
            from = i == 0 ? 0 : shian_buckets[i - 1];
            until = shian_buckets[i];

            return from + (uint32_t) ((until - from) * (n - 2 * before)
                                      / (2 * took->n[i]));
        }

        before += took->n[i];
    }

    return shian_buckets[SHIAN_BUCKETS - 2];
}


/* Hundredths of an hour; false: nothing took that step. */
static bool
hours(const took_t *took, int32_t *out)
{
    size_t    i;
    uint64_t  n;

    for (n = 0, i = 0; i < SHIAN_BUCKETS; i++) {
        n += took->n[i];
    }

    *out = n == 0 ? 0 : (int32_t) (100 * (uint64_t) median(took, n) / 60);

    return n != 0;
}


static void
show_hours(Shian__FigureRow *row, const took_t *took)
{
    row->has_look_hours = hours(&took[SHIAN_TOOK_LOOK], &row->look_hours);
    row->has_accept_hours = hours(&took[SHIAN_TOOK_ACCEPT],
                                  &row->accept_hours);
    row->has_dispatch_hours = hours(&took[SHIAN_TOOK_DISPATCH],
                                    &row->dispatch_hours);
    row->has_visit_hours = hours(&took[SHIAN_TOOK_VISIT], &row->visit_hours);
    row->has_report_hours = hours(&took[SHIAN_TOOK_REPORT],
                                  &row->report_hours);
    row->has_decide_hours = hours(&took[SHIAN_TOOK_DECIDE],
                                  &row->decide_hours);
    row->has_all_hours = hours(&took[SHIAN_TOOK_ALL], &row->all_hours);
}


static bool
add_steps(shian_txn_t *t, work_t *w)
{
    size_t             i, j;
    uint64_t           n;
    Shian__FigureRow  *row;

    for (i = 1; i < MAX_STEPS; i++) {

        for (n = 0, j = 0; j < SHIAN_BUCKETS; j++) {
            n += w->took[i].n[j];
        }

        row = new_row(t, w, PART(step), shian_str(step_names[i]));
        if (row == NULL) {
            return false;
        }

        SET(row, count, n);

        if (n != 0) {
            SET(row, median_minutes, median(&w->took[i], n));
            SET(row, mean_minutes,
                (uint32_t) (w->took[i].n[SHIAN_BUCKET_SUM] / n));
        }
    }

    return true;
}


/* ---- what runs ------------------------------------------------------------*/

/* One that runs is late from the day on on which it should have been done. */
static void
add_late(shian_txn_t *t, work_t *w, const Shian__Complaint *c, int32_t day,
    uint8_t sub)
{
    char     month[8];
    int32_t  y, m, d;
    name_t   name;

    shian_civil_from_day(day, &y, &m, &d);
    month_name(y, m, month);
    name.month = shian_slice(month, 7);
    name.category = shian_str(c->category);
    name.district = shian_str(c->district);
    name.sub = sub;

    if (memcmp(month, w->first, 7) >= 0 && is_within(w, &name)) {
        count(t, w, &name, 1);
    }
}


static void
add_running_one(shian_txn_t *t, work_t *w, const Shian__Complaint *c,
    uint64_t now_ms)
{
    int32_t  today;

    today = shian_local_day(now_ms, SHIAN_TZ_MINUTES);

    /* A clock that was counted once is not counted again. */
    if (c->has_due_on && c->due_on < today
        && (c->clocked & (c->has_accepted_at ? 2u : 1u)) == 0)
    {
        add_late(t, w, c, c->due_on, SHIAN_FIGURE_LATE);
    }

    if (!c->has_looked_at && c->has_look_due_at && c->look_due_at < now_ms) {
        add_late(t, w, c, shian_local_day(c->look_due_at, SHIAN_TZ_MINUTES),
                 SHIAN_FIGURE_LOOK_LATE);
    }
}


/* Undecided and late, or waiting for a first look for too long. */
static void
add_running(shian_txn_t *t, work_t *w, uint64_t now_ms)
{
    int                state;
    shian_scan_t       scan;
    shian_rowkey_t     prefix;
    Shian__Complaint  *c;

    for (state = SHIAN__COMPLAINT__STATE__received;
         state <= SHIAN__COMPLAINT__STATE__withdrawn; state++)
    {
        if (shian_complaint_ended((Shian__Complaint__State) state)) {
            continue;
        }

        prefix = shian_complaint_prefix('s');
        shian_rowkey_be(&prefix, (uint64_t) state, 1);
        shian_scan_open(&scan, t, SHIAN_T_COMPLAINT_BY, &prefix, NULL);

        while (shian_scan_next(&scan)) {
            c = shian_complaint_get(t, shian_by_id(scan.key));

            if (c != NULL) {
                add_running_one(t, w, c, now_ms);
            }
        }

        shian_scan_close(&scan);
    }
}


/* ---- all together ---------------------------------------------------------*/

static bool
begin(shian_txn_t *t, work_t *w, uint64_t now_ms)
{
    int32_t  y, m, d, i;

    shian_civil_from_day(shian_local_day(now_ms, SHIAN_TZ_MINUTES), &y, &m,
                         &d);
    month_name(y, m, w->last);

    w->view = shian_alloc(t->arena, sizeof(*w->view));
    if (w->view == NULL) {
        return false;
    }

    shian__figures__init(w->view);
    w->view->items = shian_array(t->arena, MAX_ROWS,
                                 sizeof(*w->view->items));
    w->all = w->view->items == NULL ? NULL
             : new_row(t, w, PART(all), SHIAN_NONE);

    /* Every month is there, those without any as well. */
    y -= m < MONTHS;
    m = m < MONTHS ? m + 1 : 1;

    for (i = 0; w->all != NULL && i < MONTHS; i++) {
        char  name[8];

        month_name(y + (m + i - 1) / 12, (m + i - 1) % 12 + 1, name);

        if (i == 0) {
            memcpy(w->first, name, sizeof(name));
        }

        (void) row_of(t, w, PART(month), shian_str(name));
    }

    return w->all != NULL;
}


static int
by_part(const void *a, const void *b)
{
    const Shian__FigureRow  *x = *(Shian__FigureRow *const *) a;
    const Shian__FigureRow  *y = *(Shian__FigureRow *const *) b;

    if (x->part != y->part) {
        return x->part < y->part ? -1 : 1;
    }

    if (x->part == PART(step) || x->name == NULL || y->name == NULL) {
        return (x->name == NULL) - (y->name == NULL);
    }

    return x->part != PART(month) && x->received != y->received
           ? (x->received < y->received ? 1 : -1)
           : strcmp(x->name, y->name);
}


static void
finish(shian_txn_t *t, work_t *w)
{
    size_t                  i;
    Shian__Categories      *all;
    Shian__FigureRow       *row;
    const Shian__Category  *category;

    all = shian_categories();

    for (i = 0; i < w->view->n_items; i++) {
        row = w->view->items[i];
        show_counts(row);

        if (w->took_of[i] != NULL) {
            show_hours(row, w->took_of[i]);
        }

        row->label = row->label_en = row->name;
        category = row->part != PART(category) || all == NULL
                   || row->name == NULL ? NULL
                   : shian_category(all, row->name);

        if (category != NULL) {
            row->label = category->text;
            row->label_en = category->text_en;
        }
    }

    qsort(w->view->items, w->view->n_items, sizeof(*w->view->items), by_part);
}


Shian__Figures *
shian_view_figures(shian_txn_t *t, uint64_t now_ms, char *const *districts,
    size_t n)
{
    name_t          name;
    work_t          w;
    shian_scan_t    scan;
    shian_rowkey_t  prefix, start;

    memset(&w, 0, sizeof(w));
    w.districts = districts;
    w.ndistricts = n;

    if (!begin(t, &w, now_ms)) {
        return NULL;
    }

    prefix = start = shian_complaint_prefix('f');
    shian_rowkey_bytes(&start, w.first, 7);

    for (shian_scan_open(&scan, t, SHIAN_T_COUNT, &prefix, &start);
         shian_scan_next(&scan); )
    {
        if (scan.value.n == 8 && cut(scan.key, &name)
            && is_within(&w, &name))
        {
            count(t, &w, &name, shian_be(scan.value.p, 8));
        }
    }

    shian_scan_close(&scan);
    add_running(t, &w, now_ms);
    finish(t, &w);

    if (!add_steps(t, &w)) {
        return NULL;
    }

    w.view->from = shian_strdup(t->arena, shian_str(w.first));
    w.view->until = shian_strdup(t->arena, shian_str(w.last));

    return t->err == 0 ? w.view : NULL;
}
