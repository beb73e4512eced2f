#include "keys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "calendar.h"
#include "ids.h"

#define MAX_WORDS     6
#define NUMBERS       32
#define KID_BYTES     3
#define KEY_CHARS     SHIAN_BASE64URL_LEN(SHIAN_KEY_SIZE)

typedef struct {
    const char  *name;
    const char  *line;      /* how one is written */
    size_t       words;     /* before "created" */
    bool         wanted;    /* a site cannot do without */
    bool         numbered;  /* its id is a number that codes carry */
} shian_key_form_t;

/* In the order of shian_key_kind_t. */
static const shian_key_form_t  forms[] = {
    { "token", "token KID KEY", 3, true, false },
    { "plaque", "plaque N KEY", 3, true, true },
    { "link", "link N KEY", 3, true, true },
    { "scan", "scan N KEY", 3, true, true },
    { "vault", "vault KID KEY", 3, true, false },
    { "issuer", "issuer KID KEY NAME", 4, false, false },
};


/* Splits a line into words; a comment ends it.  Returns how many. */
static size_t
split(shian_str_t line, shian_str_t word[MAX_WORDS + 1])
{
    size_t   i, n;
    bool     inside;
    uint8_t  c;

    n = 0;
    inside = false;

    for (i = 0; i < line.n; i++) {
        c = line.p[i];

        if (c == '#') {
            break;
        }

        if (c == ' ' || c == '\t' || c == '\r') {
            inside = false;
            continue;
        }

        if (!inside) {
            if (n == MAX_WORDS + 1) {
                break;
            }

            inside = true;
            word[n++] = shian_slice(line.p + i, 0);
        }

        word[n - 1].n++;
    }

    return n;
}


static bool
read_kid(shian_str_t s, shian_key_t *k)
{
    size_t   i;
    uint8_t  c;

    if (s.n == 0 || s.n > SHIAN_MAX_KID) {
        return false;
    }

    for (i = 0; i < s.n; i++) {
        c = s.p[i];

        if (!(c >= '0' && c <= '9') && c != '-' && c != '_'
            && !((c | 0x20) >= 'a' && (c | 0x20) <= 'z'))
        {
            return false;
        }
    }

    memcpy(k->kid, s.p, s.n);

    if (!forms[k->kind].numbered) {
        return true;
    }

    for (i = 0; i < s.n; i++) {
        if (s.n > 2 || s.p[i] < '0' || s.p[i] > '9') {
            return false;
        }

        k->no = k->no * 10 + s.p[i] - '0';
    }

    /* One spelling each, so that "7" and "07" are not two keys. */
    return k->no < NUMBERS && (s.n == 1 || s.p[0] != '0');
}


static bool
read_key(shian_str_t s, shian_key_t *k)
{
    size_t  n = sizeof(k->key);

    return shian_base64url_decode(k->key, &n, s) && n == sizeof(k->key);
}


static bool
read_name(shian_str_t s, shian_key_t *k)
{
    if (s.n > SHIAN_MAX_ISSUER) {
        return false;
    }

    memcpy(k->name, s.p, s.n);

    return true;
}


static bool
read_date(shian_str_t s, shian_key_t *k)
{
    int32_t  day;

    if (!shian_date_parse(s, &day)) {
        return false;
    }

    shian_date_format(day, k->created);

    return true;
}


/* Fills *k from the words of a line; says what is wrong, or NULL. */
static const char *
read_line(const shian_str_t *word, size_t n, shian_key_t *k)
{
    size_t  words;

    if (!shian_key_kind(word[0], &k->kind)) {
        return "no such kind of key; begin with site, token, plaque, link, "
               "scan, vault or issuer";
    }

    words = forms[k->kind].words;

    if (n != words
        && !(n == words + 2 && shian_str_is(word[words], "created")))
    {
        return "wrong number of words; write kind, id and key, the name of "
               "an issuer, and perhaps created YYYY-MM-DD";
    }

    if (!read_kid(word[1], k)) {
        return forms[k->kind].numbered
               ? "bad number of a key; use 0 to 31"
               : "bad key id; use 1 to 16 letters, digits, - or _";
    }

    if (!read_key(word[2], k)) {
        return "the key is not 32 bytes in base64url; copy all 43 characters "
               "of it, or make one with shianctl keys rotate";
    }

    if (k->kind == SHIAN_KEY_ISSUER) {
        if (!crypto_core_ed25519_is_valid_point(k->key)) {
            return "this is no Ed25519 public key; ask the issuer for it";
        }

        if (!read_name(word[3], k)) {
            return "the issuer's name is over 64 bytes; shorten it";
        }
    }

    if (n != words && !read_date(word[words + 1], k)) {
        return "bad date; write created YYYY-MM-DD";
    }

    return NULL;
}


/* Says what is wrong with the line that names the site, or NULL. */
static const char *
read_site(shian_keys_t *keys, const shian_str_t *word, size_t n)
{
    size_t  size = sizeof(keys->site);

    if (keys->has_site) {
        return "a second site; one key file is of one site";
    }

    keys->has_site = n == 2
                     && shian_base64url_decode(keys->site, &size, word[1])
                     && size == sizeof(keys->site);

    return keys->has_site ? NULL
           : "the site is not 16 bytes in base64url; copy all 22 characters "
             "of it";
}


static const char *
add_line(shian_keys_t *keys, const shian_str_t *word, size_t n)
{
    const char   *wrong;
    shian_key_t  *k;

    if (shian_str_is(word[0], "site")) {
        return read_site(keys, word, n);
    }

    if (keys->n == SHIAN_MAX_KEYS) {
        return "over 128 keys; remove old ones";
    }

    k = &keys->key[keys->n];

    wrong = read_line(word, n, k);
    if (wrong != NULL) {
        return wrong;
    }

    if (shian_key_find(keys, k->kind, shian_str(k->kid)) != NULL) {
        return "an earlier key of this kind has the same id; use another";
    }

    keys->n++;

    return NULL;
}


/* Everything shian_keys_parse() does but asking for the wanted kinds. */
static bool
read_lines(shian_str_t text, shian_keys_t *keys, char *err, size_t errsize)
{
    size_t          n, number;
    const char     *wrong;
    shian_str_t     line, word[MAX_WORDS + 1];
    const uint8_t  *end;

    memset(keys, 0, sizeof(*keys));

    if (sodium_init() < 0) {
        (void) snprintf(err, errsize, "libsodium does not start; reinstall "
                        "it");
        return false;
    }

    /* Refused where the limit is low; the keys then work all the same. */
    (void) sodium_mlock(keys, sizeof(*keys));

    for (number = 1; text.n != 0; number++) {
        end = memchr(text.p, '\n', text.n);
        line = shian_slice(text.p, end == NULL ? text.n
                                               : (size_t) (end - text.p));
        n = line.n + (end != NULL);
        text = shian_slice(text.p + n, text.n - n);

        n = split(line, word);
        if (n == 0) {
            continue;
        }

        wrong = add_line(keys, word, n);
        if (wrong == NULL) {
            continue;
        }

        (void) snprintf(err, errsize, "line %zu: %s", number, wrong);
        shian_keys_wipe(keys);

        return false;
    }

    return true;
}


bool
shian_keys_parse(shian_str_t text, shian_keys_t *keys, char *err,
    size_t errsize)
{
    size_t  i;

    if (!read_lines(text, keys, err, errsize)) {
        return false;
    }

    if (!keys->has_site) {
        (void) snprintf(err, errsize, "no site; add a line: site ID, its 16 "
                        "bytes in base64url");
        shian_keys_wipe(keys);

        return false;
    }

    for (i = 0; i < SHIAN_COUNT(forms); i++) {
        if (forms[i].wanted
            && shian_key_issuing(keys, (shian_key_kind_t) i) == NULL)
        {
            (void) snprintf(err, errsize, "no %s key; add a line: %s",
                            forms[i].name, forms[i].line);
            shian_keys_wipe(keys);

            return false;
        }
    }

    return true;
}


/* Reads to the end or to size; the number of bytes, or -1. */
static ssize_t
read_all(int fd, uint8_t *p, size_t size)
{
    size_t   done;
    ssize_t  n;

    for (done = 0; done < size; done += (size_t) n) {
        n = read(fd, p + done, size - done);

        if (n == 0) {
            break;
        }

        if (n < 0) {
            if (errno != EINTR) {
                return -1;
            }
            n = 0;
        }
    }

    return (ssize_t) done;
}


/* What is wrong with the file, or NULL. */
static const char *
check_file(int fd)
{
    struct stat  st;

    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        return "not a regular file; name the key file itself";
    }

    if ((st.st_mode & 07777 & ~0600U) != 0) {
        return "others may read it; chmod 0600 it";
    }

    if (st.st_size > SHIAN_MAX_KEYS_FILE) {
        return "over 64 KB; this cannot be a key file";
    }

    return NULL;
}


bool
shian_keys_load(const char *path, shian_keys_t *keys, char *err,
    size_t errsize)
{
    int          fd;
    bool         good;
    char         why[256];
    ssize_t      n;
    uint8_t     *text;
    const char  *wrong;

    memset(keys, 0, sizeof(*keys));

    /* Without O_NONBLOCK a FIFO would hang us before we can refuse it. */
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        (void) snprintf(err, errsize, "%s: %s; shianctl init makes one", path,
                        strerror(errno));
        return false;
    }

    good = false;
    text = NULL;
    wrong = check_file(fd);

    if (wrong == NULL) {
        text = malloc(SHIAN_MAX_KEYS_FILE);
        n = text == NULL ? -1 : read_all(fd, text, SHIAN_MAX_KEYS_FILE);

        if (n < 0) {
            wrong = "cannot be read; check the disk";

        } else {
            wrong = why;
            good = shian_keys_parse(shian_slice(text, (size_t) n), keys, why,
                                    sizeof(why));
        }
    }

    if (text != NULL) {
        sodium_memzero(text, SHIAN_MAX_KEYS_FILE);
        free(text);
    }

    (void) close(fd);

    if (!good) {
        (void) snprintf(err, errsize, "%s: %s", path, wrong);
    }

    return good;
}


void
shian_keys_wipe(shian_keys_t *keys)
{
    (void) sodium_munlock(keys, sizeof(*keys));
}


bool
shian_key_kind(shian_str_t name, shian_key_kind_t *kind)
{
    size_t  i;

    for (i = 0; i < SHIAN_COUNT(forms); i++) {
        if (shian_str_is(name, forms[i].name)) {
            *kind = (shian_key_kind_t) i;
            return true;
        }
    }

    return false;
}


const shian_key_t *
shian_key_find(const shian_keys_t *keys, shian_key_kind_t kind,
    shian_str_t kid)
{
    size_t              i;
    const shian_key_t  *k;

    for (i = 0; i < keys->n; i++) {
        k = &keys->key[i];

        if (k->kind == kind && shian_str_is(kid, k->kid)) {
            return k;
        }
    }

    return NULL;
}


const shian_key_t *
shian_key_numbered(const shian_keys_t *keys, shian_key_kind_t kind,
    uint32_t no)
{
    size_t  i;

    for (i = 0; i < keys->n; i++) {
        if (keys->key[i].kind == kind && forms[kind].numbered
            && keys->key[i].no == no)
        {
            return &keys->key[i];
        }
    }

    return NULL;
}


const shian_key_t *
shian_key_issuing(const shian_keys_t *keys, shian_key_kind_t kind)
{
    size_t  i;

    for (i = keys->n; i-- != 0; /* void */ ) {
        if (keys->key[i].kind == kind) {
            return &keys->key[i];
        }
    }

    return NULL;
}


bool
shian_keys_row(const shian_keys_t *keys, size_t i, shian_key_row_t *row)
{
    const shian_key_t  *k;

    if (i >= keys->n) {
        return false;
    }

    k = &keys->key[i];
    row->kind = forms[k->kind].name;
    row->kid = k->kid;
    row->created = k->created;
    row->name = k->name;
    row->issuing = k->kind != SHIAN_KEY_ISSUER
                   && shian_key_issuing(keys, k->kind) == k;

    return true;
}


static void
put_key_line(shian_sink_t *s, shian_key_kind_t kind, const char *kid,
    shian_str_t today)
{
    char     text[KEY_CHARS];
    uint8_t  key[SHIAN_KEY_SIZE];

    shian_random(key, sizeof(key));
    (void) shian_base64url(text, key, sizeof(key));

    shian_putz(s, forms[kind].name);
    shian_putc(s, ' ');
    shian_putz(s, kid);
    shian_putc(s, ' ');
    shian_put(s, text, sizeof(text));
    shian_putz(s, " created ");
    shian_puts(s, today);
    shian_putc(s, '\n');

    sodium_memzero(key, sizeof(key));
    sodium_memzero(text, sizeof(text));
}


/* An id no key of the kind has; false when there is none left. */
static bool
new_kid(const shian_keys_t *keys, shian_key_kind_t kind,
    char kid[SHIAN_MAX_KID + 1])
{
    uint32_t            i, no;
    uint8_t             random[KID_BYTES];
    const shian_key_t  *k;

    if (!forms[kind].numbered) {
        do {
            shian_random(random, sizeof(random));
            shian_hex(kid, random, sizeof(random));
            kid[SHIAN_HEX_LEN(KID_BYTES)] = '\0';
        } while (shian_key_find(keys, kind, shian_str(kid)) != NULL);

        return true;
    }

    /* The next number; going round, the first that was removed. */
    k = shian_key_issuing(keys, kind);
    no = k == NULL ? 0 : k->no + 1;

    for (i = 0; i < NUMBERS; i++, no++) {
        no %= NUMBERS;

        if (shian_key_numbered(keys, kind, no) == NULL) {
            (void) snprintf(kid, SHIAN_MAX_KID + 1, "%u", (unsigned) no);
            return true;
        }
    }

    return false;
}


bool
shian_keys_generate(shian_sink_t *s, shian_str_t today)
{
    size_t        i;
    char          kid[SHIAN_MAX_KID + 1];
    char          id[SHIAN_BASE64URL_LEN(SHIAN_SITE_SIZE)];
    uint8_t       site[SHIAN_SITE_SIZE];
    shian_key_t   date;
    shian_keys_t  none = { 0 };

    if (!read_date(today, &date)) {
        return false;
    }

    shian_putz(s, "# The keys of this site: keep them secret, and a copy in a "
                  "safe.  The last\n"
                  "# line of a kind issues, all of them verify.\n"
                  "site ");
    shian_random(site, sizeof(site));
    (void) shian_base64url(id, site, sizeof(site));
    shian_put(s, id, sizeof(id));
    shian_putc(s, '\n');

    for (i = 0; i < SHIAN_COUNT(forms); i++) {
        if (forms[i].wanted && new_kid(&none, (shian_key_kind_t) i, kid)) {
            put_key_line(s, (shian_key_kind_t) i, kid, today);
        }
    }

    return !s->failed;
}


/* Says what forbids a rotation, or NULL. */
static const char *
check_rotation(const shian_keys_t *keys, shian_key_kind_t kind,
    shian_str_t today, char kid[SHIAN_MAX_KID + 1])
{
    shian_key_t  date;

    if (kind >= SHIAN_KEY_ISSUER) {
        return "an issuer's key comes from the issuer; write its line by hand";
    }

    if (!read_date(today, &date)) {
        return "bad date; write YYYY-MM-DD";
    }

    if (keys->n == SHIAN_MAX_KEYS) {
        return "128 keys already; remove old ones";
    }

    if (!new_kid(keys, kind, kid)) {
        return "all 32 numbers of this kind are taken; remove old ones";
    }

    return NULL;
}


bool
shian_keys_rotate(shian_sink_t *s, shian_str_t old, shian_key_kind_t kind,
    shian_str_t today, char *err, size_t errsize)
{
    char          kid[SHIAN_MAX_KID + 1];
    const char   *wrong;
    shian_keys_t  keys;

    if (!read_lines(old, &keys, err, errsize)) {
        return false;
    }

    wrong = check_rotation(&keys, kind, today, kid);
    shian_keys_wipe(&keys);

    if (wrong == NULL) {
        shian_puts(s, old);

        if (old.n != 0 && old.p[old.n - 1] != '\n') {
            shian_putc(s, '\n');
        }

        put_key_line(s, kind, kid, today);

        if (!s->failed) {
            return true;
        }

        wrong = "the new key file cannot be written";
    }

    (void) snprintf(err, errsize, "%s", wrong);

    return false;
}
