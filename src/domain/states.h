/*
 * states[]: every step that a record's workflow can take, who may take it,
 * and which clock it starts.  Checks ask it, pages make their buttons of it.
 */

#ifndef SHIAN_STATES_H
#define SHIAN_STATES_H

#include "domain.h"

typedef enum {
    SHIAN_FLOW_INSPECTION = 0,
    SHIAN_FLOW_FINDING,
    SHIAN_FLOW_APPEAL,
    SHIAN_FLOW_COMPLAINT,
    SHIAN_FLOW_CASE,
    SHIAN_FLOW_MAX
} shian_flow_t;

/* What a step sets a due date for; counted in local or working days. */
typedef enum {
    SHIAN_CLOCK_NONE = 0,
    SHIAN_CLOCK_RECTIFY,        /* by severity */
    SHIAN_CLOCK_APPEAL,         /* 21 days */
    SHIAN_CLOCK_MEDIATE,        /* complaint: 60 days; report: 15 working */
    SHIAN_CLOCK_EXTENSION,      /* report: 15 working days more, once */
    SHIAN_CLOCK_CORRECTION      /* what ran before, from where it began */
} shian_clock_t;

typedef struct {
    shian_flow_t    flow;
    int             from;       /* the enum State of the flow's record */
    const char     *action;
    uint32_t        roles;      /* SHIAN_ROLE bits */
    int             to;
    shian_clock_t   clock;
} shian_state_row_t;

/* By flow, then from. */
extern const shian_state_row_t  shian_states[];
extern const size_t             shian_nstates;

/* The row, or NULL: there is no such step.  Any thread. */
const shian_state_row_t *shian_step(shian_flow_t flow, int from,
    const char *action);

/*
 * The same for the operation's actor: NULL with 409 where there is no such
 * step, or with 403 where it is not the actor's to take.
 */
const shian_state_row_t *shian_take_step(shian_op_t *o, shian_flow_t flow,
    int from, const char *action);

/*
 * What a caller of this role may do from here: up to max actions, as static
 * strings.  Returns how many.  Any thread.
 */
size_t shian_open_steps(shian_flow_t flow, int from, Shian__Role__Kind role,
    char **actions, size_t max);

#endif /* SHIAN_STATES_H */
