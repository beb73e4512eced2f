/*
 * What programs of the benchmarks share: a diner, who has a scan and a device
 * of their own for every review.
 */

#ifndef DINER_H
#define DINER_H

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "core/ids.h"
#include "core/keys.h"
#include "core/token.h"

#define SCAN_MS  (UINT64_C(86400) * 1000)

static shian_keys_t  keys;
static const char   *base_url;


static inline void
die(const char *what)
{
    fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
    exit(1);
}


static inline uint64_t
clock_us(clockid_t clock)
{
    struct timespec  ts;

    if (clock_gettime(clock, &ts) != 0) {
        die("clock");
    }

    return (uint64_t) ts.tv_sec * 1000000 + (uint64_t) ts.tv_nsec / 1000;
}


static inline uint64_t
number(const char *z)
{
    char                *end;
    unsigned long long   v;

    v = strtoull(z, &end, 10);

    if (end == z || *end != '\0') {
        errno = EINVAL;
        die(z);
    }

    return v;
}


static inline void
load_keys(const char *path, const char *url)
{
    char  err[512];

    base_url = url;

    if (!shian_keys_load(path, &keys, err, sizeof(err))) {
        fprintf(stderr, "bench: %s\n", err);
        exit(1);
    }
}


static inline int
dial(uint16_t port)
{
    int                 fd, on = 1;
    struct sockaddr_in  sin = { .sin_family = AF_INET,
                                .sin_port = htons(port) };

    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd < 0
        || connect(fd, (struct sockaddr *) &sin, sizeof(sin)) != 0
        || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0)
    {
        die("connect");
    }

    return fd;
}


/* Sends the review, JSON, of somebody who has just scanned the plaque. */
static inline void
send_review(int fd, uint64_t venue, const char *review)
{
    int              n;
    char             out[2048];
    shian_str_t      scan;
    shian_token_t    t;
    shian_arena_t    a;

    memset(&t, 0, sizeof(t));
    t.use = SHIAN_USE_SCAN;
    t.kind = SHIAN_SUBJECT_VENUE;
    t.id = venue;
    t.iat_ms = clock_us(CLOCK_REALTIME) / 1000;
    t.exp_ms = t.iat_ms + SCAN_MS;
    t.has_device = true;
    shian_random(t.device, sizeof(t.device));
    shian_session_id(t.jti, t.exp_ms);
    shian_arena_init(&a, NULL, NULL);

    if (!shian_token_issue(&a, &keys, shian_str(base_url), &t, &scan)) {
        die("scan");
    }

    n = snprintf(out, sizeof(out),
                 "POST /v/%" PRIu64 "/reviews HTTP/1.1\r\n"
                 "Host: 127.0.0.1\r\nAccept: application/json\r\n"
                 "Content-Type: application/json\r\nCookie: scan=%.*s\r\n"
                 "Content-Length: %zu\r\n\r\n%s",
                 t.id, SHIAN_FMT(scan), strlen(review), review);
    shian_arena_free(&a);

    if (n < 0 || (size_t) n >= sizeof(out)
        || send(fd, out, (size_t) n, MSG_NOSIGNAL) != n)
    {
        die("send");
    }
}


/* Is the whole answer there?  Its end is counted, nothing else is read. */
static inline bool
answered(const char *in, size_t n)
{
    size_t       head;
    const char  *end, *length;

    end = strstr(in, "\r\n\r\n");
    length = strstr(in, "Content-Length: ");

    if (end == NULL) {
        return false;
    }

    if (length == NULL || length > end) {
        errno = EPROTO;
        die("an answer without length");
    }

    head = (size_t) (end - in) + 4;

    return n >= head + strtoul(length + 16, NULL, 10);
}

#endif /* DINER_H */
