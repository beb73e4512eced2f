#include "epoch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/box.h"
#include "erased.h"

#define PATH   4096
#define SLICE  256              /* rows, a few pages of LMDB */
#define BOX    (SHIAN_BOX_KEY + SHIAN_BOX_OVER)

/* A row of table `epoch`: number(4), ms of the first erasure since or 0(8). */
#define ROW    12

typedef struct {
    uint32_t  number;           /* 0: none yet */
    uint64_t  erased_ms;        /* 0: none since the epoch began */
} epoch_t;


/* ---- files ----------------------------------------------------------------*/

static bool
folder_of(const shian_store_t *s, char path[PATH])
{
    return (size_t) snprintf(path, PATH, "%s/epoch", s->dir) < PATH - 64;
}


static bool
file_of(const shian_store_t *s, uint8_t bucket, uint32_t number,
    char path[PATH])
{
    size_t  n;

    if (!folder_of(s, path)) {
        errno = ENAMETOOLONG;
        return false;
    }

    n = strlen(path);
    (void) snprintf(path + n, PATH - n, "/%02x.%u", bucket, number);

    return true;
}


/* Whether a name in the folder is that of a key; nothing else is touched. */
static bool
file_name(const char *name, uint8_t *bucket, uint32_t *number)
{
    char      again[32];
    unsigned  b, n;

    if (sscanf(name, "%2x.%u", &b, &n) != 2) {
        return false;
    }

    (void) snprintf(again, sizeof(again), "%02x.%u", b, n);
    *bucket = (uint8_t) b;
    *number = n;

    return strcmp(name, again) == 0;
}


static bool
sync_folder(const char *path)
{
    int   fd;
    bool  ok;

    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd == -1) {
        return false;
    }

    ok = fsync(fd) == 0;

    return close(fd) == 0 && ok;
}


/* The folder is there, on disk, and nobody else's. */
static bool
make_folder(const shian_store_t *s, char path[PATH])
{
    if (!folder_of(s, path)) {
        errno = ENAMETOOLONG;
        return false;
    }

    if (mkdir(path, 0700) == 0) {
        return sync_folder(path) && sync_folder(s->dir);
    }

    return errno == EEXIST;
}


/* What is authenticated beside an epoch's key: whose and which it is. */
static shian_str_t
key_ad(const shian_keys_t *keys, uint8_t bucket, uint32_t number,
    shian_rowkey_t *ad)
{
    ad->n = 0;
    shian_rowkey_bytes(ad, "shian epoch", 11);
    shian_rowkey_bytes(ad, keys->site, sizeof(keys->site));
    shian_rowkey_be(ad, bucket, 1);
    shian_rowkey_be(ad, number, 4);

    return shian_slice(ad->b, ad->n);
}


bool
shian_epoch_raw(const shian_store_t *s, uint8_t bucket, uint32_t number,
    uint8_t raw[SHIAN_EPOCH_FILE], size_t *n)
{
    int      fd;
    char     path[PATH];
    ssize_t  rc;

    if (!file_of(s, bucket, number, path)) {
        return false;
    }

    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd == -1) {
        return false;
    }

    rc = read(fd, raw, SHIAN_EPOCH_FILE);
    *n = rc < 0 ? 0 : (size_t) rc;
    (void) close(fd);

    return rc >= 0;
}


bool
shian_epoch_key(const shian_store_t *s, const shian_keys_t *keys,
    uint8_t bucket, uint32_t number, uint8_t key[32])
{
    size_t              n, kid;
    uint8_t             file[SHIAN_EPOCH_FILE];
    shian_rowkey_t      ad;
    const shian_key_t  *site;

    if (!shian_epoch_raw(s, bucket, number, file, &n)) {
        return false;
    }

    errno = EKEYREJECTED;
    kid = n == 0 ? 0 : file[0];

    if (n != 1 + kid + BOX) {
        return false;
    }

    site = shian_key_find(keys, SHIAN_KEY_VAULT, shian_slice(file + 1, kid));

    return site != NULL
           && shian_unbox(site->key, key_ad(keys, bucket, number, &ad),
                          shian_slice(file + 1 + kid, BOX), key);
}


static bool
write_file(const char *path, const uint8_t *p, size_t n)
{
    int   fd;
    bool  ok;
    char  part[PATH + 8];

    (void) snprintf(part, sizeof(part), "%s.new", path);
    fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
              0600);
    if (fd == -1) {
        return false;
    }

    /* So few bytes are written at once or not at all. */
    ok = write(fd, p, n) == (ssize_t) n && fsync(fd) == 0;
    ok = close(fd) == 0 && ok;

    return ok && rename(part, path) == 0;
}


/*
 * One that is there already was made by whoever was cut short before the
 * store said so: nothing is wrapped by it, and it is made anew.
 */
static bool
make_key(const shian_store_t *s, const shian_keys_t *keys, uint8_t bucket,
    uint32_t number, uint8_t key[32])
{
    char                path[PATH], folder[PATH];
    size_t              kid;
    uint8_t             file[SHIAN_EPOCH_FILE];
    shian_rowkey_t      ad;
    const shian_key_t  *site;

    site = shian_key_issuing(keys, SHIAN_KEY_VAULT);

    if (site == NULL) {
        errno = EKEYREJECTED;
        return false;
    }

    if (!make_folder(s, folder) || !file_of(s, bucket, number, path)) {
        return false;
    }

    shian_random(key, 32);
    kid = strlen(site->kid);
    file[0] = (uint8_t) kid;
    memcpy(file + 1, site->kid, kid);
    shian_box(site->key, key_ad(keys, bucket, number, &ad),
              shian_slice(key, 32), file + 1 + kid);

    return write_file(path, file, 1 + kid + BOX) && sync_folder(folder);
}


/* What was in it is overwritten, then it goes. */
static bool
destroy(const char *path)
{
    int      fd;
    bool     ok;
    uint8_t  noise[SHIAN_EPOCH_FILE];

    fd = open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd == -1) {
        return false;
    }

    shian_random(noise, sizeof(noise));
    ok = write(fd, noise, sizeof(noise)) == (ssize_t) sizeof(noise)
         && fsync(fd) == 0;
    ok = close(fd) == 0 && ok;

    return ok && unlink(path) == 0;
}


/* Calls seen for each key of before the epoch in force: now[bucket]. */
static bool
each_old(const shian_store_t *s, const uint32_t now[SHIAN_EPOCHS],
    bool (*seen)(const char *path, uint8_t bucket, void *ctx), void *ctx)
{
    DIR            *d;
    bool            ok;
    char            folder[PATH], path[PATH];
    uint8_t         bucket;
    uint32_t        number;
    struct dirent  *e;

    d = folder_of(s, folder) ? opendir(folder) : NULL;
    if (d == NULL) {
        return errno == ENOENT;
    }

    ok = true;

    while (ok && (e = readdir(d)) != NULL) {
        if (file_name(e->d_name, &bucket, &number) && number < now[bucket]) {
            ok = file_of(s, bucket, number, path) && seen(path, bucket, ctx);
        }
    }

    return closedir(d) == 0 && ok;
}


static bool
note_old(const char *path, uint8_t bucket, void *ctx)
{
    ((bool *) ctx)[bucket] = true;

    return true;
}


static bool
destroy_old(const char *path, uint8_t bucket, void *ctx)
{
    return destroy(path);
}


/* ---- wrapping -------------------------------------------------------------*/

/* A row cannot be another record's, nor of another epoch. */
static shian_str_t
row_ad(shian_str_t id, uint32_t number, shian_rowkey_t *ad)
{
    ad->n = 0;
    shian_rowkey_bytes(ad, id.p, id.n);
    shian_rowkey_be(ad, number, 4);

    return shian_slice(ad->b, ad->n);
}


void
shian_epoch_wrap(const uint8_t epoch_key[32], uint32_t number, shian_str_t id,
    const uint8_t key[32], uint8_t row[SHIAN_WRAPPED])
{
    unsigned        i;
    shian_rowkey_t  ad;

    for (i = 0; i < 4; i++) {
        row[i] = (uint8_t) (number >> (24 - 8 * i));
    }

    shian_box(epoch_key, row_ad(id, number, &ad),
              shian_slice(key, SHIAN_BOX_KEY), row + 4);
}


uint32_t
shian_epoch_of(shian_str_t row)
{
    return row.n == SHIAN_WRAPPED ? (uint32_t) shian_be(row.p, 4) : 0;
}


bool
shian_epoch_unwrap(const uint8_t epoch_key[32], shian_str_t id,
    shian_str_t row, uint8_t key[32])
{
    shian_rowkey_t  ad;

    return row.n == SHIAN_WRAPPED
           && shian_unbox(epoch_key, row_ad(id, shian_epoch_of(row), &ad),
                          shian_slice(row.p + 4, row.n - 4), key);
}


/* ---- rows -----------------------------------------------------------------*/

static shian_rowkey_t
bucket_key(uint8_t bucket)
{
    shian_rowkey_t  k;

    k.n = 0;
    shian_rowkey_be(&k, bucket, 1);

    return k;
}


static epoch_t
get(shian_txn_t *t, uint8_t bucket)
{
    epoch_t         e = { 0, 0 };
    shian_str_t     row;
    shian_rowkey_t  k = bucket_key(bucket);

    if (shian_row_get(t, SHIAN_T_EPOCH, &k, &row)) {
        if (row.n == ROW) {
            e.number = (uint32_t) shian_be(row.p, 4);
            e.erased_ms = shian_be(row.p + 4, 8);
        } else {
            t->err = MDB_CORRUPTED;
        }
    }

    return e;
}


static void
put(shian_txn_t *t, uint8_t bucket, epoch_t e)
{
    shian_rowkey_t  row, k = bucket_key(bucket);

    row.n = 0;
    shian_rowkey_be(&row, e.number, 4);
    shian_rowkey_be(&row, e.erased_ms, 8);
    shian_row_put(t, SHIAN_T_EPOCH, &k, shian_slice(row.b, row.n));
}


bool
shian_epoch_in_force(shian_txn_t *t, const shian_keys_t *keys,
    uint8_t bucket, uint32_t *number, uint8_t key[32])
{
    epoch_t  e = get(t, bucket);

    if (t->err != 0) {
        errno = EIO;
        return false;
    }

    if (e.number != 0) {
        *number = e.number;
        return shian_epoch_key(t->store, keys, bucket, e.number, key);
    }

    e.number = *number = 1;

    if (!make_key(t->store, keys, bucket, 1, key)) {
        return false;
    }

    put(t, bucket, e);

    return true;
}


void
shian_epoch_erased(shian_txn_t *t, const uint8_t id[SHIAN_ID_SIZE],
    uint64_t ms)
{
    epoch_t         e = get(t, id[0]);
    shian_rowkey_t  k, at;

    k.n = at.n = 0;
    shian_rowkey_bytes(&k, id, SHIAN_ID_SIZE);
    shian_rowkey_be(&at, ms, 8);
    shian_row_put(t, SHIAN_T_ERASED, &k, shian_slice(at.b, at.n));

    if (e.number != 0 && e.erased_ms == 0) {
        e.erased_ms = ms == 0 ? 1 : ms;
        put(t, id[0], e);
    }
}


size_t
shian_epoch_due(shian_store_t *s, uint64_t before_ms, bool due[SHIAN_EPOCHS])
{
    size_t         n;
    epoch_t        e;
    unsigned       i;
    uint32_t       now[SHIAN_EPOCHS];
    shian_txn_t    t;
    shian_arena_t  arena;

    memset(due, 0, SHIAN_EPOCHS * sizeof(*due));
    shian_arena_init(&arena, NULL, NULL);

    if (shian_txn_begin(s, &arena, false, &t) != 0) {
        return 0;
    }

    for (i = 0; i < SHIAN_EPOCHS; i++) {
        e = get(&t, (uint8_t) i);
        now[i] = e.number;
        due[i] = e.erased_ms != 0 && e.erased_ms < before_ms;
    }

    shian_txn_abort(&t);
    shian_arena_free(&arena);
    (void) each_old(s, now, note_old, due);

    for (n = 0, i = 0; i < SHIAN_EPOCHS; i++) {
        n += due[i];
    }

    return n;
}


/* ---- a turn ---------------------------------------------------------------*/

/* What a step works with. */
typedef struct {
    shian_store_t       *store;
    const shian_keys_t  *keys;
    shian_arena_t        arena;
    uint8_t              bucket;
    epoch_t              now;
    uint8_t              key[32];       /* of now.number */
    uint32_t             old;           /* whose key is in old_key */
    uint8_t              old_key[32];
} turn_t;


bool
shian_epoch_lock(const shian_store_t *s, bool shared, bool wait, int *fd)
{
    int   rc;
    char  path[PATH];

    if (!make_folder(s, path)) {
        return false;
    }

    (void) strcat(path, "/lock");
    *fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (*fd == -1) {
        return false;
    }

    do {
        rc = flock(*fd, (shared ? LOCK_SH : LOCK_EX) | (wait ? 0 : LOCK_NB));
    } while (rc != 0 && errno == EINTR);

    if (rc != 0) {
        rc = errno;
        (void) close(*fd);
        errno = rc;
        return false;
    }

    return true;
}


/*
 * The next epoch: its key is on disk before the store names it, and so is the
 * list of what ends with the old one.
 */
static shian_epoch_step_t
begin_epoch(turn_t *w)
{
    int          rc;
    epoch_t      next = { w->now.number + 1, 0 };
    shian_txn_t  t;

    if (!make_key(w->store, w->keys, w->bucket, next.number, w->key)) {
        return SHIAN_EPOCH_FAILED;
    }

    rc = shian_txn_begin(w->store, &w->arena, true, &t);

    if (rc == 0 && !shian_erased_append(&t, w->bucket, w->now.erased_ms)) {
        rc = errno;
        shian_txn_abort(&t);

    } else if (rc == 0) {
        put(&t, w->bucket, next);
        rc = shian_txn_commit(&t);
    }

    errno = rc;

    return rc == 0 ? SHIAN_EPOCH_MORE : SHIAN_EPOCH_FAILED;
}


/*
 * A row of an earlier epoch as it is to be from now on.  False where it stays
 * as it is: it is of now, or nobody can open it any more.
 */
static bool
wrap_again(turn_t *w, shian_txn_t *t, shian_str_t id, shian_str_t row,
    uint8_t fresh[SHIAN_WRAPPED])
{
    bool      ok;
    uint8_t   key[SHIAN_BOX_KEY];
    uint32_t  number;

    if (id.n != SHIAN_ID_SIZE || row.n != SHIAN_WRAPPED) {
        return false;
    }

    number = shian_epoch_of(row);

    if (number == w->now.number) {
        return false;
    }

    if (number != w->old) {
        w->old = 0;

        if (!shian_epoch_key(w->store, w->keys, w->bucket, number,
                             w->old_key))
        {
            t->err = errno == ENOENT ? t->err : errno;
            return false;
        }

        w->old = number;
    }

    ok = shian_epoch_unwrap(w->old_key, id, row, key);

    if (ok) {
        shian_epoch_wrap(w->key, w->now.number, id, key, fresh);
    }

    sodium_memzero(key, sizeof(key));

    return ok;
}


/* Writes the next rows anew: how many.  Errors are in t->err. */
static size_t
wrap_slice(turn_t *w, shian_txn_t *t)
{
    size_t           i, n;
    shian_scan_t     scan;
    shian_rowkey_t   k, prefix = bucket_key(w->bucket);

    struct {
        uint8_t      id[SHIAN_ID_SIZE];
        uint8_t      row[SHIAN_WRAPPED];
    } fresh[SLICE];

    n = 0;
    shian_scan_open(&scan, t, SHIAN_T_VAULT, &prefix, NULL);

    while (n < SLICE && t->err == 0 && shian_scan_next(&scan)) {
        if (wrap_again(w, t, scan.key, scan.value, fresh[n].row)) {
            memcpy(fresh[n++].id, scan.key.p, SHIAN_ID_SIZE);
        }
    }

    shian_scan_close(&scan);

    for (i = 0; i < n; i++) {
        k.n = 0;
        shian_rowkey_bytes(&k, fresh[i].id, SHIAN_ID_SIZE);
        shian_row_put(t, SHIAN_T_VAULT, &k,
                      shian_slice(fresh[i].row, SHIAN_WRAPPED));
    }

    return n;
}


static shian_epoch_step_t
wrap_next(turn_t *w)
{
    int          rc;
    size_t       n;
    shian_txn_t  t;

    if (!shian_epoch_key(w->store, w->keys, w->bucket, w->now.number,
                         w->key))
    {
        return SHIAN_EPOCH_FAILED;
    }

    rc = shian_txn_begin(w->store, &w->arena, true, &t);
    if (rc != 0) {
        errno = rc;
        return SHIAN_EPOCH_FAILED;
    }

    n = wrap_slice(w, &t);
    rc = t.err;

    if (n == 0) {
        shian_txn_abort(&t);
    } else {
        rc = shian_txn_commit(&t);
    }

    errno = rc;

    return rc != 0 ? SHIAN_EPOCH_FAILED
           : n != 0 ? SHIAN_EPOCH_MORE : SHIAN_EPOCH_DONE;
}


/* ---- readers --------------------------------------------------------------*/

typedef struct {
    size_t  now;
    bool    older;
} readers_t;


/* A line of LMDB's own table: "pid thread txnid", or "-" for none. */
static int
look_at_reader(const char *line, void *ctx)
{
    size_t      id;
    readers_t  *r = ctx;

    if (sscanf(line, "%*d %*x %zu", &id) == 1 && id < r->now) {
        r->older = true;
    }

    return 0;
}


/* Does somebody still read the store as it was before the last commit? */
static bool
has_older_readers(shian_store_t *s)
{
    int            dead;
    readers_t      r = { 0, false };
    shian_txn_t    t;
    shian_arena_t  a;

    shian_arena_init(&a, NULL, NULL);
    (void) mdb_reader_check(s->env, &dead);

    if (shian_txn_begin(s, &a, false, &t) != 0) {
        return true;
    }

    r.now = mdb_txn_id(t.mdb);
    shian_txn_abort(&t);

    return mdb_reader_list(s->env, look_at_reader, &r) < 0 || r.older;
}


/* ---- a step ---------------------------------------------------------------*/

/* No row names the old keys: they go when nobody can see one that does. */
static shian_epoch_step_t
end_epochs(turn_t *w)
{
    char      folder[PATH];
    uint32_t  now[SHIAN_EPOCHS] = { 0 };

    if (has_older_readers(w->store)) {
        return SHIAN_EPOCH_WAITS;
    }

    now[w->bucket] = w->now.number;

    return each_old(w->store, now, destroy_old, NULL)
           && folder_of(w->store, folder) && sync_folder(folder)
           ? SHIAN_EPOCH_DONE : SHIAN_EPOCH_FAILED;
}


static bool
look(turn_t *w, bool *old)
{
    bool         all[SHIAN_EPOCHS] = { false };
    uint32_t     now[SHIAN_EPOCHS] = { 0 };
    shian_txn_t  t;

    if (shian_txn_begin(w->store, &w->arena, false, &t) != 0) {
        errno = EIO;
        return false;
    }

    w->now = get(&t, w->bucket);
    errno = t.err;
    shian_txn_abort(&t);

    if (errno != 0) {
        return false;
    }

    now[w->bucket] = w->now.number;

    if (!each_old(w->store, now, note_old, all)) {
        return false;
    }

    *old = all[w->bucket];

    return true;
}


static shian_epoch_step_t
step(turn_t *w, uint64_t before_ms)
{
    bool                old;
    shian_epoch_step_t  rc;

    if (!look(w, &old)) {
        return SHIAN_EPOCH_FAILED;
    }

    if (!old) {
        return w->now.erased_ms == 0 || w->now.erased_ms >= before_ms
               ? SHIAN_EPOCH_DONE : begin_epoch(w);
    }

    rc = wrap_next(w);

    if (rc == SHIAN_EPOCH_DONE) {
        rc = end_epochs(w);

        /* What was erased while the rows were written waits for a turn. */
        if (rc == SHIAN_EPOCH_DONE && w->now.erased_ms != 0
            && w->now.erased_ms < before_ms)
        {
            rc = SHIAN_EPOCH_MORE;
        }
    }

    return rc;
}


shian_epoch_step_t
shian_epoch_step(shian_store_t *s, const shian_keys_t *keys, uint8_t bucket,
    uint64_t before_ms, bool wait)
{
    int                 fd, error;
    turn_t              w;
    shian_epoch_step_t  rc;

    if (!shian_epoch_lock(s, false, wait, &fd)) {
        return errno == EWOULDBLOCK ? SHIAN_EPOCH_WAITS
                                    : SHIAN_EPOCH_FAILED;
    }

    memset(&w, 0, sizeof(w));
    w.store = s;
    w.keys = keys;
    w.bucket = bucket;
    shian_arena_init(&w.arena, NULL, NULL);

    rc = step(&w, before_ms);

    error = errno;
    sodium_memzero(&w.key, sizeof(w.key));
    sodium_memzero(&w.old_key, sizeof(w.old_key));
    shian_arena_free(&w.arena);
    (void) close(fd);
    errno = error;

    return rc;
}
