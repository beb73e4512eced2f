/*
 * Enforcement cases; who looked at contacts; what a venue may know.
 */

#include "ngx_http_shian_board.h"


/* ---- cases ----------------------------------------------------------------*/

ngx_int_t
ngx_http_shian_cases(ngx_http_shian_ctx_t *c)
{
    int               state;
    size_t            limit;
    shian_str_t       after, next;
    shian_board_t     b;
    Shian__CaseList  *view;

    ngx_http_shian_board_init(c, &b);
    state = ngx_http_shian_board_value(c, &shian__case__state__descriptor,
                                       "state");
    limit = ngx_http_shian_limit(c);

    if (c->report.status != 200 || !ngx_http_shian_cursor(c, &after)) {
        return ngx_http_shian_fail(c);
    }

    view = shian_view_cases(&c->txn, &b, state, after, limit, &next);
    if (view == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    view->next = ngx_http_shian_next(c, next);

    if (c->format == SHIAN_OUT_HTML) {
        view->csv = ngx_http_shian_board_csv(c, "/desk/cases");

        if (!ngx_http_shian_board_enum(c, &shian__case__state__descriptor,
                                       "state", &view->states,
                                       &view->n_states))
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    c->view = &view->base;

    return ngx_http_shian_reply(c);
}


static ngx_int_t
ngx_http_shian_show_case(ngx_http_shian_ctx_t *c)
{
    Shian__Case      *record;
    Shian__Venue     *v;
    Shian__CaseView  *view;

    record = shian_case_get(&c->txn, c->id);
    v = record == NULL ? NULL : shian_venue_get(&c->txn, record->venue);

    if (v == NULL) {
        return ngx_http_shian_refuse(c, 404, "not_found",
                                     "There is no such case.");
    }

    if (!shian_in_reach(c->caller.actor.role, c->caller.user, 0, v)) {
        return ngx_http_shian_refuse(c, 403, "forbidden",
                                     "This is outside your districts.");
    }

    view = shian_view_case(&c->txn, record, c->caller.actor.role);
    if (view == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    view->form = c->format == SHIAN_OUT_HTML ? c->data : NULL;
    c->view = &view->base;
    c->template = "desk_case";

    return ngx_http_shian_reply(c);
}


ngx_int_t
ngx_http_shian_case_one(ngx_http_shian_ctx_t *c)
{
    if (shian_str_is(ngx_http_shian_arg(c, "done"), "step")) {
        c->flash = "board_saved";
    }

    return ngx_http_shian_show_case(c);
}


static ngx_int_t
ngx_http_shian_case_refused(ngx_http_shian_ctx_t *c)
{
    return ngx_http_shian_board_again(c, ngx_http_shian_show_case);
}


static ngx_int_t
ngx_http_shian_case_changed(ngx_http_shian_ctx_t *c)
{
    c->status = c->id == 0 ? NGX_HTTP_CREATED : NGX_HTTP_OK;
    c->id = ngx_http_shian_result(c)->id;
    c->location = shian_printf(&c->arena, "/desk/cases/%llu",
                               (unsigned long long) c->id);

    return ngx_http_shian_done(c,
               shian_printf(&c->arena, "%s?done=step", c->location),
               ngx_http_shian_show_case);
}


ngx_int_t
ngx_http_shian_case_post(ngx_http_shian_ctx_t *c)
{
    Shian__Operation   op;
    ProtobufCMessage  *message;

    if (!ngx_http_shian_bind(c, &shian__case_open__descriptor, &message)) {
        return ngx_http_shian_fail(c);
    }

    c->id = 0;
    ngx_http_shian_operation(c, &op);
    op.body_case = SHIAN__OPERATION__BODY_CASE_OPEN;
    op.case_open = (Shian__CaseOpen *) message;

    return ngx_http_shian_submit(c, &op, ngx_http_shian_case_changed);
}


ngx_int_t
ngx_http_shian_case_step(ngx_http_shian_ctx_t *c)
{
    Shian__Operation   op;
    Shian__CaseStep   *step;
    ProtobufCMessage  *message;

    c->refused = ngx_http_shian_case_refused;

    if (!ngx_http_shian_bind(c, &shian__case_step__descriptor, &message)) {
        return ngx_http_shian_case_refused(c);
    }

    step = (Shian__CaseStep *) message;
    step->has_case_id = 1;
    step->case_id = c->id;

    ngx_http_shian_operation(c, &op);
    op.body_case = SHIAN__OPERATION__BODY_CASE_STEP;
    op.case_step = step;

    return ngx_http_shian_submit(c, &op, ngx_http_shian_case_changed);
}


/* ---- the access log -------------------------------------------------------*/

ngx_int_t
ngx_http_shian_looks(ngx_http_shian_ctx_t *c)
{
    size_t            limit;
    shian_str_t       after, next;
    shian_board_t     b;
    Shian__LookList  *view;

    c->no_store = 1;
    ngx_http_shian_board_init(c, &b);
    limit = ngx_http_shian_limit(c);

    if (c->report.status != 200 || !ngx_http_shian_cursor(c, &after)) {
        return ngx_http_shian_fail(c);
    }

    view = shian_view_looks(&c->txn, &b, after, limit, &next);
    if (view == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    view->next = ngx_http_shian_next(c, next);
    view->csv = c->format == SHIAN_OUT_HTML ? "/desk/access.csv" : NULL;
    c->view = &view->base;

    return ngx_http_shian_reply(c);
}


/* ---- the venue's side -----------------------------------------------------*/

ngx_int_t
ngx_http_shian_my_complaints(ngx_http_shian_ctx_t *c)
{
    size_t                   limit;
    shian_str_t              after, next;
    Shian__MyComplaintList  *view;

    limit = ngx_http_shian_limit(c);

    if (c->report.status != 200 || !ngx_http_shian_cursor(c, &after)) {
        return ngx_http_shian_fail(c);
    }

    view = shian_view_my_complaints(&c->txn, c->caller.actor.venue,
                                    c->now_ms, after, limit, &next);
    if (view == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    view->next = ngx_http_shian_next(c, next);
    c->view = &view->base;

    return ngx_http_shian_reply(c);
}
