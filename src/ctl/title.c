#include "title.h"


/* The length of the line at p, and of its end. */
static size_t
line_length(shian_str_t s, size_t *end)
{
    size_t  n;

    for (n = 0; n < s.n && s.p[n] != '\n' && s.p[n] != '\r'; n++) {
        /* void */
    }

    *end = n == s.n ? 0
           : s.p[n] == '\r' && n + 1 < s.n && s.p[n + 1] == '\n' ? 2 : 1;

    return n;
}


/* How many cells of the line name a column that is known. */
static size_t
known_cells(const shian_columns_t *columns, shian_str_t line)
{
    size_t       i, begin, known;
    shian_str_t  cell;

    for (known = 0, begin = 0, i = 0; i <= line.n; i++) {
        if (i < line.n && line.p[i] != ',' && line.p[i] != ';'
            && line.p[i] != '\t')
        {
            continue;
        }

        cell = shian_slice(line.p + begin, i - begin);

        if (cell.n >= 2 && cell.p[0] == '"' && cell.p[cell.n - 1] == '"') {
            cell = shian_slice(cell.p + 1, cell.n - 2);
        }

        known += shian_columns_knows(columns, cell);
        begin = i + 1;
    }

    return known;
}


/* Where the header begins; 0 also where none is found. */
static size_t
find_header(shian_title_t *t)
{
    size_t       i, at, n, end, known;
    shian_str_t  rest;

    at = 0;

    for (i = 0; i < SHIAN_TITLE_LINES && at < t->n; i++) {
        rest = shian_slice(t->text + at, t->n - at);
        n = line_length(rest, &end);
        known = known_cells(t->columns, shian_slice(rest.p, n));

        if (known >= 2 || (i == 0 && known == 1)) {
            t->lines = i;
            return at;
        }

        at += n + end;
    }

    return 0;
}


static bool
let_go(shian_title_t *t)
{
    size_t  at;

    t->passed = true;
    at = t->n != 0 && t->text[0] == '{' ? 0 : find_header(t);
    shian_put(t->to, t->text + at, t->n - at);

    return !t->to->failed;
}


static bool
hold(shian_sink_t *s, const void *p, size_t n)
{
    size_t          take;
    shian_title_t  *t = (shian_title_t *) s;

    if (!t->passed) {
        take = sizeof(t->text) - t->n;
        take = n < take ? n : take;
        memcpy(t->text + t->n, p, take);
        t->n += take;
        p = (const uint8_t *) p + take;
        n -= take;

        if (t->n < sizeof(t->text)) {
            return true;
        }

        if (!let_go(t)) {
            return false;
        }
    }

    shian_put(t->to, p, n);

    return !t->to->failed;
}


void
shian_title_open(shian_title_t *t, const shian_columns_t *columns,
    shian_sink_t *to)
{
    memset(t, 0, sizeof(*t));
    t->sink.write = hold;
    t->to = to;
    t->columns = columns;
}


bool
shian_title_close(shian_title_t *t)
{
    return (t->passed || let_go(t)) && !t->sink.failed;
}
