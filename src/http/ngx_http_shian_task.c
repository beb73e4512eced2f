/*
 * Work for one request in the pool thread, piece by piece: between two
 * pieces the thread writes what has come in meanwhile, so long work delays a
 * commit by no more than one piece.
 */

#include "ngx_http_shian.h"

#define SHIAN_TASK_HOLD_MS  1000


struct ngx_http_shian_task_s {
    ngx_http_request_t   *request;
    ngx_http_shian_env_t *env;
    bool                (*work)(void *data);
    ngx_int_t           (*done)(ngx_http_shian_ctx_t *c, void *data);
    void                 *data;
    bool                  more;
};


/* In the pool thread. */
static void
ngx_http_shian_task_run(void *ctx, ngx_log_t *log)
{
    ngx_http_shian_task_t  *t = ctx;

    ngx_http_shian_be_nice();
    t->more = t->work(t->data);
}


/* The request's write handler once the work is over. */
static void
ngx_http_shian_task_resume(ngx_http_request_t *r)
{
    ngx_http_shian_ctx_t   *c;
    ngx_http_shian_task_t  *t;

    c = ngx_http_get_module_ctx(r, ngx_http_shian_module);
    t = c->task;

    if (t == NULL || r->aio) {
        return;                 /* some other write event */
    }

    c->task = NULL;
    r->write_event_handler = ngx_http_request_empty_handler;

    /* finalize takes back the count that holding added. */
    ngx_http_finalize_request(r, t->more
        ? ngx_http_shian_refuse(c, 503, "busy",
                                "Too much is being written; try again.")
        : t->done(c, t->data));
}


static void
ngx_http_shian_task_event(ngx_event_t *ev)
{
    ngx_thread_task_t      *task = ev->data;
    ngx_http_shian_task_t  *t = task->ctx;

    if (ev->timedout && !ev->complete) {
        /* An exiting worker must not leave before the thread is done. */
        ev->timedout = 0;
        ngx_add_timer(ev, SHIAN_TASK_HOLD_MS);
        return;
    }

    /* Nobody waits any more where the connection broke. */
    if (t->more && !t->request->connection->error) {
        ev->complete = 0;

        if (ngx_http_shian_work(t->env, t->env->main->files, task) == NGX_OK)
        {
            ngx_http_shian_over(t->env);
            return;
        }
    }

    ngx_http_shian_over(t->env);

    if (ev->timer_set) {
        ngx_del_timer(ev);
    }

    ngx_http_shian_wake(t->request);
}


ngx_int_t
ngx_http_shian_task(ngx_http_shian_ctx_t *c, bool (*work)(void *data),
    ngx_int_t (*done)(ngx_http_shian_ctx_t *c, void *data), void *data)
{
    ngx_http_request_t     *r = c->request;
    ngx_thread_task_t      *task;
    ngx_http_shian_task_t  *t;

    task = ngx_thread_task_alloc(r->pool, sizeof(*t));
    if (task == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    t = task->ctx;
    t->request = r;
    t->env = c->conf->env;
    t->work = work;
    t->done = done;
    t->data = data;

    task->handler = ngx_http_shian_task_run;
    task->event.handler = ngx_http_shian_task_event;
    task->event.data = task;
    task->event.log = r->connection->log;

    if (ngx_http_shian_work(t->env, t->env->main->files, task) != NGX_OK) {
        return ngx_http_shian_refuse(c, 503, "busy",
                                     "Too much is being written; try again.");
    }

    ngx_add_timer(&task->event, SHIAN_TASK_HOLD_MS);
    c->task = t;
    r->write_event_handler = ngx_http_shian_task_resume;
    ngx_http_shian_hold(r);

    return NGX_DONE;
}
