#include "bind.h"
#include "bind_value.h"
#include "text.h"

#include <jansson.h>

#define MAX_WRONG_NAME  64      /* of an unknown name, bytes in the report */

typedef struct {
    shian_arena_t             *arena;
    const shian_field_rule_t  *rules;
    size_t                     nrules;
    const char *const         *ignore;
    shian_report_t            *report;
} bind_t;

/* One field of one message: where values go, and what they must be. */
typedef struct {
    bind_t                          *b;
    ProtobufCMessage                *message;
    const char                      *path;      /* "items[2]." */
    const shian_field_rule_t        *rule;
    const ProtobufCFieldDescriptor  *field;
} target_t;


/* ---- what is wrong ---- */

static bool
no_memory(bind_t *b)
{
    return shian_fail(b->report, 500, "server", "Out of memory.");
}


static bool
bad_rules(bind_t *b)
{
    return shian_fail(b->report, 500, "server",
                      "The rules of the fields do not fit the schema.");
}


/* Always false. */
static bool
wrong(bind_t *b, const char *path, shian_str_t name, const char *code,
    const char *detail)
{
    char  *at;

    /* An unknown name is the client's: cut, but not inside a character. */
    if (name.n > MAX_WRONG_NAME) {
        for (name.n = MAX_WRONG_NAME; name.n > 0
             && (name.p[name.n] & 0xc0) == 0x80; name.n--)
        {
            /* void */
        }
    }

    at = shian_printf(b->arena, "%s%.*s", path, SHIAN_FMT(name));
    if (at == NULL) {
        return no_memory(b);
    }

    shian_fail_field(b->report, at, code, detail);

    return false;
}


static bool
wrong_field(const target_t *t, const char *code, const char *detail)
{
    return wrong(t->b, t->path, shian_str(t->rule->field), code, detail);
}


/* Takes the codes of shian_value_bind. */
static bool
refuse(const target_t *t, const char *code)
{
    if (code == shian_value_memory) {
        return no_memory(t->b);
    }

    return code == shian_value_rules ? bad_rules(t->b)
                                     : wrong_field(t, code, NULL);
}


/* ---- fields ---- */

static void *
member(const target_t *t, size_t offset)
{
    return (uint8_t *) t->message + offset;
}


static size_t
max_count(const target_t *t)
{
    return t->rule->max == 0 ? SHIAN_DEFAULT_COUNT : t->rule->max;
}


/* Where the i-th of n values goes; a repeated field gets its array. */
static void *
slot(const target_t *t, size_t i, size_t n)
{
    void    *array;
    size_t   size;

    if (t->field->label != PROTOBUF_C_LABEL_REPEATED) {
        return member(t, t->field->offset);
    }

    size = shian_value_size(t->field);
    memcpy(&array, member(t, t->field->offset), sizeof(array));

    if (array == NULL) {
        array = shian_array(t->b->arena, n < max_count(t) ? n : max_count(t),
                            size);
        if (array == NULL) {
            no_memory(t->b);
            return NULL;
        }

        memcpy(member(t, t->field->offset), &array, sizeof(array));
    }

    return (uint8_t *) array + i * size;
}


/* Says that n values are in place, and whether that many may be. */
static bool
set_count(const target_t *t, size_t n)
{
    if (n == 0) {
        return (t->rule->flags & SHIAN_REQUIRED) == 0
               || wrong_field(t, "required", NULL);
    }

    if (t->field->label == PROTOBUF_C_LABEL_REPEATED) {
        *(size_t *) member(t, t->field->quantifier_offset) = n;
        return n >= t->rule->min || wrong_field(t, "too_short", NULL);
    }

    if (t->field->type != PROTOBUF_C_TYPE_STRING
        && t->field->type != PROTOBUF_C_TYPE_MESSAGE
        && t->field->label == PROTOBUF_C_LABEL_OPTIONAL)
    {
        *(protobuf_c_boolean *) member(t, t->field->quantifier_offset) = true;
    }

    return true;
}


/* Binds the n values that were given for one field. */
static bool
bind_values(const target_t *t, const shian_str_t *values, size_t n)
{
    bool          repeated;
    void         *to;
    size_t        i, given;
    const char   *code;
    shian_str_t   s;

    repeated = t->field->label == PROTOBUF_C_LABEL_REPEATED;

    if (n > 1 && !repeated) {
        return wrong_field(t, "duplicate", NULL);
    }

    for (i = 0, given = 0; i < n; i++) {
        if (values[i].n > SHIAN_TEXT_MAX) {
            return wrong_field(t, "too_long", NULL);
        }

        if (!shian_text_clean(t->b->arena, values[i],
                              (t->rule->flags & SHIAN_MULTILINE) != 0, &s))
        {
            return wrong_field(t, "pattern", "Not UTF-8 text.");
        }

        if (s.n == 0) {
            continue;
        }

        if (repeated && given == max_count(t)) {
            return wrong_field(t, "too_long", "Too many values.");
        }

        to = slot(t, given, n);
        if (to == NULL) {
            return false;
        }

        code = shian_value_bind(t->b->arena, t->rule, t->field, s, to);
        if (code != NULL) {
            return refuse(t, code);
        }

        given++;
    }

    return set_count(t, given);
}


/* ---- messages ---- */

static ProtobufCMessage *
new_message(bind_t *b, const ProtobufCMessageDescriptor *desc)
{
    ProtobufCMessage  *m;

    m = shian_zalloc(b->arena, desc->sizeof_message);
    if (m == NULL) {
        no_memory(b);
        return NULL;
    }

    protobuf_c_message_init(desc, m);

    return m;
}


/* The next rule for the target's message at or after *i, with its field. */
static bool
next_rule(target_t *t, size_t *i)
{
    for ( /* void */ ; *i < t->b->nrules; (*i)++) {
        t->rule = &t->b->rules[*i];

        if (t->rule->message != t->message->descriptor) {
            continue;
        }

        t->field = protobuf_c_message_descriptor_get_field_by_name(
                       t->rule->message, t->rule->field);

        if (t->field == NULL || shian_value_size(t->field) == 0) {
            return bad_rules(t->b);
        }

        (*i)++;

        return true;
    }

    return false;
}


static bool
is_known(const bind_t *b, const ProtobufCMessageDescriptor *desc,
    shian_str_t name)
{
    size_t  i;

    for (i = 0; i < b->nrules; i++) {
        if (b->rules[i].message == desc
            && shian_str_is(name, b->rules[i].field))
        {
            return true;
        }
    }

    return false;
}


static bool
is_ignored(const bind_t *b, shian_str_t name)
{
    size_t  i;

    for (i = 0; b->ignore != NULL && b->ignore[i] != NULL; i++) {
        if (shian_str_is(name, b->ignore[i])) {
            return true;
        }
    }

    return false;
}


static bool
finish(bind_t *b, ProtobufCMessage *m, ProtobufCMessage **out)
{
    *out = b->report->status == 200 ? m : NULL;

    return *out != NULL;
}


bool
shian_bind_pairs(shian_arena_t *a, const shian_field_rule_t *rules,
    size_t nrules, const ProtobufCMessageDescriptor *desc,
    const shian_pair_t *pairs, size_t n, const char *const *ignore,
    ProtobufCMessage **out, shian_report_t *report)
{
    size_t        i, j, given;
    bind_t        b = { a, rules, nrules, ignore, report };
    target_t      t = { .b = &b, .path = "" };
    shian_str_t  *values;

    *out = NULL;
    t.message = new_message(&b, desc);
    values = shian_array(a, n + 1, sizeof(shian_str_t));

    if (t.message == NULL || values == NULL) {
        return no_memory(&b);
    }

    /* By the rules' order, which is the order of fields on a page. */
    for (i = 0; next_rule(&t, &i); /* void */) {
        for (j = 0, given = 0; j < n; j++) {
            if (shian_str_is(pairs[j].name, t.rule->field)) {
                values[given++] = pairs[j].value;
            }
        }

        if (t.field->type != PROTOBUF_C_TYPE_MESSAGE) {
            (void) bind_values(&t, values, given);

        } else if (given != 0) {
            (void) wrong_field(&t, "unknown", NULL);
        }
    }

    for (i = 0; i < n; i++) {
        if (!is_known(&b, desc, pairs[i].name)
            && !is_ignored(&b, pairs[i].name))
        {
            (void) wrong(&b, "", pairs[i].name, "unknown", NULL);
        }
    }

    return finish(&b, t.message, out);
}


/* ---- JSON ---- */

/* jansson nests to 2,048; nothing of ours comes near SHIAN_MAX_JSON_DEPTH. */
static bool
is_shallow(shian_str_t s)
{
    bool    quoted;
    size_t  i, depth;

    for (i = 0, depth = 0, quoted = false; i < s.n; i++) {
        if (quoted && s.p[i] == '\\') {
            i++;

        } else if (s.p[i] == '"') {
            quoted = !quoted;

        } else if (quoted) {
            continue;

        } else if (s.p[i] == '{' || s.p[i] == '[') {
            if (++depth > SHIAN_MAX_JSON_DEPTH) {
                return false;
            }

        } else if (s.p[i] == '}' || s.p[i] == ']') {
            depth -= depth != 0;
        }
    }

    return true;
}


/* The text that a scalar would have in a form; false: not of this field. */
static bool
json_text(const target_t *t, const json_t *v, shian_str_t *out)
{
    char  *z;
    bool   number;

    if (json_is_string(v)) {
        *out = shian_slice(json_string_value(v), json_string_length(v));
        return true;
    }

    number = t->field->type == PROTOBUF_C_TYPE_UINT32
             || t->field->type == PROTOBUF_C_TYPE_UINT64
             || t->field->type == PROTOBUF_C_TYPE_INT32
             || t->field->type == PROTOBUF_C_TYPE_SINT32
             || t->field->type == PROTOBUF_C_TYPE_DOUBLE;

    if (json_is_integer(v) && number) {
        z = shian_printf(t->b->arena, "%lld",
                         (long long) json_integer_value(v));

    } else if (json_is_real(v) && number) {
        /* 15 digits: 7.26 comes back as it was written. */
        z = shian_printf(t->b->arena, "%.15g", json_real_value(v));

    } else if (json_is_boolean(v)
               && t->field->type == PROTOBUF_C_TYPE_BOOL)
    {
        z = shian_printf(t->b->arena, "%d", (int) json_is_true(v));

    } else {
        return false;
    }

    *out = shian_str(z);

    return z != NULL || no_memory(t->b);
}


static bool
bind_object(bind_t *b, const json_t *object, ProtobufCMessage *m,
    const char *path);


/* Binds one object into a message of its own, at the i-th place of n. */
static bool
bind_message(const target_t *t, const json_t *v, size_t i, size_t n)
{
    bool               repeated;
    void              *to;
    const char        *path;
    ProtobufCMessage  *m;

    repeated = t->field->label == PROTOBUF_C_LABEL_REPEATED;

    if (!json_is_object(v)) {
        return wrong_field(t, "pattern", "Not an object.");
    }

    to = slot(t, i, n);
    if (to == NULL) {
        return false;
    }

    m = new_message(t->b, t->field->descriptor);
    path = repeated ? shian_printf(t->b->arena, "%s%s[%zu].", t->path,
                                   t->rule->field, i)
                    : shian_printf(t->b->arena, "%s%s.", t->path,
                                   t->rule->field);

    if (m == NULL || path == NULL) {
        return no_memory(t->b);
    }

    memcpy(to, &m, sizeof(m));

    return bind_object(t->b, v, m, path);
}


static bool
bind_messages(const target_t *t, const json_t *value)
{
    bool    ok;
    size_t  i, n;

    if (value == NULL || json_is_null(value)) {
        return set_count(t, 0);
    }

    if (t->field->label != PROTOBUF_C_LABEL_REPEATED) {
        return bind_message(t, value, 0, 1) && set_count(t, 1);
    }

    if (!json_is_array(value)) {
        return wrong_field(t, "pattern", "Not an array.");
    }

    n = json_array_size(value);
    if (n > max_count(t)) {
        return wrong_field(t, "too_long", "Too many values.");
    }

    for (i = 0, ok = true; i < n; i++) {
        ok = bind_message(t, json_array_get(value, i), i, n) && ok;
    }

    return ok && set_count(t, n);
}


static bool
bind_scalars(const target_t *t, const json_t *value)
{
    size_t         i, n;
    shian_str_t    one, *values;

    if (value == NULL || json_is_null(value)) {
        return bind_values(t, NULL, 0);
    }

    if (t->field->label != PROTOBUF_C_LABEL_REPEATED) {
        return json_text(t, value, &one)
               ? bind_values(t, &one, 1)
               : wrong_field(t, "pattern", "Not of the field's type.");
    }

    if (!json_is_array(value)) {
        return wrong_field(t, "pattern", "Not an array.");
    }

    n = json_array_size(value);
    values = shian_array(t->b->arena, n + 1, sizeof(shian_str_t));

    if (values == NULL) {
        return no_memory(t->b);
    }

    for (i = 0; i < n; i++) {
        if (!json_text(t, json_array_get(value, i), &values[i])) {
            return wrong_field(t, "pattern", "Not of the field's type.");
        }
    }

    return bind_values(t, values, n);
}


static bool
bind_object(bind_t *b, const json_t *object, ProtobufCMessage *m,
    const char *path)
{
    size_t         i;
    target_t       t = { .b = b, .message = m, .path = path };
    const char    *name;
    const json_t  *value;

    for (i = 0; next_rule(&t, &i); /* void */) {
        value = json_object_get(object, t.rule->field);

        if (t.field->type == PROTOBUF_C_TYPE_MESSAGE) {
            (void) bind_messages(&t, value);
        } else {
            (void) bind_scalars(&t, value);
        }
    }

    json_object_foreach((json_t *) object, name, value) {
        if (!is_known(b, m->descriptor, shian_str(name))
            && !(*path == '\0' && is_ignored(b, shian_str(name))))
        {
            (void) wrong(b, path, shian_str(name), "unknown", NULL);
        }
    }

    return b->report->status == 200;
}


bool
shian_bind_json(shian_arena_t *a, const shian_field_rule_t *rules,
    size_t nrules, const ProtobufCMessageDescriptor *desc, shian_str_t json,
    const char *const *ignore, ProtobufCMessage **out,
    shian_report_t *report)
{
    bind_t             b = { a, rules, nrules, ignore, report };
    json_t            *root;
    json_error_t       error;
    ProtobufCMessage  *m;

    *out = NULL;

    if (!is_shallow(json)) {
        return shian_fail(report, 400, "malformed", "JSON nested too deep.");
    }

    root = json_loadb((const char *) json.p, json.n, JSON_REJECT_DUPLICATES,
                      &error);

    if (!json_is_object(root)) {
        json_decref(root);
        return shian_fail(report, 400, "malformed", "Not a JSON object.");
    }

    m = new_message(&b, desc);

    if (m != NULL) {
        (void) bind_object(&b, root, m, "");
    }

    json_decref(root);

    return finish(&b, m, out);
}


shian_str_t
shian_json_get(shian_arena_t *a, shian_str_t json, const char *name)
{
    json_t       *root, *value;
    shian_str_t   s;

    /* Most that is asked for is not there: told without parsing it all. */
    if (json.n == 0
        || (memmem(json.p, json.n, name, strlen(name)) == NULL
            && memchr(json.p, '\\', json.n) == NULL)
        || !is_shallow(json))
    {
        return SHIAN_NONE;
    }

    root = json_loadb((const char *) json.p, json.n, JSON_REJECT_DUPLICATES,
                      NULL);
    value = json_object_get(root, name);
    s = SHIAN_NONE;

    if (json_is_string(value)) {
        s = shian_str(shian_strdup(a, shian_slice(json_string_value(value),
                                              json_string_length(value))));
    }

    json_decref(root);

    return s;
}


bool
shian_bind_check(const shian_field_rule_t *rules, size_t nrules, size_t *bad)
{
    size_t                           i;
    const shian_field_rule_t        *r;
    const ProtobufCFieldDescriptor  *f;

    for (i = 0; i < nrules; i++) {
        r = &rules[i];
        *bad = i;

        f = r->message == NULL || r->field == NULL ? NULL
            : protobuf_c_message_descriptor_get_field_by_name(r->message,
                                                              r->field);

        if (f == NULL || shian_value_size(f) == 0
            || (r->max != 0 && r->min > r->max)
            || ((r->flags & SHIAN_SEALED) != 0
                && f->type != PROTOBUF_C_TYPE_BYTES)
            || (r->pattern != NULL
                && ((f->type != PROTOBUF_C_TYPE_STRING
                     && (r->flags & SHIAN_SEALED) == 0)
                    || !shian_value_pattern(r->pattern))))
        {
            return false;
        }
    }

    return true;
}
