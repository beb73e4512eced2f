/*
 * The one way in: forms, JSON and CSV rows become messages of the schema by
 * descriptor, under the rules of a table.  A field without a rule cannot be
 * set from outside.
 */

#ifndef SHIAN_BIND_H
#define SHIAN_BIND_H

#include "base.h"
#include "form.h"

#define SHIAN_MAX_JSON_DEPTH   16
#define SHIAN_DEFAULT_LENGTH   255      /* code points, where max is 0 */
#define SHIAN_DEFAULT_COUNT    64       /* elements, where max is 0 */

enum {
    SHIAN_REQUIRED  = 1,
    SHIAN_SEALED    = 2,    /* bytes: text now, encrypted before it is stored */
    SHIAN_PRIVATE   = 4,    /* who may see it is the pages' business */
    SHIAN_MULTILINE = 8
};

/*
 * One row of field_rules[].  min and max are, by the field's type:
 *   text         code points after cleaning
 *   uint         the value
 *   int, double, magnitude, in units: |value| <= max.  min is not used
 *   hundredths
 *   repeated     the number of elements; each has its type's default bound
 * and 0 in max the default above, or no bound for numbers.  Other types have
 * neither.  pattern, PCRE2 in UTF mode, must match the whole cleaned text; it
 * is compiled once and kept by its address, so it must be static.
 */
typedef struct {
    const ProtobufCMessageDescriptor  *message;
    const char                        *field;
    uint32_t                           min;
    uint32_t                           max;
    const char                        *pattern;
    uint32_t                           flags;
} shian_field_rule_t;

/*
 * Makes a message of type desc, in a, from pairs (a form, or a CSV row under
 * its column names).  Values are converted by type: see the head of
 * shian.proto; text goes through shian_text_clean; bytes are text if SEALED
 * and hex otherwise; bool is 1 true on, 0 false off; repeated fields gather
 * repeated names.  An empty value counts as not given.  ignore: names to skip,
 * NULL at the end, or NULL for none.
 *
 * report, initialised by the caller, gets every wrong field, not just the
 * first: `required` `too_long` `too_short` `pattern` `range`, `unknown` (a
 * name without a rule, a value that the enum has not) and `duplicate` (given
 * twice, though not repeated), status 422.  false: the report says something,
 * *out is NULL; 500 where memory ran out or the rules do not fit the schema.
 * Any thread.
 */
bool shian_bind_pairs(shian_arena_t *a, const shian_field_rule_t *rules,
    size_t nrules, const ProtobufCMessageDescriptor *desc,
    const shian_pair_t *pairs, size_t n, const char *const *ignore,
    ProtobufCMessage **out, shian_report_t *report);

/*
 * The same from a JSON object, whose size the caller has bounded.  Arrays fill
 * repeated fields, objects messages, with paths as "items[2].code" in the
 * report; null counts as not given.  Numbers may also come as strings.
 * 400 `malformed`: not a JSON object, a name twice in one object, or nested
 * deeper than SHIAN_MAX_JSON_DEPTH.
 */
bool shian_bind_json(shian_arena_t *a, const shian_field_rule_t *rules,
    size_t nrules, const ProtobufCMessageDescriptor *desc, shian_str_t json,
    const char *const *ignore, ProtobufCMessage **out,
    shian_report_t *report);

/*
 * A copy in a of the string that an object has under name; NONE when it has
 * none, or is no object.  Any thread.
 */
shian_str_t shian_json_get(shian_arena_t *a, shian_str_t json,
    const char *name);

/*
 * Whether each rule names a field that can be bound and its pattern compiles;
 * *bad is the first row that does not.  For the table's test.
 */
bool shian_bind_check(const shian_field_rule_t *rules, size_t nrules,
    size_t *bad);

#endif /* SHIAN_BIND_H */
