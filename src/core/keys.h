/*
 * The key file: one key a line, '#' begins a comment.
 *
 *     site    ID              16 bytes in base64url: which site it is
 *     token   KID  KEY        encrypts sessions and bearers
 *     plaque  N    KEY        authenticates plaque codes, N = 0..31
 *     link    N    KEY        authenticates links to people and photos
 *     scan    N    KEY        authenticates the cookies of scans
 *     vault   KID  KEY        wraps the keys of sealed fields
 *     issuer  KID  KEY  NAME  Ed25519 public key of a trusted outside issuer
 *
 * KEY is 32 bytes in base64url; any line may end in "created YYYY-MM-DD".
 * The last line of a kind issues, all of them verify, so a key is rotated by
 * appending a line and retired by removing one.
 */

#ifndef SHIAN_KEYS_H
#define SHIAN_KEYS_H

#include "base.h"

#define SHIAN_KEY_SIZE       32
#define SHIAN_SITE_SIZE      16
#define SHIAN_MAX_KEYS       128
#define SHIAN_MAX_KID        16
#define SHIAN_MAX_ISSUER     64
#define SHIAN_MAX_KEYS_FILE  65536

typedef enum {
    SHIAN_KEY_TOKEN = 0,
    SHIAN_KEY_PLAQUE,
    SHIAN_KEY_LINK,
    SHIAN_KEY_SCAN,
    SHIAN_KEY_VAULT,
    SHIAN_KEY_ISSUER
} shian_key_kind_t;

typedef struct {
    shian_key_kind_t  kind;
    uint32_t          no;                           /* of a numbered one */
    uint8_t           key[SHIAN_KEY_SIZE];
    char              kid[SHIAN_MAX_KID + 1];       /* N for those */
    char              created[sizeof("YYYY-MM-DD")];  /* empty: not told */
    char              name[SHIAN_MAX_ISSUER + 1];   /* of an issuer */
} shian_key_t;

/* Filled once, then only read: any thread may look up without a lock. */
typedef struct {
    uint8_t      site[SHIAN_SITE_SIZE];
    bool         has_site;
    size_t       n;
    shian_key_t  key[SHIAN_MAX_KEYS];
} shian_keys_t;

/* What may be shown of a key. */
typedef struct {
    const char  *kind;
    const char  *kid;
    const char  *created;       /* empty: not told */
    const char  *name;          /* empty but for an issuer */
    bool         issuing;
} shian_key_row_t;

/*
 * Reads the text of a key file.  There must be a site and a key of each kind
 * but an issuer.  On false, err holds one line "line N: cause; what mends it"
 * that never repeats a word of the file, and *keys is wiped. The memory of
 * *keys is locked and kept out of core dumps where the system lets us. Any
 * thread.
 */
bool shian_keys_parse(shian_str_t text, shian_keys_t *keys, char *err,
    size_t errsize);

/*
 * Reads the key file at path, which must be a regular file that only its
 * owner can read (mode 0600 or stricter).  Errors as above after "path: ".
 * Any thread; does file I/O.
 */
bool shian_keys_load(const char *path, shian_keys_t *keys, char *err,
    size_t errsize);

/* Wipes and unlocks *keys, which then holds none.  Any thread. */
void shian_keys_wipe(shian_keys_t *keys);

/* The kind called name ("token"), or false.  Any thread. */
bool shian_key_kind(shian_str_t name, shian_key_kind_t *kind);

/* The key of that kind and id, or NULL.  Owned by *keys.  Any thread. */
const shian_key_t *shian_key_find(const shian_keys_t *keys,
    shian_key_kind_t kind, shian_str_t kid);

/*
 * The key of that number, of a kind that is numbered (plaque, link, scan), or
 * NULL.  Owned by *keys.  Any thread.
 */
const shian_key_t *shian_key_numbered(const shian_keys_t *keys,
    shian_key_kind_t kind, uint32_t no);

/* The key of that kind which issues, or NULL.  Owned by *keys.  Any thread. */
const shian_key_t *shian_key_issuing(const shian_keys_t *keys,
    shian_key_kind_t kind);

/*
 * Row i of the list of keys, in the file's order, without the keys
 * themselves.  False past the last.  Strings belong to *keys.  Any thread.
 */
bool shian_keys_row(const shian_keys_t *keys, size_t i,
    shian_key_row_t *row);

/*
 * Writes a new key file with a fresh site and one fresh key of each kind but
 * an issuer, created today ("YYYY-MM-DD").  False when today is no date or
 * the sink fails. What the sink received is secret and the caller's to wipe.
 * Any thread.
 */
bool shian_keys_generate(shian_sink_t *s, shian_str_t today);

/*
 * Writes old with a fresh key of that kind appended, which issues from then
 * on; its id is unique in the file.  False, with one line in err, when old has
 * errors (lacking kinds are none: that is how they are mended), the kind is
 * an issuer (whose key comes from outside), all 32 numbers are taken,
 * or the sink fails.  Any thread.
 */
bool shian_keys_rotate(shian_sink_t *s, shian_str_t old,
    shian_key_kind_t kind, shian_str_t today, char *err, size_t errsize);

#endif /* SHIAN_KEYS_H */
