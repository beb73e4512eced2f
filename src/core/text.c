#include "text.h"

#include <stdlib.h>
#include <utf8proc.h>

/*
 * A run of combining marks longer than this is no language; and utf8proc
 * sorts such a run in quadratic time (UAX #15 section 13 bounds it at 30).
 */
#define MAX_MARKS  8

#define ZWJ        0x200d


size_t
shian_text_length(shian_str_t s)
{
    size_t  i, n;

    for (i = 0, n = 0; i < s.n; i++) {
        n += (s.p[i] & 0xc0) != 0x80;
    }

    return n;
}


/* The code point at s.p + *i, moving *i past it; -1 where it is not one. */
static int32_t
next(shian_str_t s, size_t *i)
{
    int32_t            cp;
    utf8proc_ssize_t   n;

    n = utf8proc_iterate(s.p + *i, (utf8proc_ssize_t) (s.n - *i), &cp);

    if (n <= 0 || cp == 0) {
        return -1;
    }

    *i += (size_t) n;

    return cp;
}


bool
shian_utf8_valid(shian_str_t s)
{
    size_t  i;

    for (i = 0; i < s.n; /* void */) {
        if (s.p[i] != 0 && s.p[i] < 0x80) {
            i++;

        } else if (next(s, &i) < 0) {
            return false;
        }
    }

    return true;
}


static bool
is_mark(int32_t cp)
{
    utf8proc_category_t  c = utf8proc_category(cp);

    return c == UTF8PROC_CATEGORY_MN || c == UTF8PROC_CATEGORY_ME;
}


/* Letters that show as nothing, and so make names that look empty. */
static bool
is_blank_letter(int32_t cp)
{
    return cp == 0x115f || cp == 0x1160 || cp == 0x3164 || cp == 0xffa0
           || cp == 0x2800;
}


static bool
is_newline(int32_t cp)
{
    return cp == '\n' || cp == '\r' || cp == 0x85 || cp == 0x2028
           || cp == 0x2029 || cp == '\v' || cp == '\f';
}


static bool
is_space(int32_t cp)
{
    return cp == '\t' || is_newline(cp)
           || utf8proc_category(cp) == UTF8PROC_CATEGORY_ZS;
}


static bool
is_picture(int32_t cp)
{
    return utf8proc_get_property(cp)->boundclass
           == UTF8PROC_BOUNDCLASS_EXTENDED_PICTOGRAPHIC;
}


/* May a ZWJ follow `before`: an emoji, its skin or its variation selector. */
static bool
joins(int32_t before, shian_str_t s, size_t i)
{
    int32_t  after;

    if (!is_picture(before) && before != 0xfe0f
        && (before < 0x1f3fb || before > 0x1f3ff))
    {
        return false;
    }

    if (i == s.n) {
        return false;
    }

    after = next(s, &i);

    return after >= 0 && is_picture(after);
}


static bool
is_dropped(int32_t cp)
{
    switch (utf8proc_category(cp)) {

    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
        return true;

    case UTF8PROC_CATEGORY_CN:
        /* Unassigned may be newer than the table; noncharacters never are. */
        return (cp & 0xfffe) == 0xfffe || (cp >= 0xfdd0 && cp <= 0xfdef);

    default:
        return is_blank_letter(cp);
    }
}


/*
 * What both the stored form and the compared forms begin with: controls,
 * invisible characters and heaps of marks dropped, line ends made LF.
 * Returns bytes in the arena, never more than s has.
 */
static bool
sift(shian_arena_t *a, shian_str_t s, shian_str_t *out)
{
    size_t    i, n, marks;
    int32_t   cp, last;
    uint8_t  *p;

    if (s.n > SHIAN_TEXT_MAX) {
        return false;
    }

    p = shian_alloc(a, s.n + 4);
    if (p == NULL) {
        return false;
    }

    for (i = 0, n = 0, marks = 0, last = 0; i < s.n; /* void */) {
        cp = next(s, &i);

        if (cp < 0) {
            return false;
        }

        if (is_newline(cp)) {
            if (cp == '\r' && i < s.n && s.p[i] == '\n') {
                i++;
            }
            cp = '\n';

        } else if (is_space(cp)) {
            /* An ideographic space indents paragraphs; others are a space. */
            cp = cp == 0x3000 ? cp : ' ';

        } else if (cp == ZWJ ? !joins(last, s, i) : is_dropped(cp)) {
            continue;
        }

        marks = is_mark(cp) ? marks + 1 : 0;

        if (marks > MAX_MARKS) {
            continue;
        }

        n += (size_t) utf8proc_encode_char(cp, p + n);
        last = cp;
    }

    *out = shian_slice(p, n);

    return true;
}


/* A normal form, copied from utf8proc's memory into the arena. */
static bool
normalise(shian_arena_t *a, shian_str_t s, int options, shian_str_t *out)
{
    uint8_t           *p, *z;
    utf8proc_ssize_t   n;

    if (s.n == 0) {
        *out = SHIAN_NONE;
        return true;
    }

    n = utf8proc_map(s.p, (utf8proc_ssize_t) s.n, &z,
                     (utf8proc_option_t) (options | UTF8PROC_STABLE));
    if (n < 0) {
        return false;
    }

    p = shian_alloc(a, (size_t) n + 1);
    if (p != NULL && n != 0) {
        memcpy(p, z, (size_t) n);
    }

    free(z);
    *out = shian_slice(p, (size_t) n);

    return p != NULL;
}


/* Bytes of white space at p, of n: after sift there are but three kinds. */
static size_t
space_at(const uint8_t *p, size_t n)
{
    if (n != 0 && (*p == ' ' || *p == '\n')) {
        return 1;
    }

    return n >= 3 && memcmp(p, "\xe3\x80\x80", 3) == 0 ? 3 : 0;
}


static shian_str_t
trim_end(shian_str_t s)
{
    while (s.n != 0) {
        if (space_at(s.p + s.n - 1, 1) != 0) {
            s.n--;

        } else if (s.n >= 3 && space_at(s.p + s.n - 3, 3) == 3) {
            s.n -= 3;

        } else {
            break;
        }
    }

    return s;
}


static shian_str_t
trim(shian_str_t s)
{
    size_t  n;

    while ((n = space_at(s.p, s.n)) != 0) {
        s = shian_slice(s.p + n, s.n - n);
    }

    return trim_end(s);
}


/* Every run of white space in s, which is trimmed, becomes one space. */
static size_t
put_line(uint8_t *p, shian_str_t s)
{
    size_t  i, n, space;

    for (i = 0, n = 0; i < s.n; /* void */) {
        space = space_at(s.p + i, s.n - i);

        if (space == 0) {
            p[n++] = s.p[i++];

        } else {
            i += space;

            if (p[n - 1] != ' ') {
                p[n++] = ' ';
            }
        }
    }

    return n;
}


/* Lines of s, which is trimmed, without space at their ends. */
static size_t
put_lines(uint8_t *p, shian_str_t s)
{
    size_t          n, blank;
    shian_str_t     line;
    const uint8_t  *end;

    for (n = 0, blank = 0; s.n != 0; /* void */) {
        end = memchr(s.p, '\n', s.n);
        line = shian_slice(s.p, end == NULL ? s.n : (size_t) (end - s.p));
        s = end == NULL ? SHIAN_NONE
                        : shian_slice(end + 1, s.n - line.n - 1);
        line = trim_end(line);

        if (line.n == 0) {
            blank++;
            continue;
        }

        if (n != 0) {
            blank = blank > 2 ? 3 : blank + 1;
            memset(p + n, '\n', blank);
            n += blank;
        }

        memcpy(p + n, line.p, line.n);
        n += line.n;
        blank = 0;
    }

    return n;
}


bool
shian_text_clean(shian_arena_t *a, shian_str_t s, bool multiline,
    shian_str_t *out)
{
    uint8_t  *p;

    if (!sift(a, s, &s) || !normalise(a, s, UTF8PROC_COMPOSE, &s)) {
        return false;
    }

    s = trim(s);

    p = shian_alloc(a, s.n + 1);
    if (p == NULL) {
        return false;
    }

    *out = shian_slice(p, multiline ? put_lines(p, s) : put_line(p, s));

    return true;
}


/* NFKC with case folded: what every comparison starts from. */
static bool
fold(shian_arena_t *a, shian_str_t s, shian_str_t *out)
{
    return sift(a, s, &s)
           && normalise(a, s, UTF8PROC_COMPOSE | UTF8PROC_COMPAT
                              | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE, out);
}


/* Letters, digits, and the marks on them; not punctuation, symbols, space. */
static bool
is_word(int32_t cp)
{
    utf8proc_category_t  c = utf8proc_category(cp);

    return (c >= UTF8PROC_CATEGORY_LU && c <= UTF8PROC_CATEGORY_NO)
           || c == UTF8PROC_CATEGORY_CO;
}


bool
shian_text_key(shian_arena_t *a, shian_str_t s, shian_str_t *out)
{
    size_t    i, start, n;
    uint8_t  *p;

    if (!fold(a, s, &s)) {
        return false;
    }

    p = shian_alloc(a, s.n + 1);
    if (p == NULL) {
        return false;
    }

    for (i = 0, n = 0; i < s.n; /* void */) {
        start = i;

        if (is_word(next(s, &i))) {
            memcpy(p + n, s.p + start, i - start);
            n += i - start;
        }
    }

    *out = shian_slice(p, n);

    return true;
}


/* Scripts written without spaces: Han, kana, hangul, bopomofo. */
static bool
is_dense(int32_t cp)
{
    static const struct {
        int32_t  first, last;
    } ranges[] = {
        { 0x1100, 0x11ff }, { 0x2e80, 0x2fdf }, { 0x3005, 0x3007 },
        { 0x3021, 0x3029 }, { 0x3038, 0x303c }, { 0x3041, 0x318f },
        { 0x31a0, 0x31bf }, { 0x31f0, 0x31ff }, { 0x3400, 0x4dbf },
        { 0x4e00, 0x9fff }, { 0xa960, 0xa97f }, { 0xac00, 0xd7ff },
        { 0xf900, 0xfaff }, { 0x1aff0, 0x1b16f }, { 0x20000, 0x3ffff }
    };

    size_t  i;

    for (i = 0; i < SHIAN_COUNT(ranges); i++) {
        if (cp <= ranges[i].last) {
            return cp >= ranges[i].first;
        }
    }

    return false;
}


typedef struct {
    shian_arena_t  *arena;
    shian_str_t    *terms;
    size_t          n;
    bool            query;
    bool            failed;
} terms_t;


static int
compare(shian_str_t a, shian_str_t b)
{
    int  c;

    c = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);

    return c != 0 ? c : (a.n > b.n) - (a.n < b.n);
}


/* Inserts a copy of the term in its place unless it is there. */
static void
add_term(terms_t *t, const uint8_t *p, size_t n)
{
    int           c;
    size_t        lo, hi, mid;
    uint8_t      *copy;
    shian_str_t   term;

    term = shian_slice(p, n);

    for (lo = 0, hi = t->n; lo < hi; /* void */) {
        mid = (lo + hi) / 2;
        c = compare(term, t->terms[mid]);

        if (c == 0) {
            return;
        }

        if (c < 0) {
            hi = mid;
        } else {
            lo = mid + 1;
        }
    }

    if (n == 0 || t->n == SHIAN_MAX_TERMS) {
        return;
    }

    copy = shian_alloc(t->arena, n);
    if (copy == NULL) {
        t->failed = true;
        return;
    }

    memcpy(copy, p, n);
    memmove(t->terms + lo + 1, t->terms + lo,
            (t->n - lo) * sizeof(shian_str_t));
    t->terms[lo] = shian_slice(copy, n);
    t->n++;
}


/* Pairs of the run of dense characters at *i, which is moved past it. */
static void
add_run(terms_t *t, shian_str_t s, size_t *i)
{
    bool     pair;
    size_t   at, after, end;
    int32_t  cp;

    at = *i;
    pair = false;
    (void) next(s, i);

    for ( ;; ) {
        after = *i;
        end = after;
        cp = end < s.n ? next(s, &end) : -1;

        if (cp < 0 || !is_word(cp) || !is_dense(cp)) {
            break;
        }

        add_term(t, s.p + at, end - at);
        pair = true;
        at = after;
        *i = end;
    }

    if (!t->query || !pair) {
        add_term(t, s.p + at, *i - at);
    }
}


/* Appends cp's letters without marks; false once the term is full. */
static bool
put_letters(uint8_t *word, size_t *n, int32_t cp)
{
    int               bound;
    uint8_t           one[4];
    int32_t           base[8];
    utf8proc_ssize_t  i, len, nbase;

    bound = 0;
    nbase = utf8proc_decompose_char(cp, base, SHIAN_COUNT(base),
                                    UTF8PROC_DECOMPOSE | UTF8PROC_STRIPMARK,
                                    &bound);

    for (i = 0; i < nbase && i < (utf8proc_ssize_t) SHIAN_COUNT(base); i++) {
        len = utf8proc_encode_char(base[i], one);

        if (*n + (size_t) len > SHIAN_MAX_TERM) {
            return false;
        }

        memcpy(word + *n, one, (size_t) len);
        *n += (size_t) len;
    }

    return true;
}


/* The word at *i, which is moved past it. */
static void
add_word(terms_t *t, shian_str_t s, size_t *i)
{
    bool     room;
    size_t   n, at;
    int32_t  cp;
    uint8_t  word[SHIAN_MAX_TERM];

    room = true;

    for (n = 0, at = *i; *i < s.n; at = *i) {
        cp = next(s, i);

        if (!is_word(cp) || is_dense(cp)) {
            *i = at;
            break;
        }

        room = room && put_letters(word, &n, cp);
    }

    add_term(t, word, n);
}


static bool
make_terms(terms_t *t, shian_str_t s)
{
    size_t   i, at;
    int32_t  cp;

    if (!fold(t->arena, s, &s)) {
        return false;
    }

    t->terms = shian_array(t->arena, SHIAN_MAX_TERMS, sizeof(shian_str_t));
    if (t->terms == NULL) {
        return false;
    }

    for (i = 0; i < s.n; /* void */) {
        at = i;
        cp = next(s, &i);

        if (!is_word(cp)) {
            continue;
        }

        i = at;

        if (is_dense(cp)) {
            add_run(t, s, &i);
        } else {
            add_word(t, s, &i);
        }
    }

    return !t->failed;
}


bool
shian_text_terms(shian_arena_t *a, shian_str_t s, shian_str_t **terms,
    size_t *n)
{
    bool     ok;
    terms_t  t = { .arena = a };

    ok = make_terms(&t, s);
    *terms = t.terms;
    *n = t.n;

    return ok;
}


bool
shian_text_query_terms(shian_arena_t *a, shian_str_t s, shian_str_t **terms,
    size_t *n)
{
    bool     ok;
    terms_t  t = { .arena = a, .query = true };

    ok = make_terms(&t, s);
    *terms = t.terms;
    *n = t.n;

    return ok;
}


/* Folds s into out and p, or with p NULL only counts the bytes it takes. */
static bool
fold_each(shian_str_t s, shian_folded_t *out, uint8_t *p, size_t *n)
{
    int               bound;
    size_t            i, at, len, j;
    uint8_t           one[4];
    int32_t           cp, folded[32];
    utf8proc_ssize_t  k, nfolded;

    for (i = 0, *n = 0; i < s.n; /* void */) {
        at = i;
        cp = next(s, &i);

        if (cp < 0) {
            return false;
        }

        bound = 0;
        nfolded = utf8proc_decompose_char(cp, folded, SHIAN_COUNT(folded),
                                          UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT
                                          | UTF8PROC_CASEFOLD
                                          | UTF8PROC_IGNORE, &bound);

        for (k = 0; k < nfolded && k < (utf8proc_ssize_t) SHIAN_COUNT(folded);
             k++)
        {
            len = (size_t) utf8proc_encode_char(folded[k], one);

            for (j = 0; p != NULL && j < len; j++) {
                p[*n + j] = one[j];
                out->from[*n + j] = (uint32_t) at;
                out->to[*n + j] = (uint32_t) i;
            }

            *n += len;
        }
    }

    return true;
}


bool
shian_text_fold(shian_arena_t *a, shian_str_t s, shian_folded_t *out)
{
    size_t    n;
    uint8_t  *p;

    if (s.n > SHIAN_TEXT_MAX || !fold_each(s, out, NULL, &n)) {
        return false;
    }

    p = shian_alloc(a, n + 1);
    out->from = shian_array(a, n + 1, sizeof(uint32_t));
    out->to = shian_array(a, n + 1, sizeof(uint32_t));

    if (p == NULL || out->from == NULL || out->to == NULL) {
        return false;
    }

    out->text = shian_slice(p, n);

    return fold_each(s, out, p, &n);
}
