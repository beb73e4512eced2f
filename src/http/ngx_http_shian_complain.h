/*
 * What the filing of a complaint and the following of it share.
 */

#ifndef NGX_HTTP_SHIAN_COMPLAIN_H
#define NGX_HTTP_SHIAN_COMPLAIN_H

#include "ngx_http_shian.h"

#include "core/token.h"
#include "domain/view_track.h"

/* The path of the private link to complaint `id`, or NULL. */
char *ngx_http_shian_track_path(ngx_http_shian_ctx_t *c, uint64_t id);

/* The filing that a private link's code names, or 0.  Handler only. */
uint64_t ngx_http_shian_filing_of(ngx_http_shian_ctx_t *c, shian_str_t code);

#endif /* NGX_HTTP_SHIAN_COMPLAIN_H */
