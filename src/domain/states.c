#include "states.h"

#define ADMIN      SHIAN_ROLE(admin)
#define CHIEF      (SHIAN_ROLE(chief) | ADMIN)
#define OFFICER    (SHIAN_ROLE(officer) | CHIEF)
#define INSPECTOR  (SHIAN_ROLE(inspector) | OFFICER)
#define VENUE      SHIAN_ROLE(venue)
#define PUBLIC     SHIAN_ROLE(public)   /* who holds the private link */

#define INSPECTION(from, action, roles, to)                                  \
    { SHIAN_FLOW_INSPECTION, SHIAN__INSPECTION__STATE__##from, action,       \
      roles, SHIAN__INSPECTION__STATE__##to, SHIAN_CLOCK_NONE }

#define FINDING(from, action, roles, to, clock)                              \
    { SHIAN_FLOW_FINDING, SHIAN__FINDING__STATE__##from, action, roles,      \
      SHIAN__FINDING__STATE__##to, SHIAN_CLOCK_##clock }

#define APPEAL(from, action, roles, to)                                      \
    { SHIAN_FLOW_APPEAL, SHIAN__APPEAL__STATE__##from, action, roles,        \
      SHIAN__APPEAL__STATE__##to, SHIAN_CLOCK_NONE }

#define COMPLAINT(from, action, roles, to, clock)                            \
    { SHIAN_FLOW_COMPLAINT, SHIAN__COMPLAINT__STATE__##from, action, roles,  \
      SHIAN__COMPLAINT__STATE__##to, SHIAN_CLOCK_##clock }

/* What is possible in every state that is not an end. */
#define COMPLAINT_OPEN(from)                                                 \
    COMPLAINT(from, "note", OFFICER, from, NONE),                            \
    COMPLAINT(from, "release", OFFICER, from, NONE),                         \
    COMPLAINT(from, "add", PUBLIC, from, NONE)

/* Until it is decided. */
#define COMPLAINT_UNDECIDED(from)                                            \
    COMPLAINT_OPEN(from),                                                    \
    COMPLAINT(from, "extend", OFFICER, from, EXTENSION),                     \
    COMPLAINT(from, "withdraw", PUBLIC, withdrawn, NONE)

#define CASE(from, action, roles, to)                                        \
    { SHIAN_FLOW_CASE, SHIAN__CASE__STATE__##from, action, roles,            \
      SHIAN__CASE__STATE__##to, SHIAN_CLOCK_NONE }

const shian_state_row_t  shian_states[] = {

    /* Off site: counts for nothing until an officer has looked at it. */
    INSPECTION(waiting, "confirm", OFFICER, confirmed),
    INSPECTION(waiting, "reject", OFFICER, rejected),
    /* On site, and something about it was odd. */
    INSPECTION(flagged, "confirm", OFFICER, confirmed),
    INSPECTION(flagged, "reject", OFFICER, rejected),
    /* That word was wrong. */
    INSPECTION(confirmed, "correct", CHIEF, rejected),
    INSPECTION(rejected, "correct", CHIEF, confirmed),

    FINDING(open, "submit", VENUE, submitted, NONE),
    FINDING(open, "extend", OFFICER, open, RECTIFY),
    FINDING(submitted, "verify", INSPECTOR, verified, NONE),
    FINDING(submitted, "reject", INSPECTOR, open, NONE),
    FINDING(submitted, "extend", OFFICER, submitted, RECTIFY),

    APPEAL(filed, "uphold", OFFICER, upheld),
    APPEAL(filed, "reject", OFFICER, rejected),
    APPEAL(filed, "withdraw", VENUE, withdrawn),

    COMPLAINT(received, "accept", OFFICER, accepted, MEDIATE),
    COMPLAINT(received, "refuse", OFFICER, refused, NONE),
    COMPLAINT(received, "merge", OFFICER, merged, NONE),
    COMPLAINT_UNDECIDED(received),
    COMPLAINT(accepted, "dispatch", OFFICER, dispatched, NONE),
    COMPLAINT_UNDECIDED(accepted),
    /* To somebody else. */
    COMPLAINT(dispatched, "dispatch", OFFICER, dispatched, NONE),
    COMPLAINT(dispatched, "check_in", INSPECTOR, on_site, NONE),
    COMPLAINT_UNDECIDED(dispatched),
    COMPLAINT(on_site, "report", INSPECTOR, reported, NONE),
    COMPLAINT_UNDECIDED(on_site),
    /* Or unsubstantiated: the outcome says which. */
    COMPLAINT(reported, "decide", OFFICER, substantiated, NONE),
    COMPLAINT_UNDECIDED(reported),
    COMPLAINT(substantiated, "rectify", OFFICER, rectifying, NONE),
    COMPLAINT_OPEN(substantiated),
    COMPLAINT(unsubstantiated, "close", OFFICER, closed, NONE),
    COMPLAINT_OPEN(unsubstantiated),
    COMPLAINT(rectifying, "close", OFFICER, closed, NONE),
    COMPLAINT_OPEN(rectifying),
    COMPLAINT(closed, "reopen", PUBLIC, accepted, MEDIATE),
    COMPLAINT(closed, "rate", PUBLIC, closed, NONE),
    /* What was wrong is taken back, beside it, by a chief. */
    COMPLAINT(refused, "correct", CHIEF, received, CORRECTION),
    COMPLAINT(merged, "correct", CHIEF, received, CORRECTION),
    COMPLAINT(substantiated, "correct", CHIEF, reported, CORRECTION),
    COMPLAINT(unsubstantiated, "correct", CHIEF, reported, CORRECTION),
    COMPLAINT(rectifying, "correct", CHIEF, reported, CORRECTION),
    COMPLAINT(closed, "correct", CHIEF, reported, CORRECTION),

    CASE(opened, "decide", OFFICER, decided),
    CASE(decided, "close", OFFICER, closed),
    CASE(opened, "correct", CHIEF, corrected),
    CASE(decided, "correct", CHIEF, corrected),
    CASE(closed, "correct", CHIEF, corrected),
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
