#if !defined(_WIN32) && !defined(_POSIX_C_SOURCE)
#define _POSIX_C_SOURCE 200809L /* clock_gettime */
#endif
#include "monotonic_clock.h"

#ifdef _WIN32
#include <windows.h>

double monotonic_seconds(void) {
  return (double)GetTickCount64() / 1000;
}
#else
#include <time.h>

double monotonic_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}
#endif
