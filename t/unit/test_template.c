#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "render/lang.h"
#include "render/template.h"
#include "render/value.h"
#include "shian.pb-c.h"
#include "left_out.h"

#define SPEC  "../shared/data/mustache/"

static char  err[256];


/* ---- helpers ---- */

static char *
string(shian_buf_t *b)
{
    shian_putc(&b->sink, '\0');
    assert_false(b->sink.failed);

    return (char *) b->p;
}


/* A set whose one template "x" is source, rendered over JSON data. */
static void
expect(const char *source, const char *json, const char *expected)
{
    json_t             *data;
    shian_buf_t         b;
    shian_arena_t       a;
    shian_templates_t  *set;

    shian_arena_init(&a, NULL, NULL);
    shian_buf_init(&b, &a);
    data = json_loads(json, JSON_DECODE_ANY, NULL);
    assert_non_null(data);

    set = shian_templates_new();
    assert_true(shian_templates_add(set, "x", "x", shian_str(source), err,
                                    sizeof(err)));
    assert_true(shian_templates_link(set, err, sizeof(err)));
    assert_true(shian_template_render_json(set, "x", data, &b.sink));
    assert_string_equal(string(&b), expected);

    shian_templates_free(set);
    json_decref(data);
    shian_arena_free(&a);
}


static void
long_texts_are_cut_between_characters(void **state)
{
    char    json[8 + 3 * (SHIAN_BRIEF + 1)], want[3 * (SHIAN_BRIEF + 2) + 1];
    size_t  i;

    (void) state;

    for (i = 0; i < SHIAN_BRIEF + 1; i++) {
        memcpy(json + 6 + 3 * i, "好", 3);
        memcpy(want + 3 * i, "好", 3);
    }

    memcpy(json, "{\"a\":\"", 6);
    memcpy(json + 6 + 3 * SHIAN_BRIEF, "\"}", 3);
    want[3 * SHIAN_BRIEF] = '\0';
    expect("{{a.brief}}", json, want);

    memcpy(json + 6 + 3 * SHIAN_BRIEF, "<\"}", 4);
    memcpy(want + 3 * SHIAN_BRIEF, "…", 4);
    expect("{{a.brief}}", json, want);
    expect("{{a.brief}}", "{\"a\":\"<\"}", "&lt;");
}


/* "x" is source over a message, in lang, with these texts. */
static void
expect_message(const char *source, const ProtobufCMessage *frame,
    const ProtobufCMessage *view, const char *lang, const char *expected)
{
    size_t              i;
    shian_buf_t         b;
    shian_page_t        page;
    shian_arena_t       a;
    shian_templates_t  *set;

    static const struct {
        const char  *key;
        const char  *zh;
        const char  *en;
    } texts[] = {
        { "colour.green", "良好", "Good" },
        { "status.active", "营业中", "Open" },
        { "district.锦屏", "锦屏街道", "Jinping" },
        { "count", "{{reviews}} 条评价 & <b>{{name}}</b>",
          "{{reviews}} review{{^reviews.one}}s{{/reviews.one}} of {{{name}}}"
        },
        { "nested", "[{{t.count}}]", "[{{t.count}}]" },
    };

    shian_arena_init(&a, NULL, NULL);
    shian_buf_init(&b, &a);
    set = shian_templates_new();

    for (i = 0; i < SHIAN_COUNT(texts); i++) {
        assert_true(shian_templates_add_text(set, "zh", texts[i].key,
            shian_str(texts[i].zh), err, sizeof(err)));
        assert_true(shian_templates_add_text(set, "en", texts[i].key,
            shian_str(texts[i].en), err, sizeof(err)));
    }

    assert_true(shian_templates_add(set, "x", "x", shian_str(source), err,
                                    sizeof(err)));
    if (!shian_templates_link(set, err, sizeof(err))) {
        fail_msg("%s", err);
    }

    page = (shian_page_t) { lang, 480, frame, view, NULL };
    assert_true(shian_template_render(set, "x", &page, &b.sink));
    assert_string_equal(string(&b), expected);

    shian_templates_free(set);
    shian_arena_free(&a);
}


/* ---- the specification ---- */

static void
spec_case(json_t *test, const char *file)
{
    json_t             *partials, *source;
    const char         *name, *expected;
    shian_buf_t         b;
    shian_arena_t       a;
    shian_templates_t  *set;

    shian_arena_init(&a, NULL, NULL);
    shian_buf_init(&b, &a);
    set = shian_templates_new();

    partials = json_object_get(test, "partials");
    json_object_foreach(partials, name, source) {
        assert_true(shian_templates_add(set, name, name,
            shian_str(json_string_value(source)), err, sizeof(err)));
    }

    source = json_object_get(test, "template");
    if (!shian_templates_add(set, " main", file,
            shian_str(json_string_value(source)), err, sizeof(err)))
    {
        fail_msg("%s", err);
    }

    /* A partial may be missing in the specification, unlike in a set. */
    (void) shian_templates_link(set, err, sizeof(err));

    assert_true(shian_template_render_json(set, " main",
                    json_object_get(test, "data"), &b.sink));
    expected = json_string_value(json_object_get(test, "expected"));

    if (strcmp(string(&b), expected) != 0) {
        fail_msg("%s: %s: got \"%s\", not \"%s\"", file,
                 json_string_value(json_object_get(test, "name")),
                 (char *) b.p, expected);
    }

    shian_templates_free(set);
    shian_arena_free(&a);
}


static void
specification(void **state)
{
    char           path[128];
    size_t         i, n, cases;
    json_t        *spec, *test;

    static const char *const  files[] = {
        "comments", "delimiters", "interpolation", "inverted", "partials",
        "sections"
    };

    (void) state;

    if (access(SPEC, R_OK) != 0) {
        left_out(SPEC);
        return;
    }

    for (i = 0, cases = 0; i < SHIAN_COUNT(files); i++) {
        (void) snprintf(path, sizeof(path), SPEC "%s.json", files[i]);
        spec = json_load_file(path, 0, NULL);
        assert_non_null(spec);

        json_array_foreach(json_object_get(spec, "tests"), n, test) {
            spec_case(test, files[i]);
            cases++;
        }

        json_decref(spec);
    }

    assert_true(cases > 120);
}


/* ---- our own cases ---- */

static void
mustache_by_hand(void **state)
{
    (void) state;

    expect("a{{! no }}b{{x}}", "{\"x\":\"<&>\\\"'\"}",
           "ab&lt;&amp;&gt;&quot;&#39;");
    expect("{{{x}}}{{& x }}", "{\"x\":\"<\"}", "<<");
    expect("{{#a}}\n-{{b.c}}\n{{/a}}\n.", "{\"a\":[{\"b\":{\"c\":1}},"
           "{\"b\":{}},{\"b\":{\"c\":-1.50}}]}", "-1\n-\n--1.5\n.");
    expect("{{#a}}x{{/a}}{{^a}}y{{/a}}", "{\"a\":[]}", "y");
    expect("{{#a}}x{{/a}}{{^a}}y{{/a}}", "{\"a\":0}", "x");
    expect("{{#a}}{{#.}}{{.}},{{/.}};{{/a}}", "{\"a\":[[1,2],[3]]}",
           "1,2,;3,;");
    expect("{{=<% %>=}}<%x%> {{x}}<%={{ }}=%>{{x}}", "{\"x\":1}",
           "1 {{x}}1");
    expect("{{a.any}} {{a.count}} {{#b.any}}no{{/b.any}}",
           "{\"a\":[1,2,3],\"b\":[]}", "true 3 ");
    expect("{{#a.lines}}<{{.}}>{{/a.lines}}",
           "{\"a\":\"one\\r\\n\\ntwo\\n\"}", "<one><two>");
    expect("{{a.url}} {{a.upper}} {{{a.json}}}", "{\"a\":\"a /é<&\\n\"}",
           "a%20%2F%C3%A9%3C%26%0A A /é&lt;&amp;\n "
           "\"a /é\\u003c\\u0026\\n\"");
}


static Shian__VenueItem
item(void)
{
    Shian__VenueItem  v = SHIAN__VENUE_ITEM__INIT;

    v.has_id = 1;
    v.id = 1234567;
    v.name = (char *) "张记 & Söhne";
    v.district = (char *) "锦屏";
    v.has_colour = 1;
    v.colour = SHIAN__COLOUR__KIND__green;
    v.has_status = 1;
    v.status = SHIAN__VENUE__STATUS__active;
    v.has_hygiene = 1;
    v.hygiene = 457;
    v.has_reviews = 1;
    v.reviews = 1;
    v.has_score = 1;
    v.score = 0;
    v.has_lng = 1;
    v.lng = 121.4065000;

    return v;
}


static void
members_of_scalars(void **state)
{
    Shian__Grade      grade = SHIAN__GRADE__INIT;
    Shian__Venue      venue = SHIAN__VENUE__INIT;
    Shian__Photo      photo = SHIAN__PHOTO__INIT;
    Shian__VenueItem  v = item();

    (void) state;

    expect_message("{{id}} {{id.grouped}} {{reviews.one}} {{score.zero}} "
        "{{score.is.0}} {{score.is.1}} {{name}} {{lng}}", NULL, &v.base,
        "zh", "1234567 1,234,567 true true true false "
        "张记 &amp; Söhne 121.4065");
    expect_message("{{hygiene}} {{hygiene.whole}} {{hygiene.tenth}} "
        "{{hygiene.plus}}", NULL, &v.base, "zh", "4.57 4 4.6 +4.57");
    expect_message("{{colour}} {{colour.text}} {{status.text}} "
        "{{colour.is.green}} {{#colour.is.red}}no{{/colour.is.red}}", NULL,
        &v.base, "en", "green Good Open true ");
    expect_message("{{district.lang.district}}|{{name.lang.district}}|"
        "{{#district.lang.district}}y{{/district.lang.district}}"
        "{{^name.lang.district}}n{{/name.lang.district}}", NULL, &v.base,
        "en", "Jinping|张记 &amp; Söhne|yn");
    expect_message("{{colour.lang.status}}|{{colour.lang.colour}}", NULL,
        &v.base, "en", "green|Good");

    /* Present zero is truthy, absent and empty are not. */
    v.category = (char *) "";
    expect_message("{{#score}}a{{/score}}{{^category}}b{{/category}}"
        "{{^lat}}c{{/lat}}{{lat}}", NULL, &v.base, "zh", "abc");

    grade.has_score = 1;
    grade.score = -726;
    grade.has_since = 1;
    grade.since = 1795449600000;
    expect_message("{{score}} {{score.whole}} {{score.tenth}} {{score.plus}}"
        "|{{since}}|{{since.date}}|{{since.time}}|{{since.day}}", NULL,
        &grade.base, "en",
        "-7.26 -7 -7.3 -7.26|2026-11-23T16:00:00Z|24 November 2026|00:00|"
        "2026-11-24");

    grade.score = -4;
    expect_message("{{score}} {{score.whole}} {{score.tenth}}", NULL,
        &grade.base, "en", "-0.04 0 0.0");
    grade.score = INT32_MIN;
    expect_message("{{score}}", NULL, &grade.base, "en", "-21474836.48");

    venue.has_opened_on = 1;
    venue.opened_on = 20780;
    expect_message("{{opened_on}} {{opened_on.date}} {{opened_on.time}}",
        NULL, &venue.base, "zh", "2026-11-23 2026年11月23日 ");

    photo.has_hash = 1;
    photo.hash.data = (uint8_t *) "\x00\xAf";
    photo.hash.len = 2;
    expect_message("{{hash}}", NULL, &photo.base, "zh", "00af");
}


static void
names_find_the_right_message(void **state)
{
    char              *actions[] = { (char *) "reply", (char *) "flag" };
    Shian__Frame       frame = SHIAN__FRAME__INIT;
    Shian__SignIn      sign = SHIAN__SIGN_IN__INIT;
    Shian__VenueItem   v = item();
    Shian__VenueItem  *items[1] = { &v };
    Shian__VenueList   list = SHIAN__VENUE_LIST__INIT;
    Shian__ReviewView  review = SHIAN__REVIEW_VIEW__INIT;

    (void) state;

    frame.path = (char *) "/here";
    frame.has_role = 1;
    frame.role = SHIAN__ROLE__KIND__chief;

    /* The view before the frame; the view's own absent field ends it. */
    expect_message("{{path}} [{{role}}] {{frame.role}} {{view.path}}.",
        &frame.base, &sign.base, "zh", "/here [] chief .");

    list.n_items = 1;
    list.items = items;
    list.next = (char *) "/next";
    expect_message("{{items.count}}{{#items}}{{path}}{{next}}{{geojson}}"
        "{{#name}}{{.}}{{.upper}}{{count}}{{/name}}{{/items}}",
        &frame.base, &list.base, "zh",
        "1/here/next张记 &amp; Söhne张记 &amp; SöHNE");

    review.n_actions = 2;
    review.actions = actions;
    expect_message("{{#actions}}{{.}}{{#.is.flag}}!{{/.is.flag}} {{/actions}}",
        NULL, &review.base, "zh", "reply flag! ");
}


/* What a name remembers of one type is not believed of another. */
static void
a_name_is_asked_of_many_types(void **state)
{
    size_t        i, step;
    shian_name_t  id = { .z = "id" }, score = { .z = "score" };

    static const ProtobufCMessageDescriptor  *types[] = {
        &shian__venue_item__descriptor, &shian__review_view__descriptor,
        &shian__frame__descriptor, &shian__grade__descriptor,
        &shian__review_view__descriptor, &shian__review_view__descriptor
    };

    (void) state;
    shian_name_init(&id);
    shian_name_init(&score);

    for (i = 0; i < 3 * SHIAN_COUNT(types); i++) {
        for (step = 0; step < SHIAN_NAME_STEPS + 2; step++) {
            assert_ptr_equal(
                shian_name_field(&id, types[(i + step) % 6],
                                 (unsigned) step),
                protobuf_c_message_descriptor_get_field_by_name(
                    types[(i + step) % 6], "id"));
            assert_ptr_equal(
                shian_name_field(&score, types[(i * step) % 6],
                                 (unsigned) step),
                protobuf_c_message_descriptor_get_field_by_name(
                    types[(i * step) % 6], "score"));
        }
    }
}


static void
texts_are_escaped_once(void **state)
{
    Shian__VenueItem  v = item();

    (void) state;

    expect_message("{{t.count}}", NULL, &v.base, "zh",
        "1 条评价 &amp; &lt;b&gt;张记 &amp; Söhne&lt;/b&gt;");
    expect_message("{{{t.count}}}", NULL, &v.base, "zh",
        "1 条评价 & <b>张记 &amp; Söhne</b>");
    expect_message("{{t.count}}|{{{t.count}}}", NULL, &v.base, "en",
        "1 review of 张记 &amp; Söhne|1 review of 张记 & Söhne");
    expect_message("{{t.nested}}", NULL, &v.base, "en",
        "[1 review of 张记 &amp; Söhne]");
}


static void
faults_are_named_by_line(void **state)
{
    size_t              i;
    shian_buf_t         b;
    shian_arena_t       a;
    shian_templates_t  *set;

    static const struct {
        const char  *source;
        const char  *error;
    } bad[] = {
        { "a\n{{#x}}", "x.html:2: section is not closed: x" },
        { "a\n\n{{#x}}{{/y}}", "x.html:3: closes a section that is not "
          "open: y" },
        { "{{/y}}", "x.html:1: closes a section that is not open: y" },
        { "\n{{x", "x.html:2: tag is not closed" },
        { "{{{x}}", "x.html:1: tag is not closed" },
        { "{{}}", "x.html:1: malformed name" },
        { "{{a b}}", "x.html:1: malformed name: a b" },
        { "{{a..b}}", "x.html:1: malformed name: a..b" },
        { "{{=<%=}}", "x.html:1: malformed delimiters: <%" },
        { "{{#t.a}}{{/t.a}}", "x.html:1: a text is no section: t.a" },
        { "a\n{{> gone}}", "x.html:2: no such partial: gone" },
        { "a\n{{t.gone}}", "x.html:2: no such text in lang/en.json: gone" },
    };

    (void) state;

    for (i = 0; i < SHIAN_COUNT(bad); i++) {
        set = shian_templates_new();
        assert_false(shian_templates_add(set, "x", "x.html",
                         shian_str(bad[i].source), err, sizeof(err))
                     && shian_templates_link(set, err, sizeof(err)));
        assert_string_equal(err, bad[i].error);
        shian_templates_free(set);
    }

    set = shian_templates_new();
    assert_true(shian_templates_add(set, "x", "x", SHIAN_STR("1"), err,
                                    sizeof(err)));
    assert_false(shian_templates_add(set, "x", "x", SHIAN_STR("2"), err,
                                     sizeof(err)));
    assert_string_equal(err, "x:1: two of this name: x");

    shian_templates_free(set);

    /* One section too many. */
    shian_arena_init(&a, NULL, NULL);
    shian_buf_init(&b, &a);

    for (i = 0; i <= SHIAN_TEMPLATE_SECTIONS; i++) {
        shian_putz(&b.sink, "{{#x}}");
    }

    set = shian_templates_new();
    assert_false(shian_templates_add(set, "x", "x", shian_buf_str(&b), err,
                                     sizeof(err)));
    assert_string_equal(err, "x:1: sections nest too deeply: x");
    shian_templates_free(set);
    shian_arena_free(&a);
}


static void
rendering_is_bounded(void **state)
{
    size_t              i;
    json_t             *data;
    shian_buf_t         b;
    shian_arena_t       a;
    shian_templates_t  *set;

    static const char *const  endless[] = {
        "{{> x}}",                              /* too deep */
        "{{#.}}{{> x}}{{/.}}",
        "{{> x}}{{> x}}",                       /* and too many */
        ("{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}"
         "{{/a}}{{/a}}{{/a}}{{/a}}{{/a}}{{/a}}{{/a}}"),
    };

    (void) state;
    data = json_loads("{\"a\":[1,2,3,4,5,6,7,8,9]}", 0, NULL);
    shian_arena_init(&a, NULL, NULL);

    for (i = 0; i < SHIAN_COUNT(endless); i++) {
        shian_buf_init(&b, &a);
        set = shian_templates_new();
        assert_true(shian_templates_add(set, "x", "x",
                        shian_str(endless[i]), err, sizeof(err)));
        assert_true(shian_templates_link(set, err, sizeof(err)));
        assert_false(shian_template_render_json(set, "x", data, &b.sink));
        shian_templates_free(set);
    }

    /* A sink that is full ends the page. */
    shian_buf_init(&b, &a);
    b.max = 3;
    set = shian_templates_new();
    assert_true(shian_templates_add(set, "x", "x", SHIAN_STR("1234{{a}}"),
                                    err, sizeof(err)));
    assert_false(shian_template_render_json(set, "x", data, &b.sink));
    assert_false(shian_template_render_json(set, "y", data, &b.sink));

    shian_templates_free(set);
    shian_arena_free(&a);
    json_decref(data);
}


/* ---- files ---- */

static void
put_file(const char *dir, const char *name, const char *source)
{
    char   path[256];
    FILE  *f;

    (void) snprintf(path, sizeof(path), "%s/%s", dir, name);
    f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(source, f) >= 0);
    assert_int_equal(fclose(f), 0);
}


/* Loading dir must fail with this error, read after the folder's name. */
static void
expect_fault(const char *dir, const char *error)
{
    assert_null(shian_templates_load(dir, err, sizeof(err)));
    assert_memory_equal(err, dir, strlen(dir));
    assert_string_equal(err + strlen(dir), error);
}


/* Faults C9: a city's folder before the one that came with the program. */
static void
an_earlier_folder_stands_before_a_later_one(void **state)
{
    char                theirs[] = "/tmp/shian-theirs-XXXXXX";
    char                ours[] = "/tmp/shian-ours-XXXXXX", both[128];
    char                command[160], path[128];
    size_t              i, n;
    shian_buf_t         b;
    shian_page_t        page = { "en", 480, NULL, NULL, "a" };
    shian_arena_t       a;
    shian_templates_t  *set;

    static const char *const  dirs[] = { "templates", "lang" };

    (void) state;
    assert_non_null(mkdtemp(theirs));
    assert_non_null(mkdtemp(ours));
    (void) snprintf(both, sizeof(both), ":/nonexistent/x::%s:%s:", theirs,
                    ours);

    for (i = 0; i < SHIAN_COUNT(dirs); i++) {
        (void) snprintf(path, sizeof(path), "%s/%s", ours, dirs[i]);
        assert_int_equal(mkdir(path, 0700), 0);
    }

    put_file(ours, "templates/layout.html", "{{t.x}} {{t.y}} {{> body}}");
    put_file(ours, "templates/a.html", "a of ours");
    put_file(ours, "templates/b.html", "b");
    put_file(ours, "lang/en.json", "{\"x\":\"ours\",\"y\":\"ours\"}");
    put_file(ours, "lang/zh.json", "{\"x\":\"我\",\"y\":\"我\"}");

    shian_arena_init(&a, NULL, NULL);
    shian_buf_init(&b, &a);
    set = shian_templates_load(both, err, sizeof(err));
    assert_non_null(set);
    assert_true(shian_template_render(set, "layout", &page, &b.sink));
    shian_templates_free(set);

    for (i = 0; i < SHIAN_COUNT(dirs); i++) {
        (void) snprintf(path, sizeof(path), "%s/%s", theirs, dirs[i]);
        assert_int_equal(mkdir(path, 0700), 0);
    }

    put_file(theirs, "templates/a.html", "a of theirs");
    put_file(theirs, "lang/en.json", "{\"y\":\"theirs\"}");
    set = shian_templates_load(both, err, sizeof(err));
    assert_non_null(set);
    assert_true(shian_template_render(set, "layout", &page, &b.sink));
    (void) shian_templates_all(set, NULL, &n);
    assert_int_equal(n, 3);
    (void) shian_templates_all(set, "en", &n);
    assert_int_equal(n, 2);
    page.lang = "zh";
    assert_true(shian_template_render(set, "layout", &page, &b.sink));
    assert_string_equal(string(&b), "ours ours a of ours"
                        "ours theirs a of theirs" "我 我 a of theirs");
    shian_templates_free(set);

    /* Its mistakes are told, and the last one has to have all. */
    put_file(theirs, "lang/en.json", "{\"y\":1}");
    assert_null(shian_templates_load(both, err, sizeof(err)));
    assert_memory_equal(err, theirs, strlen(theirs));
    (void) snprintf(both, sizeof(both), "%s:/nonexistent/x", ours);
    assert_null(shian_templates_load(both, err, sizeof(err)));
    assert_string_equal(err, "/nonexistent/x/templates:0: cannot be read: "
                             "No such file or directory");

    shian_arena_free(&a);
    (void) snprintf(command, sizeof(command), "rm -r %s %s", theirs, ours);
    assert_int_equal(system(command), 0);
}


static void
a_folder_loads_or_says_why(void **state)
{
    char                dir[] = "/tmp/shian-template-XXXXXX", path[128];
    char                command[160];
    shian_buf_t         b;
    shian_page_t        page;
    shian_arena_t       a;
    Shian__VenueItem    v = item();
    shian_templates_t  *set;

    (void) state;
    assert_non_null(mkdtemp(dir));
    expect_fault(dir, "/templates:0: cannot be read: "
                      "No such file or directory");

    (void) snprintf(path, sizeof(path), "%s/templates", dir);
    assert_int_equal(mkdir(path, 0700), 0);
    (void) snprintf(path, sizeof(path), "%s/lang", dir);
    assert_int_equal(mkdir(path, 0700), 0);

    put_file(dir, "templates/layout.html",
             "<h1>{{t.title}}</h1>\n  {{> body}}\n{{> foot}}");
    put_file(dir, "templates/venue.html", "{{name}}\n{{colour.text}}\n");
    put_file(dir, "templates/foot.txt", "foot");
    put_file(dir, "templates/notes.md", "{{");
    expect_fault(dir, "/lang/zh.json:0: cannot be opened: "
                      "No such file or directory");

    put_file(dir, "lang/zh.json", "{\n\"title\":\"食安\",\n"
             "\"colour.green\":\"良好\"}");
    put_file(dir, "lang/en.json", "{\n\"colour.green\":\"Good\"}");
    expect_fault(dir, "/templates/layout.html:1: "
                      "no such text in lang/en.json: title");

    put_file(dir, "lang/en.json", "{\n\"a\":\"\",\n\"title\":\"{{/x}}\"}");
    expect_fault(dir, "/lang/en.json:3: "
                      "closes a section that is not open: x");

    put_file(dir, "lang/en.json", "{\n\"title\":\"{{> foot}}\"}");
    expect_fault(dir, "/lang/en.json:2: "
                      "a text includes no template: foot");

    put_file(dir, "lang/en.json", "{\n\"title\":1}");
    expect_fault(dir, "/lang/en.json:2: text is not a string: title");

    put_file(dir, "lang/en.json", "{\n\"title\":\"a\",\"title\":\"b\"}");
    assert_null(shian_templates_load(dir, err, sizeof(err)));
    assert_non_null(strstr(err, "/lang/en.json:2: duplicate"));

    put_file(dir, "lang/en.json", "{\"title\":\"Food\"}");
    set = shian_templates_load(dir, err, sizeof(err));
    assert_non_null(set);

    shian_arena_init(&a, NULL, NULL);
    shian_buf_init(&b, &a);
    page = (shian_page_t) { "zh", 480, NULL, &v.base, "venue" };
    assert_true(shian_template_render(set, "layout", &page, &b.sink));
    page.lang = "en";
    assert_true(shian_template_render(set, "layout", &page, &b.sink));
    assert_string_equal(string(&b),
        "<h1>食安</h1>\n  张记 &amp; Söhne\n  良好\nfoot"
        "<h1>Food</h1>\n  张记 &amp; Söhne\n  green\nfoot");

    page.body = "gone";
    assert_false(shian_template_render(set, "layout", &page, &b.sink));
    assert_string_equal(shian_lang_text(set, "en", "title"), "Food");
    assert_string_equal(shian_lang_text(set, "en", "colour.green"),
                        "colour.green");

    shian_templates_free(set);
    shian_arena_free(&a);
    (void) snprintf(command, sizeof(command), "rm -r %s", dir);
    assert_int_equal(system(command), 0);
}


/* ---- languages ---- */

static void
languages_are_picked(void **state)
{
    size_t  i;

    static const struct {
        const char  *header;
        const char  *lang;
    } cases[] = {
        { "", "zh" },
        { "en", "en" },
        { "EN-gb", "en" },
        { "fr, de;q=0.9", "zh" },
        { "fr, en;q=0.5", "en" },
        { "zh-CN,zh;q=0.9,en;q=0.8", "zh" },
        { "en-US,en;q=0.9,zh-CN;q=0.8", "en" },
        { "zh;q=0.1 , en ; q=0.2", "en" },
        { "en;q=0", "zh" },
        { "en;q=0, *;q=0.1", "zh" },
        { "*, en;q=0.5", "zh" },
        { "en;q=2", "zh" },
        { "en;q=0.12345", "zh" },
        { "english", "zh" },
        { ",,;;=,-;q=1,en;q=0.001", "en" },
        { "zh;q=0.5,en;q=0.5", "zh" },
        { "en;q=0.5,zh;q=0.5", "en" },
    };

    (void) state;

    for (i = 0; i < SHIAN_COUNT(cases); i++) {
        assert_string_equal(shian_lang_pick(shian_str(cases[i].header)),
                            cases[i].lang);
    }

    assert_string_equal(shian_lang_named(SHIAN_STR("en")), "en");
    assert_null(shian_lang_named(SHIAN_STR("EN")));
    assert_null(shian_lang_named(SHIAN_NONE));
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(specification),
        cmocka_unit_test(mustache_by_hand),
        cmocka_unit_test(members_of_scalars),
        cmocka_unit_test(long_texts_are_cut_between_characters),
        cmocka_unit_test(names_find_the_right_message),
        cmocka_unit_test(a_name_is_asked_of_many_types),
        cmocka_unit_test(texts_are_escaped_once),
        cmocka_unit_test(faults_are_named_by_line),
        cmocka_unit_test(rendering_is_bounded),
        cmocka_unit_test(a_folder_loads_or_says_why),
        cmocka_unit_test(an_earlier_folder_stands_before_a_later_one),
        cmocka_unit_test(languages_are_picked),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
