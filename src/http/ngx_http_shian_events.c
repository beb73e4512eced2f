/*
 * Server-Sent Events (WHATWG HTML, 9.2): what the log tells, as it happens.
 *
 * A worker reads new entries of a store once for all its streams, a few
 * times a second and at once after its own commits.  An event is written
 * once; every stream that may see it sends the same bytes.  A stream owns
 * nothing but its place in the log: who lost it comes back and says with
 * Last-Event-ID what came last.
 */

#include "ngx_http_shian.h"

#include "domain/event.h"
#include "render/json.h"

#define SHIAN_POLL_MS        150
#define SHIAN_SLICE_ENTRIES  500
#define SHIAN_SLICE_BYTES    (32 * 1024)
#define SHIAN_UNSENT_MAX     (64 * 1024)
#define SHIAN_BACKLOG_MAX    (512 * 1024)
#define SHIAN_LATEST_EVENTS  20

#define SHIAN_RETRY          "retry: 1000\n"


/* Bytes that any number of streams may be sending. */
struct ngx_http_shian_text_s {
    ngx_uint_t                     refs;
    size_t                         n;
    u_char                         data[];
};


typedef struct {
    ngx_chain_t                    link;    /* first: filters see a chain */
    ngx_buf_t                      buf;
    ngx_http_shian_text_t         *text;
} ngx_http_shian_piece_t;


typedef struct {
    ngx_queue_t                    queue;
    ngx_http_shian_ctx_t          *ctx;
    uint64_t                       from;    /* sent up to here when opened */
    ngx_chain_t                   *out;     /* not handed to filters yet */
    ngx_chain_t                   *busy;    /* not sent yet */
    ngx_chain_t                   *free;
    size_t                         unsent_max;
    ngx_msec_t                     sent;
    unsigned                       open:1;  /* in the queue */
    unsigned                       over:1;
    unsigned                       slow:1;
} ngx_http_shian_stream_t;


/* ---- texts ----------------------------------------------------------------*/

static ngx_http_shian_text_t *
ngx_http_shian_new_text(shian_buf_t *b)
{
    ngx_http_shian_text_t  *text;

    text = b->sink.failed ? NULL
           : ngx_alloc(sizeof(*text) + b->n, ngx_cycle->log);

    if (text != NULL) {
        text->refs = 1;
        text->n = b->n;
        ngx_memcpy(text->data, b->p, b->n);
    }

    return text;
}


static void
ngx_http_shian_release_text(ngx_http_shian_text_t *text)
{
    if (text != NULL && --text->refs == 0) {
        ngx_free(text);
    }
}


/* Of a change nobody is told more than that there is one. */
static void
ngx_http_shian_put_event(shian_sink_t *s, const Shian__Event *event)
{
    shian_putf(s, "id: %llu\n", (unsigned long long) event->id);

    if (!shian_event_is_news(event)) {
        shian_putz(s, "event: change\ndata: {}\n\n");
        return;
    }

    shian_putz(s, "data: ");

    if (!shian_json_write(&event->base, s)) {
        s->failed = true;
    }

    shian_putz(s, "\n\n");
}


static ngx_http_shian_text_t *
ngx_http_shian_event_text(shian_arena_t *arena, const Shian__Event *event)
{
    shian_buf_t  b;

    if (event == NULL) {
        return NULL;
    }

    shian_buf_init(&b, arena);
    ngx_http_shian_put_event(&b.sink, event);

    return ngx_http_shian_new_text(&b);
}


/* ---- one stream -----------------------------------------------------------*/

static void
ngx_http_shian_count_streams(ngx_int_t delta)
{
    static ngx_uint_t  n;

    /*
     * A worker says, and says again, how many it has: one that was killed
     * leaves none, and an old one has its place only until it ends.
     */
    n += delta;
    if (ngx_worker < NGX_MAX_PROCESSES) {
        ngx_http_shian_counters->streams[ngx_worker] = n;
    }
}


/* Out of the queue; the request may live on until its last bytes are sent. */
static void
ngx_http_shian_leave(void *data)
{
    ngx_http_shian_stream_t  *s = data;

    if (s->open) {
        s->open = 0;
        ngx_queue_remove(&s->queue);
        ngx_http_shian_count_streams(-1);
    }
}


/* With the pool: nothing sends these bytes any more. */
static void
ngx_http_shian_free_stream(void *data)
{
    ngx_uint_t                i;
    ngx_chain_t              *cl;
    ngx_http_shian_stream_t  *s = data;

    ngx_chain_t  *lists[] = { s->out, s->busy };

    for (i = 0; i < SHIAN_COUNT(lists); i++) {
        for (cl = lists[i]; cl != NULL; cl = cl->next) {
            ngx_http_shian_release_text(((ngx_http_shian_piece_t *) cl)->text);
        }
    }
}


static size_t
ngx_http_shian_unsent(ngx_http_shian_stream_t *s)
{
    size_t        n;
    ngx_chain_t  *cl;

    n = 0;

    for (cl = s->busy; cl != NULL; cl = cl->next) {
        n += (size_t) ngx_buf_size(cl->buf);
    }

    for (cl = s->out; cl != NULL; cl = cl->next) {
        n += (size_t) ngx_buf_size(cl->buf);
    }

    return n;
}


static void
ngx_http_shian_append(ngx_chain_t **list, ngx_chain_t *cl)
{
    while (*list != NULL) {
        list = &(*list)->next;
    }

    *list = cl;
}


/* Queues text; the pieces of what was sent are used again. */
static ngx_int_t
ngx_http_shian_say(ngx_http_shian_stream_t *s, ngx_http_shian_text_t *text,
    ngx_uint_t last)
{
    ngx_buf_t               *b;
    ngx_http_shian_piece_t  *piece;

    if (s->free != NULL) {
        piece = (ngx_http_shian_piece_t *) s->free;
        s->free = s->free->next;

    } else {
        piece = ngx_palloc(s->ctx->request->pool, sizeof(*piece));
        if (piece == NULL) {
            return NGX_ERROR;
        }
    }

    ngx_memzero(piece, sizeof(*piece));
    b = &piece->buf;
    b->start = b->pos = text->data;
    b->end = b->last = text->data + text->n;
    b->memory = 1;
    b->flush = 1;
    b->last_buf = last != 0;
    b->last_in_chain = 1;

    text->refs++;
    piece->text = text;
    piece->link.buf = b;
    ngx_http_shian_append(&s->out, &piece->link);

    return NGX_OK;
}


static void
ngx_http_shian_reap(ngx_http_shian_stream_t *s)
{
    ngx_chain_t             *cl;
    ngx_http_shian_piece_t  *piece;

    while (s->busy != NULL && ngx_buf_size(s->busy->buf) == 0) {
        cl = s->busy;
        s->busy = cl->next;
        piece = (ngx_http_shian_piece_t *) cl;
        ngx_http_shian_release_text(piece->text);
        piece->text = NULL;
        cl->next = s->free;
        s->free = cl;
    }
}


/* Texts, or what filters have put between them: the end of a chunk. */
static ngx_uint_t
ngx_http_shian_under_way(ngx_http_shian_stream_t *s)
{
    return s->busy != NULL || s->ctx->request->connection->buffered;
}


/* Hands on what waits, or pushes what is under way; NGX_ERROR: no more. */
static ngx_int_t
ngx_http_shian_flush(ngx_http_shian_stream_t *s)
{
    ngx_int_t                  rc;
    ngx_chain_t               *out;
    ngx_event_t               *wev;
    ngx_http_request_t        *r = s->ctx->request;
    ngx_http_core_loc_conf_t  *clcf;

    ngx_http_shian_reap(s);

    if (s->out == NULL && !ngx_http_shian_under_way(s)) {
        return NGX_OK;
    }

    out = s->out;
    s->out = NULL;
    ngx_http_shian_append(&s->busy, out);
    s->sent = ngx_current_msec;

    rc = ngx_http_output_filter(r, out);
    ngx_http_shian_reap(s);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    wev = r->connection->write;
    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (!ngx_http_shian_under_way(s)) {
        s->unsent_max = SHIAN_UNSENT_MAX;

        if (wev->timer_set && !wev->delayed) {
            ngx_del_timer(wev);
        }

        return NGX_OK;
    }

    if (!wev->timer_set) {
        ngx_add_timer(wev, clcf->send_timeout);
    }

    return ngx_handle_write_event(wev, clcf->send_lowat);
}


static void
ngx_http_shian_end(ngx_http_shian_stream_t *s, ngx_int_t rc)
{
    ngx_http_shian_leave(s);
    ngx_http_finalize_request(s->ctx->request, rc);
}


/* Ends it so that a browser comes back, and is told then what became of it. */
static void
ngx_http_shian_finish(ngx_http_shian_stream_t *s)
{
    ngx_int_t               rc;
    shian_buf_t             b;
    ngx_chain_t            *out;
    shian_arena_t           arena;
    ngx_http_shian_text_t  *text;

    shian_arena_init(&arena, NULL, NULL);
    shian_buf_init(&b, &arena);
    shian_putz(&b.sink, SHIAN_RETRY "\n");
    text = ngx_http_shian_new_text(&b);
    shian_arena_free(&arena);

    rc = NGX_ERROR;

    /* Nobody waits for a reader who has not taken what is there. */
    if (text != NULL && !ngx_http_shian_under_way(s)
        && ngx_http_shian_say(s, text, 1) == NGX_OK)
    {
        out = s->out;
        s->out = NULL;
        s->busy = out;
        rc = ngx_http_output_filter(s->ctx->request, out);
    }

    ngx_http_shian_release_text(text);
    ngx_http_shian_end(s, rc);
}


/* The request's write handler. */
static void
ngx_http_shian_writable(ngx_http_request_t *r)
{
    ngx_event_t              *wev;
    ngx_http_shian_ctx_t     *c;
    ngx_http_shian_stream_t  *s;

    c = ngx_http_get_module_ctx(r, ngx_http_shian_module);
    s = c->data;
    wev = r->connection->write;

    if (wev->timedout) {
        r->connection->timedout = 1;
        ngx_http_shian_end(s, NGX_HTTP_REQUEST_TIME_OUT);
        return;
    }

    /* It takes something: the time it may take nothing begins anew. */
    if (wev->timer_set && !wev->delayed) {
        ngx_del_timer(wev);
    }

    if (ngx_http_shian_flush(s) != NGX_OK) {
        ngx_http_shian_end(s, NGX_ERROR);
    }
}


/* ---- all streams of a store -----------------------------------------------*/

/* Queues text, of which there is none without memory, for one stream. */
static void
ngx_http_shian_tell_one(ngx_http_shian_stream_t *s,
    ngx_http_shian_text_t *text)
{
    if (text == NULL
        || ngx_http_shian_unsent(s) + text->n > s->unsent_max
        || ngx_http_shian_say(s, text, 0) != NGX_OK)
    {
        s->slow = 1;
        return;
    }

    ngx_http_shian_count(events);
}


/*
 * Tells entry e to whom it concerns: its news, or to whom it is none that
 * something changed.  Returns how many bytes both took.
 */
static size_t
ngx_http_shian_tell(ngx_http_shian_env_t *env, shian_txn_t *t,
    const Shian__Entry *e)
{
    size_t                    n, i;
    ngx_queue_t              *q;
    Shian__Event             *events[2];
    ngx_http_shian_text_t    *texts[2];
    ngx_http_shian_stream_t  *s;

    events[0] = shian_event(t, e);
    events[1] = shian_event_change(t, e);

    if (events[0] == NULL && events[1] == NULL && !shian_event_ends(e, NULL))
    {
        return 0;
    }

    for (n = 0, i = 0; i < 2; i++) {
        texts[i] = ngx_http_shian_event_text(t->arena, events[i]);
        n += texts[i] == NULL ? 0 : texts[i]->n;
    }

    for (q = ngx_queue_head(&env->streams);
         q != ngx_queue_sentinel(&env->streams);
         q = ngx_queue_next(q))
    {
        s = ngx_queue_data(q, ngx_http_shian_stream_t, queue);

        if (e->seq <= s->from || s->over || s->slow) {
            continue;
        }

        s->over = shian_event_ends(e, &s->ctx->caller);

        for (i = 0; i < 2; i++) {
            if (shian_event_for(events[i], s->ctx->caller.actor.role,
                                s->ctx->caller.user))
            {
                ngx_http_shian_tell_one(s, texts[i]);
                break;
            }
        }
    }

    ngx_http_shian_release_text(texts[0]);
    ngx_http_shian_release_text(texts[1]);

    return n;
}


/* Reads some new entries; true when there are more. */
static bool
ngx_http_shian_follow_log(ngx_http_shian_env_t *env)
{
    bool             more;
    size_t           n, bytes;
    shian_txn_t      t;
    shian_head_t     head;
    Shian__Entry    *e;
    shian_arena_t    arena;

    if (ngx_http_shian_renew_read(env) != 0) {
        return false;
    }

    shian_arena_init(&arena, NULL, NULL);
    ngx_memzero(&t, sizeof(t));
    t.store = env->store;
    t.mdb = env->read;
    t.arena = &arena;
    shian_log_head(&t, &head);
    bytes = 0;

    for (n = 0; n < SHIAN_SLICE_ENTRIES && bytes < SHIAN_SLICE_BYTES
                && env->followed < head.seq; n++)
    {
        e = shian_log_get(&t, ++env->followed);

        if (e != NULL) {
            bytes += ngx_http_shian_tell(env, &t, e);
        }

        shian_arena_free(&arena);
    }

    more = env->followed < head.seq;
    mdb_txn_reset(env->read);
    shian_arena_free(&arena);

    if (t.err != 0) {
        ngx_log_error(NGX_LOG_ERR, env->log, 0,
                      "shian: following the log: %s", mdb_strerror(t.err));
    }

    return more;
}


/* A comment, and how far the log was looked at: one for all streams. */
static ngx_http_shian_text_t *
ngx_http_shian_beat(ngx_http_shian_env_t *env)
{
    shian_buf_t    b;
    shian_arena_t  arena;

    if (env->beat == NULL || env->beat_seq != env->followed) {
        ngx_http_shian_release_text(env->beat);
        shian_arena_init(&arena, NULL, NULL);
        shian_buf_init(&b, &arena);
        shian_putf(&b.sink, ":\nid: %llu\n\n",
                   (unsigned long long) env->followed);
        env->beat = ngx_http_shian_new_text(&b);
        env->beat_seq = env->followed;
        shian_arena_free(&arena);
    }

    return env->beat;
}


static void
ngx_http_shian_turn(ngx_http_shian_env_t *env, ngx_http_shian_stream_t *s,
    uint64_t now_ms)
{
    ngx_connection_t       *c;
    ngx_http_shian_ctx_t   *ctx = s->ctx;
    ngx_http_shian_text_t  *beat;

    if (s->out == NULL && !ngx_http_shian_under_way(s)
        && env->followed >= s->from
        && ngx_current_msec - s->sent >= ctx->conf->heartbeat)
    {
        beat = ngx_http_shian_beat(env);
        s->slow |= beat == NULL
                   || ngx_http_shian_say(s, beat, 0) != NGX_OK;
    }

    s->over |= ngx_exiting || env->store == NULL
               || (ctx->caller.has_session
                   && now_ms >= ctx->caller.expires_ms);

    if (s->out == NULL && !s->over && !s->slow) {
        return;
    }

    c = ctx->request->connection;
    ngx_http_set_log_request(c->log, ctx->request);

    if (s->slow) {
        ngx_http_shian_count(slow_readers);
        ngx_http_shian_end(s, NGX_ERROR);

    } else if (ngx_http_shian_flush(s) != NGX_OK) {
        ngx_http_shian_end(s, NGX_ERROR);

    } else if (s->over) {
        ngx_http_shian_finish(s);
    }

    ngx_http_run_posted_requests(c);
}


/*
 * The timer is not a cancelable one: an exiting worker waits for it, and it
 * ends the streams.  It is armed only while there are any.
 */
static void
ngx_http_shian_follow(ngx_event_t *ev)
{
    bool                      more;
    shian_time_t              now;
    ngx_queue_t               turn, *q;
    ngx_http_shian_env_t     *env = ev->data;

    if (ngx_queue_empty(&env->streams)) {
        return;
    }

    more = ngx_http_shian_follow_log(env);
    now = ngx_http_shian_now(env);

    /* Ending one stream may end others: of the same HTTP/2 connection. */
    ngx_queue_init(&turn);
    ngx_queue_add(&turn, &env->streams);
    ngx_queue_init(&env->streams);

    while (!ngx_queue_empty(&turn)) {
        q = ngx_queue_head(&turn);
        ngx_queue_remove(q);
        ngx_queue_insert_tail(&env->streams, q);
        ngx_http_shian_turn(env,
                            ngx_queue_data(q, ngx_http_shian_stream_t, queue),
                            now.now_ms);
    }

    if (ev->timer_set) {
        ngx_del_timer(ev);
    }

    if (!ngx_queue_empty(&env->streams)) {
        ngx_add_timer(ev, more ? 1 : SHIAN_POLL_MS);
        ngx_http_shian_count_streams(0);
    }
}


void
ngx_http_shian_events_init(ngx_http_shian_env_t *env, ngx_cycle_t *cycle)
{
    ngx_queue_init(&env->streams);
    env->follow.handler = ngx_http_shian_follow;
    env->follow.data = env;
    env->follow.log = cycle->log;
    ngx_http_shian_count_streams(0);
}


void
ngx_http_shian_events_poke(ngx_http_shian_env_t *env)
{
    if (!ngx_queue_empty(&env->streams)) {
        ngx_post_event(&env->follow, &ngx_posted_events);
    }
}


ngx_uint_t
ngx_http_shian_events_open(void)
{
    ngx_uint_t  i, n;

    for (n = 0, i = 0; i < NGX_MAX_PROCESSES; i++) {
        n += ngx_http_shian_counters->streams[i];
    }

    return n;
}


/* ---- pages that follow ---------------------------------------------------*/

char *
ngx_http_shian_live(ngx_http_shian_ctx_t *c)
{
    shian_head_t  head;

    if (c->txn.mdb == NULL
        || (SHIAN_FOLLOWERS & (1u << c->caller.actor.role)) == 0)
    {
        return NULL;
    }

    shian_log_head(&c->txn, &head);

    return shian_printf(&c->arena, "/desk/events?last_event_id=%llu",
                        (unsigned long long) head.seq);
}


/* ---- opening one ----------------------------------------------------------*/

/* Where somebody who was away left off; false: it cannot be told from there. */
static bool
ngx_http_shian_left_off(ngx_http_shian_ctx_t *c, uint64_t head,
    uint64_t *from)
{
    ngx_int_t    n;
    shian_str_t  id;

    id = ngx_http_shian_header(c->request, "last-event-id");
    if (id.n == 0) {
        id = ngx_http_shian_arg(c, "last_event_id");
    }

    *from = head;

    if (id.n == 0) {
        return true;
    }

    n = ngx_atoi((u_char *) id.p, id.n);

    if (n < 0 || (uint64_t) n > head
        || head - (uint64_t) n > SHIAN_EVENTS_BACK)
    {
        return false;
    }

    *from = (uint64_t) n;

    return true;
}


/* What a stream begins with: all that was missed, or that it is too much. */
static ngx_http_shian_text_t *
ngx_http_shian_beginning(ngx_http_shian_ctx_t *c, uint64_t *seq)
{
    bool                    told;
    uint64_t                from;
    shian_txn_t             t;
    shian_buf_t             b;
    shian_head_t            head;
    Shian__Event           *event;
    shian_arena_t           arena;
    ngx_http_shian_text_t  *text;

    /* Not in the request's pool, which lives as long as the stream. */
    shian_arena_init(&arena, NULL, NULL);
    t = c->txn;
    t.arena = &arena;

    shian_log_head(&t, &head);
    *seq = head.seq;
    told = ngx_http_shian_left_off(c, head.seq, &from);

    shian_buf_init(&b, &arena);
    b.max = SHIAN_BACKLOG_MAX;
    shian_putz(&b.sink, SHIAN_RETRY);

    while (told && from < head.seq && !b.sink.failed) {
        event = shian_event_at(&t, ++from, &c->caller, true);

        if (event != NULL) {
            ngx_http_shian_put_event(&b.sink, event);
        }
    }

    if (!told || b.sink.failed) {
        shian_buf_init(&b, &arena);
        shian_putz(&b.sink, SHIAN_RETRY "event: reset\ndata: {}\n");
    }

    shian_putf(&b.sink, "id: %llu\n\n", (unsigned long long) head.seq);
    text = t.err != 0 ? NULL : ngx_http_shian_new_text(&b);
    c->txn.err = t.err;
    shian_arena_free(&arena);

    return text;
}


static ngx_int_t
ngx_http_shian_stream_headers(ngx_http_shian_ctx_t *c)
{
    ngx_http_request_t  *r = c->request;

    /* Whatever gzip_types says: a compressor would keep events back. */
#if (NGX_HTTP_GZIP)
    r->gzip_tested = 1;
    r->gzip_ok = 0;
#endif

    r->headers_out.status = NGX_HTTP_OK;
    ngx_http_clear_content_length(r);
    ngx_http_shian_set_type(r, "text/event-stream");

    if (ngx_http_shian_set_header(r, "Cache-Control", "no-store") != NGX_OK
        || ngx_http_shian_set_header(r, "X-Accel-Buffering", "no") != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_send_header(r);
}


static ngx_http_shian_stream_t *
ngx_http_shian_new_stream(ngx_http_shian_ctx_t *c)
{
    ngx_pool_cleanup_t       *last;
    ngx_http_cleanup_t       *cln;
    ngx_http_shian_stream_t  *s;

    s = ngx_pcalloc(c->request->pool, sizeof(*s));
    last = ngx_pool_cleanup_add(c->request->pool, 0);
    cln = ngx_http_cleanup_add(c->request, 0);

    if (s == NULL || last == NULL || cln == NULL) {
        return NULL;
    }

    s->ctx = c;
    c->data = s;
    last->handler = ngx_http_shian_free_stream;
    last->data = s;
    cln->handler = ngx_http_shian_leave;
    cln->data = s;

    return s;
}


static ngx_int_t
ngx_http_shian_open_stream(ngx_http_shian_ctx_t *c)
{
    ngx_int_t                  rc;
    ngx_http_request_t        *r = c->request;
    ngx_http_shian_env_t      *env = c->conf->env;
    ngx_http_shian_text_t     *text;
    ngx_http_shian_stream_t   *s;
    ngx_http_core_loc_conf_t  *clcf;

    s = ngx_http_shian_new_stream(c);
    text = s == NULL ? NULL : ngx_http_shian_beginning(c, &s->from);

    if (text == NULL) {
        return NGX_ERROR;
    }

    s->unsent_max = SHIAN_UNSENT_MAX + text->n;
    rc = ngx_http_shian_say(s, text, 0);
    ngx_http_shian_release_text(text);

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (rc != NGX_OK
        || (clcf->tcp_nodelay && ngx_tcp_nodelay(r->connection) != NGX_OK)
        || ngx_handle_read_event(r->connection->read, 0) != NGX_OK
        || ngx_http_shian_flush(s) != NGX_OK)
    {
        return NGX_ERROR;
    }

    r->read_event_handler = ngx_http_test_reading;
    r->write_event_handler = ngx_http_shian_writable;
    r->main->count++;

    if (ngx_queue_empty(&env->streams)) {
        env->followed = s->from;
        ngx_add_timer(&env->follow, SHIAN_POLL_MS);
    }

    s->open = 1;
    ngx_queue_insert_tail(&env->streams, &s->queue);
    ngx_http_shian_count_streams(1);

    return NGX_DONE;
}


/* Programs that ask for JSON get the latest events and an end. */
ngx_int_t
ngx_http_shian_events(ngx_http_shian_ctx_t *c)
{
    ngx_int_t          rc;
    Shian__EventList  *list;

    if (c->format == SHIAN_OUT_JSON) {
        list = shian_alloc(&c->arena, sizeof(*list));

        if (list == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        shian__event_list__init(list);
        list->items = shian_events_latest(&c->txn, &c->caller,
                                          SHIAN_LATEST_EVENTS,
                                          &list->n_items);
        c->view = &list->base;

        return list->items == NULL ? NGX_HTTP_INTERNAL_SERVER_ERROR
                                   : ngx_http_shian_reply(c);
    }

    if (c->request != c->request->main) {
        return ngx_http_shian_refuse(c, 405, "method",
                                     "Subrequests may not follow.");
    }

    rc = ngx_http_shian_stream_headers(c);

    if (rc == NGX_ERROR || rc > NGX_OK || c->request->header_only) {
        return rc;
    }

    return ngx_http_shian_open_stream(c);
}
