#include "identifier.h"

#include "compat.h"
#include "integer.h"
#include "misuse.h"

#include <string.h>

/* LuaJIT prints an int64_t as "12LL" and an uint64_t as "12ULL". */
static bool cdata_integer(lua_State *L, int index, int64_t *value) {
  if (luaL_callmeta(L, index, "__tostring") == 0)
    return false;
  size_t length;
  const char *text = lua_tolstring(L, -1, &length);
  bool is_integer = text != NULL && length > 2 && strcmp(text + length - 2, "LL") == 0;
  if (is_integer) {
    length -= text[length - 3] == 'U' ? 3 : 2;
    is_integer = integer_parse(text, length, value);
  }
  lua_pop(L, 1);
  return is_integer;
}

static bool integer_at(lua_State *L, int index, int64_t *value) {
  size_t length;
  const char *text;
  switch (lua_type(L, index)) {
  case LUA_TNUMBER:
    return compat_exact_integer(L, index, value);
  case LUA_TSTRING:
    text = lua_tolstring(L, index, &length);
    return integer_parse(text, length, value);
  case COMPAT_TYPE_CDATA:
    return cdata_integer(L, index, value);
  default:
    return false;
  }
}

bool identifier_read(lua_State *L, int index, int64_t *value) {
  return integer_at(L, index, value) && *value >= 1;
}

int64_t identifier_check(lua_State *L, int index, const char *operation, const char *argument) {
  int64_t value = 0;
  if (identifier_read(L, index, &value))
    return value;
  bool may_have_lost_digits = lua_type(L, index) == LUA_TNUMBER && lua_tonumber(L, index) >= COMPAT_EXACT_LIMIT;
  luaL_error(L, "%s: %s must be an integer from 1 to 9223372036854775807 or its decimal string, got %s%s", operation,
             argument, misuse_push_description(L, index),
             may_have_lost_digits ? " (a float from 2^53 on may have lost digits: pass such an id as a string)" : "");
  return 0;
}
