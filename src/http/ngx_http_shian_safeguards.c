/*
 * Inspections one by one, and what protects a venue: its reply, its appeal,
 * its request to be looked at again.
 */

#include "ngx_http_shian.h"

#include "domain/checkin.h"
#include "domain/safeguard.h"
#include "domain/states.h"

#define SHIAN_ACTIONS_MAX  4


static ngx_int_t
ngx_http_shian_no_inspection(ngx_http_shian_ctx_t *c)
{
    return ngx_http_shian_refuse(c, 404, "not_found",
                                 "There is no such inspection.");
}


static bool
ngx_http_shian_list_desk(ngx_http_shian_ctx_t *c, shian_desk_t *desk)
{
    *desk = ngx_http_shian_desk_of(c);
    desk->limit = ngx_http_shian_limit(c);

    return c->report.status == 200
           && ngx_http_shian_cursor(c, &desk->after);
}


/* ---- one inspection -------------------------------------------------------*/

/* The bureau sees more than the venue, and the venue more than the public. */
static shian_eye_t
ngx_http_shian_eye(ngx_http_shian_ctx_t *c, uint64_t venue)
{
    switch (c->caller.actor.role) {

    case SHIAN__ROLE__KIND__venue:
        return c->caller.actor.venue == venue ? SHIAN_EYE_VENUE
                                              : SHIAN_EYE_PUBLIC;
    case SHIAN__ROLE__KIND__inspector:
    case SHIAN__ROLE__KIND__officer:
    case SHIAN__ROLE__KIND__chief:
    case SHIAN__ROLE__KIND__admin:
        return ngx_http_shian_reaches(c, venue) ? SHIAN_EYE_STAFF
                                                : SHIAN_EYE_PUBLIC;
    default:
        return SHIAN_EYE_PUBLIC;
    }
}


ngx_int_t
ngx_http_shian_inspection(ngx_http_shian_ctx_t *c)
{
    shian_eye_t             eye;
    Shian__Inspection      *in;
    Shian__InspectionView  *view;

    c->venue = c->id;
    in = shian_inspection_get(&c->txn, c->id, c->n);
    eye = in == NULL ? SHIAN_EYE_PUBLIC : ngx_http_shian_eye(c, c->id);

    if (in == NULL || c->id == 0
        || (eye == SHIAN_EYE_PUBLIC && !shian_inspection_counts(in)))
    {
        return ngx_http_shian_no_inspection(c);
    }

    view = shian_view_inspection(&c->txn, in, eye);
    if (view == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* That somebody had to look at it is the bureau's affair. */
    view->has_state = view->has_state && eye != SHIAN_EYE_PUBLIC;
    c->view = &view->base;

    return ngx_http_shian_reply(c);
}


static bool
ngx_http_shian_offer_inspection(ngx_http_shian_ctx_t *c, const char *at,
    const Shian__Inspection *in, Shian__InspectionView *view)
{
    view->actions = shian_array(&c->arena, SHIAN_ACTIONS_MAX,
                                sizeof(*view->actions));
    view->href = shian_printf(&c->arena, "%s/%llu", at,
                              (unsigned long long) view->id);

    if (view->actions == NULL || view->href == NULL) {
        return false;
    }

    if (c->caller.actor.role == SHIAN__ROLE__KIND__venue) {
        if (in->reply == NULL && shian_inspection_counts(in)) {
            view->actions[view->n_actions++] = "reply";
        }

        return true;
    }

    /* Nobody decides about a visit of their own. */
    if (in->user == 0 || in->user != c->caller.actor.user) {
        view->n_actions = shian_open_steps(SHIAN_FLOW_INSPECTION,
                              in->has_state ? (int) in->state : 0,
                              c->caller.actor.role, view->actions,
                              SHIAN_ACTIONS_MAX - 1);
    }

    if (in->reply != NULL && !in->reply_removed) {
        view->actions[view->n_actions++] = "remove_reply";
    }

    return true;
}


static ngx_int_t
ngx_http_shian_own_inspection(ngx_http_shian_ctx_t *c, const char *at,
    shian_eye_t eye)
{
    Shian__Inspection      *in;
    Shian__InspectionView  *view;

    in = shian_inspection_get(&c->txn, 0, c->id);

    if (in == NULL || !ngx_http_shian_reaches(c, in->venue)) {
        return ngx_http_shian_no_inspection(c);
    }

    ngx_http_shian_say_done(c);
    view = shian_view_inspection(&c->txn, in, eye);

    if (view == NULL || !ngx_http_shian_offer_inspection(c, at, in, view)) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    view->form = ngx_http_shian_step_form(c);
    c->view = &view->base;

    return ngx_http_shian_reply(c);
}


ngx_int_t
ngx_http_shian_my_inspection(ngx_http_shian_ctx_t *c)
{
    return ngx_http_shian_own_inspection(c, "/my/inspections",
                                         SHIAN_EYE_VENUE);
}


ngx_int_t
ngx_http_shian_desk_inspection(ngx_http_shian_ctx_t *c)
{
    return ngx_http_shian_own_inspection(c, "/desk/inspections",
                                         SHIAN_EYE_STAFF);
}


/* ---- lists of inspections -------------------------------------------------*/

ngx_int_t
ngx_http_shian_my_inspections(ngx_http_shian_ctx_t *c)
{
    size_t                  i;
    shian_str_t             next;
    shian_desk_t            desk;
    Shian__InspectionList  *view;

    if (!ngx_http_shian_list_desk(c, &desk)) {
        return ngx_http_shian_fail(c);
    }

    view = shian_view_inspections(&c->txn, c->caller.actor.venue, desk.after,
                                  desk.limit, true, &next);
    if (view == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    for (i = 0; i < view->n_items; i++) {
        view->items[i]->href = shian_printf(&c->arena, "/my/inspections/%llu",
                                   (unsigned long long) view->items[i]->id);
    }

    view->next = ngx_http_shian_next(c, next);
    c->view = &view->base;

    return ngx_http_shian_reply(c);
}


ngx_int_t
ngx_http_shian_desk_inspections(ngx_http_shian_ctx_t *c)
{
    size_t                  i;
    shian_str_t             next;
    shian_desk_t            desk;
    Shian__Inspection      *in;
    Shian__InspectionList  *view;

    if (!ngx_http_shian_list_desk(c, &desk)) {
        return ngx_http_shian_fail(c);
    }

    view = shian_view_flagged(&c->txn, &desk, &next);
    if (view == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    for (i = 0; i < view->n_items; i++) {
        in = shian_inspection_get(&c->txn, 0, view->items[i]->id);

        if (in == NULL
            || !ngx_http_shian_offer_inspection(c, "/desk/inspections", in,
                                                view->items[i]))
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    view->next = ngx_http_shian_next(c, next);
    c->view = &view->base;

    return ngx_http_shian_reply(c);
}


/* ---- reply, decision ------------------------------------------------------*/

ngx_int_t
ngx_http_shian_my_inspection_post(ngx_http_shian_ctx_t *c)
{
    Shian__Operation          op;
    ProtobufCMessage         *message;
    Shian__InspectionReply   *reply;

    if (!ngx_http_shian_action_is(c, "reply")
        || !ngx_http_shian_bind(c, &shian__inspection_reply__descriptor,
                                &message))
    {
        return ngx_http_shian_step_refused(c);
    }

    reply = (Shian__InspectionReply *) message;
    reply->has_inspection = 1;
    reply->inspection = c->id;

    ngx_http_shian_operation(c, &op);
    op.body_case = SHIAN__OPERATION__BODY_INSPECTION_REPLY;
    op.inspection_reply = reply;

    return ngx_http_shian_step(c, &op, "inspection_replied");
}


static ngx_int_t
ngx_http_shian_reply_remove(ngx_http_shian_ctx_t *c, uint64_t venue)
{
    Shian__Operation    op;
    Shian__ReplyRemove  take = SHIAN__REPLY_REMOVE__INIT;

    take.has_venue = take.has_inspection = 1;
    take.venue = venue;
    take.inspection = c->id;

    ngx_http_shian_operation(c, &op);
    op.body_case = SHIAN__OPERATION__BODY_REPLY_REMOVE;
    op.reply_remove = &take;

    return ngx_http_shian_step(c, &op, "reply_removed");
}


ngx_int_t
ngx_http_shian_desk_inspection_post(ngx_http_shian_ctx_t *c)
{
    Shian__Operation          op;
    ProtobufCMessage         *message;
    Shian__Inspection        *in;
    Shian__InspectionDecide  *decide;

    in = shian_inspection_get(&c->txn, 0, c->id);

    if (in == NULL) {
        return ngx_http_shian_no_inspection(c);
    }

    if (shian_str_is(ngx_http_shian_body_arg(c, "action"), "remove_reply")) {
        return ngx_http_shian_reply_remove(c, in->venue);
    }

    if (!ngx_http_shian_bind(c, &shian__inspection_decide__descriptor,
                             &message))
    {
        return ngx_http_shian_step_refused(c);
    }

    decide = (Shian__InspectionDecide *) message;
    decide->has_venue = decide->has_inspection = 1;
    decide->venue = in->venue;
    decide->inspection = c->id;

    ngx_http_shian_operation(c, &op);
    op.body_case = SHIAN__OPERATION__BODY_INSPECTION_DECIDE;
    op.inspection_decide = decide;

    return ngx_http_shian_step(c, &op,
               decide->action == SHIAN__INSPECTION_DECIDE__ACTION__confirm
               ? "inspection_confirmed"
               : decide->action == SHIAN__INSPECTION_DECIDE__ACTION__correct
               ? "inspection_corrected" : "inspection_rejected");
}


/* ---- appeals --------------------------------------------------------------*/

static bool
ngx_http_shian_offer_appeal(ngx_http_shian_ctx_t *c, const char *at,
    const Shian__Appeal *a, Shian__AppealView *view)
{
    view->actions = shian_array(&c->arena, SHIAN_ACTIONS_MAX,
                                sizeof(*view->actions));
    view->href = shian_printf(&c->arena, "%s/%llu", at,
                              (unsigned long long) view->id);

    if (view->actions == NULL || view->href == NULL) {
        return false;
    }

    if (c->caller.actor.role != SHIAN__ROLE__KIND__venue
        && c->caller.actor.user != 0
        && shian_took_part(a, c->caller.actor.user))
    {
        view->has_took_part = view->took_part = 1;

    } else {
        view->n_actions = shian_open_steps(SHIAN_FLOW_APPEAL,
                              (int) view->state, c->caller.actor.role,
                              view->actions, SHIAN_ACTIONS_MAX);
    }

    return true;
}


static bool
ngx_http_shian_ticked(ngx_http_shian_ctx_t *c, uint64_t id)
{
    size_t        i;
    shian_str_t   text;

    text = shian_str(shian_printf(&c->arena, "%llu",
                                  (unsigned long long) id));

    for (i = 0; i < c->nbody; i++) {
        if (shian_str_is(c->body[i].name, "finding")
            && shian_str_eq(c->body[i].value, text))
        {
            return true;
        }
    }

    return false;
}


/* The findings that may fall with it; those that were ticked stay so. */
static bool
ngx_http_shian_appeal_findings(ngx_http_shian_ctx_t *c,
    Shian__AppealView *view)
{
    size_t               i;
    shian_str_t          next;
    shian_desk_t         desk;
    Shian__StepForm     *form;
    Shian__FindingList  *list;

    desk = ngx_http_shian_desk_of(c);
    desk.limit = 50;
    list = shian_view_venue_findings(&c->txn, view->venue, &desk, &next);

    if (list == NULL) {
        return false;
    }

    view->findings = list->items;
    view->n_findings = list->n_items;

    for (i = 0; c->data != NULL && i < list->n_items; i++) {
        if (!ngx_http_shian_ticked(c, list->items[i]->id)) {
            continue;
        }

        form = shian_alloc(&c->arena, sizeof(*form));
        if (form == NULL) {
            return false;
        }

        shian__step_form__init(form);
        form->has_chosen = form->chosen = 1;
        list->items[i]->form = form;
    }

    return true;
}


static ngx_int_t
ngx_http_shian_appeal(ngx_http_shian_ctx_t *c, const char *at)
{
    shian_desk_t        desk;
    Shian__Appeal      *a;
    Shian__AppealView  *view;

    a = shian_appeal_get(&c->txn, c->id);

    if (a == NULL || !ngx_http_shian_reaches(c, a->venue)) {
        return ngx_http_shian_refuse(c, 404, "not_found",
                                     "There is no such appeal.");
    }

    ngx_http_shian_say_done(c);
    desk = ngx_http_shian_desk_of(c);
    view = shian_view_appeal_on(&c->txn, a, desk.eye, desk.day);

    if (view == NULL || !ngx_http_shian_offer_appeal(c, at, a, view)
        || (c->caller.actor.role != SHIAN__ROLE__KIND__venue
            && !ngx_http_shian_appeal_findings(c, view)))
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    view->form = ngx_http_shian_step_form(c);
    c->view = &view->base;

    return ngx_http_shian_reply(c);
}


ngx_int_t
ngx_http_shian_my_appeal(ngx_http_shian_ctx_t *c)
{
    return ngx_http_shian_appeal(c, "/my/appeals");
}


ngx_int_t
ngx_http_shian_desk_appeal(ngx_http_shian_ctx_t *c)
{
    return ngx_http_shian_appeal(c, "/desk/appeals");
}


static Shian__AppealList *
ngx_http_shian_appeals(ngx_http_shian_ctx_t *c, uint64_t venue,
    const char *at)
{
    size_t              i;
    shian_str_t         next;
    shian_desk_t        desk;
    Shian__Appeal      *a;
    Shian__AppealList  *view;

    if (!ngx_http_shian_list_desk(c, &desk)) {
        return NULL;
    }

    view = shian_view_appeals(&c->txn, venue, &desk, &next);

    for (i = 0; view != NULL && i < view->n_items; i++) {
        a = shian_appeal_get(&c->txn, view->items[i]->id);

        if (a == NULL
            || !ngx_http_shian_offer_appeal(c, at, a, view->items[i]))
        {
            view = NULL;
        }
    }

    if (view == NULL) {
        (void) shian_fail(&c->report, 500, "server", "Out of memory.");
        return NULL;
    }

    view->next = ngx_http_shian_next(c, next);
    c->view = &view->base;

    return view;
}


ngx_int_t
ngx_http_shian_desk_appeals(ngx_http_shian_ctx_t *c)
{
    return ngx_http_shian_appeals(c, 0, "/desk/appeals") == NULL
           ? ngx_http_shian_fail(c) : ngx_http_shian_reply(c);
}


ngx_int_t
ngx_http_shian_my_appeals(ngx_http_shian_ctx_t *c)
{
    int32_t             until;
    const shian_bar_t  *bar;
    Shian__AppealList  *view;

    view = ngx_http_shian_appeals(c, c->caller.actor.venue, "/my/appeals");

    if (view == NULL) {
        return ngx_http_shian_fail(c);
    }

    until = 0;
    bar = shian_appeal_bar(&c->txn, c->caller.actor.venue,
                           shian_local_day(c->now_ms, SHIAN_TZ_MINUTES),
                           &until);
    view->has_may_appeal = 1;
    view->may_appeal = bar == NULL;
    view->bar = bar == NULL ? NULL : (char *) bar->code;
    view->has_until = until != 0;
    view->until = until;
    view->form = ngx_http_shian_step_form(c);

    return ngx_http_shian_reply(c);
}


static ngx_int_t
ngx_http_shian_appeal_filed(ngx_http_shian_ctx_t *c)
{
    c->id = ngx_http_shian_result(c)->id;
    c->status = NGX_HTTP_CREATED;
    c->location = shian_printf(&c->arena, "/my/appeals/%llu",
                               (unsigned long long) c->id);

    return ngx_http_shian_done(c,
               shian_printf(&c->arena, "%s?done=appeal_filed", c->location),
               ngx_http_shian_my_appeal);
}


ngx_int_t
ngx_http_shian_my_appeals_post(ngx_http_shian_ctx_t *c)
{
    Shian__Operation    op;
    ProtobufCMessage   *message;
    Shian__AppealFile  *file;

    if (!ngx_http_shian_bind(c, &shian__appeal_file__descriptor, &message)) {
        return ngx_http_shian_step_refused(c);
    }

    file = (Shian__AppealFile *) message;
    file->has_venue = 1;
    file->venue = c->caller.actor.venue;
    file->photo = c->photos;
    file->n_photo = c->nphotos;

    ngx_http_shian_operation(c, &op);
    op.body_case = SHIAN__OPERATION__BODY_APPEAL_FILE;
    op.appeal_file = file;
    c->refused = ngx_http_shian_step_refused;

    return c->report.status != 200 ? ngx_http_shian_step_refused(c)
           : ngx_http_shian_submit(c, &op, ngx_http_shian_appeal_filed);
}


static ngx_int_t
ngx_http_shian_decide_appeal(ngx_http_shian_ctx_t *c)
{
    Shian__Operation      op;
    ProtobufCMessage     *message;
    Shian__AppealDecide  *decide;

    if (!ngx_http_shian_bind(c, &shian__appeal_decide__descriptor,
                             &message))
    {
        return ngx_http_shian_step_refused(c);
    }

    decide = (Shian__AppealDecide *) message;
    decide->has_appeal = 1;
    decide->appeal = c->id;

    ngx_http_shian_operation(c, &op);
    op.body_case = SHIAN__OPERATION__BODY_APPEAL_DECIDE;
    op.appeal_decide = decide;

    return ngx_http_shian_step(c, &op,
               decide->action == SHIAN__APPEAL_DECIDE__ACTION__uphold
               ? "appeal_upheld"
               : decide->action == SHIAN__APPEAL_DECIDE__ACTION__reject
               ? "appeal_rejected" : "appeal_withdrawn");
}


ngx_int_t
ngx_http_shian_my_appeal_post(ngx_http_shian_ctx_t *c)
{
    return ngx_http_shian_decide_appeal(c);
}


ngx_int_t
ngx_http_shian_desk_appeal_post(ngx_http_shian_ctx_t *c)
{
    return ngx_http_shian_decide_appeal(c);
}


/* ---- asking for another visit ---------------------------------------------*/

ngx_int_t
ngx_http_shian_my_reinspection(ngx_http_shian_ctx_t *c)
{
    Shian__Tally         *tally;
    const shian_bar_t    *bar;
    Shian__Reinspection   view = SHIAN__REINSPECTION__INIT;

    ngx_http_shian_say_done(c);
    tally = shian_tally_get(&c->txn, c->caller.actor.venue);
    bar = shian_reinspection_bar(&c->txn, c->caller.actor.venue);

    if (tally == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    view.has_venue = view.has_may_reinspect = 1;
    view.venue = c->caller.actor.venue;
    view.may_reinspect = bar == NULL;
    view.bar = bar == NULL ? NULL : (char *) bar->code;
    view.has_due_on = tally->has_reinspection_due_on;
    view.due_on = tally->reinspection_due_on;
    view.form = ngx_http_shian_step_form(c);
    c->view = &view.base;

    return ngx_http_shian_reply(c);
}


ngx_int_t
ngx_http_shian_my_reinspection_post(ngx_http_shian_ctx_t *c)
{
    Shian__Operation         op;
    ProtobufCMessage        *message;
    Shian__ReinspectionAsk  *ask;

    if (!ngx_http_shian_bind(c, &shian__reinspection_ask__descriptor,
                             &message))
    {
        return ngx_http_shian_step_refused(c);
    }

    ask = (Shian__ReinspectionAsk *) message;
    ask->has_venue = 1;
    ask->venue = c->caller.actor.venue;

    ngx_http_shian_operation(c, &op);
    op.body_case = SHIAN__OPERATION__BODY_REINSPECTION_ASK;
    op.reinspection_ask = ask;

    return ngx_http_shian_step(c, &op, "reinspection_asked");
}
