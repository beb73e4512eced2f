/*
 * Findings derived from what still counts, one case after the other: visits
 * that are rejected, late or off site, decisions that are made again.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "derive.h"


/* ---- faults A1, one by one ------------------------------------------------*/

/* faults A1: A, odd, and B both fail it; A is rejected: B found it. */
static void
what_another_visit_found_as_well_stays(void **state)
{
    city_t  *c = &((world_t *) *state)->city;

    assert_int_equal(city_do(c, odd(visit(c, "L1-", "C"), 15 * MINUTE)),
                     200);
    assert_int_equal(inspection(c, 1)->state, ISTATE(flagged));
    submit(c, 1, 200);
    c->now += DAY_MS;
    assert_int_equal(city_do(c, visit(c, "L1-", "C")), 200);
    assert_int_equal(finding(c, 1)->repeats, 1);

    c->now += MINUTE;
    decide(c, 1, "reject", 200);
    assert_grade(c, red, 8000);
    assert_int_equal(finding(c, 1)->state, FSTATE(open));
    assert_int_equal(finding(c, 1)->repeats, 0);
    assert_int_equal(finding(c, 1)->inspection, 2);
    assert_int_equal(finding(c, 1)->opened_at, inspection(c, 2)->ended_at);
    assert_int_equal(tally(c)->findings, 1);
}


/* faults A1: a decision found it besides. */
static void
what_a_decision_found_as_well_stays(void **state)
{
    city_t  *c = &((world_t *) *state)->city;

    assert_int_equal(city_do(c, odd(visit(c, "L1-", "M"), 15 * MINUTE)),
                     200);
    assert_int_equal(file(c, filing(c, FILE_AS(report), 1)), 200);
    c->now += MINUTE;
    work_through(c, 1);
    assert_int_equal(decide_with(c, 1, "L1"), 200);
    assert_int_equal(finding(c, 1)->repeats, 1);

    c->now += MINUTE;
    decide(c, 1, "reject", 200);
    assert_int_equal(finding(c, 1)->state, FSTATE(open));
    assert_int_equal(finding(c, 1)->complaint, 1);
    assert_false(finding(c, 1)->has_inspection);
}


/* faults A1: L3 open, A passes, B passes, A rejected: still verified. */
static void
what_another_visit_passed_as_well_stays(void **state)
{
    city_t  *c = &((world_t *) *state)->city;

    assert_int_equal(city_do(c, visit(c, "L3-", "M")), 200);
    c->now += DAY_MS;
    assert_int_equal(city_do(c, odd(visit(c, "L3+", ""), 15 * MINUTE)), 200);
    c->now += DAY_MS;
    assert_int_equal(city_do(c, visit(c, "L3+", "")), 200);
    decide(c, 2, "reject", 200);

    assert_int_equal(finding(c, 1)->state, FSTATE(verified));
    assert_int_equal(finding(c, 1)->verified_in, 3);
    assert_grade(c, green, 9760);
}


/* faults A1: L3 open, A passes, B fails anew, A rejected: one open. */
static void
what_failed_twice_is_one_without_the_pass_between(void **state)
{
    city_t  *c = &((world_t *) *state)->city;

    assert_int_equal(city_do(c, visit(c, "L3-", "m")), 200);
    c->now += DAY_MS;
    assert_int_equal(city_do(c, odd(visit(c, "L3+", ""), 15 * MINUTE)), 200);
    c->now += DAY_MS;
    assert_int_equal(city_do(c, visit(c, "L3-", "m")), 200);
    assert_int_equal(finding(c, 2)->state, FSTATE(open));

    decide(c, 2, "reject", 200);
    assert_int_equal(tally(c)->findings_open, 1);
    assert_int_equal(finding(c, 1)->state, FSTATE(open));
    assert_int_equal(finding(c, 1)->repeats, 1);
    assert_int_equal(finding(c, 2)->state, FSTATE(void));
}


/* faults A1: decided, closed, reopened, decided the other way. */
static void
what_a_decision_found_falls_with_it(void **state)
{
    city_t  *c = &((world_t *) *state)->city;

    assert_int_equal(city_do(c, visit(c, "L2+", "")), 200);
    assert_int_equal(file(c, filing(c, FILE_AS(complaint), 1)), 200);
    c->now += MINUTE;
    work_through(c, 1);
    assert_int_equal(decide_with(c, 1, "L1"), 200);
    assert_int_equal(tally(c)->findings_open, 1);
    c->now += DAY_MS;
    close_and_reopen(c, 1);
    assert_int_equal(finding(c, 1)->state, FSTATE(open));
    assert_int_equal(decide_with(c, 1, NULL), 200);

    assert_int_equal(finding(c, 1)->state, FSTATE(void));
    assert_int_equal(tally(c)->findings_open, 0);
    assert_int_equal(tally(c)->complaints_substantiated, 0);
    assert_int_equal(tally(c)->grade->score, 10000);
}


/* faults A1: deciding the same item twice lists it once. */
static void
an_item_decided_twice_is_one_finding(void **state)
{
    city_t  *c = &((world_t *) *state)->city;

    assert_int_equal(file(c, filing(c, FILE_AS(complaint), 1)), 200);
    c->now += MINUTE;
    work_through(c, 1);
    assert_int_equal(decide_with(c, 1, "L1"), 200);
    c->now += DAY_MS;
    close_and_reopen(c, 1);
    assert_int_equal(decide_with(c, 1, "L1"), 200);

    assert_int_equal(tally(c)->findings, 1);
    assert_int_equal(tally(c)->findings_open, 1);
    assert_int_equal(tally(c)->complaints_substantiated, 1);
    assert_int_equal(finding(c, 1)->repeats, 1);
}


/* faults A2: what arrives late does not redden what a newer visit passed. */
static void
a_late_failure_is_verified_by_the_newer_pass(void **state)
{
    city_t  *c = &((world_t *) *state)->city;

    c->now += 3 * DAY_MS;
    assert_int_equal(city_do(c, visit(c, "L1+ L2+", "")), 200);
    c->now += MINUTE;
    assert_int_equal(city_do(c, late(visit(c, "L1- L2o", "C"), 2 * DAY_MS)),
                     200);

    assert_int_equal(finding(c, 1)->state, FSTATE(verified));
    assert_int_equal(finding(c, 1)->verified_in, 1);
    assert_int_equal(finding(c, 1)->verified_at, inspection(c, 1)->ended_at);
    assert_int_equal(tally(c)->findings_open, 0);
    assert_grade(c, green, 9400);
}


/* faults A2: an off-site visit by a wrong clock, confirmed, is as old. */
static void
a_confirmed_visit_ended_when_it_ended(void **state)
{
    city_t  *c = &((world_t *) *state)->city;

    /* Five days fast: it was made now, whatever it says. */
    assert_int_equal(city_do(c, far_off(odd(visit(c, "L1-", "m"),
                                            5 * DAY_MS))), 200);
    assert_int_equal(inspection(c, 1)->ended_at, c->now);
    c->now += DAY_MS;
    decide(c, 1, "confirm", 200);
    assert_int_equal(last_visit(c), c->now - DAY_MS);
    assert_int_equal(finding(c, 1)->opened_at, c->now - DAY_MS);

    c->now += DAY_MS;
    assert_int_equal(city_do(c, odd(visit(c, "L1+", ""), 15 * MINUTE)), 200);
    assert_int_equal(finding(c, 1)->state, FSTATE(verified));
    decide(c, 2, "reject", 200);
    assert_int_equal(last_visit(c), c->now - 2 * DAY_MS);
    assert_int_equal(finding(c, 1)->state, FSTATE(open));
}


/* faults A2: ten minutes of doubt do not make it tomorrow's. */
static void
no_visit_is_dated_tomorrow(void **state)
{
    city_t            *c = &((world_t *) *state)->city;
    Shian__Operation  *op;

    /* 23:55 by our clock, 00:02 by its own. */
    c->now -= (c->now + 8 * 60 * MINUTE) % DAY_MS;
    c->now += DAY_MS - 5 * MINUTE;
    op = visit(c, "L1+", "");
    op->inspection_post->finished_at = op->at + 7 * MINUTE;
    assert_int_equal(city_do(c, op), 200);
    assert_int_equal(inspection(c, 1)->on, today(c));
    assert_int_equal(inspection(c, 1)->ended_at, op->at);
}


/* A request that a visit met is unmet where that visit is rejected. */
static void
a_rejected_visit_meets_no_request(void **state)
{
    city_t            *c = &((world_t *) *state)->city;
    Shian__Operation  *op;

    assert_int_equal(city_do(c, visit(c, "L1-", "C")), 200);
    submit(c, 1, 200);
    op = by(c, ROLE(venue), 0, 1);
    CITY_BODY(c, op, REINSPECTION_ASK, reinspection_ask,
              Shian__ReinspectionAsk, shian__reinspection_ask__init)
        ->has_venue = 1;
    op->reinspection_ask->venue = 1;
    assert_int_equal(city_do(c, op), 200);
    assert_true(tally(c)->has_reinspection_due_on);

    c->now += DAY_MS;
    assert_int_equal(city_do(c, odd(visit(c, "L1+", ""), 15 * MINUTE)), 200);
    assert_false(tally(c)->has_reinspection_due_on);
    decide(c, 2, "reject", 200);
    assert_true(tally(c)->has_reinspection_due_on);

    /* The word is corrected: it met it after all. */
    assert_int_equal(correct_visit(c, 2), 200);
    assert_false(tally(c)->has_reinspection_due_on);
    assert_int_equal(finding(c, 1)->state, FSTATE(verified));
    assert_int_equal(inspection(c, 2)->n_steps, 2);
    assert_true(inspection(c, 2)->steps[1]->corrects);
}


/* An extension that would end in the past does not use the only one up. */
static void
no_extension_ends_in_the_past(void **state)
{
    city_t            *c = &((world_t *) *state)->city;
    Shian__Operation  *op;

    assert_int_equal(city_do(c, visit(c, "L1-", "M")), 200);
    c->now += 20 * DAY_MS;
    op = finding_step(c, 1, SHIAN__FINDING_DECIDE__ACTION__extend);
    op->finding_decide->has_deadline_on = 1;
    op->finding_decide->deadline_on = today(c) - 1;
    assert_int_equal(city_do(c, op), 422);

    op = finding_step(c, 1, SHIAN__FINDING_DECIDE__ACTION__extend);
    op->finding_decide->has_deadline_on = 1;
    op->finding_decide->deadline_on = today(c);
    assert_int_equal(city_do(c, op), 200);
    assert_int_equal(finding(c, 1)->deadline_on, today(c));
}


static int
close_venue(city_t *c, Shian__Venue__Status status)
{
    Shian__Operation    *op = by(c, ROLE(admin), 0, 0);
    Shian__VenueStatus  *v;

    v = CITY_BODY(c, op, VENUE_STATUS, venue_status, Shian__VenueStatus,
                  shian__venue_status__init);
    v->has_venue = v->has_status = 1;
    v->venue = 1;
    v->status = status;

    return city_do(c, op);
}


/* faults G5: by what the venue was when the visit was made. */
static void
a_visit_of_before_the_closing_is_taken(void **state)
{
    city_t  *c = &((world_t *) *state)->city;

    c->now += 3 * DAY_MS;
    assert_int_equal(close_venue(c, SHIAN__VENUE__STATUS__closed), 200);
    c->now += DAY_MS;
    assert_int_equal(city_do(c, visit(c, "L1+", "")), 409);
    assert_int_equal(city_do(c, late(visit(c, "L1-", "m"), 2 * DAY_MS)),
                     200);
    assert_int_equal(tally(c)->findings_open, 1);

    /* Reopened: what was made meanwhile is not taken either. */
    assert_int_equal(close_venue(c, SHIAN__VENUE__STATUS__active), 200);
    c->now += DAY_MS;
    assert_int_equal(city_do(c, visit(c, "L1+", "")), 200);
    assert_int_equal(city_do(c, late(visit(c, "L1-", "m"),
                                     DAY_MS + 12 * 60 * MINUTE)), 409);
}


/* faults A8: between neighbours, whichever of them arrived first. */
static void
speed_is_seen_out_of_order_too(void **state)
{
    city_t            *c = &((world_t *) *state)->city;
    Shian__Operation  *op;

    c->now += DAY_MS;
    assert_int_equal(city_do(c, visit(c, "L1- L2+", "m")), 200);
    assert_int_equal(flags(c, 1), 0);

    /* It ended an hour before that one began, 200 km away. */
    op = late(visit(c, "L1- L2+", "m"), 90 * MINUTE);
    op->inspection_post->lat = LAT + 200000 * METRE;
    assert_int_equal(city_do(c, op), 200);
    assert_true(flags(c, 2) & SHIAN_FLAG_BIT(speed));

    /* Two hours before, and a device whose clock is wrong: by ours. */
    op = odd(late(visit(c, "L1- L2+", "m"), 5 * 60 * MINUTE), 60 * MINUTE);
    op->inspection_post->lat = LAT + 200000 * METRE;
    assert_int_equal(city_do(c, op), 200);
    assert_false(flags(c, 3) & SHIAN_FLAG_BIT(speed));
}


/* ---- a year's level: faults A6 --------------------------------------------*/

/* A visit on the day that was so many days ago, with so many of so many. */
static void
share(city_t *c, int32_t ago, int passed, int answered)
{
    int                i;
    Shian__Answer     *a;
    Shian__Operation  *op;

    op = late(visit(c, "L1+", ""), (uint64_t) ago * DAY_MS);
    op->inspection_post->items = shian_array(&c->arena, 60, sizeof(a));
    op->inspection_post->n_items = (size_t) answered;

    for (i = 0; i < answered; i++) {
        a = op->inspection_post->items[i]
            = shian_zalloc(&c->arena, sizeof(*a));
        shian__answer__init(a);
        a->code = shian_printf(&c->arena, "X%d", i);
        a->has_result = 1;
        a->result = i < passed ? SHIAN__ANSWER__RESULT__pass
                               : SHIAN__ANSWER__RESULT__fail;
        a->note = "油污";
        a->has_severity = a->has_deadline_on = 1;
        a->deadline_on = today(c);
    }

    assert_int_equal(city_do(c, op), 200);
}


static Shian__Evaluation *
level_of(city_t *c, uint32_t year)
{
    size_t         i;
    Shian__Tally  *y = tally(c);

    for (i = 0; i < y->n_evaluations; i++) {
        if (y->evaluations[i]->year == year) {
            return y->evaluations[i];
        }
    }

    return NULL;
}


static void
a_year_is_the_sum_of_its_fractions(void **state)
{
    city_t  *c = &((world_t *) *state)->city;

    /* 20 January 2026; what was made in December arrives now. */
    c->now = UINT64_C(1768867200000);
    share(c, 25, 26, 39);
    assert_int_equal(level_of(c, 2025)->level, SHIAN__EVALUATION__LEVEL__C);
    share(c, 24, 30, 36);
    assert_int_equal(level_of(c, 2025)->share, 7500);
    assert_int_equal(level_of(c, 2025)->level, SHIAN__EVALUATION__LEVEL__B);
    assert_int_equal(level_of(c, 2025)->inspections, 2);
    assert_null(level_of(c, 2026));

    /* 2/3 + 5/6 + 1/3 = 11/6: 61.11. */
    share(c, 23, 1, 3);
    assert_int_equal(level_of(c, 2025)->share, 6111);
}


static void
a_year_without_a_visit_has_no_level(void **state)
{
    city_t            *c = &((world_t *) *state)->city;
    Shian__Operation  *op;

    c->now = UINT64_C(1768867200000);
    op = odd(late(visit(c, "L1+ L2-", "m"), 25 * DAY_MS), 15 * MINUTE);
    assert_int_equal(city_do(c, op), 200);
    assert_int_equal(level_of(c, 2025)->level,
                     SHIAN__EVALUATION__LEVEL__unrated);
    decide(c, 1, "reject", 200);
    assert_null(level_of(c, 2025));
    assert_int_equal(correct_visit(c, 1), 200);
    assert_int_equal(level_of(c, 2025)->share, 5000);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
#define TEST(f)  cmocka_unit_test_setup_teardown(f, setup_more, teardown)
        TEST(what_another_visit_found_as_well_stays),
        TEST(what_a_decision_found_as_well_stays),
        TEST(what_another_visit_passed_as_well_stays),
        TEST(what_failed_twice_is_one_without_the_pass_between),
        TEST(what_a_decision_found_falls_with_it),
        TEST(an_item_decided_twice_is_one_finding),
        TEST(a_late_failure_is_verified_by_the_newer_pass),
        TEST(a_confirmed_visit_ended_when_it_ended),
        TEST(no_visit_is_dated_tomorrow),
        TEST(a_rejected_visit_meets_no_request),
        TEST(no_extension_ends_in_the_past),
        TEST(a_visit_of_before_the_closing_is_taken),
        TEST(speed_is_seen_out_of_order_too),
        TEST(a_year_is_the_sum_of_its_fractions),
        TEST(a_year_without_a_visit_has_no_level),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, NULL, NULL);
}
