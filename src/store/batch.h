/*
 * The one way the store changes: operations, checked and applied in batches,
 * each batch one LMDB write transaction, each operation one entry of the log.
 */

#ifndef SHIAN_BATCH_H
#define SHIAN_BATCH_H

#include "store.h"
#include "vault.h"

/* Changes of evidence that apply has noted: see domain/evidence.h. */
typedef struct shian_noted_s  shian_noted_t;

/* One operation on its way through check and apply. */
typedef struct {
    shian_txn_t             *txn;
    shian_arena_t           *arena;
    const Shian__Operation  *op;
    uint64_t                 seq;       /* its entry in the log */
    uint32_t                 rules;     /* the number it is under */
    bool                     unchanged; /* set by check: nothing to log */
    Shian__Result            result;    /* scalars only */
    shian_report_t          *report;    /* static strings only */
    shian_noted_t           *noted;     /* not yet in the table */
} shian_op_t;

/*
 * The meaning of operations, which the store does not know.  check reads only
 * and may refuse (false, with o->report filled) or set o->unchanged; apply
 * writes only and cannot refuse.  Both take nothing but o->op, o->rules and
 * the replayed tables, so that replaying the log gives the same bytes.  knows
 * says whether the program has the rules of that number.  LMDB errors stick
 * in o->txn.
 */
typedef struct {
    bool  (*check)(shian_op_t *o);
    void  (*apply)(shian_op_t *o);
    bool  (*knows)(uint32_t rules);
} shian_machine_t;

typedef struct {
    shian_str_t      operation;     /* a packed Operation */
    shian_vault_t    vault;         /* the key of its sealed fields, */
    bool             sealed;        /* if it has any */
    const shian_keys_t  *keys;      /* that wrap it */
    uint32_t         rules;         /* it was prepared under; 0: under any */
    Shian__Result    result;
    shian_report_t   report;        /* status 200, or why it was refused */
} shian_item_t;

/*
 * Runs n operations in one transaction and commits to disk before it returns.
 * Afterwards each item has its result or its report.  One under rules that the
 * program does not know, or other ones than it was prepared under, is refused
 * with 503 (codes rules_newer, rules_changed).  No instant lies before that of
 * the entry before it, a confirmed clock's excepted.  What the clocks of this
 * machine say is kept (clock.h).  When the commit fails
 * nothing was written and every item reports 507 (no room), 503 (the store
 * has grown) or 500.  Blocks on the disk and on other writers: pool thread or
 * command line, never the event loop.  Returns 0 or the LMDB code.
 */
int shian_batch_run(shian_store_t *s, const shian_machine_t *m,
    shian_item_t **items, size_t n);


/* The log. */

typedef struct {
    uint64_t  seq;                      /* 0: empty */
    uint64_t  at;                       /* its operation's instant */
    uint8_t   hash[SHIAN_HASH_SIZE];
} shian_head_t;

/* The last entry's number, instant and hash. */
void shian_log_head(shian_txn_t *t, shian_head_t *head);

/*
 * Appends the operation with the rules that it was applied under and its
 * result: hash = BLAKE2b-256(previous hash || entry), and *head moves on.
 */
void shian_log_append(shian_op_t *o, shian_head_t *head);

/*
 * The head as it was when the clock came to ms: the last entry before that.
 * Entries are in the order of their instants; reads some 20 of them.
 */
void shian_log_head_at(shian_txn_t *t, uint64_t ms, shian_head_t *head);

/* Entry seq, or NULL when there is none; in the transaction's arena. */
Shian__Entry *shian_log_get(shian_txn_t *t, uint64_t seq);

/* Its operation's instant alone; 0: there is no such entry. */
uint64_t shian_log_instant(shian_txn_t *t, uint64_t seq);

/*
 * The number of the rules in force: that of the last adoption, of which *seq
 * (may be NULL) becomes the entry; 1 and 0 in a log that names none.
 */
uint32_t shian_rules_in_force(shian_txn_t *t, uint64_t *seq);

/* Puts a number in force from the next entry on.  Apply only. */
void shian_rules_put(shian_op_t *o, uint32_t number);


/*
 * Drops up to max rows each of used-up token ids and remembered requests that
 * nobody can present any more at instant now_ms.  Called by apply only.
 */
void shian_sweep(shian_txn_t *t, uint64_t now_ms, size_t max);

/* Is there anything for shian_sweep() to drop? */
bool shian_sweep_due(shian_txn_t *t, uint64_t now_ms);


/* Called every so often with entries done and entries in all. */
typedef void (*shian_progress_pt)(void *ctx, uint64_t done, uint64_t all);

/*
 * Checks and applies the log of `from`, up to the last entry that is no later
 * than until_ms, to the empty store `to`: what the store was then.  On the way
 * each entry's rules, result and hash must come out as they stand in the log.
 * False with one line in err.
 */
bool shian_replay(shian_store_t *from, shian_store_t *to,
    const shian_machine_t *m, uint64_t until_ms, shian_progress_pt progress,
    void *ctx, char *err, size_t errsize);

/*
 * Replays the whole log of `from` into the empty store `to`, then compares all
 * replayed tables byte for byte.  False with one line in err naming the first
 * entry or row that differs.
 */
bool shian_verify(shian_store_t *from, shian_store_t *to,
    const shian_machine_t *m, shian_progress_pt progress, void *ctx,
    char *err, size_t errsize);

#endif /* SHIAN_BATCH_H */
