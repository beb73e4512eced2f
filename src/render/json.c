#include "json.h"

#include <math.h>

/* Views nest a few levels; a loop in the schema must not take the stack. */
#define MAX_DEPTH  16
#define MAX_NAME   64           /* of a field */

static bool write_value(const shian_value_t *v, int depth,
    shian_sink_t *sink);

/* JSON knows no zone and no language; the forms that need them are unused. */
static const shian_locale_t  plain = { "en", 0 };


/* In one piece: it is most of what is written. */
static void
write_key(const char *name, bool first, shian_sink_t *sink)
{
    char    out[MAX_NAME + 4], *p;
    size_t  n;

    n = strlen(name);

    if (n > MAX_NAME) {
        sink->failed = true;
        return;
    }

    p = out;

    if (!first) {
        *p++ = ',';
    }

    *p++ = '"';
    memcpy(p, name, n);
    p += n;
    *p++ = '"';
    *p++ = ':';
    shian_put(sink, out, (size_t) (p - out));
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

        write_key(f->name, first, sink);
        (void) write_value(&v, depth, sink);
        first = false;
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
