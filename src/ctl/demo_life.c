#include <stdlib.h>

#include "core/calendar.h"
#include "demo_story.h"
#include "domain/domain.h"

#define DAY_MS  UINT64_C(86400000)

/* Fenghua: of 3,800 venues 1,500 are graded, 379 green and 360 red. */
#define OF           3800
#define GRADED       1500
#define GREEN        379
#define RED          360
#define SUPERVISORS  13

#define COLOUR(name)  SHIAN__COLOUR__KIND__##name
#define LEVEL(name)   SHIAN__VENUE__CREDIT__##name
#define BEARS(name)   SHIAN_BEARS_##name

#define MAX_SCENES  8

/* One thing that happens, so many days after the story begins. */
typedef struct {
    uint8_t  deed;
    uint8_t  after;
    uint8_t  fails[3];          /* items by severity, minor first */
    uint8_t  n;
} scene_t;

#define VISIT(after, critical, major, minor)                                 \
    { SHIAN_DO_VISIT, after, { minor, major, critical }, 0 }
#define OFFSITE(after, minor)                                                \
    { SHIAN_DO_OFFSITE, after, { minor, 0, 0 }, 0 }
#define CREDIT(after, level)                                                 \
    { SHIAN_DO_CREDIT, after, { 0, 0, 0 }, LEVEL(level) }
#define STARS(after, n)                                                      \
    { SHIAN_DO_REVIEW, after, { 0, 0, 0 }, n }
#define TOLD(after, story)                                                   \
    { SHIAN_DO_FILE, after, { 0, 0, 0 }, SHIAN_STORY_##story }
#define DO(deed, after)                                                      \
    { SHIAN_DO_##deed, after, { 0, 0, 0 }, 0 }
#define END                                                                  \
    { SHIAN_NDEEDS, 0, { 0, 0, 0 }, 0 }

/*
 * Chapters of the past: each ends well within 18 days, so that 180 days later
 * nothing of it weighs any more.  A NIGHT stands where time alone changes a
 * colour: the day after a deadline.
 */
static const scene_t  chapters[][MAX_SCENES] = {
    { VISIT(0, 0, 0, 0), END },
    { VISIT(0, 0, 0, 2), DO(SUBMIT, 4), DO(VERIFY, 6), END },
    { VISIT(0, 0, 1, 1), DO(REPLY, 1), DO(SUBMIT, 3), DO(PASSED, 6), END },
    { VISIT(0, 0, 0, 2), DO(SUBMIT, 5), DO(REJECT, 7), DO(SUBMIT, 9),
      DO(VERIFY, 12), END },
    { VISIT(0, 0, 1, 0), DO(EXTEND, 5), DO(SUBMIT, 15), DO(VERIFY, 17), END },
    { VISIT(0, 0, 1, 1), DO(NIGHT, 8), DO(SUBMIT, 12), DO(PASSED, 16), END },
    { VISIT(0, 0, 3, 0), DO(NIGHT, 8), DO(AGAIN, 10), DO(SUBMIT, 14),
      DO(PASSED, 18), END },
    { VISIT(0, 1, 0, 1), DO(REPLY, 1), DO(SUBMIT, 2), DO(PASSED, 3), END },
    { VISIT(0, 1, 0, 0), DO(NIGHT, 2), DO(APPEAL, 3), DO(UPHOLD, 8), END },
    { VISIT(0, 1, 1, 0), DO(NIGHT, 2), DO(APPEAL, 3), DO(SUBMIT, 4),
      DO(PASSED, 6), DO(DISMISS, 12), END },
    { OFFSITE(0, 0), DO(DECLINE, 2), VISIT(5, 0, 0, 0), END },
    { OFFSITE(0, 1), DO(CONFIRM, 2), DO(SUBMIT, 6), DO(VERIFY, 9), END },
    { VISIT(0, 1, 0, 1), DO(SUSPEND, 1), DO(NIGHT, 2), DO(SUBMIT, 5),
      DO(PASSED, 7), DO(RESUME, 8), END },
};

/* How often each is told: the ordinary ones more. */
static const uint8_t  told[] = {
    0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12
};

/* How a venue's two years end. */
typedef struct {
    Shian__Colour__Kind  colour;
    uint16_t             weight;        /* among those of its colour */
    const char          *credits;       /* one of these; '-': none */
    uint16_t             from;          /* the last story begins so many */
    uint16_t             to;            /* days before today */
    bool                 past;          /* has visits from long ago */
    bool                 lapsed;        /* filed self-checks, no longer */
    bool                 expires;       /* so does its licence */
    shian_bears_t        bears;
    scene_t              scenes[MAX_SCENES];
} life_t;

/*
 * Scores by the default policy, each far enough inside its band that time
 * alone moves no colour for the next fourteen days: what is not overdue yet
 * may become so, what fades may fade.  Diners add -2.5 to 2.5 where green or
 * red is planned, -3.6 to 0 where yellow is; credit A adds 3, C takes 5, D 15.
 */
static const life_t  lives[] = {

    /* A minor open, 97 with A; overdue 87. */
    { COLOUR(green), 5, "A", 1, 9, true, false, false, BEARS(NOTHING),
      { VISIT(0, 0, 0, 1), END } },
    /* One that held takes 10, a major put right 2.4: 85.1 at least. */
    { COLOUR(green), 7, "AB-", 5, 60, true, false, false, BEARS(REPAIR),
      { VISIT(0, 0, 0, 0), END } },
    /* In less than three minutes: an officer should look. */
    { COLOUR(green), 1, "AB-", 1, 6, true, false, false, BEARS(NOTHING),
      { DO(FAST, 0), END } },
    /* Fell to yellow and red, rose again: 93. */
    { COLOUR(green), 5, "AB-", 40, 80, true, false, false, BEARS(NOTHING),
      { VISIT(0, 0, 3, 0), DO(NIGHT, 8), DO(AGAIN, 10), DO(REPLY, 11),
        DO(SUBMIT, 14), DO(PASSED, 18), END } },
    /* 95 and more. */
    { COLOUR(green), 6, "AB-", 30, 90, true, true, false, BEARS(NOTHING),
      { VISIT(0, 0, 0, 2), DO(SUBMIT, 4), DO(VERIFY, 6), END } },

    /* A major overdue: 82, green until then. */
    { COLOUR(yellow), 5, "B-", 10, 40, true, false, false, BEARS(BLAME),
      { VISIT(0, 0, 1, 0), DO(NIGHT, 8), DO(REPLY, 9), END } },
    { COLOUR(yellow), 4, "B-", 12, 40, true, false, false, BEARS(BLAME),
      { VISIT(0, 0, 1, 0), DO(NIGHT, 8), DO(SUBMIT, 10), END } },
    /* Two majors, 84 at most for diners are not happy; overdue 64. */
    { COLOUR(yellow), 3, "B-", 1, 6, true, false, false, BEARS(NOTHING),
      { VISIT(0, 0, 2, 0), END } },
    /* Two minors overdue: 74. */
    { COLOUR(yellow), 5, "AB-", 20, 45, true, false, false, BEARS(NOTHING),
      { VISIT(0, 0, 0, 2), DO(REPLY, 3), DO(NIGHT, 16), END } },
    /* Credit D and a minor overdue: 72. */
    { COLOUR(yellow), 3, "B-", 20, 60, true, false, false, BEARS(NOTHING),
      { CREDIT(0, D), VISIT(3, 0, 0, 1), DO(NIGHT, 19), END } },
    /* A critical and three majors put right, credit C: 82.4, in 14 days 84. */
    { COLOUR(yellow), 3, "B-", 13, 20, true, false, false, BEARS(NOTHING),
      { CREDIT(0, C), VISIT(1, 1, 3, 0), DO(NIGHT, 3), DO(SUBMIT, 4),
        DO(PASSED, 5), DO(ASK, 7), END } },
    /* 95, held: credit and diners lowered it, only credit came back. */
    { COLOUR(yellow), 1, "B-", 115, 125, true, false, false, BEARS(NOTHING),
      { CREDIT(0, D), STARS(30, 1), STARS(35, 2), CREDIT(80, B),
        DO(ASK, 112), END } },
    /* A breach that a diner told of, overdue: 72. */
    { COLOUR(yellow), 1, "B-", 32, 60, true, false, false, BEARS(NOTHING),
      { VISIT(0, 0, 0, 0), TOLD(3, IGNORED), DO(NIGHT, 18), END } },

    /* On paper alone. */
    { COLOUR(red), 4, "AB-", 2, 42, true, false, true, BEARS(BREACH),
      { DO(NIGHT, 0), END } },
    /* A critical overdue and two majors: 54, 34 later.  Not decided yet. */
    { COLOUR(red), 1, "B-", 6, 15, true, false, false, BEARS(BLAME),
      { VISIT(0, 1, 2, 0), DO(NIGHT, 2), DO(APPEAL, 3), DO(NIGHT, 8), END } },
    { COLOUR(red), 3, "AB-", 10, 30, true, false, false, BEARS(BLAME),
      { VISIT(0, 1, 1, 0), DO(SUSPEND, 1), DO(NIGHT, 2), DO(NIGHT, 8),
        END } },
    /* Both overdue: 52. */
    { COLOUR(red), 6, "AB-", 12, 35, true, false, false, BEARS(BLAME),
      { VISIT(0, 1, 1, 0), DO(NIGHT, 2), DO(NIGHT, 8), DO(AGAIN, 9),
        DO(REPLY, 10), END } },
    /* Three majors overdue: 46. */
    { COLOUR(red), 6, "AB-", 15, 40, true, false, false, BEARS(BLAME),
      { VISIT(0, 0, 3, 0), DO(NIGHT, 8), DO(AGAIN, 10), DO(SUBMIT, 13),
        END } },
    /* Found just now: 56, and only less later. */
    { COLOUR(red), 4, "B-", 1, 2, true, false, false, BEARS(BLAME),
      { VISIT(0, 1, 3, 0), END } },
    /* Fined for what a diner told of, still not put right: 48. */
    { COLOUR(red), 1, "B-", 45, 75, true, false, false, BEARS(NOTHING),
      { VISIT(0, 0, 0, 0), TOLD(3, FINED), DO(NIGHT, 18), END } },

    /* Seen from afar: an officer has to say whether it counts. */
    { COLOUR(ungraded), 1, "AB-", 1, 6, false, false, false, BEARS(BREACH),
      { OFFSITE(0, 1), END } },
    { COLOUR(ungraded), 1, "AB-", 20, 100, false, false, false, BEARS(BREACH),
      { OFFSITE(0, 0), DO(DECLINE, 2), END } },
    { COLOUR(ungraded), 190, "AB-", 1, 1, false, false, false, BEARS(BREACH),
      { END } },

    { COLOUR(closed), 1, "AB-", 5, 100, true, false, false, BEARS(NOTHING),
      { DO(CLOSE, 0), END } },
};

/* A venue while its days are planned. */
typedef struct {
    shian_plan_t   *plan;
    const life_t   *life;
    shian_dice_t    dice;
    uint32_t        venue;
    uint32_t        user;
    uint64_t        items;      /* what its last visit found */
} tale_t;


/* ---- dealing out ----------------------------------------------------------*/

static uint64_t
share(uint64_t n, uint64_t of)
{
    return (n * of + OF / 2) / OF;
}


static bool
has_complaint(const life_t *life)
{
    const scene_t  *scene;

    for (scene = life->scenes; scene->deed != SHIAN_NDEEDS; scene++) {
        if (scene->deed == SHIAN_DO_FILE) {
            return true;
        }
    }

    return false;
}


/* Among those of a colour; none for a life that may not be. */
static uint64_t
weight(const shian_plan_t *p, const life_t *life, Shian__Colour__Kind colour)
{
    return life->colour != colour || (p->each == 0 && has_complaint(life))
           ? 0 : life->weight;
}


/*
 * The life of the r-th venue of a colour.  Seven has no factor in common with
 * a sum of weights, so the first few already differ.
 */
static uint8_t
pick_life(const shian_plan_t *p, Shian__Colour__Kind colour, uint64_t r)
{
    size_t    i;
    uint64_t  at, sum;

    for (sum = 0, i = 0; i < SHIAN_COUNT(lives); i++) {
        sum += weight(p, &lives[i], colour);
    }

    at = r * 7 % sum;

    for (i = 0; at >= weight(p, &lives[i], colour); i++) {
        at -= weight(p, &lives[i], colour);
    }

    return (uint8_t) i;
}


static void
swap_lives(shian_plan_t *p, uint64_t i, uint64_t j)
{
    uint8_t  life;

    life = p->life[i];
    p->life[i] = p->life[j];
    p->life[j] = life;
}


static void
deal(shian_plan_t *p)
{
    uint64_t       i, j, r, ends[5];
    shian_dice_t   dice = { p->seed };

    static const Shian__Colour__Kind  order[] = {
        COLOUR(red), COLOUR(green), COLOUR(yellow), COLOUR(closed),
        COLOUR(ungraded)
    };

    ends[0] = share(p->n, RED);
    ends[1] = ends[0] + share(p->n, GREEN);
    ends[2] = share(p->n, GRADED);
    ends[3] = ends[2] + (p->n + 99) / 100;
    ends[4] = p->n;

    for (i = 0, j = 0, r = 0; i < p->n; i++) {
        while (i >= ends[j]) {
            j++;
            r = 0;
        }

        p->life[i] = pick_life(p, order[j], r++);
    }

    /* Venue 1 is what a newcomer opens: one with something to improve. */
    swap_lives(p, 0, ends[1] < ends[2] ? ends[1] : 0);

    for (i = p->n; i > 2; i--) {
        swap_lives(p, 1 + shian_dice(&dice, i - 1), i - 1);
    }
}


/* Thirteen supervisors in the two inner subdistricts, offices elsewhere. */
static void
hire(shian_plan_t *p)
{
    size_t    i;
    uint32_t  times;

    times = (uint32_t) ((p->n + OF - 1) / OF);

    for (i = 0; i < SHIAN_DISTRICTS; i++) {
        p->count[i] = times * (i == 0 ? (SUPERVISORS + 1) / 2
                               : i == 1 ? SUPERVISORS / 2 : 1);
        p->first[i] = p->nstaff;
        p->nstaff += p->count[i];
    }
}


bool
shian_plan_init(shian_plan_t *p)
{
    hire(p);

    p->life = malloc(p->n);
    p->slots = malloc((size_t) p->nstaff * SHIAN_DEMO_WINDOW);

    if (p->life == NULL || p->slots == NULL) {
        return false;
    }

    deal(p);

    return true;
}


void
shian_plan_free(shian_plan_t *p)
{
    free(p->life);
    free(p->slots);
    free(p->events);
}


/* ---- one venue ------------------------------------------------------------*/

uint64_t
shian_plan_instant(const shian_plan_t *p, int32_t days, uint64_t minute)
{
    return (uint64_t) (p->today - days) * DAY_MS
           - SHIAN_TZ_MINUTES * UINT64_C(60000) + minute * 60000;
}


static void
append(shian_plan_t *p, shian_event_t e)
{
    size_t          size;
    shian_event_t  *grown;

    if (p->nevents == p->size) {
        size = p->size == 0 ? 16384 : p->size * 2;
        grown = realloc(p->events, size * sizeof(*grown));

        if (grown == NULL) {
            p->failed = true;
            return;
        }

        p->events = grown;
        p->size = size;
    }

    p->events[p->nevents++] = e;
}


/* A venue's plan is made anew for each window: what is outside is dropped. */
void
shian_plan_add(shian_plan_t *p, shian_event_t e, int32_t days,
    uint64_t minute)
{
    if (days <= p->hi && days >= p->lo) {
        e.at = shian_plan_instant(p, days, minute);
        append(p, e);
    }
}


static void
add(tale_t *t, uint8_t deed, int32_t days, uint64_t minute, uint64_t items,
    uint64_t n)
{
    shian_plan_add(t->plan, (shian_event_t) {
        .items = items, .venue = t->venue, .user = t->user, .deed = deed,
        .n = (uint8_t) n
    }, days, minute);
}


/*
 * An inspector's visits of a day are 45 minutes apart, so that nobody is at
 * two places or flies between them; the day begins at half past eight or
 * later.
 */
static void
add_visit(tale_t *t, uint8_t deed, int32_t days, uint64_t items)
{
    uint8_t       *taken;
    uint64_t       minutes, slot;
    shian_plan_t  *p = t->plan;

    minutes = deed == SHIAN_DO_FAST ? 2 : 15 + shian_dice(&t->dice, 15);

    if (days > p->hi || days < p->lo) {
        return;
    }

    taken = &p->slots[(size_t) t->user * SHIAN_DEMO_WINDOW
                      + (size_t) (p->hi - days)];
    slot = (t->user * UINT64_C(5) + (uint64_t) days * 7 + (*taken)++) % 17;
    add(t, deed, days, 510 + 45 * slot + minutes, items, minutes);
}


/* So many different items of each severity. */
static uint64_t
pick_items(tale_t *t, const uint8_t fails[3])
{
    int       s;
    uint8_t   n;
    uint64_t  picked, left, skip;

    for (picked = 0, s = 0; s < 3; s++) {
        for (n = fails[s]; n != 0; n--) {
            left = t->plan->items[s] & ~picked;
            skip = shian_dice(&t->dice,
                              (uint64_t) __builtin_popcountll(left));

            while (skip-- != 0) {
                left &= left - 1;
            }

            picked |= left & (~left + 1);
        }
    }

    return picked;
}


static void
tell(tale_t *t, const scene_t *scene, int32_t start)
{
    int32_t   days;
    uint64_t  minute;

    for (; scene->deed != SHIAN_NDEEDS; scene++) {
        days = start - scene->after;
        minute = 600 + shian_dice(&t->dice, 600);

        /* It lies in the future. */
        if (days < 1) {
            break;
        }

        switch (scene->deed) {

        case SHIAN_DO_VISIT:
        case SHIAN_DO_OFFSITE:
        case SHIAN_DO_FAST:
            t->items = pick_items(t, scene->fails);
            add_visit(t, scene->deed, days, t->items);
            break;

        case SHIAN_DO_AGAIN:
            add_visit(t, scene->deed, days, t->items);
            break;

        case SHIAN_DO_PASSED:
            add_visit(t, scene->deed, days, 0);
            break;

        case SHIAN_DO_FILE:
            shian_story_tell(t->plan, &t->dice, t->venue, t->user, scene->n,
                             days);
            break;

        case SHIAN_DO_NIGHT:
            minute = 0;
            /* fall through */

        default:
            add(t, scene->deed, days, minute, t->items, scene->n);
        }
    }
}


static void
tell_past(tale_t *t)
{
    int32_t   k, n;
    uint64_t  which;

    if (shian_dice(&t->dice, 3) != 0) {
        tell(t, chapters[0], 690 + (int32_t) shian_dice(&t->dice, 35));
    }

    n = 1 + (int32_t) shian_dice(&t->dice, 3);

    for (k = 0; k < n; k++) {
        which = shian_dice(&t->dice, SHIAN_COUNT(told));
        tell(t, chapters[told[which]],
             200 + k * 170 + (int32_t) shian_dice(&t->dice, 60));
    }

    if (shian_dice(&t->dice, 3) != 0) {
        tell(t, chapters[0], 130 + (int32_t) shian_dice(&t->dice, 40));
    }
}


/* A place that nobody has graded has diners as well. */
static void
tell_reviews(tale_t *t)
{
    bool      graded, yellow;
    int32_t   days, from;
    uint64_t  k, n;

    yellow = t->life->colour == COLOUR(yellow);
    graded = t->life->past;
    from = t->life->colour == COLOUR(closed) ? 110 : 1;
    n = shian_dice(&t->dice, graded ? 11 : 3);

    for (k = 0; k < n; k++) {
        days = from + (int32_t) shian_dice(&t->dice, 600);
        add(t, SHIAN_DO_REVIEW, days, 660 + shian_dice(&t->dice, 540), 0,
            3 + shian_dice(&t->dice, yellow ? 2 : 3));
    }

    if (n != 0 && from == 1 && shian_dice(&t->dice, 6) == 0) {
        add(t, SHIAN_DO_THANK, 1, 1330, 0, 0);
    }

    for (k = yellow ? 2 + shian_dice(&t->dice, 3) : 0; k != 0; k--) {
        days = 1 + (int32_t) shian_dice(&t->dice, 150);
        add(t, SHIAN_DO_REVIEW, days, 660 + shian_dice(&t->dice, 540), 0,
            2 + shian_dice(&t->dice, 2));
    }
}


/* Who files is not late in the next fourteen days, or is so long since. */
static void
tell_self_checks(tale_t *t)
{
    int32_t  days;

    if (!t->life->lapsed && shian_dice(&t->dice, 4) != 0) {
        return;
    }

    days = t->life->lapsed ? 60 + (int32_t) shian_dice(&t->dice, 30)
                           : 1 + (int32_t) shian_dice(&t->dice, 10);

    for (; days < 690; days += 28) {
        add(t, SHIAN_DO_SELF_CHECK, days, 1260, shian_dice(&t->dice, 1u << 20),
            0);
    }
}


/* Years that are over are evaluated on the first of January. */
static void
tell_years(tale_t *t)
{
    int32_t  y, m, d, year;

    shian_civil_from_day(t->plan->today, &y, &m, &d);

    for (year = y - 2; year <= y; year++) {
        add(t, SHIAN_DO_EVALUATE,
            t->plan->today - shian_day_from_civil(year, 1, 1), 10, 0, 0);
    }
}


/*
 * A place that is complained of.  What is put right ends before its last
 * visit, which would find it.
 */
static void
tell_complaint(tale_t *t, int32_t start)
{
    uint8_t               story;
    int32_t               filed;
    const shian_story_t  *s;

    if (t->plan->each == 0 || t->venue % t->plan->each != 0
        || t->life->colour == COLOUR(closed) || has_complaint(t->life))
    {
        return;
    }

    story = shian_story_pick(t->venue / t->plan->each, t->life->bears);
    s = &shian_stories[story];
    filed = s->from + (int32_t) shian_dice(&t->dice,
                                           (uint64_t) (s->to - s->from + 1));

    if (t->life->bears == SHIAN_BEARS_REPAIR
        && s->needs == SHIAN_BEARS_REPAIR && filed < start + 18)
    {
        filed = start + 18 + filed % 12;
    }

    shian_story_tell(t->plan, &t->dice, t->venue, t->user, story, filed);
}


static void
tell_venue(shian_plan_t *p, uint64_t i)
{
    char           credit;
    tale_t         t = { p, &lives[p->life[i]],
                         shian_dice_for(p->seed, i + 1, 1), (uint32_t) i, 0,
                         0 };
    int32_t        start, licence;
    shian_place_t  place = shian_demo_place(p->seed, i + 1);

    t.user = p->first[place.district]
             + (uint32_t) (i % p->count[place.district]);
    start = t.life->from + (int32_t) shian_dice(&t.dice,
                                (uint64_t) (t.life->to - t.life->from + 1));
    credit = t.life->credits[shian_dice(&t.dice, strlen(t.life->credits))];
    licence = (int32_t) shian_dice(&t.dice, 1500);
    licence = t.life->expires ? p->today - start - 1
                              : p->today + 30 + licence;

    add(&t, SHIAN_DO_JOIN, SHIAN_DEMO_FOUNDED, i * 400 / p->n,
        (uint64_t) licence,
        credit == 'A' ? LEVEL(A) : credit == 'B' ? LEVEL(B) : 0);
    add(&t, SHIAN_DO_PLAQUE, SHIAN_DEMO_FOUNDED - 5, i * 600 / p->n, 0, 0);

    tell_reviews(&t);

    if (t.life->past) {
        tell_past(&t);
        tell_years(&t);
    }

    if (t.life->past && t.life->colour != COLOUR(closed)) {
        tell_self_checks(&t);
    }

    tell(&t, t.life->scenes, start);
    tell_complaint(&t, start);
}


/* ---- windows --------------------------------------------------------------*/

static int
by_time(const void *x, const void *y)
{
    const shian_event_t  *a = x, *b = y;

    return a->at != b->at ? (a->at < b->at ? -1 : 1)
           : a->venue != b->venue ? (a->venue < b->venue ? -1 : 1)
           : a->deed != b->deed ? (int) a->deed - (int) b->deed
           : (int) a->n - (int) b->n;
}


bool
shian_plan_window(shian_plan_t *p, int32_t hi, int32_t lo)
{
    uint64_t  i;

    p->hi = hi;
    p->lo = lo;
    p->nevents = 0;
    memset(p->slots, 0, (size_t) p->nstaff * SHIAN_DEMO_WINDOW);

    for (i = 0; i < p->n && !p->failed; i++) {
        tell_venue(p, i);
    }

    if (!p->failed && p->nevents != 0) {
        qsort(p->events, p->nevents, sizeof(*p->events), by_time);
    }

    return !p->failed;
}
