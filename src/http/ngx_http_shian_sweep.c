/*
 * Now and then, without being asked: what has expired goes, photos that no
 * record names go, keys of what was erased before midnight are destroyed, and
 * readers that were killed are forgotten.
 */

#include "ngx_http_shian.h"

#include "domain/complaint.h"
#include "store/batch.h"
#include "store/clock.h"
#include "store/epoch.h"
#include "store/photos.h"

#define SHIAN_TICK_MS       30000
#define SHIAN_PHOTO_TICKS   120             /* between sweeps: an hour */
#define SHIAN_EXPIRE        16              /* complaints a tick */


typedef struct {
    ngx_http_shian_env_t  *env;
    unsigned               folder;
    uint64_t               now_ms;
    size_t                 removed;

    /* Buckets of the vault go by the same numbers. */
    const shian_keys_t    *keys;        /* NULL: no key is destroyed now */
    uint64_t               midnight_ms;
    bool                   due[SHIAN_EPOCHS];
    bool                   more;        /* of this bucket */
    int                    error;
    size_t                 turned;
} ngx_http_shian_sweep_t;

_Static_assert(SHIAN_EPOCHS == SHIAN_PHOTO_FOLDERS, "one sweep for both");


/* ---- rows -----------------------------------------------------------------*/

/* Of which complaints the time of retention is over; how many. */
static size_t
ngx_http_shian_look_for_expired(ngx_http_shian_env_t *env, uint64_t now_ms,
    bool *sweep, uint64_t ids[SHIAN_EXPIRE])
{
    size_t         n;
    shian_txn_t    t;
    shian_arena_t  arena;

    *sweep = false;
    n = 0;
    shian_arena_init(&arena, NULL, NULL);

    if (shian_txn_begin(env->store, &arena, false, &t) == 0) {
        *sweep = shian_sweep_due(&t, now_ms);
        n = shian_complaints_expired(&t, now_ms, ids, SHIAN_EXPIRE);
        shian_txn_abort(&t);
    }

    shian_arena_free(&arena);

    return n;
}


/* How many complaints went. */
static size_t
ngx_http_shian_sweep_rows(ngx_http_shian_env_t *env, uint64_t now_ms)
{
    bool                     due;
    size_t                   i, n;
    uint64_t                 ids[SHIAN_EXPIRE];
    Shian__Sweep             sweep = SHIAN__SWEEP__INIT;
    Shian__Operation         op = SHIAN__OPERATION__INIT;
    Shian__ComplaintExpire   expire = SHIAN__COMPLAINT_EXPIRE__INIT;

    n = ngx_http_shian_look_for_expired(env, now_ms, &due, ids);

    if (due) {
        op.body_case = SHIAN__OPERATION__BODY_SWEEP;
        op.sweep = &sweep;
        (void) ngx_http_shian_submit_own(env, &op);
    }

    for (i = 0; i < n; i++) {
        expire.has_complaint = 1;
        expire.complaint = ids[i];
        op.body_case = SHIAN__OPERATION__BODY_COMPLAINT_EXPIRE;
        op.complaint_expire = &expire;
        (void) ngx_http_shian_submit_own(env, &op);
    }

    return n;
}


/* ---- photos ---------------------------------------------------------------*/

/*
 * Which buckets are to be turned: in which something was erased before last
 * midnight, or whose turn was cut short.  A clock that may be wrong destroys
 * nothing.
 */
static void
ngx_http_shian_look_for_erased(ngx_http_shian_sweep_t *s)
{
    int32_t          day;
    shian_txn_t      t;
    shian_time_t     time;
    shian_clocks_t   clock;
    shian_arena_t    arena;
    shian_instant_t  now;

    s->turned = 0;
    s->error = 0;
    ngx_memzero(s->due, sizeof(s->due));
    shian_arena_init(&arena, NULL, NULL);
    shian_instant(&now);

    if (s->keys == NULL
        || shian_txn_begin(s->env->store, &arena, false, &t) != 0)
    {
        return;
    }

    shian_clock_load(&t, &clock);
    time = shian_clock_judge(&clock, &now);
    shian_txn_abort(&t);
    shian_arena_free(&arena);

    if (time.suspect || t.err != 0) {
        s->keys = NULL;
        return;
    }

    day = shian_local_day(time.now_ms, SHIAN_TZ_MINUTES);
    s->midnight_ms = (uint64_t) day * 86400000u
                     - (uint64_t) SHIAN_TZ_MINUTES * 60000u;
    (void) shian_epoch_due(s->env->store, s->midnight_ms, s->due);
}


static void
ngx_http_shian_turn(ngx_http_shian_sweep_t *s)
{
    shian_epoch_step_t  rc;

    rc = shian_epoch_step(s->env->store, s->keys, (uint8_t) s->folder,
                          s->midnight_ms, false);
    s->more = rc == SHIAN_EPOCH_MORE;
    s->turned += rc == SHIAN_EPOCH_DONE;

    if (rc == SHIAN_EPOCH_FAILED) {
        s->error = errno;
    }
}


/*
 * In the pool thread: one folder and one step of a bucket, so that nobody
 * waits for more.
 */
static void
ngx_http_shian_sweep_run(void *data, ngx_log_t *log)
{
    ngx_http_shian_sweep_t  *s = *(ngx_http_shian_sweep_t **) data;

    ngx_http_shian_be_nice();

    if (s->folder == 0 && !s->more) {
        ngx_http_shian_look_for_erased(s);
    }

    if (!s->more) {
        s->removed += shian_photos_sweep(s->env->store, s->folder,
                                         s->now_ms);
    }

    s->more = false;

    if (s->keys != NULL && s->due[s->folder]) {
        ngx_http_shian_turn(s);
    }
}


static void
ngx_http_shian_sweep_next(ngx_http_shian_sweep_t *s)
{
    ngx_http_shian_env_t  *env = s->env;

    env->sweeping = !ngx_exiting && s->folder < SHIAN_PHOTO_FOLDERS
                    && env->store != NULL && !env->gone
                    && ngx_http_shian_work(env, env->main->files, env->sweep)
                       == NGX_OK;
}


static void
ngx_http_shian_sweep_done(ngx_event_t *ev)
{
    ngx_http_shian_sweep_t  *s = ev->data;

    s->folder += !s->more;
    ngx_http_shian_over(s->env);
    ngx_http_shian_sweep_next(s);

    if (!s->env->sweeping && s->error != 0) {
        ngx_log_error(NGX_LOG_ERR, ev->log, s->error,
                      "shian: keys of what was erased cannot be destroyed");
    }

    if (!s->env->sweeping && s->turned != 0) {
        ngx_log_error(NGX_LOG_NOTICE, ev->log, 0,
                      "shian: %uz keys of what was erased were destroyed",
                      s->turned);
    }

    if (!s->env->sweeping && s->removed != 0) {
        ngx_log_error(NGX_LOG_NOTICE, ev->log, 0,
                      "shian: %uz photos that no record names were removed",
                      s->removed);
    }
}


static void
ngx_http_shian_sweep_photos(ngx_http_shian_env_t *env, uint64_t now_ms)
{
    ngx_http_shian_sweep_t  *s = env->sweep->event.data;

    if (!env->sweeping) {
        s->folder = 0;
        s->removed = 0;
        s->more = false;
        s->now_ms = now_ms;
        s->keys = env->keys_part == NULL ? NULL : env->keys_part->value;
        ngx_http_shian_sweep_next(s);
    }
}


/* ---- by the clock ---------------------------------------------------------*/

/* What the whole store needs but once is the first worker's. */
static void
ngx_http_shian_tick(ngx_event_t *ev)
{
    int                    dead;
    shian_time_t           now;
    ngx_http_shian_env_t  *env = ev->data;

    if (ngx_exiting || ngx_quit || ngx_terminate || env->store == NULL) {
        return;
    }

    (void) mdb_reader_check(env->store->env, &dead);
    now = ngx_http_shian_now(env);

    /* None of it can be undone: a clock in doubt must not ask for it. */
    if (ngx_worker == 0 && !now.suspect) {
        if (env->ticks++ % SHIAN_PHOTO_TICKS == 0) {
            ngx_http_shian_sweep_photos(env, now.now_ms);
        }

        /* With the next tick, when it is committed, their photos go. */
        if (ngx_http_shian_sweep_rows(env, now.now_ms) != 0) {
            env->ticks = 0;
        }
    }

    ngx_add_timer(&env->tick, SHIAN_TICK_MS);
}


ngx_int_t
ngx_http_shian_sweep_init(ngx_http_shian_env_t *env, ngx_cycle_t *cycle)
{
    ngx_http_shian_sweep_t  *s, **data;

    s = ngx_pcalloc(cycle->pool, sizeof(*s));
    env->sweep = ngx_thread_task_alloc(cycle->pool, sizeof(s));

    if (s == NULL || env->sweep == NULL) {
        return NGX_ERROR;
    }

    s->env = env;
    data = env->sweep->ctx;
    *data = s;
    env->sweep->handler = ngx_http_shian_sweep_run;
    env->sweep->event.handler = ngx_http_shian_sweep_done;
    env->sweep->event.data = s;
    env->sweep->event.log = cycle->log;

    env->tick.handler = ngx_http_shian_tick;
    env->tick.data = env;
    env->tick.log = cycle->log;
    env->tick.cancelable = 1;

    return NGX_OK;
}


void
ngx_http_shian_sweep_start(ngx_http_shian_env_t *env)
{
    env->ticks = 0;
    ngx_add_timer(&env->tick, SHIAN_TICK_MS);
}
