#include "policy.h"

#include "capabilities.h"
#include "settle.h"

#define FIRST_LOOK_MINUTES  120
#define RETENTION_YEARS     3

/* A number of the document, or what the default says. */
#define TAKE(section, field, into)                                           \
    do {                                                                     \
        if (p->section != NULL && p->section->has_##field) {                 \
            out->into = (int32_t) p->section->field;                         \
        }                                                                    \
    } while (0)

#define GIVE(section, field, from)                                           \
    do {                                                                     \
        doc->section->has_##field = 1;                                       \
        doc->section->field = p->from;                                       \
    } while (0)

#define NEW(section, type)                                                   \
    do {                                                                     \
        doc->section = shian_alloc(a, sizeof(*doc->section));                \
        if (doc->section == NULL) {                                          \
            return NULL;                                                     \
        }                                                                    \
        shian__policy__##type##__init(doc->section);                         \
    } while (0)


uint64_t
shian_policy_id(shian_txn_t *t)
{
    shian_str_t  k, v;

    return shian_row_last(t, SHIAN_T_POLICY, &k, &v) && k.n == 8
           ? shian_be(k.p, 8) : 0;
}


Shian__PolicyRecord *
shian_policy_record(shian_txn_t *t)
{
    uint64_t  id;

    id = shian_policy_id(t);

    return id == 0 ? NULL : shian_get(t, SHIAN_T_POLICY, id,
                                      &shian__policy_record__descriptor);
}


void
shian_policy_numbers(const Shian__Policy *p, shian_policy_t *out)
{
    *out = shian_policy_default;

    TAKE(colour, green, green);
    TAKE(colour, yellow, yellow);
    TAKE(finding, critical, finding[SHIAN_CRITICAL]);
    TAKE(finding, major, finding[SHIAN_MAJOR]);
    TAKE(finding, minor, finding[SHIAN_MINOR]);
    TAKE(finding, overdue, overdue);
    TAKE(finding, residual_percent, residual_percent);
    TAKE(finding, residual_days, residual_days);
    TAKE(complaint, points, complaint_points);
    TAKE(complaint, days, complaint_days);
    TAKE(case_, points, case_points);
    TAKE(case_, days, case_days);
    TAKE(lapse, health_certificate, lapse_certificate);
    TAKE(lapse, self_check, lapse_self_check);
    TAKE(reviews, prior_mean, reviews_prior_mean);
    TAKE(reviews, prior_count, reviews_prior_count);
    TAKE(reviews, days, reviews_days);
    TAKE(reviews, points_per_star, reviews_per_star);
    TAKE(reviews, max_bonus, reviews_max_bonus);
    TAKE(reviews, max_penalty, reviews_max_penalty);
    TAKE(credit, a, credit[1]);
    TAKE(credit, b, credit[2]);
    TAKE(credit, c, credit[3]);
    TAKE(credit, d, credit[4]);
    TAKE(inspect_every_days, green, every_green);
    TAKE(inspect_every_days, yellow, every_yellow);
    TAKE(inspect_every_days, red, every_red);
    TAKE(inspect_every_days, ungraded, every_ungraded);

    if (p->has_tz_minutes) {
        out->tz_minutes = (int32_t) p->tz_minutes;
    }

    if (p->has_self_check_every_days) {
        out->self_check_days = (int32_t) p->self_check_every_days;
    }

    if (p->has_stale_days) {
        out->stale_days = (int32_t) p->stale_days;
    }
}


void
shian_policy_now(shian_txn_t *t, shian_policy_t *out)
{
    Shian__PolicyRecord  *r;

    r = shian_policy_record(t);

    if (r == NULL || r->policy == NULL) {
        *out = shian_policy_default;
    } else {
        shian_policy_numbers(r->policy, out);
    }
}


static void
complaint_rules(const Shian__Policy *p, shian_complaint_rules_t *out)
{
    out->first_look_minutes = FIRST_LOOK_MINUTES;
    out->retention_years = RETENTION_YEARS;

    if (p != NULL && p->has_first_look_minutes) {
        out->first_look_minutes = p->first_look_minutes;
    }

    if (p != NULL && p->has_complaint_retention_years) {
        out->retention_years = p->complaint_retention_years;
    }
}


void
shian_complaint_rules(shian_txn_t *t, shian_complaint_rules_t *out)
{
    Shian__PolicyRecord  *r;

    r = shian_policy_record(t);
    complaint_rules(r == NULL ? NULL : r->policy, out);
}


Shian__Policy *
shian_policy_document(shian_arena_t *a, const shian_policy_t *p,
    const char *version)
{
    Shian__Policy  *doc;

    doc = shian_alloc(a, sizeof(*doc));
    if (doc == NULL) {
        return NULL;
    }

    shian__policy__init(doc);
    doc->version = (char *) version;
    doc->has_tz_minutes = doc->has_self_check_every_days = 1;
    doc->has_stale_days = 1;
    doc->tz_minutes = (uint32_t) p->tz_minutes;
    doc->self_check_every_days = (uint32_t) p->self_check_days;
    doc->stale_days = (uint32_t) p->stale_days;
    doc->has_first_look_minutes = doc->has_complaint_retention_years = 1;
    doc->first_look_minutes = FIRST_LOOK_MINUTES;
    doc->complaint_retention_years = RETENTION_YEARS;

    NEW(colour, bounds);
    GIVE(colour, green, green);
    GIVE(colour, yellow, yellow);

    NEW(finding, findings);
    GIVE(finding, critical, finding[SHIAN_CRITICAL]);
    GIVE(finding, major, finding[SHIAN_MAJOR]);
    GIVE(finding, minor, finding[SHIAN_MINOR]);
    GIVE(finding, overdue, overdue);
    GIVE(finding, residual_percent, residual_percent);
    GIVE(finding, residual_days, residual_days);

    NEW(complaint, event);
    GIVE(complaint, points, complaint_points);
    GIVE(complaint, days, complaint_days);

    NEW(case_, event);
    GIVE(case_, points, case_points);
    GIVE(case_, days, case_days);

    NEW(lapse, lapses);
    GIVE(lapse, health_certificate, lapse_certificate);
    GIVE(lapse, self_check, lapse_self_check);

    NEW(reviews, reviews);
    GIVE(reviews, prior_mean, reviews_prior_mean);
    GIVE(reviews, prior_count, reviews_prior_count);
    GIVE(reviews, days, reviews_days);
    GIVE(reviews, points_per_star, reviews_per_star);
    GIVE(reviews, max_bonus, reviews_max_bonus);
    GIVE(reviews, max_penalty, reviews_max_penalty);

    NEW(credit, credit);
    GIVE(credit, a, credit[1]);
    GIVE(credit, b, credit[2]);
    GIVE(credit, c, credit[3]);
    GIVE(credit, d, credit[4]);

    NEW(inspect_every_days, frequency);
    GIVE(inspect_every_days, green, every_green);
    GIVE(inspect_every_days, yellow, every_yellow);
    GIVE(inspect_every_days, red, every_red);
    GIVE(inspect_every_days, ungraded, every_ungraded);

    return doc;
}


Shian__Policy *
shian_policy_whole(shian_txn_t *t)
{
    const char               *version;
    Shian__Policy            *doc;
    shian_policy_t            now;
    Shian__PolicyRecord      *r;
    shian_complaint_rules_t   rules;

    r = shian_policy_record(t);
    version = r == NULL || r->policy == NULL || r->policy->version == NULL
              ? "default-1" : r->policy->version;
    shian_policy_now(t, &now);

    doc = shian_policy_document(t->arena, &now, version);

    if (doc != NULL) {
        complaint_rules(r == NULL ? NULL : r->policy, &rules);
        doc->first_look_minutes = rules.first_look_minutes;
        doc->complaint_retention_years = rules.retention_years;
    }

    return doc;
}


/* Each number alone was in range; do they fit each other? */
static bool
consistent(const Shian__Policy *p, shian_report_t *report)
{
    shian_policy_t  n;

    shian_policy_numbers(p, &n);

    if (n.yellow > n.green) {
        shian_fail_field(report, "colour.yellow", "range",
                         "Yellow begins above green.");
    }

    if (n.finding[SHIAN_MINOR] > n.finding[SHIAN_MAJOR]
        || n.finding[SHIAN_MAJOR] > n.finding[SHIAN_CRITICAL])
    {
        shian_fail_field(report, "finding.major", "range",
                         "A lighter finding costs more than a heavier one.");
    }

    /* Days are cut at the same midnight everywhere in the program. */
    if (n.tz_minutes != SHIAN_TZ_MINUTES) {
        shian_fail_field(report, "tz_minutes", "range",
                         "The bureau's time is 480 minutes east of UTC.");
    }

    return report->status == 200;
}


bool
shian_policy_parse(shian_arena_t *a, shian_str_t json, Shian__Policy **out,
    shian_report_t *report)
{
    ProtobufCMessage  *message;

    if (!shian_bind_json(a, shian_field_rules, shian_nfield_rules,
                         &shian__policy__descriptor, json, NULL, &message,
                         report))
    {
        return false;
    }

    *out = (Shian__Policy *) message;

    return consistent(*out, report);
}


bool
shian_policy_check(shian_txn_t *t, const Shian__Policy *p, bool *unchanged,
    shian_report_t *report)
{
    Shian__PolicyRecord  *now;

    *unchanged = false;

    if (p == NULL || p->version == NULL) {
        shian_fail_field(report, "version", "required", NULL);
        return false;
    }

    if (!consistent(p, report)) {
        return false;
    }

    now = shian_policy_record(t);

    if (now == NULL || now->policy == NULL) {
        return true;
    }

    *unchanged = shian_str_eq(shian_pack(t->arena, p),
                              shian_pack(t->arena, now->policy));

    if (!*unchanged && now->policy->version != NULL
        && strcmp(now->policy->version, p->version) == 0)
    {
        shian_fail_field(report, "version", "duplicate",
                         "Another policy has this version.");
        return false;
    }

    return true;
}


bool
shian_policy_set_check(shian_op_t *o)
{
    return shian_policy_check(o->txn, o->op->policy_set->policy,
                              &o->unchanged, o->report)
           && (o->unchanged || shian_city_walked(o));
}


uint64_t
shian_policy_put(shian_op_t *o, Shian__Policy *p)
{
    Shian__PolicyRecord  r = SHIAN__POLICY_RECORD__INIT;

    r.has_id = r.has_since = r.has_by = r.has_seq = 1;
    r.seq = o->seq;
    r.id = shian_next_id(o->txn, SHIAN_T_POLICY);
    r.policy = p;
    r.since = o->op->at;
    r.by = o->op->actor->user;
    shian_put_record(o->txn, SHIAN_T_POLICY, r.id, &r);
    shian_city_changed(o);

    return r.id;
}


/* Grades follow venue by venue: the grading routine sees the new number. */
void
shian_policy_set_apply(shian_op_t *o)
{
    shian_result(o, shian_policy_put(o, o->op->policy_set->policy), 0);
}


#define PREVIEW_SLICE  1000


bool
shian_policy_preview_some(shian_txn_t *t, const shian_policy_t *p,
    uint64_t at_ms, size_t max, shian_policy_preview_t *out,
    shian_policy_change_pt change, void *ctx, bool *more)
{
    bool                  ok;
    size_t                n;
    uint64_t              id;
    shian_scan_t          scan;
    Shian__Venue         *v;
    shian_txn_t           own;
    shian_arena_t         arena;
    shian_grade_t         grade;
    shian_rowkey_t        none, start;
    Shian__Colour__Kind   from;

    /* A city does not fit in memory at once. */
    shian_arena_init(&arena, NULL, NULL);
    own = *t;
    own.arena = &arena;
    none.n = 0;
    start = shian_rowkey_id(out->next);
    ok = true;
    shian_scan_open(&scan, t, SHIAN_T_VENUE, &none, &start);

    for (n = 0; n < max && shian_scan_next(&scan) && scan.key.n == 8; n++) {
        id = shian_be(scan.key.p, 8);
        v = shian_venue_get(&own, id);
        ok = v != NULL
             && shian_grade_venue(&own, id, p, at_ms, &grade, &from);

        if (!ok) {
            break;
        }

        out->next = id + 1;
        out->venues++;
        out->from_to[from][grade.colour]++;

        if (from != grade.colour) {
            out->changed++;
            if (change != NULL) {
                change(ctx, v, from, grade.colour);
            }
        }
    }

    *more = n == max;
    shian_scan_close(&scan);
    shian_arena_free(&arena);

    return ok && t->err == 0 && own.err == 0;
}


bool
shian_policy_preview(shian_txn_t *t, const shian_policy_t *p, uint64_t at_ms,
    shian_policy_preview_t *out, shian_policy_change_pt change, void *ctx)
{
    bool  more;

    memset(out, 0, sizeof(*out));

    do {
        if (!shian_policy_preview_some(t, p, at_ms, PREVIEW_SLICE, out,
                                       change, ctx, &more))
        {
            return false;
        }
    } while (more);

    return true;
}
