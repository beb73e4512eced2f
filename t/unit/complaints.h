/*
 * What the tests of complaints share: filings as a door makes them, steps of
 * the bureau and of the complainant, and what stands after them.
 */

#ifndef COMPLAINTS_H
#define COMPLAINTS_H

#include "visits.h"
#include "domain/complaint.h"

#define CSTATE(name)  SHIAN__COMPLAINT__STATE__##name
#define STEP(name)    SHIAN__COMPLAINT_STEP__ACTION__##name
#define FOLLOW(name)  SHIAN__COMPLAINT_FOLLOW__ACTION__##name
#define FILE_AS(name) SHIAN__COMPLAINT_POST__KIND__##name

#define WORDS    "汤里有一只苍蝇, I was there"
#define NAME     "王小明同学"
#define CONTACT  "13800138000"


static inline int32_t
today(const city_t *c)
{
    return shian_local_day(c->now, SHIAN_TZ_MINUTES);
}


static inline ProtobufCBinaryData
text(const char *s)
{
    return shian_binary(shian_str(s));
}


static inline void
read_txn(city_t *c, shian_txn_t *t)
{
    assert_int_equal(shian_txn_begin(c->store, &c->arena, false, t), 0);
}


/* Device n; what is asked for comes from the caller afterwards. */
static inline Shian__Operation *
filing(city_t *c, Shian__ComplaintPost__Kind kind, uint64_t device)
{
    uint8_t               *id;
    Shian__Operation      *op = city_operation(c, ROLE(public), 0);
    Shian__ComplaintPost  *p;

    id = shian_zalloc(&c->arena, 16);
    memcpy(id, &device, sizeof(device));
    op->actor->has_device = 1;
    op->actor->device = shian_binary(shian_slice(id, 16));

    p = CITY_BODY(c, op, COMPLAINT_POST, complaint_post,
                  Shian__ComplaintPost, shian__complaint_post__init);
    p->has_kind = p->has_venue = p->has_text = 1;
    p->kind = kind;
    p->venue = 1;
    p->category = "foreign";
    p->text = text(WORDS);
    p->has_name = p->has_contact = kind != FILE_AS(report);
    p->name = text(NAME);
    p->contact = text(CONTACT);

    return op;
}


static inline void
add_photo(city_t *c, Shian__Photo ***photos, size_t *n, uint8_t mark)
{
    uint8_t        *hash;
    Shian__Photo   *p;
    Shian__Photo  **all;

    hash = shian_zalloc(&c->arena, SHIAN_HASH_SIZE);
    hash[0] = mark;
    p = shian_zalloc(&c->arena, sizeof(*p));
    shian__photo__init(p);
    p->has_hash = 1;
    p->hash = shian_binary(shian_slice(hash, SHIAN_HASH_SIZE));

    all = shian_array(&c->arena, *n + 1, sizeof(*all));
    if (*n != 0) {
        memcpy(all, *photos, *n * sizeof(*all));
    }
    all[(*n)++] = p;
    *photos = all;
}


/* As a door does: prepare, seal, submit.  The status of the first refusal. */
static inline int
file(city_t *c, Shian__Operation *op)
{
    bool               ok;
    shian_txn_t        t;
    shian_report_t     report;
    shian_workdays_t   days;

    shian_workdays_default(&days);
    shian_report_init(&report);
    read_txn(c, &t);
    ok = shian_complaint_prepare(&t, &days, op->at, op->complaint_post,
                                 &report);
    shian_txn_abort(&t);

    if (!ok) {
        c->item[0].report = report;
        return report.status;
    }

    return city_do(c, op);
}


static inline Shian__Operation *
step(city_t *c, uint64_t id, Shian__ComplaintStep__Action action)
{
    Shian__Operation      *op = by(c, ROLE(officer), OFFICER, 0);
    Shian__ComplaintStep  *s;

    s = CITY_BODY(c, op, COMPLAINT_STEP, complaint_step,
                  Shian__ComplaintStep, shian__complaint_step__init);
    s->has_complaint = s->has_action = 1;
    s->complaint = id;
    s->action = action;
    s->text = "按规定办理";

    return op;
}


static inline int
take(city_t *c, Shian__Operation *op)
{
    shian_txn_t        t;
    shian_report_t     report;
    shian_workdays_t   days;

    shian_workdays_default(&days);
    shian_report_init(&report);
    read_txn(c, &t);
    (void) shian_complaint_step_prepare(&t, &days, op->at,
                                        op->complaint_step, &report);
    shian_txn_abort(&t);

    return report.status == 200 ? city_do(c, op) : report.status;
}


static inline int
follow(city_t *c, uint64_t id, Shian__ComplaintFollow__Action action,
    const char *words, uint32_t rating)
{
    shian_txn_t              t;
    shian_report_t           report;
    shian_workdays_t         days;
    Shian__Operation        *op = city_operation(c, ROLE(public), 0);
    Shian__ComplaintFollow  *f;

    f = CITY_BODY(c, op, COMPLAINT_FOLLOW, complaint_follow,
                  Shian__ComplaintFollow, shian__complaint_follow__init);
    f->has_complaint = f->has_action = 1;
    f->complaint = id;
    f->action = action;
    f->has_text = words != NULL;
    f->text = text(words == NULL ? "" : words);
    f->has_rating = rating != 0;
    f->rating = rating;

    if (action == FOLLOW(add)) {
        add_photo(c, &f->photo, &f->n_photo, 77);
    }

    shian_workdays_default(&days);
    shian_report_init(&report);
    read_txn(c, &t);
    (void) shian_complaint_follow_prepare(&t, &days, op->at, f, &report);
    shian_txn_abort(&t);

    return report.status == 200 ? city_do(c, op) : report.status;
}


static inline Shian__Complaint *
complaint(city_t *c, uint64_t id)
{
    shian_txn_t        t;
    Shian__Complaint  *p;

    read_txn(c, &t);
    p = shian_complaint_get(&t, id);
    shian_txn_abort(&t);
    assert_non_null(p);

    return p;
}


/* From acceptance to the report of a visit. */
static inline void
send_there(city_t *c, uint64_t id)
{
    Shian__Operation  *op;

    op = step(c, id, STEP(dispatch));
    op->complaint_step->has_to = op->complaint_step->has_due_on = 1;
    op->complaint_step->to = INSPECTOR;
    op->complaint_step->due_on = today(c) + 2;
    assert_int_equal(take(c, op), 200);
    op = step(c, id, STEP(check_in));
    op->complaint_step->has_lat = op->complaint_step->has_lng = 1;
    op->complaint_step->lat = LAT;
    op->complaint_step->lng = LNG;
    assert_int_equal(take(c, op), 200);
    op = step(c, id, STEP(report));
    op->complaint_step->has_recommend = 1;
    assert_int_equal(take(c, op), 200);
}


static inline void
work_through(city_t *c, uint64_t id)
{
    assert_int_equal(take(c, step(c, id, STEP(accept))), 200);
    send_there(c, id);
}


static inline Shian__Operation *
decision(city_t *c, uint64_t id, Shian__Outcome__Kind outcome)
{
    Shian__Operation  *op = step(c, id, STEP(decide));

    op->complaint_step->has_outcome = 1;
    op->complaint_step->outcome = outcome;
    op->complaint_step->public_text = "经查属实，已责令整改。";

    return op;
}


static inline void
find_substantiated(city_t *c, uint64_t id)
{
    work_through(c, id);
    assert_int_equal(take(c, decision(c, id,
                                 SHIAN__OUTCOME__KIND__substantiated)), 200);
}


static inline int
look_at_contact(city_t *c, uint64_t id, Shian__Role__Kind role,
    uint64_t user)
{
    Shian__Operation  *op = by(c, role, user, 0);

    CITY_BODY(c, op, CONTACT_VIEW, contact_view, Shian__ContactView,
              shian__contact_view__init)->complaint = id;
    op->contact_view->has_complaint = 1;
    op->contact_view->reason = "电话核实";

    return city_do(c, op);
}


static inline int
erase(city_t *c, uint64_t id)
{
    Shian__Operation  *op = city_operation(c, ROLE(chief), 0);

    CITY_BODY(c, op, ERASE, erase, Shian__Erase,
              shian__erase__init)->complaint = id;
    op->erase->has_complaint = 1;

    return city_do(c, op);
}


static inline int
expire(city_t *c, uint64_t id)
{
    Shian__Operation  *op = city_operation(c, ROLE(admin), 0);

    CITY_BODY(c, op, COMPLAINT_EXPIRE, complaint_expire,
              Shian__ComplaintExpire,
              shian__complaint_expire__init)->complaint = id;
    op->complaint_expire->has_complaint = 1;

    return city_do(c, op);
}


static inline size_t
rows(city_t *c, shian_table_t table)
{
    MDB_stat     st;
    shian_txn_t  t;

    read_txn(c, &t);
    assert_int_equal(mdb_stat(t.mdb, c->store->dbi[table], &st), 0);
    shian_txn_abort(&t);

    return st.ms_entries;
}

#endif /* COMPLAINTS_H */
