/*
 * Messages from JSON by descriptor, for tests: numbers as the API shows them,
 * enums by name, days and instants as text, bytes in hex.  A name or a value
 * that there is not fails the test.
 */

#ifndef FILLED_H
#define FILLED_H

#include <jansson.h>

#include "core/calendar.h"
#include "core/ids.h"
#include "shian.pb-c.h"

/* What a string of the JSON stands for. */
#ifndef FILLED_TEXT
#define FILLED_TEXT(text)  (text)
#endif

static inline ProtobufCMessage *fill(shian_arena_t *a,
    const ProtobufCMessageDescriptor *desc, json_t *json);


static inline int32_t
enum_number(const ProtobufCFieldDescriptor *f, const char *name)
{
    const ProtobufCEnumValue  *v;

    v = protobuf_c_enum_descriptor_get_value_by_name(f->descriptor, name);
    if (v == NULL) {
        fail_msg("%s: no value %s", f->name, name);
    }

    return v->value;
}


static inline void
fill_scalar(shian_arena_t *a, const ProtobufCFieldDescriptor *f, json_t *j,
    void *at)
{
    const char           *text;
    ProtobufCBinaryData  *bytes;

    switch (f->type) {

    case PROTOBUF_C_TYPE_STRING:
        assert_true(json_is_string(j));
        text = json_string_value(j);
        *(char **) at = shian_strdup(a, shian_str(FILLED_TEXT(text)));
        break;

    case PROTOBUF_C_TYPE_BOOL:
        assert_true(json_is_boolean(j));
        *(protobuf_c_boolean *) at = json_is_true(j);
        break;

    case PROTOBUF_C_TYPE_ENUM:
        *(int32_t *) at = enum_number(f, json_string_value(j));
        break;

    case PROTOBUF_C_TYPE_SFIXED32:
        assert_true(shian_date_parse(shian_str(json_string_value(j)), at));
        break;

    case PROTOBUF_C_TYPE_FIXED64:
        assert_true(shian_time_parse(shian_str(json_string_value(j)), at));
        break;

    case PROTOBUF_C_TYPE_SINT32:
        *(int32_t *) at = (int32_t) (json_number_value(j) * 100
                                     + (json_number_value(j) < 0 ? -0.5
                                                                 : 0.5));
        break;

    case PROTOBUF_C_TYPE_INT32:
        *(int32_t *) at = (int32_t) json_integer_value(j);
        break;

    case PROTOBUF_C_TYPE_UINT32:
        *(uint32_t *) at = (uint32_t) json_integer_value(j);
        break;

    case PROTOBUF_C_TYPE_UINT64:
        *(uint64_t *) at = (uint64_t) json_integer_value(j);
        break;

    case PROTOBUF_C_TYPE_DOUBLE:
        *(double *) at = json_number_value(j);
        break;

    case PROTOBUF_C_TYPE_BYTES:
        text = json_string_value(j);
        bytes = at;
        bytes->len = strlen(text) / 2;
        bytes->data = shian_alloc(a, bytes->len + 1);
        assert_non_null(bytes->data);
        assert_true(shian_unhex(bytes->data, bytes->len, shian_str(text)));
        break;

    case PROTOBUF_C_TYPE_MESSAGE:
        *(ProtobufCMessage **) at = fill(a, f->descriptor, j);
        break;

    default:
        fail_msg("%s: a type no sample uses", f->name);
    }
}


static inline ProtobufCMessage *
fill(shian_arena_t *a, const ProtobufCMessageDescriptor *desc, json_t *json)
{
    char                            *m, *items;
    size_t                           i, size;
    json_t                          *j;
    const char                      *key;
    const ProtobufCFieldDescriptor  *f;

    m = shian_zalloc(a, desc->sizeof_message);
    assert_non_null(m);
    desc->message_init((ProtobufCMessage *) m);

    json_object_foreach(json, key, j) {
        f = protobuf_c_message_descriptor_get_field_by_name(desc, key);
        if (f == NULL) {
            fail_msg("%s has no field %s", desc->short_name, key);
        }

        if (f->label != PROTOBUF_C_LABEL_REPEATED) {
            fill_scalar(a, f, j, m + f->offset);

            if (f->quantifier_offset != 0) {
                *(protobuf_c_boolean *) (m + f->quantifier_offset) = 1;
            }

            continue;
        }

        assert_true(f->type == PROTOBUF_C_TYPE_MESSAGE
                    || f->type == PROTOBUF_C_TYPE_STRING
                    || f->type == PROTOBUF_C_TYPE_ENUM
                    || f->type == PROTOBUF_C_TYPE_UINT64
                    || f->type == PROTOBUF_C_TYPE_BYTES);
        size = f->type == PROTOBUF_C_TYPE_ENUM ? sizeof(int32_t)
               : f->type == PROTOBUF_C_TYPE_BYTES
               ? sizeof(ProtobufCBinaryData) : sizeof(void *);
        items = shian_array(a, json_array_size(j), size);
        assert_non_null(items);

        for (i = 0; i < json_array_size(j); i++) {
            fill_scalar(a, f, json_array_get(j, i), items + i * size);
        }

        *(void **) (m + f->offset) = items;
        *(size_t *) (m + f->quantifier_offset) = i;
    }

    return (ProtobufCMessage *) m;
}

#endif /* FILLED_H */
