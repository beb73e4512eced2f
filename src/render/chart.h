/*
 * Charts as SVG 1.1 elements that a page carries: no style of their own but
 * presentation attributes, so that they follow the page into the dark and
 * onto paper.
 */

#ifndef SHIAN_CHART_H
#define SHIAN_CHART_H

#include "core/base.h"
#include "shian.pb-c.h"

#define SHIAN_CHART_MAX  200        /* points drawn */

typedef struct {
    const char  *title;             /* what the picture is called */
    const char  *unit;              /* of the score, as "points" */
    const char  *words[5];          /* by Colour.Kind */
    const char  *lang;              /* of the dates */
    int32_t      tz_minutes;        /* east of UTC */
    int32_t      green;             /* where a colour begins, in points */
    int32_t      yellow;
    uint64_t     end;               /* instant up to which the last holds */
} shian_chart_t;

/*
 * Writes an <svg> element of the score over time, which holds until it
 * changes, over bands of the colours; each change of colour has its shape
 * and, where there is room, its word.  Points are in the order of their
 * instants; one without a score leaves a gap.  Of more than SHIAN_CHART_MAX
 * some are left out evenly, changes of colour last.  Writes nothing for no
 * points.  False when the sink has failed.  Any thread.
 */
bool shian_chart_score(const shian_chart_t *c,
    Shian__GradePoint *const *points, size_t n, shian_sink_t *sink);

#endif /* SHIAN_CHART_H */
