/*
 * A venue's safeguards: reply, appeal, request to be inspected again.
 */

#ifndef SHIAN_SAFEGUARD_H
#define SHIAN_SAFEGUARD_H

#include "domain.h"

Shian__Appeal *shian_appeal_get(shian_txn_t *t, uint64_t id);

#endif /* SHIAN_SAFEGUARD_H */
