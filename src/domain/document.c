#include "document.h"

#include <pthread.h>

static pthread_mutex_t  lock = PTHREAD_MUTEX_INITIALIZER;


/* Under the lock. */
static bool
read_document(shian_document_t *d, shian_arena_t *a, shian_str_t json,
    shian_report_t *report)
{
    shian_str_t        packed;
    ProtobufCMessage  *m;

    if (!d->parse(a, json, &m, report)) {
        return false;
    }

    /* What is kept lives apart from what reading it took. */
    packed = shian_pack(a, m);
    shian_arena_free(&d->arena);
    shian_arena_init(&d->arena, NULL, NULL);
    d->message = packed.p == NULL ? NULL
                 : protobuf_c_message_unpack(m->descriptor, &d->arena.pb,
                                             packed.n, packed.p);

    return d->message != NULL
           || shian_fail(report, 500, "server", "Out of memory.");
}


ProtobufCMessage *
shian_document(shian_document_t *d)
{
    shian_arena_t      own;
    shian_report_t     report;
    ProtobufCMessage  *m;

    (void) pthread_mutex_lock(&lock);

    if (d->message == NULL) {
        shian_arena_init(&own, NULL, NULL);
        shian_report_init(&report);
        (void) read_document(d, &own, shian_str(d->json), &report);
        shian_arena_free(&own);
    }

    m = d->message;
    (void) pthread_mutex_unlock(&lock);

    return m;
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
