/*
 * The figures of complaints and reports: how many, how long, on time.
 */

#include "ngx_http_shian_board.h"

#include "render/bars.h"

#define SHIAN_PART(name)  SHIAN__FIGURE_ROW__PART__##name


/* A duration as people say it: minutes, from two hours on hours, then days. */
static void
ngx_http_shian_figures_unit(Shian__FigureRow *row)
{
    uint32_t  n = row->median_minutes;

    if (row->has_median_minutes) {
        row->has_median_n = 1;
        row->median_n = n < 120 ? n : n < 2880 ? n / 60 : n / 1440;
        row->median_unit = n < 120 ? "minutes" : n < 2880 ? "hours" : "days";
    }
}


/* The rows of one part: they stand together. */
static void
ngx_http_shian_figures_part(const Shian__Figures *view,
    Shian__FigureRow__Part part, Shian__FigureRow ***rows, size_t *n)
{
    size_t  i;

    *rows = view->items;
    *n = 0;

    for (i = 0; i < view->n_items; i++) {
        if (view->items[i]->part == part) {
            *rows = *n == 0 ? &view->items[i] : *rows;
            (*n)++;
        }
    }
}


static bool
ngx_http_shian_figures_chart(ngx_http_shian_ctx_t *c, Shian__Figures *view)
{
    size_t        i;
    const char   *title, *unit;
    shian_bar_t   bars[SHIAN_BARS_MAX];
    shian_buf_t   b;

    for (i = 0; i < view->n_months && i < SHIAN_BARS_MAX; i++) {
        /* The month alone: twelve of them are each another one. */
        bars[i].label = shian_str(view->months[i]->name + 5);
        bars[i].n = view->months[i]->received;
        bars[i].part = view->months[i]->ended;
    }

    title = shian_lang_text(c->conf->templates, c->lang,
                            SHIAN_TEXT("figures.chart"));
    unit = shian_lang_text(c->conf->templates, c->lang,
                           SHIAN_TEXT("figures.unit"));
    shian_buf_init(&b, &c->arena);

    if (title == NULL || unit == NULL
        || !shian_bars(title, unit, bars, i, &b.sink))
    {
        return false;
    }

    shian_putc(&b.sink, '\0');
    view->months_svg = (char *) b.p;

    return !b.sink.failed;
}


static bool
ngx_http_shian_figures_page(ngx_http_shian_ctx_t *c, Shian__Figures *view)
{
    size_t  i;

    view->all = view->items[0];
    ngx_http_shian_figures_part(view, SHIAN_PART(month), &view->months,
                                &view->n_months);
    ngx_http_shian_figures_part(view, SHIAN_PART(district), &view->districts,
                                &view->n_districts);
    ngx_http_shian_figures_part(view, SHIAN_PART(category),
                                &view->categories, &view->n_categories);
    ngx_http_shian_figures_part(view, SHIAN_PART(step), &view->steps,
                                &view->n_steps);

    for (i = 0; i < view->n_steps; i++) {
        ngx_http_shian_figures_unit(view->steps[i]);
    }

    view->csv = "/desk/figures.csv";

    return ngx_http_shian_figures_chart(c, view);
}


ngx_int_t
ngx_http_shian_figures(ngx_http_shian_ctx_t *c)
{
    Shian__Figures     *view;
    const Shian__User  *u = c->caller.user;

    view = shian_view_figures(&c->txn, c->now_ms,
                              u == NULL ? NULL : u->districts,
                              u == NULL ? 0 : u->n_districts);

    if (view == NULL || (c->format == SHIAN_OUT_HTML
                         && !ngx_http_shian_figures_page(c, view)))
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    c->view = &view->base;

    return ngx_http_shian_reply(c);
}
