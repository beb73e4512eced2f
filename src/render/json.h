/*
 * Any message as JSON (RFC 8259) by its descriptor.  snake_case as in the
 * schema; what is absent or empty is left out, but a repeated field called
 * `items` is always there.  Instants are RFC 3339, days YYYY-MM-DD, sint32 a
 * number with two decimals, enums names, bytes hex, doubles up to seven
 * decimals (NaN and infinities are left out).  Any thread.
 */

#ifndef SHIAN_JSON_H
#define SHIAN_JSON_H

#include "core/base.h"
#include "escape.h"
#include "value.h"

/* Writes m as an object; false when the sink has failed. */
bool shian_json_write(const ProtobufCMessage *m, shian_sink_t *sink);

/*
 * Writes v, read by shian_value_field, as a JSON value; false when JSON has
 * no word for it (nothing is written).
 */
bool shian_json_value(const shian_value_t *v, shian_sink_t *sink);

#endif /* SHIAN_JSON_H */
