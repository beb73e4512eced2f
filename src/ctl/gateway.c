#include "gateway.h"

#include <curl/curl.h>
#include <errno.h>
#include <sodium.h>
#include <sys/stat.h>

#include "domain/event.h"
#include "render/check.h"
#include "render/escape.h"
#include "render/json.h"
#include "render/lang.h"

#define JSON_TYPE  "application/json"
#define DAY_MS     INT64_C(86400000)

/* The sentence of robots and text messages where the city set none. */
static const char *const  sentences[SHIAN_LANGS] = {
    "【食安】{{#urgent}}急:{{/urgent}}{{{type.lang.event}}}"
    "{{#venue_name}}:{{{venue_name}}}{{/venue_name}}"
    "{{#district}}({{{district}}}){{/district}}"
    "{{#href}} {{{href}}}{{/href}}",

    "[food safety] {{#urgent}}urgent: {{/urgent}}{{{type.lang.event}}}"
    "{{#venue_name}}: {{{venue_name}}}{{/venue_name}}"
    "{{#district}} ({{{district}}}){{/district}}"
    "{{#href}} {{{href}}}{{/href}}"
};


/* ---- files --------------------------------------------------------------- */


/* A document that not everybody may read: URLs and secrets are in it. */
static shian_str_t
read_private(shian_ctl_t *c, const char *path)
{
    struct stat  st;

    shian_ctl_as_user(c);

    if (stat(path, &st) == 0 && (st.st_mode & S_IRWXO) != 0) {
        (void) shian_ctl_fail(c, "%s: everybody may read it; chmod o= it",
                              path);
        return SHIAN_NONE;
    }

    return shian_ctl_document(c, path);
}


/* A path as the configuration gives it: beside it where it is relative. */
static const char *
beside(shian_ctl_t *c, const char *config, const char *path)
{
    const char  *slash;

    slash = strrchr(config, '/');

    if (path[0] == '/' || slash == NULL) {
        return path;
    }

    return shian_printf(&c->arena, "%.*s/%s", (int) (slash - config), config,
                        path);
}


/* ---- one gateway --------------------------------------------------------- */


static bool
fail(shian_ctl_t *c, const shian_gateway_t *g, const char *what)
{
    (void) shian_ctl_fail(c, "gateway \"%s\": %s", g->name, what);
    return false;
}


static bool
take_name(shian_ctl_t *c, shian_gateway_t *g)
{
    size_t  n;

    n = strspn(g->name, "abcdefghijklmnopqrstuvwxyz0123456789-");

    if (n == 0 || n > 32 || g->name[n] != '\0') {
        return fail(c, g, "a name is 1 to 32 of a-z, 0-9 and -");
    }

    return true;
}


/* Accepts http and https alone, and keeps what a log may show. */
static bool
take_url(shian_ctl_t *c, shian_gateway_t *g)
{
    bool    ok;
    char   *scheme, *host, *port, *user, *password;
    CURLU  *u;

    scheme = host = port = user = password = NULL;
    u = curl_url();
    ok = u != NULL && curl_url_set(u, CURLUPART_URL, g->url, 0) == CURLUE_OK
         && curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK
         && curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK
         && (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);

    if (!ok) {
        (void) fail(c, g, "its url is not http:// or https://");

    } else if (curl_url_get(u, CURLUPART_USER, &user, 0) == CURLUE_OK
               || curl_url_get(u, CURLUPART_PASSWORD, &password, 0)
                  == CURLUE_OK)
    {
        ok = fail(c, g, "its url may not carry a user or password");

    } else {
        (void) curl_url_get(u, CURLUPART_PORT, &port, 0);
        g->origin = shian_printf(&c->arena, "%s://%s%s%s", scheme, host,
                                 port == NULL ? "" : ":",
                                 port == NULL ? "" : port);
        ok = g->origin != NULL;
    }

    curl_free(scheme);
    curl_free(host);
    curl_free(port);
    curl_free(user);
    curl_free(password);
    curl_url_cleanup(u);

    return ok;
}


/* Strings of a list; one alone may stand without the list. */
static bool
take_names(shian_ctl_t *c, shian_gateway_t *g, const char *key,
    json_t *list, shian_names_t *out)
{
    size_t   i, n;
    json_t  *one;

    n = json_is_string(list) ? 1 : json_array_size(list);
    out->v = shian_array(&c->arena, n + 1, sizeof(*out->v));

    for (i = 0; out->v != NULL && i < n; i++) {
        one = json_is_string(list) ? list : json_array_get(list, i);

        if (n > SHIAN_MAX_NAMES || json_string_length(one) == 0) {
            out->v = NULL;
            break;
        }

        out->v[i] = json_string_value(one);
    }

    if (out->v == NULL || (list != NULL && n == 0)) {
        (void) shian_ctl_fail(c, "gateway \"%s\": \"%s\" is a list of 1 to "
                              "%d texts", g->name, key, SHIAN_MAX_NAMES);
        return false;
    }

    out->n = n;

    return true;
}


static bool
take_secret(shian_ctl_t *c, shian_gateway_t *g, const char *config,
    const char *secret, const char *file)
{
    shian_str_t  text;

    if (secret != NULL && file != NULL) {
        return fail(c, g, "\"secret\" or \"secret_file\", not both");
    }

    if (secret == NULL && file == NULL) {
        return g->kind == SHIAN_BODY_ROBOT
               || fail(c, g, "it needs a secret or a secret_file");
    }

    text = secret != NULL ? shian_str(secret)
                          : read_private(c, beside(c, config, file));
    if (text.p == NULL) {
        return false;
    }

    while (text.n > 0 && (text.p[text.n - 1] == '\n'
                          || text.p[text.n - 1] == '\r'))
    {
        text.n--;
    }

    g->has_key = shian_webhook_key(text, &g->key);
    g->signs_url = !g->has_key && g->kind == SHIAN_BODY_ROBOT
                   && shian_dingtalk_key(text, &g->key);
    sodium_memzero((void *) (uintptr_t) text.p, text.n);

    return g->has_key || g->signs_url
           || fail(c, g, "a secret is whsec_ and the base64 of 24 to 64 "
                   "bytes; a DingTalk robot's begins with SEC");
}


static bool
add_template(shian_ctl_t *c, shian_gateways_t *all, const shian_gateway_t *g,
    const char *file, shian_str_t source)
{
    char         err[1024];
    const char  *name;

    /* A dot keeps it apart from the pages. */
    name = shian_printf(&c->arena, "notify.%s", g->name);

    if (name == NULL || !shian_templates_add(all->templates, name, file,
                                             source, err, sizeof(err)))
    {
        (void) shian_ctl_fail(c, "%s", name == NULL ? "memory has run out"
                                                    : err);
        return false;
    }

    return true;
}


static bool
take_body(shian_ctl_t *c, shian_gateways_t *all, shian_gateway_t *g,
    const char *config, const char *template, const char *text)
{
    size_t        i;
    const char   *file;
    shian_str_t   source;
    static const struct {
        const char         *name;
        shian_body_kind_t   kind;
    } built_in[] = {
        { "standard", SHIAN_BODY_STANDARD },
        { "wecom", SHIAN_BODY_ROBOT },
        { "dingtalk", SHIAN_BODY_ROBOT },
        { "sms", SHIAN_BODY_SMS },
    };

    g->kind = SHIAN_BODY_OWN;

    for (i = 0; i < SHIAN_COUNT(built_in); i++) {
        if (strcmp(template, built_in[i].name) == 0) {
            g->kind = built_in[i].kind;
        }
    }

    if (text != NULL && g->kind != SHIAN_BODY_ROBOT
        && g->kind != SHIAN_BODY_SMS)
    {
        return fail(c, g, "\"text\" is for wecom, dingtalk and sms");
    }

    if (g->kind == SHIAN_BODY_OWN) {
        file = beside(c, config, template);
        source = file == NULL ? SHIAN_NONE : shian_ctl_document(c, file);

        return source.p != NULL && add_template(c, all, g, file, source);
    }

    if (text == NULL) {
        text = sentences[shian_lang_index(all->lang)];
    }

    return add_template(c, all, g, config, shian_str(text));
}


static bool
take_gateway(shian_ctl_t *c, shian_gateways_t *all, json_t *from,
    const char *config)
{
    json_t           *events, *districts, *to;
    const char       *secret, *file, *template, *text;
    json_error_t      e;
    shian_gateway_t  *g = &all->v[all->n];

    events = districts = to = NULL;
    secret = file = text = NULL;
    template = "standard";
    g->content_type = JSON_TYPE;

    if (json_unpack_ex(from, &e, 0, "{s:s,s:s,s:o,s?o,s?o,s?s,s?s,s?s,s?s,"
                       "s?s!}", "name", &g->name, "url", &g->url, "events",
                       &events, "district", &districts, "to", &to, "secret",
                       &secret, "secret_file", &file, "template", &template,
                       "text", &text, "content_type", &g->content_type)
        != 0)
    {
        (void) shian_ctl_fail(c, "%s: gateway %zu: %s", config, all->n + 1,
                              e.text);
        return false;
    }

    if (!take_name(c, g)) {
        return false;
    }

    if (shian_gateway_named(all, g->name) != NULL) {
        return fail(c, g, "there are two of this name");
    }

    /* It becomes a header's value. */
    if (strlen(g->content_type) > 100
        || strspn(g->content_type, "abcdefghijklmnopqrstuvwxyz0123456789"
                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ/+.-;= ")
           != strlen(g->content_type))
    {
        return fail(c, g, "its content_type is not one");
    }

    all->n++;

    return take_url(c, g) && take_names(c, g, "events", events, &g->events)
           && take_names(c, g, "district", districts, &g->districts)
           && take_names(c, g, "to", to, &g->to)
           && take_body(c, all, g, config, template, text)
           && take_secret(c, g, config, secret, file);
}


/* ---- all of them --------------------------------------------------------- */


static bool
take_settings(shian_ctl_t *c, shian_gateways_t *all, const char *path,
    json_t **list)
{
    json_int_t    timeout, retry, give_up;
    json_error_t  e;

    timeout = 10000;
    retry = 1000;
    give_up = DAY_MS;
    all->lang = shian_langs[0];
    all->base_url = c->base_url;

    if (json_unpack_ex(all->root, &e, 0, "{s:o,s?s,s?s,s?I,s?I,s?I!}",
                       "gateways", list, "base_url", &all->base_url, "lang",
                       &all->lang, "timeout_ms", &timeout, "retry_ms",
                       &retry, "give_up_ms", &give_up)
        != 0)
    {
        (void) shian_ctl_fail(c, "%s: %s", path, e.text);
        return false;
    }

    if (shian_lang_named(shian_str(all->lang)) == NULL) {
        (void) shian_ctl_fail(c, "%s: lang is zh or en", path);
        return false;
    }

    if (timeout < 1 || timeout > 60000 || retry < 1 || retry > 60000
        || give_up < 1 || give_up > 30 * DAY_MS)
    {
        (void) shian_ctl_fail(c, "%s: timeout_ms and retry_ms are 1 to "
                              "60000, give_up_ms up to 30 days", path);
        return false;
    }

    all->timeout_ms = (uint64_t) timeout;
    all->retry_ms = (uint64_t) retry;
    all->give_up_ms = (uint64_t) give_up;

    if (json_array_size(*list) == 0
        || json_array_size(*list) > SHIAN_MAX_GATEWAYS)
    {
        (void) shian_ctl_fail(c, "%s: \"gateways\" is a list of 1 to %d",
                              path, SHIAN_MAX_GATEWAYS);
        return false;
    }

    return true;
}


/* What a body names an event has: it is not found out when one is sent. */
static bool
check_bodies(shian_ctl_t *c, const shian_gateways_t *all, char *err,
    size_t errsize)
{
    size_t             i;
    shian_page_type_t  body = { NULL, &shian__event__descriptor, true };

    for (i = 0; i < all->n; i++) {
        body.name = shian_printf(&c->arena, "notify.%s", all->v[i].name);

        if (body.name == NULL) {
            (void) snprintf(err, errsize, "memory has run out");
            return false;
        }

        if (!shian_templates_check(all->templates, &body, 1, NULL, NULL, err,
                                   errsize))
        {
            return false;
        }
    }

    return true;
}


bool
shian_gateways_load(shian_ctl_t *c, const char *path, shian_gateways_t *out)
{
    char           err[1024];
    size_t         i;
    json_t        *list;
    shian_str_t    text;
    json_error_t   e;

    memset(out, 0, sizeof(*out));
    text = read_private(c, path);

    if (text.p == NULL) {
        return false;
    }

    out->root = json_loadb((const char *) text.p, text.n,
                           JSON_REJECT_DUPLICATES, &e);
    sodium_memzero((void *) (uintptr_t) text.p, text.n);

    if (out->root == NULL) {
        (void) shian_ctl_fail(c, "%s:%d: %s", path, e.line, e.text);
        return false;
    }

    if (!take_settings(c, out, path, &list)) {
        return false;
    }

    out->templates = shian_templates_load(c->html, err, sizeof(err));
    out->v = shian_zalloc(&c->arena,
                          SHIAN_MAX_GATEWAYS * sizeof(*out->v));

    if (out->templates == NULL || out->v == NULL) {
        (void) shian_ctl_fail(c, "%s", out->templates == NULL ? err
                                       : "memory has run out");
        return false;
    }

    for (i = 0; i < json_array_size(list); i++) {
        if (!take_gateway(c, out, json_array_get(list, i), path)) {
            return false;
        }
    }

    if (!shian_templates_link(out->templates, err, sizeof(err))
        || !shian_templates_loops(out->templates, err, sizeof(err))
        || !check_bodies(c, out, err, sizeof(err)))
    {
        (void) shian_ctl_fail(c, "%s", err);
        return false;
    }

    return true;
}


void
shian_gateways_free(shian_gateways_t *all)
{
    size_t  i;

    for (i = 0; i < all->n; i++) {
        sodium_memzero(&all->v[i].key, sizeof(all->v[i].key));
    }

    shian_templates_free(all->templates);
    json_decref(all->root);
    memset(all, 0, sizeof(*all));
}


shian_gateway_t *
shian_gateway_named(const shian_gateways_t *all, const char *name)
{
    size_t  i;

    for (i = 0; i < all->n; i++) {
        if (strcmp(all->v[i].name, name) == 0) {
            return &all->v[i];
        }
    }

    return NULL;
}


/* ---- what they are told -------------------------------------------------- */


bool
shian_gateway_match(const char *pattern, const char *type)
{
    size_t  n;

    n = strlen(pattern);

    if (strcmp(pattern, "*") == 0) {
        return true;
    }

    if (n > 2 && strcmp(pattern + n - 2, ".*") == 0) {
        return strncmp(pattern, type, n - 1) == 0;
    }

    return strcmp(pattern, type) == 0;
}


bool
shian_gateway_wants(const shian_gateway_t *g, const Shian__Event *e)
{
    bool    wanted;
    size_t  i;

    wanted = g->districts.n == 0;

    for (i = 0; !wanted && e->district != NULL && i < g->districts.n; i++) {
        wanted = strcmp(g->districts.v[i], e->district) == 0;
    }

    for (i = 0; wanted && e->type != NULL && i < g->events.n; i++) {
        if (shian_gateway_match(g->events.v[i], e->type)) {
            return true;
        }
    }

    return false;
}


static void
standard_body(const Shian__Event *e, shian_sink_t *out)
{
    shian_value_t                    at;
    const ProtobufCFieldDescriptor  *f;

    shian_putz(out, "{\"type\":");
    shian_json_string(shian_str(e->type), false, out);

    f = protobuf_c_message_descriptor_get_field_by_name(
            &shian__event__descriptor, "at");

    if (f != NULL && shian_value_field(&e->base, f, &at)) {
        shian_putz(out, ",\"timestamp\":");
        (void) shian_json_value(&at, out);
    }

    shian_putz(out, ",\"data\":");
    (void) shian_json_write(&e->base, out);
    shian_putc(out, '}');
}


/* The sentence in the envelope that the receiver's interface asks for. */
static void
enveloped(const shian_gateway_t *g, shian_str_t text, shian_sink_t *out)
{
    size_t  i;

    if (g->kind == SHIAN_BODY_ROBOT) {
        shian_putz(out, "{\"msgtype\":\"text\",\"text\":{\"content\":");
        shian_json_string(text, false, out);
        shian_putz(out, "}}");
        return;
    }

    shian_putz(out, "{\"to\":[");

    for (i = 0; i < g->to.n; i++) {
        shian_putz(out, i == 0 ? "" : ",");
        shian_json_string(shian_str(g->to.v[i]), false, out);
    }

    shian_putz(out, "],\"content\":");
    shian_json_string(text, false, out);
    shian_putc(out, '}');
}


static bool
is_json(shian_str_t body)
{
    json_t  *j;

    j = json_loadb((const char *) body.p, body.n, 0, NULL);
    json_decref(j);

    return j != NULL;
}


bool
shian_gateway_body(const shian_gateways_t *all, const shian_gateway_t *g,
    const Shian__Event *e, shian_arena_t *a, shian_str_t *body,
    const char **why)
{
    bool           ok;
    const char    *name;
    shian_buf_t    text, out;
    Shian__Event   event = *e;
    shian_page_t   page = { all->lang, SHIAN_TZ_MINUTES, NULL, &event.base,
                            NULL };

    shian_buf_init(&text, a);
    shian_buf_init(&out, a);
    text.max = out.max = SHIAN_MAX_BODY;
    name = shian_printf(a, "notify.%s", g->name);

    if (event.href != NULL && all->base_url != NULL) {
        event.href = shian_printf(a, "%s%s", all->base_url, event.href);
    }

    ok = name != NULL && (g->kind == SHIAN_BODY_STANDARD
                          || shian_template_render(all->templates, name,
                                                   &page, &text.sink));

    if (g->kind == SHIAN_BODY_STANDARD) {
        standard_body(&event, &out.sink);

    } else if (g->kind != SHIAN_BODY_OWN) {
        enveloped(g, shian_buf_str(&text), &out.sink);
    }

    *body = shian_buf_str(g->kind == SHIAN_BODY_OWN ? &text : &out);

    if (!ok || out.sink.failed) {
        *why = "the template cannot be filled";
        return false;
    }

    if (strncmp(g->content_type, JSON_TYPE, sizeof(JSON_TYPE) - 1) == 0
        && !is_json(*body))
    {
        *why = "the template does not give JSON";
        return false;
    }

    return true;
}
