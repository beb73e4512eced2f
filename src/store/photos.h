/*
 * Photos as files: dir/photos/ab/abcd…, named by the hash of what is in them.
 * A file is on disk before the record that names it; one that no record names
 * is what an attempt or an erased record has left.
 */

#ifndef SHIAN_PHOTOS_H
#define SHIAN_PHOTOS_H

#include "store.h"

#define SHIAN_PHOTO_FOLDERS  256

/*
 * How long a file may wait for its record: longer than a form may be sent
 * again with the photos of the attempt before.
 */
#define SHIAN_PHOTO_GRACE_MS  (UINT64_C(48) * 3600 * 1000)

/* The path of a photo, NUL-terminated, or NULL without memory. */
char *shian_photo_path(shian_arena_t *a, const char *dir,
    const uint8_t hash[32]);

/*
 * Writes a photo under its hash, durably; one that is there already counts as
 * sent now.  False with errno set.  Blocks: pool thread.
 */
bool shian_photo_save(shian_arena_t *a, const char *dir,
    const uint8_t hash[32], shian_str_t bytes);

/*
 * Removes from the folder of hashes that begin with the byte `first` what no
 * row names and nobody has sent since SHIAN_PHOTO_GRACE_MS before now_ms;
 * others may save the same photos meanwhile.  Returns how many files went.
 * Blocks: pool thread.
 */
size_t shian_photos_sweep(shian_store_t *s, unsigned first, uint64_t now_ms);

#endif /* SHIAN_PHOTOS_H */
