#include "statics.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/folders.h"

#define TEMPLATE_MAX  (1024 * 1024)


/* A file as a string, from malloc; NULL with a line in err. */
static char *
read_text(const char *path, char *err, size_t errsize)
{
    FILE         *f;
    char         *text;
    size_t        n;
    struct stat   st;

    text = NULL;
    f = fopen(path, "re");

    if (f != NULL && fstat(fileno(f), &st) == 0 && st.st_size <= TEMPLATE_MAX)
    {
        text = malloc((size_t) st.st_size + 1);
    }

    if (text != NULL) {
        n = fread(text, 1, (size_t) st.st_size, f);
        text[n] = '\0';
    }

    if (text == NULL || ferror(f)) {
        snprintf(err, errsize, "%s: %s", path, strerror(errno));
        free(text);
        text = NULL;
    }

    if (f != NULL) {
        fclose(f);
    }

    return text;
}


/* The files beside the pages, every one of them, folders as well. */
static bool
readable(const char *dir, char *err, size_t errsize)
{
    DIR              *d;
    bool              ok;
    char              path[4096];
    struct stat       st;
    struct dirent    *e;

    d = opendir(dir);
    if (d == NULL) {
        snprintf(err, errsize, "%s: %s; chmod -R a+rX it", dir,
                 strerror(errno));
        return false;
    }

    for (ok = true; ok && (e = readdir(d)) != NULL; /* void */) {
        if (e->d_name[0] == '.') {
            continue;
        }

        snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);

        if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
            ok = readable(path, err, errsize);

        } else if (access(path, R_OK) != 0) {
            snprintf(err, errsize, "%s: %s; chmod -R a+rX %s", path,
                     strerror(errno), dir);
            ok = false;
        }
    }

    closedir(d);

    return ok;
}


/* Every file that the page in this folder names is there, in any of them. */
static bool
has_what_it_names(const char *html, shian_str_t folder,
    const char *page, char *err, size_t errsize)
{
    char            path[4096], file[256];
    char           *text, *p;
    size_t          size;
    const char     *found;
    shian_arena_t   a;

    static const char  head[] = "\"/static/", stop[] = "\"?#{<";

    snprintf(path, sizeof(path), "%.*s/templates/%s", SHIAN_FMT(folder),
             page);
    text = read_text(path, err, errsize);
    if (text == NULL) {
        return false;
    }

    shian_arena_init(&a, NULL, NULL);
    found = "";

    for (p = text; found != NULL; /* void */) {
        p = strstr(p, head);
        if (p == NULL) {
            break;
        }

        /* What a variable names is not known here. */
        size = strcspn(p + sizeof(head) - 1, stop);
        (void) snprintf(file, sizeof(file), "static/%.*s", (int) size,
                        p + sizeof(head) - 1);
        p += sizeof(head) - 1 + size;

        if (*p != '{') {
            found = shian_folders_find(&a, html, file);
            found = found == NULL || access(found, R_OK) != 0 ? NULL : found;
        }
    }

    if (found == NULL) {
        snprintf(err, errsize, "%s: %s, and \"%s\" names it; install the "
                 "pages again", file, strerror(errno), path);
    }

    shian_arena_free(&a);
    free(text);

    return found != NULL;
}


bool
shian_statics_test(const char *html, char *err, size_t errsize)
{
    DIR            *d;
    bool            ok;
    char            path[4096];
    const char     *rest;
    shian_str_t     folder;
    struct dirent  *e;

    for (ok = true, rest = html;
         ok && shian_folders_next(&rest, &folder); )
    {
        snprintf(path, sizeof(path), "%.*s/static", SHIAN_FMT(folder));

        /* Only the last one has to have them. */
        if (*rest == '\0' || access(path, F_OK) == 0) {
            ok = readable(path, err, errsize);
        }

        snprintf(path, sizeof(path), "%.*s/templates", SHIAN_FMT(folder));
        d = ok ? opendir(path) : NULL;

        while (d != NULL && ok && (e = readdir(d)) != NULL) {
            if (e->d_name[0] != '.') {
                ok = has_what_it_names(html, folder, e->d_name, err,
                                                errsize);
            }
        }

        if (d != NULL) {
            closedir(d);
        }
    }

    return ok;
}


bool
shian_pages_version(const char *html, char *err, size_t errsize)
{
    FILE           *f;
    char            have[32];
    const char     *path;
    shian_arena_t   a;

    have[0] = '\0';
    shian_arena_init(&a, NULL, NULL);
    path = shian_folders_find(&a, html, "version");
    f = path == NULL ? NULL : fopen(path, "re");

    if (f != NULL) {
        if (fgets(have, sizeof(have), f) == NULL) {
            have[0] = '\0';
        }
        fclose(f);
    }

    shian_arena_free(&a);
    have[strcspn(have, "\r\n")] = '\0';

    if (strcmp(have, SHIAN_VERSION) == 0) {
        return true;
    }

    snprintf(err, errsize, "pages \"%s\" are of version %s and this program "
             "of " SHIAN_VERSION "; install both, and restart nginx, which a "
             "reload does not replace", html, have[0] == '\0' ? "none" : have);

    return false;
}
