/*
 * Sessions: they end when nobody uses them, and at last in any case; no two
 * have a number in common.  That signing out and disabling ends them is in
 * t/http/auth.t.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "city.h"
#include "domain/session.h"

#define HOUR      (UINT64_C(3600) * 1000)
#define SITE      SHIAN_STR("https://fsc.example")
#define SESSIONS  64

static city_t  city;


static int
setup(void **state)
{
    Shian__UserPut    *u;
    Shian__Operation  *op;

    (void) state;
    city_open(&city, 1, CITY_MAP);
    assert_int_equal(city_do(&city, city_venue(&city, "面馆")), 200);

    op = city_operation(&city, SHIAN__ROLE__KIND__admin, 0);
    u = CITY_BODY(&city, op, USER_PUT, user_put, Shian__UserPut,
                  shian__user_put__init);
    u->login = u->name = (char *) "owner";
    u->has_role = u->has_venue = u->has_handle = 1;
    u->role = SHIAN__ROLE__KIND__venue;
    u->venue = 1;
    u->handle = 99;
    assert_int_equal(city_do(&city, op), 200);

    return 0;
}


static int
teardown(void **state)
{
    (void) state;
    city_close(&city);

    return 0;
}


/* Somebody signs in for venue 1; the token is in the city's arena. */
static void
sign_in(shian_caller_t *c, uint64_t now, shian_str_t *token)
{
    shian_txn_t  t;

    shian_caller_init(c);
    assert_int_equal(shian_txn_begin(city.store, &city.arena, false, &t), 0);
    assert_true(shian_caller_login(c, &t, SHIAN_STR("owner")));
    assert_true(shian_caller_mint(c, &t, &city.keys, SITE, now, token));
    shian_txn_abort(&t);
}


static void
mint(shian_caller_t *c, uint64_t now, shian_str_t *token)
{
    shian_txn_t  t;

    assert_int_equal(shian_txn_begin(city.store, &city.arena, false, &t), 0);
    assert_true(shian_caller_mint(c, &t, &city.keys, SITE, now, token));
    shian_txn_abort(&t);
}


/* Whether the token is good at that time; *c is then who holds it. */
static bool
good(shian_caller_t *c, shian_str_t token, uint64_t now)
{
    shian_txn_t           t;
    shian_token_t         out;
    shian_token_result_t  rc;

    shian_caller_init(c);
    assert_int_equal(shian_txn_begin(city.store, &city.arena, false, &t), 0);
    rc = shian_caller_token(c, &t, &city.keys, SITE, SHIAN_USE_SESSION, now,
                            token, &out);
    shian_txn_abort(&t);
    assert_true(rc == SHIAN_TOKEN_OK || rc == SHIAN_TOKEN_EXPIRED);

    return rc == SHIAN_TOKEN_OK;
}


static void
unused_it_ends(void **state)
{
    shian_str_t     token;
    shian_caller_t  c;

    (void) state;
    sign_in(&c, CITY_NOW, &token);

    assert_true(good(&c, token, CITY_NOW + SHIAN_SESSION_IDLE_MS - 1));
    assert_int_equal(c.actor.role, SHIAN__ROLE__KIND__venue);
    assert_int_equal(c.actor.venue, 1);
    assert_false(good(&c, token, CITY_NOW + SHIAN_SESSION_IDLE_MS));
    assert_int_equal(c.actor.role, SHIAN__ROLE__KIND__public);
}


static void
used_it_goes_on_but_not_for_ever(void **state)
{
    uint8_t         id[SHIAN_SESSION_ID_SIZE];
    uint64_t        now, end = CITY_NOW + SHIAN_SESSION_MAX_MS;
    shian_str_t     token;
    shian_caller_t  c;

    (void) state;
    sign_in(&c, CITY_NOW, &token);
    memcpy(id, c.session, sizeof(id));

    for (now = CITY_NOW; now < end; now += HOUR) {
        assert_true(good(&c, token, now));
        assert_memory_equal(c.session, id, sizeof(id));
        mint(&c, now, &token);
        assert_true(c.expires_ms <= end);
    }

    assert_true(good(&c, token, end - 1));
    mint(&c, end - 1, &token);
    assert_false(good(&c, token, end));
}


static void
each_has_a_number_of_its_own(void **state)
{
    size_t          i, j, fixed;
    uint8_t         id[SESSIONS][SHIAN_SESSION_ID_SIZE], differ;
    shian_str_t     token;
    shian_caller_t  c;

    (void) state;

    for (i = 0; i < SESSIONS; i++) {
        sign_in(&c, CITY_NOW, &token);
        memcpy(id[i], c.session, sizeof(id[i]));
    }

    /* At one instant all that can differ is what is random: 128 bits. */
    for (fixed = 0, j = 0; j < SHIAN_SESSION_ID_SIZE; j++) {
        for (differ = 0, i = 1; i < SESSIONS; i++) {
            differ |= (uint8_t) (id[i][j] ^ id[0][j]);
        }
        fixed += differ != 0xff;
    }

    assert_true(8 * (SHIAN_SESSION_ID_SIZE - fixed) >= 128);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(unused_it_ends),
        cmocka_unit_test(used_it_goes_on_but_not_for_ever),
        cmocka_unit_test(each_has_a_number_of_its_own),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, setup, teardown);
}
