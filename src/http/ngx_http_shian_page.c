/*
 * Rendered pages of venues, kept per worker.  An entry is used only while the
 * venue's rev, read from the store within the same request, and the local day
 * are those it was rendered at: a colour can not be stale, and nothing needs
 * to be told that something has changed.
 */

#include "ngx_http_shian.h"
#include "ngx_http_shian_compat.h"

#include <zlib.h>

#define SHIAN_CACHE_BUCKETS  4096
#define SHIAN_CACHE_BYTES    (64 * 1024 * 1024)

typedef struct ngx_http_shian_page_s  ngx_http_shian_page_t;

struct ngx_http_shian_page_s {
    ngx_http_shian_page_t      *next;       /* in its bucket */
    ngx_queue_t                 lru;
    ngx_http_shian_srv_conf_t  *conf;
    uint64_t                    venue;
    uint64_t                    rev;
    int32_t                     day;
    ngx_uint_t                  opened;     /* of which opening of the store */
    const char                 *lang;
    ngx_http_shian_format_t     format;
    ngx_uint_t                  gzip;
    const char                 *type;
    ngx_uint_t                  refs;       /* being sent, or in the cache */
    size_t                      size;
    char                        etag[SHIAN_ETAG_SIZE];
    u_char                      data[];
};

struct ngx_http_shian_cache_s {
    ngx_http_shian_page_t      *bucket[SHIAN_CACHE_BUCKETS];
    ngx_queue_t                 lru;        /* most recent first */
    size_t                      bytes;
    ngx_log_t                  *log;
};


ngx_http_shian_cache_t *
ngx_http_shian_page_init(ngx_cycle_t *cycle)
{
    ngx_http_shian_cache_t  *cache;

    cache = ngx_pcalloc(cycle->pool, sizeof(ngx_http_shian_cache_t));

    if (cache != NULL) {
        ngx_queue_init(&cache->lru);
        cache->log = cycle->log;
    }

    return cache;
}


static ngx_http_shian_cache_t *
ngx_http_shian_page_cache(ngx_http_request_t *r)
{
    ngx_http_shian_main_conf_t  *smcf;

    smcf = ngx_http_get_module_main_conf(r, ngx_http_shian_module);

    return smcf->cache;
}


static void
ngx_http_shian_page_unref(void *data)
{
    ngx_http_shian_page_t  *page = data;

    if (--page->refs == 0) {
        ngx_free(page);
    }
}


static ngx_http_shian_page_t **
ngx_http_shian_page_bucket(ngx_http_shian_cache_t *cache, uint64_t venue,
    const char *lang, ngx_uint_t gzip, ngx_http_shian_format_t format)
{
    uint64_t  h;

    h = venue * 8 + (lang == shian_langs[0]) * 4 + gzip * 2
        + (format == SHIAN_OUT_JSON);
    h = h * UINT64_C(0x9e3779b97f4a7c15) >> 32;

    return &cache->bucket[h % SHIAN_CACHE_BUCKETS];
}


static ngx_http_shian_page_t **
ngx_http_shian_page_slot(ngx_http_shian_cache_t *cache,
    ngx_http_shian_ctx_t *c, ngx_uint_t gzip)
{
    ngx_http_shian_page_t  **slot;

    slot = ngx_http_shian_page_bucket(cache, c->id, c->lang, gzip,
                                      c->format);

    while (*slot != NULL
           && !((*slot)->venue == c->id && (*slot)->conf == c->conf
                && (*slot)->lang == c->lang && (*slot)->gzip == gzip
                && (*slot)->format == c->format))
    {
        slot = &(*slot)->next;
    }

    return slot;
}


static void
ngx_http_shian_page_drop(ngx_http_shian_cache_t *cache,
    ngx_http_shian_page_t **slot)
{
    ngx_http_shian_page_t  *page = *slot;

    *slot = page->next;
    ngx_queue_remove(&page->lru);
    cache->bytes -= page->size;
    ngx_http_shian_page_unref(page);
}


/* The same for an entry found by age. */
static void
ngx_http_shian_page_forget(ngx_http_shian_cache_t *cache,
    ngx_http_shian_page_t *page)
{
    ngx_http_shian_page_t  **slot;

    slot = ngx_http_shian_page_bucket(cache, page->venue, page->lang,
                                      page->gzip, page->format);

    while (*slot != page) {
        slot = &(*slot)->next;
    }

    ngx_http_shian_page_drop(cache, slot);
}


static ngx_uint_t
ngx_http_shian_wants_gzip(ngx_http_request_t *r)
{
#if (NGX_HTTP_GZIP)
    return ngx_http_gzip_ok(r) == NGX_OK;
#else
    return 0;
#endif
}


/*
 * The reference is the request's until it is gone: what is being sent may
 * leave the cache meanwhile.
 */
static ngx_int_t
ngx_http_shian_page_send(ngx_http_shian_ctx_t *c,
    ngx_http_shian_page_t *page)
{
    ngx_table_elt_t      *h;
    ngx_pool_cleanup_t   *cln;
    ngx_http_request_t   *r = c->request;

    cln = ngx_pool_cleanup_add(r->pool, 0);

    if (cln == NULL || ngx_http_shian_set_etag(r, page->etag) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    page->refs++;
    cln->handler = ngx_http_shian_page_unref;
    cln->data = page;

    if (page->gzip) {
        h = ngx_list_push(&r->headers_out.headers);
        if (h == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        h->hash = 1;
        ngx_http_shian_header_ends(h);
        ngx_str_set(&h->key, "Content-Encoding");
        ngx_str_set(&h->value, "gzip");
        r->headers_out.content_encoding = h;
    }

    if (ngx_http_shian_set_header(r, "Cache-Control", "no-cache") != NGX_OK
        || ngx_http_shian_set_header(r, "Vary", "Accept, Accept-Language, "
                                     "Accept-Encoding, Cookie") != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_shian_send(c, NGX_HTTP_OK, page->type,
                               shian_slice(page->data, page->size));
}


ngx_int_t
ngx_http_shian_page_cached(ngx_http_shian_ctx_t *c, uint64_t rev)
{
    ngx_uint_t                gzip;
    ngx_http_shian_page_t   **slot, *page;
    ngx_http_shian_cache_t   *cache;

    cache = ngx_http_shian_page_cache(c->request);
    gzip = ngx_http_shian_wants_gzip(c->request);
    slot = ngx_http_shian_page_slot(cache, c, gzip);
    page = *slot;

    if (page == NULL) {
        return NGX_DECLINED;
    }

    if (page->rev != rev || page->opened != c->conf->env->opened
        || page->day != shian_local_day(c->now_ms, SHIAN_TZ_MINUTES))
    {
        ngx_http_shian_page_drop(cache, slot);
        return NGX_DECLINED;
    }

    ngx_queue_remove(&page->lru);
    ngx_queue_insert_head(&cache->lru, &page->lru);
    ngx_http_shian_count(cache_hits);

    return ngx_http_shian_page_send(c, page);
}


/* gzip as RFC 1952; the size that came out, or 0. */
static size_t
ngx_http_shian_gzip(u_char *out, size_t room, shian_str_t body)
{
    size_t    n;
    z_stream  z;

    ngx_memzero(&z, sizeof(z));

    if (deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY)
        != Z_OK)
    {
        return 0;
    }

    z.next_in = (u_char *) body.p;
    z.avail_in = (uInt) body.n;
    z.next_out = out;
    z.avail_out = (uInt) room;

    n = deflate(&z, Z_FINISH) == Z_STREAM_END ? room - z.avail_out : 0;
    deflateEnd(&z);

    return n;
}


static ngx_http_shian_page_t *
ngx_http_shian_page_new(ngx_http_shian_ctx_t *c, uint64_t rev,
    ngx_uint_t gzip, const char *type, shian_str_t body, ngx_log_t *log)
{
    size_t                  room;
    ngx_http_shian_page_t  *page;

    room = gzip ? compressBound((uLong) body.n) + 32 : body.n;
    page = ngx_calloc(sizeof(ngx_http_shian_page_t) + room, log);

    if (page == NULL) {
        return NULL;
    }

    page->size = body.n;

    if (gzip) {
        page->size = ngx_http_shian_gzip(page->data, room, body);
        if (page->size == 0) {
            ngx_free(page);
            return NULL;
        }
    } else {
        ngx_memcpy(page->data, body.p, body.n);
    }

    page->conf = c->conf;
    page->venue = c->id;
    page->rev = rev;
    page->day = shian_local_day(c->now_ms, SHIAN_TZ_MINUTES);
    page->opened = c->conf->env->opened;
    page->lang = c->lang;
    page->format = c->format;
    page->gzip = gzip;
    page->type = type;
    page->refs = 1;

    /* One tag for each encoding: their bytes differ. */
    ngx_http_shian_etag(shian_slice(page->data, page->size), page->etag);

    return page;
}


static bool
ngx_http_shian_has_key(ngx_http_shian_ctx_t *c, shian_str_t body)
{
    return c->form_key != NULL
           && memmem(body.p, body.n, c->form_key, ngx_strlen(c->form_key))
              != NULL;
}


ngx_int_t
ngx_http_shian_page_reply(ngx_http_shian_ctx_t *c, uint64_t rev)
{
    ngx_int_t                 rc;
    ngx_uint_t                gzip;
    const char               *type;
    shian_buf_t               out;
    ngx_queue_t              *q;
    ngx_http_shian_page_t    *page, **slot, *last;
    ngx_http_shian_cache_t   *cache;

    c->template = c->route->template;

    if (!ngx_http_shian_render(c, &out, &type)) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_shian_count(cache_misses);
    cache = ngx_http_shian_page_cache(c->request);
    gzip = ngx_http_shian_wants_gzip(c->request);
    page = ngx_http_shian_page_new(c, rev, gzip, type, shian_buf_str(&out),
                                   cache->log);
    if (page == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* A page whose form has a key is for one reader: it is not kept. */
    if (ngx_http_shian_has_key(c, shian_buf_str(&out))) {
        rc = ngx_http_shian_page_send(c, page);
        ngx_http_shian_page_unref(page);
        return rc;
    }

    slot = ngx_http_shian_page_slot(cache, c, gzip);

    if (*slot != NULL) {
        ngx_http_shian_page_drop(cache, slot);
        slot = ngx_http_shian_page_slot(cache, c, gzip);
    }

    page->next = *slot;
    *slot = page;
    ngx_queue_insert_head(&cache->lru, &page->lru);
    cache->bytes += page->size;

    while (cache->bytes > SHIAN_CACHE_BYTES) {
        q = ngx_queue_last(&cache->lru);
        last = ngx_queue_data(q, ngx_http_shian_page_t, lru);

        if (last == page) {
            break;
        }

        ngx_http_shian_page_forget(cache, last);
    }

    return ngx_http_shian_page_send(c, page);
}
