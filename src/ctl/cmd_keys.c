#include "cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

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
read_secret(shian_ctl_t *c, secret_t *s, struct stat *st)
{
    int      fd;
    ssize_t  n;

    fd = open(c->keys_path, O_RDONLY | O_CLOEXEC);

    if (fd == -1 || fstat(fd, st) != 0) {
        (void) shian_ctl_fail(c, "key file \"%s\": %s", c->keys_path,
                              strerror(errno));
        return false;
    }

    n = read(fd, s->p, sizeof(s->p));
    (void) close(fd);
    s->n = n < 0 ? 0 : (size_t) n;

    return n >= 0;
}


/* A new file beside the old one takes its place at once. */
static bool
replace(shian_ctl_t *c, const secret_t *s, const struct stat *was)
{
    int          fd;
    bool         ok;
    const char  *part;

    part = shian_printf(&c->arena, "%s.part", c->keys_path);
    fd = part == NULL ? -1
         : open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd == -1) {
        (void) shian_ctl_fail(c, "\"%s.part\": %s", c->keys_path,
                              strerror(errno));
        return false;
    }

    ok = write(fd, s->p, s->n) == (ssize_t) s->n
         && fchown(fd, was->st_uid, was->st_gid) == 0 && fsync(fd) == 0;
    ok = close(fd) == 0 && ok && rename(part, c->keys_path) == 0;

    if (!ok) {
        (void) unlink(part);
        (void) shian_ctl_fail(c, "key file \"%s\" cannot be written; the old "
                              "one stands", c->keys_path);
    }

    return ok;
}


static int
rotate(shian_ctl_t *c, const char *only, secret_t *s, secret_t *t)
{
    char               today[11], err[256];
    size_t             i;
    struct stat        st;
    shian_key_kind_t   kind;

    shian_ctl_today(c, today);

    if (!read_secret(c, s, &st)) {
        return SHIAN_FAILED;
    }

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

    return replace(c, s, &st) ? SHIAN_DONE : SHIAN_FAILED;
}


int
shian_cmd_keys_rotate(shian_ctl_t *c)
{
    int          rc;
    size_t       i;
    bool         known;
    secret_t    *s;
    const char  *only;

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

    rc = rotate(c, only, &s[0], &s[1]);
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
