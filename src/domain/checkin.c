#include "checkin.h"

#include <errno.h>
#include <math.h>

#include "capabilities.h"
#include "complaint.h"
#include "core/geo.h"
#include "evidence.h"
#include "finding.h"
#include "gallery.h"
#include "states.h"

#define STATE(name)   SHIAN__INSPECTION__STATE__##name
#define RESULT(name)  SHIAN__ANSWER__RESULT__##name
#define FLAG(name)    SHIAN__INSPECTION__FLAG__##name

#define SITE_M         200          /* metres, and at most as much again */
#define ACCURACY_M     100
#define SPEED_KMH      120
#define FAST_MS        (3 * 60 * 1000)
#define CLOCK_MS       (10 * 60 * 1000)
#define OLDEST_MS      (UINT64_C(30) * 86400 * 1000)
#define LONGEST_MS     (UINT64_C(24) * 3600 * 1000)


/* ---- what an operation says -----------------------------------------------*/

/* How far the device's clock is ahead, in ms; 0 where it did not say. */
static int64_t
ahead(const Shian__InspectionPost *op, uint64_t at_ms)
{
    return op->has_device_at ? (int64_t) op->device_at - (int64_t) at_ms : 0;
}


/* An instant of the device by the server's clock. */
static uint64_t
by_server(const Shian__InspectionPost *op, uint64_t ms, uint64_t at_ms)
{
    int64_t  shifted;

    shifted = (int64_t) ms - ahead(op, at_ms);

    return shifted < 0 ? 0 : (uint64_t) shifted;
}


static int32_t
visit_day(const Shian__InspectionPost *op, uint64_t at_ms)
{
    return shian_local_day(by_server(op, op->started_at, at_ms),
                           SHIAN_TZ_MINUTES);
}


static void
check_times(shian_op_t *o)
{
    uint64_t                      began, ended, at = o->op->at;
    const Shian__InspectionPost  *op = o->op->inspection_post;

    if (op->finished_at < op->started_at
        || op->finished_at - op->started_at > LONGEST_MS)
    {
        shian_fail_field(o->report, "finished_at", "range",
                         "Finished after it was started, within a day.");
        return;
    }

    /* Beyond a century either way is no clock at all. */
    if (op->started_at > 2 * at || op->device_at > 2 * at) {
        shian_fail_field(o->report, "started_at", "range", NULL);
        return;
    }

    began = by_server(op, op->started_at, at);
    ended = by_server(op, op->finished_at, at);

    if (ended > at + CLOCK_MS) {
        shian_fail_field(o->report, "finished_at", "range",
                         "It lies in the future; set the device's clock.");
    } else if (began + OLDEST_MS < at) {
        shian_fail_field(o->report, "started_at", "range",
                         "Longer than 30 days ago.");
    }
}


static void
check_place(shian_op_t *o)
{
    const Shian__InspectionPost  *op = o->op->inspection_post;

    if (op->has_lat != op->has_lng) {
        shian_fail_field(o->report, op->has_lat ? "lng" : "lat", "required",
                         "Latitude and longitude go together.");
        return;
    }

    if (op->has_lat && !(op->lat >= -90 && op->lat <= 90)) {
        shian_fail_field(o->report, "lat", "range", NULL);
    }

    if (op->has_lng && !(op->lng >= -180 && op->lng <= 180)) {
        shian_fail_field(o->report, "lng", "range", NULL);
    }
}


/* The one that it looks into, if it names one. */
static void
check_complaint(shian_op_t *o)
{
    Shian__Complaint             *c;
    const Shian__InspectionPost  *op = o->op->inspection_post;

    c = op->has_complaint ? shian_complaint_get(o->txn, op->complaint) : NULL;

    if (op->has_complaint && (c == NULL || c->venue != op->venue)) {
        shian_fail_field(o->report, "complaint", "unknown",
                         "There is no such complaint about this venue.");
    }
}


static bool
complete(const Shian__InspectionPost *op)
{
    size_t                i, j;
    const Shian__Answer  *a;

    for (i = 0; i < op->n_items; i++) {
        a = op->items[i];

        if (a->code == NULL || a->code[0] == '\0' || !a->has_result
            || (a->result == RESULT(fail)
                && (!a->has_severity || !a->has_deadline_on)))
        {
            return false;
        }

        for (j = 0; j < a->n_photos; j++) {
            if (a->photos[j].len != SHIAN_HASH_SIZE) {
                return false;
            }
        }
    }

    return op->n_items != 0 && op->checklist != NULL && op->has_kind;
}


bool
shian_inspection_post_check(shian_op_t *o)
{
    Shian__Venue                 *v;
    shian_checkin_t               before;
    const Shian__InspectionPost  *op = o->op->inspection_post;

    v = shian_venue_of(o, op->venue, "There is no such venue.");

    if (v == NULL) {
        return false;
    }

    /* The same visit sent once more, by whatever way: its first answer. */
    if (o->op->actor->user != 0
        && shian_checkin_before(o->txn, o->op->actor->user, op->started_at,
                                &before)
        && before.started_ms == op->started_at && before.venue == op->venue)
    {
        o->unchanged = true;
        shian_result(o, before.id, op->venue);
        return true;
    }

    if (v->status == SHIAN__VENUE__STATUS__closed) {
        return shian_wrong_state(o, "The venue is closed.");
    }

    if (!complete(op)) {
        return shian_fail(o->report, 400, "malformed",
                          "Items are not complete.");
    }

    check_times(o);
    check_place(o);
    check_complaint(o);

    return o->report->status == 200;
}


/* ---- effects --------------------------------------------------------------*/

static bool
add_flag(Shian__Inspection *in, Shian__Inspection__Flag flag)
{
    in->flags[in->n_flags++] = flag;

    return true;
}


static double
metres(const Shian__InspectionPost *op, double lat, double lng)
{
    return shian_geo_distance((shian_point_t) { op->lat, op->lng },
                              (shian_point_t) { lat, lng });
}


/* Distance to the venue; nobody's position is nowhere near. */
static void
locate(Shian__Inspection *in, const Shian__InspectionPost *op,
    const Shian__Venue *v)
{
    double    d;
    uint32_t  slack;

    slack = op->accuracy < ACCURACY_M ? op->accuracy : ACCURACY_M;
    in->has_on_site = 1;
    in->on_site = 0;

    if (op->has_lat && v->has_lat && v->has_lng) {
        d = metres(op, v->lat, v->lng);
        in->has_distance_m = 1;
        in->distance_m = (uint32_t) lround(d);
        in->on_site = d <= SITE_M + (double) slack;
    }
}


static bool
too_fast_from(shian_op_t *o, const Shian__InspectionPost *op)
{
    double           d, hours;
    shian_point_t    p;
    shian_checkin_t  before;

    if (!op->has_lat || op->started_at == 0 || o->op->actor->user == 0
        || !shian_checkin_before(o->txn, o->op->actor->user,
                                 op->started_at - 1, &before)
        || before.place == 0)
    {
        return false;
    }

    p = shian_geo_point(before.place);
    d = metres(op, p.lat, p.lng);

    /* Standing at two doors of one street at once is nothing. */
    if (d <= 2 * SITE_M) {
        return false;
    }

    if (op->started_at <= before.finished_ms) {
        return true;
    }

    hours = (double) (op->started_at - before.finished_ms) / 3.6e6;

    return d / 1000 > SPEED_KMH * hours;
}


static bool
photo_was_used(shian_op_t *o, const Shian__InspectionPost *op)
{
    size_t         i, j;
    Shian__Photo  *p;

    for (i = 0; i < op->n_items; i++) {
        for (j = 0; j < op->items[i]->n_photos; j++) {
            p = shian_photo_get(o->txn,
                                shian_bytes(op->items[i]->photos[j]));

            if (p != NULL && p->used != 0) {
                return true;
            }
        }
    }

    return false;
}


static void
add_flags(shian_op_t *o, Shian__Inspection *in)
{
    int64_t                       off;
    const Shian__InspectionPost  *op = o->op->inspection_post;

    in->flags = shian_array(o->arena, 5, sizeof(*in->flags));
    if (in->flags == NULL) {
        o->txn->err = ENOMEM;
        return;
    }

    off = ahead(op, o->op->at);

    (void) (!in->on_site && add_flag(in, FLAG(distance)));
    (void) (too_fast_from(o, op) && add_flag(in, FLAG(speed)));
    (void) (photo_was_used(o, op) && add_flag(in, FLAG(photo)));
    (void) (in->failed == 0 && in->passed != 0
            && op->finished_at - op->started_at < FAST_MS
            && add_flag(in, FLAG(fast)));
    (void) ((off > CLOCK_MS || off < -CLOCK_MS)
            && add_flag(in, FLAG(clock)));
}


static void
count_items(Shian__Inspection *in)
{
    size_t  i;

    in->has_passed = in->has_failed = in->has_na = 1;

    for (i = 0; i < in->n_items; i++) {
        in->passed += in->items[i]->result == RESULT(pass);
        in->failed += in->items[i]->result == RESULT(fail);
        in->na += in->items[i]->result == RESULT(na);
    }
}


/* Photos of it that everybody may see, from now on or no longer. */
static void
show_photos(shian_op_t *o, const Shian__Inspection *in, int delta)
{
    size_t         i, j;
    Shian__Photo   p = SHIAN__PHOTO__INIT;
    Shian__Answer  *a;

    for (i = 0; i < in->n_items; i++) {
        a = in->items[i];

        for (j = 0; a->photos_public && j < a->n_photos; j++) {
            p.hash = a->photos[j];
            shian_gallery_open(o, &p, delta);
        }
    }
}


static void
open_finding(shian_op_t *o, Shian__Tally *tally, Shian__Inspection *in,
    const Shian__Answer *a)
{
    int32_t         least;
    uint64_t        known;
    Shian__Finding  f = SHIAN__FINDING__INIT, *old;

    known = shian_finding_on(o->txn, in->venue, a->code);
    old = known == 0 ? NULL : shian_finding_get(o->txn, known);

    if (old != NULL) {
        old->has_repeats = 1;
        old->repeats++;
        shian_finding_put(o, old);
        in->findings[in->n_findings++] = known;
        return;
    }

    f.has_venue = f.has_severity = f.has_opened_at = f.has_deadline_on = 1;
    f.has_inspection = 1;
    f.venue = in->venue;
    f.item = a->code;
    f.checklist = in->checklist;
    f.severity = a->severity;
    f.opened_at = o->op->at;
    f.inspection = in->id;
    f.note = a->note;
    f.n_photos = a->n_photos;
    f.photos = a->photos;
    f.has_photos_public = a->has_photos_public;
    f.photos_public = a->photos_public;
    f.has_complaint = in->has_complaint_id;
    f.complaint = in->complaint_id;

    /* A visit that counts late leaves the venue as many days as any. */
    least = shian_op_day(o) + shian_finding_days(a->severity);
    f.deadline_on = a->deadline_on;

    if (in->state == STATE(confirmed) && f.deadline_on < least) {
        f.deadline_on = least;
    }

    shian_finding_open(o, tally, &f);
    in->findings[in->n_findings++] = f.id;
}


static void
pass_finding(shian_op_t *o, Shian__Tally *tally, Shian__Inspection *in,
    const Shian__Answer *a, uint64_t ended)
{
    uint64_t         known;
    Shian__Finding  *f;

    known = shian_finding_on(o->txn, in->venue, a->code);
    f = known == 0 ? NULL : shian_finding_get(o->txn, known);

    /* A visit from before, that arrives late, proves nothing. */
    if (f != NULL && f->opened_at < ended) {
        shian_finding_verify(o, tally, f, in->id);
        in->findings[in->n_findings++] = known;
    }
}


/* What a visit that counts does to findings and to the venue. */
static void
take_effect(shian_op_t *o, Shian__Tally *tally, Shian__Inspection *in,
    uint64_t ended)
{
    size_t           i;
    Shian__Evidence  e;

    in->has_evidence_at = 1;
    in->evidence_at = ended;
    e = shian_evidence_on(SHIAN_EVIDENCE(visit), in->id, in->on);
    shian_evidence_put(o, in->venue, ended, &e);

    in->findings = shian_array(o->arena, in->n_items + 1,
                               sizeof(*in->findings));
    if (in->findings == NULL) {
        o->txn->err = ENOMEM;
        return;
    }

    for (i = 0; i < in->n_items; i++) {
        if (in->items[i]->result == RESULT(fail)) {
            open_finding(o, tally, in, in->items[i]);
        } else if (in->items[i]->result == RESULT(pass)) {
            pass_finding(o, tally, in, in->items[i], ended);
        }
    }

    tally->has_inspections = 1;
    tally->inspections++;

    if (!tally->has_last_inspected_on || tally->last_inspected_on <= in->on) {
        tally->has_last_inspected_on = 1;
        tally->last_inspected_on = in->on;
    }

    if (!tally->has_last_visit_at || tally->last_visit_at < ended) {
        tally->has_last_visit_at = 1;
        tally->last_visit_at = ended;
    }

    if (tally->has_reinspection_at && tally->reinspection_at < ended) {
        tally->has_reinspection_at = tally->has_reinspection_due_on = 0;
    }

    show_photos(o, in, 1);
}


/* A year that is over and was worked out is worked out anew. */
static void
evaluate_again(shian_op_t *o, Shian__Tally *tally,
    const Shian__Inspection *in)
{
    size_t   i;
    int32_t  y, m, d;

    shian_civil_from_day(in->on, &y, &m, &d);

    for (i = 0; i < tally->n_evaluations; i++) {
        if (tally->evaluations[i]->year == (uint32_t) y
            && tally->evaluations[i]->source == NULL)
        {
            (void) shian_evaluate(o->txn, tally, in->venue, (uint32_t) y);
            return;
        }
    }
}


static void
settle(shian_op_t *o, const Shian__Inspection *in, Shian__Tally *tally)
{
    evaluate_again(o, tally, in);
    shian_settle(o, in->venue, tally);
    shian_result(o, in->id, in->venue);
}


static void
describe(shian_op_t *o, Shian__Inspection *in, const Shian__Venue *v)
{
    const Shian__InspectionPost  *op = o->op->inspection_post;

    in->has_id = in->has_venue = in->has_on = in->has_kind = in->has_by = 1;
    in->id = shian_count_get(o->txn, '#', SHIAN_STR("inspection"), 0);
    in->venue = op->venue;
    in->on = visit_day(op, o->op->at);
    in->kind = op->kind;
    in->by = o->op->actor->role;
    in->checklist = op->checklist;
    in->has_started_at = in->has_finished_at = in->has_at = 1;
    in->started_at = op->started_at;
    in->finished_at = op->finished_at;
    in->at = o->op->at;
    in->has_lat = op->has_lat;
    in->lat = op->lat;
    in->has_lng = op->has_lng;
    in->lng = op->lng;
    in->has_accuracy = op->has_accuracy;
    in->accuracy = op->accuracy;
    in->n_items = op->n_items;
    in->items = op->items;
    in->note = op->note;
    in->has_user = 1;
    in->user = o->op->actor->user;
    in->has_complaint_id = op->has_complaint;
    in->complaint_id = op->complaint;

    count_items(in);
    locate(in, op, v);
    add_flags(o, in);

    in->has_state = 1;
    in->state = !in->on_site ? STATE(waiting)
                : in->n_flags != 0 ? STATE(flagged) : STATE(counted);
}


void
shian_inspection_post_apply(shian_op_t *o)
{
    size_t                        i, j;
    uint64_t                      ended;
    Shian__Venue                 *v;
    Shian__Tally                 *tally;
    Shian__Inspection             in = SHIAN__INSPECTION__INIT;
    const Shian__InspectionPost  *op = o->op->inspection_post;

    v = shian_venue_get(o->txn, op->venue);
    tally = v == NULL ? NULL : shian_tally_get(o->txn, op->venue);

    if (tally == NULL) {
        return;
    }

    shian_count_add(o->txn, '#', SHIAN_STR("inspection"), 0, 1);
    describe(o, &in, v);

    for (i = 0; i < in.n_items; i++) {
        for (j = 0; j < in.items[i]->n_photos; j++) {
            shian_gallery_name(o, in.items[i]->photos[j], false);
        }
    }

    if (shian_inspection_counts(&in)) {
        ended = by_server(op, op->finished_at, o->op->at);
        take_effect(o, tally, &in, ended < o->op->at ? ended : o->op->at);
    }

    shian_inspection_put(o, &in);
    settle(o, &in, tally);
}


/* ---- an officer's word ----------------------------------------------------*/

static const char *
decision(Shian__InspectionDecide__Action action)
{
    return action == SHIAN__INSPECTION_DECIDE__ACTION__confirm ? "confirm"
           : action == SHIAN__INSPECTION_DECIDE__ACTION__reject ? "reject"
           : "";
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

    if (op->action == SHIAN__INSPECTION_DECIDE__ACTION__reject
        && (op->reason == NULL || op->reason[0] == '\0'))
    {
        shian_fail_field(o->report, "reason", "required", NULL);
        return false;
    }

    return true;
}


/* The last visit that still counts, by its day. */
static void
look_for_last(shian_op_t *o, uint64_t venue, Shian__Tally *tally)
{
    shian_scan_t        scan;
    shian_rowkey_t      prefix = shian_rowkey_id(venue);
    Shian__Inspection  *in;

    tally->has_last_inspected_on = tally->has_last_visit_at = 0;
    tally->last_visit_at = 0;

    shian_scan_open(&scan, o->txn, SHIAN_T_INSPECTION, &prefix, NULL);

    while (shian_scan_next(&scan)) {
        in = shian__inspection__unpack(&o->arena->pb, scan.value.n,
                                       scan.value.p);

        if (in == NULL) {
            o->txn->err = ENOMEM;
            break;
        }

        if (shian_inspection_counts(in)
            && (in->on_site || in->state == STATE(confirmed)))
        {
            tally->has_last_inspected_on = tally->has_last_visit_at = 1;
            tally->last_inspected_on = in->on;
            tally->last_visit_at = in->has_finished_at ? in->finished_at
                : (uint64_t) in->on * UINT64_C(86400000)
                  - SHIAN_TZ_MINUTES * UINT64_C(60000);
            break;
        }
    }

    shian_scan_close(&scan);
}


/* What a visit had done, as if it had never been. */
static void
undo(shian_op_t *o, Shian__Tally *tally, const Shian__Inspection *in)
{
    size_t           i;
    Shian__Finding  *f;

    for (i = 0; i < in->n_findings; i++) {
        f = shian_finding_get(o->txn, in->findings[i]);

        if (f == NULL || f->state == SHIAN__FINDING__STATE__void) {
            continue;
        }

        if (f->inspection == in->id) {
            shian_finding_void(o, tally, f);

        } else if (f->has_verified_in && f->verified_in == in->id) {
            shian_finding_reopen(o, tally, f);

        } else if (f->repeats != 0) {
            f->repeats--;
            shian_finding_put(o, f);
        }
    }

    shian_evidence_del(o, in->venue, in->evidence_at, SHIAN_EVIDENCE(visit),
                       in->id);
    tally->inspections--;
    shian_finding_taken_back(o, tally);
    show_photos(o, in, -1);
}


void
shian_inspection_decide_apply(shian_op_t *o)
{
    bool                            counted;
    Shian__Tally                   *tally;
    Shian__Inspection              *in;
    const Shian__InspectionDecide  *op = o->op->inspection_decide;

    in = shian_inspection_get(o->txn, op->venue, op->inspection);
    tally = in == NULL ? NULL : shian_tally_get(o->txn, in->venue);

    if (tally == NULL) {
        return;
    }

    counted = shian_inspection_counts(in);
    in->has_decided_at = in->has_decided_by = 1;
    in->decided_at = o->op->at;
    in->decided_by = o->op->actor->user;
    in->reason = op->reason;

    if (op->action == SHIAN__INSPECTION_DECIDE__ACTION__confirm) {
        in->state = STATE(confirmed);

        if (!counted) {
            take_effect(o, tally, in, in->finished_at < o->op->at
                                      ? in->finished_at : o->op->at);
        }

        shian_inspection_put(o, in);

    } else {
        in->state = STATE(rejected);
        shian_inspection_put(o, in);

        if (counted) {
            undo(o, tally, in);
            look_for_last(o, in->venue, tally);
        }
    }

    settle(o, in, tally);
}
