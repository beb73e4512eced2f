#include "store.h"

#include <errno.h>
#include <sodium.h>

#define ID_FROM      '+'        /* counter: where ids of a table go on */
#define ID_GAP       UINT64_C(1000000)
#define ID_RATE      UINT64_C(100000)   /* a second: more than any disk */
#define MAX_RUNNING  64

static void
stick(shian_txn_t *t, int rc)
{
    if (t->err == 0 && rc != 0) {
        t->err = rc;
    }
}


bool
shian_row_get(shian_txn_t *t, shian_table_t table, const shian_rowkey_t *k,
    shian_str_t *value)
{
    int      rc;
    MDB_val  mk = { k->n, (void *) k->b }, mv;

    rc = mdb_get(t->mdb, t->store->dbi[table], &mk, &mv);

    if (rc == 0) {
        *value = shian_slice(mv.mv_data, mv.mv_size);
        return true;
    }

    if (rc != MDB_NOTFOUND) {
        stick(t, rc);
    }

    return false;
}


void
shian_row_put(shian_txn_t *t, shian_table_t table, const shian_rowkey_t *k,
    shian_str_t value)
{
    MDB_val  mk = { k->n, (void *) k->b };
    MDB_val  mv = { value.n, (void *) value.p };

    if (t->err == 0) {
        stick(t, mdb_put(t->mdb, t->store->dbi[table], &mk, &mv, 0));
    }
}


void
shian_row_del(shian_txn_t *t, shian_table_t table, const shian_rowkey_t *k)
{
    int      rc;
    MDB_val  mk = { k->n, (void *) k->b };

    if (t->err == 0) {
        rc = mdb_del(t->mdb, t->store->dbi[table], &mk, NULL);
        stick(t, rc == MDB_NOTFOUND ? 0 : rc);
    }
}


void *
shian_row_message(shian_txn_t *t, shian_table_t table, const shian_rowkey_t *k,
    const ProtobufCMessageDescriptor *desc)
{
    void         *message;
    shian_str_t   v;

    if (!shian_row_get(t, table, k, &v)) {
        return NULL;
    }

    message = protobuf_c_message_unpack(desc, &t->arena->pb, v.n, v.p);
    if (message == NULL) {
        stick(t, MDB_CORRUPTED);
    }

    return message;
}


shian_str_t
shian_pack(shian_arena_t *a, const void *message)
{
    size_t    n;
    uint8_t  *p;

    n = protobuf_c_message_get_packed_size(message);
    p = shian_alloc(a, n == 0 ? 1 : n);

    if (p == NULL) {
        return SHIAN_NONE;
    }

    protobuf_c_message_pack(message, p);

    return shian_slice(p, n);
}


void
shian_row_put_message(shian_txn_t *t, shian_table_t table,
    const shian_rowkey_t *k, const void *message)
{
    shian_str_t  v;

    v = shian_pack(t->arena, message);

    if (v.p == NULL) {
        stick(t, ENOMEM);
        return;
    }

    shian_row_put(t, table, k, v);
}


void *
shian_get(shian_txn_t *t, shian_table_t table, uint64_t id,
    const ProtobufCMessageDescriptor *desc)
{
    shian_rowkey_t  k = shian_rowkey_id(id);

    return shian_row_message(t, table, &k, desc);
}


void
shian_put_record(shian_txn_t *t, shian_table_t table, uint64_t id,
    const void *message)
{
    shian_rowkey_t  k = shian_rowkey_id(id);

    shian_row_put_message(t, table, &k, message);
}


void
shian_index_put(shian_txn_t *t, shian_table_t table, const shian_rowkey_t *k,
    uint8_t value)
{
    shian_row_put(t, table, k, shian_slice(&value, 1));
}


void
shian_scan_open(shian_scan_t *s, shian_txn_t *t, shian_table_t table,
    const shian_rowkey_t *prefix, const shian_rowkey_t *start)
{
    int  rc;

    s->txn = t;
    s->prefix = *prefix;
    s->start = start != NULL ? *start : *prefix;
    s->begun = false;
    s->after = false;

    rc = mdb_cursor_open(t->mdb, t->store->dbi[table], &s->cursor);
    if (rc != 0) {
        stick(t, rc);
        s->cursor = NULL;
    }
}


bool
shian_scan_next(shian_scan_t *s)
{
    int      rc;
    MDB_val  k, v;

    if (s->cursor == NULL) {
        return false;
    }

    if (s->begun) {
        rc = mdb_cursor_get(s->cursor, &k, &v, MDB_NEXT);

    } else {
        s->begun = true;
        k = (MDB_val) { s->start.n, s->start.b };

        /* LMDB has no empty keys: an empty start is the first row. */
        rc = mdb_cursor_get(s->cursor, &k, &v,
                            s->start.n == 0 ? MDB_FIRST : MDB_SET_RANGE);

        if (rc == 0 && s->after && k.mv_size == s->start.n
            && memcmp(k.mv_data, s->start.b, s->start.n) == 0)
        {
            rc = mdb_cursor_get(s->cursor, &k, &v, MDB_NEXT);
        }
    }

    if (rc != 0) {
        stick(s->txn, rc == MDB_NOTFOUND ? 0 : rc);
        return false;
    }

    if (k.mv_size < s->prefix.n
        || memcmp(k.mv_data, s->prefix.b, s->prefix.n) != 0)
    {
        return false;
    }

    s->key = shian_slice(k.mv_data, k.mv_size);
    s->value = shian_slice(v.mv_data, v.mv_size);

    return true;
}


void
shian_scan_close(shian_scan_t *s)
{
    if (s->cursor != NULL) {
        mdb_cursor_close(s->cursor);
        s->cursor = NULL;
    }
}


bool
shian_row_last(shian_txn_t *t, shian_table_t table, shian_str_t *key,
    shian_str_t *value)
{
    int          rc;
    MDB_val      k, v;
    MDB_cursor  *c;

    rc = mdb_cursor_open(t->mdb, t->store->dbi[table], &c);
    if (rc != 0) {
        stick(t, rc);
        return false;
    }

    rc = mdb_cursor_get(c, &k, &v, MDB_LAST);
    mdb_cursor_close(c);

    if (rc != 0) {
        stick(t, rc == MDB_NOTFOUND ? 0 : rc);
        return false;
    }

    *key = shian_slice(k.mv_data, k.mv_size);
    *value = shian_slice(v.mv_data, v.mv_size);

    return true;
}


/* After a restore ids go on beyond what was ever given; see below. */
uint64_t
shian_next_id(shian_txn_t *t, shian_table_t table)
{
    uint64_t     next, from;
    shian_str_t  k, v;

    next = shian_row_last(t, table, &k, &v) && k.n == 8
           ? shian_be(k.p, 8) + 1 : 1;
    from = shian_count_get(t, ID_FROM, shian_str(shian_tables[table].name),
                           0);

    return from > next ? from : next;
}


static uint64_t
id_beside(shian_txn_t *t, shian_table_t table, uint64_t id, bool before)
{
    int             rc;
    MDB_val         k, v;
    MDB_cursor     *c;
    shian_rowkey_t  at = shian_rowkey_id(id);

    rc = mdb_cursor_open(t->mdb, t->store->dbi[table], &c);
    if (rc != 0) {
        stick(t, rc);
        return 0;
    }

    k.mv_data = at.b;
    k.mv_size = at.n;
    rc = mdb_cursor_get(c, &k, &v, MDB_SET_RANGE);

    if (before && (rc == 0 || rc == MDB_NOTFOUND)) {
        rc = mdb_cursor_get(c, &k, &v, rc == 0 ? MDB_PREV : MDB_LAST);
    }

    id = rc == 0 && k.mv_size == 8 ? shian_be(k.mv_data, 8) : 0;
    mdb_cursor_close(c);
    stick(t, rc == MDB_NOTFOUND ? 0 : rc);

    return id;
}


uint64_t
shian_id_before(shian_txn_t *t, shian_table_t table, uint64_t id)
{
    return id_beside(t, table, id, true);
}


uint64_t
shian_id_from(shian_txn_t *t, shian_table_t table, uint64_t id)
{
    return id_beside(t, table, id, false);
}


static shian_rowkey_t
count_key(char kind, shian_str_t name, uint8_t sub)
{
    shian_rowkey_t  k;

    k.n = 0;
    shian_rowkey_be(&k, (uint8_t) kind, 1);
    shian_rowkey_bytes(&k, name.p, name.n > 200 ? 200 : name.n);
    shian_rowkey_be(&k, 0, 1);
    shian_rowkey_be(&k, sub, 1);

    return k;
}


uint64_t
shian_count_get(shian_txn_t *t, char kind, shian_str_t name, uint8_t sub)
{
    shian_rowkey_t  k = count_key(kind, name, sub);
    shian_str_t  v;

    return shian_row_get(t, SHIAN_T_COUNT, &k, &v) && v.n == 8
           ? shian_be(v.p, 8) : 0;
}


void
shian_count_add(shian_txn_t *t, char kind, shian_str_t name, uint8_t sub,
    int delta)
{
    uint64_t     n;
    shian_rowkey_t  k = count_key(kind, name, sub), v;

    n = shian_count_get(t, kind, name, sub) + (uint64_t) (int64_t) delta;

    if (n == 0) {
        shian_row_del(t, SHIAN_T_COUNT, &k);
        return;
    }

    v.n = 0;
    shian_rowkey_be(&v, n, 8);
    shian_row_put(t, SHIAN_T_COUNT, &k, shian_slice(v.b, v.n));
}


static void
skip_running_numbers(shian_txn_t *t, uint64_t gap)
{
    size_t          i, n;
    shian_scan_t    scan;
    shian_rowkey_t  prefix, *keys, v;
    uint64_t       *was;

    keys = shian_array(t->arena, MAX_RUNNING, sizeof(*keys));
    was = shian_array(t->arena, MAX_RUNNING, sizeof(*was));

    if (keys == NULL || was == NULL) {
        t->err = ENOMEM;
        return;
    }

    prefix.n = 0;
    shian_rowkey_be(&prefix, '#', 1);
    shian_scan_open(&scan, t, SHIAN_T_COUNT, &prefix, NULL);

    for (n = 0; n < MAX_RUNNING && shian_scan_next(&scan); n++) {
        keys[n].n = 0;
        shian_rowkey_bytes(&keys[n], scan.key.p, scan.key.n);
        was[n] = shian_be(scan.value.p, 8);
    }

    shian_scan_close(&scan);

    for (i = 0; i < n; i++) {
        v.n = 0;
        shian_rowkey_be(&v, was[i] + gap, 8);
        shian_row_put(t, SHIAN_T_COUNT, &keys[i], shian_slice(v.b, v.n));
    }
}


void
shian_ids_skip(shian_txn_t *t, uint64_t lost_from_ms, uint64_t now_ms)
{
    int             i;
    uint64_t        gap;
    shian_rowkey_t  k, v;

    gap = ID_GAP + (now_ms > lost_from_ms
                    ? (now_ms - lost_from_ms) / 1000 * ID_RATE : 0);

    for (i = 0; i < SHIAN_T_MAX; i++) {
        if (strcmp(shian_tables[i].key, "id(8)") == 0
            && (shian_table_t) i != SHIAN_T_PLAQUE)
        {
            k = count_key(ID_FROM, shian_str(shian_tables[i].name), 0);
            v.n = 0;
            shian_rowkey_be(&v, shian_next_id(t, i) + gap, 8);
            shian_row_put(t, SHIAN_T_COUNT, &k, shian_slice(v.b, v.n));
        }
    }

    skip_running_numbers(t, gap);
}


static shian_rowkey_t
meta_key(const char *name)
{
    shian_rowkey_t  k;

    k.n = 0;
    shian_rowkey_bytes(&k, name, strlen(name));

    return k;
}


uint64_t
shian_generation(shian_txn_t *t)
{
    shian_str_t     v;
    shian_rowkey_t  k = meta_key("generation");

    return shian_row_get(t, SHIAN_T_META, &k, &v) && v.n == 8
           ? shian_be(v.p, 8) : 0;
}


void
shian_generation_put(shian_txn_t *t, uint64_t generation)
{
    shian_rowkey_t  k = meta_key("generation"), v;

    v.n = 0;
    shian_rowkey_be(&v, generation, 8);
    shian_row_put(t, SHIAN_T_META, &k, shian_slice(v.b, v.n));
}


static shian_rowkey_t
unique_key(char kind, shian_str_t value)
{
    uint8_t      hash[16];
    shian_rowkey_t  k;

    crypto_generichash(hash, sizeof(hash), value.p, value.n, NULL, 0);

    k.n = 0;
    shian_rowkey_be(&k, (uint8_t) kind, 1);
    shian_rowkey_bytes(&k, hash, sizeof(hash));

    return k;
}


uint64_t
shian_unique_get(shian_txn_t *t, char kind, shian_str_t value)
{
    shian_rowkey_t  k = unique_key(kind, value);
    shian_str_t  v;

    return shian_row_get(t, SHIAN_T_UNIQUE, &k, &v) && v.n == 8
           ? shian_be(v.p, 8) : 0;
}


void
shian_unique_put(shian_txn_t *t, char kind, shian_str_t value, uint64_t id)
{
    shian_rowkey_t  k = unique_key(kind, value), v = shian_rowkey_id(id);

    shian_row_put(t, SHIAN_T_UNIQUE, &k, shian_slice(v.b, v.n));
}


void
shian_unique_del(shian_txn_t *t, char kind, shian_str_t value)
{
    shian_rowkey_t  k = unique_key(kind, value);

    shian_row_del(t, SHIAN_T_UNIQUE, &k);
}


bool
shian_spent(shian_txn_t *t, shian_str_t id)
{
    shian_rowkey_t  k;
    shian_str_t  v;

    k.n = 0;
    shian_rowkey_bytes(&k, id.p, id.n);

    return shian_row_get(t, SHIAN_T_SPENT, &k, &v);
}


void
shian_spend(shian_txn_t *t, shian_str_t id)
{
    shian_rowkey_t  k;

    k.n = 0;
    shian_rowkey_bytes(&k, id.p, id.n);
    shian_index_put(t, SHIAN_T_SPENT, &k, 1);
}
