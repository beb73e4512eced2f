#include "outbox.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "render/escape.h"

#define MAX_STATE  4096
#define MAX_DEAD   ((size_t) 64 << 20)
#define DEAD       "dead.jsonl"


static bool
fail(shian_ctl_t *c, const char *dir, const char *file, const char *what)
{
    (void) shian_ctl_fail(c, "%s/%s: %s", dir, file, what);
    return false;
}


/* ---- the folder ---------------------------------------------------------- */


/* Root may make it where the store's owner may not, but for the owner. */
static bool
make_folder(shian_ctl_t *c, const char *dir)
{
    bool  ok;

    shian_ctl_as_user(c);
    ok = mkdir(dir, 0700) == 0
         ? !c->switched || chown(dir, c->owner, c->group) == 0
         : errno == EEXIST;
    shian_ctl_as_owner(c);

    return ok;
}


bool
shian_outbox_open(shian_ctl_t *c, const char *dir, const char *site,
    shian_outbox_t *o)
{
    o->dir = dir;
    o->site = site;
    o->lock = -1;
    o->fd = make_folder(c, dir) ? open(dir, O_RDONLY | O_DIRECTORY
                                            | O_CLOEXEC)
                                : -1;

    if (o->fd == -1) {
        (void) shian_ctl_fail(c, "%s: %s", dir, strerror(errno));
        return false;
    }

    o->lock = openat(o->fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (o->lock == -1) {
        return fail(c, dir, "lock", strerror(errno));
    }

    if (flock(o->lock, LOCK_EX | LOCK_NB) != 0) {
        return fail(c, dir, "lock", errno == EWOULDBLOCK
                    ? "another \"shianctl notify\" works here; stop it first"
                    : strerror(errno));
    }

    return true;
}


void
shian_outbox_close(shian_outbox_t *o)
{
    if (o->lock != -1) {
        (void) close(o->lock);
    }

    if (o->fd != -1) {
        (void) close(o->fd);
    }

    o->fd = o->lock = -1;
}


static bool
write_all(int fd, shian_str_t s)
{
    ssize_t  n;

    while (s.n != 0) {
        n = write(fd, s.p, s.n);

        if (n == -1 && errno == EINTR) {
            continue;
        }

        if (n <= 0) {
            return false;
        }

        s.p += n;
        s.n -= (size_t) n;
    }

    return true;
}


/* Whole, or as it was before, whatever happens on the way. */
static bool
replace(shian_ctl_t *c, const shian_outbox_t *o, const char *file,
    shian_str_t bytes)
{
    int   fd;
    bool  ok;
    char  new[64];

    (void) snprintf(new, sizeof(new), "%s.new", file);
    fd = openat(o->fd, new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    ok = fd != -1 && write_all(fd, bytes) && fsync(fd) == 0;

    if (fd != -1) {
        ok = close(fd) == 0 && ok;
    }

    ok = ok && renameat(o->fd, new, o->fd, file) == 0 && fsync(o->fd) == 0;

    return ok || fail(c, o->dir, file, strerror(errno));
}


/* ---- how far each is ----------------------------------------------------- */


static void
state_name(const char *gateway, char out[64])
{
    (void) snprintf(out, 64, "%s.json", gateway);
}


bool
shian_outbox_place(shian_ctl_t *c, const shian_outbox_t *o,
    const char *gateway, shian_place_t *place, bool *found)
{
    int          fd, rc;
    char         file[64], text[MAX_STATE];
    json_t      *j;
    ssize_t      n;
    json_int_t   seq, failing;
    const char  *site;

    state_name(gateway, file);
    memset(place, 0, sizeof(*place));
    fd = openat(o->fd, file, O_RDONLY | O_CLOEXEC);
    *found = fd != -1;

    if (fd == -1) {
        return errno == ENOENT || fail(c, o->dir, file, strerror(errno));
    }

    n = read(fd, text, sizeof(text));
    (void) close(fd);
    j = n <= 0 ? NULL : json_loadb(text, (size_t) n, 0, NULL);
    failing = 0;
    rc = json_unpack(j, "{s:s,s:I,s?I}", "store", &site, "seq", &seq,
                     "failing_ms", &failing);

    if (rc != 0 || seq < 0 || failing < 0) {
        json_decref(j);
        return fail(c, o->dir, file, "cannot be read; without it the gateway "
                    "begins at the log's end");
    }

    rc = strcmp(site, o->site);
    json_decref(j);

    if (rc != 0) {
        return fail(c, o->dir, file, "is of another store; name another "
                    "--state");
    }

    place->seq = (uint64_t) seq;
    place->failing_ms = (uint64_t) failing;

    return true;
}


bool
shian_outbox_keep(shian_ctl_t *c, const shian_outbox_t *o,
    const char *gateway, const shian_place_t *place)
{
    int   n;
    char  file[64], text[256];

    state_name(gateway, file);
    n = snprintf(text, sizeof(text),
                 "{\"store\":\"%s\",\"seq\":%llu,\"failing_ms\":%llu}\n",
                 o->site, (unsigned long long) place->seq,
                 (unsigned long long) place->failing_ms);

    if (n < 0 || (size_t) n >= sizeof(text)) {
        return fail(c, o->dir, file, "does not fit");
    }

    return replace(c, o, file, shian_slice(text, (size_t) n));
}


/* ---- what was given up --------------------------------------------------- */


void
shian_letter_write(const shian_letter_t *letter, shian_sink_t *out)
{
    shian_putz(out, "{\"gateway\":");
    shian_json_string(shian_str(letter->gateway), false, out);
    shian_putf(out, ",\"seq\":%llu,\"type\":",
               (unsigned long long) letter->seq);
    shian_json_string(shian_str(letter->type), false, out);
    shian_putz(out, ",\"reason\":");
    shian_json_string(shian_str(letter->reason), false, out);
    shian_putf(out, ",\"at_ms\":%llu}\n",
               (unsigned long long) letter->at_ms);
}


bool
shian_outbox_bury(shian_ctl_t *c, const shian_outbox_t *o,
    const shian_letter_t *letter)
{
    int            fd;
    bool           ok;
    shian_buf_t    b;
    shian_arena_t  a;

    shian_arena_init(&a, NULL, NULL);
    shian_buf_init(&b, &a);

    /* Ends what a full disk may have left of a line. */
    shian_putc(&b.sink, '\n');
    shian_letter_write(letter, &b.sink);

    fd = openat(o->fd, DEAD, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    ok = fd != -1 && !b.sink.failed && write_all(fd, shian_buf_str(&b))
         && fsync(fd) == 0;

    if (fd != -1) {
        ok = close(fd) == 0 && ok;
    }

    shian_arena_free(&a);
    ok = ok && fsync(o->fd) == 0;

    return ok || fail(c, o->dir, DEAD, strerror(errno));
}


/* A line that is not a letter, torn by a full disk, counts for nothing. */
static bool
read_letter(shian_ctl_t *c, shian_str_t line, shian_letter_t *out)
{
    bool         ok;
    json_t      *j;
    json_int_t   seq, at;
    const char  *gateway, *type, *reason;

    j = json_loadb((const char *) line.p, line.n, 0, NULL);
    ok = json_unpack(j, "{s:s,s:I,s:s,s:s,s:I}", "gateway", &gateway, "seq",
                     &seq, "type", &type, "reason", &reason, "at_ms", &at)
         == 0 && seq > 0 && at >= 0;

    if (ok) {
        out->gateway = shian_strdup(&c->arena, shian_str(gateway));
        out->type = shian_strdup(&c->arena, shian_str(type));
        out->reason = shian_strdup(&c->arena, shian_str(reason));
        out->seq = (uint64_t) seq;
        out->at_ms = (uint64_t) at;
        ok = out->gateway != NULL && out->type != NULL
             && out->reason != NULL;
    }

    json_decref(j);

    return ok;
}


static int
by_gateway(const void *a, const void *b)
{
    int                    order;
    const shian_letter_t  *x = a, *y = b;

    order = strcmp(x->gateway, y->gateway);

    if (order != 0) {
        return order;
    }

    if (x->seq != y->seq) {
        return x->seq < y->seq ? -1 : 1;
    }

    return (x->at_ms > y->at_ms) - (x->at_ms < y->at_ms);
}


/* The whole of dead.jsonl; NONE with *ok where there is none. */
static shian_str_t
read_dead(shian_ctl_t *c, const char *dir, bool *ok)
{
    int          fd;
    char        *p;
    size_t       n;
    ssize_t      got;
    const char  *path;
    struct stat  st;

    *ok = false;
    path = shian_printf(&c->arena, "%s/" DEAD, dir);
    fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);

    if (fd == -1) {
        *ok = path != NULL && errno == ENOENT;

        if (!*ok) {
            (void) fail(c, dir, DEAD, strerror(errno));
        }

        return SHIAN_NONE;
    }

    p = fstat(fd, &st) == 0 && st.st_size >= 0
        && (size_t) st.st_size <= MAX_DEAD
        ? shian_alloc(&c->arena, (size_t) st.st_size + 1) : NULL;

    for (n = 0; p != NULL && n < (size_t) st.st_size; n += (size_t) got) {
        got = read(fd, p + n, (size_t) st.st_size - n);

        if (got <= 0) {
            break;
        }
    }

    (void) close(fd);
    *ok = p != NULL && n == (size_t) st.st_size;

    if (!*ok) {
        (void) fail(c, dir, DEAD, "cannot be read, or is over 64 MB");
    }

    return shian_slice(p, *ok ? n : 0);
}


bool
shian_outbox_dead(shian_ctl_t *c, const char *dir, shian_letters_t *out)
{
    bool             ok;
    size_t           i, n, lines;
    shian_str_t      text, line;
    const uint8_t   *end;

    memset(out, 0, sizeof(*out));
    text = read_dead(c, dir, &ok);

    if (!ok || text.n == 0) {
        return ok;
    }

    for (lines = 1, i = 0; i < text.n; i++) {
        lines += text.p[i] == '\n';
    }

    out->v = shian_array(&c->arena, lines, sizeof(*out->v));

    if (out->v == NULL) {
        return fail(c, dir, DEAD, "memory has run out");
    }

    for (n = 0; text.n != 0; ) {
        end = memchr(text.p, '\n', text.n);
        line = shian_slice(text.p, end == NULL ? text.n
                                               : (size_t) (end - text.p));
        n += line.n != 0 && read_letter(c, line, &out->v[n]);
        text.p += line.n + (end != NULL);
        text.n -= line.n + (end != NULL);
    }

    qsort(out->v, n, sizeof(*out->v), by_gateway);

    /* The last word about each: a kill may have buried one twice. */
    for (i = 0; i < n; i++) {
        if (out->n != 0 && out->v[out->n - 1].seq == out->v[i].seq
            && strcmp(out->v[out->n - 1].gateway, out->v[i].gateway) == 0)
        {
            out->n--;
        }

        out->v[out->n++] = out->v[i];
    }

    return true;
}


bool
shian_outbox_rewrite(shian_ctl_t *c, const shian_outbox_t *o,
    const shian_letters_t *letters)
{
    bool           ok;
    size_t         i;
    shian_buf_t    b;
    shian_arena_t  a;

    shian_arena_init(&a, NULL, NULL);
    shian_buf_init(&b, &a);

    for (i = 0; i < letters->n; i++) {
        shian_letter_write(&letters->v[i], &b.sink);
    }

    ok = b.sink.failed ? fail(c, o->dir, DEAD, "memory has run out")
                       : replace(c, o, DEAD, shian_buf_str(&b));
    shian_arena_free(&a);

    return ok;
}
