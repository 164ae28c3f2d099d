/* Preloaded into the hosts of examples/embed, which have the core built in and no path on which another could be found:
 * where they register it, they get the one with an eager collector, whose file SPEC_EAGER_CORE names. */
#include <dlfcn.h>
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

static const char core_name[] = "supermetrics.core";

typedef void require_function(lua_State *L, const char *name, lua_CFunction open, int is_global);

static require_function *lua_own(void) {
  require_function *found;
  *(void **)&found = dlsym(RTLD_NEXT, "luaL_requiref");
  return found;
}

/* The module with an eager collector; it finds the core in package.preload. */
static int open_eager(lua_State *L) {
  if (luaL_loadfile(L, getenv("SPEC_EAGER_CORE")) != LUA_OK)
    return lua_error(L);
  lua_pushstring(L, core_name);
  lua_call(L, 1, 1);
  return 1;
}

void luaL_requiref(lua_State *L, const char *name, lua_CFunction open, int is_global) {
  if (strcmp(name, core_name) == 0) {
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    lua_pushcfunction(L, open);
    lua_setfield(L, -2, core_name);
    lua_pop(L, 1);
    open = open_eager;
  }
  lua_own()(L, name, open, is_global);
}
