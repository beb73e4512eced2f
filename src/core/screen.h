/*
 * Screening of what the public writes, before it is stored.  Personal data is
 * masked: mainland mobile numbers and area-code landlines, identity numbers
 * (GB 11643, only where the check digit is right, so that an order number
 * stays) and e-mail addresses, also in full-width or circled digits and
 * with the usual separators.  Words of the city's list hold a text for a
 * moderator.
 */

#ifndef SHIAN_SCREEN_H
#define SHIAN_SCREEN_H

#include "base.h"

typedef struct shian_screen_s  shian_screen_t;

typedef struct {
    size_t  words;          /* in force */
    size_t  ignored;        /* of one character, or longer than 64 */
    size_t  repeated;
} shian_screen_stats_t;

typedef struct {
    shian_str_t  text;      /* with *** for what was masked */
    bool         masked;
    bool         hold;
} shian_screened_t;

/*
 * Compiles the masks and the city's list: a word a line, any line ends, # for
 * a comment, commas at the end forgiven.  Words are literals compared in
 * folded form (case, full width); where one begins or ends in a Latin letter
 * or digit it must stand alone there, so that SM does not hold "smart".
 * *stats may be NULL.  NULL: words is not UTF-8 or over 1 MiB, or no memory;
 * an empty list is fine.  Free with shian_screen_free.  Any thread.
 */
shian_screen_t *shian_screen_load(shian_str_t words,
    shian_screen_stats_t *stats);

/* NULL is allowed. */
void shian_screen_free(shian_screen_t *screen);

/*
 * Screens text.  out->text is text itself when nothing was masked, else a
 * copy in a, never longer.  false: not valid UTF-8, over SHIAN_TEXT_MAX, no
 * memory, or a mask gave up; the text must then not be stored.  Any thread,
 * also many at once with one screen.
 */
bool shian_screen(const shian_screen_t *screen, shian_arena_t *a,
    shian_str_t text, shian_screened_t *out);

#endif /* SHIAN_SCREEN_H */
