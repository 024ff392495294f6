/* A NativeAOT library of ours, found and opened. */
#ifndef BEBIDA_LIBRARY_H
#define BEBIDA_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>

/* Which library, and what depends on it. */
struct library {
    const char *file;    /* libbebida_controller.so */
    const char *folder;  /* where to look if BEBIDA_LIBDIR is not set; or NULL */
    const char *without; /* what happens to jobs without it, for the log */
};

/* A function that it exports. */
struct library_function {
    const char *name;
    void *address; /* of the function pointer to set */
};

/* Where the library is: in BEBIDA_LIBDIR of the environment, in library->folder, or where it was installed
 * with this plugin. path has room for PATH_MAX. */
void library_path(const struct library *library, char *path);

/* Opens it, checks that both sides have the same BEBIDA_ABI_VERSION, and finds its functions. It is never
 * unloaded: a NativeAOT library cannot be. Returns whether it can be used; otherwise one error has been
 * logged. */
bool library_open(const struct library *library, const char *path, const struct library_function *functions,
                  size_t count);

#endif
