/*
 * What a visit does to its venue from the moment it counts, and no longer when
 * it does not: marks, photos, the last visit; and the word of an officer by
 * which that changes.
 */

#include "checkin.h"

#include <errno.h>

#include "capabilities.h"
#include "evidence.h"
#include "finding.h"
#include "gallery.h"
#include "mark.h"
#include "states.h"

#define STATE(name)   SHIAN__INSPECTION__STATE__##name
#define RESULT(name)  SHIAN__ANSWER__RESULT__##name
#define SOURCE(name)  SHIAN__MARK__SOURCE__##name
#define DO(name)      SHIAN__INSPECTION_DECIDE__ACTION__##name


/* ---- marks ----------------------------------------------------------------*/

/*
 * The deadline of a fail.  A visit that counts from later on, because somebody
 * said so, leaves the venue as many days as any; what an officer set stands.
 */
static int32_t
deadline(shian_op_t *o, const Shian__Inspection *in, const Shian__Answer *a)
{
    int32_t  days, least;

    days = shian_finding_days(a->severity);
    least = shian_op_day(o) + days;

    return in->state == STATE(confirmed) && a->deadline_on < least
           && a->deadline_on == in->on + days ? least : a->deadline_on;
}


static void
mark(shian_op_t *o, const Shian__Inspection *in, const Shian__Answer *a)
{
    Shian__Mark  m = SHIAN__MARK__INIT;

    m.has_source = m.has_id = m.has_at = 1;
    m.source = SOURCE(visit);
    m.id = in->id;
    m.at = in->ended_at;
    m.has_counted_by = 1;
    m.counted_by = in->counted_by;

    if (a->result == RESULT(fail)) {
        m.has_failed = m.failed = 1;
        m.has_severity = m.has_deadline_on = 1;
        m.severity = a->severity;
        m.deadline_on = deadline(o, in, a);
        m.note = a->note;
        m.n_photos = a->n_photos;
        m.photos = a->photos;
        m.has_photos_public = a->has_photos_public;
        m.photos_public = a->photos_public;
        m.checklist = in->checklist;
        m.has_about = in->has_complaint_id;
        m.about = in->complaint_id;
    }

    shian_mark_put(o, in->venue, a->code, &m);
}


/* Its word on every item: given, or taken back. */
static void
mark_items(shian_op_t *o, Shian__Tally *tally, const Shian__Inspection *in,
    bool counts)
{
    size_t                i;
    const char           *item;
    const Shian__Answer  *a;

    for (i = 0; i < in->n_items; i++) {
        a = in->items[i];

        /* What never failed has no marks, and none is needed. */
        if (a->result == RESULT(na)
            || (a->result == RESULT(pass)
                && !shian_marked(o->txn, in->venue, a->code)))
        {
            continue;
        }

        if (counts) {
            mark(o, in, a);
        } else {
            shian_mark_del(o, in->venue, a->code, in->ended_at,
                           SOURCE(visit), in->id);
        }

        shian_finding_derive(o, tally, in->venue, a->code);
    }

    /* Without it others may not have come too late. */
    for (item = NULL; !counts
                      && shian_marked_next(o->txn, in->venue, &item); )
    {
        shian_finding_derive(o, tally, in->venue, item);
    }
}


/* ---- the venue ------------------------------------------------------------*/

void
shian_visit_note_last(shian_op_t *o, Shian__Tally *tally, uint64_t venue)
{
    bool      any, met;
    int32_t   on;
    uint64_t  ended;

    any = shian_visit_last(o->txn, venue, &ended, &on);

    /* A visit after the venue asked for one meets that, if it counts. */
    met = !tally->has_asked_at || (any && ended > tally->asked_at);

    tally->has_reinspection_at = tally->has_reinspection_due_on = !met;
    tally->reinspection_at = met ? 0 : tally->asked_at;
    tally->reinspection_due_on = met ? 0 : tally->asked_due_on;
}


/* Photos of it that everybody may see, from now on or no longer. */
static void
show_photos(shian_op_t *o, const Shian__Inspection *in, int delta)
{
    size_t          i, j;
    Shian__Photo    p = SHIAN__PHOTO__INIT;
    Shian__Answer  *a;

    for (i = 0; i < in->n_items; i++) {
        a = in->items[i];

        for (j = 0; a->photos_public && j < a->n_photos; j++) {
            p.hash = a->photos[j];
            shian_gallery_open(o, &p, delta);
        }
    }
}


void
shian_visit_count(shian_op_t *o, Shian__Tally *tally,
    const Shian__Inspection *in, bool counts)
{
    Shian__Evidence  e;

    mark_items(o, tally, in, counts);

    if (!counts) {
        shian_evidence_del(o, in->venue, in->ended_at, SHIAN_EVIDENCE(visit),
                           in->id);

    } else if (shian_inspection_is_evidence(in)) {
        e = shian_evidence_on(SHIAN_EVIDENCE(visit), in->id, in->on);
        shian_evidence_put(o, in->venue, in->ended_at, &e);
    }

    tally->has_inspections = 1;
    tally->inspections += counts ? 1u : (uint32_t) -1;

    shian_visit_note_last(o, tally, in->venue);
    show_photos(o, in, counts ? 1 : -1);
}


void
shian_visit_settle(shian_op_t *o, Shian__Tally *tally,
    const Shian__Inspection *in)
{
    shian_evaluate_again(o, tally, in->venue, in->on);
    shian_settle(o, in->venue, tally);
    shian_result(o, in->id, in->venue);
}


/* ---- an officer's word ----------------------------------------------------*/

static const char *
decision(Shian__InspectionDecide__Action action)
{
    switch (action) {
    case DO(confirm):
        return "confirm";
    case DO(reject):
        return "reject";
    case DO(correct):
        return "correct";
    default:
        return "";
    }
}


bool
shian_inspection_decide_check(shian_op_t *o)
{
    Shian__Inspection              *in;
    const Shian__InspectionDecide  *op = o->op->inspection_decide;

    in = shian_inspection_get(o->txn, op->venue, op->inspection);

    if (shian_venue_of(o, in == NULL ? 0 : in->venue,
                       "There is no such inspection.") == NULL
        || shian_take_step(o, SHIAN_FLOW_INSPECTION,
                           in->has_state ? (int) in->state : 0,
                           decision(op->action)) == NULL)
    {
        return false;
    }

    if (in->user != 0 && in->user == o->op->actor->user) {
        return shian_fail(o->report, 403, "forbidden",
                          "Somebody else has to look at your own visit.");
    }

    if (op->action != DO(confirm)
        && (op->reason == NULL || op->reason[0] == '\0'))
    {
        shian_fail_field(o->report, "reason", "required", NULL);
        return false;
    }

    return true;
}


/* A step beside those that were taken before. */
static void
note_step(shian_op_t *o, Shian__Inspection *in)
{
    size_t                          i;
    Shian__Inspection__Step        *s, **all;
    const Shian__InspectionDecide  *op = o->op->inspection_decide;

    s = shian_alloc(o->arena, sizeof(*s));
    all = shian_array(o->arena, in->n_steps + 1, sizeof(*all));

    if (s == NULL || all == NULL) {
        o->txn->err = ENOMEM;
        return;
    }

    shian__inspection__step__init(s);
    s->has_at = s->has_by = s->has_state = s->has_corrects = 1;
    s->at = o->op->at;
    s->by = o->op->actor->user;
    s->state = in->state;
    s->reason = op->reason;
    s->corrects = op->action == DO(correct);

    for (i = 0; i < in->n_steps; i++) {
        all[i] = in->steps[i];
    }

    all[in->n_steps++] = s;
    in->steps = all;
}


void
shian_inspection_decide_apply(shian_op_t *o)
{
    bool                            counted;
    Shian__Tally                   *tally;
    Shian__Inspection              *in;
    const shian_state_row_t        *row;
    const Shian__InspectionDecide  *op = o->op->inspection_decide;

    in = shian_inspection_get(o->txn, op->venue, op->inspection);
    tally = in == NULL ? NULL : shian_tally_get(o->txn, in->venue);
    row = tally == NULL ? NULL
          : shian_step(SHIAN_FLOW_INSPECTION, (int) in->state,
                       decision(op->action));

    if (row == NULL) {
        return;
    }

    counted = shian_inspection_counts(in);
    in->state = (Shian__Inspection__State) row->to;
    in->has_decided_at = in->has_decided_by = 1;
    in->decided_at = o->op->at;
    in->decided_by = o->op->actor->user;
    in->reason = op->reason;
    note_step(o, in);

    if (counted != shian_inspection_counts(in)) {
        in->has_counted_by = !counted;
        in->counted_by = counted ? 0 : o->seq;
    }

    shian_inspection_put(o, in);

    if (counted != shian_inspection_counts(in)) {
        shian_visit_count(o, tally, in, !counted);
    }

    shian_visit_settle(o, tally, in);
}
