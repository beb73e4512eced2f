/*
 * What a complainant is shown: every state, only what is theirs to know.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "complaints.h"
#include "domain/view_track.h"
#include "render/json.h"


static Shian__TrackView *
track(world_t *w, uint64_t id)
{
    shian_txn_t        t;
    shian_workdays_t   days;
    Shian__TrackView  *view;

    shian_workdays_default(&days);
    read_txn(&w->city, &t);
    view = shian_view_track(&t, &w->city.keys, &days, "/t/X", id,
                            w->city.now);
    shian_txn_abort(&t);

    return view;
}


static bool
may(const Shian__TrackView *view, const char *action)
{
    size_t  i;

    for (i = 0; i < view->n_actions; i++) {
        if (strcmp(view->actions[i], action) == 0) {
            return true;
        }
    }

    return false;
}


static bool
told(const Shian__TrackView *view, const char *what)
{
    size_t  i;

    for (i = 0; i < view->n_events; i++) {
        if (strcmp(view->events[i]->what, what) == 0) {
            return true;
        }
    }

    return false;
}


/* Nothing of the view, in any field, says this. */
static void
assert_silent(world_t *w, const Shian__TrackView *view, const char *words)
{
    shian_buf_t  b;

    shian_buf_init(&b, &w->city.arena);
    assert_true(shian_json_write(&view->base, &b.sink));
    shian_putc(&b.sink, '\0');
    assert_null(strstr((char *) b.p, words));
}


static void
it_shows_what_was_written_and_by_when(void **state)
{
    world_t           *w = *state;
    Shian__TrackView  *view;

    assert_null(track(w, 1));
    assert_int_equal(file(&w->city, filing(&w->city, FILE_AS(both), 1)),
                     200);
    view = track(w, 1);
    assert_string_equal(view->text, WORDS);
    assert_int_equal(view->state, CSTATE(received));
    assert_int_equal(view->due_on, shian_day_from_civil(2025, 12, 2));
    assert_int_equal(view->days_left, 7);
    assert_true(view->working_days);
    assert_true(view->has_look_due_at);
    assert_string_equal(view->category_text_en, "Something in the food");
    assert_int_equal(view->linked->id, 2);
    assert_true(may(view, "add") && may(view, "withdraw"));
    assert_false(may(view, "rate") || may(view, "reopen"));
    assert_silent(w, view, NAME);
    assert_silent(w, view, CONTACT);
}


static void
it_tells_steps_and_no_names(void **state)
{
    world_t           *w = *state;
    Shian__Operation  *op;
    Shian__TrackView  *view;

    assert_int_equal(file(&w->city, filing(&w->city, FILE_AS(complaint), 1)),
                     200);
    op = step(&w->city, 1, STEP(note));
    op->complaint_step->text = "the usual suspect";
    assert_int_equal(take(&w->city, op), 200);
    op = step(&w->city, 1, STEP(release));
    op->complaint_step->text = "有人反映";
    assert_int_equal(take(&w->city, op), 200);
    assert_int_equal(follow(&w->city, 1, FOLLOW(add), "还有小票", 0), 200);
    assert_int_equal(look_at_contact(&w->city, 1, ROLE(officer), OFFICER),
                     200);

    /* Refused: nobody has it yet. */
    view = track(w, 1);
    assert_false(told(view, "note") || told(view, "release"));
    assert_silent(w, view, "the usual suspect");
    assert_silent(w, view, "\"user\"");
    assert_string_equal(view->released, "有人反映");
    assert_int_equal(view->n_events, 2);
    assert_string_equal(view->events[1]->what, "add");
    assert_string_equal(view->events[1]->text, "还有小票");
    assert_int_equal(view->events[1]->n_photos, 1);

    work_through(&w->city, 1);
    assert_int_equal(look_at_contact(&w->city, 1, ROLE(officer), OFFICER),
                     200);
    view = track(w, 1);
    assert_true(told(view, "look"));
    assert_true(told(view, "check_in") && told(view, "report"));
    assert_silent(w, view, "按规定办理");
    assert_false(view->working_days);
    assert_false(view->has_look_due_at);
    assert_true(may(view, "withdraw"));

    assert_int_equal(take(&w->city, decision(&w->city, 1,
                              SHIAN__OUTCOME__KIND__unsubstantiated)), 200);
    view = track(w, 1);
    assert_string_equal(view->public_text, "经查属实，已责令整改。");
    assert_false(view->has_due_on);
    assert_false(may(view, "withdraw"));
}


static void
an_end_may_be_rated_and_questioned_once(void **state)
{
    world_t           *w = *state;
    Shian__TrackView  *view;

    assert_int_equal(file(&w->city, filing(&w->city, FILE_AS(complaint), 1)),
                     200);
    work_through(&w->city, 1);
    assert_int_equal(take(&w->city, decision(&w->city, 1,
                              SHIAN__OUTCOME__KIND__unsubstantiated)), 200);
    assert_int_equal(take(&w->city, step(&w->city, 1, STEP(close))), 200);
    view = track(w, 1);
    assert_true(may(view, "rate") && may(view, "reopen"));
    assert_int_equal(view->reopen_until, today(&w->city) + 30);

    assert_int_equal(follow(&w->city, 1, FOLLOW(rate), NULL, 2), 200);
    view = track(w, 1);
    assert_int_equal(view->rating, 2);
    assert_false(may(view, "rate"));

    w->city.now += 31 * UINT64_C(86400000);
    assert_false(may(track(w, 1), "reopen"));
    w->city.now -= 31 * UINT64_C(86400000);
    assert_int_equal(follow(&w->city, 1, FOLLOW(reopen), "不对", 0), 200);
    view = track(w, 1);
    assert_int_equal(view->state, CSTATE(accepted));
    assert_false(view->has_reopen_until);
}


static void
refusals_give_their_reason_and_the_erased_nothing(void **state)
{
    world_t           *w = *state;
    Shian__Operation  *op;
    Shian__TrackView  *view;

    assert_int_equal(file(&w->city, filing(&w->city, FILE_AS(complaint), 1)),
                     200);
    op = step(&w->city, 1, STEP(refuse));
    op->complaint_step->has_ground = 1;
    op->complaint_step->ground = SHIAN__COMPLAINT__GROUND__not_ours;
    assert_int_equal(take(&w->city, op), 200);
    view = track(w, 1);
    assert_int_equal(view->ground, SHIAN__COMPLAINT__GROUND__not_ours);
    assert_int_equal(view->n_actions, 0);
    assert_string_equal(view->events[1]->text, "按规定办理");

    assert_int_equal(erase(&w->city, 1), 200);
    view = track(w, 1);
    assert_true(view->erased);
    assert_null(view->text);
    assert_silent(w, view, WORDS);
}


static void
only_what_this_device_sent_is_suggested(void **state)
{
    uint8_t            device[16] = { 1 };
    world_t           *w = *state;
    shian_str_t        id = shian_slice(device, sizeof(device));
    shian_txn_t        t;
    Shian__FiledItem  *own[2];

    assert_int_equal(file(&w->city, filing(&w->city, FILE_AS(report), 1)),
                     200);
    assert_int_equal(file(&w->city, filing(&w->city, FILE_AS(report), 2)),
                     200);
    read_txn(&w->city, &t);
    assert_int_equal(shian_view_own(&t, id, 1, w->city.now, own, 2), 1);
    assert_int_equal(own[0]->id, 1);
    assert_int_equal(shian_view_own(&t, id, 2, w->city.now, own, 2), 0);
    assert_int_equal(shian_view_own(&t, id, 1, w->city.now
                                    + SHIAN_DUPLICATE_MS + 1000, own, 2), 0);
    device[0] = 3;
    assert_int_equal(shian_view_own(&t, id, 1, w->city.now, own, 2), 0);
    shian_txn_abort(&t);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
#define TEST(f)  cmocka_unit_test_setup_teardown(f, setup, teardown)
        TEST(it_shows_what_was_written_and_by_when),
        TEST(it_tells_steps_and_no_names),
        TEST(an_end_may_be_rated_and_questioned_once),
        TEST(refusals_give_their_reason_and_the_erased_nothing),
        TEST(only_what_this_device_sent_is_suggested),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, NULL, NULL);
}
