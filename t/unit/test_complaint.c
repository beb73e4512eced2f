/*
 * Complaints and reports: what may be filed, what it becomes, how it goes
 * on, and what it does to the venue's grade.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "complaints.h"
#include "core/bind.h"
#include "domain/document.h"
#include "domain/policy.h"

#define HOUR_MS  (60 * MINUTE)


static const char *
wrong_field(const city_t *c)
{
    return c->item[0].report.nfields == 0 ? ""
                                          : c->item[0].report.fields[0].field;
}


/* ---- filing ---------------------------------------------------------------*/

static void
a_complaint_is_received_with_its_clocks(void **state)
{
    world_t                *w = *state;
    uint64_t                rev;
    shian_txn_t             t;
    Shian__Complaint       *c;
    Shian__ComplaintEvent  *e;

    rev = tally(&w->city)->rev;
    assert_int_equal(file(&w->city, filing(&w->city, FILE_AS(complaint), 1)),
                     200);
    assert_int_equal(w->city.item[0].result.id, 1);

    c = complaint(&w->city, 1);
    assert_int_equal(c->state, CSTATE(received));
    assert_int_equal(c->kind, SHIAN__COMPLAINT__KIND__complaint);
    assert_int_equal(c->severity, SHIAN__SEVERITY__KIND__major);
    assert_string_equal(c->district, "锦屏");

    /* From Sunday 23 November 2025: Tuesday the week after next. */
    assert_int_equal(c->due_on, shian_day_from_civil(2025, 12, 2));
    assert_false(c->due_by_weekends);
    assert_int_equal(c->look_due_at, w->city.now + 2 * HOUR_MS);
    assert_false(c->has_linked);

    read_txn(&w->city, &t);
    e = shian_complaint_event(&t, 1, 1);
    assert_string_equal(e->action, "post");
    assert_string_equal(shian_unseal(&t, &w->city.keys, c->vault, "text",
                                     c->text), WORDS);
    assert_string_equal(shian_unseal(&t, &w->city.keys, c->vault, "contact",
                                     c->contact), CONTACT);
    assert_int_equal(shian_figure_sum(&t, 'c', SHIAN_FIGURE_RECEIVED), 1);
    assert_int_equal(shian_figure_sum(&t, 'r', SHIAN_FIGURE_RECEIVED), 0);
    shian_txn_abort(&t);

    /* Nothing that the venue or the public can see has changed. */
    assert_int_equal(tally(&w->city)->rev, rev);
}


static void
both_are_two_records_with_one_key(void **state)
{
    world_t           *w = *state;
    shian_txn_t        t;
    Shian__Complaint  *a, *b;
    Shian__Operation  *op;

    op = filing(&w->city, FILE_AS(both), 1);
    add_photo(&w->city, &op->complaint_post->photo,
              &op->complaint_post->n_photo, 1);
    assert_int_equal(file(&w->city, op), 200);

    a = complaint(&w->city, 1);
    b = complaint(&w->city, 2);
    assert_int_equal(a->kind, SHIAN__COMPLAINT__KIND__complaint);
    assert_int_equal(b->kind, SHIAN__COMPLAINT__KIND__report);
    assert_int_equal(a->linked, 2);
    assert_int_equal(b->linked, 1);
    assert_int_equal(a->due_on, shian_day_from_civil(2025, 12, 2));
    assert_int_equal(b->due_on, shian_day_from_civil(2025, 12, 12));
    assert_int_equal(rows(&w->city, SHIAN_T_VAULT), 1);
    assert_int_equal(rows(&w->city, SHIAN_T_COMPLAINT_EVENT), 2);

    read_txn(&w->city, &t);
    assert_string_equal(shian_unseal(&t, &w->city.keys, b->vault, "name",
                                     b->name), NAME);
    assert_int_equal(shian_photo_get(&t, shian_bytes(a->photos[0]->hash))
                     ->used, 2);
    assert_int_equal(shian_photo_get(&t, shian_bytes(a->photos[0]->hash))
                     ->open, 0);
    shian_txn_abort(&t);
}


/* What the door binds: the rules of fields.c. */
static void
fields_have_their_bounds(void **state)
{
    bool               ok;
    char              *long_text;
    size_t             i;
    shian_arena_t      a;
    shian_report_t     report;
    ProtobufCMessage  *m;

    static const struct {
        const char  *field;
        const char  *value;
        const char  *code;      /* NULL: right */
    } rows_[] = {
        { "contact", "13800138000", NULL },
        { "contact", "+86 138 0013 8000", NULL },
        { "contact", "0574-88888888", NULL },
        { "contact", "88888888", NULL },
        { "contact", "+44 20 7946 0018", NULL },
        { "contact", "wang@example.com", NULL },
        { "contact", "1380013800", "pattern" },
        { "contact", "微信号 abc", "pattern" },
        { "contact", "a@b", "too_short" },
        { "contact", "wang@example", "pattern" },
        { "contact", "13800138000 http://x.cn", "pattern" },
        { "name", "欧阳娜娜", NULL },
        { "category", "Foreign", "pattern" },
        { "kind", "petition", "unknown" },
        { "kind", "both", NULL },
        { "happened_on", "2025-02-30", "pattern" },
        { "lat", "91", "range" },
        { "severity", "minor", "unknown" },     /* ours */
        { "vault", "00", "unknown" },
        { "report_due_on", "2030-01-01", "unknown" },
        { "look_due_at", "2030-01-01T00:00:00Z", "unknown" },
    };

    (void) state;
    shian_arena_init(&a, NULL, NULL);
    long_text = shian_zalloc(&a, 3 * 4001 + 1);

    for (i = 0; i < 4001; i++) {
        memcpy(long_text + 3 * i, "面", 3);
    }

    for (i = 0; i < SHIAN_COUNT(rows_) + 2; i++) {
        shian_pair_t  p[4] = {
            { SHIAN_STR("text"), SHIAN_STR("x") },
            { SHIAN_STR("kind"), SHIAN_STR("report") },
            { SHIAN_STR("category"), SHIAN_STR("foreign") },
        };
        const char   *want;

        if (i < SHIAN_COUNT(rows_)) {
            p[3].name = shian_str(rows_[i].field);
            p[3].value = shian_str(rows_[i].value);
            want = rows_[i].code;
        } else {
            p[3].name = SHIAN_STR("place");
            p[3].value = SHIAN_STR("x");
            long_text[3 * 4000] = i == SHIAN_COUNT(rows_) ? '\xe9' : '\0';
            p[0].value = shian_str(long_text);
            want = i == SHIAN_COUNT(rows_) ? "too_long" : NULL;
        }

        /* The one under test in place of the one that is right. */
        if (shian_str_eq(p[3].name, p[1].name)) {
            p[1] = p[3];
            p[3].name = SHIAN_STR("place");
            p[3].value = SHIAN_STR("x");
        } else if (shian_str_eq(p[3].name, p[2].name)) {
            p[2] = p[3];
            p[3].name = SHIAN_STR("place");
            p[3].value = SHIAN_STR("x");
        }

        shian_report_init(&report);
        ok = shian_bind_pairs(&a, shian_field_rules, shian_nfield_rules,
                              &shian__complaint_post__descriptor, p, 4, NULL,
                              &m, &report);

        if (ok != (want == NULL)
            || (!ok && strcmp(report.fields[0].code, want) != 0))
        {
            fail_msg("row %zu: %s", i, ok ? "taken"
                                          : report.fields[0].code);
        }
    }

    shian_arena_free(&a);
}


static void
what_is_wrong_is_refused_by_field(void **state)
{
    world_t           *w = *state;
    size_t             i;
    city_t            *c = &w->city;
    Shian__Operation  *op;

    op = filing(c, FILE_AS(complaint), 1);
    op->complaint_post->has_name = 0;
    assert_int_equal(file(c, op), 422);
    assert_string_equal(wrong_field(c), "name");

    op = filing(c, FILE_AS(both), 1);
    op->complaint_post->has_contact = 0;
    assert_int_equal(file(c, op), 422);
    assert_string_equal(wrong_field(c), "contact");

    op = filing(c, FILE_AS(report), 1);
    op->complaint_post->category = "nonsense";
    assert_int_equal(file(c, op), 422);
    assert_string_equal(wrong_field(c), "category");

    op = filing(c, FILE_AS(report), 1);
    op->complaint_post->venue = 99;
    assert_int_equal(file(c, op), 422);
    assert_string_equal(wrong_field(c), "venue");

    op = filing(c, FILE_AS(report), 1);
    op->complaint_post->has_venue = 0;
    assert_int_equal(file(c, op), 422);
    assert_string_equal(wrong_field(c), "venue");

    op = filing(c, FILE_AS(report), 1);
    op->complaint_post->has_happened_on = 1;
    op->complaint_post->happened_on = today(c) + 1;
    assert_int_equal(file(c, op), 422);
    assert_string_equal(wrong_field(c), "happened_on");

    op = filing(c, FILE_AS(report), 1);
    for (i = 0; i < 7; i++) {
        add_photo(c, &op->complaint_post->photo,
                  &op->complaint_post->n_photo, (uint8_t) (1 + i));
    }
    assert_int_equal(file(c, op), 422);
    assert_string_equal(wrong_field(c), "photo");

    /* A door that forgot to prepare, or that knows no device. */
    assert_int_equal(city_do(c, filing(c, FILE_AS(report), 1)), 400);
    op = filing(c, FILE_AS(report), 1);
    op->actor->has_device = 0;
    op->actor->device.len = 0;
    assert_int_equal(file(c, op), 400);

    assert_int_equal(rows(c, SHIAN_T_COMPLAINT), 0);
    assert_int_equal(rows(c, SHIAN_T_VAULT), 0);
    assert_int_equal(rows(c, SHIAN_T_SPENT), 0);
    assert_int_equal(rows(c, SHIAN_T_PHOTO), 0);

    /* A report of nobody, about a place that is nowhere in the list. */
    op = filing(c, FILE_AS(report), 1);
    op->complaint_post->has_venue = 0;
    op->complaint_post->has_place = 1;
    op->complaint_post->place = text("车站后面的小摊");
    op->complaint_post->district = "岳林";
    op->complaint_post->has_happened_on = 1;
    op->complaint_post->happened_on = today(c);
    assert_int_equal(file(c, op), 200);
    assert_string_equal(complaint(c, 1)->district, "岳林");
    assert_false(complaint(c, 1)->has_venue);
}


static void
three_a_day_from_one_device_about_one_place(void **state)
{
    int                i;
    world_t           *w = *state;
    city_t            *c = &w->city;
    Shian__Operation  *op;

    for (i = 0; i < SHIAN_COMPLAINTS_A_DAY; i++) {
        assert_int_equal(file(c, filing(c, FILE_AS(both), 1)), 200);
    }

    assert_int_equal(file(c, filing(c, FILE_AS(report), 1)), 429);
    assert_int_equal(file(c, filing(c, FILE_AS(report), 2)), 200);

    assert_int_equal(city_do(c, city_venue(c, "Another")), 200);
    op = filing(c, FILE_AS(report), 1);
    op->complaint_post->venue = 2;
    assert_int_equal(file(c, op), 200);

    /* Midnight of the city, not of Greenwich. */
    c->now += 7 * HOUR_MS + 59 * MINUTE;
    assert_int_equal(file(c, filing(c, FILE_AS(report), 1)), 429);
    c->now += MINUTE;
    assert_int_equal(file(c, filing(c, FILE_AS(report), 1)), 200);
    assert_int_equal(rows(c, SHIAN_T_SPENT), 6);
}


static void
duplicates_are_suggested_within_48_hours(void **state)
{
    size_t        n;
    world_t      *w = *state;
    city_t       *c = &w->city;
    uint64_t      ids[8];
    shian_txn_t   t;

    assert_int_equal(file(c, filing(c, FILE_AS(report), 1)), 200);
    c->now += 30 * HOUR_MS;
    assert_int_equal(file(c, filing(c, FILE_AS(report), 2)), 200);
    assert_int_equal(file(c, filing(c, FILE_AS(report), 3)), 200);
    c->now += 20 * HOUR_MS;

    read_txn(c, &t);
    n = shian_complaint_duplicates(&t, 1, c->now, 3, ids, 8);
    assert_int_equal(n, 1);
    assert_int_equal(ids[0], 2);
    assert_int_equal(shian_complaint_duplicates(&t, 1, c->now, 0, ids, 1),
                     1);
    assert_int_equal(shian_complaint_duplicates(&t, 2, c->now, 0, ids, 8),
                     0);
    shian_txn_abort(&t);

    /* What has ended is none. */
    assert_int_equal(follow(c, 2, FOLLOW(withdraw), NULL, 0), 200);
    read_txn(c, &t);
    assert_int_equal(shian_complaint_duplicates(&t, 1, c->now, 3, ids, 8),
                     0);
    shian_txn_abort(&t);
}


static void
clocks_know_when_they_guess(void **state)
{
    world_t           *w = *state;
    city_t            *c = &w->city;
    shian_policy_t     n = shian_policy_default;
    Shian__Policy     *p;
    Shian__Operation  *op;

    /* 25 December 2026: seven working days lead into a year without file. */
    c->now = (uint64_t) shian_day_from_civil(2026, 12, 25) * DAY_MS;
    assert_int_equal(file(c, filing(c, FILE_AS(complaint), 1)), 200);
    assert_true(complaint(c, 1)->due_by_weekends);
    assert_int_equal(complaint(c, 1)->due_on,
                     shian_day_from_civil(2027, 1, 5));

    city_pass_day(c);
    op = city_operation(c, ROLE(chief), 0);
    p = shian_policy_document(&c->arena, &n, "v2");
    p->first_look_minutes = 30;
    CITY_BODY(c, op, POLICY_SET, policy_set, Shian__PolicySet,
              shian__policy_set__init)->policy = p;
    assert_int_equal(city_do(c, op), 200);
    assert_int_equal(file(c, filing(c, FILE_AS(complaint), 1)), 200);
    assert_int_equal(complaint(c, 2)->look_due_at, c->now + 30 * MINUTE);
}


static void
categories_are_a_list_of_codes(void **state)
{
    shian_arena_t       a;
    shian_report_t      report;
    Shian__Categories  *all;

    static const char  twice[] =
        "{\"items\": ["
        "{\"code\": \"a\", \"text\": \"甲乙\", \"text_en\": \"One\","
        " \"severity\": \"minor\", \"description\": \"甲乙\","
        " \"description_en\": \"One\", \"group\": \"food\"},"
        "{\"code\": \"a\", \"text\": \"丙丁\", \"text_en\": \"Two\","
        " \"severity\": \"minor\", \"description\": \"丙丁\","
        " \"description_en\": \"Two\", \"group\": \"food\"}]}";

    (void) state;
    shian_arena_init(&a, NULL, NULL);

    all = shian_categories();
    assert_non_null(all);
    assert_true(all->n_items >= 10);
    assert_int_equal(shian_category(all, "illness")->severity,
                     SHIAN__SEVERITY__KIND__critical);
    assert_non_null(shian_category(all, "other"));
    assert_null(shian_category(all, "nothing"));

    shian_report_init(&report);
    assert_false(shian_document_set(&shian_document_categories, &a,
                                    SHIAN_STR(twice), &report));
    assert_string_equal(report.fields[0].code, "duplicate");
    shian_report_init(&report);
    assert_false(shian_document_set(&shian_document_categories, &a,
                                    SHIAN_STR("{\"items\": []}"), &report));
    shian_arena_free(&a);
}


static void
durations_have_their_buckets(void **state)
{
    size_t  i;

    (void) state;
    assert_int_equal(shian_bucket(0), 0);

    for (i = 0; i < SHIAN_BUCKETS - 1; i++) {
        assert_int_equal(shian_bucket(shian_buckets[i] - 1), i);
        assert_int_equal(shian_bucket(shian_buckets[i]), i + 1);
    }

    assert_int_equal(shian_bucket(UINT64_MAX), SHIAN_BUCKETS - 1);
}


/* ---- working on it --------------------------------------------------------*/

static void
a_complaint_goes_its_way(void **state)
{
    world_t               *w = *state;
    city_t                *c = &w->city;
    uint64_t               rev;
    shian_txn_t            t;
    Shian__Complaint      *p;

    assert_int_equal(city_do(c, visit(c, "L1+", "")), 200);
    assert_grade(c, green, 10000);
    assert_int_equal(file(c, filing(c, FILE_AS(complaint), 1)), 200);

    c->now += HOUR_MS;
    rev = tally(c)->rev;
    work_through(c, 1);
    p = complaint(c, 1);
    assert_int_equal(p->state, CSTATE(reported));
    assert_int_equal(p->officer, OFFICER);
    assert_int_equal(p->due_on, today(c) + 60);
    assert_int_equal(tally(c)->rev, rev);

    assert_int_equal(take(c, decision(c, 1,
                                 SHIAN__OUTCOME__KIND__substantiated)), 200);
    p = complaint(c, 1);
    assert_int_equal(p->state, CSTATE(substantiated));
    assert_false(p->has_due_on);
    assert_int_equal(tally(c)->complaints_substantiated, 1);
    assert_true(tally(c)->rev > rev);
    assert_grade(c, green, 9000);

    assert_int_equal(take(c, step(c, 1, STEP(close))), 409);
    assert_int_equal(take(c, step(c, 1, STEP(rectify))), 200);
    assert_int_equal(take(c, step(c, 1, STEP(close))), 200);
    assert_int_equal(follow(c, 1, FOLLOW(rate), NULL, 6), 422);
    assert_int_equal(follow(c, 1, FOLLOW(rate), NULL, 4), 200);
    assert_int_equal(follow(c, 1, FOLLOW(rate), NULL, 5), 409);
    assert_int_equal(complaint(c, 1)->rating, 4);

    read_txn(c, &t);
    assert_int_equal(shian_figure_sum(&t, 'c', SHIAN_FIGURE_ENDED), 1);
    assert_int_equal(shian_figure_sum(&t, 'c', SHIAN_FIGURE_ON_TIME), 2);
    assert_int_equal(shian_figure_sum(&t, 'c', SHIAN_FIGURE_LATE), 0);
    assert_int_equal(shian_figure_sum(&t, 'c', SHIAN_FIGURE_LOOK_ON_TIME),
                     1);
    /* An hour to the first look: the third bucket, and 60 in sum. */
    assert_int_equal(shian_figure_sum(&t, 0, 16 * SHIAN_TOOK_LOOK + 2), 1);
    assert_int_equal(shian_figure_sum(&t, 0, 16 * SHIAN_TOOK_LOOK
                                             + SHIAN_BUCKET_SUM), 60);
    shian_txn_abort(&t);

    /* A year later it weighs nothing. */
    c->now += 365 * DAY_MS;
    assert_int_equal(city_do(c, visit(c, "L1+", "")), 200);
    assert_grade(c, green, 10000);
}


static void
reopened_once_and_within_thirty_days(void **state)
{
    world_t  *w = *state;
    city_t   *c = &w->city;

    assert_int_equal(file(c, filing(c, FILE_AS(report), 1)), 200);
    work_through(c, 1);
    assert_int_equal(take(c, decision(c, 1,
                               SHIAN__OUTCOME__KIND__unsubstantiated)), 200);
    assert_int_equal(complaint(c, 1)->state, CSTATE(unsubstantiated));
    assert_int_equal(tally(c)->complaints_substantiated, 0);
    assert_int_equal(follow(c, 1, FOLLOW(reopen), "why", 0), 409);
    assert_int_equal(take(c, step(c, 1, STEP(close))), 200);

    c->now += 31 * DAY_MS;
    assert_int_equal(follow(c, 1, FOLLOW(reopen), "why", 0), 409);
    c->now -= DAY_MS;
    assert_int_equal(follow(c, 1, FOLLOW(reopen), NULL, 0), 422);
    assert_int_equal(follow(c, 1, FOLLOW(reopen), "还是老样子", 0), 200);
    assert_int_equal(complaint(c, 1)->state, CSTATE(accepted));
    assert_true(complaint(c, 1)->due_on > today(c));
    assert_false(complaint(c, 1)->has_ended_at);

    /* Decided the other way: the venue's count follows what stands. */
    send_there(c, 1);
    assert_int_equal(take(c, decision(c, 1,
                                 SHIAN__OUTCOME__KIND__substantiated)), 200);
    assert_int_equal(tally(c)->complaints_substantiated, 1);
    assert_int_equal(take(c, step(c, 1, STEP(rectify))), 200);
    assert_int_equal(take(c, step(c, 1, STEP(close))), 200);
    assert_int_equal(follow(c, 1, FOLLOW(reopen), "again", 0), 409);
}


static void
a_report_is_extended_once_a_complaint_never(void **state)
{
    world_t  *w = *state;
    city_t   *c = &w->city;
    int32_t   due;

    assert_int_equal(file(c, filing(c, FILE_AS(both), 1)), 200);
    assert_int_equal(take(c, step(c, 1, STEP(extend))), 409);

    due = complaint(c, 2)->due_on;
    assert_int_equal(take(c, step(c, 2, STEP(accept))), 200);
    assert_int_equal(complaint(c, 2)->due_on, due);
    assert_int_equal(take(c, step(c, 2, STEP(extend))), 200);

    /*
     * 15 working days after 12 December 2025: 13 until the year's end, three
     * days off, Sunday the 4th made up, Monday.
     */
    assert_int_equal(complaint(c, 2)->due_on,
                     shian_day_from_civil(2026, 1, 5));
    assert_int_equal(take(c, step(c, 2, STEP(extend))), 409);
}


static void
steps_say_what_they_lack(void **state)
{
    world_t           *w = *state;
    city_t            *c = &w->city;
    Shian__Operation  *op;

    assert_int_equal(file(c, filing(c, FILE_AS(report), 1)), 200);
    assert_int_equal(file(c, filing(c, FILE_AS(report), 2)), 200);
    assert_int_equal(take(c, step(c, 1, STEP(refuse))), 422);
    assert_string_equal(wrong_field(c), "ground");

    op = step(c, 1, STEP(refuse));
    op->complaint_step->has_ground = 1;
    op->complaint_step->ground = SHIAN__COMPLAINT__GROUND__other_by_law;
    op->complaint_step->text = NULL;
    assert_int_equal(take(c, op), 422);
    assert_string_equal(wrong_field(c), "text");

    op = step(c, 1, STEP(merge));
    op->complaint_step->has_into = 1;
    op->complaint_step->into = 1;
    assert_int_equal(take(c, op), 422);
    op->complaint_step->into = 2;
    assert_int_equal(take(c, op), 200);
    assert_int_equal(complaint(c, 1)->merged_into, 2);

    op = step(c, 2, STEP(note));
    op->complaint_step->text = NULL;
    assert_int_equal(take(c, op), 422);
    op = step(c, 2, STEP(release));
    op->complaint_step->text = "有顾客反映餐品中有异物。";
    assert_int_equal(take(c, op), 200);
    assert_string_equal(complaint(c, 2)->released,
                        "有顾客反映餐品中有异物。");

    assert_int_equal(take(c, step(c, 2, STEP(accept))), 200);
    assert_int_equal(take(c, step(c, 9, STEP(accept))), 404);
}


static void
only_who_covers_the_place_is_sent(void **state)
{
    world_t           *w = *state;
    city_t            *c = &w->city;
    Shian__Operation  *op;

    add_user(c, "li", ROLE(inspector));
    op = city_operation(c, ROLE(admin), 0);
    CITY_BODY(c, op, USER_PUT, user_put, Shian__UserPut,
              shian__user_put__init)->login = "far";
    op->user_put->name = "Far";
    op->user_put->has_role = 1;
    op->user_put->role = ROLE(inspector);
    op->user_put->n_district = 1;
    op->user_put->district = (char *[]) { "江口" };
    assert_int_equal(city_do(c, op), 200);

    assert_int_equal(file(c, filing(c, FILE_AS(report), 1)), 200);
    assert_int_equal(take(c, step(c, 1, STEP(accept))), 200);

    op = step(c, 1, STEP(dispatch));
    assert_int_equal(take(c, op), 422);
    op->complaint_step->has_to = op->complaint_step->has_due_on = 1;
    op->complaint_step->to = 4;
    op->complaint_step->due_on = today(c) + 1;
    assert_int_equal(take(c, op), 422);
    assert_string_equal(wrong_field(c), "to");
    op->complaint_step->to = INSPECTOR;
    op->complaint_step->due_on = today(c) - 1;
    assert_int_equal(take(c, op), 422);
    op->complaint_step->due_on = today(c) + 1;
    assert_int_equal(take(c, op), 200);

    op = step(c, 1, STEP(check_in));
    op->actor->role = ROLE(inspector);
    op->complaint_step->has_lat = op->complaint_step->has_lng = 1;
    op->complaint_step->lat = LAT + 400 * METRE;
    op->complaint_step->lng = LNG;
    op->actor->user = 3;
    assert_int_equal(take(c, op), 403);
    op->actor->user = 4;
    assert_int_equal(take(c, op), 403);
    op->actor->user = INSPECTOR;
    assert_int_equal(take(c, op), 200);
    assert_int_equal(complaint(c, 1)->state, CSTATE(on_site));
}


static void
a_check_in_is_on_site_or_says_how_far(void **state)
{
    size_t                  i;
    world_t                *w = *state;
    city_t                 *c = &w->city;
    shian_txn_t             t;
    Shian__Complaint       *p;
    Shian__Operation       *op;
    Shian__ComplaintEvent  *e;

    static const struct {
        uint32_t  metres;
        uint32_t  accuracy;
        bool      on_site;
    } rows_[] = { { 199, 0, true }, { 201, 0, false }, { 299, 100, true },
                  { 301, 5000, false } };

    for (i = 0; i < SHIAN_COUNT(rows_); i++) {
        assert_int_equal(file(c, filing(c, FILE_AS(report), i + 1)), 200);
        assert_int_equal(take(c, step(c, i + 1, STEP(accept))), 200);
        op = step(c, i + 1, STEP(dispatch));
        op->complaint_step->has_to = op->complaint_step->has_due_on = 1;
        op->complaint_step->to = INSPECTOR;
        op->complaint_step->due_on = today(c);
        assert_int_equal(take(c, op), 200);

        op = step(c, i + 1, STEP(check_in));
        op->complaint_step->has_lat = op->complaint_step->has_lng = 1;
        op->complaint_step->lat = LAT + rows_[i].metres * METRE;
        op->complaint_step->lng = LNG;
        op->complaint_step->has_accuracy = 1;
        op->complaint_step->accuracy = rows_[i].accuracy;
        assert_int_equal(take(c, op), 200);

        p = complaint(c, i + 1);
        read_txn(c, &t);
        e = shian_complaint_event(&t, i + 1, p->events);
        assert_int_equal(e->on_site, rows_[i].on_site);
        shian_txn_abort(&t);
    }
}


static void
a_decision_may_open_findings(void **state)
{
    world_t                       *w = *state;
    city_t                        *c = &w->city;
    Shian__Operation              *op;
    Shian__ComplaintStep__Breach   b = SHIAN__COMPLAINT_STEP__BREACH__INIT;
    Shian__ComplaintStep__Breach  *all[] = { &b, &b };

    assert_int_equal(city_do(c, visit(c, "L1+", "")), 200);
    assert_int_equal(file(c, filing(c, FILE_AS(report), 1)), 200);
    work_through(c, 1);

    op = decision(c, 1, SHIAN__OUTCOME__KIND__unsubstantiated);
    op->complaint_step->findings = all;
    op->complaint_step->n_findings = 1;
    b.item = "XX";
    assert_int_equal(take(c, op), 422);
    b.item = "L2";
    assert_int_equal(take(c, op), 422);

    op = decision(c, 1, SHIAN__OUTCOME__KIND__substantiated);
    op->complaint_step->findings = all;
    op->complaint_step->n_findings = 2;
    assert_int_equal(take(c, op), 422);
    assert_int_equal(tally(c)->findings_open, 0);
    op->complaint_step->n_findings = 1;
    assert_int_equal(take(c, op), 200);

    assert_int_equal(tally(c)->findings_open, 1);
    assert_int_equal(finding(c, 1)->complaint, 1);
    assert_int_equal(finding(c, 1)->deadline_on,
                     today(c) + shian_finding_days(finding(c, 1)->severity));
    assert_int_equal(complaint(c, 1)->n_found, 1);
    assert_string_equal(complaint(c, 1)->found[0]->item, "L2");
    assert_true(tally(c)->grade->score < 9000);
}


/* ---- cases ----------------------------------------------------------------*/

static Shian__Operation *
open_case(city_t *c, uint64_t about)
{
    Shian__Operation  *op = by(c, ROLE(officer), OFFICER, 0);
    Shian__CaseOpen   *n;

    n = CITY_BODY(c, op, CASE_OPEN, case_open, Shian__CaseOpen,
                  shian__case_open__init);
    n->has_venue = 1;
    n->venue = 1;
    n->has_complaint = about != 0;
    n->complaint = about;
    n->has_inspection = about == 0;
    n->inspection = 1;

    return op;
}


static void
a_case_with_a_penalty_weighs(void **state)
{
    world_t           *w = *state;
    city_t            *c = &w->city;
    Shian__CaseStep   *s;
    Shian__Operation  *op;

    assert_int_equal(city_do(c, open_case(c, 0)), 422);
    assert_int_equal(city_do(c, visit(c, "L1+", "")), 200);
    assert_int_equal(file(c, filing(c, FILE_AS(report), 1)), 200);
    assert_int_equal(city_do(c, open_case(c, 1)), 409);
    find_substantiated(c, 1);
    assert_grade(c, green, 9000);
    assert_int_equal(city_do(c, open_case(c, 1)), 200);
    assert_int_equal(city_do(c, open_case(c, 0)), 200);
    assert_int_equal(complaint(c, 1)->n_cases, 1);
    assert_grade(c, green, 9000);

    op = by(c, ROLE(officer), OFFICER, 0);
    s = CITY_BODY(c, op, CASE_STEP, case_step, Shian__CaseStep,
                  shian__case_step__init);
    s->has_case_id = s->has_action = s->has_penalty = 1;
    s->case_id = 1;
    s->action = SHIAN__CASE_STEP__ACTION__decide;
    s->penalty = 1;
    assert_int_equal(city_do(c, op), 422);
    s->document_no = "甬市监罚〔2026〕7号";
    s->has_published = s->published = 1;
    assert_int_equal(city_do(c, op), 422);
    s->text = "罚款五千元。";
    assert_int_equal(city_do(c, op), 200);
    assert_grade(c, yellow, 6500);
    assert_int_equal(city_do(c, op), 409);

    s->case_id = 2;
    s->penalty = 0;
    s->document_no = NULL;
    s->published = 0;
    assert_int_equal(city_do(c, op), 200);
    assert_grade(c, yellow, 6500);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
#define TEST(f)  cmocka_unit_test_setup_teardown(f, setup, teardown)
        TEST(a_complaint_is_received_with_its_clocks),
        TEST(both_are_two_records_with_one_key),
        TEST(fields_have_their_bounds),
        TEST(what_is_wrong_is_refused_by_field),
        TEST(three_a_day_from_one_device_about_one_place),
        TEST(duplicates_are_suggested_within_48_hours),
        TEST(clocks_know_when_they_guess),
        TEST(categories_are_a_list_of_codes),
        TEST(durations_have_their_buckets),
        TEST(a_complaint_goes_its_way),
        TEST(reopened_once_and_within_thirty_days),
        TEST(a_report_is_extended_once_a_complaint_never),
        TEST(steps_say_what_they_lack),
        TEST(only_who_covers_the_place_is_sent),
        TEST(a_check_in_is_on_site_or_says_how_far),
        TEST(a_decision_may_open_findings),
        TEST(a_case_with_a_penalty_weighs),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, NULL, NULL);
}
