/*
 * How far inspectors lie from the mean, as an SVG 1.1 element like those of
 * chart.h: a dot and an interval for each, the mean of all down the middle.
 */

#ifndef SHIAN_DRIFT_H
#define SHIAN_DRIFT_H

#include "core/base.h"
#include "shian.pb-c.h"

#define SHIAN_DRIFT_MAX  40         /* inspectors drawn */

typedef struct {
    const char  *title;             /* what the picture is called */
    const char  *unit;              /* of the axis, as "points" */
    const char  *mean;              /* the line in the middle */
} shian_drift_chart_t;

/*
 * Draws those of rows that have a drift, in their order, SHIAN_DRIFT_MAX at
 * most; nothing when none has.  False when the sink has failed.  Any thread.
 */
bool shian_chart_drift(const shian_drift_chart_t *c,
    Shian__Supervisor *const *rows, size_t n, shian_sink_t *sink);

#endif /* SHIAN_DRIFT_H */
