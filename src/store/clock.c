#include "clock.h"

#include <fcntl.h>
#include <sodium.h>
#include <time.h>
#include <unistd.h>

#include "batch.h"

#define SECOND_MS   UINT64_C(1000)
#define MINUTE_MS   (60 * SECOND_MS)
#define DAY_MS      (24 * 60 * MINUTE_MS)

#define OFF_MS      (10 * MINUTE_MS)    /* more is no drift any more */
#define BEHIND_MS   (10 * SECOND_MS)    /* the log, at first sight */
#define AHEAD_MS    (7 * DAY_MS)        /* more needs somebody to look */
#define STEADY_MS   DAY_MS
#define KEEP_MS     MINUTE_MS           /* between pairs that are kept */


/* ---- looking at the clocks ------------------------------------------------*/

static uint64_t
clock_ms(clockid_t id)
{
    struct timespec  ts;

    return clock_gettime(id, &ts) != 0 || ts.tv_sec < 0 ? 0
           : (uint64_t) ts.tv_sec * 1000 + (uint64_t) ts.tv_nsec / 1000000;
}


/* Which boot it is, by a number of the kernel's; it is read but once. */
static void
boot_of(uint8_t boot[SHIAN_BOOT_SIZE])
{
    int      fd;
    char     text[64];
    ssize_t  n;

    static __thread bool     known;
    static __thread uint8_t  is[SHIAN_BOOT_SIZE];

    if (!known) {
        fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
        n = fd == -1 ? 0 : read(fd, text, sizeof(text));

        if (fd != -1) {
            (void) close(fd);
        }

        crypto_generichash(is, sizeof(is), (uint8_t *) text,
                           n < 0 ? 0 : (unsigned long long) n, NULL, 0);
        known = true;
    }

    memcpy(boot, is, sizeof(is));
}


void
shian_instant(shian_instant_t *now)
{
    boot_of(now->boot);
    now->wall_ms = clock_ms(CLOCK_REALTIME);
    now->since_boot_ms = clock_ms(CLOCK_BOOTTIME);
}


/* ---- judging --------------------------------------------------------------*/

static uint64_t
distance(uint64_t a, uint64_t b)
{
    return a > b ? a - b : b - a;
}


/* The time of day that it should be now by a pair of this boot; 0: none. */
static uint64_t
expected(const shian_instant_t *pair, const shian_instant_t *now)
{
    return pair->since_boot_ms == 0
           || pair->since_boot_ms > now->since_boot_ms
           || memcmp(pair->boot, now->boot, SHIAN_BOOT_SIZE) != 0
           ? 0 : pair->wall_ms + now->since_boot_ms - pair->since_boot_ms;
}


/* The same doubt as before, and nothing has moved since. */
static bool
steady(const shian_clocks_t *c, const shian_instant_t *now)
{
    uint64_t  at;

    at = expected(&c->doubted, now);

    return at != 0 && distance(at, now->wall_ms) <= OFF_MS;
}


/* A jump that nobody needs to look at, a day after. */
static bool
confirms_itself(const shian_clocks_t *c, const shian_instant_t *now,
    uint64_t should)
{
    return steady(c, now)
           && now->since_boot_ms - c->doubted.since_boot_ms >= STEADY_MS
           && now->wall_ms <= should + AHEAD_MS
           && now->wall_ms + BEHIND_MS >= c->last_ms;
}


/* At first sight of this boot: against what was known when it began. */
static bool
plausible(const shian_clocks_t *c, const shian_instant_t *now)
{
    uint64_t  last;

    last = c->trusted.wall_ms != 0 ? c->trusted.wall_ms : c->last_ms;

    return !steady(c, now)
           && (last == 0 || now->wall_ms <= last + AHEAD_MS)
           && now->wall_ms + BEHIND_MS >= c->last_ms;
}


shian_time_t
shian_clock_judge(const shian_clocks_t *c, const shian_instant_t *now)
{
    uint64_t      should;
    shian_time_t  t;

    should = expected(&c->trusted, now);

    if (should == 0) {
        t.suspect = !plausible(c, now);
        should = now->wall_ms;

    } else {
        t.suspect = distance(should, now->wall_ms) > OFF_MS
                    && !confirms_itself(c, now, should);
    }

    t.now_ms = t.suspect ? should : now->wall_ms;
    t.now_ms = t.now_ms > c->last_ms ? t.now_ms : c->last_ms;
    t.off_ms = (int64_t) (now->wall_ms - t.now_ms);

    return t;
}


/* ---- what is kept ---------------------------------------------------------*/

static shian_rowkey_t
key_of(const char *name)
{
    shian_rowkey_t  k;

    k.n = 0;
    shian_rowkey_bytes(&k, name, strlen(name));

    return k;
}


static void
get(shian_txn_t *t, const char *name, shian_instant_t *i)
{
    shian_str_t     v;
    shian_rowkey_t  k = key_of(name);

    memset(i, 0, sizeof(*i));

    if (shian_row_get(t, SHIAN_T_CLOCK, &k, &v)
        && v.n == SHIAN_BOOT_SIZE + 16)
    {
        memcpy(i->boot, v.p, SHIAN_BOOT_SIZE);
        i->wall_ms = shian_be(v.p + SHIAN_BOOT_SIZE, 8);
        i->since_boot_ms = shian_be(v.p + SHIAN_BOOT_SIZE + 8, 8);
    }
}


static void
put(shian_txn_t *t, const char *name, const shian_instant_t *i)
{
    shian_rowkey_t  k = key_of(name), v;

    v.n = 0;
    shian_rowkey_bytes(&v, i->boot, SHIAN_BOOT_SIZE);
    shian_rowkey_be(&v, i->wall_ms, 8);
    shian_rowkey_be(&v, i->since_boot_ms, 8);
    shian_row_put(t, SHIAN_T_CLOCK, &k, shian_slice(v.b, v.n));
}


void
shian_clock_load(shian_txn_t *t, shian_clocks_t *c)
{
    shian_head_t  head;

    get(t, "trusted", &c->trusted);
    get(t, "doubted", &c->doubted);
    shian_log_head(t, &head);
    c->last_ms = head.at;
}


bool
shian_clock_due(const shian_clocks_t *c, const shian_instant_t *now)
{
    uint64_t  should;

    if (shian_clock_judge(c, now).suspect) {
        return !steady(c, now);
    }

    should = expected(&c->trusted, now);

    return should == 0 || distance(should, now->wall_ms) > OFF_MS
           || now->since_boot_ms - c->trusted.since_boot_ms >= KEEP_MS
           || c->doubted.since_boot_ms != 0;
}


void
shian_clock_take(shian_clocks_t *c, const shian_instant_t *now)
{
    if (shian_clock_judge(c, now).suspect) {
        c->doubted = *now;

    } else {
        c->trusted = *now;
        memset(&c->doubted, 0, sizeof(c->doubted));
    }
}


void
shian_clock_note(shian_txn_t *t, const shian_instant_t *now, bool confirmed)
{
    shian_clocks_t   c;
    shian_rowkey_t  k = key_of("doubted");

    shian_clock_load(t, &c);

    if (!confirmed && !shian_clock_due(&c, now)) {
        return;
    }

    if (!confirmed && shian_clock_judge(&c, now).suspect) {
        put(t, "doubted", now);
        return;
    }

    put(t, "trusted", now);
    shian_row_del(t, SHIAN_T_CLOCK, &k);
}
