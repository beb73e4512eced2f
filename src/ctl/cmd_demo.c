/*
 * The demo city: a year of ordinary operations in the order of their days.
 * What each venue shall end as is dealt out first, in Fenghua's proportions;
 * then it is given a life that leads there by the rules, and nothing else.
 */

#include "cmd.h"

#include <stdlib.h>
#include <unistd.h>

#include "demo_city.h"
#include "progress.h"

#define DAY_MS      UINT64_C(86400000)
#define MAX_VENUES  200000
#define LINK_MS     (30 * DAY_MS)

/* Fenghua: of 3,800 venues 1,500 are graded, 379 green and 360 red. */
#define OF          3800
#define GRADED      1500
#define GREEN       379
#define RED         360

const shian_option_t  shian_demo_options[] = {
    { "venues", "N", "how many (3800)" },
    { "seed", "S", "another number, another city (1)" },
    { "today", "DATE", "the last day of its story (today)" },
    { NULL, NULL, NULL }
};

typedef enum {
    UNGRADED = 0,
    CLOSED,
    IS_GREEN,
    YELLOW,
    EXPIRED,
    SUSPENDED
} fate_t;

typedef enum {
    JOIN = 0,               /* the order within one instant */
    PLAQUE,
    VISIT,
    EVALUATE,
    REVIEW,
    REPLY,
    SUSPEND,
    CLOSE
} kind_t;

typedef struct {
    uint64_t  at;
    uint32_t  venue;        /* from 0 */
    uint8_t   kind;
    uint8_t   n;            /* stars, or a score */
    bool      hold;
} event_t;

typedef struct {
    shian_ctl_t    *ctl;
    shian_dice_t    dice;
    int32_t         today;
    uint64_t        n;
    uint8_t        *fate;
    event_t        *events;
    size_t          nevents;
    size_t          size;
    uint32_t       *reviewed;   /* the venue's last review */
    uint32_t        nreviews;
    shian_slice_t   slice;
} demo_t;

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


/* ---- dealing out --------------------------------------------------------- */


static uint64_t
share(uint64_t n, uint64_t of)
{
    return (n * of + OF / 2) / OF;
}


static void
deal(demo_t *d)
{
    uint8_t   swap;
    uint64_t  i, j, red, green, graded;

    red = share(d->n, RED);
    green = share(d->n, GREEN);
    graded = share(d->n, GRADED);

    for (i = 0; i < d->n; i++) {
        d->fate[i] = i < red - red / 6 ? EXPIRED
                     : i < red ? SUSPENDED
                     : i < red + green ? IS_GREEN
                     : i < graded ? YELLOW
                     : i < graded + (d->n + 99) / 100 ? CLOSED : UNGRADED;
    }

    for (i = d->n; i > 1; i--) {
        j = shian_dice(&d->dice, i);
        swap = d->fate[j];
        d->fate[j] = d->fate[i - 1];
        d->fate[i - 1] = swap;
    }
}


/* days before today, and the minute of that local day. */
static uint64_t
instant(const demo_t *d, int32_t days, uint64_t minute)
{
    return (uint64_t) (d->today - days) * DAY_MS
           - SHIAN_TZ_MINUTES * UINT64_C(60000) + minute * 60000;
}


static bool
plan(demo_t *d, uint64_t venue, kind_t kind, int32_t days, uint64_t minute,
    uint64_t n)
{
    event_t  *grown;

    if (d->nevents == d->size) {
        d->size = d->size == 0 ? 16384 : d->size * 2;
        grown = realloc(d->events, d->size * sizeof(*grown));

        if (grown == NULL) {
            return false;
        }
        d->events = grown;
    }

    d->events[d->nevents++] = (event_t) {
        .at = instant(d, days, minute), .venue = (uint32_t) venue,
        .kind = (uint8_t) kind, .n = (uint8_t) n,
        .hold = kind == REVIEW && shian_dice(&d->dice, 60) == 0
    };

    return true;
}


static bool
plan_visits(demo_t *d, uint64_t i, fate_t fate)
{
    bool      ok;
    int32_t   days;
    uint64_t  k, n, score = 0;

    ok = true;
    n = 1 + shian_dice(&d->dice, 3);

    for (k = 0; ok && k < n; k++) {

        /* The last one follows what made the venue red. */
        days = k == 0 && fate == EXPIRED
               ? 1 + (int32_t) shian_dice(&d->dice, 2)
               : 15 + (int32_t) (shian_dice(&d->dice, 100) + k * 90);
        score = fate == IS_GREEN ? 88 + shian_dice(&d->dice, 13)
                : fate == YELLOW ? 68 + shian_dice(&d->dice, 20)
                : 45 + shian_dice(&d->dice, 35);
        ok = plan(d, i, VISIT, days, 540 + shian_dice(&d->dice, 480), score);
    }

    /* Last year's register is written in January. */
    if (ok && shian_dice(&d->dice, 2) == 0) {
        ok = plan(d, i, EVALUATE, 12, 600, score);
    }

    return ok;
}


static bool
plan_reviews(demo_t *d, uint64_t i, fate_t fate)
{
    bool      ok;
    int32_t   days;
    uint64_t  k, n, stars;

    /* Poor credit alone is still green: diners tip the balance. */
    n = fate == YELLOW ? 2 + shian_dice(&d->dice, 4)
        : fate == UNGRADED ? shian_dice(&d->dice, 3)
        : shian_dice(&d->dice, 5);
    ok = true;

    for (k = 0; ok && k < n; k++) {
        days = 1 + (int32_t) shian_dice(&d->dice, 300);
        stars = fate == YELLOW ? 1 + shian_dice(&d->dice, 3)
                : 3 + shian_dice(&d->dice, 3);
        ok = plan(d, i, REVIEW, days, 660 + shian_dice(&d->dice, 540),
                  stars);
    }

    if (ok && n != 0 && shian_dice(&d->dice, 12) == 0) {
        ok = plan(d, i, REPLY, 0, 60, 0);
    }

    return ok;
}


static bool
plan_venue(demo_t *d, uint64_t i)
{
    bool    ok;
    fate_t  fate = d->fate[i];

    ok = plan(d, i, JOIN, 400, i * 400 / d->n, 0)
         && plan(d, i, PLAQUE, 380, i * 600 / d->n, 0);

    if (ok && fate != UNGRADED && fate != CLOSED) {
        ok = plan_visits(d, i, fate);
    }

    ok = ok && plan_reviews(d, i, fate);

    if (ok && fate == SUSPENDED) {
        ok = plan(d, i, SUSPEND, 1 + (int32_t) shian_dice(&d->dice, 12), 900,
                  0);
    }

    if (ok && fate == CLOSED) {
        ok = plan(d, i, CLOSE, 1, 1300, 0);
    }

    return ok;
}


static int
by_time(const void *x, const void *y)
{
    const event_t  *a = x, *b = y;

    return a->at != b->at ? (a->at < b->at ? -1 : 1)
           : a->venue != b->venue ? (a->venue < b->venue ? -1 : 1)
           : (int) a->kind - (int) b->kind;
}


/* ---- carrying out -------------------------------------------------------- */


static bool
settle(demo_t *d)
{
    size_t         i;
    shian_item_t  *item;

    if (!shian_slice_run(&d->slice)) {
        return false;
    }

    for (i = 0; i < d->slice.n; i++) {
        item = &d->slice.items[i];

        if (item->report.status != 200) {
            (void) shian_ctl_fail(d->ctl, "the demo was refused: %s",
                                  shian_ctl_refusal(&d->ctl->arena,
                                                    &item->report));
            return false;
        }
    }

    shian_slice_reset(&d->slice);
    return true;
}


static bool
act(demo_t *d, const Shian__Operation *op)
{
    return shian_slice_add(&d->slice, op)
           && (d->slice.n < SHIAN_SLICE || settle(d));
}


static bool
join(demo_t *d, const event_t *e, Shian__Operation *op)
{
    fate_t               fate = d->fate[e->venue];
    Shian__Venue         v = SHIAN__VENUE__INIT;
    Shian__VenueUpsert   body = SHIAN__VENUE_UPSERT__INIT;

    if (!shian_demo_venue(&d->dice, &d->slice.arena, e->venue + 1, d->today,
                          &v))
    {
        return false;
    }

    v.has_licence_expires_on = 1;
    v.licence_expires_on = fate == EXPIRED
        ? d->today - 3 - (int32_t) shian_dice(&d->dice, 40)
        : d->today + 30 + (int32_t) shian_dice(&d->dice, 1500);

    v.has_credit = fate == YELLOW || shian_dice(&d->dice, 10) != 0;
    v.credit = fate == YELLOW ? SHIAN__VENUE__CREDIT__D
               : shian_dice(&d->dice, 3) == 0 ? SHIAN__VENUE__CREDIT__A
               : SHIAN__VENUE__CREDIT__B;

    body.venue = &v;
    op->body_case = SHIAN__OPERATION__BODY_VENUE_UPSERT;
    op->venue_upsert = &body;

    return act(d, op);
}


static bool
plaque(demo_t *d, const event_t *e, Shian__Operation *op)
{
    const shian_key_t    *key;
    Shian__PlaqueIssue    body = SHIAN__PLAQUE_ISSUE__INIT;

    key = shian_key_issuing(&d->ctl->keys, SHIAN_KEY_PLAQUE);
    body.has_venue = body.has_plaque = body.has_key_no = 1;
    body.venue = e->venue + 1;
    body.plaque = ((uint64_t) e->venue + 1) << 17
                  | shian_dice(&d->dice, 1 << 17);
    body.key_no = key == NULL ? 0 : key->no;

    op->body_case = SHIAN__OPERATION__BODY_PLAQUE_ISSUE;
    op->plaque_issue = &body;

    return act(d, op);
}


static bool
visit(demo_t *d, const event_t *e, Shian__Operation *op)
{
    Shian__Inspection         in = SHIAN__INSPECTION__INIT;
    Shian__InspectionImport   body = SHIAN__INSPECTION_IMPORT__INIT;

    in.has_venue = in.has_on = in.has_kind = in.has_score = in.has_by = 1;
    in.venue = e->venue + 1;
    in.on = shian_local_day(e->at, SHIAN_TZ_MINUTES);
    in.kind = SHIAN__INSPECTION__KIND__routine;
    in.by = SHIAN__ROLE__KIND__inspector;
    in.score = e->n;
    in.source = (char *) (uintptr_t) "demo";
    body.inspection = &in;

    op->body_case = SHIAN__OPERATION__BODY_INSPECTION_IMPORT;
    op->inspection_import = &body;

    return act(d, op);
}


static bool
evaluate(demo_t *d, const event_t *e, Shian__Operation *op)
{
    int32_t                y, m, day;
    Shian__Evaluation      ev = SHIAN__EVALUATION__INIT;
    Shian__EvaluationSet   body = SHIAN__EVALUATION_SET__INIT;

    shian_civil_from_day(d->today, &y, &m, &day);
    ev.has_year = ev.has_level = 1;
    ev.year = (uint32_t) y - 1;
    ev.level = e->n >= 90 ? SHIAN__EVALUATION__LEVEL__A
               : e->n >= 75 ? SHIAN__EVALUATION__LEVEL__B
               : e->n >= 60 ? SHIAN__EVALUATION__LEVEL__C
               : SHIAN__EVALUATION__LEVEL__unrated;
    ev.source = (char *) (uintptr_t) "demo";
    body.has_venue = 1;
    body.venue = e->venue + 1;
    body.evaluation = &ev;

    op->body_case = SHIAN__OPERATION__BODY_EVALUATION_SET;
    op->evaluation_set = &body;

    return act(d, op);
}


static bool
review(demo_t *d, const event_t *e, Shian__Operation *op)
{
    uint8_t              device[16], scan[24];
    uint64_t             expires;
    unsigned             i;
    const char          *words;
    shian_str_t          id, row;
    shian_item_t        *item;
    Shian__Actor         actor = SHIAN__ACTOR__INIT;
    Shian__ReviewPost    body = SHIAN__REVIEW_POST__INIT;

    shian_dice_bytes(&d->dice, device, sizeof(device));
    shian_dice_bytes(&d->dice, scan, sizeof(scan));
    expires = e->at + DAY_MS;

    for (i = 0; i < 8; i++) {
        scan[i] = (uint8_t) (expires >> (56 - 8 * i));
    }

    actor.has_role = actor.has_device = 1;
    actor.role = SHIAN__ROLE__KIND__public;
    actor.device = shian_binary(shian_slice(device, sizeof(device)));
    op->actor = &actor;

    words = shian_demo_words(&d->dice, e->n);
    body.has_venue = body.has_hygiene = body.has_scan = 1;
    body.venue = e->venue + 1;
    body.hygiene = e->n;
    body.has_food = body.has_service = 1;
    body.food = 3 + (uint32_t) shian_dice(&d->dice, 3);
    body.service = 2 + (uint32_t) shian_dice(&d->dice, 4);
    body.has_text = shian_dice(&d->dice, 3) != 0;
    body.text = shian_binary(shian_str(words));
    body.has_hold = e->hold;
    body.hold = e->hold;
    body.scan = shian_binary(shian_slice(scan, sizeof(scan)));

    op->body_case = SHIAN__OPERATION__BODY_REVIEW_POST;
    op->review_post = &body;

    if (!shian_seal(&body.base, &d->ctl->keys, e->at, &d->slice.arena, &id,
                    &row)
        || !shian_slice_add(&d->slice, op))
    {
        return false;
    }

    item = &d->slice.items[d->slice.n - 1];
    item->vault_id = id;
    item->vault_row = row;

    d->nreviews++;
    d->reviewed[e->venue] = e->hold ? d->reviewed[e->venue] : d->nreviews;

    return d->slice.n < SHIAN_SLICE || settle(d);
}


static bool
reply(demo_t *d, const event_t *e, Shian__Operation *op)
{
    Shian__Actor         actor = SHIAN__ACTOR__INIT;
    Shian__ReviewReply   body = SHIAN__REVIEW_REPLY__INIT;

    if (d->reviewed[e->venue] == 0) {
        return true;
    }

    actor.has_role = actor.has_venue = 1;
    actor.role = SHIAN__ROLE__KIND__venue;
    actor.venue = e->venue + 1;
    op->actor = &actor;

    body.has_review = 1;
    body.review = d->reviewed[e->venue];
    body.text = (char *) (uintptr_t) "谢谢您的意见，我们已经安排整改，欢迎"
                                     "再来监督。";
    op->body_case = SHIAN__OPERATION__BODY_REVIEW_REPLY;
    op->review_reply = &body;

    return act(d, op);
}


static bool
set_status(demo_t *d, const event_t *e, Shian__Operation *op)
{
    Shian__VenueStatus  body = SHIAN__VENUE_STATUS__INIT;

    body.has_venue = body.has_status = 1;
    body.venue = e->venue + 1;
    body.status = e->kind == CLOSE ? SHIAN__VENUE__STATUS__closed
                                   : SHIAN__VENUE__STATUS__suspended;
    op->body_case = SHIAN__OPERATION__BODY_VENUE_STATUS;
    op->venue_status = &body;

    return act(d, op);
}


static bool
live(demo_t *d)
{
    bool               ok;
    size_t             i;
    shian_progress_t   p;
    Shian__Operation   op;

    static bool (*const  handlers[])(demo_t *, const event_t *,
                                     Shian__Operation *) = {
        [JOIN] = join, [PLAQUE] = plaque, [VISIT] = visit,
        [EVALUATE] = evaluate, [REVIEW] = review, [REPLY] = reply,
        [SUSPEND] = set_status, [CLOSE] = set_status
    };

    shian_progress_start(&p, "demo");
    ok = true;

    for (i = 0; ok && i < d->nevents; i++) {
        op = shian_ctl_operation(d->ctl);
        op.at = d->events[i].at;
        ok = handlers[d->events[i].kind](d, &d->events[i], &op);
        shian_progress_show(&p, i, d->nevents);
    }

    ok = ok && settle(d);
    shian_progress_end(&p);

    return ok;
}


/* ---- staff and links ----------------------------------------------------- */


/* The venue whose owner can sign in: one with something to improve. */
static uint64_t
host(const demo_t *d)
{
    uint64_t  i;

    for (i = 0; i < d->n && d->fate[i] != YELLOW; i++) { /* void */ }

    return i == d->n ? 1 : i + 1;
}


static bool
put_user(demo_t *d, const char *login, Shian__Role__Kind role,
    const char *name, const char *const *districts, size_t n, uint64_t *id)
{
    Shian__Result      result;
    Shian__UserPut     body = SHIAN__USER_PUT__INIT;
    Shian__Operation   op;

    body.login = (char *) (uintptr_t) login;
    body.name = (char *) (uintptr_t) name;
    body.has_role = 1;
    body.role = role;
    body.n_district = n;
    body.district = (char **) (uintptr_t) districts;
    body.has_venue = role == SHIAN__ROLE__KIND__venue;
    body.venue = host(d);

    op = shian_ctl_operation(d->ctl);
    op.at = instant(d, 1, 1320);
    op.body_case = SHIAN__OPERATION__BODY_USER_PUT;
    op.user_put = &body;

    if (!shian_ctl_run(d->ctl, &op, &result)) {
        return false;
    }

    *id = result.id;
    return true;
}


/* Thirteen social supervisors watch the two inner subdistricts. */
static bool
supervisors(demo_t *d)
{
    bool         ok;
    size_t       i;
    uint64_t     id;
    const char  *login, *where;

    ok = true;

    for (i = 1; ok && i <= 13; i++) {
        login = shian_printf(&d->ctl->arena, "jiandu%02zu", i);
        where = shian_demo_district(i % 2);
        ok = login != NULL
             && put_user(d, login, SHIAN__ROLE__KIND__inspector,
                         shian_demo_person(&d->dice, &d->ctl->arena), &where,
                         1, &id);
    }

    return ok;
}


static bool
staff_and_links(demo_t *d)
{
    size_t       i;
    uint64_t     id;
    const char  *url;

    if (!supervisors(d)) {
        return false;
    }

    if (d->ctl->json) {
        printf("{\"venues\":%llu,\"operations\":%zu,\"links\":{",
               (unsigned long long) d->n, d->nevents);
    } else {
        printf("%llu venues, %zu operations; sign in at\n",
               (unsigned long long) d->n, d->nevents);
    }

    for (i = 0; i < SHIAN_COUNT(staff); i++) {
        if (!put_user(d, staff[i].login, staff[i].role, staff[i].name, NULL,
                      0, &id)
            || (url = shian_make_link(d->ctl, false, id, LINK_MS, false,
                                      true)) == NULL)
        {
            return false;
        }

        if (d->ctl->json) {
            printf("%s\"%s\":\"%s\"", i == 0 ? "" : ",", staff[i].login,
                   url);
        } else {
            printf("%-10s %s\n", staff[i].login, url);
        }
    }

    if (d->ctl->json) {
        printf("}}\n");
    }

    return true;
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


static int
build(demo_t *d)
{
    bool      ok;
    uint64_t  i;

    d->fate = calloc(d->n, 1);
    d->reviewed = calloc(d->n, sizeof(*d->reviewed));
    ok = d->fate != NULL && d->reviewed != NULL;

    if (ok) {
        deal(d);
    }

    for (i = 0; ok && i < d->n; i++) {
        ok = plan_venue(d, i);
    }

    if (ok) {
        qsort(d->events, d->nevents, sizeof(*d->events), by_time);
        shian_slice_init(&d->slice, d->ctl, &shian_machine);
        ok = live(d) && staff_and_links(d);
        shian_slice_free(&d->slice);
    }

    free(d->fate);
    free(d->reviewed);
    free(d->events);

    return ok ? SHIAN_DONE : SHIAN_FAILED;
}


int
shian_cmd_demo(shian_ctl_t *c)
{
    int          rc;
    demo_t      *d;
    const char  *venues, *seed, *today;

    venues = shian_arg(c, "venues");
    seed = shian_arg(c, "seed");
    today = shian_arg(c, "today");

    d = shian_zalloc(&c->arena, sizeof(*d));
    if (d == NULL) {
        return shian_ctl_fail(c, "memory has run out");
    }

    d->ctl = c;

    if (!shian_number(venues == NULL ? "3800" : venues, 1, MAX_VENUES,
                      &d->n))
    {
        return shian_ctl_usage(c, "--venues is 1 to %d", MAX_VENUES);
    }

    if (!shian_number(seed == NULL ? "1" : seed, 0, UINT64_MAX / 16,
                      &d->dice.state))
    {
        return shian_ctl_usage(c, "--seed is a number");
    }

    d->today = shian_local_day(shian_ctl_now(c), SHIAN_TZ_MINUTES);

    if (today != NULL
        && (!shian_date_parse(shian_str(today), &d->today)
            || d->today < 1000))
    {
        return shian_ctl_usage(c, "--today is YYYY-MM-DD");
    }

    if (c->base_url == NULL) {
        c->base_url = "http://127.0.0.1:8080";
    }

    if (!shian_make_store(c) || !shian_ctl_keys(c) || !empty(c)) {
        return SHIAN_FAILED;
    }

    /* It can be made again: the disk need not keep up with each slice. */
    (void) mdb_env_set_flags(c->store->env, MDB_NOSYNC, 1);
    rc = build(d);
    (void) mdb_env_set_flags(c->store->env, MDB_NOSYNC, 0);

    if (mdb_env_sync(c->store->env, 1) != 0) {
        rc = shian_ctl_fail(c, "the store could not be written");
    }

    return rc;
}
