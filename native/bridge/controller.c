#include "controller.h"

#include "clock.h"
#include "library.h"
#include "log.h"
#include "messages.h"
#include "nodes.h"

enum { MARGIN_MS = 500 }; /* by how much the library has to be earlier than our timer, at most */

static const struct library library = {
    .file = "libbebida_controller.so",
    .without = WITHOUT_CONTROLLER,
};

void controller_path(char *path)
{
    library_path(&library, path);
}

static const char *reason(int32_t status)
{
    static const char *const reasons[] = {
        [BEBIDA_OK] = STATUS_OK,
        [BEBIDA_ERROR_ABI] = STATUS_ABI,
        [BEBIDA_ERROR_CONFIGURATION] = STATUS_CONFIGURATION,
        [BEBIDA_ERROR_STATE] = STATUS_STATE,
        [BEBIDA_ERROR_ARGUMENT] = STATUS_ARGUMENT,
        [BEBIDA_ERROR_INTERNAL] = STATUS_INTERNAL,
    };
    const int32_t count = (int32_t)(sizeof(reasons) / sizeof(reasons[0]));

    return status >= 0 && status < count ? reasons[status] : STATUS_UNKNOWN;
}

bool controller_start(const char *path, const struct bebida_host *host, struct controller *controller)
{
    const struct library_function functions[] = {
        {"bebida_start", &controller->start},
        {"bebida_hand_over", &controller->hand_over},
        {"bebida_stop", &controller->stop},
    };
    bool runs = library_open(&library, path, functions, sizeof(functions) / sizeof(functions[0]));

    if (runs) {
        int32_t status = controller->start(host);

        runs = status == BEBIDA_OK;
        if (runs)
            log_verbose(MESSAGE_LIBRARY_STARTED, path);
        else
            log_error(MESSAGE_LIBRARY_DOES_NOT_START, path, reason(status), library.without);
    }
    return runs;
}

/* An overdue hand-over is submitted too, for the nodes' sake, and gets as long as any other. */
static uint32_t budget_of(int64_t deadline, int64_t deadline_ms)
{
    const int64_t margin = deadline_ms / 10 < MARGIN_MS ? deadline_ms / 10 : MARGIN_MS;
    const int64_t left = deadline - clock_now();

    return (uint32_t)((left > margin ? left : deadline_ms) - margin);
}

enum ending controller_submit(const struct controller *controller, const struct hand_over *hand_over,
                              uint32_t deadline_ms)
{
    const uint32_t budget_ms = budget_of(hand_over->deadline, deadline_ms);
    char **nodes = nodes_expand(hand_over->nodes);
    enum ending ending = ENDED_REFUSED;

    if (nodes == NULL)
        log_error(MESSAGE_NO_MEMORY_TO_SUBMIT, hand_over->job_id, hand_over->nodes);
    else if (controller->hand_over(hand_over->request, hand_over->direction, hand_over->environment,
                                   (const char *const *)nodes, budget_ms) == BEBIDA_OK)
        ending = NOT_ENDED;
    nodes_free(nodes);
    return ending;
}
