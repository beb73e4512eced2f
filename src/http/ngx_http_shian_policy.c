/*
 * The chief's policy page: the document in force, what another one would do
 * to the whole city, and putting it in force.
 */

#include "ngx_http_shian.h"

#include "domain/policy_view.h"

/* Venues between two chances to write: a few milliseconds. */
#define SHIAN_PREVIEW_SLICE  1000


typedef struct {
    ngx_http_shian_env_t   *env;
    shian_txn_t             txn;        /* one state of the city throughout */
    shian_arena_t           arena;
    shian_policy_t          numbers;
    Shian__Policy          *document;
    uint64_t                now_ms;
    bool                    failed;
    shian_policy_effect_t   effect;
} ngx_http_shian_preview_t;


/* ---- the policy in force --------------------------------------------------*/

static bool
ngx_http_shian_grading_progress(ngx_http_shian_ctx_t *c,
    Shian__PolicyDesk *view)
{
    size_t                      n;
    uint64_t                    next;
    ngx_http_shian_env_t       *env = c->conf->env;
    Shian__ColourCount        **colours;
    Shian__GradingProgress     *g;
    ngx_http_shian_progress_t  *progress;

    g = shian_alloc(&c->arena, sizeof(*g));
    if (g == NULL) {
        return false;
    }

    shian__grading_progress__init(g);
    view->grading = g;
    g->has_on = g->has_venues = 1;
    g->on = env->grading != 0;

    if (!shian_view_colours(&c->txn, &colours, &n, &g->venues)) {
        return false;
    }

    if (!g->on) {
        return true;
    }

    progress = env->progress;
    next = progress->venue;
    g->has_waiting = 1;
    g->waiting = next == 0
                 && progress->policy != shian_policy_id(&c->txn);
    g->has_day = progress->day != 0;
    g->day = (int32_t) progress->day;

    if (next != 0) {
        g->has_done = 1;
        g->done = ngx_min(next - 1, g->venues);
    }

    return true;
}


static ngx_int_t
ngx_http_shian_show_policy(ngx_http_shian_ctx_t *c)
{
    Shian__PolicyDesk  *view;

    view = shian_view_policy_desk(&c->txn);

    if (view == NULL || !ngx_http_shian_grading_progress(c, view)) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (c->format == SHIAN_OUT_HTML) {
        view->form = shian_policy_form(&c->arena, view->policy, c->body,
                                       c->nbody, &c->report);
        if (view->form == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        /* A changed document needs a name of its own. */
        if (c->nbody == 0) {
            view->form->version = NULL;
        }
    }

    c->here = "/desk/policy";
    c->template = "desk_policy";
    c->view = &view->base;

    return ngx_http_shian_reply(c);
}


ngx_int_t
ngx_http_shian_desk_policy(ngx_http_shian_ctx_t *c)
{
    c->flash = shian_str_is(ngx_http_shian_arg(c, "done"), "publish")
               ? "policy_published" : NULL;

    return ngx_http_shian_show_policy(c);
}


static ngx_int_t
ngx_http_shian_policy_refused(ngx_http_shian_ctx_t *c)
{
    return ngx_http_shian_again(c, NULL, ngx_http_shian_show_policy);
}


/* ---- a preview ------------------------------------------------------------*/

/* In the pool thread: the next venues. */
static bool
ngx_http_shian_preview_work(void *data)
{
    bool                       more;
    ngx_http_shian_preview_t  *p = data;

    if (p->txn.mdb == NULL
        && shian_txn_begin(p->env->store, &p->arena, false, &p->txn) != 0)
    {
        p->txn.mdb = NULL;
        p->failed = true;
        return false;
    }

    p->failed = !shian_policy_preview_some(&p->txn, &p->numbers, p->now_ms,
                     SHIAN_PREVIEW_SLICE, &p->effect.counts,
                     shian_policy_effect_add, &p->effect, &more)
                || p->effect.failed;

    if (p->failed || !more) {
        shian_txn_abort(&p->txn);
        p->txn.mdb = NULL;
        return false;
    }

    return true;
}


/* The next one may begin. */
static void
ngx_http_shian_preview_over(ngx_http_shian_preview_t *p)
{
    if (p->env != NULL) {
        p->env->previews--;
        ngx_http_shian_over(p->env);
        p->env = NULL;
    }
}


static void
ngx_http_shian_preview_cleanup(void *data)
{
    ngx_http_shian_preview_t  *p = data;

    if (p->txn.mdb != NULL) {
        shian_txn_abort(&p->txn);
    }

    shian_arena_free(&p->arena);
    ngx_http_shian_preview_over(p);
}


static ngx_int_t
ngx_http_shian_previewed(ngx_http_shian_ctx_t *c, void *data)
{
    Shian__PolicyPreview      *view;
    ngx_http_shian_preview_t  *p = data;

    ngx_http_shian_preview_over(p);

    if (p->failed) {
        return ngx_http_shian_refuse(c, 503, "busy",
                                     "The store cannot be read now.");
    }

    view = shian_view_policy_effect(&c->arena, &p->effect, p->document);
    if (view == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (c->format == SHIAN_OUT_HTML && !c->json_body) {
        view->form = shian_policy_form(&c->arena, p->document, NULL, 0,
                                       &c->report);
        if (view->form == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

    } else {
        c->format = SHIAN_OUT_JSON;
        view->chart = NULL;
    }

    c->here = "/desk/policy";
    c->template = "desk_policy_preview";
    c->view = &view->base;

    return ngx_http_shian_reply(c);
}


static ngx_int_t
ngx_http_shian_preview(ngx_http_shian_ctx_t *c, const Shian__Policy *policy)
{
    ngx_pool_cleanup_t        *cln;
    ngx_http_shian_env_t      *env = c->conf->env;
    ngx_http_shian_preview_t  *p;

    /* One at a time: others wait for the thread that does it. */
    if (env->previews != 0) {
        return ngx_http_shian_refuse(c, 503, "busy",
                                     "Another preview is under way.");
    }

    cln = ngx_pool_cleanup_add(c->request->pool, sizeof(*p));
    if (cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    p = cln->data;
    ngx_memzero(p, sizeof(*p));
    shian_arena_init(&p->arena, NULL, NULL);
    p->env = env;
    p->now_ms = c->now_ms;
    p->effect.arena = &p->arena;
    shian_policy_numbers(policy, &p->numbers);
    env->previews++;
    env->working++;
    cln->handler = ngx_http_shian_preview_cleanup;

    p->document = shian_policy_document(&c->arena, &p->numbers,
                                        policy->version);
    if (p->document == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_shian_task(c, ngx_http_shian_preview_work,
                               ngx_http_shian_previewed, p);
}


/* ---- putting it in force --------------------------------------------------*/

static ngx_int_t
ngx_http_shian_policy_published(ngx_http_shian_ctx_t *c)
{
    /* It has no id where the document was in force already. */
    if (ngx_http_shian_result(c)->has_id) {
        c->status = NGX_HTTP_CREATED;
        c->location = "/desk/policy";
    }

    return ngx_http_shian_done(c, "/desk/policy?done=publish",
                               ngx_http_shian_show_policy);
}


ngx_int_t
ngx_http_shian_desk_policy_post(ngx_http_shian_ctx_t *c)
{
    bool               ok, publish, unchanged;
    Shian__Policy     *policy;
    Shian__Operation   op;
    Shian__PolicySet   set = SHIAN__POLICY_SET__INIT;

    c->refused = ngx_http_shian_policy_refused;

    if (!ngx_http_shian_document_action(c, &publish)) {
        return ngx_http_shian_fail(c);
    }

    ok = c->json_body
         ? shian_policy_parse(&c->arena, c->json, &policy, &c->report)
         : shian_policy_parse_form(&c->arena, c->body, c->nbody, &policy,
                                   &c->report);

    if (!ok || !shian_policy_check(&c->txn, policy, &unchanged, &c->report)) {
        return ngx_http_shian_policy_refused(c);
    }

    if (!publish) {
        return ngx_http_shian_preview(c, policy);
    }

    if (ngx_http_shian_pass_day(c) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    set.policy = policy;
    ngx_http_shian_operation(c, &op);
    op.body_case = SHIAN__OPERATION__BODY_POLICY_SET;
    op.policy_set = &set;

    return ngx_http_shian_submit(c, &op, ngx_http_shian_policy_published);
}
