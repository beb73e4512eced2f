#include "demo_story.h"

#define DO(name)        SHIAN__COMPLAINT_STEP__ACTION__##name

/* The bureau, the complainant, the venue and its visitor, a case. */
#define STEP(name, after)     { SHIAN_DO_HANDLE, DO(name), after }
#define DINER(name, after)                                                   \
    { SHIAN_DO_FOLLOW, SHIAN__COMPLAINT_FOLLOW__ACTION__##name, after }
#define CASE(name, after)                                                    \
    { SHIAN_DO_PURSUE, SHIAN__CASE__STATE__##name, after }
#define EVENT(name, after)    { SHIAN_DO_##name, 0, after }
#define END                   { SHIAN_NDEEDS, 0, 0 }

#define TAKEN    STEP(accept, 25), STEP(dispatch, 180)
#define SEEN     TAKEN, STEP(check_in, 1200), STEP(report, 50)
#define DECIDED  SEEN, STEP(decide, 1400)

#define ALL      { 0, 15 }
#define MAJOR    { 0, 3 }
#define BROKEN   { 0, 12 }          /* an item of the checklist */
#define DISPUTE  { 12, 3 }

#define NOTHING  SHIAN_BEARS_NOTHING, false
#define BLAME    SHIAN_BEARS_BLAME, true
#define REPAIR   SHIAN_BEARS_REPAIR, true
#define BREACH   SHIAN_BEARS_BREACH, true

/*
 * Each goes on as far as there are days, so what was filed lately stands
 * where the bureau would have it by now.  Nearly all of it is done in time;
 * what is put right is so within the seven days of a major finding.
 */
const shian_story_t  shian_stories[] = {
    [SHIAN_STORY_IN_HAND] = { 2, '-', 5, 6, BROKEN, NOTHING,
      { TAKEN, STEP(release, 200), STEP(check_in, 1200), END } },
    [SHIAN_STORY_NOT_FOUND] = { 13, '-', 12, 90, ALL, NOTHING,
      { DECIDED, STEP(close, 1000), DINER(rate, 700), END } },

    /* The lives of venues tell these two. */
    [SHIAN_STORY_IGNORED] = { 0, 'r', 30, 30, MAJOR, BREACH,
      { TAKEN, STEP(release, 60), STEP(check_in, 1200), STEP(report, 50),
        STEP(decide, 1400), STEP(rectify, 20), END } },
    [SHIAN_STORY_FINED] = { 0, 'r', 60, 60, MAJOR, BREACH,
      { DECIDED, STEP(rectify, 20), CASE(opened, 1000),
        CASE(decided, 14400), CASE(closed, 43000), END } },

    /* Yesterday evening's. */
    { 4, '-', 1, 1, ALL, NOTHING, { STEP(note, 40), END } },
    { 1, 'r', 1, 1, ALL, NOTHING, { END } },
    { 3, 'c', 1, 2, ALL, NOTHING,
      { STEP(accept, 25), EVENT(LOOK, 30), END } },

    { 4, '-', 2, 4, ALL, NOTHING, { TAKEN, DINER(add, 300), END } },
    { 3, '-', 5, 6, ALL, NOTHING, { SEEN, END } },
    { 1, 'r', 14, 18, BROKEN, NOTHING,
      { TAKEN, STEP(check_in, 1200), STEP(extend, 9000), END } },
    { 2, '-', 5, 7, ALL, NOTHING, { DECIDED, END } },
    { 2, 'r', 5, 7, BROKEN, BREACH, { DECIDED, END } },
    { 4, '-', 8, 12, BROKEN, BREACH,
      { DECIDED, STEP(rectify, 20), EVENT(SUBMIT, 2800), END } },

    { 11, '-', 26, 90, BROKEN, REPAIR,
      { DECIDED, STEP(rectify, 20), EVENT(SUBMIT, 2800),
        EVENT(VERIFY, 2000), STEP(close, 1000), DINER(rate, 700), END } },
    { 4, 'c', 14, 85, DISPUTE, BLAME,
      { STEP(accept, 25), EVENT(LOOK, 60), STEP(dispatch, 180),
        STEP(check_in, 1200), STEP(report, 50), STEP(decide, 4300),
        STEP(rectify, 20), STEP(close, 2800), DINER(rate, 700), END } },
    { 4, 'c', 4, 90, ALL, NOTHING,
      { STEP(note, 40), STEP(refuse, 2800), END } },
    { 3, 'r', 10, 80, BROKEN, NOTHING,
      { STEP(accept, 25), EVENT(FILE, 300), STEP(merge, 40),
        STEP(dispatch, 60), STEP(check_in, 1200), STEP(report, 50),
        STEP(decide, 1400), STEP(close, 1000), END } },
    { 3, '-', 6, 85, ALL, NOTHING,
      { STEP(accept, 25), DINER(withdraw, 1500), END } },
    { 2, '-', 14, 30, ALL, NOTHING,
      { DECIDED, STEP(close, 1000), DINER(reopen, 4000),
        STEP(dispatch, 1000), STEP(check_in, 1200), STEP(report, 50),
        STEP(decide, 1400), STEP(close, 1000), END } },
    { 2, 'b', 3, 80, BROKEN, NOTHING, { DECIDED, STEP(close, 1000), END } },

    /* Late: then, now, and nearly so. */
    { 1, 'r', 50, 80, BROKEN, NOTHING,
      { TAKEN, STEP(check_in, 1200), STEP(report, 50), STEP(decide, 34000),
        STEP(close, 1000), END } },
    { 1, 'r', 26, 29, BROKEN, NOTHING,
      { TAKEN, STEP(check_in, 1200), STEP(report, 50), END } },
    { 2, 'c', 9, 10, ALL, NOTHING, { STEP(note, 40), END } },

    /* A case is open, or it came to nothing. */
    { 1, 'r', 12, 18, BROKEN, BREACH,
      { DECIDED, STEP(rectify, 20), EVENT(SUBMIT, 2800),
        CASE(opened, 1400), END } },
    { 2, 'r', 50, 90, BROKEN, BREACH,
      { DECIDED, STEP(rectify, 20), CASE(opened, 1400),
        EVENT(SUBMIT, 1400), EVENT(VERIFY, 1400), CASE(decided, 12000),
        CASE(closed, 3000), STEP(close, 60), END } },
};


/* Thirty-one has no factor in common with the sum of weights. */
uint8_t
shian_story_pick(uint64_t r, shian_bears_t bears)
{
    size_t    i;
    uint64_t  at, sum;

    for (sum = 0, i = 0; i < SHIAN_COUNT(shian_stories); i++) {
        sum += shian_stories[i].weight;
    }

    at = r * 31 % sum;

    for (i = 0; at >= shian_stories[i].weight; i++) {
        at -= shian_stories[i].weight;
    }

    return shian_stories[i].needs <= bears ? (uint8_t) i
                                           : SHIAN_STORY_NOT_FOUND;
}


/* What the bureau does not do at once it does the next morning. */
static uint64_t
office_hours(shian_dice_t *dice, uint64_t at)
{
    uint64_t  minute;

    minute = at % 1440;

    if (minute >= 510 && minute < 1050) {
        return at;
    }

    return at - minute + (minute < 510 ? 0 : 1440) + 510
           + shian_dice(dice, 120);
}


void
shian_story_tell(shian_plan_t *p, shian_dice_t *dice, uint32_t venue,
    uint32_t user, uint8_t story, int32_t filed)
{
    uint64_t                   at;
    shian_event_t              e = { .venue = venue, .user = user };
    const shian_story_step_t  *s;

    at = 660 + shian_dice(dice, 600);
    e.deed = SHIAN_DO_FILE;
    e.n = story;
    shian_plan_add(p, e, filed, at);

    for (s = shian_stories[story].steps; s->deed != SHIAN_NDEEDS; s++) {
        at += s->after + shian_dice(dice, s->after / 4 + 1);

        if (s->deed != SHIAN_DO_FOLLOW && s->after > 60) {
            at = office_hours(dice, at);
        }

        /* It lies in the future. */
        if (filed - (int32_t) (at / 1440) < 1) {
            break;
        }

        /* Filed in the midst of a story: another one about the same. */
        e.deed = s->deed;
        e.n = s->deed == SHIAN_DO_FILE ? story : s->n;
        e.items = s->deed == SHIAN_DO_FILE;
        shian_plan_add(p, e, filed - (int32_t) (at / 1440), at % 1440);
    }
}
