#include "worker.h"

#include <sched.h>
#include <signal.h>
#include <stddef.h>

#include "clock.h"

/* What is sent to slurmctld is for its own threads. Let through are the faults, which the .NET runtime turns
 * into exceptions (one that is blocked ends the process, even where managed code would have caught it), and
 * the real-time signals by which it suspends its threads. Threads that the library starts inherit this. */
static void signal_mask_of_workers(sigset_t *mask)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};

    (void)sigfillset(mask);
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
        (void)sigdelset(mask, faults[i]);
    for (int signal = SIGRTMIN; signal <= SIGRTMAX; signal++)
        (void)sigdelset(mask, signal);
}

/* A thread that wakes one of ours keeps its processor: it may hold slurmctld's locks. Threads that the
 * library starts inherit this. */
static void *run(void *argument)
{
    const struct worker *worker = argument;
    const struct sched_param none = {0};

    (void)pthread_setname_np(pthread_self(), worker->name);
    (void)pthread_setschedparam(pthread_self(), SCHED_BATCH, &none);
    worker->run();
    return NULL;
}

int worker_start(struct worker *worker)
{
    sigset_t mask;
    sigset_t before;
    int error;

    signal_mask_of_workers(&mask);
    error = pthread_sigmask(SIG_SETMASK, &mask, &before);
    if (error == 0) {
        error = pthread_create(&worker->thread, NULL, run, worker);
        worker->started = error == 0;
        (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    return error;
}

bool worker_join(struct worker *worker, int64_t until)
{
    /* ThreadSanitizer knows this form of a join, and not the one by another clock. */
    const struct timespec moment = clock_wall_time(until);
    bool returned = !worker->started || pthread_timedjoin_np(worker->thread, NULL, &moment) == 0;

    if (!returned)
        (void)pthread_detach(worker->thread);
    worker->started = false;
    return returned;
}
