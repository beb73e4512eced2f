/*
 * Working days by the State Council's calendars: weekends are off, public
 * holidays are, and days that make up for them are not.  A calendar is a file
 * YYYY.csv with the columns date and kind (holiday, workday); without one for
 * its year a day counts by the weekend alone.  Days are as in calendar.h.
 */

#ifndef SHIAN_WORKDAY_H
#define SHIAN_WORKDAY_H

#include "base.h"

#define SHIAN_WORKDAY_YEARS  64

typedef struct {
    int32_t  year;
    uint8_t  off[46];           /* a bit a day, January first the first */
} shian_workyear_t;

typedef struct {
    size_t             n;
    shian_workyear_t   years[SHIAN_WORKDAY_YEARS];
} shian_workdays_t;

/* The calendars built in, from conf/holidays.  Any thread. */
void shian_workdays_default(shian_workdays_t *w);

/*
 * Takes in the calendar of one year, in place of the one it may have had.
 * False with one line in err, and *w as it was: a line that is no date of the
 * year with a known kind, a date twice, or too many years.  Any thread.
 */
bool shian_workdays_add(shian_workdays_t *w, int32_t year, shian_str_t csv,
    char *err, size_t errsize);

/*
 * Takes in every YYYY.csv of the folder dir; other files are none of its
 * business.  False with one line in err.  Reads files: not the event loop.
 */
bool shian_workdays_load(shian_workdays_t *w, const char *dir, char *err,
    size_t errsize);

/* Is there a calendar for the year of this day?  Any thread. */
bool shian_workdays_known(const shian_workdays_t *w, int32_t day);

/* Does one work on this day?  Any thread. */
bool shian_workday(const shian_workdays_t *w, int32_t day);

/*
 * The n-th working day after `day`; n is at most 1000, and 0 gives `day`.
 * *known: every day looked at has its calendar; else weekends were counted.
 * Any thread.
 */
int32_t shian_workdays_after(const shian_workdays_t *w, int32_t day,
    unsigned n, bool *known);

/*
 * The working days that are left on `day` until `due` is over, not counting
 * `day` itself; negative when it is past, by working days as well.  Looks at
 * ten years at most.  *known as above.  Any thread.
 */
int32_t shian_workdays_left(const shian_workdays_t *w, int32_t day,
    int32_t due, bool *known);

/*
 * The year without a calendar that the longest clock which begins on `day`,
 * of n working days, would run into; 0: none.  Any thread.
 */
int32_t shian_workdays_missing(const shian_workdays_t *w, int32_t day,
    unsigned n);

#endif /* SHIAN_WORKDAY_H */
