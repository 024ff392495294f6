#include "worker.h"

#include <sched.h>
#include <signal.h>
#include <stddef.h>

#include "clock.h"

/* slurmctld's own threads handle slurmctld's signals. Two kinds are not blocked: faults, which the .NET
 * runtime turns into exceptions (a blocked one ends the process, even where managed code would have caught
 * it), and real-time signals, by which the runtime suspends its threads. Threads that the library starts
 * inherit this. */
static void signal_mask_of_workers(sigset_t *mask)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};

    (void)sigfillset(mask);
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
        (void)sigdelset(mask, faults[i]);
    for (int signal = SIGRTMIN; signal <= SIGRTMAX; signal++)
        (void)sigdelset(mask, signal);
}

/* SCHED_BATCH: a thread that wakes this one keeps its processor, since it may hold slurmctld's locks. Threads
 * that the library starts inherit this. */
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
