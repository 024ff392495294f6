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
#include "hook_queue.h"
#include "log.h"
#include "messages.h"
#include "successor.h"
#include "worker.h"

enum {
    STOP_GRACE_MS = 800,             /* what the library may still finish when slurmctld stops */
    STOP_PATIENCE_MS = 1500,         /* when a thread of ours that does not return is left behind */
    ASK_PAUSE_MS = 200,              /* between two questions whether this slurmctld is in charge */
    REQUEUE_PATIENCE_MS = 10000,     /* when it is taken to be, although it does not say so */
    SUCCESSION_PATIENCE_MS = 120000, /* the same, once its main thread has forked */
};

/* Held for moments only: over no call into the library, into Slurm or into a log. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct {
    pid_t process; /* whose lock, semaphores and threads these are */
    bool stops_at_exit;
    bool asks; /* the completer waits for slurmctld, perhaps for as long as a message may take */
    bool open;
    bridge_report report;
    struct bridge_queries queries;
    struct policy policy;
    char library[PATH_MAX];
    uint64_t requests; /* the number of the last one */
    struct handovers handovers;
    bool said_not_responding; /* since the submitter was idle last */
    struct worker submitter;
    struct worker completer;
} bridge;

/* What the hooks touch, without the lock. */
static struct {
    atomic_bool open;
    atomic_int deadline_ms;
    struct hook_queue queue;
    sem_t to_submit;
    sem_t to_complete;
    atomic_bool submitter_busy; /* in the library, perhaps for ever: the completer takes the queue too */
} hooks;

/* The library may call this from any thread, at any time, with anything. */
static void answer(uint64_t request, int32_t outcome)
{
    struct hand_over *hand_over;

    (void)pthread_mutex_lock(&lock);
    hand_over = bridge.open ? handovers_find(&bridge.handovers, request) : NULL;
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
        .conditions = queries.conditions,
        .change_nodes = queries.change_nodes,
        .nodes_kept_on = queries.nodes_kept_on,
        .keep_nodes_on = queries.keep_nodes_on,
        .plans = queries.plans,
    };
}

/* Called with the lock held, by both threads. The completer sleeps until the first deadline only: all
 * others are later. */
static void empty_hook_queue(void)
{
    struct hand_over *hand_over = hook_queue_take_all(&hooks.queue);
    bool first = hand_over != NULL && handovers_next_deadline(&bridge.handovers) == NULL;

    while (hand_over != NULL) {
        struct hand_over *next = hand_over->next;

        hand_over->request = ++bridge.requests;
        handovers_add(&bridge.handovers, hand_over);
        hand_over = next;
    }
    if (first)
        (void)sem_post(&hooks.to_complete);
}

/* Called and returns with the lock held. */
static void submit(struct hand_over *hand_over, const struct controller *library)
{
    uint64_t request = hand_over->request;
    uint32_t deadline_ms = bridge.policy.deadline_ms;
    enum ending ending = ENDED_NOT_RUNNING;
    struct hand_over *waiting;

    /* What was pushed before is taken here; what is pushed later wakes the completer. */
    atomic_store(&hooks.submitter_busy, true);
    empty_hook_queue();
    (void)pthread_mutex_unlock(&lock);
    if (library != NULL)
        ending = controller_submit(library, hand_over, deadline_ms);
    (void)pthread_mutex_lock(&lock);

    waiting = ending == NOT_ENDED ? NULL : handovers_find(&bridge.handovers, request);
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

static void run_submitter(void)
{
    struct controller library = {0};
    struct bebida_host host;
    struct hand_over *hand_over;
    char path[PATH_MAX];
    bool runs;

    (void)pthread_mutex_lock(&lock);
    memcpy(path, bridge.library, sizeof(path));
    host = host_with(bridge.queries);
    (void)pthread_mutex_unlock(&lock);

    runs = controller_start(path, &host, &library);

    (void)pthread_mutex_lock(&lock);
    while (bridge.open) {
        atomic_store(&hooks.submitter_busy, false);
        empty_hook_queue();
        hand_over = handovers_next_to_submit(&bridge.handovers);
        if (hand_over != NULL) {
            submit(hand_over, runs ? &library : NULL);
        } else {
            bridge.said_not_responding = false;
            sleep_until(&hooks.to_submit, NEVER);
        }
    }
    (void)pthread_mutex_unlock(&lock);

    if (runs)
        (void)library.stop(STOP_GRACE_MS);
}

/* Called and returns with the lock held. */
static void report_to_slurm(struct hand_over *hand_over, bool may)
{
    bridge_report report = bridge.report;
    struct policy policy = bridge.policy;

    (void)pthread_mutex_unlock(&lock);
    if (may)
        report(hand_over, &policy);
    (void)pthread_mutex_lock(&lock);
    if (handovers_reported(&bridge.handovers, hand_over) && !bridge.said_not_responding) {
        bridge.said_not_responding = true;
        (void)pthread_mutex_unlock(&lock);
        log_error(MESSAGE_NOT_RESPONDING);
        (void)pthread_mutex_lock(&lock);
    }
}

bool bridge_requeues(const struct hand_over *hand_over, const struct policy *policy)
{
    return hand_over->ending != ENDED_DONE && policy->on_failure == ON_FAILURE_REQUEUE;
}

/* A slurmctld that is no longer in charge answers no job. Nor does it requeue one when it is about to fork:
 * the epilog hook would release the holds that its successor writes. */
static bool needs_question(const struct hand_over *hand_over, const struct policy *policy)
{
    return hand_over->direction == BEBIDA_DECOMMISSION &&
           (successor_is_possible() || bridge_requeues(hand_over, policy));
}

/* Called and returns with the lock held. */
static bool is_in_charge(void)
{
    bool (*const ask)(void) = bridge.queries.is_in_charge;
    bool in_charge;

    bridge.asks = true;
    (void)pthread_mutex_unlock(&lock);
    in_charge = successor_is_none(ask);
    (void)pthread_mutex_lock(&lock);
    bridge.asks = false;
    return in_charge;
}

static int64_t patience(void)
{
    return successor_is_possible() ? SUCCESSION_PATIENCE_MS : REQUEUE_PATIENCE_MS;
}

/* Called and returns with the lock held. Returns false only when the bridge has been closed meanwhile. */
static bool await_charge(const struct hand_over *hand_over)
{
    const int64_t began = clock_now();
    bool may = !needs_question(hand_over, &bridge.policy) || is_in_charge();

    if (!may) {
        (void)pthread_mutex_unlock(&lock);
        log_info(MESSAGE_NOT_IN_CHARGE, hand_over->job_id);
        (void)pthread_mutex_lock(&lock);
    }
    while (bridge.open && !may) {
        const int64_t next = clock_now() + ASK_PAUSE_MS;

        /* Whatever else wakes it. */
        while (bridge.open && clock_now() < next)
            sleep_until(&hooks.to_complete, next);
        may = bridge.open && is_in_charge();
        if (bridge.open && !may && clock_now() - began >= patience()) {
            successor_rule_out();
            may = true;
        }
    }
    return may;
}

static void run_completer(void)
{
    struct hand_over *hand_over;

    (void)pthread_mutex_lock(&lock);
    while (bridge.open) {
        struct hand_over *next;

        empty_hook_queue();
        next = handovers_next_deadline(&bridge.handovers);
        if (next != NULL && next->deadline <= clock_now())
            handovers_end(&bridge.handovers, next, ENDED_TIMED_OUT);
        else if ((hand_over = handovers_next_to_report(&bridge.handovers)) != NULL)
            report_to_slurm(hand_over, await_charge(hand_over));
        else
            sleep_until(&hooks.to_complete, next != NULL ? next->deadline : NEVER);
    }
    (void)pthread_mutex_unlock(&lock);
}

/* The first time in a process. After a fork, the parent's hand-overs stay the parent's. */
static int reset(void)
{
    int error = pthread_mutex_init(&lock, NULL);

    if (error == 0)
        error = successor_watch();
    bridge.open = false;
    bridge.submitter = (struct worker){.name = "bebida_submit", .run = run_submitter};
    bridge.completer = (struct worker){.name = "bebida_complete", .run = run_completer};
    handovers_init(&bridge.handovers);
    (void)hook_queue_take_all(&hooks.queue);
    if (error == 0 && (sem_init(&hooks.to_submit, 0, 0) != 0 || sem_init(&hooks.to_complete, 0, 0) != 0))
        error = errno;
    if (error == 0)
        bridge.process = getpid();
    return error;
}

static void stop(void)
{
    const int64_t until = clock_now() + STOP_PATIENCE_MS;
    size_t dropped;
    bool stopped;
    bool asks;

    (void)pthread_mutex_lock(&lock);
    bridge.open = false;
    atomic_store(&hooks.open, false);
    (void)sem_post(&hooks.to_submit);
    (void)sem_post(&hooks.to_complete);
    empty_hook_queue();
    dropped = handovers_drop(&bridge.handovers);
    asks = bridge.asks;
    (void)pthread_mutex_unlock(&lock);

    /* Either may be stuck: in the library, or in a callback of Slurm's. A slurmctld that ends answers nobody,
     * so a question to it is not waited for. */
    stopped = worker_join(&bridge.submitter, until);
    stopped = (worker_join(&bridge.completer, asks ? clock_now() : until) || asks) && stopped;
    if (dropped > 0)
        log_verbose(MESSAGE_OPEN_AT_EXIT, dropped);
    if (!stopped)
        log_error(MESSAGE_LIBRARY_DOES_NOT_STOP);
}

/* slurmctld ends by exit(), without fini(). A fork that exits runs its parent's handlers too. */
static void stop_at_exit(void)
{
    if (bridge.process == getpid())
        stop();
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
    error = worker_start(&bridge.completer);
    if (error == 0)
        error = worker_start(&bridge.submitter);
    (void)pthread_mutex_unlock(&lock);

    /* The last handler registered runs first: before those that take apart what the library works with. */
    if (error != 0)
        stop();
    else if (!bridge.stops_at_exit)
        bridge.stops_at_exit = atexit(stop_at_exit) == 0;
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
        hook_queue_push(&hooks.queue, hand_over);
        (void)sem_post(&hooks.to_submit);
        if (atomic_load(&hooks.submitter_busy))
            (void)sem_post(&hooks.to_complete);
    } else {
        free(hand_over);
    }
    return taken;
}
