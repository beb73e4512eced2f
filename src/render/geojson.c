#include "geojson.h"

#include <math.h>

#include "json.h"


void
shian_geojson_head(shian_sink_t *sink)
{
    shian_putz(sink, "{\"type\":\"FeatureCollection\",\"features\":[");
}


/* Field `name` of m as degrees within -limit..limit. */
static bool
degrees(const ProtobufCMessage *m, const char *name, double limit,
    shian_value_t *v)
{
    const ProtobufCFieldDescriptor  *f;

    f = protobuf_c_message_descriptor_get_field_by_name(m->descriptor, name);

    /* Written so that NaN is out of range as well. */
    return f != NULL && shian_value_field(m, f, v) && v->kind == SHIAN_V_REAL
           && fabs(v->v.d) <= limit;
}


static void
put_geometry(const ProtobufCMessage *m, shian_sink_t *sink)
{
    shian_value_t  lng, lat;

    if (!degrees(m, "lng", 180, &lng) || !degrees(m, "lat", 90, &lat)) {
        shian_putz(sink, "null");
        return;
    }

    shian_putz(sink, "{\"type\":\"Point\",\"coordinates\":[");
    (void) shian_json_value(&lng, sink);
    shian_putc(sink, ',');
    (void) shian_json_value(&lat, sink);
    shian_putz(sink, "]}");
}


static bool
is_property(const ProtobufCFieldDescriptor *f)
{
    return f->label != PROTOBUF_C_LABEL_REPEATED
           && f->type != PROTOBUF_C_TYPE_MESSAGE
           && strcmp(f->name, "lng") != 0 && strcmp(f->name, "lat") != 0;
}


static void
put_properties(const ProtobufCMessage *m, shian_sink_t *sink)
{
    bool                             first;
    size_t                           i;
    shian_value_t                    v;
    const ProtobufCFieldDescriptor  *f;

    for (i = 0, first = true; i < m->descriptor->n_fields; i++) {
        f = &m->descriptor->fields[i];

        if (!is_property(f) || !shian_value_field(m, f, &v)
            || (v.kind == SHIAN_V_REAL && !isfinite(v.v.d)))
        {
            continue;
        }

        shian_putz(sink, first ? "\"" : ",\"");
        shian_putz(sink, f->name);
        shian_putz(sink, "\":");
        (void) shian_json_value(&v, sink);
        first = false;
    }
}


void
shian_geojson_row(const ProtobufCMessage *m, bool first, shian_sink_t *sink)
{
    shian_value_t                    id;
    const ProtobufCFieldDescriptor  *f;

    shian_putz(sink, first ? "{\"type\":\"Feature\""
                           : ",{\"type\":\"Feature\"");

    f = protobuf_c_message_descriptor_get_field_by_name(m->descriptor, "id");

    if (f != NULL && shian_value_field(m, f, &id)
        && id.kind == SHIAN_V_INTEGER)
    {
        shian_putz(sink, ",\"id\":");
        (void) shian_json_value(&id, sink);
    }

    shian_putz(sink, ",\"geometry\":");
    put_geometry(m, sink);
    shian_putz(sink, ",\"properties\":{");
    put_properties(m, sink);
    shian_putz(sink, "}}");
}


void
shian_geojson_tail(shian_sink_t *sink)
{
    shian_putz(sink, "]}");
}


bool
shian_geojson_list(const ProtobufCMessage *list, shian_sink_t *sink)
{
    bool           first;
    shian_value_t  items, item;

    if (shian_value_items(list, &items) == NULL) {
        return false;
    }

    shian_geojson_head(sink);

    for (first = true; shian_value_next(&items, &item); first = false) {
        shian_geojson_row(item.v.message, first, sink);
    }

    shian_geojson_tail(sink);

    return !sink->failed;
}
