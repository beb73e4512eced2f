/*
 * Variables for logs, limits and maps.
 */

#include "ngx_http_shian.h"


typedef enum {
    SHIAN_VAR_VENUE = 0,
    SHIAN_VAR_COLOUR,
    SHIAN_VAR_ROLE,
    SHIAN_VAR_USER,
    SHIAN_VAR_OP,
    SHIAN_VAR_SEQ
} ngx_http_shian_var_t;


static ngx_int_t
ngx_http_shian_variable(ngx_http_request_t *r, ngx_http_variable_value_t *v,
    uintptr_t data)
{
    char                  *s;
    shian_str_t            text;
    const Shian__Actor    *actor;
    ngx_http_shian_ctx_t  *c;

    c = ngx_http_get_module_ctx(r->main, ngx_http_shian_module);
    v->not_found = 1;

    if (c == NULL) {
        return NGX_OK;
    }

    actor = &c->caller.actor;
    s = NULL;

    switch (data) {

    case SHIAN_VAR_VENUE:
        s = c->venue == 0 ? NULL
            : shian_printf(&c->arena, "%llu", (unsigned long long) c->venue);
        break;

    case SHIAN_VAR_COLOUR:
        s = (char *) c->colour;
        break;

    case SHIAN_VAR_ROLE:
        s = (char *) protobuf_c_enum_descriptor_get_value(
                &shian__role__kind__descriptor, (int) actor->role)->name;
        break;

    case SHIAN_VAR_USER:
        s = actor->user == 0 ? NULL
            : shian_printf(&c->arena, "%llu",
                           (unsigned long long) actor->user);
        break;

    case SHIAN_VAR_OP:
        s = (char *) c->op;
        break;

    case SHIAN_VAR_SEQ:
        s = c->seq == 0 ? NULL
            : shian_printf(&c->arena, "%llu", (unsigned long long) c->seq);
        break;
    }

    if (s == NULL) {
        return NGX_OK;
    }

    text = shian_str(s);
    v->data = (u_char *) text.p;
    v->len = (unsigned) text.n;
    v->valid = 1;
    v->no_cacheable = 1;
    v->not_found = 0;

    return NGX_OK;
}


/*
 * Would this part of a path open something if it were typed elsewhere?  A
 * token, or as many letters and digits as the shortest code has.
 */
static ngx_uint_t
ngx_http_shian_opens(u_char *p, u_char *end)
{
    u_char      c;
    ngx_uint_t  digits, n;

    if (end - p > 3 && ngx_strncasecmp(p, (u_char *) "v4.", 3) == 0) {
        return 1;
    }

    for (digits = 0, n = 0; p < end; p++) {
        c = (u_char) (*p | 0x20);

        if (*p >= '0' && *p <= '9') {
            digits++;
            n++;

        } else if (c >= 'a' && c <= 'z') {
            n++;

        } else if (*p != '-') {
            break;
        }
    }

    return n >= SHIAN_CODE_LEN && digits != 0;
}


/* Where a code or a token begins in the path, or its end. */
static u_char *
ngx_http_shian_secret(u_char *p, u_char *end)
{
    u_char      *part, *last, *at, *first;
    ngx_uint_t   i;

    static const ngx_str_t  before[] = {
        ngx_string("/q/"), ngx_string("/s/"), ngx_string("/t/"),
        ngx_string("/p/"), ngx_string("/c/"), ngx_string("/track/"),
        ngx_string("/open311/v2/tokens/")
    };

    first = end;

    for (i = 0; i < SHIAN_COUNT(before); i++) {
        /* nginx counts back from the end: there has to be as much. */
        at = (size_t) (end - p) < before[i].len ? NULL
             : ngx_strlcasestrn(p, end, before[i].data, before[i].len - 1);

        if (at != NULL && at + before[i].len < first) {
            first = at + before[i].len;
        }
    }

    for (part = p; part < first; part = last + 1) {
        last = ngx_strlchr(part, end, '/');
        last = last == NULL ? end : last;

        /* The hash of a photo is its name, and opens nothing by itself. */
        if (ngx_http_shian_opens(part, last)
            && !(part - p >= 8 && ngx_strncmp(part - 8, "/photos/", 8) == 0))
        {
            return part;
        }
    }

    return first;
}


/* "%71" is a "q" too: an escaped path is looked at as nginx decoded it. */
u_char *
ngx_http_shian_request_line(ngx_http_request_t *r, u_char *p, u_char *last)
{
    u_char  *start, *end, *secret;

    start = r->unparsed_uri.data;
    end = start + r->unparsed_uri.len;
    secret = ngx_strlchr(start, end, '?');
    end = secret == NULL ? end : secret;

    if (ngx_strlchr(start, end, '%') != NULL) {
        start = r->uri.data;
        end = start + r->uri.len;
    }

    secret = ngx_http_shian_secret(start, end);
    p = ngx_slprintf(p, last, "%V ", &r->method_name);

    for ( /* void */ ; start < secret && p < last; start++) {
        *p++ = *start < ' ' || *start == 0x7f ? '?' : *start;
    }

    return ngx_slprintf(p, last, "%s %V", secret != end ? "-" : "",
                        &r->http_protocol);
}


static ngx_int_t
ngx_http_shian_request_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    size_t  n;

    /* A decoded path is never longer than it came. */
    n = r->method_name.len + r->unparsed_uri.len + r->http_protocol.len + 3;
    v->data = ngx_pnalloc(r->pool, n);

    if (v->data == NULL) {
        return NGX_ERROR;
    }

    v->len = (unsigned) (ngx_http_shian_request_line(r, v->data, v->data + n)
                         - v->data);
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}


static ngx_http_variable_t  ngx_http_shian_variables[] = {

    { ngx_string("shian_venue"), NULL, ngx_http_shian_variable,
      SHIAN_VAR_VENUE, NGX_HTTP_VAR_NOCACHEABLE, 0 },
    { ngx_string("shian_colour"), NULL, ngx_http_shian_variable,
      SHIAN_VAR_COLOUR, NGX_HTTP_VAR_NOCACHEABLE, 0 },
    { ngx_string("shian_role"), NULL, ngx_http_shian_variable,
      SHIAN_VAR_ROLE, NGX_HTTP_VAR_NOCACHEABLE, 0 },
    { ngx_string("shian_user"), NULL, ngx_http_shian_variable,
      SHIAN_VAR_USER, NGX_HTTP_VAR_NOCACHEABLE, 0 },
    { ngx_string("shian_op"), NULL, ngx_http_shian_variable,
      SHIAN_VAR_OP, NGX_HTTP_VAR_NOCACHEABLE, 0 },
    { ngx_string("shian_seq"), NULL, ngx_http_shian_variable,
      SHIAN_VAR_SEQ, NGX_HTTP_VAR_NOCACHEABLE, 0 },
    { ngx_string("shian_request"), NULL, ngx_http_shian_request_variable,
      0, 0, 0 },

      ngx_http_null_variable
};


ngx_int_t
ngx_http_shian_add_variables(ngx_conf_t *cf)
{
    ngx_http_variable_t  *var, *v;

    for (v = ngx_http_shian_variables; v->name.len; v++) {
        var = ngx_http_add_variable(cf, &v->name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    return NGX_OK;
}
