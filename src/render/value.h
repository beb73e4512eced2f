/*
 * What a writer sees of a message or of JSON: small values passed by copy.
 * They borrow from what they were read from and allocate nothing.  Any thread
 * may call all functions, with names that others use as well.
 *
 * A field's type gives the kind of its value (see the head of shian.proto)
 * and with it the default text and the members a template may name:
 *
 *   kind      from      text         members
 *   BOOL      bool      true         -
 *   INTEGER   (u)int    1234         .one .zero .grouped (1,234) .is.N
 *   REAL      double    29.6551234   -
 *   STRING    string    as it is     .url .json .upper .lines .brief
 *                                    .is.VALUE
 *                                    .lang.PREFIX (text PREFIX.<value>)
 *   INSTANT   fixed64   RFC 3339     .date .time .day (all local)
 *   DAY       sfixed32  YYYY-MM-DD   .date
 *   CENTI     sint32    -7.26        .whole (-7) .tenth (-7.3) .plus (+7.26)
 *   ENUM      enum      its name     .text (text <enum>.<name>) .is.NAME
 *                                    .lang.PREFIX
 *   BYTES     bytes     hex          -
 *   LIST      repeated  -            .any .count
 *   LINES     .lines    -            .any .count
 *
 * <enum> is the enum's short name in lower case ("Venue.Status": status), or
 * its message's name where the short name is Kind ("Colour.Kind": colour).
 * .whole truncates toward zero, .tenth rounds.  .lines are the non-empty
 * lines.  .brief is all of a text of up to SHIAN_BRIEF characters, else its
 * beginning and "…".  .date is 2026年11月23日 or 23 November 2026.  .json is
 * a string for JSON in a script element: < > & U+2028 U+2029 are escaped.
 * An enum's number that the schema does not know counts as absent.
 *
 * Falsy are none, false, the empty string and the empty list; all else that
 * is present is truthy, 0 included (as in mustache).
 */

#ifndef SHIAN_VALUE_H
#define SHIAN_VALUE_H

#include <jansson.h>
#include <stdatomic.h>

#include "core/base.h"

typedef enum {
    SHIAN_V_NONE = 0,
    SHIAN_V_BOOL,
    SHIAN_V_INTEGER,
    SHIAN_V_REAL,
    SHIAN_V_STRING,
    SHIAN_V_INSTANT,
    SHIAN_V_DAY,
    SHIAN_V_CENTI,
    SHIAN_V_ENUM,
    SHIAN_V_BYTES,
    SHIAN_V_TEXT,               /* a text of the language: shian_value_key */
    SHIAN_V_LIST,
    SHIAN_V_LINES,
    SHIAN_V_MESSAGE,
    SHIAN_V_JSON_LIST,
    SHIAN_V_JSON_OBJECT,
    SHIAN_KINDS
} shian_kind_t;

#define SHIAN_BRIEF  160

/* How a scalar was asked for: the member that led to it. */
typedef enum {
    SHIAN_AS_IT_IS = 0,
    SHIAN_AS_DATE,
    SHIAN_AS_TIME,
    SHIAN_AS_DAY,
    SHIAN_AS_WHOLE,
    SHIAN_AS_TENTH,
    SHIAN_AS_PLUS,
    SHIAN_AS_GROUPED,
    SHIAN_AS_URL,
    SHIAN_AS_JSON,
    SHIAN_AS_UPPER,
    SHIAN_AS_BRIEF,
    SHIAN_AS_IS,                /* waits for the N of .is.N */
    SHIAN_AS_LANG               /* waits for the PREFIX of .lang.PREFIX */
} shian_form_t;

typedef struct {
    shian_kind_t  kind;
    shian_form_t  form;
    union {
        bool                      yes;      /* BOOL */
        uint64_t                  u;        /* INTEGER's size, INSTANT */
        int32_t                   i;        /* DAY, CENTI */
        double                    d;        /* REAL */
        const uint8_t            *at;       /* LIST: the next element */
        const ProtobufCMessage   *message;
        json_t                   *json;
        const char               *prefix;   /* TEXT by .lang */
    } v;
    union {
        bool      negative;     /* INTEGER */
        size_t    left;         /* LIST: elements to come; JSON_LIST: index */
    };
    shian_str_t   s;            /* STRING, BYTES, ENUM's name, LINES, TEXT */
    const ProtobufCFieldDescriptor  *field;     /* LIST, ENUM, its TEXT */
} shian_value_t;

/* Members of scalars and lists. */
typedef enum {
    SHIAN_M_NONE = 0,
    SHIAN_M_ANY,
    SHIAN_M_BRIEF,
    SHIAN_M_COUNT,
    SHIAN_M_DATE,
    SHIAN_M_DAY,
    SHIAN_M_GROUPED,
    SHIAN_M_IS,
    SHIAN_M_JSON,
    SHIAN_M_LANG,
    SHIAN_M_LINES,
    SHIAN_M_ONE,
    SHIAN_M_PLUS,
    SHIAN_M_TENTH,
    SHIAN_M_TEXT,
    SHIAN_M_TIME,
    SHIAN_M_UPPER,
    SHIAN_M_URL,
    SHIAN_M_WHOLE,
    SHIAN_M_ZERO,
    SHIAN_M_MAX
} shian_member_t;

#define SHIAN_NAME_STEPS  4

/*
 * A part of a dotted name in a template, which mostly is asked of the same
 * types again.  found has what the last answer was at each step outward: the
 * field that a type has by this name, or the type that has none.  It is only
 * believed when it fits the type asked, so that threads may share it.
 */
typedef struct {
    const char             *z;
    shian_member_t          member;
    _Atomic(const void *)   found[SHIAN_NAME_STEPS];
} shian_name_t;

/* What a text depends on besides the value. */
typedef struct {
    const char  *lang;          /* "zh" or "en" */
    int32_t      tz_minutes;    /* east of UTC */
} shian_locale_t;

/* A message as a value; NULL gives none. */
shian_value_t shian_value_message(const ProtobufCMessage *m);

/* JSON as a value, borrowed; NULL gives none. */
shian_value_t shian_value_json(json_t *json);

/*
 * Reads field f of m into *v; false (and none) when it is absent.  A
 * repeated field is always there, perhaps empty.
 */
bool shian_value_field(const ProtobufCMessage *m,
    const ProtobufCFieldDescriptor *f, shian_value_t *v);

/*
 * Reads the repeated message field `items` of a list view; returns the
 * field, or NULL when the view has none.
 */
const ProtobufCFieldDescriptor *shian_value_items(const ProtobufCMessage *m,
    shian_value_t *items);

/* Prepares a name, zeroed but for z, which is borrowed. */
void shian_name_init(shian_name_t *name);

/* The field of a type by its name, step messages out; NULL: none. */
const ProtobufCFieldDescriptor *shian_name_field(shian_name_t *name,
    const ProtobufCMessageDescriptor *type, unsigned step);

/*
 * Puts in the place of *v its member `name`: a field, a JSON key, or one of
 * the members above.  False, and none, when there is no such member.
 */
bool shian_value_member(shian_value_t *v, shian_name_t *name);

/*
 * The key of the text that a TEXT stands for, "colour.green", NUL-terminated;
 * false when size is too small for it.
 */
bool shian_value_key(const shian_value_t *v, char *key, size_t size);

/* Whether a section on v is shown; a TEXT is decided by who has the texts. */
bool shian_value_truth(const shian_value_t *v);

bool shian_value_is_list(const shian_value_t *v);

/* Takes the first item off a list; false when none is left. */
bool shian_value_next(shian_value_t *list, shian_value_t *item);

/* How many items shian_value_next would give. */
size_t shian_value_count(const shian_value_t *list);

/* Writes v's text; lists, objects and none write nothing. */
void shian_value_write(const shian_value_t *v, const shian_locale_t *locale,
    shian_sink_t *sink);

#endif /* SHIAN_VALUE_H */
