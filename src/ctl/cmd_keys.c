#include "cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "output.h"

const shian_option_t  shian_keys_rotate_options[] = {
    { "kind", "K", "token, plaque, vault or all (token)" },
    { NULL, NULL, NULL }
};

const shian_option_t  shian_keys_list_options[] = { { NULL, NULL, NULL } };

static const char *const  kinds[] = { "token", "plaque", "vault" };

/* Secrets do not stay in freed memory: one buffer, wiped. */
typedef struct {
    shian_sink_t  sink;
    size_t        n;
    uint8_t       p[SHIAN_MAX_KEYS_FILE];
} secret_t;


static bool
secret_write(shian_sink_t *s, const void *p, size_t n)
{
    secret_t  *t = (secret_t *) s;

    if (n > sizeof(t->p) - t->n) {
        return false;
    }

    memcpy(t->p + t->n, p, n);
    t->n += n;

    return true;
}


static bool
said(shian_ctl_t *c, const char *what)
{
    (void) shian_ctl_fail(c, "key file \"%s\": %s", c->keys_path, what);
    return false;
}


/*
 * Opens the file and locks it, so that of two that rotate at once neither
 * loses the other's key: who waited has to look whether it is still the file.
 */
static int
open_locked(shian_ctl_t *c, struct stat *st)
{
    int          fd;
    struct stat  now;

    for ( ;; ) {
        fd = open(c->keys_path, O_RDONLY | O_CLOEXEC);

        if (fd == -1 || flock(fd, LOCK_EX) != 0 || fstat(fd, st) != 0
            || stat(c->keys_path, &now) != 0)
        {
            (void) said(c, strerror(errno));

            if (fd != -1) {
                (void) close(fd);
            }
            return -1;
        }

        if (st->st_ino == now.st_ino && st->st_dev == now.st_dev) {
            return fd;
        }

        (void) close(fd);
    }
}


static bool
read_secret(shian_ctl_t *c, int fd, secret_t *s)
{
    ssize_t  n;

    s->n = 0;

    while (s->n < sizeof(s->p)) {
        n = read(fd, s->p + s->n, sizeof(s->p) - s->n);

        if (n == 0) {
            return true;
        }

        if (n < 0 && errno != EINTR) {
            return said(c, strerror(errno));
        }

        s->n += n < 0 ? 0 : (size_t) n;
    }

    return said(c, "is too long");
}


/* A new file beside the old one takes its place at once. */
static bool
write_keys(shian_ctl_t *c, const void *p, size_t n,
    const struct stat *was)
{
    shian_output_t  o;

    if (!shian_output_open(c, &o, c->keys_path, 0600)) {
        return false;
    }

    /* No copy of a key stays in a buffer of the library's. */
    (void) setvbuf(o.out.file, NULL, _IONBF, 0);
    shian_put(&o.out.sink, p, n);

    if (o.out.sink.failed
        || (was != NULL && fchown(fileno(o.out.file), was->st_uid,
                                  was->st_gid) != 0))
    {
        (void) said(c, strerror(errno));
        shian_output_abandon(&o);
        return false;
    }

    return shian_output_finish(&o);
}


bool
shian_make_keys(shian_ctl_t *c)
{
    char         today[11];
    bool         ok;
    secret_t    *s;

    s = sodium_malloc(sizeof(*s));

    if (s == NULL) {
        return said(c, "memory has run out");
    }

    s->n = 0;
    s->sink.failed = false;
    s->sink.write = secret_write;
    shian_ctl_today(c, today);
    ok = shian_keys_generate(&s->sink, shian_str(today))
         && write_keys(c, s->p, s->n, NULL);
    sodium_free(s);

    return ok;
}


/* s holds the file, t is room for the next one. */
static int
rotate(shian_ctl_t *c, const char *only, secret_t *s, secret_t *t,
    const struct stat *was)
{
    char               today[11], err[256];
    size_t             i;
    shian_key_kind_t   kind;

    shian_ctl_today(c, today);

    for (i = 0; i < SHIAN_COUNT(kinds); i++) {
        if (strcmp(only, "all") != 0 && strcmp(only, kinds[i]) != 0) {
            continue;
        }

        t->n = 0;
        t->sink.failed = false;
        t->sink.write = secret_write;

        if (!shian_key_kind(shian_str(kinds[i]), &kind)
            || !shian_keys_rotate(&t->sink, shian_slice(s->p, s->n), kind,
                                  shian_str(today), err, sizeof(err)))
        {
            return shian_ctl_fail(c, "%s: %s", c->keys_path, err);
        }

        memcpy(s->p, t->p, t->n);
        s->n = t->n;
    }

    return write_keys(c, s->p, s->n, was) ? SHIAN_DONE : SHIAN_FAILED;
}


int
shian_cmd_keys_rotate(shian_ctl_t *c)
{
    int           fd, rc;
    size_t        i;
    bool          known;
    secret_t     *s;
    const char   *only;
    struct stat   st;

    only = shian_arg(c, "kind");
    only = only == NULL ? kinds[0] : only;
    known = strcmp(only, "all") == 0;

    for (i = 0; i < SHIAN_COUNT(kinds); i++) {
        known = known || strcmp(only, kinds[i]) == 0;
    }

    if (!known) {
        return shian_ctl_usage(c, "--kind is token, plaque, vault or all");
    }

    s = sodium_malloc(2 * sizeof(*s));
    if (s == NULL) {
        return shian_ctl_fail(c, "memory has run out");
    }

    rc = SHIAN_FAILED;
    fd = open_locked(c, &st);

    if (fd != -1) {
        if (read_secret(c, fd, &s[0])) {
            rc = rotate(c, only, &s[0], &s[1], &st);
        }
        (void) close(fd);
    }

    sodium_free(s);

    if (rc == SHIAN_DONE) {
        printf(c->json ? "{\"rotated\":\"%s\"}\n"
               : "%s: a new key issues after \"nginx -s reload\"; the old "
                 "ones verify until their lines are removed\n", only);
    }

    return rc;
}


int
shian_cmd_keys_list(shian_ctl_t *c)
{
    size_t           i;
    shian_key_row_t  row;

    if (!shian_ctl_keys(c)) {
        return SHIAN_FAILED;
    }

    for (i = 0; shian_keys_row(&c->keys, i, &row); i++) {
        printf(c->json
               ? "{\"kind\":\"%s\",\"id\":\"%s\",\"created\":\"%s\","
                 "\"issuing\":%s}\n"
               : "%s\t%s\t%s\t%s\n", row.kind, row.kid, row.created,
               c->json ? (row.issuing ? "true" : "false")
               : row.issuing ? "issues" : row.name);
    }

    return SHIAN_DONE;
}
