/*
 * Complaints and reports (SAMR Order 121) and enforcement cases.  What a
 * complainant wrote is sealed; the public sees that a complaint was
 * substantiated and nothing else, so no operation here moves a venue's rev
 * before that.
 */

#ifndef SHIAN_COMPLAINT_H
#define SHIAN_COMPLAINT_H

#include "core/workday.h"
#include "domain.h"

#define SHIAN_COMPLAINT_PHOTOS      6
#define SHIAN_COMPLAINT_ADDITIONS   50      /* by the complainant */
#define SHIAN_COMPLAINTS_A_DAY      3       /* of a device about a venue */
/* Working days of the longest clock: a report's, extended. */
#define SHIAN_LONGEST_CLOCK         30
#define SHIAN_DUPLICATE_MS          (48 * UINT64_C(3600000))

/* Records by id, in the transaction's arena, or NULL. */
Shian__Complaint *shian_complaint_get(shian_txn_t *t, uint64_t id);
Shian__Case *shian_case_get(shian_txn_t *t, uint64_t id);

/*
 * The complaint of a handle, of what Open311 calls it, or of the number that
 * people were told; 0 where there is none.
 */
uint64_t shian_complaint_of_handle(shian_txn_t *t, uint64_t handle);
uint64_t shian_complaint_of_public(shian_txn_t *t, shian_str_t public_id);
uint64_t shian_complaint_of_number(shian_txn_t *t, shian_str_t number);

/*
 * May anybody outside of the bureau know at now_ms that it was filed?  Once it
 * was taken up, or from the next local morning on: who learns of it the second
 * it is made knows who sits at the table.
 */
bool shian_complaint_public(const Shian__Complaint *c, uint64_t now_ms);

/* Entry n, from 1 to c->events, of its timeline, or NULL. */
Shian__ComplaintEvent *shian_complaint_event(shian_txn_t *t, uint64_t id,
    uint32_t n);

/* The name that states[] has for the value of an enum Action. */
const char *shian_action_name(const ProtobufCEnumDescriptor *actions,
    int value);

/*
 * May the caller work on it?  As shian_in_reach, by the venue, or by the
 * district that was named where there is no venue.
 */
bool shian_complaint_in_reach(shian_txn_t *t, Shian__Role__Kind role,
    const Shian__User *user, const Shian__Complaint *c);

/* The same question in an operation's check; false: the report has 403. */
bool shian_may_complaint(shian_op_t *o, const Shian__Complaint *c);


/* ---- at the door ---------------------------------------------------------*/

/* Candidates for the last four characters of a filing's number. */
#define SHIAN_NUMBERS  8

/*
 * Draws the handles and candidates of a filing, in the arena; false without
 * memory.  shian_complaint_prepare does so where nobody has: this is for a
 * city that is made from a seed.  Any thread.
 */
bool shian_complaint_draw(shian_arena_t *a, Shian__ComplaintPost *op,
    void (*random)(void *ctx, void *out, size_t n), void *ctx);

/*
 * Each door (form, Open311, command line) calls one of these before it seals
 * and submits: they fill in what depends on calendars, categories and the
 * policy, so that a replay needs none of them.  w is the calendar, now_ms the
 * operation's instant.  False with wrong fields, 404 or 500 in the report.
 * The transaction's thread.
 */
bool shian_complaint_prepare(shian_txn_t *t, const shian_workdays_t *w,
    uint64_t now_ms, Shian__ComplaintPost *op, shian_report_t *report);
bool shian_complaint_step_prepare(shian_txn_t *t, const shian_workdays_t *w,
    uint64_t now_ms, Shian__ComplaintStep *op, shian_report_t *report);
bool shian_complaint_follow_prepare(shian_txn_t *t,
    const shian_workdays_t *w, uint64_t now_ms, Shian__ComplaintFollow *op,
    shian_report_t *report);

/* The categories in force, to be read only; NULL: no memory.  Any thread. */
Shian__Categories *shian_categories(void);

/* The one with this code, or NULL.  Any thread. */
const Shian__Category *shian_category(const Shian__Categories *all,
    const char *code);


/* ---- lists ---------------------------------------------------------------*/

/*
 * complaint_by.  Due days come as day + 2^31, those without one last; days
 * and instants marked ~ inverted, so that the newest is first.
 *
 *   s state(1) due(4) id         every one
 *   d district hash(8) due(4) id in no final state
 *   k category hash(8) due(4) id the same
 *   u user(8) due(4) id          the same, of the officer on it; 0: nobody
 *   t user(8) due(4) id          dispatched to that user and not reported;
 *                                due: what the dispatch says
 *   v venue(8) ~at(8) id         every one about a venue
 *   i device hash(8) ~at(8) id   every one of a device that was not erased
 *   g venue(8) ~day(4) id        by which its filing counts for the grade,
 *                                by the day of the decision
 *   m into(8) id                 merged into that one
 *   x day(4) id                  ended, by the day; waits to be erased
 *
 * The value of all but x: state, and kind in the upper half of the byte.
 */
shian_rowkey_t shian_complaint_prefix(char field);
shian_rowkey_t shian_complaint_prefix_id(char field, uint64_t id);
shian_rowkey_t shian_complaint_prefix_text(char field, shian_str_t value);

/* The id at the end of a key of complaint_by or case_by. */
static inline uint64_t
shian_by_id(shian_str_t key)
{
    return key.n < 8 ? 0 : shian_be(key.p + key.n - 8, 8);
}

/*
 * What may be the same: ids of complaints about the venue within 48 hours
 * before and after at_ms that are no end yet, newest first, without
 * `besides`.  Returns how many, at most max.  The transaction's thread.
 */
size_t shian_complaint_duplicates(shian_txn_t *t, uint64_t venue,
    uint64_t at_ms, uint64_t besides, uint64_t *ids, size_t max);

/* Whose retention is over at at_ms: up to max ids for complaint.expire. */
size_t shian_complaints_expired(shian_txn_t *t, uint64_t at_ms,
    uint64_t *ids, size_t max);

/*
 * The photos that go when this one is erased, those of the other half of a
 * filing and of additions as well: up to max hashes of 32 bytes.  Their files
 * are the caller's to remove, once no record of them is left.
 */
size_t shian_complaint_photos(shian_txn_t *t, uint64_t id,
    uint8_t (*hashes)[SHIAN_HASH_SIZE], size_t max);


/* ---- to be read -----------------------------------------------------------*/

/*
 * A row of a list of the bureau at instant now_ms, and what the venue may see
 * of it; in the arena, NULL without memory.  The transaction's thread.
 */
Shian__ComplaintItem *shian_complaint_item(shian_txn_t *t,
    const Shian__Complaint *c, const shian_workdays_t *w, uint64_t now_ms);
Shian__VenueComplaint *shian_venue_complaint(shian_txn_t *t,
    const Shian__Complaint *c);


/*
 * How long the clock of the law still runs on local day `today`, in its own
 * days: working days, or those of the calendar while mediation runs.  Negative:
 * over by so many; *working says which days.  One that has none is not asked.
 * Any thread.
 */
int32_t shian_complaint_days_left(const Shian__Complaint *c,
    const shian_workdays_t *w, int32_t today, bool *working);


/* ---- figures -------------------------------------------------------------*/

/*
 * Counters of kind 'f', name "2026-11/kind/category/district" with the month
 * in which it happened and kind c or r; sub is one of these, or of a duration
 * 16 * step + bucket, and 16 * step + 15 for the sum in minutes.
 */
enum {
    SHIAN_FIGURE_RECEIVED = 1,
    SHIAN_FIGURE_ENDED,
    SHIAN_FIGURE_ON_TIME,           /* by the clocks of the law */
    SHIAN_FIGURE_LATE,
    SHIAN_FIGURE_LOOK_ON_TIME,      /* by the bureau's own */
    SHIAN_FIGURE_LOOK_LATE,
    SHIAN_FIGURE_SUBSTANTIATED,
    SHIAN_FIGURE_UNSUBSTANTIATED
};

typedef enum {
    SHIAN_TOOK_LOOK = 1,            /* from the filing to the first step */
    SHIAN_TOOK_ACCEPT,              /* from the filing */
    SHIAN_TOOK_DISPATCH,            /* from acceptance */
    SHIAN_TOOK_VISIT,               /* from the dispatch */
    SHIAN_TOOK_REPORT,              /* from the check-in */
    SHIAN_TOOK_DECIDE,              /* from the report */
    SHIAN_TOOK_ALL                  /* from the filing to the end */
} shian_took_t;

#define SHIAN_BUCKETS     15
#define SHIAN_BUCKET_SUM  15

/* Minutes: bucket i holds what took less; the last one has no bound. */
extern const uint32_t  shian_buckets[SHIAN_BUCKETS - 1];

/* The bucket of a duration in minutes.  Any thread. */
uint8_t shian_bucket(uint64_t minutes);

/* Every month's count of a kind (c, r; 0: both) and sub together. */
uint64_t shian_figure_sum(shian_txn_t *t, char kind, uint8_t sub);

#endif /* SHIAN_COMPLAINT_H */
