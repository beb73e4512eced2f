/*
 * Reading what was posted.  nginx reads the body (to memory or to its
 * temporary file) while a filter holds it to the route's limit, chunked or
 * not; a pool thread parses it, so neither disk nor photos block the loop.
 */

#include "ngx_http_shian.h"

#include <sodium.h>

#include "domain/complaint.h"
#include "store/ingest.h"


static ngx_http_request_body_filter_pt  ngx_http_shian_next_body_filter;


static ngx_int_t
ngx_http_shian_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_chain_t           *cl;
    ngx_http_shian_ctx_t  *c;

    c = ngx_http_get_module_ctx(r, ngx_http_shian_module);

    if (c != NULL && c->route != NULL && c->route->body != 0) {

        for (cl = in; cl != NULL; cl = cl->next) {
            c->body_seen += ngx_buf_size(cl->buf);
        }

        if (c->body_seen > (off_t) c->body_limit) {
            return NGX_HTTP_REQUEST_ENTITY_TOO_LARGE;
        }
    }

    return ngx_http_shian_next_body_filter(r, in);
}


ngx_int_t
ngx_http_shian_body_filter_init(ngx_conf_t *cf)
{
    ngx_http_shian_next_body_filter = ngx_http_top_request_body_filter;
    ngx_http_top_request_body_filter = ngx_http_shian_body_filter;

    return NGX_OK;
}


/* A repeat of the same request has this hash again. */
static void
ngx_http_shian_hash_body(ngx_http_shian_ctx_t *c)
{
    size_t                     i;
    uint8_t                   *hash;
    crypto_generichash_state   h;

    hash = shian_alloc(&c->arena, 32);
    if (hash == NULL) {
        return;
    }

    crypto_generichash_init(&h, NULL, 0, 32);
    crypto_generichash_update(&h, c->request->uri.data, c->request->uri.len);
    crypto_generichash_update(&h, (const u_char *) "\n", 1);
    crypto_generichash_update(&h, c->json.p, c->json.n);

    /* Boundaries differ from one sending to the next, fields do not. */
    for (i = 0; i < c->nbody; i++) {
        if (shian_str_is(c->body[i].name, "idempotency_key")) {
            continue;
        }
        crypto_generichash_update(&h, c->body[i].name.p, c->body[i].name.n);
        crypto_generichash_update(&h, (const u_char *) "=", 2);
        crypto_generichash_update(&h, c->body[i].value.p,
                                  c->body[i].value.n);
        crypto_generichash_update(&h, (const u_char *) "&", 2);
    }

    for (i = 0; i < c->nphotos; i++) {
        crypto_generichash_update(&h, c->photos[i]->hash.data,
                                  c->photos[i]->hash.len);
    }

    crypto_generichash_final(&h, hash, 32);
    c->body_hash = shian_slice(hash, 32);
}


/* What came from the thread; photos' faults are left for the handler. */
static ngx_int_t
ngx_http_shian_body_parsed(ngx_http_shian_ctx_t *c)
{
    if (c->report.status != 200 && c->report.nfields == 0) {
        return ngx_http_shian_fail(c);
    }

    c->body_read = 1;
    ngx_http_shian_hash_body(c);

    return ngx_http_shian_post(c);
}


static ngx_int_t
ngx_http_shian_body_raw(ngx_http_shian_ctx_t *c, shian_str_t raw)
{
    if (c->json_body) {
        c->json = raw;

    } else if (raw.n != 0
               && !shian_form_parse(&c->arena, raw, SHIAN_MAX_PAIRS,
                                    &c->body, &c->nbody, &c->report))
    {
        return ngx_http_shian_fail(c);
    }

    return ngx_http_shian_body_parsed(c);
}


/* ---- in the pool thread ---------------------------------------------------*/

static bool
ngx_http_shian_body_work(void *data)
{
    shian_ingest(data);

    return false;
}


static ngx_int_t
ngx_http_shian_body_ingested(ngx_http_shian_ctx_t *c, void *data)
{
    shian_ingest_t  *in = data;

    c->report = in->report;

    if (in->boundary.n != 0) {
        c->body = in->pairs;
        c->nbody = in->npairs;
        c->photos = in->photos;
        c->nphotos = in->nphotos;

        return ngx_http_shian_body_parsed(c);
    }

    return c->report.status != 200 ? ngx_http_shian_fail(c)
                                   : ngx_http_shian_body_raw(c, in->raw);
}


static void
ngx_http_shian_body_cleanup(void *data)
{
    shian_ingest_t  *in = data;

    shian_arena_free(&in->arena);
}


static ngx_int_t
ngx_http_shian_body_pieces(ngx_http_request_t *r, shian_ingest_t *in)
{
    size_t        n;
    ngx_chain_t  *cl;

    n = 0;
    in->fd = -1;

    for (cl = r->request_body->bufs; cl != NULL; cl = cl->next) {
        n++;
    }

    in->pieces = ngx_palloc(r->pool, (n + 1) * sizeof(shian_str_t));
    if (in->pieces == NULL) {
        return NGX_ERROR;
    }

    for (cl = r->request_body->bufs; cl != NULL; cl = cl->next) {
        if (cl->buf->in_file) {
            in->fd = cl->buf->file->fd;
            in->file_size = (size_t) cl->buf->file_last;
        } else if (ngx_buf_in_memory(cl->buf)) {
            in->pieces[in->npieces++] = shian_slice(cl->buf->pos,
                (size_t) (cl->buf->last - cl->buf->pos));
        }
    }

    return NGX_OK;
}


static size_t
ngx_http_shian_body_photos(const ngx_http_shian_route_t *route)
{
    return route->handler == ngx_http_shian_inspection_post
           ? SHIAN_MAX_PHOTOS
           : route->handler == ngx_http_shian_complaint_post
             || route->handler == ngx_http_shian_track_post
             || route->handler == ngx_http_shian_open311_post
           ? SHIAN_COMPLAINT_PHOTOS : 4;
}


static ngx_int_t
ngx_http_shian_body_post_task(ngx_http_shian_ctx_t *c, shian_str_t boundary)
{
    shian_ingest_t      *in;
    ngx_http_request_t  *r = c->request;
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(r->pool, sizeof(*in));

    if (cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    in = cln->data;
    ngx_memzero(in, sizeof(*in));
    in->boundary = boundary;
    in->dir = (char *) c->conf->env->path.data;
    in->keys = c->conf->keys;
    in->aud = ngx_http_shian_str(c->conf->base_url);
    in->generation = ngx_http_shian_generation(c);
    in->now_ms = c->now_ms;
    in->max_photos = ngx_http_shian_body_photos(c->route);
    shian_arena_init(&in->arena, NULL, NULL);
    shian_report_init(&in->report);
    cln->handler = ngx_http_shian_body_cleanup;

    if (ngx_http_shian_body_pieces(r, in) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_shian_task(c, ngx_http_shian_body_work,
                               ngx_http_shian_body_ingested, in);
}


/* ---- in the event loop ----------------------------------------------------*/

static void
ngx_http_shian_body_handler(ngx_http_request_t *r)
{
    ngx_int_t              rc;
    shian_str_t            boundary;
    ngx_chain_t           *cl;
    ngx_http_shian_ctx_t  *c;

    c = ngx_http_get_module_ctx(r, ngx_http_shian_module);
    boundary = SHIAN_NONE;

    if (!c->json_body && !c->form_body
        && !shian_multipart_boundary(
               ngx_http_shian_header(r, "content-type"), &boundary))
    {
        ngx_http_finalize_request(r,
            ngx_http_shian_refuse(c, 400, "malformed",
                                  "The multipart form has no boundary."));
        return;
    }

    cl = r->request_body == NULL ? NULL : r->request_body->bufs;

    if (boundary.n == 0 && (cl == NULL
                            || (cl->next == NULL && !cl->buf->in_file)))
    {
        rc = ngx_http_shian_body_raw(c, cl == NULL ? SHIAN_NONE
                 : shian_slice(cl->buf->pos,
                               (size_t) (cl->buf->last - cl->buf->pos)));
    } else if (cl == NULL) {
        rc = ngx_http_shian_refuse(c, 400, "interrupted",
                                   "The form is empty.");
    } else {
        rc = ngx_http_shian_body_post_task(c, boundary);
    }

    ngx_http_finalize_request(r, rc);
}


static ngx_int_t
ngx_http_shian_starts(shian_str_t s, const char *prefix)
{
    size_t  n = ngx_strlen(prefix);

    return s.n >= n
           && ngx_strncasecmp((u_char *) s.p, (u_char *) prefix, n) == 0;
}


ngx_int_t
ngx_http_shian_body_read(ngx_http_shian_ctx_t *c)
{
    off_t                length;
    ngx_int_t            rc;
    shian_str_t          type;
    ngx_http_request_t  *r = c->request;

    type = ngx_http_shian_header(r, "content-type");
    length = r->headers_in.content_length_n;
    c->body_limit = c->route->body;

    if (ngx_http_shian_starts(type, "application/json")) {
        c->json_body = 1;
        c->body_limit = ngx_min(c->body_limit, 256 * 1024);

    } else if (type.n == 0 && length <= 0 && !r->headers_in.chunked) {
        c->form_body = 1;

    } else if (ngx_http_shian_starts(type,
                                     "application/x-www-form-urlencoded"))
    {
        c->form_body = 1;
        c->body_limit = ngx_min(c->body_limit, 256 * 1024);

    } else if (!ngx_http_shian_starts(type, "multipart/form-data")) {
        rc = ngx_http_discard_request_body(r);
        return rc != NGX_OK ? rc
               : ngx_http_shian_refuse(c, 415, "wrong_type",
                     "Send application/x-www-form-urlencoded, "
                     "multipart/form-data or application/json.");
    }

    if (length > (off_t) c->body_limit) {
        r->keepalive = 0;
        return ngx_http_shian_refuse(c, 413, "too_large",
                                     "The request is too large.");
    }

    r->request_body_in_single_buf = 1;

    rc = ngx_http_read_client_request_body(r, ngx_http_shian_body_handler);

    return rc >= NGX_HTTP_SPECIAL_RESPONSE ? rc : NGX_DONE;
}


bool
ngx_http_shian_bind(ngx_http_shian_ctx_t *c,
    const ProtobufCMessageDescriptor *desc, ProtobufCMessage **out)
{
    static const char *const  ignore[] = {
        "idempotency_key", "action", NULL
    };

    const char *const  *skip;

    /* `action` chooses the operation, unless the operation has it itself. */
    skip = protobuf_c_message_descriptor_get_field_by_name(desc, "action")
           == NULL ? ignore
                   : (const char *const []) { "idempotency_key", NULL };

    if (c->json_body) {
        return shian_bind_json(&c->arena, shian_field_rules,
                               shian_nfield_rules, desc, c->json, skip, out,
                               &c->report);
    }

    return shian_bind_pairs(&c->arena, shian_field_rules, shian_nfield_rules,
                            desc, c->body, c->nbody, skip, out, &c->report);
}
