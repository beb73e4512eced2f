#include "list_guard.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "args.h"
#include "core/charset.h"
#include "render/csv_out.h"

#define SHOWN  10               /* rejected rows on the terminal */

/* Reasons that the reader gives, in words. */
static const struct {
    const char  *code;
    const char  *text;
} errors[] = {
    { "too_long", "a field is over 64 KB or the row over 1 MB" },
    { "columns", "more cells than the header has" },
    { "quote", "a quote is not closed" },
    { "encoding", "characters that do not decode" },
    { "json", "not a JSON object" },
    { "nested", "an object within the object" },
};

/* ---- counting reasons ---------------------------------------------------- */


static bool
stop(shian_list_t *l, const char *cause, const char *what)
{
    (void) shian_ctl_fail(l->ctl, "%s: %s%s", l->path, cause, what);
    l->stopped = true;

    return false;
}


static size_t
reason(shian_reasons_t *r, const char *text)
{
    size_t  i;

    for (i = 0; i < r->n; i++) {
        if (strcmp(r->reason[i].text, text) == 0) {
            return i;
        }
    }

    if (r->n == SHIAN_MAX_REASONS) {
        return SHIAN_MAX_REASONS - 1;
    }

    r->reason[r->n].text = text;
    r->reason[r->n].n = 0;

    return r->n++;
}


uint64_t
shian_list_reason(shian_reasons_t *r, const char *text)
{
    return (uint64_t) 1 << reason(r, text);
}


void
shian_list_warn(shian_list_t *l, const char *text)
{
    l->warned_now |= shian_list_reason(&l->warnings, text);
}


static void
accept_warnings(shian_list_t *l, uint64_t bits)
{
    size_t  i;

    l->warned += bits != 0;

    for (i = 0; i < l->warnings.n; i++) {
        l->warnings.reason[i].n += bits >> i & 1;
    }
}


/* ---- rejected rows ------------------------------------------------------- */


static bool
reject(shian_list_t *l, const shian_pending_t *p, const char *why,
    const char *detail)
{
    size_t             i;
    shian_file_sink_t  out;

    l->rejected++;
    l->refusals.reason[reason(&l->refusals, why)].n++;
    detail = detail == NULL ? why : detail;

    if (!l->ctl->json && l->rejected <= SHOWN) {
        shian_progress_end(&l->progress);
        printf("line %llu: %s\n", (unsigned long long) p->line, detail);
    }

    if (l->rejects == NULL) {
        l->rejects = tmpfile();
        if (l->rejects == NULL) {
            (void) shian_ctl_fail(l->ctl, "cannot keep rejected rows: %s",
                                  strerror(errno));
            l->stopped = true;
            return false;
        }
    }

    shian_file_sink(&out, l->rejects);
    shian_putf(&out.sink, "%llu,", (unsigned long long) p->line);
    shian_csv_cell(shian_str(detail), &out.sink);

    for (i = 0; i < p->n; i++) {
        shian_putc(&out.sink, ',');
        shian_csv_cell(p->cells[i], &out.sink);
    }

    shian_putz(&out.sink, "\r\n");

    if (out.sink.failed) {
        (void) shian_ctl_fail(l->ctl, "cannot keep rejected rows: no room");
        l->stopped = true;
    }

    return !out.sink.failed;
}


static bool
copy(FILE *from, FILE *to)
{
    char    buf[8192];
    size_t  n;

    rewind(from);

    while ((n = fread(buf, 1, sizeof(buf), from)) != 0) {
        if (fwrite(buf, 1, n, to) != n) {
            return false;
        }
    }

    return ferror(from) == 0;
}


/*
 * What is handed back needs a place before anything is taken: the file is
 * begun first.
 */
static bool
open_rejects(shian_list_t *l)
{
    shian_ctl_t  *c = l->ctl;

    if (l->dry) {
        return true;
    }

    l->rejected_to = shian_arg(c, "rejected");

    if (l->rejected_to == NULL) {
        l->rejected_to = shian_printf(&c->arena, "%s.rejected.csv", l->path);
    }

    if (l->rejected_to == NULL) {
        return stop(l, "memory has run out", "");
    }

    l->has_output = shian_output_open(c, &l->output, l->rejected_to, 0644);

    return l->has_output
           || stop(l, "rejected rows would have no place", "; name a file "
                   "for them with --rejected");
}


/* The file of rejects, or nothing of that name. */
static bool
write_rejects(shian_list_t *l)
{
    size_t         i;
    struct stat    st;
    shian_sink_t  *out = &l->output.out.sink;

    if (!l->has_output) {
        return true;
    }

    l->has_output = false;

    if (l->rejects == NULL) {
        shian_output_abandon(&l->output);
        shian_ctl_as_user(l->ctl);

        /* Of an earlier run. */
        if (lstat(l->rejected_to, &st) == 0 && S_ISREG(st.st_mode)) {
            (void) unlink(l->rejected_to);
        }

        shian_ctl_as_owner(l->ctl);
        return true;
    }

    shian_putz(out, "\xef\xbb\xbfline,reason");

    for (i = 0; i < l->nnames; i++) {
        shian_putc(out, ',');
        shian_csv_cell(l->names[i], out);
    }

    shian_putz(out, "\r\n");

    if (!copy(l->rejects, l->output.out.file) || out->failed) {
        shian_output_abandon(&l->output);
        (void) shian_ctl_fail(l->ctl, "%s: %s", l->rejected_to,
                              strerror(errno));
        return false;
    }

    return shian_output_finish(&l->output);
}


/* ---- slices -------------------------------------------------------------- */


static bool
refuse_item(shian_list_t *l, const shian_pending_t *p,
    const shian_item_t *item)
{
    char         *detail;
    const char   *why;
    const char   *field;

    if (item->report.status == 409
        && strcmp(item->report.code, "duplicate") == 0)
    {
        l->repeated++;
        detail = shian_printf(&l->slice.arena, "duplicate of row %u",
                              shian_list_touched(l, item->result.id));
        return reject(l, p, "duplicate", detail);
    }

    if (item->report.status == 409
        && strcmp(item->report.code, "other") == 0)
    {
        return reject(l, p, "leads to another venue", p->detail);
    }

    why = shian_ctl_refusal(&l->slice.arena, &item->report);
    field = item->report.nfields == 0 ? NULL : item->report.fields[0].field;

    /* Field names are static, so is a detail: both may be counted by. */
    return reject(l, p, field != NULL ? field
                  : item->report.detail != NULL ? item->report.detail
                  : "refused", why);
}


static bool
settle_item(shian_list_t *l, const shian_pending_t *p,
    const shian_item_t *item)
{
    const Shian__Result  *r = &item->result;

    if (item->report.status != 200) {
        return refuse_item(l, p, item);
    }

    if (!r->has_outcome || r->outcome == SHIAN__RESULT__OUTCOME__unchanged
        || !r->has_seq)
    {
        l->unchanged++;

    } else if (r->outcome == SHIAN__RESULT__OUTCOME__created) {
        l->new++;

    } else {
        l->changed++;
    }

    l->reopened += p->returns;
    accept_warnings(l, p->warnings);
    return true;
}


/* In the order of the file, so that the rejected rows are in it too. */
static bool
flush(shian_list_t *l)
{
    bool              ok;
    size_t            i, item;
    shian_pending_t  *p;

    shian_guard_begin(l);
    item = 0;
    ok = shian_slice_run(&l->slice);

    for (i = 0; ok && i < l->npending; i++) {
        p = &l->pending[i];
        ok = p->why != NULL ? reject(l, p, p->why, p->detail)
                            : settle_item(l, p, &l->slice.items[item++]);
    }

    shian_slice_reset(&l->slice);
    l->npending = 0;
    l->stopped = l->stopped || !ok;
    shian_progress_show(&l->progress, l->bytes, l->size);

    return ok;
}


/* Keeps the present row as it is; NULL: no memory. */
static shian_pending_t *
keep_row(shian_list_t *l)
{
    size_t            i;
    shian_arena_t    *a = &l->slice.arena;
    shian_pending_t  *p = &l->pending[l->npending];

    memset(p, 0, sizeof(*p));
    p->row = l->row->row;
    p->line = l->row->line + l->title.lines;
    p->warnings = l->warned_now;
    p->n = l->row->n;
    p->cells = shian_array(a, p->n, sizeof(*p->cells));

    for (i = 0; p->cells != NULL && i < p->n; i++) {
        if (l->row->value[i].n != 0) {
            p->cells[i].p = (uint8_t *) shian_strdup(a, l->row->value[i]);
            p->cells[i].n = l->row->value[i].n;

            if (p->cells[i].p == NULL) {
                return NULL;
            }
        }
    }

    return p->cells == NULL ? NULL : p;
}


bool
shian_list_reject(shian_list_t *l, const char *why, const char *detail)
{
    shian_pending_t  *p;

    p = keep_row(l);
    if (p == NULL) {
        return false;
    }

    p->why = why;

    if (detail != NULL) {
        p->detail = shian_strdup(&l->slice.arena, shian_str(detail));
    }

    l->npending++;
    return l->npending < SHIAN_SLICE || flush(l);
}


bool
shian_list_add(shian_list_t *l, const Shian__Operation *op)
{
    if (keep_row(l) == NULL) {
        return false;
    }

    l->of_item[l->slice.n] = l->npending;

    if (!shian_slice_add(&l->slice, op)) {
        return false;
    }

    l->npending++;
    return l->npending < SHIAN_SLICE || flush(l);
}


/* ---- reading ------------------------------------------------------------- */


typedef struct {
    shian_list_t       *list;
    const shian_col_t  *needs;
    size_t              nneeds;
} reading_t;


static bool
keep_names(shian_list_t *l, const shian_row_t *row)
{
    char         *z;
    shian_str_t  *names;

    if (row->n <= l->nnames) {
        return true;
    }

    names = shian_array(&l->ctl->arena, row->n, sizeof(*names));
    if (names == NULL) {
        return false;
    }

    if (l->nnames != 0) {
        memcpy(names, l->names, l->nnames * sizeof(*names));
    }

    for (; l->nnames < row->n; l->nnames++) {
        z = shian_strdup(&l->ctl->arena, row->name[l->nnames]);
        if (z == NULL) {
            return false;
        }
        names[l->nnames] = shian_str(z);
    }

    l->names = names;
    return true;
}


static const char *
error_text(const char *code)
{
    size_t  i;

    for (i = 0; i < SHIAN_COUNT(errors); i++) {
        if (strcmp(errors[i].code, code) == 0) {
            return errors[i].text;
        }
    }

    return code;
}


static bool
take_header(const reading_t *r, const shian_row_t *row)
{
    size_t         i;
    const char    *missing;
    shian_list_t  *l = r->list;

    if (row->error != NULL) {
        return stop(l, "the header cannot be read: ",
                    error_text(row->error));
    }

    missing = shian_columns_missing(&l->columns);
    if (missing != NULL) {
        return stop(l, "there is no column for --map: ", missing);
    }

    for (i = 0; i < r->nneeds; i++) {
        if (shian_columns_have(&l->columns, r->needs[i])) {
            return true;
        }
    }

    if (r->nneeds == 0) {
        return true;
    }

    shian_columns_print(&l->columns, row, stderr);
    return stop(l, "no column is known as needed; say which with --map "
                "COLUMN=", shian_column_name(r->needs[0]));
}


static bool
on_row(void *ctx, const shian_row_t *row)
{
    shian_str_t       cells[SHIAN_C_MAX];
    const reading_t  *r = ctx;
    shian_list_t     *l = r->list;

    shian_columns_see(&l->columns, row);
    l->headed = true;

    if (!keep_names(l, row)) {
        return stop(l, "memory has run out", "");
    }

    if (!l->told && row->error == NULL && !l->ctl->json) {
        if (l->title.lines != 0) {
            printf("lines above the header: %llu\n",
                   (unsigned long long) l->title.lines);
        }

        shian_columns_print(&l->columns, row, stdout);
    }

    l->told = l->told || row->error == NULL;

    if (row->row == 0) {
        return take_header(r, row);
    }

    /* Below the last venue spreadsheets leave rows of commas. */
    if (row->error == NULL && shian_columns_blank(row)) {
        return true;
    }

    l->read++;
    l->row = row;
    l->warned_now = 0;

    if (row->error != NULL) {
        return shian_list_reject(l, error_text(row->error), NULL);
    }

    if (!shian_columns_cells(&l->columns, row, &l->slice.arena, cells)) {
        return stop(l, "memory has run out", "");
    }

    if (shian_columns_rounded(cells[SHIAN_C_REF])) {
        return shian_list_reject(l, "ref was rounded by a spreadsheet; make "
                                 "its column text", NULL);
    }

    if (!l->take(l, row, cells)) {
        return l->stopped ? false : stop(l, "memory has run out", "");
    }

    return true;
}


/* What people send instead of a list, by its first bytes; or NULL. */
static const char *
what_it_is(const char *p, size_t n)
{
    size_t  i;

    static const struct {
        const char  *begins;
        size_t       n;
        const char  *what;
    } kinds[] = {
        { "PK\3\4", 4, "an Excel workbook (.xlsx) or another archive; save it "
                       "as CSV UTF-8" },
        { "\xd0\xcf\x11\xe0", 4, "an old Excel workbook (.xls); save it as "
                                 "CSV UTF-8" },
        { "%PDF", 4, "a PDF; ask for the list that it was made of" },
        { "\x1f\x8b", 2, "compressed (gzip); unpack it first" },
        { "<", 1, "a web page or XML; open it in a spreadsheet and save it as "
                  "CSV UTF-8" },
        { "\xef\xbb\xbf<", 4, "a web page or XML; open it in a spreadsheet and "
                              "save it as CSV UTF-8" },
    };

    for (i = 0; i < SHIAN_COUNT(kinds); i++) {
        if (n >= kinds[i].n
            && memcmp(p, kinds[i].begins, kinds[i].n) == 0)
        {
            return kinds[i].what;
        }
    }

    return NULL;
}


static bool
pump(shian_list_t *l, FILE *in, shian_sink_t *to)
{
    char         buf[65536];
    size_t       n;
    const char  *what;

    while ((n = fread(buf, 1, sizeof(buf), in)) != 0) {
        what = l->bytes == 0 ? what_it_is(buf, n) : NULL;

        if (what != NULL) {
            return stop(l, "is no list but ", what);
        }

        l->bytes += n;
        shian_put(to, buf, n);

        if (to->failed) {
            return false;
        }
    }

    if (ferror(in)) {
        return stop(l, "cannot be read: ", strerror(errno));
    }

    return true;
}


static bool
read_file(shian_list_t *l, FILE *in, reading_t *reading)
{
    bool              ok;
    const char       *encoding;
    shian_rows_t     *rows;
    shian_charset_t   cs;

    encoding = shian_arg(l->ctl, "encoding");
    rows = shian_rows_open(0, on_row, reading);

    if (rows == NULL) {
        return stop(l, "memory has run out", "");
    }

    shian_title_open(&l->title, &l->columns, shian_rows_sink(rows));

    if (!shian_charset_open(&cs, encoding, &l->title.sink)) {
        shian_rows_free(rows);
        return stop(l, "unknown --encoding ",
                    encoding == NULL ? "" : encoding);
    }

    ok = pump(l, in, &cs.sink);
    ok = shian_charset_close(&cs) && ok;
    ok = shian_title_close(&l->title) && ok;
    ok = shian_rows_end(rows) && ok;
    shian_rows_free(rows);

    return ok || (l->stopped ? false : stop(l, "cannot be read", ""));
}


int
shian_list_run(shian_list_t *l, unsigned kind, const char *datum,
    const shian_col_t *needs, size_t nneeds)
{
    int           rc;
    bool          ok;
    FILE         *in;
    reading_t     reading = { l, needs, nneeds };
    struct stat   st;

    rc = shian_columns_init(&l->columns, l->ctl, kind, datum);
    if (rc != SHIAN_DONE) {
        return rc;
    }

    in = shian_ctl_fopen(l->ctl, l->path, "r");
    if (in == NULL) {
        return SHIAN_FAILED;
    }

    if (fstat(fileno(in), &st) != 0 || S_ISDIR(st.st_mode)) {
        (void) fclose(in);
        return shian_ctl_fail(l->ctl, "%s: is not a file", l->path);
    }

    l->size = st.st_size > 0 ? (uint64_t) st.st_size : 0;

    if (!shian_ctl_store(l->ctl, false) || !open_rejects(l)
        || (l->dry && !shian_ctl_rehearse(l->ctl)))
    {
        (void) fclose(in);
        return SHIAN_FAILED;
    }

    shian_slice_init(&l->slice, l->ctl, &shian_guarded);
    shian_progress_start(&l->progress, l->path);
    ok = read_file(l, in, &reading) && flush(l);
    shian_progress_end(&l->progress);
    (void) fclose(in);

    /* An export that failed looks like a list of nothing. */
    if (ok && l->read == 0) {
        ok = stop(l, "nothing was read: ", l->headed
                  ? "there is no row below the header"
                  : "the file is empty");
    }

    return ok ? SHIAN_DONE : SHIAN_FAILED;
}


/* ---- the account --------------------------------------------------------- */


static void
print_reasons(const char *title, const shian_reasons_t *r)
{
    size_t  i;

    for (i = 0; i < r->n; i++) {
        if (r->reason[i].n != 0) {
            printf("  %s: %s: %llu\n", title, r->reason[i].text,
                   (unsigned long long) r->reason[i].n);
        }
    }
}


static void
json_reasons(const char *name, const shian_reasons_t *r, shian_sink_t *out)
{
    size_t       i;
    const char  *comma;

    shian_putf(out, ",\"%s\":{", name);
    comma = "";

    for (i = 0; i < r->n; i++) {
        if (r->reason[i].n != 0) {
            shian_putf(out, "%s\"%s\":%llu", comma, r->reason[i].text,
                       (unsigned long long) r->reason[i].n);
            comma = ",";
        }
    }

    shian_putc(out, '}');
}


static int
report(shian_list_t *l)
{
    bool               ok;
    uint64_t           ms;
    shian_file_sink_t  out;

    #define N(v)  (unsigned long long) (v)

    ms = shian_progress_ms(&l->progress);
    ok = write_rejects(l);

    if (l->ctl->json) {
        shian_file_sink(&out, stdout);
        shian_putf(&out.sink, "{\"read\":%llu,\"new\":%llu,\"changed\":%llu,"
                   "\"unchanged\":%llu,\"warned\":%llu,\"rejected\":%llu,"
                   "\"missing\":%llu,\"closed\":%llu,\"reopened\":%llu,"
                   "\"seconds\":%.3f",
                   N(l->read), N(l->new), N(l->changed), N(l->unchanged),
                   N(l->warned), N(l->rejected), N(l->missing), N(l->closed),
                   N(l->reopened),
                   (double) ms / 1000);
        json_reasons("warnings", &l->warnings, &out.sink);
        json_reasons("reasons", &l->refusals, &out.sink);
        shian_putz(&out.sink, "}\n");

    } else {
        if (l->rejected > SHOWN) {
            printf("and %llu more\n", N(l->rejected - SHOWN));
        }

        printf("%sread %llu: new %llu, changed %llu, unchanged %llu, "
               "rejected %llu (%llu rows a second)\n",
               l->dry ? "dry run, nothing was written: " : "", N(l->read),
               N(l->new), N(l->changed), N(l->unchanged), N(l->rejected),
               N(l->read * 1000 / ms));
        printf("warned %llu\n", N(l->warned));
        print_reasons("warning", &l->warnings);
        print_reasons("rejected", &l->refusals);

        if (l->missing != 0) {
            printf("missing %llu: in the store from \"%s\", not in this file"
                   "; closed %llu\n", N(l->missing), l->source,
                   N(l->closed));
        }

        if (l->reopened != 0) {
            printf("reopened %llu: an earlier file lacked them\n",
                   N(l->reopened));
        }

        if (l->rejects != NULL && !l->dry) {
            printf("rejected rows are in %s\n", l->rejected_to);
        }
    }

    #undef N

    return ok && !l->stopped ? SHIAN_DONE : SHIAN_FAILED;
}


shian_list_t *
shian_list_new(shian_ctl_t *c, int *rc)
{
    shian_list_t  *l;

    l = shian_zalloc(&c->arena, sizeof(*l));
    if (l == NULL) {
        *rc = shian_ctl_fail(c, "memory has run out");
        return NULL;
    }

    l->ctl = c;
    l->path = c->args[0];
    l->source = shian_arg(c, "source");
    l->source = l->source == NULL ? "import" : l->source;
    l->dry = shian_flag(c, "dry-run");

    if (l->source[0] == '\0' || strlen(l->source) > 50) {
        *rc = shian_ctl_usage(c, "--source is 1 to 50 bytes");
        return NULL;
    }

    return l;
}


int
shian_list_end(shian_list_t *l, int rc)
{
    if (rc != SHIAN_USAGE && l->ctl->store != NULL
        && report(l) != SHIAN_DONE)
    {
        rc = SHIAN_FAILED;
    }

    if (l->has_output) {
        shian_output_abandon(&l->output);
    }

    shian_slice_free(&l->slice);
    free(l->touched);

    if (l->rejects != NULL) {
        (void) fclose(l->rejects);
    }

    return rc;
}
