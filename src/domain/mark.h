/*
 * Marks: what is known of one item of a venue's checklist, each at its own
 * instant; and the fold that makes findings of them.
 *
 * An item has rows from its first fail on.  Its passes of before are put in
 * with that, so that a fail that arrives later still finds what passed it.
 */

#ifndef SHIAN_MARK_H
#define SHIAN_MARK_H

#include "domain.h"

/* One finding as the marks give it; pointers into what was folded. */
typedef struct {
    const Shian__Mark  **fails;     /* the first one opened it */
    size_t               n;
    const Shian__Mark   *end;       /* verified by this one; NULL: open */
} shian_found_t;

/*
 * Writes the mark, source, id and at of which name it.  A fail on an item
 * that has no rows brings the passes of the venue's visits with it.  Apply
 * only.
 */
void shian_mark_put(shian_op_t *o, uint64_t venue, const char *item,
    const Shian__Mark *m);

/* Takes a mark out; none is fine.  Apply only. */
void shian_mark_del(shian_op_t *o, uint64_t venue, const char *item,
    uint64_t at_ms, Shian__Mark__Source source, uint64_t id);

/* The mark with that name, in the arena, or NULL. */
Shian__Mark *shian_mark_get(shian_txn_t *t, uint64_t venue, const char *item,
    uint64_t at_ms, Shian__Mark__Source source, uint64_t id);

/* Has the item rows? */
bool shian_marked(shian_txn_t *t, uint64_t venue, const char *item);

/*
 * The venue's next item that has rows, after *item (NULL: the first), into
 * *item, in the arena.  False: there are no more.
 */
bool shian_marked_next(shian_txn_t *t, uint64_t venue, const char **item);

/*
 * Every mark of the item in the order of their instants, in the arena.
 * Returns how many; 0 and t->err without memory.
 */
size_t shian_marks(shian_txn_t *t, uint64_t venue, const char *item,
    Shian__Mark ***marks);

/*
 * The item's findings by its marks, which are in order: a fail opens one or
 * is one more of the open one, a pass verifies it; what an appeal has struck
 * is no fail.  Returns how many, in the arena; *ok false without memory.
 * Any thread.
 */
size_t shian_mark_fold(shian_arena_t *a, Shian__Mark **marks, size_t n,
    shian_found_t **found, bool *ok);

#endif /* SHIAN_MARK_H */
