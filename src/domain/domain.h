/*
 * What the capabilities share: permission, the tally of a venue, regrading.
 */

#ifndef SHIAN_DOMAIN_H
#define SHIAN_DOMAIN_H

#include "core/calendar.h"
#include "core/keys.h"
#include "grade.h"
#include "operations.h"
#include "store/vault.h"

#define SHIAN_TZ_MINUTES  480

/* Records by id, in the transaction's arena, or NULL. */
Shian__Venue *shian_venue_get(shian_txn_t *t, uint64_t id);
Shian__Review *shian_review_get(shian_txn_t *t, uint64_t id);
Shian__User *shian_user_get(shian_txn_t *t, uint64_t id);
Shian__Plaque *shian_plaque_get(shian_txn_t *t, uint64_t id);
Shian__Photo *shian_photo_get(shian_txn_t *t, shian_str_t hash);

/* The tally of a venue; an empty one where there is none; NULL: no memory. */
Shian__Tally *shian_tally_get(shian_txn_t *t, uint64_t venue);

/* The venue's rev alone, without unpacking the rest: 0 when there is none. */
uint64_t shian_tally_rev(shian_txn_t *t, uint64_t venue);

/* Moves rev on and writes the tally.  Apply only. */
void shian_tally_put(shian_op_t *o, uint64_t venue, Shian__Tally *tally);

/*
 * Puts the evidence noted for the venue into its table, walks its grade anew
 * from the last midnight that still holds, keeps a change in its history, and
 * writes the tally with what it counts of the evidence.  Apply only.
 */
void shian_settle(shian_op_t *o, uint64_t venue, Shian__Tally *tally);

/*
 * What the operation is about: a record, and the venue that it is of; 0 for
 * none.
 */
void shian_result(shian_op_t *o, uint64_t id, uint64_t venue);

/*
 * May the operation's actor act on this venue?  Limits officers and
 * inspectors to their districts and a venue's people to their venue.  False
 * fills the report with 403.
 */
bool shian_may(shian_op_t *o, const Shian__Venue *venue);

/*
 * The venue of a record, 0 where there is no such record, if the actor may act
 * on it; NULL: the report has 403, or 404 and `missing`, a static string.
 */
Shian__Venue *shian_venue_of(shian_op_t *o, uint64_t venue,
    const char *missing);

/* The same question for a caller at the door, by role, user and venue. */
bool shian_in_reach(Shian__Role__Kind role, const Shian__User *user,
    uint64_t actor_venue, const Shian__Venue *venue);

/* Is somebody of whom the store says this (NULL: nothing) limited to none? */
bool shian_has_city(const Shian__User *user);

/*
 * Does the reach of `user` cover all that account u has?  A person of a venue
 * has its district, who has no district the city.
 */
bool shian_account_in_reach(shian_txn_t *t, const Shian__User *user,
    const Shian__User *u);

/* The record of the operation's actor; NULL where it is no user. */
Shian__User *shian_actor_user(shian_op_t *o);

/* May the actor do what is about the whole city?  False: the report has 403. */
bool shian_may_city(shian_op_t *o);

/*
 * May the operation's actor change this account, let somebody in by it, or end
 * it?  Whoever does has its role and reach themselves.  False: 403.
 */
bool shian_may_manage(shian_op_t *o, const Shian__User *u);

/*
 * An erased review shows no photo any more: who asks may be in the picture.
 * Files that no other record names go by the sweep.  Apply only.
 */
void shian_review_forget_photos(shian_op_t *o, Shian__Review *r);

/* Refusals that many checks give; each returns false. */
bool shian_no_such(shian_op_t *o, const char *what);
bool shian_wrong_state(shian_op_t *o, const char *detail);

/* The operation's instant as a local day. */
int32_t shian_op_day(const shian_op_t *o);

static inline shian_str_t
shian_bytes(ProtobufCBinaryData b)
{
    return shian_slice(b.data, b.len);
}

static inline ProtobufCBinaryData
shian_binary(shian_str_t s)
{
    return (ProtobufCBinaryData) { s.n, (uint8_t *) s.p };
}


/*
 * Sealed fields.  Encrypts in place each SEALED field of the operation's body
 * that is set, under a new key, and names that key in the body's `vault`.
 * item then has the key, to be wrapped with its commit by `keys`, which must
 * last as long.  False without memory.  Any thread.
 */
bool shian_seal(ProtobufCMessage *body, const shian_keys_t *keys, uint64_t ms,
    shian_arena_t *a, shian_item_t *item);

/*
 * Opens field `name` of a record whose key is `vault`; NULL when it was
 * erased, or with an error in t->err.  The text is in the arena,
 * NUL-terminated.
 */
char *shian_unseal(shian_txn_t *t, const shian_keys_t *keys,
    ProtobufCBinaryData vault, const char *name, ProtobufCBinaryData box);

#endif /* SHIAN_DOMAIN_H */
