/*
 * faults C1: a data file that was cut anywhere is either refused or can be
 * read from end to end; what is whole is never refused.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "city.h"
#include "store/whole.h"

#define ROWS   400
#define LARGE  (20 * 1024)      /* needs pages of its own */


/* Rows of all sizes, some gone again, so that free pages lie between. */
static void
fill(const char *dir)
{
    unsigned        i, j;
    uint8_t         bytes[LARGE];
    shian_txn_t     t;
    shian_store_t  *s;
    shian_rowkey_t  k;

    memset(bytes, 'x', sizeof(bytes));
    s = city_store(dir, CITY_MAP);

    for (i = 0; i < ROWS; i += 20) {
        assert_int_equal(shian_txn_begin(s, NULL, true, &t), 0);

        for (j = i; j < i + 20; j++) {
            k = shian_rowkey_id(j);
            shian_row_put(&t, SHIAN_T_LOG, &k,
                          shian_slice(bytes, j % 7 == 0 ? LARGE : 30 * j));
            k = shian_rowkey_id(j / 3);
            shian_row_del(&t, SHIAN_T_LOG, &k);
        }

        assert_int_equal(shian_txn_commit(&t), 0);
    }

    shian_store_close(s);
}


static uint8_t *
slurp(const char *file, size_t *n)
{
    int          fd;
    uint8_t     *p;
    struct stat  st;

    fd = open(file, O_RDONLY);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &st), 0);
    *n = (size_t) st.st_size;
    p = malloc(*n);
    assert_non_null(p);
    assert_int_equal(read(fd, p, *n), st.st_size);
    close(fd);

    return p;
}


static void
spew(const char *file, const uint8_t *p, size_t n)
{
    int  fd;

    fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, p, n), (ssize_t) n);
    close(fd);
}


/* Every byte of every row; a page that is not there would end the test. */
static size_t
read_all(shian_store_t *s)
{
    int             i;
    size_t          n, j;
    shian_txn_t     t;
    shian_scan_t    scan;
    shian_rowkey_t  none = { 0 };
    volatile uint8_t  sink;

    assert_int_equal(shian_txn_begin(s, NULL, false, &t), 0);

    for (n = 0, i = 0; i < SHIAN_T_MAX; i++) {
        shian_scan_open(&scan, &t, (shian_table_t) i, &none, NULL);

        while (shian_scan_next(&scan)) {
            for (n++, j = 0; j < scan.value.n; j++) {
                sink = scan.value.p[j];
            }
        }

        shian_scan_close(&scan);
    }

    (void) sink;
    assert_int_equal(t.err, 0);
    shian_txn_abort(&t);

    return n;
}


static void
a_cut_file_is_refused_or_can_be_read(void **state)
{
    int             code;
    char            dir[256], file[300], err[512];
    size_t          n, size, cut, refused, rows;
    uint8_t        *all;
    shian_store_t  *s;

    (void) state;
    city_temporary(dir);
    snprintf(file, sizeof(file), "%s/data.mdb", dir);
    fill(dir);
    all = slurp(file, &size);
    s = shian_store_open(dir, CITY_MAP, 0, false, err, sizeof(err));
    assert_non_null(s);
    rows = read_all(s);
    shian_store_close(s);
    assert_true(rows > ROWS / 2);

    for (refused = 0, n = 0; n <= size / 4096; n++) {
        cut = n * 4096 + (n % 3) * 10;
        cut = cut > size ? size : cut;
        spew(file, all, cut);
        s = shian_store_open(dir, CITY_MAP, 0, true, err, sizeof(err));

        if (s == NULL) {
            refused++;
            assert_non_null(strstr(err, "damaged"));
            assert_null(strchr(err, '\n'));
            assert_false(shian_whole(file, &code, err, sizeof(err)));
        } else {
            assert_int_equal(read_all(s), rows);
            shian_store_close(s);
        }
    }

    /* What is refused is left as it was. */
    spew(file, all, size / 2);
    assert_null(shian_store_open(dir, CITY_MAP, 0, true, err, sizeof(err)));
    free(all);
    all = slurp(file, &n);
    assert_int_equal(n, size / 2);
    assert_true(refused > size / 4096 / 2);

    free(all);
    city_remove(dir);
}


/* A tail that was never written, as LMDB may leave it, is no damage. */
static void
a_file_without_unused_pages_is_whole(void **state)
{
    int             code;
    char            dir[256], file[300], err[512];
    size_t          size, k;
    uint8_t        *all;
    shian_store_t  *s;

    (void) state;
    city_temporary(dir);
    snprintf(file, sizeof(file), "%s/data.mdb", dir);
    fill(dir);
    all = slurp(file, &size);

    /* Both heads say that there are ten pages more, used by nobody. */
    for (k = 0; k < 2; k++) {
        all[k * 4096 + 16 + 120] += 10;
    }

    spew(file, all, size);
    assert_true(shian_whole(file, &code, err, sizeof(err)));
    s = shian_store_open(dir, CITY_MAP, 0, false, err, sizeof(err));
    assert_non_null(s);
    assert_true(read_all(s) > 0);
    shian_store_close(s);

    free(all);
    city_remove(dir);
}


static void
an_empty_file_is_never_made_anew(void **state)
{
    char         dir[256], file[300], err[512];
    struct stat  st;

    (void) state;
    city_temporary(dir);
    snprintf(file, sizeof(file), "%s/data.mdb", dir);
    spew(file, (const uint8_t *) "", 0);
    assert_null(shian_store_open(dir, CITY_MAP, 0, true, err, sizeof(err)));
    assert_non_null(strstr(err, "empty"));
    assert_null(shian_store_open(dir, CITY_MAP, 0, false, err, sizeof(err)));
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_size, 0);
    city_remove(dir);
}


static void
looking_finds_what_opening_would(void **state)
{
    char  dir[256], file[300], err[512];

    (void) state;
    city_temporary(dir);
    fill(dir);
    assert_true(shian_store_test(dir, CITY_MAP, err, sizeof(err)));
    snprintf(file, sizeof(file), "%s/", dir);
    assert_true(shian_store_test(file, 0, err, sizeof(err)));

    assert_false(shian_store_test(dir, (size_t) 1 << 50, err, sizeof(err)));
    assert_non_null(strstr(err, "map_size"));

    snprintf(file, sizeof(file), "%s/data.mdb", dir);
    assert_false(shian_store_test(file, 0, err, sizeof(err)));
    city_remove(dir);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cut_file_is_refused_or_can_be_read),
        cmocka_unit_test(a_file_without_unused_pages_is_whole),
        cmocka_unit_test(an_empty_file_is_never_made_anew),
        cmocka_unit_test(looking_finds_what_opening_would),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
