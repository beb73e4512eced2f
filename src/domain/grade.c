#include "grade.h"

#include <inttypes.h>

#define C(name)  SHIAN__COMPONENT__CODE__##name

const shian_policy_t  shian_policy_default = {
    .tz_minutes = 480,
    .green = 85,
    .yellow = 60,
    .finding = { 3, 8, 20 },
    .overdue = 10,
    .residual_percent = 30,
    .residual_days = 180,
    .complaint_points = 10,
    .complaint_days = 365,
    .case_points = 25,
    .case_days = 730,
    .lapse_certificate = 5,
    .lapse_self_check = 3,
    .self_check_days = 30,
    .reviews_prior_mean = 4,
    .reviews_prior_count = 10,
    .reviews_days = 365,
    .reviews_per_star = 5,
    .reviews_max_bonus = 5,
    .reviews_max_penalty = 10,
    .credit = { 0, 3, 0, -5, -15 },
    .stale_days = 730,
    .every_green = 180,
    .every_yellow = 90,
    .every_red = 30,
    .every_ungraded = 30,
};

/* A grade being worked out. */
typedef struct {
    const shian_policy_t        *policy;
    const shian_grade_inputs_t  *in;
    int32_t                      day;
    shian_arena_t               *arena;
    shian_grade_t               *out;
    int64_t                      sum;
    bool                         serious_open;
    bool                         critical_open;
    bool                         failed;
} work_t;


/* ref NULL and day 0 mean the component has none. */
static void
add(work_t *w, Shian__Component__Code code, int64_t centi, const char *ref,
    uint64_t id, int32_t day)
{
    Shian__Component  *c;

    w->sum += centi;

    if (w->arena == NULL) {
        return;
    }

    c = shian_alloc(w->arena, sizeof(*c));
    if (c == NULL) {
        w->failed = true;
        return;
    }

    shian__component__init(c);
    c->has_code = 1;
    c->code = code;
    c->has_points = 1;
    c->points = (int32_t) centi;

    if (ref != NULL) {
        c->ref = shian_printf(w->arena, "%s:%" PRIu64, ref, id);
    }

    if (day != 0) {
        c->has_on = 1;
        c->on = day;
    }

    w->out->components[w->out->n++] = c;
}


static void
add_open_findings(work_t *w)
{
    size_t                        i;
    int64_t                       centi;
    const shian_policy_t         *p = w->policy;
    const shian_grade_finding_t  *f;

    for (i = 0; i < w->in->nfindings; i++) {
        f = &w->in->findings[i];

        if (f->verified) {
            continue;
        }

        w->serious_open |= f->severity != SHIAN_MINOR;
        w->critical_open |= f->severity == SHIAN_CRITICAL;
        centi = 100 * (int64_t) p->finding[f->severity];

        if (w->day > f->day) {
            centi += 100 * (int64_t) p->overdue;
        }

        add(w, C(finding), -centi, "finding", f->id, f->day);
    }
}


static void
add_past_findings(work_t *w)
{
    size_t                        i;
    int64_t                       centi, age;
    const shian_policy_t         *p = w->policy;
    const shian_grade_finding_t  *f;

    for (i = 0; i < w->in->nfindings; i++) {
        f = &w->in->findings[i];
        age = (int64_t) w->day - f->day;

        if (f->verified && age < p->residual_days) {
            centi = 100 * (int64_t) p->finding[f->severity]
                    * p->residual_percent * (p->residual_days - age)
                    / (100 * (int64_t) p->residual_days);
            add(w, C(finding_past), -centi, "finding", f->id, f->day);
        }
    }
}


static void
add_events(work_t *w, const shian_grade_event_t *events, size_t n,
    Shian__Component__Code code, const char *ref, int64_t points,
    int64_t days)
{
    size_t   i;
    int64_t  age;

    for (i = 0; i < n; i++) {
        age = (int64_t) w->day - events[i].day;

        if (age < days) {
            add(w, code, -(100 * points * (days - age) / days), ref,
                events[i].id, events[i].day);
        }
    }
}


static void
add_lapses(work_t *w)
{
    const shian_policy_t        *p = w->policy;
    const shian_grade_inputs_t  *in = w->in;

    if (in->certificate_missing
        || (in->has_certificate_expiry && w->day > in->certificate_expires))
    {
        add(w, C(lapse), -100 * (int64_t) p->lapse_certificate,
            "health_certificate", 0, in->certificate_missing
                                     ? 0 : in->certificate_expires);
    }

    if (in->has_self_check
        && (int64_t) w->day - in->self_check_day > p->self_check_days)
    {
        add(w, C(lapse), -100 * (int64_t) p->lapse_self_check, "self_check",
            0, in->self_check_day);
    }
}


static void
add_reviews(work_t *w)
{
    int64_t                mean, centi, n, sum;
    const shian_policy_t  *p = w->policy;

    n = (int64_t) w->in->reviews;
    sum = (int64_t) w->in->hygiene_sum;

    if (p->reviews_prior_count + n == 0) {
        return;
    }

    mean = (100 * (int64_t) p->reviews_prior_mean * p->reviews_prior_count
            + 100 * sum) / (p->reviews_prior_count + n);
    centi = (mean - 100 * (int64_t) p->reviews_prior_mean)
            * p->reviews_per_star;

    if (centi > 100 * (int64_t) p->reviews_max_bonus) {
        centi = 100 * (int64_t) p->reviews_max_bonus;
    }

    if (centi < -100 * (int64_t) p->reviews_max_penalty) {
        centi = -100 * (int64_t) p->reviews_max_penalty;
    }

    if (centi != 0) {
        add(w, C(reviews), centi, NULL, 0, 0);
    }
}


/* How good, where a hold compares; the others are free in both directions. */
static int
rank(Shian__Colour__Kind colour)
{
    switch (colour) {
    case SHIAN__COLOUR__KIND__green:
        return 3;
    case SHIAN__COLOUR__KIND__yellow:
        return 2;
    case SHIAN__COLOUR__KIND__red:
        return 1;
    default:
        return 0;
    }
}


/* Only rectification lifts a colour. */
static bool
is_held(const work_t *w, Shian__Colour__Kind colour)
{
    const shian_grade_inputs_t  *in = w->in;

    if (rank(in->before) == 0 || rank(colour) <= rank(in->before)) {
        return false;
    }

    return w->serious_open
           || (in->downgrade_at != 0 && in->evidence_at <= in->downgrade_at);
}


/* What the score and a critical finding make of it. */
static Shian__Colour__Kind
pick_colour(work_t *w)
{
    const shian_policy_t  *p = w->policy;

    if (w->critical_open) {
        add(w, C(critical_open), 0, NULL, 0, 0);
    }

    if (w->critical_open || w->out->score < 100 * p->yellow) {
        return SHIAN__COLOUR__KIND__red;
    }

    return w->out->score < 100 * p->green ? SHIAN__COLOUR__KIND__yellow
                                          : SHIAN__COLOUR__KIND__green;
}


/* Paper lies over a colour and leaves it as it is. */
static void
lay_paper_over(work_t *w)
{
    const shian_grade_inputs_t  *in = w->in;

    if (in->has_licence_expiry && w->day > in->licence_expires) {
        add(w, C(licence_expired), 0, NULL, 0, in->licence_expires);
        w->out->colour = SHIAN__COLOUR__KIND__red;
    }

    if (in->suspended) {
        add(w, C(suspended), 0, NULL, 0, 0);
        w->out->colour = SHIAN__COLOUR__KIND__red;
    }
}


static void
grade_evidence(work_t *w)
{
    int64_t                      score;
    const shian_policy_t        *p = w->policy;
    const shian_grade_inputs_t  *in = w->in;

    add_open_findings(w);
    add_past_findings(w);
    add_events(w, in->complaints, in->ncomplaints, C(complaint), "complaint",
               p->complaint_points, p->complaint_days);
    add_events(w, in->cases, in->ncases, C(case), "case", p->case_points,
               p->case_days);
    add_lapses(w);

    if (in->credit >= 0 && in->credit <= 4 && p->credit[in->credit] != 0) {
        add(w, C(credit), 100 * (int64_t) p->credit[in->credit], NULL, 0, 0);
    }

    add_reviews(w);

    score = 10000 + w->sum;
    w->out->score = (int32_t) (score < 0 ? 0 : score > 10000 ? 10000
                                                             : score);
    w->out->evidence = pick_colour(w);

    if (is_held(w, w->out->evidence)) {
        w->out->held = true;
        w->out->evidence = in->before;
    }
}


bool
shian_grade(const shian_policy_t *p, const shian_grade_inputs_t *in,
    int32_t day, shian_arena_t *a, shian_grade_t *out)
{
    size_t  most;
    work_t  w = { p, in, day, a, out, 0, false, false, false };

    memset(out, 0, sizeof(*out));
    out->evidence = SHIAN__COLOUR__KIND__ungraded;

    if (a != NULL) {
        most = in->nfindings + in->ncomplaints + in->ncases + 8;
        out->components = shian_array(a, most, sizeof(*out->components));
        if (out->components == NULL) {
            return false;
        }
    }

    if (in->has_visit && (int64_t) day - in->visit_day <= p->stale_days) {
        grade_evidence(&w);
    }

    out->scored = out->evidence != SHIAN__COLOUR__KIND__ungraded;
    out->colour = out->evidence;

    if (in->closed) {
        out->colour = SHIAN__COLOUR__KIND__closed;
        out->scored = false;
    }

    if (!out->scored) {
        out->held = false;
        out->n = 0;
        return !w.failed;
    }

    lay_paper_over(&w);

    if (out->held) {
        add(&w, C(held), 0, NULL, 0, 0);
    }

    return !w.failed;
}
