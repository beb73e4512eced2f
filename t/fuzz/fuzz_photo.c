/*
 * What is accepted is clean already when cleaned again, is not much longer
 * than what came in, and nothing is written of what is refused.
 */

#include <stdlib.h>

#include "core/photo.h"


int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    shian_buf_t            once, twice;
    shian_arena_t          a;
    shian_photo_info_t     info, same;
    shian_photo_result_t   rc;

    shian_arena_init(&a, NULL, NULL);
    shian_buf_init(&once, &a);
    shian_buf_init(&twice, &a);

    rc = shian_photo_clean(p, n, &info, &once.sink);

    if (rc != SHIAN_PHOTO_OK) {
        if (once.n != 0) {
            abort();
        }

    } else if (once.sink.failed || once.n > n + 64 || info.width == 0
               || info.width > SHIAN_MAX_PHOTO_SIDE || info.height == 0
               || info.height > SHIAN_MAX_PHOTO_SIDE
               || shian_photo_clean(once.p, once.n, &same, &twice.sink)
                  != SHIAN_PHOTO_OK
               || memcmp(&info, &same, sizeof(info)) != 0
               || !shian_str_eq(shian_buf_str(&once), shian_buf_str(&twice)))
    {
        abort();
    }

    shian_arena_free(&a);

    return 0;
}
