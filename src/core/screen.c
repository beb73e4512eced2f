#include "screen.h"
#include "text.h"

#define PCRE2_CODE_UNIT_WIDTH  8
#include <pcre2.h>

#include <stdlib.h>

#define MIN_WORD  2         /* code points */
#define MAX_WORD  64

/* What people put between the digits of a number. */
#define SEP       "[\\s.\\-_*/~\\x{b7}\\x{2010}-\\x{2014}\\x{30fb}]"
#define LOCAL     "[a-z0-9._%+\\-]"

/*
 * The words are not a pattern: a city may keep tens of thousands, an
 * alternation of which passes what PCRE2 compiles (64 KiB of code).  They are
 * sorted, and looked up at each character of the text.
 */
struct shian_screen_s {
    shian_arena_t    arena;
    pcre2_code      *masks;
    shian_str_t     *words;
    size_t           nwords;
};

/* The groups of the mask: two are verified, one repeats a separator. */
enum {
    IDENTITY = 1,
    SEPARATOR,
    MOBILE
};

/* Matched on folded text: digits are ASCII, letters small. */
static const char  mask[] =
    "(?<!\\d)(?:"
        "([1-9]\\d{5}" SEP "?(?:18|19|20)\\d{2}(?:0[1-9]|1[0-2])"
        "(?:0[1-9]|[12]\\d|3[01])" SEP "?\\d{3}[\\dx])(?![\\da-z])"
        "|(?:(?:\\+|00)?86" SEP "{0,3})?(?:"
            "1(" SEP "{1,3})[3-9](?:\\2\\d){9}"
            "|(1" SEP "{0,3}[3-9](?:" SEP "{0,3}\\d){9})"
        ")(?!\\d)"
        "|(?:\\(0\\d{2,3}\\)|0\\d{2,3}[\\s\\-\\x{2010}-\\x{2014}])\\s?"
        "[2-8]\\d{6,7}(?!\\d)"
    ")|(?<!" LOCAL ")" LOCAL "++\\s?@\\s?(?:[a-z0-9\\-]++\\.)+[a-z]{2,}";


static int
by_bytes(const void *one, const void *two)
{
    int                 c;
    const shian_str_t  *a = one, *b = two;

    c = memcmp(a->p, b->p, a->n < b->n ? a->n : b->n);

    return c != 0 ? c : (a->n > b->n) - (a->n < b->n);
}


static bool
is_alnum(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z');
}


/* ---- the list ---- */

/* A folded line without the space around it and the commas behind it. */
static shian_str_t
strip(shian_str_t s)
{
    while (s.n != 0 && (*s.p == ' ' || *s.p == '\t')) {
        s = shian_slice(s.p + 1, s.n - 1);
    }

    while (s.n != 0 && strchr(" \t,", s.p[s.n - 1]) != NULL) {
        s.n--;
    }

    return s;
}


/* The line at *at of text, which is moved to the next. */
static shian_str_t
take_line(shian_str_t text, size_t *at)
{
    size_t  start;

    for (start = *at; *at < text.n; (*at)++) {
        if (text.p[*at] == '\n' || text.p[*at] == '\r') {
            break;
        }
    }

    return shian_slice(text.p + start, (*at)++ - start);
}


static bool
add_word(shian_screen_t *screen, shian_arena_t *scratch, shian_str_t line,
    shian_screen_stats_t *stats)
{
    char            *copy;
    size_t           n;
    shian_str_t      word;
    shian_folded_t   folded;

    if (!shian_text_fold(scratch, line, &folded)) {
        return false;
    }

    word = strip(folded.text);

    if (word.n == 0 || *word.p == '#') {
        return true;
    }

    n = shian_text_length(word);

    if (n < MIN_WORD || n > MAX_WORD) {
        stats->ignored++;
        return true;
    }

    copy = shian_strdup(&screen->arena, word);
    if (copy == NULL) {
        return false;
    }

    screen->words[screen->nwords++] = shian_slice(copy, word.n);

    return true;
}


static bool
load_words(shian_screen_t *screen, shian_arena_t *scratch, shian_str_t text,
    shian_screen_stats_t *stats)
{
    size_t        i, n, at;
    shian_str_t  *words;

    for (n = 1, i = 0; i < text.n; i++) {
        n += text.p[i] == '\n' || text.p[i] == '\r';
    }

    words = shian_array(&screen->arena, n, sizeof(shian_str_t));
    if (words == NULL) {
        return false;
    }

    screen->words = words;

    for (at = 0; at < text.n; /* void */) {
        if (!add_word(screen, scratch, take_line(text, &at), stats)) {
            return false;
        }
    }

    qsort(words, screen->nwords, sizeof(shian_str_t), by_bytes);

    for (i = 0, n = 0; i < screen->nwords; i++) {
        if (n != 0 && shian_str_eq(words[i], words[n - 1])) {
            stats->repeated++;
        } else {
            words[n++] = words[i];
        }
    }

    screen->nwords = n;
    stats->words = n;

    return true;
}


shian_screen_t *
shian_screen_load(shian_str_t words, shian_screen_stats_t *stats)
{
    int                    error;
    bool                   ok;
    PCRE2_SIZE             at;
    shian_arena_t          scratch;
    shian_screen_t        *screen;
    shian_screen_stats_t   unused;

    stats = stats == NULL ? &unused : stats;
    memset(stats, 0, sizeof(*stats));

    if (words.n > SHIAN_TEXT_MAX) {
        return NULL;
    }

    screen = calloc(1, sizeof(*screen));
    if (screen == NULL) {
        return NULL;
    }

    shian_arena_init(&screen->arena, NULL, NULL);
    shian_arena_init(&scratch, NULL, NULL);

    screen->masks = pcre2_compile((PCRE2_SPTR) mask, PCRE2_ZERO_TERMINATED,
                                  PCRE2_UTF, &error, &at, NULL);

    ok = screen->masks != NULL
         && load_words(screen, &scratch, words, stats);
    shian_arena_free(&scratch);

    if (!ok) {
        shian_screen_free(screen);
        return NULL;
    }

    /* Without JIT the masks are slower, and the same. */
    (void) pcre2_jit_compile(screen->masks, PCRE2_JIT_COMPLETE);

    return screen;
}


void
shian_screen_free(shian_screen_t *screen)
{
    if (screen == NULL) {
        return;
    }

    pcre2_code_free(screen->masks);
    shian_arena_free(&screen->arena);
    free(screen);
}


/* ---- words ---- */

static bool
stands_at(shian_str_t word, shian_str_t text, size_t at)
{
    size_t  end;

    if (word.n > text.n - at
        || memcmp(word.p, text.p + at, word.n) != 0)
    {
        return false;
    }

    end = at + word.n;

    return !(at != 0 && is_alnum(word.p[0]) && is_alnum(text.p[at - 1]))
           && !(end < text.n && is_alnum(word.p[word.n - 1])
                && is_alnum(text.p[end]));
}


/* Whether any word stands at the character that begins there. */
static bool
word_at(const shian_screen_t *screen, shian_str_t text, size_t at)
{
    size_t       lo, hi, mid;
    shian_str_t  c;

    c = shian_slice(text.p + at, 1);

    while (at + c.n < text.n && (c.p[c.n] & 0xc0) == 0x80) {
        c.n++;
    }

    for (lo = 0, hi = screen->nwords; lo < hi; /* void */) {
        mid = (lo + hi) / 2;

        if (by_bytes(&screen->words[mid], &c) < 0) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }

    for ( /* void */ ; lo < screen->nwords; lo++) {
        if (screen->words[lo].n < c.n
            || memcmp(screen->words[lo].p, c.p, c.n) != 0)
        {
            return false;
        }

        if (stands_at(screen->words[lo], text, at)) {
            return true;
        }
    }

    return false;
}


static bool
has_word(const shian_screen_t *screen, shian_str_t text)
{
    size_t  i;

    for (i = 0; i < text.n && screen->nwords != 0; i++) {
        if ((text.p[i] & 0xc0) != 0x80 && word_at(screen, text, i)) {
            return true;
        }
    }

    return false;
}


/* ---- masks ---- */

/* GB 11643-1999: the weights are 2^(17 - i) mod 11. */
static bool
is_identity(const uint8_t *p, const uint8_t *end)
{
    size_t    n;
    uint32_t  sum;

    static const uint8_t  weights[] = { 7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9,
                                        10, 5, 8, 4, 2, 1 };

    for (n = 0, sum = 0; p < end && n < sizeof(weights); p++) {
        if (is_alnum(*p)) {
            sum += weights[n++] * (*p == 'x' ? 10u : *p - (uint32_t) '0');
        }
    }

    return n == sizeof(weights) && sum % 11 == 1;
}


/* A number is written in up to four portions; more of them are prices. */
static bool
is_mobile(const uint8_t *p, const uint8_t *end)
{
    size_t  groups;
    bool    digit, before;

    for (groups = 0, before = false; p < end; p++, before = digit) {
        digit = is_alnum(*p);
        groups += digit && !before;
    }

    return groups <= 4;
}


static bool
is_meant(const uint8_t *p, const PCRE2_SIZE *v, size_t groups)
{
    if (groups > IDENTITY && v[2 * IDENTITY] != PCRE2_UNSET) {
        return is_identity(p + v[2 * IDENTITY], p + v[2 * IDENTITY + 1]);
    }

    if (groups > MOBILE && v[2 * MOBILE] != PCRE2_UNSET) {
        return is_mobile(p + v[2 * MOBILE], p + v[2 * MOBILE + 1]);
    }

    return true;
}


/* Writes text to b with what matches masked; false: the match gave up. */
static bool
put_masked(const shian_screen_t *screen, pcre2_match_data *md,
    const shian_folded_t *f, shian_str_t text, shian_buf_t *b)
{
    int                rc;
    size_t             at, done, from;
    const PCRE2_SIZE  *v;

    v = pcre2_get_ovector_pointer(md);

    for (at = 0, done = 0; at <= f->text.n; /* void */) {
        rc = pcre2_match(screen->masks, f->text.p, f->text.n, at,
                         PCRE2_NO_UTF_CHECK, md, NULL);

        if (rc == PCRE2_ERROR_NOMATCH) {
            break;
        }

        if (rc <= 0) {
            return false;
        }

        if (!is_meant(f->text.p, v, (size_t) rc)) {
            at = v[0] + 1;      /* every match begins with an ASCII byte */
            continue;
        }

        from = f->from[v[0]];

        if (from > done) {
            shian_put(&b->sink, text.p + done, from - done);
        }

        shian_putz(&b->sink, "***");
        done = f->to[v[1] - 1];
        at = v[1];
    }

    if (done != 0) {
        shian_put(&b->sink, text.p + done, text.n - done);
    }

    return !b->sink.failed;
}


bool
shian_screen(const shian_screen_t *screen, shian_arena_t *a, shian_str_t text,
    shian_screened_t *out)
{
    bool               ok;
    shian_buf_t        b;
    shian_folded_t     folded;
    pcre2_match_data  *md;

    *out = (shian_screened_t) { .text = text };

    if (!shian_text_fold(a, text, &folded)) {
        return false;
    }

    md = pcre2_match_data_create_from_pattern(screen->masks, NULL);
    if (md == NULL) {
        return false;
    }

    shian_buf_init(&b, a);
    ok = put_masked(screen, md, &folded, text, &b);
    pcre2_match_data_free(md);

    out->hold = has_word(screen, folded.text);

    if (b.n != 0) {
        out->text = shian_buf_str(&b);
        out->masked = true;
    }

    return ok;
}
