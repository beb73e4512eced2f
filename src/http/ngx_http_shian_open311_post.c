/*
 * Filing by Open311, and its errors: the specification's names for the
 * fields of the site's own form.
 */

#include "ngx_http_shian.h"
#include "ngx_http_shian_complain.h"
#include "ngx_http_shian_open311.h"

#define SHIAN_REQUIRES  "required"
#define SHIAN_UNKNOWN   "unknown"


/* What the specification calls what the operation calls otherwise. */
static const struct {
    const char  *theirs;
    const char  *ours;
} ngx_http_shian_open311_names[] = {
    { "service_code", "category" },
    { "description", "text" },
    { "address_id", "venue" },
    { "address_string", "place" },
    { "lat", "lat" },
    { "long", "lng" },
    { "attribute[kind]", "kind" },
    { "attribute[happened_on]", "happened_on" },
    /* Made of more than one: here for errors. */
    { "first_name", "name" },
    { "phone", "contact" },
    { "media", "photo" },
};


/* ---- errors ---------------------------------------------------------------*/

ngx_int_t
ngx_http_shian_is_open311(ngx_http_shian_ctx_t *c)
{
    static const ngx_str_t  under = ngx_string("/open311/");

    return c->request->uri.len >= under.len
           && ngx_memcmp(c->request->uri.data, under.data, under.len) == 0;
}


/* 404 and 403 as they are, and basically 400 for any other of the client's. */
static ngx_uint_t
ngx_http_shian_open311_status(ngx_uint_t status)
{
    switch (status) {
    case 401:
        return 403;
    case 409:
    case 415:
    case 422:
        return 400;
    default:
        return status;
    }
}


static char *
ngx_http_shian_open311_wrong(ngx_http_shian_ctx_t *c, size_t n)
{
    size_t       i;
    const char  *field, *code, *detail;

    field = c->report.fields[n].field;
    code = c->report.fields[n].code;
    detail = c->report.fields[n].detail;

    if (strcmp(field, "venue") == 0 && strcmp(code, "required") == 0) {
        field = "lat, long / address_string / address_id";
    }

    for (i = 0; i < SHIAN_COUNT(ngx_http_shian_open311_names); i++) {
        if (strcmp(field, ngx_http_shian_open311_names[i].ours) == 0) {
            field = ngx_http_shian_open311_names[i].theirs;
            break;
        }
    }

    return shian_printf(&c->arena, "%s: %s%s%s", field,
               ngx_http_shian_open311_text(c,
                   shian_printf(&c->arena, "field_error.%s", code)),
               detail == NULL ? "" : " - ", detail == NULL ? "" : detail);
}


ngx_int_t
ngx_http_shian_open311_fail(ngx_http_shian_ctx_t *c)
{
    size_t                          i;
    Shian__Open311__Errors         *view;
    Shian__Open311__Errors__Error  *e;

    view = shian_zalloc(&c->arena, sizeof(*view));

    if (view == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    shian__open311__errors__init(view);
    view->errors = shian_array(&c->arena, c->report.nfields + 1,
                               sizeof(void *));
    c->status = ngx_http_shian_open311_status((ngx_uint_t) c->report.status);

    for (i = 0; view->errors != NULL
                && i < (c->report.nfields == 0 ? 1 : c->report.nfields); i++)
    {
        e = shian_alloc(&c->arena, sizeof(*e));

        if (e == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        shian__open311__errors__error__init(e);
        e->has_code = 1;
        e->code = (uint32_t) c->status;
        e->description = c->report.nfields != 0
                         ? ngx_http_shian_open311_wrong(c, i)
                         : (char *) c->report.detail;
        view->errors[view->n_errors++] = e;
    }

    c->no_store = 1;
    c->location = NULL;

    return ngx_http_shian_open311_reply(c, view->errors == NULL ? NULL
                                                                : view);
}


/* ---- filing ---------------------------------------------------------------*/

/*
 * An api_key is a bearer token of somebody at the bureau, so it ends with the
 * user.  A cookie is none: a browser sends it by itself.
 */
static ngx_int_t
ngx_http_shian_open311_key(ngx_http_shian_ctx_t *c)
{
    ngx_int_t       bearer;
    shian_str_t     key;
    shian_token_t   t;

    key = ngx_http_shian_body_arg(c, "api_key");

    if (key.n == 0) {
        key = ngx_http_shian_arg(c, "api_key");
    }

    bearer = c->bearer;

    if (key.n != 0) {
        shian_caller_init(&c->caller);
        bearer = shian_caller_token(&c->caller, &c->txn, c->conf->keys,
                                    ngx_http_shian_str(c->conf->base_url),
                                    SHIAN_USE_SESSION, c->now_ms, key, &t)
                 == SHIAN_TOKEN_OK;
    }

    if (bearer) {
        switch (c->caller.actor.role) {
        case SHIAN__ROLE__KIND__officer:
        case SHIAN__ROLE__KIND__chief:
        case SHIAN__ROLE__KIND__admin:
            return NGX_OK;
        default:
            break;
        }
    }

    return NGX_ERROR;
}


/* As people write it: 张三, and John Smith. */
static shian_str_t
ngx_http_shian_open311_name(ngx_http_shian_ctx_t *c)
{
    char         *name;
    size_t        i;
    shian_str_t   first, last;

    first = ngx_http_shian_body_arg(c, "first_name");
    last = ngx_http_shian_body_arg(c, "last_name");

    if (first.n == 0 || last.n == 0) {
        return first.n == 0 ? last : first;
    }

    for (i = 0; i < last.n && last.p[i] < 0x80; i++) { /* void */ }

    name = i < last.n
           ? shian_printf(&c->arena, "%.*s%.*s", SHIAN_FMT(last),
                          SHIAN_FMT(first))
           : shian_printf(&c->arena, "%.*s %.*s", SHIAN_FMT(first),
                          SHIAN_FMT(last));

    return name == NULL ? SHIAN_NONE : shian_str(name);
}


static void
ngx_http_shian_open311_give(ngx_http_shian_ctx_t *c, const char *name,
    shian_str_t value)
{
    if (value.n != 0) {
        c->body[c->nbody].name = shian_str(name);
        c->body[c->nbody++].value = value;
    }
}


/* A latitude without a longitude is no place, and the other way round. */
static void
ngx_http_shian_open311_pair(ngx_http_shian_ctx_t *c, const char *a,
    const char *b)
{
    bool         has_a, has_b;
    const char  *lacks;

    has_a = shian_form_get(c->body, c->nbody, a).n != 0;
    has_b = shian_form_get(c->body, c->nbody, b).n != 0;
    lacks = has_a ? b : a;

    if (has_a != has_b) {
        shian_fail_field(&c->report, lacks, SHIAN_REQUIRES, NULL);
    }
}


/* The body as the site's own form would have sent it. */
static bool
ngx_http_shian_open311_translate(ngx_http_shian_ctx_t *c,
    const Shian__Category *category)
{
    size_t         i, n;
    shian_str_t    name, phone, key, values[8];
    shian_pair_t  *own;

    own = shian_array(&c->arena, 12, sizeof(*own));

    if (own == NULL) {
        return shian_fail(&c->report, 500, "server", "Out of memory.");
    }

    for (n = 0; n < SHIAN_COUNT(values); n++) {
        values[n] = ngx_http_shian_body_arg(c,
                        ngx_http_shian_open311_names[n].theirs);
    }

    name = ngx_http_shian_open311_name(c);
    phone = ngx_http_shian_body_arg(c, "phone");
    key = ngx_http_shian_body_arg(c, "idempotency_key");

    if (phone.n == 0) {
        phone = ngx_http_shian_body_arg(c, "email");
    }

    c->body = own;
    c->nbody = 0;
    c->json_body = 0;

    for (i = 0; i < n; i++) {
        ngx_http_shian_open311_give(c, ngx_http_shian_open311_names[i].ours,
                                    values[i]);
    }

    ngx_http_shian_open311_pair(c, "lat", "lng");

    /* May be left out here: a report of what the service is called. */
    if (shian_form_get(own, c->nbody, "text").n == 0) {
        ngx_http_shian_open311_give(c, "text", shian_str(category->text));
    }

    if (shian_form_get(own, c->nbody, "kind").n == 0) {
        ngx_http_shian_open311_give(c, "kind", SHIAN_STR("report"));
    }

    ngx_http_shian_open311_give(c, "name", name);
    ngx_http_shian_open311_give(c, "contact", phone);
    ngx_http_shian_open311_give(c, "idempotency_key", key);

    return true;
}


/* An answer to what was never asked would be lost. */
static void
ngx_http_shian_open311_attributes(ngx_http_shian_ctx_t *c)
{
    size_t       i, k;
    shian_str_t  name;

    static const char       field[] = "attribute";
    static const ngx_str_t  begins = ngx_string("attribute[");

    for (i = 0; i < c->nbody; i++) {
        name = c->body[i].name;

        if (name.n < begins.len
            || ngx_memcmp(name.p, begins.data, begins.len) != 0)
        {
            continue;
        }

        for (k = 0; k < SHIAN_COUNT(ngx_http_shian_open311_names)
                    && !shian_str_is(name,
                            ngx_http_shian_open311_names[k].theirs); k++)
        {
            /* void */
        }

        if (k == SHIAN_COUNT(ngx_http_shian_open311_names)) {
            shian_fail_field(&c->report, field, SHIAN_UNKNOWN, NULL);
            return;
        }
    }
}


/*
 * media_url: nothing is fetched.  What counts is a photo that was sent here
 * before, to /photos, and that nothing names yet.
 */
static bool
ngx_http_shian_open311_media(ngx_http_shian_ctx_t *c, shian_str_t url,
    Shian__ComplaintPost *post)
{
    uint8_t         hash[SHIAN_HASH_SIZE];
    ngx_str_t      *base = &c->conf->base_url;
    Shian__Photo   *p;

    static const char       field[] = "media_url";
    static const char       detail[] = "Only photos posted to this site count.";
    static const ngx_str_t  under = ngx_string("/photos/");

    if (url.n > base->len && ngx_memcmp(url.p, base->data, base->len) == 0) {
        url = shian_slice(url.p + base->len, url.n - base->len);
    }

    p = url.n > under.len
        && ngx_memcmp(url.p, under.data, under.len) == 0
        && shian_unhex(hash, sizeof(hash),
                       shian_slice(url.p + under.len, url.n - under.len))
        ? shian_photo_get(&c->txn, shian_slice(hash, sizeof(hash))) : NULL;

    if (p == NULL || p->used != 0 || p->open != 0) {
        shian_fail_field(&c->report, field, SHIAN_UNKNOWN, detail);
        return false;
    }

    p->has_open = p->has_used = p->has_at = 0;
    post->photo[post->n_photo++] = p;

    return true;
}


static bool
ngx_http_shian_open311_photos(ngx_http_shian_ctx_t *c, shian_str_t url,
    Shian__ComplaintPost *post)
{
    size_t  i;

    post->photo = shian_array(&c->arena, c->nphotos + 1, sizeof(void *));

    if (post->photo == NULL) {
        return shian_fail(&c->report, 500, "server", "Out of memory.");
    }

    for (i = 0; i < c->nphotos; i++) {
        post->photo[post->n_photo++] = c->photos[i];
    }

    return url.n == 0 || ngx_http_shian_open311_media(c, url, post);
}


static char *
ngx_http_shian_open311_notice(ngx_http_shian_ctx_t *c, uint64_t id)
{
    char  *path;

    path = ngx_http_shian_track_path(c, id);

    return path == NULL ? NULL
           : shian_printf(&c->arena, "%s %.*s%s",
                 ngx_http_shian_open311_text(c,
                                             SHIAN_TEXT("open311.notice")),
                 SHIAN_FMT(ngx_http_shian_str(c->conf->base_url)), path);
}


/* What was filed as both is two, of which the second is linked. */
static ngx_int_t
ngx_http_shian_open311_receipts(ngx_http_shian_ctx_t *c, uint64_t id)
{
    size_t                              i, n;
    uint64_t                            ids[2];
    const Shian__Complaint             *filed;
    Shian__Open311__Receipts           *view;
    Shian__Open311__Receipts__Request  *r;

    filed = shian_complaint_get(&c->txn, id);
    view = shian_alloc(&c->arena, sizeof(*view));

    if (filed == NULL || view == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    shian__open311__receipts__init(view);
    view->service_requests = shian_array(&c->arena, 2, sizeof(void *));
    n = filed->has_linked ? 2 : 1;
    ids[0] = id;
    ids[1] = filed->linked;

    for (i = 0; view->service_requests != NULL && i < n; i++)
    {
        r = shian_alloc(&c->arena, sizeof(*r));

        if (r == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        shian__open311__receipts__request__init(r);
        filed = shian_complaint_get(&c->txn, ids[i]);
        r->service_request_id = filed == NULL ? NULL : filed->public_id;
        r->service_notice = ngx_http_shian_open311_notice(c, ids[i]);
        view->service_requests[view->n_service_requests++] = r;
    }

    c->no_store = 1;
    c->status = NGX_HTTP_CREATED;

    return ngx_http_shian_open311_reply(c, view->service_requests == NULL
                                           ? NULL : view);
}


static ngx_int_t
ngx_http_shian_open311_posted(ngx_http_shian_ctx_t *c)
{
    uint64_t                 id;
    ngx_int_t                rc;
    const Shian__Complaint  *filed;

    id = ngx_http_shian_result(c)->id;

    if (ngx_http_shian_read_begin(c) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    filed = shian_complaint_get(&c->txn, id);
    c->location = filed == NULL ? NULL
                  : shian_printf(&c->arena, "/open311/v2/requests/%s.%s",
                                 filed->public_id,
                                 c->format == SHIAN_OUT_JSON ? "json"
                                                             : "xml");
    rc = ngx_http_shian_open311_receipts(c, id);
    ngx_http_shian_read_end(c);

    return rc;
}


static ngx_int_t
ngx_http_shian_open311_file(ngx_http_shian_ctx_t *c,
    const Shian__Category *category)
{
    shian_str_t             media;
    Shian__Operation        op;
    ProtobufCMessage       *message;
    Shian__ComplaintPost   *post;

    ngx_http_shian_open311_attributes(c);
    media = ngx_http_shian_body_arg(c, "media_url");

    if (!ngx_http_shian_open311_translate(c, category)
        || !ngx_http_shian_bind(c, &shian__complaint_post__descriptor,
                                &message))
    {
        return ngx_http_shian_fail(c);
    }

    post = (Shian__ComplaintPost *) message;

    if (!ngx_http_shian_open311_photos(c, media, post)
        || !shian_complaint_prepare(&c->txn, ngx_http_shian_workdays(),
                                    c->now_ms, post, &c->report))
    {
        return ngx_http_shian_fail(c);
    }

    ngx_http_shian_operation(c, &op);
    op.body_case = SHIAN__OPERATION__BODY_COMPLAINT_POST;
    op.complaint_post = post;

    return ngx_http_shian_submit(c, &op, ngx_http_shian_open311_posted);
}


ngx_int_t
ngx_http_shian_open311_post(ngx_http_shian_ctx_t *c)
{
    shian_str_t             code;
    const Shian__Category  *category;

    if (ngx_http_shian_open311_key(c) != NGX_OK) {
        return ngx_http_shian_refuse(c, 403, "forbidden",
                                     "api_key is missing or not valid here.");
    }

    if (ngx_http_shian_open311_elsewhere(c)) {
        return ngx_http_shian_open311_nowhere(c);
    }

    code = ngx_http_shian_body_arg(c, "service_code");

    if (code.n == 0) {
        return ngx_http_shian_open311_invalid(c,
                   "service_code was not provided.");
    }

    category = ngx_http_shian_open311_service(c, code);

    return category == NULL ? ngx_http_shian_open311_no_service(c)
                            : ngx_http_shian_open311_file(c, category);
}
