/*
 * What the master reads from files when it reads the configuration: keys,
 * templates, words.  Errors name file and line, so `nginx -t` tells them.
 */

#include "ngx_http_shian.h"

#include "core/folders.h"
#include "domain/document.h"
#include "render/check.h"

#include <sodium.h>


static void
ngx_http_shian_wipe_keys(void *data)
{
    shian_keys_wipe(data);
}


char *
ngx_http_shian_keys(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_shian_srv_conf_t  *sscf = conf;

    char                 err[512];
    ngx_str_t           *value, path;
    ngx_pool_cleanup_t  *cln;

    if (sscf->keys != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;
    path = value[1];
    cln = ngx_pool_cleanup_add(cf->pool, 0);
    sscf->keys = ngx_palloc(cf->pool, sizeof(shian_keys_t));

    if (cln == NULL || sscf->keys == NULL
        || ngx_conf_full_name(cf->cycle, &path, 1) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (!shian_keys_load((char *) path.data, sscf->keys, err, sizeof(err))) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%s", err);
        return NGX_CONF_ERROR;
    }

    cln->handler = ngx_http_shian_wipe_keys;
    cln->data = sscf->keys;

    return NGX_CONF_OK;
}


static void
ngx_http_shian_free_templates(void *data)
{
    shian_templates_free(data);
}


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
ngx_http_shian_version(ngx_http_shian_srv_conf_t *sscf)
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

    for (rest = (char *) sscf->html.data;
         shian_folders_next(&rest, &folder); )
    {
        for (i = 0; i < SHIAN_COUNT(dirs); i++) {
            ngx_memzero(sum, sizeof(sum));
            snprintf(path, sizeof(path), "%.*s/%s", SHIAN_FMT(folder),
                     dirs[i]);
            ngx_http_shian_sum(path, sum);
            crypto_generichash_update(&h, (const u_char *) sum, sizeof(sum));
        }
    }

    crypto_generichash_final(&h, hash, sizeof(hash));
    sodium_bin2hex(sscf->version, sizeof(sscf->version), hash,
                   sizeof(hash));
}


/* Every page that a handler may ask for is there. */
static ngx_int_t
ngx_http_shian_pages(ngx_conf_t *cf, const shian_templates_t *templates)
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
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "template \"%s.html\" is missing", name);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


char *
ngx_http_shian_html(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_shian_srv_conf_t  *sscf = conf;

    char                 err[512];
    ngx_str_t           *value;
    ngx_pool_cleanup_t  *cln;

    if (sscf->templates != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;
    sscf->html = value[1];
    cln = ngx_pool_cleanup_add(cf->pool, 0);

    if (cln == NULL
        || ngx_conf_full_name(cf->cycle, &sscf->html, 0) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    sscf->templates = shian_templates_load((char *) sscf->html.data, err,
                                           sizeof(err));
    if (sscf->templates == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%s", err);
        return NGX_CONF_ERROR;
    }

    cln->handler = ngx_http_shian_free_templates;
    cln->data = sscf->templates;

    if (ngx_http_shian_pages(cf, sscf->templates) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    if (!shian_templates_check(sscf->templates, shian_page_types,
                               shian_npage_types, NULL, NULL, err,
                               sizeof(err)))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%s", err);
        return NGX_CONF_ERROR;
    }

    ngx_http_shian_version(sscf);

    return NGX_CONF_OK;
}


static void
ngx_http_shian_free_screen(void *data)
{
    shian_screen_free(data);
}


shian_screen_t *
ngx_http_shian_load_screen(ngx_conf_t *cf, shian_str_t words)
{
    shian_screen_t      *screen;
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        return NULL;
    }

    screen = shian_screen_load(words, NULL);
    if (screen != NULL) {
        cln->handler = ngx_http_shian_free_screen;
        cln->data = screen;
    }

    return screen;
}


/* The bytes of a file of at most 1 MB; NGX_DECLINED: there is none. */
static ngx_int_t
ngx_http_shian_read_file(ngx_conf_t *cf, ngx_str_t *path, shian_str_t *out)
{
    u_char           *p;
    ssize_t           n;
    ngx_fd_t          fd;
    ngx_file_info_t   fi;

    fd = ngx_open_file(path->data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE && ngx_errno == NGX_ENOENT) {
        return NGX_DECLINED;
    }

    if (fd == NGX_INVALID_FILE || ngx_fd_info(fd, &fi) != 0
        || !ngx_is_file(&fi) || ngx_file_size(&fi) > 1024 * 1024)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf,
                           fd == NGX_INVALID_FILE ? ngx_errno : 0,
                           "\"%V\" is no file that can be read, or larger "
                           "than 1 MB", path);
        if (fd != NGX_INVALID_FILE) {
            ngx_close_file(fd);
        }
        return NGX_ERROR;
    }

    p = ngx_palloc(cf->temp_pool, (size_t) ngx_file_size(&fi) + 1);
    n = p == NULL ? -1
                  : ngx_read_fd(fd, p, (size_t) ngx_file_size(&fi));
    ngx_close_file(fd);

    if (n < 0) {
        return NGX_ERROR;
    }

    *out = shian_slice(p, (size_t) n);

    return NGX_OK;
}


char *
ngx_http_shian_words(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_shian_srv_conf_t  *sscf = conf;

    ngx_int_t     rc;
    ngx_str_t    *value, path;
    shian_str_t   words;

    if (sscf->screen != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;
    path = value[1];

    if (ngx_conf_full_name(cf->cycle, &path, 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    rc = ngx_http_shian_read_file(cf, &path, &words);

    if (rc == NGX_DECLINED) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "word list \"%V\" cannot be read: there is none",
                           &path);
    }

    if (rc != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    sscf->screen = ngx_http_shian_load_screen(cf, words);

    if (sscf->screen == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "word list \"%V\" is not UTF-8; save it as UTF-8",
                           &path);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* ---- what a city edits ----------------------------------------------------*/

static shian_workdays_t  ngx_http_shian_calendars;


const shian_workdays_t *
ngx_http_shian_workdays(void)
{
    return &ngx_http_shian_calendars;
}


/* What comes with the program, for a configuration that names nothing. */
ngx_int_t
ngx_http_shian_documents_init(void)
{
    bool            ok;
    shian_arena_t   a;
    shian_report_t  report;

    shian_arena_init(&a, NULL, NULL);
    shian_report_init(&report);
    shian_workdays_default(&ngx_http_shian_calendars);
    ok = shian_document_set(&shian_document_categories, &a, SHIAN_NONE,
                            &report)
         && shian_document_set(&shian_document_texts, &a, SHIAN_NONE,
                               &report);
    shian_arena_free(&a);

    return ok ? NGX_OK : NGX_ERROR;
}


/* The file of that name in the folder, if there is one, in place of ours. */
static ngx_int_t
ngx_http_shian_one_document(ngx_conf_t *cf, ngx_str_t *dir, const char *name,
    shian_document_t *d)
{
    ngx_int_t       rc;
    ngx_str_t       path;
    shian_str_t     json;
    shian_arena_t   a;
    shian_report_t  report;

    path.len = dir->len + 1 + ngx_strlen(name);
    path.data = ngx_pnalloc(cf->temp_pool, path.len + 1);
    if (path.data == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_snprintf(path.data, path.len + 1, "%V/%s%Z", dir, name);
    rc = ngx_http_shian_read_file(cf, &path, &json);

    if (rc != NGX_OK) {
        return rc == NGX_DECLINED ? NGX_OK : NGX_ERROR;
    }

    shian_arena_init(&a, NULL, NULL);
    shian_report_init(&report);

    if (!shian_document_set(d, &a, json, &report)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%V\" %s%s: %s", &path,
                           report.nfields != 0 ? "is wrong at " : "",
                           report.nfields != 0 ? report.fields[0].field
                                               : "is wrong",
                           report.nfields != 0 ? report.fields[0].code
                                               : report.detail);
        rc = NGX_ERROR;
    }

    shian_arena_free(&a);

    return rc;
}


char *
ngx_http_shian_documents(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_shian_main_conf_t  *smcf = conf;

    char        err[256];
    char       *holidays;
    ngx_str_t  *value, dir;

    if (smcf->documents) {
        return "is duplicate";
    }

    smcf->documents = 1;
    value = cf->args->elts;
    dir = value[1];

    if (ngx_conf_full_name(cf->cycle, &dir, 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    holidays = ngx_pnalloc(cf->temp_pool, dir.len + sizeof("/holidays"));
    if (holidays == NULL) {
        return NGX_CONF_ERROR;
    }

    (void) ngx_sprintf((u_char *) holidays, "%V/holidays%Z", &dir);

    if (!shian_workdays_load(&ngx_http_shian_calendars, holidays, err,
                             sizeof(err)))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%s", err);
        return NGX_CONF_ERROR;
    }

    if (ngx_http_shian_one_document(cf, &dir, "categories.json",
                                    &shian_document_categories) != NGX_OK
        || ngx_http_shian_one_document(cf, &dir, "texts.json",
                                       &shian_document_texts) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}
