/*
 * What the tests of inspections and of what follows from them share: a venue,
 * an inspector and an officer, visits at the door, and what stands after
 * them.
 */

#ifndef VISITS_H
#define VISITS_H

#include "city.h"
#include "domain/answers.h"
#include "domain/checkin.h"
#include "domain/checklist.h"
#include "domain/finding.h"
#include "domain/tally.h"

#define DAY_MS   UINT64_C(86400000)
#define MINUTE   UINT64_C(60000)
#define LAT      29.65
#define LNG      121.41
/* Degrees of latitude to a metre. */
#define METRE    (1 / 111195.0)

#define ROLE(name)    SHIAN__ROLE__KIND__##name
#define COLOUR(name)  SHIAN__COLOUR__KIND__##name
#define ISTATE(name)  SHIAN__INSPECTION__STATE__##name
#define FSTATE(name)  SHIAN__FINDING__STATE__##name

enum { INSPECTOR = 1, OFFICER = 2 };

typedef struct {
    city_t  city;
} world_t;


static inline void
add_user(city_t *c, const char *login, Shian__Role__Kind role)
{
    Shian__Operation  *op = city_operation(c, ROLE(admin), 0);
    Shian__UserPut    *u;

    u = CITY_BODY(c, op, USER_PUT, user_put, Shian__UserPut,
                  shian__user_put__init);
    u->login = u->name = (char *) login;
    u->has_role = 1;
    u->role = role;
    assert_int_equal(city_do(c, op), 200);
}


static inline int
setup(void **state)
{
    world_t           *w = calloc(1, sizeof(*w));
    Shian__Operation  *op;

    assert_non_null(w);
    city_open(&w->city, 1, CITY_MAP);
    op = city_venue(&w->city, "小馆");
    op->venue_upsert->venue->address = "锦屏路1号";
    op->venue_upsert->venue->district = "锦屏";
    op->venue_upsert->venue->has_lat = 1;
    op->venue_upsert->venue->lat = LAT;
    op->venue_upsert->venue->has_lng = 1;
    op->venue_upsert->venue->lng = LNG;
    assert_int_equal(city_do(&w->city, op), 200);
    add_user(&w->city, "chen", ROLE(inspector));
    add_user(&w->city, "wang", ROLE(officer));
    *state = w;

    return 0;
}


static inline int
teardown(void **state)
{
    world_t  *w = *state;

    city_close(&w->city);
    free(w);

    return 0;
}


static inline Shian__Operation *
by(city_t *c, Shian__Role__Kind role, uint64_t user, uint64_t venue)
{
    Shian__Operation  *op = city_operation(c, role, venue);

    op->actor->has_user = user != 0;
    op->actor->user = user;

    return op;
}


/*
 * A visit at the door that took half an hour; items as "L1+ L2- L3o": passed,
 * failed, does not apply.  A failed one has the severity of its letter's case
 * in severities ("m" minor, "M" major, "C" critical), in turn.
 */
static inline Shian__Operation *
visit(city_t *c, const char *items, const char *severities)
{
    size_t                  n;
    const char             *p;
    Shian__Answer          *a;
    Shian__Operation       *op = by(c, ROLE(inspector), INSPECTOR, 0);
    Shian__InspectionPost  *i;

    i = CITY_BODY(c, op, INSPECTION_POST, inspection_post,
                  Shian__InspectionPost, shian__inspection_post__init);
    i->has_venue = i->has_kind = i->has_lat = i->has_lng = 1;
    i->venue = 1;
    i->kind = SHIAN__INSPECTION__KIND__routine;
    i->checklist = "v1";
    i->has_started_at = i->has_finished_at = 1;
    i->started_at = op->at - 30 * MINUTE;
    i->finished_at = op->at;
    i->lat = LAT;
    i->lng = LNG;
    i->items = shian_array(&c->arena, 40, sizeof(*i->items));

    for (n = 0, p = items; *p != '\0'; p += p[3] == ' ' ? 4 : 3) {
        a = i->items[n++] = shian_zalloc(&c->arena, sizeof(*a));
        shian__answer__init(a);
        a->code = shian_printf(&c->arena, "%.2s", p);
        a->has_result = 1;
        a->result = p[2] == '+' ? SHIAN__ANSWER__RESULT__pass
                    : p[2] == '-' ? SHIAN__ANSWER__RESULT__fail
                    : SHIAN__ANSWER__RESULT__na;

        if (p[2] == '-') {
            a->note = "油污";
            a->has_severity = a->has_deadline_on = 1;
            a->severity = *severities == 'C' ? SHIAN__SEVERITY__KIND__critical
                          : *severities == 'M' ? SHIAN__SEVERITY__KIND__major
                          : SHIAN__SEVERITY__KIND__minor;
            a->deadline_on = shian_local_day(op->at, SHIAN_TZ_MINUTES)
                             + shian_finding_days(a->severity);
            severities++;
        }
    }

    i->n_items = n;

    return op;
}


static inline void
decide(city_t *c, uint64_t id, const char *action, int status)
{
    Shian__Operation         *op = by(c, ROLE(officer), OFFICER, 0);
    Shian__InspectionDecide  *d;

    d = CITY_BODY(c, op, INSPECTION_DECIDE, inspection_decide,
                  Shian__InspectionDecide, shian__inspection_decide__init);
    d->has_venue = d->has_inspection = d->has_action = 1;
    d->venue = 1;
    d->inspection = id;
    d->action = action[0] == 'c' ? SHIAN__INSPECTION_DECIDE__ACTION__confirm
                                 : SHIAN__INSPECTION_DECIDE__ACTION__reject;
    d->reason = "照片是旧的";
    assert_int_equal(city_do(c, op), status);
}


static inline void
submit(city_t *c, uint64_t finding, int status)
{
    Shian__Operation      *op = by(c, ROLE(venue), 0, 1);
    Shian__FindingSubmit  *s;

    s = CITY_BODY(c, op, FINDING_SUBMIT, finding_submit,
                  Shian__FindingSubmit, shian__finding_submit__init);
    s->has_finding = 1;
    s->finding = finding;
    s->text = "已换新";
    assert_int_equal(city_do(c, op), status);
}


static inline Shian__Operation *
finding_step(city_t *c, uint64_t finding, Shian__FindingDecide__Action action)
{
    Shian__Operation      *op = by(c, ROLE(officer), OFFICER, 0);
    Shian__FindingDecide  *d;

    d = CITY_BODY(c, op, FINDING_DECIDE, finding_decide,
                  Shian__FindingDecide, shian__finding_decide__init);
    d->has_finding = d->has_action = 1;
    d->finding = finding;
    d->action = action;
    d->reason = "看不清";

    return op;
}


/* What stands now. */
static inline Shian__Tally *
tally(city_t *c)
{
    shian_txn_t    t;
    Shian__Tally  *y;

    assert_int_equal(shian_txn_begin(c->store, &c->arena, false, &t), 0);
    y = shian_tally_get(&t, 1);
    shian_txn_abort(&t);
    assert_non_null(y);

    return y;
}


/* When the last visit ended that is evidence; 0: none. */
static inline uint64_t
last_visit(city_t *c)
{
    int32_t      on;
    uint64_t     ended;
    shian_txn_t  t;

    ended = 0;
    assert_int_equal(shian_txn_begin(c->store, &c->arena, false, &t), 0);
    (void) shian_visit_last(&t, 1, &ended, &on);
    shian_txn_abort(&t);

    return ended;
}


static inline Shian__Inspection *
inspection(city_t *c, uint64_t id)
{
    shian_txn_t         t;
    Shian__Inspection  *in;

    assert_int_equal(shian_txn_begin(c->store, &c->arena, false, &t), 0);
    in = shian_inspection_get(&t, 1, id);
    shian_txn_abort(&t);
    assert_non_null(in);

    return in;
}


static inline Shian__Finding *
finding(city_t *c, uint64_t id)
{
    shian_txn_t      t;
    Shian__Finding  *f;

    assert_int_equal(shian_txn_begin(c->store, &c->arena, false, &t), 0);
    f = shian_finding_get(&t, id);
    shian_txn_abort(&t);
    assert_non_null(f);

    return f;
}


#define assert_grade(c, wanted, centi)                                       \
    do {                                                                     \
        Shian__Tally  *y = tally(c);                                         \
        assert_non_null(y->grade);                                           \
        assert_int_equal(y->grade->colour, COLOUR(wanted));                  \
        assert_int_equal(y->grade->score, centi);                            \
    } while (0)


static inline uint32_t
flags(city_t *c, uint64_t id)
{
    size_t              i;
    uint32_t            bits;
    Shian__Inspection  *in = inspection(c, id);

    for (bits = 0, i = 0; i < in->n_flags; i++) {
        bits |= 1u << in->flags[i];
    }

    return bits;
}

#endif /* VISITS_H */
