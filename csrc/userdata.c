#include "userdata.h"

#include "compat.h"

void *userdata_check(lua_State *L, int index, const char *name) {
  void *found = lua_touserdata(L, index);
  if (found != NULL && lua_getmetatable(L, index)) {
    compat_registry_get(L, name);
    bool is_one = lua_rawequal(L, -1, -2) != 0;
    lua_pop(L, 2);
    if (is_one)
      return found;
  }
  return luaL_checkudata(L, index, name); /* which raises, in Lua's own words */
}

void userdata_define(lua_State *L, const char *name, const luaL_Reg *methods, const luaL_Reg *metamethods) {
  if (compat_new_metatable(L, name)) {
    compat_new_library(L, methods);
    lua_setfield(L, -2, "__index");
    for (; metamethods->name != NULL; metamethods++) {
      lua_pushcfunction(L, metamethods->func);
      lua_setfield(L, -2, metamethods->name);
    }
    lua_pushstring(L, name);
    lua_setfield(L, -2, "__name");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
  }
  lua_pop(L, 1);
}
