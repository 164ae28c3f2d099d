/* Included before everything else where the core is built for the torture: its allocations go through here. */
#ifndef SUPERMETRICS_SPEC_TORTURE_ALLOCATIONS_H
#define SUPERMETRICS_SPEC_TORTURE_ALLOCATIONS_H

#include <stddef.h>
#include <stdlib.h>

void *core_malloc(size_t size);
void *core_calloc(size_t count, size_t size);
void *core_realloc(void *block, size_t size);
void core_free(void *block);

#ifndef TORTURE_HARNESS
#define malloc core_malloc
#define calloc core_calloc
#define realloc core_realloc
#define free core_free
#endif

#endif
