#include "domain.h"

#include <errno.h>


Shian__Venue *
shian_venue_get(shian_txn_t *t, uint64_t id)
{
    return shian_get(t, SHIAN_T_VENUE, id, &shian__venue__descriptor);
}


Shian__Review *
shian_review_get(shian_txn_t *t, uint64_t id)
{
    return shian_get(t, SHIAN_T_REVIEW, id, &shian__review__descriptor);
}


Shian__User *
shian_user_get(shian_txn_t *t, uint64_t id)
{
    return shian_get(t, SHIAN_T_USER, id, &shian__user__descriptor);
}


Shian__Plaque *
shian_plaque_get(shian_txn_t *t, uint64_t id)
{
    return shian_get(t, SHIAN_T_PLAQUE, id, &shian__plaque__descriptor);
}


Shian__Photo *
shian_photo_get(shian_txn_t *t, shian_str_t hash)
{
    shian_rowkey_t  k;

    k.n = 0;
    shian_rowkey_bytes(&k, hash.p, hash.n);

    return shian_row_message(t, SHIAN_T_PHOTO, &k,
                             &shian__photo__descriptor);
}


bool
shian_no_such(shian_op_t *o, const char *what)
{
    return shian_fail(o->report, 404, "not_found", what);
}


bool
shian_wrong_state(shian_op_t *o, const char *detail)
{
    return shian_fail(o->report, 409, "wrong_state", detail);
}


int32_t
shian_op_day(const shian_op_t *o)
{
    return shian_local_day(o->op->at, SHIAN_TZ_MINUTES);
}


bool
shian_has_city(const Shian__User *user)
{
    return user == NULL || user->n_districts == 0;
}


static bool
covers(const Shian__User *user, const Shian__Venue *venue)
{
    size_t  i;

    if (shian_has_city(user)) {
        return true;
    }

    for (i = 0; i < user->n_districts; i++) {
        if (venue->district != NULL
            && strcmp(user->districts[i], venue->district) == 0)
        {
            return true;
        }
    }

    return false;
}


bool
shian_in_reach(Shian__Role__Kind role, const Shian__User *user,
    uint64_t actor_venue, const Shian__Venue *venue)
{
    return role == SHIAN__ROLE__KIND__venue ? actor_venue == venue->id
                                            : covers(user, venue);
}


bool
shian_account_in_reach(shian_txn_t *t, const Shian__User *user,
    const Shian__User *u)
{
    size_t         i;
    Shian__Venue   where = SHIAN__VENUE__INIT;
    Shian__Venue  *v;

    if (shian_has_city(user)) {
        return true;
    }

    if (u->role == SHIAN__ROLE__KIND__venue) {
        v = shian_venue_get(t, u->venue);
        return v != NULL && covers(user, v);
    }

    for (i = 0; i < u->n_districts; i++) {
        where.district = u->districts[i];

        if (!covers(user, &where)) {
            return false;
        }
    }

    /* Without a district it has the city. */
    return i != 0;
}


Shian__User *
shian_actor_user(shian_op_t *o)
{
    uint64_t  id = o->op->actor->user;

    return id == 0 ? NULL : shian_user_get(o->txn, id);
}


bool
shian_may_city(shian_op_t *o)
{
    return shian_has_city(shian_actor_user(o))
           || shian_fail(o->report, 403, "forbidden",
                         "This is about the whole city, and you have some "
                         "districts of it.");
}


bool
shian_may(shian_op_t *o, const Shian__Venue *venue)
{
    const Shian__Actor  *actor;

    actor = o->op->actor;

    if (shian_in_reach(actor->role, shian_actor_user(o), actor->venue, venue))
    {
        return true;
    }

    return shian_fail(o->report, 403, "forbidden",
                      actor->role == SHIAN__ROLE__KIND__venue
                      ? "This belongs to another venue."
                      : "This venue is outside your districts.");
}


Shian__Venue *
shian_venue_of(shian_op_t *o, uint64_t venue, const char *missing)
{
    Shian__Venue  *v;

    v = venue == 0 ? NULL : shian_venue_get(o->txn, venue);

    if (v == NULL) {
        (void) shian_no_such(o, missing);
        return NULL;
    }

    return shian_may(o, v) ? v : NULL;
}


void
shian_result(shian_op_t *o, uint64_t id, uint64_t venue)
{
    o->result.has_id = id != 0;
    o->result.id = id;
    o->result.has_venue = venue != 0;
    o->result.venue = venue;
}


bool
shian_seal(ProtobufCMessage *body, const shian_keys_t *keys, uint64_t ms,
    shian_arena_t *a, shian_item_t *item)
{
    size_t                           i;
    bool                             ok;
    uint8_t                         *id;
    shian_str_t                      box;
    ProtobufCBinaryData             *field, *vault;
    const shian_field_rule_t        *rule;
    const ProtobufCFieldDescriptor  *f;

    item->sealed = false;
    item->keys = keys;
    ok = true;

    for (i = 0; ok && i < shian_nfield_rules; i++) {
        rule = &shian_field_rules[i];

        if (rule->message != body->descriptor
            || (rule->flags & SHIAN_SEALED) == 0)
        {
            continue;
        }

        f = protobuf_c_message_descriptor_get_field_by_name(
                body->descriptor, rule->field);
        field = (void *) ((uint8_t *) body + f->offset);

        if (!*(protobuf_c_boolean *) ((uint8_t *) body
                                      + f->quantifier_offset))
        {
            continue;
        }

        if (!item->sealed) {
            shian_vault_new(&item->vault, ms);
        }

        item->sealed = true;
        box = shian_vault_seal(&item->vault, rule->field,
                               shian_bytes(*field), a);
        ok = box.p != NULL;
        *field = shian_binary(box);
    }

    if (item->sealed) {
        f = protobuf_c_message_descriptor_get_field_by_name(
                body->descriptor, "vault");
        id = shian_alloc(a, SHIAN_ID_SIZE);
        ok = ok && f != NULL && id != NULL;

        if (ok) {
            memcpy(id, item->vault.id, SHIAN_ID_SIZE);
            vault = (void *) ((uint8_t *) body + f->offset);
            *vault = shian_binary(shian_slice(id, SHIAN_ID_SIZE));
            *(protobuf_c_boolean *) ((uint8_t *) body
                                     + f->quantifier_offset) = 1;
        }
    }

    return ok;
}


char *
shian_unseal(shian_txn_t *t, const shian_keys_t *keys,
    ProtobufCBinaryData vault, const char *name, ProtobufCBinaryData box)
{
    bool           ok;
    shian_str_t    text;
    shian_vault_t  v;

    if (!shian_vault_get(&v, keys, t, shian_bytes(vault))) {
        return NULL;
    }

    ok = shian_vault_open(&v, name, shian_bytes(box), t->arena, &text);
    shian_vault_wipe(&v);

    return ok ? (char *) text.p : NULL;
}
