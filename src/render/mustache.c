#include "mustache.h"

#include <stdio.h>

#include "escape.h"

#define NOTHING        SHIAN_STR("")
#define MAX_PARTS      8
#define MAX_DELIMITER  8
#define MAX_NODES      (1u << 20)

typedef struct {
    shian_arena_t     *arena;
    shian_template_t  *t;
    const uint8_t     *src;
    size_t             n;
    size_t             from;    /* literal bytes not yet in a node */
    size_t             size;    /* of t->nodes */
    shian_str_t        open;
    shian_str_t        close;
    size_t             tag_at;  /* the present tag: its first byte, */
    size_t             tag_end; /* the one after its last, */
    uint32_t           tag_line;
    size_t             counted; /* lines are counted up to here */
    uint32_t           line;
    bool               text;
    size_t             depth;
    size_t             sections[SHIAN_MAX_SECTIONS];
    shian_str_t        names[SHIAN_MAX_SECTIONS];
    char              *err;
    size_t             errsize;
} compile_t;


static bool
fail(compile_t *c, const char *cause, shian_str_t what)
{
    if (what.n > 60) {
        what.n = 60;
    }

    (void) snprintf(c->err, c->errsize, "%s:%u: %s%s%.*s", c->t->file,
                    c->tag_line, cause, what.n == 0 ? "" : ": ",
                    SHIAN_FMT(what));
    return false;
}


static bool
blank(uint8_t ch)
{
    return ch == ' ' || ch == '\t';
}


static bool
space(uint8_t ch)
{
    return blank(ch) || ch == '\n' || ch == '\r';
}


static shian_str_t
trim(shian_str_t s)
{
    while (s.n != 0 && space(s.p[0])) {
        s.p++;
        s.n--;
    }

    while (s.n != 0 && space(s.p[s.n - 1])) {
        s.n--;
    }

    return s;
}


/* The first `what` at or after `at`, or c->n. */
static size_t
find(const compile_t *c, size_t at, shian_str_t what)
{
    const uint8_t  *p;

    p = memmem(c->src + at, c->n - at, what.p, what.n);

    return p == NULL ? c->n : (size_t) (p - c->src);
}


static shian_node_t *
push(compile_t *c, shian_node_kind_t kind)
{
    size_t         size;
    shian_node_t  *nodes, *node;

    if (c->t->n == c->size) {
        size = c->size == 0 ? 16 : c->size * 2;
        nodes = size > MAX_NODES ? NULL
                                 : shian_array(c->arena, size, sizeof(*nodes));
        if (nodes == NULL) {
            (void) fail(c, "too large", NOTHING);
            return NULL;
        }

        if (c->t->n != 0) {
            memcpy(nodes, c->t->nodes, c->t->n * sizeof(*nodes));
        }

        c->t->nodes = nodes;
        c->size = size;
    }

    node = &c->t->nodes[c->t->n++];
    node->kind = kind;
    node->line = c->tag_line;

    return node;
}


static bool
literal(compile_t *c, size_t to)
{
    shian_buf_t    b;
    shian_node_t  *node;

    node = push(c, SHIAN_N_LITERAL);
    if (node == NULL) {
        return false;
    }

    node->s = shian_slice(c->src + c->from, to - c->from);

    if (c->text) {
        shian_buf_init(&b, c->arena);
        shian_html_text(node->s, &b.sink);
        node->escaped = shian_buf_str(&b);

        if (b.sink.failed) {
            return fail(c, "out of memory", NOTHING);
        }
    }

    node->bol = c->from == 0 || c->src[c->from - 1] == '\n';
    c->from = to;

    return true;
}


/*
 * Makes a node of the literal bytes before `to`.  Where a tag follows that
 * begins a line, an empty node keeps that line's start for indentation.
 */
static bool
flush(compile_t *c, size_t to, bool tag_follows)
{
    if (to > c->from && !literal(c, to)) {
        return false;
    }

    if (tag_follows && (to == 0 || c->src[to - 1] == '\n')) {
        return literal(c, to);
    }

    return true;
}


/* Splits a dotted name into NUL-terminated parts. */
static bool
set_name(compile_t *c, shian_node_t *node, shian_str_t name)
{
    char    *z;
    size_t   i, n, len;

    if (shian_str_is(name, ".")) {
        return true;
    }

    if (name.n != 0 && name.p[0] == '.') {
        node->inner = true;
        name.p++;
        name.n--;
    }

    for (n = 1, i = 0; i < name.n; i++) {
        n += name.p[i] == '.';
    }

    if (n > MAX_PARTS) {
        return fail(c, "malformed name", name);
    }

    z = shian_strdup(c->arena, name);
    node->parts = shian_array(c->arena, n, sizeof(*node->parts));

    if (z == NULL || node->parts == NULL) {
        return fail(c, "out of memory", NOTHING);
    }

    while (node->nparts != n) {
        len = strcspn(z, ".");
        if (len == 0) {
            return fail(c, "malformed name", name);
        }

        z[len] = '\0';
        node->parts[node->nparts].z = z;
        shian_name_init(&node->parts[node->nparts++]);
        z += len + 1;
    }

    return true;
}


/* {{t.key}} is a text, anything else a variable. */
static bool
variable(compile_t *c, shian_str_t name, bool raw)
{
    bool           text;
    shian_node_t  *node;

    text = name.n > 2 && memcmp(name.p, "t.", 2) == 0;
    node = push(c, text ? (raw ? SHIAN_N_RAW_TEXT : SHIAN_N_TEXT)
                        : (raw ? SHIAN_N_RAW : SHIAN_N_VARIABLE));
    if (node == NULL) {
        return false;
    }

    if (!text) {
        return set_name(c, node, name);
    }

    node->name = shian_strdup(c->arena, shian_slice(name.p + 2, name.n - 2));

    return node->name != NULL || fail(c, "out of memory", NOTHING);
}


static bool
open_section(compile_t *c, shian_str_t name, shian_node_kind_t kind)
{
    shian_node_t  *node;

    if (c->depth == SHIAN_MAX_SECTIONS) {
        return fail(c, "sections nest too deeply", name);
    }

    if (name.n > 2 && memcmp(name.p, "t.", 2) == 0) {
        return fail(c, "a text is no section", name);
    }

    c->sections[c->depth] = c->t->n;
    c->names[c->depth++] = name;
    node = push(c, kind);

    return node != NULL && set_name(c, node, name);
}


static bool
close_section(compile_t *c, shian_str_t name)
{
    if (c->depth == 0 || !shian_str_eq(c->names[c->depth - 1], name)) {
        return fail(c, "closes a section that is not open", name);
    }

    c->depth--;
    c->t->nodes[c->sections[c->depth]].end = (uint32_t) c->t->n;

    return true;
}


static bool
partial(compile_t *c, shian_str_t name, bool alone, shian_str_t indent)
{
    shian_node_t  *node;

    if (c->text) {
        return fail(c, "a text includes no template", name);
    }

    node = push(c, SHIAN_N_PARTIAL);
    if (node == NULL) {
        return false;
    }

    node->bol = alone;
    node->s = alone ? indent : SHIAN_NONE;
    node->name = shian_strdup(c->arena, name);

    return node->name != NULL || fail(c, "out of memory", NOTHING);
}


/* "<% %>": two words without spaces and without "=". */
static bool
set_delimiters(compile_t *c, shian_str_t s)
{
    size_t       i;
    shian_str_t  open, close;

    s = trim(s);

    for (i = 0; i < s.n && !space(s.p[i]); i++) { /* void */ }

    open = shian_slice(s.p, i);
    close = trim(shian_slice(s.p + i, s.n - i));

    for (i = 0; i < close.n && !space(close.p[i]); i++) { /* void */ }

    if (open.n == 0 || close.n == 0 || i != close.n
        || open.n > MAX_DELIMITER || close.n > MAX_DELIMITER
        || memchr(s.p, '=', s.n) != NULL)
    {
        return fail(c, "malformed delimiters", s);
    }

    c->open = open;
    c->close = close;

    return true;
}


/*
 * Finds the next tag: its sigil (0 for a plain variable) and what it holds.
 * False at the end of the source or on an error, which then is in err.
 */
static bool
next_tag(compile_t *c, char *sigil, shian_str_t *inside)
{
    char         last[MAX_DELIMITER + 1];
    size_t       at, stop;
    shian_str_t  end;

    c->tag_at = find(c, c->from, c->open);

    if (c->tag_at == c->n) {
        return false;
    }

    for ( ; c->counted < c->tag_at; c->counted++) {
        c->line += c->src[c->counted] == '\n' && !c->text;
    }

    c->tag_line = c->line;
    at = c->tag_at + c->open.n;
    *sigil = '\0';
    end = c->close;

    if (at < c->n && memchr("!#^/>&={", c->src[at], 8) != NULL) {
        *sigil = (char) c->src[at++];
    }

    /* {{{name}}} and {{=a b=}} end with their own character as well. */
    if (*sigil == '{' || *sigil == '=') {
        last[0] = *sigil == '{' ? '}' : '=';
        memcpy(last + 1, c->close.p, c->close.n);
        end = shian_slice(last, c->close.n + 1);
    }

    stop = find(c, at, end);

    if (stop == c->n) {
        return fail(c, "tag is not closed", NOTHING);
    }

    *inside = shian_slice(c->src + at, stop - at);
    c->tag_end = stop + end.n;

    return true;
}


/*
 * Whether the tag has its line to itself; then *start is the start of that
 * line and *stop the start of the next.
 */
static bool
alone(const compile_t *c, size_t *start, size_t *stop)
{
    size_t  at;

    for (at = c->tag_at; at > c->from && blank(c->src[at - 1]); at--) {
        /* void */
    }

    if (at != 0 && c->src[at - 1] != '\n') {
        return false;
    }

    *start = at;

    for (at = c->tag_end; at < c->n && blank(c->src[at]); at++) { /* void */ }

    if (at + 1 < c->n && c->src[at] == '\r' && c->src[at + 1] == '\n') {
        at++;
    }

    if (at < c->n && c->src[at++] != '\n') {
        return false;
    }

    *stop = at;

    return true;
}


static bool
tag(compile_t *c, char sigil, shian_str_t inside)
{
    bool         single;
    size_t       start, stop;
    shian_str_t  name;

    name = trim(inside);
    start = stop = 0;
    single = sigil != '\0' && sigil != '&' && sigil != '{'
             && alone(c, &start, &stop);

    if (!flush(c, single ? start : c->tag_at, !single)) {
        return false;
    }

    c->from = single ? stop : c->tag_end;

    if (sigil == '!') {
        return true;
    }

    if (sigil == '=') {
        return set_delimiters(c, inside);
    }

    if (name.n == 0 || memchr(name.p, ' ', name.n) != NULL
        || memchr(name.p, '\n', name.n) != NULL
        || memchr(name.p, '\0', name.n) != NULL)
    {
        return fail(c, "malformed name", name);
    }

    switch (sigil) {

    case '#':
        return open_section(c, name, SHIAN_N_SECTION);

    case '^':
        return open_section(c, name, SHIAN_N_INVERTED);

    case '/':
        return close_section(c, name);

    case '>':
        return partial(c, name, single,
                       shian_slice(c->src + start, c->tag_at - start));

    default:
        return variable(c, name, sigil != '\0');
    }
}


bool
shian_mustache_compile(shian_arena_t *a, shian_template_t *t, uint32_t line,
    bool text, char *err, size_t errsize)
{
    char         sigil;
    compile_t    c;
    shian_str_t  inside;

    memset(&c, 0, sizeof(c));
    c.arena = a;
    c.t = t;
    c.src = t->source.p;
    c.n = t->source.n;
    c.open = SHIAN_STR("{{");
    c.close = SHIAN_STR("}}");
    c.line = line;
    c.tag_line = line;
    c.text = text;
    c.err = err;
    c.errsize = errsize;

    t->nodes = NULL;
    t->n = 0;
    err[0] = '\0';

    while (next_tag(&c, &sigil, &inside)) {
        if (!tag(&c, sigil, inside)) {
            return false;
        }
    }

    if (err[0] != '\0' || !flush(&c, c.n, false)) {
        return false;
    }

    if (c.depth != 0) {
        c.tag_line = t->nodes[c.sections[c.depth - 1]].line;
        return fail(&c, "section is not closed", c.names[c.depth - 1]);
    }

    return true;
}
