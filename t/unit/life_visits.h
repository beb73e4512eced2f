/*
 * The part of a city's life that has to do with inspections; included by
 * life.h, whose world it uses.
 */

#ifndef LIFE_VISITS_H
#define LIFE_VISITS_H

#include "domain/checkin.h"
#include "domain/finding.h"
#include "domain/safeguard.h"

static const char *const  codes[] = { "L1", "L2", "P1", "P2", "E1", "W1" };


static Shian__Answer **
some_answers(world_t *w, Shian__Operation *op, size_t *n)
{
    size_t           i;
    Shian__Answer  **list, *a;

    *n = chance(w, 1) ? 0 : SHIAN_COUNT(codes);
    list = shian_array(&w->city.arena, SHIAN_COUNT(codes), sizeof(*list));

    for (i = 0; i < *n; i++) {
        a = list[i] = shian_zalloc(&w->city.arena, sizeof(*a));
        shian__answer__init(a);
        a->code = (char *) codes[i];
        a->has_result = !chance(w, 1) || !chance(w, 10);
        a->result = chance(w, 60) ? SHIAN__ANSWER__RESULT__pass
                                  : (Shian__Answer__Result) (1 + pick(w, 3));
        a->note = chance(w, 30) ? "油污" : NULL;

        if (a->result == SHIAN__ANSWER__RESULT__fail) {
            a->has_severity = a->has_deadline_on = 1;
            a->severity = (Shian__Severity__Kind) pick(w, 3);
            a->deadline_on = (int32_t) (op->at / DAY_MS)
                             + (int32_t) pick(w, 15);
        }

        if (chance(w, 10)) {
            a->n_photos = 1;
            a->photos = shian_array(&w->city.arena, 1, sizeof(*a->photos));
            a->photos[0] = bytes(w, 32, 1000 + pick(w, 200));
            a->has_photos_public = a->photos_public = chance(w, 50);
        }
    }

    return list;
}


/* Mostly at its door, by where the venue is now. */
static void
stand_near(world_t *w, Shian__InspectionPost *p)
{
    shian_txn_t    t;
    Shian__Venue  *v;

    assert_int_equal(shian_txn_begin(w->city.store, &w->city.arena, false,
                                     &t), 0);
    v = shian_venue_get(&t, p->venue);
    shian_txn_abort(&t);

    if (v != NULL && v->has_lat && chance(w, 90)) {
        p->has_lat = p->has_lng = p->has_accuracy = 1;
        p->lat = v->lat + (double) pick(w, 100) / 1e5;
        p->lng = v->lng;
        p->accuracy = (uint32_t) pick(w, 200);
    }
}


static void
make_check_in(world_t *w, Shian__Operation *op)
{
    Shian__InspectionPost  *p;

    p = CITY_BODY(&w->city, op, INSPECTION_POST, inspection_post,
                  Shian__InspectionPost, shian__inspection_post__init);
    op->actor->has_user = chance(w, 70);
    op->actor->user = op->actor->has_user ? 1 + pick(w, 22) : 0;
    p->has_venue = p->has_kind = 1;
    p->venue = some_venue(w);
    p->kind = (Shian__Inspection__Kind) (1 + pick(w, 4));
    p->checklist = "v1";
    p->has_started_at = p->has_finished_at = 1;
    p->started_at = op->at - pick(w, 4 * DAY_MS / 24);
    p->finished_at = p->started_at + pick(w, DAY_MS / 24);
    p->note = chance(w, 20) ? "看过后厨" : NULL;
    p->has_device_at = chance(w, 30);
    p->device_at = p->has_device_at ? op->at + pick(w, DAY_MS / 48) : 0;
    p->items = some_answers(w, op, &p->n_items);
    stand_near(w, p);
}


/* A random inspection that there is, or one that there is not. */
static void
some_inspection(world_t *w, uint64_t *venue, uint64_t *id)
{
    shian_txn_t         t;
    Shian__Inspection  *in;

    assert_int_equal(shian_txn_begin(w->city.store, &w->city.arena, false,
                                     &t), 0);
    *id = 1 + pick(w, shian_count_get(&t, '#', SHIAN_STR("inspection"), 0)
                      + 1);
    in = shian_inspection_get(&t, 0, *id);
    *venue = in == NULL ? some_venue(w) : in->venue;
    shian_txn_abort(&t);
}


static void
make_decision(world_t *w, Shian__Operation *op)
{
    Shian__InspectionDecide  *d;

    d = CITY_BODY(&w->city, op, INSPECTION_DECIDE, inspection_decide,
                  Shian__InspectionDecide, shian__inspection_decide__init);
    d->has_venue = d->has_inspection = d->has_action = 1;
    some_inspection(w, &d->venue, &d->inspection);
    d->action = (Shian__InspectionDecide__Action) (1 + pick(w, 2));
    d->reason = chance(w, 90) ? "照片是旧的" : NULL;
}


static Shian__Finding *
some_finding(world_t *w)
{
    shian_txn_t      t;
    Shian__Finding  *f;

    assert_int_equal(shian_txn_begin(w->city.store, &w->city.arena, false,
                                     &t), 0);
    f = shian_finding_get(&t, 1 + pick(w, shian_next_id(&t,
                                                        SHIAN_T_FINDING)));
    shian_txn_abort(&t);

    return f;
}


static void
as_venue(world_t *w, Shian__Operation *op, uint64_t venue)
{
    op->actor->role = ROLE(venue);
    op->actor->has_venue = 1;
    op->actor->venue = chance(w, 95) ? venue : some_venue(w);
}


static void
make_rectification(world_t *w, Shian__Operation *op)
{
    Shian__Finding        *f;
    Shian__FindingSubmit  *s;
    Shian__FindingDecide  *d;

    f = some_finding(w);

    if (chance(w, 55)) {
        s = CITY_BODY(&w->city, op, FINDING_SUBMIT, finding_submit,
                      Shian__FindingSubmit, shian__finding_submit__init);
        as_venue(w, op, f == NULL ? 1 : f->venue);
        s->has_finding = 1;
        s->finding = f == NULL ? 9999999 : f->id;
        s->text = chance(w, 95) ? "已换新" : NULL;
        return;
    }

    d = CITY_BODY(&w->city, op, FINDING_DECIDE, finding_decide,
                  Shian__FindingDecide, shian__finding_decide__init);
    d->has_finding = d->has_action = 1;
    d->finding = f == NULL ? 9999999 : f->id;
    d->action = (Shian__FindingDecide__Action) (1 + pick(w, 3));
    d->reason = chance(w, 90) ? "看不清" : NULL;
    d->has_deadline_on = chance(w, 80);
    d->deadline_on = (int32_t) (op->at / DAY_MS) + (int32_t) pick(w, 60);
}


/* One that has something to complain of, if a few tries find one. */
static uint64_t
some_poor_venue(world_t *w)
{
    int            tries;
    uint64_t       id;
    shian_txn_t    t;
    Shian__Tally  *y;

    assert_int_equal(shian_txn_begin(w->city.store, &w->city.arena, false,
                                     &t), 0);

    for (id = 0, tries = 0; tries < 40; tries++) {
        id = some_venue(w);
        y = shian_tally_get(&t, id);

        if (y->grade != NULL
            && (y->grade->colour == SHIAN__COLOUR__KIND__yellow
                || y->grade->colour == SHIAN__COLOUR__KIND__red))
        {
            break;
        }
    }

    shian_txn_abort(&t);

    return id;
}


static void
make_appeal(world_t *w, Shian__Operation *op)
{
    uint64_t              last;
    shian_txn_t           t;
    Shian__Appeal        *a;
    Shian__AppealFile    *f;
    Shian__AppealDecide  *d;

    if (chance(w, 50)) {
        f = CITY_BODY(&w->city, op, APPEAL_FILE, appeal_file,
                      Shian__AppealFile, shian__appeal_file__init);
        f->has_venue = 1;
        f->venue = some_poor_venue(w);
        as_venue(w, op, f->venue);
        f->text = chance(w, 95) ? "当天已整改" : NULL;
        return;
    }

    assert_int_equal(shian_txn_begin(w->city.store, &w->city.arena, false,
                                     &t), 0);
    last = shian_next_id(&t, SHIAN_T_APPEAL);
    a = shian_appeal_get(&t, last > 8 ? last - pick(w, 9) : pick(w, 8));
    shian_txn_abort(&t);

    d = CITY_BODY(&w->city, op, APPEAL_DECIDE, appeal_decide,
                  Shian__AppealDecide, shian__appeal_decide__init);
    d->has_appeal = d->has_action = 1;
    d->appeal = a == NULL ? 9999999 : a->id;
    d->action = (Shian__AppealDecide__Action) (1 + pick(w, 3));
    d->text = chance(w, 90) ? "证据不足" : NULL;

    if (d->action == SHIAN__APPEAL_DECIDE__ACTION__withdraw && a != NULL) {
        as_venue(w, op, a->venue);
    }
}


/* A year of a venue that is due, if a few tries find one. */
static void
some_year(world_t *w, Shian__Operation *op, Shian__EvaluationClose *c)
{
    int          tries;
    shian_txn_t  t;

    op->actor->role = chance(w, 80) ? ROLE(admin) : op->actor->role;
    assert_int_equal(shian_txn_begin(w->city.store, &w->city.arena, false,
                                     &t), 0);

    for (tries = 0; c->year == 0 && tries < 80; tries++) {
        c->venue = some_venue(w);
        c->year = shian_evaluation_due(&t, c->venue,
                                       (int32_t) (op->at / DAY_MS));
    }

    shian_txn_abort(&t);
    c->year = c->year == 0 || chance(w, 10) ? (uint32_t) (2024 + pick(w, 4))
                                            : c->year;
}


static void
make_word(world_t *w, Shian__Operation *op)
{
    Shian__InspectionReply  *r;
    Shian__ReplyRemove      *x;
    Shian__ReinspectionAsk  *ask;
    Shian__EvaluationClose  *c;
    Shian__SelfCheckPost    *s;

    switch (pick(w, 5)) {

    case 0:
        r = CITY_BODY(&w->city, op, INSPECTION_REPLY, inspection_reply,
                      Shian__InspectionReply,
                      shian__inspection_reply__init);
        r->has_venue = r->has_inspection = 1;
        some_inspection(w, &r->venue, &r->inspection);
        as_venue(w, op, r->venue);
        r->text = chance(w, 95) ? "当天停水" : NULL;
        break;

    case 1:
        x = CITY_BODY(&w->city, op, REPLY_REMOVE, reply_remove,
                      Shian__ReplyRemove, shian__reply_remove__init);
        x->has_venue = x->has_inspection = 1;
        some_inspection(w, &x->venue, &x->inspection);
        break;

    case 2:
        ask = CITY_BODY(&w->city, op, REINSPECTION_ASK, reinspection_ask,
                        Shian__ReinspectionAsk,
                        shian__reinspection_ask__init);
        ask->has_venue = 1;
        ask->venue = some_poor_venue(w);
        as_venue(w, op, ask->venue);
        break;

    case 3:
        c = CITY_BODY(&w->city, op, EVALUATION_CLOSE, evaluation_close,
                      Shian__EvaluationClose,
                      shian__evaluation_close__init);
        c->has_venue = c->has_year = 1;
        some_year(w, op, c);
        break;

    default:
        s = CITY_BODY(&w->city, op, SELF_CHECK_POST, self_check_post,
                      Shian__SelfCheckPost, shian__self_check_post__init);
        s->has_venue = 1;
        s->venue = some_venue(w);
        as_venue(w, op, s->venue);
        s->checklist = "v1";
        s->items = some_answers(w, op, &s->n_items);
    }
}

#endif /* LIFE_VISITS_H */
