/*
 * Photos as files: what is saved stays, what no record names goes when it is
 * old, and nothing else does.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include <sodium.h>

#include "city.h"
#include "store/photos.h"

#define HOUR_MS  UINT64_C(3600000)


static int
setup(void **state)
{
    city_t  *c;

    c = calloc(1, sizeof(*c));
    assert_non_null(c);
    city_open(c, 1, CITY_MAP);
    *state = c;

    return 0;
}


static int
teardown(void **state)
{
    city_t  *c = *state;

    city_close(c);
    free(c);

    return 0;
}


static uint64_t
now_ms(void)
{
    return (uint64_t) time(NULL) * 1000;
}


/* Saves what is called text; its hash. */
static const uint8_t *
save(city_t *c, const char *text)
{
    uint8_t  *hash;

    hash = shian_alloc(&c->arena, 32);
    assert_non_null(hash);
    crypto_generichash(hash, 32, (const uint8_t *) text, strlen(text), NULL,
                       0);
    assert_true(shian_photo_save(&c->arena, c->dir, hash, shian_str(text)));

    return hash;
}


static void
name(city_t *c, const uint8_t hash[32])
{
    shian_txn_t     t;
    shian_rowkey_t  k;

    k.n = 0;
    shian_rowkey_bytes(&k, hash, 32);
    assert_int_equal(shian_txn_begin(c->store, &c->arena, true, &t), 0);
    shian_row_put(&t, SHIAN_T_PHOTO, &k, SHIAN_STR("row"));
    assert_int_equal(shian_txn_commit(&t), 0);
}


/* The file of a photo, with more behind its name. */
static char *
file(city_t *c, const uint8_t hash[32], const char *more)
{
    return shian_printf(&c->arena, "%s%s",
                        shian_photo_path(&c->arena, c->dir, hash), more);
}


static bool
is_there(city_t *c, const uint8_t hash[32])
{
    return access(file(c, hash, ""), F_OK) == 0;
}


static size_t
sweep(city_t *c, uint64_t at_ms)
{
    size_t    n;
    unsigned  i;

    for (i = 0, n = 0; i < SHIAN_PHOTO_FOLDERS; i++) {
        n += shian_photos_sweep(c->store, i, at_ms);
    }

    return n;
}


static void
what_is_saved_is_under_its_hash(void **state)
{
    int             fd;
    char            back[16];
    city_t         *c = *state;
    const uint8_t  *hash;

    hash = save(c, "noodles");
    fd = open(file(c, hash, ""), O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(read(fd, back, sizeof(back)), 7);
    assert_memory_equal(back, "noodles", 7);
    close(fd);

    /* Again: the same one file. */
    assert_ptr_not_equal(save(c, "noodles"), hash);
    assert_int_equal(sweep(c, now_ms()), 0);
}


static void
the_unnamed_go_when_they_are_old(void **state)
{
    city_t         *c = *state;
    const uint8_t  *named, *unnamed;

    named = save(c, "named");
    unnamed = save(c, "unnamed");
    name(c, named);

    assert_int_equal(sweep(c, now_ms() + SHIAN_PHOTO_GRACE_MS - HOUR_MS), 0);
    assert_true(is_there(c, unnamed));

    assert_int_equal(sweep(c, now_ms() + SHIAN_PHOTO_GRACE_MS + HOUR_MS), 1);
    assert_true(is_there(c, named));
    assert_false(is_there(c, unnamed));

    /* It may come again. */
    (void) save(c, "unnamed");
    assert_true(is_there(c, unnamed));
}


/* The form of yesterday is sent again today. */
static void
what_is_sent_again_is_young_again(void **state)
{
    city_t           *c = *state;
    const uint8_t    *hash;
    struct timespec   old[2] = { { 1000000000, 0 }, { 1000000000, 0 } };

    hash = save(c, "again");
    assert_int_equal(utimensat(AT_FDCWD, file(c, hash, ""), old, 0), 0);
    (void) save(c, "again");

    assert_int_equal(sweep(c, now_ms()), 0);
    assert_true(is_there(c, hash));

    assert_int_equal(utimensat(AT_FDCWD, file(c, hash, ""), old, 0), 0);
    assert_int_equal(sweep(c, now_ms()), 1);
}


/* What was killed in the middle of saving or sweeping. */
static void
leftovers_go_or_come_back(void **state)
{
    int             fd;
    city_t         *c = *state;
    uint64_t        later;
    const uint8_t  *named, *unnamed, *half;

    named = save(c, "named");
    unnamed = save(c, "unnamed");
    half = save(c, "half");
    name(c, named);
    name(c, half);
    later = now_ms() + SHIAN_PHOTO_GRACE_MS + HOUR_MS;

    assert_int_equal(rename(file(c, named, ""), file(c, named, ".leaving")),
                     0);
    assert_int_equal(rename(file(c, unnamed, ""),
                            file(c, unnamed, ".leaving")), 0);
    fd = open(file(c, half, ".a1B2c3"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    close(fd);

    assert_int_equal(sweep(c, later), 2);
    assert_true(is_there(c, named));
    assert_true(is_there(c, half));
    assert_false(is_there(c, unnamed));
    assert_int_not_equal(access(file(c, unnamed, ".leaving"), F_OK), 0);
    assert_int_not_equal(access(file(c, half, ".a1B2c3"), F_OK), 0);
}


/* What somebody else has put there is not ours to take away. */
static void
other_files_stay(void **state)
{
    int             fd;
    char           *path;
    size_t          i;
    city_t         *c = *state;
    const uint8_t  *hash;
    static const char *const  others[] = {
        "README", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789"
        "abcdex", "x"
    };

    hash = save(c, "photo");
    name(c, hash);

    for (i = 0; i < SHIAN_COUNT(others); i++) {
        path = file(c, hash, "");
        path = shian_printf(&c->arena, "%.*s%s", (int) strlen(path) - 64,
                            path, others[i]);
        fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        close(fd);
    }

    assert_int_equal(sweep(c, now_ms() + 2 * SHIAN_PHOTO_GRACE_MS), 0);
    assert_true(is_there(c, hash));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(what_is_saved_is_under_its_hash,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(the_unnamed_go_when_they_are_old,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_sent_again_is_young_again,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(leftovers_go_or_come_back, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(other_files_stay, setup, teardown),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, NULL, NULL);
}
