/* The memory of a library that is about to be used. */
#ifndef BEBIDA_MEMORY_H
#define BEBIDA_MEMORY_H

#include <stdint.h>

/* Gives what the library at this address writes to its pages now, in one call to the kernel, instead of one
 * page fault for each: most of what a .NET runtime's start costs are those. Where the kernel cannot (before
 * 5.14), nothing happens. */
void memory_populate(uintptr_t address);

#endif
