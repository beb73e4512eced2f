#include "complaint_parts.h"

#include <errno.h>
#include <sodium.h>

#include "core/code.h"
#include "evidence.h"

#define NEVER       UINT64_C(0xffffffff)
#define MAX_KEYS    9
#define MINUTE_MS   60000
#define MORNING_MS  (INT64_C(8) * 3600000)
#define NUMBER_LEN  13      /* 20261130-7F3K */

#define STATE(name)  SHIAN__COMPLAINT__STATE__##name

const uint32_t  shian_buckets[SHIAN_BUCKETS - 1] = {
    30, 60, 120, 240, 480, 720, 1440, 2880, 4320, 7200, 10080, 20160, 43200,
    86400
};


Shian__Complaint *
shian_complaint_get(shian_txn_t *t, uint64_t id)
{
    return shian_get(t, SHIAN_T_COMPLAINT, id,
                     &shian__complaint__descriptor);
}


uint64_t
shian_complaint_of_handle(shian_txn_t *t, uint64_t handle)
{
    shian_rowkey_t  k = shian_rowkey_id(handle);

    return shian_unique_get(t, 'T', shian_slice(k.b, k.n));
}


uint64_t
shian_complaint_of_public(shian_txn_t *t, shian_str_t public_id)
{
    return public_id.n != SHIAN_HANDLE_LEN ? 0
           : shian_unique_get(t, 'O', public_id);
}


/* As 20261130-7F3K, in either case, with or without the hyphen. */
uint64_t
shian_complaint_of_number(shian_txn_t *t, shian_str_t number)
{
    char     text[NUMBER_LEN];
    size_t   i, n;
    uint8_t  c;

    for (i = 0, n = 0; i < number.n; i++) {
        c = number.p[i];

        if (c == '-' || c == ' ') {
            continue;
        }

        if (n == 8) {
            text[n++] = '-';
        }

        if (n == sizeof(text)) {
            return 0;
        }

        text[n++] = (char) (c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    }

    return shian_unique_get(t, 'F', shian_slice(text, n));
}


bool
shian_complaint_public(const Shian__Complaint *c, uint64_t now_ms)
{
    int64_t  morning;

    morning = ((int64_t) shian_local_day(c->at, SHIAN_TZ_MINUTES) + 1)
              * INT64_C(86400000) - SHIAN_TZ_MINUTES * INT64_C(60000)
              + MORNING_MS;

    return c->has_looked_at || (int64_t) now_ms >= morning;
}


static shian_rowkey_t
event_key(uint64_t id, uint32_t n)
{
    shian_rowkey_t  k = shian_rowkey_id(id);

    shian_rowkey_be(&k, n, 4);

    return k;
}


Shian__ComplaintEvent *
shian_complaint_event(shian_txn_t *t, uint64_t id, uint32_t n)
{
    shian_rowkey_t  k = event_key(id, n);

    return shian_row_message(t, SHIAN_T_COMPLAINT_EVENT, &k,
                             &shian__complaint_event__descriptor);
}


const char *
shian_action_name(const ProtobufCEnumDescriptor *actions, int value)
{
    const ProtobufCEnumValue  *v;

    v = protobuf_c_enum_descriptor_get_value(actions, value);

    return v == NULL ? "" : v->name;
}


bool
shian_complaint_ended(Shian__Complaint__State state)
{
    return state == STATE(refused) || state == STATE(merged)
           || state == STATE(closed) || state == STATE(withdrawn);
}


/* ---- index ----------------------------------------------------------------*/

shian_rowkey_t
shian_complaint_prefix(char field)
{
    shian_rowkey_t  k;

    k.n = 0;
    shian_rowkey_be(&k, (uint8_t) field, 1);

    return k;
}


shian_rowkey_t
shian_complaint_prefix_id(char field, uint64_t id)
{
    shian_rowkey_t  k = shian_complaint_prefix(field);

    shian_rowkey_be(&k, id, 8);

    return k;
}


shian_rowkey_t
shian_complaint_prefix_text(char field, shian_str_t value)
{
    uint8_t         hash[16];
    shian_rowkey_t  k = shian_complaint_prefix(field);

    crypto_generichash(hash, sizeof(hash), value.p, value.n, NULL, 0);
    shian_rowkey_bytes(&k, hash, 8);

    return k;
}


static void
add_key(shian_rowkey_t *keys, size_t *n, shian_rowkey_t k, uint64_t order,
    unsigned width, uint64_t id)
{
    shian_rowkey_be(&k, order, width);
    shian_rowkey_be(&k, id, 8);
    keys[(*n)++] = k;
}


static uint64_t
due_order(bool has, int32_t day)
{
    return has ? (uint64_t) ((int64_t) day + INT64_C(0x80000000)) : NEVER;
}


/* The two halves of a filing share one key, and so go together. */
static bool
expiry_key(shian_txn_t *t, const Shian__Complaint *c, shian_rowkey_t *k)
{
    uint64_t                 id, ended;
    const Shian__Complaint  *other;

    if (!c->has_ended_at || c->erased) {
        return false;
    }

    id = c->id;
    ended = c->ended_at;

    if (c->has_linked) {
        other = shian_complaint_get(t, c->linked);

        if (other == NULL || !other->has_ended_at) {
            return false;
        }

        id = other->id < id ? other->id : id;
        ended = other->ended_at > ended ? other->ended_at : ended;
    }

    *k = shian_complaint_prefix('x');
    shian_rowkey_be(k, (uint32_t) shian_local_day(ended, SHIAN_TZ_MINUTES),
                    4);
    shian_rowkey_be(k, id, 8);

    return true;
}


/* All but x; see the head of complaint.h. */
static size_t
index_keys(const Shian__Complaint *c, shian_rowkey_t *keys)
{
    size_t          n;
    uint64_t        due;
    shian_rowkey_t  k;

    n = 0;
    due = due_order(c->has_due_on, c->due_on);

    k = shian_complaint_prefix('s');
    shian_rowkey_be(&k, (uint64_t) c->state, 1);
    add_key(keys, &n, k, due, 4, c->id);

    if (!shian_complaint_ended(c->state)) {

        if (c->district != NULL) {
            add_key(keys, &n,
                    shian_complaint_prefix_text('d', shian_str(c->district)),
                    due, 4, c->id);
        }

        if (c->category != NULL) {
            add_key(keys, &n,
                    shian_complaint_prefix_text('k', shian_str(c->category)),
                    due, 4, c->id);
        }

        add_key(keys, &n, shian_complaint_prefix_id('u', c->officer), due, 4,
                c->id);
    }

    if (c->state == STATE(dispatched) || c->state == STATE(on_site)) {
        add_key(keys, &n, shian_complaint_prefix_id('t', c->dispatched_to),
                due_order(c->has_dispatch_due_on, c->dispatch_due_on), 4,
                c->id);
    }

    if (c->has_venue) {
        add_key(keys, &n, shian_complaint_prefix_id('v', c->venue), ~c->at, 8,
                c->id);

        if (c->counts) {
            add_key(keys, &n, shian_complaint_prefix_id('g', c->venue),
                    ~(uint32_t) shian_local_day(c->decided_at,
                                                SHIAN_TZ_MINUTES),
                    4, c->id);
        }
    }

    if (c->has_merged_into) {
        k = shian_complaint_prefix_id('m', c->merged_into);
        shian_rowkey_be(&k, c->id, 8);
        keys[n++] = k;
    }

    if (c->has_device) {
        add_key(keys, &n,
                shian_complaint_prefix_text('i', shian_bytes(c->device)),
                ~c->at, 8, c->id);
    }

    return n;
}


/* A filing counts by one record's decision, as long as that stands. */
static void
move_evidence(shian_op_t *o, const Shian__Complaint *was,
    const Shian__Complaint *is)
{
    bool             old;
    Shian__Evidence  e;

    old = was != NULL && was->counts;

    if (old && (!is->counts || was->venue != is->venue)) {
        shian_evidence_forget(o, was->venue, SHIAN_EVIDENCE(complaint),
                              was->id);
        old = false;
    }

    /* The last decision was taken back: then it never counted by that one. */
    if (old && is->decided_at < was->decided_at) {
        shian_evidence_del(o, is->venue, was->decided_at,
                           SHIAN_EVIDENCE(complaint), is->id);
    }

    /* Decided so again, it counts by each decision at its own time. */
    if (is->counts && (!old || was->decided_at != is->decided_at)) {
        e = shian_evidence(SHIAN_EVIDENCE(complaint), is->id);
        shian_evidence_put(o, is->venue, is->decided_at, &e);
    }
}


void
shian_complaint_put(shian_op_t *o, const Shian__Complaint *was,
    const Shian__Complaint *is)
{
    size_t          i, n;
    shian_rowkey_t  keys[MAX_KEYS], k;

    if (was != NULL) {
        n = index_keys(was, keys);

        for (i = 0; i < n; i++) {
            shian_row_del(o->txn, SHIAN_T_COMPLAINT_BY, &keys[i]);
        }

        if (expiry_key(o->txn, was, &k)) {
            shian_row_del(o->txn, SHIAN_T_COMPLAINT_BY, &k);
        }
    }

    move_evidence(o, was, is);
    shian_put_record(o->txn, SHIAN_T_COMPLAINT, is->id, is);
    n = index_keys(is, keys);

    for (i = 0; i < n; i++) {
        shian_index_put(o->txn, SHIAN_T_COMPLAINT_BY, &keys[i],
                        (uint8_t) ((unsigned) is->state
                                   | (unsigned) is->kind << 4));
    }

    if (expiry_key(o->txn, is, &k)) {
        shian_index_put(o->txn, SHIAN_T_COMPLAINT_BY, &k, 1);
    }
}


void
shian_complaint_tell(shian_op_t *o, Shian__Complaint *c, const char *action,
    Shian__ComplaintEvent *e)
{
    shian_rowkey_t  k;

    e->has_at = e->has_state = 1;
    e->at = o->op->at;
    e->state = c->state;
    e->action = (char *) action;
    e->has_user = o->op->actor->user != 0;
    e->user = o->op->actor->user;
    e->has_role = 1;
    e->role = o->op->actor->role;

    c->has_events = 1;
    c->events++;
    k = event_key(c->id, c->events);
    shian_row_put_message(o->txn, SHIAN_T_COMPLAINT_EVENT, &k, e);
}


/* ---- lists ----------------------------------------------------------------*/

size_t
shian_complaint_duplicates(shian_txn_t *t, uint64_t venue, uint64_t at_ms,
    uint64_t besides, uint64_t *ids, size_t max)
{
    size_t          n;
    uint64_t        at, id, from;
    shian_scan_t    scan;
    shian_rowkey_t  prefix, start;

    n = 0;
    from = at_ms > SHIAN_DUPLICATE_MS ? at_ms - SHIAN_DUPLICATE_MS : 0;
    prefix = start = shian_complaint_prefix_id('v', venue);
    shian_rowkey_be(&start, ~(at_ms + SHIAN_DUPLICATE_MS), 8);

    for (shian_scan_open(&scan, t, SHIAN_T_COMPLAINT_BY, &prefix, &start);
         n < max && shian_scan_next(&scan) && scan.key.n == 25; )
    {
        at = ~shian_be(scan.key.p + 9, 8);
        id = shian_by_id(scan.key);

        if (at < from) {
            break;
        }

        if (id != besides && scan.value.n == 1
            && !shian_complaint_ended((Shian__Complaint__State)
                                      (scan.value.p[0] & 15)))
        {
            ids[n++] = id;
        }
    }

    shian_scan_close(&scan);

    return n;
}


/* ---- figures --------------------------------------------------------------*/

uint8_t
shian_bucket(uint64_t minutes)
{
    uint8_t  i;

    for (i = 0; i < SHIAN_BUCKETS - 1 && minutes >= shian_buckets[i]; i++) {
        /* void */
    }

    return i;
}


/* In the month of that day. */
static void
figure(shian_op_t *o, const Shian__Complaint *c, int32_t day, uint8_t sub,
    int delta)
{
    char         *name;
    int32_t       y, m, d;

    shian_civil_from_day(day, &y, &m, &d);
    name = shian_printf(o->arena, "%04d-%02d/%c/%s/%s", (int) y, (int) m,
                        c->kind == SHIAN__COMPLAINT__KIND__report ? 'r'
                                                                  : 'c',
                        c->category == NULL ? "" : c->category,
                        c->district == NULL ? "" : c->district);

    if (name == NULL) {
        o->txn->err = ENOMEM;
        return;
    }

    /* What was never counted there is not taken back either. */
    if (delta > 0 || shian_count_get(o->txn, 'f', shian_str(name), sub)
                     >= (uint64_t) -delta)
    {
        shian_count_add(o->txn, 'f', shian_str(name), sub, delta);
    }
}


void
shian_figure(shian_op_t *o, const Shian__Complaint *c, uint8_t sub)
{
    figure(o, c, shian_op_day(o), sub, 1);
}


/* Clocks may step back: that took no time. */
static void
took(shian_op_t *o, const Shian__Complaint *c, shian_took_t step,
    uint64_t from_ms, uint64_t to_ms, int delta)
{
    int32_t   day;
    uint64_t  minutes;

    day = shian_local_day(to_ms, SHIAN_TZ_MINUTES);
    minutes = to_ms > from_ms ? (to_ms - from_ms) / MINUTE_MS : 0;
    minutes = minutes > INT32_MAX ? INT32_MAX : minutes;

    figure(o, c, day, (uint8_t) (16 * step + shian_bucket(minutes)), delta);

    if (minutes != 0) {
        figure(o, c, day, (uint8_t) (16 * step + SHIAN_BUCKET_SUM),
               delta * (int) minutes);
    }
}


void
shian_figure_took(shian_op_t *o, const Shian__Complaint *c,
    shian_took_t step, uint64_t from_ms)
{
    took(o, c, step, from_ms, o->op->at, 1);
}


void
shian_figure_back(shian_op_t *o, const Shian__Complaint *c)
{
    if (c->has_ended_at) {
        figure(o, c, shian_local_day(c->ended_at, SHIAN_TZ_MINUTES),
               SHIAN_FIGURE_ENDED, -1);
        took(o, c, SHIAN_TOOK_ALL, c->at, c->ended_at, -1);
    }

    if (c->has_outcome && c->has_decided_at) {
        figure(o, c, shian_local_day(c->decided_at, SHIAN_TZ_MINUTES),
               shian_is_substantiated(c) ? SHIAN_FIGURE_SUBSTANTIATED
                                         : SHIAN_FIGURE_UNSUBSTANTIATED, -1);
    }
}


/* f2026-11/c/: the kind's letter stands at 9. */
uint64_t
shian_figure_sum(shian_txn_t *t, char kind, uint8_t sub)
{
    uint64_t        n;
    shian_scan_t    scan;
    shian_rowkey_t  prefix;

    n = 0;
    prefix = shian_complaint_prefix('f');

    for (shian_scan_open(&scan, t, SHIAN_T_COUNT, &prefix, NULL);
         shian_scan_next(&scan) && scan.key.n > 11; )
    {
        if (scan.key.p[scan.key.n - 1] == sub && scan.value.n == 8
            && (kind == 0 || scan.key.p[9] == (uint8_t) kind))
        {
            n += shian_be(scan.value.p, 8);
        }
    }

    shian_scan_close(&scan);

    return n;
}
