/*
 * One complaint or report as the bureau sees it, and every step with it.
 */

#include "ngx_http_shian_board.h"

#include "domain/complaint_parts.h"


/* ---- showing it -----------------------------------------------------------*/

/* A form for each step that is open, with the sentences it may begin with. */
static bool
ngx_http_shian_record_steps(ngx_http_shian_ctx_t *c,
    Shian__ComplaintView *view)
{
    size_t             i;
    Shian__BoardStep  *step;
    Shian__StepTexts  *texts;

    texts = shian_step_texts();
    view->steps = shian_array(&c->arena, view->n_actions + 1,
                              sizeof(*view->steps));

    if (texts == NULL || view->steps == NULL) {
        return false;
    }

    for (i = 0; i < view->n_actions; i++) {
        step = shian_alloc(&c->arena, sizeof(*step));
        if (step == NULL) {
            return false;
        }

        shian__board_step__init(step);
        step->name = view->actions[i];
        step->has_next = step->has_open = 1;
        step->next = view->next_action != NULL
                     && strcmp(view->next_action, step->name) == 0;
        step->open = view->form == NULL || view->form->action == NULL
                     ? step->next
                     : strcmp(view->form->action, step->name) == 0;
        shian_step_sentences(texts, step->name, &step->sentences,
                             &step->n_sentences);
        view->steps[view->n_steps++] = step;
    }

    return true;
}


/* What only the page has: the list beside it, forms, grounds. */
static bool
ngx_http_shian_record_page(ngx_http_shian_ctx_t *c,
    Shian__ComplaintView *view)
{
    view->form = c->data;
    view->board = ngx_http_shian_board_beside(c, view->id);

    return view->board != NULL && ngx_http_shian_record_steps(c, view)
           && ngx_http_shian_board_enum(c,
                  &shian__complaint__ground__descriptor, "ground",
                  &view->grounds, &view->n_grounds);
}


/* The record, with name and contact after a look that was allowed. */
static ngx_int_t
ngx_http_shian_show_record(ngx_http_shian_ctx_t *c, bool contact)
{
    shian_board_t          b;
    Shian__Complaint      *record;
    Shian__ComplaintView  *view;

    c->no_store = 1;
    ngx_http_shian_board_init(c, &b);
    record = shian_complaint_get(&c->txn, c->id);

    if (record == NULL) {
        return ngx_http_shian_refuse(c, 404, "not_found",
                                     "There is no such complaint.");
    }

    if (!shian_board_sees(&c->txn, &b, record)) {
        return ngx_http_shian_refuse(c, 403, "forbidden",
                                     "This is outside your districts.");
    }

    view = shian_view_complaint(&c->txn, c->conf->keys, &b, record);

    if (view == NULL || (c->format == SHIAN_OUT_HTML
                         && !ngx_http_shian_record_page(c, view)))
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (contact) {
        shian_view_contact(&c->txn, c->conf->keys, record, view);
    }

    c->view = &view->base;
    c->template = "desk_complaint";

    return ngx_http_shian_reply(c);
}


ngx_int_t
ngx_http_shian_board_record(ngx_http_shian_ctx_t *c)
{
    if (shian_str_is(ngx_http_shian_arg(c, "done"), "step")) {
        c->flash = "board_saved";
    }

    return ngx_http_shian_show_record(c, false);
}


/* ---- looking at a contact -------------------------------------------------*/

static ngx_int_t
ngx_http_shian_show_again(ngx_http_shian_ctx_t *c)
{
    return ngx_http_shian_show_record(c, false);
}


static ngx_int_t
ngx_http_shian_record_refused(ngx_http_shian_ctx_t *c)
{
    return ngx_http_shian_board_again(c, ngx_http_shian_show_again);
}


static ngx_int_t
ngx_http_shian_show_contact(ngx_http_shian_ctx_t *c)
{
    return ngx_http_shian_show_record(c, true);
}


/* Shown once, in this answer; the look is in the log before it. */
static ngx_int_t
ngx_http_shian_looked(ngx_http_shian_ctx_t *c)
{
    if (ngx_http_shian_result(c)->refused) {
        return ngx_http_shian_refuse(c, 403, "forbidden",
                                     "It is not yours to look at; that you "
                                     "asked is on record.");
    }

    c->format = c->json_body ? SHIAN_OUT_JSON : c->format;
    c->here = shian_strdup(&c->arena, ngx_http_shian_str(c->request->uri));

    return ngx_http_shian_in_read(c, ngx_http_shian_show_contact);
}


/* A look repeated is another look: it takes no idempotency key. */
static ngx_int_t
ngx_http_shian_record_look(ngx_http_shian_ctx_t *c)
{
    shian_str_t         reason;
    Shian__Operation    op;
    Shian__ContactView  look = SHIAN__CONTACT_VIEW__INIT;

    reason = ngx_http_shian_body_arg(c, "reason");

    if (reason.n == 0) {
        (void) shian_lacks(&c->report, "reason");
        return ngx_http_shian_record_refused(c);
    }

    if (reason.n > 600) {
        shian_fail_field(&c->report, "reason", "too_long", NULL);
        return ngx_http_shian_record_refused(c);
    }

    look.has_complaint = 1;
    look.complaint = c->id;
    look.reason = shian_strdup(&c->arena, reason);

    ngx_http_shian_operation(c, &op);
    op.idempotency_key = NULL;
    op.has_body_hash = 0;
    op.body_case = SHIAN__OPERATION__BODY_CONTACT_VIEW;
    op.contact_view = &look;

    return ngx_http_shian_submit(c, &op, ngx_http_shian_looked);
}


/* ---- steps ----------------------------------------------------------------*/

static ngx_int_t
ngx_http_shian_stepped(ngx_http_shian_ctx_t *c)
{
    return ngx_http_shian_done(c, c->location, ngx_http_shian_show_again);
}


/*
 * A form cannot say what JSON can: its items become findings, and a sentence
 * that was chosen stands for a text that was left empty.
 */
typedef struct {
    Shian__ComplaintStep__Breach  **findings;
    size_t                          n;
    shian_str_t                     sentence;
} ngx_http_shian_extra_t;


static bool
ngx_http_shian_take_item(ngx_http_shian_ctx_t *c, shian_str_t code,
    ngx_http_shian_extra_t *extra)
{
    Shian__ComplaintStep__Breach  *b;

    b = shian_alloc(&c->arena, sizeof(*b));
    if (b == NULL) {
        return false;
    }

    shian__complaint_step__breach__init(b);
    b->item = shian_strdup(&c->arena, code);
    extra->findings[extra->n++] = b;

    return b->item != NULL;
}


static bool
ngx_http_shian_take_extra(ngx_http_shian_ctx_t *c,
    ngx_http_shian_extra_t *extra)
{
    size_t         i, n;
    shian_pair_t  *p;

    ngx_memzero(extra, sizeof(*extra));
    extra->findings = shian_array(&c->arena, c->nbody + 1,
                                  sizeof(*extra->findings));

    for (i = n = 0; extra->findings != NULL && i < c->nbody; i++) {
        p = &c->body[i];

        if (shian_str_is(p->name, "item")) {
            if (p->value.n != 0
                && !ngx_http_shian_take_item(c, p->value, extra))
            {
                return false;
            }

        } else if (shian_str_is(p->name, "sentence")) {
            extra->sentence = p->value;

        } else {
            c->body[n++] = *p;
        }
    }

    c->nbody = n;

    return extra->findings != NULL;
}


/* The bureau's answer to the complainant where there is one, else the text. */
static bool
ngx_http_shian_put_sentence(ngx_http_shian_ctx_t *c, shian_str_t sentence,
    Shian__ComplaintStep *step)
{
    char              **field;
    size_t              count;
    ngx_int_t           n;
    Shian__StepText   **items;
    Shian__StepTexts   *all;

    n = sentence.n == 0 ? NGX_ERROR
        : ngx_atoi((u_char *) sentence.p, sentence.n);
    field = step->action == SHIAN__COMPLAINT_STEP__ACTION__decide
            ? &step->public_text : &step->text;

    if (n < 1 || *field != NULL) {
        return true;
    }

    all = shian_step_texts();
    if (all == NULL) {
        return false;
    }

    shian_step_sentences(all, shian_action_name(
                             &shian__complaint_step__action__descriptor,
                             (int) step->action), &items, &count);

    if ((size_t) n <= count) {
        *field = c->lang == shian_langs[0] ? items[n - 1]->zh
                                           : items[n - 1]->en;
    }

    return true;
}


static Shian__ComplaintStep *
ngx_http_shian_read_step(ngx_http_shian_ctx_t *c)
{
    ProtobufCMessage        *message;
    Shian__ComplaintStep    *step;
    ngx_http_shian_extra_t   extra;

    if (!ngx_http_shian_take_extra(c, &extra)
        || !ngx_http_shian_bind(c, &shian__complaint_step__descriptor,
                                &message))
    {
        return NULL;
    }

    step = (Shian__ComplaintStep *) message;
    step->has_complaint = 1;
    step->complaint = c->id;
    step->photo = c->photos;
    step->n_photo = c->nphotos;

    if (extra.n != 0) {
        step->findings = extra.findings;
        step->n_findings = extra.n;
    }

    if (!ngx_http_shian_put_sentence(c, extra.sentence, step)) {
        (void) shian_fail(&c->report, 500, "server", "Out of memory.");
        return NULL;
    }

    return shian_complaint_step_prepare(&c->txn, ngx_http_shian_workdays(),
                                        c->now_ms, step, &c->report)
           ? step : NULL;
}


ngx_int_t
ngx_http_shian_board_step(ngx_http_shian_ctx_t *c)
{
    char                    sep;
    Shian__Operation        op;
    Shian__ComplaintStep   *step;

    c->refused = ngx_http_shian_record_refused;

    if (shian_str_is(ngx_http_shian_body_arg(c, "action"), "look")) {
        return ngx_http_shian_record_look(c);
    }

    step = ngx_http_shian_read_step(c);
    ngx_http_shian_operation(c, &op);

    if (step == NULL || c->report.status != 200) {
        return ngx_http_shian_record_refused(c);
    }

    sep = c->request->args.len == 0 ? '?' : '&';
    c->location = shian_printf(&c->arena, "%.*s%cdone=step",
                               (int) c->request->unparsed_uri.len,
                               c->request->unparsed_uri.data, sep);

    op.body_case = SHIAN__OPERATION__BODY_COMPLAINT_STEP;
    op.complaint_step = step;

    return ngx_http_shian_submit(c, &op, ngx_http_shian_stepped);
}
