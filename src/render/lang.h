/*
 * Languages: which there are, which one a request gets, texts for C code.
 */

#ifndef SHIAN_LANG_H
#define SHIAN_LANG_H

#include "template.h"

#define SHIAN_LANGS  2

/* Codes, the default ("zh") first. */
extern const char *const  shian_langs[SHIAN_LANGS];

/*
 * Marks a key of html/lang that only C code names, so that the check of
 * unused keys sees it.
 */
#define SHIAN_TEXT(key)  key

/* The place of `lang` in shian_langs; 0 for one unknown.  Any thread. */
size_t shian_lang_index(const char *lang);

/* The static code equal to s (as in ?lang=zh), or NULL.  Any thread. */
const char *shian_lang_named(shian_str_t s);

/*
 * The language for an Accept-Language value (RFC 9110 12.5.4, by primary
 * subtag, q-values; ties go to the earlier): a static code, "zh" when the
 * header is empty, malformed or wants neither.  Any thread.
 */
const char *shian_lang_pick(shian_str_t accept_language);

/*
 * The text `key` in `lang`, as it stands in the file, borrowed from t; the
 * key itself when there is none.  Any thread.
 */
const char *shian_lang_text(const shian_templates_t *t, const char *lang,
    const char *key);

#endif /* SHIAN_LANG_H */
