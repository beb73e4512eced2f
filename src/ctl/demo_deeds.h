/*
 * The demo city's events as operations, by the people who would ask for them.
 */

#ifndef SHIAN_DEMO_DEEDS_H
#define SHIAN_DEMO_DEEDS_H

#include "core/workday.h"
#include "ctl.h"
#include "demo_life.h"

/*
 * Operations in one write transaction.  Nobody else writes yet, and whatever
 * page a transaction touches twice is written once.
 */
#define SHIAN_DEMO_BATCH  4000

/* What later events of a venue refer to. */
typedef struct {
    uint64_t  finding;          /* the first of its last visit's findings */
    uint64_t  items;            /* and of which items they are */
    uint64_t  inspection;
    uint64_t  review;           /* the last published; 0: none */
    uint64_t  appeal;
    uint64_t  complaint;        /* the last filed */
    uint64_t  twin;             /* filed about the same */
    uint64_t  enforcement;      /* the case that arose */
    uint8_t   subject;          /* what it is about */
    uint8_t   story;
    bool      english;
    bool      halves;           /* two records: complaint and report */
} shian_memory_t;

typedef struct {
    shian_ctl_t             *ctl;
    shian_plan_t             plan;
    shian_workdays_t         workdays;
    const Shian__Checklist  *checklist;     /* in force, up to 64 items */
    uint64_t                *staff;         /* users, in the plan's order */
    uint64_t                 officer;
    uint64_t                 chief;
    shian_memory_t          *memory;        /* by venue */

    /* How many there are: ids are given in turn. */
    uint64_t                 findings;
    uint64_t                 inspections;
    uint64_t                 reviews;
    uint64_t                 appeals;
    uint64_t                 complaints;
    uint64_t                 cases;
    uint64_t                 settled;       /* complaints in the store */

    uint64_t                 operations;

    /* What is queued: SHIAN_DEMO_BATCH items, in an arena emptied with them. */
    shian_item_t            *items;
    size_t                   n;
    shian_arena_t            arena;
} shian_demo_t;

/* Queues what an event is.  False: it was said why. */
bool shian_demo_do(shian_demo_t *d, const shian_event_t *e);

/* Runs what is queued.  False: it was said what was refused. */
bool shian_demo_settle(shian_demo_t *d);

#endif /* SHIAN_DEMO_DEEDS_H */
