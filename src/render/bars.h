/*
 * Bars as an SVG 1.1 element that a page carries, in the manner of chart.h.
 */

#ifndef SHIAN_BARS_H
#define SHIAN_BARS_H

#include "core/base.h"

#define SHIAN_BARS_MAX  24

/* A bar, and the part of it that is filled; label is below it. */
typedef struct {
    shian_str_t  label;
    uint64_t     n;
    uint64_t     part;
} shian_bar_t;

/*
 * Writes an <svg> element called title, of up to SHIAN_BARS_MAX upright bars
 * with their numbers above them; unit stands at the axis.  Writes nothing for
 * no bars.  False when the sink has failed.  Any thread.
 */
bool shian_bars(const char *title, const char *unit, const shian_bar_t *bars,
    size_t n, shian_sink_t *sink);

#endif /* SHIAN_BARS_H */
