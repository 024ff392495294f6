#include "standin_slurmctld.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "prep_abi.h"
#include "promise.h"
#include "slurm_api.h"

enum { PATIENCE_SECONDS = 60, NOTES = 16384, LINES = 4096 };

struct job_record {
    uint32_t id;
    const char *nodes;
};

/* Of libslurm, and not in its public headers. */
char *slurm_xstrdup(const char *text);
void *slurm_xcalloc(size_t count, size_t size, bool clear, bool try, const char *file, int line,
                    const char *function);

char **job_common_env_vars(job_record_t *job, bool is_complete);
void slurm_error(const char *format, ...);
void slurm_info(const char *format, ...);
void slurm_verbose(const char *format, ...);
void slurm_debug(const char *format, ...);

/* slurmctld's job and node locks in one. */
static pthread_mutex_t slurmctld_lock = PTHREAD_MUTEX_INITIALIZER;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct told told[NOTES];
static size_t told_count;
static struct handed handed[NOTES];
static size_t handed_count;
static char *lines[LINES];
static size_t line_count;
static size_t stopped_count;
static bool gate_is_open;
static size_t gate_visitors;
static char prefix[1024];

struct controller controller = {.start = starts, .hand_over = answers_done, .stop = stops};

static struct {
    void *handle;
    int (*init)(void);
    void (*fini)(void);
    void (*register_callbacks)(prep_callbacks_t *callbacks);
    int (*prolog)(job_record_t *job, bool *async);
    int (*epilog)(job_record_t *job, bool *async);
    void (*required)(prep_call_type_t type, bool *required);
} plugin;

/* Called with the lock held. */
static void show_log(void)
{
    for (size_t i = 0; i < line_count; i++)
        (void)fprintf(stderr, "  log: %s\n", lines[i]);
}

/* Called with the lock held. */
static void wait_for_change(const char *what)
{
    struct timespec until;

    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_SECONDS;
    if (pthread_cond_timedwait(&changed, &lock, &until) != 0) {
        (void)fprintf(stderr, "nothing happened while waiting for: %s\n", what);
        show_log();
        _Exit(1);
    }
}

/* What slurmctld exports. */

char **job_common_env_vars(job_record_t *job, bool is_complete)
{
    char **environment = slurm_xcalloc(6, sizeof(char *), true, false, __FILE__, __LINE__, __func__);
    char variable[512];
    size_t count = 0;

    environment[count++] = slurm_xstrdup("SLURM_CLUSTER_NAME=standin");
    (void)snprintf(variable, sizeof(variable), "SLURM_JOB_ID=%u", job->id);
    environment[count++] = slurm_xstrdup(variable);
    environment[count++] = slurm_xstrdup("SLURM_JOB_NAME=a job");
    if (job->nodes != NULL) {
        (void)snprintf(variable, sizeof(variable), "SLURM_JOB_NODELIST=%s", job->nodes);
        environment[count++] = slurm_xstrdup(variable);
    }
    if (is_complete)
        environment[count++] = slurm_xstrdup("SLURM_JOB_EXIT_CODE=0");
    return environment;
}

static void log_note(const char *level, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

static void log_note(const char *level, const char *format, va_list arguments)
{
    char text[8192];
    char line[8300];

    (void)vsnprintf(text, sizeof(text), format, arguments);
    (void)snprintf(line, sizeof(line), "%s: %s", level, text);
    (void)pthread_mutex_lock(&lock);
    if (line_count < LINES)
        lines[line_count++] = strdup(line);
    (void)pthread_cond_broadcast(&changed);
    (void)pthread_mutex_unlock(&lock);
}

#define LEVEL(level)                                                                                         \
    void slurm_##level(const char *format, ...)                                                              \
    {                                                                                                        \
        va_list arguments;                                                                                   \
        va_start(arguments, format);                                                                         \
        log_note(#level, format, arguments);                                                                 \
        va_end(arguments);                                                                                   \
    }

LEVEL(error)
LEVEL(info)
LEVEL(verbose)
LEVEL(debug)

static enum who who_answers;
static size_t question_count;
static slurm_conf_t answered;

/* Found before libslurm's, which would ask a real one. */
int slurm_load_ctl_conf(time_t update_time, slurm_conf_t **configuration)
{
    enum who who;

    (void)update_time;
    (void)pthread_mutex_lock(&lock);
    who = who_answers;
    question_count++;
    (void)pthread_cond_broadcast(&changed);
    (void)pthread_mutex_unlock(&lock);
    answered.boot_time = time(NULL) + (who == A_SUCCESSOR ? 1 : -3600);
    *configuration = who == NOBODY ? NULL : &answered;
    return who == NOBODY ? SLURM_ERROR : SLURM_SUCCESS;
}

void slurm_free_ctl_conf(slurm_conf_t *configuration)
{
    (void)configuration;
}

size_t slurmctld_answers_as(enum who who)
{
    size_t before;

    (void)pthread_mutex_lock(&lock);
    before = question_count;
    who_answers = who;
    (void)pthread_mutex_unlock(&lock);
    return before;
}

void slurmctld_awaits_questions(size_t count)
{
    (void)pthread_mutex_lock(&lock);
    while (question_count < count)
        wait_for_change("a question to slurmctld");
    (void)pthread_mutex_unlock(&lock);
}

/* What slurmctld is told. */

static void prolog_ended(int status, uint32_t job_id, bool timed_out)
{
    (void)pthread_mutex_lock(&slurmctld_lock);
    (void)pthread_mutex_lock(&lock);
    if (told_count < NOTES)
        told[told_count] = (struct told){status, job_id, timed_out};
    told_count++;
    (void)pthread_cond_broadcast(&changed);
    (void)pthread_mutex_unlock(&lock);
    (void)pthread_mutex_unlock(&slurmctld_lock);
}

/* slurmctld does not know that it is to be told. */
static void epilog_ended(int status, uint32_t job_id, bool timed_out)
{
    (void)status;
    (void)job_id;
    (void)timed_out;
    keep(false);
}

void site_library(const char *kind)
{
    char folder[4096];

    (void)snprintf(folder, sizeof(folder), "%s/%s", CONTROLLERS, kind);
    keep(setenv("BEBIDA_LIBDIR", folder, 1) == 0);
}

void site_configuration(const char *yaml)
{
    char path[64];
    int file = memfd_create("bebida.yaml", 0);

    keep(file >= 0);
    keep(fchmod(file, 0644) == 0); /* open to all when it is made */
    keep(write(file, yaml, strlen(yaml)) == (ssize_t)strlen(yaml));
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
    keep(setenv("BEBIDA_CONFIG", path, 1) == 0);
}

void site_prefix(void)
{
    const char install[] =
        "d=$(mktemp -d) && mkdir -p $d/" PLUGINDIR " $d/" LIBDIR " && cp " PREP_BEBIDA " $d/" PLUGINDIR
        " && cp " CONTROLLERS "/good/libbebida_controller.so $d/" LIBDIR " && echo $d";
    FILE *output = popen(install, "re");

    keep(output != NULL);
    keep(fgets(prefix, sizeof(prefix), output) != NULL);
    keep(pclose(output) == 0);
    prefix[strcspn(prefix, "\n")] = '\0';
    keep(unsetenv("BEBIDA_LIBDIR") == 0);
}

static void *symbol(const char *name)
{
    void *found = dlsym(plugin.handle, name);

    keep(found != NULL);
    return found;
}

/* As prep_g_init() of Slurm does, with its locks or before there are any threads. */
static bool load(prep_callbacks_t *callbacks)
{
    bool requires[PREP_EPILOG_SLURMCTLD + 1] = {false};
    char installed[sizeof(prefix) + sizeof(PLUGINDIR) + 32];

    (void)snprintf(installed, sizeof(installed), "%s/%s/prep_bebida.so", prefix, PLUGINDIR);
    if (prefix[0] == '\0' && getenv("BEBIDA_LIBDIR") == NULL)
        site_library("good");
    if (getenv("BEBIDA_CONFIG") == NULL)
        site_configuration("controller:\n  deadline: 50s\n");

    plugin.handle = dlopen(prefix[0] == '\0' ? PREP_BEBIDA : installed, RTLD_LAZY);
    if (plugin.handle == NULL)
        (void)fprintf(stderr, "%s\n", dlerror());
    keep(plugin.handle != NULL);
    keep(strcmp(symbol("plugin_type"), "prep/bebida") == 0);
    *(void **)&plugin.init = symbol("init");
    *(void **)&plugin.fini = symbol("fini");
    *(void **)&plugin.register_callbacks = symbol("prep_p_register_callbacks");
    *(void **)&plugin.prolog = symbol("prep_p_prolog_slurmctld");
    *(void **)&plugin.epilog = symbol("prep_p_epilog_slurmctld");
    *(void **)&plugin.required = symbol("prep_p_required");
    keep(plugin.init() == 0);
    if (callbacks != NULL)
        plugin.register_callbacks(callbacks);
    for (prep_call_type_t type = PREP_REGISTER_CALLBACKS; type <= PREP_EPILOG_SLURMCTLD; type++)
        plugin.required(type, &requires[type]);
    keep(!requires[PREP_REGISTER_CALLBACKS] && !requires[PREP_PROLOG] && !requires[PREP_EPILOG]);
    keep(requires[PREP_PROLOG_SLURMCTLD] == requires[PREP_EPILOG_SLURMCTLD]);
    return requires[PREP_PROLOG_SLURMCTLD];
}

void slurmctld_starts(void)
{
    prep_callbacks_t callbacks = {prolog_ended, epilog_ended};

    keep(load(&callbacks));
}

void slurmctld_closes_plugin(void)
{
    (void)pthread_mutex_lock(&slurmctld_lock);
    plugin.fini();
    keep(dlclose(plugin.handle) == 0);
    (void)pthread_mutex_unlock(&slurmctld_lock);
}

bool slurmctld_opens_plugin(void)
{
    bool calls;

    (void)pthread_mutex_lock(&slurmctld_lock);
    calls = load(NULL);
    (void)pthread_mutex_unlock(&slurmctld_lock);
    return calls;
}

void slurmctld_stops(void)
{
    process_exits();
    if (prefix[0] != '\0') {
        char uninstall[sizeof(prefix) + 16];

        (void)snprintf(uninstall, sizeof(uninstall), "rm -r '%s'", prefix);
        keep(system(uninstall) == 0);
    }
}

static bool hook(int (*called)(job_record_t *, bool *), uint32_t job_id, const char *nodes)
{
    job_record_t job = {job_id, nodes};
    bool waits = false;

    (void)pthread_mutex_lock(&slurmctld_lock);
    keep(called(&job, &waits) == 0);
    (void)pthread_mutex_unlock(&slurmctld_lock);
    return waits;
}

bool slurmctld_prolog(uint32_t job_id, const char *nodes)
{
    return hook(plugin.prolog, job_id, nodes);
}

bool slurmctld_epilog(uint32_t job_id, const char *nodes)
{
    return hook(plugin.epilog, job_id, nodes);
}

pid_t slurmctld_forks(void)
{
    pid_t child;

    (void)pthread_mutex_lock(&slurmctld_lock);
    (void)pthread_mutex_lock(&lock);
    child = fork();
    (void)pthread_mutex_unlock(&lock);
    (void)pthread_mutex_unlock(&slurmctld_lock);
    keep(child >= 0);
    return child;
}

struct told slurmctld_told(size_t count)
{
    struct told last;

    (void)pthread_mutex_lock(&lock);
    while (told_count < count)
        wait_for_change("an answer to slurmctld");
    last = told[count - 1];
    (void)pthread_mutex_unlock(&lock);
    return last;
}

size_t slurmctld_told_so_far(void)
{
    size_t count;

    (void)pthread_mutex_lock(&lock);
    count = told_count;
    (void)pthread_mutex_unlock(&lock);
    return count;
}

void slurmctld_forgets(void)
{
    (void)pthread_mutex_lock(&lock);
    told_count = 0;
    handed_count = 0;
    for (size_t i = 0; i < line_count; i++)
        free(lines[i]);
    line_count = 0;
    (void)pthread_mutex_unlock(&lock);
}

/* Called with the lock held. */
static size_t count_lines(const char *level, const char *text)
{
    size_t count = 0;

    for (size_t i = 0; i < line_count; i++) {
        size_t length = strlen(level);

        if (strncmp(lines[i], level, length) == 0 && lines[i][length] == ':' &&
            strstr(lines[i], text) != NULL)
            count++;
    }
    return count;
}

size_t slurmctld_logged(const char *level, const char *text)
{
    size_t count;

    (void)pthread_mutex_lock(&lock);
    count = count_lines(level, text);
    (void)pthread_mutex_unlock(&lock);
    return count;
}

void slurmctld_awaits_log(const char *level, const char *text)
{
    (void)pthread_mutex_lock(&lock);
    while (count_lines(level, text) == 0)
        wait_for_change(text);
    (void)pthread_mutex_unlock(&lock);
}

/* Behaviours. */

struct handed library_handed(size_t count)
{
    struct handed last;

    (void)pthread_mutex_lock(&lock);
    while (handed_count < count)
        wait_for_change("a hand-over to the library");
    last = handed[count - 1];
    (void)pthread_mutex_unlock(&lock);
    return last;
}

size_t library_handed_so_far(void)
{
    size_t count;

    (void)pthread_mutex_lock(&lock);
    count = handed_count;
    (void)pthread_mutex_unlock(&lock);
    return count;
}

void takes_note(uint64_t request, int32_t direction, const char *const *environment, const char *const *nodes,
                uint32_t budget_ms)
{
    static const char job_id[] = "SLURM_JOB_ID=";
    struct handed note = {.request = request, .direction = direction, .budget_ms = budget_ms};

    for (; *environment != NULL; environment++) {
        if (strncmp(*environment, job_id, strlen(job_id)) == 0)
            note.job_id = (uint32_t)strtoul(*environment + strlen(job_id), NULL, 10);
    }
    for (; *nodes != NULL; nodes++) {
        size_t used = strlen(note.nodes);

        (void)snprintf(note.nodes + used, sizeof(note.nodes) - used, "%s ", *nodes);
    }
    (void)pthread_mutex_lock(&lock);
    if (handed_count < NOTES)
        handed[handed_count] = note;
    handed_count++;
    (void)pthread_cond_broadcast(&changed);
    (void)pthread_mutex_unlock(&lock);
}

int32_t starts(void)
{
    return BEBIDA_OK;
}

int32_t stops(uint32_t grace_ms)
{
    (void)pthread_mutex_lock(&lock);
    keep(grace_ms <= 1000);
    stopped_count++;
    (void)pthread_cond_broadcast(&changed);
    (void)pthread_mutex_unlock(&lock);
    return BEBIDA_OK;
}

size_t library_stopped_so_far(void)
{
    size_t count;

    (void)pthread_mutex_lock(&lock);
    count = stopped_count;
    (void)pthread_mutex_unlock(&lock);
    return count;
}

int32_t answers_done(uint64_t request, int32_t direction, const char *const *environment,
                     const char *const *nodes, uint32_t budget_ms)
{
    takes_note(request, direction, environment, nodes, budget_ms);
    controller.host.answer(request, BEBIDA_DONE);
    return BEBIDA_OK;
}

int32_t answers_failed(uint64_t request, int32_t direction, const char *const *environment,
                       const char *const *nodes, uint32_t budget_ms)
{
    takes_note(request, direction, environment, nodes, budget_ms);
    controller.host.answer(request, BEBIDA_FAILED);
    return BEBIDA_OK;
}

int32_t never_answers(uint64_t request, int32_t direction, const char *const *environment,
                      const char *const *nodes, uint32_t budget_ms)
{
    takes_note(request, direction, environment, nodes, budget_ms);
    return BEBIDA_OK;
}

int32_t refuses(uint64_t request, int32_t direction, const char *const *environment, const char *const *nodes,
                uint32_t budget_ms)
{
    takes_note(request, direction, environment, nodes, budget_ms);
    return BEBIDA_ERROR_INTERNAL;
}

void gate_wait(void)
{
    (void)pthread_mutex_lock(&lock);
    gate_visitors++;
    (void)pthread_cond_broadcast(&changed);
    while (!gate_is_open)
        (void)pthread_cond_wait(&changed, &lock);
    (void)pthread_mutex_unlock(&lock);
}

void gate_open(void)
{
    (void)pthread_mutex_lock(&lock);
    gate_is_open = true;
    (void)pthread_cond_broadcast(&changed);
    (void)pthread_mutex_unlock(&lock);
}

void gate_awaits_visitors(size_t count)
{
    (void)pthread_mutex_lock(&lock);
    while (gate_visitors < count)
        wait_for_change("the library to hang");
    (void)pthread_mutex_unlock(&lock);
}
