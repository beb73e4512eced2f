/*
 * Plausible venues of Fenghua (奉化), Ningbo: invented names at real streets.
 * The same seed gives the same city.
 */

#ifndef SHIAN_DEMO_CITY_H
#define SHIAN_DEMO_CITY_H

#include "core/base.h"
#include "shian.pb-c.h"

typedef struct {
    uint64_t  state;
} shian_dice_t;

/* A number from 0 to n - 1 (splitmix64). */
uint64_t shian_dice(shian_dice_t *d, uint64_t n);

/* n bytes. */
void shian_dice_bytes(shian_dice_t *d, uint8_t *out, size_t n);

/*
 * Fills name, address, district, category, position, numbers, phone and
 * opening day of venue number i; strings are in the arena.  False: no memory.
 */
bool shian_demo_venue(shian_dice_t *d, shian_arena_t *a, uint64_t i,
    int32_t today, Shian__Venue *v);

/* What a diner writes who gives that many stars. */
const char *shian_demo_words(shian_dice_t *d, uint32_t stars);

/* A person's name; in the arena. */
char *shian_demo_person(shian_dice_t *d, shian_arena_t *a);

/* The names of the districts; NULL past the last. */
const char *shian_demo_district(size_t i);

#endif /* SHIAN_DEMO_CITY_H */
