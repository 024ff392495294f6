#include <string.h>

#include "promise.h"

static struct promise *promises;

void promise_add(struct promise *promise)
{
    promise->next = promises;
    promises = promise;
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
        promise->body();
    }
    return status;
}
