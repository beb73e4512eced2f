/*
 * The grade as a pure function: what is known about a venue, the policy and
 * an instant give score, colour and the components that explain them.
 * Integers in hundredths of a point; division truncates toward zero.
 *
 * Evidence alone gives one colour, with its holds; paper (closed, suspended,
 * an expired licence) is laid over it where it is shown, and lowers nothing.
 */

#ifndef SHIAN_GRADE_H
#define SHIAN_GRADE_H

#include "core/base.h"
#include "shian.pb-c.h"

typedef enum {
    SHIAN_MINOR = 0,
    SHIAN_MAJOR,
    SHIAN_CRITICAL
} shian_severity_t;

/* Points, days and stars as the policy document has them. */
typedef struct {
    int32_t  tz_minutes;
    int32_t  green;
    int32_t  yellow;
    int32_t  finding[3];            /* by severity */
    int32_t  overdue;
    int32_t  residual_percent;
    int32_t  residual_days;
    int32_t  complaint_points;
    int32_t  complaint_days;
    int32_t  case_points;
    int32_t  case_days;
    int32_t  lapse_certificate;
    int32_t  lapse_self_check;
    int32_t  self_check_days;
    int32_t  reviews_prior_mean;
    int32_t  reviews_prior_count;
    int32_t  reviews_days;
    int32_t  reviews_per_star;
    int32_t  reviews_max_bonus;
    int32_t  reviews_max_penalty;
    int32_t  credit[5];             /* absent, A, B, C, D */
    int32_t  stale_days;
    int32_t  every_green;           /* days between visits */
    int32_t  every_yellow;
    int32_t  every_red;
    int32_t  every_ungraded;
} shian_policy_t;

extern const shian_policy_t  shian_policy_default;

typedef struct {
    uint64_t          id;
    shian_severity_t  severity;
    bool              verified;
    int32_t           day;          /* deadline, or of the verification */
} shian_grade_finding_t;

/* A substantiated complaint or an enforcement case with a penalty. */
typedef struct {
    uint64_t  id;
    int32_t   day;
} shian_grade_event_t;

/* Days are local day numbers, instants ms; 0 means never where marked (0). */
typedef struct {
    bool                          closed;
    bool                          suspended;
    bool                          has_licence_expiry;
    int32_t                       licence_expires;
    int32_t                       credit;       /* 0 absent, 1 A … 4 D */
    bool                          has_visit;
    int32_t                       visit_day;
    const shian_grade_finding_t  *findings;
    size_t                        nfindings;
    const shian_grade_event_t    *complaints;
    size_t                        ncomplaints;
    const shian_grade_event_t    *cases;
    size_t                        ncases;
    bool                          certificate_missing;
    bool                          has_certificate_expiry;
    int32_t                       certificate_expires;
    bool                          has_self_check;
    int32_t                       self_check_day;
    uint64_t                      reviews;
    uint64_t                      hygiene_sum;

    /* What the hold looks at. */
    Shian__Colour__Kind           before;       /* of the evidence */
    uint64_t                      evidence_at;  /* last visit or verified
                                                   rectification (0) */
    uint64_t                      downgrade_at; /* by evidence (0) */
} shian_grade_inputs_t;

typedef struct {
    Shian__Colour__Kind   colour;       /* as it is shown */
    Shian__Colour__Kind   evidence;     /* as if there were no paper */
    bool                  scored;       /* shown with its score */
    int32_t               score;        /* hundredths, of the evidence */
    bool                  held;         /* the evidence's colour is */
    size_t                n;
    Shian__Component    **components;
} shian_grade_t;

/*
 * Grades at local day `day`.  Components are in the arena; without one (NULL)
 * there are none, and nothing can fail.  False when memory has run out.  Any
 * thread.
 */
bool shian_grade(const shian_policy_t *p, const shian_grade_inputs_t *in,
    int32_t day, shian_arena_t *a, shian_grade_t *out);

#endif /* SHIAN_GRADE_H */
