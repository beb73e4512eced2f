#include "calendar.h"

#define DAY_MS  UINT64_C(86400000)

typedef struct {
    const uint8_t  *p;
    const uint8_t  *end;
} scan_t;


/*
 * Both conversions are Howard Hinnant's days_from_civil and
 * civil_from_days: years begin in March, so the leap day comes last.
 */

int32_t
shian_day_from_civil(int32_t y, int32_t m, int32_t d)
{
    int32_t  era, yoe, doy, doe;

    y -= m <= 2;
    era = (y >= 0 ? y : y - 399) / 400;
    yoe = y - era * 400;
    doy = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
    doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;

    return era * 146097 + doe - 719468;
}


static int32_t
clamp_day(int64_t day)
{
    if (day < SHIAN_DAY_MIN) {
        return SHIAN_DAY_MIN;
    }

    return day > SHIAN_DAY_MAX ? SHIAN_DAY_MAX : (int32_t) day;
}


void
shian_civil_from_day(int32_t day, int32_t *y, int32_t *m, int32_t *d)
{
    int32_t  z, era, doe, yoe, doy, mp;

    z = clamp_day(day) + 719468;
    era = z / 146097;
    doe = z - era * 146097;
    yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    mp = (5 * doy + 2) / 153;

    *d = doy - (153 * mp + 2) / 5 + 1;
    *m = mp < 10 ? mp + 3 : mp - 9;
    *y = yoe + era * 400 + (*m <= 2);
}


int32_t
shian_weekday(int32_t day)
{
    /* 1970-01-01 was a Thursday. */
    return (int32_t) ((((int64_t) day + 3) % 7 + 7) % 7);
}


static bool
digits(scan_t *s, int n, int32_t *out)
{
    int32_t  v;

    if (s->end - s->p < n) {
        return false;
    }

    for (v = 0; n > 0; n--, s->p++) {
        if (*s->p < '0' || *s->p > '9') {
            return false;
        }
        v = v * 10 + (*s->p - '0');
    }

    *out = v;

    return true;
}


static bool
literal(scan_t *s, char c)
{
    if (s->p == s->end || *s->p != (uint8_t) c) {
        return false;
    }

    s->p++;

    return true;
}


static bool
date(scan_t *s, int32_t *day)
{
    int32_t  y, m, d, y2, m2, d2;

    if (!digits(s, 4, &y) || !literal(s, '-') || !digits(s, 2, &m)
        || !literal(s, '-') || !digits(s, 2, &d))
    {
        return false;
    }

    if (y < 1900 || y > 2199 || m < 1 || m > 12 || d < 1) {
        return false;
    }

    /* A day past the end of its month comes back as another date. */
    *day = shian_day_from_civil(y, m, d);
    shian_civil_from_day(*day, &y2, &m2, &d2);

    return m2 == m && d2 == d;
}


bool
shian_date_parse(shian_str_t s, int32_t *day)
{
    int32_t  parsed;
    scan_t   in;

    if (s.n != 10) {
        return false;
    }

    in = (scan_t) { s.p, s.p + s.n };

    if (!date(&in, &parsed)) {
        return false;
    }

    *day = parsed;

    return true;
}


static void
put_digits(char *out, int n, int32_t v)
{
    while (n > 0) {
        out[--n] = (char) ('0' + v % 10);
        v /= 10;
    }
}


void
shian_date_format(int32_t day, char out[11])
{
    int32_t  y, m, d;

    shian_civil_from_day(day, &y, &m, &d);

    put_digits(out, 4, y);
    out[4] = '-';
    put_digits(out + 5, 2, m);
    out[7] = '-';
    put_digits(out + 8, 2, d);
    out[10] = '\0';
}


/* ".123456": to milliseconds, what is finer is cut. */
static bool
fraction(scan_t *s, int32_t *ms)
{
    int32_t  weight;

    *ms = 0;

    if (!literal(s, '.')) {
        return true;
    }

    if (s->p == s->end || *s->p < '0' || *s->p > '9') {
        return false;
    }

    for (weight = 100; s->p != s->end && *s->p >= '0' && *s->p <= '9'; s->p++) {
        *ms += (*s->p - '0') * weight;
        weight /= 10;
    }

    return true;
}


/* "Z" or "+08:00", in minutes. */
static bool
offset(scan_t *s, int32_t *minutes)
{
    bool     west;
    int32_t  h, m;

    *minutes = 0;

    if (literal(s, 'Z') || literal(s, 'z')) {
        return true;
    }

    west = literal(s, '-');

    if (!west && !literal(s, '+')) {
        return false;
    }

    if (!digits(s, 2, &h) || !literal(s, ':') || !digits(s, 2, &m)
        || h > 23 || m > 59)
    {
        return false;
    }

    *minutes = west ? -(h * 60 + m) : h * 60 + m;

    return true;
}


bool
shian_time_parse(shian_str_t str, uint64_t *ms)
{
    int32_t  day, h, m, s, frac, zone;
    int64_t  t;
    scan_t   in;

    /* The longest sensible form, so that a fraction is bounded as well. */
    if (str.n == 0 || str.n > 40) {
        return false;
    }

    in = (scan_t) { str.p, str.p + str.n };

    if (!date(&in, &day)
        || !(literal(&in, 'T') || literal(&in, 't') || literal(&in, ' '))
        || !digits(&in, 2, &h) || !literal(&in, ':')
        || !digits(&in, 2, &m) || !literal(&in, ':')
        || !digits(&in, 2, &s) || !fraction(&in, &frac)
        || !offset(&in, &zone) || in.p != in.end)
    {
        return false;
    }

    /* 60 is a leap second: the instant is that of the next minute. */
    if (h > 23 || m > 59 || s > 60) {
        return false;
    }

    t = (((int64_t) day * 24 + h) * 60 + m - zone) * 60 + s;

    if (t < 0) {
        return false;
    }

    *ms = (uint64_t) t * 1000 + (uint64_t) frac;

    return true;
}


/* Local milliseconds; the sum of any instant and any offset fits. */
static int64_t
local(uint64_t ms, int32_t tz_minutes)
{
    if (ms > INT64_MAX / 2) {
        ms = INT64_MAX / 2;
    }

    return (int64_t) ms + (int64_t) tz_minutes * 60000;
}


static int64_t
floor_days(int64_t ms)
{
    int64_t  day;

    day = ms / (int64_t) DAY_MS;

    return ms % (int64_t) DAY_MS < 0 ? day - 1 : day;
}


void
shian_time_format(uint64_t ms, char out[21])
{
    int32_t   s;
    uint64_t  last;

    last = ((uint64_t) SHIAN_DAY_MAX + 1) * DAY_MS - 1;
    ms = ms > last ? last : ms;
    s = (int32_t) (ms % DAY_MS / 1000);

    shian_date_format((int32_t) (ms / DAY_MS), out);
    out[10] = 'T';
    put_digits(out + 11, 2, s / 3600);
    out[13] = ':';
    put_digits(out + 14, 2, s / 60 % 60);
    out[16] = ':';
    put_digits(out + 17, 2, s % 60);
    out[19] = 'Z';
    out[20] = '\0';
}


int32_t
shian_local_day(uint64_t ms, int32_t tz_minutes)
{
    return clamp_day(floor_days(local(ms, tz_minutes)));
}


/* v, 1 to 9999, without leading zeros; returns what follows it. */
static char *
plain_digits(char *out, int32_t v)
{
    int  n;

    n = 1 + (v > 9) + (v > 99) + (v > 999);
    put_digits(out, n, v);

    return out + n;
}


static char *
word(char *out, const char *z)
{
    size_t  n;

    n = strlen(z);
    memcpy(out, z, n);

    return out + n;
}


void
shian_date_text(shian_sink_t *sink, int32_t day, const char *lang)
{
    char     out[32], *p;
    int32_t  y, m, d;

    static const char *const  months[] = {
        " January ", " February ", " March ", " April ", " May ", " June ",
        " July ", " August ", " September ", " October ", " November ",
        " December "
    };

    shian_civil_from_day(day, &y, &m, &d);

    if (strcmp(lang, "zh") == 0) {
        p = word(plain_digits(out, y), "年");
        p = word(plain_digits(p, m), "月");
        p = word(plain_digits(p, d), "日");

    } else {
        p = word(plain_digits(out, d), months[m - 1]);
        p = plain_digits(p, y);
    }

    shian_put(sink, out, (size_t) (p - out));
}


void
shian_clock_text(shian_sink_t *sink, uint64_t ms, int32_t tz_minutes)
{
    char     out[5];
    int64_t  t;
    int32_t  minute;

    t = local(ms, tz_minutes);
    minute = (int32_t) ((t - floor_days(t) * (int64_t) DAY_MS) / 60000);

    put_digits(out, 2, minute / 60);
    out[2] = ':';
    put_digits(out + 3, 2, minute % 60);
    shian_put(sink, out, sizeof(out));
}
