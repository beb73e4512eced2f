#include "bind_value.h"
#include "calendar.h"
#include "text.h"

#define PCRE2_CODE_UNIT_WIDTH  8
#include <pcre2.h>

#include <math.h>
#include <pthread.h>
#include <stdlib.h>

#define MAX_PATTERNS  256
#define MAX_NUMBER    40        /* characters of a number, a date, a name */

const char  shian_value_memory[] = "memory";
const char  shian_value_rules[] = "rules";


/* The compiled form of a rule's pattern, made when first asked for. */
static const pcre2_code *
compiled(const char *pattern)
{
    int          error;
    size_t       i;
    PCRE2_SIZE   at;
    pcre2_code  *code;

    static pthread_mutex_t  lock = PTHREAD_MUTEX_INITIALIZER;
    static size_t           n;
    static struct {
        const char  *pattern;
        pcre2_code  *code;
    } cache[MAX_PATTERNS];

    code = NULL;
    (void) pthread_mutex_lock(&lock);

    for (i = 0; i < n && cache[i].pattern != pattern; i++) {
        /* void */
    }

    if (i < n) {
        code = cache[i].code;

    } else if (n < MAX_PATTERNS) {
        code = pcre2_compile((PCRE2_SPTR) pattern, PCRE2_ZERO_TERMINATED,
                             PCRE2_UTF | PCRE2_ANCHORED | PCRE2_ENDANCHORED,
                             &error, &at, NULL);
        if (code != NULL) {
            cache[n].pattern = pattern;
            cache[n].code = code;
            n++;
        }
    }

    (void) pthread_mutex_unlock(&lock);

    return code;
}


bool
shian_value_pattern(const char *pattern)
{
    return compiled(pattern) != NULL;
}


/* NULL, or the code of what is wrong. */
static const char *
match(const char *pattern, shian_str_t text)
{
    int                rc;
    const pcre2_code  *code;
    pcre2_match_data  *md;

    code = compiled(pattern);
    if (code == NULL) {
        return shian_value_rules;
    }

    md = pcre2_match_data_create(1, NULL);
    if (md == NULL) {
        return shian_value_memory;
    }

    rc = pcre2_match(code, text.p, text.n, 0, 0, md, NULL);
    pcre2_match_data_free(md);

    return rc >= 0 ? NULL : "pattern";
}


/* ---- each returns NULL or the code of what is wrong ---- */

static const char *
to_uint(shian_str_t s, uint64_t *out)
{
    size_t    i;
    uint64_t  v;

    for (i = 0, v = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9') {
            return "pattern";
        }

        if (v > (UINT64_MAX - (s.p[i] - (uint64_t) '0')) / 10) {
            return "range";
        }

        v = v * 10 + (s.p[i] - (uint64_t) '0');
    }

    *out = v;

    return NULL;
}


/* "-7.26" is -726: at most two decimals, so that nothing is rounded. */
static const char *
to_hundredths(shian_str_t s, uint32_t max, int32_t *out)
{
    bool             minus;
    size_t           n;
    uint64_t         whole, part;
    const char      *code;
    const uint8_t   *dot;

    minus = s.n != 0 && *s.p == '-';
    s = shian_slice(s.p + minus, s.n - minus);
    dot = s.n == 0 ? NULL : memchr(s.p, '.', s.n);
    n = dot == NULL ? s.n : (size_t) (dot - s.p);
    part = 0;

    if (n == 0 || (dot != NULL && (s.n - n < 2 || s.n - n > 3))) {
        return "pattern";
    }

    if (dot != NULL) {
        code = to_uint(shian_slice(dot + 1, s.n - n - 1), &part);
        if (code != NULL) {
            return code;
        }
        part *= s.n - n == 2 ? 10 : 1;
    }

    code = to_uint(shian_slice(s.p, n), &whole);
    if (code != NULL) {
        return code;
    }

    if (whole > 20000000 || (max != 0 && (whole > max
                                          || (whole == max && part != 0))))
    {
        return "range";
    }

    *out = (int32_t) (whole * 100 + part) * (minus ? -1 : 1);

    return NULL;
}


/* A whole number of either sign. */
static const char *
to_int(shian_str_t s, uint32_t max, int32_t *out)
{
    bool         minus;
    uint64_t     v;
    const char  *code;

    minus = s.n != 0 && *s.p == '-';

    if (s.n == (size_t) minus) {
        return "pattern";
    }

    code = to_uint(shian_slice(s.p + minus, s.n - minus), &v);
    if (code != NULL) {
        return code;
    }

    if (v > INT32_MAX || (max != 0 && v > max)) {
        return "range";
    }

    *out = minus ? -(int32_t) v : (int32_t) v;

    return NULL;
}


static const char *
to_double(shian_str_t s, uint32_t max, double *out)
{
    char    z[MAX_NUMBER + 1], *end;
    size_t  i;

    /* strtod would also take hex, names and locale's signs. */
    for (i = 0; i < s.n; i++) {
        if (s.p[i] == '\0' || strchr("+-.0123456789eE", s.p[i]) == NULL) {
            return "pattern";
        }
    }

    memcpy(z, s.p, s.n);
    z[s.n] = '\0';
    *out = strtod(z, &end);

    if (end != z + s.n) {
        return "pattern";
    }

    return isfinite(*out) && (max == 0 || fabs(*out) <= max) ? NULL : "range";
}


static const char *
to_bool(shian_str_t s, protobuf_c_boolean *out)
{
    *out = shian_str_is(s, "1") || shian_str_is(s, "true")
           || shian_str_is(s, "on");

    return *out || shian_str_is(s, "0") || shian_str_is(s, "false")
           || shian_str_is(s, "off") ? NULL : "pattern";
}


static const char *
to_enum(const ProtobufCEnumDescriptor *desc, shian_str_t s, int *out)
{
    char                       z[MAX_NUMBER + 1];
    const ProtobufCEnumValue  *v;

    memcpy(z, s.p, s.n);
    z[s.n] = '\0';

    v = protobuf_c_enum_descriptor_get_value_by_name(desc, z);
    if (v == NULL) {
        return "unknown";
    }

    *out = v->value;

    return NULL;
}


static const char *
to_number(const shian_field_rule_t *rule, const ProtobufCFieldDescriptor *f,
    shian_str_t s, void *slot)
{
    uint64_t     v;
    const char  *code;

    code = to_uint(s, &v);
    if (code != NULL) {
        return code;
    }

    /* For a repeated field the bounds count elements. */
    if (f->label != PROTOBUF_C_LABEL_REPEATED
        && (v < rule->min || (rule->max != 0 && v > rule->max)))
    {
        return "range";
    }

    if (f->type == PROTOBUF_C_TYPE_UINT64) {
        memcpy(slot, &v, sizeof(v));
        return NULL;
    }

    if (v > UINT32_MAX) {
        return "range";
    }

    *(uint32_t *) slot = (uint32_t) v;

    return NULL;
}


/* Checks cleaned text and stores it: a string, or the text of sealed bytes. */
static const char *
to_text(shian_arena_t *a, const shian_field_rule_t *rule,
    const ProtobufCFieldDescriptor *f, shian_str_t s, void *slot)
{
    char                 *copy;
    size_t                n, min, max;
    const char           *code;
    ProtobufCBinaryData   bytes;

    min = rule->min;
    max = rule->max == 0 ? SHIAN_DEFAULT_LENGTH : rule->max;

    if (f->label == PROTOBUF_C_LABEL_REPEATED) {
        min = 0;
        max = SHIAN_DEFAULT_LENGTH;
    }

    n = shian_text_length(s);

    if (n < min) {
        return "too_short";
    }

    if (n > max) {
        return "too_long";
    }

    code = rule->pattern == NULL ? NULL : match(rule->pattern, s);
    if (code != NULL) {
        return code;
    }

    copy = shian_strdup(a, s);
    if (copy == NULL) {
        return shian_value_memory;
    }

    if (f->type == PROTOBUF_C_TYPE_STRING) {
        memcpy(slot, &copy, sizeof(copy));

    } else {
        bytes = (ProtobufCBinaryData) { s.n, (uint8_t *) copy };
        memcpy(slot, &bytes, sizeof(bytes));
    }

    return NULL;
}


static const char *
to_bytes(shian_arena_t *a, shian_str_t s, void *slot)
{
    int                   digit;
    size_t                i;
    uint8_t               c;
    ProtobufCBinaryData   bytes;

    if (s.n / 2 > SHIAN_DEFAULT_LENGTH) {
        return "too_long";
    }

    bytes.len = s.n / 2;
    bytes.data = shian_zalloc(a, s.n / 2 + 1);

    if (bytes.data == NULL) {
        return shian_value_memory;
    }

    for (i = 0; i < s.n; i++) {
        c = s.p[i] | 0x20;
        digit = s.p[i] >= '0' && s.p[i] <= '9' ? s.p[i] - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;

        if (digit < 0 || s.n % 2 != 0) {
            return "pattern";
        }

        bytes.data[i / 2] = (uint8_t) (bytes.data[i / 2] << 4 | digit);
    }

    memcpy(slot, &bytes, sizeof(bytes));

    return NULL;
}


const char *
shian_value_bind(shian_arena_t *a, const shian_field_rule_t *rule,
    const ProtobufCFieldDescriptor *f, shian_str_t s, void *slot)
{
    uint32_t  max;

    if (f->type == PROTOBUF_C_TYPE_STRING
        || (rule->flags & SHIAN_SEALED) != 0)
    {
        return to_text(a, rule, f, s, slot);
    }

    if (f->type == PROTOBUF_C_TYPE_BYTES) {
        return to_bytes(a, s, slot);
    }

    if (s.n > MAX_NUMBER) {
        return f->type == PROTOBUF_C_TYPE_ENUM ? "unknown" : "pattern";
    }

    max = f->label == PROTOBUF_C_LABEL_REPEATED ? 0 : rule->max;

    switch (f->type) {

    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_UINT64:
        return to_number(rule, f, s, slot);

    case PROTOBUF_C_TYPE_INT32:
        return to_int(s, max, slot);

    case PROTOBUF_C_TYPE_SINT32:
        return to_hundredths(s, max, slot);

    case PROTOBUF_C_TYPE_DOUBLE:
        return to_double(s, max, slot);

    case PROTOBUF_C_TYPE_BOOL:
        return to_bool(s, slot);

    case PROTOBUF_C_TYPE_ENUM:
        return to_enum(f->descriptor, s, slot);

    case PROTOBUF_C_TYPE_SFIXED32:
        return shian_date_parse(s, slot) ? NULL : "pattern";

    default: /* PROTOBUF_C_TYPE_FIXED64 */
        return shian_time_parse(s, slot) ? NULL : "pattern";
    }
}


size_t
shian_value_size(const ProtobufCFieldDescriptor *f)
{
    if ((f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
        return 0;
    }

    switch (f->type) {

    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        return sizeof(uint32_t);

    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return sizeof(uint64_t);

    case PROTOBUF_C_TYPE_DOUBLE:
        return sizeof(double);

    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);

    case PROTOBUF_C_TYPE_ENUM:
        return sizeof(int);

    case PROTOBUF_C_TYPE_STRING:
        return sizeof(char *);

    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);

    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(ProtobufCMessage *);

    default:
        return 0;
    }
}
