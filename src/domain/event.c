#include "event.h"


Shian__Event *
shian_event(shian_txn_t *t, const Shian__Entry *e)
{
    uint64_t                 venue;
    const char              *type;
    Shian__Tally            *tally;
    Shian__Venue            *v;
    Shian__Event            *event;
    const Shian__Operation  *op = e->operation;

    if (op->body_case == SHIAN__OPERATION__BODY_INSPECTION_IMPORT
        && op->inspection_import->inspection != NULL)
    {
        type = "venue.red";
        venue = op->inspection_import->inspection->venue;
        tally = shian_tally_get(t, venue);

        if (tally == NULL || tally->grade == NULL
            || tally->grade->colour != SHIAN__COLOUR__KIND__red)
        {
            return NULL;
        }

    } else if (op->body_case == SHIAN__OPERATION__BODY_REVIEW_POST
               && op->review_post->hold)
    {
        type = "review.held";
        venue = op->review_post->venue;

    } else {
        return NULL;
    }

    v = shian_venue_get(t, venue);
    event = shian_alloc(t->arena, sizeof(*event));

    if (v == NULL || event == NULL) {
        return NULL;
    }

    shian__event__init(event);
    event->has_id = event->has_at = event->has_venue = 1;
    event->id = e->seq;
    event->at = op->at;
    event->venue = venue;
    event->type = (char *) type;
    event->venue_name = v->name;
    event->district = v->district;
    event->href = shian_printf(t->arena, "/v/%llu",
                               (unsigned long long) venue);

    return event;
}
