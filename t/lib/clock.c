/*
 * LD_PRELOAD: a clock that a test moves.  The file that TEST_CLOCK names holds
 * three numbers of 64 bits, mapped shared.  The instant in ms at which the time
 * of day stands; 0: it goes on.  How many ms the monotonic clock, which always
 * goes on, is ahead of its own; so timers are due as they would be had that
 * time passed.  How many ms it gains each time it is read: what that clock
 * bounds is then bounded by how often it is looked at, and tests can count.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

typedef struct {
    _Atomic int64_t  stands_at;
    _Atomic int64_t  ahead;
    _Atomic int64_t  gain;
} moved_t;

static moved_t          *moved;
static _Atomic int64_t   looks;


__attribute__((constructor)) static void
look_for_the_clock(void)
{
    int          fd;
    void        *p;
    const char  *path;

    path = getenv("TEST_CLOCK");
    fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        return;
    }

    p = mmap(NULL, sizeof(*moved), PROT_READ, MAP_SHARED, fd, 0);
    moved = p == MAP_FAILED ? NULL : p;
    (void) close(fd);
}


int
clock_gettime(clockid_t id, struct timespec *ts)
{
    int64_t  ms;

    ms = moved == NULL ? 0 : moved->stands_at;

    if (ms != 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) {
        ts->tv_sec = (time_t) (ms / 1000);
        ts->tv_nsec = (long) (ms % 1000 * 1000000);
        return 0;
    }

    if (syscall(SYS_clock_gettime, id, ts) != 0) {
        return -1;
    }

    if (moved != NULL
        && (id == CLOCK_MONOTONIC || id == CLOCK_MONOTONIC_COARSE
            || id == CLOCK_BOOTTIME))
    {
        ms = moved->ahead + moved->gain * looks++;
        ts->tv_sec += (time_t) (ms / 1000);
        ts->tv_nsec += (long) (ms % 1000 * 1000000);

        if (ts->tv_nsec >= 1000000000) {
            ts->tv_nsec -= 1000000000;
            ts->tv_sec++;
        }
    }

    return 0;
}


int
gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
    struct timespec  ts;

    (void) zone;
    (void) clock_gettime(CLOCK_REALTIME, &ts);
    tv->tv_sec = ts.tv_sec;
    tv->tv_usec = ts.tv_nsec / 1000;

    return 0;
}


time_t
time(time_t *out)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_REALTIME, &ts);

    if (out != NULL) {
        *out = ts.tv_sec;
    }

    return ts.tv_sec;
}
