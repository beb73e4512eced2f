#include "cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <sodium.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/code.h"
#include "domain/complaint.h"
#include "domain/gallery.h"
#include "domain/policy.h"
#include "domain/rules.h"
#include "domain/view.h"
#include "epoch_copy.h"
#include "erasing.h"
#include "progress.h"
#include "store/photos.h"

#define MAX_ERASED  1024        /* photos of one complaint */

const shian_option_t  shian_init_options[] = {
    { "owner", "USER", "as root: give a new store to the nginx workers' "
                       "user" },
    { "new-keys", NULL, "for a store whose key file is lost: plaques, links "
                        "and sealed words die" },
    { NULL, NULL, NULL }
};

const shian_option_t  shian_verify_options[] = {
    { "from", "SEQ:HASH", "a head of before: the log has to go on from it" },
    { NULL, NULL, NULL }
};

const shian_option_t  shian_stat_options[] = { { NULL, NULL, NULL } };
const shian_option_t  shian_erase_options[] = { { NULL, NULL, NULL } };


/* ---- init ---------------------------------------------------------------- */


static bool
has_store(shian_ctl_t *c)
{
    const char   *file;
    struct stat   st;

    file = shian_printf(&c->arena, "%s/data.mdb", c->store_dir);

    return file == NULL || stat(file, &st) == 0 || errno != ENOENT;
}


/* The key file is there, or is made for a store that is not. */
static bool
find_keys(shian_ctl_t *c)
{
    shian_ctl_as_user(c);

    if (access(c->keys_path, F_OK) == 0) {
        return true;
    }

    /* What is not where it should be is rather mislaid than never made. */
    if (has_store(c) && !shian_flag(c, "new-keys")) {
        (void) shian_ctl_fail(c, "there is a store in \"%s\", and its key file "
                              "\"%s\" is not there; bring it back, or say "
                              "--new-keys", c->store_dir, c->keys_path);
        return false;
    }

    return shian_make_keys(c);
}


/* As root: the folder is there, and somebody else's, before it is opened. */
static bool
give_folder(shian_ctl_t *c, const char *owner)
{
    struct passwd  *pw;

    if (owner == NULL) {
        return true;
    }

    pw = getpwnam(owner);

    if (pw == NULL) {
        (void) shian_ctl_fail(c, "there is no user \"%s\"", owner);
        return false;
    }

    if ((mkdir(c->store_dir, 0750) != 0 && errno != EEXIST)
        || chown(c->store_dir, pw->pw_uid, pw->pw_gid) != 0)
    {
        (void) shian_ctl_fail(c, "store \"%s\": %s", c->store_dir,
                              strerror(errno));
        return false;
    }

    return true;
}


bool
shian_make_store(shian_ctl_t *c)
{
    Shian__Result      result;
    Shian__StoreInit   init = SHIAN__STORE_INIT__INIT;
    Shian__Operation   op;

    if (!give_folder(c, shian_arg(c, "owner")) || !find_keys(c)
        || !shian_ctl_store(c, true))
    {
        return false;
    }

    /* The key file says which site it is: printed plaques stay good. */
    init.has_site = init.has_generation = 1;
    init.site = shian_binary(shian_slice(c->keys.site,
                                         sizeof(c->keys.site)));
    init.generation = shian_new_handle();
    init.has_rules = init.has_tz_minutes = 1;
    init.rules = shian_rules_newest();
    init.tz_minutes = SHIAN_TZ_MINUTES;
    init.policy = shian_policy_document(&c->arena, &shian_policy_default,
                                        "default-1");

    if (init.policy == NULL) {
        (void) shian_ctl_fail(c, "memory has run out");
        return false;
    }

    op = shian_ctl_operation(c);
    op.body_case = SHIAN__OPERATION__BODY_STORE_INIT;
    op.store_init = &init;

    return shian_ctl_run(c, &op, &result);
}


int
shian_cmd_init(shian_ctl_t *c)
{
    if (!shian_make_store(c)) {
        return SHIAN_FAILED;
    }

    if (c->json) {
        printf("{\"ok\":true}\n");
    } else {
        printf("store %s, keys %s\n", c->store_dir, c->keys_path);
    }

    return SHIAN_DONE;
}


/* ---- verify -------------------------------------------------------------- */


static void
on_entry(void *ctx, uint64_t done, uint64_t all)
{
    shian_progress_show(ctx, done, all);
}


/* Whether the file of a photo still holds what its name says. */
static bool
photo_holds(shian_ctl_t *c, shian_arena_t *a, const uint8_t hash[32])
{
    int                         fd;
    bool                        ok;
    uint8_t                     buf[65536], is[32];
    ssize_t                     n;
    const char                 *path;
    crypto_generichash_state    h;

    path = shian_photo_path(a, c->store_dir, hash);
    fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);

    if (fd == -1) {
        return false;
    }

    crypto_generichash_init(&h, NULL, 0, sizeof(is));

    while ((n = read(fd, buf, sizeof(buf))) > 0) {
        crypto_generichash_update(&h, buf, (unsigned long long) n);
    }

    crypto_generichash_final(&h, is, sizeof(is));
    ok = n == 0 && memcmp(is, hash, sizeof(is)) == 0;
    (void) close(fd);

    return ok;
}


/* All photos that operations name; false: it was said which is wrong. */
static bool
verify_photos(shian_ctl_t *c, uint64_t *n)
{
    bool             ok;
    char             hex[SHIAN_HEX_LEN(32) + 1];
    shian_txn_t      t;
    shian_scan_t     scan;
    shian_arena_t    a;
    shian_rowkey_t   all;

    shian_arena_init(&a, NULL, NULL);
    all.n = 0;
    *n = 0;

    if (shian_txn_begin(c->store, &a, false, &t) != 0) {
        (void) shian_ctl_fail(c, "store \"%s\" cannot be read",
                              c->store_dir);
        return false;
    }

    ok = true;
    shian_scan_open(&scan, &t, SHIAN_T_PHOTO, &all, NULL);

    while (ok && shian_scan_next(&scan)) {
        ok = scan.key.n == 32 && photo_holds(c, &a, scan.key.p);

        if (!ok) {
            shian_hex(hex, scan.key.p, scan.key.n < 32 ? scan.key.n : 32);
            hex[SHIAN_HEX_LEN(scan.key.n < 32 ? scan.key.n : 32)] = '\0';
            (void) shian_ctl_fail(c, "photo %s is missing or changed; take "
                                  "it from a backup", hex);
        }

        (*n)++;
        shian_arena_free(&a);
    }

    shian_scan_close(&scan);
    shian_txn_abort(&t);
    shian_arena_free(&a);

    return ok;
}


/* Does the log go on from a head of before, "seq:hash"?  False: it was said. */
static bool
goes_on(shian_ctl_t *c, const char *from)
{
    char             hex[SHIAN_HEX_LEN(SHIAN_HASH_SIZE) + 1];
    bool             same;
    size_t           n;
    uint64_t         seq;
    shian_str_t      row;
    shian_txn_t      t;
    const char      *hash, *number;
    shian_rowkey_t   k;

    hash = from == NULL ? NULL : strchr(from, ':');
    n = hash == NULL ? 0 : (size_t) (hash - from);
    number = shian_printf(&c->arena, "%.*s", (int) n,
                          from == NULL ? "" : from);

    if (from == NULL) {
        return true;
    }

    if (hash == NULL || number == NULL
        || !shian_number(number, 1, INT64_MAX, &seq)
        || strlen(hash + 1) != sizeof(hex) - 1)
    {
        (void) shian_ctl_usage(c, "\"%s\" is no head: SEQ:HASH", from);
        return false;
    }

    if (shian_txn_begin(c->store, &c->arena, false, &t) != 0) {
        (void) shian_ctl_fail(c, "store \"%s\" cannot be read",
                              c->store_dir);
        return false;
    }

    k = shian_rowkey_id(seq);
    same = shian_row_get(&t, SHIAN_T_LOG, &k, &row)
           && row.n > SHIAN_HASH_SIZE;

    if (same) {
        shian_hex(hex, row.p, SHIAN_HASH_SIZE);
        hex[sizeof(hex) - 1] = '\0';
        same = strcasecmp(hex, hash + 1) == 0;
    }

    shian_txn_abort(&t);

    if (!same) {
        (void) shian_ctl_fail(c, "the log does not go on from %s: entry %s "
                              "is missing or another one", from, number);
    }

    return same;
}


int
shian_cmd_verify(shian_ctl_t *c)
{
    bool               ok;
    char               err[1024];
    uint64_t           photos, rows, closed;
    const char        *dir;
    shian_txn_t        t;
    shian_head_t       head;
    shian_store_t     *copy;
    shian_progress_t   p;

    if (!shian_ctl_store(c, false) || !goes_on(c, shian_arg(c, "from"))) {
        return SHIAN_FAILED;
    }

    dir = shian_ctl_scratch(c);
    if (dir == NULL) {
        return SHIAN_FAILED;
    }

    copy = shian_store_open(dir, 0, 0, true, err, sizeof(err));
    if (copy == NULL) {
        return shian_ctl_fail(c, "%s", err);
    }

    /* It is thrown away: nothing needs to reach the disk. */
    (void) mdb_env_set_flags(copy->env, MDB_NOSYNC, 1);

    shian_progress_start(&p, "verify");
    ok = shian_verify(c->store, copy, &shian_machine, on_entry, &p, err,
                      sizeof(err));
    shian_progress_end(&p);

    head.seq = 0;

    if (ok && shian_txn_begin(copy, &c->arena, false, &t) == 0) {
        shian_log_head(&t, &head);
        shian_txn_abort(&t);
    }

    shian_store_close(copy);

    if (!ok) {
        return shian_ctl_fail(c, "%s", err);
    }

    if (!verify_photos(c, &photos) || !shian_epoch_count(c, &rows, &closed)) {
        return SHIAN_FAILED;
    }

    printf(c->json ? "{\"ok\":true,\"seq\":%llu,\"photos\":%llu,"
                     "\"sealed\":%llu,\"not_opened\":%llu}\n"
           : "%llu entries: the chain holds, and replaying them gives the "
             "same store; %llu photos are whole; of %llu sealed records %llu "
             "could not be opened without their epoch keys\n",
           (unsigned long long) head.seq, (unsigned long long) photos,
           (unsigned long long) rows, (unsigned long long) closed);

    return SHIAN_DONE;
}


/* ---- stat ---------------------------------------------------------------- */


static bool
print_tables(shian_ctl_t *c, shian_txn_t *t)
{
    int       i;
    MDB_stat  st;

    if (c->json) {
        printf(",\"tables\":{");
    }

    for (i = 0; i < SHIAN_T_MAX; i++) {
        if (mdb_stat(t->mdb, c->store->dbi[i], &st) != 0) {
            return false;
        }

        if (c->json) {
            printf("%s\"%s\":%zu", i == 0 ? "" : ",", shian_tables[i].name,
                   st.ms_entries);
        } else {
            printf("  %-12s %10zu  %s\n", shian_tables[i].name,
                   st.ms_entries, shian_tables[i].key);
        }
    }

    if (c->json) {
        printf("}");
    }

    return true;
}


static bool
print_colours(shian_ctl_t *c, shian_txn_t *t)
{
    size_t                            i, n;
    uint64_t                          venues;
    const char                       *name;
    Shian__ColourCount              **counts;
    const ProtobufCEnumValue         *v;

    if (!shian_view_colours(t, &counts, &n, &venues)) {
        return false;
    }

    printf(c->json ? ",\"venues\":%llu,\"colours\":{" : "venues %llu:",
           (unsigned long long) venues);

    for (i = 0; i < n; i++) {
        v = protobuf_c_enum_descriptor_get_value(
                &shian__colour__kind__descriptor, (int) counts[i]->colour);
        name = v == NULL ? "?" : v->name;

        if (c->json) {
            printf("%s\"%s\":%llu", i == 0 ? "" : ",", name,
                   (unsigned long long) counts[i]->count);
        } else {
            printf("%s %s %llu", i == 0 ? "" : ",", name,
                   (unsigned long long) counts[i]->count);
        }
    }

    printf(c->json ? "}" : "\n");
    return true;
}


int
shian_cmd_stat(shian_ctl_t *c)
{
    bool          ok;
    char          hex[SHIAN_HEX_LEN(SHIAN_HASH_SIZE) + 1];
    size_t        used;
    MDB_stat      st;
    shian_txn_t   t;
    MDB_envinfo   info;
    shian_head_t  head;

    if (!shian_ctl_store(c, false)) {
        return SHIAN_FAILED;
    }

    if (mdb_env_info(c->store->env, &info) != 0
        || mdb_env_stat(c->store->env, &st) != 0
        || shian_txn_begin(c->store, &c->arena, false, &t) != 0)
    {
        return shian_ctl_fail(c, "store \"%s\" cannot be read",
                              c->store_dir);
    }

    shian_log_head(&t, &head);
    shian_hex(hex, head.hash, SHIAN_HASH_SIZE);
    hex[sizeof(hex) - 1] = '\0';
    used = (info.me_last_pgno + 1) * st.ms_psize;

    printf(c->json
           ? "{\"seq\":%llu,\"head\":\"%s\",\"bytes\":%zu,\"map_size\":%zu,"
             "\"readers\":%u"
           : "log %llu, head %s\nbytes %zu of %zu, readers %u\n",
           (unsigned long long) head.seq, head.seq == 0 ? "" : hex, used,
           info.me_mapsize, info.me_numreaders);

    ok = print_colours(c, &t) && print_tables(c, &t);
    printf(c->json ? "}\n" : "");
    shian_txn_abort(&t);

    return ok ? SHIAN_DONE : shian_ctl_fail(c, "store \"%s\" cannot be read",
                                            c->store_dir);
}


/* ---- erase --------------------------------------------------------------- */


/* review:ID or complaint:ID. */
static bool
erase_what(const char *what, Shian__Erase *erase)
{
    if (strncmp(what, "complaint:", 10) == 0) {
        erase->has_complaint = 1;
        return shian_number(what + 10, 1, INT64_MAX, &erase->complaint);
    }

    erase->has_review = 1;

    return strncmp(what, "review:", 7) == 0
           && shian_number(what + 7, 1, INT64_MAX, &erase->review);
}


static size_t
review_photos(shian_txn_t *t, uint64_t id, uint8_t (*hashes)[32], size_t max)
{
    size_t          i;
    Shian__Review  *r;

    r = shian_review_get(t, id);

    for (i = 0; r != NULL && i < r->n_photos && i < max; i++) {
        memcpy(hashes[i], r->photos[i]->hash.data, 32);
    }

    return i;
}


/* Before: which photos it names; after: files that no record names now. */
static bool
erase_photos(shian_ctl_t *c, const Shian__Erase *erase,
    uint8_t (*hashes)[32], size_t *n, bool after)
{
    shian_txn_t    t;
    shian_arena_t  a;

    shian_arena_init(&a, NULL, NULL);

    if (shian_txn_begin(c->store, &a, false, &t) != 0) {
        (void) shian_ctl_fail(c, "store \"%s\" cannot be read",
                              c->store_dir);
        return false;
    }

    if (after) {
        shian_gallery_remove_files(&t, c->store_dir, hashes, *n);
    } else {
        *n = erase->has_complaint
             ? shian_complaint_photos(&t, erase->complaint, hashes,
                                      MAX_ERASED)
             : review_photos(&t, erase->review, hashes, MAX_ERASED);
    }

    shian_txn_abort(&t);
    shian_arena_free(&a);

    return true;
}


int
shian_cmd_erase(shian_ctl_t *c)
{
    size_t             n, waits;
    uint8_t            hashes[MAX_ERASED][32];
    const char        *what = c->args[0];
    Shian__Erase       erase = SHIAN__ERASE__INIT;
    Shian__Result      result;
    Shian__Operation   op;

    if (!erase_what(what, &erase)) {
        return shian_ctl_usage(c, "\"%s\" is not review:ID or complaint:ID",
                               what);
    }

    if (!shian_ctl_store(c, false) || !shian_ctl_timely(c)
        || !erase_photos(c, &erase, hashes, &n, false))
    {
        return SHIAN_FAILED;
    }

    op = shian_ctl_operation(c);
    op.body_case = SHIAN__OPERATION__BODY_ERASE;
    op.erase = &erase;

    if (!shian_ctl_run(c, &op, &result)
        || !erase_photos(c, &erase, hashes, &n, true)
        || !shian_erasing_turn(c, &waits))
    {
        return SHIAN_FAILED;
    }

    if (c->json) {
        printf("{\"erased\":\"%s\",\"waits\":%zu}\n", what, waits);
    } else {
        printf(waits == 0 ? "the words of %s are gone\n"
               : "the words of %s are gone; the old key is destroyed "
                 "tonight, when nobody reads what was before\n", what);
    }

    return SHIAN_DONE;
}
