#include "memory.h"

#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* madvise(2), since Linux 5.14 */
#endif

static bool contains(const struct dl_phdr_info *library, uintptr_t address)
{
    bool found = false;

    for (size_t i = 0; !found && i < library->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &library->dlpi_phdr[i];
        const uintptr_t start = library->dlpi_addr + part->p_vaddr;

        found = part->p_type == PT_LOAD && address >= start && address < start + part->p_memsz;
    }
    return found;
}

/* The loader relocates this part and makes it read-only: nobody writes there any more. */
static uintptr_t end_of_read_only(const struct dl_phdr_info *library)
{
    uintptr_t end = 0;

    for (size_t i = 0; i < library->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &library->dlpi_phdr[i];

        if (part->p_type == PT_GNU_RELRO)
            end = library->dlpi_addr + part->p_vaddr + part->p_memsz;
    }
    return end;
}

static int populate(struct dl_phdr_info *library, size_t size, void *address)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    const uintptr_t first = (end_of_read_only(library) + page - 1) / page * page;
    const bool found = contains(library, *(const uintptr_t *)address);

    (void)size;
    for (size_t i = 0; found && i < library->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &library->dlpi_phdr[i];
        const uintptr_t end = library->dlpi_addr + part->p_vaddr + part->p_memsz;
        uintptr_t start = (library->dlpi_addr + part->p_vaddr) / page * page;

        if (start < first)
            start = first;
        if (part->p_type == PT_LOAD && (part->p_flags & PF_W) != 0 && start < end)
            /* The loader gives addresses as numbers. NOLINTNEXTLINE(performance-no-int-to-ptr) */
            (void)madvise((void *)start, end - start, MADV_POPULATE_WRITE);
    }
    return found ? 1 : 0;
}

void memory_populate(uintptr_t address)
{
    (void)dl_iterate_phdr(populate, &address);
}
