/*
 * Any message as element-only XML 1.0 by its descriptor, and the JSON that
 * Open311's Spark convention (wiki.open311.org/JSON_and_XML_Conversion) makes
 * of that XML.
 *
 * An element has the name of its field.  A repeated field is a container: an
 * item has its message's name, ServiceNote as service_note, or for scalars
 * the container's name without the last s.  The root has the message's name;
 * but a message whose only field is repeated stands for that list, in JSON
 * an array.  An absent field is an empty element, in JSON null; an empty list
 * inside another element is left out.  Values are written as in JSON.  Any
 * thread.
 */

#ifndef SHIAN_XML_H
#define SHIAN_XML_H

#include "core/base.h"
#include "escape.h"
#include "value.h"

/* Writes m with its XML declaration; false when the sink has failed. */
bool shian_xml_write(const ProtobufCMessage *m, shian_sink_t *sink);

/* Writes m as JSON in the Spark convention; false as above. */
bool shian_spark_write(const ProtobufCMessage *m, shian_sink_t *sink);

#endif /* SHIAN_XML_H */
