/*
 * Photos that are not published: each is asked for as photo n of a record, and
 * is seen by whoever may see that record now.
 */

#include "ngx_http_shian_board.h"

#include "domain/checkin.h"
#include "domain/finding.h"
#include "domain/safeguard.h"
#include "domain/shown.h"


ngx_int_t
ngx_http_shian_complaint_photo(ngx_http_shian_ctx_t *c)
{
    shian_board_t      b;
    Shian__Complaint  *record;

    ngx_http_shian_board_init(c, &b);
    record = shian_complaint_get(&c->txn, c->id);

    return record == NULL || !shian_board_sees(&c->txn, &b, record)
           ? ngx_http_shian_no_photo(c)
           : ngx_http_shian_shown(c, shian_shown_complaint(&c->txn, record,
                                                           c->n, false));
}


ngx_int_t
ngx_http_shian_finding_photo(ngx_http_shian_ctx_t *c)
{
    Shian__Finding  *f;

    f = shian_finding_get(&c->txn, c->id);

    return f == NULL || !ngx_http_shian_reaches(c, f->venue)
           ? ngx_http_shian_no_photo(c)
           : ngx_http_shian_shown(c, shian_shown_finding(f, c->n));
}


ngx_int_t
ngx_http_shian_inspection_photo(ngx_http_shian_ctx_t *c)
{
    Shian__Inspection  *in;

    in = shian_inspection_get(&c->txn, 0, c->id);

    return in == NULL || !ngx_http_shian_reaches(c, in->venue)
           ? ngx_http_shian_no_photo(c)
           : ngx_http_shian_shown(c, shian_shown_inspection(in, c->n));
}


ngx_int_t
ngx_http_shian_appeal_photo(ngx_http_shian_ctx_t *c)
{
    Shian__Appeal  *a;

    a = shian_appeal_get(&c->txn, c->id);

    return a == NULL || !ngx_http_shian_reaches(c, a->venue)
           ? ngx_http_shian_no_photo(c)
           : ngx_http_shian_shown(c, shian_shown_photo(a->photos, a->n_photos,
                                                       c->n));
}


ngx_int_t
ngx_http_shian_review_photo(ngx_http_shian_ctx_t *c)
{
    Shian__Review  *r;

    r = shian_review_get(&c->txn, c->id);

    return r == NULL || !ngx_http_shian_reaches(c, r->venue)
           ? ngx_http_shian_no_photo(c)
           : ngx_http_shian_shown(c, shian_shown_photo(r->photos, r->n_photos,
                                                       c->n));
}
