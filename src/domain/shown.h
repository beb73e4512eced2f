/*
 * Photos under the records that show them.  A published photo is at
 * /photos/{hash}; any other has no address but "photo n of that record", so
 * whoever may see the record may see it, through this record and as long as
 * it is theirs to see, whatever else shows the same picture.
 *
 * Numbers begin at 1, in the order of the record: what was found before what
 * was put right; item by item of a visit; what came with step e of a
 * complaint from SHIAN_SHOWN_STEP * e + 1 on.
 */

#ifndef SHIAN_SHOWN_H
#define SHIAN_SHOWN_H

#include "view.h"

#define SHIAN_SHOWN_STEP  100       /* more than the photos of one step */

/*
 * "/my/findings/7" or "/desk/findings/7": where who looks has the record; NULL
 * for the public, who has none, and without memory.
 */
char *shian_record_at(shian_txn_t *t, shian_eye_t eye, const char *kind,
    uint64_t id);

/*
 * Views of n photos, whose record is at `at` and the first of which has number
 * `first` there; at NULL: they are published.  In the arena; false: no memory.
 */
bool shian_view_photos(shian_txn_t *t, const char *at, uint64_t first,
    Shian__Photo *const *photos, size_t n, Shian__PhotoView ***out,
    size_t *nout);

/* The same for photos that a record names by their hashes alone. */
bool shian_view_hashes(shian_txn_t *t, const char *at, uint64_t first,
    const ProtobufCBinaryData *hashes, size_t n, Shian__PhotoView ***out,
    size_t *nout);

/* The hash of photo n of a record; NONE: it has no such photo. */
shian_str_t shian_shown_photo(Shian__Photo *const *photos, size_t nphotos,
    uint64_t n);
shian_str_t shian_shown_finding(const Shian__Finding *f, uint64_t n);
shian_str_t shian_shown_inspection(const Shian__Inspection *in, uint64_t n);

/* own: who filed it asks, and what the bureau photographed is not shown. */
shian_str_t shian_shown_complaint(shian_txn_t *t, const Shian__Complaint *c,
    uint64_t n, bool own);

#endif /* SHIAN_SHOWN_H */
