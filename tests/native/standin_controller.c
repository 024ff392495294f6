#include "standin_controller.h"

#define EXPORTED __attribute__((visibility("default")))

EXPORTED uint32_t bebida_abi_version(void)
{
#ifdef STANDIN_OF_ANOTHER_ABI
    return BEBIDA_ABI_VERSION + 1;
#else
    return BEBIDA_ABI_VERSION;
#endif
}

EXPORTED int32_t bebida_start(const struct bebida_host *host)
{
    controller.host = *host;
    return controller.start();
}

#ifndef STANDIN_WITHOUT_HAND_OVER
EXPORTED int32_t bebida_hand_over(uint64_t request, int32_t direction, const char *const *environment,
                                  const char *const *nodes, uint32_t budget_ms)
{
    return controller.hand_over(request, direction, environment, nodes, budget_ms);
}
#endif

EXPORTED int32_t bebida_stop(uint32_t grace_ms)
{
    return controller.stop(grace_ms);
}
