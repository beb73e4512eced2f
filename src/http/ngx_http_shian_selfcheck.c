/*
 * A venue's own check by the inspectors' checklist, head by head.
 */

#include "ngx_http_shian.h"

#include "core/bind.h"
#include "domain/answers.h"
#include "domain/checklist.h"
#include "domain/policy.h"


static const Shian__Answer *
ngx_http_shian_own_answer(Shian__Answer *const *items, size_t n,
    const char *code)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (items[i]->code != NULL && strcmp(items[i]->code, code) == 0) {
            return items[i];
        }
    }

    return NULL;
}


static Shian__SelfCheckItem *
ngx_http_shian_check_item(ngx_http_shian_ctx_t *c,
    const Shian__Checklist__Item *it, const Shian__Answer *a)
{
    Shian__SelfCheckItem  *item;

    item = shian_alloc(&c->arena, sizeof(*item));
    if (item == NULL) {
        return NULL;
    }

    shian__self_check_item__init(item);
    item->code = it->code;
    item->text = it->text;
    item->text_en = it->text_en;
    item->guidance = it->guidance;
    item->guidance_en = it->guidance_en;

    if (a != NULL) {
        item->has_result = a->has_result;
        item->result = a->result;
        item->note = a->note;
    }

    return item;
}


/* The checklist's items come head by head already. */
static bool
ngx_http_shian_check_heads(ngx_http_shian_ctx_t *c,
    const Shian__Checklist *list, Shian__Answer *const *items, size_t n,
    Shian__SelfCheckForm *view)
{
    size_t                  i;
    Shian__SelfCheckHead   *h;
    Shian__ChecklistView   *all;

    all = shian_checklist_view(&c->txn);
    view->heads = all == NULL ? NULL
                  : shian_array(&c->arena, all->n_heads,
                                sizeof(*view->heads));

    for (i = 0; view->heads != NULL && i < all->n_heads; i++) {
        h = shian_alloc(&c->arena, sizeof(*h));
        if (h == NULL) {
            return false;
        }

        shian__self_check_head__init(h);
        h->has_head = 1;
        h->head = all->heads[i]->head;
        h->items = shian_array(&c->arena, all->heads[i]->n_items,
                               sizeof(*h->items));
        if (h->items == NULL) {
            return false;
        }

        for ( /* void */ ; h->n_items < all->heads[i]->n_items; h->n_items++)
        {
            h->items[h->n_items] = ngx_http_shian_check_item(c,
                all->heads[i]->items[h->n_items],
                ngx_http_shian_own_answer(items, n,
                    all->heads[i]->items[h->n_items]->code));

            if (h->items[h->n_items] == NULL) {
                return false;
            }
        }

        view->heads[view->n_heads++] = h;
    }

    view->checklist = list->version;

    return view->heads != NULL;
}


/* "items[3].result": the code of what answer 3 lacks, beside its item. */
static void
ngx_http_shian_check_errors(ngx_http_shian_ctx_t *c,
    const Shian__SelfCheckPost *post, Shian__SelfCheckForm *view)
{
    size_t                  i, j, k, n;
    const char             *p;
    Shian__SelfCheckItem   *item;

    for (i = 0; i < c->report.nfields; i++) {
        p = c->report.fields[i].field;

        if (strncmp(p, "items[", 6) != 0) {
            continue;
        }

        for (n = 0, p += 6; *p >= '0' && *p <= '9' && n < post->n_items; p++)
        {
            n = 10 * n + (size_t) (*p - '0');
        }

        for (j = 0; n < post->n_items && j < view->n_heads; j++) {
            for (k = 0; k < view->heads[j]->n_items; k++) {
                item = view->heads[j]->items[k];

                if (post->items[n]->code != NULL
                    && strcmp(item->code, post->items[n]->code) == 0)
                {
                    item->error = (char *) c->report.fields[i].code;
                }
            }
        }
    }
}


/* post: what was just sent and is wrong; NULL: the answers of last time. */
static ngx_int_t
ngx_http_shian_show_check(ngx_http_shian_ctx_t *c,
    const Shian__SelfCheckPost *post)
{
    Shian__Answer          **items;
    size_t                   n;
    shian_policy_t           policy;
    Shian__SelfCheckForm     view = SHIAN__SELF_CHECK_FORM__INIT;
    Shian__ChecklistRecord  *list;
    Shian__SelfCheckRecord  *last;

    list = shian_checklist_now(&c->txn);
    last = shian_get(&c->txn, SHIAN_T_SELF_CHECK, c->caller.actor.venue,
                     &shian__self_check_record__descriptor);
    items = NULL;
    n = 0;

    /* A page does not answer for people what they should look at. */
    if (post != NULL) {
        items = post->items;
        n = post->n_items;

    } else if (last != NULL && c->format != SHIAN_OUT_HTML) {
        items = last->items;
        n = last->n_items;
    }

    if (list == NULL
        || !ngx_http_shian_check_heads(c, list->checklist, items, n, &view))
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    view.has_venue = 1;
    view.venue = c->caller.actor.venue;
    view.has_every_days = 1;
    shian_policy_now(&c->txn, &policy);
    view.every_days = (uint32_t) policy.self_check_days;

    if (last != NULL) {
        view.has_last_on = 1;
        view.last_on = shian_local_day(last->at, SHIAN_TZ_MINUTES);
    }

    if (post != NULL) {
        view.has_wrong = view.wrong = 1;
        ngx_http_shian_check_errors(c, post, &view);
    }

    c->view = &view.base;

    return ngx_http_shian_reply(c);
}


ngx_int_t
ngx_http_shian_my_self_check(ngx_http_shian_ctx_t *c)
{
    ngx_http_shian_say_done(c);

    return ngx_http_shian_show_check(c, NULL);
}


/* ---- posting --------------------------------------------------------------*/

/* What was typed as it came, for a form that is shown again. */
static Shian__Answer *
ngx_http_shian_raw_answer(ngx_http_shian_ctx_t *c, const shian_pair_t *pairs)
{
    Shian__Answer             *a;
    const ProtobufCEnumValue  *v;

    a = shian_alloc(&c->arena, sizeof(*a));
    if (a == NULL) {
        return NULL;
    }

    shian__answer__init(a);
    a->code = shian_strdup(&c->arena, pairs[0].value);
    a->note = pairs[2].value.n == 0 ? NULL
              : shian_strdup(&c->arena, pairs[2].value);
    v = protobuf_c_enum_descriptor_get_value_by_name(
            &shian__answer__result__descriptor,
            shian_strdup(&c->arena, pairs[1].value));

    if (v != NULL) {
        a->has_result = 1;
        a->result = (Shian__Answer__Result) v->value;
    }

    return a;
}


/* Answer i by the rules that it has in JSON; NULL without memory. */
static Shian__Answer *
ngx_http_shian_form_answer(ngx_http_shian_ctx_t *c, const char *code,
    size_t i)
{
    char              *field;
    size_t             j;
    shian_pair_t       pairs[3];
    shian_report_t     report;
    ProtobufCMessage  *message;

    field = shian_printf(&c->arena, "%s_note", code);
    if (field == NULL) {
        return NULL;
    }

    pairs[0] = (shian_pair_t) { SHIAN_STR("code"), shian_str(code) };
    pairs[1] = (shian_pair_t) { SHIAN_STR("result"),
                                ngx_http_shian_body_arg(c, code) };
    pairs[2] = (shian_pair_t) { SHIAN_STR("note"),
                                ngx_http_shian_body_arg(c, field) };
    shian_report_init(&report);

    if (shian_bind_pairs(&c->arena, shian_field_rules, shian_nfield_rules,
                         &shian__answer__descriptor, pairs, 3, NULL,
                         &message, &report))
    {
        return (Shian__Answer *) message;
    }

    for (j = 0; j < report.nfields; j++) {
        field = shian_printf(&c->arena, "items[%zu].%s", i,
                             report.fields[j].field);
        if (field == NULL) {
            return NULL;
        }

        shian_fail_field(&c->report, field, report.fields[j].code, NULL);
    }

    return report.nfields == 0 ? NULL : ngx_http_shian_raw_answer(c, pairs);
}


/* L1=pass&L1_note=… for each item of the checklist in force. */
static bool
ngx_http_shian_form_answers(ngx_http_shian_ctx_t *c,
    Shian__SelfCheckPost *post)
{
    size_t                   i;
    Shian__Answer           *a;
    Shian__ChecklistRecord  *list;

    list = shian_checklist_now(&c->txn);
    post->items = list == NULL ? NULL
                  : shian_array(&c->arena, list->checklist->n_items,
                                sizeof(*post->items));

    for (i = 0; post->items != NULL && i < list->checklist->n_items; i++) {
        a = ngx_http_shian_form_answer(c, list->checklist->items[i]->code,
                                       i);
        if (a == NULL) {
            return false;
        }

        post->items[post->n_items++] = a;
    }

    return post->items != NULL;
}


static ngx_int_t
ngx_http_shian_show_refused(ngx_http_shian_ctx_t *c)
{
    return ngx_http_shian_show_check(c, c->data);
}


ngx_int_t
ngx_http_shian_my_self_check_post(ngx_http_shian_ctx_t *c)
{
    Shian__Operation       op;
    ProtobufCMessage      *message;
    Shian__SelfCheckPost   form = SHIAN__SELF_CHECK_POST__INIT, *post;

    post = &form;

    if (c->json_body) {
        if (!ngx_http_shian_bind(c, &shian__self_check_post__descriptor,
                                 &message))
        {
            return ngx_http_shian_fail(c);
        }

        post = (Shian__SelfCheckPost *) message;

    } else if (!ngx_http_shian_form_answers(c, post)) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (c->report.status != 200
        || !shian_self_check_prepare(&c->txn, post, &c->report))
    {
        c->data = post;
        return ngx_http_shian_again(c, NULL, ngx_http_shian_show_refused);
    }

    post->has_venue = 1;
    post->venue = c->caller.actor.venue;
    ngx_http_shian_operation(c, &op);
    op.body_case = SHIAN__OPERATION__BODY_SELF_CHECK_POST;
    op.self_check_post = post;

    return ngx_http_shian_step(c, &op, "self_check_posted");
}
