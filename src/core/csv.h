/*
 * Reading tables that others made: CSV (RFC 4180 and what spreadsheets make
 * of it) or JSON lines, in pieces of any size, as rows of named columns.
 */

#ifndef SHIAN_CSV_H
#define SHIAN_CSV_H

#include "base.h"

#define SHIAN_ROWS_COLUMNS  256
#define SHIAN_ROWS_FIELD    (64 * 1024)
#define SHIAN_ROWS_RECORD   (1024 * 1024)

/*
 * One row.  Columns keep their index for the whole file; in JSON lines new
 * ones may be added at the end.  A cell that is absent has p == NULL.
 * `error` is NULL or why the row must not be used:
 *
 *   too_long  a field or the record is past its bound
 *   columns   more cells than the header has, or more than 256
 *   quote     a quoted field is not closed before the end of the file
 *   encoding  a character could not be decoded (U+FFFD), or is NUL
 *   json      the line is not a JSON object
 *   nested    the object holds another object
 *
 * Row 0 is the header of a CSV file: it comes first, also when nothing else
 * follows; with an error in it nothing else does.  Slices end with the call.
 */
typedef struct {
    uint64_t            row;    /* 1 is the first after the header */
    uint64_t            line;   /* where it begins, 1 is the first */
    size_t              n;
    const shian_str_t  *name;   /* trimmed; none for cells past the header */
    const shian_str_t  *value;
    const char         *error;
} shian_row_t;

/* Takes one row; false ends the reading. */
typedef bool (*shian_row_pt)(void *ctx, const shian_row_t *row);

typedef struct shian_rows_s  shian_rows_t;

/*
 * A reader that hands each row to row(ctx, ...).  format: ',' ';' '\t' for
 * CSV with that delimiter, '{' for JSON lines, 0 to find out from the first
 * line.  Returns NULL when memory has run out.  Any thread, one at a time.
 */
shian_rows_t *shian_rows_open(char format, shian_row_pt row, void *ctx);

/*
 * Where to put the bytes: UTF-8, as shian_charset_t makes it.  The sink fails
 * when row() returned false, the header is in error or memory has run out.
 */
shian_sink_t *shian_rows_sink(shian_rows_t *r);

/* Ends the last row; false as for the sink. */
bool shian_rows_end(shian_rows_t *r);

/* The format given or found; 0 when still unknown. */
char shian_rows_format(const shian_rows_t *r);

/* NULL-safe. */
void shian_rows_free(shian_rows_t *r);

#endif /* SHIAN_CSV_H */
