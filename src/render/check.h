/*
 * What a template names is there: each page is walked once over the types
 * that it is given, before anybody asks for it.
 */

#ifndef SHIAN_CHECK_H
#define SHIAN_CHECK_H

#include "template.h"

/* A page and the message it shows. */
typedef struct {
    const char                        *name;
    const ProtobufCMessageDescriptor  *view;
    bool                               bare;    /* no layout and no frame */
} shian_page_type_t;

/* Every page of ours, by name. */
extern const shian_page_type_t  shian_page_types[];
extern const size_t             shian_npage_types;

/* Told of each field that a page names: whose, which. */
typedef void (*shian_named_t)(void *data, const char *page,
    const ProtobufCMessageDescriptor *type, const char *field);

/*
 * Walks those of the n pages that the linked set t has, partials and texts
 * in both languages included, and remembers their types: a page that has
 * passed is not rendered over another.  False at the first name that stands
 * for nothing there, or where a template includes itself through the page,
 * with "file:line: cause" in err.  `named` may be NULL.  Any thread, one at
 * a time, before the set is used.
 */
bool shian_templates_check(shian_templates_t *t,
    const shian_page_type_t *pages, size_t n, shian_named_t named,
    void *data, char *err, size_t errsize);

/*
 * The same for what needs no types, of all templates and texts, in pages or
 * not: none includes itself, and none nests too deeply.
 */
bool shian_templates_loops(shian_templates_t *t, char *err, size_t errsize);

#endif /* SHIAN_CHECK_H */
