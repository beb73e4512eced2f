#include "demo_deeds.h"

#include "core/calendar.h"
#include "demo_photo.h"
#include "domain/finding.h"

#define DAY_MS       UINT64_C(86400000)
#define MINUTE_MS    UINT64_C(60000)

/* Venues with photos: one of so many, and none of a larger city's rest. */
#define PHOTOS_EACH  97
#define PHOTOS_MOST  3800

#define RESULT(name)  SHIAN__ANSWER__RESULT__##name

/* An event while it becomes an operation. */
typedef struct {
    shian_demo_t        *demo;
    const shian_event_t *event;
    shian_memory_t      *memory;
    shian_arena_t       *arena;
    shian_dice_t         dice;
    Shian__Actor         actor;
    Shian__Operation     op;
} deed_t;


/* ---- the queue ------------------------------------------------------------*/

bool
shian_demo_settle(shian_demo_t *d)
{
    int             rc;
    size_t          i;
    shian_item_t  **order;

    order = shian_array(&d->arena, d->n, sizeof(*order));
    if (order == NULL) {
        (void) shian_ctl_fail(d->ctl, "memory has run out");
        return false;
    }

    for (i = 0; i < d->n; i++) {
        order[i] = &d->items[i];
    }

    rc = d->n == 0 ? 0 : shian_batch_run(d->ctl->store, &shian_machine,
                                         order, d->n);
    if (rc != 0) {
        (void) shian_ctl_fail(d->ctl, "the store could not write: %s",
                              mdb_strerror(rc));
        return false;
    }

    for (i = 0; i < d->n; i++) {
        if (d->items[i].report.status != 200) {
            (void) shian_ctl_fail(d->ctl, "the demo was refused: %s",
                                  shian_ctl_refusal(&d->ctl->arena,
                                                    &d->items[i].report));
            return false;
        }
    }

    d->operations += d->n;
    d->n = 0;
    shian_arena_free(&d->arena);

    return true;
}


static bool
no_memory(const deed_t *t)
{
    (void) shian_ctl_fail(t->demo->ctl, "memory has run out");

    return false;
}


static bool
queue(deed_t *t)
{
    shian_item_t  *item;

    item = &t->demo->items[t->demo->n];
    memset(item, 0, sizeof(*item));
    item->operation = shian_pack(t->arena, &t->op);

    if (item->operation.p == NULL) {
        return no_memory(t);
    }

    t->demo->n++;

    return true;
}


/* The store gives its first venue the number 1. */
static uint64_t
number(const deed_t *t)
{
    return t->event->venue + UINT64_C(1);
}


/* ---- who acts -------------------------------------------------------------*/

static void
as_user(deed_t *t, uint64_t user, Shian__Role__Kind role)
{
    t->actor.has_user = t->actor.has_role = 1;
    t->actor.user = user;
    t->actor.role = role;
    t->op.actor = &t->actor;
}


static void
as_venue(deed_t *t)
{
    t->actor.has_venue = t->actor.has_role = 1;
    t->actor.venue = number(t);
    t->actor.role = SHIAN__ROLE__KIND__venue;
    t->op.actor = &t->actor;
}


/* Offices send officers, the two inner subdistricts their supervisors. */
static void
as_inspector(deed_t *t)
{
    as_user(t, t->demo->staff[t->event->user],
            t->event->user < t->demo->plan.first[2]
            ? SHIAN__ROLE__KIND__inspector : SHIAN__ROLE__KIND__officer);
}


static void
as_officer(deed_t *t)
{
    as_user(t, t->demo->officer, SHIAN__ROLE__KIND__officer);
}


/* ---- photos ---------------------------------------------------------------*/

static bool
has_photos(const deed_t *t)
{
    return t->event->venue < PHOTOS_MOST
           && t->event->venue % PHOTOS_EACH == 0;
}


static Shian__Photo **
take_photo(deed_t *t, bool clean)
{
    Shian__Photo  **list;

    list = shian_array(t->arena, 1, sizeof(*list));
    if (list == NULL
        || (list[0] = shian_alloc(t->arena, sizeof(**list))) == NULL)
    {
        (void) no_memory(t);
        return NULL;
    }

    return shian_demo_photo(t->demo->ctl, t->arena, &t->dice, clean,
                            t->event->at, list[0]) ? list : NULL;
}


/* Sent before the inspection that shows it, as a device does. */
static Shian__Photo **
send_photo(deed_t *t)
{
    Shian__Photo    **list;
    Shian__PhotoPut   body = SHIAN__PHOTO_PUT__INIT;

    list = take_photo(t, false);
    if (list == NULL) {
        return NULL;
    }

    body.photo = list[0];
    t->op.body_case = SHIAN__OPERATION__BODY_PHOTO_PUT;
    t->op.photo_put = &body;

    return queue(t) ? list : NULL;
}


/* ---- the register ---------------------------------------------------------*/

static bool
join(deed_t *t)
{
    Shian__Venue               v = SHIAN__VENUE__INIT;
    Shian__VenueUpsert         body = SHIAN__VENUE_UPSERT__INIT;
    const shian_event_t       *e = t->event;

    if (!shian_demo_venue(t->demo->plan.seed, t->arena, number(t),
                          t->demo->plan.today, &v))
    {
        return no_memory(t);
    }

    v.has_licence_expires_on = 1;
    v.licence_expires_on = (int32_t) e->items;
    v.has_credit = e->n != 0;
    v.credit = (Shian__Venue__Credit) e->n;
    body.venue = &v;
    t->op.body_case = SHIAN__OPERATION__BODY_VENUE_UPSERT;
    t->op.venue_upsert = &body;

    return queue(t);
}


static bool
credit(deed_t *t)
{
    Shian__Venue         v = SHIAN__VENUE__INIT;
    Shian__VenueUpsert   body = SHIAN__VENUE_UPSERT__INIT;

    v.has_id = v.has_credit = 1;
    v.id = number(t);
    v.credit = (Shian__Venue__Credit) t->event->n;
    body.venue = &v;
    t->op.body_case = SHIAN__OPERATION__BODY_VENUE_UPSERT;
    t->op.venue_upsert = &body;

    return queue(t);
}


static bool
plaque(deed_t *t)
{
    const shian_key_t    *key;
    Shian__PlaqueIssue    body = SHIAN__PLAQUE_ISSUE__INIT;

    key = shian_key_issuing(&t->demo->ctl->keys, SHIAN_KEY_PLAQUE);
    body.has_venue = body.has_plaque = body.has_key_no = 1;
    body.venue = number(t);
    body.plaque = body.venue << 17 | shian_dice(&t->dice, 1 << 17);
    body.key_no = key == NULL ? 0 : key->no;
    t->op.body_case = SHIAN__OPERATION__BODY_PLAQUE_ISSUE;
    t->op.plaque_issue = &body;

    return queue(t);
}


static bool
set_status(deed_t *t)
{
    Shian__VenueStatus  body = SHIAN__VENUE_STATUS__INIT;

    body.has_venue = body.has_status = 1;
    body.venue = number(t);
    body.status = t->event->deed == SHIAN_DO_CLOSE
                  ? SHIAN__VENUE__STATUS__closed
                  : t->event->deed == SHIAN_DO_SUSPEND
                  ? SHIAN__VENUE__STATUS__suspended
                  : SHIAN__VENUE__STATUS__active;
    t->op.body_case = SHIAN__OPERATION__BODY_VENUE_STATUS;
    t->op.venue_status = &body;
    as_officer(t);

    return queue(t);
}


/* ---- the routine ----------------------------------------------------------*/

static bool
regrade(deed_t *t)
{
    Shian__VenueRegrade  body = SHIAN__VENUE_REGRADE__INIT;

    body.has_venue = 1;
    body.venue = number(t);
    t->op.body_case = SHIAN__OPERATION__BODY_VENUE_REGRADE;
    t->op.venue_regrade = &body;

    return queue(t);
}


static bool
evaluate(deed_t *t)
{
    int32_t                  y, m, day;
    Shian__EvaluationClose   body = SHIAN__EVALUATION_CLOSE__INIT;

    shian_civil_from_day(shian_local_day(t->event->at, SHIAN_TZ_MINUTES), &y,
                         &m, &day);
    body.has_venue = body.has_year = 1;
    body.venue = number(t);
    body.year = (uint32_t) y - 1;
    t->op.body_case = SHIAN__OPERATION__BODY_EVALUATION_CLOSE;
    t->op.evaluation_close = &body;

    return queue(t);
}


/* ---- visits ---------------------------------------------------------------*/

static void
answer_fail(deed_t *t, Shian__Answer *a, const Shian__Checklist__Item *item,
    int32_t day)
{
    const char  *note;

    note = shian_demo_note(item->code);
    a->result = RESULT(fail);
    a->note = (char *) (uintptr_t) note;
    a->has_severity = a->has_deadline_on = 1;
    a->severity = item->severity;
    a->deadline_on = day + shian_finding_days(item->severity);
}


/* Every item of the checklist; what the venue has not got it never has. */
static Shian__Answer **
answers(deed_t *t, uint64_t fails, int32_t day)
{
    size_t                          i;
    Shian__Answer                 **list, *a;
    shian_dice_t                    dice;
    const Shian__Checklist         *c = t->demo->checklist;
    const Shian__Checklist__Item   *item;

    dice = shian_dice_for(t->demo->plan.seed, number(t), 2);
    list = shian_array(t->arena, c->n_items, sizeof(*list));
    a = shian_array(t->arena, c->n_items, sizeof(*a));
    if (list == NULL || a == NULL) {
        (void) no_memory(t);
        return NULL;
    }

    for (i = 0; i < c->n_items; i++) {
        item = c->items[i];
        list[i] = &a[i];
        shian__answer__init(&a[i]);
        a[i].code = item->code;
        a[i].has_result = 1;
        a[i].result = RESULT(pass);

        if (fails >> i & 1) {
            answer_fail(t, &a[i], item, day);

        } else if (shian_demo_spared(item->code)
                   && shian_dice(&dice, 3) != 0)
        {
            a[i].result = RESULT(na);
        }
    }

    return list;
}


static bool
show_photo(deed_t *t, Shian__InspectionPost *body)
{
    Shian__Photo   **photo;
    Shian__Answer   *first;

    photo = send_photo(t);
    if (photo == NULL) {
        return false;
    }

    first = body->items[__builtin_ctzll(t->event->items)];
    first->n_photos = 1;
    first->photos = &photo[0]->hash;
    first->has_photos_public = first->photos_public = 1;

    return true;
}


/* Metres from the door, or kilometres. */
static void
stand(deed_t *t, Shian__InspectionPost *body)
{
    double         reach;
    shian_place_t  place;

    place = shian_demo_place(t->demo->plan.seed, number(t));
    reach = t->event->deed == SHIAN_DO_OFFSITE ? 2e-5 : 8e-7;
    body->has_lat = body->has_lng = body->has_accuracy = 1;
    body->lat = place.lat + reach * (double) (400
                                              + shian_dice(&t->dice, 200));
    body->lng = place.lng + reach * (double) (400
                                              + shian_dice(&t->dice, 200));
    body->accuracy = 5 + (uint32_t) shian_dice(&t->dice, 30);
}


/* What it finds is opened at once, or when an officer has confirmed it. */
static void
remember_findings(deed_t *t)
{
    t->memory->items = t->event->items;
    t->memory->finding = t->demo->findings + 1;
    t->demo->findings += (uint64_t)
                         __builtin_popcountll(t->event->items);
}


static bool
visit(deed_t *t)
{
    int32_t                  day;
    Shian__InspectionPost    body = SHIAN__INSPECTION_POST__INIT;
    const shian_event_t     *e = t->event;

    as_inspector(t);
    body.has_venue = body.has_kind = 1;
    body.venue = number(t);
    body.kind = e->deed == SHIAN_DO_AGAIN || e->deed == SHIAN_DO_PASSED
                ? SHIAN__INSPECTION__KIND__recheck
                : SHIAN__INSPECTION__KIND__routine;
    body.checklist = t->demo->checklist->version;
    body.has_started_at = body.has_finished_at = 1;
    body.finished_at = e->at;
    body.started_at = e->at - e->n * MINUTE_MS;
    day = shian_local_day(e->at, SHIAN_TZ_MINUTES);
    body.n_items = t->demo->checklist->n_items;
    body.items = answers(t, e->items, day);
    stand(t, &body);

    if (body.items == NULL
        || (has_photos(t) && e->items != 0 && !show_photo(t, &body)))
    {
        return false;
    }

    t->memory->inspection = ++t->demo->inspections;

    if (e->deed == SHIAN_DO_VISIT) {
        remember_findings(t);
    }

    t->op.body_case = SHIAN__OPERATION__BODY_INSPECTION_POST;
    t->op.inspection_post = &body;

    return queue(t);
}


static bool
decide_visit(deed_t *t)
{
    Shian__InspectionDecide  body = SHIAN__INSPECTION_DECIDE__INIT;

    as_officer(t);
    body.has_venue = body.has_inspection = body.has_action = 1;
    body.venue = number(t);
    body.inspection = t->memory->inspection;

    if (t->event->deed == SHIAN_DO_CONFIRM) {
        body.action = SHIAN__INSPECTION_DECIDE__ACTION__confirm;
        remember_findings(t);
    } else {
        body.action = SHIAN__INSPECTION_DECIDE__ACTION__reject;
        body.reason = shian_demo_say(&t->dice, SHIAN_SAY_DECLINE);
    }

    t->op.body_case = SHIAN__OPERATION__BODY_INSPECTION_DECIDE;
    t->op.inspection_decide = &body;

    return queue(t);
}


static bool
reply(deed_t *t)
{
    Shian__InspectionReply  body = SHIAN__INSPECTION_REPLY__INIT;

    as_venue(t);
    body.has_venue = body.has_inspection = 1;
    body.venue = number(t);
    body.inspection = t->memory->inspection;
    body.text = shian_demo_say(&t->dice, SHIAN_SAY_REPLY);
    t->op.body_case = SHIAN__OPERATION__BODY_INSPECTION_REPLY;
    t->op.inspection_reply = &body;

    return queue(t);
}


/* ---- findings -------------------------------------------------------------*/

static bool
submit(deed_t *t, uint64_t finding)
{
    Shian__FindingSubmit  body = SHIAN__FINDING_SUBMIT__INIT;

    as_venue(t);
    body.has_finding = 1;
    body.finding = finding;
    body.text = shian_demo_say(&t->dice, SHIAN_SAY_AFTER);

    if (has_photos(t) && finding == t->memory->finding) {
        body.n_photo = 1;
        body.photo = take_photo(t, true);

        if (body.photo == NULL) {
            return false;
        }
    }

    t->op.body_case = SHIAN__OPERATION__BODY_FINDING_SUBMIT;
    t->op.finding_submit = &body;

    return queue(t);
}


static bool
decide_finding(deed_t *t, uint64_t finding)
{
    Shian__FindingDecide  body = SHIAN__FINDING_DECIDE__INIT;

    body.has_finding = body.has_action = 1;
    body.finding = finding;

    switch (t->event->deed) {

    case SHIAN_DO_EXTEND:
        as_officer(t);
        body.action = SHIAN__FINDING_DECIDE__ACTION__extend;
        body.reason = shian_demo_say(&t->dice, SHIAN_SAY_EXTEND);
        body.has_deadline_on = 1;
        body.deadline_on = shian_local_day(t->event->at, SHIAN_TZ_MINUTES)
                           + 15;
        break;

    case SHIAN_DO_REJECT:
        as_inspector(t);
        body.action = SHIAN__FINDING_DECIDE__ACTION__reject;
        body.reason = shian_demo_say(&t->dice, SHIAN_SAY_REJECT);
        break;

    default:
        as_inspector(t);
        body.action = SHIAN__FINDING_DECIDE__ACTION__verify;
    }

    t->op.body_case = SHIAN__OPERATION__BODY_FINDING_DECIDE;
    t->op.finding_decide = &body;

    return queue(t);
}


/* The same for each finding of the last visit. */
static bool
each_finding(deed_t *t)
{
    bool      ok;
    uint64_t  i, n;

    n = (uint64_t) __builtin_popcountll(t->memory->items);

    for (ok = true, i = 0; ok && i < n; i++) {
        ok = t->event->deed == SHIAN_DO_SUBMIT
             ? submit(t, t->memory->finding + i)
             : decide_finding(t, t->memory->finding + i);
    }

    return ok;
}


/* ---- safeguards -----------------------------------------------------------*/

static bool
appeal(deed_t *t)
{
    Shian__AppealFile  body = SHIAN__APPEAL_FILE__INIT;

    as_venue(t);
    body.has_venue = 1;
    body.venue = number(t);
    body.text = shian_demo_say(&t->dice, SHIAN_SAY_APPEAL);
    t->memory->appeal = ++t->demo->appeals;
    t->op.body_case = SHIAN__OPERATION__BODY_APPEAL_FILE;
    t->op.appeal_file = &body;

    return queue(t);
}


static bool
decide_appeal(deed_t *t)
{
    uint64_t              i, findings[64];
    Shian__AppealDecide   body = SHIAN__APPEAL_DECIDE__INIT;

    /* Not the one who was there. */
    as_user(t, t->demo->chief, SHIAN__ROLE__KIND__chief);
    body.has_appeal = body.has_action = 1;
    body.appeal = t->memory->appeal;

    if (t->event->deed == SHIAN_DO_UPHOLD) {
        body.action = SHIAN__APPEAL_DECIDE__ACTION__uphold;
        body.text = shian_demo_say(&t->dice, SHIAN_SAY_UPHOLD);
        body.n_finding = (size_t) __builtin_popcountll(t->memory->items);
        body.finding = findings;

        for (i = 0; i < body.n_finding; i++) {
            findings[i] = t->memory->finding + i;
        }

    } else {
        body.action = SHIAN__APPEAL_DECIDE__ACTION__reject;
        body.text = shian_demo_say(&t->dice, SHIAN_SAY_DISMISS);
    }

    t->op.body_case = SHIAN__OPERATION__BODY_APPEAL_DECIDE;
    t->op.appeal_decide = &body;

    return queue(t);
}


static bool
ask(deed_t *t)
{
    Shian__ReinspectionAsk  body = SHIAN__REINSPECTION_ASK__INIT;

    as_venue(t);
    body.has_venue = 1;
    body.venue = number(t);
    body.text = shian_demo_say(&t->dice, SHIAN_SAY_ASK);
    t->op.body_case = SHIAN__OPERATION__BODY_REINSPECTION_ASK;
    t->op.reinspection_ask = &body;

    return queue(t);
}


static bool
self_check(deed_t *t)
{
    Shian__SelfCheckPost  body = SHIAN__SELF_CHECK_POST__INIT;

    as_venue(t);
    body.has_venue = 1;
    body.venue = number(t);
    body.checklist = t->demo->checklist->version;
    body.n_items = t->demo->checklist->n_items;
    body.items = answers(t, 0, 0);

    if (body.items == NULL) {
        return false;
    }

    /* Some are honest about one thing. */
    if (t->event->items < body.n_items) {
        body.items[t->event->items]->result = RESULT(fail);
    }

    t->op.body_case = SHIAN__OPERATION__BODY_SELF_CHECK_POST;
    t->op.self_check_post = &body;

    return queue(t);
}


/* ---- diners ---------------------------------------------------------------*/

static void
fill_review(deed_t *t, Shian__ReviewPost *body, uint8_t scan[24])
{
    unsigned  i;
    uint64_t  expires;

    shian_dice_bytes(&t->dice, scan, 24);
    expires = t->event->at + DAY_MS;

    for (i = 0; i < 8; i++) {
        scan[i] = (uint8_t) (expires >> (56 - 8 * i));
    }

    body->has_venue = body->has_hygiene = body->has_scan = 1;
    body->has_food = body->has_service = 1;
    body->venue = number(t);
    body->hygiene = t->event->n;
    body->food = 3 + (uint32_t) shian_dice(&t->dice, 3);
    body->service = 2 + (uint32_t) shian_dice(&t->dice, 4);
    body->has_text = shian_dice(&t->dice, 3) != 0;
    body->text = shian_binary(shian_str(shian_demo_words(&t->dice,
                                                         body->hygiene)));
    body->scan = shian_binary(shian_slice(scan, 24));
}


static bool
review(deed_t *t)
{
    uint8_t              device[16], scan[24];
    shian_str_t          id, row;
    shian_item_t        *item;
    Shian__ReviewPost    body = SHIAN__REVIEW_POST__INIT;

    shian_dice_bytes(&t->dice, device, sizeof(device));
    t->actor.has_role = t->actor.has_device = 1;
    t->actor.role = SHIAN__ROLE__KIND__public;
    t->actor.device = shian_binary(shian_slice(device, sizeof(device)));
    t->op.actor = &t->actor;
    fill_review(t, &body, scan);

    /* Words on the city's list wait for a moderator; grades do not. */
    body.has_hold = body.hold = t->event->n >= 3
                                && shian_dice(&t->dice, 60) == 0;

    if (has_photos(t) && body.has_text) {
        body.n_photo = 1;
        body.photo = take_photo(t, t->event->n > 3);

        if (body.photo == NULL) {
            return false;
        }
    }

    t->op.body_case = SHIAN__OPERATION__BODY_REVIEW_POST;
    t->op.review_post = &body;

    if (!shian_seal(&body.base, &t->demo->ctl->keys, t->event->at, t->arena,
                    &id, &row))
    {
        return no_memory(t);
    }

    if (!queue(t)) {
        return false;
    }

    item = &t->demo->items[t->demo->n - 1];
    item->vault_id = id;
    item->vault_row = row;

    t->demo->reviews++;
    t->memory->review = body.hold ? t->memory->review : t->demo->reviews;

    return true;
}


static bool
thank(deed_t *t)
{
    Shian__ReviewReply  body = SHIAN__REVIEW_REPLY__INIT;

    if (t->memory->review == 0) {
        return true;
    }

    as_venue(t);
    body.has_review = 1;
    body.review = t->memory->review;
    body.text = shian_demo_say(&t->dice, SHIAN_SAY_THANKS);
    t->op.body_case = SHIAN__OPERATION__BODY_REVIEW_REPLY;
    t->op.review_reply = &body;

    return queue(t);
}


/* ---- all ------------------------------------------------------------------*/

static bool (*const  deeds[])(deed_t *) = {
    [SHIAN_DO_JOIN] = join,
    [SHIAN_DO_PLAQUE] = plaque,
    [SHIAN_DO_NIGHT] = regrade,
    [SHIAN_DO_EVALUATE] = evaluate,
    [SHIAN_DO_CREDIT] = credit,
    [SHIAN_DO_VISIT] = visit,
    [SHIAN_DO_AGAIN] = visit,
    [SHIAN_DO_PASSED] = visit,
    [SHIAN_DO_OFFSITE] = visit,
    [SHIAN_DO_FAST] = visit,
    [SHIAN_DO_CONFIRM] = decide_visit,
    [SHIAN_DO_DECLINE] = decide_visit,
    [SHIAN_DO_SUBMIT] = each_finding,
    [SHIAN_DO_VERIFY] = each_finding,
    [SHIAN_DO_REJECT] = each_finding,
    [SHIAN_DO_EXTEND] = each_finding,
    [SHIAN_DO_REPLY] = reply,
    [SHIAN_DO_APPEAL] = appeal,
    [SHIAN_DO_UPHOLD] = decide_appeal,
    [SHIAN_DO_DISMISS] = decide_appeal,
    [SHIAN_DO_ASK] = ask,
    [SHIAN_DO_SELF_CHECK] = self_check,
    [SHIAN_DO_REVIEW] = review,
    [SHIAN_DO_THANK] = thank,
    [SHIAN_DO_SUSPEND] = set_status,
    [SHIAN_DO_RESUME] = set_status,
    [SHIAN_DO_CLOSE] = set_status
};


bool
shian_demo_do(shian_demo_t *d, const shian_event_t *e)
{
    deed_t  t;

    /* No event is more operations than a checklist has items. */
    if (d->n + 64 > SHIAN_DEMO_BATCH && !shian_demo_settle(d)) {
        return false;
    }

    t.demo = d;
    t.event = e;
    t.memory = &d->memory[e->venue];
    t.arena = &d->arena;
    t.dice = shian_dice_for(d->plan.seed, number(&t),
                            e->at + d->operations + d->n);
    shian__actor__init(&t.actor);
    t.op = shian_ctl_operation(d->ctl);
    t.op.at = e->at;

    return deeds[e->deed](&t);
}
