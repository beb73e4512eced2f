/*
 * What the log tells people while it grows: news for an entry that staff act
 * on; for one that only changes what their pages show, a workflow's step say,
 * that something changed; nothing for any other.
 */

#ifndef SHIAN_EVENT_H
#define SHIAN_EVENT_H

#include "domain.h"
#include "session.h"

/* How far back in the log a list, or somebody who was away, may look. */
#define SHIAN_EVENTS_BACK  1000

/* Roles that may follow at all; each event has its own of these. */
#define SHIAN_FOLLOWERS    (SHIAN_ROLE(inspector) | SHIAN_ROLE(officer)       \
                            | SHIAN_ROLE(chief) | SHIAN_ROLE(admin))

typedef struct {
    Shian__Operation__BodyCase    body;     /* NOT_SET: of any entry */
    const char                   *type;     /* its words: text event.<type> */
    uint32_t                      roles;    /* SHIAN_ROLE bits */

    /*
     * Sets the event's venue, or its district where it is about none, and
     * what else there is to say; false: this entry tells nothing.
     */
    bool                        (*tell)(shian_txn_t *t,
                                        const Shian__Entry *e,
                                        Shian__Event *event);
} shian_event_row_t;

/*
 * For each entry the first row that has something to tell counts.  The last
 * row is "change", which is no news.
 */
extern const shian_event_row_t  shian_events[];
extern const size_t             shian_nevents;

/*
 * The news of entry e, as things stand in t, or NULL.  In t's arena; nothing
 * of it is borrowed from e.  The thread of t.
 */
Shian__Event *shian_event(shian_txn_t *t, const Shian__Entry *e);

/*
 * The same for those to whom e is no news: that pages of its district show
 * something else now, or NULL.  What it is about stays with the server.
 */
Shian__Event *shian_event_change(shian_txn_t *t, const Shian__Entry *e);

/* Which of both an event is.  Any thread. */
bool shian_event_is_news(const Shian__Event *event);

/*
 * May somebody of this role, and of this user's districts (NULL: of all),
 * see it?  News of a complaint are no inspector's but that one's to whom it
 * is sent.  NULL is for nobody.  Any thread.
 */
bool shian_event_for(const Shian__Event *event, Shian__Role__Kind role,
    const Shian__User *user);

/*
 * The news of entry seq if caller may see it, else with `changes` the change
 * if there is one, or NULL.  The event is in t's arena, the entry is not.
 * The thread of t.
 */
Shian__Event *shian_event_at(shian_txn_t *t, uint64_t seq,
    const shian_caller_t *caller, bool changes);

/*
 * Up to max pieces of news that caller may see, newest first, out of the last
 * SHIAN_EVENTS_BACK entries.  In t's arena; NULL without memory.
 */
Shian__Event **shian_events_latest(shian_txn_t *t,
    const shian_caller_t *caller, size_t max, size_t *n);

/*
 * Does entry e end what caller signed in to: the session is over, or the
 * account was disabled or changed?  caller NULL asks whether it may end
 * anybody's.  Any thread.
 */
bool shian_event_ends(const Shian__Entry *e, const shian_caller_t *caller);

#endif /* SHIAN_EVENT_H */
