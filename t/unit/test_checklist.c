/*
 * The checklist: what comes with the program, what a city may set instead,
 * and which one was in force when.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "city.h"
#include "domain/checklist.h"

#define SHIPPED   "conf/checklist.json"
#define MAX_FILE  65536


/* A checklist by itself, of n items for each head. */
static Shian__Checklist *
checklist(shian_arena_t *a, const char *version, int n)
{
    int                      i;
    Shian__Checklist        *list;
    Shian__Checklist__Item  *it;

    list = shian_zalloc(a, sizeof(*list));
    shian__checklist__init(list);
    list->version = (char *) version;
    list->items = shian_array(a, (size_t) (7 * n), sizeof(*list->items));

    for (i = 0; i < 7 * n; i++) {
        it = shian_zalloc(a, sizeof(*it));
        shian__checklist__item__init(it);
        it->code = shian_printf(a, "C%d", i);
        it->has_head = it->has_severity = 1;
        it->head = (Shian__Checklist__Head) (1 + i % 7);
        it->severity = SHIAN__SEVERITY__KIND__major;
        it->text = it->text_en = "The floor is clean";
        it->guidance = it->guidance_en = "Look at it.";
        list->items[list->n_items++] = it;
    }

    return list;
}


static int
set(city_t *c, Shian__Role__Kind role, Shian__Checklist *list)
{
    Shian__Operation  *op = city_operation(c, role, 0);

    CITY_BODY(c, op, CHECKLIST_SET, checklist_set, Shian__ChecklistSet,
              shian__checklist_set__init)->checklist = list;

    return city_do(c, op);
}


static int
put(city_t *c, Shian__Checklist *list)
{
    return set(c, SHIAN__ROLE__KIND__chief, list);
}


static bool
reported(const city_t *c, const char *field, const char *code)
{
    size_t                 i;
    const shian_report_t  *r = &c->item[0].report;

    for (i = 0; i < r->nfields; i++) {
        if (strcmp(r->fields[i].field, field) == 0
            && strcmp(r->fields[i].code, code) == 0)
        {
            return true;
        }
    }

    return false;
}


static void
what_is_built_in_is_the_file(void **state)
{
    FILE                    *f;
    char                    *text;
    city_t                   c;
    size_t                   n;
    shian_txn_t              t;
    shian_report_t           report;
    Shian__Checklist        *file;
    Shian__ChecklistRecord  *now;

    city_open(&c, 1, CITY_MAP);
    text = shian_alloc(&c.arena, MAX_FILE);
    f = fopen(SHIPPED, "r");
    assert_non_null(f);
    n = fread(text, 1, MAX_FILE, f);
    assert_in_range(n, 1, MAX_FILE - 1);
    assert_int_equal(fclose(f), 0);

    shian_report_init(&report);
    assert_true(shian_checklist_parse(&c.arena, shian_slice(text, n), &file,
                                      &report));
    assert_string_equal(file->version, "default-1");
    assert_true(file->n_items >= 32);

    assert_int_equal(shian_txn_begin(c.store, &c.arena, false, &t), 0);
    now = shian_checklist_now(&t);
    assert_non_null(now);
    assert_false(now->has_since);
    assert_int_equal(now->id, 0);
    assert_true(shian_str_eq(shian_pack(&c.arena, now->checklist),
                             shian_pack(&c.arena, file)));
    assert_non_null(shian_checklist_version(&t, "default-1"));
    assert_null(shian_checklist_version(&t, "default-2"));
    shian_txn_abort(&t);
    city_close(&c);
}


static void
assert_version(const Shian__ChecklistRecord *r, const char *version)
{
    assert_non_null(r);
    assert_string_equal(r->checklist->version, version);
}


static void
each_instant_has_its_own(void **state)
{
    city_t             c;
    uint64_t           t0;
    shian_txn_t        t;
    Shian__Checklist  *list;

    city_open(&c, 2, CITY_MAP);
    t0 = c.now;
    assert_int_equal(put(&c, checklist(&c.arena, "one", 4)), 200);
    c.now = t0 + 1000;
    assert_int_equal(put(&c, checklist(&c.arena, "two", 5)), 200);
    c.now = t0 + 500;       /* a clock put back: no earlier than the last */
    assert_int_equal(put(&c, checklist(&c.arena, "three", 6)), 200);

    assert_int_equal(shian_txn_begin(c.store, &c.arena, false, &t), 0);
    assert_version(shian_checklist_at(&t, t0 - 1), "default-1");
    assert_version(shian_checklist_at(&t, t0), "one");
    assert_version(shian_checklist_at(&t, t0 + 499), "one");
    assert_version(shian_checklist_at(&t, t0 + 999), "one");
    assert_version(shian_checklist_at(&t, t0 + 1000), "three");
    assert_version(shian_checklist_now(&t), "three");
    assert_int_equal(shian_checklist_now(&t)->id, 3);
    assert_int_equal(shian_checklist_now(&t)->since, t0 + 1000);

    list = shian_checklist_version(&t, "two");
    assert_non_null(list);
    assert_int_equal(list->n_items, 35);
    assert_non_null(shian_checklist_version(&t, "default-1"));
    assert_null(shian_checklist_version(&t, "four"));
    shian_txn_abort(&t);
    city_close(&c);
}


static void
a_version_never_changes(void **state)
{
    char               err[256];
    city_t             c;
    Shian__Checklist  *list;

    city_open(&c, 3, CITY_MAP);
    assert_int_equal(put(&c, checklist(&c.arena, "one", 4)), 200);
    assert_int_equal(c.item[0].result.id, 1);
    assert_int_equal(put(&c, checklist(&c.arena, "one", 4)), 200);
    assert_false(c.item[0].result.has_seq);     /* nothing to do */

    assert_int_equal(put(&c, checklist(&c.arena, "two", 4)), 200);
    list = checklist(&c.arena, "one", 4);
    list->items[27]->severity = SHIAN__SEVERITY__KIND__minor;
    assert_int_equal(put(&c, list), 422);
    assert_true(reported(&c, "version", "duplicate"));
    assert_int_equal(put(&c, checklist(&c.arena, "default-1", 4)), 422);
    assert_true(reported(&c, "version", "duplicate"));

    assert_int_equal(put(&c, checklist(&c.arena, "one", 4)), 200);
    assert_int_equal(c.item[0].result.id, 3);   /* back to what was */
    assert_true(city_verify(&c, err, sizeof(err)));
    city_close(&c);
}


static void
what_is_no_checklist_is_refused(void **state)
{
    city_t             c;
    shian_txn_t        t;
    Shian__Checklist  *list;

    city_open(&c, 4, CITY_MAP);
    assert_int_equal(put(&c, NULL), 422);
    assert_int_equal(put(&c, checklist(&c.arena, NULL, 4)), 422);
    assert_true(reported(&c, "version", "required"));

    assert_int_equal(put(&c, checklist(&c.arena, "x", 3)), 422);
    assert_int_equal(c.item[0].report.nfields, 7);
    assert_true(reported(&c, "items", "too_short"));

    list = checklist(&c.arena, "x", 4);
    list->items[5]->code = list->items[2]->code;
    assert_int_equal(put(&c, list), 422);
    assert_int_equal(c.item[0].report.nfields, 1);
    assert_true(reported(&c, "items", "duplicate"));

    list = checklist(&c.arena, "x", 5);
    list->items[3]->guidance_en = NULL;
    list->items[4]->has_severity = 0;
    assert_int_equal(put(&c, list), 422);
    assert_int_equal(c.item[0].report.nfields, 2);
    assert_true(reported(&c, "items", "required"));

    /* Numbers that no name stands for. */
    list = checklist(&c.arena, "x", 5);
    list->items[0]->head = (Shian__Checklist__Head) 8;
    list->items[1]->head = (Shian__Checklist__Head) 0;
    list->items[2]->severity = (Shian__Severity__Kind) 3;
    assert_int_equal(put(&c, list), 422);
    assert_int_equal(c.item[0].report.nfields, 3);

    assert_int_equal(set(&c, SHIAN__ROLE__KIND__officer,
                         checklist(&c.arena, "x", 4)), 403);
    assert_int_equal(shian_txn_begin(c.store, &c.arena, false, &t), 0);
    assert_version(shian_checklist_now(&t), "default-1");
    shian_txn_abort(&t);
    city_close(&c);
}


static void
the_view_goes_head_by_head(void **state)
{
    int                    head;
    city_t                 c;
    size_t                 i, n;
    shian_txn_t            t;
    Shian__ChecklistView  *v;

    city_open(&c, 5, CITY_MAP);
    assert_int_equal(put(&c, checklist(&c.arena, "one", 6)), 200);
    assert_int_equal(shian_txn_begin(c.store, &c.arena, false, &t), 0);
    v = shian_checklist_view(&t);
    assert_non_null(v);
    assert_string_equal(v->version, "one");
    assert_int_equal(v->since, c.now);
    assert_int_equal(v->n_heads, 7);

    for (n = 0, head = 1; head <= 7; head++) {
        assert_int_equal(v->heads[head - 1]->head, head);
        n += v->heads[head - 1]->n_items;

        for (i = 0; i < v->heads[head - 1]->n_items; i++) {
            assert_int_equal(v->heads[head - 1]->items[i]->head, head);
        }
    }

    assert_int_equal(n, 42);
    shian_txn_abort(&t);
    city_close(&c);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(what_is_built_in_is_the_file),
        cmocka_unit_test(each_instant_has_its_own),
        cmocka_unit_test(a_version_never_changes),
        cmocka_unit_test(what_is_no_checklist_is_refused),
        cmocka_unit_test(the_view_goes_head_by_head),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, NULL, NULL);
}
