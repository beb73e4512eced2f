#include "operations.h"

#define M(name)  &shian__##name##__descriptor

/* A mobile or other phone of the mainland or abroad, or an e-mail. */
#define CONTACT                                                              \
    "(?:(?:\\+?86[ -]?)?1[3-9][0-9]{9}"                                      \
    "|(?:0[0-9]{2,3}[ -]?)?[2-9][0-9]{6,7}(?:[ -][0-9]{1,6})?"               \
    "|\\+[1-9][0-9 -]{5,18}[0-9]"                                            \
    "|[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:[.][A-Za-z0-9-]+)+)"

/*
 * message, field, min, max, pattern, flags.  Grouped by message, in the
 * order in which errors are listed.
 */
const shian_field_rule_t  shian_field_rules[] = {

    { M(venue), "ref", 1, 100, NULL, 0 },
    { M(venue), "source", 1, 50, NULL, 0 },
    { M(venue), "name", 1, 200, NULL, 0 },
    { M(venue), "name_en", 1, 200, NULL, 0 },
    { M(venue), "uscc", 18, 18, "[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}"
                                "[0-9A-HJ-NPQRTUWXY]{10}", 0 },
    { M(venue), "licence_no", 16, 16, "JY[0-9]{14}", 0 },
    { M(venue), "category", 1, 100, NULL, 0 },
    { M(venue), "district", 1, 100, NULL, 0 },
    { M(venue), "address", 1, 300, NULL, 0 },
    { M(venue), "lng", 0, 180, NULL, 0 },
    { M(venue), "lat", 0, 90, NULL, 0 },
    { M(venue), "phone", 3, 100, "[0-9+*#()/;,. 转-]+", 0 },
    { M(venue), "opened_on", 0, 0, NULL, 0 },
    { M(venue), "licence_expires_on", 0, 0, NULL, 0 },
    { M(venue), "status", 0, 0, NULL, 0 },
    { M(venue), "credit", 0, 0, NULL, 0 },

    { M(policy), "version", 1, 40, "[A-Za-z0-9._-]+", SHIAN_REQUIRED },
    { M(policy), "tz_minutes", 0, 840, NULL, 0 },
    { M(policy), "colour", 0, 0, NULL, 0 },
    { M(policy), "finding", 0, 0, NULL, 0 },
    { M(policy), "complaint", 0, 0, NULL, 0 },
    { M(policy), "case", 0, 0, NULL, 0 },
    { M(policy), "lapse", 0, 0, NULL, 0 },
    { M(policy), "self_check_every_days", 1, 3650, NULL, 0 },
    { M(policy), "reviews", 0, 0, NULL, 0 },
    { M(policy), "credit", 0, 0, NULL, 0 },
    { M(policy), "stale_days", 1, 3650, NULL, 0 },
    { M(policy), "inspect_every_days", 0, 0, NULL, 0 },
    { M(policy), "first_look_minutes", 1, 10080, NULL, 0 },
    { M(policy), "complaint_retention_years", 1, 30, NULL, 0 },
    { M(policy__bounds), "green", 0, 100, NULL, 0 },
    { M(policy__bounds), "yellow", 0, 100, NULL, 0 },
    { M(policy__findings), "critical", 0, 100, NULL, 0 },
    { M(policy__findings), "major", 0, 100, NULL, 0 },
    { M(policy__findings), "minor", 0, 100, NULL, 0 },
    { M(policy__findings), "overdue", 0, 100, NULL, 0 },
    { M(policy__findings), "residual_percent", 0, 100, NULL, 0 },
    { M(policy__findings), "residual_days", 1, 3650, NULL, 0 },
    { M(policy__event), "points", 0, 100, NULL, 0 },
    { M(policy__event), "days", 1, 3650, NULL, 0 },
    { M(policy__lapses), "health_certificate", 0, 100, NULL, 0 },
    { M(policy__lapses), "self_check", 0, 100, NULL, 0 },
    { M(policy__reviews), "prior_mean", 1, 5, NULL, 0 },
    { M(policy__reviews), "prior_count", 0, 1000, NULL, 0 },
    { M(policy__reviews), "days", 1, 3650, NULL, 0 },
    { M(policy__reviews), "points_per_star", 0, 100, NULL, 0 },
    { M(policy__reviews), "max_bonus", 0, 100, NULL, 0 },
    { M(policy__reviews), "max_penalty", 0, 100, NULL, 0 },
    { M(policy__credit), "A", 0, 100, NULL, 0 },
    { M(policy__credit), "B", 0, 100, NULL, 0 },
    { M(policy__credit), "C", 0, 100, NULL, 0 },
    { M(policy__credit), "D", 0, 100, NULL, 0 },
    { M(policy__frequency), "green", 1, 3650, NULL, 0 },
    { M(policy__frequency), "yellow", 1, 3650, NULL, 0 },
    { M(policy__frequency), "red", 1, 3650, NULL, 0 },
    { M(policy__frequency), "ungraded", 1, 3650, NULL, 0 },

    /* 28: four for each of the seven heads. */
    { M(checklist), "version", 1, 40, "[A-Za-z0-9._-]+", SHIAN_REQUIRED },
    { M(checklist), "items", 28, 200, NULL, SHIAN_REQUIRED },
    { M(checklist__item), "code", 1, 10, "[A-Z][A-Z0-9]*", SHIAN_REQUIRED },
    { M(checklist__item), "head", 0, 0, NULL, SHIAN_REQUIRED },
    { M(checklist__item), "text", 2, 60, NULL, SHIAN_REQUIRED },
    { M(checklist__item), "text_en", 2, 160, NULL, SHIAN_REQUIRED },
    { M(checklist__item), "severity", 0, 0, NULL, SHIAN_REQUIRED },
    { M(checklist__item), "guidance", 2, 300, NULL, SHIAN_REQUIRED },
    { M(checklist__item), "guidance_en", 2, 600, NULL, SHIAN_REQUIRED },

    { M(venue_status), "status", 0, 0, NULL, SHIAN_REQUIRED },

    { M(review_post), "hygiene", 1, 5, NULL, SHIAN_REQUIRED },
    { M(review_post), "food", 1, 5, NULL, 0 },
    { M(review_post), "service", 1, 5, NULL, 0 },
    { M(review_post), "text", 1, 1000, NULL,
      SHIAN_SEALED | SHIAN_MULTILINE },

    { M(inspection_post), "venue", 1, 0, NULL, 0 },
    { M(inspection_post), "kind", 0, 0, NULL, SHIAN_REQUIRED },
    { M(inspection_post), "checklist", 1, 40, NULL, SHIAN_REQUIRED },
    { M(inspection_post), "started_at", 0, 0, NULL, SHIAN_REQUIRED },
    { M(inspection_post), "finished_at", 0, 0, NULL, SHIAN_REQUIRED },
    { M(inspection_post), "lat", 0, 90, NULL, 0 },
    { M(inspection_post), "lng", 0, 180, NULL, 0 },
    { M(inspection_post), "accuracy", 0, 1000000, NULL, 0 },
    { M(inspection_post), "items", 1, 200, NULL, SHIAN_REQUIRED },
    { M(inspection_post), "note", 1, 2000, NULL, SHIAN_MULTILINE },
    { M(inspection_post), "complaint", 1, 0, NULL, 0 },

    { M(answer), "code", 1, 10, "[A-Z][A-Z0-9]*", SHIAN_REQUIRED },
    { M(answer), "result", 0, 0, NULL, SHIAN_REQUIRED },
    { M(answer), "note", 1, 500, NULL, SHIAN_MULTILINE },
    { M(answer), "severity", 0, 0, NULL, 0 },
    { M(answer), "deadline_on", 0, 0, NULL, 0 },
    { M(answer), "photos", 0, 10, NULL, 0 },
    { M(answer), "photos_public", 0, 0, NULL, 0 },

    { M(inspection_decide), "action", 0, 0, NULL, SHIAN_REQUIRED },
    { M(inspection_decide), "reason", 1, 500, NULL, SHIAN_MULTILINE },

    { M(evaluation), "year", 2000, 2199, NULL, SHIAN_REQUIRED },
    { M(evaluation), "level", 0, 0, NULL, SHIAN_REQUIRED },
    { M(evaluation), "source", 1, 50, NULL, SHIAN_REQUIRED },

    { M(inspection_reply), "text", 1, 1000, NULL,
      SHIAN_REQUIRED | SHIAN_MULTILINE },

    { M(finding_submit), "text", 1, 1000, NULL,
      SHIAN_REQUIRED | SHIAN_MULTILINE },

    { M(finding_decide), "action", 0, 0, NULL, SHIAN_REQUIRED },
    { M(finding_decide), "reason", 1, 500, NULL, SHIAN_MULTILINE },
    { M(finding_decide), "deadline_on", 0, 0, NULL, 0 },

    { M(appeal_file), "text", 1, 2000, NULL,
      SHIAN_REQUIRED | SHIAN_MULTILINE },

    { M(appeal_decide), "action", 0, 0, NULL, SHIAN_REQUIRED },
    { M(appeal_decide), "text", 1, 2000, NULL, SHIAN_MULTILINE },
    { M(appeal_decide), "finding", 0, 50, NULL, 0 },

    { M(reinspection_ask), "text", 1, 500, NULL, SHIAN_MULTILINE },

    { M(self_check_post), "items", 1, 200, NULL, SHIAN_REQUIRED },

    { M(review_reply), "text", 1, 500, NULL,
      SHIAN_REQUIRED | SHIAN_MULTILINE },

    { M(review_flag), "text", 1, 500, NULL,
      SHIAN_REQUIRED | SHIAN_MULTILINE },

    { M(review_decide), "action", 0, 0, NULL, SHIAN_REQUIRED },
    { M(review_decide), "reason", 0, 0, NULL, 0 },
    { M(review_decide), "text", 1, 500, NULL, SHIAN_MULTILINE },

    { M(user_put), "login", 2, 60, "[a-z0-9][a-z0-9._@-]*", SHIAN_REQUIRED },
    { M(user_put), "role", 0, 0, NULL, SHIAN_REQUIRED },
    { M(user_put), "name", 1, 60, NULL, SHIAN_REQUIRED },
    { M(user_put), "district", 0, 20, NULL, 0 },
    { M(user_put), "venue", 1, 0, NULL, 0 },

    { M(categories), "items", 1, 100, NULL, SHIAN_REQUIRED },
    { M(category), "code", 1, 30, "[a-z][a-z0-9_]*", SHIAN_REQUIRED },
    { M(category), "text", 2, 30, NULL, SHIAN_REQUIRED },
    { M(category), "text_en", 2, 60, NULL, SHIAN_REQUIRED },
    { M(category), "severity", 0, 0, NULL, SHIAN_REQUIRED },
    { M(category), "description", 2, 200, NULL, SHIAN_REQUIRED },
    { M(category), "description_en", 2, 400, NULL, SHIAN_REQUIRED },
    { M(category), "keywords", 1, 200, NULL, 0 },
    { M(category), "group", 1, 30, "[a-z]+", SHIAN_REQUIRED },

    { M(complaint_post), "venue", 1, 0, NULL, 0 },
    { M(complaint_post), "kind", 0, 0, NULL, SHIAN_REQUIRED },
    { M(complaint_post), "category", 1, 30, "[a-z][a-z0-9_]*",
      SHIAN_REQUIRED },
    { M(complaint_post), "text", 1, 4000, NULL,
      SHIAN_REQUIRED | SHIAN_SEALED | SHIAN_MULTILINE },
    { M(complaint_post), "happened_on", 0, 0, NULL, 0 },
    { M(complaint_post), "name", 1, 60, NULL, SHIAN_SEALED },
    { M(complaint_post), "contact", 5, 60, CONTACT, SHIAN_SEALED },
    { M(complaint_post), "place", 1, 200, NULL, SHIAN_SEALED },
    { M(complaint_post), "lat", 0, 90, NULL, 0 },
    { M(complaint_post), "lng", 0, 180, NULL, 0 },
    { M(complaint_post), "district", 1, 100, NULL, 0 },

    { M(complaint_step), "action", 0, 0, NULL, SHIAN_REQUIRED },
    { M(complaint_step), "text", 1, 4000, NULL, SHIAN_MULTILINE },
    { M(complaint_step), "ground", 0, 0, NULL, 0 },
    { M(complaint_step), "into", 1, 0, NULL, 0 },
    { M(complaint_step), "to", 1, 0, NULL, 0 },
    { M(complaint_step), "due_on", 0, 0, NULL, 0 },
    { M(complaint_step), "lat", 0, 90, NULL, 0 },
    { M(complaint_step), "lng", 0, 180, NULL, 0 },
    { M(complaint_step), "accuracy", 0, 100000, NULL, 0 },
    { M(complaint_step), "recommend", 0, 0, NULL, 0 },
    { M(complaint_step), "outcome", 0, 0, NULL, 0 },
    { M(complaint_step), "public_text", 1, 1000, NULL, SHIAN_MULTILINE },
    { M(complaint_step), "findings", 0, 40, NULL, 0 },
    { M(complaint_step__breach), "item", 1, 10, "[A-Z][A-Z0-9]*",
      SHIAN_REQUIRED },
    { M(complaint_step__breach), "severity", 0, 0, NULL, 0 },
    { M(complaint_step__breach), "deadline_on", 0, 0, NULL, 0 },
    { M(complaint_step__breach), "note", 1, 500, NULL, 0 },

    { M(complaint_follow), "action", 0, 0, NULL, 0 },
    { M(complaint_follow), "text", 1, 4000, NULL,
      SHIAN_SEALED | SHIAN_MULTILINE },
    { M(complaint_follow), "rating", 1, 5, NULL, 0 },

    { M(contact_view), "reason", 1, 200, NULL, SHIAN_REQUIRED },

    { M(case_open), "venue", 1, 0, NULL, SHIAN_REQUIRED },
    { M(case_open), "complaint", 1, 0, NULL, 0 },
    { M(case_open), "inspection", 1, 0, NULL, 0 },
    { M(case_open), "text", 1, 1000, NULL, SHIAN_MULTILINE },

    { M(case_step), "action", 0, 0, NULL, SHIAN_REQUIRED },
    { M(case_step), "penalty", 0, 0, NULL, 0 },
    { M(case_step), "document_no", 1, 100, NULL, 0 },
    { M(case_step), "text", 1, 4000, NULL, SHIAN_MULTILINE },
    { M(case_step), "published", 0, 0, NULL, 0 },

    { M(bulk_dispatch), "complaint", 1, 100, NULL, SHIAN_REQUIRED },
    { M(bulk_dispatch), "to", 1, 0, NULL, SHIAN_REQUIRED },
    { M(bulk_dispatch), "due_on", 0, 0, NULL, SHIAN_REQUIRED },

    { M(step_texts), "accept", 0, 20, NULL, 0 },
    { M(step_texts), "refuse", 0, 20, NULL, 0 },
    { M(step_texts), "merge", 0, 20, NULL, 0 },
    { M(step_texts), "dispatch", 0, 20, NULL, 0 },
    { M(step_texts), "report", 0, 20, NULL, 0 },
    { M(step_texts), "decide", 0, 20, NULL, 0 },
    { M(step_texts), "close", 0, 20, NULL, 0 },
    { M(step_texts), "extend", 0, 20, NULL, 0 },
    { M(step_texts), "note", 0, 20, NULL, 0 },
    { M(step_texts), "release", 0, 20, NULL, 0 },
    { M(step_text), "zh", 2, 200, NULL, SHIAN_REQUIRED },
    { M(step_text), "en", 2, 400, NULL, SHIAN_REQUIRED },
};

const size_t  shian_nfield_rules = SHIAN_COUNT(shian_field_rules);
