/*
 * What diners of the demo city complain of, and how it goes: stories that are
 * told from a day on, as far as there are days.
 */

#ifndef SHIAN_DEMO_STORY_H
#define SHIAN_DEMO_STORY_H

#include "demo_life.h"

#define SHIAN_STORY_STEPS  14

/* What a venue's life can take without another colour than was dealt. */
typedef enum {
    SHIAN_BEARS_NOTHING = 0,
    SHIAN_BEARS_BLAME,          /* that one was substantiated */
    SHIAN_BEARS_REPAIR,         /* and a finding, put right before its last
                                   visit */
    SHIAN_BEARS_BREACH          /* and a finding at any time */
} shian_bears_t;

/* Stories that a life asks for by name. */
enum {
    SHIAN_STORY_IN_HAND = 0,    /* also the first venue's */
    SHIAN_STORY_NOT_FOUND,      /* stands for what a venue cannot bear */
    SHIAN_STORY_IGNORED,
    SHIAN_STORY_FINED
};

typedef struct {
    uint8_t   deed;
    uint8_t   n;
    uint16_t  after;            /* minutes, since the step before */
} shian_story_step_t;

typedef struct {
    uint8_t             weight;
    char                kind;           /* complaint, report, both; '-' */
    uint8_t             from;           /* filed so many days ago, or fewer */
    uint8_t             to;
    uint8_t             subjects[2];    /* the first, and how many */
    shian_bears_t       needs;
    bool                held;           /* it is substantiated */
    shian_story_step_t  steps[SHIAN_STORY_STEPS];
} shian_story_t;

/* What it is about. */
typedef struct {
    const char  *category;
    const char  *item;          /* of the checklist; NULL: none is broken */
    const char  *zh[3];
    const char  *en[2];
    const char  *released;      /* what the venue is told */
} shian_subject_t;

/* What the bureau writes. */
typedef enum {
    SHIAN_WRITE_ACCEPT = 0,
    SHIAN_WRITE_DISPATCH,
    SHIAN_WRITE_FOUND,          /* a report: it is so */
    SHIAN_WRITE_NOT_FOUND,
    SHIAN_WRITE_HELD,           /* to the complainant */
    SHIAN_WRITE_NOT_HELD,
    SHIAN_WRITE_SETTLED,        /* the same, of a dispute */
    SHIAN_WRITE_CLOSE,
    SHIAN_WRITE_MERGE,
    SHIAN_WRITE_NOTE,
    SHIAN_WRITE_EXTEND,
    SHIAN_WRITE_LOOK,           /* why a name is asked for */
    SHIAN_WRITE_CASE,
    SHIAN_WRITE_ADD,            /* the complainant, later */
    SHIAN_WRITE_REOPEN
} shian_write_t;

extern const shian_story_t    shian_stories[];
extern const shian_subject_t  shian_subjects[];

/* The story of the r-th place that is complained of, and can bear that. */
uint8_t shian_story_pick(uint64_t r, shian_bears_t bears);

/* Adds its events, filed so many days before today. */
void shian_story_tell(shian_plan_t *p, shian_dice_t *dice, uint32_t venue,
    uint32_t user, uint8_t story, int32_t filed);

/* One of the sentences of a kind; static, not to be written to. */
char *shian_story_write(shian_dice_t *d, shian_write_t what);

/* Why the bureau refuses; *text is static. */
Shian__Complaint__Ground shian_story_refuse(shian_dice_t *d, char **text);

#endif /* SHIAN_DEMO_STORY_H */
