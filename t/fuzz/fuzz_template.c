/* Any bytes as a template, a partial of itself and a text, rendered. */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "render/template.h"
#include "shian.pb-c.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
render(const shian_templates_t *set)
{
    size_t             i;
    shian_buf_t        b;
    shian_page_t       page;
    shian_arena_t      a;
    Shian__Frame       frame = SHIAN__FRAME__INIT;
    Shian__GradeView   grade = SHIAN__GRADE_VIEW__INIT;
    Shian__VenueView   view = SHIAN__VENUE_VIEW__INIT;
    Shian__ReviewView  review = SHIAN__REVIEW_VIEW__INIT;
    Shian__ReviewView *reviews[] = { &review, &review };

    static const char *const  langs[] = { "zh", "en" };

    frame.lang = (char *) "zh";
    grade.has_colour = 1;
    grade.colour = SHIAN__COLOUR__KIND__green;
    grade.has_since = 1;
    grade.since = 1795420800000;
    view.name = (char *) "张记 <&>";
    view.has_lng = 1;
    view.lng = 121.4;
    view.has_opened_on = 1;
    view.opened_on = -40000;
    view.grade = &grade;
    view.n_reviews = 2;
    view.reviews = reviews;
    review.text = (char *) "a\r\n\nb";

    shian_arena_init(&a, NULL, NULL);

    for (i = 0; i < SHIAN_COUNT(langs); i++) {
        shian_buf_init(&b, &a);
        b.max = 1 << 20;
        page = (shian_page_t) { langs[i], 480, &frame.base, &view.base,
                                "y" };
        (void) shian_template_render(set, "x", &page, &b.sink);
    }

    shian_arena_free(&a);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char                err[128];
    shian_str_t         source;
    shian_templates_t  *set;

    source = shian_slice(data, size);
    set = shian_templates_new();

    if (set == NULL) {
        abort();
    }

    (void) shian_templates_add(set, "y", "y", SHIAN_STR("{{name}}\n"), err,
                               sizeof(err));
    (void) shian_templates_add_text(set, "zh", "colour.green", source, err,
                                    sizeof(err));
    (void) shian_templates_add_text(set, "en", "a", source, err,
                                    sizeof(err));

    if (shian_templates_add(set, "x", "x", source, err, sizeof(err))) {
        (void) shian_templates_link(set, err, sizeof(err));
        render(set);
    }

    shian_templates_free(set);

    return 0;
}
