/*
 * Findings: what a venue has to put right, and who looks whether it did.
 */

#include "ngx_http_shian.h"

#include "domain/finding.h"
#include "domain/states.h"

#define SHIAN_ACTIONS_MAX  4


/* ---- one finding ----------------------------------------------------------*/

/* What the caller may do with it, and where. */
static bool
ngx_http_shian_offer_finding(ngx_http_shian_ctx_t *c, const char *at,
    Shian__FindingView *view)
{
    size_t   i, n;
    char   **actions;

    actions = shian_array(&c->arena, SHIAN_ACTIONS_MAX, sizeof(*actions));
    view->href = shian_printf(&c->arena, "%s/%llu", at,
                              (unsigned long long) view->id);

    if (actions == NULL || view->href == NULL) {
        return false;
    }

    n = shian_open_steps(SHIAN_FLOW_FINDING, (int) view->state,
                         c->caller.actor.role, actions, SHIAN_ACTIONS_MAX);
    view->actions = actions;

    /* A deadline moves once. */
    for (i = 0; i < n; i++) {
        if (!view->extended || strcmp(actions[i], "extend") != 0) {
            view->actions[view->n_actions++] = actions[i];
        }
    }

    return true;
}


static ngx_int_t
ngx_http_shian_finding(ngx_http_shian_ctx_t *c, const char *at)
{
    shian_desk_t         desk;
    Shian__Finding      *f;
    Shian__FindingView  *view;

    f = shian_finding_get(&c->txn, c->id);

    if (f == NULL || !ngx_http_shian_reaches(c, f->venue)) {
        return ngx_http_shian_refuse(c, 404, "not_found",
                                     "There is no such finding.");
    }

    ngx_http_shian_say_done(c);
    desk = ngx_http_shian_desk_of(c);
    view = shian_view_finding(&c->txn, f, desk.eye, desk.day);

    if (view == NULL || !ngx_http_shian_offer_finding(c, at, view)) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    view->form = ngx_http_shian_step_form(c);
    c->view = &view->base;

    return ngx_http_shian_reply(c);
}


ngx_int_t
ngx_http_shian_my_finding(ngx_http_shian_ctx_t *c)
{
    return ngx_http_shian_finding(c, "/my/findings");
}


ngx_int_t
ngx_http_shian_desk_finding(ngx_http_shian_ctx_t *c)
{
    return ngx_http_shian_finding(c, "/desk/findings");
}


/* ---- lists ----------------------------------------------------------------*/

static bool
ngx_http_shian_read_desk(ngx_http_shian_ctx_t *c, shian_desk_t *desk)
{
    *desk = ngx_http_shian_desk_of(c);
    desk->limit = ngx_http_shian_limit(c);

    return c->report.status == 200
           && ngx_http_shian_cursor(c, &desk->after);
}


static ngx_int_t
ngx_http_shian_show_findings(ngx_http_shian_ctx_t *c,
    Shian__FindingList *view, shian_str_t next, const char *at)
{
    size_t  i;

    if (view == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    for (i = 0; i < view->n_items; i++) {
        if (!ngx_http_shian_offer_finding(c, at, view->items[i])) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    view->next = ngx_http_shian_next(c, next);
    c->view = &view->base;

    return ngx_http_shian_reply(c);
}


ngx_int_t
ngx_http_shian_my_findings(ngx_http_shian_ctx_t *c)
{
    shian_str_t          next;
    shian_desk_t         desk;
    Shian__FindingList  *view;

    if (!ngx_http_shian_read_desk(c, &desk)) {
        return ngx_http_shian_fail(c);
    }

    view = shian_view_venue_findings(&c->txn, c->caller.actor.venue, &desk,
                                     &next);

    return ngx_http_shian_show_findings(c, view, next, "/my/findings");
}


static bool
ngx_http_shian_which_findings(ngx_http_shian_ctx_t *c,
    shian_findings_t *which)
{
    shian_str_t  state;

    state = ngx_http_shian_arg(c, "state");
    *which = shian_str_is(state, "submitted") ? SHIAN_FINDINGS_SUBMITTED
             : shian_str_is(state, "overdue") ? SHIAN_FINDINGS_OVERDUE
             : SHIAN_FINDINGS_OPEN;

    if (state.n != 0 && *which == SHIAN_FINDINGS_OPEN
        && !shian_str_is(state, "open"))
    {
        shian_fail_field(&c->report, "state", "unknown",
                         "open, overdue or submitted");
    }

    return c->report.status == 200;
}


static void
ngx_http_shian_count_findings(ngx_http_shian_ctx_t *c,
    Shian__FindingList *view, const shian_desk_t *desk,
    shian_findings_t which)
{
    static char *const  names[] = { "open", "overdue", "submitted" };

    view->filter = names[which];
    view->has_open = view->has_overdue = view->has_submitted = 1;
    view->open = shian_findings_count(&c->txn, SHIAN_FINDINGS_OPEN, desk);
    view->overdue = shian_findings_count(&c->txn, SHIAN_FINDINGS_OVERDUE,
                                         desk);
    view->submitted = shian_findings_count(&c->txn, SHIAN_FINDINGS_SUBMITTED,
                                           desk);
    view->csv = shian_printf(&c->arena, "/desk/findings.csv?state=%s",
                             names[which]);
}


ngx_int_t
ngx_http_shian_desk_findings(ngx_http_shian_ctx_t *c)
{
    shian_str_t          next;
    shian_desk_t         desk;
    shian_findings_t     which;
    Shian__FindingList  *view;

    if (!ngx_http_shian_which_findings(c, &which)
        || !ngx_http_shian_read_desk(c, &desk))
    {
        return ngx_http_shian_fail(c);
    }

    view = shian_view_findings(&c->txn, which, &desk, &next);

    if (view != NULL && c->format == SHIAN_OUT_HTML) {
        ngx_http_shian_count_findings(c, view, &desk, which);
    }

    return ngx_http_shian_show_findings(c, view, next, "/desk/findings");
}


/* ---- steps ----------------------------------------------------------------*/

ngx_int_t
ngx_http_shian_my_finding_post(ngx_http_shian_ctx_t *c)
{
    Shian__Operation       op;
    ProtobufCMessage      *message;
    Shian__FindingSubmit  *submit;

    if (!ngx_http_shian_action_is(c, "submit")
        || !ngx_http_shian_bind(c, &shian__finding_submit__descriptor,
                                &message))
    {
        return ngx_http_shian_step_refused(c);
    }

    submit = (Shian__FindingSubmit *) message;
    submit->has_finding = 1;
    submit->finding = c->id;
    submit->photo = c->photos;
    submit->n_photo = c->nphotos;

    ngx_http_shian_operation(c, &op);
    op.body_case = SHIAN__OPERATION__BODY_FINDING_SUBMIT;
    op.finding_submit = submit;

    return ngx_http_shian_step(c, &op, "finding_submitted");
}


ngx_int_t
ngx_http_shian_desk_finding_post(ngx_http_shian_ctx_t *c)
{
    Shian__Operation       op;
    ProtobufCMessage      *message;
    Shian__FindingDecide  *decide;

    if (!ngx_http_shian_bind(c, &shian__finding_decide__descriptor,
                             &message))
    {
        return ngx_http_shian_step_refused(c);
    }

    decide = (Shian__FindingDecide *) message;
    decide->has_finding = 1;
    decide->finding = c->id;

    ngx_http_shian_operation(c, &op);
    op.body_case = SHIAN__OPERATION__BODY_FINDING_DECIDE;
    op.finding_decide = decide;

    return ngx_http_shian_step(c, &op,
               decide->action == SHIAN__FINDING_DECIDE__ACTION__verify
               ? "finding_verified"
               : decide->action == SHIAN__FINDING_DECIDE__ACTION__reject
               ? "finding_rejected" : "finding_extended");
}
