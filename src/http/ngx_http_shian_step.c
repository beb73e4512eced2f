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
        "inspection_corrected", "evaluation_recorded",
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
    desk.eye = c->caller.actor.role == SHIAN__ROLE__KIND__venue
               ? SHIAN_EYE_VENUE : SHIAN_EYE_STAFF;

    /* Whoever has every district need not be asked about each venue. */
    if (u == NULL || u->n_districts != 0) {
        desk.reach = ngx_http_shian_reach;
        desk.ctx = &c->caller;
    }

    return desk;
}
