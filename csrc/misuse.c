#include "misuse.h"

#include "compat.h"

#include <string.h>

enum { LONGEST_SHOWN = 60 };

/* A quoted string on one line, cut where it is long. */
static void push_quoted(lua_State *L, const char *text, size_t length) {
  luaL_Buffer shown;
  luaL_buffinit(L, &shown);
  luaL_addchar(&shown, '"');
  for (size_t i = 0; i < length && i < LONGEST_SHOWN; i++)
    luaL_addchar(&shown, (unsigned char)text[i] < ' ' || text[i] == 0x7F ? '?' : text[i]);
  luaL_addstring(&shown, length > LONGEST_SHOWN ? "...\"" : "\"");
  luaL_pushresult(&shown);
}

const char *misuse_push_description(lua_State *L, int index) {
  size_t length;
  const char *text;
  switch (lua_type(L, index)) {
  case LUA_TNONE:
    lua_pushliteral(L, "no value");
    break;
  case LUA_TSTRING:
    text = lua_tolstring(L, index, &length);
    push_quoted(L, text, length);
    break;
  case LUA_TNUMBER:
    lua_pushvalue(L, index);
    (void)lua_tostring(L, -1);
    break;
  case LUA_TBOOLEAN:
    lua_pushstring(L, lua_toboolean(L, index) ? "true" : "false");
    break;
  case LUA_TNIL:
    lua_pushliteral(L, "nil");
    break;
  default:
    lua_pushfstring(L, "a %s", luaL_typename(L, index));
    break;
  }
  return lua_tostring(L, -1);
}
