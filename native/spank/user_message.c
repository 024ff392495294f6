#include "user_message.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "submit.h"

/* libbebida_node.so keeps a file there for each job on the node, with the message to its user. */
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

/* Read while this process still runs as root. */
static char message[512];

/* Once per job: on its first node, in its first step. The file stays, since it marks the job. */
void user_message_read(spank_t spank)
{
    char path[64];
    uint32_t job_id = 0;
    uint32_t node = 0;
    FILE *file = NULL;

    if (spank_get_item(spank, S_JOB_NODEID, &node) == ESPANK_SUCCESS && node == 0 &&
        spank_get_item(spank, S_JOB_ID, &job_id) == ESPANK_SUCCESS) {
        (void)snprintf(path, sizeof(path), JOBS "/%u", job_id);
        file = fopen(path, "re");
    }
    if (file != NULL) {
        if (fgets(message, sizeof(message), file) == NULL || truncate(path, 0) != 0)
            message[0] = '\0';
        message[strcspn(message, "\n")] = '\0';
        log_clean(message);
        (void)fclose(file);
    }
}

void user_message_show(void)
{
    if (*message != '\0')
        slurm_spank_log("bebida: %s", message);
}
