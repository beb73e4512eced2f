#include "photo_copy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "progress.h"
#include "store/photos.h"

#define HASH   32
#define TRIES  1000             /* for a file that changes its name */

typedef enum { COPIED, LOST, FAILED } copied_t;


static bool
write_all(int fd, const uint8_t *p, size_t n)
{
    ssize_t  rc;

    while (n != 0) {
        rc = write(fd, p, n);

        if (rc < 0 && errno != EINTR) {
            return false;
        }

        if (rc > 0) {
            p += rc;
            n -= (size_t) rc;
        }
    }

    return true;
}


/* From end to end, also into `to` unless that is -1.  False: see errno. */
static bool
hash_file(int from, int to, uint8_t is[HASH])
{
    uint8_t                   buf[65536];
    ssize_t                   n;
    crypto_generichash_state  h;

    crypto_generichash_init(&h, NULL, 0, HASH);

    while ((n = read(from, buf, sizeof(buf))) != 0) {
        if (n < 0 && errno == EINTR) {
            continue;
        }

        if (n < 0 || (to != -1 && !write_all(to, buf, (size_t) n))) {
            return false;
        }

        crypto_generichash_update(&h, buf, (unsigned long long) n);
    }

    crypto_generichash_final(&h, is, HASH);
    return true;
}


static bool
is_whole(const char *path, const uint8_t hash[HASH])
{
    int      fd;
    bool     ok;
    uint8_t  is[HASH];

    fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd == -1) {
        return false;
    }

    ok = hash_file(fd, -1, is) && memcmp(is, hash, HASH) == 0;
    (void) close(fd);

    return ok;
}


/*
 * A server that sweeps its photos gives one another name for a moment, to look
 * again whether somebody has sent it.
 */
static int
open_photo(shian_arena_t *a, const char *path)
{
    int          i, fd;
    const char  *leaving;

    leaving = shian_printf(a, "%s.leaving", path);

    if (leaving == NULL) {
        errno = ENOMEM;
        return -1;
    }

    fd = -1;

    for (i = 0; i < TRIES; i++) {
        fd = open(i % 2 == 0 ? path : leaving,
                  O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

        if (fd != -1 || errno != ENOENT) {
            break;
        }
    }

    return fd;
}


static bool
own(const shian_photo_copy_t *p, int fd, mode_t mode)
{
    return fchmod(fd, mode) == 0
           && (!p->give || fchown(fd, p->uid, p->gid) == 0);
}


bool
shian_photo_copy_folder(const shian_photo_copy_t *p, const char *dir)
{
    int   fd;
    bool  ok;

    if (mkdir(dir, p->folder_mode) != 0) {
        return errno == EEXIST;
    }

    fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd == -1) {
        return false;
    }

    ok = own(p, fd, p->folder_mode);

    return close(fd) == 0 && ok;
}


/* Under another name first, so that what has the name is whole. */
static copied_t
copy_one(const shian_photo_copy_t *p, shian_arena_t *a, int in,
    const char *to, const uint8_t hash[HASH])
{
    int          out;
    bool         ok;
    uint8_t      is[HASH];
    const char  *part;

    part = shian_printf(a, "%s.part", to);
    out = part == NULL || (unlink(part) != 0 && errno != ENOENT) ? -1
          : open(part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                 0600);

    if (out == -1) {
        return FAILED;
    }

    ok = hash_file(in, out, is) && own(p, out, p->file_mode);
    ok = close(out) == 0 && ok;

    if (!ok || memcmp(is, hash, HASH) != 0) {
        (void) unlink(part);
        return ok ? LOST : FAILED;
    }

    return rename(part, to) == 0 ? COPIED : FAILED;
}


static copied_t
copy_photo(shian_photo_copy_t *p, shian_arena_t *a, const uint8_t hash[HASH])
{
    int          in;
    copied_t     rc;
    const char  *from, *to, *folder;

    from = shian_photo_path(a, p->from, hash);
    to = shian_photo_path(a, p->to, hash);
    folder = to == NULL ? NULL
             : shian_printf(a, "%.*s", (int) (strlen(to) - 2 * HASH - 1),
                            to);

    if (from == NULL || folder == NULL) {
        errno = ENOMEM;
        return FAILED;
    }

    if (is_whole(to, hash)) {
        return COPIED;
    }

    in = open_photo(a, from);
    if (in == -1) {
        return errno == ENOENT ? LOST : FAILED;
    }

    rc = shian_photo_copy_folder(p, folder) ? copy_one(p, a, in, to, hash)
                                            : FAILED;
    (void) close(in);

    return rc;
}


static bool
lose(shian_photo_copy_t *p, const uint8_t hash[HASH])
{
    uint8_t  (*grown)[HASH];

    grown = realloc(p->lost, (p->nlost + 1) * sizeof(*grown));

    if (grown == NULL) {
        errno = ENOMEM;
        return false;
    }

    memcpy(grown[p->nlost++], hash, HASH);
    p->lost = grown;

    return true;
}


static bool
make_root(shian_photo_copy_t *p)
{
    const char  *root;

    root = shian_printf(&p->ctl->arena, "%s/photos", p->to);

    if (root == NULL || !shian_photo_copy_folder(p, root)) {
        (void) shian_ctl_fail(p->ctl, "%s/photos: %s", p->to,
                              strerror(root == NULL ? ENOMEM : errno));
        return false;
    }

    return true;
}


bool
shian_photo_copy(shian_photo_copy_t *p, shian_store_t *named)
{
    bool               ok;
    uint64_t           done;
    MDB_stat           st;
    copied_t           rc;
    shian_txn_t        t;
    shian_scan_t       scan;
    shian_arena_t      a;
    shian_rowkey_t     all;
    shian_progress_t   bar;

    all.n = 0;
    p->photos = 0;
    p->nlost = 0;
    shian_arena_init(&a, NULL, NULL);

    if (!make_root(p)) {
        return false;
    }

    if (shian_txn_begin(named, &a, false, &t) != 0) {
        (void) shian_ctl_fail(p->ctl, "photos of the store cannot be read");
        return false;
    }

    if (mdb_stat(t.mdb, named->dbi[SHIAN_T_PHOTO], &st) != 0) {
        st.ms_entries = 0;      /* how long the bar is */
    }

    shian_scan_open(&scan, &t, SHIAN_T_PHOTO, &all, NULL);
    shian_progress_start(&bar, "photos");

    for (ok = true, done = 0; ok && shian_scan_next(&scan); done++) {
        rc = scan.key.n == HASH ? copy_photo(p, &a, scan.key.p) : LOST;
        ok = rc == COPIED || (rc == LOST && scan.key.n == HASH
                              && lose(p, scan.key.p));
        p->photos += rc == COPIED;

        if (!ok) {
            (void) shian_ctl_fail(p->ctl, "photos from %s to %s: %s",
                                  p->from, p->to, strerror(errno));
        }

        shian_progress_show(&bar, done, st.ms_entries);
        shian_arena_free(&a);
    }

    shian_progress_end(&bar);
    shian_scan_close(&scan);
    shian_txn_abort(&t);
    shian_arena_free(&a);

    return ok;
}


/* ---- what is no longer named --------------------------------------------- */


static bool
purge_folder(shian_txn_t *t, const char *dir)
{
    DIR             *d;
    bool             ok;
    size_t           n;
    uint8_t          hash[HASH];
    shian_str_t      row;
    struct dirent   *e;
    shian_rowkey_t   k;

    d = opendir(dir);
    if (d == NULL) {
        return errno == ENOENT;
    }

    ok = true;

    while (ok && (e = readdir(d)) != NULL) {
        if (sodium_hex2bin(hash, HASH, e->d_name, strlen(e->d_name), NULL,
                           &n, NULL) != 0
            || n != HASH)
        {
            continue;
        }

        k.n = 0;
        shian_rowkey_bytes(&k, hash, HASH);

        if (!shian_row_get(t, SHIAN_T_PHOTO, &k, &row)) {
            ok = t->err == 0 && unlinkat(dirfd(d), e->d_name, 0) == 0;
        }
    }

    return closedir(d) == 0 && ok;
}


bool
shian_photo_copy_purge(shian_photo_copy_t *p, shian_store_t *named)
{
    bool            ok;
    unsigned        i;
    const char     *dir;
    shian_txn_t     t;
    shian_arena_t   a;

    shian_arena_init(&a, NULL, NULL);

    if (shian_txn_begin(named, &a, false, &t) != 0) {
        (void) shian_ctl_fail(p->ctl, "photos of the store cannot be read");
        return false;
    }

    for (ok = true, i = 0; ok && i < SHIAN_PHOTO_FOLDERS; i++) {
        dir = shian_printf(&a, "%s/photos/%02x", p->to, i);
        ok = dir != NULL && purge_folder(&t, dir);
    }

    if (!ok) {
        (void) shian_ctl_fail(p->ctl, "%s/photos: %s", p->to,
                              strerror(errno));
    }

    shian_txn_abort(&t);
    shian_arena_free(&a);

    return ok;
}
