/*
 * What the files of the complaint board share.
 */

#ifndef NGX_HTTP_SHIAN_BOARD_H
#define NGX_HTTP_SHIAN_BOARD_H

#include "ngx_http_shian.h"

#include "domain/view_board.h"

#define SHIAN_BOARD_CHOICES  80

/* The caller's board without any filter, as of now. */
void ngx_http_shian_board_init(ngx_http_shian_ctx_t *c, shian_board_t *b);

/*
 * Choices for a select: names of an enum's values (or those given), with the
 * one chosen that the query has.  False without memory.
 */
bool ngx_http_shian_board_choices(ngx_http_shian_ctx_t *c,
    const shian_str_t *values, size_t n, const char *field,
    Shian__Choice ***out, size_t *nout);
bool ngx_http_shian_board_enum(ngx_http_shian_ctx_t *c,
    const ProtobufCEnumDescriptor *desc, const char *field,
    Shian__Choice ***out, size_t *nout);

/* The number that the query's field names; 0 and a wrong field otherwise. */
int ngx_http_shian_board_value(ngx_http_shian_ctx_t *c,
    const ProtobufCEnumDescriptor *desc, const char *field);

/* What was typed and what is wrong with it; NULL without memory. */
Shian__BoardForm *ngx_http_shian_board_form(ngx_http_shian_ctx_t *c);

/* Answers a refused post with show(c), which finds a BoardForm in c->data. */
ngx_int_t ngx_http_shian_board_again(ngx_http_shian_ctx_t *c,
    ngx_int_t (*show)(ngx_http_shian_ctx_t *c));

/*
 * The list that the address of a record filters by, with the record marked;
 * NULL for store trouble.
 */
Shian__ComplaintList *ngx_http_shian_board_beside(ngx_http_shian_ctx_t *c,
    uint64_t chosen);

/* The address of the same list as CSV; NULL without memory. */
char *ngx_http_shian_board_csv(ngx_http_shian_ctx_t *c, const char *path);

#endif /* NGX_HTTP_SHIAN_BOARD_H */
