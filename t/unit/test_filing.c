/*
 * A filing counts once and has one case; what was decided wrongly is taken
 * back by a step beside it, and the grade follows; who had part in a grade
 * does not decide the appeal against it.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "derive.h"
#include "domain/filing.h"
#include "domain/safeguard.h"

#define KSTATE(name)  SHIAN__CASE__STATE__##name
#define CASE(name)    SHIAN__CASE_STEP__ACTION__##name


static Shian__Operation *
open_case(city_t *c, uint64_t about, uint64_t visited)
{
    Shian__Operation  *op = by(c, ROLE(officer), OFFICER, 0);
    Shian__CaseOpen   *n;

    n = CITY_BODY(c, op, CASE_OPEN, case_open, Shian__CaseOpen,
                  shian__case_open__init);
    n->has_venue = 1;
    n->venue = 1;
    n->has_complaint = about != 0;
    n->complaint = about;
    n->has_inspection = visited != 0;
    n->inspection = visited;

    return op;
}


static Shian__Operation *
case_step(city_t *c, uint64_t id, Shian__CaseStep__Action action)
{
    Shian__Operation  *op = by(c, ROLE(officer), OFFICER, 0);
    Shian__CaseStep   *s;

    s = CITY_BODY(c, op, CASE_STEP, case_step, Shian__CaseStep,
                  shian__case_step__init);
    s->has_case_id = s->has_action = s->has_penalty = 1;
    s->case_id = id;
    s->action = action;
    s->penalty = action == CASE(decide);
    s->document_no = "甬市监罚〔2026〕7号";
    s->text = "罚款五千元。";
    s->has_published = s->published = 1;

    return op;
}


static Shian__Case *
case_of(city_t *c, uint64_t id)
{
    shian_txn_t   t;
    Shian__Case  *k;

    read_txn(c, &t);
    k = shian_case_get(&t, id);
    shian_txn_abort(&t);
    assert_non_null(k);

    return k;
}


static int
merge(city_t *c, uint64_t id, uint64_t into)
{
    Shian__Operation  *op = step(c, id, STEP(merge));

    op->complaint_step->has_into = 1;
    op->complaint_step->into = into;

    return take(c, op);
}


/* ---- counting -------------------------------------------------------------*/

/* decisions 13: both halves substantiated weigh once, from the first. */
static void
both_halves_count_once(void **state)
{
    city_t  *c = &((world_t *) *state)->city;

    assert_int_equal(city_do(c, visit(c, "L1+", "")), 200);
    assert_int_equal(file(c, filing(c, FILE_AS(both), 1)), 200);
    c->now += MINUTE;
    find_substantiated(c, 2);
    assert_grade(c, green, 9000);
    c->now += DAY_MS;
    find_substantiated(c, 1);
    assert_int_equal(tally(c)->complaints_substantiated, 1);
    assert_true(tally(c)->grade->score >= 9000);
    assert_true(complaint(c, 2)->counts);
    assert_false(complaint(c, 1)->counts);

    /* The first falls: the second is the one it counts by. */
    assert_int_equal(correct_complaint(c, 2), 200);
    assert_true(complaint(c, 1)->counts);
    assert_grade(c, green, 9000);
    assert_int_equal(correct_complaint(c, 1), 200);
    assert_int_equal(tally(c)->complaints_substantiated, 0);
    assert_int_equal(tally(c)->grade->score, 10000);
}


/* decisions 13: a merged one counts with what it was merged into. */
static void
merged_ones_count_with_their_head(void **state)
{
    city_t  *c = &((world_t *) *state)->city;

    assert_int_equal(city_do(c, visit(c, "L1+", "")), 200);
    assert_int_equal(file(c, filing(c, FILE_AS(both), 1)), 200);
    assert_int_equal(file(c, filing(c, FILE_AS(complaint), 2)), 200);
    c->now += MINUTE;
    assert_int_equal(merge(c, 1, 3), 200);
    find_substantiated(c, 2);
    find_substantiated(c, 3);
    assert_int_equal(tally(c)->complaints_substantiated, 1);

    /* The merge was wrong: then they are two. */
    c->now += MINUTE;
    assert_int_equal(correct_complaint(c, 1), 200);
    assert_int_equal(complaint(c, 1)->state, CSTATE(received));
    assert_false(complaint(c, 1)->has_merged_into);
    assert_int_equal(tally(c)->complaints_substantiated, 2);
    assert_int_equal(tally(c)->grade->score, 8000);
}


/* faults A8, G2: two places in words are two; a report is no complaint. */
static void
only_one_of_its_kind_at_its_venue_is_merged(void **state)
{
    int                i;
    city_t            *c = &((world_t *) *state)->city;
    Shian__Operation  *op;

    for (i = 1; i <= 2; i++) {
        op = filing(c, FILE_AS(complaint), (uint64_t) i);
        op->complaint_post->has_venue = 0;
        op->complaint_post->has_place = 1;
        op->complaint_post->place = text(i == 1 ? "东门夜市" : "西门夜市");
        op->complaint_post->district = "锦屏";
        assert_int_equal(file(c, op), 200);
    }

    assert_int_equal(merge(c, 1, 2), 422);
    assert_int_equal(file(c, filing(c, FILE_AS(report), 3)), 200);
    assert_int_equal(file(c, filing(c, FILE_AS(complaint), 4)), 200);
    assert_int_equal(merge(c, 3, 4), 422);
    assert_int_equal(merge(c, 4, 4), 422);
}


/* ---- cases ----------------------------------------------------------------*/

/* faults G3: one case for a filing, in whatever state; one number a case. */
static void
a_filing_has_one_case(void **state)
{
    city_t            *c = &((world_t *) *state)->city;
    Shian__Operation  *op;

    assert_int_equal(city_do(c, visit(c, "L1+", "")), 200);
    assert_int_equal(file(c, filing(c, FILE_AS(both), 1)), 200);
    c->now += MINUTE;
    find_substantiated(c, 1);
    find_substantiated(c, 2);
    assert_int_equal(city_do(c, open_case(c, 1, 0)), 200);
    assert_int_equal(city_do(c, open_case(c, 1, 0)), 409);
    assert_int_equal(city_do(c, open_case(c, 2, 0)), 409);
    assert_int_equal(c->item[0].result.id, 1);
    assert_int_equal(city_do(c, case_step(c, 1, CASE(decide))), 200);
    assert_grade(c, yellow, 6500);
    assert_int_equal(city_do(c, case_step(c, 1, CASE(close))), 200);
    assert_int_equal(city_do(c, open_case(c, 2, 0)), 409);

    /* Of a visit likewise. */
    assert_int_equal(city_do(c, open_case(c, 0, 1)), 200);
    assert_int_equal(city_do(c, open_case(c, 0, 1)), 409);

    /* The same number in other widths and brackets. */
    op = case_step(c, 2, CASE(decide));
    op->case_step->document_no = "甬市监罚(２０２６) 7号";
    assert_int_equal(city_do(c, op), 422);
    assert_string_equal(c->item[0].report.fields[0].code, "duplicate");
    op = case_step(c, 2, CASE(decide));
    op->case_step->document_no = "甬市监罚〔2026〕8号";
    assert_int_equal(city_do(c, op), 200);
}


/* A chief takes it away: its penalty, its text, and its place. */
static void
a_case_is_corrected_away(void **state)
{
    city_t            *c = &((world_t *) *state)->city;
    Shian__Operation  *op;

    assert_int_equal(city_do(c, visit(c, "L1+", "")), 200);
    assert_int_equal(file(c, filing(c, FILE_AS(report), 1)), 200);
    c->now += MINUTE;
    find_substantiated(c, 1);
    assert_int_equal(city_do(c, open_case(c, 1, 0)), 200);
    assert_int_equal(city_do(c, case_step(c, 1, CASE(decide))), 200);
    assert_grade(c, yellow, 6500);

    c->now += MINUTE;
    op = case_step(c, 1, CASE(correct));
    assert_int_equal(city_do(c, op), 403);
    op = case_step(c, 1, CASE(correct));
    op->actor->role = ROLE(chief);
    op->actor->user = CHIEF;
    op->case_step->text = NULL;
    assert_int_equal(city_do(c, op), 422);
    op->case_step->text = "处罚对象有误";
    assert_int_equal(city_do(c, op), 200);
    assert_int_equal(case_of(c, 1)->state, KSTATE(corrected));
    assert_string_equal(case_of(c, 1)->text, "罚款五千元。");
    assert_int_equal(tally(c)->grade->score, 9000);
    assert_int_equal(city_do(c, op), 409);

    /* Another one may be opened; the number stays used. */
    assert_int_equal(city_do(c, open_case(c, 1, 0)), 200);
    assert_int_equal(city_do(c, case_step(c, 2, CASE(decide))), 422);
}


/* ---- corrections ----------------------------------------------------------*/

static void
a_refusal_is_corrected(void **state)
{
    city_t            *c = &((world_t *) *state)->city;
    Shian__Operation  *op;
    int32_t            due;

    assert_int_equal(file(c, filing(c, FILE_AS(complaint), 1)), 200);
    due = complaint(c, 1)->due_on;
    c->now += DAY_MS;
    op = step(c, 1, STEP(refuse));
    op->complaint_step->has_ground = 1;
    op->complaint_step->ground = SHIAN__COMPLAINT__GROUND__not_ours;
    assert_int_equal(take(c, op), 200);
    assert_int_equal(take(c, step(c, 1, STEP(correct))), 403);
    c->now += DAY_MS;
    assert_int_equal(correct_complaint(c, 1), 200);

    assert_int_equal(complaint(c, 1)->state, CSTATE(received));
    assert_false(complaint(c, 1)->has_ground);
    assert_false(complaint(c, 1)->has_ended_at);
    /* What was wrong at the bureau gives it no time. */
    assert_int_equal(complaint(c, 1)->due_on, due);
    assert_int_equal(complaint(c, 1)->events, 3);
    work_through(c, 1);
}


static void
a_decision_is_corrected_and_made_again(void **state)
{
    city_t  *c = &((world_t *) *state)->city;

    assert_int_equal(city_do(c, visit(c, "L2+", "")), 200);
    assert_int_equal(file(c, filing(c, FILE_AS(report), 1)), 200);
    c->now += MINUTE;
    work_through(c, 1);
    assert_int_equal(decide_with(c, 1, "L1"), 200);
    assert_int_equal(tally(c)->findings_open, 1);
    c->now += DAY_MS;
    assert_int_equal(correct_complaint(c, 1), 200);
    assert_int_equal(complaint(c, 1)->state, CSTATE(reported));
    assert_int_equal(tally(c)->findings_open, 0);
    assert_int_equal(tally(c)->grade->score, 10000);
    assert_int_equal(correct_complaint(c, 1), 409);
    assert_int_equal(decide_with(c, 1, NULL), 200);
    assert_int_equal(complaint(c, 1)->state, CSTATE(unsubstantiated));
}


/* The second decision was wrong: then the first one stands as it stood. */
static void
a_corrected_second_decision_leaves_the_first(void **state)
{
    int      i;
    city_t  *c = &((world_t *) *state)->city;

    assert_int_equal(city_do(c, visit(c, "L2+", "")), 200);
    assert_int_equal(file(c, filing(c, FILE_AS(complaint), 1)), 200);
    c->now += MINUTE;
    work_through(c, 1);
    assert_int_equal(decide_with(c, 1, "L1"), 200);

    for (i = 0; i < 2; i++) {
        c->now += DAY_MS;

        if (i == 0) {
            close_and_reopen(c, 1);
        }

        /* In turn: nothing was found, and L3 as well. */
        assert_int_equal(decide_with(c, 1, i == 0 ? NULL : "L3"), 200);
        assert_int_equal(tally(c)->findings_open, i == 0 ? 0 : 2);
        c->now += MINUTE;
        assert_int_equal(correct_complaint(c, 1), 200);
        assert_int_equal(complaint(c, 1)->state, CSTATE(reported));
        assert_int_equal(complaint(c, 1)->outcome,
                         SHIAN__OUTCOME__KIND__substantiated);
        assert_int_equal(complaint(c, 1)->n_found, 1);
        assert_int_equal(tally(c)->findings_open, 1);
        assert_int_equal(tally(c)->complaints_substantiated, 1);
        assert_int_equal(finding(c, 1)->state, FSTATE(open));
        assert_int_equal(finding(c, 1)->opened_at,
                         complaint(c, 1)->decided_at);
    }

    assert_int_equal(complaint(c, 1)->n_decisions, 3);
}


/* Whatever the other half says: it counts from what still stands. */
static void
a_corrected_decision_counts_no_longer(void **state)
{
    int      i;
    city_t  *c = &((world_t *) *state)->city;

    assert_int_equal(city_do(c, visit(c, "L1+", "")), 200);
    assert_int_equal(file(c, filing(c, FILE_AS(both), 1)), 200);
    c->now += MINUTE;
    find_substantiated(c, 2);
    c->now += DAY_MS;
    find_substantiated(c, 1);
    c->now += DAY_MS;
    close_and_reopen(c, 2);
    close_and_reopen(c, 1);

    for (i = 2; i > 0; i--) {
        c->now += 10 * DAY_MS;
        assert_int_equal(decide_with(c, (uint64_t) i, ""), 200);
    }

    i = (int) tally(c)->grade->score;
    c->now += MINUTE;
    assert_int_equal(correct_complaint(c, 2), 200);
    assert_true(complaint(c, 2)->counts);
    assert_true((int) tally(c)->grade->score > i);
}


/* faults A1: a chief's word about an inspection, beside the officer's. */
static void
an_inspection_decision_is_corrected(void **state)
{
    city_t            *c = &((world_t *) *state)->city;
    Shian__Operation  *op;

    assert_int_equal(city_do(c, odd(visit(c, "L1-", "M"), 15 * MINUTE)),
                     200);
    assert_int_equal(correct_visit(c, 1), 409);
    decide(c, 1, "reject", 200);
    assert_int_equal(last_visit(c), 0);
    c->now += 20 * DAY_MS;
    op = by(c, ROLE(officer), OFFICER, 0);
    CITY_BODY(c, op, INSPECTION_DECIDE, inspection_decide,
              Shian__InspectionDecide, shian__inspection_decide__init)
        ->has_venue = 1;
    op->inspection_decide->venue = 1;
    op->inspection_decide->has_inspection = 1;
    op->inspection_decide->inspection = 1;
    op->inspection_decide->has_action = 1;
    op->inspection_decide->action = SHIAN__INSPECTION_DECIDE__ACTION__correct;
    op->inspection_decide->reason = "我弄错了";
    assert_int_equal(city_do(c, op), 403);

    assert_int_equal(correct_visit(c, 1), 200);
    assert_int_equal(inspection(c, 1)->state, ISTATE(confirmed));
    assert_int_equal(finding(c, 1)->state, FSTATE(open));
    assert_int_equal(last_visit(c), inspection(c, 1)->ended_at);
    /* It counts late: the venue has as many days as any. */
    assert_int_equal(finding(c, 1)->deadline_on, today(c) + 7);
    assert_int_equal(inspection(c, 1)->n_steps, 2);
    assert_int_equal(inspection(c, 1)->steps[0]->by, OFFICER);
    assert_int_equal(inspection(c, 1)->steps[1]->by, CHIEF);

    assert_int_equal(correct_visit(c, 1), 200);
    assert_int_equal(inspection(c, 1)->state, ISTATE(rejected));
    assert_int_equal(finding(c, 1)->state, FSTATE(void));
}


static void
a_removal_of_a_review_is_corrected(void **state)
{
    city_t               *c = &((world_t *) *state)->city;
    shian_txn_t           t;
    Shian__Review        *r;
    Shian__Operation     *op;
    Shian__ReviewDecide  *d;

    assert_int_equal(city_do(c, city_review(c, 1, 1, NULL, 1, 1)), 200);
    assert_int_equal(tally(c)->reviews, 1);

    op = by(c, ROLE(officer), OFFICER, 0);
    d = CITY_BODY(c, op, REVIEW_DECIDE, review_decide, Shian__ReviewDecide,
                  shian__review_decide__init);
    d->has_review = d->has_action = d->has_reason = 1;
    d->review = 1;
    d->action = SHIAN__REVIEW_DECIDE__ACTION__remove;
    d->reason = SHIAN__REVIEW__GROUND__abuse;
    assert_int_equal(city_do(c, op), 200);
    assert_int_equal(tally(c)->reviews, 0);

    d->action = SHIAN__REVIEW_DECIDE__ACTION__publish;
    d->text = "误删";
    assert_int_equal(city_do(c, op), 403);
    op->actor->role = ROLE(chief);
    op->actor->user = CHIEF;
    d->text = NULL;
    assert_int_equal(city_do(c, op), 422);
    d->text = "误删";
    assert_int_equal(city_do(c, op), 200);
    assert_int_equal(tally(c)->reviews, 1);
    assert_int_equal(tally(c)->reviews_removed, 0);

    read_txn(c, &t);
    r = shian_review_get(&t, 1);
    shian_txn_abort(&t);
    assert_int_equal(r->n_steps, 2);
    assert_int_equal(r->steps[0]->ground, SHIAN__REVIEW__GROUND__abuse);
    assert_string_equal(r->steps[1]->reason, "误删");
}


/* ---- appeals: faults A3 ---------------------------------------------------*/

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


static int
answer(city_t *c, uint64_t user, Shian__AppealDecide__Action action)
{
    Shian__Operation     *op = by(c, ROLE(officer), user, 0);
    Shian__AppealDecide  *d;

    d = CITY_BODY(c, op, APPEAL_DECIDE, appeal_decide, Shian__AppealDecide,
                  shian__appeal_decide__init);
    d->has_appeal = d->has_action = 1;
    d->appeal = 1;
    d->action = action;
    d->text = "证据充分";

    return city_do(c, op);
}


/* A change of the score is no change of the grade. */
static void
a_new_score_is_no_new_grade(void **state)
{
    city_t  *c = &((world_t *) *state)->city;

    assert_int_equal(city_do(c, visit(c, "L1- L2- L3-", "MmC")), 200);
    assert_grade(c, red, 6900);
    c->now += 5 * DAY_MS;
    assert_int_equal(city_do(c, appeal_file(c)), 200);
    assert_int_equal(answer(c, OTHER, SHIAN__APPEAL_DECIDE__ACTION__reject),
                     200);

    /* Another score, by a complaint; the colour stays. */
    c->now += DAY_MS;
    assert_int_equal(file(c, filing(c, FILE_AS(report), 1)), 200);
    find_substantiated(c, 1);
    assert_int_equal(tally(c)->grade->colour, COLOUR(red));
    assert_int_equal(city_do(c, appeal_file(c)), 409);
    c->now += 30 * DAY_MS;
    assert_int_equal(city_do(c, appeal_file(c)), 409);
}


/* Whoever decided a complaint, or opened a finding by it, has had part. */
static void
deciders_have_had_part(void **state)
{
    city_t  *c = &((world_t *) *state)->city;

    assert_int_equal(city_do(c, visit(c, "L2+", "")), 200);
    assert_int_equal(file(c, filing(c, FILE_AS(report), 1)), 200);
    c->now += MINUTE;
    work_through(c, 1);
    assert_int_equal(decide_with(c, 1, "L1"), 200);
    assert_grade(c, yellow, 8200);
    c->now += DAY_MS;
    assert_int_equal(city_do(c, appeal_file(c)), 200);
    assert_int_equal(answer(c, OFFICER, SHIAN__APPEAL_DECIDE__ACTION__uphold),
                     403);
    assert_string_equal(c->item[0].report.code, "took_part");
    assert_int_equal(answer(c, OTHER, SHIAN__APPEAL_DECIDE__ACTION__reject),
                     200);
}


/* Of a case likewise, although the last operation was another's. */
static void
who_decided_a_case_has_had_part(void **state)
{
    city_t            *c = &((world_t *) *state)->city;
    Shian__Operation  *op;

    assert_int_equal(city_do(c, visit(c, "L1+", "")), 200);
    c->now += DAY_MS;
    assert_int_equal(city_do(c, open_case(c, 0, 1)), 200);
    op = case_step(c, 1, CASE(decide));
    op->actor->user = OTHER;
    assert_int_equal(city_do(c, op), 200);
    assert_grade(c, yellow, 7500);
    c->now += DAY_MS;
    assert_int_equal(city_do(c, appeal_file(c)), 200);
    assert_int_equal(answer(c, OFFICER, SHIAN__APPEAL_DECIDE__ACTION__reject),
                     403);
    assert_int_equal(answer(c, OTHER, SHIAN__APPEAL_DECIDE__ACTION__reject),
                     403);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
#define TEST(f)  cmocka_unit_test_setup_teardown(f, setup_more, teardown)
        TEST(both_halves_count_once),
        TEST(merged_ones_count_with_their_head),
        TEST(only_one_of_its_kind_at_its_venue_is_merged),
        TEST(a_filing_has_one_case),
        TEST(a_case_is_corrected_away),
        TEST(a_refusal_is_corrected),
        TEST(a_decision_is_corrected_and_made_again),
        TEST(a_corrected_second_decision_leaves_the_first),
        TEST(a_corrected_decision_counts_no_longer),
        TEST(an_inspection_decision_is_corrected),
        TEST(a_removal_of_a_review_is_corrected),
        TEST(a_new_score_is_no_new_grade),
        TEST(deciders_have_had_part),
        TEST(who_decided_a_case_has_had_part),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, NULL, NULL);
}
