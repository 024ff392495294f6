#include "clock.h"

enum { MS_PER_SECOND = 1000, NS_PER_MS = 1000000 };

static int64_t milliseconds_of(clockid_t clock)
{
    struct timespec now = {0};

    (void)clock_gettime(clock, &now); /* cannot fail for the two clocks used here */
    return (int64_t)now.tv_sec * MS_PER_SECOND + now.tv_nsec / NS_PER_MS;
}

static struct timespec timespec_of(int64_t moment)
{
    return (struct timespec){
        .tv_sec = (time_t)(moment / MS_PER_SECOND),
        .tv_nsec = (long)(moment % MS_PER_SECOND) * NS_PER_MS,
    };
}

int64_t clock_now(void)
{
    return milliseconds_of(CLOCK_MONOTONIC);
}

void clock_await(sem_t *posted, int64_t until)
{
    const struct timespec moment = timespec_of(until);

    if (until == NEVER)
        (void)sem_wait(posted);
    else
        (void)sem_clockwait(posted, CLOCK_MONOTONIC, &moment);
}

struct timespec clock_wall_time(int64_t moment)
{
    return timespec_of(milliseconds_of(CLOCK_REALTIME) + moment - clock_now());
}
