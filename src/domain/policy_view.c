#include "policy_view.h"

#include <stdlib.h>

#include <jansson.h>

#include "core/bind.h"

/* In pixels, as the template draws them. */
#define BAR_WIDTH    280
#define BAR_PITCH    40
#define BAR_TEXT     16

/* A message of the arena a, or return NULL. */
#define NEW(var, type)                                                       \
    do {                                                                     \
        var = shian_alloc(a, sizeof(*var));                                  \
        if (var == NULL) {                                                   \
            return NULL;                                                     \
        }                                                                    \
        shian__##type##__init(var);                                          \
    } while (0)

#define SET(message, field, value)                                           \
    ((message)->has_##field = 1, (message)->field = (value))


/* Every number of the document, in the order in which people read them. */
static const struct {
    const char  *group;
    const char  *path;
    const char  *unit;
} numbers[] = {
    { "colour", "colour.green", "points" },
    { "colour", "colour.yellow", "points" },

    { "finding", "finding.critical", "points" },
    { "finding", "finding.major", "points" },
    { "finding", "finding.minor", "points" },
    { "finding", "finding.overdue", "points" },
    { "finding", "finding.residual_percent", "percent" },
    { "finding", "finding.residual_days", "days" },

    { "event", "complaint.points", "points" },
    { "event", "complaint.days", "days" },
    { "event", "case.points", "points" },
    { "event", "case.days", "days" },

    { "lapse", "lapse.health_certificate", "points" },
    { "lapse", "lapse.self_check", "points" },
    { "lapse", "self_check_every_days", "days" },

    { "reviews", "reviews.prior_mean", "stars" },
    { "reviews", "reviews.prior_count", "reviews" },
    { "reviews", "reviews.days", "days" },
    { "reviews", "reviews.points_per_star", "points" },
    { "reviews", "reviews.max_bonus", "points" },
    { "reviews", "reviews.max_penalty", "points" },

    { "credit", "credit.A", "points" },
    { "credit", "credit.B", "points" },
    { "credit", "credit.C", "points" },
    { "credit", "credit.D", "points" },

    { "visits", "stale_days", "days" },
    { "visits", "inspect_every_days.green", "days" },
    { "visits", "inspect_every_days.yellow", "days" },
    { "visits", "inspect_every_days.red", "days" },
    { "visits", "inspect_every_days.ungraded", "days" },

    { "complaints", "first_look_minutes", "minutes" },
    { "complaints", "complaint_retention_years", "years" },

    { "time", "tz_minutes", "minutes" },
};


/* ---- one number -----------------------------------------------------------*/

static const ProtobufCFieldDescriptor *
field_named(const ProtobufCMessageDescriptor *desc, shian_str_t name)
{
    unsigned  i;

    for (i = 0; i < desc->n_fields; i++) {
        if (shian_str_is(name, desc->fields[i].name)) {
            return &desc->fields[i];
        }
    }

    return NULL;
}


static const shian_field_rule_t *
rule_of(const ProtobufCMessageDescriptor *desc, const char *field)
{
    size_t  i;

    for (i = 0; i < shian_nfield_rules; i++) {
        if (shian_field_rules[i].message == desc
            && strcmp(shian_field_rules[i].field, field) == 0)
        {
            return &shian_field_rules[i];
        }
    }

    return NULL;
}


/* Value and bounds of the number at path; false where p has none. */
static bool
fill_number(shian_arena_t *a, const Shian__Policy *p, const char *path,
    Shian__PolicyNumber *out)
{
    int32_t                           value;
    const char                       *dot;
    const ProtobufCMessage           *m = &p->base;
    const shian_field_rule_t         *rule;
    const ProtobufCFieldDescriptor   *f;

    dot = strchr(path, '.');

    if (dot != NULL) {
        f = field_named(m->descriptor,
                        shian_slice(path, (size_t) (dot - path)));
        if (f == NULL) {
            return false;
        }

        memcpy(&m, (const char *) m + f->offset, sizeof(m));
        if (m == NULL) {
            return false;
        }

        path = dot + 1;
    }

    f = field_named(m->descriptor, shian_str(path));
    rule = f == NULL ? NULL : rule_of(m->descriptor, f->name);

    if (rule == NULL) {
        return false;
    }

    memcpy(&value, (const char *) m + f->offset, sizeof(value));
    out->value = shian_printf(a, "%d", value);
    SET(out, max, (int32_t) rule->max);
    SET(out, min, f->type == PROTOBUF_C_TYPE_INT32 ? -out->max
                                                   : (int32_t) rule->min);

    return out->value != NULL;
}


static char *
error_of(const shian_report_t *report, const char *field)
{
    size_t  i;

    for (i = 0; i < report->nfields; i++) {
        if (strcmp(report->fields[i].field, field) == 0) {
            return (char *) report->fields[i].code;
        }
    }

    return NULL;
}


/* ---- the form -------------------------------------------------------------*/

static Shian__PolicyNumber *
form_number(shian_arena_t *a, const Shian__Policy *p, size_t i,
    const shian_pair_t *pairs, size_t n, const shian_report_t *report)
{
    Shian__PolicyNumber  *number;

    NEW(number, policy_number);
    number->field = (char *) numbers[i].path;
    number->unit = (char *) numbers[i].unit;
    number->error = error_of(report, numbers[i].path);

    if (!fill_number(a, p, numbers[i].path, number)) {
        return NULL;
    }

    if (strcmp(numbers[i].path, "tz_minutes") == 0) {
        SET(number, fixed, 1);
    }

    if (pairs != NULL) {
        number->value = shian_strdup(a, shian_form_get(pairs, n,
                                                       numbers[i].path));
    }

    return number->value == NULL ? NULL : number;
}


static bool
form_groups(shian_arena_t *a, Shian__PolicyForm *form,
    const Shian__Policy *p, const shian_pair_t *pairs, size_t n,
    const shian_report_t *report)
{
    size_t                i;
    Shian__PolicyGroup   *group;
    Shian__PolicyNumber  *number;

    form->groups = shian_array(a, SHIAN_COUNT(numbers),
                               sizeof(*form->groups));

    for (group = NULL, i = 0; i < SHIAN_COUNT(numbers); i++) {

        if (group == NULL || strcmp(group->name, numbers[i].group) != 0) {
            group = shian_alloc(a, sizeof(*group));
            if (group == NULL || form->groups == NULL) {
                return false;
            }

            shian__policy_group__init(group);
            group->name = (char *) numbers[i].group;
            group->numbers = shian_array(a, SHIAN_COUNT(numbers) - i,
                                         sizeof(*group->numbers));
            form->groups[form->n_groups++] = group;
        }

        number = form_number(a, p, i, pairs, n, report);
        if (number == NULL || group->numbers == NULL) {
            return false;
        }

        group->numbers[group->n_numbers++] = number;
    }

    return true;
}


Shian__PolicyForm *
shian_policy_form(shian_arena_t *a, const Shian__Policy *p,
    const shian_pair_t *pairs, size_t n, const shian_report_t *report)
{
    size_t              i;
    Shian__Field       *f;
    Shian__PolicyForm  *form;

    NEW(form, policy_form);
    form->version = pairs == NULL ? p->version
                    : shian_strdup(a, shian_form_get(pairs, n, "version"));
    form->version_error = error_of(report, "version");
    form->errors = shian_array(a, report->nfields + 1,
                               sizeof(*form->errors));

    if (form->errors == NULL
        || !form_groups(a, form, p, pairs, n, report))
    {
        return NULL;
    }

    for (i = 0; i < report->nfields; i++) {
        NEW(f, field);
        f->field = (char *) report->fields[i].field;
        f->code = (char *) report->fields[i].code;
        form->errors[form->n_errors++] = f;
    }

    return form;
}


static void
wrong(shian_report_t *report, const char *field, const char *code)
{
    shian_fail_field(report, field, code, NULL);
}


/* Puts "colour.green" into the object "colour" as "green". */
static bool
set_path(shian_arena_t *a, json_t *root, const shian_pair_t *pair,
    shian_report_t *report)
{
    char    *name, *dot;
    json_t  *at;

    name = shian_strdup(a, pair->name);
    if (name == NULL) {
        return shian_fail(report, 500, "server", "Out of memory.");
    }

    at = root;
    dot = strchr(name, '.');

    if (dot != NULL) {
        *dot = '\0';
        at = json_object_get(root, name);

        if (at == NULL) {
            at = json_object();
            (void) json_object_set_new(root, name, at);
        }

        *dot++ = '.';
    }

    if (!json_is_object(at)
        || json_object_get(at, dot == NULL ? name : dot) != NULL)
    {
        wrong(report, name, "duplicate");
        return true;
    }

    return json_object_set_new(at, dot == NULL ? name : dot,
               json_stringn((const char *) pair->value.p, pair->value.n))
               == 0
           || shian_fail(report, 400, "malformed", "Not a form.");
}


bool
shian_policy_parse_form(shian_arena_t *a, const shian_pair_t *pairs,
    size_t n, Shian__Policy **out, shian_report_t *report)
{
    bool     ok;
    char    *text;
    size_t   i;
    json_t  *root;

    *out = NULL;
    root = json_object();

    for (ok = root != NULL, i = 0; ok && i < n; i++) {
        if (pairs[i].value.n != 0 && !shian_str_is(pairs[i].name, "action")
            && !shian_str_is(pairs[i].name, "idempotency_key"))
        {
            ok = set_path(a, root, &pairs[i], report);
        }
    }

    for (i = 0; i < SHIAN_COUNT(numbers); i++) {
        if (shian_form_get(pairs, n, numbers[i].path).n == 0) {
            wrong(report, numbers[i].path, "required");
        }
    }

    text = ok ? json_dumps(root, JSON_COMPACT) : NULL;
    json_decref(root);

    if (text == NULL) {
        return report->status != 200
               || shian_fail(report, 500, "server", "Out of memory.");
    }

    ok = shian_policy_parse(a, shian_str(text), out, report);
    free(text);

    return ok && report->status == 200;
}


/* ---- the policy in force --------------------------------------------------*/

static Shian__PolicyVersion *
view_version(shian_txn_t *t, uint64_t id)
{
    Shian__User           *u;
    shian_arena_t         *a = t->arena;
    Shian__PolicyRecord   *r;
    Shian__PolicyVersion  *view;

    r = shian_get(t, SHIAN_T_POLICY, id, &shian__policy_record__descriptor);
    if (r == NULL) {
        return NULL;
    }

    NEW(view, policy_version);
    SET(view, id, id);
    SET(view, since, r->since);
    view->version = r->policy == NULL ? NULL : r->policy->version;
    u = r->by == 0 ? NULL : shian_user_get(t, r->by);

    if (u != NULL) {
        SET(view, by, r->by);
        view->by_name = u->name;
    }

    return view;
}


Shian__PolicyDesk *
shian_view_policy_desk(shian_txn_t *t)
{
    uint64_t               id;
    shian_arena_t         *a = t->arena;
    Shian__PolicyDesk     *view;
    Shian__PolicyVersion  *version;

    NEW(view, policy_desk);
    view->versions = shian_array(a, SHIAN_POLICY_VERSIONS,
                                 sizeof(*view->versions));
    if (view->versions == NULL) {
        return NULL;
    }

    for (id = shian_policy_id(t);
         id != 0 && view->n_versions < SHIAN_POLICY_VERSIONS; id--)
    {
        version = view_version(t, id);
        if (version == NULL) {
            return NULL;
        }

        view->versions[view->n_versions++] = version;
    }

    view->policy = shian_policy_whole(t);

    return view->policy == NULL ? NULL : view;
}


/* ---- a preview ------------------------------------------------------------*/

/* The district's row; past the bound, the one of all others. */
static shian_policy_district_t *
district_of(shian_policy_effect_t *e, const char *name)
{
    size_t                    i;
    shian_policy_district_t  *d;

    for (i = 0; i < e->ndistricts; i++) {
        d = &e->districts[i];

        if (d->others
            || (name == NULL ? d->name == NULL
                : d->name != NULL && strcmp(d->name, name) == 0))
        {
            return d;
        }
    }

    d = &e->districts[e->ndistricts++];

    if (i == SHIAN_PREVIEW_DISTRICTS) {
        d->others = true;
        return d;
    }

    if (name != NULL) {
        d->name = shian_strdup(e->arena, shian_str(name));
        e->failed |= d->name == NULL;
    }

    return d;
}


void
shian_policy_effect_add(void *ctx, const Shian__Venue *v,
    Shian__Colour__Kind from, Shian__Colour__Kind to)
{
    Shian__PolicyVenue       *item;
    shian_policy_effect_t    *e = ctx;
    shian_policy_district_t  *d;

    d = district_of(e, v->district);
    d->changed++;
    d->from_to[from][to]++;

    if (e->nvenues == SHIAN_PREVIEW_VENUES) {
        return;
    }

    item = shian_alloc(e->arena, sizeof(*item));
    if (item == NULL) {
        e->failed = true;
        return;
    }

    shian__policy_venue__init(item);
    SET(item, id, v->id);
    SET(item, from, from);
    SET(item, to, to);
    item->name = v->name == NULL ? NULL
                 : shian_strdup(e->arena, shian_str(v->name));
    item->district = v->district == NULL ? NULL
                     : shian_strdup(e->arena, shian_str(v->district));
    e->venues[e->nvenues++] = item;
}


/* As many changes as `all` has, with the numbers of `from_to`. */
static Shian__PolicyChange **
view_changes(shian_arena_t *a, const uint64_t all[5][5],
    const uint64_t from_to[5][5], size_t *n)
{
    int                    i, j;
    Shian__PolicyChange   *change, **changes;

    *n = 0;
    changes = shian_array(a, 5 * 5, sizeof(*changes));

    for (i = 0; changes != NULL && i < 5; i++) {
        for (j = 0; j < 5; j++) {

            if (i == j || all[i][j] == 0) {
                continue;
            }

            NEW(change, policy_change);
            SET(change, from, (Shian__Colour__Kind) i);
            SET(change, to, (Shian__Colour__Kind) j);
            SET(change, venues, from_to[i][j]);
            changes[(*n)++] = change;
        }
    }

    return changes;
}


static Shian__PolicyDistrict *
view_district(shian_arena_t *a, const shian_policy_effect_t *e,
    const shian_policy_district_t *d)
{
    Shian__PolicyDistrict  *view;

    NEW(view, policy_district);
    view->district = (char *) d->name;
    view->has_others = view->others = d->others;
    SET(view, changed, d->changed);
    view->changes = view_changes(a, e->counts.from_to, d->from_to,
                                 &view->n_changes);

    return view->changes == NULL ? NULL : view;
}


static Shian__PolicyChart *
view_chart(shian_arena_t *a, const Shian__PolicyPreview *view)
{
    size_t                        i, n;
    uint64_t                      most;
    Shian__PolicyBar             *bar;
    Shian__PolicyChart           *chart;
    const Shian__PolicyDistrict  *d;

    n = view->n_districts > SHIAN_PREVIEW_BARS ? SHIAN_PREVIEW_BARS
                                               : view->n_districts;
    NEW(chart, policy_chart);
    SET(chart, height, (uint32_t) n * BAR_PITCH);
    chart->bars = shian_array(a, n + 1, sizeof(*chart->bars));

    for (most = 1, i = 0; i < n; i++) {
        if (view->districts[i]->changed > most) {
            most = view->districts[i]->changed;
        }
    }

    for (i = 0; chart->bars != NULL && i < n; i++) {
        d = view->districts[i];
        NEW(bar, policy_bar);
        bar->district = d->district;
        bar->has_others = d->has_others;
        bar->others = d->others;
        SET(bar, changed, d->changed);
        SET(bar, text_y, (uint32_t) i * BAR_PITCH + BAR_TEXT);
        SET(bar, y, bar->text_y + 6);
        SET(bar, width, (uint32_t) (d->changed * BAR_WIDTH / most));
        chart->bars[chart->n_bars++] = bar;
    }

    return chart->bars == NULL ? NULL : chart;
}


/* The most changed first, by name among equals; the others at the end. */
static int
compare_districts(const void *one, const void *two)
{
    const shian_policy_district_t  *x = one, *y = two;

    if (x->others != y->others) {
        return x->others ? 1 : -1;
    }

    if (x->changed != y->changed) {
        return x->changed < y->changed ? 1 : -1;
    }

    return strcmp(x->name == NULL ? "" : x->name,
                  y->name == NULL ? "" : y->name);
}


Shian__PolicyPreview *
shian_view_policy_effect(shian_arena_t *a, shian_policy_effect_t *e,
    Shian__Policy *policy)
{
    size_t                 i;
    Shian__PolicyPreview  *view;

    if (e->ndistricts > 1) {
        qsort(e->districts, e->ndistricts, sizeof(e->districts[0]),
              compare_districts);
    }

    NEW(view, policy_preview);
    view->policy = policy;
    SET(view, venues, e->counts.venues);
    SET(view, changed, e->counts.changed);
    view->items = e->venues;
    view->n_items = e->nvenues;
    view->changes = view_changes(a, e->counts.from_to, e->counts.from_to,
                                 &view->n_changes);
    view->districts = shian_array(a, e->ndistricts + 1,
                                  sizeof(*view->districts));

    if (view->changes == NULL || view->districts == NULL) {
        return NULL;
    }

    for (i = 0; i < e->ndistricts; i++) {
        view->districts[i] = view_district(a, e, &e->districts[i]);
        if (view->districts[i] == NULL) {
            return NULL;
        }
        view->n_districts++;
    }

    view->chart = e->ndistricts == 0 ? NULL : view_chart(a, view);

    return e->ndistricts != 0 && view->chart == NULL ? NULL : view;
}
