/*
 * What a complainant wrote: nowhere in the clear, looked at on record only,
 * and gone when it is to be gone.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>

#include "complaints.h"
#include "domain/gallery.h"
#include "domain/view.h"
#include "domain/view_board.h"
#include "store/photos.h"
#include "store/ingest.h"

#define THREE_YEARS  (3 * 365 + 1)


/* Does any row of any table hold these bytes? */
static bool
anywhere(city_t *c, const char *words)
{
    int             i;
    bool            found;
    shian_txn_t     t;
    shian_scan_t    s;
    shian_rowkey_t  all = { 0 };

    read_txn(c, &t);

    for (found = false, i = 0; i < SHIAN_T_MAX; i++) {
        for (shian_scan_open(&s, &t, (shian_table_t) i, &all, NULL);
             shian_scan_next(&s); )
        {
            found |= memmem(s.value.p, s.value.n, words, strlen(words))
                     != NULL;
            found |= memmem(s.key.p, s.key.n, words, strlen(words)) != NULL;
        }
        shian_scan_close(&s);
    }

    shian_txn_abort(&t);

    return found;
}


static void
nothing_is_stored_in_the_clear(void **state)
{
    world_t           *w = *state;
    city_t            *c = &w->city;
    Shian__Operation  *op;

    op = filing(c, FILE_AS(both), 1);
    op->complaint_post->has_place = 1;
    op->complaint_post->place = text("二楼靠窗的桌子");
    assert_int_equal(file(c, op), 200);
    assert_int_equal(follow(c, 1, FOLLOW(add), "我的车牌是浙B12345", 0), 200);
    assert_int_equal(follow(c, 1, FOLLOW(withdraw), "算了吧不说了", 0), 200);

    assert_true(anywhere(c, "foreign"));
    assert_false(anywhere(c, "苍蝇"));
    assert_false(anywhere(c, NAME));
    assert_false(anywhere(c, CONTACT));
    assert_false(anywhere(c, "靠窗"));
    assert_false(anywhere(c, "浙B12345"));
    assert_false(anywhere(c, "算了吧"));
}


static void
looks_are_on_record_and_refused_ones_too(void **state)
{
    world_t            *w = *state;
    city_t             *c = &w->city;
    shian_txn_t         t;
    shian_board_t       b;
    shian_str_t         next;
    Shian__LookList    *looks;
    Shian__Operation   *op;

    add_user(c, "other", ROLE(officer));
    assert_int_equal(file(c, filing(c, FILE_AS(complaint), 1)), 200);

    /* Nobody has it yet. */
    assert_int_equal(look_at_contact(c, 1, ROLE(officer), OFFICER), 200);
    assert_true(c->item[0].result.refused);
    assert_int_equal(take(c, step(c, 1, STEP(note))), 200);
    assert_int_equal(look_at_contact(c, 1, ROLE(officer), OFFICER), 200);
    assert_true(c->item[0].result.refused);

    assert_int_equal(take(c, step(c, 1, STEP(accept))), 200);
    c->now += MINUTE;
    assert_int_equal(look_at_contact(c, 1, ROLE(officer), OFFICER), 200);
    assert_false(c->item[0].result.refused);
    c->now += MINUTE;
    assert_int_equal(look_at_contact(c, 1, ROLE(officer), 3), 200);
    assert_true(c->item[0].result.refused);
    assert_int_equal(look_at_contact(c, 1, ROLE(inspector), INSPECTOR), 200);
    assert_true(c->item[0].result.refused);
    assert_int_equal(look_at_contact(c, 1, ROLE(chief), 0), 200);
    assert_false(c->item[0].result.refused);

    /* Who has no business here leaves no record and gets nothing. */
    assert_int_equal(look_at_contact(c, 1, ROLE(venue), 0), 403);
    assert_int_equal(look_at_contact(c, 9, ROLE(chief), 0), 404);
    op = by(c, ROLE(chief), 0, 0);
    CITY_BODY(c, op, CONTACT_VIEW, contact_view, Shian__ContactView,
              shian__contact_view__init)->complaint = 1;
    op->contact_view->has_complaint = 1;
    assert_int_equal(city_do(c, op), 422);
    assert_int_equal(rows(c, SHIAN_T_LOOK), 6);

    read_txn(c, &t);
    memset(&b, 0, sizeof(b));
    b.role = ROLE(chief);
    looks = shian_view_looks(&t, &b, SHIAN_NONE, 4, &next);
    assert_int_equal(looks->n_items, 4);
    assert_true(looks->items[0]->at >= looks->items[3]->at);
    assert_string_equal(looks->items[0]->reason, "电话核实");
    assert_true(looks->items[3]->user == OFFICER
                && !looks->items[3]->refused);
    looks = shian_view_looks(&t, &b, next, 4, &next);
    assert_int_equal(looks->n_items, 2);
    assert_int_equal(next.n, 0);
    assert_true(looks->items[0]->refused && looks->items[1]->refused);
    shian_txn_abort(&t);
}


static void
put_photo_file(city_t *c, const uint8_t hash[32])
{
    int    fd;
    char  *path, *dir;

    path = shian_photo_path(&c->arena, c->dir, hash);
    assert_non_null(path);
    dir = shian_printf(&c->arena, "%s/photos", c->dir);
    (void) mkdir(dir, 0700);
    dir = shian_strdup(&c->arena, shian_slice(path, strlen(path) - 65));
    (void) mkdir(dir, 0700);
    fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
}


static bool
has_file(city_t *c, const uint8_t hash[32])
{
    return access(shian_photo_path(&c->arena, c->dir, hash), F_OK) == 0;
}


static void
erasing_takes_words_additions_and_own_photos(void **state)
{
    char                    err[256];
    size_t                  i, n;
    world_t                *w = *state;
    city_t                 *c = &w->city;
    uint8_t                 hashes[64][SHIAN_HASH_SIZE];
    shian_txn_t             t;
    Shian__Complaint       *p;
    Shian__Operation       *op;

    op = filing(c, FILE_AS(both), 1);
    add_photo(c, &op->complaint_post->photo, &op->complaint_post->n_photo, 1);
    add_photo(c, &op->complaint_post->photo, &op->complaint_post->n_photo, 2);
    assert_int_equal(file(c, op), 200);
    op = filing(c, FILE_AS(report), 2);
    add_photo(c, &op->complaint_post->photo, &op->complaint_post->n_photo, 2);
    assert_int_equal(file(c, op), 200);
    assert_int_equal(follow(c, 2, FOLLOW(add), "more", 0), 200);
    assert_int_equal(rows(c, SHIAN_T_VAULT), 3);
    assert_int_equal(rows(c, SHIAN_T_PHOTO), 3);

    read_txn(c, &t);
    n = shian_complaint_photos(&t, 1, hashes, 64);
    assert_int_equal(n, 5);
    assert_int_equal(shian_complaint_photos(&t, 1, hashes, 2), 2);
    n = shian_complaint_photos(&t, 1, hashes, 64);
    shian_txn_abort(&t);

    for (i = 0; i < n; i++) {
        put_photo_file(c, hashes[i]);
    }

    assert_int_equal(erase(c, 2), 200);
    assert_int_equal(rows(c, SHIAN_T_VAULT), 1);
    assert_int_equal(rows(c, SHIAN_T_PHOTO), 1);

    read_txn(c, &t);
    shian_gallery_remove_files(&t, c->dir, hashes, n);
    p = shian_complaint_get(&t, 1);
    assert_true(p->erased && !p->has_device && p->n_photos == 0);
    assert_null(shian_unseal(&t, &c->keys, p->vault, "text", p->text));
    p = shian_complaint_get(&t, 3);
    assert_string_equal(shian_unseal(&t, &c->keys, p->vault, "text",
                                     p->text), WORDS);
    shian_txn_abort(&t);

    for (i = 0; i < n; i++) {
        assert_int_equal(has_file(c, hashes[i]), hashes[i][0] == 2);
    }

    /* Again changes nothing; no new words come to what is erased. */
    assert_int_equal(erase(c, 1), 200);
    assert_false(c->item[0].result.has_seq);
    assert_int_equal(follow(c, 1, FOLLOW(add), "again", 0), 409);
    assert_int_equal(look_at_contact(c, 1, ROLE(chief), 0), 409);
    assert_int_equal(erase(c, 99), 404);
    assert_int_equal(rows(c, SHIAN_T_VAULT), 1);

    /* The work on it goes on, and the log still gives the store. */
    assert_int_equal(take(c, step(c, 1, STEP(accept))), 200);
    assert_true(city_verify(c, err, sizeof(err)));
}


static void
end_it(city_t *c, uint64_t id)
{
    Shian__Operation  *op = step(c, id, STEP(refuse));

    op->complaint_step->has_ground = 1;
    op->complaint_step->ground = SHIAN__COMPLAINT__GROUND__not_ours;
    assert_int_equal(take(c, op), 200);
}


static size_t
expired(city_t *c, uint64_t ids[8])
{
    size_t       n;
    shian_txn_t  t;

    read_txn(c, &t);
    n = shian_complaints_expired(&t, c->now, ids, 8);
    shian_txn_abort(&t);

    return n;
}


static void
retention_ends_three_years_after_the_end(void **state)
{
    char       err[256];
    world_t   *w = *state;
    city_t    *c = &w->city;
    uint64_t   ids[8];

    assert_int_equal(file(c, filing(c, FILE_AS(report), 1)), 200);
    assert_int_equal(file(c, filing(c, FILE_AS(both), 2)), 200);
    assert_int_equal(file(c, filing(c, FILE_AS(report), 3)), 200);
    end_it(c, 1);
    end_it(c, 2);
    c->now += 10 * DAY_MS;
    end_it(c, 3);

    assert_int_equal(expired(c, ids), 0);
    assert_int_equal(expire(c, 1), 409);

    /* The last day is kept whole. */
    c->now += (THREE_YEARS - 10) * DAY_MS;
    assert_int_equal(expired(c, ids), 0);
    assert_int_equal(expire(c, 1), 409);
    c->now += DAY_MS;
    assert_int_equal(expired(c, ids), 1);
    assert_int_equal(ids[0], 1);
    assert_int_equal(expire(c, 1), 200);
    assert_int_equal(expired(c, ids), 0);
    assert_true(complaint(c, 1)->erased);

    /* Both halves go, when the later one has been kept long enough. */
    assert_int_equal(expire(c, 2), 409);
    c->now += 10 * DAY_MS;
    assert_int_equal(expired(c, ids), 1);
    assert_int_equal(ids[0], 2);
    assert_int_equal(expire(c, 2), 200);
    assert_true(complaint(c, 3)->erased);
    assert_int_equal(expired(c, ids), 0);

    /* What is under way stays, however old. */
    assert_int_equal(expire(c, 4), 409);
    assert_int_equal(rows(c, SHIAN_T_VAULT), 1);
    assert_true(city_verify(c, err, sizeof(err)));
}


/* No number, no hour, no words: the message has no room for them. */
static void
the_venue_sees_four_things(void **state)
{
    world_t                *w = *state;
    city_t                 *c = &w->city;
    shian_txn_t             t;
    Shian__VenueView       *v;
    Shian__ComplaintItem   *item;
    shian_workdays_t        days;
    Shian__VenueComplaint  *seen;

    /* One of them, the category, in words of both languages as well. */
    assert_int_equal(shian__venue_complaint__descriptor.n_fields, 6);
    assert_int_equal(file(c, filing(c, FILE_AS(complaint), 1)), 200);

    shian_workdays_default(&days);
    read_txn(c, &t);
    seen = shian_venue_complaint(&t, shian_complaint_get(&t, 1));
    assert_int_equal(seen->on, today(c));
    assert_string_equal(seen->category, "foreign");
    assert_null(seen->released);
    item = shian_complaint_item(&t, shian_complaint_get(&t, 1), &days,
                                c->now + DAY_MS);
    assert_int_equal(item->days_left, 6);
    assert_true(item->working_days && !item->overdue);
    item = shian_complaint_item(&t, shian_complaint_get(&t, 1), &days,
                                c->now + 12 * DAY_MS);
    assert_int_equal(item->days_left, -3);
    assert_true(item->overdue);
    v = shian_view_venue(&t, &c->keys, 1, c->now);
    assert_int_equal(v->counts->complaints_substantiated, 0);
    shian_txn_abort(&t);

    find_substantiated(c, 1);
    read_txn(c, &t);
    v = shian_view_venue(&t, &c->keys, 1, c->now);
    assert_int_equal(v->counts->complaints_substantiated, 1);
    shian_txn_abort(&t);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
#define TEST(f)  cmocka_unit_test_setup_teardown(f, setup, teardown)
        TEST(nothing_is_stored_in_the_clear),
        TEST(looks_are_on_record_and_refused_ones_too),
        TEST(erasing_takes_words_additions_and_own_photos),
        TEST(retention_ends_three_years_after_the_end),
        TEST(the_venue_sees_four_things),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, NULL, NULL);
}
