/* A line for Slurm's log from the library: whatever is in it, one line comes out. slurm_log.c checks it. */
#include "log.h"

#include <stdlib.h>

#include "slurm_log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *line = text_of_input(data, size);

    slurm_log_forget();
    log_line(size > 0 ? (int8_t)data[0] : 0, line);
    must(slurm_log_errors() <= 1);
    free(line);
    return 0;
}
