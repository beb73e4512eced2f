#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <sodium.h>

#include "core/webhook.h"


/* The example of Standard Webhooks' own libraries. */
static void
signs_as_published(void **state)
{
    char                 out[SHIAN_WEBHOOK_SIGNATURE];
    shian_webhook_key_t  key;

    (void) state;

    assert_true(shian_webhook_key(
                    SHIAN_STR("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
                    &key));
    shian_webhook_sign(&key, SHIAN_STR("msg_p5jXN8AQM9LWM0D4loKWxJek"),
                       1614265330, SHIAN_STR("{\"test\": 2432232314}"),
                       out);
    assert_string_equal(out,
                        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}


/* Worked out with Python's hmac and urllib. */
static void
signs_for_dingtalk(void **state)
{
    char                 out[SHIAN_DINGTALK_QUERY];
    size_t               i;
    shian_webhook_key_t  key;
    static const char   *bad[] = {
        "", "SEC", "SEC0123456789abcdef0123 56789", "sec0123456789abcdef01234",
        "SEC0123456789abcdef0123\n",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    };

    (void) state;

    assert_true(shian_dingtalk_key(SHIAN_STR("SEC0123456789abcdef0123456789abc"
                                             "def0123456789abcdef0123456789abc"
                                             "def"), &key));
    shian_dingtalk_sign(&key, UINT64_C(1795420800000), out);
    assert_string_equal(out, "timestamp=1795420800000&sign="
                             "E7cN2StYAjy9kx8rhBOSKRM2neGwlq96Jm55NOLSG98%3D");

    for (i = 0; i < SHIAN_COUNT(bad); i++) {
        assert_false(shian_dingtalk_key(shian_str(bad[i]), &key));
    }
}


static void
refuses_other_secrets(void **state)
{
    size_t               i;
    char                 text[128] = "whsec_";
    uint8_t              bytes[65] = { 7 };
    shian_webhook_key_t  key;
    static const char   *bad[] = {
        "", "whsec_", "whsec", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS",
        "whsec_plJ3nmyCDGBKInavdOK15jsl",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa-w",
        "WHSEC_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    };

    (void) state;

    for (i = 0; i < SHIAN_COUNT(bad); i++) {
        assert_false(shian_webhook_key(shian_str(bad[i]), &key));
    }

    for (i = 22; i <= sizeof(bytes); i++) {
        (void) sodium_bin2base64(text + 6, sizeof(text) - 6, bytes, i,
                                 sodium_base64_VARIANT_ORIGINAL);
        assert_int_equal(shian_webhook_key(shian_str(text), &key),
                         i >= SHIAN_WEBHOOK_KEY_MIN
                         && i <= SHIAN_WEBHOOK_KEY_MAX);
    }
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signs_as_published),
        cmocka_unit_test(signs_for_dingtalk),
        cmocka_unit_test(refuses_other_secrets),
    };

    if (sodium_init() < 0) {
        return 1;
    }

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
