/*
 * A venue's yearly levels at the desk: those worked out by visits and those
 * recorded, and the form that records one.  A recorded one wins and says so.
 */

#include "ngx_http_shian.h"


static Shian__EvaluationForm *
ngx_http_shian_new_evaluation(ngx_http_shian_ctx_t *c)
{
    Shian__EvaluationForm  *form;

    form = shian_alloc(&c->arena, sizeof(*form));

    if (form != NULL) {
        shian__evaluation_form__init(form);
    }

    return form;
}


static void *
ngx_http_shian_evaluation_form(ngx_http_shian_ctx_t *c)
{
    Shian__EvaluationForm  *form;

    form = ngx_http_shian_new_evaluation(c);

    if (form == NULL) {
        return NULL;
    }

    form->year = ngx_http_shian_typed(c, "year");
    form->source = ngx_http_shian_typed(c, "source");
    form->has_wrong = form->wrong = 1;

    if (!ngx_http_shian_place_errors(c, &form->base)
        || c->report.nfields == 0)
    {
        form->problem = (char *) c->report.code;
    }

    return form;
}


static ngx_int_t
ngx_http_shian_show_evaluations(ngx_http_shian_ctx_t *c)
{
    Shian__Venue            *v;
    Shian__Tally            *tally;
    Shian__EvaluationDesk    view = SHIAN__EVALUATION_DESK__INIT;

    v = shian_venue_get(&c->txn, c->id);

    if (v == NULL || !ngx_http_shian_reach(&c->caller, v)) {
        return ngx_http_shian_refuse(c, 404, "not_found",
                                     "There is no such venue.");
    }

    ngx_http_shian_say_done(c);
    tally = shian_tally_get(&c->txn, c->id);

    if (tally == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    view.has_venue = 1;
    view.venue = c->id;
    view.venue_name = v->name;
    view.evaluations = tally->evaluations;
    view.n_evaluations = tally->n_evaluations;
    view.form = c->format != SHIAN_OUT_HTML ? NULL
                : c->data != NULL ? c->data
                : ngx_http_shian_new_evaluation(c);
    c->view = &view.base;
    c->template = "desk_evaluations";

    return ngx_http_shian_reply(c);
}


ngx_int_t
ngx_http_shian_evaluations(ngx_http_shian_ctx_t *c)
{
    return ngx_http_shian_show_evaluations(c);
}


static ngx_int_t
ngx_http_shian_evaluation_refused(ngx_http_shian_ctx_t *c)
{
    return ngx_http_shian_again(c, ngx_http_shian_evaluation_form,
                                ngx_http_shian_show_evaluations);
}


static ngx_int_t
ngx_http_shian_evaluation_set(ngx_http_shian_ctx_t *c)
{
    return ngx_http_shian_done(c, c->location,
                               ngx_http_shian_show_evaluations);
}


ngx_int_t
ngx_http_shian_evaluation_post(ngx_http_shian_ctx_t *c)
{
    Shian__Operation       op;
    ProtobufCMessage      *message;
    Shian__EvaluationSet   set = SHIAN__EVALUATION_SET__INIT;

    c->refused = ngx_http_shian_evaluation_refused;

    if (!ngx_http_shian_bind(c, &shian__evaluation__descriptor, &message)) {
        return ngx_http_shian_evaluation_refused(c);
    }

    set.has_venue = 1;
    set.venue = c->id;
    set.evaluation = (Shian__Evaluation *) message;
    c->location = shian_printf(&c->arena,
                               "/desk/evaluations/%llu?done=%s",
                               (unsigned long long) c->id,
                               "evaluation_recorded");

    ngx_http_shian_operation(c, &op);
    op.body_case = SHIAN__OPERATION__BODY_EVALUATION_SET;
    op.evaluation_set = &set;

    return ngx_http_shian_submit(c, &op, ngx_http_shian_evaluation_set);
}
