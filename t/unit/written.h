/*
 * For tests of writers: a buffer to write to, and what was written.
 */

#ifndef WRITTEN_H
#define WRITTEN_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "core/base.h"

static shian_arena_t  arena;
static shian_buf_t    buf;


static int
setup(void **state)
{
    (void) state;
    shian_arena_init(&arena, NULL, NULL);
    shian_buf_init(&buf, &arena);

    return 0;
}


static int
teardown(void **state)
{
    (void) state;
    shian_arena_free(&arena);

    return 0;
}


/* What was written since the last time. */
static const char *
written(void)
{
    const char  *s;

    shian_putc(&buf.sink, '\0');
    assert_false(buf.sink.failed);
    s = (const char *) buf.p;
    shian_buf_init(&buf, &arena);

    return s;
}

#endif /* WRITTEN_H */
