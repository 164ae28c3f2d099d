/* supermetrics.core: the C module. It works alone, without any Lua file of this library. */
#include "backfill.h"
#include "call.h"
#include "client.h"
#include "compat.h"
#include "error.h"
#include "free_request.h"
#include "http_date.h"
#include "identifier.h"
#include "integer.h"
#include "json.h"
#include "library.h"
#include "monotonic_clock.h"
#include "operations.h"
#include "options.h"
#include "random.h"
#include "response.h"
#include "version.h"

#define LONGEST_WAIT 60.0 /* seconds; the wait ends as soon as something happens */

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
  while ((count = client_push_result(L, client_index, call_index, LONGEST_WAIT)) == 0) {
  }
  return count;
}

/* core.client(options): a new Client. Raises where an option is unknown or impossible. */
static int new_client(lua_State *L) {
  lua_settop(L, 1);
  client_push(L, 1);
  return 1;
}

/* core.check(operation, …, overrides): raises what client:start would raise, and sends nothing. */
static int check_arguments(lua_State *L) {
  operation_arguments arguments;
  call_options options;
  const operation *asked = operation_check_name(L, 1);
  operation_check_arguments(L, asked, 2, &arguments);
  options_check_call(L, 2 + operation_argument_count(asked), asked->name, &options);
  return 0;
}

/* core.check_id(operation, argument, value): raises where the value is not an id, else returns it as its digits. */
static int check_identifier(lua_State *L) {
  char digits[INTEGER_TEXT_SIZE];
  lua_settop(L, 3);
  int64_t id = identifier_check(L, 3, luaL_checkstring(L, 1), luaL_checkstring(L, 2));
  lua_pushlstring(L, digits, integer_write(id, digits));
  return 1;
}

/* core.digits(value): the digits of an id; nothing where the value is none. */
static int identifier_digits(lua_State *L) {
  char digits[INTEGER_TEXT_SIZE];
  int64_t id;
  lua_settop(L, 1);
  if (!identifier_read(L, 1, &id))
    return 0;
  lua_pushlstring(L, digits, integer_write(id, digits));
  return 1;
}

/* core.check_request(method, path, body): the same for client:start_request; returns the body as JSON text, or nil. */
static int check_request(lua_State *L) {
  const char *method, *path;
  bool writes;
  size_t length;
  lua_settop(L, 3);
  free_request_check(L, 1, &method, &path, &writes);
  free_request_push_body(L, 3, &length);
  return 1;
}

/* core.now(): seconds of a clock that never jumps. */
static int now(lua_State *L) {
  lua_pushnumber(L, monotonic_seconds());
  return 1;
}

/* core.random(): a number from 0 to 1, 1 excluded; each state has a sequence of its own, and the host's is not touched.
 */
static int next_random(lua_State *L) {
  uint64_t *state = lua_touserdata(L, lua_upvalueindex(1));
  lua_pushnumber(L, (lua_Number)random_fraction(state));
  return 1;
}

static void add_random(lua_State *L) {
  uint64_t *state = lua_newuserdata(L, sizeof *state);
  *state = random_seed(state);
  lua_pushcclosure(L, next_random, 1);
  lua_setfield(L, -2, "random");
}

/* core.libcurl_version(): that of the libcurl that runs, such as "7.88.1". */
static int libcurl_version(lua_State *L) {
  library_start(); /* one that will not do has a version too; it is clients who refuse it */
  lua_pushstring(L, library_version());
  return 1;
}

/* core.parse_date(text): seconds since 1970 of an HTTP date, RFC 9110 section 5.6.7; nil where it is none. */
static int parse_date(lua_State *L) {
  double seconds = http_date_seconds(luaL_checkstring(L, 1));
  if (seconds < 0)
    return 0;
  lua_pushnumber(L, seconds);
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
      {"client", new_client},         {"check", check_arguments},           {"check_request", check_request},
      {"check_id", check_identifier}, {"digits", identifier_digits},        {"now", now},
      {"parse_date", parse_date},     {"libcurl_version", libcurl_version}, {NULL, NULL},
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
  add_random(L);
  lua_pushnumber(L, OPTIONS_DEFAULT_TIMEOUT);
  lua_setfield(L, -2, "default_timeout");
  options_push_client_names(L);
  lua_setfield(L, -2, "client_options");
  options_push_call_names(L);
  lua_setfield(L, -2, "call_options");
  error_push_kind_names(L);
  lua_setfield(L, -2, "error_kinds");
  lua_pushliteral(L, SUPERMETRICS_VERSION);
  lua_setfield(L, -2, "_VERSION");
  return 1;
}
