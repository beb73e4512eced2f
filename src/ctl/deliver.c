#include "deliver.h"

#include <curl/curl.h>
#include <signal.h>
#include <sodium.h>
#include <time.h>

#include "domain/event.h"

#define POLL_MS         200
#define WAIT_MAX_MS     240000          /* and a quarter: five minutes */
#define RETRY_AFTER_MS  INT64_C(3600000)
#define LOOK            2000            /* entries of the log in one turn */
#define KEEP_EVERY      10000           /* entries that were none of its */
#define ANSWER          4096
#define HEADERS         65536

typedef enum {
    SENT,
    LATER,
    NEVER
} outcome_t;

typedef struct deliver_s  deliver_t;

/* What one gateway is about. */
typedef struct {
    deliver_t              *d;
    const shian_gateway_t  *g;
    CURL                   *easy;
    struct curl_slist      *headers;
    shian_place_t           place;
    uint64_t                kept;       /* place.seq on disk */
    size_t                  letter;     /* the next of the dead ones */

    uint64_t                seq;        /* being posted; 0: none */
    uint64_t                at;
    char                    type[64];

    unsigned                failures;
    uint64_t                due_ms;     /* monotonic */
    bool                    ended;
    bool                    failed;

    size_t                  nheaders;
    size_t                  nanswer;
    bool                    enough;     /* of the answer */
    char                    answer[ANSWER];
} post_t;

struct deliver_s {
    shian_ctl_t             *c;
    const shian_gateways_t  *gateways;
    const shian_outbox_t    *o;
    shian_letters_t         *letters;   /* NULL: follow the log */
    CURLM                   *multi;
    post_t                  *posts;
    bool                     once;
    bool                     broken;    /* it was said why */
    bool                     more;      /* do not wait before the next turn */
    uint64_t                 last;      /* once: the entry to end at */
    shian_arena_t            arena;     /* of one look at the log */
};

static volatile sig_atomic_t  stopping;


static void
on_signal(int signal)
{
    (void) signal;
    stopping = 1;
}


static uint64_t
monotonic_ms(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * 1000 + (uint64_t) ts.tv_nsec / 1000000;
}


static void
broken(deliver_t *d, const char *what)
{
    (void) shian_ctl_fail(d->c, "%s", what);
    d->broken = true;
}


/* ---- one message --------------------------------------------------------- */


/* Keeps the beginning: robots say there what they think. */
static size_t
on_answer(char *p, size_t size, size_t n, void *data)
{
    post_t  *post = data;

    (void) size;

    if (n > sizeof(post->answer) - post->nanswer) {
        post->enough = true;
        return 0;
    }

    memcpy(post->answer + post->nanswer, p, n);
    post->nanswer += n;

    return n;
}


/* libcurl keeps headers: as many as it is given. */
static size_t
on_header(char *p, size_t size, size_t n, void *data)
{
    post_t  *post = data;

    (void) p;
    (void) size;

    if (n > HEADERS - post->nheaders) {
        return 0;
    }

    post->nheaders += n;

    return n;
}


static bool
post_open(post_t *p)
{
    CURL  *e;

    p->easy = e = curl_easy_init();

    return e != NULL
           && curl_easy_setopt(e, CURLOPT_URL, p->g->url) == CURLE_OK
           && curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https")
              == CURLE_OK
           && curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK
           && curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L) == CURLE_OK
           && curl_easy_setopt(e, CURLOPT_TIMEOUT_MS,
                               (long) p->d->gateways->timeout_ms)
              == CURLE_OK
           && curl_easy_setopt(e, CURLOPT_USERAGENT, "shian") == CURLE_OK
           && curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_answer)
              == CURLE_OK
           && curl_easy_setopt(e, CURLOPT_WRITEDATA, p) == CURLE_OK
           && curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header)
              == CURLE_OK
           && curl_easy_setopt(e, CURLOPT_HEADERDATA, p) == CURLE_OK
           && curl_easy_setopt(e, CURLOPT_PRIVATE, p) == CURLE_OK;
}


static bool
add_header(post_t *p, const char *name, const char *value)
{
    const char         *line;
    struct curl_slist  *all;

    line = shian_printf(&p->d->arena, "%s: %s", name, value);
    all = line == NULL ? NULL : curl_slist_append(p->headers, line);

    if (all == NULL) {
        return false;
    }

    p->headers = all;
    return true;
}


static bool
set_headers(post_t *p, shian_str_t body)
{
    bool         ok;
    char         signature[SHIAN_WEBHOOK_SIGNATURE];
    uint64_t     seconds;
    const char  *id, *at;

    curl_slist_free_all(p->headers);
    p->headers = NULL;

    seconds = shian_ctl_now(p->d->c) / 1000;
    id = shian_printf(&p->d->arena, "%s-%llu", p->d->o->site,
                      (unsigned long long) p->seq);
    at = shian_printf(&p->d->arena, "%llu", (unsigned long long) seconds);

    ok = id != NULL && at != NULL
         && add_header(p, "Content-Type", p->g->content_type)
         && add_header(p, "webhook-id", id)
         && add_header(p, "webhook-timestamp", at);

    if (ok && p->g->has_key) {
        shian_webhook_sign(&p->g->key, shian_str(id), seconds, body,
                           signature);
        ok = add_header(p, "webhook-signature", signature);
    }

    return ok && curl_easy_setopt(p->easy, CURLOPT_HTTPHEADER, p->headers)
                 == CURLE_OK;
}


/* DingTalk's robots want the signature, good for an hour, in their URL. */
static bool
sign_url(post_t *p)
{
    char         query[SHIAN_DINGTALK_QUERY];
    const char  *url;

    if (!p->g->signs_url) {
        return true;
    }

    shian_dingtalk_sign(&p->g->key, shian_ctl_now(p->d->c), query);
    url = shian_printf(&p->d->arena, "%s%c%s", p->g->url,
                       strchr(p->g->url, '?') == NULL ? '?' : '&', query);

    return url != NULL
           && curl_easy_setopt(p->easy, CURLOPT_URL, url) == CURLE_OK;
}


static void
post_start(post_t *p, shian_str_t body)
{
    p->nheaders = p->nanswer = 0;
    p->enough = false;

    if (!set_headers(p, body) || !sign_url(p)
        || curl_easy_setopt(p->easy, CURLOPT_POSTFIELDSIZE_LARGE,
                            (curl_off_t) body.n) != CURLE_OK
        || curl_easy_setopt(p->easy, CURLOPT_COPYPOSTFIELDS, body.p)
           != CURLE_OK
        || curl_multi_add_handle(p->d->multi, p->easy) != CURLM_OK)
    {
        broken(p->d, "a message cannot be prepared: memory has run out");
    }
}


/* ---- what became of it --------------------------------------------------- */


/* The robots answer 200 and say in the body that they did not take it. */
static outcome_t
judge_robot(const post_t *p, const char **reason)
{
    json_t      *j, *code;
    outcome_t    out;
    json_int_t   n;

    j = json_loadb(p->answer, p->nanswer, 0, NULL);
    code = json_object_get(j, "errcode");
    n = json_integer_value(code);

    switch (n) {

    case 0:
        out = SENT;
        break;

    case -1:            /* both: busy */
    case 45009:         /* WeCom: too many in a minute */
    case 130101:        /* DingTalk: too many in a minute */
    case 410100:
        out = LATER;
        break;

    default:
        out = NEVER;
    }

    if (out != SENT) {
        *reason = shian_printf(&p->d->arena, "errcode %lld", (long long) n);
    }

    json_decref(j);

    return out;
}


static outcome_t
judge(post_t *p, CURLcode rc, const char **reason, uint64_t *wait_ms)
{
    long        status;
    curl_off_t  after;

    status = 0;
    after = 0;
    *wait_ms = 0;
    (void) curl_easy_getinfo(p->easy, CURLINFO_RESPONSE_CODE, &status);

    if (rc != CURLE_OK && !(rc == CURLE_WRITE_ERROR && p->enough)) {
        *reason = curl_easy_strerror(rc);
        return LATER;
    }

    if (status >= 200 && status < 300) {
        return p->g->kind == SHIAN_BODY_ROBOT ? judge_robot(p, reason)
                                              : SENT;
    }

    *reason = shian_printf(&p->d->arena, "HTTP %ld", status);

    if (status >= 400 && status < 500 && status != 408 && status != 429) {
        return NEVER;
    }

    if (curl_easy_getinfo(p->easy, CURLINFO_RETRY_AFTER, &after) == CURLE_OK
        && after > 0)
    {
        *wait_ms = (uint64_t) (after > RETRY_AFTER_MS / 1000
                               ? RETRY_AFTER_MS : after * 1000);
    }

    return LATER;
}


static void
keep(post_t *p)
{
    if (!shian_outbox_keep(p->d->c, p->d->o, p->g->name, &p->place)) {
        p->d->broken = true;
        return;
    }

    p->kept = p->place.seq;
}


/* The entry is done with, one way or the other. */
static void
settle(post_t *p)
{
    if (p->d->letters != NULL) {
        p->letter++;
    } else {
        p->place.seq = p->seq;
        keep(p);
    }

    /* What was given up for age says nothing of the gateway's health. */
    if (p->place.failing_ms == 0) {
        p->failures = 0;
    }

    p->seq = 0;
    p->due_ms = 0;
    p->d->more = true;
}


static void
bury(post_t *p, const char *reason)
{
    shian_letter_t  *old;
    shian_letter_t   letter = { p->g->name, p->seq, p->type, reason,
                                shian_ctl_now(p->d->c) };

    (void) shian_ctl_fail(p->d->c, "gateway \"%s\" (%s), entry %llu: %s; "
                          "given up, see \"shianctl notify --dead\"",
                          p->g->name, p->g->origin,
                          (unsigned long long) p->seq, reason);

    if (p->d->letters != NULL) {
        old = &p->d->letters->v[p->letter];
        old->reason = shian_strdup(&p->d->c->arena, shian_str(reason));
        old->at_ms = letter.at_ms;
        p->failed = true;

        if (old->reason == NULL) {
            old->reason = "memory has run out";
        }

    } else if (!shian_outbox_bury(p->d->c, p->d->o, &letter)) {
        p->d->broken = true;
        return;
    }

    settle(p);
}


/* Older than it may get, at a gateway that failed all that time. */
static bool
given_up(const post_t *p)
{
    uint64_t  now, most;

    now = shian_ctl_now(p->d->c);
    most = p->d->gateways->give_up_ms;

    return p->d->letters == NULL && p->place.failing_ms != 0
           && now > p->place.failing_ms + most && now > p->at + most;
}


/* From retry_ms, doubling, to five minutes, and a quarter more by chance. */
static void
wait_longer(post_t *p, const char *reason, uint64_t wait_ms)
{
    uint64_t  ms;

    ms = p->d->gateways->retry_ms << (p->failures < 20 ? p->failures : 20);
    ms = ms > WAIT_MAX_MS ? WAIT_MAX_MS : ms;
    ms += randombytes_uniform((uint32_t) ms / 4 + 1);
    ms = wait_ms > ms ? wait_ms : ms;

    p->failures++;
    p->due_ms = monotonic_ms() + ms;

    (void) shian_ctl_fail(p->d->c, "gateway \"%s\" (%s), entry %llu: %s; "
                          "again in %llu.%llu s", p->g->name, p->g->origin,
                          (unsigned long long) p->seq, reason,
                          (unsigned long long) ms / 1000,
                          (unsigned long long) ms % 1000 / 100);
}


static void
put_off(post_t *p, const char *reason, uint64_t wait_ms)
{
    if (p->d->letters == NULL && p->place.failing_ms == 0) {
        p->place.failing_ms = shian_ctl_now(p->d->c);
        keep(p);
    }

    if (given_up(p)) {
        bury(p, reason);
        return;
    }

    if (p->d->once) {
        (void) shian_ctl_fail(p->d->c, "gateway \"%s\" (%s), entry %llu: %s",
                              p->g->name, p->g->origin,
                              (unsigned long long) p->seq, reason);
        p->ended = p->failed = true;

    } else {
        wait_longer(p, reason, wait_ms);
    }

    p->seq = 0;
}


static void
post_done(post_t *p, CURLcode rc)
{
    uint64_t     wait_ms;
    outcome_t    outcome;
    const char  *reason = "memory has run out";

    outcome = judge(p, rc, &reason, &wait_ms);
    (void) curl_multi_remove_handle(p->d->multi, p->easy);

    if (reason == NULL) {
        reason = "memory has run out";
    }

    if (outcome == LATER) {
        put_off(p, reason, wait_ms);
        return;
    }

    p->place.failing_ms = 0;

    if (outcome == NEVER) {
        bury(p, reason);
        return;
    }

    if (p->d->letters != NULL) {
        p->d->letters->v[p->letter].seq = 0;
    }

    settle(p);
}


/* ---- what is next -------------------------------------------------------- */


/* The entry that the gateway comes to now; 0: none. */
static uint64_t
next_entry(post_t *p, uint64_t head)
{
    uint64_t          last;
    shian_letters_t  *letters = p->d->letters;

    if (letters == NULL) {
        last = p->d->once ? p->d->last : head;
        return p->place.seq < last ? p->place.seq + 1 : 0;
    }

    while (p->letter < letters->n
           && strcmp(letters->v[p->letter].gateway, p->g->name) != 0)
    {
        p->letter++;
    }

    return p->letter < letters->n ? letters->v[p->letter].seq : 0;
}


/* True when the entry became a message, or was buried. */
static bool
take_entry(post_t *p, shian_txn_t *t, uint64_t seq)
{
    shian_str_t     body;
    const char     *why;
    Shian__Entry   *e;
    Shian__Event   *event;

    e = shian_log_get(t, seq);
    event = e == NULL ? NULL : shian_event(t, e);

    if (t->err != 0 || (e == NULL && p->d->letters == NULL)) {
        broken(p->d, "the log cannot be read; try \"shianctl verify\"");
        return true;
    }

    if (p->d->letters == NULL && (event == NULL
                                  || !shian_gateway_wants(p->g, event)))
    {
        return false;
    }

    p->seq = seq;

    if (event == NULL) {
        bury(p, "the log has no such event any more");
        return true;
    }

    p->at = event->at;
    (void) snprintf(p->type, sizeof(p->type), "%s",
                    event->type == NULL ? "" : event->type);

    if (given_up(p)) {
        bury(p, "the gateway has failed too long");

    } else if (!shian_gateway_body(p->d->gateways, p->g, event,
                                   &p->d->arena, &body, &why))
    {
        bury(p, why);

    } else {
        post_start(p, body);
    }

    return true;
}


/* Goes through the log to the next entry that is the gateway's. */
static void
advance(post_t *p, shian_txn_t *t, uint64_t head)
{
    size_t    i;
    uint64_t  seq;

    for (i = 0; i < LOOK && !p->d->broken; i++) {
        seq = next_entry(p, head);

        if (seq == 0) {
            p->ended = p->d->once;
            return;
        }

        if (take_entry(p, t, seq)) {
            return;
        }

        p->place.seq = seq;
    }

    p->d->more = true;

    if (p->d->letters == NULL && p->place.seq - p->kept >= KEEP_EVERY) {
        keep(p);
    }
}


/* Gives every gateway that is free and due its next message. */
static void
turn(deliver_t *d)
{
    size_t         i;
    uint64_t       now;
    shian_txn_t    t;
    shian_head_t   head;

    now = monotonic_ms();

    if (shian_txn_begin(d->c->store, &d->arena, false, &t) != 0) {
        broken(d, "the store cannot be read");
        return;
    }

    shian_log_head(&t, &head);

    for (i = 0; i < d->gateways->n && !d->broken; i++) {
        if (d->posts[i].seq == 0 && !d->posts[i].ended
            && d->posts[i].due_ms <= now)
        {
            advance(&d->posts[i], &t, head.seq);
        }
    }

    if (t.err != 0) {
        broken(d, "the log cannot be read; try \"shianctl verify\"");
    }

    shian_txn_abort(&t);
    shian_arena_free(&d->arena);
}


/* ---- the loop ------------------------------------------------------------ */


static void
collect(deliver_t *d)
{
    int       left;
    void     *p;
    CURLMsg  *m;

    if (curl_multi_perform(d->multi, &left) != CURLM_OK) {
        broken(d, "libcurl has failed");
        return;
    }

    while (!d->broken && (m = curl_multi_info_read(d->multi, &left)) != NULL)
    {
        if (m->msg == CURLMSG_DONE
            && curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &p)
               == CURLE_OK)
        {
            post_done(p, m->data.result);
        }
    }

    shian_arena_free(&d->arena);
}


/* Milliseconds until something may have to be done. */
static int
patience(const deliver_t *d)
{
    size_t    i;
    uint64_t  now, ms;

    ms = POLL_MS;
    now = monotonic_ms();

    for (i = 0; i < d->gateways->n; i++) {
        if (d->posts[i].seq == 0 && d->posts[i].due_ms > now
            && d->posts[i].due_ms - now < ms)
        {
            ms = d->posts[i].due_ms - now;
        }
    }

    return d->more ? 0 : (int) ms;
}


static void
loop(deliver_t *d)
{
    bool    busy, ended;
    size_t  i;

    while (!d->broken) {
        d->more = false;

        if (!stopping) {
            turn(d);
        }

        collect(d);
        busy = false;
        ended = true;

        for (i = 0; i < d->gateways->n; i++) {
            busy = busy || d->posts[i].seq != 0;
            ended = ended && d->posts[i].ended;
        }

        if (!busy && (stopping || ended)) {
            return;
        }

        if (!d->broken
            && curl_multi_poll(d->multi, NULL, 0, (unsigned) patience(d),
                               NULL) != CURLM_OK)
        {
            broken(d, "libcurl has failed");
        }
    }
}


static bool
listen_to_signals(deliver_t *d)
{
    struct sigaction  sa;

    memset(&sa, 0, sizeof(sa));
    (void) sigemptyset(&sa.sa_mask);
    sa.sa_handler = on_signal;

    if (sigaction(SIGTERM, &sa, NULL) != 0
        || sigaction(SIGINT, &sa, NULL) != 0)
    {
        broken(d, "signals cannot be received");
        return false;
    }

    /* A receiver may go away in the middle. */
    sa.sa_handler = SIG_IGN;

    return sigaction(SIGPIPE, &sa, NULL) == 0;
}


static bool
deliver_open(deliver_t *d)
{
    size_t  i;

    shian_arena_init(&d->arena, NULL, NULL);
    d->posts = shian_zalloc(&d->c->arena,
                            d->gateways->n * sizeof(*d->posts));
    d->multi = curl_multi_init();

    if (d->posts == NULL || d->multi == NULL) {
        broken(d, "memory has run out");
        return false;
    }

    for (i = 0; i < d->gateways->n; i++) {
        d->posts[i].d = d;
        d->posts[i].g = &d->gateways->v[i];

        if (!post_open(&d->posts[i])) {
            broken(d, "libcurl cannot do this; it needs 7.85 or later");
            return false;
        }
    }

    return listen_to_signals(d);
}


/* Where each begins; a gateway that is new here begins as it was told. */
static bool
find_places(deliver_t *d, const uint64_t *from)
{
    bool           found;
    size_t         i;
    post_t        *p;
    shian_txn_t    t;
    shian_head_t   head;

    if (shian_txn_begin(d->c->store, &d->arena, false, &t) != 0) {
        broken(d, "the store cannot be read");
        return false;
    }

    shian_log_head(&t, &head);
    shian_txn_abort(&t);
    d->last = head.seq;

    for (i = 0; i < d->gateways->n && !d->broken; i++) {
        p = &d->posts[i];

        if (!shian_outbox_place(d->c, d->o, p->g->name, &p->place, &found)) {
            d->broken = true;

        } else if (!found) {
            p->place.seq = from == NULL || *from > head.seq ? head.seq
                                                            : *from;
            keep(p);

        } else if (p->place.seq > head.seq) {
            (void) shian_ctl_fail(d->c, "%s/%s.json is past the log's end: "
                                  "was an older backup restored?  Without "
                                  "the file the gateway begins at the log's "
                                  "end", d->o->dir, p->g->name);
            d->broken = true;
        }

        p->kept = p->place.seq;
    }

    return !d->broken;
}


static int
deliver_close(deliver_t *d)
{
    bool    failed;
    size_t  i;

    failed = d->broken;

    for (i = 0; d->posts != NULL && i < d->gateways->n; i++) {
        failed = failed || d->posts[i].failed;

        if (!d->broken && d->letters == NULL
            && d->posts[i].kept != d->posts[i].place.seq)
        {
            keep(&d->posts[i]);
        }

        /* Allowed for one that is not there. */
        (void) curl_multi_remove_handle(d->multi, d->posts[i].easy);
        curl_easy_cleanup(d->posts[i].easy);
        curl_slist_free_all(d->posts[i].headers);
    }

    (void) curl_multi_cleanup(d->multi);
    shian_arena_free(&d->arena);

    return failed || d->broken ? SHIAN_FAILED : SHIAN_DONE;
}


int
shian_deliver_follow(shian_ctl_t *c, const shian_gateways_t *gateways,
    const shian_outbox_t *o, bool once, const uint64_t *from)
{
    deliver_t  d = { .c = c, .gateways = gateways, .o = o, .once = once };

    if (deliver_open(&d) && find_places(&d, from)) {
        loop(&d);
    }

    return deliver_close(&d);
}


int
shian_deliver_again(shian_ctl_t *c, const shian_gateways_t *gateways,
    const shian_outbox_t *o, shian_letters_t *letters)
{
    size_t     i;
    bool       left;
    deliver_t  d = { .c = c, .gateways = gateways, .o = o, .once = true,
                     .letters = letters };

    if (deliver_open(&d)) {
        loop(&d);
    }

    for (left = false, i = 0; i < letters->n; i++) {
        left = left || letters->v[i].seq != 0;
    }

    return deliver_close(&d) != SHIAN_DONE || left ? SHIAN_FAILED
                                                   : SHIAN_DONE;
}
