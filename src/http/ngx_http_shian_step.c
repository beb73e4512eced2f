/*
 * Steps of workflows from forms and from programs: an address that takes a
 * step is also the page that shows where things stand, so a form that was
 * refused comes back there with what was typed, and a program gets there the
 * record as it now is.
 */

#include "ngx_http_shian.h"

#include "domain/finding.h"
#include "domain/checkin.h"
#include "domain/safeguard.h"


/* ---- photos ---------------------------------------------------------------*/

bool
ngx_http_shian_sign_photos(ngx_http_shian_ctx_t *c, Shian__PhotoView **photos,
    size_t n)
{
    char     *token;
    size_t    i, length;
    uint8_t   hash[SHIAN_HASH_SIZE];

    for (i = 0; i < n; i++) {
        length = photos[i]->href == NULL ? 0 : strlen(photos[i]->href);

        if (length < SHIAN_HEX_LEN(sizeof(hash))
            || !shian_unhex(hash, sizeof(hash),
                   shian_str(photos[i]->href + length
                             - SHIAN_HEX_LEN(sizeof(hash)))))
        {
            return false;
        }

        token = ngx_http_shian_kept_photo(c, hash);
        photos[i]->href = token == NULL ? NULL
                          : shian_printf(&c->arena, "%s?token=%s",
                                         photos[i]->href, token);

        if (photos[i]->href == NULL) {
            return false;
        }
    }

    return true;
}


/* ---- forms ----------------------------------------------------------------*/

static Shian__StepForm *
ngx_http_shian_new_form(ngx_http_shian_ctx_t *c)
{
    Shian__StepForm  *form;

    form = shian_alloc(&c->arena, sizeof(*form));

    if (form != NULL) {
        shian__step_form__init(form);
    }

    return form;
}


Shian__StepForm *
ngx_http_shian_step_form(ngx_http_shian_ctx_t *c)
{
    return c->format != SHIAN_OUT_HTML ? NULL
           : c->data != NULL ? c->data : ngx_http_shian_new_form(c);
}


/* ---- the page of the same address -----------------------------------------*/

static const ngx_http_shian_route_t *
ngx_http_shian_page_of(const ngx_http_shian_route_t *route)
{
    ngx_uint_t  i;

    for (i = 0; i < ngx_http_shian_nroutes; i++) {
        if (ngx_http_shian_routes[i].method == NGX_HTTP_GET
            && strcmp(ngx_http_shian_routes[i].pattern, route->pattern) == 0)
        {
            return &ngx_http_shian_routes[i];
        }
    }

    return route;
}


static ngx_int_t
ngx_http_shian_show_page(ngx_http_shian_ctx_t *c)
{
    c->route = ngx_http_shian_page_of(c->route);

    return c->route->handler(c);
}


static void *
ngx_http_shian_refused_form(ngx_http_shian_ctx_t *c)
{
    Shian__StepForm  *form;

    form = ngx_http_shian_new_form(c);

    if (form == NULL
        || !ngx_http_shian_keep_photos(c, &form->kept_photos,
                                       &form->n_kept_photos))
    {
        return NULL;
    }

    form->action = ngx_http_shian_typed(c, "action");
    form->text = ngx_http_shian_typed(c, "text");
    form->reason = ngx_http_shian_typed(c, "reason");
    form->deadline_on = ngx_http_shian_typed(c, "deadline_on");
    form->has_wrong = form->wrong = 1;

    if (!ngx_http_shian_place_errors(c, &form->base)
        || c->report.nfields == 0)
    {
        form->problem = (char *) c->report.code;
    }

    return form;
}


ngx_int_t
ngx_http_shian_step_refused(ngx_http_shian_ctx_t *c)
{
    return ngx_http_shian_again(c, ngx_http_shian_refused_form,
                                ngx_http_shian_show_page);
}


static ngx_int_t
ngx_http_shian_step_done(ngx_http_shian_ctx_t *c)
{
    return ngx_http_shian_done(c, c->location, ngx_http_shian_show_page);
}


ngx_int_t
ngx_http_shian_step(ngx_http_shian_ctx_t *c, Shian__Operation *op,
    const char *done)
{
    c->refused = ngx_http_shian_step_refused;
    c->location = shian_printf(&c->arena, "%.*s?done=%s",
                               (int) c->request->uri.len,
                               c->request->uri.data, done);

    if (c->location == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* What submit finds wrong at once is refused as well. */
    return c->report.status != 200
           ? ngx_http_shian_step_refused(c)
           : ngx_http_shian_submit(c, op, ngx_http_shian_step_done);
}


/* ---- what was just done ---------------------------------------------------*/

void
ngx_http_shian_say_done(ngx_http_shian_ctx_t *c)
{
    size_t       i;
    shian_str_t  done;

    static const char *const  words[] = {
        "finding_submitted", "finding_verified", "finding_rejected",
        "finding_extended", "inspection_confirmed", "inspection_rejected",
        "inspection_replied", "reply_removed", "appeal_filed",
        "appeal_withdrawn", "appeal_upheld", "appeal_rejected",
        "reinspection_asked", "self_check_posted"
    };

    done = ngx_http_shian_arg(c, "done");

    for (i = 0; i < SHIAN_COUNT(words); i++) {
        if (shian_str_is(done, words[i])) {
            c->flash = words[i];
        }
    }
}


/* ---- who may see what -----------------------------------------------------*/

bool
ngx_http_shian_reach(void *ctx, const Shian__Venue *v)
{
    const shian_caller_t  *caller = ctx;

    return shian_in_reach(caller->actor.role, caller->user,
                          caller->actor.venue, v);
}


bool
ngx_http_shian_reaches(ngx_http_shian_ctx_t *c, uint64_t venue)
{
    Shian__Venue  *v;

    v = shian_venue_get(&c->txn, venue);

    return v != NULL && ngx_http_shian_reach(&c->caller, v);
}


shian_desk_t
ngx_http_shian_desk_of(ngx_http_shian_ctx_t *c)
{
    shian_desk_t         desk;
    const Shian__User   *u = c->caller.user;

    ngx_memzero(&desk, sizeof(desk));
    desk.day = shian_local_day(c->now_ms, SHIAN_TZ_MINUTES);
    desk.limit = 20;

    /* Whoever has every district need not be asked about each venue. */
    if (u == NULL || u->n_districts != 0) {
        desk.reach = ngx_http_shian_reach;
        desk.ctx = &c->caller;
    }

    return desk;
}


/* Does the record that the query names show this photo? */
static bool
ngx_http_shian_named_in(const ProtobufCBinaryData *list, size_t n,
    Shian__Photo *const *photos, size_t nphotos, shian_str_t hash)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (shian_str_eq(shian_bytes(list[i]), hash)) {
            return true;
        }
    }

    for (i = 0; i < nphotos; i++) {
        if (shian_str_eq(shian_bytes(photos[i]->hash), hash)) {
            return true;
        }
    }

    return false;
}


static uint64_t
ngx_http_shian_arg_id(ngx_http_shian_ctx_t *c, const char *name)
{
    ngx_int_t    n;
    shian_str_t  s;

    s = ngx_http_shian_arg(c, name);
    n = s.n == 0 || s.n > 18 ? NGX_ERROR : ngx_atoi((u_char *) s.p, s.n);

    return n < 1 ? 0 : (uint64_t) n;
}


static bool
ngx_http_shian_inspection_shows(ngx_http_shian_ctx_t *c, uint64_t id,
    shian_str_t hash)
{
    size_t              i;
    Shian__Inspection  *in;

    in = shian_inspection_get(&c->txn, 0, id);

    if (in == NULL || !ngx_http_shian_reaches(c, in->venue)) {
        return false;
    }

    for (i = 0; i < in->n_items; i++) {
        if (ngx_http_shian_named_in(in->items[i]->photos,
                                    in->items[i]->n_photos, NULL, 0, hash))
        {
            return true;
        }
    }

    return false;
}


bool
ngx_http_shian_record_shows(ngx_http_shian_ctx_t *c, shian_str_t hash)
{
    uint64_t         id;
    Shian__Appeal   *a;
    Shian__Finding  *f;

    switch (c->caller.actor.role) {
    case SHIAN__ROLE__KIND__public:
    case SHIAN__ROLE__KIND__bank:
    case SHIAN__ROLE__KIND__media:
        return false;
    default:
        break;
    }

    if ((id = ngx_http_shian_arg_id(c, "finding")) != 0) {
        f = shian_finding_get(&c->txn, id);
        return f != NULL && ngx_http_shian_reaches(c, f->venue)
               && ngx_http_shian_named_in(f->photos, f->n_photos, f->after,
                                          f->n_after, hash);
    }

    if ((id = ngx_http_shian_arg_id(c, "appeal")) != 0) {
        a = shian_appeal_get(&c->txn, id);
        return a != NULL && ngx_http_shian_reaches(c, a->venue)
               && ngx_http_shian_named_in(NULL, 0, a->photos, a->n_photos,
                                          hash);
    }

    id = ngx_http_shian_arg_id(c, "inspection");

    return id != 0 && ngx_http_shian_inspection_shows(c, id, hash);
}
