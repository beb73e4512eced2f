/*
 * Plaques.  The order is: look whether all of it can be issued, write what is
 * printed, and only then issue, which withdraws what hangs on the wall.
 */

#include "cmd.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/charset.h"
#include "core/csv.h"
#include "core/ids.h"
#include "domain/tally.h"
#include "output.h"
#include "plaque_sheet.h"
#include "progress.h"

const shian_option_t  shian_plaque_issue_options[] = {
    { "format", "F", "svg (default) or png: the QR symbol alone; html: the "
                     "sheet to print" },
    { "output", "FILE|DIR", "a file for one or a sheet, a folder for one "
                            "file each; also -o" },
    { "all", NULL, "for every venue that is not closed" },
    { "district", "D", "for those of the district" },
    { "from", "FILE", "for those whose ids are its first column" },
    { "lacking", NULL, "of these only who has none yet" },
    { "city", "NAME", "for the sheet" },
    { "bureau", "NAME", "for the sheet" },
    { NULL, NULL, NULL }
};

const shian_option_t  shian_plaque_withdraw_options[] = {
    { NULL, NULL, NULL }
};

typedef struct {
    shian_ctl_t         *ctl;
    const shian_key_t   *key;
    const char          *format;
    const char          *output;        /* NULL: standard output */
    bool                 separate;      /* output is a folder */
    shian_templates_t   *templates;     /* of html */
    uint64_t            *ids;           /* malloced */
    size_t               n;
    size_t               size;
    uint64_t             line;          /* of --from */
    uint64_t             issued;
    shian_progress_t     progress;
} plaques_t;


/* ---- for whom ------------------------------------------------------------ */


static bool
choose(plaques_t *p, uint64_t venue)
{
    size_t     size;
    uint64_t  *grown;

    if (p->n == p->size) {
        size = p->size == 0 ? 1024 : p->size * 2;
        grown = realloc(p->ids, size * sizeof(*grown));

        if (grown == NULL) {
            (void) shian_ctl_fail(p->ctl, "memory has run out");
            return false;
        }

        p->ids = grown;
        p->size = size;
    }

    p->ids[p->n++] = venue;
    return true;
}


/* An id in a first column; a header is none, nor is an empty row. */
static bool
on_id(void *ctx, const shian_row_t *row)
{
    char          text[24];
    uint64_t      venue;
    plaques_t    *p = ctx;
    shian_str_t   cell;

    p->line = row->line;

    if (row->error != NULL || row->n == 0) {
        return row->error == NULL;
    }

    cell = row->row == 0 ? row->name[0] : row->value[0];

    if (cell.n == 0 || (row->row == 0 && (*cell.p < '0' || *cell.p > '9'))) {
        return true;
    }

    if (cell.n >= sizeof(text)) {
        return false;
    }

    memcpy(text, cell.p, cell.n);
    text[cell.n] = '\0';

    return shian_number(text, 1, INT64_MAX, &venue) && choose(p, venue);
}


static bool
choose_from(plaques_t *p, const char *path)
{
    bool              ok;
    char              buf[8192];
    FILE             *f;
    size_t            n;
    shian_rows_t     *rows;
    shian_charset_t   cs;

    f = shian_ctl_fopen(p->ctl, path, "r");
    if (f == NULL) {
        return false;
    }

    rows = shian_rows_open(0, on_id, p);
    ok = rows != NULL && shian_charset_open(&cs, NULL,
                                            shian_rows_sink(rows));

    if (ok) {
        while ((n = fread(buf, 1, sizeof(buf), f)) != 0 && !cs.sink.failed) {
            shian_put(&cs.sink, buf, n);
        }

        ok = ferror(f) == 0 && !cs.sink.failed;
        ok = shian_charset_close(&cs) && ok;
        ok = shian_rows_end(rows) && ok;
    }

    shian_rows_free(rows);
    (void) fclose(f);

    if (!ok) {
        (void) shian_ctl_fail(p->ctl, "%s: line %llu does not begin with the "
                              "id of a venue", path,
                              (unsigned long long) p->line);
    }

    return ok;
}


/* All that are not closed, of a district or of the city. */
static bool
choose_where(plaques_t *p, const char *district)
{
    bool             ok;
    shian_txn_t      t;
    shian_scan_t     scan;
    Shian__Venue    *v;
    shian_arena_t    a;
    shian_rowkey_t   every;

    every.n = 0;
    shian_arena_init(&a, NULL, NULL);
    ok = shian_txn_begin(p->ctl->store, &a, false, &t) == 0;

    if (ok) {
        shian_scan_open(&scan, &t, SHIAN_T_VENUE, &every, NULL);

        while (ok && shian_scan_next(&scan)) {
            v = shian__venue__unpack(&a.pb, scan.value.n, scan.value.p);
            ok = v != NULL;

            if (ok && v->status != SHIAN__VENUE__STATUS__closed
                && (district == NULL
                    || (v->district != NULL
                        && strcmp(v->district, district) == 0)))
            {
                ok = choose(p, v->id);
            }
            shian_arena_free(&a);
        }

        shian_scan_close(&scan);
        ok = ok && t.err == 0;
        shian_txn_abort(&t);
    }

    shian_arena_free(&a);

    if (!ok) {
        (void) shian_ctl_fail(p->ctl, "the store cannot be read");
    }

    return ok;
}


static int
by_id(const void *a, const void *b)
{
    uint64_t  x = *(const uint64_t *) a, y = *(const uint64_t *) b;

    return x < y ? -1 : x > y;
}


/* A second plaque would withdraw the first one, printed beside it. */
static bool
nobody_twice(plaques_t *p)
{
    bool       ok;
    size_t     i;
    uint64_t  *sorted;

    sorted = malloc(p->n * sizeof(*sorted));

    if (sorted == NULL) {
        (void) shian_ctl_fail(p->ctl, "memory has run out");
        return false;
    }

    memcpy(sorted, p->ids, p->n * sizeof(*sorted));
    qsort(sorted, p->n, sizeof(*sorted), by_id);
    ok = true;

    for (i = 1; ok && i < p->n; i++) {
        ok = sorted[i] != sorted[i - 1];

        if (!ok) {
            (void) shian_ctl_fail(p->ctl, "venue %llu is named twice",
                                  (unsigned long long) sorted[i]);
        }
    }

    free(sorted);
    return ok;
}


/* Takes those out that have one; false: it was said who cannot have any. */
static bool
look_at_all(plaques_t *p)
{
    bool             ok, lacking;
    size_t           i, n;
    shian_txn_t      t;
    Shian__Tally    *tally;
    Shian__Venue    *v;
    shian_arena_t    a;

    lacking = shian_flag(p->ctl, "lacking");
    shian_arena_init(&a, NULL, NULL);

    if (shian_txn_begin(p->ctl->store, &a, false, &t) != 0) {
        (void) shian_ctl_fail(p->ctl, "the store cannot be read");
        return false;
    }

    ok = true;

    for (n = 0, i = 0; ok && i < p->n; i++) {
        v = shian_venue_get(&t, p->ids[i]);
        tally = v == NULL ? NULL : shian_tally_get(&t, p->ids[i]);
        ok = tally != NULL && v->status != SHIAN__VENUE__STATUS__closed;

        if (!ok) {
            (void) shian_ctl_fail(p->ctl, "venue %llu %s; no plaque was "
                                  "issued", (unsigned long long) p->ids[i],
                                  v == NULL ? "is not there" : "is closed");

        } else if (!lacking || tally->plaque == 0) {
            p->ids[n++] = p->ids[i];
        }

        shian_arena_free(&a);
    }

    p->n = n;
    shian_txn_abort(&t);
    shian_arena_free(&a);

    return ok;
}


static int
choose_all(plaques_t *p)
{
    bool          ok;
    size_t        i;
    uint64_t      venue;
    shian_ctl_t  *c = p->ctl;
    const char   *district, *from;

    ok = true;
    district = shian_arg(c, "district");
    from = shian_arg(c, "from");

    for (i = 0; ok && i < c->nargs; i++) {
        if (!shian_number(c->args[i], 1, INT64_MAX, &venue)) {
            return shian_ctl_usage(c, "\"%s\" is no venue's id",
                                   c->args[i]);
        }
        ok = choose(p, venue);
    }

    if (!shian_ctl_keys(c) || !shian_ctl_store(c, false)) {
        return SHIAN_FAILED;
    }

    if (from != NULL) {
        ok = choose_from(p, from);

    } else if (c->nargs == 0) {
        ok = choose_where(p, district);
    }

    if (!ok) {
        return SHIAN_FAILED;
    }

    if (p->n == 0) {
        return shian_ctl_fail(c, "there is no venue to issue a plaque for");
    }

    return nobody_twice(p) && look_at_all(p) ? SHIAN_DONE : SHIAN_FAILED;
}


/* ---- making and issuing -------------------------------------------------- */


/*
 * In capitals the symbol is a third smaller, and scheme and host do not mind;
 * a path in the base URL would.
 */
static const char *
plaque_url(shian_ctl_t *c, shian_arena_t *a, const char *code)
{
    char        *z, *p;
    const char  *host;

    host = strstr(c->base_url, "://");
    host = host == NULL ? c->base_url : host + 3;

    if (strchr(host, '/') != NULL) {
        return shian_printf(a, "%s/q/%s", c->base_url, code);
    }

    z = shian_printf(a, "%s/Q/%s", c->base_url, code);

    for (p = z; p != NULL && *p != '\0'; p++) {
        if (*p >= 'a' && *p <= 'z') {
            *p = (char) (*p & 0xdf);
        }
    }

    return z;
}


/* What will be issued to n venues; false: it was said why. */
static bool
prepare(plaques_t *p, shian_arena_t *a, const uint64_t *ids, size_t n,
    shian_issued_t *out)
{
    bool           ok;
    size_t         i;
    shian_txn_t    t;
    Shian__Venue  *v;

    if (shian_txn_begin(p->ctl->store, a, false, &t) != 0) {
        (void) shian_ctl_fail(p->ctl, "the store cannot be read");
        return false;
    }

    ok = true;

    for (i = 0; ok && i < n; i++) {
        do {
            shian_random(&out[i].plaque, sizeof(out[i].plaque));
            out[i].plaque &= SHIAN_CODE_MAX_ID;
        } while (out[i].plaque == 0
                 || shian_plaque_get(&t, out[i].plaque) != NULL);

        v = shian_venue_get(&t, ids[i]);
        ok = v != NULL && shian_code_make(&p->ctl->keys, p->key->no,
                                          out[i].plaque, out[i].code);
        out[i].venue = ids[i];
        out[i].name = ok ? v->name : NULL;
        out[i].name_en = ok ? v->name_en : NULL;
        out[i].url = ok ? plaque_url(p->ctl, a, out[i].code) : NULL;
        ok = ok && out[i].url != NULL;
    }

    shian_txn_abort(&t);

    if (!ok) {
        (void) shian_ctl_fail(p->ctl, "no plaque can be made");
    }

    return ok;
}


static bool
write_out(plaques_t *p, shian_arena_t *a, const char *path,
    const shian_issued_t *plaques, size_t n)
{
    shian_output_t  o;

    if (!shian_output_open(p->ctl, &o, path, 0644)) {
        return false;
    }

    o.many = p->separate;

    if (!shian_plaque_put(p->ctl, a, p->templates, p->format, plaques, n,
                          &o.out.sink))
    {
        shian_output_abandon(&o);
        (void) shian_ctl_fail(p->ctl, "%s cannot be written",
                              path == NULL ? "standard output" : path);
        return false;
    }

    return shian_output_finish(&o);
}


/* What is on paper must not be a plaque that there is not. */
static void
take_back(plaques_t *p, const char *file)
{
    struct stat  st;

    shian_ctl_as_user(p->ctl);

    if (file != NULL && lstat(file, &st) == 0 && S_ISREG(st.st_mode)) {
        (void) unlink(file);
    }

    shian_ctl_as_owner(p->ctl);
}


/* Up to SHIAN_SLICE plaques that are on disk. */
static bool
issue(plaques_t *p, const shian_issued_t *plaques, size_t n)
{
    bool                 ok;
    size_t               i;
    shian_slice_t        s;
    Shian__Operation     op;
    Shian__PlaqueIssue   body = SHIAN__PLAQUE_ISSUE__INIT;

    shian_slice_init(&s, p->ctl, &shian_machine);
    ok = true;

    for (i = 0; ok && i < n; i++) {
        body.has_venue = body.has_plaque = body.has_key_no = 1;
        body.venue = plaques[i].venue;
        body.plaque = plaques[i].plaque;
        body.key_no = p->key->no;
        op = shian_ctl_operation(p->ctl);
        op.body_case = SHIAN__OPERATION__BODY_PLAQUE_ISSUE;
        op.plaque_issue = &body;
        ok = shian_slice_add(&s, &op);
    }

    ok = ok && shian_slice_run(&s);

    for (i = 0; i < n; i++) {
        if (ok && s.items[i].report.status == 200) {
            p->issued++;
            continue;
        }

        take_back(p, plaques[i].file);

        if (ok) {
            (void) shian_ctl_fail(p->ctl, "venue %llu: %s; what was written "
                                  "for it is void",
                                  (unsigned long long) plaques[i].venue,
                                  shian_ctl_refusal(&s.arena,
                                                    &s.items[i].report));
        }
    }

    shian_slice_free(&s);
    shian_progress_show(&p->progress, p->issued, p->n);

    return ok;
}


static bool
on_disk(plaques_t *p)
{
    bool  ok;
    int   error;

    shian_ctl_as_user(p->ctl);
    ok = shian_sync_disk(p->output);
    error = errno;
    shian_ctl_as_owner(p->ctl);

    if (!ok) {
        (void) shian_ctl_fail(p->ctl, "%s: %s", p->output, strerror(error));
    }

    return ok;
}


/* A file each: a slice of them is on disk before it is issued. */
static bool
each_alone(plaques_t *p)
{
    bool             ok;
    size_t           at, n, made;
    const char      *file;
    shian_arena_t    a;
    shian_issued_t  *slice;

    slice = shian_array(&p->ctl->arena, SHIAN_SLICE, sizeof(*slice));
    ok = slice != NULL;
    shian_arena_init(&a, NULL, NULL);

    for (at = 0; ok && at < p->n; at += n) {
        n = p->n - at < SHIAN_SLICE ? p->n - at : SHIAN_SLICE;
        ok = prepare(p, &a, p->ids + at, n, slice);

        for (made = 0; ok && made < n; made += ok) {
            file = shian_printf(&a, "%s/plaque-%llu.%s", p->output,
                                (unsigned long long) slice[made].venue,
                                p->format);
            slice[made].file = file;
            ok = file != NULL && write_out(p, &a, file, &slice[made], 1);
        }

        ok = ok && on_disk(p);

        if (ok) {
            ok = issue(p, slice, n);
        } else {
            while (made != 0) {
                take_back(p, slice[--made].file);
            }
        }

        shian_arena_free(&a);
    }

    return ok;
}


/* One file, or standard output, for all. */
static bool
all_together(plaques_t *p)
{
    bool             ok;
    size_t           at, n;
    shian_issued_t  *all;

    all = shian_array(&p->ctl->arena, p->n, sizeof(*all));

    if (all == NULL || !prepare(p, &p->ctl->arena, p->ids, p->n, all)
        || !write_out(p, &p->ctl->arena, p->output, all, p->n))
    {
        return false;
    }

    ok = true;

    for (at = 0; ok && at < p->n; at += n) {
        n = p->n - at < SHIAN_SLICE ? p->n - at : SHIAN_SLICE;
        ok = issue(p, all + at, n);
    }

    if (p->issued == 0) {
        take_back(p, p->output);
    }

    return ok;
}


/* ---- the command --------------------------------------------------------- */


static bool
is_folder(shian_ctl_t *c, const char *path)
{
    bool          is;
    struct stat   st;

    shian_ctl_as_user(c);
    is = stat(path, &st) == 0 && S_ISDIR(st.st_mode);

    return is;
}


/* What is wrong with the words of the command. */
static int
check_request(plaques_t *p)
{
    bool          html, many;
    int           ways;
    shian_ctl_t  *c = p->ctl;

    html = strcmp(p->format, "html") == 0;
    ways = (c->nargs != 0) + shian_flag(c, "all")
           + (shian_arg(c, "district") != NULL)
           + (shian_arg(c, "from") != NULL);
    many = c->nargs != 1;

    if (!html && strcmp(p->format, "svg") != 0
        && strcmp(p->format, "png") != 0)
    {
        return shian_ctl_usage(c, "--format is svg, png or html");
    }

    if (ways != 1) {
        return shian_ctl_usage(c, "plaque issue needs venues, --all, "
                               "--district or --from, and one of these only");
    }

    if (many && p->output == NULL && !html) {
        return shian_ctl_usage(c, "for many plaques name a folder with -o");
    }

    if (c->base_url == NULL) {
        return shian_ctl_usage(c, "say --base-url as shian_base_url in "
                               "nginx.conf, or set SHIAN_BASE_URL");
    }

    p->separate = p->output != NULL
                  && ((many && !html) || is_folder(c, p->output));

    return SHIAN_DONE;
}


static int
issue_all(plaques_t *p)
{
    bool          ok;
    char          err[512];
    shian_ctl_t  *c = p->ctl;

    p->key = shian_key_issuing(&c->keys, SHIAN_KEY_PLAQUE);

    if (p->key == NULL) {
        return shian_ctl_fail(c, "there is no plaque key; add one with "
                              "\"shianctl keys rotate --kind plaque\"");
    }

    if (strcmp(p->format, "html") == 0) {
        p->templates = shian_templates_load(c->html, err, sizeof(err));

        if (p->templates == NULL) {
            return shian_ctl_fail(c, "%s", err);
        }
    }

    if (p->separate) {
        shian_ctl_as_user(c);

        if (mkdir(p->output, 0755) != 0 && errno != EEXIST) {
            return shian_ctl_fail(c, "%s: %s", p->output, strerror(errno));
        }

        shian_ctl_as_owner(c);
    }

    shian_progress_start(&p->progress, "plaques");
    ok = p->n == 0 || (p->separate ? each_alone(p) : all_together(p));
    shian_progress_end(&p->progress);

    if (p->output != NULL) {
        printf(c->json ? "{\"issued\":%llu}\n" : "%llu issued\n",
               (unsigned long long) p->issued);
    }

    return ok && p->issued == p->n ? SHIAN_DONE : SHIAN_FAILED;
}


int
shian_cmd_plaque_issue(shian_ctl_t *c)
{
    int        rc;
    plaques_t  p;

    memset(&p, 0, sizeof(p));
    p.ctl = c;
    p.format = shian_arg(c, "format");
    p.format = p.format == NULL ? "svg" : p.format;
    p.output = shian_arg(c, "output");

    rc = check_request(&p);

    if (rc == SHIAN_DONE) {
        rc = choose_all(&p);
    }

    if (rc == SHIAN_DONE) {
        rc = issue_all(&p);
    }

    shian_templates_free(p.templates);
    free(p.ids);

    return rc;
}


int
shian_cmd_plaque_withdraw(shian_ctl_t *c)
{
    uint32_t                key_no;
    Shian__Result           result;
    Shian__Operation        op;
    Shian__PlaqueWithdraw   body = SHIAN__PLAQUE_WITHDRAW__INIT;

    if (!shian_ctl_keys(c) || !shian_ctl_store(c, false)) {
        return SHIAN_FAILED;
    }

    if (!shian_code_read(&c->keys, shian_str(c->args[0]), &body.plaque,
                         &key_no))
    {
        return shian_ctl_fail(c, "\"%s\" is no code of ours", c->args[0]);
    }

    body.has_plaque = 1;
    op = shian_ctl_operation(c);
    op.body_case = SHIAN__OPERATION__BODY_PLAQUE_WITHDRAW;
    op.plaque_withdraw = &body;

    if (!shian_ctl_run(c, &op, &result)) {
        return SHIAN_FAILED;
    }

    printf(c->json ? "{\"withdrawn\":\"%s\"}\n" : "%s is withdrawn\n",
           c->args[0]);

    return SHIAN_DONE;
}
