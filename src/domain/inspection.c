#include <errno.h>

#include "capabilities.h"
#include "domain.h"

#define DAY_MS  UINT64_C(86400000)


bool
shian_inspection_import_check(shian_op_t *o)
{
    Shian__Venue             *v;
    shian_scan_t              scan;
    shian_rowkey_t            prefix;
    Shian__Inspection        *known;
    const Shian__Inspection  *in = o->op->inspection_import->inspection;

    if (in == NULL || !in->has_on) {
        shian_fail_field(o->report, "on", "required", NULL);
        return false;
    }

    v = shian_venue_get(o->txn, in->venue);
    if (v == NULL) {
        return shian_no_such(o, "There is no such venue.");
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
    shian_rowkey_t     k;
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

    k = shian_rowkey_id(in.venue);
    shian_rowkey_be(&k, ~(uint32_t) in.on, 4);
    shian_rowkey_be(&k, in.id, 8);
    shian_row_put_message(o->txn, SHIAN_T_INSPECTION, &k, &in);

    tally->has_inspections = 1;
    tally->inspections++;

    if (in.on_site && (!tally->has_last_inspected_on
                       || tally->last_inspected_on < in.on))
    {
        tally->has_last_inspected_on = tally->has_last_visit_at = 1;
        tally->last_inspected_on = in.on;

        /* Only the day is known: its first moment claims the least. */
        at = (uint64_t) in.on * DAY_MS - SHIAN_TZ_MINUTES * UINT64_C(60000);
        tally->last_visit_at = at;
    }

    shian_regrade(o, v, tally);
    shian_tally_put(o, in.venue, tally);

    o->result.has_id = o->result.has_venue = o->result.has_outcome = 1;
    o->result.id = in.id;
    o->result.venue = in.venue;
    o->result.outcome = SHIAN__RESULT__OUTCOME__created;
}


bool
shian_evaluation_set_check(shian_op_t *o)
{
    Shian__Venue                *v;
    const Shian__EvaluationSet  *op = o->op->evaluation_set;

    v = shian_venue_get(o->txn, op->venue);

    if (v == NULL) {
        return shian_no_such(o, "There is no such venue.");
    }

    if (op->evaluation == NULL || op->evaluation->year < 2000
        || op->evaluation->year > 2199)
    {
        shian_fail_field(o->report, "year", "range", NULL);
        return false;
    }

    return shian_may(o, v);
}


void
shian_evaluation_set_apply(shian_op_t *o)
{
    size_t                       i, n;
    Shian__Tally                *tally;
    Shian__Evaluation          **all;
    const Shian__EvaluationSet  *op = o->op->evaluation_set;

    tally = shian_tally_get(o->txn, op->venue);
    if (tally == NULL) {
        return;
    }

    all = shian_array(o->arena, tally->n_evaluations + 1, sizeof(*all));
    if (all == NULL) {
        o->txn->err = ENOMEM;
        return;
    }

    /* Latest year first; a year recorded again is replaced. */
    for (n = 0, i = 0; i < tally->n_evaluations
                       && tally->evaluations[i]->year > op->evaluation->year;
         i++)
    {
        all[n++] = tally->evaluations[i];
    }

    all[n++] = op->evaluation;

    for (; i < tally->n_evaluations; i++) {
        if (tally->evaluations[i]->year != op->evaluation->year) {
            all[n++] = tally->evaluations[i];
        }
    }

    tally->evaluations = all;
    tally->n_evaluations = n;
    shian_tally_put(o, op->venue, tally);

    o->result.has_venue = 1;
    o->result.venue = op->venue;
}
