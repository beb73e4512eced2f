/*
 * The due list against a scan that knows no index: the same venues in the
 * order the rules give, whatever the pages.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>

#include "city.h"
#include "domain/patrol.h"
#include "domain/tally.h"

#define VENUES  400
#define LISTS   400

/* The default policy, as rules and documents have it. */
static const int  every[] = { 30, 180, 90, 30 };    /* by Colour.Kind */
static const int  rank[] = { 2, 3, 1, 0 };

static const char *const  districts[] = { "锦屏", "岳林", "West" };

typedef struct {
    city_t          city;
    shian_txn_t     txn;
    shian_arena_t   arena;
    int32_t         today;
    Shian__Venue   *venue[VENUES + 1];
    Shian__Tally   *tally[VENUES + 1];
} world_t;

/* What the scan found, and how the order is told. */
typedef struct {
    uint64_t  id;
    int       coming;
    int       colour;
    int       last;
    double    far;              /* whole millimetres */
} due_t;


/* ---- a city ---------------------------------------------------------------*/

static void
add_venue(city_t *c, int i)
{
    Shian__Venue      *v;
    Shian__Operation  *op;

    op = city_venue(c, shian_printf(&c->arena, "面馆 %d", i));
    v = op->venue_upsert->venue;
    v->address = shian_printf(&c->arena, "南山路%d号", i);
    v->district = city_chance(c, 90)
                  ? (char *) districts[city_random(c, 3)] : NULL;
    v->has_credit = city_chance(c, 50);
    v->credit = (Shian__Venue__Credit) (1 + city_random(c, 4));
    v->has_lat = v->has_lng = city_chance(c, 85);

    /* A grid, so that some stand on the very same spot. */
    v->lat = 29.60 + (double) city_random(c, 40) / 1000;
    v->lng = 121.40 + (double) city_random(c, 40) / 1000;
    city_add(c, op);
}


static void
add_fate(city_t *c, uint64_t venue)
{
    Shian__Operation   *op;
    Shian__Inspection  *in;

    op = city_operation(c, SHIAN__ROLE__KIND__admin, 0);

    if (city_chance(c, 75)) {
        in = shian_zalloc(&c->arena, sizeof(*in));
        shian__inspection__init(in);
        in->has_venue = in->has_on = 1;
        in->venue = venue;
        in->on = shian_local_day(c->now, 480) - (int32_t) city_random(c, 230);
        CITY_BODY(c, op, INSPECTION_IMPORT, inspection_import,
                  Shian__InspectionImport,
                  shian__inspection_import__init)->inspection = in;
        city_add(c, op);
        op = city_operation(c, SHIAN__ROLE__KIND__admin, 0);
    }

    if (city_chance(c, 30)) {
        CITY_BODY(c, op, VENUE_STATUS, venue_status, Shian__VenueStatus,
                  shian__venue_status__init)->venue = venue;
        op->venue_status->has_venue = op->venue_status->has_status = 1;
        op->venue_status->status = city_chance(c, 30)
                                   ? SHIAN__VENUE__STATUS__closed
                                   : SHIAN__VENUE__STATUS__suspended;
        city_add(c, op);
    }
}


static int
begin(void **state)
{
    uint64_t  id;
    world_t  *w;

    w = calloc(1, sizeof(*w));
    assert_non_null(w);
    city_open(&w->city, 77, CITY_MAP);
    w->today = shian_local_day(w->city.now, 480);

    for (id = 1; id <= VENUES; id++) {
        add_venue(&w->city, (int) id);
        if (w->city.n == CITY_BATCH || id == VENUES) {
            assert_int_equal(city_run(&w->city), 0);
        }
    }

    for (id = 1; id <= VENUES; id++) {
        add_fate(&w->city, id);
        assert_int_equal(city_run(&w->city), 0);
    }

    shian_arena_init(&w->arena, NULL, NULL);
    assert_int_equal(shian_txn_begin(w->city.store, &w->city.arena, false,
                                     &w->txn), 0);

    for (id = 1; id <= VENUES; id++) {
        w->venue[id] = shian_venue_get(&w->txn, id);
        w->tally[id] = shian_tally_get(&w->txn, id);
        assert_non_null(w->venue[id]);
    }

    w->txn.arena = &w->arena;
    *state = w;

    return 0;
}


static int
finish(void **state)
{
    world_t  *w = *state;

    shian_txn_abort(&w->txn);
    shian_arena_free(&w->arena);
    city_close(&w->city);
    free(w);

    return 0;
}


/* ---- the naive scan -------------------------------------------------------*/

static bool
naive_due(const world_t *w, const shian_patrol_t *p, uint64_t id, due_t *due)
{
    size_t                i;
    bool                  mine;
    Shian__Venue         *v = w->venue[id];
    Shian__Tally         *y = w->tally[id];
    Shian__Colour__Kind   colour = shian_tally_colour(y);

    for (mine = p->user->n_districts == 0, i = 0;
         i < p->user->n_districts; i++)
    {
        mine |= v->district != NULL
                && strcmp(v->district, p->user->districts[i]) == 0;
    }

    if (!mine || colour == SHIAN__COLOUR__KIND__closed) {
        return false;
    }

    due->id = id;
    due->colour = rank[colour];
    due->last = y->has_last_inspected_on ? y->last_inspected_on : 0;
    due->coming = due->last + every[colour] > w->today;
    due->far = !p->near ? 0 : !v->has_lat ? INFINITY
               : floor(1000 * shian_geo_distance(p->at, shian_geo_point(
                     shian_geo_key((shian_point_t) { v->lat, v->lng }))));

    return due->last + every[colour] <= w->today + SHIAN_PATROL_COMING;
}


static int
by_rules(const void *a, const void *b)
{
    const due_t  *x = a, *y = b;

    if (x->coming != y->coming) {
        return x->coming - y->coming;
    }

    if (x->colour != y->colour) {
        return x->colour - y->colour;
    }

    if (x->last != y->last) {
        return x->last - y->last;
    }

    if (x->far != y->far) {
        return x->far < y->far ? -1 : 1;
    }

    return x->id < y->id ? -1 : x->id > y->id;
}


static void
check_item(const world_t *w, const Shian__PatrolItem *it, const due_t *due)
{
    assert_int_equal(it->id, due->id);
    assert_string_equal(it->name, w->venue[due->id]->name);
    assert_int_equal(it->has_due_on, due->last != 0);
    assert_int_equal(it->has_overdue_days, due->last != 0 && !due->coming);

    if (it->has_due_on) {
        assert_int_equal(it->due_on, due->last + every[it->colour]);
    }

    if (it->has_overdue_days) {
        assert_int_equal(it->overdue_days, w->today - it->due_on);
    }

    if (it->has_distance_m) {
        assert_true(fabs(it->distance_m - due->far / 1000) < 1);
    }
}


/* Page by page; returns how many there were. */
static size_t
compare(world_t *w, shian_patrol_t *p)
{
    size_t              i, n, want;
    uint64_t            id;
    due_t               due[VENUES];
    shian_str_t         next;
    Shian__PatrolList  *list;

    for (want = 0, id = 1; id <= VENUES; id++) {
        want += naive_due(w, p, id, &due[want]);
    }

    qsort(due, want, sizeof(due[0]), by_rules);
    p->after = SHIAN_NONE;
    n = 0;

    do {
        list = shian_patrol_list(&w->txn, p, &next);
        assert_non_null(list);
        assert_true(list->n_items <= p->limit);
        assert_true(n + list->n_items <= want);

        for (i = 0; i < list->n_items; i++) {
            check_item(w, list->items[i], &due[n + i]);
        }

        n += list->n_items;
        p->after = next;

    } while (next.n != 0);

    assert_int_equal(n, want);

    return n;
}


/* ---- tests ----------------------------------------------------------------*/

static void
make_any(world_t *w, shian_patrol_t *p, Shian__User *user)
{
    static char  *mine[2];

    memset(p, 0, sizeof(*p));
    shian__user__init(user);
    user->districts = mine;
    user->n_districts = city_random(&w->city, 3);
    mine[0] = (char *) districts[city_random(&w->city, 3)];
    mine[1] = "奉化";

    p->role = SHIAN__ROLE__KIND__inspector;
    p->user = user;
    p->now_ms = w->city.now;
    p->near = city_chance(&w->city, 50);
    p->at = (shian_point_t) {
        29.60 + (double) city_random(&w->city, 40) / 1000,
        121.40 + (double) city_random(&w->city, 40) / 1000
    };
    p->limit = 1 + city_random(&w->city, SHIAN_PATROL_MAX);
}


static void
any_list_is_what_a_scan_finds(void **state)
{
    int             i;
    size_t          most;
    world_t        *w = *state;
    Shian__User     user;
    shian_patrol_t  p;

    for (most = 0, i = 0; i < LISTS; i++) {
        make_any(w, &p, &user);
        most = compare(w, &p) > most ? compare(w, &p) : most;
        shian_arena_free(&w->arena);
    }

    /* Not all are due, or the order of days was not tried. */
    assert_in_range(most, VENUES / 4, VENUES - 50);
}


/* A cursor comes from outside: any bytes may be asked for. */
static void
no_cursor_breaks_a_list(void **state)
{
    int             i;
    size_t          j;
    uint8_t         after[32];
    world_t        *w = *state;
    shian_str_t     next;
    Shian__User     user;
    shian_patrol_t  p;

    for (i = 0; i < LISTS; i++) {
        make_any(w, &p, &user);
        p.after = shian_slice(after, 1 + city_random(&w->city,
                                                     sizeof(after)));

        for (j = 0; j < sizeof(after); j++) {
            after[j] = (uint8_t) city_random(&w->city,
                                             city_chance(&w->city, 50) ? 4
                                                                       : 256);
        }

        assert_non_null(shian_patrol_list(&w->txn, &p, &next));
        assert_int_equal(w->txn.err, 0);
        shian_arena_free(&w->arena);
    }
}


static void
the_check_in_has_the_whole_checklist(void **state)
{
    size_t           i, items;
    world_t         *w = *state;
    Shian__CheckIn  *in;

    in = shian_patrol_check_in(&w->txn, 7, NULL, w->city.now);
    assert_non_null(in);
    assert_int_equal(in->venue->id, 7);
    assert_int_equal(in->n_heads, 7);

    for (items = 0, i = 0; i < in->n_heads; i++) {
        items += in->heads[i]->n_items;
    }

    assert_true(items >= 28);
    assert_null(shian_patrol_check_in(&w->txn, VENUES + 1, NULL,
                                      w->city.now));
    shian_arena_free(&w->arena);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_list_is_what_a_scan_finds),
        cmocka_unit_test(no_cursor_breaks_a_list),
        cmocka_unit_test(the_check_in_has_the_whole_checklist),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, begin, finish);
}
