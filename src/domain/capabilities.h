/*
 * check and apply of every operation, named in operations[] and nowhere else.
 * check reads and may refuse; apply writes and cannot: see store/batch.h.
 */

#ifndef SHIAN_CAPABILITIES_H
#define SHIAN_CAPABILITIES_H

#include "store/batch.h"

#define SHIAN_CAPABILITY(name)                                               \
    bool shian_##name##_check(shian_op_t *o);                                \
    void shian_##name##_apply(shian_op_t *o)

SHIAN_CAPABILITY(store_init);           /* housekeeping.c */
SHIAN_CAPABILITY(store_restore);
SHIAN_CAPABILITY(erase);
SHIAN_CAPABILITY(sweep);
SHIAN_CAPABILITY(rules_adopt);
SHIAN_CAPABILITY(clock_confirm);
SHIAN_CAPABILITY(venue_upsert);         /* venue.c */
SHIAN_CAPABILITY(venue_status);
SHIAN_CAPABILITY(day_pass);             /* day.c */
SHIAN_CAPABILITY(city_regrade);
SHIAN_CAPABILITY(plaque_issue);         /* plaque.c */
SHIAN_CAPABILITY(plaque_withdraw);
SHIAN_CAPABILITY(policy_set);           /* policy.c */
SHIAN_CAPABILITY(checklist_set);        /* checklist.c */
SHIAN_CAPABILITY(review_post);          /* review.c */
SHIAN_CAPABILITY(review_reply);
SHIAN_CAPABILITY(review_flag);
SHIAN_CAPABILITY(review_decide);
SHIAN_CAPABILITY(photo_put);            /* gallery.c */
SHIAN_CAPABILITY(user_put);             /* user.c */
SHIAN_CAPABILITY(user_disable);
SHIAN_CAPABILITY(session_start);        /* session.c */
SHIAN_CAPABILITY(session_end);
SHIAN_CAPABILITY(sessions_end);
SHIAN_CAPABILITY(link_issue);
SHIAN_CAPABILITY(inspection_import);    /* inspection.c */
SHIAN_CAPABILITY(inspection_post);      /* checkin.c */
SHIAN_CAPABILITY(inspection_decide);    /* checkin_decide.c */
SHIAN_CAPABILITY(evaluation_set);       /* evaluation.c */
SHIAN_CAPABILITY(evaluation_close);
SHIAN_CAPABILITY(finding_submit);       /* finding_steps.c */
SHIAN_CAPABILITY(finding_decide);
SHIAN_CAPABILITY(inspection_reply);     /* safeguard.c */
SHIAN_CAPABILITY(reply_remove);
SHIAN_CAPABILITY(appeal_file);
SHIAN_CAPABILITY(appeal_decide);
SHIAN_CAPABILITY(reinspection_ask);
SHIAN_CAPABILITY(self_check_post);
SHIAN_CAPABILITY(complaint_post);       /* complaint.c */
SHIAN_CAPABILITY(complaint_follow);
SHIAN_CAPABILITY(complaint_step);       /* complaint_work.c */
SHIAN_CAPABILITY(complaint_expire);     /* complaint_private.c */
SHIAN_CAPABILITY(contact_view);
SHIAN_CAPABILITY(case_open);            /* case.c */
SHIAN_CAPABILITY(case_step);

#endif /* SHIAN_CAPABILITIES_H */
