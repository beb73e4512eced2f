/*
 * What holds for every answer and every line of a log, also where nginx
 * itself answers: headers that keep browsers strict, and no code or token
 * written down.
 */

#include "ngx_http_shian.h"


static ngx_http_output_header_filter_pt  ngx_http_shian_next_header_filter;


/* The map's tiles come from where the city says, and nothing else. */
char *
ngx_http_shian_csp(ngx_conf_t *cf, ngx_http_shian_srv_conf_t *sscf)
{
    u_char     *p, *end;
    ngx_str_t   origin;

    static const char  policy[] =
        "default-src 'none'; script-src 'self'; style-src 'self'; "
        "img-src 'self' data: %V; connect-src 'self'; font-src 'self'; "
        "manifest-src 'self'; worker-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'%Z";

    ngx_str_null(&origin);

    if (sscf->tiles.len != 0) {
        end = sscf->tiles.data + sscf->tiles.len;
        p = ngx_strnstr(sscf->tiles.data, "://", sscf->tiles.len);
        p = p == NULL ? NULL : ngx_strlchr(p + 3, end, '/');

        if (p != NULL) {
            origin.data = sscf->tiles.data;
            origin.len = (size_t) (p - origin.data);
        }
    }

    sscf->csp = ngx_pnalloc(cf->pool, sizeof(policy) + origin.len);

    if (sscf->csp == NULL) {
        return NGX_CONF_ERROR;
    }

    (void) ngx_sprintf(sscf->csp, policy, &origin);

    return NGX_CONF_OK;
}


static ngx_uint_t
ngx_http_shian_has_header(ngx_http_request_t *r, const char *name)
{
    size_t            n;
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    n = ngx_strlen(name);

    for (part = &r->headers_out.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {
            if (h[i].hash != 0 && h[i].key.len == n
                && ngx_strncasecmp(h[i].key.data, (u_char *) name, n) == 0)
            {
                return 1;
            }
        }
    }

    return 0;
}


/* A handler that has stricter words has said them already. */
static ngx_int_t
ngx_http_shian_header_filter(ngx_http_request_t *r)
{
    ngx_uint_t                  i;
    ngx_http_shian_loc_conf_t  *slcf;
    ngx_http_shian_srv_conf_t  *sscf;

    sscf = ngx_http_get_module_srv_conf(r, ngx_http_shian_module);
    slcf = ngx_http_get_module_loc_conf(r, ngx_http_shian_module);

    if (r == r->main && sscf->env != NULL
        && (slcf->enable || r->headers_out.status >= NGX_HTTP_BAD_REQUEST))
    {
        const char *const  safe[][2] = {
            { "X-Content-Type-Options", "nosniff" },
            { "Referrer-Policy", "same-origin" },
            { "Content-Security-Policy", (char *) sscf->csp },
        };

        for (i = 0; i < SHIAN_COUNT(safe); i++) {
            if (!ngx_http_shian_has_header(r, safe[i][0])
                && ngx_http_shian_set_header(r, safe[i][0], safe[i][1])
                   != NGX_OK)
            {
                return NGX_ERROR;
            }
        }
    }

    return ngx_http_shian_next_header_filter(r);
}


/* As nginx writes it, but for the request line and the referrer. */
static u_char *
ngx_http_shian_log_error(ngx_http_request_t *r, ngx_http_request_t *sr,
    u_char *buf, size_t len)
{
    u_char                    *p, *last;
    ngx_http_core_srv_conf_t  *cscf;

    last = buf + len;
    cscf = ngx_http_get_module_srv_conf(r, ngx_http_core_module);

    p = ngx_slprintf(buf, last, ", server: %V, request: \"",
                     &cscf->server_name);
    p = ngx_http_shian_request_line(r, p, last);
    p = ngx_slprintf(p, last, "\"");

    if (r->headers_in.host != NULL) {
        p = ngx_slprintf(p, last, ", host: \"%V\"",
                         &r->headers_in.host->value);
    }

    return p;
}


static ngx_int_t
ngx_http_shian_post_read(ngx_http_request_t *r)
{
    ngx_http_shian_srv_conf_t  *sscf;

    sscf = ngx_http_get_module_srv_conf(r, ngx_http_shian_module);

    if (sscf->env != NULL) {
        r->log_handler = ngx_http_shian_log_error;
    }

    return NGX_DECLINED;
}


ngx_int_t
ngx_http_shian_guard_init(ngx_conf_t *cf)
{
    ngx_http_handler_pt        *h;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_POST_READ_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_http_shian_post_read;

    ngx_http_shian_next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_http_shian_header_filter;

    return NGX_OK;
}
