#include "error.h"

#include "compat.h"
#include "credential.h"

#include <string.h>

static const char metatable_name[] = "supermetrics.Error";
static const char unknown_outcome[] = "unknown";
static const char not_applied_outcome[] = "not_applied";

/* ---- kinds ---- */

static const char *const kind_names[ERROR_KIND_COUNT] = {
    [ERROR_BAD_REQUEST] = "bad_request",
    [ERROR_UNAUTHORIZED] = "unauthorized",
    [ERROR_FORBIDDEN] = "forbidden",
    [ERROR_NOT_FOUND] = "not_found",
    [ERROR_UNPROCESSABLE] = "unprocessable",
    [ERROR_RATE_LIMITED] = "rate_limited",
    [ERROR_SERVER_ERROR] = "server_error",
    [ERROR_UNEXPECTED_STATUS] = "unexpected_status",
    [ERROR_NETWORK] = "network",
    [ERROR_TIMEOUT] = "timeout",
    [ERROR_TLS] = "tls",
    [ERROR_INVALID_RESPONSE] = "invalid_response",
    [ERROR_ABORTED] = "aborted",
};

static const struct {
  long status;
  error_kind kind;
} status_kinds[] = {
    {400, ERROR_BAD_REQUEST}, {401, ERROR_UNAUTHORIZED},  {403, ERROR_FORBIDDEN},
    {404, ERROR_NOT_FOUND},   {422, ERROR_UNPROCESSABLE}, {429, ERROR_RATE_LIMITED},
};

error_kind error_kind_of_status(long status) {
  for (size_t i = 0; i < sizeof status_kinds / sizeof status_kinds[0]; i++)
    if (status_kinds[i].status == status)
      return status_kinds[i].kind;
  return status >= 500 && status <= 599 ? ERROR_SERVER_ERROR : ERROR_UNEXPECTED_STATUS;
}

error_kind error_kind_of_end(transfer_end end) {
  static const error_kind kinds[] = {
      [TRANSFER_NETWORK] = ERROR_NETWORK, [TRANSFER_TIMEOUT] = ERROR_TIMEOUT,
      [TRANSFER_TLS] = ERROR_TLS,         [TRANSFER_MALFORMED] = ERROR_INVALID_RESPONSE,
      [TRANSFER_ABORTED] = ERROR_ABORTED, [TRANSFER_OUT_OF_MEMORY] = ERROR_ABORTED,
  };
  return kinds[end];
}

void error_push_kind_names(lua_State *L) {
  lua_createtable(L, ERROR_KIND_COUNT, 0);
  for (int i = 0; i < ERROR_KIND_COUNT; i++) {
    lua_pushstring(L, kind_names[i]);
    lua_rawseti(L, -2, i + 1);
  }
}

/* ---- making one ---- */

void error_set_text(lua_State *L, const char *name, const char *text, size_t length, const char *credential) {
  credential_push_removed(L, text, length, credential);
  lua_setfield(L, -2, name);
}

void error_push(lua_State *L, const error_facts *facts) {
  lua_createtable(L, 0, 12);
  lua_pushstring(L, kind_names[facts->kind]);
  lua_setfield(L, -2, "kind");
  error_set_text(L, "operation", facts->operation, strlen(facts->operation), NULL);
  error_set_text(L, "request", facts->request, strlen(facts->request), NULL);
  if (facts->reason != NULL)
    error_set_text(L, "reason", facts->reason, strlen(facts->reason), facts->credential);
  if (facts->status != 0) {
    lua_pushinteger(L, (lua_Integer)facts->status);
    lua_setfield(L, -2, "status");
  }
  lua_pushstring(L, facts->is_unknown ? unknown_outcome : not_applied_outcome);
  lua_setfield(L, -2, "outcome");
  lua_pushinteger(L, 1);
  lua_setfield(L, -2, "attempts");
  lua_pushnumber(L, facts->elapsed);
  lua_setfield(L, -2, "elapsed");
  compat_set_metatable(L, metatable_name);
}

/* ---- the sentence ---- */

/* No field makes a sentence longer than a line of a log should be. */
enum { LONGEST_FIELD = 400 };

/* The text on top, cut where it is long and without control characters, so that one error is one line of a log. */
static void make_printable(lua_State *L) {
  size_t length;
  const char *text = lua_tolstring(L, -1, &length);
  luaL_Buffer result;
  luaL_buffinit(L, &result);
  for (size_t i = 0; i < length && i < LONGEST_FIELD; i++) {
    unsigned char byte = (unsigned char)text[i];
    luaL_addchar(&result, byte < ' ' || byte == 0x7F ? ' ' : text[i]);
  }
  if (length > LONGEST_FIELD)
    luaL_addstring(&result, "...");
  luaL_pushresult(&result);
  lua_replace(L, -2);
}

/* Pushes the text of a field for reading by people, and returns how many values that were: 0 where the field has none.
 * Reads without metamethods, since anyone may call this on a table of their own. */
static int push_field(lua_State *L, int error, const char *before, const char *name, const char *after) {
  lua_pushstring(L, name);
  lua_rawget(L, error);
  if (!lua_isstring(L, -1)) {
    lua_pop(L, 1);
    return 0;
  }
  lua_pushstring(L, before);
  lua_pushvalue(L, -2);
  make_printable(L);
  lua_pushstring(L, after);
  lua_remove(L, -4);
  return 3;
}

static int push_text(lua_State *L, const char *text) {
  lua_pushstring(L, text);
  return 1;
}

static int push_status(lua_State *L, int error) {
  int pushed = push_field(L, error, " (HTTP ", "status", "");
  if (pushed == 0)
    return push_field(L, error, " (", "code", ")");
  pushed += push_field(L, error, " ", "code", "");
  return pushed + push_text(L, ")");
}

/* Whether error[name] is this text. */
static bool field_is(lua_State *L, int error, const char *name, const char *text) {
  lua_pushstring(L, name);
  lua_rawget(L, error);
  bool is_same = lua_isstring(L, -1) && strcmp(lua_tostring(L, -1), text) == 0;
  lua_pop(L, 1);
  return is_same;
}

/* After a cancel that was refused: what state the backfill is in. */
static int push_backfill_status(lua_State *L, int error) {
  lua_pushliteral(L, "backfill");
  lua_rawget(L, error);
  int pushed = 0;
  if (lua_istable(L, -1) && field_is(L, error, "kind", "unprocessable")) {
    pushed = push_field(L, lua_gettop(L), "; the backfill is already ", "status", "");
    lua_remove(L, -pushed - 1);
  } else {
    lua_pop(L, 1);
  }
  return pushed;
}

static int push_outcome(lua_State *L, int error) {
  return field_is(L, error, "outcome", unknown_outcome) ? push_text(L, "; it may have taken effect") : 0;
}

static int push_attempts(lua_State *L, int error) {
  lua_pushliteral(L, "attempts");
  lua_rawget(L, error);
  bool is_several = lua_isnumber(L, -1) && lua_tonumber(L, -1) > 1;
  lua_pop(L, 1);
  return is_several ? push_field(L, error, "; ", "attempts", " attempts") : 0;
}

static int push_request(lua_State *L, int error) {
  int pushed = push_field(L, error, " [", "request", "");
  if (pushed == 0)
    return 0;
  pushed += push_field(L, error, ", request_id ", "request_id", "");
  return pushed + push_text(L, "]");
}

/* What the service says ends with a full stop; where the sentence goes on behind it, that goes. An index of 0 is none.
 */
static void drop_full_stop(lua_State *L, int index) {
  size_t length = 0;
  const char *text = index > 0 ? lua_tolstring(L, index, &length) : NULL;
  if (length < 2 || text[length - 1] != '.' || text[length - 2] == '.')
    return;
  lua_pushlstring(L, text, length - 1);
  lua_replace(L, index);
}

/* What went wrong, in words. */
static int push_words(lua_State *L, int error, int *last_words) {
  static const char *const names[] = {"message", "description", "reason"};
  int pushed = 0;
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    int more = push_field(L, error, ": ", names[i], "");
    if (more == 0)
      continue;
    drop_full_stop(L, *last_words);
    *last_words = lua_gettop(L) - 1;
    pushed += more;
  }
  return pushed;
}

static int error_tostring(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  luaL_checkstack(L, 48, "no room for an error's sentence");
  int last_words = 0;
  int pushed = push_field(L, 1, "", "operation", ": ");
  pushed += push_field(L, 1, "", "kind", "");
  pushed += push_status(L, 1);
  pushed += push_words(L, 1, &last_words);
  int appended = push_backfill_status(L, 1);
  appended += push_outcome(L, 1);
  appended += push_attempts(L, 1);
  if (appended > 0)
    drop_full_stop(L, last_words);
  pushed += appended;
  pushed += push_request(L, 1);
  lua_concat(L, pushed);
  return 1;
}

void error_open(lua_State *L) {
  if (compat_new_metatable(L, metatable_name)) {
    lua_pushliteral(L, "supermetrics.Error");
    lua_setfield(L, -2, "__name");
    lua_pushcfunction(L, error_tostring);
    lua_setfield(L, -2, "__tostring");
  }
}
