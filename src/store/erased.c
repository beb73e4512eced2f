#include "erased.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define HEX   SHIAN_HEX_LEN(SHIAN_ID_SIZE)
#define LINE  (HEX + 1 + 20 + 1)        /* with its newline */


void
shian_erased_free(shian_erased_list_t *l)
{
    free(l->row);
    memset(l, 0, sizeof(*l));
}


static bool
add(shian_erased_list_t *l, const uint8_t *id, uint64_t ms)
{
    size_t           room;
    shian_erased_t  *grown;

    if (l->n == l->room) {
        room = l->room == 0 ? 256 : l->room * 2;
        grown = reallocarray(l->row, room, sizeof(*grown));

        if (grown == NULL) {
            return false;
        }

        l->row = grown;
        l->room = room;
    }

    memcpy(l->row[l->n].id, id, SHIAN_ID_SIZE);
    l->row[l->n++].ms = ms;
    l->sorted = false;

    return true;
}


bool
shian_erased_read(shian_erased_list_t *l, const char *path)
{
    bool      ok;
    char      line[LINE + 3], *end;
    FILE     *f;
    uint8_t   id[SHIAN_ID_SIZE];
    uint64_t  ms;

    f = fopen(path, "re");
    if (f == NULL) {
        return false;
    }

    for (ok = true; ok && fgets(line, sizeof(line), f) != NULL; ) {
        if (line[0] == '\n' || strcmp(line, "\r\n") == 0) {
            continue;
        }

        if (!shian_unhex(id, sizeof(id), shian_slice(line,
                                                     strnlen(line, HEX)))
            || line[HEX] != ' ' || line[HEX + 1] < '0' || line[HEX + 1] > '9')
        {
            l->bad++;
            continue;
        }

        ms = strtoull(line + HEX + 1, &end, 10);

        if (strcmp(end, "\n") != 0 && strcmp(end, "\r\n") != 0) {
            l->bad++;
            continue;
        }

        ok = add(l, id, ms);
    }

    ok = ferror(f) == 0 && ok;

    return fclose(f) == 0 && ok;
}


bool
shian_erased_scan(shian_erased_list_t *l, shian_txn_t *t)
{
    bool            ok;
    shian_scan_t    scan;
    shian_rowkey_t  all;

    all.n = 0;
    shian_scan_open(&scan, t, SHIAN_T_ERASED, &all, NULL);

    for (ok = true; ok && shian_scan_next(&scan); ) {
        ok = scan.key.n != SHIAN_ID_SIZE || scan.value.n != 8
             || add(l, scan.key.p, shian_be(scan.value.p, 8));
    }

    shian_scan_close(&scan);

    if (t->err != 0) {
        errno = EIO;
    }

    return ok && t->err == 0;
}


bool
shian_erased_join(shian_erased_list_t *l, const shian_erased_list_t *other)
{
    bool    ok;
    size_t  i;

    for (ok = true, i = 0; ok && i < other->n; i++) {
        ok = add(l, other->row[i].id, other->row[i].ms);
    }

    return ok;
}


static int
by_id(const void *a, const void *b)
{
    int                    rc;
    const shian_erased_t  *x = a, *y = b;

    rc = memcmp(x->id, y->id, SHIAN_ID_SIZE);

    return rc != 0 ? rc : (x->ms > y->ms) - (x->ms < y->ms);
}


/* Of one that is there twice the first instant stays. */
static void
sort(shian_erased_list_t *l)
{
    size_t  i, n;

    if (l->sorted || l->n == 0) {
        return;
    }

    qsort(l->row, l->n, sizeof(*l->row), by_id);

    for (i = 1, n = 1; i < l->n; i++) {
        if (memcmp(l->row[i].id, l->row[n - 1].id, SHIAN_ID_SIZE) != 0) {
            l->row[n++] = l->row[i];
        }
    }

    l->n = n;
    l->sorted = true;
}


static void
put_line(shian_sink_t *s, const uint8_t *id, uint64_t ms)
{
    char  hex[HEX];

    shian_hex(hex, id, SHIAN_ID_SIZE);
    shian_putf(s, "%.*s %" PRIu64 "\n", (int) sizeof(hex), hex, ms);
}


void
shian_erased_write(shian_erased_list_t *l, shian_sink_t *s)
{
    size_t  i;

    sort(l);

    for (i = 0; i < l->n; i++) {
        put_line(s, l->row[i].id, l->row[i].ms);
    }
}


bool
shian_erased_has(shian_erased_list_t *l, shian_str_t id)
{
    size_t  low, high, mid;

    if (id.n != SHIAN_ID_SIZE) {
        return false;
    }

    sort(l);

    for (low = 0, high = l->n; low < high; ) {
        mid = low + (high - low) / 2;

        if (memcmp(l->row[mid].id, id.p, SHIAN_ID_SIZE) < 0) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }

    return low < l->n && memcmp(l->row[low].id, id.p, SHIAN_ID_SIZE) == 0;
}


/* After a line of its own, so that one that was cut short spoils no other. */
static void
put_since(shian_txn_t *t, uint8_t bucket, uint64_t since_ms, shian_sink_t *s)
{
    shian_scan_t    scan;
    shian_rowkey_t  prefix;

    prefix.n = 0;
    shian_rowkey_be(&prefix, bucket, 1);
    shian_putz(s, "\n");
    shian_scan_open(&scan, t, SHIAN_T_ERASED, &prefix, NULL);

    while (shian_scan_next(&scan)) {
        if (scan.key.n == SHIAN_ID_SIZE && scan.value.n == 8
            && shian_be(scan.value.p, 8) >= since_ms)
        {
            put_line(s, scan.key.p, shian_be(scan.value.p, 8));
        }
    }

    shian_scan_close(&scan);
}


bool
shian_erased_append(shian_txn_t *t, uint8_t bucket, uint64_t since_ms)
{
    int          fd;
    bool         ok;
    char         path[4096];
    shian_buf_t  b;

    shian_buf_init(&b, t->arena);
    put_since(t, bucket, since_ms, &b.sink);

    if (b.sink.failed || t->err != 0
        || (size_t) snprintf(path, sizeof(path), "%s/" SHIAN_ERASED_FILE,
                             t->store->dir) >= sizeof(path))
    {
        errno = t->err != 0 ? EIO : ENOMEM;
        return false;
    }

    fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC,
              0600);
    if (fd == -1) {
        return false;
    }

    ok = write(fd, b.p, b.n) == (ssize_t) b.n && fsync(fd) == 0;

    return close(fd) == 0 && ok;
}
