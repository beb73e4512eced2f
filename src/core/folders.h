/*
 * Folders in the order in which they are looked through, as one string with
 * colons between: "/etc/shian/html:/usr/share/shian/html".  What stands in an
 * earlier one takes the place of what a later one has.
 */

#ifndef SHIAN_FOLDERS_H
#define SHIAN_FOLDERS_H

#include "base.h"

/*
 * Takes the next folder off *rest, which begins as the list; empty ones are
 * passed over.  False: there is none left.  After the last one *rest is "".
 */
bool shian_folders_next(const char **rest, shian_str_t *folder);

/*
 * The path of `name` in the first folder that has it, and in the last one
 * where none has; in arena a, NULL without memory or folders.  Looks at the
 * disk.  Any thread.
 */
char *shian_folders_find(shian_arena_t *a, const char *list,
    const char *name);

#endif /* SHIAN_FOLDERS_H */
