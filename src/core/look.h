/*
 * Looking at files with another user's eyes: in a child process, which is
 * that user, and which may end without ending us.
 */

#ifndef SHIAN_LOOK_H
#define SHIAN_LOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Looks; false with one line in err. */
typedef bool (*shian_look_t)(void *data, char *err, size_t errsize);

/*
 * Runs look(data) in a child that is the user uid, gid with the groups of
 * name (NULL: gid alone), or whoever we are where we are not root.  Returns
 * what it returned, its line in err; a child that was killed is false too,
 * and err says by what.  Waits for it.  Thread: the only one; the handler of
 * SIGCHLD does not learn of this child.
 */
bool shian_look_as(uid_t uid, gid_t gid, const char *name, shian_look_t look,
    void *data, char *err, size_t errsize);

#endif /* SHIAN_LOOK_H */
