#include "plaque_sheet.h"

#include "args.h"
#include "core/folders.h"
#include "core/qr.h"

#define PNG_SCALE  12           /* pixels a module: 60 mm at 200 dpi */
#define MAX_STYLE  65536


/*
 * The page names the style sheet of a site; a file on its own has to carry
 * it.
 */
static bool
put_with_style(shian_ctl_t *c, shian_arena_t *a, shian_str_t page,
    shian_sink_t *out)
{
    char        *css;
    FILE        *f;
    size_t       n;
    const char  *path, *link, *end;

    link = memmem(page.p, page.n, "<link rel=\"stylesheet\"", 22);
    end = link == NULL ? NULL : memchr(link, '>',
              page.n - (size_t) (link - (const char *) page.p));
    path = shian_folders_find(a, c->html, "static/shian.css");
    css = shian_alloc(a, MAX_STYLE);
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
fill_card(shian_ctl_t *c, shian_arena_t *a, const shian_issued_t *plaque,
    Shian__PlaqueCard *card)
{
    char         grouped[SHIAN_CODE_GROUP_LEN + 1];
    shian_buf_t  svg;

    shian_buf_init(&svg, a);
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
    card->code_grouped = shian_strdup(a, shian_str(grouped));
    card->url = (char *) (uintptr_t) plaque->url;
    card->qr_svg = (char *) svg.p;
    card->city = (char *) (uintptr_t) shian_arg(c, "city");
    card->bureau = (char *) (uintptr_t) shian_arg(c, "bureau");

    return !svg.sink.failed && card->code_grouped != NULL;
}


static bool
render_sheet(shian_ctl_t *c, shian_arena_t *a,
    const shian_templates_t *templates, const shian_issued_t *plaques,
    size_t n, shian_sink_t *out)
{
    size_t                i;
    shian_buf_t           page;
    shian_page_t          p;
    Shian__Frame          frame = SHIAN__FRAME__INIT;
    Shian__PlaqueCard    *cards, **items;
    Shian__PlaqueSheet    sheet = SHIAN__PLAQUE_SHEET__INIT;

    cards = shian_array(a, n, sizeof(*cards));
    items = shian_array(a, n, sizeof(*items));

    if (cards == NULL || items == NULL) {
        return false;
    }

    for (i = 0; i < n; i++) {
        if (!fill_card(c, a, &plaques[i], &cards[i])) {
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

    shian_buf_init(&page, a);

    return shian_template_render(templates, "layout", &p, &page.sink)
           && put_with_style(c, a, shian_buf_str(&page), out);
}


/* ---- a symbol alone ------------------------------------------------------ */


static bool
put_symbol(const char *format, const char *url, shian_sink_t *out)
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


bool
shian_plaque_put(shian_ctl_t *c, shian_arena_t *a,
    const shian_templates_t *templates, const char *format,
    const shian_issued_t *plaques, size_t n, shian_sink_t *out)
{
    return templates != NULL
           ? render_sheet(c, a, templates, plaques, n, out)
           : put_symbol(format, plaques[0].url, out);
}
