/*
 * Epoch keys: what makes an erasure final.
 *
 * LMDB's free pages and copies of its file keep rows that were deleted.  So a
 * record's key is wrapped by a key that LMDB never holds: a file DIR/epoch/
 * BB.N, itself wrapped by the site's vault key.  BB is the bucket, the first
 * byte of the vault id; N counts the epochs of the bucket.  After an erasure
 * the bucket is turned: the keys of the living are wrapped under N + 1, and
 * file N is destroyed, and with it every old copy of the erased row.
 *
 * A turn goes by steps, each of which begins by looking at what is there, so
 * that whoever comes next goes on where another was cut short:
 *
 *     file N + 1 on disk        → table `epoch` says N + 1, committed
 *     → rows in slices          → no row names N
 *     → no reader of before     → file N overwritten and removed
 *
 * DIR/epoch/lock is held for a step, and by whoever copies store and keys.
 */

#ifndef SHIAN_EPOCH_H
#define SHIAN_EPOCH_H

#include "core/box.h"
#include "core/ids.h"
#include "core/keys.h"
#include "store.h"

#define SHIAN_EPOCHS   256

/* A row of the vault: number of the epoch(4), the record's key in a box. */
#define SHIAN_WRAPPED     (4 + SHIAN_BOX_KEY + SHIAN_BOX_OVER)

/* The file of a key: length of the vault key's id(1), that id, a box. */
#define SHIAN_EPOCH_FILE  (1 + SHIAN_MAX_KID + SHIAN_BOX_KEY + SHIAN_BOX_OVER)

typedef enum {
    SHIAN_EPOCH_DONE,           /* nothing more to do */
    SHIAN_EPOCH_MORE,           /* call again, others may write meanwhile */
    SHIAN_EPOCH_WAITS,          /* for a reader or who holds the lock */
    SHIAN_EPOCH_FAILED          /* errno says why */
} shian_epoch_step_t;

/*
 * Reads the key of an epoch.  False: errno is ENOENT where there is no such
 * file, EKEYREJECTED where the site's keys do not open it.  Any thread; does
 * file I/O.  The key is the caller's to wipe.
 */
bool shian_epoch_key(const shian_store_t *s, const shian_keys_t *keys,
    uint8_t bucket, uint32_t number, uint8_t key[32]);

/*
 * The epoch in force of a bucket and its key, in a writing transaction; the
 * first one of a bucket is made.  False with errno as above.
 */
bool shian_epoch_in_force(shian_txn_t *t, const shian_keys_t *keys,
    uint8_t bucket, uint32_t *number, uint8_t key[32]);

/* The row of record id, whose key is `key`, under an epoch.  Any thread. */
void shian_epoch_wrap(const uint8_t epoch_key[32], uint32_t number,
    shian_str_t id, const uint8_t key[32], uint8_t row[SHIAN_WRAPPED]);

/* The number of the epoch that a row names; 0: it is no row. */
uint32_t shian_epoch_of(shian_str_t row);

/* The record's key again; false when anything was changed. */
bool shian_epoch_unwrap(const uint8_t epoch_key[32], shian_str_t id,
    shian_str_t row, uint8_t key[32]);

/*
 * Notes that vault row id was erased at instant ms, so that its bucket will
 * be turned and older copies hear of it.  In a writing transaction.
 */
void shian_epoch_erased(shian_txn_t *t, const uint8_t id[SHIAN_ID_SIZE],
    uint64_t ms);

/*
 * Which buckets something is to be done about: one in which a row was erased
 * before before_ms, or whose last turn was cut short.  Returns how many; 0
 * also when it cannot be read.  Any thread; reads a folder.
 */
size_t shian_epoch_due(shian_store_t *s, uint64_t before_ms,
    bool due[SHIAN_EPOCHS]);

/*
 * The file of an epoch's key as it is, closed under the site's key: for a
 * copy.  *n is its size.  False with errno.  Any thread; does file I/O.
 */
bool shian_epoch_raw(const shian_store_t *s, uint8_t bucket, uint32_t number,
    uint8_t raw[SHIAN_EPOCH_FILE], size_t *n);

/*
 * One step of turning a bucket, at most one write of a bounded number of
 * rows.  wait: for the lock, which is otherwise WAITS.  Blocks on the disk:
 * pool thread or command line.
 */
shian_epoch_step_t shian_epoch_step(shian_store_t *s,
    const shian_keys_t *keys, uint8_t bucket, uint64_t before_ms, bool wait);

/*
 * Takes the lock on the keys of the store, shared or alone; *fd is closed to
 * let go of it.  False with errno, EWOULDBLOCK when another has it and wait
 * is false.
 */
bool shian_epoch_lock(const shian_store_t *s, bool shared, bool wait,
    int *fd);

#endif /* SHIAN_EPOCH_H */
