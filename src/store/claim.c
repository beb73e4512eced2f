#include "claim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>


static int
open_claim(const shian_store_t *s, uint32_t number, int flags)
{
    int   n;
    char  file[4096];

    n = snprintf(file, sizeof(file), "%s/rules-%u.lock", s->dir, number);

    return n < 0 || (size_t) n >= sizeof(file) ? -1
           : open(file, flags | O_CLOEXEC, 0640);
}


void
shian_claim(shian_store_t *s, uint32_t number)
{
    int  fd;

    fd = open_claim(s, number, O_RDWR | O_CREAT);

    if (fd == -1) {
        return;
    }

    if (flock(fd, LOCK_SH) != 0) {
        (void) close(fd);
        return;
    }

    s->claim = fd + 1;
}


uint32_t
shian_claimed_below(const shian_store_t *s, uint32_t number)
{
    int       fd;
    bool      held;
    uint32_t  i;

    for (i = 1; i < number; i++) {
        fd = open_claim(s, i, O_RDWR);

        if (fd == -1) {
            continue;
        }

        held = flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
        (void) close(fd);

        if (held) {
            return i;
        }
    }

    return 0;
}
