#include "view_track.h"

#include "rules.h"
#include "shown.h"
#include "states.h"
#include "view_parts.h"

#define MAX_STEPS    8

#define STATE(name)  SHIAN__COMPLAINT__STATE__##name


/* ---- the timeline ---------------------------------------------------------*/

/*
 * What is told, and which words of an entry: what the bureau notes and
 * releases, and looks that were refused, are its own affair.
 */
static const struct {
    const char  *action;
    bool         text;          /* of the bureau, meant for them */
} told[] = {
    { "post", false },
    { "accept", false },
    { "refuse", true },
    { "merge", false },
    { "dispatch", false },
    { "check_in", false },
    { "report", false },
    { "decide", false },
    { "rectify", false },
    { "close", false },
    { "extend", true },
    { "look", false },
    { "add", false },
    { "withdraw", false },
    { "reopen", false },
    { "rate", false },
    { "erase", false },
};


static Shian__TrackEvent *
view_event(shian_txn_t *t, const shian_keys_t *keys, const char *at,
    uint32_t n, const Shian__ComplaintEvent *e, size_t row)
{
    Shian__TrackEvent  *view;

    NEW(view, track_event);
    COPY(view, e, at);
    view->what = (char *) told[row].action;
    view->text = e->has_added
                 ? shian_unseal(t, keys, e->vault, "text", e->added)
                 : told[row].text ? e->text : NULL;

    /* Photos of a visit are the bureau's. */
    if (e->role == SHIAN__ROLE__KIND__public
        && !shian_view_photos(t, at, n * SHIAN_SHOWN_STEP + 1, e->photos,
                              e->n_photos, &view->photos, &view->n_photos))
    {
        return NULL;
    }

    if (strcmp(view->what, "extend") == 0) {
        COPY(view, e, due_on);
    }

    if (strcmp(view->what, "decide") == 0) {
        COPY(view, e, outcome);
    }

    COPY(view, e, ground);
    COPY(view, e, rating);

    return view;
}


static bool
add_events(shian_txn_t *t, const shian_keys_t *keys, const char *at,
    const Shian__Complaint *c, Shian__TrackView *view)
{
    size_t                  i;
    uint32_t                n;
    Shian__ComplaintEvent  *e;

    view->events = shian_array(t->arena, c->events + 1,
                               sizeof(*view->events));

    for (n = 1; view->events != NULL && n <= c->events; n++) {
        e = shian_complaint_event(t, c->id, n);

        for (i = 0; e != NULL && i < SHIAN_COUNT(told)
                    && strcmp(told[i].action, e->action) != 0; i++)
        {
            /* void */
        }

        if (e == NULL || i == SHIAN_COUNT(told)) {
            continue;
        }

        view->events[view->n_events] = view_event(t, keys, at, n, e, i);

        if (view->events[view->n_events] == NULL) {
            return false;
        }

        view->n_events++;
    }

    return view->events != NULL;
}


/* ---- the filing -----------------------------------------------------------*/

static void
open_words(shian_txn_t *t, const shian_keys_t *keys,
    const Shian__Complaint *c, Shian__TrackView *view)
{
    if (c->erased) {
        SET(view, erased, 1);
        return;
    }

    if (c->has_text) {
        view->text = shian_unseal(t, keys, c->vault, "text", c->text);
    }

    if (c->has_place) {
        view->place = shian_unseal(t, keys, c->vault, "place", c->place);
    }
}


static bool
add_category(shian_txn_t *t, Shian__TrackView *view)
{
    Shian__Categories      *all;
    const Shian__Category  *category;

    all = shian_categories();
    category = all == NULL || view->category == NULL
               ? NULL : shian_category(all, view->category);

    if (category != NULL) {
        view->category_text = category->text;
        view->category_text_en = category->text_en;
    }

    return all != NULL;
}


static bool
add_clock(shian_txn_t *t, const shian_workdays_t *w,
    const Shian__Complaint *c, uint64_t now_ms, Shian__TrackView *view)
{
    Shian__ComplaintItem  *item;

    item = shian_complaint_item(t, c, w, now_ms);

    if (item == NULL) {
        return false;
    }

    view->venue_name = item->venue_name;

    if (item->has_due_on) {
        COPY(view, item, due_on);
        COPY(view, item, days_left);
        COPY(view, item, working_days);
        COPY(view, item, overdue);
        COPY(view, item, due_by_weekends);
    }

    if (c->state == STATE(received) && !c->has_looked_at) {
        COPY(view, c, look_due_at);
    }

    return true;
}


/* The steps of the table, less those whose time or number is used up. */
static bool
add_actions(shian_txn_t *t, const Shian__Complaint *c, int32_t today,
    Shian__TrackView *view)
{
    char    *steps[MAX_STEPS];
    size_t   i, n;

    view->actions = shian_array(t->arena, MAX_STEPS, sizeof(char *));

    if (view->actions == NULL) {
        return false;
    }

    if (c->erased) {
        return true;
    }

    n = shian_open_steps(SHIAN_FLOW_COMPLAINT, (int) c->state,
                         SHIAN__ROLE__KIND__public, steps, MAX_STEPS);

    for (i = 0; i < n; i++) {
        if ((strcmp(steps[i], "add") == 0
             && c->additions >= SHIAN_COMPLAINT_ADDITIONS)
            || (strcmp(steps[i], "rate") == 0 && c->rating != 0)
            || (strcmp(steps[i], "reopen") == 0
                && (c->reopened || !view->has_reopen_until
                    || today > view->reopen_until)))
        {
            continue;
        }

        view->actions[view->n_actions++] = steps[i];
    }

    return true;
}


static void
add_end(shian_txn_t *t, const Shian__Complaint *c, Shian__TrackView *view)
{
    Shian__Complaint  *into;

    if (c->has_ended_at) {
        SET(view, ended_on, shian_local_day(c->ended_at, SHIAN_TZ_MINUTES));
    }

    if (c->state == STATE(closed) && !c->reopened) {
        SET(view, reopen_until, view->ended_on
                                + shian_rules_now(t)->reopen_days);
    }

    into = c->has_merged_into ? shian_complaint_get(t, c->merged_into) : NULL;

    if (into != NULL) {
        SET(view, merged_state, into->state);
    }
}


Shian__FiledItem *
shian_view_filed(shian_txn_t *t, uint64_t id)
{
    Shian__Complaint  *c;
    Shian__FiledItem  *item;

    c = shian_complaint_get(t, id);

    if (c == NULL) {
        return NULL;
    }

    NEW(item, filed_item);
    COPY(item, c, id);
    item->number = c->number;
    COPY(item, c, kind);
    COPY(item, c, state);
    SET(item, on, shian_local_day(c->at, SHIAN_TZ_MINUTES));

    return item;
}


Shian__TrackView *
shian_view_track(shian_txn_t *t, const shian_keys_t *keys,
    const shian_workdays_t *w, const char *at, uint64_t id, uint64_t now_ms)
{
    Shian__Complaint  *c;
    Shian__TrackView  *view;

    c = shian_complaint_get(t, id);

    if (c == NULL) {
        return NULL;
    }

    NEW(view, track_view);
    view->number = c->number;
    COPY(view, c, kind);
    COPY(view, c, state);
    COPY(view, c, venue);
    COPY(view, c, at);
    COPY(view, c, happened_on);
    COPY(view, c, outcome);
    COPY(view, c, ground);
    COPY(view, c, rating);
    view->category = c->category;
    view->public_text = c->public_text;
    view->released = c->released;
    view->linked = c->has_linked ? shian_view_filed(t, c->linked) : NULL;

    open_words(t, keys, c, view);
    add_end(t, c, view);

    return add_category(t, view) && add_clock(t, w, c, now_ms, view)
           && shian_view_photos(t, at, 1, c->photos, c->n_photos,
                                &view->photos, &view->n_photos)
           && add_actions(t, c, shian_local_day(now_ms, SHIAN_TZ_MINUTES),
                          view)
           && add_events(t, keys, at, c, view) ? view : NULL;
}


size_t
shian_view_own(shian_txn_t *t, shian_str_t device, uint64_t venue,
    uint64_t now_ms, Shian__FiledItem **out, size_t max)
{
    size_t             n;
    shian_scan_t       scan;
    shian_rowkey_t     prefix;
    Shian__Complaint  *c;

    n = 0;
    prefix = shian_complaint_prefix_text('i', device);
    shian_scan_open(&scan, t, SHIAN_T_COMPLAINT_BY, &prefix, NULL);

    while (n < max && shian_scan_next(&scan)) {
        c = shian_complaint_get(t, shian_by_id(scan.key));

        /* The key has a hash: another device may share it. */
        if (c == NULL || !shian_str_eq(shian_bytes(c->device), device)) {
            continue;
        }

        if (c->at + SHIAN_DUPLICATE_MS < now_ms) {
            break;
        }

        if (c->venue == venue) {
            out[n] = shian_view_filed(t, c->id);
            n += out[n] != NULL;
        }
    }

    shian_scan_close(&scan);

    return n;
}
