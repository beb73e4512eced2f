/*
 * The nginx side: configuration, a request's context, and what the handlers
 * of pages share.  The only folder that includes nginx's headers.
 */

#ifndef NGX_HTTP_SHIAN_H
#define NGX_HTTP_SHIAN_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include <ngx_thread_pool.h>

#include "core/form.h"
#include "core/screen.h"
#include "core/workday.h"
#include "domain/domain.h"
#include "domain/session.h"
#include "domain/view_findings.h"
#include "render/lang.h"
#include "render/template.h"
#include "store/batch.h"
#include "store/clock.h"

#define SHIAN_BATCH_MAX  512

/* How long a scan allows a review. */
#define SHIAN_SCAN_SECONDS  86400

typedef struct ngx_http_shian_ctx_s    ngx_http_shian_ctx_t;
typedef struct ngx_http_shian_route_s  ngx_http_shian_route_t;
typedef struct ngx_http_shian_item_s   ngx_http_shian_item_t;
typedef struct ngx_http_shian_cache_s  ngx_http_shian_cache_t;
typedef struct ngx_http_shian_task_s   ngx_http_shian_task_t;
typedef struct ngx_http_shian_text_s   ngx_http_shian_text_t;
typedef struct ngx_http_shian_main_conf_s  ngx_http_shian_main_conf_t;
typedef struct ngx_http_shian_documents_s  ngx_http_shian_documents_t;


/*
 * What a directive names on disk: read before the workers begin, and by each
 * of them now and then where that failed (load.c).
 */
typedef enum {
    SHIAN_PART_KEYS = 0,
    SHIAN_PART_HTML,
    SHIAN_PART_WORDS,
    SHIAN_PART_DOCUMENTS
} ngx_http_shian_part_kind_t;

typedef struct {
    ngx_http_shian_part_kind_t  kind;
    ngx_str_t             path;
    u_char               *file;         /* of the directive, for errors */
    ngx_uint_t            line;
    uint32_t              said;         /* hash of what was last logged */
    void                 *value;        /* NULL: it is wrong or missing */
} ngx_http_shian_part_t;

typedef struct {
    shian_templates_t    *templates;
    char                  version[17];  /* of templates and files */
} ngx_http_shian_html_t;


/*
 * How far grading is, for all workers to see: who holds the lease grades, and
 * goes on where the last one stood.  Each store has a zone for it.
 */
typedef struct {
    ngx_atomic_t          store;        /* which folder this is of */
    ngx_atomic_t          lease;        /* ngx_current_msec it is held to */
    ngx_atomic_t          venue;        /* all before it are done; 0: idle */
    ngx_atomic_t          day;          /* last gone through; 0: none */
    ngx_atomic_t          policy;       /* of the last or present sweep */
} ngx_http_shian_progress_t;


/* A store that this worker has open; one for each folder. */
typedef struct {
    ngx_str_t             path;
    size_t                map_size;     /* 0: the default */
    size_t                readers;      /* likewise */
    ngx_uint_t            queue_max;
    size_t                batch_max;    /* operations a commit */
    u_char               *file;         /* of the directive, for errors */
    ngx_uint_t            line;
    uint32_t              said;         /* hash of what was last logged */
    ngx_http_shian_main_conf_t  *main;

    shian_store_t        *store;        /* NULL: not open; env.c */
    MDB_txn              *read;         /* reset between handlers */
    ngx_uint_t            reading;
    ngx_uint_t            working;      /* tasks and reads of pool threads */
    ngx_uint_t            grown;        /* past our map, by another program */
    ngx_uint_t            gone;         /* to be closed, and opened anew */
    ngx_uint_t            opened;       /* how often */
    ngx_event_t           idle;         /* nobody is working */
    ngx_file_uniq_t       inode[2];     /* of data.mdb and lock.mdb */
    dev_t                 device[2];
    off_t                 size;         /* of data.mdb, when last seen */
    ngx_queue_t           link;         /* of the process's open stores */

    ngx_thread_task_t    *task;
    ngx_queue_t           waiting;      /* ngx_http_shian_item_t */
    ngx_queue_t           batch;        /* the one in flight */
    ngx_uint_t            nwaiting;
    ngx_uint_t            busy;
    ngx_uint_t            posted;       /* the batch in flight, to the pool */
    ngx_msec_t            begun;        /* the batch in flight */
    ngx_event_t           gather;       /* those just answered may come back */
    ngx_event_t           hold;         /* keeps an exiting worker waiting */
    ngx_event_t           tick;         /* sweep.c */
    ngx_thread_task_t    *sweep;
    ngx_uint_t            sweeping;     /* photos, in the pool thread */
    ngx_http_shian_part_t  *keys_part;  /* of the first server that has it */
    ngx_uint_t            ticks;
    shian_clocks_t         clock;        /* clock.c */
    uint64_t              clock_seen;   /* since boot; 0: never */
    bool                  suspect;
    ngx_log_t            *log;
    shian_item_t        **items;        /* of the batch */
    size_t                nitems;
    int                   rc;

    /* Regrading what time alone changes: once a local day, in slices. */
    ngx_uint_t            grading;
    ngx_msec_t            interval;
    ngx_event_t           grade;
    ngx_atomic_uint_t     lease;        /* what we wrote; 0: not ours */
    ngx_uint_t            own;          /* the machine's, not on disk yet */
    ngx_uint_t            own_failed;
    ngx_shm_zone_t       *zone;
    ngx_http_shian_progress_t  *progress;
    ngx_uint_t            previews;     /* of a policy, under way */

    /* Those who follow the log: events.c. */
    ngx_queue_t           streams;
    ngx_event_t           follow;       /* armed while there are streams */
    uint64_t              followed;     /* the entry last told */
    ngx_http_shian_text_t  *beat;       /* for those who hear nothing else */
    uint64_t              beat_seq;
} ngx_http_shian_env_t;


struct ngx_http_shian_main_conf_s {
    ngx_array_t           envs;         /* ngx_http_shian_env_t * */
    ngx_array_t           parts;        /* ngx_http_shian_part_t * */
    ngx_http_shian_part_t  *documents;  /* NULL: as they come with us */
    ngx_thread_pool_t    *pool;         /* commits */
    ngx_thread_pool_t    *files;        /* photos, and reads that take long */
    ngx_cycle_t          *cycle;
    ngx_shm_zone_t       *zone;
    struct ngx_http_shian_counters_s  *counters;
    ngx_http_shian_cache_t  *cache;
    ngx_uint_t            begun;        /* in this process */
    ngx_event_t           tick;
};


/* Counters of all workers, in shared memory. */
typedef struct ngx_http_shian_counters_s {
    ngx_atomic_t          requests;
    ngx_atomic_t          cache_hits;
    ngx_atomic_t          cache_misses;
    ngx_atomic_t          batches;
    ngx_atomic_t          operations;
    ngx_atomic_t          refused;
    ngx_atomic_t          failed_batches;
    ngx_atomic_t          batch_ms;
    ngx_atomic_t          queue_full;
    ngx_atomic_t          events;
    ngx_atomic_t          slow_readers;
    ngx_atomic_t          streams[NGX_MAX_PROCESSES];     /* by worker */
} ngx_http_shian_counters_t;


typedef struct {
    ngx_http_shian_env_t *env;
    ngx_http_shian_part_t  *keys_part;
    ngx_http_shian_part_t  *html_part;
    ngx_http_shian_part_t  *words_part;     /* NULL: none is named */

    /* Of these parts, for whoever has passed ngx_http_shian_ready. */
    shian_keys_t         *keys;
    shian_templates_t    *templates;
    shian_screen_t       *screen;
    char                 *version;      /* of the templates and files */
    ngx_str_t             base_url;
    ngx_str_t             tiles;
    u_char               *csp;
    ngx_str_t             city[2];      /* in the order of shian_langs */
    ngx_str_t             bureau[2];
    ngx_flag_t            grading;
    ngx_msec_t            interval;
    ngx_uint_t            queue_max;
    ngx_msec_t            heartbeat;
} ngx_http_shian_srv_conf_t;


typedef struct {
    ngx_flag_t                 enable;
    ngx_http_complex_value_t  *sso;
} ngx_http_shian_loc_conf_t;


typedef enum {
    SHIAN_OUT_HTML = 0,
    SHIAN_OUT_JSON,
    SHIAN_OUT_CSV,
    SHIAN_OUT_GEOJSON,
    SHIAN_OUT_ATOM,
    SHIAN_OUT_XML
} ngx_http_shian_format_t;

#define SHIAN_FORMAT(name)  (1u << SHIAN_OUT_##name)

/* Beside the roles of a route: only who is limited to no district. */
#define SHIAN_CITY          (1u << 31)


/*
 * routes[]: what can be asked for.  The first row whose pattern fits the path
 * answers; rows with the same pattern differ by method.
 */
struct ngx_http_shian_route_s {
    ngx_uint_t        method;           /* NGX_HTTP_GET also serves HEAD */
    const char       *pattern;          /* "/v/{id}/reviews" */
    uint32_t          roles;            /* SHIAN_CITY: without a limit */
    size_t            body;             /* bytes; 0: no body is read */
    uint32_t          formats;          /* besides HTML */
    const char       *template;
    /* Builds the view or answers; in the event loop, inside a read. */
    ngx_int_t       (*handler)(ngx_http_shian_ctx_t *c);
};

extern const ngx_http_shian_route_t  ngx_http_shian_routes[];
extern const ngx_uint_t              ngx_http_shian_nroutes;


struct ngx_http_shian_ctx_s {
    ngx_http_request_t            *request;
    ngx_http_shian_srv_conf_t     *conf;
    ngx_http_shian_loc_conf_t     *loc;
    const ngx_http_shian_route_t  *route;
    shian_arena_t                  arena;
    shian_txn_t                    txn;         /* during a handler only */
    uint64_t                       generation;  /* of the store; 0: unread */
    uint64_t                       now_ms;      /* as far as known */

    /* What was asked. */
    uint64_t                       id;          /* {id} */
    uint64_t                       n;           /* {n} */
    shian_str_t                    word;        /* {code} {token} {hash} … */
    ngx_http_shian_format_t        format;
    const char                    *lang;
    unsigned                       lang_chosen:1;
    unsigned                       bearer:1;
    unsigned                       json_body:1;
    unsigned                       form_body:1;
    unsigned                       no_store:1;
    unsigned                       whole_page:1;  /* template, no layout */
    unsigned                       body_read:1;
    unsigned                       cacheable:1;
    unsigned                       suspect:1;   /* the clock is in doubt */
    shian_caller_t                 caller;
    shian_pair_t                  *query;
    size_t                         nquery;
    shian_pair_t                  *body;
    size_t                         nbody;
    shian_str_t                    json;
    shian_str_t                    body_hash;
    size_t                         body_limit;
    off_t                          body_seen;
    Shian__Photo                 **photos;
    size_t                         nphotos;

    /* The answer. */
    const char                    *template;
    ProtobufCMessage              *view;
    ngx_uint_t                     status;
    const char                    *location;
    const char                    *flash;
    char                          *form_key;    /* in what was rendered */
    const char                    *here;        /* a GET of this page, after
                                                   a POST */

    /* A write under way. */
    ngx_http_shian_item_t         *item;
    ngx_int_t                    (*written)(ngx_http_shian_ctx_t *c);
    ngx_int_t                    (*refused)(ngx_http_shian_ctx_t *c);
    void                          *data;        /* of the handler */
    ngx_http_shian_task_t         *task;        /* in the pool thread */
    const char                    *op;          /* for $shian_op */
    uint64_t                       seq;
    uint64_t                       venue;
    const char                    *colour;

    /* Last, for it is large and need not be zeroed. */
    shian_report_t                 report;
};


extern ngx_module_t  ngx_http_shian_module;

extern ngx_http_shian_counters_t  *ngx_http_shian_counters;

#define ngx_http_shian_count(name)                                           \
    (void) ngx_atomic_fetch_add(&ngx_http_shian_counters->name, 1)


/* variables.c: $shian_… before the configuration is read. */
ngx_int_t ngx_http_shian_add_variables(ngx_conf_t *cf);


/* store.c: the directive shian_store. */
char *ngx_http_shian_store(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);


/*
 * load.c: what directives name on disk.  part is the directive's handler;
 * load_parts reads all before the workers begin (NGX_ERROR: no memory), and
 * read_again one of them in a worker.
 */
char *ngx_http_shian_part(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
ngx_int_t ngx_http_shian_load_parts(ngx_http_shian_main_conf_t *smcf,
    ngx_cycle_t *cycle);
void ngx_http_shian_read_again(ngx_http_shian_part_t *part, ngx_log_t *log);

/* Says what is wrong with what a directive names, unless it was just said. */
void ngx_http_shian_warn(ngx_log_t *log, u_char *file, ngx_uint_t line,
    uint32_t *said, const char *what);

/*
 * Puts a configuration's calendars, categories and texts (NULL: those that
 * come with the program) in force in this process.
 */
ngx_int_t ngx_http_shian_use_documents(ngx_http_shian_documents_t *d);

/* The calendars in force. */
const shian_workdays_t *ngx_http_shian_workdays(void);

/* The year without a calendar that clocks begun now may run into; 0: none. */
int32_t ngx_http_shian_calendar_missing(uint64_t now_ms);

/* The screen of no words, freed with the configuration; or NULL. */
shian_screen_t *ngx_http_shian_load_screen(ngx_conf_t *cf);


/*
 * env.c: a store's life in a worker, and what the worker does by the clock
 * for all of them.  look tells before the workers begin what is wrong; start
 * opens what can be opened, and stop closes it.
 */
void ngx_http_shian_env_look(ngx_http_shian_env_t *env, ngx_cycle_t *cycle);
ngx_int_t ngx_http_shian_start(ngx_http_shian_main_conf_t *smcf,
    ngx_cycle_t *cycle);
void ngx_http_shian_stop(ngx_http_shian_main_conf_t *smcf);

/* Is all there that the server's locations need?  NGX_OK, or NGX_DECLINED. */
ngx_int_t ngx_http_shian_ready(ngx_http_shian_srv_conf_t *sscf);

/*
 * Posts a task that may have the store open: nothing of this process changes
 * the map or closes it until the task's event has called ngx_http_shian_over.
 */
ngx_int_t ngx_http_shian_work(ngx_http_shian_env_t *env,
    ngx_thread_pool_t *pool, ngx_thread_task_t *task);
void ngx_http_shian_over(ngx_http_shian_env_t *env);

/* What env->gone or env->grown wants is done, now or when the last is over. */
void ngx_http_shian_env_when_idle(ngx_http_shian_env_t *env);


/* request.c: from a connection to a handler. */
ngx_int_t ngx_http_shian_handler(ngx_http_request_t *r);

/* Runs the handler of a post whose body has been read. */
ngx_int_t ngx_http_shian_post(ngx_http_shian_ctx_t *c);

/* Does an inspector, an officer or whoever leads them ask? */
bool ngx_http_shian_is_bureau(const ngx_http_shian_ctx_t *c);

/* The store's generation; the first time within a read. */
uint64_t ngx_http_shian_generation(ngx_http_shian_ctx_t *c);

/* Begins env->read again; an LMDB code.  mdb_txn_reset ends it. */
int ngx_http_shian_renew_read(ngx_http_shian_env_t *env);

/* Opens the worker's read transaction over c->txn; false: store trouble. */
ngx_int_t ngx_http_shian_read_begin(ngx_http_shian_ctx_t *c);
void ngx_http_shian_read_end(ngx_http_shian_ctx_t *c);

/* A value of the query, or of the body; NONE when absent. */
shian_str_t ngx_http_shian_arg(ngx_http_shian_ctx_t *c, const char *name);
shian_str_t ngx_http_shian_body_arg(ngx_http_shian_ctx_t *c,
    const char *name);

/* A request header by lower-case name, or NONE. */
shian_str_t ngx_http_shian_header(ngx_http_request_t *r, const char *name);
shian_str_t ngx_http_shian_cookie(ngx_http_request_t *r, const char *name);

static inline shian_str_t
ngx_http_shian_str(ngx_str_t s)
{
    return shian_slice(s.data, s.len);
}


/* body.c: reading what was posted, with photos stripped and on disk. */
ngx_int_t ngx_http_shian_body_read(ngx_http_shian_ctx_t *c);
ngx_int_t ngx_http_shian_body_filter_init(ngx_conf_t *cf);


/* reply.c: answering.  Each returns what an nginx handler returns. */
ngx_int_t ngx_http_shian_reply(ngx_http_shian_ctx_t *c);
ngx_int_t ngx_http_shian_fail(ngx_http_shian_ctx_t *c);
ngx_int_t ngx_http_shian_refuse(ngx_http_shian_ctx_t *c, ngx_uint_t status,
    const char *code, const char *detail);
/*
 * What time it is for a store, and whether that is in doubt.  NULL: no store
 * says anything.
 */
shian_time_t ngx_http_shian_now(ngx_http_shian_env_t *env);

/* Tells staff of a doubt, above the page. */
void ngx_http_shian_clock_frame(ngx_http_shian_ctx_t *c, Shian__Frame *f);

ngx_int_t ngx_http_shian_redirect(ngx_http_shian_ctx_t *c,
    ngx_uint_t status, const char *location);
ngx_int_t ngx_http_shian_send(ngx_http_shian_ctx_t *c, ngx_uint_t status,
    const char *type, shian_str_t body);
ngx_int_t ngx_http_shian_set_header(ngx_http_request_t *r, const char *name,
    const char *value);
void ngx_http_shian_set_type(ngx_http_request_t *r, const char *type);

#define SHIAN_ETAG_SIZE  19             /* 16 digits, quotes, NUL */

/* The tag of these bytes; and the header, which borrows it. */
void ngx_http_shian_etag(shian_str_t body, char etag[SHIAN_ETAG_SIZE]);
ngx_int_t ngx_http_shian_set_etag(ngx_http_request_t *r, const char *etag);

/* max_age < 0: until the browser closes; 0: delete. */
ngx_int_t ngx_http_shian_set_cookie(ngx_http_shian_ctx_t *c,
    const char *name, shian_str_t value, const char *path,
    ngx_int_t max_age);

/* The view in the format asked for, into a buffer of the arena. */
bool ngx_http_shian_render(ngx_http_shian_ctx_t *c, shian_buf_t *out,
    const char **type);


/*
 * page.c: rendered bytes of venue pages (c->id), kept per worker.  cached
 * answers with what was kept at this rev, or NGX_DECLINED; reply renders
 * c->view, keeps and sends it.
 */
ngx_int_t ngx_http_shian_page_cached(ngx_http_shian_ctx_t *c, uint64_t rev);
ngx_int_t ngx_http_shian_page_reply(ngx_http_shian_ctx_t *c, uint64_t rev);
ngx_http_shian_cache_t *ngx_http_shian_page_init(ngx_cycle_t *cycle);


/*
 * guard.c: headers that every answer carries, nginx's own errors included,
 * and error logs without codes and tokens.  csp makes the policy of a server.
 */
ngx_int_t ngx_http_shian_guard_init(ngx_conf_t *cf);
char *ngx_http_shian_csp(ngx_conf_t *cf, ngx_http_shian_srv_conf_t *sscf);


/*
 * variables.c: the request line for logs, from p and not past last; returns
 * its end.  What follows /q/, /s/ and /t/ is a code or a token, and the
 * query may hold one: neither is written.
 */
u_char *ngx_http_shian_request_line(ngx_http_request_t *r, u_char *p,
    u_char *last);


/* cursor.c: lists page by page. */
size_t ngx_http_shian_limit(ngx_http_shian_ctx_t *c);
bool ngx_http_shian_cursor(ngx_http_shian_ctx_t *c, shian_str_t *after);
char *ngx_http_shian_next(ngx_http_shian_ctx_t *c, shian_str_t next);


/* write.c: operations to the store, many a commit. */

/*
 * Submits body as an operation of the caller and calls done(c) in the event
 * loop when it is on disk or refused: the outcome is in c->report and
 * ngx_http_shian_result(c).  Returns NGX_DONE, or what to return at once.
 */
ngx_int_t ngx_http_shian_submit(ngx_http_shian_ctx_t *c,
    Shian__Operation *op, ngx_int_t (*done)(ngx_http_shian_ctx_t *c));
const Shian__Result *ngx_http_shian_result(ngx_http_shian_ctx_t *c);

/* The key of the header or of the form, not yet checked; or NONE. */
shian_str_t ngx_http_shian_idempotency_key(ngx_http_shian_ctx_t *c);

/* An operation of the caller at this instant, idempotency key included. */
void ngx_http_shian_operation(ngx_http_shian_ctx_t *c, Shian__Operation *op);

/*
 * Binds what was posted to a message of type desc by field_rules[].  False
 * when a field is wrong (all of them in c->report).
 */
bool ngx_http_shian_bind(ngx_http_shian_ctx_t *c,
    const ProtobufCMessageDescriptor *desc, ProtobufCMessage **out);

/* Called first by whatever the pool thread runs; it costs nothing again. */
void ngx_http_shian_be_nice(void);

/* sweep.c: what goes by itself; the timer for it, while the store is open. */
ngx_int_t ngx_http_shian_sweep_init(ngx_http_shian_env_t *env,
    ngx_cycle_t *cycle);
void ngx_http_shian_sweep_start(ngx_http_shian_env_t *env);

/*
 * The batches of a store.  resume: what waits is written, or turned away
 * where the store is not open any more.
 */
ngx_int_t ngx_http_shian_write_init(ngx_http_shian_env_t *env,
    ngx_cycle_t *cycle);
void ngx_http_shian_write_resume(ngx_http_shian_env_t *env);

/*
 * An operation of the machine itself, counted in env->own until its batch is
 * over and in env->own_failed where that failed.  NGX_ERROR: no memory.
 */
ngx_int_t ngx_http_shian_submit_own(ngx_http_shian_env_t *env,
    Shian__Operation *op);


/*
 * events.c: streams of what the log tells.  init readies a store's; poke
 * says that this worker has written, or that the store is closed; open counts
 * those of all workers.
 */
void ngx_http_shian_events_init(ngx_http_shian_env_t *env,
    ngx_cycle_t *cycle);
void ngx_http_shian_events_poke(ngx_http_shian_env_t *env);
ngx_uint_t ngx_http_shian_events_open(void);

/*
 * Where a page follows what happens after this read; NULL: the caller may
 * not, no read is open, or no memory.
 */
char *ngx_http_shian_live(ngx_http_shian_ctx_t *c);


/*
 * grading.c: the routine that regrades what time changes, while the store is
 * open.  NGX_ERROR: no memory.
 */
ngx_int_t ngx_http_shian_grading_init(ngx_http_shian_env_t *env,
    ngx_cycle_t *cycle);
void ngx_http_shian_grading_start(ngx_http_shian_env_t *env);

/* Gives the lease back, if this worker has it: another may go on at once. */
void ngx_http_shian_grading_stop(ngx_http_shian_env_t *env);

/*
 * Submits what of today's day.pass is still to come, ahead of a change for
 * the whole city that the request is about.  NGX_ERROR: no memory.
 */
ngx_int_t ngx_http_shian_pass_day(ngx_http_shian_ctx_t *c);


/* Keeps a request while a pool thread works for it, and lets it go again. */
void ngx_http_shian_hold(ngx_http_request_t *r);
void ngx_http_shian_wake(ngx_http_request_t *r);


/*
 * task.c: runs work(data) in the pool thread, again as long as it returns
 * true, and then done(c, data) in the event loop, outside a read, unless the
 * request is gone by then.  Nothing of the request or of its pool may be
 * allocated or changed in the thread but *data, which lives as long as the
 * request: free what it holds in a cleanup of the pool.  Returns NGX_DONE, or
 * what to return at once.
 */
ngx_int_t ngx_http_shian_task(ngx_http_shian_ctx_t *c,
    bool (*work)(void *data),
    ngx_int_t (*done)(ngx_http_shian_ctx_t *c, void *data), void *data);


/* venues.c: gives each reason its word in the request's language. */
void ngx_http_shian_reason_texts(ngx_http_shian_ctx_t *c,
    Shian__Reason *const *reasons, size_t n);

/*
 * reviews.c: a token for a photo on disk that a form sent back may hold for a
 * day; NULL without memory.
 */
char *ngx_http_shian_kept_photo(ngx_http_shian_ctx_t *c,
    const uint8_t hash[SHIAN_HASH_SIZE]);

/* venues.c: reads s, n decimal numbers with commas between, into v. */
bool ngx_http_shian_numbers(shian_str_t s, double *v, size_t n);

/*
 * scan.c: the device of a browser, from its cookie: has_ is false without a
 * good one, the other then begins one and sets the cookie.
 */
bool ngx_http_shian_has_device(ngx_http_shian_ctx_t *c,
    uint8_t device[SHIAN_ID_SIZE]);
ngx_int_t ngx_http_shian_device(ngx_http_shian_ctx_t *c,
    uint8_t device[SHIAN_ID_SIZE]);

/*
 * open311_post.c: is it one of Open311's addresses, where even errors have the
 * specification's form?  Answers with what c->report says.
 */
ngx_int_t ngx_http_shian_is_open311(ngx_http_shian_ctx_t *c);
ngx_int_t ngx_http_shian_open311_fail(ngx_http_shian_ctx_t *c);


/*
 * form.c: what handlers of forms share.  typed is a field as it came, NULL
 * when empty; keep_photos has a token for each photo that came whole, good
 * for a day; form_key is the key of a page's forms, 32 hex digits, from the
 * request's arena: that which came where the server failed, else a new one.
 * NULL and false: no memory.
 */
char *ngx_http_shian_typed(ngx_http_shian_ctx_t *c, const char *name);
bool ngx_http_shian_keep_photos(ngx_http_shian_ctx_t *c,
    Shian__Choice ***out, size_t *n);
char *ngx_http_shian_form_key(ngx_http_shian_ctx_t *c);

/*
 * Is this the action that was posted?  False is in the report.  That of a
 * page with a document is to preview or to publish it; where the document is
 * the JSON body itself, the query says which.
 */
bool ngx_http_shian_action_is(ngx_http_shian_ctx_t *c, const char *name);
bool ngx_http_shian_document_action(ngx_http_shian_ctx_t *c, bool *publish);

/*
 * What c->report says of fields: place_errors puts the code of field F into
 * F_error of form and tells whether each had such a place; field_errors makes
 * a list of all of them, and is false without memory.
 */
bool ngx_http_shian_place_errors(ngx_http_shian_ctx_t *c,
    ProtobufCMessage *form);
bool ngx_http_shian_field_errors(ngx_http_shian_ctx_t *c,
    Shian__Field ***list, size_t *n);

/* Calls show inside a read, whether or not the handler is in one. */
ngx_int_t ngx_http_shian_in_read(ngx_http_shian_ctx_t *c,
    ngx_int_t (*show)(ngx_http_shian_ctx_t *c));

/*
 * Answers a post that c->report refuses: for people the page again by show,
 * for programs, and where no page helps, the problem.  form makes of the
 * report what the page is to say, and that is c->data then; without it the
 * page reads the report, and can tell of wrong fields only.
 */
ngx_int_t ngx_http_shian_again(ngx_http_shian_ctx_t *c,
    void *(*form)(ngx_http_shian_ctx_t *c),
    ngx_int_t (*show)(ngx_http_shian_ctx_t *c));

/*
 * Answers one that was done: people are sent to page, programs get JSON from
 * show, and c->location where c->status says that something was created.
 */
ngx_int_t ngx_http_shian_done(ngx_http_shian_ctx_t *c, const char *page,
    ngx_int_t (*show)(ngx_http_shian_ctx_t *c));


/*
 * step.c: steps of workflows.  An address that takes a step by POST has a GET
 * as well, which shows the record with what is open to the caller.
 *
 * step submits; done is a word for ngx_http_shian_say_done.  A form goes on
 * to that page, a program gets its JSON; a form that was refused gets the
 * page with what was typed, which step_form gives to it (NULL for programs
 * and without memory).  step_refused is for what is wrong before that.
 */
ngx_int_t ngx_http_shian_step(ngx_http_shian_ctx_t *c, Shian__Operation *op,
    const char *done);
ngx_int_t ngx_http_shian_step_refused(ngx_http_shian_ctx_t *c);
Shian__StepForm *ngx_http_shian_step_form(ngx_http_shian_ctx_t *c);

/* What ?done= says was just done becomes the page's flash. */
void ngx_http_shian_say_done(ngx_http_shian_ctx_t *c);

/* May the caller, a shian_caller_t that is not the public, act on it? */
bool ngx_http_shian_reach(void *ctx, const Shian__Venue *v);
bool ngx_http_shian_reaches(ngx_http_shian_ctx_t *c, uint64_t venue);

/* A list's desk as the caller reaches; today, 20 lines from the first on. */
shian_desk_t ngx_http_shian_desk_of(ngx_http_shian_ctx_t *c);


/* file.c: files by sendfile. */
ngx_int_t ngx_http_shian_send_file(ngx_http_shian_ctx_t *c, const char *path,
    const char *type, const char *cache_control);

/* The file `name` of html/static, by the rules of /static/. */
ngx_int_t ngx_http_shian_send_static(ngx_http_shian_ctx_t *c,
    shian_str_t name);


/*
 * The photo of that hash, for a caller who sees a record that shows it; NONE
 * and what is no photo is answered as no_photo does: 404.
 */
ngx_int_t ngx_http_shian_shown(ngx_http_shian_ctx_t *c, shian_str_t hash);
ngx_int_t ngx_http_shian_no_photo(ngx_http_shian_ctx_t *c);


/* Handlers: one for each row of routes[]. */
#define SHIAN_HANDLER(name)                                                  \
    ngx_int_t ngx_http_shian_##name(ngx_http_shian_ctx_t *c)

SHIAN_HANDLER(scan);                    /* scan.c */
SHIAN_HANDLER(qr_svg);
SHIAN_HANDLER(qr_png);
SHIAN_HANDLER(plaque);
SHIAN_HANDLER(plaque_post);
SHIAN_HANDLER(badge);
SHIAN_HANDLER(gs1resolver);
SHIAN_HANDLER(checklist);               /* rules.c */
SHIAN_HANDLER(home);                    /* venues.c */
SHIAN_HANDLER(venues);
SHIAN_HANDLER(venue);
SHIAN_HANDLER(grades);
SHIAN_HANDLER(inspections);
SHIAN_HANDLER(policy);                  /* rules.c */
SHIAN_HANDLER(stats);
SHIAN_HANDLER(reviews);                 /* reviews.c */
SHIAN_HANDLER(review);
SHIAN_HANDLER(review_form);
SHIAN_HANDLER(review_post);
SHIAN_HANDLER(queue);
SHIAN_HANDLER(review_decide);
SHIAN_HANDLER(my_reviews);
SHIAN_HANDLER(my_review);
SHIAN_HANDLER(signin);                  /* people.c */
SHIAN_HANDLER(signin_post);
SHIAN_HANDLER(signout);
SHIAN_HANDLER(desk);
SHIAN_HANDLER(my);
SHIAN_HANDLER(users);
SHIAN_HANDLER(user_post);
SHIAN_HANDLER(user_action);
SHIAN_HANDLER(desk_clock);              /* clock.c */
SHIAN_HANDLER(desk_policy);             /* policy.c */
SHIAN_HANDLER(desk_policy_post);
SHIAN_HANDLER(desk_checklist);          /* checklist.c */
SHIAN_HANDLER(desk_checklist_post);
SHIAN_HANDLER(supervisors);             /* overview.c */
SHIAN_HANDLER(supervisor);
SHIAN_HANDLER(events);                  /* events.c */
SHIAN_HANDLER(board);                   /* board.c */
SHIAN_HANDLER(board_bulk);
SHIAN_HANDLER(officer);
SHIAN_HANDLER(board_record);            /* record.c */
SHIAN_HANDLER(board_step);
SHIAN_HANDLER(cases);                   /* cases.c */
SHIAN_HANDLER(case_post);
SHIAN_HANDLER(case_one);
SHIAN_HANDLER(case_step);
SHIAN_HANDLER(looks);
SHIAN_HANDLER(my_complaints);
SHIAN_HANDLER(figures);                 /* figures.c */
SHIAN_HANDLER(complain);                /* complain.c */
SHIAN_HANDLER(complaint_post);
SHIAN_HANDLER(track);                   /* track.c */
SHIAN_HANDLER(track_post);
SHIAN_HANDLER(track_gone);
SHIAN_HANDLER(photo);
SHIAN_HANDLER(track_photo);
SHIAN_HANDLER(review_photo);
SHIAN_HANDLER(complaint_photo);
SHIAN_HANDLER(finding_photo);
SHIAN_HANDLER(inspection_photo);
SHIAN_HANDLER(appeal_photo);                   /* file.c */
SHIAN_HANDLER(photo_post);
SHIAN_HANDLER(static);
SHIAN_HANDLER(patrol);                  /* patrol.c */
SHIAN_HANDLER(patrol_venue);
SHIAN_HANDLER(patrol_worker);
SHIAN_HANDLER(patrol_app);
SHIAN_HANDLER(inspection_post);
SHIAN_HANDLER(healthz);                 /* site.c */
SHIAN_HANDLER(site);
SHIAN_HANDLER(limited);
SHIAN_HANDLER(my_findings);             /* findings.c */
SHIAN_HANDLER(my_finding);
SHIAN_HANDLER(my_finding_post);
SHIAN_HANDLER(desk_findings);
SHIAN_HANDLER(desk_finding);
SHIAN_HANDLER(desk_finding_post);
SHIAN_HANDLER(inspection);              /* safeguards.c */
SHIAN_HANDLER(my_inspections);
SHIAN_HANDLER(my_inspection);
SHIAN_HANDLER(my_inspection_post);
SHIAN_HANDLER(desk_inspections);
SHIAN_HANDLER(desk_inspection);
SHIAN_HANDLER(desk_inspection_post);
SHIAN_HANDLER(my_appeals);
SHIAN_HANDLER(my_appeals_post);
SHIAN_HANDLER(my_appeal);
SHIAN_HANDLER(my_appeal_post);
SHIAN_HANDLER(evaluations);             /* evaluation.c */
SHIAN_HANDLER(evaluation_post);
SHIAN_HANDLER(desk_appeals);
SHIAN_HANDLER(desk_appeal);
SHIAN_HANDLER(desk_appeal_post);
SHIAN_HANDLER(my_reinspection);
SHIAN_HANDLER(my_reinspection_post);
SHIAN_HANDLER(my_self_check);           /* selfcheck.c */
SHIAN_HANDLER(my_self_check_post);
SHIAN_HANDLER(open311_discovery);       /* open311.c */
SHIAN_HANDLER(open311_services);
SHIAN_HANDLER(open311_definition);
SHIAN_HANDLER(open311_requests);
SHIAN_HANDLER(open311_request);
SHIAN_HANDLER(open311_token);
SHIAN_HANDLER(open311_post);            /* open311_post.c */
ngx_int_t ngx_http_shian_metrics_handler(ngx_http_request_t *r);

#endif /* NGX_HTTP_SHIAN_H */
