/* Templates whose names stand for nothing, and that include themselves. */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <cmocka.h>

#include "render/check.h"
#include "shian.pb-c.h"

typedef struct {
    const char  *name;          /* of a template, "zh.key" or "en.key" */
    const char  *source;
} source_t;

#define SOURCES  8

static char  err[256];

static const shian_page_type_t  pages[] = {
    { "venue", &shian__venue_view__descriptor, false },
    { "event", &shian__event__descriptor, true },
    { "not_there", &shian__venue_view__descriptor, false },
};


static shian_templates_t *
set_of(const source_t sources[SOURCES])
{
    bool                ok;
    size_t              i;
    const char         *name;
    shian_templates_t  *set;

    set = shian_templates_new();
    assert_non_null(set);

    for (i = 0; i < SOURCES && sources[i].name != NULL; i++) {
        name = sources[i].name;
        ok = name[2] == '.'
             ? shian_templates_add_text(set, name[0] == 'z' ? "zh" : "en",
                   name + 3, shian_str(sources[i].source), err, sizeof(err))
             : shian_templates_add(set, name, name,
                   shian_str(sources[i].source), err, sizeof(err));
        assert_true(ok);
    }

    assert_true(shian_templates_link(set, err, sizeof(err)));

    return set;
}


/* What is wrong with them; "" when nothing is. */
static const char *
fault(const source_t sources[SOURCES])
{
    shian_templates_t  *set;

    set = set_of(sources);
    err[0] = '\0';

    if (shian_templates_loops(set, err, sizeof(err))) {
        (void) shian_templates_check(set, pages, SHIAN_COUNT(pages), NULL,
                                     NULL, err, sizeof(err));
    }

    shian_templates_free(set);

    return err;
}


static const char *
fault_of(const char *source)
{
    return fault((source_t [SOURCES]) {
        { "layout", "<{{frame.version}}>\n{{> body}}" },
        { "venue", source },
        { "zh.star.one", "{{name}}" }, { "en.star.one", "{{name}}" },
        { "zh.colour.red", "" }, { "en.colour.red", "" }
    });
}


/* faults D1: each was rendered as nothing, and nobody was told. */
static void
unknown_names_are_told(void **state)
{
    size_t  i;

    static const struct {
        const char  *source;
        const char  *name;
    } wrong[] = {
        { "\n{{nam}}", "2: names what is not there: nam" },
        { "{{{nam}}}", "1: names what is not there: nam" },
        { "{{#nam}}{{/nam}}", "1: names what is not there: nam" },
        { "{{^nam}}{{/nam}}", "1: names what is not there: nam" },
        { "{{frame.nam}}", "1: names what is not there: frame.nam" },
        { "{{view.lang}}", "1: names what is not there: view.lang" },
        { "{{frame.frame}}", "1: names what is not there: frame.frame" },
        { "{{#rating}}\n{{#x}}{{/x}}{{/rating}}",
          "2: names what is not there: x" },
        { "{{rating.food.whol}}",
          "1: names what is not there: rating.food.whol" },
        { "{{name.date}}", "1: names what is not there: name.date" },
        { "{{status.is.activ}}",
          "1: names what is not there: status.is.activ" },
        { "{{#name.lines}}{{.name}}{{/name.lines}}",
          "1: names what is not there: .name" },
        { "{{reviews.any}}{{reviews.href}}",
          "1: names what is not there: reviews.href" },
        { "{{#reviews}}{{^reply}}{{repl}}{{/reply}}{{/reviews}}",
          "1: names what is not there: repl" },
        { "{{name.lang.sta}}", "1: no text begins with: sta.x" },
    };

    (void) state;

    for (i = 0; i < SHIAN_COUNT(wrong); i++) {
        assert_memory_equal(fault_of(wrong[i].source), "venue:", 6);
        assert_non_null(strstr(err, wrong[i].name));
        assert_non_null(strstr(err, "(page \"venue\")"));
    }
}


static void
known_names_pass(void **state)
{
    size_t  i;

    static const char *const  right[] = {
        "", "{{name}}{{view.name}}{{lang}}{{frame.lang}}{{.}}",
        "{{grade.colour.text}}{{grade.colour.is.red}}{{.name}}",
        "{{#reviews}}{{#photos}}{{href}}{{name}}{{/photos}}{{/reviews}}",
        "{{#name.lines}}{{.}}{{.url}}{{/name.lines}}{{reviews.count.grouped}}",
        "{{#rating}}{{food.tenth}}{{#histogram}}{{percent}}{{/histogram}}"
        "{{/rating}}",
        "{{name.lang.star}}{{id.is.7}}{{frame.role.is.venue}}",
    };

    (void) state;

    for (i = 0; i < SHIAN_COUNT(right); i++) {
        assert_string_equal(fault_of(right[i]), "");
    }
}


/* A text is walked where it stands, in each language. */
static void
names_in_texts_and_partials(void **state)
{
    (void) state;

    assert_string_equal(fault((source_t [SOURCES]) {
        { "venue", "{{t.a}}" }, { "zh.a", "{{name}}" }, { "en.a", "{{nam}}" }
    }), "en:1: names what is not there: nam (page \"venue\")");
    assert_string_equal(fault((source_t [SOURCES]) {
        { "venue", "{{name.lang.star}}" },
        { "zh.star.one", "{{nam}}" }, { "en.star.one", "" }
    }), "zh:1: names what is not there: nam (page \"venue\")");
    assert_string_equal(fault((source_t [SOURCES]) {
        { "venue", "{{#rating}}{{> part}}{{/rating}}" },
        { "part", "{{food}}{{fod}}" }
    }), "part:1: names what is not there: fod (page \"venue\")");

    /* Without a frame there is none; what no page shows is anybody's. */
    assert_string_equal(fault((source_t [SOURCES]) {
        { "event", "{{id}}{{frame.lang}}" }
    }), "event:1: names what is not there: frame.lang (page \"event\")");
    assert_string_equal(fault((source_t [SOURCES]) {
        { "other", "{{nam}}" }
    }), "");
}


/* faults C8: each passed, and then the page was an error without a word. */
static void
what_includes_itself_is_told(void **state)
{
    (void) state;

    assert_string_equal(fault((source_t [SOURCES]) {
        { "unused", "\n{{#x}}{{> unused}}{{/x}}" }
    }), "unused:2: includes itself: unused");
    assert_string_equal(fault((source_t [SOURCES]) {
        { "a", "{{> b}}" }, { "b", "{{> c}}" }, { "c", "\n\n{{> a}}" }
    }), "c:3: includes itself: a");
    assert_string_equal(fault((source_t [SOURCES]) {
        { "x", "{{t.a}}" }, { "zh.a", "{{t.a}}" }, { "en.a", "" }
    }), "zh:1: includes itself: a");
    assert_string_equal(fault((source_t [SOURCES]) {
        { "layout", "{{> body}}" }, { "venue", "{{> layout}}" }
    }), "venue:1: includes itself: layout (page \"venue\")");
    assert_string_equal(fault((source_t [SOURCES]) {
        { "layout", "{{> body}}" }, { "venue", "{{> body}}" }
    }), "venue:1: includes itself: venue (page \"venue\")");
    assert_string_equal(fault((source_t [SOURCES]) {
        { "venue", "{{name.lang.a}}" },
        { "zh.a.b", "{{name.lang.a}}" }, { "en.a.b", "" }
    }), "zh:1: includes itself: a.b (page \"venue\")");

    /* Twice is not within itself. */
    assert_string_equal(fault((source_t [SOURCES]) {
        { "a", "{{> b}}{{> b}}{{> c}}" }, { "b", "{{> c}}" }, { "c", "" }
    }), "");
}


static void
too_deep_and_too_much(void **state)
{
    int                 i;
    char                name[16], source[64];
    shian_templates_t  *set;

    (void) state;

    set = shian_templates_new();

    for (i = 0; i <= SHIAN_TEMPLATE_PARTIALS; i++) {
        (void) snprintf(name, sizeof(name), "t%d", i);
        (void) snprintf(source, sizeof(source), "{{> t%d}}", i + 1);
        assert_true(shian_templates_add(set, name, name,
            i == SHIAN_TEMPLATE_PARTIALS ? SHIAN_NONE : shian_str(source),
            err, sizeof(err)));
    }

    assert_true(shian_templates_link(set, err, sizeof(err)));
    assert_false(shian_templates_loops(set, err, sizeof(err)));
    assert_string_equal(err, "t31:1: nests too deeply: t32");
    shian_templates_free(set);

    /* Each includes the next twice: 2^29 ways through them. */
    set = shian_templates_new();

    for (i = 0; i < 30; i++) {
        (void) snprintf(name, sizeof(name), "t%d", i);
        (void) snprintf(source, sizeof(source), "{{> t%d}}{{> t%d}}", i + 1,
                        i + 1);
        assert_true(shian_templates_add(set, name, name,
            i == 29 ? SHIAN_NONE : shian_str(source), err, sizeof(err)));
    }

    assert_true(shian_templates_link(set, err, sizeof(err)));
    assert_false(shian_templates_loops(set, err, sizeof(err)));
    assert_non_null(strstr(err, "is too large with what it includes"));
    shian_templates_free(set);
}


static void
not_utf8_is_told(void **state)
{
    shian_templates_t  *set;

    (void) state;

    set = shian_templates_new();
    assert_false(shian_templates_add(set, "x", "x.html",
        SHIAN_STR("食\n\n{{a}}\xb0\xa1\n"), err, sizeof(err)));
    assert_string_equal(err, "x.html:3: is not UTF-8");
    assert_false(shian_templates_add(set, "y", "y.html",
        SHIAN_STR("\n\xe9\xa3"), err, sizeof(err)));
    assert_string_equal(err, "y.html:2: is not UTF-8");
    shian_templates_free(set);
}


/* A page that was checked for one view is not rendered over another. */
static void
a_checked_page_keeps_its_view(void **state)
{
    shian_buf_t          b;
    shian_arena_t        a;
    Shian__VenueView     venue = SHIAN__VENUE_VIEW__INIT;
    Shian__Event         event = SHIAN__EVENT__INIT;
    shian_templates_t   *set;
    shian_page_t         page = { "zh", 480, NULL, &venue.base, "venue" };

    (void) state;

    set = set_of((source_t [SOURCES]) {
        { "layout", "{{> body}}" }, { "venue", "{{name}}" }
    });
    assert_true(shian_templates_check(set, pages, SHIAN_COUNT(pages), NULL,
                                      NULL, err, sizeof(err)));
    shian_arena_init(&a, NULL, NULL);
    shian_buf_init(&b, &a);
    assert_true(shian_template_render(set, "layout", &page, &b.sink));
    assert_true(shian_template_render(set, "venue", &page, &b.sink));
    page.view = &event.base;
    assert_false(shian_template_render(set, "layout", &page, &b.sink));
    page.body = NULL;
    assert_false(shian_template_render(set, "venue", &page, &b.sink));
    page.view = NULL;
    assert_false(shian_template_render(set, "venue", &page, &b.sink));
    shian_arena_free(&a);
    shian_templates_free(set);
}


static void
count_named(void *data, const char *page,
    const ProtobufCMessageDescriptor *type, const char *field)
{
    int  *n = data;

    assert_string_equal(page, "venue");
    *n += type == &shian__rating__descriptor && strcmp(field, "food") == 0;
    *n += type == &shian__frame__descriptor && strcmp(field, "lang") == 0;
}


static void
fields_are_told(void **state)
{
    int                 n = 0;
    shian_templates_t  *set;

    (void) state;

    set = set_of((source_t [SOURCES]) {
        { "venue", "{{rating.food.tenth}}{{lang}}{{name}}" }
    });
    assert_true(shian_templates_check(set, pages, SHIAN_COUNT(pages),
                                      count_named, &n, err, sizeof(err)));
    assert_int_equal(n, 2);
    shian_templates_free(set);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(unknown_names_are_told),
        cmocka_unit_test(known_names_pass),
        cmocka_unit_test(names_in_texts_and_partials),
        cmocka_unit_test(what_includes_itself_is_told),
        cmocka_unit_test(too_deep_and_too_much),
        cmocka_unit_test(not_utf8_is_told),
        cmocka_unit_test(a_checked_page_keeps_its_view),
        cmocka_unit_test(fields_are_told),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
