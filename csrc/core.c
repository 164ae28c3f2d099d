/* supermetrics.core: the C module. It works alone, without any Lua file of this library. */
#include "backfill.h"
#include "call.h"
#include "client.h"
#include "compat.h"
#include "error.h"
#include "json.h"
#include "operations.h"
#include "options.h"
#include "response.h"
#include "version.h"

/* Long enough to cost nothing, short enough for a signal handler of the host's to be seen. */
#define LONGEST_WAIT 1.0 /* seconds */

static const char default_client_key = 0; /* its address is the key in the registry */

/* Pushes the client that the module's own functions share, made from the environment at first use. */
static void push_default_client(lua_State *L) {
  compat_registry_get(L, &default_client_key);
  if (!lua_isnil(L, -1))
    return;
  lua_pop(L, 1);
  lua_newtable(L);
  client_push(L, -1);
  lua_remove(L, -2);
  lua_pushvalue(L, -1);
  compat_registry_set(L, &default_client_key);
}

/* core.<operation>(ids…, overrides): one attempt, blocking. The row of the operation is the upvalue. */
static int run_operation(lua_State *L) {
  const operation *asked = lua_touserdata(L, lua_upvalueindex(1));
  lua_settop(L, operation_argument_count(asked) + 1);
  push_default_client(L);
  int client_index = lua_gettop(L);
  client_push_call(L, client_index, asked, 1);
  int call_index = lua_gettop(L);
  int count;
  while ((count = call_push_result(L, call_index)) == 0)
    client_drive(L, client_index, LONGEST_WAIT);
  return count;
}

/* core.client(options): a new Client. Raises where an option is unknown or impossible. */
static int new_client(lua_State *L) {
  lua_settop(L, 1);
  client_push(L, 1);
  return 1;
}

/* core.operations: a list of {name, method, writes, parameters}, and one function each in core itself. */
static void add_operations(lua_State *L) {
  lua_newtable(L);
  int count = 0;
  for (const operation *row = operation_rows(); row->name != NULL; row++) {
    lua_createtable(L, 0, 4);
    lua_pushstring(L, row->name);
    lua_setfield(L, -2, "name");
    lua_pushstring(L, row->method);
    lua_setfield(L, -2, "method");
    lua_pushboolean(L, row->writes);
    lua_setfield(L, -2, "writes");
    lua_pushinteger(L, operation_argument_count(row));
    lua_setfield(L, -2, "argument_count");
    lua_rawseti(L, -2, ++count);
    lua_pushlightuserdata(L, (void *)(uintptr_t)row);
    lua_pushcclosure(L, run_operation, 1);
    lua_setfield(L, -3, row->name);
  }
  lua_setfield(L, -2, "operations");
}

/* The one symbol that the library shows: every header hides its functions, since otherwise one of the same name in the
 * host would be called in their place. */
#if defined(_WIN32)
#define EXPORT __declspec(dllexport)
#else
#define EXPORT __attribute__((visibility("default")))
#endif

EXPORT int luaopen_supermetrics_core(lua_State *L);

EXPORT int luaopen_supermetrics_core(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"client", new_client},
      {NULL, NULL},
  };
  json_open(L);
  response_open(L);
  call_open(L);
  client_open(L);
  compat_new_library(L, functions);
  backfill_open(L);
  lua_setfield(L, -2, "Backfill");
  error_open(L);
  lua_setfield(L, -2, "Error");
  add_operations(L);
  options_push_client_names(L);
  lua_setfield(L, -2, "client_options");
  options_push_call_names(L);
  lua_setfield(L, -2, "call_options");
  lua_pushliteral(L, SUPERMETRICS_VERSION);
  lua_setfield(L, -2, "_VERSION");
  return 1;
}
