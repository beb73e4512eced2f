/*
 * What machines ask about the site itself: health, identity, metrics.
 */

#include "ngx_http_shian.h"

#include "core/ids.h"
#include "domain/complaint.h"

#define SHIAN_BEAT_MS  (5 * 60 * 1000)


ngx_int_t
ngx_http_shian_healthz(ngx_http_shian_ctx_t *c)
{
    shian_head_t  head;

    shian_log_head(&c->txn, &head);

    if (c->txn.err != 0) {
        return ngx_http_shian_refuse(c, 503, "busy",
                                     "The store does not answer.");
    }

    if (ngx_http_shian_set_header(c->request, "Cache-Control", "no-store")
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_shian_send(c, NGX_HTTP_OK, "text/plain",
                               c->suspect ? SHIAN_STR("ok, but the clock is "
                                                      "in doubt\n")
                                          : SHIAN_STR("ok\n"));
}


/* Where error_page leads those whom limit_req has sent away. */
ngx_int_t
ngx_http_shian_limited(ngx_http_shian_ctx_t *c)
{
    return ngx_http_shian_refuse(c, 429, "limited",
                                 "Too many requests from one address.");
}


ngx_int_t
ngx_http_shian_site(ngx_http_shian_ctx_t *c)
{
    char             hex[2 * SHIAN_HASH_SIZE + 1];
    shian_head_t     head;
    Shian__SiteInfo  info = SHIAN__SITE_INFO__INIT;

    /*
     * On a beat: who reads it every second must not learn that somebody at
     * the next table has just filed something.
     */
    shian_log_head_at(&c->txn, c->now_ms - c->now_ms % SHIAN_BEAT_MS, &head);
    shian_hex(hex, head.hash, SHIAN_HASH_SIZE);
    hex[2 * SHIAN_HASH_SIZE] = '\0';

    info.name = "shian";
    info.version = SHIAN_VERSION;
    info.has_seq = 1;
    info.seq = head.seq;
    info.head = hex;

    c->format = SHIAN_OUT_JSON;
    c->view = &info.base;

    return ngx_http_shian_reply(c);
}


/* ---- metrics, in Prometheus' text format 0.0.4 ----------------------------*/

static void
ngx_http_shian_metric(shian_sink_t *s, const char *name, const char *type,
    const char *help, double value)
{
    shian_putf(s, "# HELP shian_%s %s\n# TYPE shian_%s %s\nshian_%s %.15g\n",
               name, help, name, type, name, value);
}


int32_t
ngx_http_shian_calendar_missing(uint64_t now_ms)
{
    return shian_workdays_missing(ngx_http_shian_workdays(),
                                  shian_local_day(now_ms, SHIAN_TZ_MINUTES),
                                  SHIAN_LONGEST_CLOCK);
}


static void
ngx_http_shian_counters_text(shian_sink_t *s)
{
    size_t                      i;
    ngx_http_shian_counters_t  *n = ngx_http_shian_counters;

    const struct {
        const char    *name;
        const char    *help;
        ngx_atomic_t   value;
    } row[] = {
        { "requests_total", "Requests handled.", n->requests },
        { "page_cache_hits_total", "Pages sent as kept.", n->cache_hits },
        { "page_cache_misses_total", "Pages rendered.", n->cache_misses },
        { "batches_total", "Write transactions.", n->batches },
        { "operations_total", "Operations written.", n->operations },
        { "operations_refused_total", "Operations refused.", n->refused },
        { "batches_failed_total", "Write transactions that failed.",
          n->failed_batches },
        { "queue_full_total", "Writes turned away, queue full.",
          n->queue_full },
        { "events_sent_total", "Events sent to those who follow.",
          n->events },
        { "events_slow_readers_total", "Streams ended, reader too slow.",
          n->slow_readers },
    };

    for (i = 0; i < SHIAN_COUNT(row); i++) {
        ngx_http_shian_metric(s, row[i].name, "counter", row[i].help,
                              (double) row[i].value);
    }

    ngx_http_shian_metric(s, "calendar_missing_year", "gauge",
                          "A year without holidays file that clocks run "
                          "into; 0: none.",
                          ngx_http_shian_calendar_missing(
                              (uint64_t) ngx_time() * 1000));
    ngx_http_shian_metric(s, "batch_seconds_total", "counter",
                          "Time that write transactions took.",
                          (double) n->batch_ms / 1000);
    ngx_http_shian_metric(s, "events_streams", "gauge",
                          "Streams of events open in all workers.",
                          (double) ngx_http_shian_events_open());
}


static void
ngx_http_shian_grading_text(shian_sink_t *s, ngx_http_shian_env_t *env)
{
    ngx_http_shian_progress_t  *progress = env->progress;

    ngx_http_shian_metric(s, "grading_venue", "gauge",
                          "Next venue of the grading sweep, 0 when idle.",
                          env->grading ? (double) progress->venue : 0);
    ngx_http_shian_metric(s, "grading_day", "gauge",
                          "Days from 1970 to the local day last graded.",
                          (double) progress->day);
}


/* A row of LMDB's table of readers: process, thread, transaction or "-". */
static int
ngx_http_shian_oldest(const char *row, void *data)
{
    int                  pid;
    size_t              *oldest = data, thread, txn;

    if (sscanf(row, "%d %zx %zu", &pid, &thread, &txn) == 3
        && txn < *oldest)
    {
        *oldest = txn;
    }

    return 0;
}


static void
ngx_http_shian_store_text(shian_sink_t *s, ngx_http_shian_ctx_t *c)
{
    size_t                  oldest;
    MDB_stat                stat;
    MDB_envinfo             info;
    shian_head_t            head;
    shian_time_t            now;
    ngx_http_shian_env_t   *env = c->conf->env;

    if (mdb_env_info(env->store->env, &info) == 0
        && mdb_env_stat(env->store->env, &stat) == 0)
    {
        ngx_http_shian_metric(s, "store_map_bytes", "gauge",
                              "Size that the store may reach.",
                              (double) info.me_mapsize);
        ngx_http_shian_metric(s, "store_used_bytes", "gauge",
                              "Size that the store has reached.",
                              (double) (info.me_last_pgno + 1)
                              * stat.ms_psize);
        ngx_http_shian_metric(s, "store_readers", "gauge",
                              "Reader slots in use.", info.me_numreaders);
        ngx_http_shian_metric(s, "store_readers_max", "gauge",
                              "Reader slots.", info.me_maxreaders);

        oldest = info.me_last_txnid;
        (void) mdb_reader_list(env->store->env, ngx_http_shian_oldest,
                               &oldest);
        ngx_http_shian_metric(s, "store_oldest_reader_age", "gauge",
                              "Commits since the oldest open read began.",
                              (double) (info.me_last_txnid - oldest));
    }

    shian_log_head(&c->txn, &head);
    ngx_http_shian_metric(s, "log_entries", "gauge",
                          "Number of the last log entry.",
                          (double) head.seq);
    now = ngx_http_shian_now(env);
    ngx_http_shian_metric(s, "clock_in_doubt", "gauge",
                          "1 while what cannot be undone waits.",
                          now.suspect);
    ngx_http_shian_metric(s, "clock_off_seconds", "gauge",
                          "Time of day less what it most likely is.",
                          (double) now.off_ms / 1000);
    ngx_http_shian_metric(s, "write_queue", "gauge",
                          "Operations of this worker that wait.",
                          (double) env->nwaiting);
}


ngx_int_t
ngx_http_shian_metrics_handler(ngx_http_request_t *r)
{
    ngx_int_t              rc;
    shian_buf_t            out;
    ngx_http_shian_ctx_t   ctx, *c = &ctx;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    ngx_memzero(c, sizeof(ctx));
    c->request = r;
    c->conf = ngx_http_get_module_srv_conf(r, ngx_http_shian_module);
    shian_arena_init(&c->arena, NULL, NULL);
    shian_report_init(&c->report);

    /* A location of its own may lie in a server without a store. */
    shian_buf_init(&out, &c->arena);
    ngx_http_shian_counters_text(&out.sink);

    if (c->conf->env != NULL) {
        ngx_http_shian_metric(&out.sink, "store_up", "gauge",
                              "Whether the store is open and in order, 1 or 0.",
                              c->conf->env->store != NULL
                              && !c->conf->env->gone);
    }

    if (c->conf->env != NULL && ngx_http_shian_read_begin(c) == NGX_OK) {
        ngx_http_shian_store_text(&out.sink, c);
        ngx_http_shian_grading_text(&out.sink, c->conf->env);
        ngx_http_shian_read_end(c);
    }

    rc = NGX_HTTP_INTERNAL_SERVER_ERROR;

    if (!out.sink.failed) {
        u_char  *p = ngx_pnalloc(r->pool, out.n);

        if (p != NULL) {
            ngx_memcpy(p, out.p, out.n);
            rc = ngx_http_shian_send(c, NGX_HTTP_OK,
                                     "text/plain; version=0.0.4",
                                     shian_slice(p, out.n));
        }
    }

    shian_arena_free(&c->arena);

    return rc;
}
