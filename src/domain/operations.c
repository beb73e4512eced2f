#include "operations.h"

#include "capabilities.h"
#include "domain.h"
#include "evidence.h"
#include "rules.h"

#define ROW(label, kind, Message, roles, reach, fn)                          \
    { label, SHIAN__OPERATION__BODY_##kind, &Message##__descriptor, roles,   \
      SHIAN_REACH_##reach, shian_##fn##_check, shian_##fn##_apply }

#define ADMIN    SHIAN_ROLE(admin)
#define CHIEF    (SHIAN_ROLE(chief) | ADMIN)
#define OFFICER  (SHIAN_ROLE(officer) | CHIEF)
#define STAFF    (SHIAN_ROLE(inspector) | OFFICER)
#define VENUE    SHIAN_ROLE(venue)

const shian_operation_row_t  shian_operations[] = {
    ROW("store.init", STORE_INIT, shian__store_init, ADMIN, CITY, store_init),
    ROW("venue.upsert", VENUE_UPSERT, shian__venue_upsert, CHIEF, RECORD,
        venue_upsert),
    ROW("venue.status", VENUE_STATUS, shian__venue_status, OFFICER, RECORD,
        venue_status),
    ROW("plaque.issue", PLAQUE_ISSUE, shian__plaque_issue, CHIEF, RECORD,
        plaque_issue),
    ROW("plaque.withdraw", PLAQUE_WITHDRAW, shian__plaque_withdraw, CHIEF,
        RECORD, plaque_withdraw),
    ROW("review.post", REVIEW_POST, shian__review_post, SHIAN_ANYBODY, OWN,
        review_post),
    ROW("review.reply", REVIEW_REPLY, shian__review_reply, VENUE, RECORD,
        review_reply),
    ROW("review.flag", REVIEW_FLAG, shian__review_flag, VENUE, RECORD,
        review_flag),
    ROW("review.decide", REVIEW_DECIDE, shian__review_decide, OFFICER, RECORD,
        review_decide),
    ROW("photo.put", PHOTO_PUT, shian__photo_put, SHIAN_ANYBODY, OWN,
        photo_put),
    ROW("user.put", USER_PUT, shian__user_put, CHIEF, RECORD, user_put),
    ROW("user.disable", USER_DISABLE, shian__user_disable, CHIEF, RECORD,
        user_disable),
    ROW("session.start", SESSION_START, shian__session_start, SHIAN_ANYBODY,
        OWN, session_start),
    ROW("session.end", SESSION_END, shian__session_end, SHIAN_ANYBODY, OWN,
        session_end),
    ROW("inspection.import", INSPECTION_IMPORT, shian__inspection_import,
        ADMIN, RECORD, inspection_import),
    ROW("evaluation.set", EVALUATION_SET, shian__evaluation_set, OFFICER,
        RECORD, evaluation_set),
    ROW("erase", ERASE, shian__erase, CHIEF, RECORD, erase),
    ROW("sweep", SWEEP, shian__sweep, ADMIN, CITY, sweep),
    ROW("day.pass", DAY_PASS, shian__day_pass, ADMIN, CITY, day_pass),
    ROW("policy.set", POLICY_SET, shian__policy_set, CHIEF, CITY, policy_set),
    ROW("checklist.set", CHECKLIST_SET, shian__checklist_set, CHIEF, CITY,
        checklist_set),
    ROW("inspection.post", INSPECTION_POST, shian__inspection_post, STAFF,
        RECORD, inspection_post),
    ROW("inspection.decide", INSPECTION_DECIDE, shian__inspection_decide,
        OFFICER, RECORD, inspection_decide),
    ROW("finding.submit", FINDING_SUBMIT, shian__finding_submit, VENUE,
        RECORD, finding_submit),
    ROW("finding.decide", FINDING_DECIDE, shian__finding_decide, STAFF,
        RECORD, finding_decide),
    ROW("inspection.reply", INSPECTION_REPLY, shian__inspection_reply, VENUE,
        RECORD, inspection_reply),
    ROW("reply.remove", REPLY_REMOVE, shian__reply_remove, OFFICER, RECORD,
        reply_remove),
    ROW("appeal.file", APPEAL_FILE, shian__appeal_file, VENUE, RECORD,
        appeal_file),
    ROW("appeal.decide", APPEAL_DECIDE, shian__appeal_decide, VENUE | OFFICER,
        RECORD, appeal_decide),
    ROW("reinspection.ask", REINSPECTION_ASK, shian__reinspection_ask, VENUE,
        RECORD, reinspection_ask),
    ROW("evaluation.close", EVALUATION_CLOSE, shian__evaluation_close, ADMIN,
        CITY, evaluation_close),
    ROW("self.check.post", SELF_CHECK_POST, shian__self_check_post, VENUE,
        RECORD, self_check_post),

    ROW("complaint.post", COMPLAINT_POST, shian__complaint_post,
        SHIAN_ANYBODY, OWN, complaint_post),
    ROW("complaint.step", COMPLAINT_STEP, shian__complaint_step, STAFF,
        RECORD, complaint_step),
    ROW("complaint.follow", COMPLAINT_FOLLOW, shian__complaint_follow,
        SHIAN_ANYBODY, OWN, complaint_follow),
    ROW("complaint.expire", COMPLAINT_EXPIRE, shian__complaint_expire, ADMIN,
        CITY, complaint_expire),
    ROW("contact.view", CONTACT_VIEW, shian__contact_view, STAFF, RECORD,
        contact_view),
    ROW("case.open", CASE_OPEN, shian__case_open, OFFICER, RECORD, case_open),
    ROW("case.step", CASE_STEP, shian__case_step, OFFICER, RECORD, case_step),

    ROW("rules.adopt", RULES_ADOPT, shian__rules_adopt, CHIEF, CITY,
        rules_adopt),
    ROW("clock.confirm", CLOCK_CONFIRM, shian__clock_confirm, CHIEF, CITY,
        clock_confirm),
    ROW("link.issue", LINK_ISSUE, shian__link_issue, CHIEF, RECORD,
        link_issue),
    ROW("sessions.end", SESSIONS_END, shian__sessions_end, CHIEF, RECORD,
        sessions_end),
    ROW("store.restore", STORE_RESTORE, shian__store_restore, ADMIN, CITY,
        store_restore),
    ROW("city.regrade", CITY_REGRADE, shian__city_regrade, ADMIN, CITY,
        city_regrade),
};

const size_t  shian_noperations = SHIAN_COUNT(shian_operations);


const shian_operation_row_t *
shian_operation(Shian__Operation__BodyCase body)
{
    size_t  i;

    for (i = 0; i < shian_noperations; i++) {
        if (shian_operations[i].body == body) {
            return &shian_operations[i];
        }
    }

    return NULL;
}


const shian_operation_row_t *
shian_operation_named(const char *name)
{
    size_t  i;

    for (i = 0; i < shian_noperations; i++) {
        if (strcmp(shian_operations[i].name, name) == 0) {
            return &shian_operations[i];
        }
    }

    return NULL;
}


/*
 * The door has proved who it is; whether that person still is what they were
 * is asked again here, inside the transaction.
 */
static bool
actor_stands(shian_op_t *o)
{
    const Shian__User   *user;
    const Shian__Actor  *actor;

    actor = o->op->actor;

    if (actor == NULL) {
        return shian_fail(o->report, 500, "server", "Nobody acts.");
    }

    if (actor->user == 0) {
        return true;
    }

    user = shian_user_get(o->txn, actor->user);

    if (user == NULL || user->disabled || user->role != actor->role
        || user->venue != actor->venue)
    {
        return shian_fail(o->report, 401, "signin_required",
                          "The account was disabled or changed.");
    }

    return true;
}


static bool
check(shian_op_t *o)
{
    const shian_operation_row_t  *row;

    row = shian_operation(o->op->body_case);

    if (row == NULL) {
        return shian_fail(o->report, 500, "server", "Unknown operation.");
    }

    if (!actor_stands(o)) {
        return false;
    }

    if ((row->roles & (1u << o->op->actor->role)) == 0) {
        return shian_fail(o->report, 403, "forbidden",
                          "Your role may not do this.");
    }

    return (row->reach != SHIAN_REACH_CITY || shian_may_city(o))
           && row->check(o);
}


static void
apply(shian_op_t *o)
{
    const shian_operation_row_t  *row;

    row = shian_operation(o->op->body_case);

    /* In a log that was tampered with anything may be missing. */
    if (row == NULL || o->op->actor == NULL) {
        o->txn->err = MDB_VERSION_MISMATCH;
        return;
    }

    row->apply(o);
    shian_evidence_settle(o);
}


const shian_machine_t  shian_machine = { check, apply, shian_rules_known };
