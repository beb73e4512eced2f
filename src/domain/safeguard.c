/*
 * What protects a venue: its reply beside an inspection, its appeal against a
 * grade, and its request to be looked at again.
 */

#include "safeguard.h"

#include <errno.h>

#include "capabilities.h"
#include "checkin.h"
#include "evidence.h"
#include "filing.h"
#include "finding.h"
#include "gallery.h"
#include "mark.h"
#include "rules.h"
#include "states.h"

#define STATE(name)  SHIAN__APPEAL__STATE__##name

#define MOST_PART      128      /* users remembered as having had part */


Shian__Appeal *
shian_appeal_get(shian_txn_t *t, uint64_t id)
{
    return shian_get(t, SHIAN_T_APPEAL, id, &shian__appeal__descriptor);
}


/* ---- reply ----------------------------------------------------------------*/

/* The inspection of an operation, if its venue is the actor's to act on. */
static Shian__Inspection *
named(shian_op_t *o, uint64_t venue, uint64_t id)
{
    Shian__Inspection  *in;

    in = shian_inspection_get(o->txn, venue, id);

    return shian_venue_of(o, in == NULL ? 0 : in->venue,
                          "There is no such inspection.") == NULL ? NULL : in;
}


static void
put_inspection(shian_op_t *o, const Shian__Inspection *in)
{
    Shian__Tally    *tally;
    shian_rowkey_t   k = shian_rowkey_id(in->venue);

    shian_rowkey_be(&k, ~(uint32_t) in->on, 4);
    shian_rowkey_be(&k, in->id, 8);
    shian_row_put_message(o->txn, SHIAN_T_INSPECTION, &k, in);

    tally = shian_tally_get(o->txn, in->venue);

    if (tally != NULL) {
        shian_tally_put(o, in->venue, tally);
    }

    shian_result(o, in->id, in->venue);
}


bool
shian_inspection_reply_check(shian_op_t *o)
{
    Shian__Inspection              *in;
    const Shian__InspectionReply   *op = o->op->inspection_reply;

    in = named(o, op->venue, op->inspection);

    if (in == NULL) {
        return false;
    }

    if (!shian_inspection_counts(in)) {
        return shian_wrong_state(o, "The inspection does not count.");
    }

    if (in->reply != NULL) {
        return shian_wrong_state(o, "There is one reply an inspection, and "
                                 "it is given.");
    }

    if (op->text == NULL || op->text[0] == '\0') {
        shian_fail_field(o->report, "text", "required", NULL);
    }

    return o->report->status == 200;
}


void
shian_inspection_reply_apply(shian_op_t *o)
{
    Shian__Inspection             *in;
    const Shian__InspectionReply  *op = o->op->inspection_reply;

    in = shian_inspection_get(o->txn, op->venue, op->inspection);

    if (in != NULL) {
        in->reply = op->text;
        in->has_replied_at = 1;
        in->replied_at = o->op->at;
        put_inspection(o, in);
    }
}


bool
shian_reply_remove_check(shian_op_t *o)
{
    Shian__Inspection         *in;
    const Shian__ReplyRemove  *op = o->op->reply_remove;

    in = named(o, op->venue, op->inspection);

    return in != NULL
           && ((in->reply != NULL && !in->reply_removed)
               || shian_wrong_state(o, "There is no reply to take down."));
}


void
shian_reply_remove_apply(shian_op_t *o)
{
    Shian__Inspection         *in;
    const Shian__ReplyRemove  *op = o->op->reply_remove;

    in = shian_inspection_get(o->txn, op->venue, op->inspection);

    if (in != NULL) {
        in->has_reply_removed = in->reply_removed = 1;
        put_inspection(o, in);
    }
}


/* ---- appeal ---------------------------------------------------------------*/

/*
 * The last change of the venue's colour; NULL: none was ever given.  Where
 * only the score or the reasons changed it is the same grade.
 */
static Shian__Grade *
last_change(shian_txn_t *t, uint64_t venue)
{
    shian_scan_t    scan;
    shian_rowkey_t  prefix = shian_rowkey_id(venue);
    Shian__Grade   *g;

    g = NULL;
    shian_scan_open(&scan, t, SHIAN_T_GRADE, &prefix, NULL);

    while (shian_scan_next(&scan)) {
        g = shian__grade__unpack(&t->arena->pb, scan.value.n, scan.value.p);

        if (g == NULL) {
            t->err = ENOMEM;
            break;
        }

        if (!g->has_before || g->before != g->colour) {
            break;
        }
    }

    shian_scan_close(&scan);

    return g;
}


static bool
has_colour(const Shian__Grade *g)
{
    return g != NULL && g->colour >= SHIAN__COLOUR__KIND__green
           && g->colour <= SHIAN__COLOUR__KIND__red;
}


const shian_bar_t *
shian_appeal_bar(shian_txn_t *t, uint64_t venue, int32_t day, int32_t *until)
{
    Shian__Grade   *g;
    Shian__Tally   *tally;
    Shian__Appeal  *last;

    static const shian_bar_t  no_grade = {
        "no_grade", "There is no yellow or red grade to appeal against."
    };
    static const shian_bar_t  too_old = {
        "too_old", "The grade is older than 21 days."
    };
    static const shian_bar_t  filed = {
        "filed", "There is one appeal a grade, and it was filed."
    };

    g = last_change(t, venue);
    tally = shian_tally_get(t, venue);

    if (tally == NULL || !has_colour(g)
        || g->colour == SHIAN__COLOUR__KIND__green)
    {
        return &no_grade;
    }

    *until = shian_local_day(g->since, SHIAN_TZ_MINUTES)
             + shian_rules_now(t)->appeal_days;

    if (day > *until) {
        return &too_old;
    }

    last = tally->has_appeal ? shian_appeal_get(t, tally->appeal) : NULL;

    return last != NULL && (last->state == STATE(filed)
                            || last->cause == g->cause) ? &filed : NULL;
}


bool
shian_appeal_file_check(shian_op_t *o)
{
    int32_t                   until;
    const shian_bar_t        *bar;
    const Shian__AppealFile  *op = o->op->appeal_file;

    if (shian_venue_of(o, op->venue, "There is no such venue.") == NULL) {
        return false;
    }

    bar = shian_appeal_bar(o->txn, op->venue, shian_op_day(o), &until);

    if (bar != NULL) {
        return shian_wrong_state(o, bar->detail);
    }

    if (op->text == NULL || op->text[0] == '\0') {
        shian_fail_field(o->report, "text", "required", NULL);
        return false;
    }

    return shian_gallery_named(op->photo, op->n_photo)
           || shian_fail(o->report, 400, "malformed", "Photos have a hash.");
}


static void
add_part(Shian__Appeal *a, uint64_t user)
{
    size_t  i;

    for (i = 0; i < a->n_took_part && a->took_part[i] != user; i++) {
        /* void */
    }

    if (user != 0 && i == a->n_took_part && i < MOST_PART) {
        a->took_part[a->n_took_part++] = user;
    }
}


/* Who decided about it, went there, or reported of it. */
static void
add_complaint(shian_op_t *o, Shian__Appeal *a, uint64_t id)
{
    size_t                  i, n;
    uint32_t                j;
    Shian__Complaint       *c, *records[SHIAN_FILING_MOST];
    Shian__ComplaintEvent  *e;

    c = shian_complaint_get(o->txn, id);
    n = c == NULL ? 0 : shian_filing(o->txn, c, records);

    for (i = 0; i < n; i++) {
        for (j = 1; j <= records[i]->events; j++) {
            e = shian_complaint_event(o->txn, records[i]->id, j);

            if (e != NULL && e->action != NULL
                && (strcmp(e->action, "decide") == 0
                    || strcmp(e->action, "check_in") == 0
                    || strcmp(e->action, "report") == 0))
            {
                add_part(a, e->user);
            }
        }
    }
}


static void
add_visit(shian_op_t *o, Shian__Appeal *a, uint64_t id)
{
    size_t              i;
    Shian__Inspection  *in;

    in = shian_inspection_get(o->txn, a->venue, id);

    if (in != NULL) {
        add_part(a, in->user);
    }

    for (i = 0; in != NULL && i < in->n_steps; i++) {
        add_part(a, in->steps[i]->by);
    }
}


/* Every visit and decision that found it, and who said it is put right. */
static void
add_finding(shian_op_t *o, Shian__Appeal *a, uint64_t id)
{
    size_t           i;
    Shian__Finding  *f;

    f = shian_finding_get(o->txn, id);

    for (i = 0; f != NULL && i < f->n_found_by; i++) {
        if (f->found_by[i]->source == SHIAN__MARK__SOURCE__visit) {
            add_visit(o, a, f->found_by[i]->id);
        } else {
            add_complaint(o, a, f->found_by[i]->id);
        }
    }

    if (f != NULL && f->has_verified_by) {
        add_part(a, f->verified_by);
    }
}


static void
add_case(shian_op_t *o, Shian__Appeal *a, uint64_t id)
{
    Shian__Case  *c;

    c = shian_case_get(o->txn, id);

    if (c != NULL) {
        add_part(a, c->by);
        add_part(a, c->decided_by);

        if (c->has_complaint) {
            add_complaint(o, a, c->complaint);
        } else if (c->has_inspection) {
            add_visit(o, a, c->inspection);
        }
    }
}


/* "finding:7" leads to who found it. */
static void
add_component(shian_op_t *o, Shian__Appeal *a, const char *ref)
{
    size_t       i;
    uint64_t     id;
    const char  *s;

    static const struct {
        const char  *name;
        void       (*add)(shian_op_t *o, Shian__Appeal *a, uint64_t id);
    } kinds[] = {
        { "finding:", add_finding },
        { "complaint:", add_complaint },
        { "case:", add_case },
    };

    for (i = 0; ref != NULL && i < SHIAN_COUNT(kinds); i++) {
        s = ref + strlen(kinds[i].name);

        if (strncmp(ref, kinds[i].name, strlen(kinds[i].name)) == 0) {
            for (id = 0; *s >= '0' && *s <= '9'; s++) {
                id = 10 * id + (uint64_t) (*s - '0');
            }

            kinds[i].add(o, a, id);
            return;
        }
    }
}


/* Whoever caused the grade, or had part in what it rests on, then or now. */
static void
note_parts(shian_op_t *o, Shian__Appeal *a, const Shian__Grade *g,
    const Shian__Grade *now)
{
    size_t         i;
    Shian__Entry  *e;

    a->took_part = shian_array(o->arena, MOST_PART, sizeof(*a->took_part));
    if (a->took_part == NULL) {
        o->txn->err = ENOMEM;
        return;
    }

    e = shian_log_get(o->txn, g->cause);

    if (e != NULL && e->operation != NULL && e->operation->actor != NULL) {
        add_part(a, e->operation->actor->user);
    }

    for (i = 0; i < g->n_components; i++) {
        add_component(o, a, g->components[i]->ref);
    }

    for (i = 0; now != NULL && i < now->n_components; i++) {
        add_component(o, a, now->components[i]->ref);
    }
}


static void
settle_appeal(shian_op_t *o, const Shian__Appeal *a, Shian__Tally *tally)
{
    shian_put_record(o->txn, SHIAN_T_APPEAL, a->id, a);
    tally->has_appeal = 1;
    tally->appeal = a->id;
    shian_settle(o, a->venue, tally);

    shian_result(o, a->id, a->venue);
}


void
shian_appeal_file_apply(shian_op_t *o)
{
    Shian__Grade             *g;
    Shian__Tally             *tally;
    Shian__Appeal             a = SHIAN__APPEAL__INIT;
    const Shian__AppealFile  *op = o->op->appeal_file;

    g = last_change(o->txn, op->venue);
    tally = g == NULL ? NULL : shian_tally_get(o->txn, op->venue);

    if (tally == NULL) {
        return;
    }

    a.has_id = a.has_venue = a.has_state = a.has_at = a.has_due_on = 1;
    a.id = shian_next_id(o->txn, SHIAN_T_APPEAL);
    a.venue = op->venue;
    a.state = STATE(filed);
    a.at = o->op->at;
    a.due_on = shian_op_day(o) + shian_rules(o->rules)->appeal_days;
    a.has_cause = a.has_grade_since = a.has_colour = 1;
    a.cause = g->cause;
    a.grade_since = g->since;
    a.colour = g->colour;
    a.has_score = g->has_score;
    a.score = g->score;
    a.text = op->text;
    a.photos = op->photo;
    a.n_photos = op->n_photo;

    shian_gallery_use(o, a.photos, a.n_photos, false);

    note_parts(o, &a, g, tally->grade);
    settle_appeal(o, &a, tally);
}


static const char *
decision(Shian__AppealDecide__Action action)
{
    switch (action) {
    case SHIAN__APPEAL_DECIDE__ACTION__uphold:
        return "uphold";
    case SHIAN__APPEAL_DECIDE__ACTION__reject:
        return "reject";
    case SHIAN__APPEAL_DECIDE__ACTION__withdraw:
        return "withdraw";
    default:
        return "";
    }
}


bool
shian_took_part(const Shian__Appeal *a, uint64_t user)
{
    size_t  i;

    for (i = 0; i < a->n_took_part; i++) {
        if (a->took_part[i] == user) {
            return true;
        }
    }

    return false;
}


static bool
check_findings(shian_op_t *o, const Shian__Appeal *a)
{
    size_t                      i;
    Shian__Finding             *f;
    const Shian__AppealDecide  *op = o->op->appeal_decide;

    for (i = 0; i < op->n_finding; i++) {
        f = shian_finding_get(o->txn, op->finding[i]);

        if (f == NULL || f->venue != a->venue
            || op->action != SHIAN__APPEAL_DECIDE__ACTION__uphold)
        {
            shian_fail_field(o->report, "finding", "unknown",
                             "Findings of this venue fall with an appeal "
                             "that is upheld.");
            return false;
        }
    }

    return true;
}


bool
shian_appeal_decide_check(shian_op_t *o)
{
    Shian__Appeal              *a;
    const Shian__AppealDecide  *op = o->op->appeal_decide;

    a = shian_appeal_get(o->txn, op->appeal);

    if (shian_venue_of(o, a == NULL ? 0 : a->venue,
                       "There is no such appeal.") == NULL
        || shian_take_step(o, SHIAN_FLOW_APPEAL, (int) a->state,
                           decision(op->action)) == NULL)
    {
        return false;
    }

    if (op->action == SHIAN__APPEAL_DECIDE__ACTION__withdraw) {
        return true;
    }

    if (o->op->actor->user != 0 && shian_took_part(a, o->op->actor->user)) {
        return shian_fail(o->report, 403, "took_part",
                          "Somebody who had no part in the grade has to "
                          "decide.");
    }

    if (op->text == NULL || op->text[0] == '\0') {
        shian_fail_field(o->report, "text", "required", NULL);
    }

    return check_findings(o, a) && o->report->status == 200;
}


/* What found it counts no longer, for its item. */
static void
strike(shian_op_t *o, const Shian__Appeal *a, const Shian__Finding *f)
{
    size_t              i;
    Shian__Mark         m = SHIAN__MARK__INIT, *was;
    Shian__Mark__Ref  **struck;

    was = shian_mark_get(o->txn, f->venue, f->item, a->decided_at,
                         SHIAN__MARK__SOURCE__appeal, a->id);
    m.n_struck = was == NULL ? 0 : was->n_struck;
    struck = shian_array(o->arena, m.n_struck + f->n_found_by + 1,
                         sizeof(*struck));

    if (struck == NULL) {
        o->txn->err = ENOMEM;
        return;
    }

    for (i = 0; i < m.n_struck; i++) {
        struck[i] = was->struck[i];
    }

    for (i = 0; i < f->n_found_by; i++) {
        struck[m.n_struck++] = f->found_by[i];
    }

    m.has_source = m.has_id = m.has_at = m.has_user = 1;
    m.source = SHIAN__MARK__SOURCE__appeal;
    m.id = a->id;
    m.at = a->decided_at;
    m.user = o->op->actor->user;
    m.struck = struck;
    shian_mark_put(o, f->venue, f->item, &m);
}


void
shian_appeal_decide_apply(shian_op_t *o)
{
    size_t                      i;
    Shian__Tally               *tally;
    Shian__Appeal              *a;
    Shian__Finding             *f;
    const Shian__AppealDecide  *op = o->op->appeal_decide;

    a = shian_appeal_get(o->txn, op->appeal);
    tally = a == NULL ? NULL : shian_tally_get(o->txn, a->venue);

    if (tally == NULL) {
        return;
    }

    a->state = op->action == SHIAN__APPEAL_DECIDE__ACTION__uphold
               ? STATE(upheld)
               : op->action == SHIAN__APPEAL_DECIDE__ACTION__reject
               ? STATE(rejected) : STATE(withdrawn);
    a->has_decided_at = a->has_decided_by = 1;
    a->decided_at = o->op->at;
    a->decided_by = o->op->actor->user;
    a->answer = op->text;
    a->n_void_findings = op->n_finding;
    a->void_findings = op->finding;

    for (i = 0; i < op->n_finding; i++) {
        f = shian_finding_get(o->txn, op->finding[i]);

        if (f != NULL && f->state != SHIAN__FINDING__STATE__void) {
            strike(o, a, f);
            shian_finding_derive(o, tally, f->venue, f->item);
        }
    }

    settle_appeal(o, a, tally);
}


/* ---- request for re-inspection --------------------------------------------*/

/* The same day three months later, or the last of that month. */
static int32_t
in_three_months(int32_t day)
{
    int32_t  y, m, d, due;

    shian_civil_from_day(day, &y, &m, &d);
    m += 3;
    y += (m - 1) / 12;
    m = (m - 1) % 12 + 1;

    due = shian_day_from_civil(m == 12 ? y + 1 : y, m % 12 + 1, 1) - 1;

    /* due is the month's last day now. */
    return shian_day_from_civil(y, m, 1) + d - 1 < due
           ? shian_day_from_civil(y, m, 1) + d - 1 : due;
}


/* Is anything open that the venue has not said it put right? */
static bool
unrectified(shian_txn_t *t, uint64_t venue)
{
    bool             open;
    shian_scan_t     scan;
    Shian__Finding  *f;
    shian_rowkey_t   prefix = shian_finding_prefix('o', venue, 8);

    open = false;
    shian_scan_open(&scan, t, SHIAN_T_FINDING_BY, &prefix, NULL);

    while (!open && shian_scan_next(&scan) && scan.key.n == 17) {
        f = shian_finding_get(t, shian_be(scan.key.p + 9, 8));
        open = f != NULL && f->state == SHIAN__FINDING__STATE__open;
    }

    shian_scan_close(&scan);

    return open;
}


const shian_bar_t *
shian_reinspection_bar(shian_txn_t *t, uint64_t venue)
{
    Shian__Tally  *tally;

    static const shian_bar_t  no_need = {
        "no_need", "Only a yellow or red venue is looked at again on request."
    };
    static const shian_bar_t  asked = {
        "asked", "It was asked for before and will be met."
    };
    static const shian_bar_t  unrectified_yet = {
        "unrectified", "Put the open findings right first."
    };

    tally = shian_tally_get(t, venue);

    if (tally == NULL || !has_colour(tally->grade)
        || tally->grade->colour == SHIAN__COLOUR__KIND__green)
    {
        return &no_need;
    }

    return tally->has_reinspection_at ? &asked
           : unrectified(t, venue) ? &unrectified_yet : NULL;
}


bool
shian_reinspection_ask_check(shian_op_t *o)
{
    const shian_bar_t             *bar;
    const Shian__ReinspectionAsk  *op = o->op->reinspection_ask;

    if (shian_venue_of(o, op->venue, "There is no such venue.") == NULL) {
        return false;
    }

    bar = shian_reinspection_bar(o->txn, op->venue);

    return bar == NULL || shian_wrong_state(o, bar->detail);
}


void
shian_reinspection_ask_apply(shian_op_t *o)
{
    Shian__Tally                  *tally;
    const Shian__ReinspectionAsk  *op = o->op->reinspection_ask;

    tally = shian_tally_get(o->txn, op->venue);
    if (tally == NULL) {
        return;
    }

    tally->has_asked_at = tally->has_asked_due_on = 1;
    tally->asked_at = o->op->at;
    tally->asked_due_on = in_three_months(shian_op_day(o));
    shian_visit_note_last(o, tally, op->venue);
    shian_tally_put(o, op->venue, tally);

    shian_result(o, 0, op->venue);
}


/* ---- self-check -----------------------------------------------------------*/

bool
shian_self_check_post_check(shian_op_t *o)
{
    size_t                      i;
    Shian__Venue               *v;
    const Shian__SelfCheckPost *op = o->op->self_check_post;

    v = shian_venue_of(o, op->venue, "There is no such venue.");

    if (v == NULL) {
        return false;
    }

    if (v->status == SHIAN__VENUE__STATUS__closed) {
        return shian_wrong_state(o, "The venue is closed.");
    }

    for (i = 0; i < op->n_items; i++) {
        if (op->items[i]->code == NULL || !op->items[i]->has_result) {
            break;
        }
    }

    return (i == op->n_items && i != 0 && op->checklist != NULL)
           || shian_fail(o->report, 400, "malformed",
                         "Items are not complete.");
}


void
shian_self_check_post_apply(shian_op_t *o)
{
    size_t                       i, j;
    Shian__Tally                *tally;
    Shian__Evidence              e;
    Shian__SelfCheckRecord       r = SHIAN__SELF_CHECK_RECORD__INIT;
    const Shian__SelfCheckPost  *op = o->op->self_check_post;

    tally = shian_tally_get(o->txn, op->venue);

    if (tally == NULL) {
        return;
    }

    r.has_venue = r.has_at = 1;
    r.venue = op->venue;
    r.at = o->op->at;
    r.checklist = op->checklist;
    r.n_items = op->n_items;
    r.items = op->items;

    for (i = 0; i < r.n_items; i++) {
        for (j = 0; j < r.items[i]->n_photos; j++) {
            shian_gallery_name(o, r.items[i]->photos[j], false);
        }
    }

    shian_put_record(o->txn, SHIAN_T_SELF_CHECK, r.venue, &r);

    e = shian_evidence_on(SHIAN_EVIDENCE(self_check), o->seq,
                          shian_op_day(o));
    shian_evidence_put(o, op->venue, o->op->at, &e);

    shian_settle(o, op->venue, tally);

    shian_result(o, 0, op->venue);
}
