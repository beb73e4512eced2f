#include "cmd.h"

#include "domain/policy.h"
#include "render/json.h"

const shian_option_t  shian_policy_show_options[] = { { NULL, NULL, NULL } };
const shian_option_t  shian_policy_set_options[] = { { NULL, NULL, NULL } };

const shian_option_t  shian_policy_preview_options[] = {
    { "list", NULL, "also every venue that would change" },
    { NULL, NULL, NULL }
};


int
shian_cmd_policy_show(shian_ctl_t *c)
{
    shian_txn_t         t;
    Shian__Policy      *doc;
    shian_file_sink_t   out;

    if (!shian_ctl_store(c, false)
        || shian_txn_begin(c->store, &c->arena, false, &t) != 0)
    {
        return SHIAN_FAILED;
    }

    doc = shian_policy_whole(&t);
    shian_txn_abort(&t);
    shian_file_sink(&out, stdout);

    if (doc == NULL || !shian_json_write(&doc->base, &out.sink)) {
        return shian_ctl_fail(c, "the policy cannot be written");
    }

    printf("\n");

    return SHIAN_DONE;
}


/* The document of the operand, checked; NULL after saying what is wrong. */
static Shian__Policy *
read_policy(shian_ctl_t *c)
{
    shian_str_t      text;
    Shian__Policy   *p;
    shian_report_t   report;

    text = shian_ctl_document(c, c->args[0]);
    if (text.p == NULL) {
        return NULL;
    }

    shian_report_init(&report);

    if (!shian_policy_parse(&c->arena, text, &p, &report)) {
        (void) shian_ctl_fail(c, "%s: %s", c->args[0],
                              shian_ctl_refusal(&c->arena, &report));
        return NULL;
    }

    return p;
}


int
shian_cmd_policy_set(shian_ctl_t *c)
{
    Shian__Result      result;
    Shian__Operation   op;
    Shian__PolicySet   body = SHIAN__POLICY_SET__INIT;

    body.policy = read_policy(c);

    if (body.policy == NULL || !shian_ctl_store(c, false)) {
        return SHIAN_FAILED;
    }

    if (!shian_ctl_pass_day(c, shian_ctl_now(c))) {
        return SHIAN_FAILED;
    }

    op = shian_ctl_operation(c);
    op.body_case = SHIAN__OPERATION__BODY_POLICY_SET;
    op.policy_set = &body;

    if (!shian_ctl_run(c, &op, &result)) {
        return SHIAN_FAILED;
    }

    if (c->json) {
        printf("{\"id\":%llu}\n", (unsigned long long) result.id);
    } else {
        printf("policy %s is in force; running workers with shian_grading "
               "on regrade by it\n", body.policy->version);
    }

    return SHIAN_DONE;
}


/* ---- preview ------------------------------------------------------------- */

static const char *
colour_name(int colour)
{
    return protobuf_c_enum_descriptor_get_value(
               &shian__colour__kind__descriptor, colour)->name;
}


static void
print_change(void *ctx, const Shian__Venue *v, Shian__Colour__Kind from,
    Shian__Colour__Kind to)
{
    shian_ctl_t  *c = ctx;

    if (c->json) {
        printf("{\"venue\":%llu,\"from\":\"%s\",\"to\":\"%s\"}\n",
               (unsigned long long) v->id, colour_name((int) from),
               colour_name((int) to));
    } else {
        printf("%llu\t%s\t%s -> %s\n", (unsigned long long) v->id,
               v->name == NULL ? "" : v->name, colour_name((int) from),
               colour_name((int) to));
    }
}


int
shian_cmd_policy_preview(shian_ctl_t *c)
{
    int                      i, j;
    bool                     ok, list;
    shian_txn_t              t;
    shian_policy_t           numbers;
    Shian__Policy           *p;
    shian_policy_preview_t   preview;

    p = read_policy(c);

    if (p == NULL || !shian_ctl_store(c, false)
        || shian_txn_begin(c->store, &c->arena, false, &t) != 0)
    {
        return SHIAN_FAILED;
    }

    shian_policy_numbers(p, &numbers);
    list = shian_flag(c, "list");
    ok = shian_policy_preview(&t, &numbers, shian_ctl_now(c), &preview,
                              list ? print_change : NULL, c);
    shian_txn_abort(&t);

    if (!ok) {
        return shian_ctl_fail(c, "the store cannot be read");
    }

    if (c->json) {
        printf("{\"venues\":%llu,\"changed\":%llu,\"changes\":[",
               (unsigned long long) preview.venues,
               (unsigned long long) preview.changed);
    } else {
        printf("%llu of %llu venues would change\n",
               (unsigned long long) preview.changed,
               (unsigned long long) preview.venues);
    }

    for (ok = false, i = 0; i < 5; i++) {
        for (j = 0; j < 5; j++) {

            if (i == j || preview.from_to[i][j] == 0) {
                continue;
            }

            printf(c->json
                   ? "%s{\"from\":\"%s\",\"to\":\"%s\",\"venues\":%llu}"
                   : "%s%-8s -> %-8s %llu\n", c->json && ok ? "," : "",
                   colour_name(i), colour_name(j),
                   (unsigned long long) preview.from_to[i][j]);
            ok = true;
        }
    }

    if (c->json) {
        printf("]}\n");
    }

    return SHIAN_DONE;
}
