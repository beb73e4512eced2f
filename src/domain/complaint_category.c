#include <pthread.h>
#include <stdlib.h>

#include "complaint.h"

/* conf/categories.json, as the Makefile quotes it. */
static const char  built_in[] =
#include "categories.json.h"
;


bool
shian_categories_parse(shian_arena_t *a, shian_str_t json,
    Shian__Categories **out, shian_report_t *report)
{
    size_t             i, j;
    ProtobufCMessage  *message;

    if (!shian_bind_json(a, shian_field_rules, shian_nfield_rules,
                         &shian__categories__descriptor, json, NULL, &message,
                         report))
    {
        return false;
    }

    *out = (Shian__Categories *) message;

    for (i = 0; i < (*out)->n_items; i++) {
        for (j = 0; j < i; j++) {
            if (strcmp((*out)->items[i]->code, (*out)->items[j]->code) == 0) {
                shian_fail_field(report, "items", "duplicate",
                                 "Two categories have one code.");
                return false;
            }
        }
    }

    return true;
}


/* Packed once, as the checklist is, for JSON takes its time. */
static shian_str_t
packed_default(void)
{
    shian_arena_t       a;
    shian_report_t      report;
    Shian__Categories  *all;

    static uint8_t          *packed;
    static size_t            size;
    static pthread_mutex_t   lock = PTHREAD_MUTEX_INITIALIZER;

    (void) pthread_mutex_lock(&lock);

    if (packed == NULL) {
        shian_arena_init(&a, NULL, NULL);
        shian_report_init(&report);

        if (shian_categories_parse(&a, SHIAN_STR(built_in), &all, &report)) {
            size = shian__categories__get_packed_size(all);
            packed = malloc(size);
            if (packed != NULL) {
                (void) shian__categories__pack(all, packed);
            }
        }

        shian_arena_free(&a);
    }

    (void) pthread_mutex_unlock(&lock);

    return shian_slice(packed, size);
}


Shian__Categories *
shian_categories(shian_arena_t *a)
{
    shian_str_t  s;

    s = packed_default();

    return s.p == NULL ? NULL
                       : shian__categories__unpack(&a->pb, s.n, s.p);
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
