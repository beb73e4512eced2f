/*
 * What an entry of the log tells people who follow it.
 */

#ifndef SHIAN_EVENT_H
#define SHIAN_EVENT_H

#include "domain.h"

/*
 * The event of an entry, or NULL where nobody needs to hear of it.  In the
 * transaction's arena; never with anything sealed.  The transaction's thread.
 */
Shian__Event *shian_event(shian_txn_t *t, const Shian__Entry *e);

#endif /* SHIAN_EVENT_H */
