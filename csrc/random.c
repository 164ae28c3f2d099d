#include "random.h"

#include "monotonic_clock.h"

#include <time.h>

/* splitmix64: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014. */
static uint64_t next(uint64_t *state) {
  uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);
  z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
  return z ^ (z >> 31);
}

uint64_t random_seed(const void *asker) {
  uint64_t seed = (uint64_t)(monotonic_seconds() * 1e9) ^ (uint64_t)time(NULL) << 32 ^ (uint64_t)(uintptr_t)asker;
  return next(&seed);
}

double random_fraction(uint64_t *state) {
  return (double)(next(state) >> 11) / 9007199254740992.0; /* 53 bits, as many as a double holds */
}
