/*
 * Plaques: the scan itself, QR symbols, the card for the wall, the badge.
 */

#include "ngx_http_shian.h"

#include <sodium.h>

#include "core/code.h"
#include "core/qr.h"

#define SHIAN_DEVICE_SECONDS  (2 * 86400)


bool
ngx_http_shian_has_device(ngx_http_shian_ctx_t *c,
    uint8_t device[SHIAN_ID_SIZE])
{
    size_t       n;
    shian_str_t  cookie;

    cookie = ngx_http_shian_cookie(c->request, "device");
    n = SHIAN_ID_SIZE;

    return cookie.n != 0 && shian_base64url_decode(device, &n, cookie)
           && n == SHIAN_ID_SIZE;
}


/*
 * A new one is random; but who keeps no cookies and sends the same form once
 * more, from the same address, is the same.  The key keeps the address from
 * being guessed from the log.
 */
static void
ngx_http_shian_new_device(ngx_http_shian_ctx_t *c,
    uint8_t device[SHIAN_ID_SIZE])
{
    ngx_str_t                 *from;
    shian_str_t                sent;
    const shian_key_t         *key;
    crypto_generichash_state   h;

    static const char  use[] = "shian device";

    sent = ngx_http_shian_idempotency_key(c);
    key = shian_key_issuing(c->conf->keys, SHIAN_KEY_TOKEN);

    if (sent.n == 0 || key == NULL) {
        shian_random(device, SHIAN_ID_SIZE);
        return;
    }

    from = &c->request->connection->addr_text;
    crypto_generichash_init(&h, key->key, SHIAN_KEY_SIZE, SHIAN_ID_SIZE);
    crypto_generichash_update(&h, (const u_char *) use, sizeof(use));
    crypto_generichash_update(&h, from->data, from->len);
    crypto_generichash_update(&h, (const u_char *) "\n", 1);
    crypto_generichash_update(&h, sent.p, sent.n);
    crypto_generichash_final(&h, device, SHIAN_ID_SIZE);
}


/* The device's cookie goes on; without a good one a new one begins. */
ngx_int_t
ngx_http_shian_device(ngx_http_shian_ctx_t *c, uint8_t device[SHIAN_ID_SIZE])
{
    char    text[SHIAN_BASE64URL_LEN(SHIAN_ID_SIZE)];
    size_t  n;

    if (ngx_http_shian_has_device(c, device)) {
        return NGX_OK;
    }

    ngx_http_shian_new_device(c, device);
    n = shian_base64url(text, device, SHIAN_ID_SIZE);

    return ngx_http_shian_set_cookie(c, "device", shian_slice(text, n), "/",
                                     SHIAN_DEVICE_SECONDS);
}


static ngx_int_t
ngx_http_shian_linkset(ngx_http_shian_ctx_t *c, uint64_t venue)
{
    char         *s;
    const char   *base;

    base = shian_strdup(&c->arena, ngx_http_shian_str(c->conf->base_url));
    s = shian_printf(&c->arena,
        "{\"linkset\":[{\"anchor\":\"%s/q/%.*s\","
        "\"https://gs1.org/voc/defaultLink\":[{\"href\":\"%s/v/%llu\","
        "\"title\":\"shian\",\"hreflang\":[\"zh\",\"en\"]}],"
        "\"https://gs1.org/voc/certificationInfo\":[{\"href\":"
        "\"%s/v/%llu/grades\",\"title\":\"grades\"}]}]}",
        base, SHIAN_FMT(c->word), base, (unsigned long long) venue, base,
        (unsigned long long) venue);

    if (s == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_shian_send(c, NGX_HTTP_OK, "application/linkset+json",
                               shian_str(s));
}


/* Whoever inspects it comes to do so: the check-in has a link to the rest. */
static bool
ngx_http_shian_inspects(ngx_http_shian_ctx_t *c, uint64_t venue)
{
    Shian__Venue  *v;

    if (c->caller.actor.role != SHIAN__ROLE__KIND__inspector
        && c->caller.actor.role != SHIAN__ROLE__KIND__officer)
    {
        return false;
    }

    v = shian_venue_get(&c->txn, venue);

    return v != NULL && shian_in_reach(c->caller.actor.role, c->caller.user,
                                       0, v);
}


static ngx_int_t
ngx_http_shian_scanned(ngx_http_shian_ctx_t *c, const Shian__Plaque *p)
{
    char               path[48], cookie[SHIAN_SCAN_LEN + 1];
    shian_scan_mark_t  scan;

    scan.plaque = p->id;
    scan.at_ms = c->now_ms;
    shian_random(scan.random, sizeof(scan.random));
    *ngx_snprintf((u_char *) path, sizeof(path) - 1, "/v/%uL", p->venue)
        = '\0';

    if (ngx_http_shian_device(c, scan.device) != NGX_OK
        || !shian_scan_make(c->conf->keys, ngx_http_shian_generation(c), &scan,
                            cookie)
        || ngx_http_shian_set_cookie(c, "scan",
                                     shian_slice(cookie, SHIAN_SCAN_LEN),
                                     path, SHIAN_SCAN_SECONDS) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_shian_redirect(c, NGX_HTTP_TEMPORARY_REDIRECT,
               ngx_http_shian_inspects(c, p->venue)
               ? shian_printf(&c->arena, "/patrol%s", path)
               : shian_strdup(&c->arena, shian_str(path)));
}


ngx_int_t
ngx_http_shian_scan(ngx_http_shian_ctx_t *c)
{
    uint32_t        key_no;
    uint64_t        id;
    shian_str_t     accept, type;
    Shian__Plaque  *p;

    if (!shian_code_read(c->conf->keys, c->word, &id, &key_no)) {
        return ngx_http_shian_refuse(c, 404, "counterfeit",
                                     "No such plaque was ever issued.");
    }

    p = shian_plaque_get(&c->txn, id);

    /* Ours, but of a store that knew more: never called counterfeit. */
    if (p == NULL || p->key_no != key_no) {
        return ngx_http_shian_refuse(c, 404, "plaque_unknown",
                                     "This plaque is no longer in the "
                                     "register.");
    }

    c->venue = p->venue;

    if (p->has_withdrawn_at) {
        return ngx_http_shian_refuse(c, 410, "withdrawn",
                                     "This plaque was withdrawn.");
    }

    accept = ngx_http_shian_header(c->request, "accept");
    type = ngx_http_shian_arg(c, "linkType");

    if (type.n != 0
        || (accept.n != 0
            && ngx_strlcasestrn((u_char *) accept.p,
                                (u_char *) accept.p + accept.n,
                                (u_char *) "application/linkset+json", 23)
               != NULL))
    {
        if (type.n == 0 || shian_str_is(type, "linkset")
            || shian_str_is(type, "all"))
        {
            return ngx_http_shian_linkset(c, p->venue);
        }
    }

    return ngx_http_shian_scanned(c, p);
}


/* ---- the card and its symbol ----------------------------------------------*/

/* The venue of the path, if the caller may have its plaque. */
static Shian__Venue *
ngx_http_shian_plaque_venue(ngx_http_shian_ctx_t *c)
{
    Shian__Venue  *v;

    v = shian_venue_get(&c->txn, c->id);

    if (v == NULL) {
        (void) shian_fail(&c->report, 404, "not_found",
                          "There is no such venue.");
        return NULL;
    }

    if (!shian_in_reach(c->caller.actor.role, c->caller.user,
                        c->caller.actor.venue, v))
    {
        (void) shian_fail(&c->report, 403, "forbidden",
                          "This venue is not yours to print for.");
        return NULL;
    }

    return v;
}


static bool
ngx_http_shian_code(ngx_http_shian_ctx_t *c, uint64_t venue,
    char code[SHIAN_CODE_LEN + 1])
{
    Shian__Tally   *tally;
    Shian__Plaque  *p;

    tally = shian_tally_get(&c->txn, venue);
    p = tally == NULL || !tally->has_plaque
        ? NULL : shian_plaque_get(&c->txn, tally->plaque);

    if (p == NULL
        || !shian_code_make(c->conf->keys, p->key_no, p->id, code))
    {
        return shian_fail(&c->report, 404, "not_found",
                          "No plaque has been issued for this venue.");
    }

    return true;
}


/* In upper case, so that the symbol is of the alphanumeric kind. */
static char *
ngx_http_shian_plaque_url(ngx_http_shian_ctx_t *c, const char *code)
{
    char  *s, *p;

    s = shian_printf(&c->arena, "%.*s/Q/%s", (int) c->conf->base_url.len,
                     c->conf->base_url.data, code);

    for (p = s; p != NULL && *p != '\0'; p++) {
        *p = (char) ngx_toupper(*p);
    }

    return s;
}


static ngx_int_t
ngx_http_shian_symbol(ngx_http_shian_ctx_t *c, bool png)
{
    bool         ok;
    char         code[SHIAN_CODE_LEN + 1], *url;
    shian_buf_t  out;

    if (ngx_http_shian_plaque_venue(c) == NULL
        || !ngx_http_shian_code(c, c->id, code))
    {
        return ngx_http_shian_fail(c);
    }

    url = ngx_http_shian_plaque_url(c, code);
    shian_buf_init(&out, &c->arena);
    ok = url != NULL
         && (png ? shian_qr_png(&out.sink, url, 12)
                 : shian_qr_svg(&out.sink, url, SHIAN_QR_QUIET));

    if (!ok
        || ngx_http_shian_set_header(c->request, "Cache-Control",
                                     "no-store") != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_shian_send(c, NGX_HTTP_OK,
                               png ? "image/png" : "image/svg+xml",
                               shian_buf_str(&out));
}


ngx_int_t
ngx_http_shian_qr_svg(ngx_http_shian_ctx_t *c)
{
    return ngx_http_shian_symbol(c, false);
}


ngx_int_t
ngx_http_shian_qr_png(ngx_http_shian_ctx_t *c)
{
    return ngx_http_shian_symbol(c, true);
}


ngx_int_t
ngx_http_shian_plaque(ngx_http_shian_ctx_t *c)
{
    char                 code[SHIAN_CODE_LEN + 1];
    char                 group[SHIAN_CODE_GROUP_LEN + 1];
    shian_buf_t          svg;
    Shian__Venue        *v;
    Shian__PlaqueCard   *card;
    Shian__PlaqueSheet  *sheet;

    v = ngx_http_shian_plaque_venue(c);

    if (v == NULL || !ngx_http_shian_code(c, c->id, code)) {
        return ngx_http_shian_fail(c);
    }

    card = shian_alloc(&c->arena, sizeof(*card));
    sheet = shian_alloc(&c->arena, sizeof(*sheet));

    if (card == NULL || sheet == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    shian_code_group(code, group);
    shian__plaque_card__init(card);
    card->has_venue = 1;
    card->venue = v->id;
    card->venue_name = v->name;
    card->venue_name_en = v->name_en;
    card->code = shian_strdup(&c->arena, shian_str(code));
    card->code_grouped = shian_strdup(&c->arena, shian_str(group));
    card->url = ngx_http_shian_plaque_url(c, code);

    if (c->conf->city[0].len != 0) {
        card->city = shian_strdup(&c->arena,
                                  ngx_http_shian_str(c->conf->city[0]));
        card->city_en = shian_strdup(&c->arena,
                                     ngx_http_shian_str(c->conf->city[1]));
    }

    if (c->conf->bureau[0].len != 0) {
        card->bureau = shian_strdup(&c->arena,
                           ngx_http_shian_str(c->conf->bureau[0]));
        card->bureau_en = shian_strdup(&c->arena,
                              ngx_http_shian_str(c->conf->bureau[1]));
    }

    shian_buf_init(&svg, &c->arena);
    if (card->url == NULL
        || !shian_qr_svg(&svg.sink, card->url, SHIAN_QR_QUIET))
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    shian_putc(&svg.sink, '\0');
    card->qr_svg = (char *) svg.p;

    shian__plaque_sheet__init(sheet);
    sheet->items = shian_array(&c->arena, 1, sizeof(*sheet->items));
    if (sheet->items == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    sheet->items[0] = card;
    sheet->n_items = 1;
    sheet->has_single = 1;
    sheet->single = 1;

    c->no_store = 1;
    c->view = &sheet->base;

    return ngx_http_shian_reply(c);
}


static ngx_int_t
ngx_http_shian_plaque_issued(ngx_http_shian_ctx_t *c)
{
    return ngx_http_shian_redirect(c, NGX_HTTP_SEE_OTHER,
               shian_printf(&c->arena, "/v/%llu/plaque",
                            (unsigned long long) c->id));
}


ngx_int_t
ngx_http_shian_plaque_post(ngx_http_shian_ctx_t *c)
{
    uint8_t             random[5];
    const shian_key_t  *key;
    Shian__Operation    op;
    Shian__PlaqueIssue  issue = SHIAN__PLAQUE_ISSUE__INIT;

    key = shian_key_issuing(c->conf->keys, SHIAN_KEY_PLAQUE);
    shian_random(random, sizeof(random));

    issue.has_venue = issue.has_plaque = issue.has_key_no = 1;
    issue.venue = c->id;
    issue.plaque = shian_be(random, sizeof(random)) | 1;
    issue.key_no = key == NULL ? 0 : key->no;

    ngx_http_shian_operation(c, &op);
    op.body_case = SHIAN__OPERATION__BODY_PLAQUE_ISSUE;
    op.plaque_issue = &issue;

    return ngx_http_shian_submit(c, &op, ngx_http_shian_plaque_issued);
}


/*
 * For other people's pages: the one thing that may be framed, cached for a
 * minute and shown anywhere.
 */
ngx_int_t
ngx_http_shian_badge(ngx_http_shian_ctx_t *c)
{
    char                 *s;
    Shian__Venue         *v;
    Shian__Tally         *tally;
    const char           *word, *fill, *text, *key;
    Shian__Colour__Kind   colour;

    static const char *const  fills[] = {
        "#6b7280", "#0f7a3d", "#f5c518", "#b91c1c", "#6b7280"
    };

    v = shian_venue_get(&c->txn, c->id);
    tally = v == NULL ? NULL : shian_tally_get(&c->txn, c->id);

    if (tally == NULL) {
        return ngx_http_shian_refuse(c, 404, "not_found",
                                     "There is no such venue.");
    }

    colour = tally->grade == NULL ? SHIAN__COLOUR__KIND__ungraded
                                  : tally->grade->colour;
    fill = fills[colour];
    text = colour == SHIAN__COLOUR__KIND__yellow ? "#1a1a1a" : "#ffffff";
    key = shian_printf(&c->arena, "colour.%s",
              protobuf_c_enum_descriptor_get_value(
                  &shian__colour__kind__descriptor, (int) colour)->name);
    word = shian_lang_text(c->conf->templates, c->lang, key);

    s = shian_printf(&c->arena,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"180\" "
        "height=\"28\" role=\"img\" aria-label=\"%s %s\">"
        "<rect width=\"90\" height=\"28\" fill=\"#1f2937\"/>"
        "<rect x=\"90\" width=\"90\" height=\"28\" fill=\"%s\"/>"
        "<g font-family=\"system-ui,sans-serif\" font-size=\"14\" "
        "text-anchor=\"middle\"><text x=\"45\" y=\"19\" fill=\"#fff\">%s"
        "</text><text x=\"135\" y=\"19\" fill=\"%s\">%s</text></g></svg>",
        shian_lang_text(c->conf->templates, c->lang,
                        SHIAN_TEXT("site.name")), word, fill,
        shian_lang_text(c->conf->templates, c->lang,
                        SHIAN_TEXT("site.name")), text, word);

    if (s == NULL
        || ngx_http_shian_set_header(c->request, "X-Content-Type-Options",
                                     "nosniff") != NGX_OK
        || ngx_http_shian_set_header(c->request, "Content-Security-Policy",
                                     "default-src 'none'; sandbox")
           != NGX_OK
        || ngx_http_shian_set_header(c->request,
                                     "Cross-Origin-Resource-Policy",
                                     "cross-origin") != NGX_OK
        || ngx_http_shian_set_header(c->request, "Cache-Control",
                                     "public, max-age=60") != NGX_OK
        || ngx_http_shian_set_header(c->request, "Vary",
                                     "Accept-Language, Cookie") != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_shian_send(c, NGX_HTTP_OK, "image/svg+xml",
                               shian_str(s));
}


ngx_int_t
ngx_http_shian_gs1resolver(ngx_http_shian_ctx_t *c)
{
    char  *s;

    s = shian_printf(&c->arena,
        "{\"name\":\"shian\",\"resolverRoot\":\"%.*s\","
        "\"supportedPrimaryKeys\":[\"all\"],"
        "\"supportedLinkType\":[{\"namespace\":\"https://gs1.org/voc/\","
        "\"prefix\":\"gs1:\"}]}",
        (int) c->conf->base_url.len, c->conf->base_url.data);

    if (s == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_shian_send(c, NGX_HTTP_OK, "application/json",
                               shian_str(s));
}
