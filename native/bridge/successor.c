#include "successor.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

static atomic_bool forked;

/* Before the fork, so that no answer slips in between. */
static void note_fork(void)
{
    if (gettid() == getpid())
        atomic_store(&forked, true);
}

int successor_watch(void)
{
    static bool watches;
    int error = watches ? 0 : pthread_atfork(note_fork, NULL, NULL);

    watches = watches || error == 0;
    atomic_store(&forked, false);
    return error;
}

bool successor_is_possible(void)
{
    return atomic_load(&forked);
}

bool successor_is_none(bool (*is_in_charge)(void))
{
    const bool was_possible = atomic_exchange(&forked, false);
    const bool none = is_in_charge();

    if (was_possible && !none)
        atomic_store(&forked, true);
    return none;
}

void successor_rule_out(void)
{
    atomic_store(&forked, false);
}
