#include "progress.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WIDTH  30


static uint64_t
clock_ms(void)
{
    struct timespec  ts;

    if (clock_gettime(CLOCK_MONOTONIC, &ts) != 0) {
        return 0;
    }

    return (uint64_t) ts.tv_sec * 1000 + (uint64_t) ts.tv_nsec / 1000000;
}


void
shian_progress_start(shian_progress_t *p, const char *label)
{
    p->label = label;
    p->began_ms = clock_ms();
    p->drawn_ms = 0;
    p->on = isatty(STDERR_FILENO) == 1;
}


uint64_t
shian_progress_ms(const shian_progress_t *p)
{
    uint64_t  now;

    now = clock_ms();

    return now > p->began_ms ? now - p->began_ms : 1;
}


void
shian_progress_show(shian_progress_t *p, uint64_t done, uint64_t all)
{
    char      bar[WIDTH + 1];
    size_t    full;
    uint64_t  now;

    if (!p->on) {
        return;
    }

    now = clock_ms();

    if (now < p->began_ms + 1000 || now < p->drawn_ms + 100) {
        return;
    }

    p->drawn_ms = now;

    if (all == 0) {
        fprintf(stderr, "\r%s %llu", p->label, (unsigned long long) done);
        return;
    }

    done = done > all ? all : done;
    full = (size_t) (done * WIDTH / all);
    memset(bar, '#', full);
    memset(bar + full, '.', WIDTH - full);
    bar[WIDTH] = '\0';

    fprintf(stderr, "\r%s [%s] %3d %%", p->label, bar,
            (int) (done * 100 / all));
}


void
shian_progress_end(shian_progress_t *p)
{
    if (p->drawn_ms != 0) {
        fputs("\r\033[K", stderr);
        p->drawn_ms = 0;
    }
}
