/*
 * A complaint or report as its complainant sees it.
 */

#ifndef SHIAN_VIEW_TRACK_H
#define SHIAN_VIEW_TRACK_H

#include "complaint.h"

/*
 * The filing `id` at instant now_ms, what was written opened again; in the
 * arena, or NULL when there is none.  Its photos are under `at`, the address
 * of its private link; links of filings are not set.  The transaction's
 * thread.
 */
Shian__TrackView *shian_view_track(shian_txn_t *t, const shian_keys_t *keys,
    const shian_workdays_t *w, const char *at, uint64_t id,
    uint64_t now_ms);

/* One as a line, without its link; NULL when there is none. */
Shian__FiledItem *shian_view_filed(shian_txn_t *t, uint64_t id);

/*
 * What this device filed about the venue in the 48 hours before now_ms, newest
 * first, at most max.  Returns how many.
 */
size_t shian_view_own(shian_txn_t *t, shian_str_t device, uint64_t venue,
    uint64_t now_ms, Shian__FiledItem **out, size_t max);

#endif /* SHIAN_VIEW_TRACK_H */
