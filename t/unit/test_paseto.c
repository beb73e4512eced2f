#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <unistd.h>

#include <jansson.h>
#include <sodium.h>

#include "core/ids.h"
#include "core/paseto.h"
#include "left_out.h"

#define VECTORS  "../shared/data/paseto/v4.json"

static shian_arena_t  arena;


static int
setup(void **state)
{
    (void) state;
    shian_arena_init(&arena, NULL, NULL);

    return sodium_init() < 0;
}


static int
teardown(void **state)
{
    (void) state;
    shian_arena_free(&arena);

    return 0;
}


static shian_str_t
field(const json_t *t, const char *name)
{
    const json_t  *v = json_object_get(t, name);

    return v == NULL ? SHIAN_NONE
                     : shian_slice(json_string_value(v),
                                   json_string_length(v));
}


static void
key_field(const json_t *t, const char *name, uint8_t *out, size_t n)
{
    assert_true(shian_unhex(out, n, field(t, name)));
}


static void
assert_str(shian_str_t got, shian_str_t want)
{
    assert_int_equal(got.n, want.n);
    assert_memory_equal(got.p, want.p, want.n);
}


static void
check_local(const json_t *t, bool fails)
{
    uint8_t         key[32], nonce[32];
    shian_str_t     token, message;
    shian_paseto_t  parts;
    shian_str_t     implicit = field(t, "implicit-assertion");

    key_field(t, "key", key, sizeof(key));
    key_field(t, "nonce", nonce, sizeof(nonce));

    if (fails) {
        assert_false(shian_paseto_parse(&arena, field(t, "token"), &parts)
                     && shian_paseto_decrypt(&arena, key, &parts, implicit,
                                             &message));
        return;
    }

    assert_true(shian_paseto_encrypt(&arena, key, nonce, field(t, "payload"),
                                     field(t, "footer"), implicit, &token));
    assert_str(token, field(t, "token"));

    assert_true(shian_paseto_parse(&arena, token, &parts));
    assert_str(parts.footer, field(t, "footer"));
    assert_true(shian_paseto_decrypt(&arena, key, &parts, implicit,
                                     &message));
    assert_str(message, field(t, "payload"));
}


static void
check_public(const json_t *t, bool fails)
{
    uint8_t         pk[32], sk[64];
    shian_str_t     token, message;
    shian_paseto_t  parts;
    shian_str_t     implicit = field(t, "implicit-assertion");

    key_field(t, "public-key", pk, sizeof(pk));
    key_field(t, "secret-key", sk, sizeof(sk));

    if (fails) {
        assert_false(shian_paseto_parse(&arena, field(t, "token"), &parts)
                     && shian_paseto_verify(&arena, pk, &parts, implicit,
                                            &message));
        return;
    }

    assert_true(shian_paseto_sign(&arena, sk, field(t, "payload"),
                                  field(t, "footer"), implicit, &token));
    assert_str(token, field(t, "token"));

    assert_true(shian_paseto_parse(&arena, token, &parts));
    assert_str(parts.footer, field(t, "footer"));
    assert_true(shian_paseto_verify(&arena, pk, &parts, implicit, &message));
    assert_str(message, field(t, "payload"));
}


static void
official_vectors(void **state)
{
    bool     fails;
    size_t   i, bad;
    json_t  *all, *tests, *t;

    (void) state;

    if (access(VECTORS, R_OK) != 0) {
        left_out(VECTORS);
        return;
    }

    all = json_load_file(VECTORS, 0, NULL);
    assert_non_null(all);
    tests = json_object_get(all, "tests");
    assert_int_equal(json_array_size(tests), 17);
    bad = 0;

    json_array_foreach(tests, i, t) {
        fails = json_is_true(json_object_get(t, "expect-fail"));
        bad += fails;

        if (json_object_get(t, "key") != NULL) {
            check_local(t, fails);
        } else {
            check_public(t, fails);
        }
    }

    assert_int_equal(bad, 5);
    json_decref(all);
}


/*
 * Worked out apart from this code with Python's hashlib and cryptography:
 * key (or seed) 00..1f, nonce 20..3f, message {"a":1}, footer {"kid":"k"},
 * implicit assertion i.
 */
static void
known_tokens(void **state)
{
    size_t       i;
    uint8_t      key[32], nonce[32], pk[32], sk[64];
    shian_str_t  token;
    shian_str_t  message = SHIAN_STR("{\"a\":1}");
    shian_str_t  footer = SHIAN_STR("{\"kid\":\"k\"}");

    (void) state;

    for (i = 0; i < 32; i++) {
        key[i] = (uint8_t) i;
        nonce[i] = (uint8_t) (i + 32);
    }

    assert_true(shian_paseto_encrypt(&arena, key, nonce, message, footer,
                                     SHIAN_STR("i"), &token));
    assert_str(token, SHIAN_STR(
        "v4.local.ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj-7OIgrNgXv3X3W1XT"
        "w7s-tBGVuqDqtpMyhgoDLnTnjIIbxvsTnJM0.eyJraWQiOiJrIn0"));

    assert_int_equal(crypto_sign_seed_keypair(pk, sk, key), 0);
    assert_true(shian_paseto_sign(&arena, sk, message, footer,
                                  SHIAN_STR("i"), &token));
    assert_str(token, SHIAN_STR(
        "v4.public.eyJhIjoxfVUd7PFQ4qjO3se1cw7yOv-VETp2cK0T83i_tTbSjSAn7sxz-M"
        "pogDzDn1ctbUeHy7gv1U_XMVFrUoDIpdMTAAE.eyJraWQiOiJrIn0"));
}


static void
nonces_are_fresh(void **state)
{
    uint8_t      key[32] = { 1 };
    shian_str_t  a, b;

    (void) state;
    assert_true(shian_paseto_encrypt(&arena, key, NULL, SHIAN_STR("m"),
                                     SHIAN_NONE, SHIAN_NONE, &a));
    assert_true(shian_paseto_encrypt(&arena, key, NULL, SHIAN_STR("m"),
                                     SHIAN_NONE, SHIAN_NONE, &b));
    assert_int_equal(a.n, b.n);
    assert_memory_not_equal(a.p, b.p, a.n);
}


/* Message, footer and implicit assertion of every small length survive. */
static void
lengths_round_trip(void **state)
{
    size_t          n;
    uint8_t         key[32] = { 7 }, pk[32], sk[64];
    shian_str_t     m, f, i, token, back;
    shian_paseto_t  parts;
    static const char  text[] = "0123456789012345678901234567890123456789";

    (void) state;
    assert_int_equal(crypto_sign_seed_keypair(pk, sk, key), 0);

    for (n = 0; n <= 40; n++) {
        m = shian_slice(text, n);
        f = shian_slice(text, n % 3);
        i = shian_slice(text, n % 5);

        assert_true(shian_paseto_encrypt(&arena, key, NULL, m, f, i, &token));
        assert_true(shian_paseto_parse(&arena, token, &parts));
        assert_int_equal(parts.purpose, SHIAN_PASETO_LOCAL);
        assert_true(shian_paseto_decrypt(&arena, key, &parts, i, &back));
        assert_true(shian_str_eq(back, m));
        assert_true(shian_str_eq(parts.footer, f));
        assert_false(shian_paseto_decrypt(&arena, key, &parts,
                                          SHIAN_STR("other"), &back));
        assert_false(shian_paseto_verify(&arena, pk, &parts, i, &back));

        assert_true(shian_paseto_sign(&arena, sk, m, f, i, &token));
        assert_true(shian_paseto_parse(&arena, token, &parts));
        assert_int_equal(parts.purpose, SHIAN_PASETO_PUBLIC);
        assert_true(shian_paseto_verify(&arena, pk, &parts, i, &back));
        assert_true(shian_str_eq(back, m));
        assert_false(shian_paseto_verify(&arena, pk, &parts,
                                         SHIAN_STR("other"), &back));
        assert_false(shian_paseto_decrypt(&arena, key, &parts, i, &back));
    }
}


static void
junk_is_refused(void **state)
{
    size_t          i;
    uint8_t         key[32] = { 0 };
    shian_str_t     message;
    shian_paseto_t  parts;
    static const char *const  bad[] = {
        "", "v", "v4.local", "v4.secret.AAAA", "v3.local.AAAA",
        "v4.Local.AAAA", "V4.local.AAAA", " v4.local.AAAA", "v4.local.AAAA ",
        "v4.local.AAAA.", "v4.local.AAAA.AA.AA", "v4.local.A", "v4.local.AB",
        "v4.local.AAAA.AB", "v4.local.AAAA==", "v4.public.AA/A",
    };

    (void) state;

    for (i = 0; i < SHIAN_COUNT(bad); i++) {
        assert_false(shian_paseto_parse(&arena, shian_str(bad[i]), &parts));
    }

    assert_false(shian_paseto_parse(&arena, SHIAN_NONE, &parts));

    /* Well-formed but too short to hold nonce and tag, or a signature. */
    assert_true(shian_paseto_parse(&arena, SHIAN_STR("v4.local.AAAA"),
                                   &parts));
    assert_false(shian_paseto_decrypt(&arena, key, &parts, SHIAN_NONE,
                                      &message));
    assert_true(shian_paseto_parse(&arena, SHIAN_STR("v4.public.AAAA"),
                                   &parts));
    assert_false(shian_paseto_verify(&arena, key, &parts, SHIAN_NONE,
                                     &message));
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(official_vectors, setup, teardown),
        cmocka_unit_test_setup_teardown(known_tokens, setup, teardown),
        cmocka_unit_test_setup_teardown(nonces_are_fresh, setup, teardown),
        cmocka_unit_test_setup_teardown(lengths_round_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(junk_is_refused, setup, teardown),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
