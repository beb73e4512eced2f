/*
 * Positions: the datums of Chinese maps, distances, and the Z-order keys that
 * the store's position index is made of.  Degrees everywhere, WGS-84 unless a
 * name says otherwise, metres for lengths.  All are pure: any thread.
 */

#ifndef SHIAN_GEO_H
#define SHIAN_GEO_H

#include "base.h"

typedef struct {
    double  lat;
    double  lng;
} shian_point_t;

typedef struct {
    double  min_lat;
    double  min_lng;
    double  max_lat;
    double  max_lng;
} shian_bbox_t;

/* Keys first to last, both included. */
typedef struct {
    uint64_t  first;
    uint64_t  last;
} shian_range_t;

/*
 * Whether it may be the position of a place: finite, in range, and neither
 * 0,0 nor -1,-1, which lists use for "unknown".
 */
bool shian_geo_valid(double lat, double lng);

/* Outside the rectangle in which GCJ-02 differs from WGS-84. */
bool shian_geo_outside_china(double lat, double lng);

/* GCJ-02 of a WGS-84 position; outside China the same point. */
shian_point_t shian_geo_wgs84_to_gcj02(shian_point_t p);

/* The inverse, to less than a millimetre. */
shian_point_t shian_geo_gcj02_to_wgs84(shian_point_t p);

/* BD-09, Baidu's shift of GCJ-02, and its inverse to a millimetre. */
shian_point_t shian_geo_gcj02_to_bd09(shian_point_t p);
shian_point_t shian_geo_bd09_to_gcj02(shian_point_t p);
shian_point_t shian_geo_bd09_to_wgs84(shian_point_t p);

/* Along the great circle of a sphere of the earth's mean radius. */
double shian_geo_distance(shian_point_t a, shian_point_t b);

/*
 * The box that holds every point within radius of p; clamped at the poles
 * and at 180 degrees, not wrapped.
 */
shian_bbox_t shian_geo_around(shian_point_t p, double radius);

bool shian_geo_inside(const shian_bbox_t *box, shian_point_t p);

/*
 * The 64 bits of the point's geohash: 32 of longitude and 32 of latitude,
 * interleaved, longitude first.  Out of range is clamped.
 */
uint64_t shian_geo_key(shian_point_t p);

/* The corner of a key's cell, less than a centimetre from its point. */
shian_point_t shian_geo_point(uint64_t key);

/*
 * Fills out[] with at most max (1 to 16) ranges of keys, ascending and apart,
 * that together hold every point of the box, and as little else as their
 * number allows: what is read from them still needs shian_geo_inside().
 * Returns how many; 0 for a box that holds nothing.
 */
size_t shian_geo_cover(const shian_bbox_t *box, shian_range_t *out,
    size_t max);

#define SHIAN_GEO_RANGES  16

#endif /* SHIAN_GEO_H */
