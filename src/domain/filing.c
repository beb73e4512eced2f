#include "filing.h"


static void
add(shian_txn_t *t, uint64_t id, Shian__Complaint **records, size_t *n)
{
    size_t             i;
    Shian__Complaint  *c;

    for (i = 0; i < *n; i++) {
        if (records[i]->id == id) {
            return;
        }
    }

    c = *n == SHIAN_FILING_MOST ? NULL : shian_complaint_get(t, id);

    if (c != NULL) {
        records[(*n)++] = c;
    }
}


/* Those that were merged into it. */
static void
add_merged(shian_txn_t *t, uint64_t id, Shian__Complaint **records,
    size_t *n)
{
    shian_scan_t    scan;
    shian_rowkey_t  prefix = shian_complaint_prefix_id('m', id);

    shian_scan_open(&scan, t, SHIAN_T_COMPLAINT_BY, &prefix, NULL);

    while (shian_scan_next(&scan)) {
        add(t, shian_by_id(scan.key), records, n);
    }

    shian_scan_close(&scan);
}


size_t
shian_filing(shian_txn_t *t, Shian__Complaint *c,
    Shian__Complaint *records[SHIAN_FILING_MOST])
{
    size_t  i, n;

    records[0] = c;

    for (n = 1, i = 0; i < n; i++) {
        if (records[i]->has_linked) {
            add(t, records[i]->linked, records, &n);
        }

        if (records[i]->has_merged_into) {
            add(t, records[i]->merged_into, records, &n);
        }

        add_merged(t, records[i]->id, records, &n);
    }

    return n;
}


static bool
is_earlier(const Shian__Complaint *a, const Shian__Complaint *b)
{
    return b == NULL || a->decided_at < b->decided_at
           || (a->decided_at == b->decided_at && a->id < b->id);
}


bool
shian_filing_count(shian_op_t *o, Shian__Tally *tally, Shian__Complaint *c)
{
    bool                     changed;
    size_t                   i, n;
    Shian__Complaint         was, *r, *records[SHIAN_FILING_MOST];
    const Shian__Complaint  *first;

    n = shian_filing(o->txn, c, records);

    for (first = NULL, i = 0; i < n; i++) {
        if (records[i]->has_venue && shian_is_substantiated(records[i])
            && is_earlier(records[i], first))
        {
            first = records[i];
        }
    }

    for (changed = false, i = 0; i < n; i++) {
        r = records[i];

        if (r->counts != (r == first)) {
            was = *r;
            r->has_counts = 1;
            r->counts = r == first;
            shian_complaint_put(o, &was, r);

            tally->has_complaints_substantiated = 1;
            tally->complaints_substantiated += r->counts ? 1u
                                               : (uint32_t) -1;
            changed = true;
        }
    }

    return changed;
}


uint64_t
shian_filing_case(shian_txn_t *t, Shian__Complaint *c)
{
    size_t             i, j, n;
    Shian__Case       *k;
    Shian__Complaint  *records[SHIAN_FILING_MOST];

    n = shian_filing(t, c, records);

    for (i = 0; i < n; i++) {
        for (j = 0; j < records[i]->n_cases; j++) {
            k = shian_case_get(t, records[i]->cases[j]);

            if (k != NULL && k->state != SHIAN__CASE__STATE__corrected) {
                return k->id;
            }
        }
    }

    return 0;
}
