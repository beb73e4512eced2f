#include "value.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/calendar.h"
#include "escape.h"


/* ---- reading ---- */

static void
set_none(shian_value_t *v)
{
    memset(v, 0, sizeof(*v));
}


shian_value_t
shian_value_message(const ProtobufCMessage *m)
{
    return (shian_value_t) {
        .kind = m == NULL ? SHIAN_V_NONE : SHIAN_V_MESSAGE, .v.message = m
    };
}


static void
set_bool(shian_value_t *v, bool yes)
{
    *v = (shian_value_t) { .kind = SHIAN_V_BOOL, .v.yes = yes };
}


static void
set_signed(shian_value_t *v, int64_t i)
{
    *v = (shian_value_t) {
        .kind = SHIAN_V_INTEGER, .negative = i < 0,
        .v.u = i < 0 ? 0 - (uint64_t) i : (uint64_t) i
    };
}


static void
set_unsigned(shian_value_t *v, uint64_t u)
{
    *v = (shian_value_t) { .kind = SHIAN_V_INTEGER, .v.u = u };
}


static void
set_day(shian_value_t *v, shian_kind_t kind, int32_t i)
{
    *v = (shian_value_t) { .kind = kind, .v.i = i };
}


static void
set_real(shian_value_t *v, double d)
{
    *v = (shian_value_t) { .kind = SHIAN_V_REAL, .v.d = d };
}


static void
set_string(shian_value_t *v, shian_kind_t kind, shian_str_t s)
{
    *v = (shian_value_t) { .kind = kind, .s = s };
}


shian_value_t
shian_value_json(json_t *json)
{
    shian_value_t  v;

    set_none(&v);

    if (json == NULL) {
        return v;
    }

    switch (json_typeof(json)) {

    case JSON_OBJECT:
        v.kind = SHIAN_V_JSON_OBJECT;
        v.v.json = json;
        break;

    case JSON_ARRAY:
        v.kind = SHIAN_V_JSON_LIST;
        v.v.json = json;
        break;

    case JSON_STRING:
        set_string(&v, SHIAN_V_STRING,
                   shian_slice(json_string_value(json),
                               json_string_length(json)));
        break;

    case JSON_INTEGER:
        set_signed(&v, json_integer_value(json));
        break;

    case JSON_REAL:
        set_real(&v, json_real_value(json));
        break;

    case JSON_TRUE:
    case JSON_FALSE:
        set_bool(&v, json_is_true(json));
        break;

    case JSON_NULL:
        break;
    }

    return v;
}


static size_t
element_size(const ProtobufCFieldDescriptor *f)
{
    switch (f->type) {

    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return sizeof(uint64_t);

    case PROTOBUF_C_TYPE_DOUBLE:
        return sizeof(double);

    case PROTOBUF_C_TYPE_FLOAT:
        return sizeof(float);

    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);

    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);

    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);

    default:
        return sizeof(uint32_t);
    }
}


static void
read_enum(const ProtobufCFieldDescriptor *f, int number, shian_value_t *v)
{
    const ProtobufCEnumValue  *value;

    value = protobuf_c_enum_descriptor_get_value(f->descriptor, number);

    if (value == NULL) {
        set_none(v);

    } else {
        set_string(v, SHIAN_V_ENUM, shian_str(value->name));
        v->field = f;
    }
}


/* One element of field f at `at`, as protobuf-c lays it out. */
static bool
read_element(const ProtobufCFieldDescriptor *f, const void *at,
    shian_value_t *v)
{
    const char                 *z;
    const ProtobufCBinaryData  *bytes;

    switch (f->type) {

    case PROTOBUF_C_TYPE_BOOL:
        set_bool(v, *(const protobuf_c_boolean *) at != 0);
        break;

    case PROTOBUF_C_TYPE_INT32:
        set_signed(v, *(const int32_t *) at);
        break;

    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        set_signed(v, *(const int64_t *) at);
        break;

    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        set_unsigned(v, *(const uint32_t *) at);
        break;

    case PROTOBUF_C_TYPE_UINT64:
        set_unsigned(v, *(const uint64_t *) at);
        break;

    case PROTOBUF_C_TYPE_FIXED64:
        set_unsigned(v, *(const uint64_t *) at);
        v->kind = SHIAN_V_INSTANT;
        break;

    case PROTOBUF_C_TYPE_SFIXED32:
        set_day(v, SHIAN_V_DAY, *(const int32_t *) at);
        break;

    case PROTOBUF_C_TYPE_SINT32:
        set_day(v, SHIAN_V_CENTI, *(const int32_t *) at);
        break;

    case PROTOBUF_C_TYPE_FLOAT:
        set_real(v, *(const float *) at);
        break;

    case PROTOBUF_C_TYPE_DOUBLE:
        set_real(v, *(const double *) at);
        break;

    case PROTOBUF_C_TYPE_ENUM:
        read_enum(f, *(const int *) at, v);
        break;

    case PROTOBUF_C_TYPE_STRING:
        z = *(const char *const *) at;
        set_string(v, z == NULL ? SHIAN_V_NONE : SHIAN_V_STRING,
                   shian_str(z));
        break;

    case PROTOBUF_C_TYPE_BYTES:
        bytes = at;
        set_string(v, SHIAN_V_BYTES, shian_slice(bytes->data, bytes->len));
        break;

    case PROTOBUF_C_TYPE_MESSAGE:
        *v = shian_value_message(*(const ProtobufCMessage *const *) at);
        break;
    }

    return v->kind != SHIAN_V_NONE;
}


bool
shian_value_field(const ProtobufCMessage *m,
    const ProtobufCFieldDescriptor *f, shian_value_t *v)
{
    const uint8_t  *base, *at, *quantifier;

    base = (const uint8_t *) m;
    at = base + f->offset;
    quantifier = base + f->quantifier_offset;

    if (f->label == PROTOBUF_C_LABEL_REPEATED) {
        *v = (shian_value_t) {
            .kind = SHIAN_V_LIST, .field = f,
            .v.at = *(const uint8_t *const *) at,
            .left = *(const size_t *) quantifier
        };
        return true;
    }

    if ((f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
        ? *(const uint32_t *) quantifier != f->id
        : f->label == PROTOBUF_C_LABEL_OPTIONAL
          && f->type != PROTOBUF_C_TYPE_STRING
          && f->type != PROTOBUF_C_TYPE_MESSAGE
          && !*(const protobuf_c_boolean *) quantifier)
    {
        set_none(v);
        return false;
    }

    return read_element(f, at, v);
}


const ProtobufCFieldDescriptor *
shian_value_items(const ProtobufCMessage *m, shian_value_t *items)
{
    const ProtobufCFieldDescriptor  *f;

    f = protobuf_c_message_descriptor_get_field_by_name(m->descriptor,
                                                        "items");
    if (f == NULL || f->label != PROTOBUF_C_LABEL_REPEATED
        || f->type != PROTOBUF_C_TYPE_MESSAGE)
    {
        return NULL;
    }

    (void) shian_value_field(m, f, items);

    return f;
}


/* ---- lists ---- */

bool
shian_value_is_list(const shian_value_t *v)
{
    return v->kind == SHIAN_V_LIST || v->kind == SHIAN_V_LINES
           || v->kind == SHIAN_V_JSON_LIST;
}


static bool
next_line(shian_value_t *list, shian_value_t *item)
{
    size_t          n;
    shian_str_t    *rest;
    const uint8_t  *lf;

    rest = &list->s;

    while (rest->n != 0) {
        lf = memchr(rest->p, '\n', rest->n);
        n = lf == NULL ? rest->n : (size_t) (lf - rest->p);

        set_string(item, SHIAN_V_STRING, shian_slice(rest->p, n));

        n += lf != NULL;
        rest->p += n;
        rest->n -= n;

        if (item->s.n != 0 && item->s.p[item->s.n - 1] == '\r') {
            item->s.n--;
        }

        if (item->s.n != 0) {
            return true;
        }
    }

    return false;
}


bool
shian_value_next(shian_value_t *list, shian_value_t *item)
{
    const uint8_t  *at;

    switch (list->kind) {

    case SHIAN_V_LIST:
        if (list->left == 0) {
            return false;
        }

        at = list->v.at;
        list->v.at += element_size(list->field);
        list->left--;

        /* An element nobody can read is still an element. */
        (void) read_element(list->field, at, item);
        return true;

    case SHIAN_V_LINES:
        return next_line(list, item);

    case SHIAN_V_JSON_LIST:
        if (list->left >= json_array_size(list->v.json)) {
            return false;
        }

        *item = shian_value_json(json_array_get(list->v.json, list->left++));
        return true;

    default:
        return false;
    }
}


size_t
shian_value_count(const shian_value_t *list)
{
    size_t         n;
    shian_value_t  rest, item;

    switch (list->kind) {

    case SHIAN_V_LIST:
        return list->left;

    case SHIAN_V_JSON_LIST:
        return json_array_size(list->v.json) - list->left;

    default:
        rest = *list;
        for (n = 0; shian_value_next(&rest, &item); n++) { /* void */ }
        return n;
    }
}


bool
shian_value_truth(const shian_value_t *v)
{
    shian_value_t  rest, item;

    switch (v->kind) {

    case SHIAN_V_NONE:
    case SHIAN_V_TEXT:
        return false;

    case SHIAN_V_BOOL:
        return v->v.yes;

    case SHIAN_V_STRING:
    case SHIAN_V_BYTES:
        return v->s.n != 0;

    case SHIAN_V_LIST:
    case SHIAN_V_LINES:
    case SHIAN_V_JSON_LIST:
        rest = *v;
        return shian_value_next(&rest, &item);

    default:
        return true;
    }
}


/* ---- members ---- */

/* Members that only change how a scalar is written. */
static const uint8_t  forms[SHIAN_M_MAX][SHIAN_KINDS] = {
    [SHIAN_M_DATE]    = { [SHIAN_V_INSTANT] = SHIAN_AS_DATE,
                          [SHIAN_V_DAY]     = SHIAN_AS_DATE },
    [SHIAN_M_TIME]    = { [SHIAN_V_INSTANT] = SHIAN_AS_TIME },
    [SHIAN_M_DAY]     = { [SHIAN_V_INSTANT] = SHIAN_AS_DAY },
    [SHIAN_M_WHOLE]   = { [SHIAN_V_CENTI]   = SHIAN_AS_WHOLE },
    [SHIAN_M_TENTH]   = { [SHIAN_V_CENTI]   = SHIAN_AS_TENTH },
    [SHIAN_M_PLUS]    = { [SHIAN_V_CENTI]   = SHIAN_AS_PLUS },
    [SHIAN_M_GROUPED] = { [SHIAN_V_INTEGER] = SHIAN_AS_GROUPED },
    [SHIAN_M_IS]      = { [SHIAN_V_INTEGER] = SHIAN_AS_IS,
                          [SHIAN_V_STRING]  = SHIAN_AS_IS,
                          [SHIAN_V_ENUM]    = SHIAN_AS_IS },
    [SHIAN_M_URL]     = { [SHIAN_V_STRING]  = SHIAN_AS_URL },
    [SHIAN_M_JSON]    = { [SHIAN_V_STRING]  = SHIAN_AS_JSON },
    [SHIAN_M_BRIEF]   = { [SHIAN_V_STRING]  = SHIAN_AS_BRIEF },
    [SHIAN_M_UPPER]   = { [SHIAN_V_STRING]  = SHIAN_AS_UPPER },
    [SHIAN_M_LANG]    = { [SHIAN_V_STRING]  = SHIAN_AS_LANG,
                          [SHIAN_V_ENUM]    = SHIAN_AS_LANG },
};


/* v was reached by .is or .lang, and `name` is what follows. */
static void
finish(shian_value_t *v, const char *name)
{
    char  number[24];

    if (v->form == SHIAN_AS_LANG) {
        set_string(v, SHIAN_V_TEXT, v->s);
        v->v.prefix = name;

    } else if (v->kind == SHIAN_V_INTEGER) {
        (void) snprintf(number, sizeof(number), "%s%llu",
                        v->negative ? "-" : "", (unsigned long long) v->v.u);
        set_bool(v, strcmp(number, name) == 0);

    } else {
        set_bool(v, shian_str_is(v->s, name));
    }
}


static void
scalar_member(shian_value_t *v, const shian_name_t *name)
{
    shian_form_t  form;

    form = (shian_form_t) forms[name->member][v->kind];

    if (v->form == SHIAN_AS_IS || v->form == SHIAN_AS_LANG) {
        finish(v, name->z);

    } else if (form != SHIAN_AS_IT_IS) {
        v->form = form;

    } else if (v->kind == SHIAN_V_INTEGER && name->member == SHIAN_M_ONE) {
        set_bool(v, v->v.u == 1 && !v->negative);

    } else if (v->kind == SHIAN_V_INTEGER && name->member == SHIAN_M_ZERO) {
        set_bool(v, v->v.u == 0);

    } else if (v->kind == SHIAN_V_STRING && name->member == SHIAN_M_LINES) {
        set_string(v, SHIAN_V_LINES, v->s);

    } else if (v->kind == SHIAN_V_ENUM && name->member == SHIAN_M_TEXT) {
        v->kind = SHIAN_V_TEXT;

    } else {
        set_none(v);
    }
}


bool
shian_value_member(shian_value_t *v, shian_name_t *name)
{
    const ProtobufCMessage          *m;
    const ProtobufCFieldDescriptor  *f;

    switch (v->kind) {

    case SHIAN_V_MESSAGE:
        m = v->v.message;
        f = shian_name_field(name, m->descriptor, 0);

        if (f == NULL) {
            set_none(v);
        } else {
            (void) shian_value_field(m, f, v);
        }

        break;

    case SHIAN_V_JSON_OBJECT:
        *v = shian_value_json(json_object_get(v->v.json, name->z));
        break;

    case SHIAN_V_LIST:
    case SHIAN_V_LINES:
    case SHIAN_V_JSON_LIST:
        if (name->member == SHIAN_M_ANY) {
            set_bool(v, shian_value_truth(v));
        } else if (name->member == SHIAN_M_COUNT) {
            set_unsigned(v, shian_value_count(v));
        } else {
            set_none(v);
        }

        break;

    default:
        scalar_member(v, name);
        break;
    }

    return v->kind != SHIAN_V_NONE;
}


/* "shian.Colour.Kind" gives Colour, "shian.Venue.Status" Status. */
static shian_str_t
enum_prefix(const ProtobufCEnumDescriptor *d)
{
    size_t       end, start;
    shian_str_t  name;

    name = shian_str(d->name);
    end = name.n;

    if (strcmp(d->short_name, "Kind") == 0 && end > sizeof(".Kind") - 1) {
        end -= sizeof(".Kind") - 1;
    }

    for (start = end; start > 0 && name.p[start - 1] != '.'; start--) {
        /* void */
    }

    return shian_slice(name.p + start, end - start);
}


bool
shian_value_key(const shian_value_t *v, char *key, size_t size)
{
    size_t       i;
    shian_str_t  prefix;

    prefix = v->field == NULL ? shian_str(v->v.prefix)
                              : enum_prefix(v->field->descriptor);

    if (prefix.n + 1 + v->s.n >= size) {
        return false;
    }

    for (i = 0; i < prefix.n; i++) {
        key[i] = (char) (prefix.p[i] >= 'A' && prefix.p[i] <= 'Z'
                         ? prefix.p[i] + 32 : prefix.p[i]);
    }

    key[i++] = '.';

    if (v->s.n != 0) {
        memcpy(key + i, v->s.p, v->s.n);
    }

    key[i + v->s.n] = '\0';

    return true;
}


/* ---- writing ---- */

/* The digits of u, with a comma every three when grouped. */
static void
put_number(uint64_t u, bool negative, bool grouped, shian_sink_t *sink)
{
    int   n;
    char  out[32], *p;

    p = out + sizeof(out);
    n = 0;

    do {
        if (grouped && n != 0 && n % 3 == 0) {
            *--p = ',';
        }
        *--p = (char) ('0' + u % 10);
        u /= 10;
        n++;
    } while (u != 0);

    if (negative) {
        *--p = '-';
    }

    shian_put(sink, p, (size_t) (out + sizeof(out) - p));
}


static void
put_centi(int32_t i, shian_form_t form, shian_sink_t *sink)
{
    char      point[3];
    bool      negative;
    uint32_t  u;

    negative = i < 0;
    u = negative ? 0 - (uint32_t) i : (uint32_t) i;
    point[0] = '.';

    switch (form) {

    case SHIAN_AS_WHOLE:
        put_number(u / 100, negative && u >= 100, false, sink);
        break;

    case SHIAN_AS_TENTH:
        u = u / 10 + (u % 10 >= 5);
        point[1] = (char) ('0' + u % 10);
        put_number(u / 10, negative && u != 0, false, sink);
        shian_put(sink, point, 2);
        break;

    default:
        if (form == SHIAN_AS_PLUS && i > 0) {
            shian_putc(sink, '+');
        }

        point[1] = (char) ('0' + u / 10 % 10);
        point[2] = (char) ('0' + u % 10);
        put_number(u / 100, negative, false, sink);
        shian_put(sink, point, 3);
        break;
    }
}


/*
 * Up to seven decimals, no exponent.  Through an integer where it fits:
 * printf's decimal point depends on the locale.
 */
static void
put_real(double d, shian_sink_t *sink)
{
    char       out[16];
    int        n;
    long long  units;
    uint64_t   size;

    if (!isfinite(d)) {
        return;
    }

    if (fabs(d) >= 1e11) {
        shian_putf(sink, "%.0f", d);
        return;
    }

    units = (long long) (d * 1e7 + (d < 0 ? -0.5 : 0.5));
    size = (uint64_t) llabs(units);
    put_number(size / 10000000, units < 0, false, sink);

    n = snprintf(out, sizeof(out), ".%07u", (unsigned) (size % 10000000));

    while (n > 1 && out[n - 1] == '0') {
        n--;
    }

    if (n > 1) {
        shian_put(sink, out, (size_t) n);
    }
}


/* Cut between characters; a mark that sits on one may be left behind. */
static void
put_brief(shian_str_t s, shian_sink_t *sink)
{
    size_t  n, chars;

    for (n = 0, chars = 0; n < s.n; n++) {
        if ((s.p[n] & 0xc0) != 0x80 && chars++ == SHIAN_BRIEF) {
            break;
        }
    }

    shian_put(sink, (const char *) s.p, n);

    if (n < s.n) {
        shian_putz(sink, "…");
    }
}


static void
put_string(shian_str_t s, shian_form_t form, shian_sink_t *sink)
{
    char    c;
    size_t  i;

    switch (form) {

    case SHIAN_AS_JSON:
        shian_json_string(s, true, sink);
        break;

    case SHIAN_AS_URL:
        shian_url_text(s, sink);
        break;

    case SHIAN_AS_UPPER:
        for (i = 0; i < s.n; i++) {
            c = (char) s.p[i];
            shian_putc(sink, (char) (c >= 'a' && c <= 'z' ? c - 32 : c));
        }
        break;

    case SHIAN_AS_BRIEF:
        put_brief(s, sink);
        break;

    default:
        shian_puts(sink, s);
        break;
    }
}


static void
put_hex(shian_str_t s, shian_sink_t *sink)
{
    char    pair[2];
    size_t  i;

    static const char  hex[] = "0123456789abcdef";

    for (i = 0; i < s.n; i++) {
        pair[0] = hex[s.p[i] >> 4];
        pair[1] = hex[s.p[i] & 15];
        shian_put(sink, pair, 2);
    }
}


static void
put_day(int32_t day, shian_form_t form, const shian_locale_t *locale,
    shian_sink_t *sink)
{
    char  out[11];

    if (form == SHIAN_AS_DATE) {
        shian_date_text(sink, day, locale->lang);
        return;
    }

    shian_date_format(day, out);
    shian_put(sink, out, 10);
}


static void
put_instant(uint64_t ms, shian_form_t form, const shian_locale_t *locale,
    shian_sink_t *sink)
{
    char  out[21];

    if (form == SHIAN_AS_TIME) {
        shian_clock_text(sink, ms, locale->tz_minutes);
        return;
    }

    if (form == SHIAN_AS_DATE || form == SHIAN_AS_DAY) {
        put_day(shian_local_day(ms, locale->tz_minutes), form, locale, sink);
        return;
    }

    shian_time_format(ms, out);
    shian_put(sink, out, 20);
}


void
shian_value_write(const shian_value_t *v, const shian_locale_t *locale,
    shian_sink_t *sink)
{
    switch (v->kind) {

    case SHIAN_V_BOOL:
        shian_putz(sink, v->v.yes ? "true" : "false");
        break;

    case SHIAN_V_INTEGER:
        put_number(v->v.u, v->negative, v->form == SHIAN_AS_GROUPED, sink);
        break;

    case SHIAN_V_REAL:
        put_real(v->v.d, sink);
        break;

    case SHIAN_V_STRING:
        put_string(v->s, v->form, sink);
        break;

    case SHIAN_V_ENUM:
    case SHIAN_V_TEXT:
        shian_puts(sink, v->s);
        break;

    case SHIAN_V_INSTANT:
        put_instant(v->v.u, v->form, locale, sink);
        break;

    case SHIAN_V_DAY:
        put_day(v->v.i, v->form, locale, sink);
        break;

    case SHIAN_V_CENTI:
        put_centi(v->v.i, v->form, sink);
        break;

    case SHIAN_V_BYTES:
        put_hex(v->s, sink);
        break;

    default:
        break;
    }
}
