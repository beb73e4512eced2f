/*
 * What the bureau tells about all venues at once: the rules of grading and
 * inspection in force, and how many venues stand where.
 */

#include "ngx_http_shian.h"

#include "domain/checklist.h"
#include "domain/policy.h"

/* Districts, and categories, that are listed; the city has them all. */
#define SHIAN_STATS_MAX  500

#define SHIAN_PART(name)  SHIAN__STATS_ROW__PART__##name


ngx_int_t
ngx_http_shian_policy(ngx_http_shian_ctx_t *c)
{
    Shian__PolicyView     view = SHIAN__POLICY_VIEW__INIT;
    Shian__PolicyRecord  *record;

    record = shian_policy_record(&c->txn);
    view.has_id = 1;

    if (record != NULL) {
        view.id = record->id;
        view.has_since = record->has_since;
        view.since = record->since;
    }

    view.policy = shian_policy_whole(&c->txn);

    if (view.policy == NULL || c->txn.err != 0) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    c->view = &view.base;

    return ngx_http_shian_reply(c);
}


/* ---- counts ---------------------------------------------------------------*/

/* The list behind a row: none where venues name no district. */
static bool
ngx_http_shian_stats_href(ngx_http_shian_ctx_t *c, Shian__StatsRow *row)
{
    shian_buf_t  b;

    if (row->part != SHIAN_PART(city) && row->name == NULL) {
        return true;
    }

    shian_buf_init(&b, &c->arena);
    shian_putz(&b.sink, "/venues");

    if (row->name != NULL) {
        shian_putz(&b.sink, row->part == SHIAN_PART(district)
                            ? "?district=" : "?category=");
        shian_percent_encode(&b.sink, shian_str(row->name));
    }

    shian_putc(&b.sink, '\0');
    row->href = (char *) b.p;

    return !b.sink.failed;
}


static void
ngx_http_shian_stats_colours(ngx_http_shian_ctx_t *c, char kind,
    shian_str_t name, Shian__StatsRow *row)
{
    uint64_t  graded;

#define COUNT(colour)                                                        \
    row->has_##colour = 1;                                                   \
    row->colour = shian_count_get(&c->txn, kind, name,                       \
                                  SHIAN__COLOUR__KIND__##colour);            \
    row->venues += row->colour

    COUNT(green);
    COUNT(yellow);
    COUNT(red);
    graded = row->venues;
    COUNT(ungraded);
    COUNT(closed);

#undef COUNT

    if (graded != 0) {
        row->has_green_percent = 1;
        row->green_percent = (int32_t) (10000 * row->green / graded);
    }
}


/* Appends one row; one that counts nobody is left out. */
static bool
ngx_http_shian_stats_row(ngx_http_shian_ctx_t *c, Shian__Stats *stats,
    Shian__StatsRow__Part part, shian_str_t name)
{
    Shian__StatsRow  *row;

    row = shian_alloc(&c->arena, sizeof(*row));
    if (row == NULL) {
        return false;
    }

    shian__stats_row__init(row);
    row->has_part = row->has_venues = 1;
    row->part = part;

    if (name.n != 0) {
        row->name = shian_strdup(&c->arena, name);
        if (row->name == NULL) {
            return false;
        }
    }

    ngx_http_shian_stats_colours(c, part == SHIAN_PART(city) ? 'c'
                                    : part == SHIAN_PART(district) ? 'd'
                                    : 'k', name, row);

    if (row->venues != 0 || part == SHIAN_PART(city)) {
        stats->items[stats->n_items++] = row;
    }

    return ngx_http_shian_stats_href(c, row);
}


/* All districts or categories by name, then who names none. */
static bool
ngx_http_shian_stats_part(ngx_http_shian_ctx_t *c, Shian__Stats *stats,
    Shian__StatsRow__Part part, shian_str_t *names)
{
    size_t  i, n;

    n = shian_view_names(&c->txn, part == SHIAN_PART(district) ? 'd' : 'k',
                         names, SHIAN_STATS_MAX);

    for (i = 0; i < n; i++) {
        if (names[i].n == 0
            || !ngx_http_shian_stats_row(c, stats, part, names[i]))
        {
            return false;
        }
    }

    return ngx_http_shian_stats_row(c, stats, part, SHIAN_NONE);
}


ngx_int_t
ngx_http_shian_stats(ngx_http_shian_ctx_t *c)
{
    shian_str_t   *names;
    Shian__Stats   stats = SHIAN__STATS__INIT;

    names = shian_array(&c->arena, SHIAN_STATS_MAX, sizeof(*names));
    stats.items = shian_array(&c->arena, 2 * SHIAN_STATS_MAX + 3,
                              sizeof(*stats.items));

    if (names == NULL || stats.items == NULL
        || !ngx_http_shian_stats_row(c, &stats, SHIAN_PART(city), SHIAN_NONE)
        || !ngx_http_shian_stats_part(c, &stats, SHIAN_PART(district), names)
        || !ngx_http_shian_stats_part(c, &stats, SHIAN_PART(category), names)
        || c->txn.err != 0)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    c->view = &stats.base;

    return ngx_http_shian_reply(c);
}


ngx_int_t
ngx_http_shian_checklist(ngx_http_shian_ctx_t *c)
{
    Shian__ChecklistView  *v;

    v = shian_checklist_view(&c->txn);
    if (v == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    c->view = &v->base;

    return ngx_http_shian_reply(c);
}
