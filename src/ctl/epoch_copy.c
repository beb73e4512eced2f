#include "epoch_copy.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/ids.h"
#include "output.h"
#include "store/epoch.h"
#include "store/vault.h"

#define HEAD  "shian epoch keys\n"


/* ---- backup --------------------------------------------------------------*/


/* Which epoch's key: a bucket may be between two. */
typedef struct {
    shian_ctl_t      *ctl;
    shian_store_t     from;         /* its folder alone */
    shian_output_t    o;
    unsigned          bucket;       /* of the last line */
    uint32_t          last;
} saving_t;


static bool
save_key(saving_t *w, uint8_t bucket, uint32_t number)
{
    char     hex[SHIAN_HEX_LEN(SHIAN_EPOCH_FILE)];
    size_t   n;
    uint8_t  raw[SHIAN_EPOCH_FILE];

    if (bucket == w->bucket && number == w->last) {
        return true;
    }

    w->bucket = bucket;
    w->last = number;

    if (!shian_epoch_raw(&w->from, bucket, number, raw, &n)) {
        (void) shian_ctl_fail(w->ctl, "%s/epoch/%02x.%u: %s", w->from.dir,
                              bucket, number, strerror(errno));
        return false;
    }

    shian_hex(hex, raw, n);
    shian_putf(&w->o.out.sink, "%02x.%u %.*s\n", bucket, number,
               (int) SHIAN_HEX_LEN(n), hex);

    return !w->o.out.sink.failed;
}


bool
shian_epoch_backup(shian_ctl_t *c, const char *from, shian_store_t *named,
    const char *path)
{
    bool            ok;
    saving_t        w;
    shian_txn_t     t;
    shian_scan_t    scan;
    shian_rowkey_t  all;

    memset(&w, 0, sizeof(w));
    w.ctl = c;
    w.from.dir = (char *) (uintptr_t) from;
    w.bucket = SHIAN_EPOCHS;

    if (!shian_output_open(c, &w.o, path, 0600)) {
        return false;
    }

    if (shian_txn_begin(named, &c->arena, false, &t) != 0) {
        shian_output_abandon(&w.o);
        return shian_ctl_fail(c, "the vault cannot be read") == SHIAN_DONE;
    }

    all.n = 0;
    shian_putz(&w.o.out.sink, HEAD);
    shian_scan_open(&scan, &t, SHIAN_T_VAULT, &all, NULL);

    for (ok = true; ok && shian_scan_next(&scan); ) {
        ok = shian_epoch_of(scan.value) == 0
             || save_key(&w, scan.key.p[0], shian_epoch_of(scan.value));
    }

    shian_scan_close(&scan);
    ok = ok && t.err == 0;
    shian_txn_abort(&t);

    if (!ok) {
        shian_output_abandon(&w.o);
        return false;
    }

    return shian_output_finish(&w.o);
}


/* ---- restore -------------------------------------------------------------*/


static bool
put_key(const shian_photo_copy_t *p, const char *dir, const char *name,
    shian_str_t hex)
{
    bool             ok;
    uint8_t          raw[SHIAN_EPOCH_FILE];
    const char      *path;
    shian_output_t   o;

    path = shian_printf(&p->ctl->arena, "%s/%s", dir, name);

    if (path == NULL || hex.n / 2 > sizeof(raw)
        || !shian_unhex(raw, hex.n / 2, hex))
    {
        (void) shian_ctl_fail(p->ctl, "the epoch keys are damaged");
        return false;
    }

    if (!shian_output_open(p->ctl, &o, path, 0600)) {
        return false;
    }

    shian_put(&o.out.sink, raw, hex.n / 2);
    ok = fflush(o.out.file) == 0
         && (!p->give || fchown(fileno(o.out.file), p->uid, p->gid) == 0);

    if (!ok) {
        (void) shian_ctl_fail(p->ctl, "%s: %s", path, strerror(errno));
        shian_output_abandon(&o);
        return false;
    }

    return shian_output_finish(&o);
}


bool
shian_epoch_restore(const shian_photo_copy_t *p, const char *path)
{
    bool                 ok;
    char                 line[1024], name[16], hex[512];
    FILE                *f;
    unsigned             bucket, number;
    const char          *dir;
    shian_photo_copy_t   own = *p;

    own.folder_mode = 0700;
    dir = shian_printf(&p->ctl->arena, "%s/epoch", p->to);
    f = shian_ctl_fopen(p->ctl, path, "r");

    if (f == NULL) {
        return false;
    }

    ok = fgets(line, sizeof(line), f) != NULL && strcmp(line, HEAD) == 0;

    if (!ok) {
        (void) shian_ctl_fail(p->ctl, "%s: these are no epoch keys", path);

    } else if (dir == NULL || !shian_photo_copy_folder(&own, dir)) {
        ok = false;
        (void) shian_ctl_fail(p->ctl, "%s/epoch: %s", p->to,
                              strerror(errno));
    }

    while (ok && fgets(line, sizeof(line), f) != NULL) {
        ok = sscanf(line, "%2x.%u %511s", &bucket, &number, hex) == 3;

        if (!ok) {
            (void) shian_ctl_fail(p->ctl, "%s: the epoch keys are damaged",
                                  path);
            break;
        }

        (void) snprintf(name, sizeof(name), "%02x.%u", bucket, number);
        ok = put_key(p, dir, name, shian_str(hex));
    }

    (void) fclose(f);

    return ok;
}


/* ---- verify --------------------------------------------------------------*/


bool
shian_epoch_count(shian_ctl_t *c, uint64_t *rows, uint64_t *closed)
{
    bool            ok, keys;
    shian_txn_t     t;
    shian_scan_t    scan;
    shian_vault_t   v;
    shian_rowkey_t  all;

    all.n = 0;
    *rows = *closed = 0;

    /* A copy is also looked at where there are no keys at all. */
    shian_ctl_as_user(c);
    keys = access(c->keys_path, F_OK) == 0;
    shian_ctl_as_owner(c);

    if (keys && !shian_ctl_keys(c)) {
        return false;
    }

    if (shian_txn_begin(c->store, &c->arena, false, &t) != 0) {
        return shian_ctl_fail(c, "the vault cannot be read") == SHIAN_DONE;
    }

    shian_scan_open(&scan, &t, SHIAN_T_VAULT, &all, NULL);

    for (ok = true; ok && shian_scan_next(&scan); ) {
        ++*rows;

        if (!keys) {
            ++*closed;

        } else if (!shian_vault_get(&v, &c->keys, &t, scan.key)) {
            ok = t.err == ENOENT || t.err == EACCES;
            t.err = 0;
            ++*closed;
        }

        shian_vault_wipe(&v);
    }

    shian_scan_close(&scan);
    shian_txn_abort(&t);

    return ok || shian_ctl_fail(c, "a row of the vault does not open: it is "
                                "damaged, or the key file is another's")
                 == SHIAN_DONE;
}
