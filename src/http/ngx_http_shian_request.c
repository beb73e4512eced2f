/*
 * From a request to its handler: path, method, language, who asks, whether
 * they may.
 */

#include "ngx_http_shian.h"
#include "ngx_http_shian_compat.h"

#include "core/bind.h"

#define SHIAN_REFRESH_MS  (UINT64_C(5) * 60 * 1000)

/* What a scan takes from its arena: it needs no chunk then. */
#define SHIAN_SMALL       1536


shian_str_t
ngx_http_shian_header(ngx_http_request_t *r, const char *name)
{
    size_t            n;
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    n = ngx_strlen(name);
    part = &r->headers_in.headers.part;
    h = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                return SHIAN_NONE;
            }
            part = part->next;
            h = part->elts;
            i = 0;
        }

        if (h[i].key.len == n
            && ngx_strncasecmp(h[i].key.data, (u_char *) name, n) == 0)
        {
            return ngx_http_shian_str(h[i].value);
        }
    }
}


shian_str_t
ngx_http_shian_cookie(ngx_http_request_t *r, const char *name)
{
    ngx_str_t  key, value;

    key.data = (u_char *) name;
    key.len = ngx_strlen(name);

    if (!ngx_http_shian_find_cookie(r, &key, &value)) {
        return SHIAN_NONE;
    }

    return ngx_http_shian_str(value);
}


shian_str_t
ngx_http_shian_arg(ngx_http_shian_ctx_t *c, const char *name)
{
    return shian_form_get(c->query, c->nquery, name);
}


shian_str_t
ngx_http_shian_body_arg(ngx_http_shian_ctx_t *c, const char *name)
{
    return c->json_body ? shian_json_get(&c->arena, c->json, name)
                        : shian_form_get(c->body, c->nbody, name);
}


/* ---- the store's read transaction -----------------------------------------*/

int
ngx_http_shian_renew_read(ngx_http_shian_env_t *env)
{
    int  rc;

    if (env->store == NULL || env->gone) {
        return EAGAIN;
    }

    rc = mdb_txn_renew(env->read);

    /*
     * Another program has let the store grow past our map.  It can be taken
     * over while no transaction of this process is open.
     */
    if (rc == MDB_MAP_RESIZED && env->working == 0) {
        rc = mdb_env_set_mapsize(env->store->env, 0);
        rc = rc == 0 ? mdb_txn_renew(env->read) : rc;

    } else if (rc == MDB_MAP_RESIZED) {
        env->grown = 1;
    }

    return rc;
}


ngx_int_t
ngx_http_shian_read_begin(ngx_http_shian_ctx_t *c)
{
    int                    rc;
    ngx_http_shian_env_t  *env = c->conf->env;

    rc = ngx_http_shian_renew_read(env);

    if (rc != 0) {
        if (rc != EAGAIN && rc != MDB_MAP_RESIZED) {
            ngx_log_error(NGX_LOG_CRIT, c->request->connection->log, 0,
                          "shian: the store cannot be read: %s",
                          mdb_strerror(rc));
        }
        return NGX_ERROR;
    }

    env->reading = 1;
    c->txn.store = env->store;
    c->txn.mdb = env->read;
    c->txn.arena = &c->arena;
    c->txn.err = 0;

    return NGX_OK;
}


void
ngx_http_shian_read_end(ngx_http_shian_ctx_t *c)
{
    ngx_http_shian_env_t  *env = c->conf->env;

    if (env->reading) {
        env->reading = 0;
        mdb_txn_reset(env->read);
        c->txn.mdb = NULL;
    }

    if (c->txn.err != 0) {
        ngx_log_error(NGX_LOG_ERR, c->request->connection->log, 0,
                      "shian: reading the store: %s",
                      mdb_strerror(c->txn.err));
        c->txn.err = 0;
    }
}


/* ---- routing --------------------------------------------------------------*/

/* Does s begin as the segment {name} wants?  Returns what it takes, or 0. */
static size_t
ngx_http_shian_take(ngx_http_shian_ctx_t *c, const char *name, shian_str_t s)
{
    size_t     n;
    uint64_t   v;

    if (name[0] == 'r') {                           /* {rest} */
        c->word = s;
        return s.n;
    }

    for (n = 0; n < s.n && s.p[n] != '/'; n++) { /* void */ }

    if (n == 0) {
        return 0;
    }

    if (name[0] == 'i' || name[0] == 'n') {         /* {id}, {n} */
        for (v = 0, n = 0; n < s.n && s.p[n] >= '0' && s.p[n] <= '9'; n++) {
            if (n == 18) {
                return 0;
            }
            v = v * 10 + (s.p[n] - '0');
        }

        /* One URL for a thing: no leading zeros. */
        if (n > 1 && s.p[0] == '0') {
            return 0;
        }

        *(name[0] == 'i' ? &c->id : &c->n) = v;

        return n;
    }

    c->word = shian_slice(s.p, n);

    return n;
}


static ngx_int_t
ngx_http_shian_fits(ngx_http_shian_ctx_t *c, const char *pattern,
    shian_str_t path)
{
    size_t  n;

    while (*pattern != '\0') {

        if (*pattern != '{') {
            if (path.n == 0 || path.p[0] != (uint8_t) *pattern) {
                return 0;
            }
            pattern++;
            path.p++;
            path.n--;
            continue;
        }

        n = ngx_http_shian_take(c, pattern + 1, path);
        if (n == 0) {
            return 0;
        }

        path.p += n;
        path.n -= n;

        while (*pattern++ != '}') { /* void */ }
    }

    return path.n == 0;
}


static const ngx_http_shian_route_t *
ngx_http_shian_find(ngx_http_shian_ctx_t *c, shian_str_t path,
    ngx_uint_t method, uint32_t format, ngx_uint_t *methods)
{
    ngx_uint_t                     i;
    const ngx_http_shian_route_t  *route;

    for (i = 0; i < ngx_http_shian_nroutes; i++) {
        route = &ngx_http_shian_routes[i];

        if (!ngx_http_shian_fits(c, route->pattern, path)
            || (format != 0 && (route->formats & format) == 0))
        {
            continue;
        }

        *methods |= route->method;

        if (route->method == method) {
            return route;
        }
    }

    return NULL;
}


static const struct {
    ngx_str_t                suffix;
    ngx_http_shian_format_t  format;
} ngx_http_shian_suffixes[] = {
    { ngx_string(".json"), SHIAN_OUT_JSON },
    { ngx_string(".csv"), SHIAN_OUT_CSV },
    { ngx_string(".geojson"), SHIAN_OUT_GEOJSON },
    { ngx_string(".atom"), SHIAN_OUT_ATOM },
    { ngx_string(".xml"), SHIAN_OUT_XML },
};


/* The path without a suffix that names a format, else as it stands. */
static const ngx_http_shian_route_t *
ngx_http_shian_route(ngx_http_shian_ctx_t *c, ngx_uint_t *methods)
{
    size_t                         n;
    ngx_uint_t                     i, method;
    shian_str_t                    path;
    const ngx_http_shian_route_t  *route;

    method = c->request->method == NGX_HTTP_HEAD ? NGX_HTTP_GET
                                                 : c->request->method;
    path = ngx_http_shian_str(c->request->uri);

    for (i = 0; i < SHIAN_COUNT(ngx_http_shian_suffixes); i++) {
        n = ngx_http_shian_suffixes[i].suffix.len;

        if (path.n > n
            && ngx_memcmp(path.p + path.n - n,
                          ngx_http_shian_suffixes[i].suffix.data, n) == 0)
        {
            c->format = ngx_http_shian_suffixes[i].format;
            route = ngx_http_shian_find(c, shian_slice(path.p, path.n - n),
                                        method, 1u << c->format, methods);

            if (route != NULL || *methods != 0) {
                return route;
            }
            break;
        }
    }

    route = ngx_http_shian_find(c, path, method, 0, methods);

    if (route != NULL || *methods != 0) {
        c->format = SHIAN_OUT_HTML;
    }

    return route;
}


/* ---- what the client wants ------------------------------------------------*/

static ngx_int_t
ngx_http_shian_accepts(shian_str_t accept, const char *type)
{
    return accept.n != 0
           && ngx_strlcasestrn((u_char *) accept.p,
                               (u_char *) accept.p + accept.n,
                               (u_char *) type, ngx_strlen(type) - 1)
              != NULL;
}


static void
ngx_http_shian_negotiate(ngx_http_shian_ctx_t *c)
{
    const char   *lang;
    shian_str_t   accept;

    accept = ngx_http_shian_header(c->request, "accept");

    if (c->format == SHIAN_OUT_HTML && !ngx_http_shian_accepts(accept,
                                                              "text/html"))
    {
        if (ngx_http_shian_accepts(accept, "application/json")
            || ngx_http_shian_accepts(accept, "application/problem+json"))
        {
            c->format = SHIAN_OUT_JSON;
        }
    }

    lang = shian_lang_named(ngx_http_shian_arg(c, "lang"));
    if (lang != NULL) {
        c->lang = lang;
        c->lang_chosen = 1;
        return;
    }

    lang = shian_lang_named(ngx_http_shian_cookie(c->request, "lang"));
    c->lang = lang != NULL ? lang
              : shian_lang_pick(ngx_http_shian_header(c->request,
                                                      "accept-language"));
}


/*
 * A browser says where a post comes from; only our own pages may.  What says
 * nothing is no browser, and has no cookie that somebody else could use.
 */
static ngx_int_t
ngx_http_shian_cross_site(ngx_http_shian_ctx_t *c)
{
    u_char       *host;
    shian_str_t   site, origin, own;

    site = ngx_http_shian_header(c->request, "sec-fetch-site");

    if (site.n != 0) {
        return !shian_str_is(site, "same-origin")
               && !shian_str_is(site, "none");
    }

    origin = ngx_http_shian_header(c->request, "origin");

    if (origin.n == 0) {
        return 0;
    }

    if (shian_str_eq(origin, ngx_http_shian_str(c->conf->base_url))) {
        return 0;
    }

    host = ngx_strnstr((u_char *) origin.p, "://", origin.n);
    own = ngx_http_shian_header(c->request, "host");

    return host == NULL
           || !shian_str_eq(shian_slice(host + 3,
                                (size_t) (origin.p + origin.n - host - 3)),
                            own);
}


/* ---- who asks -------------------------------------------------------------*/

/*
 * A bearer token, else what nginx vouches for, else the session cookie.  A
 * cookie that is worth nothing any more is as good as none; a bad bearer
 * token is an error, since a program should learn of it.
 */
static ngx_int_t
ngx_http_shian_identify(ngx_http_shian_ctx_t *c)
{
    ngx_str_t              sso;
    shian_str_t            token, aud;
    shian_token_t          t;
    shian_token_result_t   rc;

    aud = ngx_http_shian_str(c->conf->base_url);
    token = ngx_http_shian_header(c->request, "authorization");

    if (token.n > 7 && ngx_strncasecmp((u_char *) token.p,
                                       (u_char *) "bearer ", 7) == 0)
    {
        c->bearer = 1;
        token = shian_slice(token.p + 7, token.n - 7);
        rc = shian_caller_token(&c->caller, &c->txn, c->conf->keys, aud,
                                SHIAN_USE_SESSION, c->now_ms, token, &t);

        if (rc != SHIAN_TOKEN_OK) {
            return ngx_http_shian_refuse(c, 401, "signin_required",
                       rc == SHIAN_TOKEN_EXPIRED
                       ? "The bearer token is over; ask for another."
                       : "The bearer token is not valid here.");
        }

        return NGX_DECLINED;
    }

    if (c->loc->sso != NULL
        && ngx_http_complex_value(c->request, c->loc->sso, &sso) == NGX_OK
        && sso.len != 0)
    {
        c->no_store = 1;

        if (!shian_caller_login(&c->caller, &c->txn,
                                ngx_http_shian_str(sso)))
        {
            return ngx_http_shian_refuse(c, 403, "forbidden",
                                         "No enabled user has this login.");
        }

        return NGX_DECLINED;
    }

    token = ngx_http_shian_cookie(c->request, "session");

    if (token.n != 0) {
        (void) shian_caller_token(&c->caller, &c->txn, c->conf->keys, aud,
                                  SHIAN_USE_SESSION, c->now_ms, token, &t);
    }

    return NGX_DECLINED;
}


/* A session in use goes on: its cookie is renewed now and then. */
static ngx_int_t
ngx_http_shian_renew(ngx_http_shian_ctx_t *c)
{
    shian_str_t  token;

    if (!c->caller.has_session || c->bearer
        || c->caller.expires_ms - c->now_ms
           > SHIAN_SESSION_IDLE_MS - SHIAN_REFRESH_MS
        || c->caller.expires_ms >= c->caller.began_ms + SHIAN_SESSION_MAX_MS)
    {
        return NGX_OK;
    }

    if (!shian_caller_mint(&c->caller, &c->txn, c->conf->keys,
                           ngx_http_shian_str(c->conf->base_url), c->now_ms,
                           &token))
    {
        return NGX_OK;
    }

    return ngx_http_shian_set_cookie(c, "session", token, "/", -1);
}


static ngx_int_t
ngx_http_shian_authorise(ngx_http_shian_ctx_t *c)
{
    if (c->route->roles & (1u << c->caller.actor.role)) {
        return (c->route->roles & SHIAN_CITY) == 0
               || shian_has_city(c->caller.user)
               ? NGX_DECLINED
               : ngx_http_shian_refuse(c, 403, "forbidden",
                                       "This is about the whole city, and "
                                       "you have some districts of it.");
    }

    if (c->caller.actor.role == SHIAN__ROLE__KIND__public) {
        return ngx_http_shian_refuse(c, 401, "signin_required",
                                     "Sign in first.");
    }

    return ngx_http_shian_refuse(c, 403, "forbidden",
                                 "Your role may not see or do this.");
}


/* ---- the way through ------------------------------------------------------*/

static void *
ngx_http_shian_chunk(void *pool, size_t size)
{
    return ngx_palloc(pool, size);
}


static ngx_http_shian_ctx_t *
ngx_http_shian_create_ctx(ngx_http_request_t *r)
{
    shian_time_t           now;
    ngx_http_shian_ctx_t  *c;

    c = ngx_palloc(r->pool, sizeof(ngx_http_shian_ctx_t) + SHIAN_SMALL);
    if (c == NULL) {
        return NULL;
    }

    ngx_memzero(c, offsetof(ngx_http_shian_ctx_t, report));
    c->request = r;
    c->conf = ngx_http_get_module_srv_conf(r, ngx_http_shian_module);
    c->loc = ngx_http_get_module_loc_conf(r, ngx_http_shian_module);
    shian_arena_init(&c->arena, ngx_http_shian_chunk, r->pool);
    shian_arena_first(&c->arena, c + 1, SHIAN_SMALL);
    shian_caller_init(&c->caller);
    shian_report_init(&c->report);

    now = ngx_http_shian_now(c->conf->env);
    c->now_ms = now.now_ms;
    c->suspect = now.suspect;
    c->lang = shian_langs[0];

    ngx_http_set_ctx(r, c, ngx_http_shian_module);

    return c;
}


static ngx_int_t
ngx_http_shian_allow(ngx_http_shian_ctx_t *c, ngx_uint_t methods)
{
    ngx_int_t             rc;
    ngx_http_request_t   *r = c->request;

    rc = ngx_http_shian_set_header(r, "Allow",
             methods == NGX_HTTP_POST ? "POST, OPTIONS"
             : (methods & NGX_HTTP_POST) ? "GET, HEAD, POST, OPTIONS"
             : "GET, HEAD, OPTIONS");
    if (rc != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (r->method == NGX_HTTP_OPTIONS) {
        return ngx_http_shian_send(c, NGX_HTTP_NO_CONTENT, NULL, SHIAN_NONE);
    }

    return ngx_http_shian_refuse(c, 405, "method",
                                 "This address does not take that method.");
}


/* Everything that needs the store, in one read transaction. */
static ngx_int_t
ngx_http_shian_inside(ngx_http_shian_ctx_t *c, ngx_int_t (*next)(
    ngx_http_shian_ctx_t *c))
{
    ngx_int_t  rc;

    if (ngx_http_shian_read_begin(c) != NGX_OK) {
        return ngx_http_shian_refuse(c, 503, "busy",
                                     "The store cannot be read now.");
    }

    rc = next(c);
    ngx_http_shian_read_end(c);

    return rc;
}


static ngx_int_t
ngx_http_shian_get(ngx_http_shian_ctx_t *c)
{
    ngx_int_t  rc;

    if ((rc = ngx_http_shian_identify(c)) != NGX_DECLINED
        || (rc = ngx_http_shian_authorise(c)) != NGX_DECLINED)
    {
        return rc;
    }

    if (ngx_http_shian_renew(c) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return c->route->handler(c);
}


bool
ngx_http_shian_is_bureau(const ngx_http_shian_ctx_t *c)
{
    switch (c->caller.actor.role) {
    case SHIAN__ROLE__KIND__inspector:
    case SHIAN__ROLE__KIND__officer:
    case SHIAN__ROLE__KIND__chief:
    case SHIAN__ROLE__KIND__admin:
        return true;
    default:
        return false;
    }
}


uint64_t
ngx_http_shian_generation(ngx_http_shian_ctx_t *c)
{
    if (c->generation == 0) {
        c->generation = shian_generation(&c->txn);
    }

    return c->generation;
}


static ngx_int_t
ngx_http_shian_before_body(ngx_http_shian_ctx_t *c)
{
    ngx_int_t  rc;

    /* For photos that come with the body, and forms that come back. */
    (void) ngx_http_shian_generation(c);

    if ((rc = ngx_http_shian_identify(c)) != NGX_DECLINED
        || (rc = ngx_http_shian_authorise(c)) != NGX_DECLINED)
    {
        return rc;
    }

    if (!c->bearer && ngx_http_shian_cross_site(c)) {
        return ngx_http_shian_refuse(c, 403, "cross_site",
                                     "The form was sent from another site.");
    }

    return NGX_DECLINED;
}


/* Called by body.c once the body is here, whole and parsed. */
ngx_int_t
ngx_http_shian_post(ngx_http_shian_ctx_t *c)
{
    return ngx_http_shian_inside(c, c->route->handler);
}


/*
 * What stands on disk is not in order.  Whoever runs the machine was told;
 * without its pages nginx says it in its own words.
 */
static ngx_int_t
ngx_http_shian_not_ready(ngx_http_shian_ctx_t *c)
{
    ngx_int_t            rc;
    ngx_uint_t           methods = 0;
    ngx_http_request_t  *r = c->request;

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    if (c->conf->html_part->value == NULL) {
        return ngx_http_shian_set_header(r, "Retry-After", "10") == NGX_OK
               ? NGX_HTTP_SERVICE_UNAVAILABLE
               : NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (!shian_form_parse(&c->arena, ngx_http_shian_str(r->args), 64,
                          &c->query, &c->nquery, &c->report))
    {
        c->nquery = 0;
    }

    c->route = ngx_http_shian_route(c, &methods);
    ngx_http_shian_negotiate(c);
    shian_report_init(&c->report);

    return ngx_http_shian_refuse(c, 503, "unavailable",
                                 "This site is being put in order; try "
                                 "again in a minute.");
}


ngx_int_t
ngx_http_shian_handler(ngx_http_request_t *r)
{
    ngx_int_t              rc;
    ngx_uint_t             methods;
    ngx_http_shian_ctx_t  *c;

    c = ngx_http_shian_create_ctx(r);
    if (c == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_shian_count(requests);

    if (ngx_http_shian_ready(c->conf) != NGX_OK) {
        return ngx_http_shian_not_ready(c);
    }

    if (r->args.len != 0
        && !shian_form_parse(&c->arena, ngx_http_shian_str(r->args), 64,
                             &c->query, &c->nquery, &c->report))
    {
        c->nquery = 0;
        rc = ngx_http_discard_request_body(r);
        return rc != NGX_OK ? rc : ngx_http_shian_fail(c);
    }

    methods = 0;
    c->route = ngx_http_shian_route(c, &methods);
    ngx_http_shian_negotiate(c);

    if (c->route != NULL && c->route->body != 0) {
        rc = ngx_http_shian_inside(c, ngx_http_shian_before_body);

        if (rc == NGX_DECLINED) {
            return ngx_http_shian_body_read(c);
        }

        if (ngx_http_discard_request_body(r) != NGX_OK) {
            r->keepalive = 0;
        }
        return rc;
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    if (c->route == NULL) {
        return methods != 0 ? ngx_http_shian_allow(c, methods)
               : ngx_http_shian_refuse(c, 404, "not_found",
                                       "There is no such page.");
    }

    return ngx_http_shian_inside(c, ngx_http_shian_get);
}
