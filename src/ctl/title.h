/*
 * Lines above the header of a list: a title, a date, who filled it in.  They
 * are taken out before rows are read.
 */

#ifndef SHIAN_TITLE_H
#define SHIAN_TITLE_H

#include "columns.h"

#define SHIAN_TITLE_BYTES  (64 * 1024)
#define SHIAN_TITLE_LINES  10

typedef struct {
    shian_sink_t             sink;      /* first: UTF-8 goes in here */
    shian_sink_t            *to;        /* and from the header on there */
    const shian_columns_t   *columns;
    bool                     passed;    /* the header has been found */
    uint64_t                 lines;     /* how many stood above it */
    size_t                   n;
    uint8_t                  text[SHIAN_TITLE_BYTES];
} shian_title_t;

/*
 * Prepares *t to look, in the first ten lines, for one with two columns that
 * are known; where there is none, or the first has one, all goes through.
 */
void shian_title_open(shian_title_t *t, const shian_columns_t *columns,
    shian_sink_t *to);

/* Lets go what is held; false when a write has failed. */
bool shian_title_close(shian_title_t *t);

#endif /* SHIAN_TITLE_H */
