/*
 * Copies the photos that a store names from one folder into another: each
 * whole, and what its name says.
 */

#ifndef SHIAN_PHOTO_COPY_H
#define SHIAN_PHOTO_COPY_H

#include "ctl.h"

typedef struct {
    shian_ctl_t     *ctl;
    const char      *from;          /* folders of stores, backups */
    const char      *to;
    mode_t           folder_mode;
    mode_t           file_mode;
    bool             give;          /* what is made belongs to uid, gid */
    uid_t            uid;
    gid_t            gid;
    uint64_t         photos;        /* that are there in the end */
    size_t           nlost;         /* names of those that are not: */
    uint8_t        (*lost)[32];     /* malloced */
} shian_photo_copy_t;

/*
 * Copies every photo that `named` has a row of.  What is there already and
 * whole stays.  Those that `from` has not, or has changed, go to lost[]; the
 * caller frees it.  Nothing is synced.  False: it was said why it had to end.
 */
bool shian_photo_copy(shian_photo_copy_t *p, shian_store_t *named);

/* Removes photos from `to` that no row of `named` names. */
bool shian_photo_copy_purge(shian_photo_copy_t *p, shian_store_t *named);

/* Makes a folder of that mode and owner where there is none; errno is set. */
bool shian_photo_copy_folder(const shian_photo_copy_t *p, const char *dir);

#endif /* SHIAN_PHOTO_COPY_H */
