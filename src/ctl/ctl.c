#include "ctl.h"

#include <errno.h>
#include <ftw.h>
#include <grp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "domain/rules.h"
#include "domain/settle.h"
#include "store/claim.h"

#define ERROR_SIZE    1024
#define MAX_DOCUMENT  65536


static int
remove_one(const char *path, const struct stat *st, int type,
    struct FTW *walk)
{
    (void) st;
    (void) type;
    (void) walk;

    return remove(path);
}


void
shian_ctl_close(shian_ctl_t *c)
{
    shian_store_close(c->store);
    c->store = NULL;

    if (c->scratch != NULL) {
        (void) nftw(c->scratch, remove_one, 8, FTW_DEPTH | FTW_PHYS);
        c->scratch = NULL;
    }

    if (c->has_keys) {
        shian_keys_wipe(&c->keys);
    }

    shian_arena_free(&c->arena);
}


int
shian_ctl_fail(shian_ctl_t *c, const char *fmt, ...)
{
    va_list  args;

    (void) c;
    (void) fflush(stdout);
    fputs("shianctl: ", stderr);
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputc('\n', stderr);

    return SHIAN_FAILED;
}


int
shian_ctl_usage(shian_ctl_t *c, const char *fmt, ...)
{
    va_list  args;

    fputs("shianctl: ", stderr);
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fprintf(stderr, "; see shianctl %s%s--help\n",
            c->command == NULL ? "" : c->command->name,
            c->command == NULL ? "" : " ");

    return SHIAN_USAGE;
}


shian_time_t
shian_ctl_clock(const shian_ctl_t *c)
{
    shian_instant_t  now;

    shian_instant(&now);

    return shian_clock_judge(&c->clocks, &now);
}


uint64_t
shian_ctl_now(const shian_ctl_t *c)
{
    return c->now_ms != 0 ? c->now_ms : shian_ctl_clock(c).now_ms;
}


bool
shian_ctl_timely(shian_ctl_t *c)
{
    if (c->now_ms != 0 || !shian_ctl_clock(c).suspect) {
        return true;
    }

    (void) shian_ctl_fail(c, "the clock is in doubt, and this can not be "
                          "undone: set it right, or say \"shianctl clock "
                          "confirm\"");
    return false;
}


void
shian_ctl_today(const shian_ctl_t *c, char out[11])
{
    shian_date_format(shian_local_day(shian_ctl_now(c), SHIAN_TZ_MINUTES),
                      out);
}


/* ---- who acts ------------------------------------------------------------ */

/*
 * The effective ids alone change, so that files which the administrator names
 * (lists, backups) are still opened as the administrator.
 */

void
shian_ctl_as_user(shian_ctl_t *c)
{
    if (c->switched && (seteuid(0) != 0 || setegid(0) != 0)) {
        (void) shian_ctl_fail(c, "cannot act as root again: %s",
                              strerror(errno));
        exit(SHIAN_FAILED);
    }
}


void
shian_ctl_as_owner(shian_ctl_t *c)
{
    if (c->switched && (setegid(c->group) != 0 || seteuid(c->owner) != 0)) {
        (void) shian_ctl_fail(c, "cannot act as the store's owner: %s",
                              strerror(errno));
        exit(SHIAN_FAILED);
    }
}


static void
find_owner(shian_ctl_t *c)
{
    struct stat  st;

    if (c->switched || geteuid() != 0 || stat(c->store_dir, &st) != 0
        || st.st_uid == 0)
    {
        return;
    }

    c->owner = st.st_uid;
    c->group = st.st_gid;
    c->switched = true;

    if (setgroups(0, NULL) != 0) {
        (void) shian_ctl_fail(c, "cannot leave root's groups: %s",
                              strerror(errno));
        exit(SHIAN_FAILED);
    }
}


FILE *
shian_ctl_fopen(shian_ctl_t *c, const char *path, const char *mode)
{
    FILE  *f;

    shian_ctl_as_user(c);
    f = fopen(path, mode);

    if (f == NULL) {
        (void) shian_ctl_fail(c, "%s: %s", path, strerror(errno));
    }

    if (c->store != NULL) {
        shian_ctl_as_owner(c);
    }

    return f;
}


shian_str_t
shian_ctl_document(shian_ctl_t *c, const char *path)
{
    FILE        *f;
    char        *text;
    shian_str_t  out = SHIAN_NONE;

    f = shian_ctl_fopen(c, path, "r");
    if (f == NULL) {
        return out;
    }

    text = shian_alloc(&c->arena, MAX_DOCUMENT + 1);

    if (text == NULL) {
        (void) shian_ctl_fail(c, "memory has run out");

    } else {
        out = shian_slice(text, fread(text, 1, MAX_DOCUMENT + 1, f));

        if (ferror(f) || out.n > MAX_DOCUMENT) {
            (void) shian_ctl_fail(c, "%s: %s", path,
                                  ferror(f) ? "cannot be read"
                                            : "larger than 64 KB");
            out = SHIAN_NONE;
        }
    }

    fclose(f);

    return out;
}


/* ---- store and keys ------------------------------------------------------ */


bool
shian_ctl_store(shian_ctl_t *c, bool create)
{
    char         err[ERROR_SIZE];
    shian_txn_t  t;

    if (c->store != NULL) {
        return true;
    }

    find_owner(c);
    shian_ctl_as_owner(c);
    c->store = shian_store_open(c->store_dir, 0, 0, create, err,
                                sizeof(err));

    if (c->store == NULL) {
        (void) shian_ctl_fail(c, "%s", err);
        return false;
    }

    shian_claim(c->store, shian_rules_newest());

    if (shian_txn_begin(c->store, &c->arena, false, &t) == 0) {
        shian_clock_load(&t, &c->clocks);
        shian_txn_abort(&t);
    }

    if (shian_ctl_clock(c).suspect) {
        (void) shian_ctl_fail(c, "warning: the clock is in doubt: see "
                              "\"shianctl clock show\"");
    }

    return true;
}


bool
shian_ctl_keys(shian_ctl_t *c)
{
    char  err[ERROR_SIZE];

    if (c->has_keys) {
        return true;
    }

    shian_ctl_as_user(c);
    c->has_keys = shian_keys_load(c->keys_path, &c->keys, err, sizeof(err));

    if (!c->has_keys) {
        (void) shian_ctl_fail(c, "%s", err);
    }

    if (c->store != NULL) {
        shian_ctl_as_owner(c);
    }

    return c->has_keys;
}


const char *
shian_ctl_scratch(shian_ctl_t *c)
{
    const char  *tmp;

    tmp = getenv("TMPDIR");
    tmp = shian_printf(&c->arena, "%s/shianctl-XXXXXX",
                       tmp == NULL || tmp[0] == '\0' ? "/tmp" : tmp);

    if (tmp == NULL || mkdtemp((char *) (uintptr_t) tmp) == NULL) {
        (void) shian_ctl_fail(c, "cannot make a folder for a copy in "
                              "\"%s\": %s; name another in TMPDIR",
                              tmp == NULL ? "" : tmp, strerror(errno));
        return NULL;
    }

    c->scratch = (char *) (uintptr_t) tmp;
    return tmp;
}


bool
shian_ctl_rehearse(shian_ctl_t *c)
{
    int          rc;
    char         err[ERROR_SIZE];
    const char  *dir;

    dir = shian_ctl_scratch(c);
    if (dir == NULL) {
        return false;
    }

    rc = mdb_env_copy2(c->store->env, dir, MDB_CP_COMPACT);
    if (rc != 0) {
        (void) shian_ctl_fail(c, "cannot copy the store to \"%s\": %s; name "
                              "a roomier folder in TMPDIR", dir,
                              mdb_strerror(rc));
        return false;
    }

    shian_store_close(c->store);
    c->store = shian_store_open(dir, 0, 0, false, err, sizeof(err));

    if (c->store == NULL) {
        (void) shian_ctl_fail(c, "%s", err);
        return false;
    }

    /* It is thrown away: nothing needs to reach the disk. */
    (void) mdb_env_set_flags(c->store->env, MDB_NOSYNC, 1);

    return true;
}


/* ---- writing to files ---------------------------------------------------- */


static bool
file_write(shian_sink_t *s, const void *p, size_t n)
{
    return fwrite(p, 1, n, ((shian_file_sink_t *) s)->file) == n;
}


void
shian_file_sink(shian_file_sink_t *s, FILE *file)
{
    s->sink.write = file_write;
    s->sink.failed = false;
    s->file = file;
}


/* ---- operations ---------------------------------------------------------- */


Shian__Operation
shian_ctl_operation(shian_ctl_t *c)
{
    Shian__Operation  op = SHIAN__OPERATION__INIT;

    shian__actor__init(&c->actor);
    c->actor.has_role = 1;
    c->actor.role = SHIAN__ROLE__KIND__admin;

    op.has_at = 1;
    op.at = shian_ctl_now(c);

    if (c->now_ms == 0 && shian_ctl_clock(c).suspect) {
        op.has_clock_in_doubt = op.clock_in_doubt = 1;
    }

    op.actor = &c->actor;

    return op;
}


const char *
shian_ctl_refusal(shian_arena_t *a, const shian_report_t *r)
{
    size_t       i;
    shian_buf_t  b;

    shian_buf_init(&b, a);

    if (r->nfields == 0) {
        shian_putz(&b.sink, r->detail != NULL ? r->detail
                            : r->code != NULL ? r->code : "refused");
    }

    for (i = 0; i < r->nfields; i++) {
        shian_putf(&b.sink, "%s%s: %s", i == 0 ? "" : "; ",
                   r->fields[i].field, r->fields[i].detail != NULL
                   ? r->fields[i].detail : r->fields[i].code);
    }

    shian_putc(&b.sink, '\0');

    return b.sink.failed ? "memory has run out" : (const char *) b.p;
}


bool
shian_ctl_run(shian_ctl_t *c, const Shian__Operation *op,
    Shian__Result *result)
{
    shian_item_t  item, *items;

    memset(&item, 0, sizeof(item));
    item.operation = shian_pack(&c->arena, op);

    if (item.operation.p == NULL) {
        (void) shian_ctl_fail(c, "memory has run out");
        return false;
    }

    items = &item;
    (void) shian_batch_run(c->store, &shian_machine, &items, 1);

    if (item.report.status != 200) {
        (void) shian_ctl_fail(c, "%s", shian_ctl_refusal(&c->arena,
                                                         &item.report));
        return false;
    }

    *result = item.result;
    return true;
}


bool
shian_ctl_pass_day(shian_ctl_t *c, uint64_t at_ms)
{
    bool                more;
    shian_txn_t         t;
    Shian__Result       result;
    Shian__Operation    op;
    shian_city_step_t   body;

    for ( ;; ) {
        op = shian_ctl_operation(c);
        op.at = at_ms;

        if (shian_txn_begin(c->store, &c->arena, false, &t) != 0) {
            (void) shian_ctl_fail(c, "the store cannot be read");
            return false;
        }

        more = shian_city_step(&t, at_ms, &body, &op);
        shian_txn_abort(&t);

        if (!more || op.body_case != SHIAN__OPERATION__BODY_DAY_PASS) {
            return true;
        }

        if (!shian_ctl_timely(c) || !shian_ctl_run(c, &op, &result)) {
            return false;
        }
    }
}


void
shian_slice_init(shian_slice_t *s, shian_ctl_t *c, const shian_machine_t *m)
{
    s->ctl = c;
    s->machine = m;
    s->n = 0;
    shian_arena_init(&s->arena, NULL, NULL);
}


void
shian_slice_free(shian_slice_t *s)
{
    shian_arena_free(&s->arena);
}


void
shian_slice_reset(shian_slice_t *s)
{
    shian_arena_free(&s->arena);
    s->n = 0;
}


bool
shian_slice_add(shian_slice_t *s, const Shian__Operation *op)
{
    shian_item_t  *item;

    item = &s->items[s->n];
    memset(item, 0, sizeof(*item));
    item->operation = shian_pack(&s->arena, op);

    if (item->operation.p == NULL) {
        (void) shian_ctl_fail(s->ctl, "memory has run out");
        return false;
    }

    s->n++;
    return true;
}


bool
shian_slice_run(shian_slice_t *s)
{
    int            rc;
    size_t         i;
    shian_item_t  *items[SHIAN_SLICE];

    for (i = 0; i < s->n; i++) {
        items[i] = &s->items[i];
    }

    rc = s->n == 0 ? 0 : shian_batch_run(s->ctl->store, s->machine, items,
                                         s->n);
    if (rc == 0) {
        return true;
    }

    (void) shian_ctl_fail(s->ctl, "the store could not write: %s; what was "
                          "reported before is in it, the rest is not",
                          mdb_strerror(rc));
    return false;
}
