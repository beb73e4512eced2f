/*
 * What would lift a colour: the smallest set of components whose removal
 * reaches the next one.  Pure, beside grade.h.
 */

#ifndef SHIAN_BETTER_H
#define SHIAN_BETTER_H

#include "grade.h"

typedef struct {
    Shian__Colour__Kind   to;           /* the present one: none is better */
    int32_t               missing;      /* hundredths that the score lacks */
    size_t                n;
    size_t               *remove;       /* indexes of g->components */
    bool                  visit;        /* a visit, or a verified repair,
                                           must come as well */
    bool                  only_time;    /* all of remove fades by itself,
                                           nothing else does it */
} shian_better_t;

/*
 * Works out what lifts g, which shian_grade gave for p and in.  What alone
 * keeps the colour down comes first in out->remove (an expired licence, a
 * suspension, a critical finding), then the larger deductions, equal ones in
 * the order of the components.  out->remove is in the arena.  False when
 * memory has run out.  Any thread.
 */
bool shian_better(const shian_policy_t *p, const shian_grade_inputs_t *in,
    const shian_grade_t *g, shian_arena_t *a, shian_better_t *out);

#endif /* SHIAN_BETTER_H */
