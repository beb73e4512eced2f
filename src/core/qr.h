/*
 * QR symbols (ISO/IEC 18004) with error correction Q: a quarter of the symbol
 * may be greasy.  Text of digits, capitals and " $%*+-./:" becomes a smaller
 * symbol (alphanumeric mode), so callers put URLs in upper case where the
 * path allows it.
 */

#ifndef SHIAN_QR_H
#define SHIAN_QR_H

#include "base.h"

#define SHIAN_QR_QUIET      4       /* modules of margin the standard asks */
#define SHIAN_QR_MAX_TEXT   512
#define SHIAN_QR_MAX_SCALE  64

/*
 * Writes an <svg> element, one unit a module, with a margin of quiet modules
 * (at most 64): black on white, named by its text.  It has no size of its
 * own.  False when text is empty, over SHIAN_QR_MAX_TEXT bytes or not
 * printable ASCII, or memory or the sink fails.  Any thread.
 */
bool shian_qr_svg(shian_sink_t *s, const char *text, unsigned quiet);

/*
 * Writes a 1-bit PNG, scale pixels a module (1 to SHIAN_QR_MAX_SCALE), with
 * the standard's margin.  False as above or for another scale.  Any thread.
 */
bool shian_qr_png(shian_sink_t *s, const char *text, unsigned scale);

#endif /* SHIAN_QR_H */
