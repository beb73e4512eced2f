/*
 * Venues: which one an import row means, and its indexes.
 */

#ifndef SHIAN_VENUE_H
#define SHIAN_VENUE_H

#include "domain.h"

/*
 * The venue that v describes: by source and ref, by uscc, by licence_no, and
 * where it has none of these by normalised name and address.  0: none yet.
 * A number leads only to a venue that has no other ref in the same source.
 */
uint64_t shian_venue_match(shian_txn_t *t, const Shian__Venue *v);

/*
 * Whether what a list says of the status is left out, for a person has set a
 * stricter one: a list never lifts what the office did.
 */
bool shian_venue_status_kept(const Shian__Venue *was,
    const Shian__Venue *list);

/* Whether the list opens again what its lacking the venue had closed. */
bool shian_venue_returns(const Shian__Venue *was, const Shian__Venue *list);

/* The key under which venue_by lists a text field: 'd' district, 'k'
   category, 'r' source. */
shian_rowkey_t shian_venue_by(char field, const char *value);

#endif /* SHIAN_VENUE_H */
