#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>


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
        mend = "restore the last backup with \"shianctl restore\"; "
               "the damaged file was left as it is";
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


shian_store_t *
shian_store_open(const char *dir, size_t map_size, unsigned readers,
    bool create, char *err, size_t errsize)
{
    int             rc, dead;
    const char     *missing;
    shian_store_t  *s;

    missing = NULL;
    s = calloc(1, sizeof(*s));
    if (s == NULL || (s->dir = strdup(dir)) == NULL) {
        rc = ENOMEM;
        goto failed;
    }

    if (create && mkdir(dir, 0750) != 0 && errno != EEXIST) {
        rc = errno;
        goto failed;
    }

    rc = mdb_env_create(&s->env);
    if (rc != 0) {
        goto failed;
    }

    if ((rc = mdb_env_set_maxdbs(s->env, 64)) != 0
        || (rc = mdb_env_set_maxreaders(s->env, readers == 0
                                        ? SHIAN_READERS : readers)) != 0
        || (rc = mdb_env_set_mapsize(s->env, map_size == 0
                                     ? SHIAN_MAP_SIZE : map_size)) != 0)
    {
        goto failed;
    }

    if (!create) {
        struct stat  st;
        char         file[4096];

        snprintf(file, sizeof(file), "%s/data.mdb", dir);
        if (stat(file, &st) != 0) {
            rc = errno;
            goto failed;
        }
    }

    if ((rc = mdb_env_open(s->env, dir, MDB_NOTLS | read_only(dir), 0640))
        != 0
        || (rc = open_tables(s, create, &missing)) != 0
        || (rc = check_format(s, create)) != 0)
    {
        goto failed;
    }

    /* A reader that was killed would hold old pages for ever. */
    (void) mdb_reader_check(s->env, &dead);

    return s;

failed:

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


void
shian_store_close(shian_store_t *s)
{
    if (s != NULL) {
        if (s->env != NULL) {
            mdb_env_close(s->env);
        }
        free(s->dir);
        free(s);
    }
}


/*
 * LMDB's own mark, after the page's header in its first page: mdb.c,
 * struct MDB_meta.  Opening the environment would touch it.
 */
static int
check_mark(const char *file)
{
    int       fd, rc;
    ssize_t   n;
    uint8_t   head[sizeof(size_t) + 12];
    uint32_t  mark;

    fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return errno;
    }

    n = read(fd, head, sizeof(head));
    rc = n < 0 ? errno : MDB_INVALID;

    if (n == (ssize_t) sizeof(head)) {
        memcpy(&mark, head + sizeof(size_t) + 8, sizeof(mark));
        rc = mark == 0xbeefc0de ? 0 : MDB_INVALID;
    }

    close(fd);

    return rc;
}


bool
shian_store_test(const char *dir, char *err, size_t errsize)
{
    int          rc;
    char         file[4096];
    struct stat  st;

    if (stat(dir, &st) != 0) {
        explain(dir, errno, err, errsize);
        return false;
    }

    if (!S_ISDIR(st.st_mode)) {
        explain(dir, ENOTDIR, err, errsize);
        return false;
    }

    snprintf(file, sizeof(file), "%s/data.mdb", dir);

    rc = check_mark(file);

    if (rc != 0) {
        explain(dir, rc, err, errsize);
    }

    return rc == 0;
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
