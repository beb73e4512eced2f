#include "photos.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEX_LEN  64

/* Behind the name of a file that is about to go. */
#define LEAVING  ".leaving"


char *
shian_photo_path(shian_arena_t *a, const char *dir, const uint8_t hash[32])
{
    char  hex[HEX_LEN + 1];

    sodium_bin2hex(hex, sizeof(hex), hash, 32);

    return shian_printf(a, "%s/photos/%.2s/%s", dir, hex, hex);
}


/* ---- saving ---------------------------------------------------------------*/

static bool
sync_dir(const char *path)
{
    int   fd;
    bool  ok;

    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }

    ok = fsync(fd) == 0;
    close(fd);

    return ok;
}


static bool
write_all(int fd, shian_str_t s)
{
    ssize_t  n;

    while (s.n != 0) {
        n = write(fd, s.p, s.n);

        if (n < 0) {
            if (errno == EINTR) {
                continue;
            }
            return false;
        }

        s.p += n;
        s.n -= (size_t) n;
    }

    return true;
}


bool
shian_photo_save(shian_arena_t *a, const char *dir, const uint8_t hash[32],
    shian_str_t bytes)
{
    int    fd;
    bool   ok;
    char  *path, *tmp, *folder, *photos;

    path = shian_photo_path(a, dir, hash);
    tmp = shian_printf(a, "%s.XXXXXX", path);
    photos = shian_printf(a, "%s/photos", dir);
    folder = path == NULL ? NULL
             : shian_printf(a, "%.*s", (int) (strlen(path) - HEX_LEN - 1),
                            path);

    if (path == NULL || tmp == NULL || photos == NULL || folder == NULL) {
        return false;
    }

    if (utimensat(AT_FDCWD, path, NULL, 0) == 0) {
        return sync_dir(folder);
    }

    if ((mkdir(photos, 0750) != 0 && errno != EEXIST)
        || (mkdir(folder, 0750) != 0 && errno != EEXIST))
    {
        return false;
    }

    fd = mkostemp(tmp, O_CLOEXEC);
    if (fd < 0) {
        return false;
    }

    ok = write_all(fd, bytes) && fchmod(fd, 0640) == 0 && fsync(fd) == 0;
    close(fd);

    if (!ok || rename(tmp, path) != 0) {
        (void) unlink(tmp);
        return false;
    }

    return sync_dir(folder) && sync_dir(photos) && sync_dir(dir);
}


/* ---- sweeping -------------------------------------------------------------*/

typedef struct {
    shian_store_t  *store;
    int             folder;
    uint64_t        before_ms;
} sweep_t;


/* Does a row name it?  As of now: each asks in a transaction of its own. */
static bool
is_named(const sweep_t *w, const uint8_t hash[32])
{
    bool            named;
    shian_str_t     row;
    shian_txn_t     t;
    shian_arena_t   arena;
    shian_rowkey_t  k;

    shian_arena_init(&arena, NULL, NULL);

    if (shian_txn_begin(w->store, &arena, false, &t) != 0) {
        return true;
    }

    k.n = 0;
    shian_rowkey_bytes(&k, hash, 32);
    named = shian_row_get(&t, SHIAN_T_PHOTO, &k, &row) || t.err != 0;
    shian_txn_abort(&t);
    shian_arena_free(&arena);

    return named;
}


static bool
is_old(const sweep_t *w, const char *name)
{
    struct stat  st;

    return fstatat(w->folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0
           && S_ISREG(st.st_mode) && st.st_mtim.tv_sec >= 0
           && (uint64_t) st.st_mtim.tv_sec * 1000 < w->before_ms;
}


/*
 * Somebody may save the same photo just now.  So it gets out of the way first
 * and is looked at again: what was sent or named meanwhile comes back, and who
 * comes later finds no file and writes a new one.
 */
static bool
remove_photo(const sweep_t *w, const char *name, const uint8_t hash[32])
{
    char  leaving[HEX_LEN + sizeof(LEAVING)];

    if (is_named(w, hash)) {
        return false;
    }

    (void) snprintf(leaving, sizeof(leaving), "%s" LEAVING, name);

    if (renameat(w->folder, name, w->folder, leaving) != 0) {
        return false;
    }

    if (is_old(w, leaving) && !is_named(w, hash)) {
        return unlinkat(w->folder, leaving, 0) == 0;
    }

    (void) renameat(w->folder, leaving, w->folder, name);
    (void) fsync(w->folder);

    return false;
}


static bool
sweep_file(const sweep_t *w, const char *name)
{
    char     hex[HEX_LEN + 1];
    size_t   n;
    uint8_t  hash[32];

    if (strlen(name) < HEX_LEN || !is_old(w, name)) {
        return false;
    }

    memcpy(hex, name, HEX_LEN);
    hex[HEX_LEN] = '\0';

    if (sodium_hex2bin(hash, sizeof(hash), hex, HEX_LEN, NULL, &n, NULL) != 0
        || n != sizeof(hash))
    {
        return false;
    }

    name += HEX_LEN;

    if (*name == '\0') {
        return remove_photo(w, hex, hash);
    }

    /* The sweep before this one came to its end here. */
    if (strcmp(name, LEAVING) == 0) {
        return renameat(w->folder, name - HEX_LEN, w->folder, hex) == 0
               && remove_photo(w, hex, hash);
    }

    return *name == '.' && unlinkat(w->folder, name - HEX_LEN, 0) == 0;
}


size_t
shian_photos_sweep(shian_store_t *s, unsigned first, uint64_t now_ms)
{
    DIR            *d;
    char            path[4096];
    size_t          n;
    sweep_t         w;
    struct dirent  *e;

    n = (size_t) snprintf(path, sizeof(path), "%s/photos/%02x", s->dir,
                          first);
    if (n >= sizeof(path)) {
        return 0;
    }

    d = opendir(path);
    if (d == NULL) {
        return 0;
    }

    w.store = s;
    w.folder = dirfd(d);
    w.before_ms = now_ms < SHIAN_PHOTO_GRACE_MS
                  ? 0 : now_ms - SHIAN_PHOTO_GRACE_MS;
    n = 0;

    while ((e = readdir(d)) != NULL) {
        n += sweep_file(&w, e->d_name);
    }

    closedir(d);

    return n;
}
