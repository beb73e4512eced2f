#include "walk.h"

#include <errno.h>
#include <stdlib.h>

#include "evidence.h"
#include "policy.h"
#include "tally.h"

#define COLOUR(name)  SHIAN__COLOUR__KIND__##name
#define NO_DAY        INT32_MAX

struct shian_fact_s {
    uint64_t                at_ms;
    size_t                  rule;       /* how many came before it */
    const Shian__Evidence  *e;
};

struct shian_rule_s {
    uint64_t                since;
    uint64_t                seq;
    shian_policy_t          policy;
};


/* ---- reading --------------------------------------------------------------*/

/*
 * Policies in the order of the log, from the one in force at from_ms on.  A
 * clock that stepped back moves none before another.
 */
static bool
read_rules(shian_walk_t *w, shian_txn_t *t, uint64_t from_ms)
{
    uint64_t              id, last;
    shian_rule_t         *rule;
    Shian__PolicyRecord  *r;

    last = shian_policy_id(t);
    w->rules = shian_array(&w->arena, last, sizeof(*w->rules));

    if (w->rules == NULL) {
        return false;
    }

    /* Newest first; then the other way round. */
    for (id = last; id > 0; id--) {
        r = shian_get(t, SHIAN_T_POLICY, id,
                      &shian__policy_record__descriptor);

        if (r == NULL || r->policy == NULL) {
            continue;
        }

        rule = &w->rules[w->nrules++];
        rule->since = r->since;
        rule->seq = r->seq;
        shian_policy_numbers(r->policy, &rule->policy);

        if (r->since < from_ms) {
            break;
        }
    }

    for (id = 0; id < w->nrules / 2; id++) {
        shian_rule_t  swap = w->rules[id];

        w->rules[id] = w->rules[w->nrules - 1 - id];
        w->rules[w->nrules - 1 - id] = swap;
    }

    for (id = 1; id < w->nrules; id++) {
        if (w->rules[id].since < w->rules[id - 1].since) {
            w->rules[id].since = w->rules[id - 1].since;
        }
    }

    return true;
}


/* How many policies came before it, in time or, at one instant, in the log. */
static size_t
rules_before(const shian_walk_t *w, uint64_t at_ms, uint64_t seq)
{
    size_t  n;

    for (n = w->nrules; n > 0; n--) {
        if (w->rules[n - 1].since < at_ms
            || (w->rules[n - 1].since == at_ms && w->rules[n - 1].seq < seq))
        {
            break;
        }
    }

    return n;
}


static bool
grow(shian_walk_t *w, size_t *room)
{
    size_t         more = *room == 0 ? 64 : 4 * *room;
    shian_fact_t  *facts;

    facts = shian_array(&w->arena, more, sizeof(*facts));

    if (facts == NULL) {
        return false;
    }

    if (w->nfacts != 0) {
        memcpy(facts, w->facts, w->nfacts * sizeof(*facts));
    }

    w->facts = facts;
    *room = more;

    return true;
}


/* Those of one instant that a policy parts stand on their own side of it. */
static void
put_in_order(shian_walk_t *w)
{
    size_t        i, k;
    shian_fact_t  f;

    for (i = 1; i < w->nfacts; i++) {
        f = w->facts[i];

        for (k = i; k > 0 && w->facts[k - 1].at_ms == f.at_ms
                    && w->facts[k - 1].rule > f.rule; k--)
        {
            w->facts[k] = w->facts[k - 1];
        }

        w->facts[k] = f;
    }
}


static bool
read_facts(shian_walk_t *w, shian_txn_t *t, uint64_t venue)
{
    bool              ok;
    size_t            room;
    shian_fact_t     *f;
    shian_scan_t      scan;
    shian_rowkey_t    prefix = shian_rowkey_id(venue);

    room = 0;
    ok = true;
    shian_scan_open(&scan, t, SHIAN_T_EVIDENCE, &prefix, NULL);

    while (ok && shian_scan_next(&scan) && scan.key.n == 25) {

        if (w->nfacts == room && !grow(w, &room)) {
            ok = false;
            break;
        }

        f = &w->facts[w->nfacts++];
        f->at_ms = shian_be(scan.key.p + 8, 8);
        f->e = shian__evidence__unpack(&w->arena.pb, scan.value.n,
                                       scan.value.p);
        ok = f->e != NULL;
        f->rule = ok ? rules_before(w, f->at_ms, f->e->seq) : 0;
    }

    shian_scan_close(&scan);
    put_in_order(w);

    return ok;
}


/* ---- facts ----------------------------------------------------------------*/

static bool
make_room(shian_walk_t *w)
{
    size_t  i, n[SHIAN_EVIDENCE(review) + 1] = { 0 };

    for (i = 0; i < w->nfacts; i++) {
        if (w->facts[i].e->kind <= SHIAN_EVIDENCE(review)) {
            n[w->facts[i].e->kind]++;
        }
    }

    w->in.findings = shian_array(&w->arena, n[SHIAN_EVIDENCE(finding)],
                                 sizeof(*w->in.findings));
    w->in.complaints = shian_array(&w->arena, n[SHIAN_EVIDENCE(complaint)],
                                   sizeof(*w->in.complaints));
    w->in.cases = shian_array(&w->arena, n[SHIAN_EVIDENCE(case)],
                              sizeof(*w->in.cases));
    w->reviews = shian_array(&w->arena, n[SHIAN_EVIDENCE(review)],
                             sizeof(*w->reviews));

    return w->in.findings != NULL && w->in.complaints != NULL
           && w->in.cases != NULL && w->reviews != NULL;
}


/* The arrays are the walk's own; inputs only promise not to change them. */
static shian_grade_finding_t *
finding(shian_walk_t *w, uint64_t id)
{
    size_t                  i;
    shian_grade_finding_t  *list = (shian_grade_finding_t *) w->in.findings;

    for (i = w->in.nfindings; i > 0; i--) {
        if (list[i - 1].id == id) {
            return &list[i - 1];
        }
    }

    return NULL;
}


static void
add_finding(shian_walk_t *w, const Shian__Evidence *e)
{
    shian_grade_finding_t  *list = (shian_grade_finding_t *) w->in.findings;

    list[w->in.nfindings++] = (shian_grade_finding_t) {
        e->id, e->severity > SHIAN__SEVERITY__KIND__critical
               ? SHIAN_CRITICAL : (shian_severity_t) e->severity,
        false, e->on
    };
}


/* Decided anew, it counts by its last decision. */
static void
add_event(shian_grade_event_t *list, size_t *n, const Shian__Evidence *e,
    int32_t day)
{
    size_t  i;

    for (i = 0; i < *n && list[i].id != e->id; i++) {
        /* void */
    }

    *n += i == *n;
    list[i] = (shian_grade_event_t) { e->id, day };
}


static void
note_evidence(shian_walk_t *w, uint64_t at_ms)
{
    if (w->in.evidence_at < at_ms) {
        w->in.evidence_at = at_ms;
    }
}


static void
apply_fact(shian_walk_t *w, const shian_fact_t *f)
{
    int32_t                 day;
    shian_grade_finding_t  *known;
    const Shian__Evidence  *e = f->e;
    shian_grade_inputs_t   *in = &w->in;

    day = shian_local_day(f->at_ms, SHIAN_TZ_MINUTES);

    switch (e->kind) {

    case SHIAN_EVIDENCE(visit):
        if (!in->has_visit || in->visit_day < e->on) {
            in->has_visit = true;
            in->visit_day = e->on;
        }
        note_evidence(w, f->at_ms);
        break;

    case SHIAN_EVIDENCE(rectified):
        note_evidence(w, f->at_ms);
        break;

    case SHIAN_EVIDENCE(finding):
        add_finding(w, e);
        break;

    case SHIAN_EVIDENCE(finding_due):
        known = finding(w, e->id);
        if (known != NULL && !known->verified) {
            known->day = e->on;
        }
        break;

    case SHIAN_EVIDENCE(finding_end):
        known = finding(w, e->id);
        if (known != NULL) {
            known->verified = true;
            known->day = day;
        }
        break;

    case SHIAN_EVIDENCE(complaint):
        add_event((shian_grade_event_t *) in->complaints, &in->ncomplaints,
                  e, day);
        break;

    case SHIAN_EVIDENCE(case):
        add_event((shian_grade_event_t *) in->cases, &in->ncases, e, day);
        break;

    case SHIAN_EVIDENCE(credit):
        in->credit = e->has_level ? (int32_t) e->level : 0;
        break;

    case SHIAN_EVIDENCE(licence):
        in->has_licence_expiry = e->has_on;
        in->licence_expires = e->on;
        break;

    case SHIAN_EVIDENCE(status):
        in->closed = e->state == SHIAN__VENUE__STATUS__closed;
        in->suspended = e->state == SHIAN__VENUE__STATUS__suspended;
        break;

    case SHIAN_EVIDENCE(self_check):
        if (!in->has_self_check || in->self_check_day < e->on) {
            in->has_self_check = true;
            in->self_check_day = e->on;
        }
        break;

    case SHIAN_EVIDENCE(certificate):
        in->certificate_missing = e->missing;
        in->has_certificate_expiry = e->has_on;
        in->certificate_expires = e->on;
        break;

    case SHIAN_EVIDENCE(review):
        w->reviews[w->nreviews++] = f;
        shian_tally_review(&w->arena, &w->window, e->hygiene, e->food,
                           e->service, 1);
        break;

    default:
        break;
    }
}


/* ---- a day ----------------------------------------------------------------*/

static bool
too_old(const shian_walk_t *w, const shian_fact_t *review)
{
    return w->day - shian_local_day(review->at_ms, SHIAN_TZ_MINUTES)
           >= w->policy.reviews_days;
}


static void
count_review(shian_walk_t *w, const shian_fact_t *review, int delta)
{
    shian_tally_review(&w->arena, &w->window, review->e->hygiene,
                       review->e->food, review->e->service, delta);
}


/* Reviews leave the window by day, and a longer one takes them in again. */
static void
move_window(shian_walk_t *w)
{
    while (w->oldest < w->nreviews && too_old(w, w->reviews[w->oldest])) {
        count_review(w, w->reviews[w->oldest++], -1);
    }

    while (w->oldest > 0 && !too_old(w, w->reviews[w->oldest - 1])) {
        count_review(w, w->reviews[--w->oldest], 1);
    }

    w->in.reviews = w->window.reviews;
    w->in.hygiene_sum = w->window.hygiene_sum;
}


static void
at_most(int32_t *first, int64_t day, int32_t today)
{
    if (day > today && day < *first) {
        *first = (int32_t) day;
    }
}


/* The first day after this one on which something may be another. */
static int32_t
next_change(const shian_walk_t *w)
{
    size_t                       i;
    int32_t                      first, day = w->day;
    const shian_policy_t        *p = &w->policy;
    const shian_grade_inputs_t  *in = &w->in;

    first = NO_DAY;

    for (i = 0; i < in->nfindings; i++) {
        if (!in->findings[i].verified) {
            at_most(&first, (int64_t) in->findings[i].day + 1, day);
        } else if (day - in->findings[i].day < p->residual_days) {
            return day + 1;
        }
    }

    for (i = 0; i < in->ncomplaints; i++) {
        if (day - in->complaints[i].day < p->complaint_days) {
            return day + 1;
        }
    }

    for (i = 0; i < in->ncases; i++) {
        if (day - in->cases[i].day < p->case_days) {
            return day + 1;
        }
    }

    if (in->has_visit) {
        at_most(&first, (int64_t) in->visit_day + p->stale_days + 1, day);
    }

    if (in->has_self_check) {
        at_most(&first, (int64_t) in->self_check_day + p->self_check_days + 1,
                day);
    }

    if (in->has_licence_expiry) {
        at_most(&first, (int64_t) in->licence_expires + 1, day);
    }

    if (in->has_certificate_expiry) {
        at_most(&first, (int64_t) in->certificate_expires + 1, day);
    }

    if (w->oldest < w->nreviews) {
        at_most(&first, (int64_t) shian_local_day(
                            w->reviews[w->oldest]->at_ms, SHIAN_TZ_MINUTES)
                        + p->reviews_days, day);
    }

    return first;
}


/* Green 3, yellow 2, red 1; 0 cannot be compared. */
static int
rank(Shian__Colour__Kind colour)
{
    return colour >= COLOUR(green) && colour <= COLOUR(red)
           ? 4 - (int) colour : 0;
}


static void
regrade(shian_walk_t *w, uint64_t at_ms)
{
    shian_grade_inputs_t  *in = &w->in;

    move_window(w);
    (void) shian_grade(&w->policy, in, w->day, NULL, &w->now);

    if (rank(w->now.evidence) != 0
        && rank(w->now.evidence) < rank(in->before))
    {
        in->downgrade_at = at_ms;
        w->downgraded_to = w->now.evidence;
        w->downgraded_at_score = w->now.score;
    }

    in->before = w->now.evidence;
    w->quiet_on = next_change(w);
}


/* ---- the walk -------------------------------------------------------------*/

/* All that is older than the checkpoint, without stopping. */
static void
take_up(shian_walk_t *w, const Shian__Standing *from)
{
    uint64_t  start = shian_day_start(from->day);

    while (w->fact < w->nfacts && w->facts[w->fact].at_ms < start) {
        apply_fact(w, &w->facts[w->fact++]);
    }

    while (w->rule < w->nrules && w->rules[w->rule].since < start) {
        w->policy_seq = w->rules[w->rule].seq;
        w->policy = w->rules[w->rule++].policy;
    }

    w->day = from->day;
    w->in.before = from->colour;
    w->in.downgrade_at = from->downgrade_at;
    w->downgraded_to = from->downgrade_to;
    w->downgraded_at_score = from->downgrade_score;
    move_window(w);
    (void) shian_grade(&w->policy, &w->in, w->day, NULL, &w->now);
    w->quiet_on = next_change(w);
}


bool
shian_walk_begin(shian_walk_t *w, shian_txn_t *t, uint64_t venue,
    const Shian__Standing *from)
{
    shian_txn_t  own;

    memset(w, 0, sizeof(*w));
    shian_arena_init(&w->arena, NULL, NULL);
    shian__tally__init(&w->window);
    w->policy = shian_policy_default;
    w->in.before = COLOUR(ungraded);
    w->quiet_on = NO_DAY;

    own = *t;
    own.arena = &w->arena;

    if (!read_rules(w, &own, from == NULL ? 0 : shian_day_start(from->day))
        || !read_facts(w, &own, venue) || !make_room(w) || own.err != 0)
    {
        t->err = own.err != 0 ? own.err : ENOMEM;
        shian_arena_free(&w->arena);
        return false;
    }

    if (from != NULL) {
        take_up(w, from);
    }

    return true;
}


void
shian_walk_free(shian_walk_t *w)
{
    shian_arena_free(&w->arena);
}


shian_walk_step_t
shian_walk_next(const shian_walk_t *w, uint64_t until_ms, uint64_t *at_ms)
{
    uint64_t           at, midnight;
    shian_walk_step_t  step;

    step = SHIAN_WALK_END;
    at = until_ms;

    if (w->fact < w->nfacts && w->facts[w->fact].at_ms <= at) {
        step = SHIAN_WALK_FACTS;
        at = w->facts[w->fact].at_ms;
    }

    if (w->rule < w->nrules && w->rules[w->rule].since <= at
        && (step == SHIAN_WALK_END || w->facts[w->fact].rule > w->rule))
    {
        step = SHIAN_WALK_POLICY;
        at = w->rules[w->rule].since;
    }

    if (w->quiet_on != NO_DAY) {
        midnight = shian_day_start(w->quiet_on);

        if (midnight <= at) {
            step = SHIAN_WALK_MIDNIGHT;
            at = midnight;
        }
    }

    *at_ms = at;

    return step;
}


static void
stand_at(shian_walk_t *w, uint64_t at_ms)
{
    int32_t  day = shian_local_day(at_ms, SHIAN_TZ_MINUTES);

    w->day = day > w->day ? day : w->day;
}


void
shian_walk_take(shian_walk_t *w)
{
    size_t    rule;
    uint64_t  at;

    w->taken = shian_walk_next(w, UINT64_MAX, &at);
    w->taken_ms = at;

    switch (w->taken) {

    case SHIAN_WALK_END:
        return;

    case SHIAN_WALK_POLICY:
        w->policy = w->rules[w->rule].policy;
        w->policy_seq = w->rules[w->rule++].seq;
        break;

    case SHIAN_WALK_FACTS:
        rule = w->facts[w->fact].rule;

        while (w->fact < w->nfacts && w->facts[w->fact].at_ms == at
               && w->facts[w->fact].rule == rule)
        {
            apply_fact(w, &w->facts[w->fact++]);
        }
        break;

    default:
        break;
    }

    stand_at(w, at);
    regrade(w, at);
}


void
shian_walk_rest(shian_walk_t *w, uint64_t until_ms)
{
    uint64_t  at;

    while (shian_walk_next(w, until_ms, &at) != SHIAN_WALK_END) {
        shian_walk_take(w);
    }

    stand_at(w, until_ms);
}


void
shian_walk_under(shian_walk_t *w, const shian_policy_t *p, uint64_t at_ms)
{
    shian_walk_rest(w, at_ms);
    w->policy = *p;
    regrade(w, at_ms);
}


bool
shian_walk_grade(const shian_walk_t *w, shian_arena_t *a, shian_grade_t *out)
{
    return shian_grade(&w->policy, &w->in, w->day, a, out);
}


void
shian_walk_keep(const shian_walk_t *w, Shian__Standing *out)
{
    shian__standing__init(out);
    out->has_day = out->has_colour = 1;
    out->day = w->day;
    out->colour = w->in.before;
    out->has_downgrade_at = w->in.downgrade_at != 0;

    if (out->has_downgrade_at) {
        out->downgrade_at = w->in.downgrade_at;
        out->has_downgrade_to = out->has_downgrade_score = 1;
        out->downgrade_to = w->downgraded_to;
        out->downgrade_score = w->downgraded_at_score;
    }
}
