/*
 * What the handlers of forms share: what was typed, what was wrong with it,
 * and where a post ends.  People get a page in either case, and programs the
 * resource or the problem.
 */

#include "ngx_http_shian.h"


/* ---- what was sent --------------------------------------------------------*/

char *
ngx_http_shian_typed(ngx_http_shian_ctx_t *c, const char *name)
{
    shian_str_t  s;

    s = ngx_http_shian_body_arg(c, name);

    return s.n == 0 ? NULL : shian_strdup(&c->arena, s);
}


bool
ngx_http_shian_action_is(ngx_http_shian_ctx_t *c, const char *name)
{
    shian_str_t  action;

    action = ngx_http_shian_body_arg(c, "action");

    if (shian_str_is(action, name)) {
        return true;
    }

    shian_fail_field(&c->report, "action",
                     action.n == 0 ? "required" : "unknown", name);

    return false;
}


bool
ngx_http_shian_document_action(ngx_http_shian_ctx_t *c, bool *publish)
{
    shian_str_t  action;

    action = c->json_body ? ngx_http_shian_arg(c, "action")
                          : ngx_http_shian_body_arg(c, "action");
    *publish = shian_str_is(action, "publish");

    if (*publish || shian_str_is(action, "preview")) {
        return true;
    }

    shian_fail_field(&c->report, "action",
                     action.n == 0 ? "required" : "unknown",
                     "preview, publish");

    return false;
}


bool
ngx_http_shian_keep_photos(ngx_http_shian_ctx_t *c, Shian__Choice ***out,
    size_t *n)
{
    size_t          i;
    Shian__Choice  *choice;

    *n = 0;
    *out = shian_array(&c->arena, c->nphotos + 1, sizeof(**out));

    for (i = 0; *out != NULL && i < c->nphotos; i++) {
        choice = shian_alloc(&c->arena, sizeof(*choice));

        if (choice == NULL) {
            return false;
        }

        shian__choice__init(choice);
        choice->value = ngx_http_shian_kept_photo(c, c->photos[i]->hash.data);

        if (choice->value == NULL) {
            return false;
        }

        (*out)[(*n)++] = choice;
    }

    return *out != NULL;
}


/*
 * A key for each rendering: two forms filled in one after the other are two
 * requests.  The key that came is kept only where nobody knows what became
 * of it, so that sending the form again can not do it twice.
 */
char *
ngx_http_shian_form_key(ngx_http_shian_ctx_t *c)
{
    char         hex[SHIAN_HEX_LEN(SHIAN_ID_SIZE)];
    uint8_t      id[SHIAN_ID_SIZE];
    shian_str_t  sent;

    sent = ngx_http_shian_body_arg(c, "idempotency_key");

    /* Behind it stands which form of the page it was. */
    sent.n = ngx_min(sent.n, sizeof(hex));

    if (c->status < NGX_HTTP_INTERNAL_SERVER_ERROR
        || !shian_unhex(id, sizeof(id), sent))
    {
        shian_random(id, sizeof(id));
    }

    shian_hex(hex, id, sizeof(id));

    return shian_strdup(&c->arena, shian_slice(hex, sizeof(hex)));
}


/* ---- what is wrong with it ------------------------------------------------*/

bool
ngx_http_shian_place_errors(ngx_http_shian_ctx_t *c, ProtobufCMessage *form)
{
    char                             name[64];
    bool                             all;
    size_t                           i;
    const shian_field_error_t       *e;
    const ProtobufCFieldDescriptor  *d;

    all = true;

    for (i = 0; i < c->report.nfields; i++) {
        e = &c->report.fields[i];
        (void) snprintf(name, sizeof(name), "%s_error", e->field);
        d = protobuf_c_message_descriptor_get_field_by_name(form->descriptor,
                                                            name);
        if (d == NULL) {
            all = false;
        } else {
            *(const char **) ((char *) form + d->offset) = e->code;
        }
    }

    return all;
}


bool
ngx_http_shian_field_errors(ngx_http_shian_ctx_t *c, Shian__Field ***list,
    size_t *n)
{
    size_t         i;
    Shian__Field  *f;

    *n = 0;
    *list = shian_array(&c->arena, c->report.nfields + 1, sizeof(**list));

    for (i = 0; *list != NULL && i < c->report.nfields; i++) {
        f = shian_alloc(&c->arena, sizeof(*f));

        if (f == NULL) {
            return false;
        }

        shian__field__init(f);
        f->field = (char *) c->report.fields[i].field;
        f->code = (char *) c->report.fields[i].code;
        f->detail = (char *) c->report.fields[i].detail;
        (*list)[(*n)++] = f;
    }

    return *list != NULL;
}


/* ---- where a post ends ----------------------------------------------------*/

ngx_int_t
ngx_http_shian_in_read(ngx_http_shian_ctx_t *c,
    ngx_int_t (*show)(ngx_http_shian_ctx_t *c))
{
    ngx_int_t  rc, begun;

    begun = c->txn.mdb == NULL;

    if (begun && ngx_http_shian_read_begin(c) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = show(c);

    if (begun) {
        ngx_http_shian_read_end(c);
    }

    return rc;
}


ngx_int_t
ngx_http_shian_again(ngx_http_shian_ctx_t *c,
    void *(*form)(ngx_http_shian_ctx_t *c),
    ngx_int_t (*show)(ngx_http_shian_ctx_t *c))
{
    const int  status = c->report.status;

    if (c->format != SHIAN_OUT_HTML || c->json_body
        || (form == NULL && c->report.nfields == 0)
        || status == NGX_HTTP_UNAUTHORIZED || status == NGX_HTTP_NOT_FOUND
        || status == NGX_HTTP_INTERNAL_SERVER_ERROR)
    {
        return ngx_http_shian_fail(c);
    }

    if (form != NULL) {
        c->data = form(c);

        if (c->data == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        /* The form has it; the page asks anew whether all is well. */
        shian_report_init(&c->report);
    }

    c->status = (ngx_uint_t) status;
    c->here = shian_strdup(&c->arena, ngx_http_shian_str(c->request->uri));

    return ngx_http_shian_in_read(c, show);
}


ngx_int_t
ngx_http_shian_done(ngx_http_shian_ctx_t *c, const char *page,
    ngx_int_t (*show)(ngx_http_shian_ctx_t *c))
{
    if (c->format == SHIAN_OUT_HTML && !c->json_body) {
        return ngx_http_shian_redirect(c, NGX_HTTP_SEE_OTHER, page);
    }

    c->format = SHIAN_OUT_JSON;

    if (c->status != NGX_HTTP_CREATED) {
        c->location = NULL;
    }

    return ngx_http_shian_in_read(c, show);
}
