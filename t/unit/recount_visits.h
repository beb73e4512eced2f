/*
 * Inspections, findings and appeals counted again from their records; used by
 * test_replay.c.
 */

#ifndef RECOUNT_VISITS_H
#define RECOUNT_VISITS_H

#include "life.h"
#include "domain/mark.h"

static const shian_rowkey_t  every = { 0 };


/* Public photos of inspections that count. */
static uint64_t
shown_by_inspections(shian_txn_t *t)
{
    size_t              i;
    uint64_t            n;
    shian_scan_t        s;
    Shian__Inspection  *in;

    n = 0;
    shian_scan_open(&s, t, SHIAN_T_INSPECTION, &every, NULL);

    while (shian_scan_next(&s)) {
        in = shian__inspection__unpack(&t->arena->pb, s.value.n, s.value.p);
        assert_non_null(in);

        for (i = 0; shian_inspection_counts(in) && i < in->n_items; i++) {
            n += in->items[i]->photos_public ? in->items[i]->n_photos : 0;
        }
    }

    shian_scan_close(&s);

    return n;
}


/*
 * A visit's word stands on every item that ever failed, as long as the visit
 * counts.
 */
static void
check_marks(shian_txn_t *t, const Shian__Inspection *in)
{
    bool           counts;
    size_t         i;
    Shian__Mark   *m;
    Shian__Answer  *a;

    for (i = 0; i < in->n_items; i++) {
        a = in->items[i];
        m = shian_mark_get(t, in->venue, a->code, in->ended_at,
                           SHIAN__MARK__SOURCE__visit, in->id);
        counts = shian_inspection_counts(in)
                 && a->result != SHIAN__ANSWER__RESULT__na
                 && shian_marked(t, in->venue, a->code);
        assert_int_equal(m != NULL, counts);
        assert_true(m == NULL || m->failed
                    == (a->result == SHIAN__ANSWER__RESULT__fail));
    }
}


static void
check_inspection(shian_txn_t *t, const Shian__Inspection *in,
    shian_str_t key)
{
    Shian__Inspection  *same;

    same = shian_inspection_get(t, in->venue, in->id);
    assert_non_null(same);
    assert_int_equal(same->id, in->id);
    assert_int_equal(shian_be(key.p, 8), in->venue);
    assert_null(shian_inspection_get(t, in->venue + 1, in->id));

    assert_int_equal(in->has_counted_by, shian_inspection_counts(in));
    check_marks(t, in);
}


static void
check_inspections(shian_txn_t *t)
{
    size_t              i, counted[VENUES + 1] = { 0 };
    shian_scan_t        s;
    Shian__Inspection  *in;

    shian_scan_open(&s, t, SHIAN_T_INSPECTION, &every, NULL);

    while (shian_scan_next(&s)) {
        in = shian__inspection__unpack(&t->arena->pb, s.value.n, s.value.p);
        assert_non_null(in);
        assert_in_range(in->venue, 1, VENUES);
        check_inspection(t, in, s.key);
        counted[in->venue] += shian_inspection_counts(in);
    }

    shian_scan_close(&s);

    for (i = 1; i <= VENUES; i++) {
        assert_int_equal(shian_tally_get(t, i)->inspections, counted[i]);
    }
}


static bool
has_entry(shian_txn_t *t, const Shian__Finding *f, char field,
    uint64_t value, unsigned width)
{
    shian_str_t     v;
    shian_rowkey_t  k = shian_finding_prefix(field, value, width);

    shian_rowkey_be(&k, f->id, 8);

    return shian_row_get(t, SHIAN_T_FINDING_BY, &k, &v)
           && v.p[0] == (uint8_t) f->severity;
}


/* Each finding's entries are there, and there are no others. */
static void
check_findings(shian_txn_t *t)
{
    bool             open, submitted;
    size_t           i, entries, n[VENUES + 1] = { 0 };
    size_t           opened[VENUES + 1] = { 0 };
    MDB_stat         st;
    uint64_t         id;
    Shian__Tally    *y;
    Shian__Finding  *f;

    for (entries = 0, id = 1; (f = shian_finding_get(t, id)) != NULL; id++) {
        submitted = f->state == SHIAN__FINDING__STATE__submitted;
        open = submitted || f->state == SHIAN__FINDING__STATE__open;

        assert_int_equal(has_entry(t, f, 'o', f->venue, 8), open);
        assert_int_equal(has_entry(t, f, 'd', (uint32_t) f->deadline_on, 4),
                         open);
        assert_int_equal(f->has_submitted_at
                         && has_entry(t, f, 's', f->submitted_at, 8),
                         submitted);

        if (open && f->has_inspection) {
            assert_non_null(shian_inspection_get(t, f->venue,
                                                 f->inspection));
        }

        entries += 1 + 2 * (size_t) open + submitted
                   + (f->state == SHIAN__FINDING__STATE__verified);
        n[f->venue]++;
        opened[f->venue] += open;
    }

    assert_int_equal(mdb_stat(t->mdb, t->store->dbi[SHIAN_T_FINDING_BY],
                              &st), 0);
    assert_int_equal(st.ms_entries, entries);

    for (i = 1; i <= VENUES; i++) {
        y = shian_tally_get(t, i);
        assert_int_equal(y->findings, n[i]);
        assert_int_equal(y->findings_open, opened[i]);
    }
}


static void
check_visits(shian_txn_t *t)
{
    check_inspections(t);
    check_findings(t);
}

#endif /* RECOUNT_VISITS_H */
