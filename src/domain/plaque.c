#include "capabilities.h"
#include "core/code.h"
#include "domain.h"


bool
shian_plaque_issue_check(shian_op_t *o)
{
    Shian__Venue               *v;
    const Shian__PlaqueIssue   *op = o->op->plaque_issue;

    v = shian_venue_get(o->txn, op->venue);

    if (v == NULL) {
        return shian_no_such(o, "There is no such venue.");
    }

    if (v->status == SHIAN__VENUE__STATUS__closed) {
        return shian_wrong_state(o, "The venue is closed; open it again "
                                 "before it gets a plaque.");
    }

    if (op->plaque == 0 || op->plaque > SHIAN_CODE_MAX_ID) {
        return shian_fail(o->report, 400, "malformed", "No plaque id.");
    }

    if (shian_plaque_get(o->txn, op->plaque) != NULL) {
        return shian_wrong_state(o, "This plaque was issued before.");
    }

    return shian_may(o, v);
}


static void
withdraw(shian_op_t *o, uint64_t id)
{
    Shian__Plaque  *p;

    p = shian_plaque_get(o->txn, id);

    if (p != NULL && !p->has_withdrawn_at) {
        p->has_withdrawn_at = 1;
        p->withdrawn_at = o->op->at;
        shian_put_record(o->txn, SHIAN_T_PLAQUE, id, p);
    }
}


void
shian_plaque_issue_apply(shian_op_t *o)
{
    Shian__Tally              *tally;
    Shian__Plaque              p = SHIAN__PLAQUE__INIT;
    const Shian__PlaqueIssue  *op = o->op->plaque_issue;

    tally = shian_tally_get(o->txn, op->venue);
    if (tally == NULL) {
        return;
    }

    /* One plaque a venue: the wall must not show two. */
    if (tally->plaque != 0) {
        withdraw(o, tally->plaque);
    }

    p.has_id = p.has_key_no = p.has_venue = p.has_issued_at = 1;
    p.id = op->plaque;
    p.key_no = op->key_no;
    p.venue = op->venue;
    p.issued_at = o->op->at;
    shian_put_record(o->txn, SHIAN_T_PLAQUE, p.id, &p);

    tally->has_plaque = 1;
    tally->plaque = p.id;
    shian_tally_put(o, op->venue, tally);

    shian_result(o, p.id, op->venue);
}


bool
shian_plaque_withdraw_check(shian_op_t *o)
{
    Shian__Venue   *v;
    Shian__Plaque  *p;

    p = shian_plaque_get(o->txn, o->op->plaque_withdraw->plaque);
    if (p == NULL) {
        return shian_no_such(o, "There is no such plaque.");
    }

    if (p->has_withdrawn_at) {
        return shian_wrong_state(o, "This plaque is withdrawn already.");
    }

    v = shian_venue_get(o->txn, p->venue);

    return v == NULL ? shian_may_city(o) : shian_may(o, v);
}


void
shian_plaque_withdraw_apply(shian_op_t *o)
{
    uint64_t        id = o->op->plaque_withdraw->plaque;
    Shian__Tally   *tally;
    Shian__Plaque  *p;

    p = shian_plaque_get(o->txn, id);
    if (p == NULL) {
        return;
    }

    withdraw(o, id);

    tally = shian_tally_get(o->txn, p->venue);

    if (tally != NULL && tally->plaque == id) {
        tally->has_plaque = 0;
        tally->plaque = 0;
        shian_tally_put(o, p->venue, tally);
    }

    shian_result(o, id, 0);
}
