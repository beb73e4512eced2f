/*
 * Prints which fields the pages of a folder name, one "page Type.field" for
 * each.
 */

#include <stdio.h>

#include "render/check.h"


static void
print(void *data, const char *page, const ProtobufCMessageDescriptor *type,
    const char *field)
{
    printf("%s %s.%s\n", page, type->short_name, field);
}


int
main(int argc, char **argv)
{
    char                err[512];
    shian_templates_t  *set;

    set = argc == 2 ? shian_templates_load(argv[1], err, sizeof(err)) : NULL;

    if (set == NULL
        || !shian_templates_check(set, shian_page_types, shian_npage_types,
                                  print, NULL, err, sizeof(err)))
    {
        fprintf(stderr, "%s\n", argc == 2 ? err : "named FOLDER");
        return 1;
    }

    shian_templates_free(set);

    return 0;
}
