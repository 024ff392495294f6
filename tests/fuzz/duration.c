/* A duration is at most an hour, and any other text leaves the value alone. */
#include <stdlib.h>

#include "policy.h"
#include "slurm_log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = text_of_input(data, size);
    uint32_t milliseconds = UINT32_MAX;

    if (policy_duration(text, &milliseconds))
        must(milliseconds <= 60 * 60 * 1000);
    else
        must(milliseconds == UINT32_MAX);
    free(text);
    return 0;
}
