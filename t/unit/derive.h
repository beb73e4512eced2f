/*
 * What the tests of derived findings share: odd, late and far visits, decisions
 * with findings, corrections.
 */

#ifndef DERIVE_H
#define DERIVE_H

#include "complaints.h"

#define ITEMS      3

enum { CHIEF = 3, OTHER = 4 };

static inline int
setup_more(void **state)
{
    (void) setup(state);
    add_user(&((world_t *) *state)->city, "zhou", ROLE(chief));
    add_user(&((world_t *) *state)->city, "qian", ROLE(officer));

    return 0;
}


/* ---- steps ----------------------------------------------------------------*/

/* By the device, whose clock is ahead by so much: flagged. */
static inline Shian__Operation *
odd(Shian__Operation *op, uint64_t ahead)
{
    Shian__InspectionPost  *p = op->inspection_post;

    p->has_device_at = 1;
    p->device_at = op->at + ahead;
    p->started_at += ahead;
    p->finished_at += ahead;

    return op;
}


/* It ended so much earlier, and arrives now. */
static inline Shian__Operation *
late(Shian__Operation *op, uint64_t by_ms)
{
    size_t                  i;
    Shian__Answer          *a;
    Shian__InspectionPost  *p = op->inspection_post;

    p->started_at -= by_ms;
    p->finished_at -= by_ms;

    /* Deadlines as at the door: from the day on which it was made. */
    for (i = 0; i < p->n_items; i++) {
        a = p->items[i];
        a->deadline_on = shian_local_day(p->finished_at, SHIAN_TZ_MINUTES)
                         + shian_finding_days(a->severity);
    }

    return op;
}


static inline Shian__Operation *
far_off(Shian__Operation *op)
{
    op->inspection_post->has_lat = op->inspection_post->has_lng = 0;

    return op;
}


static inline int
correct_visit(city_t *c, uint64_t id)
{
    Shian__Operation         *op = by(c, ROLE(chief), CHIEF, 0);
    Shian__InspectionDecide  *d;

    d = CITY_BODY(c, op, INSPECTION_DECIDE, inspection_decide,
                  Shian__InspectionDecide, shian__inspection_decide__init);
    d->has_venue = d->has_inspection = d->has_action = 1;
    d->venue = 1;
    d->inspection = id;
    d->action = SHIAN__INSPECTION_DECIDE__ACTION__correct;
    d->reason = "驳回有误";

    return city_do(c, op);
}


/* Decides it with findings as "L1 L2", each a major one. */
static inline int
decide_with(city_t *c, uint64_t id, const char *codes)
{
    size_t                          n;
    Shian__Operation               *op;
    Shian__ComplaintStep__Breach   *b, **all;

    op = decision(c, id, codes == NULL
                         ? SHIAN__OUTCOME__KIND__unsubstantiated
                         : SHIAN__OUTCOME__KIND__substantiated);
    all = shian_array(&c->arena, ITEMS, sizeof(*all));

    for (n = 0; codes != NULL && *codes != '\0';
         codes += codes[2] == ' ' ? 3 : 2)
    {
        b = all[n++] = shian_zalloc(&c->arena, sizeof(*b));
        shian__complaint_step__breach__init(b);
        b->item = shian_printf(&c->arena, "%.2s", codes);
        b->has_severity = 1;
        b->severity = SHIAN__SEVERITY__KIND__major;
    }

    op->complaint_step->findings = all;
    op->complaint_step->n_findings = n;

    return take(c, op);
}


static inline int
correct_complaint(city_t *c, uint64_t id)
{
    Shian__Operation  *op = step(c, id, STEP(correct));

    op->actor->role = ROLE(chief);
    op->actor->user = CHIEF;

    return take(c, op);
}


static inline void
close_and_reopen(city_t *c, uint64_t id)
{
    if (complaint(c, id)->state == CSTATE(substantiated)) {
        assert_int_equal(take(c, step(c, id, STEP(rectify))), 200);
    }

    assert_int_equal(take(c, step(c, id, STEP(close))), 200);
    assert_int_equal(follow(c, id, FOLLOW(reopen), "还是一样", 0), 200);
    send_there(c, id);
}


static inline int
verify(city_t *c, uint64_t finding)
{
    return city_do(c, finding_step(c, finding,
                                   SHIAN__FINDING_DECIDE__ACTION__verify));
}

#endif /* DERIVE_H */
