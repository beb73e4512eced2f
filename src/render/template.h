/*
 * Pages: mustache templates and language texts, compiled once.
 *
 * The language is mustache(5), https://mustache.github.io/mustache.5.html:
 * comments, variables (escaped: & < > " '), {{{raw}}} and {{& raw}},
 * sections, inverted sections, partials with indentation, set delimiters,
 * dotted names, the implicit iterator.  Beyond it:
 *
 *   {{t.some.key}}   text "some.key" of lang/<lang>.json, itself a template
 *                    in the present context; everything in it is escaped
 *                    once.  {{{t.some.key}}} leaves the text's own markup
 *                    alone; variables in it are escaped by their own tags.
 *   {{> body}}       the page's inner template
 *   {{.date}}        member of the present item: {{#days}}{{.date}}{{/days}}.
 *                    Without the dot a name is looked up in messages only,
 *                    innermost first, so no field is shadowed by a member.
 *   {{colour.text}}  members of scalars: see value.h.  A .text or .lang
 *                    without text writes the value itself and is falsy.
 *   {{frame.role}}   the frame's field, {{view.name}} the view's, wherever
 *                    an inner message has a field of the same name
 *
 * A name that a message's type has belongs to that message even when it is
 * absent there: a review without `reply` does not show its venue's.
 *
 * Compiled templates change only in what names remember (value.h), which
 * threads may share: rendering is safe in any thread.
 */

#ifndef SHIAN_TEMPLATE_H
#define SHIAN_TEMPLATE_H

#include "core/base.h"
#include "escape.h"
#include "mustache.h"
#include "value.h"

#define SHIAN_TEMPLATE_PARTIALS  32         /* partials, texts, nested */
#define SHIAN_TEMPLATE_SECTIONS  SHIAN_MAX_SECTIONS
#define SHIAN_TEMPLATE_STEPS     1000000    /* tags in one rendering */

/* {{> body}} includes what the page names. */
#define SHIAN_TEMPLATE_BODY  "body"

typedef struct shian_templates_s  shian_templates_t;

typedef struct {
    const char              *lang;          /* of shian_langs */
    int32_t                  tz_minutes;    /* east of UTC */
    const ProtobufCMessage  *frame;         /* may be NULL */
    const ProtobufCMessage  *view;          /* may be NULL; before frame */
    const char              *body;          /* inner template or NULL */
} shian_page_t;

/*
 * Compiles templates/ *.html, *.xml, *.txt (the name is the file's without
 * its extension) and lang/ *.json (flat, dotted keys) of the folders in html
 * (core/folders.h): a template or a text of an earlier folder takes the place
 * of a later one's, and only the last has to have them all.  NULL on
 * any error, with one line "file:line: cause" in err: unreadable, not UTF-8,
 * malformed, unknown partial, one that includes itself, text missing in a
 * language.  Free with shian_templates_free.  Reads files: not in the event
 * loop.
 */
shian_templates_t *shian_templates_load(const char *html, char *err,
    size_t errsize);

/* Frees a set; NULL is allowed. */
void shian_templates_free(shian_templates_t *t);

/*
 * A set from memory: new, then add and add_text, then link.  Sources are
 * copied; `name` is the template's name, `file` what errors call it.  Any
 * thread, one at a time.
 */
shian_templates_t *shian_templates_new(void);
bool shian_templates_add(shian_templates_t *t, const char *name,
    const char *file, shian_str_t source, char *err, size_t errsize);
bool shian_templates_add_text(shian_templates_t *t, const char *lang,
    const char *key, shian_str_t source, char *err, size_t errsize);

/*
 * Ties partials and texts to their templates.  False names the first one
 * missing; what was found is tied all the same and the missing renders as
 * nothing.
 */
bool shian_templates_link(shian_templates_t *t, char *err, size_t errsize);

/* The compiled text `key` of `lang`, borrowed, or NULL. */
const shian_template_t *shian_templates_text(const shian_templates_t *t,
    const char *lang, const char *key);

/* The compiled template `name`, borrowed, or NULL. */
const shian_template_t *shian_templates_named(const shian_templates_t *t,
    const char *name);

/* The texts of `lang`, or the templates for NULL: *n of them, borrowed. */
const shian_template_t *const *shian_templates_all(
    const shian_templates_t *t, const char *lang, size_t *n);

/*
 * Says which view the template `name` was checked for (check.h): it is
 * rendered over no other from now on.  Nothing where there is none.
 */
void shian_templates_type(shian_templates_t *t, const char *name,
    const ProtobufCMessageDescriptor *view);

/*
 * Writes template `name` for page.  False when there is no such template or
 * body, it was checked for another view, a bound above was passed, or the
 * sink failed; what was written by then is not a page.
 */
bool shian_template_render(const shian_templates_t *t, const char *name,
    const shian_page_t *page, shian_sink_t *sink);

/* The same over JSON data (borrowed) instead of messages; language zh. */
bool shian_template_render_json(const shian_templates_t *t, const char *name,
    json_t *data, shian_sink_t *sink);

#endif /* SHIAN_TEMPLATE_H */
