/*
 * Whether the clock can be believed.  The time of day is compared with the
 * last pair (time of day, time since boot) that was trusted; at first sight
 * after a boot with the log.  While it is in doubt ordinary work goes on, at
 * the instant that is most likely the right one; whatever cannot be undone
 * waits until the clock is right again, somebody confirms it, or it has run
 * on steadily for a day.
 *
 * The pairs are rows of table "clock", beside the log: what they are about is
 * this machine.  Every batch keeps them up.
 */

#ifndef SHIAN_CLOCK_H
#define SHIAN_CLOCK_H

#include "store.h"

#define SHIAN_BOOT_SIZE  16

/* What the clocks of the machine say; since_boot_ms 0: nothing. */
typedef struct {
    uint8_t   boot[SHIAN_BOOT_SIZE];    /* which boot it is */
    uint64_t  wall_ms;
    uint64_t  since_boot_ms;
} shian_instant_t;

/* What is known about them. */
typedef struct {
    shian_instant_t  trusted;
    shian_instant_t  doubted;           /* at first sight of the doubt */
    uint64_t         last_ms;           /* the last entry's instant */
} shian_clocks_t;

typedef struct {
    bool      suspect;
    uint64_t  now_ms;       /* most likely: never before the last entry */
    int64_t   off_ms;       /* the time of day is so far ahead of it */
} shian_time_t;

/* Looks at the clocks.  Any thread. */
void shian_instant(shian_instant_t *now);

/* What the store knows.  An error of LMDB sticks in the transaction. */
void shian_clock_load(shian_txn_t *t, shian_clocks_t *c);

/* Judges now by what is known; pure.  Any thread. */
shian_time_t shian_clock_judge(const shian_clocks_t *c,
    const shian_instant_t *now);

/*
 * Keeps what is worth keeping of now, in a writing transaction: a pair that is
 * trusted, once a minute, or that the clock is doubted.  confirmed: somebody
 * has looked, and it is right.
 */
void shian_clock_note(shian_txn_t *t, const shian_instant_t *now,
    bool confirmed);

/* The same in memory alone. */
void shian_clock_take(shian_clocks_t *c, const shian_instant_t *now);

/* Is anything of now worth keeping? */
bool shian_clock_due(const shian_clocks_t *c, const shian_instant_t *now);

#endif /* SHIAN_CLOCK_H */
