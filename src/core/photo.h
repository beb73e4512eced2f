/*
 * Photos from outside: told by their content, stripped of everything that is
 * not picture, without decoding or encoding again.  What comes out holds
 * structures that were parsed and rewritten or checked, and compressed
 * samples; no place, date, device, name, thumbnail, comment, colour profile
 * or trailing byte.
 *
 * JPEG  ITU-T T.81 baseline, extended and progressive, 8 bits; JFIF and Adobe
 *       segments are rewritten, EXIF is reduced to an orientation other than 1
 * PNG   W3C PNG 3rd edition; the first image of an animation is kept
 * WebP  RFC 9649; still images.  An animation is not a photo, and keeping its
 *       frames would mean vouching for a container inside each of them: it
 *       is refused
 */

#ifndef SHIAN_PHOTO_H
#define SHIAN_PHOTO_H

#include "base.h"

#define SHIAN_MAX_PHOTO_SIDE    12000
#define SHIAN_MAX_PHOTO_PIXELS  40000000

/* As Photo.Type in the schema. */
typedef enum {
    SHIAN_PHOTO_JPEG = 1,
    SHIAN_PHOTO_PNG,
    SHIAN_PHOTO_WEBP
} shian_photo_type_t;

typedef enum {
    SHIAN_PHOTO_OK,
    SHIAN_PHOTO_NOT_A_PHOTO,        /* another type, or no picture at all */
    SHIAN_PHOTO_TOO_MANY_PIXELS,
    SHIAN_PHOTO_BROKEN              /* cut short, or not by the standard */
} shian_photo_result_t;

typedef struct {
    shian_photo_type_t  type;
    uint32_t            width;      /* pixels as shown: orientation applied */
    uint32_t            height;
} shian_photo_info_t;

/*
 * Checks the n bytes at data as a whole, and only when they are a whole photo
 * writes the clean copy to out, at most n + 64 bytes (the caller asks out
 * for failure).  *info is set with SHIAN_PHOTO_OK.  Cleaning what has been
 * cleaned changes nothing.  Any thread.
 */
shian_photo_result_t shian_photo_clean(const uint8_t *data, size_t n,
    shian_photo_info_t *info, shian_sink_t *out);

/* "image/jpeg" and so on, static. */
const char *shian_photo_mime(shian_photo_type_t type);

#endif /* SHIAN_PHOTO_H */
