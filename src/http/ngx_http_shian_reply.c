/*
 * Answers: one view, written as what was asked for, with the headers that
 * every answer carries.
 */

#include "ngx_http_shian.h"
#include "ngx_http_shian_compat.h"

#include <sodium.h>

#include "render/csv_out.h"
#include "render/geojson.h"
#include "render/json.h"
#include "render/xml.h"


/* ---- headers --------------------------------------------------------------*/

ngx_int_t
ngx_http_shian_set_header(ngx_http_request_t *r, const char *name,
    const char *value)
{
    ngx_table_elt_t  *h;

    if (value == NULL) {
        return NGX_ERROR;
    }

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    h->hash = 1;
    ngx_http_shian_header_ends(h);
    h->key.data = (u_char *) name;
    h->key.len = ngx_strlen(name);
    h->value.data = (u_char *) value;
    h->value.len = ngx_strlen(value);

    return NGX_OK;
}


ngx_int_t
ngx_http_shian_set_cookie(ngx_http_shian_ctx_t *c, const char *name,
    shian_str_t value, const char *path, ngx_int_t max_age)
{
    size_t   nname, npath;
    u_char  *p, *z;

    static const char  path_is[] = "; Path=";
    static const char  flags[] = "; HttpOnly; SameSite=Lax";
    static const char  secure[] = "; Secure";
    static const char  age[] = "; Max-Age=";

    nname = ngx_strlen(name);
    npath = ngx_strlen(path);

    z = shian_alloc(&c->arena, nname + 1 + value.n + sizeof(path_is) + npath
                    + sizeof(flags) + sizeof(secure) + sizeof(age)
                    + NGX_INT_T_LEN);
    if (z == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(z, name, nname);
    *p++ = '=';

    if (value.n != 0) {
        p = ngx_cpymem(p, value.p, value.n);
    }

    p = ngx_cpymem(p, path_is, sizeof(path_is) - 1);
    p = ngx_cpymem(p, path, npath);
    p = ngx_cpymem(p, flags, sizeof(flags) - 1);

    if (ngx_strncmp(c->conf->base_url.data, "https:", 6) == 0) {
        p = ngx_cpymem(p, secure, sizeof(secure) - 1);
    }

    if (max_age >= 0) {
        p = ngx_cpymem(p, age, sizeof(age) - 1);
        p = ngx_sprintf(p, "%i", max_age);
    }

    *p = '\0';

    return ngx_http_shian_set_header(c->request, "Set-Cookie", (char *) z);
}


/* What gzip_types and its like compare ends before the parameters. */
void
ngx_http_shian_set_type(ngx_http_request_t *r, const char *type)
{
    r->headers_out.content_type.data = (u_char *) type;
    r->headers_out.content_type.len = ngx_strlen(type);
    r->headers_out.content_type_len = strcspn(type, ";");
    r->headers_out.content_type_lowcase = NULL;
}


/* ---- bytes ----------------------------------------------------------------*/

ngx_int_t
ngx_http_shian_send(ngx_http_shian_ctx_t *c, ngx_uint_t status,
    const char *type, shian_str_t body)
{
    ngx_int_t            rc;
    ngx_buf_t           *b;
    ngx_chain_t          out;
    ngx_http_request_t  *r = c->request;

    /* Half of what was asked for is no answer: read_end logs why. */
    if (c->txn.err != 0 && status < 400) {
        return ngx_http_shian_refuse(c, 500, "server",
                                     "The store could not be read.");
    }

    if (c->lang_chosen
        && ngx_http_shian_set_cookie(c, "lang", shian_str(c->lang), "/",
                                     365 * 86400) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->headers_out.status = status;
    r->headers_out.content_length_n = (off_t) body.n;

    if (status == 422) {
        /* nginx has no words of its own for it (RFC 9110 15.5.21). */
        ngx_str_set(&r->headers_out.status_line, "422 Unprocessable Content");
    }

    if (type != NULL) {
        ngx_http_shian_set_type(r, type);
    }

    if (status == NGX_HTTP_NO_CONTENT) {
        ngx_http_clear_content_length(r);
    }

    if (body.n == 0) {
        r->header_only = 1;
    }

    rc = ngx_http_send_header(r);
    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_ERROR;
    }

    b->pos = (u_char *) body.p;
    b->last = b->pos + body.n;
    b->memory = 1;
    b->last_buf = 1;
    b->last_in_chain = 1;

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}


ngx_int_t
ngx_http_shian_redirect(ngx_http_shian_ctx_t *c, ngx_uint_t status,
    const char *location)
{
    ngx_http_request_t  *r = c->request;

    /*
     * Not in headers_out.location: nginx would put its own scheme and port
     * before the path, and behind a proxy they are not the browser's.
     */
    if (ngx_http_shian_set_header(r, "Location", location) != NGX_OK
        || ngx_http_shian_set_header(r, "Cache-Control", "no-store")
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_shian_send(c, status, NULL, SHIAN_NONE);
}


/* ---- views ----------------------------------------------------------------*/

static char *
ngx_http_shian_other_url(ngx_http_shian_ctx_t *c, const char *lang)
{
    size_t       i;
    char         sep;
    shian_buf_t  b;

    if (c->request->method == NGX_HTTP_POST) {
        return c->here == NULL ? NULL
               : shian_printf(&c->arena, "%s?lang=%s", c->here, lang);
    }

    shian_buf_init(&b, &c->arena);
    shian_puts(&b.sink, ngx_http_shian_str(c->request->uri));
    sep = '?';

    for (i = 0; i < c->nquery; i++) {
        if (!shian_str_is(c->query[i].name, "lang")) {
            shian_putc(&b.sink, sep);
            shian_percent_encode(&b.sink, c->query[i].name);
            shian_putc(&b.sink, '=');
            shian_percent_encode(&b.sink, c->query[i].value);
            sep = '&';
        }
    }

    shian_putc(&b.sink, sep);
    shian_putz(&b.sink, "lang=");
    shian_putz(&b.sink, lang);
    shian_putc(&b.sink, '\0');

    return b.sink.failed ? NULL : (char *) b.p;
}


static char *
ngx_http_shian_name_of(ngx_http_shian_ctx_t *c, const ngx_str_t *name)
{
    const ngx_str_t  *s;

    s = c->lang == shian_langs[0] ? &name[0] : &name[1];

    return s->len == 0 ? NULL
                       : shian_strdup(&c->arena, ngx_http_shian_str(*s));
}


/* False: no memory; what a page can do without is not missed. */
static bool
ngx_http_shian_frame(ngx_http_shian_ctx_t *c, Shian__Frame *f)
{
    const Shian__Actor  *actor = &c->caller.actor;

    shian__frame__init(f);
    f->lang = (char *) c->lang;
    f->path = shian_strdup(&c->arena,
                           ngx_http_shian_str(c->request->uri));
    f->other_lang = c->lang == shian_langs[0] ? (char *) shian_langs[1]
                                              : (char *) shian_langs[0];
    f->other_url = ngx_http_shian_other_url(c, f->other_lang);
    f->site_url = shian_strdup(&c->arena,
                               ngx_http_shian_str(c->conf->base_url));
    f->version = c->conf->version;
    f->flash = (char *) c->flash;
    f->idempotency_key = c->form_key = ngx_http_shian_form_key(c);

    f->city = ngx_http_shian_name_of(c, c->conf->city);
    f->bureau = ngx_http_shian_name_of(c, c->conf->bureau);

    if (c->conf->tiles.len != 0) {
        f->tiles = shian_strdup(&c->arena,
                                ngx_http_shian_str(c->conf->tiles));
    }

    if (c->route != NULL && c->request->method != NGX_HTTP_POST
        && !c->no_store)
    {
        f->canonical = shian_printf(&c->arena, "%s%s", f->site_url, f->path);
    }

    if (actor->role != SHIAN__ROLE__KIND__public) {
        f->user_name = (char *) c->caller.name;
        f->has_role = 1;
        f->role = actor->role;
        f->has_user_venue = actor->has_venue;
        f->user_venue = actor->venue;
        f->live = ngx_http_shian_live(c);
        ngx_http_shian_clock_frame(c, f);
    }

    return f->idempotency_key != NULL;
}


bool
ngx_http_shian_render(ngx_http_shian_ctx_t *c, shian_buf_t *out,
    const char **type)
{
    Shian__Frame  frame;
    shian_page_t  page;

    shian_buf_init(out, &c->arena);

    switch (c->format) {

    case SHIAN_OUT_XML:
        *type = "text/xml; charset=utf-8";
        return shian_xml_write(c->view, &out->sink);

    case SHIAN_OUT_JSON:
        if (ngx_http_shian_is_open311(c)) {
            *type = "application/json; charset=utf-8";
            return shian_spark_write(c->view, &out->sink);
        }

        *type = "application/json";
        return shian_json_write(c->view, &out->sink);

    case SHIAN_OUT_CSV:
        *type = "text/csv; charset=utf-8";
        return shian_csv_list(c->view, &out->sink);

    case SHIAN_OUT_GEOJSON:
        *type = "application/geo+json";
        return shian_geojson_list(c->view, &out->sink);

    default:
        break;
    }

    if (!ngx_http_shian_frame(c, &frame)) {
        return false;
    }

    page.lang = c->lang;
    page.tz_minutes = SHIAN_TZ_MINUTES;
    page.frame = &frame.base;
    page.view = c->view;
    page.body = c->template;
    *type = "text/html; charset=utf-8";

    return shian_template_render(c->conf->templates,
                                 c->whole_page ? c->template : "layout",
                                 &page, &out->sink);
}


void
ngx_http_shian_etag(shian_str_t body, char etag[SHIAN_ETAG_SIZE])
{
    uint8_t  hash[crypto_shorthash_BYTES];

    /* One key for all workers: it tells versions apart and hides nothing. */
    static const uint8_t  key[crypto_shorthash_KEYBYTES];

    crypto_shorthash(hash, body.p, body.n, key);
    etag[0] = '"';
    sodium_bin2hex(etag + 1, SHIAN_ETAG_SIZE - 2, hash, sizeof(hash));
    etag[SHIAN_ETAG_SIZE - 2] = '"';
    etag[SHIAN_ETAG_SIZE - 1] = '\0';
}


ngx_int_t
ngx_http_shian_set_etag(ngx_http_request_t *r, const char *etag)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    h->hash = 1;
    ngx_http_shian_header_ends(h);
    ngx_str_set(&h->key, "ETag");
    h->value.data = (u_char *) etag;
    h->value.len = SHIAN_ETAG_SIZE - 1;
    r->headers_out.etag = h;

    return NGX_OK;
}


static ngx_int_t
ngx_http_shian_cache_headers(ngx_http_shian_ctx_t *c)
{
    ngx_int_t            private;
    ngx_http_request_t  *r = c->request;

    private = c->no_store
              || c->caller.actor.role != SHIAN__ROLE__KIND__public;

    if (ngx_http_shian_set_header(r, "Cache-Control",
                                  private ? "no-store" : "no-cache")
           != NGX_OK
        || ngx_http_shian_set_header(r, "Vary", "Accept, Accept-Language, "
                                     "Accept-Encoding, Cookie") != NGX_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_shian_reply(ngx_http_shian_ctx_t *c)
{
    char                *etag;
    const char          *type;
    shian_buf_t          out;
    ngx_http_request_t  *r = c->request;

    if (c->template == NULL && c->route != NULL) {
        c->template = c->route->template;
    }

    if (!ngx_http_shian_render(c, &out, &type)) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "shian: template \"%s\" could not be written",
                      c->template);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (c->status == 0) {
        c->status = NGX_HTTP_OK;
    }

    if ((c->location != NULL
         && ngx_http_shian_set_header(r, "Location", c->location) != NGX_OK)
        || ngx_http_shian_cache_headers(c) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (c->status == NGX_HTTP_OK && r->method != NGX_HTTP_POST) {
        etag = shian_alloc(&c->arena, SHIAN_ETAG_SIZE);
        if (etag == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        ngx_http_shian_etag(shian_buf_str(&out), etag);

        if (ngx_http_shian_set_etag(r, etag) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    return ngx_http_shian_send(c, c->status, type, shian_buf_str(&out));
}


/* ---- problems -------------------------------------------------------------*/

/* Where somebody who was refused goes on: the venue, or the page before. */
static char *
ngx_http_shian_back(ngx_http_shian_ctx_t *c)
{
    ngx_str_t    *base = &c->conf->base_url;
    shian_str_t   referer;

    if (c->report.status == NGX_HTTP_NOT_FOUND) {
        return NULL;
    }

    if (c->venue != 0) {
        return shian_printf(&c->arena, "/v/%llu",
                            (unsigned long long) c->venue);
    }

    referer = ngx_http_shian_header(c->request, "referer");

    if (c->request->method != NGX_HTTP_POST || referer.n <= base->len + 1
        || ngx_strncmp(referer.p, base->data, base->len) != 0
        || referer.p[base->len] != '/' || referer.p[base->len + 1] == '/')
    {
        return NULL;
    }

    return shian_strdup(&c->arena, shian_slice(referer.p + base->len,
                                               referer.n - base->len));
}


static bool
ngx_http_shian_problem(ngx_http_shian_ctx_t *c, Shian__Problem *p)
{
    size_t            i;
    Shian__Field     *f;
    shian_report_t   *report = &c->report;

    shian__problem__init(p);
    p->code = (char *) (report->code == NULL ? "server" : report->code);
    p->type = shian_printf(&c->arena, "urn:shian:%s", p->code);
    p->title = (char *) shian_lang_text(c->conf->templates, c->lang,
                                        shian_printf(&c->arena, "error.%s",
                                                     p->code));
    p->has_status = 1;
    p->status = (uint32_t) report->status;
    p->detail = (char *) report->detail;
    p->back = ngx_http_shian_back(c);
    p->errors = shian_array(&c->arena, report->nfields + 1,
                            sizeof(*p->errors));
    if (p->errors == NULL) {
        return false;
    }

    for (i = 0; i < report->nfields; i++) {
        f = shian_alloc(&c->arena, sizeof(*f));
        if (f == NULL) {
            return false;
        }

        shian__field__init(f);
        f->field = (char *) report->fields[i].field;
        f->code = (char *) report->fields[i].code;
        f->detail = (char *) report->fields[i].detail;
        p->errors[p->n_errors++] = f;
    }

    return true;
}


/* Seconds until it is worth trying again: days begin at local midnight. */
static char *
ngx_http_shian_wait(ngx_http_shian_ctx_t *c, const char *code)
{
    uint64_t  local;

    if (strcmp(code, "limited") == 0) {
        return "60";
    }

    if (strcmp(code, "unavailable") == 0) {
        return "10";
    }

    if (strcmp(code, "too_many_today") != 0) {
        return "2";
    }

    local = c->now_ms / 1000 + SHIAN_TZ_MINUTES * 60;

    return shian_printf(&c->arena, "%u", (unsigned) (86400 - local % 86400));
}


ngx_int_t
ngx_http_shian_fail(ngx_http_shian_ctx_t *c)
{
    const char          *type;
    shian_buf_t          out;
    Shian__Problem       p;
    ngx_http_request_t  *r = c->request;

    if ((c->report.status == 503 || c->report.status == 429)
        && ngx_http_shian_set_header(r, "Retry-After",
                                     ngx_http_shian_wait(c, c->report.code))
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* What is left of a body that nobody wants is not read. */
    if (c->report.status == 413) {
        r->keepalive = 0;
    }

    if (ngx_http_shian_is_open311(c)) {
        return ngx_http_shian_open311_fail(c);
    }

    if (!ngx_http_shian_problem(c, &p)) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    c->view = &p.base;
    c->no_store = 1;
    c->whole_page = 0;
    c->template = strcmp(p.code, "counterfeit") == 0 ? "counterfeit"
                  : strcmp(p.code, "withdrawn") == 0 ? "withdrawn"
                  : "problem";

    if (c->format != SHIAN_OUT_HTML || c->json_body) {
        c->format = SHIAN_OUT_JSON;
    }

    if (!ngx_http_shian_render(c, &out, &type)
        || ngx_http_shian_cache_headers(c) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (c->format == SHIAN_OUT_JSON) {
        type = "application/problem+json";
    }

    return ngx_http_shian_send(c, p.status, type, shian_buf_str(&out));
}


ngx_int_t
ngx_http_shian_refuse(ngx_http_shian_ctx_t *c, ngx_uint_t status,
    const char *code, const char *detail)
{
    (void) shian_fail(&c->report, (int) status, code, detail);

    return ngx_http_shian_fail(c);
}
