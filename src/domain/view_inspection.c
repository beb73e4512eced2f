#include "view.h"

#include <inttypes.h>

#include "checkin.h"
#include "checklist.h"
#include "finding.h"
#include "safeguard.h"
#include "view_parts.h"

#define HEADS  SHIAN__CHECKLIST__HEAD__signs    /* the last, from 1 */


/* The heads with their counts, and where heads go by number. */
static bool
add_heads(shian_txn_t *t, const Shian__Inspection *in,
    const Shian__Checklist *list, Shian__InspectionView *view,
    Shian__HeadView *by[HEADS + 1])
{
    size_t                          i;
    Shian__HeadView                *h;
    const Shian__Checklist__Item   *it;

    memset(by, 0, (HEADS + 1) * sizeof(*by));
    view->heads = shian_array(t->arena, HEADS, sizeof(*view->heads));
    if (view->heads == NULL) {
        return false;
    }

    for (i = 0; i < in->n_items; i++) {
        it = shian_checklist_item(list, in->items[i]->code, i);

        if (it == NULL || it->head < 1 || it->head > HEADS) {
            continue;
        }

        h = by[it->head];

        if (h == NULL) {
            h = by[it->head] = shian_alloc(t->arena, sizeof(*h));
            if (h == NULL) {
                return false;
            }

            shian__head_view__init(h);
            SET(h, head, it->head);
            h->has_passed = h->has_failed = h->has_na = 1;
            view->heads[view->n_heads++] = h;
        }

        h->passed += in->items[i]->result == SHIAN__ANSWER__RESULT__pass;
        h->failed += in->items[i]->result == SHIAN__ANSWER__RESULT__fail;
        h->na += in->items[i]->result == SHIAN__ANSWER__RESULT__na;
    }

    return true;
}


/* What a list shows, and everybody may know. */
static Shian__InspectionView *
brief(shian_txn_t *t, const Shian__Inspection *in,
    const Shian__Checklist *list, Shian__HeadView *by[HEADS + 1])
{
    Shian__InspectionView  *view;

    NEW(view, inspection_view);
    COPY(view, in, id);
    COPY(view, in, venue);
    COPY(view, in, on);
    COPY(view, in, kind);
    COPY(view, in, by);
    COPY(view, in, passed);
    COPY(view, in, failed);
    COPY(view, in, na);
    COPY(view, in, on_site);
    COPY(view, in, score);
    COPY(view, in, state);
    view->source = in->source;

    if (in->n_items != 0) {
        view->checklist = in->checklist;
        view->href = shian_printf(t->arena, "/v/%" PRIu64 "/inspections/%"
                                  PRIu64, in->venue, in->id);
    }

    if (in->reply != NULL) {
        SET(view, replied_on, shian_local_day(in->replied_at,
                                              SHIAN_TZ_MINUTES));
        COPY(view, in, reply_removed);
        view->reply = in->reply_removed ? NULL : in->reply;
    }

    return add_heads(t, in, list, view, by) ? view : NULL;
}


static Shian__AnswerView *
answer(shian_txn_t *t, const Shian__Answer *a,
    const Shian__Checklist__Item *it, shian_eye_t eye)
{
    Shian__AnswerView  *view;

    NEW(view, answer_view);
    view->code = a->code;
    COPY(view, a, result);
    view->note = a->note;
    COPY(view, a, severity);
    COPY(view, a, deadline_on);

    if (a->photos_public || eye != SHIAN_EYE_PUBLIC) {
        view->photos = a->photos;
        view->n_photos = a->n_photos;
    }

    if (it != NULL) {
        COPY(view, it, head);
        view->text = it->text;
        view->text_en = it->text_en;
    }

    return view;
}


/* What was found failing comes first under each head. */
static bool
add_to_heads(shian_txn_t *t, const Shian__InspectionView *view,
    Shian__HeadView *by[HEADS + 1])
{
    bool                fails;
    size_t              i, pass;
    Shian__HeadView    *h;
    Shian__AnswerView  *a;

    for (i = 0; i < view->n_heads; i++) {
        h = view->heads[i];
        h->items = shian_array(t->arena, h->passed + h->failed + h->na,
                               sizeof(*h->items));
        if (h->items == NULL) {
            return false;
        }
    }

    for (pass = 0; pass < 2; pass++) {
        for (i = 0; i < view->n_items; i++) {
            a = view->items[i];
            fails = a->result == SHIAN__ANSWER__RESULT__fail;
            h = !a->has_head || a->head > HEADS ? NULL : by[a->head];

            if (h != NULL && fails == (pass == 0)) {
                h->items[h->n_items++] = a;
            }
        }
    }

    return true;
}


static bool
add_items(shian_txn_t *t, const Shian__Inspection *in,
    const Shian__Checklist *list, Shian__HeadView *by[HEADS + 1],
    shian_eye_t eye, Shian__InspectionView *view)
{
    size_t              i;
    Shian__AnswerView  *a;

    view->items = shian_array(t->arena, in->n_items, sizeof(*view->items));

    for (i = 0; view->items != NULL && i < in->n_items; i++) {
        a = answer(t, in->items[i],
                   shian_checklist_item(list, in->items[i]->code, i), eye);

        if (a == NULL) {
            return false;
        }

        view->items[view->n_items++] = a;
    }

    return view->items != NULL && add_to_heads(t, view, by);
}


static Shian__AnswerView *
answered(const Shian__InspectionView *view, const char *code)
{
    size_t  i;

    for (i = 0; i < view->n_items; i++) {
        if (strcmp(view->items[i]->code, code) == 0) {
            return view->items[i];
        }
    }

    return NULL;
}


/* What became of what it found, opened again or found put right. */
static void
add_outcomes(shian_txn_t *t, const Shian__Inspection *in,
    Shian__InspectionView *view)
{
    size_t              i;
    Shian__Finding     *f;
    Shian__AnswerView  *a;

    for (i = 0; i < in->n_findings; i++) {
        f = shian_finding_get(t, in->findings[i]);
        a = f == NULL ? NULL : answered(view, f->item);

        if (a == NULL) {
            continue;
        }

        COPY(a, f, deadline_on);
        SET(a, finding, f->id);
        SET(a, finding_state, f->state);

        if (f->has_verified_at) {
            SET(a, verified_on, shian_local_day(f->verified_at,
                                                SHIAN_TZ_MINUTES));
        }
    }
}


/* ---- beside the venue's own answers ---------------------------------------*/

/* The last visit that counts and has answers, NULL: none. */
static Shian__Inspection *
last_answered(shian_txn_t *t, uint64_t venue)
{
    shian_scan_t        scan;
    shian_rowkey_t      prefix = shian_rowkey_id(venue);
    Shian__Inspection  *in;

    shian_scan_open(&scan, t, SHIAN_T_INSPECTION, &prefix, NULL);

    do {
        in = !shian_scan_next(&scan) ? NULL
             : shian__inspection__unpack(&t->arena->pb, scan.value.n,
                                         scan.value.p);
    } while (in != NULL && (in->n_items == 0
                            || !shian_inspection_counts(in)));

    shian_scan_close(&scan);

    return in;
}


/* What the venue says of the item where the inspector said otherwise. */
static Shian__Answer__Result
otherwise(const Shian__SelfCheckRecord *own, const char *code,
    Shian__Answer__Result result, size_t near)
{
    size_t                i;
    const Shian__Answer  *a;

    /* Both come in the order of the checklist, or nearly. */
    for (i = 0; i < own->n_items; i++) {
        a = own->items[(near + i) % own->n_items];

        if (strcmp(a->code, code) == 0) {
            return a->result == result
                   || result == SHIAN__ANSWER__RESULT__na ? 0 : a->result;
        }
    }

    return 0;
}


static Shian__SelfCheckRecord *
self_check(shian_txn_t *t, uint64_t venue)
{
    return shian_get(t, SHIAN_T_SELF_CHECK, venue,
                     &shian__self_check_record__descriptor);
}


bool
shian_view_differs(shian_txn_t *t, uint64_t venue, Shian__SelfCheck *view)
{
    size_t                   i;
    Shian__Inspection       *in;
    Shian__SelfCheckRecord  *own;

    own = self_check(t, venue);
    in = own == NULL ? NULL : last_answered(t, venue);

    if (in == NULL) {
        return t->err == 0;
    }

    SET(view, differs, 0);
    view->href = shian_printf(t->arena, "/v/%" PRIu64 "/inspections/%" PRIu64,
                              venue, in->id);

    for (i = 0; i < in->n_items; i++) {
        view->differs += otherwise(own, in->items[i]->code,
                                   in->items[i]->result, i) != 0;
    }

    return view->href != NULL;
}


static void
add_self_check(shian_txn_t *t, const Shian__Inspection *in,
    Shian__InspectionView *view)
{
    size_t                   i;
    Shian__AnswerView       *a;
    Shian__Inspection       *last;
    Shian__SelfCheckRecord  *own;

    own = self_check(t, in->venue);
    last = own == NULL ? NULL : last_answered(t, in->venue);

    if (last == NULL || last->id != in->id) {
        return;
    }

    SET(view, self_check_on, shian_local_day(own->at, SHIAN_TZ_MINUTES));

    for (i = 0; i < view->n_items; i++) {
        a = view->items[i];
        a->self_check = otherwise(own, a->code, a->result, i);
        a->has_self_check = a->self_check != 0;
    }
}


/* ---- one inspection -------------------------------------------------------*/

/* What the bureau, and in part the venue, sees besides. */
static void
add_circumstances(shian_txn_t *t, const Shian__Inspection *in,
    shian_eye_t eye, Shian__InspectionView *view)
{
    Shian__User  *u;

    view->note = in->note;
    view->reason = in->reason;
    view->findings = in->findings;
    view->n_findings = in->n_findings;

    if (eye != SHIAN_EYE_STAFF) {
        return;
    }

    COPY(view, in, started_at);
    COPY(view, in, finished_at);
    COPY(view, in, lat);
    COPY(view, in, lng);
    COPY(view, in, accuracy);
    COPY(view, in, distance_m);
    view->flags = in->flags;
    view->n_flags = in->n_flags;
    u = in->user != 0 ? shian_user_get(t, in->user) : NULL;
    view->inspector = u == NULL ? NULL : u->name;
}


Shian__InspectionView *
shian_view_inspection(shian_txn_t *t, const Shian__Inspection *in,
    shian_eye_t eye)
{
    Shian__Venue           *v;
    Shian__HeadView        *by[HEADS + 1];
    Shian__Checklist       *list;
    Shian__InspectionView  *view;

    v = shian_venue_get(t, in->venue);
    list = in->checklist == NULL ? NULL
           : shian_checklist_version(t, in->checklist);
    view = brief(t, in, list, by);

    if (view == NULL || v == NULL
        || !add_items(t, in, list, by, eye, view))
    {
        return NULL;
    }

    view->venue_name = v->name;
    add_outcomes(t, in, view);
    add_self_check(t, in, view);

    if (eye != SHIAN_EYE_PUBLIC) {
        add_circumstances(t, in, eye, view);
    }

    return view;
}


/* The checklist of that version; the one of the line before costs nothing. */
static Shian__Checklist *
list_of(shian_txn_t *t, const Shian__Inspection *in, Shian__Checklist *last)
{
    if (in->checklist == NULL) {
        return NULL;
    }

    return last != NULL && strcmp(last->version, in->checklist) == 0
           ? last : shian_checklist_version(t, in->checklist);
}


Shian__InspectionList *
shian_view_inspections(shian_txn_t *t, uint64_t venue, shian_str_t after,
    size_t limit, bool all, shian_str_t *next)
{
    Shian__Venue           *v;
    shian_scan_t            scan;
    shian_rowkey_t          prefix;
    Shian__HeadView        *by[HEADS + 1];
    Shian__Checklist       *list;
    Shian__Inspection      *in;
    Shian__InspectionList  *view;

    *next = SHIAN_NONE;
    v = shian_venue_get(t, venue);
    if (v == NULL) {
        return NULL;
    }

    NEW(view, inspection_list);
    SET(view, venue, venue);
    view->venue_name = v->name;
    view->items = shian_array(t->arena, limit, sizeof(*view->items));

    if (view->items == NULL) {
        return NULL;
    }

    list = NULL;
    prefix = shian_rowkey_id(venue);
    shian_view_open(&scan, t, SHIAN_T_INSPECTION, &prefix, after);

    while (shian_scan_next(&scan)) {
        in = shian__inspection__unpack(&t->arena->pb, scan.value.n,
                                       scan.value.p);
        if (in == NULL) {
            break;
        }

        if (!all && !shian_inspection_counts(in)) {
            continue;
        }

        if (view->n_items == limit) {
            *next = after;
            break;
        }

        list = list_of(t, in, list);
        view->items[view->n_items] = brief(t, in, list, by);

        if (view->items[view->n_items] == NULL) {
            break;
        }

        view->n_items++;
        after = shian_view_keep(t, scan.key);
    }

    shian_scan_close(&scan);

    return view;
}


/* ---- findings and appeals -------------------------------------------------*/

static void
add_text(shian_txn_t *t, const Shian__Finding *f, Shian__FindingView *view)
{
    Shian__Checklist              *list;
    const Shian__Checklist__Item  *it;

    list = f->checklist == NULL ? NULL
           : shian_checklist_version(t, f->checklist);
    it = shian_checklist_item(list, f->item, 0);

    if (it != NULL) {
        COPY(view, it, head);
        view->text = it->text;
        view->text_en = it->text_en;
        view->guidance = it->guidance;
        view->guidance_en = it->guidance_en;
    }
}


Shian__FindingView *
shian_view_finding(shian_txn_t *t, const Shian__Finding *f, int32_t day)
{
    bool                 open;
    Shian__Venue        *v;
    Shian__FindingView  *view;

    v = shian_venue_get(t, f->venue);
    if (v == NULL) {
        return NULL;
    }

    NEW(view, finding_view);
    COPY(view, f, id);
    COPY(view, f, venue);
    view->venue_name = v->name;
    view->code = f->item;
    add_text(t, f, view);
    COPY(view, f, severity);
    COPY(view, f, state);
    SET(view, opened_on, shian_local_day(f->opened_at, SHIAN_TZ_MINUTES));
    COPY(view, f, deadline_on);
    COPY(view, f, repeats);
    COPY(view, f, inspection);
    view->note = f->note;
    view->photos = f->photos;
    view->n_photos = f->n_photos;
    view->submission = f->text;
    view->reason = f->reason;
    COPY(view, f, extended);
    view->extend_reason = f->extend_reason;

    open = f->state == SHIAN__FINDING__STATE__open
           || f->state == SHIAN__FINDING__STATE__submitted;

    if (open && day > f->deadline_on) {
        SET(view, overdue_days, (uint32_t) (day - f->deadline_on));
    } else if (open) {
        SET(view, days_left, (uint32_t) (f->deadline_on - day));
    }

    if (f->has_submitted_at) {
        SET(view, submitted_on, shian_local_day(f->submitted_at,
                                                SHIAN_TZ_MINUTES));
    }

    if (f->has_verified_at) {
        SET(view, verified_on, shian_local_day(f->verified_at,
                                               SHIAN_TZ_MINUTES));
    }

    return shian_view_photos(t, f->after, f->n_after, &view->after,
                             &view->n_after) ? view : NULL;
}


Shian__AppealView *
shian_view_appeal(shian_txn_t *t, const Shian__Appeal *a, shian_eye_t eye)
{
    Shian__Venue       *v;
    Shian__AppealView  *view;

    v = shian_venue_get(t, a->venue);
    if (v == NULL) {
        return NULL;
    }

    NEW(view, appeal_view);
    COPY(view, a, id);
    COPY(view, a, venue);
    view->venue_name = v->name;
    COPY(view, a, state);
    SET(view, filed_on, shian_local_day(a->at, SHIAN_TZ_MINUTES));
    COPY(view, a, due_on);
    COPY(view, a, colour);
    COPY(view, a, score);

    if (a->has_decided_at) {
        SET(view, decided_on, shian_local_day(a->decided_at,
                                              SHIAN_TZ_MINUTES));
        view->answer = a->answer;
    }

    if (eye == SHIAN_EYE_PUBLIC) {
        return view;
    }

    view->text = a->text;

    return shian_view_photos(t, a->photos, a->n_photos, &view->photos,
                             &view->n_photos) ? view : NULL;
}
