#include "event.h"

#include <inttypes.h>

#include "checkin.h"
#include "complaint.h"
#include "finding.h"
#include "safeguard.h"
#include "tally.h"
#include "venue.h"
#include "view_parts.h"

#define STAFF    SHIAN_FOLLOWERS
#define OFFICER  (STAFF & ~SHIAN_ROLE(inspector))

/* Most entries are smaller; the rest costs an allocation. */
#define ENTRY_SIZE  4096

/* Of a venue, among which one that was just sent is looked for. */
#define INSPECTIONS  20


static char *
name_of(const ProtobufCEnumDescriptor *desc, int value)
{
    const ProtobufCEnumValue  *v;

    v = protobuf_c_enum_descriptor_get_value(desc, value);

    return v == NULL ? NULL : (char *) v->name;
}


/* ---- reviews --------------------------------------------------------------*/

static bool
tell_review(shian_txn_t *t, const Shian__Review *r, Shian__Event *event)
{
    SET(event, venue, r->venue);
    SET(event, record, r->id);
    event->state = name_of(&shian__review__state__descriptor, r->state);
    event->href = shian_printf(t->arena, "/desk/reviews#review-%" PRIu64,
                               r->id);

    return true;
}


/*
 * The log does not name the review that an entry made.  Its instant leads to
 * it, and a device reviews a venue once a day.
 */
static bool
review_held(shian_txn_t *t, const Shian__Entry *e, Shian__Event *event)
{
    bool                      found;
    shian_scan_t              scan;
    Shian__Review            *r;
    shian_rowkey_t            prefix;
    const Shian__Operation   *op = e->operation;

    if (!op->review_post->hold || op->actor == NULL) {
        return false;
    }

    prefix = shian_review_key('v', op->review_post->venue, op->at, 0);
    prefix.n -= 8;
    found = false;
    shian_scan_open(&scan, t, SHIAN_T_REVIEW_BY, &prefix, NULL);

    while (!found && shian_scan_next(&scan) && scan.key.n == prefix.n + 8) {
        r = shian_review_get(t, shian_be(scan.key.p + prefix.n, 8));
        found = r != NULL && shian_str_eq(shian_bytes(r->device),
                                          shian_bytes(op->actor->device))
                && tell_review(t, r, event);
    }

    shian_scan_close(&scan);

    return found;
}


static bool
review_flagged(shian_txn_t *t, const Shian__Entry *e, Shian__Event *event)
{
    Shian__Review  *r;

    r = shian_review_get(t, e->operation->review_flag->review);

    return r != NULL && tell_review(t, r, event);
}


/* ---- inspections and what follows from them -------------------------------*/

static void
venue_href(shian_txn_t *t, uint64_t venue, const char *page,
    Shian__Event *event)
{
    SET(event, venue, venue);
    event->href = shian_printf(t->arena, "/v/%" PRIu64 "%s", venue, page);
}


/* The inspection that an entry made; NULL: not among the venue's latest. */
static Shian__Inspection *
inspection_of(shian_txn_t *t, const Shian__Operation *op)
{
    size_t              i;
    shian_scan_t        scan;
    shian_rowkey_t      prefix;
    Shian__Inspection  *in, *found;

    prefix = shian_rowkey_id(op->inspection_post->venue);
    found = NULL;
    shian_scan_open(&scan, t, SHIAN_T_INSPECTION, &prefix, NULL);

    for (i = 0; i < INSPECTIONS && found == NULL && shian_scan_next(&scan);
         i++)
    {
        in = shian__inspection__unpack(&t->arena->pb, scan.value.n,
                                       scan.value.p);
        found = in != NULL && in->at == op->at && op->actor != NULL
                && in->user == op->actor->user ? in : NULL;
    }

    shian_scan_close(&scan);

    return found;
}


/* One that an officer has, or had, to look at. */
static bool
inspection_waiting(shian_txn_t *t, const Shian__Entry *e,
    Shian__Event *event)
{
    Shian__Inspection  *in;

    in = inspection_of(t, e->operation);

    if (in == NULL || in->n_flags == 0) {
        return false;
    }

    venue_href(t, in->venue, "/inspections", event);
    SET(event, record, in->id);
    event->state = name_of(&shian__inspection__state__descriptor, in->state);

    return true;
}


static bool
inspection_replied(shian_txn_t *t, const Shian__Entry *e,
    Shian__Event *event)
{
    const Shian__InspectionReply  *op = e->operation->inspection_reply;

    venue_href(t, op->venue, "/inspections", event);
    SET(event, record, op->inspection);

    return true;
}


static bool
finding_submitted(shian_txn_t *t, const Shian__Entry *e, Shian__Event *event)
{
    Shian__Finding  *f;

    f = shian_finding_get(t, e->operation->finding_submit->finding);

    if (f == NULL) {
        return false;
    }

    venue_href(t, f->venue, "", event);
    SET(event, record, f->id);
    event->state = name_of(&shian__finding__state__descriptor, f->state);

    return true;
}


/* A venue has one appeal at a time; an earlier one is no news any more. */
static bool
appeal_filed(shian_txn_t *t, const Shian__Entry *e, Shian__Event *event)
{
    Shian__Tally   *tally;
    Shian__Appeal  *a;

    tally = shian_tally_get(t, e->operation->appeal_file->venue);
    a = tally == NULL ? NULL : shian_appeal_get(t, tally->appeal);

    if (a == NULL || a->at != e->operation->at) {
        return false;
    }

    venue_href(t, a->venue, "/grades", event);
    SET(event, record, a->id);
    event->state = name_of(&shian__appeal__state__descriptor, a->state);

    return true;
}


static bool
reinspection_asked(shian_txn_t *t, const Shian__Entry *e,
    Shian__Event *event)
{
    venue_href(t, e->operation->reinspection_ask->venue, "", event);

    return true;
}


/* ---- complaints -----------------------------------------------------------*/

static bool
tell_complaint(shian_txn_t *t, const Shian__Complaint *c,
    Shian__Event *event)
{
    COPY(event, c, venue);
    SET(event, record, c->id);
    event->district = c->district;
    event->state = name_of(&shian__complaint__state__descriptor, c->state);
    event->href = shian_printf(t->arena, "/desk/complaints/%" PRIu64, c->id);
    SET(event, urgent, c->state == SHIAN__COMPLAINT__STATE__received
                       && c->severity == SHIAN__SEVERITY__KIND__critical);

    return true;
}


/* The first complaint that the post made, among those at key. */
static bool
find_complaint(shian_txn_t *t, const shian_rowkey_t *key,
    const Shian__ComplaintPost *op, Shian__Event *event)
{
    bool               found;
    shian_scan_t       scan;
    Shian__Complaint  *c;

    found = false;
    shian_scan_open(&scan, t, SHIAN_T_COMPLAINT_BY, key, NULL);

    while (!found && shian_scan_next(&scan)) {
        c = shian_complaint_get(t, shian_by_id(scan.key));
        found = c != NULL
                && shian_str_eq(shian_bytes(c->vault), shian_bytes(op->vault))
                && tell_complaint(t, c, event);
    }

    shian_scan_close(&scan);

    return found;
}


/*
 * By the place or the device, and the instant; else by the district and the
 * day that it was due on first.  One of the last kind that has gone further
 * is told no more.
 */
static bool
complaint_received(shian_txn_t *t, const Shian__Entry *e,
    Shian__Event *event)
{
    int32_t                      due;
    shian_rowkey_t               key;
    const Shian__Operation      *o = e->operation;
    const Shian__ComplaintPost  *op = o->complaint_post;

    if (op->has_venue) {
        key = shian_complaint_prefix_id('v', op->venue);
        shian_rowkey_be(&key, ~o->at, 8);

    } else if (o->actor != NULL && o->actor->has_device) {
        key = shian_complaint_prefix_text('i', shian_bytes(o->actor->device));
        shian_rowkey_be(&key, ~o->at, 8);

    } else {
        due = op->kind == SHIAN__COMPLAINT_POST__KIND__report
              ? op->report_due_on : op->complaint_due_on;
        key = shian_complaint_prefix_text('d', shian_str(op->district));
        shian_rowkey_be(&key, (uint64_t) (due + INT64_C(0x80000000)), 4);
    }

    return find_complaint(t, &key, op, event);
}


static bool
complaint_step(shian_txn_t *t, const Shian__Entry *e,
    Shian__ComplaintStep__Action action, Shian__Event *event)
{
    Shian__Complaint             *c;
    const Shian__ComplaintStep   *op = e->operation->complaint_step;

    c = op->action == action ? shian_complaint_get(t, op->complaint) : NULL;

    return c != NULL && tell_complaint(t, c, event);
}


static bool
complaint_dispatched(shian_txn_t *t, const Shian__Entry *e,
    Shian__Event *event)
{
    return complaint_step(t, e, SHIAN__COMPLAINT_STEP__ACTION__dispatch,
                          event);
}


static bool
complaint_reported(shian_txn_t *t, const Shian__Entry *e,
    Shian__Event *event)
{
    return complaint_step(t, e, SHIAN__COMPLAINT_STEP__ACTION__report, event);
}


/* The complainant has added something, withdrawn or reopened it. */
static bool
complaint_followed(shian_txn_t *t, const Shian__Entry *e,
    Shian__Event *event)
{
    Shian__Complaint              *c;
    const Shian__ComplaintFollow  *op = e->operation->complaint_follow;

    c = op->action != SHIAN__COMPLAINT_FOLLOW__ACTION__rate
        ? shian_complaint_get(t, op->complaint) : NULL;

    return c != NULL && tell_complaint(t, c, event);
}


/* ---- colours --------------------------------------------------------------*/

/* The venue whose grade the entry may have changed; 0: none. */
static uint64_t
graded_venue(shian_txn_t *t, const Shian__Operation *op)
{
    Shian__Case       *c;
    Shian__Review     *r;
    Shian__Appeal     *a;
    Shian__Finding    *f;
    Shian__Complaint  *complaint;

    switch (op->body_case) {

    case SHIAN__OPERATION__BODY_REVIEW_POST:
        return op->review_post->venue;

    case SHIAN__OPERATION__BODY_REVIEW_DECIDE:
        r = shian_review_get(t, op->review_decide->review);
        return r == NULL ? 0 : r->venue;

    case SHIAN__OPERATION__BODY_VENUE_STATUS:
        return op->venue_status->venue;

    case SHIAN__OPERATION__BODY_VENUE_REGRADE:
        return op->venue_regrade->venue;

    case SHIAN__OPERATION__BODY_VENUE_UPSERT:
        return op->venue_upsert->venue == NULL ? 0
               : op->venue_upsert->venue->id != 0
               ? op->venue_upsert->venue->id
               : shian_venue_match(t, op->venue_upsert->venue);

    case SHIAN__OPERATION__BODY_INSPECTION_IMPORT:
        return op->inspection_import->inspection == NULL ? 0
               : op->inspection_import->inspection->venue;

    case SHIAN__OPERATION__BODY_INSPECTION_POST:
        return op->inspection_post->venue;

    case SHIAN__OPERATION__BODY_INSPECTION_DECIDE:
        return op->inspection_decide->venue;

    case SHIAN__OPERATION__BODY_FINDING_DECIDE:
        f = shian_finding_get(t, op->finding_decide->finding);
        return f == NULL ? 0 : f->venue;

    case SHIAN__OPERATION__BODY_APPEAL_DECIDE:
        a = shian_appeal_get(t, op->appeal_decide->appeal);
        return a == NULL ? 0 : a->venue;

    case SHIAN__OPERATION__BODY_COMPLAINT_STEP:
        complaint = shian_complaint_get(t, op->complaint_step->complaint);
        return complaint == NULL ? 0 : complaint->venue;

    case SHIAN__OPERATION__BODY_CASE_STEP:
        c = shian_case_get(t, op->case_step->case_id);
        return c == NULL ? 0 : c->venue;

    default:
        return 0;
    }
}


/* It turned red by this very entry; another score in red is no news. */
static bool
venue_red(shian_txn_t *t, const Shian__Entry *e, Shian__Event *event)
{
    uint64_t             venue;
    Shian__Grade        *g;
    Shian__Tally        *tally;
    shian_rowkey_t       k;
    Shian__Colour__Kind  colour;

    venue = graded_venue(t, e->operation);
    if (venue == 0) {
        return false;
    }

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
    venue_href(t, venue, "", event);
    SET(event, urgent, colour == SHIAN__COLOUR__KIND__red);
    event->state = name_of(&shian__colour__kind__descriptor, colour);

    return true;
}


#define ROW(body, type, roles, tell)                                         \
    { SHIAN__OPERATION__BODY_##body, type, roles, tell }

const shian_event_row_t  shian_events[] = {
    ROW(REVIEW_POST, "review.held", OFFICER, review_held),
    ROW(REVIEW_FLAG, "review.flagged", OFFICER, review_flagged),
    ROW(INSPECTION_POST, "inspection.waiting", OFFICER, inspection_waiting),
    ROW(INSPECTION_REPLY, "inspection.replied", OFFICER, inspection_replied),
    ROW(FINDING_SUBMIT, "finding.submitted", STAFF, finding_submitted),
    ROW(APPEAL_FILE, "appeal.filed", OFFICER, appeal_filed),
    ROW(REINSPECTION_ASK, "reinspection.asked", STAFF, reinspection_asked),
    ROW(COMPLAINT_POST, "complaint.received", OFFICER, complaint_received),
    ROW(COMPLAINT_STEP, "complaint.dispatched", STAFF, complaint_dispatched),
    ROW(COMPLAINT_STEP, "complaint.reported", OFFICER, complaint_reported),
    ROW(COMPLAINT_FOLLOW, "complaint.followed", OFFICER, complaint_followed),

    /* Of whatever else an entry may have changed the colour. */
    ROW(_NOT_SET, "venue.red", STAFF, venue_red),
};

const size_t  shian_nevents = SHIAN_COUNT(shian_events);


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

    for (i = 0; i < shian_nevents && event == NULL; i++) {
        if (shian_events[i].body == e->operation->body_case
            || shian_events[i].body == SHIAN__OPERATION__BODY__NOT_SET)
        {
            event = tell(t, e, &shian_events[i]);
        }
    }

    return event;
}


bool
shian_event_for(const Shian__Event *event, Shian__Role__Kind role,
    const Shian__User *user)
{
    size_t        i;
    Shian__Venue  v = SHIAN__VENUE__INIT;

    for (i = 0; i < shian_nevents; i++) {
        if (strcmp(shian_events[i].type, event->type) == 0) {
            v.id = event->venue;
            v.district = event->district;

            return (shian_events[i].roles & (1u << role)) != 0
                   && shian_in_reach(role, user, 0, &v);
        }
    }

    return false;
}


Shian__Event *
shian_event_at(shian_txn_t *t, uint64_t seq, const shian_caller_t *caller)
{
    uint8_t        first[ENTRY_SIZE];
    shian_txn_t    entries;
    Shian__Entry  *e;
    Shian__Event  *event;
    shian_arena_t  arena;

    shian_arena_init(&arena, NULL, NULL);
    shian_arena_first(&arena, first, sizeof(first));
    entries = *t;
    entries.arena = &arena;

    e = shian_log_get(&entries, seq);
    event = e == NULL ? NULL : shian_event(t, e);

    if (event != NULL && !shian_event_for(event, caller->actor.role,
                                          caller->user))
    {
        event = NULL;
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
        events[*n] = shian_event_at(t, seq, caller);
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

    case SHIAN__OPERATION__BODY_USER_PUT:
        return caller == NULL
               || (caller->user != NULL
                   && shian_str_eq(shian_str(op->user_put->login),
                                   shian_str(caller->user->login)));

    default:
        return false;
    }
}
