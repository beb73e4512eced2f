/*
 * Every state, action and role of every workflow, through the batch: what
 * states[] has a row for is possible for its roles and leads where the row
 * says; everything else is refused and changes nothing.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "city.h"
#include "domain/checkin.h"
#include "domain/complaint.h"
#include "domain/event.h"
#include "domain/finding.h"
#include "domain/states.h"
#include "render/json.h"

#define ROLE(name)   SHIAN__ROLE__KIND__##name
#define ROLES        8
#define INSPECTOR    1          /* a user, to be dispatched to */

static city_t  city;


/* ---- a record of each flow, in any state ----------------------------------*/

static void
put_complaint(shian_txn_t *t, int state)
{
    Shian__Complaint  c = SHIAN__COMPLAINT__INIT;

    c.has_id = c.has_venue = c.has_kind = c.has_at = c.has_state = 1;
    c.has_dispatched_to = c.has_due_on = c.has_ended_at = 1;
    c.id = c.venue = 1;
    c.kind = SHIAN__COMPLAINT__KIND__report;
    c.category = "dirty";
    c.at = c.state_since = c.ended_at = city.now;
    c.state = (Shian__Complaint__State) state;
    c.dispatched_to = INSPECTOR;
    c.due_on = shian_local_day(city.now, SHIAN_TZ_MINUTES) + 20;
    shian_put_record(t, SHIAN_T_COMPLAINT, 1, &c);

    /* Another one to be merged into. */
    c.id = 2;
    c.state = SHIAN__COMPLAINT__STATE__received;
    shian_put_record(t, SHIAN_T_COMPLAINT, 2, &c);
}


static int
complaint_state(shian_txn_t *t)
{
    return (int) shian_complaint_get(t, 1)->state;
}


static void
ask_complaint(Shian__Operation *op, const char *action)
{
    const ProtobufCEnumValue  *v;
    Shian__ComplaintStep      *s;
    Shian__ComplaintFollow    *f;

    v = protobuf_c_enum_descriptor_get_value_by_name(
            &shian__complaint_follow__action__descriptor, action);

    if (v != NULL) {
        f = CITY_BODY(&city, op, COMPLAINT_FOLLOW, complaint_follow,
                      Shian__ComplaintFollow, shian__complaint_follow__init);
        f->has_complaint = f->has_action = f->has_text = f->has_rating = 1;
        f->has_clock_on = 1;
        f->complaint = 1;
        f->action = (Shian__ComplaintFollow__Action) v->value;
        f->text = shian_binary(SHIAN_STR("why"));
        f->rating = 4;
        f->clock_on = shian_local_day(op->at, SHIAN_TZ_MINUTES) + 15;
        return;
    }

    v = protobuf_c_enum_descriptor_get_value_by_name(
            &shian__complaint_step__action__descriptor, action);
    assert_non_null(v);

    s = CITY_BODY(&city, op, COMPLAINT_STEP, complaint_step,
                  Shian__ComplaintStep, shian__complaint_step__init);
    s->has_complaint = s->has_action = s->has_ground = s->has_into = 1;
    s->has_to = s->has_due_on = s->has_lat = s->has_lng = s->has_clock_on = 1;
    s->has_recommend = s->has_outcome = 1;
    s->complaint = 1;
    s->action = (Shian__ComplaintStep__Action) v->value;
    s->text = s->public_text = "because";
    s->ground = SHIAN__COMPLAINT__GROUND__not_ours;
    s->into = 2;
    s->to = INSPECTOR;
    s->lat = 29.6;
    s->lng = 121.4;
    s->recommend = s->outcome = SHIAN__OUTCOME__KIND__substantiated;
    s->due_on = s->clock_on = shian_local_day(op->at, SHIAN_TZ_MINUTES) + 15;
}


static void
put_case(shian_txn_t *t, int state)
{
    Shian__Case  c = SHIAN__CASE__INIT;

    c.has_id = c.has_venue = c.has_state = c.has_at = 1;
    c.id = c.venue = 1;
    c.at = city.now;
    c.state = (Shian__Case__State) state;
    shian_put_record(t, SHIAN_T_CASE, 1, &c);
}


static int
case_state(shian_txn_t *t)
{
    return (int) shian_case_get(t, 1)->state;
}


static void
ask_case(Shian__Operation *op, const char *action)
{
    Shian__CaseStep  *s;

    s = CITY_BODY(&city, op, CASE_STEP, case_step, Shian__CaseStep,
                  shian__case_step__init);
    s->has_case_id = s->has_action = s->has_penalty = 1;
    s->case_id = 1;
    s->action = (Shian__CaseStep__Action)
                protobuf_c_enum_descriptor_get_value_by_name(
                    &shian__case_step__action__descriptor, action)->value;
    s->penalty = 1;
    s->document_no = "甬市监罚〔2026〕7号";
    s->text = "because";
}


static void
put_finding(shian_txn_t *t, int state)
{
    Shian__Mark        m = SHIAN__MARK__INIT;
    Shian__Finding     f = SHIAN__FINDING__INIT;
    shian_rowkey_t     k;
    Shian__Mark__Ref   r = SHIAN__MARK__REF__INIT, *all[] = { &r };

    f.has_id = f.has_venue = f.has_severity = f.has_opened_at = 1;
    f.has_deadline_on = f.has_state = 1;
    f.id = f.venue = 1;
    f.item = "L1";
    f.severity = SHIAN__SEVERITY__KIND__minor;
    f.opened_at = city.now;
    f.deadline_on = shian_local_day(city.now, SHIAN_TZ_MINUTES) + 3;
    f.has_first_deadline_on = 1;
    f.first_deadline_on = f.deadline_on;
    f.state = (Shian__Finding__State) state;

    /* The mark that found it. */
    r.has_source = r.has_id = r.has_at = 1;
    r.source = SHIAN__MARK__SOURCE__visit;
    r.id = 1;
    r.at = f.opened_at;
    f.n_found_by = 1;
    f.found_by = all;
    shian_put_record(t, SHIAN_T_FINDING, 1, &f);
    k = shian_finding_prefix('i', 1, 8);
    shian_rowkey_bytes(&k, "L1", 3);
    shian_rowkey_be(&k, 1, 8);
    shian_index_put(t, SHIAN_T_FINDING_BY, &k, 1);

    m.has_source = m.has_id = m.has_at = m.has_failed = 1;
    m.source = r.source;
    m.id = r.id;
    m.at = r.at;
    m.failed = 1;
    m.has_deadline_on = m.has_severity = 1;
    m.deadline_on = f.deadline_on;
    m.severity = f.severity;
    k = shian_rowkey_id(1);
    shian_rowkey_bytes(&k, "L1", 3);
    shian_rowkey_be(&k, m.at, 8);
    shian_rowkey_be(&k, (uint64_t) m.source, 1);
    shian_rowkey_be(&k, m.id, 8);
    shian_row_put_message(t, SHIAN_T_MARK, &k, &m);
}


static int
finding_state(shian_txn_t *t)
{
    return (int) shian_finding_get(t, 1)->state;
}


static void
ask_finding(Shian__Operation *op, const char *action)
{
    Shian__FindingSubmit  *s;
    Shian__FindingDecide  *d;

    if (strcmp(action, "submit") == 0) {
        s = CITY_BODY(&city, op, FINDING_SUBMIT, finding_submit,
                      Shian__FindingSubmit, shian__finding_submit__init);
        s->has_finding = 1;
        s->finding = 1;
        s->text = "It is clean now.";
        return;
    }

    d = CITY_BODY(&city, op, FINDING_DECIDE, finding_decide,
                  Shian__FindingDecide, shian__finding_decide__init);
    d->has_finding = d->has_action = d->has_deadline_on = 1;
    d->finding = 1;
    d->action = (Shian__FindingDecide__Action)
                protobuf_c_enum_descriptor_get_value_by_name(
                    &shian__finding_decide__action__descriptor,
                    action)->value;
    d->reason = "because";
    d->deadline_on = shian_local_day(op->at, SHIAN_TZ_MINUTES) + 9;
}


static void
put_appeal(shian_txn_t *t, int state)
{
    Shian__Appeal  a = SHIAN__APPEAL__INIT;

    a.has_id = a.has_venue = a.has_state = a.has_at = 1;
    a.id = a.venue = 1;
    a.at = city.now;
    a.state = (Shian__Appeal__State) state;
    shian_put_record(t, SHIAN_T_APPEAL, 1, &a);
}


static int
appeal_state(shian_txn_t *t)
{
    Shian__Appeal  *a;

    a = shian_get(t, SHIAN_T_APPEAL, 1, &shian__appeal__descriptor);
    assert_non_null(a);

    return (int) a->state;
}


static void
ask_appeal(Shian__Operation *op, const char *action)
{
    Shian__AppealDecide  *d;

    d = CITY_BODY(&city, op, APPEAL_DECIDE, appeal_decide,
                  Shian__AppealDecide, shian__appeal_decide__init);
    d->has_appeal = d->has_action = 1;
    d->appeal = 1;
    d->action = (Shian__AppealDecide__Action)
                protobuf_c_enum_descriptor_get_value_by_name(
                    &shian__appeal_decide__action__descriptor,
                    action)->value;
    d->text = "because";
}


static void
put_inspection(shian_txn_t *t, int state)
{
    shian_rowkey_t      k, v;
    Shian__Inspection   in = SHIAN__INSPECTION__INIT;

    in.has_id = in.has_venue = in.has_on = in.has_state = in.has_at = 1;
    in.id = in.venue = 1;
    in.on = shian_local_day(city.now, SHIAN_TZ_MINUTES);
    in.at = city.now;
    in.state = (Shian__Inspection__State) state;

    v = shian_rowkey_id(1);
    shian_rowkey_be(&v, (uint32_t) in.on, 4);
    k = shian_rowkey_id(1);
    shian_rowkey_be(&k, ~(uint32_t) in.on, 4);
    shian_rowkey_be(&k, 1, 8);
    shian_row_put_message(t, SHIAN_T_INSPECTION, &k, &in);
    k = shian_checkin_prefix('i', 1);
    shian_row_put(t, SHIAN_T_INSPECTION_BY, &k, shian_slice(v.b, v.n));
}


static int
inspection_state(shian_txn_t *t)
{
    return (int) shian_inspection_get(t, 1, 1)->state;
}


static void
ask_inspection(Shian__Operation *op, const char *action)
{
    Shian__InspectionDecide  *d;

    d = CITY_BODY(&city, op, INSPECTION_DECIDE, inspection_decide,
                  Shian__InspectionDecide, shian__inspection_decide__init);
    d->has_venue = d->has_inspection = d->has_action = 1;
    d->venue = d->inspection = 1;
    d->action = (Shian__InspectionDecide__Action)
                protobuf_c_enum_descriptor_get_value_by_name(
                    &shian__inspection_decide__action__descriptor,
                    action)->value;
    d->reason = "because";
}


/* By shian_flow_t. */
static const struct {
    const char                       *name;
    const ProtobufCEnumDescriptor    *states;
    void                            (*put)(shian_txn_t *t, int state);
    int                             (*state)(shian_txn_t *t);
    void                            (*ask)(Shian__Operation *op,
                                           const char *action);
} flows[SHIAN_FLOW_MAX] = {
    [SHIAN_FLOW_INSPECTION] = { "inspection",
        &shian__inspection__state__descriptor, put_inspection,
        inspection_state, ask_inspection },
    [SHIAN_FLOW_FINDING] = { "finding", &shian__finding__state__descriptor,
        put_finding, finding_state, ask_finding },
    [SHIAN_FLOW_APPEAL] = { "appeal", &shian__appeal__state__descriptor,
        put_appeal, appeal_state, ask_appeal },
    [SHIAN_FLOW_COMPLAINT] = { "complaint",
        &shian__complaint__state__descriptor, put_complaint, complaint_state,
        ask_complaint },
    [SHIAN_FLOW_CASE] = { "case", &shian__case__state__descriptor, put_case,
        case_state, ask_case },
};


/* ---- what a step tells ----------------------------------------------------*/

/* Those who have the step's record on a page, and nobody else, are told. */
static void
is_told(shian_txn_t *t)
{
    char           *here[] = { "锦屏" }, *there[] = { "岳林" };
    Shian__User     user = SHIAN__USER__INIT;
    shian_head_t    head;
    Shian__Entry   *e;
    Shian__Event   *event;
    shian_buf_t     json;

    shian_log_head(t, &head);
    e = shian_log_get(t, head.seq);
    assert_non_null(e);
    event = shian_event_change(t, e);
    assert_non_null(event);
    assert_false(shian_event_is_news(event));
    assert_int_equal(event->id, head.seq);
    assert_int_equal(event->record, 1);
    assert_non_null(event->state);

    user.n_districts = 1;
    user.districts = here;
    assert_true(shian_event_for(event, ROLE(inspector), &user));
    assert_true(shian_event_for(event, ROLE(officer), &user));
    assert_false(shian_event_for(event, ROLE(venue), NULL));
    assert_false(shian_event_for(event, ROLE(media), &user));
    user.districts = there;
    assert_false(shian_event_for(event, ROLE(officer), &user));

    /* Even what stays inside has none of the words. */
    shian_buf_init(&json, &city.arena);
    assert_true(shian_json_write(&event->base, &json.sink));
    shian_putc(&json.sink, '\0');
    assert_null(strstr((char *) json.p, "because"));
    assert_null(strstr((char *) json.p, "why"));
}


/* ---- the cross of them ----------------------------------------------------*/

static void
begin_txn(shian_txn_t *t, bool write)
{
    assert_int_equal(shian_txn_begin(city.store, &city.arena, write, t), 0);
}


static void
try_one(shian_flow_t flow, int state, const char *action,
    Shian__Role__Kind role)
{
    int                        want, is, then;
    shian_txn_t                t;
    Shian__Operation          *op;
    const shian_state_row_t   *row;

    begin_txn(&t, true);
    flows[flow].put(&t, state);
    assert_int_equal(shian_txn_commit(&t), 0);

    op = city_operation(&city, role, role == ROLE(venue) ? 1 : 0);
    op->actor->has_user = role == ROLE(inspector);
    op->actor->user = op->actor->has_user ? INSPECTOR : 0;
    flows[flow].ask(op, action);

    row = shian_step(flow, state, action);
    want = (shian_operation(op->body_case)->roles & 1u << role) == 0 ? 403
           : row == NULL ? 409 : (row->roles & 1u << role) == 0 ? 403 : 200;

    is = city_do(&city, op);

    begin_txn(&t, false);
    then = flows[flow].state(&t);

    if (is == 200) {
        is_told(&t);
    }

    shian_txn_abort(&t);

    if (is != want || then != (want == 200 ? row->to : state)) {
        fail_msg("%s in state %d, %s by role %d: %d and state %d, not %d: "
                 "%s", flows[flow].name, state, action, (int) role, is, then,
                 want, city.item[0].report.detail);
    }

    shian_arena_free(&city.arena);
}


/* Each of the flow's actions, once. */
static size_t
actions_of(shian_flow_t flow, const char **actions)
{
    size_t  i, j, n;

    for (n = i = 0; i < shian_nstates; i++) {
        if (shian_states[i].flow != flow) {
            continue;
        }

        for (j = 0; j < n; j++) {
            if (strcmp(actions[j], shian_states[i].action) == 0) {
                break;
            }
        }

        if (j == n) {
            actions[n++] = shian_states[i].action;
        }
    }

    return n;
}


static void
every_state_action_and_role(void **state)
{
    int          flow, role;
    size_t       i, j, n;
    unsigned     s;
    const char  *actions[64];

    (void) state;

    for (flow = 0; flow < SHIAN_FLOW_MAX; flow++) {
        n = actions_of((shian_flow_t) flow, actions);
        assert_true(n > 0 && n <= SHIAN_COUNT(actions));

        for (s = 0; s < flows[flow].states->n_values; s++) {
            for (i = 0; i < n; i++) {
                for (role = 0; role < ROLES; role++) {
                    try_one((shian_flow_t) flow,
                            flows[flow].states->values[s].value, actions[i],
                            (Shian__Role__Kind) role);
                }
            }
        }

        for (i = 1; i < n; i++) {
            for (j = 0; j < i; j++) {
                assert_string_not_equal(actions[i], actions[j]);
            }
        }
    }
}


static void
rows_are_in_order_and_lead_to_states(void **state)
{
    size_t                    i, j;
    const shian_state_row_t  *r;

    (void) state;

    for (i = 0; i < shian_nstates; i++) {
        r = &shian_states[i];
        assert_in_range(r->flow, 0, SHIAN_FLOW_MAX - 1);
        assert_non_null(protobuf_c_enum_descriptor_get_value(
                            flows[r->flow].states, r->from));
        assert_non_null(protobuf_c_enum_descriptor_get_value(
                            flows[r->flow].states, r->to));
        assert_true(r->roles != 0);
        assert_ptr_equal(shian_step(r->flow, r->from, r->action), r);

        for (j = 0; j < i; j++) {
            assert_true(shian_states[j].flow <= r->flow);
        }
    }
}


/* What a page makes buttons of is what the batch lets through. */
static void
open_steps_are_the_rows(void **state)
{
    char    *open[32];
    size_t   n;

    (void) state;

    n = shian_open_steps(SHIAN_FLOW_COMPLAINT,
                         SHIAN__COMPLAINT__STATE__received, ROLE(officer),
                         open, SHIAN_COUNT(open));
    assert_int_equal(n, 6);
    assert_string_equal(open[0], "accept");
    assert_string_equal(open[1], "refuse");
    assert_string_equal(open[2], "merge");

    n = shian_open_steps(SHIAN_FLOW_COMPLAINT,
                         SHIAN__COMPLAINT__STATE__closed, ROLE(public), open,
                         SHIAN_COUNT(open));
    assert_int_equal(n, 2);
    assert_int_equal(shian_open_steps(SHIAN_FLOW_COMPLAINT,
                                      SHIAN__COMPLAINT__STATE__withdrawn,
                                      ROLE(admin), open, SHIAN_COUNT(open)),
                     0);
}


static int
setup(void **state)
{
    Shian__UserPut    *u;
    Shian__Operation  *op;

    (void) state;
    city_open(&city, 5, CITY_MAP);
    op = city_venue(&city, "Harbour View");
    op->venue_upsert->venue->district = "锦屏";
    assert_int_equal(city_do(&city, op), 200);

    op = city_operation(&city, ROLE(admin), 0);
    u = CITY_BODY(&city, op, USER_PUT, user_put, Shian__UserPut,
                  shian__user_put__init);
    u->login = "inspector";
    u->name = "Inspector";
    u->has_role = 1;
    u->role = ROLE(inspector);
    assert_int_equal(city_do(&city, op), 200);
    assert_int_equal(city.item[0].result.id, INSPECTOR);

    return 0;
}


static int
teardown(void **state)
{
    (void) state;
    city_close(&city);

    return 0;
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(rows_are_in_order_and_lead_to_states),
        cmocka_unit_test(open_steps_are_the_rows),
        cmocka_unit_test(every_state_action_and_role),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, setup, teardown);
}
