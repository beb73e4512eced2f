#include "look.h"

#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define GOOD  0
#define BAD   3


static bool
become(uid_t uid, gid_t gid, const char *name)
{
    if (geteuid() != 0) {
        return true;
    }

    return (name == NULL ? setgroups(1, &gid) : initgroups(name, gid)) == 0
           && setgid(gid) == 0 && setuid(uid) == 0;
}


/* In the child. */
static void
child(int out, uid_t uid, gid_t gid, const char *name, shian_look_t look,
    void *data)
{
    bool     ok;
    char     err[1024];
    ssize_t  n;

    static const int  fatal[] = { SIGSEGV, SIGBUS, SIGABRT, SIGFPE };

    for (size_t i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++) {
        (void) signal(fatal[i], SIG_DFL);
    }

    /* What a damaged file does to it is no matter for a core file. */
    (void) prctl(PR_SET_DUMPABLE, 0);

    err[0] = '\0';
    ok = become(uid, gid, name);

    if (!ok) {
        snprintf(err, sizeof(err), "cannot become user \"%s\": %s",
                 name == NULL ? "?" : name, strerror(errno));
    } else {
        ok = look(data, err, sizeof(err));
    }

    n = write(out, err, strlen(err));
    _exit(ok && n >= 0 ? GOOD : BAD);
}


/* In the parent: its line, and how it ended. */
static bool
hear(int in, pid_t pid, char *err, size_t errsize)
{
    int      status;
    size_t   n;
    ssize_t  got;

    for (n = 0; n + 1 < errsize; n += (size_t) got) {
        got = read(in, err + n, errsize - 1 - n);

        if (got < 0 && errno == EINTR) {
            got = 0;
            continue;
        }

        if (got <= 0) {
            break;
        }
    }

    err[n] = '\0';

    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) {
            snprintf(err, errsize, "waitpid: %s", strerror(errno));
            return false;
        }
    }

    if (WIFSIGNALED(status)) {
        snprintf(err, errsize, "looking at it ends a process by \"%s\"",
                 strsignal(WTERMSIG(status)));
        return false;
    }

    return WEXITSTATUS(status) == GOOD;
}


bool
shian_look_as(uid_t uid, gid_t gid, const char *name, shian_look_t look,
    void *data, char *err, size_t errsize)
{
    int       fd[2];
    bool      ok;
    pid_t     pid;
    sigset_t  chld, old;

    if (pipe(fd) != 0) {
        snprintf(err, errsize, "pipe: %s", strerror(errno));
        return false;
    }

    (void) sigemptyset(&chld);
    (void) sigaddset(&chld, SIGCHLD);
    (void) sigprocmask(SIG_BLOCK, &chld, &old);
    pid = fork();

    if (pid == 0) {
        close(fd[0]);
        child(fd[1], uid, gid, name, look, data);
    }

    close(fd[1]);

    if (pid < 0) {
        snprintf(err, errsize, "fork: %s", strerror(errno));
        ok = false;
    } else {
        ok = hear(fd[0], pid, err, errsize);
    }

    close(fd[0]);
    (void) sigprocmask(SIG_SETMASK, &old, NULL);

    return ok;
}
