#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <time.h>
#include <cmocka.h>

#include "core/calendar.h"


static void
days_agree_with_libc(void **state)
{
    char       mine[11], libc[16];
    time_t     t;
    int32_t    day, y, m, d;
    struct tm  tm;

    (void) state;

    /* 1850 to 2250: every leap rule and both signs. */
    for (day = -43830; day < 102270; day++) {
        t = (time_t) day * 86400;
        assert_non_null(gmtime_r(&t, &tm));

        shian_civil_from_day(day, &y, &m, &d);
        assert_int_equal(y, tm.tm_year + 1900);
        assert_int_equal(m, tm.tm_mon + 1);
        assert_int_equal(d, tm.tm_mday);
        assert_int_equal(shian_day_from_civil(y, m, d), day);
        assert_int_equal(shian_weekday(day), (tm.tm_wday + 6) % 7);

        strftime(libc, sizeof(libc), "%Y-%m-%d", &tm);
        shian_date_format(day, mine);
        assert_string_equal(mine, libc);
    }
}


static void
formatters_clamp(void **state)
{
    char  date[11], time[21];

    (void) state;

    shian_date_format(INT32_MIN, date);
    assert_string_equal(date, "0001-01-01");
    shian_date_format(INT32_MAX, date);
    assert_string_equal(date, "9999-12-31");
    shian_time_format(UINT64_MAX, time);
    assert_string_equal(time, "9999-12-31T23:59:59Z");
    shian_time_format(0, time);
    assert_string_equal(time, "1970-01-01T00:00:00Z");
}


static void
dates_parse_strictly(void **state)
{
    size_t   i;
    int32_t  day;

    static const char *const  bad[] = {
        "", "2026-1-01", "2026-02-29", "1900-02-29", "2026-13-01",
        "2026-00-10", "2026-04-31", "2026-01-00", "2026-01-32",
        "1899-12-31", "2200-01-01", "2026/01/01", "2026-01-01 ",
        " 2026-01-01", "+026-01-01", "2026-01-0a", "20260101", "２026-01-01"
    };

    (void) state;

    for (i = 0; i < SHIAN_COUNT(bad); i++) {
        day = 12345;
        assert_false(shian_date_parse(shian_str(bad[i]), &day));
        assert_int_equal(day, 12345);
    }

    assert_true(shian_date_parse(SHIAN_STR("1970-01-01"), &day));
    assert_int_equal(day, 0);
    assert_true(shian_date_parse(SHIAN_STR("2000-02-29"), &day));
    assert_int_equal(day, 11016);
    assert_true(shian_date_parse(SHIAN_STR("1900-01-01"), &day));
    assert_int_equal(day, -25567);
    assert_true(shian_date_parse(SHIAN_STR("2199-12-31"), &day));
}


static void
times_parse(void **state)
{
    size_t    i;
    uint64_t  ms;

    static const struct {
        const char  *text;
        uint64_t     ms;
    } good[] = {
        { "1970-01-01T00:00:00Z", 0 },
        { "2026-11-23T08:00:00Z", 1795420800000 },
        { "2026-11-23T16:00:00+08:00", 1795420800000 },
        { "2026-11-22t23:30:00.5-08:30", 1795420800500 },
        { "2026-11-23 08:00:00.123999z", 1795420800123 },
        { "2016-12-31T23:59:60Z", 1483228800000 },
        { "1970-01-01T01:00:00+01:00", 0 },
    };

    static const char *const  bad[] = {
        "", "2026-11-23", "2026-11-23T08:00Z", "2026-11-23T08:00:00",
        "2026-11-23T24:00:00Z", "2026-11-23T08:60:00Z",
        "2026-11-23T08:00:61Z", "2026-11-23T08:00:00.Z",
        "2026-11-23T08:00:00+0800", "2026-11-23T08:00:00+24:00",
        "2026-11-23T08:00:00Zx", "2026-02-30T08:00:00Z",
        "1969-12-31T23:59:59Z", "1970-01-01T00:00:00+00:01",
        "2026-11-23T08:00:00.0000000000000000000000000000000000Z"
    };

    (void) state;

    for (i = 0; i < SHIAN_COUNT(good); i++) {
        ms = 7;
        assert_true(shian_time_parse(shian_str(good[i].text), &ms));
        assert_true(ms == good[i].ms);
    }

    for (i = 0; i < SHIAN_COUNT(bad); i++) {
        ms = 7;
        assert_false(shian_time_parse(shian_str(bad[i]), &ms));
        assert_true(ms == 7);
    }
}


static void
local_midnight_divides(void **state)
{
    (void) state;

    /* 16:00 UTC is midnight at +8. */
    assert_int_equal(shian_local_day(1795449599999, 480), 20780);
    assert_int_equal(shian_local_day(1795449600000, 480), 20781);
    assert_int_equal(shian_local_day(1795449600000, 0), 20780);
    assert_int_equal(shian_local_day(0, -1), -1);
    assert_int_equal(shian_local_day(0, 0), 0);
    assert_int_equal(shian_local_day(UINT64_MAX, 480), SHIAN_DAY_MAX);
}


static void
texts_in_both_languages(void **state)
{
    shian_buf_t    b;
    shian_arena_t  a;

    (void) state;
    shian_arena_init(&a, NULL, NULL);
    shian_buf_init(&b, &a);

    shian_date_text(&b.sink, 20780, "zh");
    shian_putc(&b.sink, '|');
    shian_date_text(&b.sink, 20780, "en");
    shian_putc(&b.sink, '|');
    shian_clock_text(&b.sink, 1795420800000 + 5 * 60000, 480);
    shian_putc(&b.sink, '|');
    shian_clock_text(&b.sink, 0, -1);
    shian_putc(&b.sink, '\0');

    assert_false(b.sink.failed);
    assert_string_equal((char *) b.p,
        "2026年11月23日|23 November 2026|16:05|23:59");
    shian_arena_free(&a);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(days_agree_with_libc),
        cmocka_unit_test(formatters_clamp),
        cmocka_unit_test(dates_parse_strictly),
        cmocka_unit_test(times_parse),
        cmocka_unit_test(local_midnight_divides),
        cmocka_unit_test(texts_in_both_languages),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
