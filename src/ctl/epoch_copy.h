/*
 * The epoch keys of a backup: one file, so that it can be kept apart from the
 * tables and destroyed before them.  Each line is the name of a key file of
 * the store and its bytes in hex, closed under the site's vault key.
 */

#ifndef SHIAN_EPOCH_COPY_H
#define SHIAN_EPOCH_COPY_H

#include "photo_copy.h"

#define SHIAN_EPOCH_BACKUP  "backup.epoch"

/*
 * Writes to `path` the keys that rows of `named`, a copy of store `from`, are
 * wrapped by.  The lock on the keys must have been held since before the
 * copy.  False: it was said why.
 */
bool shian_epoch_backup(shian_ctl_t *c, const char *from,
    shian_store_t *named, const char *path);

/* The opposite, into the folder of a store, for its owner. */
bool shian_epoch_restore(const shian_photo_copy_t *p, const char *path);

/*
 * How many rows of the vault there are, and how many of them nobody can open
 * who has these keys and the folder of epochs.  False: one was damaged, or the
 * store cannot be read; it was said.
 */
bool shian_epoch_count(shian_ctl_t *c, uint64_t *rows, uint64_t *closed);

#endif /* SHIAN_EPOCH_COPY_H */
