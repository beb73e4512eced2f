/*
 * multipart/form-data (RFC 7578, on RFC 2046 section 5.1), fed in pieces of
 * any size as they come off the network.  Nothing is allocated: a parser is
 * one struct, and a part's bytes go straight from the caller's buffer to the
 * caller's handler.  The name a client gives a file goes nowhere.
 */

#ifndef SHIAN_MULTIPART_H
#define SHIAN_MULTIPART_H

#include "base.h"

#define SHIAN_MAX_BOUNDARY  70          /* RFC 2046 */
#define SHIAN_MAX_PART_HEAD 2048

typedef struct {
    size_t  parts;          /* in all, files among them */
    size_t  files;          /* with a file chosen */
    size_t  head_bytes;     /* headers of one part, <= SHIAN_MAX_PART_HEAD */
    size_t  field_bytes;    /* value of one field */
    size_t  file_bytes;     /* of one file */
} shian_multipart_limits_t;

/* Slices are valid during the call of begin only. */
typedef struct {
    shian_str_t  name;
    shian_str_t  type;      /* "image/jpeg", lower case; empty if not said */
    bool         file;      /* came from a file input */
    bool         chosen;    /* ...in which a file was chosen */
} shian_part_t;

/*
 * Called in order begin, data*, end for each part.  false stops the parser:
 * the handler may have set the report, else it becomes 500 `server`.
 */
typedef struct {
    bool   (*begin)(void *ctx, const shian_part_t *part);
    bool   (*data)(void *ctx, const uint8_t *p, size_t n);
    bool   (*end)(void *ctx);
    void    *ctx;
} shian_multipart_handler_t;

typedef struct {
    shian_multipart_limits_t    limits;
    shian_multipart_handler_t   handler;
    shian_report_t             *report;
    size_t                      parts;
    size_t                      files;
    size_t                      left;       /* bytes this part may have yet */
    size_t                      matched;    /* of the delimiter */
    size_t                      ndelim;
    size_t                      nhead;
    int                         state;
    uint8_t                     delim[4 + SHIAN_MAX_BOUNDARY];
    uint8_t                     head[SHIAN_MAX_PART_HEAD];
} shian_multipart_t;

/*
 * The boundary in the value of a Content-Type header, a slice of it.  false:
 * not multipart/form-data, or no boundary that RFC 2046 allows.  Any thread.
 */
bool shian_multipart_boundary(shian_str_t content_type, shian_str_t *boundary);

/*
 * Prepares *mp; boundary is copied, and must come from
 * shian_multipart_boundary.  report, which the caller has initialised, must
 * outlive the parser.
 */
void shian_multipart_init(shian_multipart_t *mp, shian_str_t boundary,
    const shian_multipart_limits_t *limits,
    const shian_multipart_handler_t *handler, shian_report_t *report);

/*
 * Takes the next n bytes of the body.  false, and from then on always false:
 * 400 `malformed`, 413 `too_many` (parts, files), 413 `too_large` (a field, a
 * file, a part's headers; detail says which).  One thread at a time.
 */
bool shian_multipart_feed(shian_multipart_t *mp, const void *p, size_t n);

/*
 * The body has ended.  false: as the feed before said, or 400 `interrupted`
 * when the closing boundary never came.
 */
bool shian_multipart_finish(shian_multipart_t *mp);

#endif /* SHIAN_MULTIPART_H */
