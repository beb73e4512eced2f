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


/*
 * Latest year first; a year that is there already is replaced, and e NULL
 * takes it out.
 */
static bool
set(shian_txn_t *t, Shian__Tally *tally, uint32_t year, Shian__Evaluation *e)
{
    size_t               i, n;
    Shian__Evaluation  **all;

    all = shian_array(t->arena, tally->n_evaluations + 1, sizeof(*all));
    if (all == NULL) {
        t->err = ENOMEM;
        return false;
    }

    for (n = 0, i = 0; i < tally->n_evaluations
                       && tally->evaluations[i]->year > year; i++)
    {
        all[n++] = tally->evaluations[i];
    }

    if (e != NULL) {
        all[n++] = e;
    }

    for (; i < tally->n_evaluations; i++) {
        if (tally->evaluations[i]->year != year) {
            all[n++] = tally->evaluations[i];
        }
    }

    tally->evaluations = all;
    tally->n_evaluations = n;

    return true;
}


/* ---- worked out -----------------------------------------------------------*/

/*
 * A sum of fractions, exact: whole and part, part / of < 1 in lowest terms.
 * Checklists have so few items that `of` stays small; should it ever pass 2^96
 * the part is cut to that.
 */
typedef struct {
    uint64_t           whole;
    unsigned __int128  part;
    unsigned __int128  of;
} shian_sum_t;

#define MOST_OF  ((unsigned __int128) 1 << 96)


static unsigned __int128
divisor(unsigned __int128 a, unsigned __int128 b)
{
    unsigned __int128  rest;

    while (b != 0) {
        rest = a % b;
        a = b;
        b = rest;
    }

    return a;
}


/* n / of, of < 2^31 and not 0, n <= of. */
static void
add(shian_sum_t *sum, uint32_t n, uint32_t of)
{
    unsigned __int128  d;

    d = divisor(sum->of, of);
    sum->part = sum->part * (of / d) + n * (sum->of / d);
    sum->of *= of / d;
    sum->whole += (uint64_t) (sum->part / sum->of);
    sum->part %= sum->of;

    d = divisor(sum->part, sum->of);
    sum->part /= d;
    sum->of /= d;

    while (sum->of > MOST_OF) {
        sum->part >>= 1;
        sum->of >>= 1;
    }
}


/* Of a visit that is evidence; imported ones may have a score and no items. */
static bool
add_visit(shian_sum_t *sum, const Shian__Inspection *in)
{
    if (in->passed + in->failed != 0) {
        add(sum, in->passed, in->passed + in->failed);

    } else if (in->has_score) {
        add(sum, in->score, 100);

    } else {
        return false;
    }

    return true;
}


/*
 * The mean share in hundredths of a percent, cut once; of *n inspections with
 * items or a score.
 */
static int32_t
mean_share(shian_txn_t *t, uint64_t venue, int32_t year, uint32_t *n)
{
    shian_sum_t         sum = { 0, 0, 1 };
    shian_scan_t        scan;
    shian_rowkey_t      prefix = shian_rowkey_id(venue), start = prefix;
    Shian__Inspection  *in;

    *n = 0;
    shian_rowkey_be(&start,
                    ~(uint32_t) (shian_day_from_civil(year + 1, 1, 1) - 1),
                    4);
    shian_scan_open(&scan, t, SHIAN_T_INSPECTION, &prefix, &start);

    while (shian_scan_next(&scan)) {
        in = shian__inspection__unpack(&t->arena->pb, scan.value.n,
                                       scan.value.p);

        if (in == NULL || year_of(in->on) != year) {
            t->err = in == NULL ? ENOMEM : t->err;
            break;
        }

        *n += shian_inspection_is_evidence(in) && add_visit(&sum, in);
    }

    shian_scan_close(&scan);

    return *n == 0 ? 0
           : (int32_t) ((10000 * (sum.whole * sum.of + sum.part))
                        / (sum.of * *n));
}


/*
 * The level of a year by its visits, newly into the tally; none where none
 * counts.  False: there is nothing to tell, or a recorded one.
 */
static bool
evaluate(shian_txn_t *t, Shian__Tally *tally, uint64_t venue, uint32_t year)
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
        return e != NULL && set(t, tally, year, NULL);
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

    return set(t, tally, year, e);
}


void
shian_evaluate_again(shian_op_t *o, Shian__Tally *tally, uint64_t venue,
    int32_t on)
{
    int32_t  year;

    year = year_of(on);

    if (year < year_of(shian_op_day(o))) {
        (void) evaluate(o->txn, tally, venue, (uint32_t) year);
    }
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
    o->unchanged = e != NULL || !evaluate(o->txn, tally, op->venue, op->year);

    return true;
}


void
shian_evaluation_close_apply(shian_op_t *o)
{
    Shian__Tally                  *tally;
    const Shian__EvaluationClose  *op = o->op->evaluation_close;

    tally = shian_tally_get(o->txn, op->venue);

    if (tally != NULL
        && evaluate(o->txn, tally, op->venue, op->year))
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
    Shian__Tally                *tally;
    const Shian__Evaluation     *e;
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

    if (o->report->status != 200 || !shian_may(o, v)) {
        return false;
    }

    tally = shian_tally_get(o->txn, op->venue);
    e = tally == NULL ? NULL : evaluation(tally, op->evaluation->year);
    o->unchanged = e != NULL && e->level == op->evaluation->level
                   && shian_str_eq(shian_str(e->source),
                                   shian_str(op->evaluation->source));
    shian_result(o, 0, op->venue);

    return true;
}


void
shian_evaluation_set_apply(shian_op_t *o)
{
    Shian__Tally                *tally;
    const Shian__EvaluationSet  *op = o->op->evaluation_set;

    tally = shian_tally_get(o->txn, op->venue);

    if (tally != NULL
        && set(o->txn, tally, op->evaluation->year, op->evaluation))
    {
        shian_tally_put(o, op->venue, tally);
    }

    shian_result(o, 0, op->venue);
}
