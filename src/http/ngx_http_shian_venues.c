/*
 * Venues: the front page, search, the venue's page and its histories.
 */

#include "ngx_http_shian.h"

#include <math.h>

#include "render/chart.h"

#define SHIAN_MAX_CHOICES  60


/* ---- reading a search -----------------------------------------------------*/

/* A decimal number and nothing else. */
static bool
ngx_http_shian_number(shian_str_t s, double *v)
{
    char   text[32], *end;
    size_t  i;

    if (s.n == 0 || s.n >= sizeof(text)) {
        return false;
    }

    for (i = 0; i < s.n; i++) {
        if ((s.p[i] < '0' || s.p[i] > '9') && s.p[i] != '.'
            && s.p[i] != '-')
        {
            return false;
        }
        text[i] = (char) s.p[i];
    }

    text[s.n] = '\0';
    *v = strtod(text, &end);

    return *end == '\0' && isfinite(*v);
}


bool
ngx_http_shian_numbers(shian_str_t s, double *v, size_t n)
{
    size_t       i;
    shian_str_t  piece;

    for (i = 0; i < n; i++) {
        piece.p = s.p;

        for (piece.n = 0; piece.n < s.n && s.p[piece.n] != ','; piece.n++) {
            /* void */
        }

        if (!ngx_http_shian_number(piece, &v[i])
            || (piece.n == s.n) != (i == n - 1))
        {
            return false;
        }

        s.p += piece.n + (i < n - 1);
        s.n -= piece.n + (i < n - 1);
    }

    return true;
}


static bool
ngx_http_shian_colour_named(shian_str_t name, Shian__Colour__Kind *colour)
{
    char                          text[16];
    const ProtobufCEnumValue     *v;

    if (name.n == 0 || name.n >= sizeof(text)) {
        return false;
    }

    ngx_memcpy(text, name.p, name.n);
    text[name.n] = '\0';
    v = protobuf_c_enum_descriptor_get_value_by_name(
            &shian__colour__kind__descriptor, text);

    if (v == NULL) {
        return false;
    }

    *colour = (Shian__Colour__Kind) v->value;

    return true;
}


static void
ngx_http_shian_read_place(ngx_http_shian_ctx_t *c, shian_find_t *f)
{
    double       v[4];
    shian_str_t  s;

    s = ngx_http_shian_arg(c, "near");

    if (s.n != 0) {
        if (!ngx_http_shian_numbers(s, v, 2)
            || !shian_geo_valid(v[0], v[1]))
        {
            shian_fail_field(&c->report, "near", "pattern",
                             "latitude,longitude in degrees");
        } else {
            f->near = true;
            f->at = (shian_point_t) { v[0], v[1] };
            f->radius = SHIAN_FIND_RADIUS;
        }
    }

    s = ngx_http_shian_arg(c, "radius");

    if (s.n != 0) {
        if (!ngx_http_shian_number(s, &f->radius) || f->radius <= 0
            || f->radius > SHIAN_FIND_MAX_RADIUS)
        {
            shian_fail_field(&c->report, "radius", "range",
                             "1 to 50000 metres");
        }
    }

    s = ngx_http_shian_arg(c, "bbox");

    if (s.n != 0) {
        /* As RFC 7946: west, south, east, north. */
        if (!ngx_http_shian_numbers(s, v, 4) || v[0] > v[2] || v[1] > v[3]
            || fabs(v[0]) > 180 || fabs(v[2]) > 180 || fabs(v[1]) > 90
            || fabs(v[3]) > 90)
        {
            shian_fail_field(&c->report, "bbox", "pattern",
                             "west,south,east,north in degrees");
        } else {
            f->has_box = true;
            f->box = (shian_bbox_t) { v[1], v[0], v[3], v[2] };
        }
    }
}


/* What the query asks for; wrong values are told field by field. */
static bool
ngx_http_shian_read_search(ngx_http_shian_ctx_t *c, shian_find_t *f)
{
    shian_str_t  s;

    ngx_memzero(f, sizeof(*f));
    f->q = ngx_http_shian_arg(c, "q");

    if (f->q.n > 200) {
        shian_fail_field(&c->report, "q", "too_long", NULL);
    }

    s = ngx_http_shian_arg(c, "district");
    f->district = s.n == 0 ? NULL : shian_strdup(&c->arena, s);

    s = ngx_http_shian_arg(c, "category");
    f->category = s.n == 0 ? NULL : shian_strdup(&c->arena, s);

    s = ngx_http_shian_arg(c, "colour");

    if (s.n != 0) {
        f->has_colour = ngx_http_shian_colour_named(s, &f->colour);
        if (!f->has_colour) {
            shian_fail_field(&c->report, "colour", "unknown", NULL);
        }
    }

    s = ngx_http_shian_arg(c, "sort");

    if (shian_str_is(s, "score")) {
        f->sort = SHIAN_SORT_SCORE;
    } else if (s.n != 0 && !shian_str_is(s, "default")) {
        shian_fail_field(&c->report, "sort", "unknown", NULL);
    }

    ngx_http_shian_read_place(c, f);
    f->limit = ngx_http_shian_limit(c);

    return c->report.status == 200
           && ngx_http_shian_cursor(c, &f->after);
}


/* ---- showing the form again -----------------------------------------------*/

static bool
ngx_http_shian_choices(ngx_http_shian_ctx_t *c, const shian_str_t *values,
    size_t n, shian_str_t chosen, Shian__Choice ***out, size_t *nout)
{
    size_t          i;
    Shian__Choice  *choice;

    *nout = 0;
    *out = shian_array(&c->arena, n + 1, sizeof(**out));

    for (i = 0; *out != NULL && i < n; i++) {
        choice = shian_alloc(&c->arena, sizeof(*choice));
        if (choice == NULL) {
            return false;
        }

        shian__choice__init(choice);
        choice->value = shian_strdup(&c->arena, values[i]);
        choice->label = choice->value;
        choice->has_chosen = 1;
        choice->chosen = shian_str_eq(values[i], chosen);
        (*out)[(*nout)++] = choice;
    }

    return *out != NULL;
}


static Shian__VenueSearch *
ngx_http_shian_search_view(ngx_http_shian_ctx_t *c)
{
    size_t               n;
    shian_str_t          names[SHIAN_MAX_CHOICES];
    Shian__VenueSearch  *v;

    static const shian_str_t  colours[] = {
        { (const uint8_t *) "green", 5 }, { (const uint8_t *) "yellow", 6 },
        { (const uint8_t *) "red", 3 }, { (const uint8_t *) "ungraded", 8 },
        { (const uint8_t *) "closed", 6 },
    };
    static const shian_str_t  sorts[] = {
        { (const uint8_t *) "default", 7 }, { (const uint8_t *) "score", 5 },
    };

    v = shian_alloc(&c->arena, sizeof(*v));
    if (v == NULL) {
        return NULL;
    }

    shian__venue_search__init(v);
    v->q = shian_strdup(&c->arena, ngx_http_shian_arg(c, "q"));
    v->district = shian_strdup(&c->arena, ngx_http_shian_arg(c, "district"));
    v->category = shian_strdup(&c->arena, ngx_http_shian_arg(c, "category"));
    v->near = shian_strdup(&c->arena, ngx_http_shian_arg(c, "near"));
    v->radius = shian_strdup(&c->arena, ngx_http_shian_arg(c, "radius"));
    v->bbox = shian_strdup(&c->arena, ngx_http_shian_arg(c, "bbox"));
    v->colour = shian_strdup(&c->arena, ngx_http_shian_arg(c, "colour"));
    v->sort = shian_strdup(&c->arena, ngx_http_shian_arg(c, "sort"));

    if (!ngx_http_shian_choices(c, colours, SHIAN_COUNT(colours),
                                ngx_http_shian_arg(c, "colour"),
                                &v->colours, &v->n_colours)
        || !ngx_http_shian_choices(c, sorts, SHIAN_COUNT(sorts),
                                   ngx_http_shian_arg(c, "sort"), &v->sorts,
                                   &v->n_sorts))
    {
        return NULL;
    }

    n = shian_view_names(&c->txn, 'd', names, SHIAN_MAX_CHOICES);
    if (!ngx_http_shian_choices(c, names, n,
                                ngx_http_shian_arg(c, "district"),
                                &v->districts, &v->n_districts))
    {
        return NULL;
    }

    n = shian_view_names(&c->txn, 'k', names, SHIAN_MAX_CHOICES);
    if (!ngx_http_shian_choices(c, names, n,
                                ngx_http_shian_arg(c, "category"),
                                &v->categories, &v->n_categories))
    {
        return NULL;
    }

    return v;
}


/* The list's own address in another format, for its links. */
static char *
ngx_http_shian_as(ngx_http_shian_ctx_t *c, const char *suffix)
{
    return shian_printf(&c->arena, "/venues%s%s%.*s", suffix,
                        c->request->args.len != 0 ? "?" : "",
                        (int) c->request->args.len, c->request->args.data);
}


ngx_int_t
ngx_http_shian_venues(ngx_http_shian_ctx_t *c)
{
    size_t              i, n;
    shian_str_t         next;
    shian_find_t        find;
    shian_found_t      *found;
    Shian__VenueList   *list;

    if (!ngx_http_shian_read_search(c, &find)) {
        return ngx_http_shian_fail(c);
    }

    list = shian_alloc(&c->arena, sizeof(*list));
    found = shian_array(&c->arena, find.limit + 1, sizeof(*found));

    if (list == NULL || found == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (!shian_find(&c->txn, &find, found, &n, &next, &c->report)) {
        return ngx_http_shian_fail(c);
    }

    shian__venue_list__init(list);
    list->items = shian_array(&c->arena, n + 1, sizeof(*list->items));

    for (i = 0; list->items != NULL && i < n; i++) {
        list->items[i] = shian_view_item(&c->txn, found[i].venue,
                                         found[i].tally,
                                         find.near ? found[i].distance : -1);
        if (list->items[i] == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
        list->n_items++;
    }

    list->next = ngx_http_shian_next(c, next);

    if (c->format == SHIAN_OUT_HTML) {
        list->search = ngx_http_shian_search_view(c);
        list->csv = ngx_http_shian_as(c, ".csv");
        list->geojson = ngx_http_shian_as(c, ".geojson");
        list->has_first_page = 1;
        list->first_page = find.after.n == 0;
    }

    c->view = &list->base;

    return ngx_http_shian_reply(c);
}


ngx_int_t
ngx_http_shian_home(ngx_http_shian_ctx_t *c)
{
    size_t            i, n;
    shian_str_t       next;
    Shian__Home      *home;
    shian_find_t      find;
    shian_found_t     found[7];

    home = shian_alloc(&c->arena, sizeof(*home));
    if (home == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    shian__home__init(home);
    home->has_venues = 1;

    ngx_memzero(&find, sizeof(find));
    find.sort = SHIAN_SORT_SCORE;
    find.limit = SHIAN_COUNT(found) - 1;

    if (!shian_view_colours(&c->txn, &home->colours, &home->n_colours,
                            &home->venues)
        || !shian_find(&c->txn, &find, found, &n, &next, &c->report))
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    home->latest = shian_array(&c->arena, n + 1, sizeof(*home->latest));

    for (i = 0; home->latest != NULL && i < n; i++) {
        home->latest[i] = shian_view_item(&c->txn, found[i].venue,
                                          found[i].tally, -1);
        if (home->latest[i] == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
        home->n_latest++;
    }

    if (c->format == SHIAN_OUT_HTML) {
        home->search = ngx_http_shian_search_view(c);
    }

    c->view = &home->base;

    return ngx_http_shian_reply(c);
}


/* ---- one venue ------------------------------------------------------------*/

/* What a reason is about, in a word, for programs that show it. */
void
ngx_http_shian_reason_texts(ngx_http_shian_ctx_t *c,
    Shian__Reason *const *reasons, size_t n)
{
    size_t       i;
    const char  *name;

    for (i = 0; i < n; i++) {
        name = protobuf_c_enum_descriptor_get_value(
                   &shian__component__code__descriptor,
                   (int) reasons[i]->code)->name;
        reasons[i]->text = (char *) shian_lang_text(c->conf->templates,
            c->lang, shian_printf(&c->arena, "code.%s", name));
    }
}


/* What whoever is signed in may do with this venue. */
static bool
ngx_http_shian_venue_actions(ngx_http_shian_ctx_t *c, Shian__VenueView *view)
{
    uint32_t       role;
    Shian__Venue  *v;

    role = 1u << c->caller.actor.role;
    v = shian_venue_get(&c->txn, view->id);
    view->actions = shian_array(&c->arena, 3, sizeof(*view->actions));

    if (v == NULL || view->actions == NULL) {
        return false;
    }

    if (!shian_in_reach(c->caller.actor.role, c->caller.user,
                        c->caller.actor.venue, v))
    {
        return true;
    }

    if (view->plaque != NULL
        && (role & (SHIAN_ROLE(venue) | SHIAN_ROLE(officer)
                    | SHIAN_ROLE(chief) | SHIAN_ROLE(admin))))
    {
        view->actions[view->n_actions++] = "print_plaque";
    }

    if (v->status != SHIAN__VENUE__STATUS__closed
        && (role & (SHIAN_ROLE(chief) | SHIAN_ROLE(admin))))
    {
        view->actions[view->n_actions++] = "issue_plaque";
    }

    if (role & (SHIAN_ROLE(officer) | SHIAN_ROLE(chief)
                | SHIAN_ROLE(admin)))
    {
        view->actions[view->n_actions++] = "evaluate";
    }

    return true;
}


ngx_int_t
ngx_http_shian_venue(ngx_http_shian_ctx_t *c)
{
    uint64_t            rev;
    ngx_int_t           rc;
    ngx_uint_t          shared;
    Shian__VenueView   *view;

    c->venue = c->id;
    rev = shian_tally_rev(&c->txn, c->id);

    if (rev == 0) {
        return ngx_http_shian_refuse(c, 404, "not_found",
                                     "There is no such venue.");
    }

    /* A page for nobody in particular is the same for everybody. */
    shared = c->caller.actor.role == SHIAN__ROLE__KIND__public
             && c->nquery == 0;

    if (shared) {
        rc = ngx_http_shian_page_cached(c, rev);
        if (rc != NGX_DECLINED) {
            return rc;
        }
    }

    view = shian_view_venue(&c->txn, c->conf->keys, c->id, c->now_ms);
    if (view == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (c->caller.actor.role != SHIAN__ROLE__KIND__public
        && !ngx_http_shian_venue_actions(c, view))
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_shian_reason_texts(c, view->grade->reasons,
                                view->grade->n_reasons);
    c->colour = protobuf_c_enum_descriptor_get_value(
                    &shian__colour__kind__descriptor,
                    (int) view->grade->colour)->name;
    c->view = &view->base;

    return shared ? ngx_http_shian_page_reply(c, rev)
                  : ngx_http_shian_reply(c);
}


/* The history as a picture, on the page alone. */
static bool
ngx_http_shian_chart(ngx_http_shian_ctx_t *c, Shian__GradeList *view)
{
    int32_t         today;
    unsigned        i;
    shian_buf_t     svg;
    shian_chart_t   chart;

    static const char *const  words[SHIAN_COUNT(chart.words)] = {
        SHIAN_TEXT("colour.ungraded"), SHIAN_TEXT("colour.green"),
        SHIAN_TEXT("colour.yellow"), SHIAN_TEXT("colour.red"),
        SHIAN_TEXT("colour.closed")
    };

    if (!shian_view_points(&c->txn, c->id, SHIAN_CHART_MAX, &view->points,
                           &view->n_points))
    {
        return false;
    }

    if (view->n_points == 0) {
        return true;
    }

    for (i = 0; i < SHIAN_COUNT(words); i++) {
        chart.words[i] = shian_lang_text(c->conf->templates, c->lang,
                                         words[i]);
    }

    chart.title = shian_lang_text(c->conf->templates, c->lang,
                                  SHIAN_TEXT("grades.chart"));
    chart.unit = shian_lang_text(c->conf->templates, c->lang,
                                 SHIAN_TEXT("grades.unit"));
    chart.lang = c->lang;
    chart.tz_minutes = SHIAN_TZ_MINUTES;
    chart.green = (int32_t) view->bounds->green;
    chart.yellow = (int32_t) view->bounds->yellow;

    /* By the day, so that the page is the same until something happens. */
    today = shian_local_day(c->now_ms, SHIAN_TZ_MINUTES);
    chart.end = (uint64_t) today * 86400000
                - (uint64_t) SHIAN_TZ_MINUTES * 60000;

    shian_buf_init(&svg, &c->arena);
    (void) shian_chart_score(&chart, view->points, view->n_points,
                             &svg.sink);
    shian_putc(&svg.sink, '\0');
    view->chart_svg = (char *) svg.p;

    return !svg.sink.failed;
}


ngx_int_t
ngx_http_shian_grades(ngx_http_shian_ctx_t *c)
{
    size_t             i, limit;
    shian_str_t        after, next;
    Shian__GradeList  *view;

    limit = ngx_http_shian_limit(c);

    if (c->report.status != 200 || !ngx_http_shian_cursor(c, &after)) {
        return ngx_http_shian_fail(c);
    }

    view = shian_view_grades(&c->txn, c->id, after, limit, &next);
    if (view == NULL) {
        return ngx_http_shian_refuse(c, 404, "not_found",
                                     "There is no such venue.");
    }

    ngx_http_shian_reason_texts(c, view->grade->reasons,
                                view->grade->n_reasons);

    for (i = 0; i < view->n_items; i++) {
        ngx_http_shian_reason_texts(c, view->items[i]->reasons,
                                    view->items[i]->n_reasons);

        /* Who counts the log's entries knows when something was filed. */
        if (!ngx_http_shian_is_bureau(c)) {
            view->items[i]->has_cause = 0;
            view->items[i]->has_overtaken_by = 0;
        }
    }

    if (c->format == SHIAN_OUT_HTML && after.n == 0
        && !ngx_http_shian_chart(c, view))
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    view->next = ngx_http_shian_next(c, next);
    c->view = &view->base;

    return ngx_http_shian_reply(c);
}


ngx_int_t
ngx_http_shian_inspections(ngx_http_shian_ctx_t *c)
{
    size_t                  limit;
    shian_str_t             after, next;
    Shian__InspectionList  *view;

    limit = ngx_http_shian_limit(c);

    if (c->report.status != 200 || !ngx_http_shian_cursor(c, &after)) {
        return ngx_http_shian_fail(c);
    }

    view = shian_view_inspections(&c->txn, c->id, after, limit, false,
                                  &next);
    if (view == NULL) {
        return ngx_http_shian_refuse(c, 404, "not_found",
                                     "There is no such venue.");
    }

    view->next = ngx_http_shian_next(c, next);
    c->view = &view->base;

    return ngx_http_shian_reply(c);
}
