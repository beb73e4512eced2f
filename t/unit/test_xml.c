#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <math.h>
#include <cmocka.h>

#include "written.h"
#include "render/xml.h"
#include "shian.pb-c.h"

#define HEAD  "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"

typedef Shian__Open311__Requests__Request  request_t;
typedef Shian__Open311__ServiceDefinition  definition_t;


static const char *
xml(const void *m)
{
    assert_true(shian_xml_write(m, &buf.sink));

    return written();
}


static const char *
spark(const void *m)
{
    assert_true(shian_spark_write(m, &buf.sink));

    return written();
}


static void
a_lone_list_is_the_root(void **state)
{
    Shian__Open311__Errors          list = SHIAN__OPEN311__ERRORS__INIT;
    Shian__Open311__Errors__Error   one = SHIAN__OPEN311__ERRORS__ERROR__INIT;
    Shian__Open311__Errors__Error   two = SHIAN__OPEN311__ERRORS__ERROR__INIT;
    Shian__Open311__Errors__Error  *errors[] = { &one, &two };

    (void) state;
    assert_string_equal(xml(&list), HEAD "<errors></errors>\n");
    assert_string_equal(spark(&list), "[]");

    one.has_code = 1;
    one.code = 403;
    one.description = (char *) "No key.";
    list.errors = errors;
    list.n_errors = 2;
    assert_string_equal(xml(&list), HEAD
        "<errors><error><code>403</code><description>No key.</description>"
        "</error><error><code></code><description></description></error>"
        "</errors>\n");
    assert_string_equal(spark(&list),
        "[{\"code\":403,\"description\":\"No key.\"},"
        "{\"code\":null,\"description\":null}]");
}


static void
containers_hold_items_by_name(void **state)
{
    char  *formats[] = { (char *) "text/xml", (char *) "application/json" };

    Shian__Open311__Discovery             d = SHIAN__OPEN311__DISCOVERY__INIT;
    Shian__Open311__Discovery__Endpoint   e =
        SHIAN__OPEN311__DISCOVERY__ENDPOINT__INIT;
    Shian__Open311__Discovery__Endpoint  *endpoints[] = { &e };

    (void) state;
    d.changeset = (char *) "1";
    d.contact = (char *) "c";
    d.key_service = (char *) "k";
    d.endpoints = endpoints;
    d.n_endpoints = 1;
    e.url = (char *) "u";
    e.formats = formats;
    e.n_formats = 2;
    assert_string_equal(xml(&d), HEAD
        "<discovery><changeset>1</changeset><contact>c</contact>"
        "<key_service>k</key_service><endpoints><endpoint>"
        "<specification></specification><url>u</url>"
        "<changeset></changeset><type></type><formats>"
        "<format>text/xml</format><format>application/json</format>"
        "</formats></endpoint></endpoints></discovery>\n");
    assert_string_equal(spark(&d),
        "{\"changeset\":\"1\",\"contact\":\"c\",\"key_service\":\"k\","
        "\"endpoints\":[{\"specification\":null,\"url\":\"u\","
        "\"changeset\":null,\"type\":null,"
        "\"formats\":[\"text/xml\",\"application/json\"]}]}");
}


static void
a_record_has_its_messages_name(void **state)
{
    definition_t  d = SHIAN__OPEN311__SERVICE_DEFINITION__INIT;

    Shian__Open311__ServiceDefinition__Attribute   a =
        SHIAN__OPEN311__SERVICE_DEFINITION__ATTRIBUTE__INIT;
    Shian__Open311__ServiceDefinition__Attribute  *attributes[] = { &a };

    (void) state;
    d.service_code = (char *) "pests";
    d.attributes = attributes;
    d.n_attributes = 1;
    a.has_variable = a.variable = 1;
    a.has_required = 1;
    a.has_order = 1;
    a.order = 2;
    assert_string_equal(xml(&d), HEAD
        "<service_definition><service_code>pests</service_code><attributes>"
        "<attribute><variable>true</variable><code></code>"
        "<datatype></datatype><required>false</required>"
        "<datatype_description></datatype_description><order>2</order>"
        "<description></description></attribute></attributes>"
        "</service_definition>\n");
    assert_string_equal(spark(&d),
        "{\"service_code\":\"pests\",\"attributes\":[{\"variable\":true,"
        "\"code\":null,\"datatype\":null,\"required\":false,"
        "\"datatype_description\":null,\"order\":2,\"description\":null}]}");
}


static void
values_are_inert(void **state)
{
    size_t     i;
    request_t  r = SHIAN__OPEN311__REQUESTS__REQUEST__INIT;

    static const struct {
        const char  *text;
        const char  *xml;
        const char  *json;
    } cases[] = {
        { "</description><x a=\"b\" c='d'>&amp;",
          ">&lt;/description&gt;&lt;x a=&quot;b&quot; c=&#39;d&#39;&gt;"
          "&amp;amp;<",
          "\"</description><x a=\\\"b\\\" c='d'>&amp;\"" },
        { "]]><!ENTITY", ">]]&gt;&lt;!ENTITY<", "\"]]><!ENTITY\"" },
        { "a\x01\x1b" "b\xff\xef\xbf\xbf" "c", ">abc<",
          "\"a\\u0001\\u001bb\xef\xbf\xbd\xef\xbf\xbf" "c\"" },
    };

    (void) state;

    for (i = 0; i < SHIAN_COUNT(cases); i++) {
        r.description = (char *) cases[i].text;
        assert_non_null(strstr(xml(&r), cases[i].xml));
        assert_non_null(strstr(spark(&r), cases[i].json));
    }
}


static void
values_have_their_kinds(void **state)
{
    const char  *s;
    request_t    r = SHIAN__OPEN311__REQUESTS__REQUEST__INIT;

    (void) state;
    r.service_request_id = "0000000000007";
    r.has_address_id = 1;
    r.address_id = UINT64_C(18446744073709551615);
    r.has_requested_datetime = 1;
    r.requested_datetime = UINT64_C(1795392000000);
    r.has_lat = r.has_long_ = 1;
    r.lat = -29.65;
    r.long_ = NAN;

    s = xml(&r);
    assert_non_null(strstr(s, "<request><service_request_id>"
                              "0000000000007</service_request_id>"
                              "<status></status>"));
    assert_non_null(strstr(s, "<requested_datetime>2026-11-23T00:00:00Z</"));
    assert_non_null(strstr(s, "<address_id>18446744073709551615</"));
    assert_non_null(strstr(s, "<lat>-29.65</lat><long></long>"));

    s = spark(&r);
    assert_non_null(strstr(s, "\"status\":null"));
    assert_non_null(strstr(s, "\"lat\":-29.65,\"long\":null"));
}


static void
a_full_sink_is_told(void **state)
{
    shian_sink_t            failed = { .failed = true };
    Shian__Open311__Errors  list = SHIAN__OPEN311__ERRORS__INIT;

    (void) state;
    assert_false(shian_xml_write(&list.base, &failed));
    assert_false(shian_spark_write(&list.base, &failed));
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_lone_list_is_the_root, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(containers_hold_items_by_name, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_record_has_its_messages_name,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(values_are_inert, setup, teardown),
        cmocka_unit_test_setup_teardown(values_have_their_kinds, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_full_sink_is_told, setup,
                                        teardown),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
