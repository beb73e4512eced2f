/*
 * Many complaints sent at once.  The answer says of each record what became
 * of it and why; those that were not sent stay chosen, to be sent again.
 */

#include "ngx_http_shian_board.h"

#include <sodium.h>

#include "core/ids.h"

#define SHIAN_BULK_MAX  100             /* as the rule of the field */

/* One operation after the other: each is checked and logged for itself. */
typedef struct {
    Shian__BulkDispatch  *asked;
    Shian__BulkResult     view;
    size_t                at;
} ngx_http_shian_bulk_t;


static ngx_int_t ngx_http_shian_bulk_next(ngx_http_shian_ctx_t *c);


/* ---- the answer -----------------------------------------------------------*/

static Shian__BulkItem *
ngx_http_shian_bulk_item(ngx_http_shian_ctx_t *c, Shian__BulkResult *view,
    uint64_t id)
{
    Shian__BulkItem  *item;

    item = shian_alloc(&c->arena, sizeof(*item));

    if (item != NULL) {
        shian__bulk_item__init(item);
        item->has_id = item->has_done = 1;
        item->id = id;
        view->items[view->n_items++] = item;
    }

    return item;
}


/* What each is, as far as the caller sees it. */
static bool
ngx_http_shian_bulk_records(ngx_http_shian_ctx_t *c, shian_board_t *b,
    Shian__BulkResult *view)
{
    size_t             i;
    Shian__BulkItem   *item;
    Shian__Complaint  *record;

    for (i = 0; i < view->n_items; i++) {
        item = view->items[i];
        record = shian_complaint_get(&c->txn, item->id);

        if (record == NULL || !shian_board_sees(&c->txn, b, record)) {
            continue;
        }

        item->item = shian_view_board_item(&c->txn, b, record);
        if (item->item == NULL) {
            return false;
        }
    }

    return true;
}


/* Who was chosen, and whoever may be instead. */
static bool
ngx_http_shian_bulk_people(ngx_http_shian_ctx_t *c, shian_board_t *b,
    Shian__BulkResult *view)
{
    size_t       i;
    shian_str_t  to;

    if (!shian_view_people(&c->txn, b, NULL, &view->people,
                           &view->n_people))
    {
        return false;
    }

    to = ngx_http_shian_body_arg(c, "to");

    for (i = 0; i < view->n_people; i++) {
        view->people[i]->has_chosen = 1;
        view->people[i]->chosen =
            shian_str_is(to, shian_printf(&c->arena, "%llu",
                         (unsigned long long) view->people[i]->id));
    }

    view->due_on = ngx_http_shian_typed(c, "due_on");

    return true;
}


static ngx_int_t
ngx_http_shian_bulk_show(ngx_http_shian_ctx_t *c)
{
    shian_board_t           b;
    ngx_http_shian_bulk_t  *bulk = c->data;

    ngx_http_shian_board_init(c, &b);

    if (!ngx_http_shian_bulk_records(c, &b, &bulk->view)
        || (c->format == SHIAN_OUT_HTML
            && !ngx_http_shian_bulk_people(c, &b, &bulk->view)))
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    c->no_store = 1;
    c->here = "/desk/complaints";
    c->view = &bulk->view.base;
    c->template = "desk_bulk";

    return ngx_http_shian_reply(c);
}


/* ---- one after the other --------------------------------------------------*/

static ngx_int_t
ngx_http_shian_bulk_done(ngx_http_shian_ctx_t *c)
{
    Shian__BulkItem        *item;
    ngx_http_shian_bulk_t  *bulk = c->data;

    item = ngx_http_shian_bulk_item(c, &bulk->view,
                                    bulk->asked->complaint[bulk->at++]);
    if (item == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    item->has_status = 1;
    item->status = (uint32_t) c->report.status;
    item->done = c->report.status == 200;

    if (item->done) {
        bulk->view.done++;

    } else {
        bulk->view.failed++;
        item->code = (char *) (c->report.code == NULL ? "server"
                                                      : c->report.code);
        item->detail = (char *) c->report.detail;

        if (!ngx_http_shian_field_errors(c, &item->errors, &item->n_errors)) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    if (bulk->at < bulk->asked->n_complaint) {
        return ngx_http_shian_bulk_next(c);
    }

    shian_report_init(&c->report);
    c->format = c->json_body ? SHIAN_OUT_JSON : c->format;

    return ngx_http_shian_in_read(c, ngx_http_shian_bulk_show);
}


static ngx_int_t
ngx_http_shian_bulk_next(ngx_http_shian_ctx_t *c)
{
    char                      hex[33];
    uint8_t                   hash[16];
    Shian__Operation          op;
    Shian__ComplaintStep      step = SHIAN__COMPLAINT_STEP__INIT;
    crypto_generichash_state  h;
    ngx_http_shian_bulk_t    *bulk = c->data;

    shian_report_init(&c->report);

    /* Some are sent already: the answer still says which. */
    if (c->conf->env->nwaiting >= c->conf->env->queue_max) {
        (void) shian_fail(&c->report, 503, "busy",
                          "Too much is being written; try again.");
        return ngx_http_shian_bulk_done(c);
    }

    ngx_http_shian_operation(c, &op);

    /* One request, many operations: each repeats for itself. */
    if (op.idempotency_key != NULL) {
        crypto_generichash_init(&h, NULL, 0, sizeof(hash));
        crypto_generichash_update(&h, (u_char *) op.idempotency_key,
                                  strlen(op.idempotency_key));
        crypto_generichash_update(&h,
                                  (u_char *) &bulk->asked->complaint[bulk->at],
                                  sizeof(bulk->asked->complaint[bulk->at]));
        crypto_generichash_final(&h, hash, sizeof(hash));
        sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
        op.idempotency_key = hex;
    }

    step.has_complaint = step.has_action = step.has_to = 1;
    step.has_due_on = 1;
    step.complaint = bulk->asked->complaint[bulk->at];
    step.action = SHIAN__COMPLAINT_STEP__ACTION__dispatch;
    step.to = bulk->asked->to;
    step.due_on = bulk->asked->due_on;
    op.body_case = SHIAN__OPERATION__BODY_COMPLAINT_STEP;
    op.complaint_step = &step;

    return ngx_http_shian_submit(c, &op, ngx_http_shian_bulk_done);
}


static ngx_http_shian_bulk_t *
ngx_http_shian_bulk_new(ngx_http_shian_ctx_t *c, size_t n)
{
    ngx_http_shian_bulk_t  *bulk;

    bulk = shian_zalloc(&c->arena, sizeof(*bulk));
    if (bulk == NULL) {
        return NULL;
    }

    shian__bulk_result__init(&bulk->view);
    bulk->view.has_done = bulk->view.has_failed = 1;
    bulk->view.items = shian_array(&c->arena, n + 1,
                                   sizeof(*bulk->view.items));

    return bulk->view.items == NULL ? NULL : bulk;
}


/* Refused before anything was sent: what was chosen stays so. */
static void *
ngx_http_shian_bulk_refused(ngx_http_shian_ctx_t *c)
{
    size_t                  i;
    ngx_int_t               id;
    ngx_http_shian_bulk_t  *bulk;

    bulk = ngx_http_shian_bulk_new(c, SHIAN_BULK_MAX);
    if (bulk == NULL) {
        return NULL;
    }

    bulk->view.form = ngx_http_shian_board_form(c);
    if (bulk->view.form == NULL) {
        return NULL;
    }

    for (i = 0; i < c->nbody && bulk->view.n_items < SHIAN_BULK_MAX; i++) {
        id = shian_str_is(c->body[i].name, "complaint")
             ? ngx_atoi((u_char *) c->body[i].value.p, c->body[i].value.n)
             : NGX_ERROR;

        if (id > 0
            && ngx_http_shian_bulk_item(c, &bulk->view, (uint64_t) id) == NULL)
        {
            return NULL;
        }
    }

    return bulk;
}


ngx_int_t
ngx_http_shian_board_bulk(ngx_http_shian_ctx_t *c)
{
    ProtobufCMessage       *message;
    ngx_http_shian_bulk_t  *bulk;

    if (!ngx_http_shian_bind(c, &shian__bulk_dispatch__descriptor, &message))
    {
        return ngx_http_shian_again(c, ngx_http_shian_bulk_refused,
                                    ngx_http_shian_bulk_show);
    }

    bulk = ngx_http_shian_bulk_new(c, ((Shian__BulkDispatch *) message)
                                          ->n_complaint);
    if (bulk == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    bulk->asked = (Shian__BulkDispatch *) message;
    c->data = bulk;
    c->refused = ngx_http_shian_bulk_done;

    return ngx_http_shian_bulk_next(c);
}
