#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>


/* A pipe or terminal has no disk to reach. */
static bool
sync_file(int fd)
{
    return fsync(fd) == 0 || errno == EINVAL || errno == EROFS
           || errno == ENOTSUP;
}


bool
shian_sync_folder(const char *dir)
{
    int   fd;
    bool  ok;

    fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd == -1) {
        return false;
    }

    ok = fsync(fd) == 0;

    return close(fd) == 0 && ok;
}


bool
shian_sync_disk(const char *dir)
{
    int   fd;
    bool  ok;

    fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd == -1) {
        return false;
    }

    ok = syncfs(fd) == 0;

    return close(fd) == 0 && ok;
}


bool
shian_sync_folder_of(const char *path)
{
    char         dir[PATH_MAX];
    size_t       n;
    const char  *slash;

    slash = strrchr(path, '/');
    n = slash == NULL ? 0 : (size_t) (slash - path);

    if (n >= sizeof(dir)) {
        errno = ENAMETOOLONG;
        return false;
    }

    memcpy(dir, path, n);
    dir[n] = '\0';

    return shian_sync_folder(slash == NULL ? "." : n == 0 ? "/" : dir);
}


static bool
said(shian_output_t *o, int error)
{
    (void) shian_ctl_fail(o->ctl, "%s: %s",
                          o->path == NULL ? "standard output" : o->path,
                          strerror(error));

    if (o->ctl->store != NULL) {
        shian_ctl_as_owner(o->ctl);
    }

    return false;
}


/* A link stays one: what it names is written. */
static const char *
behind_link(shian_ctl_t *c, const char *path)
{
    char         real[PATH_MAX];
    struct stat  st;

    if (lstat(path, &st) != 0 || !S_ISLNK(st.st_mode)
        || realpath(path, real) == NULL)
    {
        return path;
    }

    return shian_strdup(&c->arena, shian_str(real));
}


static int
open_part(shian_output_t *o, mode_t mode, const struct stat *was)
{
    int  fd;

    o->part = shian_printf(&o->ctl->arena, "%s.part", o->path);

    if (o->part == NULL) {
        errno = ENOMEM;
        return -1;
    }

    if (unlink(o->part) != 0 && errno != ENOENT) {
        return -1;
    }

    fd = open(o->part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
              mode);

    if (fd != -1 && was != NULL && fchmod(fd, was->st_mode & 0777) != 0) {
        (void) close(fd);
        (void) unlink(o->part);
        return -1;
    }

    return fd;
}


bool
shian_output_open(shian_ctl_t *c, shian_output_t *o, const char *path,
    mode_t mode)
{
    int           fd, error;
    bool          there;
    FILE         *f;
    struct stat   st;

    o->ctl = c;
    o->path = path;
    o->part = NULL;
    o->many = false;

    if (path == NULL) {
        shian_file_sink(&o->out, stdout);
        return true;
    }

    shian_ctl_as_user(c);
    o->path = path = behind_link(c, path);

    if (path == NULL) {
        o->path = "the output";
        return said(o, ENOMEM);
    }

    there = stat(path, &st) == 0;

    if (there && S_ISDIR(st.st_mode)) {
        return said(o, EISDIR);
    }

    fd = there && !S_ISREG(st.st_mode) ? open(path, O_WRONLY | O_CLOEXEC)
         : open_part(o, mode, there ? &st : NULL);
    f = fd == -1 ? NULL : fdopen(fd, "w");

    if (f == NULL) {
        error = errno;

        if (fd != -1) {
            (void) close(fd);
        }
        return said(o, error);
    }

    shian_file_sink(&o->out, f);

    if (c->store != NULL) {
        shian_ctl_as_owner(c);
    }

    return true;
}


bool
shian_output_finish(shian_output_t *o)
{
    int    error;
    bool   ok;
    FILE  *f = o->out.file;

    shian_ctl_as_user(o->ctl);
    errno = 0;
    ok = fflush(f) == 0 && ferror(f) == 0
         && (o->many || sync_file(fileno(f)));
    error = errno;

    if (f != stdout && fclose(f) != 0 && ok) {
        error = errno;
        ok = false;
    }

    if (ok && o->part != NULL) {
        ok = rename(o->part, o->path) == 0
             && (o->many || shian_sync_folder_of(o->path));
        error = errno;
    }

    if (!ok && o->part != NULL) {
        (void) unlink(o->part);
    }

    if (!ok) {
        return said(o, error == 0 ? EIO : error);
    }

    if (o->ctl->store != NULL) {
        shian_ctl_as_owner(o->ctl);
    }

    return true;
}


void
shian_output_abandon(shian_output_t *o)
{
    if (o->out.file != stdout) {
        (void) fclose(o->out.file);
    }

    if (o->part != NULL) {
        shian_ctl_as_user(o->ctl);
        (void) unlink(o->part);

        if (o->ctl->store != NULL) {
            shian_ctl_as_owner(o->ctl);
        }
    }
}
