#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "city.h"

#define WORDS  "Hair in the soup; call 13800138000."


/* Whether the last fetch that failed said that the record was erased. */
static bool  erased;


/* Puts a record's key into the store; returns the text sealed under it. */
static shian_str_t
keep(city_t *c, shian_vault_t *v)
{
    shian_txn_t  t;

    shian_vault_new(v, c->now);
    assert_int_equal(shian_txn_begin(c->store, &c->arena, true, &t), 0);
    shian_vault_put(&t, &c->keys, v);
    assert_int_equal(shian_txn_commit(&t), 0);

    return shian_vault_seal(v, "text", SHIAN_STR(WORDS), &c->arena);
}


static bool
fetch(city_t *c, const shian_keys_t *keys, shian_vault_t *v, const void *id)
{
    bool         ok;
    shian_txn_t  t;

    assert_int_equal(shian_txn_begin(c->store, &c->arena, false, &t), 0);
    ok = shian_vault_get(v, keys, &t, shian_slice(id, SHIAN_ID_SIZE));
    erased = !ok && t.err == 0;
    shian_txn_abort(&t);

    return ok;
}


static void
what_was_sealed_opens_and_nothing_shows(void **state)
{
    city_t         c;
    shian_str_t    box, text;
    shian_vault_t  v, again;

    (void) state;
    city_open(&c, 1, CITY_MAP);
    box = keep(&c, &v);

    assert_true(box.n > sizeof(WORDS) - 1);
    assert_null(memmem(box.p, box.n, "Hair", 4));
    assert_true(fetch(&c, &c.keys, &again, v.id));
    assert_memory_equal(again.key, v.key, sizeof(v.key));
    assert_true(shian_vault_open(&again, "text", box, &c.arena, &text));
    assert_true(shian_str_is(text, WORDS));

    /* The same words twice are not the same bytes. */
    assert_false(shian_str_eq(box, shian_vault_seal(&v, "text", text,
                                                    &c.arena)));
    shian_vault_wipe(&again);
    assert_false(shian_vault_open(&again, "text", box, &c.arena, &text));
    city_close(&c);
}


static void
any_changed_bit_keeps_it_shut(void **state)
{
    city_t         c;
    size_t         i;
    uint8_t       *p;
    shian_str_t    box, text;
    shian_vault_t  v;

    (void) state;
    city_open(&c, 1, CITY_MAP);
    box = keep(&c, &v);
    p = shian_alloc(&c.arena, box.n);
    memcpy(p, box.p, box.n);

    for (i = 0; i < box.n; i++) {
        p[i] ^= (uint8_t) (1u << i % 8);
        assert_false(shian_vault_open(&v, "text", shian_slice(p, box.n),
                                      &c.arena, &text));
        p[i] ^= (uint8_t) (1u << i % 8);
        assert_false(shian_vault_open(&v, "text", shian_slice(p, i),
                                      &c.arena, &text));
    }

    assert_true(shian_vault_open(&v, "text", shian_slice(p, box.n), &c.arena,
                                 &text));
    assert_false(shian_vault_open(&v, "contact", box, &c.arena, &text));
    city_close(&c);
}


/* Rows moved to another's place, cut or made up: never a wrong key. */
static void
rows_cannot_be_swapped_or_forged(void **state)
{
    city_t          c;
    size_t          n;
    uint8_t         copy[200];
    shian_str_t     row;
    shian_txn_t     t;
    shian_vault_t   a, b, got;
    shian_rowkey_t  ka = { 0 }, kb = { 0 };

    (void) state;
    city_open(&c, 1, CITY_MAP);
    (void) keep(&c, &a);
    (void) keep(&c, &b);
    shian_rowkey_bytes(&ka, a.id, sizeof(a.id));
    shian_rowkey_bytes(&kb, b.id, sizeof(b.id));

    assert_int_equal(shian_txn_begin(c.store, &c.arena, true, &t), 0);
    assert_true(shian_row_get(&t, SHIAN_T_VAULT, &ka, &row));
    n = row.n;
    assert_true(n <= sizeof(copy));
    memcpy(copy, row.p, n);
    shian_row_put(&t, SHIAN_T_VAULT, &kb, shian_slice(copy, n));
    assert_int_equal(shian_txn_commit(&t), 0);
    assert_true(fetch(&c, &c.keys, &got, a.id));
    assert_false(fetch(&c, &c.keys, &got, b.id));
    assert_false(erased);

    for (/* void */; n > 0; n--) {
        assert_int_equal(shian_txn_begin(c.store, &c.arena, true, &t), 0);
        shian_row_put(&t, SHIAN_T_VAULT, &ka, shian_slice(copy, n - 1));
        assert_int_equal(shian_txn_commit(&t), 0);
        assert_false(fetch(&c, &c.keys, &got, a.id));
        assert_false(erased);
    }

    copy[0] = 255;
    assert_int_equal(shian_txn_begin(c.store, &c.arena, true, &t), 0);
    shian_row_put(&t, SHIAN_T_VAULT, &ka, shian_slice(copy, 10));
    assert_int_equal(shian_txn_commit(&t), 0);
    assert_false(fetch(&c, &c.keys, &got, a.id));

    /* Names of another length are no names. */
    assert_int_equal(shian_txn_begin(c.store, &c.arena, false, &t), 0);
    assert_false(shian_vault_get(&got, &c.keys, &t, shian_slice(a.id, 8)));
    assert_false(shian_vault_get(&got, &c.keys, &t, SHIAN_NONE));
    shian_txn_abort(&t);
    city_close(&c);
}


static void
site_keys_are_rotated_and_retired(void **state)
{
    char           err[256];
    city_t         c;
    shian_buf_t    one, two;
    shian_keys_t  *before, *after, *other;
    shian_vault_t  v, w, got;

    (void) state;
    city_open(&c, 1, CITY_MAP);
    before = calloc(3, sizeof(*before));
    assert_non_null(before);
    after = before + 1;
    other = before + 2;

    shian_buf_init(&one, &c.arena);
    shian_buf_init(&two, &c.arena);
    assert_true(shian_keys_generate(&one.sink, SHIAN_STR("2025-01-01")));
    assert_true(shian_keys_rotate(&two.sink, shian_buf_str(&one),
                                  SHIAN_KEY_VAULT, SHIAN_STR("2025-02-01"),
                                  err, sizeof(err)));
    assert_true(shian_keys_parse(shian_buf_str(&one), before, err,
                                 sizeof(err)));
    assert_true(shian_keys_parse(shian_buf_str(&two), after, err,
                                 sizeof(err)));
    *other = c.keys;

    /* Old words open under old and new key files, never under another's. */
    c.keys = *before;
    (void) keep(&c, &v);
    assert_true(fetch(&c, before, &got, v.id));
    assert_true(fetch(&c, after, &got, v.id));
    assert_false(fetch(&c, other, &got, v.id));
    assert_false(erased);

    /* A new epoch's words do not open without the new key. */
    c.keys = *after;

    do {
        (void) keep(&c, &w);
    } while (w.id[0] == v.id[0]);

    assert_true(fetch(&c, after, &got, w.id));
    assert_false(fetch(&c, before, &got, w.id));
    assert_false(erased);

    shian_keys_wipe(before);
    shian_keys_wipe(after);
    shian_keys_wipe(other);
    free(before);
    city_close(&c);
}


static void
a_deleted_row_is_the_end_of_the_words(void **state)
{
    city_t         c;
    shian_txn_t    t;
    shian_vault_t  v, w, got;

    (void) state;
    city_open(&c, 1, CITY_MAP);
    (void) keep(&c, &v);
    (void) keep(&c, &w);

    assert_int_equal(shian_txn_begin(c.store, &c.arena, true, &t), 0);
    shian_vault_del(&t, shian_slice(v.id, sizeof(v.id)), c.now);
    shian_vault_del(&t, shian_slice(v.id, sizeof(v.id)), c.now);
    assert_int_equal(shian_txn_commit(&t), 0);

    assert_false(fetch(&c, &c.keys, &got, v.id));
    assert_true(erased);
    assert_true(fetch(&c, &c.keys, &got, w.id));
    city_close(&c);
}


/* An operation's words leave neither through the log nor through a table. */
static void
no_word_is_in_the_store(void **state)
{
    char    file[300], *all;
    long    size;
    FILE   *f;
    city_t  c;

    (void) state;
    city_open(&c, 1, CITY_MAP);
    assert_int_equal(city_do(&c, city_venue(&c, "Harbour View")), 200);
    assert_int_equal(city_do(&c, city_review(&c, 1, 1, WORDS, 1, 1)), 200);

    snprintf(file, sizeof(file), "%s/data.mdb", c.dir);
    f = fopen(file, "rb");
    assert_non_null(f);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    size = ftell(f);
    assert_true(size > 0);
    assert_int_equal(fseek(f, 0, SEEK_SET), 0);
    all = malloc((size_t) size);
    assert_non_null(all);
    assert_int_equal(fread(all, 1, (size_t) size, f), size);
    assert_int_equal(fclose(f), 0);

    assert_non_null(memmem(all, (size_t) size, "Harbour View", 12));
    assert_null(memmem(all, (size_t) size, "Hair in", 7));
    assert_null(memmem(all, (size_t) size, "13800138000", 11));
    free(all);
    city_close(&c);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_sealed_opens_and_nothing_shows),
        cmocka_unit_test(any_changed_bit_keeps_it_shut),
        cmocka_unit_test(rows_cannot_be_swapped_or_forged),
        cmocka_unit_test(site_keys_are_rotated_and_retired),
        cmocka_unit_test(a_deleted_row_is_the_end_of_the_words),
        cmocka_unit_test(no_word_is_in_the_store),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
