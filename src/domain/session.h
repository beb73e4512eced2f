/*
 * Who is asking: from a token, or a login that nginx vouches for.
 */

#ifndef SHIAN_SESSION_H
#define SHIAN_SESSION_H

#include "core/token.h"
#include "domain.h"

/* A session ends this long after its last use, and after its beginning. */
#define SHIAN_SESSION_IDLE_MS  (UINT64_C(2) * 3600 * 1000)
#define SHIAN_SESSION_MAX_MS   (UINT64_C(12) * 3600 * 1000)

typedef struct {
    Shian__Actor        actor;      /* role public when nobody signed in */
    const Shian__User  *user;       /* NULL: nobody signed in */
    const char         *name;       /* to greet with; never NULL if signed in */
    uint8_t             session[SHIAN_SESSION_ID_SIZE];
    bool                has_session;
    uint64_t            began_ms;
    uint64_t            expires_ms;
} shian_caller_t;

/* Nobody: role public. */
void shian_caller_init(shian_caller_t *c);

/*
 * Whose token it is, as of now_ms, if the user still is enabled and the
 * session not ended.  Result as of shian_token_verify; EXPIRED also for an
 * ended session and a disabled user.  `use` is SESSION, or LOGIN for what an
 * outside issuer sends people with.
 */
shian_token_result_t shian_caller_token(shian_caller_t *c, shian_txn_t *t,
    const shian_keys_t *keys, shian_str_t aud, shian_use_t use,
    uint64_t now_ms, shian_str_t token, shian_token_t *out);

typedef enum {
    SHIAN_LINK_GOOD = 0,
    SHIAN_LINK_BAD,             /* no link of ours, or of before a restore */
    SHIAN_LINK_USED,
    SHIAN_LINK_OVER             /* its time, or its account, has ended */
} shian_link_state_t;

/*
 * Whom the code of a sign-in link would sign in at now_ms; *out is its row,
 * in the transaction's arena, and NULL only with SHIAN_LINK_BAD.
 */
shian_link_state_t shian_caller_link(shian_caller_t *c, shian_txn_t *t,
    const shian_keys_t *keys, uint64_t now_ms, shian_str_t code,
    Shian__SignInLink **out);

/* The first enabled person of a venue; 0 where it has none. */
uint64_t shian_venue_person(shian_txn_t *t, uint64_t venue);

/* The enabled user of that login; false when there is none. */
bool shian_caller_login(shian_caller_t *c, shian_txn_t *t,
    shian_str_t login);

/*
 * Mints a session token for the caller, who is signed in: a new one
 * (has_session false) or the same one with a later idle expiry.  In the
 * transaction's arena; false without memory.
 */
bool shian_caller_mint(shian_caller_t *c, shian_txn_t *t,
    const shian_keys_t *keys, shian_str_t aud, uint64_t now_ms,
    shian_str_t *token);

#endif /* SHIAN_SESSION_H */
