/*
 * What is printed of a plaque: its symbol alone, or a sheet of cards.
 */

#ifndef SHIAN_PLAQUE_SHEET_H
#define SHIAN_PLAQUE_SHEET_H

#include "core/code.h"
#include "ctl.h"
#include "render/template.h"

/* A plaque that is about to be issued; strings in the command's arena. */
typedef struct {
    uint64_t      venue;
    uint64_t      plaque;
    const char   *name;
    const char   *name_en;
    char          code[SHIAN_CODE_LEN + 1];
    const char   *url;
    const char   *file;         /* NULL: not one of its own */
} shian_issued_t;

/*
 * Writes a sheet of n plaques where there are templates, and otherwise the
 * symbol of the first one as "svg" or "png".  Memory is of arena a.  False:
 * memory, a template or the sink has failed.
 */
bool shian_plaque_put(shian_ctl_t *c, shian_arena_t *a,
    const shian_templates_t *templates, const char *format,
    const shian_issued_t *plaques, size_t n, shian_sink_t *out);

#endif /* SHIAN_PLAQUE_SHEET_H */
