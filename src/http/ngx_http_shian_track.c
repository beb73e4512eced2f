/*
 * A filing followed by whoever holds its private link: how it stands, what
 * comes next, and the complainant's own steps.
 */

#include "ngx_http_shian_complain.h"

#include "core/qr.h"
#include "domain/shown.h"


/* ---- the link -------------------------------------------------------------*/

/* The filing of the path's code; what is wrong with it otherwise is sent. */
static bool
ngx_http_shian_tracked(ngx_http_shian_ctx_t *c, ngx_int_t *refused)
{
    shian_str_t  suffix = SHIAN_STR(".json");

    if (c->word.n > suffix.n
        && shian_str_eq(shian_slice(c->word.p + c->word.n - suffix.n,
                                    suffix.n), suffix))
    {
        c->word.n -= suffix.n;
        c->format = SHIAN_OUT_JSON;
    }

    c->no_store = 1;

    if (ngx_http_shian_set_header(c->request, "X-Robots-Tag",
                                  "noindex, nofollow") != NGX_OK)
    {
        *refused = NGX_HTTP_INTERNAL_SERVER_ERROR;
        return false;
    }

    c->id = ngx_http_shian_filing_of(c, c->word);

    if (c->id != 0) {
        return true;
    }

    *refused = ngx_http_shian_refuse(c, 404, "track_bad",
                                     "This is no link of ours.");
    return false;
}


uint64_t
ngx_http_shian_filing_of(ngx_http_shian_ctx_t *c, shian_str_t code)
{
    uint64_t  handle;

    return shian_link_read(c->conf->keys, SHIAN_LINK_TRACK, 0, code, &handle)
           ? shian_complaint_of_handle(&c->txn, handle) : 0;
}


/* Where links led that were made before codes were short. */
ngx_int_t
ngx_http_shian_track_gone(ngx_http_shian_ctx_t *c)
{
    c->no_store = 1;

    return ngx_http_shian_refuse(c, 410, "track_gone",
                                 "Links of this kind are over; ask for a new "
                                 "one by the number of the filing.");
}


/* ---- looking --------------------------------------------------------------*/

static bool
ngx_http_shian_track_links(ngx_http_shian_ctx_t *c, Shian__TrackView *view)
{
    if (view->linked != NULL) {
        view->linked->track = ngx_http_shian_track_path(c, view->linked->id);
        view->linked->has_id = 0;
    }

    return view->linked == NULL || view->linked->track != NULL;
}


/* The address itself: its photos are under it. */
static char *
ngx_http_shian_track_here(ngx_http_shian_ctx_t *c)
{
    return shian_printf(&c->arena, "/t/%.*s", SHIAN_FMT(c->word));
}


/* A form for each step that is open. */
static void
ngx_http_shian_track_forms(Shian__TrackView *view)
{
    size_t  f, i;

    struct {
        const char          *action;
        protobuf_c_boolean  *has;
        protobuf_c_boolean  *can;
    } forms[] = {
        { "add", &view->has_can_add, &view->can_add },
        { "withdraw", &view->has_can_withdraw, &view->can_withdraw },
        { "reopen", &view->has_can_reopen, &view->can_reopen },
        { "rate", &view->has_can_rate, &view->can_rate },
    };

    for (i = 0; i < view->n_actions; i++) {
        for (f = 0; f < SHIAN_COUNT(forms); f++) {
            if (strcmp(view->actions[i], forms[f].action) == 0) {
                *forms[f].has = *forms[f].can = 1;
            }
        }
    }
}


/* The link as a symbol, to keep: once, after filing. */
static bool
ngx_http_shian_track_keep(ngx_http_shian_ctx_t *c, Shian__TrackView *view)
{
    char         *url;
    shian_buf_t   svg;

    url = shian_printf(&c->arena, "%.*s%s", (int) c->conf->base_url.len,
                       c->conf->base_url.data, view->track);

    if (url == NULL) {
        return false;
    }

    shian_buf_init(&svg, &c->arena);
    view->has_fresh = view->fresh = 1;

    /* A base URL may be too long for a symbol; the link itself is not. */
    if (shian_qr_svg(&svg.sink, url, SHIAN_QR_QUIET)) {
        shian_putc(&svg.sink, '\0');
        view->qr_svg = svg.sink.failed ? NULL : (char *) svg.p;
    }

    return true;
}


/* What only the page has. */
static bool
ngx_http_shian_track_page(ngx_http_shian_ctx_t *c, Shian__TrackView *view)
{
    ngx_http_shian_track_forms(view);
    (void) ngx_http_shian_place_errors(c, &view->base);

    view->added = ngx_http_shian_typed(c, "text");
    view->action = ngx_http_shian_typed(c, "action");
    view->track = ngx_http_shian_track_here(c);
    c->here = view->track;

    return view->track != NULL
           && (!shian_str_is(ngx_http_shian_arg(c, "new"), "1")
               || ngx_http_shian_track_keep(c, view))
           && ngx_http_shian_keep_photos(c, &view->kept_photos,
                                         &view->n_kept_photos)
           && ngx_http_shian_field_errors(c, &view->errors,
                                          &view->n_errors);
}


static ngx_int_t
ngx_http_shian_track_show(ngx_http_shian_ctx_t *c)
{
    char              *at;
    Shian__TrackView  *view;

    at = ngx_http_shian_track_here(c);
    view = at == NULL ? NULL
           : shian_view_track(&c->txn, c->conf->keys,
                              ngx_http_shian_workdays(), at, c->id,
                              c->now_ms);

    if (view == NULL || !ngx_http_shian_track_links(c, view)
        || (c->format == SHIAN_OUT_HTML
            && !ngx_http_shian_track_page(c, view)))
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    c->view = &view->base;
    c->template = "track";

    return ngx_http_shian_reply(c);
}


static const struct {
    const char  *action;
    const char  *flash;
} ngx_http_shian_track_done[] = {
    { "add", "track_add" },
    { "withdraw", "track_withdraw" },
    { "reopen", "track_reopen" },
    { "rate", "track_rate" },
};


ngx_int_t
ngx_http_shian_track(ngx_http_shian_ctx_t *c)
{
    size_t       i;
    ngx_int_t    rc;
    shian_str_t  done;

    if (!ngx_http_shian_tracked(c, &rc)) {
        return rc;
    }

    done = ngx_http_shian_arg(c, "done");

    for (i = 0; i < SHIAN_COUNT(ngx_http_shian_track_done); i++) {
        if (shian_str_is(done, ngx_http_shian_track_done[i].action)) {
            c->flash = ngx_http_shian_track_done[i].flash;
        }
    }

    return ngx_http_shian_track_show(c);
}


/* A photo of this filing and of no other. */
ngx_int_t
ngx_http_shian_track_photo(ngx_http_shian_ctx_t *c)
{
    ngx_int_t          rc;
    Shian__Complaint  *record;

    if (!ngx_http_shian_tracked(c, &rc)) {
        return rc;
    }

    record = shian_complaint_get(&c->txn, c->id);

    return record == NULL ? ngx_http_shian_no_photo(c)
           : ngx_http_shian_shown(c, shian_shown_complaint(&c->txn, record,
                                                           c->n, true));
}


/* ---- the complainant's steps ----------------------------------------------*/

static ngx_int_t
ngx_http_shian_track_refused(ngx_http_shian_ctx_t *c)
{
    return ngx_http_shian_again(c, NULL, ngx_http_shian_track_show);
}


static ngx_int_t
ngx_http_shian_track_posted(ngx_http_shian_ctx_t *c)
{
    return ngx_http_shian_done(c, c->location, ngx_http_shian_track_show);
}


ngx_int_t
ngx_http_shian_track_post(ngx_http_shian_ctx_t *c)
{
    uint8_t                 *device;
    ngx_int_t                rc;
    Shian__Operation         op;
    ProtobufCMessage        *message;
    Shian__ComplaintFollow  *follow;

    device = shian_alloc(&c->arena, SHIAN_ID_SIZE);

    if (device == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (!ngx_http_shian_tracked(c, &rc)) {
        return rc;
    }

    c->refused = ngx_http_shian_track_refused;

    if (!ngx_http_shian_bind(c, &shian__complaint_follow__descriptor,
                             &message))
    {
        return ngx_http_shian_track_refused(c);
    }

    follow = (Shian__ComplaintFollow *) message;
    follow->has_complaint = 1;
    follow->complaint = c->id;
    follow->photo = c->photos;
    follow->n_photo = c->nphotos;

    if (!follow->has_action) {
        follow->has_action = 1;
        follow->action = SHIAN__COMPLAINT_FOLLOW__ACTION__add;
    }

    /*
     * The link is the leave: whoever else the caller is signed in as, it is
     * the complainant who acts, the same one from every device.
     */
    c->caller.actor = (Shian__Actor) SHIAN__ACTOR__INIT;
    c->caller.actor.has_role = c->caller.actor.has_device = 1;
    c->caller.actor.role = SHIAN__ROLE__KIND__public;
    ngx_memzero(device, SHIAN_ID_SIZE);
    ngx_memcpy(device, &c->id, sizeof(c->id));
    c->caller.actor.device = shian_binary(shian_slice(device,
                                                      SHIAN_ID_SIZE));

    if (!shian_complaint_follow_prepare(&c->txn, ngx_http_shian_workdays(),
                                        c->now_ms, follow, &c->report))
    {
        return ngx_http_shian_track_refused(c);
    }

    ngx_http_shian_operation(c, &op);
    op.body_case = SHIAN__OPERATION__BODY_COMPLAINT_FOLLOW;
    op.complaint_follow = follow;
    c->location = shian_printf(&c->arena, "/t/%.*s?done=%s",
        SHIAN_FMT(c->word),
        shian_action_name(&shian__complaint_follow__action__descriptor,
                          (int) follow->action));

    return ngx_http_shian_submit(c, &op, ngx_http_shian_track_posted);
}
