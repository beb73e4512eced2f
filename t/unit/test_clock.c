#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "city.h"
#include "store/clock.h"

/* faults B3: a clock that cannot be believed stops what cannot be undone. */

#define SECOND  UINT64_C(1000)
#define MINUTE  (60 * SECOND)
#define HOUR    (60 * MINUTE)
#define DAY     (24 * HOUR)
#define YEAR    (365 * DAY)

#define WALL    UINT64_C(1764500000000)
#define UP      (3 * DAY)


/* A pair of boot number `boot`. */
static shian_instant_t
pair(uint8_t boot, uint64_t wall_ms, uint64_t up_ms)
{
    shian_instant_t  i;

    memset(&i, 0, sizeof(i));
    i.boot[0] = boot;
    i.wall_ms = wall_ms;
    i.since_boot_ms = up_ms;

    return i;
}


static void
judged(const shian_clocks_t *c, shian_instant_t now, bool suspect,
    uint64_t now_ms)
{
    shian_time_t  t;

    t = shian_clock_judge(c, &now);

    assert_int_equal(t.suspect, suspect);
    assert_int_equal(t.now_ms, now_ms);
    assert_int_equal(t.off_ms, (int64_t) (now.wall_ms - now_ms));
}


static void
a_jump_is_seen_against_the_last_pair(void **state)
{
    shian_clocks_t  c = { .trusted = pair(1, WALL, UP) };

    (void) state;

    /* An hour on, and ten minutes either side. */
    judged(&c, pair(1, WALL + HOUR, UP + HOUR), false, WALL + HOUR);
    judged(&c, pair(1, WALL + HOUR + 10 * MINUTE, UP + HOUR), false,
           WALL + HOUR + 10 * MINUTE);
    judged(&c, pair(1, WALL + HOUR - 10 * MINUTE, UP + HOUR), false,
           WALL + HOUR - 10 * MINUTE);
    judged(&c, pair(1, WALL + HOUR + 10 * MINUTE + 1, UP + HOUR), true,
           WALL + HOUR);
    judged(&c, pair(1, WALL + HOUR - 10 * MINUTE - 1, UP + HOUR), true,
           WALL + HOUR);

    /* Years, and what it most likely is. */
    judged(&c, pair(1, WALL + 6 * YEAR, UP + HOUR), true, WALL + HOUR);
    judged(&c, pair(1, WALL - 6 * YEAR, UP + HOUR), true, WALL + HOUR);
}


static void
at_first_sight_the_log_says(void **state)
{
    shian_clocks_t  c = { .last_ms = WALL };

    (void) state;

    judged(&c, pair(1, WALL + 7 * DAY, UP), false, WALL + 7 * DAY);
    judged(&c, pair(1, WALL + 7 * DAY + 1, UP), true, WALL + 7 * DAY + 1);
    judged(&c, pair(1, WALL - 10 * SECOND, UP), false, WALL);
    judged(&c, pair(1, WALL - 10 * SECOND - 1, UP), true, WALL);

    /* Another boot's pair says no more than when that was. */
    c.trusted = pair(2, WALL, 9 * DAY);
    judged(&c, pair(1, WALL + 7 * DAY, UP), false, WALL + 7 * DAY);
    judged(&c, pair(1, WALL + 7 * DAY + 1, UP), true, WALL + 7 * DAY + 1);

    /* Entries that were written in doubt make no doubtful clock right. */
    c.last_ms = WALL + 6 * YEAR;
    judged(&c, pair(1, WALL + 6 * YEAR + MINUTE, UP), true,
           WALL + 6 * YEAR + MINUTE);
    judged(&c, pair(1, WALL + MINUTE, UP), true, WALL + 6 * YEAR);

    /* An empty store has nothing to say. */
    memset(&c, 0, sizeof(c));
    judged(&c, pair(1, WALL, UP), false, WALL);
}


static void
a_day_of_steady_running_confirms_a_week(void **state)
{
    uint64_t       ahead[] = { HOUR, 7 * DAY }, far = 7 * DAY + 10 * MINUTE;
    size_t         i;
    shian_clocks_t  c = { .trusted = pair(1, WALL, UP) };

    (void) state;

    for (i = 0; i < SHIAN_COUNT(ahead); i++) {
        c.doubted = pair(1, WALL + HOUR + ahead[i], UP + HOUR);
        judged(&c, pair(1, WALL + 25 * HOUR + ahead[i] - 1, UP + 25 * HOUR
                        - 1), true, WALL + 25 * HOUR - 1);
        judged(&c, pair(1, WALL + 25 * HOUR + ahead[i], UP + 25 * HOUR),
               false, WALL + 25 * HOUR + ahead[i]);
    }

    /* It has moved again meanwhile; it is another boot; it is too far. */
    judged(&c, pair(1, WALL + 25 * HOUR + DAY, UP + 25 * HOUR), true,
           WALL + 25 * HOUR);
    c.doubted.boot[0] = 3;
    judged(&c, pair(1, WALL + 25 * HOUR + 7 * DAY, UP + 25 * HOUR), true,
           WALL + 25 * HOUR);
    c.doubted = pair(1, WALL + HOUR + far, UP + HOUR);
    judged(&c, pair(1, WALL + 90 * DAY + far, UP + 90 * DAY), true,
           WALL + 90 * DAY);

    /* Nor does a clock behind the log. */
    c.last_ms = WALL + HOUR;
    c.doubted = pair(1, WALL - HOUR, UP + HOUR);
    judged(&c, pair(1, WALL, UP + 2 * HOUR), true, WALL + 2 * HOUR);
    c.last_ms = WALL + 3 * DAY;
    judged(&c, pair(1, WALL + 2 * DAY, UP + 2 * DAY + 2 * HOUR), true,
           WALL + 3 * DAY);
}


/* ---- what the store keeps -------------------------------------------------*/

static void
note(city_t *c, shian_instant_t now, bool confirmed)
{
    shian_txn_t  t;

    assert_int_equal(shian_txn_begin(c->store, &c->arena, true, &t), 0);
    shian_clock_note(&t, &now, confirmed);
    assert_int_equal(shian_txn_commit(&t), 0);
}


static shian_clocks_t
known(city_t *c)
{
    shian_txn_t    t;
    shian_clocks_t  clock;

    assert_int_equal(shian_txn_begin(c->store, &c->arena, false, &t), 0);
    shian_clock_load(&t, &clock);
    shian_txn_abort(&t);

    return clock;
}


static void
pairs_are_kept_while_they_are_trusted(void **state)
{
    city_t         c;
    shian_clocks_t  k;

    (void) state;
    city_open(&c, 1, CITY_MAP);

    note(&c, pair(1, WALL, UP), false);
    assert_int_equal(known(&c).trusted.wall_ms, WALL);

    /* Once a minute is enough. */
    note(&c, pair(1, WALL + 59 * SECOND, UP + 59 * SECOND), false);
    assert_int_equal(known(&c).trusted.wall_ms, WALL);
    note(&c, pair(1, WALL + 60 * SECOND, UP + 60 * SECOND), false);
    assert_int_equal(known(&c).trusted.wall_ms, WALL + 60 * SECOND);

    /* A doubt is kept from its first sight on, and forgotten after it. */
    note(&c, pair(1, WALL + YEAR, UP + HOUR), false);
    note(&c, pair(1, WALL + YEAR + HOUR, UP + 2 * HOUR), false);
    k = known(&c);
    assert_int_equal(k.trusted.wall_ms, WALL + 60 * SECOND);
    assert_int_equal(k.doubted.wall_ms, WALL + YEAR);

    note(&c, pair(1, WALL + 3 * HOUR, UP + 3 * HOUR), false);
    k = known(&c);
    assert_int_equal(k.trusted.wall_ms, WALL + 3 * HOUR);
    assert_int_equal(k.doubted.since_boot_ms, 0);

    /* Somebody has looked. */
    note(&c, pair(1, WALL + YEAR, UP + 4 * HOUR), false);
    note(&c, pair(1, WALL + YEAR, UP + 4 * HOUR), true);
    judged(&(shian_clocks_t) { .trusted = known(&c).trusted },
           pair(1, WALL + YEAR + HOUR, UP + 5 * HOUR), false,
           WALL + YEAR + HOUR);
    assert_int_equal(known(&c).doubted.since_boot_ms, 0);

    city_close(&c);
}


static uint64_t
instant_of(city_t *c, uint64_t seq)
{
    uint64_t       at;
    shian_txn_t    t;
    shian_head_t   head;
    Shian__Entry  *e;

    assert_int_equal(shian_txn_begin(c->store, &c->arena, false, &t), 0);
    e = shian_log_get(&t, seq);
    assert_non_null(e);
    at = e->operation->at;
    shian_log_head(&t, &head);
    assert_true(head.seq != seq || head.at == at);
    shian_txn_abort(&t);

    return at;
}


static void
no_entry_is_before_the_one_before_it(void **state)
{
    char               err[256];
    city_t             c;
    uint64_t           began;
    Shian__Operation  *op;

    (void) state;
    city_open(&c, 1, CITY_MAP);
    began = c.now;

    assert_int_equal(city_do(&c, city_venue(&c, "Noodles")), 200);
    c.now = began - DAY;
    city_add(&c, city_venue(&c, "Rice"));
    c.now = began + DAY;
    city_add(&c, city_venue(&c, "Tea"));
    c.now = began - DAY;
    city_add(&c, city_venue(&c, "Milk"));
    assert_int_equal(city_run(&c), 0);

    assert_int_equal(instant_of(&c, 1), began);
    assert_int_equal(instant_of(&c, 2), began);
    assert_int_equal(instant_of(&c, 3), began + DAY);
    assert_int_equal(instant_of(&c, 4), began + DAY);

    /* But for somebody who says so; then it goes on from there. */
    op = city_operation(&c, SHIAN__ROLE__KIND__chief, 0);
    op->at = began + HOUR;
    (void) CITY_BODY(&c, op, CLOCK_CONFIRM, clock_confirm,
                     Shian__ClockConfirm, shian__clock_confirm__init);
    assert_int_equal(city_do(&c, op), 200);
    assert_int_equal(instant_of(&c, 5), began + HOUR);
    c.now = began + HOUR + MINUTE;
    assert_int_equal(city_do(&c, city_venue(&c, "Soup")), 200);
    assert_int_equal(instant_of(&c, 6), began + HOUR + MINUTE);

    assert_true(city_verify(&c, err, sizeof(err)));
    city_close(&c);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_jump_is_seen_against_the_last_pair),
        cmocka_unit_test(at_first_sight_the_log_says),
        cmocka_unit_test(a_day_of_steady_running_confirms_a_week),
        cmocka_unit_test(pairs_are_kept_while_they_are_trusted),
        cmocka_unit_test(no_entry_is_before_the_one_before_it),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
