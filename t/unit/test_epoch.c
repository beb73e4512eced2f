#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "city.h"
#include "store/epoch.h"

#define RECORDS  600            /* of one bucket: more than two slices */


/* A record in that bucket; others are thrown away. */
static void
keep(city_t *c, uint8_t bucket, shian_vault_t *v)
{
    shian_txn_t  t;

    shian_vault_new(v, c->now);
    v->id[0] = bucket;
    assert_int_equal(shian_txn_begin(c->store, &c->arena, true, &t), 0);
    shian_vault_put(&t, &c->keys, v);
    assert_int_equal(shian_txn_commit(&t), 0);
}


/* 1: it opens, and the key is right; 0: erased; -1: an error. */
static int
fetch(city_t *c, const shian_vault_t *v)
{
    int            rc;
    shian_txn_t    t;
    shian_vault_t  got;

    assert_int_equal(shian_txn_begin(c->store, &c->arena, false, &t), 0);

    if (shian_vault_get(&got, &c->keys, &t, shian_slice(v->id, 16))) {
        assert_memory_equal(got.key, v->key, sizeof(got.key));
        rc = 1;
    } else {
        rc = t.err == 0 ? 0 : -1;
    }

    shian_txn_abort(&t);

    return rc;
}


static void
erase(city_t *c, const shian_vault_t *v)
{
    shian_txn_t  t;

    assert_int_equal(shian_txn_begin(c->store, &c->arena, true, &t), 0);
    shian_vault_del(&t, shian_slice(v->id, sizeof(v->id)), c->now);
    assert_int_equal(shian_txn_commit(&t), 0);
}


/* Steps until nothing is left to do, or only to wait. */
static shian_epoch_step_t
turn(city_t *c, uint8_t bucket)
{
    unsigned            n;
    shian_epoch_step_t  rc;

    for (n = 0, rc = SHIAN_EPOCH_MORE; rc == SHIAN_EPOCH_MORE; n++) {
        assert_true(n < 100);
        rc = shian_epoch_step(c->store, &c->keys, bucket, UINT64_MAX, false);
    }

    return rc;
}


static bool
has_key(city_t *c, unsigned bucket, unsigned number)
{
    char         path[512];
    struct stat  st;

    snprintf(path, sizeof(path), "%s/epoch/%02x.%u", c->dir, bucket, number);

    if (stat(path, &st) != 0) {
        return false;
    }

    assert_int_equal(st.st_mode & 07777, 0600);
    snprintf(path, sizeof(path), "%s/epoch", c->dir);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);

    return true;
}


static size_t
due(city_t *c)
{
    bool  buckets[SHIAN_EPOCHS];

    return shian_epoch_due(c->store, UINT64_MAX, buckets);
}


/* faults B5 */
static void
a_turn_keeps_the_living_and_ends_the_old_key(void **state)
{
    city_t          c;
    size_t          i;
    shian_vault_t   other, *v;

    (void) state;
    city_open(&c, 1, CITY_MAP);
    v = calloc(RECORDS, sizeof(*v));
    assert_non_null(v);

    for (i = 0; i < RECORDS; i++) {
        keep(&c, 7, &v[i]);
    }

    keep(&c, 8, &other);
    assert_true(has_key(&c, 7, 1));
    assert_int_equal(due(&c), 0);
    assert_int_equal(turn(&c, 7), SHIAN_EPOCH_DONE);
    assert_true(has_key(&c, 7, 1));         /* nothing was erased */

    erase(&c, &v[3]);
    assert_int_equal(due(&c), 1);
    assert_int_equal(turn(&c, 7), SHIAN_EPOCH_DONE);
    assert_false(has_key(&c, 7, 1));
    assert_true(has_key(&c, 7, 2));
    assert_true(has_key(&c, 8, 1));
    assert_int_equal(due(&c), 0);

    for (i = 0; i < RECORDS; i++) {
        assert_int_equal(fetch(&c, &v[i]), i != 3);
    }

    assert_int_equal(fetch(&c, &other), 1);
    keep(&c, 7, &v[3]);
    assert_int_equal(fetch(&c, &v[3]), 1);
    free(v);
    city_close(&c);
}


/* Every file of the folder of keys, after the bytes of the store. */
static uint8_t *
read_file(const char *path, size_t *n)
{
    FILE     *f;
    uint8_t  *p;

    f = fopen(path, "rb");
    assert_non_null(f);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    *n = (size_t) ftell(f);
    assert_int_equal(fseek(f, 0, SEEK_SET), 0);
    p = malloc(*n + 1);
    assert_non_null(p);
    assert_int_equal(fread(p, 1, *n, f), *n);
    assert_int_equal(fclose(f), 0);

    return p;
}


/*
 * Tries every place of the raw store as the row of record id, under every key
 * that the site's keys and the folder of epochs give.
 */
static bool
can_be_found_in(city_t *c, const shian_vault_t *v, const uint8_t *raw,
    size_t n)
{
    bool      found;
    size_t    i;
    uint8_t   key[32], got[32];
    uint32_t  number;

    found = false;

    for (number = 1; number < 10; number++) {
        if (!shian_epoch_key(c->store, &c->keys, v->id[0], number, key)) {
            continue;
        }

        for (i = 0; i + SHIAN_WRAPPED <= n; i++) {
            if (raw[i + 3] == number && raw[i] == 0
                && shian_epoch_unwrap(key, shian_slice(v->id, 16),
                                      shian_slice(raw + i, SHIAN_WRAPPED),
                                      got)
                && memcmp(got, v->key, 32) == 0)
            {
                found = true;
            }
        }
    }

    return found;
}


static bool
can_be_found(city_t *c, const shian_vault_t *v)
{
    bool      found;
    char      path[512];
    size_t    n;
    uint8_t  *raw;

    snprintf(path, sizeof(path), "%s/data.mdb", c->dir);
    raw = read_file(path, &n);
    found = can_be_found_in(c, v, raw, n);
    free(raw);

    return found;
}


/* faults B5: what a page that LMDB freed still says. */
static void
raw_bytes_do_not_yield_an_erased_key(void **state)
{
    city_t         c;
    shian_vault_t  v, w;

    (void) state;
    city_open(&c, 2, CITY_MAP);
    keep(&c, 7, &w);
    keep(&c, 7, &v);
    assert_true(can_be_found(&c, &v));
    erase(&c, &v);
    assert_int_equal(fetch(&c, &v), 0);

    /* That it would be found is what this test rests on. */
    assert_true(can_be_found(&c, &v));
    assert_int_equal(turn(&c, 7), SHIAN_EPOCH_DONE);
    assert_false(can_be_found(&c, &v));
    assert_true(can_be_found(&c, &w));
    city_close(&c);
}


/* faults B5: 2,000 writes later, and in a copy of before. */
static void
neither_do_old_pages_and_copies(void **state)
{
    char            path[512];
    city_t          c;
    size_t          i, n, nkey;
    uint8_t        *copy, *saved;
    shian_vault_t   v, w;

    (void) state;
    city_open(&c, 8, CITY_MAP);
    keep(&c, 7, &w);
    keep(&c, 7, &v);
    snprintf(path, sizeof(path), "%s/data.mdb", c.dir);
    copy = read_file(path, &n);
    snprintf(path, sizeof(path), "%s/epoch/07.1", c.dir);
    saved = read_file(path, &nkey);

    erase(&c, &v);

    for (i = 0; i < 2000; i++) {
        keep(&c, (uint8_t) i, &w);
    }

    assert_int_equal(turn(&c, 7), SHIAN_EPOCH_DONE);
    assert_false(can_be_found(&c, &v));
    assert_false(can_be_found_in(&c, &v, copy, n));

    /* With its own key the copy has it: that is what the manual says. */
    i = (size_t) open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_int_equal(write((int) i, saved, nkey), nkey);
    assert_int_equal(close((int) i), 0);
    assert_true(can_be_found_in(&c, &v, copy, n));
    free(copy);
    free(saved);
    city_close(&c);
}


static void
a_reader_of_before_is_waited_for(void **state)
{
    city_t         c;
    shian_txn_t    t;
    shian_vault_t  v, w, got;

    (void) state;
    city_open(&c, 3, CITY_MAP);
    keep(&c, 9, &v);
    keep(&c, 9, &w);
    assert_int_equal(shian_txn_begin(c.store, &c.arena, false, &t), 0);
    erase(&c, &v);

    assert_int_equal(turn(&c, 9), SHIAN_EPOCH_WAITS);
    assert_true(has_key(&c, 9, 1));
    assert_true(shian_vault_get(&got, &c.keys, &t, shian_slice(w.id, 16)));
    shian_txn_abort(&t);

    assert_int_equal(due(&c), 1);
    assert_int_equal(turn(&c, 9), SHIAN_EPOCH_DONE);
    assert_false(has_key(&c, 9, 1));
    assert_int_equal(fetch(&c, &w), 1);
    city_close(&c);
}


/* A lost key is no erasure. */
static void
a_missing_key_is_an_error(void **state)
{
    int            fd;
    char           path[512];
    city_t         c;
    shian_vault_t  v, w;

    (void) state;
    city_open(&c, 4, CITY_MAP);
    keep(&c, 9, &v);
    keep(&c, 9, &w);
    snprintf(path, sizeof(path), "%s/epoch/09.1", c.dir);

    /* One that was changed is not taken, and no turn goes by it. */
    fd = open(path, O_WRONLY);
    assert_true(fd != -1 && pwrite(fd, "?", 1, 40) == 1 && close(fd) == 0);
    assert_int_equal(fetch(&c, &v), -1);
    erase(&c, &w);
    assert_int_equal(turn(&c, 9), SHIAN_EPOCH_FAILED);
    assert_true(has_key(&c, 9, 1));

    assert_int_equal(unlink(path), 0);
    assert_int_equal(fetch(&c, &v), -1);
    assert_int_equal(fetch(&c, &w), 0);
    city_close(&c);
}


/* Two who turn: the second waits, or goes on. */
static void
the_lock_is_held_for_a_step(void **state)
{
    int            fd;
    city_t         c;
    shian_vault_t  v;

    (void) state;
    city_open(&c, 5, CITY_MAP);
    keep(&c, 9, &v);
    erase(&c, &v);
    assert_true(shian_epoch_lock(c.store, true, false, &fd));
    assert_int_equal(turn(&c, 9), SHIAN_EPOCH_WAITS);
    assert_int_equal(close(fd), 0);
    assert_int_equal(turn(&c, 9), SHIAN_EPOCH_DONE);
    city_close(&c);
}


/* Erased while the rows are written anew: a turn of its own. */
static void
what_is_erased_meanwhile_is_turned_again(void **state)
{
    size_t         i;
    city_t         c;
    shian_vault_t  v[3];

    (void) state;
    city_open(&c, 6, CITY_MAP);

    for (i = 0; i < 3; i++) {
        keep(&c, 9, &v[i]);
    }

    erase(&c, &v[0]);
    assert_int_equal(shian_epoch_step(c.store, &c.keys, 9, UINT64_MAX, false),
                     SHIAN_EPOCH_MORE);
    erase(&c, &v[1]);
    assert_int_equal(turn(&c, 9), SHIAN_EPOCH_DONE);
    assert_false(has_key(&c, 9, 1));
    assert_false(has_key(&c, 9, 2));
    assert_true(has_key(&c, 9, 3));
    assert_int_equal(fetch(&c, &v[2]), 1);
    assert_false(can_be_found(&c, &v[1]));
    city_close(&c);
}


/* Only what was erased before an instant is due. */
static void
what_was_erased_today_waits_for_the_night(void **state)
{
    bool           buckets[SHIAN_EPOCHS];
    city_t         c;
    shian_vault_t  v;

    (void) state;
    city_open(&c, 7, CITY_MAP);
    keep(&c, 9, &v);
    erase(&c, &v);
    assert_int_equal(shian_epoch_due(c.store, c.now, buckets), 0);
    assert_int_equal(shian_epoch_step(c.store, &c.keys, 9, c.now, false),
                     SHIAN_EPOCH_DONE);
    assert_true(has_key(&c, 9, 1));
    assert_int_equal(shian_epoch_due(c.store, c.now + 1, buckets), 1);
    assert_true(buckets[9]);
    city_close(&c);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_turn_keeps_the_living_and_ends_the_old_key),
        cmocka_unit_test(raw_bytes_do_not_yield_an_erased_key),
        cmocka_unit_test(neither_do_old_pages_and_copies),
        cmocka_unit_test(a_reader_of_before_is_waited_for),
        cmocka_unit_test(a_missing_key_is_an_error),
        cmocka_unit_test(the_lock_is_held_for_a_step),
        cmocka_unit_test(what_is_erased_meanwhile_is_turned_again),
        cmocka_unit_test(what_was_erased_today_waits_for_the_night),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
