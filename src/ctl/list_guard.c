/*
 * What a row may do to a venue of the store, looked at where the operation is
 * checked: inside of the batch, after the rows before it.
 */

#include "list_guard.h"

#include <errno.h>
#include <stdlib.h>

#include "args.h"
#include "core/text.h"
#include "domain/rules.h"
#include "domain/venue.h"

/*
 * The operations of a batch are checked in their order, so a counter tells
 * which row is meant.  The command line has one list and one thread.
 */
static struct {
    shian_list_t  *list;
    size_t         next;
} guard;


uint32_t
shian_list_touched(const shian_list_t *l, uint64_t venue)
{
    return venue < l->ntouched ? l->touched[venue] : 0;
}


static void
touch(shian_op_t *o, uint64_t venue, uint64_t row)
{
    size_t         n;
    uint32_t      *grown;
    shian_list_t  *l = guard.list;

    if (venue >= l->ntouched) {
        n = l->ntouched == 0 ? 4096 : l->ntouched;

        while (n <= venue && n < SIZE_MAX / 16) {
            n *= 2;
        }

        grown = realloc(l->touched, n * sizeof(*grown));
        if (grown == NULL || n <= venue) {
            o->txn->err = ENOMEM;
            return;
        }

        memset(grown + l->ntouched, 0,
               (n - l->ntouched) * sizeof(*grown));
        l->touched = grown;
        l->ntouched = n;
    }

    l->touched[venue] = row > UINT32_MAX ? UINT32_MAX : (uint32_t) row;
}


/* What the row's status, or none, does to that of the store. */
static void
look_at_status(shian_pending_t *p, const Shian__Venue *v,
    const Shian__Venue *row)
{
    shian_reasons_t  *r = &guard.list->warnings;

    p->returns = row != NULL && shian_venue_returns(v, row);

    if (row != NULL && row->source != NULL
        && shian_venue_status_kept(v, row))
    {
        p->warnings |= shian_list_reason(r, "status left as the office "
                                              "set it");

    } else if (v->status == SHIAN__VENUE__STATUS__closed && !p->returns
               && (row == NULL || !row->has_status))
    {
        p->warnings |= shian_list_reason(r, "closed in the store");
    }
}


/*
 * Whether both are given and one is not the other, whatever its width, case
 * and punctuation; nor a part of it, unless `strictly`.
 */
static bool
differ(shian_arena_t *a, const char *x, const char *y, bool strictly)
{
    shian_str_t  kx, ky;

    if (x == NULL || y == NULL || strcmp(x, y) == 0
        || !shian_text_key(a, shian_str(x), &kx)
        || !shian_text_key(a, shian_str(y), &ky) || kx.n == 0 || ky.n == 0)
    {
        return false;
    }

    return strictly ? !shian_str_eq(kx, ky)
           : memmem(kx.p, kx.n, ky.p, ky.n) == NULL
             && memmem(ky.p, ky.n, kx.p, kx.n) == NULL;
}


static bool
agree(const char *x, const char *y)
{
    return x != NULL && y != NULL && strcmp(x, y) == 0;
}


const char *
shian_list_other(shian_arena_t *a, const Shian__Venue *found,
    const Shian__Venue *row)
{
    bool  ref, uscc, licence;

    ref = agree(found->ref, row->ref) && agree(found->source, row->source);
    uscc = agree(found->uscc, row->uscc);
    licence = agree(found->licence_no, row->licence_no);

    /* Branches share a code, and one's name is often part of another's. */
    if (ref + uscc + licence != 1
        || !differ(a, found->name, row->name, !ref)
        || !differ(a, found->address, row->address, !ref))
    {
        return NULL;
    }

    return ref ? "ref" : uscc ? "uscc" : "licence_no";
}


/* The row is for another restaurant than the one it leads to. */
static bool
leads_astray(shian_op_t *o, shian_pending_t *p, const Shian__Venue *v)
{
    const char    *by;
    Shian__Venue  *row;

    if (o->op->body_case != SHIAN__OPERATION__BODY_VENUE_UPSERT
        || shian_flag(guard.list->ctl, "renamed"))
    {
        return false;
    }

    row = o->op->venue_upsert->venue;
    by = shian_list_other(o->arena, v, row);

    if (by != NULL) {
        p->detail = shian_printf(&guard.list->slice.arena, "its %s is that "
                                 "of %s, %s; if it was renamed and moved, "
                                 "import it with --renamed", by, v->name,
                                 v->address);
    }

    return by != NULL;
}


/* A new number for who seems to be there already. */
static void
look_for_twin(shian_op_t *o, shian_pending_t *p)
{
    Shian__Venue         twin = SHIAN__VENUE__INIT;
    const Shian__Venue  *row;

    if (o->op->body_case != SHIAN__OPERATION__BODY_VENUE_UPSERT) {
        return;
    }

    row = o->op->venue_upsert->venue;
    twin.name = row->name;
    twin.address = row->address;

    if (row->name != NULL && row->address != NULL
        && shian_venue_match(o->txn, &twin) != 0)
    {
        p->warnings |= shian_list_reason(&guard.list->warnings,
                                              "new, with the name and "
                                              "address of another");
    }
}


static bool
guarded_check(shian_op_t *o)
{
    Shian__Venue     *v;
    shian_pending_t  *p;

    p = &guard.list->pending[guard.list->of_item[guard.next++]];

    if (!shian_machine.check(o)) {
        return false;
    }

    if (!guard.list->once) {
        return true;
    }

    if (!o->result.has_id || o->result.id == 0) {
        look_for_twin(o, p);
        return true;
    }

    if (shian_list_touched(guard.list, o->result.id) != 0) {
        return shian_fail(o->report, 409, "duplicate", NULL);
    }

    v = shian_venue_get(o->txn, o->result.id);

    if (v != NULL && leads_astray(o, p, v)) {
        return shian_fail(o->report, 409, "other", NULL);
    }

    if (v != NULL) {
        look_at_status(p, v, o->op->body_case
                             == SHIAN__OPERATION__BODY_VENUE_UPSERT
                             ? o->op->venue_upsert->venue : NULL);
    }

    touch(o, o->result.id, p->row);
    return true;
}


static void
guarded_apply(shian_op_t *o)
{
    size_t  i;

    shian_machine.apply(o);
    i = guard.list->of_item[guard.next - 1];

    if (guard.list->once && o->result.has_id) {
        touch(o, o->result.id, guard.list->pending[i].row);
    }
}


const shian_machine_t  shian_guarded = {
    guarded_check, guarded_apply, shian_rules_known
};


void
shian_guard_begin(shian_list_t *l)
{
    guard.list = l;
    guard.next = 0;
}
