/*
 * Which column of somebody's list means which of our fields: by a table of
 * header names in use, and by what --map says.
 */

#ifndef SHIAN_COLUMNS_H
#define SHIAN_COLUMNS_H

#include "core/csv.h"
#include "ctl.h"

typedef enum {
    SHIAN_C_VENUE = 0,      /* our id */
    SHIAN_C_REF,
    SHIAN_C_USCC,
    SHIAN_C_LICENCE,
    SHIAN_C_NAME,
    SHIAN_C_NAME_EN,
    SHIAN_C_CATEGORY,
    SHIAN_C_DISTRICT,
    SHIAN_C_ADDRESS,
    SHIAN_C_LNG,
    SHIAN_C_LAT,
    SHIAN_C_PHONE,
    SHIAN_C_OPENED,
    SHIAN_C_EXPIRES,
    SHIAN_C_STATUS,
    SHIAN_C_CREDIT,
    SHIAN_C_ON,
    SHIAN_C_KIND,
    SHIAN_C_SCORE,
    SHIAN_C_YEAR,
    SHIAN_C_LEVEL,
    SHIAN_C_MAX
} shian_col_t;

/* What a list is about; bits. */
enum {
    SHIAN_L_VENUES = 1,
    SHIAN_L_INSPECTIONS = 2,
    SHIAN_L_CREDIT = 4,
    SHIAN_L_EVALUATIONS = 8
};

#define SHIAN_MAX_MAPS  128

typedef struct {
    char         *column;
    int           field;        /* -1: to be ignored */
    bool          found;
} shian_map_t;

typedef struct {
    unsigned      list;         /* one of the bits */
    const char   *datum;        /* "wgs84": of columns named after one */
    size_t        n;            /* columns looked at so far */
    int           field[SHIAN_ROWS_COLUMNS];    /* -1: not used */
    size_t        nmaps;
    shian_map_t   maps[SHIAN_MAX_MAPS];
} shian_columns_t;

/* Reads --map COL=FIELD and --map @FILE.  Returns an exit status. */
int shian_columns_init(shian_columns_t *cols, shian_ctl_t *c, unsigned list,
    const char *datum);

/* Looks at columns that are new with this row. */
void shian_columns_see(shian_columns_t *cols, const shian_row_t *row);

/* The column that --map names and the header has not, or NULL. */
const char *shian_columns_missing(const shian_columns_t *cols);

bool shian_columns_have(const shian_columns_t *cols, shian_col_t field);

/*
 * The row's cells by field, trimmed; text that a spreadsheet was told to leave
 * alone (="001") is that text; identifiers, numbers and dates are half width,
 * and identifiers lose the ".0" that made them numbers.  Absent are empty ones
 * and those that say "none" (-, /, NULL, 无).  Several columns of an address
 * are joined with a space, of a phone with ';'.  Slices are the row's or in
 * the arena.
 */
bool shian_columns_cells(const shian_columns_t *cols, const shian_row_t *row,
    shian_arena_t *a, shian_str_t out[SHIAN_C_MAX]);

/* Whether a header of this name is one of our fields, or --map names it. */
bool shian_columns_knows(const shian_columns_t *cols, shian_str_t header);

/*
 * Whether a spreadsheet has made a number of an identifier and rounded it, as
 * in 3.30283E+14: which one it was nobody can tell.
 */
bool shian_columns_rounded(shian_str_t cell);

/* Whether no cell of the row holds anything but space. */
bool shian_columns_blank(const shian_row_t *row);

/* Says which columns are read as what, and which are not. */
void shian_columns_print(const shian_columns_t *cols,
    const shian_row_t *row, FILE *f);

/* "licence_no" for SHIAN_C_LICENCE. */
const char *shian_column_name(shian_col_t field);

#endif /* SHIAN_COLUMNS_H */
