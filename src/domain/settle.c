/*
 * What becomes of a venue when its evidence has changed, or a day has passed:
 * its grade is walked anew from the last midnight that still holds, and what
 * differs is kept in its history.
 */

#include "settle.h"

#include <errno.h>

#include "evidence.h"
#include "tally.h"
#include "walk.h"

#define MOST_OVERTAKEN  4096        /* rows of history looked at again */

/* A venue being settled. */
typedef struct {
    shian_op_t          *o;
    const Shian__Venue  *venue;
    Shian__Tally        *tally;
    Shian__Grade        *shown;     /* the last that was; NULL: none yet */
    int32_t              day;       /* to be walked up to */
    uint64_t             cause;     /* of what this operation changes */
} work_t;

/* A row of history that evidence of the past may have overtaken. */
typedef struct {
    uint64_t         since;
    shian_rowkey_t   key;
    Shian__Grade    *grade;
} past_t;


/* ---- what is shown --------------------------------------------------------*/

/* Colour, hold and public score are what a change is made of. */
static bool
same_shown(const Shian__Grade *g, const shian_grade_t *is)
{
    if (g == NULL) {
        return is->colour == SHIAN__COLOUR__KIND__ungraded;
    }

    return g->colour == is->colour && (bool) g->held == is->held
           && (bool) g->has_score == is->scored
           && (!is->scored || g->score / 100 == is->score / 100);
}


/* Which operation, or midnight, made it so. */
typedef struct {
    uint64_t  at_ms;
    uint64_t  seq;          /* 0: the midnight of `day` */
    int32_t   day;
    uint64_t  row;          /* in the history's key */
} cause_t;


/* A new row of history. */
static void
keep_history(work_t *w, const Shian__Grade *g, const cause_t *why)
{
    Shian__Grade    entry = *g;
    shian_rowkey_t  k;

    entry.has_since = 1;
    entry.since = why->at_ms;
    entry.has_before = w->shown != NULL;
    entry.before = w->shown == NULL ? 0 : w->shown->colour;

    k = shian_rowkey_id(w->venue->id);
    shian_rowkey_be(&k, ~why->at_ms, 8);
    shian_rowkey_be(&k, ~why->row, 8);
    shian_row_put_message(w->o->txn, SHIAN_T_GRADE, &k, &entry);
}


/* It may be the same colour, score and hold: its own story goes on then. */
static void
show(work_t *w, const shian_walk_t *walk, const cause_t *why)
{
    bool                 changed;
    Shian__Grade        *g;
    shian_grade_t        is;
    const Shian__Grade  *was = w->shown;

    g = shian_alloc(w->o->arena, sizeof(*g));

    if (g == NULL || !shian_walk_grade(walk, w->o->arena, &is)) {
        w->o->txn->err = ENOMEM;
        return;
    }

    changed = !same_shown(was, &is);

    shian__grade__init(g);
    g->has_colour = g->has_held = 1;
    g->colour = is.colour;
    g->has_score = is.scored;
    g->score = is.scored ? is.score : 0;
    g->held = is.held;
    g->n_components = is.n;
    g->components = is.components;

    if (changed) {
        g->has_score_before = was != NULL && was->has_score;
        g->score_before = was == NULL ? 0 : was->score;
        g->has_cause = why->seq != 0;
        g->cause = why->seq;
        g->has_cause_day = why->seq == 0;
        g->cause_day = why->seq == 0 ? why->day : 0;
        keep_history(w, g, why);

    } else if (was != NULL) {
        g->has_score_before = was->has_score_before;
        g->score_before = was->score_before;
        g->has_cause = was->has_cause;
        g->cause = was->cause;
        g->has_cause_day = was->has_cause_day;
        g->cause_day = was->cause_day;
    }

    if (was != NULL && was->colour == g->colour) {
        g->has_since = was->has_since;
        g->since = was->since;
        g->has_before = was->has_before;
        g->before = was->before;
    } else {
        g->has_since = 1;
        g->since = why->at_ms;
        g->has_before = was != NULL;
        g->before = was == NULL ? 0 : was->colour;
    }

    w->shown = g;
}


/* Hundredths moved and nothing else: the next row begins at these. */
static void
note_score(work_t *w, const shian_walk_t *walk)
{
    Shian__Grade  *g;

    if (w->shown == NULL || !walk->now.scored
        || w->shown->score == walk->now.score)
    {
        return;
    }

    g = shian_alloc(w->o->arena, sizeof(*g));

    if (g == NULL) {
        w->o->txn->err = ENOMEM;
        return;
    }

    *g = *w->shown;
    g->score = walk->now.score;
    w->shown = g;
}


/* ---- history that is overtaken --------------------------------------------*/

/* Rows since from_ms, oldest first. */
static size_t
read_past(work_t *w, uint64_t from_ms, past_t **past)
{
    size_t           n, i;
    past_t           swap;
    shian_scan_t     scan;
    shian_rowkey_t   prefix = shian_rowkey_id(w->venue->id);

    n = 0;
    *past = shian_array(w->o->arena, MOST_OVERTAKEN, sizeof(**past));

    if (*past == NULL) {
        w->o->txn->err = ENOMEM;
        return 0;
    }

    shian_scan_open(&scan, w->o->txn, SHIAN_T_GRADE, &prefix, NULL);

    while (n < MOST_OVERTAKEN && shian_scan_next(&scan) && scan.key.n == 24
           && ~shian_be(scan.key.p + 8, 8) >= from_ms)
    {
        (*past)[n].since = ~shian_be(scan.key.p + 8, 8);
        (*past)[n].key.n = 0;
        shian_rowkey_bytes(&(*past)[n].key, scan.key.p, scan.key.n);
        (*past)[n].grade = shian__grade__unpack(&w->o->arena->pb,
                                                scan.value.n, scan.value.p);
        if ((*past)[n].grade == NULL) {
            w->o->txn->err = ENOMEM;
            break;
        }
        n++;
    }

    shian_scan_close(&scan);

    for (i = 0; i < n / 2; i++) {
        swap = (*past)[i];
        (*past)[i] = (*past)[n - 1 - i];
        (*past)[n - 1 - i] = swap;
    }

    return n;
}


/* The walk, as it stands, is what was at that row's instant. */
static void
overtake(work_t *w, past_t *past, const shian_walk_t *walk)
{
    Shian__Grade  *g = past->grade;

    if (!g->has_overtaken_by && !same_shown(g, &walk->now)) {
        g->has_overtaken_by = 1;
        g->overtaken_by = w->o->seq;
        shian_row_put_message(w->o->txn, SHIAN_T_GRADE, &past->key, g);
    }
}


/* ---- the walk -------------------------------------------------------------*/

/* The midnight's state, before anything of its day has come; NULL: memory. */
static Shian__Standing *
standing_now(work_t *w, const shian_walk_t *walk)
{
    Shian__Standing  *s;

    s = shian_alloc(w->o->arena, sizeof(*s));

    if (s == NULL) {
        w->o->txn->err = ENOMEM;
        return NULL;
    }

    shian_walk_keep(walk, s);
    s->day = w->day;

    return s;
}


/* A midnight or a policy that the venue was never taken over before. */
static bool
is_new(const work_t *w, const shian_walk_t *walk, cause_t *why)
{
    const Shian__Standing  *s = w->tally->standing;

    *why = (cause_t) { walk->taken_ms, 0, walk->day, 0 };

    if (walk->taken == SHIAN_WALK_POLICY) {
        why->seq = why->row = walk->policy_seq;
        return s == NULL || walk->policy_seq > s->under;
    }

    return walk->taken == SHIAN_WALK_MIDNIGHT
           && (s == NULL || walk->day > s->day);
}


/*
 * Walks up to now.  What is new to the venue on the way is shown; with what
 * is known now of from_ms and later, history is looked at again.
 */
static void
walk_up(work_t *w, shian_walk_t *walk, uint64_t from_ms)
{
    size_t             i, n;
    past_t            *past;
    cause_t            why;
    uint64_t           at, start = shian_day_start(w->day);
    const uint64_t     end = shian_day_start(w->day + 1) - 1;
    Shian__Standing   *kept;
    shian_walk_step_t  step;

    i = 0;
    n = from_ms < w->o->op->at ? read_past(w, from_ms, &past) : 0;
    kept = NULL;

    while ((step = shian_walk_next(walk, end, &at)) != SHIAN_WALK_END) {
        for (; i < n && past[i].since < at; i++) {
            overtake(w, &past[i], walk);
        }

        if (kept == NULL && (at > start || (at == start
                             && step != SHIAN_WALK_MIDNIGHT)))
        {
            kept = standing_now(w, walk);
        }

        shian_walk_take(walk);

        if (is_new(w, walk, &why)) {
            if (same_shown(w->shown, &walk->now)) {
                note_score(w, walk);
            } else {
                show(w, walk, &why);
            }
        }
    }

    for (; i < n; i++) {
        overtake(w, &past[i], walk);
    }

    w->tally->standing = kept != NULL ? kept : standing_now(w, walk);
    shian_walk_rest(walk, start);
}


/* ---- the tally ------------------------------------------------------------*/

/* What it counts of the evidence, as it stands today. */
static void
count(work_t *w, const shian_walk_t *walk)
{
    Shian__Tally        *tally = w->tally;
    const Shian__Tally  *of = &walk->window;

    tally->has_reviews = tally->has_hygiene_sum = 1;
    tally->has_food_reviews = tally->has_food_sum = 1;
    tally->has_service_reviews = tally->has_service_sum = 1;
    tally->reviews = of->reviews;
    tally->hygiene_sum = of->hygiene_sum;
    tally->food_reviews = of->food_reviews;
    tally->food_sum = of->food_sum;
    tally->service_reviews = of->service_reviews;
    tally->service_sum = of->service_sum;
    tally->n_histogram = 0;
    tally->histogram = NULL;

    if (of->n_histogram == 5) {
        tally->histogram = shian_array(w->o->arena, 5,
                                       sizeof(*tally->histogram));
        if (tally->histogram == NULL) {
            w->o->txn->err = ENOMEM;
            return;
        }
        tally->n_histogram = 5;
        memcpy(tally->histogram, of->histogram,
               5 * sizeof(*tally->histogram));
    }

    tally->has_reviews_from = 1;
    tally->reviews_from = w->day - walk->policy.reviews_days + 1;
    tally->has_last_inspected_on = walk->in.has_visit;
    tally->last_inspected_on = walk->in.visit_day;
    tally->has_self_check_on = walk->in.has_self_check;
    tally->self_check_on = walk->in.self_check_day;
}


static void
finish(work_t *w, const shian_walk_t *walk)
{
    uint64_t          rules;
    Shian__Grade     *was = w->tally->grade;
    Shian__Standing  *s = w->tally->standing;

    show(w, walk, &(cause_t) { w->o->op->at, w->cause, 0, w->o->seq });

    if (w->shown == NULL || s == NULL) {
        return;
    }

    count(w, walk);
    shian_recount(w->o->txn, w->venue, was, w->venue, w->shown);
    w->tally->grade = w->shown;

    (void) shian_rules_in_force(w->o->txn, &rules);
    s->has_quiet_until = s->has_under = 1;
    s->quiet_until = walk->quiet_on;
    s->under = walk->policy_seq > rules ? walk->policy_seq : rules;
}


/* Walks from where from_ms still leaves it, and shows what has come of it. */
static bool
settle(work_t *w, uint64_t from_ms)
{
    shian_walk_t            walk;
    const Shian__Standing  *s = w->tally->standing;

    if (s != NULL && from_ms < shian_day_start(s->day)) {
        s = NULL;
    }

    if (!shian_walk_begin(&walk, w->o->txn, w->venue->id, s)) {
        return false;
    }

    walk_up(w, &walk, from_ms);
    finish(w, &walk);
    shian_walk_free(&walk);

    return w->o->txn->err == 0;
}


void
shian_settle(shian_op_t *o, uint64_t venue, Shian__Tally *tally)
{
    bool      noted;
    uint64_t  from;
    work_t    w;

    noted = shian_evidence_noted(o, venue);
    w = (work_t) { o, shian_venue_get(o->txn, venue), tally, tally->grade,
                   shian_op_day(o), shian_city_cause(o->txn) };

    if (w.venue == NULL) {
        (void) shian_evidence_write(o, venue);
        return;
    }

    if (tally->standing != NULL && tally->standing->day > w.day) {
        w.day = tally->standing->day;
    }

    /* First what has come anyway, then what the operation does. */
    if (tally->standing != NULL && (tally->standing->day < w.day
                                    || tally->standing->under < w.cause))
    {
        if (!settle(&w, SHIAN_NEVER)) {
            return;
        }
    }

    w.cause = o->seq;
    from = noted ? shian_evidence_write(o, venue) : SHIAN_NEVER;

    if (from != SHIAN_NEVER || tally->standing == NULL) {
        if (!settle(&w, from)) {
            return;
        }
    }

    shian_tally_put(o, venue, tally);
}


/* ---- as of any day --------------------------------------------------------*/

bool
shian_walk_as_of(shian_walk_t *w, shian_txn_t *t, uint64_t venue,
    const Shian__Tally *tally, uint64_t at_ms)
{
    const Shian__Standing  *s = tally->standing;

    if (s != NULL && at_ms < shian_day_start(s->day)) {
        s = NULL;
    }

    if (!shian_walk_begin(w, t, venue, s)) {
        return false;
    }

    shian_walk_rest(w, at_ms);

    return true;
}


bool
shian_grade_venue(shian_txn_t *t, uint64_t venue, const shian_policy_t *p,
    uint64_t at_ms, shian_grade_t *out, Shian__Colour__Kind *stands)
{
    bool           ok;
    Shian__Tally  *tally;
    shian_walk_t   w;

    tally = shian_tally_get(t, venue);

    if (tally == NULL || !shian_walk_as_of(&w, t, venue, tally, at_ms)) {
        return false;
    }

    *stands = shian_tally_colour(tally);

    if (p != NULL) {
        shian_walk_under(&w, p, at_ms);
    }

    ok = shian_walk_grade(&w, t->arena, out);
    shian_walk_free(&w);

    return ok;
}
