/* The differences between Lua 5.1, 5.2, 5.3, 5.4 and LuaJIT that this library meets, and nowhere else. */
#ifndef SUPERMETRICS_COMPAT_H
#define SUPERMETRICS_COMPAT_H

#include <lauxlib.h>
#include <lua.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The type of LuaJIT's int64_t and uint64_t values, which its C API knows but does not name. */
enum { COMPAT_TYPE_CDATA = 10 };

/* Integers below this are exact in a double, and no other integer becomes one of them by rounding. */
#define COMPAT_EXACT_LIMIT 9007199254740992.0 /* 2^53 */

static inline int compat_absolute_index(lua_State *L, int index) {
  return index > 0 || index <= LUA_REGISTRYINDEX ? index : lua_gettop(L) + index + 1;
}

static inline size_t compat_raw_length(lua_State *L, int index) {
#if LUA_VERSION_NUM == 501
  return lua_objlen(L, index);
#else
  return lua_rawlen(L, index);
#endif
}

/* A table of the functions in `functions`, without upvalues. */
static inline void compat_new_library(lua_State *L, const luaL_Reg *functions) {
  lua_newtable(L);
  for (; functions->name != NULL; functions++) {
    lua_pushcfunction(L, functions->func);
    lua_setfield(L, -2, functions->name);
  }
}

/* registry[key] = the value on top, which is removed. */
static inline void compat_registry_set(lua_State *L, const void *key) {
#if LUA_VERSION_NUM == 501
  lua_pushlightuserdata(L, (void *)(uintptr_t)key);
  lua_insert(L, -2);
  lua_rawset(L, LUA_REGISTRYINDEX);
#else
  lua_rawsetp(L, LUA_REGISTRYINDEX, key);
#endif
}

static inline void compat_registry_get(lua_State *L, const void *key) {
#if LUA_VERSION_NUM == 501
  lua_pushlightuserdata(L, (void *)(uintptr_t)key);
  lua_rawget(L, LUA_REGISTRYINDEX);
#else
  lua_rawgetp(L, LUA_REGISTRYINDEX, key);
#endif
}

/* Ties the table on top to the userdata at `index`, and removes it. */
static inline void compat_set_user_table(lua_State *L, int index) {
#if LUA_VERSION_NUM == 501
  lua_setfenv(L, index);
#else
  lua_setuservalue(L, index);
#endif
}

static inline void compat_get_user_table(lua_State *L, int index) {
#if LUA_VERSION_NUM == 501
  lua_getfenv(L, index);
#else
  lua_getuservalue(L, index);
#endif
}

/* Pushes the metatable `name`, made where the state has none yet; whether it was made now. It is also kept under the
 * address of the name, by which it is found without hashing a text. */
static inline bool compat_new_metatable(lua_State *L, const char *name) {
  bool is_new = luaL_newmetatable(L, name) != 0;
  lua_pushvalue(L, -1);
  compat_registry_set(L, name);
  return is_new;
}

/* Gives the value on top the metatable that compat_new_metatable made for the same `name`, at the same address. */
static inline void compat_set_metatable(lua_State *L, const char *name) {
  compat_registry_get(L, name);
  lua_setmetatable(L, -2);
}

/* Whether the number at `index` is a whole one that is known exactly; it is then in `value`. A float from 2^53 on may
 * already be the rounding of another integer, so it is not. */
static inline bool compat_exact_integer(lua_State *L, int index, int64_t *value) {
#if LUA_VERSION_NUM >= 503
  if (lua_isinteger(L, index)) {
    *value = (int64_t)lua_tointeger(L, index);
    return true;
  }
#endif
  lua_Number number = lua_tonumber(L, index);
  if (!(number > -COMPAT_EXACT_LIMIT && number < COMPAT_EXACT_LIMIT) || number != (lua_Number)(int64_t)number)
    return false;
  *value = (int64_t)number;
  return true;
}

/* Pushes `value`; where Lua has no 64-bit integers and a number could not hold it safely, `digits` as a string. */
static inline void compat_push_integer(lua_State *L, int64_t value, const char *digits, size_t length) {
#if LUA_VERSION_NUM >= 503
  (void)digits, (void)length;
  lua_pushinteger(L, (lua_Integer)value);
#else
  if ((lua_Number)value > -COMPAT_EXACT_LIMIT && (lua_Number)value < COMPAT_EXACT_LIMIT)
    lua_pushnumber(L, (lua_Number)value);
  else
    lua_pushlstring(L, digits, length);
#endif
}

/* Pushes the number at `index` as an integer of Lua 5.3 and newer, where it is a whole float that is known exactly.
 * False, and nothing pushed, where it is not, or where there is nothing to do. */
static inline bool compat_push_whole_float(lua_State *L, int index) {
#if LUA_VERSION_NUM >= 503
  int64_t value;
  if (lua_isinteger(L, index) || !compat_exact_integer(L, index, &value))
    return false;
  lua_pushinteger(L, (lua_Integer)value);
  return true;
#else
  (void)L, (void)index;
  return false;
#endif
}

#endif
