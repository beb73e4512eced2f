/*
 * The grading routine.  What an operation changes is regraded within it; this
 * finds what time alone has changed since local midnight (a licence ran out,
 * a review grew old), or what a new policy has, and submits one operation for
 * each such venue.  Reads go in short slices between other events; what two
 * workers find twice during a reload changes nothing the second time.
 */

#include "ngx_http_shian.h"

#include "domain/policy.h"

#define SHIAN_SLICE_VENUES  200
#define SHIAN_SLICE_PAUSE   20          /* ms, between slices */
#define SHIAN_SLICE_QUEUE   256         /* waiting writes to stay below */


ngx_http_shian_progress_t *
ngx_http_shian_progress(ngx_http_shian_env_t *env)
{
    return &ngx_http_shian_counters->progress[env->place
                                              % SHIAN_STORES_SEEN];
}


static int32_t
ngx_http_shian_today(uint64_t *now_ms)
{
    ngx_time_t  *tp;

    tp = ngx_timeofday();
    *now_ms = (uint64_t) tp->sec * 1000 + tp->msec;

    return shian_local_day(*now_ms, SHIAN_TZ_MINUTES);
}


static bool
ngx_http_shian_policy_changed(ngx_http_shian_env_t *env)
{
    bool         changed;
    uint64_t     id;
    shian_txn_t  t;

    if (ngx_http_shian_renew_read(env) != 0) {
        return false;
    }

    ngx_memzero(&t, sizeof(t));
    t.store = env->store;
    t.mdb = env->read;
    id = shian_policy_id(&t);
    mdb_txn_reset(env->read);

    changed = id != env->policy;
    env->policy = id;

    return changed;
}


static void
ngx_http_shian_regrade(ngx_http_shian_env_t *env, uint64_t venue)
{
    Shian__Operation     op = SHIAN__OPERATION__INIT;
    Shian__VenueRegrade  regrade = SHIAN__VENUE_REGRADE__INIT;

    regrade.has_venue = 1;
    regrade.venue = venue;
    op.body_case = SHIAN__OPERATION__BODY_VENUE_REGRADE;
    op.venue_regrade = &regrade;

    if (ngx_http_shian_submit_own(env, &op) != NGX_OK) {
        ngx_log_error(NGX_LOG_ERR, env->log, 0,
                      "shian: grading: out of memory");
    }
}


/* Looks at the next venues.  False: that was the last one. */
static bool
ngx_http_shian_grade_slice(ngx_http_shian_env_t *env, uint64_t now_ms)
{
    bool            more;
    size_t          n;
    uint64_t        id;
    shian_txn_t     t;
    shian_scan_t    scan;
    shian_arena_t   arena;
    shian_rowkey_t  none, start;

    if (ngx_http_shian_renew_read(env) != 0) {
        return true;
    }

    shian_arena_init(&arena, NULL, NULL);
    t.store = env->store;
    t.mdb = env->read;
    t.arena = &arena;
    t.err = 0;

    none.n = 0;
    start = shian_rowkey_id(env->grade_next);
    more = true;
    shian_scan_open(&scan, &t, SHIAN_T_VENUE, &none, &start);

    for (n = 0; n < SHIAN_SLICE_VENUES && more; n++) {
        more = shian_scan_next(&scan) && scan.key.n == 8;

        if (more) {
            id = shian_be(scan.key.p, 8);
            env->grade_next = id + 1;

            if (shian_regrade_due(&t, id, now_ms)) {
                ngx_http_shian_regrade(env, id);
            }
        }
    }

    shian_scan_close(&scan);
    mdb_txn_reset(env->read);
    shian_arena_free(&arena);

    return more;
}


static void
ngx_http_shian_grade_event(ngx_event_t *ev)
{
    int32_t                     today;
    uint64_t                    now_ms;
    ngx_http_shian_env_t       *env = ev->data;
    ngx_http_shian_progress_t  *progress;

    if (ngx_exiting || ngx_quit || ngx_terminate) {
        return;
    }

    today = ngx_http_shian_today(&now_ms);

    /* A new day, or a new policy: from the first venue on. */
    if (ngx_http_shian_policy_changed(env)
        || (env->grade_next == 0 && env->graded_day != today))
    {
        env->grade_next = 1;
    }

    if (env->grade_next != 0 && env->nwaiting < SHIAN_SLICE_QUEUE
        && !ngx_http_shian_grade_slice(env, now_ms))
    {
        env->grade_next = 0;
        env->graded_day = today;
    }

    progress = ngx_http_shian_progress(env);
    progress->venue = (ngx_atomic_uint_t) env->grade_next;
    progress->day = (ngx_atomic_uint_t) env->graded_day;
    progress->policy = (ngx_atomic_uint_t) env->policy;

    ngx_add_timer(ev, env->grade_next != 0 ? SHIAN_SLICE_PAUSE
                                           : env->interval);
}


void
ngx_http_shian_grading_start(ngx_http_shian_env_t *env, ngx_cycle_t *cycle)
{
    if (!env->grading || ngx_worker != 0) {
        return;
    }

    env->grade.handler = ngx_http_shian_grade_event;
    env->grade.data = env;
    env->grade.log = cycle->log;
    env->grade.cancelable = 1;
    ngx_add_timer(&env->grade, SHIAN_SLICE_PAUSE);
}
