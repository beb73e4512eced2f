/*
 * A store's life in a worker.  It is opened when the worker begins, or later
 * by the clock when it could not be; it is closed when its folder is no
 * longer the one that was opened, and opened anew.  Until then its locations
 * answer 503, and nothing else of nginx notices.
 *
 * Pool threads work in the store while the event loop goes on.  What must not
 * happen under them (another map, closing) waits until env->working is 0.
 */

#include "ngx_http_shian.h"

#include "core/look.h"

#define SHIAN_AGAIN_MS  500


/* Stores that this process has open, of whatever configuration. */
static ngx_queue_t  ngx_http_shian_open_stores;


static void ngx_http_shian_env_close(ngx_http_shian_env_t *env);


/* ---- before the workers ---------------------------------------------------*/

static bool
ngx_http_shian_look_at_store(void *data, char *err, size_t errsize)
{
    ngx_http_shian_env_t  *env = data;

    return shian_store_test((char *) env->path.data, env->map_size, err,
                            errsize);
}


void
ngx_http_shian_env_look(ngx_http_shian_env_t *env, ngx_cycle_t *cycle)
{
    char              err[1024];
    ngx_uint_t        i;
    ngx_core_conf_t  *ccf;

    ccf = (ngx_core_conf_t *) ngx_get_conf(cycle->conf_ctx, ngx_core_module);

    /* No lock is taken, so a store in use is looked at once more. */
    for (i = 0; i < 2; i++) {
        if (shian_look_as(ccf->user, ccf->group, ccf->username,
                          ngx_http_shian_look_at_store, env, err,
                          sizeof(err)))
        {
            return;
        }
    }

    if (ngx_strncmp(err, "store \"", 7) == 0) {
        ngx_http_shian_warn(cycle->log, env->file, env->line, &env->said,
                            err);
    } else {
        char  line[1200];

        snprintf(line, sizeof(line), "store \"%s\": %s; restore the last "
                 "backup with \"shianctl restore\"", (char *) env->path.data,
                 err);
        ngx_http_shian_warn(cycle->log, env->file, env->line, &env->said,
                            line);
    }
}


/* ---- opening and closing --------------------------------------------------*/

/* The two files of the folder as they are now; false: there are none. */
static bool
ngx_http_shian_env_stat(ngx_http_shian_env_t *env, struct stat st[2])
{
    ngx_uint_t  i;
    char        path[4096];

    static const char *const  files[] = { "data.mdb", "lock.mdb" };

    for (i = 0; i < 2; i++) {
        snprintf(path, sizeof(path), "%s/%s", (char *) env->path.data,
                 files[i]);

        if (stat(path, &st[i]) != 0) {
            return false;
        }
    }

    return true;
}


/* Are they those that are open, and as long as they were? */
static bool
ngx_http_shian_env_same(ngx_http_shian_env_t *env, struct stat st[2])
{
    return st[0].st_ino == env->inode[0] && st[0].st_dev == env->device[0]
           && st[1].st_ino == env->inode[1] && st[1].st_dev == env->device[1]
           && st[0].st_size >= env->size;
}


/*
 * LMDB forbids a process to open one folder twice.  What another
 * configuration of this process has open and nobody uses is closed.
 */
static ngx_http_shian_env_t *
ngx_http_shian_env_open_already(ngx_http_shian_env_t *env)
{
    struct stat            st[2];
    ngx_queue_t           *q;
    ngx_http_shian_env_t  *other;

    if (!ngx_http_shian_env_stat(env, st)) {
        return NULL;
    }

    for (q = ngx_queue_head(&ngx_http_shian_open_stores);
         q != ngx_queue_sentinel(&ngx_http_shian_open_stores);
         q = ngx_queue_next(q))
    {
        other = ngx_queue_data(q, ngx_http_shian_env_t, link);

        if (st[0].st_ino != other->inode[0]
            || st[0].st_dev != other->device[0])
        {
            continue;
        }

        if (other->main == env->main || other->working != 0) {
            return other;
        }

        ngx_http_shian_env_close(other);

        return NULL;
    }

    return NULL;
}


static bool
ngx_http_shian_env_open(ngx_http_shian_env_t *env, char *err, size_t errsize)
{
    int                    rc;
    struct stat            st[2];
    ngx_http_shian_env_t  *other;

    other = ngx_http_shian_env_open_already(env);

    if (other != NULL) {
        snprintf(err, errsize, "store \"%s\" is \"%s\" by another name, and "
                 "open; reload nginx", (char *) env->path.data,
                 (char *) other->path.data);
        return false;
    }

    if (!shian_store_access((char *) env->path.data, err, errsize)) {
        return false;
    }

    env->store = shian_store_open((char *) env->path.data, env->map_size,
                                  (unsigned) env->readers, false, err,
                                  errsize);
    if (env->store == NULL) {
        return false;
    }

    rc = mdb_txn_begin(env->store->env, NULL, MDB_RDONLY, &env->read);

    if (rc != 0 || !ngx_http_shian_env_stat(env, st)) {
        snprintf(err, errsize, "store \"%s\": no reader: %s; raise readers= "
                 "of shian_store", (char *) env->path.data,
                 rc != 0 ? mdb_strerror(rc) : strerror(errno));
        if (rc == 0) {
            mdb_txn_abort(env->read);
        }
        env->read = NULL;
        shian_store_close(env->store);
        env->store = NULL;
        return false;
    }

    mdb_txn_reset(env->read);

    for (rc = 0; rc < 2; rc++) {
        env->inode[rc] = st[rc].st_ino;
        env->device[rc] = st[rc].st_dev;
    }

    env->size = st[0].st_size;
    env->grown = env->gone = 0;
    env->opened++;
    ngx_queue_insert_tail(&ngx_http_shian_open_stores, &env->link);

    ngx_http_shian_sweep_start(env);
    ngx_http_shian_grading_start(env);

    return true;
}


/* Nobody is working in it, and no handler reads. */
static void
ngx_http_shian_env_close(ngx_http_shian_env_t *env)
{
    if (env->store == NULL) {
        return;
    }

    ngx_http_shian_grading_stop(env);

    if (env->tick.timer_set) {
        ngx_del_timer(&env->tick);
    }

    if (env->idle.posted) {
        ngx_delete_posted_event(&env->idle);
    }

    mdb_txn_abort(env->read);
    env->read = NULL;
    shian_store_close(env->store);
    env->store = NULL;
    env->gone = env->grown = 0;
    ngx_queue_remove(&env->link);

    /* Streams end, and what waits to be written is turned away. */
    ngx_http_shian_events_poke(env);
    ngx_http_shian_write_resume(env);
}


/* ---- under the pool threads -----------------------------------------------*/

ngx_int_t
ngx_http_shian_work(ngx_http_shian_env_t *env, ngx_thread_pool_t *pool,
    ngx_thread_task_t *task)
{
    if (ngx_thread_task_post(pool, task) != NGX_OK) {
        return NGX_ERROR;
    }

    env->working++;

    return NGX_OK;
}


void
ngx_http_shian_over(ngx_http_shian_env_t *env)
{
    if (--env->working == 0 && (env->grown || env->gone)) {
        ngx_post_event(&env->idle, &ngx_posted_events);
    }
}


/* In the event loop, in no handler. */
static void
ngx_http_shian_env_idle(ngx_event_t *ev)
{
    int                    rc;
    ngx_http_shian_env_t  *env = ev->data;

    if (env->working != 0 || env->store == NULL) {
        return;
    }

    if (env->grown && !env->gone) {
        env->grown = 0;
        rc = mdb_env_set_mapsize(env->store->env, 0);

        if (rc != 0) {
            ngx_log_error(NGX_LOG_CRIT, env->log, 0, "shian: store \"%V\" "
                          "has grown and cannot be mapped: %s", &env->path,
                          mdb_strerror(rc));
            env->gone = 1;
        }

        ngx_http_shian_write_resume(env);
    }

    if (env->gone) {
        ngx_http_shian_env_close(env);
    }
}


/*
 * Another program has let the store grow past our map, or LMDB has given it
 * up, or its folder is another one: as soon as nobody works in it.
 */
void
ngx_http_shian_env_when_idle(ngx_http_shian_env_t *env)
{
    if (env->working == 0 && !env->idle.posted) {
        ngx_post_event(&env->idle, &ngx_posted_events);
    }
}


/* ---- by the clock ---------------------------------------------------------*/

static void
ngx_http_shian_env_check(ngx_http_shian_env_t *env)
{
    char         err[1024];
    struct stat  st[2];

    if (env->store == NULL) {
        if (ngx_http_shian_env_open(env, err, sizeof(err))) {
            ngx_log_error(NGX_LOG_NOTICE, env->log, 0,
                          "shian: store \"%V\" is open", &env->path);
            env->said = 0;
        } else {
            ngx_http_shian_warn(env->log, env->file, env->line, &env->said,
                                err);
        }
        return;
    }

    if (ngx_http_shian_env_stat(env, st) && ngx_http_shian_env_same(env, st))
    {
        env->size = st[0].st_size;

    } else if (!env->gone) {
        snprintf(err, sizeof(err), "store \"%s\": its files were moved, "
                 "deleted, replaced or cut under nginx; what is written now "
                 "would be lost; put them back or run \"shianctl restore\"",
                 (char *) env->path.data);
        ngx_http_shian_warn(env->log, env->file, env->line, &env->said, err);
        env->gone = 1;
    }

    if (env->gone || env->grown) {
        ngx_http_shian_env_when_idle(env);
    }
}


static void
ngx_http_shian_check_all(ngx_http_shian_main_conf_t *smcf, ngx_log_t *log)
{
    ngx_uint_t               i;
    ngx_http_shian_env_t   **envs = smcf->envs.elts;
    ngx_http_shian_part_t  **parts = smcf->parts.elts;

    for (i = 0; i < smcf->parts.nelts; i++) {
        if (parts[i]->value != NULL) {
            continue;
        }

        ngx_http_shian_read_again(parts[i], log);

        if (parts[i] == smcf->documents && parts[i]->value != NULL) {
            (void) ngx_http_shian_use_documents(parts[i]->value);
        }
    }

    for (i = 0; i < smcf->envs.nelts; i++) {
        ngx_http_shian_env_check(envs[i]);
    }
}


static void
ngx_http_shian_clock(ngx_event_t *ev)
{
    if (ngx_exiting || ngx_quit || ngx_terminate) {
        return;
    }

    ngx_http_shian_check_all(ev->data, ev->log);
    ngx_add_timer(ev, SHIAN_AGAIN_MS);
}


ngx_int_t
ngx_http_shian_ready(ngx_http_shian_srv_conf_t *sscf)
{
    ngx_http_shian_html_t       *html;
    ngx_http_shian_env_t        *env = sscf->env;
    ngx_http_shian_main_conf_t  *smcf = env->main;

    /* Without a master a reload makes no new process. */
    if (!smcf->begun
        && ngx_http_shian_start(smcf, (ngx_cycle_t *) ngx_cycle) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    html = sscf->html_part->value;

    if (html != NULL) {
        sscf->templates = html->templates;
        sscf->version = html->version;
    }

    sscf->keys = sscf->keys_part->value;

    if (sscf->words_part != NULL) {
        sscf->screen = sscf->words_part->value;
    }

    return html != NULL && sscf->keys != NULL && sscf->screen != NULL
           && env->store != NULL && !env->gone
           && (smcf->documents == NULL || smcf->documents->value != NULL)
           ? NGX_OK : NGX_DECLINED;
}


/* ---- a worker's life ------------------------------------------------------*/

static ngx_int_t
ngx_http_shian_env_init(ngx_http_shian_env_t *env, ngx_cycle_t *cycle)
{
    env->log = cycle->log;
    env->idle.handler = ngx_http_shian_env_idle;
    env->idle.data = env;
    env->idle.log = cycle->log;

    ngx_http_shian_events_init(env, cycle);

    return ngx_http_shian_write_init(env, cycle) == NGX_OK
           && ngx_http_shian_sweep_init(env, cycle) == NGX_OK
           ? ngx_http_shian_grading_init(env, cycle) : NGX_ERROR;
}


static void
ngx_http_shian_stopped(void *data)
{
    ngx_http_shian_stop(data);
}


ngx_int_t
ngx_http_shian_start(ngx_http_shian_main_conf_t *smcf, ngx_cycle_t *cycle)
{
    ngx_uint_t                    i;
    ngx_pool_cleanup_t           *cln;
    ngx_http_shian_env_t        **envs = smcf->envs.elts;
    ngx_http_shian_documents_t   *documents;

    cln = ngx_pool_cleanup_add(cycle->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_http_shian_stopped;
    cln->data = smcf;

    if (ngx_http_shian_open_stores.next == NULL) {
        ngx_queue_init(&ngx_http_shian_open_stores);
    }

    smcf->begun = 1;
    ngx_http_shian_counters = smcf->counters;
    smcf->cache = ngx_http_shian_page_init(cycle);
    documents = smcf->documents == NULL ? NULL : smcf->documents->value;

    if (smcf->cache == NULL
        || ngx_http_shian_use_documents(documents) != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (i = 0; i < smcf->envs.nelts; i++) {
        if (ngx_http_shian_env_init(envs[i], cycle) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    smcf->tick.handler = ngx_http_shian_clock;
    smcf->tick.data = smcf;
    smcf->tick.log = cycle->log;
    smcf->tick.cancelable = 1;

    ngx_http_shian_check_all(smcf, cycle->log);
    ngx_add_timer(&smcf->tick, SHIAN_AGAIN_MS);

    return NGX_OK;
}


void
ngx_http_shian_stop(ngx_http_shian_main_conf_t *smcf)
{
    ngx_uint_t              i;
    ngx_http_shian_env_t  **envs = smcf->envs.elts;

    if (!smcf->begun) {
        return;
    }

    smcf->begun = 0;

    if (smcf->tick.timer_set) {
        ngx_del_timer(&smcf->tick);
    }

    for (i = 0; i < smcf->envs.nelts; i++) {
        ngx_http_shian_env_close(envs[i]);
    }
}
