/*
 * Group commit.  Operations wait in the worker's queue; whenever no batch is
 * in flight all of them go to the pool thread as one LMDB transaction, so
 * many requests share one fsync.  In the thread: no request, no nginx pool.
 */

#include "ngx_http_shian.h"

#include <sys/resource.h>
#include <sys/syscall.h>

#include "domain/operations.h"

#define SHIAN_GATHER_MS   5
#define SHIAN_HOLD_MS     1000


/* Heap-owned: outlives its request if need be. */
struct ngx_http_shian_item_s {
    ngx_queue_t              queue;
    shian_item_t             item;
    ngx_http_request_t      *request;   /* NULL: nobody waits */
    ngx_http_shian_env_t    *env;
    ngx_uint_t               done;
    ngx_uint_t               own;       /* the machine's */
    size_t                   size;
    u_char                   data[];
};


static void ngx_http_shian_gather(ngx_http_shian_env_t *env);
static void ngx_http_shian_dispatch(ngx_http_shian_env_t *env);


void
ngx_http_shian_hold(ngx_http_request_t *r)
{
    r->main->blocked++;
    r->main->count++;
    r->aio = 1;
}


/*
 * As nginx's own thread handlers do: a request that was terminated meanwhile
 * has had its write handler swapped for one that frees it.
 */
void
ngx_http_shian_wake(ngx_http_request_t *r)
{
    ngx_connection_t  *c;

    c = r->connection;
    ngx_http_set_log_request(c->log, r);

    r->main->blocked--;
    r->aio = 0;

    r->write_event_handler(r);
    ngx_http_run_posted_requests(c);
}


/*
 * Lets the event loop go first where both want one core: a nice value is a
 * thread's own on Linux.  A commit waits for the disk anyway.
 */
void
ngx_http_shian_be_nice(void)
{
    static __thread bool  done;

    if (!done) {
        done = true;
        (void) setpriority(PRIO_PROCESS, (id_t) syscall(SYS_gettid), 10);
    }
}


/* In the pool thread. */
static void
ngx_http_shian_run_batch(void *data, ngx_log_t *log)
{
    ngx_http_shian_env_t  *env = *(ngx_http_shian_env_t **) data;

    ngx_http_shian_be_nice();
    env->rc = shian_batch_run(env->store, &shian_machine, env->items,
                              env->nitems);
}


static void
ngx_http_shian_count_batch(ngx_http_shian_env_t *env)
{
    size_t  i;

    ngx_http_shian_count(batches);
    (void) ngx_atomic_fetch_add(&ngx_http_shian_counters->batch_ms,
                                ngx_current_msec - env->begun);

    if (env->rc != 0) {
        ngx_http_shian_count(failed_batches);
        ngx_log_error(NGX_LOG_CRIT, env->log, 0,
                      "shian: a batch of %uz operations was not written: %s; "
                      "nothing of it was acknowledged", env->nitems,
                      mdb_strerror(env->rc));
        return;
    }

    for (i = 0; i < env->nitems; i++) {
        if (env->items[i]->report.status == 200) {
            ngx_http_shian_count(operations);
        } else {
            ngx_http_shian_count(refused);
        }
    }
}


/*
 * LMDB gives up an environment whose root page could not be written, for
 * readers too.  Only opening it anew helps.
 */
static void
ngx_http_shian_check_env(ngx_http_shian_env_t *env)
{
    int  rc;

    if (env->reading || env->store == NULL) {
        return;
    }

    rc = ngx_http_shian_renew_read(env);

    if (rc == 0) {
        mdb_txn_reset(env->read);

    } else if (rc == MDB_PANIC) {
        ngx_log_error(NGX_LOG_CRIT, env->log, 0,
                      "shian: the root of store \"%V\" could not be written; "
                      "it is opened anew", &env->path);
        env->gone = 1;
        ngx_http_shian_env_when_idle(env);
    }
}


/* The batch in flight is the first of those that wait again. */
static void
ngx_http_shian_put_back(ngx_http_shian_env_t *env)
{
    ngx_queue_t  *q;

    while (!ngx_queue_empty(&env->batch)) {
        q = ngx_queue_last(&env->batch);
        ngx_queue_remove(q);
        ngx_queue_insert_head(&env->waiting, q);
        env->nwaiting++;
    }

    env->busy = 0;
    env->grown = 1;
    ngx_http_shian_env_when_idle(env);
}


/* Back in the event loop: every waiting request learns its outcome. */
static void
ngx_http_shian_batch_done(ngx_event_t *ev)
{
    ngx_uint_t              failed;
    ngx_queue_t             batch, *q;
    ngx_http_request_t     *r;
    ngx_http_shian_env_t   *env = ev->data;
    ngx_http_shian_item_t  *it;

    if (env->posted) {
        env->posted = 0;
        ngx_http_shian_over(env);
    }

    /* Another program has let it grow: mapped anew, it is written. */
    if (env->rc == MDB_MAP_RESIZED && !env->gone) {
        ngx_http_shian_put_back(env);
        return;
    }

    ngx_http_shian_count_batch(env);

    /* The next batch may have begun before the end of this is told. */
    failed = env->rc != 0;

    ngx_queue_init(&batch);
    ngx_queue_add(&batch, &env->batch);
    ngx_queue_init(&env->batch);
    env->busy = 0;

    if (failed) {
        ngx_http_shian_check_env(env);
    }

    if (env->hold.timer_set) {
        ngx_del_timer(&env->hold);
    }

    ngx_http_shian_gather(env);

    while (!ngx_queue_empty(&batch)) {
        q = ngx_queue_head(&batch);
        ngx_queue_remove(q);
        it = ngx_queue_data(q, ngx_http_shian_item_t, queue);
        it->done = 1;
        r = it->request;

        if (it->own) {
            env->own--;
            env->own_failed |= failed;
        }

        if (r == NULL) {
            ngx_free(it);
            continue;
        }

        ngx_http_shian_wake(r);
    }

    ngx_http_shian_events_poke(env);
}


/*
 * Clients that write without a pause come in two crowds, each waiting for the
 * other's commit.  Where the disk is slow, those who wait do so up to half a
 * commit longer, until as many are there as were in the last one.
 */
static void
ngx_http_shian_gather(ngx_http_shian_env_t *env)
{
    ngx_msec_t  wait;

    wait = (ngx_current_msec - env->begun) / 2;

    if (wait == 0 || env->nwaiting >= env->nitems || ngx_exiting) {
        ngx_http_shian_dispatch(env);
        return;
    }

    ngx_add_timer(&env->gather, ngx_min(wait, SHIAN_GATHER_MS));
}


static void
ngx_http_shian_gather_timer(ngx_event_t *ev)
{
    ngx_http_shian_dispatch(ev->data);
}


static void
ngx_http_shian_dispatch(ngx_http_shian_env_t *env)
{
    size_t                  n;
    ngx_queue_t            *q;
    ngx_http_shian_item_t  *it;

    /* A store that has grown is mapped anew first. */
    if (env->busy || env->grown || ngx_queue_empty(&env->waiting)) {
        return;
    }

    if (env->gather.timer_set) {
        ngx_del_timer(&env->gather);
    }

    for (n = 0; n < env->batch_max && !ngx_queue_empty(&env->waiting); n++) {
        q = ngx_queue_head(&env->waiting);
        ngx_queue_remove(q);
        ngx_queue_insert_tail(&env->batch, q);
        it = ngx_queue_data(q, ngx_http_shian_item_t, queue);
        env->items[n] = &it->item;
    }

    env->nitems = n;
    env->nwaiting -= n;
    env->busy = 1;
    env->begun = ngx_current_msec;

    env->task->handler = ngx_http_shian_run_batch;
    env->task->event.handler = ngx_http_shian_batch_done;
    env->task->event.data = env;

    env->posted = env->store != NULL && !env->gone
                  && ngx_http_shian_work(env, env->main->pool, env->task)
                     == NGX_OK;

    if (!env->posted) {
        /* The pool's own queue is full, or the store has gone. */
        env->rc = MDB_BAD_TXN;

        while (n > 0) {
            shian_report_init(&env->items[--n]->report);
            (void) shian_fail(&env->items[n]->report, 503, "busy",
                              "Too much is being written; try again.");
        }

        ngx_post_event(&env->task->event, &ngx_posted_events);
        return;
    }

    /* An exiting worker waits for timers, not for pool threads. */
    if (!env->hold.timer_set) {
        ngx_add_timer(&env->hold, SHIAN_HOLD_MS);
    }
}


static void
ngx_http_shian_hold_timer(ngx_event_t *ev)
{
    ngx_http_shian_env_t  *env = ev->data;

    if (env->busy) {
        ngx_add_timer(&env->hold, SHIAN_HOLD_MS);
    }
}


static ngx_http_shian_item_t *
ngx_http_shian_new_item(ngx_http_shian_env_t *env, shian_str_t operation)
{
    ngx_http_shian_item_t  *it;

    it = ngx_calloc(sizeof(*it) + operation.n, env->log);

    if (it == NULL) {
        return NULL;
    }

    it->env = env;
    it->size = operation.n;
    it->item.operation = shian_slice(it->data, operation.n);
    ngx_memcpy(it->data, operation.p, operation.n);

    return it;
}


static void
ngx_http_shian_enqueue(ngx_http_shian_env_t *env, ngx_http_shian_item_t *it)
{
    ngx_queue_insert_tail(&env->waiting, &it->queue);
    env->nwaiting++;

    if (!env->gather.timer_set || env->nwaiting >= env->nitems) {
        ngx_http_shian_dispatch(env);
    }
}


static void
ngx_http_shian_item_cleanup(void *data)
{
    ngx_http_shian_item_t  *it = data;

    /* In flight or waiting it belongs to the queue, which frees it. */
    if (it->done) {
        ngx_free(it);
    } else {
        it->request = NULL;
    }
}


/* The request's write handler while its operation is under way. */
static void
ngx_http_shian_resume(ngx_http_request_t *r)
{
    ngx_http_shian_ctx_t  *c;

    c = ngx_http_get_module_ctx(r, ngx_http_shian_module);

    if (c == NULL || c->item == NULL || !c->item->done) {
        return;                 /* some other write event */
    }

    r->write_event_handler = ngx_http_request_empty_handler;
    c->report = c->item->item.report;
    c->seq = c->item->item.result.seq;

    /* finalize takes back the count that submit added. */
    ngx_http_finalize_request(r, c->report.status == 200 ? c->written(c)
                                 : c->refused != NULL ? c->refused(c)
                                 : ngx_http_shian_fail(c));
}


const Shian__Result *
ngx_http_shian_result(ngx_http_shian_ctx_t *c)
{
    return &c->item->item.result;
}


shian_str_t
ngx_http_shian_idempotency_key(ngx_http_shian_ctx_t *c)
{
    shian_str_t  key;

    key = ngx_http_shian_header(c->request, "idempotency-key");

    return key.n != 0 ? key : ngx_http_shian_body_arg(c, "idempotency_key");
}


void
ngx_http_shian_operation(ngx_http_shian_ctx_t *c, Shian__Operation *op)
{
    size_t       i;
    shian_str_t  key;

    shian__operation__init(op);
    op->has_at = 1;
    op->at = c->now_ms;
    op->has_clock_in_doubt = c->suspect;
    op->clock_in_doubt = c->suspect;
    op->actor = &c->caller.actor;

    key = ngx_http_shian_idempotency_key(c);

    for (i = 0; i < key.n; i++) {
        if (key.p[i] <= ' ' || key.p[i] > '~') {
            key.n = 65;
        }
    }

    if (key.n > 64) {
        shian_fail_field(&c->report, "idempotency_key", "pattern",
                         "1 to 64 visible characters");
        return;
    }

    if (key.n != 0) {
        op->idempotency_key = shian_strdup(&c->arena, key);
        op->has_body_hash = 1;
        op->body_hash = shian_binary(c->body_hash);
    }
}


ngx_int_t
ngx_http_shian_submit(ngx_http_shian_ctx_t *c, Shian__Operation *op,
    ngx_int_t (*done)(ngx_http_shian_ctx_t *c))
{
    bool                     sealed;
    shian_str_t              packed;
    shian_item_t             item;
    ngx_pool_cleanup_t      *cln;
    ngx_http_request_t      *r;
    ngx_http_shian_env_t    *env;
    ngx_http_shian_item_t   *it;

    const shian_operation_row_t  *row;

    r = c->request;
    env = c->conf->env;
    row = shian_operation(op->body_case);
    c->op = row->name;

    if (c->report.status != 200) {
        return ngx_http_shian_fail(c);
    }

    if (r != r->main) {
        return ngx_http_shian_refuse(c, 405, "method",
                                     "Subrequests may not write.");
    }

    if (env->nwaiting >= env->queue_max) {
        ngx_http_shian_count(queue_full);
        return ngx_http_shian_refuse(c, 503, "busy",
                                     "Too much is being written; try again.");
    }

    /* All members of the union are pointers to messages. */
    sealed = shian_seal((ProtobufCMessage *) op->store_init, c->conf->keys,
                        c->now_ms, &c->arena, &item);
    packed = shian_pack(&c->arena, op);
    cln = ngx_pool_cleanup_add(r->pool, 0);
    it = sealed && packed.p != NULL && cln != NULL
         ? ngx_http_shian_new_item(env, packed) : NULL;

    if (it != NULL) {
        it->item.vault = item.vault;
        it->item.sealed = item.sealed;
        it->item.keys = item.keys;
    }

    shian_vault_wipe(&item.vault);

    if (it == NULL) {
        return ngx_http_shian_refuse(c, 500, "server", "Out of memory.");
    }

    cln->handler = ngx_http_shian_item_cleanup;
    cln->data = it;

    it->request = r;
    c->item = it;
    c->written = done;

    r->write_event_handler = ngx_http_shian_resume;
    ngx_http_shian_hold(r);
    ngx_http_shian_enqueue(env, it);

    return NGX_DONE;
}


/* ---- the machine's own ----------------------------------------------------*/

ngx_int_t
ngx_http_shian_submit_own(ngx_http_shian_env_t *env, Shian__Operation *op)
{
    shian_str_t             packed;
    shian_time_t            now;
    Shian__Actor            actor = SHIAN__ACTOR__INIT;
    shian_arena_t           arena;
    ngx_http_shian_item_t  *it;

    now = ngx_http_shian_now(env);
    actor.has_role = 1;
    actor.role = SHIAN__ROLE__KIND__admin;
    op->has_at = 1;
    op->at = now.now_ms;
    op->actor = &actor;

    shian_arena_init(&arena, NULL, NULL);
    packed = shian_pack(&arena, op);
    it = packed.p == NULL ? NULL
         : ngx_http_shian_new_item(env, packed);
    shian_arena_free(&arena);

    if (it == NULL) {
        return NGX_ERROR;
    }

    it->own = 1;
    env->own++;
    ngx_http_shian_enqueue(env, it);

    return NGX_OK;
}


ngx_int_t
ngx_http_shian_write_init(ngx_http_shian_env_t *env, ngx_cycle_t *cycle)
{
    ngx_http_shian_env_t  **data;

    ngx_queue_init(&env->waiting);
    ngx_queue_init(&env->batch);

    env->task = ngx_thread_task_alloc(cycle->pool,
                                      sizeof(ngx_http_shian_env_t *));
    env->items = ngx_palloc(cycle->pool,
                            SHIAN_BATCH_MAX * sizeof(shian_item_t *));

    if (env->task == NULL || env->items == NULL) {
        return NGX_ERROR;
    }

    data = env->task->ctx;
    *data = env;

    env->gather.handler = ngx_http_shian_gather_timer;
    env->gather.data = env;
    env->gather.log = cycle->log;

    env->hold.handler = ngx_http_shian_hold_timer;
    env->hold.data = env;
    env->hold.log = cycle->log;

    return NGX_OK;
}


void
ngx_http_shian_write_resume(ngx_http_shian_env_t *env)
{
    ngx_http_shian_dispatch(env);
}
