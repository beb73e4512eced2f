/*
 * Counting reviews into a tally, and the keys of the review index.
 */

#ifndef SHIAN_TALLY_H
#define SHIAN_TALLY_H

#include "domain.h"

/*
 * review_by: 'v' venue: every review of a venue; 's' state: those that wait
 * for a moderator (state held, or SHIAN_FLAGGED) and those removed.  Newest
 * first.
 */
#define SHIAN_FLAGGED  16

shian_rowkey_t shian_review_key(char field, uint64_t value, uint64_t at_ms,
    uint64_t id);

/* The key's prefix for all reviews of one value. */
shian_rowkey_t shian_review_prefix(char field, uint64_t value);

/* Writes the 'v' entry: its two bytes hold state and stars. */
void shian_review_index(shian_txn_t *t, const Shian__Review *r);

/* Flagged, and no officer has looked at it since? */
bool shian_review_flag_waits(shian_txn_t *t, const Shian__Review *r);

/* Adds (delta 1) or takes away (-1) the stars of a published review. */
void shian_tally_review(shian_arena_t *a, Shian__Tally *tally,
    uint32_t hygiene, uint32_t food, uint32_t service, int delta);

/* The colour a tally stands at; ungraded where none was given yet. */
static inline Shian__Colour__Kind
shian_tally_colour(const Shian__Tally *tally)
{
    return tally->grade == NULL ? SHIAN__COLOUR__KIND__ungraded
                                : tally->grade->colour;
}

/* Where venue_by's 'c' entries sort a colour, 1 (green) to 5 (closed). */
uint8_t shian_colour_order(Shian__Colour__Kind colour);

/*
 * Keeps venue_by's colour entry and the counters in step; either side NULL
 * when the venue was not, or will not be, there.
 */
void shian_recount(shian_txn_t *t, const Shian__Venue *was,
    const Shian__Grade *was_grade, const Shian__Venue *is,
    const Shian__Grade *is_grade);

#endif /* SHIAN_TALLY_H */
