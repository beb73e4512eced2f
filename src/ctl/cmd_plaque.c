#include "cmd.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "core/code.h"
#include "core/ids.h"
#include "core/qr.h"
#include "render/template.h"

#define PNG_SCALE  12           /* pixels a module: 60 mm at 200 dpi */
#define MAX_STYLE  65536

const shian_option_t  shian_plaque_issue_options[] = {
    { "format", "F", "svg (default) or png: the QR symbol alone; html: the "
                     "sheet to print" },
    { "output", "FILE|DIR", "a file for one or a sheet, a folder for many; "
                            "also -o" },
    { "city", "NAME", "for the sheet" },
    { "bureau", "NAME", "for the sheet" },
    { NULL, NULL, NULL }
};

const shian_option_t  shian_plaque_withdraw_options[] = {
    { NULL, NULL, NULL }
};

typedef struct {
    uint64_t      venue;
    const char   *name;
    const char   *name_en;
    char          code[SHIAN_CODE_LEN + 1];
    const char   *url;
} issued_t;


/*
 * In capitals the symbol is a third smaller, and scheme and host do not mind;
 * a path in the base URL would.
 */
static const char *
plaque_url(shian_ctl_t *c, const char *code)
{
    char        *z, *p;
    const char  *host;

    host = strstr(c->base_url, "://");
    host = host == NULL ? c->base_url : host + 3;

    if (strchr(host, '/') != NULL) {
        return shian_printf(&c->arena, "%s/q/%s", c->base_url, code);
    }

    z = shian_printf(&c->arena, "%s/Q/%s", c->base_url, code);

    for (p = z; p != NULL && *p != '\0'; p++) {
        if (*p >= 'a' && *p <= 'z') {
            *p = (char) (*p & 0xdf);
        }
    }

    return z;
}


static bool
issue(shian_ctl_t *c, const shian_key_t *key, uint64_t venue, issued_t *out)
{
    shian_txn_t          t;
    Shian__Venue        *v;
    Shian__Result        result;
    Shian__Operation     op;
    Shian__PlaqueIssue   body = SHIAN__PLAQUE_ISSUE__INIT;

    body.has_venue = body.has_plaque = body.has_key_no = 1;
    body.venue = venue;
    body.key_no = key->no;

    do {
        shian_random(&body.plaque, sizeof(body.plaque));
        body.plaque &= SHIAN_CODE_MAX_ID;
    } while (body.plaque == 0);

    op = shian_ctl_operation(c);
    op.body_case = SHIAN__OPERATION__BODY_PLAQUE_ISSUE;
    op.plaque_issue = &body;

    if (!shian_ctl_run(c, &op, &result)
        || !shian_code_make(&c->keys, key->no, body.plaque, out->code)
        || shian_txn_begin(c->store, &c->arena, false, &t) != 0)
    {
        return false;
    }

    v = shian_venue_get(&t, venue);
    shian_txn_abort(&t);

    out->venue = venue;
    out->name = v == NULL ? NULL : v->name;
    out->name_en = v == NULL ? NULL : v->name_en;
    out->url = plaque_url(c, out->code);

    return out->url != NULL;
}


/* ---- the sheet ----------------------------------------------------------- */


/*
 * The page names the style sheet of a site; a file on its own has to carry
 * it.
 */
static bool
put_with_style(shian_ctl_t *c, shian_str_t page, shian_sink_t *out)
{
    char        *css;
    FILE        *f;
    size_t       n;
    const char  *path, *link, *end;

    link = memmem(page.p, page.n, "<link rel=\"stylesheet\"", 22);
    end = link == NULL ? NULL : memchr(link, '>',
              page.n - (size_t) (link - (const char *) page.p));
    path = shian_printf(&c->arena, "%s/static/shian.css", c->html);
    css = shian_alloc(&c->arena, MAX_STYLE);
    f = end == NULL || path == NULL || css == NULL ? NULL : fopen(path, "r");

    if (f == NULL) {
        shian_puts(out, page);
        return !out->failed;
    }

    n = fread(css, 1, MAX_STYLE, f);
    (void) fclose(f);

    shian_put(out, page.p, (size_t) (link - (const char *) page.p));
    shian_putz(out, "<style>\n");
    shian_put(out, css, n);
    shian_putz(out, "</style>");
    shian_put(out, end + 1,
              page.n - (size_t) (end + 1 - (const char *) page.p));

    return !out->failed;
}


static bool
fill_card(shian_ctl_t *c, const issued_t *plaque, Shian__PlaqueCard *card)
{
    char         grouped[SHIAN_CODE_GROUP_LEN + 1];
    shian_buf_t  svg;

    shian_buf_init(&svg, &c->arena);
    shian_code_group(plaque->code, grouped);

    if (!shian_qr_svg(&svg.sink, plaque->url, SHIAN_QR_QUIET)) {
        return false;
    }

    shian_putc(&svg.sink, '\0');

    shian__plaque_card__init(card);
    card->has_venue = 1;
    card->venue = plaque->venue;
    card->venue_name = (char *) (uintptr_t) plaque->name;
    card->venue_name_en = (char *) (uintptr_t) plaque->name_en;
    card->code = (char *) (uintptr_t) plaque->code;
    card->code_grouped = shian_strdup(&c->arena, shian_str(grouped));
    card->url = (char *) (uintptr_t) plaque->url;
    card->qr_svg = (char *) svg.p;
    card->city = (char *) (uintptr_t) shian_arg(c, "city");
    card->bureau = (char *) (uintptr_t) shian_arg(c, "bureau");

    return !svg.sink.failed && card->code_grouped != NULL;
}


static bool
render_sheet(shian_ctl_t *c, const shian_templates_t *templates,
    const issued_t *plaques, size_t n, shian_sink_t *out)
{
    size_t                i;
    shian_buf_t           page;
    shian_page_t          p;
    Shian__Frame          frame = SHIAN__FRAME__INIT;
    Shian__PlaqueCard    *cards, **items;
    Shian__PlaqueSheet    sheet = SHIAN__PLAQUE_SHEET__INIT;

    cards = shian_array(&c->arena, n, sizeof(*cards));
    items = shian_array(&c->arena, n, sizeof(*items));

    if (cards == NULL || items == NULL) {
        return false;
    }

    for (i = 0; i < n; i++) {
        if (!fill_card(c, &plaques[i], &cards[i])) {
            return false;
        }
        items[i] = &cards[i];
    }

    sheet.n_items = n;
    sheet.items = items;
    sheet.has_single = 1;
    sheet.single = n == 1;

    frame.lang = (char *) (uintptr_t) "zh";
    frame.site_url = (char *) (uintptr_t) c->base_url;
    p = (shian_page_t) { "zh", SHIAN_TZ_MINUTES, &frame.base, &sheet.base,
                         "plaque" };

    shian_buf_init(&page, &c->arena);

    return shian_template_render(templates, "layout", &p, &page.sink)
           && put_with_style(c, shian_buf_str(&page), out);
}


/* ---- output -------------------------------------------------------------- */


static bool
put_one(const char *format, const char *url, shian_sink_t *out)
{
    if (strcmp(format, "png") == 0) {
        return shian_qr_png(out, url, PNG_SCALE);
    }

    if (!shian_qr_svg(out, url, SHIAN_QR_QUIET)) {
        return false;
    }

    shian_putc(out, '\n');
    return !out->failed;
}


static int
write_to(shian_ctl_t *c, const shian_templates_t *templates,
    const char *path, const char *format, const issued_t *plaques, size_t n)
{
    bool                ok;
    FILE               *f;
    shian_file_sink_t   out;

    f = path == NULL ? stdout : shian_ctl_fopen(c, path, "w");
    if (f == NULL) {
        return SHIAN_FAILED;
    }

    shian_file_sink(&out, f);
    ok = strcmp(format, "html") == 0
         ? render_sheet(c, templates, plaques, n, &out.sink)
         : put_one(format, plaques[0].url, &out.sink);

    if (path != NULL) {
        ok = fclose(f) == 0 && ok;
    }

    return ok ? SHIAN_DONE
           : shian_ctl_fail(c, "%s cannot be written; the plaques are "
                            "issued, issue them again",
                            path == NULL ? "the output" : path);
}


static int
write_all(shian_ctl_t *c, const shian_templates_t *templates,
    const char *format, const issued_t *plaques, size_t n)
{
    int          rc;
    size_t       i;
    const char  *path, *dir;

    dir = shian_arg(c, "output");

    if (n == 1 || templates != NULL) {
        return write_to(c, templates, dir, format, plaques, n);
    }

    rc = SHIAN_DONE;

    for (i = 0; rc == SHIAN_DONE && i < n; i++) {
        path = shian_printf(&c->arena, "%s/plaque-%llu.%s", dir,
                            (unsigned long long) plaques[i].venue, format);
        rc = path == NULL ? SHIAN_FAILED
             : write_to(c, NULL, path, format, &plaques[i], 1);
    }

    return rc;
}


/* Everything that can be wrong before the first plaque is issued. */
static int
check_request(shian_ctl_t *c, const char *format)
{
    bool         html;
    size_t       i;
    uint64_t     venue;
    const char  *dir;

    dir = shian_arg(c, "output");
    html = strcmp(format, "html") == 0;

    if (!html && strcmp(format, "svg") != 0 && strcmp(format, "png") != 0) {
        return shian_ctl_usage(c, "--format is svg, png or html");
    }

    if (c->nargs > 1 && dir == NULL && !html) {
        return shian_ctl_usage(c, "for many plaques name a folder with -o");
    }

    if (c->base_url == NULL) {
        return shian_ctl_usage(c, "say --base-url as shian_base_url in "
                               "nginx.conf, or set SHIAN_BASE_URL");
    }

    for (i = 0; i < c->nargs; i++) {
        if (!shian_number(c->args[i], 1, INT64_MAX, &venue)) {
            return shian_ctl_usage(c, "\"%s\" is no venue's id",
                                   c->args[i]);
        }
    }

    if (!shian_ctl_keys(c) || !shian_ctl_store(c, false)) {
        return SHIAN_FAILED;
    }

    if (c->nargs > 1 && !html) {
        shian_ctl_as_user(c);

        if (mkdir(dir, 0755) != 0 && errno != EEXIST) {
            return shian_ctl_fail(c, "%s: %s", dir, strerror(errno));
        }

        shian_ctl_as_owner(c);
    }

    return SHIAN_DONE;
}


static int
issue_all(shian_ctl_t *c, const shian_templates_t *templates,
    const char *format)
{
    size_t              i;
    uint64_t            venue;
    issued_t           *plaques;
    const shian_key_t  *key;

    key = shian_key_issuing(&c->keys, SHIAN_KEY_PLAQUE);
    plaques = shian_array(&c->arena, c->nargs, sizeof(*plaques));

    if (key == NULL || plaques == NULL) {
        return shian_ctl_fail(c, "there is no plaque key; add one with "
                              "\"shianctl keys rotate --kind plaque\"");
    }

    for (i = 0; i < c->nargs; i++) {
        if (!shian_number(c->args[i], 1, INT64_MAX, &venue)
            || !issue(c, key, venue, &plaques[i]))
        {
            return shian_ctl_fail(c, "venue %s got no plaque%s",
                                  c->args[i], i == 0 ? ""
                                  : "; those before it did");
        }
    }

    return write_all(c, templates, format, plaques, c->nargs);
}


int
shian_cmd_plaque_issue(shian_ctl_t *c)
{
    int                 rc;
    char                err[512];
    const char         *format;
    shian_templates_t  *templates;

    format = shian_arg(c, "format");
    format = format == NULL ? "svg" : format;
    templates = NULL;

    rc = check_request(c, format);

    if (rc != SHIAN_DONE) {
        return rc;
    }

    if (strcmp(format, "html") == 0) {
        templates = shian_templates_load(c->html, err, sizeof(err));
        if (templates == NULL) {
            return shian_ctl_fail(c, "%s", err);
        }
    }

    rc = issue_all(c, templates, format);
    shian_templates_free(templates);

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
