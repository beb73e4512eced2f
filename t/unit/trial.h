/*
 * A second number of the rules, for tests alone: this program knows it, the
 * library does not.  Include it once, before anything of the domain's.
 */

#ifndef TRIAL_H
#define TRIAL_H

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpragmas"
#pragma GCC diagnostic ignored "-Wunknown-warning-option"
#pragma GCC diagnostic ignored "-Woverride-init"
#pragma GCC diagnostic ignored "-Winitializer-overrides"

#define SHIAN_RULES_TRIAL                                                    \
    { RULES_1, .number = 2, .says = "a trial",                               \
      .appeal_days = 10, .reopen_days = 5, .site_m = 50 },

#include "domain/rules.c"

#undef MINUTE_MS
#undef HOUR_MS
#undef DAY_MS

#pragma GCC diagnostic pop

#endif /* TRIAL_H */
