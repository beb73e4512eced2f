#include "checklist.h"

#include "capabilities.h"
#include "document.h"
#include "settle.h"

#define HEADS  SHIAN__CHECKLIST__HEAD__signs    /* the last, from 1 */

/* conf/checklist.json, as the Makefile quotes it. */
static const char  built_in[] =
#include "checklist.json.h"
;


/* ---- what is in force -----------------------------------------------------*/

static bool
parse(shian_arena_t *a, shian_str_t json, ProtobufCMessage **out,
    shian_report_t *report)
{
    Shian__Checklist  *list;

    if (!shian_checklist_parse(a, json, &list, report)) {
        return false;
    }

    *out = &list->base;

    return true;
}


/* Others come in by operation, not in its place. */
static shian_document_t  built = {
    .json = built_in, .parse = parse
};


/* The record of that number, the one built in for 0. */
static Shian__ChecklistRecord *
record(shian_txn_t *t, uint64_t id)
{
    Shian__ChecklistRecord  *r;

    if (id != 0) {
        return shian_get(t, SHIAN_T_CHECKLIST, id,
                         &shian__checklist_record__descriptor);
    }

    r = shian_alloc(t->arena, sizeof(*r));
    if (r == NULL) {
        return NULL;
    }

    shian__checklist_record__init(r);
    r->checklist = (Shian__Checklist *) shian_document(&built);

    return r->checklist == NULL ? NULL : r;
}


static uint64_t
last_id(shian_txn_t *t)
{
    return shian_next_id(t, SHIAN_T_CHECKLIST) - 1;
}


Shian__ChecklistRecord *
shian_checklist_now(shian_txn_t *t)
{
    return record(t, last_id(t));
}


/* Clocks may step back: of those that had begun, the last one set. */
Shian__ChecklistRecord *
shian_checklist_at(shian_txn_t *t, uint64_t ms)
{
    uint64_t                 id;
    Shian__ChecklistRecord  *r;

    id = last_id(t);

    do {
        r = record(t, id);
    } while (r != NULL && r->since > ms && id-- > 0);

    return r;
}


Shian__Checklist *
shian_checklist_version(shian_txn_t *t, const char *version)
{
    uint64_t                 id;
    Shian__ChecklistRecord  *r;

    id = last_id(t);

    do {
        r = record(t, id);

        if (r != NULL && strcmp(r->checklist->version, version) == 0) {
            return r->checklist;
        }
    } while (r != NULL && id-- > 0);

    return NULL;
}


/* ---- another one ----------------------------------------------------------*/

/* Without an arena, or when it is full, the item goes unnamed. */
static void
wrong_item(shian_arena_t *a, shian_report_t *report, size_t i,
    const char *field, const char *code, const char *detail)
{
    const char  *at;

    at = a == NULL ? NULL : shian_printf(a, "items[%zu]%s", i, field);
    shian_fail_field(report, at == NULL ? "items" : at, code, detail);
}


static void
too_few(shian_arena_t *a, shian_report_t *report, int head)
{
    const char                *detail;
    const ProtobufCEnumValue  *v;

    v = protobuf_c_enum_descriptor_get_value(
            &shian__checklist__head__descriptor, head);
    detail = a == NULL ? NULL
             : shian_printf(a, "Fewer than %d items under %s.",
                            SHIAN_CHECKLIST_LEAST, v->name);
    shian_fail_field(report, "items", "too_short", detail);
}


static bool
has_all(const Shian__Checklist__Item *it)
{
    return it->code != NULL && it->text != NULL && it->text_en != NULL
           && it->guidance != NULL && it->guidance_en != NULL
           && it->has_head && it->head >= 1 && it->head <= HEADS
           && it->has_severity
           && protobuf_c_enum_descriptor_get_value(
                  &shian__severity__kind__descriptor, (int) it->severity)
              != NULL;
}


/*
 * Each item alone was right; are they a checklist together?  The report's
 * words are made in a; NULL, where they must outlive every arena: fewer words.
 */
static bool
consistent(shian_arena_t *a, const Shian__Checklist *list,
    shian_report_t *report)
{
    int                            head;
    size_t                         i, j, under[HEADS + 1] = { 0 };
    const Shian__Checklist__Item  *it;

    for (i = 0; i < list->n_items; i++) {
        it = list->items[i];

        if (!has_all(it)) {
            wrong_item(a, report, i, "", "required",
                       "An item lacks one of its fields.");
            continue;
        }

        under[it->head]++;

        for (j = 0; j < i; j++) {
            if (list->items[j]->code != NULL
                && strcmp(list->items[j]->code, it->code) == 0)
            {
                wrong_item(a, report, i, ".code", "duplicate",
                           "Another item has this code.");
                break;
            }
        }
    }

    for (head = 1; head <= HEADS; head++) {
        if (under[head] < SHIAN_CHECKLIST_LEAST) {
            too_few(a, report, head);
        }
    }

    return report->status == 200;
}


const Shian__Checklist__Item *
shian_checklist_coded(const Shian__Checklist *list, shian_str_t code,
    size_t near)
{
    size_t  i, at;

    for (i = 0; list != NULL && code.n != 0 && i < list->n_items; i++) {
        at = (near + i) % list->n_items;

        if (shian_str_is(code, list->items[at]->code)) {
            return list->items[at];
        }
    }

    return NULL;
}


const Shian__Checklist__Item *
shian_checklist_item(const Shian__Checklist *list, const char *code,
    size_t near)
{
    return shian_checklist_coded(list, shian_str(code), near);
}


bool
shian_checklist_parse(shian_arena_t *a, shian_str_t json,
    Shian__Checklist **out, shian_report_t *report)
{
    ProtobufCMessage  *message;

    if (!shian_bind_json(a, shian_field_rules, shian_nfield_rules,
                         &shian__checklist__descriptor, json, NULL, &message,
                         report))
    {
        return false;
    }

    *out = (Shian__Checklist *) message;

    return consistent(a, *out, report);
}


static bool
same(shian_arena_t *a, const Shian__Checklist *x, const Shian__Checklist *y)
{
    return shian_str_eq(shian_pack(a, x), shian_pack(a, y));
}


/* A version means the same for ever: past inspections are read by it. */
bool
shian_checklist_set_check(shian_op_t *o)
{
    Shian__Checklist        *earlier;
    const Shian__Checklist  *list = o->op->checklist_set->checklist;
    Shian__ChecklistRecord  *now;

    if (list == NULL || list->version == NULL) {
        shian_fail_field(o->report, "version", "required", NULL);
        return false;
    }

    if (!consistent(NULL, list, o->report)) {
        return false;
    }

    now = shian_checklist_now(o->txn);

    if (now == NULL) {
        return shian_fail(o->report, 500, "server",
                          "The checklist in force cannot be read.");
    }

    o->unchanged = same(o->arena, now->checklist, list);
    earlier = shian_checklist_version(o->txn, list->version);

    if (earlier != NULL && !same(o->arena, earlier, list)) {
        shian_fail_field(o->report, "version", "duplicate",
                         "Another checklist has this version.");
        return false;
    }

    return o->unchanged || shian_city_walked(o);
}


void
shian_checklist_set_apply(shian_op_t *o)
{
    Shian__ChecklistRecord  r = SHIAN__CHECKLIST_RECORD__INIT;

    r.has_id = r.has_since = r.has_by = 1;
    r.id = shian_next_id(o->txn, SHIAN_T_CHECKLIST);
    r.checklist = o->op->checklist_set->checklist;
    r.since = o->op->at;
    r.by = o->op->actor->user;
    shian_put_record(o->txn, SHIAN_T_CHECKLIST, r.id, &r);

    shian_result(o, r.id, 0);
}


/* ---- to be read -----------------------------------------------------------*/

static Shian__ChecklistView__Section *
section(shian_arena_t *a, const Shian__Checklist *list,
    Shian__Checklist__Head head)
{
    size_t                          i;
    Shian__ChecklistView__Section  *s;

    s = shian_alloc(a, sizeof(*s));
    if (s == NULL) {
        return NULL;
    }

    shian__checklist_view__section__init(s);
    s->has_head = 1;
    s->head = head;
    s->items = shian_array(a, list->n_items, sizeof(*s->items));

    if (s->items == NULL) {
        return NULL;
    }

    for (i = 0; i < list->n_items; i++) {
        if (list->items[i]->head == head) {
            s->items[s->n_items++] = list->items[i];
        }
    }

    return s;
}


Shian__ChecklistView *
shian_checklist_view_of(shian_arena_t *a, const Shian__Checklist *list)
{
    int                    head;
    Shian__ChecklistView  *v;

    v = shian_alloc(a, sizeof(*v));

    if (v == NULL) {
        return NULL;
    }

    shian__checklist_view__init(v);
    v->version = list->version;
    v->heads = shian_array(a, HEADS, sizeof(*v->heads));

    if (v->heads == NULL) {
        return NULL;
    }

    for (head = 1; head <= HEADS; head++) {
        v->heads[v->n_heads] = section(a, list,
                                       (Shian__Checklist__Head) head);

        if (v->heads[v->n_heads++] == NULL) {
            return NULL;
        }
    }

    return v;
}


Shian__ChecklistView *
shian_checklist_view(shian_txn_t *t)
{
    Shian__ChecklistView    *v;
    Shian__ChecklistRecord  *r;

    r = shian_checklist_now(t);
    v = r == NULL ? NULL : shian_checklist_view_of(t->arena, r->checklist);

    if (v != NULL) {
        v->has_since = r->has_since;
        v->since = r->since;
    }

    return v;
}
