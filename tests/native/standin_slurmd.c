/* A process that loads the plugin as slurmd does: without job_common_env_vars, and without callbacks. */
#include <dirent.h>
#include <dlfcn.h>
#include <stdbool.h>
#include <string.h>

#include "prep_abi.h"
#include "promise.h"

static size_t threads(void)
{
    DIR *tasks = opendir("/proc/self/task");
    size_t count = 0;

    keep(tasks != NULL);
    for (struct dirent *task = readdir(tasks); task != NULL; task = readdir(tasks))
        count += task->d_name[0] != '.';
    (void)closedir(tasks);
    return count;
}

int main(void)
{
    const size_t threads_before = threads();
    void *plugin = dlopen(PREP_BEBIDA, RTLD_LAZY);
    int (*initialize)(void);
    void (*finish)(void);
    int (*prolog)(void *job_env, void *cred);
    void (*required)(prep_call_type_t type, bool *required);

    if (plugin == NULL)
        (void)fprintf(stderr, "%s\n", dlerror());
    keep(plugin != NULL);
    *(void **)&initialize = dlsym(plugin, "init");
    *(void **)&finish = dlsym(plugin, "fini");
    *(void **)&prolog = dlsym(plugin, "prep_p_prolog");
    *(void **)&required = dlsym(plugin, "prep_p_required");
    keep(initialize() == 0);
    for (prep_call_type_t type = PREP_REGISTER_CALLBACKS; type <= PREP_EPILOG_SLURMCTLD; type++) {
        bool is_required = true;

        required(type, &is_required);
        keep(!is_required);
    }
    keep(prolog(NULL, NULL) == 0);
    keep(threads() == threads_before);
    keep(dlopen("libbebida_controller.so", RTLD_LAZY | RTLD_NOLOAD) == NULL);
    finish();
    keep(dlclose(plugin) == 0);
    return 0;
}
