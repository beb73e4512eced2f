#include "cmd.h"

#include "domain/checklist_view.h"
#include "render/json.h"

const shian_option_t  shian_checklist_show_options[] = { { NULL, NULL, NULL } };
const shian_option_t  shian_checklist_preview_options[] = {
    { NULL, NULL, NULL }
};
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


static Shian__Checklist *
read_checklist(shian_ctl_t *c)
{
    shian_str_t        text;
    shian_report_t     report;
    Shian__Checklist  *list;

    text = shian_ctl_document(c, c->args[0]);
    if (text.p == NULL) {
        return NULL;
    }

    shian_report_init(&report);

    if (!shian_checklist_parse(&c->arena, text, &list, &report)) {
        (void) shian_ctl_fail(c, "%s: %s", c->args[0],
                              shian_ctl_refusal(&c->arena, &report));
        return NULL;
    }

    return list;
}


/* ---- preview ------------------------------------------------------------- */

static const char *
severity(Shian__Severity__Kind kind)
{
    return protobuf_c_enum_descriptor_get_value(
               &shian__severity__kind__descriptor, (int) kind)->name;
}


static void
print_change(const Shian__ChecklistChange *ch)
{
    const char  *what;

    what = protobuf_c_enum_descriptor_get_value(
               &shian__checklist_change__what__descriptor,
               (int) ch->what)->name;
    printf("%s\t%s\t", what, ch->code);

    if (ch->has_severity_before) {
        printf("%s -> ", severity(ch->severity_before));
    }

    printf("%s\t%s\n", severity(ch->severity), ch->text);
}


int
shian_cmd_checklist_preview(shian_ctl_t *c)
{
    size_t                    i;
    shian_txn_t               t;
    shian_report_t            report;
    Shian__Checklist         *list;
    shian_file_sink_t         out;
    Shian__ChecklistPreview  *view;

    list = read_checklist(c);

    if (list == NULL || !shian_ctl_store(c, false)
        || shian_txn_begin(c->store, &c->arena, false, &t) != 0)
    {
        return SHIAN_FAILED;
    }

    shian_report_init(&report);
    view = shian_view_checklist_preview(&t, list, &report);
    shian_txn_abort(&t);

    if (view == NULL) {
        return report.status != 200
               ? shian_ctl_fail(c, "%s: %s", c->args[0],
                                shian_ctl_refusal(&c->arena, &report))
               : shian_ctl_fail(c, "the store cannot be read");
    }

    if (c->json) {
        shian_file_sink(&out, stdout);
        if (!shian_json_write(&view->base, &out.sink)) {
            return shian_ctl_fail(c, "the preview cannot be written");
        }

        printf("\n");
        return SHIAN_DONE;
    }

    printf("%zu changes to %s\n", view->n_changes, view->version_before);

    for (i = 0; i < view->n_changes; i++) {
        print_change(view->changes[i]);
    }

    return SHIAN_DONE;
}


/* ---- set ----------------------------------------------------------------- */

int
shian_cmd_checklist_set(shian_ctl_t *c)
{
    Shian__Result         result;
    Shian__Operation      op;
    Shian__ChecklistSet   body = SHIAN__CHECKLIST_SET__INIT;

    body.checklist = read_checklist(c);

    if (body.checklist == NULL || !shian_ctl_store(c, false)) {
        return SHIAN_FAILED;
    }

    if (!shian_ctl_pass_day(c, shian_ctl_now(c))) {
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
