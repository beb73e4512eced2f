#include "better.h"

#define C(name)       SHIAN__COMPONENT__CODE__##name
#define COLOUR(name)  SHIAN__COLOUR__KIND__##name

/* A set being chosen. */
typedef struct {
    const shian_policy_t        *policy;
    const shian_grade_inputs_t  *in;
    const shian_grade_t         *grade;
    shian_better_t              *out;
    bool                        *taken;     /* by component */
    int64_t                      sum;       /* without what was taken */
    bool                         repairs;   /* a finding was taken */
} work_t;


static void
take(work_t *w, size_t i)
{
    const Shian__Component  *c = w->grade->components[i];

    w->taken[i] = true;
    w->out->remove[w->out->n++] = i;
    w->sum -= c->points;
    w->repairs |= c->code == C(finding);
}


/* Paper, whatever the score is. */
static void
take_paper(work_t *w)
{
    size_t  i;

    for (i = 0; i < w->grade->n; i++) {
        if (w->grade->components[i]->code == C(licence_expired)
            || w->grade->components[i]->code == C(suspended))
        {
            take(w, i);
        }
    }
}


/*
 * What no score makes up for, once there was a colour.  Open findings and
 * their components stand in the same order: see add_open_findings in grade.c.
 */
static void
take_blockers(work_t *w)
{
    size_t                         i;
    shian_severity_t               severity;
    const shian_grade_finding_t   *f = w->in->findings;

    for (i = 0; i < w->grade->n; i++) {

        if (w->grade->components[i]->code != C(finding)) {
            continue;
        }

        while (f->verified) {
            f++;
        }

        severity = (f++)->severity;

        if (severity != SHIAN_MINOR) {
            take(w, i);
        }
    }
}


/* The largest deduction that is left, the first of equal ones; n: none. */
static size_t
largest(const work_t *w)
{
    size_t   i, found;
    int32_t  points;

    found = w->grade->n;
    points = 0;

    for (i = 0; i < w->grade->n; i++) {
        if (!w->taken[i] && w->grade->components[i]->points < points) {
            points = w->grade->components[i]->points;
            found = i;
        }
    }

    return found;
}


/* Each one counts by its points alone, so the largest first are fewest. */
static void
choose(work_t *w)
{
    size_t   i;
    int64_t  bound;

    for (i = 0; i < w->grade->n; i++) {
        w->sum += w->grade->components[i]->points;
    }

    bound = 100 * (int64_t) (w->grade->evidence == COLOUR(red)
                             ? w->policy->yellow : w->policy->green);
    w->out->missing = w->sum < bound ? (int32_t) (bound - w->sum) : 0;
    take_blockers(w);

    while (w->sum < bound) {
        i = largest(w);
        if (i == w->grade->n) {
            break;
        }

        take(w, i);
    }

    w->out->to = w->sum < 100 * (int64_t) w->policy->green ? COLOUR(yellow)
                                                           : COLOUR(green);
}


static bool
fades(Shian__Component__Code code)
{
    return code == C(finding_past) || code == C(complaint)
           || code == C(case);
}


bool
shian_better(const shian_policy_t *p, const shian_grade_inputs_t *in,
    const shian_grade_t *g, shian_arena_t *a, shian_better_t *out)
{
    size_t  i;
    work_t  w = { p, in, g, out, NULL, 10000, false };

    memset(out, 0, sizeof(*out));
    out->to = g->colour;

    if (!g->scored || g->colour == COLOUR(green)) {
        out->visit = g->colour == COLOUR(ungraded);
        return true;
    }

    w.taken = shian_array(a, g->n + 1, sizeof(*w.taken));
    out->remove = shian_array(a, g->n + 1, sizeof(*out->remove));
    if (w.taken == NULL || out->remove == NULL) {
        return false;
    }

    take_paper(&w);

    /* Under paper lies what the evidence gives, its hold included. */
    if (g->colour != g->evidence) {
        out->to = g->evidence;
        return true;
    }

    choose(&w);
    out->visit = in->downgrade_at != 0 && in->evidence_at <= in->downgrade_at
                 && !w.repairs;
    out->only_time = out->n != 0 && !out->visit;

    for (i = 0; i < out->n; i++) {
        out->only_time &= fades(g->components[out->remove[i]]->code);
    }

    return true;
}
