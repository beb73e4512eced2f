/* The set of templates and texts: from files to linked nodes. */

#include "template.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"
#include "core/folders.h"
#include "core/text.h"
#include "lang.h"

#define MAX_FILE  (1u << 20)

/* slots has places for twice as many as v, by the hash of their names. */
typedef struct {
    shian_template_t  **v;
    shian_template_t  **slots;
    size_t              n;
    size_t              size;       /* of v: a power of two */
} table_t;

struct shian_templates_s {
    shian_arena_t  arena;
    table_t        templates;
    table_t        texts[SHIAN_LANGS];
};

/* Where a message about something wrong goes. */
typedef struct {
    char    *p;
    size_t   n;
} cause_t;


static bool
fail(const cause_t *err, const char *file, uint32_t line, const char *cause,
    const char *what)
{
    (void) snprintf(err->p, err->n, "%s:%u: %s%s%.80s", file, line, cause,
                    *what == '\0' ? "" : ": ", what);
    return false;
}


/* ---- tables ---- */

/* Where `name` is in slots, or belongs: FNV-1a, then the next free one. */
static shian_template_t **
slot(const table_t *t, const char *name)
{
    size_t       at;
    uint32_t     h;
    const char  *p;

    h = UINT32_C(2166136261);

    for (p = name; *p != '\0'; p++) {
        h = (h ^ (uint8_t) *p) * UINT32_C(16777619);
    }

    at = h & (2 * t->size - 1);

    while (t->slots[at] != NULL && strcmp(t->slots[at]->name, name) != 0) {
        at = (at + 1) & (2 * t->size - 1);
    }

    return &t->slots[at];
}


static shian_template_t *
lookup(const table_t *t, const char *name)
{
    return t->n == 0 ? NULL : *slot(t, name);
}


static bool
insert(shian_arena_t *a, table_t *t, shian_template_t *item)
{
    size_t    i;
    table_t   grown;

    if (t->n == t->size) {
        grown.n = t->n;
        grown.size = t->size == 0 ? 64 : t->size * 2;
        grown.v = shian_array(a, grown.size, sizeof(*grown.v));
        grown.slots = shian_array(a, grown.size * 2, sizeof(*grown.slots));

        if (grown.v == NULL || grown.slots == NULL) {
            return false;
        }

        for (i = 0; i < t->n; i++) {
            grown.v[i] = t->v[i];
            *slot(&grown, t->v[i]->name) = t->v[i];
        }

        *t = grown;
    }

    t->v[t->n++] = item;
    *slot(t, item->name) = item;

    return true;
}


/* The line where it stops being UTF-8. */
static uint32_t
broken_line(shian_str_t source, uint32_t line)
{
    size_t          n;
    const uint8_t  *lf;

    while ((lf = memchr(source.p, '\n', source.n)) != NULL) {
        n = (size_t) (lf - source.p) + 1;

        if (!shian_utf8_valid(shian_slice(source.p, n))) {
            break;
        }

        source.p += n;
        source.n -= n;
        line++;
    }

    return line;
}


static bool
add(shian_templates_t *set, table_t *table, const char *name,
    const char *file, uint32_t line, bool text, shian_str_t source,
    const cause_t *err)
{
    char              *copy;
    shian_template_t  *t;

    if (lookup(table, name) != NULL) {
        return fail(err, file, line, "two of this name", name);
    }

    t = shian_zalloc(&set->arena, sizeof(*t));
    copy = shian_strdup(&set->arena, source);

    if (t == NULL || copy == NULL) {
        return fail(err, file, line, "out of memory", "");
    }

    if (!shian_utf8_valid(source)) {
        return fail(err, file, broken_line(source, line), "is not UTF-8",
                    "");
    }

    t->name = shian_strdup(&set->arena, shian_str(name));
    t->file = shian_strdup(&set->arena, shian_str(file));
    t->source = shian_slice(copy, source.n);

    if (t->name == NULL || t->file == NULL) {
        return fail(err, file, line, "out of memory", "");
    }

    if (!shian_mustache_compile(&set->arena, t, line, text, err->p, err->n)) {
        return false;
    }

    return insert(&set->arena, table, t)
           || fail(err, file, line, "out of memory", "");
}


shian_templates_t *
shian_templates_new(void)
{
    shian_templates_t  *set;

    set = calloc(1, sizeof(*set));
    if (set != NULL) {
        shian_arena_init(&set->arena, NULL, NULL);
    }

    return set;
}


void
shian_templates_free(shian_templates_t *set)
{
    if (set != NULL) {
        shian_arena_free(&set->arena);
        free(set);
    }
}


bool
shian_templates_add(shian_templates_t *set, const char *name,
    const char *file, shian_str_t source, char *err, size_t errsize)
{
    cause_t  e = { err, errsize };

    return add(set, &set->templates, name, file, 1, false, source, &e);
}


bool
shian_templates_add_text(shian_templates_t *set, const char *lang,
    const char *key, shian_str_t source, char *err, size_t errsize)
{
    cause_t  e = { err, errsize };

    return add(set, &set->texts[shian_lang_index(lang)], key, lang, 1, true,
               source, &e);
}


const shian_template_t *
shian_templates_named(const shian_templates_t *set, const char *name)
{
    return lookup(&set->templates, name);
}


const shian_template_t *
shian_templates_text(const shian_templates_t *set, const char *lang,
    const char *key)
{
    return lookup(&set->texts[shian_lang_index(lang)], key);
}


const shian_template_t *const *
shian_templates_all(const shian_templates_t *set, const char *lang,
    size_t *n)
{
    const table_t  *t;

    t = lang == NULL ? &set->templates : &set->texts[shian_lang_index(lang)];
    *n = t->n;

    return (const shian_template_t *const *) t->v;
}


void
shian_templates_type(shian_templates_t *set, const char *name,
    const ProtobufCMessageDescriptor *view)
{
    shian_template_t  *t;

    t = lookup(&set->templates, name);

    if (t != NULL) {
        t->view = view;
    }
}


/* ---- links ---- */

static bool
link_partial(shian_templates_t *set, const shian_template_t *t,
    shian_node_t *node, const cause_t *err)
{
    if (strcmp(node->name, SHIAN_TEMPLATE_BODY) == 0) {
        return true;
    }

    node->targets[0] = lookup(&set->templates, node->name);

    return node->targets[0] != NULL
           || fail(err, t->file, node->line, "no such partial", node->name);
}


static bool
link_text(shian_templates_t *set, const shian_template_t *t,
    shian_node_t *node, const cause_t *err)
{
    size_t  i, missing;
    char    cause[64];

    for (i = 0, missing = SHIAN_LANGS; i < SHIAN_LANGS; i++) {
        node->targets[i] = lookup(&set->texts[i], node->name);

        if (node->targets[i] == NULL) {
            missing = i;
        }
    }

    if (missing == SHIAN_LANGS) {
        return true;
    }

    (void) snprintf(cause, sizeof(cause), "no such text in lang/%s.json",
                    shian_langs[missing]);

    return fail(err, t->file, node->line, cause, node->name);
}


/* Ties one table; an error is reported once, the rest is tied all the same. */
static bool
link_table(shian_templates_t *set, const table_t *table, bool ok,
    const cause_t *err)
{
    bool           tied;
    size_t         i, j;
    cause_t        unheard = { NULL, 0 };
    shian_node_t  *node;

    for (i = 0; i < table->n; i++) {
        for (j = 0; j < table->v[i]->n; j++) {
            node = &table->v[i]->nodes[j];

            if (node->name == NULL) {
                continue;
            }

            if (node->targets == NULL) {
                node->targets = shian_array(&set->arena, SHIAN_LANGS,
                                            sizeof(*node->targets));
                if (node->targets == NULL) {
                    return fail(err, table->v[i]->file, node->line,
                                "out of memory", "");
                }
            }

            tied = node->kind == SHIAN_N_PARTIAL
                   ? link_partial(set, table->v[i], node, ok ? err : &unheard)
                   : link_text(set, table->v[i], node, ok ? err : &unheard);
            ok = ok && tied;
        }
    }

    return ok;
}


bool
shian_templates_link(shian_templates_t *set, char *err, size_t errsize)
{
    bool     ok;
    size_t   i;
    cause_t  e = { err, errsize };

    ok = link_table(set, &set->templates, true, &e);

    for (i = 0; i < SHIAN_LANGS; i++) {
        ok = link_table(set, &set->texts[i], ok, &e);
    }

    return ok;
}


/* ---- files ---- */

/* The whole of a file, from malloc. */
static char *
read_file(const char *path, size_t *n, const cause_t *err)
{
    char  *p;
    FILE  *f;

    f = fopen(path, "re");
    if (f == NULL) {
        (void) fail(err, path, 0, "cannot be opened", strerror(errno));
        return NULL;
    }

    p = malloc(MAX_FILE + 1);
    *n = p == NULL ? 0 : fread(p, 1, MAX_FILE + 1, f);

    if (p == NULL || ferror(f) || *n > MAX_FILE) {
        (void) fail(err, path, 0, p == NULL ? "out of memory" : *n > MAX_FILE
                    ? "larger than 1 MiB" : "cannot be read", "");
        free(p);
        p = NULL;
    }

    (void) fclose(f);

    return p;
}


/* The line of a JSON file that has "key", for errors. */
static uint32_t
key_line(const char *json, size_t n, const char *key)
{
    char         quoted[128];
    int          len;
    uint32_t     line;
    const char  *at, *p;

    len = snprintf(quoted, sizeof(quoted), "\"%s\"", key);

    at = len < 0 || (size_t) len >= sizeof(quoted)
         ? NULL : memmem(json, n, quoted, (size_t) len);

    for (line = 1, p = json; at != NULL && p < at; p++) {
        line += *p == '\n';
    }

    return line;
}


static bool
add_texts(shian_templates_t *set, size_t lang, const char *path,
    const char *source, size_t n, json_t *texts, const cause_t *err)
{
    json_t      *value;
    const char  *key;

    json_object_foreach(texts, key, value) {
        if (!json_is_string(value)) {
            return fail(err, path, key_line(source, n, key),
                        "text is not a string", key);
        }

        /* An earlier folder's stands. */
        if (lookup(&set->texts[lang], key) != NULL) {
            continue;
        }

        if (!add(set, &set->texts[lang], key, path,
                 key_line(source, n, key), true,
                 shian_slice(json_string_value(value),
                             json_string_length(value)),
                 err))
        {
            return false;
        }
    }

    return true;
}


/* Only the last folder has to have all; one before it has what differs. */
static bool
absent(const char *path, bool last)
{
    return !last && access(path, F_OK) != 0 && errno == ENOENT;
}


static bool
load_lang(shian_templates_t *set, const char *dir, bool last, size_t lang,
    const cause_t *err)
{
    bool          ok;
    char         *path, *source;
    size_t        n;
    json_t       *texts;
    json_error_t  e;

    path = shian_printf(&set->arena, "%s/lang/%s.json", dir,
                        shian_langs[lang]);
    if (path == NULL) {
        return fail(err, dir, 0, "out of memory", "");
    }

    if (absent(path, last)) {
        return true;
    }

    source = read_file(path, &n, err);
    if (source == NULL) {
        return false;
    }

    texts = json_loadb(source, n, JSON_REJECT_DUPLICATES, &e);

    if (texts == NULL) {
        ok = fail(err, path, (uint32_t) (e.line < 0 ? 0 : e.line), e.text,
                  "");
    } else if (!json_is_object(texts)) {
        ok = fail(err, path, 1, "not an object of texts", "");

    } else {
        ok = add_texts(set, lang, path, source, n, texts, err);
    }

    json_decref(texts);
    free(source);

    return ok;
}


static int
is_template(const struct dirent *entry)
{
    const char  *dot;

    dot = strrchr(entry->d_name, '.');

    return dot != NULL && dot != entry->d_name
           && (strcmp(dot, ".html") == 0 || strcmp(dot, ".xml") == 0
               || strcmp(dot, ".txt") == 0);
}


static bool
load_template(shian_templates_t *set, const char *dir, const char *file,
    const cause_t *err)
{
    bool    ok;
    char   *path, *name, *source;
    size_t  n;

    path = shian_printf(&set->arena, "%s/%s", dir, file);
    name = shian_strdup(&set->arena,
                shian_slice(file, (size_t) (strrchr(file, '.') - file)));

    if (path == NULL || name == NULL) {
        return fail(err, dir, 0, "out of memory", "");
    }

    if (lookup(&set->templates, name) != NULL) {
        return true;            /* an earlier folder's stands */
    }

    source = read_file(path, &n, err);
    if (source == NULL) {
        return false;
    }

    ok = add(set, &set->templates, name, path, 1, false,
             shian_slice(source, n), err);
    free(source);

    return ok;
}


static bool
load_templates(shian_templates_t *set, const char *html, bool last,
    const cause_t *err)
{
    int              i, n;
    bool             ok;
    char            *dir;
    struct dirent  **entries;

    dir = shian_printf(&set->arena, "%s/templates", html);
    if (dir == NULL) {
        return fail(err, html, 0, "out of memory", "");
    }

    if (absent(dir, last)) {
        return true;
    }

    n = scandir(dir, &entries, is_template, alphasort);
    if (n < 0) {
        return fail(err, dir, 0, "cannot be read", strerror(errno));
    }

    for (i = 0, ok = true; i < n; i++) {
        ok = ok && load_template(set, dir, entries[i]->d_name, err);
        free(entries[i]);
    }

    free(entries);

    return ok;
}


shian_templates_t *
shian_templates_load(const char *html, char *err, size_t errsize)
{
    bool                ok, last;
    char               *dir;
    size_t              i;
    cause_t             e = { err, errsize };
    const char         *rest;
    shian_str_t         folder;
    shian_templates_t  *set;

    set = shian_templates_new();
    if (set == NULL) {
        (void) fail(&e, html, 0, "out of memory", "");
        return NULL;
    }

    for (ok = true, rest = html;
         ok && shian_folders_next(&rest, &folder); )
    {
        last = *rest == '\0';
        dir = shian_strdup(&set->arena, folder);
        ok = dir != NULL ? load_templates(set, dir, last, &e)
                         : fail(&e, html, 0, "out of memory", "");

        for (i = 0; ok && i < SHIAN_LANGS; i++) {
            ok = load_lang(set, dir, last, i, &e);
        }
    }

    if (!ok || !shian_templates_link(set, err, errsize)
        || !shian_templates_loops(set, err, errsize))
    {
        shian_templates_free(set);
        return NULL;
    }

    return set;
}
