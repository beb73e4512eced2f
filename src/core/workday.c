#include "workday.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>

#include "calendar.h"

#define FIRST_YEAR  1900        /* what shian_date_parse takes */
#define LAST_YEAR   2199
#define MAX_FILE    (16 * 1024)
#define MAX_SPAN    3660
#define MAX_ADD     1000

/* conf/holidays, as the Makefile quotes it. */
static const struct {
    int32_t      year;
    const char  *csv;
} built_in[] = {
#include "holidays.h"
};


static int32_t
year_of(int32_t day)
{
    int32_t  y, m, d;

    shian_civil_from_day(day, &y, &m, &d);

    return y;
}


static const shian_workyear_t *
find_year(const shian_workdays_t *w, int32_t year)
{
    size_t  i;

    for (i = 0; i < w->n; i++) {
        if (w->years[i].year == year) {
            return &w->years[i];
        }
    }

    return NULL;
}


/* ---- reading --------------------------------------------------------------*/

/* The next line without its end; false when there is none. */
static bool
next_line(shian_str_t *rest, shian_str_t *line)
{
    size_t  n;

    if (rest->n == 0) {
        return false;
    }

    for (n = 0; n < rest->n && rest->p[n] != '\n'; n++) {
        /* void */
    }

    *line = shian_slice(rest->p, n);
    n += n < rest->n;
    *rest = shian_slice(rest->p + n, rest->n - n);

    if (line->n != 0 && line->p[line->n - 1] == '\r') {
        line->n--;
    }

    return true;
}


/* A date of the year, not seen before, and its kind. */
static bool
take_line(shian_workyear_t *y, uint8_t seen[46], shian_str_t line)
{
    bool         off;
    int32_t      day;
    unsigned     n;
    shian_str_t  kind;

    if (line.n < 11 || line.p[10] != ','
        || !shian_date_parse(shian_slice(line.p, 10), &day)
        || year_of(day) != y->year)
    {
        return false;
    }

    kind = shian_slice(line.p + 11, line.n - 11);
    off = shian_str_is(kind, "holiday");

    if (!off && !shian_str_is(kind, "workday")) {
        return false;
    }

    n = (unsigned) (day - shian_day_from_civil(y->year, 1, 1));

    if ((seen[n / 8] & 1u << n % 8) != 0) {
        return false;
    }

    seen[n / 8] |= (uint8_t) (1u << n % 8);

    if (off) {
        y->off[n / 8] |= (uint8_t) (1u << n % 8);
    } else {
        y->off[n / 8] &= (uint8_t) ~(1u << n % 8);
    }

    return true;
}


static void
weekends_only(shian_workyear_t *y, int32_t year)
{
    int32_t   first;
    unsigned  n;

    memset(y, 0, sizeof(*y));
    y->year = year;
    first = shian_day_from_civil(year, 1, 1);

    for (n = 0; n < 366; n++) {
        if (shian_weekday(first + (int32_t) n) >= 5) {
            y->off[n / 8] |= (uint8_t) (1u << n % 8);
        }
    }
}


bool
shian_workdays_add(shian_workdays_t *w, int32_t year, shian_str_t csv,
    char *err, size_t errsize)
{
    size_t             n;
    uint8_t            seen[46] = { 0 };
    shian_str_t        line;
    shian_workyear_t   y, *known;

    if (year < FIRST_YEAR || year > LAST_YEAR) {
        snprintf(err, errsize, "%d is no year for a calendar", (int) year);
        return false;
    }

    weekends_only(&y, year);

    for (n = 1; next_line(&csv, &line); n++) {
        if (line.n == 0 || (n == 1 && shian_str_is(line, "date,kind"))) {
            continue;
        }

        if (!take_line(&y, seen, line)) {
            snprintf(err, errsize, "%d.csv:%zu: not a new date of the year "
                     "and holiday or workday", (int) year, n);
            return false;
        }
    }

    known = (shian_workyear_t *) find_year(w, year);

    if (known == NULL && w->n == SHIAN_WORKDAY_YEARS) {
        snprintf(err, errsize, "more than %d calendars",
                 SHIAN_WORKDAY_YEARS);
        return false;
    }

    if (known == NULL) {
        known = &w->years[w->n++];
    }

    *known = y;

    return true;
}


static bool
load_year(shian_workdays_t *w, const char *dir, const char *name,
    int32_t year, char *err, size_t errsize)
{
    int       len;
    bool      ok;
    char      path[1024];
    FILE     *f;
    size_t    n;
    uint8_t   text[MAX_FILE];

    len = snprintf(path, sizeof(path), "%s/%s", dir, name);
    f = len > 0 && (size_t) len < sizeof(path) ? fopen(path, "rbe") : NULL;

    if (f == NULL) {
        snprintf(err, errsize, "%s/%s cannot be read", dir, name);
        return false;
    }

    n = fread(text, 1, sizeof(text), f);
    ok = ferror(f) == 0 && n < sizeof(text);
    ok = fclose(f) == 0 && ok;

    if (!ok) {
        snprintf(err, errsize, "%s: not a calendar of one year", path);
        return false;
    }

    return shian_workdays_add(w, year, shian_slice(text, n), err, errsize);
}


/* 0 when it is no YYYY.csv. */
static int32_t
year_of_name(const char *name)
{
    int      i;
    int32_t  year;

    for (year = 0, i = 0; i < 4; i++) {
        if (name[i] < '0' || name[i] > '9') {
            return 0;
        }
        year = year * 10 + (name[i] - '0');
    }

    return strcmp(name + 4, ".csv") == 0 ? year : 0;
}


bool
shian_workdays_load(shian_workdays_t *w, const char *dir, char *err,
    size_t errsize)
{
    DIR            *d;
    bool            ok;
    int32_t         year;
    struct dirent  *e;

    d = opendir(dir);

    if (d == NULL) {
        snprintf(err, errsize, "%s: cannot open the folder of calendars",
                 dir);
        return false;
    }

    for (ok = true; ok; ) {
        errno = 0;
        e = readdir(d);

        if (e == NULL) {
            ok = errno == 0;
            if (!ok) {
                snprintf(err, errsize, "%s: cannot be read", dir);
            }
            break;
        }

        year = year_of_name(e->d_name);

        if (year != 0) {
            ok = load_year(w, dir, e->d_name, year, err, errsize);
        }
    }

    (void) closedir(d);

    return ok;
}


void
shian_workdays_default(shian_workdays_t *w)
{
    char    err[128];
    size_t  i;

    w->n = 0;

    /* They were read when they were tested: nothing can be wrong. */
    for (i = 0; i < SHIAN_COUNT(built_in); i++) {
        (void) shian_workdays_add(w, built_in[i].year,
                                  shian_str(built_in[i].csv), err,
                                  sizeof(err));
    }
}


/* ---- counting -------------------------------------------------------------*/

bool
shian_workdays_known(const shian_workdays_t *w, int32_t day)
{
    return find_year(w, year_of(day)) != NULL;
}


bool
shian_workday(const shian_workdays_t *w, int32_t day)
{
    int32_t                  n;
    const shian_workyear_t  *y;

    y = find_year(w, year_of(day));

    if (y == NULL) {
        return shian_weekday(day) < 5;
    }

    n = day - shian_day_from_civil(y->year, 1, 1);

    return (y->off[n / 8] & 1u << n % 8) == 0;
}


int32_t
shian_workdays_after(const shian_workdays_t *w, int32_t day, unsigned n,
    bool *known)
{
    int32_t  end;

    *known = true;
    n = n > MAX_ADD ? MAX_ADD : n;
    end = day + MAX_SPAN;

    while (n > 0 && day < end) {
        day++;
        *known = *known && shian_workdays_known(w, day);
        n -= shian_workday(w, day);
    }

    return day;
}


int32_t
shian_workdays_left(const shian_workdays_t *w, int32_t day, int32_t due,
    bool *known)
{
    int32_t  from, to, n;

    from = day < due ? day : due;
    to = day < due ? due : day;
    to = to - from > MAX_SPAN ? from + MAX_SPAN : to;

    for (*known = true, n = 0; from < to; ) {
        from++;
        *known = *known && shian_workdays_known(w, from);
        n += shian_workday(w, from);
    }

    return day < due ? n : -n;
}


int32_t
shian_workdays_missing(const shian_workdays_t *w, int32_t day, unsigned n)
{
    bool     known;
    int32_t  year, m, d;

    day = shian_workdays_after(w, day, n, &known);

    if (known) {
        return 0;
    }

    shian_civil_from_day(day, &year, &m, &d);

    return year;
}
