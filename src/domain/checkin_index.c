#include "checkin.h"

#include "core/geo.h"

#define STATE(name)  SHIAN__INSPECTION__STATE__##name


shian_rowkey_t
shian_checkin_prefix(char field, uint64_t value)
{
    shian_rowkey_t  k;

    k.n = 0;
    shian_rowkey_be(&k, (uint8_t) field, 1);
    shian_rowkey_be(&k, value, 8);

    return k;
}


static shian_rowkey_t
inspection_key(const Shian__Inspection *in)
{
    shian_rowkey_t  k = shian_rowkey_id(in->venue);

    shian_rowkey_be(&k, ~(uint32_t) in->on, 4);
    shian_rowkey_be(&k, in->id, 8);

    return k;
}


/* One visit by what its device says, however often it is sent. */
static shian_rowkey_t
same_key(uint64_t user, uint64_t venue, uint64_t started_ms)
{
    shian_rowkey_t  k = shian_checkin_prefix('k', user);

    shian_rowkey_be(&k, venue, 8);
    shian_rowkey_be(&k, started_ms, 8);

    return k;
}


Shian__Inspection *
shian_inspection_get(shian_txn_t *t, uint64_t venue, uint64_t id)
{
    shian_str_t     v;
    shian_rowkey_t  k;

    k = shian_checkin_prefix('i', id);

    if (!shian_row_get(t, SHIAN_T_INSPECTION_BY, &k, &v) || v.n != 12
        || (venue != 0 && shian_be(v.p, 8) != venue))
    {
        return NULL;
    }

    k.n = 0;
    shian_rowkey_bytes(&k, v.p, 8);
    shian_rowkey_be(&k, ~(uint32_t) shian_be(v.p + 8, 4), 4);
    shian_rowkey_be(&k, id, 8);

    return shian_row_message(t, SHIAN_T_INSPECTION, &k,
                             &shian__inspection__descriptor);
}


bool
shian_inspection_counts(const Shian__Inspection *in)
{
    return !in->has_state || (in->state != STATE(waiting)
                              && in->state != STATE(rejected));
}


bool
shian_inspection_is_evidence(const Shian__Inspection *in)
{
    return shian_inspection_counts(in)
           && (in->on_site || in->state == STATE(confirmed));
}


bool
shian_checkin_read(shian_str_t key, shian_str_t value, shian_checkin_t *out)
{
    if (key.n != 25 || value.n != 31) {
        return false;
    }

    out->began_ms = ~shian_be(key.p + 9, 8);
    out->id = shian_be(key.p + 17, 8);
    out->ended_ms = shian_be(value.p, 8);
    out->venue = shian_be(value.p + 8, 8);
    out->place = shian_be(value.p + 16, 8);
    out->passed = (uint32_t) shian_be(value.p + 24, 2);
    out->failed = (uint32_t) shian_be(value.p + 26, 2);
    out->flags = value.p[28];
    out->state = (Shian__Inspection__State) value.p[29];
    out->on_site = value.p[30] != 0;

    return true;
}


static uint32_t
flag_bits(const Shian__Inspection *in)
{
    size_t    i;
    uint32_t  bits;

    for (bits = 0, i = 0; i < in->n_flags; i++) {
        bits |= 1u << in->flags[i];
    }

    return bits;
}


/* Those that are evidence, the one that ended last first. */
static void
index_counted(shian_txn_t *t, const Shian__Inspection *in)
{
    shian_rowkey_t  k, v;

    k = shian_checkin_prefix('v', in->venue);
    shian_rowkey_be(&k, ~in->ended_at, 8);
    shian_rowkey_be(&k, in->id, 8);

    if (!shian_inspection_is_evidence(in)) {
        shian_row_del(t, SHIAN_T_INSPECTION_BY, &k);
        return;
    }

    /* One without answers, from a list, makes nothing late. */
    v = shian_rowkey_id(in->n_items == 0 ? UINT64_MAX : in->counted_by);
    shian_rowkey_be(&v, (uint32_t) in->on, 4);
    shian_row_put(t, SHIAN_T_INSPECTION_BY, &k, shian_slice(v.b, v.n));
}


void
shian_inspection_put(shian_op_t *o, const Shian__Inspection *in)
{
    bool            waits;
    uint64_t        place;
    shian_rowkey_t  k, v;

    k = inspection_key(in);
    shian_row_put_message(o->txn, SHIAN_T_INSPECTION, &k, in);

    v.n = 0;
    shian_rowkey_be(&v, in->venue, 8);
    shian_rowkey_be(&v, (uint32_t) in->on, 4);
    k = shian_checkin_prefix('i', in->id);
    shian_row_put(o->txn, SHIAN_T_INSPECTION_BY, &k, shian_slice(v.b, v.n));

    index_counted(o->txn, in);

    waits = in->state == STATE(waiting) || in->state == STATE(flagged);
    k = shian_checkin_prefix('w', ~in->at);
    shian_rowkey_be(&k, in->id, 8);

    if (waits) {
        shian_row_put(o->txn, SHIAN_T_INSPECTION_BY, &k,
                      shian_slice(v.b, v.n));
    } else {
        shian_row_del(o->txn, SHIAN_T_INSPECTION_BY, &k);
    }

    if (in->user == 0) {
        return;
    }

    place = in->has_lat ? shian_geo_key((shian_point_t) { in->lat,
                                                          in->lng }) : 0;
    v.n = 0;
    shian_rowkey_be(&v, in->ended_at, 8);
    shian_rowkey_be(&v, in->venue, 8);
    shian_rowkey_be(&v, place, 8);
    shian_rowkey_be(&v, in->passed, 2);
    shian_rowkey_be(&v, in->failed, 2);
    shian_rowkey_be(&v, flag_bits(in), 1);
    shian_rowkey_be(&v, in->state, 1);
    shian_rowkey_be(&v, in->on_site, 1);
    k = shian_checkin_prefix('u', in->user);
    shian_rowkey_be(&k, ~in->began_at, 8);
    shian_rowkey_be(&k, in->id, 8);
    shian_row_put(o->txn, SHIAN_T_INSPECTION_BY, &k, shian_slice(v.b, v.n));

    k = same_key(in->user, in->venue, in->started_at);
    v = shian_rowkey_id(in->id);
    shian_row_put(o->txn, SHIAN_T_INSPECTION_BY, &k, shian_slice(v.b, v.n));
}


bool
shian_visit_last(shian_txn_t *t, uint64_t venue, uint64_t *ended,
    int32_t *on)
{
    bool            found;
    shian_scan_t    scan;
    shian_rowkey_t  prefix = shian_checkin_prefix('v', venue);

    shian_scan_open(&scan, t, SHIAN_T_INSPECTION_BY, &prefix, NULL);
    found = shian_scan_next(&scan) && scan.key.n == 25 && scan.value.n == 12;

    if (found) {
        *ended = ~shian_be(scan.key.p + 9, 8);
        *on = (int32_t) shian_be(scan.value.p + 8, 4);
    }

    shian_scan_close(&scan);

    return found;
}


bool
shian_visit_is_late(shian_txn_t *t, uint64_t venue, uint64_t ended,
    uint64_t counted)
{
    bool            late;
    shian_scan_t    scan;
    shian_rowkey_t  prefix = shian_checkin_prefix('v', venue);

    late = false;
    shian_scan_open(&scan, t, SHIAN_T_INSPECTION_BY, &prefix, NULL);

    while (!late && shian_scan_next(&scan) && scan.key.n == 25
           && scan.value.n == 12 && ~shian_be(scan.key.p + 9, 8) > ended)
    {
        late = shian_be(scan.value.p, 8) < counted;
    }

    shian_scan_close(&scan);

    return late;
}


uint64_t
shian_checkin_same(shian_txn_t *t, uint64_t user, uint64_t venue,
    uint64_t started_ms)
{
    shian_str_t     v;
    shian_rowkey_t  k = same_key(user, venue, started_ms);

    return shian_row_get(t, SHIAN_T_INSPECTION_BY, &k, &v) && v.n == 8
           ? shian_be(v.p, 8) : 0;
}


bool
shian_checkin_before(shian_txn_t *t, uint64_t user, uint64_t began_ms,
    shian_checkin_t *out)
{
    bool            found;
    shian_scan_t    scan;
    shian_rowkey_t  prefix, start;

    prefix = shian_checkin_prefix('u', user);
    start = prefix;
    shian_rowkey_be(&start, ~began_ms, 8);

    shian_scan_open(&scan, t, SHIAN_T_INSPECTION_BY, &prefix, &start);
    found = shian_scan_next(&scan)
            && shian_checkin_read(scan.key, scan.value, out);
    shian_scan_close(&scan);

    return found;
}


bool
shian_checkin_after(shian_txn_t *t, uint64_t user, uint64_t began_ms,
    shian_checkin_t *out)
{
    bool             found;
    shian_scan_t     scan;
    shian_rowkey_t   prefix = shian_checkin_prefix('u', user);
    shian_checkin_t  one;

    /* The newest come first, and few arrive out of order. */
    found = false;
    shian_scan_open(&scan, t, SHIAN_T_INSPECTION_BY, &prefix, NULL);

    while (shian_scan_next(&scan)
           && shian_checkin_read(scan.key, scan.value, &one)
           && one.began_ms > began_ms)
    {
        *out = one;
        found = true;
    }

    shian_scan_close(&scan);

    return found;
}
