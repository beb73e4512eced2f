/*
 * What every command of shianctl has in hand: its options, the store, the
 * keys, and ways to run operations and to say what went wrong.  One process,
 * one thread.
 */

#ifndef SHIAN_CTL_H
#define SHIAN_CTL_H

#include <stdio.h>
#include <sys/types.h>

#include "core/keys.h"
#include "domain/domain.h"
#include "store/batch.h"
#include "store/clock.h"

enum {
    SHIAN_DONE = 0,
    SHIAN_FAILED = 1,       /* refused or failed */
    SHIAN_USAGE = 2
};

#define SHIAN_SLICE     500         /* operations in one write transaction */

typedef struct shian_ctl_s  shian_ctl_t;

typedef struct {
    const char  *name;      /* without its dashes */
    const char  *value;     /* what stands for it in help; NULL: a flag */
    const char  *help;
} shian_option_t;

typedef struct {
    const char            *name;        /* "import venues" */
    const char            *operands;    /* "FILE", for help */
    const char            *help;        /* one line */
    const shian_option_t  *options;     /* ends with a NULL name; or NULL */
    unsigned               min;         /* operands */
    unsigned               max;
    int                  (*run)(shian_ctl_t *c);
} shian_command_t;

extern const shian_command_t  shian_commands[];
extern const size_t           shian_ncommands;

typedef struct {
    const shian_option_t  *option;
    const char            *value;
} shian_given_t;

struct shian_ctl_s {
    const shian_command_t  *command;
    const char             *store_dir;
    const char             *keys_path;
    const char             *html;
    const char             *base_url;
    bool                    json;
    bool                    help;

    shian_arena_t           arena;      /* as long as the command runs */

    size_t                  nargs;
    const char            **args;       /* in the arena, as given[] */
    size_t                  ngiven;
    shian_given_t          *given;
    shian_keys_t            keys;
    bool                    has_keys;
    shian_store_t          *store;
    char                   *scratch;    /* folder to remove at the end */

    uid_t                   owner;      /* root acts as this user */
    gid_t                   group;
    bool                    switched;

    uint64_t                now_ms;     /* 0: ask the clock */
    shian_clocks_t          clocks;     /* as the store knows them */
    Shian__Actor            actor;      /* the command line: an admin */
};

/* Frees all, removes the scratch folder. */
void shian_ctl_close(shian_ctl_t *c);

/* One line to standard error after "shianctl: "; returns SHIAN_FAILED. */
int shian_ctl_fail(shian_ctl_t *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The same with a pointer to --help; returns SHIAN_USAGE. */
int shian_ctl_usage(shian_ctl_t *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* What time it is, and whether that is in doubt: nothing of an empty store. */
shian_time_t shian_ctl_clock(const shian_ctl_t *c);

/* False, after saying so: the clock is in doubt, and this has to wait. */
bool shian_ctl_timely(shian_ctl_t *c);

/* Milliseconds since 1970, as far as known. */
uint64_t shian_ctl_now(const shian_ctl_t *c);

/* The local day of now as YYYY-MM-DD. */
void shian_ctl_today(const shian_ctl_t *c, char out[11]);

/*
 * Opens the store, and makes it first when create is set, acting as the
 * folder's owner when run as root.  False: it was said why.
 */
bool shian_ctl_store(shian_ctl_t *c, bool create);

/* Reads the key file.  False: it was said why. */
bool shian_ctl_keys(shian_ctl_t *c);

/* Copies the store into a scratch folder and goes on with the copy. */
bool shian_ctl_rehearse(shian_ctl_t *c);

/* A new folder that is removed at the end; NULL: it was said why. */
const char *shian_ctl_scratch(shian_ctl_t *c);

/* Root again, for files that the user named; and the owner again. */
void shian_ctl_as_user(shian_ctl_t *c);
void shian_ctl_as_owner(shian_ctl_t *c);

/* fopen as the user; NULL: it was said why. */
FILE *shian_ctl_fopen(shian_ctl_t *c, const char *path, const char *mode);

/*
 * The document that a file holds, up to 64 KB, in c->arena; NONE: it was said
 * why.
 */
shian_str_t shian_ctl_document(shian_ctl_t *c, const char *path);

/* Writes to a FILE.  The sink fails with the file. */
typedef struct {
    shian_sink_t   sink;        /* first */
    FILE          *file;
} shian_file_sink_t;

void shian_file_sink(shian_file_sink_t *s, FILE *file);

/* An operation of the command line at now. */
Shian__Operation shian_ctl_operation(shian_ctl_t *c);

/* Runs one operation.  False: it was said why it was refused. */
bool shian_ctl_run(shian_ctl_t *c, const Shian__Operation *op,
    Shian__Result *result);

/*
 * Takes all venues over the midnights up to at_ms's day that they have not
 * been taken over.  False: it was said why not.
 */
bool shian_ctl_pass_day(shian_ctl_t *c, uint64_t at_ms);

/* What a report says in one line, in arena a. */
const char *shian_ctl_refusal(shian_arena_t *a, const shian_report_t *r);


/* Many operations, a slice at a time. */

typedef struct {
    shian_ctl_t            *ctl;
    const shian_machine_t  *machine;
    shian_arena_t           arena;      /* emptied with each slice */
    shian_item_t            items[SHIAN_SLICE];
    size_t                  n;
} shian_slice_t;

void shian_slice_init(shian_slice_t *s, shian_ctl_t *c,
    const shian_machine_t *m);
void shian_slice_free(shian_slice_t *s);

/* Adds a copy of op; the slice has room for SHIAN_SLICE. */
bool shian_slice_add(shian_slice_t *s, const Shian__Operation *op);

/*
 * Runs what was added; results are in items[] until shian_slice_reset.
 * False: the store could not write, which was said.
 */
bool shian_slice_run(shian_slice_t *s);
void shian_slice_reset(shian_slice_t *s);

#endif /* SHIAN_CTL_H */
