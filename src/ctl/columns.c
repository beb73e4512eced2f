#include "columns.h"

#include <stdlib.h>

#include "args.h"

#define ABOUT  (SHIAN_L_INSPECTIONS | SHIAN_L_CREDIT | SHIAN_L_EVALUATIONS)
#define ALL    (SHIAN_L_VENUES | ABOUT)

/* What a cell holds: words as they are; a number or date; an identifier. */
typedef enum { WORDS, NUMBER, IDENTIFIER } holds_t;

typedef struct {
    const char  *name;      /* as in --map and in our own exports */
    char         join;      /* between several columns; 0: one only */
    holds_t      holds;
    unsigned     lists;
} field_t;

static const field_t  fields[SHIAN_C_MAX] = {
    { "venue", 0, IDENTIFIER, ABOUT },
    { "ref", 0, IDENTIFIER, ALL },
    { "uscc", 0, IDENTIFIER, ALL },
    { "licence_no", 0, IDENTIFIER, ALL },
    { "name", 0, WORDS, ALL },
    { "name_en", 0, WORDS, SHIAN_L_VENUES },
    { "category", 0, WORDS, SHIAN_L_VENUES },
    { "district", 0, WORDS, SHIAN_L_VENUES },
    { "address", ' ', WORDS, ALL },
    { "lng", 0, NUMBER, SHIAN_L_VENUES },
    { "lat", 0, NUMBER, SHIAN_L_VENUES },
    { "phone", ';', IDENTIFIER, SHIAN_L_VENUES },
    { "opened_on", 0, NUMBER, SHIAN_L_VENUES },
    { "licence_expires_on", 0, NUMBER, SHIAN_L_VENUES },
    { "status", 0, WORDS, SHIAN_L_VENUES },
    { "credit", 0, NUMBER, SHIAN_L_VENUES | SHIAN_L_CREDIT },
    { "on", 0, NUMBER, SHIAN_L_INSPECTIONS },
    { "kind", 0, WORDS, SHIAN_L_INSPECTIONS },
    { "score", 0, NUMBER, SHIAN_L_INSPECTIONS },
    { "year", 0, NUMBER, SHIAN_L_EVALUATIONS },
    { "level", 0, WORDS, SHIAN_L_EVALUATIONS },
};

/*
 * Headers that lists in use have, besides our own names.  Compared without
 * case, spaces, '_' and '-'.  A header that ends in a datum counts only for
 * that datum.
 */
static const struct {
    const char   *header;
    shian_col_t   field;
} headers[] = {
    { "名称", SHIAN_C_NAME },
    { "店名", SHIAN_C_NAME },
    { "单位名称", SHIAN_C_NAME },
    { "企业名称", SHIAN_C_NAME },
    { "商户名称", SHIAN_C_NAME },
    { "店铺名称", SHIAN_C_NAME },
    { "餐饮单位", SHIAN_C_NAME },
    { "字号", SHIAN_C_NAME },
    { "businessname", SHIAN_C_NAME },
    { "venuename", SHIAN_C_NAME },
    { "英文名称", SHIAN_C_NAME_EN },
    { "英文名", SHIAN_C_NAME_EN },
    { "地址", SHIAN_C_ADDRESS },
    { "经营地址", SHIAN_C_ADDRESS },
    { "详细地址", SHIAN_C_ADDRESS },
    { "经营场所", SHIAN_C_ADDRESS },
    { "addressline1", SHIAN_C_ADDRESS },
    { "addressline2", SHIAN_C_ADDRESS },
    { "addressline3", SHIAN_C_ADDRESS },
    { "addressline4", SHIAN_C_ADDRESS },
    { "postcode", SHIAN_C_ADDRESS },
    { "postalcode", SHIAN_C_ADDRESS },
    { "电话", SHIAN_C_PHONE },
    { "联系电话", SHIAN_C_PHONE },
    { "手机", SHIAN_C_PHONE },
    { "tel", SHIAN_C_PHONE },
    { "telephone", SHIAN_C_PHONE },
    { "phonenumber", SHIAN_C_PHONE },
    { "区域", SHIAN_C_DISTRICT },
    { "区县", SHIAN_C_DISTRICT },
    { "街道", SHIAN_C_DISTRICT },
    { "镇街", SHIAN_C_DISTRICT },
    { "乡镇街道", SHIAN_C_DISTRICT },
    { "所属街道", SHIAN_C_DISTRICT },
    { "辖区", SHIAN_C_DISTRICT },
    { "localauthorityname", SHIAN_C_DISTRICT },
    { "类别", SHIAN_C_CATEGORY },
    { "分类", SHIAN_C_CATEGORY },
    { "业态", SHIAN_C_CATEGORY },
    { "经营类别", SHIAN_C_CATEGORY },
    { "主体业态", SHIAN_C_CATEGORY },
    { "businesstype", SHIAN_C_CATEGORY },
    { "经度", SHIAN_C_LNG },
    { "longitude", SHIAN_C_LNG },
    { "lon", SHIAN_C_LNG },
    { "lng@", SHIAN_C_LNG },
    { "纬度", SHIAN_C_LAT },
    { "latitude", SHIAN_C_LAT },
    { "lat@", SHIAN_C_LAT },
    { "统一社会信用代码", SHIAN_C_USCC },
    { "社会信用代码", SHIAN_C_USCC },
    { "信用代码", SHIAN_C_USCC },
    { "许可证号", SHIAN_C_LICENCE },
    { "许可证编号", SHIAN_C_LICENCE },
    { "食品经营许可证号", SHIAN_C_LICENCE },
    { "食品经营许可证编号", SHIAN_C_LICENCE },
    { "licence", SHIAN_C_LICENCE },
    { "license", SHIAN_C_LICENCE },
    { "licenseno", SHIAN_C_LICENCE },
    { "开业日期", SHIAN_C_OPENED },
    { "成立日期", SHIAN_C_OPENED },
    { "有效期至", SHIAN_C_EXPIRES },
    { "许可证有效期至", SHIAN_C_EXPIRES },
    { "状态", SHIAN_C_STATUS },
    { "经营状态", SHIAN_C_STATUS },
    { "信用等级", SHIAN_C_CREDIT },
    { "creditlevel", SHIAN_C_CREDIT },
    { "编号", SHIAN_C_REF },
    { "fhrsid", SHIAN_C_REF },
    { "businessid", SHIAN_C_REF },
    { "检查日期", SHIAN_C_ON },
    { "日期", SHIAN_C_ON },
    { "date", SHIAN_C_ON },
    { "inspectiondate", SHIAN_C_ON },
    { "检查类型", SHIAN_C_KIND },
    { "类型", SHIAN_C_KIND },
    { "type", SHIAN_C_KIND },
    { "得分", SHIAN_C_SCORE },
    { "分数", SHIAN_C_SCORE },
    { "评分", SHIAN_C_SCORE },
    { "年度", SHIAN_C_YEAR },
    { "年份", SHIAN_C_YEAR },
    { "评价等级", SHIAN_C_LEVEL },
    { "年度等级", SHIAN_C_LEVEL },
};

/* What lists write where they know nothing. */
static const char *const  nothing[] = {
    "-", "--", "—", "/", "\\N", "NULL", "null", "N/A", "n/a", "#N/A", "None",
    "无", "暂无", "不详"
};


const char *
shian_column_name(shian_col_t field)
{
    return fields[field].name;
}


/* Lower case ASCII without spaces, '_' and '-'; false: too long to match. */
static bool
squeeze(shian_str_t s, char *out, size_t size)
{
    size_t   i, n;
    uint8_t  c;

    for (n = 0, i = 0; i < s.n; i++) {
        c = s.p[i];

        if (c == ' ' || c == '_' || c == '-') {
            continue;
        }

        if (n + 1 >= size) {
            return false;
        }

        out[n++] = (char) (c >= 'A' && c <= 'Z' ? c | 0x20 : c);
    }

    out[n] = '\0';
    return true;
}


static bool
header_is(const char *name, const char *header, const char *datum)
{
    char    squeezed[64];
    size_t  n;

    n = strlen(header);

    if (header[n - 1] == '@') {
        return strncmp(name, header, n - 1) == 0
               && strcmp(name + n - 1, datum) == 0;
    }

    return squeeze(shian_str(header), squeezed, sizeof(squeezed))
           && strcmp(name, squeezed) == 0;
}


/* The bytes of one space at p: ASCII, no-break, ideographic; 0: none. */
static size_t
space(const uint8_t *p, size_t n)
{
    if (n != 0 && p[0] <= ' ') {
        return 1;
    }

    if (n >= 2 && memcmp(p, "\xc2\xa0", 2) == 0) {
        return 2;
    }

    return n >= 3 && memcmp(p, "\xe3\x80\x80", 3) == 0 ? 3 : 0;
}


static bool
begins(shian_str_t s, const char *with)
{
    return s.n >= strlen(with) && memcmp(s.p, with, strlen(with)) == 0;
}


static bool
ends(shian_str_t s, const char *with)
{
    size_t  n = strlen(with);

    return s.n >= n && memcmp(s.p + s.n - n, with, n) == 0;
}


/*
 * Without what forms put around a name for who fills them in: *名称,
 * 名称(必填), 编号（选填）.
 */
static shian_str_t
bare(shian_str_t s)
{
    size_t  i, n;

    static const char *const  marks[] = {
        "*", "\uff0a", "\u203b", "\u2605", ":", "\uff1a"
    };
    static const char *const  notes[] = {
        "(必填)", "（必填）", "(选填)", "（选填）", "(可选)", "（可选）",
        "(非必填)", "（非必填）", "(必录)", "（必录）", "(required)",
        "(optional)"
    };

    do {
        n = s.n;

        while ((i = space(s.p, s.n)) != 0) {
            s = shian_slice(s.p + i, s.n - i);
        }

        while (s.n != 0 && s.p[s.n - 1] <= ' ') {
            s.n--;
        }

        for (i = 0; i < SHIAN_COUNT(marks); i++) {
            if (begins(s, marks[i])) {
                s = shian_slice(s.p + strlen(marks[i]),
                                s.n - strlen(marks[i]));
            }

            s.n -= ends(s, marks[i]) ? strlen(marks[i]) : 0;
        }

        for (i = 0; i < SHIAN_COUNT(notes); i++) {
            s.n -= ends(s, notes[i]) ? strlen(notes[i]) : 0;
        }
    } while (s.n != n);

    return s;
}


/* The field a header means by itself, or -1. */
static int
known(const shian_columns_t *cols, shian_str_t header)
{
    int     field;
    char    name[64];
    size_t  i;

    if (!squeeze(bare(header), name, sizeof(name)) || name[0] == '\0') {
        return -1;
    }

    field = -1;

    for (i = 0; field < 0 && i < SHIAN_C_MAX; i++) {
        if (header_is(name, fields[i].name, cols->datum)) {
            field = (int) i;
        }
    }

    for (i = 0; field < 0 && i < SHIAN_COUNT(headers); i++) {
        if (header_is(name, headers[i].header, cols->datum)) {
            field = (int) headers[i].field;
        }
    }

    return field >= 0 && (fields[field].lists & cols->list) != 0 ? field : -1;
}


bool
shian_columns_knows(const shian_columns_t *cols, shian_str_t header)
{
    size_t  i;

    for (i = 0; i < cols->nmaps; i++) {
        if (shian_str_is(header, cols->maps[i].column)) {
            return true;
        }
    }

    return known(cols, header) >= 0;
}


bool
shian_columns_have(const shian_columns_t *cols, shian_col_t field)
{
    size_t  i;

    for (i = 0; i < cols->n; i++) {
        if (cols->field[i] == (int) field) {
            return true;
        }
    }

    return false;
}


/* Whether --map gives the field: then no header does by itself. */
static bool
mapped(const shian_columns_t *cols, int field)
{
    size_t  i;

    for (i = 0; i < cols->nmaps; i++) {
        if (cols->maps[i].field == field) {
            return true;
        }
    }

    return false;
}


void
shian_columns_see(shian_columns_t *cols, const shian_row_t *row)
{
    int     field;
    bool    told;
    size_t  i, j;

    for (i = cols->n; i < row->n; i++, cols->n++) {
        field = -1;
        told = false;

        for (j = 0; j < cols->nmaps; j++) {
            if (shian_str_is(row->name[i], cols->maps[j].column)) {
                cols->maps[j].found = true;
                field = cols->maps[j].field;
                told = true;
            }
        }

        if (!told) {
            field = known(cols, row->name[i]);

            /* The first column in the file wins where only one can. */
            if (field >= 0 && (mapped(cols, field)
                               || (fields[field].join == 0
                                   && shian_columns_have(cols, field))))
            {
                field = -1;
            }
        }

        cols->field[i] = field;
    }
}


const char *
shian_columns_missing(const shian_columns_t *cols)
{
    size_t  i;

    for (i = 0; i < cols->nmaps; i++) {
        if (!cols->maps[i].found) {
            return cols->maps[i].column;
        }
    }

    return NULL;
}


static bool
is_nothing(shian_str_t s)
{
    size_t  i;

    for (i = 0; i < SHIAN_COUNT(nothing); i++) {
        if (shian_str_is(s, nothing[i])) {
            return true;
        }
    }

    return s.n == 0;
}


bool
shian_columns_blank(const shian_row_t *row)
{
    size_t       i, n;
    shian_str_t  s;

    for (i = 0; i < row->n; i++) {
        s = row->value[i];

        while ((n = space(s.p, s.n)) != 0) {
            s.p += n;
            s.n -= n;
        }

        if (s.n != 0) {
            return false;
        }
    }

    return true;
}


/* Without space around, and without what a CSV of ours has put before it. */
static shian_str_t
cell(shian_str_t s)
{
    while (s.n != 0 && (s.p[0] <= ' ')) {
        s.p++;
        s.n--;
    }

    while (s.n != 0 && s.p[s.n - 1] <= ' ') {
        s.n--;
    }

    if (s.n >= 2 && s.p[0] == '\'' && strchr("=+-@", s.p[1]) != NULL) {
        s.p++;
        s.n--;

    } else if (s.n >= 3 && s.p[0] == '=' && s.p[1] == '"'
               && s.p[s.n - 1] == '"')
    {
        s = shian_slice(s.p + 2, s.n - 3);      /* ="001" is the text 001 */
    }

    return s;
}


/* Full width signs as half width; false: no memory. */
static bool
narrow(shian_arena_t *a, shian_str_t *s)
{
    size_t    i, n;
    uint8_t  *out;

    if (memchr(s->p, 0xef, s->n) == NULL) {
        return true;
    }

    out = shian_alloc(a, s->n);
    if (out == NULL) {
        return false;
    }

    for (n = 0, i = 0; i < s->n; ) {
        if (s->n - i >= 3 && s->p[i] == 0xef
            && ((s->p[i + 1] == 0xbc && s->p[i + 2] >= 0x81)
                || (s->p[i + 1] == 0xbd && s->p[i + 2] <= 0x9e)))
        {
            out[n++] = (uint8_t) (s->p[i + 2] - 0x60
                                  + (s->p[i + 1] == 0xbd ? 0x40 : 0));
            i += 3;
        } else {
            out[n++] = s->p[i++];
        }
    }

    *s = shian_slice(out, n);
    return true;
}


static size_t
digits(shian_str_t s)
{
    size_t  n;

    for (n = 0; n < s.n && s.p[n] >= '0' && s.p[n] <= '9'; n++) {
        /* void */
    }

    return n;
}


/* 123.0 is what a spreadsheet makes of 123. */
static shian_str_t
whole(shian_str_t s)
{
    size_t  i, n;

    n = digits(s);

    if (n == 0 || n + 1 >= s.n || s.p[n] != '.') {
        return s;
    }

    for (i = n + 1; i < s.n && s.p[i] == '0'; i++) { /* void */ }

    return i == s.n ? shian_slice(s.p, n) : s;
}


bool
shian_columns_rounded(shian_str_t s)
{
    size_t  n;

    n = digits(s);

    if (n == 0) {
        return false;
    }

    s = shian_slice(s.p + n, s.n - n);

    if (s.n != 0 && s.p[0] == '.') {
        s = shian_slice(s.p + 1, s.n - 1);
        n = digits(s);
        s = shian_slice(s.p + n, s.n - n);
    }

    return s.n >= 3 && (s.p[0] == 'E' || s.p[0] == 'e') && s.p[1] == '+'
           && digits(shian_slice(s.p + 2, s.n - 2)) == s.n - 2;
}


bool
shian_columns_cells(const shian_columns_t *cols, const shian_row_t *row,
    shian_arena_t *a, shian_str_t out[SHIAN_C_MAX])
{
    int          f;
    size_t       i;
    shian_buf_t  b;
    shian_str_t  s;

    for (i = 0; i < SHIAN_C_MAX; i++) {
        out[i] = SHIAN_NONE;
    }

    for (i = 0; i < row->n && i < cols->n; i++) {
        f = cols->field[i];
        s = cell(row->value[i]);

        if (f < 0 || is_nothing(s)) {
            continue;
        }

        if (fields[f].holds != WORDS && !narrow(a, &s)) {
            return false;
        }

        if (fields[f].holds == IDENTIFIER) {
            s = whole(s);
        }

        if (out[f].n == 0) {
            out[f] = s;

        } else {
            shian_buf_init(&b, a);
            shian_puts(&b.sink, out[f]);
            shian_putc(&b.sink, fields[f].join);
            shian_puts(&b.sink, s);

            if (b.sink.failed) {
                return false;
            }
            out[f] = shian_buf_str(&b);
        }
    }

    return true;
}


void
shian_columns_print(const shian_columns_t *cols, const shian_row_t *row,
    FILE *f)
{
    size_t  i, n;

    for (n = 0, i = 0; i < cols->n; i++) {
        if (cols->field[i] >= 0) {
            fprintf(f, "%s%s = %.*s", n++ == 0 ? "columns: " : ", ",
                    fields[cols->field[i]].name, SHIAN_FMT(row->name[i]));
        }
    }

    if (n != 0) {
        fputc('\n', f);
    }

    for (n = 0, i = 0; i < cols->n; i++) {
        if (cols->field[i] < 0) {
            fprintf(f, "%s%.*s", n++ == 0 ? "not used: " : ", ",
                    SHIAN_FMT(row->name[i]));
        }
    }

    if (n != 0) {
        fputc('\n', f);
    }
}


/* ---- --map --------------------------------------------------------------- */


static int
add_map(shian_columns_t *cols, shian_ctl_t *c, const char *text)
{
    int           field;
    size_t        i;
    shian_str_t   column;
    const char   *eq;

    eq = strrchr(text, '=');

    if (eq == NULL || eq == text) {
        return shian_ctl_usage(c, "--map \"%s\" is not COLUMN=FIELD", text);
    }

    field = eq[1] == '\0' ? -1 : SHIAN_C_MAX;

    for (i = 0; i < SHIAN_C_MAX; i++) {
        if (strcmp(fields[i].name, eq + 1) == 0
            && (fields[i].lists & cols->list) != 0)
        {
            field = (int) i;
        }
    }

    if (field == SHIAN_C_MAX) {
        return shian_ctl_usage(c, "--map \"%s\": there is no field \"%s\"",
                               text, eq + 1);
    }

    if (field >= 0 && fields[field].join == 0 && mapped(cols, field)) {
        return shian_ctl_usage(c, "--map \"%s\": \"%s\" can have one column "
                               "only", text, eq + 1);
    }

    column = cell(shian_slice(text, (size_t) (eq - text)));

    if (cols->nmaps == SHIAN_MAX_MAPS) {
        return shian_ctl_usage(c, "more than %d --map", SHIAN_MAX_MAPS);
    }

    cols->maps[cols->nmaps].column = shian_strdup(&c->arena, column);
    cols->maps[cols->nmaps].field = field;
    cols->maps[cols->nmaps].found = false;

    return cols->maps[cols->nmaps++].column == NULL ? SHIAN_FAILED
                                                     : SHIAN_DONE;
}


static int
read_maps(shian_columns_t *cols, shian_ctl_t *c, const char *path)
{
    int     rc;
    char    line[1024];
    FILE   *f;
    size_t  n;

    f = shian_ctl_fopen(c, path, "r");
    if (f == NULL) {
        return SHIAN_FAILED;
    }

    rc = SHIAN_DONE;

    while (rc == SHIAN_DONE && fgets(line, sizeof(line), f) != NULL) {
        n = strcspn(line, "\r\n");
        line[n] = '\0';

        if (n != 0 && line[0] != '#') {
            rc = add_map(cols, c, line);
        }
    }

    (void) fclose(f);
    return rc;
}


int
shian_columns_init(shian_columns_t *cols, shian_ctl_t *c, unsigned list,
    const char *datum)
{
    int          rc;
    size_t       i;
    const char  *map;

    memset(cols, 0, sizeof(*cols));
    cols->list = list;
    cols->datum = datum;
    rc = SHIAN_DONE;

    for (i = 0; rc == SHIAN_DONE
                && (map = shian_arg_next(c, "map", &i)) != NULL; )
    {
        rc = map[0] == '@' ? read_maps(cols, c, map + 1)
                           : add_map(cols, c, map);
    }

    return rc;
}
