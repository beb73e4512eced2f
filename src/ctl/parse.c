#include "parse.h"

#include <math.h>
#include <stdlib.h>
#include <strings.h>

#include "core/calendar.h"


bool
shian_parse_real(shian_str_t s, double *v)
{
    char    text[64], *end;
    size_t  i;

    if (s.n == 0 || s.n >= sizeof(text)) {
        return false;
    }

    for (i = 0; i < s.n; i++) {
        if (s.p[i] == '\0' || strchr("0123456789+-.eE", s.p[i]) == NULL) {
            return false;       /* no hexadecimal, no "inf" */
        }
        text[i] = (char) s.p[i];
    }

    text[s.n] = '\0';
    *v = strtod(text, &end);

    return *end == '\0' && isfinite(*v);
}


/* Up to max digits; false: none. */
static bool
digits(shian_str_t *s, size_t max, int32_t *v)
{
    size_t  n;

    *v = 0;

    for (n = 0; n < max && s->n != 0 && *s->p >= '0' && *s->p <= '9'; n++) {
        *v = *v * 10 + (*s->p - '0');
        s->p++;
        s->n--;
    }

    return n != 0;
}


static bool
skip(shian_str_t *s, const char *word)
{
    size_t  n;

    n = strlen(word);

    if (s->n < n || memcmp(s->p, word, n) != 0) {
        return false;
    }

    s->p += n;
    s->n -= n;

    return true;
}


static bool
separator(shian_str_t *s, const char *han)
{
    return skip(s, han) || skip(s, "-") || skip(s, "/") || skip(s, ".");
}


static size_t
ndigits(shian_str_t s)
{
    int32_t  v;
    size_t   n = s.n;

    (void) digits(&s, 5, &v);

    return n - s.n;
}


bool
shian_parse_day(shian_str_t s, int32_t *day)
{
    bool     apart;
    int32_t  y, m, d, month, of_month;

    if (!digits(&s, 4, &y)) {
        return false;
    }

    apart = separator(&s, "年");

    /* 2026115 may be two days: without separators it has eight digits. */
    if (!apart && ndigits(s) != 4) {
        return false;
    }

    if (!digits(&s, 2, &m) || separator(&s, "月") != apart
        || !digits(&s, 2, &d))
    {
        return false;
    }

    (void) skip(&s, "日");

    if (s.n != 0 && s.p[0] != ' ' && s.p[0] != 'T') {
        return false;
    }

    if (y < 1900 || y > 2199 || m < 1 || m > 12 || d < 1 || d > 31) {
        return false;
    }

    *day = shian_day_from_civil(y, m, d);
    shian_civil_from_day(*day, &y, &month, &of_month);

    return month == m && of_month == d;     /* no 30 February */
}


bool
shian_parse_word(shian_str_t s, const shian_word_t *words, int *value)
{
    for (; words->word != NULL; words++) {
        if (strlen(words->word) == s.n
            && strncasecmp(words->word, (const char *) s.p, s.n) == 0)
        {
            *value = words->value;
            return true;
        }
    }

    return false;
}


bool
shian_parse_code(shian_str_t s, char *out, size_t size)
{
    size_t   i, n;
    uint8_t  c;

    for (n = 0, i = 0; i < s.n; i++) {
        c = s.p[i];

        if (c == ' ' || c == '-') {
            continue;
        }

        if (n + 1 >= size) {
            return false;
        }

        out[n++] = (char) (c >= 'a' && c <= 'z' ? c & 0xdf : c);
    }

    out[n] = '\0';
    return n != 0;
}


shian_str_t
shian_parse_category(shian_str_t s)
{
    size_t  i;

    for (i = 0; i < s.n && s.p[i] != '|'; i++) { /* void */ }

    s.n = i;

    /* A list may end in an empty level. */
    while (s.n != 0 && (s.p[s.n - 1] == ';' || s.p[s.n - 1] == ' ')) {
        s.n--;
    }

    for (i = s.n; i != 0 && s.p[i - 1] != ';'; i--) { /* void */ }

    return shian_slice(s.p + i, s.n - i);
}
