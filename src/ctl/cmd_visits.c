/*
 * Lists about venues that are in the store: inspections elsewhere, credit,
 * yearly levels.
 */

#include "cmd.h"

#include "domain/venue.h"
#include "list.h"
#include "parse.h"

const shian_option_t  shian_import_inspections_options[] = {
    { "source", "NAME", "whose list it is; names its ref column (import)" },
    { "map", "COLUMN=FIELD", "read a column as a field; or @FILE of such "
                             "lines; FIELD empty: ignore it" },
    { "encoding", "NAME", "instead of finding out: utf-8, gb18030, ..." },
    { "rejected", "FILE", "for rejected rows, instead of "
                          "FILE.rejected.csv" },
    { "dry-run", NULL, "report only, on a copy of the store" },
    { NULL, NULL, NULL }
};

const shian_option_t  shian_import_credit_options[] = {
    { "source", "NAME", "whose list it is; names its ref column (import)" },
    { "map", "COLUMN=FIELD", "read a column as a field; or @FILE of such "
                             "lines; FIELD empty: ignore it" },
    { "encoding", "NAME", "instead of finding out: utf-8, gb18030, ..." },
    { "rejected", "FILE", "for rejected rows, instead of "
                          "FILE.rejected.csv" },
    { "dry-run", NULL, "report only, on a copy of the store" },
    { NULL, NULL, NULL }
};

const shian_option_t  shian_import_evaluations_options[] = {
    { "source", "NAME", "whose list it is; names its ref column (import)" },
    { "map", "COLUMN=FIELD", "read a column as a field; or @FILE of such "
                             "lines; FIELD empty: ignore it" },
    { "encoding", "NAME", "instead of finding out: utf-8, gb18030, ..." },
    { "rejected", "FILE", "for rejected rows, instead of "
                          "FILE.rejected.csv" },
    { "dry-run", NULL, "report only, on a copy of the store" },
    { NULL, NULL, NULL }
};

/* Ours, the LIVES standard's and what feeds write. */
static const shian_word_t  kinds[] = {
    { "routine", SHIAN__INSPECTION__KIND__routine },
    { "initial", SHIAN__INSPECTION__KIND__routine },
    { "日常", SHIAN__INSPECTION__KIND__routine },
    { "日常检查", SHIAN__INSPECTION__KIND__routine },
    { "complaint", SHIAN__INSPECTION__KIND__complaint },
    { "投诉", SHIAN__INSPECTION__KIND__complaint },
    { "投诉检查", SHIAN__INSPECTION__KIND__complaint },
    { "recheck", SHIAN__INSPECTION__KIND__recheck },
    { "复查", SHIAN__INSPECTION__KIND__recheck },
    { "follow_up", SHIAN__INSPECTION__KIND__follow_up },
    { "followup", SHIAN__INSPECTION__KIND__follow_up },
    { "follow-up", SHIAN__INSPECTION__KIND__follow_up },
    { "回访", SHIAN__INSPECTION__KIND__follow_up },
    { NULL, 0 }
};

static const shian_word_t  credits[] = {
    { "A", SHIAN__VENUE__CREDIT__A },
    { "B", SHIAN__VENUE__CREDIT__B },
    { "C", SHIAN__VENUE__CREDIT__C },
    { "D", SHIAN__VENUE__CREDIT__D },
    { NULL, 0 }
};


static const shian_word_t  levels[] = {
    { "A", SHIAN__EVALUATION__LEVEL__A },
    { "优秀", SHIAN__EVALUATION__LEVEL__A },
    { "B", SHIAN__EVALUATION__LEVEL__B },
    { "良好", SHIAN__EVALUATION__LEVEL__B },
    { "C", SHIAN__EVALUATION__LEVEL__C },
    { "一般", SHIAN__EVALUATION__LEVEL__C },
    { "unrated", SHIAN__EVALUATION__LEVEL__unrated },
    { "不评级", SHIAN__EVALUATION__LEVEL__unrated },
    { NULL, 0 }
};


/* A cell as the store would have it; NULL for an empty one. */
static char *
text(shian_list_t *l, shian_str_t s)
{
    return s.n == 0 ? NULL : shian_strdup(&l->slice.arena, s);
}


static char *
code(shian_list_t *l, shian_str_t s)
{
    char  out[64];

    return shian_parse_code(s, out, sizeof(out))
           ? shian_strdup(&l->slice.arena, shian_str(out)) : NULL;
}


/* The venue a row means; 0: none. */
static uint64_t
find_venue(shian_list_t *l, const shian_str_t *cells)
{
    uint64_t       id;
    shian_txn_t    t;
    Shian__Venue  *found, v = SHIAN__VENUE__INIT;

    if (cells[SHIAN_C_VENUE].n != 0) {
        return shian_number(text(l, cells[SHIAN_C_VENUE]), 1, INT64_MAX, &id)
               ? id : 0;
    }

    v.source = (char *) (uintptr_t) l->source;
    v.ref = text(l, cells[SHIAN_C_REF]);
    v.uscc = code(l, cells[SHIAN_C_USCC]);
    v.licence_no = code(l, cells[SHIAN_C_LICENCE]);
    v.name = text(l, cells[SHIAN_C_NAME]);
    v.address = text(l, cells[SHIAN_C_ADDRESS]);

    if (shian_txn_begin(l->ctl->store, &l->slice.arena, false, &t) != 0) {
        return 0;
    }

    id = shian_venue_match(&t, &v);
    found = id == 0 ? NULL : shian_venue_get(&t, id);

    if (found != NULL && shian_list_other(t.arena, found, &v) != NULL) {
        id = 0;                 /* of another restaurant */
    }

    shian_txn_abort(&t);

    return id;
}


static bool
take_inspection(shian_list_t *l, const shian_row_t *row,
    const shian_str_t *cells)
{
    int                       kind;
    double                    score;
    int32_t                   day;
    Shian__Operation          op;
    Shian__Inspection         in = SHIAN__INSPECTION__INIT;
    Shian__InspectionImport   body = SHIAN__INSPECTION_IMPORT__INIT;

    (void) row;

    if (!shian_parse_day(cells[SHIAN_C_ON], &day)) {
        return shian_list_reject(l, "no date", NULL);
    }

    in.venue = find_venue(l, cells);

    if (in.venue == 0) {
        return shian_list_reject(l, "no such venue", NULL);
    }

    kind = SHIAN__INSPECTION__KIND__routine;

    if (cells[SHIAN_C_KIND].n != 0
        && !shian_parse_word(cells[SHIAN_C_KIND], kinds, &kind))
    {
        shian_list_warn(l, "kind is unknown, taken as routine");
    }

    if (cells[SHIAN_C_SCORE].n == 0) {
        shian_list_warn(l, "no score");

    } else if (shian_parse_real(cells[SHIAN_C_SCORE], &score)
               && score >= 0 && score <= 100)
    {
        in.has_score = 1;
        in.score = (uint32_t) score;

    } else {
        return shian_list_reject(l, "score is not 0 to 100", NULL);
    }

    in.has_venue = in.has_on = in.has_kind = 1;
    in.on = day;
    in.kind = (Shian__Inspection__Kind) kind;
    in.source = (char *) (uintptr_t) l->source;
    body.inspection = &in;

    op = shian_ctl_operation(l->ctl);
    op.body_case = SHIAN__OPERATION__BODY_INSPECTION_IMPORT;
    op.inspection_import = &body;

    return shian_list_add(l, &op);
}


static bool
take_credit(shian_list_t *l, const shian_row_t *row,
    const shian_str_t *cells)
{
    int                  credit;
    Shian__Venue         v = SHIAN__VENUE__INIT;
    Shian__Operation     op;
    Shian__VenueUpsert   up = SHIAN__VENUE_UPSERT__INIT;

    (void) row;

    if (!shian_parse_word(cells[SHIAN_C_CREDIT], credits, &credit)) {
        return shian_list_reject(l, "credit is not A to D", NULL);
    }

    v.id = find_venue(l, cells);

    if (v.id == 0) {
        return shian_list_reject(l, "no such venue", NULL);
    }

    v.has_id = v.has_credit = 1;
    v.credit = (Shian__Venue__Credit) credit;
    up.venue = &v;

    op = shian_ctl_operation(l->ctl);
    op.body_case = SHIAN__OPERATION__BODY_VENUE_UPSERT;
    op.venue_upsert = &up;

    return shian_list_add(l, &op);
}


static bool
take_evaluation(shian_list_t *l, const shian_row_t *row,
    const shian_str_t *cells)
{
    int                    level;
    uint64_t               year;
    Shian__Operation       op;
    Shian__Evaluation      e = SHIAN__EVALUATION__INIT;
    Shian__EvaluationSet   set = SHIAN__EVALUATION_SET__INIT;

    (void) row;

    if (!shian_number(text(l, cells[SHIAN_C_YEAR]), 2000, 2199, &year)) {
        return shian_list_reject(l, "no year", NULL);
    }

    if (!shian_parse_word(cells[SHIAN_C_LEVEL], levels, &level)) {
        return shian_list_reject(l, "level is not A, B, C or unrated", NULL);
    }

    set.venue = find_venue(l, cells);

    if (set.venue == 0) {
        return shian_list_reject(l, "no such venue", NULL);
    }

    set.has_venue = e.has_year = e.has_level = 1;
    e.year = (uint32_t) year;
    e.level = (Shian__Evaluation__Level) level;
    e.source = (char *) (uintptr_t) l->source;
    set.evaluation = &e;

    op = shian_ctl_operation(l->ctl);
    op.body_case = SHIAN__OPERATION__BODY_EVALUATION_SET;
    op.evaluation_set = &set;

    return shian_list_add(l, &op);
}


static int
import(shian_ctl_t *c, unsigned kind, bool once, shian_col_t need,
    bool (*take)(shian_list_t *, const shian_row_t *, const shian_str_t *))
{
    int            rc;
    shian_list_t  *l;

    l = shian_list_new(c, &rc);
    if (l == NULL) {
        return rc;
    }

    l->once = once;
    l->take = take;

    rc = shian_list_run(l, kind, "wgs84", &need, 1);

    return shian_list_end(l, rc);
}


int
shian_cmd_import_inspections(shian_ctl_t *c)
{
    return import(c, SHIAN_L_INSPECTIONS, false, SHIAN_C_ON,
                  take_inspection);
}


int
shian_cmd_import_credit(shian_ctl_t *c)
{
    return import(c, SHIAN_L_CREDIT, true, SHIAN_C_CREDIT, take_credit);
}


int
shian_cmd_import_evaluations(shian_ctl_t *c)
{
    return import(c, SHIAN_L_EVALUATIONS, false, SHIAN_C_LEVEL,
                  take_evaluation);
}
