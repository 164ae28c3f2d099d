/* What must happen once in a process before libcurl is used, whatever the number of Lua states and threads. */
#ifndef SUPERMETRICS_LIBRARY_H
#define SUPERMETRICS_LIBRARY_H

#include <stdbool.h>

#pragma GCC visibility push(hidden)

/* NULL when libcurl is ready, else a sentence that says why it is not. Safe to call from any thread, any number of
 * times. */
const char *library_start(void);

/* The version of the libcurl that runs, which need not be that of the headers; library_start comes first. */
const char *library_version(void);

/* Whether it takes a stream of HTTP/2 that the server reset behind its headers for one that ended; library_start comes
 * first. */
bool library_hides_resets(void);

/* Whether it can undo gzip; library_start comes first. */
bool library_can_gunzip(void);

#pragma GCC visibility pop

#endif
