/*
 * Cursors: where a page of a list ended, as a text that only we can make.
 * base64url of the raw key and an 8-byte MAC over it and the list it is for.
 */

#include "ngx_http_shian.h"

#include <sodium.h>

#include "core/ids.h"

#define SHIAN_MAC      8
#define SHIAN_MAX_RAW  (SHIAN_ROWKEY_MAX + 1)


/* The query without the cursor and the language decides what is listed. */
static void
ngx_http_shian_cursor_mac(ngx_http_shian_ctx_t *c, shian_str_t raw,
    uint8_t mac[SHIAN_MAC])
{
    size_t                     i;
    const char                *path;
    uint64_t                   generation;
    shian_pair_t              *q;
    uint8_t                    full[32];
    crypto_generichash_state   h;
    const shian_key_t         *key;

    static const uint8_t  zero;

    generation = ngx_http_shian_generation(c);
    key = shian_key_issuing(c->conf->keys, SHIAN_KEY_TOKEN);
    crypto_generichash_init(&h, key == NULL ? NULL : key->key,
                            key == NULL ? 0 : SHIAN_KEY_SIZE, sizeof(full));

    path = c->route->pattern;
    crypto_generichash_update(&h, (const u_char *) path, strlen(path) + 1);
    crypto_generichash_update(&h, (const u_char *) &c->id, sizeof(c->id));
    crypto_generichash_update(&h, (const u_char *) &generation,
                              sizeof(generation));

    for (i = 0; i < c->nquery; i++) {
        q = &c->query[i];

        if (!shian_str_is(q->name, "cursor")
            && !shian_str_is(q->name, "lang")
            && !shian_str_is(q->name, "limit"))
        {
            crypto_generichash_update(&h, q->name.p, q->name.n);
            crypto_generichash_update(&h, &zero, 1);
            crypto_generichash_update(&h, q->value.p, q->value.n);
            crypto_generichash_update(&h, &zero, 1);
        }
    }

    crypto_generichash_update(&h, raw.p, raw.n);
    crypto_generichash_final(&h, full, sizeof(full));
    ngx_memcpy(mac, full, SHIAN_MAC);
}


size_t
ngx_http_shian_limit(ngx_http_shian_ctx_t *c)
{
    ngx_int_t    n;
    shian_str_t  s;

    s = ngx_http_shian_arg(c, "limit");

    if (s.n == 0) {
        return 20;
    }

    n = s.n > 3 ? NGX_ERROR : ngx_atoi((u_char *) s.p, s.n);

    if (n < 1 || n > 100) {
        shian_fail_field(&c->report, "limit", "range", "1 to 100");
        return 20;
    }

    return (size_t) n;
}


bool
ngx_http_shian_cursor(ngx_http_shian_ctx_t *c, shian_str_t *after)
{
    size_t       n;
    uint8_t     *raw, mac[SHIAN_MAC];
    shian_str_t  s;

    *after = SHIAN_NONE;
    s = ngx_http_shian_arg(c, "cursor");

    if (s.n == 0) {
        return true;
    }

    n = SHIAN_MAX_RAW + SHIAN_MAC;
    raw = shian_alloc(&c->arena, n);

    if (raw != NULL && s.n < 800 && shian_base64url_decode(raw, &n, s)
        && n > SHIAN_MAC)
    {
        n -= SHIAN_MAC;
        ngx_http_shian_cursor_mac(c, shian_slice(raw, n), mac);

        if (sodium_memcmp(mac, raw + n, SHIAN_MAC) == 0) {
            *after = shian_slice(raw, n);
            return true;
        }
    }

    return shian_fail(&c->report, 400, "malformed", "The cursor is not one "
                      "of this list's; begin at the first page.");
}


char *
ngx_http_shian_next(ngx_http_shian_ctx_t *c, shian_str_t next)
{
    char         *text, *link;
    size_t        i;
    uint8_t      *raw;
    shian_buf_t   b;

    if (next.n == 0) {
        return NULL;
    }

    raw = shian_alloc(&c->arena, next.n + SHIAN_MAC);
    text = shian_alloc(&c->arena,
                       SHIAN_BASE64URL_LEN(next.n + SHIAN_MAC) + 1);
    if (raw == NULL || text == NULL) {
        return NULL;
    }

    ngx_memcpy(raw, next.p, next.n);
    ngx_http_shian_cursor_mac(c, next, raw + next.n);
    text[shian_base64url(text, raw, next.n + SHIAN_MAC)] = '\0';

    shian_buf_init(&b, &c->arena);
    shian_puts(&b.sink, ngx_http_shian_str(c->request->uri));
    shian_putz(&b.sink, "?");

    for (i = 0; i < c->nquery; i++) {
        if (!shian_str_is(c->query[i].name, "cursor")
            && !shian_str_is(c->query[i].name, "lang"))
        {
            shian_percent_encode(&b.sink, c->query[i].name);
            shian_putc(&b.sink, '=');
            shian_percent_encode(&b.sink, c->query[i].value);
            shian_putc(&b.sink, '&');
        }
    }

    shian_putz(&b.sink, "cursor=");
    shian_putz(&b.sink, text);
    shian_putc(&b.sink, '\0');

    if (b.sink.failed) {
        return NULL;
    }

    link = shian_printf(&c->arena, "<%s>; rel=\"next\"", (char *) b.p);

    if (link == NULL
        || ngx_http_shian_set_header(c->request, "Link", link) != NGX_OK)
    {
        return NULL;
    }

    return (char *) b.p;
}
