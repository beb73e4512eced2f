/*
 * What the tests of store and domain share: a store in a temporary folder,
 * numbers that come out the same every time, and operations run in batches.
 */

#ifndef CITY_H
#define CITY_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "domain/complaint.h"
#include "domain/domain.h"
#include "domain/operations.h"
#include "domain/settle.h"

#define CITY_MAP    ((size_t) 256 << 20)
#define CITY_NOW    UINT64_C(1763884800000)     /* 2025-11-23T08:00:00Z */
#define CITY_BATCH  64

typedef struct {
    char            dir[256];
    shian_store_t  *store;
    shian_keys_t    keys;
    shian_arena_t   arena;          /* of the operations being made */
    uint64_t        seed;
    uint64_t        now;
    size_t          n;              /* waiting to be run */
    shian_item_t    item[CITY_BATCH];
} city_t;


/* xorshift64* (Vigna 2016): 0 to n - 1. */
static inline uint64_t
city_random(city_t *c, uint64_t n)
{
    c->seed ^= c->seed >> 12;
    c->seed ^= c->seed << 25;
    c->seed ^= c->seed >> 27;

    return (c->seed * UINT64_C(2685821657736338717) >> 33) % n;
}


static inline bool
city_chance(city_t *c, uint64_t percent)
{
    return city_random(c, 100) < percent;
}


static inline void
city_temporary(char dir[256])
{
    const char  *tmp;

    tmp = getenv("TMPDIR");
    snprintf(dir, 256, "%s/shian-XXXXXX", tmp == NULL ? "/tmp" : tmp);
    assert_non_null(mkdtemp(dir));
}


static inline int
city_remove_one(const char *path, const struct stat *st, int type,
    struct FTW *ftw)
{
    (void) st;
    (void) type;
    (void) ftw;

    return remove(path);
}


static inline void
city_remove(const char *dir)
{
    assert_int_equal(nftw(dir, city_remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}


/* The logic is under test here, not the disk: no waiting for it. */
static inline shian_store_t *
city_store(const char *dir, size_t map_size)
{
    char            err[512];
    shian_store_t  *s;

    s = shian_store_open(dir, map_size, 0, true, err, sizeof(err));
    assert_non_null(s);
    assert_int_equal(mdb_env_set_flags(s->env, MDB_NOSYNC, 1), 0);

    return s;
}


static inline void
city_open(city_t *c, uint64_t seed, size_t map_size)
{
    char         err[256];
    shian_buf_t  text;

    memset(c, 0, sizeof(*c));
    c->seed = seed;
    c->now = CITY_NOW;
    city_temporary(c->dir);
    c->store = city_store(c->dir, map_size);

    shian_arena_init(&c->arena, NULL, NULL);
    shian_buf_init(&text, &c->arena);
    assert_true(shian_keys_generate(&text.sink, SHIAN_STR("2025-11-23")));
    assert_true(shian_keys_parse(shian_buf_str(&text), &c->keys, err,
                                 sizeof(err)));
}


static inline void
city_close(city_t *c)
{
    shian_keys_wipe(&c->keys);
    shian_arena_free(&c->arena);
    shian_store_close(c->store);
    city_remove(c->dir);
}


/* A new operation of an actor who is signed in as nobody in particular. */
static inline Shian__Operation *
city_operation(city_t *c, Shian__Role__Kind role, uint64_t venue)
{
    Shian__Operation  *op;

    op = shian_zalloc(&c->arena, sizeof(*op));
    shian__operation__init(op);
    op->actor = shian_zalloc(&c->arena, sizeof(*op->actor));
    shian__actor__init(op->actor);
    op->has_at = op->actor->has_role = 1;
    op->at = c->now;
    op->actor->role = role;
    op->actor->has_venue = venue != 0;
    op->actor->venue = venue;

    return op;
}


/* Gives op a body of the wanted type and returns it. */
#define CITY_BODY(c, op, CASE, member, Type, init)                           \
    ((op)->body_case = SHIAN__OPERATION__BODY_##CASE,                        \
     (op)->member = shian_zalloc(&(c)->arena, sizeof(Type)),                 \
     init((op)->member), (op)->member)


static inline void
city_bytes(void *ctx, void *out, size_t n)
{
    size_t    i;
    uint8_t  *p = out;

    for (i = 0; i < n; i++) {
        p[i] = (uint8_t) city_random(ctx, 256);
    }
}


/* What every door draws, where a test has not said what. */
static inline void
city_draw(city_t *c, Shian__Operation *op)
{
    if (op->body_case == SHIAN__OPERATION__BODY_USER_PUT
        && !op->user_put->has_handle)
    {
        op->user_put->has_handle = 1;
        city_bytes(c, &op->user_put->handle, sizeof(op->user_put->handle));
    }

    if (op->body_case == SHIAN__OPERATION__BODY_COMPLAINT_POST
        && op->complaint_post->n_handle == 0)
    {
        assert_true(shian_complaint_draw(&c->arena, op->complaint_post,
                                         city_bytes, c));
    }
}


/* Adds it to the batch; the sealed fields are sealed on the way. */
static inline void
city_add(city_t *c, Shian__Operation *op)
{
    shian_item_t  *it = &c->item[c->n++];

    city_draw(c, op);

    /* All members of the union are pointers to messages. */
    assert_true(shian_seal((ProtobufCMessage *) op->store_init, &c->keys,
                           op->at, &c->arena, it));
    it->operation = shian_pack(&c->arena, op);
}


/* Runs what waits; the items keep results and reports until the next add. */
static inline int
city_run(city_t *c)
{
    int            rc;
    size_t         i;
    shian_item_t  *items[CITY_BATCH];

    for (i = 0; i < c->n; i++) {
        items[i] = &c->item[i];
    }

    rc = shian_batch_run(c->store, &shian_machine, items, c->n);
    c->n = 0;

    return rc;
}


/* One operation alone: its status. */
static inline int
city_do(city_t *c, Shian__Operation *op)
{
    city_add(c, op);
    (void) city_run(c);

    return c->item[0].report.status;
}


/* Venues first to last are taken over midnight. */
static inline Shian__Operation *
city_day(city_t *c, uint64_t first, uint64_t last)
{
    Shian__Operation  *op = city_operation(c, SHIAN__ROLE__KIND__admin, 0);
    Shian__DayPass    *d;

    d = CITY_BODY(c, op, DAY_PASS, day_pass, Shian__DayPass,
                  shian__day_pass__init);
    d->has_day = d->has_first = d->has_last = 1;
    d->day = shian_local_day(c->now, SHIAN_TZ_MINUTES);
    d->first = first;
    d->last = last;

    return op;
}


/* All venues are taken over midnight, and shown under the last policy. */
static inline void
city_pass_day(city_t *c)
{
    bool                more;
    shian_txn_t         t;
    Shian__Operation   *op;
    shian_city_step_t   body;

    for ( ;; ) {
        op = city_operation(c, SHIAN__ROLE__KIND__admin, 0);
        assert_int_equal(shian_txn_begin(c->store, &c->arena, false, &t), 0);
        more = shian_city_step(&t, c->now, &body, op);
        shian_txn_abort(&t);

        if (!more) {
            return;
        }

        assert_int_equal(city_do(c, op), 200);
    }
}


/* Replays into a store of its own and compares. */
static inline bool
city_verify(city_t *c, char *err, size_t errsize)
{
    bool            ok;
    char            dir[256];
    shian_store_t  *to;

    city_temporary(dir);
    to = city_store(dir, CITY_MAP);
    ok = shian_verify(c->store, to, &shian_machine, NULL, NULL, err,
                      errsize);
    shian_store_close(to);
    city_remove(dir);

    return ok;
}


/* The usual beginnings. */

static inline Shian__Operation *
city_venue(city_t *c, const char *name)
{
    Shian__Operation  *op = city_operation(c, SHIAN__ROLE__KIND__admin, 0);
    Shian__Venue      *v;

    v = shian_zalloc(&c->arena, sizeof(*v));
    shian__venue__init(v);
    v->name = (char *) name;
    CITY_BODY(c, op, VENUE_UPSERT, venue_upsert, Shian__VenueUpsert,
              shian__venue_upsert__init)->venue = v;

    return op;
}


static inline Shian__Operation *
city_review(city_t *c, uint64_t venue, uint32_t hygiene, const char *text,
    uint64_t device, uint64_t scan)
{
    uint8_t            *id;
    Shian__Operation   *op;
    Shian__ReviewPost  *r;

    op = city_operation(c, SHIAN__ROLE__KIND__public, 0);
    id = shian_zalloc(&c->arena, 40);
    memcpy(id, &device, sizeof(device));
    op->actor->has_device = 1;
    op->actor->device = shian_binary(shian_slice(id, 16));

    r = CITY_BODY(c, op, REVIEW_POST, review_post, Shian__ReviewPost,
                  shian__review_post__init);
    r->has_venue = r->has_hygiene = r->has_scan = 1;
    r->venue = venue;
    r->hygiene = hygiene;
    memcpy(id + 16 + 8, &scan, sizeof(scan));
    id[16 + 7] = 0xff;
    r->scan = shian_binary(shian_slice(id + 16, 24));

    if (text != NULL) {
        r->has_text = 1;
        r->text = shian_binary(shian_str(text));
    }

    return op;
}

#endif /* CITY_H */
