/*
 * The annual evaluation: a level by the mean share of passed items over a
 * year's inspections, or one that was recorded and then wins.
 */

#include "checkin.h"

#include <errno.h>

#include "capabilities.h"

#define LEVEL(name)  SHIAN__EVALUATION__LEVEL__##name


static int32_t
year_of(int32_t day)
{
    int32_t  y, m, d;

    shian_civil_from_day(day, &y, &m, &d);

    return y;
}


static Shian__Evaluation *
evaluation(const Shian__Tally *tally, uint32_t year)
{
    size_t  i;

    for (i = 0; i < tally->n_evaluations; i++) {
        if (tally->evaluations[i]->year == year) {
            return tally->evaluations[i];
        }
    }

    return NULL;
}


/* Latest year first; a year that is there already is replaced. */
static bool
set(shian_txn_t *t, Shian__Tally *tally, Shian__Evaluation *e)
{
    size_t               i, n;
    Shian__Evaluation  **all;

    all = shian_array(t->arena, tally->n_evaluations + 1, sizeof(*all));
    if (all == NULL) {
        t->err = ENOMEM;
        return false;
    }

    for (n = 0, i = 0; i < tally->n_evaluations
                       && tally->evaluations[i]->year > e->year; i++)
    {
        all[n++] = tally->evaluations[i];
    }

    all[n++] = e;

    for (; i < tally->n_evaluations; i++) {
        if (tally->evaluations[i]->year != e->year) {
            all[n++] = tally->evaluations[i];
        }
    }

    tally->evaluations = all;
    tally->n_evaluations = n;

    return true;
}


/* ---- worked out -----------------------------------------------------------*/

/* Hundredths of a percent, cut; of *n inspections with items. */
static int32_t
mean_share(shian_txn_t *t, uint64_t venue, int32_t year, uint32_t *n)
{
    int64_t             sum;
    shian_scan_t        scan;
    shian_rowkey_t      prefix = shian_rowkey_id(venue), start = prefix;
    Shian__Inspection  *in;

    *n = 0;
    sum = 0;
    shian_rowkey_be(&start,
                    ~(uint32_t) (shian_day_from_civil(year + 1, 1, 1) - 1),
                    4);
    shian_scan_open(&scan, t, SHIAN_T_INSPECTION, &prefix, &start);

    while (shian_scan_next(&scan)) {
        in = shian__inspection__unpack(&t->arena->pb, scan.value.n,
                                       scan.value.p);

        if (in == NULL || year_of(in->on) != year) {
            break;
        }

        if (!shian_inspection_counts(in)
            || (!in->on_site
                && in->state != SHIAN__INSPECTION__STATE__confirmed))
        {
            continue;
        }

        /* An imported visit may have a score and no items. */
        if (in->passed + in->failed != 0) {
            sum += INT64_C(10000) * in->passed / (in->passed + in->failed);
            (*n)++;

        } else if (in->has_score) {
            sum += INT64_C(100) * in->score;
            (*n)++;
        }
    }

    shian_scan_close(&scan);

    return *n == 0 ? 0 : (int32_t) (sum / *n);
}


bool
shian_evaluate(shian_txn_t *t, Shian__Tally *tally, uint64_t venue,
    uint32_t year)
{
    int32_t             share;
    uint32_t            n;
    Shian__Evaluation  *e;

    e = evaluation(tally, year);

    if (e != NULL && e->source != NULL) {
        return false;
    }

    share = mean_share(t, venue, (int32_t) year, &n);

    if (n == 0) {
        return false;
    }

    e = shian_alloc(t->arena, sizeof(*e));
    if (e == NULL) {
        t->err = ENOMEM;
        return false;
    }

    shian__evaluation__init(e);
    e->has_year = e->has_level = e->has_share = e->has_inspections = 1;
    e->year = year;
    e->share = share;
    e->inspections = n;
    e->level = share >= 9000 ? LEVEL(A) : share >= 7500 ? LEVEL(B)
               : share >= 6000 ? LEVEL(C) : LEVEL(unrated);

    return set(t, tally, e);
}


uint32_t
shian_evaluation_due(shian_txn_t *t, uint64_t venue, int32_t day)
{
    int32_t        year;
    uint32_t       n;
    Shian__Tally  *tally;

    year = year_of(day) - 1;
    tally = shian_tally_get(t, venue);

    /* The tally alone answers for nearly all. */
    if (tally == NULL || !tally->has_last_inspected_on
        || year_of(tally->last_inspected_on) < year
        || evaluation(tally, (uint32_t) year) != NULL)
    {
        return 0;
    }

    (void) mean_share(t, venue, year, &n);

    return n == 0 ? 0 : (uint32_t) year;
}


bool
shian_evaluation_close_check(shian_op_t *o)
{
    Shian__Tally                  *tally;
    const Shian__Evaluation       *e;
    const Shian__EvaluationClose  *op = o->op->evaluation_close;

    tally = shian_venue_get(o->txn, op->venue) == NULL ? NULL
            : shian_tally_get(o->txn, op->venue);

    if (tally == NULL) {
        return shian_no_such(o, "There is no such venue.");
    }

    if (op->year < 2000 || (int32_t) op->year >= year_of(shian_op_day(o))) {
        shian_fail_field(o->report, "year", "range",
                         "The year is not over.");
        return false;
    }

    e = evaluation(tally, op->year);
    o->unchanged = e != NULL || !shian_evaluate(o->txn, tally, op->venue,
                                                op->year);

    return true;
}


void
shian_evaluation_close_apply(shian_op_t *o)
{
    Shian__Tally                  *tally;
    const Shian__EvaluationClose  *op = o->op->evaluation_close;

    tally = shian_tally_get(o->txn, op->venue);

    if (tally != NULL
        && shian_evaluate(o->txn, tally, op->venue, op->year))
    {
        shian_tally_put(o, op->venue, tally);
    }

    shian_result(o, 0, op->venue);
}


/* ---- recorded -------------------------------------------------------------*/

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

    if (!op->evaluation->has_level) {
        shian_fail_field(o->report, "level", "required", NULL);
    }

    /* What the routine worked out has none, and gives way to it. */
    if (op->evaluation->source == NULL || op->evaluation->source[0] == '\0')
    {
        shian_fail_field(o->report, "source", "required", NULL);
    }

    return o->report->status == 200 && shian_may(o, v);
}


void
shian_evaluation_set_apply(shian_op_t *o)
{
    Shian__Tally                *tally;
    const Shian__EvaluationSet  *op = o->op->evaluation_set;

    tally = shian_tally_get(o->txn, op->venue);

    if (tally != NULL && set(o->txn, tally, op->evaluation)) {
        shian_tally_put(o, op->venue, tally);
    }

    shian_result(o, 0, op->venue);
}
