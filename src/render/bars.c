#include "bars.h"

#include <inttypes.h>

#include "escape.h"

/* The picture in units of its view box: see chart.c. */
#define WIDTH   360
#define HEIGHT  200
#define LEFT    10
#define RIGHT   350
#define TOP     34
#define BOTTOM  172


static int
height_of(uint64_t n, uint64_t most)
{
    return most == 0 ? 0 : (int) ((double) (BOTTOM - TOP) * (double) n
                                  / (double) most);
}


static void
put_bar(const shian_bar_t *bar, int x, int width, uint64_t most,
    shian_sink_t *sink)
{
    int       whole, part;
    uint64_t  inside;

    inside = bar->part < bar->n ? bar->part : bar->n;
    whole = height_of(bar->n, most);
    part = height_of(inside, most);

    shian_putf(sink, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" "
               "fill=\"none\" stroke=\"currentColor\"/>", x, BOTTOM - whole,
               width, whole);
    shian_putf(sink, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" "
               "fill=\"currentColor\"/>", x, BOTTOM - part, width, part);
    shian_putf(sink, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\" "
               "font-size=\"11\" fill=\"currentColor\">%" PRIu64 "</text>",
               x + width / 2, BOTTOM - whole - 4, bar->n);
    shian_putf(sink, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\" "
               "font-size=\"11\" fill=\"currentColor\">", x + width / 2,
               BOTTOM + 15);
    shian_html_text(bar->label, sink);
    shian_putz(sink, "</text>");
}


bool
shian_bars(const char *title, const char *unit, const shian_bar_t *bars,
    size_t n, shian_sink_t *sink)
{
    int       step;
    size_t    i;
    uint64_t  most;

    n = n > SHIAN_BARS_MAX ? SHIAN_BARS_MAX : n;

    if (n == 0) {
        return !sink->failed;
    }

    for (most = 0, i = 0; i < n; i++) {
        most = bars[i].n > most ? bars[i].n : most;
    }

    shian_putf(sink, "<svg class=\"chart\" width=\"480\" viewBox=\"0 0 %d "
               "%d\" role=\"img\" aria-label=\"", WIDTH, HEIGHT);
    shian_html_text(shian_str(title), sink);
    shian_putf(sink, "\"><text x=\"%d\" y=\"14\" font-size=\"12\" "
               "fill=\"currentColor\">", LEFT);
    shian_html_text(shian_str(unit), sink);
    shian_putf(sink, "</text><path d=\"M%d %dH%d\" stroke=\"currentColor\" "
               "fill=\"none\"/>", LEFT, BOTTOM, RIGHT);

    step = (RIGHT - LEFT) / (int) n;

    for (i = 0; i < n; i++) {
        put_bar(&bars[i], LEFT + (int) i * step + step / 6,
                step * 2 / 3, most, sink);
    }

    shian_putz(sink, "</svg>");

    return !sink->failed;
}
