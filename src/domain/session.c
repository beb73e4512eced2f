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


static Shian__User *
user_of_handle(shian_txn_t *t, uint64_t handle)
{
    uint64_t        id;
    shian_rowkey_t  k = shian_rowkey_id(handle);

    id = handle == 0 ? 0 : shian_unique_get(t, 'H', shian_slice(k.b, k.n));

    return id == 0 ? NULL : shian_user_get(t, id);
}


static bool
be_subject(shian_caller_t *c, shian_txn_t *t, const shian_token_t *token)
{
    Shian__User  *u;

    switch (token->kind) {

    case SHIAN_SUBJECT_USER:
        u = user_of_handle(t, token->handle);
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

    rc = shian_token_verify(t->arena, keys, aud, shian_generation(t), use,
                            now_ms, token, out);

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


static shian_link_state_t
link_state(const Shian__SignInLink *link, const Shian__User *u,
    uint64_t now_ms)
{
    if (link->has_used_at && link->single) {
        return SHIAN_LINK_USED;
    }

    return now_ms >= link->until || u == NULL || u->disabled || link->bearer
           || link->at < u->sessions_from
           ? SHIAN_LINK_OVER : SHIAN_LINK_GOOD;
}


static Shian__SignInLink *
link_get(shian_txn_t *t, uint64_t handle)
{
    return shian_get(t, SHIAN_T_LINK, handle,
                     &shian__sign_in_link__descriptor);
}


shian_link_state_t
shian_caller_link(shian_caller_t *c, shian_txn_t *t,
    const shian_keys_t *keys, uint64_t now_ms, shian_str_t code,
    Shian__SignInLink **out)
{
    uint64_t             handle;
    Shian__User         *u;
    shian_link_state_t   state;

    *out = shian_link_read(keys, SHIAN_LINK_SIGNIN, shian_generation(t),
                           code, &handle)
           ? link_get(t, handle) : NULL;

    if (*out == NULL) {
        return SHIAN_LINK_BAD;
    }

    u = shian_user_get(t, (*out)->user);
    state = link_state(*out, u, now_ms);

    if (state == SHIAN_LINK_GOOD) {
        be_user(c, u);
    }

    return state;
}


uint64_t
shian_venue_person(shian_txn_t *t, uint64_t venue)
{
    uint64_t        id;
    Shian__User    *u;
    shian_scan_t    scan;
    shian_rowkey_t  all;

    all.n = 0;
    id = 0;
    shian_scan_open(&scan, t, SHIAN_T_USER, &all, NULL);

    while (id == 0 && shian_scan_next(&scan)) {
        u = shian__user__unpack(&t->arena->pb, scan.value.n, scan.value.p);

        if (u != NULL && u->role == SHIAN__ROLE__KIND__venue && !u->disabled
            && u->venue == venue)
        {
            id = u->id;
        }
    }

    shian_scan_close(&scan);

    return id;
}


bool
shian_caller_mint(shian_caller_t *c, shian_txn_t *t,
    const shian_keys_t *keys, shian_str_t aud, uint64_t now_ms,
    shian_str_t *token)
{
    shian_token_t  s;

    if (c->user == NULL) {
        return false;
    }

    if (!c->has_session) {
        shian_session_id(c->session, now_ms + SHIAN_SESSION_MAX_MS);
        c->has_session = true;
        c->began_ms = now_ms;
    }

    memset(&s, 0, sizeof(s));
    s.use = SHIAN_USE_SESSION;
    s.kind = SHIAN_SUBJECT_USER;
    s.handle = c->user->handle;
    s.iat_ms = c->began_ms;
    s.exp_ms = now_ms + SHIAN_SESSION_IDLE_MS;

    if (s.exp_ms > c->began_ms + SHIAN_SESSION_MAX_MS) {
        s.exp_ms = c->began_ms + SHIAN_SESSION_MAX_MS;
    }

    memcpy(s.jti, c->session, sizeof(s.jti));
    c->expires_ms = s.exp_ms;

    return shian_token_issue(t->arena, keys, aud, shian_generation(t), &s,
                             token);
}


/* ---- operations -----------------------------------------------------------*/

bool
shian_link_issue_check(shian_op_t *o)
{
    Shian__User             *u;
    const Shian__LinkIssue  *op = o->op->link_issue;

    u = shian_user_get(o->txn, op->user);

    if (u == NULL) {
        return shian_no_such(o, "There is no such user.");
    }

    if (u->disabled) {
        return shian_wrong_state(o, "The user is disabled.");
    }

    if (op->handle == 0 || op->until <= o->op->at
        || link_get(o->txn, op->handle) != NULL)
    {
        return shian_fail(o->report, 400, "malformed", "No link.");
    }

    return shian_may_manage(o, u);
}


void
shian_link_issue_apply(shian_op_t *o)
{
    Shian__SignInLink        link = SHIAN__SIGN_IN_LINK__INIT;
    const Shian__LinkIssue  *op = o->op->link_issue;

    link.has_handle = link.has_user = link.has_at = link.has_until = 1;
    link.handle = op->handle;
    link.user = op->user;
    link.at = o->op->at;
    link.until = op->until;
    link.has_single = op->has_single;
    link.single = op->single;
    link.has_bearer = op->has_bearer;
    link.bearer = op->bearer;
    link.has_by = 1;
    link.by = o->op->actor->user;

    shian_put_record(o->txn, SHIAN_T_LINK, link.handle, &link);
    shian_result(o, op->user, 0);
}


bool
shian_session_start_check(shian_op_t *o)
{
    Shian__User                *u;
    Shian__SignInLink          *link;
    const Shian__SessionStart  *op = o->op->session_start;

    u = shian_user_get(o->txn, op->user);
    link = op->has_link ? link_get(o->txn, op->link) : NULL;

    if (op->has_link ? link == NULL || link->user != op->user
                     : op->token.len < 8)
    {
        return shian_fail(o->report, 400, "malformed", "No such link.");
    }

    if (op->has_link ? link_state(link, u, o->op->at) == SHIAN_LINK_USED
                     : shian_spent(o->txn, shian_bytes(op->token)))
    {
        return shian_fail(o->report, 410, "link_spent",
                          "This sign-in link was used; ask for another.");
    }

    if (u == NULL || u->disabled) {
        return shian_fail(o->report, 403, "forbidden",
                          "The account is disabled.");
    }

    return link == NULL
           || link_state(link, u, o->op->at) == SHIAN_LINK_GOOD
           || shian_fail(o->report, 410, "link_expired",
                         "The link is over or was used.");
}


void
shian_session_start_apply(shian_op_t *o)
{
    Shian__SignInLink          *link;
    const Shian__SessionStart  *op = o->op->session_start;

    if (!op->has_link) {
        shian_spend(o->txn, shian_bytes(op->token));
        return;
    }

    link = link_get(o->txn, op->link);

    if (link != NULL) {
        link->has_used_at = 1;
        link->used_at = o->op->at;
        shian_put_record(o->txn, SHIAN_T_LINK, link->handle, link);
    }
}


bool
shian_sessions_end_check(shian_op_t *o)
{
    Shian__User  *u;

    u = shian_user_get(o->txn, o->op->sessions_end->user);

    return u == NULL ? shian_no_such(o, "There is no such user.")
           : shian_may_manage(o, u);
}


void
shian_sessions_end_apply(shian_op_t *o)
{
    Shian__User  *u;

    u = shian_user_get(o->txn, o->op->sessions_end->user);

    if (u != NULL) {
        u->has_sessions_from = 1;
        u->sessions_from = o->op->at + 1;
        shian_put_record(o->txn, SHIAN_T_USER, u->id, u);
        shian_result(o, u->id, 0);
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
