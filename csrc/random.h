/* Numbers for the jitter of backoffs: spread over processes that start together, of no use for secrets. */
#ifndef SUPERMETRICS_RANDOM_H
#define SUPERMETRICS_RANDOM_H

#include <stdint.h>

#pragma GCC visibility push(hidden)

/* A seed that differs between moments, processes and the addresses of what asks. */
uint64_t random_seed(const void *asker);

/* The next number of a sequence, from 0 to 1, 1 excluded. */
double random_fraction(uint64_t *state);

#pragma GCC visibility pop

#endif
