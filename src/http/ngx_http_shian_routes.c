#include "ngx_http_shian.h"

#define ANY      SHIAN_ANYBODY
#define ADMIN    SHIAN_ROLE(admin)
#define CHIEF    (SHIAN_ROLE(chief) | ADMIN)
#define CITY     (SHIAN_ROLE(chief) | ADMIN | SHIAN_CITY)
#define OFFICER  (SHIAN_ROLE(officer) | CHIEF)
#define STAFF    (SHIAN_ROLE(inspector) | OFFICER)
#define VENUE    SHIAN_ROLE(venue)
#define BANK     SHIAN_ROLE(bank)
#define MEDIA    SHIAN_ROLE(media)

#define GET      NGX_HTTP_GET
#define POST     NGX_HTTP_POST

#define JSON     SHIAN_FORMAT(JSON)
#define CSV      SHIAN_FORMAT(CSV)
#define GEO      SHIAN_FORMAT(GEOJSON)
#define XML      SHIAN_FORMAT(XML)

#define SMALL    (64 * 1024)
#define LIST     (1024 * 1024)           /* a checklist, percent-encoded */
#define PHOTOS   (33 * 1024 * 1024)
#define SIX      (49 * 1024 * 1024)     /* photos of a complaint */

#define F(name)  ngx_http_shian_##name

const ngx_http_shian_route_t  ngx_http_shian_routes[] = {

    /* The plaque's path comes first: everybody begins there. */
    { GET, "/q/{code}", ANY, 0, 0, NULL, F(scan) },
    { GET, "/Q/{code}", ANY, 0, 0, NULL, F(scan) },

    { GET, "/v/{id}", ANY, 0, JSON, "venue", F(venue) },
    { GET, "/v/{id}/grades", ANY, 0, JSON | CSV, "grades", F(grades) },
    { GET, "/v/{id}/inspections", ANY, 0, JSON | CSV, "inspections",
      F(inspections) },
    { GET, "/v/{id}/reviews", ANY, 0, JSON | CSV, "reviews", F(reviews) },
    { POST, "/v/{id}/reviews", ANY, PHOTOS, JSON, "review_form",
      F(review_post) },
    { GET, "/v/{id}/reviews/{n}", ANY, 0, JSON, "thanks", F(review) },
    { GET, "/v/{id}/review", ANY, 0, JSON, "review_form", F(review_form) },
    { GET, "/v/{id}/qr.svg", VENUE | OFFICER, 0, 0, NULL, F(qr_svg) },
    { GET, "/v/{id}/qr.png", VENUE | OFFICER, 0, 0, NULL, F(qr_png) },
    { GET, "/v/{id}/plaque", VENUE | OFFICER, 0, JSON, "plaque",
      F(plaque) },
    { POST, "/v/{id}/plaque", CHIEF, SMALL, JSON, NULL, F(plaque_post) },
    { GET, "/v/{id}/badge.svg", ANY, 0, 0, NULL, F(badge) },

    { GET, "/", ANY, 0, JSON, "home", F(home) },
    { GET, "/venues", ANY, 0, JSON | CSV | GEO, "venues", F(venues) },
    { GET, "/checklist", ANY, 0, JSON, "checklist", F(checklist) },
    { GET, "/stats", ANY, 0, JSON | CSV, "stats", F(stats) },
    { GET, "/policy", ANY, 0, JSON, "policy", F(policy) },
    { GET, "/v/{id}/complain", ANY, 0, JSON, "complain", F(complain) },
    { GET, "/complain", ANY, 0, JSON, "complain", F(complain) },
    { POST, "/complaints", ANY, SIX, JSON, "complain", F(complaint_post) },
    { GET, "/t/{token}", ANY, 0, JSON, "track", F(track) },
    { POST, "/t/{token}", ANY, SIX, JSON, "track", F(track_post) },
    { GET, "/t/{token}/photos/{n}", ANY, 0, 0, NULL, F(track_photo) },
    { GET, "/track/{token}", ANY, 0, JSON, NULL, F(track_gone) },
    { GET, "/limited", ANY, 0, JSON, NULL, F(limited) },

    { GET, "/photos/{hash}", ANY, 0, 0, NULL, F(photo) },
    { POST, "/photos", ANY, PHOTOS, JSON, NULL, F(photo_post) },
    { GET, "/static/{rest}", ANY, 0, 0, NULL, F(static) },

    { GET, "/s/{token}", ANY, 0, JSON, "signin", F(signin) },
    { POST, "/s/{token}", ANY, SMALL, JSON, NULL, F(signin_post) },
    { POST, "/signout", ANY, SMALL, JSON, NULL, F(signout) },

    { GET, "/my", VENUE, 0, JSON, "my", F(my) },
    { GET, "/my/reviews", VENUE, 0, JSON | CSV, "my_reviews",
      F(my_reviews) },
    { POST, "/my/reviews/{id}", VENUE, SMALL, JSON, "problem",
      F(my_review) },

    { GET, "/desk", STAFF | BANK | MEDIA, 0, JSON, "desk", F(desk) },
    { GET, "/desk/events", STAFF, 0, JSON, NULL, F(events) },
    { GET, "/desk/reviews", OFFICER, 0, JSON | CSV, "desk_reviews",
      F(queue) },
    { POST, "/desk/reviews/{id}", OFFICER, SMALL, JSON, "problem",
      F(review_decide) },
    { GET, "/desk/reviews/{id}/photos/{n}", OFFICER, 0, 0, NULL,
      F(review_photo) },
    { GET, "/desk/users", CHIEF, 0, JSON | CSV, "users", F(users) },
    { POST, "/desk/users", CHIEF, SMALL, JSON, "problem", F(user_post) },
    { POST, "/desk/users/{id}", CHIEF, SMALL, JSON, "problem",
      F(user_action) },

    { POST, "/desk/clock", CITY, SMALL, JSON, NULL, F(desk_clock) },
    { GET, "/desk/policy", CITY, 0, JSON, "desk_policy", F(desk_policy) },
    { POST, "/desk/policy", CITY, SMALL, JSON, "desk_policy",
      F(desk_policy_post) },

    { GET, "/desk/complaints", STAFF, 0, JSON | CSV, "desk_complaints",
      F(board) },
    { POST, "/desk/complaints", OFFICER, SMALL, JSON, "desk_bulk",
      F(board_bulk) },
    { GET, "/desk/complaints/{id}", STAFF, 0, JSON, "desk_complaint",
      F(board_record) },
    { POST, "/desk/complaints/{id}", STAFF, PHOTOS, JSON, "desk_complaint",
      F(board_step) },
    { GET, "/desk/complaints/{id}/photos/{n}", STAFF, 0, 0, NULL,
      F(complaint_photo) },
    { GET, "/desk/officers/{id}", OFFICER, 0, JSON, "desk_officer",
      F(officer) },
    { GET, "/desk/cases", OFFICER, 0, JSON | CSV, "desk_cases", F(cases) },
    { POST, "/desk/cases", OFFICER, SMALL, JSON, "problem", F(case_post) },
    { GET, "/desk/cases/{id}", OFFICER, 0, JSON, "desk_case", F(case_one) },
    { POST, "/desk/cases/{id}", OFFICER, SMALL, JSON, "desk_case",
      F(case_step) },
    { GET, "/desk/figures", OFFICER, 0, JSON | CSV, "desk_figures",
      F(figures) },
    { GET, "/desk/access", CHIEF, 0, JSON | CSV, "desk_access", F(looks) },
    { GET, "/my/complaints", VENUE, 0, JSON | CSV, "my_complaints",
      F(my_complaints) },
    { GET, "/v/{id}/inspections/{n}", ANY, 0, JSON, "inspection_page",
      F(inspection) },
    { GET, "/my/findings", VENUE, 0, JSON | CSV, "my_findings",
      F(my_findings) },
    { GET, "/my/findings/{id}", VENUE, 0, JSON, "my_finding",
      F(my_finding) },
    { POST, "/my/findings/{id}", VENUE, PHOTOS, JSON, "my_finding",
      F(my_finding_post) },
    { GET, "/my/findings/{id}/photos/{n}", VENUE, 0, 0, NULL,
      F(finding_photo) },
    { GET, "/my/inspections", VENUE, 0, JSON | CSV, "my_inspections",
      F(my_inspections) },
    { GET, "/my/inspections/{id}", VENUE, 0, JSON, "my_inspection",
      F(my_inspection) },
    { POST, "/my/inspections/{id}", VENUE, SMALL, JSON, "my_inspection",
      F(my_inspection_post) },
    { GET, "/my/inspections/{id}/photos/{n}", VENUE, 0, 0, NULL,
      F(inspection_photo) },
    { GET, "/my/appeals", VENUE, 0, JSON | CSV, "my_appeals",
      F(my_appeals) },
    { POST, "/my/appeals", VENUE, PHOTOS, JSON, "my_appeals",
      F(my_appeals_post) },
    { GET, "/my/appeals/{id}", VENUE, 0, JSON, "my_appeal", F(my_appeal) },
    { POST, "/my/appeals/{id}", VENUE, SMALL, JSON, "my_appeal",
      F(my_appeal_post) },
    { GET, "/my/appeals/{id}/photos/{n}", VENUE, 0, 0, NULL,
      F(appeal_photo) },
    { GET, "/my/reinspection", VENUE, 0, JSON, "my_reinspection",
      F(my_reinspection) },
    { POST, "/my/reinspection", VENUE, SMALL, JSON, "my_reinspection",
      F(my_reinspection_post) },
    { GET, "/my/self-check", VENUE, 0, JSON, "my_self_check",
      F(my_self_check) },
    { POST, "/my/self-check", VENUE, SMALL, JSON, "my_self_check",
      F(my_self_check_post) },
    { GET, "/desk/findings", STAFF, 0, JSON | CSV, "desk_findings",
      F(desk_findings) },
    { GET, "/desk/findings/{id}", STAFF, 0, JSON, "desk_finding",
      F(desk_finding) },
    { POST, "/desk/findings/{id}", STAFF, SMALL, JSON, "desk_finding",
      F(desk_finding_post) },
    { GET, "/desk/findings/{id}/photos/{n}", STAFF, 0, 0, NULL,
      F(finding_photo) },
    { GET, "/desk/inspections", OFFICER, 0, JSON | CSV, "desk_inspections",
      F(desk_inspections) },
    { GET, "/desk/inspections/{id}", OFFICER, 0, JSON, "desk_inspection",
      F(desk_inspection) },
    { POST, "/desk/inspections/{id}", OFFICER, SMALL, JSON,
      "desk_inspection", F(desk_inspection_post) },
    { GET, "/desk/inspections/{id}/photos/{n}", STAFF, 0, 0, NULL,
      F(inspection_photo) },
    { GET, "/desk/evaluations/{id}", OFFICER, 0, JSON, "desk_evaluations",
      F(evaluations) },
    { POST, "/desk/evaluations/{id}", OFFICER, SMALL, JSON,
      "desk_evaluations", F(evaluation_post) },
    { GET, "/desk/appeals", OFFICER, 0, JSON | CSV, "desk_appeals",
      F(desk_appeals) },
    { GET, "/desk/appeals/{id}", OFFICER, 0, JSON, "desk_appeal",
      F(desk_appeal) },
    { POST, "/desk/appeals/{id}", OFFICER, SMALL, JSON, "desk_appeal",
      F(desk_appeal_post) },
    { GET, "/desk/appeals/{id}/photos/{n}", OFFICER, 0, 0, NULL,
      F(appeal_photo) },
    { POST, "/v/{id}/inspections", STAFF, PHOTOS, JSON, "patrol_venue",
      F(inspection_post) },
    { GET, "/patrol", STAFF, 0, JSON | CSV | GEO, "patrol", F(patrol) },
    { GET, "/patrol/sw.js", ANY, 0, 0, NULL, F(patrol_worker) },
    { GET, "/patrol/app.webmanifest", ANY, 0, 0, NULL, F(patrol_app) },
    { GET, "/patrol/v/{id}", STAFF, 0, JSON, "patrol_venue",
      F(patrol_venue) },
    { GET, "/desk/checklist", CITY, 0, JSON, "desk_checklist",
      F(desk_checklist) },
    { POST, "/desk/checklist", CITY, LIST, JSON, "desk_checklist",
      F(desk_checklist_post) },
    { GET, "/desk/supervisors", CHIEF, 0, JSON | CSV, "supervisors",
      F(supervisors) },
    { GET, "/desk/supervisors/{id}", CHIEF, 0, JSON | CSV, "supervisor",
      F(supervisor) },

    { GET, "/open311/v2/discovery", ANY, 0, XML | JSON, NULL,
      F(open311_discovery) },
    { GET, "/open311/v2/services", ANY, 0, XML | JSON, NULL,
      F(open311_services) },
    { GET, "/open311/v2/services/{code}", ANY, 0, XML | JSON, NULL,
      F(open311_definition) },
    { GET, "/open311/v2/requests", ANY, 0, XML | JSON, NULL,
      F(open311_requests) },
    { POST, "/open311/v2/requests", ANY, PHOTOS, XML | JSON, NULL,
      F(open311_post) },
    { GET, "/open311/v2/requests/{code}", ANY, 0, XML | JSON, NULL,
      F(open311_request) },
    { GET, "/open311/v2/tokens/{token}", ANY, 0, XML | JSON, NULL,
      F(open311_token) },

    { GET, "/healthz", ANY, 0, 0, NULL, F(healthz) },
    { GET, "/.well-known/shian.json", ANY, 0, JSON, NULL, F(site) },
    { GET, "/.well-known/gs1resolver", ANY, 0, JSON, NULL, F(gs1resolver) },
};

const ngx_uint_t  ngx_http_shian_nroutes =
                      SHIAN_COUNT(ngx_http_shian_routes);
