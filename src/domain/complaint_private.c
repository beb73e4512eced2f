/*
 * Who looked at a complainant's contact, and how what they wrote goes again.
 */

#include "capabilities.h"
#include "complaint_parts.h"
#include "gallery.h"
#include "policy.h"

#define MAX_REASON  200

#define ROLE(name)  SHIAN__ROLE__KIND__##name


/* ---- looking --------------------------------------------------------------*/

/* The chief, and the officer who has it or to whom it was dispatched. */
static bool
may_look(shian_op_t *o, const Shian__Complaint *c)
{
    const Shian__Actor  *actor = o->op->actor;

    if (!shian_complaint_in_reach(o->txn, actor->role, shian_actor_user(o),
                                  c))
    {
        return false;
    }

    switch (actor->role) {
    case ROLE(chief):
    case ROLE(admin):
        return true;
    case ROLE(officer):
        return actor->user != 0 && (actor->user == c->officer
                                    || actor->user == c->dispatched_to);
    default:
        return false;
    }
}


bool
shian_contact_view_check(shian_op_t *o)
{
    Shian__Complaint          *c;
    const Shian__ContactView  *op = o->op->contact_view;

    c = shian_complaint_get(o->txn, op->complaint);

    if (c == NULL) {
        return shian_no_such(o, "There is no such complaint.");
    }

    if (op->reason == NULL || op->reason[0] == '\0') {
        return shian_lacks(o->report, "reason");
    }

    if (strlen(op->reason) > MAX_REASON * 4) {
        shian_fail_field(o->report, "reason", "too_long", NULL);
        return false;
    }

    return !c->erased || shian_wrong_state(o, "It was erased.");
}


void
shian_contact_view_apply(shian_op_t *o)
{
    Shian__Look                look = SHIAN__LOOK__INIT;
    shian_rowkey_t             k;
    Shian__Complaint          *c, was;
    Shian__ComplaintEvent      e = SHIAN__COMPLAINT_EVENT__INIT;
    const Shian__ContactView  *op = o->op->contact_view;

    c = shian_complaint_get(o->txn, op->complaint);
    if (c == NULL) {
        return;
    }

    was = *c;
    look.has_complaint = look.has_role = look.has_at = 1;
    look.complaint = c->id;
    look.has_user = o->op->actor->user != 0;
    look.user = o->op->actor->user;
    look.role = o->op->actor->role;
    look.at = o->op->at;
    look.reason = op->reason;
    look.has_refused = look.refused = !may_look(o, c);

    k = shian_rowkey_id(~o->op->at);
    shian_rowkey_be(&k, ~o->seq, 8);
    shian_row_put_message(o->txn, SHIAN_T_LOOK, &k, &look);

    e.text = op->reason;
    shian_complaint_tell(o, c, look.refused ? "look_refused" : "look", &e);
    shian_complaint_put(o, &was, c);

    shian_result(o, c->id, 0);
    o->result.has_refused = look.refused;
    o->result.refused = look.refused;
}


/* ---- erasing --------------------------------------------------------------*/

static void
drop_photos(shian_op_t *o, Shian__Photo **photos, size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        shian_gallery_drop(o, photos[i]);
    }
}


/* Additions have keys and photos of their own. */
static void
erase_events(shian_op_t *o, const Shian__Complaint *c)
{
    uint32_t                n;
    shian_rowkey_t          k;
    Shian__ComplaintEvent  *e;

    for (n = 1; n <= c->events; n++) {
        e = shian_complaint_event(o->txn, c->id, n);

        if (e == NULL || (!e->has_vault && e->n_photos == 0)) {
            continue;
        }

        if (e->has_vault) {
            shian_vault_del(o->txn, shian_bytes(e->vault), o->op->at);
        }

        drop_photos(o, e->photos, e->n_photos);
        e->n_photos = 0;

        k = shian_rowkey_id(c->id);
        shian_rowkey_be(&k, n, 4);
        shian_row_put_message(o->txn, SHIAN_T_COMPLAINT_EVENT, &k, e);
    }
}


static void
erase_one(shian_op_t *o, Shian__Complaint *c)
{
    Shian__Complaint       was = *c;
    Shian__ComplaintEvent  e = SHIAN__COMPLAINT_EVENT__INIT;

    erase_events(o, c);
    drop_photos(o, c->photos, c->n_photos);

    if (c->has_vault) {
        shian_vault_del(o->txn, shian_bytes(c->vault), o->op->at);
    }

    c->n_photos = 0;
    c->has_device = 0;
    c->has_erased = c->erased = 1;
    shian_complaint_tell(o, c, "erase", &e);
    shian_complaint_put(o, &was, c);
}


void
shian_complaint_erase(shian_op_t *o, uint64_t id)
{
    Shian__Complaint  *c, *other;

    c = shian_complaint_get(o->txn, id);
    other = c == NULL || !c->has_linked
            ? NULL : shian_complaint_get(o->txn, c->linked);

    if (c != NULL && !c->erased) {
        erase_one(o, c);
    }

    if (other != NULL && !other->erased) {
        erase_one(o, other);
    }

    shian_result(o, id, 0);
}


static size_t
add_photos(Shian__Photo **photos, size_t n,
    uint8_t (*hashes)[SHIAN_HASH_SIZE], size_t had, size_t max)
{
    size_t  i;

    for (i = 0; i < n && had < max; i++) {
        if (photos[i]->hash.len == SHIAN_HASH_SIZE) {
            memcpy(hashes[had++], photos[i]->hash.data, SHIAN_HASH_SIZE);
        }
    }

    return had;
}


static size_t
photos_of(shian_txn_t *t, const Shian__Complaint *c,
    uint8_t (*hashes)[SHIAN_HASH_SIZE], size_t had, size_t max)
{
    uint32_t                n;
    Shian__ComplaintEvent  *e;

    had = add_photos(c->photos, c->n_photos, hashes, had, max);

    for (n = 1; n <= c->events && had < max; n++) {
        e = shian_complaint_event(t, c->id, n);

        if (e != NULL) {
            had = add_photos(e->photos, e->n_photos, hashes, had, max);
        }
    }

    return had;
}


size_t
shian_complaint_photos(shian_txn_t *t, uint64_t id,
    uint8_t (*hashes)[SHIAN_HASH_SIZE], size_t max)
{
    size_t             n;
    Shian__Complaint  *c, *other;

    c = shian_complaint_get(t, id);

    if (c == NULL) {
        return 0;
    }

    n = photos_of(t, c, hashes, 0, max);
    other = c->has_linked ? shian_complaint_get(t, c->linked) : NULL;

    return other == NULL ? n : photos_of(t, other, hashes, n, max);
}


/* ---- by the calendar ------------------------------------------------------*/

int32_t
shian_complaint_expiry(int32_t ended_on, uint32_t years)
{
    int32_t  y, m, d;

    shian_civil_from_day(ended_on, &y, &m, &d);

    /* The day after, so that the last day is kept whole, 29 February too. */
    return shian_day_from_civil(y + (int32_t) years, m,
                                m == 2 && d == 29 ? 28 : d) + 1;
}


/* The day on which the later half of it ended; false: one has not. */
static bool
ended_on(shian_txn_t *t, const Shian__Complaint *c, int32_t *day)
{
    uint64_t                 at;
    const Shian__Complaint  *other;

    at = c->ended_at;

    if (!c->has_ended_at) {
        return false;
    }

    if (c->has_linked) {
        other = shian_complaint_get(t, c->linked);

        if (other == NULL || !other->has_ended_at) {
            return false;
        }

        at = other->ended_at > at ? other->ended_at : at;
    }

    *day = shian_local_day(at, SHIAN_TZ_MINUTES);

    return true;
}


bool
shian_complaint_expire_check(shian_op_t *o)
{
    int32_t                  day;
    const Shian__Complaint  *c;
    shian_complaint_rules_t  rules;

    c = shian_complaint_get(o->txn, o->op->complaint_expire->complaint);

    if (c == NULL) {
        return shian_no_such(o, "There is no such complaint.");
    }

    shian_complaint_rules(o->txn, &rules);
    o->unchanged = c->erased;

    return o->unchanged
           || (ended_on(o->txn, c, &day)
               && shian_op_day(o)
                  >= shian_complaint_expiry(day, rules.retention_years))
           || shian_wrong_state(o, "Its time is not over yet.");
}


void
shian_complaint_expire_apply(shian_op_t *o)
{
    shian_complaint_erase(o, o->op->complaint_expire->complaint);
}


size_t
shian_complaints_expired(shian_txn_t *t, uint64_t at_ms, uint64_t *ids,
    size_t max)
{
    size_t                   n;
    int32_t                  day, today;
    shian_scan_t             scan;
    shian_rowkey_t           prefix;
    shian_complaint_rules_t  rules;

    n = 0;
    today = shian_local_day(at_ms, SHIAN_TZ_MINUTES);
    prefix = shian_complaint_prefix('x');
    shian_complaint_rules(t, &rules);
    shian_scan_open(&scan, t, SHIAN_T_COMPLAINT_BY, &prefix, NULL);

    while (n < max && shian_scan_next(&scan) && scan.key.n == 13) {
        day = (int32_t) (uint32_t) shian_be(scan.key.p + 1, 4);

        if (shian_complaint_expiry(day, rules.retention_years) > today) {
            break;
        }

        ids[n++] = shian_by_id(scan.key);
    }

    shian_scan_close(&scan);

    return n;
}
