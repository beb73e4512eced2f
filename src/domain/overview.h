/*
 * What inspectors' visits look like beside each other: for chiefs, from the
 * index of visits alone.
 */

#ifndef SHIAN_OVERVIEW_H
#define SHIAN_OVERVIEW_H

#include "checkin.h"

#define SHIAN_OVERVIEW_DAYS   365
#define SHIAN_DRIFT_LEAST     10        /* visits; below: too few to tell */

/* A sample of shares in percent; zeroed before the first. */
typedef struct {
    uint64_t  n;
    double    sum;
    double    squares;
} shian_sample_t;

/* Percentage points; what `few` leaves unknown is 0. */
typedef struct {
    double  mean;       /* of own, in percent */
    double  drift;
    double  low;
    double  high;
    bool    few;        /* no interval: less than SHIAN_DRIFT_LEAST */
} shian_drift_t;

/* Adds one share.  Any thread. */
void shian_sample_add(shian_sample_t *s, double percent);

/*
 * How far the mean of own lies from the mean of all, own included, with a
 * 95 % confidence interval: drift ± 1.96 s / √n, where n is how many visits
 * own has and s their standard deviation with n − 1.  The visit is the unit,
 * the normal distribution stands for Student's, and the mean of all is taken
 * as known (NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.5.2).  Both
 * have a visit at least.  Any thread.
 */
void shian_drift(const shian_sample_t *own, const shian_sample_t *all,
    shian_drift_t *out);

/*
 * Every inspector, and whoever else has visited, over the `days` local days
 * that end with `today`; the furthest from the mean first, those with too few
 * visits last; of the visits within the reach of `user` (NULL: of all) alone.
 * In the transaction's arena; NULL: no memory, or t->err.
 */
Shian__SupervisorList *shian_view_supervisors(shian_txn_t *t,
    const Shian__User *user, int32_t today, uint32_t days);

/*
 * The visits of inspector `id` within the reach of `user`, latest first, after
 * a raw cursor as in shian_find.  NULL: no such inspector within it, no
 * memory, or t->err.
 */
Shian__SupervisorVisits *shian_view_supervisor(shian_txn_t *t,
    const Shian__User *user, uint64_t id, shian_str_t after, size_t limit,
    shian_str_t *next);

#endif /* SHIAN_OVERVIEW_H */
