/*
 * Signing in and out, first pages of those who did, and the user list.
 */

#include "ngx_http_shian.h"

#include "domain/event.h"
#include "domain/safeguard.h"
#include "domain/tally.h"

#define SHIAN_DESK_EVENTS  20
#define SHIAN_DUE_MAX      5    /* findings on a venue's first page */


/* ---- links ----------------------------------------------------------------*/

/* The way in that the path names: a link of ours or an issuer's token. */
typedef struct {
    shian_caller_t       who;
    uint64_t             link;      /* its handle; 0: a token */
    shian_token_t        token;
} ngx_http_shian_way_t;


static ngx_int_t
ngx_http_shian_bad_link(ngx_http_shian_ctx_t *c, shian_link_state_t state)
{
    switch (state) {

    case SHIAN_LINK_USED:
        return ngx_http_shian_refuse(c, 410, "link_spent",
                                     "This sign-in link was used; ask for "
                                     "another.");
    case SHIAN_LINK_OVER:
        return ngx_http_shian_refuse(c, 410, "link_expired",
                                     "The link is over or was used.");
    default:
        return ngx_http_shian_refuse(c, 404, "link_bad",
                                     "This is no sign-in link of ours.");
    }
}


static shian_link_state_t
ngx_http_shian_way_in(ngx_http_shian_ctx_t *c, ngx_http_shian_way_t *way)
{
    Shian__SignInLink     *link;
    shian_link_state_t     state;
    shian_token_result_t   rc;

    shian_caller_init(&way->who);
    way->link = 0;

    if (c->word.n > 3 && ngx_strncmp(c->word.p, "v4.", 3) == 0) {
        rc = shian_caller_token(&way->who, &c->txn, c->conf->keys,
                                ngx_http_shian_str(c->conf->base_url),
                                SHIAN_USE_LOGIN, c->now_ms, c->word,
                                &way->token);

        return rc == SHIAN_TOKEN_OK ? SHIAN_LINK_GOOD
               : rc == SHIAN_TOKEN_EXPIRED ? SHIAN_LINK_OVER
               : SHIAN_LINK_BAD;
    }

    state = shian_caller_link(&way->who, &c->txn, c->conf->keys, c->now_ms,
                              c->word, &link);

    if (link != NULL) {
        way->link = link->handle;
    }

    return state;
}


/* Chat apps fetch links ahead: looking spends nothing. */
ngx_int_t
ngx_http_shian_signin(ngx_http_shian_ctx_t *c)
{
    Shian__SignIn         *view;
    shian_link_state_t     state;
    ngx_http_shian_way_t   way;

    c->no_store = 1;
    state = ngx_http_shian_way_in(c, &way);

    if (state != SHIAN_LINK_GOOD) {
        return ngx_http_shian_bad_link(c, state);
    }

    view = shian_alloc(&c->arena, sizeof(*view));
    if (view == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    shian__sign_in__init(view);
    view->token = shian_strdup(&c->arena, c->word);
    view->name = (char *) way.who.name;
    view->has_role = 1;
    view->role = way.who.actor.role;

    if (way.who.actor.has_venue) {
        Shian__Venue  *v = shian_venue_get(&c->txn, way.who.actor.venue);

        view->venue_name = v == NULL ? NULL : v->name;
    }

    c->view = &view->base;

    return ngx_http_shian_reply(c);
}


static const char *
ngx_http_shian_first_page(Shian__Role__Kind role)
{
    return role == SHIAN__ROLE__KIND__venue ? "/my" : "/desk";
}


static ngx_int_t
ngx_http_shian_begin_session(ngx_http_shian_ctx_t *c)
{
    shian_str_t      token;
    shian_caller_t  *who = c->data;

    c->caller = *who;
    c->no_store = 1;

    if (!shian_caller_mint(&c->caller, &c->txn, c->conf->keys,
                           ngx_http_shian_str(c->conf->base_url), c->now_ms,
                           &token)
        || ngx_http_shian_set_cookie(c, "session", token, "/", -1)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_shian_redirect(c, NGX_HTTP_SEE_OTHER,
               ngx_http_shian_first_page(c->caller.actor.role));
}


static ngx_int_t
ngx_http_shian_signed_in(ngx_http_shian_ctx_t *c)
{
    return ngx_http_shian_in_read(c, ngx_http_shian_begin_session);
}


ngx_int_t
ngx_http_shian_signin_post(ngx_http_shian_ctx_t *c)
{
    Shian__Operation       op;
    shian_link_state_t     state;
    Shian__SessionStart    start = SHIAN__SESSION_START__INIT;
    ngx_http_shian_way_t  *way;

    c->no_store = 1;
    way = shian_alloc(&c->arena, sizeof(*way));

    if (way == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    state = ngx_http_shian_way_in(c, way);

    if (state != SHIAN_LINK_GOOD) {
        return ngx_http_shian_bad_link(c, state);
    }

    start.has_user = 1;
    start.user = way->who.user->id;
    start.has_link = way->link != 0;
    start.link = way->link;
    start.has_token = !start.has_link;
    start.token = shian_binary(shian_slice(way->token.jti,
                                           sizeof(way->token.jti)));

    c->data = &way->who;
    ngx_http_shian_operation(c, &op);
    op.body_case = SHIAN__OPERATION__BODY_SESSION_START;
    op.session_start = &start;

    return ngx_http_shian_submit(c, &op, ngx_http_shian_signed_in);
}


static ngx_int_t
ngx_http_shian_signed_out(ngx_http_shian_ctx_t *c)
{
    if (ngx_http_shian_set_cookie(c, "session", SHIAN_NONE, "/", 0)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_shian_redirect(c, NGX_HTTP_SEE_OTHER, "/");
}


ngx_int_t
ngx_http_shian_signout(ngx_http_shian_ctx_t *c)
{
    Shian__Operation   op;
    Shian__SessionEnd  end = SHIAN__SESSION_END__INIT;

    if (!c->caller.has_session) {
        return ngx_http_shian_signed_out(c);
    }

    end.has_session = 1;
    end.session = shian_binary(shian_slice(c->caller.session,
                                           sizeof(c->caller.session)));

    ngx_http_shian_operation(c, &op);
    op.body_case = SHIAN__OPERATION__BODY_SESSION_END;
    op.session_end = &end;

    return ngx_http_shian_submit(c, &op, ngx_http_shian_signed_out);
}


/* ---- first pages ----------------------------------------------------------*/

static Shian__Desk *
ngx_http_shian_new_desk(ngx_http_shian_ctx_t *c)
{
    Shian__Desk  *desk;

    desk = shian_alloc(&c->arena, sizeof(*desk));

    if (desk != NULL) {
        shian__desk__init(desk);
        desk->name = (char *) c->caller.name;
        desk->has_role = 1;
        desk->role = c->caller.actor.role;
    }

    return desk;
}


/* What waits for inspectors and officers. */
static void
ngx_http_shian_count_work(ngx_http_shian_ctx_t *c, Shian__Desk *desk)
{
    shian_desk_t  d;

    if (c->caller.actor.role == SHIAN__ROLE__KIND__bank
        || c->caller.actor.role == SHIAN__ROLE__KIND__media)
    {
        return;
    }

    d = ngx_http_shian_desk_of(c);
    desk->has_findings_submitted = desk->has_findings_overdue = 1;
    desk->findings_submitted = shian_findings_count(&c->txn,
                                   SHIAN_FINDINGS_SUBMITTED, &d);
    desk->findings_overdue = shian_findings_count(&c->txn,
                                   SHIAN_FINDINGS_OVERDUE, &d);

    if (c->caller.actor.role == SHIAN__ROLE__KIND__inspector) {
        return;
    }

    desk->calendar_missing = (uint32_t) ngx_http_shian_calendar_missing(
                                            c->now_ms);
    desk->has_calendar_missing = desk->calendar_missing != 0;
    desk->has_reviews_held = desk->has_reviews_flagged = 1;
    desk->reviews_held = shian_queue_count(&c->txn,
                             SHIAN__REVIEW__STATE__held, d.reach, d.ctx);
    desk->reviews_flagged = shian_queue_count(&c->txn, SHIAN_FLAGGED,
                                              d.reach, d.ctx);
    desk->has_inspections_waiting = desk->has_appeals_filed = 1;
    desk->inspections_waiting = shian_flagged_count(&c->txn, &d);
    desk->appeals_filed = shian_appeals_count(&c->txn, &d);
}


ngx_int_t
ngx_http_shian_desk(ngx_http_shian_ctx_t *c)
{
    Shian__Desk  *desk;

    desk = ngx_http_shian_new_desk(c);
    if (desk == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    desk->has_city = 1;
    desk->city = shian_has_city(c->caller.user);
    ngx_http_shian_count_work(c, desk);

    if ((SHIAN_FOLLOWERS & (1u << desk->role)) != 0) {
        desk->events = shian_events_latest(&c->txn, &c->caller,
                                           SHIAN_DESK_EVENTS,
                                           &desk->n_events);
        desk->live = ngx_http_shian_live(c);

        if (desk->events == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    c->view = &desk->base;

    return ngx_http_shian_reply(c);
}


/* What the venue has to put right, and what it may ask for. */
static bool
ngx_http_shian_add_due(ngx_http_shian_ctx_t *c, Shian__Desk *desk)
{
    size_t               i;
    int32_t              until;
    shian_str_t          next;
    shian_desk_t         d;
    Shian__FindingList  *list;

    d = ngx_http_shian_desk_of(c);
    d.limit = SHIAN_DUE_MAX;
    list = shian_view_venue_findings(&c->txn, desk->venue, &d, &next);

    if (list == NULL) {
        return false;
    }

    /* Those that are verified come last and are no business of this page. */
    for (i = 0; i < list->n_items
                && list->items[i]->state != SHIAN__FINDING__STATE__verified;
         i++)
    {
        list->items[i]->href = shian_printf(&c->arena, "/my/findings/%llu",
                                   (unsigned long long) list->items[i]->id);
    }

    desk->findings = list->items;
    desk->n_findings = i;
    desk->has_may_appeal = desk->has_may_reinspect = 1;
    desk->may_appeal = shian_appeal_bar(&c->txn, desk->venue, d.day, &until)
                       == NULL;
    desk->may_reinspect = shian_reinspection_bar(&c->txn, desk->venue)
                          == NULL;

    return true;
}


ngx_int_t
ngx_http_shian_my(ngx_http_shian_ctx_t *c)
{
    Shian__Desk  *desk;

    desk = ngx_http_shian_new_desk(c);
    if (desk == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    desk->has_venue = 1;
    desk->venue = c->caller.actor.venue;
    desk->venue_view = shian_view_venue(&c->txn, c->conf->keys, desk->venue,
                                        c->now_ms);

    if (desk->venue_view == NULL) {
        return ngx_http_shian_refuse(c, 404, "not_found",
                                     "The venue is gone.");
    }

    desk->venue_name = desk->venue_view->name;
    desk->better = shian_view_better(&c->txn, desk->venue, c->now_ms);

    if (desk->better == NULL || !ngx_http_shian_add_due(c, desk)
        || !shian_view_own_reviews(&c->txn, desk->venue_view->reviews,
                                   desk->venue_view->n_reviews))
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_shian_reason_texts(c, desk->better->remove,
                                desk->better->n_remove);
    ngx_http_shian_reason_texts(c, desk->venue_view->grade->reasons,
                                desk->venue_view->grade->n_reasons);
    c->view = &desk->base;

    return ngx_http_shian_reply(c);
}


/* ---- users ----------------------------------------------------------------*/

ngx_int_t
ngx_http_shian_users(ngx_http_shian_ctx_t *c)
{
    size_t            limit;
    shian_str_t       after, next, flash;
    Shian__UserList  *view;

    flash = ngx_http_shian_arg(c, "done");
    c->flash = shian_str_is(flash, "put") ? "user_added"
               : shian_str_is(flash, "disable")
               ? "user_disabled" : NULL;
    limit = ngx_http_shian_limit(c);

    if (c->report.status != 200 || !ngx_http_shian_cursor(c, &after)) {
        return ngx_http_shian_fail(c);
    }

    if (c->format == SHIAN_OUT_HTML
        && ngx_http_shian_arg(c, "limit").n == 0)
    {
        limit = SHIAN_FIND_MAX;         /* who was added is in sight */
    }

    view = shian_view_users(&c->txn, c->caller.user, after, limit, &next);
    if (view == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (c->caller.user != NULL) {
        view->districts = c->caller.user->districts;
        view->n_districts = c->caller.user->n_districts;
    }

    view->next = ngx_http_shian_next(c, next);
    c->view = &view->base;

    return ngx_http_shian_reply(c);
}


static ngx_int_t
ngx_http_shian_show_user(ngx_http_shian_ctx_t *c)
{
    Shian__User          *u;
    Shian__UserView       view = SHIAN__USER_VIEW__INIT;
    const Shian__Result  *result = ngx_http_shian_result(c);

    u = shian_user_get(&c->txn, result->id);
    if (u == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    view.has_id = view.has_role = 1;
    view.id = u->id;
    view.role = u->role;
    view.login = u->login;
    view.name = u->name;
    view.n_districts = u->n_districts;
    view.districts = u->districts;
    view.has_disabled = u->has_disabled;
    view.disabled = u->disabled;
    c->status = result->outcome == SHIAN__RESULT__OUTCOME__created
                ? NGX_HTTP_CREATED : NGX_HTTP_OK;
    c->view = &view.base;

    return ngx_http_shian_reply(c);
}


static ngx_int_t
ngx_http_shian_user_changed(ngx_http_shian_ctx_t *c)
{
    return ngx_http_shian_done(c, c->location, ngx_http_shian_show_user);
}


ngx_int_t
ngx_http_shian_user_post(ngx_http_shian_ctx_t *c)
{
    Shian__Operation   op;
    ProtobufCMessage  *message;

    if (!ngx_http_shian_bind(c, &shian__user_put__descriptor, &message)) {
        return ngx_http_shian_fail(c);
    }

    ((Shian__UserPut *) message)->has_handle = 1;
    ((Shian__UserPut *) message)->handle = shian_new_handle();
    c->location = "/desk/users?done=put";
    ngx_http_shian_operation(c, &op);
    op.body_case = SHIAN__OPERATION__BODY_USER_PUT;
    op.user_put = (Shian__UserPut *) message;

    return ngx_http_shian_submit(c, &op, ngx_http_shian_user_changed);
}


ngx_int_t
ngx_http_shian_user_action(ngx_http_shian_ctx_t *c)
{
    Shian__Operation    op;
    Shian__UserDisable  disable = SHIAN__USER_DISABLE__INIT;

    if (!ngx_http_shian_action_is(c, "disable")) {
        return ngx_http_shian_fail(c);
    }

    disable.has_user = 1;
    disable.user = c->id;

    c->location = "/desk/users?done=disable";
    ngx_http_shian_operation(c, &op);
    op.body_case = SHIAN__OPERATION__BODY_USER_DISABLE;
    op.user_disable = &disable;

    return ngx_http_shian_submit(c, &op, ngx_http_shian_user_changed);
}
