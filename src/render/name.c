#include "value.h"

static const char *const  members[SHIAN_M_MAX] = {
    "", "any", "brief", "count", "date", "day", "grouped", "is", "json",
    "lang", "lines", "one", "plus", "tenth", "text", "time", "upper", "url",
    "whole", "zero"
};


void
shian_name_init(shian_name_t *name)
{
    int  m;

    for (m = 1; m < SHIAN_M_MAX; m++) {
        if (strcmp(members[m], name->z) == 0) {
            name->member = (shian_member_t) m;
        }
    }
}


const ProtobufCFieldDescriptor *
shian_name_field(shian_name_t *name, const ProtobufCMessageDescriptor *type,
    unsigned step)
{
    const void                      *found;
    _Atomic(const void *)           *slot;
    const ProtobufCFieldDescriptor  *f;

    slot = &name->found[step % SHIAN_NAME_STEPS];
    found = atomic_load_explicit(slot, memory_order_relaxed);

    if (found == type) {
        return NULL;
    }

    if ((uintptr_t) found >= (uintptr_t) type->fields
        && (uintptr_t) found < (uintptr_t) (type->fields + type->n_fields))
    {
        return found;
    }

    f = protobuf_c_message_descriptor_get_field_by_name(type, name->z);
    atomic_store_explicit(slot, f == NULL ? (const void *) type : f,
                          memory_order_relaxed);

    return f;
}
