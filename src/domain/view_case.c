#include <inttypes.h>

#include "complaint_parts.h"
#include "states.h"
#include "view_board.h"
#include "view_parts.h"

#define MAX_ACTIONS    4
#define MAX_PENALTIES  10


static char *
name_of(shian_txn_t *t, uint64_t user)
{
    Shian__User  *u;

    u = user == 0 ? NULL : shian_user_get(t, user);

    return u == NULL ? NULL : u->name != NULL ? u->name : u->login;
}


/* ---- cases ----------------------------------------------------------------*/

Shian__CaseView *
shian_view_case(shian_txn_t *t, const Shian__Case *c, Shian__Role__Kind role)
{
    Shian__Venue     *v;
    Shian__CaseView  *view;

    NEW(view, case_view);
    COPY(view, c, id);
    COPY(view, c, venue);
    COPY(view, c, complaint);
    COPY(view, c, inspection);
    COPY(view, c, state);
    COPY(view, c, penalty);
    COPY(view, c, published);
    view->reason = c->reason;
    view->document_no = c->document_no;
    view->text = c->text;
    SET(view, opened_on, shian_local_day(c->at, SHIAN_TZ_MINUTES));
    view->opened_by = name_of(t, c->by);

    if (c->has_decided_at) {
        SET(view, decided_on, shian_local_day(c->decided_at,
                                              SHIAN_TZ_MINUTES));
        view->decided_by = name_of(t, c->decided_by);
    }

    if (c->has_closed_at) {
        SET(view, closed_on, shian_local_day(c->closed_at,
                                             SHIAN_TZ_MINUTES));
    }

    if (c->has_corrected_at) {
        SET(view, corrected_on, shian_local_day(c->corrected_at,
                                                SHIAN_TZ_MINUTES));
        view->corrected_by = name_of(t, c->corrected_by);
        view->correction = c->correction;
    }

    v = shian_venue_get(t, c->venue);

    if (v != NULL) {
        view->venue_name = v->name;
        view->district = v->district;
    }

    view->href = shian_printf(t->arena, "/desk/cases/%" PRIu64, c->id);
    view->actions = shian_array(t->arena, MAX_ACTIONS,
                                sizeof(*view->actions));
    if (view->actions == NULL) {
        return NULL;
    }

    view->n_actions = shian_open_steps(SHIAN_FLOW_CASE, (int) c->state, role,
                                       view->actions, MAX_ACTIONS);

    return view;
}


Shian__CaseList *
shian_view_cases(shian_txn_t *t, const shian_board_t *b, int state,
    shian_str_t after, size_t limit, shian_str_t *next)
{
    size_t            rows;
    Shian__Case      *c;
    Shian__Venue     *v;
    shian_str_t       last;
    shian_scan_t      scan;
    shian_rowkey_t    prefix = shian_complaint_prefix('s');
    Shian__CaseList  *list;

    *next = SHIAN_NONE;
    last = SHIAN_NONE;
    NEW(list, case_list);
    list->items = shian_array(t->arena, limit + 1, sizeof(*list->items));
    if (list->items == NULL) {
        return NULL;
    }

    if (state != 0) {
        shian_rowkey_be(&prefix, (uint64_t) state, 1);
    }

    shian_view_open(&scan, t, SHIAN_T_CASE_BY, &prefix, after);

    for (rows = 0; shian_scan_next(&scan); rows++) {

        if (list->n_items == limit || rows == SHIAN_BOARD_ROWS) {
            *next = shian_view_keep(t, last);
            break;
        }

        last = scan.key;
        c = shian_case_get(t, shian_by_id(scan.key));
        v = c == NULL ? NULL : shian_venue_get(t, c->venue);

        if (v != NULL && shian_in_reach(b->role, b->user, 0, v)) {
            list->items[list->n_items] = shian_view_case(t, c, b->role);

            if (list->items[list->n_items++] == NULL) {
                list = NULL;
                break;
            }
        }
    }

    shian_scan_close(&scan);

    return list;
}


bool
shian_view_penalties(shian_txn_t *t, uint64_t venue,
    Shian__PenaltyView ***out, size_t *n)
{
    Shian__Case         *c;
    shian_scan_t         scan;
    shian_rowkey_t       prefix = shian_complaint_prefix_id('g', venue);
    Shian__PenaltyView  *p;

    *n = 0;
    *out = shian_array(t->arena, MAX_PENALTIES, sizeof(**out));

    for (shian_scan_open(&scan, t, SHIAN_T_CASE_BY, &prefix, NULL);
         *out != NULL && *n < MAX_PENALTIES && shian_scan_next(&scan); )
    {
        c = shian_case_get(t, shian_by_id(scan.key));

        if (c == NULL || !c->published) {
            continue;
        }

        p = shian_alloc(t->arena, sizeof(*p));
        if (p == NULL) {
            *out = NULL;
            break;
        }

        shian__penalty_view__init(p);
        SET(p, on, shian_local_day(c->decided_at, SHIAN_TZ_MINUTES));
        p->document_no = c->document_no;
        p->text = c->text;
        (*out)[(*n)++] = p;
    }

    shian_scan_close(&scan);

    return *out != NULL;
}


/* ---- who looked at a contact ----------------------------------------------*/

static Shian__LookView *
look_view(shian_txn_t *t, const Shian__Look *look)
{
    Shian__LookView  *view;

    NEW(view, look_view);
    COPY(view, look, at);
    COPY(view, look, complaint);
    COPY(view, look, user);
    COPY(view, look, role);
    COPY(view, look, refused);
    view->reason = look->reason;
    view->name = name_of(t, look->user);

    return view;
}


/* Whose record is gone is the business of who has the city. */
static bool
sees_look(shian_txn_t *t, const shian_board_t *b, const Shian__Look *look)
{
    Shian__Complaint  *c;

    if (shian_has_city(b->user)) {
        return true;
    }

    c = shian_complaint_get(t, look->complaint);

    return c != NULL && shian_board_sees(t, b, c);
}


static bool
add_look(shian_txn_t *t, const shian_board_t *b, shian_str_t row,
    Shian__LookList *list)
{
    Shian__Look      *look;
    Shian__LookView  *view;

    look = shian__look__unpack(&t->arena->pb, row.n, row.p);

    if (look != NULL && !sees_look(t, b, look)) {
        return true;
    }

    view = look == NULL ? NULL : look_view(t, look);

    if (view != NULL) {
        list->items[list->n_items++] = view;
    }

    return view != NULL;
}


Shian__LookList *
shian_view_looks(shian_txn_t *t, const shian_board_t *b, shian_str_t after,
    size_t limit, shian_str_t *next)
{
    bool              ok;
    size_t            rows;
    shian_str_t       last;
    shian_scan_t      scan;
    shian_rowkey_t    all;
    Shian__LookList  *list;

    *next = SHIAN_NONE;
    last = SHIAN_NONE;
    all.n = 0;
    NEW(list, look_list);
    list->items = shian_array(t->arena, limit + 1, sizeof(*list->items));
    ok = list->items != NULL;
    shian_view_open(&scan, t, SHIAN_T_LOOK, &all, after);

    for (rows = 0; ok && shian_scan_next(&scan); rows++) {

        if (list->n_items == limit || rows == SHIAN_BOARD_ROWS) {
            *next = shian_view_keep(t, last);
            break;
        }

        last = scan.key;
        ok = add_look(t, b, scan.value, list);
    }

    shian_scan_close(&scan);

    return ok && t->err == 0 ? list : NULL;
}


/* ---- the venue's side -----------------------------------------------------*/

static Shian__VenueComplaint *
my_complaint(shian_txn_t *t, const Shian__Categories *all,
    const Shian__Complaint *c)
{
    const Shian__Category  *category;
    Shian__VenueComplaint  *view;

    view = shian_venue_complaint(t, c);

    if (view != NULL) {
        category = c->category == NULL ? NULL
                   : shian_category(all, c->category);
        view->category_text = category == NULL ? c->category
                                               : category->text;
        view->category_text_en = category == NULL ? c->category
                                                  : category->text_en;
    }

    return view;
}


Shian__MyComplaintList *
shian_view_my_complaints(shian_txn_t *t, uint64_t venue, uint64_t now_ms,
    shian_str_t after, size_t limit, shian_str_t *next)
{
    shian_str_t              last;
    shian_scan_t             scan;
    shian_rowkey_t           prefix;
    Shian__Complaint        *c;
    Shian__Categories       *all;
    Shian__MyComplaintList  *list;

    *next = SHIAN_NONE;
    last = SHIAN_NONE;
    NEW(list, my_complaint_list);
    list->items = shian_array(t->arena, limit + 1, sizeof(*list->items));
    all = shian_categories();

    if (list->items == NULL || all == NULL) {
        return NULL;
    }

    prefix = shian_complaint_prefix_id('v', venue);
    shian_view_open(&scan, t, SHIAN_T_COMPLAINT_BY, &prefix, after);

    while (shian_scan_next(&scan)) {

        if (list->n_items == limit) {
            *next = shian_view_keep(t, last);
            break;
        }

        last = scan.key;
        c = shian_complaint_get(t, shian_by_id(scan.key));

        if (c != NULL && shian_complaint_public(c, now_ms)) {
            list->items[list->n_items] = my_complaint(t, all, c);

            if (list->items[list->n_items++] == NULL) {
                list = NULL;
                break;
            }
        }
    }

    shian_scan_close(&scan);

    return list;
}
