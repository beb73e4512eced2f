#include "xml.h"

#include <math.h>

#include "json.h"

/* Views nest a few levels; a loop in the schema must not take the stack. */
#define MAX_DEPTH  16

/* One walk for both, so that they cannot differ in what they show. */
typedef struct {
    shian_sink_t  *sink;
    bool           json;
} pen_t;

static void put_value(const pen_t *pen, const shian_value_t *v, int depth);

static const shian_locale_t  plain = { "en", 0 };


/* ServiceNote as service_note: protobuf's names are ASCII. */
static void
put_snake(const char *name, shian_sink_t *sink)
{
    size_t  i;

    for (i = 0; name[i] != '\0'; i++) {
        if (name[i] >= 'A' && name[i] <= 'Z') {
            shian_putz(sink, i == 0 ? "" : "_");
            shian_putc(sink, (char) (name[i] - 'A' + 'a'));

        } else {
            shian_putc(sink, name[i]);
        }
    }
}


static void
put_item_name(const ProtobufCFieldDescriptor *f, shian_sink_t *sink)
{
    size_t  n;

    const ProtobufCMessageDescriptor  *m;

    if (f->type == PROTOBUF_C_TYPE_MESSAGE) {
        m = f->descriptor;
        put_snake(m->short_name, sink);
        return;
    }

    n = strlen(f->name);
    shian_put(sink, f->name, n > 1 && f->name[n - 1] == 's' ? n - 1 : n);
}


static void
put_list(const pen_t *pen, shian_value_t list, int depth)
{
    bool           first;
    shian_sink_t  *sink = pen->sink;
    shian_value_t  item;

    const ProtobufCFieldDescriptor  *f = list.field;

    if (pen->json) {
        shian_putc(sink, '[');
    }

    for (first = true; shian_value_next(&list, &item); first = false) {
        if (pen->json) {
            shian_putz(sink, first ? "" : ",");
            put_value(pen, &item, depth);
            continue;
        }

        shian_putc(sink, '<');
        put_item_name(f, sink);
        shian_putc(sink, '>');
        put_value(pen, &item, depth);
        shian_putz(sink, "</");
        put_item_name(f, sink);
        shian_putc(sink, '>');
    }

    if (pen->json) {
        shian_putc(sink, ']');
    }
}


static void
put_message(const pen_t *pen, const ProtobufCMessage *m, int depth)
{
    bool                             first;
    size_t                           i;
    shian_sink_t                    *sink = pen->sink;
    shian_value_t                    v;
    const ProtobufCFieldDescriptor  *f;

    if (depth == MAX_DEPTH) {
        sink->failed = true;
        return;
    }

    if (pen->json) {
        shian_putc(sink, '{');
    }

    for (i = 0, first = true; i < m->descriptor->n_fields; i++) {
        f = &m->descriptor->fields[i];
        (void) shian_value_field(m, f, &v);

        if (v.kind == SHIAN_V_LIST && v.left == 0) {
            continue;
        }

        if (pen->json) {
            shian_putf(sink, "%s\"%s\":", first ? "" : ",", f->name);
            put_value(pen, &v, depth + 1);

        } else {
            shian_putf(sink, "<%s>", f->name);
            put_value(pen, &v, depth + 1);
            shian_putf(sink, "</%s>", f->name);
        }

        first = false;
    }

    if (pen->json) {
        shian_putc(sink, '}');
    }
}


static void
put_value(const pen_t *pen, const shian_value_t *v, int depth)
{
    switch (v->kind) {

    case SHIAN_V_LIST:
        put_list(pen, *v, depth);
        return;

    case SHIAN_V_MESSAGE:
        put_message(pen, v->v.message, depth);
        return;

    default:
        break;
    }

    if (pen->json) {
        if (!shian_json_value(v, pen->sink)) {
            shian_putz(pen->sink, "null");
        }

    } else if (v->kind == SHIAN_V_STRING) {
        shian_xml_text(v->s, pen->sink);

    } else if (v->kind != SHIAN_V_REAL || isfinite(v->v.d)) {
        /* Numbers, dates, names and hex: nothing to escape. */
        shian_value_write(v, &plain, pen->sink);
    }
}


/* Does m stand for its one list? */
static bool
is_list(const ProtobufCMessage *m)
{
    return m->descriptor->n_fields == 1
           && m->descriptor->fields[0].label == PROTOBUF_C_LABEL_REPEATED;
}


static void
put_root(const pen_t *pen, const ProtobufCMessage *m)
{
    shian_value_t  list;

    if (is_list(m)) {
        (void) shian_value_field(m, &m->descriptor->fields[0], &list);
        put_list(pen, list, 0);

    } else {
        put_message(pen, m, 0);
    }
}


bool
shian_xml_write(const ProtobufCMessage *m, shian_sink_t *sink)
{
    const char  *name;
    const pen_t  pen = { sink, false };

    name = is_list(m) ? m->descriptor->fields[0].name
                      : m->descriptor->short_name;

    shian_putz(sink, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<");
    put_snake(name, sink);
    shian_putc(sink, '>');
    put_root(&pen, m);
    shian_putz(sink, "</");
    put_snake(name, sink);
    shian_putz(sink, ">\n");

    return !sink->failed;
}


bool
shian_spark_write(const ProtobufCMessage *m, shian_sink_t *sink)
{
    const pen_t  pen = { sink, true };

    put_root(&pen, m);

    return !sink->failed;
}
