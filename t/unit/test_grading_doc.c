/*
 * docs/grading.md against the code: its table of points says the default
 * policy, and each worked example, lived day by day, comes out as written,
 * in both languages, with no change of colour that the table leaves out.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "domain/grade.h"

#define PAGE       "docs/grading.md"
#define FIRST_DAY  20000
#define DAY_MS     UINT64_C(86400000)
#define LANGS      2
#define MAX_CELLS  8

#define COLOUR(name)  SHIAN__COLOUR__KIND__##name


/* ---- what happens in the examples ----------------------------------------*/

typedef enum {
    VISIT = 1,
    REVIEWS,            /* a: how many by now, b: their stars together */
    CREDIT,             /* a: 1 A … 4 D */
    LICENCE,            /* a: the last day on which it is valid */
    CERTIFICATE,        /* a: 1 has expired, 0 is renewed */
    SELF_CHECK,
    FOUND,              /* a: severity, b: days to put it right */
    FIXED,              /* a: which finding, in the order they were found */
    SENT,               /* a: which; photos of a repair, or sent back: no
                           change until it is checked */
    COMPLAINT,
    PENALTY
} kind_t;

typedef struct {
    int32_t  example;
    int32_t  day;
    kind_t   kind;
    int32_t  a;
    int32_t  b;
} event_t;

static const event_t  events[] = {
    { 1, 0, VISIT, 0, 0 },
    { 1, 30, REVIEWS, 25, 70 },
    { 1, 60, CREDIT, 4, 0 },
    { 1, 120, CREDIT, 2, 0 },
    { 1, 150, VISIT, 0, 0 },
    { 1, 200, REVIEWS, 40, 145 },

    { 2, 0, VISIT, 0, 0 },
    { 2, 0, LICENCE, 90, 0 },
    { 2, 60, SELF_CHECK, 0, 0 },
    { 2, 93, SELF_CHECK, 0, 0 },
    { 2, 100, LICENCE, 2000, 0 },

    { 3, 0, VISIT, 0, 0 },
    { 3, 100, VISIT, 0, 0 },
    { 3, 100, FOUND, SHIAN_CRITICAL, 1 },
    { 3, 100, FOUND, SHIAN_MAJOR, 7 },
    { 3, 100, FOUND, SHIAN_MINOR, 15 },
    { 3, 101, FIXED, 0, 0 },
    { 3, 110, FIXED, 1, 0 },
    { 3, 114, FIXED, 2, 0 },

    { 4, 0, VISIT, 0, 0 },
    { 4, 20, COMPLAINT, 0, 0 },
    { 4, 50, PENALTY, 0, 0 },
    { 4, 65, CERTIFICATE, 1, 0 },
    { 4, 65, CREDIT, 3, 0 },
    { 4, 70, CERTIFICATE, 0, 0 },
    { 4, 80, VISIT, 0, 0 },
    { 4, 780, VISIT, 0, 0 },

    { 5, 0, VISIT, 0, 0 },
    { 5, 40, VISIT, 0, 0 },
    { 5, 40, FOUND, SHIAN_MAJOR, 7 },
    { 5, 50, SENT, 0, 0 },
    { 5, 51, SENT, 0, 0 },
    { 5, 52, FIXED, 0, 0 },
};

#define EXAMPLES  5


/* ---- the page's words ----------------------------------------------------*/

typedef struct {
    const char  *example;       /* how its heading begins */
    const char  *points;        /* headings of the tables of numbers */
    const char  *meaning;
    const char  *between;       /* components */
    const char  *nothing;
    const char  *waits;         /* after a colour that is held */
    const char  *colours[5];    /* by Colour.Kind */
    const char  *codes[8];      /* by Component.Code */
} words_t;

static const words_t  words[LANGS] = {
    { "### 例 ", "## 分数怎么来", "## 颜色是什么意思", "，", "无",
      "，等待核实",
      { "未赋码", "绿", "黄", "红", "歇业" },
      { NULL, "没改好", "已改好", "投诉", "处罚", "日常", "信用", "评价" } },
    { "### Example ", "## How the score comes about",
      "## What the colours mean", ", ", "none", ", waiting",
      { "none", "green", "yellow", "red", "closed" },
      { NULL, "not fixed", "fixed", "complaint", "penalty", "duty", "credit",
        "reviews" } },
};

/* ---- reading the page ----------------------------------------------------*/

typedef struct {
    char         *text;
    char         *line;         /* the next one; NULL at the end */
} page_t;


static void
open_page(page_t *page)
{
    long   size;
    FILE  *f;

    f = fopen(PAGE, "rb");
    if (f == NULL) {
        fail_msg("%s is not there", PAGE);
    }

    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    size = ftell(f);
    assert_in_range(size, 1, 1 << 20);
    rewind(f);

    page->text = malloc((size_t) size + 1);
    assert_non_null(page->text);
    assert_int_equal(fread(page->text, 1, (size_t) size, f), size);
    assert_int_equal(fclose(f), 0);

    page->text[size] = '\0';
    page->line = page->text;
}


static char *
next_line(page_t *page)
{
    char  *line, *end;

    line = page->line;

    if (line == NULL || *line == '\0') {
        return NULL;
    }

    end = strchr(line, '\n');
    page->line = end == NULL ? NULL : end + 1;

    if (end != NULL) {
        *end = '\0';
    }

    return line;
}


static bool
begins(const char *line, const char *with)
{
    return strncmp(line, with, strlen(with)) == 0;
}


/* Skips to the line that begins so; false when there is none. */
static bool
skip_to(page_t *page, const char *with)
{
    char  *line;

    do {
        line = next_line(page);
    } while (line != NULL && !begins(line, with));

    return line != NULL;
}


/* Cuts "| a | b |" into cells without their spaces. */
static size_t
cells(char *line, char **cell)
{
    char    *p, *end;
    size_t   n = 0;

    for (p = line + 1; n < MAX_CELLS; p = end + 1) {
        end = strchr(p, '|');
        if (end == NULL) {
            break;
        }

        cell[n] = p + strspn(p, " ");

        for (p = end; p > cell[n] && p[-1] == ' '; p--) {
            /* void */
        }

        *p = '\0';
        n++;
    }

    return n;
}


/* The next row of a table: its line; NULL where the table ends. */
static char *
next_row(page_t *page, const char *heading)
{
    char  *line;

    do {
        line = next_line(page);
        if (line == NULL) {
            fail_msg("%s: no table's end", heading);
        }

        /* The row of dashes; before it the head, before that some words. */
    } while (begins(line, "| ---"));

    return line[0] == '|' ? line : NULL;
}


static void
open_table(page_t *page, const char *heading)
{
    if (!skip_to(page, "| ---")) {
        fail_msg("%s: no table", heading);
    }
}


/* ---- living an example ---------------------------------------------------*/

typedef struct {
    const words_t          *w;
    shian_arena_t           arena;
    shian_grade_inputs_t    in;
    shian_grade_finding_t   findings[4];
    shian_grade_event_t     complaints[2];
    shian_grade_event_t     cases[2];
    shian_grade_t           grade;
} life_t;


static void
happen(life_t *x, const event_t *e, uint64_t at_ms)
{
    int32_t                 day = FIRST_DAY + e->day;
    shian_grade_inputs_t   *in = &x->in;
    shian_grade_finding_t  *f;

    switch (e->kind) {

    case VISIT:
        in->has_visit = true;
        in->visit_day = day;
        in->evidence_at = at_ms;
        break;

    case REVIEWS:
        in->reviews = (uint64_t) e->a;
        in->hygiene_sum = (uint64_t) e->b;
        break;

    case CREDIT:
        in->credit = e->a;
        break;

    case LICENCE:
        in->has_licence_expiry = true;
        in->licence_expires = FIRST_DAY + e->a;
        break;

    case CERTIFICATE:
        in->has_certificate_expiry = e->a != 0;
        in->certificate_expires = day - 1;
        break;

    case SELF_CHECK:
        in->has_self_check = true;
        in->self_check_day = day;
        break;

    case FOUND:
        assert_true(in->nfindings < SHIAN_COUNT(x->findings));
        f = &x->findings[in->nfindings++];
        *f = (shian_grade_finding_t) { in->nfindings,
                                       (shian_severity_t) e->a, false,
                                       day + e->b };
        break;

    case FIXED:
        assert_true((size_t) e->a < in->nfindings);
        x->findings[e->a].verified = true;
        x->findings[e->a].day = day;
        in->evidence_at = at_ms;
        break;

    case SENT:
        assert_true((size_t) e->a < in->nfindings
                    && !x->findings[e->a].verified);
        break;

    case COMPLAINT:
        assert_true(in->ncomplaints < SHIAN_COUNT(x->complaints));
        x->complaints[in->ncomplaints++] = (shian_grade_event_t) { 1, day };
        break;

    case PENALTY:
        assert_true(in->ncases < SHIAN_COUNT(x->cases));
        x->cases[in->ncases++] = (shian_grade_event_t) { 1, day };
        break;
    }
}


/* Grades, and remembers a fall as the grading routine does. */
static void
regrade(life_t *x, int32_t day, uint64_t at_ms)
{
    shian_arena_free(&x->arena);
    assert_true(shian_grade(&shian_policy_default, &x->in, FIRST_DAY + day,
                            &x->arena, &x->grade));

    /* Green 1 to red 3. */
    if (x->in.before != COLOUR(ungraded)
        && x->grade.evidence > x->in.before)
    {
        x->in.downgrade_at = at_ms;
    }

    x->in.before = x->grade.evidence;
}


/* One day: what time brings at midnight, what people do at noon. */
static bool
live(life_t *x, int32_t example, int32_t day)
{
    bool      any;
    size_t    i;
    uint64_t  at;

    at = (uint64_t) (FIRST_DAY + day) * DAY_MS;
    regrade(x, day, at);
    at += DAY_MS / 2;

    for (any = false, i = 0; i < SHIAN_COUNT(events); i++) {
        if (events[i].example == example && events[i].day == day) {
            happen(x, &events[i], at);
            any = true;
        }
    }

    if (any) {
        regrade(x, day, at);
    }

    return any;
}


/* ---- what the page must say then -----------------------------------------*/

static char *
points_text(life_t *x)
{
    size_t                   i;
    int32_t                  v;
    shian_buf_t              b;
    const Shian__Component  *c;

    shian_buf_init(&b, &x->arena);

    for (i = 0; i < x->grade.n; i++) {
        c = x->grade.components[i];
        v = c->points < 0 ? -c->points : c->points;

        if (v != 0) {
            assert_true((size_t) c->code < SHIAN_COUNT(x->w->codes));
            shian_putf(&b.sink, "%s%s %s%d.%02d",
                       b.n == 0 ? "" : x->w->between, x->w->codes[c->code],
                       c->points < 0 ? "−" : "+", v / 100, v % 100);
        }
    }

    if (b.n == 0) {
        shian_putz(&b.sink, x->w->nothing);
    }

    shian_putc(&b.sink, '\0');
    assert_false(b.sink.failed);

    return (char *) b.p;
}


static void
check_cell(const char *where, int32_t day, const char *says,
    const char *should)
{
    if (strcmp(says, should) != 0) {
        fail_msg("%s, day %d: \"%s\" should be \"%s\"", where, day, says,
                 should);
    }
}


static void
check_row(life_t *x, const char *where, int32_t day, char **cell)
{
    check_cell(where, day, cell[2], points_text(x));
    check_cell(where, day, cell[3],
               shian_printf(&x->arena, "%d.%02d", x->grade.score / 100,
                            x->grade.score % 100));
    check_cell(where, day, cell[4],
               shian_printf(&x->arena, "%s%s",
                            x->w->colours[x->grade.colour],
                            x->grade.held ? x->w->waits : ""));
}


/* No colour changes and nothing happens between the rows. */
static void
check_between(life_t *x, const char *where, int32_t example, int32_t from,
    int32_t to)
{
    int32_t              day;
    Shian__Colour__Kind  was;

    for (day = from + 1; day < to; day++) {
        was = x->grade.colour;

        if (live(x, example, day) || x->grade.colour != was) {
            fail_msg("%s has no row for day %d", where, day);
        }
    }
}


static void
check_example(page_t *page, const words_t *w, int32_t example)
{
    long     day;
    char    *row, *end, *cell[MAX_CELLS], where[64];
    int32_t  last = -1;
    life_t   x;

    memset(&x, 0, sizeof(x));
    x.w = w;
    x.in.findings = x.findings;
    x.in.complaints = x.complaints;
    x.in.cases = x.cases;
    shian_arena_init(&x.arena, NULL, NULL);

    assert_true(snprintf(where, sizeof(where), "%s%d", w->example, example)
                < (int) sizeof(where));

    if (!skip_to(page, where)) {
        fail_msg("no \"%s\"", where);
    }

    open_table(page, where);

    while ((row = next_row(page, where)) != NULL) {
        assert_int_equal(cells(row, cell), 5);
        day = strtol(cell[0], &end, 10);

        if (*end != '\0' || end == cell[0] || day <= last || day > 2000) {
            fail_msg("%s: \"%s\" is no day after %d", where, cell[0], last);
        }

        check_between(&x, where, example, last, (int32_t) day);
        (void) live(&x, example, (int32_t) day);
        check_row(&x, where, (int32_t) day, cell);
        last = (int32_t) day;
    }

    /* Nothing happens, and no colour changes, soon after the last row. */
    check_between(&x, where, example, last, last + 100);
    shian_arena_free(&x.arena);
}


static void
worked_examples_come_out_as_written(void **state)
{
    size_t   l;
    page_t   page;
    int32_t  i;

    (void) state;
    open_page(&page);

    for (l = 0; l < LANGS; l++) {
        for (i = 1; i <= EXAMPLES; i++) {
            check_example(&page, &words[l], i);
        }
    }

    free(page.text);
}


/* The whole numbers of a row with their signs; returns how many. */
static size_t
row_numbers(const char *p, int32_t *v, size_t max)
{
    bool    negative;
    char   *end;
    size_t  n;

    for (n = 0; *p != '\0'; p++) {
        if (!isdigit((unsigned char) *p)) {
            continue;
        }

        negative = strncmp(p - strlen("−"), "−", strlen("−")) == 0;
        assert_true(n < max);
        v[n] = (int32_t) strtol(p, &end, 10);
        v[n] = negative ? -v[n] : v[n];
        n++;
        p = end - 1;
    }

    return n;
}


/* What a row of a table must have: its numbers, in order. */
typedef struct {
    size_t   n;
    int32_t  v[6];
} row_t;


static void
check_table(page_t *page, const char *heading, const row_t *rows, size_t n)
{
    char     *row;
    size_t    i, found;
    int32_t   v[SHIAN_COUNT(rows->v)];

    if (!skip_to(page, heading)) {
        fail_msg("no \"%s\"", heading);
    }

    open_table(page, heading);

    for (i = 0; (row = next_row(page, heading)) != NULL; i++) {
        assert_true(i < n);
        memset(v, 0, sizeof(v));
        found = row_numbers(row + strlen("| "), v, SHIAN_COUNT(v));

        if (found != rows[i].n || memcmp(v, rows[i].v, sizeof(v)) != 0) {
            fail_msg("other numbers than the policy's: %s", row);
        }
    }

    assert_int_equal(i, n);
}


static void
tables_say_the_default_policy(void **state)
{
    size_t                 l;
    page_t                 page;
    const shian_policy_t  *p = &shian_policy_default;

    const row_t  points[] = {
        { 1, { -p->finding[SHIAN_CRITICAL] } },
        { 1, { -p->finding[SHIAN_MAJOR] } },
        { 1, { -p->finding[SHIAN_MINOR] } },
        { 1, { -p->overdue } },
        { 2, { p->residual_percent, p->residual_days } },
        { 2, { -p->complaint_points, p->complaint_days } },
        { 2, { -p->case_points, p->case_days } },
        { 1, { -p->lapse_certificate } },
        { 2, { p->self_check_days, -p->lapse_self_check } },
        { 4, { p->credit[1], p->credit[2], p->credit[3], p->credit[4] } },
        { 6, { p->reviews_days, p->reviews_max_bonus,
               -p->reviews_max_penalty, p->reviews_prior_mean,
               p->reviews_per_star, p->reviews_prior_count } },
    };
    const row_t  colours[] = {
        { 2, { p->green, p->every_green } },
        { 2, { p->yellow, p->every_yellow } },
        { 2, { p->yellow, p->every_red } },
        { 2, { p->stale_days, p->every_ungraded } },
    };

    (void) state;
    open_page(&page);

    for (l = 0; l < LANGS; l++) {
        check_table(&page, words[l].points, points, SHIAN_COUNT(points));
        check_table(&page, words[l].meaning, colours, SHIAN_COUNT(colours));
    }

    free(page.text);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(tables_say_the_default_policy),
        cmocka_unit_test(worked_examples_come_out_as_written),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
