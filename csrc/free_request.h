/* Requests to any path under the base URL: what may be asked for. */
#ifndef SUPERMETRICS_FREE_REQUEST_H
#define SUPERMETRICS_FREE_REQUEST_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

#pragma GCC visibility push(hidden)

/* Reads the method at `first` and the path behind it; raises where they are not what they must be. Everything but a GET
 * counts as a write. */
void free_request_check(lua_State *L, int first, const char **method, const char **path, bool *writes);

/* Pushes the body at `index` as JSON text, or nil for none, and returns it. Raises where it cannot be one. */
const char *free_request_push_body(lua_State *L, int index, size_t *length);

#pragma GCC visibility pop

#endif
