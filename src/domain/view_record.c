#include <inttypes.h>

#include "checkin.h"
#include "checklist.h"
#include "complaint_parts.h"
#include "filing.h"
#include "finding.h"
#include "shown.h"
#include "states.h"
#include "view_board.h"
#include "view_parts.h"

#define MAX_ACTIONS      16
#define MAX_SIMILAR      10
#define MAX_INSPECTIONS  50     /* of the venue, looked through */
#define DISPATCH_DAYS    3      /* suggested for a visit */

#define ROLE(name)   SHIAN__ROLE__KIND__##name


/* ---- what was written -----------------------------------------------------*/

static bool
add_words(shian_txn_t *t, const shian_keys_t *keys,
    const Shian__Complaint *c, Shian__ComplaintView *view)
{
    if (c->has_text) {
        view->text = shian_unseal(t, keys, c->vault, "text", c->text);
    }

    if (c->has_place) {
        view->place = shian_unseal(t, keys, c->vault, "place", c->place);
    }

    COPY(view, c, happened_on);
    COPY(view, c, lat);
    COPY(view, c, lng);
    COPY(view, c, erased);
    SET(view, contactable, c->has_name || c->has_contact);

    return shian_view_photos(t, shian_record_at(t, SHIAN_EYE_STAFF,
                                                "complaints", c->id), 1,
                             c->photos, c->n_photos, &view->photos,
                             &view->n_photos);
}


void
shian_view_contact(shian_txn_t *t, const shian_keys_t *keys,
    const Shian__Complaint *c, Shian__ComplaintView *view)
{
    if (c->has_name) {
        view->name = shian_unseal(t, keys, c->vault, "name", c->name);
    }

    if (c->has_contact) {
        view->contact = shian_unseal(t, keys, c->vault, "contact",
                                     c->contact);
    }
}


/* ---- what happened --------------------------------------------------------*/

static Shian__ComplaintEventView *
event(shian_txn_t *t, const shian_keys_t *keys, const char *at, uint32_t n,
    const Shian__ComplaintEvent *e)
{
    Shian__User                *u;
    Shian__ComplaintEventView  *view;

    NEW(view, complaint_event_view);
    COPY(view, e, at);
    COPY(view, e, state);
    COPY(view, e, role);
    COPY(view, e, due_on);
    COPY(view, e, into);
    COPY(view, e, ground);
    COPY(view, e, on_site);
    COPY(view, e, distance_m);
    COPY(view, e, outcome);
    COPY(view, e, rating);
    COPY(view, e, case_id);
    view->action = e->action;
    view->text = e->text;

    u = e->user == 0 ? NULL : shian_user_get(t, e->user);
    view->by = u == NULL ? NULL : u->name != NULL ? u->name : u->login;
    u = e->to == 0 ? NULL : shian_user_get(t, e->to);
    view->to_name = u == NULL ? NULL : u->name != NULL ? u->name : u->login;

    if (e->has_added) {
        view->added = shian_unseal(t, keys, e->vault, "text", e->added);
    }

    return shian_view_photos(t, at, n * SHIAN_SHOWN_STEP + 1, e->photos,
                             e->n_photos, &view->photos, &view->n_photos)
           ? view : NULL;
}


static bool
add_events(shian_txn_t *t, const shian_keys_t *keys,
    const Shian__Complaint *c, Shian__ComplaintView *view)
{
    char                   *at;
    uint32_t                i;
    Shian__ComplaintEvent  *e;

    at = shian_record_at(t, SHIAN_EYE_STAFF, "complaints", c->id);
    view->events = shian_array(t->arena, (size_t) c->events + 1,
                               sizeof(*view->events));

    for (i = 1; view->events != NULL && i <= c->events; i++) {
        e = shian_complaint_event(t, c->id, i);

        if (e != NULL) {
            view->events[view->n_events] = event(t, keys, at, i, e);

            if (view->events[view->n_events++] == NULL) {
                return false;
            }
        }
    }

    return view->events != NULL;
}


/* ---- what belongs to it ---------------------------------------------------*/

static bool
add_similar(shian_txn_t *t, shian_board_t *b, const Shian__Complaint *c,
    Shian__ComplaintView *view)
{
    size_t             i, n;
    uint64_t           ids[MAX_SIMILAR];
    Shian__BoardItem  *item;
    Shian__Complaint  *other;

    n = c->has_venue && !shian_complaint_ended(c->state)
        ? shian_complaint_duplicates(t, c->venue, c->at, c->id, ids,
                                     MAX_SIMILAR) : 0;
    view->duplicates = shian_array(t->arena, MAX_SIMILAR,
                                   sizeof(*view->duplicates));

    for (i = 0; view->duplicates != NULL && i < n; i++) {
        other = shian_complaint_get(t, ids[i]);

        /* The other half of the same filing is no second one. */
        if (other == NULL || other->id == c->linked
            || !shian_board_sees(t, b, other))
        {
            continue;
        }

        item = shian_view_board_item(t, b, other);
        if (item == NULL) {
            return false;
        }

        SET(item, may_merge, c->state == SHIAN__COMPLAINT__STATE__received
            && other->kind == c->kind && !shian_complaint_ended(other->state));
        view->duplicates[view->n_duplicates++] = item;
    }

    other = c->has_linked ? shian_complaint_get(t, c->linked) : NULL;

    if (other != NULL) {
        view->linked = shian_view_board_item(t, b, other);
    }

    return view->duplicates != NULL;
}


/* What its decisions found, each item once. */
static bool
add_findings(shian_txn_t *t, const shian_board_t *b,
    const Shian__Complaint *c, Shian__ComplaintView *view)
{
    size_t           i, j;
    Shian__Finding  *f;

    view->findings = shian_array(t->arena, c->n_found + 1,
                                 sizeof(*view->findings));

    for (i = 0; view->findings != NULL && i < c->n_found; i++) {
        f = shian_finding_found(t, c->venue, c->found[i]->item,
                                SHIAN__MARK__SOURCE__complaint, c->id);

        for (j = 0; f != NULL && j < view->n_findings; j++) {
            f = view->findings[j]->id == f->id ? NULL : f;
        }

        if (f != NULL) {
            view->findings[view->n_findings] = shian_view_finding(t, f,
                                             SHIAN_EYE_STAFF, b->today);

            if (view->findings[view->n_findings++] == NULL) {
                return false;
            }
        }
    }

    return view->findings != NULL;
}


/* Those of kind complaint that say which one they looked into. */
static bool
add_inspections(shian_txn_t *t, const Shian__Complaint *c,
    Shian__ComplaintView *view)
{
    size_t              n;
    shian_scan_t        scan;
    shian_rowkey_t      prefix = shian_rowkey_id(c->venue);
    Shian__Inspection  *in;

    view->inspections = shian_array(t->arena, MAX_INSPECTIONS,
                                    sizeof(*view->inspections));

    if (view->inspections == NULL || !c->has_venue) {
        return view->inspections != NULL;
    }

    shian_scan_open(&scan, t, SHIAN_T_INSPECTION, &prefix, NULL);

    for (n = 0; n < MAX_INSPECTIONS && shian_scan_next(&scan); n++) {
        in = shian_inspection_get(t, c->venue, shian_by_id(scan.key));

        if (in != NULL && in->complaint_id == c->id) {
            view->inspections[view->n_inspections] =
                shian_view_inspection(t, in, SHIAN_EYE_STAFF);

            if (view->inspections[view->n_inspections++] == NULL) {
                break;
            }
        }
    }

    shian_scan_close(&scan);

    return view->n_inspections == 0
           || view->inspections[view->n_inspections - 1] != NULL;
}


static bool
add_cases(shian_txn_t *t, const shian_board_t *b, const Shian__Complaint *c,
    Shian__ComplaintView *view)
{
    size_t        i;
    Shian__Case  *one;

    view->cases = shian_array(t->arena, c->n_cases + 1, sizeof(*view->cases));

    for (i = 0; view->cases != NULL && i < c->n_cases; i++) {
        one = shian_case_get(t, c->cases[i]);

        if (one != NULL) {
            view->cases[view->n_cases] = shian_view_case(t, one, b->role);

            if (view->cases[view->n_cases++] == NULL) {
                return false;
            }
        }
    }

    return view->cases != NULL;
}


/* ---- what can be done -----------------------------------------------------*/

static bool
is_done_once(const Shian__Complaint *c, const char *action)
{
    return strcmp(action, "extend") == 0
           && (c->extended || c->kind != SHIAN__COMPLAINT__KIND__report);
}


/* A filing has one: who asks for another is refused. */
static bool
has_case(shian_txn_t *t, const Shian__Complaint *c)
{
    Shian__Complaint  *record;

    record = shian_complaint_get(t, c->id);

    return record != NULL && shian_filing_case(t, record) != 0;
}


/* The first that leads on is the one that pages put forward. */
static bool
add_actions(shian_txn_t *t, const shian_board_t *b,
    const Shian__Complaint *c, Shian__ComplaintView *view)
{
    char                      *open[MAX_ACTIONS];
    size_t                     i, n;
    const shian_state_row_t   *row;

    n = shian_open_steps(SHIAN_FLOW_COMPLAINT, (int) c->state, b->role, open,
                         MAX_ACTIONS);
    view->actions = shian_array(t->arena, MAX_ACTIONS,
                                sizeof(*view->actions));

    for (i = 0; view->actions != NULL && i < n; i++) {
        row = shian_step(SHIAN_FLOW_COMPLAINT, (int) c->state, open[i]);

        if (row == NULL || is_done_once(c, open[i])) {
            continue;
        }

        view->actions[view->n_actions++] = open[i];

        if (view->next_action == NULL && row->to != row->from) {
            view->next_action = open[i];
        }
    }

    SET(view, may_look, !c->erased && (c->has_name || c->has_contact)
        && (b->role == ROLE(chief) || b->role == ROLE(admin)
            || (b->role == ROLE(officer) && b->user != NULL
                && (c->officer == b->user->id
                    || c->dispatched_to == b->user->id))));
    SET(view, may_open_case, b->role != ROLE(inspector) && c->has_venue
        && shian_is_substantiated(c) && !has_case(t, c));

    return view->actions != NULL;
}


/* Lists that the forms of its steps offer; programs have them elsewhere. */
static bool
add_forms(shian_txn_t *t, shian_board_t *b, const Shian__Complaint *c,
    Shian__ComplaintView *view)
{
    Shian__ChecklistView  *list;

    if (c->state == SHIAN__COMPLAINT__STATE__accepted
        || c->state == SHIAN__COMPLAINT__STATE__dispatched)
    {
        if (!shian_view_people(t, b, c, &view->people, &view->n_people)) {
            return false;
        }

        SET(view, suggested_due_on, b->today + DISPATCH_DAYS);
    }

    if (c->state == SHIAN__COMPLAINT__STATE__reported && c->has_venue) {
        list = shian_checklist_view(t);
        if (list == NULL) {
            return false;
        }

        view->checklist = list->heads;
        view->n_checklist = list->n_heads;
    }

    return true;
}


Shian__ComplaintView *
shian_view_complaint(shian_txn_t *t, const shian_keys_t *keys,
    shian_board_t *b, const Shian__Complaint *c)
{
    Shian__ComplaintView  *view;

    NEW(view, complaint_view);
    COPY(view, c, id);
    view->item = shian_view_board_item(t, b, c);
    COPY(view, c, due_by_weekends);
    COPY(view, c, looked_at);
    COPY(view, c, accepted_at);
    COPY(view, c, decided_at);
    COPY(view, c, ended_at);
    COPY(view, c, extended);
    COPY(view, c, reopened);
    COPY(view, c, rating);
    COPY(view, c, ground);
    COPY(view, c, merged_into);
    COPY(view, c, recommend);
    COPY(view, c, outcome);
    view->public_text = c->public_text;
    view->released = c->released;
    SET(view, today, b->today);

    return view->item != NULL && add_words(t, keys, c, view)
           && add_events(t, keys, c, view) && add_similar(t, b, c, view)
           && add_findings(t, b, c, view) && add_inspections(t, c, view)
           && add_cases(t, b, c, view) && add_actions(t, b, c, view)
           && add_forms(t, b, c, view) && t->err == 0 ? view : NULL;
}
