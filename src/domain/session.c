#include "session.h"

#include "capabilities.h"


void
shian_caller_init(shian_caller_t *c)
{
    memset(c, 0, sizeof(*c));
    shian__actor__init(&c->actor);
    c->actor.has_role = 1;
    c->actor.role = SHIAN__ROLE__KIND__public;
}


static void
be_user(shian_caller_t *c, const Shian__User *u)
{
    c->user = u;
    c->name = u->name != NULL ? u->name : u->login;
    c->actor.has_user = 1;
    c->actor.user = u->id;
    c->actor.role = u->role;
    c->actor.has_venue = u->has_venue;
    c->actor.venue = u->venue;
}


bool
shian_caller_login(shian_caller_t *c, shian_txn_t *t, shian_str_t login)
{
    uint64_t      id;
    Shian__User  *u;

    id = shian_unique_get(t, 'U', login);
    u = id == 0 ? NULL : shian_user_get(t, id);

    if (u == NULL || u->disabled) {
        return false;
    }

    be_user(c, u);

    return true;
}


static bool
be_subject(shian_caller_t *c, shian_txn_t *t, const shian_token_t *token)
{
    Shian__User   *u;
    Shian__Venue  *v;

    switch (token->kind) {

    case SHIAN_SUBJECT_USER:
        u = shian_user_get(t, token->id);
        if (u == NULL || u->disabled) {
            return false;
        }
        be_user(c, u);
        break;

    case SHIAN_SUBJECT_LOGIN:
        if (!shian_caller_login(c, t, token->login)) {
            return false;
        }
        break;

    case SHIAN_SUBJECT_VENUE:
        v = shian_venue_get(t, token->id);
        if (v == NULL) {
            return false;
        }
        c->name = v->name;
        c->actor.role = SHIAN__ROLE__KIND__venue;
        c->actor.has_venue = 1;
        c->actor.venue = v->id;
        return true;

    default:
        return false;
    }

    return token->iat_ms >= c->user->sessions_from;
}


shian_token_result_t
shian_caller_token(shian_caller_t *c, shian_txn_t *t,
    const shian_keys_t *keys, shian_str_t aud, shian_use_t use,
    uint64_t now_ms, shian_str_t token, shian_token_t *out)
{
    shian_token_result_t  rc;

    rc = shian_token_verify(t->arena, keys, aud, use, now_ms, token, out);

    if (rc != SHIAN_TOKEN_OK) {
        return rc;
    }

    if (shian_spent(t, shian_slice(out->jti, sizeof(out->jti)))
        || !be_subject(c, t, out))
    {
        shian_caller_init(c);
        return SHIAN_TOKEN_EXPIRED;
    }

    if (use == SHIAN_USE_SESSION) {
        memcpy(c->session, out->jti, sizeof(c->session));
        c->has_session = true;
        c->began_ms = out->iat_ms;
        c->expires_ms = out->exp_ms;
    }

    return SHIAN_TOKEN_OK;
}


bool
shian_caller_mint(shian_caller_t *c, shian_arena_t *a,
    const shian_keys_t *keys, shian_str_t aud, uint64_t now_ms,
    shian_str_t *token)
{
    shian_token_t  t;

    if (!c->has_session) {
        shian_session_id(c->session, now_ms + SHIAN_SESSION_MAX_MS);
        c->has_session = true;
        c->began_ms = now_ms;
    }

    memset(&t, 0, sizeof(t));
    t.use = SHIAN_USE_SESSION;
    t.kind = c->user != NULL ? SHIAN_SUBJECT_USER : SHIAN_SUBJECT_VENUE;
    t.id = c->user != NULL ? c->user->id : c->actor.venue;
    t.iat_ms = c->began_ms;
    t.exp_ms = now_ms + SHIAN_SESSION_IDLE_MS;

    if (t.exp_ms > c->began_ms + SHIAN_SESSION_MAX_MS) {
        t.exp_ms = c->began_ms + SHIAN_SESSION_MAX_MS;
    }

    memcpy(t.jti, c->session, sizeof(t.jti));
    c->expires_ms = t.exp_ms;

    return shian_token_issue(a, keys, aud, &t, token);
}


/* ---- operations -----------------------------------------------------------*/

bool
shian_session_start_check(shian_op_t *o)
{
    Shian__User                *u;
    const Shian__SessionStart  *op = o->op->session_start;

    if (op->has_link && op->link.len < 8) {
        return shian_fail(o->report, 400, "malformed", "No such link.");
    }

    if (op->has_link && shian_spent(o->txn, shian_bytes(op->link))) {
        return shian_fail(o->report, 410, "link_spent",
                          "This sign-in link was used; ask for another.");
    }

    if (op->has_user) {
        u = shian_user_get(o->txn, op->user);
        if (u == NULL || u->disabled) {
            return shian_fail(o->report, 403, "forbidden",
                              "The account is disabled.");
        }
    }

    return true;
}


void
shian_session_start_apply(shian_op_t *o)
{
    const Shian__SessionStart  *op = o->op->session_start;

    if (op->has_link) {
        shian_spend(o->txn, shian_bytes(op->link));
    }
}


bool
shian_session_end_check(shian_op_t *o)
{
    const Shian__SessionEnd  *op = o->op->session_end;

    o->unchanged = op->session.len < 8
                   || shian_spent(o->txn, shian_bytes(op->session));

    return true;
}


void
shian_session_end_apply(shian_op_t *o)
{
    shian_spend(o->txn, shian_bytes(o->op->session_end->session));
}
