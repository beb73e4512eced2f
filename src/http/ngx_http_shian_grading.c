/*
 * The grading routine.  What an operation changes is graded within it; this
 * takes all venues over each local midnight, and shows them under a new
 * policy: operations of the machine, each for a slice of venues that keeps
 * the writer for a few milliseconds.  How far it is stands in the store, so
 * that it goes on there after whatever stopped it.
 *
 * One worker sweeps at a time: the one that holds a lease in shared memory,
 * which ends by itself when its holder was killed.  In the store the lease
 * would cost a sync each time it is renewed; where two servers share a store
 * for a moment, as in an upgrade, a slice that both ask for is done once.
 */

#include "ngx_http_shian.h"

#include "domain/policy.h"
#include "domain/settle.h"

#define SHIAN_LEASE_MS      3000
#define SHIAN_SLICE_PAUSE   20          /* ms, between slices */


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


/* ---- a sweep --------------------------------------------------------------*/

/* What is said of it in other workers' pages and metrics. */
static void
ngx_http_shian_tell_progress(ngx_http_shian_env_t *env, shian_txn_t *t,
    const Shian__Operation *op)
{
    int32_t                     day;
    ngx_http_shian_progress_t  *p = env->progress;

    p->day = shian_day_passed(t, &day) ? (ngx_atomic_uint_t) day : 0;

    switch (op->body_case) {

    case SHIAN__OPERATION__BODY_DAY_PASS:
        p->venue = op->day_pass->first;
        break;

    case SHIAN__OPERATION__BODY_CITY_REGRADE:
        p->venue = op->city_regrade->first;
        p->policy = shian_policy_id(t);
        break;

    default:
        p->venue = 0;
        p->policy = shian_policy_id(t);
    }
}


/* The next slice, if there is one and it is ours.  In how many ms again. */
static ngx_msec_t
ngx_http_shian_sweep(ngx_http_shian_env_t *env)
{
    bool                due;
    ngx_uint_t          failed;
    shian_txn_t         t;
    shian_time_t        now;
    shian_arena_t       arena;
    Shian__Operation    op = SHIAN__OPERATION__INIT;
    shian_city_step_t   body;

    failed = env->own_failed;
    env->own_failed = 0;
    now = ngx_http_shian_now(env);

    /* No day passes by a clock in doubt. */
    if (now.suspect) {
        ngx_http_shian_grading_stop(env);
        return env->interval;
    }

    if (failed || ngx_http_shian_renew_read(env) != 0) {
        /* A full disk is not asked fifty times a second. */
        return env->interval;
    }

    shian_arena_init(&arena, NULL, NULL);
    ngx_memzero(&t, sizeof(t));
    t.store = env->store;
    t.mdb = env->read;
    t.arena = &arena;
    due = shian_city_step(&t, now.now_ms, &body, &op);

    if (!due || ngx_http_shian_lease(env)) {
        ngx_http_shian_tell_progress(env, &t, &op);
    }

    mdb_txn_reset(env->read);
    shian_arena_free(&arena);

    if (!due) {
        ngx_http_shian_grading_stop(env);
        return env->interval;
    }

    if (env->lease == 0) {
        return env->interval;
    }

    if (ngx_http_shian_submit_own(env, &op) != NGX_OK) {
        ngx_log_error(NGX_LOG_ERR, env->log, 0,
                      "shian: grading: out of memory");
        return env->interval;
    }

    return SHIAN_SLICE_PAUSE;
}


ngx_int_t
ngx_http_shian_pass_day(ngx_http_shian_ctx_t *c)
{
    int32_t             day;
    uint64_t            first, end;
    Shian__DayPass      body = SHIAN__DAY_PASS__INIT;
    Shian__Operation    op = SHIAN__OPERATION__INIT;

    day = shian_local_day(c->now_ms, SHIAN_TZ_MINUTES);

    if (c->suspect || !shian_day_next(&c->txn, day, &first)) {
        return NGX_OK;
    }

    body.has_day = body.has_first = body.has_last = 1;
    body.day = day;
    op.body_case = SHIAN__OPERATION__BODY_DAY_PASS;
    op.day_pass = &body;

    for (end = 0; first != 0; first = shian_id_from(&c->txn, SHIAN_T_VENUE,
                                                    end + 1))
    {
        body.first = first;
        body.last = end = shian_slice_last(&c->txn, first);

        if (ngx_http_shian_submit_own(c->conf->env, &op) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static void
ngx_http_shian_grade_event(ngx_event_t *ev)
{
    ngx_msec_t             again;
    ngx_http_shian_env_t  *env = ev->data;

    if (ngx_exiting || ngx_quit || ngx_terminate || env->store == NULL) {
        ngx_http_shian_grading_stop(env);
        return;
    }

    again = SHIAN_SLICE_PAUSE;

    if (env->own == 0) {
        again = ngx_http_shian_sweep(env);

    } else if (env->lease != 0) {
        /* Not on disk yet: the lease must last as long as that takes. */
        (void) ngx_http_shian_lease(env);
    }

    ngx_add_timer(ev, again);
}


ngx_int_t
ngx_http_shian_grading_init(ngx_http_shian_env_t *env, ngx_cycle_t *cycle)
{
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
        p->venue = p->day = p->policy = 0;
        p->store = store;
    }

    if (!env->grade.timer_set) {
        ngx_add_timer(&env->grade, SHIAN_SLICE_PAUSE);
    }
}
