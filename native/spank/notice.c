#include "notice.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <slurm/slurm.h>

#include "submit.h"

/* libbebida_node.so keeps one file for each job on the node there; what stands in it is for the user. */
#define JOBS "/run/bebida/jobs"

static int ignore(int value, const char *mode, int remote)
{
    (void)value;
    (void)mode;
    (void)remote;
    return 0;
}

int notice_register(spank_t spank)
{
    struct spank_option option = submit_option(ignore);

    return spank_option_register(spank, &option) == ESPANK_SUCCESS ? 0 : -1;
}

static bool speaks_for_the_job(spank_t spank)
{
    uint32_t node = 0;
    uint32_t step = 0;

    return spank_get_item(spank, S_JOB_NODEID, &node) == ESPANK_SUCCESS && node == 0 &&
           spank_get_item(spank, S_JOB_STEPID, &step) == ESPANK_SUCCESS &&
           (step == 0 || step == SLURM_BATCH_SCRIPT || step == SLURM_INTERACTIVE_STEP);
}

void notice_give(spank_t spank)
{
    char path[64];
    char line[512];
    uint32_t job_id = 0;
    FILE *file;

    if (!speaks_for_the_job(spank) || spank_get_item(spank, S_JOB_ID, &job_id) != ESPANK_SUCCESS)
        return;
    (void)snprintf(path, sizeof(path), JOBS "/%u", job_id);
    file = fopen(path, "re");
    if (file == NULL)
        return;
    if (fgets(line, sizeof(line), file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (*line != '\0')
            slurm_spank_log("bebida: %s", line);
    }
    (void)fclose(file);
}
