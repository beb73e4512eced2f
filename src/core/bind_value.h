/*
 * One value of one field, from text: the inner half of bind.h, which is what
 * the rest of the project calls.
 */

#ifndef SHIAN_BIND_VALUE_H
#define SHIAN_BIND_VALUE_H

#include "bind.h"

/* Not the client's fault; compared by address. */
extern const char  shian_value_memory[];
extern const char  shian_value_rules[];

/*
 * Converts s, cleaned text that is not empty, by the field's type and bounds,
 * and stores it in slot, which has room for shian_value_size(f) bytes; what
 * it points to is in a.  NULL: done; else the contract's code of what is
 * wrong, or one of the two above.  Any thread.
 */
const char *shian_value_bind(shian_arena_t *a, const shian_field_rule_t *rule,
    const ProtobufCFieldDescriptor *f, shian_str_t s, void *slot);

/* Bytes of one value of the field, 0: a type that nothing binds. */
size_t shian_value_size(const ProtobufCFieldDescriptor *f);

/*
 * Whether the pattern compiles.  It is compiled once and kept by its address,
 * so it must live as long as the process.  Any thread.
 */
bool shian_value_pattern(const char *pattern);

#endif /* SHIAN_BIND_VALUE_H */
