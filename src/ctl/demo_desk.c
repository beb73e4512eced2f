/*
 * The demo city's complaints: filed by diners, worked on by the bureau,
 * through what every door asks before it submits.
 */

#include "demo_deed.h"

#include "core/calendar.h"
#include "demo_story.h"
#include "domain/complaint.h"

#define DO(name)  SHIAN__COMPLAINT_STEP__ACTION__##name

/* One filing of so many shows a photo. */
#define PHOTO_EACH  9


static const shian_story_t *
story(const shian_doing_t *t)
{
    return &shian_stories[t->memory->story];
}


static const shian_subject_t *
subject(const shian_doing_t *t)
{
    return &shian_subjects[t->memory->subject];
}


static char *
text(const char *s)
{
    /* protobuf-c's strings are not const; nothing writes to them. */
    return (char *) (uintptr_t) s;
}


static bool
refused(shian_doing_t *t, const shian_report_t *report)
{
    (void) shian_ctl_fail(t->demo->ctl, "the demo was refused: %s",
                          shian_ctl_refusal(t->arena, report));

    return false;
}


static bool
read_store(shian_doing_t *t, shian_txn_t *txn, shian_report_t *report)
{
    shian_report_init(report);

    if (shian_txn_begin(t->demo->ctl->store, t->arena, false, txn) == 0) {
        return true;
    }

    (void) shian_ctl_fail(t->demo->ctl, "the store could not be read");

    return false;
}


/* ---- filing ---------------------------------------------------------------*/

/* Disputes are complaints; most of the rest only want somebody to look. */
static Shian__ComplaintPost__Kind
kind_of(shian_doing_t *t)
{
    switch (story(t)->kind) {
    case 'c':
        return SHIAN__COMPLAINT_POST__KIND__complaint;
    case 'r':
        return SHIAN__COMPLAINT_POST__KIND__report;
    case 'b':
        return SHIAN__COMPLAINT_POST__KIND__both;
    default:
        return subject(t)->item == NULL || shian_dice(&t->dice, 4) == 0
               ? SHIAN__COMPLAINT_POST__KIND__complaint
               : SHIAN__COMPLAINT_POST__KIND__report;
    }
}


static bool
give_name(shian_doing_t *t, Shian__ComplaintPost *body)
{
    const char  *name, *contact;

    name = t->memory->english ? "Alex Morgan"
           : shian_demo_person(&t->dice, t->arena);
    contact = shian_dice(&t->dice, 2) == 0
              ? shian_printf(t->arena, "diner%llu@example.com",
                             (unsigned long long) t->demo->complaints + 1)
              : shian_printf(t->arena, "0574-88%06u",
                             (unsigned) shian_dice(&t->dice, 1000000));

    if (name == NULL || contact == NULL) {
        return shian_deed_no_memory(t);
    }

    body->has_name = body->has_contact = 1;
    body->name = shian_binary(shian_str(name));
    body->contact = shian_binary(shian_str(contact));

    return true;
}


static bool
fill_filing(shian_doing_t *t, Shian__ComplaintPost *body)
{
    const char  *words;

    words = t->memory->english ? subject(t)->en[shian_dice(&t->dice, 2)]
            : subject(t)->zh[shian_dice(&t->dice, 3)];

    body->has_venue = body->has_kind = body->has_text = 1;
    body->venue = shian_deed_venue(t);
    body->kind = kind_of(t);
    body->category = text(subject(t)->category);
    body->text = shian_binary(shian_str(words));
    body->has_happened_on = 1;
    body->happened_on = shian_local_day(t->event->at, SHIAN_TZ_MINUTES)
                        - (int32_t) shian_dice(&t->dice, 3);

    if (t->event->venue < SHIAN_DEMO_PHOTOS
        && shian_dice(&t->dice, PHOTO_EACH) == 0)
    {
        body->n_photo = 1;
        body->photo = shian_deed_photo(t, false);

        if (body->photo == NULL) {
            return false;
        }
    }

    /* Half of those who may stay unknown do. */
    return (body->kind == SHIAN__COMPLAINT_POST__KIND__report
            && shian_dice(&t->dice, 2) == 0)
           || give_name(t, body);
}


static void
remember_filing(shian_doing_t *t, bool both)
{
    t->demo->complaints++;

    if (t->event->items != 0) {
        t->memory->twin = t->demo->complaints;
        return;
    }

    t->memory->complaint = t->demo->complaints;
    t->memory->halves = both;
    t->demo->complaints += both;
}


bool
shian_deed_file(shian_doing_t *t)
{
    bool                    ok;
    shian_txn_t             txn;
    shian_report_t          report;
    const shian_story_t    *s;
    Shian__ComplaintPost    body = SHIAN__COMPLAINT_POST__INIT;

    /* One about the same is about the same. */
    if (t->event->items == 0) {
        t->memory->story = t->event->n;
        s = story(t);
        t->memory->subject = (uint8_t) (s->subjects[0]
                             + shian_dice(&t->dice, s->subjects[1]));
        t->memory->english = shian_dice(&t->dice, 6) == 0;
    }

    if (!shian_deed_as_diner(t) || !fill_filing(t, &body)
        || !read_store(t, &txn, &report))
    {
        return false;
    }

    ok = shian_complaint_prepare(&txn, &t->demo->workdays, t->event->at,
                                 &body, &report);
    shian_txn_abort(&txn);

    if (!ok) {
        return refused(t, &report);
    }

    t->op.body_case = SHIAN__OPERATION__BODY_COMPLAINT_POST;
    t->op.complaint_post = &body;

    if (!shian_deed_queue_sealed(t, &body.base)) {
        return false;
    }

    remember_filing(t, body.kind == SHIAN__COMPLAINT_POST__KIND__both);

    return true;
}


/* ---- the bureau's steps ---------------------------------------------------*/

/* The offices outside have some themselves, one officer all others. */
static void
as_desk(shian_doing_t *t)
{
    if (t->event->user >= t->demo->plan.first[2] && t->event->venue % 3 != 0)
    {
        shian_deed_as_inspector(t);
    } else {
        shian_deed_as_officer(t);
    }
}


/* What it says, in the record or to the complainant. */
static void
write_down(shian_doing_t *t, Shian__ComplaintStep *body)
{
    bool           held = story(t)->held;
    shian_write_t  what;

    switch (body->action) {
    case DO(accept):
        what = SHIAN_WRITE_ACCEPT;
        break;
    case DO(dispatch):
        what = SHIAN_WRITE_DISPATCH;
        break;
    case DO(report):
        what = held ? SHIAN_WRITE_FOUND : SHIAN_WRITE_NOT_FOUND;
        break;
    case DO(decide):
        what = !held ? SHIAN_WRITE_NOT_HELD
               : subject(t)->item == NULL ? SHIAN_WRITE_SETTLED
               : SHIAN_WRITE_HELD;
        body->public_text = shian_story_write(&t->dice, what);
        return;
    case DO(close):
        what = SHIAN_WRITE_CLOSE;
        break;
    case DO(merge):
        what = SHIAN_WRITE_MERGE;
        break;
    case DO(note):
        what = SHIAN_WRITE_NOTE;
        break;
    case DO(extend):
        what = SHIAN_WRITE_EXTEND;
        break;
    case DO(release):
        body->text = text(subject(t)->released);
        return;
    default:
        return;
    }

    body->text = shian_story_write(&t->dice, what);
}


/* The breach that was found, and where the checklist has it. */
static bool
find_breach(shian_doing_t *t, Shian__ComplaintStep *body)
{
    size_t                          i;
    Shian__ComplaintStep__Breach   *b, **list;
    const Shian__Checklist         *c = t->demo->checklist;

    for (i = 0; i < c->n_items; i++) {
        if (strcmp(c->items[i]->code, subject(t)->item) == 0) {
            break;
        }
    }

    if (i == c->n_items) {
        return true;
    }

    b = shian_alloc(t->arena, sizeof(*b));
    list = shian_array(t->arena, 1, sizeof(*list));

    if (b == NULL || list == NULL) {
        return shian_deed_no_memory(t);
    }

    shian__complaint_step__breach__init(b);
    b->item = c->items[i]->code;
    b->note = text(shian_demo_note(b->item));
    list[0] = b;
    body->n_findings = 1;
    body->findings = list;

    t->memory->items = UINT64_C(1) << i;
    t->memory->finding = ++t->demo->findings;

    return true;
}


static bool
fill_step(shian_doing_t *t, Shian__ComplaintStep *body)
{
    shian_place_t  spot;

    body->has_action = 1;
    body->action = (Shian__ComplaintStep__Action) t->event->n;
    write_down(t, body);

    switch (body->action) {

    case DO(refuse):
        body->has_ground = 1;
        body->ground = shian_story_refuse(&t->dice, &body->text);
        return true;

    case DO(merge):
        body->has_into = 1;
        body->into = t->memory->complaint;
        return true;

    case DO(dispatch):
        body->has_to = body->has_due_on = 1;
        body->to = t->demo->staff[t->event->user];
        body->due_on = shian_local_day(t->event->at, SHIAN_TZ_MINUTES) + 5;
        return true;

    case DO(check_in):
        spot = shian_deed_spot(t, 8e-7);
        body->has_lat = body->has_lng = body->has_accuracy = 1;
        body->lat = spot.lat;
        body->lng = spot.lng;
        body->accuracy = 5 + (uint32_t) shian_dice(&t->dice, 30);
        return true;

    case DO(report):
        body->has_recommend = 1;
        body->recommend = story(t)->held
                          ? SHIAN__OUTCOME__KIND__substantiated
                          : SHIAN__OUTCOME__KIND__unsubstantiated;
        return true;

    case DO(decide):
        body->has_outcome = 1;
        body->outcome = story(t)->held
                        ? SHIAN__OUTCOME__KIND__substantiated
                        : SHIAN__OUTCOME__KIND__unsubstantiated;
        return !story(t)->held || subject(t)->item == NULL
               || find_breach(t, body);

    default:
        return true;
    }
}


static bool
step(shian_doing_t *t, uint64_t complaint, Shian__ComplaintStep *body)
{
    bool             ok;
    shian_txn_t      txn;
    shian_report_t   report;

    body->has_complaint = 1;
    body->complaint = complaint;

    if (!read_store(t, &txn, &report)) {
        return false;
    }

    ok = shian_complaint_step_prepare(&txn, &t->demo->workdays,
                                      t->event->at, body, &report);
    shian_txn_abort(&txn);

    if (!ok) {
        return refused(t, &report);
    }

    t->op.body_case = SHIAN__OPERATION__BODY_COMPLAINT_STEP;
    t->op.complaint_step = body;

    return shian_deed_queue(t);
}


/* Its clock rests on the record: that has to be in the store. */
static bool
settled(shian_doing_t *t)
{
    uint64_t  last;

    last = t->memory->twin > t->memory->complaint ? t->memory->twin
           : t->memory->complaint + t->memory->halves;

    return last <= t->demo->settled || shian_demo_settle(t->demo);
}


bool
shian_deed_handle(shian_doing_t *t)
{
    Shian__ComplaintStep  body = SHIAN__COMPLAINT_STEP__INIT;

    if (!settled(t) || !fill_step(t, &body)) {
        return false;
    }

    if (body.action == DO(check_in) || body.action == DO(report)) {
        shian_deed_as_inspector(t);
    } else {
        as_desk(t);
    }

    if (body.action == DO(merge)) {
        return step(t, t->memory->twin, &body);
    }

    return step(t, t->memory->complaint, &body)
           && (!t->memory->halves
               || step(t, t->memory->complaint + 1, &body));
}


bool
shian_deed_look(shian_doing_t *t)
{
    Shian__ContactView  body = SHIAN__CONTACT_VIEW__INIT;

    as_desk(t);
    body.has_complaint = 1;
    body.complaint = t->memory->complaint;
    body.reason = shian_story_write(&t->dice, SHIAN_WRITE_LOOK);
    t->op.body_case = SHIAN__OPERATION__BODY_CONTACT_VIEW;
    t->op.contact_view = &body;

    return shian_deed_queue(t);
}


/* ---- the complainant's, later ---------------------------------------------*/

static bool
fill_follow(shian_doing_t *t, Shian__ComplaintFollow *body)
{
    const char  *words;

    body->has_complaint = body->has_action = 1;
    body->complaint = t->memory->complaint;
    body->action = (Shian__ComplaintFollow__Action) t->event->n;

    switch (body->action) {

    case SHIAN__COMPLAINT_FOLLOW__ACTION__add:
    case SHIAN__COMPLAINT_FOLLOW__ACTION__reopen:
        words = shian_story_write(&t->dice, body->action
                                  == SHIAN__COMPLAINT_FOLLOW__ACTION__add
                                  ? SHIAN_WRITE_ADD : SHIAN_WRITE_REOPEN);
        body->has_text = 1;
        body->text = shian_binary(shian_str(words));
        return true;

    case SHIAN__COMPLAINT_FOLLOW__ACTION__rate:
        body->has_rating = 1;
        body->rating = 3 + (uint32_t) shian_dice(&t->dice, 3);
        return true;

    default:
        return true;
    }
}


bool
shian_deed_follow(shian_doing_t *t)
{
    bool                     ok;
    shian_txn_t              txn;
    shian_report_t           report;
    Shian__ComplaintFollow   body = SHIAN__COMPLAINT_FOLLOW__INIT;

    if (!settled(t) || !shian_deed_as_diner(t) || !fill_follow(t, &body)
        || !read_store(t, &txn, &report))
    {
        return false;
    }

    ok = shian_complaint_follow_prepare(&txn, &t->demo->workdays,
                                        t->event->at, &body, &report);
    shian_txn_abort(&txn);

    if (!ok) {
        return refused(t, &report);
    }

    t->op.body_case = SHIAN__OPERATION__BODY_COMPLAINT_FOLLOW;
    t->op.complaint_follow = &body;

    return body.has_text ? shian_deed_queue_sealed(t, &body.base)
           : shian_deed_queue(t);
}


/* ---- cases ----------------------------------------------------------------*/

static bool
open_case(shian_doing_t *t)
{
    Shian__CaseOpen  body = SHIAN__CASE_OPEN__INIT;

    body.has_venue = body.has_complaint = 1;
    body.venue = shian_deed_venue(t);
    body.complaint = t->memory->complaint;
    body.text = shian_story_write(&t->dice, SHIAN_WRITE_CASE);
    t->memory->enforcement = ++t->demo->cases;
    t->op.body_case = SHIAN__OPERATION__BODY_CASE_OPEN;
    t->op.case_open = &body;

    return shian_deed_queue(t);
}


static bool
fine(shian_doing_t *t, Shian__CaseStep *body)
{
    int32_t  y, m, d;

    body->has_penalty = 1;

    if (t->memory->story != SHIAN_STORY_FINED) {
        body->text = text("当事人及时改正，危害轻微，不予处罚。");
        return true;
    }

    shian_civil_from_day(shian_local_day(t->event->at, SHIAN_TZ_MINUTES), &y,
                         &m, &d);
    body->penalty = 1;
    body->has_published = body->published = 1;
    body->document_no = shian_printf(t->arena,
                            "甬奉市监处罚〔%d〕%llu号", (int) y,
                            (unsigned long long) t->memory->enforcement);
    body->text = shian_printf(t->arena, "未按要求整改，依照《中华人民共和国食品"
                              "安全法》责令改正，给予警告，罚款 %u 元。",
                              5000 + 1000
                              * (unsigned) shian_dice(&t->dice, 6));

    return (body->document_no != NULL && body->text != NULL)
           || shian_deed_no_memory(t);
}


bool
shian_deed_pursue(shian_doing_t *t)
{
    Shian__CaseStep  body = SHIAN__CASE_STEP__INIT;

    as_desk(t);

    if (t->event->n == SHIAN__CASE__STATE__opened) {
        return open_case(t);
    }

    body.has_case_id = body.has_action = 1;
    body.case_id = t->memory->enforcement;
    body.action = SHIAN__CASE_STEP__ACTION__close;

    if (t->event->n == SHIAN__CASE__STATE__decided) {
        body.action = SHIAN__CASE_STEP__ACTION__decide;

        if (!fine(t, &body)) {
            return false;
        }
    }

    t->op.body_case = SHIAN__OPERATION__BODY_CASE_STEP;
    t->op.case_step = &body;

    return shian_deed_queue(t);
}
