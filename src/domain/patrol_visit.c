#include "patrol.h"

#include "checklist.h"
#include "finding.h"
#include "view.h"
#include "view_parts.h"

#define MOST_FINDINGS  200          /* of one venue: a checklist's items */


/* What is open at the venue, in the order in which it was found. */
static bool
check_in_findings(shian_txn_t *t, uint64_t venue, int32_t day,
    Shian__CheckIn *in)
{
    shian_scan_t     scan;
    shian_rowkey_t   prefix;
    Shian__Finding  *f;

    in->findings = shian_array(t->arena, MOST_FINDINGS,
                               sizeof(*in->findings));
    if (in->findings == NULL) {
        return false;
    }

    prefix = shian_finding_prefix('o', venue, 8);
    shian_scan_open(&scan, t, SHIAN_T_FINDING_BY, &prefix, NULL);

    while (in->n_findings < MOST_FINDINGS && shian_scan_next(&scan)
           && scan.key.n == 17)
    {
        f = shian_finding_get(t, shian_be(scan.key.p + 9, 8));

        if (f == NULL) {
            continue;
        }

        in->findings[in->n_findings] = shian_view_finding(t, f,
                                                          SHIAN_EYE_STAFF,
                                                          day);

        if (in->findings[in->n_findings] == NULL) {
            break;
        }
        in->n_findings++;
    }

    shian_scan_close(&scan);

    return t->err == 0;
}


static Shian__CheckInItem *
check_in_item(shian_txn_t *t, const Shian__Checklist__Item *item,
    const Shian__CheckIn *in)
{
    size_t               i;
    Shian__CheckInItem  *it;

    NEW(it, check_in_item);
    it->code = item->code;
    it->text = item->text;
    it->text_en = item->text_en;
    it->guidance = item->guidance;
    it->guidance_en = item->guidance_en;
    COPY(it, item, severity);

    for (i = 0; i < in->n_findings; i++) {
        if (strcmp(in->findings[i]->code, item->code) == 0) {
            it->finding = in->findings[i];
        }
    }

    return it;
}


static Shian__CheckInHead *
check_in_head(shian_txn_t *t, const Shian__ChecklistView__Section *section,
    const Shian__CheckIn *in)
{
    size_t               i;
    Shian__CheckInHead  *head;

    NEW(head, check_in_head);
    COPY(head, section, head);
    head->items = shian_array(t->arena, section->n_items + 1,
                              sizeof(*head->items));

    for (i = 0; head->items != NULL && i < section->n_items; i++) {
        head->items[i] = check_in_item(t, section->items[i], in);

        if (head->items[i] == NULL) {
            return NULL;
        }
        head->n_items++;
    }

    return head->items == NULL ? NULL : head;
}


Shian__CheckIn *
shian_patrol_check_in(shian_txn_t *t, uint64_t venue, const char *version,
    uint64_t now_ms)
{
    size_t                 i;
    Shian__Venue          *v;
    Shian__Tally          *tally;
    Shian__CheckIn        *in;
    Shian__Checklist      *old;
    Shian__ChecklistView  *list;

    v = shian_venue_get(t, venue);
    tally = v == NULL ? NULL : shian_tally_get(t, venue);
    old = version == NULL ? NULL : shian_checklist_version(t, version);
    list = tally == NULL ? NULL
           : old != NULL ? shian_checklist_view_of(t->arena, old)
           : shian_checklist_view(t);

    if (list == NULL) {
        return NULL;
    }

    NEW(in, check_in);
    in->venue = shian_patrol_item(t, v, tally, now_ms, -1);
    in->checklist = list->version;
    SET(in, started_at, now_ms);

    if (tally->has_reinspection_due_on) {
        COPY(in, tally, reinspection_due_on);
    }

    in->heads = shian_array(t->arena, list->n_heads + 1, sizeof(*in->heads));

    if (in->venue == NULL || in->heads == NULL
        || !check_in_findings(t, venue,
                              shian_local_day(now_ms, SHIAN_TZ_MINUTES), in))
    {
        return NULL;
    }

    for (i = 0; i < list->n_heads; i++) {
        in->heads[i] = check_in_head(t, list->heads[i], in);

        if (in->heads[i] == NULL) {
            return NULL;
        }
        in->n_heads++;
    }

    return in;
}
