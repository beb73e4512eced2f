#include "tally.h"

#include <errno.h>

#include "patrol.h"


Shian__Tally *
shian_tally_get(shian_txn_t *t, uint64_t venue)
{
    Shian__Tally  *tally;

    tally = shian_get(t, SHIAN_T_TALLY, venue, &shian__tally__descriptor);

    if (tally == NULL) {
        tally = shian_alloc(t->arena, sizeof(*tally));
        if (tally == NULL) {
            t->err = ENOMEM;
            return NULL;
        }
        shian__tally__init(tally);
    }

    return tally;
}


/* rev is field 1, so the row begins with its tag and varint: read just that. */
uint64_t
shian_tally_rev(shian_txn_t *t, uint64_t venue)
{
    size_t          i;
    uint64_t        rev;
    shian_str_t     v;
    shian_rowkey_t  k = shian_rowkey_id(venue);

    if (!shian_row_get(t, SHIAN_T_TALLY, &k, &v) || v.n < 2 || v.p[0] != 8) {
        return 0;
    }

    for (rev = 0, i = 1; i < v.n && i <= 10; i++) {
        rev |= (uint64_t) (v.p[i] & 0x7f) << (7 * (i - 1));
        if ((v.p[i] & 0x80) == 0) {
            break;
        }
    }

    return rev;
}


void
shian_tally_put(shian_op_t *o, uint64_t venue, Shian__Tally *tally)
{
    tally->has_rev = 1;
    tally->rev++;
    shian_patrol_keep(o->txn, venue, tally);
    shian_put_record(o->txn, SHIAN_T_TALLY, venue, tally);
}


shian_rowkey_t
shian_review_prefix(char field, uint64_t value)
{
    shian_rowkey_t  k;

    k.n = 0;
    shian_rowkey_be(&k, (uint8_t) field, 1);
    shian_rowkey_be(&k, value, 8);

    return k;
}


shian_rowkey_t
shian_review_key(char field, uint64_t value, uint64_t at_ms, uint64_t id)
{
    shian_rowkey_t  k = shian_review_prefix(field, value);

    shian_rowkey_be(&k, ~at_ms, 8);
    shian_rowkey_be(&k, id, 8);

    return k;
}


void
shian_review_index(shian_txn_t *t, const Shian__Review *r)
{
    uint8_t         v[2];
    shian_rowkey_t  k;

    k = shian_review_key('v', r->venue, r->at, r->id);
    v[0] = (uint8_t) (r->hygiene | (unsigned) r->state << 4);
    v[1] = (uint8_t) (r->food | r->service << 4);

    shian_row_put(t, SHIAN_T_REVIEW_BY, &k, shian_slice(v, sizeof(v)));
}


void
shian_tally_review(shian_arena_t *a, Shian__Tally *tally, uint32_t hygiene,
    uint32_t food, uint32_t service, int delta)
{
    uint64_t  d = (uint64_t) (int64_t) delta;

    if (tally->n_histogram != 5) {
        tally->histogram = shian_array(a, 5, sizeof(*tally->histogram));
        tally->n_histogram = tally->histogram == NULL ? 0 : 5;
    }

    tally->has_reviews = tally->has_hygiene_sum = 1;
    tally->reviews += (uint32_t) d;
    tally->hygiene_sum += d * hygiene;

    if (hygiene >= 1 && hygiene <= tally->n_histogram) {
        tally->histogram[hygiene - 1] += (uint32_t) d;
    }

    if (food != 0) {
        tally->has_food_reviews = tally->has_food_sum = 1;
        tally->food_reviews += (uint32_t) d;
        tally->food_sum += d * food;
    }

    if (service != 0) {
        tally->has_service_reviews = tally->has_service_sum = 1;
        tally->service_reviews += (uint32_t) d;
        tally->service_sum += d * service;
    }
}


/* ---- the colour's index and counters -------------------------------------*/

/* Best first; those without a colour to compare come last. */
uint8_t
shian_colour_order(Shian__Colour__Kind colour)
{
    switch (colour) {
    case SHIAN__COLOUR__KIND__green:
        return 1;
    case SHIAN__COLOUR__KIND__yellow:
        return 2;
    case SHIAN__COLOUR__KIND__red:
        return 3;
    case SHIAN__COLOUR__KIND__closed:
        return 5;
    default:
        return 4;
    }
}


static shian_rowkey_t
colour_key(const Shian__Venue *v, const Shian__Grade *g)
{
    shian_rowkey_t  k;

    k.n = 0;
    shian_rowkey_be(&k, 'c', 1);
    shian_rowkey_be(&k, shian_colour_order(g == NULL
                                           ? SHIAN__COLOUR__KIND__ungraded
                                           : g->colour), 1);
    shian_rowkey_be(&k, 0xffff - (uint64_t) (g == NULL ? 0 : g->score), 2);
    shian_rowkey_be(&k, v->id, 8);

    return k;
}


static void
count(shian_txn_t *t, const Shian__Venue *v, const Shian__Grade *g,
    int delta)
{
    uint8_t  colour;

    colour = g == NULL ? 0 : (uint8_t) g->colour;

    shian_count_add(t, 'c', SHIAN_NONE, colour, delta);
    shian_count_add(t, 'd', shian_str(v->district), colour, delta);
    shian_count_add(t, 'k', shian_str(v->category), colour, delta);
}


static bool
same_text(const char *a, const char *b)
{
    return shian_str_eq(shian_str(a), shian_str(b));
}


void
shian_recount(shian_txn_t *t, const Shian__Venue *was,
    const Shian__Grade *was_grade, const Shian__Venue *is,
    const Shian__Grade *is_grade)
{
    shian_rowkey_t  old, new;

    if (was != NULL) {
        old = colour_key(was, was_grade);
        new = colour_key(is, is_grade);

        if (memcmp(old.b, new.b, old.n) == 0) {
            if (same_text(was->district, is->district)
                && same_text(was->category, is->category))
            {
                return;
            }
        }

        shian_row_del(t, SHIAN_T_VENUE_BY, &old);
        count(t, was, was_grade, -1);
    }

    new = colour_key(is, is_grade);
    shian_index_put(t, SHIAN_T_VENUE_BY, &new, 1);
    count(t, is, is_grade, 1);
}
