/*
 * Files: photos by their hash and what lies in html/static, by sendfile
 * through nginx's cache of open files.
 */

#include "ngx_http_shian.h"

#include "core/folders.h"
#include "core/photo.h"
#include "core/token.h"
#include "store/photos.h"


ngx_int_t
ngx_http_shian_send_file(ngx_http_shian_ctx_t *c, const char *path,
    const char *type, const char *cache_control)
{
    ngx_int_t                   rc;
    ngx_buf_t                  *b;
    ngx_str_t                   name;
    ngx_chain_t                 out;
    ngx_http_request_t         *r = c->request;
    ngx_open_file_info_t        of;
    ngx_http_core_loc_conf_t   *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);
    name.data = (u_char *) path;
    name.len = ngx_strlen(path);

    ngx_memzero(&of, sizeof(of));
    of.read_ahead = clcf->read_ahead;
    of.directio = clcf->directio;
    of.valid = clcf->open_file_cache_valid;
    of.min_uses = clcf->open_file_cache_min_uses;
    of.errors = clcf->open_file_cache_errors;
    of.events = clcf->open_file_cache_events;

    if (ngx_open_cached_file(clcf->open_file_cache, &name, &of, r->pool)
        != NGX_OK || !of.is_file)
    {
        return ngx_http_shian_refuse(c, 404, "not_found",
                                     "There is no such file.");
    }

    if (ngx_http_shian_set_header(r, "Cache-Control", cache_control)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = of.size;
    r->headers_out.last_modified_time = of.mtime;
    ngx_http_shian_set_type(r, type);
    r->allow_ranges = 1;

    if (ngx_http_set_etag(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_send_header(r);
    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_ERROR;
    }

    b->file = ngx_pcalloc(r->pool, sizeof(ngx_file_t));
    if (b->file == NULL) {
        return NGX_ERROR;
    }

    b->file_pos = 0;
    b->file_last = of.size;
    b->in_file = b->file_last ? 1 : 0;
    b->last_buf = 1;
    b->last_in_chain = 1;
    b->file->fd = of.fd;
    b->file->name = name;
    b->file->log = r->connection->log;
    b->file->directio = of.is_directio;

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}


/* ---- photos ---------------------------------------------------------------*/

ngx_int_t
ngx_http_shian_no_photo(ngx_http_shian_ctx_t *c)
{
    return ngx_http_shian_refuse(c, 404, "not_found",
                                 "There is no such photo.");
}


static ngx_int_t
ngx_http_shian_send_photo(ngx_http_shian_ctx_t *c, const Shian__Photo *p,
    const char *cache_control)
{
    char  *path;

    path = shian_photo_path(&c->arena, (char *) c->conf->env->path.data,
                            p->hash.data);

    if (path == NULL
        || ngx_http_shian_set_header(c->request, "X-Content-Type-Options",
                                     "nosniff") != NGX_OK
        || ngx_http_shian_set_header(c->request, "Content-Security-Policy",
                                     "default-src 'none'; sandbox")
           != NGX_OK
        || ngx_http_shian_set_header(c->request, "Content-Disposition",
                                     "inline") != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_shian_send_file(c, path,
               shian_photo_mime((shian_photo_type_t) p->type),
               cache_control);
}


/*
 * What a published record shows is everybody's, and is asked for again soon:
 * it may be taken down.  All else is under its records, see shown.c.
 */
ngx_int_t
ngx_http_shian_photo(ngx_http_shian_ctx_t *c)
{
    uint8_t        hash[SHIAN_HASH_SIZE];
    Shian__Photo  *p;

    p = NULL;

    if (shian_unhex(hash, sizeof(hash), c->word)) {
        p = shian_photo_get(&c->txn, shian_slice(hash, sizeof(hash)));
    }

    return p == NULL || p->open == 0 ? ngx_http_shian_no_photo(c)
           : ngx_http_shian_send_photo(c, p,
                                       "public, max-age=60, must-revalidate");
}


ngx_int_t
ngx_http_shian_shown(ngx_http_shian_ctx_t *c, shian_str_t hash)
{
    Shian__Photo  *p;

    c->no_store = 1;
    p = hash.n != SHIAN_HASH_SIZE ? NULL : shian_photo_get(&c->txn, hash);

    return p == NULL ? ngx_http_shian_no_photo(c)
                     : ngx_http_shian_send_photo(c, p, "no-store");
}


static ngx_int_t
ngx_http_shian_photo_posted(ngx_http_shian_ctx_t *c)
{
    char  hex[2 * SHIAN_HASH_SIZE], *kept, *s;

    shian_hex(hex, c->photos[0]->hash.data, SHIAN_HASH_SIZE);
    kept = ngx_http_shian_kept_photo(c, c->photos[0]->hash.data);
    s = kept == NULL ? NULL
        : shian_printf(&c->arena,
                       "{\"hash\":\"%.*s\",\"kept_photo\":\"%s\"}",
                       (int) sizeof(hex), hex, kept);

    if (s == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* The same whether we had it or not: who sent it before is not told. */
    return ngx_http_shian_send(c, NGX_HTTP_CREATED, "application/json",
                               shian_str(s));
}


ngx_int_t
ngx_http_shian_photo_post(ngx_http_shian_ctx_t *c)
{
    size_t             n;
    uint8_t            device[SHIAN_ID_SIZE];
    Shian__Operation   op;
    Shian__PhotoPut    put = SHIAN__PHOTO_PUT__INIT;

    /* Whoever is not signed in is at least a device that scanned a plaque. */
    if (c->caller.actor.role == SHIAN__ROLE__KIND__public) {
        n = sizeof(device);

        if (!shian_base64url_decode(device, &n,
                ngx_http_shian_cookie(c->request, "device"))
            || n != sizeof(device))
        {
            return ngx_http_shian_refuse(c, 403, "scan_required",
                                         "Scan a plaque or sign in first.");
        }

        c->caller.actor.has_device = 1;
        c->caller.actor.device = shian_binary(shian_slice(device, n));
    }

    if (c->report.nfields != 0) {
        return ngx_http_shian_fail(c);
    }

    if (c->nphotos != 1) {
        shian_fail_field(&c->report, "photo",
                         c->nphotos == 0 ? "required" : "too_many", NULL);
        return ngx_http_shian_fail(c);
    }

    put.photo = c->photos[0];
    ngx_http_shian_operation(c, &op);
    op.body_case = SHIAN__OPERATION__BODY_PHOTO_PUT;
    op.photo_put = &put;

    return ngx_http_shian_submit(c, &op, ngx_http_shian_photo_posted);
}


/* ---- html/static ----------------------------------------------------------*/

static const struct {
    const char  *suffix;
    const char  *type;
} ngx_http_shian_types[] = {
    { ".css", "text/css; charset=utf-8" },
    { ".js", "text/javascript; charset=utf-8" },
    { ".svg", "image/svg+xml" },
    { ".png", "image/png" },
    { ".ico", "image/x-icon" },
    { ".json", "application/json" },
    { ".webmanifest", "application/manifest+json" },
};


ngx_int_t
ngx_http_shian_send_static(ngx_http_shian_ctx_t *c, shian_str_t name)
{
    char         *file, *path;
    size_t        i, n;
    const char   *type;

    /* Names of ours only: letters, digits and single dots between. */
    for (i = 0; i < name.n; i++) {
        if (!((name.p[i] >= 'a' && name.p[i] <= 'z')
              || (name.p[i] >= 'A' && name.p[i] <= 'Z')
              || (name.p[i] >= '0' && name.p[i] <= '9')
              || name.p[i] == '-' || name.p[i] == '_'
              || ((name.p[i] == '.' || name.p[i] == '/')
                  && i != 0 && name.p[i - 1] != '.'
                  && name.p[i - 1] != '/')))
        {
            return ngx_http_shian_refuse(c, 404, "not_found",
                                         "There is no such file.");
        }
    }

    type = NULL;

    for (i = 0; i < SHIAN_COUNT(ngx_http_shian_types); i++) {
        n = ngx_strlen(ngx_http_shian_types[i].suffix);
        if (name.n > n && ngx_memcmp(name.p + name.n - n,
                                     ngx_http_shian_types[i].suffix, n) == 0)
        {
            type = ngx_http_shian_types[i].type;
        }
    }

    file = shian_printf(&c->arena, "static/%.*s", SHIAN_FMT(name));
    path = file == NULL ? NULL
           : shian_folders_find(&c->arena,
                                (char *) c->conf->html_part->path.data, file);

    if (type == NULL || path == NULL) {
        return ngx_http_shian_refuse(c, 404, "not_found",
                                     "There is no such file.");
    }

    if (ngx_http_shian_set_header(c->request, "X-Content-Type-Options",
                                  "nosniff") != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_shian_send_file(c, path, type,
               ngx_http_shian_arg(c, "v").n != 0
               ? "public, max-age=31536000, immutable" : "no-cache");
}


ngx_int_t
ngx_http_shian_static(ngx_http_shian_ctx_t *c)
{
    return ngx_http_shian_send_static(c, c->word);
}
