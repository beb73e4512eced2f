#include "evidence.h"

#include <errno.h>

#define FORGOTTEN  32               /* rows taken away at a time */

/* A change on its way to the table, oldest first. */
struct shian_noted_s {
    uint64_t          venue;
    uint64_t          at_ms;
    shian_rowkey_t    key;
    shian_str_t       value;        /* NONE: taken away */
    bool              all;          /* of its kind and id, at any instant */
    shian_noted_t    *next;
};


static shian_noted_t *
note(shian_op_t *o, uint64_t venue, uint64_t at_ms,
    Shian__Evidence__Kind kind, uint64_t id, shian_str_t value)
{
    shian_noted_t  *n, **end;

    n = shian_alloc(o->arena, sizeof(*n));
    if (n == NULL) {
        o->txn->err = ENOMEM;
        return NULL;
    }

    n->venue = venue;
    n->at_ms = at_ms;
    n->key = shian_rowkey_id(venue);
    shian_rowkey_be(&n->key, at_ms, 8);
    shian_rowkey_be(&n->key, kind, 1);
    shian_rowkey_be(&n->key, id, 8);
    n->value = value;
    n->all = false;
    n->next = NULL;

    for (end = &o->noted; *end != NULL; end = &(*end)->next) {
        /* void */
    }

    *end = n;

    return n;
}


void
shian_evidence_put(shian_op_t *o, uint64_t venue, uint64_t at_ms,
    const Shian__Evidence *e)
{
    Shian__Evidence  row = *e;

    row.has_seq = 1;
    row.seq = o->seq;
    (void) note(o, venue, at_ms < o->op->at ? at_ms : o->op->at, e->kind,
                e->id, shian_pack(o->arena, &row));
}


void
shian_evidence_del(shian_op_t *o, uint64_t venue, uint64_t at_ms,
    Shian__Evidence__Kind kind, uint64_t id)
{
    (void) note(o, venue, at_ms < o->op->at ? at_ms : o->op->at, kind, id,
                SHIAN_NONE);
}


void
shian_evidence_forget(shian_op_t *o, uint64_t venue,
    Shian__Evidence__Kind kind, uint64_t id)
{
    shian_noted_t  *n;

    n = note(o, venue, 0, kind, id, SHIAN_NONE);

    if (n != NULL) {
        n->all = true;
    }
}


bool
shian_evidence_noted(const shian_op_t *o, uint64_t venue)
{
    const shian_noted_t  *n;

    for (n = o->noted; n != NULL && n->venue != venue; n = n->next) {
        /* void */
    }

    return n != NULL;
}


/* Does the table have it already, whoever put it there? */
static bool
stands(shian_op_t *o, const shian_noted_t *n)
{
    shian_str_t       v;
    Shian__Evidence  *is, *was;

    if (!shian_row_get(o->txn, SHIAN_T_EVIDENCE, &n->key, &v)) {
        return n->value.n == 0;
    }

    if (n->value.n == 0) {
        return false;
    }

    was = shian__evidence__unpack(&o->arena->pb, v.n, v.p);
    is = shian__evidence__unpack(&o->arena->pb, n->value.n, n->value.p);

    if (was == NULL || is == NULL) {
        o->txn->err = ENOMEM;
        return false;
    }

    is->seq = was->seq;

    return shian_str_eq(v, shian_pack(o->arena, is));
}


/* Takes away what has the kind and id of n.  Returns the earliest instant. */
static uint64_t
forget(shian_op_t *o, const shian_noted_t *n)
{
    size_t          i, count;
    uint64_t        first;
    shian_scan_t    scan;
    shian_rowkey_t  prefix, keys[FORGOTTEN];

    first = SHIAN_NEVER;
    prefix = shian_rowkey_id(n->venue);

    do {
        count = 0;
        shian_scan_open(&scan, o->txn, SHIAN_T_EVIDENCE, &prefix, NULL);

        while (count < FORGOTTEN && shian_scan_next(&scan)
               && scan.key.n == 25)
        {
            if (memcmp(scan.key.p + 16, n->key.b + 16, 9) == 0) {
                keys[count].n = 0;
                shian_rowkey_bytes(&keys[count++], scan.key.p, scan.key.n);
            }
        }

        shian_scan_close(&scan);

        for (i = 0; i < count; i++) {
            if (shian_be(keys[i].b + 8, 8) < first) {
                first = shian_be(keys[i].b + 8, 8);
            }
            shian_row_del(o->txn, SHIAN_T_EVIDENCE, &keys[i]);
        }
    } while (count == FORGOTTEN);

    return first;
}


uint64_t
shian_evidence_write(shian_op_t *o, uint64_t venue)
{
    uint64_t         first, at;
    shian_noted_t  **n;

    first = SHIAN_NEVER;

    for (n = &o->noted; *n != NULL; ) {

        if ((*n)->venue != venue) {
            n = &(*n)->next;
            continue;
        }

        at = SHIAN_NEVER;

        if ((*n)->all) {
            at = forget(o, *n);

        } else if (!stands(o, *n)) {
            at = (*n)->at_ms;

            if ((*n)->value.n == 0) {
                shian_row_del(o->txn, SHIAN_T_EVIDENCE, &(*n)->key);
            } else {
                shian_row_put(o->txn, SHIAN_T_EVIDENCE, &(*n)->key,
                              (*n)->value);
            }
        }

        first = at < first ? at : first;
        *n = (*n)->next;
    }

    return first;
}


void
shian_evidence_settle(shian_op_t *o)
{
    uint64_t       venue;
    Shian__Tally  *tally;

    while (o->noted != NULL && o->txn->err == 0) {
        venue = o->noted->venue;
        tally = shian_tally_get(o->txn, venue);

        if (tally == NULL) {
            return;
        }

        shian_settle(o, venue, tally);
    }
}
