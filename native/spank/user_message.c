#include "user_message.h"

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

int user_message_register(spank_t spank)
{
    struct spank_option option = submit_option(ignore);

    return spank_option_register(spank, &option) == ESPANK_SUCCESS ? 0 : -1;
}

/* What there is to tell, read while this process is still root's. */
static char message[512];

/* Once for a job: on its first node, by whichever step comes first. The file itself stays, it marks the job.
 */
void user_message_take(spank_t spank)
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
    if (fgets(message, sizeof(message), file) != NULL) {
        message[strcspn(message, "\n")] = '\0';
        if (truncate(path, 0) != 0)
            message[0] = '\0';
    }
    (void)fclose(file);
}

void user_message_give(void)
{
    if (*message != '\0')
        slurm_spank_log("bebida: %s", message);
}
