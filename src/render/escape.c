#include "escape.h"

#include <utf8proc.h>


/* The entity for c, or NULL.  Apostrophe: &apos; is not HTML 4's. */
static const char *
entity(utf8proc_int32_t c)
{
    switch (c) {
    case '&':  return "&amp;";
    case '<':  return "&lt;";
    case '>':  return "&gt;";
    case '"':  return "&quot;";
    case '\'': return "&#39;";
    default:   return NULL;
    }
}


void
shian_html_text(shian_str_t s, shian_sink_t *sink)
{
    size_t       i, from;
    const char  *e;

    for (i = from = 0; i < s.n; i++) {
        e = s.p[i] > '>' ? NULL : entity(s.p[i]);

        if (e != NULL) {
            shian_put(sink, s.p + from, i - from);
            shian_putz(sink, e);
            from = i + 1;
        }
    }

    shian_put(sink, s.p + from, s.n - from);
}


/* XML 1.0, production Char; utf8proc lets no surrogate through. */
static bool
is_char(utf8proc_int32_t c)
{
    return c >= 0x20 ? c != 0xfffe && c != 0xffff
                     : c == '\t' || c == '\n' || c == '\r';
}


void
shian_xml_text(shian_str_t s, shian_sink_t *sink)
{
    size_t            i, from;
    const char       *e;
    utf8proc_int32_t  c;
    utf8proc_ssize_t  n;

    for (i = from = 0; i < s.n; i += (size_t) n) {
        n = utf8proc_iterate(s.p + i, (utf8proc_ssize_t) (s.n - i), &c);

        if (n < 1) {
            n = 1;
            e = "";

        } else {
            e = is_char(c) ? entity(c) : "";
        }

        if (e != NULL) {
            shian_put(sink, s.p + from, i - from);
            shian_putz(sink, e);
            from = i + (size_t) n;
        }
    }

    shian_put(sink, s.p + from, s.n - from);
}


/* The escape for c, its length in `out`; 0: c stands for itself. */
static size_t
json_escape(utf8proc_int32_t c, bool script, char out[6])
{
    size_t  i;

    static const char  hex[] = "0123456789abcdef";
    static const char  from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";

    for (i = 0; i < sizeof(from) - 1; i++) {
        if (c == from[i]) {
            out[0] = '\\';
            out[1] = to[i];
            return 2;
        }
    }

    if (c >= 0x20 && c != 0x2028 && c != 0x2029
        && !(script && (c == '<' || c == '>' || c == '&')))
    {
        return 0;
    }

    memcpy(out, "\\u", 2);

    for (i = 0; i < 4; i++) {
        out[2 + i] = hex[(c >> (12 - 4 * i)) & 15];
    }

    return 6;
}


void
shian_json_string(shian_str_t s, bool script, shian_sink_t *sink)
{
    char              out[6];
    size_t            i, from, n;
    utf8proc_int32_t  c;
    utf8proc_ssize_t  step;

    shian_putc(sink, '"');

    for (i = from = 0; i < s.n; i += (size_t) step) {
        step = 1;

        if (s.p[i] < 0x80) {
            c = s.p[i];

            if (c > '>' && c != '\\') {
                continue;
            }

        } else {
            step = utf8proc_iterate(s.p + i, (utf8proc_ssize_t) (s.n - i),
                                    &c);
            if (step < 1) {
                shian_put(sink, s.p + from, i - from);
                shian_putz(sink, "\xef\xbf\xbd");
                step = 1;
                from = i + 1;
                continue;
            }
        }

        n = json_escape(c, script, out);

        if (n != 0) {
            shian_put(sink, s.p + from, i - from);
            shian_put(sink, out, n);
            from = i + (size_t) step;
        }
    }

    shian_put(sink, s.p + from, s.n - from);
    shian_putc(sink, '"');
}


void
shian_url_text(shian_str_t s, shian_sink_t *sink)
{
    size_t   i;
    uint8_t  c;

    for (i = 0; i < s.n; i++) {
        c = s.p[i];

        if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')
            || (c >= 'A' && c <= 'Z')
            || c == '-' || c == '.' || c == '_' || c == '~')
        {
            shian_putc(sink, (char) c);

        } else {
            shian_putf(sink, "%%%02X", c);
        }
    }
}


/* [+-]digits[.digits], which every spreadsheet takes as it is meant. */
static bool
is_number(shian_str_t s)
{
    bool    point;
    size_t  i, digits;

    i = s.n != 0 && (s.p[0] == '+' || s.p[0] == '-');

    for (point = false, digits = 0; i < s.n; i++) {
        if (s.p[i] == '.' && !point && digits != 0) {
            point = true;
            digits = 0;

        } else if (s.p[i] >= '0' && s.p[i] <= '9') {
            digits++;

        } else {
            return false;
        }
    }

    return digits != 0;
}


/*
 * Whether a spreadsheet might run the cell (OWASP, "CSV Injection"); the
 * full-width signs count where the keyboard is Chinese.
 */
static bool
is_formula(shian_str_t s)
{
    size_t  i;

    static const char *const  wide[] = { "＝", "＋", "－", "＠" };

    if (s.n == 0 || is_number(s)) {
        return false;
    }

    if (s.p[0] != '\0' && strchr("=+-@\t\r\n", s.p[0]) != NULL) {
        return true;
    }

    for (i = 0; i < SHIAN_COUNT(wide); i++) {
        if (s.n >= 3 && memcmp(s.p, wide[i], 3) == 0) {
            return true;
        }
    }

    return false;
}


void
shian_csv_cell(shian_str_t s, shian_sink_t *sink)
{
    bool    quoted;
    size_t  i, from;

    for (i = 0, quoted = false; i < s.n && !quoted; i++) {
        quoted = s.p[i] == ',' || s.p[i] == '"' || s.p[i] == '\r'
                 || s.p[i] == '\n';
    }

    if (quoted) {
        shian_putc(sink, '"');
    }

    if (is_formula(s)) {
        shian_putc(sink, '\'');
    }

    for (i = from = 0; i < s.n; i++) {
        if (s.p[i] == '"') {
            shian_put(sink, s.p + from, i + 1 - from);
            from = i;
        }
    }

    shian_put(sink, s.p + from, s.n - from);

    if (quoted) {
        shian_putc(sink, '"');
    }
}
