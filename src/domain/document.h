/*
 * Documents that come with the program and that a city may put its own in the
 * place of: what conf/ has as JSON, built in, read once and kept packed, for
 * reading JSON takes some hundred times as long as unpacking.
 */

#ifndef SHIAN_DOCUMENT_H
#define SHIAN_DOCUMENT_H

#include "domain.h"

typedef struct {
    const char                        *json;        /* built in */
    const ProtobufCMessageDescriptor  *message;
    bool                             (*parse)(shian_arena_t *a,
                                        shian_str_t json,
                                        ProtobufCMessage **out,
                                        shian_report_t *report);
    uint8_t                           *packed;      /* NULL: not yet read */
    size_t                             size;
} shian_document_t;

/* What is in force, in the arena; NULL: no memory.  Any thread. */
ProtobufCMessage *shian_document(shian_document_t *d, shian_arena_t *a);

/*
 * Puts json in its place, or with NONE the one built in again, for the
 * process and its children.  False with what is wrong in the report, whose
 * strings live as long as a.  Before there are threads.
 */
bool shian_document_set(shian_document_t *d, shian_arena_t *a,
    shian_str_t json, shian_report_t *report);

/* By domain/complaint_category.c and domain/step_text.c. */
extern shian_document_t  shian_document_categories;
extern shian_document_t  shian_document_texts;

#endif /* SHIAN_DOCUMENT_H */
