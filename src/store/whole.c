#include "whole.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* mdb.c of 0.9: struct MDB_page, MDB_meta, MDB_db and MDB_node, 64 bits. */
#define PAGE_HEAD      16
#define PAGE_FLAGS     10
#define PAGE_LOWER     12
#define PAGE_COUNT     12           /* of an overflow page: how many */

#define FLAG_BRANCH    0x01
#define FLAG_LEAF      0x02
#define FLAG_OVERFLOW  0x04
#define FLAG_META      0x08

#define META_MAGIC     (PAGE_HEAD + 0)
#define META_VERSION   (PAGE_HEAD + 4)
#define META_PSIZE     (PAGE_HEAD + 24)
#define META_FREE      (PAGE_HEAD + 64)     /* roots of the two trees */
#define META_MAIN      (PAGE_HEAD + 112)
#define META_LAST      (PAGE_HEAD + 120)
#define META_TXN       (PAGE_HEAD + 128)
#define META_SIZE      (PAGE_HEAD + 136)

#define NODE_HEAD      8
#define NODE_BIG       0x01
#define NODE_SUB       0x02
#define DB_ROOT        40
#define DB_SIZE        48

#define MAGIC          0xbeefc0deu
#define NO_PAGE        UINT64_MAX
#define DEPTH_MAX      64

typedef struct {
    int       fd;
    size_t    psize;
    uint64_t  pages;            /* that the file has, whole ones */
    uint64_t  missing;          /* the first that was asked for and is not */
} whole_t;


static uint16_t
get16(const uint8_t *p)
{
    uint16_t  v;

    memcpy(&v, p, sizeof(v));

    return v;
}


static uint32_t
get32(const uint8_t *p)
{
    uint32_t  v;

    memcpy(&v, p, sizeof(v));

    return v;
}


static uint64_t
get64(const uint8_t *p)
{
    uint64_t  v;

    memcpy(&v, p, sizeof(v));

    return v;
}


static bool walk(whole_t *w, uint64_t page, unsigned depth);


/* What one node of a page leads to. */
static bool
walk_node(whole_t *w, const uint8_t *page, size_t at, bool leaf,
    unsigned depth)
{
    size_t           data;
    uint64_t         to;
    const uint8_t   *node = page + at;

    if (at + NODE_HEAD > w->psize) {
        return false;
    }

    if (!leaf) {
        to = (uint64_t) get16(node) | (uint64_t) get16(node + 2) << 16
             | (uint64_t) get16(node + 4) << 32;
        return walk(w, to, depth + 1);
    }

    data = at + NODE_HEAD + get16(node + 6);

    switch (get16(node + 4)) {
    case NODE_BIG:
        return data + 8 <= w->psize && walk(w, get64(page + data), depth + 1);
    case NODE_SUB:
        return data + DB_SIZE <= w->psize
               && walk(w, get64(page + data + DB_ROOT), depth + 1);
    default:
        return true;
    }
}


/* False: a page that this one leads to is missing, or makes no sense. */
static bool
walk(whole_t *w, uint64_t page, unsigned depth)
{
    bool       ok;
    size_t     i, n;
    uint8_t   *p;
    uint16_t   flags;

    if (page == NO_PAGE) {
        return true;                    /* an empty tree */
    }

    if (page >= w->pages || depth > DEPTH_MAX) {
        w->missing = page;
        return false;
    }

    p = malloc(w->psize);
    ok = p != NULL && pread(w->fd, p, w->psize, (off_t) (page * w->psize))
                      == (ssize_t) w->psize
         && get64(p) == page;

    if (ok) {
        flags = get16(p + PAGE_FLAGS);

        if (flags & FLAG_OVERFLOW) {
            w->missing = page + get32(p + PAGE_COUNT) - 1;
            ok = w->missing < w->pages;

        } else {
            ok = (flags & (FLAG_BRANCH | FLAG_LEAF)) != 0
                 && get16(p + PAGE_LOWER) >= PAGE_HEAD
                 && get16(p + PAGE_LOWER) <= w->psize;
            n = ok ? (get16(p + PAGE_LOWER) - PAGE_HEAD) / 2 : 0;

            for (i = 0; ok && i < n; i++) {
                ok = walk_node(w, p, get16(p + PAGE_HEAD + 2 * i),
                               (flags & FLAG_LEAF) != 0, depth);
            }
        }
    }

    free(p);

    return ok;
}


/* The head in this page; 0, an errno or MDB_INVALID. */
static int
read_head(int fd, off_t at, uint8_t head[META_SIZE])
{
    ssize_t  n;

    n = pread(fd, head, META_SIZE, at);

    if (n < 0) {
        return errno;
    }

    return n == META_SIZE && (get16(head + PAGE_FLAGS) & FLAG_META) != 0
           && get32(head + META_MAGIC) == MAGIC
           ? 0 : MDB_INVALID;
}


/* The newest head into newest; 0, or why there is none. */
static int
read_heads(int fd, uint8_t newest[META_SIZE], size_t *psize)
{
    int      rc;
    uint8_t  other[META_SIZE];

    rc = read_head(fd, 0, newest);

    if (rc != 0) {
        return rc;
    }

    *psize = get32(newest + META_PSIZE);

    if (*psize < 256 || *psize > 65536
        || get32(newest + META_VERSION) != 1)
    {
        return MDB_INVALID;
    }

    rc = read_head(fd, (off_t) *psize, other);

    if (rc == 0 && get64(other + META_TXN) > get64(newest + META_TXN)) {
        memcpy(newest, other, META_SIZE);
    }

    return rc;
}


bool
shian_whole(const char *file, int *code, char *err, size_t errsize)
{
    bool         ok;
    whole_t      w;
    uint8_t      head[META_SIZE];
    uint64_t     want;
    struct stat  st;

    memset(&st, 0, sizeof(st));
    w.fd = open(file, O_RDONLY | O_CLOEXEC);
    *code = w.fd < 0 || fstat(w.fd, &st) != 0 ? errno
            : !S_ISREG(st.st_mode) ? MDB_INVALID
            : read_heads(w.fd, head, &w.psize);

    /* A file only grows: its size is asked after what must be in it. */
    if (*code == 0 && fstat(w.fd, &st) != 0) {
        *code = errno;
    }

    if (*code != 0) {
        snprintf(err, errsize, "%s", *code == MDB_INVALID && st.st_size == 0
                 ? "it is empty" : mdb_strerror(*code));
        goto done;
    }

    w.pages = (uint64_t) st.st_size / w.psize;
    w.missing = 0;
    want = get64(head + META_LAST) + 1;
    ok = w.pages >= want
         || (walk(&w, get64(head + META_FREE), 0)
             && walk(&w, get64(head + META_MAIN), 0));

    if (!ok) {
        *code = MDB_CORRUPTED;
        snprintf(err, errsize, "it was cut off: %llu of %llu bytes are there",
                 (unsigned long long) st.st_size,
                 (unsigned long long) (want * w.psize));
    }

done:

    if (w.fd >= 0) {
        close(w.fd);
    }

    return *code == 0;
}
