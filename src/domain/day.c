/*
 * What happens to the whole city: a day passes, a policy changes.  Each goes
 * from venue to venue in slices, and where it has come to is in the store.
 */

#include "settle.h"

#include "capabilities.h"
#include "checkin.h"
#include "policy.h"

#define MOST_SLICE  4096
#define DONE        UINT64_MAX

/* How far something for every venue has come: what it is, and who is next. */
typedef struct {
    uint64_t  what;
    uint64_t  next;
} frontier_t;

#define PASSED    "day_passed"
#define REGRADED  "regraded"


static shian_rowkey_t
frontier_key(const char *name)
{
    shian_rowkey_t  k;

    k.n = 0;
    shian_rowkey_bytes(&k, name, strlen(name));

    return k;
}


static frontier_t
frontier(shian_txn_t *t, const char *name)
{
    shian_str_t     v;
    shian_rowkey_t  k = frontier_key(name);

    if (!shian_row_get(t, SHIAN_T_META, &k, &v) || v.n != 16) {
        return (frontier_t) { 0, 1 };
    }

    return (frontier_t) { shian_be(v.p, 8), shian_be(v.p + 8, 8) };
}


/* The venue that came last, 0 while there is none. */
static uint64_t
newest(shian_txn_t *t)
{
    return shian_id_before(t, SHIAN_T_VENUE, UINT64_MAX);
}


/* A slice further on does not move it: those between are still to come. */
static void
set_frontier(shian_op_t *o, const char *name, uint64_t what, uint64_t first,
    uint64_t last)
{
    uint64_t        end, next;
    frontier_t      f = frontier(o->txn, name);
    shian_rowkey_t  k = frontier_key(name), v;

    next = f.what == what ? f.next : 1;

    if (f.what > what || first > next || last < next) {
        return;
    }

    end = newest(o->txn);

    v.n = 0;
    shian_rowkey_be(&v, what, 8);
    shian_rowkey_be(&v, last < end ? last + 1 : DONE, 8);
    shian_row_put(o->txn, SHIAN_T_META, &k, shian_slice(v.b, v.n));
}


void
shian_city_changed(shian_op_t *o)
{
    if (newest(o->txn) == 0) {
        set_frontier(o, REGRADED, shian_city_cause(o->txn), 1, 1);
    }
}


/* Who is next, if `what` is not done. */
static bool
goes_on(shian_txn_t *t, const char *name, uint64_t what, uint64_t *first)
{
    frontier_t  f = frontier(t, name);

    if (f.what > what || (f.what == what && f.next == DONE)
        || newest(t) == 0)
    {
        return false;
    }

    *first = f.what == what ? f.next : 1;

    return true;
}


bool
shian_day_next(shian_txn_t *t, int32_t day, uint64_t *first)
{
    return day >= 0 && goes_on(t, PASSED, (uint64_t) day, first);
}


bool
shian_day_passed(shian_txn_t *t, int32_t *day)
{
    frontier_t  f = frontier(t, PASSED);

    *day = (int32_t) f.what - (f.next == DONE ? 0 : 1);

    return f.what > 1;
}


uint64_t
shian_city_cause(shian_txn_t *t)
{
    uint64_t              rules;
    Shian__PolicyRecord  *r = shian_policy_record(t);

    (void) shian_rules_in_force(t, &rules);

    return r == NULL || r->seq < rules ? rules : r->seq;
}


bool
shian_regrade_next(shian_txn_t *t, uint64_t *cause, uint64_t *first)
{
    *cause = shian_city_cause(t);

    return *cause != 0 && goes_on(t, REGRADED, *cause, first);
}


bool
shian_city_walked(shian_op_t *o)
{
    uint64_t  first;
    int32_t   day = shian_op_day(o);

    if (frontier(o->txn, PASSED).what > (uint64_t) day) {
        return shian_wrong_state(o, "The clock is behind: a later day was "
                                 "begun before.");
    }

    return !shian_day_next(o->txn, day, &first)
           || shian_fail(o->report, 409, "day_not_passed",
                         "The venues have not all been taken over midnight; "
                         "try again in a moment.");
}


/* The id that n venues from `first` on end with. */
static uint64_t
last_of(shian_txn_t *t, uint64_t first, size_t n)
{
    size_t    i;
    uint64_t  id, last;

    last = first;
    id = shian_id_from(t, SHIAN_T_VENUE, first);

    for (i = 0; i < n && id != 0; i++) {
        last = id;
        id = shian_id_from(t, SHIAN_T_VENUE, id + 1);
    }

    return last;
}


uint64_t
shian_slice_last(shian_txn_t *t, uint64_t first)
{
    return last_of(t, first, SHIAN_DAY_SLICE);
}


bool
shian_city_step(shian_txn_t *t, uint64_t now_ms, shian_city_step_t *body,
    Shian__Operation *op)
{
    int32_t   day = shian_local_day(now_ms, SHIAN_TZ_MINUTES);
    uint64_t  first, cause;

    if (shian_day_next(t, day, &first)) {
        shian__day_pass__init(&body->pass);
        body->pass.has_day = body->pass.has_first = body->pass.has_last = 1;
        body->pass.day = day;
        body->pass.first = first;
        body->pass.last = shian_slice_last(t, first);
        op->body_case = SHIAN__OPERATION__BODY_DAY_PASS;
        op->day_pass = &body->pass;
        return true;
    }

    if (shian_regrade_next(t, &cause, &first)) {
        shian__city_regrade__init(&body->regrade);
        body->regrade.has_cause_seq = 1;
        body->regrade.has_first = body->regrade.has_last = 1;
        body->regrade.cause_seq = cause;
        body->regrade.first = first;
        body->regrade.last = shian_slice_last(t, first);
        op->body_case = SHIAN__OPERATION__BODY_CITY_REGRADE;
        op->city_regrade = &body->regrade;
        return true;
    }

    return false;
}


/* ---- slices ---------------------------------------------------------------*/

/* A slice that was done before is nothing. */
static bool
check_slice(shian_op_t *o, bool due, uint64_t next, uint64_t first,
    uint64_t last)
{
    if (first == 0 || last < first
        || (last - first >= MOST_SLICE
            && last_of(o->txn, first, MOST_SLICE) < last))
    {
        shian_fail_field(o->report, "last", "range", NULL);
        return false;
    }

    o->unchanged = !due || last < next;

    return true;
}


bool
shian_day_pass_check(shian_op_t *o)
{
    bool                   due;
    uint64_t               next;
    const Shian__DayPass  *op = o->op->day_pass;

    if (op->day != shian_op_day(o)) {
        shian_fail_field(o->report, "day", "range", "It is not that day.");
        return false;
    }

    next = 0;
    due = shian_day_next(o->txn, op->day, &next);

    return check_slice(o, due, next, op->first, op->last);
}


/* Most venues sleep through most nights. */
static bool
sleeps(const Shian__Tally *tally, int32_t day)
{
    return tally->standing != NULL && tally->standing->quiet_until > day;
}


static void
pass_day(shian_op_t *o, uint64_t venue, int32_t day)
{
    uint32_t       year;
    Shian__Tally  *tally;

    if (shian_venue_get(o->txn, venue) == NULL) {
        return;
    }

    tally = shian_tally_get(o->txn, venue);
    year = shian_evaluation_due(o->txn, venue, day);

    if (tally == NULL || (year == 0 && sleeps(tally, day))) {
        return;
    }

    if (year != 0) {
        shian_evaluate_again(o, tally, venue,
                             shian_day_from_civil((int32_t) year, 12, 31));
    }

    shian_settle(o, venue, tally);
}


void
shian_day_pass_apply(shian_op_t *o)
{
    uint64_t               id;
    const Shian__DayPass  *op = o->op->day_pass;

    for (id = shian_id_from(o->txn, SHIAN_T_VENUE, op->first);
         id != 0 && id <= op->last;
         id = shian_id_from(o->txn, SHIAN_T_VENUE, id + 1))
    {
        pass_day(o, id, op->day);
    }

    set_frontier(o, PASSED, (uint64_t) op->day, op->first,
                 op->last);
}


bool
shian_city_regrade_check(shian_op_t *o)
{
    bool                       due;
    uint64_t                   next, cause;
    const Shian__CityRegrade  *op = o->op->city_regrade;

    next = 0;
    due = shian_regrade_next(o->txn, &cause, &next);

    if (op->cause_seq != cause) {
        return shian_wrong_state(o, "Another change has come since.");
    }

    return check_slice(o, due, next, op->first, op->last);
}


void
shian_city_regrade_apply(shian_op_t *o)
{
    uint64_t                   id;
    Shian__Tally              *tally;
    const Shian__CityRegrade  *op = o->op->city_regrade;

    for (id = shian_id_from(o->txn, SHIAN_T_VENUE, op->first);
         id != 0 && id <= op->last;
         id = shian_id_from(o->txn, SHIAN_T_VENUE, id + 1))
    {
        tally = shian_tally_get(o->txn, id);

        if (tally != NULL && (tally->standing == NULL
                              || tally->standing->under < op->cause_seq))
        {
            shian_settle(o, id, tally);
        }
    }

    set_frontier(o, REGRADED, op->cause_seq, op->first, op->last);
}
