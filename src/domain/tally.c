#include "tally.h"

#include <errno.h>

#include "finding.h"
#include "patrol.h"
#include "policy.h"

#define DAY_MS  UINT64_C(86400000)


Shian__Tally *
shian_tally_get(shian_txn_t *t, uint64_t venue)
{
    Shian__Tally  *tally;

    tally = shian_get(t, SHIAN_T_TALLY, venue, &shian__tally__descriptor);

    if (tally == NULL) {
        tally = shian_alloc(t->arena, sizeof(*tally));
        if (tally == NULL) {
            t->err = ENOMEM;
            return NULL;
        }
        shian__tally__init(tally);
    }

    return tally;
}


/* rev is field 1, so the row begins with its tag and varint: read just that. */
uint64_t
shian_tally_rev(shian_txn_t *t, uint64_t venue)
{
    size_t          i;
    uint64_t        rev;
    shian_str_t     v;
    shian_rowkey_t  k = shian_rowkey_id(venue);

    if (!shian_row_get(t, SHIAN_T_TALLY, &k, &v) || v.n < 2 || v.p[0] != 8) {
        return 0;
    }

    for (rev = 0, i = 1; i < v.n && i <= 10; i++) {
        rev |= (uint64_t) (v.p[i] & 0x7f) << (7 * (i - 1));
        if ((v.p[i] & 0x80) == 0) {
            break;
        }
    }

    return rev;
}


void
shian_tally_put(shian_op_t *o, uint64_t venue, Shian__Tally *tally)
{
    tally->has_rev = 1;
    tally->rev++;
    shian_patrol_keep(o->txn, venue, tally);
    shian_put_record(o->txn, SHIAN_T_TALLY, venue, tally);
}


shian_rowkey_t
shian_review_prefix(char field, uint64_t value)
{
    shian_rowkey_t  k;

    k.n = 0;
    shian_rowkey_be(&k, (uint8_t) field, 1);
    shian_rowkey_be(&k, value, 8);

    return k;
}


shian_rowkey_t
shian_review_key(char field, uint64_t value, uint64_t at_ms, uint64_t id)
{
    shian_rowkey_t  k = shian_review_prefix(field, value);

    shian_rowkey_be(&k, ~at_ms, 8);
    shian_rowkey_be(&k, id, 8);

    return k;
}


void
shian_review_index(shian_txn_t *t, const Shian__Review *r)
{
    uint8_t         v[2];
    shian_rowkey_t  k;

    k = shian_review_key('v', r->venue, r->at, r->id);
    v[0] = (uint8_t) (r->hygiene | (unsigned) r->state << 4);
    v[1] = (uint8_t) (r->food | r->service << 4);

    shian_row_put(t, SHIAN_T_REVIEW_BY, &k, shian_slice(v, sizeof(v)));
}


void
shian_tally_review(shian_arena_t *a, Shian__Tally *tally, uint32_t hygiene,
    uint32_t food, uint32_t service, int delta)
{
    uint64_t  d = (uint64_t) (int64_t) delta;

    if (tally->n_histogram != 5) {
        tally->histogram = shian_array(a, 5, sizeof(*tally->histogram));
        tally->n_histogram = tally->histogram == NULL ? 0 : 5;
    }

    tally->has_reviews = tally->has_hygiene_sum = 1;
    tally->reviews += (uint32_t) d;
    tally->hygiene_sum += d * hygiene;

    if (hygiene >= 1 && hygiene <= tally->n_histogram) {
        tally->histogram[hygiene - 1] += (uint32_t) d;
    }

    if (food != 0) {
        tally->has_food_reviews = tally->has_food_sum = 1;
        tally->food_reviews += (uint32_t) d;
        tally->food_sum += d * food;
    }

    if (service != 0) {
        tally->has_service_reviews = tally->has_service_sum = 1;
        tally->service_reviews += (uint32_t) d;
        tally->service_sum += d * service;
    }
}


static uint64_t
day_start(int32_t day)
{
    return (uint64_t) ((int64_t) day * (int64_t) DAY_MS
                       - SHIAN_TZ_MINUTES * INT64_C(60000));
}


/* Adds (1) or takes away (-1) what was published on days [from, to). */
static void
count_days(shian_txn_t *t, uint64_t venue, Shian__Tally *tally, int32_t from,
    int32_t to, int delta)
{
    uint64_t        oldest;
    shian_scan_t    scan;
    shian_rowkey_t  prefix, start;

    oldest = day_start(from);
    prefix = shian_review_prefix('v', venue);
    start = shian_review_key('v', venue, day_start(to) - 1, 0);

    shian_scan_open(&scan, t, SHIAN_T_REVIEW_BY, &prefix, &start);

    while (shian_scan_next(&scan) && scan.key.n == 25 && scan.value.n == 2
           && ~shian_be(scan.key.p + 9, 8) >= oldest)
    {
        if (scan.value.p[0] >> 4 == SHIAN__REVIEW__STATE__published) {
            shian_tally_review(t->arena, tally, scan.value.p[0] & 15,
                               scan.value.p[1] & 15, scan.value.p[1] >> 4,
                               delta);
        }
    }

    shian_scan_close(&scan);
}


void
shian_tally_age(shian_txn_t *t, uint64_t venue, Shian__Tally *tally,
    int32_t day, int32_t days)
{
    int32_t  from;

    from = day - days + 1;

    if (!tally->has_reviews_from) {
        tally->has_reviews_from = 1;

    } else if (from > tally->reviews_from && tally->reviews != 0) {
        count_days(t, venue, tally, tally->reviews_from, from, -1);

    } else if (from < tally->reviews_from) {
        count_days(t, venue, tally, from, tally->reviews_from, 1);
    }

    tally->reviews_from = from;
}


/* ---- the colour's index and counters -------------------------------------*/

/* Best first; those without a colour to compare come last. */
uint8_t
shian_colour_order(Shian__Colour__Kind colour)
{
    switch (colour) {
    case SHIAN__COLOUR__KIND__green:
        return 1;
    case SHIAN__COLOUR__KIND__yellow:
        return 2;
    case SHIAN__COLOUR__KIND__red:
        return 3;
    case SHIAN__COLOUR__KIND__closed:
        return 5;
    default:
        return 4;
    }
}


static shian_rowkey_t
colour_key(const Shian__Venue *v, const Shian__Grade *g)
{
    shian_rowkey_t  k;

    k.n = 0;
    shian_rowkey_be(&k, 'c', 1);
    shian_rowkey_be(&k, shian_colour_order(g == NULL
                                           ? SHIAN__COLOUR__KIND__ungraded
                                           : g->colour), 1);
    shian_rowkey_be(&k, 0xffff - (uint64_t) (g == NULL ? 0 : g->score), 2);
    shian_rowkey_be(&k, v->id, 8);

    return k;
}


static void
count(shian_txn_t *t, const Shian__Venue *v, const Shian__Grade *g,
    int delta)
{
    uint8_t  colour;

    colour = g == NULL ? 0 : (uint8_t) g->colour;

    shian_count_add(t, 'c', SHIAN_NONE, colour, delta);
    shian_count_add(t, 'd', shian_str(v->district), colour, delta);
    shian_count_add(t, 'k', shian_str(v->category), colour, delta);
}


static bool
same_text(const char *a, const char *b)
{
    return shian_str_eq(shian_str(a), shian_str(b));
}


void
shian_recount(shian_txn_t *t, const Shian__Venue *was,
    const Shian__Grade *was_grade, const Shian__Venue *is,
    const Shian__Grade *is_grade)
{
    shian_rowkey_t  old, new;

    if (was != NULL) {
        old = colour_key(was, was_grade);
        new = colour_key(is, is_grade);

        if (memcmp(old.b, new.b, old.n) == 0) {
            if (same_text(was->district, is->district)
                && same_text(was->category, is->category))
            {
                return;
            }
        }

        shian_row_del(t, SHIAN_T_VENUE_BY, &old);
        count(t, was, was_grade, -1);
    }

    new = colour_key(is, is_grade);
    shian_index_put(t, SHIAN_T_VENUE_BY, &new, 1);
    count(t, is, is_grade, 1);
}


/* ---- regrading ------------------------------------------------------------*/

/*
 * Those under 'g' of complaint_by or case_by that are later than a day: at
 * most `count`, newest first.  None and t->err without memory.
 */
static const shian_grade_event_t *
events(shian_txn_t *t, shian_table_t table, uint64_t venue, int32_t after,
    size_t count, size_t *n)
{
    int32_t               day;
    shian_scan_t          scan;
    shian_rowkey_t        prefix;
    shian_grade_event_t  *e;

    *n = 0;
    e = shian_array(t->arena, count, sizeof(*e));

    if (e == NULL) {
        t->err = ENOMEM;
        return NULL;
    }

    prefix = shian_review_prefix('g', venue);
    shian_scan_open(&scan, t, table, &prefix, NULL);

    while (*n < count && shian_scan_next(&scan) && scan.key.n == 21) {
        day = (int32_t) ~(uint32_t) shian_be(scan.key.p + 9, 4);

        if (day <= after) {
            break;
        }

        e[*n].id = shian_be(scan.key.p + 13, 8);
        e[(*n)++].day = day;
    }

    shian_scan_close(&scan);

    return e;
}


void
shian_grade_inputs(shian_txn_t *t, const Shian__Venue *v,
    Shian__Tally *tally, const shian_policy_t *p, int32_t day,
    shian_grade_inputs_t *in)
{
    shian_tally_age(t, v->id, tally, day, p->reviews_days);
    memset(in, 0, sizeof(*in));

    in->closed = v->status == SHIAN__VENUE__STATUS__closed;
    in->suspended = v->status == SHIAN__VENUE__STATUS__suspended;
    in->has_licence_expiry = v->has_licence_expires_on;
    in->licence_expires = v->licence_expires_on;
    in->credit = v->has_credit ? (int32_t) v->credit : 0;
    in->has_visit = tally->has_last_inspected_on;
    in->visit_day = tally->last_inspected_on;
    in->has_self_check = tally->has_self_check_on;
    in->self_check_day = tally->self_check_on;
    in->reviews = tally->reviews;
    in->hygiene_sum = tally->hygiene_sum;
    in->before = shian_tally_colour(tally);
    in->evidence_at = tally->last_visit_at > tally->rectified_at
                      ? tally->last_visit_at : tally->rectified_at;
    shian_finding_inputs(t, tally, v->id, day, p->residual_days, in);

    if (tally->complaints_substantiated != 0) {
        in->complaints = events(t, SHIAN_T_COMPLAINT_BY, v->id,
                                day - p->complaint_days,
                                tally->complaints_substantiated,
                                &in->ncomplaints);
    }

    if (tally->cases_penalised != 0) {
        in->cases = events(t, SHIAN_T_CASE_BY, v->id, day - p->case_days,
                           tally->cases_penalised, &in->ncases);
    }

    if (tally->downgrade != NULL) {
        in->downgrade_at = tally->downgrade->since;
        in->downgrade_score = tally->downgrade->score;
        in->downgrade_critical = tally->downgrade_critical;
    }
}


static bool
is_worse(Shian__Colour__Kind is, Shian__Colour__Kind was)
{
    /* green 1, yellow 2, red 3; the others are no colours to compare. */
    return was >= SHIAN__COLOUR__KIND__green
           && was <= SHIAN__COLOUR__KIND__red
           && is <= SHIAN__COLOUR__KIND__red && is > was;
}


/* What the venue's grade is under p at local day `day`. */
static bool
grade_at(shian_txn_t *t, const Shian__Venue *v, Shian__Tally *tally,
    const shian_policy_t *p, int32_t day, shian_grade_t *out)
{
    shian_grade_inputs_t  in;

    shian_grade_inputs(t, v, tally, p, day, &in);

    return shian_grade(p, &in, day, t->arena, out);
}


bool
shian_grade_venue(shian_txn_t *t, const Shian__Venue *v,
    const shian_policy_t *p, uint64_t at_ms, shian_grade_t *out,
    Shian__Colour__Kind *stands)
{
    Shian__Tally  *tally;

    tally = shian_tally_get(t, v->id);

    if (tally == NULL) {
        return false;
    }

    *stands = shian_tally_colour(tally);

    return grade_at(t, v, tally, p, shian_local_day(at_ms, p->tz_minutes),
                    out);
}


bool
shian_regrade_due(shian_txn_t *t, uint64_t venue, uint64_t at_ms)
{
    shian_grade_t    out;
    shian_policy_t   policy;
    Shian__Venue    *v;
    Shian__Tally    *tally;

    v = shian_venue_get(t, venue);
    tally = v == NULL ? NULL : shian_tally_get(t, venue);

    if (tally == NULL || tally->grade == NULL) {
        return false;
    }

    shian_policy_now(t, &policy);

    return grade_at(t, v, tally, &policy,
                    shian_local_day(at_ms, policy.tz_minutes), &out)
           && (out.colour != tally->grade->colour
               || out.score != tally->grade->score);
}


static void
note_downgrade(shian_op_t *o, Shian__Tally *tally, const Shian__Grade *g,
    bool critical)
{
    Shian__Grade  *d;

    d = shian_alloc(o->arena, sizeof(*d));
    if (d == NULL) {
        o->txn->err = ENOMEM;
        return;
    }

    shian__grade__init(d);
    d->has_colour = d->has_score = d->has_since = 1;
    d->colour = g->colour;
    d->score = g->score;
    d->since = o->op->at;

    tally->downgrade = d;
    tally->has_downgrade_critical = 1;
    tally->downgrade_critical = critical;
}


/* In the history `since` and `before` are of this very step. */
static void
keep_history(shian_op_t *o, uint64_t venue, const Shian__Grade *was,
    const Shian__Grade *g)
{
    Shian__Grade    entry;
    shian_rowkey_t  k;

    entry = *g;
    entry.has_since = 1;
    entry.since = o->op->at;
    entry.has_before = was != NULL;
    entry.before = was == NULL ? 0 : was->colour;

    k = shian_rowkey_id(venue);
    shian_rowkey_be(&k, ~o->op->at, 8);
    shian_rowkey_be(&k, ~o->seq, 8);
    shian_row_put_message(o->txn, SHIAN_T_GRADE, &k, &entry);
}


void
shian_regrade(shian_op_t *o, const Shian__Venue *venue, Shian__Tally *tally)
{
    Shian__Grade          *g, *was;
    shian_grade_t          out;
    shian_policy_t         policy;
    Shian__Colour__Kind    before;

    shian_policy_now(o->txn, &policy);
    before = shian_tally_colour(tally);
    g = shian_alloc(o->arena, sizeof(*g));

    if (g == NULL
        || !grade_at(o->txn, venue, tally, &policy, shian_op_day(o), &out))
    {
        o->txn->err = ENOMEM;
        return;
    }

    was = tally->grade;

    shian__grade__init(g);
    g->has_colour = 1;
    g->colour = out.colour;
    g->has_score = out.scored;
    g->score = out.score;
    g->has_held = out.held;
    g->held = out.held;
    g->n_components = out.n;
    g->components = out.components;

    if (was != NULL && was->colour == g->colour) {
        /* The colour's own story goes on; score and reasons may be new. */
        g->has_since = was->has_since;
        g->since = was->since;
        g->has_before = was->has_before;
        g->before = was->before;

        if (was->score == g->score) {
            g->has_score_before = was->has_score_before;
            g->score_before = was->score_before;
            g->has_cause = was->has_cause;
            g->cause = was->cause;
            tally->grade = g;
            return;
        }

    } else {
        g->has_since = 1;
        g->since = o->op->at;
        g->has_before = was != NULL;
        g->before = was == NULL ? 0 : was->colour;
    }

    g->has_score_before = was != NULL && was->has_score;
    g->score_before = was == NULL ? 0 : was->score;
    g->has_cause = 1;
    g->cause = o->seq;
    tally->grade = g;

    shian_recount(o->txn, venue, was, venue, g);

    if (is_worse(g->colour, before)) {
        note_downgrade(o, tally, g, out.critical_open);
    }

    /* That a new venue has no grade yet is not a change. */
    if (was != NULL || g->colour != SHIAN__COLOUR__KIND__ungraded) {
        keep_history(o, venue->id, was, g);
    }
}
