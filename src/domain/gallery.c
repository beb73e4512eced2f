#include "gallery.h"

#include "capabilities.h"


static void
put(shian_op_t *o, const Shian__Photo *p)
{
    shian_rowkey_t  k;

    k.n = 0;
    shian_rowkey_bytes(&k, p->hash.data, p->hash.len);
    shian_row_put_message(o->txn, SHIAN_T_PHOTO, &k, p);
}


void
shian_gallery_use(shian_op_t *o, const Shian__Photo *p, uint64_t venue,
    bool open)
{
    Shian__Photo  *known, now;

    known = shian_photo_get(o->txn, shian_bytes(p->hash));

    if (known != NULL) {
        if (open) {
            shian_gallery_open(o, p, 1);
        }
        return;
    }

    now = *p;
    now.has_open = now.has_venue = now.has_at = 1;
    now.open = open;
    now.venue = venue;
    now.at = o->op->at;
    put(o, &now);
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
    shian_gallery_use(o, o->op->photo_put->photo, 0, false);

    /* Set for a new one only: a known photo changes nothing. */
    o->result.has_id = 1;
    o->result.id = o->seq;
}
