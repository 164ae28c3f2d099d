#include "backfill.h"

#include "compat.h"
#include "integer.h"
#include "json.h"

#include <stdio.h>
#include <string.h>

static const char metatable_name[] = "supermetrics.Backfill";

typedef enum field_type { FIELD_INTEGER, FIELD_TEXT, FIELD_LIST } field_type;

/* The fields that need a look. Those that decide must be there and right; about the rest the library is generous, since
 * production has been seen to leave out and to reshape fields that are described as required. */
static const struct field {
  const char *name;
  field_type type;
  bool decides;
} fields[] = {
    {"transfer_backfill_id", FIELD_INTEGER, true},   {"status", FIELD_TEXT, true},
    {"transfer_id", FIELD_INTEGER, false},           {"created_user_id", FIELD_INTEGER, false},
    {"removed_user_id", FIELD_INTEGER, false},       {"transfer_runs_total", FIELD_INTEGER, false},
    {"transfer_runs_created", FIELD_INTEGER, false}, {"transfer_runs_completed", FIELD_INTEGER, false},
    {"transfer_runs_failed", FIELD_INTEGER, false},  {"error_report", FIELD_LIST, false},
};

void backfill_open(lua_State *L) {
  if (luaL_newmetatable(L, metatable_name) != 0) {
    lua_pushliteral(L, "supermetrics.Backfill");
    lua_setfield(L, -2, "__name");
  }
}

/* The value on top as an exact integer. */
static bool integer_of(lua_State *L, int64_t *value) {
  size_t length;
  const char *text;
  switch (lua_type(L, -1)) {
  case LUA_TNUMBER:
    return compat_exact_integer(L, -1, value);
  case LUA_TSTRING:
    text = lua_tolstring(L, -1, &length);
    return integer_parse(text, length, value);
  default:
    return false;
  }
}

/* The settlers below find the value of a field on top and the object under it. They remove the value, put a better one
 * into the object where there is one, and say whether the field is now what it must be. */

static bool settle_integer(lua_State *L, const char *name) {
  int64_t value;
  char digits[INTEGER_TEXT_SIZE];
  bool is_text = lua_type(L, -1) == LUA_TSTRING;
  bool is_integer = integer_of(L, &value);
  lua_pop(L, 1);
  if (is_integer && is_text) {
    compat_push_integer(L, value, digits, integer_write(value, digits));
    lua_setfield(L, -2, name);
  }
  return is_integer;
}

static bool settle_text(lua_State *L, const char *name) {
  (void)name;
  bool is_text = lua_type(L, -1) == LUA_TSTRING && compat_raw_length(L, -1) > 0;
  lua_pop(L, 1);
  return is_text;
}

/* What is not a list becomes the only entry of one, and a null entry is none. */
static bool settle_list(lua_State *L, const char *name) {
  bool whole = json_is_list(L);
  int count = whole ? (int)compat_raw_length(L, -1) : lua_isnil(L, -1) ? 0 : 1;
  int kept = 0;
  lua_createtable(L, count, 0);
  for (int i = 1; i <= count; i++) {
    if (whole)
      lua_rawgeti(L, -2, i);
    else
      lua_pushvalue(L, -2);
    if (lua_islightuserdata(L, -1))
      lua_pop(L, 1);
    else
      lua_rawseti(L, -2, ++kept);
  }
  lua_remove(L, -2);
  lua_setfield(L, -2, name);
  return true;
}

typedef bool (*settler)(lua_State *L, const char *name);

static const struct {
  settler settle;
  const char *noun;
} types[] = {
    [FIELD_INTEGER] = {settle_integer, "an integer"},
    [FIELD_TEXT] = {settle_text, "a string"},
    [FIELD_LIST] = {settle_list, "a list"},
};

/* Adds to the list of what is wrong with a Backfill. */
static void note_problem(char problem[BACKFILL_PROBLEM_SIZE], const char *name, const char *trouble, const char *noun) {
  size_t used = strlen(problem);
  snprintf(problem + used, BACKFILL_PROBLEM_SIZE - used, "%s%s %s%s", used > 0 ? ", " : "", name, trouble, noun);
}

bool backfill_from_table(lua_State *L, char problem[BACKFILL_PROBLEM_SIZE]) {
  problem[0] = '\0';
  for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
    const struct field *field = &fields[i];
    lua_getfield(L, -1, field->name);
    bool is_absent = lua_isnil(L, -1);
    bool is_right = types[field->type].settle(L, field->name);
    if (field->decides && is_absent)
      note_problem(problem, field->name, "is missing", "");
    else if (field->decides && !is_right)
      note_problem(problem, field->name, "is not ", types[field->type].noun);
  }
  if (problem[0] != '\0')
    return false;
  compat_set_metatable(L, metatable_name);
  return true;
}

bool backfill_integer(lua_State *L, const char *name, int64_t *value) {
  lua_getfield(L, -1, name);
  bool is_integer = integer_of(L, value);
  lua_pop(L, 1);
  return is_integer;
}

bool backfill_has_status(lua_State *L, const char *status) {
  lua_getfield(L, -1, "status");
  lua_pushstring(L, status); /* compared whole: a NUL in the field does not end it */
  bool is_same = lua_rawequal(L, -1, -2) != 0;
  lua_pop(L, 1);
  lua_pop(L, 1);
  return is_same;
}
