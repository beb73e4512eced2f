#include "capabilities.h"
#include "checkin.h"
#include "domain.h"
#include "evidence.h"

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
    shian_rowkey_t     k, where;
    Shian__Evidence    e;
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

    if (in.on_site) {
        in.has_evidence_at = 1;
        in.evidence_at = at;
        e = shian_evidence_on(SHIAN_EVIDENCE(visit), in.id, in.on);
        shian_evidence_put(o, in.venue, at, &e);
    }

    k = shian_rowkey_id(in.venue);
    shian_rowkey_be(&k, ~(uint32_t) in.on, 4);
    shian_rowkey_be(&k, in.id, 8);
    shian_row_put_message(o->txn, SHIAN_T_INSPECTION, &k, &in);

    where.n = 0;
    shian_rowkey_be(&where, in.venue, 8);
    shian_rowkey_be(&where, (uint32_t) in.on, 4);
    k = shian_checkin_prefix('i', in.id);
    shian_row_put(o->txn, SHIAN_T_INSPECTION_BY, &k,
                  shian_slice(where.b, where.n));

    tally->has_inspections = 1;
    tally->inspections++;

    if (in.on_site && (!tally->has_last_inspected_on
                       || tally->last_inspected_on < in.on))
    {
        tally->has_last_inspected_on = tally->has_last_visit_at = 1;
        tally->last_inspected_on = in.on;
        tally->last_visit_at = at;
    }

    shian_settle(o, in.venue, tally);

    shian_result(o, in.id, in.venue);
    o->result.has_outcome = 1;
    o->result.outcome = SHIAN__RESULT__OUTCOME__created;
}
