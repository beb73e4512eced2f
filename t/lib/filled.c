/*
 * Preloaded into nginx: writes down which fields each rendered page had, one
 * "page Type.field" for each, and the messages within them as well.
 */

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "render/template.h"

#define SEEN  (1u << 16)

typedef bool (*render_t)(const shian_templates_t *set, const char *name,
    const shian_page_t *page, shian_sink_t *sink);

typedef struct {
    const char                      *page;
    const ProtobufCFieldDescriptor  *field;
} seen_t;

static int              fd = -1;
static seen_t           seen[SEEN];
static pthread_mutex_t  lock = PTHREAD_MUTEX_INITIALIZER;


/* Before nginx takes the environment from its workers. */
__attribute__((constructor))
static void
begin(void)
{
    const char  *path = getenv("SHIAN_FILLED");

    if (path != NULL) {
        fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    }
}


static void
note(const char *page, const ProtobufCMessageDescriptor *type,
    const ProtobufCFieldDescriptor *f)
{
    int     n;
    char    line[256];
    size_t  at;

    at = ((uintptr_t) page * 31 + (uintptr_t) f / 8) % SEEN;

    while (seen[at].page != NULL
           && (seen[at].page != page || seen[at].field != f))
    {
        at = (at + 1) % SEEN;
    }

    if (seen[at].page != NULL) {
        return;
    }

    seen[at] = (seen_t) { page, f };
    n = snprintf(line, sizeof(line), "%s %s.%s\n", page, type->short_name,
                 f->name);

    if (n < 0 || write(fd, line, (size_t) n) != n) {
        abort();
    }
}


static void
look(const char *page, const ProtobufCMessage *m)
{
    size_t                           i, j, n;
    const char                      *base = (const char *) m;
    const void                      *at, *has;
    ProtobufCMessage *const         *list;
    const ProtobufCFieldDescriptor  *f;

    for (i = 0; i < m->descriptor->n_fields; i++) {
        f = &m->descriptor->fields[i];
        at = base + f->offset;
        has = base + f->quantifier_offset;

        if (f->label == PROTOBUF_C_LABEL_REPEATED) {
            n = *(const size_t *) has;
            list = n == 0 ? NULL : *(ProtobufCMessage *const *const *) at;

            for (j = 0; f->type == PROTOBUF_C_TYPE_MESSAGE && j < n; j++) {
                look(page, list[j]);
            }

        } else if (f->type == PROTOBUF_C_TYPE_MESSAGE) {
            n = *(ProtobufCMessage *const *) at != NULL;

            if (n != 0) {
                look(page, *(ProtobufCMessage *const *) at);
            }

        } else if (f->type == PROTOBUF_C_TYPE_STRING) {
            n = *(const char *const *) at != NULL
                && **(const char *const *) at != '\0';

        } else {
            n = *(const protobuf_c_boolean *) has;
        }

        if (n != 0) {
            note(page, m->descriptor, f);
        }
    }
}


bool
shian_template_render(const shian_templates_t *set, const char *name,
    const shian_page_t *page, shian_sink_t *sink)
{
    static render_t  next;

    pthread_mutex_lock(&lock);

    if (next == NULL) {
        next = (render_t) dlsym(RTLD_NEXT, "shian_template_render");
    }

    if (next == NULL || fd == -1 || page->view == NULL) {
        abort();
    }

    look(page->body == NULL ? name : page->body, page->view);

    if (page->frame != NULL) {
        look(page->body == NULL ? name : page->body, page->frame);
    }

    pthread_mutex_unlock(&lock);

    return next(set, name, page, sink);
}
