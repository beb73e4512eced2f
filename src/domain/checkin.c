#include "checkin.h"

#include <errno.h>
#include <math.h>

#include "capabilities.h"
#include "complaint.h"
#include "core/geo.h"
#include "evidence.h"
#include "gallery.h"
#include "rules.h"
#include "states.h"

#define STATE(name)   SHIAN__INSPECTION__STATE__##name
#define RESULT(name)  SHIAN__ANSWER__RESULT__##name
#define FLAG(name)    SHIAN__INSPECTION__FLAG__##name


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


void
shian_visit_times(const Shian__InspectionPost *op, uint64_t at_ms,
    uint64_t *began, uint64_t *ended)
{
    *ended = by_server(op, op->finished_at, at_ms);
    *ended = *ended < at_ms ? *ended : at_ms;
    *began = by_server(op, op->started_at, at_ms);
    *began = *began < *ended ? *began : *ended;
}


static void
check_times(shian_op_t *o)
{
    uint64_t                      began, ended, at = o->op->at;
    const shian_rules_t          *rules = shian_rules(o->rules);
    const Shian__InspectionPost  *op = o->op->inspection_post;

    if (op->finished_at < op->started_at
        || op->finished_at - op->started_at > rules->longest_ms)
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

    if (ended > at + rules->clock_ms) {
        shian_fail_field(o->report, "finished_at", "range",
                         "It lies in the future; set the device's clock.");
    } else if (began + rules->oldest_ms < at) {
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


/* Was the venue closed at that instant? */
static bool
was_closed(shian_txn_t *t, uint64_t venue, uint64_t at_ms)
{
    bool              closed;
    shian_scan_t      scan;
    Shian__Evidence  *e;
    shian_rowkey_t    prefix = shian_rowkey_id(venue);

    closed = false;
    shian_scan_open(&scan, t, SHIAN_T_EVIDENCE, &prefix, NULL);

    while (shian_scan_next(&scan) && scan.key.n == 25
           && shian_be(scan.key.p + 8, 8) <= at_ms)
    {
        if (scan.key.p[16] != SHIAN_EVIDENCE(status)) {
            continue;
        }

        e = shian__evidence__unpack(&t->arena->pb, scan.value.n,
                                    scan.value.p);
        if (e == NULL) {
            t->err = ENOMEM;
            break;
        }

        closed = e->state == SHIAN__VENUE__STATUS__closed;
    }

    shian_scan_close(&scan);

    return closed;
}


bool
shian_inspection_post_check(shian_op_t *o)
{
    Shian__Venue                 *v;
    uint64_t                      same, began, ended;
    const Shian__InspectionPost  *op = o->op->inspection_post;

    v = shian_venue_of(o, op->venue, "There is no such venue.");

    if (v == NULL) {
        return false;
    }

    /* The same visit sent once more, by whatever way: its first answer. */
    same = o->op->actor->user == 0 ? 0
           : shian_checkin_same(o->txn, o->op->actor->user, op->venue,
                                op->started_at);

    if (same != 0) {
        o->unchanged = true;
        shian_result(o, same, op->venue);
        return true;
    }

    shian_visit_times(op, o->op->at, &began, &ended);

    if (was_closed(o->txn, op->venue, ended)) {
        return shian_wrong_state(o, "The venue was closed then.");
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
locate(const shian_rules_t *rules, Shian__Inspection *in,
    const Shian__InspectionPost *op, const Shian__Venue *v)
{
    double  d, slack;

    slack = op->accuracy < rules->accuracy_m ? op->accuracy
                                             : rules->accuracy_m;
    in->has_on_site = 1;
    in->on_site = 0;

    if (op->has_lat && v->has_lat && v->has_lng) {
        d = metres(op, v->lat, v->lng);
        in->has_distance_m = 1;
        in->distance_m = (uint32_t) lround(d);
        in->on_site = d <= rules->site_m + slack;
    }
}


/* From the end of one visit to the beginning of a later one. */
static bool
too_fast(const shian_rules_t *rules, uint64_t from_ms, shian_point_t from,
    uint64_t to_ms, shian_point_t to)
{
    double  d;

    d = shian_geo_distance(from, to);

    /* Standing at two doors of one street at once is nothing. */
    return d > 2 * rules->site_m
           && (to_ms <= from_ms
               || d / 1000 > rules->speed_kmh * (double) (to_ms - from_ms)
                             / 3.6e6);
}


/* Of the inspector's visits before and after it, whichever arrived first. */
static bool
was_too_fast(shian_op_t *o, const Shian__Inspection *in)
{
    shian_point_t         here;
    shian_checkin_t       other;
    const shian_rules_t  *rules = shian_rules(o->rules);

    if (!in->has_lat || in->user == 0) {
        return false;
    }

    here = (shian_point_t) { in->lat, in->lng };

    return (shian_checkin_before(o->txn, in->user, in->began_at, &other)
            && other.place != 0
            && too_fast(rules, other.ended_ms, shian_geo_point(other.place),
                        in->began_at, here))
           || (shian_checkin_after(o->txn, in->user, in->began_at, &other)
               && other.place != 0
               && too_fast(rules, in->ended_at, here, other.began_ms,
                           shian_geo_point(other.place)));
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
    const shian_rules_t          *rules = shian_rules(o->rules);
    const Shian__InspectionPost  *op = o->op->inspection_post;

    in->flags = shian_array(o->arena, 5, sizeof(*in->flags));
    if (in->flags == NULL) {
        o->txn->err = ENOMEM;
        return;
    }

    off = ahead(op, o->op->at);

    (void) (!in->on_site && add_flag(in, FLAG(distance)));
    (void) (was_too_fast(o, in) && add_flag(in, FLAG(speed)));
    (void) (photo_was_used(o, op) && add_flag(in, FLAG(photo)));
    (void) (in->failed == 0 && in->passed != 0
            && op->finished_at - op->started_at < rules->fast_ms
            && add_flag(in, FLAG(fast)));
    (void) ((off > (int64_t) rules->clock_ms
             || off < -(int64_t) rules->clock_ms)
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


static void
describe(shian_op_t *o, Shian__Inspection *in, const Shian__Venue *v)
{
    const Shian__InspectionPost  *op = o->op->inspection_post;

    in->has_id = in->has_venue = in->has_on = in->has_kind = in->has_by = 1;
    in->id = shian_count_get(o->txn, '#', SHIAN_STR("inspection"), 0);
    in->venue = op->venue;
    in->kind = op->kind;
    in->by = o->op->actor->role;
    in->checklist = op->checklist;
    in->has_started_at = in->has_finished_at = in->has_at = 1;
    in->started_at = op->started_at;
    in->finished_at = op->finished_at;
    in->at = o->op->at;
    in->has_began_at = in->has_ended_at = 1;
    shian_visit_times(op, o->op->at, &in->began_at, &in->ended_at);
    in->on = shian_local_day(in->ended_at, SHIAN_TZ_MINUTES);
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
    locate(shian_rules(o->rules), in, op, v);
    add_flags(o, in);

    in->has_state = 1;
    in->state = !in->on_site ? STATE(waiting)
                : in->n_flags != 0 ? STATE(flagged) : STATE(counted);
    in->has_counted_by = in->on_site;
    in->counted_by = in->on_site ? o->seq : 0;
}


void
shian_inspection_post_apply(shian_op_t *o)
{
    size_t                        i, j;
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

    shian_inspection_put(o, &in);

    if (shian_inspection_counts(&in)) {
        shian_visit_count(o, tally, &in, true);
    }

    shian_visit_settle(o, tally, &in);
}
