#include "lang.h"

#include "mustache.h"

const char *const  shian_langs[SHIAN_LANGS] = { "zh", "en" };


size_t
shian_lang_index(const char *lang)
{
    size_t  i;

    for (i = SHIAN_LANGS - 1; i > 0; i--) {
        if (strcmp(shian_langs[i], lang) == 0) {
            break;
        }
    }

    return i;
}


/* The language whose code is s in any case, or NULL. */
static const char *
known(shian_str_t s)
{
    size_t  i;

    for (i = 0; i < SHIAN_LANGS; i++) {
        if (s.n == 2 && (s.p[0] | 0x20) == shian_langs[i][0]
            && (s.p[1] | 0x20) == shian_langs[i][1])
        {
            return shian_langs[i];
        }
    }

    return NULL;
}


const char *
shian_lang_named(shian_str_t s)
{
    size_t  i;

    for (i = 0; i < SHIAN_LANGS; i++) {
        if (shian_str_is(s, shian_langs[i])) {
            return shian_langs[i];
        }
    }

    return NULL;
}


static shian_str_t
trim(shian_str_t s)
{
    while (s.n != 0 && (s.p[0] == ' ' || s.p[0] == '\t')) {
        s.p++;
        s.n--;
    }

    while (s.n != 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t')) {
        s.n--;
    }

    return s;
}


/* Cuts s before the first `at`; returns what follows it. */
static shian_str_t
cut(shian_str_t *s, char at)
{
    shian_str_t     rest;
    const uint8_t  *p;

    p = s->n == 0 ? NULL : memchr(s->p, at, s->n);

    if (p == NULL) {
        return SHIAN_NONE;
    }

    rest = shian_slice(p + 1, s->n - (size_t) (p - s->p) - 1);
    s->n = (size_t) (p - s->p);

    return rest;
}


/* "q=0.8" in thousandths (RFC 9110 12.4.2); what is malformed counts 0. */
static int
weight(shian_str_t s)
{
    int     q, unit;
    size_t  i;

    s = trim(s);

    if (s.n == 0) {
        return 1000;
    }

    if (s.n < 3 || s.n > 7 || (s.p[0] | 0x20) != 'q' || s.p[1] != '='
        || (s.p[2] != '0' && s.p[2] != '1') || (s.n > 3 && s.p[3] != '.'))
    {
        return 0;
    }

    q = (s.p[2] - '0') * 1000;

    for (i = 4, unit = 100; i < s.n; i++, unit /= 10) {
        if (s.p[i] < '0' || s.p[i] > '9') {
            return 0;
        }
        q += (s.p[i] - '0') * unit;
    }

    return q > 1000 ? 0 : q;
}


const char *
shian_lang_pick(shian_str_t accept_language)
{
    int          q, best;
    const char  *lang, *picked;
    shian_str_t  range, rest, params;

    best = 0;
    picked = shian_langs[0];

    for (rest = accept_language; rest.n != 0; ) {
        range = rest;
        rest = cut(&range, ',');
        params = cut(&range, ';');
        q = weight(params);

        range = trim(range);
        (void) cut(&range, '-');

        lang = shian_str_is(range, "*") ? shian_langs[0] : known(range);

        if (lang != NULL && q > best) {
            best = q;
            picked = lang;
        }
    }

    return picked;
}


const char *
shian_lang_text(const shian_templates_t *t, const char *lang,
    const char *key)
{
    const shian_template_t  *text;

    text = shian_templates_text(t, lang, key);

    return text == NULL ? key : (const char *) text->source.p;
}
