#include "csv.h"

#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

typedef enum {
    SNIFF = 0,          /* the first line is being collected */
    START,              /* at the first byte of a field */
    PLAIN,
    QUOTED,
    CLOSED,             /* just after a quote inside QUOTED */
    SKIP,               /* in error: to the end of the line */
    JSON
} state_e;

struct shian_rows_s {
    shian_sink_t    sink;       /* first */
    shian_row_pt    fn;
    void           *ctx;
    char            format;
    state_e         state;

    bool            seen;       /* SNIFF: something but space has come */
    bool            quote;      /* SNIFF: inside quotes */
    bool            cr;         /* the last byte was CR */
    bool            header;     /* the names are known */

    uint64_t        row;
    uint64_t        line;       /* of the next byte */
    uint64_t        start;      /* of the record */
    const char     *error;

    uint8_t        *buf;        /* the record; fields without separators */
    size_t          n;
    size_t          size;
    size_t          field;      /* where in buf the present field begins */
    size_t          nvalues;
    size_t          offset[SHIAN_ROWS_COLUMNS + 1];

    size_t          ncolumns;
    shian_str_t     name[SHIAN_ROWS_COLUMNS];
    shian_str_t     value[SHIAN_ROWS_COLUMNS];
    shian_arena_t   names;
    shian_arena_t   text;       /* of one JSON row */
};

static bool rows_write(shian_sink_t *s, const void *p, size_t n);
static bool parse_csv(shian_rows_t *r, const uint8_t *p, size_t n);
static bool parse_json(shian_rows_t *r, const uint8_t *p, size_t n);


shian_rows_t *
shian_rows_open(char format, shian_row_pt row, void *ctx)
{
    shian_rows_t  *r;

    r = calloc(1, sizeof(*r));
    if (r == NULL) {
        return NULL;
    }

    r->sink.write = rows_write;
    r->fn = row;
    r->ctx = ctx;
    r->format = format;
    r->line = 1;
    r->start = 1;
    shian_arena_init(&r->names, NULL, NULL);
    shian_arena_init(&r->text, NULL, NULL);

    return r;
}


shian_sink_t *
shian_rows_sink(shian_rows_t *r)
{
    return &r->sink;
}


char
shian_rows_format(const shian_rows_t *r)
{
    return r->format;
}


void
shian_rows_free(shian_rows_t *r)
{
    if (r == NULL) {
        return;
    }

    shian_arena_free(&r->names);
    shian_arena_free(&r->text);
    free(r->buf);
    free(r);
}


static bool
push(shian_rows_t *r, uint8_t c)
{
    size_t    size;
    uint8_t  *grown;

    if (r->n == r->size) {
        size = r->size == 0 ? 4096 : r->size * 2;

        grown = realloc(r->buf, size);
        if (grown == NULL) {
            return false;
        }

        r->buf = grown;
        r->size = size;
    }

    r->buf[r->n++] = c;
    return true;
}


/* CR, LF and CRLF are one line each. */
static void
count_line(shian_rows_t *r, uint8_t c)
{
    if (c == '\r' || (c == '\n' && !r->cr)) {
        r->line++;
    }

    r->cr = (c == '\r');
}


static shian_str_t
trim(shian_str_t s)
{
    while (s.n != 0 && (s.p[0] == ' ' || s.p[0] == '\t')) {
        s.p++;
        s.n--;
    }

    while (s.n != 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t')) {
        s.n--;
    }

    return s;
}


static bool
damaged(shian_str_t s)
{
    return s.n != 0
           && (memchr(s.p, '\0', s.n) != NULL
               || memmem(s.p, s.n, "\xef\xbf\xbd", 3) != NULL);
}


static bool
emit(shian_rows_t *r, size_t n)
{
    size_t       i;
    shian_row_t  row;

    for (i = 0; i < n && r->error == NULL; i++) {
        if (damaged(r->value[i])) {
            r->error = "encoding";
        }
    }

    row.row = r->row++;
    row.line = r->start;
    row.n = n;
    row.name = r->name;
    row.value = r->value;
    row.error = r->error;
    r->error = NULL;

    return r->fn(r->ctx, &row) && (row.row != 0 || row.error == NULL);
}


/* ---- which format ------------------------------------------------------- */


static char
most_frequent(const uint8_t *p, size_t n)
{
    bool              quote;
    size_t            i, j, best, count[3];
    static const char delimiters[] = ",;\t";

    memset(count, 0, sizeof(count));
    quote = false;

    for (i = 0; i < n; i++) {
        if (p[i] == '"') {
            quote = !quote;

        } else if (!quote) {
            for (j = 0; j < 3; j++) {
                count[j] += (p[i] == (uint8_t) delimiters[j]);
            }
        }
    }

    best = 0;
    for (j = 1; j < 3; j++) {
        if (count[j] > count[best]) {
            best = j;
        }
    }

    return delimiters[best];
}


/* The first line is in buf: settles the format and reads it again. */
static bool
settle(shian_rows_t *r)
{
    bool      ok;
    size_t    n, skip;
    uint8_t  *p;

    p = r->buf;
    n = r->n;
    skip = n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

    if (r->format == 0) {
        r->format = !r->seen ? ','
                    : p[skip] == '{' ? '{'
                    : most_frequent(p + skip, n - skip);
    }

    r->buf = NULL;
    r->n = 0;
    r->size = 0;

    if (r->format == '{') {
        r->row = 1;
        r->state = JSON;
        ok = n == 0 || parse_json(r, p + skip, n - skip);

    } else {
        r->state = START;
        ok = n == 0 || parse_csv(r, p + skip, n - skip);
    }

    free(p);
    return ok;
}


/* Collects the first line that is not blank, or as much as a field holds. */
static bool
sniff(shian_rows_t *r, const uint8_t **p, size_t *n)
{
    bool     end, bom;
    uint8_t  c;

    end = false;

    while (*n != 0 && !end) {
        c = *(*p)++;
        (*n)--;

        /* Blank lines and spaces before all else count as lines only. */
        if (!r->seen && (c == '\n' || c == '\r')
            && (r->n == 0 || (r->n == 3 && r->buf[0] == 0xef)))
        {
            count_line(r, c);
            r->start = r->line;
            continue;
        }

        if (!push(r, c)) {
            return false;
        }

        bom = r->n <= 3 && memcmp(r->buf, "\xef\xbb\xbf", r->n) == 0;

        if (c == '"') {
            r->quote = !r->quote;
        }

        r->seen = r->seen || !bom;
        end = (r->seen && !r->quote && (c == '\n' || c == '\r'))
              || r->n == SHIAN_ROWS_FIELD;
    }

    return !end || settle(r);
}


static bool
rows_write(shian_sink_t *s, const void *data, size_t n)
{
    shian_rows_t   *r = (shian_rows_t *) s;
    const uint8_t  *p = data;

    if (r->state == SNIFF && !sniff(r, &p, &n)) {
        return false;
    }

    if (n == 0) {
        return true;
    }

    return r->state == JSON ? parse_json(r, p, n) : parse_csv(r, p, n);
}


/* ---- CSV ---------------------------------------------------------------- */


static bool
take_header(shian_rows_t *r)
{
    char    *z;
    size_t   i;

    for (i = 0; i < r->nvalues; i++) {
        z = shian_strdup(&r->names, trim(r->value[i]));
        if (z == NULL) {
            return false;
        }

        r->name[i] = shian_str(z);
    }

    r->ncolumns = r->nvalues;
    r->header = true;

    return true;
}


static bool
end_record(shian_rows_t *r)
{
    size_t  i, n;

    for (i = 0; i < r->nvalues; i++) {
        /* Nothing but empty cells so far: there is no buffer yet. */
        r->value[i] = r->buf == NULL ? SHIAN_NONE
                      : shian_slice(r->buf + r->offset[i],
                                    r->offset[i + 1] - r->offset[i]);
    }

    /* A line with nothing in it is no record. */
    if (r->nvalues == 1 && r->value[0].n == 0 && r->error == NULL) {
        r->nvalues = 0;
        return true;
    }

    if (!r->header && !take_header(r)) {
        return false;
    }

    n = r->nvalues;
    while (n > r->ncolumns && r->value[n - 1].n == 0) {
        n--;
    }

    if (n > r->ncolumns && r->error == NULL) {
        r->error = "columns";
    }

    while (n < r->ncolumns) {
        r->value[n++] = SHIAN_NONE;
    }

    r->nvalues = 0;
    return emit(r, n);
}


static void
end_field(shian_rows_t *r)
{
    if (r->nvalues == SHIAN_ROWS_COLUMNS) {
        r->error = "columns";
        r->state = SKIP;
        return;
    }

    r->offset[r->nvalues++] = r->field;
    r->offset[r->nvalues] = r->n;
    r->field = r->n;
    r->state = START;
}


/* A separator outside quotes. */
static bool
separate(shian_rows_t *r, uint8_t c)
{
    if (r->state != SKIP) {
        end_field(r);
    }

    if (c == (uint8_t) r->format) {
        return true;
    }

    count_line(r, c);

    if (!end_record(r)) {
        return false;
    }

    r->n = 0;
    r->field = 0;
    r->start = r->line;
    r->state = START;

    return true;
}


static bool
append(shian_rows_t *r, uint8_t c)
{
    if (r->n - r->field == SHIAN_ROWS_FIELD || r->n == SHIAN_ROWS_RECORD) {
        end_field(r);
        r->error = "too_long";
        r->state = SKIP;
        return true;
    }

    return push(r, c);
}


static bool
quoted(shian_rows_t *r, uint8_t c)
{
    if (c == '"') {
        r->state = CLOSED;
        r->cr = false;
        return true;
    }

    count_line(r, c);
    return append(r, c);
}


static bool
parse_csv(shian_rows_t *r, const uint8_t *p, size_t n)
{
    bool            end, ok;
    uint8_t         c;
    const uint8_t  *last;

    for (last = p + n; p < last; p++) {
        c = *p;

        if (r->state == QUOTED) {
            ok = quoted(r, c);

        } else if (c == '\n' && r->cr && r->state == START) {
            r->cr = false;      /* the second half of CRLF */
            continue;

        } else {
            r->cr = false;
            end = (c == '\n' || c == '\r');

            if (end || (c == (uint8_t) r->format && r->state != SKIP)) {
                ok = separate(r, c);

            } else if (r->state == SKIP) {
                continue;

            } else if (c == '"' && r->state == START) {
                r->state = QUOTED;
                continue;

            } else if (c == '"' && r->state == CLOSED) {
                r->state = QUOTED;
                ok = append(r, c);

            } else {
                /* Text after a closing quote is kept, as spreadsheets do. */
                r->state = PLAIN;
                ok = append(r, c);
            }
        }

        if (!ok) {
            return false;
        }
    }

    return true;
}


/* ---- JSON lines --------------------------------------------------------- */


/* The shortest decimal that reads back as the same number. */
static char *
real_text(shian_arena_t *a, double v)
{
    int   digits;
    char  text[40];

    for (digits = 15; digits < 17; digits++) {
        (void) snprintf(text, sizeof(text), "%.*g", digits, v);
        if (strtod(text, NULL) == v) {
            break;
        }
    }

    return shian_printf(a, "%.*g", digits, v);
}


static bool
scalar(shian_rows_t *r, const json_t *j, shian_str_t *out)
{
    char  *z;

    switch (json_typeof(j)) {

    case JSON_STRING:
        *out = shian_slice(json_string_value(j), json_string_length(j));
        return true;

    case JSON_TRUE:
        *out = SHIAN_STR("true");
        return true;

    case JSON_FALSE:
        *out = SHIAN_STR("false");
        return true;

    case JSON_NULL:
        *out = SHIAN_NONE;
        return true;

    case JSON_INTEGER:
        z = shian_printf(&r->text, "%" JSON_INTEGER_FORMAT,
                         json_integer_value(j));
        *out = shian_str(z);
        return z != NULL;

    case JSON_REAL:
        z = real_text(&r->text, json_real_value(j));
        *out = shian_str(z);
        return z != NULL;

    default:
        r->error = "nested";
        *out = SHIAN_NONE;
        return true;
    }
}


static bool
joined(shian_rows_t *r, const json_t *array, shian_str_t *out)
{
    size_t       i;
    shian_buf_t  b;
    shian_str_t  s;

    shian_buf_init(&b, &r->text);

    for (i = 0; i < json_array_size(array); i++) {
        if (!scalar(r, json_array_get(array, i), &s)) {
            return false;
        }

        if (i != 0) {
            shian_putc(&b.sink, ';');
        }

        shian_puts(&b.sink, s);
    }

    *out = shian_buf_str(&b);
    return !b.sink.failed;
}


/* The column's index; SHIAN_ROWS_COLUMNS when there is no room for it. */
static size_t
column(shian_rows_t *r, const char *key, size_t guess)
{
    char    *z;
    size_t   i;

    if (guess < r->ncolumns && shian_str_is(r->name[guess], key)) {
        return guess;
    }

    for (i = 0; i < r->ncolumns; i++) {
        if (shian_str_is(r->name[i], key)) {
            return i;
        }
    }

    if (i == SHIAN_ROWS_COLUMNS || strlen(key) > SHIAN_ROWS_COLUMNS) {
        return SHIAN_ROWS_COLUMNS;
    }

    z = shian_strdup(&r->names, shian_str(key));
    if (z == NULL) {
        return SHIAN_ROWS_COLUMNS;
    }

    r->name[r->ncolumns++] = shian_str(z);
    return i;
}


static bool
take_object(shian_rows_t *r, json_t *object)
{
    bool         ok;
    size_t       i, seen;
    json_t      *j;
    const char  *key;

    for (i = 0; i < SHIAN_ROWS_COLUMNS; i++) {
        r->value[i] = SHIAN_NONE;
    }

    seen = 0;
    ok = true;

    json_object_foreach(object, key, j) {
        i = column(r, key, seen++);

        if (i == SHIAN_ROWS_COLUMNS) {
            r->error = "columns";

        } else {
            ok = ok && (json_is_array(j) ? joined(r, j, &r->value[i])
                                         : scalar(r, j, &r->value[i]));

            if (r->value[i].n > SHIAN_ROWS_FIELD) {
                r->error = "too_long";
                r->value[i] = SHIAN_NONE;
            }
        }
    }

    return ok && emit(r, r->ncolumns);
}


static bool
end_line(shian_rows_t *r)
{
    bool     ok;
    json_t  *object;

    ok = true;

    if (trim(shian_slice(r->buf, r->n)).n != 0 || r->error != NULL) {
        object = NULL;

        if (r->error == NULL) {
            object = json_loadb((const char *) r->buf, r->n, 0, NULL);
        }

        if (json_is_object(object)) {
            ok = take_object(r, object);

        } else {
            if (r->error == NULL) {
                r->error = "json";
            }
            ok = emit(r, 0);
        }

        json_decref(object);
        shian_arena_free(&r->text);
    }

    r->n = 0;
    r->start = r->line;

    return ok;
}


static bool
parse_json(shian_rows_t *r, const uint8_t *p, size_t n)
{
    const uint8_t  *last;

    for (last = p + n; p < last; p++) {
        count_line(r, *p);

        if (*p == '\n' || *p == '\r') {
            if (!end_line(r)) {
                return false;
            }

        } else if (r->n == SHIAN_ROWS_RECORD) {
            r->error = "too_long";

        } else if (!push(r, *p)) {
            return false;
        }
    }

    return true;
}


bool
shian_rows_end(shian_rows_t *r)
{
    if (r->sink.failed) {
        return false;
    }

    if (r->state == SNIFF && !settle(r)) {
        return false;
    }

    if (r->state == JSON) {
        return end_line(r);
    }

    if (r->state == QUOTED) {
        r->error = "quote";
    }

    if (r->state != START || r->nvalues != 0) {
        return separate(r, '\n');
    }

    return true;
}
