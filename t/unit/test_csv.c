#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "core/charset.h"
#include "core/csv.h"
#include "left_out.h"

/* A row is written as "row@line name=value|name=value!error\n". */
typedef struct {
    shian_buf_t  out;
    uint64_t     stop;          /* refuse the row of this number */
} log_t;


static bool
record(void *ctx, const shian_row_t *row)
{
    size_t         i;
    log_t         *l = ctx;
    shian_sink_t  *s = &l->out.sink;

    shian_putf(s, "%d@%d ", (int) row->row, (int) row->line);

    for (i = 0; i < row->n; i++) {
        shian_putf(s, "%s%.*s=%s%.*s", i == 0 ? "" : "|",
                   SHIAN_FMT(row->name[i]),
                   row->value[i].p == NULL ? "~" : "",
                   SHIAN_FMT(row->value[i]));
    }

    shian_putf(s, "%s%s\n", row->error == NULL ? "" : "!",
               row->error == NULL ? "" : row->error);

    return l->stop == 0 || row->row != l->stop;
}


static const char *
read_all(shian_arena_t *a, char format, shian_str_t in, size_t step,
    bool *ok)
{
    size_t         i, n;
    log_t          l;
    shian_rows_t  *r;

    l.stop = 0;
    shian_buf_init(&l.out, a);
    r = shian_rows_open(format, record, &l);
    assert_non_null(r);

    for (i = 0; i < in.n; i += n) {
        n = in.n - i < step ? in.n - i : step;
        shian_put(shian_rows_sink(r), in.p + i, n);
    }

    *ok = shian_rows_end(r);
    shian_rows_free(r);
    shian_putc(&l.out.sink, '\0');

    return (const char *) l.out.p;
}


/* Every case is read in pieces of every size: a reader has no memory. */
static void
check(char format, const char *in, const char *want, bool good)
{
    bool           ok;
    size_t         step, n;
    shian_arena_t  a;

    shian_arena_init(&a, NULL, NULL);
    n = strlen(in);

    for (step = 1; step <= n + 1; step += step < 20 ? 1 : n) {
        assert_string_equal(read_all(&a, format, shian_slice(in, n), step,
                                     &ok), want);
        assert_int_equal(ok, good);
    }

    shian_arena_free(&a);
}


static void
rfc4180(void **state)
{
    (void) state;

    check(0, "a,b\r\n1,\"x,\"\"y\"\"\r\nz\"\r\n3,\r\n",
          "0@1 a=a|b=b\n1@2 a=1|b=x,\"y\"\r\nz\n2@4 a=3|b=\n", true);

    /* No line break at the end; an empty quoted field; spaces are kept. */
    check(0, "a,b\n\"\", x ", "0@1 a=a|b=b\n1@2 a=|b= x \n", true);
    check(0, "a,b\n1,", "0@1 a=a|b=b\n1@2 a=1|b=\n", true);
}


static void
what_spreadsheets_do(void **state)
{
    (void) state;

    /* BOM, old Mac line ends, blank lines, names with spaces around. */
    check(0, "\xef\xbb\xbf\r\n a ,b\r\r1,2\r\r",
          "0@2 a= a |b=b\n1@4 a=1|b=2\n", true);
    check(0, "\xef\xbb\xbf\"a\",b\n1,2\n",
          "0@1 a=a|b=b\n1@2 a=1|b=2\n", true);

    /* A quote inside a field, text after a closing quote. */
    check(0, "a\n5\" pipe\n\"x\"y\n",
          "0@1 a=a\n1@2 a=5\" pipe\n2@3 a=xy\n", true);

    /* Short rows have absent cells; empty cells past the header go. */
    check(0, "a,b,c\n1\n1,2,3,,\n",
          "0@1 a=a|b=b|c=c\n1@2 a=1|b=~|c=~\n2@3 a=1|b=2|c=3\n", true);

    /* Delimiters by the header, outside quotes. */
    check(0, "a;\"b,,\";c\n1;2,5;3\n",
          "0@1 a=a|b,,=b,,|c=c\n1@2 a=1|b,,=2,5|c=3\n", true);
    check(0, "a\tb\n1\t2\n", "0@1 a=a|b=b\n1@2 a=1|b=2\n", true);
    check(',', "a;b,c\n1,2\n", "0@1 a;b=a;b|c=c\n1@2 a;b=1|c=2\n", true);
}


static void
errors_stay_in_their_row(void **state)
{
    (void) state;

    check(0, "a,b\n1,2,3\n4,5\n",
          "0@1 a=a|b=b\n1@2 a=1|b=2|=3!columns\n2@3 a=4|b=5\n", true);
    check(0, "a,b\n1,\"2\n3,4\n",
          "0@1 a=a|b=b\n1@2 a=1|b=2\n3,4\n!quote\n", true);
    check(0, "a\nx\xef\xbf\xbd\ny\n",
          "0@1 a=a\n1@2 a=x\xef\xbf\xbd!encoding\n2@3 a=y\n", true);

    /* An unreadable header ends it. */
    check(0, "a,\"b\n1,2\n", "0@1 a=a|b\n1,2\n=b\n1,2\n!quote\n", false);
    check(0, "", "", true);
    check(0, "\n\n", "", true);
}


/* A header "a,b", a long field, then a row that must come through. */
static void
bounds(size_t field, size_t fields, const char *error)
{
    bool           ok;
    char          *in, *want;
    const char    *got;
    size_t         i, n;
    shian_arena_t  a;

    shian_arena_init(&a, NULL, NULL);
    in = shian_alloc(&a, 64 + (field + 1) * fields);
    assert_non_null(in);

    n = 4;
    memcpy(in, "a,b\n", n);

    for (i = 0; i < fields; i++) {
        memset(in + n, 'x', field);
        n += field;
        in[n++] = ',';
    }

    memcpy(in + n - 1, "\ny,z\n", 5);
    n += 4;

    got = read_all(&a, 0, shian_slice(in, n), 4096, &ok);
    assert_true(ok);
    want = shian_printf(&a, "!%s\n2@3 a=y|b=z\n", error);

    if (error[0] == '\0') {
        want = shian_printf(&a, "\n2@3 a=y|b=z\n");
    }

    assert_true(strlen(got) > strlen(want));
    assert_string_equal(got + strlen(got) - strlen(want), want);

    if (error[0] == '\0') {
        assert_null(strchr(got, '!'));
    }

    shian_arena_free(&a);
}


static void
sizes_are_bounded(void **state)
{
    (void) state;
    bounds(SHIAN_ROWS_FIELD, 1, "");
    bounds(SHIAN_ROWS_FIELD + 1, 1, "too_long");
    bounds(SHIAN_ROWS_FIELD, 18, "too_long");
    bounds(0, SHIAN_ROWS_COLUMNS, "");
    bounds(1, SHIAN_ROWS_COLUMNS, "columns");
    bounds(1, SHIAN_ROWS_COLUMNS + 1, "columns");
}


static void
json_lines(void **state)
{
    (void) state;

    check(0, "{\"a\":1,\"b\":\"名\"}\r\n\n"
          "{\"b\":[\"x\",2,null],\"c\":22.595047243661952,\"a\":true}\n"
          "{\"a\":{\"b\":1}}\n[1]\nnonsense\n{\"d\":0.1,\"a\":null}",
          "1@1 a=1|b=名\n"
          "2@3 a=true|b=x;2;|c=22.595047243661952\n"
          "3@4 a=~|b=~|c=~!nested\n"
          "4@5 !json\n"
          "5@6 !json\n"
          "6@7 a=~|b=~|c=~|d=0.1\n", true);

    check('{', "\xef\xbb\xbf{}\n", "1@1 \n", true);
}


static void
json_is_bounded(void **state)
{
    bool           ok;
    char          *in;
    const char    *got;
    size_t         n;
    shian_arena_t  a;

    (void) state;
    shian_arena_init(&a, NULL, NULL);

    n = SHIAN_ROWS_RECORD + 10;
    in = shian_alloc(&a, n + 16);
    memset(in, ' ', n);
    in[0] = '{';
    memcpy(in + n, "}\n{\"a\":1}", 9);
    got = read_all(&a, 0, shian_slice(in, n + 9), 65536, &ok);
    assert_true(ok);
    assert_string_equal(got, "1@1 !too_long\n2@2 a=1\n");

    n = SHIAN_ROWS_FIELD + 10;
    memset(in, 'x', n);
    memcpy(in, "{\"a\":\"", 6);
    memcpy(in + n, "\"}", 2);
    got = read_all(&a, 0, shian_slice(in, n + 2), 65536, &ok);
    assert_true(ok);
    assert_string_equal(got, "1@1 a=~!too_long\n");

    shian_arena_free(&a);
}


static void
the_callback_can_end_it(void **state)
{
    log_t          l;
    shian_arena_t  a;
    shian_rows_t  *r;

    (void) state;
    shian_arena_init(&a, NULL, NULL);
    shian_buf_init(&l.out, &a);
    l.stop = 1;

    r = shian_rows_open(0, record, &l);
    shian_putz(shian_rows_sink(r), "a\n1\n2\n");
    assert_true(shian_rows_sink(r)->failed);
    assert_false(shian_rows_end(r));
    assert_int_equal(shian_rows_format(r), ',');
    shian_rows_free(r);
    shian_rows_free(NULL);

    shian_putc(&l.out.sink, '\0');
    assert_string_equal(l.out.p, "0@1 a=a\n1@2 a=1\n");
    shian_arena_free(&a);
}


typedef struct {
    uint64_t  rows;
    uint64_t  errors;
    uint64_t  empty;            /* cells of the column counted */
    size_t    column;
} count_t;


static bool
count(void *ctx, const shian_row_t *row)
{
    count_t  *c = ctx;

    c->rows += (row->row != 0);
    c->errors += (row->error != NULL);
    c->empty += row->n > c->column && row->value[c->column].n == 0;

    return true;
}


/* Real lists, against facts worked out without this reader. */
static void
real_lists(void **state)
{
    FILE             *f;
    char              buf[7777], path[128];
    size_t            i, n;
    count_t           c;
    shian_rows_t     *r;
    shian_charset_t   cs;

    static const struct {
        const char  *file;
        const char  *charset;
        uint64_t     rows;
        size_t       column;
        uint64_t     empty;
    } lists[] = {
        { "hangzhou.csv", "UTF-8", 3230, 2, 1611 },
        { "sutton-2020-08.csv", "UTF-8", 1113, 12, 149 },
        { "sutton-2020-11.csv", "UTF-8", 1152, 12, 168 },
        { "sf-2018/businesses.csv", "WINDOWS-1252", 6399, 6, 3159 },
        { "sf-2018/inspections.csv", "UTF-8", 14233, 0, 0 },
        { "jiangmen.jsonl", "UTF-8", 1567, 1, 0 },
    };

    (void) state;

    for (i = 0; i < SHIAN_COUNT(lists); i++) {
        snprintf(path, sizeof(path), "../shared/data/venues/%s",
                 lists[i].file);

        f = fopen(path, "r");
        if (f == NULL) {
            left_out(path);
            return;
        }

        memset(&c, 0, sizeof(c));
        c.column = lists[i].column;
        r = shian_rows_open(0, count, &c);
        assert_non_null(r);

        assert_true(shian_charset_open(&cs, NULL, shian_rows_sink(r)));

        while ((n = fread(buf, 1, sizeof(buf), f)) != 0) {
            shian_put(&cs.sink, buf, n);
        }

        assert_true(shian_charset_close(&cs));
        assert_true(shian_rows_end(r));
        shian_rows_free(r);
        fclose(f);

        assert_int_equal(c.rows, lists[i].rows);
        assert_int_equal(c.errors, 0);
        assert_int_equal(c.empty, lists[i].empty);
        assert_int_equal(cs.bad, 0);
        assert_string_equal(cs.name, lists[i].charset);
    }
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc4180),
        cmocka_unit_test(what_spreadsheets_do),
        cmocka_unit_test(errors_stay_in_their_row),
        cmocka_unit_test(sizes_are_bounded),
        cmocka_unit_test(json_lines),
        cmocka_unit_test(json_is_bounded),
        cmocka_unit_test(the_callback_can_end_it),
        cmocka_unit_test(real_lists),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
