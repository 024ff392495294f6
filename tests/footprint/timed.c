/*
 * prep/timed, for tests: stands between slurmctld and the plugin that BEBIDA_TIMED_PLUGIN names, passes every
 * call on, and writes down how long each hook took while slurmctld held its locks.
 */
#include "timed.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <slurm/slurm.h>
#include <slurm/slurm_errno.h>
#include <slurm/spank.h> /* where Slurm's public headers declare its log */

#include "prep_abi.h"

#define EXPORTED __attribute__((visibility("default")))

EXPORTED const char plugin_name[] = "Times another PrEp plugin";
EXPORTED const char plugin_type[] = "prep/timed";
EXPORTED const uint32_t plugin_version = SLURM_VERSION_NUMBER;

static struct timed *timed;
static job_common_env_vars_t describe;

static struct {
    int (*init)(void);
    void (*fini)(void);
    void (*register_callbacks)(prep_callbacks_t *callbacks);
    int (*prolog)(void *job_env, void *cred);
    int (*epilog)(void *job_env, void *cred);
    int (*prolog_slurmctld)(job_record_t *job, bool *async);
    int (*epilog_slurmctld)(job_record_t *job, bool *async);
    void (*required)(prep_call_type_t type, bool *required);
} plugin;

static uint64_t now(clockid_t clock)
{
    struct timespec moment = {0};

    (void)clock_gettime(clock, &moment);
    return (uint64_t)moment.tv_sec * 1000000000 + (uint64_t)moment.tv_nsec;
}

static struct timed *map(const char *path)
{
    int file = path == NULL ? -1 : open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    void *address = MAP_FAILED;

    if (file >= 0 && ftruncate(file, sizeof(struct timed)) == 0)
        address = mmap(NULL, sizeof(struct timed), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (file >= 0)
        (void)close(file);
    return address == MAP_FAILED ? NULL : address;
}

static bool load(const char *path)
{
    const struct {
        const char *name;
        void *address;
    } functions[] = {
        {"init", &plugin.init},
        {"fini", &plugin.fini},
        {"prep_p_register_callbacks", &plugin.register_callbacks},
        {"prep_p_prolog", &plugin.prolog},
        {"prep_p_epilog", &plugin.epilog},
        {"prep_p_prolog_slurmctld", &plugin.prolog_slurmctld},
        {"prep_p_epilog_slurmctld", &plugin.epilog_slurmctld},
        {"prep_p_required", &plugin.required},
    };
    void *handle = path == NULL ? NULL : dlopen(path, RTLD_NOW | RTLD_LOCAL);
    bool loaded = handle != NULL;

    for (size_t i = 0; loaded && i < sizeof(functions) / sizeof(functions[0]); i++) {
        *(void **)functions[i].address = dlsym(handle, functions[i].name);
        loaded = *(void **)functions[i].address != NULL;
    }
    return loaded;
}

EXPORTED int init(void)
{
    const char *path = getenv("BEBIDA_TIMED_PLUGIN");
    bool ready = load(path) && (timed = map(getenv("BEBIDA_TIMED_FILE"))) != NULL;

    *(void **)&describe = dlsym(RTLD_DEFAULT, "job_common_env_vars");
    if (!ready)
        slurm_error(
            "prep/timed: BEBIDA_TIMED_PLUGIN names the plugin to time, BEBIDA_TIMED_FILE where to write");
    return ready ? plugin.init() : SLURM_ERROR;
}

EXPORTED void fini(void)
{
    plugin.fini();
}

EXPORTED void prep_p_register_callbacks(prep_callbacks_t *callbacks)
{
    plugin.register_callbacks(callbacks);
}

struct moment {
    uint64_t wall;
    uint64_t cpu;
    struct rusage usage;
};

static struct moment moment(void)
{
    struct moment moment = {0};

    (void)getrusage(RUSAGE_THREAD, &moment.usage);
    moment.cpu = now(CLOCK_THREAD_CPUTIME_ID);
    moment.wall = now(CLOCK_MONOTONIC);
    return moment;
}

/* prep_bebida.so, like prep/script, has slurmctld describe the job. */
static void have_described(job_record_t *job, bool is_complete)
{
    char **environment = describe(job, is_complete);

    for (char **variable = environment; variable != NULL && *variable != NULL; variable++)
        slurm_xfree((void **)variable);
    slurm_xfree((void **)&environment);
}

static void note(uint64_t epilog, uint64_t described, const struct moment *began, const struct moment *ended)
{
    uint64_t place = __atomic_fetch_add(&timed->count, 1, __ATOMIC_ACQ_REL);

    if (place < TIMED_CALLS)
        timed->calls[place] = (struct timed_call){
            .epilog = epilog,
            .described = described,
            .wall_ns = ended->wall - began->wall,
            .cpu_ns = ended->cpu - began->cpu,
            .waits = (uint64_t)(ended->usage.ru_nvcsw - began->usage.ru_nvcsw),
        };
}

/* Of every other job, slurmctld's own part alone is timed, before the hook: whoever comes second finds the
 * memory there that the first was given. */
static int time_call(int (*hook)(job_record_t *, bool *), uint64_t epilog, job_record_t *job, bool *async)
{
    static uint64_t calls;
    bool only_described = __atomic_fetch_add(&calls, 1, __ATOMIC_RELAXED) % 2 == 1;
    struct moment began = moment();
    struct moment ended;
    int result;

    if (only_described) {
        have_described(job, epilog != 0);
        ended = moment();
        result = hook(job, async);
    } else {
        result = hook(job, async);
        ended = moment();
    }
    note(epilog, only_described, &began, &ended);
    return result;
}

EXPORTED int prep_p_prolog_slurmctld(job_record_t *job, bool *async)
{
    return time_call(plugin.prolog_slurmctld, 0, job, async);
}

EXPORTED int prep_p_epilog_slurmctld(job_record_t *job, bool *async)
{
    return time_call(plugin.epilog_slurmctld, 1, job, async);
}

EXPORTED int prep_p_prolog(void *job_env, void *cred)
{
    return plugin.prolog(job_env, cred);
}

EXPORTED int prep_p_epilog(void *job_env, void *cred)
{
    return plugin.epilog(job_env, cred);
}

EXPORTED void prep_p_required(prep_call_type_t type, bool *required)
{
    plugin.required(type, required);
}
