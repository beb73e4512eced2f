#include "chart.h"

#include <stdio.h>

#include "core/calendar.h"
#include "escape.h"

#define DAY_MS  UINT64_C(86400000)

/*
 * The picture in units of its view box.  Between the narrowest phone and a
 * desk it is drawn at 0.8 to 1.3 pixels a unit.
 */
#define WIDTH       360
#define HEIGHT      224
#define LEFT        34
#define RIGHT       300
#define FIRST       44              /* shapes stay off what is beside them */
#define LAST        292
#define TOP         26
#define BOTTOM      196
#define RADIUS      10              /* of a shape, with some air */
#define LABEL_ROOM  12              /* between the base lines of two */

#define COLOUR(name)  SHIAN__COLOUR__KIND__##name

typedef struct {
    const shian_chart_t        *chart;
    Shian__GradePoint *const   *points;
    shian_sink_t               *sink;
    uint64_t                    begin;
    uint64_t                    end;
    size_t                      n;
    size_t                      kept[SHIAN_CHART_MAX];
} work_t;

/* As the faces have them, around 24,24 and 44 wide: see html/templates. */
static const char *const  shapes[5] = {
    "<circle cx=\"24\" cy=\"24\" r=\"20\" fill=\"none\" "
        "stroke=\"currentColor\" stroke-width=\"5\" "
        "stroke-dasharray=\"8 6\"/>",
    "<circle cx=\"24\" cy=\"24\" r=\"22\" fill=\"currentColor\"/>",
    "<rect x=\"3\" y=\"3\" width=\"42\" height=\"42\" rx=\"9\" "
        "fill=\"currentColor\"/>",
    "<path fill=\"currentColor\" d=\"M15 2h18l13 13v18L33 46H15L2 33V15z\"/>",
    "<path fill=\"none\" stroke=\"currentColor\" stroke-width=\"6\" "
        "d=\"M8 8L40 40M40 8L8 40\"/>",
};

static const char *const  classes[5] = {
    "ungraded", "green", "yellow", "red", "closed"
};


/* A number the schema does not know is no colour. */
static unsigned
colour_of(const Shian__GradePoint *p)
{
    return (unsigned) p->colour < SHIAN_COUNT(classes) ? (unsigned) p->colour
                                                       : COLOUR(ungraded);
}


/* ---- which points ---------------------------------------------------------*/

/* The first, the last, and those where the colour is another one. */
static bool
is_turn(Shian__GradePoint *const *points, size_t n, size_t i)
{
    return i == 0 || i == n - 1
           || colour_of(points[i]) != colour_of(points[i - 1]);
}


/* Whether number i of n is among `room` spread evenly, the last included. */
static bool
is_picked(size_t i, size_t n, size_t room)
{
    return room >= n || (i + 1) * room / n != i * room / n;
}


static void
thin(work_t *w, size_t n)
{
    bool    keep;
    size_t  i, turns, turn, other, room;

    for (turns = 0, i = 0; i < n; i++) {
        turns += is_turn(w->points, n, i);
    }

    room = turns < SHIAN_CHART_MAX ? SHIAN_CHART_MAX - turns : 0;
    turn = other = 0;

    for (i = 0; i < n; i++) {
        if (is_turn(w->points, n, i)) {
            keep = is_picked(turn++, turns, SHIAN_CHART_MAX);
        } else {
            keep = is_picked(other++, n - turns, room);
        }

        if (keep) {
            w->kept[w->n++] = i;
        }
    }
}


/* ---- where they are -------------------------------------------------------*/

static int
x_of(const work_t *w, uint64_t at)
{
    if (at <= w->begin) {
        return FIRST;
    }

    return at >= w->end ? LAST
           : FIRST + (int) ((double) (LAST - FIRST)
                            * (double) (at - w->begin)
                            / (double) (w->end - w->begin));
}


/* centi: hundredths of a point. */
static int
y_of(int32_t centi)
{
    centi = centi < 0 ? 0 : centi > 10000 ? 10000 : centi;

    return BOTTOM - (BOTTOM - TOP) * centi / 10000;
}


static int
y_of_point(const Shian__GradePoint *p)
{
    return p->has_score ? y_of(p->score) : BOTTOM;
}


/* ---- the ground -----------------------------------------------------------*/

static void
put_text(const work_t *w, int x, int y, const char *anchor, const char *s)
{
    shian_putf(w->sink, "<text x=\"%d\" y=\"%d\" text-anchor=\"%s\">", x, y,
               anchor);
    shian_xml_text(shian_str(s), w->sink);
    shian_putz(w->sink, "</text>");
}


/* From `from` to `to` points; its word stands beside it. */
static void
put_band(const work_t *w, Shian__Colour__Kind colour, int32_t from,
    int32_t to)
{
    int  top, bottom;

    top = y_of(100 * to);
    bottom = y_of(100 * from);

    shian_putf(w->sink, "<g class=\"face %s\"><rect x=\"%d\" y=\"%d\" "
               "width=\"%d\" height=\"%d\" fill=\"currentColor\" "
               "fill-opacity=\".16\"/></g>", classes[colour], LEFT, top,
               RIGHT - LEFT, bottom - top);

    if (bottom - top >= LABEL_ROOM) {
        put_text(w, RIGHT + 6, (top + bottom) / 2 + 5, "start",
                 w->chart->words[colour]);
    }
}


static void
put_bound(const work_t *w, int32_t points)
{
    int   y;
    char  text[16];

    y = y_of(100 * points);
    (void) snprintf(text, sizeof(text), "%d", (int) points);
    put_text(w, LEFT - 4, y + 5, "end", text);
    shian_putf(w->sink, "<path stroke=\"currentColor\" stroke-opacity=\".4\" "
               "d=\"M%d %dH%d\"/>", LEFT, y, RIGHT);
}


static void
put_ground(const work_t *w)
{
    int32_t  green, yellow, gap;

    green = w->chart->green;
    yellow = w->chart->yellow;
    gap = 100 * LABEL_ROOM / (BOTTOM - TOP) + 1;

    put_band(w, COLOUR(green), green, 100);
    put_band(w, COLOUR(yellow), yellow, green);
    put_band(w, COLOUR(red), 0, yellow);

    put_bound(w, 0);
    put_bound(w, 100);

    if (green >= gap && green <= 100 - gap) {
        put_bound(w, green);
    }

    if (yellow >= gap && yellow <= 100 - gap && green - yellow >= gap) {
        put_bound(w, yellow);
    }

    put_text(w, 0, TOP - 12, "start", w->chart->unit);
}


static void
put_day(const work_t *w, int x, const char *anchor, uint64_t at)
{
    shian_putf(w->sink, "<text x=\"%d\" y=\"%d\" text-anchor=\"%s\">", x,
               HEIGHT - 6, anchor);
    shian_date_text(w->sink, shian_local_day(at, w->chart->tz_minutes),
                    w->chart->lang);
    shian_putz(w->sink, "</text>");
}


/* ---- the line and its turns -----------------------------------------------*/

/* In steps: a score holds until the next. */
static void
put_line(const work_t *w)
{
    int                        x;
    bool                       down;
    size_t                     i;
    const Shian__GradePoint   *p;

    shian_putz(w->sink, "<path fill=\"none\" stroke=\"currentColor\" "
               "stroke-width=\"2\" d=\"");

    for (down = false, i = 0; i < w->n; i++) {
        p = w->points[w->kept[i]];
        x = x_of(w, p->at);

        if (down) {
            shian_putf(w->sink, "H%d", x);
        }

        if (p->has_score && down) {
            shian_putf(w->sink, "V%d", y_of_point(p));

        } else if (p->has_score) {
            shian_putf(w->sink, "M%d %d", x, y_of_point(p));
        }

        down = p->has_score;
    }

    if (down) {
        shian_putf(w->sink, "H%d", LAST);
    }

    shian_putz(w->sink, "\"/>");
}


/* percent: of the size that the faces have. */
static void
put_shape(const work_t *w, unsigned colour, const char *attribute, int x,
    int y, int percent)
{
    shian_putf(w->sink, "<g%s transform=\"translate(%d %d) scale(.%02d) "
               "translate(-24 -24)\">", attribute, x, y, percent);
    shian_putz(w->sink, shapes[colour]);
    shian_putz(w->sink, "</g>");
}


/* About as wide as s is: Chinese is twice as wide as Latin. */
static int
width_of(const char *s)
{
    int  w;

    for (w = 0; *s != '\0'; s++) {
        if (((uint8_t) *s & 0xc0) != 0x80) {
            w += (uint8_t) *s < 0xe0 ? 8 : 14;
        }
    }

    return w;
}


/*
 * The word above or below a turn, where nothing else is: not the shapes of
 * the turns before and after it, nor the word at *limit.
 */
static void
put_word(const work_t *w, int x, int y, const char *word, int before,
    int after, int *limit)
{
    int  half, middle;

    half = width_of(word) / 2;
    middle = x - half < LEFT ? LEFT + half
             : x + half > RIGHT ? RIGHT - half : x;

    if (middle - half < before + RADIUS || middle + half > after - RADIUS
        || middle + half > *limit)
    {
        return;
    }

    put_text(w, middle, y - 12 < TOP + 12 ? y + 22 : y - 12, "middle", word);
    *limit = middle - half - 6;
}


static void
put_turn(const work_t *w, const Shian__GradePoint *p)
{
    int       x, y;
    char      class[32], day[11];
    unsigned  colour;

    colour = colour_of(p);
    x = x_of(w, p->at);
    y = y_of_point(p);

    shian_date_format(shian_local_day(p->at, w->chart->tz_minutes), day);
    shian_putf(w->sink, "<g><title>%s ", day);
    shian_xml_text(shian_str(w->chart->words[colour]), w->sink);

    if (p->has_score) {
        shian_putf(w->sink, " %d.%02d", (int) p->score / 100,
                   (int) p->score % 100);
    }

    shian_putz(w->sink, "</title>");

    /* An edge in the ink of the text: yellow alone is faint on white. */
    if (p->has_score) {
        put_shape(w, colour, "", x, y, 36);
    }

    (void) snprintf(class, sizeof(class), " class=\"face %s\"",
                    classes[colour]);
    put_shape(w, colour, class, x, y, 28);
    shian_putz(w->sink, "</g>");
}


/* The newest first: words go to them while there is room. */
static void
put_turns(const work_t *w)
{
    int                       x, before, after, limit;
    size_t                    i, n, turns[SHIAN_CHART_MAX];
    const Shian__GradePoint  *p;

    for (n = 0, i = 0; i < w->n; i++) {
        p = w->points[w->kept[i]];

        if (i == 0 || colour_of(p) != colour_of(w->points[w->kept[i - 1]])) {
            turns[n++] = w->kept[i];
            put_turn(w, p);
        }
    }

    limit = RIGHT;
    after = WIDTH;

    for (i = n; i > 0; i--) {
        p = w->points[turns[i - 1]];
        x = x_of(w, p->at);
        before = i == 1 ? 0 : x_of(w, w->points[turns[i - 2]]->at);
        put_word(w, x, y_of_point(p), w->chart->words[colour_of(p)], before,
                 after, &limit);
        after = x;
    }
}


bool
shian_chart_score(const shian_chart_t *c, Shian__GradePoint *const *points,
    size_t n, shian_sink_t *sink)
{
    work_t  w = { .chart = c, .points = points, .sink = sink };

    if (n == 0) {
        return !sink->failed;
    }

    /* At least a day, so that there is something to divide by. */
    w.begin = points[0]->at;
    w.end = points[n - 1]->at > c->end ? points[n - 1]->at : c->end;

    if (w.end < w.begin + DAY_MS) {
        w.begin = w.end < DAY_MS ? 0 : w.end - DAY_MS;
        w.end = w.begin + DAY_MS;
    }

    thin(&w, n);

    shian_putf(sink, "<svg class=\"chart\" width=\"480\" viewBox=\"0 0 %d "
               "%d\" font-size=\"14\" fill=\"currentColor\" role=\"img\" "
               "aria-label=\"", WIDTH, HEIGHT);
    shian_xml_text(shian_str(c->title), sink);
    shian_putz(sink, "\">");

    put_ground(&w);
    put_day(&w, LEFT, "start", w.begin);
    put_day(&w, RIGHT, "end", w.end);
    put_line(&w);

    put_turns(&w);
    shian_putz(sink, "</svg>");

    return !sink->failed;
}
