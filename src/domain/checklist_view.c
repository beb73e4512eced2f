#include "checklist_view.h"

#include "view_parts.h"

#define WHAT(name)  SHIAN__CHECKLIST_CHANGE__WHAT__##name


/* ---- versions -------------------------------------------------------------*/

static Shian__PolicyVersion *
version_view(shian_txn_t *t, uint64_t id)
{
    Shian__User             *u;
    Shian__PolicyVersion    *view;
    Shian__ChecklistRecord  *r;

    r = shian_get(t, SHIAN_T_CHECKLIST, id,
                  &shian__checklist_record__descriptor);
    if (r == NULL) {
        return NULL;
    }

    NEW(view, policy_version);
    SET(view, id, id);
    SET(view, since, r->since);
    view->version = r->checklist == NULL ? NULL : r->checklist->version;
    u = r->by == 0 ? NULL : shian_user_get(t, r->by);

    if (u != NULL) {
        SET(view, by, r->by);
        view->by_name = u->name;
    }

    return view;
}


Shian__ChecklistDesk *
shian_view_checklist_desk(shian_txn_t *t)
{
    uint64_t                 id;
    Shian__ChecklistDesk    *view;
    Shian__PolicyVersion    *version;
    Shian__ChecklistRecord  *now;

    now = shian_checklist_now(t);
    if (now == NULL) {
        return NULL;
    }

    NEW(view, checklist_desk);
    view->checklist = now->checklist;
    SET(view, count, (uint32_t) now->checklist->n_items);
    view->versions = shian_array(t->arena, SHIAN_CHECKLIST_VERSIONS,
                                 sizeof(*view->versions));
    if (view->versions == NULL) {
        return NULL;
    }

    for (id = now->id;
         id != 0 && view->n_versions < SHIAN_CHECKLIST_VERSIONS; id--)
    {
        version = version_view(t, id);
        if (version == NULL) {
            return NULL;
        }

        view->versions[view->n_versions++] = version;
    }

    return view;
}


/* ---- a preview ------------------------------------------------------------*/

static bool
same(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}


/* One of was and is may be NULL: new, or gone. */
static Shian__ChecklistChange *
change(shian_txn_t *t, const Shian__Checklist__Item *was,
    const Shian__Checklist__Item *is)
{
    Shian__ChecklistChange        *c;
    const Shian__Checklist__Item  *it = is == NULL ? was : is;

    NEW(c, checklist_change);
    SET(c, what, is == NULL ? WHAT(gone) : was == NULL ? WHAT(added)
                 : WHAT(changed));
    c->code = it->code;
    SET(c, head, it->head);
    SET(c, severity, it->severity);
    c->text = it->text;
    c->text_en = it->text_en;

    if (c->what != WHAT(changed)) {
        return c;
    }

    if (was->head != is->head) {
        SET(c, head_before, was->head);
    }

    if (was->severity != is->severity) {
        SET(c, severity_before, was->severity);
    }

    if (!same(was->text, is->text)) {
        c->text_before = was->text;
    }

    if (!same(was->text_en, is->text_en)) {
        c->text_en_before = was->text_en;
    }

    if (!same(was->guidance, is->guidance)
        || !same(was->guidance_en, is->guidance_en))
    {
        SET(c, guidance, true);
    }

    return c;
}


static bool
is_changed(const Shian__ChecklistChange *c)
{
    return c->what != WHAT(changed) || c->has_head_before
           || c->has_severity_before || c->text_before != NULL
           || c->text_en_before != NULL || c->has_guidance;
}


static bool
add_changes(shian_txn_t *t, const Shian__Checklist *was,
    const Shian__Checklist *is, Shian__ChecklistPreview *view)
{
    size_t                   i;
    Shian__ChecklistChange  *c;

    for (i = 0; i < is->n_items; i++) {
        c = change(t, shian_checklist_item(was, is->items[i]->code, i),
                   is->items[i]);
        if (c == NULL) {
            return false;
        }

        if (is_changed(c)) {
            view->changes[view->n_changes++] = c;
        }
    }

    for (i = 0; i < was->n_items; i++) {
        if (shian_checklist_item(is, was->items[i]->code, i) != NULL) {
            continue;
        }

        c = change(t, was->items[i], NULL);
        if (c == NULL) {
            return false;
        }

        view->changes[view->n_changes++] = c;
    }

    return true;
}


Shian__ChecklistPreview *
shian_view_checklist_preview(shian_txn_t *t, const Shian__Checklist *list,
    shian_report_t *report)
{
    Shian__Checklist         *earlier;
    Shian__ChecklistRecord   *now;
    Shian__ChecklistPreview  *view;

    now = shian_checklist_now(t);
    if (now == NULL) {
        return NULL;
    }

    earlier = shian_checklist_version(t, list->version);

    if (earlier != NULL
        && !shian_str_eq(shian_pack(t->arena, earlier),
                         shian_pack(t->arena, list)))
    {
        shian_fail_field(report, "version", "duplicate",
                         "Another checklist has this version.");
        return NULL;
    }

    NEW(view, checklist_preview);
    view->version = list->version;
    view->version_before = now->checklist->version;
    SET(view, count, (uint32_t) list->n_items);
    view->changes = shian_array(t->arena,
                                list->n_items + now->checklist->n_items,
                                sizeof(*view->changes));

    return view->changes != NULL
           && add_changes(t, now->checklist, list, view) ? view : NULL;
}
