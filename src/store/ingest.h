/*
 * A posted body as it becomes fields and photos: the part that runs in a pool
 * thread and therefore knows no request.
 */

#ifndef SHIAN_INGEST_H
#define SHIAN_INGEST_H

#include "core/form.h"
#include "core/keys.h"
#include "core/multipart.h"
#include "shian.pb-c.h"

#define SHIAN_MAX_PHOTOS       12
#define SHIAN_PHOTO_BYTES      (8 * 1024 * 1024)
#define SHIAN_FIELD_BYTES      (64 * 1024)

typedef struct {
    /* In: pieces of the body in memory, then what is in a file. */
    shian_str_t          *pieces;
    size_t                npieces;
    int                   fd;           /* -1: none */
    size_t                file_size;
    shian_str_t           boundary;     /* NONE: any other kind of body */
    const char           *dir;          /* of the store */
    const shian_keys_t   *keys;
    shian_str_t           aud;
    uint64_t              generation;   /* of the store */
    uint64_t              now_ms;
    size_t                max_photos;

    /* Out, in the arena (malloc): the owner frees it. */
    shian_arena_t         arena;
    shian_report_t        report;
    shian_str_t           raw;          /* whole body, if not multipart */
    shian_pair_t         *pairs;
    size_t                npairs;
    Shian__Photo        **photos;
    size_t                nphotos;
} shian_ingest_t;

/*
 * Reads the whole body.  Multipart: fields become pairs; each part "photo", or
 * "media" as city apps say, is stripped of metadata and written to the store's
 * photos, fsynced; a field "kept_photo" holds the token of one that was
 * uploaded before.  Before either name may stand "CODE_": the photo's hash is
 * then a pair "CODE_photo".  What is wrong goes to the report; wrong photos are
 * fields errors and the rest is read all the same, so a form can be shown
 * again as it was.  Pool thread.
 */
void shian_ingest(shian_ingest_t *in);

#endif /* SHIAN_INGEST_H */
