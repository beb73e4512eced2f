#include "cmd.h"

#include <stdlib.h>

#include "core/bind.h"
#include "core/token.h"
#include "domain/session.h"
#include "domain/view.h"
#include "output.h"
#include "render/json.h"

#define DAY_MS  UINT64_C(86400000)

const shian_option_t  shian_user_add_options[] = {
    { "login", "L", "what the user is called in links and records" },
    { "role", "R", "inspector, officer, chief, bank, media, admin or venue" },
    { "name", "N", "for people to read" },
    { "district", "D", "limits the user to it; may be repeated; none given: "
                       "as it was" },
    { "everywhere", NULL, "limits the user no more" },
    { "venue", "ID", "for the role venue: which one" },
    { NULL, NULL, NULL }
};

const shian_option_t  shian_user_disable_options[] = { { NULL, NULL, NULL } };
const shian_option_t  shian_user_list_options[] = { { NULL, NULL, NULL } };

const shian_option_t  shian_link_options[] = {
    { "login", "L", "for this user" },
    { "venue", "ID", "or for whoever runs this venue" },
    { "ttl", "1h", "how long it lives: 30m, 12h, 7d (1h)" },
    { "bearer", NULL, "a token for programs instead of a link" },
    { "reuse", NULL, "a link that works more than once" },
    { NULL, NULL, NULL }
};


/* ---- user add, disable, list --------------------------------------------- */


static Shian__UserPut *
bind_user(shian_ctl_t *c)
{
    size_t              i, j, n;
    const char         *v;
    shian_pair_t       *pairs;
    shian_report_t      report;
    ProtobufCMessage   *m;

    pairs = shian_array(&c->arena, c->ngiven + 1, sizeof(*pairs));

    if (pairs == NULL) {
        (void) shian_ctl_fail(c, "memory has run out");
        return NULL;
    }

    for (n = 0, i = 0; shian_user_add_options[i].name != NULL; i++) {
        if (shian_user_add_options[i].value == NULL) {
            continue;
        }

        for (j = 0; (v = shian_arg_next(c, shian_user_add_options[i].name,
                                        &j)) != NULL; )
        {
            pairs[n].name = shian_str(shian_user_add_options[i].name);
            pairs[n++].value = shian_str(v);
        }
    }

    shian_report_init(&report);

    if (!shian_bind_pairs(&c->arena, shian_field_rules, shian_nfield_rules,
                          &shian__user_put__descriptor, pairs, n, NULL, &m,
                          &report))
    {
        (void) shian_ctl_usage(c, "%s",
                               shian_ctl_refusal(&c->arena, &report));
        return NULL;
    }

    return (Shian__UserPut *) m;
}


/*
 * Who is changed keeps the districts where none is named: a forgotten option
 * does not give the whole city.
 */
static bool
keep_districts(shian_ctl_t *c, Shian__UserPut *put)
{
    uint64_t      id;
    shian_txn_t   t;
    Shian__User  *u;

    if (put->n_district != 0 || shian_flag(c, "everywhere")) {
        return true;
    }

    if (shian_txn_begin(c->store, &c->arena, false, &t) != 0) {
        (void) shian_ctl_fail(c, "the store cannot be read");
        return false;
    }

    id = shian_unique_get(&t, 'U', shian_str(put->login));
    u = id == 0 ? NULL : shian_user_get(&t, id);

    if (u != NULL) {
        put->n_district = u->n_districts;
        put->district = u->districts;
    }

    shian_txn_abort(&t);
    return true;
}


int
shian_cmd_user_add(shian_ctl_t *c)
{
    Shian__Result      result;
    Shian__UserPut    *put;
    Shian__Operation   op;

    put = bind_user(c);

    if (put == NULL) {
        return SHIAN_USAGE;
    }

    if (put->n_district != 0 && shian_flag(c, "everywhere")) {
        return shian_ctl_usage(c, "--everywhere and --district exclude each "
                               "other");
    }

    if (!shian_ctl_store(c, false) || !keep_districts(c, put)) {
        return SHIAN_FAILED;
    }

    op = shian_ctl_operation(c);
    put->has_handle = 1;
    put->handle = shian_new_handle();
    op.body_case = SHIAN__OPERATION__BODY_USER_PUT;
    op.user_put = put;

    if (!shian_ctl_run(c, &op, &result)) {
        return SHIAN_FAILED;
    }

    if (c->json) {
        printf("{\"id\":%llu}\n", (unsigned long long) result.id);
    } else {
        printf("user %llu, %s\n", (unsigned long long) result.id,
               put->login);
    }

    return SHIAN_DONE;
}


/* The id of a login, 0 after saying that there is none. */
static uint64_t
find_user(shian_ctl_t *c, const char *login)
{
    uint64_t      id;
    shian_txn_t   t;

    if (!shian_ctl_store(c, false)
        || shian_txn_begin(c->store, &c->arena, false, &t) != 0)
    {
        return 0;
    }

    id = shian_unique_get(&t, 'U', shian_str(login));
    shian_txn_abort(&t);

    if (id == 0) {
        (void) shian_ctl_fail(c, "there is no user \"%s\"; see \"shianctl "
                              "user list\"", login);
    }

    return id;
}


int
shian_cmd_user_disable(shian_ctl_t *c)
{
    Shian__Result        result;
    Shian__Operation     op;
    Shian__UserDisable   body = SHIAN__USER_DISABLE__INIT;

    body.has_user = 1;
    body.user = find_user(c, c->args[0]);

    if (body.user == 0) {
        return SHIAN_FAILED;
    }

    op = shian_ctl_operation(c);
    op.body_case = SHIAN__OPERATION__BODY_USER_DISABLE;
    op.user_disable = &body;

    if (!shian_ctl_run(c, &op, &result)) {
        return SHIAN_FAILED;
    }

    printf(c->json ? "{\"id\":%llu,\"disabled\":true}\n"
           : "user %llu is disabled, all sessions are over\n",
           (unsigned long long) body.user);

    return SHIAN_DONE;
}


static void
print_user(const Shian__UserView *u)
{
    size_t                     i;
    const ProtobufCEnumValue  *role;

    role = protobuf_c_enum_descriptor_get_value(
               &shian__role__kind__descriptor, (int) u->role);
    printf("%llu\t%s\t%s\t%s", (unsigned long long) u->id,
           u->login == NULL ? "" : u->login,
           role == NULL ? "" : role->name, u->name == NULL ? "" : u->name);

    for (i = 0; i < u->n_districts; i++) {
        printf("%s%s", i == 0 ? "\t" : ",", u->districts[i]);
    }

    if (u->has_venue) {
        printf("\tvenue %llu", (unsigned long long) u->venue);
    }

    printf("%s\n", u->disabled ? "\tdisabled" : "");
}


int
shian_cmd_user_list(shian_ctl_t *c)
{
    size_t              i;
    shian_str_t         next, after;
    shian_txn_t         t;
    Shian__UserList    *list;
    shian_file_sink_t   out;

    if (!shian_ctl_store(c, false)
        || shian_txn_begin(c->store, &c->arena, false, &t) != 0)
    {
        return SHIAN_FAILED;
    }

    shian_file_sink(&out, stdout);
    after = SHIAN_NONE;

    do {
        list = shian_view_users(&t, NULL, after, 100, &next);

        if (list == NULL) {
            shian_txn_abort(&t);
            return shian_ctl_fail(c, "users cannot be read");
        }

        for (i = 0; i < list->n_items; i++) {
            if (c->json) {
                (void) shian_json_write(&list->items[i]->base, &out.sink);
                shian_putc(&out.sink, '\n');
            } else {
                print_user(list->items[i]);
            }
        }

        after = next;

    } while (next.n != 0);

    shian_txn_abort(&t);
    return SHIAN_DONE;
}


/* ---- link ---------------------------------------------------------------- */


static bool
duration(const char *text, uint64_t *ms)
{
    char      digits[16], unit;
    size_t    n;
    uint64_t  v, each;

    n = strspn(text, "0123456789");

    if (n == 0 || n >= sizeof(digits) || text[n] == '\0'
        || text[n + 1] != '\0')
    {
        return false;
    }

    memcpy(digits, text, n);
    digits[n] = '\0';
    unit = text[n];
    each = unit == 's' ? 1000 : unit == 'm' ? 60000 : unit == 'h' ? 3600000
           : unit == 'd' ? DAY_MS : 0;

    if (each == 0 || !shian_number(digits, 1, 366 * DAY_MS / each, &v)) {
        return false;
    }

    *ms = v * each;
    return true;
}


/* A link that nobody has yet, for link.issue. */
static Shian__LinkIssue
draw_link(shian_ctl_t *c, uint64_t user, uint64_t ttl_ms, bool bearer,
    bool reuse)
{
    Shian__LinkIssue  link = SHIAN__LINK_ISSUE__INIT;

    link.has_handle = link.has_user = link.has_until = link.has_single = 1;
    link.handle = shian_new_handle();
    link.user = user;
    link.until = shian_ctl_now(c) + ttl_ms;
    link.single = !reuse && !bearer;
    link.has_bearer = link.bearer = bearer;

    return link;
}


/* What is given out of it; NULL: it was said why. */
static const char *
way_in(shian_ctl_t *c, const Shian__LinkIssue *link)
{
    bool            ok;
    char            code[SHIAN_LINK_LEN + 1];
    shian_txn_t     t;
    shian_str_t     token;
    const char     *text;
    shian_token_t   bearer;
    Shian__User    *u;

    if (shian_txn_begin(c->store, &c->arena, false, &t) != 0) {
        (void) shian_ctl_fail(c, "the store cannot be read");
        return NULL;
    }

    u = shian_user_get(&t, link->user);
    ok = u != NULL && !u->disabled;

    if (!ok) {
        (void) shian_ctl_fail(c, "the user is disabled");

    } else if (link->bearer) {
        memset(&bearer, 0, sizeof(bearer));
        bearer.use = SHIAN_USE_SESSION;
        bearer.kind = SHIAN_SUBJECT_USER;
        bearer.handle = u->handle;
        bearer.iat_ms = shian_ctl_now(c);
        bearer.exp_ms = link->until;
        shian_session_id(bearer.jti, link->until);
        ok = shian_token_issue(&c->arena, &c->keys, shian_str(c->base_url),
                               shian_generation(&t), &bearer, &token);
    } else {
        ok = shian_link_make(&c->keys, SHIAN_LINK_SIGNIN,
                             shian_generation(&t), link->handle, code);
    }

    shian_txn_abort(&t);

    if (u == NULL || u->disabled) {
        return NULL;
    }

    text = !ok ? NULL : link->bearer ? shian_strdup(&c->arena, token)
           : shian_printf(&c->arena, "%s/s/%s", c->base_url, code);

    if (text == NULL) {
        (void) shian_ctl_fail(c, "no token can be made for \"%s\"; is it the "
                              "base URL?", c->base_url);
    }

    return text;
}


static bool
issue_link(shian_ctl_t *c, Shian__LinkIssue *link)
{
    Shian__Result      result;
    Shian__Operation   op;

    op = shian_ctl_operation(c);
    op.body_case = SHIAN__OPERATION__BODY_LINK_ISSUE;
    op.link_issue = link;

    return shian_ctl_run(c, &op, &result);
}


const char *
shian_make_link(shian_ctl_t *c, uint64_t user, uint64_t ttl_ms, bool bearer,
    bool reuse)
{
    const char        *text;
    Shian__LinkIssue   link = draw_link(c, user, ttl_ms, bearer, reuse);

    text = way_in(c, &link);

    return text != NULL && issue_link(c, &link) ? text : NULL;
}


/* Whoever acts for a venue first; made where there is nobody yet. */
static uint64_t
venue_person(shian_ctl_t *c, uint64_t venue)
{
    uint64_t           id;
    shian_txn_t        t;
    Shian__Venue      *v;
    Shian__Result      result;
    Shian__UserPut     put = SHIAN__USER_PUT__INIT;
    Shian__Operation   op;

    if (shian_txn_begin(c->store, &c->arena, false, &t) != 0) {
        return 0;
    }

    v = shian_venue_get(&t, venue);
    id = v == NULL ? 0 : shian_venue_person(&t, venue);
    shian_txn_abort(&t);

    if (v == NULL) {
        (void) shian_ctl_fail(c, "there is no venue %llu",
                              (unsigned long long) venue);
        return 0;
    }

    if (id != 0) {
        return id;
    }

    put.login = shian_printf(&c->arena, "venue-%llu",
                             (unsigned long long) venue);
    put.name = v->name;
    put.has_role = put.has_venue = put.has_handle = 1;
    put.role = SHIAN__ROLE__KIND__venue;
    put.venue = venue;
    put.handle = shian_new_handle();
    op = shian_ctl_operation(c);
    op.body_case = SHIAN__OPERATION__BODY_USER_PUT;
    op.user_put = &put;

    return put.login != NULL && shian_ctl_run(c, &op, &result) ? result.id
                                                               : 0;
}


/* Whom it is for; 0 after saying what is wrong. */
static uint64_t
subject(shian_ctl_t *c, const char *login, const char *venue)
{
    uint64_t  id;

    if (login != NULL) {
        return find_user(c, login);
    }

    if (!shian_number(venue, 1, INT64_MAX, &id)) {
        (void) shian_ctl_fail(c, "\"%s\" is no venue's id", venue);
        return 0;
    }

    return shian_ctl_store(c, false) ? venue_person(c, id) : 0;
}


int
shian_cmd_link(shian_ctl_t *c)
{
    bool               bearer;
    uint64_t           id, ttl;
    const char        *login, *venue, *text;
    shian_output_t     out;
    Shian__LinkIssue   link;

    login = shian_arg(c, "login");
    venue = shian_arg(c, "venue");
    text = shian_arg(c, "ttl");
    bearer = shian_flag(c, "bearer");

    if ((login == NULL) == (venue == NULL)) {
        return shian_ctl_usage(c, "link needs --login or --venue");
    }

    if (!duration(text == NULL ? "1h" : text, &ttl)) {
        return shian_ctl_usage(c, "--ttl is a number and s, m, h or d, at "
                               "most 366d");
    }

    if (c->base_url == NULL) {
        return shian_ctl_usage(c, "say --base-url as shian_base_url in "
                               "nginx.conf, or set SHIAN_BASE_URL");
    }

    id = shian_ctl_keys(c) ? subject(c, login, venue) : 0;

    if (id == 0) {
        return SHIAN_FAILED;
    }

    /* Given out first: who could not be told has no link that works. */
    link = draw_link(c, id, ttl, bearer, shian_flag(c, "reuse"));
    text = way_in(c, &link);

    if (text == NULL || !shian_output_open(c, &out, NULL, 0)) {
        return SHIAN_FAILED;
    }

    shian_putf(&out.out.sink, c->json ? "{\"%s\":\"%s\"}\n" : "%.0s%s\n",
               bearer ? "token" : "url", text);

    return shian_output_finish(&out) && issue_link(c, &link) ? SHIAN_DONE
                                                             : SHIAN_FAILED;
}
