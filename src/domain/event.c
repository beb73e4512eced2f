#include "event.h"

#include <inttypes.h>

#include "checkin.h"
#include "complaint.h"
#include "finding.h"
#include "safeguard.h"
#include "tally.h"
#include "venue.h"
#include "view_parts.h"

#define BODY(name)  SHIAN__OPERATION__BODY_##name

#define STAFF    SHIAN_FOLLOWERS
#define OFFICER  (STAFF & ~SHIAN_ROLE(inspector))

/* Most entries are smaller; the rest costs an allocation. */
#define ENTRY_SIZE  4096


static char *
name_of(const ProtobufCEnumDescriptor *desc, int value)
{
    const ProtobufCEnumValue  *v;

    v = protobuf_c_enum_descriptor_get_value(desc, value);

    return v == NULL ? NULL : (char *) v->name;
}


/* ---- reviews --------------------------------------------------------------*/

/* Each of these takes what a lookup gave: NULL tells nothing. */
static bool
tell_review(shian_txn_t *t, const Shian__Review *r, Shian__Event *event)
{
    if (r == NULL) {
        return false;
    }

    SET(event, venue, r->venue);
    SET(event, record, r->id);
    event->state = name_of(&shian__review__state__descriptor, r->state);
    event->href = shian_printf(t->arena, "/desk/reviews#review-%" PRIu64,
                               r->id);

    return true;
}


static bool
review_held(shian_txn_t *t, const Shian__Entry *e, Shian__Event *event)
{
    return e->operation->review_post->hold
           && tell_review(t, shian_review_get(t, e->result->id), event);
}


/* ---- inspections and what follows from them -------------------------------*/

static bool
tell_venue(shian_txn_t *t, uint64_t venue, const char *page,
    Shian__Event *event)
{
    SET(event, venue, venue);
    event->href = shian_printf(t->arena, "/v/%" PRIu64 "%s", venue, page);

    return true;
}


static bool
tell_inspection(shian_txn_t *t, const Shian__Inspection *in,
    Shian__Event *event)
{
    if (in == NULL) {
        return false;
    }

    SET(event, record, in->id);
    event->state = name_of(&shian__inspection__state__descriptor, in->state);

    return tell_venue(t, in->venue, "/inspections", event);
}


static Shian__Inspection *
inspection_of(shian_txn_t *t, const Shian__Entry *e)
{
    return shian_inspection_get(t, e->result->venue, e->result->id);
}


/* One that an officer has, or had, to look at. */
static bool
inspection_waiting(shian_txn_t *t, const Shian__Entry *e,
    Shian__Event *event)
{
    Shian__Inspection  *in;

    in = inspection_of(t, e);

    return in != NULL && in->n_flags != 0 && tell_inspection(t, in, event);
}


static bool
tell_finding(shian_txn_t *t, const Shian__Finding *f, Shian__Event *event)
{
    if (f == NULL) {
        return false;
    }

    SET(event, record, f->id);
    event->state = name_of(&shian__finding__state__descriptor, f->state);

    return tell_venue(t, f->venue, "", event);
}


static bool
tell_appeal(shian_txn_t *t, const Shian__Appeal *a, Shian__Event *event)
{
    if (a == NULL) {
        return false;
    }

    SET(event, record, a->id);
    event->state = name_of(&shian__appeal__state__descriptor, a->state);

    return tell_venue(t, a->venue, "/grades", event);
}


static bool
appeal_filed(shian_txn_t *t, const Shian__Entry *e, Shian__Event *event)
{
    return tell_appeal(t, shian_appeal_get(t, e->result->id), event);
}


/* ---- complaints -----------------------------------------------------------*/

static bool
tell_complaint(shian_txn_t *t, const Shian__Complaint *c,
    Shian__Event *event)
{
    if (c == NULL) {
        return false;
    }

    COPY(event, c, venue);
    SET(event, record, c->id);
    event->district = c->district;
    event->state = name_of(&shian__complaint__state__descriptor, c->state);
    event->href = shian_printf(t->arena, "/desk/complaints/%" PRIu64, c->id);
    event->has_inspector = 1;
    event->inspector = c->dispatched_to;
    SET(event, urgent, c->state == SHIAN__COMPLAINT__STATE__received
                       && c->severity == SHIAN__SEVERITY__KIND__critical);

    return true;
}


static bool
complaint_received(shian_txn_t *t, const Shian__Entry *e,
    Shian__Event *event)
{
    return tell_complaint(t, shian_complaint_get(t, e->result->id), event);
}


static bool
tell_case(shian_txn_t *t, const Shian__Case *c, Shian__Event *event)
{
    if (c == NULL) {
        return false;
    }

    COPY(event, c, venue);
    SET(event, record, c->id);
    event->state = name_of(&shian__case__state__descriptor, c->state);
    event->href = shian_printf(t->arena, "/desk/cases/%" PRIu64, c->id);

    return true;
}


/* ---- what an entry is about -----------------------------------------------*/

/*
 * The record that an entry has made or worked on, as it stands now.  Every
 * step of states[] is here, and whatever else changes what the pages of staff
 * show.
 */
static bool
about(shian_txn_t *t, const Shian__Entry *e, Shian__Event *event)
{
    const Shian__Operation  *op = e->operation;

    switch (op->body_case) {

    case BODY(REVIEW_FLAG):
        return tell_review(t, shian_review_get(t, op->review_flag->review),
                           event);
    case BODY(REVIEW_DECIDE):
        return tell_review(t, shian_review_get(t, op->review_decide->review),
                           event);
    case BODY(INSPECTION_POST):
        return tell_inspection(t, inspection_of(t, e), event);
    case BODY(INSPECTION_DECIDE):
        return tell_inspection(t,
                   shian_inspection_get(t, op->inspection_decide->venue,
                                        op->inspection_decide->inspection),
                   event);
    case BODY(INSPECTION_REPLY):
        SET(event, record, op->inspection_reply->inspection);
        return tell_venue(t, op->inspection_reply->venue, "/inspections",
                          event);
    case BODY(REPLY_REMOVE):
        return tell_venue(t, op->reply_remove->venue, "/inspections", event);
    case BODY(FINDING_SUBMIT):
        return tell_finding(t,
                   shian_finding_get(t, op->finding_submit->finding), event);
    case BODY(FINDING_DECIDE):
        return tell_finding(t,
                   shian_finding_get(t, op->finding_decide->finding), event);
    case BODY(APPEAL_DECIDE):
        return tell_appeal(t, shian_appeal_get(t, op->appeal_decide->appeal),
                           event);
    case BODY(REINSPECTION_ASK):
        return tell_venue(t, op->reinspection_ask->venue, "", event);
    case BODY(SELF_CHECK_POST):
        return tell_venue(t, op->self_check_post->venue, "", event);
    case BODY(COMPLAINT_STEP):
        return tell_complaint(t,
                   shian_complaint_get(t, op->complaint_step->complaint),
                   event);
    case BODY(COMPLAINT_FOLLOW):
        return tell_complaint(t,
                   shian_complaint_get(t, op->complaint_follow->complaint),
                   event);
    case BODY(COMPLAINT_EXPIRE):
        return tell_complaint(t,
                   shian_complaint_get(t, op->complaint_expire->complaint),
                   event);
    case BODY(ERASE):
        return tell_complaint(t, shian_complaint_get(t, op->erase->complaint),
                              event);
    case BODY(CONTACT_VIEW):
        return tell_complaint(t,
                   shian_complaint_get(t, op->contact_view->complaint),
                   event);
    case BODY(CASE_OPEN):
    case BODY(CASE_STEP):
        return tell_case(t, shian_case_get(t, e->result->id), event);
    default:
        return false;
    }
}


static bool
complaint_dispatched(shian_txn_t *t, const Shian__Entry *e,
    Shian__Event *event)
{
    return e->operation->complaint_step->action
           == SHIAN__COMPLAINT_STEP__ACTION__dispatch && about(t, e, event);
}


static bool
complaint_reported(shian_txn_t *t, const Shian__Entry *e,
    Shian__Event *event)
{
    return e->operation->complaint_step->action
           == SHIAN__COMPLAINT_STEP__ACTION__report && about(t, e, event);
}


/* The complainant has added something, withdrawn or reopened it. */
static bool
complaint_followed(shian_txn_t *t, const Shian__Entry *e,
    Shian__Event *event)
{
    return e->operation->complaint_follow->action
           != SHIAN__COMPLAINT_FOLLOW__ACTION__rate && about(t, e, event);
}


/* ---- colours --------------------------------------------------------------*/

/* It turned red by this very entry; another score in red is no news. */
static bool
venue_red(shian_txn_t *t, const Shian__Entry *e, Shian__Event *event)
{
    uint64_t             venue;
    Shian__Grade        *g;
    Shian__Tally        *tally;
    shian_rowkey_t       k;
    Shian__Colour__Kind  colour;

    venue = e->result->venue;
    k = shian_rowkey_id(venue);
    shian_rowkey_be(&k, ~e->operation->at, 8);
    shian_rowkey_be(&k, ~e->seq, 8);
    g = shian_row_message(t, SHIAN_T_GRADE, &k, &shian__grade__descriptor);

    if (g == NULL || g->colour != SHIAN__COLOUR__KIND__red
        || g->before == SHIAN__COLOUR__KIND__red)
    {
        return false;
    }

    tally = shian_tally_get(t, venue);
    if (tally == NULL) {
        return false;
    }

    colour = shian_tally_colour(tally);
    SET(event, urgent, colour == SHIAN__COLOUR__KIND__red);
    event->state = name_of(&shian__colour__kind__descriptor, colour);

    return tell_venue(t, venue, "", event);
}


#define ROW(body, type, roles, tell)  { BODY(body), type, roles, tell }

const shian_event_row_t  shian_events[] = {
    ROW(REVIEW_POST, "review.held", OFFICER, review_held),
    ROW(REVIEW_FLAG, "review.flagged", OFFICER, about),
    ROW(INSPECTION_POST, "inspection.waiting", OFFICER, inspection_waiting),
    ROW(INSPECTION_REPLY, "inspection.replied", OFFICER, about),
    ROW(FINDING_SUBMIT, "finding.submitted", STAFF, about),
    ROW(APPEAL_FILE, "appeal.filed", OFFICER, appeal_filed),
    ROW(REINSPECTION_ASK, "reinspection.asked", STAFF, about),
    ROW(COMPLAINT_POST, "complaint.received", OFFICER, complaint_received),
    ROW(COMPLAINT_STEP, "complaint.dispatched", STAFF, complaint_dispatched),
    ROW(COMPLAINT_STEP, "complaint.reported", OFFICER, complaint_reported),
    ROW(COMPLAINT_FOLLOW, "complaint.followed", OFFICER, complaint_followed),

    /* Of whatever else an entry may have changed the colour. */
    ROW(_NOT_SET, "venue.red", STAFF, venue_red),

    /* No news: only that pages have something else to show. */
    ROW(_NOT_SET, "change", STAFF, about),
};

const size_t  shian_nevents = SHIAN_COUNT(shian_events);

#define CHANGE  (SHIAN_COUNT(shian_events) - 1)


/* ---- events of entries ----------------------------------------------------*/

static Shian__Event *
tell(shian_txn_t *t, const Shian__Entry *e, const shian_event_row_t *row)
{
    Shian__Event   told = SHIAN__EVENT__INIT;
    Shian__Event  *event;
    Shian__Venue  *v;

    if (!row->tell(t, e, &told)) {
        return NULL;
    }

    NEW(event, event);
    *event = told;
    SET(event, id, e->seq);
    SET(event, at, e->operation->at);
    event->type = (char *) row->type;

    if (told.has_venue) {
        v = shian_venue_get(t, told.venue);

        if (v == NULL) {
            return NULL;
        }

        event->venue_name = v->name;
        event->district = v->district;
    }

    return event;
}


Shian__Event *
shian_event(shian_txn_t *t, const Shian__Entry *e)
{
    size_t         i;
    Shian__Event  *event;

    event = NULL;

    for (i = 0; i < CHANGE && event == NULL; i++) {
        if (shian_events[i].body == e->operation->body_case
            || shian_events[i].body == SHIAN__OPERATION__BODY__NOT_SET)
        {
            event = tell(t, e, &shian_events[i]);
        }
    }

    return event;
}


Shian__Event *
shian_event_change(shian_txn_t *t, const Shian__Entry *e)
{
    return tell(t, e, &shian_events[CHANGE]);
}


bool
shian_event_is_news(const Shian__Event *event)
{
    return event->type != shian_events[CHANGE].type;
}


bool
shian_event_for(const Shian__Event *event, Shian__Role__Kind role,
    const Shian__User *user)
{
    size_t        i;
    Shian__Venue  v = SHIAN__VENUE__INIT;

    if (event == NULL) {
        return false;
    }

    for (i = 0; i < shian_nevents; i++) {
        if (strcmp(shian_events[i].type, event->type) == 0) {
            v.id = event->venue;
            v.district = event->district;

            return (shian_events[i].roles & (1u << role)) != 0
                   && shian_in_reach(role, user, 0, &v)
                   && (i == CHANGE || !event->has_inspector
                       || role != SHIAN__ROLE__KIND__inspector
                       || (user != NULL && user->id == event->inspector));
        }
    }

    return false;
}


Shian__Event *
shian_event_at(shian_txn_t *t, uint64_t seq, const shian_caller_t *caller,
    bool changes)
{
    uint8_t                   first[ENTRY_SIZE];
    shian_txn_t               entries;
    Shian__Entry             *e;
    Shian__Event             *event;
    shian_arena_t             arena;
    const Shian__Role__Kind   role = caller->actor.role;

    shian_arena_init(&arena, NULL, NULL);
    shian_arena_first(&arena, first, sizeof(first));
    entries = *t;
    entries.arena = &arena;

    e = shian_log_get(&entries, seq);
    event = e == NULL ? NULL : shian_event(t, e);

    if (!shian_event_for(event, role, caller->user)) {
        event = e == NULL || !changes ? NULL : shian_event_change(t, e);

        if (!shian_event_for(event, role, caller->user)) {
            event = NULL;
        }
    }

    t->err = t->err != 0 ? t->err : entries.err;
    shian_arena_free(&arena);

    return event;
}


Shian__Event **
shian_events_latest(shian_txn_t *t, const shian_caller_t *caller, size_t max,
    size_t *n)
{
    uint64_t        seq, end;
    shian_head_t    head;
    Shian__Event  **events;

    *n = 0;
    events = shian_array(t->arena, max, sizeof(*events));

    if (events == NULL) {
        return NULL;
    }

    shian_log_head(t, &head);
    end = head.seq > SHIAN_EVENTS_BACK ? head.seq - SHIAN_EVENTS_BACK : 0;

    for (seq = head.seq; seq > end && *n < max; seq--) {
        events[*n] = shian_event_at(t, seq, caller, false);
        *n += events[*n] != NULL;
    }

    return events;
}


bool
shian_event_ends(const Shian__Entry *e, const shian_caller_t *caller)
{
    const Shian__Operation  *op = e->operation;

    switch (op->body_case) {

    case SHIAN__OPERATION__BODY_SESSION_END:
        return caller == NULL
               || (caller->has_session
                   && shian_str_eq(shian_bytes(op->session_end->session),
                                   shian_slice(caller->session,
                                               sizeof(caller->session))));

    case SHIAN__OPERATION__BODY_USER_DISABLE:
        return caller == NULL
               || (caller->user != NULL
                   && op->user_disable->user == caller->user->id);

    case SHIAN__OPERATION__BODY_SESSIONS_END:
        return caller == NULL
               || (caller->user != NULL
                   && op->sessions_end->user == caller->user->id);

    case SHIAN__OPERATION__BODY_USER_PUT:
        return caller == NULL
               || (caller->user != NULL
                   && shian_str_eq(shian_str(op->user_put->login),
                                   shian_str(caller->user->login)));

    default:
        return false;
    }
}
