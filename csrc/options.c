#include "options.h"

#include "compat.h"
#include "credential.h"
#include "misuse.h"

#include <stdlib.h>
#include <string.h>

static const char default_base_url[] = "https://dts-api.supermetrics.com/v1";
static const char variable_api_key[] = "SUPERMETRICS_API_KEY";
static const char variable_base_url[] = "SUPERMETRICS_BASE_URL";

#define DEFAULT_CONNECT_TIMEOUT 10.0            /* seconds */
#define LONGEST_TIMEOUT 86400.0                 /* seconds: a day */
#define DEFAULT_MAX_RESPONSE_BYTES 16777216.0   /* 16 MiB; a full list of 100 is a tenth of that */
#define LARGEST_MAX_RESPONSE_BYTES 1073741824.0 /* 1 GiB */

/* Where an option stands in messages: "supermetrics: option 'timeout'". */
typedef struct place {
  const char *function;
  const char *noun;
  const char *name;
} place;

/* Reads the value on top into `target`; raises where it is not what it must be. */
typedef void (*reader)(lua_State *L, const place *at, void *target);

typedef struct option_row {
  const char *name;
  reader read;
  size_t offset; /* of the target in the struct of options */
} option_row;

static void refuse(lua_State *L, const place *at, const char *expectation) {
  luaL_error(L, "%s: %s '%s' must be %s, got %s", at->function, at->noun, at->name, expectation,
             misuse_push_description(L, -1));
}

/* ---- readers ---- */

static void read_seconds(lua_State *L, const place *at, void *target) {
  lua_Number seconds = lua_tonumber(L, -1);
  if (lua_type(L, -1) != LUA_TNUMBER || !(seconds > 0 && seconds <= LONGEST_TIMEOUT))
    refuse(L, at, "a number of seconds greater than 0 and at most 86400");
  *(double *)target = (double)seconds;
}

static void read_byte_count(lua_State *L, const place *at, void *target) {
  int64_t count = 0;
  if (lua_type(L, -1) != LUA_TNUMBER || !compat_exact_integer(L, -1, &count) || count < 1 ||
      (double)count > LARGEST_MAX_RESPONSE_BYTES)
    refuse(L, at, "a whole number of bytes from 1 to 1073741824");
  *(double *)target = (double)count;
}

static void read_boolean(lua_State *L, const place *at, void *target) {
  if (!lua_isboolean(L, -1))
    refuse(L, at, "true or false");
  *(bool *)target = lua_toboolean(L, -1) != 0;
}

static bool is_plain(const char *text, size_t length) {
  for (size_t i = 0; i < length; i++)
    if ((unsigned char)text[i] < ' ' || text[i] == 0x7F)
      return false;
  return true;
}

/* A string that fits into a header or a path: not empty, no control characters. It stays in the table of options. */
static void read_text(lua_State *L, const place *at, void *target) {
  size_t length = 0;
  const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &length) : NULL;
  if (length == 0 || !is_plain(text, length))
    refuse(L, at, "a string that is not empty and has no control characters");
  *(const char **)target = text;
}

static void check_is_string(lua_State *L, const place *at) {
  if (lua_type(L, -1) != LUA_TSTRING)
    luaL_error(L, "%s: %s '%s' must be a string, got a %s", at->function, at->noun, at->name, luaL_typename(L, -1));
}

/* As read_text, but no message shows it: the address of a proxy may hold a password. */
static void read_confidential_text(lua_State *L, const place *at, void *target) {
  check_is_string(L, at);
  size_t length;
  const char *text = lua_tolstring(L, -1, &length);
  if (length == 0 || !is_plain(text, length))
    luaL_error(L, "%s: %s '%s' must be a string that is not empty and has no control characters", at->function,
               at->noun, at->name);
  *(const char **)target = text;
}

static void check_credential(lua_State *L, const char *function, const char *noun, const char *name, const char *text,
                             size_t length) {
  const char *problem = credential_problem(text, length);
  if (problem != NULL)
    luaL_error(L, "%s: %s '%s' %s", function, noun, name, problem);
}

static void read_credential(lua_State *L, const place *at, void *target) {
  check_is_string(L, at);
  size_t length;
  const char *text = lua_tolstring(L, -1, &length);
  check_credential(L, at->function, at->noun, at->name, text, length);
  *(const char **)target = text;
}

static void read_api_key(lua_State *L, const place *at, void *target) {
  client_options *options = (client_options *)((char *)target - offsetof(client_options, api_key));
  options->no_api_key = lua_isboolean(L, -1) && !lua_toboolean(L, -1);
  if (!options->no_api_key)
    read_credential(L, at, target);
}

/* ---- headers ---- */

static bool is_token(const char *text, size_t length) {
  static const char others[] = "!#$%&'*+-.^_`|~"; /* RFC 9110 section 5.6.2 */
  for (size_t i = 0; i < length; i++) {
    char c = text[i];
    bool is_alphanumeric = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    if (!is_alphanumeric && (c == '\0' || strchr(others, c) == NULL))
      return false;
  }
  return length > 0;
}

/* Those that carry the credential, frame the message or describe our own body. */
static const struct {
  const char *name;
  const char *advice;
} reserved_headers[] = {
    {"authorization", "pass api_key or token"},
    {"proxy-authorization", "put the user into the proxy's URL"},
    {"user-agent", "pass user_agent"},
    {"accept", "answers are JSON"},
    {"accept-encoding", "libcurl sets it"},
    {"content-type", "bodies are JSON"},
    {"content-length", "libcurl sets it"},
    {"transfer-encoding", "libcurl sets it"},
    {"connection", "libcurl sets it"},
    {"host", "pass base_url"},
    {"expect", "libcurl sets it"},
    {"upgrade", "libcurl sets it"},
    {"content-encoding", "bodies are sent as they are"},
    {"te", "libcurl sets it"},
    {"trailer", "libcurl sets it"},
    {"proxy-connection", "libcurl sets it"},
    {"keep-alive", "libcurl sets it"},
};

static bool is_same_name(const char *left, const char *right) {
  for (; *left != '\0' && *right != '\0'; left++, right++)
    if ((*left | 0x20) != (*right | 0x20))
      return false;
  return *left == *right;
}

static void check_header_name(lua_State *L, const place *at) {
  size_t length = 0;
  const char *name = lua_type(L, -2) == LUA_TSTRING ? lua_tolstring(L, -2, &length) : NULL;
  if (name == NULL || !is_token(name, length))
    luaL_error(L, "%s: %s '%s' must have header names as its keys, got %s", at->function, at->noun, at->name,
               misuse_push_description(L, -2));
  for (size_t i = 0; i < sizeof reserved_headers / sizeof reserved_headers[0]; i++)
    if (is_same_name(name, reserved_headers[i].name))
      luaL_error(L, "%s: %s '%s' must not set %s: %s", at->function, at->noun, at->name, name,
                 reserved_headers[i].advice);
}

/* Values may be secrets of another kind: no message shows one. */
static void check_header_value(lua_State *L, const place *at) {
  size_t length = 0;
  const char *value = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &length) : NULL;
  bool is_plain = value != NULL;
  for (size_t i = 0; i < length; i++)
    is_plain = is_plain && ((unsigned char)value[i] >= ' ' || value[i] == '\t') && value[i] != 0x7F;
  if (!is_plain)
    luaL_error(L, "%s: %s '%s' must have strings without control characters as its values: see %s", at->function,
               at->noun, at->name, lua_tostring(L, -2));
}

static void read_headers(lua_State *L, const place *at, void *target) {
  if (!lua_istable(L, -1)) /* no value: it may be a whole Authorization line */
    luaL_error(L, "%s: %s '%s' must be a table of names and values, got a %s", at->function, at->noun, at->name,
               luaL_typename(L, -1));
  lua_pushnil(L);
  while (lua_next(L, -2) != 0) {
    check_header_name(L, at);
    check_header_value(L, at);
    lua_pop(L, 1);
  }
  *(bool *)target = true;
}

bool options_set_headers(lua_State *L, int index, header_list *list) {
  index = compat_absolute_index(L, index);
  lua_pushliteral(L, "headers");
  lua_rawget(L, index);
  bool is_set = true;
  lua_pushnil(L);
  while (is_set && lua_next(L, -2) != 0) {
    is_set = header_list_set(list, lua_tostring(L, -2), lua_tostring(L, -1));
    lua_pop(L, 1);
  }
  lua_settop(L, lua_gettop(L) - (is_set ? 1 : 2));
  return is_set;
}

/* ---- tables of options ---- */

static const option_row client_rows[] = {
    {"api_key", read_api_key, offsetof(client_options, api_key)},
    {"base_url", read_confidential_text, offsetof(client_options, base_url)},
    {"timeout", read_seconds, offsetof(client_options, timeout)},
    {"connect_timeout", read_seconds, offsetof(client_options, connect_timeout)},
    {"ca_file", read_text, offsetof(client_options, ca_file)},
    {"ca_path", read_text, offsetof(client_options, ca_path)},
    {"proxy", read_confidential_text, offsetof(client_options, proxy)},
    {"user_agent", read_text, offsetof(client_options, user_agent)},
    {"headers", read_headers, offsetof(client_options, has_headers)},
    {"max_response_bytes", read_byte_count, offsetof(client_options, max_response_bytes)},
    {"allow_insecure_http", read_boolean, offsetof(client_options, allow_insecure_http)},
    {NULL, NULL, 0},
};

static const option_row call_rows[] = {
    {"timeout", read_seconds, offsetof(call_options, timeout)},
    {"token", read_credential, offsetof(call_options, token)},
    {"headers", read_headers, offsetof(call_options, has_headers)},
    {NULL, NULL, 0},
};

static void push_names(lua_State *L, const option_row *rows) {
  lua_newtable(L);
  for (int i = 0; rows[i].name != NULL; i++) {
    lua_pushstring(L, rows[i].name);
    lua_rawseti(L, -2, i + 1);
  }
}

void options_push_client_names(lua_State *L) {
  push_names(L, client_rows);
}

void options_push_call_names(lua_State *L) {
  push_names(L, call_rows);
}

static void refuse_name(lua_State *L, const option_row *rows, const place *at) {
  luaL_Buffer names;
  const char *shown = misuse_push_description(L, -2);
  luaL_buffinit(L, &names);
  for (int i = 0; rows[i].name != NULL; i++) {
    luaL_addstring(&names, i > 0 ? ", " : "");
    luaL_addstring(&names, rows[i].name);
  }
  luaL_pushresult(&names);
  luaL_error(L, "%s: there is no %s %s; there are %s", at->function, at->noun, shown, lua_tostring(L, -1));
}

static const option_row *find_row(lua_State *L, const option_row *rows, const place *at) {
  if (lua_type(L, -2) == LUA_TSTRING)
    for (const option_row *row = rows; row->name != NULL; row++)
      if (strcmp(row->name, lua_tostring(L, -2)) == 0)
        return row;
  refuse_name(L, rows, at);
  return NULL;
}

static void read_table(lua_State *L, int index, const option_row *rows, const place *whole, void *options) {
  if (lua_isnoneornil(L, index))
    return;
  if (!lua_istable(L, index)) /* no value: somebody may have passed the key itself */
    luaL_error(L, "%s: the %ss must be a table, got a %s", whole->function, whole->noun, luaL_typename(L, index));
  index = compat_absolute_index(L, index);
  luaL_checkstack(L, 8, "no room for options");
  lua_pushnil(L);
  while (lua_next(L, index) != 0) {
    const option_row *row = find_row(L, rows, whole);
    const place at = {whole->function, whole->noun, row->name};
    row->read(L, &at, (char *)options + row->offset);
    lua_pop(L, 1);
  }
}

/* ---- the interface ---- */

static const char client_function[] = "supermetrics";

static void read_environment(lua_State *L, client_options *options) {
  if (options->api_key == NULL && !options->no_api_key) {
    options->api_key = getenv(variable_api_key);
    if (options->api_key == NULL)
      luaL_error(L, "%s: there is no API key: pass the option 'api_key' or set the environment variable %s",
                 client_function, variable_api_key);
    check_credential(L, client_function, "the environment variable", variable_api_key, options->api_key,
                     strlen(options->api_key));
  }
  if (options->base_url == NULL)
    options->base_url = getenv(variable_base_url);
  if (options->base_url == NULL)
    options->base_url = default_base_url;
}

void options_check_client(lua_State *L, int index, client_options *options) {
  *options = (client_options){
      .timeout = OPTIONS_DEFAULT_TIMEOUT,
      .connect_timeout = DEFAULT_CONNECT_TIMEOUT,
      .max_response_bytes = DEFAULT_MAX_RESPONSE_BYTES,
  };
  const place whole = {client_function, "option", NULL};
  read_table(L, index, client_rows, &whole, options);
  read_environment(L, options);
}

void options_check_call(lua_State *L, int index, const char *operation, call_options *options) {
  *options = (call_options){0};
  const place whole = {operation, "override", NULL};
  read_table(L, index, call_rows, &whole, options);
}
