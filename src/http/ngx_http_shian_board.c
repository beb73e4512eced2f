/*
 * The complaint board: the list, filters, colleagues, forms that were refused.
 */

#include "ngx_http_shian_board.h"

/* What the query may filter by; the rest of it is not a filter. */
static const char *const  ngx_http_shian_filters[] = {
    "q", "state", "kind", "category", "district", "officer", "overdue"
};


/* ---- what was asked -------------------------------------------------------*/

void
ngx_http_shian_board_init(ngx_http_shian_ctx_t *c, shian_board_t *b)
{
    ngx_memzero(b, sizeof(*b));
    b->role = c->caller.actor.role;
    b->user = c->caller.user;
    b->now_ms = c->now_ms;
    b->today = shian_local_day(c->now_ms, SHIAN_TZ_MINUTES);
    b->workdays = ngx_http_shian_workdays();
    b->limit = 20;
}


int
ngx_http_shian_board_value(ngx_http_shian_ctx_t *c,
    const ProtobufCEnumDescriptor *desc, const char *field)
{
    char                      *name;
    shian_str_t                s;
    const ProtobufCEnumValue  *v;

    s = ngx_http_shian_arg(c, field);
    if (s.n == 0) {
        return 0;
    }

    name = shian_strdup(&c->arena, s);
    v = name == NULL ? NULL
        : protobuf_c_enum_descriptor_get_value_by_name(desc, name);

    if (v == NULL) {
        shian_fail_field(&c->report, field, "unknown", NULL);
        return 0;
    }

    return v->value;
}


static uint64_t
ngx_http_shian_board_id(ngx_http_shian_ctx_t *c, shian_str_t s,
    const char *field)
{
    ngx_int_t  n;

    n = s.n == 0 || s.n > 18 ? NGX_ERROR : ngx_atoi((u_char *) s.p, s.n);

    if (n < 1) {
        shian_fail_field(&c->report, field, "unknown", NULL);
        return 0;
    }

    return (uint64_t) n;
}


static void
ngx_http_shian_board_officer(ngx_http_shian_ctx_t *c, shian_board_t *b)
{
    shian_str_t  s;

    s = ngx_http_shian_arg(c, "officer");
    b->has_officer = s.n != 0;

    if (shian_str_is(s, "mine")) {
        b->officer = c->caller.actor.user;

    } else if (s.n != 0 && !shian_str_is(s, "none")) {
        b->officer = ngx_http_shian_board_id(c, s, "officer");
    }
}


/* False when something of it makes no sense. */
static bool
ngx_http_shian_board_read(ngx_http_shian_ctx_t *c, shian_board_t *b)
{
    shian_str_t  s;

    ngx_http_shian_board_init(c, b);
    b->state = ngx_http_shian_board_value(c,
                   &shian__complaint__state__descriptor, "state");
    b->kind = ngx_http_shian_board_value(c,
                   &shian__complaint__kind__descriptor, "kind");

    s = ngx_http_shian_arg(c, "category");
    b->category = s.n == 0 ? NULL : shian_strdup(&c->arena, s);
    s = ngx_http_shian_arg(c, "district");
    b->district = s.n == 0 ? NULL : shian_strdup(&c->arena, s);

    ngx_http_shian_board_officer(c, b);
    b->overdue = ngx_http_shian_arg(c, "overdue").n != 0;

    s = ngx_http_shian_arg(c, "q");
    if (s.n != 0) {
        b->id = shian_complaint_of_number(&c->txn, s);
    }

    if (s.n != 0 && b->id == 0) {
        b->id = ngx_http_shian_board_id(c, s, "q");
    }

    return c->report.status == 200;
}


/* The filters again, as a query: "?state=…"; empty where there are none. */
static char *
ngx_http_shian_board_query(ngx_http_shian_ctx_t *c)
{
    char         sep;
    size_t       i;
    shian_str_t  s;
    shian_buf_t  b;

    shian_buf_init(&b, &c->arena);
    sep = '?';

    for (i = 0; i < SHIAN_COUNT(ngx_http_shian_filters); i++) {
        s = ngx_http_shian_arg(c, ngx_http_shian_filters[i]);

        if (s.n != 0) {
            shian_putc(&b.sink, sep);
            shian_putz(&b.sink, ngx_http_shian_filters[i]);
            shian_putc(&b.sink, '=');
            shian_percent_encode(&b.sink, s);
            sep = '&';
        }
    }

    shian_putc(&b.sink, '\0');

    return b.sink.failed ? NULL : (char *) b.p;
}


char *
ngx_http_shian_board_csv(ngx_http_shian_ctx_t *c, const char *path)
{
    return shian_printf(&c->arena, "%s.csv%s", path,
                        ngx_http_shian_board_query(c));
}


/* ---- the form of filters --------------------------------------------------*/

bool
ngx_http_shian_board_choices(ngx_http_shian_ctx_t *c,
    const shian_str_t *values, size_t n, const char *field,
    Shian__Choice ***out, size_t *nout)
{
    size_t          i;
    shian_str_t     chosen;
    Shian__Choice  *choice;

    chosen = ngx_http_shian_arg(c, field);
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
        choice->has_chosen = shian_str_eq(values[i], chosen);
        choice->chosen = choice->has_chosen;
        (*out)[(*nout)++] = choice;
    }

    return *out != NULL;
}


bool
ngx_http_shian_board_enum(ngx_http_shian_ctx_t *c,
    const ProtobufCEnumDescriptor *desc, const char *field,
    Shian__Choice ***out, size_t *nout)
{
    size_t       i;
    shian_str_t  names[SHIAN_BOARD_CHOICES];

    for (i = 0; i < desc->n_values && i < SHIAN_COUNT(names); i++) {
        names[i] = shian_str(desc->values[i].name);
    }

    return ngx_http_shian_board_choices(c, names, i, field, out, nout);
}


static bool
ngx_http_shian_board_categories(ngx_http_shian_ctx_t *c, shian_board_t *b,
    Shian__BoardSearch *s)
{
    size_t       i, n;
    shian_str_t  codes[SHIAN_BOARD_CHOICES];

    if (b->categories == NULL) {
        b->categories = shian_categories();
    }

    n = b->categories == NULL ? 0 : b->categories->n_items;
    n = ngx_min(n, SHIAN_BOARD_CHOICES);

    for (i = 0; i < n; i++) {
        codes[i] = shian_str(b->categories->items[i]->code);
    }

    if (!ngx_http_shian_board_choices(c, codes, n, "category",
                                      &s->categories, &s->n_categories))
    {
        return false;
    }

    for (i = 0; i < n; i++) {
        s->categories[i]->label = c->lang == shian_langs[0]
                                  ? b->categories->items[i]->text
                                  : b->categories->items[i]->text_en;
    }

    return true;
}


static bool
ngx_http_shian_board_districts(ngx_http_shian_ctx_t *c,
    Shian__BoardSearch *s)
{
    size_t              i, n;
    shian_str_t         names[SHIAN_BOARD_CHOICES];
    const Shian__User  *u = c->caller.user;

    if (u != NULL && u->n_districts != 0) {
        n = ngx_min(u->n_districts, SHIAN_BOARD_CHOICES);

        for (i = 0; i < n; i++) {
            names[i] = shian_str(u->districts[i]);
        }

    } else {
        n = shian_view_names(&c->txn, 'd', names, SHIAN_BOARD_CHOICES);
    }

    return ngx_http_shian_board_choices(c, names, n, "district",
                                        &s->districts, &s->n_districts);
}


/* mine, nobody's, then colleagues by name. */
static bool
ngx_http_shian_board_officers(ngx_http_shian_ctx_t *c,
    const Shian__ComplaintList *list, Shian__BoardSearch *s)
{
    size_t       i, n;
    shian_str_t  ids[SHIAN_BOARD_CHOICES];

    ids[0] = SHIAN_STR("mine");
    ids[1] = SHIAN_STR("none");

    for (n = 2, i = 0; i < list->n_people && n < SHIAN_COUNT(ids); i++) {
        ids[n++] = shian_str(shian_printf(&c->arena, "%llu",
                       (unsigned long long) list->people[i]->id));
    }

    if (!ngx_http_shian_board_choices(c, ids, n, "officer", &s->officers,
                                      &s->n_officers))
    {
        return false;
    }

    s->officers[0]->label = NULL;
    s->officers[1]->label = NULL;

    for (i = 2; i < n; i++) {
        s->officers[i]->label = list->people[i - 2]->name;
    }

    return true;
}


static bool
ngx_http_shian_board_search(ngx_http_shian_ctx_t *c, shian_board_t *b,
    Shian__ComplaintList *list)
{
    shian_str_t          q;
    Shian__BoardSearch  *s;

    s = list->search = shian_alloc(&c->arena, sizeof(*s));
    if (s == NULL) {
        return false;
    }

    shian__board_search__init(s);
    q = ngx_http_shian_arg(c, "q");
    s->q = q.n == 0 ? NULL : shian_strdup(&c->arena, q);
    s->has_overdue = s->overdue = b->overdue;
    s->query = ngx_http_shian_board_query(c);
    s->has_set = s->set = s->query != NULL && s->query[0] != '\0';

    return s->query != NULL
           && ngx_http_shian_board_enum(c,
                  &shian__complaint__state__descriptor, "state", &s->states,
                  &s->n_states)
           && ngx_http_shian_board_enum(c,
                  &shian__complaint__kind__descriptor, "kind", &s->kinds,
                  &s->n_kinds)
           && ngx_http_shian_board_categories(c, b, s)
           && ngx_http_shian_board_districts(c, s)
           && ngx_http_shian_board_officers(c, list, s);
}


/* ---- the list -------------------------------------------------------------*/

static bool
ngx_http_shian_board_bureau(Shian__Role__Kind role)
{
    return role == SHIAN__ROLE__KIND__officer
           || role == SHIAN__ROLE__KIND__chief
           || role == SHIAN__ROLE__KIND__admin;
}


/* What the page has besides the items. */
static bool
ngx_http_shian_board_page(ngx_http_shian_ctx_t *c, shian_board_t *b,
    Shian__ComplaintList *list)
{
    size_t  i;

    if (ngx_http_shian_board_bureau(b->role)) {
        list->has_may_dispatch = list->may_dispatch = 1;

        if (!shian_view_people(&c->txn, b, NULL, &list->people,
                               &list->n_people))
        {
            return false;
        }
    }

    if (!ngx_http_shian_board_search(c, b, list)) {
        return false;
    }

    for (i = 0; i < list->n_items; i++) {
        list->items[i]->href = shian_printf(&c->arena, "%s%s",
                                            list->items[i]->href,
                                            list->search->query);
    }

    list->has_today = 1;
    list->today = b->today + 3;
    list->csv = ngx_http_shian_board_csv(c, "/desk/complaints");

    return list->csv != NULL;
}


static Shian__ComplaintList *
ngx_http_shian_board_list(ngx_http_shian_ctx_t *c, shian_board_t *b)
{
    shian_str_t            next;
    Shian__ComplaintList  *list;

    list = shian_view_board(&c->txn, b, &next);
    if (list == NULL) {
        return NULL;
    }

    if (next.n != 0) {
        list->next = ngx_http_shian_next(c, next);
    }

    return c->format != SHIAN_OUT_HTML
           || ngx_http_shian_board_page(c, b, list) ? list : NULL;
}


ngx_int_t
ngx_http_shian_board(ngx_http_shian_ctx_t *c)
{
    shian_board_t          b;
    Shian__ComplaintList  *list;

    (void) ngx_http_shian_board_read(c, &b);
    b.limit = ngx_http_shian_limit(c);

    if (c->report.status != 200 || !ngx_http_shian_cursor(c, &b.after)) {
        return ngx_http_shian_fail(c);
    }

    list = ngx_http_shian_board_list(c, &b);
    if (list == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    c->view = &list->base;

    return ngx_http_shian_reply(c);
}


Shian__ComplaintList *
ngx_http_shian_board_beside(ngx_http_shian_ctx_t *c, uint64_t chosen)
{
    shian_board_t  b;

    /* What the address filters by is not this page's affair if it is wrong. */
    if (!ngx_http_shian_board_read(c, &b)) {
        shian_report_init(&c->report);
        ngx_http_shian_board_init(c, &b);
    }

    b.chosen = chosen;
    b.id = 0;

    return ngx_http_shian_board_list(c, &b);
}


ngx_int_t
ngx_http_shian_officer(ngx_http_shian_ctx_t *c)
{
    shian_board_t        b;
    Shian__OfficerView  *view;

    ngx_http_shian_board_init(c, &b);
    view = shian_view_officer(&c->txn, &b, c->id);

    if (view == NULL) {
        return c->txn.err != 0 ? NGX_HTTP_INTERNAL_SERVER_ERROR
               : ngx_http_shian_refuse(c, 404, "not_found",
                                       "There is no such colleague.");
    }

    c->view = &view->base;

    return ngx_http_shian_reply(c);
}


/* ---- forms that were refused ----------------------------------------------*/

Shian__BoardForm *
ngx_http_shian_board_form(ngx_http_shian_ctx_t *c)
{
    Shian__BoardForm  *form;

    form = shian_alloc(&c->arena, sizeof(*form));
    if (form == NULL) {
        return NULL;
    }

    shian__board_form__init(form);
    form->action = ngx_http_shian_typed(c, "action");
    form->text = ngx_http_shian_typed(c, "text");
    form->public_text = ngx_http_shian_typed(c, "public_text");
    form->reason = ngx_http_shian_typed(c, "reason");
    form->due_on = ngx_http_shian_typed(c, "due_on");

    if (!ngx_http_shian_field_errors(c, &form->errors, &form->n_errors)) {
        return NULL;
    }

    if (form->n_errors == 0) {
        form->problem = (char *) (c->report.code == NULL ? "server"
                                                         : c->report.code);
    }

    return form;
}


static void *
ngx_http_shian_board_typed(ngx_http_shian_ctx_t *c)
{
    return ngx_http_shian_board_form(c);
}


ngx_int_t
ngx_http_shian_board_again(ngx_http_shian_ctx_t *c,
    ngx_int_t (*show)(ngx_http_shian_ctx_t *c))
{
    return ngx_http_shian_again(c, ngx_http_shian_board_typed, show);
}
