#include "view.h"

#include <inttypes.h>

#include "core/wire.h"
#include "checkin.h"
#include "checklist.h"
#include "finding.h"
#include "safeguard.h"
#include "shown.h"
#include "view_parts.h"

#define HEADS  SHIAN__CHECKLIST__HEAD__signs    /* the last, from 1 */


/* ---- answers where they lie -----------------------------------------------*/

/* Fields of Answer. */
enum { CODE = 1, RESULT = 2 };

typedef struct {
    shian_str_t            code;
    Shian__Answer__Result  result;
} said_t;


/*
 * The row as a message but for its answers, which are most of it and stay
 * packed, in the map.  NULL: no such thing, or no memory.
 */
static void *
without_answers(shian_txn_t *t, const ProtobufCMessageDescriptor *desc,
    shian_str_t row, shian_str_t *answers)
{
    size_t          before, after;
    uint8_t        *p;
    uint32_t        id;
    shian_str_t     rest;
    shian_wire_t    f;
    const uint8_t  *at;

    id = protobuf_c_message_descriptor_get_field_by_name(desc, "items")->id;
    *answers = SHIAN_NONE;

    /* Fields are packed in the order of their numbers: ours in one piece. */
    for (rest = row, at = row.p; shian_wire_next(&rest, &f); at = rest.p) {
        if (f.id == id) {
            answers->p = answers->n == 0 ? at : answers->p;
            answers->n = (size_t) (rest.p - answers->p);
        }
    }

    if (answers->n == 0) {
        return protobuf_c_message_unpack(desc, &t->arena->pb, row.n, row.p);
    }

    before = (size_t) (answers->p - row.p);
    after = row.n - before - answers->n;

    p = shian_alloc(t->arena, before + after);
    if (p == NULL) {
        return NULL;
    }

    memcpy(p, row.p, before);
    memcpy(p + before, answers->p + answers->n, after);

    return protobuf_c_message_unpack(desc, &t->arena->pb, before + after, p);
}


/* Takes the first of packed answers; false: none is left. */
static bool
next_answer(shian_str_t *answers, said_t *a)
{
    shian_str_t   rest;
    shian_wire_t  item, f;

    if (!shian_wire_next(answers, &item)) {
        return false;
    }

    a->code = SHIAN_NONE;
    a->result = 0;

    /* The result follows the code; notes and photos are passed over. */
    for (rest = item.bytes; a->result == 0 && shian_wire_next(&rest, &f); ) {
        if (f.id == CODE) {
            a->code = f.bytes;
        }

        if (f.id == RESULT) {
            a->result = (Shian__Answer__Result) f.number;
        }
    }

    return true;
}


/* ---- in a list ------------------------------------------------------------*/

/* Counts an answer under its head; by: where heads go by number. */
static bool
add_answer(shian_txn_t *t, const Shian__Checklist__Item *it,
    Shian__Answer__Result result, Shian__InspectionView *view,
    Shian__HeadView *by[HEADS + 1])
{
    Shian__HeadView  *h;

    if (it == NULL || it->head < 1 || it->head > HEADS) {
        return true;
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

    h->passed += result == SHIAN__ANSWER__RESULT__pass;
    h->failed += result == SHIAN__ANSWER__RESULT__fail;
    h->na += result == SHIAN__ANSWER__RESULT__na;

    return true;
}


/* What a list shows, and everybody may know; heads are to be counted yet. */
static Shian__InspectionView *
brief(shian_txn_t *t, const Shian__Inspection *in, bool answered)
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

    if (answered) {
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

    view->heads = shian_array(t->arena, HEADS, sizeof(*view->heads));

    return view->heads == NULL ? NULL : view;
}


static Shian__InspectionView *
listed(shian_txn_t *t, const Shian__Inspection *in, shian_str_t answers,
    const Shian__Checklist *list)
{
    size_t                  i;
    said_t                  a;
    Shian__HeadView        *by[HEADS + 1] = { NULL };
    Shian__InspectionView  *view;

    view = brief(t, in, answers.n != 0);

    for (i = 0; view != NULL && next_answer(&answers, &a); i++) {
        if (!add_answer(t, shian_checklist_coded(list, a.code, i), a.result,
                        view, by))
        {
            return NULL;
        }
    }

    return view;
}


/* ---- in full --------------------------------------------------------------*/

/* at, first: see shown.h; at NULL: of the photos, what is published. */
static Shian__AnswerView *
answer(shian_txn_t *t, const Shian__Answer *a,
    const Shian__Checklist__Item *it, const char *at, uint64_t first)
{
    Shian__AnswerView  *view;

    NEW(view, answer_view);
    view->code = a->code;
    COPY(view, a, result);
    view->note = a->note;
    COPY(view, a, severity);
    COPY(view, a, deadline_on);

    if (a->photos_public || at != NULL) {
        view->photos = a->photos;
        view->n_photos = a->n_photos;

        if (!shian_view_hashes(t, at, first, a->photos, a->n_photos,
                               &view->images, &view->n_images))
        {
            return NULL;
        }
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
    const Shian__Checklist *list, shian_eye_t eye,
    Shian__InspectionView *view)
{
    size_t                          i;
    uint64_t                        first;
    const char                     *at;
    Shian__HeadView                *by[HEADS + 1] = { NULL };
    Shian__AnswerView              *a;
    const Shian__Checklist__Item   *it;

    at = shian_record_at(t, eye, "inspections", in->id);
    first = 1;
    view->items = shian_array(t->arena, in->n_items, sizeof(*view->items));

    for (i = 0; view->items != NULL && i < in->n_items; i++) {
        it = shian_checklist_item(list, in->items[i]->code, i);
        a = answer(t, in->items[i], it, at, first);
        first += in->items[i]->n_photos;

        if (a == NULL || !add_answer(t, it, a->result, view, by)) {
            return false;
        }

        view->items[view->n_items++] = a;
    }

    return view->items != NULL && add_to_heads(t, view, by);
}


/* What became of what it found, found again or found put right. */
static bool
add_outcomes(shian_txn_t *t, const Shian__Inspection *in,
    Shian__InspectionView *view)
{
    size_t              i;
    Shian__Finding     *f;
    Shian__AnswerView  *a;

    view->findings = shian_array(t->arena, view->n_items + 1,
                                 sizeof(*view->findings));

    for (i = 0; view->findings != NULL && i < view->n_items; i++) {
        a = view->items[i];
        f = shian_finding_found(t, in->venue, a->code,
                                SHIAN__MARK__SOURCE__visit, in->id);

        if (f == NULL) {
            continue;
        }

        view->findings[view->n_findings++] = f->id;
        COPY(a, f, deadline_on);
        SET(a, finding, f->id);
        SET(a, finding_state, f->state);

        if (f->has_verified_at) {
            SET(a, verified_on, shian_local_day(f->verified_at,
                                                SHIAN_TZ_MINUTES));
        }
    }

    return view->findings != NULL;
}


/* ---- beside the venue's own answers ---------------------------------------*/

/* The last visit that counts and has answers, which stay packed; NULL: none. */
static Shian__Inspection *
last_answered(shian_txn_t *t, uint64_t venue, shian_str_t *answers)
{
    shian_scan_t        scan;
    shian_rowkey_t      prefix = shian_rowkey_id(venue);
    Shian__Inspection  *in;

    shian_scan_open(&scan, t, SHIAN_T_INSPECTION, &prefix, NULL);

    do {
        in = !shian_scan_next(&scan) ? NULL
             : without_answers(t, &shian__inspection__descriptor, scan.value,
                               answers);
    } while (in != NULL && (answers->n == 0 || !shian_inspection_counts(in)));

    shian_scan_close(&scan);

    return in;
}


/* The venue's own answers, packed; near: where to look first. */
typedef struct {
    shian_str_t  all;
    shian_str_t  near;
} own_t;


/* What the venue says of the item where the inspector said otherwise. */
static Shian__Answer__Result
otherwise(own_t *own, shian_str_t code, Shian__Answer__Result result)
{
    int          pass;
    said_t       a;
    shian_str_t  rest;

    /* Both come in the order of the checklist, or nearly. */
    for (pass = 0; pass < 2; pass++) {
        rest = pass == 0 ? own->near : own->all;

        while (next_answer(&rest, &a)) {
            if (shian_str_eq(a.code, code)) {
                own->near = rest;
                return a.result == result
                       || result == SHIAN__ANSWER__RESULT__na ? 0 : a.result;
            }
        }
    }

    return 0;
}


static Shian__SelfCheckRecord *
self_check(shian_txn_t *t, uint64_t venue, own_t *own)
{
    shian_str_t              row;
    shian_rowkey_t           k = shian_rowkey_id(venue);
    Shian__SelfCheckRecord  *r;

    r = !shian_row_get(t, SHIAN_T_SELF_CHECK, &k, &row) ? NULL
        : without_answers(t, &shian__self_check_record__descriptor, row,
                          &own->all);
    own->near = own->all;

    return r;
}


bool
shian_view_differs(shian_txn_t *t, uint64_t venue, Shian__SelfCheck *view)
{
    own_t               own;
    said_t              a;
    shian_str_t         answers;
    Shian__Inspection  *in;

    in = self_check(t, venue, &own) == NULL ? NULL
         : last_answered(t, venue, &answers);

    if (in == NULL) {
        return t->err == 0;
    }

    SET(view, differs, 0);
    view->href = shian_printf(t->arena, "/v/%" PRIu64 "/inspections/%" PRIu64,
                              venue, in->id);

    while (next_answer(&answers, &a)) {
        view->differs += otherwise(&own, a.code, a.result) != 0;
    }

    return view->href != NULL;
}


static void
add_self_check(shian_txn_t *t, const Shian__Inspection *in,
    Shian__InspectionView *view)
{
    own_t                    own;
    size_t                   i;
    shian_str_t              answers;
    Shian__AnswerView       *a;
    Shian__Inspection       *last;
    Shian__SelfCheckRecord  *r;

    r = self_check(t, in->venue, &own);
    last = r == NULL ? NULL : last_answered(t, in->venue, &answers);

    if (last == NULL || last->id != in->id) {
        return;
    }

    SET(view, self_check_on, shian_local_day(r->at, SHIAN_TZ_MINUTES));

    for (i = 0; i < view->n_items; i++) {
        a = view->items[i];
        a->self_check = otherwise(&own, shian_str(a->code), a->result);
        a->has_self_check = a->self_check != 0;
    }
}


/* ---- one inspection -------------------------------------------------------*/

/* What the bureau, and in part the venue, sees besides. */
static bool
add_steps(shian_txn_t *t, const Shian__Inspection *in,
    Shian__InspectionView *view)
{
    size_t                       i;
    Shian__User                 *u;
    Shian__InspectionStepView   *s;

    view->steps = shian_array(t->arena, in->n_steps + 1,
                              sizeof(*view->steps));

    for (i = 0; view->steps != NULL && i < in->n_steps; i++) {
        s = shian_alloc(t->arena, sizeof(*s));

        if (s == NULL) {
            return false;
        }

        shian__inspection_step_view__init(s);
        COPY(s, in->steps[i], at);
        COPY(s, in->steps[i], state);
        COPY(s, in->steps[i], corrects);
        s->reason = in->steps[i]->reason;
        u = in->steps[i]->by == 0 ? NULL
            : shian_user_get(t, in->steps[i]->by);
        s->by = u == NULL ? NULL : u->name;
        view->steps[view->n_steps++] = s;
    }

    return view->steps != NULL;
}


static bool
add_circumstances(shian_txn_t *t, const Shian__Inspection *in,
    shian_eye_t eye, Shian__InspectionView *view)
{
    Shian__User  *u;

    view->note = in->note;
    view->reason = in->reason;

    if (eye != SHIAN_EYE_STAFF) {
        return true;
    }

    /* When it was, not what the device's clock showed. */
    SET(view, started_at, in->began_at);
    SET(view, finished_at, in->ended_at);
    COPY(view, in, lat);
    COPY(view, in, lng);
    COPY(view, in, accuracy);
    COPY(view, in, distance_m);
    view->flags = in->flags;
    view->n_flags = in->n_flags;
    u = in->user != 0 ? shian_user_get(t, in->user) : NULL;
    view->inspector = u == NULL ? NULL : u->name;

    return add_steps(t, in, view);
}


Shian__InspectionView *
shian_view_inspection(shian_txn_t *t, const Shian__Inspection *in,
    shian_eye_t eye)
{
    Shian__Venue           *v;
    Shian__Checklist       *list;
    Shian__InspectionView  *view;

    v = shian_venue_get(t, in->venue);
    list = in->checklist == NULL ? NULL
           : shian_checklist_version(t, in->checklist);
    view = brief(t, in, in->n_items != 0);

    if (view == NULL || v == NULL || !add_items(t, in, list, eye, view))
    {
        return NULL;
    }

    view->venue_name = v->name;
    add_self_check(t, in, view);

    if (!add_outcomes(t, in, view)) {
        return NULL;
    }

    if (eye == SHIAN_EYE_PUBLIC) {
        view->n_findings = 0;
    } else if (!add_circumstances(t, in, eye, view)) {
        return NULL;
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


size_t
shian_view_visits(shian_txn_t *t, uint64_t venue, shian_str_t after,
    size_t limit, bool all, Shian__InspectionView **views, shian_str_t *next)
{
    size_t               n;
    shian_scan_t         scan;
    shian_str_t          answers;
    shian_rowkey_t       prefix;
    Shian__Checklist    *list;
    Shian__Inspection   *in;

    n = 0;
    list = NULL;
    prefix = shian_rowkey_id(venue);
    shian_view_open(&scan, t, SHIAN_T_INSPECTION, &prefix, after);

    while ((n < limit || next != NULL) && shian_scan_next(&scan)) {
        in = without_answers(t, &shian__inspection__descriptor, scan.value,
                             &answers);
        if (in == NULL) {
            break;
        }

        if (!all && !shian_inspection_counts(in)) {
            continue;
        }

        if (n == limit) {
            *next = after;
            break;
        }

        list = list_of(t, in, list);
        views[n] = listed(t, in, answers, list);

        if (views[n] == NULL) {
            break;
        }

        n++;
        after = shian_view_keep(t, scan.key);
    }

    shian_scan_close(&scan);

    return n;
}


Shian__InspectionList *
shian_view_inspections(shian_txn_t *t, uint64_t venue, shian_str_t after,
    size_t limit, bool all, shian_str_t *next)
{
    Shian__Venue           *v;
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

    view->n_items = shian_view_visits(t, venue, after, limit, all,
                                      view->items, next);

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
shian_view_finding(shian_txn_t *t, const Shian__Finding *f, shian_eye_t eye,
    int32_t day)
{
    bool                 open;
    char                *at;
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

    at = shian_record_at(t, eye, "findings", f->id);

    return shian_view_hashes(t, at, 1, f->photos, f->n_photos, &view->photos,
                             &view->n_photos)
           && shian_view_photos(t, at, f->n_photos + 1, f->after, f->n_after,
                                &view->after, &view->n_after) ? view : NULL;
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

    return shian_view_photos(t, shian_record_at(t, eye, "appeals", a->id), 1,
                             a->photos, a->n_photos, &view->photos,
                             &view->n_photos) ? view : NULL;
}
