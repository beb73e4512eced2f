/*
 * A city for `make bench BENCH=grading`: venues with credit level B, each
 * with so many visits over the last two years, by ordinary operations in
 * large batches.  The disk is waited for once, at the end.
 *
 *     fill DIR VENUES VISITS
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/calendar.h"
#include "domain/operations.h"
#include "store/batch.h"

#define BATCH  5000
#define YEARS  700                      /* days over which visits lie */

typedef struct {
    shian_store_t   *store;
    shian_arena_t    arena;
    uint64_t         now_ms;
    size_t           n;
    shian_item_t     item[BATCH];
    shian_item_t    *items[BATCH];
} fill_t;

static fill_t  fill;


static void
die(const char *what)
{
    fprintf(stderr, "fill: %s\n", what);
    exit(1);
}


static uint64_t
number(const char *z)
{
    char                *end;
    unsigned long long   v;

    v = strtoull(z, &end, 10);

    if (end == z || *end != '\0') {
        die(z);
    }

    return v;
}


static void
run(void)
{
    int     rc;
    size_t  i;

    rc = shian_batch_run(fill.store, &shian_machine, fill.items, fill.n);

    if (rc != 0) {
        die(mdb_strerror(rc));
    }

    for (i = 0; i < fill.n; i++) {
        if (fill.item[i].report.status != 200) {
            die(fill.item[i].report.code);
        }
    }

    shian_arena_free(&fill.arena);
    fill.n = 0;
}


static void
add(Shian__Operation *op)
{
    shian_item_t  *it = &fill.item[fill.n];
    Shian__Actor   actor = SHIAN__ACTOR__INIT;

    actor.has_role = op->has_at = 1;
    actor.role = SHIAN__ROLE__KIND__admin;
    op->actor = &actor;
    op->at = fill.now_ms;

    memset(it, 0, sizeof(*it));
    it->operation = shian_pack(&fill.arena, op);
    fill.items[fill.n++] = it;

    if (it->operation.p == NULL) {
        die("out of memory");
    }

    if (fill.n == BATCH) {
        run();
    }
}


static void
add_venue(uint64_t id)
{
    char                 name[64], address[64], district[32];
    Shian__Venue         v = SHIAN__VENUE__INIT;
    Shian__Operation     op = SHIAN__OPERATION__INIT;
    Shian__VenueUpsert   upsert = SHIAN__VENUE_UPSERT__INIT;

    (void) snprintf(name, sizeof(name), "Noodles %" PRIu64, id);
    (void) snprintf(address, sizeof(address), "%" PRIu64 " Canal Street",
                    id);
    (void) snprintf(district, sizeof(district), "district %" PRIu64, id % 8);
    v.name = name;
    v.address = address;
    v.district = district;
    v.has_credit = 1;
    v.credit = SHIAN__VENUE__CREDIT__B;
    upsert.venue = &v;
    op.body_case = SHIAN__OPERATION__BODY_VENUE_UPSERT;
    op.venue_upsert = &upsert;
    add(&op);
}


static void
add_visit(uint64_t venue, uint64_t i, uint64_t visits, int32_t today)
{
    Shian__Operation          op = SHIAN__OPERATION__INIT;
    Shian__Inspection         in = SHIAN__INSPECTION__INIT;
    Shian__InspectionImport   import = SHIAN__INSPECTION_IMPORT__INIT;

    in.has_venue = in.has_on = in.has_kind = in.has_passed = 1;
    in.has_failed = 1;
    in.venue = venue;
    in.on = today - YEARS + (int32_t) ((i + 1) * YEARS / visits)
            - (int32_t) (venue % 7);
    in.kind = SHIAN__INSPECTION__KIND__routine;
    in.passed = 30;
    in.failed = (uint32_t) (venue % 5);
    import.inspection = &in;
    op.body_case = SHIAN__OPERATION__BODY_INSPECTION_IMPORT;
    op.inspection_import = &import;
    add(&op);
}


int
main(int argc, char **argv)
{
    char             err[512];
    int32_t          today;
    uint64_t         id, i, venues, visits;
    struct timespec  ts;

    if (argc != 4) {
        fprintf(stderr, "fill DIR VENUES VISITS\n");
        return 2;
    }

    venues = number(argv[2]);
    visits = number(argv[3]);
    fill.store = shian_store_open(argv[1], 0, 0, false, err, sizeof(err));

    if (fill.store == NULL) {
        die(err);
    }

    if (mdb_env_set_flags(fill.store->env, MDB_NOSYNC, 1) != 0
        || clock_gettime(CLOCK_REALTIME, &ts) != 0)
    {
        die("no clock, or no store");
    }

    fill.now_ms = (uint64_t) ts.tv_sec * 1000;
    today = shian_local_day(fill.now_ms, 480);
    shian_arena_init(&fill.arena, NULL, NULL);

    for (id = 1; id <= venues; id++) {
        add_venue(id);
    }

    run();

    /* In a new store venues are numbered from 1. */
    for (id = 1; id <= venues; id++) {
        for (i = 0; i < visits; i++) {
            add_visit(id, i, visits, today);
        }
    }

    run();

    if (mdb_env_sync(fill.store->env, 1) != 0) {
        die("the disk failed");
    }

    shian_store_close(fill.store);

    return 0;
}
