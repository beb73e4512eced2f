#include "cmd.h"

#include <curl/curl.h>
#include <stdlib.h>

#include "core/ids.h"
#include "deliver.h"

#define CONFIG  "/etc/shian/notify.json"
#define STATE   "/var/lib/shian-notify"

const shian_option_t  shian_notify_options[] = {
    { "config", "FILE", "the gateways (" CONFIG ")" },
    { "state", "DIR", "where each gateway's place is kept "
                      "(STATE_DIRECTORY, " STATE ")" },
    { "once", NULL, "end when all that the log has now is told" },
    { "after", "SEQ", "a gateway that is new begins after this entry of the "
                      "log (its end)" },
    { "dead", NULL, "list what was given up" },
    { "retry-dead", NULL, "post what was given up once more" },
    { NULL, NULL, NULL }
};


static const char *
state_dir(const shian_ctl_t *c)
{
    const char  *dir;

    dir = shian_arg(c, "state");

    if (dir == NULL) {
        dir = getenv("STATE_DIRECTORY");    /* systemd.exec(5) */
    }

    return dir == NULL || dir[0] == '\0' ? STATE : dir;
}


/* The store's id in hex: the first part of every webhook-id. */
static const char *
site_of(shian_ctl_t *c)
{
    char           *hex;
    shian_str_t     site;
    shian_txn_t     t;
    shian_rowkey_t  k;

    k.n = 0;
    shian_rowkey_bytes(&k, "site", 4);

    if (shian_txn_begin(c->store, &c->arena, false, &t) != 0) {
        (void) shian_ctl_fail(c, "store \"%s\" cannot be read",
                              c->store_dir);
        return NULL;
    }

    hex = NULL;

    if (shian_row_get(&t, SHIAN_T_META, &k, &site)
        && site.n == SHIAN_ID_SIZE)
    {
        hex = shian_zalloc(&c->arena, SHIAN_HEX_LEN(SHIAN_ID_SIZE) + 1);
    }

    if (hex != NULL) {
        shian_hex(hex, site.p, site.n);
    } else {
        (void) shian_ctl_fail(c, "store \"%s\" has no id; run \"shianctl "
                              "init\"", c->store_dir);
    }

    shian_txn_abort(&t);

    return hex;
}


/* ---- what was given up --------------------------------------------------- */


static int
list_dead(shian_ctl_t *c)
{
    char                 day[11];
    size_t               i;
    shian_letters_t      dead;
    shian_letter_t      *l;
    shian_file_sink_t    out;

    if (!shian_outbox_dead(c, state_dir(c), &dead)) {
        return SHIAN_FAILED;
    }

    shian_file_sink(&out, stdout);

    for (i = 0; i < dead.n; i++) {
        l = &dead.v[i];

        if (c->json) {
            shian_letter_write(l, &out.sink);
            continue;
        }

        shian_date_format(shian_local_day(l->at_ms, SHIAN_TZ_MINUTES), day);
        printf("%s  %-16s %10llu  %-24s %s\n", day, l->gateway,
               (unsigned long long) l->seq, l->type, l->reason);
    }

    return SHIAN_DONE;
}


static int
retry_dead(shian_ctl_t *c, const shian_gateways_t *gateways,
    const shian_outbox_t *o)
{
    int              rc;
    size_t           i, all;
    shian_letters_t  dead, left;

    if (!shian_outbox_dead(c, o->dir, &dead)) {
        return SHIAN_FAILED;
    }

    if (dead.n == 0) {
        printf(c->json ? "{\"sent\":0,\"left\":0}\n" : "nothing to post\n");
        return SHIAN_DONE;
    }

    all = dead.n;
    rc = shian_deliver_again(c, gateways, o, &dead);
    left.v = dead.v;
    left.n = 0;

    for (i = 0; i < dead.n; i++) {
        if (dead.v[i].seq == 0) {
            continue;
        }

        if (shian_gateway_named(gateways, dead.v[i].gateway) == NULL) {
            (void) shian_ctl_fail(c, "entry %llu: there is no gateway \"%s\" "
                                  "any more",
                                  (unsigned long long) dead.v[i].seq,
                                  dead.v[i].gateway);
        }

        left.v[left.n++] = dead.v[i];
    }

    if (!shian_outbox_rewrite(c, o, &left)) {
        return SHIAN_FAILED;
    }

    printf(c->json ? "{\"sent\":%zu,\"left\":%zu}\n"
           : "%zu posted, %zu left\n", all - left.n, left.n);

    return rc;
}


/* ---- the command --------------------------------------------------------- */


static int
deliver(shian_ctl_t *c, const shian_gateways_t *gateways)
{
    int              rc;
    uint64_t         from;
    const char      *site, *after;
    shian_outbox_t   o;

    after = shian_arg(c, "after");

    if (after != NULL && !shian_number(after, 0, INT64_MAX, &from)) {
        return shian_ctl_usage(c, "--after is a number of the log");
    }

    if (!shian_ctl_store(c, false)) {
        return SHIAN_FAILED;
    }

    site = site_of(c);

    if (site == NULL) {
        return SHIAN_FAILED;
    }

    if (!shian_outbox_open(c, state_dir(c), site, &o)) {
        rc = SHIAN_FAILED;

    } else if (shian_flag(c, "retry-dead")) {
        rc = retry_dead(c, gateways, &o);

    } else {
        rc = shian_deliver_follow(c, gateways, &o, shian_flag(c, "once"),
                                  after == NULL ? NULL : &from);
    }

    shian_outbox_close(&o);

    return rc;
}


int
shian_cmd_notify(shian_ctl_t *c)
{
    int                rc;
    const char        *path;
    shian_gateways_t   gateways;

    if (shian_flag(c, "dead")) {
        return list_dead(c);
    }

    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        return shian_ctl_fail(c, "libcurl does not start");
    }

    path = shian_arg(c, "config");
    rc = SHIAN_FAILED;

    if (shian_gateways_load(c, path == NULL ? CONFIG : path, &gateways)) {
        rc = deliver(c, &gateways);
    }

    shian_gateways_free(&gateways);
    curl_global_cleanup();

    return rc;
}
