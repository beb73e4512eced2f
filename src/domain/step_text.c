#include "document.h"
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


static bool
parse(shian_arena_t *a, shian_str_t json, ProtobufCMessage **out,
    shian_report_t *report)
{
    if (!shian_bind_json(a, shian_field_rules, shian_nfield_rules,
                         &shian__step_texts__descriptor, json, NULL, out,
                         report))
    {
        return false;
    }

    number((Shian__StepTexts *) *out);

    return true;
}


shian_document_t  shian_document_texts = {
    .json = built_in, .parse = parse
};


Shian__StepTexts *
shian_step_texts(void)
{
    return (Shian__StepTexts *) shian_document(&shian_document_texts);
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
