/* Client: credentials, settings and one connection pool; puts calls in flight and drives them. */
#ifndef SUPERMETRICS_CLIENT_H
#define SUPERMETRICS_CLIENT_H

#include "operations.h"

#include <lua.h>

#pragma GCC visibility push(hidden)

/* Makes the metatable. */
void client_open(lua_State *L);

/* Pushes a new Client with the options at `index`; raises where they are not what they must be. */
void client_push(lua_State *L, int index);

/* Starts `asked` on the Client at `client`, its arguments from `first` on, then the overrides. Pushes the Call. */
void client_push_call(lua_State *L, int client, const operation *asked, int first);

/* Drives the Client at `index` until the Call at `call` has ended, for at most `seconds`. Pushes what Call:result
 * returns; returns how many values those are, 0 where it is still in flight. */
int client_push_result(lua_State *L, int index, int call, double seconds);

#pragma GCC visibility pop

#endif
