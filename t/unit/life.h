/*
 * A random life of a city: every operation there is, allowed or not, from
 * everybody, sent again at times, by clocks that are not always right.
 */

#ifndef LIFE_H
#define LIFE_H

#include <sodium.h>

#include "trial.h"
#include "city.h"
#include "domain/checklist.h"
#include "domain/policy.h"

#define VENUES   150
#define RING     4              /* sent again within a day or two */
#define DAY_MS   UINT64_C(86400000)

#define ROLE(name)  SHIAN__ROLE__KIND__##name

typedef struct {
    city_t        city;
    uint64_t      scans;
    uint64_t      reviews;              /* how many there may be by now */
    size_t        done[128];            /* by number of the body */
    size_t        refused[128];
    size_t        unchanged;
    size_t        repeated;
    uint8_t      *ring[RING];           /* packed operations to repeat */
    size_t        ring_n[RING];
    bool          at_once;              /* a rule comes next, and no time
                                           passes */
} world_t;

static const char *const  districts[] = { "锦屏", "岳林", "江口", "West" };
static const char *const  categories[] = { "面馆", "烧烤", "Café" };
static const char *const  words[] = { "老", "烤鱼", "Star", "面", "海鲜",
                                      "Noodle", "蛋糕", "New" };


static uint64_t
pick(world_t *w, uint64_t n)
{
    return city_random(&w->city, n);
}


static bool
chance(world_t *w, uint64_t percent)
{
    return city_chance(&w->city, percent);
}


#define ANY_OF(w, list)  ((char *) (list)[pick(w, SHIAN_COUNT(list))])


/* One past the end at times: what does not exist is refused. */
static uint64_t
some_venue(world_t *w)
{
    return 1 + pick(w, VENUES);
}


static uint64_t
some_review(world_t *w)
{
    uint64_t  recent;

    recent = w->reviews < 60 ? w->reviews : 60;

    return chance(w, 60) ? w->reviews - pick(w, recent + 1) + chance(w, 5)
                         : 1 + pick(w, w->reviews + 2);
}


static ProtobufCBinaryData
bytes(world_t *w, size_t n, uint64_t number)
{
    uint8_t  *p;

    p = shian_zalloc(&w->city.arena, n);
    crypto_generichash(p, n > 64 ? 64 : n, (uint8_t *) &number,
                       sizeof(number), NULL, 0);

    return shian_binary(shian_slice(p, n));
}


/* An id that begins with the instant at which it is over. */
static ProtobufCBinaryData
token_id(world_t *w, uint64_t number, uint64_t over_ms)
{
    ProtobufCBinaryData  b = bytes(w, 24, number);
    shian_rowkey_t       k = shian_rowkey_id(over_ms);

    memcpy(b.data, k.b, 8);

    return b;
}


/* 18 characters with a right check digit (GB 32100-2015). */
static char *
uscc(world_t *w, uint64_t number)
{
    char      *s;
    int        i, sum, weight;

    static const char  set[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";

    s = shian_printf(&w->city.arena, "92330283%09d0", (int) number);

    for (sum = 0, weight = 1, i = 0; i < 17; i++) {
        sum += weight * (int) (strchr(set, s[i]) - set);
        weight = weight * 3 % 31;
    }

    s[17] = set[(31 - sum % 31) % 31];

    return s;
}


static void
make_upsert(world_t *w, Shian__Operation *op)
{
    uint64_t       i = pick(w, VENUES);
    Shian__Venue  *v;

    v = shian_zalloc(&w->city.arena, sizeof(*v));
    shian__venue__init(v);
    CITY_BODY(&w->city, op, VENUE_UPSERT, venue_upsert, Shian__VenueUpsert,
              shian__venue_upsert__init)->venue = chance(w, 1) ? NULL : v;

    if (chance(w, 70)) {
        v->name = shian_printf(&w->city.arena, "%s%s %d 号",
                               ANY_OF(w, words), ANY_OF(w, words),
                               (int) (i % 60));
        v->address = shian_printf(&w->city.arena, "%s路%d号",
                                  ANY_OF(w, districts), (int) i);
    }

    if (chance(w, 25)) {
        v->name_en = ANY_OF(w, words);
    }

    switch (pick(w, 5)) {
    case 0:
        v->source = "list";
        v->ref = shian_printf(&w->city.arena, "F%d", (int) i);
        break;
    case 1:
        v->uscc = uscc(w, i);
        v->uscc[17] ^= chance(w, 5);
        break;
    case 2:
        v->licence_no = shian_printf(&w->city.arena, "JY%014d", (int) i);
        break;
    case 3:
        v->has_id = 1;
        v->id = some_venue(w);
        break;
    default:
        break;
    }

    v->district = chance(w, 60) ? ANY_OF(w, districts) : NULL;
    v->category = chance(w, 60) ? ANY_OF(w, categories) : NULL;
    v->has_credit = chance(w, 20);
    v->credit = (Shian__Venue__Credit) (1 + pick(w, 4));
    v->has_licence_expires_on = chance(w, 20);
    v->licence_expires_on = (int32_t) (op->at / DAY_MS) - 20
                            + (int32_t) pick(w, 400);
    v->has_lat = chance(w, 40);
    v->has_lng = v->has_lat ^ chance(w, 2);
    v->lat = 29.6 + (double) pick(w, 1000) / 1e4;
    v->lng = 121.4 + (double) pick(w, 1000) / 1e4;
}


static void
make_review(world_t *w, Shian__Operation *op)
{
    size_t              i;
    Shian__Photo       *p;
    Shian__ReviewPost  *r;

    r = CITY_BODY(&w->city, op, REVIEW_POST, review_post, Shian__ReviewPost,
                  shian__review_post__init);
    op->actor->role = ROLE(public);
    op->actor->has_device = !chance(w, 2);
    op->actor->device = bytes(w, 16, pick(w, 400));

    r->has_venue = r->has_hygiene = r->has_scan = 1;
    r->venue = some_venue(w);
    r->hygiene = (uint32_t) (1 + pick(w, 5));
    r->has_food = chance(w, 60);
    r->food = r->has_food ? (uint32_t) (1 + pick(w, 5)) : 0;
    r->has_service = chance(w, 60);
    r->service = r->has_service ? (uint32_t) (1 + pick(w, 5)) : 0;
    r->has_hold = r->hold = chance(w, 20);
    w->scans += !chance(w, 10);
    r->scan = token_id(w, w->scans, op->at - op->at % DAY_MS + DAY_MS);
    r->has_text = chance(w, 50);
    r->text = shian_binary(SHIAN_STR("汤很好喝, and the floor was clean."));

    r->photo = shian_array(&w->city.arena, 3, sizeof(*r->photo));
    r->n_photo = chance(w, 30) ? pick(w, 4) : 0;

    for (i = 0; i < r->n_photo; i++) {
        p = r->photo[i] = shian_zalloc(&w->city.arena, sizeof(*p));
        shian__photo__init(p);
        p->has_hash = p->has_type = 1;
        p->hash = bytes(w, 32, 1000 + pick(w, 60));
        p->type = SHIAN__PHOTO__TYPE__jpeg;
    }
}


static void
make_answer(world_t *w, Shian__Operation *op)
{
    Shian__ReviewDecide  *d;

    switch (pick(w, 4)) {
    case 0:
        op->actor->role = ROLE(venue);
        op->actor->has_venue = 1;
        op->actor->venue = some_venue(w);
        CITY_BODY(&w->city, op, REVIEW_REPLY, review_reply,
                  Shian__ReviewReply, shian__review_reply__init)->review
            = some_review(w);
        op->review_reply->has_review = 1;
        op->review_reply->text = "Thank you for coming.";
        break;

    case 1:
        op->actor->role = ROLE(venue);
        op->actor->has_venue = 1;
        op->actor->venue = some_venue(w);
        CITY_BODY(&w->city, op, REVIEW_FLAG, review_flag, Shian__ReviewFlag,
                  shian__review_flag__init)->review = some_review(w);
        op->review_flag->has_review = 1;
        op->review_flag->text = "Nobody was here that day.";
        break;

    default:
        d = CITY_BODY(&w->city, op, REVIEW_DECIDE, review_decide,
                      Shian__ReviewDecide, shian__review_decide__init);
        d->has_review = d->has_action = 1;
        d->review = some_review(w);
        d->action = chance(w, 50) ? SHIAN__REVIEW_DECIDE__ACTION__publish
                                  : SHIAN__REVIEW_DECIDE__ACTION__remove;
        d->has_reason = chance(w, 90);
        d->reason = SHIAN__REVIEW__GROUND__abuse;
        d->text = chance(w, 80) ? "误删" : NULL;
    }
}


/* A venue's own people, whose venue is known to have the review. */
static void
aim_answer(world_t *w, Shian__Operation *op)
{
    uint64_t        id;
    shian_txn_t     t;
    Shian__Review  *r;

    id = op->body_case == SHIAN__OPERATION__BODY_REVIEW_REPLY
         ? op->review_reply->review
         : op->body_case == SHIAN__OPERATION__BODY_REVIEW_FLAG
         ? op->review_flag->review : 0;

    if (id != 0 && chance(w, 90)) {
        assert_int_equal(shian_txn_begin(w->city.store, &w->city.arena,
                                         false, &t), 0);
        r = shian_review_get(&t, id);
        op->actor->venue = r == NULL ? op->actor->venue : r->venue;
        shian_txn_abort(&t);
    }
}


static void
make_visit(world_t *w, Shian__Operation *op)
{
    Shian__Inspection  *in;
    Shian__Evaluation  *e;

    if (chance(w, 70)) {
        in = shian_zalloc(&w->city.arena, sizeof(*in));
        shian__inspection__init(in);
        CITY_BODY(&w->city, op, INSPECTION_IMPORT, inspection_import,
                  Shian__InspectionImport,
                  shian__inspection_import__init)->inspection = in;
        in->has_venue = in->has_on = in->has_kind = 1;
        in->venue = some_venue(w);
        in->on = (int32_t) (op->at / DAY_MS) - (int32_t) pick(w, 300) + 2;
        in->kind = SHIAN__INSPECTION__KIND__routine;
        in->has_score = chance(w, 80);
        in->score = in->has_score ? (uint32_t) pick(w, 102) : 0;
        in->has_on_site = chance(w, 10);
        in->source = "old system";
        return;
    }

    e = shian_zalloc(&w->city.arena, sizeof(*e));
    shian__evaluation__init(e);
    CITY_BODY(&w->city, op, EVALUATION_SET, evaluation_set,
              Shian__EvaluationSet,
              shian__evaluation_set__init)->evaluation = e;
    op->evaluation_set->has_venue = 1;
    op->evaluation_set->venue = some_venue(w);
    e->has_year = e->has_level = 1;
    e->source = chance(w, 95) ? "old system" : NULL;
    e->year = (uint32_t) (2019 + pick(w, 8)) - 20 * chance(w, 5);
    e->level = (Shian__Evaluation__Level) (1 + pick(w, 4));
}


static void
make_plaque(world_t *w, Shian__Operation *op)
{
    Shian__PlaqueIssue     *i;
    Shian__PlaqueWithdraw  *x;

    if (chance(w, 70)) {
        i = CITY_BODY(&w->city, op, PLAQUE_ISSUE, plaque_issue,
                      Shian__PlaqueIssue, shian__plaque_issue__init);
        i->has_venue = i->has_plaque = i->has_key_no = 1;
        i->venue = some_venue(w);
        i->plaque = pick(w, 300) * 1000003;
        i->key_no = 1;
        return;
    }

    x = CITY_BODY(&w->city, op, PLAQUE_WITHDRAW, plaque_withdraw,
                  Shian__PlaqueWithdraw, shian__plaque_withdraw__init);
    x->has_plaque = 1;
    x->plaque = pick(w, 300) * 1000003;
}


static void
make_user(world_t *w, Shian__Operation *op)
{
    Shian__UserPut  *u;

    if (chance(w, 30)) {
        CITY_BODY(&w->city, op, USER_DISABLE, user_disable,
                  Shian__UserDisable, shian__user_disable__init)->user
            = 1 + pick(w, 22);
        op->user_disable->has_user = 1;
        return;
    }

    u = CITY_BODY(&w->city, op, USER_PUT, user_put, Shian__UserPut,
                  shian__user_put__init);
    u->login = shian_printf(&w->city.arena, "user%d", (int) pick(w, 20));
    u->name = ANY_OF(w, words);
    u->has_role = u->has_handle = 1;
    u->handle = 1 + pick(w, 1 << 20);
    u->role = (Shian__Role__Kind) pick(w, 8);
    u->has_venue = chance(w, 30);
    u->venue = some_venue(w);
    u->n_district = pick(w, 3);
    u->district = shian_array(&w->city.arena, 2, sizeof(*u->district));
    u->district[0] = ANY_OF(w, districts);
    u->district[1] = ANY_OF(w, districts);
}


static void
make_session(world_t *w, Shian__Operation *op)
{
    Shian__LinkIssue     *l;
    Shian__SessionStart  *s;

    if (chance(w, 50)) {
        s = CITY_BODY(&w->city, op, SESSION_START, session_start,
                      Shian__SessionStart, shian__session_start__init);
        s->has_user = chance(w, 80);
        s->user = 1 + pick(w, 22);
        s->has_link = chance(w, 50);
        s->link = 1 + pick(w, 40);
        s->has_token = !s->has_link;
        s->token = token_id(w, pick(w, 3000), op->at / DAY_MS * DAY_MS);
        return;
    }

    if (chance(w, 50)) {
        l = CITY_BODY(&w->city, op, LINK_ISSUE, link_issue, Shian__LinkIssue,
                      shian__link_issue__init);
        l->has_handle = l->has_user = l->has_until = l->has_single = 1;
        l->handle = pick(w, 40);
        l->user = 1 + pick(w, 22);
        l->until = op->at + DAY_MS;
        l->single = chance(w, 70);
        return;
    }

    if (chance(w, 50)) {
        CITY_BODY(&w->city, op, SESSIONS_END, sessions_end,
                  Shian__SessionsEnd, shian__sessions_end__init)->user
            = 1 + pick(w, 22);
        op->sessions_end->has_user = 1;
        return;
    }

    CITY_BODY(&w->city, op, SESSION_END, session_end, Shian__SessionEnd,
              shian__session_end__init)->session
        = token_id(w, pick(w, 3000), op->at / DAY_MS * DAY_MS);
    op->session_end->has_session = 1;
}


static void
make_rare(world_t *w, Shian__Operation *op)
{
    Shian__Photo  *p;

    switch (pick(w, 6)) {
    case 0:
        (void) CITY_BODY(&w->city, op, SWEEP, sweep, Shian__Sweep,
                         shian__sweep__init);
        break;
    case 1:
        CITY_BODY(&w->city, op, ERASE, erase, Shian__Erase,
                  shian__erase__init)->review = some_review(w);
        op->erase->has_review = 1;
        break;
    case 2:
        p = shian_zalloc(&w->city.arena, sizeof(*p));
        shian__photo__init(p);
        p->has_hash = 1;
        p->hash = bytes(w, chance(w, 90) ? 32 : 31, 1000 + pick(w, 60));
        CITY_BODY(&w->city, op, PHOTO_PUT, photo_put, Shian__PhotoPut,
                  shian__photo_put__init)->photo = p;
        break;
    case 3:
        CITY_BODY(&w->city, op, RULES_ADOPT, rules_adopt, Shian__RulesAdopt,
                  shian__rules_adopt__init)->number = 1 + pick(w, 3);
        op->rules_adopt->has_number = 1;
        break;
    case 4:
        /* As often as not the clock was ahead, and is put back. */
        (void) CITY_BODY(&w->city, op, CLOCK_CONFIRM, clock_confirm,
                         Shian__ClockConfirm, shian__clock_confirm__init);
        op->at -= pick(w, DAY_MS);
        break;
    default:
        CITY_BODY(&w->city, op, STORE_INIT, store_init, Shian__StoreInit,
                  shian__store_init__init)->site = bytes(w, 16, 7);
        op->store_init->has_site = 1;
    }
}


/* The one built in with a line changed, an earlier one, or a broken one. */
static void
make_checklist(world_t *w, Shian__Operation *op)
{
    shian_str_t         packed;
    shian_txn_t         t;
    Shian__Checklist   *list;

    assert_int_equal(shian_txn_begin(w->city.store, &w->city.arena, false,
                                     &t), 0);
    packed = shian_pack(&w->city.arena, shian_checklist_at(&t, 0)->checklist);
    shian_txn_abort(&t);

    /* A copy: the one built in is everybody's. */
    list = shian__checklist__unpack(&w->city.arena.pb, packed.n, packed.p);
    assert_non_null(list);

    list->version = shian_printf(&w->city.arena, "v%d", (int) pick(w, 8));
    list->items[pick(w, list->n_items)]->text = ANY_OF(w, words);
    list->n_items -= chance(w, 20) ? list->n_items / 2 : 0;
    CITY_BODY(&w->city, op, CHECKLIST_SET, checklist_set,
              Shian__ChecklistSet,
              shian__checklist_set__init)->checklist
        = chance(w, 95) ? list : NULL;
}


/* The city's next slice, or one that nobody waits for. */
static void
make_slice(world_t *w, Shian__Operation *op)
{
    bool                due;
    shian_txn_t         t;
    shian_city_step_t  *body;

    body = shian_zalloc(&w->city.arena, sizeof(*body));
    assert_int_equal(shian_txn_begin(w->city.store, &w->city.arena, false,
                                     &t), 0);
    due = shian_city_step(&t, op->at, body, op);
    shian_txn_abort(&t);

    if (due && chance(w, 90)) {
        op->actor->role = chance(w, 95) ? ROLE(admin) : op->actor->role;
        return;
    }

    CITY_BODY(&w->city, op, DAY_PASS, day_pass, Shian__DayPass,
              shian__day_pass__init)->day
        = shian_local_day(op->at, SHIAN_TZ_MINUTES) - (int32_t) chance(w, 5);
    op->day_pass->has_day = 1;
    op->day_pass->has_first = op->day_pass->has_last = 1;
    op->day_pass->first = some_venue(w);
    op->day_pass->last = op->day_pass->first + pick(w, 5) - chance(w, 5);
}


/* Another policy, on a day that all venues have been taken over. */
static void
make_rule(world_t *w, Shian__Operation *op)
{
    Shian__Policy            *p;
    shian_policy_t            n = shian_policy_default;
    Shian__PolicySet         *set;

    if (!w->at_once && chance(w, 90)) {
        make_slice(w, op);
        w->at_once = op->actor->role == ROLE(admin) && chance(w, 70);
        return;
    }

    if (w->at_once) {
        op->actor->role = ROLE(admin);
        w->at_once = false;
    }

    if (chance(w, 30)) {
        make_checklist(w, op);
        return;
    }

    if (chance(w, 30)) {
        CITY_BODY(&w->city, op, RULES_ADOPT, rules_adopt, Shian__RulesAdopt,
                  shian__rules_adopt__init)->number = 2;
        op->rules_adopt->has_number = 1;
        return;
    }

    n.green = 70 + (int32_t) pick(w, 25);
    n.yellow = 50 + (int32_t) pick(w, 30);
    n.reviews_days = 30 + (int32_t) pick(w, 400);
    n.credit[4] = -(int32_t) pick(w, 50);
    p = shian_policy_document(&w->city.arena, &n,
            shian_printf(&w->city.arena, "v%d", (int) pick(w, 1000)));
    set = CITY_BODY(&w->city, op, POLICY_SET, policy_set, Shian__PolicySet,
                    shian__policy_set__init);
    set->policy = chance(w, 95) ? p : NULL;
}


static void
make_status(world_t *w, Shian__Operation *op)
{
    if (chance(w, 40)) {
        make_slice(w, op);
        return;
    }

    CITY_BODY(&w->city, op, VENUE_STATUS, venue_status, Shian__VenueStatus,
              shian__venue_status__init)->venue = some_venue(w);
    op->venue_status->has_venue = op->venue_status->has_status = 1;
    op->venue_status->status = chance(w, 60)
                               ? SHIAN__VENUE__STATUS__active
                               : (Shian__Venue__Status) pick(w, 3);
    op->venue_status->has_missing = op->venue_status->missing
        = chance(w, 30);
}


#include "life_visits.h"
#include "life_complaint.h"


/* share, maker */
static const struct {
    unsigned   share;
    void     (*make)(world_t *w, Shian__Operation *op);
} kinds[] = {
    { 15, make_upsert },
    { 6, make_rule },
    { 5, make_status },
    { 20, make_review },
    { 8, make_answer },
    { 10, make_check_in },
    { 4, make_decision },
    { 5, make_rectification },
    { 3, make_appeal },
    { 4, make_word },
    { 8, make_visit },
    { 4, make_plaque },
    { 4, make_user },
    { 3, make_session },
    { 4, make_rare },

    { 12, make_complaint },
    { 40, make_complaint_step },
    { 4, make_case },
};


/* Mostly onwards, mostly a little; clocks also stand still and step back. */
static void
pass_time(world_t *w)
{
    switch (pick(w, 20)) {
    case 0:
        w->city.now -= pick(w, DAY_MS);
        break;
    case 1:
        w->city.now += pick(w, 2 * DAY_MS);
        break;
    case 2:
        break;
    default:
        w->city.now += pick(w, DAY_MS / 8);
    }

    if (chance(w, 1) && chance(w, 10)) {
        w->city.now += 60 * DAY_MS;
    }
}


static Shian__Operation *
make_operation(world_t *w)
{
    size_t             i;
    uint64_t           dice;
    Shian__Operation  *op;

    static const Shian__Role__Kind  roles[] = {
        ROLE(admin), ROLE(admin), ROLE(admin), ROLE(chief), ROLE(officer),
        ROLE(inspector), ROLE(public)
    };

    if (!w->at_once) {
        pass_time(w);
    }

    op = city_operation(&w->city, roles[pick(w, SHIAN_COUNT(roles))], 0);

    if (chance(w, 5)) {
        op->actor->has_user = 1;
        op->actor->user = 1 + pick(w, 22);
    }

    for (dice = 0, i = 0; i < SHIAN_COUNT(kinds); i++) {
        dice += kinds[i].share;
    }

    dice = pick(w, dice);
    for (i = 0; dice >= kinds[i].share; i++) {
        dice -= kinds[i].share;
    }

    (w->at_once ? make_rule : kinds[i].make)(w, op);
    aim_answer(w, op);

    if (chance(w, 20)) {
        op->idempotency_key = shian_printf(&w->city.arena, "key-%d",
                                           (int) pick(w, 300));
        op->has_body_hash = chance(w, 95);
        op->body_hash = op->has_body_hash ? bytes(w, 32, pick(w, 2))
                                          : shian_binary(SHIAN_NONE);
    }

    return op;
}


/* Adds a new operation, or sends an earlier one again as it was. */
static void
add_operation(world_t *w)
{
    size_t         i;
    shian_item_t  *it;

    i = pick(w, RING);

    if (w->ring[i] != NULL && chance(w, 4)) {
        it = &w->city.item[w->city.n++];
        memset(it, 0, sizeof(*it));
        it->operation.n = w->ring_n[i];
        it->operation.p = memcpy(shian_zalloc(&w->city.arena, w->ring_n[i]),
                                 w->ring[i], w->ring_n[i]);
        return;
    }

    it = &w->city.item[w->city.n];
    city_add(&w->city, make_operation(w));

    if (chance(w, 20)) {
        free(w->ring[i]);
        w->ring[i] = malloc(it->operation.n);
        assert_non_null(w->ring[i]);
        memcpy(w->ring[i], it->operation.p, it->operation.n);
        w->ring_n[i] = it->operation.n;
    }
}


static void
run_batch(world_t *w, size_t n)
{
    size_t             i;
    shian_item_t      *it;
    Shian__Operation  *op;

    while (w->city.n < n) {
        add_operation(w);
    }

    assert_int_equal(city_run(&w->city), 0);

    for (i = 0; i < n; i++) {
        it = &w->city.item[i];
        op = shian__operation__unpack(NULL, it->operation.n,
                                      it->operation.p);
        assert_non_null(op);

        if (it->report.status != 200) {
            assert_in_range(it->report.status, 400, 499);
            w->refused[op->body_case]++;
        } else if (it->result.repeated_request) {
            w->repeated++;
        } else if (!it->result.has_seq) {
            w->unchanged++;
        } else {
            w->done[op->body_case]++;
            w->reviews += op->body_case
                          == SHIAN__OPERATION__BODY_REVIEW_POST;
        }

        shian__operation__free_unpacked(op, NULL);
    }
}


/* As if the folder were a copy of that moment: ids go on beyond a gap. */
static void
restore_here(world_t *w, uint64_t generation)
{
    shian_txn_t           t;
    shian_head_t          head;
    Shian__Operation     *op;
    Shian__StoreRestore  *r;

    assert_int_equal(shian_txn_begin(w->city.store, &w->city.arena, false,
                                     &t), 0);
    shian_log_head(&t, &head);
    shian_txn_abort(&t);

    op = city_operation(&w->city, ROLE(admin), 0);
    r = CITY_BODY(&w->city, op, STORE_RESTORE, store_restore,
                  Shian__StoreRestore, shian__store_restore__init);
    r->has_generation = r->has_restored_seq = r->has_restored_hash = 1;
    r->generation = generation;
    r->has_backup_at = 1;
    r->backup_at = op->at;
    r->restored_seq = head.seq;
    r->restored_hash = shian_binary(shian_slice(head.hash,
                                                sizeof(head.hash)));
    assert_int_equal(city_do(&w->city, op), 200);
    w->done[op->body_case]++;
}


static void
live(world_t *w, uint64_t seed, size_t operations)
{
    size_t             n;
    Shian__Operation  *init;

    memset(w, 0, sizeof(*w));
    city_open(&w->city, seed, CITY_MAP);

    init = city_operation(&w->city, ROLE(admin), 0);
    CITY_BODY(&w->city, init, STORE_INIT, store_init, Shian__StoreInit,
              shian__store_init__init)->site = bytes(w, 16, 7);
    init->store_init->has_site = init->store_init->has_generation = 1;
    init->store_init->generation = 77;
    assert_int_equal(city_do(&w->city, init), 200);
    w->done[init->body_case]++;

    while (operations > 0) {
        n = 1 + pick(w, CITY_BATCH);
        n = n < operations ? n : operations;
        run_batch(w, n);
        operations -= n;

        shian_arena_free(&w->city.arena);
    }

    restore_here(w, 78);
    shian_arena_free(&w->city.arena);
}


static void
end(world_t *w)
{
    size_t  i;

    for (i = 0; i < RING; i++) {
        free(w->ring[i]);
    }

    city_close(&w->city);
}

#endif /* LIFE_H */
