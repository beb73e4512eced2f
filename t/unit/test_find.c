/*
 * Searches against a scan that knows nothing of indexes: the same venues,
 * each once, whatever the pages, in the order that was asked for.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <ctype.h>
#include <math.h>

#include "city.h"
#include "domain/find.h"
#include "domain/tally.h"

#define VENUES   400
#define SEARCHES 3000

typedef struct {
    city_t         city;
    shian_txn_t    txn;
    shian_arena_t  arena;           /* of the transaction */
    Shian__Venue  *venue[VENUES + 1];
    Shian__Tally  *tally[VENUES + 1];
} world_t;

/* What is typed, and what a text must then hold: see naive_text. */
typedef struct {
    const char  *q;
    const char  *part[4];
} query_t;

static const query_t  queries[] = {
    { "烤鱼", { "烤鱼" } },
    { "鱼", { "鱼" } },
    { "老烤鱼", { "老烤", "烤鱼" } },
    { "star", { "star" } },
    { "ST", { "st" } },
    { "面馆 star", { "面馆", "star" } },
    { "锦屏", { "锦屏" } },
    { "锦屏路 烤", { "锦屏", "屏路", "烤" } },
    { "noodle 7", { "noodle", "7" } },
    { "海鲜 面 n", { "海鲜", "面", "n" } },
    { "没有", { "没有" } },
    { "starbucks", { "starbucks" } },
};

static const char *const  words[] = { "老", "烤鱼", "Star", "面馆", "海鲜",
                                      "Noodle", "蛋糕", "New", "鱼头",
                                      "Stew" };
static const char *const  districts[] = { "锦屏", "岳林", "West" };
static const char *const  categories[] = { "面馆", "烧烤", "Café" };

#define ANY_OF(c, list)  ((char *) (list)[city_random(c, SHIAN_COUNT(list))])


/* ---- a few hundred venues -------------------------------------------------*/

static void
add_venue(city_t *c, int i)
{
    Shian__Venue      *v;
    Shian__Operation  *op;

    op = city_venue(c, shian_printf(&c->arena, "%s%s %s %d",
                                    ANY_OF(c, words), ANY_OF(c, words),
                                    ANY_OF(c, words), i % 40));
    v = op->venue_upsert->venue;
    v->source = "list";
    v->ref = shian_printf(&c->arena, "%d", i);
    v->name_en = city_chance(c, 30) ? ANY_OF(c, words) : NULL;
    v->address = shian_printf(&c->arena, "%s路%d号", ANY_OF(c, districts),
                              i % 30);
    v->district = city_chance(c, 90) ? ANY_OF(c, districts) : NULL;
    v->category = city_chance(c, 90) ? ANY_OF(c, categories) : NULL;
    v->has_credit = city_chance(c, 50);
    v->credit = (Shian__Venue__Credit) (1 + city_random(c, 4));
    v->has_lat = v->has_lng = city_chance(c, 90);

    /* A grid, so that some stand on the very same spot. */
    v->lat = 29.60 + (double) city_random(c, 40) / 1000;
    v->lng = 121.40 + (double) city_random(c, 40) / 1000;
    city_add(c, op);
}


static void
add_fate(city_t *c, uint64_t venue)
{
    Shian__Operation   *op;
    Shian__Inspection  *in;

    op = city_operation(c, SHIAN__ROLE__KIND__admin, 0);

    if (city_chance(c, 75)) {
        in = shian_zalloc(&c->arena, sizeof(*in));
        shian__inspection__init(in);
        in->has_venue = in->has_on = 1;
        in->venue = venue;
        in->on = (int32_t) (c->now / 86400000) - (int32_t) city_random(c, 90);
        CITY_BODY(c, op, INSPECTION_IMPORT, inspection_import,
                  Shian__InspectionImport,
                  shian__inspection_import__init)->inspection = in;
        city_add(c, op);
        op = city_operation(c, SHIAN__ROLE__KIND__admin, 0);
    }

    if (city_chance(c, 20)) {
        CITY_BODY(c, op, VENUE_STATUS, venue_status, Shian__VenueStatus,
                  shian__venue_status__init)->venue = venue;
        op->venue_status->has_venue = op->venue_status->has_status = 1;
        op->venue_status->status = city_chance(c, 50)
                                   ? SHIAN__VENUE__STATUS__closed
                                   : SHIAN__VENUE__STATUS__suspended;
        city_add(c, op);
    }

    city_add(c, city_review(c, venue, (uint32_t) (1 + city_random(c, 5)),
                            NULL, venue, venue));
}


static int
begin(void **state)
{
    uint64_t  id;
    world_t  *w;

    w = calloc(1, sizeof(*w));
    assert_non_null(w);
    city_open(&w->city, 1123, CITY_MAP);

    for (id = 1; id <= VENUES; id++) {
        add_venue(&w->city, (int) id);
        if (w->city.n == CITY_BATCH || id == VENUES) {
            assert_int_equal(city_run(&w->city), 0);
        }
    }

    for (id = 1; id <= VENUES; id++) {
        add_fate(&w->city, id);
        assert_int_equal(city_run(&w->city), 0);
    }

    shian_arena_init(&w->arena, NULL, NULL);
    assert_int_equal(shian_txn_begin(w->city.store, &w->city.arena, false,
                                     &w->txn), 0);

    for (id = 1; id <= VENUES; id++) {
        w->venue[id] = shian_venue_get(&w->txn, id);
        w->tally[id] = shian_tally_get(&w->txn, id);
        assert_non_null(w->venue[id]);
    }

    assert_null(shian_venue_get(&w->txn, VENUES + 1));
    w->txn.arena = &w->arena;
    *state = w;

    return 0;
}


static int
finish(void **state)
{
    world_t  *w = *state;

    shian_txn_abort(&w->txn);
    shian_arena_free(&w->arena);
    city_close(&w->city);
    free(w);

    return 0;
}


/* ---- the naive scan -------------------------------------------------------*/

/*
 * Han parts are anywhere in the text; Latin ones begin a word.  All words of
 * these texts are ASCII or Han, set apart by blanks or by the change itself.
 */
static bool
naive_text(const char *text, const char *part)
{
    size_t       n;
    const char  *p;

    if (text == NULL) {
        return false;
    }

    if ((unsigned char) part[0] >= 0x80) {
        return strstr(text, part) != NULL;
    }

    n = strlen(part);

    for (p = text; *p != '\0'; p++) {
        if ((p == text || !isalnum((unsigned char) p[-1]))
            && strncasecmp(p, part, n) == 0)
        {
            return true;
        }
    }

    return false;
}


/* 0: every part in its names, 1: with the address, -1: not. */
static int
naive_where(const Shian__Venue *v, const query_t *q)
{
    int     where;
    size_t  i;

    for (where = 0, i = 0; i < 4 && q->part[i] != NULL; i++) {
        if (naive_text(v->name, q->part[i])
            || naive_text(v->name_en, q->part[i]))
        {
            continue;
        }

        if (!naive_text(v->address, q->part[i])) {
            return -1;
        }

        where = 1;
    }

    return where;
}


static bool
naive_fits(const world_t *w, uint64_t id, const shian_find_t *f,
    const query_t *q)
{
    const Shian__Venue  *v = w->venue[id];
    shian_point_t        p = { v->lat, v->lng };

    return (q == NULL || naive_where(v, q) >= 0)
        && (f->district == NULL
            || (v->district != NULL && strcmp(v->district, f->district) == 0))
        && (f->category == NULL
            || (v->category != NULL && strcmp(v->category, f->category) == 0))
        && (!f->has_colour || shian_tally_colour(w->tally[id]) == f->colour)
        && (!f->near || (v->has_lat
                         && shian_geo_distance(f->at, p) <= f->radius))
        && (!f->has_box
            || (v->has_lat && v->lat >= f->box.min_lat
                && v->lat <= f->box.max_lat && v->lng >= f->box.min_lng
                && v->lng <= f->box.max_lng));
}


/* ---- searches -------------------------------------------------------------*/

typedef struct {
    size_t    n;
    uint64_t  id[VENUES + 1];
    double    distance[VENUES + 1];
} answer_t;


/* All pages, of whatever size; no venue may come twice. */
static void
search(world_t *w, shian_find_t *f, answer_t *all)
{
    size_t          i, n, pages;
    bool            seen[VENUES + 1] = { false };
    uint64_t        id;
    shian_str_t     next;
    shian_found_t   items[SHIAN_FIND_MAX + 1];
    shian_report_t  report;

    all->n = 0;
    f->after = SHIAN_NONE;

    for (pages = 0; pages == 0 || f->after.n != 0; pages++) {
        assert_true(pages <= VENUES);
        f->limit = 1 + city_random(&w->city, 40);
        shian_report_init(&report);
        assert_true(shian_find(&w->txn, f, items, &n, &next, &report));
        assert_true(n <= f->limit);
        assert_true(n == f->limit || next.n == 0);

        for (i = 0; i < n; i++) {
            id = items[i].venue->id;
            assert_false(seen[id]);
            seen[id] = true;
            all->id[all->n] = id;
            all->distance[all->n++] = items[i].distance;
        }

        f->after = next;
    }
}


static void
compare(world_t *w, const shian_find_t *f, const query_t *q,
    const answer_t *all)
{
    bool      found[VENUES + 1] = { false };
    size_t    i;
    uint64_t  id;

    for (i = 0; i < all->n; i++) {
        found[all->id[i]] = true;
    }

    for (id = 1; id <= VENUES; id++) {
        if (found[id] != naive_fits(w, id, f, q)) {
            fail_msg("%s venue %d (%s, %s) for \"%s\"",
                     found[id] ? "unwanted" : "missing", (int) id,
                     w->venue[id]->name, w->venue[id]->address,
                     q == NULL ? "" : q->q);
        }
    }
}


static void
words_find_what_a_scan_finds(void **state)
{
    int           was, is;
    size_t        i, j, hits;
    world_t      *w = *state;
    answer_t      all;
    shian_find_t  f;

    for (hits = 0, i = 0; i < SHIAN_COUNT(queries); i++) {
        memset(&f, 0, sizeof(f));
        f.q = shian_str(queries[i].q);
        search(w, &f, &all);
        compare(w, &f, &queries[i], &all);
        hits += all.n != 0;

        for (was = 0, j = 0; j < all.n; j++, was = is) {
            is = naive_where(w->venue[all.id[j]], &queries[i]);
            assert_true(is >= was);
        }

        shian_arena_free(&w->arena);
    }

    assert_true(hits >= SHIAN_COUNT(queries) - 3);
}


static void
near_comes_nearest_first(void **state)
{
    size_t         i;
    world_t       *w = *state;
    answer_t       all;
    shian_find_t   f;
    Shian__Venue  *v;

    memset(&f, 0, sizeof(f));
    f.near = true;
    f.at = (shian_point_t) { 29.62, 121.42 };
    f.radius = 1500;
    search(w, &f, &all);
    compare(w, &f, NULL, &all);
    assert_true(all.n > 30 && all.n < VENUES);

    for (i = 0; i < all.n; i++) {
        v = w->venue[all.id[i]];
        assert_true(fabs(all.distance[i] - shian_geo_distance(f.at,
                        (shian_point_t) { v->lat, v->lng })) < 0.02);
        if (i > 0) {
            assert_true(all.distance[i] >= all.distance[i - 1]);
        }
    }

    shian_arena_free(&w->arena);
}


static void
the_best_come_first_by_score(void **state)
{
    int           was, is;
    size_t        i;
    world_t      *w = *state;
    answer_t      all;
    uint8_t       colours;
    Shian__Grade *g;
    shian_find_t  f;

    memset(&f, 0, sizeof(f));
    f.sort = SHIAN_SORT_SCORE;
    search(w, &f, &all);
    assert_int_equal(all.n, VENUES);

    for (colours = 0, was = 0, i = 0; i < all.n; i++, was = is) {
        g = w->tally[all.id[i]]->grade;
        is = 20000 * shian_colour_order(shian_tally_colour(
                                            w->tally[all.id[i]]))
             + 10000 - (g == NULL ? 0 : g->score);
        assert_true(is >= was);
        colours |= (uint8_t) (1u << shian_tally_colour(
                                        w->tally[all.id[i]]));
    }

    /* The city has all five of them, or this says little. */
    assert_int_equal(colours, 31);
    shian_arena_free(&w->arena);
}


static void
make_any(city_t *c, shian_find_t *f, const query_t **q)
{
    memset(f, 0, sizeof(*f));
    *q = NULL;

    if (city_chance(c, 40)) {
        *q = &queries[city_random(c, SHIAN_COUNT(queries))];
        f->q = shian_str((*q)->q);
    }

    f->district = city_chance(c, 25) ? ANY_OF(c, districts) : NULL;
    f->category = city_chance(c, 25) ? ANY_OF(c, categories) : NULL;
    f->has_colour = city_chance(c, 25);
    f->colour = (Shian__Colour__Kind) city_random(c, 5);
    f->near = city_chance(c, 25);
    f->at = (shian_point_t) {
        29.60 + (double) city_random(c, 400) / 10000,
        121.40 + (double) city_random(c, 400) / 10000
    };
    f->radius = 50 + (double) city_random(c, 3000);
    f->has_box = city_chance(c, 25);
    f->box.min_lat = 29.60 + (double) city_random(c, 400) / 10000;
    f->box.min_lng = 121.40 + (double) city_random(c, 400) / 10000;
    f->box.max_lat = f->box.min_lat + (double) city_random(c, 300) / 10000;
    f->box.max_lng = f->box.min_lng + (double) city_random(c, 300) / 10000;
    f->sort = city_chance(c, 30) ? SHIAN_SORT_SCORE : SHIAN_SORT_DEFAULT;
}


static void
any_mixture_finds_what_a_scan_finds(void **state)
{
    int             i;
    world_t        *w = *state;
    answer_t        all;
    shian_find_t    f;
    const query_t  *q;

    for (i = 0; i < SEARCHES; i++) {
        make_any(&w->city, &f, &q);
        search(w, &f, &all);
        compare(w, &f, q, &all);
        shian_arena_free(&w->arena);
    }
}


/* A cursor comes from outside: any bytes may be asked for. */
static void
no_cursor_breaks_a_search(void **state)
{
    int             i;
    size_t          j, n;
    uint8_t         after[64];
    world_t        *w = *state;
    shian_str_t     next;
    shian_find_t    f;
    shian_found_t   items[SHIAN_FIND_MAX + 1];
    const query_t  *q;
    shian_report_t  report;

    for (i = 0; i < SEARCHES; i++) {
        make_any(&w->city, &f, &q);
        f.limit = 10;
        f.after.n = 1 + city_random(&w->city, sizeof(after));
        f.after.p = after;

        for (j = 0; j < f.after.n; j++) {
            after[j] = (uint8_t) city_random(&w->city,
                                             city_chance(&w->city, 50) ? 4
                                                                       : 256);
        }

        shian_report_init(&report);
        (void) shian_find(&w->txn, &f, items, &n, &next, &report);
        assert_true(report.status != 200 || n <= f.limit);
        assert_int_equal(w->txn.err, 0);
        shian_arena_free(&w->arena);
    }
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_find_what_a_scan_finds),
        cmocka_unit_test(near_comes_nearest_first),
        cmocka_unit_test(the_best_come_first_by_score),
        cmocka_unit_test(any_mixture_finds_what_a_scan_finds),
        cmocka_unit_test(no_cursor_breaks_a_search),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, begin, finish);
}
