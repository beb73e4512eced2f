/*
 * Who is told of what, and in which words: the configuration of `shianctl
 * notify` (docs/notify.md) and the body of a message.  One thread.
 */

#ifndef SHIAN_GATEWAY_H
#define SHIAN_GATEWAY_H

#include <jansson.h>

#include "core/webhook.h"
#include "ctl.h"
#include "render/template.h"

#define SHIAN_MAX_GATEWAYS  64
#define SHIAN_MAX_NAMES     64      /* events, districts, numbers of one */
#define SHIAN_MAX_BODY      65536

typedef enum {
    SHIAN_BODY_STANDARD,        /* {"type","timestamp","data"} */
    SHIAN_BODY_ROBOT,           /* WeCom's and DingTalk's text message */
    SHIAN_BODY_SMS,             /* {"to":[…],"content":"…"} */
    SHIAN_BODY_OWN              /* a template file */
} shian_body_kind_t;

typedef struct {
    size_t        n;
    const char  **v;
} shian_names_t;

typedef struct {
    const char           *name;     /* [a-z0-9-]: also of its files */
    const char           *url;
    const char           *origin;   /* scheme://host, all that logs show */
    shian_names_t         events;
    shian_names_t         districts;        /* none: everywhere */
    shian_names_t         to;
    shian_body_kind_t     kind;
    const char           *content_type;
    bool                  has_key;
    bool                  signs_url;        /* as DingTalk's robots want */
    shian_webhook_key_t   key;
} shian_gateway_t;

typedef struct {
    size_t               n;
    shian_gateway_t     *v;
    uint64_t             timeout_ms;
    uint64_t             retry_ms;
    uint64_t             give_up_ms;
    const char          *lang;
    const char          *base_url;  /* before an event's href; may be NULL */
    shian_templates_t   *templates;
    json_t              *root;      /* owns the configuration's strings */
} shian_gateways_t;

/*
 * Reads the configuration at path and what it names, as the user.  False: it
 * was said why.  Free *out with shian_gateways_free in either case.
 */
bool shian_gateways_load(shian_ctl_t *c, const char *path,
    shian_gateways_t *out);

/* Wipes the secrets. */
void shian_gateways_free(shian_gateways_t *all);

/* The gateway of that name, or NULL. */
shian_gateway_t *shian_gateway_named(const shian_gateways_t *all,
    const char *name);

/* Whether type is `pattern`: itself, "complaint.*", or "*" for all. */
bool shian_gateway_match(const char *pattern, const char *type);

/* Whether the gateway asked for this event. */
bool shian_gateway_wants(const shian_gateway_t *g, const Shian__Event *e);

/*
 * The body that tells gateway g of e, in arena a; false with a short reason
 * in *why when its template does not give one.
 */
bool shian_gateway_body(const shian_gateways_t *all,
    const shian_gateway_t *g, const Shian__Event *e, shian_arena_t *a,
    shian_str_t *body, const char **why);

#endif /* SHIAN_GATEWAY_H */
