/* A libbebida_controller.so whose managed side has gone wrong in the way that BEBIDA_STANDIN names. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bebida.h"

static struct bebida_host host;

static int is(const char *way)
{
    const char *named = getenv("BEBIDA_STANDIN");

    return named != NULL && strcmp(named, way) == 0;
}

static void hang(void)
{
    for (;;)
        (void)pause();
}

uint32_t bebida_abi_version(void)
{
    return is("has another ABI") ? BEBIDA_ABI_VERSION + 1 : BEBIDA_ABI_VERSION;
}

int32_t bebida_start(const struct bebida_host *lent)
{
    host = *lent;
    if (is("hangs when started"))
        hang();
    return is("throws when started") ? BEBIDA_ERROR_INTERNAL : BEBIDA_OK;
}

int32_t bebida_hand_over(uint64_t request, int32_t direction, const char *const *environment,
                         const char *const *nodes, uint32_t budget_ms)
{
    (void)direction;
    (void)environment;
    (void)nodes;
    (void)budget_ms;
    if (is("hangs in a call"))
        hang();
    if (is("reports a failure"))
        host.answer(request, BEBIDA_FAILED);
    return is("throws in a call") ? BEBIDA_ERROR_INTERNAL : BEBIDA_OK;
}

int32_t bebida_stop(uint32_t grace_ms)
{
    (void)grace_ms;
    if (is("hangs in a call"))
        hang();
    return BEBIDA_OK;
}
