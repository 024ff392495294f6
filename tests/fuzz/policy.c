/* bebida.yaml as the shim reads it: any file gives a policy, and one that cannot be used the defaults and one
 * error. */
#include "policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "slurm_log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int file = -1;
    struct policy policy;

    if (file < 0) {
        char path[64];

        file = memfd_create("bebida.yaml", MFD_CLOEXEC);
        must(file >= 0);
        (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
        must(setenv("BEBIDA_CONFIG", path, 1) == 0);
    }
    must(ftruncate(file, 0) == 0);
    must(pwrite(file, data, size, 0) == (ssize_t)size);

    slurm_log_forget();
    policy = policy_read();
    must(policy.deadline_ms > 0 && policy.deadline_ms <= 60 * 60 * 1000);
    must(policy.on_failure == ON_FAILURE_START || policy.on_failure == ON_FAILURE_REQUEUE);
    must(slurm_log_errors() <= 1);
    if (slurm_log_errors() == 1)
        must(policy.deadline_ms == 30000 && policy.on_failure == ON_FAILURE_START);
    return 0;
}
