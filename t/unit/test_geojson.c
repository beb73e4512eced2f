#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <math.h>
#include <cmocka.h>

#include "written.h"
#include "render/geojson.h"
#include "shian.pb-c.h"


static void
features_have_a_place_or_null(void **state)
{
    Shian__VenueItem   here = SHIAN__VENUE_ITEM__INIT;
    Shian__VenueItem   nowhere = SHIAN__VENUE_ITEM__INIT;
    Shian__VenueItem  *items[] = { &here, &nowhere };
    Shian__VenueList   list = SHIAN__VENUE_LIST__INIT;

    (void) state;

    here.has_id = 1;
    here.id = 7;
    here.name = (char *) "\"张记\"";
    here.has_lng = 1;
    here.lng = 121.4065;
    here.has_lat = 1;
    here.lat = -29.65;
    here.has_hygiene = 1;
    here.hygiene = 457;

    list.n_items = 2;
    list.items = items;
    assert_true(shian_geojson_list(&list.base, &buf.sink));
    assert_string_equal(written(),
        "{\"type\":\"FeatureCollection\",\"features\":["
        "{\"type\":\"Feature\",\"id\":7,\"geometry\":{\"type\":\"Point\","
        "\"coordinates\":[121.4065,-29.65]},\"properties\":{\"id\":7,"
        "\"name\":\"\\\"张记\\\"\",\"hygiene\":4.57}},"
        "{\"type\":\"Feature\",\"geometry\":null,\"properties\":{}}]}");
}


static void
impossible_places_are_none(void **state)
{
    size_t            i;
    Shian__VenueItem  v = SHIAN__VENUE_ITEM__INIT;

    static const double  bad[][2] = {
        { 181, 0 }, { 0, 91 }, { NAN, 0 }, { 0, -INFINITY }
    };

    (void) state;
    v.has_lng = 1;
    v.has_lat = 1;

    for (i = 0; i < SHIAN_COUNT(bad); i++) {
        v.lng = bad[i][0];
        v.lat = bad[i][1];
        shian_geojson_row(&v.base, true, &buf.sink);
        assert_string_equal(written(), "{\"type\":\"Feature\","
            "\"geometry\":null,\"properties\":{}}");
    }

    v.lng = 180;
    v.lat = -90;
    shian_geojson_row(&v.base, false, &buf.sink);
    assert_string_equal(written(), ",{\"type\":\"Feature\","
        "\"geometry\":{\"type\":\"Point\",\"coordinates\":[180,-90]},"
        "\"properties\":{}}");
}


static void
other_messages_are_features_too(void **state)
{
    Shian__UserList   users = SHIAN__USER_LIST__INIT;
    Shian__UserView   user = SHIAN__USER_VIEW__INIT;
    Shian__UserView  *items[] = { &user };
    Shian__Desk       desk = SHIAN__DESK__INIT;

    (void) state;

    users.n_items = 1;
    users.items = items;
    assert_true(shian_geojson_list(&users.base, &buf.sink));
    assert_string_equal(written(),
        "{\"type\":\"FeatureCollection\",\"features\":["
        "{\"type\":\"Feature\",\"geometry\":null,\"properties\":{}}]}");
    assert_false(shian_geojson_list(&desk.base, &buf.sink));
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(features_have_a_place_or_null, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(impossible_places_are_none, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(other_messages_are_features_too, setup,
                                        teardown),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
