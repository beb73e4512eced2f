#include "checklist.h"
#include "complaint_parts.h"
#include "core/code.h"
#include "finding.h"
#include "policy.h"

#define ACCEPT_DAYS    7        /* working: accept or refuse a complaint */
#define MEDIATE_DAYS   60       /* calendar: end of mediation */
#define REPORT_DAYS    15       /* working: a report's decision */

#define KIND(name)  SHIAN__COMPLAINT_POST__KIND__##name


static bool
take_category(shian_arena_t *a, Shian__ComplaintPost *op,
    shian_report_t *report)
{
    Shian__Categories      *all;
    const Shian__Category  *category;

    all = shian_categories();

    if (all == NULL) {
        return shian_fail(report, 500, "server",
                          "The categories cannot be read.");
    }

    category = op->category == NULL ? NULL
               : shian_category(all, op->category);

    if (category != NULL) {
        op->has_severity = 1;
        op->severity = category->severity;

    } else if (op->category != NULL) {
        shian_fail_field(report, "category", "unknown", NULL);
    }

    return true;
}


bool
shian_complaint_draw(shian_arena_t *a, Shian__ComplaintPost *op,
    void (*random)(void *ctx, void *out, size_t n), void *ctx)
{
    size_t     i;
    uint64_t  *id;
    uint8_t    raw[8];
    char       text[SHIAN_HANDLE_LEN + 1];

    id = shian_array(a, 4, sizeof(*id));
    op->number = shian_array(a, SHIAN_NUMBERS, sizeof(char *));

    if (id == NULL || op->number == NULL) {
        return false;
    }

    for (i = 0; i < 4; i++) {
        do {
            random(ctx, &id[i], sizeof(id[i]));
        } while (id[i] == 0);
    }

    op->n_handle = op->n_public_id = 2;
    op->handle = id;
    op->public_id = id + 2;

    for (i = 0; i < SHIAN_NUMBERS; i++) {
        random(ctx, raw, sizeof(raw));
        shian_handle_text(shian_be(raw, sizeof(raw)), text);
        op->number[i] = shian_strdup(a, shian_slice(text + 9, 4));

        if (op->number[i] == NULL) {
            return false;
        }
    }

    op->n_number = SHIAN_NUMBERS;

    return true;
}


static void
unpredictable(void *ctx, void *out, size_t n)
{
    (void) ctx;
    shian_random(out, n);
}


bool
shian_complaint_prepare(shian_txn_t *t, const shian_workdays_t *w,
    uint64_t now_ms, Shian__ComplaintPost *op, shian_report_t *report)
{
    bool                     known, all_known;
    int32_t                  today;
    shian_complaint_rules_t  rules;

    if (!take_category(t->arena, op, report)) {
        return false;
    }

    if (op->n_handle == 0
        && !shian_complaint_draw(t->arena, op, unpredictable, NULL))
    {
        return shian_fail(report, 500, "server", "Out of memory.");
    }

    if (!op->has_venue && !op->has_place && !op->has_lat) {
        (void) shian_lacks(report, "venue");
    }

    if (op->kind != KIND(report) && !op->has_name) {
        (void) shian_lacks(report, "name");
    }

    if (op->kind != KIND(report) && !op->has_contact) {
        (void) shian_lacks(report, "contact");
    }

    today = shian_local_day(now_ms, SHIAN_TZ_MINUTES);
    all_known = true;

    if (op->kind != KIND(report)) {
        op->has_complaint_due_on = 1;
        op->complaint_due_on = shian_workdays_after(w, today, ACCEPT_DAYS,
                                                    &known);
        all_known = known;
    }

    if (op->kind != KIND(complaint)) {
        op->has_report_due_on = 1;
        op->report_due_on = shian_workdays_after(w, today, REPORT_DAYS,
                                                 &known);
        all_known = all_known && known;
    }

    op->has_due_by_weekends = op->due_by_weekends = !all_known;

    shian_complaint_rules(t, &rules);
    op->has_look_due_at = 1;
    op->look_due_at = now_ms + rules.first_look_minutes * UINT64_C(60000);

    return report->status == 200;
}


/* When it is to be over, if it is accepted today. */
static int32_t
work_until(const shian_workdays_t *w, const Shian__Complaint *c,
    int32_t today, bool *known)
{
    *known = true;

    return c->kind == SHIAN__COMPLAINT__KIND__report
           ? shian_workdays_after(w, today, REPORT_DAYS, known)
           : today + MEDIATE_DAYS;
}


/*
 * When it was to be over before the step that is corrected: what is wrong at
 * the bureau gives the bureau no time.
 */
static int32_t
clock_again(const shian_workdays_t *w, const Shian__Complaint *c,
    bool *known)
{
    int32_t  received;

    received = shian_local_day(c->at, SHIAN_TZ_MINUTES);

    if (c->kind == SHIAN__COMPLAINT__KIND__report) {
        return shian_workdays_after(w, received,
                                    c->extended ? 2 * REPORT_DAYS
                                                : REPORT_DAYS, known);
    }

    return c->has_accepted_at
           ? shian_local_day(c->accepted_at, SHIAN_TZ_MINUTES) + MEDIATE_DAYS
           : shian_workdays_after(w, received, ACCEPT_DAYS, known);
}


/* Severity and deadline of a breach where the officer set none. */
static bool
fill_findings(shian_txn_t *t, int32_t today, Shian__ComplaintStep *op,
    shian_report_t *report)
{
    size_t                         i;
    Shian__ChecklistRecord        *r;
    Shian__ComplaintStep__Breach  *b;
    const Shian__Checklist__Item  *item;

    r = shian_checklist_now(t);

    if (r == NULL) {
        return shian_fail(report, 500, "server",
                          "The checklist in force cannot be read.");
    }

    op->checklist = r->checklist->version;

    for (i = 0; i < op->n_findings; i++) {
        b = op->findings[i];
        item = shian_checklist_item(r->checklist, b->item, 0);

        if (item == NULL) {
            shian_fail_field(report, "findings", "unknown", NULL);
            return false;
        }

        if (!b->has_severity) {
            b->has_severity = 1;
            b->severity = item->severity;
        }

        if (!b->has_deadline_on) {
            b->has_deadline_on = 1;
            b->deadline_on = today + shian_finding_days(b->severity);
        }
    }

    return true;
}


bool
shian_complaint_step_prepare(shian_txn_t *t, const shian_workdays_t *w,
    uint64_t now_ms, Shian__ComplaintStep *op, shian_report_t *report)
{
    bool               known;
    Shian__Complaint  *c;

    c = shian_complaint_get(t, op->complaint);

    if (c == NULL) {
        return shian_fail(report, 404, "not_found",
                          "There is no such complaint.");
    }

    known = !c->due_by_weekends;

    if (!op->has_action) {
        return shian_lacks(report, "action");
    }

    if (op->action == SHIAN__COMPLAINT_STEP__ACTION__accept) {
        op->has_clock_on = 1;

        /* A report's time has run since it was received. */
        op->clock_on = c->kind == SHIAN__COMPLAINT__KIND__report
                       ? c->due_on
                       : work_until(w, c, shian_local_day(now_ms,
                                                          SHIAN_TZ_MINUTES),
                                    &known);

    } else if (op->action == SHIAN__COMPLAINT_STEP__ACTION__extend) {
        op->has_clock_on = 1;
        op->clock_on = shian_workdays_after(w, c->due_on, REPORT_DAYS,
                                            &known);
        known = known && !c->due_by_weekends;

    } else if (op->action == SHIAN__COMPLAINT_STEP__ACTION__correct) {
        op->has_clock_on = 1;
        op->clock_on = clock_again(w, c, &known);
    }

    op->has_due_by_weekends = op->has_clock_on;
    op->due_by_weekends = op->has_clock_on && !known;

    return op->n_findings == 0
           || fill_findings(t, shian_local_day(now_ms, SHIAN_TZ_MINUTES), op,
                            report);
}


bool
shian_complaint_follow_prepare(shian_txn_t *t, const shian_workdays_t *w,
    uint64_t now_ms, Shian__ComplaintFollow *op, shian_report_t *report)
{
    bool               known;
    Shian__Complaint  *c;

    c = shian_complaint_get(t, op->complaint);

    if (c == NULL) {
        return shian_fail(report, 404, "not_found",
                          "There is no such complaint.");
    }

    if (!op->has_action) {
        return shian_lacks(report, "action");
    }

    if (op->action == SHIAN__COMPLAINT_FOLLOW__ACTION__reopen) {
        op->has_clock_on = op->has_due_by_weekends = 1;
        op->clock_on = work_until(w, c, shian_local_day(now_ms,
                                                        SHIAN_TZ_MINUTES),
                                  &known);
        op->due_by_weekends = !known;
    }

    return true;
}
