/*
 * Inspections on site, through the batch: what counts, what is flagged, what
 * findings do to a colour and what puts it right.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "visits.h"

#include "domain/settle.h"


/* ---- what counts ----------------------------------------------------------*/

static void
a_clean_visit_makes_green(void **state)
{
    city_t  *c = &((world_t *) *state)->city;

    assert_int_equal(city_do(c, visit(c, "L1+ L2+ P1o", "")), 200);
    assert_grade(c, green, 10000);
    assert_int_equal(inspection(c, 1)->passed, 2);
    assert_int_equal(inspection(c, 1)->na, 1);
    assert_int_equal(inspection(c, 1)->state, ISTATE(counted));
    assert_int_equal(inspection(c, 1)->distance_m, 0);
    assert_int_equal(tally(c)->inspections, 1);
}


/* 200 m, and as much more as the position is unsure of, to 100 m. */
static void
on_site_ends_at_200_metres_and_the_accuracy(void **state)
{
    size_t             i;
    city_t            *c = &((world_t *) *state)->city;
    Shian__Operation  *op;

    static const struct {
        double    metres;
        uint32_t  accuracy;
        bool      on_site;
    } cases[] = {
        { 199.5, 0, true }, { 200.5, 0, false }, { 249, 50, true },
        { 251, 50, false }, { 299, 100, true }, { 299, 5000, true },
        { 301, 5000, false },
    };

    for (i = 0; i < SHIAN_COUNT(cases); i++) {
        c->now += DAY_MS;
        op = visit(c, "L1+", "");
        op->inspection_post->lat = LAT + cases[i].metres * METRE;
        op->inspection_post->has_accuracy = 1;
        op->inspection_post->accuracy = cases[i].accuracy;
        assert_int_equal(city_do(c, op), 200);
        assert_int_equal(inspection(c, i + 1)->on_site, cases[i].on_site);
        assert_int_equal(flags(c, i + 1), cases[i].on_site ? 0
                         : SHIAN_FLAG_BIT(distance));
    }
}


static void
off_site_counts_when_it_is_confirmed(void **state)
{
    city_t            *c = &((world_t *) *state)->city;
    Shian__Operation  *op;

    op = visit(c, "L1- L2+", "C");
    op->inspection_post->has_lat = op->inspection_post->has_lng = 0;
    assert_int_equal(city_do(c, op), 200);
    assert_int_equal(inspection(c, 1)->state, ISTATE(waiting));
    assert_int_equal(tally(c)->inspections, 0);
    assert_int_equal(tally(c)->findings, 0);
    assert_true(tally(c)->grade == NULL
                || tally(c)->grade->colour == COLOUR(ungraded));

    /* Confirmed a week later: the venue has its day from then. */
    c->now += 7 * DAY_MS;
    decide(c, 1, "confirm", 200);
    assert_int_equal(tally(c)->findings_open, 1);
    assert_int_equal(finding(c, 1)->deadline_on,
                     shian_local_day(c->now, SHIAN_TZ_MINUTES) + 1);
    assert_grade(c, red, 8000);
    decide(c, 1, "confirm", 409);
    decide(c, 1, "reject", 409);
}


static void
rejected_off_site_leaves_nothing(void **state)
{
    city_t            *c = &((world_t *) *state)->city;
    Shian__Operation  *op;

    op = visit(c, "L1-", "C");
    op->inspection_post->lat = LAT + 1;
    assert_int_equal(city_do(c, op), 200);
    decide(c, 1, "reject", 200);
    assert_int_equal(tally(c)->findings, 0);
    assert_int_equal(tally(c)->inspections, 0);
    assert_false(tally(c)->has_last_inspected_on);
}


/* An officer undoes a flagged visit: its findings fall, its passes too. */
static void
a_rejected_visit_is_undone(void **state)
{
    city_t            *c = &((world_t *) *state)->city;
    Shian__Operation  *op;

    assert_int_equal(city_do(c, visit(c, "L1- L2+", "M")), 200);
    assert_grade(c, green, 9200);

    c->now += DAY_MS;
    op = visit(c, "L1+ L2-", "m");
    op->inspection_post->has_device_at = 1;
    op->inspection_post->device_at = op->at - 11 * MINUTE;
    op->inspection_post->started_at -= 11 * MINUTE;
    op->inspection_post->finished_at -= 11 * MINUTE;
    assert_int_equal(city_do(c, op), 200);
    assert_int_equal(flags(c, 2), SHIAN_FLAG_BIT(clock));
    assert_int_equal(inspection(c, 2)->state, ISTATE(flagged));
    assert_int_equal(finding(c, 1)->state, FSTATE(verified));
    assert_int_equal(finding(c, 2)->state, FSTATE(open));

    decide(c, 2, "reject", 200);
    assert_int_equal(finding(c, 1)->state, FSTATE(open));
    assert_int_equal(finding(c, 2)->state, FSTATE(void));
    assert_int_equal(tally(c)->findings_open, 1);
    assert_int_equal(tally(c)->last_inspected_on, inspection(c, 1)->on);
    assert_grade(c, green, 9200);
}


/* ---- flags ----------------------------------------------------------------*/

static void
haste_is_flagged(void **state)
{
    city_t            *c = &((world_t *) *state)->city;
    Shian__Operation  *op;

    op = visit(c, "L1+ L2+", "");
    op->inspection_post->started_at = op->at - 179 * 1000;
    assert_int_equal(city_do(c, op), 200);
    assert_int_equal(flags(c, 1), SHIAN_FLAG_BIT(fast));

    c->now += DAY_MS;
    op = visit(c, "L1+ L2+", "");
    op->inspection_post->started_at = op->at - 180 * 1000;
    assert_int_equal(city_do(c, op), 200);
    assert_int_equal(flags(c, 2), 0);

    /* Something was found: then it was looked at. */
    c->now += DAY_MS;
    op = visit(c, "L1+ L2-", "m");
    op->inspection_post->started_at = op->at - 100 * 1000;
    assert_int_equal(city_do(c, op), 200);
    assert_int_equal(flags(c, 3), 0);
}


/* 121 km in an hour is too fast, 119 are not. */
static void
speed_between_check_ins_is_flagged(void **state)
{
    size_t             i;
    city_t            *c = &((world_t *) *state)->city;
    Shian__Operation  *op;

    static const struct {
        double  km;
        bool    flagged;
    } cases[] = { { 119, false }, { 121, true } };

    for (i = 0; i < SHIAN_COUNT(cases); i++) {
        c->now += 10 * DAY_MS;
        assert_int_equal(city_do(c, visit(c, "L1+", "")), 200);

        c->now += 90 * MINUTE;          /* an hour from end to begin */
        op = visit(c, "L1+", "");
        op->inspection_post->lat = LAT + 1000 * cases[i].km * METRE;
        assert_int_equal(city_do(c, op), 200);
        assert_int_equal((flags(c, 2 * i + 2) & SHIAN_FLAG_BIT(speed)) != 0,
                         cases[i].flagged);
    }
}


static void
a_photo_used_before_is_flagged(void **state)
{
    int                i;
    city_t            *c = &((world_t *) *state)->city;
    uint8_t            hash[32] = { 7 };
    Shian__Answer     *a;
    Shian__Operation  *op;

    for (i = 1; i <= 2; i++) {
        c->now += DAY_MS;
        op = visit(c, "L1- L2-", "mm");
        a = op->inspection_post->items[0];
        a->n_photos = 1;
        a->photos = shian_array(&c->arena, 1, sizeof(*a->photos));
        a->photos[0] = shian_binary(shian_slice(hash, sizeof(hash)));
        /* Twice in one inspection is one photo of two things. */
        op->inspection_post->items[1]->n_photos = 1;
        op->inspection_post->items[1]->photos = a->photos;
        assert_int_equal(city_do(c, op), 200);
        assert_int_equal(flags(c, (uint64_t) i),
                         i == 1 ? 0 : SHIAN_FLAG_BIT(photo));
    }
}


/* ---- findings -------------------------------------------------------------*/

static void
a_finding_is_not_doubled_and_a_pass_verifies_it(void **state)
{
    city_t  *c = &((world_t *) *state)->city;

    assert_int_equal(city_do(c, visit(c, "L1-", "M")), 200);
    c->now += DAY_MS;
    assert_int_equal(city_do(c, visit(c, "L1-", "M")), 200);
    assert_int_equal(finding(c, 1)->repeats, 1);
    assert_int_equal(tally(c)->findings, 1);
    assert_grade(c, green, 9200);

    c->now += DAY_MS;
    assert_int_equal(city_do(c, visit(c, "L1+", "")), 200);
    assert_int_equal(finding(c, 1)->state, FSTATE(verified));
    assert_int_equal(finding(c, 1)->verified_in, 3);
    /* 800 at 30 percent, verified today. */
    assert_grade(c, green, 9760);

    /* It fails again: that is a new one. */
    c->now += DAY_MS;
    assert_int_equal(city_do(c, visit(c, "L1-", "M")), 200);
    assert_int_equal(finding(c, 2)->state, FSTATE(open));
}


/* What lay in a phone since before the finding proves nothing about it. */
static void
a_late_visit_does_not_verify(void **state)
{
    city_t            *c = &((world_t *) *state)->city;
    Shian__Operation  *op;

    assert_int_equal(city_do(c, visit(c, "L1-", "M")), 200);
    c->now += DAY_MS;
    op = visit(c, "L1+", "");
    op->inspection_post->started_at -= 2 * DAY_MS;
    op->inspection_post->finished_at -= 2 * DAY_MS;
    assert_int_equal(city_do(c, op), 200);
    assert_int_equal(finding(c, 1)->state, FSTATE(open));
}


static void
rectification_lifts_a_colour(void **state)
{
    city_t            *c = &((world_t *) *state)->city;
    Shian__Operation  *op;

    assert_int_equal(city_do(c, visit(c, "L1+", "")), 200);
    c->now += DAY_MS;
    assert_int_equal(city_do(c, visit(c, "L1- L2-", "CM")), 200);
    assert_grade(c, red, 7200);

    submit(c, 1, 200);
    submit(c, 1, 409);
    assert_int_equal(finding(c, 1)->state, FSTATE(submitted));

    /* Rejected with a reason, and handed in again. */
    op = finding_step(c, 1, SHIAN__FINDING_DECIDE__ACTION__reject);
    op->finding_decide->reason = NULL;
    assert_int_equal(city_do(c, op), 422);
    op = finding_step(c, 1, SHIAN__FINDING_DECIDE__ACTION__reject);
    assert_int_equal(city_do(c, op), 200);
    assert_int_equal(finding(c, 1)->state, FSTATE(open));
    assert_string_equal(finding(c, 1)->reason, "看不清");

    submit(c, 1, 200);
    c->now += MINUTE;
    op = finding_step(c, 1, SHIAN__FINDING_DECIDE__ACTION__verify);
    assert_int_equal(city_do(c, op), 200);

    /* 8,600 would be green, but the major one is open: held. */
    assert_grade(c, red, 8600);
    assert_true(tally(c)->grade->held);

    submit(c, 2, 200);
    c->now += MINUTE;
    op = finding_step(c, 2, SHIAN__FINDING_DECIDE__ACTION__verify);
    assert_int_equal(city_do(c, op), 200);
    assert_grade(c, green, 9160);
    assert_int_equal(tally(c)->findings_open, 0);
}


static void
a_deadline_is_extended_once(void **state)
{
    int32_t            due;
    city_t            *c = &((world_t *) *state)->city;
    Shian__Operation  *op;

    assert_int_equal(city_do(c, visit(c, "L1-", "m")), 200);
    due = finding(c, 1)->deadline_on;

    op = finding_step(c, 1, SHIAN__FINDING_DECIDE__ACTION__extend);
    op->finding_decide->has_deadline_on = 1;
    op->finding_decide->deadline_on = due;
    assert_int_equal(city_do(c, op), 422);

    op = finding_step(c, 1, SHIAN__FINDING_DECIDE__ACTION__extend);
    op->finding_decide->has_deadline_on = 1;
    op->finding_decide->deadline_on = due + 10;
    assert_int_equal(city_do(c, op), 200);
    assert_int_equal(finding(c, 1)->deadline_on, due + 10);

    op = finding_step(c, 1, SHIAN__FINDING_DECIDE__ACTION__extend);
    op->finding_decide->has_deadline_on = 1;
    op->finding_decide->deadline_on = due + 20;
    assert_int_equal(city_do(c, op), 409);
}


static void
overdue_costs_more_the_day_after(void **state)
{
    city_t            *c = &((world_t *) *state)->city;
    shian_txn_t        t;
    shian_grade_t      g;
    Shian__Colour__Kind  stands;
    int                day;

    static const int32_t  score[] = { 9700, 8700 };

    assert_int_equal(city_do(c, visit(c, "L1-", "m")), 200);

    for (day = 0; day < 2; day++) {
        assert_int_equal(shian_txn_begin(c->store, &c->arena, false, &t), 0);
        assert_true(shian_grade_venue(&t, 1, NULL,
                                      c->now + (15 + (uint64_t) day)
                                      * DAY_MS, &g, &stands));
        shian_txn_abort(&t);
        assert_int_equal(g.score, score[day]);
    }
}


/* ---- what is refused ------------------------------------------------------*/

static void
bad_visits_are_refused(void **state)
{
    city_t                 *c = &((world_t *) *state)->city;
    Shian__Operation       *op;
    Shian__InspectionPost  *i;

    op = visit(c, "L1+", "");
    i = op->inspection_post;
    i->started_at = i->finished_at + 1;
    assert_int_equal(city_do(c, op), 422);

    op = visit(c, "L1+", "");
    op->inspection_post->finished_at = op->at + 11 * MINUTE;
    assert_int_equal(city_do(c, op), 422);

    op = visit(c, "L1+", "");
    op->inspection_post->started_at -= 31 * DAY_MS;
    op->inspection_post->finished_at -= 31 * DAY_MS;
    assert_int_equal(city_do(c, op), 422);

    op = visit(c, "L1+", "");
    op->inspection_post->lat = 91;
    assert_int_equal(city_do(c, op), 422);

    op = visit(c, "L1+", "");
    op->inspection_post->has_lng = 0;
    assert_int_equal(city_do(c, op), 422);

    op = visit(c, "L1+", "");
    op->inspection_post->has_complaint = 1;
    op->inspection_post->complaint = 1;
    assert_int_equal(city_do(c, op), 422);
    assert_string_equal(c->item[0].report.fields[0].field, "complaint");

    op = visit(c, "L1+", "");
    op->inspection_post->n_items = 0;
    assert_int_equal(city_do(c, op), 400);

    op = visit(c, "L1+", "");
    op->inspection_post->venue = 2;
    assert_int_equal(city_do(c, op), 404);

    op = visit(c, "L1+", "");
    op->actor->role = ROLE(venue);
    op->actor->has_user = 0;
    op->actor->user = 0;
    assert_int_equal(city_do(c, op), 403);
    assert_int_equal(tally(c)->inspections, 0);
}


/* However often it is sent: one visit, and its first answer. */
static void
the_same_visit_twice_is_one(void **state)
{
    city_t            *c = &((world_t *) *state)->city;
    Shian__Operation  *op;

    op = visit(c, "L1-", "m");
    assert_int_equal(city_do(c, op), 200);
    assert_int_equal(c->item[0].result.id, 1);

    op->at += MINUTE;
    assert_int_equal(city_do(c, op), 200);
    assert_int_equal(c->item[0].result.id, 1);
    assert_false(c->item[0].result.has_seq);
    assert_int_equal(tally(c)->inspections, 1);
    assert_int_equal(finding(c, 1)->repeats, 0);
}


/* ---- at the door ----------------------------------------------------------*/

static Shian__InspectionPost *
whole(city_t *c, shian_txn_t *t)
{
    size_t                  i;
    Shian__Answer          *a;
    Shian__Checklist       *list;
    Shian__InspectionPost  *p;

    list = shian_checklist_now(t)->checklist;
    p = shian_zalloc(&c->arena, sizeof(*p));
    shian__inspection_post__init(p);
    p->checklist = list->version;
    p->has_started_at = p->has_finished_at = 1;
    p->started_at = c->now - MINUTE;
    p->finished_at = c->now;
    p->items = shian_array(&c->arena, list->n_items, sizeof(*p->items));

    for (i = 0; i < list->n_items; i++) {
        a = p->items[i] = shian_zalloc(&c->arena, sizeof(*a));
        shian__answer__init(a);
        a->code = list->items[i]->code;
        a->has_result = 1;
        a->result = SHIAN__ANSWER__RESULT__pass;
    }

    p->n_items = list->n_items;

    return p;
}


static bool
prepared(city_t *c, shian_txn_t *t, Shian__InspectionPost *p,
    Shian__Role__Kind role, shian_report_t *r)
{
    shian_report_init(r);

    return shian_inspection_prepare(t, p, role, c->now, r);
}


static void
answers_are_completed_by_the_checklist(void **state)
{
    int32_t                 day;
    city_t                 *c = &((world_t *) *state)->city;
    shian_txn_t             t;
    shian_report_t          r;
    Shian__InspectionPost  *p;

    assert_int_equal(shian_txn_begin(c->store, &c->arena, false, &t), 0);
    day = shian_local_day(c->now, SHIAN_TZ_MINUTES);

    p = whole(c, &t);
    p->items[0]->result = SHIAN__ANSWER__RESULT__fail;
    p->items[0]->note = "过期";
    assert_true(prepared(c, &t, p, ROLE(inspector), &r));
    /* L1 is critical: one day. */
    assert_int_equal(p->items[0]->severity, SHIAN__SEVERITY__KIND__critical);
    assert_int_equal(p->items[0]->deadline_on, day + 1);
    assert_false(p->items[1]->has_severity);

    /* Inspectors keep the deadline, officers set another. */
    p->items[0]->deadline_on = day + 3;
    assert_false(prepared(c, &t, p, ROLE(inspector), &r));
    assert_string_equal(r.fields[0].field, "items[0].deadline_on");
    assert_true(prepared(c, &t, p, ROLE(officer), &r));
    p->items[0]->deadline_on = day - 1;
    assert_false(prepared(c, &t, p, ROLE(officer), &r));

    shian_txn_abort(&t);
}


static void
every_wrong_answer_is_named(void **state)
{
    city_t                 *c = &((world_t *) *state)->city;
    shian_txn_t             t;
    shian_report_t          r;
    ProtobufCBinaryData     hash;
    Shian__InspectionPost  *p;

    assert_int_equal(shian_txn_begin(c->store, &c->arena, false, &t), 0);
    p = whole(c, &t);
    p->items[0]->code = "X9";
    p->items[1]->code = p->items[2]->code;
    p->items[3]->result = SHIAN__ANSWER__RESULT__fail;
    hash = shian_binary(shian_str("0123456789abcdef0123456789abcdef"));
    p->items[4]->n_photos = 1;
    p->items[4]->photos = &hash;

    assert_false(prepared(c, &t, p, ROLE(officer), &r));
    assert_int_equal(r.status, 422);
    assert_int_equal(r.nfields, 5);
    assert_string_equal(r.fields[0].field, "items[0].code");
    assert_string_equal(r.fields[0].code, "unknown");
    assert_string_equal(r.fields[1].field, "items[2].code");
    assert_string_equal(r.fields[1].code, "duplicate");
    assert_string_equal(r.fields[2].field, "items");
    assert_string_equal(r.fields[2].detail, "Missing: L1, L2");
    assert_string_equal(r.fields[3].field, "items[4].photos[0]");
    assert_string_equal(r.fields[4].field, "items[3].note");

    p = whole(c, &t);
    p->checklist = "another";
    assert_false(prepared(c, &t, p, ROLE(officer), &r));
    assert_string_equal(r.fields[0].field, "checklist");
    shian_txn_abort(&t);
}


/* ---- the year -------------------------------------------------------------*/

static void
a_finished_year_has_a_level(void **state)
{
    city_t                  *c = &((world_t *) *state)->city;
    Shian__Operation        *op;
    Shian__EvaluationClose  *e;
    Shian__EvaluationSet    *s;

    /* 100 % and 50 %: 75 % is B.  What does not apply is left out. */
    assert_int_equal(city_do(c, visit(c, "L1+ L2+ P1o", "")), 200);
    c->now += DAY_MS;
    assert_int_equal(city_do(c, visit(c, "L1+ L2-", "m")), 200);

    op = by(c, ROLE(admin), 0, 0);
    e = CITY_BODY(c, op, EVALUATION_CLOSE, evaluation_close,
                  Shian__EvaluationClose, shian__evaluation_close__init);
    e->has_venue = e->has_year = 1;
    e->venue = 1;
    e->year = 2025;
    assert_int_equal(city_do(c, op), 422);

    c->now += 60 * DAY_MS;
    op->at = c->now;
    assert_int_equal(city_do(c, op), 200);
    assert_int_equal(tally(c)->n_evaluations, 1);
    assert_int_equal(tally(c)->evaluations[0]->level,
                     SHIAN__EVALUATION__LEVEL__B);
    assert_int_equal(tally(c)->evaluations[0]->share, 7500);
    assert_int_equal(tally(c)->evaluations[0]->inspections, 2);

    /* A recorded one wins. */
    op = by(c, ROLE(officer), OFFICER, 0);
    s = CITY_BODY(c, op, EVALUATION_SET, evaluation_set,
                  Shian__EvaluationSet, shian__evaluation_set__init);
    s->has_venue = 1;
    s->venue = 1;
    s->evaluation = shian_zalloc(&c->arena, sizeof(*s->evaluation));
    shian__evaluation__init(s->evaluation);
    s->evaluation->has_year = s->evaluation->has_level = 1;
    s->evaluation->year = 2025;
    s->evaluation->level = SHIAN__EVALUATION__LEVEL__A;
    s->evaluation->source = "市局";
    assert_int_equal(city_do(c, op), 200);
    assert_int_equal(tally(c)->n_evaluations, 1);
    assert_string_equal(tally(c)->evaluations[0]->source, "市局");
}


int
main(void)
{
#define T(f)  cmocka_unit_test_setup_teardown(f, setup, teardown)

    const struct CMUnitTest  tests[] = {
        T(a_clean_visit_makes_green),
        T(on_site_ends_at_200_metres_and_the_accuracy),
        T(off_site_counts_when_it_is_confirmed),
        T(rejected_off_site_leaves_nothing),
        T(a_rejected_visit_is_undone),
        T(haste_is_flagged),
        T(speed_between_check_ins_is_flagged),
        T(a_photo_used_before_is_flagged),
        T(a_finding_is_not_doubled_and_a_pass_verifies_it),
        T(a_late_visit_does_not_verify),
        T(rectification_lifts_a_colour),
        T(a_deadline_is_extended_once),
        T(overdue_costs_more_the_day_after),
        T(bad_visits_are_refused),
        T(the_same_visit_twice_is_one),
        T(answers_are_completed_by_the_checklist),
        T(every_wrong_answer_is_named),
        T(a_finished_year_has_a_level),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, NULL, NULL);
}
