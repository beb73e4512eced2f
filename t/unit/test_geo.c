#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/geo.h"
#include "left_out.h"

#define HANGZHOU  "../shared/data/venues/hangzhou.csv"


/* The same numbers on every run. */
static double
draw(double lo, double hi)
{
    static uint64_t  seed = 20261123;

    seed = seed * 6364136223846793005u + 1442695040888963407u;

    return lo + (hi - lo) * (double) (seed >> 11) / 9007199254740992.0;
}


static void
positions_that_cannot_be(void **state)
{
    (void) state;
    assert_true(shian_geo_valid(29.65, 121.4));
    assert_true(shian_geo_valid(0, 121.4));
    assert_true(shian_geo_valid(-90, -180));
    assert_false(shian_geo_valid(0, 0));
    assert_false(shian_geo_valid(-1, -1));
    assert_false(shian_geo_valid(121.4, 29.65));
    assert_false(shian_geo_valid(29, 181));
    assert_false(shian_geo_valid(NAN, 1));
    assert_false(shian_geo_valid(1, INFINITY));

    assert_false(shian_geo_outside_china(29.65, 121.4));
    assert_true(shian_geo_outside_china(51.36, -0.17));
    assert_true(shian_geo_outside_china(NAN, 100));
}


static void
datums_invert(void **state)
{
    int            i;
    double         off;
    shian_point_t  p, q;

    (void) state;

    for (i = 0; i < 20000; i++) {
        p = (shian_point_t) { draw(3, 54), draw(73, 136) };

        q = shian_geo_gcj02_to_wgs84(p);
        off = shian_geo_distance(p, q);
        assert_true(off > 1 && off < 1500);
        q = shian_geo_wgs84_to_gcj02(q);
        assert_true(shian_geo_distance(p, q) < 0.001);

        q = shian_geo_gcj02_to_bd09(shian_geo_bd09_to_gcj02(p));
        assert_true(shian_geo_distance(p, q) < 0.001);
    }

    /* Outside China nothing moves. */
    p = (shian_point_t) { 51.36, -0.17 };
    q = shian_geo_bd09_to_wgs84(p);
    assert_true(q.lat == p.lat && q.lng == p.lng);
}


/*
 * 3,230 places with all three datums, worked out by others: BD-09 to within
 * 7 cm of ours, WGS-84 by a one-step inverse that is under 3 m off.
 */
static void
datums_agree_with_a_city(void **state)
{
    FILE           *f;
    int             n, i;
    char            line[1024], *p;
    double          v[6], worst_bd, worst_wgs;
    shian_point_t   gcj, wgs, bd;

    (void) state;

    f = fopen(HANGZHOU, "r");
    if (f == NULL) {
        left_out(HANGZHOU);
        return;
    }

    n = 0;
    worst_bd = 0;
    worst_wgs = 0;
    assert_non_null(fgets(line, sizeof(line), f));

    while (fgets(line, sizeof(line), f) != NULL) {
        /* The last six fields; names may hold commas. */
        p = line + strlen(line);
        for (i = 5; i >= 0; i--) {
            while (p > line && p[-1] != ',') {
                p--;
            }
            v[i] = strtod(p, NULL);
            p--;
        }

        gcj = (shian_point_t) { v[1], v[0] };
        wgs = (shian_point_t) { v[3], v[2] };
        bd = (shian_point_t) { v[5], v[4] };

        worst_bd = fmax(worst_bd, shian_geo_distance(bd,
                                             shian_geo_gcj02_to_bd09(gcj)));
        worst_bd = fmax(worst_bd, shian_geo_distance(gcj,
                                             shian_geo_bd09_to_gcj02(bd)));
        worst_wgs = fmax(worst_wgs, shian_geo_distance(wgs,
                                             shian_geo_gcj02_to_wgs84(gcj)));
        n++;
    }

    fclose(f);
    print_message("# %d places, BD-09 off by %.3f m, WGS-84 by %.2f m\n", n,
                  worst_bd, worst_wgs);
    assert_int_equal(n, 3230);
    assert_true(worst_bd < 0.2);
    assert_true(worst_wgs < 3);
}


static void
distances(void **state)
{
    shian_point_t  london, paris;

    (void) state;
    london = (shian_point_t) { 51.5074, -0.1278 };
    paris = (shian_point_t) { 48.8566, 2.3522 };

    assert_true(fabs(shian_geo_distance(london, paris) - 343556) < 100);
    assert_true(shian_geo_distance(london, london) == 0);

    /* A quarter of a meridian, half a great circle. */
    assert_true(fabs(shian_geo_distance((shian_point_t) { 0, 0 },
                                        (shian_point_t) { 90, 0 })
                     - 10007557) < 1);
    assert_true(fabs(shian_geo_distance((shian_point_t) { 0, 0 },
                                        (shian_point_t) { 0, 180 })
                     - 20015115) < 2);
}


static void
box_holds_the_circle(void **state)
{
    int            i;
    double         bearing, d, r;
    shian_bbox_t   box;
    shian_point_t  c, p;

    (void) state;

    for (i = 0; i < 5000; i++) {
        c = (shian_point_t) { draw(-80, 80), draw(-170, 170) };
        r = draw(0, 50000);
        box = shian_geo_around(c, r);

        /* A point on the rim, by the formula for a destination. */
        bearing = draw(0, 6.2831853);
        d = r / 6371008.8;
        p.lat = asin(sin(c.lat * M_PI / 180) * cos(d)
                     + cos(c.lat * M_PI / 180) * sin(d) * cos(bearing));
        p.lng = c.lng * M_PI / 180
                + atan2(sin(bearing) * sin(d) * cos(c.lat * M_PI / 180),
                        cos(d) - sin(c.lat * M_PI / 180) * sin(p.lat));
        p.lat *= 180 / M_PI;
        p.lng *= 180 / M_PI;
        assert_true(shian_geo_inside(&box, p));

        /* And is not larger than it must be. */
        p = (shian_point_t) { box.max_lat, c.lng };
        assert_true(shian_geo_distance(c, p) <= r + 0.01);
    }

    box = shian_geo_around((shian_point_t) { 89.99, 10 }, 5000);
    assert_true(box.min_lng == -180 && box.max_lng == 180);
    assert_true(box.max_lat == 90);
}


/* The published example of geohash: u4pruydqqvj. */
static void
key_is_the_geohash(void **state)
{
    int                i;
    char               text[12];
    uint64_t           key;
    static const char  digits[] = "0123456789bcdefghjkmnpqrstuvwxyz";

    (void) state;
    key = shian_geo_key((shian_point_t) { 57.64911, 10.40744 });

    for (i = 0; i < 11; i++) {
        text[i] = digits[key >> (59 - 5 * i) & 31];
    }

    text[11] = '\0';
    assert_string_equal(text, "u4pruydqqvj");

    assert_true(shian_geo_key((shian_point_t) { -90, -180 }) == 0);
    assert_true(shian_geo_key((shian_point_t) { 90, 180 }) == UINT64_MAX);
    assert_true(shian_geo_key((shian_point_t) { NAN, NAN }) == 0);
}


static bool
covered(const shian_range_t *r, size_t n, uint64_t key)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (key >= r[i].first && key <= r[i].last) {
            return true;
        }
    }

    return false;
}


static void
cover_is_whole_ordered_and_tight(void **state)
{
    int            i, j, hits, tries;
    size_t         n, k, max;
    double         side, area, total;
    shian_bbox_t   box;
    shian_range_t  r[SHIAN_GEO_RANGES];
    shian_point_t  p;

    (void) state;
    total = 0;

    for (i = 0; i < 2000; i++) {
        side = pow(10, draw(-4, 1));
        box.min_lat = draw(-80, 70);
        box.min_lng = draw(-180, 160);
        box.max_lat = box.min_lat + side;
        box.max_lng = box.min_lng + side * draw(0.3, 3);
        max = 1 + (size_t) i % SHIAN_GEO_RANGES;

        n = shian_geo_cover(&box, r, max);
        assert_in_range(n, 1, max);

        area = 0;
        for (k = 0; k < n; k++) {
            assert_true(r[k].first <= r[k].last);
            assert_true(k == 0 || r[k].first > r[k - 1].last + 1);
            area += (double) (r[k].last - r[k].first) + 1;
        }

        for (j = 0; j < 100; j++) {
            p.lat = draw(box.min_lat, box.max_lat);
            p.lng = draw(box.min_lng, box.max_lng);
            assert_true(covered(r, n, shian_geo_key(p)));
        }

        if (max == SHIAN_GEO_RANGES) {
            area *= 360.0 * 180 / 18446744073709551616.0;
            total += area / ((box.max_lat - box.min_lat)
                             * (box.max_lng - box.min_lng));
        }
    }

    /* With sixteen ranges, on the average, less than twice the box. */
    print_message("# cover / box = %.2f\n", total / 125);
    assert_true(total / 125 < 2);

    /* A point is one range; the world is one; nothing is none. */
    box = (shian_bbox_t) { 30, 120, 30, 120 };
    assert_int_equal(shian_geo_cover(&box, r, 16), 1);
    assert_true(r[0].first == r[0].last);

    box = (shian_bbox_t) { -90, -180, 90, 180 };
    assert_int_equal(shian_geo_cover(&box, r, 16), 1);
    assert_true(r[0].first == 0 && r[0].last == UINT64_MAX);

    box = (shian_bbox_t) { 31, 120, 30, 120 };
    assert_int_equal(shian_geo_cover(&box, r, 16), 0);
    box = (shian_bbox_t) { NAN, 120, 30, 120 };
    assert_int_equal(shian_geo_cover(&box, r, 16), 0);

    /* Far from the box nothing is read. */
    box = shian_geo_around((shian_point_t) { 29.65, 121.4 }, 500);
    n = shian_geo_cover(&box, r, 16);
    hits = 0;
    tries = 10000;

    for (i = 0; i < tries; i++) {
        p = (shian_point_t) { draw(29, 30), draw(121, 122) };
        hits += covered(r, n, shian_geo_key(p));
    }

    assert_true(hits < 10);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(positions_that_cannot_be),
        cmocka_unit_test(datums_invert),
        cmocka_unit_test(datums_agree_with_a_city),
        cmocka_unit_test(distances),
        cmocka_unit_test(box_holds_the_circle),
        cmocka_unit_test(key_is_the_geohash),
        cmocka_unit_test(cover_is_whole_ordered_and_tight),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
