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
        cmocka_unit_test(buffer_grows_and_refuses_past_max),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
