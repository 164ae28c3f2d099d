/* A growable run of bytes with a limit. Knows nothing of Lua or libcurl. */
#ifndef SUPERMETRICS_BUFFER_H
#define SUPERMETRICS_BUFFER_H

#include <stddef.h>

#pragma GCC visibility push(hidden)

typedef struct buffer {
  char *bytes;
  size_t length;
  size_t capacity;
} buffer;

typedef enum buffer_status { BUFFER_OK, BUFFER_OVER_LIMIT, BUFFER_OUT_OF_MEMORY } buffer_status;

/* Adds `length` bytes, and keeps a NUL behind the last one. The buffer is unchanged unless the result is BUFFER_OK. */
buffer_status buffer_append(buffer *target, const char *bytes, size_t length, size_t limit);

/* Empties the buffer, and gives its memory back. */
void buffer_free(buffer *target);

#pragma GCC visibility pop

#endif
