/*
 * shianctl doctor: looks at all that has to be right, with the eyes of the
 * user that nginx's workers run as.  A line for each: cause and mend.
 */

#include "cmd.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/look.h"
#include "render/check.h"
#include "render/escape.h"
#include "render/statics.h"
#include "store/photos.h"

#define DUMP_MAX     (1024 * 1024)
#define WORD_MAX     1024
#define FREE_BYTES   (UINT64_C(1) << 30)
#define MAP_PERCENT  70
#define AHEAD_MS     10000              /* the log before the clock */

const shian_option_t  shian_doctor_options[] = {
    { "user", "USER", "whom nginx's workers run as; else as nginx -T says, "
                      "or the store's owner" },
    { "nginx", "PROGRAM", "the nginx to ask; else the one in PATH" },
    { "conf", "FILE", "its configuration" },
    { "no-nginx", NULL, "asks no nginx" },
    { NULL, NULL, NULL }
};

typedef struct {
    shian_ctl_t    *c;
    bool            bad;
    bool            listed;             /* something, in JSON */
    char           *dump;               /* what nginx -T said; or NULL */
    char            user[64];
    char            html[WORD_MAX];
    char            keys[WORD_MAX];
    size_t          map_size;
    uid_t           uid;
    gid_t           gid;
} doctor_t;


/* ---- saying it -----------------------------------------------------------*/

static void
say(doctor_t *d, const char *what, bool ok, const char *words)
{
    size_t       n;
    shian_buf_t  b;

    d->bad |= !ok;
    n = strcspn(words, "\n");

    if (!d->c->json) {
        printf("%-4s %-7s %.*s\n", ok ? "ok" : "BAD", what, (int) n, words);
        return;
    }

    shian_buf_init(&b, &d->c->arena);
    shian_json_string(shian_slice(words, n), false, &b.sink);
    printf("%s{\"what\":\"%s\",\"ok\":%s,\"detail\":%.*s}",
           d->listed ? "," : "", what, ok ? "true" : "false", (int) b.n,
           (const char *) b.p);
    d->listed = true;
}


static void
say_look(doctor_t *d, const char *what, shian_look_t look, const char *good)
{
    bool  ok;
    char  err[1024];

    ok = shian_look_as(d->uid, d->gid, d->user, look, d, err, sizeof(err));
    say(d, what, ok, ok ? good : err);
}


/* ---- nginx ---------------------------------------------------------------*/

/* What the program says with this option, in the arena; NULL: no such. */
static char *
ask_nginx(doctor_t *d, const char *option, int *status)
{
    FILE        *f;
    char        *out;
    int          fd[2];
    pid_t        pid;
    size_t       n;
    const char  *program, *conf;

    program = shian_arg(d->c, "nginx");
    conf = shian_arg(d->c, "conf");
    program = program != NULL ? program : "nginx";
    out = shian_alloc(&d->c->arena, DUMP_MAX + 1);

    if (out == NULL || pipe(fd) != 0 || (pid = fork()) < 0) {
        return NULL;
    }

    if (pid == 0) {
        (void) dup2(fd[1], STDOUT_FILENO);
        (void) dup2(fd[1], STDERR_FILENO);
        close(fd[0]);
        close(fd[1]);

        if (conf != NULL) {
            (void) execlp(program, program, option, "-c", conf, (char *) NULL);
        } else {
            (void) execlp(program, program, option, (char *) NULL);
        }

        /* Not everybody has /usr/sbin in PATH. */
        if (strchr(program, '/') == NULL) {
            (void) execl("/usr/sbin/nginx", "nginx", option,
                         conf == NULL ? NULL : "-c", conf, (char *) NULL);
        }
        _exit(127);
    }

    close(fd[1]);
    f = fdopen(fd[0], "r");
    n = f == NULL ? 0 : fread(out, 1, DUMP_MAX, f);
    out[n] = '\0';

    if (f != NULL) {
        fclose(f);
    }

    while (waitpid(pid, status, 0) < 0) {
        if (errno != EINTR) {
            return NULL;
        }
    }

    return WIFEXITED(*status) && WEXITSTATUS(*status) == 127 ? NULL : out;
}


/* The first argument of a directive of the dump; false: there is none. */
static bool
directive(const char *dump, const char *name, char *out, size_t size)
{
    size_t       n;
    const char  *p;

    for (p = dump; p != NULL; p = strchr(p, '\n')) {
        p += strspn(p, " \t\n");
        n = strlen(name);

        if (strncmp(p, name, n) == 0 && strchr(" \t", p[n]) != NULL
            && p[n] != '\0')
        {
            p += n + strspn(p + n, " \t");
            n = strcspn(p, " \t;\n");
            snprintf(out, size, "%.*s", (int) n, p);
            return true;
        }
    }

    return false;
}


/* Where in the line nginx's own words begin, as "[warn] …"; NULL: nowhere. */
static const char *
remark(const char *line, size_t n)
{
    size_t       i;
    const char  *p;

    static const char *const  levels[] = {
        "[emerg] ", "[alert] ", "[crit] ", "[error] ", "[warn] "
    };

    for (i = 0; i < SHIAN_COUNT(levels); i++) {
        p = memmem(line, n, levels[i], strlen(levels[i]));

        if (p != NULL) {
            return p;
        }
    }

    return NULL;
}


/* What -t remarks, before the configuration itself. */
static void
say_remarks(doctor_t *d)
{
    bool         said;
    char        *p, *end;
    const char  *words;

    said = false;

    for (p = d->dump; strncmp(p, "# configuration file", 20) != 0
                      && *p != '\0'; p = end + strspn(end, "\n"))
    {
        end = p + strcspn(p, "\n");
        words = remark(p, (size_t) (end - p));

        if (words != NULL) {
            said = true;
            say(d, "nginx", false, words);
        }
    }

    if (!said) {
        say(d, "nginx", true, "its configuration is content");
    }
}


static void
look_at_module(doctor_t *d)
{
    FILE        *f;
    char         path[WORD_MAX], full[2 * WORD_MAX], line[128];
    char        *text;
    size_t       n;
    const char  *mark, *dirs[] = { "", "/usr/lib/nginx/", "/usr/share/nginx/",
                                   "/etc/nginx/" };

    static const char  words[] = "shian module ";

    if (!directive(d->dump, "load_module", path, sizeof(path))) {
        say(d, "module", false, "no load_module in nginx.conf; add "
            "\"load_module modules/ngx_http_shian_module.so;\" at its top");
        return;
    }

    for (f = NULL, n = 0; f == NULL && n < SHIAN_COUNT(dirs); n++) {
        snprintf(full, sizeof(full), "%s%s", dirs[n], path);
        f = fopen(full, "re");
    }

    /* Another module may be the first that is loaded. */
    if (f == NULL || strstr(path, "shian") == NULL) {
        say(d, "module", true, "nginx loads it");
        if (f != NULL) {
            fclose(f);
        }
        return;
    }

    text = malloc(16 * DUMP_MAX);
    n = text == NULL ? 0 : fread(text, 1, 16 * DUMP_MAX, f);
    fclose(f);
    mark = n == 0 ? NULL : memmem(text, n, words, sizeof(words) - 1);
    snprintf(line, sizeof(line), "version %.20s", mark == NULL ? "unknown"
             : mark + sizeof(words) - 1);
    free(text);

    if (strcmp(line, "version " SHIAN_VERSION) == 0) {
        say(d, "module", true, line);
    } else {
        n = strlen(line);
        snprintf(line + n, sizeof(line) - n, ", and shianctl is of "
                 SHIAN_VERSION "; install both");
        say(d, "module", false, line);
    }
}


static void
look_at_nginx(doctor_t *d)
{
    int          status;
    char        *v;
    char         size[WORD_MAX];
    const char  *p;

    v = ask_nginx(d, "-V", &status);

    if (v == NULL) {
        say(d, "nginx", false, "there is none to ask; name it with --nginx, "
            "or say --no-nginx");
        return;
    }

    say(d, "nginx", strstr(v, "--with-threads") != NULL,
        strstr(v, "--with-threads") != NULL ? v
        : "it was built without --with-threads; use one that was");
    d->dump = ask_nginx(d, "-T", &status);

    if (d->dump == NULL) {
        return;
    }

    say_remarks(d);
    look_at_module(d);
    (void) directive(d->dump, "user", d->user, sizeof(d->user));
    (void) directive(d->dump, "shian_html", d->html, sizeof(d->html));
    (void) directive(d->dump, "shian_keys", d->keys, sizeof(d->keys));

    p = strstr(d->dump, "map_size=");

    if (p != NULL) {
        snprintf(size, sizeof(size), "%s", p + 9);
        d->map_size = strtoull(size, (char **) (uintptr_t) &p, 10);
        d->map_size <<= *p == 'g' || *p == 'G' ? 30
                        : *p == 'm' || *p == 'M' ? 20
                        : *p == 'k' || *p == 'K' ? 10 : 0;
    }
}


/* ---- what is on disk ------------------------------------------------------*/

static bool
look_store(void *data, char *err, size_t errsize)
{
    doctor_t  *d = data;

    return shian_store_test(d->c->store_dir, d->map_size, err, errsize);
}


static bool
look_pages(void *data, char *err, size_t errsize)
{
    doctor_t           *d = data;
    shian_templates_t  *t;

    t = shian_templates_load(d->html, err, errsize);

    return t != NULL
           && shian_templates_check(t, shian_page_types, shian_npage_types,
                                    NULL, NULL, err, errsize)
           && shian_statics_test(d->html, err, errsize)
           && shian_pages_version(d->html, err, errsize);
}


/* Every photo that a record names is there, and can be read. */
static bool
look_photos(void *data, char *err, size_t errsize)
{
    char            *path, first[128];
    size_t           n, missing;
    doctor_t        *d = data;
    shian_txn_t      t;
    shian_scan_t     scan;
    shian_store_t   *s;
    shian_arena_t    a;
    shian_rowkey_t   none;

    s = shian_store_open(d->c->store_dir, 0, 0, false, err, errsize);
    if (s == NULL) {
        return false;
    }

    shian_arena_init(&a, NULL, NULL);

    if (shian_txn_begin(s, &a, false, &t) != 0) {
        snprintf(err, errsize, "the store cannot be read");
        return false;
    }

    none.n = n = missing = 0;
    shian_scan_open(&scan, &t, SHIAN_T_PHOTO, &none, NULL);

    while (shian_scan_next(&scan)) {
        path = scan.key.n != SHIAN_HASH_SIZE ? NULL
               : shian_photo_path(&a, d->c->store_dir, scan.key.p);
        n++;

        if (path == NULL || access(path, R_OK) != 0) {
            if (missing++ == 0) {
                snprintf(first, sizeof(first), "%s", path == NULL ? "?"
                         : path + strlen(d->c->store_dir));
            }
        }

        shian_arena_free(&a);
    }

    shian_scan_close(&scan);
    shian_txn_abort(&t);
    shian_store_close(s);

    if (missing != 0) {
        snprintf(err, errsize, "%zu of %zu are missing or cannot be read, "
                 "first %s; bring them back from a backup and give them to "
                 "that user", missing, n, first);
    }

    return missing == 0;
}


/* The log's last instant against the clock. */
static bool
look_clock(void *data, char *err, size_t errsize)
{
    uint64_t         now;
    doctor_t        *d = data;
    struct timex     tx;
    shian_txn_t      t;
    shian_head_t     head;
    Shian__Entry    *e;
    shian_store_t   *s;
    shian_arena_t    a;

    s = shian_store_open(d->c->store_dir, 0, 0, false, err, errsize);
    if (s == NULL) {
        return false;
    }

    shian_arena_init(&a, NULL, NULL);

    if (shian_txn_begin(s, &a, false, &t) != 0) {
        snprintf(err, errsize, "the store cannot be read");
        return false;
    }

    shian_log_head(&t, &head);
    e = head.seq == 0 ? NULL : shian_log_get(&t, head.seq);
    now = shian_ctl_now(d->c);

    if (e != NULL && e->operation != NULL && e->operation->at > now + AHEAD_MS)
    {
        snprintf(err, errsize, "it is behind the last entry of the log by %llu "
                 "s; set it right before anything is written",
                 (unsigned long long) (e->operation->at - now) / 1000);
        return false;
    }

    shian_txn_abort(&t);
    shian_arena_free(&a);
    shian_store_close(s);
    memset(&tx, 0, sizeof(tx));

    if (adjtimex(&tx) == TIME_ERROR) {
        snprintf(err, errsize, "not behind the log; the kernel knows of no "
                 "time service that keeps it");
    }

    return true;
}


static void
look_at_disk(doctor_t *d)
{
    char            line[256];
    uint64_t        left;
    struct statvfs  st;

    if (statvfs(d->c->store_dir, &st) != 0) {
        say(d, "disk", false, strerror(errno));
        return;
    }

    left = (uint64_t) st.f_bavail * st.f_frsize;
    snprintf(line, sizeof(line), "%llu MB free%s%s",
             (unsigned long long) (left >> 20),
             (st.f_flag & ST_RDONLY) != 0 ? ", mounted read-only" : "",
             left < FREE_BYTES || (st.f_files != 0 && st.f_favail < 1000)
             ? "; make room: at a full disk nothing is written" : "");
    say(d, "disk", left >= FREE_BYTES && (st.f_flag & ST_RDONLY) == 0
                   && (st.f_files == 0 || st.f_favail >= 1000), line);
}


static void
look_at_map(doctor_t *d)
{
    char         file[4096], line[256];
    size_t       map;
    struct stat  st;
    unsigned     percent;

    snprintf(file, sizeof(file), "%s/data.mdb", d->c->store_dir);

    if (stat(file, &st) != 0) {
        return;                         /* the store's line has said it */
    }

    map = d->map_size == 0 ? SHIAN_MAP_SIZE : d->map_size;
    percent = (unsigned) ((uint64_t) st.st_size * 100 / map);
    snprintf(line, sizeof(line), "%u%% of map_size is used%s", percent,
             percent >= MAP_PERCENT ? "; raise map_size of shian_store" : "");
    say(d, "map", percent < MAP_PERCENT, line);
}


static void
look_at_keys(doctor_t *d)
{
    char         err[1024];
    struct stat  st;

    if (!shian_keys_load(d->keys, &d->c->keys, err, sizeof(err))) {
        say(d, "keys", false, err);
        return;
    }

    shian_keys_wipe(&d->c->keys);
    say(d, "keys", true, stat(d->keys, &st) == 0 && st.st_uid == d->uid
                         && d->uid != 0
        ? "good; they are the workers', and need be the master's alone"
        : "good");
}


/* ---- whose eyes -----------------------------------------------------------*/

static bool
find_user(doctor_t *d)
{
    size_t          n;
    struct stat     st;
    const char     *given;
    struct passwd  *pw;

    given = shian_arg(d->c, "user");

    if (given != NULL) {
        snprintf(d->user, sizeof(d->user), "%s", given);
    }

    n = strcspn(d->user, ";");
    d->user[n] = '\0';

    if (d->user[0] == '\0') {
        pw = stat(d->c->store_dir, &st) == 0 ? getpwuid(st.st_uid)
                                             : getpwuid(geteuid());
    } else {
        pw = getpwnam(d->user);
    }

    if (pw == NULL) {
        return false;
    }

    snprintf(d->user, sizeof(d->user), "%s", pw->pw_name);
    d->uid = pw->pw_uid;
    d->gid = pw->pw_gid;

    return true;
}


int
shian_cmd_doctor(shian_ctl_t *c)
{
    char      words[256];
    doctor_t  d;

    memset(&d, 0, sizeof(d));
    d.c = c;
    snprintf(d.html, sizeof(d.html), "%s", c->html);
    snprintf(d.keys, sizeof(d.keys), "%s", c->keys_path);

    if (c->json) {
        printf("{\"checks\":[");
    }

    if (!shian_flag(c, "no-nginx")) {
        look_at_nginx(&d);
    }

    if (!find_user(&d)) {
        snprintf(words, sizeof(words), "there is no user \"%s\"; name the "
                 "workers' with --user", d.user);
        say(&d, "user", false, words);

    } else {
        snprintf(words, sizeof(words), "%s%s", d.user, geteuid() == 0 ? ""
                 : " is not whom this is run as: what follows is seen with "
                   "your own eyes; run it as root");
        say(&d, "user", true, words);
        say_look(&d, "store", look_store, "open to its user, and whole");
        look_at_keys(&d);
        say_look(&d, "pages", look_pages, "whole, of version " SHIAN_VERSION);
        say_look(&d, "photos", look_photos, "all there");
        say_look(&d, "clock", look_clock, "not behind the log");
        look_at_disk(&d);
        look_at_map(&d);
    }

    if (c->json) {
        printf("],\"ok\":%s}\n", d.bad ? "false" : "true");
    }

    return d.bad ? SHIAN_FAILED : SHIAN_DONE;
}
