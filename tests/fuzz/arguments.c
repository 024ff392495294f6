/* The arguments of spank_bebida.so in plugstack.conf, one a line: each is a known one or an error. */
#include "arguments.h"

#include <stdlib.h>
#include <string.h>

#include "slurm_log.h"

enum { MOST_WORDS = 32 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = text_of_input(data, size);
    char *words[MOST_WORDS];
    char *rest = NULL;
    int count = 0;
    size_t known = 0;
    struct arguments arguments;

    for (char *word = strtok_r(text, "\n", &rest); word != NULL && count < MOST_WORDS;
         word = strtok_r(NULL, "\n", &rest))
        words[count++] = word;
    for (int i = 0; i < count; i++)
        known += strncmp(words[i], "libdir=", 7) == 0 || strncmp(words[i], "config=", 7) == 0;

    slurm_log_forget();
    arguments = arguments_read(count, words);
    must(slurm_log_errors() == (size_t)count - known);
    must(known > 0 || (arguments.libdir == NULL && arguments.config == NULL));
    free(text);
    return 0;
}
