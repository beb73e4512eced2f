/*
 * Directives, variables, and the module's life in master and workers.
 */

#include "ngx_http_shian.h"

#include <sodium.h>


static void *ngx_http_shian_create_main_conf(ngx_conf_t *cf);
static char *ngx_http_shian_init_main_conf(ngx_conf_t *cf, void *conf);
static void *ngx_http_shian_create_srv_conf(ngx_conf_t *cf);
static char *ngx_http_shian_merge_srv_conf(ngx_conf_t *cf, void *parent,
    void *child);
static void *ngx_http_shian_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_shian_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);
static ngx_int_t ngx_http_shian_init(ngx_conf_t *cf);
static ngx_int_t ngx_http_shian_init_process(ngx_cycle_t *cycle);
static void ngx_http_shian_exit_process(ngx_cycle_t *cycle);

static char *ngx_http_shian_enable(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_shian_base_url(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_shian_tiles(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_shian_sso(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_shian_name(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_shian_grading(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_shian_metrics(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


static ngx_conf_num_bounds_t  ngx_http_shian_queue_bounds = {
    ngx_conf_check_num_bounds, 1, 1000000
};

/* In milliseconds. */
static ngx_conf_num_bounds_t  ngx_http_shian_heartbeat_bounds = {
    ngx_conf_check_num_bounds, 10, 3600000
};


static ngx_command_t  ngx_http_shian_commands[] = {

    { ngx_string("shian"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_shian_enable,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("shian_sso"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_shian_sso,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_shian_loc_conf_t, sso),
      NULL },

    { ngx_string("shian_metrics"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_shian_metrics,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("shian_store"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_CONF_1MORE,
      ngx_http_shian_store,
      NGX_HTTP_SRV_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("shian_keys"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_CONF_TAKE1,
      ngx_http_shian_part,
      NGX_HTTP_SRV_CONF_OFFSET,
      offsetof(ngx_http_shian_srv_conf_t, keys_part),
      (void *) SHIAN_PART_KEYS },

    { ngx_string("shian_html"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_CONF_TAKE1,
      ngx_http_shian_part,
      NGX_HTTP_SRV_CONF_OFFSET,
      offsetof(ngx_http_shian_srv_conf_t, html_part),
      (void *) SHIAN_PART_HTML },

    { ngx_string("shian_base_url"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_CONF_TAKE1,
      ngx_http_shian_base_url,
      NGX_HTTP_SRV_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("shian_words"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_CONF_TAKE1,
      ngx_http_shian_part,
      NGX_HTTP_SRV_CONF_OFFSET,
      offsetof(ngx_http_shian_srv_conf_t, words_part),
      (void *) SHIAN_PART_WORDS },

    { ngx_string("shian_documents"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_shian_part,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_shian_main_conf_t, documents),
      (void *) SHIAN_PART_DOCUMENTS },

    { ngx_string("shian_tiles"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_CONF_TAKE1,
      ngx_http_shian_tiles,
      NGX_HTTP_SRV_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("shian_city"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_CONF_TAKE12,
      ngx_http_shian_name,
      NGX_HTTP_SRV_CONF_OFFSET,
      offsetof(ngx_http_shian_srv_conf_t, city),
      NULL },

    { ngx_string("shian_bureau"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_CONF_TAKE12,
      ngx_http_shian_name,
      NGX_HTTP_SRV_CONF_OFFSET,
      offsetof(ngx_http_shian_srv_conf_t, bureau),
      NULL },

    { ngx_string("shian_grading"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_CONF_TAKE12,
      ngx_http_shian_grading,
      NGX_HTTP_SRV_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("shian_write_queue"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_SRV_CONF_OFFSET,
      offsetof(ngx_http_shian_srv_conf_t, queue_max),
      &ngx_http_shian_queue_bounds },

    { ngx_string("shian_events_heartbeat"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_SRV_CONF_OFFSET,
      offsetof(ngx_http_shian_srv_conf_t, heartbeat),
      &ngx_http_shian_heartbeat_bounds },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_shian_module_ctx = {
    ngx_http_shian_add_variables,      /* preconfiguration */
    ngx_http_shian_init,               /* postconfiguration */

    ngx_http_shian_create_main_conf,   /* create main configuration */
    ngx_http_shian_init_main_conf,     /* init main configuration */

    ngx_http_shian_create_srv_conf,    /* create server configuration */
    ngx_http_shian_merge_srv_conf,     /* merge server configuration */

    ngx_http_shian_create_loc_conf,    /* create location configuration */
    ngx_http_shian_merge_loc_conf      /* merge location configuration */
};


ngx_module_t  ngx_http_shian_module = {
    NGX_MODULE_V1,
    &ngx_http_shian_module_ctx,        /* module context */
    ngx_http_shian_commands,           /* module directives */
    NGX_HTTP_MODULE,                   /* module type */
    NULL,                              /* init master */
    NULL,                              /* init module */
    ngx_http_shian_init_process,       /* init process */
    NULL,                              /* init thread */
    NULL,                              /* exit thread */
    ngx_http_shian_exit_process,       /* exit process */
    NULL,                              /* exit master */
    NGX_MODULE_V1_PADDING
};


/* For who looks at the file: shianctl doctor. */
const char  ngx_http_shian_mark[] = "shian module " SHIAN_VERSION;


static ngx_http_shian_counters_t   ngx_http_shian_no_counters;

ngx_http_shian_counters_t  *ngx_http_shian_counters =
                                &ngx_http_shian_no_counters;


/* ---- directives -----------------------------------------------------------*/

static char *
ngx_http_shian_enable(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_shian_loc_conf_t  *slcf = conf;

    ngx_http_core_loc_conf_t    *clcf;
    ngx_http_shian_main_conf_t  *smcf;

    static ngx_str_t  pool = ngx_string("shian");
    static ngx_str_t  files = ngx_string("shian_files");

    if (slcf->enable == 1) {
        return "is duplicate";
    }

    slcf->enable = 1;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->handler != NULL) {
        return "stands beside another directive that answers this location";
    }

    clcf->handler = ngx_http_shian_handler;

    /* Paths are ours to interpret: "/q//x" is not "/q/x". */
    smcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_shian_module);
    smcf->pool = ngx_thread_pool_add(cf, &pool);
    smcf->files = ngx_thread_pool_add(cf, &files);

    return smcf->pool == NULL || smcf->files == NULL ? NGX_CONF_ERROR
                                                     : NGX_CONF_OK;
}


static char *
ngx_http_shian_metrics(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->handler != NULL) {
        return "stands beside another directive that answers this location";
    }

    clcf->handler = ngx_http_shian_metrics_handler;

    return NGX_CONF_OK;
}


/*
 * The end of "https://host:port" at the start of a URL, NULL where it does
 * not begin so: this much goes into headers as it is.
 */
static u_char *
ngx_http_shian_origin(ngx_str_t *url)
{
    u_char  *p, *host, *end;

    end = url->data + url->len;
    host = url->data + (ngx_strncmp(url->data, "http://", 7) == 0 ? 7
                        : ngx_strncmp(url->data, "https://", 8) == 0 ? 8 : 0);

    for (p = host; p < end; p++) {
        if (!(*p >= '0' && *p <= '9') && !(*p >= 'a' && *p <= 'z')
            && !(*p >= 'A' && *p <= 'Z')
            && ngx_strlchr((u_char *) ".:-[]", (u_char *) ".:-[]" + 5, *p)
               == NULL)
        {
            break;
        }
    }

    return host == url->data || p == host ? NULL : p;
}


/* A host, and a port that there can be or none: of an origin as above. */
static ngx_uint_t
ngx_http_shian_has_port(ngx_str_t *url)
{
    u_char     *host, *p, *end;
    ngx_int_t   port;

    end = url->data + url->len;
    host = ngx_strnstr(url->data, "://", url->len) + 3;
    p = *host == '[' ? ngx_strlchr(host, end, ']') : NULL;

    if (*host == '[' && p++ == NULL) {
        return 0;
    }

    p = ngx_strlchr(p == NULL ? host : p, end, ':');
    p = p == NULL ? end : p;

    if (p == host || ngx_strlchr(host, p, *host == '[' ? ' ' : ']') != NULL) {
        return 0;
    }

    if (p == end) {
        return 1;
    }

    port = ngx_atoi(p + 1, (size_t) (end - p - 1));

    return port >= 1 && port <= 65535;
}


static char *
ngx_http_shian_base_url(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_shian_srv_conf_t  *sscf = conf;

    ngx_str_t  *value;

    if (sscf->base_url.data != NULL) {
        return "is duplicate";
    }

    value = cf->args->elts;
    sscf->base_url = value[1];

    while (sscf->base_url.len != 0
           && sscf->base_url.data[sscf->base_url.len - 1] == '/')
    {
        sscf->base_url.len--;
    }

    if (ngx_http_shian_origin(&sscf->base_url)
           != sscf->base_url.data + sscf->base_url.len
        || !ngx_http_shian_has_port(&sscf->base_url))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" is no base URL; write it as "
                           "https://fsc.example.gov.cn, without a path",
                           &value[1]);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_shian_tiles(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_shian_srv_conf_t  *sscf = conf;

    u_char     *path;
    ngx_str_t  *value;

    if (sscf->tiles.data != NULL) {
        return "is duplicate";
    }

    value = cf->args->elts;
    path = value[1].data[0] == '/' ? value[1].data
                                   : ngx_http_shian_origin(&value[1]);

    if (path == NULL || *path != '/' || ngx_strstr(path, "{z}") == NULL
        || ngx_strstr(path, "{x}") == NULL || ngx_strstr(path, "{y}") == NULL)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" is no address of tiles; write it as "
                           "\"https://tiles.example/{z}/{x}/{y}.png\", with "
                           "one host and in quotes", &value[1]);
        return NGX_CONF_ERROR;
    }

    sscf->tiles = value[1];

    return NGX_CONF_OK;
}


/* A word that is no variable would sign in everybody as that user. */
static char *
ngx_http_shian_sso(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t  *value;

    value = cf->args->elts;

    if (value[1].data[0] != '$') {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" is no variable that holds a login",
                           &value[1]);
        return NGX_CONF_ERROR;
    }

    return ngx_http_set_complex_value_slot(cf, cmd, conf);
}


/* A name in Chinese and, where it has another one, in English. */
static char *
ngx_http_shian_name(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t  *name = (ngx_str_t *) ((char *) conf + cmd->offset);

    ngx_str_t  *value;

    if (name[0].data != NULL) {
        return "is duplicate";
    }

    value = cf->args->elts;
    name[0] = value[1];
    name[1] = cf->args->nelts == 3 ? value[2] : value[1];

    return NGX_CONF_OK;
}


static char *
ngx_http_shian_grading(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_shian_srv_conf_t  *sscf = conf;

    ngx_int_t   n;
    ngx_str_t  *value, s;

    if (sscf->grading != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "on") == 0) {
        sscf->grading = 1;
    } else if (ngx_strcmp(value[1].data, "off") == 0) {
        sscf->grading = 0;
    } else {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" must be \"on\" or \"off\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    sscf->interval = 1000;

    if (cf->args->nelts == 3) {
        s.data = value[2].data + 9;
        s.len = value[2].len < 9 ? 0 : value[2].len - 9;
        n = ngx_parse_time(&s, 0);

        if (ngx_strncmp(value[2].data, "interval=", 9) != 0 || n < 1) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\"", &value[2]);
            return NGX_CONF_ERROR;
        }

        sscf->interval = (ngx_msec_t) n;
    }

    return NGX_CONF_OK;
}


/* ---- configuration --------------------------------------------------------*/

static void *
ngx_http_shian_create_main_conf(ngx_conf_t *cf)
{
    ngx_http_shian_main_conf_t  *smcf;

    smcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_shian_main_conf_t));

    if (smcf == NULL
        || ngx_array_init(&smcf->envs, cf->pool, 2,
                          sizeof(ngx_http_shian_env_t *)) != NGX_OK
        || ngx_array_init(&smcf->parts, cf->pool, 4,
                          sizeof(ngx_http_shian_part_t *)) != NGX_OK)
    {
        return NULL;
    }

    smcf->cycle = cf->cycle;
    smcf->documents = NGX_CONF_UNSET_PTR;

    return smcf;
}


/*
 * The configuration is whole and the workers' user is known: what stands on
 * disk is looked at, for -t, a start and a reload alike.  None of that is a
 * reason to take other sites down.
 */
static ngx_int_t
ngx_http_shian_look(ngx_http_shian_main_conf_t *smcf)
{
    ngx_uint_t              i;
    ngx_http_shian_env_t  **envs = smcf->envs.elts;

    for (i = 0; i < smcf->envs.nelts; i++) {
        if (envs[i]->batch_max == 0) {
            envs[i]->batch_max = SHIAN_BATCH_MAX;
        }

        ngx_http_shian_env_look(envs[i], smcf->cycle);
    }

    return ngx_http_shian_load_parts(smcf, smcf->cycle);
}


/*
 * Called when the new configuration is complete and before nginx listens, so
 * that nobody waits for what is looked at here.
 */
static ngx_int_t
ngx_http_shian_init_zone(ngx_shm_zone_t *zone, void *data)
{
    ngx_slab_pool_t             *shpool;
    ngx_http_shian_main_conf_t  *smcf = zone->data, *old = data;

    shpool = (ngx_slab_pool_t *) zone->shm.addr;
    smcf->counters = old != NULL ? old->counters
                     : ngx_slab_calloc(shpool,
                                       sizeof(ngx_http_shian_counters_t));

    return smcf->counters == NULL ? NGX_ERROR : ngx_http_shian_look(smcf);
}


static char *
ngx_http_shian_init_main_conf(ngx_conf_t *cf, void *conf)
{
    ngx_http_shian_main_conf_t  *smcf = conf;

    static ngx_str_t  name = ngx_string("shian_counters");

    ngx_conf_init_ptr_value(smcf->documents, NULL);

    if (smcf->pool == NULL) {
        return NGX_CONF_OK;
    }

    smcf->zone = ngx_shared_memory_add(cf, &name, 8 * ngx_pagesize,
                                       &ngx_http_shian_module);
    if (smcf->zone == NULL) {
        return NGX_CONF_ERROR;
    }

    smcf->zone->init = ngx_http_shian_init_zone;
    smcf->zone->data = smcf;

    return NGX_CONF_OK;
}


static void *
ngx_http_shian_create_srv_conf(ngx_conf_t *cf)
{
    ngx_http_shian_srv_conf_t  *sscf;

    sscf = ngx_pcalloc(cf->pool, sizeof(ngx_http_shian_srv_conf_t));
    if (sscf == NULL) {
        return NULL;
    }

    sscf->env = NGX_CONF_UNSET_PTR;
    sscf->keys_part = NGX_CONF_UNSET_PTR;
    sscf->html_part = NGX_CONF_UNSET_PTR;
    sscf->words_part = NGX_CONF_UNSET_PTR;
    sscf->grading = NGX_CONF_UNSET;
    sscf->interval = NGX_CONF_UNSET_MSEC;
    sscf->queue_max = NGX_CONF_UNSET_UINT;
    sscf->heartbeat = NGX_CONF_UNSET_MSEC;

    return sscf;
}


static char *
ngx_http_shian_merge_srv_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_shian_srv_conf_t  *prev = parent;
    ngx_http_shian_srv_conf_t  *conf = child;

    ngx_conf_merge_ptr_value(conf->env, prev->env, NULL);
    ngx_conf_merge_ptr_value(conf->keys_part, prev->keys_part, NULL);
    ngx_conf_merge_ptr_value(conf->html_part, prev->html_part, NULL);

    if (conf->env != NULL && conf->env->keys_part == NULL) {
        conf->env->keys_part = conf->keys_part;
    }

    ngx_conf_merge_ptr_value(conf->words_part, prev->words_part, NULL);
    ngx_conf_merge_str_value(conf->base_url, prev->base_url, "");
    ngx_conf_merge_str_value(conf->tiles, prev->tiles, "");
    ngx_conf_merge_value(conf->grading, prev->grading, 0);
    ngx_conf_merge_msec_value(conf->interval, prev->interval, 1000);
    ngx_conf_merge_str_value(conf->city[0], prev->city[0], "");
    ngx_conf_merge_str_value(conf->city[1], prev->city[1], "");
    ngx_conf_merge_str_value(conf->bureau[0], prev->bureau[0], "");
    ngx_conf_merge_str_value(conf->bureau[1], prev->bureau[1], "");
    ngx_conf_merge_uint_value(conf->queue_max, prev->queue_max, 4096);
    ngx_conf_merge_msec_value(conf->heartbeat, prev->heartbeat, 15000);

    if (conf->words_part == NULL) {
        conf->screen = ngx_http_shian_load_screen(cf);

        if (conf->screen == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    return ngx_http_shian_csp(cf, conf);
}


static void *
ngx_http_shian_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_shian_loc_conf_t  *slcf;

    slcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_shian_loc_conf_t));
    if (slcf == NULL) {
        return NULL;
    }

    slcf->enable = NGX_CONF_UNSET;
    slcf->sso = NGX_CONF_UNSET_PTR;

    return slcf;
}


/*
 * `return` answers before any handler is asked.  Under an `if` that is meant;
 * first in the location it leaves nothing to us.
 */
static ngx_uint_t
ngx_http_shian_returns(ngx_conf_t *cf)
{
    void         **conf;
    ngx_uint_t     i;
    ngx_array_t   *codes;

    for (i = 0; cf->cycle->modules[i] != NULL; i++) {
        if (ngx_strcmp(cf->cycle->modules[i]->name,
                       "ngx_http_rewrite_module") == 0)
        {
            /* Its configuration begins with the codes of the location. */
            conf = ((ngx_http_conf_ctx_t *) cf->ctx)->loc_conf;
            codes = *(ngx_array_t **)
                        conf[cf->cycle->modules[i]->ctx_index];

            return codes != NULL
                   && *(ngx_http_script_code_pt *) codes->elts
                      == ngx_http_script_return_code;
        }
    }

    return 0;
}


/* Is there a page at or below this address, as far as routes[] can tell? */
static ngx_uint_t
ngx_http_shian_leads_to(const char *pattern, ngx_str_t *name,
    ngx_uint_t exact)
{
    u_char  *p = name->data, *end = name->data + name->len;

    while (p < end && *pattern != '\0') {
        if (*pattern == '{') {
            if (pattern[1] == 'r') {
                return 1;                   /* {rest} */
            }

            while (p < end && *p != '/') {
                p++;
            }

            pattern = strchr(pattern, '}') + 1;
            continue;
        }

        if (*p++ != (u_char) *pattern++) {
            return 0;
        }
    }

    return p == end ? !exact || *pattern == '\0'
                    : *p == '.';            /* .json and the like */
}


static ngx_uint_t
ngx_http_shian_has_page(ngx_str_t *name, ngx_uint_t exact)
{
    ngx_uint_t  i;

    for (i = 0; i < ngx_http_shian_nroutes; i++) {
        if (ngx_http_shian_leads_to(ngx_http_shian_routes[i].pattern, name,
                                    exact))
        {
            return 1;
        }
    }

    return 0;
}


/* What would be fine for -t and answer nothing of ours at run time. */
static const char *
ngx_http_shian_misplaced(ngx_conf_t *cf, ngx_http_core_loc_conf_t *clcf)
{
    if (clcf->handler != ngx_http_shian_handler) {
        return "stands beside another directive that answers its requests; "
               "give that one a location of its own";
    }

    if (ngx_http_shian_returns(cf)) {
        return "stands behind a \"return\", which answers every request; "
               "give that one a location of its own";
    }

#if (NGX_PCRE)
    if (clcf->regex != NULL) {
        return NULL;
    }
#endif

    if (!clcf->named && clcf->name.len != 0 && clcf->name.data[0] == '/'
        && !ngx_http_shian_has_page(&clcf->name, clcf->exact_match))
    {
        return "answers whole host names, and has no page below this address; "
               "give the city a server of its own";
    }

    return NULL;
}


static char *
ngx_http_shian_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    const char                  *missing, *wrong;
    ngx_http_core_loc_conf_t    *clcf;
    ngx_http_shian_srv_conf_t   *sscf;
    ngx_http_shian_loc_conf_t   *prev = parent;
    ngx_http_shian_loc_conf_t   *conf = child;

    ngx_conf_merge_ptr_value(conf->sso, prev->sso, NULL);
    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (conf->enable != 1) {
        /* An `if` within the location is answered by it. */
        conf->enable = clcf->noname && prev->enable == 1;
        return NGX_CONF_OK;
    }

    sscf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_shian_module);

    missing = sscf->env == NULL ? "shian_store"
              : sscf->keys_part == NULL ? "shian_keys"
              : sscf->html_part == NULL ? "shian_html"
              : sscf->base_url.len == 0 ? "shian_base_url" : NULL;

    if (missing != NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"shian\" in location \"%V\" needs \"%s\" in its "
                           "server or http block", &clcf->name, missing);
        return NGX_CONF_ERROR;
    }

    wrong = ngx_http_shian_misplaced(cf, clcf);

    if (wrong != NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"shian\" in location \"%V\" %s", &clcf->name,
                           wrong);
        return NGX_CONF_ERROR;
    }

    if (sscf->env->queue_max < sscf->queue_max) {
        sscf->env->queue_max = sscf->queue_max;
    }

    if (sscf->grading) {
        sscf->env->grading = 1;
        sscf->env->interval = sscf->interval;
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_shian_init(ngx_conf_t *cf)
{
    if (sodium_init() < 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "libsodium found no source of randomness");
        return NGX_ERROR;
    }

    return ngx_http_shian_guard_init(cf) == NGX_OK
           ? ngx_http_shian_body_filter_init(cf) : NGX_ERROR;
}


/* ---- processes ------------------------------------------------------------*/

static ngx_http_shian_main_conf_t *
ngx_http_shian_cycle_conf(ngx_cycle_t *cycle)
{
    if (ngx_get_conf(cycle->conf_ctx, ngx_http_module) == NULL) {
        return NULL;
    }

    return ngx_http_cycle_get_module_main_conf(cycle, ngx_http_shian_module);
}


/* Never before fork, and not in the cache manager and loader. */
static ngx_int_t
ngx_http_shian_init_process(ngx_cycle_t *cycle)
{
    ngx_http_shian_main_conf_t  *smcf;

    if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE)
    {
        return NGX_OK;
    }

    smcf = ngx_http_shian_cycle_conf(cycle);

    if (smcf == NULL || smcf->pool == NULL) {
        return NGX_OK;
    }

    return ngx_http_shian_start(smcf, cycle);
}


static void
ngx_http_shian_exit_process(ngx_cycle_t *cycle)
{
    ngx_http_shian_main_conf_t  *smcf;

    smcf = ngx_http_shian_cycle_conf(cycle);

    if (smcf != NULL) {
        ngx_http_shian_stop(smcf);
    }
}
