/*
 * Files complaints into a store beside whoever else writes to it.
 *
 *   filing STORE KEYS N [PHOTO] <<JSON          prints the first id
 *
 * JSON is what a form has, PHOTO the hash of one that was sent before; it is
 * filed N times, a millisecond apart, in batches as large as the server's.
 */

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/ids.h"
#include "domain/complaint.h"

#define BATCH  500


static void
die(const char *what)
{
    fprintf(stderr, "filing: %s\n", what);
    exit(1);
}


static Shian__ComplaintPost *
read_form(shian_arena_t *a, shian_str_t json)
{
    shian_report_t     report;
    ProtobufCMessage  *message;

    shian_report_init(&report);

    if (!shian_bind_json(a, shian_field_rules, shian_nfield_rules,
                         &shian__complaint_post__descriptor, json, NULL,
                         &message, &report))
    {
        die(report.nfields != 0 ? report.fields[0].field : "no form");
    }

    return (Shian__ComplaintPost *) message;
}


static void
add_photo(shian_arena_t *a, const char *hex, Shian__ComplaintPost *post)
{
    uint8_t        *hash;
    Shian__Photo   *p;

    hash = shian_alloc(a, SHIAN_HASH_SIZE);
    p = shian_alloc(a, sizeof(*p));
    post->photo = shian_array(a, 1, sizeof(*post->photo));

    if (hash == NULL || p == NULL || post->photo == NULL
        || !shian_unhex(hash, SHIAN_HASH_SIZE, shian_str(hex)))
    {
        die("no photo");
    }

    shian__photo__init(p);
    p->has_hash = p->has_type = 1;
    p->hash = shian_binary(shian_slice(hash, SHIAN_HASH_SIZE));
    p->type = SHIAN__PHOTO__TYPE__jpeg;
    post->photo[0] = p;
    post->n_photo = 1;
}


static void
pack(shian_store_t *s, const shian_keys_t *keys, shian_arena_t *a,
    shian_str_t json, const char *photo, uint64_t at, shian_item_t *item)
{
    shian_txn_t            t;
    Shian__Actor           actor = SHIAN__ACTOR__INIT;
    shian_report_t         report;
    Shian__Operation       op = SHIAN__OPERATION__INIT;
    Shian__ComplaintPost  *post;

    static shian_workdays_t  days;

    if (days.n == 0) {
        shian_workdays_default(&days);
    }

    post = read_form(a, json);

    if (photo != NULL) {
        add_photo(a, photo, post);
    }

    shian_report_init(&report);

    if (shian_txn_begin(s, a, false, &t) != 0
        || !shian_complaint_prepare(&t, &days, at, post, &report))
    {
        die("not a filing");
    }

    shian_txn_abort(&t);
    actor.has_role = 1;
    actor.role = SHIAN__ROLE__KIND__admin;
    op.has_at = 1;
    op.at = at;
    op.actor = &actor;
    op.body_case = SHIAN__OPERATION__BODY_COMPLAINT_POST;
    op.complaint_post = post;

    memset(item, 0, sizeof(*item));

    if (!shian_seal(&post->base, keys, at, a, item))
    {
        die("no key");
    }

    item->operation = shian_pack(a, &op);
}


int
main(int argc, char **argv)
{
    char              err[512], json[65536];
    size_t            i, n, all, size;
    uint64_t          at;
    shian_keys_t      keys;
    shian_item_t     *items, *list[BATCH];
    shian_arena_t     a;
    shian_store_t    *s;
    struct timespec   now;

    if (argc < 4 || argc > 5 || sodium_init() < 0
        || clock_gettime(CLOCK_REALTIME, &now) != 0)
    {
        die("usage: filing STORE KEYS N [PHOTO]");
    }

    all = strtoul(argv[3], NULL, 10);
    size = fread(json, 1, sizeof(json), stdin);
    items = calloc(BATCH, sizeof(*items));
    s = shian_store_open(argv[1], 0, 0, false, err, sizeof(err));

    if (items == NULL || s == NULL
        || !shian_keys_load(argv[2], &keys, err, sizeof(err)))
    {
        die(err);
    }

    at = (uint64_t) now.tv_sec * 1000 + (uint64_t) now.tv_nsec / 1000000;
    shian_arena_init(&a, NULL, NULL);

    for (n = 0; n < all; n += i) {

        for (i = 0; i < BATCH && n + i < all; i++) {
            list[i] = &items[i];
            pack(s, &keys, &a, shian_slice(json, size),
                 argc == 5 ? argv[4] : NULL, at + n + i, &items[i]);
        }

        if (shian_batch_run(s, &shian_machine, list, i) != 0
            || items[0].report.status != 200)
        {
            die(items[0].report.code == NULL ? "not written"
                                             : items[0].report.code);
        }

        if (n == 0) {
            printf("%llu\n", (unsigned long long) items[0].result.id);
        }

        shian_arena_free(&a);
    }

    shian_store_close(s);
    free(items);

    return 0;
}
