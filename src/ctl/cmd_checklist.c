#include "cmd.h"

#include "domain/checklist.h"
#include "render/json.h"

const shian_option_t  shian_checklist_show_options[] = { { NULL, NULL, NULL } };
const shian_option_t  shian_checklist_set_options[] = { { NULL, NULL, NULL } };


int
shian_cmd_checklist_show(shian_ctl_t *c)
{
    shian_txn_t              t;
    shian_file_sink_t        out;
    Shian__ChecklistRecord  *r;

    if (!shian_ctl_store(c, false)
        || shian_txn_begin(c->store, &c->arena, false, &t) != 0)
    {
        return SHIAN_FAILED;
    }

    r = shian_checklist_now(&t);
    shian_txn_abort(&t);
    shian_file_sink(&out, stdout);

    if (r == NULL || !shian_json_write(&r->checklist->base, &out.sink)) {
        return shian_ctl_fail(c, "the checklist cannot be written");
    }

    printf("\n");

    return SHIAN_DONE;
}


int
shian_cmd_checklist_set(shian_ctl_t *c)
{
    shian_str_t           text;
    Shian__Result         result;
    shian_report_t        report;
    Shian__Operation      op;
    Shian__ChecklistSet   body = SHIAN__CHECKLIST_SET__INIT;

    text = shian_ctl_document(c, c->args[0]);
    if (text.p == NULL) {
        return SHIAN_FAILED;
    }

    shian_report_init(&report);

    if (!shian_checklist_parse(&c->arena, text, &body.checklist, &report)) {
        return shian_ctl_fail(c, "%s: %s", c->args[0],
                              shian_ctl_refusal(&c->arena, &report));
    }

    if (!shian_ctl_store(c, false)) {
        return SHIAN_FAILED;
    }

    op = shian_ctl_operation(c);
    op.body_case = SHIAN__OPERATION__BODY_CHECKLIST_SET;
    op.checklist_set = &body;

    if (!shian_ctl_run(c, &op, &result)) {
        return SHIAN_FAILED;
    }

    if (c->json) {
        printf("{\"id\":%llu}\n", (unsigned long long) result.id);
    } else {
        printf("checklist %s is in force\n", body.checklist->version);
    }

    return SHIAN_DONE;
}
