/*
 * Messages as CSV (RFC 4180): CRLF, a byte order mark so that spreadsheets
 * read Chinese right, one column per scalar field.  Cells that a spreadsheet
 * would run get a leading apostrophe.  Values as in JSON.  Any thread.
 */

#ifndef SHIAN_CSV_OUT_H
#define SHIAN_CSV_OUT_H

#include "core/base.h"
#include "escape.h"

/* The byte order mark and the row of field names. */
void shian_csv_head(const ProtobufCMessageDescriptor *desc,
    shian_sink_t *sink);

/* One row; m's type is the head's. */
void shian_csv_row(const ProtobufCMessage *m, shian_sink_t *sink);

/*
 * Head and rows of the repeated field `items` of a list view.  False when
 * there is no such field or the sink has failed.
 */
bool shian_csv_list(const ProtobufCMessage *list, shian_sink_t *sink);

#endif /* SHIAN_CSV_OUT_H */
