#include "answers.h"

#include "checkin.h"
#include "checklist.h"
#include "finding.h"

#define RESULT(name)  SHIAN__ANSWER__RESULT__##name

#define LATEST_DAYS   90        /* a deadline, from the visit on */

/* One document against its checklist. */
typedef struct {
    shian_txn_t             *txn;
    const Shian__Checklist  *list;
    Shian__Answer          **items;
    size_t                   n;
    shian_report_t          *report;
} answers_t;


/* In the arena, or where memory has run out the bare name. */
static void
wrong(const answers_t *a, size_t i, const char *field, const char *code,
    const char *detail)
{
    char  *at;

    at = shian_printf(a->txn->arena, "items[%zu].%s", i, field);
    shian_fail_field(a->report, at == NULL ? field : at, code, detail);
}


static size_t
answered(const answers_t *a, const char *code, size_t before)
{
    size_t  i, n;

    for (n = 0, i = 0; i < before; i++) {
        n += a->items[i]->code != NULL
             && strcmp(a->items[i]->code, code) == 0;
    }

    return n;
}


/* Every item of the list once and nothing else. */
static void
check_complete(const answers_t *a)
{
    char    *missing;
    size_t   i;

    for (i = 0; i < a->n; i++) {
        if (a->items[i]->code == NULL || !a->items[i]->has_result) {
            wrong(a, i, a->items[i]->code == NULL ? "code" : "result",
                  "required", NULL);

        } else if (shian_checklist_item(a->list, a->items[i]->code, i)
                   == NULL)
        {
            wrong(a, i, "code", "unknown",
                  "The checklist has no such item.");

        } else if (answered(a, a->items[i]->code, i) != 0) {
            wrong(a, i, "code", "duplicate", NULL);
        }
    }

    for (missing = NULL, i = 0; i < a->list->n_items; i++) {
        if (answered(a, a->list->items[i]->code, a->n) == 0) {
            missing = shian_printf(a->txn->arena, "%s%s%s",
                                   missing == NULL ? "Missing: " : missing,
                                   missing == NULL ? "" : ", ",
                                   a->list->items[i]->code);
            if (missing == NULL) {
                break;
            }
        }
    }

    if (missing != NULL) {
        shian_fail_field(a->report, "items", "required", missing);
    }
}


static void
check_photos(const answers_t *a)
{
    char          *field;
    size_t         i, j, n;
    Shian__Photo  *p;

    for (n = 0, i = 0; i < a->n; i++) {
        n += a->items[i]->n_photos;

        for (j = 0; j < a->items[i]->n_photos; j++) {
            p = a->items[i]->photos[j].len != SHIAN_HASH_SIZE ? NULL
                : shian_photo_get(a->txn,
                                  shian_bytes(a->items[i]->photos[j]));

            if (p == NULL) {
                field = shian_printf(a->txn->arena, "photos[%zu]", j);
                wrong(a, i, field == NULL ? "photos" : field, "unknown",
                      "Send the photo to /photos first.");
            }
        }
    }

    if (n > SHIAN_MOST_PHOTOS) {
        shian_fail_field(a->report, "items", "too_long",
                         "More than 60 photos.");
    }
}


/* Severity and deadline of one fail; day: of the visit. */
static void
complete_fail(const answers_t *a, size_t i, bool officer, int32_t day)
{
    int32_t                        due;
    Shian__Answer                 *answer = a->items[i];
    const Shian__Checklist__Item  *it;

    it = shian_checklist_item(a->list, answer->code, i);

    if (it == NULL) {
        return;
    }

    if ((answer->note == NULL || answer->note[0] == '\0')
        && answer->n_photos == 0)
    {
        wrong(a, i, "note", "required",
              "A failed item needs a note or a photo.");
    }

    if (!answer->has_severity) {
        answer->has_severity = 1;
        answer->severity = it->severity;
    }

    due = day + shian_finding_days(answer->severity);

    if (!answer->has_deadline_on) {
        answer->has_deadline_on = 1;
        answer->deadline_on = due;

    } else if (answer->deadline_on != due
               && (!officer || answer->deadline_on < day
                   || answer->deadline_on > day + LATEST_DAYS))
    {
        wrong(a, i, "deadline_on", "range",
              "Officers set another deadline, within 90 days.");
    }
}


/* What only a fail has is dropped elsewhere. */
static void
complete_others(Shian__Answer *answer)
{
    answer->has_severity = answer->has_deadline_on = 0;
}


static bool
may_set_deadlines(Shian__Role__Kind role)
{
    return role == SHIAN__ROLE__KIND__officer
           || role == SHIAN__ROLE__KIND__chief
           || role == SHIAN__ROLE__KIND__admin;
}


/* The list of that version, if it was in force at the instant. */
static const Shian__Checklist *
in_force(shian_txn_t *t, const char *version, uint64_t ms)
{
    Shian__ChecklistRecord  *r;

    r = shian_checklist_at(t, ms);

    return r != NULL && version != NULL
           && strcmp(r->checklist->version, version) == 0 ? r->checklist
                                                          : NULL;
}


bool
shian_inspection_prepare(shian_txn_t *t, Shian__InspectionPost *op,
    Shian__Role__Kind role, uint64_t at_ms, shian_report_t *report)
{
    size_t     i;
    int32_t    day;
    uint64_t   began, ended;
    answers_t  a = { t, NULL, op->items, op->n_items, report };

    /* An instant that no clock shows is check's to refuse. */
    shian_visit_times(op, at_ms, &began, &ended);
    a.list = in_force(t, op->checklist, began);

    if (a.list == NULL) {
        shian_fail_field(report, "checklist", "unknown",
                         "Not the version in force when the inspection was "
                         "begun.");
        return false;
    }

    check_complete(&a);
    check_photos(&a);
    day = shian_local_day(ended, SHIAN_TZ_MINUTES);

    for (i = 0; i < a.n; i++) {
        if (a.items[i]->code == NULL || !a.items[i]->has_result) {
            continue;
        }

        if (a.items[i]->result == RESULT(fail)) {
            complete_fail(&a, i, may_set_deadlines(role), day);
        } else {
            complete_others(a.items[i]);
        }
    }

    return report->status == 200;
}


bool
shian_self_check_prepare(shian_txn_t *t, Shian__SelfCheckPost *op,
    shian_report_t *report)
{
    size_t                   i;
    answers_t                a = { t, NULL, op->items, op->n_items, report };
    Shian__ChecklistRecord  *now;

    now = shian_checklist_now(t);

    if (now == NULL) {
        return shian_fail(report, 500, "server", "No checklist.");
    }

    a.list = now->checklist;
    op->checklist = now->checklist->version;
    check_complete(&a);
    check_photos(&a);

    for (i = 0; i < a.n; i++) {
        complete_others(a.items[i]);
    }

    return report->status == 200;
}
