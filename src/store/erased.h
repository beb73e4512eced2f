/*
 * The list of what was erased: ids of rows of the vault with the instant, no
 * word.  It is kept beside the store (DIR/erased) and beside each backup, so
 * that what an older copy still holds is erased again when it comes back.
 *
 *     ID as 32 hex digits, a space, milliseconds since 1970
 *
 * Lines may come twice and in any order, with the line ends of any system.
 * Of an append that was cut short one line may be no such line; more of them
 * are no list of ours.
 */

#ifndef SHIAN_ERASED_H
#define SHIAN_ERASED_H

#include "core/ids.h"
#include "store.h"

#define SHIAN_ERASED_FILE  "erased"

typedef struct {
    uint8_t   id[SHIAN_ID_SIZE];
    uint64_t  ms;
} shian_erased_t;

/* Begin it as all zeroes; free with shian_erased_free. */
typedef struct {
    shian_erased_t  *row;       /* malloc */
    size_t           n;
    size_t           room;
    size_t           bad;       /* lines that are none */
    bool             sorted;
} shian_erased_list_t;

void shian_erased_free(shian_erased_list_t *l);

/* Adds the lines of a file.  False with errno.  Does file I/O. */
bool shian_erased_read(shian_erased_list_t *l, const char *path);

/* Adds what the store itself knows.  False with errno. */
bool shian_erased_scan(shian_erased_list_t *l, shian_txn_t *t);

/* Adds what another has.  False without memory. */
bool shian_erased_join(shian_erased_list_t *l,
    const shian_erased_list_t *other);

/* Writes each id once, in order. */
void shian_erased_write(shian_erased_list_t *l, shian_sink_t *s);

/* Is the id in it?  Sorts the list when that is needed. */
bool shian_erased_has(shian_erased_list_t *l, shian_str_t id);

/*
 * Appends to DIR/erased, durably, what was erased in a bucket (the first byte
 * of the ids) since an instant.  False with errno.  Blocks on the disk.
 */
bool shian_erased_append(shian_txn_t *t, uint8_t bucket, uint64_t since_ms);

#endif /* SHIAN_ERASED_H */
