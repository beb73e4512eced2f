/*
 * What entries of the log tell staff, and whom.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "visits.h"
#include "domain/complaint.h"
#include "domain/event.h"
#include "render/json.h"
#include "render/lang.h"

static const char  secret[] = "the soup was cold";

static int
set_up(void **state)
{
    static city_t  city;

    city_open(&city, 7, CITY_MAP);
    *state = &city;

    return 0;
}


static int
tear_down(void **state)
{
    city_close(*state);

    return 0;
}


static shian_txn_t *
look(city_t *c)
{
    static shian_txn_t  t;

    assert_int_equal(shian_txn_begin(c->store, &c->arena, false, &t), 0);

    return &t;
}


static uint64_t
head_of(shian_txn_t *t)
{
    shian_head_t  h;

    shian_log_head(t, &h);

    return h.seq;
}


static uint64_t
head(city_t *c)
{
    uint64_t      seq;
    shian_txn_t  *t = look(c);

    seq = head_of(t);
    shian_txn_abort(t);

    return seq;
}


/* The event of the last entry, or NULL. */
static Shian__Event *
last(city_t *c)
{
    uint64_t        seq = head(c);
    shian_txn_t    *t = look(c);
    Shian__Entry   *e;
    Shian__Event   *event;

    e = shian_log_get(t, seq);
    assert_non_null(e);
    event = shian_event(t, e);
    assert_int_equal(t->err, 0);
    assert_true(event == NULL || event->id == seq);
    shian_txn_abort(t);

    return event;
}


static uint64_t
venue(city_t *c, const char *name, const char *district)
{
    Shian__Operation  *op = city_venue(c, name);

    op->venue_upsert->venue->district = (char *) district;
    op->venue_upsert->venue->address = (char *) name;
    assert_int_equal(city_do(c, op), 200);

    return c->item[0].result.id;
}


static Shian__Operation *
review(city_t *c, uint64_t at, bool hold)
{
    static uint64_t    scans;
    Shian__Operation  *op;

    scans++;
    op = city_review(c, at, 2, secret, scans, scans);
    op->review_post->has_hold = 1;
    op->review_post->hold = hold;

    return op;
}


static void
graded(city_t *c, uint64_t at)
{
    Shian__Operation   *op;
    Shian__Inspection  *in;

    op = city_operation(c, ROLE(admin), 0);
    in = shian_zalloc(&c->arena, sizeof(*in));
    shian__inspection__init(in);
    in->has_venue = in->has_on = in->has_score = 1;
    in->venue = at;
    in->on = shian_local_day(c->now, SHIAN_TZ_MINUTES) - 1;
    in->score = 100;
    CITY_BODY(c, op, INSPECTION_IMPORT, inspection_import,
              Shian__InspectionImport,
              shian__inspection_import__init)->inspection = in;
    assert_int_equal(city_do(c, op), 200);
}


static void
status(city_t *c, uint64_t at, Shian__Venue__Status to)
{
    Shian__Operation    *op;
    Shian__VenueStatus  *body;

    op = city_operation(c, ROLE(chief), 0);
    body = CITY_BODY(c, op, VENUE_STATUS, venue_status,
                     Shian__VenueStatus, shian__venue_status__init);
    body->has_venue = body->has_status = 1;
    body->venue = at;
    body->status = to;
    c->now += 1000;
    op->at = c->now;
    assert_int_equal(city_do(c, op), 200);
}


static void
a_held_review_is_told(void **state)
{
    uint64_t       v;
    shian_buf_t    json;
    city_t        *c = *state;
    Shian__Event  *event;

    v = venue(c, "Noodles", "North");
    assert_null(last(c));

    assert_int_equal(city_do(c, review(c, v, false)), 200);
    assert_null(last(c));

    assert_int_equal(city_do(c, review(c, v, true)), 200);
    event = last(c);
    assert_non_null(event);
    assert_string_equal(event->type, "review.held");
    assert_string_equal(event->state, "held");
    assert_string_equal(event->venue_name, "Noodles");
    assert_string_equal(event->district, "North");
    assert_int_equal(event->venue, v);
    assert_int_equal(event->record, 2);
    assert_int_equal(event->at, c->now);
    assert_string_equal(event->href, "/desk/reviews#review-2");
    assert_false(event->urgent);

    /* Nothing of who wrote it, nor of what. */
    shian_buf_init(&json, &c->arena);
    assert_true(shian_json_write(&event->base, &json.sink));
    shian_putc(&json.sink, '\0');
    assert_null(strstr((char *) json.p, "soup"));
    assert_null(strstr((char *) json.p, "device"));
    assert_null(strstr((char *) json.p, "text"));
}


/* One batch, one instant: the device tells them apart. */
static void
each_entry_has_its_own_review(void **state)
{
    size_t         i;
    uint64_t       v, seq;
    city_t        *c = *state;
    shian_txn_t   *t;
    Shian__Entry  *e;
    Shian__Event  *event;

    v = venue(c, "Noodles", NULL);
    seq = head(c);

    for (i = 0; i < 5; i++) {
        city_add(c, review(c, v, true));
    }

    assert_int_equal(city_run(c), 0);
    t = look(c);

    for (i = 0; i < 5; i++) {
        e = shian_log_get(t, seq + 1 + i);
        assert_non_null(e);
        event = shian_event(t, e);
        assert_non_null(event);
        assert_int_equal(event->record, c->item[i].result.id);
    }

    shian_txn_abort(t);
}


static void
a_flag_is_told(void **state)
{
    uint64_t            v, r;
    city_t             *c = *state;
    Shian__Event       *event;
    Shian__Operation   *op;
    Shian__ReviewFlag  *flag;

    v = venue(c, "Noodles", "North");
    assert_int_equal(city_do(c, review(c, v, false)), 200);
    r = c->item[0].result.id;

    op = city_operation(c, ROLE(venue), v);
    flag = CITY_BODY(c, op, REVIEW_FLAG, review_flag,
                     Shian__ReviewFlag, shian__review_flag__init);
    flag->has_review = 1;
    flag->review = r;
    flag->text = "never here";
    assert_int_equal(city_do(c, op), 200);

    event = last(c);
    assert_non_null(event);
    assert_string_equal(event->type, "review.flagged");
    assert_string_equal(event->state, "published");
    assert_int_equal(event->record, r);
}


static void
turning_red_is_told_once(void **state)
{
    uint64_t       v, seq;
    city_t        *c = *state;
    shian_txn_t   *t;
    Shian__Event  *event;

    v = venue(c, "Noodles", "North");
    graded(c, v);
    assert_null(last(c));

    status(c, v, SHIAN__VENUE__STATUS__suspended);
    seq = head(c);
    event = last(c);
    assert_non_null(event);
    assert_string_equal(event->type, "venue.red");
    assert_string_equal(event->state, "red");
    assert_int_equal(event->venue, v);
    assert_true(event->urgent);

    /* A bad review makes red no redder. */
    assert_int_equal(city_do(c, review(c, v, false)), 200);
    assert_null(last(c));

    /* What was told stays, with what became of it. */
    status(c, v, SHIAN__VENUE__STATUS__active);
    assert_null(last(c));
    t = look(c);
    event = shian_event(t, shian_log_get(t, seq));
    assert_non_null(event);
    assert_string_equal(event->state, "green");
    assert_false(event->urgent);
    shian_txn_abort(t);

    status(c, v, SHIAN__VENUE__STATUS__suspended);
    assert_non_null(last(c));
}


/* The last entry told this, of this record, which stands so. */
static void
told(city_t *c, const char *type, uint64_t record, const char *state)
{
    Shian__Event  *event = last(c);

    assert_non_null(event);
    assert_string_equal(event->type, type);
    assert_int_equal(event->record, record);
    assert_int_equal(event->venue, 1);
    assert_string_equal(event->district, "锦屏");

    if (state == NULL) {
        assert_null(event->state);
    } else {
        assert_string_equal(event->state, state);
    }
}


static void
inspections_are_told_where_staff_act(void **state)
{
    world_t               *w = *state;
    city_t                *c = &w->city;
    shian_txn_t           *t;
    Shian__Event          *event;
    Shian__Operation      *op;
    Shian__AppealFile     *appeal;
    Shian__InspectionReply  *reply;
    Shian__ReinspectionAsk  *ask;

    /* At the door, and nothing odd. */
    assert_int_equal(city_do(c, visit(c, "L1+ L2- P1-", "mM")), 200);
    assert_null(last(c));

    submit(c, 1, 200);
    told(c, "finding.submitted", 1, "submitted");
    op = finding_step(c, 1, SHIAN__FINDING_DECIDE__ACTION__verify);
    assert_int_equal(city_do(c, op), 200);
    assert_null(last(c));

    /* Far away. */
    c->now += 24 * 60 * MINUTE;
    op = visit(c, "L1+ L2-", "C");
    op->inspection_post->lat = LAT + 2000 * METRE;
    assert_int_equal(city_do(c, op), 200);
    told(c, "inspection.waiting", 2, "waiting");

    c->now += 24 * 60 * MINUTE;
    decide(c, 2, "confirm", 200);
    told(c, "venue.red", 0, "red");

    t = look(c);
    event = shian_event(t, shian_log_get(t, head_of(t) - 1));
    assert_non_null(event);
    assert_string_equal(event->state, "confirmed");
    shian_txn_abort(t);

    op = by(c, ROLE(venue), 0, 1);
    reply = CITY_BODY(c, op, INSPECTION_REPLY, inspection_reply,
                      Shian__InspectionReply, shian__inspection_reply__init);
    reply->has_venue = reply->has_inspection = 1;
    reply->venue = 1;
    reply->inspection = 2;
    reply->text = "never here";
    assert_int_equal(city_do(c, op), 200);
    told(c, "inspection.replied", 2, NULL);

    op = by(c, ROLE(venue), 0, 1);
    appeal = CITY_BODY(c, op, APPEAL_FILE, appeal_file, Shian__AppealFile,
                       shian__appeal_file__init);
    appeal->has_venue = 1;
    appeal->venue = 1;
    appeal->text = "never here";
    assert_int_equal(city_do(c, op), 200);
    told(c, "appeal.filed", 1, "filed");

    submit(c, 2, 200);
    submit(c, 3, 200);
    op = by(c, ROLE(venue), 0, 1);
    ask = CITY_BODY(c, op, REINSPECTION_ASK, reinspection_ask,
                    Shian__ReinspectionAsk, shian__reinspection_ask__init);
    ask->has_venue = 1;
    ask->venue = 1;
    ask->text = "please";
    assert_int_equal(city_do(c, op), 200);
    told(c, "reinspection.asked", 0, NULL);
}


/* What somebody wrote, about venue 1 or about no venue of the city. */
static Shian__Operation *
complaint(city_t *c, bool known, uint64_t device)
{
    shian_txn_t           *t;
    shian_report_t         report;
    Shian__Operation      *op;
    shian_workdays_t       days;
    Shian__ComplaintPost  *p;

    /* The bureau writes down what it was told. */
    op = device == 0 ? by(c, ROLE(officer), OFFICER, 0)
                     : city_operation(c, ROLE(public), 0);
    op->actor->has_device = device != 0;
    op->actor->device = shian_binary(shian_slice(
        memcpy(shian_zalloc(&c->arena, 16), &device, sizeof(device)), 16));

    p = CITY_BODY(c, op, COMPLAINT_POST, complaint_post,
                  Shian__ComplaintPost, shian__complaint_post__init);
    p->has_kind = p->has_text = p->has_name = p->has_contact = 1;
    p->kind = SHIAN__COMPLAINT_POST__KIND__both;
    p->category = "illness";
    p->text = shian_binary(shian_str(secret));
    p->name = shian_binary(shian_str("Wang"));
    p->contact = shian_binary(shian_str("13800138000"));
    p->has_venue = known;
    p->venue = known;
    p->has_place = !known;
    p->place = shian_binary(shian_str("the stall behind the station"));
    p->district = known ? NULL : "岳林";

    shian_workdays_default(&days);
    shian_report_init(&report);
    t = look(c);
    assert_true(shian_complaint_prepare(t, &days, op->at, p, &report));
    shian_txn_abort(t);

    return op;
}


static void
step(city_t *c, Shian__ComplaintStep__Action action)
{
    shian_txn_t           *t;
    shian_report_t         report;
    shian_workdays_t       days;
    Shian__Operation      *op = by(c, ROLE(officer), OFFICER, 0);
    Shian__ComplaintStep  *s;

    s = CITY_BODY(c, op, COMPLAINT_STEP, complaint_step,
                  Shian__ComplaintStep, shian__complaint_step__init);
    s->has_complaint = s->has_action = 1;
    s->complaint = 1;
    s->action = action;
    s->text = "never here";
    s->has_to = s->has_due_on = s->has_recommend = 1;
    s->to = OFFICER;
    s->due_on = shian_local_day(c->now, SHIAN_TZ_MINUTES) + 3;
    s->recommend = SHIAN__OUTCOME__KIND__unsubstantiated;
    s->has_lat = s->has_lng = 1;
    s->lat = LAT;
    s->lng = LNG;

    shian_workdays_default(&days);
    shian_report_init(&report);
    t = look(c);
    assert_true(shian_complaint_step_prepare(t, &days, op->at, s, &report));
    shian_txn_abort(t);
    assert_int_equal(city_do(c, op), 200);
}


/* What a stream of such a caller gets of the last entry. */
static void
seen_by(city_t *c, Shian__Role__Kind role, const char *type)
{
    uint64_t         seq = head(c);
    shian_txn_t     *t = look(c);
    Shian__Event    *event;
    shian_caller_t   caller;

    shian_caller_init(&caller);
    caller.actor.role = role;
    event = shian_event_at(t, seq, &caller, true);

    if (type == NULL) {
        assert_null(event);
    } else {
        assert_non_null(event);
        assert_string_equal(event->type, type);
    }

    event = shian_event_at(t, seq, &caller, false);
    assert_true(event == NULL || shian_event_is_news(event));
    shian_txn_abort(t);
}


static void
complaints_are_told_without_who_complained(void **state)
{
    size_t                   i;
    uint64_t                 seq, id;
    world_t                 *w = *state;
    city_t                  *c = &w->city;
    shian_buf_t              json;
    shian_txn_t             *t;
    Shian__Event            *event;
    Shian__Operation        *op;
    Shian__ComplaintFollow  *follow;

    /* One batch, one instant. */
    seq = head(c);
    city_add(c, complaint(c, true, 11));
    city_add(c, complaint(c, true, 12));
    city_add(c, complaint(c, false, 13));
    city_add(c, complaint(c, false, 0));
    city_add(c, complaint(c, false, 0));
    assert_int_equal(city_run(c), 0);

    t = look(c);

    for (i = 0; i < 5; i++) {
        assert_int_equal(c->item[i].report.status, 200);
        event = shian_event(t, shian_log_get(t, seq + 1 + i));
        assert_non_null(event);
        id = c->item[i].result.id;
        assert_int_equal(event->record, id);
        assert_string_equal(event->type, "complaint.received");
        assert_string_equal(event->state, "received");
        assert_string_equal(event->district, i < 2 ? "锦屏" : "岳林");
        assert_int_equal(event->has_venue, i < 2);
        assert_string_equal(event->href,
            shian_printf(&c->arena, "/desk/complaints/%d", (int) id));

        shian_buf_init(&json, &c->arena);
        assert_true(shian_json_write(&event->base, &json.sink));
        shian_putc(&json.sink, '\0');
        assert_null(strstr((char *) json.p, "soup"));
        assert_null(strstr((char *) json.p, "138"));
        assert_null(strstr((char *) json.p, "Wang"));
        assert_null(strstr((char *) json.p, "station"));
        assert_null(strstr((char *) json.p, "device"));
    }

    shian_txn_abort(t);

    step(c, SHIAN__COMPLAINT_STEP__ACTION__accept);
    assert_null(last(c));
    seen_by(c, ROLE(officer), "change");
    step(c, SHIAN__COMPLAINT_STEP__ACTION__dispatch);
    told(c, "complaint.dispatched", 1, "dispatched");
    step(c, SHIAN__COMPLAINT_STEP__ACTION__check_in);
    assert_null(last(c));
    step(c, SHIAN__COMPLAINT_STEP__ACTION__report);
    told(c, "complaint.reported", 1, "reported");

    op = city_operation(c, ROLE(public), 0);
    follow = CITY_BODY(c, op, COMPLAINT_FOLLOW, complaint_follow,
                       Shian__ComplaintFollow,
                       shian__complaint_follow__init);
    follow->has_complaint = follow->has_action = 1;
    follow->complaint = 1;
    follow->action = SHIAN__COMPLAINT_FOLLOW__ACTION__withdraw;
    assert_int_equal(city_do(c, op), 200);
    told(c, "complaint.followed", 1, "withdrawn");
    seen_by(c, ROLE(officer), "complaint.followed");
    seen_by(c, ROLE(inspector), "change");
    seen_by(c, ROLE(media), NULL);
}


static void
people_see_what_is_theirs(void **state)
{
    char           *north[] = { "South", "North" };
    Shian__User     all = SHIAN__USER__INIT;
    Shian__User     some = SHIAN__USER__INIT;
    Shian__Event    review_held = SHIAN__EVENT__INIT;
    Shian__Event    red = SHIAN__EVENT__INIT;

    (void) state;
    some.n_districts = 2;
    some.districts = north;
    review_held.type = "review.held";
    review_held.district = "North";
    red.type = "venue.red";

    assert_true(shian_event_for(&review_held, ROLE(officer), &all));
    assert_true(shian_event_for(&review_held, ROLE(officer), &some));
    assert_true(shian_event_for(&review_held, ROLE(chief), NULL));
    assert_false(shian_event_for(&review_held, ROLE(inspector), &all));
    assert_false(shian_event_for(&review_held, ROLE(venue), NULL));
    assert_false(shian_event_for(&review_held, ROLE(bank), &all));
    assert_false(shian_event_for(&review_held, ROLE(media), &all));
    assert_false(shian_event_for(&review_held, ROLE(public), NULL));

    some.n_districts = 1;
    assert_false(shian_event_for(&review_held, ROLE(officer), &some));

    /* A venue of no district is for those of all districts. */
    assert_true(shian_event_for(&red, ROLE(inspector), &all));
    assert_false(shian_event_for(&red, ROLE(inspector), &some));

    assert_false(shian_event_for(NULL, ROLE(admin), &all));
    red.type = "no.such";
    assert_false(shian_event_for(&red, ROLE(admin), &all));
}


static void
the_latest_come_first(void **state)
{
    size_t           i, n;
    uint64_t         v, seq;
    city_t          *c = *state;
    shian_txn_t     *t;
    Shian__Event   **events;
    shian_caller_t   caller;

    v = venue(c, "Noodles", "North");
    assert_int_equal(city_do(c, review(c, v, true)), 200);
    seq = head(c);

    for (i = 0; i < 5; i++) {
        assert_int_equal(city_do(c, review(c, v, i % 2 != 0)), 200);
    }

    shian_caller_init(&caller);
    caller.actor.role = ROLE(officer);
    t = look(c);
    events = shian_events_latest(t, &caller, 20, &n);
    assert_non_null(events);
    assert_int_equal(n, 3);
    assert_int_equal(events[0]->id, seq + 4);
    assert_int_equal(events[1]->id, seq + 2);
    assert_int_equal(events[2]->id, seq);

    (void) shian_events_latest(t, &caller, 2, &n);
    assert_int_equal(n, 2);

    caller.actor.role = ROLE(inspector);
    (void) shian_events_latest(t, &caller, 20, &n);
    assert_int_equal(n, 0);
    shian_txn_abort(t);

    /* As far back as it looks, and no further. */
    caller.actor.role = ROLE(officer);

    while (head(c) < seq + SHIAN_EVENTS_BACK - 1) {
        for (i = 0; i < CITY_BATCH
                    && head(c) + i < seq + SHIAN_EVENTS_BACK - 1; i++)
        {
            city_add(c, review(c, v, false));
        }

        assert_int_equal(city_run(c), 0);
    }

    t = look(c);
    (void) shian_events_latest(t, &caller, 20, &n);
    assert_int_equal(n, 3);
    shian_txn_abort(t);

    assert_int_equal(city_do(c, review(c, v, false)), 200);
    t = look(c);
    (void) shian_events_latest(t, &caller, 20, &n);
    assert_int_equal(n, 2);
    shian_txn_abort(t);
}


static void
an_account_that_changes_ends_its_streams(void **state)
{
    uint8_t              id[SHIAN_SESSION_ID_SIZE] = { 1, 2, 3 };
    Shian__User          user = SHIAN__USER__INIT;
    Shian__Entry         e = SHIAN__ENTRY__INIT;
    Shian__Operation     op = SHIAN__OPERATION__INIT;
    Shian__UserPut       put = SHIAN__USER_PUT__INIT;
    Shian__SessionEnd    end = SHIAN__SESSION_END__INIT;
    Shian__UserDisable   disable = SHIAN__USER_DISABLE__INIT;
    shian_caller_t       caller;

    (void) state;
    shian_caller_init(&caller);
    user.id = 7;
    user.login = "wang";
    caller.user = &user;
    caller.has_session = true;
    memcpy(caller.session, id, sizeof(id));
    e.operation = &op;

    assert_false(shian_event_ends(&e, &caller));
    assert_false(shian_event_ends(&e, NULL));

    op.body_case = SHIAN__OPERATION__BODY_USER_DISABLE;
    op.user_disable = &disable;
    disable.user = 8;
    assert_false(shian_event_ends(&e, &caller));
    assert_true(shian_event_ends(&e, NULL));
    disable.user = 7;
    assert_true(shian_event_ends(&e, &caller));

    op.body_case = SHIAN__OPERATION__BODY_USER_PUT;
    op.user_put = &put;
    put.login = "wang2";
    assert_false(shian_event_ends(&e, &caller));
    put.login = "wang";
    assert_true(shian_event_ends(&e, &caller));

    op.body_case = SHIAN__OPERATION__BODY_SESSION_END;
    op.session_end = &end;
    end.session = shian_binary(shian_slice(id, sizeof(id)));
    assert_true(shian_event_ends(&e, &caller));
    caller.session[0] = 9;
    assert_false(shian_event_ends(&e, &caller));
    caller.session[0] = 1;
    caller.has_session = false;
    assert_false(shian_event_ends(&e, &caller));
}


static void
every_type_has_its_words(void **state)
{
    char                err[256], key[64];
    size_t              i, l;
    const char         *text;
    shian_templates_t  *templates;

    (void) state;
    templates = shian_templates_load("html", err, sizeof(err));
    assert_non_null(templates);

    /* The last is shown to nobody. */
    for (i = 0; i < shian_nevents - 1; i++) {
        assert_true(shian_operation(shian_events[i].body) != NULL
                    || (shian_events[i].body
                        == SHIAN__OPERATION__BODY__NOT_SET
                        && i == shian_nevents - 2));
        assert_non_null(shian_events[i].tell);
        assert_int_not_equal(shian_events[i].roles, 0);
        assert_int_equal(shian_events[i].roles & ~SHIAN_FOLLOWERS, 0);
        snprintf(key, sizeof(key), "event.%s", shian_events[i].type);

        for (l = 0; l < SHIAN_LANGS; l++) {
            text = shian_lang_text(templates, shian_langs[l], key);
            assert_string_not_equal(text, key);
        }
    }

    shian_templates_free(templates);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(a_held_review_is_told, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(each_entry_has_its_own_review, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_flag_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(turning_red_is_told_once, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            inspections_are_told_where_staff_act, setup, teardown),
        cmocka_unit_test_setup_teardown(
            complaints_are_told_without_who_complained, setup, teardown),
        cmocka_unit_test(people_see_what_is_theirs),
        cmocka_unit_test_setup_teardown(the_latest_come_first, set_up,
                                        tear_down),
        cmocka_unit_test(an_account_that_changes_ends_its_streams),
        cmocka_unit_test(every_type_has_its_words),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
