#include "shown.h"

#include <inttypes.h>

#include "complaint_parts.h"
#include "store/photos.h"
#include "view_parts.h"


/* ---- addresses ------------------------------------------------------------*/

char *
shian_record_at(shian_txn_t *t, shian_eye_t eye, const char *kind,
    uint64_t id)
{
    return eye == SHIAN_EYE_PUBLIC ? NULL
           : shian_printf(t->arena, "/%s/%s/%" PRIu64,
                          eye == SHIAN_EYE_VENUE ? "my" : "desk", kind, id);
}


static char *
href(shian_arena_t *a, const char *at, uint64_t n, ProtobufCBinaryData hash)
{
    char  hex[2 * SHIAN_HASH_SIZE];

    if (at != NULL) {
        return shian_printf(a, "%s/photos/%" PRIu64, at, n);
    }

    if (hash.len != SHIAN_HASH_SIZE) {
        return NULL;
    }

    shian_hex(hex, hash.data, SHIAN_HASH_SIZE);

    return shian_printf(a, "/photos/%.*s", (int) sizeof(hex), hex);
}


static Shian__PhotoView *
photo_view(shian_txn_t *t, const char *at, uint64_t n, const Shian__Photo *p)
{
    Shian__PhotoView  *view;

    NEW(view, photo_view);
    COPY(view, p, width);
    COPY(view, p, height);
    view->href = href(t->arena, at, n, p->hash);

    return view->href == NULL ? NULL : view;
}


bool
shian_view_photos(shian_txn_t *t, const char *at, uint64_t first,
    Shian__Photo *const *photos, size_t n, Shian__PhotoView ***out,
    size_t *nout)
{
    size_t  i;

    *nout = 0;
    *out = shian_array(t->arena, n + 1, sizeof(**out));

    for (i = 0; *out != NULL && i < n; i++) {
        (*out)[i] = photo_view(t, at, first + i, photos[i]);

        if ((*out)[i] == NULL) {
            return false;
        }

        (*nout)++;
    }

    return *out != NULL;
}


bool
shian_view_hashes(shian_txn_t *t, const char *at, uint64_t first,
    const ProtobufCBinaryData *hashes, size_t n, Shian__PhotoView ***out,
    size_t *nout)
{
    size_t          i;
    Shian__Photo  **photos, *p;

    photos = shian_array(t->arena, n + 1, sizeof(*photos));

    for (i = 0; photos != NULL && i < n; i++) {
        p = shian_photo_get(t, shian_bytes(hashes[i]));

        if (p == NULL) {
            p = shian_alloc(t->arena, sizeof(*p));
            if (p == NULL) {
                return false;
            }

            shian__photo__init(p);
            p->has_hash = 1;
            p->hash = hashes[i];
        }

        photos[i] = p;
    }

    return photos != NULL
           && shian_view_photos(t, at, first, photos, n, out, nout);
}


/* ---- what is there --------------------------------------------------------*/

shian_str_t
shian_shown_photo(Shian__Photo *const *photos, size_t nphotos, uint64_t n)
{
    return n == 0 || n > nphotos ? SHIAN_NONE
                                 : shian_bytes(photos[n - 1]->hash);
}


shian_str_t
shian_shown_finding(const Shian__Finding *f, uint64_t n)
{
    if (n != 0 && n <= f->n_photos) {
        return shian_bytes(f->photos[n - 1]);
    }

    return n == 0 ? SHIAN_NONE
           : shian_shown_photo(f->after, f->n_after, n - f->n_photos);
}


shian_str_t
shian_shown_inspection(const Shian__Inspection *in, uint64_t n)
{
    size_t                i;
    const Shian__Answer  *a;

    for (i = 0; n != 0 && i < in->n_items; i++) {
        a = in->items[i];

        if (n <= a->n_photos) {
            return shian_bytes(a->photos[n - 1]);
        }

        n -= a->n_photos;
    }

    return SHIAN_NONE;
}


shian_str_t
shian_shown_complaint(shian_txn_t *t, const Shian__Complaint *c, uint64_t n,
    bool own)
{
    uint64_t                step = n / SHIAN_SHOWN_STEP;
    Shian__ComplaintEvent  *e;

    if (step == 0) {
        return shian_shown_photo(c->photos, c->n_photos, n);
    }

    e = step > c->events ? NULL
        : shian_complaint_event(t, c->id, (uint32_t) step);

    if (e == NULL || (own && e->role != SHIAN__ROLE__KIND__public)) {
        return SHIAN_NONE;
    }

    return shian_shown_photo(e->photos, e->n_photos, n % SHIAN_SHOWN_STEP);
}
