/* Durations as libcurl takes them. */
#ifndef SUPERMETRICS_MILLISECONDS_H
#define SUPERMETRICS_MILLISECONDS_H

#include <limits.h>

/* Rounded up, so that a wait is never shorter than asked for and never 0, which would mean no limit. */
static inline long milliseconds_of(double seconds) {
  double exact = seconds * 1000;
  if (exact >= INT_MAX)
    return INT_MAX;
  long whole = (long)exact;
  return exact <= 1 ? 1 : whole < exact ? whole + 1 : whole;
}

#endif
