/*
 * What happens in the demo city, and when.  Each venue is dealt a life whose
 * evidence leads to a colour by the rules; nothing here knows the rules, and
 * nothing assigns a colour.
 */

#ifndef SHIAN_DEMO_LIFE_H
#define SHIAN_DEMO_LIFE_H

#include "demo_city.h"

/* Days before today. */
#define SHIAN_DEMO_FOUNDED  745         /* the city's first day */
#define SHIAN_DEMO_WINDOW   30          /* planned at a time */

typedef enum {
    SHIAN_DO_JOIN = 0,          /* also the order within one instant */
    SHIAN_DO_PLAQUE,
    SHIAN_DO_NIGHT,             /* it is taken over midnight */
    SHIAN_DO_EVALUATE,
    SHIAN_DO_CREDIT,
    SHIAN_DO_VISIT,
    SHIAN_DO_AGAIN,             /* a recheck that finds the same */
    SHIAN_DO_PASSED,            /* a recheck with nothing left to find */
    SHIAN_DO_OFFSITE,
    SHIAN_DO_FAST,
    SHIAN_DO_CONFIRM,
    SHIAN_DO_DECLINE,
    SHIAN_DO_SUBMIT,
    SHIAN_DO_VERIFY,
    SHIAN_DO_REJECT,
    SHIAN_DO_EXTEND,
    SHIAN_DO_REPLY,
    SHIAN_DO_APPEAL,
    SHIAN_DO_UPHOLD,
    SHIAN_DO_DISMISS,
    SHIAN_DO_ASK,
    SHIAN_DO_SELF_CHECK,
    SHIAN_DO_REVIEW,
    SHIAN_DO_THANK,
    SHIAN_DO_SUSPEND,
    SHIAN_DO_RESUME,
    SHIAN_DO_CLOSE,
    SHIAN_DO_FILE,              /* a complaint: n is its story */
    SHIAN_DO_HANDLE,            /* n: a step of the bureau */
    SHIAN_DO_FOLLOW,            /* n: one of the complainant */
    SHIAN_DO_LOOK,              /* at name and contact */
    SHIAN_DO_PURSUE,            /* a case; n: one of its states */
    SHIAN_NDEEDS
} shian_deed_t;

typedef struct {
    uint64_t  at;
    uint64_t  items;            /* of the checklist, by bit; JOIN: the day
                                   the licence expires */
    uint32_t  venue;            /* from 0 */
    uint32_t  user;             /* who visits, in the staff's order */
    uint8_t   deed;
    uint8_t   n;                /* stars, minutes, a credit level, a story,
                                   a step */
} shian_event_t;

typedef struct {
    uint64_t         seed;
    int32_t          today;     /* local day */
    uint64_t         n;         /* venues */
    uint64_t         each;      /* one of so many is complained of; 0: none */
    uint64_t         items[3];  /* of the checklist that may fail, by
                                   severity */
    uint8_t         *life;
    uint32_t         first[SHIAN_DISTRICTS];    /* inspectors, in the staff's
                                                   order */
    uint32_t         count[SHIAN_DISTRICTS];
    uint32_t         nstaff;

    /* The window that is planned: days hi to lo before today. */
    int32_t          hi;
    int32_t          lo;
    uint8_t         *slots;     /* visits by user and day */
    shian_event_t   *events;
    size_t           nevents;
    size_t           size;
    bool             failed;    /* memory has run out */
} shian_plan_t;

/*
 * Deals a life to each venue, to the first one with something to improve;
 * seed, today, n and items are set.  False: no memory; shian_plan_free is due
 * either way.
 */
bool shian_plan_init(shian_plan_t *p);
void shian_plan_free(shian_plan_t *p);

/*
 * Plans the days from hi down to lo before today, at most
 * SHIAN_DEMO_WINDOW: events[] in the order of time.  False: no memory.
 */
bool shian_plan_window(shian_plan_t *p, int32_t hi, int32_t lo);

/*
 * Adds an event at a minute of the local day that is so many before today;
 * what lies outside of the window is dropped.
 */
void shian_plan_add(shian_plan_t *p, shian_event_t e, int32_t days,
    uint64_t minute);

/* The instant of a minute of the local day that is so many before today. */
uint64_t shian_plan_instant(const shian_plan_t *p, int32_t days,
    uint64_t minute);

#endif /* SHIAN_DEMO_LIFE_H */
