#include "cmd.h"

#include <stdlib.h>

#include "core/calendar.h"
#include "domain/settle.h"
#include "progress.h"

#define DAY_MS  UINT64_C(86400000)

const shian_option_t  shian_grade_options[] = {
    { "venue", "ID", "this one only" },
    { "as-of", "DATE", "the end of that day (today, now)" },
    { "explain", NULL, "with what each point comes from" },
    { NULL, NULL, NULL }
};


static const char *
name_of(const ProtobufCEnumDescriptor *desc, int value)
{
    const ProtobufCEnumValue  *v;

    v = protobuf_c_enum_descriptor_get_value(desc, value);

    return v == NULL ? "" : v->name;
}


static void
print_json(const Shian__Venue *v, const shian_grade_t *g)
{
    size_t                   i;
    const Shian__Component  *c;

    printf("{\"id\":%llu,\"colour\":\"%s\"", (unsigned long long) v->id,
           name_of(&shian__colour__kind__descriptor, (int) g->colour));

    if (g->scored) {
        printf(",\"score_centi\":%d", (int) g->score);
    }

    printf(",\"held\":%s,\"components\":[", g->held ? "true" : "false");

    for (i = 0; i < g->n; i++) {
        c = g->components[i];
        printf("%s{\"code\":\"%s\",\"centi\":%d", i == 0 ? "" : ",",
               name_of(&shian__component__code__descriptor, (int) c->code),
               (int) c->points);
        printf(c->ref != NULL ? ",\"ref\":\"%s\"}" : "}", c->ref);
    }

    printf("]}\n");
}


static void
print_text(const Shian__Venue *v, const shian_grade_t *g, bool explain)
{
    size_t                   i;
    char                     on[11];
    const Shian__Component  *c;

    printf("%llu\t%s\t", (unsigned long long) v->id,
           name_of(&shian__colour__kind__descriptor, (int) g->colour));

    if (g->scored) {
        printf("%d.%02d", (int) g->score / 100, (int) g->score % 100);
    } else {
        printf("-");
    }

    printf("%s\t%s\n", g->held ? "\theld" : "\t",
           v->name == NULL ? "" : v->name);

    for (i = 0; explain && i < g->n; i++) {
        c = g->components[i];
        on[0] = '\0';

        if (c->has_on) {
            shian_date_format(c->on, on);
        }

        printf("\t%+7.2f  %s %s %s\n", c->points / 100.0,
               name_of(&shian__component__code__descriptor, (int) c->code),
               c->ref == NULL ? "" : c->ref, on);
    }
}


static bool
print_venue(shian_ctl_t *c, shian_txn_t *t, uint64_t id, uint64_t at_ms)
{
    Shian__Venue         *v;
    shian_grade_t         g;
    Shian__Colour__Kind   stands;

    v = shian_venue_get(t, id);

    if (v == NULL || !shian_grade_venue(t, id, NULL, at_ms, &g, &stands)) {
        return false;
    }

    if (c->json) {
        print_json(v, &g);
    } else {
        print_text(v, &g, shian_flag(c, "explain"));
    }

    return true;
}


/* All venues of the store as it was, or the one that was asked for. */
static int
print_grades(shian_ctl_t *c, shian_store_t *then, uint64_t only,
    uint64_t at_ms)
{
    bool             ok;
    uint64_t         id;
    shian_txn_t      t;
    shian_arena_t    arena;

    shian_arena_init(&arena, NULL, NULL);

    if (shian_txn_begin(then, &arena, false, &t) != 0) {
        return shian_ctl_fail(c, "the replayed store cannot be read");
    }

    ok = true;

    if (only != 0) {
        ok = print_venue(c, &t, only, at_ms);

    } else {
        for (id = shian_id_from(&t, SHIAN_T_VENUE, 1); ok && id != 0;
             id = shian_id_from(&t, SHIAN_T_VENUE, id + 1))
        {
            ok = print_venue(c, &t, id, at_ms);
            shian_arena_free(&arena);
        }
    }

    shian_txn_abort(&t);
    shian_arena_free(&arena);

    return ok ? SHIAN_DONE
              : shian_ctl_fail(c, "there was no venue %llu then",
                               (unsigned long long) only);
}


static void
on_entry(void *ctx, uint64_t done, uint64_t all)
{
    shian_progress_show(ctx, done, all);
}


int
shian_cmd_grade(shian_ctl_t *c)
{
    int                rc;
    char               err[1024];
    int32_t            day;
    uint64_t           venue, at_ms;
    const char        *as_of, *only, *dir;
    shian_store_t     *then;
    shian_progress_t   p;

    at_ms = shian_ctl_now(c);
    as_of = shian_arg(c, "as-of");
    only = shian_arg(c, "venue");
    venue = 0;

    if (as_of != NULL) {
        if (!shian_date_parse(shian_str(as_of), &day)) {
            return shian_ctl_usage(c, "--as-of takes a date as 2026-11-23");
        }

        if (day != shian_local_day(at_ms, SHIAN_TZ_MINUTES)) {
            at_ms = (uint64_t) (day + INT64_C(1)) * DAY_MS
                    - SHIAN_TZ_MINUTES * UINT64_C(60000) - 1;
        }
    }

    if (only != NULL && !shian_number(only, 1, UINT64_MAX / 2, &venue)) {
        return shian_ctl_usage(c, "--venue takes the number of a venue");
    }

    dir = shian_ctl_store(c, false) ? shian_ctl_scratch(c) : NULL;
    if (dir == NULL) {
        return SHIAN_FAILED;
    }

    then = shian_store_open(dir, 0, 0, true, err, sizeof(err));
    if (then == NULL) {
        return shian_ctl_fail(c, "%s", err);
    }

    /* It is thrown away: nothing needs to reach the disk. */
    (void) mdb_env_set_flags(then->env, MDB_NOSYNC, 1);

    shian_progress_start(&p, "replay");

    rc = shian_replay(c->store, then, &shian_machine, at_ms, on_entry, &p,
                      err, sizeof(err))
         ? SHIAN_DONE : shian_ctl_fail(c, "%s", err);

    shian_progress_end(&p);

    if (rc == SHIAN_DONE) {
        rc = print_grades(c, then, venue, at_ms);
    }

    shian_store_close(then);

    return rc;
}
