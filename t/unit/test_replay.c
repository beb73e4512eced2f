/*
 * Random histories, the same every time: whatever is done to a store, its
 * tables are what its log makes, and its counts are what its records say.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <sodium.h>

#include "recount_visits.h"
#include "core/geo.h"
#include "core/text.h"
#include "domain/filing.h"
#include "domain/tally.h"
#include "domain/venue.h"

#define MAX_ROW  65536

/* ---- recounts -------------------------------------------------------------*/

static size_t
rows(shian_txn_t *t, shian_table_t table)
{
    MDB_stat  st;

    assert_int_equal(mdb_stat(t->mdb, t->store->dbi[table], &st), 0);

    return st.ms_entries;
}


static bool
has_row(shian_txn_t *t, shian_table_t table, const shian_rowkey_t *k,
    shian_str_t want)
{
    shian_str_t  v;

    return shian_row_get(t, table, k, &v) && shian_str_eq(v, want);
}


static const shian_str_t  one_byte = { (const uint8_t *) "\1", 1 };


static bool
is_text(const char *s)
{
    return s != NULL && s[0] != '\0';
}


static shian_rowkey_t
by_key(char field, const char *value, uint64_t id)
{
    shian_rowkey_t  k = shian_venue_by(field, value);

    shian_rowkey_be(&k, id, 8);

    return k;
}


/* Rows of venue_by that a venue must have; each is looked up. */
static size_t
check_venue_by(shian_txn_t *t, const Shian__Venue *v, const Shian__Tally *y)
{
    size_t          i, n;
    shian_rowkey_t  k;

    const char  *const value[] = { v->district, v->category, v->source };

    k.n = 0;
    shian_rowkey_be(&k, 'c', 1);
    shian_rowkey_be(&k, shian_colour_order(shian_tally_colour(y)), 1);
    shian_rowkey_be(&k, 0xffff - (uint64_t) (y->grade == NULL ? 0
                                             : y->grade->score), 2);
    shian_rowkey_be(&k, v->id, 8);
    assert_true(has_row(t, SHIAN_T_VENUE_BY, &k, one_byte));

    for (n = 1, i = 0; i < SHIAN_COUNT(value); i++) {
        if (is_text(value[i])) {
            k = by_key("dkr"[i], value[i], v->id);
            assert_true(has_row(t, SHIAN_T_VENUE_BY, &k, one_byte));
            n++;
        }
    }

    return n;
}


static bool
among(const shian_str_t *terms, size_t n, shian_str_t term)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (shian_str_eq(terms[i], term)) {
            return true;
        }
    }

    return false;
}


static size_t
check_terms(shian_txn_t *t, const Shian__Venue *v)
{
    size_t          i, pass, n[3], count;
    uint8_t         mask;
    shian_str_t    *terms[3];
    shian_rowkey_t  k;

    const char  *const text[] = { v->name, v->name_en, v->address };

    for (pass = 0; pass < 3; pass++) {
        n[pass] = 0;
        assert_true(text[pass] == NULL
                    || shian_text_terms(t->arena, shian_str(text[pass]),
                                        &terms[pass], &n[pass]));
    }

    for (count = 0, pass = 0; pass < 3; pass++) {
        for (i = 0; i < n[pass]; i++) {

            if ((pass > 0 && among(terms[0], n[0], terms[pass][i]))
                || (pass > 1 && among(terms[1], n[1], terms[pass][i])))
            {
                continue;
            }

            count++;
            mask = pass == 2 ? 2 : 1;
            if (pass < 2 && among(terms[2], n[2], terms[pass][i])) {
                mask |= 2;
            }

            k.n = 0;
            shian_rowkey_bytes(&k, terms[pass][i].p, terms[pass][i].n);
            shian_rowkey_be(&k, 0, 1);
            shian_rowkey_be(&k, v->id, 8);
            assert_true(has_row(t, SHIAN_T_TERM, &k, shian_slice(&mask, 1)));
        }
    }

    return count;
}


static size_t
check_position(shian_txn_t *t, const Shian__Venue *v)
{
    shian_rowkey_t  k;

    if (!v->has_lat || !v->has_lng) {
        return 0;
    }

    k = shian_rowkey_id(shian_geo_key((shian_point_t) { v->lat, v->lng }));
    shian_rowkey_be(&k, v->id, 8);
    assert_true(has_row(t, SHIAN_T_GEO, &k, one_byte));

    return 1;
}


/* Rows of `patrol`: one where it may be visited, one if it asked for it. */
static size_t
check_patrol(shian_txn_t *t, const Shian__Venue *v, const Shian__Tally *y)
{
    shian_str_t     value;
    shian_rowkey_t  k;

    static const int  order[] = { 2, 3, 1, 0 };     /* by Colour.Kind */

    if (shian_tally_colour(y) == SHIAN__COLOUR__KIND__closed) {
        return 0;
    }

    k.n = 0;
    shian_rowkey_be(&k, 'd', 1);
    shian_rowkey_be(&k, (uint64_t) order[shian_tally_colour(y)], 1);
    shian_rowkey_be(&k, (uint64_t) y->last_inspected_on, 4);
    shian_rowkey_be(&k, v->id, 8);
    assert_true(shian_row_get(t, SHIAN_T_PATROL, &k, &value));
    assert_int_equal(shian_be(value.p, 8), v->has_lat && v->has_lng
                     ? shian_geo_key((shian_point_t) { v->lat, v->lng })
                     : 0);

    if (!y->has_reinspection_due_on) {
        return 1;
    }

    k.n = 0;
    shian_rowkey_be(&k, 'r', 1);
    shian_rowkey_be(&k, (uint64_t) y->reinspection_due_on, 4);
    shian_rowkey_be(&k, v->id, 8);
    assert_true(shian_row_get(t, SHIAN_T_PATROL, &k, &value));

    return 2;
}


/* The values of a venue that others are matched by. */
static shian_str_t
unique_value(shian_txn_t *t, const Shian__Venue *v, char kind)
{
    shian_str_t  name, address;

    switch (kind) {
    case 'u':
        return shian_str(v->uscc);
    case 'l':
        return shian_str(v->licence_no);
    case 'r':
        return v->ref == NULL ? SHIAN_NONE
               : shian_str(shian_printf(t->arena, "%s\n%s", v->source,
                                        v->ref));
    default:
        assert_true(shian_text_key(t->arena, shian_str(v->name), &name));
        assert_true(shian_text_key(t->arena, shian_str(v->address),
                                   &address));
        return shian_str(shian_printf(t->arena, "%.*s\n%.*s",
                                      SHIAN_FMT(name), SHIAN_FMT(address)));
    }
}


static shian_str_t
eight(shian_txn_t *t, const shian_rowkey_t *k)
{
    return shian_slice(memcpy(shian_zalloc(t->arena, 8), k->b, 8), 8);
}


/* What a record of that kind is found by. */
static shian_str_t
unique_of(shian_txn_t *t, char kind, uint64_t id)
{
    shian_str_t        document;
    shian_rowkey_t     k;
    Shian__Case       *a;
    Shian__User       *u;
    Shian__Venue      *v;
    Shian__Complaint  *c;

    switch (kind) {

    case 'U':
    case 'H':
        u = shian_user_get(t, id);
        assert_non_null(u);
        k = shian_rowkey_id(u->handle);
        return kind == 'U' ? shian_str(u->login)
               : eight(t, &k);

    case 'C':
        a = shian_case_get(t, id);
        assert_non_null(a);
        assert_true(shian_text_key(t->arena, shian_str(a->document_no),
                                   &document));
        return document;

    case 'T':
    case 'O':
    case 'F':
        c = shian_complaint_get(t, id);
        assert_non_null(c);
        k = shian_rowkey_id(c->handle);
        return kind == 'O' ? shian_str(c->public_id)
               : kind == 'F' ? shian_str(c->number)
               : eight(t, &k);

    default:
        v = shian_venue_get(t, id);
        assert_non_null(v);
        return unique_value(t, v, kind);
    }
}


/* Every unique entry leads to a record that has the value it stands for. */
static void
check_uniques(shian_txn_t *t)
{
    char          kind;
    uint8_t       hash[16];
    shian_str_t   value;
    shian_scan_t  s;

    const shian_rowkey_t  all = { 0 };

    for (shian_scan_open(&s, t, SHIAN_T_UNIQUE, &all, NULL);
         shian_scan_next(&s); )
    {
        assert_int_equal(s.key.n, 17);
        assert_int_equal(s.value.n, 8);
        kind = (char) s.key.p[0];

        value = unique_of(t, kind, shian_be(s.value.p, 8));

        crypto_generichash(hash, sizeof(hash), value.p, value.n, NULL, 0);
        assert_memory_equal(hash, s.key.p + 1, sizeof(hash));
    }

    shian_scan_close(&s);
}


static void
check_venues(shian_txn_t *t)
{
    size_t         by, terms, geo, patrol, i;
    uint64_t       id;
    Shian__Tally  *y;
    Shian__Venue  *v;

    by = terms = geo = patrol = 0;

    for (id = 1; (v = shian_venue_get(t, id)) != NULL; id++) {
        assert_int_equal(v->id, id);
        y = shian_tally_get(t, id);
        assert_true(y->rev > 0);
        assert_int_equal(y->rev, shian_tally_rev(t, id));

        by += check_venue_by(t, v, y);
        terms += check_terms(t, v);
        geo += check_position(t, v);
        patrol += check_patrol(t, v, y);

        for (i = 0; i < 4; i++) {
            shian_str_t  value = unique_value(t, v, "ulrn"[i]);
            uint64_t     other = shian_unique_get(t, "ulrn"[i], value);

            assert_true(other == 0 || value.n != 0);
        }
    }

    assert_int_equal(rows(t, SHIAN_T_VENUE), id - 1);
    assert_int_equal(rows(t, SHIAN_T_TALLY), id - 1);
    assert_int_equal(rows(t, SHIAN_T_VENUE_BY), by);
    assert_int_equal(rows(t, SHIAN_T_TERM), terms);
    assert_int_equal(rows(t, SHIAN_T_GEO), geo);
    assert_int_equal(rows(t, SHIAN_T_PATROL), patrol);
}


static uint64_t
recount(shian_txn_t *t, char kind, shian_str_t name, uint8_t sub)
{
    uint64_t       id, n;
    Shian__Venue  *v;

    for (n = 0, id = 1; (v = shian_venue_get(t, id)) != NULL; id++) {
        if ((uint8_t) shian_tally_colour(shian_tally_get(t, id)) != sub) {
            continue;
        }

        n += kind == 'c'
             || shian_str_eq(name, shian_str(kind == 'd' ? v->district
                                                         : v->category));
    }

    return n;
}


static size_t
queue_length(shian_txn_t *t, uint64_t state)
{
    size_t          n;
    shian_scan_t    s;
    Shian__Review  *r;
    shian_rowkey_t  prefix = shian_review_prefix('s', state);

    shian_scan_open(&s, t, SHIAN_T_REVIEW_BY, &prefix, NULL);

    for (n = 0; shian_scan_next(&s); n++) {
        r = shian_review_get(t, shian_be(s.key.p + 17, 8));
        assert_non_null(r);
        assert_int_equal(~shian_be(s.key.p + 9, 8), r->at);

        if (state == SHIAN_FLAGGED) {
            assert_true(r->has_flagged_at);
            assert_int_equal(r->state, SHIAN__REVIEW__STATE__published);
        } else {
            assert_int_equal(r->state, state);
        }
    }

    shian_scan_close(&s);

    return n;
}


static void
check_counters(shian_txn_t *t)
{
    char          kind;
    uint64_t      n, sum[128] = { 0 };
    shian_str_t   name;
    shian_scan_t  s;

    const shian_rowkey_t  all = { 0 };

    for (shian_scan_open(&s, t, SHIAN_T_COUNT, &all, NULL);
         shian_scan_next(&s); )
    {
        kind = (char) s.key.p[0];
        name = shian_slice(s.key.p + 1, s.key.n - 3);
        n = shian_be(s.value.p, 8);
        sum[(uint8_t) kind & 127] += n;

        switch (kind) {
        case '#':
            /* The restore has left the same gap, whatever it counts. */
            assert_int_equal(n - rows(t, SHIAN_T_INSPECTION),
                             shian_next_id(t, SHIAN_T_REVIEW) - 1
                             - rows(t, SHIAN_T_REVIEW));
            break;
        case '+':
            assert_true(n > 1000000);
            break;
        case 'q':
            assert_int_equal(n, queue_length(t, s.key.p[s.key.n - 1]));
            break;
        case 'f':
            break;      /* check_complaints */
        default:
            assert_int_equal(n, recount(t, kind, name,
                                        s.key.p[s.key.n - 1]));
        }
    }

    shian_scan_close(&s);

    n = rows(t, SHIAN_T_VENUE);
    assert_int_equal(sum['c'], n);
    assert_int_equal(sum['d'], n);
    assert_int_equal(sum['k'], n);
    assert_int_equal(sum['q'],
                     queue_length(t, SHIAN__REVIEW__STATE__held)
                     + queue_length(t, SHIAN__REVIEW__STATE__removed)
                     + queue_length(t, SHIAN_FLAGGED));
}


/* Where the evidence has a published review. */
static uint64_t
evidence_at(shian_txn_t *t, const Shian__Review *r)
{
    uint64_t        at;
    shian_scan_t    s;
    shian_rowkey_t  venue = shian_rowkey_id(r->venue);

    at = 0;

    for (shian_scan_open(&s, t, SHIAN_T_EVIDENCE, &venue, NULL);
         shian_scan_next(&s); )
    {
        if (s.key.p[16] == SHIAN__EVIDENCE__KIND__review
            && shian_be(s.key.p + 17, 8) == r->id)
        {
            assert_int_equal(at, 0);
            at = shian_be(s.key.p + 8, 8);
        }
    }

    shian_scan_close(&s);
    assert_int_not_equal(at, 0);

    return at;
}


static void
count_review(shian_txn_t *t, const Shian__Review *r, Shian__Tally *sum,
    const Shian__Tally *y)
{
    uint64_t  at;

    switch (r->state) {
    case SHIAN__REVIEW__STATE__held:
        sum->reviews_held++;
        break;
    case SHIAN__REVIEW__STATE__removed:
        sum->reviews_removed++;
        break;
    default:
        /* Never later than what published it: a clock may be put back. */
        at = evidence_at(t, r);
        assert_true(at <= r->at);

        if (shian_local_day(at, SHIAN_TZ_MINUTES) >= y->reviews_from) {
            shian_tally_review(t->arena, sum, r->hygiene, r->food, r->service,
                               1);
        }
    }
}


/* Reviews again from the first to the last; the tally must say the same. */
static void
check_reviews(shian_txn_t *t)
{
    size_t          i, held, removed;
    uint64_t        id, venue;
    uint8_t         v[2];
    Shian__Tally   *y[VENUES + 1], sum[VENUES + 1];
    Shian__Review  *r;
    shian_rowkey_t  k;

    for (i = 0; i <= VENUES; i++) {
        y[i] = shian_tally_get(t, i);
        shian__tally__init(&sum[i]);
    }

    for (held = removed = 0, id = 1;
         (r = shian_review_get(t, id)) != NULL; id++)
    {
        assert_in_range(r->venue, 1, VENUES);
        count_review(t, r, &sum[r->venue], y[r->venue]);
        held += r->state == SHIAN__REVIEW__STATE__held;
        removed += r->state == SHIAN__REVIEW__STATE__removed;

        k = shian_review_key('v', r->venue, r->at, id);
        v[0] = (uint8_t) (r->hygiene | (unsigned) r->state << 4);
        v[1] = (uint8_t) (r->food | r->service << 4);
        assert_true(has_row(t, SHIAN_T_REVIEW_BY, &k, shian_slice(v, 2)));
    }

    assert_int_equal(rows(t, SHIAN_T_REVIEW), id - 1);
    assert_int_equal(queue_length(t, SHIAN__REVIEW__STATE__held), held);
    assert_int_equal(rows(t, SHIAN_T_REVIEW_BY),
                     id - 1 + held + removed
                     + queue_length(t, SHIAN_FLAGGED));
    assert_int_equal(queue_length(t, SHIAN__REVIEW__STATE__removed),
                     removed);

    for (venue = 1; venue <= VENUES; venue++) {
        assert_int_equal(y[venue]->reviews, sum[venue].reviews);
        assert_int_equal(y[venue]->hygiene_sum, sum[venue].hygiene_sum);
        assert_int_equal(y[venue]->food_reviews, sum[venue].food_reviews);
        assert_int_equal(y[venue]->food_sum, sum[venue].food_sum);
        assert_int_equal(y[venue]->service_reviews,
                         sum[venue].service_reviews);
        assert_int_equal(y[venue]->service_sum, sum[venue].service_sum);
        assert_int_equal(y[venue]->reviews_held, sum[venue].reviews_held);
        assert_int_equal(y[venue]->reviews_removed,
                         sum[venue].reviews_removed);

        for (i = 0; i < y[venue]->n_histogram; i++) {
            assert_int_equal(y[venue]->histogram[i],
                             sum[venue].n_histogram == 0 ? 0
                             : sum[venue].histogram[i]);
        }
    }
}


/* A photo is open as often as a published record shows it. */
static void
check_photos(shian_txn_t *t)
{
    size_t          i, shown;
    uint64_t        id, open;
    shian_scan_t    s;
    Shian__Photo   *p;
    Shian__Review  *r;

    const shian_rowkey_t  all = { 0 };

    open = shown = 0;

    for (shian_scan_open(&s, t, SHIAN_T_PHOTO, &all, NULL);
         shian_scan_next(&s); )
    {
        p = shian_photo_get(t, s.key);
        assert_true(shian_str_eq(shian_bytes(p->hash), s.key));
        open += p->open;
    }

    shian_scan_close(&s);

    for (id = 1; (r = shian_review_get(t, id)) != NULL; id++) {
        for (i = 0; i < r->n_photos; i++) {
            assert_non_null(shian_photo_get(t,
                                        shian_bytes(r->photos[i]->hash)));
            shown += r->state == SHIAN__REVIEW__STATE__published;
        }
    }

    assert_int_equal(open, shown + shown_by_inspections(t));
}


/* Rows that a complaint must have in complaint_by; each is looked up. */
static size_t
check_complaint_by(shian_txn_t *t, const Shian__Complaint *c)
{
    size_t          n;
    uint8_t         value;
    uint64_t        due;
    shian_rowkey_t  k;

    n = 0;
    value = (uint8_t) ((unsigned) c->state | (unsigned) c->kind << 4);
    due = c->has_due_on ? (uint64_t) ((int64_t) c->due_on + 0x80000000)
                        : 0xffffffff;

    k = shian_complaint_prefix('s');
    shian_rowkey_be(&k, (uint64_t) c->state, 1);
    shian_rowkey_be(&k, due, 4);
    shian_rowkey_be(&k, c->id, 8);
    assert_true(has_row(t, SHIAN_T_COMPLAINT_BY, &k,
                        shian_slice(&value, 1)));
    n++;

    if (c->has_venue) {
        k = shian_complaint_prefix_id('v', c->venue);
        shian_rowkey_be(&k, ~c->at, 8);
        shian_rowkey_be(&k, c->id, 8);
        assert_true(has_row(t, SHIAN_T_COMPLAINT_BY, &k,
                            shian_slice(&value, 1)));
        n++;
    }

    if (!c->has_ended_at) {
        n += (c->district != NULL) + (c->category != NULL) + 1;
    }

    n += c->has_device;
    n += c->state == SHIAN__COMPLAINT__STATE__dispatched
         || c->state == SHIAN__COMPLAINT__STATE__on_site;
    n += c->counts + c->has_merged_into;

    /* Of a pair the first one stands for both. */
    if (c->has_ended_at && !c->erased && (!c->has_linked
        || (c->id < c->linked
            && shian_complaint_get(t, c->linked)->has_ended_at)))
    {
        n++;
    }

    return n;
}


/* A filing counts once, by the first of its decisions that stand. */
static void
check_filing(shian_txn_t *t, Shian__Complaint *c)
{
    size_t             i, n, counts, found;
    uint64_t           first;
    Shian__Complaint  *records[SHIAN_FILING_MOST];

    n = shian_filing(t, c, records);
    first = UINT64_MAX;

    for (counts = found = i = 0; i < n; i++) {
        if (records[i]->has_venue && shian_is_substantiated(records[i])) {
            found++;
            first = records[i]->decided_at < first ? records[i]->decided_at
                                                   : first;
        }
    }

    for (i = 0; i < n; i++) {
        if (records[i]->counts) {
            counts++;
            assert_int_equal(records[i]->decided_at, first);
        }
    }

    assert_int_equal(counts, found != 0);
}


/* Complaints again from the first to the last: index, figures, tallies. */
static void
check_complaints(shian_txn_t *t)
{
    size_t             by, events, ended;
    bool               weighs;
    uint64_t           id, venue;
    uint32_t           sum[VENUES + 1] = { 0 };
    Shian__Case       *a;
    Shian__Complaint  *c;

    for (by = events = ended = 0, id = 1;
         (c = shian_complaint_get(t, id)) != NULL; id++)
    {
        by += check_complaint_by(t, c);
        events += c->events;
        ended += c->has_ended_at;
        sum[c->has_venue ? c->venue : 0] += c->counts;
        check_filing(t, c);

        if (c->has_linked) {
            assert_int_equal(shian_complaint_get(t, c->linked)->linked, id);
        }
    }

    assert_int_equal(rows(t, SHIAN_T_COMPLAINT), id - 1);
    assert_int_equal(rows(t, SHIAN_T_COMPLAINT_BY), by);
    assert_int_equal(rows(t, SHIAN_T_COMPLAINT_EVENT), events);
    assert_int_equal(shian_figure_sum(t, 0, SHIAN_FIGURE_RECEIVED), id - 1);
    /* faults A8: one that was reopened ends once. */
    assert_int_equal(shian_figure_sum(t, 0, SHIAN_FIGURE_ENDED), ended);

    for (venue = 1; venue <= VENUES; venue++) {
        assert_int_equal(shian_tally_get(t, venue)->complaints_substantiated,
                         sum[venue]);
        sum[venue] = 0;
    }

    for (by = 0, id = 1; (a = shian_case_get(t, id)) != NULL; id++) {
        weighs = a->penalty && a->state != SHIAN__CASE__STATE__corrected;
        by += 2u + weighs;
    }

    assert_int_equal(rows(t, SHIAN_T_CASE), id - 1);
    assert_int_equal(rows(t, SHIAN_T_CASE_BY), by);
}


static void
check_plaques(shian_txn_t *t)
{
    uint64_t              id, in_force, seq;
    shian_scan_t          s;
    Shian__Tally         *y;
    Shian__Plaque        *p;
    const shian_rowkey_t  all = { 0 };

    for (in_force = 0, id = 1; id <= VENUES; id++) {
        y = shian_tally_get(t, id);

        if (y->plaque != 0) {
            p = shian_plaque_get(t, y->plaque);
            assert_int_equal(p->venue, id);
            assert_false(p->has_withdrawn_at);
            in_force++;
        }
    }

    for (shian_scan_open(&s, t, SHIAN_T_PLAQUE, &all, NULL);
         shian_scan_next(&s); )
    {
        p = shian_plaque_get(t, shian_be(s.key.p, 8));
        in_force -= !p->has_withdrawn_at;
    }

    shian_scan_close(&s);
    assert_int_equal(in_force, 0);

    for (shian_scan_open(&s, t, SHIAN_T_GRADE, &all, NULL);
         shian_scan_next(&s); )
    {
        assert_non_null(shian_venue_get(t, shian_be(s.key.p, 8)));
        seq = ~shian_be(s.key.p + 16, 8);

        /* Midnights have no entry of their own. */
        assert_true(seq == 0 || shian_log_get(t, seq) != NULL);
    }

    shian_scan_close(&s);
}


/* What a venue stands at is what a walk over all of its evidence gives. */
static void
check_walks(shian_txn_t *t)
{
    uint64_t       id;
    shian_walk_t   w;
    shian_grade_t  g;
    Shian__Tally  *y;

    for (id = 1; id <= VENUES; id++) {
        y = shian_tally_get(t, id);

        if (y->standing == NULL) {
            continue;
        }

        assert_true(shian_walk_begin(&w, t, id, NULL));
        shian_walk_rest(&w, shian_day_start(y->standing->day + 1) - 1);
        assert_true(shian_walk_grade(&w, t->arena, &g));

        if (y->standing->under == shian_city_cause(t)) {
            assert_int_equal(y->grade->colour, g.colour);
            assert_int_equal(y->grade->held, g.held);
            assert_int_equal(y->grade->score, g.scored ? g.score : 0);
            assert_int_equal(y->grade->n_components, g.n);
            assert_int_equal(y->reviews, w.window.reviews);
            assert_int_equal(y->standing->quiet_until, w.quiet_on);
        }

        shian_walk_free(&w);
    }
}


static void
check_all(world_t *w)
{
    char         err[256];
    shian_txn_t  t;

    assert_int_equal(shian_txn_begin(w->city.store, &w->city.arena, false,
                                     &t), 0);
    check_venues(&t);
    check_uniques(&t);
    check_counters(&t);
    check_reviews(&t);
    check_photos(&t);
    check_plaques(&t);
    check_walks(&t);
    check_visits(&t);
    check_complaints(&t);
    assert_int_equal(t.err, 0);
    shian_txn_abort(&t);

    if (!city_verify(&w->city, err, sizeof(err))) {
        fail_msg("seed: %s", err);
    }
}


/* ---- tests ----------------------------------------------------------------*/

static void
a_long_history_is_what_its_log_says(void **state)
{
    size_t   i;
    world_t  w;

    (void) state;
    live(&w, 20251123, 12000);
    check_all(&w);

    /* It was a life: all of it happened, and all of it was refused once. */
    for (i = 0; i < shian_noperations; i++) {
        if (w.done[shian_operations[i].body] == 0) {
            fail_msg("%s never went through", shian_operations[i].name);
        }
    }

    assert_true(w.done[SHIAN__OPERATION__BODY_REVIEW_POST] > 800);
    assert_true(w.done[SHIAN__OPERATION__BODY_REVIEW_FLAG] > 20);
    assert_true(w.done[SHIAN__OPERATION__BODY_REVIEW_DECIDE] > 50);
    assert_true(w.refused[SHIAN__OPERATION__BODY_REVIEW_POST] > 50);
    assert_true(w.refused[SHIAN__OPERATION__BODY_VENUE_UPSERT] > 50);
    assert_true(w.repeated > 20);
    assert_true(w.unchanged > 20);

    end(&w);
}


static void
short_histories_as_well(void **state)
{
    world_t   w;
    uint64_t  seed;

    (void) state;

    for (seed = 1; seed <= 8; seed++) {
        live(&w, seed * 7919, 400);
        check_all(&w);
        end(&w);
    }
}


/* Clocks put back, windows moved: where one life never comes, another does. */
static void
other_long_histories_as_well(void **state)
{
    size_t   i;
    world_t  w;

    static const uint64_t  seeds[] = { 20251121, 20251126 };

    (void) state;

    for (i = 0; i < SHIAN_COUNT(seeds); i++) {
        live(&w, seeds[i], 12000);
        check_all(&w);
        end(&w);
    }
}


/* Writes the bytes as they are, beside every rule. */
static void
overwrite(world_t *w, shian_table_t table, const shian_rowkey_t *k,
    shian_str_t value)
{
    shian_txn_t  t;

    assert_int_equal(shian_txn_begin(w->city.store, &w->city.arena, true,
                                     &t), 0);
    shian_row_put(&t, table, k, value);
    assert_int_equal(shian_txn_commit(&t), 0);
}


/* A row of the table at random: a copy of key and value. */
static void
some_row(world_t *w, shian_table_t table, shian_rowkey_t *k, uint8_t *value,
    size_t *n)
{
    size_t                i;
    shian_txn_t           t;
    shian_scan_t          s;
    const shian_rowkey_t  all = { 0 };

    assert_int_equal(shian_txn_begin(w->city.store, &w->city.arena, false,
                                     &t), 0);
    if (rows(&t, table) == 0) {
        fail_msg("the history left no row in %s", shian_tables[table].name);
    }

    i = pick(w, rows(&t, table)) + 1;
    shian_scan_open(&s, &t, table, &all, NULL);

    while (i-- > 0) {
        assert_true(shian_scan_next(&s));
    }

    k->n = 0;
    shian_rowkey_bytes(k, s.key.p, s.key.n);
    assert_true(s.value.n <= MAX_ROW);
    *n = s.value.n;
    memcpy(value, s.value.p, s.value.n);
    shian_scan_close(&s);
    shian_txn_abort(&t);
}


static void
one_changed_byte_is_found(world_t *w, shian_table_t table)
{
    char            err[256];
    size_t          n, at;
    uint8_t         value[MAX_ROW], bit;
    shian_rowkey_t  k;

    some_row(w, table, &k, value, &n);
    at = pick(w, n);
    bit = (uint8_t) (1u << pick(w, 8));

    value[at] ^= bit;
    overwrite(w, table, &k, shian_slice(value, n));

    if (city_verify(&w->city, err, sizeof(err))) {
        fail_msg("byte %d of a row of %s changed and nobody noticed",
                 (int) at, shian_tables[table].name);
    }

    value[at] ^= bit;
    overwrite(w, table, &k, shian_slice(value, n));
}


static bool
every_table_has_rows(world_t *w)
{
    int          i;
    bool         all;
    shian_txn_t  t;

    assert_int_equal(shian_txn_begin(w->city.store, &w->city.arena, false,
                                     &t), 0);

    for (all = true, i = 0; i < SHIAN_T_MAX; i++) {
        all = all && (shian_tables[i].kind != SHIAN_REPLAYED
                      || rows(&t, (shian_table_t) i) != 0);
    }

    shian_txn_abort(&t);

    return all;
}


/* Some tables are swept, some are rare: of some lives, one fills them all. */
static void
live_fully(world_t *w, uint64_t seed)
{
    int  tries;

    for (tries = 5; ; tries--) {
        live(w, seed++, 5000);

        if (tries == 0 || every_table_has_rows(w)) {
            return;
        }

        end(w);
    }
}


static void
no_changed_byte_goes_unseen(void **state)
{
    int      i, again;
    char     err[256];
    world_t  w;

    (void) state;
    live_fully(&w, 4711);

    for (i = 0; i < SHIAN_T_MAX; i++) {
        if (shian_tables[i].kind == SHIAN_REPLAYED) {
            for (again = i == SHIAN_T_LOG ? 8 : 2; again > 0; again--) {
                one_changed_byte_is_found(&w, (shian_table_t) i);
            }
        }
    }

    assert_true(city_verify(&w.city, err, sizeof(err)));
    end(&w);
}


static void
rows_added_or_gone_are_found(void **state)
{
    char            err[256];
    size_t          n;
    uint8_t         value[MAX_ROW];
    world_t         w;
    shian_txn_t     t;
    shian_rowkey_t  k, more;

    (void) state;
    live(&w, 815, 600);
    some_row(&w, SHIAN_T_TERM, &k, value, &n);

    more = k;
    shian_rowkey_be(&more, 0, 1);
    overwrite(&w, SHIAN_T_TERM, &more, one_byte);
    assert_false(city_verify(&w.city, err, sizeof(err)));
    assert_non_null(strstr(err, "term"));

    assert_int_equal(shian_txn_begin(w.city.store, &w.city.arena, true, &t),
                     0);
    shian_row_del(&t, SHIAN_T_TERM, &more);
    assert_int_equal(shian_txn_commit(&t), 0);
    assert_true(city_verify(&w.city, err, sizeof(err)));

    /* An entry cut out of the middle of the log. */
    k = shian_rowkey_id(20);
    assert_int_equal(shian_txn_begin(w.city.store, &w.city.arena, true, &t),
                     0);
    shian_row_del(&t, SHIAN_T_LOG, &k);
    assert_int_equal(shian_txn_commit(&t), 0);
    assert_false(city_verify(&w.city, err, sizeof(err)));
    assert_non_null(strstr(err, "log entry 20 is missing"));

    end(&w);
}


static void
erased_words_are_gone_and_verify_passes(void **state)
{
    char               err[256], *text;
    city_t             c;
    shian_txn_t        t;
    Shian__Review     *r;
    Shian__Operation  *op;

    (void) state;
    city_open(&c, 3, CITY_MAP);
    assert_int_equal(city_do(&c, city_venue(&c, "Harbour View")), 200);
    assert_int_equal(city_do(&c, city_review(&c, 1, 2, "call me", 1, 1)),
                     200);
    assert_int_equal(city_do(&c, city_review(&c, 1, 5, "lovely", 2, 2)),
                     200);

    op = city_operation(&c, ROLE(chief), 0);
    CITY_BODY(&c, op, ERASE, erase, Shian__Erase,
              shian__erase__init)->review = 1;
    op->erase->has_review = 1;
    assert_int_equal(city_do(&c, op), 200);
    assert_int_equal(city_do(&c, op), 200);

    assert_int_equal(shian_txn_begin(c.store, &c.arena, false, &t), 0);
    r = shian_review_get(&t, 1);
    assert_non_null(r);
    assert_null(shian_unseal(&t, &c.keys, r->vault, "text", r->text));
    r = shian_review_get(&t, 2);
    text = shian_unseal(&t, &c.keys, r->vault, "text", r->text);
    assert_string_equal(text, "lovely");
    assert_int_equal(rows(&t, SHIAN_T_VAULT), 1);
    shian_txn_abort(&t);

    assert_true(city_verify(&c, err, sizeof(err)));
    city_close(&c);
}


static Shian__Operation *
decide(city_t *c, Shian__ReviewDecide__Action action)
{
    Shian__Operation     *op = city_operation(c, ROLE(officer), 0);
    Shian__ReviewDecide  *d;

    d = CITY_BODY(c, op, REVIEW_DECIDE, review_decide, Shian__ReviewDecide,
                  shian__review_decide__init);
    d->has_review = d->has_action = d->has_reason = 1;
    d->review = 1;
    d->action = action;
    d->reason = SHIAN__REVIEW__GROUND__abuse;

    return op;
}


/* All within one millisecond, then with the clock put back. */
static void
a_flag_waits_until_it_is_decided(void **state)
{
    city_t             c;
    shian_txn_t        t;
    Shian__Operation  *op;

    (void) state;
    city_open(&c, 4, CITY_MAP);
    assert_int_equal(city_do(&c, city_venue(&c, "Harbour View")), 200);
    op = city_review(&c, 1, 2, "a listed word", 1, 1);
    op->review_post->has_hold = op->review_post->hold = 1;
    assert_int_equal(city_do(&c, op), 200);
    op = decide(&c, SHIAN__REVIEW_DECIDE__ACTION__publish);
    assert_int_equal(city_do(&c, op), 200);

    c.now -= 1000;
    op = city_operation(&c, ROLE(venue), 1);
    CITY_BODY(&c, op, REVIEW_FLAG, review_flag, Shian__ReviewFlag,
              shian__review_flag__init)->review = 1;
    op->review_flag->has_review = 1;
    op->review_flag->text = "Nobody was here that day.";
    assert_int_equal(city_do(&c, op), 200);

    op = decide(&c, SHIAN__REVIEW_DECIDE__ACTION__publish);
    assert_int_equal(city_do(&c, op), 200);
    assert_int_equal(city_do(&c, op), 409);

    assert_int_equal(shian_txn_begin(c.store, &c.arena, false, &t), 0);
    assert_int_equal(queue_length(&t, SHIAN_FLAGGED), 0);
    check_counters(&t);
    shian_txn_abort(&t);

    op = decide(&c, SHIAN__REVIEW_DECIDE__ACTION__remove);
    assert_int_equal(city_do(&c, op), 200);
    city_close(&c);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_long_history_is_what_its_log_says),
        cmocka_unit_test(other_long_histories_as_well),
        cmocka_unit_test(short_histories_as_well),
        cmocka_unit_test(no_changed_byte_goes_unseen),
        cmocka_unit_test(rows_added_or_gone_are_found),
        cmocka_unit_test(a_flag_waits_until_it_is_decided),
        cmocka_unit_test(erased_words_are_gone_and_verify_passes),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
