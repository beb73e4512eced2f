/*
 * For ThreadSanitizer alone, after its runtime in LD_PRELOAD.  A pool thread of
 * nginx hands a finished task to the event loop by a spinlock and a write of 8
 * bytes to an eventfd, which epoll_wait returns from; nginx is not
 * instrumented, so the sanitizer sees neither.  This says what the kernel
 * does: what was done before the write is seen after the wait.
 */

#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

void __tsan_acquire(void *address);
void __tsan_release(void *address);

static char  eventfds;


ssize_t
write(int fd, const void *p, size_t n)
{
    if (n == 8) {
        __tsan_release(&eventfds);
    }

    return syscall(SYS_write, fd, p, n);
}


int
epoll_wait(int fd, struct epoll_event *events, int max, int timeout)
{
    int  n = (int) syscall(SYS_epoll_wait, fd, events, max, timeout);

    __tsan_acquire(&eventfds);

    return n;
}
