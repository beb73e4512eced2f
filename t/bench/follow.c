/*
 * People following: STREAMS open streams of events, and one diner who posts
 * a review for a moderator now and then.  Prints one line: how long an event
 * took from the diner's post, commit and all, to a stream, as 50th and 99th
 * percentile in microseconds; how many did not come; and by how many bytes a
 * stream process PID has grown.
 *
 *     follow PORT KEYS BASE_URL TOKEN STREAMS POSTS PID
 */

#include <sys/epoll.h>
#include <unistd.h>

#include "diner.h"

#define MAX_STREAMS  20000
#define WAIT_US      UINT64_C(5000000)

typedef struct {
    int     fd;
    size_t  n;
    char    in[4096];
} stream_t;

static stream_t  streams[MAX_STREAMS];
static uint64_t  *delays;           /* microseconds */
static size_t     ndelays;


/* Posts a review that waits for a moderator, and reads the answer. */
static void
dine(int fd)
{
    char     in[8192];
    size_t   n;
    ssize_t  got;

    send_review(fd, 1, "{\"hygiene\":4,\"text\":\"加微信\"}");
    n = 0;

    do {
        got = recv(fd, in + n, sizeof(in) - 1 - n, 0);

        if (got <= 0) {
            die("receive");
        }

        n += (size_t) got;
        in[n] = '\0';
    } while (!answered(in, n));

    if (strstr(in, "\"held\"") == NULL) {
        fprintf(stderr, "%s\n", in);
        die("the review is not held");
    }
}


static uint64_t
resident(const char *pid)
{
    char                 path[64];
    FILE                *f;
    unsigned long long   pages = 0;

    snprintf(path, sizeof(path), "/proc/%s/statm", pid);
    f = fopen(path, "r");

    if (f == NULL || fscanf(f, "%*u %llu", &pages) != 1) {
        die(path);
    }

    fclose(f);

    return pages * (uint64_t) sysconf(_SC_PAGESIZE);
}


/* Reads what is there; how many events were in it. */
static size_t
take(stream_t *s)
{
    size_t   events;
    char    *p;
    ssize_t  n;

    n = recv(s->fd, s->in + s->n, sizeof(s->in) - 1 - s->n, 0);

    if (n <= 0) {
        die("a stream has ended");
    }

    s->n += (size_t) n;
    s->in[s->n] = '\0';
    events = 0;

    for (p = s->in; (p = strstr(p, "\ndata: ")) != NULL; p++) {
        events++;
    }

    /* An event is sent in one piece, so what it begins with is kept. */
    if (s->n >= 2 && memcmp(s->in + s->n - 2, "\r\n", 2) == 0) {
        s->n = 0;
    } else if (s->n == sizeof(s->in) - 1) {
        die("an event too long");
    } else {
        events = 0;
    }

    return events;
}


/* One post, and what all streams hear of it. */
static void
tell(int ep, int diner, size_t all)
{
    int                 i, n;
    size_t              k;
    uint64_t            now, begun;
    struct epoll_event  ev[64];

    begun = now = clock_us(CLOCK_MONOTONIC);
    dine(diner);

    while (all > 0 && now < begun + WAIT_US) {
        n = epoll_wait(ep, ev, (int) SHIAN_COUNT(ev), 100);
        now = clock_us(CLOCK_MONOTONIC);

        for (i = 0; i < n; i++) {
            for (k = take(ev[i].data.ptr); k > 0 && all > 0; k--, all--) {
                delays[ndelays++] = now - begun;
            }
        }
    }
}


/* Opens one and reads what it begins with. */
static void
open_stream(stream_t *s, int ep, uint16_t port, const char *token)
{
    int                 n;
    char                out[1024];
    struct epoll_event  ev = { .events = EPOLLIN, .data.ptr = s };

    n = snprintf(out, sizeof(out),
                 "GET /desk/events HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                 "Authorization: Bearer %s\r\n\r\n", token);
    s->fd = dial(port);

    if (n < 0 || (size_t) n >= sizeof(out)
        || send(s->fd, out, (size_t) n, MSG_NOSIGNAL) != n)
    {
        die("send");
    }

    do {
        n = (int) recv(s->fd, s->in + s->n, sizeof(s->in) - 1 - s->n, 0);

        if (n <= 0) {
            die("receive");
        }

        s->n += (size_t) n;
        s->in[s->n] = '\0';
    } while (strstr(s->in, "\nid: ") == NULL && s->n < sizeof(s->in) - 1);

    if (strncmp(s->in, "HTTP/1.1 200 ", 13) != 0) {
        fprintf(stderr, "%s\n", s->in);
        errno = EPROTO;
        die("no stream");
    }

    s->n = 0;

    if (epoll_ctl(ep, EPOLL_CTL_ADD, s->fd, &ev) != 0) {
        die("epoll");
    }
}


static int
by_size(const void *a, const void *b)
{
    uint64_t  x = *(const uint64_t *) a, y = *(const uint64_t *) b;

    return (x > y) - (x < y);
}


int
main(int argc, char **argv)
{
    int        ep, diner;
    size_t     i, count, posts;
    uint16_t   port;
    uint64_t   before, after;

    if (argc != 8 || (count = number(argv[5])) == 0 || count > MAX_STREAMS
        || (posts = number(argv[6])) == 0 || posts > 1000)
    {
        fprintf(stderr,
                "follow PORT KEYS BASE_URL TOKEN STREAMS POSTS PID\n");
        return 2;
    }

    load_keys(argv[2], argv[3]);
    port = (uint16_t) number(argv[1]);
    delays = calloc(count * posts, sizeof(*delays));
    ep = epoll_create1(0);

    if (delays == NULL || ep < 0) {
        die("start");
    }

    diner = dial(port);
    dine(diner);
    before = resident(argv[7]);

    for (i = 0; i < count; i++) {
        open_stream(&streams[i], ep, port, argv[4]);
    }

    for (i = 0; i < posts; i++) {
        tell(ep, diner, count);
    }

    after = resident(argv[7]);
    qsort(delays, ndelays, sizeof(*delays), by_size);
    printf("%" PRIu64 " %" PRIu64 " %zu %" PRIu64 "\n",
           ndelays == 0 ? 0 : delays[ndelays / 2],
           ndelays == 0 ? 0 : delays[ndelays * 99 / 100],
           count * posts - ndelays, (after - before) / count);

    return ndelays != count * posts;
}
