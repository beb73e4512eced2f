/*
 * The time of day as far as it can be believed (store/clock.h).  All that a
 * worker does by the clock asks here; whatever cannot be undone waits while
 * the clock is in doubt, and the log, metrics and pages of staff say so.
 */

#include "ngx_http_shian.h"

#include "domain/event.h"
#include "domain/rules.h"
#include "store/claim.h"

#define SHIAN_CLOCK_LOOK_MS  5000           /* between looks into the store */


/*
 * What the store knows: a confirmation may come from anywhere.  Where nothing
 * was written since, this worker knows better.
 */
static void
ngx_http_shian_clock_look(ngx_http_shian_env_t *env,
    const shian_instant_t *now)
{
    shian_txn_t       t;
    shian_arena_t     arena;
    shian_clocks_t    mine = env->clock;

    /* At first sight; until the store is closed. */
    if (env->store->claim == 0) {
        shian_claim(env->store, shian_rules_newest());
    }

    shian_arena_init(&arena, NULL, NULL);

    if (shian_txn_begin(env->store, &arena, false, &t) == 0) {
        shian_clock_load(&t, &env->clock);
        shian_txn_abort(&t);
        env->clock_seen = now->since_boot_ms;

        if (mine.trusted.since_boot_ms != 0
            && (memcmp(mine.trusted.boot, env->clock.trusted.boot,
                       SHIAN_BOOT_SIZE) != 0
                || mine.trusted.since_boot_ms
                   >= env->clock.trusted.since_boot_ms))
        {
            env->clock.trusted = mine.trusted;

            if (env->clock.doubted.since_boot_ms == 0
                || mine.doubted.since_boot_ms == 0)
            {
                env->clock.doubted = mine.doubted;
            }
        }
    }

    shian_arena_free(&arena);
}


static void
ngx_http_shian_clocks_tell(ngx_http_shian_env_t *env, const shian_time_t *t)
{
    if (env->suspect == t->suspect) {
        return;
    }

    env->suspect = t->suspect;

    if (t->suspect) {
        ngx_log_error(NGX_LOG_ERR, env->log, 0,
                      "shian: store \"%V\": the clock is in doubt, %L s off; "
                      "grading, sweeping and erasing wait: set it right, or "
                      "say \"shianctl clock confirm\"", &env->path,
                      t->off_ms / 1000);
    } else {
        ngx_log_error(NGX_LOG_NOTICE, env->log, 0,
                      "shian: store \"%V\": the clock is trusted again",
                      &env->path);
    }
}


shian_time_t
ngx_http_shian_now(ngx_http_shian_env_t *env)
{
    shian_time_t     t;
    shian_instant_t  now;

    shian_instant(&now);

    if (env == NULL || env->store == NULL) {
        return (shian_time_t) { false, now.wall_ms, 0 };
    }

    if (env->clock_seen == 0 || now.since_boot_ms < env->clock_seen
        || now.since_boot_ms - env->clock_seen >= SHIAN_CLOCK_LOOK_MS)
    {
        ngx_http_shian_clock_look(env, &now);
    }

    t = shian_clock_judge(&env->clock, &now);

    if (shian_clock_due(&env->clock, &now)) {
        shian_clock_take(&env->clock, &now);
    }

    ngx_http_shian_clocks_tell(env, &t);

    return t;
}


/* ---- what people see of it ------------------------------------------------*/

void
ngx_http_shian_clock_frame(ngx_http_shian_ctx_t *c, Shian__Frame *f)
{
    uint32_t  role;

    role = 1u << c->caller.actor.role;

    if (!c->suspect || (SHIAN_FOLLOWERS & role) == 0) {
        return;
    }

    f->has_clock_on = f->has_clock_confirm = 1;
    f->clock_on = shian_local_day(c->now_ms, SHIAN_TZ_MINUTES);
    f->clock_confirm = (role & (SHIAN_ROLE(chief) | SHIAN_ROLE(admin))) != 0
                       && (c->caller.user == NULL
                           || c->caller.user->n_districts == 0);
}


static ngx_int_t
ngx_http_shian_clock_confirmed(ngx_http_shian_ctx_t *c)
{
    c->conf->env->clock_seen = 0;

    if (c->format == SHIAN_OUT_JSON) {
        return ngx_http_shian_send(c, NGX_HTTP_NO_CONTENT, NULL, SHIAN_NONE);
    }

    return ngx_http_shian_redirect(c, NGX_HTTP_SEE_OTHER, "/desk");
}


/* A chief of the whole city has looked: the time of day is right. */
ngx_int_t
ngx_http_shian_desk_clock(ngx_http_shian_ctx_t *c)
{
    Shian__Operation     op;
    shian_instant_t      now;
    Shian__ClockConfirm  confirm = SHIAN__CLOCK_CONFIRM__INIT;

    shian_instant(&now);
    ngx_http_shian_operation(c, &op);
    op.at = now.wall_ms;
    op.has_clock_in_doubt = 0;
    op.body_case = SHIAN__OPERATION__BODY_CLOCK_CONFIRM;
    op.clock_confirm = &confirm;

    return ngx_http_shian_submit(c, &op, ngx_http_shian_clock_confirmed);
}
