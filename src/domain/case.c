/*
 * Enforcement cases: opened upon a substantiated complaint or an inspection,
 * decided with a document, closed.  One with a penalty lowers the grade.
 */

#include <errno.h>

#include "capabilities.h"
#include "checkin.h"
#include "core/text.h"
#include "evidence.h"
#include "filing.h"
#include "states.h"

#define STATE(name)  SHIAN__CASE__STATE__##name
#define DO(name)     SHIAN__CASE_STEP__ACTION__##name

#define NUMBER       'C'            /* of unique: a document's number */


Shian__Case *
shian_case_get(shian_txn_t *t, uint64_t id)
{
    return shian_get(t, SHIAN_T_CASE, id, &shian__case__descriptor);
}


/* ---- index ----------------------------------------------------------------*/

/*
 * case_by: v venue(8) ~at(8) id, every one; s state(1) ~at(8) id, every one;
 * g venue(8) ~day(4) id, those with a penalty by the day of the decision.
 */
static size_t
index_keys(const Shian__Case *c, shian_rowkey_t keys[3])
{
    size_t  n = 2;

    keys[0] = shian_complaint_prefix_id('v', c->venue);
    shian_rowkey_be(&keys[0], ~c->at, 8);
    shian_rowkey_be(&keys[0], c->id, 8);

    keys[1] = shian_complaint_prefix('s');
    shian_rowkey_be(&keys[1], (uint64_t) c->state, 1);
    shian_rowkey_be(&keys[1], ~c->at, 8);
    shian_rowkey_be(&keys[1], c->id, 8);

    if (c->penalty && c->state != STATE(corrected)) {
        keys[n] = shian_complaint_prefix_id('g', c->venue);
        shian_rowkey_be(&keys[n],
                        ~(uint32_t) shian_local_day(c->decided_at,
                                                    SHIAN_TZ_MINUTES), 4);
        shian_rowkey_be(&keys[n++], c->id, 8);
    }

    return n;
}


static void
put(shian_op_t *o, const Shian__Case *was, const Shian__Case *is)
{
    size_t          i, n;
    shian_rowkey_t  keys[3];

    n = was == NULL ? 0 : index_keys(was, keys);

    for (i = 0; i < n; i++) {
        shian_row_del(o->txn, SHIAN_T_CASE_BY, &keys[i]);
    }

    shian_put_record(o->txn, SHIAN_T_CASE, is->id, is);
    n = index_keys(is, keys);

    for (i = 0; i < n; i++) {
        shian_index_put(o->txn, SHIAN_T_CASE_BY, &keys[i],
                        (uint8_t) is->state);
    }

    shian_result(o, is->id, is->venue);
}


/* ---- opening --------------------------------------------------------------*/

/* The case upon an inspection, unless it was corrected away; 0: none. */
static uint64_t
case_upon(shian_txn_t *t, uint64_t venue, uint64_t inspection)
{
    uint64_t        id;
    Shian__Case    *c;
    shian_scan_t    scan;
    shian_rowkey_t  prefix = shian_complaint_prefix_id('v', venue);

    id = 0;
    shian_scan_open(&scan, t, SHIAN_T_CASE_BY, &prefix, NULL);

    while (id == 0 && shian_scan_next(&scan)) {
        c = shian_case_get(t, shian_by_id(scan.key));

        if (c != NULL && c->has_inspection && c->inspection == inspection
            && c->state != STATE(corrected))
        {
            id = c->id;
        }
    }

    shian_scan_close(&scan);

    return id;
}


/* The other one's number goes with the refusal, for whoever asks. */
static bool
is_first(shian_op_t *o, uint64_t other)
{
    if (other == 0) {
        return true;
    }

    shian_result(o, other, o->op->case_open->venue);

    return shian_wrong_state(o, "There is a case upon it; a chief can correct "
                             "that one.");
}


bool
shian_case_open_check(shian_op_t *o)
{
    Shian__Complaint       *c;
    const Shian__CaseOpen  *op = o->op->case_open;

    if (shian_venue_of(o, op->venue, "There is no such venue.") == NULL) {
        return false;
    }

    if (op->has_complaint == op->has_inspection) {
        return shian_lacks(o->report, "complaint");
    }

    if (op->has_inspection) {
        if (shian_inspection_get(o->txn, op->venue, op->inspection) == NULL)
        {
            shian_fail_field(o->report, "inspection", "unknown", NULL);
            return false;
        }

        return is_first(o, case_upon(o->txn, op->venue, op->inspection));
    }

    c = shian_complaint_get(o->txn, op->complaint);

    if (c == NULL || !c->has_venue || c->venue != op->venue) {
        shian_fail_field(o->report, "complaint", "unknown",
                         "No complaint about this place.");
        return false;
    }

    if (!shian_is_substantiated(c)) {
        return shian_wrong_state(o, "The complaint is not substantiated.");
    }

    return is_first(o, shian_filing_case(o->txn, c));
}


static void
link_complaint(shian_op_t *o, uint64_t id, uint64_t case_id)
{
    size_t                  i;
    uint64_t               *cases;
    Shian__Complaint       *c, was;
    Shian__ComplaintEvent   e = SHIAN__COMPLAINT_EVENT__INIT;

    c = shian_complaint_get(o->txn, id);
    cases = c == NULL ? NULL
            : shian_array(o->arena, c->n_cases + 1, sizeof(*cases));

    if (cases == NULL) {
        o->txn->err = ENOMEM;
        return;
    }

    was = *c;

    for (i = 0; i < c->n_cases; i++) {
        cases[i] = c->cases[i];
    }

    cases[c->n_cases++] = case_id;
    c->cases = cases;
    e.has_case_id = 1;
    e.case_id = case_id;
    shian_complaint_tell(o, c, "case", &e);
    shian_complaint_put(o, &was, c);
}


void
shian_case_open_apply(shian_op_t *o)
{
    Shian__Case             c = SHIAN__CASE__INIT;
    const Shian__CaseOpen  *op = o->op->case_open;

    c.has_id = c.has_venue = c.has_state = c.has_at = c.has_by = 1;
    c.id = shian_next_id(o->txn, SHIAN_T_CASE);
    c.venue = op->venue;
    c.has_complaint = op->has_complaint;
    c.complaint = op->complaint;
    c.has_inspection = op->has_inspection;
    c.inspection = op->inspection;
    c.state = STATE(opened);
    c.at = o->op->at;
    c.by = o->op->actor->user;
    c.reason = op->text;

    if (c.has_complaint) {
        link_complaint(o, c.complaint, c.id);
    }

    put(o, NULL, &c);
}


/* ---- deciding -------------------------------------------------------------*/

static const char *
action_of(const Shian__CaseStep *op)
{
    return shian_action_name(&shian__case_step__action__descriptor,
                             (int) op->action);
}


/*
 * A document's number as it is compared: without brackets, spaces and widths.
 * False: there is none.
 */
static bool
number_of(shian_op_t *o, const char *document_no, shian_str_t *number)
{
    if (document_no == NULL
        || !shian_text_key(o->arena, shian_str(document_no), number))
    {
        return false;
    }

    return number->n != 0;
}


static bool
may_decide(shian_op_t *o, const Shian__Case *c, const Shian__CaseStep *op)
{
    uint64_t     other;
    shian_str_t  number;

    if (!op->has_penalty) {
        return shian_lacks(o->report, "penalty");
    }

    if (op->penalty
        && (op->document_no == NULL || op->document_no[0] == '\0'))
    {
        return shian_lacks(o->report, "document_no");
    }

    other = number_of(o, op->document_no, &number)
            ? shian_unique_get(o->txn, NUMBER, number) : 0;

    if (other != 0 && other != c->id) {
        shian_fail_field(o->report, "document_no", "duplicate",
                         "Another case has this number.");
        return false;
    }

    return !op->published || (op->text != NULL && op->text[0] != '\0')
           || shian_lacks(o->report, "text");
}


bool
shian_case_step_check(shian_op_t *o)
{
    Shian__Case            *c;
    const Shian__CaseStep  *op = o->op->case_step;

    c = shian_case_get(o->txn, op->case_id);

    if (shian_venue_of(o, c == NULL ? 0 : c->venue, "There is no such case.")
        == NULL)
    {
        return false;
    }

    if (!op->has_action) {
        return shian_lacks(o->report, "action");
    }

    if (shian_take_step(o, SHIAN_FLOW_CASE, (int) c->state, action_of(op))
        == NULL)
    {
        return false;
    }

    if (op->action == DO(correct)) {
        return (op->text != NULL && op->text[0] != '\0')
               || shian_lacks(o->report, "text");
    }

    return op->action != DO(decide) || may_decide(o, c, op);
}


/* Another penalty of the venue, or one less. */
static void
settle_venue(shian_op_t *o, const Shian__Case *c, int delta)
{
    Shian__Tally     *tally;
    Shian__Evidence   e;

    tally = shian_tally_get(o->txn, c->venue);

    if (delta > 0) {
        e = shian_evidence(SHIAN_EVIDENCE(case), c->id);
        shian_evidence_put(o, c->venue, c->decided_at, &e);
    } else {
        shian_evidence_del(o, c->venue, c->decided_at, SHIAN_EVIDENCE(case),
                           c->id);
    }

    if (tally != NULL) {
        shian_settle(o, c->venue, tally);
    }
}


static void
decide(shian_op_t *o, const Shian__Case *was, Shian__Case *c)
{
    shian_str_t             number;
    const Shian__CaseStep  *op = o->op->case_step;

    c->state = STATE(decided);
    c->has_penalty = c->has_published = 1;
    c->penalty = op->penalty;
    c->published = op->published;
    c->document_no = op->document_no;
    c->text = op->text;
    c->has_decided_at = c->has_decided_by = 1;
    c->decided_at = o->op->at;
    c->decided_by = o->op->actor->user;
    put(o, was, c);

    /* It stays used, whatever becomes of the case. */
    if (number_of(o, c->document_no, &number)) {
        shian_unique_put(o->txn, NUMBER, number, c->id);
    }

    if (c->penalty) {
        settle_venue(o, c, 1);
    }
}


/* The record stays as it was, with the step beside it: nothing follows. */
static void
correct(shian_op_t *o, const Shian__Case *was, Shian__Case *c)
{
    c->state = STATE(corrected);
    c->has_corrected_at = c->has_corrected_by = 1;
    c->corrected_at = o->op->at;
    c->corrected_by = o->op->actor->user;
    c->correction = o->op->case_step->text;
    put(o, was, c);

    if (c->penalty) {
        settle_venue(o, c, -1);
    }
}


void
shian_case_step_apply(shian_op_t *o)
{
    Shian__Case            *c, was;
    const Shian__CaseStep  *op = o->op->case_step;

    c = shian_case_get(o->txn, op->case_id);

    if (c == NULL) {
        return;
    }

    was = *c;

    switch (op->action) {

    case DO(decide):
        decide(o, &was, c);
        break;

    case DO(correct):
        correct(o, &was, c);
        break;

    default:
        c->state = STATE(closed);
        c->has_closed_at = 1;
        c->closed_at = o->op->at;
        put(o, &was, c);
    }
}
