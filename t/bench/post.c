/*
 * Diners posting reviews: CLIENTS connections, each with one post under way,
 * every post with a scan and a device of its own.  Prints one line:
 * posts a second, and how many were answered with anything but 201.
 *
 *     post PORT KEYS BASE_URL VENUES CLIENTS SECONDS
 */

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/ids.h"
#include "core/keys.h"
#include "core/token.h"

#define MAX_CLIENTS  1024
#define SCAN_MS      (UINT64_C(86400) * 1000)

typedef struct {
    int     fd;
    size_t  n;
    char    in[16384];
} client_t;

static client_t      clients[MAX_CLIENTS];
static shian_keys_t  keys;
static const char   *base_url;
static uint64_t      venues;
static uint64_t      good, bad;


static void
die(const char *what)
{
    fprintf(stderr, "post: %s: %s\n", what, strerror(errno));
    exit(1);
}


static uint64_t
clock_ms(clockid_t clock)
{
    struct timespec  ts;

    if (clock_gettime(clock, &ts) != 0) {
        die("clock");
    }

    return (uint64_t) ts.tv_sec * 1000 + (uint64_t) ts.tv_nsec / 1000000;
}


static uint64_t
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


static void
post(client_t *c)
{
    int              n;
    char             out[2048];
    uint64_t         random;
    shian_str_t      scan;
    shian_token_t    t;
    shian_arena_t    a;

    static const char  review[] =
        "{\"hygiene\":4,\"food\":5,\"text\":\"桌面干净,面条很好,下次再来。\"}";

    shian_random(&random, sizeof(random));
    memset(&t, 0, sizeof(t));
    t.use = SHIAN_USE_SCAN;
    t.kind = SHIAN_SUBJECT_VENUE;
    t.id = 1 + random % venues;
    t.iat_ms = clock_ms(CLOCK_REALTIME);
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
                 t.id, SHIAN_FMT(scan), sizeof(review) - 1, review);
    shian_arena_free(&a);

    if (n < 0 || (size_t) n >= sizeof(out)
        || send(c->fd, out, (size_t) n, MSG_NOSIGNAL) != n)
    {
        die("send");
    }
}


/* Is the whole answer here?  Its end is counted, nothing else is read. */
static bool
answered(client_t *c)
{
    size_t       head;
    const char  *end, *length;

    c->in[c->n] = '\0';
    end = strstr(c->in, "\r\n\r\n");
    length = strstr(c->in, "Content-Length: ");

    if (end == NULL) {
        return false;
    }

    if (length == NULL || length > end) {
        errno = EPROTO;
        die("an answer without length");
    }

    head = (size_t) (end - c->in) + 4;

    return c->n >= head + strtoul(length + 16, NULL, 10);
}


static void
take(client_t *c)
{
    ssize_t  n;

    n = recv(c->fd, c->in + c->n, sizeof(c->in) - 1 - c->n, 0);

    if (n <= 0) {
        die("receive");
    }

    c->n += (size_t) n;

    if (!answered(c)) {
        return;
    }

    if (strncmp(c->in, "HTTP/1.1 201 ", 13) == 0) {
        good++;
    } else if (bad++ == 0) {
        fprintf(stderr, "%s\n", c->in);
    }

    c->n = 0;
    post(c);
}


static void
open_client(client_t *c, int ep, uint16_t port)
{
    int                 on = 1;
    struct epoll_event  ev = { .events = EPOLLIN, .data.ptr = c };
    struct sockaddr_in  sin = { .sin_family = AF_INET,
                                .sin_port = htons(port) };

    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    c->fd = socket(AF_INET, SOCK_STREAM, 0);

    if (c->fd < 0
        || connect(c->fd, (struct sockaddr *) &sin, sizeof(sin)) != 0
        || setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0
        || epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &ev) != 0)
    {
        die("connect");
    }

    post(c);
}


int
main(int argc, char **argv)
{
    int                 ep, i, n;
    char                err[512];
    uint64_t            count, begun, end, now;
    struct epoll_event  ev[64];

    if (argc != 7 || (count = number(argv[5])) == 0 || count > MAX_CLIENTS) {
        fprintf(stderr, "post PORT KEYS BASE_URL VENUES CLIENTS SECONDS\n");
        return 2;
    }

    if (!shian_keys_load(argv[2], &keys, err, sizeof(err))) {
        fprintf(stderr, "post: %s\n", err);
        return 1;
    }

    base_url = argv[3];
    venues = number(argv[4]);
    ep = epoll_create1(0);

    if (ep < 0 || venues == 0) {
        die("epoll");
    }

    begun = clock_ms(CLOCK_MONOTONIC);
    end = begun + number(argv[6]) * 1000;

    for (i = 0; i < (int) count; i++) {
        open_client(&clients[i], ep, (uint16_t) number(argv[1]));
    }

    while ((now = clock_ms(CLOCK_MONOTONIC)) < end) {
        n = epoll_wait(ep, ev, (int) SHIAN_COUNT(ev), 1000);

        for (i = 0; i < n; i++) {
            take(ev[i].data.ptr);
        }
    }

    printf("%.1f %" PRIu64 "\n",
           (double) good * 1000 / (double) (now - begun), bad);

    return bad != 0;
}
