/*
 * The demo city: two years of ordinary operations in the order of their
 * instants.  demo_life.c says what happens, demo_deeds.c who asks for it.
 */

#include "cmd.h"

#include <stdlib.h>

#include "domain/complaint.h"
#include "domain/session.h"
#include "demo_deeds.h"
#include "domain/checklist.h"
#include "progress.h"

#define MAX_VENUES  1000000
#define LINK_MS     (30 * UINT64_C(86400000))

const shian_option_t  shian_demo_options[] = {
    { "venues", "N", "how many (3800)" },
    { "seed", "S", "another number, another city (1)" },
    { "complaints", "N", "one venue of N is complained of; 0: none (8)" },
    { "today", "DATE", "the last day of its story (today)" },
    { NULL, NULL, NULL }
};

/* Who can sign in by the links that are printed. */
static const struct {
    const char         *login;
    Shian__Role__Kind   role;
    const char         *name;
} staff[] = {
    { "admin", SHIAN__ROLE__KIND__admin, "系统管理员" },
    { "chief", SHIAN__ROLE__KIND__chief, "指挥中心" },
    { "officer", SHIAN__ROLE__KIND__officer, "锦屏市场监管所" },
    { "inspector", SHIAN__ROLE__KIND__inspector, "社会监督员" },
    { "bank", SHIAN__ROLE__KIND__bank, "农商银行" },
    { "media", SHIAN__ROLE__KIND__media, "奉化日报" },
    { "venue", SHIAN__ROLE__KIND__venue, "店主" },
};


/* ---- staff and links ----------------------------------------------------- */


static bool
put_user(shian_demo_t *d, uint64_t at_ms, const char *login,
    Shian__Role__Kind role, const char *name, const char *district,
    uint64_t *id)
{
    Shian__Result      result;
    Shian__UserPut     body = SHIAN__USER_PUT__INIT;
    Shian__Operation   op;

    if (login == NULL || name == NULL) {
        (void) shian_ctl_fail(d->ctl, "memory has run out");
        return false;
    }

    body.login = (char *) (uintptr_t) login;
    body.name = (char *) (uintptr_t) name;
    body.has_role = 1;
    body.role = role;
    body.n_district = district != NULL;
    body.district = (char **) (uintptr_t) &district;
    body.has_venue = role == SHIAN__ROLE__KIND__venue;
    body.venue = 1;
    body.has_handle = 1;
    body.handle = shian_new_handle();

    op = shian_ctl_operation(d->ctl);
    op.at = at_ms;
    op.body_case = SHIAN__OPERATION__BODY_USER_PUT;
    op.user_put = &body;

    if (!shian_ctl_run(d->ctl, &op, &result)) {
        return false;
    }

    d->operations++;
    *id = result.id;

    return true;
}


/* Supervisors in the two inner subdistricts, officers of offices elsewhere. */
static bool
hire_district(shian_demo_t *d, uint32_t i, uint64_t at_ms,
    uint32_t number[2])
{
    bool            ok, inner;
    uint32_t        k;
    const char     *login, *name;
    shian_dice_t    dice;
    shian_arena_t  *a = &d->ctl->arena;

    inner = i < 2;
    dice = shian_dice_for(d->plan.seed, i, 3);
    ok = true;

    for (k = 0; ok && k < d->plan.count[i]; k++) {

        /* The one with the link is one of the thirteen. */
        if (i == 0 && k == 0) {
            continue;
        }

        login = shian_printf(a, inner ? "jiandu%02u" : "suo%02u",
                             ++number[inner]);
        name = inner || k != 0 ? shian_demo_person(&dice, a)
               : shian_printf(a, "%s市场监管所", shian_demo_district(i));
        ok = put_user(d, at_ms, login,
                      inner ? SHIAN__ROLE__KIND__inspector
                            : SHIAN__ROLE__KIND__officer, name,
                      shian_demo_district(i),
                      &d->staff[d->plan.first[i] + k]);
    }

    return ok;
}


static bool
hire(shian_demo_t *d, uint64_t ids[SHIAN_COUNT(staff)])
{
    bool      ok;
    size_t    i;
    uint32_t  number[2] = { 0, 0 };
    uint64_t  at;

    at = shian_plan_instant(&d->plan, SHIAN_DEMO_FOUNDED + 1, 600);

    /* The owner comes when there is the venue. */
    for (ok = true, i = 0; ok && i + 1 < SHIAN_COUNT(staff); i++) {
        ok = put_user(d, at, staff[i].login, staff[i].role, staff[i].name,
                      NULL, &ids[i]);
    }

    d->chief = ids[1];
    d->officer = ids[2];
    d->staff[0] = ids[3];

    for (i = 0; ok && i < SHIAN_DISTRICTS; i++) {
        ok = hire_district(d, (uint32_t) i, at, number);
    }

    return ok;
}


static void
print_counts(const shian_demo_t *d)
{
    printf(d->ctl->json
           ? "{\"venues\":%llu,\"operations\":%llu,\"complaints\":%llu,"
             "\"cases\":%llu,\"links\":{"
           : "%llu venues, %llu operations, %llu complaints and reports, "
             "%llu cases; sign in at\n",
           (unsigned long long) d->plan.n,
           (unsigned long long) d->operations,
           (unsigned long long) d->complaints,
           (unsigned long long) d->cases);
}


/* What one who complained of venue 1 follows it by; NULL: nobody did. */
static const char *
track_link(shian_demo_t *d)
{
    bool                     ok;
    char                     code[SHIAN_LINK_LEN + 1];
    shian_ctl_t             *c = d->ctl;
    shian_txn_t              t;
    const Shian__Complaint  *filed;

    if (d->memory[0].complaint == 0
        || shian_txn_begin(c->store, &c->arena, false, &t) != 0)
    {
        return NULL;
    }

    filed = shian_complaint_get(&t, d->memory[0].complaint);
    ok = filed != NULL
         && shian_link_make(&c->keys, SHIAN_LINK_TRACK, 0, filed->handle,
                            code);
    shian_txn_abort(&t);

    return ok ? shian_printf(&c->arena, "%s/t/%s", c->base_url, code) : NULL;
}


static bool
print_links(shian_demo_t *d, const uint64_t ids[SHIAN_COUNT(staff)])
{
    size_t       i;
    const char  *url;

    print_counts(d);

    for (i = 0; i < SHIAN_COUNT(staff); i++) {
        url = shian_make_link(d->ctl, ids[i], LINK_MS, false, true);

        if (url == NULL) {
            return false;
        }

        if (d->ctl->json) {
            printf("%s\"%s\":\"%s\"", i == 0 ? "" : ",", staff[i].login,
                   url);
        } else {
            printf("%-11s %s\n", staff[i].login, url);
        }
    }

    url = track_link(d);

    if (d->ctl->json) {
        printf("}%s%s%s}\n", url == NULL ? "" : ",\"track\":\"",
               url == NULL ? "" : url, url == NULL ? "" : "\"");

    } else if (url != NULL) {
        printf("%-11s %s\n", "complainant", url);
    }

    return true;
}


/* ---- two years ----------------------------------------------------------- */


/* What the checklist in force has that the demo's inspectors know to fail. */
static bool
read_checklist(shian_demo_t *d)
{
    int                       s;
    size_t                    i;
    shian_txn_t               t;
    Shian__ChecklistRecord   *r;
    const Shian__Checklist   *c;

    if (shian_txn_begin(d->ctl->store, &d->ctl->arena, false, &t) != 0) {
        return false;
    }

    r = shian_checklist_now(&t);
    shian_txn_abort(&t);

    if (r == NULL || r->checklist->n_items > 64) {
        (void) shian_ctl_fail(d->ctl, "the demo city needs a checklist of at "
                              "most 64 items");
        return false;
    }

    d->checklist = c = r->checklist;

    for (i = 0; i < c->n_items; i++) {
        if (shian_demo_note(c->items[i]->code) != NULL
            && c->items[i]->severity <= SHIAN__SEVERITY__KIND__critical)
        {
            d->plan.items[c->items[i]->severity] |= UINT64_C(1) << i;
        }
    }

    for (s = 0; s < 3; s++) {
        if (__builtin_popcountll(d->plan.items[s]) < 3) {
            (void) shian_ctl_fail(d->ctl, "the demo city needs the checklist "
                                  "that comes with the program");
            return false;
        }
    }

    return true;
}


static bool
live(shian_demo_t *d)
{
    bool               ok;
    size_t             i;
    int32_t            hi, lo;
    shian_progress_t   p;

    shian_progress_start(&p, "demo");
    ok = true;

    for (hi = SHIAN_DEMO_FOUNDED; ok && hi >= 0; hi = lo - 1) {
        lo = hi < SHIAN_DEMO_WINDOW ? 0 : hi - SHIAN_DEMO_WINDOW + 1;

        ok = shian_plan_window(&d->plan, hi, lo)
             || shian_ctl_fail(d->ctl, "memory has run out") == SHIAN_DONE;

        for (i = 0; ok && i < d->plan.nevents; i++) {
            ok = shian_demo_do(d, &d->plan.events[i]);
            shian_progress_show(&p, (uint64_t) (SHIAN_DEMO_FOUNDED - hi),
                                SHIAN_DEMO_FOUNDED);
        }
    }

    ok = ok && shian_demo_settle(d)
         && shian_ctl_pass_day(d->ctl, shian_plan_instant(&d->plan, 0, 0));
    shian_progress_end(&p);

    return ok;
}


static bool
build(shian_demo_t *d)
{
    bool           ok;
    uint64_t       ids[SHIAN_COUNT(staff)];
    const size_t   last = SHIAN_COUNT(staff) - 1;

    shian_arena_init(&d->arena, NULL, NULL);
    shian_workdays_default(&d->workdays);

    ok = read_checklist(d) && shian_plan_init(&d->plan)
         && (d->staff = calloc(d->plan.nstaff, sizeof(*d->staff))) != NULL
         && (d->memory = calloc(d->plan.n, sizeof(*d->memory))) != NULL
         && (d->items = calloc(SHIAN_DEMO_BATCH, sizeof(*d->items))) != NULL
         && hire(d, ids) && live(d)
         && put_user(d, shian_plan_instant(&d->plan, 0, 0),
                     staff[last].login, staff[last].role, staff[last].name,
                     NULL, &ids[last])
         && print_links(d, ids);

    shian_arena_free(&d->arena);
    shian_plan_free(&d->plan);
    free(d->items);
    free(d->memory);
    free(d->staff);

    return ok;
}


/* ---- the command --------------------------------------------------------- */


static bool
empty(shian_ctl_t *c)
{
    bool          found;
    shian_str_t   k, v;
    shian_txn_t   t;

    if (shian_txn_begin(c->store, &c->arena, false, &t) != 0) {
        return false;
    }

    found = shian_row_last(&t, SHIAN_T_VENUE, &k, &v);
    shian_txn_abort(&t);

    if (found) {
        (void) shian_ctl_fail(c, "store \"%s\" has venues; the demo city "
                              "needs an empty one", c->store_dir);
    }

    return !found;
}


/* The store is of today, and its city two years old. */
static bool
turn_back(shian_demo_t *d)
{
    Shian__Result         result;
    Shian__Operation      op;
    Shian__ClockConfirm   body = SHIAN__CLOCK_CONFIRM__INIT;

    op = shian_ctl_operation(d->ctl);
    op.at = shian_plan_instant(&d->plan, SHIAN_DEMO_FOUNDED + 1, 540);
    op.body_case = SHIAN__OPERATION__BODY_CLOCK_CONFIRM;
    op.clock_confirm = &body;

    return shian_ctl_run(d->ctl, &op, &result);
}


int
shian_cmd_demo(shian_ctl_t *c)
{
    int            rc;
    const char    *venues, *seed, *each, *today;
    shian_demo_t  *d;

    venues = shian_arg(c, "venues");
    seed = shian_arg(c, "seed");
    each = shian_arg(c, "complaints");
    today = shian_arg(c, "today");

    d = shian_zalloc(&c->arena, sizeof(*d));
    if (d == NULL) {
        return shian_ctl_fail(c, "memory has run out");
    }

    d->ctl = c;

    if (!shian_number(venues == NULL ? "3800" : venues, 1, MAX_VENUES,
                      &d->plan.n))
    {
        return shian_ctl_usage(c, "--venues is 1 to %d", MAX_VENUES);
    }

    if (!shian_number(seed == NULL ? "1" : seed, 0, UINT64_MAX / 16,
                      &d->plan.seed))
    {
        return shian_ctl_usage(c, "--seed is a number");
    }

    if (!shian_number(each == NULL ? "8" : each, 0, MAX_VENUES,
                      &d->plan.each))
    {
        return shian_ctl_usage(c, "--complaints is 0 to %d", MAX_VENUES);
    }

    d->plan.today = shian_local_day(shian_ctl_now(c), SHIAN_TZ_MINUTES);

    if (today != NULL
        && (!shian_date_parse(shian_str(today), &d->plan.today)
            || d->plan.today < 1000))
    {
        return shian_ctl_usage(c, "--today is YYYY-MM-DD");
    }

    if (c->base_url == NULL) {
        c->base_url = "http://127.0.0.1:8080";
    }

    if (!shian_make_store(c) || !shian_ctl_keys(c) || !empty(c)
        || !turn_back(d))
    {
        return SHIAN_FAILED;
    }

    /* It can be made again: the disk need not keep up with each slice. */
    (void) mdb_env_set_flags(c->store->env, MDB_NOSYNC, 1);
    rc = build(d) ? SHIAN_DONE : SHIAN_FAILED;
    (void) mdb_env_set_flags(c->store->env, MDB_NOSYNC, 0);

    if (mdb_env_sync(c->store->env, 1) != 0) {
        rc = shian_ctl_fail(c, "the store could not be written");
    }

    return rc;
}
