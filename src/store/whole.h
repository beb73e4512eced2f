/*
 * The shape of LMDB's file, read as bytes.  LMDB maps the file and trusts it:
 * a page that was cut off ends the process that touches it (SIGBUS), so this
 * looks first.
 */

#ifndef SHIAN_WHOLE_H
#define SHIAN_WHOLE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Is the data file all there: both heads, and every page that the newest of
 * them leads to?  A file as long as its head says costs three reads; a
 * shorter one is walked, for pages that were never used may be missing.
 * False with the cause, of which the file's name is no part, in err, and in
 * *code an errno or a code of LMDB.  The file may be in use: LMDB's locks are
 * on another one.  Any thread.
 */
bool shian_whole(const char *file, int *code, char *err, size_t errsize);

#endif /* SHIAN_WHOLE_H */
