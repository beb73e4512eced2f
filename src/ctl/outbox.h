/*
 * The folder in which `shianctl notify` remembers: how far each gateway is
 * (NAME.json), what was given up (dead.jsonl), and who works on it (lock).
 * A file is written beside itself, fsynced and renamed.  One thread.
 */

#ifndef SHIAN_OUTBOX_H
#define SHIAN_OUTBOX_H

#include "ctl.h"

typedef struct {
    const char  *dir;
    int          fd;            /* of the folder */
    int          lock;
    const char  *site;          /* the store's id: its state is no other's */
} shian_outbox_t;

typedef struct {
    uint64_t     seq;           /* the last entry that is settled */
    uint64_t     failing_ms;    /* since when it fails; 0: it does not */
} shian_place_t;

/* What was given up. */
typedef struct {
    const char  *gateway;
    uint64_t     seq;
    const char  *type;
    const char  *reason;
    uint64_t     at_ms;
} shian_letter_t;

typedef struct {
    size_t           n;
    shian_letter_t  *v;
} shian_letters_t;

/*
 * Opens the folder for the store of id `site`, making it where it is absent,
 * and keeps every other process from it until the close.  False: it was said
 * why.
 */
bool shian_outbox_open(shian_ctl_t *c, const char *dir, const char *site,
    shian_outbox_t *o);
void shian_outbox_close(shian_outbox_t *o);

/*
 * Where the gateway stands; *found is false when it never did.  False: the
 * file is another store's or no good, which was said.
 */
bool shian_outbox_place(shian_ctl_t *c, const shian_outbox_t *o,
    const char *gateway, shian_place_t *place, bool *found);

/* On disk when it returns true. */
bool shian_outbox_keep(shian_ctl_t *c, const shian_outbox_t *o,
    const char *gateway, const shian_place_t *place);

/* Adds a letter to the dead ones; on disk when it returns true. */
bool shian_outbox_bury(shian_ctl_t *c, const shian_outbox_t *o,
    const shian_letter_t *letter);

/*
 * The dead letters of folder dir, each gateway's in the log's order and once,
 * in c->arena; needs no open outbox.
 */
bool shian_outbox_dead(shian_ctl_t *c, const char *dir,
    shian_letters_t *out);

/* Replaces all dead letters; on disk when it returns true. */
bool shian_outbox_rewrite(shian_ctl_t *c, const shian_outbox_t *o,
    const shian_letters_t *letters);

/* A letter as a line of JSON. */
void shian_letter_write(const shian_letter_t *letter, shian_sink_t *out);

#endif /* SHIAN_OUTBOX_H */
