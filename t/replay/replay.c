/*
 * A log as a file, without a store around it.
 *
 *     replay dump STORE FILE      writes the entries of a store's log, gzipped
 *     replay load FILE STORE      checks and applies them in a new store
 *
 * The file is, for each entry, its length (4 bytes, big end first) and its
 * bytes; an empty one and the hash of the head stand at the end.  The other
 * hashes follow from the entries.
 */

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include "domain/operations.h"
#include "store/batch.h"

#define MAX_ENTRY  (4u << 20)


static int
fail(const char *what, const char *why)
{
    fprintf(stderr, "replay: %s: %s\n", what, why);

    return 1;
}


static bool
put(gzFile f, shian_str_t s)
{
    uint8_t  be[4] = { (uint8_t) (s.n >> 24), (uint8_t) (s.n >> 16),
                       (uint8_t) (s.n >> 8), (uint8_t) s.n };

    return gzwrite(f, be, 4) == 4
           && (s.n == 0 || gzwrite(f, s.p, (unsigned) s.n) == (int) s.n);
}


/* The next one, in a; of length 0 at the end. */
static bool
get(gzFile f, shian_arena_t *a, shian_str_t *out)
{
    uint8_t   be[4], *p;
    uint32_t  n;

    if (gzread(f, be, 4) != 4) {
        return false;
    }

    n = (uint32_t) shian_be(be, 4);
    p = n > MAX_ENTRY ? NULL : shian_alloc(a, n + 1);

    if (p == NULL || gzread(f, p, n) != (int) n) {
        return false;
    }

    *out = shian_slice(p, n);

    return true;
}


static int
dump(const char *dir, const char *file)
{
    bool             ok;
    char             err[512];
    gzFile           f;
    shian_txn_t      t;
    shian_scan_t     scan;
    shian_head_t     head;
    shian_arena_t    a;
    shian_store_t   *s;
    shian_rowkey_t   all = { .n = 0 };

    s = shian_store_open(dir, 0, 0, false, err, sizeof(err));
    if (s == NULL) {
        return fail(dir, err);
    }

    f = gzopen(file, "wb9");
    if (f == NULL) {
        return fail(file, strerror(errno));
    }

    shian_arena_init(&a, NULL, NULL);
    ok = shian_txn_begin(s, &a, false, &t) == 0;

    if (ok) {
        shian_log_head(&t, &head);
        shian_scan_open(&scan, &t, SHIAN_T_LOG, &all, NULL);

        while (ok && shian_scan_next(&scan)) {
            ok = scan.value.n > SHIAN_HASH_SIZE
                 && put(f, shian_slice(scan.value.p + SHIAN_HASH_SIZE,
                                       scan.value.n - SHIAN_HASH_SIZE));
        }

        shian_scan_close(&scan);
        ok = ok && t.err == 0 && put(f, SHIAN_NONE)
             && put(f, shian_slice(head.hash, SHIAN_HASH_SIZE));
        shian_txn_abort(&t);
    }

    ok = gzclose(f) == Z_OK && ok;
    shian_arena_free(&a);
    shian_store_close(s);

    return ok ? 0 : fail(file, "cannot be written");
}


/* The rows of the log as they were, hashes made anew. */
static bool
read_rows(gzFile f, shian_store_t *s, char *err, size_t errsize)
{
    bool                       ok;
    uint8_t                   *row, prev[SHIAN_HASH_SIZE] = { 0 };
    uint64_t                   seq;
    shian_str_t                e;
    shian_txn_t                t;
    shian_arena_t              a;
    shian_rowkey_t             k;
    crypto_generichash_state   h;

    shian_arena_init(&a, NULL, NULL);
    snprintf(err, errsize, "it is cut short or damaged");

    if (shian_txn_begin(s, &a, true, &t) != 0) {
        return false;
    }

    for (ok = true, seq = 1; ok && (ok = get(f, &a, &e)) && e.n != 0; seq++) {
        row = shian_alloc(&a, SHIAN_HASH_SIZE + e.n);
        ok = row != NULL;

        if (ok) {
            memcpy(row + SHIAN_HASH_SIZE, e.p, e.n);
            crypto_generichash_init(&h, NULL, 0, SHIAN_HASH_SIZE);
            crypto_generichash_update(&h, prev, SHIAN_HASH_SIZE);
            crypto_generichash_update(&h, e.p, e.n);
            crypto_generichash_final(&h, row, SHIAN_HASH_SIZE);
            memcpy(prev, row, SHIAN_HASH_SIZE);

            k = shian_rowkey_id(seq);
            shian_row_put(&t, SHIAN_T_LOG, &k,
                          shian_slice(row, SHIAN_HASH_SIZE + e.n));
            shian_arena_free(&a);
        }
    }

    ok = ok && get(f, &a, &e);

    if (ok && !shian_str_eq(e, shian_slice(prev, SHIAN_HASH_SIZE))) {
        snprintf(err, errsize, "its head has another hash");
        ok = false;
    }

    ok = shian_txn_commit(&t) == 0 && ok;
    shian_arena_free(&a);

    return ok;
}


/* The store of the rows alone is thrown away. */
static int
load(const char *file, const char *dir)
{
    bool            ok;
    char            err[512], tmp[4096];
    gzFile          f;
    shian_store_t  *rows, *to;

    snprintf(tmp, sizeof(tmp), "%s.rows", dir);
    f = gzopen(file, "rb");
    rows = shian_store_open(tmp, 0, 0, true, err, sizeof(err));
    to = shian_store_open(dir, 0, 0, true, err, sizeof(err));

    if (f == NULL || rows == NULL || to == NULL) {
        return fail(file, f == NULL ? strerror(errno) : err);
    }

    (void) mdb_env_set_flags(rows->env, MDB_NOSYNC, 1);
    (void) mdb_env_set_flags(to->env, MDB_NOSYNC, 1);

    ok = read_rows(f, rows, err, sizeof(err))
         && shian_replay(rows, to, &shian_machine, UINT64_MAX, NULL, NULL,
                         err, sizeof(err));

    (void) gzclose(f);
    shian_store_close(rows);
    shian_store_close(to);

    return ok ? 0 : fail(file, err);
}


int
main(int argc, char **argv)
{
    if (sodium_init() < 0) {
        return fail("libsodium", "does not start");
    }

    if (argc == 4 && strcmp(argv[1], "dump") == 0) {
        return dump(argv[2], argv[3]);
    }

    if (argc == 4 && strcmp(argv[1], "load") == 0) {
        return load(argv[2], argv[3]);
    }

    fprintf(stderr, "usage: replay dump STORE FILE | load FILE STORE\n");

    return 2;
}
