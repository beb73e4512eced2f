/*
 * Text that people typed: checked, cleaned, and brought to the forms in which
 * it is compared and searched.  Normal forms are those of Unicode UAX #15, by
 * utf8proc.  Results are in the arena; input is at most SHIAN_TEXT_MAX bytes.
 */

#ifndef SHIAN_TEXT_H
#define SHIAN_TEXT_H

#include "base.h"

#define SHIAN_TEXT_MAX       (1 << 20)
#define SHIAN_MAX_TERMS      256
#define SHIAN_MAX_TERM       32         /* bytes */

/* UTF-8 by RFC 3629 (no surrogates, nothing overlong), no NUL.  Any thread. */
bool shian_utf8_valid(shian_str_t s);

/* Code points in valid UTF-8.  Any thread. */
size_t shian_text_length(shian_str_t s);

/*
 * What is stored of a text: NFC, trimmed, without control characters, bidi
 * controls and zero-width characters (a ZWJ inside an emoji stays), at most
 * eight combining marks on one character.  Lines end in LF, lose trailing
 * space, and more than two blank ones in a row become two; without multiline
 * any run of white space becomes one space.  false: not valid UTF-8, too
 * long, or no memory.  Any thread.
 */
bool shian_text_clean(shian_arena_t *a, shian_str_t s, bool multiline,
    shian_str_t *out);

/*
 * The form in which names and addresses match: NFKC (so full-width letters
 * become ordinary), case folded, without white space, punctuation and
 * symbols.  May be empty.  false as above.  Any thread.
 */
bool shian_text_key(shian_arena_t *a, shian_str_t s, shian_str_t *out);

/*
 * The terms under which an index holds s: NFKC, case folded; each character
 * of a run of Han, kana or hangul with the one after it (the last one alone:
 * 烤鱼 gives 烤鱼 and 鱼), and each other run of letters and digits as a word
 * without its diacritics.  A term is cut to SHIAN_MAX_TERM bytes; terms are
 * unique and sorted by bytes; past SHIAN_MAX_TERMS they are left out.  false
 * as above.  Any thread.
 */
bool shian_text_terms(shian_arena_t *a, shian_str_t s, shian_str_t **terms,
    size_t *n);

/*
 * The terms of a query: as above, but a run of two characters or more gives
 * its pairs only.  The index answers with what has, for every term of the
 * query, a term that begins with it: so 鱼 finds 鱼头 and 烤鱼, and "star"
 * finds "starbucks".  None: the query says nothing.  Any thread.
 */
bool shian_text_query_terms(shian_arena_t *a, shian_str_t s,
    shian_str_t **terms, size_t *n);

/*
 * Folds s for comparison character by character (compatibility decomposition,
 * case fold, nothing ignorable), keeping the way back: the byte i of the
 * folded text came from the character at bytes from[i] to to[i] of s.  false
 * as above.  Any thread.
 */
typedef struct {
    shian_str_t   text;
    uint32_t     *from;
    uint32_t     *to;
} shian_folded_t;

bool shian_text_fold(shian_arena_t *a, shian_str_t s, shian_folded_t *out);

#endif /* SHIAN_TEXT_H */
