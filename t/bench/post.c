/*
 * Diners posting reviews: CLIENTS connections, each with one post under way,
 * every post with a scan and a device of its own.  Prints one line:
 * posts a second, and how many were answered with anything but 201.
 *
 *     post PORT KEYS BASE_URL VENUES CLIENTS SECONDS
 */

#include <sys/epoll.h>

#include "diner.h"

#define MAX_CLIENTS  1024

typedef struct {
    int     fd;
    size_t  n;
    char    in[16384];
} client_t;

static client_t      clients[MAX_CLIENTS];
static uint64_t      venues;
static uint64_t      good, bad;


static void
post(client_t *c)
{
    uint64_t  random;

    shian_random(&random, sizeof(random));
    send_review(c->fd, 1 + random % venues,
                "{\"hygiene\":4,\"food\":5,"
                "\"text\":\"桌面干净,面条很好,下次再来。\"}");
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
    c->in[c->n] = '\0';

    if (!answered(c->in, c->n)) {
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
    struct epoll_event  ev = { .events = EPOLLIN, .data.ptr = c };

    c->fd = dial(port);

    if (epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &ev) != 0) {
        die("epoll");
    }

    post(c);
}


int
main(int argc, char **argv)
{
    int                 ep, i, n;
    uint64_t            count, begun, end, now;
    struct epoll_event  ev[64];

    if (argc != 7 || (count = number(argv[5])) == 0 || count > MAX_CLIENTS) {
        fprintf(stderr, "post PORT KEYS BASE_URL VENUES CLIENTS SECONDS\n");
        return 2;
    }

    load_keys(argv[2], argv[3]);
    venues = number(argv[4]);
    ep = epoll_create1(0);

    if (ep < 0 || venues == 0) {
        die("epoll");
    }

    begun = clock_us(CLOCK_MONOTONIC);
    end = begun + number(argv[6]) * 1000000;

    for (i = 0; i < (int) count; i++) {
        open_client(&clients[i], ep, (uint16_t) number(argv[1]));
    }

    while ((now = clock_us(CLOCK_MONOTONIC)) < end) {
        n = epoll_wait(ep, ev, (int) SHIAN_COUNT(ev), 1000);

        for (i = 0; i < n; i++) {
            take(ev[i].data.ptr);
        }
    }

    printf("%.1f %" PRIu64 "\n",
           (double) good * 1000000 / (double) (now - begun), bad);

    return bad != 0;
}
