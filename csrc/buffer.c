#include "buffer.h"

#include <stdlib.h>
#include <string.h>

enum { SMALLEST_CAPACITY = 1024 };

buffer_status buffer_append(buffer *target, const char *bytes, size_t length, size_t limit) {
  if (length > limit || target->length > limit - length)
    return BUFFER_OVER_LIMIT;
  size_t needed = target->length + length + 1;
  if (needed > target->capacity) {
    size_t capacity = target->capacity != 0 ? target->capacity : SMALLEST_CAPACITY;
    while (capacity < needed)
      capacity = capacity > limit ? needed : capacity * 2;
    char *grown = realloc(target->bytes, capacity);
    if (grown == NULL)
      return BUFFER_OUT_OF_MEMORY;
    target->bytes = grown;
    target->capacity = capacity;
  }
  memcpy(target->bytes + target->length, bytes, length);
  target->length += length;
  target->bytes[target->length] = '\0';
  return BUFFER_OK;
}

void buffer_free(buffer *target) {
  free(target->bytes);
  *target = (buffer){0};
}
