#include "folders.h"

#include <unistd.h>


bool
shian_folders_next(const char **rest, shian_str_t *folder)
{
    const char  *p = *rest;

    while (*p == ':') {
        p++;
    }

    *folder = shian_slice(p, strcspn(p, ":"));
    p += folder->n;

    while (*p == ':') {
        p++;
    }

    *rest = p;

    return folder->n != 0;
}


char *
shian_folders_find(shian_arena_t *a, const char *list, const char *name)
{
    char         *path;
    shian_str_t   folder;

    path = NULL;

    while (shian_folders_next(&list, &folder)) {
        path = shian_printf(a, "%.*s/%s", SHIAN_FMT(folder), name);

        if (path == NULL || access(path, F_OK) == 0) {
            break;
        }
    }

    return path;
}
