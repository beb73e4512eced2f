/*
 * Posts events to gateways: each gateway's in the log's order, one at a time,
 * and none waiting for another.  At least once: a gateway's place is on disk
 * after its 2xx and before its next post.  One thread, libcurl's multi.
 */

#ifndef SHIAN_DELIVER_H
#define SHIAN_DELIVER_H

#include "gateway.h"
#include "outbox.h"

/*
 * Follows the log until SIGTERM or SIGINT; with `once` until each gateway has
 * what the log had at the start, or has failed.  A gateway that was never
 * here begins after entry *from, or at the log's end where that is NULL.
 * Returns an exit status after saying what went wrong.
 */
int shian_deliver_follow(shian_ctl_t *c, const shian_gateways_t *gateways,
    const shian_outbox_t *o, bool once, const uint64_t *from);

/*
 * Posts each dead letter once more; what was taken gets seq 0 in *letters.
 * Returns an exit status: SHIAN_FAILED when any is left.
 */
int shian_deliver_again(shian_ctl_t *c, const shian_gateways_t *gateways,
    const shian_outbox_t *o, shian_letters_t *letters);

#endif /* SHIAN_DELIVER_H */
