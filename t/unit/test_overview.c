/*
 * Inspectors beside each other: the statistics against numbers worked out by
 * hand, and what the list counts.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>

#include "domain/overview.h"
#include "render/drift.h"
#include "visits.h"

#define FLAG(name)  SHIAN__INSPECTION__FLAG__##name


/* ---- statistics -----------------------------------------------------------*/

static void
add_all(shian_sample_t *s, const double *v, size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        shian_sample_add(s, v[i]);
    }
}


/*
 * Mean 20; squared deviations 2 · (400 + 100 + 0 + 100 + 400) = 2000, by 9
 * is 222.22, its root 14.907; by √10 is 4.714; times 1.96 is 9.2395.  Ten
 * more of 10 each make the mean of all 15.
 */
static void
drift_is_as_worked_out_by_hand(void **state)
{
    shian_drift_t   d;
    shian_sample_t  own = { 0, 0, 0 }, all = { 0, 0, 0 };

    static const double  shares[] = { 0, 10, 20, 30, 40, 0, 10, 20, 30, 40 };
    static const double  others[] = { 10, 10, 10, 10, 10, 10, 10, 10, 10,
                                      10 };

    (void) state;
    add_all(&own, shares, 10);
    add_all(&all, shares, 10);
    add_all(&all, others, 10);
    shian_drift(&own, &all, &d);

    assert_false(d.few);
    assert_true(fabs(d.mean - 20) < 1e-9);
    assert_true(fabs(d.drift - 5) < 1e-9);
    assert_true(fabs(d.low - -4.2395) < 1e-4);
    assert_true(fabs(d.high - 14.2395) < 1e-4);
}


static void
nine_visits_are_too_few(void **state)
{
    shian_drift_t   d;
    shian_sample_t  own = { 0, 0, 0 };

    static const double  shares[] = { 0, 50, 0, 50, 0, 50, 0, 50, 25 };

    (void) state;
    add_all(&own, shares, 9);
    shian_drift(&own, &own, &d);
    assert_true(d.few);
    assert_true(fabs(d.mean - 25) < 1e-9);

    shian_sample_add(&own, 25);
    shian_drift(&own, &own, &d);
    assert_false(d.few);
    assert_true(fabs(d.drift) < 1e-9);
    assert_true(d.high > 0);
}


/* A third cannot be written exactly: the variance must not go below 0. */
static void
always_the_same_has_no_width(void **state)
{
    int             i;
    shian_drift_t   d;
    shian_sample_t  own = { 0, 0, 0 }, all = { 0, 0, 0 };

    (void) state;

    for (i = 0; i < 1000; i++) {
        shian_sample_add(&own, 100.0 / 3);
        shian_sample_add(&all, 100.0 / 3);
        shian_sample_add(&all, 0);
    }

    shian_drift(&own, &all, &d);
    assert_true(fabs(d.drift - 100.0 / 6) < 1e-6);
    assert_true(d.high - d.low < 1e-3);
    assert_true(d.high >= d.low);
}


/* ---- the list -------------------------------------------------------------*/

static void
post(city_t *c, uint64_t user, const char *items, double metres)
{
    Shian__Operation  *op;

    c->now += DAY_MS / 2;
    op = visit(c, items, "mmmm");
    op->actor->user = user;
    op->actor->role = user == OFFICER ? ROLE(officer) : ROLE(inspector);
    op->inspection_post->lat = LAT + metres * METRE;
    assert_int_equal(city_do(c, op), 200);
}


static Shian__SupervisorList *
list(city_t *c, uint32_t days)
{
    shian_txn_t             t;
    Shian__SupervisorList  *view;

    assert_int_equal(shian_txn_begin(c->store, &c->arena, false, &t), 0);
    view = shian_view_supervisors(&t, NULL, shian_local_day(c->now,
                                                      SHIAN_TZ_MINUTES), days);
    shian_txn_abort(&t);
    assert_non_null(view);

    return view;
}


/*
 * Ten visits of the inspector, each with 1 of 4 failed; one off site, which
 * waits; ten of the officer without a fault.  Mean of all: 12.5 %.
 */
static void
visits_are_counted(void **state)
{
    int                     i;
    city_t                 *c = &((world_t *) *state)->city;
    Shian__Supervisor      *v;
    Shian__SupervisorList  *view;

    add_user(c, "none", ROLE(inspector));
    add_user(c, "bank", ROLE(bank));

    for (i = 0; i < 10; i++) {
        post(c, INSPECTOR, "L1+ L2+ P1+ P2-", 0);
        post(c, OFFICER, "L1+ L2+", 0);
    }

    post(c, INSPECTOR, "L1- L2-", 900);
    view = list(c, 365);

    assert_int_equal(view->visits, 21);
    assert_int_equal(view->failed_percent, 1250);
    assert_int_equal(view->n_items, 3);

    v = view->items[0];
    assert_int_equal(v->id, INSPECTOR);
    assert_int_equal(v->visits, 11);
    assert_int_equal(v->counted, 10);
    assert_int_equal(v->on_site_percent, 9090);
    assert_int_equal(v->findings_per_visit, 100);
    assert_int_equal(v->failed_percent, 2500);
    assert_int_equal(v->drift, 1250);
    assert_int_equal(v->drift_low, 1250);
    assert_int_equal(v->waiting, 1);
    assert_int_equal(v->flag_distance, 1);
    assert_int_equal(v->flag_speed, 0);

    assert_int_equal(view->items[1]->id, OFFICER);
    assert_int_equal(view->items[1]->drift, -1250);

    /* Who inspects for a living and has not begun. */
    assert_string_equal(view->items[2]->name, "none");
    assert_int_equal(view->items[2]->visits, 0);
    assert_true(view->items[2]->few);
    assert_false(view->items[2]->has_drift);
}


static void
older_visits_are_left_out(void **state)
{
    city_t                 *c = &((world_t *) *state)->city;
    Shian__SupervisorList  *view;

    post(c, INSPECTOR, "L1+ L2-", 0);
    c->now += 9 * DAY_MS;
    post(c, INSPECTOR, "L1+ L2+", 0);

    assert_int_equal(list(c, 365)->visits, 2);
    view = list(c, 7);
    assert_int_equal(view->visits, 1);
    assert_int_equal(view->failed_percent, 0);
    assert_int_equal(view->to - view->from, 6);
    assert_true(view->items[0]->few);
}


static void
an_empty_city_has_inspectors_without_numbers(void **state)
{
    city_t                 *c = &((world_t *) *state)->city;
    Shian__SupervisorList  *view;

    view = list(c, 365);
    assert_int_equal(view->n_items, 1);
    assert_false(view->has_failed_percent);
    assert_false(view->items[0]->has_on_site_percent);
    assert_false(view->items[0]->has_findings_per_visit);
}


static void
visits_of_one_are_listed_page_by_page(void **state)
{
    city_t                   *c = &((world_t *) *state)->city;
    shian_str_t               next, after;
    shian_txn_t               t;
    Shian__SupervisorVisits  *view;

    post(c, INSPECTOR, "L1+ L2-", 0);
    post(c, INSPECTOR, "L1+ L2+", 900);
    assert_int_equal(shian_txn_begin(c->store, &c->arena, false, &t), 0);

    view = shian_view_supervisor(&t, NULL, INSPECTOR, SHIAN_NONE, 1, &next);
    assert_non_null(view);
    assert_string_equal(view->name, "chen");
    assert_int_equal(view->n_items, 1);
    assert_int_equal(view->items[0]->id, 2);
    assert_int_equal(view->items[0]->state, ISTATE(waiting));
    assert_int_equal(view->items[0]->minutes, 30);
    assert_string_equal(view->items[0]->venue_name, "小馆");
    assert_int_equal(view->items[0]->n_flags, 1);
    assert_int_equal(view->items[0]->flags[0], FLAG(distance));
    assert_true(next.n != 0);

    after = next;
    view = shian_view_supervisor(&t, NULL, INSPECTOR, after, 1, &next);
    assert_int_equal(view->n_items, 1);
    assert_int_equal(view->items[0]->id, 1);
    assert_int_equal(view->items[0]->failed, 1);
    assert_string_equal(view->items[0]->href, "/v/1/inspections/1");
    assert_int_equal(next.n, 0);

    assert_null(shian_view_supervisor(&t, NULL, 99, SHIAN_NONE, 1, &next));
    shian_txn_abort(&t);
}


/* ---- the picture ----------------------------------------------------------*/

static const char *
drawn(shian_arena_t *a, Shian__Supervisor *const *rows, size_t n)
{
    shian_buf_t  b;

    static const shian_drift_chart_t  chart = { "Drift", "points", "mean" };

    shian_buf_init(&b, a);
    assert_true(shian_chart_drift(&chart, rows, n, &b.sink));
    shian_putc(&b.sink, '\0');
    assert_false(b.sink.failed);

    return (const char *) b.p;
}


/* 4.60 of an axis of ±5: 147 of the 160 to its end. */
static void
dots_and_intervals_are_drawn_to_scale(void **state)
{
    shian_arena_t       a;
    const char         *svg;
    Shian__Supervisor   one = SHIAN__SUPERVISOR__INIT;
    Shian__Supervisor   two = SHIAN__SUPERVISOR__INIT;
    Shian__Supervisor  *rows[] = { &one, &two };

    (void) state;
    shian_arena_init(&a, NULL, NULL);
    assert_string_equal(drawn(&a, rows, 2), "");

    one.name = "<王>";
    one.has_drift = one.has_drift_low = one.has_drift_high = 1;
    one.drift = 250;
    one.drift_low = -100;
    one.drift_high = 460;
    svg = drawn(&a, rows, 2);
    assert_non_null(strstr(svg, ">&lt;王&gt;<"));
    assert_non_null(strstr(svg, "<circle cx=\"260\""));
    assert_non_null(strstr(svg, "M148 52H327"));
    assert_non_null(strstr(svg, ">+5<"));

    one.drift_high = 2100;
    svg = drawn(&a, rows, 2);
    assert_non_null(strstr(svg, ">+50<"));
    shian_arena_free(&a);
}


int
main(void)
{
#define T(f)  cmocka_unit_test_setup_teardown(f, setup, teardown)

    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(drift_is_as_worked_out_by_hand),
        cmocka_unit_test(nine_visits_are_too_few),
        cmocka_unit_test(always_the_same_has_no_width),
        T(visits_are_counted),
        T(older_visits_are_left_out),
        T(an_empty_city_has_inspectors_without_numbers),
        T(visits_of_one_are_listed_page_by_page),
        cmocka_unit_test(dots_and_intervals_are_drawn_to_scale),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
