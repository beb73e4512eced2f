/*
 * The LMDB environment, its tables, and rows as bytes or messages.
 *
 * A process opens a folder once (shian_store_open), after fork.  A shian_txn_t
 * is used by one thread at a time.  What a getter returns from the map is
 * valid until the transaction ends or, in a writing one, until the next write.
 * Errors of LMDB stick in txn->err, so writers need not ask after each row.
 */

#ifndef SHIAN_STORE_H
#define SHIAN_STORE_H

#include <lmdb.h>

#include "core/base.h"
#include "shian.pb-c.h"

/* How tables are written; not what entries mean: that is the rules' number. */
#define SHIAN_STORE_FORMAT   3
#define SHIAN_MAP_SIZE       ((size_t) 64 << 30)
#define SHIAN_READERS        1024
#define SHIAN_HASH_SIZE      32

typedef enum {
    SHIAN_T_META = 0,
    SHIAN_T_LOG,
    SHIAN_T_VAULT,
    SHIAN_T_CLOCK,
    SHIAN_T_DONE,
    SHIAN_T_SPENT,
    SHIAN_T_UNIQUE,
    SHIAN_T_COUNT,
    SHIAN_T_VENUE,
    SHIAN_T_TALLY,
    SHIAN_T_VENUE_BY,
    SHIAN_T_TERM,
    SHIAN_T_GEO,
    SHIAN_T_PLAQUE,
    SHIAN_T_GRADE,
    SHIAN_T_INSPECTION,
    SHIAN_T_REVIEW,
    SHIAN_T_REVIEW_BY,
    SHIAN_T_PHOTO,
    SHIAN_T_USER,
    SHIAN_T_POLICY,
    SHIAN_T_CHECKLIST,
    SHIAN_T_INSPECTION_BY,
    SHIAN_T_FINDING,
    SHIAN_T_FINDING_BY,
    SHIAN_T_MARK,
    SHIAN_T_APPEAL,
    SHIAN_T_SELF_CHECK,
    SHIAN_T_COMPLAINT,
    SHIAN_T_COMPLAINT_BY,
    SHIAN_T_COMPLAINT_EVENT,
    SHIAN_T_CASE,
    SHIAN_T_CASE_BY,
    SHIAN_T_LOOK,
    SHIAN_T_PATROL,
    SHIAN_T_EVIDENCE,
    SHIAN_T_LINK,
    SHIAN_T_EPOCH,
    SHIAN_T_ERASED,
    SHIAN_T_MAX
} shian_table_t;

/* Is a table rebuilt by replay, and compared by verify? */
typedef enum {
    SHIAN_REPLAYED,     /* rebuilt from the log, byte for byte */
    SHIAN_KEPT          /* beside the log by design: vault, epochs, clocks */
} shian_table_kind_t;

typedef struct {
    const char          *name;
    const char          *key;       /* layout, for people */
    shian_table_kind_t   kind;
} shian_table_row_t;

/* Indexed by shian_table_t. */
extern const shian_table_row_t  shian_tables[SHIAN_T_MAX];

typedef struct {
    MDB_env     *env;
    MDB_dbi      dbi[SHIAN_T_MAX];
    char        *dir;
    int          claim;         /* claim.h: a descriptor, plus one */
} shian_store_t;

typedef struct {
    shian_store_t  *store;
    MDB_txn        *mdb;
    shian_arena_t  *arena;      /* for unpacked messages */
    int             err;        /* first LMDB error other than NOTFOUND */
} shian_txn_t;

/*
 * Opens the store in folder dir.  map_size 0 and readers 0 mean the defaults;
 * create makes folder and tables where absent; on a read-only disk it can be
 * read and not written.  On failure returns NULL and
 * puts one line with cause and mend into err.  Any thread, but once per
 * process and folder, and never before a fork.
 */
shian_store_t *shian_store_open(const char *dir, size_t map_size,
    unsigned readers, bool create, char *err, size_t errsize);

/* Closes; NULL is allowed.  No transaction may be open. */
void shian_store_close(shian_store_t *s);

/*
 * May the process's user reach the folder and read and write all of it that a
 * worker must?  False with one line in err: what, whose, and how to mend it.
 */
bool shian_store_access(const char *dir, char *err, size_t errsize);

/*
 * Looks, with the eyes of the process's user, whether dir could be opened and
 * written with this map_size (0: the default): the way to it, the folder, its
 * files and those of photos, the data file's bytes, the map, the tables.
 * Changes nothing and takes no lock, so a store in use may look wrong for a
 * moment: who is told so looks again.  False with one line, cause and mend,
 * in err.  In a process of its own, for a damaged store may end it.
 */
bool shian_store_test(const char *dir, size_t map_size, char *err,
    size_t errsize);

/* Begins a transaction.  Returns an LMDB code, 0 for success. */
int shian_txn_begin(shian_store_t *s, shian_arena_t *arena, bool write,
    shian_txn_t *txn);

/* Commits; on any error nothing was written.  Returns an LMDB/errno code. */
int shian_txn_commit(shian_txn_t *txn);

void shian_txn_abort(shian_txn_t *txn);


/* Keys: fixed-width big-endian parts, so that memcmp is the order. */

#define SHIAN_ROWKEY_MAX  511

typedef struct {
    size_t   n;
    uint8_t  b[SHIAN_ROWKEY_MAX];
} shian_rowkey_t;

static inline void
shian_rowkey_bytes(shian_rowkey_t *k, const void *p, size_t n)
{
    if (n > SHIAN_ROWKEY_MAX - k->n) {
        n = SHIAN_ROWKEY_MAX - k->n;
    }

    if (n != 0) {
        memcpy(k->b + k->n, p, n);
        k->n += n;
    }
}

static inline void
shian_rowkey_be(shian_rowkey_t *k, uint64_t v, unsigned width)
{
    unsigned  i;
    uint8_t   be[8];

    for (i = 0; i < width; i++) {
        be[i] = (uint8_t) (v >> (8 * (width - 1 - i)));
    }

    shian_rowkey_bytes(k, be, width);
}

static inline uint64_t
shian_be(const uint8_t *p, unsigned width)
{
    uint64_t  v;
    unsigned  i;

    for (v = 0, i = 0; i < width; i++) {
        v = v << 8 | p[i];
    }

    return v;
}

/* The key of one 64-bit id. */
static inline shian_rowkey_t
shian_rowkey_id(uint64_t id)
{
    shian_rowkey_t  k;

    k.n = 0;
    shian_rowkey_be(&k, id, 8);

    return k;
}


/* Rows. */

/* True when there is such a row; *value points into the map. */
bool shian_row_get(shian_txn_t *t, shian_table_t table, const shian_rowkey_t *k,
    shian_str_t *value);

void shian_row_put(shian_txn_t *t, shian_table_t table, const shian_rowkey_t *k,
    shian_str_t value);

/* Absent is fine. */
void shian_row_del(shian_txn_t *t, shian_table_t table,
    const shian_rowkey_t *k);

/*
 * The row as a message of type desc in the transaction's arena; NULL when
 * absent (a row that does not unpack sets txn->err).
 */
void *shian_row_message(shian_txn_t *t, shian_table_t table,
    const shian_rowkey_t *k, const ProtobufCMessageDescriptor *desc);

void shian_row_put_message(shian_txn_t *t, shian_table_t table,
    const shian_rowkey_t *k, const void *message);

/* shian_row_message for tables whose key is one id. */
void *shian_get(shian_txn_t *t, shian_table_t table, uint64_t id,
    const ProtobufCMessageDescriptor *desc);

void shian_put_record(shian_txn_t *t, shian_table_t table, uint64_t id,
    const void *message);

/* Packs into the arena; NONE when memory has run out. */
shian_str_t shian_pack(shian_arena_t *a, const void *message);

/* An index entry: key → one byte. */
void shian_index_put(shian_txn_t *t, shian_table_t table,
    const shian_rowkey_t *k, uint8_t value);

/*
 * Scans keys that begin with prefix, from start (inclusive; NULL: from the
 * prefix itself), upward.
 *
 *     for (shian_scan_open(&s, t, table, &prefix, NULL);
 *          shian_scan_next(&s); ) { … s.key, s.value … }
 *     shian_scan_close(&s);
 */
typedef struct {
    MDB_cursor   *cursor;
    shian_txn_t  *txn;
    shian_rowkey_t   prefix;
    shian_rowkey_t   start;
    bool          begun;
    bool          after;        /* skip an exact match of start */
    shian_str_t   key;
    shian_str_t   value;
} shian_scan_t;

void shian_scan_open(shian_scan_t *s, shian_txn_t *t, shian_table_t table,
    const shian_rowkey_t *prefix, const shian_rowkey_t *start);
bool shian_scan_next(shian_scan_t *s);
void shian_scan_close(shian_scan_t *s);

/* The last key and value of a table; false when it is empty. */
bool shian_row_last(shian_txn_t *t, shian_table_t table, shian_str_t *key,
    shian_str_t *value);

/*
 * The next id of a table whose keys are ids: last + 1, from 1; after a restore
 * beyond what was ever given.
 */
uint64_t shian_next_id(shian_txn_t *t, shian_table_t table);

/*
 * The greatest id below `id`, or the least from `id` on, in a table whose keys
 * are ids; 0 where there is none.  A restore leaves gaps: who goes through a
 * table goes from id to id by these.
 */
uint64_t shian_id_before(shian_txn_t *t, shian_table_t table, uint64_t id);
uint64_t shian_id_from(shian_txn_t *t, shian_table_t table, uint64_t id);

/*
 * Leaves a gap in the ids of every table and in every running number (counters
 * of kind '#'): ids of the stretch that a restore has lost are known outside.
 * It is wider than what can have been given since lost_from_ms, at now_ms, so
 * that two restores of one backup do not give the same ids either.  Apply
 * only.
 */
void shian_ids_skip(shian_txn_t *t, uint64_t lost_from_ms, uint64_t now_ms);

/*
 * The generation of the store, which goes into the MACs of what is issued;
 * new at init and at each restore.  0: none yet.
 */
uint64_t shian_generation(shian_txn_t *t);
void shian_generation_put(shian_txn_t *t, uint64_t generation);


/*
 * Counters: (kind, name, sub) → how many.  add may go down; a counter at 0 is
 * removed.  name up to 200 bytes counts, more is cut.
 */
void shian_count_add(shian_txn_t *t, char kind, shian_str_t name, uint8_t sub,
    int delta);
uint64_t shian_count_get(shian_txn_t *t, char kind, shian_str_t name,
    uint8_t sub);

/* Unique values: (kind, bytes) → id; 0 when free. */
uint64_t shian_unique_get(shian_txn_t *t, char kind, shian_str_t value);
void shian_unique_put(shian_txn_t *t, char kind, shian_str_t value,
    uint64_t id);
void shian_unique_del(shian_txn_t *t, char kind, shian_str_t value);

/*
 * Token ids that were used up: each begins with the instant (ms, 8 bytes BE)
 * it would have expired, so the table grows in order and is cut from the
 * front.
 */
bool shian_spent(shian_txn_t *t, shian_str_t id);
void shian_spend(shian_txn_t *t, shian_str_t id);

#endif /* SHIAN_STORE_H */
