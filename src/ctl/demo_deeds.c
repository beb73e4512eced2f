#include "demo_deed.h"

#include "core/calendar.h"
#include "demo_photo.h"
#include "domain/finding.h"

/* Venues with photos: one of so many. */
#define PHOTOS_EACH  97

#define RESULT(name)  SHIAN__ANSWER__RESULT__##name


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
    d->settled = d->complaints;
    d->n = 0;
    shian_arena_free(&d->arena);

    return true;
}


bool
shian_deed_no_memory(const shian_doing_t *t)
{
    (void) shian_ctl_fail(t->demo->ctl, "memory has run out");

    return false;
}


bool
shian_deed_queue(shian_doing_t *t)
{
    shian_item_t  *item;

    item = &t->demo->items[t->demo->n];
    memset(item, 0, sizeof(*item));
    item->operation = shian_pack(t->arena, &t->op);

    if (item->operation.p == NULL) {
        return shian_deed_no_memory(t);
    }

    t->demo->n++;

    return true;
}


bool
shian_deed_queue_sealed(shian_doing_t *t, ProtobufCMessage *body)
{
    shian_item_t  item;
    shian_item_t  *queued;

    if (!shian_seal(body, &t->demo->ctl->keys, t->event->at, t->arena, &item))
    {
        return shian_deed_no_memory(t);
    }

    if (!shian_deed_queue(t)) {
        return false;
    }

    queued = &t->demo->items[t->demo->n - 1];
    queued->vault = item.vault;
    queued->sealed = item.sealed;
    queued->keys = item.keys;
    shian_vault_wipe(&item.vault);

    return true;
}


/* ---- who acts -------------------------------------------------------------*/

void
shian_deed_as_user(shian_doing_t *t, uint64_t user, Shian__Role__Kind role)
{
    t->actor.has_user = t->actor.has_role = 1;
    t->actor.user = user;
    t->actor.role = role;
    t->op.actor = &t->actor;
}


void
shian_deed_as_venue(shian_doing_t *t)
{
    t->actor.has_venue = t->actor.has_role = 1;
    t->actor.venue = shian_deed_venue(t);
    t->actor.role = SHIAN__ROLE__KIND__venue;
    t->op.actor = &t->actor;
}


/* Offices send officers, the two inner subdistricts their supervisors. */
void
shian_deed_as_inspector(shian_doing_t *t)
{
    shian_deed_as_user(t, t->demo->staff[t->event->user],
            t->event->user < t->demo->plan.first[2]
            ? SHIAN__ROLE__KIND__inspector : SHIAN__ROLE__KIND__officer);
}


void
shian_deed_as_officer(shian_doing_t *t)
{
    shian_deed_as_user(t, t->demo->officer, SHIAN__ROLE__KIND__officer);
}


bool
shian_deed_as_diner(shian_doing_t *t)
{
    uint8_t  *device;

    device = shian_alloc(t->arena, 16);

    if (device == NULL) {
        return shian_deed_no_memory(t);
    }

    shian_dice_bytes(&t->dice, device, 16);
    t->actor.has_role = t->actor.has_device = 1;
    t->actor.role = SHIAN__ROLE__KIND__public;
    t->actor.device = shian_binary(shian_slice(device, 16));
    t->op.actor = &t->actor;

    return true;
}


shian_place_t
shian_deed_spot(shian_doing_t *t, double degrees)
{
    shian_place_t  spot;

    spot = shian_demo_place(t->demo->plan.seed, shian_deed_venue(t));
    spot.lat += degrees * (double) (400 + shian_dice(&t->dice, 200));
    spot.lng += degrees * (double) (400 + shian_dice(&t->dice, 200));

    return spot;
}


/* ---- photos ---------------------------------------------------------------*/

static bool
has_photos(const shian_doing_t *t)
{
    return t->event->venue < SHIAN_DEMO_PHOTOS
           && t->event->venue % PHOTOS_EACH == 0;
}


Shian__Photo **
shian_deed_photo(shian_doing_t *t, bool clean)
{
    Shian__Photo  **list;

    list = shian_array(t->arena, 1, sizeof(*list));
    if (list == NULL
        || (list[0] = shian_alloc(t->arena, sizeof(**list))) == NULL)
    {
        (void) shian_deed_no_memory(t);
        return NULL;
    }

    return shian_demo_photo(t->demo->ctl, t->arena, &t->dice, clean,
                            t->event->at, list[0]) ? list : NULL;
}


/* Sent before the inspection that shows it, as a device does. */
static Shian__Photo **
send_photo(shian_doing_t *t)
{
    Shian__Photo    **list;
    Shian__PhotoPut   body = SHIAN__PHOTO_PUT__INIT;

    list = shian_deed_photo(t, false);
    if (list == NULL) {
        return NULL;
    }

    body.photo = list[0];
    t->op.body_case = SHIAN__OPERATION__BODY_PHOTO_PUT;
    t->op.photo_put = &body;

    return shian_deed_queue(t) ? list : NULL;
}


/* ---- the register ---------------------------------------------------------*/

static bool
join(shian_doing_t *t)
{
    Shian__Venue               v = SHIAN__VENUE__INIT;
    Shian__VenueUpsert         body = SHIAN__VENUE_UPSERT__INIT;
    const shian_event_t       *e = t->event;

    if (!shian_demo_venue(t->demo->plan.seed, t->arena, shian_deed_venue(t),
                          t->demo->plan.today, &v))
    {
        return shian_deed_no_memory(t);
    }

    v.has_licence_expires_on = 1;
    v.licence_expires_on = (int32_t) e->items;
    v.has_credit = e->n != 0;
    v.credit = (Shian__Venue__Credit) e->n;
    body.venue = &v;
    t->op.body_case = SHIAN__OPERATION__BODY_VENUE_UPSERT;
    t->op.venue_upsert = &body;

    return shian_deed_queue(t);
}


static bool
credit(shian_doing_t *t)
{
    Shian__Venue         v = SHIAN__VENUE__INIT;
    Shian__VenueUpsert   body = SHIAN__VENUE_UPSERT__INIT;

    v.has_id = v.has_credit = 1;
    v.id = shian_deed_venue(t);
    v.credit = (Shian__Venue__Credit) t->event->n;
    body.venue = &v;
    t->op.body_case = SHIAN__OPERATION__BODY_VENUE_UPSERT;
    t->op.venue_upsert = &body;

    return shian_deed_queue(t);
}


static bool
plaque(shian_doing_t *t)
{
    const shian_key_t    *key;
    Shian__PlaqueIssue    body = SHIAN__PLAQUE_ISSUE__INIT;

    key = shian_key_issuing(&t->demo->ctl->keys, SHIAN_KEY_PLAQUE);
    body.has_venue = body.has_plaque = body.has_key_no = 1;
    body.venue = shian_deed_venue(t);
    body.plaque = body.venue << 17 | shian_dice(&t->dice, 1 << 17);
    body.key_no = key == NULL ? 0 : key->no;
    t->op.body_case = SHIAN__OPERATION__BODY_PLAQUE_ISSUE;
    t->op.plaque_issue = &body;

    return shian_deed_queue(t);
}


static bool
set_status(shian_doing_t *t)
{
    Shian__VenueStatus  body = SHIAN__VENUE_STATUS__INIT;

    body.has_venue = body.has_status = 1;
    body.venue = shian_deed_venue(t);
    body.status = t->event->deed == SHIAN_DO_CLOSE
                  ? SHIAN__VENUE__STATUS__closed
                  : t->event->deed == SHIAN_DO_SUSPEND
                  ? SHIAN__VENUE__STATUS__suspended
                  : SHIAN__VENUE__STATUS__active;
    t->op.body_case = SHIAN__OPERATION__BODY_VENUE_STATUS;
    t->op.venue_status = &body;
    shian_deed_as_officer(t);

    return shian_deed_queue(t);
}


/* ---- the routine ----------------------------------------------------------*/

static bool
pass_night(shian_doing_t *t)
{
    Shian__DayPass  body = SHIAN__DAY_PASS__INIT;

    body.has_day = body.has_first = body.has_last = 1;
    body.day = shian_local_day(t->event->at, SHIAN_TZ_MINUTES);
    body.first = body.last = shian_deed_venue(t);
    t->op.body_case = SHIAN__OPERATION__BODY_DAY_PASS;
    t->op.day_pass = &body;

    return shian_deed_queue(t);
}


static bool
evaluate(shian_doing_t *t)
{
    int32_t                  y, m, day;
    Shian__EvaluationClose   body = SHIAN__EVALUATION_CLOSE__INIT;

    shian_civil_from_day(shian_local_day(t->event->at, SHIAN_TZ_MINUTES), &y,
                         &m, &day);
    body.has_venue = body.has_year = 1;
    body.venue = shian_deed_venue(t);
    body.year = (uint32_t) y - 1;
    t->op.body_case = SHIAN__OPERATION__BODY_EVALUATION_CLOSE;
    t->op.evaluation_close = &body;

    return shian_deed_queue(t);
}


/* ---- visits ---------------------------------------------------------------*/

static void
answer_fail(shian_doing_t *t, Shian__Answer *a,
    const Shian__Checklist__Item *item, int32_t day)
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
answers(shian_doing_t *t, uint64_t fails, int32_t day)
{
    size_t                          i;
    Shian__Answer                 **list, *a;
    shian_dice_t                    dice;
    const Shian__Checklist         *c = t->demo->checklist;
    const Shian__Checklist__Item   *item;

    dice = shian_dice_for(t->demo->plan.seed, shian_deed_venue(t), 2);
    list = shian_array(t->arena, c->n_items, sizeof(*list));
    a = shian_array(t->arena, c->n_items, sizeof(*a));
    if (list == NULL || a == NULL) {
        (void) shian_deed_no_memory(t);
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
show_photo(shian_doing_t *t, Shian__InspectionPost *body)
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
stand(shian_doing_t *t, Shian__InspectionPost *body)
{
    shian_place_t  spot;

    spot = shian_deed_spot(t, t->event->deed == SHIAN_DO_OFFSITE
                              ? 2e-5 : 8e-7);
    body->has_lat = body->has_lng = body->has_accuracy = 1;
    body->lat = spot.lat;
    body->lng = spot.lng;
    body->accuracy = 5 + (uint32_t) shian_dice(&t->dice, 30);
}


/* What it finds is opened at once, or when an officer has confirmed it. */
static void
remember_findings(shian_doing_t *t)
{
    t->memory->items = t->event->items;
    t->memory->finding = t->demo->findings + 1;
    t->demo->findings += (uint64_t)
                         __builtin_popcountll(t->event->items);
}


static bool
visit(shian_doing_t *t)
{
    int32_t                  day;
    Shian__InspectionPost    body = SHIAN__INSPECTION_POST__INIT;
    const shian_event_t     *e = t->event;

    shian_deed_as_inspector(t);
    body.has_venue = body.has_kind = 1;
    body.venue = shian_deed_venue(t);
    body.kind = e->deed == SHIAN_DO_AGAIN || e->deed == SHIAN_DO_PASSED
                ? SHIAN__INSPECTION__KIND__recheck
                : SHIAN__INSPECTION__KIND__routine;
    body.checklist = t->demo->checklist->version;
    body.has_started_at = body.has_finished_at = 1;
    body.finished_at = e->at;
    body.started_at = e->at - e->n * SHIAN_MINUTE_MS;
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

    return shian_deed_queue(t);
}


static bool
decide_visit(shian_doing_t *t)
{
    Shian__InspectionDecide  body = SHIAN__INSPECTION_DECIDE__INIT;

    shian_deed_as_officer(t);
    body.has_venue = body.has_inspection = body.has_action = 1;
    body.venue = shian_deed_venue(t);
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

    return shian_deed_queue(t);
}


static bool
reply(shian_doing_t *t)
{
    Shian__InspectionReply  body = SHIAN__INSPECTION_REPLY__INIT;

    shian_deed_as_venue(t);
    body.has_venue = body.has_inspection = 1;
    body.venue = shian_deed_venue(t);
    body.inspection = t->memory->inspection;
    body.text = shian_demo_say(&t->dice, SHIAN_SAY_REPLY);
    t->op.body_case = SHIAN__OPERATION__BODY_INSPECTION_REPLY;
    t->op.inspection_reply = &body;

    return shian_deed_queue(t);
}


/* ---- findings -------------------------------------------------------------*/

static bool
submit(shian_doing_t *t, uint64_t finding)
{
    Shian__FindingSubmit  body = SHIAN__FINDING_SUBMIT__INIT;

    shian_deed_as_venue(t);
    body.has_finding = 1;
    body.finding = finding;
    body.text = shian_demo_say(&t->dice, SHIAN_SAY_AFTER);

    if (has_photos(t) && finding == t->memory->finding) {
        body.n_photo = 1;
        body.photo = shian_deed_photo(t, true);

        if (body.photo == NULL) {
            return false;
        }
    }

    t->op.body_case = SHIAN__OPERATION__BODY_FINDING_SUBMIT;
    t->op.finding_submit = &body;

    return shian_deed_queue(t);
}


static bool
decide_finding(shian_doing_t *t, uint64_t finding)
{
    Shian__FindingDecide  body = SHIAN__FINDING_DECIDE__INIT;

    body.has_finding = body.has_action = 1;
    body.finding = finding;

    switch (t->event->deed) {

    case SHIAN_DO_EXTEND:
        shian_deed_as_officer(t);
        body.action = SHIAN__FINDING_DECIDE__ACTION__extend;
        body.reason = shian_demo_say(&t->dice, SHIAN_SAY_EXTEND);
        body.has_deadline_on = 1;
        body.deadline_on = shian_local_day(t->event->at, SHIAN_TZ_MINUTES)
                           + 15;
        break;

    case SHIAN_DO_REJECT:
        shian_deed_as_inspector(t);
        body.action = SHIAN__FINDING_DECIDE__ACTION__reject;
        body.reason = shian_demo_say(&t->dice, SHIAN_SAY_REJECT);
        break;

    default:
        shian_deed_as_inspector(t);
        body.action = SHIAN__FINDING_DECIDE__ACTION__verify;
    }

    t->op.body_case = SHIAN__OPERATION__BODY_FINDING_DECIDE;
    t->op.finding_decide = &body;

    return shian_deed_queue(t);
}


/* The same for each finding of the last visit. */
static bool
each_finding(shian_doing_t *t)
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
appeal(shian_doing_t *t)
{
    Shian__AppealFile  body = SHIAN__APPEAL_FILE__INIT;

    shian_deed_as_venue(t);
    body.has_venue = 1;
    body.venue = shian_deed_venue(t);
    body.text = shian_demo_say(&t->dice, SHIAN_SAY_APPEAL);
    t->memory->appeal = ++t->demo->appeals;
    t->op.body_case = SHIAN__OPERATION__BODY_APPEAL_FILE;
    t->op.appeal_file = &body;

    return shian_deed_queue(t);
}


static bool
decide_appeal(shian_doing_t *t)
{
    uint64_t              i, findings[64];
    Shian__AppealDecide   body = SHIAN__APPEAL_DECIDE__INIT;

    /* Not the one who was there. */
    shian_deed_as_user(t, t->demo->chief, SHIAN__ROLE__KIND__chief);
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

    return shian_deed_queue(t);
}


static bool
ask(shian_doing_t *t)
{
    Shian__ReinspectionAsk  body = SHIAN__REINSPECTION_ASK__INIT;

    shian_deed_as_venue(t);
    body.has_venue = 1;
    body.venue = shian_deed_venue(t);
    body.text = shian_demo_say(&t->dice, SHIAN_SAY_ASK);
    t->op.body_case = SHIAN__OPERATION__BODY_REINSPECTION_ASK;
    t->op.reinspection_ask = &body;

    return shian_deed_queue(t);
}


static bool
self_check(shian_doing_t *t)
{
    Shian__SelfCheckPost  body = SHIAN__SELF_CHECK_POST__INIT;

    shian_deed_as_venue(t);
    body.has_venue = 1;
    body.venue = shian_deed_venue(t);
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

    return shian_deed_queue(t);
}


/* ---- diners ---------------------------------------------------------------*/

static void
fill_review(shian_doing_t *t, Shian__ReviewPost *body, uint8_t scan[24])
{
    unsigned  i;
    uint64_t  expires;

    shian_dice_bytes(&t->dice, scan, 24);
    expires = t->event->at + SHIAN_DAY_MS;

    for (i = 0; i < 8; i++) {
        scan[i] = (uint8_t) (expires >> (56 - 8 * i));
    }

    body->has_venue = body->has_hygiene = body->has_scan = 1;
    body->has_food = body->has_service = 1;
    body->venue = shian_deed_venue(t);
    body->hygiene = t->event->n;
    body->food = 3 + (uint32_t) shian_dice(&t->dice, 3);
    body->service = 2 + (uint32_t) shian_dice(&t->dice, 4);
    body->has_text = shian_dice(&t->dice, 3) != 0;
    body->text = shian_binary(shian_str(shian_demo_words(&t->dice,
                                                         body->hygiene)));
    body->scan = shian_binary(shian_slice(scan, 24));
}


static bool
review(shian_doing_t *t)
{
    uint8_t             scan[24];
    Shian__ReviewPost   body = SHIAN__REVIEW_POST__INIT;

    if (!shian_deed_as_diner(t)) {
        return false;
    }

    fill_review(t, &body, scan);

    /* Words on the city's list wait for a moderator; grades do not. */
    body.has_hold = body.hold = t->event->n >= 3
                                && shian_dice(&t->dice, 60) == 0;

    if (has_photos(t) && body.has_text) {
        body.n_photo = 1;
        body.photo = shian_deed_photo(t, t->event->n > 3);

        if (body.photo == NULL) {
            return false;
        }
    }

    t->op.body_case = SHIAN__OPERATION__BODY_REVIEW_POST;
    t->op.review_post = &body;

    if (!shian_deed_queue_sealed(t, &body.base)) {
        return false;
    }

    t->demo->reviews++;
    t->memory->review = body.hold ? t->memory->review : t->demo->reviews;

    return true;
}


static bool
thank(shian_doing_t *t)
{
    Shian__ReviewReply  body = SHIAN__REVIEW_REPLY__INIT;

    if (t->memory->review == 0) {
        return true;
    }

    shian_deed_as_venue(t);
    body.has_review = 1;
    body.review = t->memory->review;
    body.text = shian_demo_say(&t->dice, SHIAN_SAY_THANKS);
    t->op.body_case = SHIAN__OPERATION__BODY_REVIEW_REPLY;
    t->op.review_reply = &body;

    return shian_deed_queue(t);
}


/* ---- all ------------------------------------------------------------------*/

static bool (*const  deeds[])(shian_doing_t *) = {
    [SHIAN_DO_JOIN] = join,
    [SHIAN_DO_PLAQUE] = plaque,
    [SHIAN_DO_NIGHT] = pass_night,
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
    [SHIAN_DO_CLOSE] = set_status,
    [SHIAN_DO_FILE] = shian_deed_file,
    [SHIAN_DO_HANDLE] = shian_deed_handle,
    [SHIAN_DO_FOLLOW] = shian_deed_follow,
    [SHIAN_DO_LOOK] = shian_deed_look,
    [SHIAN_DO_PURSUE] = shian_deed_pursue
};


bool
shian_demo_do(shian_demo_t *d, const shian_event_t *e)
{
    shian_doing_t  t;

    /* No event is more operations than a checklist has items. */
    if (d->n + 64 > SHIAN_DEMO_BATCH && !shian_demo_settle(d)) {
        return false;
    }

    t.demo = d;
    t.event = e;
    t.memory = &d->memory[e->venue];
    t.arena = &d->arena;
    t.dice = shian_dice_for(d->plan.seed, shian_deed_venue(&t),
                            e->at + d->operations + d->n);
    shian__actor__init(&t.actor);
    t.op = shian_ctl_operation(d->ctl);
    t.op.at = e->at;

    return deeds[e->deed](&t);
}
