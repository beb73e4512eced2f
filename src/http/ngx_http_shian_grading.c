/*
 * The grading routine.  What an operation changes is regraded within it; this
 * finds what time alone has changed since local midnight (a licence ran out,
 * a year is over), or what a new policy has, and submits one operation for
 * each such venue.
 *
 * One worker sweeps at a time: the one that holds a lease in shared memory,
 * which ends by itself when its holder was killed.  Beside it stands the first
 * venue not yet done, which moves on only when the operations of a slice are
 * on disk, so whoever takes the lease next leaves nothing out.  After a start
 * of the whole server the sweep begins anew.  In the store the lease would
 * cost a sync each time it is renewed; where two servers share a store for a
 * moment, as in an upgrade, the second finds nothing left to do.
 *
 * Venues are read in the pool thread, so that pages need not wait for it, and
 * in slices, so that the thread, which also writes, is never held for long.
 */

#include "ngx_http_shian.h"

#include "domain/checkin.h"
#include "domain/policy.h"

#define SHIAN_LEASE_MS      3000
#define SHIAN_SLICE_MS      10          /* of reading */
#define SHIAN_SLICE_LOOK    8           /* venues between looks at the clock */
#define SHIAN_SLICE_FOUND   128         /* operations, all in one batch */
#define SHIAN_SLICE_PAUSE   20          /* ms, between slices */


/* A slice: what the event loop asks, and what the thread has found. */
typedef struct {
    ngx_http_shian_env_t  *env;
    uint64_t               now_ms;
    int32_t                day;
    ngx_uint_t             busy;        /* in the thread */
    ngx_uint_t             ready;       /* found, and submitted */
    uint64_t               from;
    uint64_t               next;
    bool                   more;
    bool                   failed;
    size_t                 n;
    struct {
        uint64_t           venue;
        uint32_t           year;        /* to be evaluated; 0: regraded */
    } found[SHIAN_SLICE_FOUND + 2];
} ngx_http_shian_slice_t;


/* ---- the lease ------------------------------------------------------------*/

/*
 * Takes the lease when it is free or has ended, or renews ours.  Who holds it
 * is told by its end alone: a later holder has written a later one.
 */
static bool
ngx_http_shian_lease(ngx_http_shian_env_t *env)
{
    ngx_atomic_uint_t           seen, end;
    ngx_http_shian_progress_t  *progress = env->progress;

    seen = progress->lease;
    end = ngx_current_msec + SHIAN_LEASE_MS;

    if (seen != 0 && seen != env->lease
        && (ngx_msec_int_t) (seen - ngx_current_msec) > 0)
    {
        env->lease = 0;
        return false;
    }

    env->lease = ngx_atomic_cmp_set(&progress->lease, seen, end) ? end : 0;

    return env->lease != 0;
}


void
ngx_http_shian_grading_stop(ngx_http_shian_env_t *env)
{
    ngx_http_shian_progress_t  *progress = env->progress;

    if (env->lease != 0) {
        (void) ngx_atomic_cmp_set(&progress->lease, env->lease, 0);
        env->lease = 0;
    }
}


/* ---- a slice --------------------------------------------------------------*/

static uint64_t
ngx_http_shian_clock_ms(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * 1000 + (uint64_t) ts.tv_nsec / 1000000;
}


static void
ngx_http_shian_look_at(ngx_http_shian_slice_t *s, shian_txn_t *t,
    uint64_t venue)
{
    uint32_t  year;

    year = shian_evaluation_due(t, venue, s->day);

    if (year != 0) {
        s->found[s->n].venue = venue;
        s->found[s->n++].year = year;
    }

    if (shian_regrade_due(t, venue, s->now_ms)) {
        s->found[s->n].venue = venue;
        s->found[s->n++].year = 0;
    }
}


/* In the pool thread: the next venues, until time or room is used up. */
static void
ngx_http_shian_slice_run(void *data, ngx_log_t *log)
{
    size_t                   n;
    uint64_t                 end, venue;
    shian_txn_t              t;
    shian_scan_t             scan;
    shian_arena_t            arena;
    shian_rowkey_t           none, start;
    ngx_http_shian_slice_t  *s = *(ngx_http_shian_slice_t **) data;

    ngx_http_shian_be_nice();
    s->n = 0;
    s->next = s->from;
    s->more = true;
    shian_arena_init(&arena, NULL, NULL);
    s->failed = shian_txn_begin(s->env->store, &arena, false, &t) != 0;

    if (s->failed) {
        return;
    }

    none.n = 0;
    start = shian_rowkey_id(s->from);
    end = ngx_http_shian_clock_ms() + SHIAN_SLICE_MS;
    shian_scan_open(&scan, &t, SHIAN_T_VENUE, &none, &start);

    for (n = 1; s->n < SHIAN_SLICE_FOUND; n++) {
        s->more = shian_scan_next(&scan) && scan.key.n == 8;

        if (!s->more) {
            break;
        }

        venue = shian_be(scan.key.p, 8);
        ngx_http_shian_look_at(s, &t, venue);
        s->next = venue + 1;

        if (n % SHIAN_SLICE_LOOK == 0 && ngx_http_shian_clock_ms() >= end) {
            break;
        }
    }

    shian_scan_close(&scan);
    s->failed = t.err != 0;
    shian_txn_abort(&t);
    shian_arena_free(&arena);
}


static ngx_int_t
ngx_http_shian_submit_found(ngx_http_shian_env_t *env, uint64_t venue,
    uint32_t year)
{
    Shian__Operation        op = SHIAN__OPERATION__INIT;
    Shian__VenueRegrade     regrade = SHIAN__VENUE_REGRADE__INIT;
    Shian__EvaluationClose  close = SHIAN__EVALUATION_CLOSE__INIT;

    if (year != 0) {
        close.has_venue = close.has_year = 1;
        close.venue = venue;
        close.year = year;
        op.body_case = SHIAN__OPERATION__BODY_EVALUATION_CLOSE;
        op.evaluation_close = &close;

    } else {
        regrade.has_venue = 1;
        regrade.venue = venue;
        op.body_case = SHIAN__OPERATION__BODY_VENUE_REGRADE;
        op.venue_regrade = &regrade;
    }

    return ngx_http_shian_submit_own(env, &op);
}


/* Back in the event loop: what was found goes the way of all writes. */
static void
ngx_http_shian_slice_done(ngx_event_t *ev)
{
    size_t                   i;
    ngx_http_shian_slice_t  *s = ev->data;

    s->busy = 0;
    s->ready = !s->failed;
    ngx_http_shian_over(s->env);

    if (s->failed) {
        ngx_log_error(NGX_LOG_ERR, s->env->log, 0,
                      "shian: grading: the store cannot be read");
        return;
    }

    for (i = 0; i < s->n; i++) {
        if (ngx_http_shian_submit_found(s->env, s->found[i].venue,
                                        s->found[i].year) != NGX_OK)
        {
            ngx_log_error(NGX_LOG_ERR, s->env->log, 0,
                          "shian: grading: out of memory");
            s->ready = 0;
            return;
        }
    }
}


static void
ngx_http_shian_slice_begin(ngx_http_shian_env_t *env,
    ngx_http_shian_slice_t *s)
{
    ngx_time_t  *tp;

    tp = ngx_timeofday();
    s->now_ms = (uint64_t) tp->sec * 1000 + tp->msec;
    s->from = env->progress->venue;
    s->ready = 0;
    env->own_failed = 0;
    s->busy = ngx_http_shian_work(env, env->main->files, env->slice)
              == NGX_OK;
}


/* ---- a sweep --------------------------------------------------------------*/

static bool
ngx_http_shian_policy_in_force(ngx_http_shian_env_t *env, uint64_t *id)
{
    shian_txn_t  t;

    if (ngx_http_shian_renew_read(env) != 0) {
        return false;
    }

    ngx_memzero(&t, sizeof(t));
    t.store = env->store;
    t.mdb = env->read;
    *id = shian_policy_id(&t);
    mdb_txn_reset(env->read);

    return true;
}


/* A new day, or a new policy: from the first venue on. */
static bool
ngx_http_shian_sweep_due(ngx_http_shian_env_t *env, int32_t today,
    uint64_t policy)
{
    ngx_http_shian_progress_t  *p = env->progress;

    return p->policy != policy
           || (p->venue == 0 ? p->day : p->began) != (ngx_atomic_uint_t) today;
}


/* What the last slice found is on disk: it need not be looked at again. */
static void
ngx_http_shian_slice_count(ngx_http_shian_env_t *env,
    ngx_http_shian_slice_t *s)
{
    ngx_http_shian_progress_t  *p = env->progress;

    if (!s->ready || env->own_failed || p->venue != s->from) {
        return;
    }

    if (s->more) {
        p->venue = s->next;

    } else {
        p->day = p->began;
        p->venue = 0;
    }
}


/* Returns in how many ms to come again. */
static ngx_msec_t
ngx_http_shian_sweep(ngx_http_shian_env_t *env, ngx_http_shian_slice_t *s)
{
    bool                        failed;
    uint64_t                    policy;
    ngx_time_t                 *tp;
    ngx_http_shian_progress_t  *p = env->progress;

    tp = ngx_timeofday();
    failed = s->failed || env->own_failed;
    s->day = shian_local_day((uint64_t) tp->sec * 1000, SHIAN_TZ_MINUTES);

    if (!ngx_http_shian_policy_in_force(env, &policy)
        || (p->venue == 0 && !ngx_http_shian_sweep_due(env, s->day, policy))
        || !ngx_http_shian_lease(env))
    {
        s->ready = 0;
        return env->interval;
    }

    ngx_http_shian_slice_count(env, s);

    if (ngx_http_shian_sweep_due(env, s->day, policy)) {
        p->began = (ngx_atomic_uint_t) s->day;
        p->policy = (ngx_atomic_uint_t) policy;
        p->venue = 1;
    }

    if (p->venue == 0) {
        ngx_http_shian_grading_stop(env);
        return env->interval;
    }

    ngx_http_shian_slice_begin(env, s);

    /* A full disk is not asked fifty times a second. */
    return failed ? env->interval : SHIAN_SLICE_PAUSE;
}


static void
ngx_http_shian_grade_event(ngx_event_t *ev)
{
    ngx_msec_t               again;
    ngx_http_shian_env_t    *env = ev->data;
    ngx_http_shian_slice_t  *s;

    if (ngx_exiting || ngx_quit || ngx_terminate || env->store == NULL) {
        ngx_http_shian_grading_stop(env);
        return;
    }

    s = *(ngx_http_shian_slice_t **) env->slice->ctx;
    again = SHIAN_SLICE_PAUSE;

    if (s->busy || env->own != 0) {
        /* Not on disk yet: the lease must last as long as that takes. */
        if (env->lease != 0 && !ngx_http_shian_lease(env)) {
            s->ready = 0;
        }

    } else {
        again = ngx_http_shian_sweep(env, s);
    }

    ngx_add_timer(ev, again);
}


ngx_int_t
ngx_http_shian_grading_init(ngx_http_shian_env_t *env, ngx_cycle_t *cycle)
{
    ngx_http_shian_slice_t  *s, **data;

    if (!env->grading) {
        return NGX_OK;
    }

    s = ngx_pcalloc(cycle->pool, sizeof(*s));
    env->slice = ngx_thread_task_alloc(cycle->pool, sizeof(s));

    if (s == NULL || env->slice == NULL) {
        return NGX_ERROR;
    }

    s->env = env;
    data = env->slice->ctx;
    *data = s;
    env->slice->handler = ngx_http_shian_slice_run;
    env->slice->event.handler = ngx_http_shian_slice_done;
    env->slice->event.data = s;
    env->slice->event.log = cycle->log;

    env->grade.handler = ngx_http_shian_grade_event;
    env->grade.data = env;
    env->grade.log = cycle->log;
    env->grade.cancelable = 1;

    return NGX_OK;
}


void
ngx_http_shian_grading_start(ngx_http_shian_env_t *env)
{
    ngx_atomic_uint_t           store;
    ngx_http_shian_progress_t  *p = env->progress;

    if (!env->grading) {
        return;
    }

    /* Another folder may have come in the place of the one before. */
    store = (ngx_atomic_uint_t) env->inode[0] * 31 + env->device[0];

    if (p->store != store) {
        p->venue = p->day = p->began = p->policy = 0;
        p->store = store;
    }

    if (!env->grade.timer_set) {
        ngx_add_timer(&env->grade, SHIAN_SLICE_PAUSE);
    }
}
