/*
 * The rules by which venues are inspected and graded, for everybody to read.
 */

#include "ngx_http_shian.h"

#include "domain/checklist.h"


ngx_int_t
ngx_http_shian_checklist(ngx_http_shian_ctx_t *c)
{
    Shian__ChecklistView  *v;

    v = shian_checklist_view(&c->txn);
    if (v == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    c->view = &v->base;

    return ngx_http_shian_reply(c);
}
