/*
 * The grade as a fold: a venue's evidence, the policies and the local
 * midnights between, in order of time.  Nothing else is read, so that any day
 * can be walked anew, past or to come.
 *
 *     shian_walk_begin(&w, t, venue, tally->standing);
 *     while (shian_walk_next(&w, now_ms, &at_ms) != SHIAN_WALK_END) {
 *         shian_walk_take(&w);            … w.now, w.taken …
 *     }
 *     shian_walk_rest(&w, now_ms);
 *     shian_walk_free(&w);
 *
 * A day on which nothing can change is not stopped at.
 */

#ifndef SHIAN_WALK_H
#define SHIAN_WALK_H

#include "domain.h"

typedef enum {
    SHIAN_WALK_END = 0,
    SHIAN_WALK_MIDNIGHT,
    SHIAN_WALK_POLICY,          /* another one came into force */
    SHIAN_WALK_FACTS            /* all that is dated at one instant */
} shian_walk_step_t;

typedef struct shian_fact_s  shian_fact_t;
typedef struct shian_rule_s  shian_rule_t;

typedef struct {
    shian_arena_t           arena;      /* of the walk itself */
    bool                    failed;     /* no memory, or a broken row */

    shian_fact_t           *facts;
    size_t                  nfacts;
    size_t                  fact;       /* the next one */
    shian_rule_t           *rules;
    size_t                  nrules;
    size_t                  rule;

    /* Where it stands. */
    int32_t                 day;
    int32_t                 quiet_on;   /* the first day that may differ */
    shian_policy_t          policy;
    uint64_t                policy_seq; /* that set it; 0: the default */
    shian_grade_inputs_t    in;
    Shian__Colour__Kind     downgraded_to;
    int32_t                 downgraded_at_score;
    Shian__Tally            window;     /* reviews within it: their counts */
    const shian_fact_t    **reviews;
    size_t                  oldest;     /* in the window */
    size_t                  nreviews;
    shian_grade_t           now;        /* without components */

    /* The last step taken. */
    shian_walk_step_t       taken;
    uint64_t                taken_ms;
} shian_walk_t;

/*
 * Reads the venue's evidence and stands at the midnight of `from`, a
 * checkpoint that nothing older than it has changed since; NULL: before all
 * of it.  False without memory, or t->err.  The thread of t, in which it may
 * be used while rows of other tables are written.
 */
bool shian_walk_begin(shian_walk_t *w, shian_txn_t *t, uint64_t venue,
    const Shian__Standing *from);

void shian_walk_free(shian_walk_t *w);

/* What comes next at or before until_ms, and when. */
shian_walk_step_t shian_walk_next(const shian_walk_t *w, uint64_t until_ms,
    uint64_t *at_ms);

/* Takes that step. */
void shian_walk_take(shian_walk_t *w);

/* Takes all steps up to until_ms, and stands at its day. */
void shian_walk_rest(shian_walk_t *w, uint64_t until_ms);

/* Goes on under another policy from at_ms on, as if it had been set then. */
void shian_walk_under(shian_walk_t *w, const shian_policy_t *p,
    uint64_t at_ms);

/* Where it stands, with components, in the arena.  False: no memory. */
bool shian_walk_grade(const shian_walk_t *w, shian_arena_t *a,
    shian_grade_t *out);

/* What a checkpoint keeps of it, at its day's midnight. */
void shian_walk_keep(const shian_walk_t *w, Shian__Standing *out);

/* The first instant of a local day. */
static inline uint64_t
shian_day_start(int32_t day)
{
    return (uint64_t) ((int64_t) day * INT64_C(86400000)
                       - SHIAN_TZ_MINUTES * INT64_C(60000));
}

#endif /* SHIAN_WALK_H */
