#include "controller.h"

#include "library.h"
#include "log.h"
#include "messages.h"

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
        [BEBIDA_OK] = "no error",
        [BEBIDA_ERROR_ABI] = "it is of another release than this plugin; install both from one release",
        [BEBIDA_ERROR_CONFIGURATION] = "its configuration is invalid; see the error above",
        [BEBIDA_ERROR_STATE] = "it is running already, or cannot start twice",
        [BEBIDA_ERROR_ARGUMENT] = "it rejected an argument of this plugin",
        [BEBIDA_ERROR_INTERNAL] = "internal error; see the error above",
    };
    const int32_t count = (int32_t)(sizeof(reasons) / sizeof(reasons[0]));

    return status >= 0 && status < count ? reasons[status] : "unknown status";
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
