/* The policy as a form, and what a preview gathers of the city. */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "city.h"
#include "domain/policy_view.h"

static shian_arena_t   arena;
static shian_report_t  report;


static int
set_up(void **state)
{
    shian_arena_init(&arena, NULL, NULL);

    return 0;
}


static int
tear_down(void **state)
{
    shian_arena_free(&arena);

    return 0;
}


/* ---- the form -------------------------------------------------------------*/

static Shian__PolicyForm *
default_form(void)
{
    Shian__Policy      *p;
    Shian__PolicyForm  *form;

    shian_report_init(&report);
    p = shian_policy_document(&arena, &shian_policy_default, "a-1");
    assert_non_null(p);
    form = shian_policy_form(&arena, p, NULL, 0, &report);
    assert_non_null(form);

    return form;
}


/* What a browser would send of it. */
static size_t
fill_in(const Shian__PolicyForm *form, shian_pair_t *pairs)
{
    size_t                      i, j, n;
    const Shian__PolicyNumber  *number;

    n = 0;
    pairs[n].name = SHIAN_STR("version");
    pairs[n++].value = shian_str(form->version);
    pairs[n].name = SHIAN_STR("action");
    pairs[n++].value = SHIAN_STR("preview");

    for (i = 0; i < form->n_groups; i++) {
        for (j = 0; j < form->groups[i]->n_numbers; j++) {
            number = form->groups[i]->numbers[j];
            pairs[n].name = shian_str(number->field);
            pairs[n++].value = shian_str(number->value);
        }
    }

    return n;
}


static shian_pair_t *
pair_named(shian_pair_t *pairs, size_t n, const char *name)
{
    size_t  i;

    for (i = 0; i < n && !shian_str_is(pairs[i].name, name); i++) {
        /* void */
    }

    assert_true(i < n);

    return &pairs[i];
}


static void
a_form_says_all_of_the_document(void **state)
{
    size_t          n;
    shian_pair_t    pairs[64];
    Shian__Policy  *p, *back;

    p = shian_policy_document(&arena, &shian_policy_default, "a-1");
    n = fill_in(default_form(), pairs);
    assert_true(shian_policy_parse_form(&arena, pairs, n, &back, &report));
    assert_true(shian_str_eq(shian_pack(&arena, p),
                             shian_pack(&arena, back)));
}


static void
a_form_has_the_bounds_of_the_rules(void **state)
{
    size_t                      i, j;
    Shian__PolicyForm          *form;
    const Shian__PolicyNumber  *number;

    form = default_form();

    for (i = 0; i < form->n_groups; i++) {
        for (j = 0; j < form->groups[i]->n_numbers; j++) {
            number = form->groups[i]->numbers[j];
            assert_true(number->max > number->min);
            assert_null(number->error);

            if (strcmp(number->field, "credit.D") == 0) {
                assert_string_equal(number->value, "-15");
                assert_int_equal(number->min, -100);
                assert_int_equal(number->max, 100);
            }

            if (strcmp(number->field, "stale_days") == 0) {
                assert_int_equal(number->min, 1);
                assert_int_equal(number->max, 3650);
            }
        }
    }
}


static void
wrong_numbers_come_back_as_typed(void **state)
{
    size_t                n;
    shian_pair_t          pairs[64];
    Shian__Policy        *p, *back;
    Shian__PolicyForm    *form;
    Shian__PolicyNumber  *green;

    n = fill_in(default_form(), pairs);
    pair_named(pairs, n, "colour.green")->value = SHIAN_STR("9<0");
    pair_named(pairs, n, "reviews.days")->value = SHIAN_NONE;
    assert_false(shian_policy_parse_form(&arena, pairs, n, &back, &report));
    assert_int_equal(report.status, 422);
    assert_int_equal(report.nfields, 2);

    p = shian_policy_document(&arena, &shian_policy_default, "a-1");
    form = shian_policy_form(&arena, p, pairs, n, &report);
    assert_int_equal(form->n_errors, 2);
    green = form->groups[0]->numbers[0];
    assert_string_equal(green->field, "colour.green");
    assert_string_equal(green->value, "9<0");
    assert_string_equal(green->error, "pattern");
}


static void
names_that_are_no_fields_are_refused(void **state)
{
    size_t          i, n;
    shian_pair_t    pairs[64];
    Shian__Policy  *p;

    static const char *const  names[] = {
        "colour", "colour.", "colour.blue", "colour.a.b", "colour.green.x",
        "version.x", "credit.A"
    };

    for (i = 0; i < SHIAN_COUNT(names); i++) {
        n = fill_in(default_form(), pairs);
        pairs[n].name = shian_str(names[i]);
        pairs[n++].value = SHIAN_STR("1");
        assert_false(shian_policy_parse_form(&arena, pairs, n, &p,
                                             &report));
        assert_int_equal(report.status, 422);
        assert_int_equal(report.nfields, 1);
        assert_string_equal(report.fields[0].field, names[i]);
    }
}


/* ---- a preview ------------------------------------------------------------*/

#define DISTRICTS  (SHIAN_PREVIEW_DISTRICTS + 6)

static shian_policy_effect_t  effect;


/* District i has i + 1 venues that change; then two without a district. */
static void
gather(void)
{
    size_t        i, j;
    Shian__Venue  v = SHIAN__VENUE__INIT;

    memset(&effect, 0, sizeof(effect));
    effect.arena = &arena;
    v.has_id = 1;

    for (i = 0; i < DISTRICTS; i++) {
        v.district = shian_printf(&arena, "d%02zu", i);

        for (j = 0; j <= i; j++) {
            v.id++;
            effect.counts.changed++;
            effect.counts.from_to[1][3]++;
            shian_policy_effect_add(&effect, &v, SHIAN__COLOUR__KIND__green,
                                    SHIAN__COLOUR__KIND__red);
        }
    }

    v.district = NULL;
    effect.counts.changed++;
    effect.counts.from_to[2][3]++;
    shian_policy_effect_add(&effect, &v, SHIAN__COLOUR__KIND__yellow,
                            SHIAN__COLOUR__KIND__red);
}


static void
a_preview_is_bounded(void **state)
{
    size_t                  i;
    uint64_t                sum;
    Shian__PolicyPreview   *view;
    Shian__PolicyDistrict  *last;

    gather();
    view = shian_view_policy_effect(&arena, &effect, NULL);
    assert_non_null(view);
    assert_int_equal(view->n_items, SHIAN_PREVIEW_VENUES);
    assert_int_equal(view->items[99]->id, 100);
    assert_int_equal(view->n_districts, SHIAN_PREVIEW_DISTRICTS + 1);
    assert_int_equal(view->n_changes, 2);

    for (sum = 0, i = 0; i < view->n_districts; i++) {
        sum += view->districts[i]->changed;
        assert_int_equal(view->districts[i]->n_changes, 2);
        assert_int_equal(view->districts[i]->changes[0]->venues
                         + view->districts[i]->changes[1]->venues,
                         view->districts[i]->changed);
    }

    assert_int_equal(sum, view->changed);
    assert_string_equal(view->districts[0]->district, "d63");
    assert_int_equal(view->districts[0]->changed, 64);

    last = view->districts[view->n_districts - 1];
    assert_true(last->others);
    assert_null(last->district);
    assert_int_equal(last->changed, 65 + 66 + 67 + 68 + 69 + 70 + 1);
}


static void
bars_are_as_long_as_their_numbers(void **state)
{
    Shian__PolicyPreview  *view;

    gather();
    view = shian_view_policy_effect(&arena, &effect, NULL);
    assert_int_equal(view->chart->n_bars, SHIAN_PREVIEW_BARS);
    assert_int_equal(view->chart->bars[0]->width, 280);
    assert_int_equal(view->chart->bars[1]->width, 280 * 63 / 64);
    assert_true(view->chart->bars[11]->y + 12 <= view->chart->height);

    memset(&effect, 0, sizeof(effect));
    effect.arena = &arena;
    view = shian_view_policy_effect(&arena, &effect, NULL);
    assert_null(view->chart);
    assert_int_equal(view->n_districts, 0);
}


static void
pieces_are_the_whole(void **state)
{
    bool                    more;
    size_t                  i, calls;
    city_t                  c;
    shian_txn_t             t;
    shian_policy_preview_t  whole, parts;

    city_open(&c, 1, CITY_MAP);

    for (i = 0; i < 20; i++) {
        assert_int_equal(city_do(&c, city_venue(&c,
            shian_printf(&c.arena, "Venue %zu", i))), 200);
    }

    assert_int_equal(shian_txn_begin(c.store, &c.arena, false, &t), 0);
    assert_true(shian_policy_preview(&t, &shian_policy_default, c.now,
                                     &whole, NULL, NULL));
    memset(&parts, 0, sizeof(parts));

    for (calls = 0, more = true; more; calls++) {
        assert_true(shian_policy_preview_some(&t, &shian_policy_default,
                        c.now, 7, &parts, NULL, NULL, &more));
    }

    shian_txn_abort(&t);
    city_close(&c);

    assert_int_equal(calls, 3);
    assert_int_equal(whole.venues, 20);
    assert_memory_equal(&parts, &whole, sizeof(whole));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(a_form_says_all_of_the_document),
        cmocka_unit_test(a_form_has_the_bounds_of_the_rules),
        cmocka_unit_test(wrong_numbers_come_back_as_typed),
        cmocka_unit_test(names_that_are_no_fields_are_refused),
        cmocka_unit_test(a_preview_is_bounded),
        cmocka_unit_test(bars_are_as_long_as_their_numbers),
        cmocka_unit_test(pieces_are_the_whole),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
