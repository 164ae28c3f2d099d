/* Arguments and options of any bytes: each is refused by a message, or taken. Nothing is sent.
 *
 * Input: which function, then its arguments, each a byte for the type and what it needs. */
#include "state.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

/* Names that options have, so that values get a chance; any other name is tried as well. */
static const char *const names[] = {
    "api_key",
    "base_url",
    "timeout",
    "connect_timeout",
    "ca_file",
    "ca_path",
    "proxy",
    "user_agent",
    "headers",
    "max_response_bytes",
    "allow_insecure_http",
    "token",
};

static void push_argument(lua_State *L, input *from, int depth);

static void push_text(lua_State *L, input *from) {
  size_t length;
  char *text = take_text(from, take_byte(from), &length);
  lua_pushlstring(L, text, length);
  free(text);
}

static void push_name(lua_State *L, input *from) {
  unsigned choice = take_byte(from) % (sizeof names / sizeof names[0] + 1);
  if (choice < sizeof names / sizeof names[0])
    lua_pushstring(L, names[choice]);
  else
    push_text(L, from);
}

static void push_table(lua_State *L, input *from, int depth) {
  lua_newtable(L);
  for (unsigned left = take_byte(from) % 8; left > 0; left--) {
    push_name(L, from);
    push_argument(L, from, depth + 1);
    lua_rawset(L, -3);
  }
}

static void push_number(lua_State *L, input *from) {
  lua_Number number = 0;
  size_t length;
  char *bytes = take_text(from, sizeof number, &length);
  memcpy(&number, bytes, length);
  free(bytes);
  lua_pushnumber(L, number);
}

static void push_integer(lua_State *L, input *from) {
  lua_Integer integer = 0;
  size_t length;
  char *bytes = take_text(from, sizeof integer, &length);
  memcpy(&integer, bytes, length);
  free(bytes);
  lua_pushinteger(L, integer);
}

static void push_argument(lua_State *L, input *from, int depth) {
  luaL_checkstack(L, 8, NULL);
  switch (take_byte(from) % 8) {
  case 0:
    lua_pushnil(L);
    break;
  case 1:
    lua_pushboolean(L, (int)take_byte(from) & 1);
    break;
  case 2:
    push_integer(L, from);
    break;
  case 3:
    push_number(L, from);
    break;
  case 4:
    if (depth < 3)
      push_table(L, from, depth);
    else
      lua_pushnil(L);
    break;
  case 5:
    lua_pushcfunction(L, lua_error);
    break;
  default:
    push_text(L, from);
  }
}

/* Calls core[name] with what is on the stack from `first` on. */
static void call(lua_State *L, const char *name) {
  lua_getglobal(L, "core");
  lua_getfield(L, -1, name);
  lua_replace(L, -2);
  lua_insert(L, 1);
  int status = lua_pcall(L, lua_gettop(L) - 1, 1, 0);
  MUST(status == LUA_OK || (status == LUA_ERRRUN && lua_type(L, -1) == LUA_TSTRING && lua_rawlen(L, -1) > 10));
  if (status == LUA_OK && strcmp(name, "client") == 0) {
    luaL_tolstring(L, -1, NULL);
    lua_pop(L, 1);
    lua_getfield(L, -1, "close");
    lua_insert(L, -2);
    MUST(lua_pcall(L, 1, 0, 0) == LUA_OK);
  }
  lua_settop(L, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  static const char *const operations[] = {"cancel_backfill", "get_backfill", "get_latest_backfill",
                                           "list_incomplete_backfills", "create_backfill"};
  lua_State *L = fuzz_state();
  input from = {bytes, length};
  switch (take_byte(&from) % 5) {
  case 0:
    lua_pushstring(L, operations[take_byte(&from) % 5]);
    for (int i = 0; i < 5; i++)
      push_argument(L, &from, 0);
    call(L, "check");
    break;
  case 1:
    lua_pushliteral(L, "cancel_backfill");
    lua_pushliteral(L, "backfill_id");
    push_argument(L, &from, 0);
    call(L, "check_id");
    push_argument(L, &from, 0);
    call(L, "digits");
    break;
  case 2:
    for (int i = 0; i < 3; i++)
      push_argument(L, &from, 0);
    call(L, "check_request");
    break;
  case 3:
    push_argument(L, &from, 0);
    call(L, "client");
    break;
  default:
    push_table(L, &from, 0);
    call(L, "client");
  }
  return 0;
}
