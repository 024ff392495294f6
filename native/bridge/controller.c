#include "controller.h"

#include "library.h"
#include "log.h"

static const struct library library = {
    .file = "libbebida_controller.so",
    .without = "until slurmctld is restarted with it, jobs are treated as controller.onFailure says",
};

void controller_path(char *path)
{
    library_path(&library, path);
}

static const char *reason(int32_t status)
{
    static const char *const reasons[] = {
        [BEBIDA_OK] = "nothing",
        [BEBIDA_ERROR_ABI] = "it is of another release than this plugin; install both from one",
        [BEBIDA_ERROR_CONFIGURATION] = "the configuration cannot be used; see its own line above",
        [BEBIDA_ERROR_STATE] = "it runs already or cannot run again",
        [BEBIDA_ERROR_ARGUMENT] = "it does not understand this plugin",
        [BEBIDA_ERROR_INTERNAL] = "an error inside it; see its own line above",
    };
    const int32_t count = (int32_t)(sizeof(reasons) / sizeof(reasons[0]));

    return status >= 0 && status < count ? reasons[status] : "a reason this plugin does not know";
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
            log_verbose("%s runs", path);
        else
            log_error("%s does not start: %s; %s", path, reason(status), library.without);
    }
    return runs;
}
