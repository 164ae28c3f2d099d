/* What the fuzz targets share: one Lua state for all executions, and bytes taken off the front of an input. */
#ifndef SUPERMETRICS_SPEC_FUZZ_STATE_H
#define SUPERMETRICS_SPEC_FUZZ_STATE_H

#include <lua.h>
#include <stddef.h>
#include <stdint.h>

typedef struct input {
  const uint8_t *bytes;
  size_t length;
} input;

/* The next byte; 0 behind the last. */
unsigned take_byte(input *from);

/* The next `length` bytes, or as many as there are, as a text with a NUL behind it, which is the caller's to free. */
char *take_text(input *from, size_t length, size_t *taken);

/* The state of the process, with the core in the global `core`. Its stack is empty. */
lua_State *fuzz_state(void);

/* Ends the process with a report where something that must hold does not. */
#define MUST(condition) must_hold((condition) != 0, #condition)
void must_hold(int holds, const char *condition);

#endif
