/*
 * Accounts: whoever gives, changes or ends one has all of it themselves.
 */

#include "capabilities.h"
#include "domain.h"

#define ROLE(name)  SHIAN__ROLE__KIND__##name


/* The account as it will stand: people of a venue have no other reach. */
static void
become(Shian__User *u, const Shian__UserPut *op)
{
    u->has_role = 1;
    u->role = op->role;
    u->login = op->login;
    u->name = op->name;

    if (u->role == ROLE(venue)) {
        u->has_venue = op->has_venue;
        u->venue = op->venue;
        return;
    }

    u->n_districts = op->n_district;
    u->districts = op->district;
}


bool
shian_may_manage(shian_op_t *o, const Shian__User *u)
{
    return ((o->op->actor->role == ROLE(admin) || u->role != ROLE(admin))
            && shian_account_in_reach(o->txn, shian_actor_user(o), u))
           || shian_fail(o->report, 403, "forbidden",
                         "Nobody gives, changes or ends a role or a district "
                         "that they do not have.");
}


static Shian__User *
known(shian_op_t *o, const char *login)
{
    uint64_t  id;

    id = shian_unique_get(o->txn, 'U', shian_str(login));

    return id == 0 ? NULL : shian_user_get(o->txn, id);
}


/* A new account is named in tokens by what was drawn for it. */
static bool
drawn(shian_op_t *o, uint64_t handle)
{
    shian_rowkey_t  k = shian_rowkey_id(handle);

    return (handle != 0
            && shian_unique_get(o->txn, 'H', shian_slice(k.b, k.n)) == 0)
           || shian_fail(o->report, 400, "malformed", "No handle.");
}


bool
shian_user_put_check(shian_op_t *o)
{
    Shian__User            is = SHIAN__USER__INIT;
    const Shian__User     *was;
    const Shian__UserPut  *op = o->op->user_put;

    if (op->role == ROLE(public)) {
        shian_fail_field(o->report, "role", "range",
                         "Users have a role; the public needs none.");
        return false;
    }

    if (op->role == ROLE(venue)
        && (!op->has_venue || shian_venue_get(o->txn, op->venue) == NULL))
    {
        shian_fail_field(o->report, "venue", "required",
                         "Which venue does the account act for?");
        return false;
    }

    become(&is, op);
    was = known(o, op->login);

    return (was == NULL || shian_may_manage(o, was))
           && shian_may_manage(o, &is)
           && (was != NULL || drawn(o, op->handle));
}


void
shian_user_put_apply(shian_op_t *o)
{
    shian_rowkey_t         k;
    Shian__User            u = SHIAN__USER__INIT;
    const Shian__User     *was;
    const Shian__UserPut  *op = o->op->user_put;

    was = known(o, op->login);
    become(&u, op);
    u.has_id = u.has_handle = 1;
    u.id = was != NULL ? was->id : shian_next_id(o->txn, SHIAN_T_USER);
    u.handle = was != NULL ? was->handle : op->handle;

    /* Who is put again is let in again, but old sessions stay ended. */
    if (was != NULL) {
        u.has_sessions_from = was->has_sessions_from;
        u.sessions_from = was->sessions_from;
    }

    shian_put_record(o->txn, SHIAN_T_USER, u.id, &u);
    shian_unique_put(o->txn, 'U', shian_str(op->login), u.id);
    k = shian_rowkey_id(u.handle);
    shian_unique_put(o->txn, 'H', shian_slice(k.b, k.n), u.id);

    shian_result(o, u.id, 0);
    o->result.has_outcome = 1;
    o->result.outcome = was == NULL ? SHIAN__RESULT__OUTCOME__created
                                    : SHIAN__RESULT__OUTCOME__changed;
}


bool
shian_user_disable_check(shian_op_t *o)
{
    Shian__User  *u;

    u = shian_user_get(o->txn, o->op->user_disable->user);

    if (u == NULL) {
        return shian_no_such(o, "There is no such user.");
    }

    if (!shian_may_manage(o, u)) {
        return false;
    }

    if (u->disabled) {
        return shian_wrong_state(o, "The user is disabled already.");
    }

    return true;
}


void
shian_user_disable_apply(shian_op_t *o)
{
    Shian__User  *u;

    u = shian_user_get(o->txn, o->op->user_disable->user);

    if (u != NULL) {
        u->has_disabled = u->has_sessions_from = 1;
        u->disabled = 1;
        u->sessions_from = o->op->at;
        shian_put_record(o->txn, SHIAN_T_USER, u->id, u);
        shian_result(o, u->id, 0);
    }
}
