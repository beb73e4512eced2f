/*
 * A venue's reply, appeal, request to be looked at again, and self-check.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "visits.h"
#include "domain/safeguard.h"

#define ASTATE(name)  SHIAN__APPEAL__STATE__##name


static Shian__Operation *
appeal_file(city_t *c)
{
    Shian__Operation   *op = by(c, ROLE(venue), 0, 1);
    Shian__AppealFile  *f;

    f = CITY_BODY(c, op, APPEAL_FILE, appeal_file, Shian__AppealFile,
                  shian__appeal_file__init);
    f->has_venue = 1;
    f->venue = 1;
    f->text = "当天停水，已有通知";

    return op;
}


static Shian__Operation *
appeal_decide(city_t *c, uint64_t user, Shian__AppealDecide__Action action)
{
    Shian__Operation     *op = by(c, ROLE(officer), user, 0);
    Shian__AppealDecide  *d;

    d = CITY_BODY(c, op, APPEAL_DECIDE, appeal_decide, Shian__AppealDecide,
                  shian__appeal_decide__init);
    d->has_appeal = d->has_action = 1;
    d->appeal = 1;
    d->action = action;
    d->text = "证据不足";

    return op;
}


static Shian__Operation *
reply(city_t *c, uint64_t inspection, const char *text)
{
    Shian__Operation        *op = by(c, ROLE(venue), 0, 1);
    Shian__InspectionReply  *r;

    r = CITY_BODY(c, op, INSPECTION_REPLY, inspection_reply,
                  Shian__InspectionReply, shian__inspection_reply__init);
    r->has_venue = r->has_inspection = 1;
    r->venue = 1;
    r->inspection = inspection;
    r->text = (char *) text;

    return op;
}


static Shian__Operation *
ask_again(city_t *c)
{
    Shian__Operation       *op = by(c, ROLE(venue), 0, 1);
    Shian__ReinspectionAsk  *a;

    a = CITY_BODY(c, op, REINSPECTION_ASK, reinspection_ask,
                  Shian__ReinspectionAsk, shian__reinspection_ask__init);
    a->has_venue = 1;
    a->venue = 1;

    return op;
}


static Shian__Appeal *
appeal(city_t *c, uint64_t id)
{
    shian_txn_t     t;
    Shian__Appeal  *a;

    assert_int_equal(shian_txn_begin(c->store, &c->arena, false, &t), 0);
    a = shian_appeal_get(&t, id);
    shian_txn_abort(&t);
    assert_non_null(a);

    return a;
}


/* Red by a critical finding of the inspector's. */
static void
make_red(city_t *c)
{
    assert_int_equal(city_do(c, visit(c, "L1- L2-", "CM")), 200);
    assert_grade(c, red, 7200);
}


/* ---- reply ----------------------------------------------------------------*/

static void
a_reply_stands_beside_its_inspection_once(void **state)
{
    city_t              *c = &((world_t *) *state)->city;
    Shian__Operation    *op;
    Shian__ReplyRemove  *x;

    make_red(c);
    assert_int_equal(city_do(c, reply(c, 1, NULL)), 422);
    assert_int_equal(city_do(c, reply(c, 2, "停水")), 404);
    op = reply(c, 1, "停水");
    op->actor->venue = 2;
    assert_int_equal(city_do(c, op), 403);
    assert_int_equal(city_do(c, reply(c, 1, "停水")), 200);
    assert_string_equal(inspection(c, 1)->reply, "停水");
    assert_int_equal(city_do(c, reply(c, 1, "又停水")), 409);

    op = by(c, ROLE(officer), OFFICER, 0);
    x = CITY_BODY(c, op, REPLY_REMOVE, reply_remove, Shian__ReplyRemove,
                  shian__reply_remove__init);
    x->has_venue = x->has_inspection = 1;
    x->venue = x->inspection = 1;
    assert_int_equal(city_do(c, op), 200);
    assert_true(inspection(c, 1)->reply_removed);
    assert_int_equal(city_do(c, op), 409);
}


/* ---- appeal ---------------------------------------------------------------*/

static void
an_appeal_is_for_a_bad_grade_of_21_days(void **state)
{
    city_t  *c = &((world_t *) *state)->city;

    /* No grade, then a good one: nothing to appeal against. */
    assert_int_equal(city_do(c, appeal_file(c)), 409);
    assert_int_equal(city_do(c, visit(c, "L1+", "")), 200);
    assert_int_equal(city_do(c, appeal_file(c)), 409);

    c->now += DAY_MS;
    make_red(c);
    c->now += 22 * DAY_MS;
    assert_int_equal(city_do(c, appeal_file(c)), 409);
    c->now -= DAY_MS;
    assert_int_equal(city_do(c, appeal_file(c)), 200);
    assert_int_equal(appeal(c, 1)->due_on,
                     shian_local_day(c->now, SHIAN_TZ_MINUTES) + 21);
    assert_int_equal(appeal(c, 1)->colour, COLOUR(red));
    assert_int_equal(city_do(c, appeal_file(c)), 409);
}


/* The inspector's and the confirming officer's hands are not clean. */
static void
who_took_part_does_not_decide(void **state)
{
    city_t            *c = &((world_t *) *state)->city;
    Shian__Operation  *op;

    add_user(c, "zhou", ROLE(officer));         /* user 3 */
    op = visit(c, "L1-", "C");
    op->inspection_post->lat = LAT + 0.1;
    assert_int_equal(city_do(c, op), 200);
    decide(c, 1, "confirm", 200);
    assert_int_equal(city_do(c, appeal_file(c)), 200);
    assert_int_equal(appeal(c, 1)->n_took_part, 2);

    op = appeal_decide(c, OFFICER, SHIAN__APPEAL_DECIDE__ACTION__reject);
    assert_int_equal(city_do(c, op), 403);
    assert_string_equal(c->item[0].report.code, "took_part");

    op = appeal_decide(c, 3, SHIAN__APPEAL_DECIDE__ACTION__reject);
    op->appeal_decide->text = NULL;
    assert_int_equal(city_do(c, op), 422);
    op = appeal_decide(c, 3, SHIAN__APPEAL_DECIDE__ACTION__reject);
    assert_int_equal(city_do(c, op), 200);
    assert_int_equal(appeal(c, 1)->state, ASTATE(rejected));
    assert_int_equal(city_do(c, op), 409);
    assert_grade(c, red, 8000);
}


static void
an_upheld_appeal_takes_its_findings_away(void **state)
{
    uint64_t           one = 1, other = 99;
    city_t            *c = &((world_t *) *state)->city;
    Shian__Operation  *op;

    assert_int_equal(city_do(c, visit(c, "L1+", "")), 200);
    c->now += DAY_MS;
    assert_int_equal(city_do(c, visit(c, "L1-", "C")), 200);
    assert_grade(c, red, 8000);
    assert_int_equal(city_do(c, appeal_file(c)), 200);

    op = appeal_decide(c, OFFICER, SHIAN__APPEAL_DECIDE__ACTION__uphold);
    op->appeal_decide->n_finding = 1;
    op->appeal_decide->finding = &other;
    assert_int_equal(city_do(c, op), 422);

    op->appeal_decide->finding = &one;
    c->now += MINUTE;
    op->at = c->now;
    assert_int_equal(city_do(c, op), 200);
    assert_int_equal(finding(c, 1)->state, FSTATE(void));
    assert_int_equal(tally(c)->findings_open, 0);
    /* Nothing was wrong: no visit is awaited. */
    assert_grade(c, green, 10000);
}


static void
a_venue_withdraws_its_own_appeal(void **state)
{
    city_t            *c = &((world_t *) *state)->city;
    Shian__Operation  *op;

    make_red(c);
    assert_int_equal(city_do(c, appeal_file(c)), 200);

    op = appeal_decide(c, OFFICER, SHIAN__APPEAL_DECIDE__ACTION__withdraw);
    assert_int_equal(city_do(c, op), 403);
    op = appeal_decide(c, 0, SHIAN__APPEAL_DECIDE__ACTION__uphold);
    op->actor->role = ROLE(venue);
    op->actor->has_venue = 1;
    op->actor->venue = 1;
    assert_int_equal(city_do(c, op), 403);
    op->appeal_decide->action = SHIAN__APPEAL_DECIDE__ACTION__withdraw;
    assert_int_equal(city_do(c, op), 200);
    assert_int_equal(appeal(c, 1)->state, ASTATE(withdrawn));
}


/* ---- to be looked at again ------------------------------------------------*/

static void
a_request_is_met_by_the_next_visit(void **state)
{
    int32_t            y, m, d;
    city_t            *c = &((world_t *) *state)->city;
    Shian__Operation  *op;

    assert_int_equal(city_do(c, ask_again(c)), 409);
    make_red(c);
    assert_int_equal(city_do(c, ask_again(c)), 409);
    submit(c, 1, 200);
    assert_int_equal(city_do(c, ask_again(c)), 409);
    submit(c, 2, 200);
    assert_int_equal(city_do(c, ask_again(c)), 200);
    assert_int_equal(city_do(c, ask_again(c)), 409);

    /* 23 November and three months. */
    shian_civil_from_day(tally(c)->reinspection_due_on, &y, &m, &d);
    assert_int_equal(y, 2026);
    assert_int_equal(m, 2);
    assert_int_equal(d, 23);

    /* One that took place before it was asked for does not meet it. */
    c->now += MINUTE;
    op = visit(c, "L1+", "");
    op->inspection_post->started_at -= DAY_MS;
    op->inspection_post->finished_at -= DAY_MS;
    assert_int_equal(city_do(c, op), 200);
    assert_true(tally(c)->has_reinspection_at);

    c->now += DAY_MS;
    assert_int_equal(city_do(c, visit(c, "L1+ L2+", "")), 200);
    assert_false(tally(c)->has_reinspection_at);
}


/* 30 November and three months is the last of February. */
static void
months_end_where_they_end(void **state)
{
    int32_t  y, m, d;
    city_t  *c = &((world_t *) *state)->city;

    c->now += 7 * DAY_MS;
    make_red(c);
    submit(c, 1, 200);
    submit(c, 2, 200);
    assert_int_equal(city_do(c, ask_again(c)), 200);
    shian_civil_from_day(tally(c)->reinspection_due_on, &y, &m, &d);
    assert_int_equal(y, 2026);
    assert_int_equal(m, 2);
    assert_int_equal(d, 28);
}


/* ---- self-check -----------------------------------------------------------*/

static void
a_self_check_is_of_the_day_it_was_sent(void **state)
{
    city_t                *c = &((world_t *) *state)->city;
    Shian__Operation      *op;
    Shian__SelfCheckPost  *s;

    op = by(c, ROLE(venue), 0, 1);
    s = CITY_BODY(c, op, SELF_CHECK_POST, self_check_post,
                  Shian__SelfCheckPost, shian__self_check_post__init);
    s->has_venue = 1;
    s->venue = 1;
    s->checklist = "v1";
    assert_int_equal(city_do(c, op), 400);

    s->items = visit(c, "L1+ L2-", "m")->inspection_post->items;
    s->n_items = 2;
    op->actor->venue = 2;
    assert_int_equal(city_do(c, op), 403);
    op->actor->venue = 1;
    assert_int_equal(city_do(c, op), 200);
    assert_int_equal(tally(c)->self_check_on,
                     shian_local_day(c->now, SHIAN_TZ_MINUTES));
    /* What a venue says of itself opens nothing. */
    assert_int_equal(tally(c)->findings, 0);
}


int
main(void)
{
#define T(f)  cmocka_unit_test_setup_teardown(f, setup, teardown)

    const struct CMUnitTest  tests[] = {
        T(a_reply_stands_beside_its_inspection_once),
        T(an_appeal_is_for_a_bad_grade_of_21_days),
        T(who_took_part_does_not_decide),
        T(an_upheld_appeal_takes_its_findings_away),
        T(a_venue_withdraws_its_own_appeal),
        T(a_request_is_met_by_the_next_visit),
        T(months_end_where_they_end),
        T(a_self_check_is_of_the_day_it_was_sent),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, NULL, NULL);
}
