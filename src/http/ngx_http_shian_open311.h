/*
 * What the reading and the filing of Open311 requests share.
 */

#ifndef NGX_HTTP_SHIAN_OPEN311_H
#define NGX_HTTP_SHIAN_OPEN311_H

#include "ngx_http_shian.h"

#include "domain/complaint.h"

/* The text `key` in the caller's language. */
char *ngx_http_shian_open311_text(ngx_http_shian_ctx_t *c, const char *key);

/* Answers with a view, as XML unless JSON was asked for; NULL: a 500. */
ngx_int_t ngx_http_shian_open311_reply(ngx_http_shian_ctx_t *c, void *view);

/*
 * One city answers here, so jurisdiction_id may be left out; is it another
 * city's, then the client has come to the wrong place and is told so.
 */
ngx_int_t ngx_http_shian_open311_elsewhere(ngx_http_shian_ctx_t *c);
ngx_int_t ngx_http_shian_open311_nowhere(ngx_http_shian_ctx_t *c);

/* 400 with the one thing that is wrong. */
ngx_int_t ngx_http_shian_open311_invalid(ngx_http_shian_ctx_t *c,
    const char *detail);

/* The category with this code, or NULL; and the 404 for that. */
const Shian__Category *ngx_http_shian_open311_service(
    ngx_http_shian_ctx_t *c, shian_str_t code);
ngx_int_t ngx_http_shian_open311_no_service(ngx_http_shian_ctx_t *c);

#endif /* NGX_HTTP_SHIAN_OPEN311_H */
