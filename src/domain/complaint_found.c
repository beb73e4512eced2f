/*
 * A complaint's decisions, each beside those before, what those that stand
 * found failing, and what follows for the venue.
 */

#include <errno.h>

#include "filing.h"
#include "finding.h"
#include "mark.h"


/* ---- decisions ------------------------------------------------------------*/

/* The decision that stands; NULL: none was made, or all were corrected. */
static Shian__Complaint__Decision *
standing(const Shian__Complaint *c)
{
    size_t  i;

    for (i = c->n_decisions; i > 0; i--) {
        if (!c->decisions[i - 1]->corrected) {
            return c->decisions[i - 1];
        }
    }

    return NULL;
}


static void
add_decision(shian_op_t *o, Shian__Complaint *c)
{
    size_t                        i;
    Shian__Complaint__Decision   *d, **all;
    const Shian__ComplaintStep   *op = o->op->complaint_step;

    d = shian_alloc(o->arena, sizeof(*d));
    all = shian_array(o->arena, c->n_decisions + 1, sizeof(*all));

    if (d == NULL || all == NULL) {
        o->txn->err = ENOMEM;
        return;
    }

    shian__complaint__decision__init(d);
    d->has_at = d->has_by = d->has_outcome = 1;
    d->at = o->op->at;
    d->by = o->op->actor->user;
    d->outcome = op->outcome;
    d->public_text = op->public_text;
    d->checklist = op->checklist;
    d->findings = op->findings;
    d->n_findings = op->n_findings;

    for (i = 0; i < c->n_decisions; i++) {
        all[i] = c->decisions[i];
    }

    all[c->n_decisions++] = d;
    c->decisions = all;
}


/* What is decided is what the decision that stands says. */
static void
take_decision(Shian__Complaint *c)
{
    const Shian__Complaint__Decision  *d = standing(c);

    c->has_outcome = c->has_decided_at = d != NULL;
    c->outcome = d == NULL ? 0 : d->outcome;
    c->decided_at = d == NULL ? 0 : d->at;
    c->public_text = d == NULL ? NULL : d->public_text;
}


void
shian_complaint_decided(shian_op_t *o, Shian__Complaint *c)
{
    add_decision(o, c);
    take_decision(c);
}


void
shian_complaint_take_back(Shian__Complaint *c)
{
    Shian__Complaint__Decision  *d = standing(c);

    if (d != NULL) {
        d->has_corrected = d->corrected = 1;
        take_decision(c);
    }
}


/* ---- what they found ------------------------------------------------------*/

static bool
has_found(const Shian__Complaint *c, const char *item, uint64_t at_ms)
{
    size_t  i;

    for (i = 0; i < c->n_found; i++) {
        if (c->found[i]->at == at_ms && strcmp(c->found[i]->item, item) == 0)
        {
            return true;
        }
    }

    return false;
}


static void
put_mark(shian_op_t *o, const Shian__Complaint *c,
    const Shian__Complaint__Decision *d,
    const Shian__ComplaintStep__Breach *b)
{
    Shian__Mark  m = SHIAN__MARK__INIT;

    m.has_source = m.has_id = m.has_at = m.has_failed = 1;
    m.source = SHIAN__MARK__SOURCE__complaint;
    m.id = c->id;
    m.at = d->at;
    m.failed = 1;
    m.has_severity = m.has_deadline_on = m.has_user = 1;
    m.severity = b->severity;
    m.deadline_on = b->deadline_on;
    m.note = b->note;
    m.checklist = d->checklist;
    m.user = d->by;
    shian_mark_put(o, c->venue, b->item, &m);
}


/* The first of the decisions that count: none before a "nothing" does. */
static size_t
first_that_counts(const Shian__Complaint *c)
{
    size_t  i;

    for (i = c->n_decisions; i > 0; i--) {
        if (!c->decisions[i - 1]->corrected
            && c->decisions[i - 1]->outcome
               != SHIAN__OUTCOME__KIND__substantiated)
        {
            break;
        }
    }

    return i;
}


/* Marks are put and taken away until they are those of what stands. */
static void
find(shian_op_t *o, const Shian__Complaint *was, Shian__Complaint *is)
{
    size_t                               i, j, n;
    Shian__Complaint__Breach            *b, **all;
    const Shian__Complaint__Decision    *d;

    for (n = 0, i = 0; i < is->n_decisions; i++) {
        n += is->decisions[i]->n_findings;
    }

    all = shian_array(o->arena, n + 1, sizeof(*all));
    b = shian_array(o->arena, n + 1, sizeof(*b));

    if (all == NULL || b == NULL) {
        o->txn->err = ENOMEM;
        return;
    }

    for (n = 0, i = first_that_counts(is); i < is->n_decisions; i++) {
        d = is->decisions[i];

        for (j = 0; !d->corrected && j < d->n_findings; j++) {
            shian__complaint__breach__init(&b[n]);
            b[n].has_at = 1;
            b[n].at = d->at;
            b[n].item = d->findings[j]->item;
            all[n] = &b[n];
            n++;

            if (!has_found(was, d->findings[j]->item, d->at)) {
                put_mark(o, is, d, d->findings[j]);
            }
        }
    }

    is->found = all;
    is->n_found = n;

    for (i = 0; i < was->n_found; i++) {
        if (!has_found(is, was->found[i]->item, was->found[i]->at)) {
            shian_mark_del(o, is->venue, was->found[i]->item,
                           was->found[i]->at,
                           SHIAN__MARK__SOURCE__complaint, is->id);
        }
    }
}


static void
derive(shian_op_t *o, Shian__Tally *tally, const Shian__Complaint *c)
{
    size_t  i;

    for (i = 0; i < c->n_found; i++) {
        shian_finding_derive(o, tally, c->venue, c->found[i]->item);
    }
}


void
shian_complaint_settle(shian_op_t *o, const Shian__Complaint *was,
    Shian__Complaint *is)
{
    bool               changed;
    Shian__Tally      *tally;
    Shian__Complaint  *head;

    tally = is->has_venue ? shian_tally_get(o->txn, is->venue) : NULL;

    if (tally == NULL) {
        shian_complaint_put(o, was, is);
        return;
    }

    find(o, was, is);
    shian_complaint_put(o, was, is);
    derive(o, tally, was);
    derive(o, tally, is);
    changed = shian_filing_count(o, tally, is);

    /* Parted from it: then that one counts for itself. */
    head = was->has_merged_into && !is->has_merged_into
           ? shian_complaint_get(o->txn, was->merged_into) : NULL;
    changed |= head != NULL && shian_filing_count(o, tally, head);

    if (changed || shian_is_substantiated(was) || shian_is_substantiated(is))
    {
        shian_settle(o, is->venue, tally);
    }
}
