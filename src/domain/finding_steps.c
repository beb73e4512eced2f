/*
 * What happens to a finding: its venue says that it is put right, somebody of
 * the bureau looks at that, an officer gives more time.
 */

#include "finding.h"

#include "capabilities.h"
#include "gallery.h"
#include "mark.h"
#include "rules.h"
#include "states.h"

#define STATE(name)    SHIAN__FINDING__STATE__##name


/* The finding of an operation, if its venue is the actor's to act on. */
static Shian__Finding *
named(shian_op_t *o, uint64_t id)
{
    Shian__Finding  *f;

    f = shian_finding_get(o->txn, id);

    return shian_venue_of(o, f == NULL ? 0 : f->venue,
                          "There is no such finding.") == NULL ? NULL : f;
}


static void
settle(shian_op_t *o, const Shian__Finding *f, Shian__Tally *tally)
{
    shian_settle(o, f->venue, tally);
    shian_result(o, f->id, f->venue);
}


bool
shian_finding_submit_check(shian_op_t *o)
{
    Shian__Finding              *f;
    const Shian__FindingSubmit  *op = o->op->finding_submit;

    f = named(o, op->finding);

    if (f == NULL
        || shian_take_step(o, SHIAN_FLOW_FINDING, (int) f->state, "submit")
           == NULL)
    {
        return false;
    }

    if (op->text == NULL || op->text[0] == '\0') {
        shian_fail_field(o->report, "text", "required", NULL);
        return false;
    }

    return shian_gallery_named(op->photo, op->n_photo)
           || shian_fail(o->report, 400, "malformed", "Photos have a hash.");
}


void
shian_finding_submit_apply(shian_op_t *o)
{
    Shian__Tally                *tally;
    Shian__Finding              *f, was;
    const Shian__FindingSubmit  *op = o->op->finding_submit;

    f = shian_finding_get(o->txn, op->finding);
    tally = f == NULL ? NULL : shian_tally_get(o->txn, f->venue);

    if (tally == NULL) {
        return;
    }

    was = *f;
    f->state = STATE(submitted);
    f->text = op->text;
    f->after = op->photo;
    f->n_after = op->n_photo;
    f->has_submitted_at = 1;
    f->submitted_at = o->op->at;
    f->reason = NULL;
    f->has_rejected_at = f->rejected_at = 0;

    shian_gallery_use(o, f->after, f->n_after, false);

    shian_finding_change(o, &was, f);
    settle(o, f, tally);
}


static const char *
decision(Shian__FindingDecide__Action action)
{
    switch (action) {
    case SHIAN__FINDING_DECIDE__ACTION__verify:
        return "verify";
    case SHIAN__FINDING_DECIDE__ACTION__reject:
        return "reject";
    case SHIAN__FINDING_DECIDE__ACTION__extend:
        return "extend";
    default:
        return "";
    }
}


static bool
check_extension(shian_op_t *o, const Shian__Finding *f)
{
    const Shian__FindingDecide  *op = o->op->finding_decide;

    if (f->extended) {
        return shian_wrong_state(o, "The deadline was extended before, and "
                                 "that is possible once.");
    }

    if (!op->has_deadline_on) {
        shian_fail_field(o->report, "deadline_on", "required", NULL);
    } else if (op->deadline_on <= f->deadline_on
               || op->deadline_on < shian_op_day(o)
               || op->deadline_on > shian_op_day(o)
                                   + shian_rules(o->rules)->extend_days)
    {
        shian_fail_field(o->report, "deadline_on", "range",
                         "After the present deadline and not over yet, "
                         "within 90 days.");
    }

    return o->report->status == 200;
}


bool
shian_finding_decide_check(shian_op_t *o)
{
    bool                         verify;
    Shian__Finding              *f;
    const Shian__FindingDecide  *op = o->op->finding_decide;

    f = named(o, op->finding);

    if (f == NULL
        || shian_take_step(o, SHIAN_FLOW_FINDING, (int) f->state,
                           decision(op->action)) == NULL)
    {
        return false;
    }

    verify = op->action == SHIAN__FINDING_DECIDE__ACTION__verify;

    if (!verify && (op->reason == NULL || op->reason[0] == '\0')) {
        shian_fail_field(o->report, "reason", "required", NULL);
    }

    if (op->action == SHIAN__FINDING_DECIDE__ACTION__extend) {
        return check_extension(o, f);
    }

    return o->report->status == 200;
}


/* A mark of its own, so that it outlives whatever opened the finding. */
static void
verify(shian_op_t *o, Shian__Tally *tally, const Shian__Finding *f)
{
    Shian__Mark  m = SHIAN__MARK__INIT;

    m.has_source = m.has_id = m.has_at = m.has_user = 1;
    m.source = SHIAN__MARK__SOURCE__rectified;
    m.id = f->id;
    m.at = o->op->at;

    /* Clocks step back; it was looked at after it was found. */
    if (f->n_found_by != 0 && m.at < f->found_by[f->n_found_by - 1]->at) {
        m.at = f->found_by[f->n_found_by - 1]->at;
    }

    m.user = o->op->actor->user;
    shian_mark_put(o, f->venue, f->item, &m);
    shian_finding_derive(o, tally, f->venue, f->item);
}


void
shian_finding_decide_apply(shian_op_t *o)
{
    Shian__Tally                *tally;
    Shian__Finding              *f, was;
    const Shian__FindingDecide  *op = o->op->finding_decide;

    f = shian_finding_get(o->txn, op->finding);
    tally = f == NULL ? NULL : shian_tally_get(o->txn, f->venue);

    if (tally == NULL) {
        return;
    }

    if (op->action == SHIAN__FINDING_DECIDE__ACTION__verify) {
        verify(o, tally, f);
        settle(o, f, tally);
        return;
    }

    was = *f;

    if (op->action == SHIAN__FINDING_DECIDE__ACTION__reject) {
        f->state = STATE(open);
        f->reason = op->reason;
        f->has_rejected_at = 1;
        f->rejected_at = o->op->at;

    } else {
        f->has_extended = f->extended = 1;
        f->extend_reason = op->reason;
        f->has_extended_at = f->has_extended_to = 1;
        f->extended_at = o->op->at;
        f->extended_to = op->deadline_on;
        shian_finding_deadline(f);
    }

    shian_finding_change(o, &was, f);
    settle(o, f, tally);
}
