/*
 * A backup is a folder that looks like a store: data.mdb of one instant and
 * the photos that it names.  data.mdb gets its name last, here as in a restored
 * store, so what a killed or failed attempt has left is no backup and no store,
 * and the next attempt goes on from it.
 */

#include "cmd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/code.h"
#include "domain/domain.h"
#include "epoch_copy.h"
#include "erasing.h"
#include "output.h"
#include "photo_copy.h"
#include "store/epoch.h"
#include "store/erased.h"

#define STAGE   ".part"         /* holds data.mdb until all is there */
#define ABOUT   "backup.json"
#define ROUNDS  5               /* where photos are erased meanwhile */
#define SHOWN   10

const shian_option_t  shian_backup_options[] = { { NULL, NULL, NULL } };

const shian_option_t  shian_restore_options[] = {
    { "erased", "FILE", "list of what was erased after the backup: it is "
                        "erased again" },
    { "no-erasures", NULL, "nothing was erased after the backup, or it may "
                           "come back" },
    { "epoch", "FILE", "the epoch keys, where they are kept apart from the "
                       "backup" },
    { "without-words", NULL, "the epoch keys are gone: all that was sealed "
                             "reads as erased" },
    { "owner", "USER", "as root: the nginx workers' user, if it is another "
                       "than the store's was" },
    { NULL, NULL, NULL }
};

/* What both commands work with; strings in the command's arena. */
typedef struct {
    shian_ctl_t          *ctl;
    shian_photo_copy_t    copy;
    const char           *dir;          /* what is made */
    const char           *stage;        /* its folder for data.mdb */
    const char           *staged;
    const char           *data;         /* data.mdb in its place */
    shian_store_t        *snapshot;     /* the staged one, open */
    shian_head_t          head;
} job_t;


static bool
said(shian_ctl_t *c, const char *path)
{
    (void) shian_ctl_fail(c, "%s: %s", path, strerror(errno));
    return false;
}


/* ---- the stage ----------------------------------------------------------- */


/* Removes what an earlier attempt has left there, and nothing else. */
static bool
clear_stage(job_t *j)
{
    bool         ok;
    size_t       i;
    const char  *path;

    static const char *const  files[] = {
        "data.mdb", "data.mdb.part", "lock.mdb"
    };

    for (ok = true, i = 0; ok && i < SHIAN_COUNT(files); i++) {
        path = shian_printf(&j->ctl->arena, "%s/%s", j->stage, files[i]);
        ok = path != NULL && (unlink(path) == 0 || errno == ENOENT);
    }

    ok = ok && (rmdir(j->stage) == 0 || errno == ENOENT);

    return ok || said(j->ctl, j->stage);
}


static void
close_snapshot(job_t *j)
{
    shian_store_close(j->snapshot);
    j->snapshot = NULL;
}


/* Opens what is staged, and so sees that it can be opened. */
static bool
open_snapshot(job_t *j)
{
    char         err[1024];
    shian_txn_t  t;

    j->snapshot = shian_store_open(j->stage, 0, 0, false, err, sizeof(err));

    if (j->snapshot == NULL) {
        (void) shian_ctl_fail(j->ctl, "%s", err);
        return false;
    }

    if (shian_txn_begin(j->snapshot, &j->ctl->arena, false, &t) != 0) {
        (void) shian_ctl_fail(j->ctl, "%s cannot be read", j->staged);
        return false;
    }

    shian_log_head(&t, &j->head);
    shian_txn_abort(&t);

    return true;
}


static bool
begin(job_t *j, shian_ctl_t *c, const char *from, const char *to)
{
    memset(j, 0, sizeof(*j));
    j->ctl = j->copy.ctl = c;
    j->copy.from = from;
    j->copy.to = j->dir = to;
    j->stage = shian_printf(&c->arena, "%s/%s", to, STAGE);
    j->staged = shian_printf(&c->arena, "%s/%s/data.mdb", to, STAGE);
    j->data = shian_printf(&c->arena, "%s/data.mdb", to);

    if (j->stage == NULL || j->staged == NULL || j->data == NULL) {
        (void) shian_ctl_fail(c, "memory has run out");
        return false;
    }

    return true;
}


/*
 * Photos are many and small, so their disk is synced as a whole; only then
 * data.mdb gets its name.
 */
static bool
commit(job_t *j)
{
    int   fd;
    bool  ok;

    close_snapshot(j);
    ok = shian_sync_disk(j->dir);
    fd = ok ? open(j->staged, O_RDONLY | O_CLOEXEC) : -1;
    ok = fd != -1 && fsync(fd) == 0;

    if (fd != -1) {
        ok = close(fd) == 0 && ok;
    }

    ok = ok && rename(j->staged, j->data) == 0
         && shian_sync_folder(j->dir) && shian_sync_folder_of(j->dir);

    return (ok || said(j->ctl, j->dir)) && clear_stage(j);
}


/* Photos that could not be had: a failure, though the rest is done. */
static int
account(job_t *j, const char *mend)
{
    char    hex[SHIAN_HEX_LEN(32) + 1];
    size_t  i;

    for (i = 0; i < j->copy.nlost && i < SHOWN; i++) {
        shian_hex(hex, j->copy.lost[i], 32);
        hex[sizeof(hex) - 1] = '\0';
        (void) shian_ctl_fail(j->ctl, "photo %s is missing or changed in %s",
                              hex, j->copy.from);
    }

    return j->copy.nlost == 0 ? SHIAN_DONE
           : shian_ctl_fail(j->ctl, "%s is whole but for %zu photos; %s",
                            j->dir, j->copy.nlost, mend);
}


static int
finish(job_t *j, int rc)
{
    close_snapshot(j);
    free(j->copy.lost);

    return rc;
}


/* ---- backup -------------------------------------------------------------- */


/* New, or empty, or what an attempt before this one has begun. */
static bool
make_folder(shian_ctl_t *c, const char *dir, bool *empty)
{
    DIR            *d;
    struct dirent  *e;

    *empty = true;

    if (mkdir(dir, 0700) == 0) {
        return true;
    }

    d = errno == EEXIST ? opendir(dir) : NULL;
    if (d == NULL) {
        return said(c, dir);
    }

    while ((e = readdir(d)) != NULL) {
        *empty = *empty && (strcmp(e->d_name, ".") == 0
                            || strcmp(e->d_name, "..") == 0);
    }

    return closedir(d) == 0;
}


/* Whether the store, as it is now, still names what was not found. */
static bool
still_named(job_t *j, bool *named)
{
    bool            ok;
    size_t          i;
    shian_str_t     row;
    shian_txn_t     t;
    shian_arena_t   a;
    shian_rowkey_t  k;

    shian_arena_init(&a, NULL, NULL);

    if (shian_txn_begin(j->ctl->store, &a, false, &t) != 0) {
        (void) shian_ctl_fail(j->ctl, "store \"%s\" cannot be read",
                              j->copy.from);
        return false;
    }

    *named = true;

    for (i = 0; i < j->copy.nlost; i++) {
        k.n = 0;
        shian_rowkey_bytes(&k, j->copy.lost[i], 32);
        *named = *named && shian_row_get(&t, SHIAN_T_PHOTO, &k, &row);
    }

    ok = t.err == 0;
    shian_txn_abort(&t);
    shian_arena_free(&a);

    return ok;
}


/* Beside the tables, whose rows nobody may turn meanwhile. */
static bool
copy_epochs(job_t *j)
{
    bool         ok;
    const char  *path;

    path = shian_printf(&j->ctl->arena, "%s/" SHIAN_EPOCH_BACKUP, j->dir);
    ok = path != NULL
         && shian_epoch_backup(j->ctl, j->copy.from, j->snapshot, path);
    shian_ctl_as_user(j->ctl);

    return ok;
}


/* The tables of one instant, and then the photos that they name. */
static bool
copy_round(job_t *j, bool *whole)
{
    int  rc;

    close_snapshot(j);

    if (!clear_stage(j) || (mkdir(j->stage, 0700) != 0
                            && !said(j->ctl, j->stage)))
    {
        return false;
    }

    rc = mdb_env_copy2(j->ctl->store->env, j->stage, MDB_CP_COMPACT);

    if (rc != 0) {
        (void) shian_ctl_fail(j->ctl, "%s: %s", j->dir, mdb_strerror(rc));
        return false;
    }

    return open_snapshot(j) && copy_epochs(j)
           && shian_photo_copy(&j->copy, j->snapshot)
           && shian_photo_copy_purge(&j->copy, j->snapshot)
           && still_named(j, whole);
}


/* When it was made, of what, and to whom the store belonged. */
static bool
write_about(job_t *j)
{
    char             hex[SHIAN_HEX_LEN(SHIAN_HASH_SIZE) + 1];
    struct stat      st;
    const char      *path;
    shian_output_t   o;
    struct passwd   *pw;

    path = shian_printf(&j->ctl->arena, "%s/%s", j->dir, ABOUT);

    if (path == NULL || stat(j->copy.from, &st) != 0) {
        return said(j->ctl, j->copy.from);
    }

    if (!shian_output_open(j->ctl, &o, path, 0600)) {
        return false;
    }

    shian_ctl_as_user(j->ctl);
    pw = getpwuid(st.st_uid);
    shian_hex(hex, j->head.hash, SHIAN_HASH_SIZE);
    hex[sizeof(hex) - 1] = '\0';
    shian_putf(&o.out.sink, "{\"made_at_ms\":%llu,\"seq\":%llu,"
               "\"head\":\"%s\",\"photos\":%llu,\"missing\":%zu,"
               "\"owner\":\"%s\"}\n",
               (unsigned long long) shian_ctl_now(j->ctl),
               (unsigned long long) j->head.seq, hex,
               (unsigned long long) j->copy.photos, j->copy.nlost,
               pw == NULL ? "" : pw->pw_name);

    if (!shian_output_finish(&o)) {
        return false;
    }

    shian_ctl_as_user(j->ctl);
    return true;
}


static bool
make_backup(job_t *j)
{
    int   i;
    bool  whole, empty;

    if (!make_folder(j->ctl, j->dir, &empty)) {
        return false;
    }

    if (access(j->data, F_OK) == 0) {
        (void) shian_ctl_fail(j->ctl, "%s: there is a backup already; name "
                              "another folder", j->dir);
        return false;
    }

    if (empty && chmod(j->dir, 0700) != 0) {
        return said(j->ctl, j->dir);
    }

    for (whole = false, i = 0; !whole && i < ROUNDS; i++) {
        if (!copy_round(j, &whole)) {
            return false;
        }
    }

    return write_about(j) && commit(j);
}


/* No key is destroyed that the copy still needs. */
static bool
make_backup_locked(job_t *j)
{
    int   fd;
    bool  ok;

    shian_ctl_as_owner(j->ctl);
    ok = shian_epoch_lock(j->ctl->store, true, true, &fd);

    /* A disk that can only be read turns no keys. */
    if (!ok && errno == EROFS) {
        ok = true;
        fd = -1;
    }

    shian_ctl_as_user(j->ctl);

    if (!ok) {
        return said(j->ctl, j->copy.from);
    }

    ok = make_backup(j);

    if (fd != -1) {
        (void) close(fd);
    }

    return ok && shian_erasing_tell(j->ctl, j->dir);
}


int
shian_cmd_backup(shian_ctl_t *c)
{
    bool   ok;
    job_t  j;

    if (!shian_ctl_store(c, false)) {
        return SHIAN_FAILED;
    }

    shian_ctl_as_user(c);
    (void) umask(0077);

    if (!begin(&j, c, c->store_dir, c->args[0])) {
        return SHIAN_FAILED;
    }

    j.copy.folder_mode = 0700;
    j.copy.file_mode = 0600;
    ok = make_backup_locked(&j);

    if (!ok) {
        return finish(&j, SHIAN_FAILED);
    }

    if (c->json) {
        printf("{\"backup\":true,\"seq\":%llu,\"photos\":%llu,"
               "\"missing\":%zu}\n", (unsigned long long) j.head.seq,
               (unsigned long long) j.copy.photos, j.copy.nlost);
    } else {
        printf("%s: the store and %llu photos; keep the key file %s "
               "elsewhere\n", j.dir, (unsigned long long) j.copy.photos,
               c->keys_path);
    }

    return finish(&j, account(&j, "take them from an earlier backup"));
}


/* ---- restore ------------------------------------------------------------- */


/* The user's name that the backup remembers, or NULL. */
static const char *
remembered(shian_ctl_t *c, const char *dir)
{
    json_t      *about;
    const char  *path, *name;

    path = shian_printf(&c->arena, "%s/%s", dir, ABOUT);
    about = path == NULL ? NULL : json_load_file(path, 0, NULL);
    name = json_string_value(json_object_get(about, "owner"));

    if (name != NULL) {
        name = name[0] == '\0' ? NULL
               : shian_strdup(&c->arena, shian_str(name));
    }

    json_decref(about);
    return name;
}


/*
 * Whose the store will be, as root: who is named, whose the folder is, or whose
 * the store was.
 */
static bool
find_owner(job_t *j)
{
    const char     *name;
    struct stat     st;
    struct passwd  *pw;

    name = shian_arg(j->ctl, "owner");

    if (geteuid() != 0) {
        return name == NULL
               || shian_ctl_fail(j->ctl, "only root gives a store to \"%s\"",
                                 name) == SHIAN_DONE;
    }

    j->copy.give = true;

    if (name == NULL && stat(j->dir, &st) == 0 && st.st_uid != 0) {
        j->copy.uid = st.st_uid;
        j->copy.gid = st.st_gid;
        return true;
    }

    if (name == NULL) {
        name = remembered(j->ctl, j->copy.from);
    }

    pw = name == NULL ? NULL : getpwnam(name);

    if (pw == NULL) {
        (void) shian_ctl_fail(j->ctl, name == NULL
                              ? "the backup does not say whose the store "
                                "was; name the nginx workers' user with "
                                "--owner%s"
                              : "there is no user \"%s\" here; name the nginx "
                                "workers' user with --owner",
                              name == NULL ? "" : name);
        return false;
    }

    j->copy.uid = pw->pw_uid;
    j->copy.gid = pw->pw_gid;

    return true;
}


static bool
stage_backup(job_t *j, const char *from)
{
    char             buf[65536];
    bool             ok;
    FILE            *in;
    size_t           n;
    shian_output_t   o;

    if (!clear_stage(j)) {
        return false;
    }

    in = shian_ctl_fopen(j->ctl, from, "r");
    if (in == NULL) {
        return false;
    }

    if (!shian_photo_copy_folder(&j->copy, j->stage)
        || !shian_output_open(j->ctl, &o, j->staged, j->copy.file_mode))
    {
        (void) fclose(in);
        return said(j->ctl, j->stage);
    }

    while ((n = fread(buf, 1, sizeof(buf), in)) != 0 && !o.out.sink.failed) {
        shian_put(&o.out.sink, buf, n);
    }

    ok = ferror(in) == 0 && !o.out.sink.failed
         && fchmod(fileno(o.out.file), j->copy.file_mode) == 0
         && (!j->copy.give || fchown(fileno(o.out.file), j->copy.uid,
                                     j->copy.gid) == 0);
    (void) fclose(in);

    if (!ok) {
        (void) said(j->ctl, j->staged);
        shian_output_abandon(&o);
        return false;
    }

    return shian_output_finish(&o);
}


/* A store that is there is not touched; a folder may wait for one. */
static bool
make_store_folder(job_t *j)
{
    struct stat  st;

    if (access(j->data, F_OK) == 0) {
        (void) shian_ctl_fail(j->ctl, "store \"%s\" is not empty; stop nginx "
                              "and move it away first", j->dir);
        return false;
    }

    if (!find_owner(j)) {
        return false;
    }

    if (!shian_photo_copy_folder(&j->copy, j->dir)
        || stat(j->dir, &st) != 0
        || (j->copy.give && st.st_uid != j->copy.uid
            && chown(j->dir, j->copy.uid, j->copy.gid) != 0))
    {
        return said(j->ctl, j->dir);
    }

    return true;
}


/*
 * The log of the staged store goes on under a new generation, before it is a
 * store: nothing that was issued after the backup can open anything in it.
 */
static bool
begin_generation(job_t *j)
{
    bool                 ok;
    shian_txn_t          t;
    Shian__Entry        *last;
    shian_ctl_t         *c = j->ctl;
    Shian__Result        result;
    Shian__Operation     op;
    Shian__StoreRestore  body = SHIAN__STORE_RESTORE__INIT;

    if (shian_txn_begin(j->snapshot, &c->arena, false, &t) != 0) {
        (void) shian_ctl_fail(c, "%s cannot be read", j->staged);
        return false;
    }

    last = shian_log_get(&t, j->head.seq);
    body.has_backup_at = last != NULL;
    body.backup_at = last == NULL ? 0 : last->operation->at;
    shian_txn_abort(&t);

    body.has_generation = body.has_restored_seq = 1;
    body.has_restored_hash = 1;
    body.generation = shian_new_handle();
    body.restored_seq = j->head.seq;
    body.restored_hash = shian_binary(shian_slice(j->head.hash,
                                                  SHIAN_HASH_SIZE));
    op = shian_ctl_operation(c);
    op.body_case = SHIAN__OPERATION__BODY_STORE_RESTORE;
    op.store_restore = &body;

    c->store = j->snapshot;
    ok = shian_ctl_run(c, &op, &result);
    c->store = NULL;

    return ok;
}


/* What the rows of the backup are wrapped by, or none of them any more. */
static bool
bring_epochs(job_t *j)
{
    const char  *path;

    if (shian_flag(j->ctl, "without-words")) {
        return shian_erasing_all(j->ctl, j->snapshot);
    }

    path = shian_arg(j->ctl, "epoch");

    if (path == NULL) {
        path = shian_printf(&j->ctl->arena, "%s/" SHIAN_EPOCH_BACKUP,
                            j->copy.from);
    }

    if (path == NULL || access(path, R_OK) != 0) {
        (void) shian_ctl_fail(j->ctl, "%s: %s; name the epoch keys with "
                              "--epoch, or say --without-words", path,
                              strerror(errno));
        return false;
    }

    return shian_epoch_restore(&j->copy, path);
}


/* Lists of what was erased since, beside the backup and as named. */
static bool
erase_again(job_t *j, size_t *n)
{
    const char  *named, *beside;

    *n = 0;
    named = shian_arg(j->ctl, "erased");
    beside = shian_printf(&j->ctl->arena, "%s/" SHIAN_ERASED_FILE,
                          j->copy.from);

    return (beside == NULL || access(beside, F_OK) != 0
            || shian_erasing_repeat(j->ctl, j->snapshot, beside, n))
           && (named == NULL
               || shian_erasing_repeat(j->ctl, j->snapshot, named, n));
}


/* What was erased since would come back: somebody has to want it. */
static bool
knows_erasures(job_t *j)
{
    const char  *beside;

    beside = shian_printf(&j->ctl->arena, "%s/" SHIAN_ERASED_FILE,
                          j->copy.from);

    return shian_flag(j->ctl, "no-erasures")
           || shian_arg(j->ctl, "erased") != NULL
           || (beside != NULL && access(beside, F_OK) == 0)
           || shian_ctl_fail(j->ctl, "what was erased after this backup would "
                             "come back: name the list with --erased (the "
                             "store has one, \"erased\", and so has every "
                             "backup that a later one was made beside), or "
                             "say --no-erasures") == SHIAN_DONE;
}


int
shian_cmd_restore(shian_ctl_t *c)
{
    job_t        j;
    size_t       erased, waits;
    const char  *from, *dir = c->args[0];

    from = shian_printf(&c->arena, "%s/data.mdb", dir);

    if (from == NULL || !begin(&j, c, dir, c->store_dir)) {
        return shian_ctl_fail(c, "memory has run out");
    }

    if (access(from, R_OK) != 0) {
        (void) said(c, from);
        return SHIAN_FAILED;
    }

    j.copy.folder_mode = 0750;
    j.copy.file_mode = 0640;

    if (!knows_erasures(&j) || !make_store_folder(&j)) {
        return SHIAN_FAILED;
    }

    /* What cannot be opened is no backup: it is heard before it is a store. */
    if (!stage_backup(&j, from) || !open_snapshot(&j)) {
        close_snapshot(&j);
        (void) clear_stage(&j);
        return finish(&j, SHIAN_FAILED);
    }

    if (!shian_photo_copy(&j.copy, j.snapshot) || !begin_generation(&j)
        || !bring_epochs(&j) || !erase_again(&j, &erased)
        || !commit(&j) || !shian_ctl_store(c, false)
        || (erased != 0 && !shian_erasing_turn(c, &waits)))
    {
        return finish(&j, SHIAN_FAILED);
    }

    if (c->json) {
        printf("{\"restored\":true,\"photos\":%llu,\"missing\":%zu,"
               "\"erased\":%zu}\n", (unsigned long long) j.copy.photos,
               j.copy.nlost, erased);
    } else {
        printf("%s: restored with %llu photos, the words of %zu records "
               "erased again; check it with \"shianctl "
               "verify\".  Sessions, bearer tokens, sign-in links and scans "
               "are over: give out new ones, and disable again whoever was "
               "disabled since the backup\n", c->store_dir,
               (unsigned long long) j.copy.photos, erased);
    }

    return finish(&j, account(&j, "take them from an earlier backup"));
}
