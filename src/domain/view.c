#include "view.h"

#include <inttypes.h>
#include <math.h>

#include "core/code.h"
#include "core/ids.h"
#include "policy.h"
#include "safeguard.h"
#include "shown.h"
#include "tally.h"
#include "view_board.h"
#include "view_parts.h"


static int32_t
mean(uint64_t sum, uint64_t n)
{
    return (int32_t) ((200 * sum + n) / (2 * n));
}


Shian__Rating *
shian_view_rating(shian_arena_t *a, const Shian__Tally *tally)
{
    size_t              i;
    shian_txn_t         arena = { .arena = a }, *t = &arena;
    Shian__Rating      *r;
    Shian__RatingBar   *bar;

    NEW(r, rating);
    SET(r, count, tally->reviews);

    if (tally->reviews != 0) {
        SET(r, hygiene, mean(tally->hygiene_sum, tally->reviews));
    }

    if (tally->food_reviews != 0) {
        SET(r, food, mean(tally->food_sum, tally->food_reviews));
    }

    if (tally->service_reviews != 0) {
        SET(r, service, mean(tally->service_sum, tally->service_reviews));
    }

    r->histogram = shian_array(a, 5, sizeof(*r->histogram));

    /* Five stars first, as people read them. */
    for (i = 5; r->histogram != NULL && i > 0 && tally->n_histogram == 5
                && tally->reviews != 0; i--)
    {
        NEW(bar, rating_bar);
        SET(bar, stars, (uint32_t) i);
        SET(bar, count, tally->histogram[i - 1]);
        SET(bar, percent, (uint32_t) (100 * (uint64_t) bar->count
                                      / tally->reviews));
        r->histogram[r->n_histogram++] = bar;
    }

    return r;
}


/* at: where its photos are; NULL: published, or as they will be then. */
static Shian__ReviewView *
view_review(shian_txn_t *t, const shian_keys_t *keys, const Shian__Review *r,
    const char *at)
{
    Shian__ReviewView  *view;

    NEW(view, review_view);
    COPY(view, r, id);
    COPY(view, r, venue);
    COPY(view, r, hygiene);
    COPY(view, r, food);
    COPY(view, r, service);
    COPY(view, r, masked);
    COPY(view, r, state);
    COPY(view, r, ground);
    SET(view, on, shian_local_day(r->at, SHIAN_TZ_MINUTES));
    view->reply = r->reply;

    if (r->has_replied_at) {
        SET(view, replied_on, shian_local_day(r->replied_at,
                                              SHIAN_TZ_MINUTES));
    }

    if (r->has_text) {
        view->text = shian_unseal(t, keys, r->vault, "text", r->text);
        if (view->text == NULL) {
            SET(view, erased, 1);
        }
    }

    return shian_view_photos(t, at, 1, r->photos, r->n_photos, &view->photos,
                             &view->n_photos) ? view : NULL;
}


Shian__ReviewView *
shian_view_review(shian_txn_t *t, const shian_keys_t *keys, uint64_t id,
    bool all)
{
    Shian__Venue       *v;
    Shian__Review      *r;
    Shian__ReviewView  *view;

    r = shian_review_get(t, id);

    if (r == NULL || (!all && r->state != SHIAN__REVIEW__STATE__published)) {
        return NULL;
    }

    view = view_review(t, keys, r, NULL);
    v = shian_venue_get(t, r->venue);

    if (view != NULL && v != NULL) {
        view->venue_name = v->name;
    }

    if (view != NULL && all) {
        view->flag = r->flag;
    }

    return view;
}


bool
shian_view_own_reviews(shian_txn_t *t, Shian__ReviewView **items, size_t n)
{
    size_t          i;
    Shian__Review  *r;

    for (i = 0; i < n; i++) {
        r = shian_review_get(t, items[i]->id);
        items[i]->actions = shian_array(t->arena, 2,
                                        sizeof(*items[i]->actions));

        if (r == NULL || items[i]->actions == NULL) {
            return false;
        }

        if (r->reply == NULL) {
            items[i]->actions[items[i]->n_actions++] = "reply";
        }

        if (!r->has_flagged_at) {
            items[i]->actions[items[i]->n_actions++] = "flag";

        } else if (shian_review_flag_waits(t, r)) {
            items[i]->flag = r->flag;
        }
    }

    return true;
}


shian_str_t
shian_view_keep(shian_txn_t *t, shian_str_t key)
{
    uint8_t  *p;

    p = shian_alloc(t->arena, key.n);
    if (p == NULL) {
        return SHIAN_NONE;
    }

    memcpy(p, key.p, key.n);

    return shian_slice(p, key.n);
}


void
shian_view_open(shian_scan_t *scan, shian_txn_t *t, shian_table_t table,
    const shian_rowkey_t *prefix, shian_str_t after)
{
    shian_rowkey_t  start;

    start.n = 0;
    shian_rowkey_bytes(&start, after.p, after.n);
    shian_scan_open(scan, t, table, prefix, after.n != 0 ? &start : NULL);
    scan->after = after.n != 0;
}


/*
 * Published reviews of a venue into list, newest first; the arena's memory
 * only.  *next: where the page after begins; NULL: nobody asks.
 */
static void
add_reviews(shian_txn_t *t, const shian_keys_t *keys, uint64_t venue,
    shian_str_t after, size_t limit, Shian__ReviewView **list, size_t *n,
    shian_str_t *next)
{
    shian_scan_t         scan;
    Shian__Review       *r;
    Shian__ReviewView   *view;
    shian_rowkey_t       prefix;

    *n = 0;
    prefix = shian_review_prefix('v', venue);
    shian_view_open(&scan, t, SHIAN_T_REVIEW_BY, &prefix, after);

    while ((*n < limit || next != NULL) && shian_scan_next(&scan)
           && scan.key.n == 25 && scan.value.n == 2)
    {
        if (scan.value.p[0] >> 4 != SHIAN__REVIEW__STATE__published) {
            continue;
        }

        if (*n == limit) {
            *next = after;
            break;
        }

        r = shian_review_get(t, shian_be(scan.key.p + 17, 8));
        view = r == NULL ? NULL : view_review(t, keys, r, NULL);

        if (view == NULL) {
            break;
        }

        list[(*n)++] = view;
        after = shian_view_keep(t, scan.key);
    }

    shian_scan_close(&scan);
}


Shian__ReviewList *
shian_view_reviews(shian_txn_t *t, const shian_keys_t *keys, uint64_t venue,
    shian_str_t after, size_t limit, shian_str_t *next)
{
    Shian__Venue       *v;
    Shian__Tally       *tally;
    Shian__ReviewList  *view;

    *next = SHIAN_NONE;
    v = shian_venue_get(t, venue);
    tally = v == NULL ? NULL : shian_tally_get(t, venue);

    if (tally == NULL) {
        return NULL;
    }

    NEW(view, review_list);
    SET(view, venue, venue);
    view->venue_name = v->name;
    view->rating = shian_view_rating(t->arena, tally);
    NEW(view->counts, venue_counts);
    SET(view->counts, reviews_removed, tally->reviews_removed);
    view->items = shian_array(t->arena, limit, sizeof(*view->items));

    if (view->items == NULL) {
        return NULL;
    }

    add_reviews(t, keys, venue, after, limit, view->items, &view->n_items,
                next);

    return view;
}


/* Appends one state's queue; after as a key of review_by. */
static bool
add_queue(shian_txn_t *t, const shian_keys_t *keys, uint64_t state,
    shian_reach_pt reach, void *ctx, shian_str_t after, size_t limit,
    Shian__ReviewList *list, shian_str_t *next)
{
    bool                 more;
    shian_scan_t         scan;
    Shian__Venue        *v;
    Shian__Review       *r;
    Shian__ReviewView   *view;
    shian_rowkey_t       prefix;

    more = true;
    prefix = shian_review_prefix('s', state);

    if (after.n != 0 && memcmp(after.p, prefix.b, prefix.n) > 0) {
        return true;                    /* this queue was shown before */
    }

    if (after.n != 0 && memcmp(after.p, prefix.b, prefix.n) != 0) {
        after = SHIAN_NONE;
    }

    shian_view_open(&scan, t, SHIAN_T_REVIEW_BY, &prefix, after);

    while (more && shian_scan_next(&scan) && scan.key.n == 25) {
        r = shian_review_get(t, shian_be(scan.key.p + 17, 8));
        v = r == NULL ? NULL : shian_venue_get(t, r->venue);

        if (v == NULL || (reach != NULL && !reach(ctx, v))) {
            continue;
        }

        if (list->n_items == limit) {
            *next = after;
            more = false;
            break;
        }

        view = view_review(t, keys, r,
                           shian_record_at(t, SHIAN_EYE_STAFF, "reviews",
                                           r->id));
        if (view == NULL) {
            break;
        }

        view->venue_name = v->name;
        view->flag = r->flag;
        list->items[list->n_items++] = view;
        after = shian_view_keep(t, scan.key);
    }

    shian_scan_close(&scan);

    return more;
}


uint64_t
shian_queue_count(shian_txn_t *t, uint64_t state, shian_reach_pt reach,
    void *ctx)
{
    uint64_t         n;
    shian_scan_t     scan;
    Shian__Venue    *v;
    Shian__Review   *r;
    shian_rowkey_t   prefix = shian_review_prefix('s', state);

    if (reach == NULL) {
        return shian_count_get(t, 'q', SHIAN_NONE, (uint8_t) state);
    }

    n = 0;
    shian_scan_open(&scan, t, SHIAN_T_REVIEW_BY, &prefix, NULL);

    while (shian_scan_next(&scan) && scan.key.n == 25) {
        r = shian_review_get(t, shian_be(scan.key.p + 17, 8));
        v = r == NULL ? NULL : shian_venue_get(t, r->venue);
        n += v != NULL && reach(ctx, v);
    }

    shian_scan_close(&scan);

    return n;
}


Shian__ReviewList *
shian_view_queue(shian_txn_t *t, const shian_keys_t *keys, bool removed,
    shian_reach_pt reach, void *ctx, shian_str_t after, size_t limit,
    shian_str_t *next)
{
    Shian__ReviewList  *view;

    *next = SHIAN_NONE;
    NEW(view, review_list);
    view->items = shian_array(t->arena, limit, sizeof(*view->items));

    if (view->items == NULL) {
        return NULL;
    }

    if (removed) {
        (void) add_queue(t, keys, SHIAN__REVIEW__STATE__removed, reach, ctx,
                         after, limit, view, next);

    } else if (add_queue(t, keys, SHIAN__REVIEW__STATE__held, reach, ctx,
                         after, limit, view, next))
    {
        (void) add_queue(t, keys, SHIAN_FLAGGED, reach, ctx, after, limit,
                         view, next);
    }

    return view;
}


/* An address under another. */
static char *
under(shian_txn_t *t, const char *path, const char *name)
{
    char    *z;
    size_t   n, more;

    n = path == NULL ? 0 : strlen(path);
    more = strlen(name) + 1;
    z = path == NULL ? NULL : shian_alloc(t->arena, n + more);

    if (z != NULL) {
        memcpy(z, path, n);
        memcpy(z + n, name, more);
    }

    return z;
}


static Shian__Link *
venue_links(shian_txn_t *t, const Shian__Venue *v)
{
    Shian__Link  *l;

    NEW(l, link);
    l->self = shian_printf(t->arena, "/v/%" PRIu64, v->id);
    l->badge = under(t, l->self, "/badge.svg");
    l->grades = under(t, l->self, "/grades");
    l->inspections = under(t, l->self, "/inspections");
    l->reviews = under(t, l->self, "/reviews");

    if (v->status != SHIAN__VENUE__STATUS__closed) {
        l->review = under(t, l->self, "/review");
        l->complain = under(t, l->self, "/complain");
    }

    return l;
}


static void
copy_facts(Shian__VenueView *view, const Shian__Venue *v, uint64_t now_ms)
{
    COPY(view, v, id);
    view->name = v->name;
    view->name_en = v->name_en;
    view->uscc = v->uscc;
    view->licence_no = v->licence_no;
    view->category = v->category;
    view->district = v->district;
    view->address = v->address;
    COPY(view, v, lng);
    COPY(view, v, lat);
    view->phone = v->phone;
    COPY(view, v, opened_on);
    COPY(view, v, licence_expires_on);
    COPY(view, v, status);
    COPY(view, v, credit);
    COPY(view, v, uscc_doubtful);
    COPY(view, v, licence_doubtful);

    if (v->has_licence_expires_on
        && shian_local_day(now_ms, SHIAN_TZ_MINUTES) > v->licence_expires_on)
    {
        SET(view, licence_expired, 1);
    }
}


/* The last four characters of the number on the wall, NULL without one. */
static char *
plaque_end(shian_txn_t *t, const shian_keys_t *keys,
    const Shian__Tally *tally)
{
    char            code[SHIAN_CODE_LEN + 1];
    Shian__Plaque  *p;

    p = tally->has_plaque ? shian_plaque_get(t, tally->plaque) : NULL;

    if (p == NULL || !shian_code_make(keys, p->key_no, p->id, code)) {
        return NULL;
    }

    return shian_strdup(t->arena, shian_str(code + SHIAN_CODE_LEN - 4));
}


/* That it runs, or how it ended as long as the grade it was about stands. */
static Shian__AppealView *
running_appeal(shian_txn_t *t, const Shian__Tally *tally)
{
    Shian__Appeal  *a;

    a = tally->has_appeal ? shian_appeal_get(t, tally->appeal) : NULL;

    if (a == NULL || a->state == SHIAN__APPEAL__STATE__withdrawn
        || (a->state != SHIAN__APPEAL__STATE__filed
            && (tally->grade == NULL
                || tally->grade->since != a->grade_since)))
    {
        return NULL;
    }

    return shian_view_appeal(t, a, SHIAN_EYE_PUBLIC);
}


Shian__VenueView *
shian_view_venue(shian_txn_t *t, const shian_keys_t *keys, uint64_t id,
    uint64_t now_ms)
{
    Shian__Venue      *v;
    Shian__Tally      *tally;
    shian_policy_t     policy;
    Shian__VenueView  *view;

    v = shian_venue_get(t, id);
    tally = v == NULL ? NULL : shian_tally_get(t, id);

    if (tally == NULL) {
        return NULL;
    }

    NEW(view, venue_view);
    copy_facts(view, v, now_ms);
    view->grade = shian_view_grade(t, tally->grade);
    view->n_evaluations = tally->n_evaluations;
    view->evaluations = tally->evaluations;
    view->rating = shian_view_rating(t->arena, tally);
    COPY(view, tally, last_inspected_on);
    view->plaque = plaque_end(t, keys, tally);

    NEW(view->counts, venue_counts);
    SET(view->counts, inspections, tally->inspections);
    SET(view->counts, findings_open, tally->findings_open);
    SET(view->counts, complaints_substantiated,
        tally->complaints_substantiated);
    SET(view->counts, reviews_removed, tally->reviews_removed);

    if (tally->has_self_check_on) {
        shian_policy_now(t, &policy);
        NEW(view->self_check, self_check);
        SET(view->self_check, last_on, tally->self_check_on);
        SET(view->self_check, lapsed,
            shian_local_day(now_ms, SHIAN_TZ_MINUTES) - tally->self_check_on
            > policy.self_check_days);

        if (!shian_view_differs(t, id, view->self_check)) {
            return NULL;
        }
    }

    view->appeal = running_appeal(t, tally);

    if (tally->has_reinspection_due_on) {
        SET(view, reinspection_due_on, tally->reinspection_due_on);
    }

    if (!shian_view_penalties(t, id, &view->penalties, &view->n_penalties)) {
        return NULL;
    }

    view->inspections = shian_array(t->arena, SHIAN_LATEST,
                                    sizeof(*view->inspections));
    view->reviews = shian_array(t->arena, SHIAN_LATEST,
                                sizeof(*view->reviews));
    view->links = venue_links(t, v);

    if (view->inspections == NULL || view->reviews == NULL
        || view->links == NULL)
    {
        return NULL;
    }

    view->n_inspections = shian_view_visits(t, id, SHIAN_NONE, SHIAN_LATEST,
                                            false, view->inspections, NULL);
    add_reviews(t, keys, id, SHIAN_NONE, SHIAN_LATEST, view->reviews,
                &view->n_reviews, NULL);

    return view;
}


Shian__VenueItem *
shian_view_item(shian_txn_t *t, const Shian__Venue *v,
    const Shian__Tally *tally, double distance)
{
    size_t             i;
    Shian__VenueItem  *item;

    NEW(item, venue_item);
    COPY(item, v, id);
    item->name = v->name;
    item->name_en = v->name_en;
    item->category = v->category;
    item->district = v->district;
    item->address = v->address;
    COPY(item, v, lng);
    COPY(item, v, lat);
    COPY(item, v, status);
    SET(item, colour, shian_tally_colour(tally));
    item->href = shian_printf(t->arena, "/v/%" PRIu64, v->id);

    if (tally->grade != NULL && tally->grade->has_score) {
        SET(item, score, (uint32_t) tally->grade->score / 100);
    }

    for (i = 0; tally->grade != NULL && i < tally->grade->n_components; i++) {
        if (tally->grade->components[i]->code
            == SHIAN__COMPONENT__CODE__licence_expired)
        {
            SET(item, licence_expired, 1);
        }
    }

    SET(item, reviews, tally->reviews);

    if (tally->reviews != 0) {
        SET(item, hygiene, mean(tally->hygiene_sum, tally->reviews));
    }

    if (distance >= 0) {
        SET(item, distance_m, (uint32_t) lround(distance));
    }

    return item;
}


Shian__UserList *
shian_view_users(shian_txn_t *t, const Shian__User *user,
    shian_str_t after, size_t limit, shian_str_t *next)
{
    shian_scan_t       scan;
    Shian__User       *u;
    shian_rowkey_t     none;
    Shian__UserList   *view;
    Shian__UserView   *item;

    *next = SHIAN_NONE;
    none.n = 0;
    NEW(view, user_list);
    view->items = shian_array(t->arena, limit, sizeof(*view->items));

    if (view->items == NULL) {
        return NULL;
    }

    shian_view_open(&scan, t, SHIAN_T_USER, &none, after);

    while (shian_scan_next(&scan)) {

        u = shian__user__unpack(&t->arena->pb, scan.value.n, scan.value.p);

        if (u != NULL && !shian_account_in_reach(t, user, u)) {
            continue;
        }

        if (view->n_items == limit) {
            *next = after;
            break;
        }

        item = u == NULL ? NULL : shian_alloc(t->arena, sizeof(*item));

        if (item == NULL) {
            break;
        }

        shian__user_view__init(item);
        COPY(item, u, id);
        COPY(item, u, role);
        COPY(item, u, venue);
        COPY(item, u, disabled);
        item->login = u->login;
        item->name = u->name;
        item->districts = u->districts;
        item->n_districts = u->n_districts;
        view->items[view->n_items++] = item;
        after = shian_view_keep(t, scan.key);
    }

    shian_scan_close(&scan);

    return view;
}


bool
shian_view_colours(shian_txn_t *t, Shian__ColourCount ***colours, size_t *n,
    uint64_t *venues)
{
    size_t               i;
    Shian__ColourCount  *c;

    static const struct {
        Shian__Colour__Kind   colour;
        const char           *href;
    } order[] = {
        { SHIAN__COLOUR__KIND__green, "/venues?colour=green" },
        { SHIAN__COLOUR__KIND__yellow, "/venues?colour=yellow" },
        { SHIAN__COLOUR__KIND__red, "/venues?colour=red" },
        { SHIAN__COLOUR__KIND__ungraded, "/venues?colour=ungraded" },
        { SHIAN__COLOUR__KIND__closed, "/venues?colour=closed" },
    };

    *n = SHIAN_COUNT(order);
    *venues = 0;
    *colours = shian_array(t->arena, *n, sizeof(**colours));

    for (i = 0; *colours != NULL && i < *n; i++) {
        c = shian_alloc(t->arena, sizeof(*c));
        if (c == NULL) {
            return false;
        }

        shian__colour_count__init(c);
        SET(c, colour, order[i].colour);
        SET(c, count, shian_count_get(t, 'c', SHIAN_NONE,
                                      (uint8_t) order[i].colour));
        c->href = (char *) order[i].href;
        (*colours)[i] = c;
        *venues += c->count;
    }

    return *colours != NULL;
}


size_t
shian_view_names(shian_txn_t *t, char kind, shian_str_t *names, size_t max)
{
    size_t          n;
    shian_str_t     name;
    shian_scan_t    scan;
    shian_rowkey_t  prefix;

    n = 0;
    prefix.n = 0;
    shian_rowkey_be(&prefix, (uint8_t) kind, 1);
    shian_scan_open(&scan, t, SHIAN_T_COUNT, &prefix, NULL);

    while (n < max && shian_scan_next(&scan) && scan.key.n >= 3) {
        name = shian_slice(scan.key.p + 1, scan.key.n - 3);

        if (name.n != 0 && (n == 0 || !shian_str_eq(names[n - 1], name))) {
            names[n++] = shian_view_keep(t, name);
        }
    }

    shian_scan_close(&scan);

    return n;
}
