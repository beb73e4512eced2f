/*
 * Photo records: which file a hash is, how many records name it, and how many
 * published ones show it to everybody.  Who else sees it is asked of the
 * record that shows it: see shown.h.
 */

#ifndef SHIAN_GALLERY_H
#define SHIAN_GALLERY_H

#include "domain.h"

/* A record names n photos: written if new; open counts published ones. */
void shian_gallery_use(shian_op_t *o, Shian__Photo *const *photos, size_t n,
    bool open);

/*
 * A record names it no more: where that was the last one its row goes, and
 * its file is the caller's to remove after the commit.
 */
void shian_gallery_drop(shian_op_t *o, const Shian__Photo *p);

/*
 * Removes the files in the store's folder dir of those of n hashes that no
 * record names any more.  After the commit; any thread with a transaction.
 */
void shian_gallery_remove_files(shian_txn_t *t, const char *dir,
    uint8_t (*hashes)[SHIAN_HASH_SIZE], size_t n);

/* A record that names it was published (delta 1) or taken down (-1). */
void shian_gallery_open(shian_op_t *o, const Shian__Photo *p, int delta);

/* The same as use, for a photo that was sent before, by its hash. */
void shian_gallery_name(shian_op_t *o, ProtobufCBinaryData hash, bool open);

/* Does each have the hash of a photo? */
bool shian_gallery_named(Shian__Photo *const *photos, size_t n);

#endif /* SHIAN_GALLERY_H */
