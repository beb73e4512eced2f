/*
 * All that makes stored words inert in what is sent: one function for each
 * place they may stand.  s is written to sink.  Any thread.
 */

#ifndef SHIAN_ESCAPE_H
#define SHIAN_ESCAPE_H

#include "core/base.h"

/* HTML text or a quoted attribute: & < > " ' become entities. */
void shian_html_text(shian_str_t s, shian_sink_t *sink);

/*
 * XML text or a quoted attribute: the same, and bytes that are no UTF-8 or
 * that XML 1.0 cannot carry are dropped.
 */
void shian_xml_text(shian_str_t s, shian_sink_t *sink);

/*
 * A JSON string with its quotes (RFC 8259).  Bytes that are no UTF-8 become
 * U+FFFD; U+2028 and U+2029 are escaped, and with `script` also < > & so
 * that it may stand in a script element.
 */
void shian_json_string(shian_str_t s, bool script, shian_sink_t *sink);

/* A part of a URL: all but RFC 3986's unreserved characters as %XX. */
void shian_url_text(shian_str_t s, shian_sink_t *sink);

/*
 * A cell of CSV (RFC 4180), quoted where needed.  What a spreadsheet might
 * run (it begins with = + - @ tab CR LF or a full-width = + - @ and is not a
 * plain number) gets an apostrophe before it.
 */
void shian_csv_cell(shian_str_t s, shian_sink_t *sink);

#endif /* SHIAN_ESCAPE_H */
