/* A test is a promise: PROMISE(What_an_admin_may_rely_on) { ... keep(...); } */
#ifndef BEBIDA_PROMISE_H
#define BEBIDA_PROMISE_H

#include <stdio.h>
#include <stdlib.h>

struct promise {
    const char *name;
    void (*body)(void);
    struct promise *next;
};

void promise_add(struct promise *promise);

/* The process exits while the promise goes on: returns when the exit handlers of all that it has loaded have
 * run. */
void process_exits(void);

/* Has the process's first thread do something, and waits for it. */
void main_thread_does(void (*what)(void));

#define PROMISE(name)                                                                                        \
    static void name(void);                                                                                  \
    static struct promise promise_of_##name = {#name, name, NULL};                                           \
    static void __attribute__((constructor)) add_##name(void)                                                \
    {                                                                                                        \
        promise_add(&promise_of_##name);                                                                     \
    }                                                                                                        \
    static void name(void)

#define keep(condition)                                                                                      \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            (void)fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #condition);                    \
            _Exit(1);                                                                                        \
        }                                                                                                    \
    } while (0)

#endif
