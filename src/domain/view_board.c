#include "view_board.h"

#include <inttypes.h>

#include "states.h"
#include "view_parts.h"

/* due(4) id(8): the order of every index that the board reads. */
#define TAIL          12
#define MAX_STREAMS   32
#define MAX_PEOPLE    200

#define STATE(name)  SHIAN__COMPLAINT__STATE__##name
#define ROLE(name)   SHIAN__ROLE__KIND__##name

/* One index among those that make the list together. */
typedef struct {
    shian_scan_t  scan;
    bool          more;
} stream_t;

typedef struct {
    stream_t      streams[MAX_STREAMS];
    size_t        n;
    bool          covers_district;  /* what a filter asks the streams are */
    bool          covers_category;
    bool          covers_officer;
} merge_t;

static const int  open_states[] = {
    STATE(received), STATE(accepted), STATE(dispatched), STATE(on_site),
    STATE(reported), STATE(substantiated), STATE(unsubstantiated),
    STATE(rectifying)
};


bool
shian_board_sees(shian_txn_t *t, const shian_board_t *b,
    const Shian__Complaint *c)
{
    switch (b->role) {
    case ROLE(inspector):
        return b->user != NULL && c->dispatched_to == b->user->id;
    case ROLE(officer):
    case ROLE(chief):
    case ROLE(admin):
        return shian_complaint_in_reach(t, b->role, b->user, c);
    default:
        return false;
    }
}


/* ---- which indexes --------------------------------------------------------*/

static void
add_stream(shian_txn_t *t, const shian_board_t *b, merge_t *m,
    const shian_rowkey_t *prefix)
{
    stream_t        *s;
    shian_rowkey_t   start = *prefix;

    if (m->n == MAX_STREAMS) {
        return;
    }

    s = &m->streams[m->n++];
    shian_rowkey_bytes(&start, b->after.p, b->after.n);
    shian_scan_open(&s->scan, t, SHIAN_T_COMPLAINT_BY, prefix, &start);
    s->scan.after = b->after.n != 0;
}


static void
add_state(shian_txn_t *t, const shian_board_t *b, merge_t *m, int state)
{
    shian_rowkey_t  k = shian_complaint_prefix('s');

    shian_rowkey_be(&k, (uint64_t) state, 1);
    add_stream(t, b, m, &k);
}


static bool
is_open(int state)
{
    size_t  i;

    for (i = 0; i < SHIAN_COUNT(open_states); i++) {
        if (open_states[i] == state) {
            return true;
        }
    }

    return false;
}


/*
 * The one that leaves the least to look at: by person, by district, by
 * category, by state.  Only the last has what ended.
 */
static void
open_streams(shian_txn_t *t, const shian_board_t *b, merge_t *m)
{
    size_t          i;
    shian_rowkey_t  k;

    memset(m, 0, sizeof(*m));

    if (b->role == ROLE(inspector)) {
        k = shian_complaint_prefix_id('t', b->user == NULL ? 0 : b->user->id);
        add_stream(t, b, m, &k);

    } else if (b->state != 0 && !is_open(b->state)) {
        add_state(t, b, m, b->state);

    } else if (b->has_officer) {
        m->covers_officer = true;
        k = shian_complaint_prefix_id('u', b->officer);
        add_stream(t, b, m, &k);

    } else if (b->district != NULL) {
        m->covers_district = true;
        k = shian_complaint_prefix_text('d', shian_str(b->district));
        add_stream(t, b, m, &k);

    } else if (b->category != NULL) {
        m->covers_category = true;
        k = shian_complaint_prefix_text('k', shian_str(b->category));
        add_stream(t, b, m, &k);

    } else if (b->user != NULL && b->user->n_districts != 0
               && b->user->n_districts <= MAX_STREAMS)
    {
        for (i = 0; i < b->user->n_districts; i++) {
            k = shian_complaint_prefix_text('d',
                                     shian_str(b->user->districts[i]));
            add_stream(t, b, m, &k);
        }

    } else if (b->state != 0) {
        add_state(t, b, m, b->state);

    } else {
        for (i = 0; i < SHIAN_COUNT(open_states); i++) {
            add_state(t, b, m, open_states[i]);
        }
    }

    for (i = 0; i < m->n; i++) {
        m->streams[i].more = shian_scan_next(&m->streams[i].scan);
    }
}


static const uint8_t *
tail_of(const stream_t *s)
{
    return s->scan.key.p + s->scan.key.n - TAIL;
}


/* The most urgent of what the streams have next, or NULL. */
static stream_t *
first_of(merge_t *m)
{
    size_t     i;
    stream_t  *s, *best;

    best = NULL;

    for (i = 0; i < m->n; i++) {
        s = &m->streams[i];

        if (s->more && s->scan.key.n > TAIL
            && (best == NULL || memcmp(tail_of(s), tail_of(best), TAIL) < 0))
        {
            best = s;
        }
    }

    return best;
}


/* ---- which of them --------------------------------------------------------*/

/* Days are kept shifted, so that they sort as numbers: see complaint.h. */
static bool
is_past(const uint8_t *tail, int32_t today)
{
    return (int64_t) shian_be(tail, 4) - INT64_C(0x80000000) < today;
}


static bool
same(const char *want, const char *has)
{
    return want == NULL || (has != NULL && strcmp(want, has) == 0);
}


/* What the index knows already, without the record. */
static bool
fits_entry(const shian_board_t *b, const stream_t *s)
{
    return s->scan.value.n == 1
           && (b->state == 0 || (s->scan.value.p[0] & 15) == b->state)
           && (b->kind == 0 || s->scan.value.p[0] >> 4 == b->kind);
}


static bool
fits_record(shian_txn_t *t, const shian_board_t *b, const merge_t *m,
    const Shian__Complaint *c)
{
    return (m->covers_district || same(b->district, c->district))
           && (m->covers_category || same(b->category, c->category))
           && (m->covers_officer || !b->has_officer
               || c->officer == b->officer)
           && shian_board_sees(t, b, c);
}


/* ---- lines ----------------------------------------------------------------*/

static char *
name_of(shian_txn_t *t, uint64_t user)
{
    Shian__User  *u;

    u = user == 0 ? NULL : shian_user_get(t, user);

    return u == NULL ? NULL : u->name != NULL ? u->name : u->login;
}


static void
fill_clock(const shian_board_t *b, const Shian__Complaint *c,
    Shian__BoardItem *item)
{
    bool     working;
    int32_t  left;

    if (c->has_due_on) {
        SET(item, due_on, c->due_on);
        left = shian_complaint_days_left(c, b->workdays, b->today, &working);
        SET(item, working_days, working);

        if (c->due_on < b->today) {
            SET(item, overdue_days, (uint32_t) -left);
        } else {
            SET(item, days_left, (uint32_t) left);
        }
    }

    if (!c->has_looked_at && c->has_look_due_at && !c->has_ended_at) {
        SET(item, look_due_at, c->look_due_at);

        if (c->look_due_at < b->now_ms) {
            SET(item, look_late, 1);
        }
    }
}


Shian__BoardItem *
shian_view_board_item(shian_txn_t *t, shian_board_t *b,
    const Shian__Complaint *c)
{
    Shian__Venue           *v;
    const Shian__Category  *category;
    Shian__BoardItem   *item;

    if (b->categories == NULL) {
        b->categories = shian_categories();
    }

    NEW(item, board_item);
    COPY(item, c, id);
    item->number = c->number;
    COPY(item, c, venue);
    COPY(item, c, kind);
    COPY(item, c, severity);
    COPY(item, c, state);
    COPY(item, c, at);
    item->category = c->category;
    item->district = c->district;

    v = c->has_venue ? shian_venue_get(t, c->venue) : NULL;
    item->venue_name = v == NULL ? NULL : v->name;

    category = b->categories == NULL || c->category == NULL ? NULL
               : shian_category(b->categories, c->category);
    item->category_text = category == NULL ? c->category : category->text;
    item->category_text_en = category == NULL ? c->category
                                              : category->text_en;
    fill_clock(b, c, item);
    COPY(item, c, officer);
    item->officer_name = name_of(t, c->officer);
    COPY(item, c, dispatched_to);
    item->dispatched_name = name_of(t, c->dispatched_to);
    COPY(item, c, dispatch_due_on);

    if (b->chosen == c->id) {
        SET(item, chosen, 1);
    }

    item->href = shian_printf(t->arena, "/desk/complaints/%" PRIu64, c->id);

    return item;
}


/* The one with this number, if the caller sees it. */
static bool
add_one(shian_txn_t *t, shian_board_t *b, Shian__ComplaintList *list)
{
    Shian__Complaint  *c;

    b->rows = 1;
    c = shian_complaint_get(t, b->id);

    if (c == NULL || !shian_board_sees(t, b, c)) {
        return true;
    }

    list->items[0] = shian_view_board_item(t, b, c);
    list->n_items = list->items[0] != NULL;

    return list->n_items == 1;
}


static bool
add_items(shian_txn_t *t, shian_board_t *b, merge_t *m,
    Shian__ComplaintList *list, shian_str_t *next)
{
    uint8_t            last[TAIL];
    stream_t          *s;
    Shian__Complaint  *c;

    while ((s = first_of(m)) != NULL && t->err == 0) {

        if (b->overdue && is_past(tail_of(s), b->today) == false) {
            break;
        }

        if (list->n_items == b->limit || b->rows >= SHIAN_BOARD_ROWS) {
            *next = shian_view_keep(t, shian_slice(last, TAIL));
            break;
        }

        b->rows++;
        memcpy(last, tail_of(s), TAIL);
        c = fits_entry(b, s) ? shian_complaint_get(t, shian_by_id(s->scan.key))
                             : NULL;

        if (c != NULL && fits_record(t, b, m, c)) {
            list->items[list->n_items] = shian_view_board_item(t, b, c);

            if (list->items[list->n_items++] == NULL) {
                return false;
            }
        }

        s->more = shian_scan_next(&s->scan);
    }

    return t->err == 0;
}


Shian__ComplaintList *
shian_view_board(shian_txn_t *t, shian_board_t *b, shian_str_t *next)
{
    bool                   ok;
    size_t                 i;
    merge_t               *m;
    Shian__ComplaintList  *list;

    *next = SHIAN_NONE;
    b->rows = 0;
    NEW(list, complaint_list);
    list->items = shian_array(t->arena, b->limit + 1, sizeof(*list->items));
    m = shian_alloc(t->arena, sizeof(*m));

    if (list->items == NULL || m == NULL
        || (b->after.n != 0 && b->after.n != TAIL))
    {
        return NULL;
    }

    if (b->id != 0) {
        return add_one(t, b, list) ? list : NULL;
    }

    open_streams(t, b, m);
    ok = add_items(t, b, m, list, next);

    for (i = 0; i < m->n; i++) {
        shian_scan_close(&m->streams[i].scan);
    }

    return ok ? list : NULL;
}


/* ---- people ---------------------------------------------------------------*/

/* What was dispatched to them and not reported. */
static void
count_load(shian_txn_t *t, const shian_board_t *b, char field,
    Shian__PersonLoad *p)
{
    shian_scan_t    scan;
    shian_rowkey_t  prefix = shian_complaint_prefix_id(field, p->id);

    p->has_open = p->has_overdue = 1;

    for (shian_scan_open(&scan, t, SHIAN_T_COMPLAINT_BY, &prefix, NULL);
         shian_scan_next(&scan) && scan.key.n > TAIL; )
    {
        p->open++;
        p->overdue += is_past(scan.key.p + scan.key.n - TAIL, b->today);
    }

    shian_scan_close(&scan);
}


/* Whose own district it is goes before who has all of them; then the load. */
static bool
is_better(const Shian__PersonLoad *a, const Shian__PersonLoad *b)
{
    if ((a->district != NULL) != (b->district != NULL)) {
        return a->district != NULL;
    }

    return a->open != b->open ? a->open < b->open : a->id < b->id;
}


static bool
may_be_sent(shian_txn_t *t, const shian_board_t *b, const Shian__User *u,
    const Shian__Complaint *c)
{
    size_t        i, n;
    Shian__Venue  v = SHIAN__VENUE__INIT;

    if (u->disabled || (u->role != ROLE(inspector) && u->role != ROLE(officer)
                        && u->role != ROLE(chief)))
    {
        return false;
    }

    if (c != NULL) {
        return shian_complaint_in_reach(t, u->role, u, c);
    }

    n = u->n_districts;

    for (i = 0; i < n; i++) {
        v.district = u->districts[i];

        if (shian_in_reach(b->role, b->user, 0, &v)) {
            return true;
        }
    }

    return n == 0;
}


static Shian__PersonLoad *
person(shian_txn_t *t, const shian_board_t *b, const Shian__User *u)
{
    Shian__PersonLoad  *p;

    NEW(p, person_load);
    COPY(p, u, id);
    COPY(p, u, role);
    p->name = u->name != NULL ? u->name : u->login;
    p->district = u->n_districts == 0 ? NULL : u->districts[0];
    p->href = shian_printf(t->arena, "/desk/officers/%" PRIu64, u->id);
    count_load(t, b, 't', p);

    return p;
}


bool
shian_view_people(shian_txn_t *t, shian_board_t *b,
    const Shian__Complaint *c, Shian__PersonLoad ***out, size_t *n)
{
    size_t              i;
    Shian__User        *u;
    shian_scan_t        scan;
    shian_rowkey_t      all;
    Shian__PersonLoad  *p;

    all.n = 0;
    *n = 0;
    *out = shian_array(t->arena, MAX_PEOPLE, sizeof(**out));
    p = NULL;

    for (shian_scan_open(&scan, t, SHIAN_T_USER, &all, NULL);
         *out != NULL && *n < MAX_PEOPLE && shian_scan_next(&scan); )
    {
        u = shian_user_get(t, shian_be(scan.key.p, 8));

        if (u == NULL || !may_be_sent(t, b, u, c)) {
            continue;
        }

        p = person(t, b, u);
        if (p == NULL) {
            break;
        }

        for (i = (*n)++; i > 0 && is_better(p, (*out)[i - 1]); i--) {
            (*out)[i] = (*out)[i - 1];
        }

        (*out)[i] = p;
    }

    shian_scan_close(&scan);

    if (c != NULL && *n != 0) {
        SET((*out)[0], suggested, 1);
    }

    return *out != NULL && t->err == 0;
}


Shian__OfficerView *
shian_view_officer(shian_txn_t *t, shian_board_t *b, uint64_t id)
{
    shian_str_t            next;
    Shian__User           *u;
    Shian__PersonLoad      own = SHIAN__PERSON_LOAD__INIT;
    Shian__PersonLoad      sent = SHIAN__PERSON_LOAD__INIT;
    Shian__OfficerView    *view;
    Shian__ComplaintList  *list;

    u = shian_user_get(t, id);

    if (u == NULL || !may_be_sent(t, b, u, NULL)) {
        return NULL;
    }

    b->has_officer = true;
    b->officer = id;
    NEW(view, officer_view);
    list = shian_view_board(t, b, &next);
    if (list == NULL) {
        return NULL;
    }

    COPY(view, u, id);
    COPY(view, u, role);
    view->name = u->name != NULL ? u->name : u->login;
    view->districts = u->districts;
    view->n_districts = u->n_districts;
    view->items = list->items;
    view->n_items = list->n_items;

    own.id = sent.id = id;
    count_load(t, b, 'u', &own);
    count_load(t, b, 't', &sent);
    SET(view, open, own.open);
    SET(view, overdue, own.overdue);
    SET(view, dispatched, sent.open);
    view->board = shian_printf(t->arena, "/desk/complaints?officer=%" PRIu64,
                               id);

    return view;
}
