#include "json.h"

#include "compat.h"
#include "integer.h"
#include "json_marks.h"

/* Deeper than any answer of the API; bounds the recursion in here as well. */
enum { DEEPEST_NESTING = 100 };

/* lua-cjson writes numbers with 14 digits. */
#define ENCODED_EXACTLY 1e14

/* Their addresses are keys in the registry. */
static const char decode_key = 0;
static const char encode_key = 1;

/* instance[setting](value), for a setting that the table on top has. */
static void configure(lua_State *L, const char *setting, int is_boolean, int value) {
  lua_getfield(L, -1, setting);
  if (is_boolean)
    lua_pushboolean(L, value);
  else
    lua_pushinteger(L, value);
  lua_call(L, 1, 0);
}

void json_open(lua_State *L) {
  lua_getglobal(L, "require");
  lua_pushliteral(L, "cjson");
  if (lua_pcall(L, 1, 1, 0) != 0)
    luaL_error(L, "supermetrics needs lua-cjson: %s", lua_tostring(L, -1));
  lua_getfield(L, -1, "new");
  lua_call(L, 0, 1);
  configure(L, "decode_max_depth", 0, DEEPEST_NESTING);
  configure(L, "decode_invalid_numbers", 1, 0);
  configure(L, "encode_max_depth", 0, DEEPEST_NESTING);
  lua_getfield(L, -1, "decode");
  compat_registry_set(L, &decode_key);
  lua_getfield(L, -1, "encode");
  compat_registry_set(L, &encode_key);
  lua_pop(L, 2);
}

/* Pushes the text with its long integers marked, or returns false where it has none. The scratch memory is a userdata:
 * the collector frees it whatever is raised. */
static bool push_marked(lua_State *L, const char *text, size_t length) {
  size_t marked_length = json_mark_long_integers(text, length, NULL);
  if (marked_length == 0)
    return false;
  char *marked = lua_newuserdata(L, marked_length);
  json_mark_long_integers(text, length, marked);
  lua_pushlstring(L, marked, marked_length);
  lua_remove(L, -2);
  return true;
}

static void push_unmarked(lua_State *L, const char *text, size_t length) {
  int64_t value;
  if (text[1] != JSON_MARK && integer_parse(text + 1, length - 1, &value))
    compat_push_integer(L, value, text + 1, length - 1);
  else
    lua_pushlstring(L, text + 1, length - 1);
}

bool json_push_settled(lua_State *L, int index, bool marked) {
  size_t length;
  const char *text;
  switch (lua_type(L, index)) {
  case LUA_TNUMBER:
    return compat_push_whole_float(L, index);
  case LUA_TSTRING:
    text = marked ? lua_tolstring(L, index, &length) : NULL;
    if (text == NULL || text[0] != JSON_MARK)
      return false;
    push_unmarked(L, text, length);
    return true;
  case LUA_TLIGHTUSERDATA:
    lua_pushnil(L);
    return true;
  default:
    return false;
  }
}

/* Setting existing fields is allowed while lua_next walks. */
void json_settle(lua_State *L, bool marked) {
  luaL_checkstack(L, 6, "JSON nested too deeply");
  int table = lua_gettop(L), key = table + 1, value = table + 2;
  lua_pushnil(L);
  while (lua_next(L, table) != 0) {
    int type = lua_type(L, value);
    bool is_null_entry = type == LUA_TLIGHTUSERDATA && lua_type(L, key) != LUA_TSTRING;
    if (type == LUA_TTABLE) {
      json_settle(L, marked);
    } else if (!is_null_entry) {
      lua_pushvalue(L, key);
      if (json_push_settled(L, value, marked))
        lua_rawset(L, table);
    }
    lua_settop(L, key);
  }
}

/* Only what lua-cjson itself complains about says something about the text: not a lack of memory, nor the error of some
 * finalizer of the host's. */
static bool reject_or_raise(lua_State *L, int status) {
  if (status != LUA_ERRRUN)
    lua_error(L);
  return false;
}

/* Pushes the decoded value or an error; returns the status of the call. */
static int call_decode(lua_State *L, const char *text, size_t length, bool *marked) {
  compat_registry_get(L, &decode_key);
  *marked = push_marked(L, text, length);
  if (!*marked)
    lua_pushlstring(L, text, length);
  return lua_pcall(L, 1, 1, 0);
}

/* What is wrong with a text, the decoder says at every reading. What it says but once is no word of its own: a hook of
 * the host's raised it, such as the one by which Ctrl-C ends a script, and it goes on to whom it was meant for. */
bool json_decode(lua_State *L, const char *text, size_t length, bool *marked) {
  int status = call_decode(L, text, length, marked);
  if (status == 0)
    return true;
  reject_or_raise(L, status);
  int again = call_decode(L, text, length, marked);
  if (again != 0)
    reject_or_raise(L, again);
  if (again == 0 || !lua_rawequal(L, -1, -2)) {
    lua_pop(L, 1);
    lua_error(L);
  }
  lua_remove(L, -2);
  return false;
}

bool json_is_list(lua_State *L) {
  if (!lua_istable(L, -1))
    return false;
  lua_pushnil(L);
  if (lua_next(L, -2) == 0)
    return true;
  lua_pop(L, 2);
  return compat_raw_length(L, -1) > 0;
}

/* Whether the table on top, which lua-cjson has encoded, holds an integer that was rounded on the way. */
static bool has_long_integer(lua_State *L) {
  luaL_checkstack(L, 4, "JSON nested too deeply");
  bool found = false;
  lua_pushnil(L);
  while (!found && lua_next(L, -2) != 0) {
    lua_Number number = lua_type(L, -1) == LUA_TNUMBER ? lua_tonumber(L, -1) : 0;
    found = number >= ENCODED_EXACTLY || number <= -ENCODED_EXACTLY || (lua_istable(L, -1) && has_long_integer(L));
    lua_pop(L, found ? 2 : 1);
  }
  return found;
}

bool json_encode(lua_State *L, int index) {
  compat_registry_get(L, &encode_key);
  lua_pushvalue(L, index);
  int status = lua_pcall(L, 1, 1, 0);
  if (status != 0)
    return reject_or_raise(L, status);
  lua_pushvalue(L, index);
  bool is_exact = !has_long_integer(L);
  lua_pop(L, 1);
  if (!is_exact)
    lua_pushliteral(L, "a number in it has more than 14 digits and would be rounded: write it as a string");
  return is_exact;
}
