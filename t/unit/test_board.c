/*
 * The complaint board: what is listed, in which order, at what cost; figures,
 * bars and the sentences of steps.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "complaints.h"
#include "domain/document.h"
#include "domain/view_board.h"
#include "render/bars.h"

#define MANY  5000


static void
board_of(const city_t *c, shian_board_t *b, Shian__Role__Kind role)
{
    static shian_workdays_t  days;

    shian_workdays_default(&days);
    memset(b, 0, sizeof(*b));
    b->workdays = &days;
    b->role = role;
    b->now_ms = c->now;
    b->today = today(c);
    b->limit = 20;
}


/* One day apart from one another, in turn complaints and reports. */
static void
file_many(city_t *c, size_t n)
{
    size_t                 i;
    Shian__ComplaintPost  *p;
    Shian__Operation      *op;

    for (i = 0; i < n; i++) {
        op = filing(c, FILE_AS(report), i);
        p = op->complaint_post;
        p->category = i % 500 == 0 ? "pests" : "dirty";
        p->has_severity = p->has_report_due_on = p->has_look_due_at = 1;
        p->report_due_on = today(c) + (int32_t) (i * 7 % 300);
        p->look_due_at = c->now;
        city_add(c, op);

        if (c->n == CITY_BATCH || i == n - 1) {
            assert_int_equal(city_run(c), 0);
            assert_int_equal(c->item[0].report.status, 200);
            shian_arena_free(&c->arena);
        }
    }
}


static void
a_page_reads_its_own_rows_and_no_more(void **state)
{
    size_t                 i, pages, items;
    int32_t                due;
    world_t               *w = *state;
    city_t                *c = &w->city;
    shian_str_t            next;
    shian_txn_t            t;
    shian_board_t          b;
    Shian__ComplaintList  *list;

    file_many(c, MANY);
    assert_int_equal(take(c, step(c, 7, STEP(accept))), 200);
    read_txn(c, &t);
    board_of(c, &b, ROLE(chief));
    due = INT32_MIN;

    for (pages = items = 0; pages == 0 || next.n != 0; pages++) {
        list = shian_view_board(&t, &b, &next);
        assert_non_null(list);
        assert_true(b.rows <= 20);
        items += list->n_items;

        for (i = 0; i < list->n_items; i++) {
            assert_true(list->items[i]->due_on >= due);
            due = list->items[i]->due_on;
        }

        b.after = next;
    }

    assert_int_equal(items, MANY);

    board_of(c, &b, ROLE(chief));
    b.category = "pests";
    assert_non_null(list = shian_view_board(&t, &b, &next));
    assert_int_equal(list->n_items, MANY / 500);
    assert_int_equal(b.rows, MANY / 500);

    board_of(c, &b, ROLE(chief));
    b.has_officer = true;
    b.officer = OFFICER;
    assert_non_null(list = shian_view_board(&t, &b, &next));
    assert_int_equal(list->n_items, 1);
    assert_int_equal(b.rows, 1);

    board_of(c, &b, ROLE(chief));
    b.state = CSTATE(accepted);
    assert_non_null(list = shian_view_board(&t, &b, &next));
    assert_int_equal(b.rows, 1);

    /* Two years later all of them are overdue, by so many days. */
    board_of(c, &b, ROLE(chief));
    b.overdue = true;
    assert_non_null(list = shian_view_board(&t, &b, &next));
    assert_int_equal(list->n_items, 0);
    b.today += 1;
    assert_non_null(list = shian_view_board(&t, &b, &next));
    assert_true(list->n_items > 0 && list->n_items < 20);
    assert_int_equal(list->items[0]->overdue_days, 1);
    assert_false(list->items[0]->has_days_left);
    assert_true(b.rows <= list->n_items);

    shian_txn_abort(&t);
}


static void
nobody_else_sees_a_line(void **state)
{
    size_t                    i;
    world_t                  *w = *state;
    city_t                   *c = &w->city;
    shian_str_t               next;
    shian_txn_t               t;
    shian_board_t             b;
    Shian__ComplaintList     *list;

    static const Shian__Role__Kind  others[] = {
        ROLE(public), ROLE(venue), ROLE(bank), ROLE(media), ROLE(inspector)
    };

    assert_int_equal(file(c, filing(c, FILE_AS(both), 1)), 200);
    read_txn(c, &t);

    for (i = 0; i < SHIAN_COUNT(others); i++) {
        board_of(c, &b, others[i]);
        assert_non_null(list = shian_view_board(&t, &b, &next));
        assert_int_equal(list->n_items, 0);
        b.id = 1;
        assert_non_null(list = shian_view_board(&t, &b, &next));
        assert_int_equal(list->n_items, 0);
    }

    board_of(c, &b, ROLE(admin));
    assert_non_null(list = shian_view_board(&t, &b, &next));
    assert_int_equal(list->n_items, 2);

    /* A cursor of another length is none of ours. */
    b.after = SHIAN_STR("x");
    assert_null(shian_view_board(&t, &b, &next));
    shian_txn_abort(&t);
}


static const Shian__FigureRow *
row_of(const Shian__Figures *f, Shian__FigureRow__Part part,
    const char *name)
{
    size_t  i;

    for (i = 0; i < f->n_items; i++) {
        if (f->items[i]->part == part
            && (name == NULL || (f->items[i]->name != NULL
                                 && strcmp(f->items[i]->name, name) == 0)))
        {
            return f->items[i];
        }
    }

    fail();

    return NULL;
}


static void
figures_are_of_twelve_months(void **state)
{
    size_t                    i;
    world_t                  *w = *state;
    city_t                   *c = &w->city;
    shian_txn_t               t;
    Shian__Figures           *f;
    const Shian__FigureRow   *r;

    static char  nowhere[] = "nowhere";
    static char *const  districts[] = { nowhere };

    for (i = 0; i < 3; i++) {
        assert_int_equal(file(c, filing(c, FILE_AS(complaint), i)), 200);
    }

    c->now += UINT64_C(45) * MINUTE;
    assert_int_equal(take(c, step(c, 1, STEP(accept))), 200);
    assert_int_equal(take(c, step(c, 2, STEP(accept))), 200);

    read_txn(c, &t);
    f = shian_view_figures(&t, c->now, NULL, 0);
    assert_non_null(f);
    r = row_of(f, SHIAN__FIGURE_ROW__PART__all, NULL);
    assert_int_equal(r->received, 3);
    assert_int_equal(r->on_time, 2);
    assert_int_equal(r->on_time_percent, 10000);
    r = row_of(f, SHIAN__FIGURE_ROW__PART__category, "foreign");
    assert_int_equal(r->received, 3);
    assert_true(r->has_accept_hours);
    assert_in_range(r->accept_hours, 50, 99);
    assert_false(r->has_decide_hours);
    r = row_of(f, SHIAN__FIGURE_ROW__PART__step, "accept");
    assert_int_equal(r->count, 2);
    assert_int_equal(r->mean_minutes, 45);
    assert_true(r->median_minutes >= 30 && r->median_minutes < 60);

    f = shian_view_figures(&t, c->now, districts, 1);
    assert_int_equal(row_of(f, SHIAN__FIGURE_ROW__PART__all, NULL)->received,
                     0);

    /* After a year it is over. */
    f = shian_view_figures(&t, c->now + UINT64_C(367) * DAY_MS, NULL, 0);
    assert_int_equal(row_of(f, SHIAN__FIGURE_ROW__PART__all, NULL)->received,
                     0);
    shian_txn_abort(&t);
}


static const Shian__FigureRow *
all_of(city_t *c)
{
    shian_txn_t      t;
    Shian__Figures  *f;

    read_txn(c, &t);
    f = shian_view_figures(&t, c->now, NULL, 0);
    assert_non_null(f);
    shian_txn_abort(&t);

    return row_of(f, SHIAN__FIGURE_ROW__PART__all, NULL);
}


/* faults A8: what nobody has decided or looked at is late as well. */
static void
what_runs_late_is_late(void **state)
{
    world_t  *w = *state;
    city_t   *c = &w->city;

    assert_int_equal(file(c, filing(c, FILE_AS(complaint), 1)), 200);
    assert_int_equal(file(c, filing(c, FILE_AS(complaint), 2)), 200);
    assert_int_equal(all_of(c)->late, 0);
    assert_int_equal(all_of(c)->look_late, 0);
    c->now += UINT64_C(3) * 60 * MINUTE;
    assert_int_equal(all_of(c)->look_late, 2);
    c->now += 20 * DAY_MS;
    assert_int_equal(all_of(c)->late, 2);
    assert_int_equal(all_of(c)->on_time_percent, 0);

    /* Done late it is the same one. */
    assert_int_equal(take(c, step(c, 1, STEP(accept))), 200);
    assert_int_equal(all_of(c)->late, 2);
    assert_int_equal(all_of(c)->look_late, 2);
}


/* faults A8: one that is reopened is one. */
static void
what_is_reopened_counts_once(void **state)
{
    world_t  *w = *state;
    city_t   *c = &w->city;

    assert_int_equal(file(c, filing(c, FILE_AS(complaint), 1)), 200);
    find_substantiated(c, 1);
    assert_int_equal(take(c, step(c, 1, STEP(rectify))), 200);
    assert_int_equal(take(c, step(c, 1, STEP(close))), 200);
    assert_int_equal(all_of(c)->ended, 1);
    assert_int_equal(all_of(c)->substantiated, 1);
    assert_int_equal(all_of(c)->on_time, 2);

    c->now += 40 * MINUTE;
    assert_int_equal(follow(c, 1, FOLLOW(reopen), "还是一样", 0), 200);
    assert_int_equal(all_of(c)->ended, 0);
    send_there(c, 1);
    assert_int_equal(take(c, decision(c, 1,
                                 SHIAN__OUTCOME__KIND__unsubstantiated)),
                     200);
    assert_int_equal(take(c, step(c, 1, STEP(close))), 200);
    assert_int_equal(all_of(c)->ended, 1);
    assert_int_equal(all_of(c)->substantiated, 0);
    assert_int_equal(all_of(c)->unsubstantiated, 1);
    assert_int_equal(all_of(c)->on_time, 2);
}


/* faults A8: a working day is a working day, on the board and the link. */
static void
days_left_are_the_clocks_own(void **state)
{
    world_t                *w = *state;
    city_t                 *c = &w->city;
    shian_txn_t             t;
    shian_str_t             next;
    shian_board_t           b;
    Shian__ComplaintItem   *item;
    Shian__ComplaintList   *list;

    assert_int_equal(file(c, filing(c, FILE_AS(complaint), 1)), 200);
    board_of(c, &b, ROLE(chief));
    read_txn(c, &t);
    list = shian_view_board(&t, &b, &next);
    item = shian_complaint_item(&t, shian_complaint_get(&t, 1), b.workdays,
                                c->now);
    shian_txn_abort(&t);
    assert_int_equal(list->items[0]->days_left, 7);
    assert_true(list->items[0]->working_days);
    assert_int_equal(item->days_left, 7);

    /* Mediation runs on every day. */
    assert_int_equal(take(c, step(c, 1, STEP(accept))), 200);
    read_txn(c, &t);
    list = shian_view_board(&t, &b, &next);
    shian_txn_abort(&t);
    assert_int_equal(list->items[0]->days_left, 60);
    assert_false(list->items[0]->working_days);
}


static void
bars_are_svg(void **state)
{
    shian_buf_t    out;
    shian_arena_t  a;

    static const shian_bar_t  bars[] = {
        { { (const uint8_t *) "<1>", 3 }, 4, 2 },
        { { (const uint8_t *) "2", 1 }, 0, 7 },
    };

    (void) state;
    shian_arena_init(&a, NULL, NULL);
    shian_buf_init(&out, &a);
    assert_true(shian_bars("a \"title\"", "n", bars, 2, &out.sink));
    shian_putc(&out.sink, '\0');
    assert_non_null(strstr((char *) out.p, "a &quot;title&quot;"));
    assert_non_null(strstr((char *) out.p, "&lt;1&gt;"));
    assert_null(strstr((char *) out.p, "height=\"-"));
    shian_arena_free(&a);

    shian_buf_init(&out, &a);
    assert_true(shian_bars("t", "n", bars, 0, &out.sink));
    assert_int_equal(out.n, 0);
    shian_arena_free(&a);
}


static void
sentences_belong_to_steps(void **state)
{
    size_t              n;
    shian_arena_t       a;
    shian_report_t      report;
    Shian__StepText   **items;
    Shian__StepTexts   *all;

    (void) state;
    shian_arena_init(&a, NULL, NULL);
    all = shian_step_texts();
    assert_non_null(all);
    shian_step_sentences(all, "accept", &items, &n);
    assert_true(n > 0);
    assert_int_equal(items[0]->n, 1);
    shian_step_sentences(all, "check_in", &items, &n);
    assert_int_equal(n, 0);

    shian_report_init(&report);
    assert_false(shian_document_set(&shian_document_texts, &a,
                     SHIAN_STR("{\"fly\":[{\"zh\":\"飞走\",\"en\":\"fly\"}]}"),
                     &report));
    shian_report_init(&report);
    assert_false(shian_document_set(&shian_document_texts, &a,
                     SHIAN_STR("{\"note\":[{\"zh\":\"只有中文\"}]}"),
                     &report));

    /* What was refused changed nothing; what was taken is in force. */
    shian_step_sentences(shian_step_texts(), "accept", &items, &n);
    assert_true(n > 0);
    shian_report_init(&report);
    assert_true(shian_document_set(&shian_document_texts, &a,
                    SHIAN_STR("{\"note\":[{\"zh\":\"看过了\","
                              "\"en\":\"Seen it.\"}]}"),
                    &report));
    shian_step_sentences(shian_step_texts(), "note", &items, &n);
    assert_int_equal(n, 1);
    assert_string_equal(items[0]->zh, "看过了");
    assert_true(shian_document_set(&shian_document_texts, &a, SHIAN_NONE,
                                   &report));
    shian_step_sentences(shian_step_texts(), "accept", &items, &n);
    assert_true(n > 0);
    shian_arena_free(&a);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
#define TEST(f)  cmocka_unit_test_setup_teardown(f, setup, teardown)
        TEST(a_page_reads_its_own_rows_and_no_more),
        TEST(nobody_else_sees_a_line),
        TEST(figures_are_of_twelve_months),
        TEST(what_runs_late_is_late),
        TEST(what_is_reopened_counts_once),
        TEST(days_left_are_the_clocks_own),
        TEST(bars_are_svg),
        TEST(sentences_belong_to_steps),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, NULL, NULL);
}
