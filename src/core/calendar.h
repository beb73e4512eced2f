/*
 * Days, instants and their texts.  A day is a number of days since
 * 1970-01-01 in the proleptic Gregorian calendar, an instant milliseconds
 * since 1970-01-01T00:00:00Z.  Everything here is pure: any thread.
 */

#ifndef SHIAN_CALENDAR_H
#define SHIAN_CALENDAR_H

#include "base.h"

/* What the formatters can write; they clamp to it. */
#define SHIAN_DAY_MIN   (-719162)       /* 0001-01-01 */
#define SHIAN_DAY_MAX   2932896         /* 9999-12-31 */

/* The day of year y (1-9999), month m (1-12), day of month d (1-31). */
int32_t shian_day_from_civil(int32_t y, int32_t m, int32_t d);

/* The inverse; day is clamped to SHIAN_DAY_MIN..SHIAN_DAY_MAX. */
void shian_civil_from_day(int32_t day, int32_t *y, int32_t *m, int32_t *d);

/* 0 is Monday, 6 Sunday (ISO 8601 less one). */
int32_t shian_weekday(int32_t day);

/*
 * Exactly YYYY-MM-DD, a date that exists, years 1900-2199.  False leaves
 * *day alone.
 */
bool shian_date_parse(shian_str_t s, int32_t *day);

/* Writes YYYY-MM-DD and a NUL. */
void shian_date_format(int32_t day, char out[11]);

/*
 * RFC 3339 section 5.6: a date of 1970-2199, time, optional fraction (cut
 * to milliseconds), Z or an offset.  False leaves *ms alone.
 */
bool shian_time_parse(shian_str_t s, uint64_t *ms);

/* Writes 2026-11-23T08:00:00Z and a NUL; the fraction is dropped. */
void shian_time_format(uint64_t ms, char out[21]);

/* floor((t + tz) / 86400): the day it is at ms, tz_minutes east of UTC. */
int32_t shian_local_day(uint64_t ms, int32_t tz_minutes);

/* 2026年11月23日 for lang "zh", 23 November 2026 for any other. */
void shian_date_text(shian_sink_t *sink, int32_t day, const char *lang);

/* The local time of day as 16:05. */
void shian_clock_text(shian_sink_t *sink, uint64_t ms, int32_t tz_minutes);

#endif /* SHIAN_CALENDAR_H */
