/*
 * A bar on the terminal for what takes over a second; nothing elsewhere.
 */

#ifndef SHIAN_PROGRESS_H
#define SHIAN_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    const char  *label;
    uint64_t     began_ms;
    uint64_t     drawn_ms;      /* 0: not yet */
    bool         on;
} shian_progress_t;

/* Nothing is drawn before a second has passed. */
void shian_progress_start(shian_progress_t *p, const char *label);

/* done of all (0: unknown) is behind; draws at most ten times a second. */
void shian_progress_show(shian_progress_t *p, uint64_t done, uint64_t all);

/* Takes the bar away. */
void shian_progress_end(shian_progress_t *p);

/* Milliseconds since the start, at least 1. */
uint64_t shian_progress_ms(const shian_progress_t *p);

#endif /* SHIAN_PROGRESS_H */
