/*
 * Documents that come with the program and that a city may put its own in the
 * place of: what conf/ has as JSON, built in, read once and kept for as long as
 * the process lives.
 */

#ifndef SHIAN_DOCUMENT_H
#define SHIAN_DOCUMENT_H

#include "domain.h"

typedef struct {
    const char        *json;            /* built in */
    bool             (*parse)(shian_arena_t *a, shian_str_t json,
                              ProtobufCMessage **out,
                              shian_report_t *report);
    ProtobufCMessage  *message;         /* NULL: not yet read */
    shian_arena_t      arena;           /* of message alone */
} shian_document_t;

/*
 * What is in force, everybody's and only to be read; NULL: no memory.  Any
 * thread.
 */
ProtobufCMessage *shian_document(shian_document_t *d);

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
