/*
 * What the files that make operations of the demo's events share.
 */

#ifndef SHIAN_DEMO_DEED_H
#define SHIAN_DEMO_DEED_H

#include "demo_deeds.h"

#define SHIAN_MINUTE_MS  UINT64_C(60000)
#define SHIAN_DAY_MS     UINT64_C(86400000)

/* Venues with photos are among the first, however large the city. */
#define SHIAN_DEMO_PHOTOS  3800

/* An event while it becomes an operation. */
typedef struct {
    shian_demo_t        *demo;
    const shian_event_t *event;
    shian_memory_t      *memory;
    shian_arena_t       *arena;
    shian_dice_t         dice;
    Shian__Actor         actor;
    Shian__Operation     op;
} shian_doing_t;

/* The store gives its first venue the number 1. */
static inline uint64_t
shian_deed_venue(const shian_doing_t *t)
{
    return t->event->venue + UINT64_C(1);
}

/* Queues t->op.  False: it was said why. */
bool shian_deed_queue(shian_doing_t *t);

/* The same, after sealing what is to be sealed in its body. */
bool shian_deed_queue_sealed(shian_doing_t *t, ProtobufCMessage *body);

/* Says so; false. */
bool shian_deed_no_memory(const shian_doing_t *t);

/* Who acts: a user, the venue, who visits it, the officer of the first link,
   somebody with a phone. */
void shian_deed_as_user(shian_doing_t *t, uint64_t user,
    Shian__Role__Kind role);
void shian_deed_as_venue(shian_doing_t *t);
void shian_deed_as_inspector(shian_doing_t *t);
void shian_deed_as_officer(shian_doing_t *t);
bool shian_deed_as_diner(shian_doing_t *t);

/* Draws a photo and puts it into the store: a list of one, or NULL. */
Shian__Photo **shian_deed_photo(shian_doing_t *t, bool clean);

/* Before the door, by so many times 400 to 600 of these degrees. */
shian_place_t shian_deed_spot(shian_doing_t *t, double degrees);


/* ---- complaints: demo_desk.c ----------------------------------------------*/

bool shian_deed_file(shian_doing_t *t);
bool shian_deed_handle(shian_doing_t *t);
bool shian_deed_follow(shian_doing_t *t);
bool shian_deed_look(shian_doing_t *t);
bool shian_deed_pursue(shian_doing_t *t);

#endif /* SHIAN_DEMO_DEED_H */
