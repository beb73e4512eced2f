/*
 * Plausible venues of Fenghua (奉化), Ningbo: invented names at real streets.
 * The same seed gives the same city.
 */

#ifndef SHIAN_DEMO_CITY_H
#define SHIAN_DEMO_CITY_H

#include "core/base.h"
#include "shian.pb-c.h"

#define SHIAN_DISTRICTS  12

typedef struct {
    uint64_t  state;
} shian_dice_t;

typedef struct {
    size_t  district;           /* below SHIAN_DISTRICTS */
    double  lat;
    double  lng;
} shian_place_t;

/* What people write, beside reviews and notes. */
typedef enum {
    SHIAN_SAY_AFTER,            /* the venue: a finding is put right */
    SHIAN_SAY_REJECT,           /* the inspector: it is not */
    SHIAN_SAY_EXTEND,
    SHIAN_SAY_REPLY,            /* the venue, beside an inspection */
    SHIAN_SAY_APPEAL,
    SHIAN_SAY_UPHOLD,
    SHIAN_SAY_DISMISS,
    SHIAN_SAY_ASK,              /* the venue: look at us again */
    SHIAN_SAY_DECLINE,          /* an officer, of a visit off site */
    SHIAN_SAY_THANKS            /* the venue, under a review */
} shian_say_t;

/* A number from 0 to n - 1 (splitmix64). */
uint64_t shian_dice(shian_dice_t *d, uint64_t n);

/* n bytes. */
void shian_dice_bytes(shian_dice_t *d, uint8_t *out, size_t n);

/* Dice of their own for one thing of the city: the same each time. */
shian_dice_t shian_dice_for(uint64_t seed, uint64_t a, uint64_t b);

/* Where venue number i is. */
shian_place_t shian_demo_place(uint64_t seed, uint64_t i);

/*
 * Fills name, address, district, category, position, numbers, phone and
 * opening day of venue number i; strings are in the arena.  False: no memory.
 */
bool shian_demo_venue(uint64_t seed, shian_arena_t *a, uint64_t i,
    int32_t today, Shian__Venue *v);

/* What a diner writes who gives that many stars. */
const char *shian_demo_words(shian_dice_t *d, uint32_t stars);

/* What an inspector writes beside an item that fails; NULL: it never does. */
const char *shian_demo_note(const char *code);

/* An item that many venues have nothing of; it never fails. */
bool shian_demo_spared(const char *code);

/* One of the sentences of a kind; static, not to be written to. */
char *shian_demo_say(shian_dice_t *d, shian_say_t what);

/* A person's name; in the arena. */
char *shian_demo_person(shian_dice_t *d, shian_arena_t *a);

/* The name of district i; NULL past the last. */
const char *shian_demo_district(size_t i);

#endif /* SHIAN_DEMO_CITY_H */
