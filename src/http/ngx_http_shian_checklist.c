/*
 * The chief's checklist page: the document in force, what another one would
 * change, and putting it in force.
 */

#include "ngx_http_shian.h"

#include "domain/checklist_view.h"
#include "render/json.h"


/* ---- the checklist in force -----------------------------------------------*/

/* As people edit it: an item a line. */
static char *
ngx_http_shian_document(ngx_http_shian_ctx_t *c, const Shian__Checklist *list)
{
    size_t       i;
    shian_buf_t  b;

    shian_buf_init(&b, &c->arena);

    /* The version is letters, digits, dots and dashes. */
    shian_putf(&b.sink, "{\"version\":\"%s\",\n\"items\":[\n", list->version);

    for (i = 0; i < list->n_items; i++) {
        (void) shian_json_write(&list->items[i]->base, &b.sink);
        shian_putz(&b.sink, i + 1 < list->n_items ? ",\n" : "\n");
    }

    shian_putz(&b.sink, "]}\n");
    shian_putc(&b.sink, '\0');

    return b.sink.failed ? NULL : (char *) b.p;
}


static ngx_int_t
ngx_http_shian_show_checklist(ngx_http_shian_ctx_t *c)
{
    Shian__ChecklistDesk  *view;

    view = shian_view_checklist_desk(&c->txn);
    if (view == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (c->format == SHIAN_OUT_HTML) {
        view->document = ngx_http_shian_typed(c, "document");

        if (view->document == NULL) {
            view->document = ngx_http_shian_document(c, view->checklist);
        }

        if (view->document == NULL
            || !ngx_http_shian_field_errors(c, &view->errors,
                                            &view->n_errors))
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    c->here = "/desk/checklist";
    c->template = "desk_checklist";
    c->view = &view->base;

    return ngx_http_shian_reply(c);
}


ngx_int_t
ngx_http_shian_desk_checklist(ngx_http_shian_ctx_t *c)
{
    c->flash = shian_str_is(ngx_http_shian_arg(c, "done"), "publish")
               ? "checklist_published" : NULL;

    return ngx_http_shian_show_checklist(c);
}


static ngx_int_t
ngx_http_shian_checklist_refused(ngx_http_shian_ctx_t *c)
{
    return ngx_http_shian_again(c, NULL, ngx_http_shian_show_checklist);
}


/* ---- another one ----------------------------------------------------------*/

static ngx_int_t
ngx_http_shian_preview_checklist(ngx_http_shian_ctx_t *c,
    Shian__ChecklistPreview *view, const Shian__Checklist *list)
{
    if (c->format == SHIAN_OUT_HTML && !c->json_body) {
        view->document = ngx_http_shian_document(c, list);
        if (view->document == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

    } else {
        c->format = SHIAN_OUT_JSON;
    }

    c->here = "/desk/checklist";
    c->template = "desk_checklist_preview";
    c->view = &view->base;

    return ngx_http_shian_reply(c);
}


static ngx_int_t
ngx_http_shian_checklist_published(ngx_http_shian_ctx_t *c)
{
    /* It has no id where the document was in force already. */
    if (ngx_http_shian_result(c)->has_id) {
        c->status = NGX_HTTP_CREATED;
        c->location = "/desk/checklist";
    }

    return ngx_http_shian_done(c, "/desk/checklist?done=publish",
                               ngx_http_shian_show_checklist);
}


ngx_int_t
ngx_http_shian_desk_checklist_post(ngx_http_shian_ctx_t *c)
{
    bool                      publish;
    shian_str_t               document;
    Shian__Checklist         *list;
    Shian__Operation          op;
    Shian__ChecklistSet       set = SHIAN__CHECKLIST_SET__INIT;
    Shian__ChecklistPreview  *view;

    c->refused = ngx_http_shian_checklist_refused;

    document = c->json_body ? c->json
                            : ngx_http_shian_body_arg(c, "document");

    if (!ngx_http_shian_document_action(c, &publish)) {
        return ngx_http_shian_fail(c);
    }

    if (document.n == 0) {
        shian_fail_field(&c->report, "document", "required", NULL);
        return ngx_http_shian_checklist_refused(c);
    }

    if (!shian_checklist_parse(&c->arena, document, &list, &c->report)) {

        /* What was typed is not lost over a missing comma. */
        if (c->report.nfields == 0 && !c->json_body) {
            shian_report_init(&c->report);
            shian_fail_field(&c->report, "document", "pattern",
                             "This is not JSON.");
        }

        return ngx_http_shian_checklist_refused(c);
    }

    view = shian_view_checklist_preview(&c->txn, list, &c->report);

    if (c->report.status != 200) {
        return ngx_http_shian_checklist_refused(c);
    }

    if (view == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (!publish) {
        return ngx_http_shian_preview_checklist(c, view, list);
    }

    if (ngx_http_shian_pass_day(c) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    set.checklist = list;
    ngx_http_shian_operation(c, &op);
    op.body_case = SHIAN__OPERATION__BODY_CHECKLIST_SET;
    op.checklist_set = &set;

    return ngx_http_shian_submit(c, &op, ngx_http_shian_checklist_published);
}
