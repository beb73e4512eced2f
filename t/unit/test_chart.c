#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "render/chart.h"

#define COLOUR(name)  SHIAN__COLOUR__KIND__##name
#define DAY           UINT64_C(86400000)
#define START         UINT64_C(1763884800000)   /* 2025-11-23T08:00:00Z */
#define MANY          500

typedef struct {
    Shian__GradePoint    point[MANY];
    Shian__GradePoint   *list[MANY];
    size_t               n;
    shian_chart_t        chart;
    shian_arena_t        arena;
} fixture_t;


static int
set_up(void **state)
{
    static fixture_t  fx;

    memset(&fx, 0, sizeof(fx));
    fx.chart = (shian_chart_t) {
        .title = "Score <&\">", .unit = "points",
        .words = { "None", "Good", "Fair", "Poor", "Closed" },
        .lang = "en", .tz_minutes = 480, .green = 85, .yellow = 60,
        .end = START + 100 * DAY,
    };
    shian_arena_init(&fx.arena, NULL, NULL);
    *state = &fx;

    return 0;
}


static int
tear_down(void **state)
{
    shian_arena_free(&((fixture_t *) *state)->arena);

    return 0;
}


/* centi below 0: no score. */
static void
point(fixture_t *fx, double days, Shian__Colour__Kind colour, int32_t centi)
{
    Shian__GradePoint  *p = &fx->point[fx->n];

    shian__grade_point__init(p);
    p->has_at = p->has_colour = 1;
    p->at = START + (uint64_t) (days * (double) DAY);
    p->colour = colour;
    p->has_score = centi >= 0;
    p->score = centi;
    fx->list[fx->n++] = p;
}


static const char *
drawn(fixture_t *fx)
{
    shian_buf_t  b;

    shian_buf_init(&b, &fx->arena);
    assert_true(shian_chart_score(&fx->chart, fx->list, fx->n, &b.sink));
    shian_putc(&b.sink, '\0');
    assert_false(b.sink.failed);

    return (const char *) b.p;
}


static size_t
times(const char *svg, const char *what)
{
    size_t  n;

    for (n = 0; (svg = strstr(svg, what)) != NULL; n++) {
        svg += strlen(what);
    }

    return n;
}


/* The path of the score: the one that fills nothing and is 2 wide. */
static const char *
line_of(const char *svg)
{
    const char  *p;

    p = strstr(svg, "stroke-width=\"2\" d=\"");
    assert_non_null(p);

    return p + strlen("stroke-width=\"2\" d=\"");
}


static size_t
steps_of(const char *svg)
{
    size_t       n;
    const char  *p;

    for (n = 0, p = line_of(svg); *p != '"'; p++) {
        n += *p == 'V';
    }

    return n;
}


static void
assert_line(const char *svg, const char *d)
{
    const char  *p = line_of(svg);

    if (strncmp(p, d, strlen(d)) != 0 || p[strlen(d)] != '"') {
        fail_msg("%.80s, not %s", p, d);
    }
}


/* ---- what must hold of any chart ------------------------------------------*/

/* Elements are closed in order, no < stands in a text, one root. */
static void
check_elements(const char *svg)
{
    char         open[8][16];
    size_t       n, depth = 0;
    const char  *p, *end;

    for (p = svg; (p = strchr(p, '<')) != NULL; p = end) {
        end = strchr(p, '>');
        assert_non_null(end);

        if (p[1] == '/') {
            assert_true(depth > 0);
            n = strlen(open[--depth]);
            assert_memory_equal(p + 2, open[depth], n);
            assert_int_equal(p[2 + n], '>');
            assert_true(depth > 0 || end[1] == '\0');

        } else if (end[-1] != '/') {
            assert_true(depth < SHIAN_COUNT(open));
            n = strcspn(p + 1, " >");
            assert_in_range(n, 1, sizeof(open[0]) - 1);
            memcpy(open[depth], p + 1, n);
            open[depth++][n] = '\0';
        }
    }

    assert_int_equal(depth, 0);
    assert_null(strstr(svg, "style="));
    assert_null(strstr(svg, "id="));
}


/* The number of an attribute, of each place where it stands. */
static void
check_attribute(const char *svg, const char *name, long most)
{
    char         *end;
    long          v;
    const char   *p;

    for (p = svg; (p = strstr(p, name)) != NULL; ) {
        p += strlen(name);
        v = strtol(p, &end, 10);
        assert_int_equal(*end, '"');
        assert_in_range(v, 0, most);
    }
}


/* x only grows along the line, and all is inside the view box. */
static void
check_line(const char *svg)
{
    char         command, *end;
    long         v, x;
    const char  *p;

    for (x = 0, p = line_of(svg); *p != '"'; p = end) {
        command = *p;
        assert_non_null(strchr("MHV", command));
        v = strtol(p + 1, &end, 10);

        if (command != 'V') {
            assert_in_range(v, x, 292);
            assert_in_range(v, 44, 292);
            x = v;
        }

        if (command == 'M') {
            v = strtol(end, &end, 10);
        }

        if (command != 'H') {
            assert_in_range(v, 26, 196);
        }
    }
}


static void
check(const char *svg)
{
    const char  *p;

    assert_non_null(strstr(svg, "viewBox=\"0 0 360 224\""));
    check_elements(svg);
    check_attribute(svg, "<text x=\"", 360);
    check_attribute(svg, " height=\"", 224);
    check_line(svg);

    for (p = svg; (p = strstr(p, "translate(")) != NULL; p++) {
        if (isdigit((unsigned char) p[10])) {
            assert_in_range(strtol(p + 10, NULL, 10), 44, 292);
        }
    }
}


/* ---- tests ----------------------------------------------------------------*/

static void
no_point_draws_nothing(void **state)
{
    assert_string_equal(drawn(*state), "");
}


static void
one_point_is_a_level(void **state)
{
    fixture_t   *fx = *state;
    const char  *svg;

    point(fx, 0, COLOUR(green), 10000);
    svg = drawn(fx);
    check(svg);
    assert_line(svg, "M44 26H292");
    assert_non_null(strstr(svg, ">23 November 2025<"));
    assert_non_null(strstr(svg, ">3 March 2026<"));

    /* Today: at the end of a day that the picture adds. */
    fx->chart.end = START - DAY / 3;
    svg = drawn(fx);
    check(svg);
    assert_line(svg, "M292 26H292");
    assert_non_null(strstr(svg, ">22 November 2025<"));
}


/* 100 days are 248 wide, 100 points 170 high. */
static void
a_score_holds_until_it_changes(void **state)
{
    fixture_t   *fx = *state;
    const char  *svg;

    point(fx, 0, COLOUR(green), 9000);
    point(fx, 50, COLOUR(yellow), 7000);
    point(fx, 75, COLOUR(yellow), 8000);
    svg = drawn(fx);
    check(svg);
    assert_line(svg, "M44 43H168V77H230V60H292");
}


static void
without_a_score_there_is_no_line(void **state)
{
    fixture_t   *fx = *state;
    const char  *svg;

    point(fx, 0, COLOUR(ungraded), -1);
    point(fx, 25, COLOUR(green), 10000);
    point(fx, 50, COLOUR(closed), -1);
    point(fx, 75, COLOUR(red), 0);
    svg = drawn(fx);
    check(svg);
    assert_line(svg, "M106 26H168M230 196H292");
    assert_non_null(strstr(svg, "<title>2025-11-23 None</title>"));
    assert_non_null(strstr(svg, "<title>2026-01-12 Closed</title>"));
}


static void
each_change_of_colour_has_shape_and_word(void **state)
{
    fixture_t   *fx = *state;
    const char  *svg;

    point(fx, 0, COLOUR(green), 9564);
    point(fx, 30, COLOUR(green), 9000);
    point(fx, 60, COLOUR(yellow), 7905);
    point(fx, 62, COLOUR(red), 1000);
    svg = drawn(fx);
    check(svg);
    assert_int_equal(times(svg, "<title>"), 3);
    assert_non_null(strstr(svg, "<title>2025-11-23 Good 95.64</title>"));
    assert_non_null(strstr(svg, "<title>2026-01-22 Fair 79.05</title>"));
    assert_non_null(strstr(svg, "<title>2026-01-24 Poor 10.00</title>"));
    assert_int_equal(times(svg, "<circle cx=\"24\""), 2);
    assert_int_equal(times(svg, "rx=\"9\""), 2);
    assert_int_equal(times(svg, "M15 2h18"), 2);

    /* Beside its band, and at the turn; two turns near each other: none. */
    assert_int_equal(times(svg, ">Good<"), 2);
    assert_int_equal(times(svg, ">Fair<"), 1);
    assert_int_equal(times(svg, ">Poor<"), 1);
}


static void
bands_follow_the_policy(void **state)
{
    fixture_t   *fx = *state;
    const char  *svg;

    point(fx, 0, COLOUR(green), 9000);
    svg = drawn(fx);
    assert_non_null(strstr(svg, "y=\"26\" width=\"266\" height=\"26\""));
    assert_non_null(strstr(svg, "y=\"52\" width=\"266\" height=\"42\""));
    assert_non_null(strstr(svg, "y=\"94\" width=\"266\" height=\"102\""));
    assert_non_null(strstr(svg, ">85<"));
    assert_non_null(strstr(svg, ">60<"));

    fx->chart.green = fx->chart.yellow = 99;
    svg = drawn(fx);
    check(svg);
    assert_null(strstr(svg, ">Fair<"));
    assert_null(strstr(svg, ">99<"));
    assert_non_null(strstr(svg, ">100<"));
}


static void
words_are_escaped(void **state)
{
    fixture_t   *fx = *state;
    const char  *svg;

    fx->chart.unit = fx->chart.words[1] = "</text><script>'\"&";
    point(fx, 0, COLOUR(green), 9000);
    svg = drawn(fx);
    check(svg);
    assert_null(strstr(svg, "script>'"));
    assert_non_null(strstr(svg, "aria-label=\"Score &lt;&amp;&quot;&gt;\""));
    assert_int_equal(times(svg, "&lt;script&gt;&#39;&quot;&amp;"), 4);
}


static void
many_points_are_thinned_but_turns_kept(void **state)
{
    size_t       i;
    fixture_t   *fx = *state;
    const char  *svg;

    for (i = 0; i < MANY; i++) {
        point(fx, (double) i / 5,
              i >= 111 && i < 113 ? COLOUR(yellow) : COLOUR(green),
              i >= 111 && i < 113 ? 8400 : 9000 + (int32_t) i % 7 * 100);
    }

    svg = drawn(fx);
    check(svg);
    assert_int_equal(steps_of(svg), SHIAN_CHART_MAX - 1);
    assert_int_equal(times(svg, "<title>"), 3);
    assert_non_null(strstr(svg, "Fair 84.00</title>"));

    /* Nothing but turns: every second or third of them stays. */
    fx->n = 0;

    for (i = 0; i < MANY; i++) {
        point(fx, (double) i / 5, i % 2 ? COLOUR(red) : COLOUR(green), 5000);
    }

    svg = drawn(fx);
    check(svg);
    assert_int_equal(steps_of(svg), SHIAN_CHART_MAX - 1);
    assert_in_range(times(svg, "<title>"), 2, SHIAN_CHART_MAX);
}


static void
time_that_runs_back_stays_inside(void **state)
{
    fixture_t  *fx = *state;

    point(fx, 50, COLOUR(green), 9000);
    point(fx, 10, COLOUR(yellow), 7000);
    point(fx, 300, COLOUR(red), 20000);
    fx->point[2].colour = (Shian__Colour__Kind) 99;
    check(drawn(fx));

    fx->n = 1;
    fx->point[0].at = fx->chart.end = 0;
    check(drawn(fx));
}


#define TEST(name)  cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(no_point_draws_nothing),
        TEST(one_point_is_a_level),
        TEST(a_score_holds_until_it_changes),
        TEST(without_a_score_there_is_no_line),
        TEST(each_change_of_colour_has_shape_and_word),
        TEST(bands_follow_the_policy),
        TEST(words_are_escaped),
        TEST(many_points_are_thinned_but_turns_kept),
        TEST(time_that_runs_back_stays_inside),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
