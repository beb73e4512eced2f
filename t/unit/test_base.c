#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "core/base.h"


static void
arena_aligns_and_survives_growth(void **state)
{
    size_t         i;
    uint8_t       *p, *first;
    shian_arena_t  a;

    (void) state;
    shian_arena_init(&a, NULL, NULL);

    assert_non_null(shian_alloc(&a, 0));
    first = shian_alloc(&a, 3);
    memcpy(first, "abc", 3);

    for (i = 1; i < 5000; i += 37) {
        p = shian_alloc(&a, i);
        assert_non_null(p);
        assert_int_equal((uintptr_t) p % _Alignof(max_align_t), 0);
        memset(p, 0xff, i);
    }

    assert_memory_equal(first, "abc", 3);
    assert_null(shian_array(&a, SIZE_MAX / 2, 16));
    shian_arena_free(&a);
}


static void
first_bytes_are_used_and_then_chunks(void **state)
{
    char           room[256 + 1];
    uint8_t       *p;
    shian_arena_t  a;

    (void) state;
    shian_arena_init(&a, NULL, NULL);
    shian_arena_first(&a, room + 1, sizeof(room) - 1);

    p = shian_alloc(&a, 1);
    assert_int_equal((uintptr_t) p % _Alignof(max_align_t), 0);
    assert_in_range((uintptr_t) p, (uintptr_t) room + 1,
                    (uintptr_t) room + sizeof(room) - 1);
    assert_null(a.chunks);

    p = shian_alloc(&a, 256);
    assert_non_null(p);
    assert_non_null(a.chunks);
    shian_arena_free(&a);

    /* Too small to hold anything aligned: as if none had been given. */
    shian_arena_init(&a, NULL, NULL);
    shian_arena_first(&a, room + 1, 1);
    assert_non_null(shian_alloc(&a, 1));
    shian_arena_free(&a);
}


/* At every distance from a chunk's end the text is whole and stays so. */
static void
printf_fits_or_moves_on(void **state)
{
    char           room[512], *z, *next;
    size_t         left;
    shian_arena_t  a;

    (void) state;

    for (left = 0; left <= 64; left++) {
        shian_arena_init(&a, NULL, NULL);
        shian_arena_first(&a, room, sizeof(room));
        assert_non_null(shian_alloc(&a, (size_t) (a.end - a.pos) - left));

        z = shian_printf(&a, "%s-%d", "from a plaque", 1234567);
        next = shian_printf(&a, "%s", "next");
        assert_string_equal(z, "from a plaque-1234567");
        assert_string_equal(next, "next");
        shian_arena_free(&a);
    }
}


static void
buffer_grows_and_refuses_past_max(void **state)
{
    size_t         i;
    shian_buf_t    b;
    shian_arena_t  a;

    (void) state;
    shian_arena_init(&a, NULL, NULL);
    shian_buf_init(&b, &a);
    b.max = 5000;

    for (i = 0; i < 1000; i++) {
        shian_putf(&b.sink, "%04d,", (int) i);
    }

    assert_false(b.sink.failed);
    assert_int_equal(b.n, 5000);
    assert_memory_equal(b.p + 4995, "0999,", 5);

    shian_putc(&b.sink, 'x');
    assert_true(b.sink.failed);
    shian_arena_free(&a);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arena_aligns_and_survives_growth),
        cmocka_unit_test(first_bytes_are_used_and_then_chunks),
        cmocka_unit_test(printf_fits_or_moves_on),
        cmocka_unit_test(buffer_grows_and_refuses_past_max),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
