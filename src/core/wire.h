/*
 * Packed messages read where they lie (Protocol Buffers, "Encoding"): for
 * rows of which a page needs a few numbers and unpacking would copy it all.
 */

#ifndef SHIAN_WIRE_H
#define SHIAN_WIRE_H

#include "base.h"

typedef struct {
    uint64_t     id;
    uint64_t     number;        /* a varint's, a fixed one's; else 0 */
    shian_str_t  bytes;         /* what is measured: string, bytes, message */
} shian_wire_t;

/*
 * Takes the first field off rest, a packed message.  False at its end, and
 * where it is malformed: then rest is not empty.  Groups, which proto2 gave
 * up, count as malformed.  Borrows from rest; any thread.
 */
bool shian_wire_next(shian_str_t *rest, shian_wire_t *f);

#endif /* SHIAN_WIRE_H */
