/*
 * Patrol: where to go next, the check-in at a venue, and what comes of it,
 * sent at once by a form or hours later by a phone that was out of reach.
 */

#include "ngx_http_shian.h"

#include <jansson.h>

#include "core/bind.h"
#include "domain/answers.h"
#include "domain/checkin.h"
#include "domain/patrol.h"

#define SHIAN_FIRST_TASKS  5

/* An inspection on its way into the store. */
typedef struct {
    size_t        photos;               /* of c->photos, that are there */
    const char  **codes;                /* of the form's items, as sent */
    size_t        ncodes;
} ngx_http_shian_visit_t;

#define ngx_http_shian_visit(c)  ((ngx_http_shian_visit_t *) (c)->data)


/* ---- the list -------------------------------------------------------------*/

static bool
ngx_http_shian_patrol_read(ngx_http_shian_ctx_t *c, shian_patrol_t *p)
{
    double       v[2];
    shian_str_t  near;

    ngx_memzero(p, sizeof(*p));
    p->role = c->caller.actor.role;
    p->user = c->caller.user;
    p->now_ms = c->now_ms;
    near = ngx_http_shian_arg(c, "near");

    if (near.n != 0) {
        p->near = ngx_http_shian_numbers(near, v, 2)
                  && shian_geo_valid(v[0], v[1]);

        if (p->near) {
            p->at = (shian_point_t) { v[0], v[1] };
        } else {
            shian_fail_field(&c->report, "near", "pattern",
                             "latitude,longitude in degrees");
        }
    }

    p->limit = ngx_http_shian_limit(c);

    return c->report.status == 200 && ngx_http_shian_cursor(c, &p->after);
}


/* By name, due or not: somebody complained, or the inspector is there. */
static Shian__PatrolList *
ngx_http_shian_patrol_search(ngx_http_shian_ctx_t *c,
    const shian_patrol_t *p, shian_str_t q, shian_str_t *next)
{
    size_t              i, n;
    shian_find_t        find;
    shian_found_t      *found;
    Shian__PatrolList  *list;

    ngx_memzero(&find, sizeof(find));
    find.q = q;
    find.limit = p->limit;
    find.after = p->after;

    list = shian_alloc(&c->arena, sizeof(*list));
    found = shian_array(&c->arena, find.limit + 1, sizeof(*found));

    if (list == NULL || found == NULL
        || !shian_find(&c->txn, &find, found, &n, next, &c->report))
    {
        return NULL;
    }

    shian__patrol_list__init(list);
    list->items = shian_array(&c->arena, n + 1, sizeof(*list->items));

    for (i = 0; list->items != NULL && i < n; i++) {
        if (!shian_in_reach(p->role, p->user, 0, found[i].venue)) {
            continue;
        }

        list->items[list->n_items] = shian_patrol_item(&c->txn,
            found[i].venue, found[i].tally, c->now_ms, !p->near
            || !found[i].venue->has_lat || !found[i].venue->has_lng ? -1
            : shian_geo_distance(p->at, (shian_point_t) {
                  found[i].venue->lat, found[i].venue->lng }));

        if (list->items[list->n_items++] == NULL) {
            return NULL;
        }
    }

    return list->items == NULL ? NULL : list;
}


/* The list's own address in another format, for its links. */
static char *
ngx_http_shian_patrol_as(ngx_http_shian_ctx_t *c, const char *suffix)
{
    return shian_printf(&c->arena, "/patrol%s%s%.*s", suffix,
                        c->request->args.len != 0 ? "?" : "",
                        (int) c->request->args.len, c->request->args.data);
}


ngx_int_t
ngx_http_shian_patrol(ngx_http_shian_ctx_t *c)
{
    shian_str_t         q, next;
    shian_patrol_t      p;
    Shian__PatrolList  *list;

    q = ngx_http_shian_arg(c, "q");

    if (q.n > 200) {
        shian_fail_field(&c->report, "q", "too_long", NULL);
    }

    if (!ngx_http_shian_patrol_read(c, &p)) {
        return ngx_http_shian_fail(c);
    }

    list = q.n != 0 ? ngx_http_shian_patrol_search(c, &p, q, &next)
                    : shian_patrol_list(&c->txn, &p, &next);

    if (c->report.status != 200) {
        return ngx_http_shian_fail(c);
    }

    if (list == NULL
        || (q.n == 0 && p.after.n == 0
            && !shian_patrol_tasks(&c->txn, &p, list)))
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    list->next = ngx_http_shian_next(c, next);
    list->has_user = 1;
    list->user = c->caller.actor.user;

    if (c->format == SHIAN_OUT_HTML) {
        list->q = shian_strdup(&c->arena, q);
        list->near = shian_strdup(&c->arena, ngx_http_shian_arg(c, "near"));
        list->geojson = ngx_http_shian_patrol_as(c, ".geojson");
        list->csv = ngx_http_shian_patrol_as(c, ".csv");
        list->has_first_page = 1;
        list->first_page = p.after.n == 0;

        /* The list of visits begins on the first screens as well. */
        if (list->n_tasks > SHIAN_FIRST_TASKS) {
            list->more = list->tasks + SHIAN_FIRST_TASKS;
            list->n_more = list->n_tasks - SHIAN_FIRST_TASKS;
            list->n_tasks = SHIAN_FIRST_TASKS;
        }
    }

    c->view = &list->base;

    return ngx_http_shian_reply(c);
}


/* ---- the check-in ---------------------------------------------------------*/

static bool
ngx_http_shian_kinds(ngx_http_shian_ctx_t *c, shian_str_t chosen,
    Shian__CheckIn *in)
{
    unsigned                           i;
    Shian__Choice                     *choice;
    const ProtobufCEnumDescriptor     *kinds;

    kinds = &shian__inspection__kind__descriptor;
    in->kinds = shian_array(&c->arena, kinds->n_values, sizeof(*in->kinds));

    for (i = 0; in->kinds != NULL && i < kinds->n_values; i++) {
        choice = shian_alloc(&c->arena, sizeof(*choice));
        if (choice == NULL) {
            return false;
        }

        shian__choice__init(choice);
        choice->value = (char *) kinds->values[i].name;
        choice->has_chosen = 1;
        choice->chosen = shian_str_is(chosen, choice->value);
        in->kinds[in->n_kinds++] = choice;
    }

    return in->kinds != NULL;
}


/* The venue of the path, if the caller may inspect it. */
static bool
ngx_http_shian_patrol_reach(ngx_http_shian_ctx_t *c)
{
    Shian__Venue  *v;

    v = shian_venue_get(&c->txn, c->id);

    if (v == NULL) {
        return shian_fail(&c->report, 404, "not_found",
                          "There is no such venue.");
    }

    c->venue = c->id;

    if (!shian_in_reach(c->caller.actor.role, c->caller.user, 0, v)) {
        return shian_fail(&c->report, 403, "forbidden",
                          "This venue is outside your districts.");
    }

    return true;
}


/* A form that was begun under another checklist is read by that one. */
static Shian__CheckIn *
ngx_http_shian_check_in_of(ngx_http_shian_ctx_t *c)
{
    shian_str_t  version;

    version = ngx_http_shian_body_arg(c, "checklist");

    return shian_patrol_check_in(&c->txn, c->id,
               version.n == 0 ? NULL : shian_strdup(&c->arena, version),
               c->now_ms);
}


static Shian__CheckIn *
ngx_http_shian_check_in(ngx_http_shian_ctx_t *c, shian_str_t kind)
{
    Shian__CheckIn  *in;

    in = ngx_http_shian_check_in_of(c);

    if (in == NULL || !ngx_http_shian_kinds(c, kind, in)) {
        return NULL;
    }

    in->has_user = 1;
    in->user = c->caller.actor.user;
    c->no_store = 1;

    return in;
}


ngx_int_t
ngx_http_shian_patrol_venue(ngx_http_shian_ctx_t *c)
{
    Shian__CheckIn  *in;

    if (!ngx_http_shian_patrol_reach(c)) {
        return ngx_http_shian_fail(c);
    }

    in = ngx_http_shian_check_in(c, ngx_http_shian_arg(c, "kind"));
    if (in == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    c->view = &in->base;

    return ngx_http_shian_reply(c);
}


/* ---- what a form says, as the JSON that a phone would send ----------------*/

static shian_str_t
ngx_http_shian_item_arg(ngx_http_shian_ctx_t *c, const char *code,
    const char *field)
{
    const char  *name;

    name = shian_printf(&c->arena, "%s%s", code, field);

    return name == NULL ? SHIAN_NONE : ngx_http_shian_body_arg(c, name);
}


static json_t *
ngx_http_shian_json_str(shian_str_t s)
{
    return json_stringn((const char *) s.p, s.n);
}


/* What the form says of one item; NULL where it says nothing. */
static json_t *
ngx_http_shian_form_item(ngx_http_shian_ctx_t *c, const char *code)
{
    int          rc;
    char        *photo;
    size_t       i;
    json_t      *item, *photos;
    shian_str_t  result, note;

    result = ngx_http_shian_body_arg(c, code);
    photo = shian_printf(&c->arena, "%s_photo", code);

    if (result.n == 0 || photo == NULL) {
        return NULL;
    }

    item = json_object();
    rc = json_object_set_new(item, "code", json_string(code));
    rc |= json_object_set_new(item, "result",
                              ngx_http_shian_json_str(result));
    note = ngx_http_shian_item_arg(c, code, "_note");
    rc |= note.n != 0
          && json_object_set_new(item, "note", ngx_http_shian_json_str(note));

    if (shian_str_is(result, "fail")) {
        rc |= json_object_set_new(item, "severity", ngx_http_shian_json_str(
                  ngx_http_shian_item_arg(c, code, "_severity")));
        rc |= json_object_set_new(item, "photos_public", json_boolean(
                  ngx_http_shian_item_arg(c, code, "_public").n != 0));
        photos = json_array();

        for (i = 0; i < c->nbody; i++) {
            if (shian_str_is(c->body[i].name, photo)) {
                rc |= json_array_append_new(photos,
                          ngx_http_shian_json_str(c->body[i].value));
            }
        }

        rc |= json_object_set_new(item, "photos", photos);
    }

    if (rc != 0) {
        json_decref(item);
        return NULL;
    }

    return item;
}


static int
ngx_http_shian_form_items(ngx_http_shian_ctx_t *c, const Shian__CheckIn *in,
    json_t *items)
{
    int                      rc;
    size_t                   i, j;
    json_t                  *item;
    const char              *code;
    ngx_http_shian_visit_t  *visit = ngx_http_shian_visit(c);

    rc = 0;
    visit->codes = shian_array(&c->arena, SHIAN_MAX_PAIRS, sizeof(char *));

    for (i = 0; visit->codes != NULL && i < in->n_heads; i++) {
        for (j = 0; j < in->heads[i]->n_items; j++) {
            code = in->heads[i]->items[j]->code;
            item = ngx_http_shian_form_item(c, code);

            if (item != NULL && visit->ncodes < SHIAN_MAX_PAIRS) {
                rc |= json_array_append_new(items, item);
                visit->codes[visit->ncodes++] = code;
            }
        }
    }

    return visit->codes == NULL ? -1 : rc;
}


static bool
ngx_http_shian_form_json(ngx_http_shian_ctx_t *c, const Shian__CheckIn *in)
{
    int          rc;
    char        *text, now[21];
    size_t       i;
    json_t      *root, *items;
    shian_str_t  value;

    static const char *const  names[] = {
        "kind", "checklist", "started_at", "finished_at", "lat", "lng",
        "accuracy", "note", "complaint"
    };

    root = json_object();
    items = json_array();
    rc = ngx_http_shian_form_items(c, in, items);
    rc |= json_object_set_new(root, "items", items);

    /* A form without a clock is finished when it arrives. */
    shian_time_format(c->now_ms, now);
    rc |= json_object_set_new(root, "finished_at", json_string(now));

    for (i = 0; i < SHIAN_COUNT(names); i++) {
        value = ngx_http_shian_body_arg(c, names[i]);
        rc |= value.n != 0
              && json_object_set_new(root, names[i],
                                     ngx_http_shian_json_str(value));
    }

    text = rc != 0 ? NULL : json_dumps(root, JSON_COMPACT);
    json_decref(root);

    if (text != NULL) {
        c->json = shian_str(shian_strdup(&c->arena, shian_str(text)));
        free(text);
    }

    return c->json.n != 0;
}


/* ---- the form again, with what is wrong -----------------------------------*/

static Shian__Field *
ngx_http_shian_check_in_error(ngx_http_shian_ctx_t *c, Shian__CheckIn *in,
    const char *field, const char *code)
{
    Shian__Field  *f;

    f = shian_alloc(&c->arena, sizeof(*f));

    if (f != NULL && in->n_errors < SHIAN_MAX_FIELD_ERRORS) {
        shian__field__init(f);
        f->field = (char *) field;
        f->code = (char *) code;
        in->errors[in->n_errors++] = f;
    }

    return f;
}


/* "items[3].note" is wrong with the fourth item that was sent. */
static const char *
ngx_http_shian_item_of(ngx_http_shian_ctx_t *c, const char *field)
{
    size_t                   i;
    ngx_http_shian_visit_t  *visit = ngx_http_shian_visit(c);

    if (strncmp(field, "items[", 6) != 0) {
        return NULL;
    }

    for (i = 0, field += 6; *field >= '0' && *field <= '9' && i < 1000;
         field++)
    {
        i = i * 10 + (size_t) (*field - '0');
    }

    return i < visit->ncodes ? visit->codes[i] : NULL;
}


/* The answers as they were given; an item without one is asked for. */
static bool
ngx_http_shian_refill(ngx_http_shian_ctx_t *c, Shian__CheckIn *in,
    Shian__CheckInItem *it)
{
    char                      *name;
    size_t                     i, j;
    uint8_t                    hash[SHIAN_HASH_SIZE];
    const ProtobufCEnumValue  *v;

    name = shian_strdup(&c->arena, ngx_http_shian_body_arg(c, it->code));
    v = name == NULL ? NULL : protobuf_c_enum_descriptor_get_value_by_name(
                                  &shian__answer__result__descriptor, name);
    it->has_result = v != NULL;
    it->result = v == NULL ? it->result : (Shian__Answer__Result) v->value;

    name = shian_strdup(&c->arena,
                        ngx_http_shian_item_arg(c, it->code, "_severity"));
    v = name == NULL ? NULL : protobuf_c_enum_descriptor_get_value_by_name(
                                  &shian__severity__kind__descriptor, name);
    it->severity = v == NULL ? it->severity : (Shian__Severity__Kind) v->value;

    it->note = shian_strdup(&c->arena,
                            ngx_http_shian_item_arg(c, it->code, "_note"));
    it->has_photos_public = 1;
    it->photos_public = ngx_http_shian_item_arg(c, it->code, "_public").n
                        != 0;

    if (!it->has_result) {
        it->error = "required";
        (void) ngx_http_shian_check_in_error(c, in, it->code, it->error);
    }

    name = shian_printf(&c->arena, "%s_photo", it->code);
    it->photos = shian_array(&c->arena, c->nphotos + 1, sizeof(char *));

    if (name == NULL || it->photos == NULL) {
        return false;
    }

    for (i = 0; i < c->nbody; i++) {
        if (!shian_str_is(c->body[i].name, name)
            || !shian_unhex(hash, sizeof(hash), c->body[i].value))
        {
            continue;
        }

        /* Only what came with this form: a token opens what it names. */
        for (j = 0; j < c->nphotos && it->n_photos < c->nphotos; j++) {
            if (ngx_memcmp(c->photos[j]->hash.data, hash, sizeof(hash)) == 0)
            {
                it->photos[it->n_photos] = ngx_http_shian_kept_photo(c, hash);
                it->n_photos += it->photos[it->n_photos] != NULL;
                break;
            }
        }
    }

    return true;
}


static bool
ngx_http_shian_refill_all(ngx_http_shian_ctx_t *c, Shian__CheckIn *in)
{
    size_t               i, j, k;
    const char          *field, *code;
    Shian__CheckInItem  *it;

    in->errors = shian_array(&c->arena, SHIAN_MAX_FIELD_ERRORS,
                             sizeof(*in->errors));
    in->note = shian_strdup(&c->arena, ngx_http_shian_body_arg(c, "note"));

    if (in->errors == NULL) {
        return false;
    }

    for (k = 0; k < c->report.nfields; k++) {
        field = c->report.fields[k].field;
        code = ngx_http_shian_item_of(c, field);

        if (strcmp(field, "items") != 0
            && ngx_http_shian_check_in_error(c, in, code == NULL ? field
                   : code, c->report.fields[k].code) == NULL)
        {
            return false;
        }
    }

    for (i = 0; i < in->n_heads; i++) {
        for (j = 0; j < in->heads[i]->n_items; j++) {
            it = in->heads[i]->items[j];

            for (k = 0; k < in->n_errors; k++) {
                if (strcmp(in->errors[k]->field, it->code) == 0) {
                    it->error = in->errors[k]->code;
                }
            }

            if (!ngx_http_shian_refill(c, in, it)) {
                return false;
            }
        }
    }

    return true;
}


static ngx_int_t
ngx_http_shian_show_check_in(ngx_http_shian_ctx_t *c)
{
    char            *started;
    uint64_t         ms;
    Shian__CheckIn  *in;

    in = ngx_http_shian_check_in(c, ngx_http_shian_body_arg(c, "kind"));

    if (in == NULL || !ngx_http_shian_refill_all(c, in)) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    started = shian_strdup(&c->arena,
                           ngx_http_shian_body_arg(c, "started_at"));

    if (started != NULL && shian_time_parse(shian_str(started), &ms)) {
        in->started_at = ms;
    }

    c->here = shian_printf(&c->arena, "/patrol/v/%llu",
                           (unsigned long long) c->id);
    c->view = &in->base;
    c->template = "patrol_venue";

    return ngx_http_shian_reply(c);
}


static ngx_int_t
ngx_http_shian_check_in_refused(ngx_http_shian_ctx_t *c)
{
    return ngx_http_shian_again(c, NULL, ngx_http_shian_show_check_in);
}


/* ---- into the store -------------------------------------------------------*/

static ngx_int_t
ngx_http_shian_show_visit(ngx_http_shian_ctx_t *c)
{
    Shian__Inspection      *in;
    const Shian__Result    *result = ngx_http_shian_result(c);
    Shian__InspectionView  *view;

    in = shian_inspection_get(&c->txn, result->venue, result->id);
    view = in == NULL ? NULL
           : shian_view_inspection(&c->txn, in, SHIAN_EYE_STAFF);

    if (view == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    c->view = &view->base;

    return ngx_http_shian_reply(c);
}


static ngx_int_t
ngx_http_shian_inspected(ngx_http_shian_ctx_t *c)
{
    const Shian__Result  *result = ngx_http_shian_result(c);

    c->status = NGX_HTTP_CREATED;
    c->location = shian_printf(&c->arena, "/v/%llu/inspections/%llu",
                               (unsigned long long) result->venue,
                               (unsigned long long) result->id);

    return ngx_http_shian_done(c, c->location, ngx_http_shian_show_visit);
}


/* The phone's own time, in a header: a resend has the same body again. */
static void
ngx_http_shian_device_time(ngx_http_shian_ctx_t *c,
    Shian__InspectionPost *post)
{
    shian_str_t  s;

    s = ngx_http_shian_header(c->request, "shian-device-time");

    if (s.n == 0) {
        return;
    }

    post->has_device_at = shian_time_parse(s, &post->device_at);

    if (!post->has_device_at) {
        shian_fail_field(&c->report, "device_time", "pattern",
                         "Shian-Device-Time is a time as in RFC 3339.");
    }
}


/* From JSON to the operation, inside a read; NULL with a report. */
static Shian__InspectionPost *
ngx_http_shian_read_visit(ngx_http_shian_ctx_t *c)
{
    ProtobufCMessage       *message;
    Shian__InspectionPost  *post;

    static const char *const  ignore[] = { "idempotency_key", NULL };

    if (!shian_bind_json(&c->arena, shian_field_rules, shian_nfield_rules,
                         &shian__inspection_post__descriptor, c->json, ignore,
                         &message, &c->report))
    {
        return NULL;
    }

    post = (Shian__InspectionPost *) message;

    if (post->has_venue && post->venue != c->id) {
        shian_fail_field(&c->report, "venue", "unknown",
                         "The address names another venue.");
    }

    post->has_venue = 1;
    post->venue = c->id;
    ngx_http_shian_device_time(c, post);

    return c->report.status == 200
           && shian_inspection_prepare(&c->txn, post, c->caller.actor.role,
                                       c->now_ms, &c->report) ? post : NULL;
}


/* First each photo of the form, then the inspection that names them. */
static ngx_int_t
ngx_http_shian_submit_visit(ngx_http_shian_ctx_t *c)
{
    ngx_int_t                begun;
    Shian__Operation         op;
    Shian__PhotoPut          put = SHIAN__PHOTO_PUT__INIT;
    Shian__InspectionPost   *post;
    ngx_http_shian_visit_t  *visit = ngx_http_shian_visit(c);

    ngx_http_shian_operation(c, &op);

    if (visit->photos < c->nphotos) {
        put.photo = c->photos[visit->photos++];
        op.idempotency_key = NULL;
        op.has_body_hash = 0;
        op.body_case = SHIAN__OPERATION__BODY_PHOTO_PUT;
        op.photo_put = &put;

        return ngx_http_shian_submit(c, &op, ngx_http_shian_submit_visit);
    }

    begun = c->txn.mdb == NULL;

    if (begun && ngx_http_shian_read_begin(c) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    post = ngx_http_shian_read_visit(c);

    if (begun) {
        ngx_http_shian_read_end(c);
    }

    if (post == NULL) {
        return ngx_http_shian_check_in_refused(c);
    }

    op.body_case = SHIAN__OPERATION__BODY_INSPECTION_POST;
    op.inspection_post = post;

    return ngx_http_shian_submit(c, &op, ngx_http_shian_inspected);
}


/*
 * Is all well but for the photos that came with it?  They are recorded only
 * then: what is refused has changed nothing.
 */
static bool
ngx_http_shian_visit_stands(ngx_http_shian_ctx_t *c)
{
    size_t           i, n;
    shian_report_t  *report = &c->report;

    if (ngx_http_shian_read_visit(c) != NULL) {
        return true;
    }

    for (n = 0, i = 0; i < report->nfields; i++) {
        if (strstr(report->fields[i].field, "].photos[") == NULL) {
            report->fields[n++] = report->fields[i];
        }
    }

    report->nfields = n;

    if (n == 0) {
        shian_report_init(report);
    }

    return n == 0;
}


ngx_int_t
ngx_http_shian_inspection_post(ngx_http_shian_ctx_t *c)
{
    Shian__CheckIn  *in;

    if (!ngx_http_shian_patrol_reach(c)) {
        return ngx_http_shian_fail(c);
    }

    c->refused = ngx_http_shian_check_in_refused;
    c->data = shian_zalloc(&c->arena, sizeof(ngx_http_shian_visit_t));

    if (c->data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (!c->json_body) {
        in = ngx_http_shian_check_in_of(c);

        if (in == NULL || !ngx_http_shian_form_json(c, in)) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    /* A photo that could not be read, or fields that are wrong. */
    if (c->report.nfields != 0
        || (c->nphotos != 0 && !ngx_http_shian_visit_stands(c)))
    {
        return ngx_http_shian_check_in_refused(c);
    }

    return ngx_http_shian_submit_visit(c);
}


/* ---- the application on the phone -----------------------------------------*/

/* From below /patrol it may answer for /patrol itself as well. */
ngx_int_t
ngx_http_shian_patrol_worker(ngx_http_shian_ctx_t *c)
{
    if (ngx_http_shian_set_header(c->request, "Service-Worker-Allowed",
                                  "/patrol") != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_shian_send_static(c, SHIAN_STR("sw.js"));
}


ngx_int_t
ngx_http_shian_patrol_app(ngx_http_shian_ctx_t *c)
{
    return ngx_http_shian_send_static(c, SHIAN_STR("patrol.webmanifest"));
}
