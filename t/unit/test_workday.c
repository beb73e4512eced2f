/*
 * Working days by hand: the notices of the State Council for 2025 and 2026.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <jansson.h>

#include "core/calendar.h"
#include "core/workday.h"
#include "left_out.h"

static shian_workdays_t  built_in;


static int32_t
day(const char *s)
{
    int32_t  d;

    assert_true(shian_date_parse(shian_str(s), &d));

    return d;
}


static void
assert_day(int32_t d, const char *want)
{
    char  is[11];

    shian_date_format(d, is);
    assert_string_equal(is, want);
}


static void
weekends_holidays_and_days_made_up(void **state)
{
    size_t  i;

    static const struct {
        const char  *on;
        bool         work;
    } rows[] = {
        { "2026-11-20", true },         /* a Friday */
        { "2026-11-21", false },
        { "2026-11-22", false },
        { "2026-11-23", true },
        { "2026-01-01", false },
        { "2026-01-04", true },         /* a Sunday made up for */
        { "2026-02-14", true },         /* Saturday before Spring Festival */
        { "2026-02-15", false },
        { "2026-02-23", false },        /* its ninth day, a Monday */
        { "2026-02-24", true },
        { "2026-02-28", true },         /* Saturday after it */
        { "2026-09-20", true },         /* Sunday before Mid-Autumn */
        { "2026-09-25", false },
        { "2026-10-01", false },
        { "2026-10-07", false },
        { "2026-10-08", true },
        { "2026-10-10", true },         /* Saturday after National Day */
        { "2026-10-11", false },
        { "2025-01-26", true },
        { "2025-10-08", false },        /* with Mid-Autumn: eight days */
        { "2025-10-11", true },
    };

    (void) state;

    for (i = 0; i < SHIAN_COUNT(rows); i++) {
        if (shian_workday(&built_in, day(rows[i].on)) != rows[i].work) {
            fail_msg("%s", rows[i].on);
        }
    }
}


static void
counting_goes_around_holidays(void **state)
{
    size_t   i;
    bool     known;
    int32_t  d;

    static const struct {
        const char  *from;
        unsigned     n;
        const char  *to;
    } rows[] = {
        { "2026-11-23", 0, "2026-11-23" },
        { "2026-11-23", 1, "2026-11-24" },
        { "2026-11-23", 7, "2026-12-02" },
        { "2026-11-20", 1, "2026-11-23" },
        { "2026-11-21", 1, "2026-11-23" },
        { "2026-02-13", 1, "2026-02-14" },
        { "2026-02-13", 2, "2026-02-24" },
        { "2026-02-13", 7, "2026-03-02" },      /* 14, 24-28, then Monday */
        { "2026-09-30", 7, "2026-10-15" },      /* 8, 9, 10, 12-15 */
        { "2026-09-30", 15, "2026-10-27" },
        { "2025-12-29", 7, "2026-01-08" },      /* 30, 31, 4-8 January */
    };

    (void) state;

    for (i = 0; i < SHIAN_COUNT(rows); i++) {
        d = shian_workdays_after(&built_in, day(rows[i].from), rows[i].n,
                                 &known);
        assert_day(d, rows[i].to);
        assert_true(known);
        assert_int_equal(shian_workdays_left(&built_in, day(rows[i].from), d,
                                             &known),
                         rows[i].n);
        assert_true(known);
    }
}


static void
what_is_over_is_counted_backwards(void **state)
{
    bool  known;

    (void) state;

    assert_int_equal(shian_workdays_left(&built_in, day("2026-10-08"),
                                         day("2026-09-30"), &known), -1);
    assert_int_equal(shian_workdays_left(&built_in, day("2026-10-07"),
                                         day("2026-09-30"), &known), 0);
    assert_int_equal(shian_workdays_left(&built_in, day("2026-11-23"),
                                         day("2026-11-23"), &known), 0);
    assert_true(known);
}


static void
a_year_without_a_calendar_says_so(void **state)
{
    bool     known;
    int32_t  d;

    (void) state;

    assert_false(shian_workdays_known(&built_in, day("2031-10-01")));
    assert_true(shian_workday(&built_in, day("2031-10-01")));
    assert_false(shian_workday(&built_in, day("2031-10-04")));

    d = shian_workdays_after(&built_in, day("2031-09-30"), 7, &known);
    assert_day(d, "2031-10-09");
    assert_false(known);

    /* From a year that has one into a year that has none. */
    (void) shian_workdays_after(&built_in, day("2026-12-25"), 4, &known);
    assert_true(known);
    (void) shian_workdays_after(&built_in, day("2026-12-25"), 7, &known);
    assert_false(known);
    (void) shian_workdays_left(&built_in, day("2026-12-25"),
                               day("2027-01-05"), &known);
    assert_false(known);

    /* Far away: an end to counting, and no overflow. */
    d = shian_workdays_after(&built_in, SHIAN_DAY_MAX - 4000, 5000, &known);
    assert_true(d <= SHIAN_DAY_MAX);
    assert_true(shian_workdays_left(&built_in, 0, SHIAN_DAY_MAX, &known)
                < 3660);
}


static void
wrong_calendars_are_refused_whole(void **state)
{
    char              err[128];
    size_t            i;
    shian_workdays_t  w = built_in;

    static const char *const  wrong[] = {
        "date,kind\n2026-02-30,holiday\n",
        "2027-01-01,holiday\n",
        "2026-01-01,day off\n",
        "2026-01-01\n",
        "2026-01-01,holiday\n2026-01-01,workday\n",
        "2026-01-02,holiday\nkind,date\n",
        "2026-01-01;holiday\n",
    };

    (void) state;

    for (i = 0; i < SHIAN_COUNT(wrong); i++) {
        assert_false(shian_workdays_add(&w, 2026, shian_str(wrong[i]), err,
                                        sizeof(err)));
        assert_non_null(strstr(err, "2026.csv:"));
        assert_memory_equal(&w, &built_in, sizeof(w));
    }

    assert_false(shian_workdays_add(&w, 1776, SHIAN_STR(""), err,
                                    sizeof(err)));

    /* Another one takes the place; lines may end as on Windows. */
    assert_true(shian_workdays_add(&w, 2026,
                                   SHIAN_STR("date,kind\r\n"
                                             "2026-11-23,holiday\r\n\r\n"
                                             "2026-11-28,workday"),
                                   err, sizeof(err)));
    assert_int_equal(w.n, built_in.n);
    assert_false(shian_workday(&w, day("2026-11-23")));
    assert_true(shian_workday(&w, day("2026-11-28")));
    assert_true(shian_workday(&w, day("2026-10-01")));

    for (i = 0; w.n < SHIAN_WORKDAY_YEARS; i++) {
        assert_true(shian_workdays_add(&w, 1900 + (int32_t) i,
                                       SHIAN_STR(""), err, sizeof(err)));
    }

    assert_false(shian_workdays_add(&w, 2100, SHIAN_STR(""), err,
                                    sizeof(err)));
}


static void
put_file(const char *dir, const char *name, const char *text)
{
    char   path[512];
    FILE  *f;

    snprintf(path, sizeof(path), "%s/%s", dir, name);

    if (text == NULL) {
        assert_int_equal(remove(path), 0);
        return;
    }

    f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}


static void
a_folder_is_read_whole(void **state)
{
    char              err[256], dir[] = "/tmp/shian-days-XXXXXX";
    shian_workdays_t  w = { 0 };

    (void) state;
    assert_non_null(mkdtemp(dir));

    put_file(dir, "2030.csv", "date,kind\n2030-10-01,holiday\n");
    put_file(dir, "README", "not one of them");
    put_file(dir, "203x.csv", "nor this");
    assert_true(shian_workdays_load(&w, dir, err, sizeof(err)));
    assert_int_equal(w.n, 1);
    assert_false(shian_workday(&w, day("2030-10-01")));

    put_file(dir, "2031.csv", "2030-10-01,holiday\n");
    assert_false(shian_workdays_load(&w, dir, err, sizeof(err)));
    assert_non_null(strstr(err, "2031.csv:1"));

    put_file(dir, "2030.csv", NULL);
    put_file(dir, "2031.csv", NULL);
    put_file(dir, "README", NULL);
    put_file(dir, "203x.csv", NULL);
    assert_int_equal(rmdir(dir), 0);
    assert_false(shian_workdays_load(&w, dir, err, sizeof(err)));
}


/* The same days from somebody else's list, where it is there. */
static void
others_have_the_same_days(void **state)
{
    int32_t      d;
    int          year;
    char         path[128];
    size_t       i, off, made_up;
    json_t      *j, *days, *row;

    (void) state;

    for (year = 2025; year <= 2026; year++) {
        snprintf(path, sizeof(path),
                 "../shared/data/holidays/holiday-cn_%d.json", year);
        j = json_load_file(path, 0, NULL);

        if (j == NULL) {
            left_out(path);
            return;
        }

        days = json_object_get(j, "days");
        off = made_up = 0;

        json_array_foreach(days, i, row) {
            d = day(json_string_value(json_object_get(row, "date")));
            off += shian_weekday(d) < 5 && !shian_workday(&built_in, d);
            made_up += shian_weekday(d) >= 5 && shian_workday(&built_in, d);
            assert_int_equal(shian_workday(&built_in, d),
                             !json_is_true(json_object_get(row,
                                                           "isOffDay")));
        }

        /* And no day besides. */
        for (d = shian_day_from_civil(year, 1, 1);
             d < shian_day_from_civil(year + 1, 1, 1); d++)
        {
            off -= shian_weekday(d) < 5 && !shian_workday(&built_in, d);
            made_up -= shian_weekday(d) >= 5 && shian_workday(&built_in, d);
        }

        assert_int_equal(off, 0);
        assert_int_equal(made_up, 0);
        json_decref(j);
    }
}


/* faults A8: a clock that runs into a year without a calendar. */
static void
a_missing_year_is_told_in_time(void **state)
{
    shian_workdays_t  w;

    (void) state;
    shian_workdays_default(&w);
    assert_int_equal(shian_workdays_missing(&w,
                         shian_day_from_civil(2026, 6, 1), 30), 0);
    assert_int_equal(shian_workdays_missing(&w,
                         shian_day_from_civil(2026, 12, 28), 30), 2027);
    /* 15 working days from 11 December are over in the new year. */
    assert_int_equal(shian_workdays_missing(&w,
                         shian_day_from_civil(2026, 12, 10), 15), 0);
    assert_int_equal(shian_workdays_missing(&w,
                         shian_day_from_civil(2026, 12, 11), 15), 2027);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(a_missing_year_is_told_in_time),
        cmocka_unit_test(weekends_holidays_and_days_made_up),
        cmocka_unit_test(counting_goes_around_holidays),
        cmocka_unit_test(what_is_over_is_counted_backwards),
        cmocka_unit_test(a_year_without_a_calendar_says_so),
        cmocka_unit_test(wrong_calendars_are_refused_whole),
        cmocka_unit_test(a_folder_is_read_whole),
        cmocka_unit_test(others_have_the_same_days),
    };

    shian_workdays_default(&built_in);
    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, NULL, NULL);
}
