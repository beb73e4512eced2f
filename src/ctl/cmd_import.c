#include "cmd.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "core/bind.h"
#include "core/geo.h"
#include "core/number.h"
#include "domain/venue.h"
#include "list.h"
#include "parse.h"

#define MOST_MISSING  10        /* a tenth of what is open, without --force */

const shian_option_t  shian_import_venues_options[] = {
    { "source", "NAME", "whose list it is; names its ref column (import)" },
    { "datum", "DATUM", "of its positions: wgs84 (default), gcj02, bd09" },
    { "map", "COLUMN=FIELD", "read a column as a field; or @FILE of such "
                             "lines; FIELD empty: ignore it" },
    { "encoding", "NAME", "instead of finding out: utf-8, gb18030, ..." },
    { "district", "NAME", "for rows that name none" },
    { "close-missing", NULL, "close venues of this source that it lacks" },
    { "renamed", NULL, "take rows whose number is that of a venue with "
                       "another name and address" },
    { "force", NULL, "close them even where they are over a tenth" },
    { "rejected", "FILE", "for rejected rows, instead of "
                          "FILE.rejected.csv" },
    { "dry-run", NULL, "report only, on a copy of the store" },
    { NULL, NULL, NULL }
};

static const shian_word_t  statuses[] = {
    { "active", SHIAN__VENUE__STATUS__active },
    { "open", SHIAN__VENUE__STATUS__active },
    { "在业", SHIAN__VENUE__STATUS__active },
    { "存续", SHIAN__VENUE__STATUS__active },
    { "营业", SHIAN__VENUE__STATUS__active },
    { "正常", SHIAN__VENUE__STATUS__active },
    { "营业中", SHIAN__VENUE__STATUS__active },
    { "suspended", SHIAN__VENUE__STATUS__suspended },
    { "停业", SHIAN__VENUE__STATUS__suspended },
    { "停业整顿", SHIAN__VENUE__STATUS__suspended },
    { "暂停营业", SHIAN__VENUE__STATUS__suspended },
    { "closed", SHIAN__VENUE__STATUS__closed },
    { "注销", SHIAN__VENUE__STATUS__closed },
    { "吊销", SHIAN__VENUE__STATUS__closed },
    { "歇业", SHIAN__VENUE__STATUS__closed },
    { "关闭", SHIAN__VENUE__STATUS__closed },
    { NULL, 0 }
};

static const shian_word_t  credits[] = {
    { "A", SHIAN__VENUE__CREDIT__A },
    { "B", SHIAN__VENUE__CREDIT__B },
    { "C", SHIAN__VENUE__CREDIT__C },
    { "D", SHIAN__VENUE__CREDIT__D },
    { NULL, 0 }
};

/* Text fields; one that is wrong costs the row, or only itself. */
static const struct {
    shian_col_t   field;
    bool          vital;
    const char   *warning;
} texts[] = {
    { SHIAN_C_REF, true, "ref" },
    { SHIAN_C_NAME, true, "name" },
    { SHIAN_C_ADDRESS, true, "address" },
    { SHIAN_C_NAME_EN, false, "name_en left out" },
    { SHIAN_C_CATEGORY, false, "category left out" },
    { SHIAN_C_DISTRICT, false, "district left out" },
    { SHIAN_C_PHONE, false, "phone left out" },
};

typedef struct {
    const char  *datum;
    const char  *district;
} options_t;


/*
 * Text through the rules that every door has.  *v stays NULL when the row was
 * rejected.
 */
static bool
bind_texts(shian_list_t *l, const shian_str_t *cells, Shian__Venue **v)
{
    bool                bad;
    size_t              i, n;
    shian_arena_t      *a = &l->slice.arena;
    shian_pair_t        pairs[SHIAN_COUNT(texts)], one;
    shian_report_t      report;
    ProtobufCMessage   *m;

    for (n = 0, i = 0; i < SHIAN_COUNT(texts); i++) {
        if (cells[texts[i].field].n == 0) {
            continue;
        }

        one.name = shian_str(shian_column_name(texts[i].field));
        one.value = cells[texts[i].field];
        shian_report_init(&report);

        bad = !shian_bind_pairs(a, shian_field_rules, shian_nfield_rules,
                                &shian__venue__descriptor, &one, 1, NULL, &m,
                                &report);
        if (report.status == 500) {
            return false;
        }

        if (bad && texts[i].vital) {
            return shian_list_reject(l, texts[i].warning,
                                     shian_ctl_refusal(a, &report));
        }

        if (bad) {
            shian_list_warn(l, texts[i].warning);
        } else {
            pairs[n++] = one;
        }
    }

    shian_report_init(&report);

    if (!shian_bind_pairs(a, shian_field_rules, shian_nfield_rules,
                          &shian__venue__descriptor, pairs, n, NULL, &m,
                          &report))
    {
        return false;
    }

    *v = (Shian__Venue *) m;
    return true;
}


static void
take_position(shian_list_t *l, const shian_str_t *cells, Shian__Venue *v)
{
    double             lat, lng;
    shian_point_t      p;
    const options_t   *o = l->ctx;

    if (cells[SHIAN_C_LAT].n == 0 && cells[SHIAN_C_LNG].n == 0) {
        shian_list_warn(l, "no position");
        return;
    }

    if (!shian_parse_real(cells[SHIAN_C_LAT], &lat)
        || !shian_parse_real(cells[SHIAN_C_LNG], &lng)
        || !shian_geo_valid(lat, lng))
    {
        shian_list_warn(l, "impossible position left out");
        return;
    }

    p = (shian_point_t) { lat, lng };

    if (strcmp(o->datum, "gcj02") == 0) {
        p = shian_geo_gcj02_to_wgs84(p);

    } else if (strcmp(o->datum, "bd09") == 0) {
        p = shian_geo_bd09_to_wgs84(p);
    }

    /* A centimetre is more than any list knows. */
    v->has_lat = v->has_lng = 1;
    v->lat = round(p.lat * 1e7) / 1e7;
    v->lng = round(p.lng * 1e7) / 1e7;
}


static bool
take_numbers(shian_list_t *l, const shian_str_t *cells, Shian__Venue *v)
{
    char            code[32];
    shian_number_t  rc;

    if (cells[SHIAN_C_USCC].n != 0) {
        rc = shian_parse_code(cells[SHIAN_C_USCC], code, sizeof(code))
             ? shian_uscc_check(shian_str(code)) : SHIAN_NUMBER_BAD_PATTERN;

        if (rc == SHIAN_NUMBER_BAD_PATTERN) {
            shian_list_warn(l, "uscc is none, left out");

        } else {
            v->uscc = shian_strdup(&l->slice.arena, shian_str(code));
            if (v->uscc == NULL) {
                return false;
            }
        }

        if (rc == SHIAN_NUMBER_BAD_CHECK_DIGIT) {
            v->has_uscc_doubtful = v->uscc_doubtful = 1;
            shian_list_warn(l, "uscc has a wrong check digit");
        }
    }

    if (cells[SHIAN_C_LICENCE].n != 0) {
        rc = shian_parse_code(cells[SHIAN_C_LICENCE], code, sizeof(code))
             ? shian_licence_check(shian_str(code))
             : SHIAN_NUMBER_BAD_PATTERN;

        if (rc == SHIAN_NUMBER_BAD_PATTERN) {
            shian_list_warn(l, "licence_no is none, left out");

        } else {
            v->licence_no = shian_strdup(&l->slice.arena, shian_str(code));
            if (v->licence_no == NULL) {
                return false;
            }
        }

        if (rc == SHIAN_NUMBER_BAD_CHECK_DIGIT) {
            v->has_licence_doubtful = v->licence_doubtful = 1;
            shian_list_warn(l, "licence_no has a wrong check digit");
        }
    }

    return true;
}


static void
take_rest(shian_list_t *l, const shian_str_t *cells, Shian__Venue *v)
{
    int      value;
    int32_t  day;

    if (cells[SHIAN_C_OPENED].n != 0) {
        if (shian_parse_day(cells[SHIAN_C_OPENED], &day)) {
            v->has_opened_on = 1;
            v->opened_on = day;
        } else {
            shian_list_warn(l, "opened_on is no date, left out");
        }
    }

    if (cells[SHIAN_C_EXPIRES].n != 0
        && !shian_str_is(cells[SHIAN_C_EXPIRES], "长期"))
    {
        if (shian_parse_day(cells[SHIAN_C_EXPIRES], &day)) {
            v->has_licence_expires_on = 1;
            v->licence_expires_on = day;
        } else {
            shian_list_warn(l, "licence_expires_on is no date, left out");
        }
    }

    if (cells[SHIAN_C_STATUS].n != 0) {
        if (shian_parse_word(cells[SHIAN_C_STATUS], statuses, &value)) {
            v->has_status = 1;
            v->status = (Shian__Venue__Status) value;
        } else {
            shian_list_warn(l, "status is unknown, left out");
        }
    }

    if (cells[SHIAN_C_CREDIT].n != 0) {
        if (shian_parse_word(cells[SHIAN_C_CREDIT], credits, &value)) {
            v->has_credit = 1;
            v->credit = (Shian__Venue__Credit) value;
        } else {
            shian_list_warn(l, "credit is not A to D, left out");
        }
    }
}


static bool
take_venue(shian_list_t *l, const shian_row_t *row, const shian_str_t *given)
{
    shian_str_t           cells[SHIAN_C_MAX];
    Shian__Venue         *v;
    const options_t      *o = l->ctx;
    Shian__Operation      op;
    Shian__VenueUpsert    up = SHIAN__VENUE_UPSERT__INIT;

    (void) row;
    memcpy(cells, given, sizeof(cells));

    if (cells[SHIAN_C_NAME].n == 0) {
        return shian_list_reject(l, "no name", NULL);
    }

    cells[SHIAN_C_CATEGORY] = shian_parse_category(cells[SHIAN_C_CATEGORY]);

    if (cells[SHIAN_C_DISTRICT].n == 0) {
        if (o->district != NULL) {
            cells[SHIAN_C_DISTRICT] = shian_str(o->district);
        } else {
            shian_list_warn(l, "no district");
        }
    }

    v = NULL;

    if (!bind_texts(l, cells, &v)) {
        return false;
    }

    if (v == NULL) {
        return true;
    }

    /* Cleaning may leave nothing of a name of invisible characters. */
    if (v->name == NULL) {
        return shian_list_reject(l, "no name", NULL);
    }

    v->source = (char *) (uintptr_t) l->source;
    take_position(l, cells, v);
    take_rest(l, cells, v);

    if (!take_numbers(l, cells, v)) {
        return false;
    }

    up.venue = v;
    op = shian_ctl_operation(l->ctl);
    op.body_case = SHIAN__OPERATION__BODY_VENUE_UPSERT;
    op.venue_upsert = &up;

    return shian_list_add(l, &op);
}


/* ---- what the file lacks ------------------------------------------------- */


/*
 * The ids of open venues of the source that no row touched, malloced; *open is
 * how many of the source's are open, these included.
 */
static bool
find_missing(shian_list_t *l, uint64_t **out, size_t *n, uint64_t *open)
{
    bool             ok, open_now;
    size_t           size;
    uint64_t         id, *ids, *grown;
    shian_txn_t      t;
    shian_scan_t     scan;
    Shian__Venue    *v;
    shian_arena_t    a;
    shian_rowkey_t   prefix;

    ids = NULL;
    *n = size = 0;
    *open = 0;
    shian_arena_init(&a, NULL, NULL);

    if (shian_txn_begin(l->ctl->store, &a, false, &t) != 0) {
        shian_arena_free(&a);
        return false;
    }

    prefix = shian_venue_by('r', l->source);
    shian_scan_open(&scan, &t, SHIAN_T_VENUE_BY, &prefix, NULL);

    while (shian_scan_next(&scan)) {
        id = shian_be(scan.key.p + scan.key.n - 8, 8);
        v = shian_venue_get(&t, id);
        open_now = v != NULL && v->status != SHIAN__VENUE__STATUS__closed;
        shian_arena_free(&a);
        *open += open_now;

        if (!open_now || shian_list_touched(l, id) != 0) {
            continue;
        }

        if (*n == size) {
            size = size == 0 ? 1024 : size * 2;
            grown = realloc(ids, size * sizeof(*ids));

            if (grown == NULL) {
                t.err = ENOMEM;
                break;
            }
            ids = grown;
        }

        ids[(*n)++] = id;
    }

    ok = t.err == 0;
    shian_scan_close(&scan);
    shian_txn_abort(&t);
    shian_arena_free(&a);
    *out = ids;

    return ok;
}


static bool
close_venues(shian_list_t *l, const uint64_t *ids, size_t n)
{
    bool                ok;
    size_t              i, j;
    shian_slice_t       s;
    Shian__Operation    op;
    Shian__VenueStatus  status = SHIAN__VENUE_STATUS__INIT;

    shian_slice_init(&s, l->ctl, &shian_machine);
    ok = true;

    for (i = 0; ok && i < n; i++) {
        status.has_venue = status.has_status = status.has_missing = 1;
        status.missing = 1;
        status.venue = ids[i];
        status.status = SHIAN__VENUE__STATUS__closed;
        op = shian_ctl_operation(l->ctl);
        op.body_case = SHIAN__OPERATION__BODY_VENUE_STATUS;
        op.venue_status = &status;
        ok = shian_slice_add(&s, &op);

        if (ok && (s.n == SHIAN_SLICE || i + 1 == n)) {
            ok = shian_slice_run(&s);

            for (j = 0; ok && j < s.n; j++) {
                l->closed += s.items[j].report.status == 200;
            }

            shian_slice_reset(&s);
        }
    }

    shian_slice_free(&s);
    return ok;
}


/*
 * That a file lacks a venue says little: an export may have stopped half way.
 * NULL: nothing speaks against closing.
 */
static const char *
why_not(shian_list_t *l, uint64_t missing, uint64_t open)
{
    const char  *why;

    /* A rejected row may be the very venue that seems to be gone. */
    if (l->rejected != l->repeated) {
        return "rows were rejected; mend them and import the file again";
    }

    if (missing <= open / MOST_MISSING || shian_flag(l->ctl, "force")) {
        return NULL;
    }

    why = shian_printf(&l->ctl->arena, "the file lacks %llu of %llu open "
                       "venues of \"%s\", more than a tenth; if the list is "
                       "whole, import it again with --force",
                       (unsigned long long) missing,
                       (unsigned long long) open, l->source);

    return why == NULL ? "memory has run out" : why;
}


static bool
settle_missing(shian_list_t *l)
{
    bool         ok;
    size_t       n;
    uint64_t    *ids, open;
    const char  *why;

    if (!find_missing(l, &ids, &n, &open)) {
        free(ids);
        (void) shian_ctl_fail(l->ctl, "the store cannot be read");
        return false;
    }

    l->missing = n;
    ok = true;

    if (n != 0 && shian_flag(l->ctl, "close-missing")) {

        /* What the file itself has brought does not make it whole. */
        why = why_not(l, n, open > n + l->new ? open - l->new : n);

        if (why != NULL) {
            (void) shian_ctl_fail(l->ctl, "nothing was closed, because %s",
                                  why);
            ok = false;
        } else {
            ok = close_venues(l, ids, n);
        }
    }

    free(ids);
    return ok;
}


static bool
known_datum(const char *datum)
{
    return strcmp(datum, "wgs84") == 0 || strcmp(datum, "gcj02") == 0
           || strcmp(datum, "bd09") == 0;
}


int
shian_cmd_import_venues(shian_ctl_t *c)
{
    int            rc;
    options_t      o;
    shian_list_t  *l;

    static const shian_col_t  needs[] = { SHIAN_C_NAME };

    o.datum = shian_arg(c, "datum");
    o.datum = o.datum == NULL ? "wgs84" : o.datum;
    o.district = shian_arg(c, "district");

    if (!known_datum(o.datum)) {
        return shian_ctl_usage(c, "--datum is wgs84, gcj02 or bd09");
    }

    l = shian_list_new(c, &rc);
    if (l == NULL) {
        return rc;
    }

    l->once = true;
    l->take = take_venue;
    l->ctx = &o;

    rc = shian_list_run(l, SHIAN_L_VENUES, o.datum, needs, 1);

    if (rc == SHIAN_DONE && !settle_missing(l)) {
        rc = SHIAN_FAILED;
    }

    return shian_list_end(l, rc);
}
