#include "userdata.h"

#include "compat.h"

void userdata_define(lua_State *L, const char *name, const luaL_Reg *methods, const luaL_Reg *metamethods) {
  if (luaL_newmetatable(L, name) != 0) {
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
