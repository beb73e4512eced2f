/*
 * Open311 GeoReport v2 (wiki.open311.org/GeoReport_v2): complaints as service
 * requests, for city apps.  The same operation underneath as the site's own
 * form; XML unless JSON is asked for, and errors as the specification has
 * them.
 */

#include "ngx_http_shian.h"
#include "ngx_http_shian_complain.h"
#include "ngx_http_shian_open311.h"

#include "core/token.h"
#include "domain/view_open311.h"

/* Moves on when services or their definitions do. */
#define SHIAN_CHANGESET     "2026-11-23 00:00"

#define SHIAN_WINDOW_MS     (UINT64_C(90) * 86400000)
#define SHIAN_MAX_NAMED     64              /* ids or codes in a query */
#define SHIAN_MAX_PAGE      1000000

typedef Shian__Open311__ServiceDefinition              shian_definition_t;
typedef Shian__Open311__ServiceDefinition__Attribute   shian_attribute_t;
typedef Shian__Open311__ServiceDefinition__Value       shian_choice_t;


static ngx_uint_t
ngx_http_shian_open311_zh(ngx_http_shian_ctx_t *c)
{
    return c->lang == shian_langs[0];
}


char *
ngx_http_shian_open311_text(ngx_http_shian_ctx_t *c, const char *key)
{
    return (char *) shian_lang_text(c->conf->templates, c->lang, key);
}


ngx_int_t
ngx_http_shian_open311_reply(ngx_http_shian_ctx_t *c, void *view)
{
    if (c->format != SHIAN_OUT_JSON) {
        c->format = SHIAN_OUT_XML;
    }

    c->view = view;

    return view == NULL ? NGX_HTTP_INTERNAL_SERVER_ERROR
                        : ngx_http_shian_reply(c);
}


/* ---- what they share ------------------------------------------------------*/

ngx_int_t
ngx_http_shian_open311_elsewhere(ngx_http_shian_ctx_t *c)
{
    size_t       i;
    shian_str_t  given, host;

    given = ngx_http_shian_arg(c, "jurisdiction_id");

    if (given.n == 0) {
        given = ngx_http_shian_body_arg(c, "jurisdiction_id");
    }

    host = ngx_http_shian_str(c->conf->base_url);

    for (i = 0; i + 3 <= host.n; i++) {
        if (ngx_memcmp(host.p + i, "://", 3) == 0) {
            host = shian_slice(host.p + i + 3, host.n - i - 3);
            break;
        }
    }

    for (i = 0; i < host.n && host.p[i] != ':' && host.p[i] != '/'; i++) {
        /* void */
    }

    host.n = i;

    if (host.n > 4 && ngx_memcmp(host.p, "www.", 4) == 0) {
        host = shian_slice(host.p + 4, host.n - 4);
    }

    return given.n != 0 && !shian_str_eq(given, host);
}


ngx_int_t
ngx_http_shian_open311_nowhere(ngx_http_shian_ctx_t *c)
{
    return ngx_http_shian_refuse(c, 404, "not_found",
                                 "jurisdiction_id was not found: this is "
                                 "another city.");
}


ngx_int_t
ngx_http_shian_open311_invalid(ngx_http_shian_ctx_t *c, const char *detail)
{
    return ngx_http_shian_refuse(c, 400, "malformed", detail);
}


/* ---- discovery and services -----------------------------------------------*/

ngx_int_t
ngx_http_shian_open311_discovery(ngx_http_shian_ctx_t *c)
{
    char                                 *base;
    Shian__Open311__Discovery            *view;
    Shian__Open311__Discovery__Endpoint  *e, **list;

    static char *const  formats[] = { "text/xml", "application/json" };

    base = shian_strdup(&c->arena, ngx_http_shian_str(c->conf->base_url));
    view = shian_alloc(&c->arena, sizeof(*view));
    e = shian_alloc(&c->arena, sizeof(*e));
    list = shian_array(&c->arena, 1, sizeof(*list));

    if (base == NULL || view == NULL || e == NULL || list == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    shian__open311__discovery__init(view);
    shian__open311__discovery__endpoint__init(e);
    view->changeset = e->changeset = (char *) SHIAN_CHANGESET;
    view->contact = shian_printf(&c->arena, "%s %s",
                        ngx_http_shian_open311_text(c,
                            SHIAN_TEXT("open311.contact")), base);
    view->key_service = ngx_http_shian_open311_text(c,
                            SHIAN_TEXT("open311.key_service"));
    view->endpoints = list;
    view->n_endpoints = 1;
    list[0] = e;
    e->specification = (char *) "http://wiki.open311.org/GeoReport_v2";
    e->url = shian_printf(&c->arena, "%s/open311/v2", base);
    e->type = (char *) "production";
    e->formats = (char **) formats;
    e->n_formats = SHIAN_COUNT(formats);

    return ngx_http_shian_open311_reply(c, view);
}


ngx_int_t
ngx_http_shian_open311_services(ngx_http_shian_ctx_t *c)
{
    return ngx_http_shian_open311_elsewhere(c)
           ? ngx_http_shian_open311_nowhere(c)
           : ngx_http_shian_open311_reply(c,
                 shian_view_services(&c->arena,
                                     ngx_http_shian_open311_zh(c)));
}


const Shian__Category *
ngx_http_shian_open311_service(ngx_http_shian_ctx_t *c, shian_str_t code)
{
    char               *name;
    Shian__Categories  *all;

    name = shian_strdup(&c->arena, code);
    all = shian_categories();

    return name == NULL || all == NULL ? NULL : shian_category(all, name);
}


ngx_int_t
ngx_http_shian_open311_no_service(ngx_http_shian_ctx_t *c)
{
    return ngx_http_shian_refuse(c, 404, "not_found",
                                 "service_code was not found.");
}


static shian_attribute_t *
ngx_http_shian_open311_attribute(ngx_http_shian_ctx_t *c,
    shian_definition_t *d, const char *code, const char *type,
    const char *text)
{
    shian_attribute_t  *a;

    a = shian_alloc(&c->arena, sizeof(*a));

    if (a == NULL) {
        return NULL;
    }

    shian__open311__service_definition__attribute__init(a);
    a->has_variable = a->has_required = a->has_order = 1;
    a->variable = 1;
    a->code = (char *) code;
    a->datatype = (char *) type;
    a->description = ngx_http_shian_open311_text(c, text);
    d->attributes[d->n_attributes++] = a;
    a->order = (uint32_t) d->n_attributes;

    return a;
}


static bool
ngx_http_shian_open311_kinds(ngx_http_shian_ctx_t *c, shian_attribute_t *a)
{
    size_t           i;
    shian_choice_t  *v;

    static const struct {
        const char  *key;
        const char  *text;
    } kinds[] = {
        { "report", SHIAN_TEXT("open311.kind.report") },
        { "complaint", SHIAN_TEXT("open311.kind.complaint") },
        { "both", SHIAN_TEXT("open311.kind.both") },
    };

    a->values = shian_array(&c->arena, SHIAN_COUNT(kinds), sizeof(void *));

    for (i = 0; a->values != NULL && i < SHIAN_COUNT(kinds); i++) {
        v = shian_alloc(&c->arena, sizeof(*v));

        if (v == NULL) {
            return false;
        }

        shian__open311__service_definition__value__init(v);
        v->key = (char *) kinds[i].key;
        v->name = ngx_http_shian_open311_text(c, kinds[i].text);
        a->values[a->n_values++] = v;
    }

    return a->values != NULL;
}


ngx_int_t
ngx_http_shian_open311_definition(ngx_http_shian_ctx_t *c)
{
    shian_attribute_t      *kind;
    shian_definition_t     *view;
    const Shian__Category  *category;

    if (ngx_http_shian_open311_elsewhere(c)) {
        return ngx_http_shian_open311_nowhere(c);
    }

    category = ngx_http_shian_open311_service(c, c->word);

    if (category == NULL) {
        return ngx_http_shian_open311_no_service(c);
    }

    view = shian_alloc(&c->arena, sizeof(*view));

    if (view == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    shian__open311__service_definition__init(view);
    view->service_code = category->code;
    view->attributes = shian_array(&c->arena, 2, sizeof(void *));
    kind = view->attributes == NULL ? NULL
           : ngx_http_shian_open311_attribute(c, view, "kind",
                 "singlevaluelist", SHIAN_TEXT("open311.kind"));

    if (kind == NULL || !ngx_http_shian_open311_kinds(c, kind)
        || ngx_http_shian_open311_attribute(c, view, "happened_on",
               "datetime", SHIAN_TEXT("open311.happened_on")) == NULL)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_shian_open311_reply(c, view);
}


/* ---- requests -------------------------------------------------------------*/

/* A decimal number of at most 15 digits; 0 when it is none. */
static uint64_t
ngx_http_shian_open311_number(shian_str_t s)
{
    size_t    i;
    uint64_t  n;

    for (i = 0, n = 0; i < s.n; i++) {
        if (i == 15 || s.p[i] < '0' || s.p[i] > '9') {
            return 0;
        }

        n = n * 10 + (s.p[i] - '0');
    }

    return n;
}


/* Values of `name`, however often given, each with commas between. */
static ngx_int_t
ngx_http_shian_open311_listed(ngx_http_shian_ctx_t *c, const char *name,
    shian_str_t *list, size_t *n)
{
    size_t       i, k;
    shian_str_t  rest;

    *n = 0;

    for (i = 0; i < c->nquery; i++) {
        if (!shian_str_is(c->query[i].name, name)) {
            continue;
        }

        for (rest = c->query[i].value; rest.n != 0; /* void */) {
            for (k = 0; k < rest.n && rest.p[k] != ','; k++) { /* void */ }

            if (k != 0) {
                if (*n == SHIAN_MAX_NAMED) {
                    return NGX_ERROR;
                }

                list[(*n)++] = shian_slice(rest.p, k);
            }

            k += k < rest.n;
            rest = shian_slice(rest.p + k, rest.n - k);
        }
    }

    return NGX_OK;
}


/* W3C's note on dates; "+" may have come as a space. */
static bool
ngx_http_shian_open311_time(ngx_http_shian_ctx_t *c, shian_str_t s,
    uint64_t *ms)
{
    char     *text, *plus;
    int32_t   day;

    text = shian_strdup(&c->arena, s);

    if (text == NULL) {
        return false;
    }

    plus = strchr(text, ' ');

    if (plus != NULL) {
        *plus = '+';
    }

    if (shian_date_parse(shian_str(text), &day) && day > 0) {
        *ms = (uint64_t) day * 86400000 - SHIAN_TZ_MINUTES * UINT64_C(60000);
        return true;
    }

    return shian_time_parse(shian_str(text), ms);
}


/* 90 days: those asked for, or as many as there may be beside one end. */
static const char *
ngx_http_shian_open311_window(ngx_http_shian_ctx_t *c,
    shian_open311_query_t *q)
{
    shian_str_t  from, to;

    from = ngx_http_shian_arg(c, "start_date");
    to = ngx_http_shian_arg(c, "end_date");
    q->to_ms = c->now_ms;

    if (to.n != 0 && !ngx_http_shian_open311_time(c, to, &q->to_ms)) {
        return "end_date is no W3C date and time with a zone.";
    }

    q->from_ms = q->to_ms < SHIAN_WINDOW_MS ? 0 : q->to_ms - SHIAN_WINDOW_MS;

    if (from.n == 0) {
        return NULL;
    }

    if (!ngx_http_shian_open311_time(c, from, &q->from_ms)) {
        return "start_date is no W3C date and time with a zone.";
    }

    if (to.n == 0) {
        q->to_ms = q->from_ms + SHIAN_WINDOW_MS;
    }

    return q->from_ms > q->to_ms
           ? "start_date is later than end_date."
           : q->to_ms - q->from_ms > SHIAN_WINDOW_MS
           ? "start_date and end_date may not span more than 90 days."
           : NULL;
}


static const char *
ngx_http_shian_open311_pages(ngx_http_shian_ctx_t *c,
    shian_open311_query_t *q)
{
    size_t       i, n;
    uint64_t     page, size;
    shian_str_t  given, states[SHIAN_MAX_NAMED];

    given = ngx_http_shian_arg(c, "page_size");
    size = given.n == 0 ? SHIAN_OPEN311_MAX
                        : ngx_http_shian_open311_number(given);

    if (size == 0 || size > SHIAN_OPEN311_MAX) {
        return "page_size is a number from 1 to 1000.";
    }

    given = ngx_http_shian_arg(c, "page");
    page = given.n == 0 ? 1 : ngx_http_shian_open311_number(given);

    if (page == 0 || page > SHIAN_MAX_PAGE) {
        return "page is a number from 1.";
    }

    q->max = (size_t) size;
    q->skip = (size_t) ((page - 1) * size);

    if (ngx_http_shian_open311_listed(c, "status", states, &n) != NGX_OK) {
        return "status is open, closed or both.";
    }

    q->open = q->closed = n == 0;

    for (i = 0; i < n; i++) {
        if (shian_str_is(states[i], "open")) {
            q->open = true;
        } else if (shian_str_is(states[i], "closed")) {
            q->closed = true;
        } else {
            return "status is open, closed or both.";
        }
    }

    return NULL;
}


/* What the domain leaves to the language and the server. */
static ngx_int_t
ngx_http_shian_open311_show(ngx_http_shian_ctx_t *c,
    Shian__Open311__Requests *view)
{
    size_t      i;
    ngx_str_t  *bureau;
    char       *agency;

    Shian__Open311__Requests__Request  *r;

    if (view == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    bureau = &c->conf->bureau[ngx_http_shian_open311_zh(c) ? 0 : 1];
    agency = bureau->len == 0 ? NULL
             : shian_strdup(&c->arena, ngx_http_shian_str(*bureau));

    for (i = 0; i < view->n_service_requests; i++) {
        r = view->service_requests[i];
        r->agency_responsible = agency;
        r->status_notes = ngx_http_shian_open311_text(c,
                              shian_printf(&c->arena, "state.%s",
                                           r->status_notes));
    }

    return ngx_http_shian_open311_reply(c, view);
}


/* By what they are called: in whatever state, of whatever day. */
static ngx_int_t
ngx_http_shian_open311_by_id(ngx_http_shian_ctx_t *c, const shian_str_t *given,
    size_t n, bool one)
{
    size_t                     i;
    uint64_t                   handle, ids[SHIAN_MAX_NAMED];
    shian_open311_query_t      q;
    Shian__Open311__Requests  *view;

    ngx_memzero(&q, sizeof(q));

    for (i = 0; i < n; i++) {
        ids[i] = shian_complaint_of_public(&c->txn, given[i]);

        if (!one && !shian_handle_read(given[i], &handle)) {
            return ngx_http_shian_open311_invalid(c,
                       "service_request_id is 13 letters and digits.");
        }
    }

    q.ids = ids;
    q.nids = q.max = n;
    q.now_ms = c->now_ms;
    view = shian_view_requests(&c->txn, ngx_http_shian_open311_zh(c), &q);

    if (one && view != NULL && view->n_service_requests == 0) {
        return ngx_http_shian_refuse(c, 404, "not_found",
                                     "service_request_id was not found.");
    }

    return ngx_http_shian_open311_show(c, view);
}


ngx_int_t
ngx_http_shian_open311_request(ngx_http_shian_ctx_t *c)
{
    return ngx_http_shian_open311_elsewhere(c)
           ? ngx_http_shian_open311_nowhere(c)
           : ngx_http_shian_open311_by_id(c, &c->word, 1, true);
}


ngx_int_t
ngx_http_shian_open311_requests(ngx_http_shian_ctx_t *c)
{
    size_t                  i, n;
    const char             *wrong;
    shian_str_t             list[SHIAN_MAX_NAMED];
    shian_open311_query_t   q;

    if (ngx_http_shian_open311_elsewhere(c)) {
        return ngx_http_shian_open311_nowhere(c);
    }

    if (ngx_http_shian_open311_listed(c, "service_request_id", list, &n)
        != NGX_OK)
    {
        return ngx_http_shian_open311_invalid(c,
                   "64 of service_request_id at most.");
    }

    if (n != 0) {
        return ngx_http_shian_open311_by_id(c, list, n, false);
    }

    ngx_memzero(&q, sizeof(q));

    if (ngx_http_shian_open311_listed(c, "service_code", list, &n)
        != NGX_OK)
    {
        return ngx_http_shian_open311_invalid(c,
                   "64 of service_code at most.");
    }

    for (i = 0; i < n; i++) {
        if (ngx_http_shian_open311_service(c, list[i]) == NULL) {
            return ngx_http_shian_open311_no_service(c);
        }
    }

    q.now_ms = c->now_ms;
    q.codes = list;
    q.ncodes = n;
    wrong = ngx_http_shian_open311_window(c, &q);

    if (wrong == NULL) {
        wrong = ngx_http_shian_open311_pages(c, &q);
    }

    return wrong != NULL ? ngx_http_shian_open311_invalid(c, wrong)
           : ngx_http_shian_open311_show(c,
                 shian_view_requests(&c->txn, ngx_http_shian_open311_zh(c),
                                     &q));
}


/* ---- tokens ---------------------------------------------------------------*/

/* The private link that the site's own form gives holds one. */
ngx_int_t
ngx_http_shian_open311_token(ngx_http_shian_ctx_t *c)
{
    uint64_t                           id;
    const Shian__Complaint            *filed;
    Shian__Open311__Tokens            *view;
    Shian__Open311__Tokens__Request   *r, **list;

    if (ngx_http_shian_open311_elsewhere(c)) {
        return ngx_http_shian_open311_nowhere(c);
    }

    id = ngx_http_shian_filing_of(c, c->word);
    filed = id == 0 ? NULL : shian_complaint_get(&c->txn, id);

    if (filed == NULL) {
        return ngx_http_shian_refuse(c, 404, "not_found",
                                     "token was not found.");
    }

    view = shian_alloc(&c->arena, sizeof(*view));
    r = shian_alloc(&c->arena, sizeof(*r));
    list = shian_array(&c->arena, 1, sizeof(*list));

    if (view == NULL || r == NULL || list == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    shian__open311__tokens__init(view);
    shian__open311__tokens__request__init(r);
    view->service_requests = list;
    view->n_service_requests = 1;
    list[0] = r;
    r->service_request_id = filed->public_id;
    r->token = shian_strdup(&c->arena, c->word);
    c->no_store = 1;

    return ngx_http_shian_open311_reply(c, view);
}
