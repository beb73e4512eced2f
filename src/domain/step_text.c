#include <pthread.h>
#include <stdlib.h>

#include "view_board.h"

/* conf/texts.json, as the Makefile quotes it. */
static const char  built_in[] =
#include "texts.json.h"
;


static void
number(Shian__StepTexts *all)
{
    size_t                           i, n;
    uint32_t                         j;
    Shian__StepText                **items;
    const ProtobufCFieldDescriptor  *f;

    for (i = 0; i < shian__step_texts__descriptor.n_fields; i++) {
        f = &shian__step_texts__descriptor.fields[i];
        n = *(size_t *) ((char *) all + f->quantifier_offset);
        items = *(Shian__StepText ***) ((char *) all + f->offset);

        for (j = 0; j < n; j++) {
            items[j]->has_n = 1;
            items[j]->n = j + 1;
        }
    }
}


bool
shian_step_texts_parse(shian_arena_t *a, shian_str_t json,
    Shian__StepTexts **out, shian_report_t *report)
{
    ProtobufCMessage  *message;

    if (!shian_bind_json(a, shian_field_rules, shian_nfield_rules,
                         &shian__step_texts__descriptor, json, NULL,
                         &message, report))
    {
        return false;
    }

    *out = (Shian__StepTexts *) message;
    number(*out);

    return true;
}


/* Packed once, as the checklist is, for JSON takes its time. */
static shian_str_t
packed_default(void)
{
    shian_arena_t      a;
    shian_report_t     report;
    Shian__StepTexts  *all;

    static uint8_t          *packed;
    static size_t            size;
    static pthread_mutex_t   lock = PTHREAD_MUTEX_INITIALIZER;

    (void) pthread_mutex_lock(&lock);

    if (packed == NULL) {
        shian_arena_init(&a, NULL, NULL);
        shian_report_init(&report);

        if (shian_step_texts_parse(&a, shian_str(built_in), &all, &report)) {
            size = shian__step_texts__get_packed_size(all);
            packed = malloc(size);

            if (packed != NULL) {
                (void) shian__step_texts__pack(all, packed);
            }
        }

        shian_arena_free(&a);
    }

    (void) pthread_mutex_unlock(&lock);

    return shian_slice(packed, packed == NULL ? 0 : size);
}


Shian__StepTexts *
shian_step_texts(shian_arena_t *a)
{
    shian_str_t  s;

    s = packed_default();

    return s.p == NULL ? NULL : shian__step_texts__unpack(&a->pb, s.n, s.p);
}


void
shian_step_sentences(const Shian__StepTexts *all, const char *action,
    Shian__StepText ***items, size_t *n)
{
    const ProtobufCFieldDescriptor  *f;

    f = protobuf_c_message_descriptor_get_field_by_name(
            &shian__step_texts__descriptor, action);
    *n = f == NULL ? 0 : *(const size_t *) ((const char *) all
                                            + f->quantifier_offset);
    *items = *n == 0 ? NULL
             : *(Shian__StepText **const *) ((const char *) all + f->offset);
}
