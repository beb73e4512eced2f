/*
 * Renders every template of html/ in both languages over t/unit/pages.json
 * into build/pages, to be looked at, and checks what must hold of each page:
 * well-formed, no inline script or style, nothing of a visitor's live, small.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <zlib.h>

#include "core/calendar.h"
#include "core/ids.h"
#include "render/check.h"
#include "render/lang.h"
#include "shian.pb-c.h"

#define CASES      "t/unit/pages.json"
#define MAX_DEPTH  64
#define MAX_IDS    512

/* A QR symbol's shape is not the page's affair; a square stands for it. */
#define QR  "<svg viewBox=\"0 0 29 29\" role=\"img\" aria-label=\"QR\">"      \
            "<path d=\"M2 2h7v7h-7zM20 2h7v7h-7zM2 20h7v7h-7z\"/></svg>"

/* What a chart is made of; its shapes have a test of their own. */
#define CHART  "<svg class=\"chart\" width=\"480\" "                      \
               "viewBox=\"0 0 360 224\" role=\"img\" aria-label=\"-\">"   \
               "<path d=\"M34 66H120V60H300\"/></svg>"

static const char *const  error_codes[] = {
    "not_found", "malformed", "method", "forbidden", "signin_required",
    "scan_required", "scan_used", "already_today", "wrong_state",
    "withdrawn", "too_large", "too_many", "wrong_type", "invalid",
    "interrupted", "busy", "no_room", "limited", "link_expired",
    "link_spent", "link_bad", "conflict_key", "cross_site", "counterfeit",
    "server", "empty", "not_a_photo", "too_many_pixels",
    "too_many_today", "track_bad", "track_gone", "plaque_unknown",
    "link_spent"
};

static const char *const  field_codes[] = {
    "required", "too_long", "too_short", "pattern", "range", "unknown",
    "duplicate", "too_many", "too_large", "wrong_type", "not_a_photo",
    "empty", "too_many_pixels", "interrupted"
};

static const struct {
    const char                     *prefix;
    const ProtobufCEnumDescriptor  *values;
} enums[] = {
    { "colour", &shian__colour__kind__descriptor },
    { "status", &shian__venue__status__descriptor },
    { "role", &shian__role__kind__descriptor },
    { "credit", &shian__venue__credit__descriptor },
    { "level", &shian__evaluation__level__descriptor },
    { "inspection", &shian__inspection__kind__descriptor },
    { "head", &shian__checklist__head__descriptor },
    { "severity", &shian__severity__kind__descriptor },
    { "state", &shian__review__state__descriptor },
    { "ground", &shian__review__ground__descriptor },
    { "code", &shian__component__code__descriptor },
    { "reason", &shian__component__code__descriptor },
    { "better", &shian__component__code__descriptor },
    { "task", &shian__patrol_task__task__descriptor },
    { "result", &shian__answer__result__descriptor },
    { "flag", &shian__inspection__flag__descriptor },
};

typedef struct {
    shian_templates_t  *templates;
    json_t             *cases;
    char                dir[512];       /* where pages are left */
} fixture_t;


#define FILLED_TEXT(text)                                                    \
    (strcmp(text, "@qr") == 0 ? QR : strcmp(text, "@chart") == 0 ? CHART     \
                                                                 : (text))

#include "filled.h"


static ProtobufCMessage *
frame_for(shian_arena_t *a, json_t *common, json_t *c, const char *lang)
{
    json_t            *all;
    const char        *other;
    ProtobufCMessage  *m;

    other = strcmp(lang, "zh") == 0 ? "en" : "zh";
    all = json_copy(common);
    assert_non_null(all);

    if (json_object_get(c, "frame") != NULL) {
        assert_int_equal(
            json_object_update(all, json_object_get(c, "frame")), 0);
    }

    assert_int_equal(json_object_set_new(all, "lang", json_string(lang)), 0);
    assert_int_equal(
        json_object_set_new(all, "other_lang", json_string(other)), 0);
    assert_int_equal(json_object_set_new(all, "other_url",
        json_sprintf("%s.%s.html",
            json_string_value(json_object_get(c, "name")), other)), 0);
    assert_int_equal(json_object_set_new(all, "canonical",
        json_sprintf("https://fsc.example.gov.cn/%s",
            json_string_value(json_object_get(c, "name")))), 0);

    m = fill(a, &shian__frame__descriptor, all);
    json_decref(all);
    return m;
}


static const ProtobufCMessageDescriptor *
type_of(const char *page)
{
    size_t  i;

    for (i = 0; i < shian_npage_types; i++) {
        if (strcmp(shian_page_types[i].name, page) == 0) {
            return shian_page_types[i].view;
        }
    }

    fail_msg("%s is in no table of pages", page);
    return NULL;
}


static const char *
render(fixture_t *fx, shian_arena_t *a, json_t *c, const char *lang)
{
    const char                        *message;
    shian_buf_t                        b;
    shian_page_t                       page;
    const ProtobufCMessageDescriptor  *view;

    message = json_string_value(json_object_get(c, "message"));
    memset(&page, 0, sizeof(page));
    page.body = json_string_value(json_object_get(c, "template"));
    view = type_of(page.body);
    assert_string_equal(view->short_name, message);
    page.view = fill(a, view, json_object_get(c, "view"));

    page.lang = lang;
    page.tz_minutes = 480;
    page.frame = frame_for(a, json_object_get(fx->cases, "frame"), c, lang);

    shian_buf_init(&b, a);
    assert_true(shian_template_render(fx->templates, "layout", &page,
                                      &b.sink));
    shian_putc(&b.sink, '\0');
    assert_false(b.sink.failed);
    return (const char *) b.p;
}


/* ---- what must hold of a page -------------------------------------------- */

/* Elements that have no end tag, and our HTML's only implied ones: none. */
static bool
is_void(const char *name)
{
    size_t                    i;
    static const char *const  names[] = {
        "meta", "link", "input", "img", "br", "path", "rect", "circle"
    };

    for (i = 0; i < SHIAN_COUNT(names); i++) {
        if (strcmp(name, names[i]) == 0) {
            return true;
        }
    }

    return false;
}


static void
check_attributes(const char *where, const char *tag, size_t n)
{
    const char  *p;

    for (p = tag; p < tag + n; p++) {
        if (*p == '"') {
            p = memchr(p + 1, '"', n - (size_t) (p + 1 - tag));
            if (p == NULL) {
                fail_msg("%s: open quote in %.60s", where, tag);
            }

            if (strncmp(p, "\"javascript:", 12) == 0) {
                fail_msg("%s: script link in %.60s", where, tag);
            }

            continue;
        }

        /* Strict CSP: no handler and no style attribute works anyway. */
        if (*p == ' ' && (strncmp(p, " style=", 7) == 0
                          || (strncmp(p, " on", 3) == 0
                              && isalpha((unsigned char) p[3]))))
        {
            fail_msg("%s: inline code in %.60s", where, tag);
        }
    }
}


static size_t
tag_name(const char *p, char *name, size_t size)
{
    size_t  n;

    for (n = 0; n + 1 < size && isalnum((unsigned char) p[n]); n++) {
        name[n] = p[n];
    }

    name[n] = '\0';
    return n;
}


/* Every element is closed in order, so that no browser needs to guess. */
static void
check_tags(const char *where, const char *html)
{
    char         open[MAX_DEPTH][16], name[16];
    bool         closing;
    size_t       depth = 0, n;
    const char  *p, *end;

    for (p = strchr(html, '<'); p != NULL; p = strchr(end, '<')) {
        end = strchr(p, '>');
        assert_non_null(end);

        if (p[1] == '!') {
            continue;
        }

        closing = (p[1] == '/');
        n = tag_name(p + 1 + closing, name, sizeof(name));
        if (n == 0) {
            fail_msg("%s: a bare < at %.40s", where, p);
        }

        check_attributes(where, p, (size_t) (end - p));

        if (closing) {
            if (depth == 0 || strcmp(open[--depth], name) != 0) {
                fail_msg("%s: </%s> closes %s at %.60s", where, name,
                         depth == 0 ? "nothing" : open[depth], p);
            }

        } else if (!is_void(name) && end[-1] != '/') {
            assert_true(depth < MAX_DEPTH);
            memcpy(open[depth++], name, sizeof(name));

            if (strcmp(name, "script") == 0) {
                if (memcmp(end + 1, "</script>", 9) != 0
                    && strncmp(p, "<script type=\"application/ld+json\">", 35)
                       != 0)
                {
                    fail_msg("%s: inline script", where);
                }

                end = strstr(end, "</script>");
                assert_non_null(end);
            }
        }
    }

    assert_int_equal(depth, 0);
}


/* Labels and error links need each id to be there once. */
static void
check_ids(const char *where, const char *html)
{
    size_t       i, n, nids = 0;
    const char  *p, *ids[MAX_IDS];

    for (p = html; (p = strstr(p, " id=\"")) != NULL; p += 5) {
        assert_true(nids < MAX_IDS);
        n = strcspn(p + 5, "\"") + 1;

        for (i = 0; i < nids; i++) {
            if (memcmp(ids[i], p + 5, n) == 0) {
                fail_msg("%s: id %.*s twice", where, (int) n, p + 5);
            }
        }

        ids[nids++] = p + 5;
    }

    for (p = html; (p = strstr(p, " for=\"")) != NULL; p += 6) {
        n = strcspn(p + 6, "\"") + 1;

        for (i = 0; i < nids && memcmp(ids[i], p + 6, n) != 0; i++) {
            /* void */
        }

        if (i == nids) {
            fail_msg("%s: label for %.*s, which is not there", where, (int) n,
                     p + 6);
        }
    }
}


static void
check_linked_data(const char *where, const char *html)
{
    json_t       *json;
    const char   *p, *end;
    json_error_t  error;

    p = strstr(html, "application/ld+json\">");
    if (p == NULL) {
        return;
    }

    p += strlen("application/ld+json\">");
    end = strstr(p, "</script>");
    assert_non_null(end);
    json = json_loadb(p, (size_t) (end - p), JSON_REJECT_DUPLICATES, &error);
    if (json == NULL) {
        fail_msg("%s: linked data: %s", where, error.text);
    }

    json_decref(json);
}


/* Figures that cannot be seen can be read. */
static void
check_charts(const char *where, const char *html)
{
    if ((strstr(html, "class=\"chart\"") != NULL
         || strstr(html, "class=\"bars\"") != NULL)
        && strstr(html, "<table") == NULL)
    {
        fail_msg("%s: a chart without its table", where);
    }
}


/* "a|b": either will do, for what is said in two languages. */
static bool
has_one_of(const char *html, const char *words)
{
    char         word[256];
    size_t       n;

    for ( ;; words += n + 1) {
        n = strcspn(words, "|");
        assert_true(n < sizeof(word));
        memcpy(word, words, n);
        word[n] = '\0';

        if (strstr(html, word) != NULL) {
            return true;
        }

        if (words[n] == '\0') {
            return false;
        }
    }
}


static void
check_words(const char *where, const char *html, json_t *c)
{
    size_t   i;
    json_t  *j;

    json_array_foreach(json_object_get(c, "expect"), i, j) {
        if (!has_one_of(html, json_string_value(j))) {
            fail_msg("%s: lacks %s", where, json_string_value(j));
        }
    }

    json_array_foreach(json_object_get(c, "refuse"), i, j) {
        if (strstr(html, json_string_value(j)) != NULL) {
            fail_msg("%s: has %s", where, json_string_value(j));
        }
    }

    if (strstr(html, "{{") != NULL || strstr(html, "<script>") != NULL
        || strstr(html, "<img src=x") != NULL
        || strstr(html, "<title></title>") != NULL)
    {
        fail_msg("%s: something came through unrendered", where);
    }
}


/* ---- files --------------------------------------------------------------- */

static size_t
read_file(const char *name, char *buf, size_t size)
{
    FILE    *f;
    size_t   n;

    f = fopen(name, "rb");
    if (f == NULL) {
        fail_msg("%s: %s", name, strerror(errno));
    }

    n = fread(buf, 1, size, f);
    assert_true(n < size);
    assert_int_equal(fclose(f), 0);
    return n;
}


static void
write_page(fixture_t *fx, const char *name, const char *lang,
    const char *html)
{
    int    n;
    char   path[640];
    FILE  *f;

    n = snprintf(path, sizeof(path), "%s/%s.%s.html", fx->dir, name, lang);
    assert_true(n > 0 && (size_t) n < sizeof(path));
    f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(html, 1, strlen(html), f), strlen(html));
    assert_int_equal(fclose(f), 0);
}


static size_t
on_the_wire(const void *p, size_t n)
{
    uLongf        out;
    static Bytef  buf[1 << 17];

    out = sizeof(buf);
    assert_int_equal(compress2(buf, &out, p, n, 6), Z_OK);
    return out;
}


/* ---- tests --------------------------------------------------------------- */

static void
every_page_is_well_formed(void **state)
{
    char            where[128];
    int             n;
    size_t          i, l;
    json_t         *c;
    fixture_t      *fx = *state;
    const char     *html, *name;
    shian_arena_t   a;

    json_array_foreach(json_object_get(fx->cases, "pages"), i, c) {
        name = json_string_value(json_object_get(c, "name"));

        for (l = 0; l < SHIAN_LANGS; l++) {
            shian_arena_init(&a, NULL, NULL);
            html = render(fx, &a, c, shian_langs[l]);
            n = snprintf(where, sizeof(where), "%s.%s", name, shian_langs[l]);
            assert_true(n > 0 && (size_t) n < sizeof(where));

            write_page(fx, name, shian_langs[l], html);
            check_words(where, html, c);
            check_tags(where, html);
            check_ids(where, html);
            check_linked_data(where, html);
            check_charts(where, html);
            shian_arena_free(&a);
        }
    }
}


static bool
has_sample(fixture_t *fx, const char *name)
{
    size_t   i;
    json_t  *c;

    json_array_foreach(json_object_get(fx->cases, "pages"), i, c) {
        if (strcmp(json_string_value(json_object_get(c, "template")), name)
            == 0)
        {
            return true;
        }
    }

    return false;
}


/* A page that no sample renders is one that nobody has looked at. */
static void
every_page_has_a_sample(void **state)
{
    DIR            *dir;
    int             n;
    char            path[512], text[65536];
    size_t          length, pages = 0;
    struct dirent  *e;

    dir = opendir("html/templates");
    assert_non_null(dir);

    while ((e = readdir(dir)) != NULL) {
        length = strlen(e->d_name);
        if (length <= 5 || strcmp(e->d_name + length - 5, ".html") != 0) {
            continue;
        }

        n = snprintf(path, sizeof(path), "html/templates/%s", e->d_name);
        assert_true(n > 0 && (size_t) n < sizeof(path));
        text[read_file(path, text, sizeof(text))] = '\0';

        /* Pages have a title, the parts that they share have none. */
        if (strncmp(text, "<title>", 7) == 0) {
            e->d_name[length - 5] = '\0';
            pages++;
            assert_non_null(type_of(e->d_name));

            if (!has_sample(*state, e->d_name)) {
                fail_msg("%s has no sample", e->d_name);
            }
        }
    }

    assert_int_equal(closedir(dir), 0);
    assert_true(pages > 40);
}


/* faults D1: a page names nothing that it is not given. */
static void
every_name_is_there(void **state)
{
    char        err[256];
    fixture_t  *fx = *state;

    if (!shian_templates_check(fx->templates, shian_page_types,
                               shian_npage_types, NULL, NULL, err,
                               sizeof(err)))
    {
        fail_msg("%s", err);
    }
}


static void
first_view_fits_the_first_packets(void **state)
{
    char            css[16384];
    size_t          i, n, css_wire;
    json_t         *c;
    fixture_t      *fx = *state;
    const char     *html;
    shian_arena_t   a;

    n = read_file("html/static/shian.css", css, sizeof(css));
    assert_in_range(n, 1, 12 * 1024);
    css_wire = on_the_wire(css, n);

    json_array_foreach(json_object_get(fx->cases, "pages"), i, c) {
        shian_arena_init(&a, NULL, NULL);
        html = render(fx, &a, c, "zh");
        assert_in_range(css_wire + on_the_wire(html, strlen(html)), 1,
                        14 * 1024);
        shian_arena_free(&a);
    }
}


static void
assert_text(fixture_t *fx, const char *prefix, const char *key)
{
    int          n;
    char         full[128];
    size_t       l;
    const char  *text;

    n = snprintf(full, sizeof(full), "%s.%s", prefix, key);
    assert_true(n > 0 && (size_t) n < sizeof(full));

    for (l = 0; l < SHIAN_LANGS; l++) {
        text = shian_lang_text(fx->templates, shian_langs[l], full);
        if (text == NULL || text[0] == '\0' || strcmp(text, full) == 0) {
            fail_msg("%s has no text %s", shian_langs[l], full);
        }
    }
}


static void
every_code_has_its_words(void **state)
{
    size_t      i;
    unsigned    v;
    fixture_t  *fx = *state;

    for (i = 0; i < SHIAN_COUNT(error_codes); i++) {
        assert_text(fx, "error", error_codes[i]);
        assert_text(fx, "advice", error_codes[i]);
    }

    for (i = 0; i < SHIAN_COUNT(field_codes); i++) {
        assert_text(fx, "field_error", field_codes[i]);
    }

    for (i = 0; i < SHIAN_COUNT(enums); i++) {
        for (v = 0; v < enums[i].values->n_values; v++) {
            assert_text(fx, enums[i].prefix, enums[i].values->values[v].name);
        }
    }
}


/* ---- set up -------------------------------------------------------------- */

static int
set_up(void **state)
{
    int                n;
    char               err[256];
    const char        *b;
    json_error_t       error;
    static fixture_t   fx;

    fx.templates = shian_templates_load("html", err, sizeof(err));
    if (fx.templates == NULL) {
        print_error("%s\n", err);
        return -1;
    }

    fx.cases = json_load_file(CASES, JSON_REJECT_DUPLICATES, &error);
    if (fx.cases == NULL) {
        print_error("%s:%d: %s\n", CASES, error.line, error.text);
        return -1;
    }

    b = getenv("B");
    n = snprintf(fx.dir, sizeof(fx.dir), "%s/pages", b == NULL ? "build" : b);
    if (n < 0 || (size_t) n >= sizeof(fx.dir)
        || (mkdir(fx.dir, 0755) == -1 && errno != EEXIST))
    {
        print_error("%s: %s\n", fx.dir, strerror(errno));
        return -1;
    }

    *state = &fx;
    return 0;
}


static int
tear_down(void **state)
{
    fixture_t  *fx = *state;

    json_decref(fx->cases);
    shian_templates_free(fx->templates);
    return 0;
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(every_page_is_well_formed),
        cmocka_unit_test(every_page_has_a_sample),
        cmocka_unit_test(every_name_is_there),
        cmocka_unit_test(first_view_fits_the_first_packets),
        cmocka_unit_test(every_code_has_its_words),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
