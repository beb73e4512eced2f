#include "evidence.h"

#include <errno.h>

/* A change on its way to the table, oldest first. */
struct shian_noted_s {
    uint64_t          venue;
    uint64_t          at_ms;
    shian_rowkey_t    key;
    shian_str_t       value;        /* NONE: taken away */
    shian_noted_t    *next;
};


static void
note(shian_op_t *o, uint64_t venue, uint64_t at_ms,
    Shian__Evidence__Kind kind, uint64_t id, shian_str_t value)
{
    shian_noted_t  *n, **end;

    n = shian_alloc(o->arena, sizeof(*n));
    if (n == NULL) {
        o->txn->err = ENOMEM;
        return;
    }

    n->venue = venue;
    n->at_ms = at_ms;
    n->key = shian_rowkey_id(venue);
    shian_rowkey_be(&n->key, at_ms, 8);
    shian_rowkey_be(&n->key, kind, 1);
    shian_rowkey_be(&n->key, id, 8);
    n->value = value;
    n->next = NULL;

    for (end = &o->noted; *end != NULL; end = &(*end)->next) {
        /* void */
    }

    *end = n;
}


void
shian_evidence_put(shian_op_t *o, uint64_t venue, uint64_t at_ms,
    const Shian__Evidence *e)
{
    Shian__Evidence  row = *e;

    row.has_seq = 1;
    row.seq = o->seq;
    note(o, venue, at_ms < o->op->at ? at_ms : o->op->at, e->kind, e->id,
         shian_pack(o->arena, &row));
}


void
shian_evidence_del(shian_op_t *o, uint64_t venue, uint64_t at_ms,
    Shian__Evidence__Kind kind, uint64_t id)
{
    note(o, venue, at_ms < o->op->at ? at_ms : o->op->at, kind, id,
         SHIAN_NONE);
}


/* The venue's noted rows go into the table. */
static void
write_noted(shian_op_t *o, uint64_t venue)
{
    shian_noted_t  **n;

    for (n = &o->noted; *n != NULL; ) {

        if ((*n)->venue != venue) {
            n = &(*n)->next;
            continue;
        }

        if ((*n)->value.n == 0) {
            shian_row_del(o->txn, SHIAN_T_EVIDENCE, &(*n)->key);
        } else {
            shian_row_put(o->txn, SHIAN_T_EVIDENCE, &(*n)->key, (*n)->value);
        }

        *n = (*n)->next;
    }
}


void
shian_settle(shian_op_t *o, uint64_t venue, Shian__Tally *tally)
{
    Shian__Venue  *v;

    write_noted(o, venue);
    v = shian_venue_get(o->txn, venue);

    if (v != NULL) {
        shian_regrade(o, v, tally);
    }

    shian_tally_put(o, venue, tally);
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
