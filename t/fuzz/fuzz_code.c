/*
 * A code as typed, and one made right of which the input then changes the
 * spelling: what is read must be what was made.
 */

#include <stdlib.h>

#include "core/code.h"

static shian_keys_t  keys;


static void
need(bool good)
{
    if (!good) {
        abort();
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char      code[SHIAN_CODE_LEN + 1], group[SHIAN_CODE_GROUP_LEN + 1];
    size_t    i;
    uint32_t  no;
    uint64_t  id, back;

    keys.n = 1;
    keys.key[0].kind = SHIAN_KEY_PLAQUE;
    keys.key[0].no = 3;

    if (shian_code_read(&keys, shian_slice(data, size), &id, &no)) {
        need(no == 3 && shian_code_make(&keys, no, id, code));
    }

    id = 0;

    for (i = 0; i < size && i < 5; i++) {
        id = id << 8 | data[i];
    }

    need(shian_code_make(&keys, 3, id, code));
    shian_code_group(code, group);

    for ( /* void */ ; i < size && i < SHIAN_CODE_GROUP_LEN; i++) {
        if ((data[i] & 1) != 0 && group[i] >= 'A') {
            group[i] = (char) (group[i] | 0x20);
        }
    }

    need(shian_code_read(&keys, shian_str(group), &back, &no));
    need(back == id && no == 3);

    return 0;
}
