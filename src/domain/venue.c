#include "venue.h"

#include <sodium.h>

#include "capabilities.h"
#include "core/geo.h"
#include "core/number.h"
#include "core/text.h"
#include "evidence.h"
#include "tally.h"

#define IN_NAME     1
#define IN_ADDRESS  2


static shian_str_t
ref_value(shian_txn_t *t, const Shian__Venue *v)
{
    char  *s;

    s = shian_printf(t->arena, "%s\n%s", v->source == NULL ? "" : v->source,
                     v->ref);

    return shian_str(s);
}


static shian_str_t
name_value(shian_txn_t *t, const Shian__Venue *v)
{
    char         *s;
    shian_str_t   name, address;

    if (!shian_text_key(t->arena, shian_str(v->name), &name)
        || !shian_text_key(t->arena, shian_str(v->address), &address))
    {
        return SHIAN_NONE;
    }

    s = shian_printf(t->arena, "%.*s\n%.*s", SHIAN_FMT(name),
                     SHIAN_FMT(address));

    return shian_str(s);
}


/* A number may not lead to a venue that the same list calls otherwise. */
static uint64_t
unless_other_ref(shian_txn_t *t, const Shian__Venue *v, uint64_t id)
{
    Shian__Venue  *found;

    if (id == 0 || v->ref == NULL) {
        return id;
    }

    found = shian_venue_get(t, id);

    if (found != NULL && found->ref != NULL
        && shian_str_eq(shian_str(found->source), shian_str(v->source))
        && strcmp(found->ref, v->ref) != 0)
    {
        return 0;
    }

    return id;
}


uint64_t
shian_venue_match(shian_txn_t *t, const Shian__Venue *v)
{
    uint64_t  id;

    if (v->ref != NULL) {
        id = shian_unique_get(t, 'r', ref_value(t, v));
        if (id != 0) {
            return id;
        }
    }

    if (v->uscc != NULL) {
        id = unless_other_ref(t, v, shian_unique_get(t, 'u',
                                                     shian_str(v->uscc)));
        if (id != 0) {
            return id;
        }
    }

    if (v->licence_no != NULL) {
        id = unless_other_ref(t, v,
                 shian_unique_get(t, 'l', shian_str(v->licence_no)));
        if (id != 0) {
            return id;
        }
    }

    if (v->ref == NULL && v->uscc == NULL && v->licence_no == NULL
        && v->name != NULL)
    {
        return shian_unique_get(t, 'n', name_value(t, v));
    }

    return 0;
}


/* ---- who says that it is open -------------------------------------------- */


#define BY(who)  SHIAN__VENUE__STATUS_BY__##who


static void
set_status(Shian__Venue *v, Shian__Venue__Status status,
    Shian__Venue__StatusBy by)
{
    v->has_status = 1;
    v->status = status;
    v->has_status_by = by != BY(office);
    v->status_by = by;
    v->has_status_was = v->has_status_was_by = 0;
    v->status_was = SHIAN__VENUE__STATUS__active;
    v->status_was_by = BY(office);
}


bool
shian_venue_status_kept(const Shian__Venue *was, const Shian__Venue *list)
{
    Shian__Venue__Status    status = was->status;
    Shian__Venue__StatusBy  by = was->status_by;

    if (by == BY(missing)) {
        status = was->status_was;
        by = was->status_was_by;
    }

    return list->has_status && by == BY(office) && list->status < status;
}


bool
shian_venue_returns(const Shian__Venue *was, const Shian__Venue *list)
{
    return was->status_by == BY(missing) && list->source != NULL
           && (list->has_status || shian_str_eq(shian_str(was->source),
                                                shian_str(list->source)));
}


/* A list may close what a person left open, and never lifts what one did. */
static void
take_status(Shian__Venue *dst, const Shian__Venue *src)
{
    if (src->source == NULL) {
        if (src->has_status) {
            set_status(dst, src->status, BY(office));
        }
        return;
    }

    if (shian_venue_returns(dst, src)) {
        set_status(dst, dst->status_was, dst->status_was_by);
    }

    if (src->has_status && !shian_venue_status_kept(dst, src)
        && !(dst->has_status && dst->status == src->status))
    {
        set_status(dst, src->status, BY(cell));
    }
}


/* What src has set replaces what dst has; shares src's strings. */
static void
merge(Shian__Venue *dst, const Shian__Venue *src)
{
    bool                             other_list;
    size_t                           i;
    char                            *const *s;
    const uint8_t                   *from = (const uint8_t *) src;
    uint8_t                         *to = (uint8_t *) dst;
    const ProtobufCFieldDescriptor  *f;

    /* Found by a number, it keeps the name that its own list has for it. */
    other_list = dst->ref != NULL
                 && !shian_str_eq(shian_str(dst->source),
                                  shian_str(src->source));

    for (i = 0; i < shian__venue__descriptor.n_fields; i++) {
        f = &shian__venue__descriptor.fields[i];

        if (strncmp(f->name, "status", 6) == 0
            || (other_list && (strcmp(f->name, "ref") == 0
                               || strcmp(f->name, "source") == 0)))
        {
            continue;
        }

        if (f->type == PROTOBUF_C_TYPE_STRING) {
            s = (char *const *) (const void *) (from + f->offset);
            if (*s != NULL) {
                memcpy(to + f->offset, s, sizeof(*s));
            }
            continue;
        }

        if (*(const protobuf_c_boolean *) (from + f->quantifier_offset)) {
            *(protobuf_c_boolean *) (to + f->quantifier_offset) = 1;
            memcpy(to + f->offset, from + f->offset,
                   f->type == PROTOBUF_C_TYPE_UINT64
                   || f->type == PROTOBUF_C_TYPE_DOUBLE ? 8
                   : f->type == PROTOBUF_C_TYPE_BOOL
                   ? sizeof(protobuf_c_boolean) : 4);
        }
    }

    take_status(dst, src);

    /* A number that is right now is doubtful no more. */
    if (src->uscc != NULL && !src->uscc_doubtful) {
        dst->has_uscc_doubtful = dst->uscc_doubtful = 0;
    }

    if (src->licence_no != NULL && !src->licence_doubtful) {
        dst->has_licence_doubtful = dst->licence_doubtful = 0;
    }
}


static bool
same_record(shian_arena_t *a, const Shian__Venue *x, const Shian__Venue *y)
{
    return shian_str_eq(shian_pack(a, x), shian_pack(a, y));
}


static uint64_t
target(shian_txn_t *t, const Shian__Venue *v)
{
    return v->has_id && v->id != 0 ? v->id : shian_venue_match(t, v);
}


bool
shian_venue_upsert_check(shian_op_t *o)
{
    uint64_t             id;
    Shian__Venue        *was, now;
    const Shian__Venue  *v;

    v = o->op->venue_upsert->venue;

    if (v == NULL) {
        return shian_fail(o->report, 400, "malformed", "No venue.");
    }

    id = target(o->txn, v);

    if (id == 0 && (v->name == NULL || v->name[0] == '\0')) {
        shian_fail_field(o->report, "name", "required", NULL);
    }

    if (v->uscc != NULL && !v->uscc_doubtful
        && shian_uscc_check(shian_str(v->uscc)) != SHIAN_NUMBER_OK)
    {
        shian_fail_field(o->report, "uscc", "pattern",
                         "The check digit is wrong.");
    }

    if ((v->has_lat || v->has_lng)
        && !(v->has_lat && v->has_lng && shian_geo_valid(v->lat, v->lng)))
    {
        shian_fail_field(o->report, "lat", "range", NULL);
    }

    if (o->report->status != 200) {
        return false;
    }

    o->result.has_outcome = 1;
    o->result.outcome = SHIAN__RESULT__OUTCOME__created;

    if (id == 0) {
        return shian_may(o, v);
    }

    was = shian_venue_get(o->txn, id);
    if (was == NULL) {
        return shian_no_such(o, "There is no such venue.");
    }

    now = *was;
    merge(&now, v);
    now.id = id;

    shian_result(o, id, 0);
    o->unchanged = same_record(o->arena, was, &now);
    o->result.outcome = o->unchanged ? SHIAN__RESULT__OUTCOME__unchanged
                                     : SHIAN__RESULT__OUTCOME__changed;

    /* Nobody gives a place to a district that is not theirs either. */
    return shian_may(o, was) && shian_may(o, &now);
}


/* ---- indexes --------------------------------------------------------------*/

shian_rowkey_t
shian_venue_by(char field, const char *value)
{
    uint8_t         hash[16];
    shian_rowkey_t  k;
    shian_str_t     s = shian_str(value);

    crypto_generichash(hash, sizeof(hash), s.p, s.n, NULL, 0);

    k.n = 0;
    shian_rowkey_be(&k, (uint8_t) field, 1);
    shian_rowkey_bytes(&k, hash, 8);

    return k;
}


static void
set_by(shian_txn_t *t, char field, const char *value, uint64_t id, bool put)
{
    shian_rowkey_t  k;

    if (value == NULL || value[0] == '\0') {
        return;
    }

    k = shian_venue_by(field, value);
    shian_rowkey_be(&k, id, 8);

    if (put) {
        shian_index_put(t, SHIAN_T_VENUE_BY, &k, 1);
    } else {
        shian_row_del(t, SHIAN_T_VENUE_BY, &k);
    }
}


static void
set_unique(shian_txn_t *t, char kind, shian_str_t value, uint64_t id,
    bool put)
{
    uint64_t  holder;

    if (value.n == 0) {
        return;
    }

    /* Two branches of a firm share a number: the first one keeps it. */
    holder = shian_unique_get(t, kind, value);

    if (put && holder == 0) {
        shian_unique_put(t, kind, value, id);
    }

    if (!put && holder == id) {
        shian_unique_del(t, kind, value);
    }
}


static void
set_terms(shian_txn_t *t, const Shian__Venue *v, bool put)
{
    size_t          i, n, pass;
    uint8_t         mask;
    shian_str_t    *terms, old;
    shian_rowkey_t  k;

    const char *const  text[] = { v->name, v->name_en, v->address };

    for (pass = 0; pass < SHIAN_COUNT(text); pass++) {

        if (text[pass] == NULL
            || !shian_text_terms(t->arena, shian_str(text[pass]), &terms,
                                 &n))
        {
            continue;
        }

        for (i = 0; i < n; i++) {
            k.n = 0;
            shian_rowkey_bytes(&k, terms[i].p, terms[i].n);
            shian_rowkey_be(&k, 0, 1);
            shian_rowkey_be(&k, v->id, 8);

            if (!put) {
                shian_row_del(t, SHIAN_T_TERM, &k);
                continue;
            }

            mask = pass == 2 ? IN_ADDRESS : IN_NAME;

            if (pass != 0 && shian_row_get(t, SHIAN_T_TERM, &k, &old)
                && old.n == 1)
            {
                mask |= old.p[0];
            }

            shian_index_put(t, SHIAN_T_TERM, &k, mask);
        }
    }
}


static void
set_position(shian_txn_t *t, const Shian__Venue *v, bool put)
{
    shian_rowkey_t  k;

    if (!v->has_lat || !v->has_lng) {
        return;
    }

    k = shian_rowkey_id(shian_geo_key((shian_point_t) { v->lat, v->lng }));
    shian_rowkey_be(&k, v->id, 8);

    if (put) {
        shian_index_put(t, SHIAN_T_GEO, &k, 1);
    } else {
        shian_row_del(t, SHIAN_T_GEO, &k);
    }
}


static bool
same(const char *a, const char *b)
{
    return shian_str_eq(shian_str(a), shian_str(b));
}


/* One side of an update: takes out what differs, or puts it in. */
static void
index_venue(shian_txn_t *t, const Shian__Venue *v, const Shian__Venue *other,
    bool put)
{
    bool  named;

    named = other == NULL || !same(v->name, other->name)
            || !same(v->address, other->address)
            || !same(v->name_en, other->name_en);

    if (named) {
        set_unique(t, 'n', name_value(t, v), v->id, put);
        set_terms(t, v, put);
    }

    if (other == NULL || !same(v->district, other->district)) {
        set_by(t, 'd', v->district, v->id, put);
    }

    if (other == NULL || !same(v->category, other->category)) {
        set_by(t, 'k', v->category, v->id, put);
    }

    if (other == NULL || !same(v->source, other->source)
        || !same(v->ref, other->ref))
    {
        set_by(t, 'r', v->source, v->id, put);
        if (v->ref != NULL) {
            set_unique(t, 'r', ref_value(t, v), v->id, put);
        }
    }

    if (other == NULL || !same(v->uscc, other->uscc)) {
        set_unique(t, 'u', shian_str(v->uscc), v->id, put);
    }

    if (other == NULL || !same(v->licence_no, other->licence_no)) {
        set_unique(t, 'l', shian_str(v->licence_no), v->id, put);
    }

    if (other == NULL || v->has_lat != other->has_lat
        || v->lat != other->lat || v->lng != other->lng)
    {
        set_position(t, v, put);
    }
}


/* What its grade rests on, where that has changed. */
static void
note_evidence(shian_op_t *o, const Shian__Venue *was,
    const Shian__Venue *now)
{
    Shian__Evidence  e;

    if (was == NULL || was->status != now->status) {
        e = shian_evidence(SHIAN_EVIDENCE(status), o->seq);
        e.has_state = 1;
        e.state = now->status;
        shian_evidence_put(o, now->id, o->op->at, &e);
    }

    if (was == NULL ? now->has_credit
        : now->has_credit != was->has_credit || now->credit != was->credit)
    {
        e = shian_evidence(SHIAN_EVIDENCE(credit), o->seq);
        e.has_level = now->has_credit;
        e.level = now->credit;
        shian_evidence_put(o, now->id, o->op->at, &e);
    }

    if (was == NULL ? now->has_licence_expires_on
        : now->has_licence_expires_on != was->has_licence_expires_on
          || now->licence_expires_on != was->licence_expires_on)
    {
        e = shian_evidence(SHIAN_EVIDENCE(licence), o->seq);
        e.has_on = now->has_licence_expires_on;
        e.on = now->licence_expires_on;
        shian_evidence_put(o, now->id, o->op->at, &e);
    }
}


static void
write_venue(shian_op_t *o, Shian__Venue *was, Shian__Venue *now)
{
    Shian__Tally  *tally;

    tally = shian_tally_get(o->txn, now->id);
    if (tally == NULL) {
        return;
    }

    if (was != NULL) {
        index_venue(o->txn, was, now, false);
    }

    index_venue(o->txn, now, was, true);
    shian_recount(o->txn, was, tally->grade, now, tally->grade);
    shian_put_record(o->txn, SHIAN_T_VENUE, now->id, now);
    note_evidence(o, was, now);
    shian_settle(o, now->id, tally);

    shian_result(o, now->id, now->id);
}


void
shian_venue_upsert_apply(shian_op_t *o)
{
    uint64_t             id;
    Shian__Venue        *was, now = SHIAN__VENUE__INIT;
    const Shian__Venue  *v;

    v = o->op->venue_upsert->venue;
    id = target(o->txn, v);
    was = id == 0 ? NULL : shian_venue_get(o->txn, id);

    if (was != NULL) {
        now = *was;
    }

    merge(&now, v);

    o->result.has_outcome = 1;
    o->result.outcome = was == NULL ? SHIAN__RESULT__OUTCOME__created
                                    : SHIAN__RESULT__OUTCOME__changed;
    now.has_id = 1;
    now.id = was != NULL ? was->id : shian_next_id(o->txn, SHIAN_T_VENUE);

    if (!now.has_status) {
        now.has_status = 1;
        now.status = SHIAN__VENUE__STATUS__active;
    }

    write_venue(o, was, &now);
}


bool
shian_venue_status_check(shian_op_t *o)
{
    Shian__Venue                *v;
    const Shian__VenueStatus    *op = o->op->venue_status;

    v = shian_venue_of(o, op->venue, "There is no such venue.");
    if (v == NULL) {
        return false;
    }

    if (op->missing && op->status != SHIAN__VENUE__STATUS__closed) {
        shian_fail_field(o->report, "missing", "range", NULL);
        return false;
    }

    /* A person's word for what a list did is a change of who said it. */
    o->unchanged = v->status == op->status
                   && (op->missing || v->status_by == BY(office));
    shian_result(o, v->id, v->id);

    return true;
}


void
shian_venue_status_apply(shian_op_t *o)
{
    Shian__Venue               *was, now;
    const Shian__VenueStatus   *op = o->op->venue_status;

    was = shian_venue_get(o->txn, op->venue);
    if (was == NULL) {
        return;
    }

    now = *was;
    set_status(&now, op->status, op->missing ? BY(missing) : BY(office));

    if (op->missing) {
        now.has_status_was = now.has_status_was_by = 1;
        now.status_was = was->status;
        now.status_was_by = was->status_by;
    }

    write_venue(o, was, &now);
}
