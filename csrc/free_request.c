#include "free_request.h"

#include "compat.h"
#include "json.h"
#include "misuse.h"

#include <string.h>

static const char *check_method(lua_State *L, int index) {
  static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
  if (lua_type(L, index) == LUA_TSTRING)
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
      if (strcmp(lua_tostring(L, index), methods[i]) == 0)
        return methods[i];
  luaL_error(L, "request: method must be GET, POST, PUT, PATCH or DELETE, got %s", misuse_push_description(L, index));
  return NULL;
}

static const char *check_path(lua_State *L, int index) {
  size_t length = 0;
  const char *path = lua_type(L, index) == LUA_TSTRING ? lua_tolstring(L, index, &length) : NULL;
  bool is_path = length > 0 && path[0] == '/';
  for (size_t i = 0; i < length; i++)
    is_path = is_path && path[i] > ' ' && path[i] <= '~' && path[i] != '#';
  if (!is_path)
    luaL_error(L,
               "request: path must begin with / and hold neither spaces nor # nor other than printable ASCII, got %s",
               misuse_push_description(L, index));
  return path;
}

void free_request_check(lua_State *L, int first, const char **method, const char **path, bool *writes) {
  *method = check_method(L, first);
  *path = check_path(L, first + 1);
  *writes = strcmp(*method, "GET") != 0;
}

const char *free_request_push_body(lua_State *L, int index, size_t *length) {
  switch (lua_type(L, index)) {
  case LUA_TNIL:
  case LUA_TSTRING:
    lua_pushvalue(L, index);
    break;
  case LUA_TTABLE:
    if (!json_encode(L, index))
      luaL_error(L, "request: body cannot be written as JSON: %s", lua_tostring(L, -1));
    break;
  default:
    luaL_error(L, "request: body must be a table, JSON text or nil, got %s", misuse_push_description(L, index));
  }
  *length = 0;
  return lua_tolstring(L, -1, length);
}
