#include "json.h"

#include <math.h>
#include <utf8proc.h>

/* Views nest a few levels; a loop in the schema must not take the stack. */
#define MAX_DEPTH  16

static bool write_value(const shian_value_t *v, int depth,
    shian_sink_t *sink);

/* JSON knows no zone and no language; the forms that need them are unused. */
static const shian_locale_t  plain = { "en", 0 };


/* The character at p as an escape; 0 < n < 7 of `out`, or 0: as it is. */
static size_t
escape(utf8proc_int32_t c, bool script, char out[6])
{
    size_t              i;
    static const char  hex[] = "0123456789abcdef";
    static const char  from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";

    for (i = 0; i < sizeof(from) - 1; i++) {
        if (c == from[i]) {
            out[0] = '\\';
            out[1] = to[i];
            return 2;
        }
    }

    if (c >= 0x20 && c != 0x2028 && c != 0x2029
        && !(script && (c == '<' || c == '>' || c == '&')))
    {
        return 0;
    }

    memcpy(out, "\\u", 2);

    for (i = 0; i < 4; i++) {
        out[2 + i] = hex[(c >> (12 - 4 * i)) & 15];
    }

    return 6;
}


void
shian_json_string(shian_str_t s, bool script, shian_sink_t *sink)
{
    char               out[6];
    size_t             i, from, n;
    utf8proc_int32_t   c;
    utf8proc_ssize_t   step;

    shian_putc(sink, '"');

    for (i = from = 0; i < s.n; i += (size_t) step) {
        step = 1;

        if (s.p[i] < 0x80) {
            c = s.p[i];

        } else {
            step = utf8proc_iterate(s.p + i, (utf8proc_ssize_t) (s.n - i),
                                    &c);
            if (step < 1) {
                shian_put(sink, s.p + from, i - from);
                shian_putz(sink, "\xef\xbf\xbd");
                step = 1;
                from = i + 1;
                continue;
            }
        }

        n = escape(c, script, out);

        if (n != 0) {
            shian_put(sink, s.p + from, i - from);
            shian_put(sink, out, n);
            from = i + (size_t) step;
        }
    }

    shian_put(sink, s.p + from, s.n - from);
    shian_putc(sink, '"');
}


static bool
write_message(const ProtobufCMessage *m, int depth, shian_sink_t *sink)
{
    bool                             first;
    size_t                           i;
    shian_value_t                    v;
    const ProtobufCFieldDescriptor  *f;

    if (depth == MAX_DEPTH) {
        sink->failed = true;
        return false;
    }

    shian_putc(sink, '{');
    first = true;

    for (i = 0; i < m->descriptor->n_fields; i++) {
        f = &m->descriptor->fields[i];

        if (!shian_value_field(m, f, &v)
            || (v.kind == SHIAN_V_REAL && !isfinite(v.v.d))
            || (v.kind == SHIAN_V_LIST && v.left == 0
                && strcmp(f->name, "items") != 0))
        {
            continue;
        }

        if (!first) {
            shian_putc(sink, ',');
        }
        first = false;

        shian_putc(sink, '"');
        shian_putz(sink, f->name);
        shian_put(sink, "\":", 2);
        (void) write_value(&v, depth, sink);
    }

    shian_putc(sink, '}');

    return !sink->failed;
}


static void
write_list(shian_value_t list, int depth, shian_sink_t *sink)
{
    bool           first;
    shian_value_t  item;

    shian_putc(sink, '[');

    for (first = true; shian_value_next(&list, &item); first = false) {
        if (!first) {
            shian_putc(sink, ',');
        }

        /* In a list, unlike in an object, a hole needs a word. */
        if (!write_value(&item, depth, sink)) {
            shian_putz(sink, "null");
        }
    }

    shian_putc(sink, ']');
}


static bool
write_value(const shian_value_t *v, int depth, shian_sink_t *sink)
{
    switch (v->kind) {

    case SHIAN_V_REAL:
        if (!isfinite(v->v.d)) {
            return false;
        }
        /* fall through */

    case SHIAN_V_BOOL:
    case SHIAN_V_INTEGER:
    case SHIAN_V_CENTI:
        shian_value_write(v, &plain, sink);
        return true;

    case SHIAN_V_STRING:
        shian_json_string(v->s, false, sink);
        return true;

    case SHIAN_V_INSTANT:
    case SHIAN_V_DAY:
    case SHIAN_V_ENUM:
    case SHIAN_V_BYTES:
        shian_putc(sink, '"');
        shian_value_write(v, &plain, sink);
        shian_putc(sink, '"');
        return true;

    case SHIAN_V_LIST:
        write_list(*v, depth, sink);
        return true;

    case SHIAN_V_MESSAGE:
        return write_message(v->v.message, depth + 1, sink);

    default:
        return false;
    }
}


bool
shian_json_value(const shian_value_t *v, shian_sink_t *sink)
{
    return write_value(v, 0, sink);
}


bool
shian_json_write(const ProtobufCMessage *m, shian_sink_t *sink)
{
    return write_message(m, 0, sink);
}
