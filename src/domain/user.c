#include "capabilities.h"
#include "domain.h"

#define ROLE(name)  SHIAN__ROLE__KIND__##name


bool
shian_user_put_check(shian_op_t *o)
{
    uint64_t               id;
    Shian__User           *u;
    const Shian__UserPut  *op = o->op->user_put;

    if (op->role == ROLE(public)) {
        shian_fail_field(o->report, "role", "range",
                         "Users have a role; the public needs none.");
        return false;
    }

    /* A chief may not make somebody who may more than a chief. */
    if (op->role == ROLE(admin) && o->op->actor->role != ROLE(admin)) {
        return shian_fail(o->report, 403, "forbidden",
                          "Only an admin makes admins.");
    }

    if (op->role == ROLE(venue)
        && (!op->has_venue || shian_venue_get(o->txn, op->venue) == NULL))
    {
        shian_fail_field(o->report, "venue", "required",
                         "Which venue does the account act for?");
        return false;
    }

    id = shian_unique_get(o->txn, 'U', shian_str(op->login));
    u = id == 0 ? NULL : shian_user_get(o->txn, id);

    if (u != NULL && u->role == ROLE(admin)
        && o->op->actor->role != ROLE(admin))
    {
        return shian_fail(o->report, 403, "forbidden",
                          "Only an admin changes admins.");
    }

    return true;
}


void
shian_user_put_apply(shian_op_t *o)
{
    uint64_t               id;
    Shian__User            u = SHIAN__USER__INIT;
    const Shian__User     *was;
    const Shian__UserPut  *op = o->op->user_put;

    id = shian_unique_get(o->txn, 'U', shian_str(op->login));
    was = id == 0 ? NULL : shian_user_get(o->txn, id);

    u.has_id = u.has_role = 1;
    u.id = was != NULL ? id : shian_next_id(o->txn, SHIAN_T_USER);
    u.login = op->login;
    u.role = op->role;
    u.name = op->name;
    u.n_districts = op->n_district;
    u.districts = op->district;
    u.has_venue = op->has_venue;
    u.venue = op->venue;

    /* Who is put again is let in again, but old sessions stay ended. */
    if (was != NULL) {
        u.has_sessions_from = was->has_sessions_from;
        u.sessions_from = was->sessions_from;
    }

    shian_put_record(o->txn, SHIAN_T_USER, u.id, &u);
    shian_unique_put(o->txn, 'U', shian_str(op->login), u.id);

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

    if (u->disabled) {
        return shian_wrong_state(o, "The user is disabled already.");
    }

    if (u->role == ROLE(admin) && o->op->actor->role != ROLE(admin)) {
        return shian_fail(o->report, 403, "forbidden",
                          "Only an admin disables admins.");
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
