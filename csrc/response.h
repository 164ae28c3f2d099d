/* The third value of every call: status, headers, request_id and elapsed of an answer. */
#ifndef SUPERMETRICS_RESPONSE_H
#define SUPERMETRICS_RESPONSE_H

#include "transport.h"

#include <lua.h>

#pragma GCC visibility push(hidden)

/* Makes the metatable of `headers`, which finds a name in any case. */
void response_open(lua_State *L);

/* Pushes the response; the fields that the transfer did not get to are absent. `credential` is cut out
 * where a header echoes it. */
void response_push(lua_State *L, const transfer_result *result, const char *credential);

/* Pushes a header of the response on top as a string, or nil. `name` in lower case. Returns the string, or NULL. */
const char *response_push_header(lua_State *L, const char *name);

#pragma GCC visibility pop

#endif
