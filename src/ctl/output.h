/*
 * What a command gives out, on disk before it changes anything: a file that
 * is written beside its name, synced and renamed, or standard output.
 */

#ifndef SHIAN_OUTPUT_H
#define SHIAN_OUTPUT_H

#include "ctl.h"

typedef struct {
    shian_file_sink_t   out;        /* out.sink is where it is written */
    shian_ctl_t        *ctl;
    const char         *path;       /* NULL: standard output */
    const char         *part;       /* beside it, or NULL: written in place */
    bool                many;       /* one of many: shian_sync_disk follows */
} shian_output_t;

/*
 * Begins the output, acting as the user.  path NULL is standard output; a
 * device or pipe is written in place; what a killed process has left of an
 * earlier attempt is removed.  mode is of a new file; one that is there keeps
 * its own.  False: it was said why.
 */
bool shian_output_open(shian_ctl_t *c, shian_output_t *o, const char *path,
    mode_t mode);

/*
 * Ends it: all of it is on disk under its name, durably.  False: it was said
 * why, and there is nothing of it.
 */
bool shian_output_finish(shian_output_t *o);

/* Ends it and leaves nothing of it. */
void shian_output_abandon(shian_output_t *o);

/* Syncs all of the disk that holds the folder.  False with errno set. */
bool shian_sync_disk(const char *dir);

/* Syncs a folder, so that names in it stay.  False with errno set. */
bool shian_sync_folder(const char *dir);

/* Syncs the folder that holds the file.  False with errno set. */
bool shian_sync_folder_of(const char *path);

#endif /* SHIAN_OUTPUT_H */
