#include "view_open311.h"

#include "complaint_parts.h"
#include "view_parts.h"

#define DAY_MS     INT64_C(86400000)
#define SLACK_MS   UINT64_C(60000)  /* operations reach the log out of order */

typedef Shian__Open311__Requests__Request  request_t;


Shian__Open311__Services *
shian_view_services(shian_arena_t *a, bool zh)
{
    size_t                               i;
    Shian__Category                     *c;
    Shian__Categories                   *all;
    Shian__Open311__Services            *view;
    Shian__Open311__Services__Service   *s;

    all = shian_categories();
    view = shian_alloc(a, sizeof(*view));

    if (all == NULL || view == NULL) {
        return NULL;
    }

    shian__open311__services__init(view);
    view->services = shian_array(a, all->n_items + 1, sizeof(void *));

    for (i = 0; view->services != NULL && i < all->n_items; i++) {
        c = all->items[i];
        s = shian_alloc(a, sizeof(*s));

        if (s == NULL) {
            return NULL;
        }

        shian__open311__services__service__init(s);
        s->service_code = c->code;
        s->service_name = zh ? c->text : c->text_en;
        s->description = zh ? c->description : c->description_en;
        SET(s, metadata, 1);
        s->type = (char *) "realtime";
        s->keywords = c->keywords;
        s->group = c->group;
        view->services[view->n_services++] = s;
    }

    return view->services == NULL ? NULL : view;
}


/* ---- one request ----------------------------------------------------------*/

/* Midnight at which the local day of an instant began. */
static uint64_t
day_of(uint64_t ms)
{
    int64_t  begun;

    begun = shian_local_day(ms, SHIAN_TZ_MINUTES) * DAY_MS
            - SHIAN_TZ_MINUTES * INT64_C(60000);

    return begun < 0 ? 0 : (uint64_t) begun;
}


static bool
set_place(shian_txn_t *t, const Shian__Complaint *c, request_t *r)
{
    Shian__Venue  *v;

    v = c->has_venue && shian_is_substantiated(c)
        ? shian_venue_get(t, c->venue) : NULL;

    if (v == NULL) {
        return true;
    }

    SET(r, address_id, v->id);
    r->address = v->address == NULL ? v->name
                 : shian_printf(t->arena, "%s, %s", v->name, v->address);
    COPY(r, v, lat);
    r->has_long_ = v->has_lng;
    r->long_ = v->lng;

    return r->address != NULL;
}


/* c may live in another arena than the view. */
static request_t *
request_of(shian_txn_t *t, const Shian__Categories *all, bool zh,
    const Shian__Complaint *c)
{
    bool                    ended;
    request_t              *r;
    const Shian__Category  *category;

    r = shian_alloc(t->arena, sizeof(*r));

    if (r == NULL) {
        return NULL;
    }

    shian__open311__requests__request__init(r);
    category = shian_category(all, c->category);
    ended = shian_complaint_ended(c->state);

    r->service_request_id = shian_strdup(t->arena, shian_str(c->public_id));
    r->status = (char *) (ended ? "closed" : "open");
    r->status_notes = (char *) shian_action_name(
                          &shian__complaint__state__descriptor,
                          (int) c->state);
    r->service_code = shian_strdup(t->arena, shian_str(c->category));

    if (category != NULL) {
        r->service_name = zh ? category->text : category->text_en;
    }

    SET(r, requested_datetime, day_of(c->at));
    SET(r, updated_datetime, day_of(c->state_since));

    if (!ended && c->has_due_on) {
        SET(r, expected_datetime, day_of((uint64_t) c->due_on
                                         * (uint64_t) DAY_MS)
                                  + (uint64_t) DAY_MS);
    }

    if (c->public_text != NULL) {
        r->description = shian_strdup(t->arena, shian_str(c->public_text));

        if (r->description == NULL) {
            return NULL;
        }
    }

    return r->service_request_id != NULL && r->service_code != NULL
           && set_place(t, c, r) ? r : NULL;
}


/* ---- many -----------------------------------------------------------------*/

static bool
fits(const shian_open311_query_t *q, const Shian__Complaint *c)
{
    size_t    i;
    uint64_t  at;

    at = day_of(c->at);

    if (at < q->from_ms || at > q->to_ms
        || !(shian_complaint_ended(c->state) ? q->closed : q->open))
    {
        return false;
    }

    for (i = 0; i < q->ncodes; i++) {
        if (shian_str_is(q->codes[i], c->category)) {
            return true;
        }
    }

    return q->ncodes == 0;
}


/*
 * Ids are given in the order of filing, with gaps: the last one not after ms,
 * or one before it where there is none between.
 */
static uint64_t
last_until(shian_txn_t *t, uint64_t ms)
{
    uint64_t                 low, high, middle, id;
    const Shian__Complaint  *c;

    low = 0;
    high = shian_id_before(t, SHIAN_T_COMPLAINT, UINT64_MAX);

    while (low < high) {
        middle = high - (high - low) / 2;
        id = shian_id_before(t, SHIAN_T_COMPLAINT, middle + 1);
        c = id == 0 ? NULL : shian_complaint_get(t, id);

        if (c != NULL && c->at > ms) {
            high = id - 1;
        } else {
            low = middle;
        }
    }

    return low;
}


/* What one record takes is given back before the next: there may be many. */
static bool
take(shian_txn_t *t, const Shian__Categories *all, bool zh,
    const shian_open311_query_t *q, uint64_t id, size_t *skipped,
    Shian__Open311__Requests *view, bool *older)
{
    bool                     ok;
    request_t               *r;
    shian_txn_t              one = *t;
    shian_arena_t            arena;
    const Shian__Complaint  *c;

    ok = true;
    shian_arena_init(&arena, NULL, NULL);
    one.arena = &arena;
    c = shian_complaint_get(&one, id);      /* NULL: in a gap of ids */
    *older = c != NULL && c->at + SLACK_MS < q->from_ms;

    if (c != NULL && shian_complaint_public(c, q->now_ms)
        && (q->nids != 0 || fits(q, c))
        && (*skipped)++ >= q->skip)
    {
        r = request_of(t, all, zh, c);
        ok = r != NULL;
        view->service_requests[view->n_service_requests] = r;
        view->n_service_requests += ok;
    }

    t->err = t->err != 0 ? t->err : one.err;
    shian_arena_free(&arena);

    return ok;
}


Shian__Open311__Requests *
shian_view_requests(shian_txn_t *t, bool zh, const shian_open311_query_t *q)
{
    bool                       ok, older;
    size_t                     i, skipped;
    uint64_t                   id;
    Shian__Categories         *all;
    Shian__Open311__Requests  *view;

    NEW(view, open311__requests);
    all = shian_categories();
    view->service_requests = shian_array(t->arena, q->max + 1,
                                         sizeof(void *));
    ok = all != NULL && view->service_requests != NULL;
    older = false;
    skipped = 0;

    for (i = 0; ok && i < q->nids && view->n_service_requests < q->max; i++) {
        ok = take(t, all, zh, q, q->ids[i], &skipped, view, &older);
    }

    for (id = q->nids != 0 ? 0 : last_until(t, q->to_ms + (uint64_t) DAY_MS
                                               + SLACK_MS);
         ok && id != 0 && !older && view->n_service_requests < q->max;
         id = shian_id_before(t, SHIAN_T_COMPLAINT, id))
    {
        ok = take(t, all, zh, q, id, &skipped, view, &older);
    }

    return ok ? view : NULL;
}
