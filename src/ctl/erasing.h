/*
 * Making erasures final, and telling older copies of them.
 */

#ifndef SHIAN_ERASING_H
#define SHIAN_ERASING_H

#include "ctl.h"

/*
 * Turns every bucket in which something was erased.  *waits: how many old keys
 * stay for now, as somebody still reads what was before.  False: it was said
 * why.  Acts as the owner.
 */
bool shian_erasing_turn(shian_ctl_t *c, size_t *waits);

/*
 * Adds what the store has erased to the list beside each earlier backup, that
 * is, each other one in the folder that holds `dir`.  False: it was said.
 */
bool shian_erasing_tell(shian_ctl_t *c, const char *dir);

/*
 * Erases in store `to`, a backup that comes back, what the list of file `path`
 * names.  *n: how many records.  False: it was said why.
 */
bool shian_erasing_repeat(shian_ctl_t *c, shian_store_t *to,
    const char *path, size_t *n);

/* Takes all keys of records from a store whose epoch keys are gone. */
bool shian_erasing_all(shian_ctl_t *c, shian_store_t *to);

#endif /* SHIAN_ERASING_H */
