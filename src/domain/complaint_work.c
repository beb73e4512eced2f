#include <errno.h>

#include "capabilities.h"
#include "checklist.h"
#include "complaint_parts.h"
#include "core/geo.h"
#include "gallery.h"
#include "rules.h"
#include "states.h"

#define CLOCK_ACCEPT  1
#define CLOCK_DECIDE  2
#define MAX_FINDINGS  40

#define STATE(name)   SHIAN__COMPLAINT__STATE__##name
#define DO(name)      SHIAN__COMPLAINT_STEP__ACTION__##name
#define ROLE(name)    SHIAN__ROLE__KIND__##name


bool
shian_complaint_in_reach(shian_txn_t *t, Shian__Role__Kind role,
    const Shian__User *user, const Shian__Complaint *c)
{
    Shian__Venue         nowhere = SHIAN__VENUE__INIT;
    const Shian__Venue  *v;

    if (role == ROLE(venue)) {
        return false;
    }

    v = c->has_venue ? shian_venue_get(t, c->venue) : NULL;
    nowhere.district = c->district;

    return shian_in_reach(role, user, 0, v == NULL ? &nowhere : v);
}


bool
shian_may_complaint(shian_op_t *o, const Shian__Complaint *c)
{
    return shian_complaint_in_reach(o->txn, o->op->actor->role,
                                    shian_actor_user(o), c)
           || shian_fail(o->report, 403, "forbidden",
                         "This is outside your districts.");
}


/* ---- may it be done? ------------------------------------------------------*/

static const char *
action_of(const Shian__ComplaintStep *op)
{
    return shian_action_name(&shian__complaint_step__action__descriptor,
                             (int) op->action);
}


static bool
has_clock(shian_op_t *o, const Shian__ComplaintStep *op)
{
    return (op->has_clock_on
            && op->clock_on <= shian_op_day(o)
                               + shian_rules(o->rules)->clock_days)
           || shian_fail(o->report, 400, "malformed",
                         "The due date is missing.");
}


static bool
has_text(const Shian__ComplaintStep *op)
{
    return op->text != NULL && op->text[0] != '\0';
}


static bool
may_refuse(shian_op_t *o, const Shian__ComplaintStep *op)
{
    if (!op->has_ground) {
        return shian_lacks(o->report, "ground");
    }

    /* The law that the last ground means has to be named. */
    return op->ground != SHIAN__COMPLAINT__GROUND__other_by_law
           || has_text(op) || shian_lacks(o->report, "text");
}


static bool
may_merge(shian_op_t *o, const Shian__Complaint *c,
    const Shian__ComplaintStep *op)
{
    Shian__Complaint  *into;

    if (!op->has_into) {
        return shian_lacks(o->report, "into");
    }

    into = op->into == c->id ? NULL : shian_complaint_get(o->txn, op->into);

    /* Places in words are sealed: nobody can say here that two are one. */
    if (into == NULL || !c->has_venue || !into->has_venue
        || into->venue != c->venue || into->kind != c->kind)
    {
        shian_fail_field(o->report, "into", "unknown",
                         "No other one of its kind about this venue.");
        return false;
    }

    if (!shian_may_complaint(o, into)) {
        return false;
    }

    return !shian_complaint_ended(into->state)
           || shian_wrong_state(o, "That complaint has ended.");
}


static bool
may_dispatch(shian_op_t *o, const Shian__Complaint *c,
    const Shian__ComplaintStep *op)
{
    int32_t             day;
    const Shian__User  *u;

    if (!op->has_to) {
        (void) shian_lacks(o->report, "to");
    }

    if (!op->has_due_on) {
        (void) shian_lacks(o->report, "due_on");
    }

    if (!op->has_to || !op->has_due_on) {
        return false;
    }

    day = shian_op_day(o);

    if (op->due_on < day
        || op->due_on > day + shian_rules(o->rules)->clock_days)
    {
        shian_fail_field(o->report, "due_on", "range", NULL);
        return false;
    }

    u = shian_user_get(o->txn, op->to);

    if (u == NULL || u->disabled
        || (u->role != ROLE(inspector) && u->role != ROLE(officer)
            && u->role != ROLE(chief))
        || !shian_complaint_in_reach(o->txn, u->role, u, c))
    {
        shian_fail_field(o->report, "to", "unknown",
                         "Nobody whose district covers the place.");
        return false;
    }

    return true;
}


/* An inspector works on what was given to them; officers on all of it. */
static bool
is_given(shian_op_t *o, const Shian__Complaint *c)
{
    return o->op->actor->role != ROLE(inspector)
           || (o->op->actor->user != 0
               && o->op->actor->user == c->dispatched_to)
           || shian_fail(o->report, 403, "forbidden",
                         "It was dispatched to somebody else.");
}


static bool
may_check_in(shian_op_t *o, const Shian__Complaint *c,
    const Shian__ComplaintStep *op)
{
    if (!is_given(o, c)) {
        return false;
    }

    if (!op->has_lat || !op->has_lng || !shian_geo_valid(op->lat, op->lng)) {
        return shian_lacks(o->report, "lat");
    }

    return true;
}


static bool
may_report(shian_op_t *o, const Shian__Complaint *c,
    const Shian__ComplaintStep *op)
{
    if (!is_given(o, c)) {
        return false;
    }

    if (!op->has_recommend) {
        (void) shian_lacks(o->report, "recommend");
    }

    if (!has_text(op)) {
        (void) shian_lacks(o->report, "text");
    }

    return op->has_recommend && has_text(op);
}


/* Only a breach that was found has anything to put right, at a venue. */
static bool
may_find(shian_op_t *o, const Shian__Complaint *c,
    const Shian__ComplaintStep *op)
{
    size_t                              i, j;
    int32_t                             day;
    const Shian__Checklist             *list;
    const Shian__ComplaintStep__Breach *b;

    if (op->n_findings == 0) {
        return true;
    }

    list = op->checklist == NULL ? NULL
           : shian_checklist_version(o->txn, op->checklist);
    day = shian_op_day(o);

    if (list == NULL || !c->has_venue || op->n_findings > MAX_FINDINGS
        || op->outcome != SHIAN__OUTCOME__KIND__substantiated)
    {
        shian_fail_field(o->report, "findings", "range",
                         "Findings go with a breach at a known venue.");
        return false;
    }

    for (i = 0; i < op->n_findings; i++) {
        b = op->findings[i];

        if (shian_checklist_item(list, b->item, 0) == NULL) {
            shian_fail_field(o->report, "findings", "unknown",
                             "The checklist has no such item.");
            return false;
        }

        if (!b->has_severity || !b->has_deadline_on || b->deadline_on < day
            || b->deadline_on > day + shian_rules(o->rules)->clock_days)
        {
            shian_fail_field(o->report, "deadline_on", "range", NULL);
            return false;
        }

        for (j = 0; j < i; j++) {
            if (strcmp(op->findings[j]->item, b->item) == 0) {
                shian_fail_field(o->report, "findings", "duplicate", NULL);
                return false;
            }
        }
    }

    return true;
}


static bool
may_decide(shian_op_t *o, const Shian__Complaint *c,
    const Shian__ComplaintStep *op)
{
    if (!op->has_outcome) {
        (void) shian_lacks(o->report, "outcome");
    }

    if (op->public_text == NULL || op->public_text[0] == '\0') {
        (void) shian_lacks(o->report, "public_text");
    }

    return o->report->status == 200 && may_find(o, c, op);
}


static bool
may_extend(shian_op_t *o, const Shian__Complaint *c,
    const Shian__ComplaintStep *op)
{
    if (c->kind != SHIAN__COMPLAINT__KIND__report || c->extended) {
        return shian_wrong_state(o, "Only a report's time is extended, and "
                                 "only once.");
    }

    if (!has_text(op)) {
        return shian_lacks(o->report, "text");
    }

    return has_clock(o, op);
}


static bool
may_step(shian_op_t *o, const Shian__Complaint *c,
    const Shian__ComplaintStep *op)
{
    switch (op->action) {
    case DO(accept):
        return has_clock(o, op);
    case DO(refuse):
        return may_refuse(o, op);
    case DO(merge):
        return may_merge(o, c, op);
    case DO(dispatch):
        return may_dispatch(o, c, op);
    case DO(check_in):
        return may_check_in(o, c, op);
    case DO(report):
        return may_report(o, c, op);
    case DO(decide):
        return may_decide(o, c, op);
    case DO(extend):
        return may_extend(o, c, op);
    case DO(correct):
        return (has_text(op) || shian_lacks(o->report, "text"))
               && has_clock(o, op);
    case DO(note):
    case DO(release):
        return has_text(op) || shian_lacks(o->report, "text");
    default:
        return true;
    }
}


bool
shian_complaint_step_check(shian_op_t *o)
{
    Shian__Complaint            *c;
    const Shian__ComplaintStep  *op = o->op->complaint_step;

    c = shian_complaint_get(o->txn, op->complaint);

    if (c == NULL) {
        return shian_no_such(o, "There is no such complaint.");
    }

    if (!shian_may_complaint(o, c)) {
        return false;
    }

    if (!op->has_action) {
        return shian_lacks(o->report, "action");
    }

    return shian_take_step(o, SHIAN_FLOW_COMPLAINT, (int) c->state,
                           action_of(op)) != NULL
           && shian_complaint_photos_named(o, op->photo, op->n_photo)
           && may_step(o, c, op);
}


/* ---- doing it -------------------------------------------------------------*/

/* Each clock of a record is counted once, however often it is begun. */
static void
count_clock(shian_op_t *o, Shian__Complaint *c, uint32_t clock)
{
    if (c->has_due_on && (c->clocked & clock) == 0) {
        c->has_clocked = 1;
        c->clocked |= clock;
        shian_figure(o, c, shian_op_day(o) <= c->due_on
                           ? SHIAN_FIGURE_ON_TIME : SHIAN_FIGURE_LATE);
    }
}


/* What the step into `to` took, and whether the law's clock was met. */
static void
count_move(shian_op_t *o, Shian__Complaint *c, Shian__Complaint__State to)
{
    switch (to) {
    case STATE(accepted):
    case STATE(refused):
        if (c->state == STATE(received)) {
            shian_figure_took(o, c, SHIAN_TOOK_ACCEPT, c->at);
            if (to == STATE(refused)
                || c->kind == SHIAN__COMPLAINT__KIND__complaint)
            {
                count_clock(o, c, CLOCK_ACCEPT);
            }
        }
        break;
    case STATE(dispatched):
        shian_figure_took(o, c, SHIAN_TOOK_DISPATCH, c->state_since);
        break;
    case STATE(on_site):
        shian_figure_took(o, c, SHIAN_TOOK_VISIT, c->state_since);
        break;
    case STATE(reported):
        shian_figure_took(o, c, SHIAN_TOOK_REPORT, c->state_since);
        break;
    case STATE(substantiated):
    case STATE(unsubstantiated):
        shian_figure_took(o, c, SHIAN_TOOK_DECIDE, c->state_since);
        shian_figure(o, c, to == STATE(substantiated)
                           ? SHIAN_FIGURE_SUBSTANTIATED
                           : SHIAN_FIGURE_UNSUBSTANTIATED);
        count_clock(o, c, CLOCK_DECIDE);
        break;
    default:
        break;
    }

    if (shian_complaint_ended(to)) {
        shian_figure(o, c, SHIAN_FIGURE_ENDED);
        shian_figure_took(o, c, SHIAN_TOOK_ALL, c->at);
    }
}


void
shian_complaint_move(shian_op_t *o, Shian__Complaint *c,
    Shian__Complaint__State to)
{
    count_move(o, c, to);

    c->state = to;
    c->state_since = o->op->at;
    c->has_ended_at = shian_complaint_ended(to);
    c->ended_at = c->has_ended_at ? o->op->at : 0;

    if (c->has_ended_at || to == STATE(substantiated)
        || to == STATE(unsubstantiated))
    {
        c->has_due_on = c->due_on = 0;
    }
}


static void
look(shian_op_t *o, Shian__Complaint *c, Shian__ComplaintStep__Action action)
{
    if (!c->has_looked_at) {
        c->has_looked_at = 1;
        c->looked_at = o->op->at;
        shian_figure_took(o, c, SHIAN_TOOK_LOOK, c->at);
        shian_figure(o, c, o->op->at <= c->look_due_at
                           ? SHIAN_FIGURE_LOOK_ON_TIME
                           : SHIAN_FIGURE_LOOK_LATE);
    }

    /* Who decides about it has it; a note alone takes nothing over. */
    if (c->officer == 0 && o->op->actor->role != ROLE(inspector)
        && action != DO(note) && action != DO(release))
    {
        c->officer = o->op->actor->user;
        c->has_officer = c->officer != 0;
    }
}


static void
tell_place(shian_op_t *o, const Shian__Complaint *c,
    const Shian__ComplaintStep *op, Shian__ComplaintEvent *e)
{
    double                far, near;
    const Shian__Venue   *v;
    const shian_rules_t  *rules = shian_rules(o->rules);

    e->has_lat = e->has_lng = 1;
    e->lat = op->lat;
    e->lng = op->lng;
    e->has_accuracy = op->has_accuracy;
    e->accuracy = op->accuracy;

    v = c->has_venue ? shian_venue_get(o->txn, c->venue) : NULL;

    if (v == NULL || !v->has_lat || !v->has_lng) {
        return;
    }

    far = shian_geo_distance((shian_point_t) { v->lat, v->lng },
                             (shian_point_t) { op->lat, op->lng });
    near = rules->site_m + (op->accuracy < rules->accuracy_m
                            ? op->accuracy : rules->accuracy_m);

    e->has_distance_m = e->has_on_site = 1;
    e->distance_m = (uint32_t) far;
    e->on_site = far <= near;
}


static void
start_clock(Shian__Complaint *c, const Shian__ComplaintStep *op)
{
    c->has_due_on = 1;
    c->due_on = op->clock_on;
    c->has_due_by_weekends = op->has_due_by_weekends;
    c->due_by_weekends = op->due_by_weekends;
}


/* What the step says, for the record and for its timeline. */
static void
take_fields(shian_op_t *o, Shian__Complaint *c,
    const Shian__ComplaintStep *op, Shian__ComplaintEvent *e)
{
    switch (op->action) {
    case DO(accept):
        c->has_accepted_at = 1;
        c->accepted_at = o->op->at;
        start_clock(c, op);
        break;
    case DO(refuse):
        c->has_ground = e->has_ground = 1;
        c->ground = e->ground = op->ground;
        break;
    case DO(merge):
        c->has_merged_into = e->has_into = 1;
        c->merged_into = e->into = op->into;
        break;
    case DO(dispatch):
        c->has_dispatched_to = e->has_to = 1;
        c->dispatched_to = e->to = op->to;
        c->has_dispatch_due_on = e->has_due_on = 1;
        c->dispatch_due_on = e->due_on = op->due_on;
        break;
    case DO(check_in):
        tell_place(o, c, op, e);
        break;
    case DO(report):
        c->has_recommend = e->has_outcome = 1;
        c->recommend = e->outcome = op->recommend;
        break;
    case DO(decide):
        shian_complaint_decided(o, c);
        e->has_outcome = 1;
        e->outcome = op->outcome;
        break;
    case DO(extend):
        c->has_extended = c->extended = 1;
        start_clock(c, op);
        e->has_due_on = 1;
        e->due_on = op->clock_on;
        break;
    case DO(release):
        c->released = op->text;
        break;
    default:
        break;
    }
}


/* Back to before the step that was wrong. */
static void
correct(shian_op_t *o, Shian__Complaint *c, Shian__Complaint__State to)
{
    shian_figure_back(o, c);
    c->has_ground = c->has_merged_into = 0;
    c->ground = 0;
    c->merged_into = 0;

    if (to == STATE(reported)) {
        shian_complaint_take_back(c);
    }

    c->has_ended_at = 0;
    c->ended_at = 0;
    c->state = to;
    c->state_since = o->op->at;
    start_clock(c, o->op->complaint_step);
}


void
shian_complaint_step_apply(shian_op_t *o)
{
    Shian__Complaint            *c, was;
    Shian__ComplaintEvent        e = SHIAN__COMPLAINT_EVENT__INIT;
    Shian__Complaint__State      to;
    const shian_state_row_t     *row;
    const Shian__ComplaintStep  *op = o->op->complaint_step;

    c = shian_complaint_get(o->txn, op->complaint);
    row = c == NULL ? NULL : shian_step(SHIAN_FLOW_COMPLAINT,
                                        (int) c->state, action_of(op));
    if (row == NULL) {
        return;
    }

    was = *c;
    to = (Shian__Complaint__State) row->to;

    if (op->action == DO(decide)
        && op->outcome == SHIAN__OUTCOME__KIND__unsubstantiated)
    {
        to = STATE(unsubstantiated);
    }

    look(o, c, op->action);

    if (op->action == DO(correct)) {
        correct(o, c, to);
    } else if (to != c->state) {
        shian_complaint_move(o, c, to);
    }

    take_fields(o, c, op, &e);

    e.text = op->text;
    e.photos = op->photo;
    e.n_photos = op->n_photo;

    shian_gallery_use(o, e.photos, e.n_photos, false);

    shian_complaint_tell(o, c, action_of(op), &e);

    if (op->action == DO(decide) || op->action == DO(merge)
        || op->action == DO(correct))
    {
        shian_complaint_settle(o, &was, c);
    } else {
        shian_complaint_put(o, &was, c);
    }

    shian_result(o, c->id, c->has_venue ? c->venue : 0);
}
