/*
 * What is found at a venue is what still counts says: visits that are late,
 * flagged, rejected, confirmed and corrected, decisions that are made again,
 * rectifications and appeals, in random order; after every step the findings
 * are those of a second fold, written here from the rules.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "derive.h"
#include "domain/safeguard.h"

#define MOST       400
#define ALL_FOUND  64

static const char *const  items[ITEMS] = { "L1", "L2", "L3" };


/* The record of the item that is not verified and not void; NULL: none. */
static Shian__Finding *
open_on(city_t *c, const char *item)
{
    uint64_t         id;
    shian_txn_t      t;
    Shian__Finding  *f, *found;

    read_txn(c, &t);

    for (found = NULL, id = 1; (f = shian_finding_get(&t, id)) != NULL;
         id++)
    {
        if (strcmp(f->item, item) == 0 && f->state != FSTATE(verified)
            && f->state != FSTATE(void))
        {
            assert_null(found);
            found = f;
        }
    }

    shian_txn_abort(&t);

    return found;
}


/* ---- the second fold ------------------------------------------------------*/

typedef struct {
    uint64_t  at;
    size_t    order;
    int       item;
    int       what;             /* -1 fail, 1 pass or verified */
    int32_t   deadline;
    size_t    visit;            /* of a pass; 0: none */
    char      from;             /* 'v'isit, 'c'omplaint */
    uint64_t  id;
} fact_t;

typedef struct {
    fact_t    facts[MOST];
    size_t    n;
    struct {
        bool      counts;
        uint64_t  ended;
        size_t    since;        /* the step from which on it counts */
    } visits[MOST];
    size_t    nvisits;
    struct {
        char      from;
        uint64_t  id, at;
        int       item;
    } struck[MOST];
    size_t    nstruck;
    struct {
        uint64_t  id, at;
        bool      found, wrong;
    } decisions[MOST];
    size_t    ndecisions;
    size_t    steps;
} book_t;

typedef struct {
    uint64_t  opened, verified;
    uint32_t  repeats;
    int32_t   deadline;
    fact_t    fails[MOST];
} want_t;


static int
in_order(const void *one, const void *two)
{
    const fact_t  *a = one, *b = two;

    return a->at != b->at ? (a->at < b->at ? -1 : 1)
           : a->order < b->order ? -1 : a->order > b->order;
}


/* Does the fact stand, by all that the book says now? */
static bool
stands(const book_t *k, const fact_t *f)
{
    size_t  i;

    if (f->from == 'v' && !k->visits[f->id].counts) {
        return false;
    }

    /* Not corrected away, and nobody has said since that there is nothing. */
    for (i = 0; f->from == 'c' && i < k->ndecisions; i++) {
        if (k->decisions[i].id == f->id
            && (k->decisions[i].at == f->at
                ? k->decisions[i].wrong
                : k->decisions[i].at > f->at && !k->decisions[i].found
                  && !k->decisions[i].wrong))
        {
            return false;
        }
    }

    for (i = 0; i < k->nstruck; i++) {
        if (f->what < 0 && k->struck[i].from == f->from
            && k->struck[i].id == f->id && k->struck[i].item == f->item
            && k->struck[i].at == f->at)
        {
            return false;
        }
    }

    /* A pass that came behind a newer visit that still counts. */
    for (i = 1; f->what > 0 && f->from == 'v' && i <= k->nvisits; i++) {
        if (k->visits[i].counts && k->visits[i].ended > f->at
            && k->visits[i].since < k->visits[f->id].since)
        {
            return false;
        }
    }

    return true;
}


static size_t
expect(const book_t *k, int item, want_t *want)
{
    bool      open;
    size_t    i, n, m;
    fact_t   *facts;

    facts = malloc(sizeof(k->facts));
    assert_non_null(facts);

    for (m = i = 0; i < k->n; i++) {
        if (k->facts[i].item == item && stands(k, &k->facts[i])) {
            facts[m++] = k->facts[i];
        }
    }

    qsort(facts, m, sizeof(*facts), in_order);

    for (open = false, n = i = 0; i < m; i++) {
        if (facts[i].what < 0 && !open) {
            assert_true(n < ALL_FOUND);
            want[n].opened = facts[i].at;
            want[n].deadline = facts[i].deadline;
            want[n].verified = 0;
            want[n].repeats = 0;
            want[n].fails[0] = facts[i];
            open = true;
            n++;
        } else if (facts[i].what < 0) {
            want[n - 1].fails[++want[n - 1].repeats] = facts[i];
        } else if (open) {
            want[n - 1].verified = facts[i].at;
            open = false;
        }
    }

    free(facts);

    return n;
}


static size_t
stored(city_t *c, int item, Shian__Finding *list[ALL_FOUND])
{
    size_t           i, n;
    uint64_t         id;
    shian_txn_t      t;
    Shian__Finding  *f;

    read_txn(c, &t);

    for (n = 0, id = 1; (f = shian_finding_get(&t, id)) != NULL; id++) {
        if (f->state == FSTATE(void) || strcmp(f->item, items[item]) != 0) {
            continue;
        }

        assert_true(n < ALL_FOUND);

        for (i = n++; i > 0 && list[i - 1]->opened_at > f->opened_at; i--) {
            list[i] = list[i - 1];
        }

        list[i] = f;
    }

    shian_txn_abort(&t);

    return n;
}


static void
compare(city_t *c, const book_t *k)
{
    int              item;
    size_t           i, n, open;
    want_t          *want;
    Shian__Finding  *list[ALL_FOUND];

    want = malloc(ALL_FOUND * sizeof(*want));
    assert_non_null(want);

    for (open = 0, item = 0; item < ITEMS; item++) {
        n = expect(k, item, want);
        assert_int_equal(stored(c, item, list), n);

        for (i = 0; i < n; i++) {
            assert_int_equal(list[i]->opened_at, want[i].opened);
            assert_int_equal(list[i]->repeats, want[i].repeats);
            assert_int_equal(list[i]->first_deadline_on, want[i].deadline);
            assert_int_equal(list[i]->verified_at, want[i].verified);
            assert_int_equal(list[i]->state == FSTATE(verified),
                             want[i].verified != 0);
            assert_true(list[i]->deadline_on >= list[i]->first_deadline_on);
            open += want[i].verified == 0;
        }
    }

    assert_int_equal(tally(c)->findings_open, open);
    free(want);
}


/* ---- a random life --------------------------------------------------------*/

static fact_t *
add_fact(book_t *k, uint64_t at, size_t order, int item, int what)
{
    fact_t  *f = &k->facts[k->n++];

    assert_true(k->n < MOST);
    memset(f, 0, sizeof(*f));
    f->at = at;
    f->order = order;
    f->item = item;
    f->what = what;

    return f;
}


/* The decision that stands is corrected away. */
static void
take_back(book_t *k, uint64_t id)
{
    size_t  i;

    for (i = k->ndecisions; i > 0; i--) {
        if (k->decisions[i - 1].id == id && !k->decisions[i - 1].wrong) {
            k->decisions[i - 1].wrong = true;
            return;
        }
    }
}


static void
random_visit(city_t *c, book_t *k)
{
    int                i, result;
    bool               off, strange;
    char               said[20], severities[4] = "";
    size_t             n, m;
    fact_t            *f;
    Shian__Operation  *op;

    for (n = m = 0, i = 0; i < ITEMS; i++) {
        result = (int) city_random(c, 5);
        n += (size_t) snprintf(said + n, sizeof(said) - n, "%s%s%c",
                               i == 0 ? "" : " ", items[i],
                               "++--o"[result]);
        if ("++--o"[result] == '-') {
            severities[m++] = "mMC"[city_random(c, 3)];
        }
    }

    op = visit(c, said, severities);
    off = city_chance(c, 20);
    strange = !off && city_chance(c, 30);

    if (city_chance(c, 40)) {
        (void) late(op, city_random(c, 5 * DAY_MS));
    }
    if (off) {
        (void) far_off(op);
    }
    if (strange) {
        (void) odd(op, 15 * MINUTE);
    }

    assert_int_equal(city_do(c, op), 200);
    k->nvisits++;
    k->visits[k->nvisits].ended = inspection(c, k->nvisits)->ended_at;
    k->visits[k->nvisits].counts = !off;
    k->visits[k->nvisits].since = k->steps;

    for (i = 0; i < ITEMS; i++) {
        if (said[4 * i + 2] != 'o') {
            f = add_fact(k, k->visits[k->nvisits].ended, k->nvisits, i,
                         said[4 * i + 2] == '-' ? -1 : 1);
            f->from = 'v';
            f->id = k->nvisits;
            f->deadline = f->what > 0 ? 0
                : op->inspection_post->items[i]->deadline_on;
        }
    }
}


/* What begins to count late has a deadline of that day. */
static void
counts_from_now(city_t *c, book_t *k, uint64_t id)
{
    size_t   i, j;
    int32_t  least;

    k->visits[id].counts = true;
    k->visits[id].since = k->steps;

    for (i = 0; i < k->n; i++) {
        if (k->facts[i].from == 'v' && k->facts[i].id == id
            && k->facts[i].what < 0)
        {
            Shian__Inspection  *in = inspection(c, id);

            for (j = 0; strcmp(in->items[j]->code,
                               items[k->facts[i].item]) != 0; j++)
            {
                /* void */
            }

            least = today(c) + shian_finding_days(in->items[j]->severity);
            k->facts[i].deadline = in->items[j]->deadline_on < least
                                   ? least : in->items[j]->deadline_on;
        }
    }
}


static void
random_word(city_t *c, book_t *k)
{
    bool                       was;
    uint64_t                   id;
    Shian__Inspection__State   state;

    if (k->nvisits == 0) {
        return;
    }

    id = 1 + city_random(c, k->nvisits);
    was = k->visits[id].counts;
    state = inspection(c, id)->state;

    if (state == ISTATE(waiting) || state == ISTATE(flagged)) {
        if (city_chance(c, 50)) {
            decide(c, id, "confirm", 200);
            if (!was) {
                counts_from_now(c, k, id);
            }
        } else {
            decide(c, id, "reject", 200);
            k->visits[id].counts = false;
        }
    } else if (state == ISTATE(confirmed)) {
        assert_int_equal(correct_visit(c, id), 200);
        k->visits[id].counts = false;
    } else if (state == ISTATE(rejected)) {
        assert_int_equal(correct_visit(c, id), 200);
        counts_from_now(c, k, id);
    } else {
        assert_int_equal(correct_visit(c, id), 409);
    }
}


static void
random_decision(city_t *c, book_t *k)
{
    int          i;
    char         codes[20] = "";
    bool         found;
    fact_t      *f;
    uint64_t     id;
    size_t       n;
    const char  *with;

    id = rows(c, SHIAN_T_COMPLAINT);

    if (id == 0 || (id < 6 && city_chance(c, 30))) {
        assert_int_equal(file(c, filing(c, FILE_AS(complaint), 100 + id)),
                         200);
        work_through(c, id + 1);
        return;
    }

    id = 1 + city_random(c, id);

    switch (complaint(c, id)->state) {

    case CSTATE(reported):
        found = city_chance(c, 70);

        for (n = 0, i = 0; i < ITEMS; i++) {
            if (city_chance(c, 50)) {
                n += (size_t) snprintf(codes + n, sizeof(codes) - n, "%s%s",
                                       n == 0 ? "" : " ", items[i]);
            }
        }

        with = found ? codes : NULL;
        assert_int_equal(decide_with(c, id, with), 200);

        assert_true(k->ndecisions < MOST);
        k->decisions[k->ndecisions].id = id;
        k->decisions[k->ndecisions].at = c->now;
        k->decisions[k->ndecisions].wrong = false;
        k->decisions[k->ndecisions++].found = found;

        for (i = 0; found && i < ITEMS; i++) {
            if (strstr(codes, items[i]) != NULL) {
                f = add_fact(k, c->now, MOST + id, i, -1);
                f->from = 'c';
                f->id = id;
                f->deadline = today(c) + 7;
            }
        }
        break;

    case CSTATE(substantiated):
    case CSTATE(unsubstantiated):
        if (city_chance(c, 40)) {
            assert_int_equal(correct_complaint(c, id), 200);
            take_back(k, id);
        } else if (!complaint(c, id)->reopened) {
            close_and_reopen(c, id);
        }
        break;

    default:
        break;
    }
}


static void
random_rectification(city_t *c, book_t *k)
{
    int                i;
    Shian__Finding    *f;
    Shian__Operation  *op;

    i = (int) city_random(c, ITEMS);
    f = open_on(c, items[i]);

    if (f == NULL) {
        return;
    }

    if (f->state == FSTATE(open)) {
        submit(c, f->id, 200);
    } else if (city_chance(c, 30)) {
        op = finding_step(c, f->id, SHIAN__FINDING_DECIDE__ACTION__reject);
        assert_int_equal(city_do(c, op), 200);
    } else if (city_chance(c, 50)) {
        op = finding_step(c, f->id, SHIAN__FINDING_DECIDE__ACTION__extend);
        op->finding_decide->has_deadline_on = 1;
        op->finding_decide->deadline_on = today(c) + 40;
        (void) city_do(c, op);
    } else {
        assert_int_equal(verify(c, f->id), 200);
        (void) add_fact(k, c->now, 2 * MOST, i, 1);
    }
}


/* Upheld over one open finding: all that made it up falls. */
static void
random_appeal(city_t *c, book_t *k)
{
    int                 i;
    size_t              j, n;
    want_t             *want;
    uint64_t            id;
    Shian__Finding     *f;
    Shian__Operation   *op;
    Shian__AppealFile  *a;

    i = (int) city_random(c, ITEMS);
    f = open_on(c, items[i]);
    op = by(c, ROLE(venue), 0, 1);
    a = CITY_BODY(c, op, APPEAL_FILE, appeal_file, Shian__AppealFile,
                  shian__appeal_file__init);
    a->has_venue = 1;
    a->venue = 1;
    a->text = "不是我们的问题";

    if (f == NULL || city_do(c, op) != 200) {
        return;
    }

    id = f->id;
    want = malloc(ALL_FOUND * sizeof(*want));
    assert_non_null(want);
    n = expect(k, i, want);
    op = by(c, ROLE(officer), OTHER, 0);
    CITY_BODY(c, op, APPEAL_DECIDE, appeal_decide, Shian__AppealDecide,
              shian__appeal_decide__init)->has_appeal = 1;
    op->appeal_decide->has_action = 1;
    op->appeal_decide->appeal = rows(c, SHIAN_T_APPEAL);
    op->appeal_decide->action = SHIAN__APPEAL_DECIDE__ACTION__uphold;
    op->appeal_decide->text = "采纳";
    op->appeal_decide->n_finding = 1;
    op->appeal_decide->finding = &id;

    /* Who upheld the last one has had part in what the grade is now. */
    if (city_do(c, op) != 200) {
        assert_int_equal(c->item[0].report.status, 403);
        op = by(c, ROLE(venue), 0, 1);
        CITY_BODY(c, op, APPEAL_DECIDE, appeal_decide, Shian__AppealDecide,
                  shian__appeal_decide__init)->has_appeal = 1;
        op->appeal_decide->has_action = 1;
        op->appeal_decide->appeal = rows(c, SHIAN_T_APPEAL);
        op->appeal_decide->action = SHIAN__APPEAL_DECIDE__ACTION__withdraw;
        assert_int_equal(city_do(c, op), 200);
        free(want);
        return;
    }

    for (j = 0; j <= want[n - 1].repeats; j++) {
        k->struck[k->nstruck].from = want[n - 1].fails[j].from;
        k->struck[k->nstruck].id = want[n - 1].fails[j].id;
        k->struck[k->nstruck].at = want[n - 1].fails[j].at;
        k->struck[k->nstruck++].item = i;
    }

    free(want);
}


static void
whatever_happens_findings_are_what_still_counts(void **state)
{
    int      seed, i;
    city_t  *c;
    book_t  *k;
    char     err[256];

    static void  (*const steps[])(city_t *c, book_t *k) = {
        random_visit, random_visit, random_word, random_word,
        random_decision, random_decision, random_rectification,
        random_rectification, random_appeal
    };

    (void) state;
    k = malloc(sizeof(*k));
    assert_non_null(k);

    for (seed = 1; seed <= 12; seed++) {
        void  *w;

        (void) setup_more(&w);
        c = &((world_t *) w)->city;
        c->seed = (uint64_t) seed * 7919;
        memset(k, 0, sizeof(*k));
        c->now += 30 * DAY_MS;

        for (i = 0; i < 90; i++) {
            c->now += 1 + city_random(c, DAY_MS);
            k->steps++;
            steps[city_random(c, SHIAN_COUNT(steps))](c, k);
            compare(c, k);
        }

        if (!city_verify(c, err, sizeof(err))) {
            fail_msg("seed %d: %s", seed, err);
        }

        (void) teardown(&w);
    }

    free(k);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(whatever_happens_findings_are_what_still_counts),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, NULL, NULL);
}
