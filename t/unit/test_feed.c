#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "written.h"
#include "render/feed.h"


static void
xml_carries_only_what_it_can(void **state)
{
    (void) state;

    shian_xml_text(SHIAN_STR("<a b=\"c\">'&\t\r\n食"), &buf.sink);
    assert_string_equal(written(),
        "&lt;a b=&quot;c&quot;&gt;&#39;&amp;\t\r\n食");
    shian_xml_text(SHIAN_STR("a\0b\x01" "c\x1f" "d\xef\xbf\xbe" "e\xff" "f"
                             "\xed\xa0\x80" "g\xe9\xa3"), &buf.sink);
    assert_string_equal(written(), "abcdefg");
}


static void
a_feed_is_atom(void **state)
{
    shian_atom_t  feed = { .id = SHIAN_STR("urn:x"),
                           .title = SHIAN_STR("红榜 & <more>"),
                           .author = SHIAN_STR("Bureau"),
                           .self = SHIAN_STR("https://x/f.atom?a=1&b=2"),
                           .href = SHIAN_STR("https://x/"),
                           .lang = "zh",
                           .updated = 1795420800000 };
    shian_atom_t  entry = { .id = SHIAN_STR("urn:y"),
                            .title = SHIAN_STR("t"),
                            .summary = SHIAN_STR("<script>"),
                            .updated = 1795420800000,
                            .published = 1000 };

    (void) state;

    shian_atom_head(&feed, &buf.sink);
    shian_atom_entry(&entry, &buf.sink);
    shian_atom_tail(&buf.sink);
    assert_string_equal(written(),
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
        "<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"zh\">\n"
        "<id>urn:x</id>\n<title>红榜 &amp; &lt;more&gt;</title>\n"
        "<updated>2026-11-23T08:00:00Z</updated>\n"
        "<author><name>Bureau</name>\n</author>\n"
        "<link rel=\"alternate\" href=\"https://x/\"/>\n"
        "<link rel=\"self\" href=\"https://x/f.atom?a=1&amp;b=2\"/>\n"
        "<entry>\n<id>urn:y</id>\n<title>t</title>\n"
        "<updated>2026-11-23T08:00:00Z</updated>\n"
        "<published>1970-01-01T00:00:01Z</published>\n"
        "<summary>&lt;script&gt;</summary>\n</entry>\n</feed>\n");
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(xml_carries_only_what_it_can, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_feed_is_atom, setup,
                                        teardown),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
