#include "multipart.h"
#include "text.h"

#include <strings.h>

enum {
    PREAMBLE,           /* before the first delimiter: ignored */
    BODY,
    TAIL,               /* after a delimiter: "--", or space and CR */
    TAIL_DASH,
    TAIL_LF,
    HEAD,
    EPILOGUE,           /* after the last delimiter: ignored */
    FAILED
};


static bool
fail(shian_multipart_t *mp, int status, const char *code, const char *detail)
{
    mp->state = FAILED;

    return shian_fail(mp->report, status, code, detail);
}


static bool
malformed(shian_multipart_t *mp)
{
    return fail(mp, 400, "malformed", "The multipart body is malformed.");
}


static bool
stopped(shian_multipart_t *mp)
{
    mp->state = FAILED;

    if (mp->report->status == 200) {
        shian_fail(mp->report, 500, "server", "The upload was stopped.");
    }

    return false;
}


/* ---- header values (RFC 9110, section 5.6) ---- */

static bool
is_token(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z')
           || (c >= 'a' && c <= 'z')
           || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}


static bool
is_named(shian_str_t s, const char *z)
{
    return s.n == strlen(z) && strncasecmp((const char *) s.p, z, s.n) == 0;
}


static shian_str_t
skip_space(shian_str_t s)
{
    while (s.n != 0 && (*s.p == ' ' || *s.p == '\t')) {
        s = shian_slice(s.p + 1, s.n - 1);
    }

    return s;
}


/* Takes characters of a token, and of `more`, from the front of *s. */
static shian_str_t
take_token(shian_str_t *s, char more)
{
    size_t       n;
    shian_str_t  token;

    for (n = 0; n < s->n && (is_token(s->p[n]) || s->p[n] == more); n++) {
        /* void */
    }

    token = shian_slice(s->p, n);
    *s = skip_space(shian_slice(s->p + n, s->n - n));

    return token;
}


/*
 * Takes `; name=value` from *s.  The inside of a quoted value is returned as
 * it stands: no name and no boundary that we know has a backslash in it.
 * false at the end of *s, and with *ok false when it is no parameter.
 */
static bool
take_param(shian_str_t *s, shian_str_t *name, shian_str_t *value, bool *ok)
{
    size_t  n;

    *ok = true;

    if (s->n == 0) {
        return false;
    }

    *ok = *s->p == ';';
    *s = skip_space(shian_slice(s->p + 1, s->n - 1));

    if (!*ok || s->n == 0) {
        return false;
    }

    *name = take_token(s, '\0');
    *ok = name->n != 0 && s->n != 0 && *s->p == '=';

    if (!*ok) {
        return false;
    }

    *s = skip_space(shian_slice(s->p + 1, s->n - 1));

    if (s->n == 0 || *s->p != '"') {
        *value = take_token(s, '\0');
        *ok = value->n != 0;
        return *ok;
    }

    for (n = 1; n < s->n && s->p[n] != '"'; n++) {
        n += s->p[n] == '\\';
    }

    *ok = n < s->n;

    if (*ok) {
        *value = shian_slice(s->p + 1, n - 1);
        *s = skip_space(shian_slice(s->p + n + 1, s->n - n - 1));
    }

    return *ok;
}


/* bchars of RFC 2046, which does not let a boundary end in a space. */
static bool
is_boundary(shian_str_t s)
{
    size_t  i;

    if (s.n == 0 || s.n > SHIAN_MAX_BOUNDARY || s.p[s.n - 1] == ' ') {
        return false;
    }

    for (i = 0; i < s.n; i++) {
        if (!(s.p[i] >= '0' && s.p[i] <= '9')
            && !(s.p[i] >= 'A' && s.p[i] <= 'Z')
            && !(s.p[i] >= 'a' && s.p[i] <= 'z')
            && (s.p[i] == '\0' || strchr("'()+_,-./:=? ", s.p[i]) == NULL))
        {
            return false;
        }
    }

    return true;
}


bool
shian_multipart_boundary(shian_str_t content_type, shian_str_t *boundary)
{
    bool         ok;
    shian_str_t  rest, name, value;

    *boundary = SHIAN_NONE;
    rest = skip_space(content_type);

    if (!is_named(take_token(&rest, '/'), "multipart/form-data")) {
        return false;
    }

    while (take_param(&rest, &name, &value, &ok)) {
        if (is_named(name, "boundary")) {
            if (boundary->p != NULL) {
                return false;
            }
            *boundary = value;
        }
    }

    return ok && is_boundary(*boundary);
}


void
shian_multipart_init(shian_multipart_t *mp, shian_str_t boundary,
    const shian_multipart_limits_t *limits,
    const shian_multipart_handler_t *handler, shian_report_t *report)
{
    memset(mp, 0, sizeof(*mp));
    mp->limits = *limits;
    mp->handler = *handler;
    mp->report = report;

    if (mp->limits.head_bytes > sizeof(mp->head)) {
        mp->limits.head_bytes = sizeof(mp->head);
    }

    if (!is_boundary(boundary)) {
        malformed(mp);
        return;
    }

    memcpy(mp->delim, "\r\n--", 4);
    memcpy(mp->delim + 4, boundary.p, boundary.n);
    mp->ndelim = boundary.n + 4;

    /* The first delimiter may stand at the very start, without its CRLF. */
    mp->matched = 2;
}


/* ---- headers of a part ---- */

static bool
read_disposition(shian_part_t *part, shian_str_t value)
{
    bool         ok;
    shian_str_t  name, v;

    if (part->name.p != NULL
        || !is_named(take_token(&value, '\0'), "form-data"))
    {
        return false;
    }

    while (take_param(&value, &name, &v, &ok)) {
        if (is_named(name, "name")) {
            if (part->name.p != NULL) {
                return false;
            }
            part->name = v;

        } else if (is_named(name, "filename")
                   || is_named(name, "filename*"))
        {
            part->file = true;
            part->chosen = part->chosen || v.n != 0;
        }
    }

    return ok && part->name.p != NULL && shian_utf8_valid(part->name);
}


/* One header line, without its CRLF; value becomes lower case in place. */
static bool
read_header(shian_part_t *part, uint8_t *p, size_t n)
{
    size_t       i;
    shian_str_t  rest, name, type;

    rest = shian_slice(p, n);
    name = take_token(&rest, '\0');

    if (name.n == 0 || rest.n == 0 || *rest.p != ':') {
        return false;
    }

    rest = skip_space(shian_slice(rest.p + 1, rest.n - 1));

    if (is_named(name, "content-disposition")) {
        return read_disposition(part, rest);
    }

    if (is_named(name, "content-type")) {
        type = take_token(&rest, '/');

        for (i = (size_t) (type.p - p); i < (size_t) (type.p - p) + type.n;
             i++)
        {
            p[i] |= p[i] >= 'A' && p[i] <= 'Z' ? 0x20 : 0;
        }

        part->type = type;
        return true;
    }

    /* Deprecated by RFC 7578; what would have to be decoded is refused. */
    if (is_named(name, "content-transfer-encoding")) {
        name = take_token(&rest, '\0');
        return is_named(name, "7bit") || is_named(name, "8bit")
               || is_named(name, "binary");
    }

    return true;
}


/* The header block is whole, CRLF CRLF at its end: a part begins. */
static bool
begin_part(shian_multipart_t *mp)
{
    uint8_t       *p, *eol, *end;
    shian_part_t   part;

    memset(&part, 0, sizeof(part));
    end = mp->head + mp->nhead - 2;

    for (p = mp->head; p < end; p = eol + 2) {
        eol = memchr(p, '\r', (size_t) (end - p));

        if (eol == NULL || eol[1] != '\n'
            || memchr(p, '\0', (size_t) (eol - p)) != NULL
            || memchr(p, '\n', (size_t) (eol - p)) != NULL
            || !read_header(&part, p, (size_t) (eol - p)))
        {
            return malformed(mp);
        }
    }

    if (part.name.p == NULL) {
        return malformed(mp);
    }

    if (++mp->parts > mp->limits.parts) {
        return fail(mp, 413, "too_many", "Too many parts.");
    }

    if (part.chosen && ++mp->files > mp->limits.files) {
        return fail(mp, 413, "too_many", "Too many files.");
    }

    mp->left = part.file ? mp->limits.file_bytes : mp->limits.field_bytes;
    mp->state = BODY;
    mp->matched = 0;

    return mp->handler.begin(mp->handler.ctx, &part) || stopped(mp);
}


static bool
feed_head(shian_multipart_t *mp, uint8_t c)
{
    if (mp->nhead == mp->limits.head_bytes) {
        return fail(mp, 413, "too_large", "A part's headers are too large.");
    }

    mp->head[mp->nhead++] = c;

    if (mp->nhead == 2 && memcmp(mp->head, "\r\n", 2) == 0) {
        return malformed(mp);
    }

    if (mp->nhead < 4
        || memcmp(mp->head + mp->nhead - 4, "\r\n\r\n", 4) != 0)
    {
        return true;
    }

    return begin_part(mp);
}


/* ---- bodies ---- */

static bool
put_data(shian_multipart_t *mp, const uint8_t *p, size_t n)
{
    if (n == 0 || mp->state == PREAMBLE) {
        return true;
    }

    if (n > mp->left) {
        return fail(mp, 413, "too_large", "A part is too large.");
    }

    mp->left -= n;

    return mp->handler.data(mp->handler.ctx, p, n) || stopped(mp);
}


/*
 * Passes on what cannot be part of a delimiter.  CR stands in it but once, at
 * its start, so a mismatch can only begin anew at the byte that did not fit.
 */
static bool
feed_body(shian_multipart_t *mp, const uint8_t *p, size_t n, size_t *used)
{
    size_t          i, held;
    const uint8_t  *cr;

    for (i = 0; i < n; /* void */) {
        if (mp->matched == 0) {
            cr = memchr(p + i, '\r', n - i);
            held = cr == NULL ? n - i : (size_t) (cr - p) - i;

            if (!put_data(mp, p + i, held)) {
                return false;
            }

            i += held;

            if (cr != NULL) {
                mp->matched = 1;
                i++;
            }

            continue;
        }

        if (p[i] != mp->delim[mp->matched]) {
            held = mp->matched;
            mp->matched = 0;

            if (!put_data(mp, mp->delim, held)) {
                return false;
            }

            continue;
        }

        i++;

        if (++mp->matched == mp->ndelim) {
            *used = i;

            if (mp->state == BODY && !mp->handler.end(mp->handler.ctx)) {
                return stopped(mp);
            }

            mp->state = TAIL;
            return true;
        }
    }

    *used = n;

    return true;
}


static bool
feed_tail(shian_multipart_t *mp, uint8_t c)
{
    switch (mp->state) {

    case TAIL:
        if (c == '-') {
            mp->state = TAIL_DASH;

        } else if (c == '\r') {
            mp->state = TAIL_LF;

        } else if (c != ' ' && c != '\t') {
            return malformed(mp);
        }

        return true;

    case TAIL_DASH:
        if (c != '-') {
            return malformed(mp);
        }

        mp->state = EPILOGUE;
        return true;

    default: /* TAIL_LF */
        if (c != '\n') {
            return malformed(mp);
        }

        mp->state = HEAD;
        mp->nhead = 0;
        return true;
    }
}


bool
shian_multipart_feed(shian_multipart_t *mp, const void *data, size_t n)
{
    size_t          used;
    const uint8_t  *p = data;

    while (n != 0) {
        used = 1;

        switch (mp->state) {

        case PREAMBLE:
        case BODY:
            if (!feed_body(mp, p, n, &used)) {
                return false;
            }
            break;

        case HEAD:
            if (!feed_head(mp, *p)) {
                return false;
            }
            break;

        case EPILOGUE:
            return true;

        case FAILED:
            return false;

        default:
            if (!feed_tail(mp, *p)) {
                return false;
            }
        }

        p += used;
        n -= used;
    }

    return mp->state != FAILED;
}


bool
shian_multipart_finish(shian_multipart_t *mp)
{
    if (mp->state == FAILED) {
        return false;
    }

    if (mp->state != EPILOGUE) {
        return fail(mp, 400, "interrupted", "The upload was cut short.");
    }

    return true;
}
