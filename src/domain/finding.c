#include "finding.h"

#include <errno.h>

#include "capabilities.h"
#include "evidence.h"
#include "gallery.h"
#include "states.h"

#define STATE(name)     SHIAN__FINDING__STATE__##name
#define MOST_EXTENDED   90              /* days from today */
#define MOST_FINDINGS   512             /* of a venue, in a grade */


int32_t
shian_finding_days(Shian__Severity__Kind severity)
{
    switch (severity) {
    case SHIAN__SEVERITY__KIND__critical:
        return 1;
    case SHIAN__SEVERITY__KIND__major:
        return 7;
    default:
        return 15;
    }
}


Shian__Finding *
shian_finding_get(shian_txn_t *t, uint64_t id)
{
    return shian_get(t, SHIAN_T_FINDING, id, &shian__finding__descriptor);
}


/* ---- the index ------------------------------------------------------------*/

shian_rowkey_t
shian_finding_prefix(char field, uint64_t value, unsigned width)
{
    shian_rowkey_t  k;

    k.n = 0;
    shian_rowkey_be(&k, (uint8_t) field, 1);
    shian_rowkey_be(&k, value, width);

    return k;
}


/* Days are not negative: instants begin in 1970. */
static shian_rowkey_t
open_key(const Shian__Finding *f)
{
    shian_rowkey_t  k = shian_finding_prefix('o', f->venue, 8);

    shian_rowkey_be(&k, f->id, 8);

    return k;
}


static shian_rowkey_t
deadline_key(const Shian__Finding *f)
{
    shian_rowkey_t  k = shian_finding_prefix('d', (uint32_t) f->deadline_on,
                                             4);

    shian_rowkey_be(&k, f->id, 8);

    return k;
}


static shian_rowkey_t
submitted_key(const Shian__Finding *f)
{
    shian_rowkey_t  k = shian_finding_prefix('s', f->submitted_at, 8);

    shian_rowkey_be(&k, f->id, 8);

    return k;
}


static shian_rowkey_t
past_key(const Shian__Finding *f)
{
    shian_rowkey_t  k = shian_finding_prefix('p', f->venue, 8);

    shian_rowkey_be(&k, ~(uint32_t) shian_local_day(f->verified_at,
                                                    SHIAN_TZ_MINUTES), 4);
    shian_rowkey_be(&k, f->id, 8);

    return k;
}


static void
put_or_del(shian_txn_t *t, const shian_rowkey_t *k, shian_str_t value,
    bool put)
{
    if (put) {
        shian_row_put(t, SHIAN_T_FINDING_BY, k, value);
    } else {
        shian_row_del(t, SHIAN_T_FINDING_BY, k);
    }
}


/* Puts in, or takes out, every entry that the record has as it stands. */
static void
index_finding(shian_txn_t *t, const Shian__Finding *f, bool put)
{
    shian_rowkey_t  k, value;

    value.n = 0;
    shian_rowkey_be(&value, f->severity, 1);

    switch (f->state) {

    case STATE(submitted):
        k = submitted_key(f);
        put_or_del(t, &k, shian_slice(value.b, value.n), put);
        /* fall through */

    case STATE(open):
        shian_rowkey_be(&value, (uint32_t) f->deadline_on, 4);
        shian_rowkey_bytes(&value, f->item, strlen(f->item));
        k = open_key(f);
        put_or_del(t, &k, shian_slice(value.b, value.n), put);
        k = deadline_key(f);
        put_or_del(t, &k, shian_slice(value.b, 1), put);
        break;

    case STATE(verified):
        k = past_key(f);
        put_or_del(t, &k, shian_slice(value.b, value.n), put);
        break;

    default:
        break;
    }
}


uint64_t
shian_finding_on(shian_txn_t *t, uint64_t venue, const char *item)
{
    uint64_t        id;
    shian_scan_t    scan;
    shian_rowkey_t  prefix = shian_finding_prefix('o', venue, 8);

    id = 0;
    shian_scan_open(&scan, t, SHIAN_T_FINDING_BY, &prefix, NULL);

    while (id == 0 && shian_scan_next(&scan) && scan.key.n == 17
           && scan.value.n > 5)
    {
        if (shian_str_eq(shian_slice(scan.value.p + 5, scan.value.n - 5),
                         shian_str(item)))
        {
            id = shian_be(scan.key.p + 9, 8);
        }
    }

    shian_scan_close(&scan);

    return id;
}


static bool
add_input(shian_grade_inputs_t *in, shian_grade_finding_t *list, uint64_t id,
    uint8_t severity, bool verified, int32_t day)
{
    shian_grade_finding_t  *f;

    if (in->nfindings == MOST_FINDINGS) {
        return false;
    }

    f = &list[in->nfindings++];
    f->id = id;
    f->severity = severity > SHIAN_CRITICAL ? SHIAN_CRITICAL
                                            : (shian_severity_t) severity;
    f->verified = verified;
    f->day = day;

    return true;
}


void
shian_finding_inputs(shian_txn_t *t, const Shian__Tally *tally,
    uint64_t venue, int32_t day, int32_t days, shian_grade_inputs_t *in)
{
    int32_t                 verified;
    shian_scan_t            scan;
    shian_rowkey_t          prefix;
    shian_grade_finding_t  *list;

    if (tally->findings == 0) {
        return;
    }

    list = shian_array(t->arena, MOST_FINDINGS, sizeof(*list));
    if (list == NULL) {
        t->err = ENOMEM;
        return;
    }

    in->findings = list;
    prefix = shian_finding_prefix('o', venue, 8);
    shian_scan_open(&scan, t, SHIAN_T_FINDING_BY, &prefix, NULL);

    while (shian_scan_next(&scan) && scan.key.n == 17 && scan.value.n > 5
           && add_input(in, list, shian_be(scan.key.p + 9, 8),
                        scan.value.p[0], false,
                        (int32_t) shian_be(scan.value.p + 1, 4)))
    {
        /* void */
    }

    shian_scan_close(&scan);

    prefix = shian_finding_prefix('p', venue, 8);
    shian_scan_open(&scan, t, SHIAN_T_FINDING_BY, &prefix, NULL);

    /* The latest comes first. */
    while (shian_scan_next(&scan) && scan.key.n == 21 && scan.value.n == 1) {
        verified = (int32_t) ~(uint32_t) shian_be(scan.key.p + 9, 4);

        if (day - verified >= days
            || !add_input(in, list, shian_be(scan.key.p + 13, 8),
                          scan.value.p[0], true, verified))
        {
            break;
        }
    }

    shian_scan_close(&scan);
}


/* ---- steps ----------------------------------------------------------------*/

void
shian_finding_put(shian_op_t *o, const Shian__Finding *f)
{
    shian_put_record(o->txn, SHIAN_T_FINDING, f->id, f);
    index_finding(o->txn, f, true);
}


static bool
is_open(const Shian__Finding *f)
{
    return f->state == STATE(open) || f->state == STATE(submitted);
}


static void
move(shian_op_t *o, Shian__Tally *tally, Shian__Finding *f,
    Shian__Finding__State to)
{
    bool  was;

    was = is_open(f);
    index_finding(o->txn, f, false);
    f->has_state = 1;
    f->state = to;

    tally->has_findings_open = 1;
    tally->findings_open += (uint32_t) is_open(f) - (uint32_t) was;
}


void
shian_finding_open(shian_op_t *o, Shian__Tally *tally, Shian__Finding *f)
{
    Shian__Evidence  e;

    f->has_id = f->has_state = f->has_repeats = 1;
    f->id = shian_next_id(o->txn, SHIAN_T_FINDING);
    f->state = STATE(open);
    f->repeats = 0;
    shian_finding_put(o, f);

    e = shian_evidence_on(SHIAN_EVIDENCE(finding), f->id, f->deadline_on);
    e.has_severity = 1;
    e.severity = f->severity;
    shian_evidence_put(o, f->venue, f->opened_at, &e);

    tally->has_findings = tally->has_findings_open = 1;
    tally->findings++;
    tally->findings_open++;
}


/* Clocks step back; what is proved is not proved less by that. */
static void
note_evidence(shian_op_t *o, Shian__Tally *tally)
{
    if (!tally->has_rectified_at || tally->rectified_at < o->op->at) {
        tally->has_rectified_at = 1;
        tally->rectified_at = o->op->at;
    }
}


void
shian_finding_taken_back(shian_op_t *o, Shian__Tally *tally)
{
    note_evidence(o, tally);
}


void
shian_finding_verify(shian_op_t *o, Shian__Tally *tally, Shian__Finding *f,
    uint64_t inspection)
{
    Shian__Evidence  e;

    move(o, tally, f, STATE(verified));
    f->has_verified_at = f->has_verified_by = 1;
    f->verified_at = o->op->at;
    f->verified_by = o->op->actor->user;
    f->has_verified_in = inspection != 0;
    f->verified_in = inspection;
    shian_finding_put(o, f);

    e = shian_evidence(SHIAN_EVIDENCE(finding_end), f->id);
    shian_evidence_put(o, f->venue, f->verified_at, &e);
    e = shian_evidence(SHIAN_EVIDENCE(rectified), f->id);
    shian_evidence_put(o, f->venue, f->verified_at, &e);
    note_evidence(o, tally);
}


static void
take_verified_back(shian_op_t *o, const Shian__Finding *f)
{
    if (f->has_verified_at) {
        shian_evidence_del(o, f->venue, f->verified_at,
                           SHIAN_EVIDENCE(finding_end), f->id);
        shian_evidence_del(o, f->venue, f->verified_at,
                           SHIAN_EVIDENCE(rectified), f->id);
    }
}


void
shian_finding_reopen(shian_op_t *o, Shian__Tally *tally, Shian__Finding *f)
{
    take_verified_back(o, f);
    move(o, tally, f, STATE(open));
    f->has_verified_at = f->has_verified_by = f->has_verified_in = 0;
    shian_finding_put(o, f);
}


void
shian_finding_void(shian_op_t *o, Shian__Tally *tally, Shian__Finding *f)
{
    take_verified_back(o, f);
    shian_evidence_del(o, f->venue, f->opened_at, SHIAN_EVIDENCE(finding),
                       f->id);

    if (f->has_extended_at) {
        shian_evidence_del(o, f->venue, f->extended_at,
                           SHIAN_EVIDENCE(finding_due), f->id);
    }

    move(o, tally, f, STATE(void));
    shian_finding_put(o, f);
}


/* ---- operations -----------------------------------------------------------*/

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
    Shian__Finding              *f;
    const Shian__FindingSubmit  *op = o->op->finding_submit;

    f = shian_finding_get(o->txn, op->finding);
    tally = f == NULL ? NULL : shian_tally_get(o->txn, f->venue);

    if (tally == NULL) {
        return;
    }

    move(o, tally, f, STATE(submitted));
    f->text = op->text;
    f->after = op->photo;
    f->n_after = op->n_photo;
    f->has_submitted_at = 1;
    f->submitted_at = o->op->at;
    f->reason = NULL;
    f->has_rejected_at = 0;

    shian_gallery_use(o, f->after, f->n_after, false);

    shian_finding_put(o, f);
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
               || op->deadline_on > shian_op_day(o) + MOST_EXTENDED)
    {
        shian_fail_field(o->report, "deadline_on", "range",
                         "After the present deadline, within 90 days.");
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


void
shian_finding_decide_apply(shian_op_t *o)
{
    Shian__Tally                *tally;
    Shian__Finding              *f;
    Shian__Evidence              e;
    const Shian__FindingDecide  *op = o->op->finding_decide;

    f = shian_finding_get(o->txn, op->finding);
    tally = f == NULL ? NULL : shian_tally_get(o->txn, f->venue);

    if (tally == NULL) {
        return;
    }

    switch (op->action) {

    case SHIAN__FINDING_DECIDE__ACTION__verify:
        shian_finding_verify(o, tally, f, 0);
        break;

    case SHIAN__FINDING_DECIDE__ACTION__reject:
        move(o, tally, f, STATE(open));
        f->reason = op->reason;
        f->has_rejected_at = 1;
        f->rejected_at = o->op->at;
        shian_finding_put(o, f);
        break;

    default:
        index_finding(o->txn, f, false);
        f->has_extended = f->extended = 1;
        f->extend_reason = op->reason;
        f->deadline_on = op->deadline_on;
        f->has_extended_at = 1;
        f->extended_at = o->op->at;
        shian_finding_put(o, f);

        e = shian_evidence_on(SHIAN_EVIDENCE(finding_due), f->id,
                              f->deadline_on);
        shian_evidence_put(o, f->venue, f->extended_at, &e);
    }

    settle(o, f, tally);
}
