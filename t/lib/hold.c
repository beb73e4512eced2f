/*
 * Holds a store's writer lock from outside, so that tests can look at what
 * goes on meanwhile: hold DIR.  With "read" after it, a read that goes on.
 * Says "held", and lets go when its input ends.
 */

#include <stdio.h>
#include <unistd.h>

#include <lmdb.h>

int
main(int argc, char **argv)
{
    int       rc;
    char      c;
    MDB_env  *env;
    MDB_txn  *txn;

    if (argc < 2 || argc > 3 || mdb_env_create(&env) != 0) {
        return 2;
    }

    (void) mdb_env_set_maxreaders(env, 1024);
    rc = mdb_env_open(env, argv[1], MDB_NOTLS, 0600);

    if (rc == 0) {
        rc = mdb_txn_begin(env, NULL, argc == 3 ? MDB_RDONLY : 0, &txn);
    }

    if (rc != 0) {
        fprintf(stderr, "%s\n", mdb_strerror(rc));
        return 1;
    }

    (void) write(STDOUT_FILENO, "held\n", 5);

    while (read(STDIN_FILENO, &c, 1) > 0) { /* void */ }

    mdb_txn_abort(txn);
    mdb_env_close(env);

    return 0;
}
