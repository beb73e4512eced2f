#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "written.h"
#include "render/csv_out.h"
#include "shian.pb-c.h"


static void
cells_are_quoted_and_tamed(void **state)
{
    size_t  i;

    static const struct {
        const char  *in;
        const char  *out;
    } cases[] = {
        { "", "" },
        { "plain 食", "plain 食" },
        { "a,b", "\"a,b\"" },
        { "\"", "\"\"\"\"" },
        { "say \"hi\"!", "\"say \"\"hi\"\"!\"" },
        { "a\nb", "\"a\nb\"" },
        { "=1+1", "'=1+1" },
        { "=HYPERLINK(\"x\",\"y\")", "\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\"" },
        { "+86 574 8888", "'+86 574 8888" },
        { "+8657488", "+8657488" },
        { "-7.26", "-7.26" },
        { "-7.", "'-7." },
        { "-", "'-" },
        { "-1-1", "'-1-1" },
        { "+1.2.3", "'+1.2.3" },
        { "@x", "'@x" },
        { "\tx", "'\tx" },
        { "\rx", "\"'\rx\"" },
        { "＝1", "'＝1" },
        { "＠x", "'＠x" },
        { "a=1", "a=1" },
    };

    (void) state;

    for (i = 0; i < SHIAN_COUNT(cases); i++) {
        shian_csv_cell(shian_str(cases[i].in), &buf.sink);
        assert_string_equal(written(), cases[i].out);
    }
}


static void
rows_match_their_head(void **state)
{
    Shian__Grade  grade = SHIAN__GRADE__INIT;

    (void) state;

    grade.has_score = 1;
    grade.score = -726;
    grade.has_since = 1;
    grade.since = 0;
    grade.has_before = 1;
    grade.before = SHIAN__COLOUR__KIND__red;

    shian_csv_head(grade.base.descriptor, &buf.sink);
    shian_csv_row(&grade.base, &buf.sink);
    assert_string_equal(written(), "\xef\xbb\xbf"
        "colour,score,since,held,before,score_before,cause,"
        "cause_day,overtaken_by\r\n"
        ",-7.26,1970-01-01T00:00:00Z,,red,,,,\r\n");
}


static void
lists_have_head_and_rows(void **state)
{
    Shian__UserView   a = SHIAN__USER_VIEW__INIT;
    Shian__UserView  *items[] = { &a, &a };
    Shian__UserList   list = SHIAN__USER_LIST__INIT;
    Shian__Desk       desk = SHIAN__DESK__INIT;

    (void) state;

    a.has_id = 1;
    a.id = 7;
    a.name = (char *) "=cmd|' /C calc'!A0";
    list.n_items = 2;
    list.items = items;

    assert_true(shian_csv_list(&list.base, &buf.sink));
    assert_string_equal(written(), "\xef\xbb\xbf"
        "id,login,name,role,venue,disabled\r\n"
        "7,,'=cmd|' /C calc'!A0,,,\r\n7,,'=cmd|' /C calc'!A0,,,\r\n");

    list.n_items = 0;
    assert_true(shian_csv_list(&list.base, &buf.sink));
    assert_string_equal(written(), "\xef\xbb\xbf"
        "id,login,name,role,venue,disabled\r\n");

    assert_false(shian_csv_list(&desk.base, &buf.sink));
    buf.max = 10;
    assert_false(shian_csv_list(&list.base, &buf.sink));
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(cells_are_quoted_and_tamed, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(rows_match_their_head, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(lists_have_head_and_rows, setup,
                                        teardown),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
