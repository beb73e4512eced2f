#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "domain/grade.h"

#define T  20000                /* the day of the worked cases */

#define COLOUR(name)  SHIAN__COLOUR__KIND__##name
#define POLICY        (&shian_policy_default)



static shian_grade_t
grade_at(const shian_grade_inputs_t *in, int32_t day, shian_arena_t *a)
{
    shian_grade_t  g;

    assert_true(shian_grade(POLICY, in, day, a, &g));

    return g;
}


/* ---- the worked cases of the rules ----------------------------------------*/

typedef struct {
    const char            *label;
    shian_grade_inputs_t   in;
    int32_t                centi;           /* -1: no score */
    Shian__Colour__Kind    colour;
    bool                   held;
} case_t;


static const shian_grade_finding_t  two_open[] = {
    { 1, SHIAN_MAJOR, false, T + 1 }, { 2, SHIAN_MINOR, false, T - 1 }
};
static const shian_grade_finding_t  critical_past[] = {
    { 1, SHIAN_CRITICAL, true, T - 45 }
};
static const shian_grade_finding_t  critical_open[] = {
    { 1, SHIAN_CRITICAL, false, T + 1 }
};
static const shian_grade_finding_t  major_open[] = {
    { 1, SHIAN_MAJOR, false, T + 1 }
};
static const shian_grade_event_t  complaint[] = { { 1, T - 100 } };
static const shian_grade_event_t  punished[] = { { 1, T - 400 } };
static const shian_grade_event_t  four[] = {
    { 1, T - 300 }, { 2, T - 300 }, { 3, T - 300 }, { 4, T - 300 }
};

static const case_t  cases[] = {
    { "a visit today and nothing else",
      { .has_visit = true, .visit_day = T },
      10000, COLOUR(green), false },

    { "no visit ever",
      { .has_visit = false },
      -1, COLOUR(ungraded), false },

    { "a major one open, a minor one overdue",
      { .has_visit = true, .visit_day = T - 10, .findings = two_open,
        .nfindings = 2 },
      7900, COLOUR(yellow), false },

    { "a critical one put right 45 days ago",
      { .has_visit = true, .visit_day = T - 45,
        .findings = critical_past, .nfindings = 1 },
      9550, COLOUR(green), false },

    { "a critical one open",
      { .has_visit = true, .visit_day = T, .findings = critical_open,
        .nfindings = 1 },
      8000, COLOUR(red), false },

    { "a complaint, a case, credit C",
      { .has_visit = true, .visit_day = T - 5, .credit = 3,
        .complaints = complaint, .ncomplaints = 1, .cases = punished,
        .ncases = 1 },
      7644, COLOUR(yellow), false },

    { "25 reviews with 70 stars",
      { .has_visit = true, .visit_day = T - 5, .reviews = 25,
        .hygiene_sum = 70 },
      9570, COLOUR(green), false },

    { "40 reviews of 5, a major one open",
      { .has_visit = true, .visit_day = T - 5, .reviews = 40,
        .hygiene_sum = 200, .findings = major_open, .nfindings = 1 },
      9600, COLOUR(green), false },

    { "a certificate expired, a self-check 31 days old",
      { .has_visit = true, .visit_day = T - 5, .has_certificate_expiry = true,
        .certificate_expires = T - 1, .has_self_check = true,
        .self_check_day = T - 31 },
      9200, COLOUR(green), false },

    /* decisions 12: how it came there is walked in test_walk. */
    { "four complaints; red at 5500 and no visit since",
      { .has_visit = true, .visit_day = T - 310, .before = COLOUR(red),
        .evidence_at = (T - 310) * UINT64_C(86400000),
        .downgrade_at = (T - 300) * UINT64_C(86400000), .credit = 2,
        .complaints = four, .ncomplaints = 4 },
      9288, COLOUR(red), true },

    { "a licence renewed; the evidence was green all the time",
      { .has_visit = true, .visit_day = T - 200, .before = COLOUR(green),
        .has_licence_expiry = true, .licence_expires = T + 365,
        .evidence_at = (T - 200) * UINT64_C(86400000) },
      10000, COLOUR(green), false },

    { "somebody works without a certificate",
      { .has_visit = true, .visit_day = T - 5, .certificate_missing = true },
      9500, COLOUR(green), false },
};


static void
worked_cases_come_out_as_written(void **state)
{
    size_t         i;
    shian_grade_t  g;
    shian_arena_t  a;

    (void) state;
    shian_arena_init(&a, NULL, NULL);

    for (i = 0; i < SHIAN_COUNT(cases); i++) {
        g = grade_at(&cases[i].in, T, &a);

        if (g.colour != cases[i].colour || g.held != cases[i].held
            || g.scored != (cases[i].centi >= 0)
            || (g.scored && g.score != cases[i].centi))
        {
            fail_msg("%s: %d, colour %d, held %d", cases[i].label, g.score,
                     g.colour, g.held);
        }
    }

    shian_arena_free(&a);
}


/* ---- days on which something changes --------------------------------------*/

typedef struct {
    const char            *label;
    shian_grade_inputs_t   in;
    int32_t                day;
    int32_t                before;          /* centi on the day before it */
    int32_t                on;              /* and on it; -1 ungraded */
} edge_t;

#define VISITED  .has_visit = true, .visit_day = T

static const shian_grade_finding_t  due[] = { { 1, SHIAN_MINOR, false,
                                                T + 7 } };
static const shian_grade_finding_t  past[] = { { 1, SHIAN_MAJOR, true, T } };
static const shian_grade_event_t    once[] = { { 1, T } };

static const edge_t  edges[] = {
    { "a deadline is over the day after it",
      { VISITED, .findings = due, .nfindings = 1 }, T + 8, 9700, 8700 },
    { "verified: 240 at once, 1/180 less a day",
      { VISITED, .findings = past, .nfindings = 1 }, T + 1, 9760, 9762 },
    { "and gone after 180 days",
      { VISITED, .findings = past, .nfindings = 1 }, T + 180, 9999, 10000 },
    { "a complaint is gone after a year",
      { VISITED, .complaints = once, .ncomplaints = 1 }, T + 365, 9998,
      10000 },
    { "a case after two",
      { VISITED, .cases = once, .ncases = 1 }, T + 730, 9997, 10000 },
    { "a self-check is late on its 31st day",
      { VISITED, .has_self_check = true, .self_check_day = T }, T + 31,
      10000, 9700 },
    { "a visit is stale after 730 days",
      { VISITED }, T + 731, 10000, -1 },
};


static void
changes_come_on_their_day_and_not_before(void **state)
{
    size_t          i;
    shian_grade_t   was, is;
    shian_arena_t   a;

    (void) state;
    shian_arena_init(&a, NULL, NULL);

    for (i = 0; i < SHIAN_COUNT(edges); i++) {
        was = grade_at(&edges[i].in, edges[i].day - 1, &a);
        is = grade_at(&edges[i].in, edges[i].day, &a);

        if (was.score != edges[i].before
            || (is.scored ? is.score : -1) != edges[i].on)
        {
            fail_msg("%s: %d, then %d", edges[i].label, was.score,
                     is.scored ? is.score : -1);
        }
    }

    shian_arena_free(&a);
}


static void
colours_begin_at_their_threshold(void **state)
{
    shian_grade_t          g;
    shian_arena_t          a;
    shian_grade_inputs_t   in = { VISITED };
    shian_grade_finding_t  f[5];
    size_t                 i;

    (void) state;
    shian_arena_init(&a, NULL, NULL);

    /* Five minor ones: 8500.  The reviews take it below by a hair. */
    for (i = 0; i < 5; i++) {
        f[i] = (shian_grade_finding_t) { i, SHIAN_MINOR, false, T };
    }

    in.findings = f;
    in.nfindings = 5;
    g = grade_at(&in, T, &a);
    assert_int_equal(g.score, 8500);
    assert_int_equal(g.colour, COLOUR(green));

    in.reviews = 90;
    in.hygiene_sum = 359;
    g = grade_at(&in, T, &a);
    assert_int_equal(g.score, 8495);
    assert_int_equal(g.colour, COLOUR(yellow));

    /* 6000 is yellow still. */
    for (i = 0; i < 5; i++) {
        f[i] = (shian_grade_finding_t) { i, SHIAN_MAJOR, false, T };
    }

    in.reviews = 0;
    in.hygiene_sum = 0;
    g = grade_at(&in, T, &a);
    assert_int_equal(g.score, 6000);
    assert_int_equal(g.colour, COLOUR(yellow));

    in.reviews = 90;
    in.hygiene_sum = 359;
    g = grade_at(&in, T, &a);
    assert_int_equal(g.colour, COLOUR(red));

    shian_arena_free(&a);
}


static void
paper_alone_makes_red(void **state)
{
    shian_grade_t         g;
    shian_arena_t         a;
    shian_grade_inputs_t  in = { VISITED, .has_licence_expiry = true,
                                 .licence_expires = T };

    (void) state;
    shian_arena_init(&a, NULL, NULL);

    assert_int_equal(grade_at(&in, T, &a).colour, COLOUR(green));
    g = grade_at(&in, T + 1, &a);
    assert_int_equal(g.colour, COLOUR(red));
    assert_int_equal(g.score, 10000);

    in.suspended = true;
    assert_int_equal(grade_at(&in, T, &a).colour, COLOUR(red));

    in.closed = true;
    g = grade_at(&in, T, &a);
    assert_int_equal(g.colour, COLOUR(closed));
    assert_false(g.scored);

    shian_arena_free(&a);
}


static void
scores_stay_within_their_bounds(void **state)
{
    size_t                i;
    shian_arena_t         a;
    shian_grade_event_t   many[300];
    shian_grade_inputs_t  in = { VISITED, .credit = 1 };

    (void) state;
    shian_arena_init(&a, NULL, NULL);

    assert_int_equal(grade_at(&in, T, &a).score, 10000);

    for (i = 0; i < 300; i++) {
        many[i] = (shian_grade_event_t) { i, T };
    }

    in.cases = many;
    in.ncases = 300;
    assert_int_equal(grade_at(&in, T, &a).score, 0);

    /* A mean of 4.99 is worth 495; below, 1000 is the most. */
    in.ncases = 1;
    in.credit = 0;
    in.reviews = 100000;
    in.hygiene_sum = 500000;
    assert_int_equal(grade_at(&in, T, &a).score, 7500 + 495);
    in.hygiene_sum = 100000;
    assert_int_equal(grade_at(&in, T, &a).score, 7500 - 1000);

    shian_arena_free(&a);
}


/* ---- the hold -------------------------------------------------------------*/

static void
only_rectification_lifts_a_colour(void **state)
{
    shian_arena_t          a;
    shian_grade_inputs_t   in = { VISITED, .before = COLOUR(red),
                                  .downgrade_at = 1000 };
    shian_grade_finding_t  minor = { 1, SHIAN_MINOR, false, T };
    shian_grade_finding_t  major = { 1, SHIAN_MAJOR, false, T };

    (void) state;
    shian_arena_init(&a, NULL, NULL);

    /* Evidence must be later, not of the same instant. */
    in.evidence_at = 1000;
    assert_true(grade_at(&in, T, &a).held);
    in.evidence_at = 1001;
    assert_int_equal(grade_at(&in, T, &a).colour, COLOUR(green));

    /* What is minor may be open, what is major may not. */
    in.nfindings = 1;
    in.findings = &minor;
    assert_false(grade_at(&in, T, &a).held);
    in.findings = &major;
    assert_true(grade_at(&in, T, &a).held);
    assert_int_equal(grade_at(&in, T, &a).colour, COLOUR(red));

    /* From ungraded, and downward, nothing is held. */
    in.nfindings = 0;
    in.evidence_at = 0;
    in.before = COLOUR(ungraded);
    assert_int_equal(grade_at(&in, T, &a).colour, COLOUR(green));
    in.before = COLOUR(green);
    in.credit = 4;
    in.ncomplaints = 1;
    in.complaints = once;
    assert_int_equal(grade_at(&in, T, &a).colour, COLOUR(yellow));
    assert_false(grade_at(&in, T, &a).held);

    shian_arena_free(&a);
}


/* ---- properties -----------------------------------------------------------*/

#define MOST  6

typedef struct {
    shian_grade_inputs_t   in;
    shian_grade_finding_t  findings[MOST];
    shian_grade_event_t    complaints[MOST];
    shian_grade_event_t    fined[MOST];
} any_t;

static uint64_t  seed = 88172645463325252;


/* xorshift64 (Marsaglia 2003). */
static int32_t
below(int32_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;

    return (int32_t) (seed % (uint64_t) n);
}


static void
make_any(any_t *x)
{
    size_t                 i;
    shian_grade_inputs_t  *in = &x->in;

    memset(x, 0, sizeof(*x));
    in->findings = x->findings;
    in->complaints = x->complaints;
    in->cases = x->fined;
    in->nfindings = (size_t) below(MOST + 1);
    in->ncomplaints = (size_t) below(MOST / 2);
    in->ncases = (size_t) below(MOST / 3);

    for (i = 0; i < MOST; i++) {
        x->findings[i] = (shian_grade_finding_t) {
            i, (shian_severity_t) (below(8) == 0 ? 2 : below(2)),
            below(2) == 0, T - below(200) + below(20)
        };
        if (x->findings[i].verified && x->findings[i].day > T) {
            x->findings[i].day = T;
        }
        x->complaints[i] = (shian_grade_event_t) { i, T - below(500) };
        x->fined[i] = (shian_grade_event_t) { i, T - below(900) };
    }

    in->has_visit = below(10) != 0;
    in->visit_day = T - below(800);
    in->suspended = below(15) == 0;
    in->has_licence_expiry = below(2) == 0;
    in->licence_expires = T - 30 + below(300);
    in->credit = below(5);
    in->certificate_missing = below(6) == 0;
    in->has_self_check = below(2) == 0;
    in->self_check_day = T - below(60);
    in->reviews = (uint64_t) below(60);
    in->hygiene_sum = in->reviews * (uint64_t) (1 + below(5));
    in->before = (Shian__Colour__Kind) below(4);
    in->evidence_at = (uint64_t) below(2000);
    in->downgrade_at = (uint64_t) below(2000);
}


static void
removing_a_deduction_never_lowers(void **state)
{
    int             round;
    any_t           x;
    size_t          i;
    int32_t         with;
    shian_arena_t   a;

    (void) state;
    shian_arena_init(&a, NULL, NULL);

    for (round = 0; round < 5000; round++) {
        make_any(&x);
        x.in.has_visit = true;
        x.in.visit_day = T;
        with = grade_at(&x.in, T, &a).score;

        if (x.in.nfindings != 0) {
            i = (size_t) below((int32_t) x.in.nfindings);
            x.findings[i] = x.findings[--x.in.nfindings];
            assert_true(grade_at(&x.in, T, &a).score >= with);
        }

        with = grade_at(&x.in, T, &a).score;

        if (x.in.ncomplaints != 0) {
            x.in.ncomplaints--;
            assert_true(grade_at(&x.in, T, &a).score >= with);
        }

        with = grade_at(&x.in, T, &a).score;
        x.in.certificate_missing = false;
        assert_true(grade_at(&x.in, T, &a).score >= with);
        shian_arena_free(&a);
    }
}


static void
no_better_colour_without_evidence(void **state)
{
    int             round, lifted;
    any_t           x;
    shian_arena_t   a;
    shian_grade_t   g;

    (void) state;
    shian_arena_init(&a, NULL, NULL);

    for (lifted = 0, round = 0; round < 20000; round++) {
        make_any(&x);
        x.in.downgrade_at++;
        g = grade_at(&x.in, T, &a);

        /* Green 1 to red 3: a smaller one is better. */
        if (g.evidence != COLOUR(ungraded) && x.in.before != COLOUR(ungraded)
            && g.evidence < x.in.before)
        {
            assert_false(g.held);
            assert_true(x.in.evidence_at > x.in.downgrade_at);
            lifted++;
        }

        shian_arena_free(&a);
    }

    assert_true(lifted > 500);
}


static void
the_order_of_inputs_does_not_matter(void **state)
{
    int                    round;
    any_t                  x;
    size_t                 i, j;
    shian_arena_t          a;
    shian_grade_t          was, is;
    shian_grade_finding_t  f;

    (void) state;
    shian_arena_init(&a, NULL, NULL);

    for (round = 0; round < 5000; round++) {
        make_any(&x);
        was = grade_at(&x.in, T, &a);

        for (i = 0; i < x.in.nfindings; i++) {
            j = (size_t) below((int32_t) x.in.nfindings);
            f = x.findings[i];
            x.findings[i] = x.findings[j];
            x.findings[j] = f;
        }

        is = grade_at(&x.in, T, &a);
        assert_int_equal(is.colour, was.colour);
        assert_int_equal(is.score, was.score);
        assert_int_equal(is.held, was.held);
        assert_int_equal(is.n, was.n);
        shian_arena_free(&a);
    }
}


/* The page that explains a score adds up. */
static void
components_sum_to_the_score(void **state)
{
    int             round;
    any_t           x;
    size_t          i;
    int64_t         sum;
    shian_arena_t   a;
    shian_grade_t   g;

    (void) state;
    shian_arena_init(&a, NULL, NULL);

    for (round = 0; round < 5000; round++) {
        make_any(&x);
        g = grade_at(&x.in, T, &a);

        for (sum = 10000, i = 0; i < g.n; i++) {
            sum += g.components[i]->points;
        }

        if (g.scored) {
            sum = sum < 0 ? 0 : sum > 10000 ? 10000 : sum;
            assert_int_equal(g.score, sum);
        } else {
            assert_int_equal(g.n, 0);
        }

        shian_arena_free(&a);
    }
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(worked_cases_come_out_as_written),
        cmocka_unit_test(changes_come_on_their_day_and_not_before),
        cmocka_unit_test(colours_begin_at_their_threshold),
        cmocka_unit_test(paper_alone_makes_red),
        cmocka_unit_test(scores_stay_within_their_bounds),
        cmocka_unit_test(only_rectification_lifts_a_colour),
        cmocka_unit_test(removing_a_deduction_never_lowers),
        cmocka_unit_test(no_better_colour_without_evidence),
        cmocka_unit_test(the_order_of_inputs_does_not_matter),
        cmocka_unit_test(components_sum_to_the_score),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
