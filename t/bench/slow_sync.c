/*
 * LD_PRELOAD: every sync to disk takes 5 ms longer, as on a slow disk.  A
 * write through a descriptor opened for synchronous writes is left alone, so
 * a commit of LMDB pays once.
 */

#include <dlfcn.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define SLOWER_NS  5000000L

static void
pause_for_the_disk(void)
{
    struct timespec  left = { 0, SLOWER_NS };

    while (nanosleep(&left, &left) != 0) { /* a signal came */ }
}


int
fsync(int fd)
{
    int  (*real)(int);

    *(void **) &real = dlsym(RTLD_NEXT, "fsync");
    pause_for_the_disk();

    return real(fd);
}


int
fdatasync(int fd)
{
    int  (*real)(int);

    *(void **) &real = dlsym(RTLD_NEXT, "fdatasync");
    pause_for_the_disk();

    return real(fd);
}


int
msync(void *p, size_t n, int flags)
{
    int  (*real)(void *, size_t, int);

    *(void **) &real = dlsym(RTLD_NEXT, "msync");
    pause_for_the_disk();

    return real(p, n, flags);
}
