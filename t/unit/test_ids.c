#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sodium.h>

#include "core/ids.h"


static void
random_never_repeats(void **state)
{
    size_t           i, j;
    static uint8_t   seen[2000][SHIAN_ID_SIZE];

    (void) state;

    /* 32000 bytes: several fills of the pool. */
    for (i = 0; i < SHIAN_COUNT(seen); i++) {
        shian_random(seen[i], SHIAN_ID_SIZE);
    }

    for (i = 0; i < SHIAN_COUNT(seen); i++) {
        for (j = 0; j < i; j++) {
            assert_memory_not_equal(seen[i], seen[j], SHIAN_ID_SIZE);
        }
    }
}


static void
random_fills_any_size(void **state)
{
    size_t   n, i, zero;
    uint8_t  b[5000];

    (void) state;

    for (n = 0; n < sizeof(b); n += 509) {
        memset(b, 0, sizeof(b));
        shian_random(b, n);
        zero = 0;

        for (i = 0; i < sizeof(b); i++) {
            if (i < n) {
                zero += b[i] == 0;
            } else {
                assert_int_equal(b[i], 0);
            }
        }

        assert_true(zero < 80);
    }
}


static void
a_fork_drops_the_pool(void **state)
{
    int      fd[2], status;
    pid_t    pid;
    uint8_t  mine[32], childs[32];

    (void) state;
    shian_random(mine, 1);
    assert_int_equal(pipe(fd), 0);

    pid = fork();
    assert_true(pid >= 0);

    if (pid == 0) {
        shian_random(childs, sizeof(childs));
        _exit(write(fd[1], childs, sizeof(childs)) != sizeof(childs));
    }

    shian_random(mine, sizeof(mine));
    assert_int_equal(read(fd[0], childs, sizeof(childs)), sizeof(childs));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_memory_not_equal(mine, childs, sizeof(mine));
    close(fd[0]);
    close(fd[1]);
}


static void
ids_begin_with_their_time(void **state)
{
    uint8_t               a[SHIAN_ID_SIZE], b[SHIAN_ID_SIZE];
    uint8_t               s[SHIAN_SESSION_ID_SIZE];
    static const uint8_t  six[] = { 0x01, 0x9a, 0xb2, 0xc3, 0xd4, 0xe5 };
    static const uint8_t  eight[] = { 0, 0, 0x01, 0x9a, 0xb2, 0xc3, 0xd4,
                                      0xe5 };

    (void) state;
    shian_time_id(a, UINT64_C(0x019ab2c3d4e5));
    shian_time_id(b, UINT64_C(0x019ab2c3d4e6));
    assert_memory_equal(a, six, 6);
    assert_true(memcmp(a, b, SHIAN_ID_SIZE) < 0);
    assert_memory_not_equal(a + 6, b + 6, SHIAN_ID_SIZE - 6);

    shian_session_id(s, UINT64_C(0x019ab2c3d4e5));
    assert_memory_equal(s, eight, 8);
}


static void
hex_both_ways(void **state)
{
    char     text[9] = "";
    uint8_t  b[4] = { 0x00, 0x9f, 0xa0, 0xff }, back[4];

    (void) state;
    shian_hex(text, b, sizeof(b));
    assert_string_equal(text, "009fa0ff");
    assert_true(shian_unhex(back, 4, shian_str(text)));
    assert_memory_equal(back, b, 4);
    assert_true(shian_unhex(back, 4, SHIAN_STR("009FA0Ff")));
    assert_memory_equal(back, b, 4);
    assert_true(shian_unhex(back, 0, SHIAN_NONE));

    assert_false(shian_unhex(back, 4, SHIAN_STR("009fa0f")));
    assert_false(shian_unhex(back, 4, SHIAN_STR("009fa0fff")));
    assert_false(shian_unhex(back, 4, SHIAN_STR("009fa0fg")));
    assert_false(shian_unhex(back, 4, SHIAN_STR("009fa0f ")));
    assert_false(shian_unhex(back, 4, SHIAN_STR("009fa0f@")));
    assert_false(shian_unhex(back, 4, SHIAN_STR("0x9fa0ff")));
}


/* RFC 4648, section 10, without the padding. */
static void
base64url_vectors(void **state)
{
    char         out[16];
    size_t       i, n;
    uint8_t      back[8];
    static const struct {
        const char  *bytes, *text;
    } v[] = {
        { "", "" }, { "f", "Zg" }, { "fo", "Zm8" }, { "foo", "Zm9v" },
        { "foob", "Zm9vYg" }, { "fooba", "Zm9vYmE" },
        { "foobar", "Zm9vYmFy" }, { "\xfb\xff\xfe", "-__-" },
    };

    (void) state;

    for (i = 0; i < SHIAN_COUNT(v); i++) {
        n = strlen(v[i].bytes);
        assert_int_equal(SHIAN_BASE64URL_LEN(n), strlen(v[i].text));
        assert_int_equal(shian_base64url(out, v[i].bytes, n),
                         strlen(v[i].text));
        assert_memory_equal(out, v[i].text, strlen(v[i].text));

        n = sizeof(back);
        assert_true(shian_base64url_decode(back, &n, shian_str(v[i].text)));
        assert_int_equal(n, strlen(v[i].bytes));
        assert_memory_equal(back, v[i].bytes, n);
    }
}


/* Every character in every place, at every length, as libsodium has it. */
static void
base64url_at_length(void **state)
{
    char     out[100], other[100];
    size_t   i, n;
    uint8_t  bytes[66] = { 0 };

    (void) state;

    for (i = 0; i < 64; i++) {
        for (n = 0; n <= sizeof(bytes); n++) {
            memset(bytes, (int) (i << 2 | i >> 4), n);
            bytes[n == 0 ? 0 : i % n] ^= (uint8_t) (i * 37 + n);

            (void) sodium_bin2base64(other, sizeof(other), bytes, n,
                                 sodium_base64_VARIANT_URLSAFE_NO_PADDING);
            assert_int_equal(shian_base64url(out, bytes, n), strlen(other));
            assert_memory_equal(out, other, strlen(other));
        }
    }
}


static void
base64url_is_strict(void **state)
{
    size_t       i, n;
    uint8_t      out[8];
    static const char *const  bad[] = {
        "Z", "Zm9vY", "Zg==", "Zg=", "Zh", "Zm9", "Zm 8", "Zm8\n", "+w", "/w",
        "Zm9v.", "\xc3\xa9",
    };

    (void) state;

    for (i = 0; i < SHIAN_COUNT(bad); i++) {
        n = sizeof(out);
        assert_false(shian_base64url_decode(out, &n, shian_str(bad[i])));
    }

    n = 5;
    assert_false(shian_base64url_decode(out, &n, SHIAN_STR("Zm9vYmFy")));
    n = 6;
    assert_true(shian_base64url_decode(out, &n, SHIAN_STR("Zm9vYmFy")));
    n = sizeof(out);
    assert_false(shian_base64url_decode(out, &n,
                                        shian_slice("Zm\0v", 4)));
}


/* Of all texts of two characters exactly one stands for each byte. */
static void
base64url_has_one_spelling(void **state)
{
    int          i, j;
    char         text[2];
    size_t       n;
    uint8_t      out[3];
    unsigned     count[256] = { 0 };

    (void) state;

    for (i = 0; i < 256; i++) {
        for (j = 0; j < 256; j++) {
            text[0] = (char) i;
            text[1] = (char) j;
            n = sizeof(out);

            if (shian_base64url_decode(out, &n, shian_slice(text, 2))) {
                assert_int_equal(n, 1);
                count[out[0]]++;
            }
        }
    }

    for (i = 0; i < 256; i++) {
        assert_int_equal(count[i], 1);
    }
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_never_repeats),
        cmocka_unit_test(random_fills_any_size),
        cmocka_unit_test(a_fork_drops_the_pool),
        cmocka_unit_test(ids_begin_with_their_time),
        cmocka_unit_test(hex_both_ways),
        cmocka_unit_test(base64url_vectors),
        cmocka_unit_test(base64url_at_length),
        cmocka_unit_test(base64url_is_strict),
        cmocka_unit_test(base64url_has_one_spelling),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
