#include "geo.h"

#include <math.h>

#define PI       3.14159265358979323846
#define RADIUS   6371008.8          /* IUGG mean radius, metres */
#define RADIANS  (PI / 180)

/* Krasovsky 1940, on which GCJ-02 shifts: axis and squared eccentricity. */
#define AXIS     6378245.0
#define ECC2     0.00669342162296594323

#define BD_PI    (PI * 3000 / 180)

/* A prefix of keys: the first `depth` bits of key. */
typedef struct {
    uint64_t  key;
    unsigned  depth;
    bool      done;         /* wholly inside, or not worth splitting */
} cell_t;

/* The box in the 32-bit units of the key. */
typedef struct {
    uint32_t  x0;
    uint32_t  x1;
    uint32_t  y0;
    uint32_t  y1;
} grid_t;


bool
shian_geo_valid(double lat, double lng)
{
    if (!(lat >= -90 && lat <= 90 && lng >= -180 && lng <= 180)) {
        return false;           /* NaN as well */
    }

    return !(lat == 0 && lng == 0) && !(lat == -1 && lng == -1);
}


bool
shian_geo_outside_china(double lat, double lng)
{
    return !(lng >= 72.004 && lng <= 137.8347
             && lat >= 0.8293 && lat <= 55.8271);
}


/* ---- datums -------------------------------------------------------------
 *
 * The formulas circulate since 2010 (EvilTransform and its descendants); no
 * authority has published them.
 */

static double
waves(double x)
{
    return (20 * sin(6 * x * PI) + 20 * sin(2 * x * PI)) * 2 / 3;
}


shian_point_t
shian_geo_wgs84_to_gcj02(shian_point_t p)
{
    double  x, y, s, m, lat, lng, both;

    if (shian_geo_outside_china(p.lat, p.lng)) {
        return p;
    }

    x = p.lng - 105;
    y = p.lat - 35;
    both = 0.1 * x * y + waves(x);

    lat = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.2 * sqrt(fabs(x)) + both
          + (20 * sin(y * PI) + 40 * sin(y / 3 * PI)) * 2 / 3
          + (160 * sin(y / 12 * PI) + 320 * sin(y * PI / 30)) * 2 / 3;

    lng = 300 + x + 2 * y + 0.1 * x * x + 0.1 * sqrt(fabs(x)) + both
          + (20 * sin(x * PI) + 40 * sin(x / 3 * PI)) * 2 / 3
          + (150 * sin(x / 12 * PI) + 300 * sin(x / 30 * PI)) * 2 / 3;

    s = sin(p.lat * RADIANS);
    m = 1 - ECC2 * s * s;

    p.lng += lng / (AXIS / sqrt(m) * cos(p.lat * RADIANS) * RADIANS);
    p.lat += lat / (AXIS * (1 - ECC2) / (m * sqrt(m)) * RADIANS);

    return p;
}


shian_point_t
shian_geo_gcj02_to_bd09(shian_point_t p)
{
    double  z, t;

    z = sqrt(p.lng * p.lng + p.lat * p.lat) + 0.00002 * sin(p.lat * BD_PI);
    t = atan2(p.lat, p.lng) + 0.000003 * cos(p.lng * BD_PI);

    return (shian_point_t) { .lat = z * sin(t) + 0.006,
                             .lng = z * cos(t) + 0.0065 };
}


/*
 * Both shifts change slowly from place to place, so going back by the error
 * that is left converges by two digits and more a step.
 */
static shian_point_t
invert(shian_point_t (*forward)(shian_point_t), shian_point_t target)
{
    int            i;
    double         dlat, dlng;
    shian_point_t  p, q;

    p = target;

    for (i = 0; i < 20; i++) {
        q = forward(p);
        dlat = q.lat - target.lat;
        dlng = q.lng - target.lng;
        p.lat -= dlat;
        p.lng -= dlng;

        if (fabs(dlat) < 1e-10 && fabs(dlng) < 1e-10) {
            break;
        }
    }

    return p;
}


shian_point_t
shian_geo_gcj02_to_wgs84(shian_point_t p)
{
    if (shian_geo_outside_china(p.lat, p.lng)) {
        return p;
    }

    return invert(shian_geo_wgs84_to_gcj02, p);
}


shian_point_t
shian_geo_bd09_to_gcj02(shian_point_t p)
{
    if (shian_geo_outside_china(p.lat, p.lng)) {
        return p;
    }

    return invert(shian_geo_gcj02_to_bd09, p);
}


shian_point_t
shian_geo_bd09_to_wgs84(shian_point_t p)
{
    return shian_geo_gcj02_to_wgs84(shian_geo_bd09_to_gcj02(p));
}


/* ---- distances ----------------------------------------------------------- */


double
shian_geo_distance(shian_point_t a, shian_point_t b)
{
    double  h, x, y;

    y = sin((b.lat - a.lat) * RADIANS / 2);
    x = sin((b.lng - a.lng) * RADIANS / 2);
    h = y * y + cos(a.lat * RADIANS) * cos(b.lat * RADIANS) * x * x;

    return 2 * RADIUS * asin(sqrt(h < 1 ? h : 1));
}


shian_bbox_t
shian_geo_around(shian_point_t p, double radius)
{
    double        angle, dlat, dlng, ratio;
    shian_bbox_t  box;

    angle = radius > 0 ? radius / RADIUS : 0;
    dlat = angle / RADIANS;
    ratio = angle < PI / 2 ? sin(angle) / cos(p.lat * RADIANS) : 1;

    /* A circle around a pole touches every meridian. */
    dlng = ratio >= 0 && ratio < 1 && fabs(p.lat) + dlat < 90
           ? asin(ratio) / RADIANS : 360;

    /* What rounding takes off must not lose a point on the rim. */
    dlat += 1e-9;
    dlng += 1e-9;

    box.min_lat = fmax(p.lat - dlat, -90);
    box.max_lat = fmin(p.lat + dlat, 90);
    box.min_lng = fmax(p.lng - dlng, -180);
    box.max_lng = fmin(p.lng + dlng, 180);

    return box;
}


bool
shian_geo_inside(const shian_bbox_t *box, shian_point_t p)
{
    return p.lat >= box->min_lat && p.lat <= box->max_lat
           && p.lng >= box->min_lng && p.lng <= box->max_lng;
}


/* ---- Z-order ------------------------------------------------------------- */


/* v in [-half, half] as 32 bits. */
static uint32_t
fixed(double v, double half)
{
    double  f;

    f = floor((v + half) / (2 * half) * 4294967296.0);

    if (!(f > 0)) {
        return 0;
    }

    return f >= 4294967295.0 ? UINT32_MAX : (uint32_t) f;
}


/* Puts a zero before each bit. */
static uint64_t
spread(uint32_t v)
{
    uint64_t  x;

    x = v;
    x = (x | x << 16) & 0x0000ffff0000ffff;
    x = (x | x << 8) & 0x00ff00ff00ff00ff;
    x = (x | x << 4) & 0x0f0f0f0f0f0f0f0f;
    x = (x | x << 2) & 0x3333333333333333;
    x = (x | x << 1) & 0x5555555555555555;

    return x;
}


static uint32_t
gather(uint64_t x)
{
    x &= 0x5555555555555555;
    x = (x | x >> 1) & 0x3333333333333333;
    x = (x | x >> 2) & 0x0f0f0f0f0f0f0f0f;
    x = (x | x >> 4) & 0x00ff00ff00ff00ff;
    x = (x | x >> 8) & 0x0000ffff0000ffff;
    x = (x | x >> 16) & 0x00000000ffffffff;

    return (uint32_t) x;
}


uint64_t
shian_geo_key(shian_point_t p)
{
    return spread(fixed(p.lng, 180)) << 1 | spread(fixed(p.lat, 90));
}


shian_point_t
shian_geo_point(uint64_t key)
{
    return (shian_point_t) {
        gather(key) * (180.0 / 4294967296.0) - 90,
        gather(key >> 1) * (360.0 / 4294967296.0) - 180
    };
}


static uint64_t
last_key(const cell_t *c)
{
    return c->depth == 0 ? UINT64_MAX
           : c->depth == 64 ? c->key
           : c->key | (UINT64_MAX >> c->depth);
}


static grid_t
cell_grid(const cell_t *c)
{
    uint64_t  last;

    last = last_key(c);

    return (grid_t) { gather(c->key >> 1), gather(last >> 1),
                      gather(c->key), gather(last) };
}


static bool
touches(const grid_t *box, const cell_t *c)
{
    grid_t  g;

    g = cell_grid(c);

    return g.x0 <= box->x1 && g.x1 >= box->x0
           && g.y0 <= box->y1 && g.y1 >= box->y0;
}


static bool
within(const grid_t *box, const cell_t *c)
{
    grid_t  g;

    g = cell_grid(c);

    return g.x0 >= box->x0 && g.x1 <= box->x1
           && g.y0 >= box->y0 && g.y1 <= box->y1;
}


/* The largest cell that may still be made tighter, or n. */
static size_t
largest(const cell_t *cells, size_t n)
{
    size_t  i, best;

    best = n;

    for (i = 0; i < n; i++) {
        if (!cells[i].done
            && (best == n || cells[i].depth < cells[best].depth))
        {
            best = i;
        }
    }

    return best;
}


/* Splits cells[i] in two, keeping what touches the box, in order of keys. */
static size_t
split(const grid_t *box, cell_t *cells, size_t n, size_t i, size_t max)
{
    bool    a, b;
    cell_t  low, high;

    low = cells[i];
    low.depth++;
    high = low;
    high.key |= (uint64_t) 1 << (64 - low.depth);

    a = touches(box, &low);
    b = touches(box, &high);

    if (a && b) {
        if (n == max) {
            cells[i].done = true;
            return n;
        }

        memmove(cells + i + 1, cells + i, (n - i) * sizeof(*cells));
        n++;
        cells[i] = low;
        cells[i + 1] = high;
        cells[i + 1].done = high.depth == 64 || within(box, &high);

    } else {
        cells[i] = a ? low : high;
    }

    cells[i].done = cells[i].depth == 64 || within(box, &cells[i]);

    return n;
}


size_t
shian_geo_cover(const shian_bbox_t *box, shian_range_t *out, size_t max)
{
    size_t  i, n, count;
    cell_t  cells[SHIAN_GEO_RANGES];
    grid_t  grid;

    if (!(box->min_lat <= box->max_lat && box->min_lng <= box->max_lng)
        || max == 0)
    {
        return 0;
    }

    grid.x0 = fixed(box->min_lng, 180);
    grid.x1 = fixed(box->max_lng, 180);
    grid.y0 = fixed(box->min_lat, 90);
    grid.y1 = fixed(box->max_lat, 90);

    if (max > SHIAN_GEO_RANGES) {
        max = SHIAN_GEO_RANGES;
    }

    cells[0] = (cell_t) { 0, 0, false };
    cells[0].done = within(&grid, &cells[0]);
    n = 1;

    while ((i = largest(cells, n)) < n) {
        n = split(&grid, cells, n, i, max);
    }

    /* Neighbours become one range. */
    count = 0;

    for (i = 0; i < n; i++) {
        if (count != 0 && out[count - 1].last + 1 == cells[i].key) {
            out[count - 1].last = last_key(&cells[i]);

        } else {
            out[count++] = (shian_range_t) { cells[i].key,
                                             last_key(&cells[i]) };
        }
    }

    return count;
}
