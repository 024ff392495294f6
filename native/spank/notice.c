#include "notice.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

/* What there is to tell, read while this process is still root's. */
static char notice[512];

/* Once for a job: on its first node, by whichever step comes first. The file itself stays, it marks the job.
 */
void notice_take(spank_t spank)
{
    char path[64];
    uint32_t job_id = 0;
    uint32_t node = 0;
    FILE *file;

    if (spank_get_item(spank, S_JOB_NODEID, &node) != ESPANK_SUCCESS || node != 0 ||
        spank_get_item(spank, S_JOB_ID, &job_id) != ESPANK_SUCCESS)
        return;
    (void)snprintf(path, sizeof(path), JOBS "/%u", job_id);
    file = fopen(path, "re");
    if (file == NULL)
        return;
    if (fgets(notice, sizeof(notice), file) != NULL) {
        notice[strcspn(notice, "\n")] = '\0';
        if (truncate(path, 0) != 0)
            notice[0] = '\0';
    }
    (void)fclose(file);
}

void notice_give(void)
{
    if (*notice != '\0')
        slurm_spank_log("bebida: %s", notice);
}
