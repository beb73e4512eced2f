#include "complaint.h"
#include "document.h"

/* conf/categories.json, as the Makefile quotes it. */
static const char  built_in[] =
#include "categories.json.h"
;


static bool
parse(shian_arena_t *a, shian_str_t json, ProtobufCMessage **out,
    shian_report_t *report)
{
    size_t              i, j;
    Shian__Categories  *all;

    if (!shian_bind_json(a, shian_field_rules, shian_nfield_rules,
                         &shian__categories__descriptor, json, NULL, out,
                         report))
    {
        return false;
    }

    all = (Shian__Categories *) *out;

    for (i = 0; i < all->n_items; i++) {
        for (j = 0; j < i; j++) {
            if (strcmp(all->items[i]->code, all->items[j]->code) == 0) {
                shian_fail_field(report, "items", "duplicate",
                                 "Two categories have one code.");
                return false;
            }
        }
    }

    return true;
}


shian_document_t  shian_document_categories = {
    .json = built_in, .parse = parse
};


Shian__Categories *
shian_categories(void)
{
    return (Shian__Categories *) shian_document(&shian_document_categories);
}


const Shian__Category *
shian_category(const Shian__Categories *all, const char *code)
{
    size_t  i;

    for (i = 0; i < all->n_items; i++) {
        if (strcmp(all->items[i]->code, code) == 0) {
            return all->items[i];
        }
    }

    return NULL;
}
