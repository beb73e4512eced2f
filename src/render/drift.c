#include "drift.h"

#include "escape.h"

/* In units of the view box, as in chart.c. */
#define WIDTH   360
#define LEFT    20
#define RIGHT   340
#define MIDDLE  180
#define TOP     30
#define ROW     36              /* a name, and its interval below */
#define FOOT    34
#define RADIUS  5

/* Ends of the axis to choose from, in hundredths of a percentage point. */
static const int32_t  spans[] = { 500, 1000, 2000, 5000, 10000 };


static int32_t
larger(int32_t most, int32_t v)
{
    v = v < 0 ? -v : v;

    return v > most ? v : most;
}


/* The narrowest axis that holds all intervals. */
static int32_t
span_of(Shian__Supervisor *const *rows, size_t n)
{
    size_t   i;
    int32_t  most;

    for (most = 0, i = 0; i < n; i++) {
        if (rows[i]->has_drift) {
            most = larger(most, rows[i]->drift);
            most = larger(most, rows[i]->drift_low);
            most = larger(most, rows[i]->drift_high);
        }
    }

    for (i = 0; i < SHIAN_COUNT(spans) - 1 && spans[i] < most; i++) {
        /* void */
    }

    return spans[i];
}


static int
x_of(int32_t span, int32_t v)
{
    v = v < -span ? -span : v > span ? span : v;

    return MIDDLE + (int) ((int64_t) v * (RIGHT - MIDDLE) / span);
}


static void
put_text(shian_sink_t *sink, int x, int y, const char *anchor, const char *s)
{
    shian_putf(sink, "<text x=\"%d\" y=\"%d\" text-anchor=\"%s\">", x, y,
               anchor);
    shian_xml_text(shian_str(s), sink);
    shian_putz(sink, "</text>");
}


static void
put_row(shian_sink_t *sink, const Shian__Supervisor *r, int32_t span, int y)
{
    int  at, low, high;

    at = x_of(span, r->drift);
    low = x_of(span, r->drift_low);
    high = x_of(span, r->drift_high);

    put_text(sink, LEFT, y + 12, "start", r->name == NULL ? "" : r->name);
    shian_putf(sink, "<path stroke=\"currentColor\" stroke-width=\"3\" "
               "d=\"M%d %dH%d\"/>", low, y + 22, high);
    shian_putf(sink, "<circle cx=\"%d\" cy=\"%d\" r=\"%d\"/>", at, y + 22,
               RADIUS);
}


/* The axis: both ends, and the mean of all between them. */
static void
put_axis(const shian_drift_chart_t *c, shian_sink_t *sink, int32_t span,
    int bottom)
{
    int  side;

    put_text(sink, MIDDLE, TOP - 14, "middle", c->mean);
    shian_putf(sink, "<path stroke=\"currentColor\" stroke-opacity=\".4\" "
               "d=\"M%d %dV%dM%d %dH%d\"/>", MIDDLE, TOP - 8, bottom, LEFT,
               bottom, RIGHT);

    for (side = -1; side <= 1; side++) {
        shian_putf(sink, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">"
                   "%s%d</text>", x_of(span, side * span), bottom + 16,
                   side < 0 ? "\xe2\x88\x92" : side > 0 ? "+" : "",
                   side == 0 ? 0 : (int) span / 100);
    }

    put_text(sink, MIDDLE, bottom + 32, "middle", c->unit);
}


bool
shian_chart_drift(const shian_drift_chart_t *c,
    Shian__Supervisor *const *rows, size_t n, shian_sink_t *sink)
{
    int      y, bottom;
    size_t   i, drawn;
    int32_t  span;

    for (drawn = 0, i = 0; i < n; i++) {
        drawn += rows[i]->has_drift && drawn < SHIAN_DRIFT_MAX;
    }

    if (drawn == 0) {
        return !sink->failed;
    }

    span = span_of(rows, n);
    bottom = TOP + (int) drawn * ROW + 4;

    shian_putf(sink, "<svg class=\"chart\" width=\"480\" viewBox=\"0 0 %d "
               "%d\" font-size=\"14\" fill=\"currentColor\" role=\"img\" "
               "aria-label=\"", WIDTH, bottom + FOOT);
    shian_xml_text(shian_str(c->title), sink);
    shian_putz(sink, "\">");
    put_axis(c, sink, span, bottom);

    for (y = TOP, i = 0; i < n && drawn != 0; i++) {
        if (rows[i]->has_drift) {
            put_row(sink, rows[i], span, y);
            y += ROW;
            drawn--;
        }
    }

    shian_putz(sink, "</svg>");

    return !sink->failed;
}
