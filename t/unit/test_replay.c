/*
 * Random histories, the same every time: whatever is done to a store, its
 * tables are what its log makes, and its counts are what its records say.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <sodium.h>

#include "city.h"
#include "core/geo.h"
#include "core/text.h"
#include "domain/tally.h"
#include "domain/venue.h"

#define VENUES   150
#define RING     32
#define DAY_MS   UINT64_C(86400000)

#define ROLE(name)  SHIAN__ROLE__KIND__##name

typedef struct {
    city_t        city;
    uint64_t      scans;
    uint64_t      reviews;              /* how many there may be by now */
    size_t        done[64];             /* by number of the body */
    size_t        refused[64];
    size_t        unchanged;
    size_t        repeated;
    uint8_t      *ring[RING];           /* packed operations to repeat */
    size_t        ring_n[RING];
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
        i->plaque = pick(w, 1000) * 1000003;
        i->key_no = 1;
        return;
    }

    x = CITY_BODY(&w->city, op, PLAQUE_WITHDRAW, plaque_withdraw,
                  Shian__PlaqueWithdraw, shian__plaque_withdraw__init);
    x->has_plaque = 1;
    x->plaque = pick(w, 1000) * 1000003;
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
    u->has_role = 1;
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
    Shian__SessionStart  *s;

    if (chance(w, 50)) {
        s = CITY_BODY(&w->city, op, SESSION_START, session_start,
                      Shian__SessionStart, shian__session_start__init);
        s->has_user = chance(w, 80);
        s->user = 1 + pick(w, 22);
        s->has_link = chance(w, 80);
        s->link = token_id(w, pick(w, 3000), op->at / DAY_MS * DAY_MS);
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

    switch (pick(w, 4)) {
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
    default:
        CITY_BODY(&w->city, op, STORE_INIT, store_init, Shian__StoreInit,
                  shian__store_init__init)->site = bytes(w, 16, 7);
        op->store_init->has_site = 1;
    }
}


static void
make_status(world_t *w, Shian__Operation *op)
{
    CITY_BODY(&w->city, op, VENUE_STATUS, venue_status, Shian__VenueStatus,
              shian__venue_status__init)->venue = some_venue(w);
    op->venue_status->has_venue = op->venue_status->has_status = 1;
    op->venue_status->status = chance(w, 60)
                               ? SHIAN__VENUE__STATUS__active
                               : (Shian__Venue__Status) pick(w, 3);
}


/* percent, maker */
static const struct {
    unsigned   share;
    void     (*make)(world_t *w, Shian__Operation *op);
} kinds[] = {
    { 18, make_upsert },
    { 5, make_status },
    { 40, make_review },
    { 14, make_answer },
    { 8, make_visit },
    { 4, make_plaque },
    { 4, make_user },
    { 3, make_session },
    { 4, make_rare },
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

    pass_time(w);
    op = city_operation(&w->city, roles[pick(w, SHIAN_COUNT(roles))], 0);

    if (chance(w, 5)) {
        op->actor->has_user = 1;
        op->actor->user = 1 + pick(w, 22);
    }

    dice = pick(w, 100);
    for (i = 0; dice >= kinds[i].share; i++) {
        dice -= kinds[i].share;
    }

    kinds[i].make(w, op);
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
    init->store_init->has_site = 1;
    assert_int_equal(city_do(&w->city, init), 200);
    w->done[init->body_case]++;

    while (operations > 0) {
        n = 1 + pick(w, CITY_BATCH);
        n = n < operations ? n : operations;
        run_batch(w, n);
        operations -= n;
        shian_arena_free(&w->city.arena);
    }
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


/* ---- recounts --------------------------------------------------------------*/

static size_t
rows(shian_txn_t *t, shian_table_t table)
{
    MDB_stat  st;

    assert_int_equal(mdb_stat(t->mdb, t->store->dbi[table], &st), 0);

    return st.ms_entries;
}


static bool
has_row(shian_txn_t *t, shian_table_t table, const shian_rowkey_t *k,
    shian_str_t want)
{
    shian_str_t  v;

    return shian_row_get(t, table, k, &v) && shian_str_eq(v, want);
}


static const shian_str_t  one_byte = { (const uint8_t *) "\1", 1 };


static bool
is_text(const char *s)
{
    return s != NULL && s[0] != '\0';
}


static shian_rowkey_t
by_key(char field, const char *value, uint64_t id)
{
    shian_rowkey_t  k = shian_venue_by(field, value);

    shian_rowkey_be(&k, id, 8);

    return k;
}


/* Rows of venue_by that a venue must have; each is looked up. */
static size_t
check_venue_by(shian_txn_t *t, const Shian__Venue *v, const Shian__Tally *y)
{
    size_t          i, n;
    shian_rowkey_t  k;

    const char  *const value[] = { v->district, v->category, v->source };

    k.n = 0;
    shian_rowkey_be(&k, 'c', 1);
    shian_rowkey_be(&k, shian_colour_order(shian_tally_colour(y)), 1);
    shian_rowkey_be(&k, 0xffff - (uint64_t) (y->grade == NULL ? 0
                                             : y->grade->score), 2);
    shian_rowkey_be(&k, v->id, 8);
    assert_true(has_row(t, SHIAN_T_VENUE_BY, &k, one_byte));

    for (n = 1, i = 0; i < SHIAN_COUNT(value); i++) {
        if (is_text(value[i])) {
            k = by_key("dkr"[i], value[i], v->id);
            assert_true(has_row(t, SHIAN_T_VENUE_BY, &k, one_byte));
            n++;
        }
    }

    return n;
}


static bool
among(const shian_str_t *terms, size_t n, shian_str_t term)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (shian_str_eq(terms[i], term)) {
            return true;
        }
    }

    return false;
}


static size_t
check_terms(shian_txn_t *t, const Shian__Venue *v)
{
    size_t          i, pass, n[3], count;
    uint8_t         mask;
    shian_str_t    *terms[3];
    shian_rowkey_t  k;

    const char  *const text[] = { v->name, v->name_en, v->address };

    for (pass = 0; pass < 3; pass++) {
        n[pass] = 0;
        assert_true(text[pass] == NULL
                    || shian_text_terms(t->arena, shian_str(text[pass]),
                                        &terms[pass], &n[pass]));
    }

    for (count = 0, pass = 0; pass < 3; pass++) {
        for (i = 0; i < n[pass]; i++) {

            if ((pass > 0 && among(terms[0], n[0], terms[pass][i]))
                || (pass > 1 && among(terms[1], n[1], terms[pass][i])))
            {
                continue;
            }

            count++;
            mask = pass == 2 ? 2 : 1;
            if (pass < 2 && among(terms[2], n[2], terms[pass][i])) {
                mask |= 2;
            }

            k.n = 0;
            shian_rowkey_bytes(&k, terms[pass][i].p, terms[pass][i].n);
            shian_rowkey_be(&k, 0, 1);
            shian_rowkey_be(&k, v->id, 8);
            assert_true(has_row(t, SHIAN_T_TERM, &k, shian_slice(&mask, 1)));
        }
    }

    return count;
}


static size_t
check_position(shian_txn_t *t, const Shian__Venue *v)
{
    shian_rowkey_t  k;

    if (!v->has_lat || !v->has_lng) {
        return 0;
    }

    k = shian_rowkey_id(shian_geo_key((shian_point_t) { v->lat, v->lng }));
    shian_rowkey_be(&k, v->id, 8);
    assert_true(has_row(t, SHIAN_T_GEO, &k, one_byte));

    return 1;
}


/* The values of a venue that others are matched by. */
static shian_str_t
unique_value(shian_txn_t *t, const Shian__Venue *v, char kind)
{
    shian_str_t  name, address;

    switch (kind) {
    case 'u':
        return shian_str(v->uscc);
    case 'l':
        return shian_str(v->licence_no);
    case 'r':
        return v->ref == NULL ? SHIAN_NONE
               : shian_str(shian_printf(t->arena, "%s\n%s", v->source,
                                        v->ref));
    default:
        assert_true(shian_text_key(t->arena, shian_str(v->name), &name));
        assert_true(shian_text_key(t->arena, shian_str(v->address),
                                   &address));
        return shian_str(shian_printf(t->arena, "%.*s\n%.*s",
                                      SHIAN_FMT(name), SHIAN_FMT(address)));
    }
}


/* Every unique entry leads to a record that has the value it stands for. */
static void
check_uniques(shian_txn_t *t)
{
    char           kind;
    uint8_t        hash[16];
    shian_str_t    value;
    shian_scan_t   s;
    Shian__User   *u;
    Shian__Venue  *v;

    const shian_rowkey_t  all = { 0 };

    for (shian_scan_open(&s, t, SHIAN_T_UNIQUE, &all, NULL);
         shian_scan_next(&s); )
    {
        assert_int_equal(s.key.n, 17);
        assert_int_equal(s.value.n, 8);
        kind = (char) s.key.p[0];

        if (kind == 'U') {
            u = shian_user_get(t, shian_be(s.value.p, 8));
            assert_non_null(u);
            value = shian_str(u->login);
        } else {
            v = shian_venue_get(t, shian_be(s.value.p, 8));
            assert_non_null(v);
            value = unique_value(t, v, kind);
        }

        crypto_generichash(hash, sizeof(hash), value.p, value.n, NULL, 0);
        assert_memory_equal(hash, s.key.p + 1, sizeof(hash));
    }

    shian_scan_close(&s);
}


static void
check_venues(shian_txn_t *t)
{
    size_t         by, terms, geo, i;
    uint64_t       id;
    Shian__Tally  *y;
    Shian__Venue  *v;

    by = terms = geo = 0;

    for (id = 1; (v = shian_venue_get(t, id)) != NULL; id++) {
        assert_int_equal(v->id, id);
        y = shian_tally_get(t, id);
        assert_true(y->rev > 0);
        assert_int_equal(y->rev, shian_tally_rev(t, id));

        by += check_venue_by(t, v, y);
        terms += check_terms(t, v);
        geo += check_position(t, v);

        for (i = 0; i < 4; i++) {
            shian_str_t  value = unique_value(t, v, "ulrn"[i]);
            uint64_t     other = shian_unique_get(t, "ulrn"[i], value);

            assert_true(other == 0 || value.n != 0);
        }
    }

    assert_int_equal(rows(t, SHIAN_T_VENUE), id - 1);
    assert_int_equal(rows(t, SHIAN_T_TALLY), id - 1);
    assert_int_equal(rows(t, SHIAN_T_VENUE_BY), by);
    assert_int_equal(rows(t, SHIAN_T_TERM), terms);
    assert_int_equal(rows(t, SHIAN_T_GEO), geo);
}


static uint64_t
recount(shian_txn_t *t, char kind, shian_str_t name, uint8_t sub)
{
    uint64_t       id, n;
    Shian__Venue  *v;

    for (n = 0, id = 1; (v = shian_venue_get(t, id)) != NULL; id++) {
        if (kind != 'k'
            && (uint8_t) shian_tally_colour(shian_tally_get(t, id)) != sub)
        {
            continue;
        }

        n += kind == 'c'
             || shian_str_eq(name, shian_str(kind == 'd' ? v->district
                                                         : v->category));
    }

    return n;
}


static size_t
queue_length(shian_txn_t *t, uint64_t state)
{
    size_t          n;
    shian_scan_t    s;
    Shian__Review  *r;
    shian_rowkey_t  prefix = shian_review_prefix('s', state);

    shian_scan_open(&s, t, SHIAN_T_REVIEW_BY, &prefix, NULL);

    for (n = 0; shian_scan_next(&s); n++) {
        r = shian_review_get(t, shian_be(s.key.p + 17, 8));
        assert_non_null(r);
        assert_int_equal(~shian_be(s.key.p + 9, 8), r->at);

        if (state == SHIAN_FLAGGED) {
            assert_true(r->has_flagged_at);
            assert_int_equal(r->state, SHIAN__REVIEW__STATE__published);
        } else {
            assert_int_equal(r->state, state);
        }
    }

    shian_scan_close(&s);

    return n;
}


static void
check_counters(shian_txn_t *t)
{
    char          kind;
    uint64_t      n, sum[128] = { 0 };
    shian_str_t   name;
    shian_scan_t  s;

    const shian_rowkey_t  all = { 0 };

    for (shian_scan_open(&s, t, SHIAN_T_COUNT, &all, NULL);
         shian_scan_next(&s); )
    {
        kind = (char) s.key.p[0];
        name = shian_slice(s.key.p + 1, s.key.n - 3);
        n = shian_be(s.value.p, 8);
        sum[(uint8_t) kind & 127] += n;

        switch (kind) {
        case '#':
            assert_int_equal(n, rows(t, SHIAN_T_INSPECTION));
            break;
        case 'q':
            assert_int_equal(n, queue_length(t, s.key.p[s.key.n - 1]));
            break;
        default:
            assert_int_equal(n, recount(t, kind, name,
                                        s.key.p[s.key.n - 1]));
        }
    }

    shian_scan_close(&s);

    n = rows(t, SHIAN_T_VENUE);
    assert_int_equal(sum['c'], n);
    assert_int_equal(sum['d'], n);
    assert_int_equal(sum['k'], n);
    assert_int_equal(sum['q'],
                     queue_length(t, SHIAN__REVIEW__STATE__held)
                     + queue_length(t, SHIAN_FLAGGED));
}


static void
count_review(shian_arena_t *a, const Shian__Review *r, Shian__Tally *sum,
    const Shian__Tally *y)
{
    switch (r->state) {
    case SHIAN__REVIEW__STATE__held:
        sum->reviews_held++;
        break;
    case SHIAN__REVIEW__STATE__removed:
        sum->reviews_removed++;
        break;
    default:
        if (shian_local_day(r->at, SHIAN_TZ_MINUTES) >= y->reviews_from) {
            shian_tally_review(a, sum, r->hygiene, r->food, r->service, 1);
        }
    }
}


/* Reviews again from the first to the last; the tally must say the same. */
static void
check_reviews(shian_txn_t *t)
{
    size_t          i, held;
    uint64_t        id, venue;
    uint8_t         v[2];
    Shian__Tally   *y[VENUES + 1], sum[VENUES + 1];
    Shian__Review  *r;
    shian_rowkey_t  k;

    for (i = 0; i <= VENUES; i++) {
        y[i] = shian_tally_get(t, i);
        shian__tally__init(&sum[i]);
    }

    for (held = 0, id = 1; (r = shian_review_get(t, id)) != NULL; id++) {
        assert_in_range(r->venue, 1, VENUES);
        count_review(t->arena, r, &sum[r->venue], y[r->venue]);
        held += r->state == SHIAN__REVIEW__STATE__held;

        k = shian_review_key('v', r->venue, r->at, id);
        v[0] = (uint8_t) (r->hygiene | (unsigned) r->state << 4);
        v[1] = (uint8_t) (r->food | r->service << 4);
        assert_true(has_row(t, SHIAN_T_REVIEW_BY, &k, shian_slice(v, 2)));
    }

    assert_int_equal(rows(t, SHIAN_T_REVIEW), id - 1);
    assert_int_equal(queue_length(t, SHIAN__REVIEW__STATE__held), held);
    assert_int_equal(rows(t, SHIAN_T_REVIEW_BY),
                     id - 1 + held + queue_length(t, SHIAN_FLAGGED));

    for (venue = 1; venue <= VENUES; venue++) {
        assert_int_equal(y[venue]->reviews, sum[venue].reviews);
        assert_int_equal(y[venue]->hygiene_sum, sum[venue].hygiene_sum);
        assert_int_equal(y[venue]->food_reviews, sum[venue].food_reviews);
        assert_int_equal(y[venue]->food_sum, sum[venue].food_sum);
        assert_int_equal(y[venue]->service_reviews,
                         sum[venue].service_reviews);
        assert_int_equal(y[venue]->service_sum, sum[venue].service_sum);
        assert_int_equal(y[venue]->reviews_held, sum[venue].reviews_held);
        assert_int_equal(y[venue]->reviews_removed,
                         sum[venue].reviews_removed);

        for (i = 0; i < y[venue]->n_histogram; i++) {
            assert_int_equal(y[venue]->histogram[i],
                             sum[venue].n_histogram == 0 ? 0
                             : sum[venue].histogram[i]);
        }
    }
}


/* A photo is open as often as published reviews show it. */
static void
check_photos(shian_txn_t *t)
{
    size_t          i, shown;
    uint64_t        id, open;
    shian_scan_t    s;
    Shian__Photo   *p;
    Shian__Review  *r;

    const shian_rowkey_t  all = { 0 };

    open = shown = 0;

    for (shian_scan_open(&s, t, SHIAN_T_PHOTO, &all, NULL);
         shian_scan_next(&s); )
    {
        p = shian_photo_get(t, s.key);
        assert_true(shian_str_eq(shian_bytes(p->hash), s.key));
        open += p->open;
    }

    shian_scan_close(&s);

    for (id = 1; (r = shian_review_get(t, id)) != NULL; id++) {
        for (i = 0; i < r->n_photos; i++) {
            assert_non_null(shian_photo_get(t,
                                        shian_bytes(r->photos[i]->hash)));
            shown += r->state == SHIAN__REVIEW__STATE__published;
        }
    }

    assert_int_equal(open, shown);
}


static void
check_plaques_and_visits(shian_txn_t *t)
{
    size_t                inspections;
    uint64_t              id, in_force;
    shian_scan_t          s;
    Shian__Tally         *y;
    Shian__Plaque        *p;
    const shian_rowkey_t  all = { 0 };

    for (in_force = inspections = 0, id = 1; id <= VENUES; id++) {
        y = shian_tally_get(t, id);
        inspections += y->inspections;

        if (y->plaque != 0) {
            p = shian_plaque_get(t, y->plaque);
            assert_int_equal(p->venue, id);
            assert_false(p->has_withdrawn_at);
            in_force++;
        }
    }

    assert_int_equal(rows(t, SHIAN_T_INSPECTION), inspections);

    for (shian_scan_open(&s, t, SHIAN_T_PLAQUE, &all, NULL);
         shian_scan_next(&s); )
    {
        p = shian_plaque_get(t, shian_be(s.key.p, 8));
        in_force -= !p->has_withdrawn_at;
    }

    shian_scan_close(&s);
    assert_int_equal(in_force, 0);

    for (shian_scan_open(&s, t, SHIAN_T_GRADE, &all, NULL);
         shian_scan_next(&s); )
    {
        assert_non_null(shian_venue_get(t, shian_be(s.key.p, 8)));
        assert_non_null(shian_log_get(t, shian_be(s.key.p + 16, 8)));
    }

    shian_scan_close(&s);
}


static void
check_all(world_t *w)
{
    char         err[256];
    shian_txn_t  t;

    assert_int_equal(shian_txn_begin(w->city.store, &w->city.arena, false,
                                     &t), 0);
    check_venues(&t);
    check_uniques(&t);
    check_counters(&t);
    check_reviews(&t);
    check_photos(&t);
    check_plaques_and_visits(&t);
    assert_int_equal(t.err, 0);
    shian_txn_abort(&t);

    if (!city_verify(&w->city, err, sizeof(err))) {
        fail_msg("seed: %s", err);
    }
}


/* ---- tests -----------------------------------------------------------------*/

static void
a_long_history_is_what_its_log_says(void **state)
{
    size_t   i;
    world_t  w;

    (void) state;
    live(&w, 20251123, 10000);
    check_all(&w);

    /* It was a life: all of it happened, and all of it was refused once. */
    for (i = 0; i < shian_noperations; i++) {
        if (w.done[shian_operations[i].body] == 0) {
            fail_msg("%s never went through", shian_operations[i].name);
        }
    }

    assert_true(w.done[SHIAN__OPERATION__BODY_REVIEW_POST] > 1000);
    assert_true(w.done[SHIAN__OPERATION__BODY_REVIEW_FLAG] > 20);
    assert_true(w.done[SHIAN__OPERATION__BODY_REVIEW_DECIDE] > 50);
    assert_true(w.refused[SHIAN__OPERATION__BODY_REVIEW_POST] > 50);
    assert_true(w.refused[SHIAN__OPERATION__BODY_VENUE_UPSERT] > 50);
    assert_true(w.repeated > 20);
    assert_true(w.unchanged > 20);

    end(&w);
}


static void
short_histories_as_well(void **state)
{
    world_t   w;
    uint64_t  seed;

    (void) state;

    for (seed = 1; seed <= 8; seed++) {
        live(&w, seed * 7919, 400);
        check_all(&w);
        end(&w);
    }
}


/* Writes the bytes as they are, beside every rule. */
static void
overwrite(world_t *w, shian_table_t table, const shian_rowkey_t *k,
    shian_str_t value)
{
    shian_txn_t  t;

    assert_int_equal(shian_txn_begin(w->city.store, &w->city.arena, true,
                                     &t), 0);
    shian_row_put(&t, table, k, value);
    assert_int_equal(shian_txn_commit(&t), 0);
}


/* A row of the table at random: a copy of key and value. */
static void
some_row(world_t *w, shian_table_t table, shian_rowkey_t *k, uint8_t *value,
    size_t *n)
{
    size_t                i;
    shian_txn_t           t;
    shian_scan_t          s;
    const shian_rowkey_t  all = { 0 };

    assert_int_equal(shian_txn_begin(w->city.store, &w->city.arena, false,
                                     &t), 0);
    if (rows(&t, table) == 0) {
        fail_msg("the history left no row in %s", shian_tables[table].name);
    }

    i = pick(w, rows(&t, table)) + 1;
    shian_scan_open(&s, &t, table, &all, NULL);

    while (i-- > 0) {
        assert_true(shian_scan_next(&s));
    }

    k->n = 0;
    shian_rowkey_bytes(k, s.key.p, s.key.n);
    assert_true(s.value.n <= 4096);
    *n = s.value.n;
    memcpy(value, s.value.p, s.value.n);
    shian_scan_close(&s);
    shian_txn_abort(&t);
}


static void
one_changed_byte_is_found(world_t *w, shian_table_t table)
{
    char            err[256];
    size_t          n, at;
    uint8_t         value[4096], bit;
    shian_rowkey_t  k;

    some_row(w, table, &k, value, &n);
    at = pick(w, n);
    bit = (uint8_t) (1u << pick(w, 8));

    value[at] ^= bit;
    overwrite(w, table, &k, shian_slice(value, n));

    if (city_verify(&w->city, err, sizeof(err))) {
        fail_msg("byte %d of a row of %s changed and nobody noticed",
                 (int) at, shian_tables[table].name);
    }

    value[at] ^= bit;
    overwrite(w, table, &k, shian_slice(value, n));
}


static void
no_changed_byte_goes_unseen(void **state)
{
    int      i, again;
    char     err[256];
    world_t  w;

    (void) state;
    live(&w, 4711, 1500);

    for (i = 0; i < SHIAN_T_MAX; i++) {
        if (shian_tables[i].kind == SHIAN_REPLAYED) {
            for (again = i == SHIAN_T_LOG ? 8 : 2; again > 0; again--) {
                one_changed_byte_is_found(&w, (shian_table_t) i);
            }
        }
    }

    assert_true(city_verify(&w.city, err, sizeof(err)));
    end(&w);
}


static void
rows_added_or_gone_are_found(void **state)
{
    char            err[256];
    size_t          n;
    uint8_t         value[4096];
    world_t         w;
    shian_txn_t     t;
    shian_rowkey_t  k, more;

    (void) state;
    live(&w, 815, 300);
    some_row(&w, SHIAN_T_TERM, &k, value, &n);

    more = k;
    shian_rowkey_be(&more, 0, 1);
    overwrite(&w, SHIAN_T_TERM, &more, one_byte);
    assert_false(city_verify(&w.city, err, sizeof(err)));
    assert_non_null(strstr(err, "term"));

    assert_int_equal(shian_txn_begin(w.city.store, &w.city.arena, true, &t),
                     0);
    shian_row_del(&t, SHIAN_T_TERM, &more);
    assert_int_equal(shian_txn_commit(&t), 0);
    assert_true(city_verify(&w.city, err, sizeof(err)));

    /* An entry cut out of the middle of the log. */
    k = shian_rowkey_id(20);
    assert_int_equal(shian_txn_begin(w.city.store, &w.city.arena, true, &t),
                     0);
    shian_row_del(&t, SHIAN_T_LOG, &k);
    assert_int_equal(shian_txn_commit(&t), 0);
    assert_false(city_verify(&w.city, err, sizeof(err)));
    assert_non_null(strstr(err, "log entry 20 is missing"));

    end(&w);
}


static void
erased_words_are_gone_and_verify_passes(void **state)
{
    char               err[256], *text;
    city_t             c;
    shian_txn_t        t;
    Shian__Review     *r;
    Shian__Operation  *op;

    (void) state;
    city_open(&c, 3, CITY_MAP);
    assert_int_equal(city_do(&c, city_venue(&c, "Harbour View")), 200);
    assert_int_equal(city_do(&c, city_review(&c, 1, 2, "call me", 1, 1)),
                     200);
    assert_int_equal(city_do(&c, city_review(&c, 1, 5, "lovely", 2, 2)),
                     200);

    op = city_operation(&c, ROLE(chief), 0);
    CITY_BODY(&c, op, ERASE, erase, Shian__Erase,
              shian__erase__init)->review = 1;
    op->erase->has_review = 1;
    assert_int_equal(city_do(&c, op), 200);
    assert_int_equal(city_do(&c, op), 200);

    assert_int_equal(shian_txn_begin(c.store, &c.arena, false, &t), 0);
    r = shian_review_get(&t, 1);
    assert_non_null(r);
    assert_null(shian_unseal(&t, &c.keys, r->vault, "text", r->text));
    r = shian_review_get(&t, 2);
    text = shian_unseal(&t, &c.keys, r->vault, "text", r->text);
    assert_string_equal(text, "lovely");
    assert_int_equal(rows(&t, SHIAN_T_VAULT), 1);
    shian_txn_abort(&t);

    assert_true(city_verify(&c, err, sizeof(err)));
    city_close(&c);
}


static Shian__Operation *
decide(city_t *c, Shian__ReviewDecide__Action action)
{
    Shian__Operation     *op = city_operation(c, ROLE(officer), 0);
    Shian__ReviewDecide  *d;

    d = CITY_BODY(c, op, REVIEW_DECIDE, review_decide, Shian__ReviewDecide,
                  shian__review_decide__init);
    d->has_review = d->has_action = d->has_reason = 1;
    d->review = 1;
    d->action = action;
    d->reason = SHIAN__REVIEW__GROUND__abuse;

    return op;
}


/* All within one millisecond, then with the clock put back. */
static void
a_flag_waits_until_it_is_decided(void **state)
{
    city_t             c;
    shian_txn_t        t;
    Shian__Operation  *op;

    (void) state;
    city_open(&c, 4, CITY_MAP);
    assert_int_equal(city_do(&c, city_venue(&c, "Harbour View")), 200);
    op = city_review(&c, 1, 2, "a listed word", 1, 1);
    op->review_post->has_hold = op->review_post->hold = 1;
    assert_int_equal(city_do(&c, op), 200);
    op = decide(&c, SHIAN__REVIEW_DECIDE__ACTION__publish);
    assert_int_equal(city_do(&c, op), 200);

    c.now -= 1000;
    op = city_operation(&c, ROLE(venue), 1);
    CITY_BODY(&c, op, REVIEW_FLAG, review_flag, Shian__ReviewFlag,
              shian__review_flag__init)->review = 1;
    op->review_flag->has_review = 1;
    op->review_flag->text = "Nobody was here that day.";
    assert_int_equal(city_do(&c, op), 200);

    op = decide(&c, SHIAN__REVIEW_DECIDE__ACTION__publish);
    assert_int_equal(city_do(&c, op), 200);
    assert_int_equal(city_do(&c, op), 409);

    assert_int_equal(shian_txn_begin(c.store, &c.arena, false, &t), 0);
    assert_int_equal(queue_length(&t, SHIAN_FLAGGED), 0);
    check_counters(&t);
    shian_txn_abort(&t);

    op = decide(&c, SHIAN__REVIEW_DECIDE__ACTION__remove);
    assert_int_equal(city_do(&c, op), 200);
    city_close(&c);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_long_history_is_what_its_log_says),
        cmocka_unit_test(short_histories_as_well),
        cmocka_unit_test(no_changed_byte_goes_unseen),
        cmocka_unit_test(rows_added_or_gone_are_found),
        cmocka_unit_test(a_flag_waits_until_it_is_decided),
        cmocka_unit_test(erased_words_are_gone_and_verify_passes),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
