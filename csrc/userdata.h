/* How every userdata of the library is set up. */
#ifndef SUPERMETRICS_USERDATA_H
#define SUPERMETRICS_USERDATA_H

#include <lauxlib.h>
#include <lua.h>

#pragma GCC visibility push(hidden)

/* Makes the metatable `name` in the registry with the methods and metamethods; hides it, so that no script takes a
 * finalizer. Nothing is pushed. */
void userdata_define(lua_State *L, const char *name, const luaL_Reg *methods, const luaL_Reg *metamethods);

/* The userdata at `index`, which has the metatable `name`; raises where it has another one. As luaL_checkudata, which
 * hashes the name at every call. */
void *userdata_check(lua_State *L, int index, const char *name);

#pragma GCC visibility pop

#endif
