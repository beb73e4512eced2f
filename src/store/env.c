#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "photos.h"
#include "whole.h"

#define DAMAGED  "restore the last backup with \"shianctl restore\"; the "     \
                 "damaged file was left as it is"


static int
open_tables(shian_store_t *s, bool create, const char **missing)
{
    int       rc, i;
    MDB_txn  *txn;

    rc = mdb_txn_begin(s->env, NULL, create ? 0 : MDB_RDONLY, &txn);
    if (rc != 0) {
        return rc;
    }

    for (i = 0; i < SHIAN_T_MAX; i++) {
        rc = mdb_dbi_open(txn, shian_tables[i].name, create ? MDB_CREATE : 0,
                          &s->dbi[i]);
        if (rc != 0) {
            /* Without the first one it is no store of ours at all. */
            *missing = rc == MDB_NOTFOUND && i != 0 ? shian_tables[i].name
                                                    : NULL;
            mdb_txn_abort(txn);
            return rc;
        }
    }

    return mdb_txn_commit(txn);
}


/* The format is a row of meta, so an older program can refuse in one line. */
static int
check_format(shian_store_t *s, bool create)
{
    int       rc;
    uint8_t   format = SHIAN_STORE_FORMAT;
    MDB_val   k = { 6, (void *) "format" }, v = { 1, &format };
    MDB_txn  *txn;

    rc = mdb_txn_begin(s->env, NULL, create ? 0 : MDB_RDONLY, &txn);
    if (rc != 0) {
        return rc;
    }

    rc = mdb_get(txn, s->dbi[SHIAN_T_META], &k, &v);

    if (rc == MDB_NOTFOUND && create) {
        v = (MDB_val) { 1, &format };
        rc = mdb_put(txn, s->dbi[SHIAN_T_META], &k, &v, 0);

    } else if (rc == 0
               && (v.mv_size != 1
                   || *(uint8_t *) v.mv_data != SHIAN_STORE_FORMAT))
    {
        rc = MDB_VERSION_MISMATCH;
    }

    if (rc != 0) {
        mdb_txn_abort(txn);
        return rc;
    }

    return mdb_txn_commit(txn);
}


static void
explain(const char *dir, int rc, char *err, size_t errsize)
{
    const char  *mend;

    switch (rc) {
    case ENOENT:
    case MDB_NOTFOUND:
        mend = "make it with \"shianctl init\"";
        break;
    case EACCES:
    case EPERM:
        mend = "give it to the user that nginx workers run as";
        break;
    case MDB_VERSION_MISMATCH:
        mend = "it was written by another version of shian; use that one";
        break;
    case MDB_CORRUPTED:
    case MDB_INVALID:
    case MDB_PAGE_NOTFOUND:
        mend = DAMAGED;
        break;
    case ENOMEM:
        mend = "lower map_size or raise the limit on address space";
        break;
    default:
        mend = "see the system's log";
    }

    snprintf(err, errsize, "store \"%s\": %s; %s", dir, mdb_strerror(rc),
             mend);
}


/* On a disk that nothing can be written to, a store is still read. */
static unsigned
read_only(const char *dir)
{
    struct statvfs  st;

    return statvfs(dir, &st) == 0 && (st.f_flag & ST_RDONLY) != 0
           ? MDB_RDONLY : 0;
}


/* Its bytes, before they are mapped; a file that is not there is rc ENOENT. */
static int
check_bytes(const char *dir, char *err, size_t errsize)
{
    int   rc;
    char  file[4096], cause[256];

    snprintf(file, sizeof(file), "%s/data.mdb", dir);

    if (shian_whole(file, &rc, cause, sizeof(cause))) {
        return 0;
    }

    if (rc == MDB_INVALID || rc == MDB_CORRUPTED) {
        snprintf(err, errsize, "store \"%s\": data.mdb is damaged: %s; %s",
                 dir, cause, DAMAGED);
    } else {
        explain(dir, rc, err, errsize);
    }

    return rc;
}


/* An environment with its limits set, not yet opened. */
static int
make_env(MDB_env **env, size_t map_size, unsigned readers)
{
    int  rc;

    rc = mdb_env_create(env);

    if (rc == 0) {
        rc = mdb_env_set_maxdbs(*env, 64);
    }

    if (rc == 0) {
        rc = mdb_env_set_maxreaders(*env, readers == 0 ? SHIAN_READERS
                                                       : readers);
    }

    if (rc == 0) {
        rc = mdb_env_set_mapsize(*env, map_size == 0 ? SHIAN_MAP_SIZE
                                                     : map_size);
    }

    return rc;
}


/* Opens it with LMDB's flags; NULL with a line in err. */
static shian_store_t *
open_store(const char *dir, size_t map_size, unsigned readers, unsigned flags,
    bool create, char *err, size_t errsize)
{
    int             rc;
    const char     *missing;
    shian_store_t  *s;

    missing = NULL;
    s = calloc(1, sizeof(*s));
    rc = s == NULL || (s->dir = strdup(dir)) == NULL ? ENOMEM
         : make_env(&s->env, map_size, readers);

    if (rc == 0
        && (rc = mdb_env_open(s->env, dir, MDB_NOTLS | flags, 0640)) == 0
        && (rc = open_tables(s, create, &missing)) == 0
        && (rc = check_format(s, create)) == 0)
    {
        return s;
    }

    if (missing != NULL) {
        snprintf(err, errsize, "store \"%s\": table \"%s\" is missing; an "
                 "older version of shian made it, \"shianctl init\" adds "
                 "what it lacks", dir, missing);
    } else {
        explain(dir, rc, err, errsize);
    }

    shian_store_close(s);

    return NULL;
}


shian_store_t *
shian_store_open(const char *dir, size_t map_size, unsigned readers,
    bool create, char *err, size_t errsize)
{
    int             rc, dead;
    shian_store_t  *s;

    if (create && mkdir(dir, 0750) != 0 && errno != EEXIST) {
        explain(dir, errno, err, errsize);
        return NULL;
    }

    rc = check_bytes(dir, err, errsize);

    if (rc != 0 && !(create && rc == ENOENT)) {
        return NULL;
    }

    s = open_store(dir, map_size, readers, read_only(dir), create, err,
                   errsize);

    if (s != NULL) {
        /* A reader that was killed would hold old pages for ever. */
        (void) mdb_reader_check(s->env, &dead);
    }

    return s;
}


void
shian_store_close(shian_store_t *s)
{
    if (s != NULL) {
        if (s->env != NULL) {
            mdb_env_close(s->env);
        }
        if (s->claim != 0) {
            (void) close(s->claim - 1);
        }
        free(s->dir);
        free(s);
    }
}


/* ---- looking --------------------------------------------------------------*/

/* False: the process's user may not do that with path, and who may. */
static bool
may(const char *dir, const char *path, int mode, char *err, size_t errsize)
{
    int             n;
    char            user[64], owner[64];
    const char     *what;
    struct stat     st;
    struct group   *gr;
    struct passwd  *pw;

    if (access(path, mode) == 0 || errno == EROFS) {
        return true;
    }

    if (errno != EACCES || stat(path, &st) != 0) {
        snprintf(err, errsize, "store \"%s\": \"%s\": %s; see the system's "
                 "log", dir, path, strerror(errno));
        return false;
    }

    pw = getpwuid(geteuid());
    snprintf(user, sizeof(user), "%s", pw == NULL ? "?" : pw->pw_name);
    pw = getpwuid(st.st_uid);
    snprintf(owner, sizeof(owner), "%s", pw == NULL ? "?" : pw->pw_name);
    gr = getgrgid(st.st_gid);
    what = (mode & W_OK) != 0 ? "write" : (mode & X_OK) != 0 ? "enter"
                                                            : "read";

    n = snprintf(err, errsize, "store \"%s\": %s may not %s \"%s\" (%s:%s "
                 "%04o); ", dir, user, what, path, owner,
                 gr == NULL ? "?" : gr->gr_name,
                 (unsigned) st.st_mode & 07777);

    if (n < 0 || (size_t) n >= errsize) {
        return false;
    }

    /* The folders above it are others': they are opened, not given away. */
    if (mode == X_OK) {
        snprintf(err + n, errsize - (size_t) n, "let that user in: chmod o+x "
                 "%s", path);
    } else {
        snprintf(err + n, errsize - (size_t) n, "give it to the user that "
                 "nginx workers run as: chown -R %s %s", user, dir);
    }

    return false;
}


/* Every folder on the way. */
static bool
may_reach(const char *dir, char *err, size_t errsize)
{
    char   path[4096];
    char  *p;

    if (snprintf(path, sizeof(path), "%s", dir) >= (int) sizeof(path)) {
        explain(dir, ENAMETOOLONG, err, errsize);
        return false;
    }

    for (p = strchr(path, '/'); p != NULL; p = strchr(p + 1, '/')) {
        if (p == path) {
            continue;
        }

        *p = '\0';

        if (access(path, X_OK) != 0 && errno == EACCES) {
            return may(dir, path, X_OK, err, errsize);
        }

        *p = '/';
    }

    return true;
}


/* The photos' folders, where there are any yet. */
static bool
may_keep_photos(const char *dir, char *err, size_t errsize)
{
    int   i;
    char  path[4096];

    for (i = -1; i < SHIAN_PHOTO_FOLDERS; i++) {
        if (i < 0) {
            snprintf(path, sizeof(path), "%s/photos", dir);
        } else {
            snprintf(path, sizeof(path), "%s/photos/%02x", dir, (unsigned) i);
        }

        if (access(path, F_OK) == 0
            && !may(dir, path, R_OK | W_OK | X_OK, err, errsize))
        {
            return false;
        }
    }

    return true;
}


bool
shian_store_access(const char *dir, char *err, size_t errsize)
{
    size_t       i;
    char         path[4096];
    struct stat  st;

    static const char *const  files[] = { "data.mdb", "lock.mdb" };

    if (!may_reach(dir, err, errsize)) {
        return false;
    }

    if (stat(dir, &st) != 0) {
        explain(dir, errno, err, errsize);
        return false;
    }

    if (!S_ISDIR(st.st_mode)) {
        explain(dir, ENOTDIR, err, errsize);
        return false;
    }

    if (!may(dir, dir, R_OK | W_OK | X_OK, err, errsize)) {
        return false;
    }

    for (i = 0; i < SHIAN_COUNT(files); i++) {
        snprintf(path, sizeof(path), "%s/%s", dir, files[i]);

        if (access(path, F_OK) == 0
            && !may(dir, path, R_OK | W_OK, err, errsize))
        {
            return false;
        }
    }

    return may_keep_photos(dir, err, errsize);
}


bool
shian_store_test(const char *dir, size_t map_size, char *err, size_t errsize)
{
    shian_store_t  *s;

    if (!shian_store_access(dir, err, errsize)
        || check_bytes(dir, err, errsize) != 0)
    {
        return false;
    }

    s = open_store(dir, map_size, 0, MDB_RDONLY | MDB_NOLOCK, false, err,
                   errsize);
    shian_store_close(s);

    return s != NULL;
}


int
shian_txn_begin(shian_store_t *s, shian_arena_t *arena, bool write,
    shian_txn_t *txn)
{
    txn->store = s;
    txn->arena = arena;
    txn->err = 0;

    return mdb_txn_begin(s->env, NULL, write ? 0 : MDB_RDONLY, &txn->mdb);
}


int
shian_txn_commit(shian_txn_t *txn)
{
    int  rc;

    rc = txn->err;

    if (rc != 0) {
        mdb_txn_abort(txn->mdb);
    } else {
        rc = mdb_txn_commit(txn->mdb);
    }

    txn->mdb = NULL;

    return rc;
}


void
shian_txn_abort(shian_txn_t *txn)
{
    if (txn->mdb != NULL) {
        mdb_txn_abort(txn->mdb);
        txn->mdb = NULL;
    }
}
