/* Ids as arguments: 1 … 9223372036854775807, exact on every Lua. */
#ifndef SUPERMETRICS_IDENTIFIER_H
#define SUPERMETRICS_IDENTIFIER_H

#include <lua.h>
#include <stdbool.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

/* The id at `index`: an integer, a whole float below 2^53, a decimal string, or a 64-bit integer of LuaJIT. Raises for
 * anything else; the message names the operation and the argument, what came, and what was expected. */
int64_t identifier_check(lua_State *L, int index, const char *operation, const char *argument);

/* Whether the value at `index` is an id; it is then in `value`. */
bool identifier_read(lua_State *L, int index, int64_t *value);

#pragma GCC visibility pop

#endif
