/*
 * rules[]: what the log means, by the number of the rules.  Each entry names
 * the number that it was applied under, and check and apply depend on nothing
 * but the operation, the tables and the row of that number.  A correction is a
 * new row; the rows before it stay as they are (docs/rules.md).
 */

#ifndef SHIAN_RULES_H
#define SHIAN_RULES_H

#include "grade.h"
#include "store/batch.h"

typedef struct {
    uint32_t               number;
    const char            *says;        /* what it corrects, in one line */

    const shian_policy_t  *policy;      /* where no policy was set */
    uint32_t               first_look_minutes;
    uint32_t               retention_years;
    int32_t                tz_minutes;  /* local midnight, east of UTC */

    /* Check-ins: metres, km/h and ms. */
    double                 site_m;
    double                 accuracy_m;  /* of which so much is believed */
    double                 speed_kmh;   /* faster is a flag */
    uint64_t               fast_ms;     /* a visit that takes less is, too */
    uint64_t               clock_ms;    /* of the device, off ours: likewise */
    uint64_t               oldest_ms;   /* sent no later than that */
    uint64_t               longest_ms;

    /* Days. */
    int32_t                extend_days;     /* a deadline, from today */
    int32_t                appeal_days;     /* to file, and to decide */
    int32_t                reopen_days;     /* a complaint, from its end */
    int32_t                clock_days;      /* no clock runs longer */
} shian_rules_t;

/* In the order of their numbers, which begin at 1. */
extern const shian_rules_t  shian_rules_table[];
extern const size_t         shian_nrules;

/* Those in force, or the newest known where the log is under newer ones. */
const shian_rules_t *shian_rules_now(shian_txn_t *t);

/* The rules of a number.  NULL: this program does not know it. */
const shian_rules_t *shian_rules(uint32_t number);
bool shian_rules_known(uint32_t number);

/* The number that new stores begin with. */
uint32_t shian_rules_newest(void);

#endif /* SHIAN_RULES_H */
