#include "cmd.h"

#include "domain/rules.h"
#include "store/claim.h"
#include "store/clock.h"

const shian_option_t  shian_rules_list_options[] = { { NULL, NULL, NULL } };
const shian_option_t  shian_rules_adopt_options[] = { { NULL, NULL, NULL } };
const shian_option_t  shian_clock_show_options[] = { { NULL, NULL, NULL } };
const shian_option_t  shian_clock_confirm_options[] = {
    { NULL, NULL, NULL }
};


/* ---- rules --------------------------------------------------------------- */


/* The number in force; 0: the store cannot be read, which was said. */
static uint32_t
in_force(shian_ctl_t *c)
{
    uint32_t     number;
    shian_txn_t  t;

    if (!shian_ctl_store(c, false)) {
        return 0;
    }

    if (shian_txn_begin(c->store, &c->arena, false, &t) != 0) {
        (void) shian_ctl_fail(c, "store \"%s\" cannot be read",
                              c->store_dir);
        return 0;
    }

    number = shian_rules_in_force(&t, NULL);
    shian_txn_abort(&t);

    return number;
}


int
shian_cmd_rules_list(shian_ctl_t *c)
{
    uint32_t              i, now;
    const shian_rules_t  *rules;

    now = in_force(c);
    if (now == 0) {
        return SHIAN_FAILED;
    }

    if (c->json) {
        printf("{\"in_force\":%u,\"rules\":[", now);
    }

    for (i = 1; i <= shian_rules_newest(); i++) {
        rules = shian_rules(i);

        if (c->json) {
            printf("%s{\"number\":%u,\"says\":\"%s\"}", i == 1 ? "" : ",", i,
                   rules->says);
        } else {
            printf("%u  %s%s\n", i, rules->says,
                   i == now ? "  (in force)" : "");
        }
    }

    printf(c->json ? "]}\n" : "");

    if (!shian_rules_known(now)) {
        return shian_ctl_fail(c, "rules %u are in force, which this program "
                              "does not know: install the newer one", now);
    }

    return SHIAN_DONE;
}


int
shian_cmd_rules_adopt(shian_ctl_t *c)
{
    uint32_t              less;
    uint64_t              number;
    Shian__Result         result;
    Shian__Operation      op;
    Shian__RulesAdopt     body = SHIAN__RULES_ADOPT__INIT;

    if (!shian_number(c->args[0], 1, UINT32_MAX, &number)) {
        return shian_ctl_usage(c, "\"%s\" is no number of rules",
                               c->args[0]);
    }

    if (!shian_ctl_store(c, false)) {
        return SHIAN_FAILED;
    }

    less = shian_claimed_below(c->store, (uint32_t) number);

    if (less != 0) {
        return shian_ctl_fail(c, "a program that knows the rules up to %u "
                              "has the store open: upgrade it first (nginx: "
                              "a restart, not a reload)", less);
    }

    if (!shian_ctl_pass_day(c, shian_ctl_now(c))) {
        return SHIAN_FAILED;
    }

    body.has_number = 1;
    body.number = (uint32_t) number;
    op = shian_ctl_operation(c);
    op.body_case = SHIAN__OPERATION__BODY_RULES_ADOPT;
    op.rules_adopt = &body;

    if (!shian_ctl_run(c, &op, &result)) {
        return SHIAN_FAILED;
    }

    printf(c->json ? "{\"in_force\":%u}\n" : "rules %u are in force\n",
           body.number);

    return SHIAN_DONE;
}


/* ---- clock --------------------------------------------------------------- */


int
shian_cmd_clock_show(shian_ctl_t *c)
{
    shian_time_t  now;

    if (!shian_ctl_store(c, false)) {
        return SHIAN_FAILED;
    }

    now = shian_ctl_clock(c);
    printf(c->json ? "{\"in_doubt\":%s,\"off_seconds\":%lld}\n"
           : "the clock is %s, %lld s off what it most likely is\n",
           c->json ? now.suspect ? "true" : "false"
           : now.suspect ? "in doubt" : "trusted",
           (long long) (now.off_ms / 1000));

    return SHIAN_DONE;
}


int
shian_cmd_clock_confirm(shian_ctl_t *c)
{
    Shian__Result         result;
    Shian__Operation      op;
    shian_instant_t       now;
    Shian__ClockConfirm   body = SHIAN__CLOCK_CONFIRM__INIT;

    if (!shian_ctl_store(c, false)) {
        return SHIAN_FAILED;
    }

    shian_instant(&now);
    op = shian_ctl_operation(c);
    op.at = now.wall_ms;
    op.has_clock_in_doubt = 0;
    op.body_case = SHIAN__OPERATION__BODY_CLOCK_CONFIRM;
    op.clock_confirm = &body;

    if (!shian_ctl_run(c, &op, &result)) {
        return SHIAN_FAILED;
    }

    printf(c->json ? "{\"in_doubt\":false}\n" : "the clock is trusted\n");

    return SHIAN_DONE;
}
