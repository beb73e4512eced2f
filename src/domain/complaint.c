#include "capabilities.h"
#include "complaint_parts.h"
#include "core/code.h"
#include "gallery.h"
#include "rules.h"
#include "states.h"

#define SEALED_MAX   16384      /* 4000 code points, and what sealing adds */

#define KIND(name)   SHIAN__COMPLAINT_POST__KIND__##name
#define STATE(name)  SHIAN__COMPLAINT__STATE__##name
#define DO(name)     SHIAN__COMPLAINT_FOLLOW__ACTION__##name


/* ---- filing ---------------------------------------------------------------*/

/*
 * One of the filings that a device has a day and venue, as review.c's turn: a
 * row each, kept a day longer than it can matter.
 */
static shian_rowkey_t
turn(shian_op_t *o, uint64_t venue, unsigned n)
{
    int64_t         expires;
    shian_rowkey_t  k;

    expires = ((int64_t) shian_op_day(o) + 2) * INT64_C(86400000);

    k.n = 0;
    shian_rowkey_be(&k, (uint64_t) expires, 8);
    shian_rowkey_be(&k, 'C', 1);
    shian_rowkey_be(&k, n, 1);
    shian_rowkey_be(&k, venue, 8);
    shian_rowkey_bytes(&k, o->op->actor->device.data,
                       o->op->actor->device.len);

    return k;
}


/* The first turn that is free, or SHIAN_COMPLAINTS_A_DAY. */
static unsigned
free_turn(shian_op_t *o, uint64_t venue)
{
    unsigned        n;
    shian_rowkey_t  k;

    for (n = 0; n < SHIAN_COMPLAINTS_A_DAY; n++) {
        k = turn(o, venue, n);

        if (!shian_spent(o->txn, shian_slice(k.b, k.n))) {
            break;
        }
    }

    return n;
}


bool
shian_lacks(shian_report_t *report, const char *field)
{
    static const char  code[] = "required";

    shian_fail_field(report, field, code, NULL);

    return false;
}


bool
shian_complaint_photos_named(shian_op_t *o, Shian__Photo **photos, size_t n)
{
    size_t  i;

    if (n > SHIAN_COMPLAINT_PHOTOS) {
        shian_fail_field(o->report, "photo", "too_many", NULL);
        return false;
    }

    for (i = 0; i < n; i++) {
        if (photos[i]->hash.len != SHIAN_HASH_SIZE) {
            return shian_fail(o->report, 400, "malformed",
                              "A photo has no hash.");
        }
    }

    return true;
}


static bool
sealed(bool has, ProtobufCBinaryData b)
{
    return !has || (b.len > 0 && b.len <= SEALED_MAX);
}


/* Which of the numbers drawn at the door are free; up to two. */
static size_t
free_numbers(shian_op_t *o, const Shian__ComplaintPost *op, char *number[2])
{
    char    text[sizeof("2026-11-30")];
    size_t  i, n;

    shian_date_format(shian_op_day(o), text);

    for (i = 0, n = 0; n < 2 && i < op->n_number; i++) {
        number[n] = shian_printf(o->arena, "%.4s%.2s%.2s-%.4s", text,
                                 text + 5, text + 8, op->number[i]);

        if (number[n] != NULL
            && shian_unique_get(o->txn, 'F', shian_str(number[n])) == 0
            && (n == 0 || strcmp(number[0], number[1]) != 0))
        {
            n++;
        }
    }

    return n;
}


/* Handles are random: one that is taken was never drawn. */
static bool
named(shian_op_t *o, const Shian__ComplaintPost *op)
{
    char    *number[2], text[SHIAN_HANDLE_LEN + 1];
    size_t   i, n;

    n = op->kind == KIND(both) ? 2 : 1;

    if (op->n_handle < n || op->n_public_id < n
        || op->n_number > SHIAN_NUMBERS
        || (n == 2 && (op->handle[0] == op->handle[1]
                       || op->public_id[0] == op->public_id[1])))
    {
        return false;
    }

    for (i = 0; i < n; i++) {
        shian_handle_text(op->public_id[i], text);

        if (op->handle[i] == 0
            || shian_complaint_of_handle(o->txn, op->handle[i]) != 0
            || shian_complaint_of_public(o->txn, shian_str(text)) != 0)
        {
            return false;
        }
    }

    for (i = 0; i < op->n_number; i++) {
        if (strlen(op->number[i]) != 4) {
            return false;
        }
    }

    return free_numbers(o, op, number) >= n;
}


/* What the door and its pages have put in. */
static bool
filled_in(shian_op_t *o, const Shian__ComplaintPost *op)
{
    int32_t              day, last;
    const Shian__Actor  *actor = o->op->actor;

    day = shian_op_day(o);
    last = day + shian_rules(o->rules)->clock_days;

    if (!op->has_severity || !op->has_look_due_at
        || (op->kind != KIND(report) && !op->has_complaint_due_on)
        || (op->kind != KIND(complaint) && !op->has_report_due_on)
        || (op->has_complaint_due_on
            && (op->complaint_due_on < day
                || op->complaint_due_on > last))
        || (op->has_report_due_on
            && (op->report_due_on < day
                || op->report_due_on > last)))
    {
        return shian_fail(o->report, 400, "malformed",
                          "Severity or due dates are missing.");
    }

    if (!sealed(op->has_text, op->text) || !sealed(op->has_name, op->name)
        || !sealed(op->has_contact, op->contact)
        || !sealed(op->has_place, op->place)
        || !op->has_vault || op->vault.len != SHIAN_ID_SIZE)
    {
        return shian_fail(o->report, 400, "malformed",
                          "What was written is not sealed.");
    }

    if (!named(o, op)) {
        return shian_fail(o->report, 400, "malformed",
                          "Handles or numbers are missing.");
    }

    /* The bureau's own people may write down what they were told. */
    if ((actor->has_device || actor->role == SHIAN__ROLE__KIND__public)
        && (actor->device.len < 8 || actor->device.len > 32))
    {
        return shian_fail(o->report, 400, "malformed", "No device.");
    }

    return true;
}


static void
check_fields(shian_op_t *o, const Shian__ComplaintPost *op)
{
    if (!op->has_venue && !op->has_place && !op->has_lat) {
        (void) shian_lacks(o->report, "venue");
    }

    if (op->has_venue && shian_venue_get(o->txn, op->venue) == NULL) {
        shian_fail_field(o->report, "venue", "unknown", NULL);
    }

    if (op->has_lat != op->has_lng) {
        shian_fail_field(o->report, "lat", "range", NULL);
    }

    if (!op->has_kind) {
        (void) shian_lacks(o->report, "kind");
    }

    if (op->category == NULL) {
        (void) shian_lacks(o->report, "category");
    }

    if (!op->has_text) {
        (void) shian_lacks(o->report, "text");
    }

    if (op->has_happened_on && op->happened_on > shian_op_day(o)) {
        shian_fail_field(o->report, "happened_on", "range",
                         "The day lies in the future.");
    }

    /* SAMR Order 121: who has a dispute says who they are. */
    if (op->kind != KIND(report) && !op->has_name) {
        (void) shian_lacks(o->report, "name");
    }

    if (op->kind != KIND(report) && !op->has_contact) {
        (void) shian_lacks(o->report, "contact");
    }
}


bool
shian_complaint_post_check(shian_op_t *o)
{
    const Shian__ComplaintPost  *op = o->op->complaint_post;

    check_fields(o, op);

    if (o->report->status != 200
        || !shian_complaint_photos_named(o, op->photo, op->n_photo)
        || !filled_in(o, op))
    {
        return false;
    }

    return !o->op->actor->has_device
           || free_turn(o, op->venue) < SHIAN_COMPLAINTS_A_DAY
           || shian_fail(o->report, 429, "too_many_today",
                         "Three filings a day about one place.");
}


/* The one record that both halves of a filing are made from. */
static void
begin(shian_op_t *o, const Shian__ComplaintPost *op, Shian__Complaint *c)
{
    const Shian__Venue  *v;

    v = op->has_venue ? shian_venue_get(o->txn, op->venue) : NULL;

    c->has_venue = v != NULL;
    c->venue = op->venue;
    c->category = op->category;
    c->has_severity = 1;
    c->severity = op->severity;
    c->has_at = c->has_state = c->has_state_since = 1;
    c->at = c->state_since = o->op->at;
    c->state = STATE(received);
    c->has_happened_on = op->has_happened_on;
    c->happened_on = op->happened_on;
    c->has_text = op->has_text;
    c->text = op->text;
    c->has_name = op->has_name;
    c->name = op->name;
    c->has_contact = op->has_contact;
    c->contact = op->contact;
    c->has_place = op->has_place;
    c->place = op->place;
    c->has_vault = op->has_vault;
    c->vault = op->vault;
    c->has_lat = op->has_lat;
    c->lat = op->lat;
    c->has_lng = op->has_lng;
    c->lng = op->lng;
    c->district = v != NULL ? v->district : op->district;
    c->photos = op->photo;
    c->n_photos = op->n_photo;
    c->has_device = o->op->actor->has_device;
    c->device = o->op->actor->device;
    c->has_due_by_weekends = op->has_due_by_weekends;
    c->due_by_weekends = op->due_by_weekends;
    c->has_look_due_at = op->has_look_due_at;
    c->look_due_at = op->look_due_at;
}


/* The ways by which it is found, and the number that people are told. */
static void
name(shian_op_t *o, Shian__Complaint *c, size_t half, char *number)
{
    char                         text[SHIAN_HANDLE_LEN + 1];
    shian_rowkey_t               k;
    const Shian__ComplaintPost  *op = o->op->complaint_post;

    shian_handle_text(op->public_id[half], text);
    c->has_handle = 1;
    c->handle = op->handle[half];
    c->number = number;
    c->public_id = shian_strdup(o->arena, shian_str(text));

    k = shian_rowkey_id(c->handle);
    shian_unique_put(o->txn, 'T', shian_slice(k.b, k.n), c->id);
    shian_unique_put(o->txn, 'O', shian_str(text), c->id);
    shian_unique_put(o->txn, 'F', shian_str(number), c->id);
}


static void
file(shian_op_t *o, const Shian__Complaint *common,
    Shian__Complaint__Kind kind, int32_t due_on, uint64_t id,
    uint64_t linked, char *number)
{
    Shian__Complaint       c = *common;
    Shian__ComplaintEvent  e = SHIAN__COMPLAINT_EVENT__INIT;

    c.has_id = c.has_kind = c.has_due_on = 1;
    c.id = id;
    c.kind = kind;
    c.due_on = due_on;
    c.has_linked = linked != 0;
    c.linked = linked;

    name(o, &c, linked != 0 && linked < id ? 1 : 0, number);
    shian_gallery_use(o, c.photos, c.n_photos, false);

    shian_complaint_tell(o, &c, "post", &e);
    shian_complaint_put(o, NULL, &c);
    shian_figure(o, &c, SHIAN_FIGURE_RECEIVED);
}


void
shian_complaint_post_apply(shian_op_t *o)
{
    char                        *number[2];
    uint64_t                     id;
    shian_rowkey_t               mine;
    Shian__Complaint             c = SHIAN__COMPLAINT__INIT;
    const Shian__ComplaintPost  *op = o->op->complaint_post;

    begin(o, op, &c);
    id = shian_next_id(o->txn, SHIAN_T_COMPLAINT);

    if (free_numbers(o, op, number) < (op->kind == KIND(both) ? 2u : 1u)) {
        o->txn->err = MDB_CORRUPTED;
        return;
    }

    if (op->kind != KIND(report)) {
        file(o, &c, SHIAN__COMPLAINT__KIND__complaint, op->complaint_due_on,
             id, op->kind == KIND(both) ? id + 1 : 0, number[0]);
    }

    if (op->kind != KIND(complaint)) {
        file(o, &c, SHIAN__COMPLAINT__KIND__report, op->report_due_on,
             op->kind == KIND(both) ? id + 1 : id,
             op->kind == KIND(both) ? id : 0,
             number[op->kind == KIND(both) ? 1 : 0]);
    }

    if (o->op->actor->has_device) {
        mine = turn(o, op->venue, free_turn(o, op->venue));
        shian_spend(o->txn, shian_slice(mine.b, mine.n));
    }

    shian_result(o, id, c.has_venue ? c.venue : 0);
    o->result.has_linked = op->kind == KIND(both);
    o->result.linked = op->kind == KIND(both) ? id + 1 : 0;
}


/* ---- the complainant's own steps ------------------------------------------*/

static const char *
action_of(const Shian__ComplaintFollow *op)
{
    return shian_action_name(&shian__complaint_follow__action__descriptor,
                             (int) op->action);
}


static bool
may_reopen(shian_op_t *o, const Shian__Complaint *c,
    const Shian__ComplaintFollow *op)
{
    if (c->reopened) {
        return shian_wrong_state(o, "It was reopened once before.");
    }

    if (shian_op_day(o) - shian_local_day(c->ended_at, SHIAN_TZ_MINUTES)
        > shian_rules(o->rules)->reopen_days)
    {
        return shian_wrong_state(o, "It was closed more than 30 days ago.");
    }

    if (!op->has_text) {
        return shian_lacks(o->report, "text");
    }

    return op->has_clock_on
           || shian_fail(o->report, 400, "malformed",
                         "The due date is missing.");
}


static bool
may_follow(shian_op_t *o, const Shian__Complaint *c,
    const Shian__ComplaintFollow *op)
{
    switch (op->action) {

    case DO(add):
        if (c->additions >= SHIAN_COMPLAINT_ADDITIONS) {
            return shian_wrong_state(o, "There is no room for more.");
        }
        return op->has_text || op->n_photo != 0
               || shian_lacks(o->report, "text");

    case DO(reopen):
        return may_reopen(o, c, op);

    case DO(rate):
        if (c->rating != 0) {
            return shian_wrong_state(o, "It was rated before.");
        }
        if (op->rating < 1 || op->rating > 5) {
            shian_fail_field(o->report, "rating", "range", NULL);
            return false;
        }
        return true;

    default:
        return true;
    }
}


bool
shian_complaint_follow_check(shian_op_t *o)
{
    Shian__Complaint              *c;
    const Shian__ComplaintFollow  *op = o->op->complaint_follow;

    c = shian_complaint_get(o->txn, op->complaint);

    if (c == NULL) {
        return shian_no_such(o, "There is no such complaint.");
    }

    if (!op->has_action) {
        return shian_lacks(o->report, "action");
    }

    if (shian_take_step(o, SHIAN_FLOW_COMPLAINT, (int) c->state,
                        action_of(op)) == NULL)
    {
        return false;
    }

    /* Whose words were erased gives no new ones. */
    if (c->erased) {
        return shian_wrong_state(o, "It was erased.");
    }

    if (!sealed(op->has_text, op->text)
        || (op->has_text && op->vault.len != SHIAN_ID_SIZE))
    {
        return shian_fail(o->report, 400, "malformed",
                          "What was written is not sealed.");
    }

    return shian_complaint_photos_named(o, op->photo, op->n_photo)
           && may_follow(o, c, op);
}


void
shian_complaint_follow_apply(shian_op_t *o)
{
    Shian__Complaint              *c, was;
    Shian__ComplaintEvent          e = SHIAN__COMPLAINT_EVENT__INIT;
    const Shian__ComplaintFollow  *op = o->op->complaint_follow;

    c = shian_complaint_get(o->txn, op->complaint);
    if (c == NULL) {
        return;
    }

    was = *c;
    e.has_added = op->has_text;
    e.added = op->text;
    e.has_vault = op->has_vault;
    e.vault = op->vault;
    e.photos = op->photo;
    e.n_photos = op->n_photo;

    shian_gallery_use(o, e.photos, e.n_photos, false);

    switch (op->action) {
    case DO(withdraw):
        shian_complaint_move(o, c, STATE(withdrawn));
        break;

    case DO(reopen):
        shian_figure_back(o, c);
        shian_complaint_move(o, c, STATE(accepted));
        c->has_reopened = c->reopened = 1;
        c->has_rating = c->rating = 0;
        c->has_due_on = 1;
        c->due_on = op->clock_on;
        c->has_due_by_weekends = op->has_due_by_weekends;
        c->due_by_weekends = op->due_by_weekends;
        break;

    case DO(rate):
        c->has_rating = e.has_rating = 1;
        c->rating = e.rating = op->rating;
        break;

    default:
        c->has_additions = 1;
        c->additions++;
    }

    shian_complaint_tell(o, c, action_of(op), &e);
    shian_complaint_put(o, &was, c);

    shian_result(o, c->id, c->has_venue ? c->venue : 0);
}
