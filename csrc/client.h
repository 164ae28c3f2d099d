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

/* Drives the calls in flight on the Client at `index` for at most `seconds`. */
void client_drive(lua_State *L, int index, double seconds);

#pragma GCC visibility pop

#endif
