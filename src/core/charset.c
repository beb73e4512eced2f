#include "charset.h"

#include <errno.h>
#include <stdlib.h>
#include <strings.h>

/* What a scanner found. */
typedef struct {
    size_t  good;       /* characters beyond ASCII */
    size_t  bad;        /* bytes that fit nowhere */
    size_t  likely;     /* of the good: such as people write */
} tally_t;


/* The length of the UTF-8 sequence at p, 0: none (RFC 3629). */
static size_t
utf8_length(const uint8_t *p, size_t n)
{
    size_t   i, len;
    uint8_t  lo, hi;

    lo = 0x80;
    hi = 0xbf;

    if (p[0] >= 0xc2 && p[0] <= 0xdf) {
        len = 2;

    } else if (p[0] >= 0xe0 && p[0] <= 0xef) {
        len = 3;
        lo = p[0] == 0xe0 ? 0xa0 : 0x80;
        hi = p[0] == 0xed ? 0x9f : 0xbf;

    } else if (p[0] >= 0xf0 && p[0] <= 0xf4) {
        len = 4;
        lo = p[0] == 0xf0 ? 0x90 : 0x80;
        hi = p[0] == 0xf4 ? 0x8f : 0xbf;

    } else {
        return 0;
    }

    for (i = 1; i < len; i++) {
        if (i == n) {
            return len;         /* cut by the end of the sample */
        }

        if (p[i] < lo || p[i] > hi) {
            return 0;
        }

        lo = 0x80;
        hi = 0xbf;
    }

    return len;
}


/* The same for GB 18030-2005: two bytes, or four with digits between. */
static size_t
gb_length(const uint8_t *p, size_t n)
{
    if (p[0] < 0x81 || p[0] > 0xfe) {
        return 0;
    }

    if (n == 1) {
        return 2;
    }

    if (p[1] >= 0x40 && p[1] <= 0xfe && p[1] != 0x7f) {
        return 2;
    }

    if (p[1] < 0x30 || p[1] > 0x39) {
        return 0;
    }

    if ((n > 2 && (p[2] < 0x81 || p[2] > 0xfe))
        || (n > 3 && (p[3] < 0x30 || p[3] > 0x39)))
    {
        return 0;
    }

    return 4;
}


/*
 * GB 2312: punctuation, full width letters and the Han of both levels.
 * Letters with accents followed by ASCII, as Windows-1252 has them, do not
 * fall in there.
 */
static bool
gb_likely(const uint8_t *p, size_t n)
{
    return n >= 2 && p[1] >= 0xa1
           && ((p[0] >= 0xb0 && p[0] <= 0xf7)
               || (p[0] >= 0xa1 && p[0] <= 0xa3));
}


/*
 * The same for the rest of GB 18030, traditional characters above all: Han
 * stand beside Han, where letters with accents stand between others.
 */
static bool
gb_beside(shian_str_t s, size_t at, size_t len, size_t before)
{
    return (at != 0 && before == at)
           || (at + len < s.n && gb_length(s.p + at + len,
                                           s.n - at - len) != 0);
}


static tally_t
scan(shian_str_t s, size_t (*length)(const uint8_t *, size_t),
    bool (*likely)(const uint8_t *, size_t))
{
    size_t   i, len, end;       /* end: of the last character found */
    tally_t  t;

    end = 0;

    memset(&t, 0, sizeof(t));

    for (i = 0; i < s.n; i += len) {
        len = 1;

        if (s.p[i] < 0x80) {
            continue;
        }

        len = length(s.p + i, s.n - i);

        if (len == 0) {
            t.bad++;
            len = 1;

        } else {
            t.good++;
            t.likely += likely == NULL || likely(s.p + i, s.n - i)
                        || gb_beside(s, i, len, end);
            end = i + len;
        }
    }

    return t;
}


static const char *
bom(shian_str_t s)
{
    if (s.n >= 3 && memcmp(s.p, "\xef\xbb\xbf", 3) == 0) {
        return "UTF-8";
    }

    if (s.n >= 2 && memcmp(s.p, "\xff\xfe", 2) == 0) {
        return "UTF-16LE";
    }

    if (s.n >= 2 && memcmp(s.p, "\xfe\xff", 2) == 0) {
        return "UTF-16BE";
    }

    return NULL;
}


static const char *
guess(shian_str_t s)
{
    tally_t  t;

    /*
     * Neither GB18030 nor Windows-1252 looks like UTF-8 for long: one bad
     * byte in a list must not turn all the rest of it into other words.
     */
    t = scan(s, utf8_length, NULL);
    if (t.bad <= t.good / 20) {
        return "UTF-8";
    }

    t = scan(s, gb_length, gb_likely);
    if (t.bad <= t.good / 20 && t.likely >= t.good - t.good / 3) {
        return "GB18030";
    }

    return "WINDOWS-1252";
}


const char *
shian_charset_detect(shian_str_t s)
{
    const char  *name;

    name = bom(s);

    return name == NULL ? guess(s) : name;
}


/* Converts what decodes; returns how much of p is left (an incomplete end). */
static size_t
convert(shian_charset_t *c, const uint8_t *p, size_t n, bool last)
{
    char    *in, *out, buf[4096];
    size_t   room, rc, left, skip;
    int      err;

    in = (char *) (uintptr_t) p;
    left = n;

    while (left != 0) {
        out = buf;
        room = sizeof(buf);

        rc = iconv(c->cd, &in, &left, &out, &room);
        err = rc == (size_t) -1 ? errno : 0;
        shian_put(c->out, buf, sizeof(buf) - room);

        if (c->out->failed) {
            return 0;
        }

        if (err == EINVAL && !last) {
            return left;
        }

        if (err == EILSEQ || err == EINVAL) {
            shian_putz(c->out, "\xef\xbf\xbd");
            c->bad++;
            skip = left < c->unit ? left : c->unit;
            in += skip;
            left -= skip;
            (void) iconv(c->cd, NULL, NULL, NULL, NULL);
        }
    }

    return 0;
}


static bool
start(shian_charset_t *c, const char *name)
{
    if (strcasecmp(name, "GBK") == 0 || strcasecmp(name, "GB2312") == 0) {
        name = "GB18030";
    }

    c->name = name;
    c->unit = strncasecmp(name, "UTF-16", 6) == 0 ? 2 : 1;
    c->cd = iconv_open("UTF-8", name);

    return c->cd != (iconv_t) -1;
}


static bool
put(shian_charset_t *c, const uint8_t *p, size_t n)
{
    size_t  left;

    /* A character cut by the end of the last piece: byte by byte. */
    while (c->nrest != 0 && n != 0) {
        c->rest[c->nrest++] = *p++;
        n--;

        left = convert(c, c->rest, c->nrest, c->nrest == sizeof(c->rest));
        memmove(c->rest, c->rest + c->nrest - left, left);
        c->nrest = left;
    }

    if (n == 0) {
        return !c->out->failed;
    }

    left = convert(c, p, n, false);

    if (left > sizeof(c->rest) - 1) {
        return false;
    }

    memcpy(c->rest, p + n - left, left);
    c->nrest = left;

    return !c->out->failed;
}


/* The sample is whole: finds out what it is and converts it. */
static bool
settle(shian_charset_t *c)
{
    shian_str_t  s;

    s = shian_slice(c->sample, c->nsample);

    return start(c, c->begun ? guess(s) : shian_charset_detect(s))
           && put(c, c->sample, c->nsample);
}


static bool
charset_write(shian_sink_t *s, const void *data, size_t n)
{
    size_t            take;
    const uint8_t    *p = data;
    shian_charset_t  *c = (shian_charset_t *) s;

    if (c->name != NULL) {
        return put(c, p, n);
    }

    /* ASCII is the same in all that have no byte order mark. */
    if (c->nsample == 0) {
        for (take = 0; take < n && p[take] < 0x80; take++) { /* void */ }

        shian_put(c->out, p, take);
        c->begun = c->begun || take != 0;
        p += take;
        n -= take;
    }

    take = SHIAN_CHARSET_SAMPLE - c->nsample;
    take = n < take ? n : take;
    memcpy(c->sample + c->nsample, p, take);
    c->nsample += take;

    if (c->nsample < SHIAN_CHARSET_SAMPLE) {
        return !c->out->failed;
    }

    return settle(c) && put(c, p + take, n - take);
}


bool
shian_charset_open(shian_charset_t *c, const char *name, shian_sink_t *out)
{
    memset(c, 0, sizeof(*c));
    c->sink.write = charset_write;
    c->out = out;
    c->cd = (iconv_t) -1;

    if (name != NULL) {
        return start(c, name);
    }

    c->sample = malloc(SHIAN_CHARSET_SAMPLE);

    return c->sample != NULL;
}


bool
shian_charset_close(shian_charset_t *c)
{
    bool  ok;

    ok = c->name != NULL || settle(c);

    if (c->cd != (iconv_t) -1) {
        (void) convert(c, c->rest, c->nrest, true);
        (void) iconv_close(c->cd);
    }

    free(c->sample);
    c->sample = NULL;

    return ok && !c->sink.failed && !c->out->failed;
}
