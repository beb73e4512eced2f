/*
 * Complaints and reports: the form, with a venue or without one, and filing.
 */

#include "ngx_http_shian.h"
#include "ngx_http_shian_complain.h"

#include "core/calendar.h"

#define SHIAN_MAX_DISTRICTS  60
#define SHIAN_MAX_FILED      5


char *
ngx_http_shian_track_path(ngx_http_shian_ctx_t *c, uint64_t id)
{
    char                     code[SHIAN_LINK_LEN + 1];
    const Shian__Complaint  *filed;

    filed = shian_complaint_get(&c->txn, id);

    return filed != NULL
           && shian_link_make(c->conf->keys, SHIAN_LINK_TRACK, 0,
                              filed->handle, code)
           ? shian_printf(&c->arena, "/t/%s", code) : NULL;
}


/* ---- what forms share -----------------------------------------------------*/

static bool
ngx_http_shian_choice(ngx_http_shian_ctx_t *c, Shian__Choice **list,
    size_t *n, const char *value, const char *label, bool chosen)
{
    Shian__Choice  *choice;

    choice = shian_alloc(&c->arena, sizeof(*choice));

    if (choice == NULL || value == NULL) {
        return false;
    }

    shian__choice__init(choice);
    choice->value = (char *) value;
    choice->label = (char *) label;
    choice->has_chosen = 1;
    choice->chosen = chosen;
    list[(*n)++] = choice;

    return true;
}


/* ---- the form -------------------------------------------------------------*/

static bool
ngx_http_shian_complaint_choices(ngx_http_shian_ctx_t *c,
    Shian__ComplaintForm *form)
{
    bool                    zh, chosen;
    size_t                  i, n;
    shian_str_t             given, names[SHIAN_MAX_DISTRICTS];
    Shian__Category        *category;
    Shian__Categories      *all;

    static const char *const  kinds[] = { "complaint", "report", "both" };

    zh = c->lang == shian_langs[0];
    all = shian_categories();
    n = form->has_venue ? 0 : shian_view_names(&c->txn, 'd', names,
                                               SHIAN_MAX_DISTRICTS);
    form->kinds = shian_array(&c->arena, SHIAN_COUNT(kinds), sizeof(void *));
    form->districts = shian_array(&c->arena, n + 1, sizeof(void *));
    form->categories = all == NULL ? NULL
                       : shian_array(&c->arena, all->n_items + 1,
                                     sizeof(void *));

    if (form->kinds == NULL || form->districts == NULL
        || form->categories == NULL)
    {
        return false;
    }

    given = ngx_http_shian_body_arg(c, "kind");

    for (i = 0; i < SHIAN_COUNT(kinds); i++) {
        if (!ngx_http_shian_choice(c, form->kinds, &form->n_kinds, kinds[i],
                                   NULL, shian_str_is(given, kinds[i])))
        {
            return false;
        }
    }

    given = ngx_http_shian_body_arg(c, "category");

    for (i = 0; i < all->n_items; i++) {
        category = all->items[i];
        chosen = shian_str_is(given, category->code);

        if (!ngx_http_shian_choice(c, form->categories, &form->n_categories,
                 category->code, zh ? category->text : category->text_en,
                 chosen))
        {
            return false;
        }
    }

    given = ngx_http_shian_body_arg(c, "district");

    for (i = 0; i < n; i++) {
        if (!ngx_http_shian_choice(c, form->districts, &form->n_districts,
                 shian_strdup(&c->arena, names[i]), NULL,
                 shian_str_eq(given, names[i])))
        {
            return false;
        }
    }

    return true;
}


static void
ngx_http_shian_complaint_typed(ngx_http_shian_ctx_t *c,
    Shian__ComplaintForm *form)
{
    form->place = ngx_http_shian_typed(c, "place");
    form->lat = ngx_http_shian_typed(c, "lat");
    form->lng = ngx_http_shian_typed(c, "lng");
    form->text = ngx_http_shian_typed(c, "text");
    form->happened_on = ngx_http_shian_typed(c, "happened_on");
    form->name = ngx_http_shian_typed(c, "name");
    form->contact = ngx_http_shian_typed(c, "contact");
}


/*
 * A possible duplicate is shown before it is filed: only this device's own,
 * since others' would tell the place that somebody complained.
 */
static bool
ngx_http_shian_complaint_own(ngx_http_shian_ctx_t *c,
    Shian__ComplaintForm *form)
{
    size_t       i;
    uint8_t      device[SHIAN_ID_SIZE];

    if (!ngx_http_shian_has_device(c, device)) {
        return true;
    }

    form->filed = shian_array(&c->arena, SHIAN_MAX_FILED, sizeof(void *));

    if (form->filed == NULL) {
        return false;
    }

    form->n_filed = shian_view_own(&c->txn, shian_slice(device,
                                                        sizeof(device)),
                                   form->venue, c->now_ms, form->filed,
                                   SHIAN_MAX_FILED);

    for (i = 0; i < form->n_filed; i++) {
        form->filed[i]->track = ngx_http_shian_track_path(c,
                                                     form->filed[i]->id);
        if (form->filed[i]->track == NULL) {
            return false;
        }
    }

    return true;
}


/* Of the venue c->id: the path's, or the field's when it comes back. */
static ngx_int_t
ngx_http_shian_complaint_form(ngx_http_shian_ctx_t *c)
{
    Shian__Venue          *v;
    Shian__ComplaintForm  *form;

    form = shian_alloc(&c->arena, sizeof(*form));
    if (form == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    shian__complaint_form__init(form);
    v = c->id == 0 ? NULL : shian_venue_get(&c->txn, c->id);

    if (v != NULL) {
        form->has_venue = 1;
        form->venue = v->id;
        form->venue_name = v->name;
    }

    form->has_today = 1;
    form->today = shian_local_day(c->now_ms, SHIAN_TZ_MINUTES);

    ngx_http_shian_complaint_typed(c, form);

    if (!ngx_http_shian_complaint_choices(c, form)
        || !ngx_http_shian_complaint_own(c, form)
        || !ngx_http_shian_keep_photos(c, &form->kept_photos,
                                       &form->n_kept_photos)
        || !ngx_http_shian_field_errors(c, &form->errors, &form->n_errors))
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    (void) ngx_http_shian_place_errors(c, &form->base);
    c->no_store = 1;
    c->here = v == NULL ? "/complain"
              : shian_printf(&c->arena, "/v/%llu/complain",
                             (unsigned long long) v->id);
    c->view = &form->base;
    c->template = "complain";

    return ngx_http_shian_reply(c);
}


ngx_int_t
ngx_http_shian_complain(ngx_http_shian_ctx_t *c)
{
    uint8_t        device[SHIAN_ID_SIZE];
    Shian__Venue  *v;

    if (ngx_http_shian_device(c, device) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    v = c->id == 0 ? NULL : shian_venue_get(&c->txn, c->id);

    if (v == NULL && ngx_strcmp(c->route->pattern, "/complain") != 0) {
        return ngx_http_shian_refuse(c, 404, "not_found",
                                     "There is no such venue.");
    }

    return ngx_http_shian_complaint_form(c);
}


/* ---- filing ---------------------------------------------------------------*/

static bool
ngx_http_shian_given(ngx_http_shian_ctx_t *c, const char *name)
{
    return ngx_http_shian_body_arg(c, name).n != 0;
}


static void
ngx_http_shian_require(ngx_http_shian_ctx_t *c, const char *name)
{
    size_t  i;

    static const char  code[] = "required";

    for (i = 0; i < c->report.nfields; i++) {
        if (strcmp(c->report.fields[i].field, name) == 0) {
            return;
        }
    }

    if (!ngx_http_shian_given(c, name)) {
        shian_fail_field(&c->report, name, code, NULL);
    }
}


/*
 * What one field makes of another, for the list of what is wrong to be whole
 * although no message could be made.  JSON says where by number, too.
 */
static void
ngx_http_shian_complaint_lacks(ngx_http_shian_ctx_t *c)
{
    shian_str_t         kind, category;
    const int           status = c->report.status;
    Shian__Categories  *all;

    kind = ngx_http_shian_body_arg(c, "kind");

    if (shian_str_is(kind, "complaint") || shian_str_is(kind, "both")) {
        ngx_http_shian_require(c, "name");
        ngx_http_shian_require(c, "contact");
    }

    if (!c->json_body && !ngx_http_shian_given(c, "place")
        && !ngx_http_shian_given(c, "lat"))
    {
        ngx_http_shian_require(c, "venue");
    }

    category = ngx_http_shian_body_arg(c, "category");
    all = category.n == 0 ? NULL : shian_categories();

    if (all != NULL
        && shian_category(all, shian_strdup(&c->arena, category)) == NULL)
    {
        shian_fail_field(&c->report, "category", "unknown", NULL);
    }

    c->report.status = status;
}


/*
 * The summary goes down the page as the fields do.  People say where in words,
 * for they know no numbers of venues.
 */
static void
ngx_http_shian_complaint_sort(shian_report_t *report)
{
    size_t               f, i, n;
    shian_field_error_t  e;

    static const char *const  fields[] = {
        "place", "lat", "district", "kind", "category", "text",
        "happened_on", "photo", "name", "contact"
    };

    for (i = 0; i < report->nfields; i++) {
        if (strcmp(report->fields[i].field, "venue") == 0) {
            report->fields[i].field = "place";
        } else if (strcmp(report->fields[i].field, "lng") == 0) {
            report->fields[i].field = "lat";
        }
    }

    for (n = 0, f = 0; f < SHIAN_COUNT(fields); f++) {
        for (i = n; i < report->nfields; i++) {
            if (strcmp(report->fields[i].field, fields[f]) == 0) {
                e = report->fields[i];
                report->fields[i] = report->fields[n];
                report->fields[n++] = e;
            }
        }
    }
}


static ngx_int_t
ngx_http_shian_complaint_refused(ngx_http_shian_ctx_t *c)
{
    double       venue;
    shian_str_t  given;

    given = ngx_http_shian_body_arg(c, "venue");
    c->id = ngx_http_shian_numbers(given, &venue, 1) && venue >= 1
            && venue < 1e15 ? (uint64_t) venue : 0;

    if (c->format == SHIAN_OUT_HTML && !c->json_body) {
        ngx_http_shian_complaint_sort(&c->report);
    }

    return ngx_http_shian_again(c, NULL, ngx_http_shian_complaint_form);
}


static ngx_int_t
ngx_http_shian_complaint_answer(ngx_http_shian_ctx_t *c)
{
    Shian__Filed            *filed;
    const uint64_t           id = ngx_http_shian_result(c)->id;
    const Shian__Complaint  *complaint;

    filed = shian_alloc(&c->arena, sizeof(*filed));
    complaint = shian_complaint_get(&c->txn, id);

    if (filed == NULL || complaint == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    shian__filed__init(filed);
    filed->number = complaint->number;
    filed->track = (char *) c->location;
    filed->linked = complaint->has_linked
                    ? shian_view_filed(&c->txn, complaint->linked) : NULL;

    if (filed->linked != NULL) {
        filed->linked->track = ngx_http_shian_track_path(c,
                                                     complaint->linked);
    }

    c->no_store = 1;
    c->view = &filed->base;

    return ngx_http_shian_reply(c);
}


static ngx_int_t
ngx_http_shian_complaint_tell(ngx_http_shian_ctx_t *c)
{
    c->location = ngx_http_shian_track_path(c, ngx_http_shian_result(c)->id);

    if (c->location == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (c->format == SHIAN_OUT_HTML && !c->json_body) {
        return ngx_http_shian_redirect(c, NGX_HTTP_SEE_OTHER,
                   shian_printf(&c->arena, "%s?new=1", c->location));
    }

    c->status = NGX_HTTP_CREATED;
    c->format = SHIAN_OUT_JSON;

    return ngx_http_shian_complaint_answer(c);
}


static ngx_int_t
ngx_http_shian_complaint_posted(ngx_http_shian_ctx_t *c)
{
    return ngx_http_shian_in_read(c, ngx_http_shian_complaint_tell);
}


ngx_int_t
ngx_http_shian_complaint_post(ngx_http_shian_ctx_t *c)
{
    uint8_t               *device;
    Shian__Operation       op;
    ProtobufCMessage      *message;
    Shian__ComplaintPost  *post;

    c->refused = ngx_http_shian_complaint_refused;

    /* The bureau's own people write down what they were told, any number. */
    if (!ngx_http_shian_is_bureau(c)) {
        device = shian_alloc(&c->arena, SHIAN_ID_SIZE);

        if (device == NULL || ngx_http_shian_device(c, device) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        c->caller.actor.has_device = 1;
        c->caller.actor.device = shian_binary(shian_slice(device,
                                                          SHIAN_ID_SIZE));
    }

    if (!ngx_http_shian_bind(c, &shian__complaint_post__descriptor,
                             &message))
    {
        ngx_http_shian_complaint_lacks(c);
        return ngx_http_shian_complaint_refused(c);
    }

    post = (Shian__ComplaintPost *) message;
    post->photo = c->photos;
    post->n_photo = c->nphotos;

    if (!shian_complaint_prepare(&c->txn, ngx_http_shian_workdays(),
                                 c->now_ms, post, &c->report))
    {
        return ngx_http_shian_complaint_refused(c);
    }

    ngx_http_shian_operation(c, &op);
    op.body_case = SHIAN__OPERATION__BODY_COMPLAINT_POST;
    op.complaint_post = post;

    return ngx_http_shian_submit(c, &op, ngx_http_shian_complaint_posted);
}
