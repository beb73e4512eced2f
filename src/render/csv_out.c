#include "csv_out.h"

#include "value.h"

static const shian_locale_t  plain = { "en", 0 };


static bool
is_column(const ProtobufCFieldDescriptor *f)
{
    return f->label != PROTOBUF_C_LABEL_REPEATED
           && f->type != PROTOBUF_C_TYPE_MESSAGE;
}


void
shian_csv_head(const ProtobufCMessageDescriptor *desc, shian_sink_t *sink)
{
    bool    first;
    size_t  i;

    shian_putz(sink, "\xef\xbb\xbf");

    for (i = 0, first = true; i < desc->n_fields; i++) {
        if (is_column(&desc->fields[i])) {
            shian_putz(sink, first ? "" : ",");
            shian_putz(sink, desc->fields[i].name);
            first = false;
        }
    }

    shian_putz(sink, "\r\n");
}


static void
put_field(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f,
    shian_sink_t *sink)
{
    shian_value_t  v;

    if (!shian_value_field(m, f, &v)) {
        return;
    }

    if (v.kind == SHIAN_V_STRING) {
        shian_csv_cell(v.s, sink);

    } else {
        /* Numbers, dates, names and hex: nothing to quote, nothing to run. */
        shian_value_write(&v, &plain, sink);
    }
}


void
shian_csv_row(const ProtobufCMessage *m, shian_sink_t *sink)
{
    bool                             first;
    size_t                           i;
    const ProtobufCFieldDescriptor  *f;

    for (i = 0, first = true; i < m->descriptor->n_fields; i++) {
        f = &m->descriptor->fields[i];

        if (is_column(f)) {
            shian_putz(sink, first ? "" : ",");
            put_field(m, f, sink);
            first = false;
        }
    }

    shian_putz(sink, "\r\n");
}


bool
shian_csv_list(const ProtobufCMessage *list, shian_sink_t *sink)
{
    shian_value_t                    items, item;
    const ProtobufCFieldDescriptor  *f;

    f = shian_value_items(list, &items);
    if (f == NULL) {
        return false;
    }

    shian_csv_head(f->descriptor, sink);

    while (shian_value_next(&items, &item)) {
        shian_csv_row(item.v.message, sink);
    }

    return !sink->failed;
}
