/*
 * What directives name on disk: keys, pages, words, a city's documents.
 *
 * The directive only notes where that is.  When the whole configuration is
 * known the master reads it, having looked with the workers' eyes first; what
 * is wrong is said with file and line, and takes no other site down: the
 * locations that need it answer 503, and each worker reads it again now and
 * then until it is right.
 */

#include "ngx_http_shian.h"

#include "core/folders.h"
#include "core/look.h"
#include "domain/document.h"
#include "render/check.h"
#include "render/statics.h"

#include <sodium.h>


/* How a kind of it is read: NULL with cause and mend in err. */
typedef struct {
    void      *(*read)(const char *path, char *err, size_t errsize);
    void       (*free)(void *value);
    ngx_uint_t   secret;                /* only the master can read it */
} ngx_http_shian_kind_t;

static const ngx_http_shian_kind_t *ngx_http_shian_kind(
    ngx_http_shian_part_t *part);


/* ---- parts ----------------------------------------------------------------*/

char *
ngx_http_shian_part(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t                    *value;
    ngx_http_shian_part_t       **part, **added;
    ngx_http_shian_main_conf_t   *smcf;

    part = (ngx_http_shian_part_t **) ((char *) conf + cmd->offset);

    if (*part != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;
    smcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_shian_module);
    *part = ngx_pcalloc(cf->pool, sizeof(ngx_http_shian_part_t));
    added = ngx_array_push(&smcf->parts);

    if (*part == NULL || added == NULL) {
        return NGX_CONF_ERROR;
    }

    *added = *part;
    (*part)->kind = (ngx_http_shian_part_kind_t) (uintptr_t) cmd->post;
    (*part)->path = value[1];
    (*part)->file = cf->conf_file->file.name.data;
    (*part)->line = cf->conf_file->line;

    /* Pages lie under the prefix, all else beside nginx.conf. */
    if (ngx_conf_full_name(cf->cycle, &(*part)->path,
                           (*part)->kind != SHIAN_PART_HTML) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* In the process that looks: the value goes with it. */
static bool
ngx_http_shian_look_at(void *data, char *err, size_t errsize)
{
    ngx_http_shian_part_t  *part = data;

    return ngx_http_shian_kind(part)->read((char *) part->path.data,
                                                 err, errsize)
           != NULL;
}


static void
ngx_http_shian_free_part(void *data)
{
    ngx_http_shian_part_t  *part = data;

    if (part->value != NULL) {
        ngx_http_shian_kind(part)->free(part->value);
        part->value = NULL;
    }
}


void
ngx_http_shian_warn(ngx_log_t *log, u_char *file, ngx_uint_t line,
    uint32_t *said, const char *what)
{
    uint32_t  hash;

    hash = ngx_crc32_short((u_char *) what, ngx_strlen(what)) | 1;

    if (*said != hash) {
        *said = hash;
        ngx_log_error(NGX_LOG_WARN, log, 0, "shian: %s in %s:%ui; what needs "
                      "it answers 503 until then", what, file, line);
    }
}


/* Before the workers: with their eyes, but for what only the master reads. */
ngx_int_t
ngx_http_shian_load_parts(ngx_http_shian_main_conf_t *smcf,
    ngx_cycle_t *cycle)
{
    char                     err[1024];
    ngx_uint_t               i;
    ngx_core_conf_t         *ccf;
    ngx_pool_cleanup_t      *cln;
    ngx_http_shian_part_t   *part, **parts;

    ccf = (ngx_core_conf_t *) ngx_get_conf(cycle->conf_ctx, ngx_core_module);
    parts = smcf->parts.elts;

    for (i = 0; i < smcf->parts.nelts; i++) {
        part = parts[i];
        cln = ngx_pool_cleanup_add(cycle->pool, 0);
        if (cln == NULL) {
            return NGX_ERROR;
        }

        cln->handler = ngx_http_shian_free_part;
        cln->data = part;
        err[0] = '\0';

        if (ngx_http_shian_kind(part)->secret
            || shian_look_as(ccf->user, ccf->group, ccf->username,
                             ngx_http_shian_look_at, part, err, sizeof(err)))
        {
            part->value = ngx_http_shian_kind(part)->read(
                              (char *) part->path.data, err, sizeof(err));
        }

        if (part->value == NULL) {
            ngx_http_shian_warn(cycle->log, part->file, part->line,
                                &part->said, err);

        } else if (err[0] != '\0') {
            ngx_log_error(NGX_LOG_WARN, cycle->log, 0, "shian: %s in %s:%ui",
                          err, part->file, part->line);
        }
    }

    return NGX_OK;
}


/* In a worker: what was wrong may be right by now. */
void
ngx_http_shian_read_again(ngx_http_shian_part_t *part, ngx_log_t *log)
{
    char        err[1024];

    part->value = ngx_http_shian_kind(part)->read(
                      (char *) part->path.data, err, sizeof(err));

    if (part->value != NULL) {
        part->said = 0;
        ngx_log_error(NGX_LOG_NOTICE, log, 0, "shian: \"%V\" is right now",
                      &part->path);

    } else if (!ngx_http_shian_kind(part)->secret) {
        ngx_http_shian_warn(log, part->file, part->line, &part->said, err);
    }
}


/* The bytes of a file of at most 1 MB, and a NUL; NULL with a line in err. */
static u_char *
ngx_http_shian_read_file(const char *path, size_t *size, char *err,
    size_t errsize)
{
    u_char           *p;
    ssize_t           n;
    ngx_fd_t          fd;
    ngx_file_info_t   fi;

    fd = ngx_open_file((u_char *) path, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        snprintf(err, errsize, "\"%s\": %s; give a file that nginx's workers "
                 "may read", path, strerror(ngx_errno));
        return NULL;
    }

    if (ngx_fd_info(fd, &fi) != 0 || !ngx_is_file(&fi)
        || ngx_file_size(&fi) > 1024 * 1024)
    {
        snprintf(err, errsize, "\"%s\" is no file that can be read, or larger "
                 "than 1 MB; make it smaller", path);
        ngx_close_file(fd);
        return NULL;
    }

    p = calloc(1, (size_t) ngx_file_size(&fi) + 1);
    n = p == NULL ? -1 : ngx_read_fd(fd, p, (size_t) ngx_file_size(&fi));

    if (n < 0) {
        snprintf(err, errsize, "\"%s\": %s", path, strerror(ngx_errno));
        free(p);
        p = NULL;
    }

    ngx_close_file(fd);
    *size = n < 0 ? 0 : (size_t) n;

    return p;
}


/* ---- keys -----------------------------------------------------------------*/

static void *
ngx_http_shian_read_keys(const char *path, char *err, size_t errsize)
{
    shian_keys_t  *keys;

    keys = ngx_calloc(sizeof(shian_keys_t), ngx_cycle->log);

    if (keys == NULL) {
        snprintf(err, errsize, "%s: out of memory", path);

    } else if (!shian_keys_load(path, keys, err, errsize)) {
        ngx_free(keys);
        keys = NULL;
    }

    return keys;
}


static void
ngx_http_shian_free_keys(void *data)
{
    shian_keys_wipe(data);
    ngx_free(data);
}


/* ---- pages ----------------------------------------------------------------*/

/* Sums of times, sizes and number of the files, for readdir keeps no order. */
static void
ngx_http_shian_sum(const char *folder, uint64_t sum[3])
{
    DIR            *dir;
    struct stat     st;
    struct dirent  *e;

    dir = opendir(folder);

    while (dir != NULL && (e = readdir(dir)) != NULL) {
        if (e->d_name[0] != '.'
            && fstatat(dirfd(dir), e->d_name, &st, 0) == 0)
        {
            sum[0] += (uint64_t) st.st_mtime;
            sum[1] += (uint64_t) st.st_size;
            sum[2]++;
        }
    }

    if (dir != NULL) {
        closedir(dir);
    }
}


/* Changes whenever a template, text or file does, so caches let go of it. */
static void
ngx_http_shian_version(const char *html, char version[17])
{
    char                      path[4096];
    uint8_t                   hash[8];
    uint64_t                  sum[3];
    ngx_uint_t                i;
    const char               *rest;
    shian_str_t               folder;
    crypto_generichash_state  h;

    static const char *const  dirs[] = { "templates", "lang", "static" };

    crypto_generichash_init(&h, NULL, 0, sizeof(hash));
    crypto_generichash_update(&h, (const u_char *) SHIAN_VERSION,
                              sizeof(SHIAN_VERSION));

    for (rest = html; shian_folders_next(&rest, &folder); ) {
        for (i = 0; i < SHIAN_COUNT(dirs); i++) {
            ngx_memzero(sum, sizeof(sum));
            snprintf(path, sizeof(path), "%.*s/%s", SHIAN_FMT(folder),
                     dirs[i]);
            ngx_http_shian_sum(path, sum);
            crypto_generichash_update(&h, (const u_char *) sum, sizeof(sum));
        }
    }

    crypto_generichash_final(&h, hash, sizeof(hash));
    sodium_bin2hex(version, 17, hash, sizeof(hash));
}


/* Every page that a handler may ask for is there. */
static bool
ngx_http_shian_pages(const char *html, const shian_templates_t *templates,
    char *err, size_t errsize)
{
    ngx_uint_t   i;
    const char  *name;

    static const char *const  others[] = {
        "layout", "problem", "counterfeit", "withdrawn"
    };

    for (i = 0; i < SHIAN_COUNT(others) + ngx_http_shian_nroutes; i++) {
        name = i < SHIAN_COUNT(others) ? others[i]
               : ngx_http_shian_routes[i - SHIAN_COUNT(others)].template;

        if (name != NULL && shian_templates_named(templates, name) == NULL) {
            snprintf(err, errsize, "%s: template \"%s.html\" is missing; "
                     "install the pages again", html, name);
            return false;
        }
    }

    return true;
}


static void
ngx_http_shian_free_html(void *data)
{
    ngx_http_shian_html_t  *html = data;

    shian_templates_free(html->templates);
    ngx_free(html);
}


static void *
ngx_http_shian_read_html(const char *path, char *err, size_t errsize)
{
    ngx_http_shian_html_t  *html;

    html = ngx_calloc(sizeof(ngx_http_shian_html_t), ngx_cycle->log);
    if (html == NULL) {
        snprintf(err, errsize, "%s: out of memory", path);
        return NULL;
    }

    html->templates = shian_templates_load(path, err, errsize);

    if (html->templates == NULL) {
        ngx_free(html);
        return NULL;
    }

    if (!ngx_http_shian_pages(path, html->templates, err, errsize)
        || !shian_templates_check(html->templates, shian_page_types,
                                  shian_npage_types, NULL, NULL, err,
                                  errsize)
        || !shian_statics_test(path, err, errsize))
    {
        ngx_http_shian_free_html(html);
        return NULL;
    }

    ngx_http_shian_version(path, html->version);
    (void) shian_pages_version(path, err, errsize);

    return html;
}


/* ---- words ----------------------------------------------------------------*/

static void *
ngx_http_shian_read_words(const char *path, char *err, size_t errsize)
{
    size_t           n;
    u_char          *p;
    shian_screen_t  *screen;

    p = ngx_http_shian_read_file(path, &n, err, errsize);
    if (p == NULL) {
        return NULL;
    }

    screen = shian_screen_load(shian_slice(p, n), NULL);
    free(p);

    if (screen == NULL) {
        snprintf(err, errsize, "word list \"%s\" is not UTF-8; save it as "
                 "UTF-8", path);
    }

    return screen;
}


static void
ngx_http_shian_free_screen(void *data)
{
    shian_screen_free(data);
}


/* What comes with the program, for a server that names no list. */
shian_screen_t *
ngx_http_shian_load_screen(ngx_conf_t *cf)
{
    shian_screen_t      *screen;
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        return NULL;
    }

    screen = shian_screen_load(SHIAN_NONE, NULL);
    if (screen != NULL) {
        cln->handler = ngx_http_shian_free_screen;
        cln->data = screen;
    }

    return screen;
}


/* ---- what a city edits ----------------------------------------------------*/

/* As they were read for a configuration; NULL: as they come with us. */
struct ngx_http_shian_documents_s {
    shian_workdays_t   calendars;
    shian_str_t        json[2];         /* in the order below; or NONE */
};

static const struct {
    const char        *name;
    shian_document_t  *document;
} ngx_http_shian_editable[2] = {
    { "categories.json", &shian_document_categories },
    { "texts.json", &shian_document_texts },
};


static void
ngx_http_shian_free_documents(void *data)
{
    ngx_uint_t                   i;
    ngx_http_shian_documents_t  *d = data;

    for (i = 0; i < SHIAN_COUNT(d->json); i++) {
        free((void *) d->json[i].p);
    }

    ngx_free(d);
}


/* The file of that name in the folder, where there is one. */
static bool
ngx_http_shian_one_document(const char *dir, ngx_uint_t i, shian_str_t *json,
    char *err, size_t errsize)
{
    bool               ok;
    char               path[4096];
    size_t             n;
    u_char            *p;
    shian_arena_t      a;
    shian_report_t     report;
    ProtobufCMessage  *m;

    snprintf(path, sizeof(path), "%s/%s", dir,
             ngx_http_shian_editable[i].name);

    if (access(path, F_OK) != 0 && errno == ENOENT) {
        return true;
    }

    p = ngx_http_shian_read_file(path, &n, err, errsize);
    if (p == NULL) {
        return false;
    }

    *json = shian_slice(p, n);
    shian_arena_init(&a, NULL, NULL);
    shian_report_init(&report);
    ok = ngx_http_shian_editable[i].document->parse(&a, *json, &m, &report);

    if (!ok) {
        snprintf(err, errsize, "\"%s\" %s%s: %s", path,
                 report.nfields != 0 ? "is wrong at " : "",
                 report.nfields != 0 ? report.fields[0].field : "is wrong",
                 report.nfields != 0 ? report.fields[0].code
                                     : report.detail);
    }

    shian_arena_free(&a);

    return ok;
}


static void *
ngx_http_shian_read_documents(const char *path, char *err, size_t errsize)
{
    bool                         ok;
    char                         holidays[4096];
    ngx_uint_t                   i;
    ngx_http_shian_documents_t  *d;

    d = ngx_calloc(sizeof(ngx_http_shian_documents_t), ngx_cycle->log);
    if (d == NULL) {
        snprintf(err, errsize, "%s: out of memory", path);
        return NULL;
    }

    snprintf(holidays, sizeof(holidays), "%s/holidays", path);
    shian_workdays_default(&d->calendars);
    ok = shian_workdays_load(&d->calendars, holidays, err, errsize);

    for (i = 0; ok && i < SHIAN_COUNT(d->json); i++) {
        ok = ngx_http_shian_one_document(path, i, &d->json[i], err, errsize);
    }

    if (!ok) {
        ngx_http_shian_free_documents(d);
        d = NULL;
    }

    return d;
}


/* Of this worker: set when it begins, or when they have become right. */
static shian_workdays_t  ngx_http_shian_calendars;


const shian_workdays_t *
ngx_http_shian_workdays(void)
{
    return &ngx_http_shian_calendars;
}


ngx_int_t
ngx_http_shian_use_documents(ngx_http_shian_documents_t *d)
{
    bool            ok;
    ngx_uint_t      i;
    shian_arena_t   a;
    shian_report_t  report;

    if (d == NULL) {
        shian_workdays_default(&ngx_http_shian_calendars);
    } else {
        ngx_http_shian_calendars = d->calendars;
    }

    shian_arena_init(&a, NULL, NULL);
    shian_report_init(&report);

    for (ok = true, i = 0; i < SHIAN_COUNT(ngx_http_shian_editable); i++) {
        ok = shian_document_set(ngx_http_shian_editable[i].document, &a,
                                d == NULL ? SHIAN_NONE : d->json[i], &report)
             && ok;
    }

    shian_arena_free(&a);

    return ok ? NGX_OK : NGX_ERROR;
}


/* ---- the kinds ------------------------------------------------------------*/

static const ngx_http_shian_kind_t *
ngx_http_shian_kind(ngx_http_shian_part_t *part)
{
    /* By ngx_http_shian_part_kind_t. */
    static const ngx_http_shian_kind_t  kinds[] = {
        { ngx_http_shian_read_keys, ngx_http_shian_free_keys, 1 },
        { ngx_http_shian_read_html, ngx_http_shian_free_html, 0 },
        { ngx_http_shian_read_words, ngx_http_shian_free_screen, 0 },
        { ngx_http_shian_read_documents, ngx_http_shian_free_documents, 0 },
    };

    return &kinds[part->kind];
}
