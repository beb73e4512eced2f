/*
 * Atom feeds (RFC 4287).  Strings are plain text; they are escaped here and
 * lose what XML 1.0 cannot carry.  Any thread.
 */

#ifndef SHIAN_FEED_H
#define SHIAN_FEED_H

#include "core/base.h"
#include "escape.h"

typedef struct {
    shian_str_t  id;            /* an IRI that never changes */
    shian_str_t  title;
    shian_str_t  author;        /* of the feed; an entry may leave it out */
    shian_str_t  self;          /* feed: its own URL; an entry: unused */
    shian_str_t  href;          /* the page it stands for */
    shian_str_t  summary;       /* entry only; may be none */
    const char  *lang;          /* feed only: "zh" or "en" */
    uint64_t     updated;       /* instant, milliseconds */
    uint64_t     published;     /* entry only; 0: unknown */
} shian_atom_t;

void shian_atom_head(const shian_atom_t *feed, shian_sink_t *sink);
void shian_atom_entry(const shian_atom_t *entry, shian_sink_t *sink);
void shian_atom_tail(shian_sink_t *sink);

#endif /* SHIAN_FEED_H */
