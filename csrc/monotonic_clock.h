/* A clock that never jumps, for deadlines. */
#ifndef SUPERMETRICS_MONOTONIC_CLOCK_H
#define SUPERMETRICS_MONOTONIC_CLOCK_H

#pragma GCC visibility push(hidden)

/* Seconds since some moment in the past; only differences mean anything. */
double monotonic_seconds(void);

#pragma GCC visibility pop

#endif
