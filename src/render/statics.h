/*
 * What stands beside the templates: the files that pages name, and which
 * version all of it is of.
 */

#ifndef SHIAN_STATICS_H
#define SHIAN_STATICS_H

#include "core/base.h"

/*
 * Are all static files of these folders (core/folders.h) there that templates
 * name, and may the process's user read every one?  False with one line,
 * cause and mend, in err.  Reads files: not in the event loop.
 */
bool shian_statics_test(const char *html, char *err, size_t errsize);

/*
 * Are the pages of the program's version?  False with one line in err; they
 * are served all the same, for what they name was looked at.
 */
bool shian_pages_version(const char *html, char *err, size_t errsize);

#endif /* SHIAN_STATICS_H */
