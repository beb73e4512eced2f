/*
 * Where nginx's stable and mainline headers differ.
 */

#ifndef NGX_HTTP_SHIAN_COMPAT_H
#define NGX_HTTP_SHIAN_COMPAT_H

#include <ngx_http.h>

/*
 * 1.23.0 made multi-line headers linked lists.  1.29.6 gave cookies a parser
 * of their own: what parsed all such headers knows commas only since then.
 */
#if (nginx_version >= 1029006)

#define ngx_http_shian_find_cookie(r, name, value)                           \
    (ngx_http_parse_cookie_lines(r, (r)->headers_in.cookie, name, value)     \
     != NULL)

#elif (nginx_version >= 1023000)

#define ngx_http_shian_find_cookie(r, name, value)                           \
    (ngx_http_parse_multi_header_lines(r, (r)->headers_in.cookie, name,      \
                                       value) != NULL)

#else

#define ngx_http_shian_find_cookie(r, name, value)                           \
    (ngx_http_parse_multi_header_lines(&(r)->headers_in.cookies, name,       \
                                       value) != NGX_DECLINED)

#endif


#if (nginx_version >= 1023000)
#define ngx_http_shian_header_ends(h)  (h)->next = NULL
#else
#define ngx_http_shian_header_ends(h)
#endif

#endif /* NGX_HTTP_SHIAN_COMPAT_H */
