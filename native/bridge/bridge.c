#include "bridge.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bebida.h"
#include "clock.h"
#include "controller.h"
#include "inbox.h"
#include "log.h"
#include "nodes.h"

enum {
    STOP_GRACE_MS = 800,     /* what the library may still finish when slurmctld stops */
    STOP_PATIENCE_MS = 1500, /* when a thread of ours that does not come back is left behind */
    MARGIN_MS = 500,         /* by how much the library has to be earlier than our timer, at most */
};

struct walker {
    pthread_t thread;
    bool started;
    bool runs;
};

/* Held for moments only: over no call into the library, into Slurm or into a log. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct {
    pid_t process; /* whose lock, semaphores and threads these are */
    bool ends_at_exit;
    bool open;
    bridge_tell tell;
    struct bridge_questions questions;
    struct policy policy;
    char library[PATH_MAX];
    uint64_t requests; /* the number of the last one */
    struct handovers handovers;
    bool given_up; /* and said so: the library does not return */
    pthread_cond_t left;
    struct walker carrier;
    struct walker answerer;
} bridge;

/* What the hooks touch, without the lock. */
static struct {
    atomic_bool open;
    atomic_int deadline_ms;
    struct inbox inbox;
    sem_t to_carry;
    sem_t to_answer;
    atomic_bool carrier_away; /* in the library, perhaps for ever: the answerer is to look into the inbox */
} post;

/* The library may call this from any thread, at any time, with anything. */
static void answer(uint64_t request, int32_t outcome)
{
    struct hand_over *hand_over;

    (void)pthread_mutex_lock(&lock);
    hand_over = bridge.open ? handovers_waiting(&bridge.handovers, request) : NULL;
    if (hand_over != NULL) {
        handovers_end(&bridge.handovers, hand_over, outcome == BEBIDA_DONE ? ENDED_DONE : ENDED_FAILED);
        (void)sem_post(&post.to_answer);
    }
    (void)pthread_mutex_unlock(&lock);

    if (hand_over == NULL)
        log_debug("the library's answer %d to request %llu came too late or twice", (int)outcome,
                  (unsigned long long)request);
}

static struct bebida_host host_with(struct bridge_questions questions)
{
    return (struct bebida_host){
        .abi_version = BEBIDA_ABI_VERSION,
        .size = sizeof(struct bebida_host),
        .log = log_line,
        .answer = answer,
        .presence = questions.presence,
        .jobs = questions.jobs,
    };
}

/* Called with the lock held, by both threads. The answerer keeps the time of the first only: the deadlines of
 * all later ones are later. */
static void empty_inbox(void)
{
    struct hand_over *hand_over = inbox_take(&post.inbox);
    bool first = hand_over != NULL && handovers_next_to_end(&bridge.handovers) == NULL;

    while (hand_over != NULL) {
        struct hand_over *next = hand_over->next;

        hand_over->request = ++bridge.requests;
        handovers_add(&bridge.handovers, hand_over);
        hand_over = next;
    }
    if (first)
        (void)sem_post(&post.to_answer);
}

/* The library is to answer before our timer does. What is overdue already is carried nevertheless, for the
 * nodes' sake, and gets as long as any other. */
static uint32_t budget_of(int64_t deadline)
{
    int64_t whole = bridge.policy.deadline_ms;
    int64_t margin = whole / 10 < MARGIN_MS ? whole / 10 : MARGIN_MS;
    int64_t left = deadline - clock_now();

    return (uint32_t)((left > margin ? left : whole) - margin);
}

/* Called without the lock. */
static enum ending carry_into(const struct controller *library, const struct hand_over *hand_over,
                              uint32_t budget)
{
    char **nodes = nodes_expand(hand_over->nodes);
    enum ending ending = ENDED_REFUSED;

    if (nodes == NULL)
        log_error("job %u: no memory to hand over %s", hand_over->job_id, hand_over->nodes);
    else if (library->hand_over(hand_over->request, hand_over->direction, hand_over->environment,
                                (const char *const *)nodes, budget) == BEBIDA_OK)
        ending = NOT_ENDED;
    nodes_free(nodes);
    return ending;
}

/* Called and returns with the lock held. */
static void carry(struct hand_over *hand_over, const struct controller *library)
{
    uint64_t request = hand_over->request;
    uint32_t budget = budget_of(hand_over->deadline);
    enum ending ending = ENDED_NOWHERE;
    struct hand_over *waiting;

    /* What was put there before is ours to see, and what comes later finds us away. */
    atomic_store(&post.carrier_away, true);
    empty_inbox();
    (void)pthread_mutex_unlock(&lock);
    if (library != NULL)
        ending = carry_into(library, hand_over, budget);
    (void)pthread_mutex_lock(&lock);

    waiting = ending == NOT_ENDED ? NULL : handovers_waiting(&bridge.handovers, request);
    if (waiting != NULL) {
        handovers_end(&bridge.handovers, waiting, ending);
        (void)sem_post(&post.to_answer);
    }
    handovers_carried(hand_over);
}

/* Called with the lock held. */
static void leave(struct walker *walker)
{
    walker->runs = false;
    (void)pthread_cond_broadcast(&bridge.left);
}

/* A thread that wakes one of ours keeps its processor: it may hold slurmctld's locks. Threads that the
 * library starts inherit this. */
static void stand_back(const char *name)
{
    const struct sched_param none = {0};

    (void)pthread_setname_np(pthread_self(), name);
    (void)pthread_setschedparam(pthread_self(), SCHED_BATCH, &none);
}

/* Called and returns with the lock held. Returns after a post, then or before, or at that moment, or for
 * nothing. */
static void sleep_until(sem_t *posted, int64_t until)
{
    (void)pthread_mutex_unlock(&lock);
    clock_await(posted, until);
    (void)pthread_mutex_lock(&lock);
}

static void *carrier(void *unused)
{
    struct controller library = {0};
    struct bebida_host host;
    struct hand_over *hand_over;
    char path[PATH_MAX];
    bool runs;

    (void)unused;
    stand_back("bebida_carrier");

    (void)pthread_mutex_lock(&lock);
    memcpy(path, bridge.library, sizeof(path));
    host = host_with(bridge.questions);
    (void)pthread_mutex_unlock(&lock);

    runs = controller_start(path, &host, &library);

    (void)pthread_mutex_lock(&lock);
    while (bridge.open) {
        atomic_store(&post.carrier_away, false);
        empty_inbox();
        hand_over = handovers_next_to_carry(&bridge.handovers);
        if (hand_over != NULL) {
            carry(hand_over, runs ? &library : NULL);
        } else {
            bridge.given_up = false;
            sleep_until(&post.to_carry, NEVER);
        }
    }
    if (runs) {
        (void)pthread_mutex_unlock(&lock);
        (void)library.stop(STOP_GRACE_MS);
        (void)pthread_mutex_lock(&lock);
    }
    leave(&bridge.carrier);
    (void)pthread_mutex_unlock(&lock);
    return NULL;
}

/* Called and returns with the lock held. */
static void tell_slurm(struct hand_over *hand_over)
{
    bridge_tell told = bridge.tell;
    struct policy policy = bridge.policy;

    (void)pthread_mutex_unlock(&lock);
    told(hand_over, &policy);
    (void)pthread_mutex_lock(&lock);
    if (handovers_told(&bridge.handovers, hand_over) && !bridge.given_up) {
        bridge.given_up = true;
        (void)pthread_mutex_unlock(&lock);
        log_error("the controller library does not return, and what waited longest for it is let go: run "
                  "systemctl restart slurmctld; until then jobs start and end without Kubernetes being told");
        (void)pthread_mutex_lock(&lock);
    }
}

static void *answerer(void *unused)
{
    struct hand_over *hand_over;

    (void)unused;
    stand_back("bebida_answerer");

    (void)pthread_mutex_lock(&lock);
    while (bridge.open) {
        struct hand_over *next;

        empty_inbox();
        next = handovers_next_to_end(&bridge.handovers);
        if (next != NULL && next->deadline <= clock_now())
            handovers_end(&bridge.handovers, next, ENDED_OVERDUE);
        else if ((hand_over = handovers_next_to_tell(&bridge.handovers)) != NULL)
            tell_slurm(hand_over);
        else
            sleep_until(&post.to_answer, next != NULL ? next->deadline : NEVER);
    }
    leave(&bridge.answerer);
    (void)pthread_mutex_unlock(&lock);
    return NULL;
}

/* What is sent to slurmctld is for its own threads. Let through are the faults, which the .NET runtime turns
 * into exceptions (one that is blocked ends the process, even where managed code would have caught it), and
 * the real-time signals by which it suspends its threads. Threads that the library starts inherit this. */
static void mask_of_walkers(sigset_t *mask)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};

    (void)sigfillset(mask);
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
        (void)sigdelset(mask, faults[i]);
    for (int signal = SIGRTMIN; signal <= SIGRTMAX; signal++)
        (void)sigdelset(mask, signal);
}

static int start(struct walker *walker, void *(*walk)(void *))
{
    sigset_t mask;
    sigset_t before;
    int error;

    mask_of_walkers(&mask);
    error = pthread_sigmask(SIG_SETMASK, &mask, &before);
    if (error == 0) {
        error = pthread_create(&walker->thread, NULL, walk, NULL);
        walker->started = error == 0;
        walker->runs = error == 0;
        (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    return error;
}

/* The first time in a process. After a fork, what the parent's threads were amid is theirs: it is left. */
static int settle(void)
{
    int error = pthread_mutex_init(&lock, NULL);

    bridge.open = false;
    bridge.carrier = (struct walker){0};
    bridge.answerer = (struct walker){0};
    handovers_empty(&bridge.handovers);
    (void)inbox_take(&post.inbox);
    if (error == 0)
        error = clock_condition(&bridge.left);
    if (error == 0 && (sem_init(&post.to_carry, 0, 0) != 0 || sem_init(&post.to_answer, 0, 0) != 0))
        error = errno;
    if (error == 0)
        bridge.process = getpid();
    return error;
}

/* Called with the lock held. Returns whether the thread is to be joined. One that is stuck in the library or
 * in a callback of Slurm's is left to itself. */
static bool part(struct walker *walker)
{
    bool joins = walker->started && !walker->runs;

    if (walker->runs)
        (void)pthread_detach(walker->thread);
    walker->started = false;
    return joins;
}

/* slurmctld does not call fini() when it ends, it exits. */
static void close_bridge(void)
{
    const int64_t patience = clock_now() + STOP_PATIENCE_MS;
    pthread_t carrier_thread;
    pthread_t answerer_thread;
    bool join_carrier;
    bool join_answerer;
    bool stuck;
    size_t dropped;

    if (bridge.process != getpid()) /* never opened here; or a fork that exits, with its parent's handlers */
        goto end;

    (void)pthread_mutex_lock(&lock);
    bridge.open = false;
    atomic_store(&post.open, false);
    (void)sem_post(&post.to_carry);
    (void)sem_post(&post.to_answer);
    empty_inbox();
    dropped = handovers_drop(&bridge.handovers);
    while ((bridge.carrier.runs || bridge.answerer.runs) && clock_wait(&bridge.left, &lock, patience) == 0)
        ;
    stuck = bridge.carrier.runs || bridge.answerer.runs;
    carrier_thread = bridge.carrier.thread;
    answerer_thread = bridge.answerer.thread;
    join_carrier = part(&bridge.carrier);
    join_answerer = part(&bridge.answerer);
    (void)pthread_mutex_unlock(&lock);

    if (join_carrier)
        (void)pthread_join(carrier_thread, NULL);
    if (join_answerer)
        (void)pthread_join(answerer_thread, NULL);
    if (dropped > 0)
        log_verbose(
            "%zu hand-overs were open at the end; when slurmctld starts again it repeats those of jobs "
            "that begin, and the reconciler does the others",
            dropped);
    if (stuck)
        log_error("the controller library does not stop; it is left behind");
end:;
}

/* The last handler registered runs first: before those that take apart what the library works with. */
static void close_at_exit(void)
{
    if (!bridge.ends_at_exit)
        bridge.ends_at_exit = atexit(close_bridge) == 0;
}

bool bridge_open(bridge_tell tell, struct bridge_questions questions)
{
    struct policy policy = policy_read();
    char path[PATH_MAX];
    int error = settle();

    controller_path(path);
    if (error != 0)
        goto end;

    (void)pthread_mutex_lock(&lock);
    bridge.open = true;
    bridge.tell = tell;
    bridge.questions = questions;
    bridge.policy = policy;
    memcpy(bridge.library, path, sizeof(path));
    atomic_store(&post.deadline_ms, (int)policy.deadline_ms);
    atomic_store(&post.carrier_away, true);
    atomic_store(&post.open, true);
    error = start(&bridge.answerer, answerer);
    if (error == 0)
        error = start(&bridge.carrier, carrier);
    (void)pthread_mutex_unlock(&lock);

    if (error == 0)
        close_at_exit();
    else
        close_bridge();
end:
    if (error != 0)
        log_error("cannot start: %s; jobs start and end without Kubernetes being told", strerror(error));
    return error == 0;
}

bool bridge_hand_over(struct hand_over *hand_over)
{
    bool taken =
        bridge.process == getpid() || (bridge.tell != NULL && bridge_open(bridge.tell, bridge.questions));

    taken = taken && atomic_load(&post.open);
    if (taken) {
        hand_over->deadline = clock_now() + atomic_load(&post.deadline_ms);
        inbox_put(&post.inbox, hand_over);
        (void)sem_post(&post.to_carry);
        if (atomic_load(&post.carrier_away))
            (void)sem_post(&post.to_answer);
    } else {
        free(hand_over);
    }
    return taken;
}
