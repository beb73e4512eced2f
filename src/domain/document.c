#include "document.h"

#include <pthread.h>
#include <stdlib.h>

static pthread_mutex_t  lock = PTHREAD_MUTEX_INITIALIZER;


/* Under the lock. */
static bool
read_document(shian_document_t *d, shian_arena_t *a, shian_str_t json,
    shian_report_t *report)
{
    size_t             size;
    uint8_t           *packed;
    ProtobufCMessage  *m;

    if (!d->parse(a, json, &m, report)) {
        return false;
    }

    size = protobuf_c_message_get_packed_size(m);
    packed = malloc(size + 1);
    if (packed == NULL) {
        return shian_fail(report, 500, "server", "Out of memory.");
    }

    (void) protobuf_c_message_pack(m, packed);
    free(d->packed);
    d->packed = packed;
    d->size = size;

    return true;
}


ProtobufCMessage *
shian_document(shian_document_t *d, shian_arena_t *a)
{
    bool            there;
    shian_arena_t   own;
    shian_report_t  report;

    (void) pthread_mutex_lock(&lock);
    there = d->packed != NULL;

    if (!there) {
        shian_arena_init(&own, NULL, NULL);
        shian_report_init(&report);
        there = read_document(d, &own, shian_str(d->json), &report);
        shian_arena_free(&own);
    }

    (void) pthread_mutex_unlock(&lock);

    return !there ? NULL
           : protobuf_c_message_unpack(d->message, &a->pb, d->size,
                                       d->packed);
}


bool
shian_document_set(shian_document_t *d, shian_arena_t *a, shian_str_t json,
    shian_report_t *report)
{
    bool  ok;

    (void) pthread_mutex_lock(&lock);
    ok = read_document(d, a, json.p == NULL ? shian_str(d->json) : json,
                       report);
    (void) pthread_mutex_unlock(&lock);

    return ok;
}
