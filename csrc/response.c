#include "response.h"

#include "compat.h"
#include "credential.h"

#include <string.h>

static const char metatable_name[] = "supermetrics.response";
static const char headers_metatable_name[] = "supermetrics.headers";

static char lower(char c) {
  return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Names of headers are short; longer ones take the buffer's way. */
enum { SHORT_NAME = 64 };

static void push_lower(lua_State *L, const char *text, size_t length) {
  if (length <= SHORT_NAME) {
    char name[SHORT_NAME];
    for (size_t i = 0; i < length; i++)
      name[i] = lower(text[i]);
    lua_pushlstring(L, name, length);
    return;
  }
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

/* headers[name] = value, joined with an earlier one of that name, RFC 9110 section 5.3. The headers are on top. */
static void add_header(lua_State *L, const char *line, size_t length) {
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
  lua_pushlstring(L, value, (size_t)(end - value));
  if (is_repeated)
    lua_concat(L, 3);
  lua_rawset(L, -3);
}

/* The headers of the lines on top, each of which ends with a newline. */
static void push_headers(lua_State *L) {
  size_t left;
  const char *line = lua_tolstring(L, -1, &left);
  lua_newtable(L);
  while (left > 0) {
    size_t length = (size_t)((const char *)memchr(line, '\n', left) - line);
    add_header(L, line, length);
    line += length + 1;
    left -= length + 1;
  }
  compat_set_metatable(L, headers_metatable_name);
}

/* response.headers: made of response.header_lines when it is first asked for, since most are never looked at. */
static int find_field(lua_State *L) {
  lua_settop(L, 2);
  lua_pushliteral(L, "headers");
  if (!lua_istable(L, 1) || !lua_rawequal(L, 2, 3))
    return 0;
  lua_pushliteral(L, "header_lines");
  lua_rawget(L, 1);
  if (lua_type(L, -1) != LUA_TSTRING)
    return 0;
  push_headers(L);
  lua_pushvalue(L, 3);
  lua_pushvalue(L, -2);
  lua_rawset(L, 1);
  return 1;
}

static void define_index(lua_State *L, const char *name, lua_CFunction index) {
  if (compat_new_metatable(L, name)) {
    lua_pushcfunction(L, index);
    lua_setfield(L, -2, "__index");
  }
  lua_pop(L, 1);
}

void response_open(lua_State *L) {
  define_index(L, metatable_name, find_field);
  define_index(L, headers_metatable_name, find_in_any_case);
}

void response_push(lua_State *L, const transfer_result *result, const char *credential) {
  const buffer *lines = &result->headers;
  lua_createtable(L, 0, 5);
  if (result->status != 0) {
    lua_pushinteger(L, (lua_Integer)result->status);
    lua_setfield(L, -2, "status");
  }
  lua_pushinteger(L, 1);
  lua_setfield(L, -2, "attempts");
  lua_pushnumber(L, result->elapsed);
  lua_setfield(L, -2, "elapsed");
  credential_push_removed(L, lines->bytes != NULL ? lines->bytes : "", lines->length, credential);
  lua_setfield(L, -2, "header_lines");
  compat_set_metatable(L, metatable_name);
}

const char *response_push_header(lua_State *L, const char *name) {
  lua_getfield(L, -1, "headers");
  lua_pushstring(L, name);
  lua_rawget(L, -2);
  lua_remove(L, -2);
  return lua_tostring(L, -1);
}
