/*
 * Reviews: reading, writing with the proof of a scan, replying, moderating.
 */

#include "ngx_http_shian.h"

#include "core/text.h"
#include "domain/tally.h"

#define SHIAN_KEPT_MS  (UINT64_C(24) * 3600 * 1000)


/* ---- reading --------------------------------------------------------------*/

static ngx_int_t
ngx_http_shian_review_list(ngx_http_shian_ctx_t *c, uint64_t venue, bool own)
{
    size_t              limit;
    shian_str_t         after, next;
    Shian__ReviewList  *view;

    limit = ngx_http_shian_limit(c);

    if (c->report.status != 200 || !ngx_http_shian_cursor(c, &after)) {
        return ngx_http_shian_fail(c);
    }

    view = shian_view_reviews(&c->txn, c->conf->keys, venue, after, limit,
                              &next);
    if (view == NULL) {
        return ngx_http_shian_refuse(c, 404, "not_found",
                                     "There is no such venue.");
    }

    if (own && !shian_view_own_reviews(&c->txn, view->items, view->n_items)) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    view->next = ngx_http_shian_next(c, next);
    c->view = &view->base;

    return ngx_http_shian_reply(c);
}


ngx_int_t
ngx_http_shian_reviews(ngx_http_shian_ctx_t *c)
{
    return ngx_http_shian_review_list(c, c->id, false);
}


ngx_int_t
ngx_http_shian_my_reviews(ngx_http_shian_ctx_t *c)
{
    shian_str_t  flash;

    flash = ngx_http_shian_arg(c, "done");
    c->flash = shian_str_is(flash, "reply") ? "review_replied"
               : shian_str_is(flash, "flag") ? "review_flagged"
               : NULL;

    return ngx_http_shian_review_list(c, c->caller.actor.venue, true);
}


/* The device whose cookie this is wrote it. */
static bool
ngx_http_shian_own_device(ngx_http_shian_ctx_t *c, const Shian__Review *r)
{
    size_t       n;
    uint8_t      device[SHIAN_ID_SIZE];
    shian_str_t  cookie;

    cookie = ngx_http_shian_cookie(c->request, "device");
    n = sizeof(device);

    return cookie.n != 0 && shian_base64url_decode(device, &n, cookie)
           && shian_str_eq(shian_slice(device, n), shian_bytes(r->device));
}


/*
 * One review.  Whoever wrote it sees that it arrived even while it waits for
 * a moderator; everybody else sees it once it is published.
 */
ngx_int_t
ngx_http_shian_review(ngx_http_shian_ctx_t *c)
{
    bool                own;
    Shian__Review      *r;
    Shian__ReviewView  *view;

    r = shian_review_get(&c->txn, c->n);
    own = r != NULL && r->venue == c->id && ngx_http_shian_own_device(c, r);
    view = r == NULL || r->venue != c->id ? NULL
           : shian_view_review(&c->txn, c->conf->keys, c->n, own);

    if (view == NULL) {
        return ngx_http_shian_refuse(c, 404, "not_found",
                                     "There is no such review.");
    }

    if (!own && c->format == SHIAN_OUT_HTML) {
        return ngx_http_shian_redirect(c, NGX_HTTP_SEE_OTHER,
                   shian_printf(&c->arena, "/v/%llu/reviews",
                                (unsigned long long) c->id));
    }

    if (own) {
        c->no_store = 1;
        view->flag = NULL;
    }

    c->view = &view->base;

    return ngx_http_shian_reply(c);
}


/* ---- the form -------------------------------------------------------------*/

/* The scan of this venue, if the cookie holds one that is still good. */
static bool
ngx_http_shian_scan_of(ngx_http_shian_ctx_t *c, shian_scan_mark_t *scan)
{
    shian_str_t     cookie;
    Shian__Plaque  *p;

    cookie = ngx_http_shian_cookie(c->request, "scan");

    if (cookie.n == 0
        || !shian_scan_read(c->conf->keys, ngx_http_shian_generation(c), cookie,
                            scan)
        || c->now_ms >= scan->at_ms + SHIAN_SCAN_SECONDS * UINT64_C(1000))
    {
        return false;
    }

    p = shian_plaque_get(&c->txn, scan->plaque);

    return p != NULL && p->venue == c->id;
}


/* What its review spends: the instant it ends at first, as tokens do. */
static shian_str_t
ngx_http_shian_scan_id(ngx_http_shian_ctx_t *c, const shian_scan_mark_t *scan)
{
    size_t    i;
    uint8_t  *id;
    uint64_t  ends;

    id = shian_alloc(&c->arena, 8 + SHIAN_SCAN_RANDOM);

    if (id == NULL) {
        return SHIAN_NONE;
    }

    ends = scan->at_ms + SHIAN_SCAN_SECONDS * UINT64_C(1000);

    for (i = 0; i < 8; i++) {
        id[i] = (uint8_t) (ends >> (56 - 8 * i));
    }

    ngx_memcpy(id + 8, scan->random, SHIAN_SCAN_RANDOM);

    return shian_slice(id, 8 + SHIAN_SCAN_RANDOM);
}


static bool
ngx_http_shian_stars(ngx_http_shian_ctx_t *c, const char *field,
    Shian__Choice ***out, size_t *n)
{
    size_t          i;
    shian_str_t     given;
    Shian__Choice  *choice;

    static char *const  stars[] = { "5", "4", "3", "2", "1" };

    given = ngx_http_shian_body_arg(c, field);
    *n = 0;
    *out = shian_array(&c->arena, 5, sizeof(**out));

    for (i = 0; *out != NULL && i < 5; i++) {
        choice = shian_alloc(&c->arena, sizeof(*choice));
        if (choice == NULL) {
            return false;
        }

        shian__choice__init(choice);
        choice->value = stars[i];
        choice->has_chosen = 1;
        choice->chosen = shian_str_is(given, stars[i]);
        (*out)[(*n)++] = choice;
    }

    return *out != NULL;
}


char *
ngx_http_shian_kept_photo(ngx_http_shian_ctx_t *c,
    const uint8_t hash[SHIAN_HASH_SIZE])
{
    shian_str_t    text;
    shian_token_t  t;

    ngx_memzero(&t, sizeof(t));
    t.use = SHIAN_USE_PHOTO;
    t.kind = SHIAN_SUBJECT_PHOTO;
    t.iat_ms = c->now_ms;
    t.exp_ms = c->now_ms + SHIAN_KEPT_MS;
    t.has_photo = true;
    ngx_memcpy(t.photo, hash, sizeof(t.photo));
    shian_session_id(t.jti, t.exp_ms);

    return shian_token_issue(&c->arena, c->conf->keys,
                             ngx_http_shian_str(c->conf->base_url),
                             ngx_http_shian_generation(c), &t, &text)
           ? shian_strdup(&c->arena, text) : NULL;
}


static ngx_int_t
ngx_http_shian_show_form(ngx_http_shian_ctx_t *c)
{
    shian_scan_mark_t   scan;
    Shian__Venue       *v;
    Shian__ReviewForm  *form;

    v = shian_venue_get(&c->txn, c->id);

    if (v == NULL) {
        return ngx_http_shian_refuse(c, 404, "not_found",
                                     "There is no such venue.");
    }

    form = shian_alloc(&c->arena, sizeof(*form));
    if (form == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    shian__review_form__init(form);
    form->has_venue = form->has_scanned = 1;
    form->venue = c->id;
    form->venue_name = v->name;
    form->scanned = ngx_http_shian_scan_of(c, &scan);

    form->text = ngx_http_shian_typed(c, "text");

    if (!ngx_http_shian_stars(c, "hygiene", &form->hygiene, &form->n_hygiene)
        || !ngx_http_shian_stars(c, "food", &form->food, &form->n_food)
        || !ngx_http_shian_stars(c, "service", &form->service,
                                 &form->n_service)
        || !ngx_http_shian_keep_photos(c, &form->kept_photos,
                                       &form->n_kept_photos)
        || !ngx_http_shian_field_errors(c, &form->errors, &form->n_errors))
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    (void) ngx_http_shian_place_errors(c, &form->base);
    c->no_store = 1;
    c->here = shian_printf(&c->arena, "/v/%llu/review",
                           (unsigned long long) c->id);
    c->view = &form->base;
    c->template = "review_form";

    return ngx_http_shian_reply(c);
}


ngx_int_t
ngx_http_shian_review_form(ngx_http_shian_ctx_t *c)
{
    return ngx_http_shian_show_form(c);
}


static ngx_int_t
ngx_http_shian_form_refused(ngx_http_shian_ctx_t *c)
{
    return ngx_http_shian_again(c, NULL, ngx_http_shian_show_form);
}


static ngx_int_t
ngx_http_shian_show_written(ngx_http_shian_ctx_t *c)
{
    Shian__ReviewView  *view;

    view = shian_view_review(&c->txn, c->conf->keys, c->id, true);
    if (view == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    c->view = &view->base;

    return ngx_http_shian_reply(c);
}


static ngx_int_t
ngx_http_shian_review_posted(ngx_http_shian_ctx_t *c)
{
    const Shian__Result  *result;

    result = ngx_http_shian_result(c);
    c->location = shian_printf(&c->arena, "/v/%llu/reviews/%llu",
                               (unsigned long long) result->venue,
                               (unsigned long long) result->id);

    c->status = NGX_HTTP_CREATED;
    c->id = result->id;

    return ngx_http_shian_done(c, c->location, ngx_http_shian_show_written);
}


/* What others may read of it: personal data masked, listed words held. */
static bool
ngx_http_shian_screen_text(ngx_http_shian_ctx_t *c,
    Shian__ReviewPost *post)
{
    shian_screened_t  s;

    if (!post->has_text) {
        return true;
    }

    if (!shian_screen(c->conf->screen, &c->arena, shian_bytes(post->text),
                      &s))
    {
        return shian_fail(&c->report, 500, "server",
                          "The text could not be screened.");
    }

    post->text = shian_binary(s.text);
    post->has_masked = s.masked;
    post->masked = s.masked;
    post->has_hold = s.hold;
    post->hold = s.hold;

    return true;
}


ngx_int_t
ngx_http_shian_review_post(ngx_http_shian_ctx_t *c)
{
    shian_scan_mark_t   scan;
    Shian__Operation    op;
    ProtobufCMessage   *message;
    Shian__ReviewPost  *post;

    c->refused = ngx_http_shian_form_refused;
    c->venue = c->id;

    if (!ngx_http_shian_scan_of(c, &scan)) {
        return ngx_http_shian_refuse(c, 403, "scan_required",
                                     "Scan the plaque first; a scan counts "
                                     "for 24 hours.");
    }

    if (!ngx_http_shian_bind(c, &shian__review_post__descriptor, &message)) {
        return ngx_http_shian_form_refused(c);
    }

    post = (Shian__ReviewPost *) message;
    post->has_venue = post->has_scan = 1;
    post->venue = c->id;
    post->scan = shian_binary(ngx_http_shian_scan_id(c, &scan));
    post->photo = c->photos;
    post->n_photo = c->nphotos;

    c->caller.actor.has_device = 1;
    c->caller.actor.device = shian_binary(shian_slice(scan.device,
                                                  sizeof(scan.device)));

    if (!ngx_http_shian_screen_text(c, post)) {
        return ngx_http_shian_fail(c);
    }

    ngx_http_shian_operation(c, &op);
    op.body_case = SHIAN__OPERATION__BODY_REVIEW_POST;
    op.review_post = post;

    return ngx_http_shian_submit(c, &op, ngx_http_shian_review_posted);
}


/* ---- moderating -----------------------------------------------------------*/

static bool
ngx_http_shian_corrects(const ngx_http_shian_ctx_t *c)
{
    return c->caller.actor.role == SHIAN__ROLE__KIND__chief
           || c->caller.actor.role == SHIAN__ROLE__KIND__admin;
}


static bool
ngx_http_shian_add_actions(ngx_http_shian_ctx_t *c, Shian__ReviewList *list)
{
    size_t              i;
    Shian__ReviewView  *r;

    for (i = 0; i < list->n_items; i++) {
        r = list->items[i];
        r->href = shian_printf(&c->arena, "/desk/reviews/%llu",
                               (unsigned long long) r->id);
        r->actions = shian_array(&c->arena, 2, sizeof(*r->actions));

        if (r->actions == NULL) {
            return false;
        }

        /* That a removal was wrong is a chief's to say. */
        if (r->state == SHIAN__REVIEW__STATE__removed) {
            if (ngx_http_shian_corrects(c)) {
                r->actions[r->n_actions++] = "publish";
            }
            continue;
        }

        r->actions[r->n_actions++] = "publish";
        r->actions[r->n_actions++] = "remove";
    }

    return true;
}


ngx_int_t
ngx_http_shian_queue(ngx_http_shian_ctx_t *c)
{
    bool                removed;
    size_t              limit;
    shian_str_t         after, next, flash;
    Shian__ReviewList  *view;

    removed = shian_str_is(ngx_http_shian_arg(c, "state"), "removed");
    flash = ngx_http_shian_arg(c, "done");
    c->flash = shian_str_is(flash, "publish")
               ? "review_published"
               : shian_str_is(flash, "remove")
               ? "review_removed" : NULL;
    limit = ngx_http_shian_limit(c);

    if (c->report.status != 200 || !ngx_http_shian_cursor(c, &after)) {
        return ngx_http_shian_fail(c);
    }

    view = shian_view_queue(&c->txn, c->conf->keys, removed,
                            ngx_http_shian_reach, &c->caller, after, limit,
                            &next);

    if (view == NULL || !ngx_http_shian_add_actions(c, view)) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    view->next = ngx_http_shian_next(c, next);
    c->view = &view->base;

    return ngx_http_shian_reply(c);
}


static ngx_int_t
ngx_http_shian_review_changed(ngx_http_shian_ctx_t *c)
{
    return ngx_http_shian_done(c, c->location, ngx_http_shian_show_written);
}


ngx_int_t
ngx_http_shian_review_decide(ngx_http_shian_ctx_t *c)
{
    Shian__Operation       op;
    ProtobufCMessage      *message;
    Shian__ReviewDecide   *decide;

    if (!ngx_http_shian_bind(c, &shian__review_decide__descriptor, &message))
    {
        return ngx_http_shian_fail(c);
    }

    decide = (Shian__ReviewDecide *) message;
    decide->has_review = 1;
    decide->review = c->id;

    c->location = decide->action == SHIAN__REVIEW_DECIDE__ACTION__publish
                  ? "/desk/reviews?done=publish"
                  : "/desk/reviews?done=remove";

    ngx_http_shian_operation(c, &op);
    op.body_case = SHIAN__OPERATION__BODY_REVIEW_DECIDE;
    op.review_decide = decide;

    return ngx_http_shian_submit(c, &op, ngx_http_shian_review_changed);
}


/* A venue's own answers: action=reply or action=flag, with a text. */
ngx_int_t
ngx_http_shian_my_review(ngx_http_shian_ctx_t *c)
{
    bool                reply;
    shian_str_t         action;
    Shian__Operation    op;
    ProtobufCMessage   *message;

    const ProtobufCMessageDescriptor  *desc;

    action = ngx_http_shian_body_arg(c, "action");
    reply = shian_str_is(action, "reply");

    if (!reply && !shian_str_is(action, "flag")) {
        shian_fail_field(&c->report, "action",
                         action.n == 0 ? "required" : "unknown",
                         "reply or flag");
        return ngx_http_shian_fail(c);
    }

    desc = reply ? &shian__review_reply__descriptor
                 : &shian__review_flag__descriptor;

    if (!ngx_http_shian_bind(c, desc, &message)) {
        return ngx_http_shian_fail(c);
    }

    ngx_http_shian_operation(c, &op);

    if (reply) {
        op.body_case = SHIAN__OPERATION__BODY_REVIEW_REPLY;
        op.review_reply = (Shian__ReviewReply *) message;
        op.review_reply->has_review = 1;
        op.review_reply->review = c->id;
        c->location = "/my/reviews?done=reply";
    } else {
        op.body_case = SHIAN__OPERATION__BODY_REVIEW_FLAG;
        op.review_flag = (Shian__ReviewFlag *) message;
        op.review_flag->has_review = 1;
        op.review_flag->review = c->id;
        c->location = "/my/reviews?done=flag";
    }

    return ngx_http_shian_submit(c, &op, ngx_http_shian_review_changed);
}
