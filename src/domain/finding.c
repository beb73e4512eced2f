#include "finding.h"

#include <errno.h>

#include "checkin.h"
#include "evidence.h"
#include "mark.h"

#define STATE(name)     SHIAN__FINDING__STATE__##name
#define SOURCE(name)    SHIAN__MARK__SOURCE__##name


int32_t
shian_finding_days(Shian__Severity__Kind severity)
{
    switch (severity) {
    case SHIAN__SEVERITY__KIND__critical:
        return 1;
    case SHIAN__SEVERITY__KIND__major:
        return 7;
    default:
        return 15;
    }
}


Shian__Finding *
shian_finding_get(shian_txn_t *t, uint64_t id)
{
    return shian_get(t, SHIAN_T_FINDING, id, &shian__finding__descriptor);
}


/* ---- the index ------------------------------------------------------------*/

shian_rowkey_t
shian_finding_prefix(char field, uint64_t value, unsigned width)
{
    shian_rowkey_t  k;

    k.n = 0;
    shian_rowkey_be(&k, (uint8_t) field, 1);
    shian_rowkey_be(&k, value, width);

    return k;
}


/* Days are not negative: instants begin in 1970. */
static shian_rowkey_t
open_key(const Shian__Finding *f)
{
    shian_rowkey_t  k = shian_finding_prefix('o', f->venue, 8);

    shian_rowkey_be(&k, f->id, 8);

    return k;
}


static shian_rowkey_t
deadline_key(const Shian__Finding *f)
{
    shian_rowkey_t  k = shian_finding_prefix('d', (uint32_t) f->deadline_on,
                                             4);

    shian_rowkey_be(&k, f->id, 8);

    return k;
}


static shian_rowkey_t
submitted_key(const Shian__Finding *f)
{
    shian_rowkey_t  k = shian_finding_prefix('s', f->submitted_at, 8);

    shian_rowkey_be(&k, f->id, 8);

    return k;
}


static shian_rowkey_t
past_key(const Shian__Finding *f)
{
    shian_rowkey_t  k = shian_finding_prefix('p', f->venue, 8);

    shian_rowkey_be(&k, ~(uint32_t) shian_local_day(f->verified_at,
                                                    SHIAN_TZ_MINUTES), 4);
    shian_rowkey_be(&k, f->id, 8);

    return k;
}


static shian_rowkey_t
item_prefix(uint64_t venue, const char *item)
{
    shian_rowkey_t  k = shian_finding_prefix('i', venue, 8);

    shian_rowkey_bytes(&k, item, strlen(item) + 1);

    return k;
}


static void
put_or_del(shian_txn_t *t, const shian_rowkey_t *k, shian_str_t value,
    bool put)
{
    if (put) {
        shian_row_put(t, SHIAN_T_FINDING_BY, k, value);
    } else {
        shian_row_del(t, SHIAN_T_FINDING_BY, k);
    }
}


/* Puts in, or takes out, every entry that the record has as it stands. */
static void
index_finding(shian_txn_t *t, const Shian__Finding *f, bool put)
{
    shian_rowkey_t  k, value;

    value.n = 0;
    shian_rowkey_be(&value, f->severity, 1);

    switch (f->state) {

    case STATE(submitted):
        k = submitted_key(f);
        put_or_del(t, &k, shian_slice(value.b, value.n), put);
        /* fall through */

    case STATE(open):
        shian_rowkey_be(&value, (uint32_t) f->deadline_on, 4);
        shian_rowkey_bytes(&value, f->item, strlen(f->item));
        k = open_key(f);
        put_or_del(t, &k, shian_slice(value.b, value.n), put);
        k = deadline_key(f);
        put_or_del(t, &k, shian_slice(value.b, 1), put);
        break;

    case STATE(verified):
        k = past_key(f);
        put_or_del(t, &k, shian_slice(value.b, value.n), put);
        break;

    default:
        break;
    }
}


/* ---- what the grade takes of it -------------------------------------------*/

#define MOST_ROWS  4

typedef struct {
    uint64_t         at;
    Shian__Evidence  e;
} row_t;


/* The evidence that a record is, as it stands; NULL and void ones are none. */
static size_t
evidence(const Shian__Finding *f, row_t rows[MOST_ROWS])
{
    size_t  n;

    if (f == NULL || f->state == STATE(void)) {
        return 0;
    }

    rows[0].at = f->opened_at;
    rows[0].e = shian_evidence_on(SHIAN_EVIDENCE(finding), f->id,
                                  f->first_deadline_on);
    rows[0].e.has_severity = 1;
    rows[0].e.severity = f->severity;
    n = 1;

    if (f->has_extended_at && f->extended_at >= f->opened_at
        && f->deadline_on != f->first_deadline_on)
    {
        rows[n].at = f->extended_at;
        rows[n++].e = shian_evidence_on(SHIAN_EVIDENCE(finding_due), f->id,
                                        f->deadline_on);
    }

    if (f->has_verified_at) {
        rows[n].at = f->verified_at;
        rows[n++].e = shian_evidence(SHIAN_EVIDENCE(finding_end), f->id);
    }

    /* Passed by a visit: then that is evidence for itself. */
    if (f->has_verified_at && !f->has_verified_in) {
        rows[n].at = f->verified_at;
        rows[n++].e = shian_evidence(SHIAN_EVIDENCE(rectified), f->id);
    }

    return n;
}


static bool
among(const row_t *row, const row_t *rows, size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (row->at == rows[i].at && row->e.kind == rows[i].e.kind
            && row->e.on == rows[i].e.on
            && row->e.severity == rows[i].e.severity)
        {
            return true;
        }
    }

    return false;
}


static void
move_evidence(shian_op_t *o, const Shian__Finding *was,
    const Shian__Finding *is)
{
    row_t   old[MOST_ROWS], new[MOST_ROWS];
    size_t  i, nold, nnew;

    nold = evidence(was, old);
    nnew = evidence(is, new);

    for (i = 0; i < nold; i++) {
        if (!among(&old[i], new, nnew)) {
            shian_evidence_del(o, was->venue, old[i].at, old[i].e.kind,
                               was->id);
        }
    }

    for (i = 0; i < nnew; i++) {
        if (!among(&new[i], old, nold)) {
            shian_evidence_put(o, is->venue, new[i].at, &new[i].e);
        }
    }
}


void
shian_finding_change(shian_op_t *o, const Shian__Finding *was,
    const Shian__Finding *is)
{
    if (was != NULL) {
        index_finding(o->txn, was, false);
    }

    shian_put_record(o->txn, SHIAN_T_FINDING, is->id, is);
    index_finding(o->txn, is, true);
    move_evidence(o, was, is);
}


/* ---- a finding as its marks give it ---------------------------------------*/

static bool
is_open(const Shian__Finding *f)
{
    return f->state == STATE(open) || f->state == STATE(submitted);
}


/* The mark that ends it, or whether its venue says that it is put right. */
static void
give_state(Shian__Finding *f, const shian_found_t *found)
{
    const Shian__Mark  *end = found->end;

    f->has_verified_at = f->has_verified_by = end != NULL;
    f->verified_at = end == NULL ? 0 : end->at;
    f->verified_by = end == NULL ? 0 : end->user;
    f->has_verified_in = end != NULL && end->source == SOURCE(visit);
    f->verified_in = f->has_verified_in ? end->id : 0;

    f->has_state = 1;
    f->state = end != NULL ? STATE(verified)
               : f->has_submitted_at && !f->has_rejected_at
                 && f->submitted_at >= f->opened_at ? STATE(submitted)
               : STATE(open);
}


void
shian_finding_deadline(Shian__Finding *f)
{
    f->has_deadline_on = 1;
    f->deadline_on = f->has_extended_to
                     && f->extended_to > f->first_deadline_on
                     ? f->extended_to : f->first_deadline_on;
}


static bool
give_marks(shian_op_t *o, Shian__Finding *f, const shian_found_t *found)
{
    size_t             i;
    Shian__Mark__Ref  *r;

    f->found_by = shian_array(o->arena, found->n, sizeof(*f->found_by));
    f->n_found_by = 0;

    for (i = 0; f->found_by != NULL && i < found->n; i++) {
        r = shian_alloc(o->arena, sizeof(*r));

        if (r == NULL) {
            break;
        }

        shian__mark__ref__init(r);
        r->has_source = r->has_id = r->has_at = 1;
        r->source = found->fails[i]->source;
        r->id = found->fails[i]->id;
        r->at = found->fails[i]->at;
        f->found_by[f->n_found_by++] = r;
    }

    return f->n_found_by == found->n;
}


/* Everything in the record that the marks say; the rest stays. */
static void
give(shian_op_t *o, Shian__Finding *f, const shian_found_t *found)
{
    const Shian__Mark  *m = found->fails[0];

    if (!give_marks(o, f, found)) {
        o->txn->err = ENOMEM;
        return;
    }

    f->has_severity = f->has_opened_at = f->has_repeats = 1;
    f->severity = m->severity;
    f->opened_at = m->at;
    f->repeats = (uint32_t) found->n - 1;
    f->checklist = m->checklist;
    f->note = m->note;
    f->n_photos = m->n_photos;
    f->photos = m->photos;
    f->has_photos_public = m->has_photos_public;
    f->photos_public = m->photos_public;
    f->has_inspection = m->source == SOURCE(visit);
    f->inspection = f->has_inspection ? m->id : 0;
    f->has_complaint = m->source == SOURCE(complaint) || m->has_about;
    f->complaint = m->source == SOURCE(complaint) ? m->id : m->about;
    f->has_first_deadline_on = 1;
    f->first_deadline_on = m->deadline_on;
    shian_finding_deadline(f);
    give_state(f, found);
}


/* ---- which record is which ------------------------------------------------*/

static bool
same_mark(const Shian__Mark__Ref *r, const Shian__Mark *m)
{
    return r->source == m->source && r->id == m->id && r->at == m->at;
}


/* Was the record opened by the mark; or, opener false, found by any? */
static bool
is_of(const Shian__Finding *f, const shian_found_t *found, bool opener)
{
    size_t  i, j;

    if (opener) {
        return f->n_found_by != 0 && same_mark(f->found_by[0],
                                               found->fails[0]);
    }

    for (i = 0; i < f->n_found_by; i++) {
        for (j = 0; j < found->n; j++) {
            if (same_mark(f->found_by[i], found->fails[j])) {
                return true;
            }
        }
    }

    return false;
}


/*
 * A record goes on as the finding that its opening mark opens, or else as one
 * that any of its marks belongs to: whoever found it besides keeps it.
 */
static void
match(Shian__Finding **old, size_t nold, const shian_found_t *found,
    size_t n, Shian__Finding **is)
{
    bool    taken;
    size_t  i, j, k, pass;

    for (pass = 0; pass < 2; pass++) {
        for (i = 0; i < n; i++) {
            for (j = 0; is[i] == NULL && j < nold; j++) {
                for (taken = false, k = 0; k < n; k++) {
                    taken |= is[k] == old[j];
                }

                if (!taken && is_of(old[j], &found[i], pass == 0)) {
                    is[i] = old[j];
                }
            }
        }
    }
}


/* Every record that the item ever had, in the order of their ids. */
static size_t
records_of(shian_txn_t *t, uint64_t venue, const char *item,
    Shian__Finding ***list)
{
    size_t           n, pass;
    shian_scan_t     scan;
    shian_rowkey_t   prefix = item_prefix(venue, item);
    Shian__Finding **f;

    for (f = NULL, n = 0, pass = 0; pass < 2; pass++) {
        f = pass == 0 ? NULL : shian_array(t->arena, n + 1, sizeof(*f));

        if (pass == 1 && f == NULL) {
            t->err = ENOMEM;
            return 0;
        }

        n = 0;
        shian_scan_open(&scan, t, SHIAN_T_FINDING_BY, &prefix, NULL);

        while (shian_scan_next(&scan) && scan.key.n == prefix.n + 8) {
            if (f != NULL) {
                f[n] = shian_finding_get(t, shian_be(scan.key.p + prefix.n,
                                                     8));
            }
            n += f == NULL || f[n] != NULL;
        }

        shian_scan_close(&scan);
    }

    *list = f;

    return n;
}


Shian__Finding *
shian_finding_found(shian_txn_t *t, uint64_t venue, const char *item,
    Shian__Mark__Source source, uint64_t id)
{
    size_t            i, j, n;
    Shian__Finding  **list;

    n = records_of(t, venue, item, &list);

    for (i = n; i > 0; i--) {
        if (list[i - 1]->state == STATE(void)) {
            continue;
        }

        for (j = 0; j < list[i - 1]->n_found_by; j++) {
            if (list[i - 1]->found_by[j]->source == source
                && list[i - 1]->found_by[j]->id == id)
            {
                return list[i - 1];
            }
        }

        if (source == SOURCE(visit) && list[i - 1]->has_verified_in
            && list[i - 1]->verified_in == id)
        {
            return list[i - 1];
        }
    }

    return NULL;
}


/* ---- deriving -------------------------------------------------------------*/

static void
count(Shian__Tally *tally, int64_t records, int64_t open)
{
    tally->has_findings = tally->has_findings_open = 1;
    tally->findings += (uint32_t) records;
    tally->findings_open += (uint32_t) open;
}


static void
create(shian_op_t *o, Shian__Tally *tally, uint64_t venue, const char *item,
    const shian_found_t *found)
{
    Shian__Finding  f = SHIAN__FINDING__INIT;
    shian_rowkey_t  k;

    f.has_id = f.has_venue = 1;
    f.id = shian_next_id(o->txn, SHIAN_T_FINDING);
    f.venue = venue;
    f.item = (char *) item;
    give(o, &f, found);
    shian_finding_change(o, NULL, &f);

    k = item_prefix(venue, item);
    shian_rowkey_be(&k, f.id, 8);
    shian_index_put(o->txn, SHIAN_T_FINDING_BY, &k, 1);
    count(tally, 1, is_open(&f));
}


static void
renew(shian_op_t *o, Shian__Tally *tally, Shian__Finding *f,
    const shian_found_t *found)
{
    shian_str_t     before;
    Shian__Finding  was = *f;

    before = shian_pack(o->arena, f);

    if (found == NULL) {
        f->state = STATE(void);
    } else {
        give(o, f, found);
    }

    if (!shian_str_eq(before, shian_pack(o->arena, f))) {
        shian_finding_change(o, &was, f);
        count(tally, 0, (int64_t) is_open(f) - is_open(&was));
    }
}


/* A pass of a visit that a newer one was ahead of proves nothing. */
static size_t
leave_late_out(shian_txn_t *t, uint64_t venue, Shian__Mark **marks, size_t n)
{
    size_t              i, kept;
    const Shian__Mark  *m;

    for (kept = 0, i = 0; i < n; i++) {
        m = marks[i];

        if (m->failed || m->source != SOURCE(visit)
            || !shian_visit_is_late(t, venue, m->at, m->counted_by))
        {
            marks[kept++] = marks[i];
        }
    }

    return kept;
}


void
shian_finding_derive(shian_op_t *o, Shian__Tally *tally, uint64_t venue,
    const char *item)
{
    bool              ok;
    size_t            i, j, n, nold, nmarks;
    Shian__Mark     **marks;
    shian_found_t    *found;
    Shian__Finding  **old, **is;

    nmarks = shian_marks(o->txn, venue, item, &marks);
    nmarks = leave_late_out(o->txn, venue, marks, nmarks);
    n = shian_mark_fold(o->arena, marks, nmarks, &found, &ok);
    nold = records_of(o->txn, venue, item, &old);
    is = shian_array(o->arena, n + 1, sizeof(*is));

    if (!ok || is == NULL || o->txn->err != 0) {
        o->txn->err = o->txn->err != 0 ? o->txn->err : ENOMEM;
        return;
    }

    match(old, nold, found, n, is);

    for (i = 0; i < nold; i++) {
        for (j = 0; j < n && is[j] != old[i]; j++) {
            /* void */
        }

        if (j < n) {
            renew(o, tally, old[i], &found[j]);
        } else if (old[i]->state != STATE(void)) {
            renew(o, tally, old[i], NULL);
        }
    }

    for (i = 0; i < n; i++) {
        if (is[i] == NULL) {
            create(o, tally, venue, item, &found[i]);
        }
    }
}
