#include "states.h"

#define ADMIN      SHIAN_ROLE(admin)
#define CHIEF      (SHIAN_ROLE(chief) | ADMIN)
#define OFFICER    (SHIAN_ROLE(officer) | CHIEF)
#define INSPECTOR  (SHIAN_ROLE(inspector) | OFFICER)
#define VENUE      SHIAN_ROLE(venue)

#define INSPECTION(from, action, roles, to)                                  \
    { SHIAN_FLOW_INSPECTION, SHIAN__INSPECTION__STATE__##from, action,       \
      roles, SHIAN__INSPECTION__STATE__##to, SHIAN_CLOCK_NONE }

#define FINDING(from, action, roles, to, clock)                              \
    { SHIAN_FLOW_FINDING, SHIAN__FINDING__STATE__##from, action, roles,      \
      SHIAN__FINDING__STATE__##to, SHIAN_CLOCK_##clock }

#define APPEAL(from, action, roles, to)                                      \
    { SHIAN_FLOW_APPEAL, SHIAN__APPEAL__STATE__##from, action, roles,        \
      SHIAN__APPEAL__STATE__##to, SHIAN_CLOCK_NONE }

const shian_state_row_t  shian_states[] = {

    /* Off site: counts for nothing until an officer has looked at it. */
    INSPECTION(waiting, "confirm", OFFICER, confirmed),
    INSPECTION(waiting, "reject", OFFICER, rejected),
    /* On site, and something about it was odd. */
    INSPECTION(flagged, "confirm", OFFICER, confirmed),
    INSPECTION(flagged, "reject", OFFICER, rejected),

    FINDING(open, "submit", VENUE, submitted, NONE),
    FINDING(open, "extend", OFFICER, open, RECTIFY),
    FINDING(submitted, "verify", INSPECTOR, verified, NONE),
    FINDING(submitted, "reject", INSPECTOR, open, NONE),
    FINDING(submitted, "extend", OFFICER, submitted, RECTIFY),

    APPEAL(filed, "uphold", OFFICER, upheld),
    APPEAL(filed, "reject", OFFICER, rejected),
    APPEAL(filed, "withdraw", VENUE, withdrawn),
};

const size_t  shian_nstates = SHIAN_COUNT(shian_states);


const shian_state_row_t *
shian_step(shian_flow_t flow, int from, const char *action)
{
    size_t  i;

    for (i = 0; i < shian_nstates; i++) {
        if (shian_states[i].flow == flow && shian_states[i].from == from
            && strcmp(shian_states[i].action, action) == 0)
        {
            return &shian_states[i];
        }
    }

    return NULL;
}


const shian_state_row_t *
shian_take_step(shian_op_t *o, shian_flow_t flow, int from,
    const char *action)
{
    const shian_state_row_t  *row;

    row = shian_step(flow, from, action);

    if (row == NULL) {
        (void) shian_wrong_state(o, "This is not possible in its present "
                                 "state; look at it again.");
        return NULL;
    }

    if ((row->roles & (1u << o->op->actor->role)) == 0) {
        (void) shian_fail(o->report, 403, "forbidden",
                          "Your role may not do this.");
        return NULL;
    }

    return row;
}


size_t
shian_open_steps(shian_flow_t flow, int from, Shian__Role__Kind role,
    char **actions, size_t max)
{
    size_t  i, n;

    for (n = 0, i = 0; i < shian_nstates && n < max; i++) {
        if (shian_states[i].flow == flow && shian_states[i].from == from
            && (shian_states[i].roles & (1u << role)) != 0)
        {
            actions[n++] = (char *) shian_states[i].action;
        }
    }

    return n;
}
