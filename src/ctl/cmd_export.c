/*
 * Tables as CSV or JSON lines.  Rows are collected in memory a slice at a
 * time and written outside the transaction, so that a slow reader of the
 * output does not hold old pages of the store.
 */

#include "cmd.h"

#include "core/calendar.h"
#include "core/ids.h"
#include "domain/complaint.h"
#include "domain/view.h"
#include "progress.h"
#include "render/csv_out.h"
#include "render/json.h"
#include "render/value.h"

#define ROWS  500

const shian_option_t  shian_export_venues_options[] = {
    { "format", "csv|json", "json: one object a line (csv)" },
    { "output", "FILE", "instead of standard output; also -o" },
    { NULL, NULL, NULL }
};

const shian_option_t  shian_export_inspections_options[] = {
    { "format", "csv|json", "json: one object a line (csv)" },
    { "output", "FILE", "instead of standard output; also -o" },
    { NULL, NULL, NULL }
};

const shian_option_t  shian_export_reviews_options[] = {
    { "format", "csv|json", "json: one object a line (csv)" },
    { "output", "FILE", "instead of standard output; also -o" },
    { NULL, NULL, NULL }
};

const shian_option_t  shian_export_complaints_options[] = {
    { "format", "csv|json", "json: one object a line (csv)" },
    { "output", "FILE", "instead of standard output; also -o" },
    { NULL, NULL, NULL }
};

const shian_option_t  shian_export_log_options[] = {
    { "format", "csv|json", "json: one object a line (json)" },
    { "output", "FILE", "instead of standard output; also -o" },
    { NULL, NULL, NULL }
};

typedef struct {
    shian_ctl_t   *ctl;
    bool           json;
    shian_sink_t  *out;
} export_t;

typedef struct {
    shian_table_t   table;
    void          (*head)(export_t *x);         /* of CSV */
    bool          (*row)(export_t *x, shian_txn_t *t, shian_str_t key,
                         shian_str_t value);
    bool            keys;                       /* needs the key file */
} table_t;


/* ---- venues: the record, so it can be imported again, and its grade ------ */


static void
record_cells(export_t *x, const ProtobufCMessage *m,
    const ProtobufCMessageDescriptor *desc)
{
    unsigned                i;
    shian_buf_t             b;
    shian_value_t           v;
    static shian_locale_t   locale = { "en", SHIAN_TZ_MINUTES };

    for (i = 0; i < desc->n_fields; i++) {
        if (i != 0) {
            shian_putc(x->out, ',');
        }

        if (m == NULL) {
            shian_putz(x->out, desc->fields[i].name);

        } else if (shian_value_field(m, &desc->fields[i], &v)) {
            shian_buf_init(&b, &x->ctl->arena);
            shian_value_write(&v, &locale, &b.sink);
            shian_csv_cell(shian_buf_str(&b), x->out);
        }
    }
}


static void
venues_head(export_t *x)
{
    shian_putz(x->out, "\xef\xbb\xbf");
    record_cells(x, NULL, &shian__venue__descriptor);
    shian_putz(x->out, ",colour,score,last_inspected_on\r\n");
}


static bool
venues_row(export_t *x, shian_txn_t *t, shian_str_t key, shian_str_t value)
{
    char                       day[11];
    shian_buf_t                b;
    Shian__Venue              *v;
    Shian__Tally              *tally;
    const ProtobufCEnumValue  *colour;

    (void) key;
    v = shian__venue__unpack(&t->arena->pb, value.n, value.p);
    tally = v == NULL ? NULL : shian_tally_get(t, v->id);

    if (tally == NULL) {
        return false;
    }

    colour = protobuf_c_enum_descriptor_get_value(
                 &shian__colour__kind__descriptor,
                 tally->grade == NULL ? 0 : (int) tally->grade->colour);
    shian_date_format(tally->last_inspected_on, day);

    if (x->json) {
        shian_buf_init(&b, t->arena);

        if (colour == NULL || !shian_json_write(&v->base, &b.sink)
            || b.n < 2)
        {
            return false;
        }

        shian_put(x->out, b.p, b.n - 1);
        shian_putf(x->out, ",\"colour\":\"%s\"", colour->name);

        if (tally->grade != NULL && tally->grade->has_score) {
            shian_putf(x->out, ",\"score\":%d", tally->grade->score / 100);
        }

        if (tally->has_last_inspected_on) {
            shian_putf(x->out, ",\"last_inspected_on\":\"%s\"", day);
        }

        shian_putz(x->out, "}\n");
        return true;
    }

    record_cells(x, &v->base, &shian__venue__descriptor);
    shian_putf(x->out, ",%s,", colour == NULL ? "" : colour->name);

    if (tally->grade != NULL && tally->grade->has_score) {
        shian_putf(x->out, "%d", tally->grade->score / 100);
    }

    shian_putf(x->out, ",%s\r\n", tally->has_last_inspected_on ? day : "");
    return true;
}


/* ---- inspections, reviews ------------------------------------------------ */


static bool
message_row(export_t *x, const ProtobufCMessage *m)
{
    if (!x->json) {
        shian_csv_row(m, x->out);
        return true;
    }

    if (!shian_json_write(m, x->out)) {
        return false;
    }

    shian_putc(x->out, '\n');
    return true;
}


static void
inspections_head(export_t *x)
{
    shian_csv_head(&shian__inspection__descriptor, x->out);
}


static bool
inspections_row(export_t *x, shian_txn_t *t, shian_str_t key,
    shian_str_t value)
{
    Shian__Inspection  *in;

    (void) key;
    in = shian__inspection__unpack(&t->arena->pb, value.n, value.p);

    return in != NULL && message_row(x, &in->base);
}


static void
reviews_head(export_t *x)
{
    shian_csv_head(&shian__review_view__descriptor, x->out);
}


static bool
reviews_row(export_t *x, shian_txn_t *t, shian_str_t key, shian_str_t value)
{
    Shian__ReviewView  *v;

    (void) value;
    v = shian_view_review(t, &x->ctl->keys, shian_be(key.p, 8), true);

    return v != NULL && message_row(x, &v->base);
}


/* ---- complaints: never what was written, nor by whom --------------------- */


static void
complaints_head(export_t *x)
{
    shian_csv_head(&shian__complaint_item__descriptor, x->out);
}


static bool
complaints_row(export_t *x, shian_txn_t *t, shian_str_t key,
    shian_str_t value)
{
    Shian__Complaint      *c;
    Shian__ComplaintItem  *item;

    static shian_workdays_t  days;

    (void) key;

    if (days.n == 0) {
        shian_workdays_default(&days);
    }

    c = shian__complaint__unpack(&t->arena->pb, value.n, value.p);
    item = c == NULL ? NULL
           : shian_complaint_item(t, c, &days, shian_ctl_now(x->ctl));

    return item != NULL && message_row(x, &item->base);
}


/* ---- the log ------------------------------------------------------------- */


static void
log_head(export_t *x)
{
    shian_putz(x->out, "\xef\xbb\xbfseq,at,role,user,operation,hash\r\n");
}


static bool
log_row(export_t *x, shian_txn_t *t, shian_str_t key, shian_str_t value)
{
    char                           at[21];
    char                           hex[SHIAN_HEX_LEN(SHIAN_HASH_SIZE) + 1];
    Shian__Entry                  *e;
    const Shian__Operation        *op;
    const ProtobufCEnumValue      *role;
    const shian_operation_row_t   *known;

    (void) key;

    if (value.n < SHIAN_HASH_SIZE) {
        return false;
    }

    shian_hex(hex, value.p, SHIAN_HASH_SIZE);
    hex[sizeof(hex) - 1] = '\0';
    e = shian__entry__unpack(&t->arena->pb, value.n - SHIAN_HASH_SIZE,
                             value.p + SHIAN_HASH_SIZE);

    if (e == NULL || e->operation == NULL) {
        return false;
    }

    op = e->operation;

    if (x->json) {
        shian_putf(x->out, "{\"seq\":%llu,\"hash\":\"%s\",\"operation\":",
                   (unsigned long long) e->seq, hex);
        (void) shian_json_write(&op->base, x->out);
        shian_putz(x->out, "}\n");
        return true;
    }

    role = protobuf_c_enum_descriptor_get_value(
               &shian__role__kind__descriptor,
               op->actor == NULL ? 0 : (int) op->actor->role);
    known = shian_operation(op->body_case);
    shian_time_format(op->at, at);
    shian_putf(x->out, "%llu,%s,%s,%llu,%s,%s\r\n",
               (unsigned long long) e->seq, at,
               role == NULL ? "" : role->name,
               (unsigned long long) (op->actor == NULL ? 0
                                     : op->actor->user),
               known == NULL ? "" : known->name, hex);

    return true;
}


/* ---- streaming ----------------------------------------------------------- */


/* The rows after *last into out; *n of them, 0 at the end. */
static bool
slice(export_t *x, const table_t *table, shian_rowkey_t *last, size_t *n)
{
    bool             ok;
    shian_txn_t      t;
    shian_scan_t     scan;
    shian_arena_t    a;
    shian_rowkey_t   all;

    shian_arena_init(&a, NULL, NULL);
    all.n = 0;
    *n = 0;

    if (shian_txn_begin(x->ctl->store, &a, false, &t) != 0) {
        return false;
    }

    ok = true;
    shian_scan_open(&scan, &t, table->table, &all,
                    last->n == 0 ? NULL : last);
    scan.after = last->n != 0;

    while (ok && *n < ROWS && shian_scan_next(&scan)) {
        last->n = 0;
        shian_rowkey_bytes(last, scan.key.p, scan.key.n);
        ok = table->row(x, &t, scan.key, scan.value);
        (*n)++;
    }

    shian_scan_close(&scan);
    ok = ok && t.err == 0;
    shian_txn_abort(&t);
    shian_arena_free(&a);

    return ok;
}


static int
stream(shian_ctl_t *c, const table_t *table, bool json, FILE *f)
{
    bool               ok;
    size_t             n;
    uint64_t           done;
    export_t           x = { c, json, NULL };
    shian_buf_t        b;
    shian_rowkey_t     last;
    shian_progress_t   p;

    last.n = 0;
    done = 0;
    ok = true;
    shian_progress_start(&p, "rows");

    do {
        shian_buf_init(&b, &c->arena);
        x.out = &b.sink;

        if (done == 0 && !json) {
            table->head(&x);
        }

        if (!slice(&x, table, &last, &n) || b.sink.failed) {
            shian_progress_end(&p);
            return shian_ctl_fail(c, "a row of \"%s\" cannot be read; try "
                                  "\"shianctl verify\"",
                                  shian_tables[table->table].name);
        }

        ok = b.n == 0 || fwrite(b.p, 1, b.n, f) == b.n;
        done += n;
        shian_arena_free(&c->arena);
        shian_progress_show(&p, done, 0);

    } while (ok && n != 0);

    shian_progress_end(&p);

    return ok ? SHIAN_DONE : shian_ctl_fail(c, "the output cannot be "
                                            "written");
}


static int
export(shian_ctl_t *c, const table_t *table, const char *format)
{
    int          rc;
    FILE        *f;
    const char  *path;

    if (shian_arg(c, "format") != NULL) {
        format = shian_arg(c, "format");

    } else if (c->json) {
        format = "json";
    }

    if (strcmp(format, "csv") != 0 && strcmp(format, "json") != 0) {
        return shian_ctl_usage(c, "--format is csv or json");
    }

    if ((table->keys && !shian_ctl_keys(c)) || !shian_ctl_store(c, false)) {
        return SHIAN_FAILED;
    }

    path = shian_arg(c, "output");
    f = path == NULL ? stdout : shian_ctl_fopen(c, path, "w");

    if (f == NULL) {
        return SHIAN_FAILED;
    }

    rc = stream(c, table, strcmp(format, "json") == 0, f);

    if (path != NULL && fclose(f) != 0 && rc == SHIAN_DONE) {
        rc = shian_ctl_fail(c, "%s cannot be written", path);
    }

    return rc;
}


int
shian_cmd_export_venues(shian_ctl_t *c)
{
    static const table_t  table = { SHIAN_T_VENUE, venues_head, venues_row,
                                    false };

    return export(c, &table, "csv");
}


int
shian_cmd_export_inspections(shian_ctl_t *c)
{
    static const table_t  table = { SHIAN_T_INSPECTION, inspections_head,
                                    inspections_row, false };

    return export(c, &table, "csv");
}


int
shian_cmd_export_reviews(shian_ctl_t *c)
{
    static const table_t  table = { SHIAN_T_REVIEW, reviews_head,
                                    reviews_row, true };

    return export(c, &table, "csv");
}


int
shian_cmd_export_complaints(shian_ctl_t *c)
{
    static const table_t  table = { SHIAN_T_COMPLAINT, complaints_head,
                                    complaints_row, false };

    return export(c, &table, "csv");
}


int
shian_cmd_export_log(shian_ctl_t *c)
{
    static const table_t  table = { SHIAN_T_LOG, log_head, log_row, false };

    return export(c, &table, "json");
}
