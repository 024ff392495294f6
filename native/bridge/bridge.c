#include "bridge.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bebida.h"
#include "clock.h"
#include "controller.h"
#include "inbox.h"
#include "log.h"
#include "messages.h"
#include "nodes.h"
#include "worker.h"

enum {
    STOP_GRACE_MS = 800,     /* what the library may still finish when slurmctld stops */
    STOP_PATIENCE_MS = 1500, /* when a thread of ours that does not come back is left behind */
    MARGIN_MS = 500,         /* by how much the library has to be earlier than our timer, at most */
};

/* Held for moments only: over no call into the library, into Slurm or into a log. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct {
    pid_t process; /* whose lock, semaphores and threads these are */
    bool ends_at_exit;
    bool open;
    bridge_report report;
    struct bridge_queries queries;
    struct policy policy;
    char library[PATH_MAX];
    uint64_t requests; /* the number of the last one */
    struct handovers handovers;
    bool said_not_responding; /* since the submitter was idle last */
    pthread_cond_t left;
    struct worker submitter;
    struct worker completer;
} bridge;

/* What the hooks touch, without the lock. */
static struct {
    atomic_bool open;
    atomic_int deadline_ms;
    struct inbox inbox;
    sem_t to_submit;
    sem_t to_complete;
    atomic_bool
        submitter_busy; /* in the library, perhaps for ever: the completer is to look into the inbox */
} hooks;

/* The library may call this from any thread, at any time, with anything. */
static void answer(uint64_t request, int32_t outcome)
{
    struct hand_over *hand_over;

    (void)pthread_mutex_lock(&lock);
    hand_over = bridge.open ? handovers_waiting(&bridge.handovers, request) : NULL;
    if (hand_over != NULL) {
        handovers_end(&bridge.handovers, hand_over, outcome == BEBIDA_DONE ? ENDED_DONE : ENDED_FAILED);
        (void)sem_post(&hooks.to_complete);
    }
    (void)pthread_mutex_unlock(&lock);

    if (hand_over == NULL)
        log_debug(MESSAGE_LATE_ANSWER, (int)outcome, (unsigned long long)request);
}

static struct bebida_host host_with(struct bridge_queries queries)
{
    return (struct bebida_host){
        .abi_version = BEBIDA_ABI_VERSION,
        .size = sizeof(struct bebida_host),
        .log = log_line,
        .answer = answer,
        .presence = queries.presence,
        .jobs = queries.jobs,
    };
}

/* Called with the lock held, by both threads. The completer keeps the time of the first only: the deadlines
 * of all later ones are later. */
static void empty_inbox(void)
{
    struct hand_over *hand_over = inbox_take(&hooks.inbox);
    bool first = hand_over != NULL && handovers_next_to_end(&bridge.handovers) == NULL;

    while (hand_over != NULL) {
        struct hand_over *next = hand_over->next;

        hand_over->request = ++bridge.requests;
        handovers_add(&bridge.handovers, hand_over);
        hand_over = next;
    }
    if (first)
        (void)sem_post(&hooks.to_complete);
}

/* The library is to answer before our timer does. What is overdue already is submitted nevertheless, for the
 * nodes' sake, and gets as long as any other. */
static uint32_t budget_of(int64_t deadline)
{
    int64_t whole = bridge.policy.deadline_ms;
    int64_t margin = whole / 10 < MARGIN_MS ? whole / 10 : MARGIN_MS;
    int64_t left = deadline - clock_now();

    return (uint32_t)((left > margin ? left : whole) - margin);
}

/* Called without the lock. */
static enum ending submit_to(const struct controller *library, const struct hand_over *hand_over,
                             uint32_t budget)
{
    char **nodes = nodes_expand(hand_over->nodes);
    enum ending ending = ENDED_REFUSED;

    if (nodes == NULL)
        log_error(MESSAGE_NO_MEMORY_TO_SUBMIT, hand_over->job_id, hand_over->nodes);
    else if (library->hand_over(hand_over->request, hand_over->direction, hand_over->environment,
                                (const char *const *)nodes, budget) == BEBIDA_OK)
        ending = NOT_ENDED;
    nodes_free(nodes);
    return ending;
}

/* Called and returns with the lock held. */
static void submit(struct hand_over *hand_over, const struct controller *library)
{
    uint64_t request = hand_over->request;
    uint32_t budget = budget_of(hand_over->deadline);
    enum ending ending = ENDED_NOWHERE;
    struct hand_over *waiting;

    /* What was put there before is ours to see, and what comes later finds us away. */
    atomic_store(&hooks.submitter_busy, true);
    empty_inbox();
    (void)pthread_mutex_unlock(&lock);
    if (library != NULL)
        ending = submit_to(library, hand_over, budget);
    (void)pthread_mutex_lock(&lock);

    waiting = ending == NOT_ENDED ? NULL : handovers_waiting(&bridge.handovers, request);
    if (waiting != NULL) {
        handovers_end(&bridge.handovers, waiting, ending);
        (void)sem_post(&hooks.to_complete);
    }
    handovers_submitted(hand_over);
}

/* Called and returns with the lock held. Returns after a post, then or before, or at that moment, or for
 * nothing. */
static void sleep_until(sem_t *posted, int64_t until)
{
    (void)pthread_mutex_unlock(&lock);
    clock_await(posted, until);
    (void)pthread_mutex_lock(&lock);
}

static void *submitter(void *unused)
{
    struct controller library = {0};
    struct bebida_host host;
    struct hand_over *hand_over;
    char path[PATH_MAX];
    bool runs;

    (void)unused;
    worker_begin("bebida_submit");

    (void)pthread_mutex_lock(&lock);
    memcpy(path, bridge.library, sizeof(path));
    host = host_with(bridge.queries);
    (void)pthread_mutex_unlock(&lock);

    runs = controller_start(path, &host, &library);

    (void)pthread_mutex_lock(&lock);
    while (bridge.open) {
        atomic_store(&hooks.submitter_busy, false);
        empty_inbox();
        hand_over = handovers_next_to_submit(&bridge.handovers);
        if (hand_over != NULL) {
            submit(hand_over, runs ? &library : NULL);
        } else {
            bridge.said_not_responding = false;
            sleep_until(&hooks.to_submit, NEVER);
        }
    }
    if (runs) {
        (void)pthread_mutex_unlock(&lock);
        (void)library.stop(STOP_GRACE_MS);
        (void)pthread_mutex_lock(&lock);
    }
    worker_end(&bridge.submitter, &bridge.left);
    (void)pthread_mutex_unlock(&lock);
    return NULL;
}

/* Called and returns with the lock held. */
static void report_to_slurm(struct hand_over *hand_over)
{
    bridge_report report = bridge.report;
    struct policy policy = bridge.policy;

    (void)pthread_mutex_unlock(&lock);
    report(hand_over, &policy);
    (void)pthread_mutex_lock(&lock);
    if (handovers_reported(&bridge.handovers, hand_over) && !bridge.said_not_responding) {
        bridge.said_not_responding = true;
        (void)pthread_mutex_unlock(&lock);
        log_error(MESSAGE_NOT_RESPONDING);
        (void)pthread_mutex_lock(&lock);
    }
}

static void *completer(void *unused)
{
    struct hand_over *hand_over;

    (void)unused;
    worker_begin("bebida_complete");

    (void)pthread_mutex_lock(&lock);
    while (bridge.open) {
        struct hand_over *next;

        empty_inbox();
        next = handovers_next_to_end(&bridge.handovers);
        if (next != NULL && next->deadline <= clock_now())
            handovers_end(&bridge.handovers, next, ENDED_OVERDUE);
        else if ((hand_over = handovers_next_to_report(&bridge.handovers)) != NULL)
            report_to_slurm(hand_over);
        else
            sleep_until(&hooks.to_complete, next != NULL ? next->deadline : NEVER);
    }
    worker_end(&bridge.completer, &bridge.left);
    (void)pthread_mutex_unlock(&lock);
    return NULL;
}

/* The first time in a process. After a fork, what the parent's threads were amid is theirs: it is left. */
static int reset(void)
{
    int error = pthread_mutex_init(&lock, NULL);

    bridge.open = false;
    bridge.submitter = (struct worker){0};
    bridge.completer = (struct worker){0};
    handovers_empty(&bridge.handovers);
    (void)inbox_take(&hooks.inbox);
    if (error == 0)
        error = clock_condition(&bridge.left);
    if (error == 0 && (sem_init(&hooks.to_submit, 0, 0) != 0 || sem_init(&hooks.to_complete, 0, 0) != 0))
        error = errno;
    if (error == 0)
        bridge.process = getpid();
    return error;
}

/* slurmctld does not call fini() when it ends, it exits. */
static void close_bridge(void)
{
    const int64_t patience = clock_now() + STOP_PATIENCE_MS;
    pthread_t submitter_thread;
    pthread_t completer_thread;
    bool join_submitter;
    bool join_completer;
    bool stuck;
    size_t dropped;

    if (bridge.process != getpid()) /* never opened here; or a fork that exits, with its parent's handlers */
        goto end;

    (void)pthread_mutex_lock(&lock);
    bridge.open = false;
    atomic_store(&hooks.open, false);
    (void)sem_post(&hooks.to_submit);
    (void)sem_post(&hooks.to_complete);
    empty_inbox();
    dropped = handovers_drop(&bridge.handovers);
    while ((bridge.submitter.runs || bridge.completer.runs) && clock_wait(&bridge.left, &lock, patience) == 0)
        ;
    stuck = bridge.submitter.runs || bridge.completer.runs;
    join_submitter = worker_release(&bridge.submitter, &submitter_thread);
    join_completer = worker_release(&bridge.completer, &completer_thread);
    (void)pthread_mutex_unlock(&lock);

    if (join_submitter)
        (void)pthread_join(submitter_thread, NULL);
    if (join_completer)
        (void)pthread_join(completer_thread, NULL);
    if (dropped > 0)
        log_verbose(MESSAGE_OPEN_AT_EXIT, dropped);
    if (stuck)
        log_error(MESSAGE_LIBRARY_DOES_NOT_STOP);
end:;
}

/* The last handler registered runs first: before those that take apart what the library works with. */
static void close_at_exit(void)
{
    if (!bridge.ends_at_exit)
        bridge.ends_at_exit = atexit(close_bridge) == 0;
}

bool bridge_open(bridge_report report, struct bridge_queries queries)
{
    struct policy policy = policy_read();
    char path[PATH_MAX];
    int error = reset();

    controller_path(path);
    if (error != 0)
        goto end;

    (void)pthread_mutex_lock(&lock);
    bridge.open = true;
    bridge.report = report;
    bridge.queries = queries;
    bridge.policy = policy;
    memcpy(bridge.library, path, sizeof(path));
    atomic_store(&hooks.deadline_ms, (int)policy.deadline_ms);
    atomic_store(&hooks.submitter_busy, true);
    atomic_store(&hooks.open, true);
    error = worker_start(&bridge.completer, completer);
    if (error == 0)
        error = worker_start(&bridge.submitter, submitter);
    (void)pthread_mutex_unlock(&lock);

    if (error == 0)
        close_at_exit();
    else
        close_bridge();
end:
    if (error != 0)
        log_error(MESSAGE_NOT_STARTED, strerror(error));
    return error == 0;
}

bool bridge_hand_over(struct hand_over *hand_over)
{
    bool taken =
        bridge.process == getpid() || (bridge.report != NULL && bridge_open(bridge.report, bridge.queries));

    taken = taken && atomic_load(&hooks.open);
    if (taken) {
        hand_over->deadline = clock_now() + atomic_load(&hooks.deadline_ms);
        inbox_put(&hooks.inbox, hand_over);
        (void)sem_post(&hooks.to_submit);
        if (atomic_load(&hooks.submitter_busy))
            (void)sem_post(&hooks.to_complete);
    } else {
        free(hand_over);
    }
    return taken;
}
