/*
 * What a venue's grade rests on: dated facts, each at its own time by the
 * server's clock.  Whatever happens, happens to the grade through this: apply
 * puts rows and takes rows away, and settles the venue.
 *
 *   taking evidence back     deletes its row
 *   what arrives late        is put at its own instant in the past
 *
 * The rows of an operation are noted in it and reach the table when its venue
 * is settled; what apply has not settled by its end is settled then.
 */

#ifndef SHIAN_EVIDENCE_H
#define SHIAN_EVIDENCE_H

#include "domain.h"

#define SHIAN_EVIDENCE(name)  SHIAN__EVIDENCE__KIND__##name

/*
 * Puts a fact that is true from at_ms on (ms since 1970; later than the
 * operation is as late as it).  e has kind, id and what that kind needs: see
 * Shian__Evidence; e and what it points to are copied.  A row of the same
 * venue, instant, kind and id is replaced.  Apply only.
 */
void shian_evidence_put(shian_op_t *o, uint64_t venue, uint64_t at_ms,
    const Shian__Evidence *e);

/* Takes one away, as it was put; absent is fine.  Apply only. */
void shian_evidence_del(shian_op_t *o, uint64_t venue, uint64_t at_ms,
    Shian__Evidence__Kind kind, uint64_t id);

/* Takes all of a kind and id away, whatever their instants.  Apply only. */
void shian_evidence_forget(shian_op_t *o, uint64_t venue,
    Shian__Evidence__Kind kind, uint64_t id);

/* A fact with its kind and id set. */
static inline Shian__Evidence
shian_evidence(Shian__Evidence__Kind kind, uint64_t id)
{
    Shian__Evidence  e = SHIAN__EVIDENCE__INIT;

    e.has_kind = e.has_id = 1;
    e.kind = kind;
    e.id = id;

    return e;
}

/* The same of a day. */
static inline Shian__Evidence
shian_evidence_on(Shian__Evidence__Kind kind, uint64_t id, int32_t on)
{
    Shian__Evidence  e = shian_evidence(kind, id);

    e.has_on = 1;
    e.on = on;

    return e;
}

/* Settles every venue that apply has left with noted rows.  Apply's end. */
void shian_evidence_settle(shian_op_t *o);

/* Does the operation have noted rows of this venue? */
bool shian_evidence_noted(const shian_op_t *o, uint64_t venue);

/*
 * Writes the venue's noted rows.  Returns the instant of the earliest that
 * changes anything; SHIAN_NEVER: none does.
 */
#define SHIAN_NEVER  UINT64_MAX
uint64_t shian_evidence_write(shian_op_t *o, uint64_t venue);

#endif /* SHIAN_EVIDENCE_H */
