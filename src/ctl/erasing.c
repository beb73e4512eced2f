#include "erasing.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "domain/complaint.h"
#include "domain/operations.h"
#include "output.h"
#include "store/epoch.h"
#include "store/erased.h"

#define TRIES     100           /* while others read what was before */
#define PAUSE_NS  20000000
#define ROWS      1000          /* of the vault, in one transaction */


/* ---- the turn ------------------------------------------------------------*/


/* Lets those write who wait, and those end who read. */
static void
give_way(long ns)
{
    struct timespec  ts = { 0, ns };

    (void) nanosleep(&ts, NULL);
}


static shian_epoch_step_t
turn(shian_ctl_t *c, uint8_t bucket)
{
    unsigned            tries;
    shian_epoch_step_t  rc;

    tries = 0;

    do {
        rc = shian_epoch_step(c->store, &c->keys, bucket, UINT64_MAX, true);

        if (rc == SHIAN_EPOCH_WAITS) {
            give_way(PAUSE_NS);
            tries++;
        } else if (rc == SHIAN_EPOCH_MORE) {
            give_way(PAUSE_NS / 20);
        }
    } while (rc == SHIAN_EPOCH_MORE
             || (rc == SHIAN_EPOCH_WAITS && tries < TRIES));

    return rc;
}


bool
shian_erasing_turn(shian_ctl_t *c, size_t *waits)
{
    bool      due[SHIAN_EPOCHS];
    unsigned  i;

    *waits = 0;

    if (!shian_ctl_keys(c)) {
        return false;
    }

    (void) shian_epoch_due(c->store, UINT64_MAX, due);

    for (i = 0; i < SHIAN_EPOCHS; i++) {
        if (!due[i]) {
            continue;
        }

        switch (turn(c, (uint8_t) i)) {
        case SHIAN_EPOCH_DONE:
            break;
        case SHIAN_EPOCH_FAILED:
            (void) shian_ctl_fail(c, "%s/epoch/%02x: %s", c->store_dir, i,
                                  strerror(errno));
            return false;
        default:
            ++*waits;
        }
    }

    return true;
}


/* ---- lists beside backups ------------------------------------------------*/


static bool
tell_one(shian_ctl_t *c, shian_erased_list_t *known, const char *dir)
{
    bool                  ok;
    const char           *path;
    shian_output_t        o;
    shian_erased_list_t   all = { 0 };

    path = shian_printf(&c->arena, "%s/" SHIAN_ERASED_FILE, dir);
    ok = path != NULL && (shian_erased_read(&all, path) || errno == ENOENT)
         && shian_erased_join(&all, known);

    if (!ok) {
        (void) shian_ctl_fail(c, "%s: %s", dir, strerror(errno));

    } else {
        ok = shian_output_open(c, &o, path, 0600);

        if (ok) {
            shian_erased_write(&all, &o.out.sink);
            ok = shian_output_finish(&o);
        }
    }

    shian_erased_free(&all);

    return ok;
}


static bool
tell_each(shian_ctl_t *c, shian_erased_list_t *known, const char *dir)
{
    DIR            *d;
    bool            ok;
    char           *self, *other;
    const char     *folder, *one;
    struct dirent  *e;

    folder = shian_printf(&c->arena, "%s/..", dir);
    self = realpath(dir, NULL);
    d = folder == NULL || self == NULL ? NULL : opendir(folder);

    for (ok = d != NULL; ok && (e = readdir(d)) != NULL; ) {
        one = shian_printf(&c->arena, "%s/%s/backup.json", folder,
                           e->d_name);

        if (one == NULL || access(one, F_OK) != 0) {
            continue;
        }

        one = shian_printf(&c->arena, "%s/%s", folder, e->d_name);
        other = one == NULL ? NULL : realpath(one, NULL);
        ok = other != NULL
             && (strcmp(other, self) == 0 || tell_one(c, known, other));
        free(other);
    }

    if (d == NULL) {
        (void) shian_ctl_fail(c, "%s/..: %s", dir, strerror(errno));
    } else {
        (void) closedir(d);
    }

    free(self);

    return ok;
}


bool
shian_erasing_tell(shian_ctl_t *c, const char *dir)
{
    bool                  ok;
    const char           *path;
    shian_txn_t           t;
    shian_erased_list_t   known = { 0 };

    path = shian_printf(&c->arena, "%s/" SHIAN_ERASED_FILE, c->store_dir);

    if (path == NULL || shian_txn_begin(c->store, &c->arena, false, &t) != 0)
    {
        return shian_ctl_fail(c, "store \"%s\" cannot be read",
                              c->store_dir) == SHIAN_DONE;
    }

    /* The file may know of more than a store that came from a backup. */
    ok = shian_erased_scan(&known, &t)
         && (shian_erased_read(&known, path) || errno == ENOENT);
    shian_txn_abort(&t);

    if (!ok) {
        (void) shian_ctl_fail(c, "%s: %s", path, strerror(errno));
    }

    shian_ctl_as_user(c);
    ok = ok && tell_each(c, &known, dir);
    shian_erased_free(&known);

    return ok;
}


/* ---- a backup that comes back --------------------------------------------*/


typedef struct {
    shian_ctl_t          *ctl;
    shian_txn_t           txn;
    shian_erased_list_t   list;
    uint64_t             *id;           /* malloc: reviews, then complaints */
    size_t                n;
    size_t                nreviews;
} repeat_t;


/* Is the key of that record here, and on the list? */
static bool
is_due(repeat_t *w, bool has, ProtobufCBinaryData vault)
{
    shian_str_t     row, id = shian_bytes(vault);
    shian_rowkey_t  k;

    k.n = 0;
    shian_rowkey_bytes(&k, id.p, id.n);

    return has && shian_erased_has(&w->list, id)
           && shian_row_get(&w->txn, SHIAN_T_VAULT, &k, &row);
}


static bool
add(repeat_t *w, uint64_t id)
{
    uint64_t  *grown;

    if (w->n > w->nreviews && w->id[w->n - 1] == id) {
        return true;
    }

    grown = reallocarray(w->id, w->n + 1, sizeof(*grown));
    if (grown == NULL) {
        return false;
    }

    grown[w->n++] = id;
    w->id = grown;

    return true;
}


/* The record of a row, if its words are due; 0 if not. */
static uint64_t
look_at(repeat_t *w, shian_table_t table, const shian_scan_t *scan)
{
    Shian__Review          *r;
    shian_rowkey_t          k;
    Shian__Complaint       *c;
    Shian__ComplaintEvent  *e;

    k.n = 0;
    shian_rowkey_bytes(&k, scan->key.p, scan->key.n);

    switch (table) {
    case SHIAN_T_REVIEW:
        r = shian_row_message(&w->txn, table, &k, &shian__review__descriptor);
        return r != NULL && is_due(w, r->has_vault, r->vault) ? r->id : 0;

    case SHIAN_T_COMPLAINT:
        c = shian_row_message(&w->txn, table, &k,
                              &shian__complaint__descriptor);
        return c != NULL && is_due(w, c->has_vault, c->vault) ? c->id : 0;

    default:
        e = shian_row_message(&w->txn, table, &k,
                              &shian__complaint_event__descriptor);
        return e != NULL && is_due(w, e->has_vault, e->vault)
               ? shian_be(scan->key.p, 8) : 0;
    }
}


static bool
find(repeat_t *w, shian_table_t table)
{
    bool            ok;
    uint64_t        id;
    shian_scan_t    scan;
    shian_rowkey_t  all;

    all.n = 0;
    shian_scan_open(&scan, &w->txn, table, &all, NULL);

    for (ok = true; ok && shian_scan_next(&scan); ) {
        id = look_at(w, table, &scan);
        ok = id == 0 || add(w, id);
        shian_arena_free(w->txn.arena);
    }

    shian_scan_close(&scan);

    return ok && w->txn.err == 0;
}


static bool
erase_found(repeat_t *w, shian_store_t *to)
{
    bool               ok;
    size_t             i;
    Shian__Erase       erase;
    Shian__Result      result;
    Shian__Operation   op;

    w->ctl->store = to;

    for (ok = true, i = 0; ok && i < w->n; i++) {
        shian__erase__init(&erase);
        erase.has_review = i < w->nreviews;
        erase.has_complaint = !erase.has_review;
        erase.review = erase.complaint = w->id[i];
        op = shian_ctl_operation(w->ctl);
        op.body_case = SHIAN__OPERATION__BODY_ERASE;
        op.erase = &erase;
        ok = shian_ctl_run(w->ctl, &op, &result);
    }

    w->ctl->store = NULL;

    return ok;
}


bool
shian_erasing_repeat(shian_ctl_t *c, shian_store_t *to, const char *path,
    size_t *n)
{
    bool           ok;
    repeat_t       w;
    shian_arena_t  a;

    memset(&w, 0, sizeof(w));
    w.ctl = c;
    shian_arena_init(&a, NULL, NULL);
    ok = shian_erased_read(&w.list, path);

    if (!ok || shian_txn_begin(to, &a, false, &w.txn) != 0) {
        shian_erased_free(&w.list);
        return shian_ctl_fail(c, "%s: %s", path, ok
                              ? "the store cannot be read" : strerror(errno))
               == SHIAN_DONE;
    }

    if (w.list.n == 0 || w.list.bad > 1) {
        shian_txn_abort(&w.txn);
        shian_arena_free(&a);
        shian_erased_free(&w.list);
        return shian_ctl_fail(c, "%s is no list of what was erased, or a part "
                              "of one is missing: take the store's own, or "
                              "that of the newest backup", path)
               == SHIAN_DONE;
    }

    ok = find(&w, SHIAN_T_REVIEW);
    w.nreviews = w.n;
    ok = ok && find(&w, SHIAN_T_COMPLAINT)
         && find(&w, SHIAN_T_COMPLAINT_EVENT);
    shian_txn_abort(&w.txn);
    shian_arena_free(&a);

    if (!ok) {
        (void) shian_ctl_fail(c, "the backup cannot be read");
    }

    ok = ok && erase_found(&w, to);
    *n += w.n;
    free(w.id);
    shian_erased_free(&w.list);

    return ok;
}


bool
shian_erasing_all(shian_ctl_t *c, shian_store_t *to)
{
    int             rc;
    size_t          i, n;
    shian_txn_t     t;
    shian_scan_t    scan;
    shian_rowkey_t  all, *keys;

    all.n = 0;
    keys = shian_array(&c->arena, ROWS, sizeof(*keys));
    rc = keys == NULL ? ENOMEM : 0;

    for (n = 1; n != 0 && rc == 0; ) {
        rc = shian_txn_begin(to, &c->arena, true, &t);
        if (rc != 0) {
            break;
        }

        n = 0;
        shian_scan_open(&scan, &t, SHIAN_T_VAULT, &all, NULL);

        while (n < ROWS && shian_scan_next(&scan)) {
            keys[n].n = 0;
            shian_rowkey_bytes(&keys[n++], scan.key.p, scan.key.n);
        }

        shian_scan_close(&scan);

        for (i = 0; i < n; i++) {
            shian_row_del(&t, SHIAN_T_VAULT, &keys[i]);
        }

        rc = shian_txn_commit(&t);
    }

    return rc == 0 || shian_ctl_fail(c, "the words cannot be taken out: %s",
                                     mdb_strerror(rc)) == SHIAN_DONE;
}
