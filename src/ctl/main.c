/*
 * shianctl: the command line of a store.  It works while nginx serves.
 */

#include <limits.h>
#include <stdlib.h>

#include <sodium.h>

#include "cmd.h"

#define ANY  UINT_MAX

#define ROW(name, operands, help, min, max, fn)                              \
    { name, operands, help, shian_##fn##_options, min, max, shian_cmd_##fn }

const shian_command_t  shian_commands[] = {
    ROW("init", "", "Makes the store and, if absent, the key file", 0, 0,
        init),
    ROW("demo", "", "Makes the demo city in an empty store", 0, 0, demo),
    ROW("import venues", "FILE", "Adds and updates venues from CSV or JSON "
        "lines", 1, 1, import_venues),
    ROW("import inspections", "FILE", "Adds visits made elsewhere, also as "
        "LIVES has them", 1, 1, import_inspections),
    ROW("import evaluations", "FILE", "Records yearly levels, which then "
        "stand for themselves", 1, 1, import_evaluations),
    ROW("import credit", "FILE", "Sets credit levels", 1, 1, import_credit),
    ROW("export venues", "", "Writes all venues with their grade", 0, 0,
        export_venues),
    ROW("export inspections", "", "Writes all inspections", 0, 0,
        export_inspections),
    ROW("export reviews", "", "Writes all reviews", 0, 0, export_reviews),
    ROW("export complaints", "", "Writes all complaints, without words", 0,
        0, export_complaints),
    ROW("export log", "", "Writes every operation ever made", 0, 0,
        export_log),
    ROW("user add", "", "Adds a user or changes one", 0, 0, user_add),
    ROW("user disable", "LOGIN", "Ends a user's sessions and lets no new one "
        "begin", 1, 1, user_disable),
    ROW("user list", "", "Lists users", 0, 0, user_list),
    ROW("link", "", "Prints a sign-in link, or a token for programs", 0, 0,
        link),
    ROW("plaque issue", "[VENUE...]", "Issues plaques; earlier ones of the "
        "venues are withdrawn", 0, ANY, plaque_issue),
    ROW("plaque withdraw", "CODE", "Withdraws a plaque", 1, 1,
        plaque_withdraw),
    ROW("grade", "", "Grades anew from the log, for any day; changes nothing",
        0, 0, grade),
    ROW("policy show", "", "Writes the grading policy in force", 0, 0,
        policy_show),
    ROW("policy set", "FILE", "Puts another grading policy in force", 1, 1,
        policy_set),
    ROW("policy preview", "FILE", "Says which colours a policy would change",
        1, 1, policy_preview),
    ROW("checklist show", "", "Writes the inspection checklist in force", 0,
        0, checklist_show),
    ROW("checklist preview", "FILE",
        "Tells what another checklist would change", 1, 1,
        checklist_preview),
    ROW("checklist set", "FILE", "Puts another checklist in force", 1, 1,
        checklist_set),
    ROW("keys rotate", "", "Appends a new key, which issues from then on", 0,
        0, keys_rotate),
    ROW("keys list", "", "Lists keys without showing them", 0, 0,
        keys_list),
    ROW("erase", "review:ID|complaint:ID",
        "Deletes the words of a record for good", 1, 1, erase),
    ROW("rules list", "", "Lists the rules that the log may be under", 0, 0,
        rules_list),
    ROW("rules adopt", "NUMBER", "Puts other rules in force from now on", 1,
        1, rules_adopt),
    ROW("clock show", "", "Says whether the clock is believed", 0, 0,
        clock_show),
    ROW("clock confirm", "", "Says that the clock is right, when it is in "
        "doubt", 0, 0, clock_confirm),
    ROW("verify", "", "Checks the log's chain and that it gives the store",
        0, 0, verify),
    ROW("stat", "", "Says how much is in the store", 0, 0, stat),
    ROW("doctor", "", "Looks at all that has to be right, as the workers' "
        "user", 0, 0, doctor),
    ROW("backup", "DIR", "Copies the store while it is in use", 1, 1,
        backup),
    ROW("restore", "DIR", "Brings a backup back into an empty store", 1, 1,
        restore),
    ROW("notify", "", "Follows the log and posts signed webhooks", 0, 0,
        notify),
};

const size_t  shian_ncommands = SHIAN_COUNT(shian_commands);


int
main(int argc, char **argv)
{
    int                  rc;
    static shian_ctl_t   c;

    if (sodium_init() < 0) {
        return shian_ctl_fail(&c, "libsodium does not start");
    }

    shian_arena_init(&c.arena, NULL, NULL);
    rc = shian_args_parse(&c, argc, argv);

    if (rc == SHIAN_DONE && c.help) {
        shian_args_help(&c, stdout);

    } else if (rc == SHIAN_DONE) {
        rc = c.command->run(&c);
    }

    shian_ctl_close(&c);

    if (fflush(stdout) != 0 && rc == SHIAN_DONE) {
        rc = shian_ctl_fail(&c, "the output cannot be written");
    }

    return rc;
}
