/*
 * faults B2: every operation by every role, at a venue of one's own district
 * and at one of another.  Rows come from operations[]: one about a record that
 * has no example here is a failure.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "city.h"
#include "domain/capabilities.h"
#include "domain/checkin.h"
#include "domain/rules.h"
#include "filled.h"

#define ROLE(name)  SHIAN__ROLE__KIND__##name
#define ROLES       8

enum { HERE = 1, THERE = 2 };           /* venues, and the records of each */
enum { LIMITED = 10, UNLIMITED = 20 };  /* users, and the role's number */

static city_t       city;
static const char  *const  districts[] = { NULL, "甲街道", "乙街道" };


/* ---- what there is --------------------------------------------------------*/

/* One for each of the two venues: `$` is its number, `@` its district. */
static const struct {
    shian_table_t                      table;
    const ProtobufCMessageDescriptor  *message;
    const char                        *json;
} records[] = {
    { SHIAN_T_VENUE, &shian__venue__descriptor,
      "{\"id\": $, \"name\": \"店$\", \"address\": \"路$号\","
      " \"district\": \"@\", \"status\": \"active\", \"lat\": 29.65,"
      " \"lng\": 121.41}" },
    { SHIAN_T_PLAQUE, &shian__plaque__descriptor,
      "{\"id\": $, \"key_no\": 1, \"venue\": $}" },
    { SHIAN_T_REVIEW, &shian__review__descriptor,
      "{\"id\": $, \"venue\": $, \"hygiene\": 3, \"state\": \"published\","
      " \"at\": \"2025-11-23T08:00:00Z\"}" },
    { SHIAN_T_USER, &shian__user__descriptor,
      "{\"id\": $, \"login\": \"u$\", \"name\": \"u$\","
      " \"role\": \"inspector\", \"districts\": [\"@\"]}" },
    { SHIAN_T_FINDING, &shian__finding__descriptor,
      "{\"id\": $, \"venue\": $, \"item\": \"L1\", \"severity\": \"minor\","
      " \"opened_at\": \"2025-11-20T08:00:00Z\","
      " \"deadline_on\": \"2025-12-05\", \"state\": \"open\"}" },
    { SHIAN_T_FINDING, &shian__finding__descriptor,
      "{\"id\": 1$, \"venue\": $, \"item\": \"L2\", \"severity\": \"minor\","
      " \"opened_at\": \"2025-11-20T08:00:00Z\","
      " \"deadline_on\": \"2025-12-05\", \"state\": \"submitted\"}" },
    { SHIAN_T_APPEAL, &shian__appeal__descriptor,
      "{\"id\": $, \"venue\": $, \"state\": \"filed\","
      " \"at\": \"2025-11-23T08:00:00Z\"}" },
    { SHIAN_T_COMPLAINT, &shian__complaint__descriptor,
      "{\"id\": $, \"venue\": $, \"kind\": \"report\","
      " \"category\": \"dirty\", \"state\": \"dispatched\","
      " \"at\": \"2025-11-23T08:00:00Z\","
      " \"outcome\": \"substantiated\"}" },
    { SHIAN_T_COMPLAINT, &shian__complaint__descriptor,
      "{\"id\": 1$, \"district\": \"@\", \"kind\": \"report\","
      " \"category\": \"dirty\", \"state\": \"received\","
      " \"at\": \"2025-11-23T08:00:00Z\"}" },
    { SHIAN_T_CASE, &shian__case__descriptor,
      "{\"id\": $, \"venue\": $, \"state\": \"opened\","
      " \"at\": \"2025-11-23T08:00:00Z\"}" },
    { SHIAN_T_INSPECTION, &shian__inspection__descriptor,
      "{\"id\": $, \"venue\": $, \"on\": \"2025-11-23\","
      " \"state\": \"waiting\", \"at\": \"2025-11-23T08:00:00Z\"}" },
    { SHIAN_T_INSPECTION, &shian__inspection__descriptor,
      "{\"id\": 1$, \"venue\": $, \"on\": \"2025-11-22\","
      " \"state\": \"counted\", \"reply\": \"x\","
      " \"at\": \"2025-11-22T08:00:00Z\"}" },
};


/* What somebody may ask of each; roles 0: all that the row has. */
static const struct {
    const char  *name;
    const char  *body;
    uint32_t     roles;
} examples[] = {
    { "venue.upsert", "{\"venue\": {\"id\": $, \"name\": \"新$\"}}", 0 },
    { "venue.upsert", "{\"venue\": {\"name\": \"又\","
                      " \"district\": \"@\"}}", 0 },
    { "venue.status", "{\"venue\": $, \"status\": \"suspended\"}", 0 },
    { "plaque.issue", "{\"venue\": $, \"plaque\": 77, \"key_no\": 1}", 0 },
    { "plaque.withdraw", "{\"plaque\": $}", 0 },
    { "review.reply", "{\"review\": $, \"text\": \"x\"}", 0 },
    { "review.flag", "{\"review\": $, \"text\": \"x\"}", 0 },
    { "review.decide", "{\"review\": $, \"action\": \"remove\","
                       " \"reason\": \"unlawful\"}", 0 },
    { "user.put", "{\"login\": \"new\", \"name\": \"n\","
                  " \"role\": \"officer\", \"district\": [\"@\"]}", 0 },
    { "user.put", "{\"login\": \"new\", \"name\": \"n\","
                  " \"role\": \"chief\", \"district\": [\"@\"]}", 0 },
    { "user.put", "{\"login\": \"new\", \"name\": \"n\","
                  " \"role\": \"venue\", \"venue\": $}", 0 },
    { "user.put", "{\"login\": \"u$\", \"name\": \"n\","
                  " \"role\": \"officer\", \"district\": [\"甲街道\"]}", 0 },
    { "user.disable", "{\"user\": $}", 0 },
    { "link.issue", "{\"user\": $, \"handle\": 7,"
                    " \"until\": \"2199-01-01T00:00:00Z\"}", 0 },
    { "sessions.end", "{\"user\": $}", 0 },
    { "inspection.import", "{\"inspection\": {\"venue\": $,"
                           " \"on\": \"2025-11-20\", \"kind\": \"routine\","
                           " \"source\": \"s\"}}", 0 },
    { "evaluation.set", "{\"venue\": $, \"evaluation\": {\"year\": 2024,"
                        " \"level\": \"A\", \"source\": \"s\"}}", 0 },
    { "erase", "{\"complaint\": $}", 0 },
    { "erase", "{\"complaint\": 1$}", 0 },
    { "erase", "{\"review\": $}", 0 },
    { "inspection.post",
      "{\"venue\": $, \"kind\": \"routine\", \"checklist\": \"v1\","
      " \"started_at\": \"2025-11-23T07:00:00Z\","
      " \"finished_at\": \"2025-11-23T07:30:00Z\","
      " \"items\": [{\"code\": \"L1\", \"result\": \"pass\"}]}", 0 },
    { "inspection.decide", "{\"venue\": $, \"inspection\": $,"
                           " \"action\": \"confirm\"}", 0 },
    { "inspection.decide", "{\"inspection\": $, \"action\": \"reject\","
                           " \"reason\": \"x\"}", 0 },
    { "finding.submit", "{\"finding\": $, \"text\": \"x\"}", 0 },
    { "finding.decide", "{\"finding\": 1$, \"action\": \"verify\"}", 0 },
    { "inspection.reply", "{\"venue\": $, \"inspection\": 1$,"
                          " \"text\": \"x\"}", 0 },
    { "inspection.reply", "{\"inspection\": 1$, \"text\": \"x\"}", 0 },
    { "reply.remove", "{\"venue\": $, \"inspection\": 1$}", 0 },
    { "appeal.file", "{\"venue\": $, \"text\": \"x\"}", 0 },
    { "appeal.decide", "{\"appeal\": $, \"action\": \"withdraw\"}",
      SHIAN_ROLE(venue) },
    { "appeal.decide", "{\"appeal\": $, \"action\": \"reject\","
                       " \"text\": \"x\"}",
      SHIAN_ROLE(officer) | SHIAN_ROLE(chief) | SHIAN_ROLE(admin) },
    { "reinspection.ask", "{\"venue\": $}", 0 },
    { "self.check.post", "{\"venue\": $, \"checklist\": \"v1\","
                         " \"items\": [{\"code\": \"L1\","
                         " \"result\": \"pass\"}]}", 0 },
    { "complaint.step", "{\"complaint\": $, \"action\": \"check_in\","
                        " \"lat\": 29.65, \"lng\": 121.41}", 0 },
    { "complaint.step", "{\"complaint\": 1$, \"action\": \"note\","
                        " \"text\": \"x\"}",
      SHIAN_ROLE(officer) | SHIAN_ROLE(chief) | SHIAN_ROLE(admin) },
    { "contact.view", "{\"complaint\": $, \"reason\": \"x\"}",
      SHIAN_ROLE(officer) | SHIAN_ROLE(chief) | SHIAN_ROLE(admin) },
    { "case.open", "{\"venue\": $, \"complaint\": $, \"text\": \"x\"}", 0 },
    { "case.step", "{\"case_id\": $, \"action\": \"decide\","
                   " \"penalty\": false}", 0 },
};


/* What a chief of the first district alone may not do, nor an admin of it. */
static const struct {
    const char  *name;
    const char  *body;
} beyond[] = {
    { "venue.upsert", "{\"venue\": {\"id\": 1, \"district\": \"乙街道\"}}" },
    { "venue.upsert", "{\"venue\": {\"name\": \"无\"}}" },
    { "user.put", "{\"login\": \"new\", \"name\": \"n\","
                  " \"role\": \"chief\"}" },
    { "user.put", "{\"login\": \"new\", \"name\": \"n\","
                  " \"role\": \"bank\"}" },
    { "user.put", "{\"login\": \"new\", \"name\": \"n\","
                  " \"role\": \"inspector\","
                  " \"district\": [\"甲街道\", \"乙街道\"]}" },
    { "user.put", "{\"login\": \"new\", \"name\": \"n\","
                  " \"role\": \"venue\", \"venue\": 2,"
                  " \"district\": [\"甲街道\"]}" },
    { "user.put", "{\"login\": \"chief20\", \"name\": \"n\","
                  " \"role\": \"officer\", \"district\": [\"甲街道\"]}" },
    { "user.disable", "{\"user\": 24}" },
    { "link.issue", "{\"user\": 24, \"handle\": 7,"
                    " \"until\": \"2199-01-01T00:00:00Z\"}" },
    { "sessions.end", "{\"user\": 24}" },
};


/* ---- the fixture ----------------------------------------------------------*/

static json_t *
about(const char *json, int venue)
{
    json_t       *j;
    shian_buf_t   b;

    shian_buf_init(&b, &city.arena);

    for (; *json != '\0'; json++) {
        if (*json == '$') {
            shian_putc(&b.sink, (char) ('0' + venue));
        } else if (*json == '@') {
            shian_putz(&b.sink, districts[venue]);
        } else {
            shian_putc(&b.sink, *json);
        }
    }

    j = json_loadb((char *) b.p, b.n, 0, NULL);
    assert_non_null(j);

    return j;
}


static void
put_inspection(shian_txn_t *t, const Shian__Inspection *in)
{
    shian_rowkey_t  k, v;

    v = shian_rowkey_id(in->venue);
    shian_rowkey_be(&v, (uint32_t) in->on, 4);
    k = shian_rowkey_id(in->venue);
    shian_rowkey_be(&k, ~(uint32_t) in->on, 4);
    shian_rowkey_be(&k, in->id, 8);
    shian_row_put_message(t, SHIAN_T_INSPECTION, &k, in);
    k = shian_checkin_prefix('i', in->id);
    shian_row_put(t, SHIAN_T_INSPECTION_BY, &k, shian_slice(v.b, v.n));
}


static void
put_records(shian_txn_t *t, int venue)
{
    size_t             i;
    json_t            *j;
    ProtobufCMessage  *m;

    for (i = 0; i < SHIAN_COUNT(records); i++) {
        j = about(records[i].json, venue);
        m = fill(&city.arena, records[i].message, j);

        if (records[i].table == SHIAN_T_INSPECTION) {
            put_inspection(t, (Shian__Inspection *) m);
        } else {
            shian_put_record(t, records[i].table,
                             (uint64_t) json_integer_value(
                                            json_object_get(j, "id")), m);
        }

        if (records[i].table == SHIAN_T_USER) {
            shian_unique_put(t, 'U', shian_str(((Shian__User *) m)->login),
                             ((Shian__User *) m)->id);
        }

        json_decref(j);
    }
}


/* Somebody of each role, in one district and in all. */
static void
put_people(shian_txn_t *t)
{
    int           role;
    char         *here[] = { (char *) districts[HERE] };
    Shian__User   u = SHIAN__USER__INIT;

    u.has_id = u.has_role = 1;
    u.districts = here;

    for (role = ROLE(inspector); role <= ROLE(admin); role++) {
        u.role = (Shian__Role__Kind) role;
        u.has_venue = role == ROLE(venue);
        u.venue = u.has_venue ? HERE : 0;
        u.id = LIMITED + (uint64_t) role;
        u.login = u.name = shian_printf(&city.arena, "%d", role);
        u.n_districts = 1;
        shian_put_record(t, SHIAN_T_USER, u.id, &u);

        u.id = UNLIMITED + (uint64_t) role;
        u.login = u.name = role == ROLE(chief) ? "chief20" : "all";
        u.n_districts = 0;
        shian_put_record(t, SHIAN_T_USER, u.id, &u);
        shian_unique_put(t, 'U', shian_str(u.login), u.id);
    }
}


static Shian__Operation *
operation(const shian_operation_row_t *row, Shian__Role__Kind role,
    uint64_t user)
{
    Shian__Operation  *op = city_operation(&city, role, 0);

    if (role == ROLE(venue)) {
        op->actor->has_venue = 1;
        op->actor->venue = HERE;

    } else if (role != ROLE(public)) {
        op->actor->has_user = 1;
        op->actor->user = user + (uint64_t) role;
    }

    op->body_case = row->body;

    return op;
}


/*
 * Its status, in a store where inspectors have every complaint; what is on
 * record though it was refused counts as refused.
 */
static unsigned
ask(Shian__Operation *op, const shian_operation_row_t *row,
    const char *body, int venue)
{
    int               v;
    json_t           *j;
    shian_op_t        o;
    shian_txn_t       t;
    shian_report_t    report;
    Shian__Complaint *c;

    assert_int_equal(shian_txn_begin(city.store, &city.arena, true, &t), 0);
    put_people(&t);

    for (v = HERE; v <= THERE; v++) {
        put_records(&t, v);
        c = shian_get(&t, SHIAN_T_COMPLAINT, (uint64_t) v,
                      &shian__complaint__descriptor);
        assert_non_null(c);
        c->has_dispatched_to = 1;
        c->dispatched_to = op->actor->user;
        shian_put_record(&t, SHIAN_T_COMPLAINT, c->id, c);
    }

    /* All members of the union are pointers to messages. */
    j = about(body, venue);
    op->store_init = (Shian__StoreInit *) fill(&city.arena, row->message, j);
    json_decref(j);
    city_draw(&city, op);

    memset(&o, 0, sizeof(o));
    shian_report_init(&report);
    shian__result__init(&o.result);
    o.txn = &t;
    o.arena = &city.arena;
    o.op = op;
    o.seq = 100;
    o.rules = shian_rules_newest();
    o.report = &report;

    if (shian_machine.check(&o)
        && row->body == SHIAN__OPERATION__BODY_CONTACT_VIEW)
    {
        shian_machine.apply(&o);
        report.status = o.result.refused ? 403 : 200;
    }

    assert_int_equal(t.err, 0);
    shian_txn_abort(&t);

    return report.status;
}


/* ---- the cross of them ----------------------------------------------------*/

static const shian_operation_row_t *
row_of(const char *name)
{
    const shian_operation_row_t  *row = shian_operation_named(name);

    if (row == NULL) {
        fail_msg("%s is no operation", name);
    }

    return row;
}


static void
try(const char *name, const char *body, int role, uint64_t user, int venue,
    bool may)
{
    unsigned                      is;
    const shian_operation_row_t  *row = row_of(name);

    is = ask(operation(row, (Shian__Role__Kind) role, user), row, body,
             venue);

    /* What the state of the record says against it is no matter here. */
    if (may ? is != 200 && is != 409 && is != 422 : is != 403) {
        fail_msg("%s %s by role %d (%s) at %d: %u", name, body, role,
                 user == LIMITED ? "limited" : "of the city", venue, is);
    }

    shian_arena_free(&city.arena);
}


static void
own_and_foreign(void **state)
{
    int       role;
    size_t    i, n = 0;
    uint32_t  roles;

    (void) state;

    for (i = 0; i < SHIAN_COUNT(examples); i++) {
        roles = examples[i].roles != 0 ? examples[i].roles
                : row_of(examples[i].name)->roles;

        for (role = 0; role < ROLES; role++) {
            if ((roles & 1u << role) == 0) {
                continue;
            }

            try(examples[i].name, examples[i].body, role, LIMITED, HERE,
                true);
            try(examples[i].name, examples[i].body, role, LIMITED, THERE,
                false);
            n++;

            if (role != ROLE(venue)) {
                try(examples[i].name, examples[i].body, role, UNLIMITED,
                    THERE, true);
            }
        }
    }

    assert_true(n > 60);
}


/* Not with the record's own district, nor with the city. */
static void
other_roles_may_not(void **state)
{
    int     role;
    size_t  i;

    (void) state;

    for (i = 0; i < SHIAN_COUNT(examples); i++) {
        for (role = 0; role < ROLES; role++) {
            if ((row_of(examples[i].name)->roles & 1u << role) == 0) {
                try(examples[i].name, examples[i].body, role, LIMITED, HERE,
                    false);
                try(examples[i].name, examples[i].body, role, UNLIMITED,
                    HERE, false);
            }
        }
    }
}


static void
nobody_gives_more_than_they_have(void **state)
{
    size_t  i;

    (void) state;

    for (i = 0; i < SHIAN_COUNT(beyond); i++) {
        try(beyond[i].name, beyond[i].body, ROLE(chief), LIMITED, HERE,
            false);
        try(beyond[i].name, beyond[i].body, ROLE(admin), LIMITED, HERE,
            false);
        try(beyond[i].name, beyond[i].body, ROLE(admin), UNLIMITED, HERE,
            true);
    }

    try("user.put", "{\"login\": \"new\", \"name\": \"n\","
        " \"role\": \"admin\"}", ROLE(chief), UNLIMITED, HERE, false);
    try("user.put", "{\"login\": \"new\", \"name\": \"n\","
        " \"role\": \"admin\"}", ROLE(admin), UNLIMITED, HERE, true);
    try("user.disable", "{\"user\": 27}", ROLE(chief), UNLIMITED, HERE,
        false);
}


/* What is about the whole city is for who has all of it. */
static void
the_city_is_for_who_has_it(void **state)
{
    int     role;
    size_t  i, n = 0;

    (void) state;

    for (i = 0; i < shian_noperations; i++) {
        if (shian_operations[i].reach != SHIAN_REACH_CITY) {
            continue;
        }

        n++;

        for (role = 0; role < ROLES; role++) {
            try(shian_operations[i].name, "{}", role, LIMITED, HERE, false);
        }
    }

    assert_true(n >= 5);
}


static void
every_row_is_here(void **state)
{
    size_t    i, j;
    uint32_t  roles;

    (void) state;

    for (i = 0; i < shian_noperations; i++) {
        roles = 0;

        for (j = 0; j < SHIAN_COUNT(examples); j++) {
            if (strcmp(examples[j].name, shian_operations[i].name) == 0) {
                roles |= examples[j].roles != 0 ? examples[j].roles
                         : shian_operations[i].roles;
            }
        }

        /* An inspector's look is always refused, and on record. */
        if (shian_operations[i].body == SHIAN__OPERATION__BODY_CONTACT_VIEW)
        {
            roles |= SHIAN_ROLE(inspector);
        }

        if (shian_operations[i].reach == SHIAN_REACH_RECORD
            && roles != shian_operations[i].roles)
        {
            fail_msg("%s: no example in test_reach.c for each of its roles",
                     shian_operations[i].name);
        }

        /* Anybody's is nobody's to limit; all else is limited. */
        assert_int_equal(shian_operations[i].reach == SHIAN_REACH_OWN,
                         shian_operations[i].roles == SHIAN_ANYBODY);
    }
}


static int
set_up(void **state)
{
    (void) state;
    city_open(&city, 1, CITY_MAP);

    return 0;
}


static int
tear_down(void **state)
{
    (void) state;
    city_close(&city);

    return 0;
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(every_row_is_here),
        cmocka_unit_test(own_and_foreign),
        cmocka_unit_test(other_roles_may_not),
        cmocka_unit_test(nobody_gives_more_than_they_have),
        cmocka_unit_test(the_city_is_for_who_has_it),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
