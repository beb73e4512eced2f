/*
 * Options and handlers of the commands, for the table in main.c.  A handler
 * says what went wrong and returns an exit status.
 */

#ifndef SHIAN_CMD_H
#define SHIAN_CMD_H

#include "args.h"
#include "ctl.h"

#define SHIAN_CMD(name)                                                      \
    extern const shian_option_t  shian_##name##_options[];                   \
    int shian_cmd_##name(shian_ctl_t *c)

SHIAN_CMD(init);                    /* cmd_store.c */
SHIAN_CMD(verify);
SHIAN_CMD(stat);
SHIAN_CMD(erase);
SHIAN_CMD(doctor);                  /* cmd_doctor.c */
SHIAN_CMD(rules_list);              /* cmd_rules.c */
SHIAN_CMD(rules_adopt);
SHIAN_CMD(clock_show);
SHIAN_CMD(clock_confirm);
SHIAN_CMD(backup);                  /* cmd_backup.c */
SHIAN_CMD(restore);
SHIAN_CMD(import_venues);           /* cmd_import.c */
SHIAN_CMD(import_inspections);      /* cmd_visits.c */
SHIAN_CMD(import_evaluations);
SHIAN_CMD(import_credit);
SHIAN_CMD(export_venues);           /* cmd_export.c */
SHIAN_CMD(export_inspections);
SHIAN_CMD(export_reviews);
SHIAN_CMD(export_complaints);
SHIAN_CMD(export_log);
SHIAN_CMD(user_add);                /* cmd_user.c */
SHIAN_CMD(user_disable);
SHIAN_CMD(user_list);
SHIAN_CMD(link);
SHIAN_CMD(plaque_issue);            /* cmd_plaque.c */
SHIAN_CMD(plaque_withdraw);
SHIAN_CMD(keys_rotate);             /* cmd_keys.c */
SHIAN_CMD(keys_list);
SHIAN_CMD(policy_show);             /* cmd_policy.c */
SHIAN_CMD(policy_set);
SHIAN_CMD(policy_preview);
SHIAN_CMD(checklist_show);          /* cmd_checklist.c */
SHIAN_CMD(checklist_preview);
SHIAN_CMD(checklist_set);
SHIAN_CMD(grade);                   /* cmd_grade.c */
SHIAN_CMD(demo);                    /* cmd_demo.c */
SHIAN_CMD(notify);                  /* cmd_notify.c */

/* Writes a new key file, 0600, whole or not at all; false: it was said why. */
bool shian_make_keys(shian_ctl_t *c);

/* Makes the store and, where there is none, the key file: init and demo. */
bool shian_make_store(shian_ctl_t *c);

/*
 * A sign-in link for a user or venue, or a bearer token; in c->arena, NULL
 * after saying why.
 */
const char *shian_make_link(shian_ctl_t *c, uint64_t user, uint64_t ttl_ms,
    bool bearer, bool reuse);

#endif /* SHIAN_CMD_H */
