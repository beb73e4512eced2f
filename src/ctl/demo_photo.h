/*
 * Pictures for the demo city: plates on a table, drawn when they are needed.
 */

#ifndef SHIAN_DEMO_PHOTO_H
#define SHIAN_DEMO_PHOTO_H

#include "ctl.h"
#include "demo_city.h"

/*
 * Draws a picture, with stains unless it is clean, and puts it into the store
 * by the way that every photo from outside takes.  *out and its hash are in
 * a.  False: it was said why.
 */
bool shian_demo_photo(shian_ctl_t *c, shian_arena_t *a, shian_dice_t *dice,
    bool clean, uint64_t now_ms, Shian__Photo *out);

#endif /* SHIAN_DEMO_PHOTO_H */
