#include "gallery.h"

#include <unistd.h>

#include "capabilities.h"
#include "store/photos.h"


static void
put(shian_op_t *o, const Shian__Photo *p)
{
    shian_rowkey_t  k;

    k.n = 0;
    shian_rowkey_bytes(&k, p->hash.data, p->hash.len);
    shian_row_put_message(o->txn, SHIAN_T_PHOTO, &k, p);
}


/*
 * A record names the photo, which may be one that nobody ever put: then it is
 * written with what is known of it.
 */
static void
use(shian_op_t *o, const Shian__Photo *p, bool open)
{
    Shian__Photo  *known, now;

    known = shian_photo_get(o->txn, shian_bytes(p->hash));

    if (known == NULL) {
        now = *p;
        known = &now;
        known->open = known->used = 0;
        known->has_at = 1;
        known->at = o->op->at;
    }

    known->has_open = known->has_used = 1;
    known->open += open;
    known->used++;
    put(o, known);
}


void
shian_gallery_use(shian_op_t *o, Shian__Photo *const *photos, size_t n,
    bool open)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        use(o, photos[i], open);
    }
}


void
shian_gallery_name(shian_op_t *o, ProtobufCBinaryData hash, bool open)
{
    Shian__Photo  p = SHIAN__PHOTO__INIT;

    p.has_hash = 1;
    p.hash = hash;
    use(o, &p, open);
}


bool
shian_gallery_named(Shian__Photo *const *photos, size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (photos[i]->hash.len != SHIAN_HASH_SIZE) {
            return false;
        }
    }

    return true;
}


void
shian_gallery_drop(shian_op_t *o, const Shian__Photo *p)
{
    Shian__Photo    *known;
    shian_rowkey_t   k;

    known = shian_photo_get(o->txn, shian_bytes(p->hash));

    if (known == NULL) {
        return;
    }

    if (known->used > 1) {
        known->used--;
        put(o, known);
        return;
    }

    k.n = 0;
    shian_rowkey_bytes(&k, p->hash.data, p->hash.len);
    shian_row_del(o->txn, SHIAN_T_PHOTO, &k);
}


void
shian_gallery_remove_files(shian_txn_t *t, const char *dir,
    uint8_t (*hashes)[SHIAN_HASH_SIZE], size_t n)
{
    size_t       i;
    const char  *path;

    for (i = 0; i < n; i++) {
        if (shian_photo_get(t, shian_slice(hashes[i], SHIAN_HASH_SIZE))
            != NULL)
        {
            continue;
        }

        path = shian_photo_path(t->arena, dir, hashes[i]);

        /* Named twice it is gone already; a file too many does no harm. */
        if (path != NULL) {
            (void) unlink(path);
        }
    }
}


void
shian_gallery_open(shian_op_t *o, const Shian__Photo *p, int delta)
{
    Shian__Photo  *known;

    known = shian_photo_get(o->txn, shian_bytes(p->hash));

    if (known != NULL && (delta > 0 || known->open > 0)) {
        known->has_open = 1;
        known->open += (uint32_t) delta;
        put(o, known);
    }
}


bool
shian_photo_put_check(shian_op_t *o)
{
    const Shian__Photo  *p = o->op->photo_put->photo;

    if (p == NULL || p->hash.len != SHIAN_HASH_SIZE) {
        return shian_fail(o->report, 400, "malformed", "No photo.");
    }

    o->unchanged = shian_photo_get(o->txn, shian_bytes(p->hash)) != NULL;

    return true;
}


void
shian_photo_put_apply(shian_op_t *o)
{
    Shian__Photo  p = *o->op->photo_put->photo;

    p.has_open = p.has_used = p.has_at = 1;
    p.open = p.used = 0;
    p.at = o->op->at;
    put(o, &p);

    /* Set for a new one only: a known photo changes nothing. */
    shian_result(o, o->seq, 0);
}
