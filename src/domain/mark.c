#include "mark.h"

#include <errno.h>

#include "checkin.h"

#define SOURCE(name)  SHIAN__MARK__SOURCE__##name


/* ---- rows -----------------------------------------------------------------*/

static shian_rowkey_t
item_prefix(uint64_t venue, const char *item)
{
    shian_rowkey_t  k = shian_rowkey_id(venue);

    shian_rowkey_bytes(&k, item, strlen(item) + 1);

    return k;
}


static shian_rowkey_t
mark_key(uint64_t venue, const char *item, uint64_t at_ms,
    Shian__Mark__Source source, uint64_t id)
{
    shian_rowkey_t  k = item_prefix(venue, item);

    shian_rowkey_be(&k, at_ms, 8);
    shian_rowkey_be(&k, (uint64_t) source, 1);
    shian_rowkey_be(&k, id, 8);

    return k;
}


static void
put(shian_op_t *o, uint64_t venue, const char *item, const Shian__Mark *m)
{
    shian_rowkey_t  k = mark_key(venue, item, m->at, m->source, m->id);

    shian_row_put_message(o->txn, SHIAN_T_MARK, &k, m);
}


/* What the visits that count passed before the item failed for once. */
static void
put_passes(shian_op_t *o, uint64_t venue, const char *item)
{
    size_t              i;
    Shian__Mark         m = SHIAN__MARK__INIT;
    shian_scan_t        scan;
    shian_rowkey_t      prefix = shian_rowkey_id(venue);
    Shian__Inspection  *in;

    m.has_source = m.has_id = m.has_at = m.has_counted_by = 1;
    m.source = SOURCE(visit);
    shian_scan_open(&scan, o->txn, SHIAN_T_INSPECTION, &prefix, NULL);

    while (shian_scan_next(&scan)) {
        in = shian__inspection__unpack(&o->arena->pb, scan.value.n,
                                       scan.value.p);

        if (in == NULL) {
            o->txn->err = ENOMEM;
            break;
        }

        for (i = 0; shian_inspection_counts(in) && i < in->n_items; i++) {
            if (in->items[i]->result == SHIAN__ANSWER__RESULT__pass
                && strcmp(in->items[i]->code, item) == 0)
            {
                m.id = in->id;
                m.at = in->ended_at;
                m.counted_by = in->counted_by;
                put(o, venue, item, &m);
            }
        }
    }

    shian_scan_close(&scan);
}


void
shian_mark_put(shian_op_t *o, uint64_t venue, const char *item,
    const Shian__Mark *m)
{
    if (m->failed && !shian_marked(o->txn, venue, item)) {
        put_passes(o, venue, item);
    }

    put(o, venue, item, m);
}


void
shian_mark_del(shian_op_t *o, uint64_t venue, const char *item,
    uint64_t at_ms, Shian__Mark__Source source, uint64_t id)
{
    shian_rowkey_t  k = mark_key(venue, item, at_ms, source, id);

    shian_row_del(o->txn, SHIAN_T_MARK, &k);
}


Shian__Mark *
shian_mark_get(shian_txn_t *t, uint64_t venue, const char *item,
    uint64_t at_ms, Shian__Mark__Source source, uint64_t id)
{
    shian_rowkey_t  k = mark_key(venue, item, at_ms, source, id);

    return shian_row_message(t, SHIAN_T_MARK, &k, &shian__mark__descriptor);
}


bool
shian_marked(shian_txn_t *t, uint64_t venue, const char *item)
{
    bool            any;
    shian_scan_t    scan;
    shian_rowkey_t  prefix = item_prefix(venue, item);

    shian_scan_open(&scan, t, SHIAN_T_MARK, &prefix, NULL);
    any = shian_scan_next(&scan);
    shian_scan_close(&scan);

    return any;
}


size_t
shian_marks(shian_txn_t *t, uint64_t venue, const char *item,
    Shian__Mark ***marks)
{
    size_t          n, pass;
    shian_scan_t    scan;
    Shian__Mark   **list;
    shian_rowkey_t  prefix = item_prefix(venue, item);

    *marks = list = NULL;

    /* Counted first, then read. */
    for (n = 0, pass = 0; pass < 2; pass++) {
        list = pass == 0 ? NULL : shian_array(t->arena, n + 1,
                                              sizeof(*list));
        if (pass == 1 && list == NULL) {
            t->err = ENOMEM;
            return 0;
        }

        n = 0;
        shian_scan_open(&scan, t, SHIAN_T_MARK, &prefix, NULL);

        while (shian_scan_next(&scan)) {
            if (list != NULL) {
                list[n] = shian__mark__unpack(&t->arena->pb, scan.value.n,
                                              scan.value.p);
                if (list[n] == NULL) {
                    t->err = ENOMEM;
                    break;
                }
            }
            n++;
        }

        shian_scan_close(&scan);
    }

    *marks = list;

    return t->err == 0 ? n : 0;
}


bool
shian_marked_next(shian_txn_t *t, uint64_t venue, const char **item)
{
    bool            found;
    shian_scan_t    scan;
    shian_rowkey_t  prefix = shian_rowkey_id(venue), start;

    start = *item == NULL ? prefix : item_prefix(venue, *item);

    /* NUL is the end of an item's code: behind all of its rows. */
    if (*item != NULL) {
        start.b[start.n - 1] = 1;
    }

    shian_scan_open(&scan, t, SHIAN_T_MARK, &prefix, &start);
    found = shian_scan_next(&scan);

    if (found) {
        *item = shian_strdup(t->arena,
                             shian_str((const char *) scan.key.p + 8));
        found = *item != NULL;
        t->err = found ? t->err : ENOMEM;
    }

    shian_scan_close(&scan);

    return found;
}


/* ---- the fold -------------------------------------------------------------*/

static bool
is_struck(Shian__Mark **marks, size_t n, const Shian__Mark *m)
{
    size_t                   i, j;
    const Shian__Mark__Ref  *r;

    for (i = 0; i < n; i++) {
        for (j = 0; j < marks[i]->n_struck; j++) {
            r = marks[i]->struck[j];

            if (r->source == m->source && r->id == m->id && r->at == m->at) {
                return true;
            }
        }
    }

    return false;
}


size_t
shian_mark_fold(shian_arena_t *a, Shian__Mark **marks, size_t n,
    shian_found_t **found, bool *ok)
{
    size_t               i, count;
    shian_found_t       *list, *open;
    const Shian__Mark  **fails;

    /* Every list of fails is a run in one array. */
    list = shian_array(a, n + 1, sizeof(*list));
    fails = shian_array(a, n + 1, sizeof(*fails));
    *ok = list != NULL && fails != NULL;
    *found = list;

    for (open = NULL, count = 0, i = 0; *ok && i < n; i++) {

        if (marks[i]->failed && !is_struck(marks, n, marks[i])) {
            if (open == NULL) {
                open = &list[count++];
                open->fails = fails;
                open->n = 0;
                open->end = NULL;
            }

            *fails++ = marks[i];
            open->n++;

        } else if (open != NULL && !marks[i]->failed
                   && marks[i]->source != SOURCE(appeal))
        {
            open->end = marks[i];
            open = NULL;
        }
    }

    return count;
}
