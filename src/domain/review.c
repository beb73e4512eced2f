#include <errno.h>

#include "capabilities.h"
#include "evidence.h"
#include "gallery.h"
#include "tally.h"

#define STATE(name)  SHIAN__REVIEW__STATE__##name


/*
 * The id that a device spends to review a venue on the operation's local day:
 * one row, however many reviews the day brings.  It is kept a day longer than
 * it can matter, for it is swept by another clock than the operation's.
 */
static shian_rowkey_t
turn(shian_op_t *o, uint64_t venue)
{
    int64_t         expires;
    shian_rowkey_t  k;

    expires = ((int64_t) shian_op_day(o) + 2) * INT64_C(86400000);

    k.n = 0;
    shian_rowkey_be(&k, (uint64_t) expires, 8);
    shian_rowkey_be(&k, venue, 8);
    shian_rowkey_bytes(&k, o->op->actor->device.data,
                       o->op->actor->device.len);

    return k;
}


static bool
stars(uint32_t n, protobuf_c_boolean given)
{
    return given ? n >= 1 && n <= 5 : n == 0;
}


bool
shian_review_post_check(shian_op_t *o)
{
    Shian__Venue             *v;
    shian_rowkey_t            mine;
    const Shian__ReviewPost  *op = o->op->review_post;

    v = shian_venue_get(o->txn, op->venue);

    if (v == NULL) {
        return shian_no_such(o, "There is no such venue.");
    }

    if (v->status == SHIAN__VENUE__STATUS__closed) {
        return shian_wrong_state(o, "The venue is closed.");
    }

    if (!stars(op->hygiene, 1) || !stars(op->food, op->has_food)
        || !stars(op->service, op->has_service)
        || !shian_gallery_named(op->photo, op->n_photo))
    {
        return shian_fail(o->report, 400, "malformed",
                          "Stars are 1 to 5, photos have a hash.");
    }

    if (op->scan.len < 8 || !o->op->actor->has_device) {
        return shian_fail(o->report, 403, "scan_required",
                          "Scan the plaque first.");
    }

    if (shian_spent(o->txn, shian_bytes(op->scan))) {
        return shian_fail(o->report, 403, "scan_used",
                          "This scan has its review; scan again.");
    }

    mine = turn(o, op->venue);

    if (shian_spent(o->txn, shian_slice(mine.b, mine.n))) {
        return shian_fail(o->report, 409, "already_today",
                          "One review a day and venue.");
    }

    return true;
}


static void
queue(shian_op_t *o, const Shian__Review *r, uint64_t state, bool put)
{
    shian_rowkey_t  k;

    k = shian_review_key('s', state, r->at, r->id);

    if (put) {
        shian_index_put(o->txn, SHIAN_T_REVIEW_BY, &k, 1);
    } else {
        shian_row_del(o->txn, SHIAN_T_REVIEW_BY, &k);
    }

    shian_count_add(o->txn, 'q', SHIAN_NONE, (uint8_t) state, put ? 1 : -1);
}


static void
tell_photos(shian_op_t *o, const Shian__Review *r, int delta)
{
    size_t  i;

    for (i = 0; i < r->n_photos; i++) {
        shian_gallery_open(o, r->photos[i], delta);
    }
}


void
shian_review_forget_photos(shian_op_t *o, Shian__Review *r)
{
    size_t  i;

    if (r->state == STATE(published)) {
        tell_photos(o, r, -1);
    }

    for (i = 0; i < r->n_photos; i++) {
        shian_gallery_drop(o, r->photos[i]);
    }

    r->n_photos = 0;
    shian_put_record(o->txn, SHIAN_T_REVIEW, r->id, r);
}


/* The stars count while the review is published. */
static void
count_stars(shian_op_t *o, const Shian__Review *r, bool put)
{
    Shian__Evidence  e;

    if (!put) {
        shian_evidence_forget(o, r->venue, SHIAN_EVIDENCE(review), r->id);
        return;
    }

    e = shian_evidence(SHIAN_EVIDENCE(review), r->id);
    e.has_hygiene = 1;
    e.hygiene = r->hygiene;
    e.has_food = r->has_food;
    e.food = r->food;
    e.has_service = r->has_service;
    e.service = r->service;
    shian_evidence_put(o, r->venue, r->at, &e);
}


/* After a change: review, index and the venue's tally with its grade. */
static void
settle(shian_op_t *o, Shian__Review *r, Shian__Tally *tally)
{
    shian_put_record(o->txn, SHIAN_T_REVIEW, r->id, r);
    shian_review_index(o->txn, r);
    shian_settle(o, r->venue, tally);
    shian_result(o, r->id, r->venue);
}


void
shian_review_post_apply(shian_op_t *o)
{
    Shian__Tally             *tally;
    shian_rowkey_t            mine;
    Shian__Review             r = SHIAN__REVIEW__INIT;
    const Shian__ReviewPost  *op = o->op->review_post;

    tally = shian_tally_get(o->txn, op->venue);
    if (tally == NULL) {
        return;
    }

    r.has_id = r.has_venue = r.has_at = r.has_state = r.has_hygiene = 1;
    r.id = shian_next_id(o->txn, SHIAN_T_REVIEW);
    r.venue = op->venue;
    r.at = o->op->at;
    r.hygiene = op->hygiene;
    r.has_food = op->has_food;
    r.food = op->food;
    r.has_service = op->has_service;
    r.service = op->service;
    r.has_text = op->has_text;
    r.text = op->text;
    r.has_vault = op->has_vault;
    r.vault = op->vault;
    r.n_photos = op->n_photo;
    r.photos = op->photo;
    r.has_masked = op->has_masked;
    r.masked = op->masked;
    r.has_device = o->op->actor->has_device;
    r.device = o->op->actor->device;
    r.state = op->hold ? STATE(held) : STATE(published);

    shian_gallery_use(o, r.photos, r.n_photos, !op->hold);

    if (op->hold) {
        tally->has_reviews_held = 1;
        tally->reviews_held++;
        queue(o, &r, STATE(held), true);
    } else {
        count_stars(o, &r, true);
    }

    mine = turn(o, r.venue);
    shian_spend(o->txn, shian_bytes(op->scan));
    shian_spend(o->txn, shian_slice(mine.b, mine.n));
    settle(o, &r, tally);
}


/* The review of an operation, if its venue is the actor's to act on. */
static Shian__Review *
named(shian_op_t *o, uint64_t id)
{
    Shian__Review  *r;

    r = shian_review_get(o->txn, id);

    return shian_venue_of(o, r == NULL ? 0 : r->venue,
                          "There is no such review.") == NULL ? NULL : r;
}


/* The same, still published. */
static Shian__Review *
own_published(shian_op_t *o, uint64_t id)
{
    Shian__Review  *r;

    r = named(o, id);

    if (r == NULL) {
        return NULL;
    }

    if (r->state != STATE(published)) {
        (void) shian_wrong_state(o, "The review is not published.");
        return NULL;
    }

    return r;
}


bool
shian_review_reply_check(shian_op_t *o)
{
    Shian__Review  *r;

    r = own_published(o, o->op->review_reply->review);

    if (r != NULL && r->reply != NULL) {
        return shian_wrong_state(o, "There is one reply a review, and it "
                                 "is given.");
    }

    return r != NULL;
}


void
shian_review_reply_apply(shian_op_t *o)
{
    Shian__Tally   *tally;
    Shian__Review  *r;

    r = shian_review_get(o->txn, o->op->review_reply->review);
    tally = r == NULL ? NULL : shian_tally_get(o->txn, r->venue);

    if (tally != NULL) {
        r->reply = o->op->review_reply->text;
        r->has_replied_at = 1;
        r->replied_at = o->op->at;
        settle(o, r, tally);
    }
}


bool
shian_review_flag_check(shian_op_t *o)
{
    Shian__Review  *r;

    r = own_published(o, o->op->review_flag->review);

    if (r != NULL && r->has_flagged_at) {
        return shian_wrong_state(o, "It was flagged before.");
    }

    return r != NULL;
}


void
shian_review_flag_apply(shian_op_t *o)
{
    Shian__Tally   *tally;
    Shian__Review  *r;

    r = shian_review_get(o->txn, o->op->review_flag->review);
    tally = r == NULL ? NULL : shian_tally_get(o->txn, r->venue);

    if (tally != NULL) {
        r->flag = o->op->review_flag->text;
        r->has_flagged_at = 1;
        r->flagged_at = o->op->at;
        queue(o, r, SHIAN_FLAGGED, true);
        settle(o, r, tally);
    }
}


/*
 * The queue knows; instants do not, since clocks step back and two operations
 * share a millisecond.
 */
bool
shian_review_flag_waits(shian_txn_t *t, const Shian__Review *r)
{
    shian_str_t     v;
    shian_rowkey_t  k;

    k = shian_review_key('s', SHIAN_FLAGGED, r->at, r->id);

    return shian_row_get(t, SHIAN_T_REVIEW_BY, &k, &v);
}


/* What was removed is public again by a chief who says why. */
static bool
may_correct(shian_op_t *o, const Shian__ReviewDecide *op)
{
    if (o->op->actor->role != SHIAN__ROLE__KIND__chief
        && o->op->actor->role != SHIAN__ROLE__KIND__admin)
    {
        return shian_fail(o->report, 403, "forbidden",
                          "A chief corrects a removal.");
    }

    if (op->text == NULL || op->text[0] == '\0') {
        shian_fail_field(o->report, "text", "required", NULL);
        return false;
    }

    return true;
}


bool
shian_review_decide_check(shian_op_t *o)
{
    Shian__Review              *r;
    const Shian__ReviewDecide  *op = o->op->review_decide;

    r = named(o, op->review);

    if (r == NULL) {
        return false;
    }

    if (op->action == SHIAN__REVIEW_DECIDE__ACTION__remove) {

        if (!op->has_reason) {
            shian_fail_field(o->report, "reason", "required", NULL);
            return false;
        }

        return r->state != STATE(removed)
               || shian_wrong_state(o, "It was removed before.");
    }

    if (r->state == STATE(removed)) {
        return may_correct(o, op);
    }

    return r->state != STATE(published) || shian_review_flag_waits(o->txn, r)
           || shian_wrong_state(o, "It is published already.");
}


/* A step beside those that were taken before. */
static void
note_step(shian_op_t *o, Shian__Review *r)
{
    size_t                      i;
    Shian__Review__Step        *s, **all;
    const Shian__ReviewDecide  *op = o->op->review_decide;

    s = shian_alloc(o->arena, sizeof(*s));
    all = shian_array(o->arena, r->n_steps + 1, sizeof(*all));

    if (s == NULL || all == NULL) {
        o->txn->err = ENOMEM;
        return;
    }

    shian__review__step__init(s);
    s->has_at = s->has_by = s->has_state = 1;
    s->at = o->op->at;
    s->by = o->op->actor->user;
    s->state = r->state;
    s->has_ground = r->has_ground;
    s->ground = r->ground;
    s->reason = op->text;

    for (i = 0; i < r->n_steps; i++) {
        all[i] = r->steps[i];
    }

    all[r->n_steps++] = s;
    r->steps = all;
}


void
shian_review_decide_apply(shian_op_t *o)
{
    bool                        was, is;
    Shian__Tally               *tally;
    Shian__Review              *r;
    const Shian__ReviewDecide  *op = o->op->review_decide;

    r = shian_review_get(o->txn, op->review);
    tally = r == NULL ? NULL : shian_tally_get(o->txn, r->venue);

    if (tally == NULL) {
        return;
    }

    if (shian_review_flag_waits(o->txn, r)) {
        queue(o, r, SHIAN_FLAGGED, false);
    }

    if (r->state == STATE(held)) {
        queue(o, r, STATE(held), false);
        tally->reviews_held--;
    }

    if (r->state == STATE(removed)) {
        queue(o, r, STATE(removed), false);
        tally->reviews_removed--;
    }

    was = r->state == STATE(published);
    is = op->action == SHIAN__REVIEW_DECIDE__ACTION__publish;

    if (was != is) {
        count_stars(o, r, is);
        tell_photos(o, r, is ? 1 : -1);
    }

    r->state = is ? STATE(published) : STATE(removed);
    r->has_ground = !is;
    r->ground = op->reason;
    r->has_decided_at = r->has_decided_by = 1;
    r->decided_at = o->op->at;
    r->decided_by = o->op->actor->user;
    note_step(o, r);

    if (!is) {
        queue(o, r, STATE(removed), true);
        tally->has_reviews_removed = 1;
        tally->reviews_removed++;
    }

    settle(o, r, tally);
}
