#include "response.h"

#include "compat.h"
#include "credential.h"

#include <string.h>

static const char metatable_name[] = "supermetrics.headers";

static char lower(char c) {
  return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static void push_lower(lua_State *L, const char *text, size_t length) {
  luaL_Buffer name;
  luaL_buffinit(L, &name);
  for (size_t i = 0; i < length; i++)
    luaL_addchar(&name, lower(text[i]));
  luaL_pushresult(&name);
}

/* headers[name], for a name that is not there as it is spelt: field names are case-insensitive, RFC 9110 section 5.1.
 */
static int find_in_any_case(lua_State *L) {
  if (!lua_istable(L, 1) || lua_type(L, 2) != LUA_TSTRING)
    return 0;
  size_t length;
  const char *name = lua_tolstring(L, 2, &length);
  push_lower(L, name, length);
  lua_rawget(L, 1);
  return 1;
}

void response_open(lua_State *L) {
  if (luaL_newmetatable(L, metatable_name) != 0) {
    lua_pushcfunction(L, find_in_any_case);
    lua_setfield(L, -2, "__index");
  }
  lua_pop(L, 1);
}

/* headers[name] = value, joined with an earlier one of that name, RFC 9110 section 5.3. The headers are on top. */
static void add_header(lua_State *L, const char *line, size_t length, const char *credential) {
  const char *colon = memchr(line, ':', length);
  if (colon == NULL)
    return;
  const char *value = colon + 1, *end = line + length;
  while (value < end && (*value == ' ' || *value == '\t'))
    value++;
  while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
    end--;
  push_lower(L, line, (size_t)(colon - line));
  lua_pushvalue(L, -1);
  lua_rawget(L, -3); /* headers, name, earlier value or nil */
  bool is_repeated = lua_isstring(L, -1);
  if (is_repeated)
    lua_pushliteral(L, ", ");
  else
    lua_pop(L, 1);
  credential_push_removed(L, value, (size_t)(end - value), credential);
  if (is_repeated)
    lua_concat(L, 3);
  lua_rawset(L, -3);
}

static void push_headers(lua_State *L, const buffer *lines, const char *credential) {
  lua_newtable(L);
  const char *line = lines->bytes;
  const char *end = line == NULL ? NULL : line + lines->length;
  const char *newline;
  while (line != end && (newline = memchr(line, '\n', (size_t)(end - line))) != NULL) {
    add_header(L, line, (size_t)(newline - line), credential);
    line = newline + 1;
  }
  compat_set_metatable(L, metatable_name);
}

void response_push(lua_State *L, const transfer_result *result, const char *credential) {
  lua_createtable(L, 0, 5);
  if (result->status != 0) {
    lua_pushinteger(L, (lua_Integer)result->status);
    lua_setfield(L, -2, "status");
  }
  lua_pushinteger(L, 1);
  lua_setfield(L, -2, "attempts");
  lua_pushnumber(L, result->elapsed);
  lua_setfield(L, -2, "elapsed");
  push_headers(L, &result->headers, credential);
  lua_setfield(L, -2, "headers");
}

const char *response_push_header(lua_State *L, const char *name) {
  lua_getfield(L, -1, "headers");
  lua_pushstring(L, name);
  lua_rawget(L, -2);
  lua_remove(L, -2);
  return lua_tostring(L, -1);
}
