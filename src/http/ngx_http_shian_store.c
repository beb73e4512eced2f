/*
 * The directive shian_store: which folders a configuration names, each one
 * store by whatever name it goes, and what all workers share of it.
 */

#include "ngx_http_shian.h"


/* Where grading is: what an earlier cycle had of this store goes on. */
static ngx_int_t
ngx_http_shian_init_progress(ngx_shm_zone_t *zone, void *data)
{
    ngx_slab_pool_t       *shpool;
    ngx_http_shian_env_t  *env = zone->data, *old = data;

    if (old != NULL) {
        env->progress = old->progress;
        return NGX_OK;
    }

    shpool = (ngx_slab_pool_t *) zone->shm.addr;
    env->progress = ngx_slab_calloc(shpool,
                                    sizeof(ngx_http_shian_progress_t));

    return env->progress == NULL ? NGX_ERROR : NGX_OK;
}


static ngx_int_t
ngx_http_shian_add_zone(ngx_conf_t *cf, ngx_http_shian_env_t *env)
{
    ngx_str_t  name;

    name.len = sizeof("shian ") - 1 + env->path.len;
    name.data = ngx_pnalloc(cf->pool, name.len);
    if (name.data == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_snprintf(name.data, name.len, "shian %V", &env->path);
    env->zone = ngx_shared_memory_add(cf, &name, 8 * ngx_pagesize,
                                      &ngx_http_shian_module);
    if (env->zone == NULL) {
        return NGX_ERROR;
    }

    env->zone->init = ngx_http_shian_init_progress;
    env->zone->data = env;

    return NGX_OK;
}


/* One folder is one store, by whatever name it goes. */
static ngx_uint_t
ngx_http_shian_same_folder(ngx_str_t *a, ngx_str_t *b)
{
    ngx_file_info_t  one, two;

    if (ngx_file_info(a->data, &one) == 0 && ngx_file_info(b->data, &two) == 0)
    {
        return one.st_ino == two.st_ino && one.st_dev == two.st_dev;
    }

    return a->len == b->len && ngx_strncmp(a->data, b->data, a->len) == 0;
}


static ngx_http_shian_env_t *
ngx_http_shian_find_env(ngx_conf_t *cf, ngx_str_t *path)
{
    ngx_uint_t                    i;
    ngx_http_shian_env_t        **envs, *env;
    ngx_http_shian_main_conf_t   *smcf;

    smcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_shian_module);
    envs = smcf->envs.elts;

    while (path->len > 1 && path->data[path->len - 1] == '/') {
        path->data[--path->len] = '\0';
    }

    for (i = 0; i < smcf->envs.nelts; i++) {
        if (ngx_http_shian_same_folder(&envs[i]->path, path)) {
            return envs[i];
        }
    }

    env = ngx_pcalloc(cf->pool, sizeof(ngx_http_shian_env_t));
    envs = ngx_array_push(&smcf->envs);

    if (env == NULL || envs == NULL) {
        return NULL;
    }

    env->path = *path;
    env->main = smcf;
    env->file = cf->conf_file->file.name.data;
    env->line = cf->conf_file->line;
    *envs = env;

    return ngx_http_shian_add_zone(cf, env) == NGX_OK ? env : NULL;
}


/*
 * One of the store's numbers: n is what the parameter says, or an error.  It
 * may be told once, and wherever else the same store is named, as well.
 */
static char *
ngx_http_shian_set_number(ngx_conf_t *cf, ngx_str_t *arg, size_t n,
    size_t *number, ngx_uint_t *seen)
{
    if (*seen) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" is given twice", arg);
        return NGX_CONF_ERROR;
    }

    if (*number != 0 && *number != n) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" is not what the same store has elsewhere",
                           arg);
        return NGX_CONF_ERROR;
    }

    *number = n;
    *seen = 1;

    return NGX_CONF_OK;
}


static char *
ngx_http_shian_store_argument(ngx_conf_t *cf, ngx_http_shian_env_t *env,
    ngx_str_t *arg, ngx_uint_t seen[3])
{
    off_t       size;
    ngx_int_t   n, max;
    ngx_str_t   s;
    ngx_uint_t  readers;

    if (ngx_strncmp(arg->data, "map_size=", 9) == 0) {
        s.data = arg->data + 9;
        s.len = arg->len - 9;
        size = ngx_parse_offset(&s);

        if (size < 1024 * 1024) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"%V\" is no size of a megabyte or more",
                               arg);
            return NGX_CONF_ERROR;
        }

        return ngx_http_shian_set_number(cf, arg, (size_t) size,
                                         &env->map_size, &seen[0]);
    }

    readers = ngx_strncmp(arg->data, "readers=", 8) == 0;

    if (!readers && ngx_strncmp(arg->data, "batch=", 6) != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\"", arg);
        return NGX_CONF_ERROR;
    }

    max = readers ? 65536 : SHIAN_BATCH_MAX;
    n = readers ? ngx_atoi(arg->data + 8, arg->len - 8)
                : ngx_atoi(arg->data + 6, arg->len - 6);

    if (n < 1 || n > max) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" is no number from 1 to %i", arg, max);
        return NGX_CONF_ERROR;
    }

    return readers
           ? ngx_http_shian_set_number(cf, arg, (size_t) n, &env->readers,
                                       &seen[1])
           : ngx_http_shian_set_number(cf, arg, (size_t) n, &env->batch_max,
                                       &seen[2]);
}


char *
ngx_http_shian_store(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_shian_srv_conf_t  *sscf = conf;

    ngx_str_t   *value, path;
    ngx_uint_t   i, seen[3] = { 0, 0, 0 };

    if (sscf->env != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;
    path = value[1];

    if (ngx_conf_full_name(cf->cycle, &path, 0) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    sscf->env = ngx_http_shian_find_env(cf, &path);
    if (sscf->env == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 2; i < cf->args->nelts; i++) {
        if (ngx_http_shian_store_argument(cf, sscf->env, &value[i], seen)
            != NGX_CONF_OK)
        {
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}
