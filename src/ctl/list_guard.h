/*
 * The machine that runs the operations of a list: the domain's, and before it
 * what a list alone may not do.  One list at a time, one thread.
 */

#ifndef SHIAN_LIST_GUARD_H
#define SHIAN_LIST_GUARD_H

#include "list.h"

extern const shian_machine_t  shian_guarded;

/* Before each slice: the next operation is the first that waits. */
void shian_guard_begin(shian_list_t *l);

#endif /* SHIAN_LIST_GUARD_H */
