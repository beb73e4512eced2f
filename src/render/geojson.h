/*
 * Messages with `lng` and `lat` (WGS-84 degrees) as a GeoJSON
 * FeatureCollection (RFC 7946).  One without a position is a feature with a
 * null geometry.  Properties are the other scalar fields.  Any thread.
 */

#ifndef SHIAN_GEOJSON_H
#define SHIAN_GEOJSON_H

#include "core/base.h"

void shian_geojson_head(shian_sink_t *sink);

/* One feature; `first` is true for the first row after the head. */
void shian_geojson_row(const ProtobufCMessage *m, bool first,
    shian_sink_t *sink);

void shian_geojson_tail(shian_sink_t *sink);

/*
 * Head, rows and tail of the repeated field `items` of a list view.  False
 * when there is no such field or the sink has failed.
 */
bool shian_geojson_list(const ProtobufCMessage *list, shian_sink_t *sink);

#endif /* SHIAN_GEOJSON_H */
