/*
 * A backup is a folder that looks like a store: data.mdb of one instant and
 * the photos.  Photos are on disk before the operation that names them, so
 * copying them after the tables loses none.
 */

#include "cmd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_DEPTH  4            /* photos/ab/cd/hash */

const shian_option_t  shian_backup_options[] = { { NULL, NULL, NULL } };
const shian_option_t  shian_restore_options[] = { { NULL, NULL, NULL } };


static int
said(shian_ctl_t *c, const char *path)
{
    return shian_ctl_fail(c, "%s: %s", path, strerror(errno));
}


static bool
sync_close(int fd)
{
    bool  ok;

    ok = fsync(fd) == 0;

    return close(fd) == 0 && ok;
}


static bool
sync_folder(const char *dir)
{
    int  fd;

    fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    return fd != -1 && sync_close(fd);
}


static bool
copy_bytes(int from, int to)
{
    char      buf[65536];
    ssize_t   n, done, rc;

    while ((n = read(from, buf, sizeof(buf))) > 0) {
        for (done = 0; done < n; done += rc) {
            rc = write(to, buf + done, (size_t) (n - done));
            if (rc < 0) {
                return false;
            }
        }
    }

    return n == 0;
}


/* As root: what is restored belongs to whom its folder belongs. */
static bool
give(int fd, const char *folder_of)
{
    char         *slash, dir[4096];
    size_t        n;
    struct stat   st;

    slash = strrchr(folder_of, '/');
    n = slash == NULL ? 0 : (size_t) (slash - folder_of);

    if (geteuid() != 0 || n >= sizeof(dir)) {
        return true;
    }

    memcpy(dir, folder_of, n);
    memcpy(dir + n, n == 0 ? "." : "", n == 0 ? 2 : 1);

    return stat(dir, &st) == 0 && fchown(fd, st.st_uid, st.st_gid) == 0;
}


/* Whole or not at all: under another name first. */
static bool
copy_file(shian_ctl_t *c, const char *from, const char *to)
{
    int          in, out;
    bool         ok;
    const char  *part;

    part = shian_printf(&c->arena, "%s.part", to);
    in = open(from, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    out = part == NULL || in == -1 ? -1
          : open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);

    ok = out != -1 && copy_bytes(in, out) && give(out, to);

    if (out != -1) {
        ok = sync_close(out) && ok;
    }

    if (in != -1) {
        (void) close(in);
    }

    return ok && rename(part, to) == 0;
}


/* Regular files below from; links and what is there already are left. */
static bool
copy_tree(shian_ctl_t *c, const char *from, const char *to, int depth,
    uint64_t *files)
{
    DIR            *d;
    bool            ok;
    const char     *src, *dst;
    struct stat     st;
    struct dirent  *e;

    d = opendir(from);

    if (d == NULL) {
        return errno == ENOENT || said(c, from) == SHIAN_DONE;
    }

    ok = depth > 0 && (mkdir(to, 0750) == 0 || errno == EEXIST);

    while (ok && (e = readdir(d)) != NULL) {
        if (e->d_name[0] == '.') {
            continue;
        }

        src = shian_printf(&c->arena, "%s/%s", from, e->d_name);
        dst = shian_printf(&c->arena, "%s/%s", to, e->d_name);
        ok = src != NULL && dst != NULL && lstat(src, &st) == 0;

        if (ok && S_ISDIR(st.st_mode)) {
            ok = copy_tree(c, src, dst, depth - 1, files);

        } else if (ok && S_ISREG(st.st_mode) && access(dst, F_OK) != 0) {
            ok = copy_file(c, src, dst);
            (*files)++;
        }
    }

    ok = ok && sync_folder(to);

    if (!ok) {
        (void) said(c, to);
    }

    (void) closedir(d);
    return ok;
}


static bool
copy_photos(shian_ctl_t *c, const char *from, const char *to,
    uint64_t *files)
{
    const char  *src, *dst;

    *files = 0;
    src = shian_printf(&c->arena, "%s/photos", from);
    dst = shian_printf(&c->arena, "%s/photos", to);

    return src != NULL && dst != NULL
           && copy_tree(c, src, dst, MAX_DEPTH, files);
}


int
shian_cmd_backup(shian_ctl_t *c)
{
    int          rc;
    uint64_t     photos;
    const char  *file, *dir = c->args[0];

    if (!shian_ctl_store(c, false)) {
        return SHIAN_FAILED;
    }

    shian_ctl_as_user(c);
    file = shian_printf(&c->arena, "%s/data.mdb", dir);

    if (file == NULL || (mkdir(dir, 0700) != 0 && errno != EEXIST)) {
        return said(c, dir);
    }

    if (access(file, F_OK) == 0) {
        return shian_ctl_fail(c, "%s: there is a backup already; name "
                              "another folder", dir);
    }

    rc = mdb_env_copy2(c->store->env, dir, MDB_CP_COMPACT);

    if (rc != 0) {
        (void) unlink(file);
        return shian_ctl_fail(c, "%s: %s", dir, mdb_strerror(rc));
    }

    if (!sync_folder(dir) || !copy_photos(c, c->store_dir, dir, &photos)) {
        return said(c, dir);
    }

    if (c->json) {
        printf("{\"backup\":true,\"photos\":%llu}\n",
               (unsigned long long) photos);
    } else {
        printf("%s: the store and %llu photos; keep the key file %s "
               "elsewhere\n", dir, (unsigned long long) photos,
               c->keys_path);
    }

    return SHIAN_DONE;
}


int
shian_cmd_restore(shian_ctl_t *c)
{
    uint64_t      photos;
    const char   *from, *to, *dir = c->args[0];

    from = shian_printf(&c->arena, "%s/data.mdb", dir);
    to = shian_printf(&c->arena, "%s/data.mdb", c->store_dir);

    if (from == NULL || to == NULL) {
        return shian_ctl_fail(c, "memory has run out");
    }

    if (access(from, R_OK) != 0) {
        return said(c, from);
    }

    if (access(to, F_OK) == 0) {
        return shian_ctl_fail(c, "store \"%s\" is not empty; stop nginx and "
                              "move it away first", c->store_dir);
    }

    if ((mkdir(c->store_dir, 0750) != 0 && errno != EEXIST)
        || !copy_photos(c, dir, c->store_dir, &photos)
        || !copy_file(c, from, to) || !sync_folder(c->store_dir))
    {
        return said(c, c->store_dir);
    }

    /* What cannot be opened is no backup; better to hear it now. */
    if (!shian_ctl_store(c, false)) {
        return SHIAN_FAILED;
    }

    if (c->json) {
        printf("{\"restored\":true,\"photos\":%llu}\n",
               (unsigned long long) photos);
    } else {
        printf("%s: restored with %llu photos; check it with \"shianctl "
               "verify\"\n", c->store_dir, (unsigned long long) photos);
    }

    return SHIAN_DONE;
}
