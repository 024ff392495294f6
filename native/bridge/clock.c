#include "clock.h"

#include <time.h>

int64_t clock_now(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail for this clock */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int clock_condition(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    int error = pthread_condattr_init(&attributes);

    if (error == 0) {
        error = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
        if (error == 0)
            error = pthread_cond_init(condition, &attributes);
        (void)pthread_condattr_destroy(&attributes);
    }
    return error;
}

static struct timespec moment_of(int64_t milliseconds)
{
    return (struct timespec){
        .tv_sec = (time_t)(milliseconds / 1000),
        .tv_nsec = (long)(milliseconds % 1000) * 1000000,
    };
}

int clock_wait(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t until)
{
    struct timespec moment = moment_of(until);

    return pthread_cond_timedwait(condition, lock, &moment);
}

void clock_await(sem_t *posted, int64_t until)
{
    struct timespec moment = moment_of(until);

    if (until == NEVER)
        (void)sem_wait(posted);
    else
        (void)sem_clockwait(posted, CLOCK_MONOTONIC, &moment);
}
