#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "core/ids.h"
#include "core/keys.h"

/* 00..1f; ff..e0; one byte too many; an unused bit at the end set. */
#define K0     "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
#define K1     "__79_Pv6-fj39vX08_Lx8O_u7ezr6uno5-bl5OPi4eA"
#define KLONG  "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g"
#define KODD   "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9"

/* The base point of Ed25519, and a point of small order. */
#define KPUB   "WGZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmY"
#define KNOT   "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

#define SITE     "site AAECAwQFBgcICQoLDA0ODw\n"
#define MINIMUM  SITE "token a " K0 "\nplaque 0 " K0 "\nlink 0 " K0           \
                 "\nscan 0 " K0 "\nvault v " K0 "\n"

static shian_keys_t   keys;
static shian_arena_t  arena;
static char           err[256];


static int
setup(void **state)
{
    (void) state;
    memset(&keys, 0xee, sizeof(keys));
    memset(err, 0, sizeof(err));
    shian_arena_init(&arena, NULL, NULL);

    return 0;
}


static int
teardown(void **state)
{
    (void) state;
    shian_arena_free(&arena);

    return 0;
}


static bool
parse(const char *text)
{
    return shian_keys_parse(shian_str(text), &keys, err, sizeof(err));
}


static void
reads_every_kind(void **state)
{
    size_t              i;
    const shian_key_t  *k;
    shian_key_row_t     row;
    static const char   text[] =
        "# ours\n"
        "\n"
        SITE
        "token  old " K1 "  created 2024-02-29\n"
        "\ttoken new-1 " K0 " # a remark\r\n"
        "plaque 0 " K0 "\n"
        "plaque 31 " K1 " created 2026-11-23\n"
        "vault v_1 " K0 "\n"
        "link 0 " K0 "\n"
        "scan 9 " K0 "\n"
        "issuer gov " KPUB " portal.example created 2026-01-02";

    (void) state;
    assert_true(parse(text));
    assert_int_equal(keys.n, 8);
    assert_int_equal(keys.site[15], 15);

    k = shian_key_issuing(&keys, SHIAN_KEY_TOKEN);
    assert_non_null(k);
    assert_string_equal(k->kid, "new-1");
    assert_string_equal(k->created, "");

    for (i = 0; i < SHIAN_KEY_SIZE; i++) {
        assert_int_equal(k->key[i], i);
    }

    k = shian_key_find(&keys, SHIAN_KEY_TOKEN, SHIAN_STR("old"));
    assert_non_null(k);
    assert_string_equal(k->created, "2024-02-29");
    assert_int_equal(k->key[0], 0xff);

    assert_null(shian_key_find(&keys, SHIAN_KEY_VAULT, SHIAN_STR("old")));
    assert_null(shian_key_find(&keys, SHIAN_KEY_TOKEN, SHIAN_STR("ol")));
    assert_null(shian_key_find(&keys, SHIAN_KEY_TOKEN, SHIAN_NONE));

    assert_int_equal(shian_key_issuing(&keys, SHIAN_KEY_PLAQUE)->no, 31);
    assert_int_equal(shian_key_numbered(&keys, SHIAN_KEY_PLAQUE, 0)->no, 0);
    assert_null(shian_key_numbered(&keys, SHIAN_KEY_PLAQUE, 7));
    assert_int_equal(shian_key_numbered(&keys, SHIAN_KEY_SCAN, 9)->no, 9);
    assert_null(shian_key_numbered(&keys, SHIAN_KEY_LINK, 9));
    assert_null(shian_key_numbered(&keys, SHIAN_KEY_TOKEN, 0));

    k = shian_key_find(&keys, SHIAN_KEY_ISSUER, SHIAN_STR("gov"));
    assert_non_null(k);
    assert_string_equal(k->name, "portal.example");

    assert_true(shian_keys_row(&keys, 0, &row));
    assert_string_equal(row.kind, "token");
    assert_string_equal(row.kid, "old");
    assert_false(row.issuing);
    assert_true(shian_keys_row(&keys, 3, &row));
    assert_string_equal(row.kid, "31");
    assert_string_equal(row.created, "2026-11-23");
    assert_true(row.issuing);
    assert_true(shian_keys_row(&keys, 7, &row));
    assert_string_equal(row.name, "portal.example");
    assert_false(row.issuing);
    assert_false(shian_keys_row(&keys, 8, &row));

    shian_keys_wipe(&keys);
    assert_true(sodium_is_zero((void *) &keys, sizeof(keys)));
}


static void
errors_name_the_line_and_no_word_of_it(void **state)
{
    size_t  i;
    static const struct {
        const char  *text, *err;
    } bad[] = {
        { "token a " K0 "\nkey b " K0 "\n", "line 2: no such kind" },
        { "\n\ntoken a\n", "line 3: wrong number" },
        { "token\n", "line 1: wrong number" },
        { "token a " K0 " b\n", "line 1: wrong number" },
        { "token a " K0 " made 2026-11-23\n", "line 1: wrong number" },
        { "token a " K0 " created 2026-11-23 x\n", "line 1: wrong number" },
        { "issuer a " KPUB "\n", "line 1: wrong number" },
        { "issuer a " KPUB " b created 2026-11-23 c d e f\n",
          "line 1: wrong number" },
        { "token a/b " K0 "\n", "line 1: bad key id" },
        { "token \xe9 " K0 "\n", "line 1: bad key id" },
        { "token 12345678901234567 " K0 "\n", "line 1: bad key id" },
        { "plaque 32 " K0 "\n", "line 1: bad number" },
        { "plaque 07 " K0 "\n", "line 1: bad number" },
        { "plaque -1 " K0 "\n", "line 1: bad number" },
        { "plaque a " K0 "\n", "line 1: bad number" },
        { "plaque 4294967296 " K0 "\n", "line 1: bad number" },
        { "token a AAECAwQF\n", "line 1: the key is not" },
        { "token a " KLONG "\n", "line 1: the key is not" },
        { "token a " KODD "\n", "line 1: the key is not" },
        { "token a " K0 "=\n", "line 1: the key is not" },
        { "issuer a " KNOT " b\n", "line 1: this is no Ed25519" },
        { "token a " K0 " created 2026-1-23\n", "line 1: bad date" },
        { "token a " K0 " created 2026-02-29\n", "line 1: bad date" },
        { "token a " K0 " created 2026/11/23\n", "line 1: bad date" },
        { "token a " K0 "\ntoken a " K1 "\n", "line 2: an earlier key" },
        { "plaque 3 " K0 "\nplaque 3 " K1 "\n", "line 2: an earlier key" },
        { "site AAECAwQFBgcICQoLDA0O\n", "line 1: the site is not" },
        { "site AAECAwQFBgcICQoLDA0OD\n", "line 1: the site is not" },
        { "site\n", "line 1: the site is not" },
        { "site AAECAwQFBgcICQoLDA0ODw x\n", "line 1: the site is not" },
        { SITE SITE, "line 2: a second site" },
        { "link 32 " K0 "\n", "line 1: bad number" },
        { "scan x " K0 "\n", "line 1: bad number" },
        { "", "no site" },
        { SITE, "no token key" },
        { SITE "token a " K0 "\nvault v " K0 "\n", "no plaque key" },
        { SITE "token a " K0 "\nplaque 0 " K0 "\n", "no link key" },
        { SITE "token a " K0 "\nplaque 0 " K0 "\nlink 0 " K0 "\n",
          "no scan key" },
        { SITE "token a " K0 "\nplaque 0 " K0 "\nlink 0 " K0 "\nscan 0 " K0
          "\n", "no vault key" },
    };

    (void) state;

    for (i = 0; i < SHIAN_COUNT(bad); i++) {
        memset(err, 0, sizeof(err));
        assert_false(parse(bad[i].text));
        assert_memory_equal(err, bad[i].err, strlen(bad[i].err));
        assert_null(strchr(err, '\n'));
        assert_null(strstr(err, "AAEC"));
        assert_true(sodium_is_zero((void *) &keys, sizeof(keys)));
    }

    assert_false(shian_keys_parse(shian_slice("tok\0en a b\n", 11), &keys,
                                  err, sizeof(err)));
}


static void
too_many_keys(void **state)
{
    size_t        i;
    shian_buf_t   b;

    (void) state;
    shian_buf_init(&b, &arena);
    shian_putz(&b.sink, MINIMUM);

    for (i = 5; i < SHIAN_MAX_KEYS; i++) {
        shian_putf(&b.sink, "token k%zu " K0 "\n", i);
    }

    assert_true(shian_keys_parse(shian_buf_str(&b), &keys, err,
                                 sizeof(err)));
    assert_int_equal(keys.n, SHIAN_MAX_KEYS);
    shian_putz(&b.sink, "token last " K0 "\n");
    assert_false(shian_keys_parse(shian_buf_str(&b), &keys, err,
                                  sizeof(err)));
    assert_memory_equal(err, "line 130: over 128 keys", 23);
}


static void
generates_and_rotates(void **state)
{
    size_t              i;
    shian_buf_t         made, b, c;
    shian_key_row_t     row;
    const shian_key_t  *old, *new;

    (void) state;
    shian_buf_init(&made, &arena);
    assert_true(shian_keys_generate(&made.sink, SHIAN_STR("2026-11-23")));
    assert_true(shian_keys_parse(shian_buf_str(&made), &keys, err,
                                 sizeof(err)));
    assert_int_equal(keys.n, 5);
    assert_false(sodium_is_zero(keys.site, sizeof(keys.site)));

    for (i = 0; i < 5; i++) {
        assert_true(shian_keys_row(&keys, i, &row));
        assert_string_equal(row.created, "2026-11-23");
        assert_true(row.issuing);
        assert_memory_not_equal(keys.key[i].key, keys.key[(i + 1) % 5].key,
                                SHIAN_KEY_SIZE);
    }

    /* The last line without its newline, as some editors leave it. */
    shian_buf_init(&b, &arena);
    assert_true(shian_keys_rotate(&b.sink,
                                  shian_slice(made.p, made.n - 1),
                                  SHIAN_KEY_TOKEN, SHIAN_STR("2027-01-01"),
                                  err, sizeof(err)));
    assert_true(b.n > made.n);
    assert_memory_equal(b.p, made.p, made.n);
    assert_true(shian_keys_parse(shian_buf_str(&b), &keys, err,
                                 sizeof(err)));
    assert_int_equal(keys.n, 6);
    old = &keys.key[0];
    new = shian_key_issuing(&keys, SHIAN_KEY_TOKEN);
    assert_ptr_equal(new, &keys.key[5]);
    assert_string_not_equal(old->kid, new->kid);
    assert_memory_not_equal(old->key, new->key, SHIAN_KEY_SIZE);
    assert_string_equal(new->created, "2027-01-01");

    shian_buf_init(&c, &arena);
    assert_true(shian_keys_rotate(&c.sink, shian_buf_str(&b),
                                  SHIAN_KEY_PLAQUE, SHIAN_STR("2027-01-01"),
                                  err, sizeof(err)));
    assert_true(shian_keys_parse(shian_buf_str(&c), &keys, err,
                                 sizeof(err)));
    assert_int_equal(shian_key_issuing(&keys, SHIAN_KEY_PLAQUE)->no, 1);
}


static void
plaque_numbers_run_out(void **state)
{
    size_t       i;
    shian_buf_t  full, b;

    (void) state;

    /* Number 5 was removed long ago, 31 is the last: 5 comes again. */
    shian_buf_init(&full, &arena);

    for (i = 0; i < 32; i++) {
        if (i != 5) {
            shian_putf(&full.sink, "plaque %zu " K0 "\n", i);
        }
    }

    shian_buf_init(&b, &arena);
    assert_true(shian_keys_rotate(&b.sink, shian_buf_str(&full),
                                  SHIAN_KEY_PLAQUE, SHIAN_STR("2027-01-01"),
                                  err, sizeof(err)));
    shian_putz(&b.sink, SITE "token a " K0 "\nvault v " K0 "\nlink 0 " K0
               "\nscan 0 " K0 "\n");
    assert_true(shian_keys_parse(shian_buf_str(&b), &keys, err,
                                 sizeof(err)));
    assert_int_equal(shian_key_issuing(&keys, SHIAN_KEY_PLAQUE)->no, 5);

    assert_false(shian_keys_rotate(&full.sink, shian_buf_str(&b),
                                   SHIAN_KEY_PLAQUE, SHIAN_STR("2027-01-01"),
                                   err, sizeof(err)));
    assert_non_null(strstr(err, "all 32 numbers"));
}


static void
rotation_is_refused(void **state)
{
    shian_buf_t  b;

    (void) state;
    shian_buf_init(&b, &arena);
    assert_false(shian_keys_rotate(&b.sink, SHIAN_STR(MINIMUM),
                                   SHIAN_KEY_ISSUER, SHIAN_STR("2027-01-01"),
                                   err, sizeof(err)));
    assert_non_null(strstr(err, "comes from the issuer"));
    assert_false(shian_keys_rotate(&b.sink, SHIAN_STR(MINIMUM),
                                   SHIAN_KEY_TOKEN, SHIAN_STR("today"), err,
                                   sizeof(err)));
    assert_non_null(strstr(err, "bad date"));
    assert_false(shian_keys_rotate(&b.sink, SHIAN_STR("rubbish"),
                                   SHIAN_KEY_TOKEN, SHIAN_STR("2027-01-01"),
                                   err, sizeof(err)));
    assert_non_null(strstr(err, "line 1: "));
    assert_false(shian_keys_generate(&b.sink, SHIAN_STR("2027-01-0")));
    assert_int_equal(b.n, 0);

    b.max = 100;
    assert_false(shian_keys_rotate(&b.sink, SHIAN_STR(MINIMUM),
                                   SHIAN_KEY_TOKEN, SHIAN_STR("2027-01-01"),
                                   err, sizeof(err)));
    assert_non_null(strstr(err, "cannot be written"));
}


static void
load_fails(const char *path, const char *why)
{
    assert_false(shian_keys_load(path, &keys, err, sizeof(err)));
    assert_memory_equal(err, path, strlen(path));
    assert_non_null(strstr(err, why));
    assert_null(strchr(err, '\n'));
    assert_int_equal(keys.n, 0);
}


static void
loads_private_regular_files_only(void **state)
{
    int     fd;
    char    dir[] = "/tmp/shian-keys-XXXXXX", path[64], fifo[64];
    mode_t  mode;

    (void) state;
    assert_non_null(mkdtemp(dir));
    (void) snprintf(path, sizeof(path), "%s/keys", dir);
    (void) snprintf(fifo, sizeof(fifo), "%s/fifo", dir);

    load_fails(path, "No such file");
    load_fails(dir, "not a regular file");
    assert_int_equal(mkfifo(fifo, 0600), 0);
    load_fails(fifo, "not a regular file");

    fd = open(path, O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, MINIMUM, strlen(MINIMUM)), strlen(MINIMUM));

    for (mode = 1; mode <= 0100; mode <<= 1) {
        assert_int_equal(fchmod(fd, 0600 | mode), 0);
        load_fails(path, "chmod 0600");
    }

    assert_int_equal(fchmod(fd, 0400), 0);
    assert_true(shian_keys_load(path, &keys, err, sizeof(err)));
    assert_int_equal(keys.n, 5);
    shian_keys_wipe(&keys);

    assert_int_equal(write(fd, "oops\n", 5), 5);
    load_fails(path, ": line 7: no such kind");
    assert_int_equal(ftruncate(fd, SHIAN_MAX_KEYS_FILE + 1), 0);
    load_fails(path, "over 64 KB");

    close(fd);
    unlink(path);
    unlink(fifo);
    rmdir(dir);
}


#define TEST(f)  cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reads_every_kind),
        TEST(errors_name_the_line_and_no_word_of_it),
        TEST(too_many_keys),
        TEST(generates_and_rotates),
        TEST(plaque_numbers_run_out),
        TEST(rotation_is_refused),
        TEST(loads_private_regular_files_only),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
