#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "core/bind.h"
#include "shian.pb-c.h"

#define M(name)  &shian__##name##__descriptor


static shian_arena_t      arena;
static shian_report_t     report;
static ProtobufCMessage  *out;

static const shian_field_rule_t  rules[] = {
    { M(venue), "name", 2, 10, NULL, SHIAN_REQUIRED },
    { M(venue), "uscc", 18, 18, "[0-9A-HJ-NPQRTUWXY]{18}", 0 },
    { M(venue), "address", 0, 0, NULL, SHIAN_MULTILINE },
    { M(venue), "phone", 3, 20, "[0-9]{3,8}", 0 },
    { M(venue), "lng", 0, 180, NULL, 0 },
    { M(venue), "opened_on", 0, 0, NULL, 0 },
    { M(venue), "status", 0, 0, NULL, 0 },
    { M(venue), "uscc_doubtful", 0, 0, NULL, 0 },

    { M(review_post), "hygiene", 1, 5, NULL, SHIAN_REQUIRED },
    { M(review_post), "venue", 1, 0, NULL, 0 },
    { M(review_post), "text", 2, 6, NULL, SHIAN_SEALED | SHIAN_MULTILINE },
    { M(review_post), "scan", 0, 0, NULL, 0 },

    { M(user_put), "district", 2, 3, NULL, SHIAN_REQUIRED },

    { M(tally), "histogram", 0, 5, NULL, 0 },

    { M(grade), "score", 0, 100, NULL, 0 },
    { M(grade), "since", 0, 0, NULL, 0 },
    { M(grade), "components", 1, 2, NULL, 0 },
    { M(component), "code", 0, 0, NULL, SHIAN_REQUIRED },
    { M(component), "points", 0, 0, NULL, 0 },

    { M(venue_upsert), "venue", 0, 0, NULL, SHIAN_REQUIRED }
};


static int
setup(void **state)
{
    (void) state;
    shian_arena_init(&arena, NULL, NULL);
    return 0;
}


static int
teardown(void **state)
{
    (void) state;
    shian_arena_free(&arena);
    return 0;
}


/* What the report says, as "name:required uscc:pattern ". */
static const char *
said(void)
{
    size_t       i;
    shian_buf_t  b;

    shian_buf_init(&b, &arena);

    if (report.status != 200 && report.status != 422) {
        return shian_printf(&arena, "%d %s", report.status, report.code);
    }

    assert_int_equal(report.status == 422, report.nfields != 0);
    assert_int_equal(report.status == 200, out != NULL);

    for (i = 0; i < report.nfields; i++) {
        shian_putf(&b.sink, "%s:%s ", report.fields[i].field,
                   report.fields[i].code);
    }

    return shian_strdup(&arena, shian_buf_str(&b));
}


/* Binds a form written as a query string. */
static const char *
form(const ProtobufCMessageDescriptor *desc, const char *query)
{
    bool           ok;
    size_t         n;
    shian_pair_t  *pairs;

    static const char *const  ignore[] = { "lang", "idempotency_key", NULL };

    shian_report_init(&report);
    assert_true(shian_form_parse(&arena, shian_str(query), 0, &pairs, &n,
                                 &report));
    ok = shian_bind_pairs(&arena, rules, SHIAN_COUNT(rules), desc, pairs, n,
                          ignore, &out, &report);
    assert_int_equal(ok, report.status == 200);

    return said();
}


static const char *
json(const ProtobufCMessageDescriptor *desc, const char *text)
{
    bool  ok;

    static const char *const  ignore[] = { "lang", NULL };

    shian_report_init(&report);
    ok = shian_bind_json(&arena, rules, SHIAN_COUNT(rules), desc,
                         shian_str(text), ignore, &out, &report);
    assert_int_equal(ok, report.status == 200);

    return said();
}


static void
check_venue(void)
{
    Shian__Venue  *v = (Shian__Venue *) out;

    assert_string_equal(v->name, "食安馆");
    assert_string_equal(v->uscc, "91330283MA2AGXXX0A");
    assert_string_equal(v->address, "a\nb");
    assert_true(v->has_lng);
    assert_true(v->lng == -121.5);
    assert_true(v->has_opened_on);
    assert_int_equal(v->opened_on, 20415);
    assert_true(v->has_status);
    assert_int_equal(v->status, SHIAN__VENUE__STATUS__suspended);
    assert_true(v->has_uscc_doubtful);
    assert_true(v->uscc_doubtful);
    assert_false(v->has_lat);
    assert_null(v->name_en);
    assert_true(protobuf_c_message_check(out));
}


static void
one_string_of_an_object(void **state)
{
    assert_true(shian_str_is(shian_json_get(&arena, SHIAN_STR(
        "{\"a\":1,\"action\":\"reply\"}"), "action"), "reply"));

    assert_int_equal(shian_json_get(&arena, SHIAN_STR("{\"a\":1}"), "a").n,
                     0);
    assert_true(shian_str_is(shian_json_get(&arena, SHIAN_STR(
                                 "{\"\\u0061\":\"b\"}"), "a"), "b"));
    assert_int_equal(shian_json_get(&arena, SHIAN_STR("{}"), "a").n, 0);
    assert_int_equal(shian_json_get(&arena, SHIAN_STR("[\"a\"]"), "a").n, 0);
    assert_int_equal(shian_json_get(&arena, SHIAN_STR("{\"a\":"), "a").n, 0);
    assert_int_equal(shian_json_get(&arena, SHIAN_NONE, "a").n, 0);
}


static void
every_type_comes_in_by_form_and_json(void **state)
{
    Shian__Grade       *g;
    Shian__ReviewPost  *r;

    (void) state;

    assert_string_equal(form(M(venue), "name=+食安馆%e2%80%8b&lng=-121.50"
                             "&opened_on=2025-11-23&status=suspended"
                             "&address=a+%0d%0ab&uscc=91330283MA2AGXXX0A"
                             "&uscc_doubtful=on&lang=en"), "");
    check_venue();

    assert_string_equal(json(M(venue), "{\"name\":\" 食安馆\\u200b\","
                             "\"lng\":-121.50,\"opened_on\":\"2025-11-23\","
                             "\"status\":\"suspended\",\"lang\":\"en\","
                             "\"address\":\"a \\r\\nb\",\"uscc\":"
                             "\"91330283MA2AGXXX0A\","
                             "\"uscc_doubtful\":true}"), "");
    check_venue();

    assert_string_equal(form(M(review_post), "hygiene=5&text=%0a好吃%0a&"
                             "venue=18446744073709551615&scan=00fFa1"), "");
    r = (Shian__ReviewPost *) out;
    assert_true(r->has_hygiene && r->has_text && r->has_venue && r->has_scan);
    assert_int_equal(r->hygiene, 5);
    assert_true(r->venue == UINT64_MAX);
    assert_int_equal(r->text.len, 6);
    assert_memory_equal(r->text.data, "好吃", 6);
    assert_int_equal(r->scan.len, 3);
    assert_memory_equal(r->scan.data, "\0\xff\xa1", 3);

    assert_string_equal(form(M(grade), "score=-7.26&since="
                             "2026-11-23T08:00:00Z"), "");
    g = (Shian__Grade *) out;
    assert_int_equal(g->score, -726);
    assert_true(g->has_since);
    assert_true(g->since == 1795420800000);
}


static void
fields_are_required_unless_empty_is_enough(void **state)
{
    (void) state;

    assert_string_equal(form(M(venue), ""), "name:required ");
    assert_string_equal(form(M(venue), "name=&lng="), "name:required ");
    assert_string_equal(form(M(venue), "name=+%e3%80%80&lng=+"),
                        "name:required ");
    assert_string_equal(json(M(venue), "{}"), "name:required ");
    assert_string_equal(json(M(venue), "{\"name\":null}"), "name:required ");
    assert_string_equal(form(M(venue), "name=ab&lng=&status=&opened_on="), "");
    assert_false(((Shian__Venue *) out)->has_lng);
    assert_false(((Shian__Venue *) out)->has_status);
}


static void
all_that_is_wrong_is_said_in_the_rules_order(void **state)
{
    (void) state;

    assert_string_equal(form(M(venue), "lng=200&uscc=x&status=gone&name=x&"
                             "opened_on=2025-02-30&uscc_doubtful=maybe&"
                             "ref=1&id=7"),
                        "name:too_short uscc:too_short lng:range "
                        "opened_on:pattern status:unknown "
                        "uscc_doubtful:pattern ref:unknown id:unknown ");
    assert_string_equal(form(M(venue), "name=ab&phone=12345678"), "");
    assert_string_equal(form(M(venue), "name=ab&phone=123456789"),
                        "phone:pattern ");
    assert_string_equal(form(M(venue), "name=ab&phone=x123"),
                        "phone:pattern ");
    assert_string_equal(form(M(venue), "name=12345678901"), "name:too_long ");
    assert_string_equal(form(M(venue), "name=食安食安食安食安食安"), "");
    assert_string_equal(form(M(venue), "name=ab&uscc=91330283MA2AGXXX0I"),
                        "uscc:pattern ");
    assert_string_equal(form(M(venue), "name=ab&name=cd"), "name:duplicate ");
    assert_string_equal(form(M(venue), "name=ab&lng=&lng=5"),
                        "lng:duplicate ");
    assert_string_equal(form(M(review_post), "hygiene=1&text=1"),
                        "text:too_short ");
    assert_string_equal(form(M(review_post), "hygiene=1&text=1234567"),
                        "text:too_long ");
}


static void
numbers_are_exact_and_in_range(void **state)
{
    size_t  i;

    static const struct {
        const char  *query;
        const char  *said;
    } cases[] = {
        { "hygiene=1", "" }, { "hygiene=5", "" }, { "hygiene=05", "" },
        { "hygiene=0", "hygiene:range " }, { "hygiene=6", "hygiene:range " },
        { "hygiene=4294967297", "hygiene:range " },
        { "hygiene=18446744073709551617", "hygiene:range " },
        { "hygiene=-1", "hygiene:pattern " },
        { "hygiene=1.0", "hygiene:pattern " },
        { "hygiene=1e0", "hygiene:pattern " },
        { "hygiene=0x1", "hygiene:pattern " },
        { "hygiene=1&venue=0", "venue:range " },
        { "hygiene=1&venue=18446744073709551616", "venue:range " },
        { "hygiene=1&scan=0", "scan:pattern " },
        { "hygiene=1&scan=0g", "scan:pattern " }
    };
    static const struct {
        const char  *query;
        const char  *said;
        int32_t      score;
    } scores[] = {
        { "score=100", "", 10000 }, { "score=0.5", "", 50 },
        { "score=-0.05", "", -5 }, { "score=-100.00", "", -10000 },
        { "score=100.01", "score:range ", 0 },
        { "score=-101", "score:range ", 0 },
        { "score=99999999999999999999", "score:range ", 0 },
        { "score=1.005", "score:pattern ", 0 },
        { "score=1.", "score:pattern ", 0 },
        { "score=.5", "score:pattern ", 0 },
        { "score=-", "score:pattern ", 0 },
        { "score=1.-5", "score:pattern ", 0 },
        { "score=--1", "score:pattern ", 0 },
        { "score=1,5", "score:pattern ", 0 }
    };
    static const char *const  not_lng[] = {
        "inf", "nan", "0x10", "1,5", "1.5.2", "e", "-", "%2b-1", "1e", "1 2"
    };

    (void) state;

    for (i = 0; i < SHIAN_COUNT(cases); i++) {
        assert_string_equal(form(M(review_post), cases[i].query),
                            cases[i].said);
    }

    for (i = 0; i < SHIAN_COUNT(scores); i++) {
        assert_string_equal(form(M(grade), scores[i].query), scores[i].said);

        if (out != NULL) {
            assert_int_equal(((Shian__Grade *) out)->score, scores[i].score);
        }
    }

    for (i = 0; i < SHIAN_COUNT(not_lng); i++) {
        assert_string_equal(form(M(venue), shian_printf(&arena,
                                 "name=ab&lng=%s", not_lng[i])),
                            "lng:pattern ");
    }

    assert_string_equal(form(M(venue), "name=ab&lng=1e999"), "lng:range ");
    assert_string_equal(form(M(venue), "name=ab&lng=1111111111111111111111111"
                             "1111111111111111111"), "lng:pattern ");
}


static void
repeated_fields_gather(void **state)
{
    Shian__Tally    *t;
    Shian__UserPut  *u;

    (void) state;

    assert_string_equal(form(M(user_put), "district=锦屏&district=&district="
                             "岳林"), "");
    u = (Shian__UserPut *) out;
    assert_int_equal(u->n_district, 2);
    assert_string_equal(u->district[0], "锦屏");
    assert_string_equal(u->district[1], "岳林");
    assert_string_equal(json(M(user_put), "{\"district\":[\"a\",\"b\",\"c\"]}"),
                        "");
    assert_string_equal(json(M(user_put), "{\"district\":[\"a\",\"b\",\"c\","
                             "\"d\"]}"), "district:too_long ");
    assert_string_equal(form(M(user_put), "district=a"),
                        "district:too_short ");
    assert_string_equal(form(M(user_put), ""), "district:required ");
    assert_string_equal(json(M(user_put), "{\"district\":[]}"),
                        "district:required ");
    assert_string_equal(json(M(user_put), "{\"district\":\"a\"}"),
                        "district:pattern ");
    assert_string_equal(json(M(user_put), "{\"district\":[\"a\",null]}"),
                        "district:pattern ");

    assert_string_equal(json(M(tally), "{\"histogram\":[1,200,3]}"), "");
    t = (Shian__Tally *) out;
    assert_int_equal(t->n_histogram, 3);
    assert_int_equal(t->histogram[1], 200);
}


static void
json_nests_by_rules_of_each_message(void **state)
{
    Shian__Grade        *g;
    Shian__VenueUpsert  *u;

    (void) state;

    assert_string_equal(json(M(grade), "{\"score\":7.26,\"components\":["
                             "{\"code\":\"finding\",\"points\":-1.1},"
                             "{\"code\":\"case\",\"points\":\"2\"}]}"), "");
    g = (Shian__Grade *) out;
    assert_int_equal(g->score, 726);
    assert_int_equal(g->n_components, 2);
    assert_int_equal(g->components[0]->points, -110);
    assert_int_equal(g->components[1]->code, SHIAN__COMPONENT__CODE__case);
    assert_int_equal(g->components[1]->points, 200);
    assert_true(protobuf_c_message_check(out));

    assert_string_equal(json(M(grade), "{\"components\":[{\"code\":\"case\"},"
                             "{\"code\":\"x\",\"lang\":1,\"ref\":\"finding:7\"}"
                             "],\"held\":true}"),
                        "components[1].code:unknown "
                        "components[1].lang:unknown components[1].ref:unknown "
                        "held:unknown ");
    assert_string_equal(json(M(grade), "{\"components\":[{},{},{}]}"),
                        "components:too_long ");
    assert_string_equal(json(M(grade), "{\"components\":{}}"),
                        "components:pattern ");
    assert_string_equal(json(M(grade), "{\"components\":[1]}"),
                        "components:pattern ");
    assert_string_equal(form(M(grade), "components=1"),
                        "components:unknown ");

    assert_string_equal(json(M(venue_upsert), "{\"venue\":{\"name\":\"ab\"}}"),
                        "");
    u = (Shian__VenueUpsert *) out;
    assert_string_equal(u->venue->name, "ab");
    assert_string_equal(json(M(venue_upsert), "{\"venue\":{}}"),
                        "venue.name:required ");
    assert_string_equal(json(M(venue_upsert), "{}"), "venue:required ");
    assert_string_equal(json(M(venue_upsert), "{\"venue\":[]}"),
                        "venue:pattern ");
}


static void
json_types_must_fit(void **state)
{
    (void) state;

    assert_string_equal(json(M(venue), "{\"name\":5,\"lng\":\"120.5\","
                             "\"status\":1,\"uscc_doubtful\":1,"
                             "\"opened_on\":20415,\"address\":{}}"),
                        "name:pattern address:pattern opened_on:pattern "
                        "status:pattern uscc_doubtful:pattern ");
    assert_string_equal(json(M(review_post), "{\"hygiene\":1.5}"),
                        "hygiene:pattern ");
    assert_string_equal(json(M(review_post), "{\"hygiene\":[5]}"),
                        "hygiene:pattern ");
}


static void
json_that_is_none_is_malformed(void **state)
{
    size_t    i;
    uint8_t  *p;

    static const char *const  bad[] = {
        "", "[]", "1", "\"a\"", "null", "{", "{\"name\":\"ab\"}x",
        "{\"name\":\"ab\",\"name\":\"ab\"}", "{\"name\":\"\\ud800\"}",
        "{\"name\":\"a\\u0000\"}", "{\"name\":\"a\xff\"}", "{'name':'ab'}",
        "{\"a\":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]}",
        "{\"\\\\\":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]}"
    };

    (void) state;

    for (i = 0; i < SHIAN_COUNT(bad); i++) {
        assert_string_equal(json(M(venue), bad[i]), "400 malformed");
    }

    /* Brackets in a string nest nothing. */
    assert_string_equal(json(M(venue), "{\"name\":\"ab\",\"address\":"
                             "\"\\\"[[[[[[[[[[[[[[[[[[[[\"}"), "");

    p = shian_alloc(&arena, 1000000);
    memset(p, '[', 1000000);
    shian_report_init(&report);
    assert_false(shian_bind_json(&arena, rules, SHIAN_COUNT(rules), M(venue),
                                 shian_slice(p, 1000000), NULL, &out,
                                 &report));
    assert_string_equal(said(), "400 malformed");
}


static void
hostile_names_are_cut(void **state)
{
    size_t         i;
    shian_buf_t    b;
    shian_pair_t   pairs[100];

    (void) state;
    shian_buf_init(&b, &arena);

    for (i = 0; i < 70; i++) {
        shian_putz(&b.sink, "食");
    }

    for (i = 0; i < SHIAN_COUNT(pairs); i++) {
        pairs[i].name = shian_buf_str(&b);
        pairs[i].value = SHIAN_NONE;
    }

    shian_report_init(&report);
    assert_false(shian_bind_pairs(&arena, rules, SHIAN_COUNT(rules),
                                  M(tally), pairs, SHIAN_COUNT(pairs), NULL,
                                  &out, &report));
    assert_int_equal(report.status, 422);
    assert_int_equal(report.nfields, SHIAN_MAX_FIELD_ERRORS);
    assert_int_equal(strlen(report.fields[0].field), 63);
}


static void
rules_that_do_not_fit_are_found(void **state)
{
    size_t  i, bad;

    static const shian_field_rule_t  misfits[] = {
        { NULL, "name", 0, 0, NULL, 0 }, { M(venue), NULL, 0, 0, NULL, 0 },
        { M(venue), "nome", 0, 0, NULL, 0 },
        { M(venue), "name", 5, 4, NULL, 0 },
        { M(venue), "name", 0, 0, "(", 0 },
        { M(venue), "id", 0, 0, "[0-9]", 0 },
        { M(venue), "name", 0, 0, NULL, SHIAN_SEALED },
        { M(operation), "erase", 0, 0, NULL, 0 }
    };

    (void) state;

    assert_true(shian_bind_check(rules, SHIAN_COUNT(rules), &bad));

    for (i = 0; i < SHIAN_COUNT(misfits); i++) {
        assert_false(shian_bind_check(&misfits[i], 1, &bad));
        assert_int_equal(bad, 0);
    }

    shian_report_init(&report);
    assert_false(shian_bind_json(&arena, &misfits[2], 1, M(venue),
                                 SHIAN_STR("{}"), NULL, &out, &report));
    assert_string_equal(said(), "500 server");
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_type_comes_in_by_form_and_json,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(
            fields_are_required_unless_empty_is_enough, setup, teardown),
        cmocka_unit_test_setup_teardown(
            all_that_is_wrong_is_said_in_the_rules_order, setup, teardown),
        cmocka_unit_test_setup_teardown(numbers_are_exact_and_in_range, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(repeated_fields_gather, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(json_nests_by_rules_of_each_message,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(json_types_must_fit, setup, teardown),
        cmocka_unit_test_setup_teardown(one_string_of_an_object, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(json_that_is_none_is_malformed, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(hostile_names_are_cut, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(rules_that_do_not_fit_are_found, setup,
                                        teardown),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
