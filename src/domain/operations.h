/*
 * operations[]: everything that can ever happen, and who may make it happen.
 */

#ifndef SHIAN_OPERATIONS_H
#define SHIAN_OPERATIONS_H

#include "core/bind.h"
#include "store/batch.h"

#define SHIAN_ROLE(name)  (1u << SHIAN__ROLE__KIND__##name)

/* Anybody at all, signed in or not. */
#define SHIAN_ANYBODY     0xffu

/* Where somebody of the right role may do it. */
typedef enum {
    SHIAN_REACH_OWN = 0,    /* nowhere else than where it is theirs to do:
                               by a scan, a link, for oneself */
    SHIAN_REACH_RECORD,     /* at the venue, district or account that it is
                               about: its check asks */
    SHIAN_REACH_CITY        /* all over the city: whoever has all of it */
} shian_reach_t;

typedef struct {
    const char                        *name;        /* "review.post" */
    Shian__Operation__BodyCase         body;
    const ProtobufCMessageDescriptor  *message;
    uint32_t                           roles;       /* SHIAN_ROLE bits */
    shian_reach_t                      reach;
    bool                             (*check)(shian_op_t *o);
    void                             (*apply)(shian_op_t *o);
} shian_operation_row_t;

/* In the order of their numbers in the schema. */
extern const shian_operation_row_t  shian_operations[];
extern const size_t                 shian_noperations;

/* check and apply by that table: what batches and replays run. */
extern const shian_machine_t  shian_machine;

/* The row of a body, or NULL.  Any thread. */
const shian_operation_row_t *shian_operation(Shian__Operation__BodyCase body);

/* The row by name, or NULL.  Any thread. */
const shian_operation_row_t *shian_operation_named(const char *name);

/*
 * field_rules[]: what may come from outside, field by field.  A message field
 * without a row cannot be set from outside.
 */
extern const shian_field_rule_t  shian_field_rules[];
extern const size_t              shian_nfield_rules;

#endif /* SHIAN_OPERATIONS_H */
