/*
 * Importing a list: reading it, turning rows into operations, running these
 * slice by slice, keeping what was refused, and an honest account at the end.
 */

#ifndef SHIAN_LIST_H
#define SHIAN_LIST_H

#include "columns.h"
#include "ctl.h"
#include "output.h"
#include "progress.h"
#include "title.h"

#define SHIAN_MAX_REASONS  64

typedef struct {
    const char  *text;
    uint64_t     n;
} shian_reason_t;

typedef struct {
    size_t          n;
    shian_reason_t  reason[SHIAN_MAX_REASONS];
} shian_reasons_t;

/* A row that waits for its slice: with an operation, or already rejected. */
typedef struct {
    uint64_t      row;
    uint64_t      line;
    uint64_t      warnings;     /* bits of reasons */
    const char   *why;          /* rejected: static */
    const char   *detail;       /* rejected: in the slice's arena, or NULL */
    bool          returns;      /* opens what its absence had closed */
    size_t        n;
    shian_str_t  *cells;        /* as they were, in the slice's arena */
} shian_pending_t;

typedef struct shian_list_s  shian_list_t;

struct shian_list_s {
    shian_ctl_t          *ctl;
    const char           *path;
    const char           *source;
    bool                  dry;
    bool                  once;     /* a venue may be touched by one row */

    /* Makes an operation of a row: shian_list_add or shian_list_reject. */
    bool                (*take)(shian_list_t *l, const shian_row_t *row,
                                const shian_str_t *cells);
    void                 *ctx;

    shian_columns_t       columns;
    shian_title_t         title;
    const shian_row_t    *row;      /* while in take */
    uint64_t              warned_now;
    shian_slice_t         slice;
    shian_pending_t       pending[SHIAN_SLICE];
    size_t                npending;
    size_t                of_item[SHIAN_SLICE];     /* its pending row */

    uint32_t             *touched;  /* by venue id: the row, 0 none */
    size_t                ntouched;

    uint64_t              read;
    uint64_t              new;
    uint64_t              changed;
    uint64_t              unchanged;
    uint64_t              warned;
    uint64_t              rejected;
    uint64_t              repeated; /* of these: duplicates */
    uint64_t              missing;
    uint64_t              closed;
    uint64_t              reopened;
    shian_reasons_t       warnings;
    shian_reasons_t       refusals;

    FILE                 *rejects;  /* rows for the file of rejects */
    const char           *rejected_to;
    shian_output_t        output;   /* that file, begun before any row */
    bool                  has_output;
    shian_str_t          *names;    /* all columns seen */
    size_t                nnames;
    shian_progress_t      progress;
    uint64_t              bytes;
    uint64_t              size;
    bool                  headed;   /* the file has columns */
    bool                  told;     /* which columns are read */
    bool                  stopped;  /* it was said why */
};

/*
 * A list for the operand of the command, with its options --source and
 * --dry-run.  NULL after saying what is wrong; the status is in *rc.
 */
shian_list_t *shian_list_new(shian_ctl_t *c, int *rc);

/*
 * Reads l->path from end to end with once, take and ctx set by the caller.
 * kind is the list's bit; `needs` are the fields one of which it must have.
 * Afterwards the counts stand; shian_list_end follows.
 */
int shian_list_run(shian_list_t *l, unsigned kind, const char *datum,
    const shian_col_t *needs, size_t nneeds);

/* Adds the operation of the present row. */
bool shian_list_add(shian_list_t *l, const Shian__Operation *op);

/* Rejects the present row; reason is static, detail (or NULL) is not. */
bool shian_list_reject(shian_list_t *l, const char *reason,
    const char *detail);

/* The bit of a reason, which is counted where it is new; static text. */
uint64_t shian_list_reason(shian_reasons_t *r, const char *text);

/* Notes that something of the present row was left out; static text. */
void shian_list_warn(shian_list_t *l, const char *text);

/*
 * What leads from a row to a venue that has another name and another address,
 * as "ref": a cell alone makes no restaurant of another.  NULL: it is the same,
 * or more than one identifier says so.  Memory is of arena a.
 */
const char *shian_list_other(shian_arena_t *a, const Shian__Venue *found,
    const Shian__Venue *row);

/* The row that touched a venue, 0 none. */
uint32_t shian_list_touched(const shian_list_t *l, uint64_t venue);

/* Prints the account where there is one, frees l, returns the exit status. */
int shian_list_end(shian_list_t *l, int rc);

#endif /* SHIAN_LIST_H */
