#include "capabilities.h"
#include "checkin.h"
#include "domain.h"

#define DAY_MS  UINT64_C(86400000)


bool
shian_inspection_import_check(shian_op_t *o)
{
    shian_scan_t              scan;
    shian_rowkey_t            prefix;
    Shian__Inspection        *known;
    const Shian__Inspection  *in = o->op->inspection_import->inspection;

    if (in == NULL || !in->has_on) {
        shian_fail_field(o->report, "on", "required", NULL);
        return false;
    }

    if (shian_venue_of(o, in->venue, "There is no such venue.") == NULL) {
        return false;
    }

    /* Instants begin in 1970, and the visit's is worked out from its day. */
    if (in->on < 1 || in->on > shian_op_day(o)) {
        shian_fail_field(o->report, "on", "range",
                         "The day lies in the future, or before 1970.");
        return false;
    }

    if (in->has_score && in->score > 100) {
        shian_fail_field(o->report, "score", "range", NULL);
        return false;
    }

    /* The same file again: same day, kind and source is the same visit. */
    prefix = shian_rowkey_id(in->venue);
    shian_rowkey_be(&prefix, ~(uint32_t) in->on, 4);
    shian_scan_open(&scan, o->txn, SHIAN_T_INSPECTION, &prefix, NULL);

    while (!o->unchanged && shian_scan_next(&scan)) {
        known = shian__inspection__unpack(&o->arena->pb, scan.value.n,
                                          scan.value.p);
        o->unchanged = known != NULL && known->kind == in->kind
                       && known->score == in->score
                       && shian_str_eq(shian_str(known->source),
                                       shian_str(in->source));
    }

    shian_scan_close(&scan);

    return true;
}


void
shian_inspection_import_apply(shian_op_t *o)
{
    uint64_t           at;
    Shian__Venue      *v;
    Shian__Tally      *tally;
    Shian__Inspection  in;

    in = *o->op->inspection_import->inspection;
    v = shian_venue_get(o->txn, in.venue);
    tally = shian_tally_get(o->txn, in.venue);

    if (v == NULL || tally == NULL) {
        return;
    }

    shian_count_add(o->txn, '#', SHIAN_STR("inspection"), 0, 1);
    in.has_id = 1;
    in.id = shian_count_get(o->txn, '#', SHIAN_STR("inspection"), 0);

    if (!in.has_on_site) {
        in.has_on_site = in.on_site = 1;
    }

    /* Only the day is known: its first moment claims the least. */
    at = (uint64_t) in.on * DAY_MS - SHIAN_TZ_MINUTES * UINT64_C(60000);
    in.has_at = in.has_began_at = in.has_ended_at = in.has_counted_by = 1;
    in.at = o->op->at;
    in.began_at = in.ended_at = at;
    in.counted_by = o->seq;
    in.has_user = 0;
    in.user = 0;
    shian_inspection_put(o, &in);

    shian_visit_count(o, tally, &in, true);
    shian_visit_settle(o, tally, &in);
    o->result.has_outcome = 1;
    o->result.outcome = SHIAN__RESULT__OUTCOME__created;
}
