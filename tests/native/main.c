#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "promise.h"

static struct promise *promises;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool is_to_exit;
static bool handlers_have_run;
static void (*work)(void);
static pid_t process;
static pthread_t body;

void promise_add(struct promise *promise)
{
    promise->next = promises;
    promises = promise;
}

static void come_true(bool *condition)
{
    (void)pthread_mutex_lock(&lock);
    *condition = true;
    (void)pthread_cond_broadcast(&changed);
    (void)pthread_mutex_unlock(&lock);
}

static void wait_for(const bool *condition)
{
    (void)pthread_mutex_lock(&lock);
    while (!*condition)
        (void)pthread_cond_wait(&changed, &lock);
    (void)pthread_mutex_unlock(&lock);
}

/* Registered before all others, and so run after them. */
static void after_exit_handlers(void)
{
    /* In a fork, what threads of its parent had in their hands would count as leaked. */
    if (getpid() != process)
        _exit(EXIT_SUCCESS);
    come_true(&handlers_have_run);
    (void)pthread_join(body, NULL);
}

void process_exits(void)
{
    come_true(&is_to_exit);
    wait_for(&handlers_have_run);
}

void main_thread_does(void (*what)(void))
{
    (void)pthread_mutex_lock(&lock);
    work = what;
    (void)pthread_cond_broadcast(&changed);
    while (work != NULL)
        (void)pthread_cond_wait(&changed, &lock);
    (void)pthread_mutex_unlock(&lock);
}

/* Until the process is to exit. */
static void run_main_thread(void)
{
    (void)pthread_mutex_lock(&lock);
    while (!is_to_exit) {
        void (*what)(void) = work;

        if (what != NULL) {
            (void)pthread_mutex_unlock(&lock);
            what();
            (void)pthread_mutex_lock(&lock);
            work = NULL;
            (void)pthread_cond_broadcast(&changed);
        } else {
            (void)pthread_cond_wait(&changed, &lock);
        }
    }
    (void)pthread_mutex_unlock(&lock);
}

static void *keep_promise(void *promise)
{
    ((struct promise *)promise)->body();
    come_true(&is_to_exit);
    return NULL;
}

int main(int count, char **arguments)
{
    struct promise *promise = promises;
    int status = EXIT_SUCCESS;

    while (promise != NULL && (count != 2 || strcmp(promise->name, arguments[1]) != 0))
        promise = promise->next;
    if (promise == NULL) {
        for (promise = promises; promise != NULL; promise = promise->next)
            (void)puts(promise->name);
        status = EXIT_FAILURE;
    } else {
        process = getpid();
        keep(atexit(after_exit_handlers) == 0);
        keep(pthread_create(&body, NULL, keep_promise, promise) == 0);
        run_main_thread();
    }
    return status;
}
