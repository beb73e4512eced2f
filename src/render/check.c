#include "check.h"

#include <stdio.h>

#include "lang.h"
#include "shian.pb-c.h"

#define LAYOUT  "layout"

/* A message with one of everything; there is one of each type. */
typedef struct sample_s {
    ProtobufCMessage  *message;
    struct sample_s   *next;
} sample_t;

/* What stands in each other: the innermost value first. */
typedef struct context_s {
    const shian_value_t      *value;
    const struct context_s   *outer;
} context_t;

typedef struct {
    shian_arena_t             arena;
    const shian_templates_t  *set;
    const shian_page_type_t  *page;     /* NULL: names are not looked at */
    const shian_template_t   *body;
    shian_value_t             frame;
    shian_value_t             view;
    sample_t                 *samples;
    shian_named_t             named;
    void                     *data;
    const shian_template_t   *in[SHIAN_TEMPLATE_PARTIALS];
    size_t                    depth;
    size_t                    steps;
    char                     *err;
    size_t                    errsize;
} check_t;

static bool walk(check_t *c, const shian_template_t *t, size_t from,
    size_t to, const context_t *context);


static bool
fail(const check_t *c, const shian_template_t *t, const shian_node_t *node,
    const char *cause, const char *what)
{
    (void) snprintf(c->err, c->errsize, "%s:%u: %s: %.80s%s%s%s", t->file,
                    node->line, cause, what,
                    c->page == NULL ? "" : " (page \"",
                    c->page == NULL ? "" : c->page->name,
                    c->page == NULL ? "" : "\")");
    return false;
}


/* ---- samples ---- */

static ProtobufCMessage *sample(check_t *c,
    const ProtobufCMessageDescriptor *type);


/* An element at `at`, as protobuf-c lays it out; numbers stay 0. */
static bool
fill_element(check_t *c, const ProtobufCFieldDescriptor *f, void *at)
{
    const ProtobufCEnumDescriptor  *values;

    if (f->type == PROTOBUF_C_TYPE_STRING) {
        *(const char **) at = "x";

    } else if (f->type == PROTOBUF_C_TYPE_ENUM) {
        values = f->descriptor;
        *(int *) at = values->values[0].value;

    } else if (f->type == PROTOBUF_C_TYPE_MESSAGE) {
        *(ProtobufCMessage **) at = sample(c, f->descriptor);
        return *(ProtobufCMessage **) at != NULL;
    }

    return true;
}


static bool
fill_field(check_t *c, const ProtobufCFieldDescriptor *f, char *message)
{
    void  *one;

    if (f->label != PROTOBUF_C_LABEL_REPEATED) {
        if (f->label == PROTOBUF_C_LABEL_OPTIONAL
            && f->type != PROTOBUF_C_TYPE_STRING
            && f->type != PROTOBUF_C_TYPE_MESSAGE)
        {
            *(protobuf_c_boolean *) (message + f->quantifier_offset) = 1;
        }

        return fill_element(c, f, message + f->offset);
    }

    /* Room for an element of any type. */
    one = shian_zalloc(&c->arena, sizeof(ProtobufCBinaryData));
    *(void **) (message + f->offset) = one;
    *(size_t *) (message + f->quantifier_offset) = 1;

    return one != NULL && fill_element(c, f, one);
}


static ProtobufCMessage *
sample(check_t *c, const ProtobufCMessageDescriptor *type)
{
    size_t     i;
    sample_t  *s;

    for (s = c->samples; s != NULL; s = s->next) {
        if (s->message->descriptor == type) {
            return s->message;
        }
    }

    s = shian_zalloc(&c->arena, sizeof(*s));
    if (s == NULL) {
        return NULL;
    }

    s->message = shian_zalloc(&c->arena, type->sizeof_message);
    if (s->message == NULL) {
        return NULL;
    }

    /* Known before it is filled: types hold each other. */
    type->message_init(s->message);
    s->next = c->samples;
    c->samples = s;

    for (i = 0; i < type->n_fields; i++) {
        if (!fill_field(c, &type->fields[i], (char *) s->message)) {
            return NULL;
        }
    }

    return s->message;
}


/* ---- names ---- */

static const ProtobufCFieldDescriptor *
field_of(const shian_value_t *v, const char *name)
{
    return v->kind != SHIAN_V_MESSAGE ? NULL
           : protobuf_c_message_descriptor_get_field_by_name(
                 v->v.message->descriptor, name);
}


/* Puts in the place of *v its member; a value that an enum has not is none. */
static bool
member(const check_t *c, shian_value_t *v, shian_name_t *name)
{
    if (field_of(v, name->z) != NULL && c->named != NULL) {
        c->named(c->data, c->page->name, v->v.message->descriptor, name->z);
    }

    return (v->kind != SHIAN_V_ENUM || v->form != SHIAN_AS_IS
            || protobuf_c_enum_descriptor_get_value_by_name(
                   v->field->descriptor, name->z) != NULL)
           && shian_value_member(v, name);
}


/* As it will be found when the page is rendered (template.c). */
static bool
resolve(const check_t *c, const shian_node_t *node, const context_t *context,
    shian_value_t *v)
{
    size_t  i;

    *v = *context->value;
    i = 0;

    if (!node->inner && node->nparts != 0) {
        while (context != NULL
               && field_of(context->value, node->parts[0].z) == NULL)
        {
            context = context->outer;
        }

        if (context != NULL) {
            *v = *context->value;

        } else {
            *v = strcmp(node->parts[0].z, "frame") == 0 ? c->frame
                 : strcmp(node->parts[0].z, "view") == 0 ? c->view
                 : shian_value_message(NULL);
            i = 1;
        }
    }

    while (i < node->nparts) {
        if (v->kind == SHIAN_V_NONE || !member(c, v, &node->parts[i++])) {
            return false;
        }
    }

    return v->kind != SHIAN_V_NONE;
}


static bool
unknown(const check_t *c, const shian_template_t *t, const shian_node_t *node)
{
    size_t  i, n;
    char    name[128];

    name[0] = '\0';

    for (i = 0, n = 0; i < node->nparts && n < sizeof(name); i++) {
        n += (size_t) snprintf(name + n, sizeof(name) - n, "%s%s",
                               i != 0 || node->inner ? "." : "",
                               node->parts[i].z);
    }

    return fail(c, t, node, "names what is not there", name);
}


/* ---- templates in each other ---- */

/* Walks `inner`, which t includes at node. */
static bool
include(check_t *c, const shian_template_t *t, const shian_node_t *node,
    const shian_template_t *inner, const context_t *context)
{
    bool    ok;
    size_t  i;

    for (i = 0; i < c->depth; i++) {
        if (c->in[i] == inner) {
            return fail(c, t, node, "includes itself", inner->name);
        }
    }

    if (c->depth == SHIAN_TEMPLATE_PARTIALS) {
        return fail(c, t, node, "nests too deeply", inner->name);
    }

    c->in[c->depth++] = inner;
    ok = walk(c, inner, 0, inner->n, context);
    c->depth--;

    return ok;
}


/* All that begin as the text does that v may stand for. */
static bool
dynamic(check_t *c, const shian_template_t *t, const shian_node_t *node,
    const shian_value_t *v, const context_t *context)
{
    bool                            found;
    char                            key[128];
    size_t                          i, j, n, prefix;
    const shian_template_t *const  *texts;

    if (!shian_value_key(v, key, sizeof(key))) {
        return unknown(c, t, node);
    }

    prefix = strcspn(key, ".") + 1;
    found = false;

    for (i = 0; i < SHIAN_LANGS; i++) {
        texts = shian_templates_all(c->set, shian_langs[i], &n);

        for (j = 0; j < n; j++) {
            if (strncmp(texts[j]->name, key, prefix) != 0) {
                continue;
            }

            found = true;

            if (!include(c, t, node, texts[j], context)) {
                return false;
            }
        }
    }

    return found || fail(c, t, node, "no text begins with", key);
}


static bool
targets(check_t *c, const shian_template_t *t, const shian_node_t *node,
    const context_t *context)
{
    size_t  i, n;

    n = node->kind == SHIAN_N_PARTIAL ? 1 : SHIAN_LANGS;

    if (n == 1 && strcmp(node->name, SHIAN_TEMPLATE_BODY) == 0) {
        return c->body == NULL || include(c, t, node, c->body, context);
    }

    for (i = 0; i < n; i++) {
        if (!include(c, t, node, node->targets[i], context)) {
            return false;
        }
    }

    return true;
}


/* A variable or a section. */
static bool
value(check_t *c, const shian_template_t *t, size_t at,
    const context_t *context)
{
    context_t             inner;
    shian_value_t         v, item;
    const shian_node_t   *node = &t->nodes[at];

    if (!resolve(c, node, context, &v)) {
        return unknown(c, t, node);
    }

    if (node->kind == SHIAN_N_VARIABLE || node->kind == SHIAN_N_RAW) {
        return v.kind != SHIAN_V_TEXT || dynamic(c, t, node, &v, context);
    }

    if (node->kind == SHIAN_N_INVERTED) {
        return walk(c, t, at + 1, node->end, context);
    }

    inner.value = &v;
    inner.outer = context;

    if (shian_value_is_list(&v)) {
        (void) shian_value_next(&v, &item);
        inner.value = &item;
    }

    return walk(c, t, at + 1, node->end, &inner);
}


static bool
walk(check_t *c, const shian_template_t *t, size_t from, size_t to,
    const context_t *context)
{
    bool                 ok;
    size_t               i;
    const shian_node_t  *node;

    for (i = from, ok = true; ok && i < to; i++) {
        node = &t->nodes[i];

        if (c->steps++ == SHIAN_TEMPLATE_STEPS) {
            return fail(c, t, node, "is too large with what it includes",
                        t->name);
        }

        switch (node->kind) {

        case SHIAN_N_LITERAL:
            break;

        case SHIAN_N_TEXT:
        case SHIAN_N_RAW_TEXT:
        case SHIAN_N_PARTIAL:
            ok = targets(c, t, node, context);
            break;

        default:
            if (c->page == NULL) {
                break;
            }

            ok = value(c, t, i, context);

            if (node->kind == SHIAN_N_SECTION
                || node->kind == SHIAN_N_INVERTED)
            {
                i = node->end - 1;
            }

            break;
        }
    }

    return ok;
}


/* ---- sets ---- */

static bool
whole(check_t *c, const shian_template_t *t, const context_t *context)
{
    c->steps = 0;
    c->depth = 1;
    c->in[0] = t;

    return walk(c, t, 0, t->n, context);
}


static bool
one_page(check_t *c)
{
    context_t                outer, inner;
    const shian_template_t  *t, *layout;

    static const shian_node_t  nowhere;

    t = shian_templates_named(c->set, c->page->name);
    layout = c->page->bare ? NULL : shian_templates_named(c->set, LAYOUT);

    if (t == NULL) {
        return true;
    }

    c->body = layout == NULL ? NULL : t;
    c->view = shian_value_message(sample(c, c->page->view));
    c->frame = shian_value_message(c->page->bare ? NULL
                                   : sample(c, &shian__frame__descriptor));

    if (c->view.kind == SHIAN_V_NONE
        || (!c->page->bare && c->frame.kind == SHIAN_V_NONE))
    {
        return fail(c, t, &nowhere, "out of memory", t->name);
    }

    outer = (context_t) { &c->frame, NULL };
    inner = (context_t) { &c->view, &outer };

    return whole(c, layout == NULL ? t : layout, &inner);
}


bool
shian_templates_check(shian_templates_t *set, const shian_page_type_t *pages,
    size_t n, shian_named_t named, void *data, char *err, size_t errsize)
{
    bool     ok;
    size_t   i;
    check_t  c;

    memset(&c, 0, sizeof(c));
    shian_arena_init(&c.arena, NULL, NULL);
    c.set = set;
    c.named = named;
    c.data = data;
    c.err = err;
    c.errsize = errsize;

    for (i = 0, ok = true; ok && i < n; i++) {
        c.page = &pages[i];
        ok = one_page(&c);

        if (ok) {
            shian_templates_type(set, c.page->name, c.page->view);
        }
    }

    shian_arena_free(&c.arena);

    return ok;
}


bool
shian_templates_loops(shian_templates_t *set, char *err, size_t errsize)
{
    bool                            ok;
    size_t                          i, j, n;
    check_t                         c;
    const shian_template_t *const  *all;

    memset(&c, 0, sizeof(c));
    c.set = set;
    c.err = err;
    c.errsize = errsize;

    for (i = 0, ok = true; ok && i <= SHIAN_LANGS; i++) {
        all = shian_templates_all(set, i == 0 ? NULL : shian_langs[i - 1],
                                  &n);

        for (j = 0; ok && j < n; j++) {
            ok = whole(&c, all[j], NULL);
        }
    }

    return ok;
}
