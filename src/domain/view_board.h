/*
 * The complaint board: what the bureau sees of complaints and reports, and
 * what everybody else may.  As in view.h all is in the transaction's arena,
 * NULL means no such thing or txn->err, and cursors are raw keys.
 */

#ifndef SHIAN_VIEW_BOARD_H
#define SHIAN_VIEW_BOARD_H

#include "complaint.h"
#include "view.h"

/* Rows of an index that one page may look at; then it ends where it is. */
#define SHIAN_BOARD_ROWS  20000

/* Who looks, and what for.  Zeroes and NULLs filter nothing. */
typedef struct {
    Shian__Role__Kind         role;
    const Shian__User        *user;
    uint64_t                  now_ms;
    int32_t                   today;
    const shian_workdays_t   *workdays;     /* what days left are counted by */

    int                       state;        /* Complaint.State; 0: no end */
    int                       kind;         /* Complaint.Kind */
    const char               *category;
    const char               *district;
    bool                      has_officer;
    uint64_t                  officer;      /* 0 with has_officer: nobody's */
    bool                      overdue;
    uint64_t                  id;           /* that one alone */
    uint64_t                  chosen;

    shian_str_t               after;
    size_t                    limit;
    size_t                    rows;         /* out: of the index, looked at */

    const Shian__Categories  *categories;   /* filled when first needed */
} shian_board_t;

/*
 * May the caller see it?  The bureau within its districts; an inspector what
 * was dispatched to them.
 */
bool shian_board_sees(shian_txn_t *t, const shian_board_t *b,
    const Shian__Complaint *c);

/* The page of the board; the most urgent first.  *next as in view.h. */
Shian__ComplaintList *shian_view_board(shian_txn_t *t, shian_board_t *b,
    shian_str_t *next);

Shian__BoardItem *shian_view_board_item(shian_txn_t *t,
    shian_board_t *b, const Shian__Complaint *c);

/* All of one that the caller sees, but name and contact. */
Shian__ComplaintView *shian_view_complaint(shian_txn_t *t,
    const shian_keys_t *keys, shian_board_t *b, const Shian__Complaint *c);

/* Opens name and contact into *view: after contact.view allowed it. */
void shian_view_contact(shian_txn_t *t, const shian_keys_t *keys,
    const Shian__Complaint *c, Shian__ComplaintView *view);

/*
 * Who may be sent, with how much they have: for c those whose districts cover
 * it, the first being suggested; for NULL everybody within the caller's
 * districts.  False without memory.
 */
bool shian_view_people(shian_txn_t *t, shian_board_t *b,
    const Shian__Complaint *c, Shian__PersonLoad ***out, size_t *n);

/* A colleague and what is open with them, as far as the caller sees. */
Shian__OfficerView *shian_view_officer(shian_txn_t *t, shian_board_t *b,
    uint64_t id);


/* ---- cases, looks, the venue's side: view_case.c --------------------------*/

/* state 0: every state, those not closed first. */
Shian__CaseList *shian_view_cases(shian_txn_t *t, const shian_board_t *b,
    int state, shian_str_t after, size_t limit, shian_str_t *next);
Shian__CaseView *shian_view_case(shian_txn_t *t, const Shian__Case *c,
    Shian__Role__Kind role);

/* What the bureau has published about the venue, the newest first. */
bool shian_view_penalties(shian_txn_t *t, uint64_t venue,
    Shian__PenaltyView ***out, size_t *n);

/* Looks at contacts of what the caller sees, newest first. */
Shian__LookList *shian_view_looks(shian_txn_t *t, const shian_board_t *b,
    shian_str_t after, size_t limit, shian_str_t *next);

/*
 * That there are complaints, and what was released of them: none before it is
 * public at now_ms.
 */
Shian__MyComplaintList *shian_view_my_complaints(shian_txn_t *t,
    uint64_t venue, uint64_t now_ms, shian_str_t after, size_t limit,
    shian_str_t *next);


/* ---- figures: view_figures.c ----------------------------------------------*/

/*
 * The last twelve months up to now_ms.  districts: only these (n 0: all).
 * Labels of categories are filled in, `median` is the page's.
 */
Shian__Figures *shian_view_figures(shian_txn_t *t, uint64_t now_ms,
    char *const *districts, size_t n);


/* ---- texts: step_text.c ---------------------------------------------------*/

/*
 * The texts in force, numbered from 1 and only to be read; NULL without
 * memory.  Any thread.
 */
Shian__StepTexts *shian_step_texts(void);

/* Those of an action, none for one that has no text.  Any thread. */
void shian_step_sentences(const Shian__StepTexts *all, const char *action,
    Shian__StepText ***items, size_t *n);

#endif /* SHIAN_VIEW_BOARD_H */
