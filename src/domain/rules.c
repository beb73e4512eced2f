#include "rules.h"

#define MINUTE_MS  UINT64_C(60000)
#define HOUR_MS    (60 * MINUTE_MS)
#define DAY_MS     (24 * HOUR_MS)

/* What number 1 says; later ones begin with it and say what differs. */
#define RULES_1                                                              \
    .policy = &shian_policy_default,                                         \
    .first_look_minutes = 120,                                               \
    .retention_years = 3,                                                    \
    .tz_minutes = 480,                                                       \
                                                                             \
    .site_m = 200,                                                           \
    .accuracy_m = 100,                                                       \
    .speed_kmh = 120,                                                        \
    .fast_ms = 3 * MINUTE_MS,                                                \
    .clock_ms = 10 * MINUTE_MS,                                              \
    .oldest_ms = 30 * DAY_MS,                                                \
    .longest_ms = 24 * HOUR_MS,                                              \
                                                                             \
    .extend_days = 90,                                                       \
    .appeal_days = 21,                                                       \
    .reopen_days = 30,                                                       \
    .clock_days = 400

const shian_rules_t  shian_rules_table[] = {
    { .number = 1, .says = "the first rules", RULES_1 },
#ifdef SHIAN_RULES_TRIAL
    SHIAN_RULES_TRIAL
#endif
};

const size_t  shian_nrules = SHIAN_COUNT(shian_rules_table);


const shian_rules_t *
shian_rules(uint32_t number)
{
    return number == 0 || number > shian_nrules
           ? NULL : &shian_rules_table[number - 1];
}


const shian_rules_t *
shian_rules_now(shian_txn_t *t)
{
    const shian_rules_t  *rules;

    rules = shian_rules(shian_rules_in_force(t, NULL));

    return rules != NULL ? rules : shian_rules(shian_rules_newest());
}


bool
shian_rules_known(uint32_t number)
{
    return shian_rules(number) != NULL;
}


uint32_t
shian_rules_newest(void)
{
    return (uint32_t) shian_nrules;
}
