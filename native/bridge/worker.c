#include "worker.h"

#include <sched.h>
#include <signal.h>
#include <stddef.h>

/* What is sent to slurmctld is for its own threads. Let through are the faults, which the .NET runtime turns
 * into exceptions (one that is blocked ends the process, even where managed code would have caught it), and
 * the real-time signals by which it suspends its threads. Threads that the library starts inherit this. */
static void mask_of_workers(sigset_t *mask)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};

    (void)sigfillset(mask);
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
        (void)sigdelset(mask, faults[i]);
    for (int signal = SIGRTMIN; signal <= SIGRTMAX; signal++)
        (void)sigdelset(mask, signal);
}

int worker_start(struct worker *worker, void *(*run)(void *))
{
    sigset_t mask;
    sigset_t before;
    int error;

    mask_of_workers(&mask);
    error = pthread_sigmask(SIG_SETMASK, &mask, &before);
    if (error == 0) {
        error = pthread_create(&worker->thread, NULL, run, NULL);
        worker->started = error == 0;
        worker->runs = error == 0;
        (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    return error;
}

/* A thread that wakes one of ours keeps its processor: it may hold slurmctld's locks. Threads that the
 * library starts inherit this. */
void worker_begin(const char *name)
{
    const struct sched_param none = {0};

    (void)pthread_setname_np(pthread_self(), name);
    (void)pthread_setschedparam(pthread_self(), SCHED_BATCH, &none);
}

void worker_end(struct worker *worker, pthread_cond_t *left)
{
    worker->runs = false;
    (void)pthread_cond_broadcast(left);
}

bool worker_release(struct worker *worker, pthread_t *thread)
{
    bool joins = worker->started && !worker->runs;

    *thread = worker->thread;
    if (worker->runs)
        (void)pthread_detach(worker->thread);
    worker->started = false;
    return joins;
}
