/*
 * A clock that gains ten milliseconds each time it is read: what is bounded by
 * CLOCK_MONOTONIC is then bounded by how often it looks, and tests can count.
 */

#define _GNU_SOURCE

#include <dlfcn.h>
#include <stdatomic.h>
#include <time.h>

#define GAIN_NS  10000000L

int
clock_gettime(clockid_t clock, struct timespec *ts)
{
    int    rc;
    long   ns;

    static int          (*real)(clockid_t, struct timespec *);
    static atomic_long    looks;

    if (real == NULL) {
        real = (int (*)(clockid_t, struct timespec *))
               dlsym(RTLD_NEXT, "clock_gettime");
    }

    rc = real(clock, ts);

    if (rc == 0 && clock == CLOCK_MONOTONIC) {
        ns = ts->tv_nsec + atomic_fetch_add(&looks, 1) % 100 * GAIN_NS;
        ts->tv_sec += atomic_load(&looks) / 100 + ns / 1000000000;
        ts->tv_nsec = ns % 1000000000;
    }

    return rc;
}
