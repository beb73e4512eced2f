/*
 * The first byte chooses a message, the rest is bound as JSON and as a form.
 * What is accepted must be a message that packs, and unpacks to the same.
 */

#include <stdlib.h>

#include "core/bind.h"
#include "shian.pb-c.h"

#define M(name)  &shian__##name##__descriptor

static const shian_field_rule_t  rules[] = {
    { M(venue), "name", 2, 20, NULL, SHIAN_REQUIRED },
    { M(venue), "uscc", 18, 18, "[0-9A-Z]{18}", 0 },
    { M(venue), "lng", 0, 180, NULL, 0 },
    { M(venue), "opened_on", 0, 0, NULL, 0 },
    { M(venue), "status", 0, 0, NULL, 0 },
    { M(venue), "uscc_doubtful", 0, 0, NULL, 0 },
    { M(review_post), "hygiene", 1, 5, NULL, SHIAN_REQUIRED },
    { M(review_post), "venue", 1, 0, NULL, 0 },
    { M(review_post), "text", 0, 100, NULL, SHIAN_SEALED | SHIAN_MULTILINE },
    { M(review_post), "scan", 0, 0, NULL, 0 },
    { M(user_put), "district", 0, 4, NULL, 0 },
    { M(grade), "score", 0, 0, NULL, 0 },
    { M(grade), "since", 0, 0, NULL, 0 },
    { M(grade), "components", 0, 4, NULL, 0 },
    { M(component), "code", 0, 0, NULL, SHIAN_REQUIRED },
    { M(component), "points", 0, 0, NULL, 0 }
};


static void
check(shian_arena_t *a, bool ok, const ProtobufCMessage *m,
    const shian_report_t *report)
{
    size_t             n;
    uint8_t           *p, *again;
    ProtobufCMessage  *same;

    if (ok != (m != NULL) || ok != (report->status == 200)) {
        abort();
    }

    if (!ok) {
        return;
    }

    n = protobuf_c_message_get_packed_size(m);
    p = shian_alloc(a, n + 1);
    again = shian_alloc(a, n + 1);

    if (p == NULL || again == NULL || !protobuf_c_message_check(m)
        || protobuf_c_message_pack(m, p) != n)
    {
        abort();
    }

    same = protobuf_c_message_unpack(m->descriptor, &a->pb, n, p);

    if (same == NULL || protobuf_c_message_pack(same, again) != n
        || (n != 0 && memcmp(p, again, n) != 0))
    {
        abort();
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    bool               ok;
    size_t             npairs;
    shian_str_t        text;
    shian_pair_t      *pairs;
    shian_arena_t      a;
    shian_report_t     report;
    ProtobufCMessage  *m;

    static const ProtobufCMessageDescriptor *const  messages[] = {
        M(venue), M(review_post), M(user_put), M(grade)
    };

    if (n == 0) {
        return 0;
    }

    shian_arena_init(&a, NULL, NULL);
    text = shian_slice(p + 1, n - 1);

    shian_report_init(&report);
    ok = shian_bind_json(&a, rules, SHIAN_COUNT(rules), messages[p[0] % 4],
                         text, NULL, &m, &report);
    check(&a, ok, m, &report);

    shian_report_init(&report);

    if (shian_form_parse(&a, text, 0, &pairs, &npairs, &report)) {
        ok = shian_bind_pairs(&a, rules, SHIAN_COUNT(rules),
                              messages[p[0] % 4], pairs, npairs, NULL, &m,
                              &report);
        check(&a, ok, m, &report);
    }

    shian_arena_free(&a);

    return 0;
}
