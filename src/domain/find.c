#include "find.h"

#include <stdlib.h>

#include "core/text.h"
#include "tally.h"
#include "venue.h"

#define BUDGET        3000      /* venues looked at in one call */
#define SAMPLE        200       /* postings counted to compare terms */
#define MAX_NEAR      50000     /* positions compared in one call */

/* One search under way. */
typedef struct {
    shian_txn_t         *txn;
    const shian_find_t  *find;
    shian_found_t       *items;
    size_t               n;
    size_t               looked;
    shian_str_t         *terms;         /* of the query */
    size_t               nterms;
    shian_str_t          next;
    bool                 stopped;       /* full, or the budget is spent */
    bool                 failed;
} search_t;


static bool
same(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}


/* Filters that need nothing but the record. */
static bool
fits(search_t *s, const Shian__Venue *v)
{
    shian_point_t        p;
    const shian_find_t  *f = s->find;

    if ((f->district != NULL && !same(v->district, f->district))
        || (f->category != NULL && !same(v->category, f->category)))
    {
        return false;
    }

    p = (shian_point_t) { v->lat, v->lng };

    if (f->has_box
        && !(v->has_lat && v->has_lng && shian_geo_inside(&f->box, p)))
    {
        return false;
    }

    return !f->near || (v->has_lat && v->has_lng
                        && shian_geo_distance(f->at, p) <= f->radius);
}


static bool
begins(shian_str_t s, shian_str_t prefix)
{
    return s.n >= prefix.n && memcmp(s.p, prefix.p, prefix.n) == 0;
}


static bool
has_term(const shian_str_t *terms, size_t n, shian_str_t want)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (begins(terms[i], want)) {
            return true;
        }
    }

    return false;
}


/* What a record would be indexed under; empty on failure. */
static void
record_terms(search_t *s, const Shian__Venue *v, bool address,
    shian_str_t **terms, size_t *n)
{
    char  *text;

    *n = 0;
    text = address ? v->address
                   : shian_printf(s->txn->arena, "%s\n%s",
                                  v->name == NULL ? "" : v->name,
                                  v->name_en == NULL ? "" : v->name_en);
    if (text != NULL
        && !shian_text_terms(s->txn->arena, shian_str(text), terms, n))
    {
        *n = 0;
    }
}


/*
 * Does the record have every term?  0: all in its name, 1: with its address,
 * -1: no.  *first is the least of its terms that begins with `posting`, so
 * that a record met under two terms counts once.
 */
static int
match(search_t *s, const Shian__Venue *v, shian_str_t driver,
    shian_str_t *first)
{
    size_t        i, nn, na;
    int           where;
    shian_str_t  *name, *address;

    record_terms(s, v, false, &name, &nn);
    na = 0;

    for (where = 0, i = 0; i < s->nterms; i++) {

        if (has_term(name, nn, s->terms[i])) {
            continue;
        }

        if (where == 0) {
            record_terms(s, v, true, &address, &na);
            where = 1;
        }

        if (!has_term(address, na, s->terms[i])) {
            return -1;
        }
    }

    *first = SHIAN_NONE;

    for (i = 0; i < nn; i++) {
        if (begins(name[i], driver)) {
            *first = name[i];
            break;
        }
    }

    for (i = 0; i < na; i++) {
        if (begins(address[i], driver)) {
            if (first->p == NULL
                || memcmp(address[i].p, first->p,
                          address[i].n < first->n ? address[i].n
                                                  : first->n) < 0)
            {
                *first = address[i];
            }
            break;
        }
    }

    return where;
}


/* Takes the venue if it fits. */
static void
take(search_t *s, uint64_t id, double distance, int where,
    shian_str_t driver, shian_str_t posting)
{
    shian_str_t    first;
    Shian__Venue  *v;
    Shian__Tally  *tally;

    s->looked++;

    v = shian_venue_get(s->txn, id);

    if (v == NULL || !fits(s, v)) {
        return;
    }

    if (s->nterms != 0) {
        if (where < 0) {
            if (match(s, v, s->terms[0], &first) < 0) {
                return;
            }
        } else if (match(s, v, driver, &first) != where
                   || !shian_str_eq(first, posting))
        {
            return;
        }
    }

    /* Last, for it is the larger of the two. */
    tally = shian_tally_get(s->txn, id);

    if (tally == NULL || (s->find->has_colour
                          && shian_tally_colour(tally) != s->find->colour))
    {
        return;
    }

    s->items[s->n].venue = v;
    s->items[s->n].tally = tally;
    s->items[s->n].distance = distance;
    s->n++;
}


static void
ends_at(search_t *s, uint8_t where, shian_str_t key)
{
    uint8_t  *p;

    p = shian_alloc(s->txn->arena, key.n + 1);
    if (p == NULL) {
        s->failed = true;
        return;
    }

    p[0] = where;
    memcpy(p + 1, key.p, key.n);
    s->next = shian_slice(p, key.n + 1);
}


/*
 * After each candidate: the page ends at the one that filled it, but only
 * one more that fits shows that there is a next page.
 */
static bool
goes_on(search_t *s, uint8_t where, shian_str_t key)
{
    bool  full, spent;

    full = s->n > s->find->limit;
    spent = s->looked >= BUDGET;

    if (s->next.p == NULL && (s->n == s->find->limit || spent)) {
        ends_at(s, where, key);
    }

    if (full) {
        s->n = s->find->limit;
    }

    s->stopped = full || spent || s->failed;

    return !s->stopped;
}


/* Goes through a table's keys under prefix; a key ends in the id. */
static void
walk(search_t *s, shian_table_t table, const shian_rowkey_t *prefix,
    const shian_rowkey_t *start, shian_str_t after)
{
    shian_scan_t    scan;
    shian_rowkey_t  from;

    if (after.n != 0) {
        from.n = 0;
        shian_rowkey_bytes(&from, after.p, after.n);
        start = &from;
    }

    shian_scan_open(&scan, s->txn, table, prefix, start);
    scan.after = after.n != 0;

    while (shian_scan_next(&scan)) {
        take(s, shian_be(scan.key.p + scan.key.n - 8, 8), 0, -1, SHIAN_NONE,
             SHIAN_NONE);

        if (!goes_on(s, 0, scan.key)) {
            break;
        }
    }

    shian_scan_close(&scan);
}


/* ---- by words -------------------------------------------------------------*/

static size_t
sample(search_t *s, shian_str_t term)
{
    size_t          n;
    shian_scan_t    scan;
    shian_rowkey_t  prefix;

    prefix.n = 0;
    shian_rowkey_bytes(&prefix, term.p, term.n);
    shian_scan_open(&scan, s->txn, SHIAN_T_TERM, &prefix, NULL);

    for (n = 0; n < SAMPLE && shian_scan_next(&scan); n++) { }

    shian_scan_close(&scan);

    return n;
}


/* One pass over the postings of the rarest term. */
static void
walk_postings(search_t *s, shian_str_t driver, int where, shian_str_t after)
{
    shian_scan_t    scan;
    shian_str_t     posting;
    shian_rowkey_t  prefix, from;

    prefix.n = 0;
    shian_rowkey_bytes(&prefix, driver.p, driver.n);
    from.n = 0;
    shian_rowkey_bytes(&from, after.p, after.n);

    shian_scan_open(&scan, s->txn, SHIAN_T_TERM, &prefix,
                    after.n != 0 ? &from : NULL);
    scan.after = after.n != 0;

    while (shian_scan_next(&scan) && scan.key.n > 9) {
        posting = shian_slice(scan.key.p, scan.key.n - 9);
        take(s, shian_be(scan.key.p + scan.key.n - 8, 8), 0, where, driver,
             posting);

        if (!goes_on(s, (uint8_t) where, scan.key)) {
            break;
        }
    }

    shian_scan_close(&scan);
}


static void
by_words(search_t *s)
{
    int          where;
    size_t       i, n, fewest;
    shian_str_t  driver, after;

    driver = s->terms[0];
    fewest = SIZE_MAX;

    for (i = 0; i < s->nterms; i++) {
        n = sample(s, s->terms[i]);
        if (n < fewest) {
            fewest = n;
            driver = s->terms[i];
        }
    }

    after = s->find->after;
    where = 0;

    if (after.n != 0) {
        where = after.p[0] == 1;
        after = shian_slice(after.p + 1, after.n - 1);
    }

    for ( ; where < 2 && !s->stopped; where++, after = SHIAN_NONE) {
        walk_postings(s, driver, where, after);
    }
}


/* ---- by place -------------------------------------------------------------*/

typedef struct {
    uint64_t  id;
    double    distance;
} near_t;


static int
compare_near(const void *a, const void *b)
{
    const near_t  *x = a, *y = b;

    if (x->distance != y->distance) {
        return x->distance < y->distance ? -1 : 1;
    }

    return x->id < y->id ? -1 : x->id > y->id;
}


/* All positions within radius, unsorted; MAX_NEAR: there may be more. */
static size_t
collect_within(search_t *s, double radius, near_t *near)
{
    size_t          n, i, ranges;
    double          distance;
    uint64_t        key;
    shian_scan_t    scan;
    shian_bbox_t    box;
    shian_range_t   range[SHIAN_GEO_RANGES];
    shian_rowkey_t  none, start;

    box = shian_geo_around(s->find->at, radius);
    ranges = shian_geo_cover(&box, range, SHIAN_GEO_RANGES);
    none.n = 0;

    for (n = 0, i = 0; i < ranges; i++) {
        start = shian_rowkey_id(range[i].first);
        shian_scan_open(&scan, s->txn, SHIAN_T_GEO, &none, &start);

        while (n < MAX_NEAR && shian_scan_next(&scan) && scan.key.n == 16) {
            key = shian_be(scan.key.p, 8);

            if (key > range[i].last) {
                break;
            }

            distance = shian_geo_distance(s->find->at, shian_geo_point(key));

            if (distance <= radius) {
                near[n].id = shian_be(scan.key.p + 8, 8);
                near[n++].distance = distance;
            }
        }

        shian_scan_close(&scan);
    }

    return n;
}


/* Where there are too many to compare, the nearer half has the nearest. */
static size_t
collect_near(search_t *s, near_t *near)
{
    size_t  n;
    double  radius;

    radius = s->find->radius;

    while ((n = collect_within(s, radius, near)) == MAX_NEAR && radius > 1) {
        radius /= 2;
    }

    qsort(near, n, sizeof(*near), compare_near);

    return n;
}


static void
by_distance(search_t *s)
{
    size_t          i, n;
    near_t         *near, last;
    shian_str_t     after;
    shian_rowkey_t  key;

    near = shian_array(s->txn->arena, MAX_NEAR, sizeof(*near));
    if (near == NULL) {
        s->failed = true;
        return;
    }

    n = collect_near(s, near);
    i = 0;
    after = s->find->after;

    if (after.n == 17) {
        last.distance = (double) shian_be(after.p + 1, 8) / 1e6;
        last.id = shian_be(after.p + 9, 8);

        while (i < n && (near[i].distance < last.distance - 1e-6
                         || (near[i].distance < last.distance + 1e-6
                             && near[i].id <= last.id)))
        {
            i++;
        }
    }

    for ( ; i < n; i++) {
        take(s, near[i].id, near[i].distance, -1, SHIAN_NONE, SHIAN_NONE);

        key = shian_rowkey_id((uint64_t) (near[i].distance * 1e6));
        shian_rowkey_be(&key, near[i].id, 8);

        if (!goes_on(s, 0, shian_slice(key.b, key.n))) {
            return;
        }
    }
}


static void
by_box(search_t *s)
{
    size_t          i, ranges;
    uint64_t        key;
    shian_str_t     after;
    shian_scan_t    scan;
    shian_range_t   range[SHIAN_GEO_RANGES];
    shian_rowkey_t  none, start;

    ranges = shian_geo_cover(&s->find->box, range, SHIAN_GEO_RANGES);
    after = s->find->after;
    none.n = 0;

    for (i = 0; i < ranges; i++) {
        start = shian_rowkey_id(range[i].first);

        if (after.n == 17) {
            if (shian_be(after.p + 1, 8) > range[i].last) {
                continue;
            }
            if (memcmp(after.p + 1, start.b, 8) >= 0) {
                start.n = 0;
                shian_rowkey_bytes(&start, after.p + 1, 16);
            }
        }

        shian_scan_open(&scan, s->txn, SHIAN_T_GEO, &none, &start);
        scan.after = start.n == 16;

        while (shian_scan_next(&scan) && scan.key.n == 16) {
            key = shian_be(scan.key.p, 8);

            if (key > range[i].last) {
                break;
            }

            take(s, shian_be(scan.key.p + 8, 8), 0, -1, SHIAN_NONE,
                 SHIAN_NONE);

            if (!goes_on(s, 0, scan.key)) {
                shian_scan_close(&scan);
                return;
            }
        }

        shian_scan_close(&scan);
    }
}


/* ---- by what they are -----------------------------------------------------*/

static void
by_index(search_t *s)
{
    shian_str_t          after;
    shian_table_t        table;
    shian_rowkey_t       prefix;
    const shian_find_t  *f = s->find;

    table = SHIAN_T_VENUE_BY;

    if (f->has_colour || f->sort == SHIAN_SORT_SCORE) {
        prefix.n = 0;
        shian_rowkey_be(&prefix, 'c', 1);
        if (f->has_colour) {
            shian_rowkey_be(&prefix, shian_colour_order(f->colour), 1);
        }

    } else if (f->district != NULL) {
        prefix = shian_venue_by('d', f->district);

    } else if (f->category != NULL) {
        prefix = shian_venue_by('k', f->category);

    } else {
        table = SHIAN_T_VENUE;
        prefix.n = 0;
    }

    after = f->after.n == 0 ? SHIAN_NONE
                            : shian_slice(f->after.p + 1, f->after.n - 1);
    walk(s, table, &prefix, NULL, after);
}


/* People also type the number on the licence. */
static bool
by_number(search_t *s)
{
    char         text[19];
    size_t       i, n = s->find->q.n;
    uint64_t     id;
    shian_str_t  number;

    if (n != 16 && n != 18) {
        return false;
    }

    for (i = 0; i < n; i++) {
        text[i] = (char) s->find->q.p[i];
        if (text[i] >= 'a' && text[i] <= 'z') {
            text[i] = (char) (text[i] - 'a' + 'A');
        }
    }

    number = shian_slice(text, n);
    id = shian_unique_get(s->txn, n == 16 ? 'l' : 'u', number);

    if (id != 0) {
        s->nterms = 0;
        take(s, id, 0, -1, SHIAN_NONE, SHIAN_NONE);
    }

    return id != 0;
}


bool
shian_find(shian_txn_t *t, const shian_find_t *find, shian_found_t *items,
    size_t *n, shian_str_t *next, shian_report_t *report)
{
    search_t  s;

    memset(&s, 0, sizeof(s));
    s.txn = t;
    s.find = find;
    s.items = items;

    if (find->q.n != 0
        && !shian_text_query_terms(t->arena, find->q, &s.terms, &s.nterms))
    {
        return shian_fail(report, 400, "malformed", "q is not UTF-8.");
    }

    if (by_number(&s)) {
        /* Found. */
    } else if (find->q.n != 0 && s.nterms == 0) {
        /* Nothing but punctuation: nothing has it. */
    } else if (find->near) {
        by_distance(&s);
    } else if (s.nterms != 0) {
        by_words(&s);
    } else if (find->has_box) {
        by_box(&s);
    } else {
        by_index(&s);
    }

    *n = s.n;
    *next = s.stopped ? s.next : SHIAN_NONE;

    if (s.failed || t->err != 0) {
        return shian_fail(report, 500, "server", "The search failed.");
    }

    return true;
}
