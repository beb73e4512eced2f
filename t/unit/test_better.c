#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "domain/better.h"

#define T  20000                /* the day of the worked cases */

#define COLOUR(name)  SHIAN__COLOUR__KIND__##name
#define POLICY        (&shian_policy_default)
#define VISITED       .has_visit = true, .visit_day = T - 5
#define MS(day)       ((uint64_t) (day) * 86400000)


/* ---- worked out by hand ---------------------------------------------------*/

typedef struct {
    const char            *label;
    shian_grade_inputs_t   in;
    Shian__Colour__Kind    to;
    int32_t                missing;
    const char            *remove;      /* codes, or refs where there are */
    bool                   visit;
    bool                   only_time;
} case_t;

static const shian_grade_finding_t  two_open[] = {
    { 1, SHIAN_MAJOR, false, T + 1 }, { 2, SHIAN_MINOR, false, T - 1 }
};
static const shian_grade_finding_t  mixed[] = {
    { 1, SHIAN_MAJOR, true, T - 30 }, { 2, SHIAN_MINOR, false, T + 9 },
    { 3, SHIAN_CRITICAL, false, T + 1 }, { 4, SHIAN_MAJOR, false, T + 7 }
};
static const shian_grade_finding_t  major[] = {
    { 1, SHIAN_MAJOR, false, T + 1 }
};
static const shian_grade_finding_t  minor[] = {
    { 1, SHIAN_MINOR, false, T + 1 }
};
static const shian_grade_event_t  same[] = {
    { 1, T - 100 }, { 2, T - 100 }, { 3, T - 100 }
};
static const shian_grade_event_t  four[] = {
    { 1, T - 300 }, { 2, T - 300 }, { 3, T - 300 }, { 4, T - 300 }
};
static const shian_grade_event_t  punished[] = { { 1, T - 10 } };

static const case_t  cases[] = {
    { "green has nothing above it", { VISITED, .before = COLOUR(green) },
      COLOUR(green), 0, "", false, false },

    { "never visited", { .credit = 4 },
      COLOUR(ungraded), 0, "", true, false },

    { "a stale visit", { .has_visit = true, .visit_day = T - 731,
        .before = COLOUR(ungraded) },
      COLOUR(ungraded), 0, "", true, false },

    { "closed", { VISITED, .closed = true },
      COLOUR(closed), 0, "", false, false },

    /* 10000 - 800 - 1300: the overdue one alone would suffice. */
    { "a major problem holds the colour",
      { VISITED, .before = COLOUR(yellow), .findings = two_open,
        .nfindings = 2, .downgrade_at = MS(T - 5),
        .evidence_at = MS(T - 5) },
      COLOUR(green), 600, "finding:1", false, false },

    /* 3 * 726 = 2178: 7822, 8548 without one; the first of the equal. */
    { "equal ones: the first",
      { VISITED, .before = COLOUR(yellow), .complaints = same,
        .ncomplaints = 3 },
      COLOUR(green), 678, "complaint:1", false, true },

    /* 1500 + 1000 + 500: 7000; the largest is just enough. */
    { "the largest first",
      { VISITED, .before = COLOUR(yellow), .credit = 4, .reviews = 1000,
        .hygiene_sum = 1000, .has_certificate_expiry = true,
        .certificate_expires = T - 1 },
      COLOUR(green), 1500, "credit", false, false },

    /* 10000 - 233 - 300 - 2000 - 800 = 6667, red for the critical one. */
    { "red by a critical problem: that one first, then the held majors",
      { VISITED, .before = COLOUR(red), .findings = mixed, .nfindings = 4,
        .downgrade_at = MS(T - 5), .evidence_at = MS(T - 5) },
      COLOUR(green), 0, "finding:3 finding:4", false, false },

    { "a licence, by renewal alone",
      { VISITED, .before = COLOUR(green), .has_licence_expiry = true,
        .licence_expires = T - 1 },
      COLOUR(green), 0, "licence_expired", false, false },

    { "a suspension, and after it a visit",
      { VISITED, .before = COLOUR(red), .suspended = true,
        .downgrade_at = MS(T - 1),
        .evidence_at = MS(T - 5) },
      COLOUR(green), 0, "suspended", true, false },

    { "held at red with the points of green",
      { .has_visit = true, .visit_day = T - 200, .before = COLOUR(red),
        .evidence_at = MS(T - 200), .downgrade_at = MS(T - 150),
        .complaints = four, .ncomplaints = 4 },
      COLOUR(green), 0, "", true, false },

    { "held by a major problem: its repair is the proof as well",
      { VISITED, .before = COLOUR(yellow), .evidence_at = MS(T - 5),
        .downgrade_at = MS(T - 4),
        .findings = major, .nfindings = 1 },
      COLOUR(green), 0, "finding:1", false, false },

    /* 10000 - 300 - 1500 = 8200: the credit lifts it, a visit lets it. */
    { "a minor problem left open proves nothing",
      { VISITED, .before = COLOUR(yellow), .evidence_at = MS(T - 5),
        .downgrade_at = MS(T - 4), .credit = 4,
        .findings = minor, .nfindings = 1 },
      COLOUR(green), 300, "credit", true, false },

    /* 2465 + 3 * 726 + 1500 = 6143: 3857; yellow is 2143 away. */
    { "from red the next is yellow",
      { VISITED, .before = COLOUR(red), .complaints = same,
        .ncomplaints = 3, .cases = punished, .ncases = 1, .credit = 4 },
      COLOUR(yellow), 2143, "case:1", false, true },
};


static void
names_of(const shian_grade_t *g, const shian_better_t *b, char *out,
    size_t size)
{
    int                      n;
    size_t                   i, used;
    const Shian__Component  *c;

    out[0] = '\0';

    for (used = 0, i = 0; i < b->n; i++) {
        c = g->components[b->remove[i]];
        n = snprintf(out + used, size - used, "%s%s", i == 0 ? "" : " ",
                     c->ref != NULL ? c->ref
                     : protobuf_c_enum_descriptor_get_value(
                           &shian__component__code__descriptor,
                           (int) c->code)->name);
        assert_true(n > 0 && (size_t) n < size - used);
        used += (size_t) n;
    }
}


static void
cases_come_out_as_worked_by_hand(void **state)
{
    char            names[256];
    size_t          i;
    shian_arena_t   a;
    shian_grade_t   g;
    shian_better_t  b;
    const case_t   *c;

    (void) state;
    shian_arena_init(&a, NULL, NULL);

    for (i = 0; i < SHIAN_COUNT(cases); i++) {
        c = &cases[i];
        assert_true(shian_grade(POLICY, &c->in, T, &a, &g));
        assert_true(shian_better(POLICY, &c->in, &g, &a, &b));
        names_of(&g, &b, names, sizeof(names));

        if (b.to != c->to || b.missing != c->missing || b.visit != c->visit
            || b.only_time != c->only_time || strcmp(names, c->remove) != 0)
        {
            fail_msg("%s: to %d, %d missing, \"%s\", visit %d, time %d",
                     c->label, b.to, b.missing, names, b.visit,
                     b.only_time);
        }
    }

    shian_arena_free(&a);
}


/* ---- against the grade itself ---------------------------------------------*/

#define FINDINGS  4
#define EVENTS    2

typedef struct {
    shian_grade_inputs_t   in;
    shian_grade_finding_t  findings[FINDINGS];
    shian_grade_event_t    complaints[EVENTS];
    shian_grade_event_t    cases[EVENTS];
} world_t;

static uint64_t  seed = 20251123;


static int
below(int n)
{
    seed = seed * UINT64_C(6364136223846793005)
           + UINT64_C(1442695040888963407);

    return (int) ((seed >> 33) % (uint64_t) n);
}


static void
any_world(world_t *w)
{
    int                    i;
    shian_grade_inputs_t  *in = &w->in;

    memset(w, 0, sizeof(*w));
    in->has_visit = true;
    in->visit_day = T - 5;
    in->suspended = below(8) == 0;
    in->has_licence_expiry = below(4) == 0;
    in->licence_expires = T - 1 + below(2);
    in->credit = below(5);
    in->certificate_missing = below(2);
    in->has_self_check = below(2);
    in->self_check_day = T - 40;
    in->reviews = 20;
    in->hygiene_sum = 20 + (uint64_t) below(81);
    in->nfindings = (size_t) below(FINDINGS + 1);
    in->ncomplaints = (size_t) below(EVENTS + 1);
    in->ncases = (size_t) below(EVENTS + 1);

    for (i = 0; i < FINDINGS; i++) {
        w->findings[i] = (shian_grade_finding_t) {
            (uint64_t) i + 1, (shian_severity_t) below(3), below(3) == 0,
            T - below(20) };
    }

    for (i = 0; i < EVENTS; i++) {
        w->complaints[i] = (shian_grade_event_t) { (uint64_t) i + 1,
                                                   T - below(300) };
        w->cases[i] = (shian_grade_event_t) { (uint64_t) i + 1,
                                              T - below(700) };
    }

    in->evidence_at = MS(T - below(10));
    in->downgrade_at = below(4) == 0 ? 0 : MS(T - below(10));
}


static void
drop_event(shian_grade_event_t *events, size_t *n, uint64_t id)
{
    size_t  i;

    for (i = 0; events[i].id != id; i++) { /* void */ }

    events[i] = events[--*n];
}


/* What the world is without component c; what is derived stays. */
static bool
without(world_t *w, const Shian__Component *c)
{
    size_t    i;
    uint64_t  id;

    id = c->ref == NULL || strchr(c->ref, ':') == NULL
         ? 0 : strtoull(strchr(c->ref, ':') + 1, NULL, 10);

    switch (c->code) {

    case SHIAN__COMPONENT__CODE__finding:
    case SHIAN__COMPONENT__CODE__finding_past:
        for (i = 0; w->findings[i].id != id; i++) { /* void */ }
        w->findings[i] = w->findings[--w->in.nfindings];
        return c->code == SHIAN__COMPONENT__CODE__finding;

    case SHIAN__COMPONENT__CODE__complaint:
        drop_event(w->complaints, &w->in.ncomplaints, id);
        break;

    case SHIAN__COMPONENT__CODE__case:
        drop_event(w->cases, &w->in.ncases, id);
        break;

    case SHIAN__COMPONENT__CODE__lapse:
        if (strncmp(c->ref, "self", 4) == 0) {
            w->in.has_self_check = false;
        } else {
            w->in.certificate_missing = false;
        }
        break;

    case SHIAN__COMPONENT__CODE__credit:
        w->in.credit = 0;
        break;

    case SHIAN__COMPONENT__CODE__reviews:
        w->in.reviews = w->in.hygiene_sum = 0;
        break;

    case SHIAN__COMPONENT__CODE__licence_expired:
        w->in.has_licence_expiry = false;
        break;

    case SHIAN__COMPONENT__CODE__suspended:
        w->in.suspended = false;
        break;

    default:
        break;
    }

    return false;
}


/* The colour without the components of the set, after a visit or not. */
static Shian__Colour__Kind
colour_without(const world_t *world, const shian_grade_t *g, uint32_t set,
    bool visit, shian_arena_t *a)
{
    size_t         i;
    world_t        w;
    shian_grade_t  after;

    w = *world;

    for (i = 0; i < g->n; i++) {
        if (set & UINT32_C(1) << i) {
            visit |= without(&w, g->components[i]);
        }
    }

    w.in.findings = w.findings;
    w.in.complaints = w.complaints;
    w.in.cases = w.cases;
    w.in.before = g->evidence;

    if (visit) {
        w.in.evidence_at = MS(T + 1);
    }

    assert_true(shian_grade(POLICY, &w.in, T, a, &after));

    return after.colour;
}


/* The fewest components of any set that lifts the colour. */
static unsigned
fewest(const world_t *w, const shian_grade_t *g, shian_arena_t *a)
{
    unsigned  best, n;
    uint32_t  set;

    best = 99;

    for (set = 0; set < UINT32_C(1) << g->n; set++) {
        n = (unsigned) __builtin_popcount(set);

        if (n < best && colour_without(w, g, set, true, a) < g->colour) {
            best = n;
        }
    }

    return best;
}


static void
no_smaller_set_lifts_the_colour(void **state)
{
    int             round, tried;
    size_t          i;
    world_t         w;
    uint32_t        set;
    shian_arena_t   a;
    shian_grade_t   g;
    shian_better_t  b;

    (void) state;

    for (tried = 0, round = 0; round < 400; round++) {
        any_world(&w);
        w.in.findings = w.findings;
        w.in.complaints = w.complaints;
        w.in.cases = w.cases;
        w.in.before = (Shian__Colour__Kind) (COLOUR(green) + below(3));

        shian_arena_init(&a, NULL, NULL);
        assert_true(shian_grade(POLICY, &w.in, T, &a, &g));

        /* One that sank just now has no downgrade on record yet. */
        if (g.evidence == w.in.before && g.colour != COLOUR(green)
            && g.n <= 10)
        {
            assert_true(shian_better(POLICY, &w.in, &g, &a, &b));

            for (set = 0, i = 0; i < b.n; i++) {
                set |= UINT32_C(1) << b.remove[i];
            }

            assert_int_equal(colour_without(&w, &g, set, b.visit, &a), b.to);
            assert_true(b.to < g.colour);
            assert_int_equal(b.n, fewest(&w, &g, &a));

            if (b.visit) {
                assert_int_equal(colour_without(&w, &g, set, false, &a),
                                 g.colour);
            }

            tried++;
        }

        shian_arena_free(&a);
    }

    assert_in_range(tried, 100, 400);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(cases_come_out_as_worked_by_hand),
        cmocka_unit_test(no_smaller_set_lifts_the_colour),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
