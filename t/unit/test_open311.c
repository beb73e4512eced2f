/*
 * What Open311 shows of complaints and reports to everybody.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "complaints.h"
#include "domain/view_open311.h"

typedef Shian__Open311__Requests           requests_t;
typedef Shian__Open311__Requests__Request  request_t;


static shian_open311_query_t
anything(void)
{
    shian_open311_query_t  q = { 0 };

    q.to_ms = UINT64_C(4102444800000);
    q.open = q.closed = true;
    q.max = SHIAN_OPEN311_MAX;
    q.now_ms = UINT64_MAX / 2;

    return q;
}


static requests_t *
ask(city_t *c, const shian_open311_query_t *q)
{
    requests_t   *r;
    shian_txn_t   t;

    read_txn(c, &t);
    r = shian_view_requests(&t, true, q);
    assert_int_equal(t.err, 0);
    shian_txn_abort(&t);
    assert_non_null(r);

    return r;
}


/* The complaint that is called so. */
static int
id_of(city_t *c, const char *public_id)
{
    uint64_t     id;
    shian_txn_t  t;

    read_txn(c, &t);
    id = shian_complaint_of_public(&t, shian_str(public_id));
    shian_txn_abort(&t);
    assert_int_not_equal(id, 0);

    return (int) id;
}


/* The ids of an answer, as "3 2 1". */
static const char *
ids(city_t *c, const shian_open311_query_t *q)
{
    size_t       i;
    requests_t  *r = ask(c, q);
    shian_buf_t  b;

    shian_buf_init(&b, &c->arena);

    for (i = 0; i < r->n_service_requests; i++) {
        shian_putf(&b.sink, "%s%d", i == 0 ? "" : " ",
                   id_of(c, r->service_requests[i]->service_request_id));
    }

    shian_putc(&b.sink, '\0');

    return (const char *) b.p;
}


static void
put(city_t *c, const char *category)
{
    Shian__Operation  *op = filing(c, FILE_AS(report), 0);

    op->actor->has_device = 0;
    op->actor->role = ROLE(officer);
    op->complaint_post->category = (char *) category;
    assert_int_equal(file(c, op), 200);
}


static request_t *
first(city_t *c)
{
    shian_open311_query_t  q = anything();

    return ask(c, &q)->service_requests[0];
}


static void
a_filing_shows_a_day_and_nothing_else(void **state)
{
    city_t     *c = &((world_t *) *state)->city;
    uint64_t    filed;
    request_t  *r;

    filed = c->now;
    put(c, "foreign");
    r = first(c);
    assert_int_equal(id_of(c, r->service_request_id), 1);
    assert_string_equal(r->status, "open");
    assert_string_equal(r->status_notes, "received");
    assert_string_equal(r->service_code, "foreign");
    assert_string_equal(r->service_name, "吃出异物");

    /* Midnight here, and within the day before. */
    assert_int_equal((r->requested_datetime / MINUTE + SHIAN_TZ_MINUTES)
                     % 1440, 0);
    assert_true(r->requested_datetime <= filed
                && filed - r->requested_datetime < DAY_MS);
    assert_int_equal(r->updated_datetime, r->requested_datetime);
    assert_true(r->has_expected_datetime
                && r->expected_datetime > filed);
    assert_int_equal((r->expected_datetime / MINUTE + SHIAN_TZ_MINUTES)
                     % 1440, 0);

    assert_null(r->description);
    assert_null(r->address);
    assert_null(r->media_url);
    assert_false(r->has_address_id || r->has_lat || r->has_long_);
}


static void
a_place_is_named_once_it_is_substantiated(void **state)
{
    city_t     *c = &((world_t *) *state)->city;
    request_t  *r;

    put(c, "foreign");
    work_through(c, 1);
    r = first(c);
    assert_string_equal(r->status_notes, "reported");
    assert_null(r->address);

    assert_int_equal(take(c, decision(c, 1,
                              SHIAN__OUTCOME__KIND__substantiated)), 200);
    r = first(c);
    assert_string_equal(r->status, "open");
    assert_string_equal(r->address, "小馆, 锦屏路1号");
    assert_int_equal(r->address_id, 1);
    assert_true(r->lat > 29 && r->long_ > 121);
    assert_string_equal(r->description, "经查属实，已责令整改。");
}


static void
what_was_not_found_names_nobody(void **state)
{
    city_t     *c = &((world_t *) *state)->city;
    request_t  *r;

    put(c, "foreign");
    work_through(c, 1);
    assert_int_equal(take(c, decision(c, 1,
                              SHIAN__OUTCOME__KIND__unsubstantiated)), 200);
    assert_int_equal(take(c, step(c, 1, STEP(close))), 200);
    r = first(c);
    assert_string_equal(r->status, "closed");
    assert_string_equal(r->status_notes, "closed");
    assert_false(r->has_expected_datetime);
    assert_null(r->address);
    assert_false(r->has_address_id || r->has_lat);
}


static void
queries_narrow_by_all_they_say(void **state)
{
    city_t                *c = &((world_t *) *state)->city;
    uint64_t               third;
    shian_open311_query_t  q = anything();

    const uint64_t     wanted[] = { 2, 9, 1 };
    const shian_str_t  codes[] = { SHIAN_STR("pests"), SHIAN_STR("price") };

    assert_string_equal(ids(c, &q), "");
    put(c, "foreign");
    put(c, "pests");
    c->now += 3 * DAY_MS;
    put(c, "price");
    third = first(c)->requested_datetime;
    assert_int_equal(follow(c, 2, FOLLOW(withdraw), NULL, 0), 200);

    assert_string_equal(ids(c, &q), "3 2 1");
    q.closed = false;
    assert_string_equal(ids(c, &q), "3 1");
    q.open = false;
    q.closed = true;
    assert_string_equal(ids(c, &q), "2");

    q = anything();
    q.codes = codes;
    q.ncodes = 2;
    assert_string_equal(ids(c, &q), "3 2");
    q.ncodes = 1;
    assert_string_equal(ids(c, &q), "2");

    q = anything();
    q.from_ms = third;
    assert_string_equal(ids(c, &q), "3");
    q.from_ms = third + 1;
    assert_string_equal(ids(c, &q), "");
    q.from_ms = 0;
    q.to_ms = third;
    assert_string_equal(ids(c, &q), "3 2 1");
    q.to_ms = third - 1;
    assert_string_equal(ids(c, &q), "2 1");
    q.to_ms = 0;
    assert_string_equal(ids(c, &q), "");

    q.ids = wanted;
    q.nids = 3;
    assert_string_equal(ids(c, &q), "2 1");
}


static void
pages_follow_one_another(void **state)
{
    city_t                *c = &((world_t *) *state)->city;
    size_t                 i;
    shian_open311_query_t  q = anything();

    for (i = 0; i < 7; i++) {
        put(c, i % 2 == 0 ? "foreign" : "pests");
    }

    q.max = 3;
    assert_string_equal(ids(c, &q), "7 6 5");
    q.skip = 3;
    assert_string_equal(ids(c, &q), "4 3 2");
    q.skip = 6;
    assert_string_equal(ids(c, &q), "1");
    q.skip = 9;
    assert_string_equal(ids(c, &q), "");
}


static void
every_category_is_a_service(void **state)
{
    city_t                    *c = &((world_t *) *state)->city;
    size_t                     i;
    Shian__Categories         *all;
    Shian__Open311__Services  *zh, *en;

    all = shian_categories();
    zh = shian_view_services(&c->arena, true);
    en = shian_view_services(&c->arena, false);
    assert_int_equal(zh->n_services, all->n_items);
    assert_int_equal(en->n_services, all->n_items);

    for (i = 0; i < all->n_items; i++) {
        assert_string_equal(zh->services[i]->service_code,
                            all->items[i]->code);
        assert_string_equal(zh->services[i]->service_name,
                            all->items[i]->text);
        assert_string_equal(en->services[i]->service_name,
                            all->items[i]->text_en);
        assert_string_equal(en->services[i]->type, "realtime");
        assert_true(en->services[i]->metadata);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
#define TEST(f)  cmocka_unit_test_setup_teardown(f, setup, teardown)
        TEST(a_filing_shows_a_day_and_nothing_else),
        TEST(a_place_is_named_once_it_is_substantiated),
        TEST(what_was_not_found_names_nobody),
        TEST(queries_narrow_by_all_they_say),
        TEST(pages_follow_one_another),
        TEST(every_category_is_a_service),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, NULL, NULL);
}
