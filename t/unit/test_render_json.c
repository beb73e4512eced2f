#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <math.h>
#include <cmocka.h>

#include "written.h"
#include <jansson.h>

#include "render/json.h"
#include "shian.pb-c.h"


static void
every_type_has_its_word(void **state)
{
    char                *districts[] = { (char *) "锦屏", (char *) "岳林" };
    uint32_t             histogram[] = { 1, 0, 4294967295 };
    Shian__Component     c1 = SHIAN__COMPONENT__INIT;
    Shian__Component    *components[] = { &c1 };
    Shian__Grade         grade = SHIAN__GRADE__INIT;
    Shian__Tally         tally = SHIAN__TALLY__INIT;
    Shian__User          user = SHIAN__USER__INIT;
    Shian__Photo         photo = SHIAN__PHOTO__INIT;

    (void) state;

    c1.has_code = 1;
    c1.code = SHIAN__COMPONENT__CODE__case;
    c1.has_points = 1;
    c1.points = -726;
    c1.has_on = 1;
    c1.on = 20780;

    grade.has_score = 1;
    grade.score = 5;
    grade.has_since = 1;
    grade.since = 1795420800999;
    grade.has_held = 1;
    grade.n_components = 1;
    grade.components = components;

    tally.has_rev = 1;
    tally.rev = UINT64_MAX;
    tally.grade = &grade;
    tally.n_histogram = 3;
    tally.histogram = histogram;

    assert_true(shian_json_write(&tally.base, &buf.sink));
    assert_string_equal(written(), "{\"rev\":18446744073709551615,"
        "\"grade\":{\"score\":0.05,\"since\":\"2026-11-23T08:00:00Z\","
        "\"held\":false,\"components\":[{\"code\":\"case\","
        "\"points\":-7.26,\"on\":\"2026-11-23\"}]},"
        "\"histogram\":[1,0,4294967295]}");

    user.n_districts = 2;
    user.districts = districts;
    assert_true(shian_json_write(&user.base, &buf.sink));
    assert_string_equal(written(), "{\"districts\":[\"锦屏\",\"岳林\"]}");

    photo.has_hash = 1;
    photo.hash.data = (uint8_t *) "\x01\xfe";
    photo.hash.len = 2;
    assert_true(shian_json_write(&photo.base, &buf.sink));
    assert_string_equal(written(), "{\"hash\":\"01fe\"}");
}


static void
absent_is_left_out_but_items(void **state)
{
    Shian__Venue      venue = SHIAN__VENUE__INIT;
    Shian__Tally      tally = SHIAN__TALLY__INIT;
    Shian__VenueList  list = SHIAN__VENUE_LIST__INIT;

    (void) state;

    assert_true(shian_json_write(&venue.base, &buf.sink));
    assert_string_equal(written(), "{}");
    assert_true(shian_json_write(&tally.base, &buf.sink));
    assert_string_equal(written(), "{}");
    assert_true(shian_json_write(&list.base, &buf.sink));
    assert_string_equal(written(), "{\"items\":[]}");

    /* An enum's number from a newer schema has no name here. */
    venue.has_status = 1;
    venue.status = (Shian__Venue__Status) 99;
    venue.name = (char *) "";
    assert_true(shian_json_write(&venue.base, &buf.sink));
    assert_string_equal(written(), "{\"name\":\"\"}");
}


static void
only_the_chosen_of_a_oneof(void **state)
{
    Shian__VenueStatus  status = SHIAN__VENUE_STATUS__INIT;
    Shian__Operation    op = SHIAN__OPERATION__INIT;

    (void) state;

    status.has_venue = 1;
    status.venue = 7;
    op.body_case = SHIAN__OPERATION__BODY_VENUE_STATUS;
    op.venue_status = &status;
    assert_true(shian_json_write(&op.base, &buf.sink));
    assert_string_equal(written(), "{\"venue_status\":{\"venue\":7}}");
}


static void
doubles_are_plain(void **state)
{
    size_t        i;
    Shian__Venue  venue = SHIAN__VENUE__INIT;

    static const struct {
        double       d;
        const char  *text;
    } cases[] = {
        { 0, "{\"lng\":0}" },
        { -0.0, "{\"lng\":0}" },
        { 121.4065, "{\"lng\":121.4065}" },
        { -29.65512345678, "{\"lng\":-29.6551235}" },
        { -0.00000004, "{\"lng\":0}" },
        { -0.00000006, "{\"lng\":-0.0000001}" },
        { 0.99999999, "{\"lng\":1}" },
        { 99999999999, "{\"lng\":99999999999}" },
        { 1e15, "{\"lng\":1000000000000000}" },
        { -1e22, "{\"lng\":-10000000000000000000000}" },
        { NAN, "{}" },
        { INFINITY, "{}" },
    };

    (void) state;
    venue.has_lng = 1;

    for (i = 0; i < SHIAN_COUNT(cases); i++) {
        venue.lng = cases[i].d;
        assert_true(shian_json_write(&venue.base, &buf.sink));
        assert_string_equal(written(), cases[i].text);
    }
}


static void
strings_survive_a_parser(void **state)
{
    int           c;
    char          all[140];
    json_t       *json;
    size_t        n;
    Shian__Venue  venue = SHIAN__VENUE__INIT;

    (void) state;

    for (c = 1, n = 0; c < 128; c++) {
        all[n++] = (char) c;
    }

    memcpy(all + n, "\xe2\x80\xa8食\xf0\x9f\x98\x80", sizeof("...食...."));
    venue.name = all;
    assert_true(shian_json_write(&venue.base, &buf.sink));
    json = json_loads(written(), 0, NULL);
    assert_non_null(json);
    assert_string_equal(json_string_value(json_object_get(json, "name")),
                        all);
    json_decref(json);

    shian_json_string(SHIAN_STR("a\xff" "b\xe9\xa3" "c\xed\xa0\x80"), false,
                      &buf.sink);
    assert_string_equal(written(), "\"a\uFFFDb\uFFFD\uFFFDc\uFFFD\uFFFD"
                                   "\uFFFD\"");
    shian_json_string(SHIAN_STR("</script>&\xe2\x80\xa9"), true, &buf.sink);
    assert_string_equal(written(),
                        "\"\\u003c/script\\u003e\\u0026\\u2029\"");
    shian_json_string(SHIAN_NONE, true, &buf.sink);
    assert_string_equal(written(), "\"\"");
}


static void
a_full_sink_is_told(void **state)
{
    Shian__VenueList  list = SHIAN__VENUE_LIST__INIT;

    (void) state;
    buf.max = 4;
    assert_false(shian_json_write(&list.base, &buf.sink));
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_type_has_its_word, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(absent_is_left_out_but_items, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(only_the_chosen_of_a_oneof, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(doubles_are_plain, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(strings_survive_a_parser, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_full_sink_is_told, setup,
                                        teardown),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
