/*
 * Inspectors beside each other, and the visits of one: for chiefs.
 */

#include "ngx_http_shian.h"

#include "domain/overview.h"
#include "render/drift.h"


/* How many days back, 1 to a year; a year where nothing is said. */
static uint32_t
ngx_http_shian_days(ngx_http_shian_ctx_t *c)
{
    ngx_int_t    n;
    shian_str_t  s;

    s = ngx_http_shian_arg(c, "days");

    if (s.n == 0) {
        return SHIAN_OVERVIEW_DAYS;
    }

    n = s.n > 3 ? NGX_ERROR : ngx_atoi((u_char *) s.p, s.n);

    if (n < 1 || n > SHIAN_OVERVIEW_DAYS) {
        shian_fail_field(&c->report, "days", "range", "1 to 365");
        return SHIAN_OVERVIEW_DAYS;
    }

    return (uint32_t) n;
}


static const char *
ngx_http_shian_word(ngx_http_shian_ctx_t *c, const char *key)
{
    return shian_lang_text(c->conf->templates, c->lang, key);
}


static bool
ngx_http_shian_drift_chart(ngx_http_shian_ctx_t *c,
    Shian__SupervisorList *view)
{
    shian_buf_t          svg;
    shian_drift_chart_t  chart;

    chart.title = ngx_http_shian_word(c, SHIAN_TEXT("supervisors.chart"));
    chart.unit = ngx_http_shian_word(c, SHIAN_TEXT("supervisors.unit"));
    chart.mean = ngx_http_shian_word(c, SHIAN_TEXT("supervisors.mean"));

    shian_buf_init(&svg, &c->arena);
    (void) shian_chart_drift(&chart, view->items, view->n_items, &svg.sink);

    if (svg.n != 0) {
        shian_putc(&svg.sink, '\0');
        view->chart_svg = (char *) svg.p;
    }

    return !svg.sink.failed;
}


ngx_int_t
ngx_http_shian_supervisors(ngx_http_shian_ctx_t *c)
{
    uint32_t                days;
    Shian__SupervisorList  *view;

    days = ngx_http_shian_days(c);

    if (c->report.status != 200) {
        return ngx_http_shian_fail(c);
    }

    view = shian_view_supervisors(&c->txn, c->caller.user,
               shian_local_day(c->now_ms, SHIAN_TZ_MINUTES), days);

    if (view == NULL
        || (c->format == SHIAN_OUT_HTML
            && !ngx_http_shian_drift_chart(c, view)))
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    c->view = &view->base;

    return ngx_http_shian_reply(c);
}


ngx_int_t
ngx_http_shian_supervisor(ngx_http_shian_ctx_t *c)
{
    size_t                    limit;
    shian_str_t               after, next;
    Shian__SupervisorVisits  *view;

    limit = ngx_http_shian_limit(c);

    if (c->report.status != 200 || !ngx_http_shian_cursor(c, &after)) {
        return ngx_http_shian_fail(c);
    }

    view = shian_view_supervisor(&c->txn, c->caller.user, c->id, after, limit,
                                 &next);

    if (view == NULL && c->txn.err == 0) {
        return ngx_http_shian_refuse(c, 404, "not_found",
                                     "There is no such inspector.");
    }

    if (view == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    view->next = ngx_http_shian_next(c, next);
    c->view = &view->base;

    return ngx_http_shian_reply(c);
}
