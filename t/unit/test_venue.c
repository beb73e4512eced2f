/*
 * Who said that a venue is open: a person, a cell of a list, or the list by
 * lacking it; a list takes back what a list did and nothing else (faults B4).
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "city.h"

enum { none = -1, active, suspended, closed };

/* What comes, one letter a step, and the status that stands after each. */
typedef struct {
    const char  *steps;
    int          after[6];
} course_t;

/*
 * O S C: an officer opens, suspends, closes.  o s c: a cell of its list says
 * so.  l: the list has it and says nothing; m: the list has it no more.  x:
 * another list has it and says nothing, y: and says that it is open.
 */
static const course_t  courses[] = {
    { "ml", { closed, active } },
    { "mx", { closed, closed } },
    { "my", { closed, active } },
    { "mcl", { closed, closed, closed } },
    { "Cl", { closed, closed } },
    { "Co", { closed, closed } },
    { "CO", { closed, active } },
    { "COm", { closed, active, closed } },
    { "Cml", { closed, closed, closed } },
    { "mCl", { closed, closed, closed } },
    { "mClOl", { closed, closed, closed, active, active } },
    { "cl", { closed, closed } },
    { "co", { closed, active } },
    { "So", { suspended, suspended } },
    { "Sc", { suspended, closed } },
    { "Sml", { suspended, closed, suspended } },
    { "Smo", { suspended, closed, suspended } },
    { "Smlo", { suspended, closed, suspended, suspended } },
    { "SmlO", { suspended, closed, suspended, active } },
    { "smlo", { suspended, closed, suspended, active } },
    { "Sso", { suspended, suspended, suspended } },
    { "mlml", { closed, active, closed, active } },
};


static Shian__Operation *
listed(city_t *c, const char *source, int status)
{
    Shian__Venue      *v;
    Shian__Operation  *op;

    op = city_venue(c, "面馆");
    v = op->venue_upsert->venue;
    v->uscc = "91330283MA2AFXXR36";
    v->has_uscc_doubtful = v->uscc_doubtful = 1;
    v->source = (char *) source;
    v->ref = (char *) (source[0] == 'a' ? "1" : "77");
    v->has_status = status != none;
    v->status = status == none ? SHIAN__VENUE__STATUS__active
                               : (Shian__Venue__Status) status;

    return op;
}


static Shian__Operation *
told(city_t *c, int status, bool missing)
{
    Shian__Operation  *op;

    op = city_operation(c, missing ? SHIAN__ROLE__KIND__admin
                                   : SHIAN__ROLE__KIND__officer, 1);
    CITY_BODY(c, op, VENUE_STATUS, venue_status, Shian__VenueStatus,
              shian__venue_status__init)->venue = 1;
    op->venue_status->has_venue = op->venue_status->has_status = 1;
    op->venue_status->status = (Shian__Venue__Status) status;
    op->venue_status->has_missing = op->venue_status->missing = missing;

    return op;
}


static int
status_of(city_t *c)
{
    int           status;
    shian_txn_t   t;
    Shian__Venue  *v;

    assert_int_equal(shian_txn_begin(c->store, &c->arena, false, &t), 0);
    v = shian_venue_get(&t, 1);
    assert_non_null(v);
    assert_null(shian_venue_get(&t, 2));
    status = (int) v->status;
    shian_txn_abort(&t);

    return status;
}


static void
take(city_t *c, char step)
{
    Shian__Operation  *op;

    switch (step) {
    case 'O': op = told(c, active, false); break;
    case 'S': op = told(c, suspended, false); break;
    case 'C': op = told(c, closed, false); break;
    case 'm': op = told(c, closed, true); break;
    case 'o': op = listed(c, "a", active); break;
    case 's': op = listed(c, "a", suspended); break;
    case 'c': op = listed(c, "a", closed); break;
    case 'x': op = listed(c, "b", none); break;
    case 'y': op = listed(c, "b", active); break;
    default: op = listed(c, "a", none);
    }

    assert_int_equal(city_do(c, op), 200);
}


static void
a_list_undoes_what_a_list_did(void **state)
{
    char          err[512];
    size_t        i, j;
    static city_t  c;

    (void) state;

    for (i = 0; i < SHIAN_COUNT(courses); i++) {
        city_open(&c, (uint64_t) i + 1, CITY_MAP);
        take(&c, 'l');
        assert_int_equal(status_of(&c), active);

        for (j = 0; courses[i].steps[j] != '\0'; j++) {
            take(&c, courses[i].steps[j]);

            if (status_of(&c) != courses[i].after[j]) {
                fail_msg("%s: after step %zu it is %d", courses[i].steps,
                         j + 1, status_of(&c));
            }
        }

        if (!city_verify(&c, err, sizeof(err))) {
            fail_msg("%s: %s", courses[i].steps, err);
        }

        city_close(&c);
    }
}


static void
missing_means_closed(void **state)
{
    static city_t  c;

    (void) state;

    city_open(&c, 99, CITY_MAP);
    take(&c, 'l');
    assert_int_equal(city_do(&c, told(&c, suspended, true)), 422);
    assert_int_equal(status_of(&c), active);
    city_close(&c);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(a_list_undoes_what_a_list_did),
        cmocka_unit_test(missing_means_closed),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
