#include "template.h"

#include "lang.h"

#define MAX_INDENT  64

/* What stands in each other: the innermost value first. */
typedef struct context_s {
    const shian_value_t      *value;
    const struct context_s   *outer;
} context_t;

/* A sink that escapes into another. */
typedef struct {
    shian_sink_t   sink;
    shian_sink_t  *to;
} escape_t;

typedef struct {
    const shian_templates_t  *set;
    const shian_template_t   *body;
    size_t                    lang;
    shian_locale_t            locale;
    shian_value_t             frame;
    shian_value_t             view;
    shian_sink_t             *sink;
    escape_t                  escape;
    bool                      escaping; /* all of a text */
    unsigned                  steps;
    unsigned                  partials;
    unsigned                  sections;
    bool                      failed;
    size_t                    nindent;
    uint8_t                   indent[MAX_INDENT];
} render_t;

static void run(render_t *r, const shian_template_t *t, size_t from,
    size_t to, const context_t *context);


/* ---- escaping ---- */

static bool
escape_write(shian_sink_t *sink, const void *p, size_t n)
{
    escape_t  *e = (escape_t *) sink;

    shian_html_text(shian_slice(p, n), e->to);

    return !e->to->failed;
}


/* ---- names ---- */

/*
 * Only what has fields answers to a name; a field its type has ends the
 * search even where it is absent.
 */
static bool
has(const shian_value_t *v, shian_name_t *name, unsigned step,
    shian_value_t *out)
{
    const ProtobufCFieldDescriptor  *f;

    if (v->kind == SHIAN_V_JSON_OBJECT) {
        *out = *v;
        return shian_value_member(out, name);
    }

    if (v->kind != SHIAN_V_MESSAGE) {
        return false;
    }

    f = shian_name_field(name, v->v.message->descriptor, step);
    if (f == NULL) {
        return false;
    }

    (void) shian_value_field(v->v.message, f, out);

    return true;
}


static shian_value_t
outermost(const render_t *r, const char *name)
{
    if (strcmp(name, "frame") == 0) {
        return r->frame;
    }

    return strcmp(name, "view") == 0 ? r->view : shian_value_message(NULL);
}


static void
resolve(const render_t *r, const shian_node_t *node, const context_t *context,
    shian_value_t *v)
{
    size_t            i;
    unsigned          step;
    const context_t  *c;

    i = 0;

    if (node->inner || node->nparts == 0) {
        *v = *context->value;

    } else {
        for (c = context, step = 0; c != NULL; c = c->outer, step++) {
            if (has(c->value, &node->parts[0], step, v)) {
                break;
            }
        }

        if (c == NULL) {
            *v = outermost(r, node->parts[0].z);
        }

        i = 1;
    }

    while (i < node->nparts && v->kind != SHIAN_V_NONE) {
        (void) shian_value_member(v, &node->parts[i++]);
    }
}


/* The text a TEXT value stands for. */
static const shian_template_t *
dynamic_text(const render_t *r, const shian_value_t *v)
{
    char  key[128];

    return shian_value_key(v, key, sizeof(key))
           ? shian_templates_text(r->set, r->locale.lang, key) : NULL;
}


/* ---- rendering ---- */

static void
literal(render_t *r, const shian_node_t *node)
{
    size_t          n;
    const uint8_t  *p, *end, *lf;

    if (r->nindent == 0) {
        shian_puts(r->sink, r->escaping ? node->escaped : node->s);
        return;
    }

    p = node->s.p;
    end = p + node->s.n;

    if (node->bol) {
        shian_put(r->sink, r->indent, r->nindent);
    }

    while (p != end) {
        lf = memchr(p, '\n', (size_t) (end - p));
        n = lf == NULL ? (size_t) (end - p) : (size_t) (lf - p) + 1;
        shian_put(r->sink, p, n);
        p += n;

        /* The line after a last LF is begun by the next node. */
        if (p != end) {
            shian_put(r->sink, r->indent, r->nindent);
        }
    }
}


/* A text, escaped as a whole unless it is raw. */
static void
text(render_t *r, const shian_template_t *t, bool raw,
    const context_t *context)
{
    bool    escaping;
    size_t  nindent;

    if (t == NULL) {
        return;
    }

    if (r->partials == SHIAN_TEMPLATE_PARTIALS) {
        r->failed = true;
        return;
    }

    nindent = r->nindent;
    escaping = r->escaping;

    r->nindent = 0;
    r->escaping = escaping || !raw;
    r->partials++;
    run(r, t, 0, t->n, context);
    r->partials--;
    r->escaping = escaping;
    r->nindent = nindent;
}


static void
partial(render_t *r, const shian_node_t *node, const context_t *context)
{
    size_t                   nindent;
    const shian_template_t  *t;

    t = node->targets == NULL ? NULL : node->targets[0];

    if (strcmp(node->name, SHIAN_TEMPLATE_BODY) == 0) {
        t = r->body;
    }

    if (t == NULL) {
        return;
    }

    if (r->partials == SHIAN_TEMPLATE_PARTIALS) {
        r->failed = true;
        return;
    }

    nindent = r->nindent;

    if (!node->bol) {
        r->nindent = 0;

    } else if (node->s.n <= MAX_INDENT - nindent) {
        memcpy(r->indent + nindent, node->s.p, node->s.n);
        r->nindent += node->s.n;
    }

    r->partials++;
    run(r, t, 0, t->n, context);
    r->partials--;
    r->nindent = nindent;
}


static void
variable(render_t *r, const shian_node_t *node, bool raw,
    const context_t *context)
{
    bool                     escape;
    shian_value_t            v;
    const shian_template_t  *t;

    resolve(r, node, context, &v);

    if (v.kind == SHIAN_V_TEXT) {
        t = dynamic_text(r, &v);

        if (t != NULL) {
            text(r, t, raw, context);
            return;
        }
    }

    /* Numbers and dates have nothing to escape. */
    escape = (!raw || r->escaping)
             && (v.kind == SHIAN_V_STRING || v.kind == SHIAN_V_TEXT);
    shian_value_write(&v, &r->locale, escape ? &r->escape.sink : r->sink);
}


/* Renders the nodes a section holds, with v as the innermost value. */
static void
within(render_t *r, const shian_template_t *t, size_t at,
    const shian_value_t *v, const context_t *context)
{
    context_t  inner;

    /* An empty section over a long list costs as well. */
    if (r->sections == SHIAN_TEMPLATE_SECTIONS
        || ++r->steps > SHIAN_TEMPLATE_STEPS)
    {
        r->failed = true;
        return;
    }

    inner.value = v;
    inner.outer = context;

    r->sections++;
    run(r, t, at + 1, t->nodes[at].end, &inner);
    r->sections--;
}


static void
section(render_t *r, const shian_template_t *t, size_t at,
    const context_t *context)
{
    bool           truth;
    shian_value_t  v, item;

    resolve(r, &t->nodes[at], context, &v);
    truth = v.kind == SHIAN_V_TEXT ? dynamic_text(r, &v) != NULL
                                   : shian_value_truth(&v);

    if (t->nodes[at].kind == SHIAN_N_INVERTED) {
        if (!truth) {
            run(r, t, at + 1, t->nodes[at].end, context);
        }

        return;
    }

    if (shian_value_is_list(&v)) {
        while (!r->failed && shian_value_next(&v, &item)) {
            within(r, t, at, &item, context);
        }

    } else if (truth) {
        within(r, t, at, &v, context);
    }
}


static void
run(render_t *r, const shian_template_t *t, size_t from, size_t to,
    const context_t *context)
{
    size_t               i;
    const shian_node_t  *node;

    for (i = from; i < to && !r->failed; i++) {
        node = &t->nodes[i];

        if (++r->steps > SHIAN_TEMPLATE_STEPS || r->sink->failed) {
            r->failed = true;
            return;
        }

        switch (node->kind) {

        case SHIAN_N_LITERAL:
            literal(r, node);
            break;

        case SHIAN_N_VARIABLE:
        case SHIAN_N_RAW:
            variable(r, node, node->kind == SHIAN_N_RAW, context);
            break;

        case SHIAN_N_TEXT:
        case SHIAN_N_RAW_TEXT:
            text(r, node->targets == NULL ? NULL : node->targets[r->lang],
                 node->kind == SHIAN_N_RAW_TEXT, context);
            break;

        case SHIAN_N_SECTION:
        case SHIAN_N_INVERTED:
            section(r, t, i, context);
            i = node->end - 1;
            break;

        case SHIAN_N_PARTIAL:
            partial(r, node, context);
            break;
        }
    }
}


static bool
render(render_t *r, const shian_templates_t *set, const shian_template_t *t,
    const char *lang, shian_sink_t *sink)
{
    context_t  outer, inner;

    r->set = set;
    r->lang = shian_lang_index(lang);
    r->locale.lang = shian_langs[r->lang];
    r->sink = sink;
    r->escape.sink.write = escape_write;
    r->escape.to = sink;

    outer = (context_t) { &r->frame, NULL };
    inner = (context_t) { &r->view, &outer };
    run(r, t, 0, t->n, &inner);

    return !r->failed && !sink->failed;
}


static bool
suits(const shian_template_t *t, const ProtobufCMessage *view)
{
    return t->view == NULL || (view != NULL && view->descriptor == t->view);
}


bool
shian_template_render(const shian_templates_t *set, const char *name,
    const shian_page_t *page, shian_sink_t *sink)
{
    render_t                 r;
    const shian_template_t  *t;

    memset(&r, 0, sizeof(r));
    r.locale.tz_minutes = page->tz_minutes;
    r.frame = shian_value_message(page->frame);
    r.view = shian_value_message(page->view);

    if (page->body != NULL) {
        r.body = shian_templates_named(set, page->body);

        if (r.body == NULL || !suits(r.body, page->view)) {
            return false;
        }
    }

    t = shian_templates_named(set, name);

    return t != NULL && suits(t, page->view)
           && render(&r, set, t, page->lang, sink);
}


bool
shian_template_render_json(const shian_templates_t *set, const char *name,
    json_t *data, shian_sink_t *sink)
{
    render_t                 r;
    const shian_template_t  *t;

    memset(&r, 0, sizeof(r));
    r.view = shian_value_json(data);
    t = shian_templates_named(set, name);

    return t != NULL && render(&r, set, t, shian_langs[0], sink);
}
