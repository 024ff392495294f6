/* The memory of a library that is about to be used. */
#ifndef BEBIDA_MEMORY_H
#define BEBIDA_MEMORY_H

#include <stdint.h>

/* Populates the writable pages of the library at this address by one call to the kernel. Otherwise each page
 * costs a fault, and those are most of the time that a .NET runtime takes to start. Kernels before 5.14
 * cannot, and nothing happens. */
void memory_populate(uintptr_t address);

#endif
