/*
 * Complaints, reports and cases in the life of a city (life.h): filed by
 * anybody, worked on by whoever may and whoever may not, mostly in order.
 */

#ifndef LIFE_COMPLAINT_H
#define LIFE_COMPLAINT_H

#include "domain/complaint.h"
#include "domain/states.h"

#define FOUR_YEARS_MS  (UINT64_C(1461) * DAY_MS)


static ProtobufCBinaryData
said(const char *text)
{
    return shian_binary(shian_str(text));
}


static Shian__Photo **
some_photos(world_t *w, size_t n)
{
    size_t          i;
    Shian__Photo  **photos;

    photos = shian_array(&w->city.arena, n + 1, sizeof(*photos));

    for (i = 0; i < n; i++) {
        photos[i] = shian_zalloc(&w->city.arena, sizeof(**photos));
        shian__photo__init(photos[i]);
        photos[i]->has_hash = photos[i]->has_type = 1;
        photos[i]->hash = bytes(w, 32, 1000 + pick(w, 60));
        photos[i]->type = SHIAN__PHOTO__TYPE__jpeg;
    }

    return photos;
}


static void
make_complaint(world_t *w, Shian__Operation *op)
{
    int32_t                day;
    shian_txn_t            t;
    shian_report_t         report;
    shian_workdays_t       days;
    Shian__ComplaintPost  *p;

    static const char *const  about[] = {
        "illness", "foreign", "dirty", "price", "no such thing"
    };

    op->actor->role = ROLE(public);
    op->actor->has_device = !chance(w, 2);
    op->actor->device = bytes(w, 16, pick(w, 60));
    day = shian_local_day(op->at, SHIAN_TZ_MINUTES);

    p = CITY_BODY(&w->city, op, COMPLAINT_POST, complaint_post,
                  Shian__ComplaintPost, shian__complaint_post__init);
    p->has_kind = p->has_text = 1;
    p->kind = (Shian__ComplaintPost__Kind) (1 + pick(w, 3));
    p->category = ANY_OF(w, about);
    p->text = said("两天后还在吐, and the soup smelled.");
    p->has_venue = chance(w, 80);
    p->venue = p->has_venue ? 1 + pick(w, 40) : 0;
    p->has_place = !p->has_venue && chance(w, 90);
    p->place = said("the stall behind the bus station");
    p->district = chance(w, 50) ? ANY_OF(w, districts) : NULL;
    p->has_name = p->has_contact = chance(w, 90);
    p->name = said("王小明");
    p->contact = said("13800138000");
    p->has_happened_on = chance(w, 50);
    p->happened_on = day + 1 - (int32_t) pick(w, 20);
    p->n_photo = chance(w, 30) ? pick(w, 8) : 0;
    p->photo = some_photos(w, p->n_photo);

    assert_true(shian_complaint_draw(&w->city.arena, p, city_bytes,
                                     &w->city));
    shian_workdays_default(&days);
    shian_report_init(&report);
    assert_int_equal(shian_txn_begin(w->city.store, &w->city.arena, false,
                                     &t), 0);
    (void) shian_complaint_prepare(&t, &days, op->at, p, &report);
    shian_txn_abort(&t);
}


static void
make_follow(world_t *w, Shian__Operation *op, uint64_t id, bool ended,
    shian_txn_t *t)
{
    shian_report_t            report;
    shian_workdays_t          days;
    Shian__ComplaintFollow   *f;

    op->actor->role = ROLE(public);
    f = CITY_BODY(&w->city, op, COMPLAINT_FOLLOW, complaint_follow,
                  Shian__ComplaintFollow, shian__complaint_follow__init);
    f->has_complaint = f->has_action = 1;
    f->complaint = id;
    f->action = ended ? (Shian__ComplaintFollow__Action) (3 + pick(w, 2))
                      : chance(w, 80) ? SHIAN__COMPLAINT_FOLLOW__ACTION__add
                      : (Shian__ComplaintFollow__Action) (1 + pick(w, 4));
    f->has_text = chance(w, 80);
    f->text = said("还有一张小票, call 13912345678");
    f->has_rating = 1;
    f->rating = (uint32_t) pick(w, 7);
    f->n_photo = pick(w, 3);
    f->photo = some_photos(w, f->n_photo);

    shian_workdays_default(&days);
    shian_report_init(&report);
    (void) shian_complaint_follow_prepare(t, &days, op->at, f, &report);
}


/* A user who may be sent there, most of the time. */
static uint64_t
some_inspector(shian_txn_t *t, const Shian__Complaint *c, world_t *w)
{
    uint64_t      id;
    Shian__User  *u;

    for (id = 1; !chance(w, 3) && (u = shian_user_get(t, id)) != NULL; id++)
    {
        if (!u->disabled && u->role >= ROLE(inspector)
            && u->role <= ROLE(chief)
            && shian_complaint_in_reach(t, u->role, u, c))
        {
            return id;
        }
    }

    return 1 + pick(w, 22);
}


static Shian__ComplaintStep__Breach **
some_breaches(world_t *w, size_t n)
{
    size_t                          i;
    Shian__ComplaintStep__Breach  **all;

    static const char *const  items[] = { "L1", "L2", "no item", "L3" };

    all = shian_array(&w->city.arena, n + 1, sizeof(*all));

    for (i = 0; i < n; i++) {
        all[i] = shian_zalloc(&w->city.arena, sizeof(**all));
        shian__complaint_step__breach__init(all[i]);
        all[i]->item = ANY_OF(w, items);
    }

    return all;
}


static void
fill_step(world_t *w, shian_txn_t *t, const Shian__Complaint *c,
    Shian__Operation *op, Shian__ComplaintStep *s)
{
    s->text = chance(w, 90) ? ANY_OF(w, words) : NULL;
    s->has_ground = chance(w, 90);
    s->ground = (Shian__Complaint__Ground) (1 + pick(w, 7));
    s->has_into = 1;
    s->into = 1 + pick(w, c->id + 1);
    s->has_to = s->has_due_on = chance(w, 98);
    s->to = some_inspector(t, c, w);
    s->due_on = shian_local_day(op->at, SHIAN_TZ_MINUTES)
                + (int32_t) pick(w, 20) - chance(w, 5);
    s->has_lat = s->has_lng = chance(w, 95);
    s->lat = 29.6 + (double) pick(w, 1000) / 1e4;
    s->lng = 121.4 + (double) pick(w, 1000) / 1e4;
    s->has_accuracy = chance(w, 50);
    s->accuracy = s->has_accuracy ? (uint32_t) pick(w, 500) : 0;
    s->has_recommend = s->has_outcome = chance(w, 95);
    s->recommend = s->outcome = (Shian__Outcome__Kind) (1 + pick(w, 2));
    s->public_text = chance(w, 95) ? ANY_OF(w, words) : NULL;
    s->n_findings = s->action == SHIAN__COMPLAINT_STEP__ACTION__decide
                    ? pick(w, 3) : 0;
    s->findings = some_breaches(w, s->n_findings);
    s->n_photo = chance(w, 10) ? 1 : 0;
    s->photo = some_photos(w, s->n_photo);
}


/* What comes next by the table, or anything. */
static Shian__ComplaintStep__Action
some_action(world_t *w, const Shian__Complaint *c)
{
    size_t                     n;
    char                      *open[SHIAN_COUNT(words) + 8];
    const ProtobufCEnumValue  *v;

    n = shian_open_steps(SHIAN_FLOW_COMPLAINT, (int) c->state, ROLE(admin),
                         open, SHIAN_COUNT(open));

    if (n == 0 || chance(w, 10)) {
        return (Shian__ComplaintStep__Action) (1 + pick(w, 12));
    }

    /* The first row of a state is the one that leads on. */
    v = protobuf_c_enum_descriptor_get_value_by_name(
            &shian__complaint_step__action__descriptor,
            open[chance(w, 70) ? 0 : pick(w, n)]);
    assert_non_null(v);

    return (Shian__ComplaintStep__Action) v->value;
}


static void
make_step(world_t *w, Shian__Operation *op, const Shian__Complaint *c,
    shian_txn_t *t)
{
    shian_report_t         report;
    shian_workdays_t       days;
    Shian__ComplaintStep  *s;

    s = CITY_BODY(&w->city, op, COMPLAINT_STEP, complaint_step,
                  Shian__ComplaintStep, shian__complaint_step__init);
    s->has_complaint = s->has_action = 1;
    s->complaint = c->id;
    s->action = some_action(w, c);
    fill_step(w, t, c, op, s);

    shian_workdays_default(&days);
    shian_report_init(&report);
    (void) shian_complaint_step_prepare(t, &days, op->at, s, &report);
}


static void
make_look(world_t *w, Shian__Operation *op, uint64_t id)
{
    CITY_BODY(&w->city, op, CONTACT_VIEW, contact_view, Shian__ContactView,
              shian__contact_view__init)->complaint = id;
    op->contact_view->has_complaint = 1;
    op->contact_view->reason = chance(w, 90) ? ANY_OF(w, words) : NULL;
}


/* By the machine, years later; or by request, at any time. */
static void
make_forgotten(world_t *w, Shian__Operation *op, uint64_t id)
{
    if (chance(w, 70)) {
        op->actor->role = ROLE(admin);
        op->at += chance(w, 80) ? FOUR_YEARS_MS : 0;
        CITY_BODY(&w->city, op, COMPLAINT_EXPIRE, complaint_expire,
                  Shian__ComplaintExpire,
                  shian__complaint_expire__init)->complaint = id;
        op->complaint_expire->has_complaint = 1;
        return;
    }

    CITY_BODY(&w->city, op, ERASE, erase, Shian__Erase,
              shian__erase__init)->complaint = id;
    op->erase->has_complaint = 1;
}


/* At one of the last few, so that one gets somewhere now and then. */
static void
make_complaint_step(world_t *w, Shian__Operation *op)
{
    uint64_t           id, last;
    shian_txn_t        t;
    Shian__Complaint  *c;

    assert_int_equal(shian_txn_begin(w->city.store, &w->city.arena, false,
                                     &t), 0);
    last = shian_next_id(&t, SHIAN_T_COMPLAINT);
    id = chance(w, 10) || last < 20 ? 1 + pick(w, last)
                                    : last - 1 - pick(w, 15);
    c = shian_complaint_get(&t, id);

    if (c == NULL || chance(w, 6)) {
        make_look(w, op, id);
    } else if (chance(w, c->has_ended_at ? 30 : 1)) {
        make_forgotten(w, op, id);
    } else if (chance(w, 12) || c->state == SHIAN__COMPLAINT__STATE__closed) {
        make_follow(w, op, id,
                    c->state == SHIAN__COMPLAINT__STATE__closed, &t);
    } else {
        make_step(w, op, c, &t);
    }

    shian_txn_abort(&t);
}


static void
make_case_step(world_t *w, Shian__Operation *op, uint64_t cases)
{
    Shian__CaseStep  *s;

    s = CITY_BODY(&w->city, op, CASE_STEP, case_step, Shian__CaseStep,
                  shian__case_step__init);
    s->has_case_id = s->has_action = s->has_penalty = s->has_published = 1;
    s->case_id = cases - pick(w, cases < 5 ? cases : 5) + chance(w, 3);
    s->action = (Shian__CaseStep__Action) (1 + chance(w, 40));
    s->penalty = chance(w, 60);
    s->document_no = chance(w, 90) ? ANY_OF(w, words) : NULL;
    s->published = chance(w, 50);
    s->text = chance(w, 80) ? ANY_OF(w, words) : NULL;
}


/* About a complaint or a visit of a venue that has one, if it does. */
static void
make_case(world_t *w, Shian__Operation *op)
{
    uint64_t           cases, last;
    shian_txn_t        t;
    shian_scan_t       scan;
    shian_rowkey_t     prefix;
    Shian__CaseOpen   *n;
    Shian__Complaint  *c;

    assert_int_equal(shian_txn_begin(w->city.store, &w->city.arena, false,
                                     &t), 0);
    cases = shian_next_id(&t, SHIAN_T_CASE) - 1;
    last = shian_next_id(&t, SHIAN_T_COMPLAINT);

    if (cases != 0 && chance(w, 50)) {
        make_case_step(w, op, cases);
        shian_txn_abort(&t);
        return;
    }

    n = CITY_BODY(&w->city, op, CASE_OPEN, case_open, Shian__CaseOpen,
                  shian__case_open__init);
    n->has_venue = 1;
    n->venue = some_venue(w);
    n->text = ANY_OF(w, words);

    if (chance(w, 50)) {
        n->has_complaint = 1;

        for (n->complaint = last, c = NULL;
             n->complaint > 1 && (c == NULL || !c->has_outcome); )
        {
            c = shian_complaint_get(&t, --n->complaint);
        }

        n->venue = c != NULL && chance(w, 90) ? c->venue : n->venue;

    } else {
        prefix = shian_rowkey_id(n->venue);
        shian_scan_open(&scan, &t, SHIAN_T_INSPECTION, &prefix, NULL);
        n->has_inspection = 1;
        n->inspection = shian_scan_next(&scan) ? shian_by_id(scan.key) : 7;
        shian_scan_close(&scan);
    }

    shian_txn_abort(&t);
}

#endif /* LIFE_COMPLAINT_H */
