/*
 * A disk that fails when a test says so: preloaded into a server, it watches
 * a folder for these files.
 *
 *     fail   the next sync of the store's data fails with EIO, once
 *     hold   a sync of the data that has begun lasts until the file is gone
 *     photo  the next sync of any other file fails with EIO, once
 *     full   writes of the data fail with ENOSPC while it is there, except
 *            of the first two pages, which have their room already
 *     meta   the next write of one of these two fails with EIO, once
 *
 * Where the folder has a file "durable", that file is kept as what a power
 * cut would leave of the data: all of it as it was at the last sync, and the
 * first two pages as they were last written, for these are written through.
 *
 * The folder is named by SHIAN_FAULT, read once at load: nginx empties the
 * environment of its workers.
 *
 * SHIAN_DIE=N kills the process with SIGKILL before its Nth call that makes
 * something durable or takes something away: fsync, fdatasync, rename, unlink.
 */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static char  folder[1024];
static long  left;              /* calls until it dies; 0: it lives */


__attribute__((constructor)) static void
begin(void)
{
    const char  *name;

    name = getenv("SHIAN_FAULT");
    if (name != NULL) {
        snprintf(folder, sizeof(folder), "%s", name);
    }

    name = getenv("SHIAN_DIE");
    left = name == NULL ? 0 : atol(name);
}


static void
count_down(void)
{
    if (left != 0 && --left == 0) {
        (void) kill(getpid(), SIGKILL);
    }
}


int
rename(const char *from, const char *to)
{
    count_down();

    return ((int (*)(const char *, const char *))
                dlsym(RTLD_NEXT, "rename"))(from, to);
}


int
unlink(const char *path)
{
    count_down();

    return ((int (*)(const char *)) dlsym(RTLD_NEXT, "unlink"))(path);
}


static const char *
switch_path(const char *name, char path[1100])
{
    snprintf(path, 1100, "%s/%s", folder, name);

    return path;
}


static bool
is_on(const char *name)
{
    char  path[1100];

    return folder[0] != '\0' && access(switch_path(name, path), F_OK) == 0;
}


/* Whoever takes the file away is the one that fails. */
static bool
take(const char *name)
{
    char  path[1100];

    return folder[0] != '\0' && unlink(switch_path(name, path)) == 0;
}


static bool
is_data(int fd)
{
    char     link[64], path[1024];
    ssize_t  n;

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    n = readlink(link, path, sizeof(path));

    return n > 9 && memcmp(path + n - 9, "/data.mdb", 9) == 0;
}


/* What came of a sync or a write goes to the durable copy, if there is one. */
static void
keep(int fd, const void *p, size_t n, off_t at)
{
    int          to;
    char         path[1100];
    off_t        from = 0, end;
    ssize_t      done = 1;
    struct stat  st;

    to = folder[0] == '\0' ? -1 : open(switch_path("durable", path), O_WRONLY);
    if (to == -1) {
        return;
    }

    if (p != NULL) {
        done = ((ssize_t (*)(int, const void *, size_t, off_t))
                    dlsym(RTLD_NEXT, "pwrite"))(to, p, n, at);

    } else if (fstat(fd, &st) == 0) {
        for (end = st.st_size; from < end && done > 0; ) {
            done = copy_file_range(fd, &from, to, NULL,
                                   (size_t) (end - from), 0);
        }
    }

    /* Half a copy would say nothing. */
    if (done <= 0) {
        abort();
    }

    (void) close(to);
}


static int
sync_or_fail(const char *name, int fd)
{
    int  rc;
    int  (*real)(int);

    count_down();

    if (is_data(fd) ? take("fail") : take("photo")) {
        errno = EIO;
        return -1;
    }

    while (is_data(fd) && is_on("hold")) {
        usleep(1000);
    }

    real = (int (*)(int)) dlsym(RTLD_NEXT, name);
    rc = real(fd);

    if (rc == 0 && is_data(fd)) {
        keep(fd, NULL, 0, 0);
    }

    return rc;
}


int
fsync(int fd)
{
    return sync_or_fail("fsync", fd);
}


int
fdatasync(int fd)
{
    return sync_or_fail("fdatasync", fd);
}


static bool
no_room(int fd)
{
    if (is_data(fd) && is_on("full")) {
        errno = ENOSPC;
        return true;
    }

    return false;
}


ssize_t
pwrite(int fd, const void *p, size_t n, off_t at)
{
    ssize_t  (*real)(int, const void *, size_t, off_t);

    if (at < 2 * 4096) {
        if (is_data(fd) && take("meta")) {
            errno = EIO;
            return -1;
        }

    } else if (no_room(fd)) {
        return -1;
    }

    real = (ssize_t (*)(int, const void *, size_t, off_t))
               dlsym(RTLD_NEXT, "pwrite");

    /* Only what the kernel was told to write through is there at once. */
    if (at < 2 * 4096 && is_data(fd) && (fcntl(fd, F_GETFL) & O_DSYNC)) {
        ssize_t  rc = real(fd, p, n, at);

        if (rc > 0) {
            keep(fd, p, (size_t) rc, at);
        }
        return rc;
    }

    return real(fd, p, n, at);
}


ssize_t
writev(int fd, const struct iovec *v, int n)
{
    ssize_t  (*real)(int, const struct iovec *, int);

    real = (ssize_t (*)(int, const struct iovec *, int))
               dlsym(RTLD_NEXT, "writev");

    return no_room(fd) ? -1 : real(fd, v, n);
}
