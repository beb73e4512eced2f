#include "capabilities.h"
#include "complaint_parts.h"
#include "policy.h"
#include "rules.h"
#include "settle.h"

#define SWEEP_ROWS  1000


/*
 * The first entry of every log, so two cities' logs differ from the start.
 * What later entries mean begins here: rules, policy and local midnight.
 */
bool
shian_store_init_check(shian_op_t *o)
{
    bool                    same;
    const Shian__StoreInit *op = o->op->store_init;

    o->unchanged = shian_log_get(o->txn, 1) != NULL;

    if (o->unchanged) {
        return true;
    }

    if (op->has_rules && !shian_rules_known(op->rules)) {
        return shian_fail(o->report, 503, "rules_newer",
                          "This program does not know these rules.");
    }

    if (op->has_tz_minutes && op->tz_minutes != SHIAN_TZ_MINUTES) {
        shian_fail_field(o->report, "tz_minutes", "range",
                         "The bureau's time is 480 minutes east of UTC.");
        return false;
    }

    return op->policy == NULL
           || shian_policy_check(o->txn, op->policy, &same, o->report);
}


void
shian_store_init_apply(shian_op_t *o)
{
    shian_rowkey_t           k;
    const Shian__StoreInit  *op = o->op->store_init;

    k.n = 0;
    shian_rowkey_bytes(&k, "site", 4);
    shian_row_put(o->txn, SHIAN_T_META, &k, shian_bytes(op->site));
    shian_generation_put(o->txn, op->generation);

    if (op->has_rules) {
        shian_rules_put(o, op->rules);
    }

    if (op->policy != NULL) {
        shian_policy_put(o, op->policy);
    }
}


/* Only where the log ends just where the backup did. */
bool
shian_store_restore_check(shian_op_t *o)
{
    shian_head_t                head;
    const Shian__StoreRestore  *op = o->op->store_restore;

    shian_log_head(o->txn, &head);

    if (head.seq != op->restored_seq
        || !shian_str_eq(shian_slice(head.hash, sizeof(head.hash)),
                         shian_bytes(op->restored_hash)))
    {
        return shian_wrong_state(o, "The log does not end there.");
    }

    return (op->generation != 0
            && op->generation != shian_generation(o->txn))
           || shian_fail(o->report, 400, "malformed", "No generation.");
}


void
shian_store_restore_apply(shian_op_t *o)
{
    shian_rowkey_t  k;

    shian_generation_put(o->txn, o->op->store_restore->generation);
    shian_ids_skip(o->txn, o->op->store_restore->backup_at, o->op->at);

    /* For who asks after a head of the lost stretch. */
    k.n = 0;
    shian_rowkey_bytes(&k, "restore", 7);
    shian_rowkey_be(&k, o->seq, 8);
    shian_row_put_message(o->txn, SHIAN_T_META, &k, o->op->store_restore);
}


bool
shian_erase_check(shian_op_t *o)
{
    Shian__Review       *r;
    Shian__Complaint    *c;
    const Shian__Erase  *op = o->op->erase;

    if (op->has_complaint) {
        c = shian_complaint_get(o->txn, op->complaint);

        if (c == NULL) {
            return shian_no_such(o, "There is no such complaint.");
        }

        o->unchanged = c->erased;
        return shian_may_complaint(o, c);
    }

    r = shian_review_get(o->txn, op->review);

    return shian_venue_of(o, r == NULL ? 0 : r->venue,
                          "There is no such review.") != NULL;
}


/* The key goes; the record stays and reads as erased from now on. */
void
shian_erase_apply(shian_op_t *o)
{
    Shian__Tally   *tally;
    Shian__Review  *r;

    if (o->op->erase->has_complaint) {
        shian_complaint_erase(o, o->op->erase->complaint);
        return;
    }

    r = shian_review_get(o->txn, o->op->erase->review);
    tally = r == NULL ? NULL : shian_tally_get(o->txn, r->venue);

    if (tally == NULL) {
        return;
    }

    if (r->has_vault) {
        shian_vault_del(o->txn, shian_bytes(r->vault), o->op->at);
    }

    shian_review_forget_photos(o, r);
    shian_tally_put(o, r->venue, tally);
    shian_result(o, r->id, 0);
}


bool
shian_sweep_check(shian_op_t *o)
{
    (void) o;

    return true;
}


void
shian_sweep_apply(shian_op_t *o)
{
    shian_sweep(o->txn, o->op->at, SWEEP_ROWS);
}


/* ---- rules and clock ------------------------------------------------------*/

bool
shian_rules_adopt_check(shian_op_t *o)
{
    uint32_t  number;

    number = o->op->rules_adopt->number;

    if (!shian_rules_known(number)) {
        shian_fail_field(o->report, "number", "range",
                         "This program does not know these rules.");
        return false;
    }

    o->unchanged = number == o->rules;

    if (number < o->rules) {
        return shian_wrong_state(o, "Newer rules are in force; going back "
                                 "means restoring a backup.");
    }

    return o->unchanged || shian_city_walked(o);
}


/* Grades follow slice by slice, as after a policy: see city.regrade. */
void
shian_rules_adopt_apply(shian_op_t *o)
{
    shian_rules_put(o, o->op->rules_adopt->number);
    shian_city_changed(o);
}


/* What it says of this machine the batch keeps: the log has the instant. */
bool
shian_clock_confirm_check(shian_op_t *o)
{
    return o->op->at != 0
           || shian_fail(o->report, 400, "malformed", "No instant.");
}


void
shian_clock_confirm_apply(shian_op_t *o)
{
    (void) o;
}
