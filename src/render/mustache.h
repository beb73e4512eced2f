/*
 * The mustache compiler: one source becomes a flat array of nodes, a section
 * being followed by what it holds.  template.c links and renders them.
 */

#ifndef SHIAN_MUSTACHE_H
#define SHIAN_MUSTACHE_H

#include "core/base.h"
#include "value.h"

#define SHIAN_MAX_SECTIONS  64

typedef struct shian_template_s  shian_template_t;

typedef enum {
    SHIAN_N_LITERAL,
    SHIAN_N_VARIABLE,
    SHIAN_N_RAW,                /* a variable, not escaped */
    SHIAN_N_TEXT,               /* {{t.key}} */
    SHIAN_N_RAW_TEXT,
    SHIAN_N_SECTION,
    SHIAN_N_INVERTED,
    SHIAN_N_PARTIAL
} shian_node_kind_t;

typedef struct {
    shian_node_kind_t  kind;
    uint32_t           line;    /* in the file, for errors */
    uint32_t           end;     /* sections: the node after their last */
    uint16_t           nparts;  /* of a dotted name; 0: "." */
    bool               inner;   /* the name began with a dot */
    bool               bol;     /* LITERAL: begins a line of the source;
                                   PARTIAL: stands alone on its line */
    shian_str_t        s;       /* LITERAL: bytes; PARTIAL: indentation */
    shian_str_t        escaped; /* LITERAL of a text: s as HTML */
    const char        *name;    /* PARTIAL: template; TEXT: key */
    shian_name_t      *parts;
    const shian_template_t  **targets;  /* PARTIAL: one; TEXT: by language */
} shian_node_t;

struct shian_template_s {
    const char        *name;
    const char        *file;
    shian_str_t        source;  /* NUL-terminated */
    shian_node_t      *nodes;
    size_t             n;
    const ProtobufCMessageDescriptor  *view;    /* it was checked for, or
                                                   NULL */
};

/*
 * Compiles t->source into t->nodes, allocated from a and borrowing from the
 * source.  `line` is the number of its first line in t->file; `text` says
 * that it is a language text: without partials, all on one line.  False with
 * "file:line: cause" in err.  Any thread.
 */
bool shian_mustache_compile(shian_arena_t *a, shian_template_t *t,
    uint32_t line, bool text, char *err, size_t errsize);

#endif /* SHIAN_MUSTACHE_H */
