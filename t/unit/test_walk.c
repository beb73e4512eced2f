/*
 * A grade walked over evidence and midnights: the worked cases of the rules as
 * they come about, and what may not make a difference.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "city.h"
#include "domain/evidence.h"
#include "domain/tally.h"

#define T             20000         /* the day of the worked cases */
#define MINUTE        UINT64_C(60000)
#define DAY_MS        UINT64_C(86400000)
#define COLOUR(name)  SHIAN__COLOUR__KIND__##name
#define KIND(name)    SHIAN_EVIDENCE(name)
#define STATUS(name)  SHIAN__VENUE__STATUS__##name
#define NOBODY        -1            /* no score */

typedef struct {
    city_t            city;
    shian_txn_t       txn;
    Shian__Operation  op;
    shian_op_t        o;
    uint64_t          seq;
} life_t;


/* ---- a venue whose evidence is put by hand --------------------------------*/

static void
begin_life(life_t *x)
{
    Shian__Operation  *op;

    memset(x, 0, sizeof(*x));
    city_open(&x->city, 1, CITY_MAP);
    x->city.now = shian_day_start(T - 700);
    op = city_venue(&x->city, "小馆");
    assert_int_equal(city_do(&x->city, op), 200);
    x->seq = 10;
}


static void
end_life(life_t *x)
{
    city_close(&x->city);
}


static uint64_t
instant(int32_t day, uint64_t minute)
{
    return shian_day_start(day) + minute * MINUTE;
}


/* An operation at that instant; settled() ends it. */
static shian_op_t *
at(life_t *x, uint64_t ms)
{
    assert_int_equal(shian_txn_begin(x->city.store, &x->city.arena, true,
                                     &x->txn), 0);
    shian__operation__init(&x->op);
    x->op.has_at = 1;
    x->op.at = ms;
    memset(&x->o, 0, sizeof(x->o));
    x->o.txn = &x->txn;
    x->o.arena = &x->city.arena;
    x->o.op = &x->op;
    x->o.seq = ++x->seq;

    return &x->o;
}


static void
settled(life_t *x)
{
    shian_settle(&x->o, 1, shian_tally_get(&x->txn, 1));
    assert_int_equal(x->txn.err, 0);
    assert_null(x->o.noted);
    assert_int_equal(shian_txn_commit(&x->txn), 0);
}


/* One fact, at its instant, by an operation of the instant `now`. */
static void
late(life_t *x, uint64_t now, uint64_t ms, Shian__Evidence e)
{
    shian_evidence_put(at(x, now), 1, ms, &e);
    settled(x);
}


static void
fact(life_t *x, uint64_t ms, Shian__Evidence e)
{
    late(x, ms, ms, e);
}


static void
taken_back(life_t *x, uint64_t now, Shian__Evidence__Kind kind, uint64_t id)
{
    shian_evidence_forget(at(x, now), 1, kind, id);
    settled(x);
}


/* What the routine does after midnight. */
static void
night(life_t *x, int32_t day)
{
    (void) at(x, instant(day, 0) + 5000);
    settled(x);
}


static Shian__Evidence
visit(uint64_t id, int32_t day)
{
    return shian_evidence_on(KIND(visit), id, day);
}


static Shian__Evidence
credit(uint64_t id, int level)
{
    Shian__Evidence  e = shian_evidence(KIND(credit), id);

    e.has_level = level != 0;
    e.level = (Shian__Venue__Credit) level;

    return e;
}


static Shian__Evidence
status(uint64_t id, Shian__Venue__Status state)
{
    Shian__Evidence  e = shian_evidence(KIND(status), id);

    e.has_state = 1;
    e.state = state;

    return e;
}


static Shian__Evidence
finding(uint64_t id, int severity, int32_t due)
{
    Shian__Evidence  e = shian_evidence_on(KIND(finding), id, due);

    e.has_severity = 1;
    e.severity = (Shian__Severity__Kind) severity;

    return e;
}


static Shian__Evidence
review(uint64_t id, uint32_t stars)
{
    Shian__Evidence  e = shian_evidence(KIND(review), id);

    e.has_hygiene = 1;
    e.hygiene = stars;

    return e;
}


static Shian__Tally *
tally(life_t *x)
{
    shian_txn_t    t;
    Shian__Tally  *y;

    assert_int_equal(shian_txn_begin(x->city.store, &x->city.arena, false,
                                     &t), 0);
    y = shian_tally_get(&t, 1);
    shian_txn_abort(&t);

    return y;
}


static void
stands(life_t *x, int32_t centi, Shian__Colour__Kind colour, bool held)
{
    const Shian__Grade  *g = tally(x)->grade;

    if (g->colour != colour || (bool) g->held != held
        || (g->has_score ? g->score : NOBODY) != centi)
    {
        fail_msg("%d, colour %d, held %d", g->score, g->colour, g->held);
    }
}


/* ---- worked cases of the rules, as they come about ------------------------*/

static void
four_complaints_hold_it_red(void **state)
{
    uint64_t  id;
    life_t    x;

    (void) state;
    begin_life(&x);
    fact(&x, instant(T - 310, 600), visit(1, T - 310));
    fact(&x, instant(T - 300, 500), credit(1, 3));

    for (id = 1; id <= 4; id++) {
        fact(&x, instant(T - 300, 600 + id),
             shian_evidence(KIND(complaint), id));
    }

    stands(&x, 5500, COLOUR(red), false);
    fact(&x, instant(T - 100, 600), credit(2, 2));
    night(&x, T);
    stands(&x, 9288, COLOUR(red), true);
    assert_int_equal(tally(&x)->standing->downgrade_at,
                     instant(T - 300, 604));
    assert_int_equal(tally(&x)->standing->downgrade_score, 5500);

    /* And a visit lets it rise. */
    fact(&x, instant(T, 600), visit(2, T));
    stands(&x, 9288, COLOUR(green), false);
    end_life(&x);
}


static void
paper_lies_over_the_colour(void **state)
{
    life_t           x;
    Shian__Evidence  licence = shian_evidence_on(KIND(licence), 1, T - 50);

    (void) state;
    begin_life(&x);
    fact(&x, instant(T - 200, 600), visit(1, T - 200));
    fact(&x, instant(T - 200, 601), licence);
    night(&x, T - 50);
    stands(&x, 10000, COLOUR(green), false);
    night(&x, T - 49);
    stands(&x, 10000, COLOUR(red), false);
    licence.on = T + 365;
    fact(&x, instant(T - 10, 600), licence);
    stands(&x, 10000, COLOUR(green), false);
    end_life(&x);
}


/* faults A7: neither a suspension, nor a lapse, nor closing washes a hold. */
static void
paper_washes_no_hold_away(void **state)
{
    size_t           i;
    life_t           x;
    Shian__Evidence  licence = shian_evidence_on(KIND(licence), 1, T - 2);

    static const Shian__Venue__Status  paper[] = { STATUS(suspended),
                                                   STATUS(closed) };

    (void) state;
    begin_life(&x);
    fact(&x, instant(T - 60, 600), visit(1, T - 60));
    fact(&x, instant(T - 50, 600), credit(1, 4));
    stands(&x, 8500, COLOUR(green), false);
    fact(&x, instant(T - 50, 601), shian_evidence(KIND(complaint), 1));
    stands(&x, 7500, COLOUR(yellow), false);
    fact(&x, instant(T - 40, 600), credit(2, 1));
    stands(&x, 9328, COLOUR(yellow), true);

    for (i = 0; i < SHIAN_COUNT(paper); i++) {
        fact(&x, instant(T - 30, 600 + 2 * i), status(2 * i, paper[i]));
        assert_int_equal(tally(&x)->grade->colour,
                         i == 0 ? COLOUR(red) : COLOUR(closed));
        fact(&x, instant(T - 30, 601 + 2 * i),
             status(2 * i + 1, STATUS(active)));
        assert_int_equal(tally(&x)->grade->colour, COLOUR(yellow));
        assert_true(tally(&x)->grade->held);
    }

    fact(&x, instant(T - 20, 600), licence);
    night(&x, T - 1);
    assert_int_equal(tally(&x)->grade->colour, COLOUR(red));
    licence.on = T + 100;
    fact(&x, instant(T - 1, 600), licence);
    assert_int_equal(tally(&x)->grade->colour, COLOUR(yellow));
    assert_true(tally(&x)->grade->held);
    end_life(&x);
}


/* decisions 10: what comes beneath the paper is there when it is lifted. */
static void
evidence_goes_on_beneath_paper(void **state)
{
    life_t  x;

    (void) state;
    begin_life(&x);
    fact(&x, instant(T - 60, 600), visit(1, T - 60));
    fact(&x, instant(T - 50, 600), credit(1, 3));
    stands(&x, 9500, COLOUR(green), false);
    fact(&x, instant(T - 40, 600), status(1, STATUS(suspended)));
    stands(&x, 9500, COLOUR(red), false);
    fact(&x, instant(T - 30, 600), shian_evidence(KIND(case), 1));
    stands(&x, 7000, COLOUR(red), false);
    fact(&x, instant(T - 29, 600), credit(2, 1));
    fact(&x, instant(T - 28, 600), status(2, STATUS(active)));
    assert_int_equal(tally(&x)->grade->colour, COLOUR(yellow));
    taken_back(&x, instant(T - 20, 600), KIND(case), 1);
    stands(&x, 10000, COLOUR(green), false);

    /* Lifted while held. */
    fact(&x, instant(T - 19, 600), credit(3, 4));
    fact(&x, instant(T - 19, 601), shian_evidence(KIND(complaint), 1));
    stands(&x, 7500, COLOUR(yellow), false);
    fact(&x, instant(T - 18, 600), status(3, STATUS(suspended)));
    fact(&x, instant(T - 17, 600), credit(4, 1));
    fact(&x, instant(T - 16, 600), status(4, STATUS(active)));
    stands(&x, 9309, COLOUR(yellow), true);
    fact(&x, instant(T - 15, 600), visit(2, T - 15));
    stands(&x, 9311, COLOUR(green), false);
    end_life(&x);
}


static void
other_worked_cases(void **state)
{
    life_t           x;
    Shian__Evidence  e;

    (void) state;

    /* A late failure that a later visit passed: verified by that. */
    begin_life(&x);
    fact(&x, instant(T - 10, 600), visit(1, T - 10));
    e = finding(1, 2, T - 11);
    shian_evidence_put(at(&x, instant(T - 5, 0)), 1, instant(T - 12, 600),
                       &e);
    e = shian_evidence(KIND(finding_end), 1);
    shian_evidence_put(&x.o, 1, instant(T - 10, 600), &e);
    e = visit(2, T - 12);
    shian_evidence_put(&x.o, 1, instant(T - 12, 600), &e);
    settled(&x);
    stands(&x, 9417, COLOUR(green), false);
    night(&x, T);
    stands(&x, 9434, COLOUR(green), false);
    end_life(&x);

    /* A filing decided again counts by that decision, from then on. */
    begin_life(&x);
    fact(&x, instant(T - 400, 600), visit(1, T - 400));
    fact(&x, instant(T - 100, 600), shian_evidence(KIND(complaint), 1));
    night(&x, T - 50);
    stands(&x, 9137, COLOUR(green), false);
    fact(&x, instant(T - 50, 600), shian_evidence(KIND(complaint), 1));
    stands(&x, 9000, COLOUR(green), false);
    taken_back(&x, instant(T - 40, 600), KIND(complaint), 1);
    stands(&x, 10000, COLOUR(green), false);
    end_life(&x);

    /* Without a certificate, and with one that runs out. */
    begin_life(&x);
    fact(&x, instant(T - 5, 600), visit(1, T - 5));
    e = shian_evidence(KIND(certificate), 1);
    e.has_missing = e.missing = 1;
    fact(&x, instant(T - 5, 601), e);
    stands(&x, 9500, COLOUR(green), false);
    e = shian_evidence_on(KIND(certificate), 2, T - 1);
    fact(&x, instant(T - 4, 601), e);
    stands(&x, 10000, COLOUR(green), false);
    night(&x, T - 1);
    stands(&x, 10000, COLOUR(green), false);
    night(&x, T);
    stands(&x, 9500, COLOUR(green), false);
    end_life(&x);
}


/* ---- taking back, and coming late -----------------------------------------*/

static size_t
history(life_t *x, Shian__Grade **rows, size_t max)
{
    size_t          n;
    shian_txn_t     t;
    shian_scan_t    scan;
    shian_rowkey_t  prefix = shian_rowkey_id(1);

    assert_int_equal(shian_txn_begin(x->city.store, &x->city.arena, false,
                                     &t), 0);
    shian_scan_open(&scan, &t, SHIAN_T_GRADE, &prefix, NULL);

    for (n = 0; n < max && shian_scan_next(&scan); n++) {
        rows[n] = shian__grade__unpack(&x->city.arena.pb, scan.value.n,
                                       scan.value.p);
        assert_non_null(rows[n]);
    }

    shian_scan_close(&scan);
    shian_txn_abort(&t);

    return n;
}


/* faults A1: rejecting is no evidence. */
static void
taking_back_lifts_nothing(void **state)
{
    life_t  x;

    (void) state;
    begin_life(&x);
    fact(&x, instant(T - 60, 600), visit(1, T - 60));
    fact(&x, instant(T - 55, 600), visit(2, T - 55));
    fact(&x, instant(T - 50, 600), credit(1, 4));
    fact(&x, instant(T - 50, 601), shian_evidence(KIND(complaint), 1));
    fact(&x, instant(T - 40, 600), credit(2, 1));
    stands(&x, 9328, COLOUR(yellow), true);

    taken_back(&x, instant(T - 30, 600), KIND(visit), 2);
    assert_int_equal(tally(&x)->grade->colour, COLOUR(yellow));
    assert_true(tally(&x)->grade->held);

    /* Without what had lowered it there never was a fall. */
    taken_back(&x, instant(T - 29, 600), KIND(complaint), 1);
    stands(&x, 10000, COLOUR(green), false);

    /* Without any visit nobody knows. */
    taken_back(&x, instant(T - 28, 600), KIND(visit), 1);
    stands(&x, NOBODY, COLOUR(ungraded), false);
    end_life(&x);
}


static void
history_is_added_to_and_says_what_overtook_it(void **state)
{
    size_t         n, i, overtaken;
    life_t         x;
    Shian__Grade  *was[64], *is[64];

    (void) state;
    begin_life(&x);
    fact(&x, instant(T - 60, 600), visit(1, T - 60));
    fact(&x, instant(T - 50, 600), shian_evidence(KIND(case), 1));
    stands(&x, 7500, COLOUR(yellow), false);
    night(&x, T);
    n = history(&x, was, 64);
    assert_in_range(n, 3, 6);

    /* The case is taken back: one row more, and those since are overtaken. */
    taken_back(&x, instant(T, 600), KIND(case), 1);
    stands(&x, 10000, COLOUR(green), false);
    assert_int_equal(history(&x, is, 64), n + 1);
    assert_int_equal(is[0]->since, instant(T, 600));
    assert_int_equal(is[0]->cause, x.seq);

    for (overtaken = 0, i = 0; i < n; i++) {
        overtaken += is[i + 1]->has_overtaken_by;
        assert_int_equal(is[i + 1]->has_overtaken_by,
                         was[i]->since >= instant(T - 50, 600));
        is[i + 1]->has_overtaken_by = 0;
        is[i + 1]->overtaken_by = 0;
        assert_true(shian_str_eq(shian_pack(&x.city.arena, is[i + 1]),
                                 shian_pack(&x.city.arena, was[i])));
    }

    assert_int_equal(overtaken, n - 1);
    end_life(&x);
}


/* ---- what may make no difference ------------------------------------------*/

/* A life of many things, the same for both; `awake`: every night is passed. */
static void
live(life_t *x, uint64_t seed, int32_t days, bool awake)
{
    int32_t    day;
    uint64_t   id, dice, minute;

    begin_life(x);
    x->city.seed = seed;
    fact(x, instant(T - 600, 600), visit(1, T - 600));

    for (id = 2, day = T - 599; day < T - 599 + days; day++) {

        if (awake) {
            night(x, day);
        }

        dice = city_random(&x->city, 40);
        minute = 600 + city_random(&x->city, 600);
        id++;

        /* The same number whether nights had their operations or not. */
        x->seq = 1000 * (uint64_t) (day - T + 600);

        switch (dice) {
        case 0:
            fact(x, instant(day, minute), visit(id, day));
            break;
        case 1:
            fact(x, instant(day, minute),
                 finding(id, (int) city_random(&x->city, 3), day + 7));
            break;
        case 2:
        case 3:
            fact(x, instant(day, minute), shian_evidence(
                 KIND(finding_end), id - city_random(&x->city, 60)));
            break;
        case 4:
            fact(x, instant(day, minute),
                 shian_evidence(KIND(complaint), id));
            break;
        case 5:
            fact(x, instant(day, minute),
                 credit(id, (int) city_random(&x->city, 5)));
            break;
        case 6:
            fact(x, instant(day, minute),
                 review(id, 1 + (uint32_t) city_random(&x->city, 5)));
            break;
        case 7:
            fact(x, instant(day, minute),
                 shian_evidence_on(KIND(self_check), id, day));
            break;
        case 8:
            fact(x, instant(day, minute),
                 shian_evidence_on(KIND(licence), id,
                     day + (int32_t) city_random(&x->city, 60)));
            break;
        case 9:
            fact(x, instant(day, minute),
                 status(id, (Shian__Venue__Status)
                            city_random(&x->city, 3)));
            break;
        case 10:
            late(x, instant(day, minute), instant(day - 3, minute),
                 visit(id, day - 3));
            break;
        case 11:
            taken_back(x, instant(day, minute), KIND(visit),
                       id - city_random(&x->city, 60));
            break;
        case 12:
            fact(x, instant(day, minute), shian_evidence(KIND(case), id));
            break;
        default:
            break;
        }
    }

    night(x, day);
}


/* faults A4: off for weeks or awake each night, the city is the same. */
static void
a_server_that_was_off_agrees(void **state)
{
    size_t         i, n;
    life_t         a, b;
    uint64_t       seed;
    Shian__Grade  *one[2048], *other[2048];
    Shian__Tally  *x, *y;

    (void) state;

    for (seed = 1; seed <= 12; seed++) {
        live(&a, seed, 500, true);
        live(&b, seed, 500, false);
        n = history(&a, one, 2048);
        assert_in_range(n, 5, 2047);
        assert_int_equal(history(&b, other, 2048), n);

        for (i = 0; i < n; i++) {
            assert_true(shian_str_eq(shian_pack(&a.city.arena, one[i]),
                                     shian_pack(&b.city.arena, other[i])));
        }

        x = tally(&a);
        y = tally(&b);
        x->rev = y->rev;
        assert_true(shian_str_eq(shian_pack(&a.city.arena, x),
                                 shian_pack(&b.city.arena, y)));
        end_life(&a);
        end_life(&b);
    }
}


/* faults A4: a day asked about in advance is what it turns out to be. */
static void
the_future_is_what_will_be(void **state)
{
    int32_t              day;
    life_t               x;
    shian_txn_t          t;
    shian_grade_t        g[300], now;
    Shian__Colour__Kind  stood;

    (void) state;
    begin_life(&x);
    fact(&x, instant(T, 600), visit(1, T));
    fact(&x, instant(T, 601), finding(1, 0, T + 15));
    fact(&x, instant(T, 602), shian_evidence(KIND(complaint), 1));

    assert_int_equal(shian_txn_begin(x.city.store, &x.city.arena, false, &t),
                     0);

    for (day = 1; day <= 300; day++) {
        assert_true(shian_grade_venue(&t, 1, NULL, instant(T + day, 1439),
                                      &g[day - 1], &stood));
    }

    /* Not green at 85.22: nobody has seen that it is put right. */
    assert_int_equal(g[299].colour, COLOUR(yellow));
    assert_true(g[299].held);
    assert_int_equal(g[299].score, 8522);
    shian_txn_abort(&t);

    for (day = 1; day <= 300; day++) {
        night(&x, T + day);
        stands(&x, g[day - 1].score, g[day - 1].colour, g[day - 1].held);
    }

    /* And the past is what it was. */
    assert_int_equal(shian_txn_begin(x.city.store, &x.city.arena, false, &t),
                     0);

    for (day = 1; day <= 300; day += 7) {
        assert_true(shian_grade_venue(&t, 1, NULL, instant(T + day, 1439),
                                      &now, &stood));
        assert_int_equal(now.colour, g[day - 1].colour);
        assert_int_equal(now.score, g[day - 1].score);
        assert_int_equal(now.n, g[day - 1].n);
    }

    shian_txn_abort(&t);
    end_life(&x);
}


/* A day that is jumped over is one on which nothing could have changed. */
static void
no_day_is_jumped_over_that_matters(void **state)
{
    int32_t          day;
    life_t           x;
    uint64_t         seed;
    shian_txn_t      t;
    shian_walk_t     w;
    shian_grade_t    a, b;
    Shian__Standing  jumped, walked;

    (void) state;

    for (seed = 21; seed <= 28; seed++) {
        live(&x, seed, 300, false);
        assert_int_equal(shian_txn_begin(x.city.store, &x.city.arena, false,
                                         &t), 0);
        assert_true(shian_walk_begin(&w, &t, 1, NULL));
        shian_walk_rest(&w, instant(T - 200, 0));
        assert_true(shian_walk_grade(&w, &x.city.arena, &a));
        shian_walk_keep(&w, &jumped);
        shian_walk_free(&w);
        shian_txn_abort(&t);

        /* Half a day's rectifications that nobody made: each day is seen. */
        (void) at(&x, instant(T, 0));

        for (day = T - 598; day <= T - 200; day++) {
            shian_evidence_put(&x.o, 1, instant(day, 0), &(Shian__Evidence) {
                .base = PROTOBUF_C_MESSAGE_INIT(&shian__evidence__descriptor),
                .has_kind = 1, .kind = KIND(finding_end),
                .has_id = 1, .id = 1000000 });
        }

        settled(&x);
        assert_int_equal(shian_txn_begin(x.city.store, &x.city.arena, false,
                                         &t), 0);
        assert_true(shian_walk_begin(&w, &t, 1, NULL));
        shian_walk_rest(&w, instant(T - 200, 0));
        assert_true(shian_walk_grade(&w, &x.city.arena, &b));
        shian_walk_keep(&w, &walked);
        shian_walk_free(&w);
        shian_txn_abort(&t);

        assert_int_equal(a.colour, b.colour);
        assert_int_equal(a.score, b.score);
        assert_int_equal(a.held, b.held);
        assert_true(shian_str_eq(shian_pack(&x.city.arena, &jumped),
                                 shian_pack(&x.city.arena, &walked)));
        end_life(&x);
    }
}


/* faults A5: points fade where the clamped score stands still. */
static void
reasons_and_rating_age_beneath_a_full_score(void **state)
{
    uint64_t  id;
    life_t    x;

    (void) state;
    begin_life(&x);
    fact(&x, instant(T - 365, 600), visit(1, T - 365));
    fact(&x, instant(T - 365, 601), credit(1, 1));

    for (id = 1; id <= 40; id++) {
        fact(&x, instant(T - 300, 600 + id), review(id, 5));
    }

    fact(&x, instant(T - 365, 900), shian_evidence(KIND(complaint), 1));
    night(&x, T - 1);
    stands(&x, 10000, COLOUR(green), false);
    assert_int_equal(tally(&x)->grade->n_components, 3);
    assert_int_equal(tally(&x)->reviews, 40);
    night(&x, T);
    stands(&x, 10000, COLOUR(green), false);
    assert_int_equal(tally(&x)->grade->n_components, 2);
    night(&x, T + 64);
    assert_int_equal(tally(&x)->reviews, 40);
    night(&x, T + 65);
    assert_int_equal(tally(&x)->reviews, 0);
    assert_int_equal(tally(&x)->hygiene_sum, 0);
    assert_int_equal(tally(&x)->histogram[4], 0);
    end_life(&x);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(four_complaints_hold_it_red),
        cmocka_unit_test(paper_lies_over_the_colour),
        cmocka_unit_test(paper_washes_no_hold_away),
        cmocka_unit_test(evidence_goes_on_beneath_paper),
        cmocka_unit_test(other_worked_cases),
        cmocka_unit_test(taking_back_lifts_nothing),
        cmocka_unit_test(history_is_added_to_and_says_what_overtook_it),
        cmocka_unit_test(a_server_that_was_off_agrees),
        cmocka_unit_test(the_future_is_what_will_be),
        cmocka_unit_test(no_day_is_jumped_over_that_matters),
        cmocka_unit_test(reasons_and_rating_age_beneath_a_full_score),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
