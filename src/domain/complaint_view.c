#include "complaint.h"

#define SET(message, field, value)                                           \
    ((message)->has_##field = 1, (message)->field = (value))

#define COPY(to, from, field)                                                \
    ((to)->has_##field = (from)->has_##field,                                \
     (to)->field = (from)->field)


int32_t
shian_complaint_days_left(const Shian__Complaint *c,
    const shian_workdays_t *w, int32_t today, bool *working)
{
    bool  known;

    /* 60 days of mediation run on holidays too. */
    *working = c->kind == SHIAN__COMPLAINT__KIND__report
               || !c->has_accepted_at;

    return *working ? shian_workdays_left(w, today, c->due_on, &known)
                    : c->due_on - today;
}


static void
count_days(Shian__ComplaintItem *item, const Shian__Complaint *c,
    const shian_workdays_t *w, int32_t today)
{
    bool     working;
    int32_t  left;

    if (c->has_due_on) {
        left = shian_complaint_days_left(c, w, today, &working);
        SET(item, days_left, left);
        SET(item, working_days, working);
        SET(item, overdue, today > c->due_on);
    }
}


Shian__ComplaintItem *
shian_complaint_item(shian_txn_t *t, const Shian__Complaint *c,
    const shian_workdays_t *w, uint64_t now_ms)
{
    Shian__Venue          *v;
    Shian__ComplaintItem  *item;

    item = shian_alloc(t->arena, sizeof(*item));

    if (item == NULL) {
        return NULL;
    }

    shian__complaint_item__init(item);
    v = c->has_venue ? shian_venue_get(t, c->venue) : NULL;

    COPY(item, c, id);
    item->number = c->number;
    COPY(item, c, kind);
    COPY(item, c, state);
    item->category = c->category;
    COPY(item, c, severity);
    COPY(item, c, venue);
    item->venue_name = v == NULL ? NULL : v->name;
    item->district = c->district;
    COPY(item, c, at);
    COPY(item, c, happened_on);
    COPY(item, c, due_on);
    COPY(item, c, due_by_weekends);
    COPY(item, c, look_due_at);
    COPY(item, c, looked_at);
    COPY(item, c, officer);
    COPY(item, c, dispatched_to);
    COPY(item, c, dispatch_due_on);
    COPY(item, c, accepted_at);
    COPY(item, c, outcome);
    COPY(item, c, decided_at);
    COPY(item, c, ground);
    COPY(item, c, linked);
    COPY(item, c, merged_into);
    COPY(item, c, rating);
    COPY(item, c, ended_at);
    COPY(item, c, erased);
    count_days(item, c, w, shian_local_day(now_ms, SHIAN_TZ_MINUTES));

    item->href = shian_printf(t->arena, "/desk/complaints/%llu",
                              (unsigned long long) c->id);

    return item->href == NULL ? NULL : item;
}


Shian__VenueComplaint *
shian_venue_complaint(shian_txn_t *t, const Shian__Complaint *c)
{
    Shian__VenueComplaint  *v;

    v = shian_alloc(t->arena, sizeof(*v));

    if (v != NULL) {
        shian__venue_complaint__init(v);
        v->category = c->category;
        SET(v, on, shian_local_day(c->at, SHIAN_TZ_MINUTES));
        SET(v, state, c->state);
        v->released = c->released;
    }

    return v;
}
