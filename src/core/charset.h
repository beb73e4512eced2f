/*
 * What a file's bytes mean: UTF-8, GB18030 (with GBK and GB2312 inside it),
 * Windows-1252 or UTF-16, found out from its beginning, made into UTF-8.
 */

#ifndef SHIAN_CHARSET_H
#define SHIAN_CHARSET_H

#include <iconv.h>

#include "base.h"

/* As much of a file as detection wants to see. */
#define SHIAN_CHARSET_SAMPLE  (64 * 1024)

/*
 * The name, for iconv, of what the sample is written in.  A byte order mark
 * decides; else valid UTF-8 is UTF-8, and so is a long UTF-8 text with a few
 * bad bytes; else GB18030 where it decodes mostly to Han of GB 2312; else
 * Windows-1252.  Static string.  Any thread.
 */
const char *shian_charset_detect(shian_str_t sample);

typedef struct {
    shian_sink_t    sink;       /* first: put the bytes of the file here */
    shian_sink_t   *out;
    const char     *name;       /* NULL until it is known */
    iconv_t         cd;
    size_t          unit;       /* bytes to skip where nothing decodes */
    size_t          nrest;
    uint8_t         rest[8];    /* the beginning of a character */
    uint8_t        *sample;
    size_t          nsample;
    bool            begun;      /* something went out before the sample */
    uint64_t        bad;        /* sequences replaced so far */
} shian_charset_t;

/*
 * Prepares *c to write what is put into it, as UTF-8, to out (which must
 * outlive it).  `name` is any that iconv knows, of which GBK and GB2312 are
 * read as GB18030; NULL finds out from 64 KB beginning with the first byte
 * that is not ASCII.  What does not decode becomes U+FFFD, which a reader of
 * rows reports for its row.  False: the name is unknown or memory has run
 * out.  One thread at a time.
 */
bool shian_charset_open(shian_charset_t *c, const char *name,
    shian_sink_t *out);

/* Writes what is left, frees; false when a write has failed. */
bool shian_charset_close(shian_charset_t *c);

#endif /* SHIAN_CHARSET_H */
