/*
 * Photo records: which file a hash is, and whether everybody may see it.
 */

#ifndef SHIAN_GALLERY_H
#define SHIAN_GALLERY_H

#include "domain.h"

/* A record names the photo: written if new; open counts published ones. */
void shian_gallery_use(shian_op_t *o, const Shian__Photo *p, uint64_t venue,
    bool open);

/* A record that names it was published (delta 1) or taken down (-1). */
void shian_gallery_open(shian_op_t *o, const Shian__Photo *p, int delta);

#endif /* SHIAN_GALLERY_H */
